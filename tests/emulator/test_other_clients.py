"""Somebody else's client, ccxt, trades on the emulated venue, unchanged but for its addresses.

ccxt asks for exact versions of many others, so it is for tests alone; a fresh environment gets them along
with what venuekit asks for (4.5.90 with aiohttp 3.14 and cryptography 50, on 2026-11-20).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import ccxt.pro as ccxt_pro
import pytest
from tests.emulator.scripted_market import BTC

from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect
from venuekit.emulator.factory import announcement, with_customers
from venuekit.emulator.order_flow import SyntheticMarket
from venuekit.emulator.server import EmulatorServer
from venuekit.seams.clock import SystemClock

PAIR = "BTC/USDT"
PATIENCE = 60.0
RATE = 50.0
"""Orders of others, per second: a watched book has something to tell at once."""
every_key = pytest.mark.parametrize("key_type", ["HMAC", "RSA", "Ed25519"])


@pytest.fixture(autouse=True)
def _nobody_leaves_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def look_up_nearby(host: Any, *more: Any, **terms: Any) -> Any:
        assert host in {"127.0.0.1", "localhost"}, f"somebody wants to talk to {host}"
        return look_up(host, *more, **terms)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_nearby)


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    now = SystemClock().time()
    market = SyntheticMarket(BTC, 1, now, rate=RATE)
    venue = with_customers(BinanceSpotDialect, [market], seed=1, start_time=now)
    async with EmulatorServer(venue, port=0) as running:
        yield running


def _moved(urls: Any, server: EmulatorServer) -> Any:
    """The same addresses on this machine, those within addresses too: hosts change, paths do not."""
    if isinstance(urls, dict):
        return {name: _moved(value, server) for name, value in urls.items()}
    if not isinstance(urls, str):
        return urls
    scheme, _, rest = urls.partition("://")
    _, slash, path = rest.partition("/")
    return (server.ws_url if scheme == "wss" else server.rest_url) + slash + path


def _hosts(urls: Any) -> set[str | None]:
    if isinstance(urls, dict):
        return {host for value in urls.values() for host in _hosts(value)}
    return {urlsplit(urls).hostname} if isinstance(urls, str) else set()


@asynccontextmanager
async def _trader(server: EmulatorServer, key_type: str) -> AsyncIterator[Any]:
    (found,) = [row for row in announcement(server)["accounts"] if row["key_type"] == key_type]
    exchange = ccxt_pro.binance(
        {
            "apiKey": found["api_key"],
            "secret": found["api_secret"] or found["private_key_pem"],
            "enableRateLimit": False,
            "options": {
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "fetchCurrencies": False,
                "fetchMargins": False,
            },
        }
    )
    exchange.has["fetchCurrencies"] = False
    exchange.urls["api"] = _moved(exchange.urls["api"], server)
    assert _hosts(exchange.urls["api"]) == {"127.0.0.1"}
    try:
        async with asyncio.timeout(PATIENCE):
            yield exchange
    finally:
        await exchange.close()


async def test_ccxt_reads_the_market(server: EmulatorServer) -> None:
    async with _trader(server, "HMAC") as exchange:
        market = (await exchange.load_markets())[PAIR]
        assert (market["id"], market["spot"], market["active"]) == ("BTCUSDT", True, True)
        assert (market["precision"]["price"], market["limits"]["cost"]["min"]) == (
            float(BTC.tick_size),
            float(BTC.min_notional),
        )
        book = await exchange.fetch_order_book(PAIR, 5)
        assert (len(book["bids"]), len(book["asks"])) == (5, 5)
        assert book["bids"][0][0] < book["asks"][0][0]
        ticker = await exchange.fetch_ticker(PAIR)
        assert ticker["last"] > 0


async def test_the_book_that_ccxt_watches_is_the_venues(server: EmulatorServer) -> None:
    async with _trader(server, "HMAC") as exchange:
        book = await exchange.watch_order_book(PAIR)
        assert _paths(server) == {"/ws/0"}
        for _ in range(5):
            book = await exchange.watch_order_book(PAIR)
        server.dialect.pause(SystemClock().time())
        await _until(lambda: book["nonce"] >= _truth(server).last_id)
        truth = _truth(server)
        for ours, theirs in ((book["bids"], truth.bids), (book["asks"], truth.asks)):
            assert ours[:50] == [[float(price), float(amount)] for price, amount in theirs[:50]]


@every_key
async def test_ccxt_trades_over_rest_and_watches_its_orders(server: EmulatorServer, key_type: str) -> None:
    async with _trader(server, key_type) as exchange:
        await exchange.load_markets()
        assert (await exchange.fetch_balance())["BTC"]["free"] == 10.0
        watched = asyncio.create_task(exchange.watch_orders(PAIR))
        await _until(lambda: _venue(server).user_streams.are_heard)
        assert "/ws-api/v3" in _paths(server)
        order = await exchange.create_order(PAIR, "limit", "buy", 0.5, 50.0)
        assert [(row["id"], row["status"]) for row in await watched] == [(order["id"], "open")]
        assert [row["id"] for row in await exchange.fetch_open_orders(PAIR)] == [order["id"]]
        assert (await exchange.fetch_balance())["USDT"]["used"] == 25.0
        await exchange.cancel_order(order["id"], PAIR)
        assert (await exchange.watch_orders(PAIR))[-1]["status"] == "canceled"
        taken = await exchange.create_order(PAIR, "market", "buy", 0.5)
        assert (taken["status"], taken["filled"]) == ("closed", 0.5)
        fills = await exchange.fetch_my_trades(PAIR)
        assert {fill["order"] for fill in fills} == {taken["id"]}
        assert sum(Decimal(str(fill["amount"])) for fill in fills) == Decimal("0.5")
        paid = sum(Decimal(str(fill["fee"]["cost"])) for fill in fills)
        assert (paid, {fill["fee"]["currency"] for fill in fills}) == (Decimal("0.0005"), {"BTC"})
        assert (await exchange.fetch_balance())["BTC"]["total"] == 10.4995


@every_key
async def test_ccxt_trades_over_the_websocket_api(server: EmulatorServer, key_type: str) -> None:
    async with _trader(server, key_type) as exchange:
        await exchange.load_markets()
        watched = asyncio.create_task(exchange.watch_my_trades(PAIR))
        await _until(lambda: _venue(server).user_streams.are_heard)
        order = await exchange.create_order_ws(PAIR, "market", "buy", 0.5)
        assert (order["status"], order["filled"]) == ("closed", 0.5)
        trades = await watched
        assert {trade["order"] for trade in trades} == {order["id"]}
        resting = await exchange.create_order_ws(PAIR, "limit", "buy", 0.5, 50.0)
        assert [row["id"] for row in await exchange.fetch_open_orders_ws(PAIR)] == [resting["id"]]
        assert (await exchange.cancel_order_ws(resting["id"], PAIR))["status"] == "canceled"
        assert (await exchange.fetch_order_ws(order["id"], PAIR))["status"] == "closed"
        assert sum(row["amount"] for row in await exchange.fetch_my_trades_ws(PAIR)) == pytest.approx(0.5)
        status = (await exchange.fetch_balance_ws())["info"]  # of a spot account ccxt reads no more than that
        assert {row["asset"]: row["free"] for row in status["balances"]}["BTC"] == "10.49950000"
        assert _paths(server) == {"/ws-api/v3"}


async def test_a_refusal_reaches_ccxt_as_what_it_is(server: EmulatorServer) -> None:
    async with _trader(server, "HMAC") as exchange:
        await exchange.load_markets()
        with pytest.raises(ccxt_pro.InsufficientFunds):
            await exchange.create_order(PAIR, "limit", "sell", 11.0, 150.0)
        with pytest.raises(ccxt_pro.OrderNotFound):
            await exchange.fetch_order("4711", PAIR)
        exchange.secret = "another secret"
        with pytest.raises(ccxt_pro.AuthenticationError):
            await exchange.fetch_balance()


def _venue(server: EmulatorServer) -> BinanceSpotDialect:
    assert isinstance(server.dialect, BinanceSpotDialect)
    return server.dialect


def _truth(server: EmulatorServer) -> Any:
    return server.dialect.markets["BTCUSDT"].snapshot()


def _paths(server: EmulatorServer) -> set[str]:
    """Where the client is connected to."""
    return {connection.path for connection in server.dialect.connections.values()}


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - nothing tells of its arrival
            await asyncio.sleep(0.01)
