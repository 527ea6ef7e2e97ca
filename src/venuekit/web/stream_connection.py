"""One WebSocket session: connect, subscribe at the venue's pace, keep alive, hand over every frame."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from venuekit import errors
from venuekit.protocol.stream import Acknowledged, Channel, Leaving, Pong, Refusal, SessionFrame, StreamPolicy
from venuekit.seams.clock import Clock
from venuekit.seams.fault_point import FaultPoint, strikes
from venuekit.web.rate_gate import RateGate
from venuekit.web.transport import Transport, WsConnection

__all__ = ["StreamConnection", "StreamDialect", "StreamListener"]

# A burst must not hold the loop: other streams, timers and answers get a turn after this much.
_FRAMES_PER_TURN = 64
_SECONDS_PER_TURN = 0.002


F = TypeVar("F")
F_co = TypeVar("F_co", covariant=True)
F_contra = TypeVar("F_contra", contravariant=True)


class StreamDialect(Protocol[F_co]):
    """What a venue's module knows about its stream: pure, bytes to meaning and back.

    What its frames mean is a market's or an account's (`MarketFrame`, `AccountFrame`).
    """

    def subscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """The request that subscribes to channels."""
        ...

    def unsubscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """The request that ends subscriptions."""
        ...

    def parse(self, frame: bytes) -> Iterable[F_co | SessionFrame]:
        """What a frame says; a frame of no interest says nothing.

        Raises:
            msgspec.DecodeError: it is not what the venue documents.
            ValueError: it is documented and makes no sense (a price that is no number).
        """
        ...


class StreamListener(Protocol[F_contra]):
    """Who hears what a stream carries. Calls are synchronous and short."""

    def heard(self, frame: F_contra, received: float) -> None:
        """A frame arrived at `received` (monotonic seconds)."""
        ...

    def subscribed(self, channels: Sequence[Channel]) -> None:
        """The venue took these subscriptions on a fresh connection."""
        ...

    def refused(self, channel: Channel, refusal: errors.SubscriptionRefused) -> None:
        """The venue did not take one subscription."""
        ...

    def lost(self, channels: Sequence[Channel], why: str) -> None:
        """Nothing feeds these channels any more; the stream is coming back by itself."""
        ...

    def unreadable(self, frame: bytes, why: str) -> None:
        """A frame could not be read; which channel it was of is unknown."""
        ...

    def captured(self, frame: bytes, received: float) -> None:
        """Raw bytes, before anything is made of them: for recorders."""
        ...

    def moved(self) -> None:
        """From now on another connection is heard; nothing is missing between the two."""
        ...


class StreamConnection(Generic[F]):
    """One socket. `run` ends when it is closed or lost; the stream above decides what follows.

    Until `deliver` is called, frames and the news of what was subscribed are kept, so that a second
    connection can warm up beside the first.
    `opened_at` is when it was opened, or begun while it is not open yet (monotonic seconds); `is_leaving`
    says whether its server announced that it will close.
    """

    def __init__(
        self,
        url: str,
        dialect: StreamDialect[F],
        policy: StreamPolicy,
        listener: StreamListener[F],
        *,
        transport: Transport,
        clock: Clock,
        pace: RateGate,
        on_leaving: Callable[[], None],
    ) -> None:
        self.url = url
        self.ready = asyncio.Event()
        self.opened_at = clock.monotonic()
        self.is_leaving = False
        self._dialect = dialect
        self._policy = policy
        self._listener = listener
        self._transport = transport
        self._clock = clock
        self._pace = pace
        self._on_leaving = on_leaving
        self._socket: WsConnection | None = None
        self._held: deque[tuple[F, float]] | None = deque()
        self._outgoing: asyncio.Queue[tuple[bool, tuple[Channel, ...]]] = asyncio.Queue()
        self._asked: dict[int, tuple[tuple[Channel, ...], float]] = {}
        self._requests = 0
        self._heard_at = 0.0
        self._confirmed: dict[Channel, None] = {}

    @property
    def confirmed(self) -> tuple[Channel, ...]:
        """The channels whose subscription the venue took."""
        return tuple(self._confirmed)

    def subscribe(self, channels: Iterable[Channel]) -> None:
        """Ask for channels, in requests as large as the venue allows."""
        wanted = tuple(channels)
        size = self._policy.channels_per_request
        for start in range(0, len(wanted), size):
            self._outgoing.put_nowait((True, wanted[start : start + size]))

    def unsubscribe(self, channels: Iterable[Channel]) -> None:
        """End subscriptions."""
        leaving = tuple(channels)
        for channel in leaving:
            self._confirmed.pop(channel, None)
        size = self._policy.channels_per_request
        for start in range(0, len(leaving), size):
            self._outgoing.put_nowait((False, leaving[start : start + size]))

    def deliver(self) -> None:
        """From now on frames go to the listener; first it hears what is subscribed, and what was kept."""
        held, self._held = self._held, None
        if self._confirmed:
            self._listener.subscribed(self.confirmed)
        for frame, received in held or ():
            self._listener.heard(frame, received)

    def mute(self) -> None:
        """Frames that still arrive are dropped: another connection has taken over."""
        self._held = deque(maxlen=0)

    async def run(self) -> None:
        """Be connected until the end.

        Raises:
            errors.NotSent: no connection was made.
            errors.ConnectionLost: it ended; the text says how.
        """
        self._socket = await self._transport.connect(self.url)
        self.opened_at = self._heard_at = self._clock.monotonic()
        self._check_ready()
        tasks = [asyncio.ensure_future(part) for part in (self._read(), self._write(), self._watch())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
            try:
                results = await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                await self._socket.close()
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result

    async def _read(self) -> None:
        socket, clock = self._open_socket(), self._clock
        frames, turn_began = 0, clock.monotonic()
        while True:
            frame = await socket.receive()
            received = self._heard_at = clock.monotonic()
            if frame is not None:
                self._take(frame, received)
            frames += 1
            if frames >= _FRAMES_PER_TURN or received - turn_began >= _SECONDS_PER_TURN:
                await asyncio.sleep(0)
                if strikes(FaultPoint.CONNECTION_DROPS):
                    raise errors.ConnectionLost(f"{self.url} was given up by a fault point")
                frames, turn_began = 0, clock.monotonic()

    def _take(self, frame: bytes, received: float) -> None:
        self._listener.captured(frame, received)
        try:
            said = self._dialect.parse(frame)
            for item in said:
                if isinstance(item, SessionFrame):
                    self._session(item)
                elif self._held is None:
                    self._listener.heard(item, received)
                else:
                    self._held.append((item, received))
        except (msgspec.DecodeError, ValueError, RecursionError, errors.UnknownPair) as error:
            self._listener.unreadable(frame, str(error))

    def _session(self, said: SessionFrame) -> None:
        match said:
            case Acknowledged():
                self._acknowledged(said.request_id)
            case Refusal():
                self._refused(said)
            case Leaving():
                self.is_leaving = True
                self._on_leaving()
            case Pong():
                pass

    def _acknowledged(self, request_id: int | None) -> None:
        number = self._which(request_id)
        if number is None:
            return
        channels, _ = self._asked.pop(number)
        for channel in channels:
            self._confirmed[channel] = None
        if channels and self._held is None:
            self._listener.subscribed(channels)
        self._check_ready()

    def _refused(self, said: Refusal) -> None:
        number = self._which(said.request_id)
        if number is None:
            return
        channels, _ = self._asked.pop(number)
        if len(channels) == 1:
            refusal = errors.SubscriptionRefused(said.message, code=said.code)
            self._listener.refused(channels[0], refusal)
        else:
            # One bad name sinks the whole request at some venues: halving finds it among 200 in 16 requests.
            middle = len(channels) // 2
            self._outgoing.put_nowait((True, channels[:middle]))
            self._outgoing.put_nowait((True, channels[middle:]))
        self._check_ready()

    def _which(self, request_id: int | None) -> int | None:
        """The request an answer is about; one that names none answers the oldest."""
        if request_id is None:
            return next(iter(self._asked), None)
        return request_id if request_id in self._asked else None

    def _check_ready(self) -> None:
        if not self._asked and self._outgoing.empty():
            self.ready.set()

    async def _write(self) -> None:
        socket = self._open_socket()
        while True:
            is_wanted, channels = await self._outgoing.get()
            self._requests += 1
            number = self._requests
            compose = self._dialect.subscription if is_wanted else self._dialect.unsubscription
            asked = channels if is_wanted else ()
            self._asked[number] = (asked, math.inf)
            await self._paced(socket, compose(channels, number))
            if number in self._asked:
                self._asked[number] = (asked, self._clock.monotonic())

    async def _paced(self, socket: WsConnection, frame: bytes) -> None:
        reservation = await self._pace.reserve({"messages": 1})
        try:
            await socket.send(frame)
        finally:
            self._pace.settle(reservation)

    async def _watch(self) -> None:
        """Send heartbeats, and notice a dead line or a request without an answer."""
        socket, policy = self._open_socket(), self._policy
        step = min(policy.idle_after / 4, policy.acknowledged_within / 2)
        now = self._clock.monotonic()
        next_beat = math.inf if policy.heartbeat is None else now + policy.heartbeat_every
        pinged_since = -math.inf
        while True:
            await self._clock.sleep(max(0.0, min(step, next_beat - now)))
            now = self._clock.monotonic()
            if now - self._heard_at >= policy.idle_after:
                raise errors.ConnectionLost(f"{self.url} sent nothing for {policy.idle_after:.0f} s")
            for channels, asked_at in self._asked.values():
                if now - asked_at >= policy.acknowledged_within:
                    names = ", ".join(channel.name for channel in channels[:3])
                    raise errors.ConnectionLost(
                        f"{self.url} did not answer a subscription within {policy.acknowledged_within:.0f} s "
                        f"({names or 'an end of subscription'})"
                    )
            if policy.heartbeat is not None and now >= next_beat:
                next_beat = now + policy.heartbeat_every
                await self._paced(socket, policy.heartbeat)
            elif policy.heartbeat is None and pinged_since < self._heard_at <= now - policy.idle_after / 2:
                # Once in a silence: what a stall heaps up arrives at once, and a venue counts it by arrival.
                pinged_since = self._heard_at
                await socket.ping()

    def _open_socket(self) -> WsConnection:
        assert self._socket is not None  # noqa: S101 - run() opened it
        return self._socket
