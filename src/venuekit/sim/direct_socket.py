"""The host's end of a WebSocket that carries messages in process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from venuekit import errors
from venuekit.emulator.connection import ABNORMAL, Frame, FrameKind
from venuekit.sim.direct_venue import DirectVenue
from venuekit.sim.line import Line

__all__ = ["DirectSocket"]

_CLOSE_WAIT = 2.0
"""Seconds that a close waits for the other side's close frame, as `web.transport.AiohttpTransport` does."""
_NORMAL = 1000
_TOO_BIG = 1009


class _End(NamedTuple):
    """The connection is over, read after all frames that came before."""

    code: int
    reason: str


class DirectSocket:
    """A `web.transport.WsConnection`. `opened` and what follows it are called by the venue's end."""

    def __init__(self, line: Line, venue: DirectVenue, url: str, frame_bytes: int) -> None:
        self._line = line
        self._venue = venue
        self._url = url
        self._frame_bytes = frame_bytes
        self._unread: deque[Frame | _End] = deque()
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[None] | None = None
        self._opening: asyncio.Future[None] = self._loop.create_future()
        self._farewell: asyncio.Future[None] | None = None
        self._is_closed = False
        self._code: int | None = None
        line.lost = self._broke

    # What the connector does.

    async def send(self, frame: bytes) -> None:
        """Send a text frame."""
        self._say(partial(self._venue.receive, self._line, frame), len(frame))

    async def ping(self) -> None:
        """Ask for a sign of life."""
        self._say(partial(self._venue.receive_ping, self._line, b""), 0)

    async def receive(self) -> bytes | None:
        """The next text or binary frame; None for a ping or pong, which is answered here."""
        if not self._unread:
            if self._is_closed:
                raise errors.ConnectionLost(f"{self._url} closed with code {self._code}")
            await self._arrival()
        item = self._unread.popleft()
        if isinstance(item, _End):
            self._is_closed = True
            self._code = item.code
            self._line.close()
            words = f"{self._url} closed with code {item.code} {item.reason}"
            raise errors.ConnectionLost(words.rstrip())
        self._line.unread -= 1
        payload = item.payload
        if item.kind is FrameKind.TEXT or item.kind is FrameKind.BINARY:
            if len(payload) > self._frame_bytes:
                self._give_up(_TOO_BIG)
                raise errors.ConnectionLost(
                    f"{self._url} broke: Message size {len(payload)} exceeds limit {self._frame_bytes}"
                )
            return payload
        if item.kind is FrameKind.PING:
            self._say(partial(self._venue.receive_pong, self._line), len(payload))
        return None

    async def close(self) -> None:
        """Close it; never fails."""
        if self._is_closed:
            return
        self._is_closed = True
        if not self._line.is_open:
            return
        self._line.up.send(partial(self._venue.receive_close, self._line, _NORMAL))
        try:
            # aiohttp does not wait for the other side where a `receive` was given up before.
            if self._code is None:
                await self._heard_farewell()
        finally:
            self._code = self._code or _NORMAL
            self._tell_reader()
            self._line.close()

    # What the venue's end tells.

    @property
    def opening(self) -> asyncio.Future[None]:
        """Done when the WebSocket is open, or was not to be had."""
        return self._opening

    def opened(self) -> None:
        """The handshake is through."""
        if not self._opening.done():
            self._opening.set_result(None)

    def refused(self, status: int) -> None:
        """The venue answered the handshake with a status of its own."""
        self._fail(OSError(f"{status} Invalid response status"))

    def heard(self, frames: tuple[Frame, ...]) -> None:
        """Frames have arrived."""
        if self._line.is_open:
            self._unread.extend(frames)
            self._wake()

    def told_to_close(self, code: int, reason: str) -> None:
        """A close frame has arrived."""
        if self._farewell is not None and not self._farewell.done():
            self._farewell.set_result(None)
        if self._line.is_open and not self._is_closed:
            self._unread.append(_End(code, reason))
            self._wake()

    # Within.

    def _fail(self, error: OSError) -> None:
        if not self._opening.done():
            self._opening.set_exception(error)

    def _broke(self, why: str) -> None:
        self._fail(ConnectionResetError(why))
        if self._farewell is not None and not self._farewell.done():
            self._farewell.set_result(None)
        if not self._is_closed:
            self._unread.append(_End(ABNORMAL, ""))
            self._wake()

    def _say(self, deliver: Callable[[], None], size: int) -> None:
        if self._is_closed or not self._line.is_open:
            raise errors.ConnectionLost(f"{self._url} is gone: Cannot write to closing transport")
        self._line.up.send(deliver, size)

    def _give_up(self, code: int) -> None:
        self._is_closed, self._code = True, code
        self._line.up.send(partial(self._venue.receive_close, self._line, code))
        self._line.close()

    async def _arrival(self) -> None:
        self._waiting = self._loop.create_future()
        is_given_up = True
        try:
            await self._waiting
            is_given_up = False
        finally:
            self._waiting = None
            if is_given_up:
                self._code = ABNORMAL

    async def _heard_farewell(self) -> None:
        self._farewell = self._loop.create_future()
        try:
            async with asyncio.timeout(_CLOSE_WAIT):
                await self._farewell
        except TimeoutError:
            self._code = ABNORMAL

    def _tell_reader(self) -> None:
        """Who still waits for a frame hears that none will come."""
        if self._waiting is not None:
            self._unread.append(_End(self._code or _NORMAL, ""))
            self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
