"""Worlds from the command line: what is run, what is said of those that fail, how they are run again."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import COMMAND, on_a_terminal, read_all
from tests.sim.toy_world import CRASHING, FAILING
from typer.testing import Result

_TOY = ("--world", "tests.sim.toy_world:simulate")
Command = Callable[..., Result]


@pytest.fixture
def sim(venuekit: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `venuekit sim` on the toy world, with pages in a folder of the test's own."""

    def call(*words: object) -> Result:
        return venuekit("sim", *_TOY, "--pages", tmp_path, *words)

    return call


def _asked_for(result: Result) -> Any:
    return json.loads(result.stdout)


def test_sound_worlds_are_summed_up(sim: Command) -> None:
    ended = sim("--seeds", 4, "--from", 1)
    assert ended.exit_code == 0
    assert "4 seeds, 1 to 4" in ended.stdout
    assert "times real time on a core" in ended.stdout
    assert "none broken: with 95 % confidence fewer than 52.71% of such worlds break one" in ended.stdout


def test_a_seed_that_fails_is_told_with_the_command_that_replays_it(sim: Command, tmp_path: Path) -> None:
    ended = sim("--seeds", 3, "--from", FAILING - 1, "--weather", "hostile")
    assert ended.exit_code == 1
    lines = ended.stdout.splitlines()
    told = next(number for number, line in enumerate(lines) if line.startswith(f"seed {FAILING} broke O2 at"))
    words = shlex.split(lines[told + 1])
    assert words[:4] == ["venuekit", "sim", "--from", str(FAILING)]
    again = sim(*words[2:-1], tmp_path / "again.html")
    assert again.exit_code == 1
    assert lines[told] in again.stdout
    # The page that comes without being asked for is the one that the command makes.
    made = (tmp_path / f"seed-{FAILING}.html").read_text(encoding="utf-8")
    assert made.replace(f"seed-{FAILING}.html", "again.html") == (tmp_path / "again.html").read_text("utf-8")


def test_as_json_it_is_one_object(sim: Command, tmp_path: Path) -> None:
    ended = sim("--seeds", 2, "--from", FAILING, "--weather", "hostile", "--json")
    said = _asked_for(ended)
    assert ended.exit_code == 1
    assert (said["worlds"], said["first"], said["weather"]) == (2, FAILING, "hostile")
    (failed,) = said["failed"]
    assert failed["seed"] == FAILING
    assert failed["violations"][0]["invariant"] == "O2"
    assert failed["replay"].startswith(f"venuekit sim --from {FAILING} --seeds 1 ")
    assert Path(failed["page"]).is_file()
    assert said["fired"]["latency"] > 0


def test_a_crash_is_a_failed_seed_in_one_line(sim: Command) -> None:
    ended = sim("--seeds", 1, "--from", CRASHING)
    assert ended.exit_code == 1
    assert ended.stdout.startswith(f"seed {CRASHING} broke CRASH: the process ended with SIGSEGV")
    assert "Traceback" not in ended.output
    assert "Fatal Python error" not in ended.output


def test_a_page_can_be_had_of_a_sound_world(sim: Command, tmp_path: Path) -> None:
    page = tmp_path / "fine.html"
    assert sim("--seeds", 1, "--from", 3, "--timeline", page).exit_code == 0
    assert "<title>seed 3: nothing broken</title>" in page.read_text(encoding="utf-8")


def test_a_strategy_of_ones_own_runs_in_the_world(venuekit: Command) -> None:
    """The real world this time; in calm weather and ten seconds nothing ends the strategy's first life."""
    words = ("--strategy", "tests.sim.one_order:trade", "--seconds", 10, "--weather", "calm")
    ended = venuekit("sim", *words, "--seeds", 1, "--from", 3, "--json")
    said = _asked_for(ended)
    assert (ended.exit_code, said["failed"]) == (0, [])
    assert said["figures"]["orders"] == said["figures"]["lives"] == 1


def test_minutes_bound_a_run(sim: Command) -> None:
    ended = sim("--minutes", 0.02, "--from", 5_000, "--json")
    assert ended.exit_code in {0, 1}
    assert _asked_for(ended)["worlds"] > 0


def test_a_run_that_names_no_seed_takes_new_ones(sim: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    for now in (1_800_000_000.0, 1_800_000_060.0):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        begun.append(_asked_for(sim("--seeds", 1, "--json"))["first"])
    assert begun[1] - begun[0] == 1_000


def test_a_failing_world_is_made_small_and_kept(sim: Command, tmp_path: Path) -> None:
    ended = sim("--shrink", "--from", FAILING, "--weather", "hostile", "--json")
    said = _asked_for(ended)
    assert ended.exit_code == 1
    assert len(said["shrunk"]["plan"]) == 1 < said["from"]
    words = shlex.split(said["replay"])[2:]
    replayed = sim(*words)
    assert replayed.exit_code == 1
    assert f"seed {FAILING} broke O2 at" in replayed.stdout


def test_a_world_that_does_not_fail_cannot_be_made_small(sim: Command) -> None:
    ended = sim("--shrink", "--from", 3)
    assert (ended.exit_code, ended.stderr) == (
        2,
        "venuekit: seed 3 does not fail: there is nothing to shrink\n",
    )


def test_the_whole_option_set_is_printed(venuekit: Command) -> None:
    ended = venuekit("sim", "--options", "--from", 3, "--weather", "rough")
    assert ended.exit_code == 0
    for name in ("seed", "poll_interval", "shuffles", "what goes wrong"):
        assert name in ended.stdout
    said = _asked_for(venuekit("sim", "--options", "--from", 3, "--weather", "rough", "--json"))
    assert said["options"]["weather"] == "rough"
    assert len(said["plan"]) > 5


def test_a_ledger_goes_on_behind_what_was_run(sim: Command, tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    assert sim("--seeds", 3, "--ledger", path).exit_code == 0
    assert _asked_for(sim("--seeds", 2, "--ledger", path, "--json"))["first"] == 4
    again = sim("--seeds", 1, "--from", 2, "--ledger", path)
    assert (again.exit_code, again.stderr) == (
        2,
        f"venuekit: seeds 1 to 3 are in {path} already: go on from 6\n",
    )


@pytest.mark.parametrize(
    "words",
    [
        ("--seeds", 2, "--minutes", 1),
        ("--seeds", 2, "--timeline", "page.html"),
        ("--pinned", "--seeds", 2),
        ("--pinned", "--replay", "file"),
        ("--pinned", "--from", 10**12),
        ("--shrink",),
        ("--options",),
        ("--options", "--from", 1, "--seeds", 2),
        ("--venue", "nobody"),
        ("--venue", "bybit"),
        ("--weather", "nice"),
        ("--strategy", "no.such:thing"),
        ("--world", "no.such:thing"),
    ],
)
def test_words_that_do_not_go_together_are_refused(venuekit: Command, words: tuple[object, ...]) -> None:
    ended = venuekit("sim", *words)
    assert ended.exit_code == 2
    assert (ended.stdout, ended.stderr.count("\n")) == ("", 1)


def test_a_terminal_sees_how_far_it_is() -> None:
    words = ("sim", *_TOY, "--seeds", "4", "--from", "1", "--jobs", "1")
    process, screen = on_a_terminal(*COMMAND, *words)
    seen = read_all(screen)
    assert process.wait(timeout=60) == 0
    assert "4 worlds," in seen
    assert "none broken" in seen
