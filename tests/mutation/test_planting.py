"""The board's rows fit today's code, and a planted bug is in one process and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from tests.mutation.planting import BUGS, SOURCE, Bug, BugMisplaced, bugs, changed_lines, planted_source

BOARD = bugs()
ROOT = Path(__file__).resolve().parents[2]

# Each incident that a bug can bring about here; M6's second store of orders is no venue's that is built yet.
INCIDENTS = frozenset(f"M{number}" for number in range(1, 21)) - {"M6"}


def behaviour(code: CodeType) -> tuple[Any, ...]:
    """What a code object does, without where its lines stand."""
    constants = tuple(
        behaviour(each) if isinstance(each, CodeType) else (type(each), each) for each in code.co_consts
    )
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants


def a_bug(**changes: Any) -> Bug:
    row = {
        "key": "a-bug",
        "name": "Paths are strange",
        "incident": "",
        "file": "model/decimals.py",
        "before": "from decimal import",
        "after": "from decimal import  ",
        "seen_by": ("O1",),
    }
    return Bug(**{**row, **changes})


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment, "PYTHONPATH": paths},
    )


@pytest.mark.parametrize("bug", BOARD, ids=lambda bug: bug.key)
def test_a_row_fits_the_code_of_today_and_changes_what_it_does(bug: Bug) -> None:
    text = bug.path.read_text(encoding="utf-8")
    sound = compile(text, bug.file, "exec", dont_inherit=True)
    broken = compile(planted_source(bug, text), bug.file, "exec", dont_inherit=True)
    assert behaviour(sound) != behaviour(broken)


@pytest.mark.parametrize("bug", BOARD, ids=lambda bug: bug.key)
def test_a_bug_is_as_small_as_a_slip(bug: Bug) -> None:
    assert changed_lines(bug) <= 3


def test_there_are_fifty_bugs_and_every_incident_is_among_them() -> None:
    assert len(BOARD) >= 50
    assert {bug.incident for bug in BOARD} - {"", "M6"} == INCIDENTS


def test_bugs_are_spread_over_the_layers() -> None:
    layers = {bug.file.split("/")[0] for bug in BOARD}
    assert layers >= {"connector", "journal", "protocol", "state", "venues", "web"}


def test_no_two_rows_are_the_same_bug() -> None:
    changes = [(bug.file, bug.before, bug.after) for bug in BOARD]
    assert len(set(changes)) == len(changes)
    names = [bug.name for bug in BOARD]
    assert len(set(names)) == len(names)


def test_a_text_that_is_not_there_once_is_refused() -> None:
    with pytest.raises(BugMisplaced, match="0 times"):
        planted_source(a_bug(before="nowhere to be found"), "text")
    with pytest.raises(BugMisplaced, match="2 times"):
        planted_source(a_bug(before="twice"), "once and twice and twice")


def test_a_row_with_an_unknown_field_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.toml").write_text("[lost]\nname = 'x'\nseen_by = []\nwhere = 'y'\n")
    with pytest.raises(ValueError, match=r"rows\.toml: lost"):
        bugs(tmp_path)


def test_a_bug_is_seen_by_the_process_that_planted_it_and_the_file_stays() -> None:
    code = (
        "from tests.mutation.planting import bugs, plant\n"
        "plant(next(bug for bug in bugs() if bug.key == 'trade-counted-twice'))\n"
        "import inspect\n"
        "from venuekit.state.order_fills import OrderFills\n"
        "print('counted' in OrderFills.has_seen.__code__.co_names)\n"
    )
    path = SOURCE / "state/order_fills.py"
    before = path.read_bytes()
    assert run(code).stdout == "False\n"
    assert path.read_bytes() == before
    sound = "from venuekit.state.order_fills import OrderFills\nprint(OrderFills.has_seen.__code__.co_names)"
    assert "counted" in run(sound).stdout


def test_a_bug_that_comes_after_its_module_is_refused() -> None:
    code = (
        "from tests.mutation.planting import bugs, plant\n"
        "import venuekit.state.order_fills\n"
        "plant(next(bug for bug in bugs() if bug.key == 'trade-counted-twice'))\n"
    )
    ended = run(code)
    assert ended.returncode != 0
    assert "was imported before" in ended.stderr


def test_a_copy_of_the_package_that_is_somewhere_else_is_not_mistaken_for_it(tmp_path: Path) -> None:
    package = tmp_path / "venuekit" / "state"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").write_text("")
    (package / "order_fills.py").write_text("")
    code = (
        "import sys\n"
        "from tests.mutation.planting import bugs, plant\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "plant(next(bug for bug in bugs() if bug.key == 'trade-counted-twice'))\n"
        "import venuekit.state.order_fills\n"
    )
    assert "not from" in run(code).stderr


def test_the_rows_lie_in_files_by_area() -> None:
    assert len(list(BUGS.glob("*.toml"))) >= 4
