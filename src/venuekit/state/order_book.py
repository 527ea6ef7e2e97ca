"""One market's book: two sides, their ids and whether they may be believed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from venuekit import errors
from venuekit.model.book import BookStatus, Levels
from venuekit.model.events import OrderBookTradeEvent
from venuekit.model.order_book_message import OrderBookMessage, OrderBookRow
from venuekit.protocol.book_feed import LevelText
from venuekit.state.book_queries import BookQueries
from venuekit.state.book_side import BookSide, Change, PriceScale

__all__ = ["OrderBook"]

Rows = Levels | Iterable[Sequence[str | Decimal] | OrderBookRow]


class OrderBook(BookQueries):
    """A book that answers questions while it is LIVE and raises `BookNotLive` while it is not.

    `as_is` answers whatever the status. `updated_at` is when the last frame was applied, in seconds of the
    clock that the feeder uses. `snapshot_uid` and `last_diff_uid` are the venue's ids, -1 before the first.
    """

    __slots__ = (
        "_scale",
        "as_is",
        "last_applied_trade",
        "last_diff_uid",
        "last_trade_price",
        "reason",
        "snapshot_uid",
        "status",
        "trading_pair",
        "update_id",
        "updated_at",
    )

    def __init__(self, trading_pair: str = "") -> None:
        super().__init__(BookSide(is_bid=True), BookSide(is_bid=False))
        self.trading_pair = trading_pair
        self.status = BookStatus.SYNCING
        self.reason = "no snapshot yet"
        self.as_is = BookQueries(self.bids, self.asks)
        self.update_id: int | None = None
        self.snapshot_uid = -1
        self.last_diff_uid = -1
        self.updated_at: float | None = None
        self.last_trade_price: Decimal | None = None
        self.last_applied_trade: float | None = None
        self._scale = PriceScale()

    def _readable(self) -> None:
        if self.status is not BookStatus.LIVE:
            raise errors.BookNotLive(self.trading_pair, self.status.value)
        if self.is_expired:
            raise errors.BookNotLive(self.trading_pair, "beyond its vouched depth")

    @property
    def is_live(self) -> bool:
        """Whether the book may be believed: LIVE, and its best prices are within the vouched depth."""
        return self.status is BookStatus.LIVE and not self.is_expired

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask: no market is, so a frame is missing."""
        bids, asks = self.bids.ranks, self.asks.ranks
        return bool(bids and asks) and bids[-1] >= -asks[-1]

    @property
    def is_expired(self) -> bool:
        """Whether the price left the range that a snapshot vouched for: a better level may be unknown."""
        return self.bids.is_expired or self.asks.is_expired

    @property
    def vouched_depth(self) -> tuple[int, int]:
        """How many bids and asks, from the best on, are known to be complete.

        Levels beyond are real but others may lie between them: a snapshot is cut, and what rests beyond
        its last level is heard of only when it changes.
        """
        return self.bids.vouched, self.asks.vouched

    def age(self, now: float) -> float | None:
        """Seconds since the last applied frame; None before the first."""
        return None if self.updated_at is None else now - self.updated_at

    def apply_snapshot(self, bids: Rows, asks: Rows, update_id: int | None, depth: int | None = None) -> None:
        """Replace both sides; the book is LIVE afterwards.

        `depth` is how many levels a side were asked for: a side that has as many is cut there, and the
        book vouches down to its last level. None: both sides are whole.

        Raises:
            errors.BadAnswer: a level that is no price and amount; the book is as it was.
        """
        bid_changes, ask_changes = self._read(bids, asks)
        self.bids.load(bid_changes, update_id, depth)
        self.asks.load(ask_changes, update_id, depth)
        self.update_id = update_id
        self.snapshot_uid = -1 if update_id is None else update_id
        self.status = BookStatus.LIVE
        self.reason = "snapshot"

    def apply_diffs(self, bids: Rows, asks: Rows, update_id: int | None) -> None:
        """Set each named level to its new amount, zero deletes it. Ids are the keeper's business.

        Raises:
            errors.BadAnswer: a level that is no price and amount; the book is as it was.
        """
        bid_changes, ask_changes = self._read(bids, asks)
        self.bids.apply(bid_changes, update_id)
        self.asks.apply(ask_changes, update_id)
        if update_id is not None:
            self.update_id = self.last_diff_uid = update_id

    def apply_trade(self, trade: OrderBookTradeEvent, now: float | None = None) -> None:
        """Remember the last trade's price, and when it came (`now`, monotonic seconds)."""
        self.last_trade_price = trade.price
        self.last_applied_trade = now

    def restore_from_snapshot_and_diffs(
        self, snapshot: OrderBookMessage, diffs: Iterable[OrderBookMessage]
    ) -> None:
        """Apply a snapshot, then the differences newer than it, in order."""
        self.apply_snapshot(snapshot.bids, snapshot.asks, snapshot.update_id)
        for diff in sorted(diffs):
            if diff > snapshot:
                self.apply_diffs(diff.bids, diff.asks, diff.update_id)

    @property
    def snapshot(self) -> tuple[list[OrderBookRow], list[OrderBookRow]]:
        """Bids and asks, best first."""
        return list(self.bid_entries()), list(self.ask_entries())

    def cut(self, depth: int) -> None:
        """Keep the best `depth` levels of each side."""
        for side in (self.bids, self.asks):
            if len(side.ranks) > depth:
                side.cut(depth)

    def adopt(self, other: OrderBook) -> None:
        """Take over the levels and ids of a book that was synchronised beside this one."""
        self.bids.adopt(other.bids)
        self.asks.adopt(other.asks)
        self._scale = other._scale
        self.update_id = other.update_id
        self.snapshot_uid = other.snapshot_uid
        self.last_diff_uid = other.last_diff_uid

    def differences(self, other: OrderBook) -> int:
        """How many levels differ within the depth that both books vouch for."""
        return sum(
            _differing(_by_price(mine, depth), _by_price(theirs, depth))
            for mine, theirs, depth in (
                (self.bids, other.bids, min(self.bids.vouched, other.bids.vouched)),
                (self.asks, other.asks, min(self.asks.vouched, other.asks.vouched)),
            )
        )

    def _read(self, bids: Rows, asks: Rows) -> tuple[list[Change], list[Change]]:
        bid_texts, ask_texts = _level_texts(bids), _level_texts(asks)
        while True:
            bid_changes = self.bids.read(bid_texts, self._scale)
            ask_changes = None if bid_changes is None else self.asks.read(ask_texts, self._scale)
            if bid_changes is not None and ask_changes is not None:
                return bid_changes, ask_changes
            self._grow(bid_texts + ask_texts)

    def _grow(self, texts: list[LevelText]) -> None:
        """Give prices the decimals they need; rare, since a venue writes its prices alike."""
        try:
            decimals = max(self._scale.needed(price) for price, _ in texts)
        except ValueError as error:
            raise errors.BadAnswer(f"a book level without a price: {error}") from None
        factor = 10 ** (decimals - self._scale.decimals)
        self._scale.decimals = decimals
        self.bids.rescale(factor)
        self.asks.rescale(factor)


def _level_texts(rows: Rows) -> list[LevelText]:
    if isinstance(rows, Levels):
        try:
            return rows.texts()
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise errors.BadAnswer(f"book levels that cannot be read ({error})") from None
    return [
        (f"{row.price:f}", f"{row.amount:f}")
        if isinstance(row, OrderBookRow)
        else (_written(row[0]), _written(row[1]))
        for row in rows
    ]


def _written(value: str | Decimal) -> str:
    return value if isinstance(value, str) else f"{value:f}"


def _by_price(side: BookSide, depth: int) -> dict[Decimal, Decimal]:
    return {
        Decimal(side.levels[rank][0]): Decimal(side.levels[rank][1])
        for rank in side.ranks[len(side) - depth :]
    }


def _differing(mine: dict[Decimal, Decimal], theirs: dict[Decimal, Decimal]) -> int:
    return sum(mine.get(price) != theirs.get(price) for price in {**mine, **theirs})
