"""A card that no connector can fail shows nothing: each defect is caught by the card that is about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conformance.broken import BROKEN
from tests.conformance.broken_lines import BROKEN_LINES
from tests.conformance.broken_orders import BROKEN_ORDERS

from venuekit.testing.conformance import CARDS, Card, CardFailed, ConformanceSuite
from venuekit.venues.binance.spot.exchange import BinanceExchange

_ALL = (*BROKEN, *BROKEN_ORDERS, *BROKEN_LINES)
_LONG = 45.0
"""Seconds of waiting for what it does, before the card looks at what it does wrong."""
_TRIES = 3
"""A busy machine can hide a defect once: what a connector was not to hear in time it heard otherwise."""


@pytest.mark.parametrize(
    ("number", "kind", "sign"), _ALL, ids=[f"{number:02}-{kind.__name__}" for number, kind, _ in _ALL]
)
async def test_a_defect_fails_its_card(
    number: int, kind: type[BinanceExchange], sign: str | float, tmp_path: Path
) -> None:
    suite = ConformanceSuite()
    suite.connector, suite.dialect = kind, "binance"  # type: ignore[misc] # of this suite alone
    suite.patience = _LONG if isinstance(sign, str) else sign  # type: ignore[misc]
    (card,) = [card for card in CARDS if card.number == number]
    with pytest.raises(CardFailed, match=sign if isinstance(sign, str) else None):
        await _tried(suite, card, tmp_path)


async def _tried(suite: ConformanceSuite, card: Card, folder: Path) -> None:
    for number in range(_TRIES):
        stage = folder / str(number)
        stage.mkdir()
        await suite.play(card, stage)


def test_there_is_a_defect_for_every_card() -> None:
    assert sorted({number for number, _, _ in _ALL}) == [card.number for card in CARDS]
