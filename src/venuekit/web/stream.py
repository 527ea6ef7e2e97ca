"""A stream that stays: reconnects with backoff, moves house before it must, subscribes again by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from venuekit.protocol.stream import Channel, StreamPolicy
from venuekit.web.standing_line import StandingLine, StreamServices
from venuekit.web.stream_connection import StreamConnection, StreamDialect, StreamListener

__all__ = ["Stream", "StreamServices"]

F = TypeVar("F")


class Stream(StandingLine[StreamConnection[F]], Generic[F]):
    """One seat for up to `policy.channels_per_connection` channels of one route; `F` is what frames mean.

    `connects` counts connections made; `state` says in a word how it stands, `trouble` why it was last lost.
    """

    # No difference falls between two connections that are heard side by side.
    overlap_seconds = 1.0

    def __init__(
        self,
        url: str,
        dialect: StreamDialect[F],
        policy: StreamPolicy,
        listener: StreamListener[F],
        services: StreamServices,
    ) -> None:
        super().__init__(url, policy.lifetime, services)
        self._dialect = dialect
        self._policy = policy
        self._listener = listener
        self._channels: dict[Channel, None] = {}

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What it is asked to carry."""
        return tuple(self._channels)

    @property
    def room(self) -> int:
        """How many more channels it can carry."""
        return self._policy.channels_per_connection - len(self._channels)

    def subscribe(self, channels: Iterable[Channel]) -> None:
        """Carry these too, now and after every reconnect."""
        fresh = [channel for channel in channels if channel not in self._channels]
        self._channels.update(dict.fromkeys(fresh))
        for line in self._lines:
            line.connection.subscribe(fresh)

    def unsubscribe(self, channels: Iterable[Channel]) -> None:
        """Stop carrying these."""
        leaving = [channel for channel in channels if channel in self._channels]
        for channel in leaving:
            del self._channels[channel]
        for line in self._lines:
            line.connection.unsubscribe(leaving)

    def resubscribe(self, channels: Iterable[Channel]) -> None:
        """End and begin these subscriptions, to get a fresh snapshot or to wake a silent channel."""
        again = [channel for channel in channels if channel in self._channels]
        for line in self._lines:
            line.connection.unsubscribe(again)
            line.connection.subscribe(again)

    def _connection(self) -> StreamConnection[F]:
        """A new one; until it is told to deliver, it keeps what it hears."""
        connection = StreamConnection(
            self.url,
            self._dialect,
            self._policy,
            self._listener,
            transport=self._services.transport,
            clock=self._services.clock,
            pace=self._services.message_gate(self._policy),
            on_leaving=self.move,
        )
        connection.subscribe(self._channels)
        return connection

    def _begun(self, connection: StreamConnection[F]) -> None:
        connection.deliver()

    def _taken_over(self, old: StreamConnection[F], new: StreamConnection[F]) -> None:
        if not new.ready.is_set():
            # The old line went before the new one was ready: what came between is missing.
            unfed = [channel for channel in self._channels if channel not in new.confirmed]
            self._listener.lost(unfed, "the connection ended before its successor was ready")
        old.mute()
        self._listener.moved()
        new.deliver()

    def _lost(self, why: str) -> None:
        self._listener.lost(self.channels, why)
