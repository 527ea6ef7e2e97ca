"""The emulator's own questions and switches, beside the venue's: `/_emulator/…`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from venuekit.emulator.account_control import ACCOUNT_ACTIONS
from venuekit.emulator.answer import Answer, Request, json_answer
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.faults import Fault
from venuekit.emulator.market import Market
from venuekit.protocol.frozen import Frozen

__all__ = ["PREFIX", "control"]

PREFIX = "/_emulator/"


class _ClockSetting(Frozen, forbid_unknown_fields=True):
    skew: float


def control(dialect: Dialect, request: Request, now: float) -> Answer:
    """Answer a request of the control plane, which no fault and no rate limit touches."""
    dialect.tick(now)
    act = _ACTIONS.get((request.method, request.path.removeprefix(PREFIX)))
    if act is None:
        known = [f"{method} {PREFIX}{name}" for method, name in _ACTIONS]
        return json_answer({"error": "no such control", "known": known}, status=404)
    try:
        told = act(dialect, request, now)
    except (ValueError, LookupError, ArithmeticError) as mistake:
        return json_answer({"error": str(mistake)}, status=400)
    dialect.tick(now)  # what it led to is told at once
    return json_answer(told)


def _status(dialect: Dialect, _request: Request, now: float) -> Any:
    return {
        "venue": dialect.name,
        "now": now,
        "venue_time": dialect.venue_time(now),
        "paused": dialect.is_paused,
        "symbols": list(dialect.markets),
        "counters": dialect.counters,
        "faults": dialect.faults.reports(),
        "connections": [
            {
                "number": connection.number,
                "path": connection.path,
                "remote": connection.remote,
                "opened": connection.opened,
                "topics": list(connection.topics),
                "sent": connection.sent,
                "waiting": len(connection.outbox),
            }
            for connection in dialect.connections.values()
        ],
    }


def _book(dialect: Dialect, request: Request, _now: float) -> Any:
    market = _market(dialect, request)
    book = market.snapshot()
    return {
        "symbol": market.symbol,
        "trading_pair": market.instrument.trading_pair,
        "last_update_id": book.last_id,
        "stream_ids": dialect.stream_ids(market),
        "bids": book.bids,
        "asks": book.asks,
    }


def _tape(dialect: Dialect, request: Request, _now: float) -> Any:
    market = _market(dialect, request)
    first = dict(request.query).get("from", "0")
    if not first.isdigit():
        raise ValueError(f"`from` is a trade id, not {first!r}")
    return [trade for trade in market.trades if trade.trade_id >= int(first)]


def _pause(dialect: Dialect, _request: Request, now: float) -> Any:
    dialect.pause(now)
    return {"last_update_ids": {symbol: market.book.last_id for symbol, market in dialect.markets.items()}}


def _resume(dialect: Dialect, _request: Request, now: float) -> Any:
    dialect.resume(now)
    return {}


def _add_faults(dialect: Dialect, request: Request, _now: float) -> Any:
    for fault in msgspec.json.decode(request.body, type=list[Fault]):
        dialect.faults.add(fault)
    return dialect.faults.reports()


def _clear_faults(dialect: Dialect, _request: Request, _now: float) -> Any:
    fired = dialect.faults.reports()
    dialect.faults.clear()
    return fired


def _set_clock(dialect: Dialect, request: Request, now: float) -> Any:
    dialect.skew = msgspec.json.decode(request.body, type=_ClockSetting).skew
    return {"now": now, "venue_time": dialect.venue_time(now)}


def _market(dialect: Dialect, request: Request) -> Market:
    symbol = dict(request.query).get("symbol", "")
    market = dialect.markets.get(symbol)
    if market is None:
        raise ValueError(f"no market {symbol!r}; there are {', '.join(dialect.markets)}")
    return market


_ACTIONS: Mapping[tuple[str, str], Callable[[Dialect, Request, float], Any]] = {
    ("GET", "status"): _status,
    ("GET", "book"): _book,
    ("GET", "tape"): _tape,
    ("POST", "pause"): _pause,
    ("POST", "resume"): _resume,
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "clock"): _set_clock,
    **ACCOUNT_ACTIONS,
}
