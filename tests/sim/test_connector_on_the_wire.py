"""A whole connector and a whole emulated venue, unmodified, over the simulated network."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import venuekit
from venuekit.connector.account import AccountOptions
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.factory import dialect_class, make_dialect
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS
from venuekit.emulator.server import EmulatorServer
from venuekit.model.order import OrderType
from venuekit.sim.disk import SimDisk
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel
from venuekit.sim.network import Network
from venuekit.sim.replacement import replaced
from venuekit.sim.route import Link
from venuekit.sim.trace import Trace
from venuekit.sim.venue import traced
from venuekit.sim.world import credentials_of

BTC = "BTC-USDT"


class Exchange:
    """An emulated venue on one host, and another host for whoever trades there."""

    def __init__(self, seed: int) -> None:
        self.kernel = Kernel(seed, trace=Trace(keeps=True))
        self.network = self.kernel.network = Network(self.kernel)
        self.venue = Host(self.kernel, "venue")
        self.trader = Host(self.kernel, "trader")
        SimDisk.of(self.trader)
        self.dialect: Dialect = make_dialect(
            traced(dialect_class("binance"), self.kernel),
            seed=seed,
            instruments=DEFAULT_INSTRUMENTS[:1],
            start_time=self.kernel.start,
            rate=2.0,
        )
        self.customer = next(iter(self.dialect.customers.values()))

    async def serve(self) -> None:
        async with EmulatorServer(self.dialect, 443) as server:
            await server.wait()

    def connector(self) -> ExchangeBase:
        return venuekit.connect(
            "binance@emulator",
            [BTC],
            url="https://venue.sim:443",
            credentials=credentials_of(self.customer),
            account=AccountOptions(journals=Path("/journals")),
        )

    def run(self, main: Any, seconds: float = 120.0) -> Any:
        returned: list[Any] = []

        async def program() -> None:
            returned.append(await main())

        task = self.trader.start(program)
        assert self.kernel.run_until(task.done, seconds)
        task.result()
        return returned[0]


@contextmanager
def exchange(seed: int = 1) -> Iterator[Exchange]:
    made = Exchange(seed)
    with replaced(made.kernel):
        made.venue.start(made.serve)
        made.kernel.run(0.5)
        try:
            yield made
            assert made.kernel.complaints == []
        finally:
            made.kernel.end()


def test_a_connector_is_ready_its_book_live_and_its_order_filled() -> None:
    async def main() -> tuple[bool, Any, Decimal]:
        async with world.connector() as connector:
            book = connector.get_order_book(BTC)
            price = connector.get_price(BTC, is_buy=True)
            name = connector.buy(BTC, Decimal("0.001"), OrderType.LIMIT, price * Decimal("1.01"))
            order = connector.in_flight_orders[name]
            async with asyncio.timeout(10.0):
                while order.is_open:  # noqa: ASYNC110 - the venue says when
                    await asyncio.sleep(0.1)
            return connector.ready, book.is_live, order.executed_amount_base

    with exchange() as world:
        assert world.run(main) == (True, True, Decimal("0.001"))
        assert len(world.dialect.desk.archive.orders(world.customer.name)) == 1
        world.trader.leave()
        world.kernel.run(5.0)
        assert world.network.open_sockets == []
        assert not world.dialect.connections


def test_a_connector_comes_back_from_a_partition() -> None:
    async def main() -> bool:
        async with world.connector() as connector:
            lying = Disturbance(kind=DisturbanceKind.PARTITION, at=world.kernel.now)
            world.network.disturb(lying)
            await asyncio.sleep(60.0)
            world.network.calm(lying)
            await asyncio.sleep(60.0)
            return connector.get_order_book(BTC).is_live and connector.ready

    with exchange() as world:
        assert world.run(main, 300.0)


def test_a_silent_connection_is_pinged_once() -> None:
    async def main() -> bool:
        async with world.connector() as connector:
            lying = Disturbance(kind=DisturbanceKind.PARTITION, at=world.kernel.now)
            world.network.disturb(lying)
            # TCP tries again 51 s after the first loss, before a silence of 60 s counts as the end of a
            # connection. All that was sent meanwhile comes at once.
            await asyncio.sleep(45.0)
            world.network.calm(lying)
            await asyncio.sleep(60.0)
            return connector.ready

    with exchange() as world:
        assert world.run(main, 300.0)
        pings = Counter(mark.text for mark in world.kernel.trace.marks if mark.kind == "ping")
        assert pings
        assert set(pings.values()) == {1}
        assert not world.dialect.overstepped


def course_of(seed: int) -> tuple[str, dict[str, int]]:
    """What was said at the venue's boundary in a minute of trade, as a digest."""
    world = Exchange(seed)

    async def main() -> None:
        async with world.connector() as connector:
            for _ in range(20):
                price = connector.get_price(BTC, is_buy=False) * Decimal("0.99")
                name = connector.buy(BTC, Decimal("0.001"), OrderType.LIMIT, price)
                await asyncio.sleep(1.0)
                connector.cancel(BTC, name)

    with replaced(world.kernel):
        world.venue.start(world.serve)
        world.kernel.run(0.5)
        world.run(main)
        assert world.kernel.trace.counts["wire frame"] > 100
        said = world.kernel.trace.digest(), dict(world.network.fired)
        world.kernel.end()
    return said


def test_the_same_seed_says_the_same_on_the_wire() -> None:
    assert course_of(3) == course_of(3)
    assert course_of(3) != course_of(4)


async def asked_and_gone(request: bytes, seconds: float) -> None:
    """Ask, and break off so many seconds later."""
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, "venue.sim", 443)
    transport.write(request)
    await asyncio.sleep(seconds)
    carrier = transport.get_extra_info("socket")
    carrier.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


QUESTION = b"GET /api/v3/time HTTP/1.1\r\nHost: venue.sim\r\n\r\n"


def test_a_client_that_leaves_before_it_is_answered_is_no_error_of_the_emulator(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        cut = Fault(kind=FaultKind.TRUNCATED_BODY, path="/api/v3/time", times=None)
        world.dialect.faults.add(cut)
        for step in range(150):
            await asked_and_gone(QUESTION, step * 2e-6)
        await asyncio.sleep(1.0)

    with exchange() as world:
        world.network.set_link(world.trader, world.venue, Link(latency=0.001, jitter=0.0))
        world.run(main)
        assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
        assert not world.dialect.connections
