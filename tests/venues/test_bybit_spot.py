"""What Bybit spot documents, and what venuekit makes of it; what all categories share is tested here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.venues.documented import DataPath, example

from venuekit import errors
from venuekit.model.book import BookDiff, BookSnapshot
from venuekit.model.market import PublicTrade, Ticker
from venuekit.model.order import TradeType
from venuekit.model.trading_rule import ContractKind, TradingStatus
from venuekit.protocol.endpoint import Endpoint, parameters
from venuekit.protocol.rest import find_row
from venuekit.protocol.stream import Acknowledged, Channel, Pong, Refusal
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.bybit import wire as family
from venuekit.venues.bybit.spot import wire
from venuekit.venues.bybit.spot.exchange import BybitExchange
from venuekit.venues.bybit.spot.streams import BybitOrderBookDataSource

FILE, HEADING = "doc_bybit_v5", "Response Example"
BOOK, TRADE, TICKER = (f"docs/v5/websocket/public/{page}.mdx" for page in ("orderbook", "trade", "ticker"))
CONNECT = "websocket/wss-authentication.mdx"
SUBSCRIBED, BEAT = "Understanding the Subscription Response", "How to Send the Heartbeat Packet"


@pytest.fixture
def source() -> BybitOrderBookDataSource:
    return BybitOrderBookDataSource(SymbolMap(quotes=["USDT"]))


def test_the_documented_delta_is_a_difference_of_one_id(
    data_path: DataPath, source: BybitOrderBookDataSource
) -> None:
    (diff,) = source.parse(example(data_path, FILE, BOOK, HEADING))
    assert isinstance(diff, BookDiff)
    assert ("BTC-USDT", None, 177400507) == (diff.trading_pair, diff.first_update_id, diff.last_update_id)
    assert [("30247.20", "30.028"), ("30245.40", "0.224")] == diff.bids.texts()[:2]
    assert 1687940967.464 == diff.timestamp


def test_the_documented_delta_called_a_snapshot_is_a_whole_book(
    data_path: DataPath, source: BybitOrderBookDataSource
) -> None:
    # The page's own snapshot is no JSON (it has "..." in it); the two differ in the type alone.
    frame = example(data_path, FILE, BOOK, HEADING).replace(b'"delta"', b'"snapshot"')
    (snapshot,) = source.parse(frame)
    assert isinstance(snapshot, BookSnapshot)
    assert 177400507 == snapshot.update_id


def test_the_documented_trade_keeps_its_text_id_and_the_takers_side(
    data_path: DataPath, source: BybitOrderBookDataSource
) -> None:
    expected = PublicTrade(
        trading_pair="BTC-USDT", trade_id="20f43950-d8dd-5b31-9112-a178eb6023af", trade_type=TradeType.BUY,
        price=Decimal("16578.50"), amount=Decimal("0.001"), timestamp=1672304486.865,
    )  # fmt: skip
    assert (expected,) == tuple(source.parse(example(data_path, FILE, TRADE, HEADING)))


def test_spots_documented_ticker_has_a_last_price_and_no_best_prices(
    data_path: DataPath, source: BybitOrderBookDataSource
) -> None:
    expected = Ticker(
        trading_pair="BTC-USDT", last_price=Decimal("21109.77"), timestamp=1673853746.003
    )  # fmt: skip
    assert (expected,) == tuple(source.parse(example(data_path, FILE, TICKER, HEADING, 1)))


def test_a_trade_of_neither_side_cannot_be_read(
    data_path: DataPath, source: BybitOrderBookDataSource
) -> None:
    frame = example(data_path, FILE, TRADE, HEADING).replace(b'"Buy"', b'"None"')
    with pytest.raises(msgspec.ValidationError):
        tuple(source.parse(frame))


def test_frames_of_topics_that_nobody_asked_for_say_nothing(
    data_path: DataPath, source: BybitOrderBookDataSource
) -> None:
    frame = example(data_path, FILE, "websocket/public/kline.mdx", HEADING)
    assert () == tuple(source.parse(frame))


def test_the_documented_acknowledgement_of_spot_names_its_request(
    data_path: DataPath, source: BybitOrderBookDataSource
) -> None:
    answer = example(data_path, FILE, CONNECT, SUBSCRIBED, 1)
    assert (Acknowledged(request_id=10001),) == tuple(source.parse(answer))


def test_an_acknowledgement_with_an_empty_request_id_names_none(
    data_path: DataPath, source: BybitOrderBookDataSource
) -> None:
    answer = example(data_path, FILE, CONNECT, SUBSCRIBED, 2)
    assert (Acknowledged(request_id=None),) == tuple(source.parse(answer))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_documented_form_of_a_pong_is_one(
    data_path: DataPath, source: BybitOrderBookDataSource, number: int
) -> None:
    assert (Pong(),) == tuple(source.parse(example(data_path, FILE, CONNECT, BEAT, number)))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        # Quoted in an issue of a public client, 2023-11; the same text was seen on 2026-09-28.
        (
            b'{"success":false,"ret_msg":"args size \\u003e10","conn_id":"0a555e6f","op":"subscribe"}',
            Refusal(request_id=None, message="args size >10"),
        ),
        # As captured by a public probe on 2026-09-23.
        (
            (
                b'{"success":false,"ret_msg":"error:handler not found,topic:orderbook.50.NOPEUSDT",'
                b'"conn_id":"c","req_id":"7","op":"subscribe"}'
            ),
            Refusal(request_id=7, message="error:handler not found,topic:orderbook.50.NOPEUSDT"),
        ),
    ],
)
def test_a_refusal_names_its_request_where_it_can(
    frame: bytes, expected: Refusal, source: BybitOrderBookDataSource
) -> None:
    assert (expected,) == tuple(source.parse(frame))


def test_subscribing_and_unsubscribing_are_written_as_documented(
    data_path: DataPath, source: BybitOrderBookDataSource
) -> None:
    heading = "Understanding WebSocket Filters: Unsubscription"
    documented = msgspec.json.decode(example(data_path, FILE, CONNECT, heading))
    channels = [Channel(route="/v5/public/spot", name="publicTrade.ETHUSD")]
    written = msgspec.json.decode(source.unsubscription(channels, 3))
    assert documented | {"req_id": "3"} == written
    assert written | {"op": "subscribe"} == msgspec.json.decode(source.subscription(channels, 3))


def test_books_and_trades_are_asked_for_at_spots_address(source: BybitOrderBookDataSource) -> None:
    source.symbols.add("BTC-USDT", "BTCUSDT")
    assert (
        Channel(route="/v5/public/spot", name="orderbook.200.BTCUSDT"),
        Channel(route="/v5/public/spot", name="publicTrade.BTCUSDT"),
    ) == source.channels("BTC-USDT")


def test_a_request_on_spots_stream_holds_ten_topics() -> None:
    assert 10 == wire.STREAM_POLICY.channels_per_request


def test_the_heartbeat_is_the_documented_frame_every_20_seconds() -> None:
    assert (b'{"op":"ping"}', 20.0) == (wire.STREAM_POLICY.heartbeat, wire.STREAM_POLICY.heartbeat_every)


@pytest.mark.parametrize(
    ("endpoint", "page", "number"),
    [
        (wire.TIME, "market/time.mdx", 0),
        (wire.INSTRUMENTS, "market/instrument.mdx", 1),
        (wire.ORDER_BOOK, "market/orderbook.mdx", 0),
        (wire.TICKERS, "market/tickers.mdx", 0),
        (wire.TICKERS, "market/tickers.mdx", 2),
    ],
)
def test_documented_answers_decode(
    data_path: DataPath, endpoint: Endpoint[Any, Any], page: str, number: int
) -> None:
    body = example(data_path, FILE, page, HEADING, number)
    assert family.read_problem(200, body) is None
    assert msgspec.json.decode(body, type=endpoint.answer).result


def test_a_snapshot_from_rest_has_levels_and_no_id_of_the_streams_sequence(
    data_path: DataPath, source: BybitOrderBookDataSource
) -> None:
    body = example(data_path, FILE, "market/orderbook.mdx", HEADING)
    snapshot = source.book_snapshot("BTC-USDT", msgspec.json.decode(body, type=wire.ORDER_BOOK.answer), 200)
    assert (None, 200, [("65485.47", "47.081829")], 1716863718.905) == (
        snapshot.update_id, snapshot.depth, snapshot.bids.texts(), snapshot.timestamp,
    )  # fmt: skip


def test_a_snapshot_is_asked_for_with_documented_parameters(source: BybitOrderBookDataSource) -> None:
    source.symbols.add("BTC-USDT", "BTCUSDT")
    query = source.snapshot_query("BTC-USDT", 200)
    assert {"category": "spot", "symbol": "BTCUSDT", "limit": "200"} == parameters(query)


def test_the_documented_instrument_becomes_a_rule(data_path: DataPath) -> None:
    body = example(data_path, FILE, "market/instrument.mdx", HEADING, 1)
    (rule,) = BybitExchange.trading_rules_of(msgspec.json.decode(body, type=wire.INSTRUMENTS.answer))
    assert ("BTC-USDT", "BTCUSDT", ContractKind.SPOT) == (
        rule.trading_pair, rule.symbol, rule.contract_kind,
    )  # fmt: skip
    assert (Decimal("0.1"), Decimal("0.000001"), Decimal("0.0000001"), Decimal(5)) == (
        rule.min_price_increment, rule.min_base_amount_increment, rule.min_quote_amount_increment,
        rule.min_notional_size,
    )  # fmt: skip
    assert (Decimal(83), Decimal("41.5")) == (rule.max_order_size, rule.max_market_order_size)


def test_the_deprecated_smallest_quantity_is_not_a_rule(data_path: DataPath) -> None:
    # "minOrderQty ... deprecated, no longer check": the example has 0.000011 where one step is 0.000001.
    body = example(data_path, FILE, "market/instrument.mdx", HEADING, 1)
    (rule,) = BybitExchange.trading_rules_of(msgspec.json.decode(body, type=wire.INSTRUMENTS.answer))
    assert Decimal("0.000001") == rule.min_order_size


def test_an_unknown_status_is_not_tradable(data_path: DataPath) -> None:
    body = example(data_path, FILE, "market/instrument.mdx", HEADING, 1).replace(b'"Trading"', b'"Paused"')
    (rule,) = BybitExchange.trading_rules_of(msgspec.json.decode(body, type=wire.INSTRUMENTS.answer))
    assert TradingStatus.UNKNOWN is rule.status


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        # v5/error, "UTA" (2026-07-20).
        (200, 10000, "Server Timeout", errors.TimedOut),
        (200, 10001, "Request parameter error", errors.BadRequest),
        (200, 10006, "Too many visits!", errors.RateLimited),
        (200, 10009, "Service Restricted", errors.Unavailable),
        (200, 10016, "Server error.", errors.VenueFailed),
        (200, 10017, "Route not found.", errors.BadRequest),
        (200, 10029, "The requested symbol is invalid, please check symbol whitelist", errors.BadSymbol),
        # Quoted by public clients in 2024 and 2026.
        (200, 10001, "Not supported symbols", errors.BadSymbol),
        (200, 10001, "params error: symbol invalid", errors.BadSymbol),
    ],
)
def test_refusals_have_their_class_by_the_code_in_the_envelope(
    status: int, code: int, message: str, expected: type[errors.VenuekitError]
) -> None:
    body = b'{"retCode":%d,"retMsg":"%s","result":{},"retExtInfo":{},"time":1}' % (code, message.encode())
    problem = family.read_problem(status, body)
    assert problem is not None
    row = find_row(family.ERRORS, status, problem)
    assert row is not None
    assert expected is row.raises


@pytest.mark.parametrize("body", [b"403, access too frequent", b"<html>", b""])
def test_a_403_shuts_the_address_out_for_ten_minutes_whatever_its_body(body: bytes) -> None:
    problem = family.read_problem(403, body)
    assert problem is not None
    row = find_row(family.ERRORS, 403, problem)
    assert row is not None
    assert errors.Banned is row.raises
    assert [600.0] == [row.seconds for row in family.ERRORS if row.status == 403]


def test_every_call_counts_once_in_any_five_seconds() -> None:
    (pool,) = family.REST.pools
    assert (600, 5.0, 1) == (pool.limit, pool.seconds, pool.every_call)
