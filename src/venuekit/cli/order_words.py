"""Orders in words: what was asked for, how it stands, what of it is not known."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

from venuekit.cli.output import moment
from venuekit.model.decimals import CONTEXT, plain
from venuekit.model.order import NewOrder, TimeInForce
from venuekit.model.order_update import TradeUpdate
from venuekit.state.in_flight_order import InFlightOrder

__all__ = [
    "cuts",
    "doubt_words",
    "fee_words",
    "figure",
    "filled_words",
    "meaning",
    "order_facts",
    "state_words",
    "terms_facts",
]


_MEANS = Context(prec=12)
"""A mean is a quotient: so many digits of it are more than any market has."""


def figure(value: Decimal | None) -> str:
    """A number as people write it: no exponent, no zeros at its end; nothing for None."""
    return "" if value is None else plain(value.normalize(CONTEXT))


def meaning(order: NewOrder) -> str:
    """What an order asks for, in one line."""
    base, _, quote = order.trading_pair.partition("-")
    size = f"{figure(order.amount)} {base}"
    if order.quote_amount is not None:
        size = f"{base} for {figure(order.quote_amount)} {quote}"
    price = "at the market" if order.price is None else f"at {figure(order.price)} {quote}"
    says_time = order.order_type.is_limit_type() or order.time_in_force is not TimeInForce.GTC
    words = [order.order_type.name, *([order.time_in_force.value] if says_time else [])]
    if order.trigger_price is not None:
        words.append(f"once the price touches {figure(order.trigger_price)}")
    return f"{order.trade_type.name.lower()} {size} {price}, {' '.join(words)}"


def cuts(order: NewOrder, **asked: Decimal | None) -> dict[str, dict[str, str]]:
    """What of an order is another number than was asked for, because the market has steps."""
    found = {}
    for name, wanted in asked.items():
        sent = getattr(order, name)
        if wanted is not None and sent is not None and wanted != sent:
            found[name] = {"asked": plain(wanted), "sent": plain(sent)}
    return found


def terms_facts(order: NewOrder) -> dict[str, Any]:
    """What an order asks for, for programs."""
    return {
        "trading_pair": order.trading_pair,
        "trade_type": order.trade_type.name,
        "order_type": order.order_type.name,
        "amount": _text(order.amount),
        "quote_amount": _text(order.quote_amount),
        "price": _text(order.price),
        "time_in_force": order.time_in_force.value,
        "trigger_price": _text(order.trigger_price),
    }


def order_facts(order: InFlightOrder) -> dict[str, Any]:
    """An order of ours for programs: its ids, what it asks for, how it stands. Times in seconds."""
    doubt = order.doubt
    return {
        "client_order_id": order.client_order_id,
        "exchange_order_id": order.exchange_order_id,
        **terms_facts(order.intent),
        "state": order.current_state.name,
        "executed_amount_base": plain(order.executed_amount_base),
        "executed_amount_quote": plain(order.executed_amount_quote),
        "average_price": _text(order.average_executed_price),
        "fees": {asset: plain(amount) for asset, amount in order.flat_fees_paid.items()},
        "creation_timestamp": order.creation_timestamp,
        "last_update_timestamp": order.last_update_timestamp,
        "doubt": None
        if doubt is None
        else {
            "reason": doubt.reason.value,
            "since": doubt.since,
            "settles_at": doubt.settles_at,
            "filled_min": plain(order.filled_min),
            "filled_max": plain(order.filled_max) if order.filled_max.is_finite() else None,
        },
    }


def filled_words(order: InFlightOrder) -> str:
    """How much of an order is filled, at what price, and what that cost."""
    amount = order.amount or None
    so_far = figure(order.executed_amount_base)
    words = f"{so_far} of {figure(amount)}" if amount is not None else so_far
    price = order.average_executed_price
    if price is None:
        return words
    fees = ", ".join(f"{figure(paid)} {asset}" for asset, paid in order.flat_fees_paid.items())
    cost = f", fees {fees}" if fees else ""
    total = f"{figure(order.executed_amount_quote)} {order.quote_asset}"
    return f"{words} at {figure(_MEANS.plus(price))} on average, {total} in all{cost}"


def state_words(order: InFlightOrder) -> str:
    """Where an order stands, and whether that is in doubt."""
    state = order.current_state.name
    return state if order.doubt is None else f"{state}, in doubt: {order.doubt.reason.value}"


def doubt_words(order: InFlightOrder) -> str:
    """Why an order is in doubt, within which bounds, and until when at least; nothing where it is not."""
    doubt = order.doubt
    if doubt is None:
        return ""
    most = figure(order.filled_max) if order.filled_max.is_finite() else "all"
    bounds = f"{figure(order.filled_min)} to {most} filled"
    if doubt.settles_at is None:
        return f"{doubt.reason.value}; {bounds}"
    return (
        f"{doubt.reason.value}; {bounds}; from {moment(doubt.settles_at)} UTC on its absence proves it gone"
    )


def fee_words(trade: TradeUpdate) -> str:
    """What a fill cost."""
    words = [f"{figure(fee.amount)} {fee.token}" for fee in trade.fee.flat_fees]
    if trade.fee.percent:
        words.append(f"{figure(CONTEXT.multiply(trade.fee.percent, Decimal(100)))} %")
    return ", ".join(words)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
