"""All cards, by number."""

from __future__ import annotations

from venuekit.testing.conformance.card import Card
from venuekit.testing.conformance.data_cards import DATA_CARDS

__all__ = ["CARDS"]

CARDS: tuple[Card, ...] = (*DATA_CARDS,)
