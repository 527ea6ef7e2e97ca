from __future__ import annotations

import runpy
from pathlib import Path

from venuekit.sim.invariants.table import INVARIANTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "RELIABILITY.md").read_text(encoding="utf-8")


def test_the_page_has_todays_invariants_and_the_whole_ledger() -> None:
    drawn = runpy.run_path(str(ROOT / "tools" / "draw_reliability.py"))["drawn"]
    assert drawn() == PAGE


def test_every_invariant_has_a_line() -> None:
    assert all(f"| {invariant.id} | {invariant.sentence} |" in PAGE for invariant in INVARIANTS)
