from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit import errors
from venuekit.protocol.rates import RatePool, Window
from venuekit.state.rate_ledger import RateLedger, Reservation

ORDERS = RatePool(name="orders", limit=100, seconds=60.0, given_back_by_fill=1)
ROLLING = RatePool(name="orders", limit=100, seconds=60.0, given_back_by_fill=1, window=Window.ROLLING)
BOTH = pytest.mark.parametrize("pool", [ORDERS, ROLLING], ids=["fixed", "rolling"])


def opened(ledger: RateLedger, now: float, units: int = 1) -> Reservation:
    reservation = ledger.request({"orders": units}, now)
    assert ledger.admit(now) == [reservation]
    return reservation


def placed(ledger: RateLedger, now: float, units: int = 1) -> None:
    ledger.settle(opened(ledger, now, units), None, now)


@BOTH
def test_an_order_that_traded_counts_no_longer(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    placed(ledger, 1.0, 3)
    ledger.give_back("orders", 1, 2.0)
    assert ledger.used("orders", 2.0) == 2


@BOTH
def test_a_count_never_falls_below_zero_and_gives_no_credit(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    placed(ledger, 1.0, 2)
    ledger.give_back("orders", 5, 2.0)
    assert ledger.used("orders", 2.0) == 0
    placed(ledger, 3.0)
    assert ledger.used("orders", 3.0) == 1


@BOTH
def test_what_is_still_under_way_is_not_given_back(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    order = opened(ledger, 1.0, 4)
    ledger.give_back("orders", 3, 1.5)
    assert ledger.used("orders", 1.5) == 4
    ledger.settle(order, None, 2.0)
    assert ledger.used("orders", 2.0) == 4


@BOTH
def test_what_is_given_back_makes_room_at_once(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    placed(ledger, 1.0, 100)
    waiting = ledger.request({"orders": 1}, 2.0)
    assert ledger.admit(2.0) == []
    ledger.give_back("orders", 1, 3.0)
    assert ledger.next_wake(3.0) == 3.0
    assert ledger.admit(3.0) == [waiting]


@BOTH
def test_an_order_that_traded_in_a_window_that_is_over_gives_nothing_back_to_this_one(
    pool: RatePool,
) -> None:
    ledger = RateLedger([pool])
    placed(ledger, 61.0, 3)
    ledger.give_back("orders", 1, 62.0, traded_at=1.0)  # told late, as after a start
    assert ledger.used("orders", 62.0) == 3
    ledger.give_back("orders", 1, 62.0, traded_at=61.5)
    assert ledger.used("orders", 62.0) == 2


@BOTH
def test_what_is_left_after_giving_back_leaves_with_its_window(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    placed(ledger, 1.0, 2)
    placed(ledger, 20.0, 3)
    ledger.give_back("orders", 1, 21.0)
    leaves = 60.0 if pool is ORDERS else 80.0
    assert ledger.used("orders", leaves - 0.1) == (4 if pool is ORDERS else 3)
    assert ledger.used("orders", leaves) == 0


@BOTH
def test_orders_of_before_a_restart_that_trade_lower_the_venues_count(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    placed(ledger, 1.0)
    ledger.observe("orders", 50, 1.2, sent_at=1.0)
    ledger.give_back("orders", 1, 2.0)
    assert ledger.used("orders", 2.0) == 49


def after_eleven_orders_of_which_six_count() -> RateLedger:
    """Eleven orders, and a header that knows of six."""
    ledger = RateLedger([ORDERS])
    for second in range(10):
        placed(ledger, float(second))
        ledger.observe("orders", second + 1, second + 0.1, sent_at=float(second))
    placed(ledger, 20.0)
    ledger.observe("orders", 6, 20.1, sent_at=20.0)
    return ledger


def test_a_fresh_header_that_is_lower_is_believed() -> None:
    # A maker's first fill may take off five (faqs/order_count_decrement.md), and nobody tells us how many.
    # One on top: the order that brought the header could be the one that it does not count yet.
    assert after_eleven_orders_of_which_six_count().used("orders", 20.1) == 7


def test_what_a_header_took_off_is_not_taken_off_once_more_by_the_fills() -> None:
    ledger = after_eleven_orders_of_which_six_count()
    for _ in range(4):
        ledger.give_back("orders", 1, 20.2)
    assert ledger.used("orders", 20.2) == 7
    ledger.give_back("orders", 1, 20.3)
    assert ledger.used("orders", 20.3) == 6


def test_what_a_header_took_off_is_forgotten_with_its_window() -> None:
    ledger = after_eleven_orders_of_which_six_count()
    placed(ledger, 60.0, 5)
    ledger.give_back("orders", 1, 60.1)
    assert ledger.used("orders", 60.1) == 4


def test_orders_that_a_lower_header_may_not_have_met_count_on_top_of_it_to_the_end() -> None:
    ledger = after_eleven_orders_of_which_six_count()
    late = [opened(ledger, 30.0) for _ in range(3)]
    placed(ledger, 30.1)
    ledger.observe("orders", 1, 30.2, sent_at=30.0)
    for order in late:
        ledger.settle(order, None, 30.3)
    assert (
        ledger.used("orders", 30.3) == 5
    )  # the header, three that were under way, and the one that brought it


def test_what_was_given_back_stays_given_back_when_the_oldest_leave() -> None:
    ledger = RateLedger([ROLLING])
    placed(ledger, 1.0, 2)
    placed(ledger, 20.0, 3)
    ledger.give_back("orders", 4, 21.0)
    assert [ledger.used("orders", now) for now in (21.0, 61.0, 79.9, 80.0)] == [1, 1, 1, 0]


def test_orders_that_were_under_way_with_a_header_stay_on_top_of_it() -> None:
    ledger = RateLedger([ORDERS])
    for moment in range(10):
        placed(ledger, float(moment))
    first, second = opened(ledger, 20.0), opened(ledger, 20.0)
    ledger.settle(second, None, 20.2)
    ledger.settle(first, None, 20.3)
    ledger.observe(
        "orders", 1, 20.3, sent_at=20.0
    )  # all ten traded; whether it counts the second is not said
    assert ledger.used("orders", 20.3) >= 2


def test_an_older_header_lowers_nothing() -> None:
    ledger = RateLedger([ORDERS])
    first, second = opened(ledger, 1.0), opened(ledger, 1.0)
    ledger.settle(second, None, 1.5)
    ledger.observe("orders", 2, 1.5, sent_at=1.0)
    ledger.settle(first, None, 1.6)
    ledger.observe("orders", 1, 1.6, sent_at=1.0)
    assert ledger.used("orders", 1.6) == 2


def test_a_count_that_only_rises_is_not_lowered_by_a_header() -> None:
    ledger = RateLedger([RatePool(name="orders", limit=100, seconds=60.0)])
    placed(ledger, 1.0, 10)
    placed(ledger, 2.0)
    ledger.observe("orders", 3, 2.1, sent_at=2.0)
    assert ledger.used("orders", 2.1) == 11


def test_fewer_than_no_units_are_not_given_back() -> None:
    ledger = RateLedger([ORDERS])
    with pytest.raises(errors.UsageError, match="cannot be given back"):
        ledger.give_back("orders", -1, 0.0)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.integers(1, 3)),
        st.tuples(st.just("fill"), st.integers(1, 5)),
        st.tuples(st.just("header"), st.just(0)),
        st.tuples(st.just("others"), st.integers(1, 5)),
    ),
    max_size=40,
)


@given(STEPS)
def test_a_header_in_a_quiet_moment_tells_the_count_within_the_order_that_brought_it(
    steps: list[tuple[str, int]],
) -> None:
    ledger, venue, now = RateLedger([ORDERS]), 0, 0.0
    for what, units in steps:
        now += 0.5
        match what:
            case "place" if ledger.used("orders", now) + units <= 100:
                placed(ledger, now, units)
                venue += units
            case "fill":
                venue = max(0, venue - units)
                ledger.give_back("orders", 1, now)
            case "others":
                venue += units
            case "header" if ledger.used("orders", now) + 1 <= 100:
                placed(ledger, now)
                venue += 1
                ledger.observe("orders", venue, now, sent_at=now)
        assert ledger.used("orders", now) >= 0
    if ledger.used("orders", now) <= 96:
        # The header before may have been of another moment: the second of two in a row is of this one.
        for _ in range(2):
            now += 0.5
            placed(ledger, now)
            venue += 1
            ledger.observe("orders", venue, now, sent_at=now)
        assert venue <= ledger.used("orders", now) <= venue + 1
