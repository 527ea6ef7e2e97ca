"""What an account can afford.

W-F4 numbers a known mistake of the connectors whose vocabulary this is.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_UP, Decimal

import pytest
from tests.state.toy_wallet import BUY, SELL, ToyExchange, percent, perpetual, spot

from venuekit import errors
from venuekit.model.fees import TokenAmount, TradeFeeSchema
from venuekit.state.budget_checker import BudgetChecker, CollateralLocks, PerpetualBudgetChecker
from venuekit.state.order_candidate import OrderCandidate

D = Decimal


def usdt(amount: str) -> TokenAmount:
    return TokenAmount("USDT", D(amount))


def wallet(**available: str) -> dict[str, Decimal]:
    return {token: D(amount) for token, amount in available.items()}


# Spot.


def test_a_candidate_handed_in_is_never_changed() -> None:
    candidate = spot()
    BudgetChecker(ToyExchange(percent("1"))).adjust_candidate(candidate)
    assert candidate == spot()


def test_populating_answers_with_what_is_needed() -> None:
    answer = BudgetChecker(ToyExchange(percent("1"))).populate_collateral_entries(spot())
    assert answer.collateral_dict == {"USDT": D("20.2")}


@pytest.mark.parametrize("all_or_none", [True, False])
def test_what_is_affordable_comes_back_whole(all_or_none: bool) -> None:
    checker = BudgetChecker(ToyExchange(percent("1"), available=wallet(USDT="20.2")))
    answer = checker.adjust_candidate(spot(), all_or_none)
    assert (answer.amount, answer.resized) == (D(10), False)


def test_all_or_none_leaves_nothing_of_what_is_not_affordable() -> None:
    answer = BudgetChecker(ToyExchange(available=wallet(USDT="19.99"))).adjust_candidate(spot())
    assert (answer.amount, answer.resized, answer.order_collateral) == (D(0), True, None)


def test_a_part_is_a_valid_amount_and_its_needs_are_reckoned_anew() -> None:
    checker = BudgetChecker(ToyExchange(percent("1"), available=wallet(USDT="10")))
    answer = checker.adjust_candidate(spot(), all_or_none=False)
    assert (answer.amount, answer.resized) == (D("4.95"), True)
    assert (answer.order_collateral, answer.percent_fee_collateral) == (usdt("9.9"), usdt("0.099"))


def test_a_part_that_is_valid_already_stays() -> None:
    checker = BudgetChecker(ToyExchange(available=wallet(USDT="10")))
    assert checker.adjust_candidate(spot(), all_or_none=False).amount == D(5)


def test_a_part_below_the_venues_step_is_nothing() -> None:
    checker = BudgetChecker(ToyExchange(available=wallet(USDT="0.01")))
    answer = checker.adjust_candidate(spot(), all_or_none=False)
    assert (answer.amount, answer.resized, answer.collateral_dict) == (D(0), True, {})


def test_a_venue_that_rounds_up_does_not_make_an_order_unaffordable() -> None:
    exchange = ToyExchange(percent("1"), available=wallet(USDT="10"), rounding=ROUND_UP)
    answer = BudgetChecker(exchange).adjust_candidate(spot(), all_or_none=False)
    assert (answer.amount, answer.collateral_dict) == (D(0), {})


def test_a_part_of_a_part_is_judged_by_the_balance_alone() -> None:
    exchange = ToyExchange(available=wallet(USDT="10"))
    part = BudgetChecker(exchange).adjust_candidate(spot(), all_or_none=False)
    assert BudgetChecker(exchange).adjust_candidate(part, all_or_none=True).amount == D(5)


def test_whole_balances_count_where_they_are_asked_for() -> None:
    exchange = ToyExchange(available=wallet(USDT="1"), total=wallet(USDT="20"))
    checker = BudgetChecker(exchange)
    assert checker.adjust_candidate(spot(total=True)).amount == D(10)
    assert checker.adjust_candidate(spot(total=False)).amount == 0


def test_a_rate_that_is_missing_is_an_error_and_not_an_order() -> None:
    checker = BudgetChecker(ToyExchange(percent("1", percent_fee_token="PFC")))
    with pytest.raises(errors.ExchangeRateUnknown):
        checker.adjust_candidate(spot())


# Locks.


def test_each_candidate_is_left_what_the_earlier_ones_did_not_take() -> None:
    checker = BudgetChecker(ToyExchange(available=wallet(COINX="10")))
    wanted = [spot(SELL, amount) for amount in ("7", "5", "5")]
    answers = checker.adjust_candidates(wanted, all_or_none=False)
    assert [answer.amount for answer in answers] == [D(7), D(3), D(0)]


def test_all_or_none_skips_what_does_not_fit_and_takes_what_does() -> None:
    checker = BudgetChecker(ToyExchange(available=wallet(COINX="10")))
    wanted = [spot(SELL, amount) for amount in ("7", "5", "3")]
    assert [answer.amount for answer in checker.adjust_candidates(wanted)] == [D(7), D(0), D(3)]


def test_adjusting_many_leaves_nothing_set_aside() -> None:
    checker = BudgetChecker(ToyExchange(available=wallet(COINX="10")))
    checker.adjust_candidates([spot(SELL)])
    assert checker.locks.locked("COINX") == 0


def test_adjusting_many_forgets_what_was_set_aside_before() -> None:
    checker = BudgetChecker(ToyExchange(available=wallet(COINX="10")))
    checker.adjust_candidate_and_lock_available_collateral(spot(SELL))
    assert checker.adjust_candidates([spot(SELL)])[0].amount == D(10)


def test_an_error_in_the_middle_leaves_nothing_set_aside() -> None:
    checker = BudgetChecker(ToyExchange(available=wallet(COINX="10")))

    def fails_between_two() -> Iterator[OrderCandidate]:
        yield spot(SELL)
        raise errors.NotReady("no more")

    with pytest.raises(errors.NotReady):
        checker.adjust_candidates(fails_between_two())
    assert checker.locks.locked("COINX") == 0


def test_what_is_locked_is_all_that_the_order_needs() -> None:
    schema = percent("1", maker_fixed_fees=[TokenAmount("ETH", D(1))])
    checker = BudgetChecker(ToyExchange(schema, available=wallet(USDT="50", ETH="5")))
    checker.adjust_candidate_and_lock_available_collateral(spot(BUY))
    checker.adjust_candidate_and_lock_available_collateral(spot(BUY))
    assert (checker.locks.locked("USDT"), checker.locks.locked("ETH")) == (D("40.4"), D(2))


def test_resetting_sets_everything_free() -> None:
    checker = BudgetChecker(ToyExchange(available=wallet(COINX="10")))
    checker.adjust_candidate_and_lock_available_collateral(spot(SELL))
    assert checker.adjust_candidate(spot(SELL)).amount == 0
    checker.reset_locked_collateral()
    assert checker.adjust_candidate(spot(SELL)).amount == D(10)


@pytest.mark.parametrize("all_or_none", [True, False])
def test_w_f4_locks_above_the_balance_leave_nothing_and_never_less(all_or_none: bool) -> None:
    exchange = ToyExchange(available=wallet(COINX="10"))
    checker = BudgetChecker(exchange)
    checker.adjust_candidate_and_lock_available_collateral(spot(SELL))
    exchange.available["COINX"] = D(4)
    assert checker.adjust_candidate(spot(SELL), all_or_none).amount == 0


def test_w_f4_what_is_available_is_never_below_zero() -> None:
    exchange = ToyExchange(available=wallet(COINX="10"))
    checker = BudgetChecker(exchange)
    checker.adjust_candidate_and_lock_available_collateral(spot(SELL))
    exchange.available["COINX"] = D(4)
    assert checker.available_for(checker.populate_collateral_entries(spot(SELL))) == {"COINX": 0}


def test_two_connectors_of_one_wallet_share_what_is_set_aside() -> None:
    exchange, locks = ToyExchange(available=wallet(COINX="10")), CollateralLocks()
    one, other = BudgetChecker(exchange, locks), BudgetChecker(exchange, locks)
    one.adjust_candidate_and_lock_available_collateral(spot(SELL, "7"))
    assert other.adjust_candidate(spot(SELL), all_or_none=False).amount == D(3)


def test_two_connectors_of_one_wallet_reset_only_their_own() -> None:
    exchange, locks = ToyExchange(available=wallet(COINX="10")), CollateralLocks()
    one, other = BudgetChecker(exchange, locks), BudgetChecker(exchange, locks)
    one.adjust_candidate_and_lock_available_collateral(spot(SELL, "7"))
    other.adjust_candidates([spot(SELL, "1")])
    assert locks.locked("COINX") == D(7)


def test_two_wallets_share_nothing() -> None:
    exchange = ToyExchange(available=wallet(COINX="10"))
    one, other = BudgetChecker(exchange), BudgetChecker(exchange)
    one.adjust_candidate_and_lock_available_collateral(spot(SELL))
    assert other.adjust_candidate(spot(SELL)).amount == D(10)


# Perpetuals.


def test_a_perpetual_with_balance_10_becomes_4_95() -> None:
    checker = PerpetualBudgetChecker(ToyExchange(percent("1"), available=wallet(USDT="10")))
    answer = checker.adjust_candidate(perpetual(), all_or_none=False)
    assert (answer.amount, answer.order_collateral) == (D("4.95"), usdt("9.9"))
    assert answer.percent_fee_collateral == usdt("0.099")


def test_a_spot_order_is_refused_by_a_perpetuals_budget() -> None:
    with pytest.raises(TypeError, match="OrderCandidate"):
        PerpetualBudgetChecker(ToyExchange()).adjust_candidate(spot())


def test_opening_orders_are_set_aside() -> None:
    checker = PerpetualBudgetChecker(ToyExchange(available=wallet(USDT="20")))
    checker.adjust_candidate_and_lock_available_collateral(perpetual(leverage="2"))
    assert checker.locks.locked("USDT") == D(10)


def test_closing_orders_set_nothing_aside() -> None:
    schema = TradeFeeSchema(maker_fixed_fees=[usdt("1")])
    checker = PerpetualBudgetChecker(ToyExchange(schema, available=wallet(USDT="1")))
    answer = checker.adjust_candidate_and_lock_available_collateral(perpetual(close=True))
    assert (answer.amount, checker.locks.locked("USDT")) == (D(10), D(0))


def test_closing_needs_no_balance() -> None:
    checker = PerpetualBudgetChecker(ToyExchange(percent("1")))
    assert checker.adjust_candidate(perpetual(SELL, close=True)).amount == D(10)
