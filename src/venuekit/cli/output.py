"""What goes to stdout: JSON for programs, aligned text for people, colour on terminals only."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from venuekit.model.decimals import CONTEXT, plain

__all__ = [
    "aligned",
    "brief",
    "counted",
    "make_console",
    "moment",
    "print_csv",
    "print_facts",
    "print_json",
    "print_table",
    "signed",
]

# What a table may use where there is no terminal to ask: wide enough never to fold a line.
_PLAIN_WIDTH = 240
# Cells that no narrow terminal breaks: `0.055 %`, and single words such as `binance_perpetual`.
_SHORT = 8
_WORD = 20
# How narrow a column of texts can be and still be read.
_FOLDED = 12
# Columns between columns: as many as there is room for.
_GAPS = (3, 2, 1)


def make_console() -> Console:
    """Stdout: with colours on a terminal, else plain and never folded."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    # Said outright, since FORCE_COLOR would make a terminal of a pipe.
    return Console(highlight=False, force_terminal=False, width=_PLAIN_WIDTH)


def print_json(value: Any) -> None:
    """A value as one line of JSON, sent off at once."""
    typer.echo(msgspec.json.encode(value).decode())


def print_csv(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table for spreadsheets, with a line of headings; None is an empty cell."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    typer.echo(lines.getvalue(), nl=False)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table without lines: nothing in it is ever cut off.

    Where it is too wide for the terminal, long texts go on below; where that does not help, lines do.
    """
    console = make_console()
    lines = [list(row) for row in rows]
    columns = [[heading, *(line[place] for line in lines)] for place, heading in enumerate(headings)]
    widths = [max(map(cell_len, column)) for column in columns]
    gaps = len(widths) - 1
    room = console.width if console.is_terminal else sys.maxsize
    gap = next((gap for gap in _GAPS if sum(widths) + gap * gaps <= room), None)
    whole = [_stays_whole(cells) for _, *cells in columns]
    least = [width if stays else min(width, _FOLDED) for width, stays in zip(widths, whole, strict=True)]
    if gap is not None or sum(least) + gaps > room:
        # Nothing to fold: rich, asked all the same, lays out a thousand rows in a second.
        console.print(Text(_line(headings, widths, gap or 1), style="bold"), soft_wrap=True)
        for line in lines:
            typer.echo(_line(line, widths, gap or 1))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading, stays in zip(headings, whole, strict=True):
        table.add_column(heading, overflow="fold", no_wrap=stays)
    for line in lines:
        table.add_row(*map(Text, line))
    _print(console, table)


def _stays_whole(cells: Sequence[str]) -> bool:
    """Whether a column is not folded: short cells, single words, and texts of one width such as times."""
    longest = max(map(len, cells), default=0)
    is_even = all(len(cell) == longest for cell in cells)
    return longest <= _SHORT or (longest <= _WORD and (is_even or not any(" " in cell for cell in cells)))


def print_facts(facts: Mapping[str, str | Text], *, room: int = 0) -> None:
    """One line a fact, its name in front; what is too wide for the terminal goes on below itself.

    `room` is the least width of the names, so that facts told later stand below those told before.
    """
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True, min_width=room)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(name, fact if isinstance(fact, Text) else Text(fact))
    _print(make_console(), table)


def _line(cells: Sequence[str], widths: Sequence[int], gap: int) -> str:
    padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    return (" " * gap).join(padded).rstrip()


def _print(console: Console, table: Table) -> None:
    """A table without the spaces that would fill its lines."""
    with console.capture() as shown:
        console.print(table)
    for line in shown.get().splitlines():
        typer.echo(line.rstrip())


def aligned(texts: Sequence[str]) -> list[str]:
    """Numbers padded so that their decimal points stand in one column and all are of one width."""
    parts = [text.partition(".") for text in texts]
    whole = max((len(part[0]) for part in parts), default=0)
    rest = max((len(part[1] + part[2]) for part in parts), default=0)
    return [f"{part[0]:>{whole}}{part[1] + part[2]:<{rest}}" for part in parts]


def brief(number: Decimal | str) -> str:
    """A number without the zeros that venues pad it with."""
    return plain(CONTEXT.normalize(Decimal(number)))


def signed(number: Decimal) -> str:
    """A change, `brief`, with its sign."""
    return f"{'+' if number > 0 else ''}{brief(number)}"


def moment(seconds: float | None) -> str:
    """A time as people read it, to the millisecond, in UTC; nothing for None."""
    if seconds is None:
        return ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]


def counted(number: int, thing: str) -> str:
    """So many things: `1 order`, `1,024 orders`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
