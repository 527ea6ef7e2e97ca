"""Bybit's connector and its dialect, written apart from the same pages, agree on every book."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from decimal import Decimal

import pytest
from tests.venues.documented import DataPath

from venuekit.emulator.connection import Connection
from venuekit.emulator.dialects.bybit import BybitPerpetualDialect, BybitSpotDialect
from venuekit.emulator.dialects.bybit_family import BybitDialect
from venuekit.emulator.instruments import instruments
from venuekit.emulator.order_flow import SyntheticMarket
from venuekit.emulator.recorded_flow import recorded_markets
from venuekit.emulator.step import MarketSource
from venuekit.model.book import BookDiff, BookSnapshot
from venuekit.model.market import PublicTrade
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.recording import read_recording
from venuekit.protocol.stream import Acknowledged
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import OrderBookKeeper
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.bybit import wire
from venuekit.venues.bybit.perpetual.streams import BybitPerpetualDataSource
from venuekit.venues.bybit.spot.streams import BybitOrderBookDataSource
from venuekit.venues.bybit.streams import BybitDataSource

START = 1_790_000_000.0
RECORDING = "bybit/cf_linear_BTC_DOGE_spot_BTC_20260809.jsonl.gz"
SIDES: list[tuple[type[BybitDialect], type[BybitDataSource]]] = [
    (BybitSpotDialect, BybitOrderBookDataSource),
    (BybitPerpetualDialect, BybitPerpetualDataSource),
]


def numbers(levels: Sequence[LevelText]) -> list[tuple[Decimal, Decimal]]:
    """Levels by value: the venue may write zeros that the book does not need."""
    return [(Decimal(price), Decimal(amount)) for price, amount in levels]


class Reader:
    """A subscriber of one pair, without sockets."""

    def __init__(self, venue: BybitDialect, source: BybitDataSource, pair: str) -> None:
        self.book = OrderBook(pair)
        self.keeper = OrderBookKeeper(self.book, wire.BOOK_FEED)
        self.trades: list[PublicTrade] = []
        self.acknowledged: list[int | None] = []
        self._source = source
        channels = source.channels(pair)
        connection = venue.connect(channels[0].route, now=START)
        assert isinstance(connection, Connection)
        self._connection = connection
        venue.receive(connection, source.subscription(channels, 7), START)

    def read(self, now: float) -> None:
        while self._connection.outbox:
            for said in self._source.parse(self._connection.outbox.popleft().payload):
                if isinstance(said, BookDiff | BookSnapshot):
                    self.keeper.feed_frame(said, now)
                elif isinstance(said, PublicTrade):
                    self.trades.append(said)
                elif isinstance(said, Acknowledged):
                    self.acknowledged.append(said.request_id)


def follow(venue: BybitDialect, source: BybitDataSource, symbol: str, pair: str, seconds: float) -> Reader:
    """Read what the venue says, and compare the book with the venue's at each beat."""
    source.symbols.add(pair, symbol)
    reader = Reader(venue, source, pair)
    market = venue.markets[symbol].book
    for beat in range(int(seconds / 0.1)):
        now = round(START + beat * 0.1, 6)
        venue.tick(now)
        reader.read(now)
        assert reader.book.is_live
        bids, asks = reader.book.as_is.texts()
        _, true_bids, true_asks = market.snapshot(wire.KEPT_DEPTH)
        assert (numbers(true_bids), numbers(true_asks)) == (numbers(bids), numbers(asks))
    return reader


@pytest.mark.parametrize(("dialect", "source"), SIDES)
def test_a_made_up_market_is_followed_level_by_level(
    dialect: type[BybitDialect], source: type[BybitDataSource]
) -> None:
    market = SyntheticMarket(instruments(1)[0], "agreement", START, rate=200.0)
    venue = dialect([market], start_time=START)
    reader = follow(venue, source(SymbolMap()), "BTCUSDT", "BTC-USDT", seconds=20.0)
    assert [7] == reader.acknowledged
    assert reader.keeper.applied > 100
    assert [trade.amount for trade in reader.trades] == [
        Decimal(trade.amount) for trade in venue.markets["BTCUSDT"].trades
    ]


@pytest.mark.parametrize(("dialect", "source"), SIDES)
def test_a_recorded_session_is_followed_level_by_level(
    data_path: DataPath, dialect: type[BybitDialect], source: type[BybitDataSource]
) -> None:
    with gzip.open(data_path(RECORDING)) as lines:
        records = list(read_recording(lines, RECORDING))
    markets: list[MarketSource] = list(
        recorded_markets(records, dialect.recording_reader(), START, 1.0).values()
    )
    venue = dialect(markets, start_time=START)
    reader = follow(venue, source(SymbolMap()), "BTCUSDT", "BTC-USDT", seconds=35.0)
    assert reader.keeper.applied > 100
    assert 0 == reader.keeper.gaps
