"""Sessions recorded at venues of other tempers: the translation stands here, the rules are the keeper's."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from venuekit.model.book import BookDiff, BookSnapshot, BookStatus, Levels
from venuekit.protocol.book_feed import BookFeed, LevelText, SequenceScope, Sequencing, SnapshotSource
from venuekit.protocol.recording import Record, RecordKind, read_recording
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import ConnectionSequence, OrderBookKeeper, Trouble, VerdictKind

DataPath = Callable[[str], Path]
Frame = BookSnapshot | BookDiff
Sides = tuple[list[LevelText], list[LevelText]]


def records(path: Path) -> Iterator[Record]:
    with gzip.open(path, "rb") as lines:
        yield from read_recording(lines, path.name)


def expected(data_path: DataPath, recording: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(data_path("expected_replay.json").read_bytes())[recording]
    return told


def top_ten(book: dict[str, Any]) -> Sides:
    sides = book["final_top10"]
    return [tuple(row) for row in sides["bids"]], [tuple(row) for row in sides["asks"]]


def replay(frames: Iterable[Frame], feed: BookFeed) -> dict[str, OrderBookKeeper]:
    keepers: dict[str, OrderBookKeeper] = {}
    for frame in frames:
        pair = frame.trading_pair
        keepers.setdefault(pair, OrderBookKeeper(OrderBook(pair), feed)).feed_frame(frame, 0.0)
    return keepers


def rows(levels: Iterable[Sequence[str]]) -> Levels:
    return Levels.of((level[0], level[1]) for level in levels)


# Checksums.


def interleaved(bids: Sequence[LevelText], asks: Sequence[LevelText]) -> int:
    """OKX: bid and ask in turn, as the signed CRC-32 of `price:amount:price:amount…`."""
    texts: list[str] = []
    for rank in range(max(len(bids), len(asks))):
        for price, amount in (*bids[rank : rank + 1], *asks[rank : rank + 1]):
            texts += (price, amount)
    checksum = zlib.crc32(":".join(texts).encode())
    return checksum - (1 << 32) if checksum >= 1 << 31 else checksum


def asks_then_bids(bids: Sequence[LevelText], asks: Sequence[LevelText]) -> int:
    """Kraken: CRC-32 over ten asks, then ten bids, without points and leading zeros."""
    texts = (text.replace(".", "").lstrip("0") for level in (*asks, *bids) for text in level)
    return zlib.crc32("".join(texts).encode())


@pytest.mark.parametrize(
    ("name", "checksum"),
    [
        ("okx-checksum-paired", interleaved),
        ("kraken-v1-checksum-docs", asks_then_bids),
        ("kraken-v2-checksum-docs", asks_then_bids),
    ],
)
def test_a_book_keeps_the_texts_that_a_documented_checksum_is_made_of(
    data_path: DataPath, name: str, checksum: Callable[[Sequence[LevelText], Sequence[LevelText]], int]
) -> None:
    vectors = json.loads(data_path("signing_and_checksum_vectors.json").read_bytes())
    vector = next(vector for vector in vectors if vector["id"] == name)
    feed = BookFeed(
        rule=Sequencing.ARRIVAL, snapshot=SnapshotSource.STREAM, checksum=checksum, checksum_depth=25
    )
    snapshot = BookSnapshot(
        trading_pair=name,
        bids=rows(vector["bids"]),
        asks=rows(vector["asks"]),
        checksum=vector["expected"],
    )
    assert replay([snapshot], feed)[name].status is BookStatus.LIVE
    wrong = replace(snapshot, checksum=vector["expected"] ^ 1)
    assert replay([wrong], feed)[name].status is BookStatus.RESYNCING


# OKX. In 2022 frames carried a checksum and no ids; today they carry ids that chain, and a checksum of 0.


def okx(data_path: DataPath) -> Iterator[Frame]:
    for record in records(data_path("okx/cf_UNI-SWAP_BTC-FUT_20220513.jsonl.gz")):
        said = json.loads(record.data) if record.kind is RecordKind.FRAME else {}
        if said.get("arg", {}).get("channel") != "books" or "data" not in said:
            continue
        (book,) = said["data"]
        kind = BookSnapshot if said["action"] == "snapshot" else BookDiff
        yield kind(
            trading_pair=said["arg"]["instId"],
            bids=Levels(json.dumps(book["bids"]).encode()),
            asks=Levels(json.dumps(book["asks"]).encode()),
            timestamp=int(book["ts"]) / 1000,
            checksum=book["checksum"] or None,
        )


def chained(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames numbered as the venue numbers them today, in steps of ten."""
    ids: dict[str, int] = {}
    for frame in frames:
        before = ids.get(frame.trading_pair, 0)
        ids[frame.trading_pair] = before + 10
        if isinstance(frame, BookSnapshot):
            yield replace(frame, update_id=before + 10)
        else:
            yield replace(frame, previous_update_id=before, last_update_id=before + 10)


OKX = BookFeed(rule=Sequencing.CHAIN, snapshot=SnapshotSource.STREAM, checksum=interleaved, checksum_depth=25)
OKX_BOOKS = ["BTC-USD-220527", "UNI-USD-SWAP"]


@pytest.mark.parametrize("symbol", OKX_BOOKS)
def test_okx_ends_where_it_must_with_every_checksum_right(data_path: DataPath, symbol: str) -> None:
    told = expected(data_path, "okx")["books"][symbol]
    keeper = replay(chained(okx(data_path)), OKX)[symbol]
    assert (keeper.applied, keeper.resyncs) == (told["updates"], 0)
    assert keeper.book.texts(10) == top_ten(told)


def test_okx_shows_a_lost_frame_by_the_chain(data_path: DataPath) -> None:
    frames = [frame for frame in chained(okx(data_path)) if frame.trading_pair == OKX_BOOKS[0]]
    keeper = replay(frames[:50] + frames[51:], OKX)[OKX_BOOKS[0]]
    assert (keeper.status, keeper.gaps, keeper.applied) == (BookStatus.RESYNCING, 1, 49)


def test_okx_shows_a_lost_frame_by_the_checksum_where_nothing_is_numbered(data_path: DataPath) -> None:
    frames = [frame for frame in okx(data_path) if frame.trading_pair == OKX_BOOKS[0]]
    keeper = replay(frames[:50] + frames[51:], replace(OKX, rule=Sequencing.ARRIVAL))[OKX_BOOKS[0]]
    assert (keeper.status, keeper.gaps, keeper.resyncs) == (BookStatus.RESYNCING, 0, 1)


def test_okx_sends_a_placeholder_that_is_no_checksum(data_path: DataPath) -> None:
    mute = [replace(frame, checksum=None) for frame in chained(okx(data_path))]
    assert {keeper.status for keeper in replay(mute, OKX).values()} == {BookStatus.LIVE}


# Kraken: no ids, a checksum in each frame, and the subscriber cuts the book to the depth it asked for.


def kraken_v1(data_path: DataPath) -> Iterator[Frame]:
    for record in records(data_path("kraken/cf_v1_5pairs_20210417.jsonl.gz")):
        said = json.loads(record.data)
        if not isinstance(said, list) or said[-2] != "book-1000":
            continue
        book: dict[str, Any] = {}
        for part in said[1:-2]:
            book |= part
        kind = BookSnapshot if "as" in book else BookDiff
        yield kind(
            trading_pair=said[-1],
            bids=rows(book.get("bs", book.get("b", []))),
            asks=rows(book.get("as", book.get("a", []))),
            checksum=int(book["c"]) if "c" in book else None,
        )


KRAKEN = BookFeed(
    rule=Sequencing.ARRIVAL,
    snapshot=SnapshotSource.STREAM,
    kept_depth=1000,
    checksum=asks_then_bids,
    checksum_depth=10,
)


@pytest.mark.parametrize("symbol", ["OMG/USD", "ETH/CHF", "GRT/ETH", "KSM/XBT", "XMR/USD"])
def test_kraken_v1_ends_where_it_must_with_every_checksum_right(data_path: DataPath, symbol: str) -> None:
    told = expected(data_path, "kraken_v1")["books"][symbol]
    keeper = replay(kraken_v1(data_path), KRAKEN)[symbol]
    assert (keeper.applied, keeper.resyncs) == (told["updates"], 0)
    assert keeper.book.texts(10) == top_ten(told)


def kraken_v2(data_path: DataPath) -> Iterator[Frame]:
    """The session passed through another language, which lost the venue's digits: they are put back."""
    told = json.loads(data_path("kraken/ccxt_ws_v2_book_session1.json").read_bytes())
    for message in told["sessions"][0]["messages"]:
        for book in message["data"]:
            bids, asks = (
                Levels.of((f"{row['price']:.1f}", f"{row['qty']:.8f}") for row in book[side])
                for side in ("bids", "asks")
            )
            kind = BookSnapshot if message["type"] == "snapshot" else BookDiff
            yield kind(trading_pair=book["symbol"], bids=bids, asks=asks, checksum=book["checksum"])


KRAKEN_V2 = replace(KRAKEN, kept_depth=10)


def test_kraken_v2_agrees_with_every_checksum(data_path: DataPath) -> None:
    keeper = replay(kraken_v2(data_path), KRAKEN_V2)["BTC/USD"]
    assert (keeper.status, keeper.applied, keeper.resyncs) == (BookStatus.LIVE, 1, 0)
    assert keeper.book.vouched_depth == (10, 10)


def test_kraken_v2_resets_the_book_with_a_repeated_snapshot(data_path: DataPath) -> None:
    frames = list(kraken_v2(data_path))
    keeper = replay([*frames, *frames], KRAKEN_V2)["BTC/USD"]
    assert (keeper.status, keeper.applied, keeper.resyncs) == (BookStatus.LIVE, 2, 0)


def test_kraken_v2_heals_a_lost_frame_by_a_repeated_snapshot(data_path: DataPath) -> None:
    snapshot, update = kraken_v2(data_path)
    wrong = replace(snapshot, checksum=1)
    keeper = replay([wrong, update, snapshot, update], KRAKEN_V2)["BTC/USD"]
    assert (keeper.status, keeper.resyncs, keeper.stale) == (BookStatus.LIVE, 1, 1)


# KuCoin and Gate: ranges on top of a snapshot that is asked for.


def kucoin(data_path: DataPath) -> Iterator[Frame]:
    for record in records(data_path("kucoin/cf_5sym_20210425.jsonl.gz")):
        said = json.loads(record.data)
        if record.kind is RecordKind.ANSWER and record.url and "orderbook/level2" in record.url:
            book = said["data"]
            yield BookSnapshot(
                trading_pair=record.url.partition("symbol=")[2],
                bids=rows(book["bids"]),
                asks=rows(book["asks"]),
                update_id=int(book["sequence"]),
            )
        elif said.get("subject") == "trade.l2update":
            change = said["data"]
            bids, asks = (
                rows(row for row in change["changes"][side] if row[0] != "0") for side in ("bids", "asks")
            )
            yield BookDiff(
                trading_pair=change["symbol"],
                bids=bids,
                asks=asks,
                first_update_id=change["sequenceStart"],
                last_update_id=change["sequenceEnd"],
            )


RANGE = BookFeed(rule=Sequencing.RANGE, snapshot=SnapshotSource.REST)


@pytest.mark.parametrize("symbol", ["SNX-BTC", "CAPP-BTC", "ANKR-BTC", "DAPPT-BTC", "NRG-BTC"])
def test_kucoin_ends_where_it_must(data_path: DataPath, symbol: str) -> None:
    told = expected(data_path, "kucoin")["books"][symbol]
    keeper = replay(kucoin(data_path), RANGE)[symbol]
    assert (keeper.applied, keeper.resyncs) == (told["changes_applied"], 0)
    assert keeper.applied + keeper.stale == told["messages"]
    assert keeper.known_id == told["last_sequence"]
    assert keeper.book.texts(10) == top_ten(told)


def gate_levels(levels: Sequence[Any]) -> Levels:
    return Levels.of(
        (level["p"], str(level["s"])) if isinstance(level, dict) else (level[0], level[1]) for level in levels
    )


def gate(path: Path) -> Iterator[Frame]:
    for record in records(path):
        said = json.loads(record.data)
        if record.kind is RecordKind.ANSWER and record.url and "/order_book?" in record.url:
            yield BookSnapshot(
                trading_pair=record.url.partition("?")[2].partition("=")[2].partition("&")[0],
                bids=gate_levels(said["bids"]),
                asks=gate_levels(said["asks"]),
                update_id=said["id"],
                depth=100,
            )
        elif isinstance(said, dict) and said.get("event") == "update":
            change = said["result"]
            if said["channel"].endswith(".order_book_update"):
                yield BookDiff(
                    trading_pair=change["s"],
                    bids=gate_levels(change["b"]),
                    asks=gate_levels(change["a"]),
                    first_update_id=change["U"],
                    last_update_id=change["u"],
                )


@pytest.mark.parametrize(
    ("file", "recording", "symbol"),
    [
        ("gate/cf_spot_A_20210422.jsonl.gz", "gate_spot", symbol)
        for symbol in ("HAI_ETH", "OMG_USDT", "ZKS_ETH", "INK_USDT", "DIS_USDT")
    ]
    + [
        ("gate/cf_futures_A_20230524.jsonl.gz", "gate_futures", symbol)
        for symbol in ("RDNT_USDT", "FRONT_USDT", "QUICK_USDT", "WOO_USDT", "DIA_USDT")
    ],
)
def test_gate_ends_where_it_must(data_path: DataPath, file: str, recording: str, symbol: str) -> None:
    told = expected(data_path, recording)["books"][symbol]
    keeper = replay(gate(data_path(file)), RANGE)[symbol]
    assert (keeper.applied, keeper.stale) == (told["applied"], told["diffs"] - told["applied"])
    assert (keeper.known_id, keeper.resyncs) == (told["last_u"], 0)
    assert keeper.book.texts(10) == top_ten(told)


# Coinbase numbers the connection and not its books.

COINBASE = BookFeed(rule=Sequencing.ARRIVAL, snapshot=SnapshotSource.STREAM, scope=SequenceScope.CONNECTION)
COINBASE_BOOKS = ["BTC-USD", "ETH-USD"]


def coinbase(data_path: DataPath) -> list[tuple[int, list[Frame]]]:
    """Each frame's number, and what it says about books."""
    told: list[tuple[int, list[Frame]]] = []
    for record in records(data_path("coinbase/cf_advtrade_first300_20260809.jsonl.gz")):
        if record.kind is not RecordKind.FRAME:
            continue
        said = json.loads(record.data)
        events = said["events"] if said["channel"] == "l2_data" else []
        told.append((said["sequence_num"], [coinbase_book(event) for event in events]))
    return told


def coinbase_book(event: dict[str, Any]) -> Frame:
    kind = BookSnapshot if event["type"] == "snapshot" else BookDiff
    bids, asks = (
        Levels.of(
            (change["price_level"], change["new_quantity"])
            for change in event["updates"]
            if change["side"] == side
        )
        for side in ("bid", "offer")
    )
    return kind(trading_pair=event["product_id"], bids=bids, asks=asks)


def heard(told: Iterable[tuple[int, list[Frame]]]) -> dict[str, OrderBookKeeper]:
    """What a connection does: a hole in its numbers is a hole in all its books."""
    keepers = {symbol: OrderBookKeeper(OrderBook(symbol), COINBASE) for symbol in COINBASE_BOOKS}
    sequence = ConnectionSequence()
    for number, frames in told:
        if sequence.feed(number):
            for keeper in keepers.values():
                assert keeper.lose(Trouble.MISSING).kind is VerdictKind.GAP
        for frame in frames:
            keepers[frame.trading_pair].feed_frame(frame, 0.0)
    return keepers


@pytest.fixture(scope="module")
def coinbase_frames(data_path: DataPath) -> list[tuple[int, list[Frame]]]:
    return coinbase(data_path)


@pytest.mark.parametrize("symbol", COINBASE_BOOKS)
def test_coinbase_ends_where_it_must(
    data_path: DataPath, coinbase_frames: list[tuple[int, list[Frame]]], symbol: str
) -> None:
    told = expected(data_path, "coinbase")["books"][symbol]
    keeper = heard(coinbase_frames)[symbol]
    assert ([len(keeper.book.bids), len(keeper.book.asks)], keeper.resyncs) == (told["levels"], 0)
    assert keeper.book.texts(10) == top_ten(told)


@pytest.mark.parametrize("lost", [100, 299 - 7])
def test_a_frame_that_coinbase_drops_is_missing_in_all_books(
    coinbase_frames: list[tuple[int, list[Frame]]], lost: int
) -> None:
    keepers = heard(coinbase_frames[:lost] + coinbase_frames[lost + 1 :])
    assert [(keeper.status, keeper.gaps) for keeper in keepers.values()] == [(BookStatus.RESYNCING, 1)] * 2


def test_books_live_again_when_coinbase_repeats_its_snapshots(
    coinbase_frames: list[tuple[int, list[Frame]]],
) -> None:
    holed = coinbase_frames[:100] + coinbase_frames[101:]
    snapshots: list[Frame] = []
    for _, frames in holed:
        snapshots += [frame for frame in frames if isinstance(frame, BookSnapshot)]
    keepers = heard([*holed, (holed[-1][0] + 1, snapshots)])
    assert [keeper.status for keeper in keepers.values()] == [BookStatus.LIVE] * 2
