"""One WebSocket that carries requests: out by number, and each answer back to who asked."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from venuekit import errors
from venuekit.protocol.socket import SocketAnswer, SocketPolicy
from venuekit.protocol.stream import Leaving, Pong, SessionFrame
from venuekit.seams.clock import Clock
from venuekit.web.transport import Transport, WsConnection
from venuekit.web.waiting import first_of

__all__ = ["SocketConnection", "SocketDialect", "SocketListener"]

# A burst must not hold the loop.
_FRAMES_PER_TURN = 64


class SocketDialect(Protocol):
    """How a venue's module frames requests on a WebSocket: pure, meaning to bytes and back."""

    def compose(
        self, request_id: int, method: str, arguments: Mapping[str, Any], signed_at: float | None
    ) -> bytes:
        """A request; signed with the venue's time in seconds, or not at all for None."""
        ...

    def read(self, frame: bytes) -> SocketAnswer | SessionFrame | None:
        """What a frame says; None: it is of no interest here.

        Raises:
            msgspec.DecodeError: it is not what the venue documents.
            ValueError: it is documented and makes no sense.
        """
        ...


class SocketListener(Protocol):
    """Who hears what no request waits for."""

    def unclaimed(self, answer: SocketAnswer) -> None:
        """An answer came that nobody waits for (any more)."""
        ...

    def unknown(self) -> None:
        """A frame came that is no answer, or cannot be read."""
        ...


class SocketConnection:
    """One socket. `run` ends when it is closed or lost, and with it every request that is under way.

    `ready` is set once it is open, `opened_at` is when that was (monotonic seconds); `is_leaving` says
    whether its server announced that it will close. A socket on which a request had all its time for an
    answer and nothing came at all is taken for dead until something does: it takes no request meanwhile.
    """

    def __init__(
        self,
        url: str,
        dialect: SocketDialect,
        policy: SocketPolicy,
        listener: SocketListener,
        *,
        transport: Transport,
        clock: Clock,
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
        self._on_leaving = on_leaving
        self._socket: WsConnection | None = None
        self._waiting: dict[int, asyncio.Future[SocketAnswer]] = {}
        self._nobody_waits = asyncio.Event()
        self._nobody_waits.set()
        self._heard_at = 0.0
        self._is_mute = False

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent now."""
        return self._socket is not None and not self._is_mute

    async def quiet(self) -> None:
        """Return once no request is under way."""
        await self._nobody_waits.wait()

    async def ask(self, request_id: int, frame: bytes, seconds: float) -> SocketAnswer:
        """Send a request once and wait for its answer.

        Raises:
            errors.ConnectFailed: the socket is not open; nothing was sent.
            errors.ConnectionLost: it went while the request was under way.
            errors.TimedOut: no answer within so many seconds.
        """
        if self._socket is None or self._is_mute:
            raise errors.ConnectFailed(f"{self.url} is not connected")
        asked_at = self._clock.monotonic()
        answered: asyncio.Future[SocketAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answered
        self._nobody_waits.clear()
        sending = asyncio.ensure_future(self._socket.send(frame))
        sending.add_done_callback(lambda sent: _fail(answered, sent))
        try:
            # `sending` is bounded too: a line that takes nothing more holds back what is written.
            await first_of(self._clock.sleep(seconds), tasks=(answered,))
            if not answered.done():
                self._doubt(asked_at, seconds)
                raise errors.TimedOut(f"{self.url} did not answer within {seconds:g} s")
            return answered.result()
        finally:
            del self._waiting[request_id]
            if not self._waiting:
                self._nobody_waits.set()
            answered.cancel()
            sending.cancel()
            await asyncio.gather(sending, answered, return_exceptions=True)

    async def run(self) -> None:
        """Be connected until the end.

        Raises:
            errors.NotSent: no connection was made.
            errors.ConnectionLost: it ended; the text says how.
        """
        socket = self._socket = await self._transport.connect(self.url)
        self.opened_at = self._heard_at = self._clock.monotonic()
        self.ready.set()
        tasks = [asyncio.ensure_future(part) for part in (self._read(socket), self._watch(socket))]
        why = "it was closed on our side"
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            why = "; ".join(str(task.exception()) for task in tasks if task.done())
        finally:
            self._end(why)
            for task in tasks:
                task.cancel()
            try:
                results = await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                await socket.close()
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result

    def _end(self, why: str) -> None:
        """From now on nothing is sent here, and nobody waits here for an answer."""
        self._socket = None
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(
                    errors.ConnectionLost(f"{self.url} went while a request was under way: {why}")
                )

    def _doubt(self, asked_at: float, waited: float) -> None:
        """A request was not answered; where all was silent, the next one need not wait as long in vain."""
        is_silent = self._heard_at <= asked_at and waited >= self._policy.answer_within
        if is_silent and self._socket is not None and not self._is_mute:
            self._is_mute = True
            self._on_leaving()

    async def _read(self, socket: WsConnection) -> None:
        frames = 0
        while True:
            frame = await socket.receive()
            self._heard_at = self._clock.monotonic()
            self._is_mute = False
            if frame is not None:
                self._take(frame)
            frames += 1
            if frames % _FRAMES_PER_TURN == 0:
                await asyncio.sleep(0)

    def _take(self, frame: bytes) -> None:
        try:
            said = self._dialect.read(frame)
        except (msgspec.DecodeError, ValueError, RecursionError):
            said = None
        match said:
            case SocketAnswer():
                answered = None if said.request_id is None else self._waiting.get(said.request_id)
                if answered is None or answered.done():
                    self._listener.unclaimed(said)
                else:
                    answered.set_result(said)
            case Leaving():
                # Told again while it answers what it was asked, it would send the next one away as well.
                if not self.is_leaving:
                    self.is_leaving = True
                    self._on_leaving()
            case Pong():
                pass
            case _:
                self._listener.unknown()

    async def _watch(self, socket: WsConnection) -> None:
        """Send heartbeats, and notice a dead line."""
        policy, clock = self._policy, self._clock
        now = clock.monotonic()
        next_beat = math.inf if policy.heartbeat is None else now + policy.heartbeat_every
        pinged_since = -math.inf
        while True:
            await clock.sleep(max(0.0, min(policy.idle_after / 4, next_beat - now)))
            now = clock.monotonic()
            if now - self._heard_at >= policy.idle_after:
                raise errors.ConnectionLost(f"{self.url} sent nothing for {policy.idle_after:.0f} s")
            if policy.heartbeat is not None and now >= next_beat:
                next_beat = now + policy.heartbeat_every
                await socket.send(policy.heartbeat)
            elif policy.heartbeat is None and pinged_since < self._heard_at <= now - policy.idle_after / 2:
                # Once in a silence: what a stall heaps up arrives at once, and a venue counts it by arrival.
                pinged_since = self._heard_at
                await socket.ping()


def _fail(answered: asyncio.Future[SocketAnswer], sent: asyncio.Future[None]) -> None:
    """Whoever waits for an answer hears that its request could not be written whole."""
    error = None if sent.cancelled() else sent.exception()
    if error is not None and not answered.done():
        answered.set_exception(error)
