"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from typing import TypeVar

__all__ = ["VirtualClock"]

T = TypeVar("T")

_TURNS = 50
"""Turns of the loop that tasks get at each moment: a chain of tasks that wake one another needs one each."""


class VirtualClock:
    """A `seams.clock.Clock` under a test's hand, for tests on an ordinary event loop.

    `start` is the wall time at the beginning, in seconds since 1970; monotonic time begins at zero.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._wall_ahead = start
        self._now = 0.0
        self._count = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def time(self) -> float:
        """Seconds since 1970, the skew included."""
        return self._wall_ahead + self._now

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self._now

    @property
    def sleeping(self) -> int:
        """How many sleep now."""
        return sum(not future.done() for _, _, future in self._sleepers)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far; zero or less gives the loop one turn."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        self._count += 1
        heappush(self._sleepers, (self._now + seconds, self._count, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move on, waking sleepers in order of time, and those of one moment in order of falling asleep.

        Tasks run before the first step and after each one, at the time for which they asked, and may go to
        sleep again within the span.

        Raises:
            ValueError: `seconds` is negative; `skew` steps the wall clock back.
        """
        if seconds < 0:
            raise ValueError("time moves on; use skew to step the wall clock back")
        end = self._now + seconds
        await self.settle()
        while (due := self._next()) is not None and due <= end:
            await self._move_to(due)
        self._now = end
        await self.settle()

    async def run(self, main: Awaitable[T], within: float = 60.0) -> T:
        """Move on from sleeper to sleeper until something has ended, and give back its result.

        Raises:
            AssertionError: it had not ended `within` so many seconds of this clock, or nobody sleeps and it
                still waits; it is cancelled then.
        """
        task = asyncio.ensure_future(main)
        try:
            await self.until(task.done, f"{main!r} to end", within)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        return task.result()

    async def until(self, is_so: Callable[[], bool], what: str, within: float = 60.0) -> None:
        """Move on from sleeper to sleeper until something is so; not at all where it is so already.

        Raises:
            AssertionError: it was not so `within` so many seconds of this clock, or nobody sleeps.
        """
        end = self._now + within
        await self.settle()
        while not is_so():
            due = self._next()
            if due is None:
                raise AssertionError(f"waited for {what}, and nothing is left that time could change")
            if due > end:
                raise AssertionError(f"waited {within:g} s of the virtual clock for {what}")
            await self._move_to(due)

    def skew(self, seconds: float) -> None:
        """Step the wall clock alone, as a correction of the machine's time does."""
        self._wall_ahead += seconds

    async def settle(self) -> None:
        """Let tasks run as far as they get at this moment."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    def _next(self) -> float | None:
        """When the next sleeper is due."""
        while self._sleepers and self._sleepers[0][2].done():
            heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def _move_to(self, moment: float) -> None:
        self._now = moment
        while self._sleepers and self._sleepers[0][0] <= moment:
            future = heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)
        await self.settle()
