"""A connector that runs: start and stop, its tasks, the venue's clock, the network, readiness."""

from __future__ import annotations

import asyncio
import math
from abc import abstractmethod
from functools import partial
from types import TracebackType
from typing import ClassVar, Self

from venuekit import errors
from venuekit.connector.connector_base import ConnectorBase
from venuekit.connector.supervision import LoopHealth, Supervisor
from venuekit.model.events import NetworkStatusEvent, VenuekitEvent
from venuekit.model.market import NetworkStatus
from venuekit.seams import chance as chances
from venuekit.seams.chance import Chance
from venuekit.seams.clock import Clock, SystemClock
from venuekit.state.clock_offset import ClockOffset
from venuekit.web.waiting import first_of

__all__ = ["RunningConnector"]

_CLOCK_LOOP = "server clock"


class RunningConnector(ConnectorBase):
    """The life of a connector: one runner task owns all others. Intervals are seconds.

    `async with` starts it, waits up to `ready_within` seconds until it is ready, and stops it. What runs
    between is said by `_open` (before anything else), `_start_loops` (the tasks) and `_close` (at the end).
    """

    network_interval: ClassVar[float] = 10.0
    clock_interval: ClassVar[float] = 300.0

    def __init__(
        self,
        name: str,
        *,
        ready_within: float = 30.0,
        clock: Clock | None = None,
        chance: Chance | None = None,
    ) -> None:
        super().__init__()
        self.name = name
        self.ready_within = ready_within
        self.clock: Clock = clock or SystemClock()
        self.offset = ClockOffset()
        self._measured_at = -math.inf
        self._earliest_venue_time = partial(_earliest_venue_time, self.clock, self.offset)
        self._chance = chance or chances.unseeded()
        self._supervisor = Supervisor(self.clock, self._chance)
        self._runner: asyncio.Task[None] | None = None

    # What a connector says of itself.

    @abstractmethod
    async def server_time(self) -> float:
        """The venue's clock, in seconds since 1970."""

    async def _open(self) -> None:
        """Get what must be there before the loops run; where it raises, `start` does."""

    def _start_loops(self) -> None:
        """The loops, each under its name; who adds some calls this first."""
        run = self._supervisor.repeat
        run("network check", self._check_network, lambda: self.network_interval)
        run(_CLOCK_LOOP, self.measure_clock, lambda: self.clock_interval)

    async def _close(self) -> None:
        """Give back what `_open` took; called once, after all tasks have ended."""

    async def _say_goodbye(self) -> None:
        """What is to be done while everything still runs, before a stop."""

    # Life.

    async def __aenter__(self) -> Self:
        await self.start()
        try:
            await self.wait_until_ready(self.ready_within)
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begin, and return once the connector's tasks run.

        Raises:
            errors.UnknownPair: a pair that the venue does not list, or does not list as this kind.
            errors.AuthenticationFailed: the venue does not accept the key or its signature.
            errors.JournalUnusable: what the account did cannot be remembered; the class says why.
            errors.VenuekitError: what it needs first could not be had: no connection, refused, unreadable.
            errors.UsageError: it is started already.
            errors.NotReady: it was stopped meanwhile.
        """
        if self._runner is not None:
            raise errors.UsageError(f"{self.name} is started already")
        started = asyncio.Event()
        runner = self._runner = asyncio.create_task(self._run(started), name=f"connector {self.name}")
        try:
            await first_of(started.wait(), tasks=(runner,))
        except asyncio.CancelledError:
            await self.stop()
            raise
        if started.is_set():
            return
        await self.stop()
        if runner.cancelled():
            raise errors.NotReady(f"{self.name} was stopped while it was starting")
        await runner

    async def stop(self) -> None:
        """End all tasks and connections, and wait until they have ended. The books stay, not live.

        Whatever keeps it from finishing what is under way, a cancelled caller included: the rest it ends.
        """
        runner = self._runner
        try:
            if self._supervisor.is_running:
                await self._say_goodbye()
        finally:
            await self._end(runner)

    async def _end(self, runner: asyncio.Task[None] | None) -> None:
        """End the runner with all its tasks, then close."""
        try:
            if runner is not None:
                self._supervisor.release()
                runner.cancel()
                await asyncio.wait((runner,))
        finally:
            if self._runner is runner:  # or else another stop was quicker, and it may be started again by now
                self._runner = None
                await self._close()
                self._set_network(NetworkStatus.STOPPED)

    async def _run(self, started: asyncio.Event) -> None:
        """Everything between start and stop: its tasks are in one group, which ends with it."""
        failure: Exception | None = None
        try:
            await self._open()
            async with asyncio.TaskGroup() as group:
                await self._supervisor.own(group)
                self._start_loops()
                started.set()
        except* errors.VenuekitError as found:
            # Where the loops could not begin, the group of tasks makes a group of the reason.
            failure = found.exceptions[0]
        finally:
            self._supervisor.release()
        if failure is not None:
            raise failure

    async def wait_until_ready(self, seconds: float) -> None:
        """Wait until `ready`.

        Raises:
            errors.NotReady: it did not become so in time; the text says what is missing and why.
        """
        deadline = self.clock.monotonic() + seconds
        while not self.ready:
            if self.clock.monotonic() >= deadline:
                raise errors.NotReady(f"{self.name} is not ready after {seconds:g} s: {self._missing()}")
            await self.clock.sleep(0.02)

    def _missing(self) -> str:
        """What readiness lacks, in words."""
        return ", ".join(name for name, is_there in self.status_dict.items() if not is_there)

    @property
    def health(self) -> dict[str, LoopHealth]:
        """Every loop by name, with its failures and last error."""
        return self._supervisor.health

    # Network and clock.

    def venue_time(self) -> float:
        """The venue's time now, in seconds, as well as it is known."""
        return self.offset.venue_time(self.clock.time())

    async def check_network(self) -> NetworkStatus:
        """Ask the venue for a sign of life."""
        try:
            await self.server_time()
        except (errors.NotSent, errors.Refused, errors.OutcomeUnknown):
            return NetworkStatus.NOT_CONNECTED
        return NetworkStatus.CONNECTED

    async def _check_network(self) -> None:
        if self._clock_was_stepped():
            self._supervisor.hurry(_CLOCK_LOOP)
        self._set_network(await self.check_network())

    async def measure_clock(self) -> None:
        """Ask for the venue's time, and learn from the answer by how much our clock differs."""
        self._clock_was_stepped()
        sent_at = self.clock.time()
        server_time = await self.server_time()
        received_at = self.clock.time()
        if not self._clock_was_stepped():
            self.offset.add(sent_at, received_at, server_time)
            self._measured_at = self.clock.monotonic()

    def clock_refused(self, signed_at: float) -> None:
        """The venue did not take our idea of its time as of `signed_at` (monotonic): forget it, and ask.

        One that was replaced since says nothing against the present one: where questions follow each other
        closely, their refusals would have each new measurement forgotten as soon as it is there.
        """
        if signed_at < self._measured_at:
            return
        self.offset.forget()
        self._supervisor.hurry(_CLOCK_LOOP)

    def _clock_was_stepped(self) -> bool:
        """Whether this machine's clock was set, or the machine slept: then the offset is forgotten."""
        return self.offset.watch(self.clock.time(), self.clock.monotonic())

    def _set_network(self, status: NetworkStatus) -> None:
        if status is not self.network_status:
            self.network_status = status
            event = NetworkStatusEvent(timestamp=self.clock.time(), status=status)
            self.tell(VenuekitEvent.NetworkStatus, event)


def _earliest_venue_time(clock: Clock, offset: ClockOffset) -> float:
    """The venue's time, rather late than early: a rate window must not be taken for new before it is.

    A host's gate outlives the connectors that it counts, and asks here: so it holds no connector.
    """
    doubt = offset.error if offset.is_known else 0.0
    return offset.venue_time(clock.time()) - doubt
