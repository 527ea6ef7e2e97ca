from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests import signing_keys
from tests.signing_keys import API_KEY, credentials
from tests.venues.documented import example

from venuekit import errors
from venuekit.protocol.endpoint import arguments
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rest import Problem
from venuekit.protocol.socket import SocketAnswer
from venuekit.protocol.stream import Leaving
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.venues.binance.socket import BinanceSocketDialect
from venuekit.venues.binance.spot import wire
from venuekit.web.auth import Credentials, KeyType, Secret

DataPath = Callable[[str], Path]
PAGE, FILE = "web-socket-api.md", "doc_binance_spot"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"


def documented(data_path: DataPath, heading: str, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(example(data_path, FILE, PAGE, heading, number))
    return found


def read(data_path: DataPath, heading: str, number: int = 0) -> SocketAnswer:
    frame = documented(data_path, heading, number) | {"id": 5}  # ours are numbers
    said = BinanceSocketDialect().read(msgspec.json.encode(frame))
    assert isinstance(said, SocketAnswer)
    return said


def all_examples(data_path: DataPath) -> Iterator[tuple[str, dict[str, Any]]]:
    with gzip.open(data_path(f"payloads/{FILE}.jsonl.gz")) as lines:
        for line in lines:
            row = msgspec.json.decode(line)
            if row["source"].endswith(PAGE) and isinstance(row.get("payload"), dict):
                yield row["section"][-1], row["payload"]


# Requests.


@pytest.mark.parametrize("number", [0, 1])
def test_a_documented_request_is_composed_with_its_documented_signature(
    data_path: DataPath, number: int
) -> None:
    # The first two examples lack the signature; the two after them are the same with it.
    wanted = documented(data_path, "SIGNED request example (HMAC)", 2 + number)
    params = dict(wanted["params"])
    signature, api_key, timestamp = (params.pop(name) for name in ("signature", "apiKey", "timestamp"))
    auth = BinanceAuth(Credentials(api_key, secret=Secret(SECRET)))
    frame = BinanceSocketDialect(auth).compose(5, wanted["method"], params, timestamp / 1000)
    assert msgspec.json.decode(frame) == wanted | {"id": 5}
    assert len(signature) == 64


@pytest.mark.parametrize("key_type", [KeyType.RSA, KeyType.ED25519])
def test_what_travels_is_what_the_public_key_accepts(key_type: KeyType) -> None:
    params = {"symbol": "币安/USDT", "quantity": "0.00000003", "orderId": 12}
    frame = BinanceSocketDialect(BinanceAuth(credentials(key_type))).compose(5, "order.place", params, 1000.5)
    sent = msgspec.json.decode(frame)["params"]
    signature = sent.pop("signature")
    payload = "&".join(f"{name}={value}" for name, value in sorted(sent.items()))
    assert sent == params | {"apiKey": API_KEY, "recvWindow": 5000, "timestamp": 1_000_500}
    signing_keys.verify(key_type, signature, payload.encode())


class Order(Wire, rename="camel"):
    symbol: str
    quantity: Decimal
    trailing_delta: int
    is_test: bool
    price: Decimal | None = None


def test_amounts_travel_as_texts_without_exponent_and_numbers_as_numbers() -> None:
    # web-socket-api.md, "Place new order": "quantity": "0.00847000"; trailingDelta is an INT.
    query = Order(symbol="BTCUSDT", quantity=Decimal("3E-8"), trailing_delta=10, is_test=True)
    frame = BinanceSocketDialect().compose(5, "order.test", arguments(query), None)
    assert msgspec.json.decode(frame) == {
        "id": 5,
        "method": "order.test",
        "params": {"symbol": "BTCUSDT", "quantity": "0.00000003", "trailingDelta": 10, "isTest": True},
    }


def test_a_request_to_be_signed_without_a_key_is_refused() -> None:
    with pytest.raises(errors.KeyMissing, match=r"order\.place"):
        BinanceSocketDialect().compose(5, "order.place", {}, 1000.0)


# Answers.


def test_a_documented_success_is_read(data_path: DataPath) -> None:
    said = read(data_path, "Response format", 0)
    assert (said.request_id, said.status, said.problem) == (5, 200, None)
    assert msgspec.json.decode(said.result)["orderId"] == 12510053279


def test_a_documented_failure_is_read(data_path: DataPath) -> None:
    said = read(data_path, "Response format", 1)
    assert (said.request_id, said.status) == (5, 400)
    assert said.problem == Problem(
        code=-2010, message="Account has insufficient balance for requested action."
    )
    assert said.retry_after is None


def test_documented_counts_go_by_the_names_of_the_headers_that_carry_them_over_http(
    data_path: DataPath,
) -> None:
    said = read(data_path, "Response format", 0)
    assert said.counts == {
        "x-mbx-order-count-10s": 12,
        "x-mbx-order-count-1d": 4043,
        "x-mbx-used-weight-1m": 321,
    }
    headers = [pool.header.lower() for pool in wire.REST.pools if pool.header]
    assert "x-mbx-used-weight-1m" in headers


def test_a_documented_ban_says_for_how_long(data_path: DataPath) -> None:
    said = read(data_path, "IP limits", 1)
    assert said.status == 418
    # retryAfter 1659146400000, serverTime 1659142907531
    assert said.retry_after == 3492.469


def test_a_revoked_session_answers_nobody(data_path: DataPath) -> None:
    frame = example(data_path, FILE, PAGE, "Authenticate after connection")
    said = BinanceSocketDialect().read(frame)
    assert isinstance(said, SocketAnswer)
    assert (said.request_id, said.status, said.problem and said.problem.code) == (None, 401, -2015)


def test_an_answer_to_an_id_that_is_no_number_answers_nobody(data_path: DataPath) -> None:
    said = BinanceSocketDialect().read(example(data_path, FILE, PAGE, "Response format", 0))
    assert isinstance(said, SocketAnswer)
    assert said.request_id is None


def test_the_documented_shutdown_tells_to_leave(data_path: DataPath) -> None:
    assert BinanceSocketDialect().read(example(data_path, FILE, PAGE, "Server Shutdown")) == Leaving()


def test_an_accounts_event_is_of_no_interest_here(data_path: DataPath) -> None:
    assert BinanceSocketDialect().read(example(data_path, FILE, PAGE, "Event format")) is None


def test_every_documented_answer_is_read(data_path: DataPath) -> None:
    dialect, count = BinanceSocketDialect(), 0
    for heading, payload in all_examples(data_path):
        if "status" not in payload:
            continue
        said = dialect.read(msgspec.json.encode(payload))
        assert isinstance(said, SocketAnswer), heading
        assert (said.status == 200) == (said.problem is None), heading
        count += 1
    assert count > 80


@pytest.mark.parametrize(
    "frame", [b"", b"<html>", b"[]", b'{"status":"x"}', b'{"id":1,"status":200,"error":1}']
)
def test_what_is_not_documented_is_a_decoding_error(frame: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        BinanceSocketDialect().read(frame)


def test_connecting_costs_what_is_documented() -> None:
    # web-socket-api.md, "IP limits": "Connecting to WebSocket API costs 2 weight."
    assert wire.SOCKET_POLICY.costs == {wire.WEIGHT: 2}
    assert wire.SOCKET_POLICY.lifetime == 24 * 3600
