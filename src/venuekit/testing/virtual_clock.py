"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush

__all__ = ["VirtualClock"]

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
        await self._let_tasks_run()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now = self._sleepers[0][0]
            while self._sleepers and self._sleepers[0][0] <= self._now:
                future = heappop(self._sleepers)[2]
                if not future.done():
                    future.set_result(None)
            await self._let_tasks_run()
        self._now = end
        await self._let_tasks_run()

    def skew(self, seconds: float) -> None:
        """Step the wall clock alone, as a correction of the machine's time does."""
        self._wall_ahead += seconds

    async def _let_tasks_run(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
