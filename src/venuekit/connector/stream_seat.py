"""One stream of a tracker, and which books a missing frame of it would concern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from venuekit import errors
from venuekit.connector.order_book_data_source import OrderBookTrackerDataSource
from venuekit.model.market import MarketFrame, StreamNumber
from venuekit.protocol.stream import Channel
from venuekit.state.order_book_keeper import ConnectionSequence
from venuekit.web.stream import Stream, StreamServices

__all__ = ["SeatOwner", "StreamSeat"]


class SeatOwner(Protocol):
    """Who sits on a tracker's streams: what it hears of all of them."""

    @property
    def data_source(self) -> OrderBookTrackerDataSource:
        """What understands the frames."""
        ...

    def heard(self, frame: MarketFrame, received: float) -> None:
        """A frame arrived at `received` (monotonic seconds)."""
        ...

    def subscribed(self, channels: Sequence[Channel]) -> None:
        """The venue took these subscriptions on a fresh connection."""
        ...

    def lost(self, channels: Sequence[Channel], why: str) -> None:
        """Nothing feeds these channels any more."""
        ...

    def refused(self, channel: Channel, refusal: errors.SubscriptionRefused) -> None:
        """The venue did not take one subscription."""
        ...

    def broken(self, channels: Sequence[Channel]) -> None:
        """A frame is missing and nobody knows of which book."""
        ...

    def unreadable_frame(self, channels: Sequence[Channel], frame: bytes, why: str) -> None:
        """A frame of one of these channels could not be read."""
        ...

    def captured(self, frame: bytes, received: float) -> None:
        """Raw bytes of a stream."""
        ...


class StreamSeat:
    """Listens to one stream for a tracker; where the venue numbers the connection, it counts along."""

    def __init__(self, tracker: SeatOwner, url: str, services: StreamServices) -> None:
        source = tracker.data_source
        self.stream: Stream[MarketFrame] = Stream(url, source, source.stream_policy, self, services)
        self._tracker = tracker
        self._sequence = ConnectionSequence()

    def heard(self, frame: MarketFrame, received: float) -> None:
        """A frame arrived at `received` (monotonic seconds)."""
        if isinstance(frame, StreamNumber):
            if self._sequence.feed(frame.number):
                self._tracker.broken(self.stream.channels)
        else:
            self._tracker.heard(frame, received)

    def subscribed(self, channels: Sequence[Channel]) -> None:
        """The venue took these subscriptions on a fresh connection."""
        self._tracker.subscribed(channels)

    def refused(self, channel: Channel, refusal: errors.SubscriptionRefused) -> None:
        """The venue did not take one subscription."""
        self._tracker.refused(channel, refusal)

    def lost(self, channels: Sequence[Channel], why: str) -> None:
        """Nothing feeds these channels any more."""
        self._sequence.restart()
        self._tracker.lost(channels, why)

    def unreadable(self, frame: bytes, why: str) -> None:
        """A frame could not be read."""
        self._tracker.unreadable_frame(self.stream.channels, frame, why)

    def moved(self) -> None:
        """Another connection feeds the stream, and counts anew."""
        self._sequence.restart()

    def captured(self, frame: bytes, received: float) -> None:
        """Raw bytes, before anything is made of them."""
        self._tracker.captured(frame, received)
