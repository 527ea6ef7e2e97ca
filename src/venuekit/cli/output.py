"""What goes to stdout: JSON for programs, aligned text for people, colour on terminals only."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["aligned", "make_console", "print_json", "print_table"]

# What a table may use where there is no terminal to ask: wide enough never to fold a line.
_PLAIN_WIDTH = 240
# Cells that no narrow terminal breaks: `0.055 %`, and single words such as `binance_perpetual`.
_SHORT = 8
_WORD = 20


def make_console() -> Console:
    """Stdout: with colours on a terminal, else plain and never folded."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    # Said outright, since FORCE_COLOR would make a terminal of a pipe.
    return Console(highlight=False, force_terminal=False, width=_PLAIN_WIDTH)


def print_json(value: Any) -> None:
    """A value as one line of JSON, sent off at once."""
    typer.echo(msgspec.json.encode(value).decode())


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table without lines; where it is too wide for the terminal, what is one short word stays whole."""
    console = make_console()
    lines = [list(row) for row in rows]
    columns = [[heading, *(line[place] for line in lines)] for place, heading in enumerate(headings)]
    widths = [max(map(len, column)) for column in columns]
    gap = 3 if sum(widths) + 3 * (len(widths) - 1) <= console.width else 1
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for heading, *cells in columns:
        longest = max(map(len, cells), default=0)
        is_short = longest <= _SHORT or (longest <= _WORD and not any(" " in cell for cell in cells))
        table.add_column(heading, overflow="fold", no_wrap=is_short)
    for line in lines:
        table.add_row(*map(Text, line))
    console.print(table)


def aligned(texts: Sequence[str]) -> list[str]:
    """Numbers padded so that their decimal points stand in one column and all are of one width."""
    parts = [text.partition(".") for text in texts]
    whole = max((len(part[0]) for part in parts), default=0)
    rest = max((len(part[1] + part[2]) for part in parts), default=0)
    return [f"{part[0]:>{whole}}{part[1] + part[2]:<{rest}}" for part in parts]
