"""Who hears an account's events on Binance's WebSocket API, and what goes wrong on the way.

Events go out in real time to every subscription of an account. Faults know them by `userData`, by their type,
as in `executionReport`, by type and execution, as in `executionReport/TRADE`, and by the account's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venuekit.emulator.connection import Connection
from venuekit.emulator.desk import Desk
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.dialects.binance_requests import Fields
from venuekit.emulator.dialects.binance_session import Session, Subscription
from venuekit.emulator.dialects.binance_socket_frames import event_frame
from venuekit.emulator.dialects.binance_user_events import Pen, stream_ended, user_events
from venuekit.emulator.faults import FaultKind, Site, mangle

__all__ = ["USER_DATA", "UserStreams"]

USER_DATA = "userData"


class UserStreams:
    """The sessions of one venue's WebSocket API and their subscriptions."""

    def __init__(self, dialect: Dialect, desk: Desk, pen: Pen) -> None:
        self._dialect = dialect
        self._desk = desk
        self._pen = pen
        self._sessions: dict[int, Session] = {}

    def open(self, connection: Connection, *, returns_rate_limits: bool) -> Session:
        """A new connection's session."""
        session = Session(connection, returns_rate_limits=returns_rate_limits)
        self._sessions[connection.number] = session
        return session

    def session(self, connection: Connection) -> Session:
        """The session of a connection that is open."""
        return self._sessions[connection.number]

    def close(self, connection: Connection) -> None:
        """The connection is gone."""
        session = self._sessions.pop(connection.number, None)
        if session is not None:
            for subscription in session.subscriptions.values():
                self._leave(subscription)

    def subscribe(
        self, session: Session, account: str, *, is_by_logon: bool, is_silent: bool = False
    ) -> Subscription:
        """Let an account's events go out from now on; a silent subscription hears nothing, ever."""
        feed = None if is_silent else self._desk.follow(account)
        return session.subscribe(account, feed, is_by_logon=is_by_logon)

    def end(self, session: Session, subscriptions: Sequence[Subscription], now: float) -> None:
        """Say of each that it is over, and stop."""
        for subscription in subscriptions:
            self._leave(subscription)
            session.subscriptions.pop(subscription.number, None)
            self._send(session, subscription, stream_ended(self._pen, now))

    def publish(self, now: float) -> None:
        """Send all that has happened to accounts since the last call."""
        for session in self._sessions.values():
            for subscription in session.subscriptions.values():
                events = () if subscription.feed is None else subscription.feed.take()
                if events:
                    for event in user_events(events, self._pen, now):
                        self._tell(session, subscription, event, now)

    def expire(self, now: float) -> None:
        """End what a fault wants ended: a session's subscriptions, and with them its logon."""
        if not self._dialect.faults.awaits(Site.SESSION):
            return
        for session in self._sessions.values():
            subscriptions = list(session.subscriptions.values())
            if not subscriptions and session.api_key is None:
                continue
            names = [subscription.account for subscription in subscriptions]
            if self._dialect.faults.take(Site.SESSION, (), (session.connection.path, USER_DATA, *names)):
                self.end(session, subscriptions, now)
                session.log_out()

    @property
    def are_heard(self) -> bool:
        """Whether somebody waits for events."""
        return any(session.subscriptions for session in self._sessions.values())

    def _leave(self, subscription: Subscription) -> None:
        if subscription.feed is not None:
            self._desk.unfollow(subscription.feed)

    def _tell(self, session: Session, subscription: Subscription, event: Fields, now: float) -> None:
        symbols, paths = _names(event, subscription.account)
        fault = self._dialect.faults.take(Site.MESSAGE, symbols, paths, is_user_event=True)
        held, subscription.held = subscription.held, None
        kind = None if fault is None else fault.kind
        if kind is FaultKind.SWAP and held is None:
            subscription.held = event
            return
        if fault is not None and kind is FaultKind.LATE_MESSAGE:
            frame = event_frame(event, subscription.number)
            self._dialect.send_later(session.connection, frame, now + fault.seconds)
        else:
            for _ in range(_TIMES.get(kind, 1)):
                self._send(session, subscription, event)
        if held is not None:
            self._send(session, subscription, held)

    def _send(self, session: Session, subscription: Subscription, event: Fields) -> None:
        frame = event_frame(event, subscription.number)
        symbols, paths = _names(event, subscription.account)
        fault = self._dialect.faults.take(Site.FRAME, symbols, paths, is_user_event=True)
        session.connection.send(frame if fault is None else mangle(fault, frame.payload))


_TIMES: Mapping[FaultKind | None, int] = {FaultKind.GAP: 0, FaultKind.SILENCE: 0, FaultKind.DUPLICATE: 2}
"""How often an event is told under a fault; once under all others."""


def _names(event: Fields, account: str) -> tuple[list[str], list[str]]:
    """The symbols and the paths by which a fault may name an event."""
    symbols = [event["s"]] if "s" in event else []
    return symbols, [USER_DATA, event["e"], f"{event['e']}/{event.get('x', '')}", account]
