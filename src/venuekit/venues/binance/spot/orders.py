"""What Binance spot says about orders, trades and balances, in our words, and our orders in theirs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from venuekit import errors
from venuekit.model.account import AccountOrder, AssetBalance, BalanceReport, OrderAnswer
from venuekit.model.decimals import CONTEXT
from venuekit.model.fees import (
    AddedToCostTradeFee,
    DeductedFromReturnsTradeFee,
    TokenAmount,
    TradeFee,
    TradeFeeSchema,
)
from venuekit.model.order import (
    NewOrder,
    OpenOrder,
    OrderState,
    OrderType,
    TradeType,
    TriggerBy,
    TriggerDirection,
)
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.venues.binance.spot import wire

_ZERO = Decimal(0)

# enums.md, "Order status". A word that is missing here is nobody's end: it tells of the ids and of no state.
_STATES = {
    "NEW": OrderState.OPEN,
    "PENDING_NEW": OrderState.UNTRIGGERED,
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELED,
    "PENDING_CANCEL": OrderState.PENDING_CANCEL,
    "REJECTED": OrderState.FAILED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
}
_SELF_TRADE = "EXPIRED_IN_MATCH"
_CONDITIONAL = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
_ORDER_TYPES = {
    "LIMIT": OrderType.LIMIT,
    "STOP_LOSS_LIMIT": OrderType.LIMIT,
    "TAKE_PROFIT_LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT_MAKER,
}
# Above the market price are stop losses that buy and profits that sell (rest-api.md#new-order-trade).
_TRIGGERS = {
    (TradeType.BUY, TriggerDirection.RISING): "STOP_LOSS",
    (TradeType.SELL, TriggerDirection.FALLING): "STOP_LOSS",
    (TradeType.SELL, TriggerDirection.RISING): "TAKE_PROFIT",
    (TradeType.BUY, TriggerDirection.FALLING): "TAKE_PROFIT",
}
# user-data-stream.md, "Order Reject Reason".
_REJECTIONS = {
    "INSUFFICIENT_BALANCES": errors.InsufficientBalance,
    "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY": errors.WouldTrigger,
    "WOULD_MATCH_IMMEDIATELY": errors.WouldTake,
}
# An order that is cancelled has the cancel's client id from then on (web-socket-api.md#cancel-order-trade).
# Made of its own, that id still finds it in the history. Ids are 36 characters at most, ours 32.
_CANCELLED = "-c"


OrderWords: TypeAlias = wire.Order | wire.AmendedOrder | wire.ExecutionReport


# Ours to theirs.


def new_order(intent: NewOrder, symbol: str, direction: TriggerDirection | None) -> wire.NewOrderQuery:
    """The request for an order; `direction` is from where its trigger price is touched, None without one.

    Raises:
        errors.Unsupported: the venue has no such order, and nothing was sent.
    """
    if intent.reduce_only or intent.trigger_by is not TriggerBy.LAST:
        raise errors.Unsupported("Binance spot has no reduce-only orders, and only the last price triggers")
    if direction is not None and (intent.is_post_only() or intent.quote_amount is not None):
        raise errors.Unsupported(
            "a conditional order of Binance spot is neither post-only nor in quote: name an amount in base"
        )
    is_timed = intent.order_type.is_limit_type() and not intent.is_post_only()
    return wire.NewOrderQuery(
        symbol=symbol,
        side=intent.trade_type.name,
        type=_type_of(intent, direction),
        new_client_order_id=intent.client_order_id,
        time_in_force=intent.time_in_force.value if is_timed else None,
        quantity=intent.amount,
        quote_quantity=intent.quote_amount,
        price=intent.price if intent.order_type.is_limit_type() else None,
        stop_price=intent.trigger_price,
    )


def _type_of(intent: NewOrder, direction: TriggerDirection | None) -> str:
    if direction is not None:
        limit = "_LIMIT" if intent.order_type.is_limit_type() else ""
        return _TRIGGERS[intent.trade_type, direction] + limit
    return "LIMIT_MAKER" if intent.is_post_only() else intent.order_type.name


def which_order(order: InFlightOrder) -> dict[str, Any]:
    """How an order is named to the venue: by its id, which is quicker, or else by ours.

    Raises:
        errors.UsageError: what is called its id is none of this venue's.
    """
    number = order.exchange_order_id
    if number is not None:
        if not (number.isascii() and number.isdigit()):
            raise errors.UsageError(f"Binance spot numbers its orders, so {number!r} is no id of one")
        return {"order_id": int(number)}
    return {"original_client_order_id": order.client_order_id}


def cancel_id(client_order_id: str) -> str:
    """The client id that an order has once it is cancelled."""
    return client_order_id + _CANCELLED


def is_about(said: wire.Order, order: InFlightOrder) -> bool:
    """Whether a row is of this order, under its own client id or under its cancel's."""
    return order.knows(str(said.order_id)) or _client_id(said) == order.client_order_id


# Theirs to ours.


def order_update(
    trading_pair: str, said: OrderWords, milliseconds: int, more: Mapping[str, Any] | None = None
) -> OrderUpdate:
    """What is said about an order, as of a time; `more` joins what has no field of its own.

    `misc_updates` has `expiry_reason` of an order that expired, in the venue's word, and `prevented_amount`
    where self-trade prevention took a part of it off; `status` is a word that is not documented.
    """
    misc = {**_remarks(said), **(more or {})}
    return OrderUpdate(
        trading_pair=trading_pair,
        update_timestamp=milliseconds / 1000,
        new_state=_state_of(said),
        client_order_id=_client_id(said),
        exchange_order_id=str(said.order_id),
        misc_updates=misc or None,
        filled_amount=said.executed_quantity,
        amount=_amount_of(said),
        price=said.price or None,
    )


def rejection(reason: str) -> dict[str, str]:
    """Why an order was rejected, for `misc_updates`."""
    return {"error_type": _REJECTIONS.get(reason, errors.OrderRefused).__name__, "error_message": reason}


def order_answer(trading_pair: str, said: wire.Order) -> OrderAnswer:
    """The answer to a new order or a cancel; the fills in it are a taker's."""
    at = said.transaction_time or 0
    fills = (
        trade_update(
            trading_pair,
            trade_id=fill.trade_id,
            order_id=said.order_id,
            client_order_id=_client_id(said),
            milliseconds=at,
            price=fill.price,
            amount=fill.quantity,
            quote_amount=CONTEXT.multiply(fill.price, fill.quantity),
            fee=fee_of(trading_pair, said.side == "BUY", fill.commission_asset, fill.commission),
            is_taker=True,
        )
        for fill in said.fills
    )
    return OrderAnswer(update=order_update(trading_pair, said, at), fills=tuple(fills))


def status_row(trading_pair: str, said: wire.Order) -> OrderUpdate:
    """How an order stands by the answer to a question."""
    return order_update(trading_pair, said, said.updated_time or said.created_time or 0)


def account_order(trading_pair: str, said: wire.Order) -> AccountOrder:
    """One row of a list of orders."""
    update = status_row(trading_pair, said)
    price = said.price or _ZERO
    return AccountOrder(
        update=update,
        row=OpenOrder(
            client_order_id=_client_id(said),
            trading_pair=trading_pair,
            price=price,
            amount=update.amount or _ZERO,
            executed_amount=said.executed_quantity or _ZERO,
            status=said.status,
            order_type=_ORDER_TYPES.get(said.type, OrderType.LIMIT if price else OrderType.MARKET),
            is_buy=said.side == "BUY",
            time=(said.created_time or 0) / 1000,
            exchange_order_id=str(said.order_id),
        ),
    )


def account_trade(trading_pair: str, said: wire.AccountTrade, client_order_id: str = "") -> TradeUpdate:
    """One trade of the account; the venue does not repeat our id."""
    return trade_update(
        trading_pair,
        trade_id=said.id,
        order_id=said.order_id,
        client_order_id=client_order_id,
        milliseconds=said.time,
        price=said.price,
        amount=said.quantity,
        quote_amount=said.quote_quantity,
        fee=fee_of(trading_pair, said.is_buyer, said.commission_asset, said.commission),
        is_taker=not said.is_maker,
    )


def trade_update(
    trading_pair: str,
    *,
    trade_id: int,
    order_id: int,
    client_order_id: str,
    milliseconds: int,
    price: Decimal,
    amount: Decimal,
    quote_amount: Decimal,
    fee: TradeFee,
    is_taker: bool,
) -> TradeUpdate:
    """A fill, from wherever it is told."""
    return TradeUpdate(
        trade_id=str(trade_id),
        client_order_id=client_order_id,
        exchange_order_id=str(order_id),
        trading_pair=trading_pair,
        fill_timestamp=milliseconds / 1000,
        fill_price=price,
        fill_base_amount=amount,
        fill_quote_amount=quote_amount,
        fee=fee,
        is_taker=is_taker,
    )


def fee_of(trading_pair: str, is_buy: bool, asset: str | None, amount: Decimal) -> TradeFee:
    """A fee as it was charged: held back from what is received, or taken from a third asset beside it."""
    base, _, quote = trading_pair.partition("-")
    if not asset:
        return DeductedFromReturnsTradeFee()
    is_held_back = asset == (base if is_buy else quote)
    kind = DeductedFromReturnsTradeFee if is_held_back else AddedToCostTradeFee
    return kind(flat_fees=(TokenAmount(asset, amount),))


def balance_report(said: wire.Account) -> BalanceReport:
    """All balances; who asked knows when."""
    return BalanceReport(
        balances=tuple(balance(row.asset, row.free, row.locked) for row in said.balances),
        observed_at=0.0,
        is_complete=True,
    )


def balance(asset: str, free: Decimal, locked: Decimal) -> AssetBalance:
    """One asset: what is locked is owned too."""
    return AssetBalance(asset=asset, total=CONTEXT.add(free, locked), available=free)


def has_discount(said: wire.Commission) -> bool:
    """Whether commission is paid in the discount asset, as long as the account holds enough of it."""
    return said.discount.is_enabled_for_account and said.discount.is_enabled_for_symbol


def fee_schema(said: wire.Commission, *, is_discounted: bool) -> TradeFeeSchema:
    """What the account pays: the standard, special and tax rates of a role and of the dearer side, summed up.

    With the discount the standard rates are multiplied by its factor, and all is paid in its asset
    (faqs/commission_faq.md#how-is-the-commission-calculated; the other pages call the factor a reduction).
    """
    factor = said.discount.factor if is_discounted else Decimal(1)
    dearer = max(_of_side(said, "buyer", factor), _of_side(said, "seller", factor))
    return TradeFeeSchema(
        percent_fee_token=said.discount.asset if is_discounted else None,
        maker_percent_fee_decimal=CONTEXT.add(_of_side(said, "maker", factor), dearer),
        taker_percent_fee_decimal=CONTEXT.add(_of_side(said, "taker", factor), dearer),
        buy_percent_fee_deducted_from_returns=not is_discounted,
    )


def _of_side(said: wire.Commission, name: str, factor: Decimal) -> Decimal:
    standard = CONTEXT.multiply(getattr(said.standard, name), factor)
    return CONTEXT.add(standard, CONTEXT.add(getattr(said.special, name), getattr(said.tax, name)))


def _client_id(said: OrderWords) -> str:
    """The id that the order was placed with: a cancel's or an amend's own stands beside it."""
    return (said.original_client_order_id or said.client_order_id).removesuffix(_CANCELLED)


def _state_of(said: OrderWords) -> OrderState:
    state = _STATES.get(said.status, OrderState.PENDING_CREATE)
    is_working = (said.working_time or 0) > 0 if said.is_working is None else said.is_working
    if state is OrderState.OPEN and said.type in _CONDITIONAL and not is_working:
        return OrderState.UNTRIGGERED
    return state


def _amount_of(said: OrderWords) -> Decimal | None:
    """How much of it can fill at all.

    What self-trade prevention takes off a living order can never fill: it ends as FILLED without it
    (faqs/stp_faq.md, "What is prevented quantity?"). Where prevention ends the order, that part expires.
    """
    if not said.quantity:
        return None
    if said.status == _SELF_TRADE or not said.prevented_quantity:
        return said.quantity
    left = CONTEXT.subtract(said.quantity, said.prevented_quantity)
    return max(left, said.executed_quantity or _ZERO)


def _remarks(said: OrderWords) -> dict[str, Any]:
    remarks: dict[str, Any] = {}
    if _STATES.get(said.status) is OrderState.EXPIRED:
        if said.expiry_reason not in (None, "NONE"):
            remarks["expiry_reason"] = said.expiry_reason
        elif said.status != "EXPIRED":  # a status that is the reason
            remarks["expiry_reason"] = said.status
    elif said.status and said.status not in _STATES:
        remarks["status"] = said.status
    if said.prevented_quantity:
        remarks["prevented_amount"] = str(said.prevented_quantity)
    return remarks
