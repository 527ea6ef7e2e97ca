"""What Binance spot's user data stream says of an account: its orders, its balances, its end.

Source: user-data-stream.md, read on 2026-07-21; which fields a report of each kind has, and that one
`outboundAccountPosition` follows the reports of one command: faqs/market_orders_faq.md.

No page shows the report of an order whose trigger has fired: here it is new once more, on the book now and
with a working time. Refused orders are told of in their answer alone: enums.md has REJECTED for those of
order.cancelReplace, which is not offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from venuekit.emulator.dialects.binance_requests import Fields
from venuekit.emulator.dialects.binance_spot_rows import EXPIRY_REASONS, eight, status_of
from venuekit.emulator.ledger import Balance, Entry
from venuekit.emulator.order import (
    Accepted,
    Amended,
    Cancelled,
    Expired,
    ExpiryReason,
    Filled,
    OrderEvent,
    OrderKind,
    OrderState,
    OrderStatus,
    Prevented,
    SelfTrade,
    TimeInForce,
    Triggered,
)
from venuekit.emulator.order_record import AccountEvent, OrderRecord
from venuekit.model.decimals import CONTEXT

__all__ = ["Pen", "order_type", "stream_ended", "user_events"]


class Pen(NamedTuple):
    """How a dialect writes what the desk knows: a market's symbol, a moment in its milliseconds."""

    symbol: Callable[[str], str]
    milliseconds: Callable[[float], int]


def user_events(events: Iterable[AccountEvent], pen: Pen, now: float) -> list[Fields]:
    """The stream's events for what happened to one account, in order; `now` is when they are sent.

    What one command or one step of the market did comes as its reports and then the balances that it
    changed. A deposit, withdrawal or transfer is a `balanceUpdate` before its balances: the page gives no
    order for these two.
    """
    told: list[Fields] = []
    for _, group in groupby(events, key=_cause):
        batch = list(group)
        balances: dict[str, Balance] = {}
        for event in batch:
            told.extend(_told(event, pen, now))
            balances.update(event.balances)
        if balances:
            told.append(_position(balances, pen, batch[-1].time, now))
    return told


def stream_ended(pen: Pen, now: float) -> Fields:
    """The event that ends a subscription."""
    return {"e": "eventStreamTerminated", "E": pen.milliseconds(now)}


def _cause(event: AccountEvent) -> tuple[float, str]:
    """What events of one command have in common; each entry of funds stands for itself."""
    return event.time, "" if event.entry is None else event.entry.key


def _told(event: AccountEvent, pen: Pen, now: float) -> Iterator[Fields]:
    if event.entry is not None:
        yield from _moved(event.entry, event.account, pen, now)
    elif event.order is not None and event.event is not None:
        execution = _execution(event.event, event.order)
        if execution:
            yield _report(event, event.order, execution, pen, now)


# Balances.


def _position(balances: Mapping[str, Balance], pen: Pen, changed: float, now: float) -> Fields:
    rows = [
        {"a": asset, "f": eight(balance.free), "l": eight(balance.locked)}
        for asset, balance in balances.items()
    ]
    return {
        "e": "outboundAccountPosition",
        "E": pen.milliseconds(now),
        "u": pen.milliseconds(changed),
        "B": rows,
    }


def _moved(entry: Entry, account: str, pen: Pen, now: float) -> Iterator[Fields]:
    for move in entry.moves:
        if move.account == account:
            yield {
                "e": "balanceUpdate",
                "E": pen.milliseconds(now),
                "a": move.asset,
                "d": eight(CONTEXT.add(move.free, move.locked)),
                "T": pen.milliseconds(entry.time),
            }


# Orders.

_EXECUTIONS: Mapping[type[OrderEvent], str] = {
    Accepted: "NEW",
    Triggered: "NEW",
    Filled: "TRADE",
    Amended: "REPLACED",
    Cancelled: "CANCELED",
    Expired: "EXPIRED",
}


def order_type(state: OrderState) -> str:
    """The word for how an order was placed: kind and trigger together."""
    request = state.request
    if request.trigger is None:
        return request.kind.name
    is_stop = request.trigger.waits_for_rise == request.is_buy
    word = "STOP_LOSS" if is_stop else "TAKE_PROFIT"
    return word if request.kind is OrderKind.MARKET else f"{word}_LIMIT"


def _execution(event: OrderEvent, order: OrderRecord) -> str:
    """`x`; empty where nothing is told."""
    if isinstance(event, Expired) and event.reason is ExpiryReason.SELF_TRADE:
        return "TRADE_PREVENTION"
    if isinstance(event, Prevented):
        # Who lost all to it expires next, and that is told instead.
        survives = order.state.left > 0 and event.state.request.self_trade is SelfTrade.DECREMENT
        return "TRADE_PREVENTION" if survives else ""
    return _EXECUTIONS.get(type(event), "")


def _report(event: AccountEvent, order: OrderRecord, execution: str, pen: Pen, now: float) -> Fields:
    state, what = order.state, event.event
    request = state.request
    client_order_id, original = _client_order_ids(event, order)
    trade = _trade(event)
    return {
        "e": "executionReport",
        "E": pen.milliseconds(now),
        "s": pen.symbol(state.trading_pair),
        "c": client_order_id,
        "S": "BUY" if request.is_buy else "SELL",
        "o": order_type(state),
        "f": request.time_in_force.name,
        "q": eight(state.amount),
        "p": eight(state.price),
        "P": eight(None if request.trigger is None else request.trigger.price),
        "F": eight(None),  # icebergs are not offered
        "g": -1,
        "C": original,
        "x": execution,
        "X": status_of(order),
        "r": "NONE",
        "i": state.order_id,
        "l": trade.amount,
        "z": eight(state.filled),
        "L": trade.price,
        "n": trade.fee,
        "N": trade.fee_asset,
        "T": pen.milliseconds(event.time),
        "t": trade.trade_id,
        "I": event.execution_id,
        "w": _is_on_the_book(state, execution),
        "m": trade.is_maker,
        "M": execution == "TRADE",
        "O": pen.milliseconds(order.placed_at),
        "Z": eight(state.quote_filled),
        "Y": trade.value,
        "Q": eight(request.quote_amount),
        **_working(order, pen),
        "V": request.self_trade.name,
        **_prevention(order, execution, pen),
        **_conditional(order, what),
    }


class _Trade(NamedTuple):
    """A report's words for a trade; those it has without one."""

    amount: str = "0.00000000"
    price: str = "0.00000000"
    value: str = "0.00000000"
    fee: str = "0"
    fee_asset: str | None = None
    trade_id: int = -1
    is_maker: bool = False


def _client_order_ids(event: AccountEvent, order: OrderRecord) -> tuple[str, str]:
    """`c` and `C`: a cancellation bears its own id, an amended order its new one; both name the old one."""
    if isinstance(event.event, Cancelled):
        return event.command_id or order.client_order_id, order.client_order_id
    if isinstance(event.event, Amended) and order.amendments:
        return order.client_order_id, order.amendments[-1].old_client_order_id
    return order.client_order_id, ""


def _trade(event: AccountEvent) -> _Trade:
    fill = event.fill
    if fill is None:
        return _Trade()
    return _Trade(
        amount=eight(fill.amount),
        price=eight(fill.price),
        value=eight(fill.quote_amount),
        fee=eight(fill.fee.amount),
        fee_asset=fill.fee.token,
        trade_id=fill.trade_id,
        is_maker=fill.is_maker,
    )


def _is_on_the_book(state: OrderState, execution: str) -> bool:
    """`w`: what only takes is on the book in the report that it is new, and never again."""
    if not state.is_open or state.status is OrderStatus.UNTRIGGERED:
        return False
    rests = state.request.kind is not OrderKind.MARKET and state.request.time_in_force is TimeInForce.GTC
    return rests or execution == "NEW"


def _prevention(order: OrderRecord, execution: str, pen: Pen) -> Fields:
    """The fields of an order that met one of its own account."""
    match = order.prevented
    if execution != "TRADE_PREVENTION" or match is None:
        return {}
    is_taker = order.order_id == match.taker_order_id
    return {
        "v": match.match_id,
        "A": eight(order.lost),
        "B": eight(match.taker_lost if is_taker else match.maker_lost),
        "u": -1,  # "If the account is not part of a trade group, this will be -1" (stp_faq.md)
        "U": match.maker_order_id if is_taker else match.taker_order_id,
        "Cs": pen.symbol(match.trading_pair),
        "pl": eight(match.amount),
        "pL": eight(match.price),
        "pY": eight(CONTEXT.multiply(match.amount, match.price)),
    }


def _working(order: OrderRecord, pen: Pen) -> Fields:
    since = order.working_since
    return {} if since is None else {"W": pen.milliseconds(since)}


def _conditional(order: OrderRecord, what: OrderEvent | None) -> Fields:
    fields: Fields = {}
    if isinstance(what, Expired) and what.reason in EXPIRY_REASONS:
        # The page has no reason for an order that the prevention of self-trades ended.
        fields["eR"] = EXPIRY_REASONS[what.reason]
    for name, word in (("j", "strategyId"), ("J", "strategyType")):
        if word in order.terms:
            fields[name] = int(order.terms[word])
    return fields
