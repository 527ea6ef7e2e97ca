"""A process that runs worlds one by one: jobs come on stdin and reports leave on stdout, a line each."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from venuekit import errors
from venuekit.protocol.frozen import Frozen
from venuekit.sim import timeline
from venuekit.sim.disturbance import Disturbance
from venuekit.sim.options import WorldOptions
from venuekit.sim.verdict import Verdict, Violation

__all__ = [
    "READY",
    "STANDARD",
    "Job",
    "Report",
    "Simulate",
    "function_named",
    "main",
    "report_on",
    "run_world",
]

STANDARD = "venuekit.sim.world:simulate"
"""Where workers find the function that runs a world: MODULE:FUNCTION."""

READY = b"ready\n"
"""A worker's first line."""

Simulate = Callable[..., Verdict]
"""`simulate(options, plan, keeps_trace=…)`, as in `venuekit.sim.world`."""

_KIBIBYTE = 1 if sys.platform == "darwin" else 1024
"""What the peak of the resident memory is counted in."""


class Job(Frozen):
    """A world to run. Where `timeline` is a path, a page about it is written there, with `replay` on it.

    `strategy` is MODULE:FUNCTION of a strategy to run in place of the standard one.
    """

    options: WorldOptions
    plan: tuple[Disturbance, ...] | None = None
    strategy: str = ""
    timeline: str | None = None
    replay: str = ""


class Report(Frozen):
    """A verdict without its trace, and what it cost.

    `cost` is processor time and `seconds` what passed in the world, both in seconds; `memory` is the most
    that the process ever held, in bytes.
    """

    options: WorldOptions
    violations: tuple[Violation, ...]
    plan: tuple[Disturbance, ...] = ()
    digest: str = ""
    seconds: float = 0.0
    fired: dict[str, int] = {}
    figures: dict[str, int] = {}
    cost: float = 0.0
    memory: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether every invariant held."""
        return not self.violations


def report_on(job: Job, simulate: Simulate) -> Report:
    """Run one world in this process.

    Raises:
        OSError: the page could not be written.
    """
    before = time.process_time()
    verdict = run_world(job, simulate)
    cost = time.process_time() - before
    if job.timeline is not None:
        Path(job.timeline).write_text(timeline.page(verdict, replay=job.replay), encoding="utf-8")
    return Report(
        options=job.options,
        violations=verdict.violations,
        plan=verdict.plan,
        digest=verdict.digest,
        seconds=verdict.seconds,
        fired=verdict.fired,
        figures=verdict.figures,
        cost=cost,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE,
    )


def run_world(job: Job, simulate: Simulate) -> Verdict:
    """Run one world in this process; its trace is kept if a page is to be made of it."""
    own = {"strategy": function_named(job.strategy)} if job.strategy else {}
    return simulate(job.options, job.plan, keeps_trace=job.timeline is not None, **own)


def function_named(entry: str) -> Callable[..., Any]:
    """The function at MODULE:FUNCTION.

    Raises:
        errors.InvalidConfiguration: there is none.
    """
    module, _, name = entry.partition(":")
    try:
        found: Callable[..., Any] = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise errors.InvalidConfiguration(f"{entry!r} is no MODULE:FUNCTION: {error}") from None
    return found


def main(arguments: list[str]) -> None:
    """Say that all is loaded, and work until stdin ends."""
    simulate = function_named(arguments[0] if arguments else STANDARD)
    # What a world prints is no report.
    reports = os.dup(1)
    os.dup2(2, 1)
    os.write(reports, READY)
    for line in sys.stdin.buffer:
        report = report_on(msgspec.json.decode(line, type=Job), simulate)
        with os.fdopen(os.dup(reports), "wb") as stdout:
            stdout.write(msgspec.json.encode(report) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
