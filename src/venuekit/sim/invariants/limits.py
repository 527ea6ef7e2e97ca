"""Limits: the venue never has to refuse us for one."""

from __future__ import annotations

from collections.abc import Iterator

from venuekit.sim.invariants.invariant import Complaint, Invariant
from venuekit.sim.occasions import Second
from venuekit.sim.scene import Scene

__all__ = ["INVARIANTS"]

_NEWCOMER = 15.0
"""Seconds in which a new process may not know yet how many orders the one before it has placed."""


def _none_is_overstepped(scene: Scene, second: Second) -> Iterator[Complaint]:
    for limit, times in scene.dialect.overstepped.items():
        more = times - scene.overstepped[limit]
        if not more:
            continue
        life = scene.present
        is_new = life is not None and second.now - life.born_at < _NEWCOMER and len(scene.lives) > 1
        if limit == "orders" and is_new:
            continue
        yield Complaint(f"limit of {limit}", f"the venue refused us {more} times by its own count")


INVARIANTS = (
    Invariant(
        id="R1",
        sentence="No limit of the venue is ever overstepped as the venue counts it: no refusal, no ban.",
        looks=(((Second,), _none_is_overstepped),),
    ),
)
