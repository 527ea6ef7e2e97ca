"""What evidence proves about an order: judgements, which change nothing but what is known of it."""

from __future__ import annotations

from venuekit.model.order import OrderState
from venuekit.model.order_update import OrderUpdate
from venuekit.protocol.fence import Fence
from venuekit.state import order_lifecycle
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Standing
from venuekit.state.order_lifecycle import Happening

__all__ = [
    "confirms_end",
    "end_of_absence",
    "has_traded",
    "is_gone",
    "learn_alive",
    "shows_life",
    "withstands",
]

_ALIVE = frozenset({OrderState.UNTRIGGERED, OrderState.OPEN, OrderState.PARTIALLY_FILLED})


def end_of_absence(fence: Fence, order: InFlightOrder, at: float) -> float | None:
    """From when absence proves something about an order that was last thought alive at this time."""
    if not order.is_pending_create:
        return at + fence.replica_lag
    return fence.end_of_doubt(at) if order.fence_end is None else order.fence_end


def is_gone(fence: Fence, order: InFlightOrder) -> bool:
    """Whether absence is proved: every question, twice, and no trace of a fill."""
    if has_traded(order):
        return False
    misses = (order.misses.get(question) for question in fence.questions)
    return all(miss is not None and miss[1] - miss[0] >= fence.separation for miss in misses)


def has_traded(order: InFlightOrder) -> bool:
    """Whether anything says that some of it filled, with a figure or without."""
    is_partly_filled = order.life is OrderState.PARTIALLY_FILLED
    return is_partly_filled or bool(order.filled_min or order.quarantined_fills)


def withstands(fence: Fence, order: InFlightOrder, update: OrderUpdate) -> bool:
    """Whether stronger evidence of life holds against a stated end: once, not against a second statement.

    A venue whose stamps disagree by some milliseconds must not keep an ended order open for ever.
    """
    if order.is_done or update.new_state not in order_lifecycle.ENDS or order.standing is None:
        return False
    if not order.standing.refutes(Standing.of(update)):
        return False
    if order.refuted_at is None:
        order.refuted_at = update.true_at()
    return update.true_at() < order.refuted_at + fence.separation


def learn_alive(order: InFlightOrder, update: OrderUpdate) -> None:
    """Seen alive: whoever said it was over is refuted, and a cancel whose time is over has failed."""
    if order.is_done or update.new_state not in _ALIVE:
        return
    at = update.true_at()
    if order.refuted_at is not None and at > order.refuted_at:
        order.refuted_at = None
    if order.cancel_fence_end is not None and at >= order.cancel_fence_end:
        order.pass_on(Happening.CANCEL_REFUSED, update.update_timestamp)
        order.cancel_fence_end = None


def confirms_end(update: OrderUpdate) -> bool:
    """Whether a status agrees with the presumption that an order is over and never filled."""
    is_end = update.new_state in order_lifecycle.ENDS
    return is_end and update.new_state is not OrderState.FILLED and not update.filled_amount


def shows_life(order: InFlightOrder, update: OrderUpdate) -> bool:
    """Whether a status contradicts a presumed end: it saw the order alive, or filled, and is news."""
    is_old = order.standing is not None and update.update_timestamp <= order.standing.timestamp
    is_seen = update.new_state in order_lifecycle.ENDS or update.new_state in _ALIVE
    return is_seen and not is_old
