from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests import signing_keys
from tests.signing_keys import API_KEY, SHARED_SECRET, credentials

from venuekit import errors
from venuekit.venues.bybit.auth import BybitAuth
from venuekit.web.auth import Credentials, KeyType, Request, Secret

NOW = 1700000000.0


def by_hand(payload: str) -> str:
    return hmac.new(SHARED_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def vectors(data_path: Callable[[str], Path]) -> dict[str, Any]:
    """Signatures of other people's tests by their ids."""
    rows = json.loads(data_path("signing_and_checksum_vectors.json").read_text())
    return {row["id"]: row for row in rows}


@pytest.mark.parametrize("name", ["bybit-v5-rest-get", "bybit-v5-rest-get-docs-inputs"])
def test_a_known_request_gets_its_known_signature(vectors: dict[str, Any], name: str) -> None:
    row = vectors[name]
    timestamp, query = row["payload"].split(f"{row['api_key']}5000")
    pairs = tuple(tuple(pair.split("=")) for pair in query.split("&"))
    auth = BybitAuth(Credentials(row["api_key"], secret=Secret(row["secret"])))
    request = Request(method="GET", path="/v5/order/realtime", query=pairs)
    assert auth.rest_authenticate(request, int(timestamp) / 1000).headers["X-BAPI-SIGN"] == row["expected"]


def test_the_headers_are_the_four_of_the_guide_and_those_that_were_there() -> None:
    request = Request(method="GET", path="/p", headers={"X-Referer": "me"})
    signed = BybitAuth(credentials(KeyType.HMAC), receive_window=1.5).rest_authenticate(request, NOW)
    assert signed.headers == {
        "X-Referer": "me",
        "X-BAPI-API-KEY": API_KEY,
        "X-BAPI-TIMESTAMP": "1700000000000",
        "X-BAPI-RECV-WINDOW": "1500",
        "X-BAPI-SIGN": by_hand(f"1700000000000{API_KEY}1500"),
    }


def test_a_query_is_signed_as_it_travels() -> None:
    request = Request(method="GET", path="/p", query=(("cursor", "a b/币"), ("category", "spot")))
    signed = BybitAuth(credentials(KeyType.HMAC)).rest_authenticate(request, NOW)
    payload = f"1700000000000{API_KEY}5000cursor=a%20b%2F%E5%B8%81&category=spot"
    assert signed.headers["X-BAPI-SIGN"] == by_hand(payload)


def test_a_body_is_signed_as_it_travels() -> None:
    body = '{"category": "spot", "symbol": "币"}'
    request = Request(method="POST", path="/v5/order/create", body=body.encode())
    signed = BybitAuth(credentials(KeyType.HMAC)).rest_authenticate(request, NOW)
    assert signed.headers["X-BAPI-SIGN"] == by_hand(f"1700000000000{API_KEY}5000{body}")


def test_query_and_body_stay_as_they_were() -> None:
    request = Request(method="POST", path="/v5/order/create", query=(("a", "b"),), body=b"{}")
    signed = BybitAuth(credentials(KeyType.HMAC)).rest_authenticate(request, NOW)
    assert (signed.target, signed.body) == ("/v5/order/create?a=b", b"{}")


def test_an_rsa_signature_is_base64_that_the_public_key_accepts() -> None:
    request = Request(method="GET", path="/p", query=(("symbol", "币 2"),))
    signed = BybitAuth(credentials(KeyType.RSA)).rest_authenticate(request, NOW)
    payload = f"1700000000000{API_KEY}5000symbol=%E5%B8%81%202"
    signing_keys.verify(KeyType.RSA, signed.headers["X-BAPI-SIGN"], payload.encode())


@pytest.mark.parametrize("key_type", BybitAuth.key_types)
def test_the_same_request_at_the_same_time_is_signed_the_same(key_type: KeyType) -> None:
    auth, request = BybitAuth(credentials(key_type)), Request(method="GET", path="/p")
    assert auth.rest_authenticate(request, NOW) == auth.rest_authenticate(request, NOW)


def test_signing_again_renews_the_time_and_the_signature() -> None:
    auth, request = BybitAuth(credentials(KeyType.HMAC)), Request(method="GET", path="/p")
    again = auth.rest_authenticate(auth.rest_authenticate(request, NOW), NOW + 9)
    assert again == auth.rest_authenticate(request, NOW + 9)


def test_a_private_stream_is_opened_with_a_proof_that_expires() -> None:
    opening = BybitAuth(credentials(KeyType.HMAC)).ws_authenticate({"req_id": "7"}, NOW)
    expires = 1700000005000
    assert opening == {
        "req_id": "7",
        "op": "auth",
        "args": [API_KEY, expires, by_hand(f"GET/realtime{expires}")],
    }


def test_a_private_stream_is_opened_with_an_rsa_key_too() -> None:
    opening = BybitAuth(credentials(KeyType.RSA)).ws_authenticate({}, NOW)
    signing_keys.verify(KeyType.RSA, opening["args"][2], b"GET/realtime1700000005000")


def test_an_ed25519_key_is_refused() -> None:
    with pytest.raises(errors.KeyTypeRefused, match="HMAC or RSA"):
        BybitAuth(credentials(KeyType.ED25519))
