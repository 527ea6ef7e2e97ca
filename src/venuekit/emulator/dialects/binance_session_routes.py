"""What a connection to Binance's WebSocket API can ask about itself: logging on, subscribing to user data.

Source: web-socket-api.md, Authentication requests and User Data Stream requests, read on 2026-07-21. Where
the pages name no error for a case, the nearest row of errors.md is taken, and a comment says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from venuekit.emulator.accounts import Customer, KeyType
from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.emulator.dialects.binance_requests import Fields, Parameters, Route
from venuekit.emulator.dialects.binance_rules import Kind, Parameter
from venuekit.emulator.dialects.binance_security import Security
from venuekit.emulator.dialects.binance_session import Session
from venuekit.emulator.dialects.binance_user_streams import UserStreams
from venuekit.emulator.faults import Fault, FaultKind

__all__ = ["SESSION_ROUTES", "SUBSCRIBING"]

_ACTIVE = 1_000
_EVER = 65_535
"""Subscriptions of one session, at a time and over its life (User Data Stream subscription)."""


class _Venue(Protocol):
    """What these methods need of the venue."""

    user_streams: UserStreams
    customers: dict[str, Customer]

    def milliseconds(self, now: float) -> int:
        """The venue's time as it writes it."""
        ...


def log_on(
    session: Session, _fault: Fault | None, venue: _Venue, client: Customer, _: Parameters, now: float
) -> Fields:
    """`session.logon`: "Only Ed25519 keys are supported for this feature"."""
    if client.key_type is not KeyType.ED25519:
        raise Complaint("BAD_SIGNATURE")  # as users of other keys report; the page names no error
    session.log_on(client.api_key, now)
    return _status(session, venue, now)


def status(session: Session, _fault: Fault | None, venue: _Venue, _: Parameters, now: float) -> Fields:
    """`session.status`."""
    return _status(session, venue, now)


def log_out(session: Session, _fault: Fault | None, venue: _Venue, _: Parameters, now: float) -> Fields:
    """`session.logout`: ends the subscription that the logon allowed, and no other."""
    ending = [found for found in session.subscriptions.values() if found.is_by_logon]
    venue.user_streams.end(session, ending, now)
    session.log_out()
    return _status(session, venue, now)


def subscribe(session: Session, fault: Fault | None, venue: _Venue, _: Parameters, _now: float) -> Fields:
    """`userDataStream.subscribe`: for the account that has logged on."""
    if session.api_key is None:
        raise Complaint("UNAUTHORIZED")  # the page names no error
    return _subscribed(session, fault, venue, venue.customers[session.api_key], is_by_logon=True)


def subscribe_by_signature(
    session: Session, fault: Fault | None, venue: _Venue, client: Customer, _: Parameters, _now: float
) -> Fields:
    """`userDataStream.subscribe.signature`: for the account of any key of any type."""
    return _subscribed(session, fault, venue, client, is_by_logon=False)


def unsubscribe(
    session: Session, _fault: Fault | None, venue: _Venue, parameters: Parameters, now: float
) -> Fields:
    """`userDataStream.unsubscribe`: from one subscription, or from all."""
    number = parameters.get("subscriptionId")
    ending = [found for found in session.subscriptions.values() if number in {None, found.number}]
    if not ending:
        raise Complaint("SUBSCRIPTION_INACTIVE")
    venue.user_streams.end(session, ending, now)
    return {}


def subscriptions(
    session: Session, _fault: Fault | None, _venue: _Venue, _: Parameters, _now: float
) -> list[Fields]:
    """`session.subscriptions`."""
    return [{"subscriptionId": number} for number in session.subscriptions]


def _status(session: Session, venue: _Venue, now: float) -> Fields:
    since = session.authorized_since
    return {
        "apiKey": session.api_key,
        "authorizedSince": None if since is None else venue.milliseconds(since),
        "connectedSince": venue.milliseconds(session.connection.opened),
        "returnRateLimits": session.returns_rate_limits,
        "serverTime": venue.milliseconds(now),
        "userDataStream": bool(session.subscriptions),
    }


def _subscribed(
    session: Session, fault: Fault | None, venue: _Venue, client: Customer, *, is_by_logon: bool
) -> Fields:
    kind = None if fault is None else fault.kind
    if kind is FaultKind.SUBSCRIPTION_REFUSED:
        raise Complaint("SERVER_BUSY")
    if session.is_subscribed(client.name):
        raise Complaint("SUBSCRIPTION_ACTIVE")
    if len(session.subscriptions) >= _ACTIVE:
        raise Complaint("TOO_MANY_SUBSCRIPTIONS", _ACTIVE)
    if session.numbers_used >= _EVER:
        raise Complaint("NO_SUBSCRIPTION_LEFT")
    is_silent = kind is FaultKind.ACKNOWLEDGED_SILENT
    made = venue.user_streams.subscribe(session, client.name, is_by_logon=is_by_logon, is_silent=is_silent)
    return {"subscriptionId": made.number}


_WEIGHT = 2
_SUBSCRIPTION = Parameter(name="subscriptionId", kind=Kind.NUMBER)

# A handler gets (session, subscription fault), then what the handlers of all routes get.
SESSION_ROUTES: Mapping[str, Route] = {
    "session.logon": Route(handler=log_on, weight=_WEIGHT, security=Security.USER_DATA),
    "session.status": Route(handler=status, weight=_WEIGHT),
    "session.logout": Route(handler=log_out, weight=_WEIGHT),
    "session.subscriptions": Route(handler=subscriptions, weight=_WEIGHT),
    "userDataStream.subscribe": Route(handler=subscribe, weight=_WEIGHT),
    "userDataStream.subscribe.signature": Route(
        handler=subscribe_by_signature, weight=_WEIGHT, security=Security.USER_STREAM
    ),
    "userDataStream.unsubscribe": Route(handler=unsubscribe, weight=_WEIGHT, parameters=(_SUBSCRIPTION,)),
}
SUBSCRIBING = ("userDataStream.subscribe", "userDataStream.subscribe.signature")
