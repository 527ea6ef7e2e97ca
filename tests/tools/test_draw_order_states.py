from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_drawn_page_is_up_to_date() -> None:
    drawn = runpy.run_path(str(ROOT / "tools" / "draw_order_states.py"))["drawn"]
    assert (ROOT / "docs" / "ORDER_STATES.md").read_text(encoding="utf-8") == drawn()


def test_every_edge_of_the_tables_is_drawn() -> None:
    lines = runpy.run_path(str(ROOT / "tools" / "draw_order_states.py"))["lives"]
    assert "    OPEN --> PARTIALLY_FILLED: filled partly" in list(lines())
