from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from venuekit import errors
from venuekit.emulator.dialects.recorded_binance import BinanceReader
from venuekit.emulator.dialects.recorded_bybit import BybitReader
from venuekit.emulator.recorded_flow import (
    FrameReader,
    Recorded,
    RecordedBook,
    RecordedChanges,
    RecordedListing,
    RecordedMarket,
    RecordedTrade,
    recorded_markets,
)
from venuekit.emulator.step import MarketStep
from venuekit.emulator.venue_book import VenueBook
from venuekit.protocol.recording import Record, RecordKind, read_recording
from venuekit.seams import disk

DataPath = Callable[[str], Path]

SPOT = "binance_spot/hft_btcusdt_20240808.gz"
SPOT_4 = "binance_spot/cf_binance_4sym_20211012.jsonl.gz"
USDM = "binance_usdm/hft_btcusdt_20240718.gz"
USDM_2 = "binance_usdm/cf_SUSHI_AKRO_20210722.jsonl.gz"
BYBIT = "bybit/cf_linear_BTC_DOGE_spot_BTC_20260809.jsonl.gz"

# (recording, reader, trading pair, where expected_replay.json keeps the book's end)
REPLAYS = [
    (SPOT, BinanceReader(), "BTC-USDT", ("spot_btcusdt_20240808",)),
    (USDM, BinanceReader(), "BTC-USDT", ("usdm_btcusdt_20240718",)),
    (SPOT_4, BinanceReader(), "NKN-USDT", ("cf_binance", "symbols", "NKNUSDT")),
    (SPOT_4, BinanceReader(), "BLZ-ETH", ("cf_binance", "symbols", "BLZETH")),
    (SPOT_4, BinanceReader(), "LRC-BTC", ("cf_binance", "symbols", "LRCBTC")),
    (SPOT_4, BinanceReader(), "RUNE-EUR", ("cf_binance", "symbols", "RUNEEUR")),
    (USDM_2, BinanceReader(), "SUSHI-USDT", ("cf_usdm", "symbols", "SUSHIUSDT")),
    (USDM_2, BinanceReader(), "AKRO-USDT", ("cf_usdm", "symbols", "AKROUSDT")),
    (BYBIT, BybitReader("linear"), "BTC-USDT", ("bybit", "books", "linear:BTCUSDT")),
    (BYBIT, BybitReader("linear"), "DOGE-USDT", ("bybit", "books", "linear:DOGEUSDT")),
    (BYBIT, BybitReader("spot"), "BTC-USDT", ("bybit", "books", "spot:BTCUSDT")),
]


def markets_of(path: Path, reader: FrameReader) -> dict[str, RecordedMarket]:
    return recorded_markets(read_recording(disk.lines(path), path.name), reader, 0.0, name=path.name)


def played(market: RecordedMarket) -> VenueBook:
    book = VenueBook(market.instrument)
    book.apply(market.opening())
    for step in market.until(1e9):
        book.apply(step)
    return book


@pytest.mark.parametrize(("name", "reader", "pair", "where"), REPLAYS)
def test_a_replayed_book_ends_where_the_recorded_one_did(
    data_path: DataPath, name: str, reader: FrameReader, pair: str, where: tuple[str, ...]
) -> None:
    expected: Any = json.loads(data_path("expected_replay.json").read_text())
    for key in where:
        expected = expected[key]
    last_id, *sides = played(markets_of(data_path(name), reader)[pair]).snapshot(10)
    best = [[[Decimal(price), Decimal(amount)] for price, amount in side] for side in sides]
    told = [
        [[Decimal(price), Decimal(amount)] for price, amount in expected["final_top10"][side]]
        for side in ("bids", "asks")
    ]
    assert (last_id, best) == (expected["last_u"], told)


@pytest.mark.parametrize("name", [SPOT, USDM])
def test_a_recorded_feed_keeps_its_batches_and_ids(data_path: DataPath, name: str) -> None:
    (market,) = markets_of(data_path(name), BinanceReader()).values()
    replayed = [(step.first_id, step.last_id) for step in market.until(1e9) if step.changes]
    opened = market.opening().last_id
    told = [
        (item.first_id, item.last_id)
        for record in read_recording(disk.lines(data_path(name)), name)
        for item in BinanceReader().read(record)
        if isinstance(item, RecordedChanges) and item.last_id > opened
    ]
    # The first joins the snapshot somewhere in its middle.
    assert replayed == [(opened + 1, told[0][1]), *told[1:]]


@pytest.mark.parametrize(("name", "key"), [(SPOT, "spot_btcusdt_20240808"), (USDM, "usdm_btcusdt_20240718")])
def test_every_recorded_trade_happens(data_path: DataPath, name: str, key: str) -> None:
    expected = json.loads(data_path("expected_replay.json").read_text())[key]
    (market,) = markets_of(data_path(name), BinanceReader()).values()
    trades = [trade for step in market.until(1e9) for trade in step.trades]
    assert (len(trades), trades[0].trade_id, trades[-1].trade_id, sum(Decimal(t.amount) for t in trades)) == (
        expected["trades"],
        expected["first_trade_id"],
        expected["last_trade_id"],
        Decimal(expected["trade_qty_sum"]),
    )


def test_a_listed_instrument_has_the_venues_steps(data_path: DataPath) -> None:
    instrument = markets_of(data_path(SPOT_4), BinanceReader())["NKN-USDT"].instrument
    assert (instrument.tick_size, instrument.step_size, instrument.price_decimals) == (
        "0.00010000",
        "1.00000000",
        8,
    )


def test_an_unlisted_instrument_has_the_steps_of_its_numbers(data_path: DataPath) -> None:
    instrument = markets_of(data_path(USDM), BinanceReader())["BTC-USDT"].instrument
    assert (instrument.tick_size, instrument.step_size, instrument.base) == ("0.10", "0.001", "BTC")


class ToldReader:
    """A venue whose n-th line says the n-th thing told."""

    def __init__(self, told: list[Recorded]) -> None:
        self.told = told

    def read(self, record: Record) -> list[Recorded]:
        return [self.told[record.line - 1]]

    def assets(self, symbol: str) -> tuple[str, str]:
        if symbol != "ABC":
            raise ValueError(f"no known quote in {symbol}")
        return "AB", "C"


def book(
    last_id: int,
    bids: list[tuple[str, str]],
    *,
    symbol: str | None = "ABC",
    always_replaces: bool = False,
) -> RecordedBook:
    return RecordedBook(
        symbol=symbol,
        last_id=last_id,
        bids=bids,
        asks=[("20.0", "1")],
        always_replaces=always_replaces,
    )


def diff(first_id: int, last_id: int, price: str, amount: str, **rest: Any) -> RecordedChanges:
    return RecordedChanges(
        **({"symbol": "ABC"} | rest), first_id=first_id, last_id=last_id, bids=[(price, amount)], asks=[]
    )


def trade(amount: str = "1", **rest: Any) -> RecordedTrade:
    return RecordedTrade(symbol="ABC", price="15.0", amount=amount, taker_is_buyer=True, **rest)


def markets(*told: Recorded, speed: float = 1.0) -> dict[str, RecordedMarket]:
    """The n-th thing was told in the n-th second."""
    records = [
        Record(kind=RecordKind.FRAME, received=500.0 + line, data=b"{}", line=line)
        for line in range(1, len(told) + 1)
    ]
    return recorded_markets(records, ToldReader(list(told)), 100.0, speed, name="told")


def steps(*told: Recorded, speed: float = 1.0) -> list[MarketStep]:
    (market,) = markets(*told, speed=speed).values()
    return [market.opening(), *market.until(1e9)]


def test_a_recording_is_replayed_in_its_own_time() -> None:
    times = [step.time for step in steps(book(1, []), diff(2, 2, "10", "1"), diff(3, 3, "10", "2"))]
    assert times == [100.0, 101.0, 102.0]


def test_a_recording_can_be_replayed_faster() -> None:
    times = [step.time for step in steps(book(1, []), diff(2, 2, "10", "1"), trade(), speed=4)]
    assert times == [100.0, 100.25, 100.5]


def test_steps_come_when_their_time_has_come() -> None:
    market = markets(book(1, []), diff(2, 2, "10", "1"), diff(3, 3, "10", "2"))["AB-C"]
    assert [[step.last_id for step in market.until(now)] for now in (100.9, 101.0, 150.0)] == [[], [2], [3]]


def test_a_market_stands_still_after_the_recording() -> None:
    market = markets(book(1, []), diff(2, 2, "10", "1"))["AB-C"]
    before = market.is_over
    list(market.until(1e9))
    assert (before, market.is_over, list(market.until(2e9))) == (False, True, [])


def test_changes_that_came_before_the_book_are_joined_by_id() -> None:
    replayed = steps(diff(1, 4, "10", "1"), diff(5, 8, "11", "1"), book(6, [("9", "1")]))
    assert [(step.first_id, step.last_id) for step in replayed] == [(6, 6), (7, 8)]


def test_ids_are_without_gaps_between_changes_and_trades() -> None:
    replayed = steps(trade(), book(6, []), trade(), diff(7, 9, "10", "1"), trade())
    assert all(later.first_id == earlier.last_id + 1 for earlier, later in pairwise(replayed))


def test_a_chained_feed_may_leave_ids_out() -> None:
    replayed = steps(book(6, []), diff(20, 30, "10", "1", previous_id=6))
    assert [(step.first_id, step.last_id) for step in replayed] == [(6, 6), (20, 30)]


def test_a_gap_holds_the_market_until_a_whole_book_bridges_it() -> None:
    replayed = steps(
        book(6, [("9", "1"), ("8", "1")]),
        diff(10, 11, "10", "1"),
        diff(12, 14, "10", "2"),
        book(12, [("9", "1"), ("7", "1")]),
    )
    assert [(step.first_id, step.last_id, [c.price for c in step.changes]) for step in replayed[1:]] == [
        (7, 12, ["8", "7"]),
        (13, 14, ["10"]),
    ]


def test_a_book_behind_the_replayed_one_is_passed_over() -> None:
    assert len(steps(book(6, []), diff(7, 9, "10", "1"), book(8, []))) == 2


def test_a_stream_that_begins_anew_goes_on_with_the_replayed_ids() -> None:
    replayed = steps(book(6, [("9", "1")]), book(1, [], always_replaces=True), diff(2, 2, "10", "1"))
    assert [(step.first_id, step.last_id) for step in replayed] == [(6, 6), (7, 7), (8, 8)]


def test_a_trade_keeps_its_id() -> None:
    assert steps(book(6, []), trade(trade_id=77))[1].trades[0].trade_id == 77


def test_trades_without_ids_are_numbered() -> None:
    replayed = steps(book(6, []), trade(), trade())
    assert [step.trades[0].trade_id for step in replayed[1:]] == [1, 2]


def test_an_aggregate_is_left_out_where_its_trades_are_recorded() -> None:
    assert len(steps(book(6, []), trade(), trade("2", is_aggregate=True))) == 2


def test_an_aggregate_stands_in_for_trades_that_are_not_recorded() -> None:
    assert len(steps(book(6, []), trade("2", is_aggregate=True))) == 2


def test_a_trade_of_nothing_is_left_out() -> None:
    assert len(steps(book(6, []), trade("0.000"))) == 1


def test_a_book_without_symbol_belongs_to_the_only_one() -> None:
    assert list(markets(book(6, [], symbol=None), diff(7, 7, "10", "1"))) == ["AB-C"]


def test_a_book_without_symbol_among_several_is_corrupt() -> None:
    with pytest.raises(errors.RecordingCorrupt, match="told, line 3: a book without symbol"):
        markets(diff(7, 7, "10", "1"), diff(7, 7, "10", "1", symbol="DEF"), book(6, [], symbol=None))


def test_a_price_that_is_no_number_is_corrupt() -> None:
    with pytest.raises(errors.RecordingCorrupt, match="told, line 2: not a number: 'ten'"):
        markets(book(6, []), diff(7, 7, "ten", "1"))


def test_a_frame_that_cannot_be_read_is_corrupt() -> None:
    torn = Record(kind=RecordKind.FRAME, received=1.0, data=b'{"e":', line=8)
    with pytest.raises(errors.RecordingCorrupt, match="line 8: not what the venue sends"):
        recorded_markets([torn], BinanceReader(), 0.0)


def test_a_recording_without_a_whole_book_is_corrupt() -> None:
    with pytest.raises(errors.RecordingCorrupt, match="no whole book"):
        markets(diff(7, 7, "10", "1"))


def test_a_recording_of_nothing_is_corrupt() -> None:
    with pytest.raises(errors.RecordingCorrupt, match="nothing in it is about a market"):
        recorded_markets([], BinanceReader(), 0.0)


def test_a_symbol_of_no_known_quote_is_corrupt_unless_it_is_listed() -> None:
    strange = book(6, [], symbol="XYZ")
    listing = RecordedListing(symbol="XYZ", base="X", quote="YZ", tick_size="0.1", step_size="1")
    assert list(markets(listing, strange)) == ["X-YZ"]
    with pytest.raises(errors.RecordingCorrupt, match="no known quote in XYZ"):
        markets(strange)


@pytest.mark.parametrize("speed", [0.0, -1.0])
def test_time_cannot_stand_still_or_run_back(speed: float) -> None:
    with pytest.raises(ValueError, match="cannot be replayed at speed"):
        markets(book(6, []), speed=speed)


def test_a_market_without_an_opening_is_refused() -> None:
    (market,) = markets(book(6, [])).values()
    with pytest.raises(ValueError, match="at least its opening"):
        RecordedMarket(market.instrument, [])
