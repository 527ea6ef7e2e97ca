"""How much of each asset may be used here, whatever more the account has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from venuekit.model.decimals import CONTEXT
from venuekit.state import order_funds
from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["AssetLimits"]

_ZERO = Decimal(0)


class AssetLimits:
    """The most of an asset that may be used, from a moment on: what fills bring adds to it, what they cost
    takes from it, and open orders hold their part of it.

    `limits` is that most by asset; an asset that is not named has none. `started_at` (venue's seconds) is
    the moment; fills before it are others' business. None: it has not come.
    """

    def __init__(self, limits: Mapping[str, Decimal]) -> None:
        self.started_at: float | None = None
        self._limits = dict(limits)
        self._gained: dict[str, Decimal] = {}
        self._counted: dict[str, frozenset[str]] = {}
        """Trade ids by order, as far as orders are still followed."""

    def count(self, orders: Iterable[InFlightOrder]) -> None:
        """Count the fills that are new. Every order must be shown once between its fills and its oblivion."""
        if not self._limits or self.started_at is None:
            return
        counted: dict[str, frozenset[str]] = {}
        for order in orders:
            seen = self._counted.get(order.client_order_id, frozenset())
            if len(seen) < len(order.order_fills):
                self._gain(order, seen, self.started_at)
                seen = frozenset(order.order_fills)
            counted[order.client_order_id] = seen
        self._counted = counted

    def within(self, asset: str, available: Decimal, orders: Iterable[InFlightOrder]) -> Decimal:
        """What may be used of what is available; `orders` are all that may hold some of the asset."""
        limit = self._limits.get(asset)
        if limit is None:
            return available
        room = CONTEXT.add(limit, self._gained.get(asset, _ZERO))
        for order in orders:
            room = CONTEXT.subtract(room, order_funds.held(order, asset))
        return min(available, max(_ZERO, room))

    def _gain(self, order: InFlightOrder, seen: frozenset[str], started_at: float) -> None:
        for trade in order.order_fills.values():
            if trade.trade_id in seen or trade.fill_timestamp <= started_at:
                continue
            for asset, change in order_funds.effects(trade, order).items():
                if asset in self._limits:
                    self._gained[asset] = CONTEXT.add(self._gained.get(asset, _ZERO), change)
