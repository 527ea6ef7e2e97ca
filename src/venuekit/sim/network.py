"""The simulated network: hosts that connect over virtual TCP, and everything that goes wrong between them."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl as tls
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from venuekit.sim.connecting import connect, send_again, shake_hands
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.name_service import AddressInfo, NameService
from venuekit.sim.pipe import Pipe
from venuekit.sim.route import Link, Route
from venuekit.sim.sockets import Address, SimSocket
from venuekit.sim.stream_transport import ListeningSocket, SimServer, open_transport
from venuekit.sim.trace import Lane

if TYPE_CHECKING:
    from venuekit.sim.host import Host
    from venuekit.sim.kernel import Kernel
    from venuekit.sim.loop import HostLoop

__all__ = ["Network"]

_LOOPBACK = Link(latency=30e-6, jitter=5e-6)
_FIRST_PORT = 49_152
_FIRST_LISTENING_PORT = 30_000
_NAMES = (DisturbanceKind.DNS_FAILURE, DisturbanceKind.DNS_SLOW, DisturbanceKind.DNS_WRONG)
_ON_ROUTES = (
    DisturbanceKind.LATENCY,
    DisturbanceKind.LOSS,
    DisturbanceKind.BANDWIDTH,
    DisturbanceKind.DRIP,
    DisturbanceKind.RESET,
    DisturbanceKind.REFUSED,
    DisturbanceKind.UNREACHABLE,
    DisturbanceKind.TLS_FAILURE,
    DisturbanceKind.REQUEST_LOST,
    DisturbanceKind.REPLY_LOST,
    DisturbanceKind.REPLY_LATE,
    DisturbanceKind.REQUEST_TWICE,
    DisturbanceKind.KEEP_ALIVE_CLOSED,
)


class Network:
    """Carries bytes between the hosts of one world, as TCP does, on virtual time.

    A host is reached by its address, its name or NAME.sim, whatever address its server is bound to: an
    emulator listens on 127.0.0.1 and is reached from other hosts all the same. `link` is what each way
    between two hosts is like, see `set_link` for single ones. `fired` counts, by the kind's value, how often
    each disturbance did something, and beside them `coalesced` (what was written apart is read at once),
    `reordered` (a later byte of one connection comes before an earlier one of another) and `write_blocked`.
    """

    def __init__(self, kernel: Kernel, link: Link | None = None) -> None:
        self.kernel = kernel
        self.fired: Counter[str] = Counter()
        self.names = NameService(kernel, self.fired)
        self.chance = kernel.chance("network")
        self._link = link or Link()
        self._routes: dict[tuple[str, str], Route] = {}
        self._listeners: dict[tuple[str, int], ListeningSocket] = {}
        self._open: dict[int, SimSocket] = {}
        self._numbers = count(1_000)
        self._ports: Counter[str] = Counter()
        self._known: set[str] = set()
        self._dark: set[str] = set()
        self._reserved: WeakKeyDictionary[socket.socket, SimSocket] = WeakKeyDictionary()
        self._lying: list[tuple[Disturbance, list[Route]]] = []
        self._clogged: list[tuple[Disturbance, SimSocket]] = []

    # What an event loop asks.

    async def getaddrinfo(self, loop: HostLoop, host: Any, port: Any, **options: Any) -> list[AddressInfo]:
        """As `loop.getaddrinfo`."""
        return await self.names.getaddrinfo(loop, host, port, **options)

    def resolve(self, host: Any, port: Any, *options: Any, **named: Any) -> list[AddressInfo]:
        """As `socket.getaddrinfo`."""
        return self.names.resolve(host, port, *options, **named)

    async def sock_connect(self, loop: HostLoop, sock: socket.socket, address: Any) -> None:
        """As `loop.sock_connect`: the socket itself is never used, it stands for one of this network."""
        self._reserved[sock] = await connect(self, loop, (address[0], address[1]))

    async def create_connection(
        self,
        loop: HostLoop,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: Any = None,
        sock: socket.socket | None = None,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        **options: Any,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """As `loop.create_connection`; TLS is a round trip that can fail, and encrypts nothing."""
        end = await self._open_end(loop, host, port, sock, options)
        extra: dict[str, Any] = {}
        try:
            if ssl:
                await shake_hands(self, loop, end, server_hostname or host or "", ssl_handshake_timeout)
                extra["sslcontext"] = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT) if ssl is True else ssl
            protocol = protocol_factory()
            waiter: asyncio.Future[None] = loop.create_future()
            transport = open_transport(loop, end, protocol, waiter=waiter, extra=extra)
        except BaseException:
            end.close()
            raise
        try:
            await waiter
        except BaseException:
            transport.close()
            raise
        return transport, protocol

    async def _open_end(
        self,
        loop: HostLoop,
        host: str | None,
        port: int | None,
        sock: socket.socket | None,
        options: Mapping[str, Any],
    ) -> SimSocket:
        if sock is not None:
            end = self._reserved.pop(sock)
            sock.close()
            return end
        if host is None or port is None:
            raise ValueError("host and port was not specified and no sock specified")
        asked = {name: value for name, value in options.items() if name in {"family", "proto", "flags"}}
        places = await self.getaddrinfo(loop, host, port, type=socket.SOCK_STREAM, **asked)
        return await connect(self, loop, places[0][4])

    async def create_server(
        self,
        loop: HostLoop,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | Iterable[str] | None = None,
        port: int | None = None,
        *,
        ssl: Any = None,
        backlog: int = 100,
        start_serving: bool = True,
        **_: Any,
    ) -> SimServer:
        """As `loop.create_server`, on one port of the loop's host."""
        names = [host] if host is None or isinstance(host, str) else list(host)
        address = self.resolve(names[0] or None, port or self._free_listening_port(loop.host))[0][4]
        key = (loop.host.name, address[1])
        if key in self._listeners:
            why = os.strerror(errno.EADDRINUSE).lower()
            raise OSError(errno.EADDRINUSE, f"error while attempting to bind on address {address!r}: {why}")
        self._know(loop.host)
        listener = ListeningSocket(self.number(), address, self._listeners)
        self._listeners[key] = listener
        server = SimServer(loop, [listener], protocol_factory, ssl, backlog)
        if start_serving:
            await server.start_serving()
        return server

    # What connections ask.

    def number(self) -> int:
        """A number that no other socket has."""
        return next(self._numbers)

    def free_port(self, host: Host) -> int:
        """A port that a connection of this host can have at its near end."""
        self._ports[host.name] += 1
        return _FIRST_PORT + self._ports[host.name] % (65_536 - _FIRST_PORT)

    def _free_listening_port(self, host: Host) -> int:
        return next(port for port in count(_FIRST_LISTENING_PORT) if (host.name, port) not in self._listeners)

    def host_at(self, address: str, source: Host) -> Host | None:
        """The machine with that address, as seen from another; None: there is none."""
        if address.startswith("127."):
            return source
        return next((host for host in self.kernel.hosts.values() if host.address == address), None)

    def listener(self, host: Host, port: int) -> ListeningSocket | None:
        """Who listens there; None: nobody."""
        return self._listeners.get((host.name, port))

    def route(self, source: Host, target: Host) -> Route:
        """The way from one host to another, or to itself."""
        key = (source.name, target.name)
        found = self._routes.get(key)
        if found is None:
            self._know(source)
            self._know(target)
            link = _LOOPBACK if source is target else self._link
            chance = self.kernel.chance(f"route {source.name}>{target.name}")
            found = self._routes[key] = Route(source, target, link, chance, self.fired)
        return found

    def is_up(self, host: Host) -> bool:
        """Whether the machine has power."""
        return host.name not in self._dark or host.is_alive

    def opened(self, end: SimSocket) -> None:
        """A socket is open."""
        self._open[end.fileno()] = end

    def closed(self, number: int) -> None:
        """A socket is open no longer."""
        self._open.pop(number, None)

    def count(self, kind: str) -> None:
        """Something happened that is counted."""
        self.fired[kind] += 1

    def repeat(self, pipe: Pipe, content: bytes, moment: float) -> None:
        """Something on the way sends bytes once more, on a connection of its own."""
        send_again(self, pipe, content, moment)

    def say(self, kind: str, text: str) -> None:
        """Something happened that a reader of the trace wants to know."""
        self.kernel.say(Lane.WORLD, kind, text)

    # What a world asks.

    @property
    def open_sockets(self) -> list[SimSocket]:
        """Every socket that a process holds open, in the order of their making."""
        return list(self._open.values())

    def set_link(self, source: Host, target: Host, link: Link) -> None:
        """Say what one way is like."""
        self.route(source, target).change(link)

    def disturb(self, disturbance: Disturbance) -> None:
        """Let something go wrong.

        Raises:
            ValueError: this is nothing that a network does.
        """
        kind = disturbance.kind
        routes = self._routes_of(disturbance.target)
        if kind in _NAMES:
            self.names.add(disturbance)
        elif kind in _ON_ROUTES:
            for route in routes:
                route.add(disturbance)
        elif kind in _LAID:
            _LAID[kind](self, disturbance, routes)
        else:
            raise ValueError(f"a network does not bring about {kind.value}")
        self._lying.append((disturbance, routes))

    def calm(self, disturbance: Disturbance) -> None:
        """Let it go wrong no longer; what it has broken stays broken."""
        place = next((at for at, (lying, _) in enumerate(self._lying) if lying is disturbance), None)
        if place is None:
            return
        _, routes = self._lying.pop(place)
        self.names.remove(disturbance)
        for route in routes:
            route.remove(disturbance)
        if disturbance.kind in _LIFTED:
            _LIFTED[disturbance.kind](self, disturbance, routes)

    def _routes_of(self, target: str) -> list[Route]:
        """The ways that `target` means, loopback never."""
        hosts = self.kernel.hosts
        if target:
            source, _, end = target.partition(">")
            return [self.route(hosts[source], hosts[end])]
        return [self.route(a, b) for a in hosts.values() for b in hosts.values() if a is not b]

    def _block(self, _: Disturbance, routes: list[Route]) -> None:
        for route in routes:
            route.blocks += 1

    def _unblock(self, _: Disturbance, routes: list[Route]) -> None:
        # Whoever waits finds out by trying again, ever later, as TCP does.
        for route in routes:
            route.blocks -= 1

    def _deafen(self, _: Disturbance, routes: list[Route]) -> None:
        for route in routes:
            route.deaf += 1

    def _undeafen(self, _: Disturbance, routes: list[Route]) -> None:
        for route in routes:
            route.deaf -= 1
        for end in self.open_sockets:
            if end.into.route in routes or end.out.route in routes:
                end.poll_soon()

    def _deaden(self, disturbance: Disturbance, routes: list[Route]) -> None:
        for end in self._openers(routes):
            end.out.stops += 1
            end.into.stops += 1
            self.count(disturbance.kind.value)
            self.say("half-open", repr(end))

    def _clog(self, disturbance: Disturbance, routes: list[Route]) -> None:
        ends = self._openers(routes)
        self.chance.shuffle(ends)
        for end in ends:
            begin = self.chance.uniform(0.0, disturbance.size / 4)
            self.kernel.after(begin, lambda end=end: self._stop(disturbance, end))  # type: ignore[misc]

    def _stop(self, disturbance: Disturbance, end: SimSocket) -> None:
        if not end.is_open or all(lying is not disturbance for lying, _ in self._lying):
            return
        self._clogged.append((disturbance, end))
        end.out.stops += 1
        end.into.stops += 1
        self.count(disturbance.kind.value)
        self.kernel.after(self.chance.uniform(0.0, disturbance.size), lambda: self._go_on(disturbance, end))

    def _go_on(self, disturbance: Disturbance, end: SimSocket) -> None:
        if (disturbance, end) in self._clogged:
            self._clogged.remove((disturbance, end))
            for pipe in (end.out, end.into):
                pipe.stops -= 1
                pipe.release()

    def _unclog(self, disturbance: Disturbance, _: list[Route]) -> None:
        for lying, end in list(self._clogged):
            if lying is disturbance:
                self._go_on(disturbance, end)

    def _openers(self, routes: list[Route]) -> list[SimSocket]:
        """One end of each open connection that uses one of these ways."""
        found: dict[frozenset[Address], SimSocket] = {}
        for end in self.open_sockets:
            if end.into.route in routes or end.out.route in routes:
                found.setdefault(frozenset((end.local, end.peer)), end)
        return list(found.values())

    # What becomes of a host.

    def _know(self, host: Host) -> None:
        if host.name not in self._known:
            self._known.add(host.name)
            host.ended.append(lambda power: self._ended(host, power))

    def _ended(self, host: Host, power: bool) -> None:
        """A process is over: its machine closes what it had open, or falls silent."""
        (self._dark.add if power else self._dark.discard)(host.name)
        for key in [key for key in self._listeners if key[0] == host.name]:
            del self._listeners[key]
        for end in [end for end in self.open_sockets if end.host is host]:
            if power:
                end.vanish()
            else:
                end.close()


_LAID: Mapping[DisturbanceKind, Callable[[Network, Disturbance, list[Route]], None]] = {
    DisturbanceKind.PARTITION: Network._block,  # noqa: SLF001 - a table of this class, beside it
    DisturbanceKind.BACK_PRESSURE: Network._deafen,  # noqa: SLF001
    DisturbanceKind.HALF_OPEN: Network._deaden,  # noqa: SLF001
    DisturbanceKind.CLOG: Network._clog,  # noqa: SLF001
}
_LIFTED: Mapping[DisturbanceKind, Callable[[Network, Disturbance, list[Route]], None]] = {
    DisturbanceKind.PARTITION: Network._unblock,  # noqa: SLF001
    DisturbanceKind.BACK_PRESSURE: Network._undeafen,  # noqa: SLF001
    DisturbanceKind.CLOG: Network._unclog,  # noqa: SLF001
}
