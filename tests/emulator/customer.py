"""A customer at an emulated Binance: it signs as the documentation says, on code of its own."""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.emulator.scripted_market import ETH, START, ScriptedMarket

from venuekit.emulator.accounts import Customer
from venuekit.emulator.answer import Answer, Request
from venuekit.emulator.control import control
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect
from venuekit.emulator.factory import with_customers

FORM = "application/x-www-form-urlencoded"
LIMIT_BUY = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "98",
}


def trading_venue(
    market: ScriptedMarket | None = None, *, seed: int | str = 1
) -> tuple[BinanceSpotDialect, ScriptedMarket]:
    """Binance spot with the scripted BTC-USDT (99 / 101, a unit at each of five levels) and ETH-USDT."""
    scripted = ScriptedMarket() if market is None else market
    venue = with_customers(BinanceSpotDialect, [scripted, ScriptedMarket(ETH)], seed=seed, start_time=START)
    assert isinstance(venue, BinanceSpotDialect)
    return venue, scripted


class Client:
    """Speaks for a customer; `after` is the moment of each request, in seconds from the start."""

    def __init__(self, venue: Dialect, name: str = "hmac", *, after: float = 1.0) -> None:
        self.venue = venue
        self.customer: Customer = next(one for one in venue.customers.values() if one.name == name)
        self.after = after
        self.answer = Answer()

    @property
    def now(self) -> float:
        return START + self.after

    def signature(self, payload: str) -> str:
        """Over the text as it is sent, made of what the announcement tells."""
        told = self.customer.credentials()
        if told["api_secret"] is not None:
            return hmac.new(told["api_secret"].encode(), payload.encode(), sha256).hexdigest()
        key = load_pem_private_key(told["private_key_pem"].encode(), None)
        if isinstance(key, Ed25519PrivateKey):
            return quote(b64encode(key.sign(payload.encode())).decode(), safe="")
        assert isinstance(key, RSAPrivateKey)
        return quote(b64encode(key.sign(payload.encode(), PKCS1v15(), SHA256())).decode(), safe="")

    def send(
        self, method: str, path: str, query: str = "", body: str = "", headers: dict[str, str] | None = None
    ) -> Any:
        """Send exactly these texts; the answer's content."""
        request = Request(
            method=method,
            path=path,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            raw_query=query,
            body=body.encode(),
            headers={"x-mbx-apikey": self.customer.api_key, "content-type": FORM}
            if headers is None
            else headers,
        )
        self.answer = self.venue.request(request, self.now)
        return msgspec.json.decode(self.answer.body)

    def call(self, method: str, path: str, **parameters: Any) -> Any:
        """Send a signed request with a timestamp of now; a parameter that is None is left out."""
        named = {"timestamp": round(self.now * 1000)} | parameters
        text = urlencode({name: value for name, value in named.items() if value is not None})
        return self.send(method, f"/api/v3/{path}", f"{text}&signature={self.signature(text)}")

    def place(self, **terms: Any) -> Any:
        """Send a new order: unless said otherwise, to buy 1 BTC at 98, where it rests."""
        return self.call("POST", "order", **LIMIT_BUY | terms)

    def cancel(self, **named: Any) -> Any:
        return self.call("DELETE", "order", **{"symbol": "BTCUSDT"} | named)

    def order(self, **named: Any) -> Any:
        return self.call("GET", "order", **{"symbol": "BTCUSDT"} | named)

    def balance(self, asset: str) -> tuple[str, str]:
        """Free and locked, as the account's question tells them."""
        rows = {row["asset"]: row for row in self.call("GET", "account")["balances"]}
        return rows[asset]["free"], rows[asset]["locked"]

    def refused(self, said: Any) -> tuple[int, int, str]:
        """The last answer as a refusal: status, code, message."""
        assert set(said) == {"code", "msg"}, said
        return self.answer.status, said["code"], said["msg"]

    def header(self, name: str) -> str | None:
        return dict(self.answer.headers).get(name)


def command(venue: Dialect, name: str, *, after: float = 1.0, **body: Any) -> Any:
    """A switch of the control plane; the answer's content."""
    request = Request(method="POST", path=f"/_emulator/{name}", body=msgspec.json.encode(body))
    answer = control(venue, request, START + after)
    assert answer.status == 200, answer.body
    return msgspec.json.decode(answer.body)


def question(venue: Dialect, name: str, *, after: float = 1.0, **query: str) -> Any:
    """A question of the control plane; the answer's content."""
    request = Request(method="GET", path=f"/_emulator/{name}", query=tuple(query.items()))
    answer = control(venue, request, START + after)
    assert answer.status == 200, answer.body
    return msgspec.json.decode(answer.body)
