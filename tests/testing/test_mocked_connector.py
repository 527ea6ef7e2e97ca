"""A data connector of the package on a network played by hand, on a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from venuekit import errors
from venuekit.connector.connect import connect
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.book import BookStatus
from venuekit.model.events import OrderBookEvent, OrderBookTradeEvent
from venuekit.seams import chance
from venuekit.testing.network_mocking_assistant import NetworkMockingAssistant
from venuekit.testing.scripted_transport import ScriptedSocket
from venuekit.testing.virtual_clock import VirtualClock

PAIR = "BTC-USDT"
# Frames and answers in the shape of rest-api.md#order-book, #exchange-information, #check-server-time and
# web-socket-streams.md#diff-depth-stream, #trade-streams of binance-spot-api-docs, 2026-07-21.
SNAPSHOT = {
    "lastUpdateId": 100,
    "bids": [["60000.00", "1"], ["59999.00", "2"]],
    "asks": [["60001.00", "3"], ["60002.00", "4"]],
}


def difference(first: int, last: int, bids: Sequence[Sequence[str]] = (), asks: Any = ()) -> dict[str, Any]:
    data = {"e": "depthUpdate", "E": 1_700_000_000_000, "s": "BTCUSDT", "U": first, "u": last}
    return {"stream": "btcusdt@depth@100ms", "data": data | {"b": bids, "a": asks}}


@pytest.fixture
async def network() -> AsyncIterator[NetworkMockingAssistant]:
    """A venue with one pair; it takes every subscription."""
    clock = VirtualClock()
    async with NetworkMockingAssistant(clock) as network:
        network.set_default_http_response("GET /api/v3/time", json={"serverTime": int(clock.time() * 1000)})
        symbol = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
        network.set_default_http_response("GET /api/v3/exchangeInfo", json={"symbols": [symbol]})
        network.set_default_http_response("GET /api/v3/depth?symbol=BTCUSDT", json=SNAPSHOT)
        network.reply_to_websocket_messages(lambda said: [{"result": None, "id": said["id"]}])
        yield network


@pytest.fixture
async def exchange(network: NetworkMockingAssistant) -> AsyncIterator[ExchangeBase]:
    """A connector whose one book is live."""
    clock = network.clock
    assert clock is not None
    exchange = connect("binance", [PAIR], transport=network, clock=clock, chance=chance.seeded(1))
    await clock.run(exchange.start())
    await network.until(lambda: exchange.ready, "the book to be live")
    yield exchange
    await clock.run(exchange.stop())


@pytest.fixture
def socket(exchange: ExchangeBase, network: NetworkMockingAssistant) -> ScriptedSocket:
    """The connector's one stream."""
    (socket,) = network.websockets
    return socket


async def test_the_connector_subscribes_and_asks_for_a_snapshot(
    exchange: ExchangeBase, network: NetworkMockingAssistant, socket: ScriptedSocket
) -> None:
    assert network.json_messages_sent_through_websocket(socket) == [
        {"method": "SUBSCRIBE", "params": ["btcusdt@depth@100ms", "btcusdt@trade"], "id": 1}
    ]
    request = await network.next_sent_request_data("GET /api/v3/depth")
    assert request.query == {"symbol": "BTCUSDT", "limit": "100"}
    assert request.url.startswith("https://api.binance.com/")


async def test_frames_by_hand_make_the_book(
    exchange: ExchangeBase, network: NetworkMockingAssistant, socket: ScriptedSocket
) -> None:
    network.add_websocket_json_message(socket, difference(101, 101, bids=[["60000.50", "7"]]))
    network.add_websocket_json_message(socket, difference(102, 105, asks=[["60001.00", "0"]]))
    await network.run_until_all_messages_processed(socket)
    book = exchange.get_order_book(PAIR)
    assert (book.status, book.update_id) == (BookStatus.LIVE, 105)
    assert (book.get_price(is_buy=False), book.get_price(is_buy=True)) == (
        Decimal("60000.50"), Decimal("60002.00"),
    )  # fmt: skip


async def test_a_frame_left_out_is_noticed_and_healed_by_a_snapshot(
    exchange: ExchangeBase, network: NetworkMockingAssistant, socket: ScriptedSocket
) -> None:
    network.set_default_http_response(
        "GET /api/v3/depth?symbol=BTCUSDT", exception=errors.TimedOut("not now")
    )
    network.add_websocket_json_message(socket, difference(110, 111, bids=[["60000.70", "1"]]))
    await network.run_until_all_messages_processed(socket)
    book = exchange.get_order_book(PAIR)
    assert book.status is BookStatus.RESYNCING
    with pytest.raises(errors.BookNotLive):
        book.get_price(is_buy=True)

    network.set_default_http_response(
        "GET /api/v3/depth?symbol=BTCUSDT", json=SNAPSHOT | {"lastUpdateId": 110}
    )
    await network.until(lambda: book.is_live, "the book to heal")
    assert (book.update_id, book.get_price(is_buy=False)) == (111, Decimal("60000.70"))


async def test_a_trade_by_hand_is_heard_as_it_was_told(
    exchange: ExchangeBase, network: NetworkMockingAssistant, socket: ScriptedSocket
) -> None:
    heard: list[OrderBookTradeEvent] = []
    exchange.add_listener(OrderBookEvent.TradeEvent, heard.append)
    trade = {
        "e": "trade", "E": 1_700_000_000_100, "s": "BTCUSDT", "t": 12345, "p": "60000.10", "q": "0.25",
        "T": 1_700_000_000_099, "m": True, "M": True,
    }  # fmt: skip
    network.add_websocket_json_message(socket, {"stream": "btcusdt@trade", "data": trade})
    await network.run_until_all_messages_processed(socket)
    assert [(event.trade_id, event.price, event.amount) for event in heard] == [
        (12345, Decimal("60000.10"), Decimal("0.25"))
    ]


async def test_a_lost_connection_comes_back_and_the_book_with_it(
    exchange: ExchangeBase, network: NetworkMockingAssistant, socket: ScriptedSocket
) -> None:
    book = exchange.get_order_book(PAIR)
    network.lose_websocket(socket)
    await network.run_until_all_messages_processed(socket)
    assert book.status is BookStatus.STALE
    network.set_default_http_response(
        "GET /api/v3/depth?symbol=BTCUSDT", json=SNAPSHOT | {"lastUpdateId": 200}
    )
    await network.until(lambda: book.is_live, "the book to be live again")
    assert (len(network.websockets), book.update_id) == (2, 200)


async def test_a_frame_that_cannot_be_read_costs_neither_the_connection_nor_the_next_frame(
    exchange: ExchangeBase, network: NetworkMockingAssistant, socket: ScriptedSocket
) -> None:
    network.add_websocket_text_message(socket, '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate"')
    network.add_websocket_json_message(socket, difference(101, 101, bids=[["60000.50", "7"]]))
    await network.run_until_all_messages_processed(socket)
    assert (len(network.websockets), exchange.order_book_tracker.unreadable) == (1, 1)
    assert exchange.get_order_book(PAIR).update_id == 101
