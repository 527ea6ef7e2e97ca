"""What Binance's WebSocket API remembers of one connection: who logged on, whose events go out over it.

Source: web-socket-api.md, Session Authentication and User Data Stream requests, read on 2026-07-21.
"""

from __future__ import annotations

from typing import Any

from venuekit.emulator.connection import Connection
from venuekit.emulator.desk import AccountFeed

__all__ = ["Session", "Subscription"]


class Subscription:
    """One account's events on one connection; `held` is an event that waits for its successor.

    A `feed` of None: acknowledged, never served.
    """

    def __init__(self, number: int, account: str, feed: AccountFeed | None, *, is_by_logon: bool) -> None:
        self.number = number
        self.account = account
        self.feed = feed
        self.is_by_logon = is_by_logon
        self.held: dict[str, Any] | None = None


class Session:
    """One connection to the WebSocket API."""

    def __init__(self, connection: Connection, *, returns_rate_limits: bool) -> None:
        self.connection = connection
        self.returns_rate_limits = returns_rate_limits
        self.api_key: str | None = None
        self.authorized_since: float | None = None
        self.subscriptions: dict[int, Subscription] = {}
        self._next_number = 0

    def log_on(self, api_key: str, now: float) -> None:
        """Use this key for requests that bring none."""
        self.api_key = api_key
        self.authorized_since = now

    def log_out(self) -> None:
        """Forget the key."""
        self.api_key = None
        self.authorized_since = None

    @property
    def numbers_used(self) -> int:
        """How many subscriptions there ever were."""
        return self._next_number

    def is_subscribed(self, account: str) -> bool:
        """Whether an account's events go out already."""
        return any(subscription.account == account for subscription in self.subscriptions.values())

    def subscribe(self, account: str, feed: AccountFeed | None, *, is_by_logon: bool) -> Subscription:
        """Let an account's events go out; numbers are never used twice."""
        subscription = Subscription(self._next_number, account, feed, is_by_logon=is_by_logon)
        self._next_number += 1
        self.subscriptions[subscription.number] = subscription
        return subscription
