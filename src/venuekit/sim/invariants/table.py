"""All invariants, in the order in which they are told."""

from __future__ import annotations

from venuekit.sim.invariants import accounts, books, fills, journal, limits, liveness, orders, resources
from venuekit.sim.invariants.invariant import Invariant

__all__ = ["INVARIANTS"]

_ROOMS = (orders, fills, books, accounts, limits, resources, journal, liveness)
_ORDER = ("O", "B", "A", "R", "S", "J", "L")

INVARIANTS: tuple[Invariant, ...] = tuple(
    sorted(
        (invariant for room in _ROOMS for invariant in room.INVARIANTS),
        key=lambda invariant: (_ORDER.index(invariant.id[0]), invariant.id),
    )
)
