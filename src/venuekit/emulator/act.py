"""What clients of every venue do and hear, so that a fault can be aimed without a venue's own words."""

from __future__ import annotations

from enum import Enum

__all__ = ["Act"]


class Act(Enum):
    """Something that a dialect has a path for, as faults understand paths; it may have several."""

    PLACE = "place an order"
    CANCEL = "cancel an order"
    AMEND = "change an order"
    PRICES = "ask for last prices"
    SNAPSHOT = "ask for a book"
    ORDER_QUERY = "ask how an order stands"
    TRADE_QUERY = "ask for the trades of an account"
    ACCOUNT_STREAM = "hear what happens to an account"
    NEW_EVENTS = "hear of new orders on the account's stream"
    FILL_EVENTS = "hear of fills on the account's stream"
