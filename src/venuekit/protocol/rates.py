"""How a venue limits its callers, as facts."""

from __future__ import annotations

from enum import Enum

from venuekit.protocol.frozen import Frozen

__all__ = ["RatePool", "Scope", "Window"]


class Scope(Enum):
    """Who is counted together."""

    ADDRESS = "address"
    ACCOUNT = "account"
    CONNECTION = "connection"
    SYMBOL = "symbol"


class Window(Enum):
    """How a limit's period is laid out."""

    FIXED = "fixed"
    """Periods follow one another on the venue's clock and each begins at zero, as at each full minute."""
    ROLLING = "rolling"
    """Any span of this length counts, such as the requests of the last five seconds."""


class RatePool(Frozen):
    """One limit: at most `limit` units in `seconds`, counted per `scope` of one host.

    `every_call` is charged by each request besides its own charges. `header` names the answer's header
    that carries the venue's own count of this pool. `reserve` is the fraction that only cancels may use.
    `given_back_by_fill` is by how much the count goes down, at least, when an order fills for the first time;
    of such a pool a lower count than ours is believed where it cannot be an older one.
    """

    name: str
    limit: int
    seconds: float
    scope: Scope = Scope.ADDRESS
    window: Window = Window.FIXED
    every_call: int = 0
    header: str | None = None
    reserve: float = 0.0
    given_back_by_fill: int = 0
    page: str = ""

    @property
    def falls(self) -> bool:
        """Whether the venue takes units off its count again before the window ends."""
        return self.given_back_by_fill > 0
