"""An account's stream is the market's with other frames: the types say so, and it behaves the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec
from tests.web.toy_stream import POLICY, ROUTE, acknowledge, asked

from venuekit import errors
from venuekit.model.account import AccountFrame, BalanceMove
from venuekit.protocol.rates import RatePool
from venuekit.protocol.stream import Acknowledged, Channel, Leaving
from venuekit.seams import chance
from venuekit.state.rate_ledger import RateLedger
from venuekit.testing.scripted_transport import ScriptedTransport
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.web.rate_gate import RateGate
from venuekit.web.stream import Stream, StreamServices


class AccountDialect:
    """Requests are `{"op", "id"}`; answers `{"ack"}`; events `{"came"}`."""

    def subscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        return msgspec.json.encode({"op": "sub", "id": request_id})

    def unsubscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        return msgspec.json.encode({"op": "unsub", "id": request_id})

    def parse(self, frame: bytes) -> Iterable[AccountFrame]:
        said = msgspec.json.decode(frame)
        if "ack" in said:
            return (Acknowledged(request_id=said["ack"]),)
        if "leaving" in said:
            return (Leaving(),)
        return (BalanceMove(asset="BTC", amount=Decimal(said["came"]), timestamp=1.0),)


class AccountEar:
    """Writes down what an account is told."""

    def __init__(self) -> None:
        self.amounts: list[Decimal] = []
        self.taken = 0
        self.losses: list[str] = []

    def heard(self, frame: AccountFrame, received: float) -> None:
        assert isinstance(frame, BalanceMove)
        self.amounts.append(frame.amount)

    def subscribed(self, channels: Sequence[Channel]) -> None:
        self.taken += 1

    def refused(self, channel: Channel, refusal: errors.SubscriptionRefused) -> None:
        raise AssertionError(refusal)

    def lost(self, channels: Sequence[Channel], why: str) -> None:
        self.losses.append(why)

    def unreadable(self, frame: bytes, why: str) -> None:
        raise AssertionError(why)

    def captured(self, frame: bytes, received: float) -> None:
        pass

    def moved(self) -> None:
        pass


async def test_an_accounts_frames_are_heard_over_a_move_and_a_loss() -> None:
    clock, network, ear = VirtualClock(), ScriptedTransport(), AccountEar()
    connects = RateGate(
        RateLedger([RatePool(name="connects", limit=50, seconds=300.0)]), clock, clock.monotonic
    )
    messages = RatePool(name="messages", limit=4, seconds=1.0)
    services = StreamServices(
        transport=network,
        clock=clock,
        chance=chance.seeded(1),
        connects=connects,
        message_gate=lambda policy: RateGate(RateLedger([messages]), clock, clock.monotonic),
    )
    stream: Stream[AccountFrame] = Stream("ws://toy", AccountDialect(), POLICY, ear, services)
    stream.subscribe([Channel(route=ROUTE, name="account")])
    running = asyncio.create_task(stream.run())
    try:
        await clock.advance(0.0)
        acknowledge(network.sockets[0])
        network.sockets[0].say(b'{"came":"1.5"}', b'{"leaving":1}')
        await clock.advance(0.0)
        acknowledge(network.sockets[1])
        await clock.advance(1.0)
        network.sockets[1].say(b'{"came":"2"}')
        network.sockets[1].lose("cut")
        await clock.advance(2.0)
        acknowledge(network.sockets[2])
        network.sockets[2].say(b'{"came":"-3"}')
        await clock.advance(0.0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert ear.amounts == [Decimal("1.5"), Decimal(2), Decimal(-3)]
    assert (ear.taken, ear.losses) == (3, ["cut", "the stream was stopped"])
    assert [asked(socket) for socket in network.sockets] == [[{"op": "sub", "id": 1}]] * 3
