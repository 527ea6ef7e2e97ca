"""Signed calls over real sockets: what a server receives, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from aiohttp import web
from tests import signing_keys
from tests.signing_keys import credentials
from tests.web import raw_server
from tests.web.toy_venue import CANCEL, ORDER, PLACE, POLICY, SOCKET_POLICY, Cancel, NewOrder, Placed

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rates import RatePool
from venuekit.seams import chance
from venuekit.seams.clock import SystemClock
from venuekit.state.rate_ledger import RateLedger
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.venues.binance.socket import BinanceSocketDialect
from venuekit.web.assistant import WebAssistant
from venuekit.web.auth import AuthBase, Credentials, KeyType, Secret
from venuekit.web.command_route import CommandRoute
from venuekit.web.departure import Departure
from venuekit.web.rate_gate import RateGate, gate_for
from venuekit.web.socket_assistant import SocketAssistant
from venuekit.web.stream import StreamServices
from venuekit.web.transport import AiohttpTransport, Limits

# The example keys of rest-api.md and web-socket-api.md.
DOCUMENTED_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
DOCUMENTED_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
DIGITS = "\uff11\uff12\uff13\uff14\uff15\uff16"
CLOCK = SystemClock()
PATIENT = 30.0


def documented_auth(receive_window: float = 5.0) -> BinanceAuth:
    named = Credentials(DOCUMENTED_KEY, secret=Secret(DOCUMENTED_SECRET))
    return BinanceAuth(named, receive_window=receive_window)


class LimitOrder(Wire):
    symbol: str
    side: str
    type: str
    timeInForce: str  # noqa: N815 - the venue's word
    quantity: str
    price: str


LIMIT = Endpoint(
    method="POST",
    path="/api/v3/order",
    query=LimitOrder,
    answer=Placed,
    signed=True,
    reads=False,
    socket_method="order.place",
)


def limit_order(symbol: str, side: str, quantity: str, price: str) -> LimitOrder:
    return LimitOrder(
        symbol=symbol, side=side, type="LIMIT", timeInForce="GTC", quantity=quantity, price=price
    )


def web_assistant(
    transport: AiohttpTransport, port: int, auth: AuthBase, signed_at: float | None = None
) -> WebAssistant:
    return WebAssistant(
        f"http://127.0.0.1:{port}",
        POLICY,
        transport=transport,
        gate=gate_for(f"127.0.0.1:{port}", POLICY.pools, CLOCK, "mine"),
        clock=CLOCK,
        auth=auth,
        venue_time=None if signed_at is None else lambda: signed_at,
    )


# HTTP: what arrives.


async def received(auth: AuthBase, order: LimitOrder, signed_at: float) -> list[str]:
    """The head of the request as a server receives it."""
    heads: list[list[str]] = []

    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await raw_server.head_of(reader))
        writer.write(raw_server.answer(b'{"order_id": 7}'))
        await writer.drain()

    async with raw_server.serving(takes) as port, AiohttpTransport() as transport:
        await web_assistant(transport, port, auth, signed_at).call(LIMIT, order)
    (head,) = heads
    return head


async def test_a_published_request_arrives_byte_for_byte_with_its_published_signature() -> None:
    # rest-api.md, "HMAC Keys", first example.
    head = await received(documented_auth(), limit_order("LTCBTC", "BUY", "1", "0.1"), 1499827319.559)
    assert head[0] == (
        "POST /api/v3/order?symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
        "&recvWindow=5000&timestamp=1499827319559"
        "&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71 HTTP/1.1"
    )
    assert f"X-MBX-APIKEY: {DOCUMENTED_KEY}" in head


async def test_a_symbol_outside_ascii_arrives_as_it_was_encoded_and_signed() -> None:
    # rest-api.md, "HMAC Keys", second example.
    head = await received(documented_auth(), limit_order(DIGITS, "BUY", "1", "0.1"), 1499827319.559)
    assert "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&" in head[0]
    assert "&signature=e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3 " in head[0]


@pytest.mark.parametrize("key_type", [KeyType.RSA, KeyType.ED25519])
async def test_what_arrives_is_what_the_public_key_accepts(key_type: KeyType) -> None:
    order = limit_order("a:b/c&d=e+f%~ ", "BUY", "1", "0.1")
    head = await received(BinanceAuth(credentials(key_type)), order, 1000.5)
    query = head[0].split(" ")[1].partition("?")[2]
    payload, _, signature = query.partition("&signature=")
    signing_keys.verify(key_type, unquote(signature), payload.encode())


# HTTP: how often.


def _time_limit(kind: type[errors.VenuekitError]) -> float:
    return 0.5 if kind is errors.TimedOut else PATIENT


async def _drops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _answers_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(raw_server.answer(b'{"order', length=100))
    await writer.drain()
    writer.close()


async def _is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


WEATHER: dict[str, tuple[raw_server.Talk, type[errors.VenuekitError]]] = {
    "dropped when it has arrived": (_drops, errors.ConnectionLost),
    "half an answer": (_answers_half, errors.ConnectionLost),
    "silence": (_is_silent, errors.TimedOut),
}


@pytest.mark.parametrize("endpoint", [PLACE, CANCEL], ids=["POST", "DELETE"])
@pytest.mark.parametrize(("then", "kind"), WEATHER.values(), ids=WEATHER.keys())
async def test_a_command_over_http_is_sent_once_and_its_outcome_unknown(
    endpoint: Endpoint[Any, Placed], then: raw_server.Talk, kind: type[errors.VenuekitError]
) -> None:
    heads: list[str] = []
    departures: list[Departure] = []

    async def misbehaves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await raw_server.head_of(reader))[0])
        if len(heads) == 1:  # a good one first, so that the line is kept alive and the next one goes on it
            writer.write(raw_server.answer(b'{"order_id": 7}'))
            await writer.drain()
            heads.append((await raw_server.head_of(reader))[0])
        await then(reader, writer)

    async def leaving(departure: Departure) -> None:
        departures.append(departure)

    query: Any = ORDER if endpoint is PLACE else Cancel(symbol="BTCUSDT")
    async with raw_server.serving(misbehaves) as port, AiohttpTransport() as transport:
        assistant = web_assistant(transport, port, BinanceAuth(credentials(KeyType.HMAC)))
        await assistant.call(endpoint, query)
        with pytest.raises(errors.VenuekitError) as caught:
            await assistant.call(endpoint, query, leaving=leaving, seconds=_time_limit(kind))
    assert type(caught.value) is kind
    assert (len(heads), len(departures)) == (2, 1)


async def test_a_command_that_finds_no_server_was_not_sent_and_costs_nothing() -> None:
    async with raw_server.serving(_drops) as port:
        pass
    async with AiohttpTransport(limits=Limits(connect_seconds=5.0)) as transport:
        assistant = web_assistant(transport, port, documented_auth())
        with pytest.raises(errors.ConnectFailed):
            await assistant.call(PLACE, ORDER)
    assert assistant.gate.used("orders") == 0


# WebSocket.

Serve = Callable[[web.WebSocketResponse, web.Request], Awaitable[None]]


class Desk:
    """A server that takes WebSockets and writes down what arrives; `serve` talks on each connection."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.frames: list[str] = []
        self.pongs = 0
        self.connections = 0

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.connections += 1
        with suppress(ConnectionError):
            await self.serve(socket, request)
        return socket

    async def next(self, socket: web.WebSocketResponse) -> dict[str, Any]:
        """The next request; pongs are counted."""
        while True:
            message = await socket.receive()
            if message.type is web.WSMsgType.TEXT:
                self.frames.append(message.data)
                said: dict[str, Any] = msgspec.json.decode(message.data)
                return said
            if message.type is not web.WSMsgType.PONG:
                raise ConnectionError
            self.pongs += 1


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENT):
        while not condition():  # noqa: ASYNC110 - what is waited for is on the other side of a socket
            await asyncio.sleep(0.01)


@asynccontextmanager
async def desk(
    serve: Callable[[Desk, web.WebSocketResponse, web.Request], Awaitable[None]],
    auth: AuthBase,
    signed_at: float | None = None,
) -> AsyncIterator[tuple[Desk, SocketAssistant]]:
    """A server, and an assistant whose socket to it is kept up."""
    made = Desk(lambda socket, request: serve(made, socket, request))
    app = web.Application()
    app.router.add_get("/ws-api/v3", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    connects = RatePool(name="connects", limit=300, seconds=300.0)
    async with AiohttpTransport() as transport:
        assistant = SocketAssistant(
            f"ws://127.0.0.1:{port}/ws-api/v3",
            BinanceSocketDialect(auth),
            POLICY,
            SOCKET_POLICY,
            services=StreamServices(
                transport=transport,
                clock=CLOCK,
                chance=chance.seeded(1),
                connects=RateGate(RateLedger([connects]), CLOCK, CLOCK.monotonic),
                message_gate=lambda policy: RateGate(RateLedger(), CLOCK, CLOCK.monotonic),
            ),
            gate=gate_for(f"127.0.0.1:{port}", POLICY.pools, CLOCK, "mine"),
            auth=auth,
            venue_time=None if signed_at is None else lambda: signed_at,
        )
        running = asyncio.create_task(assistant.run())
        try:
            await until(lambda: assistant.is_ready)
            yield made, assistant
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await runner.cleanup()


def filled(request: dict[str, Any]) -> str:
    return msgspec.json.encode({"id": request["id"], "status": 200, "result": {"order_id": 7}}).decode()


async def answers(made: Desk, socket: web.WebSocketResponse, request: web.Request) -> None:
    while True:
        await socket.send_str(filled(await made.next(socket)))


@pytest.mark.parametrize(
    ("order", "window", "signature"),
    [
        (
            limit_order("BTCUSDT", "SELL", "0.01000000", "52000.00"),
            0.1,
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            limit_order(DIGITS, "BUY", "1.00000000", "0.10000000"),
            5.0,
            "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
        ),
    ],
    ids=["ascii", "unicode"],
)
async def test_a_published_frame_arrives_with_its_published_signature(
    order: LimitOrder, window: float, signature: str
) -> None:
    # web-socket-api.md, "SIGNED request example (HMAC)".
    async with desk(answers, documented_auth(window), 1645423376.532) as (made, assistant):
        assert await assistant.call(LIMIT, order) == Placed(order_id=7)
        (frame,) = made.frames
    assert msgspec.json.decode(frame) == {
        "id": 1,
        "method": "order.place",
        "params": msgspec.to_builtins(order)
        | {
            "recvWindow": round(window * 1000),
            "timestamp": 1645423376532,
            "apiKey": DOCUMENTED_KEY,
            "signature": signature,
        },
    }


@pytest.mark.parametrize("key_type", [KeyType.RSA, KeyType.ED25519])
async def test_a_frame_that_arrives_is_what_the_public_key_accepts(key_type: KeyType) -> None:
    async with desk(answers, BinanceAuth(credentials(key_type))) as (made, assistant):
        await assistant.call(LIMIT, limit_order("币安/USDT", "BUY", "1", "0.1"))
        params = msgspec.json.decode(made.frames[0])["params"]
    signature = params.pop("signature")
    payload = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
    signing_keys.verify(key_type, signature, payload.encode())


async def _hangs_up(made: Desk, socket: web.WebSocketResponse, request: web.Request) -> None:
    await made.next(socket)
    assert request.transport is not None
    request.transport.abort()


async def _says_goodbye(made: Desk, socket: web.WebSocketResponse, request: web.Request) -> None:
    await made.next(socket)
    await socket.close(code=1001, message=b"going away")


async def _says_half(made: Desk, socket: web.WebSocketResponse, request: web.Request) -> None:
    said = filled(await made.next(socket)).encode()
    assert request.transport is not None
    request.transport.write(bytes([0x81, len(said)]) + said[:-5])
    await asyncio.sleep(0.05)
    request.transport.abort()


async def _listens(made: Desk, socket: web.WebSocketResponse, request: web.Request) -> None:
    while True:
        await made.next(socket)


SOCKET_WEATHER = {
    "dropped when it has arrived": (_hangs_up, errors.ConnectionLost),
    "closed when it has arrived": (_says_goodbye, errors.ConnectionLost),
    "half an answer": (_says_half, errors.ConnectionLost),
    "silence": (_listens, errors.TimedOut),
}


@pytest.mark.parametrize(("serve", "kind"), SOCKET_WEATHER.values(), ids=SOCKET_WEATHER.keys())
async def test_a_command_over_a_socket_is_sent_once_and_its_outcome_unknown(
    serve: Callable[[Desk, web.WebSocketResponse, web.Request], Awaitable[None]],
    kind: type[errors.VenuekitError],
) -> None:
    departures: list[Departure] = []

    async def leaving(departure: Departure) -> None:
        departures.append(departure)

    async with desk(serve, documented_auth()) as (made, assistant), AiohttpTransport() as transport:
        http: list[str] = []

        async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            http.append((await raw_server.head_of(reader))[0])

        async with raw_server.serving(takes) as port:
            route = CommandRoute(web_assistant(transport, port, documented_auth()), assistant)
            with pytest.raises(errors.VenuekitError) as caught:
                await route.call(PLACE, ORDER, leaving=leaving, seconds=_time_limit(kind))
        if kind is errors.ConnectionLost:
            await until(lambda: made.connections == 2 and assistant.is_ready)
        assert type(caught.value) is kind
        assert (len(made.frames), http, len(departures)) == (1, [], 1)


async def test_the_servers_pings_are_answered() -> None:
    async def pings(made: Desk, socket: web.WebSocketResponse, request: web.Request) -> None:
        await socket.ping(b"1770123456789")
        await answers(made, socket, request)

    async with desk(pings, documented_auth()) as (made, assistant):
        await assistant.call(PLACE, NewOrder(symbol="BTCUSDT"))
        assert made.pongs == 1


async def test_a_server_that_shuts_down_is_left_and_goes_on_answering_what_it_was_asked() -> None:
    is_asked_anew = asyncio.Event()

    async def shuts_down(made: Desk, socket: web.WebSocketResponse, request: web.Request) -> None:
        if made.connections == 2:
            await answers(made, socket, request)
        said = await made.next(socket)
        await socket.send_str('{"event":{"e":"serverShutdown","E":1770123456789}}')
        await is_asked_anew.wait()
        await socket.send_str(filled(said))
        await made.next(socket)

    async with desk(shuts_down, documented_auth()) as (made, assistant):
        first = asyncio.create_task(assistant.call(PLACE, ORDER, seconds=PATIENT))
        await until(lambda: made.connections == 2 and assistant.state == "live")
        assert await assistant.call(PLACE, ORDER) == Placed(order_id=7)
        is_asked_anew.set()
        assert await first == Placed(order_id=7)
        assert len(made.frames) == 2


async def test_a_hundred_calls_at_once_each_get_their_own_answer() -> None:
    async def answers_backwards(made: Desk, socket: web.WebSocketResponse, request: web.Request) -> None:
        requests = [await made.next(socket) for _ in range(100)]
        for each in reversed(requests):
            result = {"order_id": int(each["params"]["symbol"])}
            await socket.send_bytes(msgspec.json.encode({"id": each["id"], "status": 200, "result": result}))
        await made.next(socket)

    free = msgspec.structs.replace(PLACE, charges=())
    async with desk(answers_backwards, documented_auth()) as (_, assistant):
        asked = [assistant.call(free, NewOrder(symbol=str(number)), seconds=PATIENT) for number in range(100)]
        assert [said.order_id for said in await asyncio.gather(*asked)] == list(range(100))
