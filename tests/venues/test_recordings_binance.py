"""Recorded sessions through data source, keeper and book: right throughout, never wrong after faults."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from venuekit.connector.order_book_data_source import OrderBookTrackerDataSource
from venuekit.model.book import BookDiff, BookSnapshot, BookStatus, Levels
from venuekit.model.market import MarketFrame, PublicTrade
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.recording import RecordKind, read_recording
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import OrderBookKeeper, Remedy, Trouble, Verdict, VerdictKind
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.binance.perpetual.streams import BinancePerpetualDataSource
from venuekit.venues.binance.spot.streams import BinanceOrderBookDataSource

DataPath = Callable[[str], Path]
BookFrame = BookDiff | BookSnapshot

QUOTES = ("USDT", "BTC", "ETH", "EUR")


class Session(NamedTuple):
    name: str
    file: str
    source: type[OrderBookTrackerDataSource]


SPOT = Session("spot_btcusdt_20240808", "binance_spot/hft_btcusdt_20240808.gz", BinanceOrderBookDataSource)
USDM = Session("usdm_btcusdt_20240718", "binance_usdm/hft_btcusdt_20240718.gz", BinancePerpetualDataSource)
LONG = pytest.mark.parametrize("session", [SPOT, USDM], ids=lambda session: session.name)

# The REST answers of the long sessions were asked for 1,000 levels a side.
DEPTH = 1000


def frames_of(path: Path, kind: type[OrderBookTrackerDataSource]) -> Iterator[MarketFrame]:
    """What a recording says, in its order; an answer of the depth endpoint is a snapshot."""
    source = kind(SymbolMap(quotes=QUOTES))
    endpoint = source.snapshot_endpoint
    with gzip.open(path, "rb") as lines:
        for record in read_recording(lines, path.name):
            if record.kind is RecordKind.FRAME:
                yield from (
                    frame
                    for frame in source.parse(record.data)
                    if isinstance(frame, BookDiff | BookSnapshot | PublicTrade)
                )
            elif record.url is None or "/depth?" in record.url:
                symbol = "BTCUSDT" if record.url is None else record.url.split("symbol=")[1].split("&")[0]
                answer = msgspec.json.decode(record.data, type=endpoint.answer)
                yield source.book_snapshot(source.symbols.pair(symbol), answer, DEPTH)


def expected(data_path: DataPath, name: str) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(data_path("expected_replay.json").read_bytes())[name]
    return told


def top_ten(told: dict[str, Any]) -> tuple[list[LevelText], list[LevelText]]:
    sides = told["final_top10"]
    return [tuple(row) for row in sides["bids"]], [tuple(row) for row in sides["asks"]]


def keeper_for(session: Session, trading_pair: str = "BTC-USDT") -> OrderBookKeeper:
    return OrderBookKeeper(OrderBook(trading_pair), session.source.book_feed)


@pytest.fixture(scope="module")
def recorded(data_path: DataPath) -> Callable[[Session], list[BookFrame]]:
    """The book frames of a long session, read once."""
    read: dict[str, list[BookFrame]] = {}

    def frames(session: Session) -> list[BookFrame]:
        if session.name not in read:
            said = frames_of(data_path(session.file), session.source)
            read[session.name] = [frame for frame in said if isinstance(frame, BookDiff | BookSnapshot)]
        return read[session.name]

    return frames


Recorded = Callable[[Session], list[BookFrame]]


@LONG
def test_a_recorded_book_is_right_at_each_checkpoint(
    data_path: DataPath, recorded: Recorded, session: Session
) -> None:
    told = expected(data_path, session.name)
    keeper = keeper_for(session)
    seen: list[list[Any]] = []

    def note(diff: BookDiff) -> None:
        if keeper.applied % 25 == 0:
            bids, asks = keeper.book.as_is.texts(1)
            seen.append([diff.last_update_id, *bids[0], *asks[0]])

    keeper.watch = note
    for frame in recorded(session):
        keeper.feed_frame(frame, 0.0)
    assert seen == told["checkpoints_u_bid_bidqty_ask_askqty_every_25th"]


@LONG
def test_a_recorded_book_ends_where_it_must(
    data_path: DataPath, recorded: Recorded, session: Session
) -> None:
    told = expected(data_path, session.name)
    keeper = keeper_for(session)
    for frame in recorded(session):
        keeper.feed_frame(frame, 0.0)
    assert (keeper.applied, keeper.stale, keeper.known_id) == (
        told["applied"],
        told["dropped_as_stale"],
        told["last_u"],
    )
    assert keeper.book.as_is.texts(10) == top_ten(told)
    assert [len(keeper.book.bids), len(keeper.book.asks)] == told["final_levels"]


@LONG
def test_a_recorded_book_is_live_from_the_snapshot_on(recorded: Recorded, session: Session) -> None:
    keeper = keeper_for(session)
    verdicts = [keeper.feed_frame(frame, 0.0).kind for frame in recorded(session)]
    first = next(at for at, frame in enumerate(recorded(session)) if isinstance(frame, BookSnapshot))
    assert (set(verdicts[:first]), set(verdicts[first:])) == ({VerdictKind.WAITING}, {VerdictKind.APPLIED})


def test_a_book_says_when_the_price_has_left_the_range_of_its_snapshot(recorded: Recorded) -> None:
    # The price fell by 140 within six minutes, for 22 updates below the last of the 1,000 bids asked for.
    keeper = keeper_for(SPOT)
    expired = [
        (verdict.kind, verdict.remedy, keeper.book.is_live)
        for verdict in (keeper.feed_frame(frame, 0.0) for frame in recorded(SPOT))
        if verdict.trouble is Trouble.EXPIRED
    ]
    assert expired == [(VerdictKind.APPLIED, Remedy.SNAPSHOT, False)] * 22
    assert keeper.book.is_live


@LONG
def test_recorded_trades_add_up(data_path: DataPath, session: Session) -> None:
    told = expected(data_path, session.name)
    said = frames_of(data_path(session.file), session.source)
    trades = [frame for frame in said if isinstance(frame, PublicTrade)]
    assert (trades[0].trade_id, trades[-1].trade_id) == (told["first_trade_id"], told["last_trade_id"])
    assert sum(trade.amount for trade in trades) == Decimal(told["trade_qty_sum"])


@pytest.mark.parametrize(
    ("name", "file", "source", "symbol"),
    [
        ("cf_binance", "binance_spot/cf_binance_4sym_20211012.jsonl.gz", BinanceOrderBookDataSource, symbol)
        for symbol in ("NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR")
    ]
    + [
        ("cf_usdm", "binance_usdm/cf_SUSHI_AKRO_20210722.jsonl.gz", BinancePerpetualDataSource, symbol)
        for symbol in ("SUSHIUSDT", "AKROUSDT")
    ],
)
def test_a_book_among_others_ends_where_it_must(
    data_path: DataPath, name: str, file: str, source: type[OrderBookTrackerDataSource], symbol: str
) -> None:
    told = expected(data_path, name)["symbols"][symbol]
    pair = SymbolMap(quotes=QUOTES).pair(symbol)
    keeper = keeper_for(Session(name, file, source), pair)
    for frame in frames_of(data_path(file), source):
        if isinstance(frame, BookDiff | BookSnapshot) and frame.trading_pair == pair:
            keeper.feed_frame(frame, 0.0)
    assert (keeper.applied, keeper.stale, keeper.gaps, keeper.known_id) == (
        told["applied"],
        told["dropped_as_stale"],
        told["gaps"],
        told["last_u"],
    )
    assert keeper.book.as_is.texts(10) == top_ten(told)


# Faults. The clean replay says what the book is at each id; a snapshot is cut from it at a chosen id.

Sides = tuple[list[LevelText], list[LevelText]]


class Clean:
    """A session without faults: its differences in order, and the book after each of them."""

    def __init__(self, frames: Sequence[BookFrame], session: Session) -> None:
        self.diffs: list[BookDiff] = []
        self.snapshot = next(frame for frame in frames if isinstance(frame, BookSnapshot))
        self._books: dict[int, Sides] = {}
        keeper = keeper_for(session)
        keeper.watch = self._note
        self._keeper = keeper
        for frame in frames:
            keeper.feed_frame(frame, 0.0)

    def _note(self, diff: BookDiff) -> None:
        self.diffs.append(diff)
        # Each thirtieth book is enough to see any lost frame soon.
        if len(self.diffs) % 30 == 0:
            self._books[self._keeper.known_id] = self._keeper.book.as_is.texts()

    @property
    def ids(self) -> list[int]:
        """The ids whose book is known."""
        return list(self._books)

    def at(self, update_id: int | None) -> Sides | None:
        """The whole book at an id, where it was noted."""
        return None if update_id is None else self._books.get(update_id)

    def snapshot_at(self, update_id: int) -> BookSnapshot:
        """What the venue would have answered at that id."""
        bids, asks = self._books[update_id]
        return BookSnapshot(
            trading_pair="BTC-USDT",
            bids=Levels.of(bids[:DEPTH]),
            asks=Levels.of(asks[:DEPTH]),
            update_id=update_id,
            depth=DEPTH,
        )


@pytest.fixture(scope="module")
def clean(recorded: Recorded) -> Callable[[Session], Clean]:
    made: dict[str, Clean] = {}

    def of(session: Session) -> Clean:
        if session.name not in made:
            made[session.name] = Clean(recorded(session), session)
        return made[session.name]

    return of


def agrees(keeper: OrderBookKeeper, clean: Clean) -> bool:
    """Whether a LIVE book equals the clean one at its id as deep as it vouches; True where none is noted."""
    true = clean.at(keeper.book.update_id)
    if true is None or not keeper.book.is_live:
        return True
    bids, asks = keeper.book.vouched_depth
    mine = keeper.book.texts()
    return mine[0][:bids] == true[0][:bids] and mine[1][:asks] == true[1][:asks]


def feed(keeper: OrderBookKeeper, frames: Sequence[BookFrame], clean: Clean) -> list[Verdict]:
    verdicts = []
    for frame in frames:
        verdicts.append(keeper.feed_frame(frame, 0.0))
        assert agrees(keeper, clean), f"a LIVE book is wrong at {keeper.known_id}"
    return verdicts


CleanOf = Callable[[Session], Clean]


@LONG
def test_a_dropped_difference_is_seen_at_once_and_a_snapshot_heals_it(
    clean: CleanOf, session: Session
) -> None:
    whole = clean(session)
    keeper = keeper_for(session)
    feed(keeper, [whole.snapshot, *whole.diffs[:100]], whole)
    (verdict,) = feed(keeper, [whole.diffs[101]], whole)
    assert (verdict.trouble, keeper.status) == (Trouble.MISSING, BookStatus.RESYNCING)
    feed(keeper, whole.diffs[102:150], whole)
    feed(keeper, [whole.snapshot_at(whole.ids[3]), *whole.diffs[150:300]], whole)
    assert (keeper.book.is_live, keeper.known_id) == (True, whole.diffs[299].last_update_id)


@LONG
def test_repeated_differences_change_nothing(clean: CleanOf, session: Session) -> None:
    whole = clean(session)
    twice = [diff for diff in whole.diffs[:300] for _ in range(2)]
    keeper = keeper_for(session)
    feed(keeper, [whole.snapshot, *twice], whole)
    assert (keeper.status, keeper.gaps) == (BookStatus.LIVE, 0)
    assert keeper.known_id == whole.diffs[299].last_update_id


@LONG
def test_swapped_differences_are_a_gap_and_never_a_wrong_book(clean: CleanOf, session: Session) -> None:
    whole = clean(session)
    swapped = [*whole.diffs[:100], whole.diffs[101], whole.diffs[100], *whole.diffs[102:200]]
    keeper = keeper_for(session)
    feed(keeper, [whole.snapshot, *swapped], whole)
    assert (keeper.gaps, keeper.status, keeper.known_id) == (
        1,
        BookStatus.RESYNCING,
        whole.diffs[99].last_update_id,
    )


@LONG
def test_a_late_snapshot_does_not_join_across_a_hole(clean: CleanOf, session: Session) -> None:
    whole = clean(session)
    keeper = keeper_for(session)
    feed(keeper, [whole.snapshot, *whole.diffs[:100], *whole.diffs[130:160]], whole)
    (verdict,) = feed(keeper, [whole.snapshot_at(whole.ids[2])], whole)
    assert (verdict.trouble, keeper.status) == (Trouble.TOO_OLD, BookStatus.RESYNCING)


@LONG
def test_a_session_that_begins_in_the_middle_waits_for_a_snapshot_that_reaches_it(
    clean: CleanOf, session: Session
) -> None:
    whole = clean(session)
    keeper = keeper_for(session)
    feed(keeper, [*whole.diffs[200:260], whole.snapshot], whole)
    assert keeper.status is BookStatus.SYNCING
    feed(keeper, [whole.snapshot_at(whole.ids[7])], whole)
    assert (keeper.status, keeper.known_id) == (BookStatus.LIVE, whole.diffs[259].last_update_id)


@LONG
def test_a_snapshot_of_a_live_book_finds_nothing_to_correct(clean: CleanOf, session: Session) -> None:
    whole = clean(session)
    keeper = keeper_for(session)
    feed(keeper, [whole.snapshot, *whole.diffs[:80]], whole)
    keeper.expect_snapshot()
    feed(keeper, whole.diffs[80:140], whole)
    feed(keeper, [whole.snapshot_at(whole.ids[2]), whole.snapshot_at(whole.ids[5])], whole)
    feed(keeper, whole.diffs[140:300], whole)
    assert (keeper.corrections, keeper.book.is_live, keeper.is_comparing) == (0, True, False)


@pytest.mark.parametrize("seed", range(4))
@LONG
def test_whatever_happens_on_the_way_a_live_book_is_never_wrong_and_heals_in_the_end(
    clean: CleanOf, session: Session, seed: int
) -> None:
    whole, chance = clean(session), random.Random(seed)
    keeper = keeper_for(session)
    stream = list(whole.diffs[:1500])
    for _ in range(12):
        at = chance.randrange(len(stream) - 10)
        match chance.randrange(4):
            case 0:
                del stream[at : at + chance.randrange(1, 5)]
            case 1:
                stream[at:at] = stream[at : at + 1]
            case 2:
                stream[at], stream[at + 1] = stream[at + 1], stream[at]
            case _:
                stream[at : at + 4] = stream[at : at + 4][::-1]
    for number, diff in enumerate(stream):
        feed(keeper, [diff], whole)
        if keeper.status is not BookStatus.LIVE and number % 40 == 39:
            now = diff.last_update_id or 0
            known = [known for known in whole.ids if known <= now]
            # A snapshot is fresh, late or very late; sometimes it is asked for in good time.
            feed(keeper, [whole.snapshot_at(chance.choice(known[-3:]))] if known else [], whole)
    feed(keeper, [whole.snapshot_at(whole.ids[50]), *whole.diffs[1500:1600]], whole)
    if keeper.status is not BookStatus.LIVE:
        feed(keeper, [whole.snapshot_at(whole.ids[52])], whole)
    assert (keeper.book.is_live, keeper.known_id) == (True, whole.diffs[1599].last_update_id)
