"""Fees: which kind, in which token, worth how much, and what they do to an order.

W-F1, W-F2 and W-F5 number known mistakes of the connectors whose vocabulary this is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit import errors
from venuekit.model.decimals import CONTEXT
from venuekit.model.fees import (
    AddedToCostTradeFee,
    DeductedFromReturnsTradeFee,
    TokenAmount,
    TradeFee,
    TradeFeeBase,
    TradeFeeSchema,
)
from venuekit.model.order import TradeType
from venuekit.model.position import PositionAction

D = Decimal
ADDED, DEDUCTED = AddedToCostTradeFee, DeductedFromReturnsTradeFee
BUY, SELL = TradeType.BUY, TradeType.SELL
OPEN, CLOSE, NIL = PositionAction.OPEN, PositionAction.CLOSE, PositionAction.NIL


class Rates:
    """A rate source from a table, which remembers what it was asked for."""

    def __init__(self, **rates: str) -> None:
        self.rates = {name.replace("_", "-"): D(rate) for name, rate in rates.items()}
        self.asked: list[str] = []

    def get_pair_rate(self, trading_pair: str) -> Decimal | None:
        self.asked.append(trading_pair)
        return self.rates.get(trading_pair)


class Books:
    """Asks by pair; a pair that is not named is not followed."""

    def __init__(self, **asks: str) -> None:
        self.asks = {name.replace("_", "-"): D(ask) for name, ask in asks.items()}

    def get_price(self, trading_pair: str, is_buy: bool) -> Decimal:
        if trading_pair not in self.asks or not is_buy:
            raise errors.UnknownPair(trading_pair)
        return self.asks[trading_pair]


@dataclass(frozen=True)
class Order:
    """What a fee needs to know of an order."""

    trading_pair: str
    amount: Decimal
    price: Decimal
    order_collateral: TokenAmount | None
    gross_returns: TokenAmount | None


PURCHASE = Order("COINX-USDT", D(10), D(9), TokenAmount("USDT", D(90)), TokenAmount("COINX", D(10)))
SALE = Order("COINX-USDT", D(10), D(9), TokenAmount("COINX", D(10)), TokenAmount("USDT", D(90)))
ONE_PERCENT = D("0.01")


# The example that the two kinds are known by.


def test_a_fee_added_to_cost_debits_90_9_and_credits_10() -> None:
    fee = ADDED(ONE_PERCENT)
    assert fee.order_cost_with_fees(PURCHASE, Books()) == {"USDT": D("90.9")}
    assert fee.order_returns_with_fees(PURCHASE, Books()) == TokenAmount("COINX", D(10))


def test_a_fee_deducted_from_returns_debits_90_and_credits_9_9() -> None:
    fee = DEDUCTED(ONE_PERCENT)
    assert fee.order_cost_with_fees(PURCHASE, Books()) == {"USDT": D(90)}
    assert fee.order_returns_with_fees(PURCHASE, Books()) == TokenAmount("COINX", D("9.9"))


# Which kind a fee is.


@pytest.mark.parametrize(
    ("schema", "side", "kind"),
    [
        (TradeFeeSchema(), BUY, ADDED),
        (TradeFeeSchema(), SELL, DEDUCTED),
        (TradeFeeSchema(), TradeType.RANGE, DEDUCTED),
        (TradeFeeSchema(buy_percent_fee_deducted_from_returns=True), BUY, DEDUCTED),
        (TradeFeeSchema(buy_percent_fee_deducted_from_returns=True), SELL, DEDUCTED),
        (TradeFeeSchema(percent_fee_token="BNB"), BUY, ADDED),
    ],
)
def test_a_spot_fee_is_of_the_kind_that_schema_and_side_say(
    schema: TradeFeeSchema, side: TradeType, kind: type[TradeFee]
) -> None:
    assert type(TradeFeeBase.new_spot_fee(schema, side, ONE_PERCENT)) is kind


def test_w_f1_a_sell_with_a_fee_token_costs_more_and_keeps_its_returns() -> None:
    fee = TradeFeeBase.new_spot_fee(TradeFeeSchema(percent_fee_token="BNB"), SELL, ONE_PERCENT)
    books = Books(USDT_BNB="0.002")
    assert fee.order_cost_with_fees(SALE, books) == {"COINX": D(10), "BNB": D("0.0018")}
    assert fee.order_returns_with_fees(SALE, books) == TokenAmount("USDT", D(90))


@pytest.mark.parametrize(
    ("schema", "action", "kind"),
    [
        (TradeFeeSchema(), OPEN, ADDED),
        (TradeFeeSchema(), CLOSE, DEDUCTED),
        (TradeFeeSchema(), NIL, DEDUCTED),
        (TradeFeeSchema(percent_fee_token="BNB"), OPEN, ADDED),
        (TradeFeeSchema(percent_fee_token="BNB"), CLOSE, ADDED),
    ],
)
def test_a_perpetual_fee_is_of_the_kind_that_schema_and_action_say(
    schema: TradeFeeSchema, action: PositionAction, kind: type[TradeFee]
) -> None:
    assert type(TradeFeeBase.new_perpetual_fee(schema, action, ONE_PERCENT)) is kind


def test_a_share_is_paid_in_the_schemas_token() -> None:
    fee = TradeFeeBase.new_spot_fee(TradeFeeSchema(percent_fee_token="BNB"), BUY, ONE_PERCENT)
    assert fee.percent_token == "BNB"


def test_a_share_is_paid_in_the_token_that_is_named_for_it() -> None:
    schema = TradeFeeSchema(percent_fee_token="BNB")
    assert TradeFeeBase.new_spot_fee(schema, BUY, ONE_PERCENT, "XYZ").percent_token == "XYZ"


def test_a_fee_that_is_only_fixed_keeps_its_own_asset() -> None:
    charged = TokenAmount("USDT", D("0.09"))
    fee = TradeFeeBase.new_spot_fee(TradeFeeSchema(percent_fee_token="BNB"), BUY, flat_fees=[charged])
    assert fee.fee_asset == "USDT"


def test_a_fee_of_neither_kind_is_none() -> None:
    with pytest.raises(TypeError, match="one of the two"):
        TradeFeeBase()


# From a schema.

SCHEMA = TradeFeeSchema(
    maker_percent_fee_decimal=D("0.001"),
    taker_percent_fee_decimal=D("0.002"),
    maker_fixed_fees=[TokenAmount("USDT", D(1))],
    taker_fixed_fees=[TokenAmount("USDT", D(2))],
)


@pytest.mark.parametrize(("is_maker", "percent", "fixed"), [(True, "0.001", 1), (False, "0.002", 2)])
def test_maker_and_taker_pay_their_own_share_and_fixed_fees(is_maker: bool, percent: str, fixed: int) -> None:
    expected = (D(percent), (TokenAmount("USDT", D(fixed)),))
    spot, perpetual = SCHEMA.spot_fee(BUY, is_maker=is_maker), SCHEMA.perpetual_fee(OPEN, is_maker=is_maker)
    assert (spot.percent, spot.flat_fees) == expected
    assert (perpetual.percent, perpetual.flat_fees) == expected


def test_extra_fees_come_on_top_of_the_schemas() -> None:
    gas = TokenAmount("ETH", D("0.01"))
    for fee in (
        SCHEMA.spot_fee(SELL, is_maker=True, extra_flat_fees=[gas]),
        SCHEMA.perpetual_fee(CLOSE, is_maker=True, extra_flat_fees=[gas]),
    ):
        assert fee.flat_fees == (TokenAmount("USDT", D(1)), gas)


def test_w_f5_a_users_own_figures_leave_the_shared_schema_alone() -> None:
    before = msgspec.structs.replace(SCHEMA)
    own = SCHEMA.overridden(maker_percent_fee=D("0.05"), taker_fixed_fees=(), percent_fee_token="BNB")
    assert own.maker_percent_fee_decimal == D("0.0005")
    assert (own.taker_percent_fee_decimal, own.taker_fixed_fees, own.percent_fee_token) == (
        D("0.002"),
        (),
        "BNB",
    )
    assert before == SCHEMA


def test_w_f5_a_schema_does_not_change_with_the_list_it_was_made_of() -> None:
    fees = [TokenAmount("USDT", D(1))]
    schema = TradeFeeSchema(maker_fixed_fees=fees)
    fees.clear()
    assert schema.maker_fixed_fees == (TokenAmount("USDT", D(1)),)


def test_an_override_that_contradicts_the_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be deducted"):
        TradeFeeSchema(percent_fee_token="BNB").overridden(buy_percent_fee_deducted_from_returns=True)


def test_an_override_of_nothing_that_exists_is_refused() -> None:
    with pytest.raises(TypeError, match="maker_fee"):
        TradeFeeSchema().overridden(maker_fee=D(1))


# What a fee is worth.


@pytest.mark.parametrize(
    ("fee", "asset"),
    [
        (ADDED(ONE_PERCENT, "BNB", [TokenAmount("USDT", D(1))]), "BNB"),
        (ADDED(ONE_PERCENT, None, [TokenAmount("USDT", D(1)), TokenAmount("ETH", D(1))]), "USDT"),
        (ADDED(ONE_PERCENT), None),
    ],
)
def test_the_asset_of_a_fee_is_its_token_else_that_of_its_first_fixed_fee(
    fee: TradeFee, asset: str | None
) -> None:
    assert fee.fee_asset == asset


@pytest.mark.parametrize("kind", [ADDED, DEDUCTED])
@pytest.mark.parametrize(("token", "expected"), [("USDT", "50"), ("BTC", "0.001"), ("WBTC", "0.001")])
def test_a_share_is_worth_the_same_in_base_and_quote_by_the_own_price(
    kind: type[TradeFee], token: str, expected: str
) -> None:
    fee, rates = kind(D("0.001")), Rates()
    assert fee.fee_amount_in_token("BTC-USDT", D(50000), D(1), token, rates) == D(expected)
    assert rates.asked == []


def test_w_f1_a_share_in_a_third_token_is_converted_from_quote() -> None:
    rates = Rates(USDT_BNB="0.002")
    fee = ADDED(D("0.001"), "BNB")
    assert fee.fee_amount_in_token("BTC-USDT", D(50000), D(1), "BNB", rates) == D("0.1")
    assert rates.asked == ["USDT-BNB"]


def test_w_f1_a_flat_fee_in_quote_is_worth_base_without_a_rate_source() -> None:
    fee = ADDED(flat_fees=[TokenAmount("USDT", D(50))])
    assert fee.fee_amount_in_token("BTC-USDT", D(50000), D(1), "BTC") == D("0.001")


def test_a_flat_fee_in_base_is_worth_quote_by_the_own_price() -> None:
    fee = ADDED(flat_fees=[TokenAmount("BTC", D("0.001"))])
    assert fee.fee_amount_in_quote("BTC-USDT", D(50000), D(1)) == D(50)


def test_share_and_flat_fees_add_up() -> None:
    fee = DEDUCTED(D("0.001"), None, [TokenAmount("USDT", D(1)), TokenAmount("BNB", D("0.01"))])
    assert fee.fee_amount_in_quote("BTC-USDT", D(50000), D(1), Rates(BNB_USDT="500")) == D(56)


def test_w_f1_a_missing_rate_is_an_error_and_never_a_part_of_the_sum() -> None:
    fee = ADDED(D("0.001"), None, [TokenAmount("USDT", D(1)), TokenAmount("BNB", D("0.01"))])
    with pytest.raises(errors.ExchangeRateUnknown, match="BNB-USDT"):
        fee.fee_amount_in_quote("BTC-USDT", D(50000), D(1), Rates())


def test_no_rate_is_asked_for_where_there_is_no_share() -> None:
    rates = Rates()
    assert ADDED(D(0), "BNB").fee_amount_in_token("BTC-USDT", D(50000), D(1), "EUR", rates) == 0
    assert rates.asked == []


def test_a_flat_fee_in_the_token_asked_for_needs_no_price() -> None:
    fee = ADDED(flat_fees=[TokenAmount("BNB", D(2))])
    assert fee.fee_amount_in_token("BTC-USDT", D("NaN"), D(1), "BNB") == D(2)


def test_a_share_in_base_needs_no_price() -> None:
    assert ADDED(D("0.001")).fee_amount_in_token("BTC-USDT", D("NaN"), D(3), "BTC") == D("0.003")


def test_which_tokens_are_interchangeable_is_the_callers_to_say() -> None:
    fee = ADDED(flat_fees=[TokenAmount("USDX", D(2))])
    table = (frozenset({"USDX", "USDT"}),)
    assert fee.fee_amount_in_quote("BTC-USDT", D(50000), D(1), interchangeable=table) == D(2)
    with pytest.raises(errors.ExchangeRateUnknown):
        fee.fee_amount_in_quote("BTC-USDT", D(50000), D(1))


def test_a_rebate_is_a_negative_fee() -> None:
    assert ADDED(D("-0.0001")).fee_amount_in_quote("BTC-USDT", D(50000), D(1)) == D(-5)


WIDEST = D("999999999999.999999999999999999")


def test_the_widest_trade_has_an_exact_fee() -> None:
    fee = ADDED(D("0.001"), None, [TokenAmount("USDT", D("0.000000000000000001"))])
    assert fee.fee_amount_in_quote("COINX-USDT", WIDEST, WIDEST) == D(
        "999999999999999999999.999999998000000001000000000000000000001"
    )


widest_amounts = st.decimals(min_value=D("1e-18"), max_value=D("1e12"), places=18)


@given(amount=widest_amounts, price=st.decimals(min_value=D("1e-8"), max_value=D("1e8"), places=8))
def test_share_in_base_and_in_quote_are_exact_whatever_the_amounts(amount: Decimal, price: Decimal) -> None:
    fee = ADDED(D("0.00075"))
    in_base = fee.fee_amount_in_token("COINX-USDT", price, amount, "COINX")
    assert in_base == CONTEXT.multiply(amount, D("0.00075"))
    assert fee.fee_amount_in_quote("COINX-USDT", price, amount) == CONTEXT.multiply(in_base, price)


# What a fee does to an order.


def test_the_impact_on_cost_is_the_fee_and_not_the_cost() -> None:
    assert ADDED(ONE_PERCENT).get_fee_impact_on_order_cost(PURCHASE, Books()) == TokenAmount("USDT", D("0.9"))


def test_the_impact_on_returns_is_the_fee_and_not_the_returns() -> None:
    assert DEDUCTED(ONE_PERCENT).get_fee_impact_on_order_returns(PURCHASE, Books()) == D("0.1")


def test_a_fee_added_to_cost_leaves_returns_alone() -> None:
    assert ADDED(ONE_PERCENT).get_fee_impact_on_order_returns(PURCHASE, Books()) is None


def test_a_fee_deducted_from_returns_leaves_cost_alone() -> None:
    assert DEDUCTED(ONE_PERCENT).get_fee_impact_on_order_cost(PURCHASE, Books()) is None


@pytest.mark.parametrize("kind", [ADDED, DEDUCTED])
def test_flat_fees_have_no_impact_and_are_part_of_the_cost(kind: type[TradeFee]) -> None:
    fee = kind(flat_fees=[TokenAmount("USDT", D(1)), TokenAmount("ETH", D(2)), TokenAmount("ETH", D(3))])
    assert fee.get_fee_impact_on_order_cost(PURCHASE, Books()) is None
    assert fee.get_fee_impact_on_order_returns(PURCHASE, Books()) is None
    assert fee.order_cost_with_fees(PURCHASE, Books()) == {"USDT": D(91), "ETH": D(5)}


@pytest.mark.parametrize(("token", "expected"), [("PFC", "1.8"), ("COINX", "0.1"), ("USDT", "0.9")])
def test_the_impact_on_cost_is_in_the_fee_token(token: str, expected: str) -> None:
    impact = ADDED(ONE_PERCENT, token).get_fee_impact_on_order_cost(PURCHASE, Books(USDT_PFC="2"))
    assert impact == TokenAmount(token, D(expected))


def test_a_fee_token_without_a_price_is_an_error() -> None:
    with pytest.raises(errors.ExchangeRateUnknown, match="USDT-PFC"):
        ADDED(ONE_PERCENT, "PFC").get_fee_impact_on_order_cost(PURCHASE, Books())


def test_an_order_without_collateral_pays_its_share_in_quote() -> None:
    order = Order("COINX-USDT", D(10), D(9), None, None)
    assert ADDED(ONE_PERCENT).get_fee_impact_on_order_cost(order, Books()) == TokenAmount("USDT", D("0.9"))


def test_an_order_without_returns_has_none_to_deduct_from() -> None:
    order = Order("COINX-USDT", D(10), D(9), TokenAmount("USDT", D(90)), None)
    assert DEDUCTED(ONE_PERCENT).get_fee_impact_on_order_returns(order, Books()) is None
    assert DEDUCTED(ONE_PERCENT).order_returns_with_fees(order, Books()) is None


# JSON.


def test_an_amount_unpacks_as_a_pair() -> None:
    token, amount = TokenAmount("USDT", D("1.5"))
    assert (token, amount) == ("USDT", D("1.5"))


def test_an_amount_is_written_as_a_text() -> None:
    assert TokenAmount("USDT", D("1E-8")).to_json() == {"token": "USDT", "amount": "0.00000001"}


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_an_amount_is_a_finite_number(amount: str) -> None:
    with pytest.raises(ValueError, match="not an amount of USDT"):
        TokenAmount("USDT", D(amount))


def test_a_share_is_a_finite_number() -> None:
    with pytest.raises(ValueError, match="not a share"):
        ADDED(D("NaN"))


def test_a_fee_is_written_in_the_shared_words() -> None:
    fee = ADDED(ONE_PERCENT, "BNB", [TokenAmount("USDT", D("1.50"))])
    assert fee.to_json() == {
        "fee_type": "AddedToCost",
        "percent": "0.01",
        "percent_token": "BNB",
        "flat_fees": [{"token": "USDT", "amount": "1.50"}],
    }
    assert DEDUCTED(ONE_PERCENT).to_json()["fee_type"] == "DeductedFromReturns"


@pytest.mark.parametrize(
    "wrong",
    [
        {"fee_type": "Free", "percent": "0"},
        {"percent": "0"},
        {"fee_type": "AddedToCost", "percent": "much"},
        {"fee_type": "AddedToCost", "percent": "NaN"},
        {"fee_type": "AddedToCost", "flat_fees": [{"token": "USDT"}]},
    ],
)
def test_json_that_is_no_fee_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"fee_type|Decimal|Invalid|share|amount"):
        TradeFeeBase.from_json(wrong)


numbers = st.decimals(min_value=D("-1e12"), max_value=D("1e12"), places=18)
tokens = st.sampled_from(["BTC", "USDT", "BNB"])
fees = st.builds(
    lambda kind, percent, token, flat: kind(percent, token, flat),
    st.sampled_from([ADDED, DEDUCTED]),
    numbers,
    st.none() | tokens,
    st.lists(st.builds(TokenAmount, tokens, numbers), max_size=3),
)


@given(fee=fees)
def test_a_fee_comes_back_from_json_as_it_was(fee: TradeFee) -> None:
    back = TradeFeeBase.from_json(json.loads(json.dumps(fee.to_json())))
    assert (type(back), back) == (type(fee), fee)


@given(fee=fees)
def test_a_fee_comes_back_from_a_msgspec_record_as_it_was(fee: TradeFee) -> None:
    assert msgspec.json.decode(msgspec.json.encode(fee), type=TradeFee) == fee


@given(amount=st.builds(TokenAmount, tokens, numbers))
def test_an_amount_comes_back_from_json_as_it_was(amount: TokenAmount) -> None:
    assert TokenAmount.from_json(json.loads(json.dumps(amount.to_json()))) == amount
