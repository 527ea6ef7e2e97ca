"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(os.environ.get("VENUEKIT_DATA") or Path(__file__).parents[1] / ".." / "shared" / "data")

_ABSENCE = "no recordings in"


@pytest.fixture(scope="session")
def data_path() -> Callable[[str], Path]:
    """Where a recording lies: skips where the folder is absent, fails if VENUEKIT_REQUIRE_DATA=1."""

    def path(name: str) -> Path:
        if not DATA.is_dir():
            absence = f"{_ABSENCE} {DATA}; set VENUEKIT_DATA to their folder"
            if os.environ.get("VENUEKIT_REQUIRE_DATA") == "1":
                pytest.fail(absence)
            pytest.skip(absence)
        found = DATA / name
        assert found.is_file(), f"{DATA} holds no {name}"
        return found

    return path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line why tests were skipped that read recordings; a card that does not apply says it itself."""
    skipped = sum(_ABSENCE in str(report.longrepr) for report in terminalreporter.getreports("skipped"))
    if skipped and not DATA.is_dir():
        terminalreporter.write_line(
            f"{skipped} skipped: they read recordings, and there are none in {DATA.resolve()} "
            "(VENUEKIT_DATA names another folder)"
        )
