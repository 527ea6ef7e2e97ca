"""Commands by both ways to the emulated Binance, over real sockets: one key, one count, one execution."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.emulator.socket_client import customer, trading_venue

from venuekit import errors
from venuekit.emulator.accounts import Customer, KeyType
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.server import EmulatorServer
from venuekit.protocol.rates import RatePool
from venuekit.seams import chance
from venuekit.seams.clock import SystemClock
from venuekit.state.rate_ledger import RateLedger
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.venues.binance.socket import BinanceSocketDialect
from venuekit.venues.binance.spot import wire
from venuekit.web.assistant import WebAssistant
from venuekit.web.auth import Credentials, Secret
from venuekit.web.command_route import CommandRoute
from venuekit.web.departure import Departure
from venuekit.web.rate_gate import RateGate, gate_for
from venuekit.web.socket_assistant import SocketAssistant
from venuekit.web.stream import StreamServices
from venuekit.web.transport import AiohttpTransport, Limits

CLOCK = SystemClock()
LONG = 30.0
REST, WEBSOCKET = "REST POST /api/v3/order", "WebSocket order.place"


def resting(client_order_id: str) -> wire.NewOrderQuery:
    """A buy a long way below the market."""
    return wire.NewOrderQuery(
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        time_in_force="GTC",
        quantity=Decimal("0.500"),
        price=Decimal("50.00"),
        new_client_order_id=client_order_id,
    )


class Trader:
    """One customer of the venue, and the two ways."""

    def __init__(self, server: EmulatorServer, member: Customer, transport: AiohttpTransport) -> None:
        secret, pem = member.api_secret, member.private_key_pem
        self.server = server
        self.auth = BinanceAuth(
            Credentials(
                member.api_key,
                secret=None if secret is None else Secret(secret),
                private_key=None if pem is None else Secret(pem),
            ),
            receive_window=LONG,
        )
        self.departures: list[Departure] = []
        self.gate = gate_for(server.rest_url, wire.REST.pools, CLOCK, member.name)
        self.web = WebAssistant(
            server.rest_url, wire.REST, transport=transport, gate=self.gate, clock=CLOCK, auth=self.auth
        )
        connects = RatePool(name="connects", limit=300, seconds=300.0)
        assert server.ws_api_url is not None
        self.socket = SocketAssistant(
            server.ws_api_url,
            BinanceSocketDialect(self.auth),
            wire.REST,
            wire.SOCKET_POLICY,
            services=StreamServices(
                transport=transport,
                clock=CLOCK,
                chance=chance.seeded(1),
                connects=RateGate(RateLedger([connects]), CLOCK, CLOCK.monotonic),
                message_gate=lambda policy: RateGate(RateLedger(), CLOCK, CLOCK.monotonic),
            ),
            gate=self.gate,
            auth=self.auth,
        )
        self.route = CommandRoute(self.web, self.socket)

    async def leaving(self, departure: Departure) -> None:
        self.departures.append(departure)

    async def place(self, order: wire.NewOrderQuery, way: CommandRoute | WebAssistant) -> wire.Order:
        return await way.call(wire.PLACE, order, seconds=LONG, leaving=self.leaving)

    async def open_orders(self) -> list[str]:
        """What the venue holds, by our ids."""
        query: Any = wire.OPEN_ORDERS.query(symbol="BTCUSDT")
        return [order.client_order_id for order in await self.web.call(wire.OPEN_ORDERS, query)]

    def break_(self, kind: FaultKind, **how: Any) -> None:
        self.server.dialect.faults.add(Fault(kind=kind, **how))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not is_so():  # noqa: ASYNC110 - what is waited for is on the other side of a socket
            await asyncio.sleep(0.01)


@asynccontextmanager
async def trading(key_type: KeyType = KeyType.HMAC) -> AsyncIterator[Trader]:
    dialect = trading_venue(start_time=CLOCK.time())
    limits = Limits(connect_seconds=LONG, answer_seconds=LONG)
    async with (
        EmulatorServer(dialect, port=0) as server,
        AiohttpTransport(limits=limits) as transport,
    ):
        trader = Trader(server, customer(dialect, key_type), transport)
        running = asyncio.create_task(trader.socket.run())
        try:
            await until(lambda: trader.socket.is_ready)
            yield trader
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("key_type", list(KeyType))
async def test_each_type_of_key_is_taken_at_both_doors(key_type: KeyType) -> None:
    async with trading(key_type) as trader:
        placed = [
            await trader.place(resting("over-socket"), trader.route),
            await trader.place(resting("over-http"), trader.web),
        ]
        assert [order.status for order in placed] == ["NEW", "NEW"]
        assert [departure.path for departure in trader.departures] == [WEBSOCKET, REST]
        assert sorted(await trader.open_orders()) == ["over-http", "over-socket"]


async def test_both_doors_are_counted_in_the_accounts_own_pools() -> None:
    async with trading() as trader:
        await trader.place(resting("first"), trader.route)
        await trader.place(resting("second"), trader.web)
        assert trader.gate.used(wire.ORDERS_1D) == 2


async def test_one_refusal_is_one_class_at_both_doors() -> None:
    query = wire.CancelQuery(symbol="BTCUSDT", original_client_order_id="nobody")
    too_much = msgspec.structs.replace(
        resting("too-much"), side="SELL", quantity=Decimal(9000), price=Decimal(120)
    )
    async with trading() as trader:
        for way in (trader.route, trader.web):
            with pytest.raises(errors.InsufficientBalance):
                await trader.place(too_much, way)
            with pytest.raises(errors.OrderNotFound):
                await way.call(wire.CANCEL, query, is_cancel=True, seconds=LONG)
        assert await trader.open_orders() == []


@pytest.mark.parametrize("door", ["socket", "http"])
async def test_an_order_whose_answer_says_that_nobody_knows_was_sent_once(door: str) -> None:
    async with trading() as trader:
        trader.break_(FaultKind.OUTCOME_UNKNOWN)
        with pytest.raises(errors.OutcomeUnknown):
            await trader.place(resting("mine"), trader.route if door == "socket" else trader.web)
        assert (await trader.open_orders(), len(trader.departures)) == (["mine"], 1)


async def test_an_order_on_a_socket_that_breaks_is_not_sent_over_http() -> None:
    async with trading() as trader:
        trader.break_(FaultKind.LOST_REQUEST, seconds=0.05)
        with pytest.raises(errors.ConnectionLost):
            await trader.place(resting("lost"), trader.route)
        assert (await trader.open_orders(), len(trader.departures)) == ([], 1)
        await until(lambda: trader.socket.is_ready)
        await trader.place(resting("next"), trader.route)
        assert (await trader.open_orders(), trader.socket.connects) == (["next"], 2)
