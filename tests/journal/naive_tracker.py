"""What must be known of one order, from nothing but a list of all that was heard: read anew each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from venuekit.model.order import OrderState
from venuekit.model.order_update import OrderUpdate, TradeUpdate

ENDS = {
    OrderState.FILLED: "BuyOrderCompleted",
    OrderState.CANCELED: "Cancelled",
    OrderState.EXPIRED: "Expired",
    OrderState.FAILED: "MarketOrderFailure",
}


@dataclass
class NaiveTracker:
    """An order of this amount that is never amended. `is_withdrawn`: it was cancelled before it was sent."""

    client_id: str
    amount: Decimal
    heard: list[OrderUpdate | TradeUpdate] = field(default_factory=list)
    is_withdrawn: bool = False
    is_refused: bool = False
    ended: str | None = None
    """The terminal event that must have been told; what is heard later takes nothing back."""

    def hear(self, said: OrderUpdate | TradeUpdate) -> None:
        self.heard.append(said)
        self.conclude()

    def conclude(self) -> None:
        self.ended = self.ended or self.end()

    def forget_strays(self) -> None:
        """A new run does not know of trades that nobody knew to be ours: their order's status claims them."""
        known = self.trades()
        self.heard = [
            said for said in self.heard if not isinstance(said, TradeUpdate) or said.trade_id in known
        ]

    def statuses(self) -> list[OrderUpdate]:
        return [said for said in self.heard if isinstance(said, OrderUpdate)]

    def trades(self) -> dict[str, Decimal]:
        """The trades that are known to be ours, each once: by our id, or by the venue's once it was told."""
        named = [said for said in self.heard if said.client_order_id == self.client_id]
        ids = {said.exchange_order_id for said in named if said.exchange_order_id}
        return {
            said.trade_id: said.fill_base_amount
            for said in self.heard
            if isinstance(said, TradeUpdate)
            and (said.client_order_id == self.client_id or said.exchange_order_id in ids)
        }

    def executed(self) -> Decimal:
        return sum(self.trades().values(), Decimal(0))

    def claimed(self) -> Decimal:
        """The most that any status says is filled."""
        claims = [said.filled_amount for said in self.statuses() if said.filled_amount is not None]
        whole = [self.amount for said in self.statuses() if said.new_state is OrderState.FILLED]
        return max([*claims, *whole], default=Decimal(0))

    def is_created(self) -> bool:
        refused = OrderState.FAILED
        return bool(self.trades()) or any(said.new_state is not refused for said in self.statuses())

    def end(self) -> str | None:
        """The terminal event that all of it leads to."""
        if self.is_withdrawn:
            return "Cancelled"
        if self.executed() >= self.amount:
            return ENDS[OrderState.FILLED]
        ends = [said.new_state for said in self.statuses() if said.new_state in ENDS]
        if self.is_refused:
            ends.append(OrderState.FAILED)
        is_complete = ends and self.claimed() <= self.executed()
        return ENDS[ends[0]] if is_complete and ends[0] is not OrderState.FILLED else None
