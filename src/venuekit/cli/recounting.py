"""`venuekit history`: what an account did, for people, spreadsheets and programs."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import typer

from venuekit import errors
from venuekit.cli.journal_finder import find_journal
from venuekit.cli.order_table import print_balances, print_orders, print_trades
from venuekit.cli.output import counted, print_csv, print_json
from venuekit.journal import history
from venuekit.journal.history import BalanceRow, OrderRow, TradeRow
from venuekit.model.decimals import plain
from venuekit.protocol.frozen import Frozen
from venuekit.seams.clock import SystemClock

__all__ = ["Form", "recount", "since_of", "tables_path"]

_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
# Eight digits are a day; nine were seconds in 1973 already.
_SECONDS = re.compile(r"\d{9,}(\.\d+)?")
_TEXTS_OF_JSON = ("ids", "asked")


class Form(Enum):
    """How rows are told."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class _Kind(NamedTuple):
    row: type[Frozen]
    select: Callable[[Path, str | None, float], Sequence[Any]]
    show: Callable[[Sequence[Any]], None]


_KINDS = {
    "orders": _Kind(OrderRow, history.orders, print_orders),
    "trades": _Kind(TradeRow, history.trades, print_trades),
    "balances": _Kind(BalanceRow, history.balances, print_balances),
}


def recount(what: str, named: str | None, *, only: str | None, since: str | None, form: Form) -> None:
    """Print the orders, trades or balances of one pair or asset, or of all.

    Raises:
        errors.UsageError: no journal is meant by `named`, or no time by `since`.
        errors.JournalUnusable: the journal is damaged, or a newer version's.
    """
    kind = _KINDS[what]
    begin = 0.0 if since is None else since_of(since, SystemClock().time())
    journal = find_journal(named)
    with _tables(journal) as (tables, is_kept):
        rows = kind.select(tables, None if only is None else only.upper(), begin)
    match form:
        case Form.JSON:
            kept = str(tables) if is_kept else None
            print_json({"journal": str(journal), "sqlite": kept, what: [_json_row(row) for row in rows]})
        case Form.CSV:
            names = kind.row.__struct_fields__
            print_csv(names, ([_cell(getattr(row, name)) for name in names] for row in rows))
        case Form.TABLE:
            if rows:
                kind.show(rows)
            typer.echo(
                f"{counted(len(rows), what[:-1])}{f', as SQLite tables in {tables}' if is_kept else ''}",
                err=True,
            )


def since_of(text: str, now: float) -> float:
    """The time that somebody means, in seconds since 1970: a day, a time, an age such as `24h`.

    Raises:
        errors.UsageError: it is none of them.
    """
    if age := _AGE.fullmatch(text):
        return now - float(age[1]) * _UNITS[age[2]]
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        meant = datetime.fromisoformat(text)
    except ValueError:
        raise errors.UsageError(
            f"--since takes a day or a time (2026-07-21, 2026-07-21T10:30, in UTC), an age (90m, 24h, 7d) or "
            f"seconds since 1970, not {text!r}"
        ) from None
    return (meant if meant.tzinfo else meant.replace(tzinfo=UTC)).timestamp()


def tables_path(journal: Path) -> Path:
    """Where the tables made of a journal lie: beside it."""
    return journal.with_name(f"{journal.name}.sqlite")


@contextmanager
def _tables(journal: Path) -> Iterator[tuple[Path, bool]]:
    """The tables, as the journal is now, and whether they stay where they are.

    Where they cannot be kept beside the journal (a folder that is only to be read, a file that is damaged or
    somebody else's) they are made in a temporary folder: the answer is the same.
    """
    beside = tables_path(journal)
    try:
        history.build(journal, beside)
    except (sqlite3.DatabaseError, OSError) as error:
        with TemporaryDirectory(prefix="venuekit-") as folder:
            passing = Path(folder, beside.name)
            history.build(journal, passing)
            typer.echo(f"venuekit: {beside} is left as it is: {error}", err=True)
            yield passing, False
    else:
        yield beside, True


def _json_row(row: Frozen) -> dict[str, Any]:
    facts = msgspec.structs.asdict(row)
    return facts | {name: msgspec.Raw(facts[name].encode()) for name in _TEXTS_OF_JSON if name in facts}


def _cell(value: Any) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return (
                datetime.fromtimestamp(value, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            )
        case Decimal():
            return plain(value)
        case _:
            return value
