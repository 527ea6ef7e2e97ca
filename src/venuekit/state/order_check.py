"""Whether a market would take an order: which rule it breaks, and the nearest order that breaks none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from enum import Enum
from math import lcm
from typing import NamedTuple

from msgspec.structs import replace

from venuekit.model.decimals import CONTEXT, plain
from venuekit.model.order import NewOrder, OrderType, TimeInForce
from venuekit.model.trading_rule import TradingRule
from venuekit.protocol.frozen import Frozen

__all__ = ["OrderRule", "Violation", "check", "nearest", "quantize_amount", "quantize_price"]

_ZERO = Decimal(0)
_NONE_SMALL = Decimal("1e-56")
"""What the shared vocabulary writes where there is no step."""
_WIDE = Context(prec=200)
"""A number of 1e56 in steps of 1e-56, exactly, and its product with another."""
_WIDEST = 150
"""Places between a number and its step beyond which it is no price and no amount of any market."""


class OrderRule(Enum):
    """A rule of a market that an order can break."""

    STATUS = "the market takes new orders"
    ORDER_TYPE = "the market takes this type of order"
    TIME_IN_FORCE = "the market takes this time in force"
    TRIGGER = "the market takes conditional orders"
    QUOTE_AMOUNT = "the market takes amounts in quote"
    POSITIVE = "a number is above zero"
    MIN_SIZE = "the least amount"
    MAX_SIZE = "the largest amount"
    MAX_MARKET_SIZE = "the largest amount of a market order"
    AMOUNT_STEP = "the step between amounts"
    QUOTE_AMOUNT_STEP = "the step between amounts in quote"
    MIN_PRICE = "the lowest price"
    MAX_PRICE = "the highest price"
    PRICE_STEP = "the step between prices"
    PRICE_DIGITS = "the significant digits of a price"
    MIN_NOTIONAL = "the least value"
    MAX_NOTIONAL = "the largest value"


class Violation(Frozen):
    """A rule that an order breaks: what it allows, what the order has, and both in a sentence.

    Amounts are in base, values and quote amounts in quote, prices in quote per base; a rule about words has
    words.
    """

    rule: OrderRule
    limit: Decimal | str
    value: Decimal | str
    message: str

    def __str__(self) -> str:
        return self.message


def quantize_price(rule: TradingRule, price: Decimal) -> Decimal:
    """The highest price on the market's grid that is not above this one; NaN stays NaN.

    A price on the grid is given back as it was written.
    """
    found = _on_grid(price, _price_step(rule, price), ROUND_FLOOR)
    if not price.is_finite() or price <= _ZERO or _digit_step(rule, price) is None:
        return found
    tick, decade = rule.min_price_increment, Decimal(1).scaleb(price.adjusted())
    while tick < decade and found < decade:
        # No price of this decade is valid. In the one below it significant digits make finer steps.
        found = _on_grid(decade, _price_step(rule, decade.scaleb(-1)), ROUND_FLOOR)
        decade = decade.scaleb(-1)
    return found


def quantize_amount(rule: TradingRule, amount: Decimal) -> Decimal:
    """The largest amount on the market's grid that is not above this one; NaN stays NaN.

    An amount on the grid is given back as it was written. Whether it is enough is for `check` to say.
    """
    return _on_grid(amount, _step(rule.min_base_amount_increment), ROUND_FLOOR)


def check(
    order: NewOrder,
    rule: TradingRule,
    price: Decimal | None,
    *,
    order_types: Collection[OrderType] | None = None,
    times_in_force: Collection[TimeInForce] | None = None,
    has_triggers: bool = True,
    has_quote_amounts: bool = True,
    is_closing: bool = False,
) -> tuple[Violation, ...]:
    """Every rule that an order breaks; empty: none that is known here.

    `price` is what a unit of base is worth now, in quote; None, NaN or zero: no live book tells, and what
    needs it of a market order is left out. `order_types` and `times_in_force` None: not looked at.
    `is_closing`, or an order that only reduces: it may be worth less than the least value.
    """
    abilities = _broken_abilities(order, rule, order_types, times_in_force, has_triggers, has_quote_amounts)
    numbers = (*_broken_prices(order, rule), *_broken_amounts(order, rule))
    value = _value_of(order, price)
    is_small_enough = is_closing or order.reduce_only
    return (*abilities, *numbers, *_broken_value(rule, value, is_small_enough))


def nearest(
    order: NewOrder,
    rule: TradingRule,
    price: Decimal | None,
    *,
    order_types: Collection[OrderType] | None = None,
    times_in_force: Collection[TimeInForce] | None = None,
    has_triggers: bool = True,
    has_quote_amounts: bool = True,
    is_closing: bool = False,
) -> NewOrder | None:
    """The order with other numbers that breaks no rule; None: numbers do not help, or no number does.

    Prices first, then the amount: each is the largest valid one that is not above what was asked, and where
    there is none, the smallest above it. Arguments are those of `check`.
    """
    found = order
    for field in ("price", "trigger_price"):
        asked = getattr(found, field)
        if asked is not None:
            found = replace(found, **{field: _nearest_price(rule, asked)})
    room = _room(found, rule, price, may_be_small=is_closing or order.reduce_only)
    found = replace(found, **{room.field: room.nearest(getattr(found, room.field))})
    broken = check(
        found,
        rule,
        price,
        order_types=order_types,
        times_in_force=times_in_force,
        has_triggers=has_triggers,
        has_quote_amounts=has_quote_amounts,
        is_closing=is_closing,
    )
    return None if broken else found


# --- rules


def _broken_abilities(
    order: NewOrder,
    rule: TradingRule,
    order_types: Collection[OrderType] | None,
    times_in_force: Collection[TimeInForce] | None,
    has_triggers: bool,
    has_quote_amounts: bool,
) -> Iterator[Violation]:
    """What the market or the venue cannot do at all."""
    pair = rule.trading_pair
    if not rule.is_tradable:
        said = f"{pair} takes no new orders: it is {rule.status.value}"
        yield Violation(rule=OrderRule.STATUS, limit="trading", value=rule.status.value, message=said)
    types = [kind for kind in (OrderType if order_types is None else order_types) if _takes(rule, kind)]
    if order.order_type not in types:
        yield _of_words(OrderRule.ORDER_TYPE, order.order_type.name, [kind.name for kind in types], pair)
    # A market order names no time in force unless it was given one.
    names_time = order.order_type.is_limit_type() or order.time_in_force is not TimeInForce.GTC
    if names_time and times_in_force is not None and order.time_in_force not in times_in_force:
        known = [each.value for each in times_in_force]
        yield _of_words(OrderRule.TIME_IN_FORCE, order.time_in_force.value, known, pair)
    if order.is_conditional() and not has_triggers:
        yield _of_words(OrderRule.TRIGGER, "conditional", ["unconditional"], pair)
    if order.quote_amount is not None and not has_quote_amounts:
        yield _of_words(OrderRule.QUOTE_AMOUNT, "amount in quote", ["amount in base"], pair)


def _broken_prices(order: NewOrder, rule: TradingRule) -> Iterator[Violation]:
    is_priced = order.order_type.is_limit_type()
    for word, price in (
        ("price", order.price if is_priced else None),
        ("trigger price", order.trigger_price),
    ):
        if price is None:
            continue
        yield from _outside(
            word,
            price,
            rule,
            low=(OrderRule.MIN_PRICE, rule.min_price),
            high=(OrderRule.MAX_PRICE, rule.max_price),
        )
        tick = _step(rule.min_price_increment)
        if tick is not None and _on_grid(price, tick, ROUND_FLOOR) != price:
            yield _off_grid(OrderRule.PRICE_STEP, word, price, tick, rule)
        digits = _digit_step(rule, price)
        if digits is not None and _on_grid(price, digits, ROUND_FLOOR) != price:
            most = rule.max_price_significant_digits
            said = f"the {word} {plain(price)} of {rule.trading_pair} has more than {most} significant digits"
            yield Violation(rule=OrderRule.PRICE_DIGITS, limit=most, value=price, message=said)


def _broken_amounts(order: NewOrder, rule: TradingRule) -> Iterator[Violation]:
    if order.amount is None:
        asked = order.quote_amount or _ZERO
        yield from _outside("quote amount", asked, rule)
        step = _step(rule.min_quote_amount_increment)
        if step is not None and _on_grid(asked, step, ROUND_FLOOR) != asked:
            yield _off_grid(OrderRule.QUOTE_AMOUNT_STEP, "quote amount", asked, step, rule)
        return
    amount = order.amount
    low = (OrderRule.MIN_SIZE, rule.min_order_size or None)
    yield from _outside("amount", amount, rule, low=low, high=(OrderRule.MAX_SIZE, rule.max_order_size))
    if order.order_type is OrderType.MARKET and amount <= rule.max_order_size:
        most = rule.max_market_order_size
        yield from _outside("amount", amount, rule, high=(OrderRule.MAX_MARKET_SIZE, most), is_signed=True)
    step = _step(rule.min_base_amount_increment)
    if step is not None and _on_grid(amount, step, ROUND_FLOOR) != amount:
        yield _off_grid(OrderRule.AMOUNT_STEP, "amount", amount, step, rule)


def _broken_value(rule: TradingRule, value: Decimal | None, may_be_small: bool) -> Iterator[Violation]:
    if value is None:
        return
    least = None if may_be_small else _least_value(rule)
    yield from _outside(
        "value",
        value,
        rule,
        low=(OrderRule.MIN_NOTIONAL, least),
        high=(OrderRule.MAX_NOTIONAL, rule.max_notional_size),
        is_signed=True,
    )


def _takes(rule: TradingRule, kind: OrderType) -> bool:
    """Whether the market takes this type, as far as its rule says."""
    if kind.is_limit_type():
        return rule.supports_limit_orders
    return kind is not OrderType.MARKET or rule.supports_market_orders


def _least_value(rule: TradingRule) -> Decimal | None:
    return max(rule.min_notional_size, rule.min_order_value) or None


def _unit_value(order: NewOrder, price: Decimal | None) -> Decimal | None:
    """What a unit of base counts for this order, in quote; None: nobody knows."""
    if order.order_type.is_limit_type():
        unit = order.price
    else:
        unit = price if order.trigger_price is None else order.trigger_price
    return unit if unit is not None and unit.is_finite() and unit > _ZERO else None


def _value_of(order: NewOrder, price: Decimal | None) -> Decimal | None:
    if order.amount is None:
        return order.quote_amount
    unit = _unit_value(order, price)
    return None if unit is None else CONTEXT.multiply(order.amount, unit)


# --- what is said


def _outside(
    word: str,
    value: Decimal,
    rule: TradingRule,
    *,
    low: tuple[OrderRule, Decimal | None] = (OrderRule.POSITIVE, None),
    high: tuple[OrderRule, Decimal | None] = (OrderRule.POSITIVE, None),
    is_signed: bool = False,
) -> Iterator[Violation]:
    """A number that is below or above its bounds (None: there is none), or not above zero."""
    words = f"the {word} {plain(value)} of {rule.trading_pair} is"
    if value <= _ZERO and not is_signed:
        said = f"{words} not above zero"
        yield Violation(rule=OrderRule.POSITIVE, limit=_ZERO, value=value, message=said)
    elif low[1] is not None and value < low[1]:
        said = f"{words} below {low[0].value}, {plain(low[1])}"
        yield Violation(rule=low[0], limit=low[1], value=value, message=said)
    elif high[1] is not None and value > high[1]:
        said = f"{words} above {high[0].value}, {plain(high[1])}"
        yield Violation(rule=high[0], limit=high[1], value=value, message=said)


def _off_grid(broken: OrderRule, word: str, value: Decimal, step: Decimal, rule: TradingRule) -> Violation:
    said = f"the {word} {plain(value)} of {rule.trading_pair} is no multiple of {plain(step)}"
    return Violation(rule=broken, limit=step, value=value, message=said)


def _of_words(broken: OrderRule, value: str, known: list[str], pair: str) -> Violation:
    allowed = ", ".join(known) or "nothing"
    said = f"{pair} does not take {value}: it takes {allowed}"
    return Violation(rule=broken, limit=allowed, value=value, message=said)


# --- grids


class _Room(NamedTuple):
    """Which amounts are valid: from `low` to `high`, in steps (None: all between)."""

    field: str
    low: Decimal
    high: Decimal
    step: Decimal | None

    def nearest(self, asked: Decimal) -> Decimal:
        """The largest that is not above what was asked, else the smallest; it may be outside all the same."""
        found = _on_grid(min(asked, self.high), self.step, ROUND_FLOOR)
        if found >= self.low and found > _ZERO:
            return found
        return _on_grid(self.low or self.step or found, self.step, ROUND_CEILING)


def _room(order: NewOrder, rule: TradingRule, price: Decimal | None, *, may_be_small: bool) -> _Room:
    least = _ZERO if may_be_small else _least_value(rule) or _ZERO
    most = rule.max_notional_size
    if order.amount is None:
        high = Decimal("Infinity") if most is None else most
        return _Room("quote_amount", least, high, _step(rule.min_quote_amount_increment))
    low, high = rule.min_order_size, rule.max_order_size
    if order.order_type is OrderType.MARKET and rule.max_market_order_size is not None:
        high = min(high, rule.max_market_order_size)
    unit = _unit_value(order, price)
    if unit is not None:
        low = max(low, Context(prec=CONTEXT.prec, rounding=ROUND_CEILING).divide(least, unit))
        if most is not None:
            high = min(high, Context(prec=CONTEXT.prec, rounding=ROUND_FLOOR).divide(most, unit))
    return _Room("amount", low, high, _step(rule.min_base_amount_increment))


def _nearest_price(rule: TradingRule, asked: Decimal) -> Decimal:
    within = asked if rule.max_price is None else min(asked, rule.max_price)
    found = quantize_price(rule, within)
    if found > _ZERO and (rule.min_price is None or found >= rule.min_price):
        return found
    lowest = rule.min_price or _step(rule.min_price_increment) or found
    found = _on_grid(lowest, _price_step(rule, lowest), ROUND_CEILING)
    while found.adjusted() > lowest.adjusted():  # into a decade where the steps are wider
        lowest, found = found, _on_grid(found, _price_step(rule, found), ROUND_CEILING)
    return found


def _step(increment: Decimal) -> Decimal | None:
    """The step of a rule, None where it has none."""
    return increment if increment > _NONE_SMALL else None


def _digit_step(rule: TradingRule, price: Decimal) -> Decimal | None:
    """The step that the number of significant digits makes at this price, None where there is none."""
    digits = rule.max_price_significant_digits
    if not price or not price.is_finite() or digits > _WIDEST:
        return None
    return Decimal(1).scaleb(price.adjusted() + 1 - int(digits))


def _price_step(rule: TradingRule, price: Decimal) -> Decimal | None:
    """The step between prices around this one, None where there is none."""
    tick, digits = _step(rule.min_price_increment), _digit_step(rule, price)
    if tick is None or digits is None:
        return tick or digits
    places = min(int(tick.as_tuple().exponent), int(digits.as_tuple().exponent))
    both = lcm(int(tick.scaleb(-places, _WIDE)), int(digits.scaleb(-places, _WIDE)))
    return Decimal(both).scaleb(places, _WIDE)


def _on_grid(value: Decimal, step: Decimal | None, rounding: str) -> Decimal:
    """The multiple of a step next to a value, below it or above; one that is a multiple stays as written."""
    if step is None or not value.is_finite() or value.adjusted() - step.adjusted() > _WIDEST:
        return value
    rest = _WIDE.remainder(value, step)
    if not rest:
        return value
    below = _WIDE.subtract(value, rest if rest > _ZERO else _WIDE.add(rest, step))
    found = _WIDE.normalize(below if rounding == ROUND_FLOOR else _WIDE.add(below, step))
    return found if int(found.as_tuple().exponent) <= 0 else _WIDE.quantize(found, Decimal(1))
