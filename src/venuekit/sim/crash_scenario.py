"""The scenario that is cut off: two lives that trade, and a last one that puts the account in order."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from venuekit.connector.account import AccountOptions
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.registry import connector_class, find_setting
from venuekit.connector.trading_policy import OrderEntry, TradingPolicy
from venuekit.emulator.accounts import Customer
from venuekit.emulator.answer import Request
from venuekit.emulator.control import PREFIX, control
from venuekit.emulator.factory import dialect_class, make_dialect
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS
from venuekit.journal import reader
from venuekit.journal.inspection import verify
from venuekit.journal.reader import Entry
from venuekit.journal.writer import Durability
from venuekit.model.events import ORDER_EVENT_TAGS, ConnectorEvent
from venuekit.model.order import OrderType, TimeInForce
from venuekit.protocol.frozen import Frozen
from venuekit.seams.fault_point import FaultPoint
from venuekit.sim import account_comparison as compare
from venuekit.sim.account_comparison import Standing, standing_of
from venuekit.sim.crash_trap import Trap, TrappedDisk, TrappedTransport, trapped
from venuekit.sim.direct import DirectNetwork, DirectVenue
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel
from venuekit.sim.oracle import Oracle
from venuekit.sim.replacement import replaced
from venuekit.sim.world import credentials_of
from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["Outcome", "Scenario", "play"]

_PREFIX = "crashpoint"
"""Begins all our order ids, and stands in every frame that names one of our orders."""
_JOURNALS = Path("/journals")
_READY_WITHIN = 60.0
_REST_WITHIN = 180.0
"""Seconds in which an account must come to rest: the fence of 17, twice, and the pauses between questions."""
_PAUSE = 0.12
"""Seconds between two actions: some ten times as long as a round trip."""
_ON_ITS_WAY = 0.004
"""Seconds after which a command has left, and its answer has not come."""
_BUDGET = Decimal(60)
_LIFE = 20.0
"""Seconds that no life of the scenario takes."""


class Scenario(Frozen):
    """What makes two runs the same.

    `rotates` is the share of the records that begin a new journal file, `lag` how many seconds the venue's
    answers to questions for orders are behind the truth, `rate` how many orders others place in a second.
    """

    seed: int = 1
    venue: str = "binance"
    trading_pair: str = "BTC-USDT"
    durability: Durability = Durability.PROCESS
    order_entry: OrderEntry = OrderEntry.AUTO
    rotates: float = 0.02
    lag: float = 0.0
    rate: float = 5.0


class Outcome(Frozen):
    """How a run ended: everything in which the account differs from the venue, and some figures."""

    complaints: tuple[str, ...]
    orders: int
    fills: int
    lives: int
    seconds: float


class Account(Frozen):
    """How the last life left the account: its orders by our ids, its balances in total and free."""

    orders: Mapping[str, Standing]
    balances: Mapping[str, tuple[Decimal, Decimal]]
    differences: tuple[str, ...]


def play(scenario: Scenario, trap: Trap) -> Outcome:
    """Run the scenario, cut off where the trap says, and compare the account with the venue."""
    kernel = Kernel(scenario.seed)
    gc.freeze()  # the end of a world looks through everything that it might have left
    try:
        return _played(kernel, scenario, trap)
    finally:
        kernel.end()
        gc.unfreeze()


def _played(kernel: Kernel, scenario: Scenario, trap: Trap) -> Outcome:
    stage = Stage(kernel, scenario, trap)
    with replaced(kernel), _logging_to(stage):
        stage.run()
    return stage.outcome()


@contextmanager
def _logging_to(stage: Stage) -> Iterator[None]:
    """Errors that are logged are complaints; nothing else of the log is wanted."""
    logger, handler = logging.getLogger("venuekit"), _Complainer(stage)
    propagates = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


class _Complainer(logging.Handler):
    def __init__(self, stage: Stage) -> None:
        super().__init__(logging.ERROR)
        self._stage = stage

    def emit(self, record: logging.LogRecord) -> None:
        if self._stage.trader.is_alive:
            self._stage.failures.append(f"life {self._stage.trader.life} logged: {record.getMessage()}")


class Stage:
    """A venue, a trader on its host, and what the trader's lives said."""

    def __init__(self, kernel: Kernel, scenario: Scenario, trap: Trap) -> None:
        self.kernel = kernel
        self.scenario = scenario
        self.trap = trap
        self.kernel.fault_points[FaultPoint.JOURNAL_ROTATES] = scenario.rotates
        self.dialect = make_dialect(
            trapped(dialect_class(scenario.venue), trap),
            seed=scenario.seed,
            instruments=[each for each in DEFAULT_INSTRUMENTS if each.trading_pair == scenario.trading_pair],
            start_time=self.kernel.start,
            rate=scenario.rate,
        )
        if scenario.lag:
            for kind in (FaultKind.LAGGING_ORDERS, FaultKind.STALE_OPEN_ORDERS):
                self.dialect.faults.add(Fault(kind=kind, seconds=scenario.lag, times=None))
        self.customer: Customer = next(iter(self.dialect.customers.values()))
        self.network = DirectNetwork(self.kernel)
        Host(self.kernel, "venue")
        self.network.add(DirectVenue(self.kernel, self.dialect))
        self.trader = Host(self.kernel, "trader")
        self.disk = TrappedDisk.of(self.trader)
        self.disk.trap = trap
        self.oracle = Oracle(
            self.dialect,
            account=self.customer.name,
            clock=lambda: kernel.now,
            wall=lambda: kernel.wall,
            disk=self.disk,
        )
        kernel.after_step.append(lambda: self.oracle.step(kernel.now))
        self.trader.ended.append(self._ended)
        trap.watch(self.trader)
        self._kind = connector_class(scenario.venue)
        self._setting = find_setting(f"{scenario.venue}@emulator", "https://venue:443")
        self.heard: list[ConnectorEvent] = []
        self.failures: list[str] = []
        self.account: Account | None = None

    # Lives.

    def run(self) -> None:
        """Trade, be killed, trade on, be stopped; or be cut off where the trap says. Then come to rest."""
        for life in (first_life, second_life):
            self._live(life, _LIFE)
            if self.trap.sprung or self.failures:
                break
            self.trader.kill()
        self.oracle.healed()
        while self.account is None and not self.failures:  # it can be cut off while it comes to rest
            self._live(settle, _READY_WITHIN + _REST_WITHIN)
        self.oracle.end()

    def _live(self, life: Life, within: float) -> None:
        """One life of the trader, until its program is over, or it is cut off."""
        is_over = False

        async def main() -> None:
            nonlocal is_over
            async with self._connector() as exchange:
                await life(self, exchange)
                if life is first_life:
                    is_over = True
                    await asyncio.get_running_loop().create_future()

        trader = self.trader
        task = trader.start(main)
        ends = self.kernel.run_until(lambda: is_over or task.done() or not trader.is_alive, within)
        if not ends:
            self.failures.append(f"life {trader.life} did not come to its end in {within:g} s")
        elif task.done() and trader.is_alive:
            error = task.exception()
            if error is not None:
                self.failures.append(f"life {trader.life} failed: {error!r}")
            trader.leave()

    def _connector(self) -> ExchangeBase:
        scenario = self.scenario
        exchange = self._kind(
            [scenario.trading_pair],
            setting=self._setting,
            credentials=credentials_of(self.customer),
            ready_within=_READY_WITHIN,
            transport=TrappedTransport(self.network, self.trap, _PREFIX.encode()),
            account=AccountOptions(
                journals=_JOURNALS,
                durability=scenario.durability,
                client_id_prefix=_PREFIX,
                disk=self.disk,
            ),
            trading=TradingPolicy(order_entry=scenario.order_entry),
        )
        self.oracle.born(self.trader.life, exchange)
        for tag in ORDER_EVENT_TAGS.values():
            exchange.add_listener(tag, self._hear)
        return exchange

    def _hear(self, event: ConnectorEvent) -> None:
        if self.trader.is_alive:
            self.heard.append(event)

    def _ended(self, power: bool) -> None:
        """What was told and not synced is forgotten with the power, and may be told once more."""
        self.oracle.died(self.trader.life, is_power_lost=power)
        if power:
            entries = self._entries()
            self.heard = [event for event in self.heard if compare.is_remembered(event, entries)]

    def _entries(self) -> list[Entry]:
        return [
            entry
            for path in self.disk.files
            if path.suffix == ".journal"
            for entry in reader.entries_since(path, disk=self.disk)
        ]

    # What others do.

    def fill(self, order: InFlightOrder, share: str) -> None:
        """Somebody trades with a part of an order, through whatever stands before it."""
        amount = order.amount or Decimal(0)
        said = {
            "symbol": next(iter(self.dialect.markets)),
            "fills": int(order.exchange_order_id or 0),
            "amount": str(amount * Decimal(share)),
        }
        request = Request(method="POST", path=f"{PREFIX}order", body=msgspec.json.encode(said))
        control(self.dialect, request, self.kernel.wall)

    # The end.

    def complaints(self) -> Iterator[str]:
        """Everything in which the last life, the journal or what listeners heard differs from the ledger."""
        yield from self.failures
        yield from self.kernel.complaints
        yield from map(str, self.oracle.violations)
        if self.account is None:
            return
        desk, name = self.dialect.desk, self.customer.name
        orders, fills = desk.archive.orders(name), desk.archive.fills(name)
        (path,) = (path for path in self.disk.files if path.suffix == ".journal")
        verdict = verify(path, self.disk)
        entries = self._entries()
        yield from verdict.complaints
        if not verdict.is_sound:
            yield "the journal is damaged"
        yield from (f"{order.client_order_id} is still open" for order in orders if order.is_open)
        yield from (f"a difference at the end: {difference}" for difference in self.account.differences)
        rows = {asset: (row.free + row.locked, row.free) for asset, row in desk.balances(name).items()}
        yield from compare.balances_differ(
            {asset: row for asset, row in rows.items() if row[0]}, self.account.balances
        )
        yield from compare.doubled_orders(orders)
        if self.trap.power and self.scenario.durability is Durability.PROCESS:
            return  # what was not synced may be forgotten
        yield from compare.lost_orders(orders, entries)
        yield from compare.lost_fills(fills, self.account.orders)
        yield from compare.journal_differs(fills, entries)
        yield from compare.presumed_wrongly(entries, self._kind.fence)
        yield from compare.orders_differ(orders, self.account.orders)
        yield from compare.heard_wrong(self.heard, fills)

    def outcome(self) -> Outcome:
        """How it ended."""
        archive, name = self.dialect.desk.archive, self.customer.name
        return Outcome(
            complaints=tuple(self.complaints()),
            orders=len(archive.orders(name)),
            fills=len(archive.fills(name)),
            lives=self.trader.life,
            seconds=self.kernel.now,
        )


Life = Callable[[Stage, ExchangeBase], Coroutine[Any, Any, None]]


async def first_life(stage: Stage, exchange: ExchangeBase) -> None:
    """Everything that can be asked for once; it ends with commands on their way."""
    desk = _Desk(stage, exchange)
    resting = [desk.limit(away=300 + number) for number in range(3)]
    await desk.pause()
    desk.shrink(resting[0])
    await desk.pause()
    desk.cancel(resting[1])
    await desk.pause()
    desk.market()
    await desk.pause()
    desk.limit(away=-20, time_in_force=TimeInForce.IOC)
    await desk.pause()
    desk.limit(away=-20, kind=OrderType.LIMIT_MAKER)  # it would take, and is refused
    await desk.pause()
    desk.cancel(desk.limit(away=200))
    await desk.pause()
    desk.fill(resting[2], "0.5")
    await desk.pause()
    desk.market(quote_amount=Decimal(25))
    await desk.pause()
    desk.cancel(resting[2])
    desk.fill(resting[0], "1")
    await desk.pause()
    for number in range(3):
        desk.limit(away=100 + number)
    await asyncio.sleep(_ON_ITS_WAY)


async def second_life(stage: Stage, exchange: ExchangeBase) -> None:
    """Takes up what the first one left, trades on, and stops with an order left open."""
    desk = _Desk(stage, exchange)
    left = list(exchange.in_flight_orders)
    desk.cancel(left[0])
    desk.limit(away=-20)
    await desk.pause()
    desk.shrink(left[1])
    desk.cancel(left[1])
    await desk.pause()
    desk.fill(desk.limit(away=50), "0.5")
    await desk.pause()
    await exchange.cancel_all(1.0)
    desk.limit(away=250)
    await desk.pause()


async def settle(stage: Stage, exchange: ExchangeBase) -> None:
    """Order once more, take everything back, and wait for the end of every doubt."""
    _Desk(stage, exchange).limit(away=400)
    orders = exchange.trading.orders
    while exchange.in_flight_orders or any(order.is_short_of_fills for order in orders.all_orders.values()):
        await exchange.cancel_all(1.0)
        await asyncio.sleep(_PAUSE)
    await asyncio.sleep(stage.scenario.lag)
    await exchange.reconcile()
    differences = await exchange.reconcile(dry_run=True)
    stage.oracle.quiet()
    stage.account = Account(
        orders={name: standing_of(order) for name, order in orders.all_orders.items()},
        balances={
            asset: (exchange.get_balance(asset), exchange.get_available_balance(asset))
            for asset in exchange.get_all_balances()
        },
        differences=tuple(map(str, differences)),
    )


class _Desk:
    """What a life does, in few words; orders are worth some 60 in quote."""

    def __init__(self, stage: Stage, exchange: ExchangeBase) -> None:
        self._stage = stage
        self._exchange = exchange
        self._pair = stage.scenario.trading_pair

    async def pause(self) -> None:
        await asyncio.sleep(_PAUSE)

    def limit(self, away: int, kind: OrderType = OrderType.LIMIT, **terms: Any) -> str:
        """A bid so many ticks behind the best one; beyond the best offer where negative."""
        exchange, pair = self._exchange, self._pair
        price = exchange.get_price(pair, is_buy=away < 0)
        price -= exchange.trading_rules[pair].min_price_increment * away
        return exchange.buy(pair, _BUDGET / price, kind, price, **terms)

    def market(self, quote_amount: Decimal | None = None) -> str:
        """Buy by base, or sell by quote."""
        if quote_amount is not None:
            return self._exchange.sell(self._pair, None, OrderType.MARKET, quote_amount=quote_amount)
        amount = _BUDGET / self._exchange.get_price(self._pair, is_buy=True)
        return self._exchange.buy(self._pair, amount, OrderType.MARKET)

    def cancel(self, order_id: str) -> None:
        self._exchange.cancel(self._pair, order_id)

    def shrink(self, order_id: str) -> None:
        order = self._exchange.get_order(order_id)
        if order is not None and order.amount is not None:
            self._exchange.amend(self._pair, order_id, order.amount * Decimal("0.8"), order.price)

    def fill(self, order_id: str, share: str) -> None:
        """Some time later somebody trades with an order, whether we live or not."""
        order = self._exchange.get_order(order_id)
        if order is not None:
            stage = self._stage
            stage.kernel.after(_PAUSE / 2, lambda: stage.fill(order, share))
