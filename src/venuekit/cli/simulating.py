"""What `venuekit sim` does: which worlds it runs, and what it says about those that failed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from shlex import join
from typing import Any

import msgspec
import typer

from venuekit import __version__, errors
from venuekit.cli.outcome import run
from venuekit.cli.output import counted, print_facts, print_json, print_table
from venuekit.cli.simulating_screen import Screen
from venuekit.emulator.factory import dialect_class
from venuekit.protocol.frozen import Frozen
from venuekit.sim import pinned, shrinker, timeline
from venuekit.sim.campaign import Campaign, Totals, compared, jobs_of, seldom
from venuekit.sim.disturbance import Disturbance
from venuekit.sim.ledger import Ledger, Window, bound
from venuekit.sim.options import Profile, Weather, WorldOptions
from venuekit.sim.verdict import Verdict
from venuekit.sim.weather import kinds_of, plan_of
from venuekit.sim.worker import STANDARD, Job, Report, function_named, run_world
from venuekit.sim.worker_process import CRASHED, HUNG, WorkerProcess

__all__ = ["Asked", "run_worlds", "show_options", "shrink"]

_SEEDS = 100
_EPOCH = 1_735_689_600
"""2025-01-01: runs that name no seed begin with one that counts the minutes since then."""
_SEEDS_A_MINUTE = 1_000
"""More than a machine runs in a minute, so that runs of different minutes share no seed."""
_MOST_PAGES = 10
_MOST_TOLD = 30
_MOST_NAMED = 12
_PATIENCE = 300.0
"""Real seconds for one world: some hundred times what it takes."""
_PAGELESS = frozenset({CRASHED, HUNG})


class Asked(Frozen):
    """What was asked for, word by word."""

    venue: str
    profile: str
    seeds: int | None = None
    minutes: float | None = None
    first: int | None = None
    weather: str | None = None
    seconds: float = 300.0
    jobs: int = 2
    strategy: str = ""
    timeline: Path | None = None
    pages: Path = Path()
    is_pinned: bool = False
    replay: Path | None = None
    ledger: Path | None = None
    as_json: bool = False
    world: str = ""

    @property
    def entry(self) -> str:
        """Where the function is that runs a world."""
        return self.world or STANDARD

    def check(self) -> None:
        """See that the words go together.

        Raises:
            errors.UsageError: they do not.
        """
        if not dialect_class(self.venue).has_accounts:
            raise errors.UsageError(
                f"{self.venue} has no accounts in the emulator: a world needs one to trade"
            )
        is_kept = self.is_pinned or self.replay is not None
        if self.seeds is not None and self.minutes is not None:
            raise errors.UsageError("--seeds and --minutes are two ways to say how much: give one of them")
        if self.is_pinned and self.replay is not None:
            raise errors.UsageError("--pinned is a file of ours, --replay one of yours: give one of them")
        if is_kept and (self.seeds is not None or self.minutes is not None or self.ledger is not None):
            raise errors.UsageError(
                "a file says which worlds it holds: leave out --seeds, --minutes and --ledger"
            )
        if self.timeline is not None and not is_kept and self.seeds != 1:
            raise errors.UsageError(
                "--timeline shows one world: say --seeds 1, or --pages for those that fail"
            )


# --- which worlds


def _kept(asked: Asked) -> list[pinned.PinnedWorld]:
    """The worlds of a file, or the one of them that was named by its seed."""
    worlds = pinned.ours() if asked.replay is None else pinned.read(asked.replay)
    found = [world for world in worlds if asked.first in {None, world.seed}]
    if asked.first is not None and not found:
        raise errors.UsageError(f"no world with seed {asked.first} is kept there")
    if asked.timeline is not None and len(found) != 1:
        raise errors.UsageError("--timeline shows one world: name its seed with --from")
    return found


def _first(asked: Asked, ledger: Ledger | None) -> int:
    if asked.first is not None:
        return asked.first
    if ledger is not None:
        return ledger.free(asked.venue, asked.profile)
    return int(time.time() - _EPOCH) // 60 * _SEEDS_A_MINUTE


def _drawn(asked: Asked, seeds: Sequence[int] | Iterator[int]) -> Iterator[Job]:
    return jobs_of(
        seeds,
        venue=asked.venue,
        profile=Profile(asked.profile),
        weather=None if asked.weather is None else Weather(asked.weather),
        seconds=asked.seconds,
        strategy=asked.strategy,
    )


def _one(asked: Asked, what: str) -> Job:
    """The one world that was asked for."""
    asked.check()
    if asked.is_pinned or asked.replay is not None:
        worlds = _kept(asked)
        if len(worlds) != 1:
            raise errors.UsageError(f"{what} is for one world: name its seed with --from")
        return msgspec.structs.replace(worlds[0].job, strategy=asked.strategy)
    if asked.first is None or asked.seeds not in {None, 1}:
        raise errors.UsageError(f"{what} is for one world: name its seed with --from")
    (job,) = _drawn(asked, [asked.first])
    return job


def _replay(asked: Asked, options: WorldOptions, page: str) -> str:
    """The command that runs a world again and shows it."""
    words = ["venuekit", "sim"]
    if asked.is_pinned:
        words += ["--pinned", "--from", str(options.seed)]
    elif asked.replay is not None:
        words += ["--replay", str(asked.replay), "--from", str(options.seed)]
    else:
        words += ["--from", str(options.seed), "--seeds", "1", "--venue", options.venue]
        words += ["--profile", options.profile.value, "--weather", options.weather.value]
        words += [] if options.seconds == 300.0 else ["--seconds", f"{options.seconds:g}"]
    words += ["--strategy", asked.strategy] if asked.strategy else []
    words += ["--world", asked.world] if asked.world else []
    return join([*words, "--timeline", page])


# --- running


def run_worlds(asked: Asked) -> bool:
    """Run all worlds that were asked for and tell what came of them; whether all is well."""
    asked.check()
    _see_own_modules(asked)
    ledger = None if asked.ledger is None else Ledger(asked.ledger)
    first, until, total = _first(asked, ledger), None, None
    if asked.is_pinned or asked.replay is not None:
        kept = [msgspec.structs.replace(world.job, strategy=asked.strategy) for world in _kept(asked)]
        jobs, total = iter(kept), len(kept)
    elif asked.minutes is not None:
        until = time.monotonic() + 60 * asked.minutes
        jobs = _drawn(asked, count(first))
    else:
        total = asked.seeds or _SEEDS
        jobs = _drawn(asked, range(first, first + total))
        if ledger is not None:
            ledger.check(_window(asked, first, total))
    if asked.timeline is not None:
        jobs = (_with_page(asked, job, asked.timeline) for job in jobs)
    screen = Screen(total=total, until=until, is_quiet=asked.as_json)

    def tell(report: Report) -> None:
        screen.show(campaign.totals)
        if not report.is_sound and len(campaign.totals.failed) <= _MOST_TOLD:
            screen.say(_told(report))
            screen.say(f"    {_replay(asked, report.options, _page_name(report))}")

    campaign = Campaign(workers=asked.jobs, entry=asked.entry, patience=_PATIENCE, tell=tell)
    with screen:
        totals = run(campaign.run(jobs, until=until))
        pages = {} if asked.timeline is not None else run(_show(asked, totals))
    missing = {} if asked.is_pinned or asked.replay is not None else _missing(asked, totals)
    if ledger is not None and totals.worlds:
        ledger.add(_window(asked, first, totals.worlds, totals))
    _print(asked, first, totals, pages, missing)
    return not totals.failed and not missing


async def _show(asked: Asked, totals: Totals) -> dict[int, str]:
    """Write pages about the first of the worlds that failed; seed → path."""
    worker = WorkerProcess(entry=asked.entry, patience=_PATIENCE)
    pages: dict[int, str] = {}
    try:
        for number, report in enumerate(totals.failed):
            if len(pages) >= _MOST_PAGES or _PAGELESS & {broken.invariant for broken in report.violations}:
                continue
            path = asked.pages / _page_name(report)
            asked.pages.mkdir(parents=True, exist_ok=True)
            job = Job(options=report.options, plan=report.plan, strategy=asked.strategy)
            again = await worker.run(_with_page(asked, job, path))
            totals.failed[number] = compared(report, again)
            if path.exists():
                pages[report.options.seed] = str(path)
    finally:
        await worker.stop()
    return pages


def _with_page(asked: Asked, job: Job, path: Path) -> Job:
    replay = _replay(asked, job.options, path.name)
    return msgspec.structs.replace(job, timeline=str(path), replay=replay)


def _page_name(report: Report) -> str:
    return f"seed-{report.options.seed}.html"


def _missing(asked: Asked, totals: Totals) -> dict[str, int]:
    weathers = list(Weather) if asked.weather is None else [Weather(asked.weather)]
    return seldom(totals, kinds_of(Profile(asked.profile), weathers))


def _window(asked: Asked, first: int, worlds: int, totals: Totals | None = None) -> Window:
    window = Window(
        first=first, worlds=worlds, venue=asked.venue, profile=asked.profile, weather=asked.weather or ""
    )
    if totals is None:
        return window
    return msgspec.structs.replace(
        window,
        version=__version__,
        at=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        seconds=totals.seconds,
        cost=totals.cost,
        real=totals.real,
        compared=totals.compared,
        fired=dict(sorted(totals.fired.items())),
        figures=dict(totals.figures),
        failed={report.options.seed: report.violations[0].invariant for report in totals.failed},
    )


def _see_own_modules(asked: Asked) -> None:
    """Modules beside the user can be named, though a command is not started from where they are."""
    if asked.strategy or asked.world:
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - an entry of this list is a text
        function_named(asked.strategy or asked.world)


# --- telling


def _told(report: Report) -> str:
    broken = report.violations[0]
    when = f" at {broken.time:.3f} s" if broken.time else ""
    more = f", and {len(report.violations) - 1} more" if len(report.violations) > 1 else ""
    # A process that crashed left its traceback below what it means.
    text = broken.text.partition("\n")[0]
    return f"seed {report.options.seed} broke {broken.invariant}{when}: {text}{more}"


def _print(asked: Asked, first: int, totals: Totals, pages: dict[int, str], missing: dict[str, int]) -> None:
    if asked.as_json:
        print_json(_as_object(asked, first, totals, pages, missing))
        return
    hours = totals.seconds / 3600
    fired = totals.fired.most_common()
    facts = {
        "worlds": _which(asked, first, totals),
        "simulated": f"{hours:,.1f} h in {totals.real:,.0f} s, {totals.speed:,.0f} times real time on a core",
        "traded": ", ".join(f"{number:,} {name}" for name, number in totals.figures.items()),
        "went wrong": f"{sum(totals.fired.values()):,} times, {counted(len(fired), 'kind')}",
        "run twice": f"{counted(totals.compared, 'seed')}, with another hash seed",
    }
    if missing:
        named = [f"{kind} {times}" for kind, times in list(missing.items())[:_MOST_NAMED]]
        facts["too seldom"] = f"{counted(len(missing), 'kind')}: {', '.join(named)}" + (
            " and more" if len(missing) > _MOST_NAMED else ""
        )
    if pages:
        facts["pages"] = ", ".join(pages.values())
    facts["verdict"] = _verdict(totals)
    print_facts(facts)


def _which(asked: Asked, first: int, totals: Totals) -> str:
    if asked.is_pinned or asked.replay is not None:
        return f"{counted(totals.worlds, 'world')} of {asked.replay or 'every seed that ever failed'}"
    weather = asked.weather or "each seed its own weather"
    last = first + max(0, totals.worlds - 1)
    return f"{counted(totals.worlds, 'seed')}, {first} to {last}, {asked.venue}, {asked.profile}, {weather}"


def _verdict(totals: Totals) -> str:
    if totals.failed:
        return f"{counted(len(totals.failed), 'world')} of {totals.worlds:,} broke an invariant"
    return f"none broken: with 95 % confidence fewer than {bound(totals.worlds):.2%} of such worlds break one"


def _as_object(
    asked: Asked, first: int, totals: Totals, pages: dict[int, str], missing: dict[str, int]
) -> dict[str, Any]:
    return {
        "first": first,
        "worlds": totals.worlds,
        "venue": asked.venue,
        "profile": asked.profile,
        "weather": asked.weather,
        "simulated_hours": round(totals.seconds / 3600, 3),
        "real_seconds": round(totals.real, 3),
        "processor_seconds": round(totals.cost, 3),
        "times_real_time": round(totals.speed, 1),
        "processes": asked.jobs,
        "peak_memory": totals.memory,
        "run_twice": totals.compared,
        "figures": dict(totals.figures),
        "fired": dict(sorted(totals.fired.items())),
        "too_seldom": missing,
        "failed": [
            {
                "seed": report.options.seed,
                "violations": report.violations,
                "replay": _replay(asked, report.options, _page_name(report)),
                "page": pages.get(report.options.seed),
            }
            for report in totals.failed
        ],
    }


# --- one world


def show_options(asked: Asked) -> bool:
    """Print what a seed stands for."""
    job = _one(asked, "--options")
    plan = job.plan
    if plan is None:
        plan = plan_of(job.options, dialect_class(job.options.venue).acts)
    if asked.as_json:
        print_json({"options": job.options, "plan": plan})
        return True
    print_facts(dict(timeline.facts_of(job.options)))
    typer.echo()
    _print_plan(plan)
    return True


def _print_plan(plan: Sequence[Disturbance]) -> None:
    rows = [(f"{one.at:.3f}", f"{one.seconds:.3f}", timeline.words_of(one)) for one in plan]
    print_table(("at", "seconds", "what goes wrong"), rows)


def shrink(asked: Asked) -> bool:
    """Find the smallest world that fails as one does, and keep it in a file; no world that fails is well."""
    job = _one(asked, "--shrink")
    _see_own_modules(asked)
    simulate = function_named(asked.entry)

    def again(options: WorldOptions, plan: tuple[Disturbance, ...]) -> Verdict:
        return run_world(msgspec.structs.replace(job, options=options, plan=plan), simulate)

    plan = job.plan if job.plan is not None else run_world(job, simulate).plan
    screen = Screen(total=None, until=None, is_quiet=asked.as_json)
    with screen:
        shrunk = shrinker.shrink(job.options, plan, again, tell=screen.show_shrunk)
    path = asked.pages / f"seed-{job.options.seed}.toml"
    asked.pages.mkdir(parents=True, exist_ok=True)
    broken = shrunk.violation
    kept = pinned.of(shrunk.options, shrunk.plan, why=f"{broken.invariant}: {broken.text}")
    path.write_text(pinned.written([kept]), encoding="utf-8")
    named = msgspec.structs.replace(asked, replay=path, is_pinned=False)
    page = asked.timeline or asked.pages / f"seed-{job.options.seed}.html"
    replay = _replay(named, shrunk.options, str(page))
    small = msgspec.structs.replace(job, options=shrunk.options, plan=shrunk.plan, timeline=str(page))
    page.write_text(timeline.page(run_world(small, simulate), replay=replay), encoding="utf-8")
    if asked.as_json:
        print_json(
            {"shrunk": shrunk, "from": len(plan), "file": str(path), "page": str(page), "replay": replay}
        )
        return False
    print_facts(
        {
            "broke": f"{broken.invariant} at {broken.time:.3f} s: {broken.text}",
            "plan": f"{len(shrunk.plan)} of {counted(len(plan), 'disturbance')}",
            "looked for": f"in {counted(shrunk.runs, 'run')}",
            "lasts": f"{shrunk.options.seconds:g} s of trouble",
            "file": str(path),
            "page": str(page),
            "replay": replay,
        }
    )
    typer.echo()
    _print_plan(shrunk.plan)
    return False
