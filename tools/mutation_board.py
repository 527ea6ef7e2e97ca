"""Plants each bug of tests/mutation/bugs and runs seeds until one of them finds it.

    python tools/mutation_board.py [--only WORDS]... [--first N] [--last N] [--seeds N] [--jobs N]
    python tools/mutation_board.py --report        write docs/MUTATIONS.md anew from what is known

A bug is in the memory of a process of its own. What a run found is kept in tests/mutation/found.json: a bug
that was found is left alone, one that was not goes on behind its last seed. A seed with which the sound code
fails, too, finds nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tests.mutation.ledger import BEGIN, END, Finding, Ledger, page  # noqa: E402
from tests.mutation.planting import Bug, bugs, plant  # noqa: E402

FOUND = ROOT / "tests" / "mutation" / "found.json"
PAGE = ROOT / "docs" / "MUTATIONS.md"
SOUND = "-"
"""In place of a bug: the code as it is."""
HANGS, RAISES = "hangs", "raises"
"""What is said in place of an invariant where the world did not end, or ended with an error."""
_TROUBLES = (30, 12)
"""The least that goes wrong in a world of an even seed, and in one of an odd seed."""
_PATIENCE = 120.0
"""Seconds of this machine that one world may take."""


def main(arguments: Sequence[str]) -> int:
    """Run the board, or one worker of it."""
    wanted = _wanted(arguments)
    if wanted.work is not None:
        return work(wanted)
    board = [bug for bug in bugs()[wanted.first : wanted.last] if _is_meant(bug, wanted.only)]
    if not board:
        print("no bug is meant by that")
        return 2
    ledger = Ledger(FOUND)
    if not wanted.report:
        asyncio.run(_Board(board, ledger, wanted).run())
    _write_page(page(bugs(), ledger, 2000))
    left = [bug for bug in board if not ledger.of(bug).is_found]
    print(f"{len(board) - len(left)} of {len(board)} found" + "".join(f"\n  not {bug.key}" for bug in left))
    return 1 if left else 0


def _wanted(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", default=[], help="bugs or incidents named like this")
    parser.add_argument("--first", type=int, default=0, help="begin with this bug of the board, from 0")
    parser.add_argument("--last", type=int, default=None, help="end before this one")
    parser.add_argument("--seeds", type=int, default=2000, help="seeds for each bug, those before included")
    parser.add_argument("--seconds", type=float, default=60.0, help=argparse.SUPPRESS)
    parser.add_argument("--minutes", type=float, default=10.0, help="minutes for each bug in this run")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="forget what was found of these")
    parser.add_argument("--report", action="store_true", help="only write the page")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--from-seed", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--profile", default="direct", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _is_meant(bug: Bug, words: Sequence[str]) -> bool:
    return not words or any(word in bug.key or word == bug.incident for word in words)


# The worker: one process, one bug, seed after seed.


def work(wanted: argparse.Namespace) -> int:
    """Run seeds until one finds something; a line of JSON for each."""
    needs: tuple[str, ...] = ()
    if wanted.work != SOUND:
        bug = next(bug for bug in bugs() if bug.key == wanted.work)
        needs = bug.needs
        plant(bug)
    ends = time.monotonic() + 60.0 * wanted.minutes
    for seed in range(wanted.from_seed, wanted.seeds + 1):
        said = _simulated(seed, wanted.profile, wanted.seconds, needs)
        print(json.dumps(said), flush=True)
        gc.collect()  # what is left of one world must not stir in the next
        if said["invariant"] or time.monotonic() > ends:
            break
    return 0


def _simulated(seed: int, profile: str, seconds: float, needs: Sequence[str]) -> dict[str, Any]:
    # Imported here: not before the bug is planted.
    from msgspec.structs import replace  # noqa: PLC0415

    from venuekit.emulator.factory import dialect_class  # noqa: PLC0415
    from venuekit.sim.options import Profile, Weather, options_of  # noqa: PLC0415
    from venuekit.sim.weather import plan_of  # noqa: PLC0415
    from venuekit.sim.world import simulate  # noqa: PLC0415

    drawn = options_of(seed, profile=Profile(profile), weather=Weather.HOSTILE, seconds=seconds)
    # Busier than others: what a world costs is mostly its time, and what it finds is in its orders.
    options = replace(
        drawn,
        pause=min(drawn.pause, 0.5),
        poll_interval=min(drawn.poll_interval, 30.0),
        troubles=max(drawn.troubles, _TROUBLES[seed % 2]),
    )
    said = {"seed": seed, "invariant": "", "text": ""}
    plan = plan_of(options, dialect_class(options.venue).acts)
    there = {"three pairs"} if len(options.pairs) > 2 else set()
    there |= {one.kind.value for one in plan} | {one.target for one in plan}
    there |= {one.venue.kind.value for one in plan if one.venue is not None}
    if needs and there.isdisjoint(needs):
        return said  # a seed like any other that did not find it
    try:
        violations = simulate(options, plan).violations
    except Exception as error:  # noqa: BLE001 - a bug may break anything, the world included
        return said | {"invariant": RAISES, "text": repr(error)}
    if violations:
        seen = ", ".join(dict.fromkeys(violation.invariant for violation in violations))
        said |= {"invariant": seen, "text": violations[0].text}
    return said


# The board: as many workers as there are jobs.


class _Board:
    """A run over some bugs."""

    def __init__(self, board: Sequence[Bug], ledger: Ledger, wanted: argparse.Namespace) -> None:
        self._ledger = ledger
        self._wanted = wanted
        todo = [bug for bug in board if wanted.again or not ledger.of(bug).is_found]
        # Who had the fewest seeds comes first, so that a run that is broken off has tried all alike.
        self._todo = iter(sorted(todo, key=lambda bug: 0 if wanted.again else ledger.of(bug).seeds))
        self._sound: dict[tuple[str, float, int], bool] = {}

    async def run(self) -> None:
        """Hunt them all."""
        await asyncio.gather(*(self._job() for _ in range(self._wanted.jobs)))

    async def _job(self) -> None:
        for bug in self._todo:
            began = time.monotonic()
            start = Finding(bug="", seeds=0) if self._wanted.again else self._ledger.of(bug)
            finding = await self._hunt(bug, start)
            self._ledger.note(bug, finding)
            self._ledger.save(bugs())
            end = f"{finding.invariant}: {finding.text[:100]}" if finding.is_found else "not found"
            print(f"{bug.key}: {finding.seeds} seeds, {time.monotonic() - began:.0f} s: {end}", flush=True)

    async def _hunt(self, bug: Bug, finding: Finding) -> Finding:
        """Look for a bug, from where it was left, until it is found, the seeds are used up or the time is."""
        wanted = self._wanted
        ends = time.monotonic() + 60.0 * wanted.minutes
        while finding.seeds < wanted.seeds and time.monotonic() < ends:
            left = (ends - time.monotonic()) / 60.0
            said = await _worked(bug.key, bug.profile, finding.seeds + 1, wanted.seeds, left, bug.seconds)
            if said is None:
                break
            seed = said["seed"]
            finding = finding._replace(seeds=seed, profile=bug.profile)
            if said["invariant"] and await self._is_sound(bug, seed):
                return finding._replace(seed=seed, invariant=said["invariant"], text=said["text"])
        return finding

    async def _is_sound(self, bug: Bug, seed: int) -> bool:
        """Whether the code as it is passes with a seed in the worlds of this bug."""
        world = (bug.profile, bug.seconds, seed)
        if world not in self._sound:
            said = await _worked(SOUND, bug.profile, seed, seed, 1.0, bug.seconds)
            self._sound[world] = said is not None and not said["invariant"]
            if not self._sound[world]:
                print(f"the sound code fails, too, in {world}: {said}", flush=True)
        return self._sound[world]


async def _worked(
    key: str, profile: str, first: int, last: int, minutes: float, seconds: float
) -> dict[str, Any] | None:
    """The last thing that a worker said; None: it did not even begin."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--work", key, "--profile", profile, "--from-seed", str(first),
        "--seeds", str(last), "--minutes", str(minutes), "--seconds", str(seconds),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    assert worker.stdout is not None  # noqa: S101 - it was asked for
    said: dict[str, Any] | None = None
    try:
        while True:
            line = await asyncio.wait_for(worker.stdout.readline(), _PATIENCE)
            if not line:
                break
            said = json.loads(line)
    except TimeoutError:
        hung = first if said is None else said["seed"] + 1
        said = {"seed": hung, "invariant": HANGS, "text": f"{_PATIENCE:.0f} s"}
        worker.kill()
    except asyncio.CancelledError:
        worker.kill()
        raise
    finally:
        await worker.wait()
    return said


def _write_page(table: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    PAGE.write_text(before + table + rest.split(END, 1)[1], encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
