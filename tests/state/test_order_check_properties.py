"""The nearest order against a search through all of them, on small grids."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.state.order_bench import PAIR

from venuekit.model.order import NewOrder, OrderType, TradeType
from venuekit.model.trading_rule import TradingRule
from venuekit.state.order_check import OrderRule, check, nearest, quantize_amount, quantize_price

STEPS = st.sampled_from([Decimal(step) for step in ("1e-56", "0.1", "0.25", "0.3", "1", "2.50", "10")])
FINE = st.decimals("0.01", "12", places=2)
ANY = st.decimals(allow_nan=False, allow_infinity=False, min_value="1e-20", max_value="1e20")


@st.composite
def rules(draw: st.DrawFn) -> TradingRule:
    def maybe(values: st.SearchStrategy[Decimal], otherwise: Decimal) -> Decimal:
        return draw(st.just(otherwise) | values)

    return TradingRule(
        PAIR,
        min_order_size=maybe(FINE, Decimal(0)),
        max_order_size=maybe(FINE, Decimal("1e56")),
        min_price_increment=draw(STEPS),
        min_base_amount_increment=draw(STEPS),
        min_quote_amount_increment=draw(STEPS),
        min_notional_size=maybe(FINE.map(lambda size: size * 5), Decimal(0)),
        max_price_significant_digits=maybe(st.sampled_from([Decimal(2), Decimal(3)]), Decimal("1e56")),
        min_price=draw(st.none() | FINE),
        max_price=draw(st.none() | FINE),
        max_market_order_size=draw(st.none() | FINE),
        max_notional_size=draw(st.none() | FINE.map(lambda size: size * 20)),
    )


@st.composite
def orders(draw: st.DrawFn) -> NewOrder:
    kind = draw(st.sampled_from(["limit", "market", "quote", "stop"]))
    number = FINE | ANY
    return NewOrder(
        client_order_id="id-1",
        trading_pair=PAIR,
        trade_type=draw(st.sampled_from([TradeType.BUY, TradeType.SELL])),
        order_type=OrderType.LIMIT if kind in {"limit", "stop"} else OrderType.MARKET,
        amount=None if kind == "quote" else draw(number),
        quote_amount=draw(number) if kind == "quote" else None,
        price=draw(number) if kind in {"limit", "stop"} else None,
        trigger_price=draw(number) if kind == "stop" else None,
        reduce_only=draw(st.booleans()),
    )


@settings(max_examples=400, deadline=None)
@given(rules(), orders(), st.none() | FINE)
def test_the_nearest_order_always_passes(rule: TradingRule, order: NewOrder, price: Decimal | None) -> None:
    found = nearest(order, rule, price)
    assert found is None or check(found, rule, price) == ()
    if not check(order, rule, price):
        assert found == order


@settings(max_examples=400, deadline=None)
@given(rules(), ANY | FINE)
def test_what_is_cut_is_never_above_what_was_asked_and_cutting_twice_changes_nothing(
    rule: TradingRule, asked: Decimal
) -> None:
    for cut in (quantize_amount, quantize_price):
        found = cut(rule, asked)
        assert found <= asked
        assert str(cut(rule, found)) == str(found)


@settings(max_examples=80, deadline=None)
@given(rules(), FINE, FINE.filter(lambda limit: limit >= 1), st.none() | FINE)
def test_the_nearest_amount_is_the_one_that_a_search_finds(
    rule: TradingRule, asked: Decimal, limit: Decimal, price: Decimal | None
) -> None:
    """The largest valid amount not above what was asked, else the smallest: at prices of 1 and more."""
    step = max(rule.min_base_amount_increment, Decimal("0.1"))
    rule = replace(rule, min_base_amount_increment=step, max_price=None)
    order = NewOrder(
        client_order_id="id-1", trading_pair=PAIR, trade_type=TradeType.BUY, amount=asked, price=limit
    )
    found = nearest(order, rule, price)
    if found is None or found.price is None:
        # Nobody finds one at any amount, at the nearest price.
        assert not _valid_amounts(replace(order, price=_nearest_price(rule, limit)), rule, price)
        return
    valid = _valid_amounts(replace(order, price=found.price), rule, price)
    below = [amount for amount in valid if amount <= asked]
    assert found.amount == (max(below) if below else min(valid))


@settings(max_examples=60, deadline=None)
@given(rules(), FINE)
def test_the_nearest_price_is_the_one_that_a_search_finds(rule: TradingRule, asked: Decimal) -> None:
    valid = _valid_prices(rule)
    if not valid:
        return
    below = [price for price in valid if price <= asked]
    assert _nearest_price(rule, asked) == (max(below) if below else min(valid))


def _nearest_price(rule: TradingRule, asked: Decimal) -> Decimal:
    """By the checker, in a market that has rules about prices alone."""
    prices_only = TradingRule(
        PAIR,
        min_price_increment=rule.min_price_increment,
        max_price_significant_digits=rule.max_price_significant_digits,
        min_price=rule.min_price,
        max_price=rule.max_price,
    )
    order = NewOrder(
        client_order_id="id-1", trading_pair=PAIR, trade_type=TradeType.BUY, amount=Decimal(1), price=asked
    )
    found = nearest(order, prices_only, None)
    return asked if found is None or found.price is None else found.price


def _valid_amounts(order: NewOrder, rule: TradingRule, price: Decimal | None) -> list[Decimal]:
    step = rule.min_base_amount_increment
    # The least value is 60 at most, and the price 0.9 at least: 1, cut to steps of three tenths.
    amounts = (step * count for count in range(1, 800))
    return [amount for amount in amounts if not check(replace(order, amount=amount), rule, price)]


def _valid_prices(rule: TradingRule) -> list[Decimal]:
    order = NewOrder(
        client_order_id="id-1",
        trading_pair=PAIR,
        trade_type=TradeType.BUY,
        amount=Decimal(1),
        price=Decimal(1),
    )
    about_prices = {OrderRule.MIN_PRICE, OrderRule.MAX_PRICE, OrderRule.PRICE_STEP, OrderRule.PRICE_DIGITS}
    prices = (Decimal(count) / 100 for count in range(1, 1_300))
    return [
        price
        for price in prices
        if not {broken.rule for broken in check(replace(order, price=price), rule, None)} & about_prices
    ]
