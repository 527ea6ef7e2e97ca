"""Words about positions. Values follow the vocabulary that connectors share."""

from __future__ import annotations

from enum import Enum

__all__ = ["PositionAction", "PositionMode", "PositionSide"]


class PositionAction(Enum):
    """What an order does to a position."""

    OPEN = "OPEN"
    CLOSE = "CLOSE"
    NIL = "NIL"
    """It has none: a spot order."""


class PositionSide(Enum):
    """Which way a position gains."""

    LONG = "LONG"
    SHORT = "SHORT"
    BOTH = "BOTH"
    """The one position of a pair in one-way mode: its amount's sign tells the way."""


class PositionMode(Enum):
    """How many positions a pair can have."""

    HEDGE = "HEDGE"
    """A long one and a short one side by side."""
    ONEWAY = "ONEWAY"
    """One, long or short."""
