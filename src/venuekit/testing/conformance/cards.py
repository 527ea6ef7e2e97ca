"""All cards, by number."""

from __future__ import annotations

from venuekit.testing.conformance.account_cards import ACCOUNT_CARDS
from venuekit.testing.conformance.card import Card
from venuekit.testing.conformance.crossing_cards import CROSSING_CARDS
from venuekit.testing.conformance.data_cards import DATA_CARDS
from venuekit.testing.conformance.doubt_cards import DOUBT_CARDS
from venuekit.testing.conformance.feed_cards import FEED_CARDS
from venuekit.testing.conformance.order_cards import ORDER_CARDS

__all__ = ["CARDS"]

CARDS: tuple[Card, ...] = (
    *DATA_CARDS,
    *ORDER_CARDS,
    *DOUBT_CARDS,
    *ACCOUNT_CARDS,
    *CROSSING_CARDS,
    *FEED_CARDS,
)
