"""A pytest plug-in: the conformance cards of a connector from the command line, and a table of what came out.

It does nothing in a run without cards. `pytest --venuekit-connector NAME` runs the cards of an installed
connector, `--venuekit-card N` those of some numbers only; a test class derived from `ConformanceSuite` needs
neither option.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_configure", "pytest_terminal_summary"]

_CARD = "venuekit_card"
_NOT_APPLICABLE = "not applicable: "
_WORDS = {"passed": "passed", "failed": "FAILED", "error": "FAILED", "skipped": "skipped"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the options."""
    group = parser.getgroup("venuekit", "conformance of a connector")
    group.addoption(
        "--venuekit-connector", metavar="NAME", help="run the conformance cards of this installed connector"
    )
    group.addoption(
        "--venuekit-card",
        metavar="N",
        type=int,
        action="append",
        help="of all conformance cards run the one of this number; can be given again",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let the connector's cards be what is collected, where one was named and no path was."""
    if config.getoption("--venuekit-connector") is None:
        return
    cards = str(Path(__file__).parent / "conformance" / "named.py")
    is_by_paths = config.args_source is pytest.Config.ArgsSource.ARGS
    config.args[:] = [*(config.args if is_by_paths else ()), cards]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cards that were not asked for."""
    wanted = config.getoption("--venuekit-card")
    if not wanted:
        return
    left_out = [item for item in items if _number(item) not in (None, *wanted)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _number(item: pytest.Item) -> int | None:
    """The number of the card that a test plays; None: it plays none."""
    call = getattr(item, "callspec", None)
    number = getattr(None if call is None else call.params.get("card"), "number", None)
    return number if isinstance(number, int) else None


class _Row(NamedTuple):
    """One card of one connector, and what came out."""

    connector: str
    number: int
    title: str
    verdict: str


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print a table of the cards by connector; with `-q` a line each."""
    rows = sorted(_rows(terminalreporter))
    if not rows:
        return
    terminalreporter.section("conformance cards")
    is_short = terminalreporter.config.get_verbosity() < 0
    for connector in dict.fromkeys(row.connector for row in rows):
        own = [row for row in rows if row.connector == connector]
        terminalreporter.write_line(f"{connector}: {_sum(own)}", bold=True)
        for row in own:
            is_bad = row.verdict == "FAILED"
            if is_bad or not is_short:
                terminalreporter.write_line(f"  {row.number:>2}  {row.title:<40}  {row.verdict}", red=is_bad)


def _rows(reporter: TerminalReporter) -> Iterator[_Row]:
    for outcome, word in _WORDS.items():
        for report in reporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == _CARD:
                    connector, number, title = value
                    yield _Row(connector, number, title, _why(report) or word)


def _why(report: pytest.TestReport) -> str | None:
    """Why a card is not this connector's; None: it is."""
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    _, is_there, why = said.partition(_NOT_APPLICABLE)
    return f"{_NOT_APPLICABLE}{why}" if is_there else None


def _sum(rows: Iterable[_Row]) -> str:
    counts: dict[str, int] = {}
    for row in rows:
        word = row.verdict.partition(":")[0]
        counts[word] = counts.get(word, 0) + 1
    return ", ".join(f"{count} {word}" for word, count in counts.items())
