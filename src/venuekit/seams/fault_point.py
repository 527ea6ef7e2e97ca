"""Places in our own code where a simulation may choose the rarer way; in production none is ever chosen."""

from __future__ import annotations

__all__ = ["strikes"]


def strikes(name: str) -> bool:  # noqa: ARG001 - the simulation's stand-in asks for it
    """Whether the fault point of that name strikes now: never, outside a simulated world."""
    return False
