"""The event loop of one life of a simulated host."""

from __future__ import annotations

import asyncio
from asyncio import Future, Handle, Task, TimerHandle
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextvars import Context
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from venuekit.sim.kernel import Alarm, Spinning

if TYPE_CHECKING:
    from venuekit.sim.host import Host

__all__ = ["HostLoop"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_HANDLE_SECONDS = 20e-6
"""What one callback takes: an await that is resumed costs CPython 5 to 50 us."""
_SPIN = 400_000
"""Callbacks within ten seconds that nobody needs: at 20 us each they are eight seconds of work."""
_EXECUTOR_SECONDS = 0.002
"""The longest that a thread takes to begin."""


class _Numbered:
    """Hashes by a number of its loop, where other tasks and futures hash by their address."""

    _number: int

    def __hash__(self) -> int:
        try:
            return self._number
        except AttributeError:
            # Asked for before `__init__` has returned: asyncio registers a task in a set of them all.
            self._number = self.get_loop().next_number()  # type: ignore[attr-defined]
            return self._number


class HostTask(_Numbered, Task[Any]):
    """A task as others, but for its hash: a task group cancels its tasks in the order of a set."""


class HostFuture(_Numbered, Future[Any]):
    """A future as others, but for its hash."""


class _Timer(TimerHandle):
    """A timer and the alarm that it waits for."""

    alarm: Alarm | None = None


class HostLoop(asyncio.AbstractEventLoop):
    """asyncio on virtual time: callbacks in order, tasks that woke in one turn in an order of the seed.

    What it cannot do (watch file descriptors, run processes) raises `NotImplementedError`.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.kernel = host.kernel
        self.is_dead = False
        self._ready: deque[Handle] = deque()
        self._is_awake = False
        self._numbers = 0
        self._order = self.kernel.chance(f"order of {host.name} {host.life}")
        self._threads = self.kernel.chance(f"threads of {host.name} {host.life}")
        self._handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None = None
        self._factory: Any = None
        self._generators: dict[int, AsyncGenerator[Any, Any]] = {}
        self._graveyard: list[object] = []
        self._counted_since = 0.0
        self._counted = 0

    # Callbacks.

    def time(self) -> float:
        """The host's monotonic clock, in seconds."""
        return self.host.clock.monotonic()

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Handle:
        """Run a callback in the next turn."""
        handle = Handle(callback, args, self, context)
        if not self.is_dead:
            self._ready.append(handle)
            self._wake()
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> TimerHandle:
        """Run a callback so many seconds of this host's clock from now."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> TimerHandle:
        """Run a callback at a moment of this host's clock."""
        timer = _Timer(when, callback, args, self, context)
        if not self.is_dead:
            self._arm(timer)
        return timer

    def _arm(self, timer: _Timer) -> None:
        moment = self.host.clock.true_moment(timer.when())
        timer.alarm = self.kernel.at(moment, lambda: self._ring(timer), self.host)

    def _ring(self, timer: _Timer) -> None:
        if self.time() < timer.when() - 1e-9:
            self._arm(timer)  # the clock was slowed down meanwhile
            return
        self.run_now(timer)

    def _timer_handle_cancelled(self, handle: TimerHandle) -> None:
        """What asyncio calls when a timer is cancelled."""
        if isinstance(handle, _Timer) and handle.alarm is not None:
            handle.alarm.cancel()

    # Turns.

    def run_now(self, handle: Handle) -> None:
        """Run a callback for what happened outside, behind all that is ready; as a turn of the host."""
        self._ready.append(handle)
        self._run_turn()

    def _wake(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            kernel = self.kernel
            kernel.at(max(kernel.now, self.host.busy_until), self._awoken, self.host)

    def _awoken(self) -> None:
        self._is_awake = False
        self._run_turn()

    def _run_turn(self) -> None:
        """Run what is ready now; what becomes ready meanwhile waits for the next turn."""
        ready = self._ready
        is_awake, self._is_awake = self._is_awake, True  # one alarm when the turn is over, and none before
        batch = [ready.popleft() for _ in range(len(ready))]
        if len(batch) > 1:
            self._shuffle(batch)
        self._count(len(batch))
        spend = self.kernel.spend
        for handle in batch:
            if not handle._cancelled:  # noqa: SLF001 - as asyncio's own loops do
                handle._run()  # noqa: SLF001 - as above
                spend(_HANDLE_SECONDS)
                if self.is_dead:
                    self._graveyard.append(batch)
                    return
        extra = self.host.slowness()
        if extra:
            spend(extra)
        self._is_awake = is_awake
        if ready:
            self._wake()

    def _shuffle(self, batch: list[Handle]) -> None:
        """Put tasks that woke one after another in another order; callbacks keep the order asyncio promises.

        No task moves past a callback: a server's task that was woken for a request runs before the callback
        that tells of the connection's end, and libraries rely on it.
        """
        if self._order.random() >= self.host.shuffles:
            return
        for is_run, places in groupby(range(len(batch)), lambda place: _is_of_task(batch[place])):
            if is_run:
                run = list(places)
                tasks = [batch[place] for place in run]
                self._order.shuffle(tasks)
                batch[run[0] : run[-1] + 1] = tasks

    def _count(self, callbacks: int) -> None:
        self._counted += callbacks
        if self._counted > _SPIN:
            if self.kernel.now - self._counted_since < 10.0:
                raise Spinning(f"{self.host.name} ran {self._counted} callbacks in less than 10 s")
            self._counted, self._counted_since = 0, self.kernel.now

    # Tasks and futures.

    def next_number(self) -> int:
        """The next of the numbers by which tasks and futures hash."""
        self._numbers += 1
        return self._numbers

    def create_future(self) -> Future[Any]:
        """A future of this loop."""
        return HostFuture(loop=self)

    def create_task(
        self,
        coro: Any,
        *,
        name: str | None = None,
        context: Context | None = None,
        **options: Any,
    ) -> Task[Any]:
        """Run a coroutine as a task."""
        if self._factory is not None:
            made: Task[Any] = self._factory(self, coro, context=context, **options)
            return made
        return HostTask(coro, loop=self, name=name, context=context, **options)

    def set_task_factory(self, factory: Any) -> None:
        """Let something else make the tasks."""
        self._factory = factory

    def get_task_factory(self) -> Any:
        """What makes the tasks; None: this loop."""
        return self._factory

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> Future[T]:  # noqa: ARG002 - no threads here
        """Call a function a little later, in a turn of this host: there are no threads in a world."""
        seconds = self._threads.uniform(0.0, _EXECUTOR_SECONDS)

        async def thread() -> T:
            await asyncio.sleep(seconds)
            return func(*args)

        return self.create_task(thread())

    def set_default_executor(self, executor: Any) -> None:
        """There are no threads, so none is kept."""

    # Asynchronous generators.

    def asyncgen_born(self, generator: AsyncGenerator[Any, Any]) -> None:
        """Remember a generator that has begun, so that a killed host keeps it."""
        self._generators[id(generator)] = generator

    def asyncgen_dropped(self, generator: AsyncGenerator[Any, Any]) -> None:
        """Close a generator that nobody holds."""
        self._generators.pop(id(generator), None)
        if not self.is_dead:
            self.call_soon(self.create_task, generator.aclose())

    async def shutdown_asyncgens(self) -> None:
        """Close what has begun and not ended."""
        generators = list(self._generators.values())
        self._generators.clear()
        for generator in generators:
            await generator.aclose()

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Nothing to end."""

    # Errors.

    def get_exception_handler(self) -> Any:
        """Who hears of errors that nobody caught; None: the world."""
        return self._handler

    def set_exception_handler(self, handler: Any) -> None:
        """Let somebody else hear of errors that nobody caught."""
        self._handler = handler

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Tell of an error that nobody caught."""
        if self.is_dead:
            return
        if self._handler is None:
            self.default_exception_handler(context)
        else:
            self._handler(self, context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Let the world know."""
        error = context.get("exception")
        words = f"{type(error).__name__}: {error}" if error is not None else ""
        self.kernel.complaints.append(f"{self.host.name}: {context.get('message')} {words}".rstrip())

    # Life.

    def die(self) -> None:
        """Run nothing more, and hold on to everything: no `finally` of this life may ever run."""
        self._graveyard += [asyncio.all_tasks(self), list(self._ready), list(self._generators.values())]
        self.is_dead = True
        self._ready.clear()

    def bury(self) -> None:
        """Let go of a dead life: what its coroutines do now is heard by nobody."""
        self._graveyard.clear()
        self._generators.clear()

    def is_running(self) -> bool:
        """Whether a turn of this loop is being run."""
        return self.kernel.current is self.host and self.host.loop is self

    def is_closed(self) -> bool:
        """Whether its life is over."""
        return self.is_dead

    def close(self) -> None:
        """The host ends it, nobody else."""

    def stop(self) -> None:
        """The host ends it, nobody else."""

    def get_debug(self) -> bool:
        """Never: debugging costs time and changes nothing."""
        return False

    def set_debug(self, enabled: bool) -> None:
        """Heard and ignored."""

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """Nobody sends signals here."""

    def remove_signal_handler(self, sig: int) -> bool:  # noqa: ARG002 - asyncio's
        """Nobody sends signals here."""
        return False

    # The network.

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """Ask the world's name service."""
        return await self.kernel.network.getaddrinfo(self, host, port, **options)

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Connect a socket that was made for it and is never used."""
        await self.kernel.network.sock_connect(self, sock, address)

    async def create_connection(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        """Open a connection over the world's network."""
        return await self.kernel.network.create_connection(self, protocol_factory, *args, **options)

    async def create_server(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        """Listen on the world's network."""
        return await self.kernel.network.create_server(self, protocol_factory, *args, **options)


def _is_of_task(handle: Handle) -> bool:
    callback = handle._callback  # type: ignore[attr-defined]  # noqa: SLF001 - which task it wakes is said nowhere else
    return isinstance(getattr(callback, "__self__", None), Task)


def new_life(host: Host, main: Callable[[], Coroutine[Any, Any, None]]) -> tuple[HostLoop, Task[None]]:
    """A loop for a host, and the task in which its program runs."""
    # What it cannot do it inherits, and that raises; mypy takes it for abstract.
    loop = HostLoop(host)  # type: ignore[abstract]
    return loop, loop.create_task(main(), name=f"{host.name} {host.life}")
