"""A balance sheet on a bench: orders of one account, and short words for what its venue says of balances."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec.structs import replace
from tests.state.order_bench import FENCE, buy

from venuekit.model.account import AssetBalance, BalanceChannel, BalanceReport
from venuekit.model.order import NewOrder, TradeType
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.state.balance_sheet import BalanceSheet
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_tracker import OrderTracker


def sell(client_order_id: str = "id-1", amount: str | None = "1", **terms: Any) -> NewOrder:
    return replace(buy(client_order_id, amount, **terms), trade_type=TradeType.SELL)


def said(at: float, **amounts: str) -> BalanceReport:
    """A complete report: USDT="1000/900" is a total of 1000, 900 of it free; "1000" does not say how much."""
    rows = []
    for asset, words in amounts.items():
        total, _, free = words.partition("/")
        rows.append(
            AssetBalance(asset=asset, total=Decimal(total), available=Decimal(free) if free else None)
        )
    return BalanceReport(balances=tuple(rows), observed_at=at, is_complete=True)


class SheetBench:
    """The orders of an account and its sheet. Orders are placed at 1.0, unless said otherwise."""

    def __init__(self, channel: BalanceChannel = BalanceChannel.NONE, **limits: int) -> None:
        self.tracker = OrderTracker(FENCE)
        self.sheet = self.sheet_with(channel, limits=limits)

    def sheet_with(
        self,
        channel: BalanceChannel = BalanceChannel.NONE,
        load: str = "1",
        limits: Mapping[str, int] | None = None,
    ) -> BalanceSheet:
        caps = {asset: Decimal(limit) for asset, limit in (limits or {}).items()}
        return BalanceSheet(channel, caps, lambda: self.orders, Decimal(load))

    @property
    def orders(self) -> list[InFlightOrder]:
        return [*self.tracker.active_orders.values(), *self.tracker.watched_orders.values()]

    def place(self, intent: NewOrder, at: float = 1.0) -> InFlightOrder:
        order = InFlightOrder.of(intent, at)
        self.tracker.start(order)
        self.tracker.sending(intent.client_order_id, at)
        return order

    def hear(self, *news: OrderUpdate | TradeUpdate) -> None:
        for each in news:
            if isinstance(each, TradeUpdate):
                self.tracker.process_trade_update(each)
            else:
                self.tracker.process_order_update(each)

    def poll(self, at: float, answered_at: float | None = None, **amounts: str) -> list[str]:
        """A question that was sent and answered, with what was known when it was sent."""
        return self.sheet.polled(said(at, **amounts), self.sheet.snapshot(at), answered_at)

    def push(self, at: float, **amounts: str) -> list[str]:
        return self.sheet.pushed(replace(said(at, **amounts), is_complete=False))

    def available(self, asset: str = "USDT") -> str:
        return f"{self.sheet.available(asset).normalize():f}"

    def total(self, asset: str = "USDT") -> str:
        return f"{self.sheet.total(asset).normalize():f}"


__all__ = ["SheetBench", "said", "sell"]
