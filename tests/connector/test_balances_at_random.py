"""Some hundred steps of an account, drawn from a seed: after each one the estimate is the ledger."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from tests.connector.emulated import BTC, ETH, until
from tests.connector.money import ESTIMATED, Purse, fees, move, purse
from tests.connector.trading import WAIT, floor

from venuekit.model.order import OrderType, TimeInForce
from venuekit.state.in_flight_order import InFlightOrder

STEPS = 200
SIZES = {BTC: Decimal("0.00001"), ETH: Decimal("0.0001")}
NEAR, MOST_OPEN = Decimal("0.004"), 6
"""How far from the middle orders rest: nobody comes there within a minute but whom a test sends."""


class Fate:
    """Draws what happens next, and lets it happen."""

    def __init__(self, money: Purse, seed: int) -> None:
        self.money = money
        self.desk = money.desk
        self.drawn = random.Random(seed)
        self.taken: list[str] = []

    async def step(self) -> None:
        """One thing happens, at times while a poll is on its way."""
        await self._surrounded(self.drawn.choice(self._possible()))

    def _possible(self) -> list[Callable[[], Awaitable[None]]]:
        possible: list[Callable[[], Awaitable[None]]] = [
            self.take,
            self.take_by_quote,
            self.take_at_once,
            self.move,
            self.charge,
            self.ask,
        ]
        opened = self.opened()
        if len(opened) < MOST_OPEN:
            possible += [self.rest] * 5
        if opened:
            possible += [self.fill, self.fill, self.fill, self.fill_whole, self.cancel, self.amend]
        return possible

    async def _surrounded(self, happening: Callable[[], Awaitable[None]]) -> None:
        way = self.drawn.choice([None] * 8 + [self.money.slow_answer, self.money.slow_question])
        self.taken.append(happening.__name__ if way is None else f"{way.__name__}: {happening.__name__}")
        if way is None or happening == self.ask:
            await happening()
            await self.money.agrees()
            return
        async with way():
            await happening()
            await self.money.agrees_on_orders()
        await self.money.desk.exchange.server_time()
        assert self.money.excesses() == []
        await self.ask()
        await self.money.agrees()

    # --- what may happen

    async def rest(self) -> None:
        pair, is_buy = self.drawn.choice(list(SIZES)), self.drawn.random() < 0.5
        price = self.best(pair, is_bid=is_buy) * (1 - NEAR if is_buy else 1 + NEAR)
        kind = self.drawn.choice([OrderType.LIMIT, OrderType.LIMIT_MAKER])
        place = self.desk.exchange.buy if is_buy else self.desk.exchange.sell
        await self.heard(place(pair, self.amount(pair), kind, price))

    async def take(self) -> None:
        pair = self.drawn.choice(list(SIZES))
        place = self.drawn.choice([self.desk.exchange.buy, self.desk.exchange.sell])
        await self.heard(place(pair, self.amount(pair), OrderType.MARKET))

    async def take_by_quote(self) -> None:
        place = self.drawn.choice([self.desk.exchange.buy, self.desk.exchange.sell])
        cents = Decimal(self.drawn.randint(10_00, 900_00)) / 100
        await self.heard(place(BTC, None, OrderType.MARKET, quote_amount=cents))

    async def take_at_once(self) -> None:
        expiry = self.drawn.choice([TimeInForce.IOC, TimeInForce.FOK])
        price = self.best(BTC, is_bid=False)
        await self.heard(
            self.desk.exchange.buy(BTC, self.amount(BTC) * 10, OrderType.LIMIT, price, time_in_force=expiry)
        )

    async def fill(self) -> None:
        order = self.drawn.choice(self.opened())
        left = order.amount - order.executed_amount_base
        step = SIZES[order.trading_pair]
        lots = int(left / step)
        self.desk.floor.fill(order, str(self.drawn.randint(1, lots) * step))

    async def fill_whole(self) -> None:
        order = self.drawn.choice(self.opened())
        self.desk.floor.fill(order, str(order.amount - order.executed_amount_base))

    async def cancel(self) -> None:
        order = self.drawn.choice(self.opened())
        self.desk.exchange.cancel(order.trading_pair, order.client_order_id)
        await until(lambda: order.is_done, "the cancel", WAIT)

    async def amend(self) -> None:
        order = self.drawn.choice(self.opened())
        step = SIZES[order.trading_pair]
        smaller = order.amount - step * self.drawn.randint(1, 9)
        if smaller > order.executed_amount_base + 10 * step:
            self.desk.exchange.amend(order.trading_pair, order.client_order_id, smaller)
            await until(lambda: order.amount == smaller, lambda: f"{order} to be {smaller}", WAIT)
            await until(lambda: not self.desk.exchange.trading.desk.under_way, "the answer", WAIT)

    async def move(self) -> None:
        way = self.drawn.choice(["deposit", "withdraw"])
        asset = self.drawn.choice(["BTC", "ETH", "BNB", "USDT"])
        before = self.money.ours[asset][0]
        move(self.desk.floor, way, asset, str(Decimal(self.drawn.randint(1, 10**6)) / 10**8))
        await until(lambda: self.money.ours[asset][0] != before, f"the {way} of {asset}", WAIT)

    async def charge(self) -> None:
        plan = self.drawn.choice([{}, {"token": "BNB", "discount": "0.25"}])
        fees(self.desk.floor, self.drawn.choice(["0", "0.00075", "0.001"]), **plan)

    async def ask(self) -> None:
        await self.money.ask()

    # --- details

    def opened(self) -> list[InFlightOrder]:
        return [order for order in self.desk.exchange.in_flight_orders.values() if order.is_open]

    def best(self, pair: str, *, is_bid: bool) -> Decimal:
        """By the venue's book: ours may have to be asked for anew when many levels were taken."""
        _, bids, asks = self.desk.floor.venue.truth(pair)
        return Decimal((bids if is_bid else asks)[0][0])

    def amount(self, pair: str) -> Decimal:
        # 0.001 BTC and 0.02 ETH are worth some 50 USDT, ten times the least that may be traded.
        least = {BTC: 100, ETH: 200}[pair]
        return SIZES[pair] * self.drawn.randint(least, 20 * least)

    async def heard(self, order_id: str) -> None:
        order = self.desk.order(order_id)
        await until(lambda: not order.is_pending_create, lambda: f"{order} to be heard of", WAIT)


@asynccontextmanager
async def fate(folder: Path, seed: int) -> AsyncIterator[Fate]:
    async with floor(folder) as at, purse(at, BTC, ETH, facts=ESTIMATED) as money:
        yield Fate(money, seed)


@pytest.mark.parametrize("seed", [1])
async def test_after_each_of_many_drawn_steps_the_estimate_is_the_ledger(tmp_path: Path, seed: int) -> None:
    async with fate(tmp_path, seed) as drawn:
        for _ in range(STEPS):
            await drawn.step()
        assert any(name.startswith("slow") for name in drawn.taken)
        assert len(drawn.desk.floor.fills()) > STEPS / 8
