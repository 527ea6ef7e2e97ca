"""All cards, by number."""

from __future__ import annotations

from venuekit.testing.conformance.account_cards import ACCOUNT_CARDS
from venuekit.testing.conformance.card import Card
from venuekit.testing.conformance.crossing_cards import CROSSING_CARDS
from venuekit.testing.conformance.data_cards import DATA_CARDS
from venuekit.testing.conformance.doubt_cards import DOUBT_CARDS
from venuekit.testing.conformance.feed_cards import FEED_CARDS
from venuekit.testing.conformance.incident_line_cards import INCIDENT_LINE_CARDS
from venuekit.testing.conformance.incident_order_cards import INCIDENT_ORDER_CARDS
from venuekit.testing.conformance.order_cards import ORDER_CARDS
from venuekit.testing.conformance.session_cards import SESSION_CARDS

__all__ = ["CARDS"]

_ALL = (
    *DATA_CARDS,
    *ORDER_CARDS,
    *DOUBT_CARDS,
    *ACCOUNT_CARDS,
    *CROSSING_CARDS,
    *FEED_CARDS,
    *SESSION_CARDS,
    *INCIDENT_ORDER_CARDS,
    *INCIDENT_LINE_CARDS,
)
CARDS: tuple[Card, ...] = tuple(sorted(_ALL, key=lambda card: card.number))
