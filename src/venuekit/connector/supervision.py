"""Loops that stay up and listeners that cannot break each other: the only `except Exception` of venuekit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from venuekit import errors
from venuekit.seams.chance import Chance
from venuekit.seams.clock import Clock
from venuekit.web.backoff import Backoff
from venuekit.web.waiting import first_of

__all__ = ["LoopHealth", "Supervisor", "publish"]

E = TypeVar("E")

log = logging.getLogger("venuekit")


class LoopHealth:
    """How one loop stands: `failures` in a row, `total` ever, `last_error` in words, None after a success."""

    __slots__ = ("failures", "last_error", "name", "total")

    def __init__(self, name: str) -> None:
        self.name = name
        self.failures = 0
        self.total = 0
        self.last_error: str | None = None

    def failed(self, error: Exception) -> None:
        """Count a failure."""
        self.failures += 1
        self.total += 1
        self.last_error = f"{type(error).__name__}: {error}"

    def succeeded(self) -> None:
        """Forget the failures in a row."""
        self.failures = 0
        self.last_error = None


# A loop that ran this long was healthy: its next failure is the first in a row.
_HEALTHY_SECONDS = 60.0


class Supervisor:
    """Owns the tasks of one connector; `health` shows every loop that has failed or may fail."""

    def __init__(self, clock: Clock, chance: Chance, backoff: Backoff | None = None) -> None:
        self.health: dict[str, LoopHealth] = {}
        self._clock = clock
        self._chance = chance
        self._backoff = backoff or Backoff()
        self._group: asyncio.TaskGroup | None = None
        self._hurried: dict[str, asyncio.Event] = {}

    @property
    def is_running(self) -> bool:
        """Whether tasks can be started now."""
        return self._group is not None

    async def own(self, group: asyncio.TaskGroup) -> None:
        """Start tasks in this group from now on."""
        self._group = group
        await asyncio.sleep(0)

    def release(self) -> None:
        """Start no more tasks: the group is about to end, or has ended."""
        self._group = None

    def run(
        self, name: str, loop: Callable[[], Awaitable[None]], seconds_before: float = 0.0
    ) -> asyncio.Task[None]:
        """Run a loop for ever under a name: when it raises it is counted, reported and begun again.

        Raises:
            errors.NotReady: the connector is not started, or stopped.
        """
        if self._group is None:
            raise errors.NotReady("the connector is not started")
        return self._group.create_task(self._forever(name, loop, seconds_before), name=name)

    def repeat(
        self,
        name: str,
        step: Callable[[], Awaitable[None]],
        seconds: Callable[[], float],
        *,
        seconds_before_first: float = 0.0,
    ) -> asyncio.Task[None]:
        """Run a step at once and then every so many seconds; failures come again sooner, with backoff.

        A step that need not come at once says so by `seconds_before_first`.
        """
        hurried = self._hurried[name] = asyncio.Event()

        async def loop() -> None:
            while True:
                hurried.clear()
                await step()
                self.health[name].succeeded()
                await first_of(hurried.wait(), self._clock.sleep(seconds()))

        return self.run(name, loop, seconds_before_first)

    def hurry(self, name: str) -> None:
        """Let a repeated step come now, or once more if it is under way."""
        if name in self._hurried:
            self._hurried[name].set()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something once, `seconds` from now, unless the connector stops before."""

        async def wait() -> None:
            await self._clock.sleep(seconds)
            try:
                action()
            except Exception:
                # One that got out of here would take the whole group of tasks along.
                log.exception("something that was to be done later failed")

        if self._group is not None:
            self._group.create_task(wait())

    def once(self, name: str, step: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Do something once, as a task of its own; where it raises, that is counted and reported.

        Raises:
            errors.NotReady: the connector is not started, or stopped.
        """
        if self._group is None:
            raise errors.NotReady("the connector is not started")
        return self._group.create_task(self._once(name, step), name=name)

    async def _once(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Exception as error:
            health = self.health.setdefault(name, LoopHealth(name))
            health.failed(error)
            expected = isinstance(error, errors.VenuekitError)
            log.log(
                logging.WARNING if expected else logging.ERROR,
                "%s failed: %s",
                name,
                health.last_error,
                exc_info=None if expected else error,
            )

    def health_of(self, name: str) -> LoopHealth:
        """How one thing stands, entered under its name if it is new."""
        return self.health.setdefault(name, LoopHealth(name))

    def forget(self, name: str) -> None:
        """Drop a loop's health: it has ended on purpose."""
        self.health.pop(name, None)
        self._hurried.pop(name, None)

    async def _forever(self, name: str, loop: Callable[[], Awaitable[None]], seconds_before: float) -> None:
        health = self.health.setdefault(name, LoopHealth(name))
        if seconds_before > 0:
            await self._clock.sleep(seconds_before)
        while True:
            began = self._clock.monotonic()
            try:
                await loop()
            except Exception as error:
                if self._clock.monotonic() - began >= _HEALTHY_SECONDS:
                    health.succeeded()
                is_first = health.failures == 0
                health.failed(error)
                expected = isinstance(error, errors.VenuekitError)
                if is_first or not expected:
                    # One line a state, not a line an attempt: a venue that is down must not flood the log.
                    log.warning(
                        "%s failed: %s", name, health.last_error, exc_info=None if expected else error
                    )
                await self._clock.sleep(self._backoff.wait(health.failures - 1, self._chance))


def publish(
    listeners: Iterable[Callable[[E], None]], event: E, on_error: Callable[[Exception], None]
) -> None:
    """Hand an event to each listener; one that raises does not keep the others from hearing it."""
    for listener in listeners:
        try:
            listener(event)
        except Exception as error:
            log.exception("a listener failed on %s", type(event).__name__)
            on_error(error)
