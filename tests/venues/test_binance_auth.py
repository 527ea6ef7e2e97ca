from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests import signing_keys
from tests.signing_keys import API_KEY, credentials

from venuekit import errors
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.web.auth import Credentials, KeyType, Request, Secret

NOW = 1645423376.532
# The example keys of rest-api.md and web-socket-api.md, the same on both pages.
DOCUMENTED_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
DOCUMENTED_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
DIGITS = "\uff11\uff12\uff13\uff14\uff15\uff16"
"""Full-width, the documented example of a symbol outside ASCII."""

Vector = Callable[[str], dict[str, Any]]


@pytest.fixture
def vector(data_path: Callable[[str], Path]) -> Vector:
    """A published signature by its id."""
    rows = json.loads(data_path("signing_and_checksum_vectors.json").read_text())
    return lambda name: next(row for row in rows if row["id"] == name)


def documented() -> BinanceAuth:
    return BinanceAuth(Credentials(DOCUMENTED_KEY, secret=Secret(DOCUMENTED_SECRET)))


def order(*query: tuple[str, str], body: bytes | None = None) -> Request:
    return Request(method="POST", path="/api/v3/order", query=query, body=body)


def asked(request: Request) -> dict[str, str]:
    return dict(request.query)


# REST


@pytest.mark.parametrize("name", ["binance-rest-hmac-ascii", "binance-usdm-rest-hmac"])
def test_a_published_rest_request_gets_its_published_signature(vector: Vector, name: str) -> None:
    row = vector(name)
    auth = BinanceAuth(Credentials(row["api_key"], secret=Secret(row["secret"])))
    given = [tuple(pair.split("=")) for pair in row["payload"].split("&")]
    now = int(dict(given)["timestamp"]) / 1000
    untimed = tuple((each, value) for each, value in given if each not in {"recvWindow", "timestamp"})
    signed = auth.rest_authenticate(Request(method=row["method"], path=row["path"], query=untimed), now)
    assert signed.query_string == f"{row['payload']}&signature={row['expected']}"


def test_a_symbol_outside_ascii_is_encoded_before_it_is_signed() -> None:
    # rest-api.md, "HMAC Keys", second example.
    query = (("symbol", DIGITS), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"))
    signed = documented().rest_authenticate(
        order(*query, ("quantity", "1"), ("price", "0.1")), 1499827319.559
    )
    assert asked(signed)["signature"] == "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"


@pytest.mark.parametrize("key_type", [KeyType.RSA, KeyType.ED25519])
@pytest.mark.parametrize("value", ["BTCUSDT", "币安USDT", "two words", "a:b/c&d=e+f%"])
def test_what_travels_is_what_the_public_key_accepts(key_type: KeyType, value: str) -> None:
    signed = BinanceAuth(credentials(key_type)).rest_authenticate(order(("newClientOrderId", value)), NOW)
    payload, _, _ = signed.query_string.partition("&signature=")
    signing_keys.verify(key_type, asked(signed)["signature"], payload.encode())


def test_a_space_travels_as_20_and_never_as_a_plus() -> None:
    signed = documented().rest_authenticate(order(("note", "a b+c")), NOW)
    assert signed.query_string.startswith("note=a%20b%2Bc&")


def test_a_base64_signature_is_encoded_in_the_query() -> None:
    signed = BinanceAuth(credentials(KeyType.RSA)).rest_authenticate(order(), NOW)
    _, _, travelling = signed.query_string.partition("&signature=")
    assert (travelling[-6:], "/" in travelling, "+" in travelling) == ("%3D%3D", False, False)


def test_a_body_is_signed_behind_the_query() -> None:
    # rest-api.md: "the query string concatenated without separator to the HTTP body".
    auth = BinanceAuth(credentials(KeyType.ED25519))
    signed = auth.rest_authenticate(order(("symbol", "A"), body=b"quantity=1"), NOW)
    payload, _, _ = signed.query_string.partition("&signature=")
    signing_keys.verify(KeyType.ED25519, asked(signed)["signature"], payload.encode() + b"quantity=1")


def test_the_api_key_joins_the_headers() -> None:
    request = Request(method="GET", path="/p", headers={"X-MBX-TIME-UNIT": "MICROSECOND"})
    signed = BinanceAuth(credentials(KeyType.HMAC)).rest_authenticate(request, NOW)
    assert signed.headers == {"X-MBX-TIME-UNIT": "MICROSECOND", "X-MBX-APIKEY": API_KEY}


def test_the_request_itself_stays_as_it_was() -> None:
    request = order(("symbol", "A"))
    documented().rest_authenticate(request, NOW)
    assert request == order(("symbol", "A"))


@pytest.mark.parametrize("key_type", list(KeyType))
def test_the_same_request_at_the_same_time_is_signed_the_same(key_type: KeyType) -> None:
    auth = BinanceAuth(credentials(key_type))
    assert auth.rest_authenticate(order(("a", "b")), NOW) == auth.rest_authenticate(order(("a", "b")), NOW)


def test_signing_again_renews_the_time_and_the_signature() -> None:
    auth, request = documented(), order(("symbol", "A"))
    again = auth.rest_authenticate(auth.rest_authenticate(request, NOW), NOW + 9)
    assert again == auth.rest_authenticate(request, NOW + 9)


def test_the_receive_window_is_sent_in_milliseconds() -> None:
    auth = BinanceAuth(credentials(KeyType.HMAC), receive_window=1.5)
    assert asked(auth.rest_authenticate(order(), NOW))["recvWindow"] == "1500"


def test_a_requests_own_receive_window_is_kept() -> None:
    signed = documented().rest_authenticate(order(("recvWindow", "100")), NOW)
    assert [value for name, value in signed.query if name == "recvWindow"] == ["100"]


def test_a_receive_window_above_a_minute_is_refused() -> None:
    with pytest.raises(errors.InvalidConfiguration, match="the most 60 s"):
        BinanceAuth(credentials(KeyType.HMAC), receive_window=60.1)


# WebSocket API


def test_published_websocket_parameters_get_their_published_signature(vector: Vector) -> None:
    row = vector("binance-wsapi-hmac-ascii")
    params = dict(reversed(row["params"].items()))
    auth = BinanceAuth(Credentials(params.pop("apiKey"), secret=Secret(row["secret"])))
    now = int(params.pop("timestamp")) / 1000
    assert auth.ws_authenticate(params, now)["signature"] == row["expected"]


def test_a_symbol_outside_ascii_is_signed_raw_on_a_websocket() -> None:
    # web-socket-api.md, "SIGNED request example (HMAC)", second example.
    params = {"symbol": DIGITS, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    params |= {"quantity": "1.00000000", "price": "0.10000000"}
    signed = documented().ws_authenticate(params, NOW)
    assert signed["signature"] == "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"


@pytest.mark.parametrize("key_type", [KeyType.RSA, KeyType.ED25519])
def test_websocket_parameters_are_signed_sorted_and_as_json_writes_them(key_type: KeyType) -> None:
    params = {
        "symbol": "币 2&/",
        "orderId": 12,
        "isolated": True,
        "price": "1.10",
        "signature": "an older one",
    }
    signed = BinanceAuth(credentials(key_type)).ws_authenticate(params, NOW)
    payload = f"apiKey={API_KEY}&isolated=true&orderId=12&price=1.10&recvWindow=5000"
    payload += "&symbol=币 2&/&timestamp=1645423376532"
    signing_keys.verify(key_type, signed["signature"], payload.encode())


def test_signed_parameters_keep_what_they_were() -> None:
    given = {"symbol": "A", "recvWindow": 100}
    signed = documented().ws_authenticate(given, NOW)
    signature = signed.pop("signature")
    assert (signed, given, len(signature)) == (
        {"symbol": "A", "recvWindow": 100, "apiKey": DOCUMENTED_KEY, "timestamp": 1645423376532},
        {"symbol": "A", "recvWindow": 100},
        64,
    )


@pytest.mark.parametrize("key_type", [KeyType.HMAC, KeyType.RSA])
def test_only_an_ed25519_key_logs_on(key_type: KeyType) -> None:
    with pytest.raises(errors.KeyTypeRefused, match="type Ed25519"):
        BinanceAuth(credentials(key_type)).session_logon(NOW)


def test_logging_on_takes_key_time_window_and_signature() -> None:
    params = BinanceAuth(credentials(KeyType.ED25519)).session_logon(NOW)
    payload = f"apiKey={API_KEY}&recvWindow=5000&timestamp=1645423376532"
    signing_keys.verify(KeyType.ED25519, params.pop("signature"), payload.encode())
    assert params == {"apiKey": API_KEY, "recvWindow": 5000, "timestamp": 1645423376532}


@pytest.mark.parametrize("key_type", list(KeyType))
def test_every_key_type_subscribes_to_user_data(key_type: KeyType) -> None:
    params = BinanceAuth(credentials(key_type)).user_data_subscription(NOW)
    assert sorted(params) == ["apiKey", "recvWindow", "signature", "timestamp"]
