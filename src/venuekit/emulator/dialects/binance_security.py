"""Who asks: security types, keys, signatures and the time they hold (rest-api.md, Request Security)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from venuekit.emulator.accounts import Customer
from venuekit.emulator.answer import Request
from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.emulator.dialects.binance_rules import Kind, Parameter
from venuekit.emulator.signing import is_signed
from venuekit.model.decimals import CONTEXT
from venuekit.protocol.frozen import Frozen

__all__ = ["Caller", "Security", "authenticated", "security_parameters", "signed_payload"]

_WINDOW = Decimal(5000)
_WIDEST_WINDOW = Decimal(60_000)
_AHEAD = Decimal(1000)
"""Milliseconds; a timestamp may be less than one second ahead of the venue's clock."""
_MICROSECONDS = 10**14
"""A larger timestamp is in microseconds: in milliseconds it would be after the year 5100."""


class Security(Enum):
    """What an endpoint asks of its caller; all but the first are signed."""

    NONE = "NONE"
    TRADE = "TRADE"
    USER_DATA = "USER_DATA"
    USER_STREAM = "USER_STREAM"


class Caller(Frozen):
    """Who asks through which door.

    `name` is the endpoint in full ("POST /api/v3/order", "order.place"), `path` without its method.
    `payload` is what the signature has to be over. `session` is the customer who has logged on over this
    connection, and needs neither key nor signature.
    """

    remote: str = "127.0.0.1"
    name: str = ""
    path: str = ""
    api_key: str | None = None
    payload: bytes = b""
    session: Customer | None = None
    is_socket: bool = False


def signed_payload(request: Request) -> bytes:
    """The query and the body as they were received, one after the other, without the signature."""
    body = request.body if request.form else b""
    return _unsigned(request.raw_query.encode()) + _unsigned(body)


def _unsigned(text: bytes) -> bytes:
    return b"&".join(part for part in text.split(b"&") if not part.startswith(b"signature="))


def security_parameters(security: Security, caller: Caller) -> tuple[Parameter, ...]:
    """The parameters that an endpoint has besides its own."""
    if security is Security.NONE:
        return ()
    timing = (
        Parameter(name="recvWindow", kind=Kind.DECIMAL, digits=3),
        Parameter(name="timestamp", kind=Kind.NUMBER, is_mandatory=True),
    )
    must_sign = caller.session is None
    key = (Parameter(name="apiKey", kind=Kind.TEXT, is_mandatory=must_sign),) if caller.is_socket else ()
    return (*timing, *key, Parameter(name="signature", kind=Kind.TEXT, is_mandatory=must_sign))


def authenticated(
    customers: Mapping[str, Customer], caller: Caller, parameters: Mapping[str, Any], venue_time: float
) -> Customer:
    """The customer who asks.

    Raises:
        Complaint: key, time or signature is not good.
    """
    refuse_time(parameters, venue_time)
    if caller.session is not None and "signature" not in parameters:
        return caller.session
    if not caller.api_key or not caller.api_key.isalnum():
        raise Complaint("BAD_KEY_FORMAT")
    customer = customers.get(caller.api_key)
    if customer is None:
        raise Complaint("UNKNOWN_KEY")
    if not is_signed(customer.key, caller.payload, parameters["signature"]):
        raise Complaint("BAD_SIGNATURE")
    return customer


def refuse_time(parameters: Mapping[str, Any], venue_time: float) -> None:
    """Refuse a request that is too old or too far ahead (rest-api.md, Timing security).

    Raises:
        Complaint: its timestamp is not within its window, or the window is too wide.
    """
    window: Decimal = parameters.get("recvWindow", _WINDOW)
    if window > _WIDEST_WINDOW:
        raise Complaint("VALUE_TOO_GREAT", "recvWindow", _WIDEST_WINDOW)
    sent = Decimal(parameters["timestamp"])
    if sent >= _MICROSECONDS:
        sent = CONTEXT.divide(sent, Decimal(1000))
    now = CONTEXT.divide(Decimal(round(venue_time * 1_000_000)), Decimal(1000))
    if sent >= now + _AHEAD:
        raise Complaint("AHEAD_OF_TIME")
    if now - sent > window:
        raise Complaint("BEHIND_TIME")
