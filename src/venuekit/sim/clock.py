"""The clocks of one simulated host: wrong by an amount, and going wrong at a rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from venuekit.sim.kernel import Kernel

__all__ = ["HostClock"]


class HostClock:
    """A wall clock that may be set and a monotonic one that may only run at another rate.

    `skew` is by how many seconds the wall clock is ahead beside the drift. Drift is in parts per million, of
    both
    clocks, as both hang on one quartz.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.skew = 0.0
        self._kernel = kernel
        self._rate = 1.0
        self._true = 0.0
        self._mine = 0.0

    def monotonic(self) -> float:
        """Seconds since the world began, as this host counts them."""
        return self._mine + (self._kernel.now - self._true) * self._rate

    def wall(self) -> float:
        """Seconds since 1970, as this host believes."""
        return self._kernel.start + self.skew + self.monotonic()

    def step(self, seconds: float) -> None:
        """Set the wall clock forward, or back."""
        self.skew += seconds

    def drift(self, parts_per_million: float) -> None:
        """Run at another rate from now on."""
        self._mine, self._true = self.monotonic(), self._kernel.now
        self._rate = 1.0 + parts_per_million / 1e6

    def stand_still(self, seconds: float) -> None:
        """Let the monotonic clock lose so many seconds, as Linux's does while the machine is suspended."""
        self._mine -= seconds * self._rate
        self.skew += seconds * self._rate

    def true_moment(self, monotonic: float) -> float:
        """When this clock will show that, in true seconds since the world began."""
        return self._true + (monotonic - self._mine) / self._rate
