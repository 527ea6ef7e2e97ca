"""How many unfilled orders an account has placed in each window.

faqs/order_count_decrement.md: an order counts when it is taken in; its first fill gives back one as a taker,
more as a maker (five in the page's example, which "only gives a general idea"), never below zero. Orders that
are cancelled or expire give nothing back. Windows are those of the venue's clock, days in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from venuekit.emulator.limits import FixedWindow
from venuekit.protocol.frozen import Frozen

__all__ = ["OrderCounts", "OrderLimit"]

_BACK_AS_TAKER = 1
_BACK_AS_MAKER = 5


class OrderLimit(Frozen):
    """So many unfilled orders in so many seconds."""

    interval: str
    interval_num: int
    limit: int
    seconds: float


class OrderCounts:
    """One account's."""

    def __init__(self, limits: Sequence[OrderLimit]) -> None:
        self._windows = {limit: FixedWindow(limit.limit, limit.seconds) for limit in limits}

    def full(self, now: float) -> OrderLimit | None:
        """The limit that one more order would break; `now` in venue time."""
        return next((limit for limit, count in self.counts(now) if count >= limit.limit), None)

    def ends(self, limit: OrderLimit, now: float) -> float:
        """When the limit's present window is over, in venue time."""
        return self._windows[limit].ends(now)

    def add(self, orders: int, now: float) -> None:
        """Orders were taken in."""
        for window in self._windows.values():
            window.charge(orders, now)

    def forget(self, orders: int, now: float) -> None:
        """Orders that were added have been refused."""
        for window in self._windows.values():
            window.give_back(orders, now)

    def give_back(self, *, is_maker: bool, now: float) -> None:
        """An order was filled for the first time."""
        for window in self._windows.values():
            window.give_back(_BACK_AS_MAKER if is_maker else _BACK_AS_TAKER, now)

    def counts(self, now: float) -> Iterator[tuple[OrderLimit, int]]:
        """What each window holds."""
        for limit, window in self._windows.items():
            yield limit, window.charge(0, now)
