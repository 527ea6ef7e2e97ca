"""The oracle says nothing where all is well, and looks at everything."""

from __future__ import annotations

import asyncio
import logging

import msgspec
from tests.sim.oracle_bench import BTC, Bench

from venuekit.emulator.order import OrderStatus
from venuekit.model.order import TradeType
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.invariants.table import INVARIANTS
from venuekit.sim.options import Weather, options_of
from venuekit.sim.oracle import Violation
from venuekit.sim.world import World

IDS = [invariant.id for invariant in INVARIANTS]


async def everything(bench: Bench) -> None:
    """One of each thing that happens in good weather."""
    exchange = bench.exchange
    first, second = await bench.rest(), await bench.rest("0.02")
    taken = await bench.take()
    assert taken.is_filled
    exchange.amend(BTC, second.client_order_id, second.amount / 2)
    exchange.cancel(BTC, first.client_order_id)
    await asyncio.sleep(0.5)
    assert first.is_cancelled
    await exchange.reconcile()
    bench.log(logging.WARNING, "a word of warning is no error")
    bench.restart()


def test_nothing_is_wrong_in_good_weather_and_everything_is_looked_at() -> None:
    bench = Bench(everything)
    assert bench.run() == []
    oracle = bench.oracle
    assert {name for name in IDS if not oracle.looks[name]} == set()
    assert bench.world.connectors == 2


def test_each_invariant_has_its_own_number_and_a_sentence() -> None:
    assert len(set(IDS)) == len(IDS)
    assert all(invariant.sentence.endswith(".") and len(invariant.sentence) > 30 for invariant in INVARIANTS)


def test_what_is_at_the_venue_is_known_by_our_own_ids() -> None:
    seen: list[str] = []

    async def script(bench: Bench) -> None:
        order = await bench.rest()
        truth = bench.oracle.scene.venue.order(order.client_order_id)
        assert truth is not None
        assert truth.status is OrderStatus.NEW
        assert truth.record.state.request.is_buy is (order.trade_type is TradeType.BUY)
        bench.exchange.amend(BTC, order.client_order_id, order.amount / 2)
        await asyncio.sleep(0.5)
        bench.exchange.cancel(BTC, order.client_order_id)
        await asyncio.sleep(0.5)
        same = bench.oracle.scene.venue.order(order.client_order_id)
        assert same is truth
        assert same.status is OrderStatus.CANCELLED
        seen.append(order.client_order_id)

    bench = Bench(script)
    assert bench.run() == []
    (client_id,) = seen
    assert len(bench.oracle.scene.venue.orders[client_id]) == 1


def test_orders_that_somebody_else_places_are_none_of_our_business() -> None:
    async def script(bench: Bench) -> None:
        bench.oracle.by_hand("web_1")
        bench.place_at_venue("web_1")
        await bench.rest()

    assert Bench(script).run() == []


def test_a_killed_trader_that_comes_back_breaks_nothing() -> None:
    plan = tuple(
        Disturbance(kind=kind, at=at, seconds=1.0)
        for kind, at in ((DisturbanceKind.KILL, 8.0), (DisturbanceKind.KILL, 20.0))
    )
    options = msgspec.structs.replace(
        options_of(3, weather=Weather.CALM, seconds=30.0), pause=0.3, poll_interval=5.0
    )
    world = World(options, plan)
    try:
        verdict = world.run()
    finally:
        world.kernel.end()
    assert verdict.violations == ()
    assert verdict.figures["lives"] == 3
    assert verdict.figures["orders"] > 20


def test_a_violation_says_when_what_and_how() -> None:
    violation = Violation(invariant="O2", time=1.5, about="id-1", words="is 2 times at the venue")
    assert str(violation) == "O2 at 1.500 s: id-1 is 2 times at the venue"


def test_what_is_excused_is_counted_and_not_told() -> None:
    async def script(bench: Bench) -> None:
        for name in ("O1", "O2", "O9", "L1", "O4"):
            bench.oracle.excuse(name, "a known limit")
        bench.place_at_venue("nobody")
        await bench.rest()

    bench = Bench(script)
    assert bench.run() == []
    assert bench.oracle.excused["O1"] >= 1
