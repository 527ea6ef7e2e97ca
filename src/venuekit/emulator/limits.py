"""How a venue counts what its clients do."""

from __future__ import annotations

from collections import deque

from venuekit.protocol.frozen import Frozen

__all__ = ["ConnectionLimits", "FixedWindow", "RollingWindow"]


class ConnectionLimits(Frozen):
    """What a venue allows a WebSocket client, and what it demands; None is no such rule.

    Seconds throughout. A ping goes out every `ping_interval`; a connection without a pong for
    `pong_timeout` is closed, and each ends after `lifetime` whatever it does.
    """

    messages: int | None = None
    message_seconds: float = 1.0
    topics: int | None = None
    connects: int | None = None
    connect_seconds: float = 300.0
    ping_interval: float | None = None
    pong_timeout: float | None = None
    lifetime: float | None = 86_400.0


class FixedWindow:
    """A count that starts again with every window of the venue's clock, such as each full minute."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._window = 0
        self._used = 0

    def charge(self, weight: int, now: float) -> int:
        """Count `weight` more; the answer is what the window holds then, over the limit or not."""
        window = int(now // self.seconds)
        if window != self._window:
            self._window, self._used = window, 0
        self._used += weight
        return self._used

    def give_back(self, weight: int, now: float) -> None:
        """Count `weight` less, never below zero."""
        self._used -= min(weight, self.charge(0, now))

    def ends(self, now: float) -> float:
        """When the window that holds `now` is over."""
        return (now // self.seconds + 1) * self.seconds


class RollingWindow:
    """The number of events in the last so many seconds."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._times: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Count one more event; False when it is one too many, and then it is not counted."""
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()
        if len(self._times) >= self.limit:
            return False
        self._times.append(now)
        return True
