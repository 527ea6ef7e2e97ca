"""A recorded session of consecutive ids through keeper and book; the translation stands here."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from venuekit.model.book import BookDiff, BookSnapshot, BookStatus, Levels
from venuekit.protocol.book_feed import BookFeed, Sequencing, SnapshotSource
from venuekit.protocol.frozen import Wire
from venuekit.protocol.recording import RecordKind, read_recording
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import OrderBookKeeper, Remedy, Trouble

FEED = BookFeed(rule=Sequencing.NEXT, snapshot=SnapshotSource.STREAM, kept_depth=200)
FILE = "bybit/cf_linear_BTC_DOGE_spot_BTC_20260809.jsonl.gz"

BookFrame = BookSnapshot | BookDiff
DataPath = Callable[[str], Path]


class Book(Wire):
    s: str
    b: msgspec.Raw
    a: msgspec.Raw
    u: int


class Frame(Wire):
    topic: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


@pytest.fixture(scope="module")
def recorded(data_path: DataPath) -> dict[str, list[BookFrame]]:
    """The frames of each book, keyed `linear:BTCUSDT`."""
    path = data_path(FILE)
    books: dict[str, list[BookFrame]] = {}
    with gzip.open(path, "rb") as lines:
        for record in read_recording(lines, path.name):
            if record.kind is not RecordKind.FRAME:
                continue
            said = msgspec.json.decode(record.data, type=Frame)
            if not said.topic.startswith("orderbook."):
                continue
            category = (record.url or "").rpartition("/")[2]
            book = msgspec.json.decode(said.data, type=Book)
            name = f"{category}:{book.s}"
            bids, asks = Levels(book.b), Levels(book.a)
            books.setdefault(name, []).append(
                BookSnapshot(trading_pair=name, bids=bids, asks=asks, update_id=book.u)
                if said.type == "snapshot"
                else BookDiff(trading_pair=name, bids=bids, asks=asks, last_update_id=book.u)
            )
    return books


def fed(frames: Sequence[BookFrame]) -> OrderBookKeeper:
    keeper = OrderBookKeeper(OrderBook(), FEED)
    for frame in frames:
        keeper.feed_frame(frame, 0.0)
    return keeper


BOOKS = ["linear:BTCUSDT", "linear:DOGEUSDT", "spot:BTCUSDT"]
Recorded = dict[str, list[BookFrame]]


@pytest.mark.parametrize("name", BOOKS)
def test_a_recorded_book_ends_where_it_must(data_path: DataPath, recorded: Recorded, name: str) -> None:
    all_told: dict[str, Any] = msgspec.json.decode(data_path("expected_replay.json").read_bytes())
    told = all_told["bybit"]["books"][name]
    keeper = fed(recorded[name])
    bids, asks = keeper.book.texts(10)
    assert (keeper.applied, keeper.gaps, keeper.known_id) == (told["deltas"], told["gaps"], told["last_u"])
    assert [[list(row) for row in side] for side in (bids, asks)] == list(told["final_top10"].values())
    assert list(keeper.book.vouched_depth) == told["levels"]


@pytest.mark.parametrize("name", BOOKS)
def test_a_dropped_delta_asks_for_a_new_subscription(recorded: Recorded, name: str) -> None:
    frames = recorded[name]
    keeper = fed(frames[:40])
    verdict = keeper.feed_frame(frames[41], 0.0)
    assert (verdict.trouble, verdict.remedy) == (Trouble.MISSING, Remedy.RESUBSCRIBE)
    assert keeper.known_id == fed(frames[:40]).known_id


@pytest.mark.parametrize("name", BOOKS)
def test_repeated_and_late_deltas_change_nothing(recorded: Recorded, name: str) -> None:
    frames = recorded[name]
    keeper = fed([*frames[:40], frames[20], *frames[30:60]])
    assert keeper.book.texts() == fed(frames[:60]).book.texts()


@pytest.mark.parametrize("name", BOOKS)
def test_a_service_that_begins_anew_replaces_the_book_and_counts_from_one(
    recorded: Recorded, name: str
) -> None:
    frames = recorded[name]
    bids, asks = fed(frames[:60]).book.texts()
    anew = BookSnapshot(trading_pair=name, bids=Levels.of(bids), asks=Levels.of(asks), update_id=1)
    later = [
        replace(frame, last_update_id=number)
        for number, frame in enumerate(frames[60:90], start=2)
        if isinstance(frame, BookDiff)
    ]
    keeper = fed([*frames[:50], frames[52], anew, *later])
    assert (keeper.status, keeper.known_id) == (BookStatus.LIVE, 31)
    assert keeper.book.texts() == fed(frames[:90]).book.texts()
