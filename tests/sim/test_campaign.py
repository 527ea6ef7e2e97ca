"""Many worlds in processes of their own: what is counted, and what a bad end of one means."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import msgspec
import pytest
from tests.sim.toy_world import CRASHING, FAILING, HANGING, LEAKING, simulate

from venuekit.sim import campaign
from venuekit.sim.campaign import Campaign, Totals, jobs_of, seldom
from venuekit.sim.options import Profile, Weather, options_of
from venuekit.sim.worker import Job, Report

_TOY = "tests.sim.toy_world:simulate"


def _jobs(seeds: Iterable[int]) -> Iterable[Job]:
    return jobs_of(seeds, venue="binance", profile=Profile.DIRECT, weather=Weather.HOSTILE, seconds=300.0)


def _campaign(*, patience: float = 60.0, renewal: int = 100, workers: int = 2) -> Campaign:
    return Campaign(workers=workers, entry=_TOY, patience=patience, renewal=renewal)


async def test_all_seeds_are_run_and_summed() -> None:
    totals = await _campaign().run(_jobs(range(1, 13)))
    verdicts = [simulate(job.options) for job in _jobs(range(1, 13))]
    assert totals.worlds == 12
    assert totals.seconds == sum(verdict.seconds for verdict in verdicts)
    assert totals.figures["orders"] == sum(verdict.figures["orders"] for verdict in verdicts)
    assert totals.fired["latency"] == sum(verdict.fired.get("latency", 0) for verdict in verdicts)
    assert totals.failed == []
    assert totals.speed > 1


async def test_a_seed_that_breaks_something_is_reported_with_its_options_and_its_plan() -> None:
    totals = await _campaign().run(_jobs(range(FAILING - 2, FAILING + 3)))
    assert totals.worlds == 5
    (failed,) = totals.failed
    verdict = simulate(options_of(FAILING, weather=Weather.HOSTILE))
    assert (failed.options, failed.plan, failed.violations) == (
        verdict.options,
        verdict.plan,
        verdict.violations,
    )


async def test_a_worker_that_crashes_fails_its_seed_and_no_other() -> None:
    totals = await _campaign(workers=1).run(_jobs(range(CRASHING - 2, CRASHING + 3)))
    assert totals.worlds == 5
    assert [report.options.seed for report in totals.failed] == [CRASHING]
    (violation,) = totals.failed[0].violations
    assert violation.invariant == "CRASH"
    assert "SIGSEGV" in violation.text
    assert "toy_world.py" in violation.text


async def test_a_worker_that_hangs_fails_its_seed_and_says_where_it_was() -> None:
    totals = await _campaign(workers=1, patience=6.0).run(_jobs(range(HANGING - 1, HANGING + 2)))
    assert totals.worlds == 3
    assert [report.options.seed for report in totals.failed] == [HANGING]
    (violation,) = totals.failed[0].violations
    assert violation.invariant == "HANG"
    assert "toy_world.py" in violation.text


async def test_a_seed_that_is_another_world_the_second_time_fails() -> None:
    """Whoever renews a worker runs its last seed again."""
    totals = await _campaign(workers=1, renewal=2).run(
        _jobs([LEAKING - 1, LEAKING, LEAKING + 1, LEAKING + 2])
    )
    assert totals.compared == 3
    assert [report.options.seed for report in totals.failed] == [LEAKING]
    assert totals.failed[0].violations[-1].invariant == "DIGEST"


async def test_no_world_is_begun_after_the_time_is_up() -> None:
    assert (await _campaign().run(_jobs(count(2_000)), until=time.monotonic() - 1)).worlds == 0


async def test_a_run_without_an_end_ends_when_the_time_is_up() -> None:
    totals = await _campaign().run(_jobs(count(2_000)), until=time.monotonic() + 1)
    assert totals.worlds >= 1
    assert totals.failed == []


async def test_a_page_is_written_where_a_job_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "seed.html"
    (job,) = _jobs([FAILING])
    asked = msgspec.structs.replace(job, timeline=str(path), replay="venuekit sim --from 1013")
    totals = await _campaign(workers=1).run([asked])
    assert "venuekit sim --from 1013" in path.read_text(encoding="utf-8")
    assert totals.failed[0].digest == simulate(job.options).digest


def test_without_a_weather_each_seed_has_its_own() -> None:
    jobs = jobs_of(range(6), venue="binance", profile=Profile.WIRE, weather=None, seconds=60.0)
    assert [job.options.weather for job in jobs] == [*Weather, *Weather]


def _totals(worlds: int, **fired: int) -> Totals:
    totals = Totals()
    options = options_of(1)
    for number in range(worlds):
        kinds = {kind: 1 for kind, times in fired.items() if number < times}
        totals.add(Report(options=options, violations=(), fired=kinds))
    return totals


def test_a_fault_that_fired_too_seldom_in_a_long_run_is_named() -> None:
    totals = _totals(campaign.LONG_RUN, loss=3, kill=2)
    assert seldom(totals, ["loss", "kill", "reset"]) == {"kill": 2, "reset": 0}


def test_a_short_run_asks_for_no_fault() -> None:
    assert seldom(_totals(campaign.LONG_RUN - 1), ["loss"]) == {}


@pytest.mark.parametrize("seed", [1, 2**40])
def test_any_seed_survives_the_way_to_a_worker_and_back(seed: int) -> None:
    (job,) = _jobs([seed])
    assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job
