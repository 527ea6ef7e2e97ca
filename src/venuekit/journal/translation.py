"""What is said about orders as records, and records as what was said."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from venuekit.journal import record
from venuekit.journal.record import Filled, Intent, Updated
from venuekit.model.decimals import plain
from venuekit.model.events import DoubtReason
from venuekit.model.fees import AddedToCostTradeFee, DeductedFromReturnsTradeFee
from venuekit.model.order import Command, NewOrder, OrderState, OrderType, TradeType
from venuekit.model.order_update import Evidence, OrderUpdate, TradeUpdate
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Doubt

__all__ = [
    "command_of",
    "doubt_of",
    "filled_of",
    "intent_of",
    "kept_doubt_of",
    "kept_elsewhere",
    "order_of",
    "recorded",
    "restored_at",
    "trade_of",
    "update_of",
    "updated_of",
]

_TERMS = (
    "quote_amount",
    "time_in_force",
    "trigger_price",
    "trigger_by",
    "trigger_direction",
    "reduce_only",
    "leverage",
    "position",
)
"""Terms of an order that most orders do not name."""
_RESTORED_AT = "restored_at"
_NAMED_TERMS = ("amount", "price", *_TERMS)
_DEFAULTS = dict(
    zip(
        NewOrder.__struct_fields__[-len(NewOrder.__struct_defaults__) :],
        NewOrder.__struct_defaults__,
        strict=True,
    )
)


def recorded(command: Command) -> record.Command:
    """A command in the journal's words."""
    return record.Command[command.name]


def command_of(command: record.Command) -> Command:
    """The inverse of `recorded`."""
    return Command[command.name]


def intent_of(order: InFlightOrder, connector: str, at: float) -> Intent:
    """An order as it is when it begins to be tracked: meant, or found at the venue."""
    intent = order.intent
    words: dict[str, Any] = {
        "order_type": intent.order_type.name,
        "trade_type": intent.trade_type.name,
        "amount": _plain(intent.amount),
        "price": _plain(intent.price),
        "creation_timestamp": order.creation_timestamp,
    }
    for term in _TERMS:
        value = getattr(intent, term)
        if value != _DEFAULTS[term]:
            words[term] = _plain(value)
    if not order.is_pending_create:
        words["last_state"] = str(order.current_state.value)
    if order.exchange_order_id is not None:
        words["exchange_order_id"] = order.exchange_order_id
    return Intent(
        at=at,
        client_id=order.client_order_id,
        trading_pair=order.trading_pair,
        order=words,
        connector=connector,
    )


def kept_elsewhere(state: Mapping[str, Any], connector: str, now: float, at: float) -> Intent:
    """An order that somebody kept as its `to_json`, and handed in at this time of the venue."""
    return Intent(
        at=at,
        client_id=state["client_order_id"],
        trading_pair=state["trading_pair"],
        order={**state, _RESTORED_AT: now},
        connector=connector,
    )


def restored_at(item: Intent) -> float | None:
    """When an order that somebody kept elsewhere was handed in; None: it was not."""
    moment: float | None = item.order.get(_RESTORED_AT)
    return moment


def order_of(item: Intent) -> InFlightOrder:
    """The inverse of `intent_of`.

    Raises:
        ValueError: it holds no order that this version knows.
    """
    words = item.order
    try:
        intent = msgspec.convert(
            {
                "client_order_id": item.client_id,
                "trading_pair": item.trading_pair,
                "order_type": OrderType[words["order_type"]].value,
                "trade_type": TradeType[words["trade_type"]].value,
                **{term: words[term] for term in _NAMED_TERMS if term in words},
            },
            NewOrder,
        )
        state = OrderState(int(words.get("last_state", OrderState.PENDING_CREATE.value)))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{item.client_id}: no order that this version knows ({error})") from None
    return InFlightOrder(
        client_order_id=intent.client_order_id,
        trading_pair=intent.trading_pair,
        order_type=intent.order_type,
        trade_type=intent.trade_type,
        amount=intent.amount,
        creation_timestamp=words.get("creation_timestamp", item.at),
        price=intent.price,
        exchange_order_id=words.get("exchange_order_id"),
        initial_state=state,
        leverage=intent.leverage,
        position=intent.position,
        intent=intent,
    )


def updated_of(update: OrderUpdate, client_id: str, at: float) -> Updated:
    """A status of the order with this id of ours."""
    return Updated(
        at=at,
        client_id=client_id,
        state=update.new_state.name,
        source=update.evidence.name,
        venue_time=update.update_timestamp,
        exchange_id=update.exchange_order_id,
        filled_amount=update.filled_amount,
        amount=update.amount,
        price=update.price,
        observed_at=update.observed_at,
        misc={name: str(said) for name, said in (update.misc_updates or {}).items() if said is not None},
    )


def update_of(item: Updated, trading_pair: str) -> OrderUpdate:
    """The inverse of `updated_of`.

    Raises:
        ValueError: its state or source is of a newer version.
    """
    try:
        state, evidence = OrderState[item.state], Evidence[item.source]
    except KeyError as error:
        raise ValueError(f"{item.client_id}: a status that this version does not know ({error})") from None
    return OrderUpdate(
        trading_pair=trading_pair,
        update_timestamp=item.venue_time,
        new_state=state,
        client_order_id=item.client_id,
        exchange_order_id=item.exchange_id,
        misc_updates=item.misc or None,
        evidence=evidence,
        filled_amount=item.filled_amount,
        amount=item.amount,
        price=item.price,
        observed_at=item.observed_at,
    )


def filled_of(trade: TradeUpdate, client_id: str, at: float) -> Filled:
    """A fill of the order with this id of ours."""
    return Filled(
        at=at,
        client_id=client_id,
        trade_id=trade.trade_id,
        price=trade.fill_price,
        base_amount=trade.fill_base_amount,
        quote_amount=trade.fill_quote_amount,
        fees=tuple(trade.fee.flat_fees),
        venue_time=trade.fill_timestamp,
        is_taker=trade.is_taker,
        exchange_id=trade.exchange_order_id or None,
        fee_percent=trade.fee.percent,
        fee_token=trade.fee.percent_token,
        fee_deducted=not trade.fee.is_added_to_cost,
    )


def trade_of(item: Filled, trading_pair: str) -> TradeUpdate:
    """The inverse of `filled_of`; it carries our id of the order even where the venue did not tell it."""
    kind = DeductedFromReturnsTradeFee if item.fee_deducted else AddedToCostTradeFee
    return TradeUpdate(
        trade_id=item.trade_id,
        client_order_id=item.client_id,
        exchange_order_id=item.exchange_id or "",
        trading_pair=trading_pair,
        fill_timestamp=item.venue_time,
        fill_price=item.price,
        fill_base_amount=item.base_amount,
        fill_quote_amount=item.quote_amount,
        fee=kind(percent=item.fee_percent, percent_token=item.fee_token, flat_fees=item.fees),
        is_taker=item.is_taker,
    )


def doubt_of(doubt: Doubt, client_id: str, at: float) -> record.Doubt:
    """A doubt about what became of an order, and not about one command."""
    return record.Doubt(
        at=at,
        client_id=client_id,
        command=record.Command.PLACE,
        why=doubt.reason.value,
        until=doubt.settles_at,
        since=doubt.since,
        reason=doubt.reason.name,
    )


def kept_doubt_of(item: record.Doubt) -> Doubt | None:
    """The inverse of `doubt_of`; None where a command is in doubt.

    Raises:
        ValueError: its reason is of a newer version.
    """
    if item.reason is None:
        return None
    try:
        reason = DoubtReason[item.reason]
    except KeyError as error:
        raise ValueError(f"{item.client_id}: a doubt that this version does not know ({error})") from None
    return Doubt(reason=reason, since=item.at if item.since is None else item.since, settles_at=item.until)


def _plain(value: Any) -> Any:
    """A term as a record holds it: amounts as texts, words as their values."""
    return plain(value) if isinstance(value, Decimal) else msgspec.to_builtins(value)
