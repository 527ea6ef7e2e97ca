"""How Bybit wants requests signed: time, key, window and payload as one text, proof in the headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from venuekit.web.auth import AuthBase, KeyType, Request, milliseconds

__all__ = ["BybitAuth"]


class BybitAuth(AuthBase):
    """API v5, REST and private streams, keys that Bybit made (HMAC) or that one made oneself (RSA).

    Source: docs/v5/guide, "Authentication", and docs/v5/ws/connect, 2026-07-24.
    """

    key_types = (KeyType.HMAC, KeyType.RSA)

    def rest_authenticate(self, request: Request, now: float) -> Request:
        """Add key, time, window and signature as headers; a GET signs its query, anything else its body."""
        timestamp, window = str(milliseconds(now)), str(milliseconds(self.receive_window))
        payload = request.query_string.encode() if request.method == "GET" else request.body or b""
        api_key = self.credentials.api_key
        proof = {
            "X-BAPI-API-KEY": api_key,
            "X-BAPI-TIMESTAMP": timestamp,
            "X-BAPI-RECV-WINDOW": window,
            "X-BAPI-SIGN": self.signature(f"{timestamp}{api_key}{window}".encode() + payload),
        }
        return msgspec.structs.replace(request, headers={**request.headers, **proof})

    def ws_authenticate(self, message: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Make a message the `auth` that a private stream or the order connection begins with.

        What it proves ends one receive window after `now`.
        """
        expires = milliseconds(now + self.receive_window)
        signature = self.signature(f"GET/realtime{expires}".encode())
        return {**message, "op": "auth", "args": [self.credentials.api_key, expires, signature]}
