"""What every connector must do, as numbered cards for any connector that has an emulated venue."""

from __future__ import annotations

from venuekit.testing.conformance.card import Card, CardFailed, Group, Trait
from venuekit.testing.conformance.cards import CARDS
from venuekit.testing.conformance.suite import ConformanceSuite

__all__ = ["CARDS", "Card", "CardFailed", "ConformanceSuite", "Group", "Trait"]
