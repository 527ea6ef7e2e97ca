"""What a strategy is given of the world that it runs in."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from venuekit.seams.chance import Chance
from venuekit.sim.options import WorldOptions
from venuekit.web.auth import Credentials

__all__ = ["Mood", "Stage", "Strategy"]


class Mood:
    """What the world wants of the strategy; it outlives the strategy's process."""

    def __init__(self) -> None:
        self.is_calm = False
        """Whether to open nothing more, and to take back what is open."""
        self.ends = False
        """Whether to stop."""
        self.pauses: list[float] = []
        """Seconds after which to come back, one for each wish that the connector be stopped."""
        self.gives_up: tuple[float, float] = (0.0, 0.0)
        """The share of calls that are given up, and after how many seconds at most."""


class Stage:
    """One life of a strategy: where the venue is, whose account it trades, what chance it has.

    `venue` is `NAME@DOMAIN` and `url` an address, both for `venuekit.connect`. A strategy that heeds `mood`
    lets the world come to rest, and be compared with the venue.
    """

    def __init__(
        self, options: WorldOptions, credentials: Credentials, url: str, chance: Chance, mood: Mood
    ) -> None:
        self.options = options
        self.venue = f"{options.venue}@emulator"
        self.credentials = credentials
        self.url = url
        self.chance = chance
        self.mood = mood


Strategy = Callable[[Stage], Coroutine[Any, Any, None]]
"""A program that trades; it is begun anew in each life of its host, and ends when it has had enough."""
