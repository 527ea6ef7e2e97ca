"""One seed is one world: in every run of one interpreter, whatever order its sets have."""

from __future__ import annotations

import pytest

from venuekit.sim.options import Profile, Weather, options_of
from venuekit.sim.worker import Job, Report
from venuekit.sim.worker_process import WorkerProcess

_SECONDS = 60.0
_SEEDS = (11, 12)


def _jobs(profile: Profile) -> list[Job]:
    return [
        Job(options=options_of(seed, profile=profile, weather=Weather.HOSTILE, seconds=_SECONDS))
        for seed in _SEEDS
    ]


async def _reports(jobs: list[Job], hash_seed: str) -> list[Report]:
    worker = WorkerProcess(hash_seed=hash_seed)
    try:
        return [await worker.run(job) for job in jobs]
    finally:
        await worker.stop()


def _said(report: Report) -> tuple[object, ...]:
    return (report.options.seed, report.digest, report.violations, report.fired, report.figures)


@pytest.mark.parametrize("profile", Profile)
async def test_a_seed_leaves_one_trace_under_every_hash_seed(profile: Profile) -> None:
    jobs = _jobs(profile)
    first = await _reports(jobs, "1")
    assert all(report.digest for report in first), [report.violations for report in first]
    for hash_seed in ("2", "3"):
        assert [_said(report) for report in await _reports(jobs, hash_seed)] == list(map(_said, first))


@pytest.mark.parametrize("profile", Profile)
async def test_a_world_leaves_nothing_behind_that_the_next_one_could_see(profile: Profile) -> None:
    job, other = _jobs(profile)
    alone, again = await _reports([job, other, job], "1"), await _reports([other, job], "1")
    assert _said(alone[0]) == _said(alone[2]) == _said(again[1])
    assert _said(alone[1]) == _said(again[0])


async def test_two_seeds_are_two_worlds() -> None:
    one, other = await _reports(_jobs(Profile.DIRECT), "1")
    assert one.digest != other.digest
