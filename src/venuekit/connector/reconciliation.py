"""Comparing an account with its venue: at the start, and whenever its stream was away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from venuekit.journal.ids import ClientIds
from venuekit.model.account import AccountOrder
from venuekit.model.order import TradeType
from venuekit.model.order_update import Evidence, TradeUpdate
from venuekit.state import reconciliation
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.reconciliation import Difference

if TYPE_CHECKING:
    from decimal import Decimal

    from venuekit.connector.account_desk import AccountDesk
    from venuekit.connector.trading_connector import TradingConnector

__all__ = ["Reconciler"]


class Reconciler:
    """Asks for open orders, fills and balances, and takes in what differs, by the rule of each difference.

    `since` is from when on fills are asked for (venue's seconds; None: nothing of ours was open). After each
    comparison it is the moment of that one, less the policy's overlap.
    """

    def __init__(
        self, connector: TradingConnector, desk: AccountDesk, ids: ClientIds, since: float | None
    ) -> None:
        self.since = since
        self._connector = connector
        self._desk = desk
        self._ids = ids

    async def run(self, *, dry_run: bool = False) -> list[Difference]:
        """Compare, and unless it is a dry run take over what differs; the differences as they were found.

        Raises:
            errors.VenuekitError: a question failed, so nothing was compared.
        """
        connector, desk = self._connector, self._desk
        asked_at = connector.venue_time()
        pairs = self._pairs()
        rows = await connector.open_orders(pairs)
        overlap = desk.policy.overlap
        since = (asked_at if self.since is None else self.since) - overlap
        trades = [trade for pair in pairs for trade in await connector.fills(pair, since)]
        polled = await desk.ask_balances()
        active = list(desk.orders.active_orders.values())
        differences = [
            *reconciliation.compare_fills(trades, self._of_trade),
            *reconciliation.compare_orders(
                active, rows, find=self._of_row, owns=self._ids.owns, asked_at=asked_at
            ),
            *reconciliation.compare_balances(
                polled.report, lambda asset: self._believed(asset, polled.report.observed_at)
            ),
        ]
        if not dry_run:
            self._take_in(rows, trades, differences, asked_at)
            desk.take_polled(polled)
            self.since = asked_at
        return differences

    def _take_in(
        self,
        rows: Sequence[AccountOrder],
        trades: Sequence[TradeUpdate],
        differences: Sequence[Difference],
        asked_at: float,
    ) -> None:
        orders = self._desk.orders
        for row in rows:
            if self._of_row(row) is None and self._ids.owns(row.row.client_order_id):
                orders.start_tracking_order(_adopted(row))
        for trade in trades:
            orders.process_trade_update(trade)
        for row in rows:
            if self._of_row(row) is not None:
                orders.process_order_update(row.update, Evidence.OPEN_ORDERS, asked_at)
        for difference in differences:
            order = orders.active_orders.get(difference.subject)
            if difference.rule is reconciliation.Rule.ASK and order is not None:
                self._desk.ask_soon(order)

    def _pairs(self) -> tuple[str, ...]:
        ours = (order.trading_pair for order in self._desk.orders.active_orders.values())
        return tuple(dict.fromkeys((*self._connector.traded_pairs(), *ours)))

    def _of_row(self, row: AccountOrder) -> InFlightOrder | None:
        return self._desk.orders.machine.fetch_order(
            row.row.client_order_id, row.row.exchange_order_id, row.row.trading_pair
        )

    def _of_trade(self, trade: TradeUpdate) -> InFlightOrder | None:
        return self._desk.orders.machine.fetch_order(
            trade.client_order_id, trade.exchange_order_id, trade.trading_pair
        )

    def _believed(self, asset: str, as_of: float) -> tuple[Decimal, Decimal] | None:
        figure = self._desk.balances.figure(asset)
        return None if figure.observed_at > as_of else (figure.total, figure.available)


def _adopted(row: AccountOrder) -> InFlightOrder:
    """An order of ours that was found at the venue."""
    said = row.row
    return InFlightOrder(
        client_order_id=said.client_order_id,
        trading_pair=said.trading_pair,
        order_type=said.order_type,
        trade_type=TradeType.BUY if said.is_buy else TradeType.SELL,
        amount=said.amount,
        creation_timestamp=said.time,
        price=said.price if said.order_type.is_limit_type() else None,
        exchange_order_id=said.exchange_order_id,
        initial_state=row.update.new_state,
    )
