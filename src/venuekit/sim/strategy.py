"""The standard strategy of a world: it does everything that a connector can be asked for, at random."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import venuekit
from venuekit import errors
from venuekit.connector.account import AccountOptions
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.order_poll import PollPolicy
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.model.order import OrderType, TimeInForce
from venuekit.sim.stage import Stage
from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["standard_strategy"]

_JOURNALS = Path("/journals")
_MOST_OPEN = 8
_READY_WITHIN = 60.0
_AGAIN = 2.0
"""Seconds after which a connector that could not start, or whose journal failed, is made anew."""
_BUDGET = Decimal(40)
"""What an order is worth, about, in quote: eight of them are a small part of what the account has."""


async def standard_strategy(stage: Stage) -> None:
    """Trade at random until the world has had enough."""
    await _StandardStrategy(stage).run()


class _StandardStrategy:
    """One life of it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._options = stage.options
        self._chance = stage.chance
        self._mood = stage.mood
        self._calls: set[asyncio.Task[Any]] = set()
        self._steps: Sequence[tuple[int, Callable[[ExchangeBase], None]]] = (
            (30, self._quote),
            (12, self._take),
            (8, self._market),
            (3, self._market_by_quote),
            (25, self._cancel),
            (10, self._amend),
            (4, self._take_back),
            (3, self._conditional),
            (3, self._burst),
            (2, self._cancel_all),
            (4, self._ask),
        )

    async def run(self) -> None:
        """Trade until the world has had enough; begin anew whenever a connector gives up."""
        while not self._mood.ends:
            exchange = self._connector()
            try:
                async with exchange:
                    pause = await self._trade(exchange)
            except errors.VenuekitError:
                pause = _AGAIN
            if not self._mood.ends:
                await asyncio.sleep(pause)

    def _connector(self) -> ExchangeBase:
        options = self._options
        return venuekit.connect(
            self._stage.venue,
            options.pairs,
            url=self._stage.url,
            credentials=self._stage.credentials,
            ready_within=_READY_WITHIN,
            account=AccountOptions(journals=_JOURNALS, durability=options.durability),
            trading=TradingPolicy(
                order_entry=options.order_entry,
                at_stop=options.at_stop,
                poll=PollPolicy(interval=options.poll_interval),
                balance_interval=options.poll_interval,
            ),
        )

    async def _trade(self, exchange: ExchangeBase) -> float:
        """Act until the connector is to be stopped; for how many seconds."""
        weights = [weight for weight, _ in self._steps]
        while not self._mood.ends:
            if self._mood.pauses:
                return self._mood.pauses.pop()
            if self._mood.is_calm:
                self._tidy(exchange)
                await asyncio.sleep(1.0)
                continue
            _, step = self._chance.choices(self._steps, weights)[0]
            try:
                step(exchange)
            except errors.JournalUnusable:
                return _AGAIN
            except (errors.NotReady, errors.UsageError):
                pass  # no live book, nothing taken up yet, or the order is just over
            await asyncio.sleep(self._chance.expovariate(1.0 / self._options.pause))
        return 0.0

    def _tidy(self, exchange: ExchangeBase) -> None:
        """Take back every order, until there is none."""
        for order in exchange.in_flight_orders.values():
            if not order.doubt:
                exchange.cancel(order.trading_pair, order.client_order_id)

    # Steps.

    def _quote(self, exchange: ExchangeBase) -> None:
        if len(exchange.in_flight_orders) >= _MOST_OPEN:
            self._cancel(exchange)
            return
        is_maker = self._chance.random() < 0.3
        kind = OrderType.LIMIT_MAKER if is_maker else OrderType.LIMIT
        self._limit(exchange, kind, away=self._chance.choice((1, 3, 30, 300)))

    def _take(self, exchange: ExchangeBase) -> None:
        terms = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
        self._limit(exchange, OrderType.LIMIT, away=-20, time_in_force=self._chance.choice(terms))

    def _market(self, exchange: ExchangeBase) -> None:
        pair = self._chance.choice(self._options.pairs)
        self._side(exchange)(pair, self._amount(exchange, pair), OrderType.MARKET)

    def _market_by_quote(self, exchange: ExchangeBase) -> None:
        pair = self._chance.choice(self._options.pairs)
        self._side(exchange)(pair, None, OrderType.MARKET, quote_amount=Decimal(25))

    def _conditional(self, exchange: ExchangeBase) -> None:
        """An order that waits for a price: near enough to be touched at times, and at times never."""
        if not exchange.has_triggers:
            return
        pair, is_buy = self._chance.choice(self._options.pairs), self._chance.random() < 0.5
        step = exchange.trading_rules[pair].min_price_increment
        price, away = exchange.get_price(pair, is_buy), self._chance.choice((-2000, -20, 20, 2000))
        command = exchange.buy if is_buy else exchange.sell
        trigger = price + step * away
        limit = trigger + step * (50 if is_buy else -50)
        is_market = self._chance.random() < 0.3
        kind = OrderType.MARKET if is_market else OrderType.LIMIT
        command(pair, self._amount(exchange, pair), kind, None if is_market else limit, trigger_price=trigger)

    def _cancel(self, exchange: ExchangeBase) -> None:
        order = self._some_order(exchange)
        if order is not None:
            exchange.cancel(order.trading_pair, order.client_order_id)

    def _amend(self, exchange: ExchangeBase) -> None:
        order = self._some_order(exchange)
        if order is not None and order.amount is not None:
            exchange.amend(
                order.trading_pair, order.client_order_id, order.amount * Decimal("0.8"), order.price
            )

    def _take_back(self, exchange: ExchangeBase) -> None:
        """Order, and think better of it at once."""
        exchange.cancel("", self._limit(exchange, OrderType.LIMIT, away=2))

    def _burst(self, exchange: ExchangeBase) -> None:
        for _ in range(self._chance.randint(2, 6)):
            self._quote(exchange)

    def _cancel_all(self, exchange: ExchangeBase) -> None:
        self._call(exchange.cancel_all(5.0))

    def _ask(self, exchange: ExchangeBase) -> None:
        self._call(exchange.reconcile())

    # Parts.

    def _call(self, call: Any) -> None:
        """Wait for something beside the trading, or give it up."""
        share, seconds = self._mood.gives_up
        patience = self._chance.uniform(0.0, seconds) if self._chance.random() < share else None
        task = asyncio.ensure_future(_within(call, patience))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    def _limit(self, exchange: ExchangeBase, kind: OrderType, away: int, **terms: Any) -> str:
        """An order so many ticks behind the best of its own side; beyond the other side where negative."""
        pair, is_buy = self._chance.choice(self._options.pairs), self._chance.random() < 0.5
        best = exchange.get_price(pair, is_buy if away < 0 else not is_buy)
        distance = exchange.trading_rules[pair].min_price_increment * away
        price = best - distance if is_buy else best + distance
        command = exchange.buy if is_buy else exchange.sell
        return command(pair, self._amount(exchange, pair), kind, price, **terms)

    def _amount(self, exchange: ExchangeBase, pair: str) -> Decimal:
        price = exchange.get_price(pair, True)
        return _BUDGET * self._chance.randint(1, 5) / price

    def _side(self, exchange: ExchangeBase) -> Callable[..., str]:
        return self._chance.choice((exchange.buy, exchange.sell))

    def _some_order(self, exchange: ExchangeBase) -> InFlightOrder | None:
        orders = list(exchange.in_flight_orders.values())
        return self._chance.choice(orders) if orders else None


async def _within(call: Any, seconds: float | None) -> None:
    """Wait for something, so many seconds at most; what it raises by design is not looked at."""
    try:
        async with asyncio.timeout(seconds):
            await call
    except (errors.VenuekitError, TimeoutError):
        return
