"""What an order on trial needs and brings, in numbers worked by hand.

W-F1, W-F3 and W-F4 number known mistakes of the connectors whose vocabulary this is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import pytest
from tests.state.toy_wallet import BUY, PAIR, SELL, ToyExchange, percent, perpetual, spot

from venuekit import errors
from venuekit.model.decimals import CONTEXT
from venuekit.model.fees import TokenAmount, TradeFeeSchema
from venuekit.model.order import OrderType, TradeType
from venuekit.model.trading_rule import TradingRule
from venuekit.state.order_candidate import OrderCandidate, PerpetualOrderCandidate

D = Decimal
Candidate = TypeVar("Candidate", bound=OrderCandidate)


def usdt(amount: str) -> TokenAmount:
    return TokenAmount("USDT", D(amount))


def coinx(amount: str) -> TokenAmount:
    return TokenAmount("COINX", D(amount))


def populated(candidate: Candidate, exchange: ToyExchange) -> Candidate:
    candidate.populate_collateral_entries(exchange)
    return candidate


def adjusted(candidate: OrderCandidate, exchange: ToyExchange, **available: str) -> OrderCandidate:
    populated(candidate, exchange)
    candidate.adjust_from_balances({token: D(amount) for token, amount in available.items()})
    return candidate


def entries(candidate: OrderCandidate) -> list[object]:
    return [
        candidate.order_collateral,
        candidate.percent_fee_collateral,
        candidate.percent_fee_value,
        candidate.fixed_fee_collaterals,
        candidate.gross_returns,
        candidate.potential_returns,
    ]


NOTHING: list[object] = [None, None, None, [], None, None]


# What can be asked for.


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity"])
def test_an_amount_that_cannot_be_traded_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        spot(amount=amount)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_a_price_that_cannot_be_reckoned_with_is_refused(price: str) -> None:
    with pytest.raises(ValueError, match="price"):
        spot(price=price)


def test_a_side_that_neither_buys_nor_sells_is_refused() -> None:
    with pytest.raises(ValueError, match="RANGE"):
        spot(TradeType.RANGE)


@pytest.mark.parametrize("leverage", ["0", "-2", "NaN"])
def test_a_leverage_that_is_no_positive_number_is_refused(leverage: str) -> None:
    with pytest.raises(ValueError, match="leverage"):
        perpetual(leverage=leverage)


def test_arguments_stand_in_the_shared_order() -> None:
    candidate = PerpetualOrderCandidate(PAIR, False, OrderType.MARKET, SELL, D(1), D(2), True, D(3), True)
    assert (candidate.from_total_balances, candidate.leverage, candidate.position_close) == (True, D(3), True)


# Before it is populated.


def test_w_f4_before_it_is_populated_it_needs_nothing() -> None:
    candidate = spot()
    assert (entries(candidate), candidate.collateral_dict, candidate.resized) == (NOTHING, {}, False)


def test_an_order_of_nothing_needs_nothing_not_even_fixed_fees() -> None:
    exchange = ToyExchange(TradeFeeSchema(maker_fixed_fees=[usdt("1")]))
    assert entries(populated(spot(amount="0"), exchange)) == NOTHING


@pytest.mark.parametrize(("side", "size"), [(BUY, ("USDT", D(20))), (SELL, ("COINX", D(10)))])
def test_a_buy_is_measured_in_quote_and_a_sell_in_base(side: TradeType, size: tuple[str, Decimal]) -> None:
    assert spot(side).get_size_token_and_order_size() == size


# Spot.


def test_a_buy_with_a_fee_on_top_takes_20_and_0_2() -> None:
    candidate = populated(spot(), ToyExchange(percent("1")))
    assert entries(candidate) == [usdt("20"), usdt("0.2"), usdt("0.2"), [], coinx("10"), coinx("10")]
    assert candidate.collateral_dict == {"USDT": D("20.2")}


def test_a_buy_with_a_fee_held_back_brings_9_9() -> None:
    schema = percent("1", buy_percent_fee_deducted_from_returns=True)
    candidate = populated(spot(), ToyExchange(schema))
    assert entries(candidate) == [usdt("20"), None, coinx("0.1"), [], coinx("10"), coinx("9.9")]


def test_a_sell_takes_10_base_and_brings_19_8_quote() -> None:
    candidate = populated(spot(SELL), ToyExchange(percent("1")))
    assert entries(candidate) == [coinx("10"), None, usdt("0.2"), [], usdt("20"), usdt("19.8")]


@pytest.mark.parametrize(("side", "paid", "returns"), [(BUY, "USDT", "COINX"), (SELL, "COINX", "USDT")])
def test_w_f1_a_fee_token_is_paid_beside_the_trade_on_both_sides(
    side: TradeType, paid: str, returns: str
) -> None:
    exchange = ToyExchange(percent("1", percent_fee_token="PFC"), asks={"USDT-PFC": D(2)})
    candidate = populated(spot(side), exchange)
    sizes = {"USDT": D(20), "COINX": D(10)}
    assert candidate.collateral_dict == {paid: sizes[paid], "PFC": D("0.4")}
    assert candidate.percent_fee_value == TokenAmount("PFC", D("0.4"))
    assert candidate.potential_returns == TokenAmount(returns, sizes[returns])


def test_without_fees_there_is_no_fee() -> None:
    candidate = populated(spot(), ToyExchange())
    assert entries(candidate) == [usdt("20"), None, None, [], coinx("10"), coinx("10")]


def test_w_f4_the_accounts_own_fees_count_where_they_are_known() -> None:
    candidate = populated(spot(), ToyExchange(percent("1"), own_fees=percent("0.5")))
    assert candidate.percent_fee_collateral == usdt("0.1")


def test_a_taker_pays_the_takers_fee() -> None:
    schema = TradeFeeSchema(maker_percent_fee_decimal=D("0.01"), taker_percent_fee_decimal=D("0.02"))
    taker = OrderCandidate(PAIR, False, OrderType.MARKET, BUY, D(10), D(2))
    assert populated(taker, ToyExchange(schema)).percent_fee_collateral == usdt("0.4")


def test_a_rebate_is_no_collateral() -> None:
    candidate = populated(spot(), ToyExchange(percent("-1")))
    assert candidate.collateral_dict == {"USDT": D(20)}
    assert candidate.percent_fee_value == usdt("-0.2")


def test_a_fixed_rebate_is_no_collateral() -> None:
    exchange = ToyExchange(TradeFeeSchema(maker_fixed_fees=[usdt("-1"), usdt("3")]))
    assert populated(spot(), exchange).fixed_fee_collaterals == [usdt("3")]


def test_populating_again_starts_from_scratch() -> None:
    exchange = ToyExchange(percent("1", maker_fixed_fees=[usdt("1")]))
    once = entries(populated(spot(), exchange))
    candidate = populated(spot(), exchange)
    assert entries(populated(candidate, exchange)) == once


def test_the_widest_order_needs_exactly_its_notional() -> None:
    widest = "999999999999.999999999999999999"
    candidate = populated(spot(amount=widest, price=widest), ToyExchange())
    assert candidate.collateral_dict == {"USDT": CONTEXT.multiply(D(widest), D(widest))}
    assert len(str(candidate.collateral_dict["USDT"])) == 61  # 24 digits, the point, 36 digits: none lost


# Cut to what is available.


def test_what_is_affordable_stays_as_it_is() -> None:
    candidate = adjusted(spot(), ToyExchange(percent("1")), USDT="20.2")
    assert (candidate.amount, candidate.resized) == (D(10), False)


@pytest.mark.parametrize(
    ("schema", "balance", "amount"),
    [
        (TradeFeeSchema(), "10", "5"),
        (TradeFeeSchema(maker_fixed_fees=[usdt("1")]), "11", "5"),
        (percent("10", maker_fixed_fees=[usdt("1")]), "12", "5"),
        (percent("10"), "11", "5"),
    ],
)
def test_a_buy_shrinks_to_the_balance_after_fixed_fees(
    schema: TradeFeeSchema, balance: str, amount: str
) -> None:
    candidate = adjusted(spot(), ToyExchange(schema), USDT=balance)
    assert (candidate.amount, candidate.resized) == (D(amount), True)
    assert candidate.collateral_dict == {"USDT": D(balance)}


def test_everything_but_fixed_fees_shrinks_with_the_amount() -> None:
    schema = percent("10", maker_fixed_fees=[usdt("1")])
    candidate = adjusted(spot(), ToyExchange(schema), USDT="12")
    assert entries(candidate) == [usdt("10"), usdt("1"), usdt("1"), [usdt("1")], coinx("5"), coinx("5")]


def test_returns_after_fees_shrink_with_the_amount() -> None:
    candidate = adjusted(spot(SELL), ToyExchange(percent("1")), COINX="5")
    assert entries(candidate) == [coinx("5"), None, usdt("0.1"), [], usdt("10"), usdt("9.9")]


def test_a_scarce_fee_token_shrinks_the_whole_order() -> None:
    exchange = ToyExchange(percent("1", percent_fee_token="PFC"), asks={"USDT-PFC": D(2)})
    assert adjusted(spot(), exchange, USDT="100", PFC="0.1").amount == D("2.5")


def test_the_scarcest_token_decides() -> None:
    exchange = ToyExchange(percent("1", percent_fee_token="PFC"), asks={"USDT-PFC": D(2)})
    candidate = adjusted(spot(), exchange, USDT="2", PFC="0.1")
    assert candidate.amount == D(1)


def test_a_fixed_fee_in_the_fee_token_comes_before_the_share() -> None:
    schema = percent("1", percent_fee_token="PFC", maker_fixed_fees=[TokenAmount("PFC", D("0.1"))])
    exchange = ToyExchange(schema, asks={"USDT-PFC": D(2)})
    assert adjusted(spot(), exchange, USDT="100", PFC="0.3").amount == D(5)


def test_a_fixed_fee_that_cannot_be_paid_leaves_nothing() -> None:
    exchange = ToyExchange(TradeFeeSchema(maker_fixed_fees=[TokenAmount("ETH", D(1))]))
    candidate = adjusted(spot(), exchange, USDT="100", ETH="0.9")
    assert (candidate.is_zero_order, candidate.resized, entries(candidate)) == (True, True, NOTHING)


def test_w_f4_fixed_fees_in_one_token_are_summed() -> None:
    gas = [TokenAmount("ETH", D(1)), TokenAmount("ETH", D(1))]
    exchange = ToyExchange(TradeFeeSchema(maker_fixed_fees=gas))
    assert adjusted(spot(), exchange, USDT="100", ETH="1.5").amount == 0
    assert adjusted(spot(), exchange, USDT="100", ETH="2").amount == D(10)


def test_w_f4_fixed_fees_in_the_collateral_token_are_summed() -> None:
    exchange = ToyExchange(TradeFeeSchema(maker_fixed_fees=[usdt("1"), usdt("1")]))
    assert adjusted(spot(), exchange, USDT="12").amount == D(5)


def test_w_f4_a_negative_balance_leaves_nothing_and_never_less() -> None:
    assert adjusted(spot(), ToyExchange(), USDT="-5").amount == 0


def test_a_balance_that_is_not_known_is_none() -> None:
    assert adjusted(spot(), ToyExchange()).amount == 0


def test_set_to_zero_leaves_nothing() -> None:
    candidate = populated(spot(), ToyExchange(percent("1", maker_fixed_fees=[usdt("1")])))
    candidate.set_to_zero()
    assert (candidate.is_zero_order, candidate.resized, entries(candidate)) == (True, True, NOTHING)


# Perpetuals, opening.


@pytest.mark.parametrize("side", [BUY, SELL])
def test_opening_takes_the_notional_over_leverage_and_the_fee_on_all_of_it(side: TradeType) -> None:
    candidate = populated(perpetual(side, leverage="2"), ToyExchange(percent("1")))
    assert entries(candidate) == [usdt("10"), usdt("0.2"), usdt("0.2"), [], None, None]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_perpetuals_fee_in_a_third_token_is_on_the_full_notional(side: TradeType) -> None:
    exchange = ToyExchange(percent("1", percent_fee_token="PFC"), asks={"USDT-PFC": D(2)})
    candidate = populated(perpetual(side, leverage="2"), exchange)
    assert candidate.collateral_dict == {"USDT": D(10), "PFC": D("0.4")}


@pytest.mark.parametrize(
    ("side", "rule"),
    [
        (BUY, TradingRule(PAIR, buy_order_collateral_token="COINX")),
        (SELL, TradingRule(PAIR, sell_order_collateral_token="COINX")),
    ],
)
def test_collateral_and_fee_follow_the_margin_token(side: TradeType, rule: TradingRule) -> None:
    exchange = ToyExchange(percent("1"), rule=rule)
    candidate = populated(perpetual(side, leverage="2"), exchange)
    assert (candidate.order_collateral, candidate.percent_fee_collateral) == (coinx("5"), coinx("0.1"))


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_third_margin_token_is_converted_at_its_ask(side: TradeType) -> None:
    rule = TradingRule(PAIR, buy_order_collateral_token="EUR", sell_order_collateral_token="EUR")
    exchange = ToyExchange(percent("1"), rule=rule, asks={"USDT-EUR": D("0.5")})
    candidate = populated(perpetual(side, leverage="2"), exchange)
    assert candidate.collateral_dict == {"EUR": D("5.1")}


def test_opening_waits_for_the_rules() -> None:
    with pytest.raises(errors.NotReady, match="rules"):
        populated(perpetual(), ToyExchange(rule=None))


def test_opening_waits_for_a_price_of_its_margin_token() -> None:
    rule = TradingRule(PAIR, buy_order_collateral_token="EUR")
    with pytest.raises(errors.BookNotLive):
        populated(perpetual(), ToyExchange(rule=rule, silent=("USDT-EUR",)))


def test_a_perpetual_shrinks_with_its_fee_on_the_full_notional() -> None:
    candidate = adjusted(perpetual(leverage="2"), ToyExchange(percent("1")), USDT="5.1")
    assert entries(candidate) == [usdt("5"), usdt("0.1"), usdt("0.1"), [], None, None]


def test_an_opening_order_releases_no_margin() -> None:
    assert populated(perpetual(), ToyExchange()).released_margin is None


# Perpetuals, closing.


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("leverage", ["1", "2", "5"])
def test_w_f3_closing_returns_the_trades_value_less_the_fee_whatever_the_leverage(
    side: TradeType, leverage: str
) -> None:
    candidate = populated(perpetual(side, leverage=leverage, close=True), ToyExchange(percent("1")))
    assert entries(candidate) == [None, None, None, [], usdt("20"), usdt("19.8")]


@pytest.mark.parametrize(("price", "returns"), [("2", "19.8"), ("3", "29.7"), ("0.5", "4.95")])
def test_w_f3_closing_returns_go_with_the_price_and_not_with_its_square(price: str, returns: str) -> None:
    candidate = populated(perpetual(SELL, price=price, close=True), ToyExchange(percent("1")))
    assert candidate.potential_returns == usdt(returns)


@pytest.mark.parametrize(("leverage", "margin"), [("1", "20"), ("2", "10"), ("5", "4")])
def test_the_margin_that_closing_releases_goes_with_the_leverage(leverage: str, margin: str) -> None:
    candidate = populated(perpetual(SELL, leverage=leverage, close=True), ToyExchange(percent("1")))
    assert candidate.released_margin == usdt(margin)


def test_before_it_is_populated_a_closing_order_releases_no_known_margin() -> None:
    assert perpetual(close=True).released_margin is None


def test_closing_returns_are_in_the_margin_token() -> None:
    exchange = ToyExchange(percent("1"), rule=TradingRule(PAIR, sell_order_collateral_token="COINX"))
    assert populated(perpetual(SELL, close=True), exchange).potential_returns == coinx("9.9")


def test_closing_is_never_refused_for_want_of_balance() -> None:
    candidate = adjusted(perpetual(SELL, close=True), ToyExchange(percent("1")))
    assert (candidate.amount, candidate.collateral_dict) == (D(10), {})


def test_closing_with_a_fee_token_keeps_its_returns_and_asks_no_price() -> None:
    exchange = ToyExchange(percent("1", percent_fee_token="PFC"), silent=("USDT-PFC",))
    candidate = populated(perpetual(SELL, close=True), exchange)
    assert entries(candidate) == [None, None, None, [], usdt("20"), usdt("20")]


def test_closing_counts_fixed_fees() -> None:
    exchange = ToyExchange(TradeFeeSchema(maker_fixed_fees=[TokenAmount("ETH", D(1))]))
    assert populated(perpetual(SELL, close=True), exchange).collateral_dict == {"ETH": D(1)}


@pytest.mark.parametrize("silent", [(), ("USDT-EUR",)])
def test_closing_goes_on_where_its_returns_have_no_price(silent: tuple[str, ...]) -> None:
    rule = TradingRule(PAIR, sell_order_collateral_token="EUR")
    candidate = populated(perpetual(SELL, close=True), ToyExchange(rule=rule, silent=silent))
    assert (candidate.potential_returns, candidate.released_margin) == (None, None)
