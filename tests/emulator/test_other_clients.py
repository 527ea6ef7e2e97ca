"""Somebody else's client trades on the emulated venue, unchanged but for its addresses.

ccxt pins the exact versions of many others, so it is an extra of its own, `clients`, and not in `dev`. Where
it is installed these tests run (with 4.5.90 on 2026-11-20).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.emulator.scripted_market import BTC

from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect
from venuekit.emulator.factory import announcement, with_customers
from venuekit.emulator.order_flow import SyntheticMarket
from venuekit.emulator.server import EmulatorServer
from venuekit.seams.clock import SystemClock

ccxt_pro = pytest.importorskip("ccxt.pro")

PAIR = "BTC/USDT"
PATIENCE = 60.0
KEY_TYPES = ["HMAC", "RSA", "Ed25519"]


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    now = SystemClock().time()
    market = SyntheticMarket(BTC, 1, now, rate=200.0)
    venue = with_customers(BinanceSpotDialect, [market], seed=1, start_time=now)
    async with EmulatorServer(venue, port=0) as running:
        yield running


def _moved(urls: Any, server: EmulatorServer) -> Any:
    """The same addresses on this machine: hosts change, paths do not."""
    if isinstance(urls, dict):
        return {name: _moved(value, server) for name, value in urls.items()}
    if not isinstance(urls, str):
        return urls
    scheme, _, rest = urls.partition("://")
    _, slash, path = rest.partition("/")
    return (server.ws_url if scheme == "wss" else server.rest_url) + slash + path


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
    try:
        async with asyncio.timeout(PATIENCE):
            yield exchange
    finally:
        await exchange.close()


async def test_ccxt_sees_the_market_and_the_balance(server: EmulatorServer) -> None:
    async with _trader(server, "HMAC") as exchange:
        assert PAIR in await exchange.load_markets()
        assert (await exchange.fetch_balance())["BTC"]["free"] == 10.0
        book = await exchange.watch_order_book(PAIR)
        assert book["bids"][0][0] < book["asks"][0][0]


@pytest.mark.parametrize("key_type", KEY_TYPES)
async def test_ccxt_places_over_rest_and_watches_its_order(server: EmulatorServer, key_type: str) -> None:
    async with _trader(server, key_type) as exchange:
        await exchange.load_markets()
        watched = asyncio.create_task(exchange.watch_orders(PAIR))
        await asyncio.wait_for(_subscribed(server), PATIENCE)
        order = await exchange.create_order(PAIR, "limit", "buy", 0.5, 50.0)
        assert [(row["id"], row["status"]) for row in await watched] == [(order["id"], "open")]
        await exchange.cancel_order(order["id"], PAIR)
        assert (await exchange.watch_orders(PAIR))[-1]["status"] == "canceled"


@pytest.mark.parametrize("key_type", KEY_TYPES)
async def test_ccxt_trades_over_the_websocket_api(server: EmulatorServer, key_type: str) -> None:
    async with _trader(server, key_type) as exchange:
        await exchange.load_markets()
        watched = asyncio.create_task(exchange.watch_my_trades(PAIR))
        await asyncio.wait_for(_subscribed(server), PATIENCE)
        order = await exchange.create_order_ws(PAIR, "market", "buy", 0.5)
        assert (order["status"], order["filled"]) == ("closed", 0.5)
        trades = await watched
        assert {trade["order"] for trade in trades} == {order["id"]}
        resting = await exchange.create_order_ws(PAIR, "limit", "buy", 0.5, 50.0)
        assert len(await exchange.fetch_open_orders_ws(PAIR)) == 1
        assert (await exchange.cancel_order_ws(resting["id"], PAIR))["status"] == "canceled"
        assert (await exchange.fetch_order_ws(order["id"], PAIR))["status"] == "closed"
        assert sum(row["amount"] for row in await exchange.fetch_my_trades_ws(PAIR)) == pytest.approx(0.5)


async def _subscribed(server: EmulatorServer) -> None:
    venue = server.dialect
    assert isinstance(venue, BinanceSpotDialect)
    while not venue.user_streams.are_heard:  # noqa: ASYNC110 - nothing tells of its arrival
        await asyncio.sleep(0.01)
