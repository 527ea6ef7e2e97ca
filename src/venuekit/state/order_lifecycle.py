"""The life-cycle of an order, as tables.

Two rules keep this file honest:

1. Everything that decides which state follows is in this file.
2. This file does not know who speaks: no venue, evidence, clock, amount or doubt appears in it.

Three axes are kept apart instead of being multiplied into one machine. This is the first, the order's life,
with a small machine of its own for the cancel request; how much is filled and what is in doubt are the
other two (`in_flight_order`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from venuekit.model.order import OrderState

__all__ = [
    "CANCELS",
    "ENDS",
    "LIVES",
    "REPORTS",
    "UNSEEN",
    "CancelRequest",
    "Happening",
    "after",
    "cancel_after",
    "shown",
]


class Happening(Enum):
    """What can happen to an order."""

    RESTS_UNTRIGGERED = "rests untriggered"
    ACCEPTED = "accepted"
    FILLED_PARTLY = "filled partly"
    FILLED_WHOLLY = "filled wholly"
    CANCELED = "cancelled"
    EXPIRED = "expired"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn before it was sent"
    VANISHED = "missed by every question after the fence"
    REAPPEARED = "seen after it was presumed gone"
    CANCEL_ASKED = "cancel asked"
    CANCEL_REFUSED = "cancel refused"


class CancelRequest(Enum):
    """Whether a cancel of ours is on its way."""

    NONE = "none"
    PENDING = "pending"


REPORTS: Mapping[OrderState, Happening] = MappingProxyType(
    {
        OrderState.UNTRIGGERED: Happening.RESTS_UNTRIGGERED,
        OrderState.OPEN: Happening.ACCEPTED,
        OrderState.PARTIALLY_FILLED: Happening.FILLED_PARTLY,
        OrderState.FILLED: Happening.FILLED_WHOLLY,
        OrderState.CANCELED: Happening.CANCELED,
        OrderState.EXPIRED: Happening.EXPIRED,
        OrderState.FAILED: Happening.REFUSED,
        OrderState.PENDING_CANCEL: Happening.CANCEL_ASKED,
    }
)
"""What has happened if a status reports this state; a state that is missing here tells nothing."""

_PASSED_ON = {
    Happening.FILLED_PARTLY: OrderState.PARTIALLY_FILLED,
    Happening.FILLED_WHOLLY: OrderState.FILLED,
    Happening.CANCELED: OrderState.CANCELED,
    Happening.EXPIRED: OrderState.EXPIRED,
    Happening.REFUSED: OrderState.FAILED,
}
"""Where every order that may still trade can go, by one step or because the steps between were not heard."""

LIVES: Mapping[OrderState, Mapping[Happening, OrderState]] = MappingProxyType(
    {
        OrderState.PENDING_CREATE: {
            Happening.RESTS_UNTRIGGERED: OrderState.UNTRIGGERED,
            Happening.ACCEPTED: OrderState.OPEN,
            **_PASSED_ON,
            Happening.WITHDRAWN: OrderState.CANCELED,
            Happening.VANISHED: OrderState.FAILED,
        },
        OrderState.UNTRIGGERED: {
            Happening.ACCEPTED: OrderState.OPEN,
            **_PASSED_ON,
            Happening.VANISHED: OrderState.CANCELED,
        },
        OrderState.OPEN: {
            **_PASSED_ON,
            Happening.VANISHED: OrderState.CANCELED,
        },
        # An order that traded cannot be missed by a question for its trades: it does not vanish.
        OrderState.PARTIALLY_FILLED: {
            happening: state
            for happening, state in _PASSED_ON.items()
            if happening is not Happening.FILLED_PARTLY
        },
        OrderState.FILLED: {},
        OrderState.EXPIRED: {},
        # Ends that were presumed, and turned out not to be.
        OrderState.CANCELED: {Happening.REAPPEARED: OrderState.PENDING_CREATE},
        OrderState.FAILED: {Happening.REAPPEARED: OrderState.PENDING_CREATE},
    }
)
"""What follows a state; what is missing here changes nothing, so a stale status cannot turn an order back."""

CANCELS: Mapping[CancelRequest, Mapping[Happening, CancelRequest]] = MappingProxyType(
    {
        CancelRequest.NONE: {Happening.CANCEL_ASKED: CancelRequest.PENDING},
        CancelRequest.PENDING: {Happening.CANCEL_REFUSED: CancelRequest.NONE},
    }
)
"""The cancel request runs beside the life, so that a refused cancel gives back exactly what was before."""

UNSEEN = frozenset({Happening.WITHDRAWN, Happening.REFUSED, Happening.VANISHED})
"""What happens without the venue having shown the order: it need never have held it."""

ENDS = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.FAILED})
"""States in which an order is over."""


def after(life: OrderState, happening: Happening) -> OrderState:
    """The state after something happened."""
    return LIVES[life].get(happening, life)


def cancel_after(cancel: CancelRequest, happening: Happening) -> CancelRequest:
    """The state of the cancel request after something happened."""
    return CANCELS[cancel].get(happening, cancel)


def shown(life: OrderState, cancel: CancelRequest) -> OrderState:
    """Both machines in one word: a live order with a cancel on its way is PENDING_CANCEL."""
    if cancel is CancelRequest.PENDING and life not in ENDS:
        return OrderState.PENDING_CANCEL
    return life
