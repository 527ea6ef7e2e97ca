"""A book frame in the shared vocabulary: type, content, timestamp, and a total order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

from venuekit.model.book import BookDiff, BookSnapshot
from venuekit.model.market import PublicTrade

__all__ = ["OrderBookMessage", "OrderBookMessageType", "OrderBookRow"]


class OrderBookRow:
    """One level: `price` in quote per base, `amount` in base, `update_id` of the frame that set it."""

    __slots__ = ("amount", "price", "update_id")

    def __init__(self, price: Decimal, amount: Decimal, update_id: int | None) -> None:
        self.price = price
        self.amount = amount
        self.update_id = update_id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OrderBookRow) and (self.price, self.amount, self.update_id) == (
            other.price,
            other.amount,
            other.update_id,
        )

    def __hash__(self) -> int:
        return hash((self.price, self.amount, self.update_id))

    def __repr__(self) -> str:
        return f"OrderBookRow({self.price:f}, {self.amount:f}, {self.update_id})"


class OrderBookMessageType(Enum):
    """What a message carries."""

    SNAPSHOT = 1
    DIFF = 2
    TRADE = 3


class OrderBookMessage:
    """A snapshot, a difference or a trade as a mapping, comparable to its peers.

    Messages with ids of one kind are ordered by id, all others by `timestamp` (seconds), where at equal
    times book messages come before trades. Of two at the same place neither is newer, even where they are
    not equal: a snapshot and the difference that ends at its id. Missing ids read as -1.
    """

    __slots__ = ("content", "timestamp", "type")

    def __init__(
        self, message_type: OrderBookMessageType, content: Mapping[str, Any], timestamp: float | None = None
    ) -> None:
        if timestamp is None:
            if message_type is not OrderBookMessageType.SNAPSHOT:
                raise ValueError("a difference or trade message needs a timestamp")
            timestamp = float(content.get("timestamp", 0.0))
        self.type = message_type
        self.content = content
        self.timestamp = timestamp

    @classmethod
    def of(cls, frame: BookSnapshot | BookDiff | PublicTrade, received: float) -> OrderBookMessage:
        """The message for a frame; `received` stands in where the venue gives no time."""
        if isinstance(frame, PublicTrade):
            return cls(
                OrderBookMessageType.TRADE,
                {
                    "trading_pair": frame.trading_pair,
                    "trade_type": float(frame.trade_type.value),
                    "trade_id": frame.trade_id,
                    "update_id": -1,
                    "price": frame.price,
                    "amount": frame.amount,
                },
                frame.timestamp,
            )
        content = {
            "trading_pair": frame.trading_pair,
            "update_id": frame.update_id if isinstance(frame, BookSnapshot) else frame.last_update_id,
            "bids": frame.bids.texts(),
            "asks": frame.asks.texts(),
        }
        if isinstance(frame, BookDiff):
            content["first_update_id"] = frame.first_update_id
        kind = OrderBookMessageType.SNAPSHOT if isinstance(frame, BookSnapshot) else OrderBookMessageType.DIFF
        return cls(kind, content, received if frame.timestamp is None else frame.timestamp)

    @property
    def trading_pair(self) -> str:
        """The pair it is about."""
        return str(self.content["trading_pair"])

    @property
    def update_id(self) -> int:
        """The book's id after this message; -1 for trades and venues without ids."""
        if self.type is OrderBookMessageType.TRADE:
            return -1
        return self._id("update_id")

    @property
    def first_update_id(self) -> int:
        """The first id a difference covers; -1 for the other types."""
        if self.type is not OrderBookMessageType.DIFF:
            return -1
        first = self._id("first_update_id")
        return self.update_id if first == -1 else first

    @property
    def trade_id(self) -> int | str:
        """The trade's id; -1 for the other types."""
        trade_id: int | str = self.content["trade_id"] if self.type is OrderBookMessageType.TRADE else -1
        return trade_id

    @property
    def has_update_id(self) -> bool:
        """Whether it has a book id."""
        return self.update_id != -1

    @property
    def has_trade_id(self) -> bool:
        """Whether it has a trade id."""
        return self.trade_id != -1

    @property
    def bids(self) -> list[OrderBookRow]:
        """Buy levels, exact."""
        return self._rows("bids")

    @property
    def asks(self) -> list[OrderBookRow]:
        """Sell levels, exact."""
        return self._rows("asks")

    def _id(self, name: str) -> int:
        value = self.content.get(name)
        return -1 if value is None else int(value)

    def _rows(self, side: str) -> list[OrderBookRow]:
        rows: Sequence[Sequence[Any]] = self.content[side]
        return [OrderBookRow(Decimal(str(row[0])), Decimal(str(row[1])), self.update_id) for row in rows]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OrderBookMessage):
            return NotImplemented
        return self.type is other.type and (
            (self.has_update_id and self.update_id == other.update_id)
            or (self.has_trade_id and self.trade_id == other.trade_id)
            or self is other
        )

    def __hash__(self) -> int:
        return hash((self.type, self.update_id, self.trade_id))

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, OrderBookMessage):
            return NotImplemented
        if self.has_update_id and other.has_update_id:
            return self.update_id < other.update_id
        mine, theirs = self.trade_id, other.trade_id
        if self.has_trade_id and other.has_trade_id:
            if mine == theirs:
                return False
            if isinstance(mine, int) and isinstance(theirs, int):
                return mine < theirs
        return self._moment() < other._moment()

    def __gt__(self, other: object) -> bool:
        return other < self if isinstance(other, OrderBookMessage) else NotImplemented

    def __le__(self, other: object) -> bool:
        return not other < self if isinstance(other, OrderBookMessage) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return not self < other if isinstance(other, OrderBookMessage) else NotImplemented

    def _moment(self) -> tuple[float, bool, int]:
        return self.timestamp, self.type is OrderBookMessageType.TRADE, self.type.value

    def __repr__(self) -> str:
        return f"OrderBookMessage({self.type.name}, {self.trading_pair}, {self.update_id}, {self.timestamp})"
