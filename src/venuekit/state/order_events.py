"""What is said about an order: each event, made from the order as it stands."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from venuekit.model.events import (
    BuyOrderCompletedEvent,
    BuyOrderCreatedEvent,
    FillQuarantined,
    LateFill,
    MarketOrderFailureEvent,
    OrderCancelledEvent,
    OrderEvent,
    OrderExpiredEvent,
    OrderFilledEvent,
    OrderInDoubt,
    OrderReopened,
    OrderSettled,
    SellOrderCompletedEvent,
    SellOrderCreatedEvent,
)
from venuekit.model.order import OrderState, TradeType
from venuekit.model.order_update import TradeUpdate
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Doubt

__all__ = [
    "created",
    "ended",
    "failed",
    "filled",
    "filled_late",
    "in_doubt",
    "quarantined",
    "reopened",
    "settled",
]


def created(order: InFlightOrder, timestamp: float) -> OrderEvent:
    """The venue has it."""
    kind = BuyOrderCreatedEvent if order.trade_type is TradeType.BUY else SellOrderCreatedEvent
    return kind(
        timestamp=timestamp,
        type=order.order_type,
        trading_pair=order.trading_pair,
        amount=order.amount,
        price=order.price,
        order_id=order.client_order_id,
        creation_timestamp=order.creation_timestamp,
        exchange_order_id=order.exchange_order_id,
        leverage=order.leverage,
        position=order.position.value,
    )


def filled(order: InFlightOrder, trade: TradeUpdate) -> OrderEvent:
    """A fill was counted; its time is the venue's."""
    return OrderFilledEvent(
        timestamp=trade.fill_timestamp,
        order_id=order.client_order_id,
        trading_pair=order.trading_pair,
        trade_type=order.trade_type,
        order_type=order.order_type,
        price=trade.fill_price,
        amount=trade.fill_base_amount,
        trade_fee=trade.fee,
        exchange_trade_id=trade.trade_id,
        exchange_order_id=trade.exchange_order_id or order.exchange_order_id or "",
        leverage=order.leverage,
        position=order.position.value,
    )


def filled_late(order: InFlightOrder, trade: TradeUpdate) -> OrderEvent:
    """The fill came after the terminal event."""
    return LateFill(
        timestamp=trade.fill_timestamp,
        order_id=order.client_order_id,
        exchange_trade_id=trade.trade_id,
        amount=trade.fill_base_amount,
    )


def quarantined(order: InFlightOrder, trade: TradeUpdate) -> OrderEvent:
    """The fill does not fit into the order."""
    is_something = trade.fill_base_amount > 0
    return FillQuarantined(
        timestamp=trade.fill_timestamp,
        order_id=order.client_order_id,
        exchange_trade_id=trade.trade_id,
        amount=trade.fill_base_amount,
        reason="more than was ordered" if is_something else "a fill of nothing",
    )


def in_doubt(order: InFlightOrder, doubt: Doubt, timestamp: float) -> OrderEvent:
    """Something about it is not known."""
    return OrderInDoubt(
        timestamp=timestamp,
        order_id=order.client_order_id,
        reason=doubt.reason,
        filled_min=order.filled_min,
        filled_max=order.filled_max,
        settles_at=doubt.settles_at,
    )


def settled(order: InFlightOrder, timestamp: float) -> OrderEvent:
    """The doubt is over, or its end is known after the terminal event."""
    return OrderSettled(
        timestamp=timestamp,
        order_id=order.client_order_id,
        state=order.current_state,
        filled=order.filled_min,
        is_presumed=order.is_presumed,
    )


def reopened(order: InFlightOrder, timestamp: float) -> OrderEvent:
    """It lives after all."""
    return OrderReopened(timestamp=timestamp, order_id=order.client_order_id)


def failed(order: InFlightOrder, timestamp: float, message: str | None, kind: str | None) -> OrderEvent:
    """It was refused, or presumed never accepted."""
    return MarketOrderFailureEvent(
        timestamp=timestamp,
        order_id=order.client_order_id,
        order_type=order.order_type,
        error_message=message,
        error_type=kind,
    )


def ended(order: InFlightOrder, timestamp: float) -> OrderEvent:
    """It is over: the terminal event of any end but a failure."""
    return _ENDS[order.life](order, timestamp)


def _completed(order: InFlightOrder, timestamp: float) -> OrderEvent:
    kind = BuyOrderCompletedEvent if order.trade_type is TradeType.BUY else SellOrderCompletedEvent
    return kind(
        timestamp=timestamp,
        order_id=order.client_order_id,
        base_asset=order.base_asset,
        quote_asset=order.quote_asset,
        base_asset_amount=order.executed_amount_base,
        quote_asset_amount=order.executed_amount_quote,
        order_type=order.order_type,
        exchange_order_id=order.exchange_order_id,
    )


def _cancelled(order: InFlightOrder, timestamp: float) -> OrderEvent:
    return OrderCancelledEvent(
        timestamp=timestamp, order_id=order.client_order_id, exchange_order_id=order.exchange_order_id
    )


def _expired(order: InFlightOrder, timestamp: float) -> OrderEvent:
    return OrderExpiredEvent(timestamp=timestamp, order_id=order.client_order_id, reason=order.expiry_reason)


_ENDS: MappingProxyType[OrderState, Callable[[InFlightOrder, float], OrderEvent]] = MappingProxyType(
    {OrderState.FILLED: _completed, OrderState.CANCELED: _cancelled, OrderState.EXPIRED: _expired}
)
