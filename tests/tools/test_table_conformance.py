from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from venuekit.testing.conformance import CARDS, Group

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "table_conformance.py"))


def test_the_page_is_what_it_is_when_every_card_passes(tool: dict[str, Any]) -> None:
    # tests/conformance plays every card in every way: what the page says is so as long as those pass.
    page = (ROOT / "docs" / "CONFORMANCE.md").read_text(encoding="utf-8")
    assert page == tool["drawn"]({}), "run `make conformance`"


def test_a_card_that_failed_is_shown_with_where_it_did(tool: dict[str, Any]) -> None:
    play = tool["Play"]("binance", 22, tool["Way"].WORLD_WIRE)
    page = tool["drawn"]({play: "FAILED: no end was told"})
    (row,) = [line for line in page.splitlines() if line.startswith("| 22 |")]
    assert "| FAILED in the world, wire |" in row


def test_a_card_that_is_not_a_connectors_has_the_letter_of_its_reason(tool: dict[str, Any]) -> None:
    page = tool["drawn"]({})
    (row,) = [line for line in page.splitlines() if line.startswith("| 22 |")]
    letter = row.rstrip(" |").rpartition("| ")[2]
    (reason,) = [line for line in page.splitlines() if line.startswith(f"- {letter}: ")]
    (card,) = [card for card in CARDS if card.number == 22]
    assert reason.partition(": ")[2] == tool["objection"](tool["connector_names"]()[-1], card)


def test_numbers_and_titles_are_given_once_and_every_group_has_cards() -> None:
    assert [card.number for card in CARDS] == list(range(1, len(CARDS) + 1))
    assert len({card.title for card in CARDS}) == len(CARDS)
    assert {card.group for card in CARDS} == set(Group)
    titled = [card for card in CARDS if card.title.startswith("M") and card.title[1].isdigit()]
    assert titled == [card for card in CARDS if card.group is Group.INCIDENTS]
