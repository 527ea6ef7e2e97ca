"""One connection between a host and a venue, as messages: late, in order, or never."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from venuekit.sim.direct_weather import DirectWeather
from venuekit.sim.disturbance import DisturbanceKind
from venuekit.sim.kernel import Kernel

if TYPE_CHECKING:
    from venuekit.emulator.connection import Connection
    from venuekit.sim.direct_socket import DirectSocket
    from venuekit.sim.direct_venue import DirectVenue
    from venuekit.sim.host import Host

__all__ = ["Line", "Pipe"]


class Pipe:
    """One direction of a line. What is sent comes out later, in the order in which it was sent.

    `source` and `target` are names of hosts. With a `host` what comes out is one of its turns. A pipe that
    `is_dead` takes everything and gives nothing; nothing leaves before `stalled_until`.
    """

    __slots__ = (
        "_broken", "_free_at", "_held", "_kernel", "_queue", "_weather", "host", "is_dead", "source",
        "stalled_until", "target",
    )  # fmt: skip

    def __init__(
        self,
        kernel: Kernel,
        weather: DirectWeather,
        source: str,
        target: str,
        host: Host | None,
        broken: Callable[[], None],
    ) -> None:
        self.source = source
        self.target = target
        self.host = host
        self.is_dead = False
        self.stalled_until = 0.0
        self._kernel = kernel
        self._weather = weather
        self._broken = broken
        self._queue: deque[Callable[[], None]] = deque()
        self._held: deque[int] = deque()
        self._free_at = 0.0

    def send(self, deliver: Callable[[], None], size: int = 0) -> None:
        """Let `deliver` be called at the other end, unless the line breaks over it; `size` in bytes."""
        if self._weather.strikes(DisturbanceKind.RESET, self.source, self.target) is None:
            self.put(deliver, size)
        elif not self.is_dead:
            self._broken()

    def put(self, deliver: Callable[[], None], size: int = 0) -> None:
        """As `send`, of what tells that the line is over."""
        if self.is_dead:
            return
        self._queue.append(deliver)
        if self._held or self._weather.holds(self.source, self.target):
            self._held.append(size)
        else:
            self._let_go(size)

    def release(self) -> None:
        """Nothing holds it any more: what waited goes on its way, as after a retransmission."""
        if not self._held or self.is_dead:
            return
        self._free_at = max(self._free_at, self._kernel.now + self._weather.retransmission())
        while self._held:
            self._let_go(self._held.popleft())

    def _let_go(self, size: int) -> None:
        kernel = self._kernel
        moment = max(kernel.now, self.stalled_until) + self._weather.seconds(self.source, self.target, size)
        self._free_at = max(self._free_at, moment)
        # Alarms of one moment come in any order, and so do those that a busy host puts off: each takes
        # what is first, not what it was set for.
        kernel.at(self._free_at, self._arrive, self.host)

    def _arrive(self) -> None:
        if not self.is_dead:
            self._queue.popleft()()


class Line:
    """A connection of one life of a host to a place; `venue` is who listens there, None for nobody.

    `is_open` and `is_served` say whether the host's end and the venue's end know of it. `lost` is called when
    the host's end learns that it is broken, and told why. A line carries requests, or frames: then it has a
    `connection`, the venue's end, and a `socket`, the host's; `unread` frames are on their way to it or not
    yet read.
    """

    def __init__(
        self, kernel: Kernel, weather: DirectWeather, host: Host, place: str, venue: DirectVenue | None
    ) -> None:
        self.host = host
        self.place = place
        self.venue = venue
        self.up = Pipe(kernel, weather, host.name, place, None, self.reset)
        self.down = Pipe(kernel, weather, place, host.name, host, self.reset)
        self.is_open = True
        self.is_served = False
        self.is_told_to_close = False
        self.lost: Callable[[str], None] | None = None
        self.connection: Connection | None = None
        self.socket: DirectSocket | None = None
        self.unread = 0

    def die(self) -> None:
        """From now on nothing passes, and nobody is told."""
        self.up.is_dead = self.down.is_dead = True

    def reset(self) -> None:
        """Something between the two ends breaks it: both learn of it."""
        self.up.put(self.venue_hears_end)
        self.down.put(self.host_hears_reset)

    def close(self) -> None:
        """The host's end goes; what it sent before still arrives."""
        if self.is_open:
            self.is_open = False
            self.up.put(self.venue_hears_end)

    def host_is_gone(self, *, power: bool) -> None:
        """The process is no more: its system says so, unless it went with the power."""
        self.is_open = False
        if power:
            self.die()
        else:
            self.up.put(self.venue_hears_end)

    def venue_hears_end(self) -> None:
        """The venue's end learns that nobody is there any more."""
        if self.venue is not None:
            self.venue.forget(self)

    def host_hears_reset(self) -> None:
        """The host's end learns that the line is broken."""
        self.break_off("Connection reset by peer")

    def host_hears_end(self) -> None:
        """The host's end learns that the venue closed it without a word."""
        self.break_off("Server disconnected")

    def hang_up(self, why: str) -> None:
        """The host's end goes, and whoever waits there is told why."""
        lost = self.lost
        self.close()
        if lost is not None:
            lost(why)

    def break_off(self, why: str) -> None:
        """The host's end is over, and whoever waits there is told why."""
        if self.is_open:
            self.is_open = False
            if self.lost is not None:
                self.lost(why)
