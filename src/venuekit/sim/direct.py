"""The `direct` profile: an emulated venue called in process, with messages in place of bytes on a network.

A message is a request, an answer, a frame, or what opens and closes connections. Between a host and a venue
it takes time, keeps its order on its connection and none between connections, and meets the disturbances of
the network's layer. What only bytes have (segments, proxies, compression) is in the `wire` profile.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from venuekit.sim.direct_transport import DirectTransport
from venuekit.sim.direct_venue import DirectVenue
from venuekit.sim.direct_weather import HOLDING, DirectWeather, Latency, fits
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel
from venuekit.sim.line import Line
from venuekit.web.transport import Limits

__all__ = ["DirectNetwork", "DirectTransport", "DirectVenue", "Latency"]

_SUFFIX = ".sim"
_SWEEP = 64
"""Lines after which those that are over are looked for."""


class DirectNetwork:
    """What lies between the hosts of a world and its venues.

    `transport` makes what a connector speaks through. `disturb` and `calm` bring the disturbances of the
    network's layer about, and `VENUE_RESTART`; `fired` counts how often each kind has struck, by its value.
    """

    def __init__(self, kernel: Kernel, *, latency: Latency | None = None) -> None:
        self.kernel = kernel
        self.weather = DirectWeather(kernel, latency or Latency())
        self.fired = self.weather.fired
        self.venues: dict[str, DirectVenue] = {}
        self._lines: list[Line] = []
        self._watched: dict[str, Host] = {}

    def add(self, venue: DirectVenue) -> None:
        """Let a venue be found under its name, its name with `.sim` behind it, and its host's address."""
        self.venues[venue.name] = venue

    def transport(self, *, limits: Limits | None = None, proxy: str | None = None) -> DirectTransport:
        """What takes the place of `web.transport.AiohttpTransport`.

        Raises:
            errors.Unsupported: a proxy was given.
        """
        return DirectTransport(self, limits=limits, proxy=proxy)

    def place_of(self, name: str) -> str | None:
        """The host that a URL's host names; None: there is no such name."""
        plain = name.removesuffix(_SUFFIX)
        if plain in self.venues or plain in self.kernel.hosts:
            return plain
        return next((host.name for host in self.kernel.hosts.values() if host.address == name), None)

    def line(self, host: Host, place: str | None) -> Line:
        """A connection that is still to be made; None leads to an address where nobody is."""
        if host.name not in self._watched:
            self._watched[host.name] = host
            host.ended.append(partial(self._ended, host))
        if len(self._lines) >= _SWEEP:
            self._lines = [line for line in self._lines if line.is_open or line.is_served]
        line = Line(self.kernel, self.weather, host, place or "", self.venues.get(place or ""))
        self._lines.append(line)
        return line

    def _ended(self, host: Host, power: bool) -> None:
        for line in self._lines:
            if line.host is host and line.is_open:
                line.host_is_gone(power=power)

    # Weather.

    def disturb(self, disturbance: Disturbance) -> None:
        """Let something go wrong from now on; what is over in a moment happens now."""
        match disturbance.kind:
            case DisturbanceKind.HALF_OPEN:
                for line in self._met(disturbance):
                    line.die()
            case DisturbanceKind.CLOG:
                for line in self._met(disturbance):
                    until = self.kernel.now + self.weather.stall(disturbance.size)
                    line.up.stalled_until = line.down.stalled_until = until
            case DisturbanceKind.VENUE_RESTART:
                for venue in self._venues(disturbance):
                    venue.is_listening = False
                    venue.cut()
                    self.weather.fire(disturbance, venue.name)
            case _:
                self.weather.add(disturbance)

    def calm(self, disturbance: Disturbance) -> None:
        """Let it go wrong no longer."""
        if disturbance.kind is DisturbanceKind.VENUE_RESTART:
            for venue in self._venues(disturbance):
                venue.is_listening = True
            return
        self.weather.remove(disturbance)
        if disturbance.kind in HOLDING:
            for pipe in (pipe for line in self._lines for pipe in (line.up, line.down)):
                if not self.weather.is_holding(pipe.source, pipe.target):
                    pipe.release()

    def _met(self, disturbance: Disturbance) -> Iterator[Line]:
        """The open connections that a disturbance is about, each counted."""
        for line in self._lines:
            up, down = line.up, line.down
            is_meant = fits(disturbance, up.source, up.target) or fits(disturbance, down.source, down.target)
            if line.is_open and is_meant and self.weather.drawn(disturbance.share):
                self.weather.fire(disturbance, f"{up.source}>{up.target}")
                yield line

    def _venues(self, disturbance: Disturbance) -> list[DirectVenue]:
        return [venue for name, venue in self.venues.items() if disturbance.target in ("", name)]
