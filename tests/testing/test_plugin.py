"""The plug-in in the pytest runs of other repositories: silent unless asked, and then clear."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from venuekit.testing.conformance import Trait

_ROOT = Path(__file__).parents[2]
_PATIENCE = 120.0
_CLOCK = "the venue's clock"

# A venue of somebody else's, that is not installed.
_EXCHANGE = """
from venuekit.venues.bybit.spot.exchange import BybitExchange

class Elsewhere(BybitExchange):
    pass
"""
_DIALECT = """
from venuekit.emulator.dialects.bybit import BybitSpotDialect

class ElsewhereDialect(BybitSpotDialect):
    name = "elsewhere"
"""
_FACTS = """
display_name = "Elsewhere"
type = "exchange"
example_pair = "BTC-USDT"

[fees]
maker_percent_fee_decimal = "0.001"
taker_percent_fee_decimal = "0.001"

[domains.emulator]
"""
_ENTRY_POINTS = """
[venuekit.venues]
elsewhere = elsewhere.exchange:Elsewhere

[venuekit.dialects]
elsewhere = elsewhere.dialect:ElsewhereDialect
"""
_BY_CLASS = """
from elsewhere.dialect import ElsewhereDialect
from elsewhere.exchange import Elsewhere
from venuekit.testing.conformance import ConformanceSuite

class TestElsewhere(ConformanceSuite):
    connector = Elsewhere
    dialect = ElsewhereDialect

class TestDeaf(ConformanceSuite):
    connector = type("Deaf", (Elsewhere,), {"server_time": lambda self: self.nothing()})
    dialect = ElsewhereDialect
"""
_PLAIN = """
import sys

def test_nothing_of_ours_is_imported_for_nothing():
    assert sorted(name for name in sys.modules if name.startswith("venuekit")) == [
        "venuekit", "venuekit.testing", "venuekit.testing.plugin",
    ]
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A repository with a connector and a dialect of its own."""
    package = tmp_path / "elsewhere"
    package.mkdir()
    for name, text in (
        ("__init__.py", ""),
        ("exchange.py", _EXCHANGE),
        ("dialect.py", _DIALECT),
        ("venue.toml", _FACTS),
    ):
        (package / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """How a run of pytest there ended, and what it printed."""
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "venuekit.testing.plugin",
            "-p",
            "no:cacheprovider",
            *arguments,
        ],
        cwd=folder,
        env=os.environ
        | {
            # As somebody has it who installed nothing but this package.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join([str(folder), str(_ROOT / "src")]),
        },
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    return ran.returncode, ran.stdout.splitlines()


def test_a_run_without_cards_hears_nothing_of_the_plug_in(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(_PLAIN, encoding="utf-8")
    code, said = run(tmp_path)
    assert code == 0, said
    assert not [line for line in said if "conformance" in line]


def test_the_cards_of_an_installed_connector_are_run_by_its_name(elsewhere: Path) -> None:
    installed = elsewhere / "elsewhere-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(_ENTRY_POINTS, encoding="utf-8")
    code, said = run(
        elsewhere, "--venuekit-connector", "elsewhere", "--venuekit-card", "4", "--venuekit-card", "22"
    )
    assert code == 0, said
    assert said[said.index("elsewhere: 1 passed, 1 not applicable") + 1 :][:2] == [
        f"   4  {_CLOCK:<40}  passed",
        f"  22  {'a cancel':<40}  not applicable: {Trait.ORDERS.value}",
    ]


def test_classes_that_are_not_installed_are_held_to_the_cards_too(elsewhere: Path) -> None:
    (elsewhere / "test_ours.py").write_text(_BY_CLASS, encoding="utf-8")
    code, said = run(elsewhere, "-q", "--venuekit-card", "4")
    assert code == 1, said
    table = said[next(number for number, line in enumerate(said) if "conformance cards" in line) + 1 :]
    assert table[:3] == ["Deaf: 1 FAILED", f"   4  {_CLOCK:<40}  FAILED", "Elsewhere: 1 passed"]


def test_pytest_finds_the_plug_in_where_the_package_is_installed() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # The entry has the module's name, so that `-p` and the installed plug-in are one.
    assert project["entry-points"]["pytest11"] == {"venuekit.testing.plugin": "venuekit.testing.plugin"}
