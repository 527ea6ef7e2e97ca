"""How a trader reaches the venue of a world: called in process, or over a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from venuekit.emulator.dialect import Dialect
from venuekit.emulator.server import EmulatorServer
from venuekit.sim.direct import DirectNetwork, DirectVenue
from venuekit.sim.direct_weather import Latency
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel
from venuekit.sim.network import Network
from venuekit.sim.options import Profile, WorldOptions
from venuekit.sim.route import Link
from venuekit.sim.weather import VENUE
from venuekit.web.transport import AiohttpTransport

__all__ = ["Front", "front_of"]

_PORT = 443


class Front(Protocol):
    """A venue that can be reached, and what can go wrong on the way to it.

    `stand_ins` are pairs of an object and what takes its place while the world runs. `url` is where a
    connector finds the venue. `fired` counts what struck, by its name.
    """

    url: str
    stand_ins: Mapping[Any, Any]
    fired: Counter[str]

    def disturb(self, disturbance: Disturbance) -> None:
        """Begin a disturbance."""
        ...

    def calm(self, disturbance: Disturbance) -> None:
        """End it."""
        ...

    def end(self) -> None:
        """The world is over."""
        ...


class DirectFront:
    """The dialect, called in process."""

    def __init__(self, options: WorldOptions, kernel: Kernel, dialect: Dialect) -> None:
        Host(kernel, VENUE)
        latency = Latency(base=options.latency, jitter=options.latency / 2)
        self._network = DirectNetwork(kernel, latency=latency)
        self._network.add(DirectVenue(kernel, dialect, VENUE))
        self.url = f"https://{VENUE}:{_PORT}"
        self.stand_ins: Mapping[Any, Any] = {AiohttpTransport: self._network.transport}
        self.fired = self._network.fired
        self.disturb = self._network.disturb
        self.calm = self._network.calm

    def end(self) -> None:
        """Nothing has to be closed."""


class WireFront:
    """The emulator's server as it is, on a host of its own, over a simulated network."""

    def __init__(self, options: WorldOptions, kernel: Kernel, dialect: Dialect) -> None:
        self._kernel = kernel
        self._dialect = dialect
        self._host = Host(kernel, VENUE)
        link = Link(latency=options.latency, jitter=options.latency / 4)
        self._network = kernel.network = Network(kernel, link)
        self.url = f"https://{VENUE}.sim:{_PORT}"
        self.stand_ins: Mapping[Any, Any] = {}
        self.fired = self._network.fired
        self._host.start(self._serve)

    async def _serve(self) -> None:
        async with EmulatorServer(self._dialect, _PORT) as server:
            await server.wait()

    def disturb(self, disturbance: Disturbance) -> None:
        """Begin a disturbance; one of the venue itself is that its process dies."""
        if disturbance.kind is not DisturbanceKind.VENUE_RESTART:
            self._network.disturb(disturbance)
        elif self._host.is_alive:
            self.fired[disturbance.kind.value] += 1
            self._host.kill()
            for connection in list(self._dialect.connections.values()):
                self._dialect.disconnected(connection)

    def calm(self, disturbance: Disturbance) -> None:
        """End it."""
        if disturbance.kind is not DisturbanceKind.VENUE_RESTART:
            self._network.calm(disturbance)
        elif not self._host.is_alive:
            self._host.start(self._serve)

    def end(self) -> None:
        """The venue's process ends with the world."""
        self._host.kill()


_FRONTS: Mapping[Profile, Callable[[WorldOptions, Kernel, Dialect], Front]] = {
    Profile.DIRECT: DirectFront,
    Profile.WIRE: WireFront,
}


def front_of(options: WorldOptions, kernel: Kernel, dialect: Dialect) -> Front:
    """The way to the venue that the options ask for."""
    return _FRONTS[options.profile](options, kernel, dialect)
