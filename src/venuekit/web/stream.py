"""A stream that stays: reconnects with backoff, moves house before it must, subscribes again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NamedTuple

from venuekit import errors
from venuekit.protocol.stream import Channel, StreamPolicy
from venuekit.seams.chance import Chance
from venuekit.seams.clock import Clock
from venuekit.web.backoff import Backoff
from venuekit.web.rate_gate import RateGate
from venuekit.web.stream_connection import StreamConnection, StreamDialect, StreamListener
from venuekit.web.transport import Transport
from venuekit.web.waiting import first_of

__all__ = ["Stream", "StreamServices"]

# The old connection goes on this long beside the new one, so that no difference falls between them.
_OVERLAP_SECONDS = 1.0
# A connection that lived this long was healthy: the next failure starts the backoff anew.
_HEALTHY_SECONDS = 10.0
# Rotate this much before the venue cuts the line, spread by chance so that not all streams move at once.
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


class _Line(NamedTuple):
    """A connection and the task that keeps it."""

    connection: StreamConnection
    task: asyncio.Task[None]


class Stream:
    """One seat for up to `policy.channels_per_connection` channels of one route.

    `connects` counts connections made; `state` says in a word how it stands, `trouble` why it was last lost.
    """

    def __init__(
        self,
        url: str,
        dialect: StreamDialect,
        policy: StreamPolicy,
        listener: StreamListener,
        services: StreamServices,
    ) -> None:
        self.url = url
        self.state = "idle"
        self.trouble = ""
        self.connects = 0
        self._dialect = dialect
        self._policy = policy
        self._listener = listener
        self._services = services
        self._channels: dict[Channel, None] = {}
        # The one that delivers; while moving the one that warms up, and at last the one that closes.
        self._lines: list[_Line] = []
        self._must_move = asyncio.Event()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What it is asked to carry."""
        return tuple(self._channels)

    @property
    def room(self) -> int:
        """How many more channels it can carry."""
        return self._policy.channels_per_connection - len(self._channels)

    def subscribe(self, channels: Iterable[Channel]) -> None:
        """Carry these too, now and after every reconnect."""
        fresh = [channel for channel in channels if channel not in self._channels]
        self._channels.update(dict.fromkeys(fresh))
        for line in self._lines:
            line.connection.subscribe(fresh)

    def unsubscribe(self, channels: Iterable[Channel]) -> None:
        """Stop carrying these."""
        leaving = [channel for channel in channels if channel in self._channels]
        for channel in leaving:
            del self._channels[channel]
        for line in self._lines:
            line.connection.unsubscribe(leaving)

    def resubscribe(self, channels: Iterable[Channel]) -> None:
        """End and begin these subscriptions, to get a fresh snapshot or to wake a silent channel."""
        again = [channel for channel in channels if channel in self._channels]
        for line in self._lines:
            line.connection.unsubscribe(again)
            line.connection.subscribe(again)

    def move(self) -> None:
        """Go over to another connection, make before break: this one is about to end, or does not speak."""
        self._must_move.set()

    async def run(self) -> None:
        """Keep the stream up until cancelled; `listener.lost` hears of every end, this one included."""
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
                self._listener.lost(self.channels, why)
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
        current.connection.deliver()
        try:
            while not current.task.done():
                self.state = "live"
                await self._stay(current)
                if not current.task.done():
                    current = await self._move(current)
            await current.task
        finally:
            await self._close(*self._lines)

    async def _stay(self, line: _Line) -> None:
        """Return when it is time to move, or the line has ended."""
        clock, lifetime = self._services.clock, self._policy.lifetime
        reasons: list[Coroutine[Any, Any, object]] = [self._must_move.wait()]
        if lifetime is not None:
            share = _LIFETIME_USED - 0.05 * self._services.chance.random()
            left = line.connection.opened_at + lifetime * share - clock.monotonic()
            reasons.append(clock.sleep(max(0.0, left)))
        await first_of(*reasons, tasks=(line.task,))

    async def _move(self, old: _Line) -> _Line:
        """Make before break: warm up a second connection, then let it take over in one step."""
        self._must_move.clear()
        self.state = "moving"
        services = self._services
        new = self._open()
        both = (old.task, new.task)
        await first_of(new.connection.ready.wait(), tasks=both)
        if new.connection.ready.is_set():
            await first_of(services.clock.sleep(_OVERLAP_SECONDS), tasks=both)
        if new.task.done() and not old.task.done():
            # The new house is not habitable: stay, and try again a little later.
            await self._close(new)
            wait = services.backoff.wait(2, services.chance)
            await first_of(services.clock.sleep(wait), tasks=(old.task,))
            self._must_move.set()
            return old
        if not new.connection.ready.is_set():
            # The old line went before the new one was ready: what came between is missing.
            unfed = [channel for channel in self._channels if channel not in new.connection.confirmed]
            self._listener.lost(unfed, "the connection ended before its successor was ready")
        if not new.connection.is_leaving:
            self._must_move.clear()
        old.connection.mute()
        self._listener.moved()
        new.connection.deliver()
        await first_of(self._close(old), tasks=(new.task,))
        return new

    def _open(self) -> _Line:
        """Begin a connection; until it is told to deliver, it keeps what it hears."""
        connection = StreamConnection(
            self.url,
            self._dialect,
            self._policy,
            self._listener,
            transport=self._services.transport,
            clock=self._services.clock,
            pace=self._services.message_gate(self._policy),
            on_leaving=self._must_move.set,
        )
        connection.subscribe(self._channels)
        line = _Line(connection, asyncio.create_task(self._admitted(connection), name=f"stream {self.url}"))
        self._lines.append(line)
        return line

    async def _admitted(self, connection: StreamConnection) -> None:
        """Run a connection once the venue's limit of new ones has room for it."""
        gate = self._services.connects
        gate.settle(await gate.reserve({"connects": 1}))
        self.connects += 1
        await connection.run()

    async def _close(self, *lines: _Line) -> None:
        for line in lines:
            line.task.cancel()
        await asyncio.gather(*(line.task for line in lines), return_exceptions=True)
        self._lines = [line for line in self._lines if line not in lines]
