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

    `is_private` is true for what only a connector that trades asks for, `is_of_perpetuals` for what a spot
    market has no use for.
    """

    TRADING_RULES = (Level.MUST, "rest", "trading rules")
    SERVER_STATUS = (Level.MUST, "rest", "server status or time")
    RATE_LIMITS = (Level.MUST, "rest", "documented limits of each endpoint, address and connection")
    BOOK_CHANNEL = (Level.MUST, "stream", "order book")
    TRADE_CHANNEL = (Level.MUST, "stream", "public trades")
    STREAM_LIMITS = (Level.MUST, "stream", "documented limits of subscriptions and connections")
    ACTIVE_PAIRS = (Level.USEFUL, "rest", "list of active pairs")
    LAST_PRICES = (Level.USEFUL, "rest", "last traded prices")
    FUNDING_INFO = (Level.USEFUL, "stream", "funding rate and time", False, True)

    PLACE_ORDER = (Level.MUST, "rest", "new orders", True)
    CANCEL_ORDER = (Level.MUST, "rest", "cancels", True)
    ORDER_STATUS = (Level.MUST, "rest", "status of an order, by either id", True)
    OPEN_ORDERS = (Level.MUST, "rest", "active orders", True)
    ACCOUNT_FILLS = (Level.MUST, "rest", "the account's trades since a time", True)
    BALANCES = (Level.MUST, "rest", "balances of the account", True)
    ORDER_CHANNEL = (Level.MUST, "stream", "updates of own orders", True)
    FILL_CHANNEL = (Level.MUST, "stream", "own trades", True)
    BALANCE_CHANNEL = (Level.USEFUL, "stream", "balances; otherwise they are estimated", True)
    FILL_FEES = (Level.USEFUL, "stream", "the fee of each own trade; otherwise it is estimated", True)
    ORDER_HISTORY = (Level.USEFUL, "rest", "ended orders", True)
    ACCOUNT_FEES = (Level.USEFUL, "rest", "the account's own fees", True)
    AMEND_ORDER = (Level.USEFUL, "rest", "changes of a resting order", True)
    SOCKET_ORDERS = (Level.USEFUL, "stream", "orders and cancels over a WebSocket", True)
    POSITIONS = (Level.MUST, "rest", "positions", True, True)
    LEVERAGE = (Level.MUST, "rest", "setting the leverage", True, True)

    def __init__(
        self,
        level: Level,
        side: str,
        what: str,
        is_private: bool = False,
        is_of_perpetuals: bool = False,
    ) -> None:
        self.level = level
        self.side = side
        self.what = what
        self.is_private = is_private
        self.is_of_perpetuals = is_of_perpetuals

    def concerns(self, *, trades: bool, is_perpetual: bool) -> bool:
        """Whether a connector asks for it, by whether it trades and what it trades."""
        return (trades or not self.is_private) and (is_perpetual or not self.is_of_perpetuals)


class Evidence(Frozen):
    """How a venue meets a need: the endpoint or channel, its page, and when that was read."""

    how: str
    page: str
    read_on: str
