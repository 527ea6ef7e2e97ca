"""Who may ask the emulated Binance: keys, signatures, time."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from tests.emulator.customer import Client, trading_venue

BAD_SIGNATURE = (400, -1022, "Signature for this request is not valid.")
OLD = (400, -1021, "Timestamp for this request is outside of the recvWindow.")
EARLY = (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")
WIDE = "\uff11\uff12\uff13"
"""Digits that are not ASCII, as in the page's example."""
NO_FORMAT = (401, -2014, "API-key format invalid.")
NO_KEY = (401, -2015, "Invalid API-key, IP, or permissions for action.")


@pytest.fixture
def client() -> Client:
    return Client(trading_venue()[0])


@pytest.mark.parametrize("name", ["hmac", "rsa", "ed25519"])
def test_every_type_of_key_can_sign(name: str) -> None:
    client = Client(trading_venue()[0], name)
    assert client.call("GET", "account")["accountType"] == "SPOT"
    assert client.place(newClientOrderId="a-b_c")["orderId"] == 1


@pytest.mark.parametrize("name", ["hmac", "rsa", "ed25519"])
def test_what_was_changed_after_signing_is_refused(name: str) -> None:
    client = Client(trading_venue()[0], name)
    text = f"symbol=BTCUSDT&timestamp={round(client.now * 1000)}"
    signature = client.signature(text)
    changed = text.replace("BTC", "ETH")
    said = client.send("GET", "/api/v3/openOrders", f"{changed}&signature={signature}")
    assert client.refused(said) == BAD_SIGNATURE


@pytest.mark.parametrize("signature", ["abc", "%%%", "=", quote("é")])
@pytest.mark.parametrize("name", ["hmac", "rsa", "ed25519"])
def test_what_is_no_signature_is_refused(name: str, signature: str) -> None:
    client = Client(trading_venue()[0], name)
    said = client.send(
        "GET", "/api/v3/account", f"timestamp={round(client.now * 1000)}&signature={signature}"
    )
    assert client.refused(said) == BAD_SIGNATURE


def test_only_a_shared_secrets_signature_may_change_its_case() -> None:
    venue = trading_venue()[0]
    for name, is_taken in (("hmac", True), ("ed25519", False)):
        client = Client(venue, name)
        text = f"timestamp={round(client.now * 1000)}"
        said = client.send("GET", "/api/v3/account", f"{text}&signature={client.signature(text).swapcase()}")
        assert ("accountType" in said) is is_taken


def test_the_signature_is_over_the_query_and_then_the_body(client: Client) -> None:
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
    body = f"quantity=1&price=98&timestamp={round(client.now * 1000)}"
    said = client.send("POST", "/api/v3/order", query, f"{body}&signature={client.signature(query + body)}")
    assert said["orderId"] == 1
    said = client.send(
        "POST", "/api/v3/order", query, f"{body}&signature={client.signature(query + '&' + body)}"
    )
    assert client.refused(said) == BAD_SIGNATURE


def test_a_parameter_in_query_and_body_is_taken_from_the_query(client: Client) -> None:
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&price=97"
    body = f"quantity=1&price=98&timestamp={round(client.now * 1000)}"
    said = client.send("POST", "/api/v3/order", query, f"{body}&signature={client.signature(query + body)}")
    assert said["price"] == "97.00000000"


def test_the_signature_is_over_the_text_as_it_is_encoded(client: Client) -> None:
    text = f"symbol={quote(WIDE)}&timestamp={round(client.now * 1000)}"
    said = client.send("GET", "/api/v3/openOrders", f"{text}&signature={client.signature(text)}")
    assert client.refused(said) == (400, -1121, "Invalid symbol.")
    decoded = f"symbol={WIDE}&timestamp={round(client.now * 1000)}"
    said = client.send("GET", "/api/v3/openOrders", f"{text}&signature={client.signature(decoded)}")
    assert client.refused(said) == BAD_SIGNATURE


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, NO_FORMAT),
        ({"x-mbx-apikey": ""}, NO_FORMAT),
        ({"x-mbx-apikey": "not a key"}, NO_FORMAT),
        ({"x-mbx-apikey": "A" * 64}, NO_KEY),
    ],
)
def test_a_key_has_to_be_known(client: Client, headers: dict[str, str], refused: Any) -> None:
    text = f"timestamp={round(client.now * 1000)}"
    said = client.send(
        "GET", "/api/v3/account", f"{text}&signature={client.signature(text)}", headers=headers
    )
    assert client.refused(said) == refused


def test_a_key_does_not_sign_for_another_one() -> None:
    venue = trading_venue()[0]
    mine, other = Client(venue, "hmac"), Client(venue, "ed25519")
    text = f"timestamp={round(mine.now * 1000)}"
    headers = {"x-mbx-apikey": other.customer.api_key}
    said = mine.send("GET", "/api/v3/account", f"{text}&signature={mine.signature(text)}", headers=headers)
    assert mine.refused(said) == BAD_SIGNATURE


@pytest.mark.parametrize(
    ("offset", "window", "refused"),
    [
        (0, None, None),
        (-5000, None, None),
        (-5001, None, OLD),
        (999, None, None),
        (1000, None, EARLY),
        (-2000, "2000", None),
        (-2001, "2000", OLD),
        (-2001, "2001.5", None),
        (-60_000, "60000", None),
        (0, "60001", (400, -1102, "'recvWindow' contains unexpected value. Cannot be greater than 60000.")),
        (0, "5.0001", (400, -1111, "Parameter 'recvWindow' has too much precision.")),
    ],
)
def test_a_request_holds_for_its_window(
    client: Client, offset: int, window: str | None, refused: Any
) -> None:
    said = client.call("GET", "account", timestamp=round(client.now * 1000) + offset, recvWindow=window)
    assert refused is None or client.refused(said) == refused
    assert refused is not None or said["accountType"] == "SPOT"


def test_a_timestamp_may_be_in_microseconds(client: Client) -> None:
    now = round(client.now * 1_000_000)
    assert "uid" in client.call("GET", "account", timestamp=now - 5_000_000)
    assert client.refused(client.call("GET", "account", timestamp=now - 5_000_001)) == OLD
    assert client.refused(client.call("GET", "account", timestamp=now + 1_000_000)) == EARLY


def test_the_time_that_counts_is_the_venues(client: Client) -> None:
    client.venue.skew = 30.0
    assert client.refused(client.call("GET", "account")) == OLD
    assert "uid" in client.call("GET", "account", timestamp=round((client.now + 30.0) * 1000))


@pytest.mark.parametrize("missing", ["timestamp", "signature"])
def test_a_signed_request_needs_time_and_signature(client: Client, missing: str) -> None:
    text = "" if missing == "timestamp" else f"timestamp={round(client.now * 1000)}"
    signature = "" if missing == "signature" else f"&signature={client.signature(text)}"
    said = client.send("GET", "/api/v3/account", text + signature)
    assert client.refused(said) == (
        400,
        -1102,
        f"Mandatory parameter '{missing}' was not sent, was empty/null, or malformed.",
    )


def test_a_refused_request_executes_nothing(client: Client) -> None:
    client.place(timestamp=round(client.now * 1000) - 6000)
    assert client.call("GET", "allOrders", symbol="BTCUSDT") == []
