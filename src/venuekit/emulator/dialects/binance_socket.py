"""Binance's WebSocket API: REST's endpoints, and the user data stream, over one connection.

Source: web-socket-api.md and errors.md, read on 2026-07-21.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import ClassVar, NoReturn

import msgspec

from venuekit.emulator.accounts import Customer
from venuekit.emulator.answer import Answer, Request
from venuekit.emulator.connection import ABNORMAL, Closing, Connection, Frame
from venuekit.emulator.desk import Desk
from venuekit.emulator.dialect import Query
from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.emulator.dialects.binance_family import BinanceFamily
from venuekit.emulator.dialects.binance_requests import Parameters, Performed, Route
from venuekit.emulator.dialects.binance_security import Caller, Security
from venuekit.emulator.dialects.binance_session import Session
from venuekit.emulator.dialects.binance_session_routes import SESSION_ROUTES, SUBSCRIBING
from venuekit.emulator.dialects.binance_socket_frames import (
    RequestId,
    SocketRequest,
    Unreadable,
    answer_frame,
    event_frame,
    read_request,
    signed_text,
)
from venuekit.emulator.dialects.binance_user_events import Pen
from venuekit.emulator.dialects.binance_user_streams import USER_DATA, UserStreams
from venuekit.emulator.faults import Fault, FaultKind, Site, substitute
from venuekit.emulator.limits import ConnectionLimits
from venuekit.emulator.step import MarketSource

__all__ = ["BinanceSocket"]

_DOOR = "ws-api"
_SWITCH = "returnRateLimits"
_TRUTH: Mapping[str, bool] = {"true": True, "false": False}
_NOT_EMULATED = ("timeUnit", "responseFormat", "sbeSchemaId", "sbeSchemaVersion")
_REFUSALS = (FaultKind.SERVER_ERROR, FaultKind.RATE_LIMITED, FaultKind.BANNED)
_CUTS = (FaultKind.RESET, FaultKind.TRUNCATED_BODY)


def _connected(_venue: object, _parameters: Parameters, _now: float) -> None:
    """A connection is no request, and costs as one."""


_CONNECTING = Route(handler=_connected, weight=2)


class BinanceSocket(BinanceFamily):
    """A product whose endpoints can be called over a WebSocket as well, by their `socket_method`."""

    # General API Information, Connection limits; messages are not counted, but their weights are.
    socket_limits: ClassVar[ConnectionLimits] = ConnectionLimits(
        connects=300, ping_interval=20.0, pong_timeout=60.0
    )

    def __init__(
        self,
        sources: Iterable[MarketSource],
        *,
        start_time: float,
        desk: Desk | None = None,
        customers: Iterable[Customer] = (),
    ) -> None:
        super().__init__(sources, start_time=start_time, desk=desk, customers=customers)
        symbols = {market.instrument.trading_pair: symbol for symbol, market in self.markets.items()}
        pen = Pen(symbol=symbols.__getitem__, milliseconds=self.milliseconds)
        self.user_streams = UserStreams(self, self.desk, pen)
        self._by_method = {
            route.socket_method: route for route in self.routes.values() if route.socket_method
        }

    # Connections.

    def limits_of(self, path: str) -> ConnectionLimits:
        """The WebSocket API is a host of its own."""
        return self.socket_limits if path == self.ws_api_path else self.limits

    def welcome(self, connection: Connection, query: Query, now: float) -> Answer | None:
        """Open a session; REST and streams go their own ways."""
        if connection.path != self.ws_api_path:
            return super().welcome(connection, query, now)
        options = dict(query)
        if any(name in options for name in _NOT_EMULATED):
            words = b"The emulator speaks JSON with milliseconds only."
            return Answer(status=501, content_type="text/plain", body=words)
        charged = self.perform(_CONNECTING, (), Caller(remote=connection.remote, path=connection.path), now)
        if charged.is_refused:
            return charged.answer()
        connection.route = _DOOR
        self.user_streams.open(connection, returns_rate_limits=_TRUTH.get(options.get(_SWITCH, ""), True))
        return None

    def disconnected(self, connection: Connection) -> None:
        """Its subscriptions are gone with it."""
        self.user_streams.close(connection)
        super().disconnected(connection)

    def farewell(self, connection: Connection, now: float) -> Frame | None:
        """`serverShutdown` (Connection events); None on other doors."""
        if connection.route != _DOOR:
            return None
        return event_frame({"e": "serverShutdown", "E": self.milliseconds(now)})

    # Events go out as soon as anything has happened.

    def request(self, request: Request, now: float) -> Answer:
        """Answer REST, and tell the accounts' streams what that led to."""
        answer = super().request(request, now)
        self.user_streams.publish(now)
        return answer

    def receive(self, connection: Connection, text: str | bytes, now: float) -> None:
        """Take a message, and tell the accounts' streams what that led to."""
        super().receive(connection, text, now)
        self.user_streams.publish(now)

    def tick(self, now: float) -> None:
        """Live until `now`, and tell the accounts' streams what the markets did."""
        super().tick(now)
        self.user_streams.publish(now)
        self.user_streams.expire(now)

    @property
    def tells_at_once(self) -> bool:
        """Whether somebody is told of each step of a market, or of what it does to an account."""
        return super().tells_at_once or self.user_streams.are_heard

    # Requests.

    def handle(self, connection: Connection, text: str | bytes, now: float) -> None:
        """Read a request, perform it, and answer as the weather allows."""
        if connection.route != _DOOR:
            super().handle(connection, text, now)
            return
        session = self.user_streams.session(connection)
        try:
            request = read_request(text)
            is_counted = _wants_counts(request, session)
        except Unreadable as unreadable:
            performed = self._refused_frame(unreadable.complaint, Caller(remote=connection.remote), now)
            counted = performed if session.returns_rate_limits else None
            connection.send(self._written(unreadable.request_id, performed, counted, now))
            return
        self._answer(session, request, now, is_counted=is_counted)

    def _answer(self, session: Session, request: SocketRequest, now: float, *, is_counted: bool) -> None:
        connection = session.connection
        symbols = [value for name, value in request.parameters if name == "symbol"]
        fault = self.faults.take(Site.ANSWER, symbols, (request.method,))
        if fault is not None and fault.kind is FaultKind.LOST_REQUEST:
            self.send_later(connection, Closing(ABNORMAL), now + fault.seconds)
            return
        instead = None if fault is None else substitute(fault)
        if instead is not None:
            connection.send(Frame(payload=instead.body))
            return
        acknowledgement: Fault | None = None
        if fault is not None and fault.kind in _REFUSALS:
            performed = self.refused_by(fault, now)
        else:
            acknowledgement = self._subscription_fault(request)
            performed = self._perform(session, request, acknowledgement, now)
        frame = self._written(request.request_id, performed, performed if is_counted else None, now)
        if acknowledgement is not None and fault is None:
            self.acknowledge(connection, frame.payload, now, acknowledgement)
        else:
            self._reply(connection, frame, fault, now)

    def _reply(self, connection: Connection, frame: Frame, fault: Fault | None, now: float) -> None:
        if fault is None or fault.kind in _REFUSALS:
            connection.send(frame)
        elif fault.kind is FaultKind.DELAY:
            self.send_later(connection, frame, now + fault.seconds)
        elif fault.kind in _CUTS:
            connection.close(ABNORMAL)

    def _written(
        self, request_id: RequestId, performed: Performed, counted: Performed | None, now: float
    ) -> Frame:
        """The envelope; who is told to come back is told when, in `data`."""
        content = performed.content
        if performed.retry_at is not None:
            content = content | {
                "data": {"serverTime": self.milliseconds(now), "retryAfter": performed.retry_at}
            }
        usage = None
        if counted is not None:
            # The page's examples name the orders first.
            usage = [use.row() for use in sorted(counted.usage, key=lambda use: use.kind)]
        return answer_frame(request_id, performed.status, content, usage)

    def _perform(
        self, session: Session, request: SocketRequest, fault: Fault | None, now: float
    ) -> Performed:
        parameters = tuple(pair for pair in request.parameters if pair[0] != _SWITCH)
        caller = self._caller(session, request)
        own = SESSION_ROUTES.get(request.method)
        if own is not None:
            route = msgspec.structs.replace(own, handler=partial(own.handler, session, fault))
            if own.security is not Security.NONE:
                # Who logs on or subscribes by a signature shows a key, whoever has logged on before.
                caller = msgspec.structs.replace(caller, session=None)
            return self.perform(route, parameters, caller, now)
        found = self._by_method.get(request.method)
        if found is None:
            return self._refused_frame(Complaint("UNKNOWN_METHOD"), caller, now)
        return self.perform(found, parameters, caller, now)

    def _caller(self, session: Session, request: SocketRequest) -> Caller:
        return Caller(
            remote=session.connection.remote,
            name=request.method,
            path=request.method,
            api_key=dict(request.parameters).get("apiKey"),
            payload=signed_text(request.parameters),
            session=None if session.api_key is None else self.customers[session.api_key],
            is_socket=True,
        )

    def _refused_frame(self, complaint: Complaint, caller: Caller, now: float) -> Performed:
        def refuse(_venue: object, _parameters: Parameters, _now: float) -> NoReturn:
            raise complaint

        return self.perform(Route(handler=refuse), (), caller, now)

    def _subscription_fault(self, request: SocketRequest) -> Fault | None:
        if request.method not in SUBSCRIBING:
            return None
        return self.faults.take(Site.SUBSCRIPTION, (), (USER_DATA, request.method), is_user_event=True)


def _wants_counts(request: SocketRequest, session: Session) -> bool:
    """Whether the answer has `rateLimits`: the request's own wish, or the connection's.

    Raises:
        Unreadable: the wish is neither true nor false.
    """
    wish = dict(request.parameters).get(_SWITCH)
    if wish is None:
        return session.returns_rate_limits
    if wish not in _TRUTH:
        raise Unreadable(Complaint("BAD_VALUE", _SWITCH), request.request_id)
    return _TRUTH[wish]
