"""What a connector needs of a venue, and where the venue's documentation offers it."""

from __future__ import annotations

from enum import Enum

from venuekit.protocol.frozen import Frozen

__all__ = ["Evidence", "Level", "Need"]


class Level(Enum):
    """How badly something is needed."""

    MUST = "must"
    USEFUL = "useful"


class Need(Enum):
    """One thing a venue should offer: how badly, on which `side` (`rest` or `stream`), `what` in words.

    `is_of_perpetuals` is true for what a spot market has no use for.
    """

    TRADING_RULES = (Level.MUST, "rest", "trading rules")
    SERVER_STATUS = (Level.MUST, "rest", "server status or time")
    RATE_LIMITS = (Level.MUST, "rest", "documented limits of each endpoint, address and connection")
    BOOK_CHANNEL = (Level.MUST, "stream", "order book")
    TRADE_CHANNEL = (Level.MUST, "stream", "public trades")
    STREAM_LIMITS = (Level.MUST, "stream", "documented limits of subscriptions and connections")
    ACTIVE_PAIRS = (Level.USEFUL, "rest", "list of active pairs")
    LAST_PRICES = (Level.USEFUL, "rest", "last traded prices")
    FUNDING_INFO = (Level.USEFUL, "stream", "funding rate and time", True)

    def __init__(self, level: Level, side: str, what: str, is_of_perpetuals: bool = False) -> None:
        self.level = level
        self.side = side
        self.what = what
        self.is_of_perpetuals = is_of_perpetuals


class Evidence(Frozen):
    """How a venue meets a need: the endpoint or channel, its page, and when that was read."""

    how: str
    page: str
    read_on: str
