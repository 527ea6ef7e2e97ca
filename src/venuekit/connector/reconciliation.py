"""Comparing an account with its venue: at the start, and whenever its stream was away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from venuekit.journal.ids import ClientIds
from venuekit.model.account import AccountOrder
from venuekit.model.order import TradeType
from venuekit.model.order_update import Evidence, TradeUpdate
from venuekit.state import reconciliation
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_tracker import OrderTracker
from venuekit.state.reconciliation import Difference

if TYPE_CHECKING:
    from venuekit.connector.account_desk import AccountDesk
    from venuekit.connector.trading_connector import TradingConnector

__all__ = ["Comparison", "Reconciler", "compare"]


class Comparison(NamedTuple):
    """What the venue said of an account, asked at `asked_at` (venue's seconds), and how we differ from it."""

    differences: list[Difference]
    rows: Sequence[AccountOrder]
    trades: Sequence[TradeUpdate]
    asked_at: float


async def compare(
    connector: TradingConnector,
    orders: OrderTracker,
    owns: Callable[[str], bool],
    *,
    trading_pairs: Sequence[str] = (),
    since: float | None = None,
) -> Comparison:
    """Ask the venue for open orders and fills, and compare them with `orders`; nothing is changed.

    On the pairs that the connector follows, those of open `orders`, and `trading_pairs`. `owns` knows our
    client ids by their looks. Fills are asked for from `since` on (venue's seconds; None: from now), less the
    policy's overlap.

    Raises:
        errors.VenuekitError: a question failed, so nothing was compared.
    """
    asked_at = connector.venue_time()
    active = list(orders.active_orders.values())
    ours = (order.trading_pair for order in active)
    pairs = tuple(dict.fromkeys((*connector.traded_pairs(), *ours, *trading_pairs)))
    rows = await connector.open_orders(pairs)
    start = (asked_at if since is None else since) - connector.trading_policy.overlap
    trades = [trade for pair in pairs for trade in await connector.fills(pair, start)]
    differences = [
        *reconciliation.compare_fills(trades, lambda trade: _of_trade(orders, trade)),
        *reconciliation.compare_orders(
            list(orders.active_orders.values()),
            rows,
            find=lambda row: _of_row(orders, row),
            owns=owns,
            asked_at=asked_at,
        ),
    ]
    return Comparison(differences, rows, trades, asked_at)


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

    async def run(self, trading_pairs: Sequence[str] = (), *, dry_run: bool = False) -> list[Difference]:
        """Compare, and unless it is a dry run take over what differs; the differences as they were found.

        On the connector's pairs, those of our open orders, and `trading_pairs`.

        Raises:
            errors.VenuekitError: a question failed, so nothing was compared.
        """
        desk = self._desk
        found = await compare(
            self._connector,
            desk.orders.machine,
            self._ids.owns,
            trading_pairs=trading_pairs,
            since=self.since,
        )
        polled = await desk.ask_balances()
        found.differences.extend(
            reconciliation.compare_balances(
                polled.report, lambda asset: self._believed(asset, polled.report.observed_at)
            )
        )
        if not dry_run:
            self._take_in(found)
            desk.take_polled(polled)
            self.since = found.asked_at
        return found.differences

    def _take_in(self, found: Comparison) -> None:
        orders = self._desk.orders
        for row in found.rows:
            if _of_row(orders.machine, row) is None and self._ids.owns(row.row.client_order_id):
                orders.start_tracking_order(_adopted(row))
        for trade in found.trades:
            orders.process_trade_update(trade)
        for row in found.rows:
            if _of_row(orders.machine, row) is not None:
                orders.process_order_update(row.update, Evidence.OPEN_ORDERS, found.asked_at)
        for difference in found.differences:
            order = orders.active_orders.get(difference.subject)
            if difference.rule is reconciliation.Rule.ASK and order is not None:
                self._desk.ask_soon(order)

    def _believed(self, asset: str, as_of: float) -> tuple[Decimal, Decimal] | None:
        figure = self._desk.balances.figure(asset)
        return None if figure.observed_at > as_of else (figure.total, figure.available)


def _of_row(orders: OrderTracker, row: AccountOrder) -> InFlightOrder | None:
    return orders.fetch_order(row.row.client_order_id, row.row.exchange_order_id, row.row.trading_pair)


def _of_trade(orders: OrderTracker, trade: TradeUpdate) -> InFlightOrder | None:
    return orders.fetch_order(trade.client_order_id, trade.exchange_order_id, trade.trading_pair)


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
