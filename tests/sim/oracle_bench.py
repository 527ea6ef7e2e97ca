"""A calm world with a script for a strategy, which may lie to the oracle or spoil what it looks at."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

import venuekit
from venuekit.connector.account import AccountOptions
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.order_poll import PollPolicy
from venuekit.connector.trading_policy import AtStop, OrderEntry, TradingPolicy
from venuekit.emulator.order import OrderKind, OrderRequest
from venuekit.journal.writer import Durability
from venuekit.model.order import OrderType
from venuekit.sim.options import Profile, Weather, options_of
from venuekit.sim.oracle import Oracle
from venuekit.sim.scene import Life, Patience
from venuekit.sim.stage import Stage
from venuekit.sim.world import World
from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["BTC", "Bench", "Script"]

BTC = "BTC-USDT"
_POLL = 3.0


class Bench:
    """A world of one trader and nothing that goes wrong, in which a script is the strategy.

    The script runs from the moment at which the connector is ready. Then all is healed, and the world comes
    to rest: open orders are taken back, unless `keeps_orders`.
    """

    def __init__(
        self,
        script: Script,
        *,
        seconds: float = 10.0,
        patience: dict[str, float] | None = None,
        keeps_orders: bool = False,
    ) -> None:
        options = msgspec.structs.replace(
            options_of(5, weather=Weather.CALM, profile=Profile.DIRECT, seconds=seconds),
            pairs=(BTC,),
            rate=5.0,
            latency=0.01,
            skew=0.0,
            drift=0.0,
            shuffles=0.0,
            poll_interval=_POLL,
            durability=Durability.PROCESS,
            order_entry=OrderEntry.AUTO,
            at_stop=AtStop.LEAVE,
            healing=60.0,
        )
        self._script = script
        self._keeps_orders = keeps_orders
        self._stage: Stage | None = None
        self.exchange: ExchangeBase
        self.has_run = False
        self.world = World(options, (), strategy=self._live)
        scene = self.oracle.scene
        scene.patience = msgspec.structs.replace(Patience(), answers=2.0, **(patience or {}))

    @property
    def oracle(self) -> Oracle:
        return self.world.oracle

    @property
    def life(self) -> Life:
        life = self.oracle.scene.present
        assert life is not None
        return life

    def run(self) -> list[str]:
        """Let it all happen; every violation in words."""
        kernel = self.world.kernel
        try:
            self.world.run()
            assert self.has_run, kernel.complaints
            assert not kernel.complaints
            return [str(violation) for violation in self.oracle.violations]
        finally:
            kernel.end()

    async def _live(self, stage: Stage) -> None:
        policy = TradingPolicy(
            poll=PollPolicy(interval=_POLL), balance_interval=_POLL, balance_interval_estimated=_POLL
        )
        while not stage.mood.ends:
            self.exchange = venuekit.connect(
                stage.venue,
                [BTC],
                url=stage.url,
                credentials=stage.credentials,
                account=AccountOptions(journals=Path("/journals")),
                trading=policy,
            )
            async with self.exchange:
                if not self.has_run:
                    await self._script(self)
                    self.has_run = True
                while not self._is_over(stage):
                    if stage.mood.is_calm and not self._keeps_orders:
                        for order in self.exchange.in_flight_orders.values():
                            self.exchange.cancel(order.trading_pair, order.client_order_id)
                    await asyncio.sleep(1.0)
            if stage.mood.pauses:
                stage.mood.pauses.pop()

    def _is_over(self, stage: Stage) -> bool:
        """Whether the connector is to be stopped."""
        return stage.mood.ends or bool(stage.mood.pauses)

    # What scripts do.

    async def rest(self, amount: str = "0.01", *, seconds: float = 0.5) -> InFlightOrder:
        """A bid far from the market, once it rests."""
        price = self.exchange.get_mid_price(BTC) * Decimal("0.97")
        return await self._placed(self.exchange.buy(BTC, Decimal(amount), OrderType.LIMIT, price), seconds)

    async def take(self, amount: str = "0.001", *, seconds: float = 0.5) -> InFlightOrder:
        """An order that is filled at once."""
        return await self._placed(self.exchange.sell(BTC, Decimal(amount), OrderType.MARKET), seconds)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that comes by itself."""
        while not is_so():  # noqa: ASYNC110 - it is of the world outside
            await asyncio.sleep(0.005)

    async def _placed(self, client_id: str, seconds: float) -> InFlightOrder:
        await asyncio.sleep(seconds)
        order = self.exchange.get_order(client_id)
        assert order is not None
        return order

    def hears(self, event: Any) -> None:
        """Let the oracle believe that a listener was told."""
        self.oracle.heard(self.life.number, event)

    def restart(self) -> None:
        """Let the strategy stop its connector, and go on with another."""
        self.world.mood.pauses.append(0.0)

    def place_at_venue(self, client_id: str) -> None:
        """Let an order of the account appear at the venue that no request of ours asked for."""
        dialect = self.world.dialect
        (market,) = dialect.markets.values()
        request = OrderRequest(
            account=self.world.customer.name,
            is_buy=True,
            kind=OrderKind.LIMIT,
            amount=Decimal("0.01"),
            price=Decimal(market.snapshot(1).bids[0][0]) - 500,
            client_order_id=client_id,
        )
        dialect.place_by_hand(request, market.symbol, self.world.kernel.wall)

    def cancel_at_venue(self, order: InFlightOrder, command_id: str = "") -> None:
        """Let the venue end an order."""
        desk = self.world.dialect.desk
        desk.cancel(BTC, int(order.exchange_order_id or 0), self.world.kernel.wall, command_id)

    @property
    def journal(self) -> Path:
        """Where the account's journal lies."""
        return self.exchange.trading.account.journal.path

    def log(self, level: int, text: str, **how: Any) -> None:
        """Log something as the package does."""
        logging.getLogger("venuekit").log(level, text, **how)


Script = Callable[[Bench], Awaitable[None]]
