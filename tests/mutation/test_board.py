"""The board keeps what was found, goes on where it stopped, and says plainly who survives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.mutation.ledger import BEGIN, END, Finding, Ledger, page
from tests.mutation.planting import Bug, bugs

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "mutation_board.py"


def bug(key: str, incident: str = "", after: str = "b") -> Bug:
    return Bug(key, f"{key} is wrong", incident, "state/x.py", "a", after, ("O1",))


def found(seed: int) -> Finding:
    return Finding(bug="", seeds=seed, seed=seed, invariant="O3", text="it was open")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "found.json")


def test_what_was_found_is_kept_and_a_row_that_was_rewritten_begins_anew(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "found.json")
    first.note(bug("one"), found(7))
    first.save([bug("one")])
    again = Ledger(tmp_path / "found.json")
    assert again.of(bug("one")).seed == 7
    assert again.of(bug("one", after="c")) == Finding(bug=again.of(bug("one", after="c")).bug, seeds=0)


def test_of_rows_that_are_gone_nothing_is_kept(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "found.json")
    first.note(bug("one"), found(7))
    first.note(bug("two"), found(8))
    first.save([bug("two")])
    assert list(json.loads((tmp_path / "found.json").read_text())["bugs"]) == ["two"]


def test_the_page_counts_names_survivors_and_puts_incidents_first(ledger: Ledger) -> None:
    board = [bug("plain"), bug("late", "M18"), bug("early", "M1"), bug("hidden", "M9"), bug("untried")]
    for each, seeds in zip(board, (4, 2500, 2), strict=False):
        ledger.note(each, found(seeds))
    ledger.note(board[3], Finding(bug="", seeds=40))
    said = page(board, ledger, 2000)
    assert said.startswith(BEGIN)
    assert said.endswith(END)
    assert "2 of 4 bugs (50 %) are found within 2,000 seeds; median 4, worst 2,500." in said
    assert "M1, M9, M18; not yet: M9." in said
    assert "- hidden is wrong (`hidden`): not found in 40 seeds." in said
    assert "untried" not in said
    rows = [line for line in said.splitlines() if "is wrong |" in line]
    assert [row.split(" ")[1] for row in rows] == ["early", "hidden", "late", "plain"]
    assert "> 40" in rows[1]


def test_a_worker_finds_a_plain_bug_with_its_first_seed_and_the_sound_code_passes() -> None:
    def run(key: str) -> dict[str, object]:
        ended = subprocess.run(
            [sys.executable, str(TOOL), "--work", key, "--seeds", "1"],
            capture_output=True,
            text=True,
            check=True,
        )
        said: dict[str, object] = json.loads(ended.stdout)
        return said

    assert "O1" in str(run("lost-intent")["invariant"])
    assert run("-")["invariant"] == ""


def test_the_kept_board_speaks_of_rows_that_exist() -> None:
    kept = json.loads((ROOT / "tests" / "mutation" / "found.json").read_text(encoding="utf-8"))
    assert set(kept["bugs"]) <= {each.key for each in bugs()}
