"""Keepers under test: a feed of each rule, and frames that say only what matters."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.model.book import BookDiff, BookSnapshot, BookStatus, Levels
from venuekit.protocol.book_feed import BookFeed, LevelText, Sequencing, SnapshotSource
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import (
    OrderBookKeeper,
    Verdict,
)

PAIR = "BTC-USDT"
LIVE, SYNCING, RESYNCING, STALE = (
    BookStatus.LIVE,
    BookStatus.SYNCING,
    BookStatus.RESYNCING,
    BookStatus.STALE,
)

RANGE = BookFeed(rule=Sequencing.RANGE, snapshot=SnapshotSource.REST)
CHAIN = BookFeed(rule=Sequencing.CHAIN, snapshot=SnapshotSource.REST)
NEXT = BookFeed(rule=Sequencing.NEXT, snapshot=SnapshotSource.STREAM)
INCREASING = BookFeed(rule=Sequencing.INCREASING, snapshot=SnapshotSource.REST)
ARRIVAL = BookFeed(rule=Sequencing.ARRIVAL, snapshot=SnapshotSource.STREAM)
ONLY = BookFeed(rule=Sequencing.INCREASING, snapshot=SnapshotSource.ONLY)


def levels(*rows: LevelText) -> Levels:
    return Levels.of(rows)


def snapshot(
    update_id: int | None,
    bids: Sequence[LevelText] = (("100", "1"), ("99", "1")),
    asks: Sequence[LevelText] = (("101", "1"), ("102", "1")),
    depth: int | None = None,
    checksum: int | None = None,
) -> BookSnapshot:
    return BookSnapshot(
        trading_pair=PAIR,
        bids=levels(*bids),
        asks=levels(*asks),
        update_id=update_id,
        depth=depth,
        checksum=checksum,
    )


def diff(
    last: int | None,
    first: int | None = None,
    previous: int | None = None,
    bids: Sequence[LevelText] | None = None,
    asks: Sequence[LevelText] = (),
    checksum: int | None = None,
) -> BookDiff:
    """A difference that, unless told otherwise, leaves its own id as the amount of the bid at 100."""
    return BookDiff(
        trading_pair=PAIR,
        bids=levels(*([("100", str(last or 1))] if bids is None else bids)),
        asks=levels(*asks),
        first_update_id=first,
        last_update_id=last,
        previous_update_id=previous,
        checksum=checksum,
    )


def keeper_of(feed: BookFeed, *frames: BookSnapshot | BookDiff) -> OrderBookKeeper:
    keeper = OrderBookKeeper(OrderBook(PAIR), feed)
    for frame in frames:
        keeper.feed_frame(frame, 0.0)
    return keeper


def said(verdict: Verdict) -> str:
    return verdict.kind.value if verdict.trouble is None else f"{verdict.kind.value}: {verdict.trouble.name}"


def best_bid_amount(keeper: OrderBookKeeper) -> str:
    bids, _ = keeper.book.as_is.texts(1)
    return bids[0][1]


S, D = snapshot, diff
