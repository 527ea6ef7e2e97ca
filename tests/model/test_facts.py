from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from venuekit.model.decimals import CONTEXT, decimal_of, plain
from venuekit.model.fees import TokenAmount, TradeFeeSchema
from venuekit.model.market import FundingInfo, FundingInfoUpdate
from venuekit.model.order import OrderType
from venuekit.model.trading_rule import ContractKind, TradingRule, TradingStatus

# Exact numbers.


@pytest.mark.parametrize("text", ["1", "0.00000003", "-2.50", "1E-7", "1000000000000.000000000000000001"])
def test_a_number_is_read_exactly(text: str) -> None:
    assert decimal_of(text) == Decimal(text)


@pytest.mark.parametrize("text", ["", "one", "1,5", "1.2.3"])
def test_text_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        decimal_of(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf"])
def test_a_number_without_end_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        decimal_of(text)


@pytest.mark.parametrize(
    ("number", "written"),
    [("3E-8", "0.00000003"), ("1E+3", "1000"), ("0.50", "0.50"), ("-1E-10", "-0.0000000001")],
)
def test_a_number_is_written_without_exponent(number: str, written: str) -> None:
    assert plain(Decimal(number)) == written


def test_the_context_multiplies_the_widest_amounts_exactly() -> None:
    widest = Decimal("999999999999.999999999999999999")
    assert CONTEXT.multiply(widest, widest) == Decimal(
        "999999999999999999999999.999998000000000000000000000000000001"
    )


# Rules.


def test_a_rule_knows_its_assets() -> None:
    rule = TradingRule("BTC-USDT")
    assert (rule.base, rule.quote) == ("BTC", "USDT")


def test_a_base_may_hold_a_dash() -> None:
    rule = TradingRule("BTC-261225-USDT")
    assert (rule.base, rule.quote) == ("BTC-261225", "USDT")


@pytest.mark.parametrize("status", list(TradingStatus))
def test_only_a_trading_pair_is_tradable(status: TradingStatus) -> None:
    assert TradingRule("BTC-USDT", status=status).is_tradable is (status is TradingStatus.TRADING)


def test_a_rule_without_figures_forbids_nothing() -> None:
    rule = TradingRule("BTC-USDT")
    assert (rule.min_order_size, rule.max_order_size) == (Decimal(0), Decimal("1e56"))
    assert (rule.min_price_increment, rule.min_base_amount_increment) == (Decimal("1e-56"), Decimal("1e-56"))
    assert (rule.supports_limit_orders, rule.supports_market_orders) == (True, True)
    assert rule.contract_kind is ContractKind.SPOT


def test_the_first_fields_of_a_rule_stand_in_the_shared_order() -> None:
    names = list(TradingRule.__struct_fields__)
    assert names[:10] == [
        "trading_pair",
        "min_order_size",
        "max_order_size",
        "min_price_increment",
        "min_base_amount_increment",
        "min_quote_amount_increment",
        "min_notional_size",
        "min_order_value",
        "max_price_significant_digits",
        "supports_limit_orders",
    ]


@pytest.mark.parametrize("kind", list(OrderType))
def test_limit_and_maker_orders_name_a_price(kind: OrderType) -> None:
    assert kind.is_limit_type() is (kind in (OrderType.LIMIT, OrderType.LIMIT_MAKER))


# Fees.


def test_fees_are_nothing_unless_told() -> None:
    schema = TradeFeeSchema()
    assert (schema.maker_percent_fee_decimal, schema.taker_percent_fee_decimal) == (Decimal(0), Decimal(0))
    assert (schema.maker_fixed_fees, schema.taker_fixed_fees) == ((), ())


def test_a_schema_takes_fees_in_the_shared_order() -> None:
    schema = TradeFeeSchema(
        "BNB", Decimal("0.001"), Decimal("0.002"), False, (TokenAmount("USDT", Decimal(1)),)
    )
    assert (schema.percent_fee_token, schema.taker_percent_fee_decimal) == ("BNB", Decimal("0.002"))
    assert schema.maker_fixed_fees[0] == TokenAmount("USDT", Decimal("1.0"))


def test_a_fee_with_a_token_of_its_own_is_not_deducted_from_returns() -> None:
    with pytest.raises(ValueError, match="cannot be deducted"):
        TradeFeeSchema(percent_fee_token="BNB", buy_percent_fee_deducted_from_returns=True)


def test_facts_do_not_change() -> None:
    with pytest.raises(AttributeError):
        TokenAmount("USDT", Decimal(1)).amount = Decimal(2)


# Funding.

FUNDING = FundingInfo(
    trading_pair="BTC-USDT",
    index_price=Decimal(100),
    mark_price=Decimal(101),
    next_funding_utc_timestamp=1000.0,
    rate=Decimal("0.0001"),
    interval=28_800.0,
)


def test_an_empty_update_changes_no_funding() -> None:
    assert FUNDING.updated(FundingInfoUpdate(trading_pair="BTC-USDT")) == FUNDING


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("index_price", Decimal(99)),
        ("mark_price", Decimal(98)),
        ("next_funding_utc_timestamp", 2000.0),
        ("rate", Decimal(0)),
        ("interval", 3600.0),
    ],
)
def test_an_update_changes_the_field_it_carries(field: str, value: object) -> None:
    update = replace(FundingInfoUpdate(trading_pair="BTC-USDT"), **{field: value})
    assert FUNDING.updated(update) == replace(FUNDING, **{field: value})
