"""Cuts a standard scenario off at each boundary of journal and network, and starts it again.

    python tools/run_crash_points.py [--seed S] [--every N] [--from K] [--jobs J] [--ledger FILE]

Of all points of the scenarios of a seed (some 8,000), every N-th from the K-th on. Prints each that loses or
doubles something, and the sum; exit status 1 if there is one. With `--ledger` the sum is a line more of a
file, which tools/draw_reliability.py puts on its page.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import msgspec

from venuekit.protocol.frozen import Frozen
from venuekit.sim.crash_points import CrashOptions, CrashPoint, crash_points, run_crash_point

RENEWAL = 100
"""Points after which a worker makes room for a new one."""


class Slice(Frozen):
    """What one run did: `points` of `of`, by the moments at which they were cut off; `cost` in seconds."""

    seed: int
    begin: int
    every: int
    points: int
    of: int
    cost: float
    moments: dict[str, int]
    failed: dict[str, str]
    at: str


def main() -> int:
    """Run a slice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="begin")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--ledger", type=Path)
    asked = parser.parse_args()
    points = crash_points(CrashOptions(seeds=(asked.seed,)))
    chosen = points[asked.begin :: asked.every]
    cost, failed = 0.0, {}
    with get_context("spawn").Pool(asked.jobs, maxtasksperchild=RENEWAL) as pool:
        for point, complaints, seconds in pool.imap_unordered(_run, chosen, chunksize=10):
            cost += seconds
            if complaints:
                name = f"{point.moment.name} at {point.text}"
                failed[name] = "; ".join(complaints)
                print(f"{name}: {failed[name]}", flush=True)
    done = Slice(
        seed=asked.seed,
        begin=asked.begin,
        every=asked.every,
        points=len(chosen),
        of=len(points),
        cost=round(cost, 1),
        moments=dict(Counter(point.moment.value for point in chosen)),
        failed=failed,
        at=datetime.now(UTC).date().isoformat(),
    )
    if asked.ledger is not None:
        with asked.ledger.open("ab") as file:
            file.write(msgspec.json.encode(done) + b"\n")
    print(
        f"{done.points:,} of {done.of:,} crash points of seed {done.seed}, {len(failed)} failed, {cost:.0f} s"
    )
    return 1 if failed else 0


def _run(point: CrashPoint) -> tuple[CrashPoint, tuple[str, ...], float]:
    began = time.process_time()
    verdict = run_crash_point(point)
    return point, verdict.complaints, time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
