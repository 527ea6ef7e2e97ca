"""What a protocol sees on the simulated network is what it sees on this machine's own."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.sim.lan import lan

_PATIENCE = 15.0
_RESET = struct.pack("ii", 1, 0)


class Recorder(asyncio.Protocol):
    """Notes what it is told; bytes that come in several pieces are one note."""

    def __init__(self, name: str, notes: list[str], *, keeps_open: bool = False, fails: bool = False) -> None:
        self.name = name
        self.notes = notes
        self.keeps_open = keeps_open
        self.fails = fails
        self.received = b""
        self.is_lost = False
        self.has_ended = False
        self.is_paused = False
        self.transport: Any = None

    def note(self, text: str) -> None:
        self.notes.append(f"{self.name} {text}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.note("made")

    def data_received(self, data: bytes) -> None:
        assert not self.is_lost
        if not self.received:
            self.note("data")
        self.received += data
        if self.fails:
            raise ValueError(self.name)

    def eof_received(self) -> bool:
        size = len(self.received)
        self.note(f"eof after {size if size < 1_000 else 'much'}")
        self.has_ended = True
        return self.keeps_open

    def pause_writing(self) -> None:
        self.note("pause")
        self.is_paused = True

    def resume_writing(self) -> None:
        self.note("resume")
        self.is_paused = False

    def connection_lost(self, error: Exception | None) -> None:
        assert not self.is_lost
        self.is_lost = True
        self.note(f"lost {type(error).__name__}")


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not is_so():  # noqa: ASYNC110 - it comes by itself, on either network
            await asyncio.sleep(0.002)


class Line:
    """A connection, and both who speak on it."""

    def __init__(self) -> None:
        self.theirs: list[str] = []
        self.ours: list[str] = []
        self.server: asyncio.Server | None = None
        self.there: Recorder
        self.here: Recorder

    async def open(self, there: dict[str, bool], here: dict[str, bool]) -> None:
        loop = asyncio.get_running_loop()
        self.there = Recorder("there", self.theirs, **there)
        self.here = Recorder("here", self.ours, **here)
        self.server = await loop.create_server(lambda: self.there, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        await loop.create_connection(lambda: self.here, "127.0.0.1", port)
        await until(lambda: self.there.transport is not None)

    async def over(self) -> None:
        await until(lambda: self.here.is_lost and self.there.is_lost)
        assert self.server is not None
        self.server.close()


async def closing(line: Line) -> None:
    line.here.transport.write(b"hello")
    line.here.transport.write(b"")
    line.here.transport.close()
    line.here.transport.write(b"too late")
    line.here.transport.close()
    line.ours.append(f"closing {line.here.transport.is_closing()}")


async def half_closing(line: Line) -> None:
    line.here.transport.write_eof()
    line.here.transport.write_eof()
    with pytest.raises(RuntimeError, match="write_eof"):
        line.here.transport.write(b"no")
    await until(lambda: line.there.has_ended)
    line.there.transport.write(b"still here")
    await until(lambda: line.here.received == b"still here")
    line.there.transport.close()


async def aborting(line: Line) -> None:
    line.here.transport.abort()
    line.ours.append(f"closing {line.here.transport.is_closing()}")
    line.here.transport.abort()


async def resetting(line: Line) -> None:
    line.there.transport.write(b"before it")
    await until(lambda: line.here.received == b"before it")
    carrier = line.there.transport.get_extra_info("socket")
    assert carrier.fileno() != -1
    carrier.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    line.there.transport.abort()
    await until(lambda: carrier.fileno() == -1)


async def leaving_something_unread(line: Line) -> None:
    line.there.transport.pause_reading()
    line.here.transport.write(b"never read")
    await asyncio.sleep(0.2)
    line.there.transport.close()


async def pausing_to_read(line: Line) -> None:
    line.there.transport.pause_reading()
    line.there.transport.pause_reading()
    line.theirs.append(f"reading {line.there.transport.is_reading()}")
    line.here.transport.write(b"wait")
    line.here.transport.close()
    await asyncio.sleep(0.2)
    line.theirs.append("resuming")
    line.there.transport.resume_reading()


async def failing_to_read(line: Line) -> None:
    line.here.transport.write(b"poison")
    await until(lambda: line.there.is_lost)


async def being_told_to_wait(line: Line) -> None:
    line.there.transport.pause_reading()
    sent = 0
    while not line.here.is_paused:
        line.here.transport.write(b"x" * 65_536)
        sent += 65_536
        await asyncio.sleep(0)
    line.here.transport.close()
    line.there.transport.resume_reading()
    await until(lambda: len(line.there.received) == sent)


async def closing_on_both_sides(line: Line) -> None:
    line.here.transport.close()
    line.there.transport.close()


async def writing_to_a_closed_end(line: Line) -> None:
    line.there.transport.close()
    await until(lambda: line.there.is_lost)
    line.here.keeps_open = True
    await until(lambda: line.here.has_ended)
    for _ in range(50):
        line.here.transport.write(b"is anybody there?")
        await asyncio.sleep(0.01)


async def changing_protocol(line: Line) -> None:
    other = Recorder("other", line.theirs)
    line.there.transport.set_protocol(other)
    assert line.there.transport.get_protocol() is other
    line.here.transport.write(b"hello")
    await until(lambda: other.received == b"hello")
    line.there.is_lost = True
    line.here.transport.close()
    await until(lambda: other.is_lost)


Scenario = Callable[[Line], Awaitable[None]]
SCENARIOS: list[tuple[Scenario, dict[str, bool], dict[str, bool]]] = [
    (closing, {}, {}),
    (half_closing, {"keeps_open": True}, {}),
    (half_closing, {"keeps_open": True}, {"keeps_open": False}),
    (aborting, {}, {}),
    (resetting, {}, {}),
    (leaving_something_unread, {}, {}),
    (pausing_to_read, {}, {}),
    (failing_to_read, {"fails": True}, {}),
    (being_told_to_wait, {}, {}),
    (closing_on_both_sides, {}, {}),
    (writing_to_a_closed_end, {}, {"keeps_open": True}),
    (changing_protocol, {}, {}),
]


async def noted(
    scenario: Scenario, there: dict[str, bool], here: dict[str, bool]
) -> tuple[list[str], list[str], list[str]]:
    """What both sides noted, and what the loop was told of."""
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
    line = Line()
    await line.open(there, here)
    await scenario(line)
    await line.over()
    return line.ours, line.theirs, complaints


@pytest.mark.parametrize(
    ("scenario", "there", "here"), SCENARIOS, ids=lambda each: getattr(each, "__name__", "")
)
def test_both_networks_tell_protocols_the_same(
    scenario: Scenario, there: dict[str, bool], here: dict[str, bool]
) -> None:
    real = asyncio.run(noted(scenario, there, here))
    with lan() as world:
        simulated = world.run(lambda: noted(scenario, there, here))
    assert simulated == real


def test_a_transport_knows_both_its_addresses() -> None:
    async def main() -> None:
        line = Line()
        await line.open({}, {})
        here, there = line.here.transport, line.there.transport
        assert here.get_extra_info("peername") == there.get_extra_info("sockname")
        assert here.get_extra_info("sockname") == there.get_extra_info("peername")
        assert here.get_extra_info("sslcontext") is None
        assert here.get_extra_info("nothing", 3) == 3
        assert here.get_extra_info("socket").family == socket.AF_INET
        assert here.get_write_buffer_size() == 0
        assert here.can_write_eof()
        here.abort()
        await line.over()

    asyncio.run(main())
    with lan() as world:
        world.run(main)


class Buffered(asyncio.BufferedProtocol):
    """Reads into a buffer of its own."""

    def __init__(self) -> None:
        self.buffer = bytearray(4)
        self.received = b""
        self.is_lost = False

    def get_buffer(self, _: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, size: int) -> None:
        self.received += self.buffer[:size]

    def connection_lost(self, _: Exception | None) -> None:
        self.is_lost = True


def test_a_protocol_with_a_buffer_of_its_own_reads_all() -> None:
    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        made = Buffered()
        server = await loop.create_server(lambda: made, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", port)
        transport.write(b"more than four bytes")
        transport.close()
        await until(lambda: made.is_lost)
        server.close()
        return made.received

    real = asyncio.run(main())
    with lan() as world:
        assert world.run(main) == b"more than four bytes" == real


def test_a_server_that_closes_waits_for_its_connections() -> None:
    async def main() -> list[str]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.read(5))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        assert server.is_serving()
        assert server.get_loop() is asyncio.get_running_loop()
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.01)  # one that waits to be accepted is reset when the server closes
        server.close()
        await asyncio.sleep(0)
        notes = [f"serving {server.is_serving()}"]
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        notes.append((await reader.read()).decode())
        writer.close()
        await server.wait_closed()
        return notes

    real = asyncio.run(main())
    with lan() as world:
        assert world.run(main) == ["serving False", "hello"] == real
