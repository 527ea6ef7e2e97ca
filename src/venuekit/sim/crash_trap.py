"""Where a process can be cut off, and a trap that cuts it off at one of these moments."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import ClassVar, NoReturn

from venuekit.emulator.answer import Answer, Request
from venuekit.emulator.connection import Connection
from venuekit.emulator.dialect import Dialect
from venuekit.protocol.frozen import Frozen
from venuekit.sim.direct import DirectNetwork, DirectTransport
from venuekit.sim.disk import ProcessOver, SimDisk
from venuekit.sim.host import Host
from venuekit.sim.line import Line
from venuekit.sim.medium import Content
from venuekit.web.transport import HttpAnswer, WsConnection

__all__ = [
    "MOMENTS",
    "Boundary",
    "Moment",
    "Passing",
    "Strike",
    "Trap",
    "TrappedDisk",
    "TrappedTransport",
    "trapped",
]


class Boundary(Enum):
    """What a process does that others, or its next life, can see."""

    WRITE = "write"
    SYNC = "sync"
    SYNCED = "synced"
    NAME = "name"
    """A file is opened, made, locked or renamed, or a folder is made or synced."""
    REQUEST = "request"
    """A question or a command is to leave, over HTTP or as a WebSocket's frame."""
    SENDING = "sending"
    ARRIVAL = "arrival"
    """The venue has a question or a command, and has done with it."""
    ANSWER = "answer"
    """An answer over HTTP, or a frame that names an order of ours, has arrived."""


class Moment(Enum):
    """When a process is cut off."""

    BEFORE_WRITE = "before a write"
    TORN_FIRST = "the first byte of a write is there"
    TORN_HEAD = "a quarter of a write is there"
    TORN_HALF = "half of a write is there"
    TORN_LAST = "all of a write but its last byte is there"
    WRITTEN = "written, and not synced"
    BEFORE_SYNC = "before a sync"
    SYNCED = "synced, and nothing done about it"
    BEFORE_NAME = "before a name or a lock changes"
    LEAVING = "synced, and no byte sent"
    SENT = "sent, and on its way"
    EXECUTED = "sent and carried out, and no reply has come"
    ANSWERED = "replied, and not applied"


MOMENTS: Mapping[Boundary, tuple[Moment, ...]] = {
    Boundary.WRITE: (
        Moment.BEFORE_WRITE,
        Moment.TORN_FIRST,
        Moment.TORN_HEAD,
        Moment.TORN_HALF,
        Moment.TORN_LAST,
        Moment.WRITTEN,
    ),
    Boundary.SYNC: (Moment.BEFORE_SYNC,),
    Boundary.SYNCED: (Moment.SYNCED,),
    Boundary.NAME: (Moment.BEFORE_NAME,),
    Boundary.REQUEST: (Moment.LEAVING,),
    Boundary.SENDING: (Moment.SENT,),
    Boundary.ARRIVAL: (Moment.EXECUTED,),
    Boundary.ANSWER: (Moment.ANSWERED,),
}
"""The moments at each boundary."""
_TORN: Mapping[Moment, Callable[[int], int]] = {
    Moment.TORN_FIRST: lambda size: min(1, size),
    Moment.TORN_HEAD: lambda size: size // 4,
    Moment.TORN_HALF: lambda size: size // 2,
    Moment.TORN_LAST: lambda size: max(size - 1, 0),
}


class Passing(Frozen):
    """A boundary that was passed: as the how-manieth of its kind, from 1 on, and what it was about."""

    boundary: Boundary
    occasion: int
    text: str


class Strike(Frozen):
    """The process ends at this moment of the n-th boundary of its kind, counted from 1."""

    moment: Moment
    occasion: int


class Trap:
    """Ends a host's process where strikes say, one after the other; without any it notes what is passed.

    Each strike counts boundaries from the one before. `power` takes the machine with the process. `sprung`
    counts the ends.
    """

    def __init__(self, *strikes: Strike, power: bool = False) -> None:
        self.strikes = strikes
        self.power = power
        self.sprung = 0
        self.passings: list[Passing] = []
        self._host: Host | None = None
        self._counts: Counter[Boundary] = Counter()

    def watch(self, host: Host) -> None:
        """This is the host whose process it ends."""
        self._host = host

    def passes(self, boundary: Boundary, text: str) -> Moment | None:
        """A boundary is reached; the moment of it at which the process ends, None if it goes on.

        Raises:
            ProcessOver: the process has ended before, and this is what its last turn still does.
        """
        if boundary is not Boundary.ARRIVAL and self._host is not None and not self._host.is_alive:
            raise ProcessOver("it was cut off earlier in this turn")
        self._counts[boundary] += 1
        if not self.strikes:
            self.passings.append(Passing(boundary=boundary, occasion=self._counts[boundary], text=text))
        if self.sprung >= len(self.strikes):
            return None
        strike = self.strikes[self.sprung]
        is_due = strike.moment in MOMENTS[boundary] and self._counts[boundary] == strike.occasion
        return strike.moment if is_due else None

    def spring(self) -> None:
        """End the process; what its present turn still does is a ghost's."""
        self.sprung += 1
        self._counts.clear()
        if self._host is not None:
            self._host.kill(power=self.power)

    def cut_off(self) -> NoReturn:
        """End the process that is running, here."""
        self.spring()
        raise ProcessOver("it is cut off here")

    async def stop_here(self) -> NoReturn:
        """End the process that is running, in a coroutine that never goes on."""
        self.spring()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("a dead loop runs nothing")


class TrappedDisk(SimDisk):
    """A disk on which writes, syncs and changes of names are boundaries."""

    trap: Trap

    def changes(self, what: str, path: Path) -> None:
        """Something is about to be changed, or synced."""
        if what != "write":
            boundary = Boundary.SYNC if what == "sync" else Boundary.NAME
            if self.trap.passes(boundary, f"{what} {path.name}") is not None:
                self.trap.cut_off()
        super().changes(what, path)

    def write(self, content: Content, data: bytes) -> int:
        """Take bytes into the system's memory; how many."""
        moment = self.trap.passes(Boundary.WRITE, f"{len(data)} bytes to {content.path.name}")
        if moment is Moment.BEFORE_WRITE:
            self.trap.cut_off()
        torn = None if moment is None else _TORN.get(moment)
        written = super().write(content, data if torn is None else data[: torn(len(data))])
        if moment is not None:
            self.trap.cut_off()
        return written

    def finish_sync(self, content: Content, end: int, cuts: int) -> None:
        """A sync is done."""
        super().finish_sync(content, end, cuts)
        if self.trap.passes(Boundary.SYNCED, content.path.name) is not None:
            self.trap.cut_off()


class TrappedTransport:
    """A transport on which what leaves and what arrives are boundaries.

    `ours` is in every frame that names an order of ours; other frames change nothing that is remembered.
    """

    def __init__(self, network: DirectNetwork, trap: Trap, ours: bytes) -> None:
        self._transport = _Sender(network, trap)
        self._trap = trap
        self._ours = ours

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        """Send one request exactly once and read the whole answer."""
        name = f"{method} {url.partition('?')[0]}"
        if self._trap.passes(Boundary.REQUEST, name) is not None:
            await self._trap.stop_here()
        answer = await self._transport.request(method, url, headers, body, seconds)
        if self._trap.passes(Boundary.ANSWER, f"{answer.status} to {name}") is not None:
            await self._trap.stop_here()
        return answer

    async def connect(self, url: str) -> WsConnection:
        """Open a WebSocket."""
        return _TrappedSocket(await self._transport.connect(url), self._trap, self._ours)

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()


class _Sender(DirectTransport):
    """The transport itself, cut off right after a request has left."""

    def __init__(self, network: DirectNetwork, trap: Trap) -> None:
        super().__init__(network)
        self._trap = trap

    def _send(
        self, line: Line, asked: Request, answered: asyncio.Future[HttpAnswer], *, is_fresh: bool
    ) -> None:
        super()._send(line, asked, answered, is_fresh=is_fresh)
        if self._trap.passes(Boundary.SENDING, f"{asked.method} {asked.path}") is not None:
            self._trap.cut_off()


class _TrappedSocket:
    def __init__(self, connection: WsConnection, trap: Trap, ours: bytes) -> None:
        self._connection = connection
        self._trap = trap
        self._ours = ours

    async def send(self, frame: bytes) -> None:
        text = f"frame {_beginning(frame)}"
        if self._trap.passes(Boundary.REQUEST, text) is not None:
            await self._trap.stop_here()
        await self._connection.send(frame)
        if self._trap.passes(Boundary.SENDING, text) is not None:
            await self._trap.stop_here()

    async def receive(self) -> bytes | None:
        frame = await self._connection.receive()
        if (
            frame is not None
            and self._ours in frame
            and self._trap.passes(Boundary.ANSWER, f"frame {_beginning(frame)}") is not None
        ):
            await self._trap.stop_here()
        return frame

    async def ping(self) -> None:
        await self._connection.ping()

    async def close(self) -> None:
        await self._connection.close()


class _TrappedDialect(Dialect):
    """A venue that has done with what it was told."""

    trap: ClassVar[Trap]

    def request(self, request: Request, now: float) -> Answer:
        """Answer one REST request."""
        answer = super().request(request, now)
        self._done(f"{request.method} {request.path}")
        return answer

    def receive(self, connection: Connection, text: str | bytes, now: float) -> None:
        """Take one text message of a client."""
        super().receive(connection, text, now)
        self._done(f"frame {_beginning(text if isinstance(text, bytes) else text.encode())}")

    def _done(self, text: str) -> None:
        if self.trap.passes(Boundary.ARRIVAL, text) is not None:
            self.trap.spring()


def trapped(kind: type[Dialect], trap: Trap) -> type[Dialect]:
    """The dialect's class, of which the arrivals are boundaries: `make_dialect` takes it."""
    return type(f"Trapped{kind.__name__}", (_TrappedDialect, kind), {"trap": trap})


def _beginning(frame: bytes) -> str:
    return frame[:80].decode("utf-8", "replace")
