"""The table of scenarios: all fifty are in it, and the tests that it names are there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "SEMANTICS.md"
ORDERS = TESTS / "connector" / "test_order_scenarios.py"
ROW = re.compile(r"^\| S(\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
EXCUSES = ("not built yet", "no test of its own")


def rows() -> dict[int, str]:
    """Number to what is said to show it."""
    return {int(number): shown for number, _, shown in ROW.findall(PAGE.read_text(encoding="utf-8"))}


def found_in(file: Path) -> list[str]:
    return re.findall(r"def test_(\w+)", file.read_text(encoding="utf-8"))


def begins(test: str, name: str) -> bool:
    return not name or f"{test}_".startswith(f"{name}_")


def named(shown: str) -> list[tuple[Path, str]]:
    """The tests that a row names: file, and how the test's name begins; empty: the whole file."""
    found, file = [], ORDERS
    for words in re.findall(r"`([^`]+)`", shown):
        place, colon, name = words.rpartition(": ")
        if words.endswith(".py"):
            place, name = words, ""
        if place == "state":
            file = TESTS / "state" / "test_order_scenarios.py"
        elif place:
            file = TESTS / place if "/" in place else TESTS / "connector" / place
        elif not colon and re.fullmatch(r"(s\d+_?)+", name):
            file = ORDERS
        found.append((file, name))
    return found


def test_every_scenario_has_its_row() -> None:
    assert list(rows()) == list(range(1, 51))


def test_every_test_that_a_row_names_is_there() -> None:
    missing = [
        f"S{number}: {file.name}: {name}"
        for number, shown in rows().items()
        for file, name in named(shown)
        if not file.is_file() or not any(begins(test, name) for test in found_in(file))
    ]
    assert missing == []


def test_a_row_without_a_test_says_why() -> None:
    assert [number for number, shown in rows().items() if not named(shown) and not says_why(shown)] == []


def says_why(shown: str) -> bool:
    return any(excuse in shown for excuse in EXCUSES)


def test_every_scenario_test_of_the_trading_connector_is_in_the_table() -> None:
    tested = {
        int(number) for name in found_in(ORDERS) for number in re.findall(r"(?<![a-z0-9])s(\d+)_", name)
    }
    shown = {number for number, row in rows().items() for file, _ in named(row) if file == ORDERS}
    assert tested == shown
