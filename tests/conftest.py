"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from venuekit.web.auth import Secret

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


# Shorter ones are words of tests about secrets, such as "hunter2".
_SHORTEST_SECRET = 16
_secrets: dict[str, None] = {}
"""Every secret that a test of this process used."""


@pytest.fixture(scope="session", autouse=True)
def _secrets_are_noted() -> Generator[None]:
    """Note what connectors sign with, so that what tests print can be searched for it."""
    begin = Secret.__init__

    def noted(self: Secret, text: str) -> None:
        begin(self, text)
        longest = max(text.strip().splitlines(), key=len, default="")  # of a PEM text, a line of the key
        if len(longest) >= _SHORTEST_SECRET and "PRIVATE KEY" not in longest:
            _secrets[longest] = None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Secret, "__init__", noted)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test fails when anything that it printed or logged holds a secret."""
    report = yield
    told = "".join(text for _, text in report.sections)
    # By then a report has all that the test told, from its setup on.
    if report.when == "teardown" and report.passed and any(secret in told for secret in _secrets):
        report.outcome = "failed"
        report.longrepr = "a secret is in what this test printed or logged"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line why tests that read recordings were skipped; other tests say it themselves."""
    skipped = sum(_ABSENCE in str(report.longrepr) for report in terminalreporter.getreports("skipped"))
    if skipped and not DATA.is_dir():
        terminalreporter.write_line(
            f"{skipped} skipped: they read recordings, and there are none in {DATA.resolve()} "
            "(VENUEKIT_DATA names another folder)"
        )
