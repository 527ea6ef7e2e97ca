"""The moment at which a command leaves: signed, and not yet sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from venuekit.protocol.frozen import Frozen

__all__ = ["Departure", "Leaving"]


class Departure(Frozen):
    """What a command that is about to be sent carries.

    `signed_at` is the time in the signature, on the venue's clock, in seconds; `receive_window` how many
    seconds it is good for, None where the venue knows no such limit; `path` the way that it goes.
    """

    signed_at: float
    receive_window: float | None
    path: str


Leaving: TypeAlias = Callable[[Departure], Awaitable[None]]
"""Called once, after the rate limits let a command pass and before its first byte is sent. Where it raises,
nothing is sent."""
