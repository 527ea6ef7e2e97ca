"""An order as plain values, for whoever keeps it over a restart."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from venuekit.model.decimals import plain
from venuekit.model.order import NewOrder, OrderState
from venuekit.protocol.fence import Question
from venuekit.protocol.frozen import Frozen
from venuekit.state.order_doubt import Doubt, Standing
from venuekit.state.order_lifecycle import CancelRequest

if TYPE_CHECKING:
    from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["OrderMemory", "read", "recall", "written"]


class OrderMemory(Frozen):
    """What is kept of an order beside the shared vocabulary: attributes of the same names."""

    intent: NewOrder
    life: OrderState
    cancel: CancelRequest
    exchange_order_ids: list[str]
    standing: Standing | None
    claimed: Decimal
    is_end_known: bool
    ended_at: float | None
    doubt: Doubt | None
    misses: dict[Question, tuple[float, float]]
    refuted_at: float | None
    possible_amounts: list[Decimal]
    fence_end: float | None
    cancel_fence_end: float | None
    is_sent: bool
    is_presumed: bool
    is_creation_told: bool
    is_end_told: bool
    is_watched: bool
    seen_since: float | None = None
    amended_at: float | None = None
    expiry_reason: str | None = None


def written(order: InFlightOrder) -> dict[str, Any]:
    """The shared vocabulary's fields, and all else under `memory`."""
    memory = OrderMemory(**{name: getattr(order, name) for name in OrderMemory.__struct_fields__})
    return {
        "client_order_id": order.client_order_id,
        "exchange_order_id": order.exchange_order_id,
        "trading_pair": order.trading_pair,
        "order_type": order.order_type.name,
        "trade_type": order.trade_type.name,
        "price": None if order.price is None else plain(order.price),
        "amount": plain(order.amount),
        "executed_amount_base": plain(order.executed_amount_base),
        "executed_amount_quote": plain(order.executed_amount_quote),
        "last_state": str(order.current_state.value),
        "leverage": str(order.leverage),
        "position": order.position.value,
        "creation_timestamp": order.creation_timestamp,
        "last_update_timestamp": order.last_update_timestamp,
        "order_fills": {key: trade.to_json() for key, trade in order.order_fills.items()},
        "quarantined_fills": {key: trade.to_json() for key, trade in order.quarantined_fills.items()},
        "memory": msgspec.to_builtins(memory, str_keys=True),
    }


def read(data: Mapping[str, Any]) -> OrderMemory | None:
    """What `written` kept beside the shared vocabulary; None where somebody else wrote it."""
    return msgspec.convert(data["memory"], OrderMemory) if "memory" in data else None


def recall(order: InFlightOrder, memory: OrderMemory | None) -> None:
    """Give an order that was made from the shared vocabulary the rest of what was kept."""
    if memory is None:
        # Whoever wrote it has told of the creation of what was created, and of the end of what is over.
        order.is_creation_told = not order.is_pending_create
        order.is_end_told = order.is_watched = order.is_done
        order.ended_at = order.last_update_timestamp if order.is_done else None
        return
    for name in OrderMemory.__struct_fields__:
        setattr(order, name, getattr(memory, name))
