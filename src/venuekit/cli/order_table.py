"""Orders, trades and changes of balances as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from venuekit.cli.output import aligned, make_console, moment, print_table
from venuekit.journal.history import BalanceRow, OrderRow, TradeRow
from venuekit.model.decimals import plain

__all__ = ["print_balances", "print_orders", "print_trades", "short_ids"]

_TELLING = 8
"""The end of a client id is its counter: it tells one order of an account from another."""


def short_ids(client_ids: Iterable[str]) -> dict[str, str]:
    """What each id is called: on a terminal its end where that is enough, else the id."""
    whole = dict.fromkeys(client_ids)
    ends = {name: f"…{name[-_TELLING:]}" for name in whole if len(name) > _TELLING + 1}
    if not make_console().is_terminal or len(dict.fromkeys(ends.values())) < len(ends):
        return {name: name for name in whole}
    return {name: ends.get(name, name) for name in whole}


def print_orders(rows: Sequence[OrderRow]) -> None:
    """One line an order, at the time it was intended."""
    names = short_ids(row.client_id for row in rows)
    _print_columns(
        {
            "AT (UTC)": [_second(row.intended_at) for row in rows],
            "ORDER": [names[row.client_id] for row in rows],
            "PAIR": [row.trading_pair for row in rows],
            "SIDE": [row.trade_type or "" for row in rows],
            "TYPE": [row.order_type or "" for row in rows],
            "PRICE": aligned([row.price or "" for row in rows]),
            "AMOUNT": aligned([row.amount or "" for row in rows]),
            "FILLED": aligned([plain(row.executed_base) for row in rows]),
            "STATE": [_state(row) for row in rows],
        }
    )


def print_trades(rows: Sequence[TradeRow]) -> None:
    """One line a fill, at the venue's time."""
    names = short_ids(row.client_id for row in rows)
    _print_columns(
        {
            "AT (UTC)": [_second(row.venue_time) for row in rows],
            "ORDER": [names[row.client_id] for row in rows],
            "TRADE": [row.trade_id for row in rows],
            "PAIR": [row.trading_pair or "" for row in rows],
            "SIDE": [row.trade_type or "" for row in rows],
            "PRICE": _numbers(row.price for row in rows),
            "AMOUNT": _numbers(row.base_amount for row in rows),
            "TOTAL": _numbers(row.quote_amount for row in rows),
            "FEE": [row.fees for row in rows],
            "AS": ["taker" if row.is_taker else "maker" for row in rows],
        }
    )


def print_balances(rows: Sequence[BalanceRow]) -> None:
    """One line a change, at the time it was written."""
    _print_columns(
        {
            "AT (UTC)": [_second(row.at) for row in rows],
            "ASSET": [row.asset for row in rows],
            "CAUSE": [row.cause for row in rows],
            "AMOUNT": _numbers(row.amount for row in rows),
            "TOTAL": _numbers(row.total for row in rows),
            "AVAILABLE": _numbers(row.available for row in rows),
            "REFERENCE": [row.reference or "" for row in rows],
        }
    )


def _print_columns(columns: dict[str, list[str]]) -> None:
    """A table of those columns that say something."""
    told = {heading: cells for heading, cells in columns.items() if any(map(str.strip, cells))}
    print_table(list(told), list(zip(*told.values(), strict=True)))


def _state(row: OrderRow) -> str:
    state = f"{row.state}, in doubt" if row.in_doubt else row.state
    return f"{state}: {row.reason}" if row.reason else state


def _numbers(values: Iterable[Decimal | None]) -> list[str]:
    return aligned(["" if value is None else plain(value) for value in values])


def _second(seconds: float) -> str:
    return moment(seconds)[: len("2026-01-01 00:00:00")]
