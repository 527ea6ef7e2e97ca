"""Something that clients subscribe to, and what has gathered since it was last published."""

from __future__ import annotations

from typing import Any

from venuekit.emulator.connection import Connection
from venuekit.emulator.market import Aggregate, Market
from venuekit.emulator.step import MarketStep, MarketTrade
from venuekit.emulator.venue_book import ChangeLog
from venuekit.protocol.frozen import Frozen

__all__ = ["Channel", "Topic"]


class Channel(Frozen):
    """A kind of stream: published every `cadence` seconds on the full multiple, or at each step where 0.

    `kind` is the dialect's word for what is told; `depth` the levels a side of a windowed book;
    `is_book_difference` says that a lost message leaves the reader's book wrong; `route` is the only
    door the channel is served through, empty for all. A book difference without a depth tells of the whole
    book, and its topic follows the book's changes.
    """

    kind: str
    cadence: float = 0.0
    depth: int = 0
    is_book_difference: bool = False
    route: str = ""


class Topic:
    """One channel of one market (None: of all markets), made by its first subscriber, gone with its last.

    `seen` is for the dialect: what it has to remember from one publication to the next.
    """

    def __init__(self, name: str, market: Market | None, channel: Channel) -> None:
        self.name = name
        self.market = market
        self.channel = channel
        self.subscribers: dict[Connection, None] = {}
        self.trades: list[MarketTrade] = []
        self.aggregates: list[Aggregate] = []
        follows = market is not None and channel.is_book_difference and not channel.depth
        self.changes: ChangeLog | None = market.book.follow() if market and follows else None
        self.last_id = market.book.last_id if market is not None else 0
        self.seen: dict[str, Any] = {}
        self.held: Any = None

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbol it tells of; empty for a topic of all markets."""
        return () if self.market is None else (self.market.symbol,)

    @property
    def paths(self) -> tuple[str, ...]:
        """What a fault may call it."""
        return (self.name, self.channel.kind)

    def feed(self, step: MarketStep, aggregates: list[Aggregate]) -> None:
        """Gather a step's trades; the book keeps the changes itself."""
        self.trades.extend(step.trades)
        self.aggregates.extend(aggregates)

    def drain(self) -> None:
        """Forget what has been told."""
        self.trades.clear()
        self.aggregates.clear()

    def retire(self) -> None:
        """Stop gathering."""
        if self.market is not None and self.changes is not None:
            self.market.book.unfollow(self.changes)
