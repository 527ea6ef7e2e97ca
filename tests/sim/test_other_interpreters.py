"""The pinned worlds end alike on every Python that venuekit supports and that this machine has.

An interpreter is named by PYTHON312 or PYTHON313, or found on the path or among those of pyenv. It gets a
virtual environment of its own beside the one that runs the tests, once, with the same versions of everything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import requires, version
from pathlib import Path

import msgspec
import pytest

from venuekit.sim import pinned
from venuekit.sim.options import Profile, Weather, options_of
from venuekit.sim.worker import Job, Report
from venuekit.sim.worker_process import WorkerProcess

_ROOT = Path(__file__).parents[2]
_VERSIONS = tuple(minor for minor in (12, 13) if (3, minor) != sys.version_info[:2])
_SECONDS = 60.0


def _candidates(minor: int) -> Iterator[Path]:
    named = os.environ.get(f"PYTHON3{minor}")
    if named:
        yield Path(named)
        return
    found = shutil.which(f"python3.{minor}")
    if found is not None:
        yield Path(found)
    home = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(home.glob(f"versions/3.{minor}.*/bin/python"), reverse=True)


def _works(python: Path, minor: int) -> bool:
    """Whether it is what it is called; pyenv's own words on the path may lead nowhere."""
    said = "import sys, ensurepip; print(*sys.version_info[:2])"
    try:
        ended = subprocess.run((python, "-c", said), capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return False
    return ended.stdout.split() == ["3", str(minor)]


def _interpreter(minor: int) -> Path:
    for candidate in _candidates(minor):
        if _works(candidate, minor):
            return candidate
    pytest.skip(f"no Python 3.{minor} here: name one with PYTHON3{minor}")


def _same_versions() -> list[str]:
    """What venuekit needs to run, as it is installed here."""
    names = [line for line in requires("venuekit") or () if "extra ==" not in line]
    plain = [line.split(";")[0].strip().split(">")[0].split("=")[0].split("<")[0].strip() for line in names]
    return [f"{name}=={version(name)}" for name in plain]


def _environment(minor: int) -> Path:
    """The Python of an environment with venuekit in it, made where there is none yet."""
    home = Path(sys.prefix) / "others" / f"3.{minor}"
    python = home / "bin" / "python"
    ready = home / ".ready"
    if not ready.exists():
        install = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "-e", str(_ROOT))
        steps: tuple[tuple[str, ...], ...] = (
            (str(_interpreter(minor)), "-m", "venv", "--clear", str(home)),
            (str(python), *install, *_same_versions()),
        )
        for step in steps:
            ended = subprocess.run(step, capture_output=True, text=True, timeout=900, check=False)
            assert ended.returncode == 0, ended.stderr
        ready.touch()
    return python


def _jobs() -> list[Job]:
    """Every seed that ever failed, and one of each profile that never did."""
    fresh = [
        Job(options=options_of(seed, profile=profile, weather=Weather.ROUGH, seconds=_SECONDS))
        for seed, profile in enumerate(Profile, 21)
    ]
    return [*(world.job for world in pinned.ours()), *fresh]


async def _reports(python: Path | None) -> list[Report]:
    worker = WorkerProcess(python=None if python is None else str(python), source=_ROOT / "src")
    try:
        return [await worker.run(job) for job in _jobs()]
    finally:
        await worker.stop()


def _verdict(report: Report) -> tuple[object, ...]:
    return (report.options.seed, [(one.invariant, one.text) for one in report.violations])


@pytest.mark.parametrize("minor", _VERSIONS)
async def test_the_pinned_worlds_end_as_they_end_here(minor: int) -> None:
    python = _environment(minor)
    here, there = await _reports(None), await _reports(python)
    assert all(report.digest for report in here), "every world ran to its end"
    assert list(map(_verdict, there)) == list(map(_verdict, here))


def test_the_worlds_that_are_compared_are_of_both_profiles() -> None:
    assert {job.options.profile for job in _jobs()} == set(Profile)
    assert msgspec.json.decode(msgspec.json.encode(_jobs()), type=list[Job]) == _jobs()
