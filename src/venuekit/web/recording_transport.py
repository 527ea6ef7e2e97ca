"""A transport that tells somebody every answer and frame before it hands them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from venuekit.seams.clock import Clock
from venuekit.web.transport import HttpAnswer, Transport, WsConnection

__all__ = ["RecordingTransport", "Witness"]

Witness: TypeAlias = Callable[[int, bytes, str | None], None]
"""(receive time in ns since 1970, bytes, the address of an answer or None for a frame)."""


class RecordingTransport:
    """Another transport, overheard. Only answers with status 200 are told: the others hold no market."""

    def __init__(self, base: Transport, clock: Clock, witness: Witness) -> None:
        self._base = base
        self._clock = clock
        self._witness = witness

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        """Send one request exactly once and read the whole answer."""
        answer = await self._base.request(method, url, headers, body, seconds)
        if answer.status == 200:
            self._tell(answer.body, url)
        return answer

    async def connect(self, url: str) -> WsConnection:
        """Open a WebSocket."""
        return _Overheard(await self._base.connect(url), self._tell)

    async def close(self) -> None:
        """Close every connection."""
        await self._base.close()

    def _tell(self, data: bytes, url: str | None = None) -> None:
        self._witness(int(self._clock.time() * 1e9), data, url)


class _Overheard:
    """A WebSocket of which every frame is told on arrival."""

    def __init__(self, base: WsConnection, tell: Callable[[bytes], None]) -> None:
        self._base = base
        self._tell = tell

    async def send(self, frame: bytes) -> None:
        """Send a text frame."""
        await self._base.send(frame)

    async def receive(self) -> bytes | None:
        """The next text or binary frame; None for a ping or pong."""
        frame = await self._base.receive()
        if frame is not None:
            self._tell(frame)
        return frame

    async def ping(self) -> None:
        """Ask for a sign of life."""
        await self._base.ping()

    async def close(self) -> None:
        """Close it; never fails."""
        await self._base.close()
