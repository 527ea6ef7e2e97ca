"""Which seeds were run, and that none is counted twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from venuekit import errors
from venuekit.sim.ledger import Ledger, Window, bound


def _window(first: int, worlds: int, *, profile: str = "direct", **more: object) -> Window:
    return Window(first=first, worlds=worlds, venue="emulated", profile=profile, **more)  # type: ignore[arg-type]


def test_windows_are_there_when_the_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    windows = [_window(1, 50, fired={"loss": 3}), _window(51, 50, failed={60: "O2"}, fired={"loss": 4})]
    for window in windows:
        Ledger(path).add(window)
    assert Ledger(path).windows == windows
    assert Ledger(path).fired() == {"loss": 7}


@pytest.mark.parametrize(("first", "worlds"), [(1, 1), (50, 1), (40, 100), (0, 500), (10, 3)])
def test_seeds_that_were_run_are_not_counted_again(tmp_path: Path, first: int, worlds: int) -> None:
    ledger = Ledger(tmp_path / "seeds.jsonl")
    ledger.add(_window(1, 50))
    with pytest.raises(errors.UsageError, match="go on from 51"):
        ledger.add(_window(first, worlds))
    assert len(Ledger(tmp_path / "seeds.jsonl").windows) == 1


def test_another_profile_makes_other_worlds_of_the_same_seeds(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "seeds.jsonl")
    ledger.add(_window(1, 50))
    ledger.add(_window(1, 50, profile="wire"))
    assert (ledger.free("emulated", "direct"), ledger.free("emulated", "other")) == (51, 1)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_text("seed 1: fine\n", encoding="utf-8")
    with pytest.raises(errors.InvalidConfiguration, match="no ledger"):
        Ledger(path)


def test_the_table_sums_what_is_in_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "seeds.jsonl")
    ledger.add(_window(1, 50, seconds=36_000.0, cost=100.0))
    ledger.add(_window(1, 20, profile="wire", seconds=18_000.0, cost=200.0, failed={7: "O2", 9: "L1"}))
    assert ledger.table().splitlines()[-1] == (
        "| all | emulated | direct, wire | each its own | 70 | 15.0 h | 180 | 2 |"
    )


@pytest.mark.parametrize(("worlds", "most"), [(600, 0.005), (10_000, 0.0003), (0, 1.0)])
def test_no_failure_in_many_worlds_bounds_the_share_of_failures(worlds: int, most: float) -> None:
    """At the bound, all of them passing would be luck of one in twenty."""
    share = bound(worlds)
    assert share <= most
    assert (1 - share) ** worlds == pytest.approx(0.05 if worlds else 1.0)
