"""A recorded session of 2026-08-09 through data source, keeper and book."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.venues.documented import DataPath

from venuekit import errors
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.book import BookDiff, BookSnapshot, Levels
from venuekit.model.market import FundingInfo, FundingInfoUpdate, PublicTrade, Ticker
from venuekit.model.trading_rule import ContractKind, TradingRule
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.recording import Record, RecordKind, read_recording
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import OrderBookKeeper, Remedy, VerdictKind
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.bybit import wire as family
from venuekit.venues.bybit.perpetual.exchange import BybitPerpetual
from venuekit.venues.bybit.perpetual.streams import BybitPerpetualDataSource
from venuekit.venues.bybit.spot.exchange import BybitExchange
from venuekit.venues.bybit.spot.streams import BybitOrderBookDataSource
from venuekit.venues.bybit.streams import BybitDataSource

FILE = "bybit/cf_linear_BTC_DOGE_spot_BTC_20260809.jsonl.gz"
BOOKS = [("linear", "BTCUSDT"), ("linear", "DOGEUSDT"), ("spot", "BTCUSDT")]
Texts = tuple[list[LevelText], list[LevelText]]


@pytest.fixture(scope="module")
def records(data_path: DataPath) -> list[Record]:
    with gzip.open(data_path(FILE)) as lines:
        return list(read_recording(lines, FILE))


@pytest.fixture(scope="module")
def expected(data_path: DataPath) -> dict[str, Any]:
    ends: dict[str, Any] = json.loads(data_path("expected_replay.json").read_text())["bybit"]
    return ends


def rules(records: Sequence[Record], category: str) -> list[TradingRule]:
    """The rules in the recorded instrument list of a category."""
    exchanges: dict[str, type[ExchangeBase]] = {"linear": BybitPerpetual, "spot": BybitExchange}
    exchange = exchanges[category]
    (answer,) = (
        record.data
        for record in records
        if record.kind is RecordKind.ANSWER and f"category={category}" in (record.url or "")
    )
    return list(exchange.trading_rules_of(msgspec.json.decode(answer, type=exchange.rules_endpoint.answer)))


def source_of(records: Sequence[Record], category: str) -> BybitDataSource:
    """A data source that knows the recorded symbols."""
    made: dict[str, type[BybitDataSource]] = {
        "linear": BybitPerpetualDataSource,
        "spot": BybitOrderBookDataSource,
    }
    kinds = {"linear": ContractKind.LINEAR_PERPETUAL, "spot": ContractKind.SPOT}
    return made[category](SymbolMap.of_kind(rules(records, category), kinds[category]))


def frames_of(records: Sequence[Record], category: str, mark: str = '"topic"') -> list[bytes]:
    """The recorded frames of a category that hold a mark."""
    return [
        record.data
        for record in records
        if record.kind is RecordKind.FRAME
        and (record.url or "").endswith(f"/{category}")
        and mark.encode() in record.data[:80]
    ]


def read(source: BybitDataSource, frames: Sequence[bytes]) -> Iterator[object]:
    """What frames say; one that cannot be read is left out, as a connection does."""
    for frame in frames:
        try:
            yield from source.parse(frame)
        except msgspec.DecodeError:
            continue


class Follower:
    """A book that follows book frames and remembers what it was at each id while it was live."""

    def __init__(self, pair: str) -> None:
        self.book = OrderBook(pair)
        self.keeper = OrderBookKeeper(self.book, family.BOOK_FEED)
        self.states: dict[int, Texts] = {}
        self.remedies: list[Remedy] = []

    def follow(self, frames: Iterator[object]) -> None:
        for frame in frames:
            if isinstance(frame, BookDiff | BookSnapshot) and frame.trading_pair == self.book.trading_pair:
                self.take(frame)

    def take(self, frame: BookDiff | BookSnapshot) -> None:
        verdict = self.keeper.feed_frame(frame, 0.0)
        if verdict.kind is VerdictKind.GAP:
            self.remedies.append(verdict.remedy)
        if self.book.is_live:
            self.states[self.keeper.known_id] = self.book.as_is.texts()


def replay(records: Sequence[Record], category: str, symbol: str, frames: Sequence[bytes]) -> Follower:
    source = source_of(records, category)
    follower = Follower(source.symbols.pair(symbol))
    follower.follow(read(source, frames))
    return follower


@pytest.mark.parametrize(("category", "symbol"), BOOKS)
def test_a_recorded_book_ends_where_the_venues_did(
    records: list[Record], expected: dict[str, Any], category: str, symbol: str
) -> None:
    end = expected["books"][f"{category}:{symbol}"]
    follower = replay(records, category, symbol, frames_of(records, category))
    assert (end["deltas"], end["gaps"], end["last_u"]) == (
        follower.keeper.applied, follower.keeper.gaps, follower.keeper.known_id,
    )  # fmt: skip
    bids, asks = follower.book.as_is.texts()
    assert end["levels"] == [len(bids), len(asks)]
    assert end["final_top10"] == {
        "bids": [list(level) for level in bids[:10]],
        "asks": [list(level) for level in asks[:10]],
    }


@pytest.mark.parametrize(("category", "symbol"), BOOKS)
def test_a_recorded_book_is_vouched_for_to_its_last_level(
    records: list[Record], category: str, symbol: str
) -> None:
    # The venue tells which levels enter and leave the window, so the range does not wear off with the price.
    follower = replay(records, category, symbol, frames_of(records, category))
    assert (family.KEPT_DEPTH, family.KEPT_DEPTH) == follower.book.vouched_depth


@pytest.mark.parametrize(("category", "symbol"), BOOKS)
def test_a_recorded_book_is_live_and_within_its_window_at_every_id(
    records: list[Record], expected: dict[str, Any], category: str, symbol: str
) -> None:
    end = expected["books"][f"{category}:{symbol}"]
    states = replay(records, category, symbol, frames_of(records, category)).states
    assert list(range(end["first_u"], end["last_u"] + 1)) == sorted(states)
    for bids, asks in states.values():
        assert max(len(bids), len(asks)) <= family.KEPT_DEPTH
        assert Decimal(bids[0][0]) < Decimal(asks[0][0])


def test_recorded_tickers_merge_to_where_the_venues_did(
    records: list[Record], expected: dict[str, Any]
) -> None:
    for symbol in ("BTCUSDT", "DOGEUSDT"):
        source = source_of(records, "linear")
        prices: dict[str, Any] = {}
        nothing = Decimal(0)
        funding = FundingInfo(
            trading_pair=source.symbols.pair(symbol),
            index_price=nothing,
            mark_price=nothing,
            next_funding_utc_timestamp=0.0,
            rate=nothing,
        )
        for frame in read(source, frames_of(records, "linear", f"tickers.{symbol}")):
            if isinstance(frame, Ticker):
                said = msgspec.structs.asdict(frame)
                prices |= {name: value for name, value in said.items() if value is not None}
            elif isinstance(frame, FundingInfoUpdate):
                funding = funding.updated(frame)
        end = expected["final_merged_tickers"][f"linear:{symbol}"]
        assert [
            Decimal(end[name]) for name in ("lastPrice", "bid1Price", "bid1Size", "ask1Price", "ask1Size")
        ] == [
            prices[name]
            for name in ("last_price", "best_bid", "best_bid_amount", "best_ask", "best_ask_amount")
        ]
        assert funding == FundingInfo(
            trading_pair=source.symbols.pair(symbol),
            index_price=Decimal(end["indexPrice"]),
            mark_price=Decimal(end["markPrice"]),
            next_funding_utc_timestamp=int(end["nextFundingTime"]) / 1000,
            rate=Decimal(end["fundingRate"]),
            interval=int(end["fundingIntervalHour"]) * 3600.0,
        )


def test_recorded_spot_tickers_are_whole(records: list[Record], expected: dict[str, Any]) -> None:
    source = source_of(records, "spot")
    tickers = list(read(source, frames_of(records, "spot", "tickers.")))
    assert expected["topic_counts"]["spot:tickers.BTCUSDT:snapshot"] == len(tickers)
    last = tickers[-1]
    assert isinstance(last, Ticker)
    assert Decimal(expected["final_merged_tickers"]["spot:BTCUSDT"]["lastPrice"]) == last.last_price


@pytest.mark.parametrize(("category", "symbol"), BOOKS)
def test_every_recorded_trade_is_told_once_with_its_own_id(
    records: list[Record], category: str, symbol: str
) -> None:
    source = source_of(records, category)
    frames = frames_of(records, category, f"publicTrade.{symbol}")
    rows = [row for frame in frames for row in json.loads(frame)["data"]]
    trades = [trade for trade in read(source, frames) if isinstance(trade, PublicTrade)]
    assert [(row["i"], Decimal(row["p"]), Decimal(row["v"])) for row in rows] == [
        (trade.trade_id, trade.price, trade.amount) for trade in trades
    ]


def test_a_frame_of_several_trades_is_recorded_and_told_in_its_order(records: list[Record]) -> None:
    source = source_of(records, "linear")
    frame = max(frames_of(records, "linear", "publicTrade."), key=len)
    trades = [trade for trade in source.parse(frame) if isinstance(trade, PublicTrade)]
    assert len(trades) > 1
    assert [row["i"] for row in json.loads(frame)["data"]] == [trade.trade_id for trade in trades]


def test_a_dated_future_does_not_hide_the_perpetual(records: list[Record]) -> None:
    listed = rules(records, "linear")
    symbols = SymbolMap.of_kind(listed, ContractKind.LINEAR_PERPETUAL)
    assert {"LINEAR_PERPETUAL": 78, "LINEAR_FUTURE": 6} == {
        kind.name: sum(rule.contract_kind is kind for rule in listed)
        for kind in (ContractKind.LINEAR_PERPETUAL, ContractKind.LINEAR_FUTURE)
    }
    assert 78 == len(symbols)
    assert "BTCUSDT" == symbols.symbol("BTC-USDT")


def test_every_recorded_symbol_of_spot_has_its_pair(records: list[Record]) -> None:
    assert 59 == len(SymbolMap.of_kind(rules(records, "spot"), ContractKind.SPOT))


# Faults: what a line between us and the venue can do to a sequence of frames.


def dropped(frames: list[bytes], place: int) -> list[bytes]:
    return frames[:place] + frames[place + 1 :]


def repeated(frames: list[bytes], place: int) -> list[bytes]:
    return frames[: place + 1] + frames[place:]


def swapped(frames: list[bytes], place: int) -> list[bytes]:
    return [*frames[:place], frames[place + 1], frames[place], *frames[place + 2 :]]


def cut(frames: list[bytes], place: int) -> list[bytes]:
    return [*frames[:place], frames[place][: len(frames[place]) // 2], *frames[place + 1 :]]


PLACES = (1, 2, 150, 290)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", [dropped, repeated, swapped, cut])
@pytest.mark.parametrize(("category", "symbol"), BOOKS)
def test_a_book_is_never_live_and_wrong(
    records: list[Record], category: str, symbol: str, fault: Any, place: int
) -> None:
    frames = frames_of(records, category, f"orderbook.200.{symbol}")
    truth = replay(records, category, symbol, frames).states
    states = replay(records, category, symbol, fault(frames, place)).states
    assert {number: truth[number] for number in states} == states


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", [dropped, swapped, cut])
def test_a_missing_difference_is_seen_at_the_next_and_asks_for_a_new_subscription(
    records: list[Record], fault: Any, place: int
) -> None:
    frames = fault(frames_of(records, "spot", "orderbook.200."), place)
    follower = replay(records, "spot", "BTCUSDT", frames)
    assert not follower.book.is_live
    assert [Remedy.RESUBSCRIBE] == follower.remedies


@pytest.mark.parametrize("place", PLACES)
def test_a_repeated_difference_changes_nothing(records: list[Record], place: int) -> None:
    frames = repeated(frames_of(records, "spot", "orderbook.200."), place)
    follower = replay(records, "spot", "BTCUSDT", frames)
    assert follower.book.is_live
    assert 1 == follower.keeper.stale


@pytest.mark.parametrize("fault", [dropped, swapped, cut])
@pytest.mark.parametrize("first_id", [None, 1])
def test_a_snapshot_in_the_stream_heals_the_book_whatever_its_id(
    records: list[Record], fault: Any, first_id: int | None
) -> None:
    place, healed_at = 100, 140
    frames = frames_of(records, "spot", "orderbook.200.")
    truth = replay(records, "spot", "BTCUSDT", frames)
    source = source_of(records, "spot")
    follower = replay(records, "spot", "BTCUSDT", fault(frames[:healed_at], place))
    clean = list(read(source, frames))
    at = clean[healed_at - 1]
    assert isinstance(at, BookDiff)
    assert at.last_update_id is not None
    # After a restart of the service the venue counts from 1 again.
    shift = 0 if first_id is None else first_id - at.last_update_id
    bids, asks = truth.states[at.last_update_id]
    follower.take(
        BookSnapshot(
            trading_pair="BTC-USDT",
            bids=Levels.of(bids),
            asks=Levels.of(asks),
            update_id=at.last_update_id + shift,
        )
    )
    for diff in clean[healed_at:]:
        assert isinstance(diff, BookDiff)
        assert diff.last_update_id is not None
        follower.take(msgspec.structs.replace(diff, last_update_id=diff.last_update_id + shift))
    assert follower.book.is_live
    assert truth.book.as_is.texts() == follower.book.as_is.texts()


def test_a_frame_cut_in_two_cannot_be_read(records: list[Record]) -> None:
    frame = frames_of(records, "spot", "orderbook.200.")[1]
    with pytest.raises(msgspec.DecodeError):
        tuple(source_of(records, "spot").parse(frame[: len(frame) // 2]))


def test_a_frame_of_an_unknown_symbol_is_no_pairs(records: list[Record]) -> None:
    frame = frames_of(records, "spot", "orderbook.200.")[1].replace(b'"BTCUSDT"', b'"NOPE"')
    with pytest.raises(errors.UnknownPair):
        tuple(source_of(records, "spot").parse(frame))
