"""A venue that takes one order and answers one question, and the two ways to it on a scripted network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
from tests.signing_keys import credentials

from venuekit import errors
from venuekit.protocol.endpoint import Charge, Endpoint, ErrorRow, Outcome
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rates import RatePool, Scope
from venuekit.protocol.rest import Problem, RestPolicy
from venuekit.protocol.socket import SocketAnswer, SocketPolicy
from venuekit.protocol.stream import Leaving, Pong, SessionFrame
from venuekit.seams import chance
from venuekit.state.rate_ledger import RateLedger
from venuekit.testing.scripted_transport import ScriptedSocket, ScriptedTransport
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.web.assistant import WebAssistant
from venuekit.web.auth import KeyType
from venuekit.web.departure import Departure
from venuekit.web.rate_gate import RateGate, gate_for
from venuekit.web.socket_assistant import SocketAssistant
from venuekit.web.stream import StreamServices
from venuekit.web.transport import HttpAnswer

WEIGHT = RatePool(name="weight", limit=100, seconds=60.0, header="X-Weight", reserve=0.2)
ORDERS = RatePool(
    name="orders", limit=10, seconds=60.0, header="X-Orders", scope=Scope.ACCOUNT, given_back_by_fill=1
)
VENUE_AHEAD = 3.0
START = 1_700_000_040.0  # a full minute


class NewOrder(Wire):
    symbol: str
    quantity: Decimal = Decimal("1.50")


class Placed(Wire):
    order_id: int


class Cancel(Wire):
    symbol: str


class _Said(Wire):
    code: int
    msg: str


def read_problem(status: int, body: bytes) -> Problem | None:
    if status == 200:
        return None
    said = msgspec.json.decode(body, type=_Said)
    return Problem(code=said.code, message=said.msg)


PLACE = Endpoint(
    method="POST",
    path="/order",
    query=NewOrder,
    answer=Placed,
    charges=(Charge(pool="weight", cost=1, settled={Outcome.DONE: 0}), Charge(pool="orders", cost=1)),
    signed=True,
    reads=False,
    socket_method="order.place",
)
CANCEL = Endpoint(
    method="DELETE",
    path="/order",
    query=Cancel,
    answer=Placed,
    charges=(Charge(pool="weight", cost=1),),
    signed=True,
    reads=False,
    socket_method="order.cancel",
)
BALANCE = Endpoint(
    method="GET",
    path="/balance",
    query=Cancel,
    answer=Placed,
    charges=(Charge(pool="weight", cost=20),),
    signed=True,
    socket_method="balance",
)
POLICY = RestPolicy(
    read_problem=read_problem,
    errors=(
        ErrorRow(code=-15, raises=errors.RateLimited, pools=("orders",), seconds=30.0),
        ErrorRow(status=418, raises=errors.Banned, seconds=120.0),
        ErrorRow(code=-10, message="not enough", raises=errors.InsufficientBalance),
        ErrorRow(code=-10, raises=errors.OrderRefused),
        ErrorRow(code=-7, raises=errors.OutcomeUnknown),
    ),
    pools=(WEIGHT, ORDERS),
)
SOCKET_POLICY = SocketPolicy(answer_within=10.0, costs={"weight": 2}, idle_after=60.0, lifetime=None)
ORDER = NewOrder(symbol="BTCUSDT")


class ToySocket:
    """Requests are `{"id", "method", "params"}`; answers `{"id", "status"}` and a `result` or an `error`."""

    def __init__(self, auth: BinanceAuth | None) -> None:
        self.auth = auth

    def compose(
        self, request_id: int, method: str, arguments: Mapping[str, Any], signed_at: float | None
    ) -> bytes:
        params = dict(arguments)
        if signed_at is not None and self.auth is not None:
            params = self.auth.ws_authenticate(params, signed_at)
        return msgspec.json.encode({"id": request_id, "method": method, "params": params})

    def read(self, frame: bytes) -> SocketAnswer | SessionFrame | None:
        said = msgspec.json.decode(frame)
        if "leaving" in said:
            return Leaving()
        if "pong" in said:
            return Pong()
        if "status" not in said:
            return None
        error = said.get("error")
        return SocketAnswer(
            request_id=said["id"],
            status=said["status"],
            result=msgspec.json.encode(said.get("result")),
            problem=None if error is None else Problem(code=error["code"], message=error["msg"]),
            counts=said.get("counts", {}),
            retry_after=said.get("retry_after"),
        )


def answer(request_id: int | None, status: int = 200, **said: Any) -> bytes:
    """A frame that answers a request; with order 7 unless something else is said."""
    content = said if "error" in said or "result" in said else {"result": {"order_id": 7}} | said
    return msgspec.json.encode({"id": request_id, "status": status} | content)


def refusal(request_id: int | None, status: int, code: int, message: str, **said: Any) -> bytes:
    """A frame that refuses a request."""
    return answer(request_id, status, error={"code": code, "msg": message}, **said)


def asked(socket: ScriptedSocket) -> list[dict[str, Any]]:
    """The requests that a client sent on a socket."""
    return [msgspec.json.decode(frame) for frame in socket.sent]


class Venue:
    """Both ways to the venue on one network, one clock, one gate, and what was told of departures."""

    def __init__(self, clock: VirtualClock | None = None, **changes: Any) -> None:
        self.clock = clock or VirtualClock(start=START)
        self.network = ScriptedTransport()
        self.auth = BinanceAuth(credentials(KeyType.HMAC))
        self.gate = gate_for("venue", POLICY.pools, self.clock, "mine")
        self.departures: list[Departure] = []
        self.web = WebAssistant(
            "http://venue",
            POLICY,
            transport=self.network,
            gate=self.gate,
            clock=self.clock,
            auth=self.auth,
            venue_time=self.venue_time,
        )
        pool = RatePool(name="connects", limit=50, seconds=300.0)
        services = StreamServices(
            transport=self.network,
            clock=self.clock,
            chance=chance.seeded(1),
            connects=RateGate(RateLedger([pool]), self.clock, self.clock.monotonic),
            message_gate=lambda policy: RateGate(RateLedger(), self.clock, self.clock.monotonic),
        )
        self.socket = SocketAssistant(
            "ws://venue/api",
            ToySocket(self.auth),
            POLICY,
            msgspec.structs.replace(SOCKET_POLICY, **changes),
            services=services,
            gate=self.gate,
            auth=self.auth,
            venue_time=self.venue_time,
        )

    def venue_time(self) -> float:
        return self.clock.time() + VENUE_AHEAD

    async def leaving(self, departure: Departure) -> None:
        self.departures.append(departure)

    def answer(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """The next answer over HTTP."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self.network.answers.append(HttpAnswer(status=status, headers=headers or {}, body=raw))

    @property
    def sockets(self) -> list[ScriptedSocket]:
        return self.network.sockets

    async def settle(self, seconds: float = 0.0) -> None:
        """Let tasks run, and time pass."""
        await self.clock.advance(seconds)


@asynccontextmanager
async def venue(**changes: Any) -> AsyncIterator[Venue]:
    """A venue whose socket is kept up; `changes` are to its policy."""
    made = Venue(**changes)
    before = asyncio.all_tasks()
    async with asyncio.timeout(60.0):  # a call that never ends fails its test
        running = asyncio.create_task(made.socket.run())
        try:
            await made.settle()
            yield made
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert asyncio.all_tasks() <= before, "the socket left tasks behind"


def place(toy: Venue, **named: Any) -> asyncio.Task[Placed]:
    return asyncio.create_task(toy.socket.call(PLACE, ORDER, **named))


def cancel(toy: Venue) -> asyncio.Task[Placed]:
    return asyncio.create_task(toy.socket.call(CANCEL, Cancel(symbol="BTCUSDT")))


async def outcome(call: asyncio.Task[Placed]) -> object:
    (result,) = await asyncio.gather(call, return_exceptions=True)
    return result if isinstance(result, Placed) else type(result)
