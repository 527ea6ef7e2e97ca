"""Worlds in a file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.sim.toy_world import plan_of

from venuekit import errors
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.sim import pinned
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.options import Profile, Weather, options_of


def _file(folder: Path, text: str) -> Path:
    path = folder / "worlds.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_world_comes_back_from_a_file_as_it_was(tmp_path: Path) -> None:
    drawn = options_of(7, profile=Profile.WIRE, weather=Weather.HOSTILE, seconds=200.0)
    options = msgspec.structs.replace(drawn, pairs=("BTC-USDT",), healing=33.25, shuffles=0.0)
    fault = Fault(kind=FaultKind.SERVER_ERROR, status=503, times=2, reason='he said "no"\n')
    plan = (
        *plan_of(drawn),
        Disturbance(kind=DisturbanceKind.VENUE_FAULT, at=1.0, seconds=2.5, venue=fault),
        Disturbance(kind=DisturbanceKind.VENUE_FAULT, at=2.0, venue=Fault(kind=FaultKind.GAP, times=None)),
    )
    kept = pinned.of(options, plan, why="broke O2: an order twice")
    (read,) = pinned.read(_file(tmp_path, pinned.written([kept])))
    assert read == kept
    assert (read.job.options, read.job.plan) == (options, plan)


def test_an_unchanged_seed_is_kept_as_a_seed() -> None:
    kept = pinned.of(options_of(7, weather=Weather.CALM), None)
    assert (kept.options, kept.plan) == ({}, None)
    assert "plan" not in pinned.written([kept])


def test_several_worlds_are_read_in_order(tmp_path: Path) -> None:
    worlds = [pinned.of(options_of(seed), None, why=f"number {seed}") for seed in (3, 1, 2)]
    assert list(pinned.read(_file(tmp_path, pinned.written(worlds)))) == worlds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[world]]\nseed = 'x'\n", "Expected `int`"),
        ("[[world]\n", "worlds.toml"),
        ("[[worlds]]\nseed = 1\n", "unknown field `worlds`"),
        ("[[world]]\nseed = 1\nplan = '['\n", "truncated"),
        ("world = [1]\n", "worlds.toml"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(errors.InvalidConfiguration, match=said):
        pinned.read(_file(tmp_path, text))


def test_an_option_that_no_world_has_is_refused() -> None:
    kept = msgspec.structs.replace(pinned.of(options_of(7), None), options={"pause": "long"})
    with pytest.raises(errors.InvalidConfiguration, match="seed 7"):
        _ = kept.job


def test_every_world_of_ours_says_what_it_broke_and_what_mended_it() -> None:
    for world in pinned.ours():
        assert world.why, world.seed
        assert world.fix, world.seed
        assert world.job.options.seed == world.seed
