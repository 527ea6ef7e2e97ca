"""How Binance's WebSocket API is asked, and what its frames mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from venuekit import errors
from venuekit.protocol.rest import Problem
from venuekit.protocol.socket import SocketAnswer
from venuekit.protocol.stream import Leaving, SessionFrame
from venuekit.venues.binance import wire
from venuekit.web.auth import AuthBase

__all__ = ["BinanceSocketDialect"]

_frames = msgspec.json.Decoder(wire.SocketFrame)
_events = msgspec.json.Decoder(wire.EventKind)

# The header that carries the same count over HTTP (rest-api.md, "LIMITS").
_HEADERS = {"REQUEST_WEIGHT": "x-mbx-used-weight", "ORDERS": "x-mbx-order-count"}


class BinanceSocketDialect:
    """Requests are signed one by one, which takes every type of key; nobody logs on.

    Source: web-socket-api.md, "Request format" to "Request security", 2026-07-21.
    """

    def __init__(self, auth: AuthBase | None = None) -> None:
        self._auth = auth

    def compose(
        self, request_id: int, method: str, arguments: Mapping[str, Any], signed_at: float | None
    ) -> bytes:
        """A request; signed with the venue's time in seconds, or not at all for None.

        Raises:
            errors.KeyMissing: it is to be signed, and there is nothing to sign with.
        """
        params = dict(arguments)
        if signed_at is not None:
            if self._auth is None:
                raise errors.KeyMissing(f"{method} is for accounts: give the connector an API key")
            params = self._auth.ws_authenticate(params, signed_at)
        return msgspec.json.encode(wire.SocketRequest(id=request_id, method=method, params=params))

    def read(self, frame: bytes) -> SocketAnswer | SessionFrame | None:
        """What a frame says; None: it is of no interest here.

        Raises:
            msgspec.DecodeError: it is not what the venue documents.
        """
        said = _frames.decode(frame)
        if said.status is None:
            is_event = bool(bytes(said.event))
            is_leaving = is_event and _events.decode(said.event).event_type == "serverShutdown"
            return Leaving() if is_leaving else None
        error = said.error
        return SocketAnswer(
            # An id that is no number is none of ours; a session that was revoked answers to no id at all.
            request_id=said.id if isinstance(said.id, int) else None,
            status=said.status,
            result=said.result,
            problem=None if error is None else Problem(code=error.code, message=error.message),
            counts={_header(each): each.count for each in said.rate_limits},
            retry_after=_wait(error),
        )


def _header(count: wire.RateLimitCount) -> str:
    kind = _HEADERS.get(count.rate_limit_type, count.rate_limit_type.lower())
    return f"{kind}-{count.interval_number}{count.interval[:1].lower()}"


def _wait(error: wire.SocketError | None) -> float | None:
    times = error.data if error is not None else None
    if times is None or times.retry_after is None or times.server_time is None:
        return None
    return max(0.0, (times.retry_after - times.server_time) / 1000)
