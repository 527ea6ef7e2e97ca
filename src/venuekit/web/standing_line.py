"""A connection that stays: comes back with backoff, and moves to a fresh one before it must."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, Self, TypeVar

from venuekit import errors
from venuekit.protocol.rates import RatePool, Scope, Window
from venuekit.protocol.stream import StreamPolicy
from venuekit.seams.chance import Chance
from venuekit.seams.clock import Clock
from venuekit.state.rate_ledger import RateLedger
from venuekit.web.backoff import Backoff
from venuekit.web.rate_gate import RateGate, gate_for
from venuekit.web.transport import Transport
from venuekit.web.waiting import first_of

__all__ = ["Line", "StandingLine", "StreamServices"]

# A connection that lived this long was healthy: the next failure starts the backoff anew.
_HEALTHY_SECONDS = 10.0
# Rotate this much before the venue cuts the line, spread by chance so that not all lines move at once.
_LIFETIME_USED = 0.97


class StreamServices:
    """What every stream of a connector shares."""

    def __init__(
        self,
        *,
        transport: Transport,
        clock: Clock,
        chance: Chance,
        connects: RateGate,
        message_gate: Callable[[StreamPolicy], RateGate],
        backoff: Backoff | None = None,
    ) -> None:
        self.transport = transport
        self.clock = clock
        self.chance = chance
        self.connects = connects
        self.message_gate = message_gate
        self.backoff = backoff or Backoff()

    @classmethod
    def of_host(
        cls, host: str, policy: StreamPolicy, *, transport: Transport, clock: Clock, chance: Chance
    ) -> Self:
        """What the streams of one host share: its connects are counted by `policy` for the whole process."""
        return cls(
            transport=transport,
            clock=clock,
            chance=chance,
            # A rolling window needs no venue's clock, and must not shrink when ours is set.
            connects=gate_for(host, [_connects(policy)], clock, venue_time=clock.monotonic),
            message_gate=lambda policy: RateGate(RateLedger([_messages(policy)]), clock, clock.monotonic),
        )


def _messages(policy: StreamPolicy) -> RatePool:
    return RatePool(
        name="messages",
        limit=policy.messages,
        seconds=policy.messages_seconds,
        scope=Scope.CONNECTION,
        window=Window.ROLLING,
    )


def _connects(policy: StreamPolicy) -> RatePool:
    return RatePool(
        name="connects", limit=policy.connects, seconds=policy.connects_seconds, window=Window.ROLLING
    )


class Connection(Protocol):
    """One session: `run` ends when it is closed or lost.

    `ready` is set when it can do its work; `opened_at` is when it was opened, or begun while it is not open
    yet (monotonic seconds); `is_leaving` says whether its server announced that it will close.
    """

    ready: asyncio.Event
    opened_at: float
    is_leaving: bool

    async def run(self) -> None:
        """Be connected until the end.

        Raises:
            errors.NotSent: no connection was made.
            errors.ConnectionLost: it ended; the text says how.
        """
        ...


C = TypeVar("C", bound=Connection)


class Line(NamedTuple, Generic[C]):
    """A connection and the task that keeps it."""

    connection: C
    task: asyncio.Task[None]


class StandingLine(ABC, Generic[C]):
    """Keeps one connection up, and for a while two when it moves.

    `connects` counts connections made; `state` says in a word how it stands, `trouble` why it was last lost.
    """

    overlap_seconds: ClassVar[float] = 0.0
    """The old connection goes on this long beside the new one before that takes over."""

    def __init__(self, url: str, lifetime: float | None, services: StreamServices) -> None:
        self.url = url
        self.state = "idle"
        self.trouble = ""
        self.connects = 0
        self._lifetime = lifetime
        self._services = services
        # The one that works; while moving the one that warms up, and at last the one that closes.
        self._lines: list[Line[C]] = []
        self._must_move = asyncio.Event()

    @abstractmethod
    def _connection(self) -> C:
        """A new connection, to be begun."""

    @abstractmethod
    def _begun(self, connection: C) -> None:
        """This one works from now on; nobody worked before it."""

    @abstractmethod
    def _taken_over(self, old: C, new: C) -> None:
        """From now on the new one works; it may be the old one that ended before the new one was ready."""

    @abstractmethod
    def _lost(self, why: str) -> None:
        """No connection works any more; the line is coming back by itself."""

    async def _admit(self) -> None:
        """Wait until the venue has room for one more connection."""
        gate = self._services.connects
        gate.settle(await gate.reserve({"connects": 1}))

    async def _retire(self, old: Line[C], new: Line[C]) -> None:
        """End a connection that another one has taken over from."""
        await first_of(self._close(old), tasks=(new.task,))

    def move(self) -> None:
        """Go over to another connection, make before break: this one is about to end, or does not speak."""
        self._must_move.set()

    async def run(self) -> None:
        """Keep the line up until cancelled; every end is told, this one included."""
        services = self._services
        failures = 0
        while True:
            began = services.clock.monotonic()
            self.state, why = "idle", "the stream was stopped"
            try:
                await self._live()
            except (errors.NotSent, errors.OutcomeUnknown) as error:
                self.state, why = "reconnecting", str(error)
            finally:
                self.trouble = why
                self._lost(why)
            failures = 0 if services.clock.monotonic() - began >= _HEALTHY_SECONDS else failures + 1
            # The first reconnect after a healthy time is nearly immediate, so books come back quickly.
            wait = services.backoff.wait(failures, services.chance)
            await services.clock.sleep(
                wait if failures else services.backoff.first * services.chance.random()
            )

    async def _live(self) -> None:
        """Be connected, moving to a new connection whenever it is time, until one is lost."""
        self._must_move.clear()
        current = self._open()
        self._begun(current.connection)
        try:
            while not current.task.done():
                self.state = "live"
                await self._stay(current)
                if not current.task.done():
                    current = await self._move(current)
            await current.task
        finally:
            await self._close(*self._lines)

    async def _stay(self, line: Line[C]) -> None:
        """Return when it is time to move, or the line has ended."""
        clock, lifetime = self._services.clock, self._lifetime
        reasons: list[Coroutine[Any, Any, object]] = [self._must_move.wait()]
        if lifetime is not None:
            share = _LIFETIME_USED - 0.05 * self._services.chance.random()
            left = line.connection.opened_at + lifetime * share - clock.monotonic()
            reasons.append(clock.sleep(max(0.0, left)))
        await first_of(*reasons, tasks=(line.task,))

    async def _move(self, old: Line[C]) -> Line[C]:
        """Make before break: warm up a second connection, then let it take over in one step."""
        self._must_move.clear()
        self.state = "moving"
        services = self._services
        new = self._open()
        both = (old.task, new.task)
        await first_of(new.connection.ready.wait(), tasks=both)
        if new.connection.ready.is_set() and self.overlap_seconds:
            await first_of(services.clock.sleep(self.overlap_seconds), tasks=both)
        if new.task.done() and not old.task.done():
            # The new house is not habitable: stay, and try again a little later.
            await self._close(new)
            wait = services.backoff.wait(2, services.chance)
            await first_of(services.clock.sleep(wait), tasks=(old.task,))
            self._must_move.set()
            return old
        if not new.connection.is_leaving:
            self._must_move.clear()
        self._taken_over(old.connection, new.connection)
        await self._retire(old, new)
        return new

    def _open(self) -> Line[C]:
        """Begin a connection."""
        connection = self._connection()
        line = Line(connection, asyncio.create_task(self._admitted(connection), name=f"stream {self.url}"))
        self._lines.append(line)
        return line

    async def _admitted(self, connection: C) -> None:
        await self._admit()
        self.connects += 1
        await connection.run()

    async def _close(self, *lines: Line[C]) -> None:
        for line in lines:
            line.task.cancel()
        await asyncio.gather(*(line.task for line in lines), return_exceptions=True)
        self._lines = [line for line in self._lines if line not in lines]
