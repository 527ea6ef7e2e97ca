"""Everything of one account on one product while a connector runs: orders, balances, stream, polls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from venuekit import errors
from venuekit.connector.account import Account, close_account
from venuekit.connector.client_order_tracker import ClientOrderTracker
from venuekit.connector.order_desk import OrderDesk
from venuekit.connector.order_poll import OrderPoll
from venuekit.connector.reconciliation import Reconciler
from venuekit.connector.supervision import Supervisor
from venuekit.connector.trading_policy import AtStop
from venuekit.journal.recall import recall
from venuekit.journal.record import BalanceMoved
from venuekit.model.account import AccountNews, BalanceChannel, BalanceMove, BalanceReport
from venuekit.model.events import (
    AccountEvent,
    BalanceMovedEvent,
    BalanceUpdateEvent,
    MarketEvent,
    ReconciledEvent,
    VenuekitEvent,
)
from venuekit.model.fees import TradeFeeSchema
from venuekit.model.order import CancellationResult, NewOrder
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.state.balance_sheet import BalanceSheet
from venuekit.state.budget_checker import BudgetChecker
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_check import Violation
from venuekit.state.order_funds import InFlightSnapshot
from venuekit.state.reconciliation import Difference
from venuekit.web.waiting import first_of

if TYPE_CHECKING:
    from venuekit.connector.trading_connector import TradingConnector

__all__ = ["AccountDesk", "PolledBalances"]

_STATUS_LOOP = "order status"
_FILLS = "order fills"
_BALANCE_LOOP = "balances"
_FEES_LOOP = "account fees"
_RECONCILIATION_LOOP = "reconciliation"
# Reconciliation comes when the stream comes back; beside that, once an hour, as books are audited.
_RECONCILIATION_INTERVAL = 3600.0
_LOOK = 0.02
# How long before a poll an order must have ended, so that nothing of it can be news: answers lag by less.
_SETTLED_WITHIN = 120.0


class PolledBalances(NamedTuple):
    """An answer to a question for all balances, the orders when it was asked, and when the answer came.

    Asked at the earliest, answered at the latest that our clock can mean, in seconds of the venue's.
    """

    report: BalanceReport
    snapshot: InFlightSnapshot
    answered_at: float


class AccountDesk:
    """The account's half of a connector.

    `orders` is the tracker's face, `desk` sends commands, `poll` asks, `balances` is the sheet, `fees` holds
    what the account pays by pair where the venue says it. `is_taken_up`: what was open before the start was
    compared with the venue. `left_open` are the ids of orders that the last stop left at the venue.
    """

    def __init__(self, connector: TradingConnector, account: Account, supervisor: Supervisor) -> None:
        self.account = account
        self.policy = connector.trading_policy
        recalled = recall(account.entries, connector.name, connector.fence)
        self.orders = ClientOrderTracker(connector, account.journal, recalled)
        self.desk = OrderDesk(self, connector, self.orders, supervisor.once, connector.clock)
        self.poll = OrderPoll(
            connector,
            self,
            self.orders,
            self.policy.poll,
            status_health=supervisor.health_of(_STATUS_LOOP),
            fills_health=supervisor.health_of(_FILLS),
        )
        self.balances = BalanceSheet(connector.balance_channel, connector.asset_limits, self._all_orders)
        self.fees: dict[str, TradeFeeSchema] = {}
        self.budget_checker = BudgetChecker(connector, account.locks)
        self.stream = connector.make_user_stream(self) if self.policy.follows else None
        self.is_taken_up = False
        self.left_open: tuple[str, ...] = ()
        self._is_closed = False
        self._polled_at = 0.0
        self._to_cancel: tuple[str, ...] = ()
        self._connector = connector
        self._supervisor = supervisor
        self._reconciler = Reconciler(connector, self, account.ids, recalled.unsettled_since)

    # --- life

    async def open(self) -> None:
        """Take up what the journal holds, and ask for the balances: a wrong key is noticed here.

        Raises:
            errors.VenuekitError: the venue does not accept the key, or does not answer.
        """
        self._to_cancel = self.orders.take_up()
        await self.update_balances()

    def start(self) -> None:
        """Begin the loops, and finish what was wanted before."""
        repeat, policy = self._supervisor.repeat, self.policy
        if not policy.follows:
            self.is_taken_up = True
            return
        for name in self._to_cancel:
            self.desk.cancel(self.orders.active_orders[name], "wanted before the restart")
        if self.stream is not None:
            self.stream.start()
        repeat(_STATUS_LOOP, self._ask_about_orders, self.poll.pause)
        repeat(
            _BALANCE_LOOP,
            self.update_balances,
            lambda: self._balance_interval,
            seconds_before_first=self._balance_interval,
        )
        repeat(_FEES_LOOP, self._update_fees, lambda: policy.fees_interval)
        if policy.reconciles:
            repeat(_RECONCILIATION_LOOP, self._reconcile, lambda: _RECONCILIATION_INTERVAL)
        else:
            self.is_taken_up = True

    async def say_goodbye(self) -> None:
        """What a stop does with open orders, and the wait for commands that are on their way."""
        seconds = self.policy.stop_within
        if self.policy.at_stop is AtStop.CANCEL_OWN:
            await self.cancel_all(seconds)
        under_way = self.desk.under_way
        if under_way:
            await first_of(self._connector.clock.sleep(seconds), _all(under_way))

    def close(self) -> None:
        """Give the account back, and note what stays open; a second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self.is_taken_up = False
        self.budget_checker.reset_locked_collateral()  # other connectors of the account go on
        self.left_open = tuple(self.orders.active_orders)
        connector = self._connector
        close_account(self.account, self.left_open, connector.clock.time(), holder=connector.name)

    # --- readiness

    @property
    def has_balances(self) -> bool:
        """Whether the venue told us what there is."""
        return self.balances.is_known

    @property
    def is_stream_ready(self) -> bool:
        """Whether the account's stream is up, where there is one."""
        return self.stream is None or self.stream.is_up

    @property
    def is_stream_heard(self) -> bool:
        """Whether what happens to the account is told to us without asking."""
        return self.stream is not None and self.stream.is_heard

    def require_taken_up(self) -> None:
        """Make sure that what was open before is known.

        Raises:
            errors.NotReady: it is not compared with the venue yet.
        """
        if not self.is_taken_up:
            raise errors.NotReady(
                f"{self._connector.name} is still comparing its orders with the venue: wait until it is ready"
            )

    # --- orders

    def new_order_id(self) -> str:
        """A client order id that was never used."""
        return self.account.ids.take(self._connector.clock.time())

    def place(self, intent: NewOrder) -> str:
        """Follow an order and send it; its id.

        Raises:
            errors.JournalUnusable: it cannot be remembered, so it is not sent.
        """
        order = InFlightOrder.of(intent, self._connector.venue_time())
        self.desk.place(order)
        return order.client_order_id

    async def cancel_all(self, seconds: float) -> list[CancellationResult]:
        """Cancel what is open and ours; wait until each is over, at most so many seconds."""
        orders = [order for order in self.orders.active_orders.values() if order.is_open]
        for order in orders:
            self.desk.cancel(order, "cancel all")
        clock = self._connector.clock
        deadline = clock.monotonic() + seconds
        while any(order.is_open for order in orders) and clock.monotonic() < deadline:
            await clock.sleep(_LOOK)
        results = [CancellationResult(order.client_order_id, order.is_done) for order in orders]
        return sorted(results, key=lambda result: not result.success)

    def violations(self, order: InFlightOrder) -> tuple[Violation, ...]:
        """Which of the venue's rules an order would break, as far as they are known now."""
        return self._connector.violations(order)

    async def measure_clock(self) -> None:
        """Learn the venue's time anew."""
        await self._connector.measure_clock()

    def require_running(self) -> None:
        """Make sure that a command can be sent.

        Raises:
            errors.NotReady: the connector is not started, or is stopping.
        """
        if not self._supervisor.is_running:
            raise errors.NotReady(f"{self._connector.name} is not started, or is stopping: nothing is sent")

    def ask_soon(self, order: InFlightOrder) -> None:
        """Let the venue be asked about this order without delay."""
        self.poll.ask_soon(order)
        self._supervisor.hurry(_STATUS_LOOP)

    def answer_came(self, left_at: float) -> None:
        """The venue carried out a command that left then (monotonic seconds): its stream tells of it, too."""
        if self.stream is not None:
            self.stream.expect(left_at)

    async def _ask_about_orders(self) -> None:
        if self.stream is not None and self.stream.move_if_silent():
            self.poll.begin_round()
        await self.poll.step()

    # --- what the stream tells

    def account_news(self, news: AccountNews) -> None:
        """The stream told something."""
        match news:
            case OrderUpdate():
                self.orders.process_order_update(news)
            case TradeUpdate():
                self.orders.process_trade_update(news)
            case BalanceReport():
                self._tell_balances(self.balances.pushed(news))
            case BalanceMove():
                self._tell_move(news)

    def stream_came_up(self) -> None:
        """What happened before is to be asked for."""
        self._supervisor.hurry(_RECONCILIATION_LOOP)

    def stream_went_down(self, why: str) -> None:  # noqa: ARG002 - the stream keeps it
        """Nobody tells us what happens: ask more often."""
        self.poll.begin_round()
        self._supervisor.hurry(_STATUS_LOOP)

    # --- money

    def _all_orders(self) -> Iterator[InFlightOrder]:
        """Orders that balances may not have in them yet: those that ended well before the last poll have."""
        yield from self.orders.active_orders.values()
        for order in reversed(tuple(self.orders.cached_orders.values())):
            if (order.ended_at or 0.0) < self._polled_at - _SETTLED_WITHIN:
                break
            yield order

    async def update_balances(self) -> None:
        """Ask for all balances."""
        self.take_polled(await self.ask_balances())

    async def ask_balances(self) -> PolledBalances:
        """All balances as the venue tells them, not taken in yet."""
        connector = self._connector
        snapshot = self.balances.snapshot(connector.venue_time() - connector.clock_error())
        report = await connector.balances()
        answered_at = connector.venue_time() + connector.clock_error()
        return PolledBalances(replace(report, observed_at=snapshot.taken_at), snapshot, answered_at)

    def take_polled(self, polled: PolledBalances) -> None:
        """Take in the answer to a question for all balances."""
        self._polled_at = polled.report.observed_at
        self._tell_balances(self.balances.polled(*polled))

    @property
    def _balance_interval(self) -> float:
        is_pushed = self._connector.balance_channel is BalanceChannel.FREE_AND_LOCKED and self.is_stream_heard
        return self.policy.balance_interval if is_pushed else self.policy.balance_interval_estimated

    async def _update_fees(self) -> None:
        for pair in self._connector.traded_pairs():
            schema = await self._connector.trading_fees(pair)
            if schema is not None:
                self.fees[pair] = schema

    def _tell_balances(self, assets: Sequence[str]) -> None:
        now = self._connector.venue_time()
        for asset in assets:
            event = BalanceUpdateEvent(now, asset, *self.balances.told(asset))
            self._connector.tell(AccountEvent.BalanceEvent, event)

    def _tell_move(self, move: BalanceMove) -> None:
        if self.balances.has_heard(move):
            return
        self.account.journal.append(
            BalanceMoved(
                at=self._connector.clock.time(),
                asset=move.asset,
                cause=move.cause.value,
                amount=move.amount,
                reference=move.reference,
            )
        )
        self._tell_balances(self.balances.moved(move))
        tag = MarketEvent.ReceivedAsset if move.amount > 0 else MarketEvent.WithdrawAsset
        event = BalanceMovedEvent(
            timestamp=move.timestamp,
            asset_name=move.asset,
            amount=move.amount,
            cause=move.cause.value,
            reference=move.reference,
        )
        self._connector.tell(tag, event)

    # --- comparing

    async def reconcile(
        self, trading_pairs: Sequence[str] = (), *, dry_run: bool = False
    ) -> list[Difference]:
        """Compare with the venue, and take over what differs, unless it is a dry run."""
        differences = await self._reconciler.run(trading_pairs, dry_run=dry_run)
        if not dry_run:
            self._connector.tell(
                VenuekitEvent.Reconciled,
                ReconciledEvent(
                    timestamp=self._connector.venue_time(),
                    differences=tuple(str(difference) for difference in differences),
                ),
            )
        return differences

    async def _reconcile(self) -> None:
        await self.reconcile()
        self.is_taken_up = True


async def _all(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)
