"""A venue's stream in its simplest form, someone who listens to it, and a stream between the two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from venuekit import errors
from venuekit.model.market import MarketFrame, Ticker
from venuekit.protocol.rates import RatePool, Window
from venuekit.protocol.stream import (
    Acknowledged,
    Channel,
    Leaving,
    Pong,
    Refusal,
    SessionFrame,
    StreamPolicy,
)
from venuekit.seams import chance
from venuekit.state.rate_ledger import RateLedger
from venuekit.testing.scripted_transport import ScriptedSocket, ScriptedTransport
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.web.backoff import Backoff
from venuekit.web.rate_gate import RateGate
from venuekit.web.stream import Stream, StreamServices

POLICY = StreamPolicy(
    channels_per_connection=100,
    channels_per_request=3,
    messages=4,
    messages_seconds=1.0,
    connects=50,
    connects_seconds=300.0,
    idle_after=60.0,
    acknowledged_within=10.0,
)
ROUTE = "/toy"


def channels(*names: str) -> list[Channel]:
    return [Channel(route=ROUTE, name=name) for name in names]


class ToyDialect:
    """Requests are `{"op", "id", "names"}`; answers `{"ack"}`, `{"refuse"}`; data `{"pair"}`."""

    def subscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        return self._request("sub", channels, request_id)

    def unsubscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        return self._request("unsub", channels, request_id)

    def parse(self, frame: bytes) -> Iterable[MarketFrame | SessionFrame]:
        said = msgspec.json.decode(frame)
        if "ack" in said:
            return (Acknowledged(request_id=said["ack"]),)
        if "refuse" in said:
            return (Refusal(request_id=said["refuse"], message="no such channel", code=4),)
        if "leaving" in said:
            return (Leaving(),)
        if "pong" in said:
            return (Pong(),)
        return (Ticker(trading_pair=said["pair"], timestamp=said.get("at")),)

    def _request(self, word: str, channels: Sequence[Channel], request_id: int) -> bytes:
        return msgspec.json.encode(
            {"op": word, "id": request_id, "names": [channel.name for channel in channels]}
        )


class Ear:
    """A listener that writes everything down."""

    def __init__(self) -> None:
        self.frames: list[MarketFrame] = []
        self.taken: list[str] = []
        self.refusals: list[tuple[str, str]] = []
        self.losses: list[tuple[tuple[str, ...], str]] = []
        self.unread: list[bytes] = []
        self.raw: list[bytes] = []
        self.moves = 0

    def heard(self, frame: MarketFrame, received: float) -> None:
        self.frames.append(frame)

    def subscribed(self, channels: Sequence[Channel]) -> None:
        self.taken += [channel.name for channel in channels]

    def refused(self, channel: Channel, refusal: errors.SubscriptionRefused) -> None:
        self.refusals.append((channel.name, str(refusal)))

    def lost(self, channels: Sequence[Channel], why: str) -> None:
        self.losses.append((tuple(channel.name for channel in channels), why))

    def unreadable(self, frame: bytes, why: str) -> None:
        self.unread.append(frame)

    def captured(self, frame: bytes, received: float) -> None:
        self.raw.append(frame)

    def moved(self) -> None:
        self.moves += 1

    @property
    def heard_at(self) -> list[float | None]:
        """The marks of the tickers that were heard."""
        return [frame.timestamp for frame in self.frames if isinstance(frame, Ticker)]


def asked(socket: ScriptedSocket) -> list[dict[str, Any]]:
    """The requests that a client sent on a socket."""
    return [msgspec.json.decode(frame) for frame in socket.sent if frame.startswith(b"{")]


def acknowledge(socket: ScriptedSocket, start: int = 0) -> None:
    """Let the venue take every request from the `start`-th on."""
    for request in asked(socket)[start:]:
        socket.say(msgspec.json.encode({"ack": request["id"]}))


def ticker(mark: float, pair: str = "A-B") -> bytes:
    """A frame of data."""
    return msgspec.json.encode({"pair": pair, "at": mark})


class Scene:
    """A stream on a scripted network and a clock that stands still."""

    def __init__(self, policy: StreamPolicy, clock: VirtualClock, backoff: Backoff | None) -> None:
        self.clock = clock
        self.network = ScriptedTransport()
        self.ear = Ear()
        pool = RatePool(name="connects", limit=policy.connects, seconds=policy.connects_seconds)
        services = StreamServices(
            transport=self.network,
            clock=clock,
            chance=chance.seeded(1),
            connects=RateGate(RateLedger([pool]), clock, clock.monotonic),
            message_gate=self._messages,
            backoff=backoff,
        )
        self.stream: Stream[MarketFrame] = Stream("ws://toy", ToyDialect(), policy, self.ear, services)

    def _messages(self, policy: StreamPolicy) -> RateGate:
        pool = RatePool(
            name="messages",
            limit=policy.messages,
            seconds=policy.messages_seconds,
            window=Window.ROLLING,
        )
        return RateGate(RateLedger([pool]), self.clock, self.clock.monotonic)

    @property
    def sockets(self) -> list[ScriptedSocket]:
        return self.network.sockets

    async def settle(self, seconds: float = 0.0) -> None:
        """Let the stream's tasks run, and time pass."""
        await self.clock.advance(seconds)


@asynccontextmanager
async def scene(
    *names: str,
    policy: StreamPolicy = POLICY,
    clock: VirtualClock | None = None,
    backoff: Backoff | None = None,
    **changes: Any,
) -> AsyncIterator[Scene]:
    """A running stream that carries these channels; `changes` are to the policy."""
    made = Scene(msgspec.structs.replace(policy, **changes), clock or VirtualClock(), backoff)
    made.stream.subscribe(channels(*names))
    before = asyncio.all_tasks()
    running = asyncio.create_task(made.stream.run())
    try:
        await made.settle()
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert asyncio.all_tasks() <= before, "the stream left tasks behind"
