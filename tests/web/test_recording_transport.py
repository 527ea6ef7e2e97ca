"""A transport that is overheard hands on what it got, and tells it."""

from __future__ import annotations

from collections.abc import Mapping

from venuekit.testing.virtual_clock import VirtualClock
from venuekit.web.recording_transport import RecordingTransport
from venuekit.web.transport import HttpAnswer, WsConnection


class _Socket:
    def __init__(self) -> None:
        self.frames: list[bytes | None] = [b'{"e":"trade"}', None]

    async def send(self, frame: bytes) -> None:
        self.frames.append(frame)

    async def receive(self) -> bytes | None:
        return self.frames.pop(0)

    async def ping(self) -> None:
        pass

    async def close(self) -> None:
        self.frames.clear()


class _Base:
    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.socket = _Socket()

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        return HttpAnswer(status=self.status, headers={}, body=b"{}")

    async def connect(self, url: str) -> WsConnection:
        return self.socket

    async def close(self) -> None:
        await self.socket.close()


def _overheard(base: _Base) -> tuple[RecordingTransport, list[tuple[int, bytes, str | None]]]:
    heard: list[tuple[int, bytes, str | None]] = []
    clock = VirtualClock(start=1_700_000_000.5)
    return RecordingTransport(base, clock, lambda *said: heard.append(said)), heard


async def test_an_answer_is_told_with_its_address_and_handed_on() -> None:
    transport, heard = _overheard(_Base())
    answer = await transport.request("GET", "http://x/depth?limit=5", {}, None)
    assert answer.body == b"{}"
    assert heard == [(1_700_000_000_500_000_000, b"{}", "http://x/depth?limit=5")]


async def test_a_refusal_is_handed_on_and_not_told() -> None:
    transport, heard = _overheard(_Base(status=429))
    assert (await transport.request("GET", "http://x/depth", {}, None)).status == 429
    assert heard == []


async def test_a_frame_is_told_and_handed_on_and_a_ping_is_not_told() -> None:
    transport, heard = _overheard(_Base())
    socket = await transport.connect("ws://x")
    assert [await socket.receive(), await socket.receive()] == [b'{"e":"trade"}', None]
    assert heard == [(1_700_000_000_500_000_000, b'{"e":"trade"}', None)]


async def test_sending_and_closing_reach_the_base() -> None:
    base = _Base()
    transport, _ = _overheard(base)
    socket = await transport.connect("ws://x")
    await socket.send(b"request")
    assert base.socket.frames[-1] == b"request"
    await socket.ping()
    await socket.close()
    await transport.close()
    assert base.socket.frames == []
