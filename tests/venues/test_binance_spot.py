"""What Binance spot documents, and what venuekit makes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.venues.documented import DataPath, example

from venuekit import errors
from venuekit.model.book import BookDiff
from venuekit.model.market import PublicTrade
from venuekit.model.order import TradeType
from venuekit.model.trading_rule import TradingStatus
from venuekit.protocol.endpoint import Endpoint
from venuekit.protocol.rest import find_row
from venuekit.protocol.stream import Acknowledged, Leaving, Refusal
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.binance import wire as family
from venuekit.venues.binance.spot import wire
from venuekit.venues.binance.spot.exchange import BinanceExchange
from venuekit.venues.binance.spot.streams import BinanceOrderBookDataSource

FILE, REST, STREAMS = "doc_binance_spot", "rest-api.md", "web-socket-streams.md"


@pytest.fixture
def source() -> BinanceOrderBookDataSource:
    return BinanceOrderBookDataSource(SymbolMap(quotes=["USDT", "BTC"]))


def test_the_documented_difference_covers_its_ids_and_keeps_its_texts(
    data_path: DataPath, source: BinanceOrderBookDataSource
) -> None:
    (diff,) = source.parse(example(data_path, FILE, STREAMS, "Diff. Depth Stream"))
    assert isinstance(diff, BookDiff)
    assert ("BNB-BTC", 157, 160, None) == (
        diff.trading_pair, diff.first_update_id, diff.last_update_id, diff.previous_update_id,
    )  # fmt: skip
    assert ([("0.0024", "10")], [("0.0026", "100")]) == (diff.bids.texts(), diff.asks.texts())
    assert 1672515782.136 == diff.timestamp


def test_the_documented_trade_with_a_buying_maker_is_a_sale(
    data_path: DataPath, source: BinanceOrderBookDataSource
) -> None:
    expected = PublicTrade(
        trading_pair="BNB-BTC", trade_id=12345, trade_type=TradeType.SELL, price=Decimal("0.001"),
        amount=Decimal(100), timestamp=1672515782.136,
    )  # fmt: skip
    assert (expected,) == tuple(source.parse(example(data_path, FILE, STREAMS, "Trade Streams")))


@pytest.mark.parametrize("number", [0, 1])
def test_the_documented_shutdown_is_understood_in_both_forms(
    data_path: DataPath, source: BinanceOrderBookDataSource, number: int
) -> None:
    assert (Leaving(),) == tuple(source.parse(example(data_path, FILE, STREAMS, "Server Shutdown", number)))


def test_a_combined_frame_is_read_by_its_stream_name(source: BinanceOrderBookDataSource) -> None:
    # The documented combined form around the documented trade (web-socket-streams.md, 2026-06-09).
    frame = (
        b'{"stream":"bnbbtc@trade","data":{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001",'
    )
    (trade,) = source.parse(frame + b'"q":"100","T":1672515782136,"m":false,"M":true}}')
    assert isinstance(trade, PublicTrade)
    assert TradeType.BUY is trade.trade_type


@pytest.mark.parametrize(
    "heading", ["Aggregate Trade Streams", "Block Trade Streams", "Individual Symbol Book Ticker Streams"]
)
def test_frames_of_channels_that_nobody_asked_for_say_nothing(
    data_path: DataPath, source: BinanceOrderBookDataSource, heading: str
) -> None:
    assert () == tuple(source.parse(example(data_path, FILE, STREAMS, heading)))


def test_the_documented_acknowledgement_names_its_request(
    data_path: DataPath, source: BinanceOrderBookDataSource
) -> None:
    answer = example(data_path, FILE, STREAMS, "Subscribe to a stream", 1)
    assert (Acknowledged(request_id=1),) == tuple(source.parse(answer))


@pytest.mark.parametrize(
    "frame",
    [
        b'{"code":2,"msg":"Invalid request: too many parameters","id":7}',
        b'{"error":{"code":2,"msg":"Invalid request: too many parameters"},"id":7}',
    ],
)
def test_a_refusal_is_understood_flat_and_wrapped(frame: bytes, source: BinanceOrderBookDataSource) -> None:
    expected = Refusal(request_id=7, message="Invalid request: too many parameters", code=2)
    assert (expected,) == tuple(source.parse(frame))


def test_subscribing_is_written_as_documented(
    data_path: DataPath, source: BinanceOrderBookDataSource
) -> None:
    source.symbols.add("BTC-USDT", "BTCUSDT")
    documented = msgspec.json.decode(example(data_path, FILE, STREAMS, "Subscribe to a stream"))
    written = msgspec.json.decode(source.subscription(source.channels("BTC-USDT"), 1))
    assert documented.keys() == written.keys()
    assert ("SUBSCRIBE", ["btcusdt@depth@100ms", "btcusdt@trade"], 1) == (
        written["method"], written["params"], written["id"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("endpoint", "heading", "number"),
    [
        (wire.TIME, "Check server time", 0),
        (wire.EXCHANGE_INFO, "Exchange information", 0),
        (wire.DEPTH, "Order book", 0),
        (wire.PRICES, "Symbol price ticker", 1),
    ],
)
def test_documented_answers_decode(
    data_path: DataPath, endpoint: Endpoint[Any, Any], heading: str, number: int
) -> None:
    body = example(data_path, FILE, REST, heading, number)
    assert family.read_problem(200, body) is None
    assert msgspec.json.decode(body, type=endpoint.answer)


def test_a_snapshot_vouches_as_deep_as_it_was_asked_for(
    data_path: DataPath, source: BinanceOrderBookDataSource
) -> None:
    answer = msgspec.json.decode(example(data_path, FILE, REST, "Order book"), type=wire.Depth)
    snapshot = source.book_snapshot("BNB-BTC", answer, 100)
    assert (1027024, 100, [("4.00000000", "431.00000000")]) == (
        snapshot.update_id, snapshot.depth, snapshot.bids.texts(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("TRADING", TradingStatus.TRADING),
        ("CANCEL_ONLY", TradingStatus.CANCEL_ONLY),
        ("HALT", TradingStatus.HALTED),
        ("BREAK", TradingStatus.HALTED),
        ("END_OF_DAY", TradingStatus.HALTED),
        ("A_WORD_OF_NEXT_YEAR", TradingStatus.UNKNOWN),
    ],
)
def test_each_status_of_today_is_known_and_others_are_not_tradable(
    status: str, expected: TradingStatus
) -> None:
    info = wire.ExchangeInfo(
        symbols=[wire.Symbol(symbol="BTCUSDT", status=status, base_asset="BTC", quote_asset="USDT")]
    )
    (rule,) = BinanceExchange.trading_rules_of(info)
    assert expected is rule.status
    assert (expected is TradingStatus.TRADING) == rule.is_tradable


def test_published_limits_are_of_the_pools_that_requests_are_charged_to() -> None:
    rows = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
        {"rateLimitType": "SOMETHING_NEW", "interval": "MINUTE", "intervalNum": 1, "limit": 7},
    ]
    said = msgspec.json.encode({"symbols": [], "rateLimits": rows})
    limits = BinanceExchange.published_limits_of(msgspec.json.decode(said, type=wire.ExchangeInfo))
    assert limits == {wire.WEIGHT: 1200, wire.ORDERS_10S: 100}
    assert set(wire.PUBLISHED_POOLS.values()) == {pool.name for pool in wire.REST.pools}


def test_documented_filters_become_a_rule() -> None:
    # filters.md of 2026-05-25, "/exchangeInfo format" of each filter.
    filters = msgspec.json.decode(
        b'[{"filterType":"PRICE_FILTER","minPrice":"0.00000100","maxPrice":"100000.00000000","tickSize":"0.00000100"},'
        b'{"filterType":"LOT_SIZE","minQty":"0.00100000","maxQty":"100000.00000000","stepSize":"0.00100000"},'
        b'{"filterType":"NOTIONAL","minNotional":"10.00000000","applyMinToMarket":false,"maxNotional":"10000.00000000",'
        b'"applyMaxToMarket":false,"avgPriceMins":5}]',
        type=list[family.Filter],
    )
    symbol = wire.Symbol(
        symbol="ETHBTC", status="TRADING", base_asset="ETH", quote_asset="BTC", filters=filters
    )
    (rule,) = BinanceExchange.trading_rules_of(wire.ExchangeInfo(symbols=[symbol]))
    assert ("ETH-BTC", "ETHBTC") == (rule.trading_pair, rule.symbol)
    assert (Decimal("0.000001"), Decimal("0.001"), Decimal(10)) == (
        rule.min_price_increment, rule.min_base_amount_increment, rule.min_notional_size,
    )  # fmt: skip
    assert (Decimal("0.001"), Decimal(100000), Decimal(10000)) == (
        rule.min_order_size, rule.max_order_size, rule.max_notional_size,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', errors.BadSymbol),
        (429, b'{"code":-1003,"msg":"Too many requests queued."}', errors.RateLimited),
        (418, b'{"code":-1003,"msg":"Way too much request weight used; IP banned until 1."}', errors.Banned),
        (400, b'{"code":-1102,"msg":"Mandatory parameter \'symbol\' was not sent."}', errors.BadRequest),
        (504, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}', errors.TimedOut),
    ],
)
def test_documented_refusals_have_their_class(
    status: int, body: bytes, expected: type[errors.VenuekitError]
) -> None:
    problem = family.read_problem(status, body)
    assert problem is not None
    row = find_row(wire.REST.errors, status, problem)
    assert row is not None
    assert expected is row.raises


def test_each_snapshot_size_is_charged_its_documented_weight() -> None:
    (charge,) = wire.DEPTH.charges
    weights = [
        charge.of(family.DepthQuery(symbol="BTCUSDT", limit=limit))
        for limit in (1, 100, 101, 500, 501, 1000, 1001, 5000)
    ]
    assert [5, 5, 25, 25, 50, 50, 250, 250] == weights
