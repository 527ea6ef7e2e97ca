"""Many worlds, in several processes, and what came out of all of them together."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from venuekit.sim.options import Profile, Weather, options_of
from venuekit.sim.verdict import Violation
from venuekit.sim.worker import STANDARD, Job, Report
from venuekit.sim.worker_process import WorkerProcess

__all__ = ["LONG_RUN", "RENEWAL", "UNREPEATABLE", "Campaign", "Totals", "compared", "jobs_of", "seldom"]

RENEWAL = 50
"""Worlds after which a worker makes room for a new one, so that memory stays flat."""
UNREPEATABLE = "DIGEST"
"""The invariant that a seed breaks whose second run leaves another trace."""
LONG_RUN = 300
"""Worlds from which on each kind of fault has to have fired."""
_WORLDS_A_FIRING = 100
"""Each kind of fault fires once in so many worlds at least."""


class Totals:
    """The sum of many reports. Times are in seconds, `cost` on a processor; `compared` counts second runs."""

    def __init__(self) -> None:
        self.worlds = 0
        self.seconds = 0.0
        self.cost = 0.0
        self.real = 0.0
        self.compared = 0
        self.memory = 0
        self.fired: Counter[str] = Counter()
        self.figures: Counter[str] = Counter()
        self.failed: list[Report] = []

    @property
    def speed(self) -> float:
        """How many times as fast as real time the worlds ran, on one core."""
        return self.seconds / self.cost if self.cost else 0.0

    def add(self, report: Report) -> None:
        """Count one world."""
        self.worlds += 1
        self.seconds += report.seconds
        self.cost += report.cost
        self.memory = max(self.memory, report.memory)
        self.fired.update(report.fired)
        self.figures.update(report.figures)
        if not report.is_sound:
            self.failed.append(report)


class Campaign:
    """Runs worlds in `workers` processes; `totals` is what came of them so far.

    `tell` is called with each report as it comes. Whenever a worker is renewed, its last world is run again
    by its successor, which has another hash seed: two digests are a violation of `UNREPEATABLE`.
    """

    def __init__(
        self,
        *,
        workers: int = 2,
        entry: str = STANDARD,
        patience: float = 120.0,
        renewal: int = RENEWAL,
        tell: Callable[[Report], None] = lambda _: None,
    ) -> None:
        self.totals = Totals()
        self._workers = workers
        self._entry = entry
        self._patience = patience
        self._renewal = renewal
        self._tell = tell

    async def run(self, jobs: Iterable[Job], *, until: float | None = None) -> Totals:
        """Run all of them, or those that were begun `until` a moment of the monotonic clock."""
        began = time.monotonic()
        left = _before(until, iter(jobs))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._workers):
                    group.create_task(self._work(left))
        finally:
            self.totals.real += time.monotonic() - began
        return self.totals

    async def _work(self, jobs: Iterator[Job]) -> None:
        worker = WorkerProcess(entry=self._entry, patience=self._patience)
        try:
            for job in jobs:
                report = await worker.run(job)
                if worker.done >= self._renewal:
                    await worker.stop()
                    report = compared(report, await worker.run(job))
                    self.totals.compared += 1
                self.totals.add(report)
                self._tell(report)
        finally:
            await worker.stop()


def _before(until: float | None, jobs: Iterator[Job]) -> Iterator[Job]:
    for job in jobs:
        if until is not None and time.monotonic() >= until:
            return
        yield job


def compared(report: Report, again: Report) -> Report:
    """A report after a second run of the same world: another trace is one violation more."""
    if report.digest == again.digest:
        return report
    said = f"one run left the trace {report.digest}, the next one {again.digest or again.violations[0].text}"
    odd = Violation(invariant=UNREPEATABLE, time=0.0, text=said)
    return Report(
        options=report.options,
        violations=(*report.violations, odd),
        plan=report.plan,
        digest=report.digest,
        seconds=report.seconds,
        fired=report.fired,
        figures=report.figures,
        cost=report.cost,
        memory=report.memory,
    )


def jobs_of(
    seeds: Iterable[int],
    *,
    venue: str,
    profile: Profile,
    weather: Weather | None,
    seconds: float,
    strategy: str = "",
) -> Iterator[Job]:
    """A world for each seed; without a weather, each seed has its own."""
    weathers = list(Weather)
    for seed in seeds:
        own = weathers[seed % len(weathers)] if weather is None else weather
        options = options_of(seed, venue=venue, profile=profile, weather=own, seconds=seconds)
        yield Job(options=options, strategy=strategy)


def seldom(totals: Totals, kinds: Sequence[str]) -> dict[str, int]:
    """The kinds of faults that fired too seldom for a run as long as this, and how often they did."""
    if totals.worlds < LONG_RUN:
        return {}
    least = totals.worlds // _WORLDS_A_FIRING
    return {kind: totals.fired[kind] for kind in kinds if totals.fired[kind] < least}
