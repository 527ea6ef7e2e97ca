"""A venue with customers in a scripted market, and a client of its WebSocket API without a socket."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from itertools import count
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from tests.emulator.scripted_market import ETH, START, ScriptedMarket, said

from venuekit.emulator.accounts import Customer, KeyType
from venuekit.emulator.connection import Connection
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect
from venuekit.emulator.factory import with_customers

DOOR = "/ws-api/v3"
LIMIT_BUY = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.500",
    "price": "99.00",
}
MARKET_BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.500"}


def trading_venue(market: ScriptedMarket | None = None, *, start_time: float = START) -> BinanceSpotDialect:
    """Opens at 99.00 / 101.00 with three funded customers, one for each type of key."""
    sources = [market or ScriptedMarket(), ScriptedMarket(ETH)]
    venue = with_customers(BinanceSpotDialect, sources, seed="socket", start_time=start_time)
    assert isinstance(venue, BinanceSpotDialect)
    return venue


def customer(venue: BinanceSpotDialect, key_type: KeyType = KeyType.HMAC) -> Customer:
    """The customer with a key of this type."""
    return next(member for member in venue.customers.values() if member.key_type is key_type)


def signature(member: Customer, params: Mapping[str, Any]) -> str:
    """What a client computes over its parameters: by name, not encoded."""
    texts = {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in params.items()
    }
    payload = "&".join(f"{name}={texts[name]}" for name in sorted(texts)).encode()
    key = member.key
    if isinstance(key, str):
        return hmac.new(key.encode(), payload, sha256).hexdigest()
    raw = key.sign(payload) if isinstance(key, Ed25519PrivateKey) else key.sign(payload, PKCS1v15(), SHA256())
    return b64encode(raw).decode()


class SocketClient:
    """One connection; `after` is in seconds from the start and never goes back."""

    def __init__(self, venue: BinanceSpotDialect, *, query: str = "", after: float = 0.0) -> None:
        self.venue = venue
        self.after = after
        pairs = [
            (name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)
        ]
        connection = venue.connect(DOOR, pairs, now=START + after)
        assert isinstance(connection, Connection), connection
        self.connection = connection
        self._ids = count(1)
        self._waiting: list[Any] = []

    def frames(self) -> list[Any]:
        """All frames since the last look, in order."""
        found, self._waiting = [*self._waiting, *said(self.connection)], []
        return found

    def events(self) -> list[Any]:
        """The events since the last look; answers are left for later."""
        frames = self.frames()
        self._waiting = [frame for frame in frames if "event" not in frame]
        return [frame["event"] for frame in frames if "event" in frame]

    def send(self, text: bytes) -> Any:
        """Send a frame as it is; what is answered, None where nothing is."""
        self.venue.receive(self.connection, text, START + self.after)
        frames = self.frames()
        answers = [frame for frame in frames if "event" not in frame]
        self._waiting = [frame for frame in frames if "event" in frame]
        return answers[0] if answers else None

    def ask(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Send a request; its answer."""
        asked: dict[str, Any] = {"id": next(self._ids), "method": method}
        if params is not None:
            asked["params"] = dict(params)
        return self.send(msgspec.json.encode(asked))

    def ask_as(self, member: Customer, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Send a signed request; its answer."""
        timed = {**(params or {}), "timestamp": round((START + self.after) * 1000)}
        signed = timed | {"apiKey": member.api_key}
        return self.ask(method, signed | {"signature": signature(member, signed)})

    def ask_in_session(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Send a request that a logon vouches for; its answer."""
        return self.ask(method, {**(params or {}), "timestamp": round((START + self.after) * 1000)})

    def subscribe(self, member: Customer) -> int:
        """Hear an account's events; the subscription's number."""
        answer = self.ask_as(member, "userDataStream.subscribe.signature")
        assert answer["status"] == 200, answer
        number: int = answer["result"]["subscriptionId"]
        return number

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.after += seconds
        self.venue.tick(START + self.after)
