"""A dialect on a port of this machine: it carries bytes and obeys, and decides nothing."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from venuekit import errors
from venuekit.emulator.answer import Answer, Request
from venuekit.emulator.connection import ABNORMAL, Connection, FrameKind
from venuekit.emulator.control import PREFIX, control
from venuekit.emulator.dialect import Dialect
from venuekit.seams.clock import Clock, SystemClock

__all__ = ["EmulatorServer"]

_HOST = "127.0.0.1"
_OPCODES: Mapping[FrameKind, WSMsgType] = {
    FrameKind.TEXT: WSMsgType.TEXT,
    FrameKind.BINARY: WSMsgType.BINARY,
    FrameKind.PING: WSMsgType.PING,
    FrameKind.PONG: WSMsgType.PONG,
}
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST in place of FIN."""
_PATIENCE = 0.2
"""Seconds that a stopping server gives to requests under way and to close handshakes."""


class _Line:
    """A connection of the dialect and the socket that carries it."""

    def __init__(
        self, connection: Connection, web_socket: web.WebSocketResponse, transport: asyncio.Transport | None
    ) -> None:
        self.connection = connection
        self.web_socket = web_socket
        self.transport = transport
        self.ready = asyncio.Event()

    def wake(self) -> None:
        """Let the writer look if there is something to do; a reset does not wait for a stuck writer."""
        closing = self.connection.closing
        if closing is not None and closing.code == ABNORMAL:
            _reset(self.transport)
        if self.connection.outbox or closing is not None:
            self.ready.set()

    async def write(self) -> None:
        """Carry the outbox to the client until the connection is closed."""
        connection = self.connection
        with suppress(ConnectionError):
            while connection.closing is None:
                await self.ready.wait()
                self.ready.clear()
                while connection.outbox:
                    frame = connection.outbox.popleft()
                    await self.web_socket.send_frame(frame.payload, _OPCODES[frame.kind])
            code, reason = connection.closing
            if code != ABNORMAL:
                await self.web_socket.close(code=code, message=reason.encode())


class EmulatorServer:
    """REST and WebSocket of one dialect on one port of 127.0.0.1, and the control plane beside them.

    Port 0 takes a free one. Use it as `async with EmulatorServer(dialect) as server`, or start and stop it;
    `wait` returns when it is stopped.
    """

    def __init__(self, dialect: Dialect, port: int = 0, *, clock: Clock | None = None) -> None:
        self.dialect = dialect
        self.port = port
        self._clock = SystemClock() if clock is None else clock
        self._runner: web.ServerRunner | None = None
        self._driver: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._lines: dict[int, _Line] = {}

    @property
    def rest_url(self) -> str:
        """Where REST requests go, without a path."""
        return f"http://{_HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where streams are, without a path."""
        return f"ws://{_HOST}:{self.port}"

    @property
    def ws_api_url(self) -> str | None:
        """Where commands are taken over a WebSocket; None: the venue does not."""
        path = self.dialect.ws_api_path
        return None if path is None else self.ws_url + path

    async def start(self) -> None:
        """Listen and let the venue live.

        Raises:
            AddressInUse: something else listens on the port.
        """
        self._stopping.clear()
        server = web.Server(self._serve, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=_PATIENCE)
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, self.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            if error.errno != errno.EADDRINUSE:
                raise
            raise errors.AddressInUse(
                f"port {self.port} of {_HOST} is in use; choose another, or 0 for any that is free"
            ) from None
        self.port = self._runner.addresses[0][1]
        self._driver = asyncio.create_task(self._drive(), name=f"emulator of {self.dialect.name}")

    async def wait(self) -> None:
        """Serve until somebody calls `stop`; an error inside the venue comes out here."""
        if self._driver is not None:
            await self._driver

    async def stop(self) -> None:
        """Close every connection and the port."""
        self._stopping.set()
        for line in self._lines.values():
            line.connection.close(1001, "emulator stopped")
            line.ready.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._driver is not None:
            driver, self._driver = self._driver, None
            await driver

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _drive(self) -> None:
        while not self._stopping.is_set():
            now = self._clock.time()
            self.dialect.tick(now)
            self._wake()
            await self._clock.sleep(max(0.0, self.dialect.next_tick(now) - self._clock.time()))

    def _wake(self) -> None:
        for line in self._lines.values():
            line.wake()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._act(request)
        except ConnectionError:
            return web.Response()  # the client has left, nobody reads this

    async def _act(self, request: web.BaseRequest) -> web.StreamResponse:
        query = tuple(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
        remote = request.remote or _HOST
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._converse(request, query, remote)
        body = await request.read()
        now = self._clock.time()
        asked = Request(
            method=request.method,
            path=request.rel_url.path,
            query=query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            remote=remote,
            raw_query=request.raw_path.partition("?")[2],
        )
        is_control = asked.path.startswith(PREFIX)
        answer = control(self.dialect, asked, now) if is_control else self.dialect.request(asked, now)
        self._wake()
        return await self._send(request, answer)

    async def _send(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if answer.delay == float("inf"):
            await self._stopping.wait()
            _reset(request.transport)
        elif answer.delay:
            await self._clock.sleep(answer.delay)
        if answer.is_lost:
            _reset(request.transport)
        if answer.cut_after is None:
            return web.Response(
                status=answer.status,
                headers=dict(answer.headers),
                body=answer.body,
                content_type=answer.content_type,
                charset="utf-8",
            )
        cut = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
        cut.content_type = answer.content_type
        cut.content_length = len(answer.body)
        await cut.prepare(request)
        await cut.write(answer.body[: answer.cut_after])
        if answer.abort:
            _reset(request.transport)
        elif request.transport is not None:
            request.transport.close()
        return cut

    async def _converse(
        self, request: web.BaseRequest, query: tuple[tuple[str, str], ...], remote: str
    ) -> web.StreamResponse:
        path = request.rel_url.path
        connection = self.dialect.connect(path, query, now=self._clock.time(), remote=remote)
        if isinstance(connection, Answer):
            return await self._send(request, connection)
        # Closing waits for the client's close frame no longer than `timeout`.
        web_socket = web.WebSocketResponse(
            timeout=_PATIENCE, autoping=False, compress=False, decode_text=False
        )
        line = _Line(connection, web_socket, request.transport)
        try:
            await web_socket.prepare(request)
            self._lines[connection.number] = line
            line.wake()
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(line.write())
                await self._listen(line)
                writer.cancel()
        finally:
            self._lines.pop(connection.number, None)
            self.dialect.disconnected(connection)
        return web_socket

    async def _listen(self, line: _Line) -> None:
        async for message in line.web_socket:
            now = self._clock.time()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                self.dialect.receive(line.connection, message.data, now)
            elif message.type is WSMsgType.PING:
                self.dialect.ping_received(line.connection, message.data, now)
            elif message.type is WSMsgType.PONG:
                self.dialect.pong_received(line.connection, now)
            self._wake()


def _reset(transport: asyncio.Transport | None) -> None:
    """End a TCP connection the hard way."""
    if transport is None:
        return
    carrier = transport.get_extra_info("socket")
    # A line that was reset stays listed until its handler has ended; by then the socket is closed.
    if carrier is not None and carrier.fileno() != -1:
        carrier.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
