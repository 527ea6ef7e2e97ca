"""Between the machine's clock and the time that passes in a market."""

from __future__ import annotations

__all__ = ["MarketTime"]


class MarketTime:
    """A market's time is the machine's, less all stops; it stands still while it `is_stopped`. Seconds.

    Several reasons may stop it: it goes on when the last of them is gone.
    """

    def __init__(self) -> None:
        self.lag = 0.0
        self.is_stopped = False
        self._stopped_at = 0.0
        self._reasons: dict[str, None] = {}

    def at(self, now: float) -> float:
        """The market's time at the machine's moment `now`."""
        return (self._stopped_at if self._reasons else now) - self.lag

    def stop(self, reason: str, now: float) -> None:
        """Stand still from now on; a second stop for one reason changes nothing."""
        if not self._reasons:
            self._stopped_at = now
        self._reasons[reason] = None
        self.is_stopped = True

    def go_on(self, reason: str, now: float) -> None:
        """The reason is gone; the time of the stop does not happen to the market."""
        if self._reasons.pop(reason, self) is None and not self._reasons:
            self.lag += now - self._stopped_at
            self.is_stopped = False
