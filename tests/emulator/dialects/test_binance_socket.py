"""Binance's WebSocket API without sockets: requests, answers, sessions, limits."""

from __future__ import annotations

import gzip
import hmac
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.emulator.scripted_market import START, ask
from tests.emulator.socket_client import DOOR, SocketClient, customer, signature, trading_venue

from venuekit.emulator.accounts import KeyType
from venuekit.emulator.answer import Answer
from venuekit.emulator.connection import ABNORMAL, Closing, FrameKind
from venuekit.emulator.dialects.binance_socket_frames import read_request, signed_text
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect
from venuekit.emulator.faults import Fault, FaultKind


@pytest.fixture
def venue() -> BinanceSpotDialect:
    return trading_venue()


@pytest.fixture
def client(venue: BinanceSpotDialect) -> SocketClient:
    return SocketClient(venue)


@pytest.fixture(scope="session")
def documented(data_path: Callable[[str], Path]) -> Callable[..., dict[str, Any]]:
    """The answer that the page shows under a heading."""
    with gzip.open(data_path("payloads/doc_binance_spot.jsonl.gz")) as lines:
        rows = [msgspec.json.decode(line) for line in lines]

    def answer(heading: str, mark: str = "result") -> dict[str, Any]:
        found: list[dict[str, Any]] = [
            row["payload"]
            for row in rows
            if row["source"].endswith(":web-socket-api.md")
            and row["section"][-1] == heading
            and isinstance(row.get("payload"), dict)
            and mark in row["payload"]
        ]
        assert found, f"no answer under {heading}"
        return found[0]

    return answer


def _rows(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, dict):
        yield content
    for part in content.values() if isinstance(content, dict) else content:
        if isinstance(part, dict | list):
            yield from _rows(part)


def _code(answer: Any) -> tuple[int, int]:
    return answer["status"], answer["error"]["code"]


# Requests and answers.


@pytest.mark.parametrize(
    ("heading", "method", "params"),
    [
        ("Test connectivity", "ping", {}),
        ("Check server time", "time", {}),
        ("Order book", "depth", {"symbol": "BTCUSDT", "limit": 5}),
        ("Symbol order book ticker", "ticker.book", {"symbol": "BTCUSDT"}),
        ("Symbol price ticker", "ticker.price", {"symbol": "BTCUSDT"}),
        ("24hr ticker price change statistics", "ticker.24hr", {"symbol": "BTCUSDT"}),
    ],
)
def test_an_answer_is_what_the_page_shows(
    client: SocketClient,
    documented: Callable[..., dict[str, Any]],
    heading: str,
    method: str,
    params: dict[str, Any],
) -> None:
    expected, answer = documented(heading), client.ask(method, params)
    assert list(expected) == list(answer)
    assert set(expected["result"]) == set(answer["result"])
    assert [set(row) for row in expected["rateLimits"]] == [set(row) for row in answer["rateLimits"]]


@pytest.mark.parametrize("request_id", [1, -7, "a097fe63", "", None])
def test_an_id_comes_back_as_it_was_sent(client: SocketClient, request_id: Any) -> None:
    answer = client.send(msgspec.json.encode({"id": request_id, "method": "ping"}))
    assert (answer["id"], answer["status"], answer["result"]) == (request_id, 200, {})


def test_a_method_may_name_its_version(client: SocketClient) -> None:
    assert client.ask("v3/ping")["status"] == 200


def test_a_list_is_a_parameter_like_others(client: SocketClient) -> None:
    answer = client.ask("ticker.price", {"symbols": ["BTCUSDT", "ETHUSDT"]})
    assert [row["symbol"] for row in answer["result"]] == ["BTCUSDT", "ETHUSDT"]


@pytest.mark.parametrize(
    ("frame", "request_id", "code"),
    [
        (b"{", None, -1135),
        (b"[]", None, -1135),
        (b'"ping"', None, -1135),
        (b"\xff\xfe", None, -1135),
        (b'{"method":"ping"}', None, -1102),
        (b'{"id":1.5,"method":"ping"}', None, -1102),
        (b'{"id":{},"method":"ping"}', None, -1102),
        (b'{"id":5}', 5, -1102),
        (b'{"id":5,"method":7}', 5, -1102),
        (b'{"id":5,"method":"ping","parameters":{}}', 5, -1103),
        (b'{"id":5,"method":"ping","params":[]}', 5, -1135),
        (b'{"id":5,"method":"order.plaice"}', 5, -1020),
        (b'{"id":5,"method":""}', 5, -1020),
        (b'{"id":5,"method":"ping","params":{"returnRateLimits":"yes"}}', 5, -1130),
        (b'{"id":5,"method":"depth","params":{"symbol":"BTCUSDT","depth":5}}', 5, -1104),
        (b'{"id":5,"method":"depth"}', 5, -1102),
        (b'{"id":5,"method":"depth","params":{"symbol":null}}', 5, -1102),
        (b'{"id":5,"method":"depth","params":{"symbol":"NOPE"}}', 5, -1121),
    ],
)
def test_what_is_no_good_request_is_refused_by_code(
    client: SocketClient, frame: bytes, request_id: Any, code: int
) -> None:
    answer = client.send(frame)
    assert (answer["id"], answer["status"], answer["error"]["code"]) == (request_id, 400, code)
    assert list(answer) == ["id", "status", "error", "rateLimits"]
    assert client.ask("ping")["status"] == 200, "the connection goes on"


# Rate limits.


def test_counts_are_told_by_default_and_can_be_switched_off(venue: BinanceSpotDialect) -> None:
    loud, mute = SocketClient(venue), SocketClient(venue, query="returnRateLimits=false")
    assert "rateLimits" in loud.ask("ping")
    assert "rateLimits" not in loud.ask("ping", {"returnRateLimits": False})
    assert "rateLimits" not in mute.ask("ping")
    assert "rateLimits" in mute.ask("ping", {"returnRateLimits": True})
    assert "rateLimits" not in mute.send(b"{")


def test_weight_is_shared_with_rest_and_connecting_costs_two(venue: BinanceSpotDialect) -> None:
    client = SocketClient(venue)
    ask(venue, "/api/v3/exchangeInfo")
    (row,) = client.ask("time")["rateLimits"]
    assert row == {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": 6000,
        "count": 2 + 20 + 1,
    }


def test_too_much_weight_is_refused_with_the_moment_to_come_back(
    client: SocketClient, documented: Callable[..., dict[str, Any]]
) -> None:
    for _ in range(24):
        client.ask("depth", {"symbol": "BTCUSDT", "limit": 5000})
    refused = client.ask("time")
    while refused["status"] == 200:
        refused = client.ask("depth", {"symbol": "BTCUSDT", "limit": 5000})
    assert (refused["status"], refused["error"]["code"]) == (429, -1003)
    # The next full minute: the start is 20 s into one.
    assert refused["error"]["data"] == {
        "serverTime": round(START * 1000),
        "retryAfter": round((START + 40.0) * 1000),
    }
    while refused["status"] == 429:
        refused = client.ask("time")
    assert refused["status"] == 418
    assert str(refused["error"]["data"]["retryAfter"]) in refused["error"]["msg"]
    assert list(documented("IP limits", "error")) == list(refused)


def test_a_venue_that_has_no_room_lets_nobody_connect(client: SocketClient) -> None:
    for _ in range(24):
        client.ask("depth", {"symbol": "BTCUSDT", "limit": 5000})
    refused = client.venue.connect(DOOR, now=START)
    assert isinstance(refused, Answer)
    assert refused.status == 429


def test_the_301st_connection_in_five_minutes_is_refused_and_streams_count_apart(
    venue: BinanceSpotDialect,
) -> None:
    for _ in range(300):
        assert not isinstance(venue.connect(DOOR, now=START), Answer)
    refused = venue.connect(DOOR, now=START)
    assert isinstance(refused, Answer)
    assert refused.status == 429
    assert not isinstance(venue.connect("/ws", now=START), Answer)
    assert not isinstance(venue.connect(DOOR, now=START + 301.0), Answer)


def test_messages_are_not_counted_by_number(client: SocketClient) -> None:
    assert {client.ask("ping")["status"] for _ in range(50)} == {200}
    assert client.connection.closing is None


# Connections.


def test_the_server_pings_every_20_seconds_and_gives_up_who_never_answers(client: SocketClient) -> None:
    client.wait(20.1)
    assert [frame.kind for frame in client.connection.outbox] == [FrameKind.PING]
    for _ in range(8):
        client.wait(10.0)
    assert client.connection.closing == Closing(ABNORMAL)


def test_a_connection_ends_after_a_day(client: SocketClient) -> None:
    for _ in range(24 * 60):
        client.wait(60.0)
        client.venue.pong_received(client.connection, START + client.after)
    client.wait(1.0)
    assert client.connection.closing == Closing(1001)


def test_a_shutdown_is_announced_as_an_event_of_no_subscription(
    client: SocketClient, documented: Callable[..., dict[str, Any]]
) -> None:
    client.venue.faults.add(Fault(kind=FaultKind.SHUTDOWN, path=DOOR, seconds=5.0))
    client.wait(1.0)
    assert client.frames() == [{"event": {"e": "serverShutdown", "E": round((START + 1.0) * 1000)}}]
    client.wait(6.0)
    assert client.connection.closing == Closing(1001)


@pytest.mark.parametrize("option", ["timeUnit=MICROSECOND", "responseFormat=sbe"])
def test_what_is_not_emulated_is_refused_at_the_door(venue: BinanceSpotDialect, option: str) -> None:
    name, _, value = option.partition("=")
    refused = venue.connect(DOOR, [(name, value)], now=START)
    assert isinstance(refused, Answer)
    assert refused.status == 501


def test_other_doors_are_as_they_were(venue: BinanceSpotDialect) -> None:
    """Clients number their connections: /ws/0 is a name that means nothing, and subscribes later."""
    connection = venue.connect("/ws/0", now=START)
    assert not isinstance(connection, Answer)
    request = {"method": "SUBSCRIBE", "params": ["btcusdt@depth@100ms"], "id": 1}
    venue.receive(connection, msgspec.json.encode(request), START)
    assert msgspec.json.decode(connection.outbox.popleft().payload) == {"result": None, "id": 1}


# Who asks.


@pytest.mark.parametrize("key_type", list(KeyType))
def test_each_type_of_key_signs_by_name_and_unencoded(client: SocketClient, key_type: KeyType) -> None:
    member = customer(client.venue, key_type)
    answer = client.ask_as(member, "userDataStream.subscribe.signature", {"recvWindow": 5000})
    assert answer["result"] == {"subscriptionId": 0}


def test_what_is_signed_is_what_the_pages_vector_signs(data_path: Callable[[str], Path]) -> None:
    """web-socket-api.md, SIGNED request example (HMAC): the frame's parameters in another order."""
    vectors = msgspec.json.decode(data_path("signing_and_checksum_vectors.json").read_bytes())
    (vector,) = [row for row in _rows(vectors) if row.get("id") == "binance-wsapi-hmac-ascii"]
    params = dict(reversed(vector["params"].items())) | {"signature": "ffff"}
    frame = msgspec.json.encode({"id": 1, "method": "order.place", "params": params})
    signed = signed_text(read_request(frame).parameters)
    assert signed == vector["payload"].encode()
    assert hmac.new(vector["secret"].encode(), signed, sha256).hexdigest() == vector["expected"]


@pytest.mark.parametrize(
    ("params", "signed"),
    [
        ({"timestamp": 1645423376532, "recvWindow": 5000.5}, "recvWindow=5000.5&timestamp=1645423376532"),
        ({"symbol": "这是测试币456", "a": "x y/%"}, "a=x y/%&symbol=这是测试币456"),
        ({"returnRateLimits": False, "symbols": ["A", "B"]}, 'returnRateLimits=false&symbols=["A","B"]'),
    ],
)
def test_what_is_no_text_is_signed_as_json_writes_it(params: dict[str, Any], signed: str) -> None:
    frame = msgspec.json.encode({"id": 1, "method": "order.place", "params": params})
    assert signed_text(read_request(frame).parameters) == signed.encode()


def test_a_signature_over_other_parameters_is_refused(client: SocketClient) -> None:
    member = customer(client.venue)
    signed = {"apiKey": member.api_key, "timestamp": round(START * 1000)}
    wrong = signed | {"recvWindow": 6000, "signature": signature(member, signed)}
    assert _code(client.ask("userDataStream.subscribe.signature", wrong)) == (400, -1022)


def test_a_request_that_is_too_old_is_refused(client: SocketClient) -> None:
    member = customer(client.venue)
    signed = {"apiKey": member.api_key, "timestamp": round((START - 6.0) * 1000)}
    answer = client.ask(
        "userDataStream.subscribe.signature", signed | {"signature": signature(member, signed)}
    )
    assert _code(answer) == (400, -1021)


@pytest.mark.parametrize("missing", ["apiKey", "timestamp", "signature"])
def test_nothing_of_a_signed_request_may_be_missing(client: SocketClient, missing: str) -> None:
    member = customer(client.venue)
    sent: dict[str, Any] = {"apiKey": member.api_key, "timestamp": round(START * 1000)}
    sent["signature"] = signature(member, sent)
    del sent[missing]
    answer = client.ask("userDataStream.subscribe.signature", sent)
    assert _code(answer) == (400, -1102)
    assert f"'{missing}'" in answer["error"]["msg"]


def test_an_unknown_key_is_refused_with_401(client: SocketClient) -> None:
    member = customer(client.venue)
    signed = {"apiKey": "x" * 64, "timestamp": round(START * 1000)}
    answer = client.ask(
        "userDataStream.subscribe.signature", signed | {"signature": signature(member, signed)}
    )
    assert _code(answer) == (401, -2015)


# Sessions.


@pytest.mark.parametrize("key_type", [KeyType.HMAC, KeyType.RSA])
def test_only_ed25519_keys_log_on(client: SocketClient, key_type: KeyType) -> None:
    answer = client.ask_as(customer(client.venue, key_type), "session.logon")
    assert _code(answer) == (400, -1022)
    assert client.ask("session.status")["result"]["apiKey"] is None


def test_a_session_tells_who_has_logged_on(
    client: SocketClient, documented: Callable[..., dict[str, Any]]
) -> None:
    member = customer(client.venue, KeyType.ED25519)
    client.wait(2.0)
    answer = client.ask_as(member, "session.logon")
    assert answer["result"] == {
        "apiKey": member.api_key,
        "authorizedSince": round((START + 2.0) * 1000),
        "connectedSince": round(START * 1000),
        "returnRateLimits": True,
        "serverTime": round((START + 2.0) * 1000),
        "userDataStream": False,
    }
    for heading, method in (
        ("Query session status", "session.status"),
        ("Log out of the session", "session.logout"),
    ):
        assert list(documented(heading)["result"]) == list(client.ask(method)["result"])
    assert client.ask("session.status")["result"]["authorizedSince"] is None


def test_who_has_logged_on_subscribes_without_a_signature(client: SocketClient) -> None:
    member = customer(client.venue, KeyType.ED25519)
    assert _code(client.ask("userDataStream.subscribe")) == (401, -1002)
    client.ask_as(member, "session.logon")
    assert client.ask("userDataStream.subscribe")["result"] == {"subscriptionId": 0}
    assert client.ask("session.status")["result"]["userDataStream"] is True


def test_a_logout_ends_the_logons_subscription_and_no_other(client: SocketClient) -> None:
    client.ask_as(customer(client.venue, KeyType.ED25519), "session.logon")
    client.ask("userDataStream.subscribe")
    client.subscribe(customer(client.venue))
    client.frames()
    assert client.ask("session.logout")["result"]["userDataStream"] is True
    assert client.frames() == [
        {"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": round(START * 1000)}}
    ]
    assert client.ask("session.subscriptions")["result"] == [{"subscriptionId": 1}]
    assert _code(client.ask("userDataStream.subscribe")) == (401, -1002)


def test_session_methods_cost_two(client: SocketClient) -> None:
    before = client.ask("time")["rateLimits"][0]["count"]
    assert client.ask("session.status")["rateLimits"][0]["count"] == before + 2
