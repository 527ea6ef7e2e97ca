"""Between the machine's clock and the time that passes in a venue's markets."""

from __future__ import annotations

__all__ = ["MarketTime"]


class MarketTime:
    """The markets' time is the machine's, less all pauses; it stands still during one. Seconds."""

    def __init__(self) -> None:
        self.lag = 0.0
        self._paused_at: float | None = None

    @property
    def is_paused(self) -> bool:
        """Whether the markets stand still."""
        return self._paused_at is not None

    def at(self, now: float) -> float:
        """The markets' time at the machine's moment `now`."""
        return (now if self._paused_at is None else self._paused_at) - self.lag

    def pause(self, now: float) -> None:
        """Stand still from now on; a second pause changes nothing."""
        if self._paused_at is None:
            self._paused_at = now

    def resume(self, now: float) -> None:
        """Go on; the time of the pause does not happen to the markets."""
        if self._paused_at is not None:
            self.lag += now - self._paused_at
            self._paused_at = None
