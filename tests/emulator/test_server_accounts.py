"""Trading over real sockets of this machine: orders over one WebSocket, the account's events over another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import msgspec
import pytest
from tests.emulator.socket_client import trading_venue

from venuekit.emulator.factory import announcement
from venuekit.emulator.server import EmulatorServer
from venuekit.seams.clock import SystemClock
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.web.auth import Credentials, Secret

TIME_LIMIT = aiohttp.ClientTimeout(total=30.0)
CLOCK = SystemClock()
# A long way below the market: it rests.
RESTING = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.500",
    "price": "50.00",
}


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    async with EmulatorServer(trading_venue(start_time=CLOCK.time()), port=0) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=TIME_LIMIT) as session:
        yield session


class Line:
    """A connection to the WebSocket API, signed as the connector signs."""

    def __init__(self, web_socket: aiohttp.ClientWebSocketResponse, auth: BinanceAuth) -> None:
        self.web_socket = web_socket
        self.auth = auth

    async def ask(self, method: str, params: Mapping[str, Any], *, is_signed: bool = True) -> Any:
        sent = self.auth.ws_authenticate(params, CLOCK.time()) if is_signed else dict(params)
        await self.web_socket.send_json({"id": method, "method": method, "params": sent})
        answer = await self.web_socket.receive_json(timeout=20.0)
        while answer.get("id") != method:
            answer = await self.web_socket.receive_json(timeout=20.0)
        return answer

    async def event(self) -> Any:
        return (await self.web_socket.receive_json(timeout=20.0))["event"]


def _auth(server: EmulatorServer, key_type: str) -> BinanceAuth:
    (found,) = [row for row in announcement(server)["accounts"] if row["key_type"] == key_type]
    secret, pem = found["api_secret"], found["private_key_pem"]
    return BinanceAuth(
        Credentials(
            found["api_key"],
            secret=None if secret is None else Secret(secret),
            private_key=None if pem is None else Secret(pem),
        )
    )


async def _connected(client: aiohttp.ClientSession, server: EmulatorServer, auth: BinanceAuth) -> Line:
    assert server.ws_api_url is not None
    return Line(await client.ws_connect(server.ws_api_url), auth)


@pytest.mark.parametrize("key_type", ["HMAC", "RSA", "Ed25519"])
async def test_an_order_over_one_socket_is_told_over_another(
    server: EmulatorServer, client: aiohttp.ClientSession, key_type: str
) -> None:
    auth = _auth(server, key_type)
    entry, stream = [await _connected(client, server, auth) for _ in range(2)]
    subscribed = await stream.ask("userDataStream.subscribe.signature", {})
    assert subscribed["result"] == {"subscriptionId": 0}
    placed = await entry.ask("order.place", RESTING | {"newClientOrderId": "mine"})
    assert (placed["status"], placed["result"]["status"]) == (200, "NEW")
    new, position = await stream.event(), await stream.event()
    assert (new["x"], new["c"], new["i"]) == ("NEW", "mine", placed["result"]["orderId"])
    assert [row["a"] for row in position["B"]] == ["USDT"]
    cancelled = await entry.ask("order.cancel", {"symbol": "BTCUSDT", "origClientOrderId": "mine"})
    assert cancelled["result"]["status"] == "CANCELED"
    assert (await stream.event())["x"] == "CANCELED"


async def test_a_fill_by_somebody_else_is_told_without_being_asked_for(
    server: EmulatorServer, client: aiohttp.ClientSession
) -> None:
    auth, other = _auth(server, "HMAC"), _auth(server, "Ed25519")
    entry, stream = [await _connected(client, server, auth) for _ in range(2)]
    await stream.ask("userDataStream.subscribe.signature", {})
    await entry.ask("order.place", RESTING | {"price": "100.00"})
    assert [(await stream.event())["e"] for _ in range(2)] == ["executionReport", "outboundAccountPosition"]
    seller = await _connected(client, server, other)
    sale = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.200"}
    assert (await seller.ask("order.place", sale))["result"]["status"] == "FILLED"
    fill = await stream.event()
    assert (fill["x"], fill["m"], fill["l"]) == ("TRADE", True, "0.20000000")


async def test_a_session_logs_on_and_trades_without_signatures(
    server: EmulatorServer, client: aiohttp.ClientSession
) -> None:
    line = await _connected(client, server, _auth(server, "Ed25519"))
    assert (await line.ask("session.logon", {}))["status"] == 200
    assert (await line.ask("userDataStream.subscribe", {}, is_signed=False))["status"] == 200
    timed = RESTING | {"timestamp": round(CLOCK.time() * 1000)}
    placed = await line.ask("order.place", timed, is_signed=False)
    assert placed["result"]["status"] == "NEW"


async def test_a_reset_after_an_order_leaves_it_open(
    server: EmulatorServer, client: aiohttp.ClientSession
) -> None:
    auth = _auth(server, "HMAC")
    entry = await _connected(client, server, auth)
    fault = {"kind": "reset", "path": "order.place"}
    async with client.post(f"{server.rest_url}/_emulator/faults", json=[fault]) as answer:
        assert answer.status == 200
    sent = auth.ws_authenticate(RESTING | {"newClientOrderId": "lost"}, CLOCK.time())
    await entry.web_socket.send_json({"id": 1, "method": "order.place", "params": sent})
    last = await entry.web_socket.receive(timeout=20.0)
    assert last.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSE}
    again = await _connected(client, server, auth)
    found = await again.ask("order.status", {"symbol": "BTCUSDT", "origClientOrderId": "lost"})
    assert found["result"]["status"] == "NEW"


async def test_market_streams_and_commands_have_paths_of_their_own(
    server: EmulatorServer, client: aiohttp.ClientSession
) -> None:
    """The paths that ccxt connects to: it numbers its connections to market streams."""
    entry = await _connected(client, server, _auth(server, "HMAC"))
    async with client.ws_connect(f"{server.ws_url}/ws/0") as stream:
        await stream.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@depth@100ms"], "id": 1})
        assert await stream.receive_json(timeout=20.0) == {"result": None, "id": 1}
        await entry.ask("order.place", RESTING | {"price": "100.00"})
        assert (await stream.receive_json(timeout=20.0))["e"] == "depthUpdate"
    async with client.ws_connect(f"{server.ws_url}/ws-api/v3?returnRateLimits=false") as commands:
        await commands.send_str(msgspec.json.encode({"id": 1, "method": "ping"}).decode())
        assert await commands.receive_json(timeout=20.0) == {"id": 1, "status": 200, "result": {}}
