"""The frames of Binance's WebSocket API: a request read, an answer and an event written.

Source: web-socket-api.md, Request format, Response format and Event format, read on 2026-07-21. The page
says that a request must be JSON, that `id` and `method` are mandatory and `params` an object; which of the
codes of errors.md a frame gets that is none of this, it does not say: the nearest are taken.
"""

from __future__ import annotations

from typing import Any

import msgspec

from venuekit.emulator.answer import Pairs
from venuekit.emulator.connection import Frame
from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.protocol.frozen import Frozen

__all__ = [
    "RequestId",
    "SocketRequest",
    "Unreadable",
    "answer_frame",
    "event_frame",
    "read_request",
    "signed_text",
]

RequestId = int | str | None
_VERSION = "v3/"
_FIELDS = ("id", "method", "params")


class SocketRequest(Frozen):
    """One request: `parameters` as a query would have them, each value the text that is signed."""

    request_id: RequestId
    method: str
    parameters: Pairs = ()


class Unreadable(Exception):
    """A frame is no request; `request_id` where it could be read."""

    def __init__(self, complaint: Complaint, request_id: RequestId = None) -> None:
        super().__init__(str(complaint))
        self.complaint = complaint
        self.request_id = request_id


def read_request(text: str | bytes) -> SocketRequest:
    """One frame of a client.

    Raises:
        Unreadable: it is no request; says what is answered.
    """
    try:
        fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unreadable(Complaint("INVALID_JSON")) from None
    try:
        request_id = msgspec.json.decode(fields["id"], type=RequestId)
    except (KeyError, msgspec.DecodeError):
        raise Unreadable(Complaint("MANDATORY_PARAMETER", "id")) from None
    try:
        method = msgspec.json.decode(fields["method"], type=str)
    except (KeyError, msgspec.DecodeError):
        raise Unreadable(Complaint("MANDATORY_PARAMETER", "method"), request_id) from None
    if any(name not in _FIELDS for name in fields):
        raise Unreadable(Complaint("UNKNOWN_PARAMETER"), request_id)
    try:
        sent = msgspec.json.decode(fields.get("params", msgspec.Raw(b"{}")), type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        raise Unreadable(Complaint("BAD_JSON_PARAMETER", "params"), request_id) from None
    return SocketRequest(
        request_id=request_id,
        method=method.removeprefix(_VERSION),
        parameters=tuple((name, _text(bytes(value))) for name, value in sent.items()),
    )


def signed_text(parameters: Pairs) -> bytes:
    """What a signature has to be over: all but itself, by name, nothing encoded (SIGNED request security)."""
    signed = sorted(pair for pair in parameters if pair[0] != "signature")
    return "&".join(f"{name}={value}" for name, value in signed).encode()


def answer_frame(
    request_id: RequestId, status: int, content: Any, usage: list[dict[str, Any]] | None = None
) -> Frame:
    """An answer in its envelope; `usage` is `rateLimits`, None: it is left out."""
    fields = {"id": request_id, "status": status, "result" if status == 200 else "error": content}
    if usage is not None:
        fields["rateLimits"] = usage
    return Frame(payload=msgspec.json.encode(fields))


def event_frame(event: dict[str, Any], subscription: int | None = None) -> Frame:
    """An event of a subscription, or of the connection itself."""
    marked = {} if subscription is None else {"subscriptionId": subscription}
    return Frame(payload=msgspec.json.encode(marked | {"event": event}))


def _text(value: bytes) -> str:
    """What is signed: a text without its quotes, everything else as JSON writes it; null is nothing."""
    if value == b"null":
        return ""
    return str(msgspec.json.decode(value)) if value.startswith(b'"') else value.decode()
