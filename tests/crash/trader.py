"""A process that trades as wildly as it can until it is killed, or that sets an account in order.

python -m tests.crash.trader ORDERS, where ORDERS is a `Task` as JSON. The credentials are in the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from tests.crash.trap import Moment, Trap, TrappedDisk, TrappedTransport

from venuekit import errors
from venuekit.connector.account import AccountOptions
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.order_poll import PollPolicy
from venuekit.connector.registry import connector_class, find_setting
from venuekit.connector.trading_policy import OrderEntry, TradingPolicy
from venuekit.model.events import (
    ORDER_EVENT_TAGS,
    ConnectorEvent,
    OrderFilledEvent,
)
from venuekit.model.order import OrderType, TimeInForce
from venuekit.protocol.frozen import Frozen
from venuekit.sim.account_comparison import ENDS, Standing, standing_of
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.web.auth import Credentials

__all__ = ["PAIRS", "Account", "Ended", "Filled", "Ready", "Said", "Task"]

PAIRS = ("BTC-USDT", "ETH-USDT")
_AMOUNTS = {"BTC-USDT": Decimal("0.001"), "ETH-USDT": Decimal("0.02")}
_TICKS = Decimal("0.01")
_MOST_OPEN = 12
_PATIENCE = 90.0
"""Seconds in which an account must come to rest; the longest fence takes 20 of them."""


class Task(Frozen):
    """What one run has to do. `fence` replaces times of the venue's fence, seconds by name.

    Without a `moment` it runs until somebody kills it. With `settles` it cancels everything, waits until
    nothing is in doubt, tells how the account stands, and ends by itself.
    """

    journals: str
    url: str
    seed: int
    fence: dict[str, float] = {}
    rest_only: bool = False
    settles: bool = False
    moment: Moment | None = None
    times: int = 1


class Ready(Frozen, tag=True):
    """It was ready `seconds` after its start: so many orders were open, so many of them in doubt.

    `unbounded` are those in doubt without a bound, `latest` the longest time until a doubt can be settled.
    """

    seconds: float
    open: int
    in_doubt: int
    unbounded: list[str]
    latest: float


class Filled(Frozen, tag=True):
    """A listener heard of a fill."""

    trading_pair: str
    trade_id: str
    order_id: str


class Ended(Frozen, tag=True):
    """A listener heard that an order is over."""

    order_id: str
    event: str


class Account(Frozen, tag=True):
    """How the account stands in the end. `differences` are what a comparison with the venue still found.

    `doubted_for` is how long the last doubt lasted, seconds after the start.
    """

    orders: dict[str, Standing]
    balances: dict[str, tuple[Decimal, Decimal]]
    differences: list[str]
    doubted_for: float


Said = Ready | Filled | Ended | Account


def say(what: Said) -> None:
    """One line on stdout, with the system before the next step."""
    os.write(1, msgspec.json.encode(what) + b"\n")


def listen(event: ConnectorEvent) -> None:
    """Tell of what must be heard at most once."""
    if isinstance(event, OrderFilledEvent):
        fill = Filled(
            trading_pair=event.trading_pair, trade_id=event.exchange_trade_id, order_id=event.order_id
        )
        say(fill)
    elif isinstance(event, ENDS):
        say(Ended(order_id=event.order_id, event=type(event).__name__))


def connector(task: Task) -> ExchangeBase:
    """The real one, with traps in its disk and its network, and a fence that a test can wait for."""
    known = connector_class("binance")
    fence = msgspec.structs.replace(known.fence, **task.fence)
    kind: type[ExchangeBase] = type(known.__name__, (known,), {"fence": fence})
    trap = Trap(task.moment, task.times)
    return kind(
        PAIRS,
        setting=find_setting("binance@emulator", task.url),
        ready_within=_PATIENCE,
        transport=TrappedTransport(trap),
        credentials=Credentials.from_environment("binance"),
        account=AccountOptions(journals=Path(task.journals), disk=TrappedDisk(trap)),
        receive_window=fence.receive_window,
        trading=TradingPolicy(
            order_entry=OrderEntry.REST if task.rest_only else OrderEntry.AUTO,
            poll=PollPolicy(interval=2.0, interval_unheard=0.5),
        ),
    )


def ready(exchange: ExchangeBase, seconds: float) -> Ready:
    """How it stood when it was ready."""
    now = exchange.venue_time()
    doubts = {name: order.doubt for name, order in exchange.in_flight_orders.items() if order.doubt}
    bounds = [doubt.settles_at for doubt in doubts.values() if doubt.settles_at is not None]
    return Ready(
        seconds=seconds,
        open=len(exchange.in_flight_orders),
        in_doubt=len(doubts),
        unbounded=[name for name, doubt in doubts.items() if doubt.settles_at is None],
        latest=max((bound - now for bound in bounds), default=0.0),
    )


class Trader:
    """Does one thing after the other, drawn from a seed."""

    def __init__(self, exchange: ExchangeBase, chance: Random) -> None:
        self._exchange = exchange
        self._chance = chance
        self._sweep: asyncio.Future[Any] | None = None
        self._steps: Sequence[tuple[int, Callable[[], Any]]] = (
            (30, self._quote),
            (12, self._take),
            (8, self._market),
            (4, self._market_by_quote),
            (25, self._cancel),
            (10, self._amend),
            (3, self._take_back),
            (2, self._cancel_all),
        )

    async def run(self) -> None:
        """Trade until killed."""
        weights = [weight for weight, _ in self._steps]
        while True:
            _, step = self._chance.choices(self._steps, weights)[0]
            with suppress(errors.NotReady, errors.UsageError):  # no live book, or the order is just over
                step()
            await asyncio.sleep(self._chance.uniform(0.0, 0.03))

    def _quote(self) -> None:
        if len(self._exchange.in_flight_orders) >= _MOST_OPEN:
            self._cancel()
            return
        is_maker = self._chance.random() < 0.3
        self._limit(
            OrderType.LIMIT_MAKER if is_maker else OrderType.LIMIT, away=self._chance.choice((1, 3, 300))
        )

    def _take(self) -> None:
        terms = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
        self._limit(OrderType.LIMIT, away=-5, time_in_force=self._chance.choice(terms))

    def _market(self) -> None:
        pair = self._chance.choice(PAIRS)
        self._side()(pair, _AMOUNTS[pair], OrderType.MARKET)

    def _market_by_quote(self) -> None:
        self._side()(self._chance.choice(PAIRS), None, OrderType.MARKET, quote_amount=Decimal(25))

    def _cancel(self) -> None:
        order = self._some_order()
        if order is not None:
            self._exchange.cancel(order.trading_pair, order.client_order_id)

    def _amend(self) -> None:
        order = self._some_order()
        if order is not None and order.amount is not None:
            self._exchange.amend(
                order.trading_pair, order.client_order_id, order.amount * Decimal("0.8"), order.price
            )

    def _take_back(self) -> None:
        """Order, and think better of it at once."""
        order_id = self._limit(OrderType.LIMIT, away=2)
        self._exchange.cancel("", order_id)

    def _cancel_all(self) -> None:
        self._sweep = asyncio.ensure_future(self._exchange.cancel_all(2.0))

    def _limit(self, kind: OrderType, away: int, **terms: Any) -> str:
        """An order so many ticks behind the best of its own side; beyond the other side where negative."""
        pair, is_buy = self._chance.choice(PAIRS), self._chance.random() < 0.5
        best = self._exchange.get_price(pair, is_buy if away < 0 else not is_buy)
        distance = _TICKS * away
        price = best - distance if is_buy else best + distance
        amount = _AMOUNTS[pair] * self._chance.randint(1, 5)
        command = self._exchange.buy if is_buy else self._exchange.sell
        return command(pair, amount, kind, price, **terms)

    def _side(self) -> Callable[..., str]:
        return self._chance.choice((self._exchange.buy, self._exchange.sell))

    def _some_order(self) -> InFlightOrder | None:
        orders = list(self._exchange.in_flight_orders.values())
        return self._chance.choice(orders) if orders else None


async def settle(exchange: ExchangeBase) -> Account:
    """Cancel everything and wait for the end of every doubt; how the account stands then."""
    began = time.monotonic()
    async with asyncio.timeout(_PATIENCE):
        while exchange.in_flight_orders or any(
            order.is_short_of_fills for order in exchange.trading.orders.all_orders.values()
        ):
            await exchange.cancel_all(1.0)
            await asyncio.sleep(0.02)
    doubted_for = time.monotonic() - began
    await exchange.reconcile()
    differences = await exchange.reconcile(dry_run=True)
    return Account(
        orders={name: standing_of(order) for name, order in exchange.trading.orders.all_orders.items()},
        balances={
            asset: (exchange.get_balance(asset), exchange.get_available_balance(asset))
            for asset in exchange.get_all_balances()
        },
        differences=[str(difference) for difference in differences],
        doubted_for=doubted_for,
    )


async def main(task: Task) -> None:
    began = time.monotonic()
    exchange = connector(task)
    for tag in ORDER_EVENT_TAGS.values():
        exchange.add_listener(tag, listen)
    async with exchange:
        say(ready(exchange, time.monotonic() - began))
        if not task.settles:
            await Trader(exchange, Random(task.seed)).run()
        say(await settle(exchange))


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Task)))
