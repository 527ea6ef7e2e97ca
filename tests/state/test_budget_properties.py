"""Budgets under any amounts, prices, fees, balances and leverages."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.state.toy_wallet import BUY, PAIR, SELL, ToyExchange

from venuekit.model.fees import TokenAmount, TradeFeeSchema
from venuekit.model.order import OrderType
from venuekit.state.budget_checker import BudgetChecker, CollateralLocks, PerpetualBudgetChecker
from venuekit.state.order_candidate import OrderCandidate, PerpetualOrderCandidate

D = Decimal
TOKENS = ("COINX", "USDT", "PFC")


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=D(low), max_value=D(high), places=places)


amounts = decimals("0", "1e12", 18)
prices = decimals("1e-8", "1e8", 8)
balances = st.fixed_dictionaries({token: decimals("-1e6", "1e14", 18) for token in TOKENS})
fixed_fees = st.lists(st.builds(TokenAmount, st.sampled_from(TOKENS), decimals("-1", "10", 18)), max_size=3)
schemas = st.builds(
    lambda token, share, is_deducted, fixed: TradeFeeSchema(
        percent_fee_token=token,
        maker_percent_fee_decimal=share,
        buy_percent_fee_deducted_from_returns=is_deducted and token is None,
        maker_fixed_fees=fixed,
    ),
    st.none() | st.sampled_from(TOKENS),
    decimals("-0.01", "0.1", 5),
    st.booleans(),
    fixed_fees,
)
exchanges = st.builds(
    lambda schema, available, rate: ToyExchange(schema, available=available, asks={"USDT-PFC": rate}),
    schemas,
    balances,
    prices,
)
sides = st.sampled_from([BUY, SELL])
spots = st.builds(
    lambda side, amount, price: OrderCandidate(PAIR, True, OrderType.LIMIT, side, amount, price),
    sides,
    amounts,
    prices,
)
perpetuals = st.builds(
    lambda side, amount, price, leverage, close: PerpetualOrderCandidate(
        PAIR, True, OrderType.LIMIT, side, amount, price, leverage=D(leverage), position_close=close
    ),
    sides,
    amounts,
    prices,
    st.integers(1, 125),
    st.booleans(),
)
candidates = spots | perpetuals


@given(candidate=candidates, exchange=exchanges)
def test_an_adjusted_candidate_never_needs_more_than_is_available(
    candidate: OrderCandidate, exchange: ToyExchange
) -> None:
    asked = candidate.amount
    candidate.populate_collateral_entries(exchange)
    candidate.adjust_from_balances(exchange.available)
    assert candidate.is_affordable(exchange.available)
    assert 0 <= candidate.amount <= asked
    assert candidate.resized or candidate.amount == asked


@given(candidate=candidates, exchange=exchanges)
def test_a_resized_candidate_leaves_less_than_a_step_on_the_table(
    candidate: OrderCandidate, exchange: ToyExchange
) -> None:
    candidate.populate_collateral_entries(exchange)
    candidate.adjust_from_balances(exchange.available)
    if candidate.resized and not candidate.is_zero_order:
        gaps = [exchange.available[token] / need - 1 for token, need in candidate.collateral_dict.items()]
        assert min(gaps) <= D("1e-25")  # the scarcest token is used up


@given(wanted=st.lists(candidates, max_size=6), exchange=exchanges, all_or_none=st.booleans())
def test_locks_never_exceed_what_is_available(
    wanted: list[OrderCandidate], exchange: ToyExchange, all_or_none: bool
) -> None:
    locks = CollateralLocks()
    checkers = (BudgetChecker(exchange, locks), BudgetChecker(exchange, locks))
    for number, candidate in enumerate(wanted):
        checker = checkers[number % 2]
        answer = checker.adjust_candidate_and_lock_available_collateral(candidate, all_or_none)
        assert all(free >= 0 for free in checker.available_for(answer).values())
    for token in TOKENS:
        assert locks.locked(token) <= max(D(0), exchange.available[token])


@given(wanted=st.lists(perpetuals, max_size=6), exchange=exchanges)
def test_perpetual_locks_never_exceed_what_is_available(
    wanted: list[PerpetualOrderCandidate], exchange: ToyExchange
) -> None:
    checker = PerpetualBudgetChecker(exchange)
    for candidate in wanted:
        checker.adjust_candidate_and_lock_available_collateral(candidate, all_or_none=False)
    for token in TOKENS:
        assert checker.locks.locked(token) <= max(D(0), exchange.available[token])


@given(candidate=candidates, exchange=exchanges)
def test_all_or_none_is_all_or_none(candidate: OrderCandidate, exchange: ToyExchange) -> None:
    assert BudgetChecker(exchange).adjust_candidate(candidate).amount in (0, candidate.amount)
