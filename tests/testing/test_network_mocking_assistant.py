"""The assistant by itself: what is scripted is answered, what is sent is kept, what is awaited is awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint, NoQuery
from venuekit.testing.network_mocking_assistant import NetworkMockingAssistant
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.web.transport import Transport, WsConnection

HOST = "https://venue.invalid"
TIME: Endpoint[NoQuery, Any] = Endpoint(method="GET", path="/v1/time", query=NoQuery, answer=Any)


@pytest.fixture
def network() -> NetworkMockingAssistant:
    return NetworkMockingAssistant(VirtualClock())


async def ask(network: Transport, target: str, method: str = "GET", body: bytes | None = None) -> bytes:
    answer = await network.request(method, HOST + target, {"x-key": "k"}, body)
    return answer.body


def reading(socket: WsConnection, deal_with: Callable[[bytes | None], Awaitable[None]]) -> asyncio.Task[None]:
    """A reader as a connector has one."""

    async def read() -> None:
        while True:
            await deal_with(await socket.receive())

    return asyncio.create_task(read())


# Answers.


async def test_answers_of_an_endpoint_come_in_order_then_the_default(
    network: NetworkMockingAssistant,
) -> None:
    network.set_default_http_response(TIME, json={"time": 0})
    network.add_http_response(TIME, json={"time": 1})
    network.add_http_response("GET /v1/time", text="2")
    assert [await ask(network, "/v1/time") for _ in range(4)] == [
        b'{"time":1}', b"2", b'{"time":0}', b'{"time":0}',
    ]  # fmt: skip


async def test_an_answer_has_the_status_and_headers_that_were_said(network: NetworkMockingAssistant) -> None:
    network.add_http_response(TIME, 429, json={"code": -1003}, headers={"Retry-After": "7"})
    answer = await network.request("GET", f"{HOST}/v1/time", {}, None)
    assert (answer.status, answer.headers, answer.body) == (429, {"retry-after": "7"}, b'{"code":-1003}')


async def test_nothing_is_as_good_an_answer_as_null(network: NetworkMockingAssistant) -> None:
    network.add_http_response(TIME)
    network.add_http_response(TIME, json=None)
    assert [await ask(network, "/v1/time"), await ask(network, "/v1/time")] == [b"", b"null"]


@pytest.mark.parametrize(
    "exception", [errors.TimedOut("lost"), errors.ConnectionLost("cut"), errors.ConnectFailed("no host")]
)
async def test_an_exception_takes_the_place_of_one_answer(
    network: NetworkMockingAssistant, exception: errors.NotSent | errors.OutcomeUnknown
) -> None:
    network.add_http_response(TIME, exception=exception)
    network.add_http_response(TIME, text="again")
    with pytest.raises(type(exception), match=str(exception)):
        await ask(network, "/v1/time")
    assert await ask(network, "/v1/time") == b"again"


async def test_the_endpoint_that_says_most_about_a_request_answers_it(
    network: NetworkMockingAssistant,
) -> None:
    network.set_default_http_response("GET /depth", text="any")
    network.set_default_http_response("GET /v1/depth?symbol=A", text="a")
    network.add_http_response("GET /v1/depth?symbol=A&limit=5", text="a5")
    targets = ("/v1/depth?symbol=B", "/v1/depth?limit=5&symbol=A", "/v1/depth?symbol=A&limit=5", "/v2/depth")
    assert [await ask(network, target) for target in targets] == [b"any", b"a5", b"a", b"any"]


@pytest.mark.parametrize(
    ("method", "target"), [("POST", "/v1/time"), ("GET", "/v1/times"), ("GET", "/v1"), ("GET", "/v1/mytime")]
)
async def test_another_method_or_path_is_another_endpoint(
    network: NetworkMockingAssistant, method: str, target: str
) -> None:
    network.set_default_http_response("GET /time", text="now")
    with pytest.raises(errors.ConnectFailed):
        await ask(network, target, method)


@pytest.mark.parametrize("body", [b"side=BUY&symbol=A", b'{"side":"BUY","symbol":"A"}'])
async def test_parameters_count_wherever_they_travel(network: NetworkMockingAssistant, body: bytes) -> None:
    network.add_http_response("POST /order?symbol=A&side=BUY&stamp=7", text="taken")
    assert await ask(network, "/order?stamp=7", "POST", body) == b"taken"
    assert network.requests[0].parameters == {"stamp": "7", "side": "BUY", "symbol": "A"}


async def test_a_request_that_nobody_scripted_fails_and_is_told_at_the_end() -> None:
    network = await NetworkMockingAssistant().__aenter__()
    for _ in range(2):
        with pytest.raises(errors.ConnectFailed, match="use add_http_response"):
            await ask(network, "/v1/depth?symbol=SECRET")
    with pytest.raises(AssertionError, match=r"no answer was scripted for `GET /v1/depth` \(with symbol\)$"):
        await network.__aexit__(None, None, None)


async def test_what_was_not_scripted_hides_no_other_failure() -> None:
    network = NetworkMockingAssistant()
    with pytest.raises(errors.ConnectFailed):
        await ask(network, "/v1/time")
    await network.__aexit__(KeyError, KeyError(), None)


async def test_requests_without_an_answer_can_be_allowed() -> None:
    async with NetworkMockingAssistant(allows_unscripted=True) as network:
        with pytest.raises(errors.ConnectFailed):
            await ask(network, "/v1/time")
    assert [request.path for request in network.unscripted] == ["/v1/time"]


@pytest.mark.parametrize("endpoint", ["/v1/time", "get /v1/time", "GET v1/time", "GET", ""])
def test_what_reads_like_no_endpoint_is_refused(network: NetworkMockingAssistant, endpoint: str) -> None:
    with pytest.raises(ValueError, match="an endpoint reads like"):
        network.add_http_response(endpoint)


async def test_an_answer_can_be_held_back(network: NetworkMockingAssistant) -> None:
    moment = asyncio.Event()
    network.add_http_response(TIME, text="late", after=moment)
    network.add_http_response(TIME, text="early")
    held = asyncio.create_task(ask(network, "/v1/time"))
    await network.settle()
    assert await ask(network, "/v1/time") == b"early"
    assert not held.done()
    moment.set()
    assert await held == b"late"


async def test_answers_that_nobody_asked_for_are_counted(network: NetworkMockingAssistant) -> None:
    network.add_http_response(TIME)
    network.add_http_response("GET /depth")
    network.set_default_http_response("GET /other")
    await ask(network, "/v1/time")
    assert network.unused_http_responses == {"GET /depth": 1}


# Requests.


async def test_a_request_is_kept_with_all_that_was_sent(network: NetworkMockingAssistant) -> None:
    network.set_default_http_response("POST /order", text="{}")
    await network.request("POST", f"{HOST}/v1/order?a=1%2F2&b=", {"x-key": "k"}, b'{"c":[1]}', 2.5)
    (request,) = network.sent_requests("POST /order")
    assert (request.method, request.path, request.query) == ("POST", "/v1/order", {"a": "1/2", "b": ""})
    assert (request.headers, request.body, request.json, request.seconds) == (
        {"x-key": "k"}, b'{"c":[1]}', {"c": [1]}, 2.5,
    )  # fmt: skip


async def test_a_request_that_is_printed_gives_no_secret_away(network: NetworkMockingAssistant) -> None:
    network.set_default_http_response("POST /order")
    await network.request("POST", f"{HOST}/order?signature=S3CRET", {"x-key": "S3CRET"}, b"S3CRET")
    assert repr(network.requests) == "[SentRequest(POST /order, signature)]"


async def test_requests_are_told_one_by_one_by_endpoint_or_not(network: NetworkMockingAssistant) -> None:
    for endpoint in (TIME, "GET /depth"):
        network.set_default_http_response(endpoint, text="")
    for target in ("/v1/time?n=1", "/v1/depth?n=2", "/v1/time?n=3"):
        await ask(network, target)
    told = [await network.next_sent_request_data(endpoint) for endpoint in ("GET /depth", None, TIME)]
    assert [request.query["n"] for request in told] == ["2", "1", "3"]


async def test_a_request_that_is_still_to_come_is_awaited(network: NetworkMockingAssistant) -> None:
    network.set_default_http_response(TIME, text="")
    clock = network.clock
    assert clock is not None

    async def later() -> None:
        await clock.sleep(3.0)
        await ask(network, "/v1/time")

    asking = asyncio.create_task(later())
    assert (await network.next_sent_request_data()).path == "/v1/time"
    assert clock.monotonic() == 3.0
    await asking


async def test_a_request_that_never_comes_is_told() -> None:
    with pytest.raises(AssertionError, match=r"waited 0\.01 s for a request GET /v1/time"):
        await NetworkMockingAssistant().next_sent_request_data(TIME, timeout=0.01)


# WebSocket.


async def test_frames_arrive_as_they_were_added(network: NetworkMockingAssistant) -> None:
    socket = await network.connect("wss://venue.invalid/stream")
    assert await network.next_websocket("/stream") is socket
    network.add_websocket_json_message(socket, {"a": 1})
    network.add_websocket_text_message(socket, '{"b":2}')
    network.add_websocket_aiohttp_message(socket, b"raw")
    network.add_websocket_ping(socket)
    assert [await socket.receive() for _ in range(4)] == [b'{"a":1}', b'{"b":2}', b"raw", None]


async def test_frames_can_be_added_before_the_connector_comes(network: NetworkMockingAssistant) -> None:
    private, public = network.create_websocket_mock("/private"), network.create_websocket_mock()
    network.add_websocket_text_message(private, "for your eyes only")
    assert await network.connect("wss://venue.invalid/public") is public
    assert await network.connect("wss://venue.invalid/private") is private
    assert await private.receive() == b"for your eyes only"
    assert await network.connect("wss://venue.invalid/private") not in {private, public}
    assert [socket.url for socket in network.websockets] == [
        f"wss://venue.invalid/{name}" for name in ("public", "private", "private")
    ]


async def test_a_lost_connection_is_lost_behind_what_was_said_before(
    network: NetworkMockingAssistant,
) -> None:
    socket = await network.connect("wss://venue.invalid")
    network.add_websocket_text_message(socket, "last words")
    network.add_websocket_aiohttp_exception(socket, errors.ConnectionLost("closed with code 1001"))
    assert await socket.receive() == b"last words"
    with pytest.raises(errors.ConnectionLost, match="1001"):
        await socket.receive()


async def test_a_connect_can_fail_once(network: NetworkMockingAssistant) -> None:
    network.add_websocket_connect_exception(errors.ConnectFailed("refused"))
    with pytest.raises(errors.ConnectFailed, match="refused"):
        await network.connect("wss://venue.invalid")
    assert await network.connect("wss://venue.invalid") is network.websockets[0]


async def test_what_a_connector_sends_is_kept_and_told_one_by_one(network: NetworkMockingAssistant) -> None:
    socket = await network.connect("wss://venue.invalid")
    for frame in (b'{"id":1}', b'{"id":2}'):
        await socket.send(frame)
    assert network.json_messages_sent_through_websocket(socket) == [{"id": 1}, {"id": 2}]
    assert network.text_messages_sent_through_websocket(socket) == ['{"id":1}', '{"id":2}']
    told = [await network.next_json_message_sent_through_websocket(socket) for _ in range(2)]
    assert told == [{"id": 1}, {"id": 2}]
    with pytest.raises(AssertionError, match="a message to wss"):
        await network.next_json_message_sent_through_websocket(socket)


async def test_replies_follow_what_is_sent_to_their_address(network: NetworkMockingAssistant) -> None:
    network.reply_to_websocket_messages(lambda said: [{"ack": said["id"]}, "text", b"bytes"], "/api")
    network.reply_to_websocket_messages(lambda said: ["pong"] if said == "ping" else [])
    api, stream = await network.connect("wss://v.invalid/api"), await network.connect("wss://v.invalid/s")
    await api.send(b'{"id":7}')
    await stream.send(b"ping")
    await stream.send(b'{"id":8}')
    assert [await api.receive() for _ in range(3)] == [b'{"ack":7}', b"text", b"bytes"]
    assert (await stream.receive(), stream.unread) == (b"pong", 0)


async def test_a_frame_is_processed_when_its_reader_comes_back_and_not_when_it_takes_it(
    network: NetworkMockingAssistant,
) -> None:
    clock = network.clock
    assert clock is not None
    socket = await network.connect("wss://venue.invalid")
    done: list[bytes | None] = []

    async def slowly(frame: bytes | None) -> None:
        await clock.sleep(2.0)
        done.append(frame)

    reader = reading(socket, slowly)
    for name in ("first", "second"):
        network.add_websocket_text_message(socket, name)
    await network.run_until_all_messages_processed(socket)
    assert (done, clock.monotonic()) == ([b"first", b"second"], 4.0)
    reader.cancel()


async def test_what_a_frame_sets_off_in_other_tasks_is_done_too(network: NetworkMockingAssistant) -> None:
    socket = await network.connect("wss://venue.invalid")
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    done: list[bytes | None] = []

    async def work() -> None:
        while True:
            frame = await queue.get()
            for _ in range(10):
                await asyncio.sleep(0)
            done.append(frame)

    tasks = [reading(socket, queue.put), asyncio.create_task(work())]
    network.add_websocket_text_message(socket, "one")
    await network.run_until_all_aiohttp_messages_delivered(socket)
    assert done == [b"one"]
    for task in tasks:
        task.cancel()


async def test_frames_of_every_socket_are_waited_for_unless_one_is_named(
    network: NetworkMockingAssistant,
) -> None:
    read, left = await network.connect("wss://a.invalid"), await network.connect("wss://b.invalid")
    taken: list[bytes | None] = []

    async def take(frame: bytes | None) -> None:
        taken.append(frame)

    reader = reading(read, take)
    network.add_websocket_text_message(read, "x")
    network.add_websocket_text_message(left, "y")
    await network.run_until_all_messages_processed(read)
    assert taken == [b"x"]
    with pytest.raises(
        AssertionError, match=r"1 frames of wss://b.invalid to be read: does its stream run\?"
    ):
        await network.run_until_all_messages_processed()
    await left.close()
    await network.run_until_all_messages_processed()
    reader.cancel()


async def test_without_a_clock_time_passes_by_itself() -> None:
    async with NetworkMockingAssistant() as network:
        socket = await network.connect("wss://venue.invalid")
        done: list[bytes | None] = []

        async def slowly(frame: bytes | None) -> None:
            await asyncio.sleep(0.01)
            done.append(frame)

        reader = reading(socket, slowly)
        network.add_websocket_json_message(socket, 1)
        await network.run_until_all_json_messages_delivered(socket)
        assert done == [b"1"]
        reader.cancel()


async def test_it_remembers_that_it_was_closed(network: NetworkMockingAssistant) -> None:
    assert not network.is_closed
    await network.close()
    assert network.is_closed


def test_json_keeps_the_names_of_a_wire_struct(network: NetworkMockingAssistant) -> None:
    class Said(msgspec.Struct):
        server_time: int = msgspec.field(name="serverTime")

    network.add_http_response(TIME, json=Said(server_time=5))
    assert asyncio.run(ask(network, "/v1/time")) == b'{"serverTime":5}'
