"""What is learned about an order, and how far it is to be believed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from venuekit.model.decimals import plain
from venuekit.model.fees import TradeFeeBase
from venuekit.model.order import OrderState
from venuekit.protocol.frozen import Frozen

__all__ = ["Evidence", "OrderUpdate", "TradeUpdate"]


class Evidence(Enum):
    """Where a statement about an order comes from, strongest first."""

    FILL = 1
    """A trade with its id, from the stream or from a query of trades."""
    ENGINE_ANSWER = 2
    """The answer to a command, made by the matching engine."""
    PRIVATE_STREAM = 3
    """The account's own stream."""
    ORDER_QUERY = 4
    """A question about this one order."""
    OPEN_ORDERS = 5
    """A row of a list of orders; lists are served by replicas that lag by up to 40 s."""
    ABSENCE = 6
    """It is missing from an answer. Proves something after the venue's fence only."""
    TIMEOUT = 7
    """We got tired of waiting. Proves nothing."""

    def outranks(self, other: Evidence) -> bool:
        """Whether it is the stronger of the two."""
        return self.value < other.value

    def is_sighting(self) -> bool:
        """Whether the venue spoke of the order at all."""
        return self.value <= Evidence.OPEN_ORDERS.value


class OrderUpdate(Frozen, kw_only=False):
    """The status of an order, as somebody told it.

    `update_timestamp` is the venue's, in seconds. `misc_updates` carries `error_type` and `error_message`
    of a failure. `filled_amount` is the base amount filled so far that the status claims, None where it
    claims none. `amount` and `price` are the order's terms where the venue repeats them (an amend changes
    them). `observed_at` is the moment that the statement is true of (a query: when it was sent), in
    seconds of the venue's clock; None: `update_timestamp`.
    """

    trading_pair: str
    update_timestamp: float
    new_state: OrderState
    client_order_id: str | None = None
    exchange_order_id: str | None = None
    misc_updates: Mapping[str, Any] | None = None
    evidence: Evidence = Evidence.PRIVATE_STREAM
    filled_amount: Decimal | None = None
    amount: Decimal | None = None
    price: Decimal | None = None
    observed_at: float | None = None

    def true_at(self) -> float:
        """The moment it is true of, in seconds."""
        return self.update_timestamp if self.observed_at is None else self.observed_at


class TradeUpdate(Frozen, kw_only=False):
    """One fill of an order. Price in quote per base; `fill_timestamp` is the venue's, in seconds.

    Either id may be empty where the venue does not tell it: one is enough to find the order.
    """

    trade_id: str
    client_order_id: str
    exchange_order_id: str
    trading_pair: str
    fill_timestamp: float
    fill_price: Decimal
    fill_base_amount: Decimal
    fill_quote_amount: Decimal
    fee: TradeFeeBase
    is_taker: bool = True

    @property
    def fee_asset(self) -> str | None:
        """The asset that the fee was paid in, None where it names none."""
        return self.fee.fee_asset

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads back: numbers as text, the fee nested."""
        return {
            "trade_id": self.trade_id,
            "client_order_id": self.client_order_id,
            "exchange_order_id": self.exchange_order_id,
            "trading_pair": self.trading_pair,
            "fill_timestamp": self.fill_timestamp,
            "fill_price": plain(self.fill_price),
            "fill_base_amount": plain(self.fill_base_amount),
            "fill_quote_amount": plain(self.fill_quote_amount),
            "fee": self.fee.to_json(),
            "is_taker": self.is_taker,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TradeUpdate:
        """The inverse of `to_json`; a missing `is_taker` is a taker's, as older writers had it."""
        return cls(
            trade_id=data["trade_id"],
            client_order_id=data["client_order_id"],
            exchange_order_id=data["exchange_order_id"],
            trading_pair=data["trading_pair"],
            fill_timestamp=float(data["fill_timestamp"]),
            fill_price=Decimal(data["fill_price"]),
            fill_base_amount=Decimal(data["fill_base_amount"]),
            fill_quote_amount=Decimal(data["fill_quote_amount"]),
            fee=TradeFeeBase.from_json(data["fee"]),
            is_taker=data.get("is_taker", True),
        )
