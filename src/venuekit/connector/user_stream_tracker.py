"""The account's own stream: kept up, listened to, and known to be heard or not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from venuekit import errors
from venuekit.connector.supervision import Supervisor
from venuekit.connector.user_stream_data_source import UserStreamTrackerDataSource
from venuekit.model.account import AccountNews
from venuekit.protocol.stream import Channel
from venuekit.seams.clock import Clock
from venuekit.web.backoff import Backoff
from venuekit.web.stream import Stream, StreamServices

__all__ = ["UserStreamOwner", "UserStreamTracker"]

# The stream tells of an order within some 10 ms of the answer; a second is a slow day.
_EXPECTED_WITHIN = 5.0
_REFUSED = Backoff(first=1.0, longest=30.0)


class UserStreamOwner(Protocol):
    """Who hears what the account's stream says."""

    def account_news(self, news: AccountNews) -> None:
        """The stream told something."""
        ...

    def stream_came_up(self) -> None:
        """The stream is heard from now on; what happened before is to be asked for."""
        ...

    def stream_went_down(self, why: str) -> None:
        """Nobody tells us what happens to the account."""
        ...

    async def measure_clock(self) -> None:
        """Learn the venue's time anew."""
        ...


class UserStreamTracker:
    """Listens to one stream on a connection of its own.

    `frames` heard and `unreadable` ones are counted. `is_up`: the venue took the subscription; `refusal` is
    why it did not, None once it did. `last_recv_time` is this machine's time of the last frame, in seconds;
    0 while there is no stream.
    """

    def __init__(
        self,
        owner: UserStreamOwner,
        data_source: UserStreamTrackerDataSource,
        url: str,
        services: StreamServices,
        supervisor: Supervisor,
        clock: Clock,
    ) -> None:
        self.data_source = data_source
        self.stream: Stream[AccountNews] = Stream(url, data_source, data_source.stream_policy, self, services)
        self.frames = 0
        self.unreadable_frames = 0
        self.last_recv_time = 0.0
        self.refusal: errors.SubscriptionRefused | None = None
        self._owner = owner
        self._services = services
        self._supervisor = supervisor
        self._clock = clock
        self.is_up = False
        self._refusals = 0
        self._expected_by: float | None = None
        self._heard_at = -math.inf

    def start(self) -> None:
        """Begin to listen."""
        self.stream.subscribe(self.data_source.channels)
        self._supervisor.run("user stream", self.stream.run)

    @property
    def is_heard(self) -> bool:
        """Whether the venue took the subscription, and nothing that should have been told is missing."""
        return self.is_up and not self._is_silent

    @property
    def _is_silent(self) -> bool:
        return self._expected_by is not None and self._clock.monotonic() > self._expected_by

    def expect(self, since: float) -> None:
        """Something happened to the account after `since` that the stream must tell, or it is not relied on.

        It may have told already: the answer to a command comes on another connection, often after the news.
        """
        if self._expected_by is None and self._heard_at < since:
            self._expected_by = self._clock.monotonic() + _EXPECTED_WITHIN

    def move_if_silent(self) -> bool:
        """Go over to another connection where what was expected did not come; whether it did so."""
        if not self.is_up or not self._is_silent:
            return False
        self._expected_by = None
        self.stream.move()
        return True

    # What the stream says of itself.

    def heard(self, frame: AccountNews, received: float) -> None:
        """A frame arrived."""
        self.frames += 1
        self._heard_at = received
        self.last_recv_time = self._clock.time()
        self._expected_by = None
        self._owner.account_news(frame)

    def subscribed(self, channels: Sequence[Channel]) -> None:  # noqa: ARG002
        """The venue took the subscription on a fresh connection."""
        self.is_up = True
        self._refusals = 0
        self.refusal = None
        self.last_recv_time = self._clock.time()
        self._expected_by = None
        self._owner.stream_came_up()

    def refused(self, channel: Channel, refusal: errors.SubscriptionRefused) -> None:
        """The venue did not take the subscription: it is asked again, ever later."""
        self.refusal = refusal
        wait = _REFUSED.wait(self._refusals, self._services.chance)
        self._refusals += 1
        self._supervisor.once("server clock after a refusal", self._owner.measure_clock)
        self._supervisor.later(wait, lambda: self.stream.resubscribe((channel,)))

    def lost(self, channels: Sequence[Channel], why: str) -> None:  # noqa: ARG002
        """The stream is gone; it comes back by itself."""
        was_up, self.is_up = self.is_up, False
        self.last_recv_time = 0.0
        if was_up:
            self._owner.stream_went_down(why)

    def moved(self) -> None:
        """Another connection is heard from now on; nothing is missing between the two."""

    def unreadable(self, frame: bytes, why: str) -> None:  # noqa: ARG002 - it may hold what is private
        """A frame could not be read: what it told must be asked for."""
        self.unreadable_frames += 1
        self._owner.stream_came_up()

    def captured(self, frame: bytes, received: float) -> None:
        """Raw bytes of an account are not recorded."""
