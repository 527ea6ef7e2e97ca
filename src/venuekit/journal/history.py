"""What an account did, as tables that people query: a SQLite file made from the journal by whoever reads it.

The trading process never opens it. It can be deleted and built again at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from venuekit.journal import reader
from venuekit.journal.reader import Entry
from venuekit.journal.record import (
    Answered,
    BalanceMoved,
    Command,
    Ended,
    Filled,
    Intent,
    OfOrder,
    Reopened,
    Sending,
    Updated,
)
from venuekit.journal.standing import standings
from venuekit.model.decimals import CONTEXT, plain
from venuekit.protocol.frozen import Frozen
from venuekit.seams import disk

__all__ = [
    "BalanceRow",
    "OrderRow",
    "TradeRow",
    "balances",
    "build",
    "fee_words",
    "order_rows",
    "orders",
    "trades",
]

Row = TypeVar("Row", bound=Frozen)


class OrderRow(Frozen):
    """An order: what was asked, what the venue made of it, and `asked` in full as JSON.

    Amounts are in base and quote of the pair; times are ours, in seconds since 1970 UTC. `state` is INTENT
    before it was sent and SENT until the venue said something. `ids` holds the venue's ids by their names
    there, as JSON.
    """

    client_id: str
    trading_pair: str
    order_type: str | None
    trade_type: str | None
    price: str | None
    amount: str | None
    state: str
    in_doubt: bool
    executed_base: Decimal
    executed_quote: Decimal
    intended_at: float
    sent_at: float | None
    ended_at: float | None
    reason: str | None
    exchange_id: str | None
    ids: str
    asked: str


class TradeRow(Frozen):
    """A fill of one of our orders, at the venue's time; `fees` reads like `0.1 BNB, 0.02 USDT` or `0.1 %`."""

    client_id: str
    trade_id: str
    trading_pair: str | None
    trade_type: str | None
    price: Decimal
    base_amount: Decimal
    quote_amount: Decimal
    fees: str
    is_taker: bool
    venue_time: float
    exchange_id: str | None


class BalanceRow(Frozen):
    """A deposit, a withdrawal or another change of an asset; `sequence` is its record's number."""

    sequence: int
    at: float
    asset: str
    cause: str
    amount: Decimal
    total: Decimal | None
    available: Decimal | None
    reference: str | None


_SCHEMA = """
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS orders;
DROP TABLE IF EXISTS trades;
DROP TABLE IF EXISTS balances;
CREATE TABLE orders (
    client_id TEXT PRIMARY KEY, trading_pair TEXT, order_type TEXT, trade_type TEXT, price TEXT, amount TEXT,
    state TEXT, in_doubt INTEGER, executed_base TEXT, executed_quote TEXT, intended_at REAL, sent_at REAL,
    ended_at REAL, reason TEXT, exchange_id TEXT, ids TEXT, asked TEXT
);
CREATE TABLE trades (
    client_id TEXT, trade_id TEXT, trading_pair TEXT, trade_type TEXT, price TEXT, base_amount TEXT,
    quote_amount TEXT, fees TEXT, is_taker INTEGER, venue_time REAL, exchange_id TEXT,
    PRIMARY KEY (client_id, trade_id)
);
CREATE TABLE balances (
    sequence INTEGER PRIMARY KEY, at REAL, asset TEXT, cause TEXT, amount TEXT, total TEXT, available TEXT,
    reference TEXT
);
"""
_INSERT = {
    OrderRow: """
INSERT INTO orders VALUES (
    :client_id, :trading_pair, :order_type, :trade_type, :price, :amount, :state, :in_doubt, :executed_base,
    :executed_quote, :intended_at, :sent_at, :ended_at, :reason, :exchange_id, :ids, :asked
)""",
    TradeRow: """
INSERT INTO trades VALUES (
    :client_id, :trade_id, :trading_pair, :trade_type, :price, :base_amount, :quote_amount, :fees, :is_taker,
    :venue_time, :exchange_id
)""",
    BalanceRow: """
INSERT INTO balances VALUES (:sequence, :at, :asset, :cause, :amount, :total, :available, :reference)""",
}
_SELECT = {
    OrderRow: """
SELECT * FROM orders WHERE (:only IS NULL OR trading_pair = :only) AND intended_at >= :since
ORDER BY intended_at, client_id""",
    TradeRow: """
SELECT * FROM trades WHERE (:only IS NULL OR trading_pair = :only) AND venue_time >= :since
ORDER BY venue_time, client_id, trade_id""",
    BalanceRow: """
SELECT * FROM balances WHERE (:only IS NULL OR asset = :only) AND at >= :since
ORDER BY sequence""",
}


def build(journal_path: Path, sqlite_path: Path) -> None:
    """Make the tables anew from a journal and its archives; who reads them meanwhile sees the old ones.

    Raises:
        JournalCorrupt, JournalMismatch, OSError: as `reader.replay`.
        sqlite3.DatabaseError: the file is something else, or damaged; delete it.
    """
    entries = list(reader.entries_since(journal_path))
    rows: tuple[Iterable[Frozen], ...] = (order_rows(entries), _trades(entries), _balances(entries))
    with closing(disk.database(sqlite_path)) as database:
        database.executescript(_SCHEMA)
        for table in rows:
            for row in table:
                database.execute(_INSERT[type(row)], _columns(row))
        database.execute("COMMIT")


def orders(sqlite_path: Path, trading_pair: str | None = None, since: float = 0.0) -> list[OrderRow]:
    """Orders intended at `since` (this machine's time, seconds since 1970) or later, oldest first."""
    return _select(OrderRow, sqlite_path, trading_pair, since)


def trades(sqlite_path: Path, trading_pair: str | None = None, since: float = 0.0) -> list[TradeRow]:
    """Fills that happened at `since` (the venue's time, seconds since 1970) or later, oldest first."""
    return _select(TradeRow, sqlite_path, trading_pair, since)


def balances(sqlite_path: Path, asset: str | None = None, since: float = 0.0) -> list[BalanceRow]:
    """Deposits, withdrawals and other changes written at `since` (as for orders) or later, oldest first."""
    return _select(BalanceRow, sqlite_path, asset, since)


def _select(kind: type[Row], sqlite_path: Path, only: str | None, since: float) -> list[Row]:
    with closing(disk.database(sqlite_path, read_only=True)) as database:
        found = database.execute(_SELECT[kind], {"only": only, "since": since})
        names = [column[0] for column in found.description]
        return [msgspec.convert(dict(zip(names, row, strict=True)), kind, strict=False) for row in found]


def _columns(row: Frozen) -> dict[str, Any]:
    return {
        name: plain(value) if isinstance(value, Decimal) else value
        for name, value in msgspec.structs.asdict(row).items()
    }


def order_rows(entries: Sequence[Entry]) -> Iterator[OrderRow]:
    """What entries say of orders: one row for each whose intent is among them."""
    told: dict[str, list[OfOrder]] = {}
    for entry in entries:
        if isinstance(entry.record, OfOrder):
            told.setdefault(entry.record.client_id, []).append(entry.record)
    doubted = standings(entry.record for entry in entries)
    for client_id, records in told.items():
        intent = next((item for item in records if isinstance(item, Intent)), None)
        if intent is not None:
            yield _order(intent, records, bool(doubted[client_id].doubts))


def _order(intent: Intent, records: list[OfOrder], in_doubt: bool) -> OrderRow:
    fills = list(_once(item for item in records if isinstance(item, Filled)))
    ids: dict[str, str] = {}
    state, sent_at, ended_at, reason, exchange_id = "INTENT", None, None, None, None
    for item in records:
        match item:
            case Sending(command=Command.PLACE):
                state, sent_at = "SENT", item.at
            case Answered():
                ids |= item.ids
                reason = (item.message or reason) if item.command is Command.PLACE else reason
            case Updated():
                state = item.state if ended_at is None else state
                exchange_id = item.exchange_id or exchange_id
            case Filled():
                exchange_id = item.exchange_id or exchange_id
            case Ended():
                state, ended_at, reason = item.state, item.at, item.reason or reason
            case Reopened():
                state, ended_at, reason = "OPEN", None, None
            case _:
                pass
    return OrderRow(
        client_id=intent.client_id,
        trading_pair=intent.trading_pair,
        **{word: _text(intent.order.get(word)) for word in ("order_type", "trade_type", "price", "amount")},
        state=state,
        in_doubt=in_doubt,
        executed_base=_sum(fill.base_amount for fill in fills),
        executed_quote=_sum(fill.quote_amount for fill in fills),
        intended_at=intent.at,
        sent_at=sent_at,
        ended_at=ended_at,
        reason=reason,
        exchange_id=exchange_id,
        ids=_json(ids),
        asked=_json(intent.order),
    )


def _trades(entries: list[Entry]) -> Iterator[TradeRow]:
    intents = {entry.record.client_id: entry.record for entry in entries if isinstance(entry.record, Intent)}
    for fill in _once(entry.record for entry in entries if isinstance(entry.record, Filled)):
        intent = intents.get(fill.client_id)
        yield TradeRow(
            client_id=fill.client_id,
            trade_id=fill.trade_id,
            trading_pair=intent.trading_pair if intent else None,
            trade_type=_text(intent.order.get("trade_type")) if intent else None,
            price=fill.price,
            base_amount=fill.base_amount,
            quote_amount=fill.quote_amount,
            fees=fee_words(fill),
            is_taker=fill.is_taker,
            venue_time=fill.venue_time,
            exchange_id=fill.exchange_id,
        )


def fee_words(fill: Filled) -> str:
    """What a fill cost: amounts, and the share where the venue named one instead."""
    words = [f"{plain(fee.amount)} {fee.token}" for fee in fill.fees]
    if fill.fee_percent:
        share = plain(CONTEXT.multiply(fill.fee_percent, Decimal(100)).normalize(CONTEXT))
        words.append(f"{share} % in {fill.fee_token}" if fill.fee_token else f"{share} %")
    return ", ".join(words)


def _balances(entries: list[Entry]) -> Iterator[BalanceRow]:
    for entry in entries:
        if isinstance(entry.record, BalanceMoved):
            yield BalanceRow(sequence=entry.sequence, **msgspec.structs.asdict(entry.record))


def _once(fills: Iterable[Filled]) -> Iterator[Filled]:
    """Each trade of an order once, as first told."""
    seen: dict[tuple[str, str], None] = {}
    for fill in fills:
        if (fill.client_id, fill.trade_id) not in seen:
            seen[fill.client_id, fill.trade_id] = None
            yield fill


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = CONTEXT.add(total, amount)
    return total


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
