"""asyncio's own transports and servers, on sockets of a simulated network.

The transport is asyncio's class itself, so that what a protocol sees is what it sees in production, on each
version of Python: only the socket is ours, and the part of an event loop that watches it.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio import Handle
from asyncio.base_events import Server as AsyncioServer
from asyncio.selector_events import _SelectorSocketTransport  # type: ignore[attr-defined]
from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from venuekit.sim.sockets import Address, SimSocket

if TYPE_CHECKING:
    from venuekit.sim.loop import HostLoop

__all__ = ["ListeningSocket", "SimServer", "open_transport"]


class _Forgetful(dict[int, Any]):
    """What an event loop knows of transports by their file descriptors; nobody asks this one."""

    def __setitem__(self, key: int, value: Any) -> None:
        """Keep nothing."""


class _Watch:
    """What asyncio's transports and servers ask of a loop beside its public face, for one socket."""

    def __init__(self, loop: HostLoop, sock: SimSocket | None = None) -> None:
        self._loop = loop
        self._sock = sock
        self._transports = _Forgetful()
        self.call_soon = loop.call_soon
        self.call_exception_handler = loop.call_exception_handler
        self.create_future = loop.create_future
        self.get_debug = loop.get_debug
        self.is_closed = loop.is_closed

    def _add_reader(self, _: int, callback: Callable[..., object], *args: Any) -> None:
        if self._sock is not None:
            self._sock.reader = Handle(callback, args, self._loop)
            self._sock.poll_soon()

    def _remove_reader(self, _: int) -> None:
        if self._sock is not None:
            self._sock.reader = None

    def _add_writer(self, _: int, callback: Callable[..., object], *args: Any) -> None:
        if self._sock is not None:
            self._sock.writer = Handle(callback, args, self._loop)
            self._sock.poll_soon()

    def _remove_writer(self, _: int) -> None:
        if self._sock is not None:
            self._sock.writer = None

    def _start_serving(self, _: Any, sock: ListeningSocket, __: Any, server: SimServer, *___: Any) -> None:
        sock.server = server

    def _stop_serving(self, sock: ListeningSocket) -> None:
        sock.close()


class _Transport(_SelectorSocketTransport):  # type: ignore[misc]
    """asyncio's transport; that of a killed host is dropped without a word."""

    def __repr__(self) -> str:
        return f"<_Transport of {self._sock!r}>"

    def __del__(self) -> None:
        """Warn of nothing: the world counts open sockets itself."""


class ListeningSocket:
    """A socket that waits for connections; `server` is who accepts them, None: nobody yet.

    It stands in `places` as long as it listens."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(self, number: int, address: Address, places: MutableMapping[Any, ListeningSocket]) -> None:
        self.address = address
        self.server: SimServer | None = None
        self.is_open = True
        self._number = number
        self._places = places

    def listen(self, backlog: int) -> None:
        """It listens from the beginning."""

    def fileno(self) -> int:
        """A number of its own while it is open, -1 afterwards."""
        return self._number if self.is_open else -1

    def getsockname(self) -> Address:
        """Where it listens."""
        return self.address

    def getpeername(self) -> Address:
        """It has no peer."""
        raise OSError

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """Nothing changes."""

    def close(self) -> None:
        """Listen no longer."""
        if self.is_open:
            self.is_open = False
            self.server = None
            for place in [place for place, listener in self._places.items() if listener is self]:
                del self._places[place]


class SimServer(AsyncioServer):
    """asyncio's server, on sockets of a simulated network."""

    def __init__(
        self,
        loop: HostLoop,
        sockets: list[ListeningSocket],
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        ssl: Any,
        backlog: int,
    ) -> None:
        super().__init__(_Watch(loop), sockets, protocol_factory, ssl, backlog, None)  # type: ignore[arg-type]
        self._host_loop = loop
        self._factory = protocol_factory
        self._ssl = ssl

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that it serves on."""
        return self._host_loop

    def accept(self, sock: SimSocket) -> None:
        """Somebody has connected."""
        extra = {"peername": sock.peer} | ({} if self._ssl is None else {"sslcontext": self._ssl})
        open_transport(self._host_loop, sock, self._factory(), extra=extra, server=self)


def open_transport(
    loop: HostLoop,
    sock: SimSocket,
    protocol: asyncio.BaseProtocol,
    *,
    waiter: asyncio.Future[None] | None = None,
    extra: Mapping[str, Any] | None = None,
    server: SimServer | None = None,
) -> asyncio.Transport:
    """A transport for one end of a connection; `waiter` is done once the protocol knows of it."""
    made: asyncio.Transport = _Transport(_Watch(loop, sock), sock, protocol, waiter, extra, server)
    return made
