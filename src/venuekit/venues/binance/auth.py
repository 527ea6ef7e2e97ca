"""How Binance wants requests signed: a REST query percent-encoded, WebSocket parameters sorted and raw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from venuekit.web.auth import AuthBase, KeyType, Request, milliseconds

__all__ = ["BinanceAuth"]

_RENEWED = frozenset({"timestamp", "signature"})


class BinanceAuth(AuthBase):
    """Spot and futures, REST and WebSocket API, all three key types.

    A `recvWindow` that a request brings along (milliseconds) is kept; otherwise it gets the one given here.
    Source: rest-api.md and web-socket-api.md, "Request security", 2026-07-21.
    """

    longest_receive_window = 60.0

    def rest_authenticate(self, request: Request, now: float) -> Request:
        """Add the key as a header, time and signature to the query; a body is signed along with it."""
        query = [pair for pair in request.query if pair[0] not in _RENEWED]
        if all(name != "recvWindow" for name, _ in query):
            query.append(("recvWindow", str(milliseconds(self.receive_window))))
        query.append(("timestamp", str(milliseconds(now))))
        timed = msgspec.structs.replace(
            request,
            query=tuple(query),
            headers={**request.headers, "X-MBX-APIKEY": self.credentials.api_key},
        )
        # "The query string concatenated without separator to the HTTP body."
        signature = self.signature(timed.query_string.encode() + (request.body or b""))
        return msgspec.structs.replace(timed, query=(*timed.query, ("signature", signature)))

    def ws_authenticate(self, message: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Add key, time and signature to the parameters of a WebSocket API request.

        Values are texts, whole numbers or truth values: they are signed as JSON writes them, texts unquoted.
        """
        signed = {"recvWindow": milliseconds(self.receive_window)} | dict(message)
        signed.pop("signature", None)
        signed |= {"apiKey": self.credentials.api_key, "timestamp": milliseconds(now)}
        payload = "&".join(f"{name}={_raw(value)}" for name, value in sorted(signed.items()))
        return signed | {"signature": self.signature(payload.encode())}

    def session_logon(self, now: float) -> dict[str, Any]:
        """The parameters of `session.logon`, after which a connection's requests need no signature.

        Raises:
            errors.KeyTypeRefused: the key is not Ed25519, the only type that may log on.
        """
        self.require(KeyType.ED25519)
        return self.ws_authenticate({}, now)

    def user_data_subscription(self, now: float) -> dict[str, Any]:
        """The parameters of `userDataStream.subscribe.signature`, which takes every type of key."""
        return self.ws_authenticate({}, now)


def _raw(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
