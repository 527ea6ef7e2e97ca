"""How Binance spot writes orders, trades and amendments in the answers of REST and the WebSocket API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from venuekit.emulator.day import written
from venuekit.emulator.dialects.binance_requests import Fields
from venuekit.emulator.order import ExpiryReason, OrderStatus
from venuekit.emulator.order_record import Amendment, Fill, OrderRecord, PreventedMatch
from venuekit.emulator.taking import prevention

__all__ = ["EXPIRY_REASONS", "OrderRows", "eight", "status_of"]

_STATUSES: Mapping[OrderStatus, str] = {
    OrderStatus.UNTRIGGERED: "NEW",
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELLED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
}
# enums.md, Expiry Reasons; an order that expired in a match has a status of its own and no reason.
EXPIRY_REASONS: Mapping[ExpiryReason, str] = {
    ExpiryReason.INSUFFICIENT_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
    ExpiryReason.IMMEDIATE_OR_CANCEL: "UNFILLED_IOC_QUANTITY_EXPIRED",
    ExpiryReason.FILL_OR_KILL: "UNFILLED_FOK_ORDER_EXPIRED",
    ExpiryReason.INSUFFICIENT_FUNDS: "REJECTED",
}
_NO_LIST = -1


def eight(value: Decimal | None) -> str:
    """A number with eight digits; what an order does not have is written as zero."""
    return written(Decimal(0) if value is None else value, 8)


def status_of(record: OrderRecord) -> str:
    """The order's status in the venue's words."""
    if record.expiry is ExpiryReason.SELF_TRADE:
        return "EXPIRED_IN_MATCH"
    return _STATUSES[record.state.status]


def _expiry_reason(record: OrderRecord) -> Fields:
    """Why it expired: told by who takes an order (RESULT and FULL) and to who asks for one.

    CHANGELOG.md, 2026-03-09 (in force since 2026-03-26) and 2026-05-06; not in the answer to a cancel.
    """
    reason = None if record.expiry is None else EXPIRY_REASONS.get(record.expiry)
    return {} if reason is None else {"expiryReason": reason}


class OrderRows:
    """The rows of one symbol's orders; `milliseconds` writes a moment as the venue does.

    rest-api.md (2026-06-01): New order, Cancel order, Query order, Account trade list, Order Amend Keep
    Priority, Conditional fields in Order Responses.
    """

    def __init__(self, symbol: str, milliseconds: Callable[[float], int]) -> None:
        self._symbol = symbol
        self._milliseconds = milliseconds

    def placed(
        self, record: OrderRecord, fills: Iterable[Fill], matches: Iterable[PreventedMatch], form: str
    ) -> Fields:
        """The answer to a new order in one of its three forms."""
        row: Fields = {
            "symbol": self._symbol,
            "orderId": record.order_id,
            "orderListId": _NO_LIST,
            "clientOrderId": record.client_order_id,
            "transactTime": self._milliseconds(record.updated_at),
        }
        if form == "ACK":
            return row
        row |= self._amounts(record) | self._terms(record)
        row["workingTime"] = self._working_time(record)
        row["selfTradePreventionMode"] = record.terms["selfTradePreventionMode"]
        # The matches that ended a new order are told whole, in a list; only later answers name the last one.
        row |= {
            name: value for name, value in self._conditional(record).items() if name != "preventedMatchId"
        }
        row |= _expiry_reason(record)
        if form == "FULL":
            row["fills"] = [self._fill_of_order(fill) for fill in fills]
            prevented = [self._match_of_order(match) for match in matches]
            row |= {"preventedMatches": prevented} if prevented else {}
        return row

    def cancelled(self, record: OrderRecord, command_id: str) -> Fields:
        """The answer to a cancellation, which has an id of its own."""
        row: Fields = {
            "symbol": self._symbol,
            "origClientOrderId": record.client_order_id,
            "orderId": record.order_id,
            "orderListId": _NO_LIST,
            "clientOrderId": command_id,
            "transactTime": self._milliseconds(record.updated_at),
        }
        row |= self._amounts(record) | self._terms(record)
        row["selfTradePreventionMode"] = record.terms["selfTradePreventionMode"]
        return row | self._conditional(record)

    def queried(self, record: OrderRecord) -> Fields:
        """An order in the answer to a question."""
        row: Fields = {
            "symbol": self._symbol,
            "orderId": record.order_id,
            "orderListId": _NO_LIST,
            "clientOrderId": record.client_order_id,
        }
        row |= self._amounts(record) | self._terms(record)
        row |= {
            "stopPrice": eight(None),
            "icebergQty": eight(None),
            "time": self._milliseconds(record.placed_at),
            "updateTime": self._milliseconds(record.updated_at),
            "isWorking": record.working_since is not None,
            "workingTime": self._working_time(record),
            "selfTradePreventionMode": record.terms["selfTradePreventionMode"],
        }
        return row | self._conditional(record) | _expiry_reason(record)

    def amended(self, record: OrderRecord) -> Fields:
        """The answer to an amendment, whose words for amounts are its own."""
        amendment = record.amendments[-1]
        state = record.state
        return {
            "transactTime": self._milliseconds(amendment.time),
            "executionId": amendment.execution_id,
            "amendedOrder": {
                "symbol": self._symbol,
                "orderId": record.order_id,
                "orderListId": _NO_LIST,
                "origClientOrderId": amendment.old_client_order_id,
                "clientOrderId": amendment.new_client_order_id,
                "price": eight(state.price),
                "qty": eight(state.amount),
                "executedQty": eight(state.filled),
                "preventedQty": eight(record.lost),
                "quoteOrderQty": eight(state.request.quote_amount),
                "cumulativeQuoteQty": eight(state.quote_filled),
                "status": status_of(record),
                **self._terms(record),
                "workingTime": self._working_time(record),
                "selfTradePreventionMode": record.terms["selfTradePreventionMode"],
            }
            | self._conditional(record),
        }

    def amendment(self, record: OrderRecord, amendment: Amendment) -> Fields:
        """One of an order's amendments."""
        return {
            "symbol": self._symbol,
            "orderId": record.order_id,
            "executionId": amendment.execution_id,
            "origClientOrderId": amendment.old_client_order_id,
            "newClientOrderId": amendment.new_client_order_id,
            "origQty": eight(amendment.old_amount),
            "newQty": eight(amendment.new_amount),
            "time": self._milliseconds(amendment.time),
        }

    def trade(self, fill: Fill) -> Fields:
        """A trade in the account's list."""
        return {
            "symbol": self._symbol,
            "id": fill.trade_id,
            "orderId": fill.order_id,
            "orderListId": _NO_LIST,
            "price": eight(fill.price),
            "qty": eight(fill.amount),
            "quoteQty": eight(fill.quote_amount),
            "commission": eight(fill.fee.amount),
            "commissionAsset": fill.fee.token,
            "time": self._milliseconds(fill.time),
            "isBuyer": fill.is_buy,
            "isMaker": fill.is_maker,
            "isBestMatch": True,
        }

    def prevented_match(self, match: PreventedMatch) -> Fields:
        """A trade that was prevented, in the account's list (faqs/stp_faq.md, What is a Prevented Match?)."""
        mode = prevention(match.mode)
        row: Fields = {
            "symbol": self._symbol,
            "preventedMatchId": match.match_id,
            "takerOrderId": match.taker_order_id,
            "makerSymbol": self._symbol,
            "makerOrderId": match.maker_order_id,
            "tradeGroupId": -1,
            "selfTradePreventionMode": match.mode.name,
            "price": eight(match.price),
        }
        if mode.expires_taker or mode.decrements:
            row["takerPreventedQuantity"] = eight(match.taker_lost)
        if mode.expires_maker or mode.decrements:
            row["makerPreventedQuantity"] = eight(match.maker_lost)
        return row | {"transactTime": self._milliseconds(match.time)}

    def _amounts(self, record: OrderRecord) -> Fields:
        state = record.state
        return {
            "price": eight(state.price),
            "origQty": eight(state.amount),
            "executedQty": eight(state.filled),
            "origQuoteOrderQty": eight(state.request.quote_amount),
            "cummulativeQuoteQty": eight(state.quote_filled),
            "status": status_of(record),
        }

    def _terms(self, record: OrderRecord) -> Fields:
        return {name: record.terms[name] for name in ("timeInForce", "type", "side")}

    def _working_time(self, record: OrderRecord) -> int:
        return -1 if record.working_since is None else self._milliseconds(record.working_since)

    def _conditional(self, record: OrderRecord) -> Fields:
        row: Fields = {
            name: record.terms[name] for name in ("strategyId", "strategyType") if name in record.terms
        }
        trigger = record.state.request.trigger
        if trigger is not None:
            row["stopPrice"] = eight(trigger.price)
        if record.prevented is not None and record.lost:
            row["preventedMatchId"] = record.prevented.match_id
            row["preventedQuantity"] = eight(record.lost)
        return row

    def _fill_of_order(self, fill: Fill) -> Fields:
        return {
            "price": eight(fill.price),
            "qty": eight(fill.amount),
            "commission": eight(fill.fee.amount),
            "commissionAsset": fill.fee.token,
            "tradeId": fill.trade_id,
        }

    def _match_of_order(self, match: PreventedMatch) -> Fields:
        row: dict[str, Any] = {
            "preventedMatchId": match.match_id,
            "makerOrderId": match.maker_order_id,
            "price": eight(match.price),
        }
        mode = prevention(match.mode)
        if mode.expires_taker or mode.decrements:
            row["takerPreventedQuantity"] = eight(match.taker_lost)
        if mode.expires_maker or mode.decrements:
            row["makerPreventedQuantity"] = eight(match.maker_lost)
        return row
