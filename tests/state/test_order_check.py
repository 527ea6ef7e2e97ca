"""Each rule alone, what is said about it, and the order that would be taken instead."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.state.order_bench import PAIR

from venuekit.model.order import NewOrder, OrderType, TimeInForce, TradeType
from venuekit.model.trading_rule import TradingRule, TradingStatus
from venuekit.state.order_check import OrderRule, check, nearest, quantize_amount, quantize_price

R = OrderRule
D = Decimal
FREE = TradingRule(PAIR)
STRICT = TradingRule(
    PAIR,
    min_order_size=D("0.001"),
    max_order_size=D(100),
    min_price_increment=D("0.01000000"),
    min_base_amount_increment=D("0.00010000"),
    min_quote_amount_increment=D("0.01"),
    min_notional_size=D(10),
    min_price=D("0.01"),
    max_price=D(100_000),
    max_market_order_size=D(50),
    max_notional_size=D(1_000_000),
)


def order(amount: str | None = "1", price: str | None = "100", **terms: Any) -> NewOrder:
    return NewOrder(
        client_order_id="id-1",
        trading_pair=PAIR,
        trade_type=TradeType.BUY,
        amount=None if amount is None else D(amount),
        price=None if price is None else D(price),
        **terms,
    )


def market(amount: str | None = "1", **terms: Any) -> NewOrder:
    return order(amount, None, order_type=OrderType.MARKET, **terms)


def rule(**changes: Any) -> TradingRule:
    return TradingRule(PAIR, **changes)


def broken(asked: NewOrder, given: TradingRule, price: str | None = None, **more: Any) -> list[OrderRule]:
    return [found.rule for found in check(asked, given, None if price is None else D(price), **more)]


# --- grids


@pytest.mark.parametrize(
    ("step", "asked", "expected"),
    [
        ("0.0001", "2.2504", "2.2504"),
        ("0.00010000", "2.2504", "2.2504"),
        ("0.0001", "2.25049", "2.2504"),
        ("0.01", "2.50", "2.50"),
        ("1E-8", "3E-8", "3E-8"),
        ("0.1", "0.3", "0.3"),
        ("0.1", "0.29", "0.2"),
        ("10", "1234", "1230"),
        ("100", "99", "0"),
        ("0.25", "1.9", "1.75"),
        ("3", "10", "9"),
        ("0.01", "-0.005", "-0.01"),
        ("1E-18", "1000000000000.1234567890123456789", "1000000000000.123456789012345678"),
    ],
)
def test_s44_an_amount_is_cut_to_the_step_exactly_and_keeps_its_digits(
    step: str, asked: str, expected: str
) -> None:
    found = quantize_amount(rule(min_base_amount_increment=D(step)), D(asked))
    assert str(found) == expected
    assert str(quantize_price(rule(min_price_increment=D(step)), D(asked))) == expected


def test_s44_a_tiny_price_is_written_without_an_exponent() -> None:
    assert f"{quantize_price(rule(min_price_increment=D('1E-8')), D('3.9E-8')):f}" == "0.00000003"


@pytest.mark.parametrize("asked", ["2.2504", "3E-8", "1E+56", "0", "123456789012.123456789012345678"])
def test_a_market_without_steps_cuts_nothing(asked: str) -> None:
    assert str(quantize_amount(FREE, D(asked))) == asked
    assert str(quantize_price(FREE, D(asked))) == asked


@pytest.mark.parametrize("asked", ["NaN", "Infinity"])
def test_what_is_no_number_passes_through(asked: str) -> None:
    assert str(quantize_price(STRICT, D(asked))) == asked
    assert str(quantize_amount(STRICT, D(asked))) == asked


def test_a_number_far_beyond_any_market_is_left_to_the_bounds() -> None:
    assert quantize_amount(STRICT, D("1E+900")) == D("1E+900")
    assert broken(order("1E+900"), STRICT)[:1] == [R.MAX_SIZE]


@pytest.mark.parametrize(
    ("digits", "tick", "asked", "expected"),
    [
        (5, "1e-56", "1234.567", "1234.5"),
        (5, "1e-56", "0.000123456", "0.00012345"),
        (3, "1e-56", "123456", "123000"),
        (5, "0.01", "1.23456", "1.23"),
        (3, "0.25", "12.3", "12"),
        (3, "0.25", "12.6", "12.5"),
    ],
)
def test_a_price_keeps_to_its_significant_digits_and_to_its_step_at_once(
    digits: int, tick: str, asked: str, expected: str
) -> None:
    given = rule(max_price_significant_digits=D(digits), min_price_increment=D(tick))
    assert str(quantize_price(given, D(asked))) == expected
    assert broken(order(price=expected), given) == []


# --- rules one by one


@pytest.mark.parametrize(
    ("asked", "found"),
    [("10.00", "9.9"), ("11.9", "9.9"), ("12", "12"), ("14.9", "12"), ("0.25", "0"), ("100", "99")],
)
def test_a_price_that_finds_none_in_its_decade_falls_to_the_finer_steps_below_it(
    asked: str, found: str
) -> None:
    market = rule(min_price_increment=D("0.3"), max_price_significant_digits=D(2))
    assert quantize_price(market, D(asked)) == D(found)


def test_a_price_raised_into_the_next_decade_takes_the_wider_steps_of_it() -> None:
    market = rule(min_price_increment=D("0.3"), max_price_significant_digits=D(2), min_price=D("9.95"))
    near = nearest(order(price="1"), market, None)
    assert near is not None
    assert near.price == 12


def test_an_order_that_fits_breaks_nothing() -> None:
    assert check(order(), STRICT, D(100)) == ()
    assert check(market(), STRICT, D(100)) == ()
    assert nearest(order(), STRICT, D(100)) == order()


BREAKING: list[tuple[NewOrder, OrderRule, str, str]] = [
    (order("0.0009", "50000"), R.MIN_SIZE, "0.001", "0.0009"),
    (order("100.0001"), R.MAX_SIZE, "100", "100.0001"),
    (market("50.0001"), R.MAX_MARKET_SIZE, "50", "50.0001"),
    (order("1.00005"), R.AMOUNT_STEP, "0.00010000", "1.00005"),
    (order(price="100.005"), R.PRICE_STEP, "0.01000000", "100.005"),
    (order(price="100000.01", amount="1"), R.MAX_PRICE, "100000", "100000.01"),
    (order(amount="0.0999"), R.MIN_NOTIONAL, "10", "9.9900"),
    (order("100", "10000.01"), R.MAX_NOTIONAL, "1000000", "1000001.00"),
    (order(trigger_price=D("90.001")), R.PRICE_STEP, "0.01000000", "90.001"),
    (order(trigger_price=D("200000")), R.MAX_PRICE, "100000", "200000"),
    (market(None, quote_amount=D("9.99")), R.MIN_NOTIONAL, "10", "9.99"),
    (market(None, quote_amount=D("10.005")), R.QUOTE_AMOUNT_STEP, "0.01", "10.005"),
    (market(None, quote_amount=D("2E+6")), R.MAX_NOTIONAL, "1000000", "2E+6"),
]


@pytest.mark.parametrize(
    ("asked", "which", "limit", "value"), BREAKING, ids=lambda said: said.name if isinstance(said, R) else ""
)
def test_a_broken_rule_names_itself_its_limit_and_the_value(
    asked: NewOrder, which: OrderRule, limit: str, value: str
) -> None:
    (found,) = check(asked, STRICT, D(100))
    assert found.rule is which
    assert (str(found.limit), str(found.value)) == (limit, value)
    assert PAIR in found.message
    assert f"{D(limit):f}" in found.message
    assert f"{D(value):f}" in str(found)


@pytest.mark.parametrize("asked", [each[0] for each in BREAKING])
def test_for_a_broken_number_there_is_a_near_order_that_breaks_none(asked: NewOrder) -> None:
    found = nearest(asked, STRICT, D(100))
    assert found is not None
    assert check(found, STRICT, D(100)) == ()


def test_every_broken_rule_is_named() -> None:
    asked = order("0.00005", "0.001")
    assert broken(asked, STRICT) == [R.MIN_PRICE, R.PRICE_STEP, R.MIN_SIZE, R.AMOUNT_STEP, R.MIN_NOTIONAL]


@pytest.mark.parametrize("number", ["0", "-1"])
def test_numbers_of_an_order_are_above_zero(number: str) -> None:
    assert broken(order(number), FREE) == [R.POSITIVE]
    assert broken(order(price=number), FREE) == [R.POSITIVE]
    assert broken(order(trigger_price=D(number)), FREE) == [R.POSITIVE]
    assert broken(market(None, quote_amount=D(number)), FREE) == [R.POSITIVE]


def test_the_least_value_is_the_larger_of_what_the_two_rules_say() -> None:
    for first, second in (("10", "20"), ("20", "10")):
        (found,) = check(order("0.1"), rule(min_notional_size=D(first), min_order_value=D(second)), None)
        assert found.limit == 20


def test_a_price_with_too_many_digits_names_how_many_there_may_be() -> None:
    (found,) = check(order(price="1234.56"), rule(max_price_significant_digits=D(5)), None)
    assert (found.rule, found.limit) == (R.PRICE_DIGITS, D(5))


@pytest.mark.parametrize("status", [each for each in TradingStatus if each is not TradingStatus.TRADING])
def test_a_market_that_takes_no_orders_says_why_and_no_other_numbers_help(status: TradingStatus) -> None:
    (found,) = check(order(), rule(status=status), None)
    assert found.rule is R.STATUS
    assert status.value in found.message
    assert nearest(order(), rule(status=status), None) is None


@pytest.mark.parametrize(
    ("asked", "abilities", "which"),
    [
        (market(), {"order_types": (OrderType.LIMIT,)}, R.ORDER_TYPE),
        (market(), {"order_types": ()}, R.ORDER_TYPE),
        (order(time_in_force=TimeInForce.GTX), {"times_in_force": (TimeInForce.GTC,)}, R.TIME_IN_FORCE),
        (market(time_in_force=TimeInForce.FOK), {"times_in_force": (TimeInForce.GTC,)}, R.TIME_IN_FORCE),
        (order(trigger_price=D(90)), {"has_triggers": False}, R.TRIGGER),
        (market(None, quote_amount=D(100)), {"has_quote_amounts": False}, R.QUOTE_AMOUNT),
    ],
)
def test_what_a_venue_cannot_do_is_a_broken_rule(
    asked: NewOrder, abilities: dict[str, Any], which: OrderRule
) -> None:
    assert broken(asked, STRICT, "100", **abilities) == [which]
    assert nearest(asked, STRICT, D(100), **abilities) is None
    assert broken(asked, STRICT, "100") == []


def test_a_market_order_names_no_time_in_force() -> None:
    assert broken(market(), STRICT, times_in_force=(TimeInForce.IOC,)) == []


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (order(), rule(supports_limit_orders=False)),
        (order(order_type=OrderType.LIMIT_MAKER), rule(supports_limit_orders=False)),
        (market(), rule(supports_market_orders=False)),
    ],
)
def test_a_market_can_take_fewer_types_than_its_venue(asked: NewOrder, given: TradingRule) -> None:
    assert broken(asked, given, order_types=tuple(OrderType)) == [R.ORDER_TYPE]
    assert broken(asked, given) == [R.ORDER_TYPE]


# --- no price


@pytest.mark.parametrize("price", [None, "NaN", "0", "Infinity"])
def test_without_a_price_the_value_of_a_market_order_is_not_judged(price: str | None) -> None:
    assert broken(market("0.001"), STRICT, price) == []
    assert broken(market("0.001"), STRICT, "100") == [R.MIN_NOTIONAL]
    assert nearest(market("0.00105"), STRICT, None if price is None else D(price)) == market("0.0010")


def test_without_a_price_a_limit_order_is_worth_what_its_limit_says() -> None:
    assert broken(order("0.01", "100"), STRICT) == [R.MIN_NOTIONAL]


def test_without_a_price_a_conditional_market_order_is_worth_what_its_trigger_says() -> None:
    assert broken(market("0.01", trigger_price=D(100)), STRICT) == [R.MIN_NOTIONAL]


def test_s39_a_closing_order_is_refused_for_no_missing_price_and_for_no_small_value() -> None:
    for price in (None, "100"):
        assert broken(market("0.001", reduce_only=True), STRICT, price) == []
        assert broken(market("0.001"), STRICT, price, is_closing=True) == []
        assert broken(order("0.001", "100", reduce_only=True), STRICT, price) == []
    assert nearest(market("0.0011", reduce_only=True), STRICT, D(100)) == market("0.0011", reduce_only=True)
    assert nearest(market("0.0011"), STRICT, D(100), is_closing=True) == market("0.0011")
    assert broken(market("51", reduce_only=True), STRICT) == [R.MAX_MARKET_SIZE]


# --- the nearest order


def test_too_small_an_amount_becomes_the_smallest_that_is_worth_enough() -> None:
    found = nearest(order("0.05", "99.999"), STRICT, None)
    assert found == order("0.1001", "99.99")


def test_too_large_an_amount_becomes_the_largest() -> None:
    assert nearest(order("101", "20000"), STRICT, None) == order("50", "20000")
    assert nearest(market("101"), STRICT, None) == market("50")


def test_too_low_a_price_becomes_the_lowest() -> None:
    found = nearest(order("100", "0.001"), rule(min_price=D("0.015"), min_price_increment=D("0.01")), None)
    assert found == order("100", "0.02")
    assert nearest(order(price="-1"), rule(min_price_increment=D("0.5")), None) == order(price="0.5")


def test_an_amount_of_quote_is_cut_and_raised_like_any_other() -> None:
    for asked, expected in (("10.019", "10.01"), ("3", "10"), ("1000001", "1000000")):
        found = nearest(market(None, quote_amount=D(asked)), STRICT, None)
        assert found == market(None, quote_amount=D(expected))
    assert nearest(market(None, quote_amount=D("0.5")), FREE, None) == market(None, quote_amount=D("0.5"))


def test_where_the_rules_leave_no_room_there_is_no_near_order() -> None:
    no_room = rule(min_order_size=D(1), max_order_size=D("0.5"))
    assert nearest(order(), no_room, None) is None
    assert nearest(order("0"), FREE, None) is None
    assert nearest(order(price="0"), FREE, None) is None
    worthless = rule(min_notional_size=D(100), max_order_size=D("0.5"))
    assert nearest(order("1", "100"), worthless, None) is None
