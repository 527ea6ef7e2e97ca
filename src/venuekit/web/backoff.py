"""How long to wait before trying again."""

from __future__ import annotations

from venuekit.protocol.frozen import Frozen
from venuekit.seams.chance import Chance

__all__ = ["Backoff"]


class Backoff(Frozen):
    """Waits that grow by `factor` from `first` to `longest` seconds, each cut by up to `jitter` of itself.

    Jitter keeps a thousand clients that lost one server from coming back in the same instant.
    """

    first: float = 0.5
    longest: float = 30.0
    factor: float = 2.0
    jitter: float = 0.5

    def wait(self, attempt: int, chance: Chance) -> float:
        """Seconds to wait after failure number `attempt`, counted from 0."""
        # 2**64 seconds is beyond any `longest`; bounding the power keeps it a float.
        whole = min(self.longest, self.first * self.factor ** min(attempt, 64))
        return whole * (1 - self.jitter * chance.random())
