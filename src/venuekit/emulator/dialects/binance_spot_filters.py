"""Binance spot's filters, each as filters.md (2026-05-25) defines it, over the row of `exchangeInfo`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from venuekit.model.decimals import CONTEXT
from venuekit.protocol.frozen import Frozen

__all__ = ["ALGO_TYPES", "Proposal", "Surroundings", "first_failure"]

ALGO_TYPES = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
Row = Mapping[str, Any]


class Proposal(Frozen):
    """An order before it is one; `quote_amount` is a market order's, in place of an amount."""

    is_buy: bool
    type: str
    amount: Decimal | None = None
    quote_amount: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None


class Surroundings(Frozen):
    """What filters compare an order with.

    `average` gives the volume-weighted average price of so many minutes, and for 0 the last price. The
    others are of the account and the symbol: its open orders, those of the algo types, and its position in
    the base asset with all open buys, as MAX_POSITION counts it.
    """

    average: Callable[[int], Decimal]
    open_orders: int = 0
    open_algo_orders: int = 0
    position: Decimal = Decimal(0)


def first_failure(rows: Iterable[Row], proposal: Proposal, around: Surroundings) -> str | None:
    """The filter that an order does not pass, None: it passes all."""
    for row in rows:
        name: str = row["filterType"]
        passes = _FILTERS.get(name)
        if passes is not None and not passes(row, proposal, around):
            return name
    return None


def _is_within(value: Decimal, least: str, most: str, interval: str) -> bool:
    """Whether a value passes three rules, each of which is off where it is zero."""
    low, high, step = Decimal(least), Decimal(most), Decimal(interval)
    return value >= low and (not high or value <= high) and (not step or not CONTEXT.remainder(value, step))


def _price_filter(row: Row, proposal: Proposal, _: Surroundings) -> bool:
    prices = [price for price in (proposal.price, proposal.stop_price) if price is not None]
    return all(
        price > 0 and _is_within(price, row["minPrice"], row["maxPrice"], row["tickSize"]) for price in prices
    )


def _percent_price(row: Row, proposal: Proposal, around: Surroundings) -> bool:
    return _is_near(proposal, around.average(row["avgPriceMins"]), row["multiplierDown"], row["multiplierUp"])


def _percent_price_by_side(row: Row, proposal: Proposal, around: Surroundings) -> bool:
    side = "bid" if proposal.is_buy else "ask"
    down, up = row[f"{side}MultiplierDown"], row[f"{side}MultiplierUp"]
    return _is_near(proposal, around.average(row["avgPriceMins"]), down, up)


def _is_near(proposal: Proposal, average: Decimal, down: str, up: str) -> bool:
    if proposal.price is None:
        return True
    low, high = (CONTEXT.multiply(average, Decimal(factor)) for factor in (down, up))
    return low <= proposal.price <= high


def _lot_size(row: Row, proposal: Proposal, _: Surroundings) -> bool:
    amount = proposal.amount
    return amount is None or (
        amount > 0 and _is_within(amount, row["minQty"], row["maxQty"], row["stepSize"])
    )


def _market_lot_size(row: Row, proposal: Proposal, around: Surroundings) -> bool:
    return proposal.type != "MARKET" or _lot_size(row, proposal, around)


def _notional(proposal: Proposal, around: Surroundings, minutes: int) -> Decimal:
    """What the order is worth: by its price, by the average where it has none, or what it says."""
    if proposal.amount is None:
        return proposal.quote_amount or Decimal(0)
    price = around.average(minutes) if proposal.price is None else proposal.price
    return CONTEXT.multiply(price, proposal.amount)


def _min_notional(row: Row, proposal: Proposal, around: Surroundings) -> bool:
    applies = proposal.price is not None or row["applyToMarket"]
    return not applies or _notional(proposal, around, row["avgPriceMins"]) >= Decimal(row["minNotional"])


def _notional_range(row: Row, proposal: Proposal, around: Surroundings) -> bool:
    is_limit = proposal.price is not None
    value = _notional(proposal, around, row["avgPriceMins"])
    is_enough = not (is_limit or row["applyMinToMarket"]) or value >= Decimal(row["minNotional"])
    is_too_much = (is_limit or row["applyMaxToMarket"]) and value > Decimal(row["maxNotional"])
    return is_enough and not is_too_much


def _max_position(row: Row, proposal: Proposal, around: Surroundings) -> bool:
    if not proposal.is_buy:
        return True
    after = CONTEXT.add(around.position, proposal.amount or Decimal(0))
    return after <= Decimal(row["maxPosition"])


def _max_num_orders(row: Row, _: Proposal, around: Surroundings) -> bool:
    return around.open_orders < int(row["maxNumOrders"])


def _max_num_algo_orders(row: Row, proposal: Proposal, around: Surroundings) -> bool:
    return proposal.type not in ALGO_TYPES or around.open_algo_orders < int(row["maxNumAlgoOrders"])


_FILTERS: Mapping[str, Callable[[Row, Proposal, Surroundings], bool]] = {
    "PRICE_FILTER": _price_filter,
    "PERCENT_PRICE": _percent_price,
    "PERCENT_PRICE_BY_SIDE": _percent_price_by_side,
    "LOT_SIZE": _lot_size,
    "MIN_NOTIONAL": _min_notional,
    "NOTIONAL": _notional_range,
    "MARKET_LOT_SIZE": _market_lot_size,
    "MAX_NUM_ORDERS": _max_num_orders,
    "MAX_NUM_ALGO_ORDERS": _max_num_algo_orders,
    "MAX_POSITION": _max_position,
}
