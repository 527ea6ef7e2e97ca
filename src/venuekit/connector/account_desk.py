"""Everything of one account on one product, while a connector runs: orders, balances, the stream, the polls."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from venuekit import errors
from venuekit.connector.account import Account, close_account
from venuekit.connector.client_order_tracker import ClientOrderTracker
from venuekit.connector.order_desk import OrderDesk
from venuekit.connector.order_poll import OrderPoll
from venuekit.connector.reconciliation import Reconciler
from venuekit.connector.supervision import Supervisor
from venuekit.connector.trading_policy import AtStop
from venuekit.connector.user_stream_tracker import AccountNews
from venuekit.journal.recall import recall
from venuekit.journal.record import BalanceMoved
from venuekit.model.account import AccountOrder, BalanceChannel, BalanceMove, BalanceReport
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
from venuekit.state.reconciliation import Difference
from venuekit.web.waiting import first_of

if TYPE_CHECKING:
    from venuekit.connector.trading_connector import TradingConnector

__all__ = ["AccountDesk"]

_STATUS_LOOP = "order status"
_FILLS = "order fills"
_BALANCE_LOOP = "balances"
_FEES_LOOP = "account fees"
_RECONCILIATION_LOOP = "reconciliation"
# Reconciliation comes when the stream comes back; beside that, once an hour, as books are audited.
_RECONCILIATION_INTERVAL = 3600.0
_LOOK = 0.02


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
        self.balances = BalanceSheet(connector.balance_channel, connector.asset_limits)
        self.fees: dict[str, TradeFeeSchema] = {}
        self.budget_checker = BudgetChecker(connector, account.locks)
        self.stream = connector.make_user_stream(self)
        self.is_taken_up = False
        self.left_open: tuple[str, ...] = ()
        self._connector = connector
        self._supervisor = supervisor
        self._reconciler = Reconciler(connector, account, self.orders, self.balances, recalled.unsettled_since)

    # --- life

    async def open(self) -> None:
        """Take up what the journal holds, and ask for the balances: a wrong key is noticed here.

        Raises:
            errors.VenuekitError: the venue does not accept the key, or does not answer.
        """
        for name in self.orders.take_up():
            order = self.orders.fetch_order(name)
            if order is not None:
                self._supervisor.later(0.0, lambda order=order: self.desk.cancel(order, "wanted before"))
        await self.update_balances()

    def start(self) -> None:
        """Begin the loops."""
        repeat, policy = self._supervisor.repeat, self.policy
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
        """Give the account back, and note what stays open."""
        self.left_open = tuple(self.orders.active_orders)
        close_account(self.account, self.left_open, self._connector.clock.time())
