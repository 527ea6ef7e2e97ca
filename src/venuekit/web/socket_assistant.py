"""A question or a command to a venue over a WebSocket: the same call as over HTTP, without its overhead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint, arguments
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rest import Answer, RestPolicy, find_row
from venuekit.protocol.socket import SocketAnswer, SocketPolicy
from venuekit.web.auth import AuthBase
from venuekit.web.caller import VenueCaller
from venuekit.web.rate_gate import RateGate
from venuekit.web.socket_connection import SocketConnection, SocketDialect
from venuekit.web.standing_line import Line, StandingLine, StreamServices
from venuekit.web.waiting import first_of

__all__ = ["SocketAssistant", "SocketDialect"]


class _Parcel(NamedTuple):
    """A request as it goes on the wire."""

    request_id: int
    frame: bytes


class SocketAssistant(VenueCaller[_Parcel]):
    """Calls a venue's endpoints over a WebSocket of its own, which comes back by itself while `run` runs.

    It moves to a fresh connection before the venue cuts the old one, and when its server announces that it
    leaves: new requests go out on the new one, and the old one is closed once it has answered what it was
    asked. What was under way on a connection that died is `ConnectionLost`, and is never sent again.

    `late_answers` counts answers that came after their time limit, `unknown_frames` those that were no
    answers or could not be read.
    """

    def __init__(
        self,
        url: str,
        dialect: SocketDialect,
        policy: RestPolicy,
        socket_policy: SocketPolicy,
        *,
        services: StreamServices,
        gate: RateGate,
        auth: AuthBase | None = None,
        venue_time: Callable[[], float] | None = None,
        clock_refused: Callable[[float], None] | None = None,
    ) -> None:
        super().__init__(
            policy,
            gate=gate,
            clock=services.clock,
            auth=auth,
            venue_time=venue_time,
            clock_refused=clock_refused,
        )
        self.url = url
        self.late_answers = 0
        self.unknown_frames = 0
        self._dialect = dialect
        self._answer_within = socket_policy.answer_within
        self._requests = 0
        self._line = _SocketLine(self, dialect, socket_policy, services)

    async def run(self) -> None:
        """Be connected until cancelled; then every call under way ends as `ConnectionLost`."""
        await self._line.run()

    @property
    def is_ready(self) -> bool:
        """Whether a call would be sent now, if the rate limits let it."""
        return self._line.working is not None

    @property
    def state(self) -> str:
        """How it stands, in a word: idle, connecting, live, moving or reconnecting."""
        return "connecting" if self._line.state == "live" and not self.is_ready else self._line.state

    @property
    def trouble(self) -> str:
        """Why the connection was last lost."""
        return self._line.trouble

    @property
    def connects(self) -> int:
        """How many connections were begun."""
        return self._line.connects

    def move(self) -> None:
        """Go over to a fresh connection."""
        self._line.move()

    def unclaimed(self, answer: SocketAnswer) -> None:
        """An answer came that nobody waits for; a ban in it holds all the same."""
        if answer.request_id is not None and 0 < answer.request_id <= self._requests:
            self.late_answers += 1
        else:
            self.unknown_frames += 1
        row = None if answer.problem is None else find_row(self._policy.errors, answer.status, answer.problem)
        if row is not None and issubclass(row.raises, errors.RateLimited):
            self._stay_away(row, answer)

    def unknown(self) -> None:
        """A frame came that is no answer, or cannot be read."""
        self.unknown_frames += 1

    def _check(self, endpoint: Endpoint[Any, Any]) -> None:
        super()._check(endpoint)
        if endpoint.socket_method is None:
            raise errors.Unsupported(f"{endpoint.name} cannot be called over a WebSocket: call it over HTTP")
        self._connected()

    def _connected(self) -> SocketConnection:
        connection = self._line.working
        if connection is None:
            why = f" ({self.trouble})" if self.trouble else ""
            raise errors.ConnectFailed(f"{self.url} is not connected{why}")
        return connection

    def _path(self, endpoint: Endpoint[Any, Any]) -> str:
        return f"WebSocket {endpoint.socket_method}"

    def _pack(self, endpoint: Endpoint[Any, Any], query: Wire, signed_at: float) -> _Parcel:
        self._connected()  # it may have gone while the call waited for room
        self._requests += 1
        method = endpoint.socket_method or ""
        time = signed_at if endpoint.signed else None
        return _Parcel(self._requests, self._dialect.compose(self._requests, method, arguments(query), time))

    async def _send(self, parcel: _Parcel, seconds: float | None) -> Answer:
        within = self._answer_within if seconds is None else seconds
        return await self._connected().ask(parcel.request_id, parcel.frame, within)


class _SocketLine(StandingLine[SocketConnection]):
    """The assistant's connection, and those that still answer what they were asked."""

    def __init__(
        self,
        assistant: SocketAssistant,
        dialect: SocketDialect,
        policy: SocketPolicy,
        services: StreamServices,
    ) -> None:
        super().__init__(assistant.url, policy.lifetime, services)
        self._assistant = assistant
        self._dialect = dialect
        self._policy = policy
        self._current: SocketConnection | None = None
        self._draining: dict[asyncio.Task[None], Line[SocketConnection]] = {}

    @property
    def working(self) -> SocketConnection | None:
        """The connection that takes requests now."""
        return self._current if self._current is not None and self._current.is_open else None

    async def run(self) -> None:
        """Keep the line up until cancelled."""
        try:
            await super().run()
        finally:
            for drain in self._draining:
                drain.cancel()
            await asyncio.gather(*self._draining, return_exceptions=True)

    async def _admit(self) -> None:
        gate = self._assistant.gate
        await super()._admit()
        gate.settle(await gate.reserve(self._policy.costs))

    def _connection(self) -> SocketConnection:
        services = self._services
        return SocketConnection(
            self.url,
            self._dialect,
            self._policy,
            self._assistant,
            transport=services.transport,
            clock=services.clock,
            on_leaving=self.move,
        )

    def _begun(self, connection: SocketConnection) -> None:
        self._current = connection

    def _taken_over(self, old: SocketConnection, new: SocketConnection) -> None:  # noqa: ARG002 - it drains
        self._current = new

    def _lost(self, why: str) -> None:  # noqa: ARG002 - `trouble` keeps it
        self._current = None

    async def _retire(self, old: Line[SocketConnection], new: Line[SocketConnection]) -> None:  # noqa: ARG002
        self._lines.remove(old)
        drain = asyncio.create_task(self._drain(old), name=f"drain {self.url}")
        self._draining[drain] = old
        drain.add_done_callback(self._draining.pop)

    async def _drain(self, old: Line[SocketConnection]) -> None:
        """Close a connection once it has answered; each request has a time limit, so this ends."""
        try:
            await first_of(old.connection.quiet(), tasks=(old.task,))
        finally:
            await self._close(old)
