"""A dialect over real sockets of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from tests.emulator.customer import Client
from tests.emulator.scripted_market import BTC
from yarl import URL

from venuekit import errors
from venuekit.emulator.factory import make_dialect
from venuekit.emulator.server import EmulatorServer
from venuekit.seams.clock import SystemClock

TIME_LIMIT = aiohttp.ClientTimeout(total=30.0)


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    start_time = SystemClock().time()
    dialect = make_dialect("binance", seed=1, instruments=[BTC], start_time=start_time, rate=1000.0)
    async with EmulatorServer(dialect, port=0) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=TIME_LIMIT) as session:
        yield session


def _listen(client: aiohttp.ClientSession, url: str, **options: Any) -> Any:
    return client.ws_connect(url, timeout=aiohttp.ClientWSTimeout(ws_receive=30.0, ws_close=5.0), **options)


async def _arm(client: aiohttp.ClientSession, server: EmulatorServer, **fault: Any) -> None:
    async with client.post(f"{server.rest_url}/_emulator/faults", json=[fault]) as answer:
        assert answer.status == 200


async def test_rest_answers_carry_status_headers_and_body(
    server: EmulatorServer, client: aiohttp.ClientSession
) -> None:
    async with client.get(f"{server.rest_url}/api/v3/depth", params={"symbol": "BTCUSDT"}) as answer:
        assert (answer.status, answer.headers["X-MBX-USED-WEIGHT-1M"]) == (200, "5")
        assert answer.content_type == "application/json"
        assert "Content-Encoding" not in answer.headers
        assert len((await answer.json())["bids"]) == 100
    async with client.get(f"{server.rest_url}/api/v3/depth") as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, -1102)


async def test_a_stream_flows_and_a_pause_stops_it_at_the_told_id(
    server: EmulatorServer, client: aiohttp.ClientSession
) -> None:
    async with _listen(client, f"{server.ws_url}/ws/btcusdt@depth@100ms") as stream:
        first = await stream.receive_json()
        assert first["e"] == "depthUpdate"
        async with client.post(f"{server.rest_url}/_emulator/pause") as answer:
            last_id = (await answer.json())["last_update_ids"]["BTCUSDT"]
        told = first["u"]
        while told < last_id:
            diff = await stream.receive_json()
            assert diff["U"] == told + 1
            told = diff["u"]
        assert told == last_id


async def test_control_frames_and_pings_are_answered(
    server: EmulatorServer, client: aiohttp.ClientSession
) -> None:
    async with _listen(client, f"{server.ws_url}/ws", autoping=False) as stream:
        await stream.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        assert await stream.receive_json() == {"result": [], "id": 1}
        await stream.ping(b"there?")
        pong = await stream.receive()
        assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"there?")


async def test_a_refused_handshake_has_its_status(
    server: EmulatorServer, client: aiohttp.ClientSession
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await _listen(client, f"{server.ws_url}/nowhere")
    assert refused.value.status == 404


@pytest.mark.parametrize("kind", ["reset", "truncated_body"])
async def test_an_answer_ends_in_the_middle(
    server: EmulatorServer, client: aiohttp.ClientSession, kind: str
) -> None:
    await _arm(client, server, kind=kind)
    with pytest.raises(aiohttp.ClientError):
        async with client.get(f"{server.rest_url}/api/v3/exchangeInfo") as answer:
            await answer.read()


async def test_a_hanging_answer_never_comes_and_does_not_hold_the_server_up(
    server: EmulatorServer, client: aiohttp.ClientSession
) -> None:
    await _arm(client, server, kind="hang", path="/api/v3/time")
    asked = asyncio.create_task(client.get(f"{server.rest_url}/api/v3/time").__aenter__())
    async with asyncio.timeout(30.0):
        while not server.dialect.faults.reports()[0].fired:  # noqa: ASYNC110 - nothing tells of its arrival
            await asyncio.sleep(0)
    async with client.get(f"{server.rest_url}/api/v3/ping") as answer:
        assert answer.status == 200
    assert not asked.done()
    await server.stop()
    with pytest.raises(aiohttp.ClientError):
        await asked


async def test_a_late_answer_comes(server: EmulatorServer, client: aiohttp.ClientSession) -> None:
    await _arm(client, server, kind="delay", seconds=0.02)
    began = asyncio.get_running_loop().time()
    async with client.get(f"{server.rest_url}/api/v3/time") as answer:
        assert answer.status == 200
    assert asyncio.get_running_loop().time() - began >= 0.02


async def test_a_disconnect_carries_its_code(server: EmulatorServer, client: aiohttp.ClientSession) -> None:
    async with _listen(client, f"{server.ws_url}/ws") as stream:
        await _arm(client, server, kind="disconnect", code=1012, reason="restart")
        closing = await stream.receive()
        assert (closing.type, closing.data, closing.extra) == (aiohttp.WSMsgType.CLOSE, 1012, "restart")


async def test_an_abort_has_no_close_frame(server: EmulatorServer, client: aiohttp.ClientSession) -> None:
    async with _listen(client, f"{server.ws_url}/ws") as stream:
        await _arm(client, server, kind="abort")
        closing = await stream.receive()
        assert closing.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        assert stream.close_code == 1006


class _Restless(SystemClock):
    """Sleeps for one turn of the loop at most, so that the server looks at its lines in every turn."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def test_a_venue_goes_on_after_an_abort_whose_socket_is_closed_already(
    client: aiohttp.ClientSession,
) -> None:
    clock = _Restless()
    dialect = make_dialect("binance", seed=5, instruments=[BTC], start_time=clock.time())
    async with EmulatorServer(dialect, clock=clock) as server:
        async with _listen(client, f"{server.ws_url}/ws") as stream:
            await _arm(client, server, kind="abort")
            await stream.receive()
        async with _listen(client, f"{server.ws_url}/ws/btcusdt@depth@100ms") as stream:
            assert (await stream.receive()).type is aiohttp.WSMsgType.TEXT


@pytest.mark.parametrize("kind", ["frame_not_utf8", "oversized_frame", "binary_frame"])
async def test_broken_frames_travel_as_they_are(
    server: EmulatorServer, client: aiohttp.ClientSession, kind: str
) -> None:
    await _arm(client, server, kind=kind)
    stream_url = f"{server.ws_url}/ws/btcusdt@depth@100ms"
    async with _listen(client, stream_url, decode_text=False, max_msg_size=0) as stream:
        broken = await stream.receive()
    is_binary = broken.type is aiohttp.WSMsgType.BINARY
    assert is_binary is (kind == "binary_frame")
    assert {
        "frame_not_utf8": broken.data.startswith(b"\xff\xfe"),
        "oversized_frame": len(broken.data) > 5_000_000,
        "binary_frame": broken.data.startswith(b'{"e":"depthUpdate"'),
    }[kind]


async def test_a_client_that_left_is_forgotten(server: EmulatorServer, client: aiohttp.ClientSession) -> None:
    async with _listen(client, f"{server.ws_url}/ws/btcusdt@trade"):
        assert len(server.dialect.connections) == 1
    async with asyncio.timeout(30.0):
        while server.dialect.connections:  # noqa: ASYNC110 - nothing tells when the server has noticed
            await asyncio.sleep(0)


async def test_a_busy_port_is_an_error_that_names_it(server: EmulatorServer) -> None:
    second = EmulatorServer(server.dialect, port=server.port)
    with pytest.raises(errors.AddressInUse, match=f"port {server.port} of 127.0.0.1 is in use"):
        await second.start()


async def test_a_stopped_server_takes_leave_and_frees_its_port(client: aiohttp.ClientSession) -> None:
    dialect = make_dialect("binance", seed=1, instruments=[BTC], start_time=SystemClock().time())
    server = EmulatorServer(dialect)
    await server.start()
    stream = await _listen(client, f"{server.ws_url}/ws")
    serving = asyncio.create_task(server.wait())
    await server.stop()
    assert (await stream.receive()).data == 1001
    await stream.close()
    await serving
    again = EmulatorServer(dialect, port=server.port)
    await again.start()
    await again.stop()


async def test_every_subscriber_gets_every_frame(
    server: EmulatorServer, client: aiohttp.ClientSession
) -> None:
    url = f"{server.ws_url}/ws/btcusdt@depth@100ms"
    streams = [await _listen(client, url) for _ in range(20)]
    first = [msgspec.json.decode(await stream.receive_str()) for stream in streams]
    newest = max(diff["u"] for diff in first)
    for stream, diff in zip(streams, first, strict=True):
        heard = diff["u"]
        while heard < newest:
            heard = (await stream.receive_json())["u"]
        assert heard == newest
        await stream.close()


async def test_pongs_reach_the_venue(server: EmulatorServer, client: aiohttp.ClientSession) -> None:
    server.dialect.limits = msgspec.structs.replace(server.dialect.limits, ping_interval=0.0)
    async with _listen(client, f"{server.ws_url}/ws", autoping=False) as stream:
        ping = await stream.receive()
        assert ping.type is aiohttp.WSMsgType.PING
        await stream.pong(ping.data)
        await stream.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        while (await stream.receive()).type is aiohttp.WSMsgType.PING:
            pass
        (connection,) = server.dialect.connections.values()
        assert connection.last_pong > connection.opened


@pytest.mark.parametrize("name", ["hmac", "rsa", "ed25519"])
async def test_a_signature_is_checked_over_the_bytes_of_the_wire(
    server: EmulatorServer, client: aiohttp.ClientSession, name: str
) -> None:
    customer = Client(server.dialect, name)
    key = {"X-MBX-APIKEY": customer.customer.api_key}
    # Making a signature of an RSA key takes a busy machine longer than a request is good for by default.
    now = f"{round(SystemClock().time() * 1000)}&recvWindow=60000"
    # Encoded more than it has to be, and in lower case: the text is taken as it comes.
    order = "symbol=%42TCUSDT&side=BUY&type=LIMIT_MAKER&quantity=1&price=90&newClientOrderId=a%2db"
    text = f"{order}&timestamp={now}"
    signed = f"{text}&signature={customer.signature(text)}"
    url = URL(f"{server.rest_url}/api/v3/order?{signed}", encoded=True)
    async with client.post(url, headers=key) as answer:
        assert (answer.status, (await answer.json())["clientOrderId"]) == (200, "a-b")
        assert answer.headers["X-MBX-ORDER-COUNT-10S"] == "1"
    body = f"symbol=BTCUSDT&origClientOrderId=a-b&timestamp={now}"
    form = key | {"Content-Type": "application/x-www-form-urlencoded"}
    signed = f"{body}&signature={customer.signature(body)}"
    async with client.delete(f"{server.rest_url}/api/v3/order", data=signed, headers=form) as answer:
        assert (answer.status, (await answer.json())["status"]) == (200, "CANCELED")


async def test_a_lost_request_ends_in_a_reset(server: EmulatorServer, client: aiohttp.ClientSession) -> None:
    await _arm(client, server, kind="lost_request", path="POST /api/v3/order")
    with pytest.raises(aiohttp.ClientConnectionError):
        async with client.post(f"{server.rest_url}/api/v3/order", data={"symbol": "BTCUSDT"}):
            pass
    async with client.get(f"{server.rest_url}/_emulator/orders") as answer:
        assert await answer.json() == []
