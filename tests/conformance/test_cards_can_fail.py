"""A card that no connector can fail shows nothing: each defect is caught by the card that is about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conformance.broken import BROKEN

from venuekit.testing.conformance import CARDS, CardFailed, ConformanceSuite
from venuekit.venues.binance.spot.exchange import BinanceExchange

_NEVER = 2.0
"""Seconds of waiting for what a broken connector does not do."""


@pytest.mark.parametrize(
    ("number", "kind", "words"), BROKEN, ids=[f"{number:02}-{kind.__name__}" for number, kind, _ in BROKEN]
)
async def test_a_defect_fails_its_card(
    number: int, kind: type[BinanceExchange], words: str | None, tmp_path: Path
) -> None:
    suite = ConformanceSuite()
    suite.connector, suite.dialect = kind, "binance"  # type: ignore[misc] # of this suite alone
    if words is None:
        suite.patience = _NEVER  # type: ignore[misc]
    (card,) = [card for card in CARDS if card.number == number]
    with pytest.raises(CardFailed, match=words):
        await suite.play(card, tmp_path)


def test_there_is_a_defect_for_every_card() -> None:
    assert sorted({number for number, _, _ in BROKEN}) == [card.number for card in CARDS]
