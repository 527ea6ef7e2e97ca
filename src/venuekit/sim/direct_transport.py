"""The twin of `web.transport.AiohttpTransport` that carries messages in process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from venuekit import errors
from venuekit.emulator.answer import Request
from venuekit.sim.direct_socket import DirectSocket
from venuekit.sim.disturbance import DisturbanceKind
from venuekit.sim.line import Line
from venuekit.web.transport import HttpAnswer, Limits

if TYPE_CHECKING:
    from venuekit.sim.direct import DirectNetwork
    from venuekit.sim.host import Host

__all__ = ["DirectTransport"]

_USER_AGENT = "venuekit"
_KEEP_ALIVE = 15.0
"""Seconds for which aiohttp keeps a connection that nobody uses."""
_NAME_KEPT = 10.0
"""Seconds for which aiohttp remembers the address of a name."""
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_SECURE = ("https", "wss")


class _Target(NamedTuple):
    """Where a URL leads to; connections to one target are as good as each other."""

    name: str
    port: int
    is_secure: bool


class DirectTransport:
    """A `web.transport.Transport` of a process in a world; `limits` as of the transport of production.

    It raises what that one raises, for the same reasons and at the same moments. There are no proxies here.

    Raises:
        errors.Unsupported: a proxy was given.
    """

    def __init__(
        self, network: DirectNetwork, *, limits: Limits | None = None, proxy: str | None = None
    ) -> None:
        if proxy is not None:
            raise errors.Unsupported("the `direct` profile has no proxies: use `wire`")
        self.limits = limits or Limits()
        self.proxy = proxy
        self._network = network
        self._weather = network.weather
        self._idle: dict[_Target, deque[tuple[Line, float]]] = {}
        self._lines: dict[Line, None] = {}
        self._names: dict[str, tuple[str | None, float]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        """Send one request exactly once and read the whole answer."""
        place, parts, target = _parsed(url)
        asked = _request(method, parts, headers, body, self._host().address)
        try:
            async with asyncio.timeout(seconds or self.limits.answer_seconds):
                try:
                    line, is_fresh = await self._line(target, self.limits.connect_seconds)
                except OSError as error:
                    raise errors.ConnectFailed(f"no connection to {place}: {_words(error)}") from error
                answer = await self._exchange(line, asked, place, target, is_fresh=is_fresh)
        except TimeoutError as error:
            raise errors.TimedOut(f"{place} did not answer in time") from error
        if len(answer.body) > self.limits.answer_bytes:
            raise errors.BadAnswer(
                f"{place} answered more than {self.limits.answer_bytes} bytes", status=answer.status
            )
        return answer

    async def connect(self, url: str) -> DirectSocket:
        """Open a WebSocket."""
        line: Line | None = None
        socket: DirectSocket | None = None
        try:
            _, parts, target = _parsed(url)
            async with asyncio.timeout(self.limits.connect_seconds + self.limits.answer_seconds):
                line, _ = await self._line(target, None)
                socket = await self._upgraded(line, parts, url)
        except (OSError, errors.InvalidConfiguration) as error:
            raise errors.ConnectFailed(f"no WebSocket at {url.partition('?')[0]}: {_words(error)}") from error
        finally:
            if line is not None and socket is None:
                self._drop(line)
        return socket

    async def close(self) -> None:
        """Close every connection."""
        lines = list(self._lines)
        self._lines.clear()
        self._idle.clear()
        for line in lines:
            line.hang_up("Connector is closed")

    # Connections.

    def _host(self) -> Host:
        host = self._network.kernel.current
        if host is None:
            raise RuntimeError("a transport works within the turns of a host")
        return host

    async def _line(self, target: _Target, connect_seconds: float | None) -> tuple[Line, bool]:
        """A connection to use alone, and whether it is a new one.

        Raises:
            OSError: there is none to be had.
        """
        idle = self._idle.get(target)
        now = asyncio.get_running_loop().time()
        while idle:
            line, since = idle.popleft()
            if line.is_open and now - since <= _KEEP_ALIVE:
                return line, False
            self._drop(line)
        host = self._host()
        place = await self._resolved(host, target.name)
        line = self._network.line(host, place)
        self._lines[line] = None
        is_made = False
        try:
            async with asyncio.timeout(connect_seconds):
                await self._shaken_hands(line, is_secure=target.is_secure)
            is_made = True
        except TimeoutError:
            raise ConnectionAbortedError("it was not made in time") from None
        finally:
            if not is_made:
                self._drop(line)
        return line, True

    async def _resolved(self, host: Host, name: str) -> str | None:
        """The host that a name leads to; None: to an address where nobody is.

        Raises:
            OSError: there is no such name.
        """
        loop, weather = asyncio.get_running_loop(), self._weather
        known = self._names.get(name)
        if known is not None and known[1] > loop.time():
            return known[0]
        place = self._network.place_of(name)
        where = place or name
        slow = weather.strikes(DisturbanceKind.DNS_SLOW, host.name, where)
        await asyncio.sleep(weather.seconds(host.name, where, 0) + (0.0 if slow is None else slow.size))
        if place is None or weather.strikes(DisturbanceKind.DNS_FAILURE, host.name, where) is not None:
            raise OSError(-2, "Name or service not known")
        if weather.strikes(DisturbanceKind.DNS_WRONG, host.name, where) is not None:
            place = None
        self._names[name] = place, loop.time() + _NAME_KEPT
        return place

    async def _shaken_hands(self, line: Line, *, is_secure: bool) -> None:
        weather, up, down = self._weather, line.up, line.down
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.lost = lambda why: _fail(done, ConnectionResetError(104, why))

        def knocked() -> None:
            venue = line.venue
            is_there = venue is not None and venue.is_listening
            if not is_there or weather.strikes(DisturbanceKind.REFUSED, up.source, up.target) is not None:
                down.put(partial(_fail, done, ConnectionRefusedError(111, "Connect call failed")))
                return
            if venue is not None:
                venue.accept(line)
            down.send(greeted if is_secure else partial(_settle, done))

        def greeted() -> None:
            up.send(answered)

        def answered() -> None:
            if weather.strikes(DisturbanceKind.TLS_FAILURE, up.source, up.target) is None:
                down.send(partial(_settle, done))
            else:
                down.put(partial(_fail, done, OSError(1, "[SSL] handshake failure")))

        is_reachable = weather.strikes(DisturbanceKind.UNREACHABLE, up.source, up.target) is None
        if line.place and is_reachable:
            up.send(knocked)
        await done
        line.lost = None

    def _drop(self, line: Line) -> None:
        line.lost = None
        self._lines.pop(line, None)
        line.close()

    # Requests.

    async def _exchange(
        self, line: Line, asked: Request, place: str, target: _Target, *, is_fresh: bool
    ) -> HttpAnswer:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[HttpAnswer] = loop.create_future()
        line.lost = lambda why: _fail(answered, errors.ConnectionLost(f"{place} broke off: {why}"))
        answer: HttpAnswer | None = None
        try:
            self._send(line, asked, answered, is_fresh=is_fresh)
            answer = await answered
        finally:
            if answer is not None and line.is_open:
                line.lost = None
                self._idle.setdefault(target, deque()).append((line, loop.time()))
            else:
                self._drop(line)
        return answer

    def _send(
        self, line: Line, asked: Request, answered: asyncio.Future[HttpAnswer], *, is_fresh: bool
    ) -> None:
        venue, up = line.venue, line.up
        if venue is None:
            return

        def strikes(kind: DisturbanceKind) -> bool:
            return self._weather.strikes(kind, up.source, up.target) is not None

        if not is_fresh and strikes(DisturbanceKind.KEEP_ALIVE_CLOSED):
            venue.forget(line)
            up.put(partial(line.down.put, line.host_hears_end))
            return
        if strikes(DisturbanceKind.REQUEST_LOST):
            line.reset()
            return
        if asked.method == "GET" and strikes(DisturbanceKind.REQUEST_TWICE):
            up.send(partial(venue.take, line, asked, _ignored))
        late = self._weather.strikes(DisturbanceKind.REPLY_LATE, up.source, up.target)
        told = partial(_settle, answered)
        up.send(
            partial(
                venue.take,
                line,
                asked,
                told,
                late=0.0 if late is None else late.size,
                is_lost=strikes(DisturbanceKind.REPLY_LOST),
            ),
            len(asked.raw_query) + len(asked.body),
        )

    # WebSockets.

    async def _upgraded(self, line: Line, parts: SplitResult, url: str) -> DirectSocket:
        venue = line.venue
        if venue is None:
            raise ConnectionRefusedError(111, "Connect call failed")
        socket = DirectSocket(line, venue, url, self.limits.frame_bytes)
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        line.up.send(partial(venue.open, line, unquote(parts.path) or "/", query, socket), len(url))
        await socket.opening
        return socket


def _parsed(url: str) -> tuple[str, SplitResult, _Target]:
    """A URL as errors show it, its parts, and where it leads to.

    Raises:
        errors.InvalidConfiguration: it leads nowhere.
    """
    place = url.partition("?")[0]
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        raise errors.InvalidConfiguration(f"not a URL: {place}") from None
    if not name or parts.scheme not in _PORTS:
        raise errors.InvalidConfiguration(f"not a URL: {place}")
    return place, parts, _Target(name, port or _PORTS[parts.scheme], parts.scheme in _SECURE)


def _request(
    method: str, parts: SplitResult, headers: Mapping[str, str], body: bytes | None, remote: str
) -> Request:
    sent = {"host": parts.netloc, "user-agent": _USER_AGENT}
    if body is not None:
        sent |= {"content-type": "application/octet-stream", "content-length": str(len(body))}
    return Request(
        method=method,
        path=unquote(parts.path) or "/",
        query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
        headers=sent | {name.lower(): value for name, value in headers.items()},
        body=body or b"",
        remote=remote,
        raw_query=parts.query,
    )


def _ignored(_answer: HttpAnswer) -> None:
    """What a proxy that asked again makes of the first answer."""


def _settle(
    future: asyncio.Future[HttpAnswer] | asyncio.Future[None], result: HttpAnswer | None = None
) -> None:
    if not future.done():
        future.set_result(result)  # type: ignore[arg-type]


def _fail(future: asyncio.Future[HttpAnswer] | asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
