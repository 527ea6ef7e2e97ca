"""A connector trades in the `direct` profile, and notices nothing of it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from tests.sim.direct_stage import BTC, ETH, DirectStage

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.order import OrderState, OrderType
from venuekit.sim.trace import Lane


async def _until_done(exchange: ExchangeBase, order_id: str) -> OrderState:
    order = exchange.get_order(order_id)
    assert order is not None
    async with asyncio.timeout(10):
        while not order.is_done:  # noqa: ASYNC110 - it is over in virtual time
            await asyncio.sleep(0.05)
    return order.current_state


async def _some_trading(stage: DirectStage) -> dict[str, OrderState]:
    exchange = stage.connector(BTC, ETH)
    ends = {}
    async with exchange:
        for pair in (BTC, ETH):
            far = exchange.get_mid_price(pair) * Decimal("0.98")
            resting = exchange.buy(pair, Decimal("0.01"), OrderType.LIMIT, far)
            taking = exchange.sell(pair, Decimal("0.01"), OrderType.MARKET)
            ends[taking] = await _until_done(exchange, taking)
            exchange.cancel(pair, resting)
            ends[resting] = await _until_done(exchange, resting)
        await asyncio.sleep(10.0)
        balance = stage.dialect.desk.balances(stage.customer.name)["BTC"]
        assert exchange.get_balance("BTC") == balance.free + balance.locked
    return ends


def _told(seed: int, venue: str = "binance") -> tuple[DirectStage, dict[str, OrderState]]:
    stage, ends = DirectStage(seed, venue=venue, keeps=True), {}

    async def main() -> None:
        ends.update(await _some_trading(stage))

    stage.run(main)
    return stage, ends


def test_a_connector_becomes_ready_places_fills_and_cancels() -> None:
    stage, ends = _told(1)
    assert list(ends.values()) == [OrderState.FILLED, OrderState.CANCELED] * 2
    assert stage.kernel.complaints == []


def test_the_same_seed_tells_the_same_story() -> None:
    one, other, third = (_told(seed)[0].kernel.trace for seed in (3, 3, 4))
    assert one.digest() == other.digest() != third.digest()
    assert [(mark.time, mark.text) for mark in one.marks] == [(mark.time, mark.text) for mark in other.marks]


def test_no_secret_no_key_and_no_signature_gets_into_the_trace() -> None:
    stage, _ = _told(1)
    shown = "\n".join(f"{mark.text} {mark.detail}" for mark in stage.kernel.trace.marks)
    said = stage.customer.credentials()
    assert "signature=***" in shown
    assert '"signature":"***"' in shown
    assert said["api_key"] not in shown
    assert said["api_secret"] not in shown


def test_a_stream_that_tells_before_the_answer_comes_is_relied_on() -> None:
    stage = DirectStage(2)

    async def main() -> None:
        exchange = stage.connector(BTC)
        async with exchange:
            for _ in range(6):
                price = exchange.get_mid_price(BTC) * Decimal("0.98")
                order_id = exchange.buy(BTC, Decimal("0.01"), OrderType.LIMIT, price)
                await asyncio.sleep(3.0)
                exchange.cancel(BTC, order_id)
                await asyncio.sleep(17.0)

    stage.run(main)
    # Market data, orders, and the account's stream: none of them was replaced.
    assert stage.kernel.trace.counts[f"{Lane.WIRE.value} connect"] == 3
