from __future__ import annotations

import pytest

from venuekit import errors
from venuekit.protocol.rates import RatePool, Window
from venuekit.state.rate_ledger import PoolUsage, RateLedger, Reservation, ReservationState

MINUTE = RatePool(name="weight", limit=100, seconds=60)
FIVE_MINUTES = RatePool(name="slow", limit=10, seconds=300)
ROLLING = RatePool(name="rolling", limit=10, seconds=5, window=Window.ROLLING)


def sent(ledger: RateLedger, costs: dict[str, int], now: float) -> Reservation:
    """A request that is admitted at once."""
    reservation = ledger.request(costs, now)
    assert ledger.admit(now) == [reservation]
    return reservation


def done(ledger: RateLedger, costs: dict[str, int], now: float) -> None:
    ledger.settle(sent(ledger, costs, now), None, now)


def test_a_quiet_pool_admits_at_once() -> None:
    ledger = RateLedger([MINUTE])
    reservation = ledger.request({"weight": 5}, 0.0)
    assert ledger.admit(0.0) == [reservation]


def test_a_full_fixed_window_opens_on_the_venues_minute() -> None:
    ledger = RateLedger([MINUTE])
    done(ledger, {"weight": 100}, 119.0)
    waiting = ledger.request({"weight": 1}, 119.5)
    assert ledger.next_wake(119.5) == 120.0
    assert ledger.admit(119.999) == []
    assert ledger.admit(120.0) == [waiting]


def test_a_request_still_open_when_the_window_turns_counts_in_the_new_one() -> None:
    ledger = RateLedger([MINUTE])
    sent(ledger, {"weight": 70}, 59.9)
    assert ledger.used("weight", 60.1) == 70


def test_a_request_settled_before_the_window_turns_is_gone_in_the_new_one() -> None:
    ledger = RateLedger([MINUTE])
    done(ledger, {"weight": 70}, 59.9)
    assert ledger.used("weight", 60.1) == 0


def test_a_window_waits_for_settlement_where_open_requests_fill_the_next_one() -> None:
    ledger = RateLedger([MINUTE])
    first = sent(ledger, {"weight": 80}, 59.0)
    second = ledger.request({"weight": 30}, 59.0)
    assert ledger.next_wake(59.0) is None
    ledger.settle(first, None, 59.5)
    assert ledger.next_wake(59.5) == 60.0
    assert ledger.admit(60.0) == [second]


def test_a_rolling_request_counts_until_one_window_after_its_settlement() -> None:
    ledger = RateLedger([ROLLING])
    reservation = sent(ledger, {"rolling": 10}, 0.0)
    ledger.settle(reservation, None, 2.0)
    ledger.request({"rolling": 1}, 2.0)
    assert ledger.next_wake(2.0) == 7.0
    assert ledger.used("rolling", 6.9) == 10
    assert ledger.used("rolling", 7.0) == 0


def test_a_rolling_window_wakes_when_enough_has_left_and_not_before() -> None:
    ledger = RateLedger([ROLLING])
    for second in range(5):
        done(ledger, {"rolling": 2}, float(second))
    ledger.request({"rolling": 5}, 4.5)
    assert ledger.next_wake(4.5) == 7.0  # the units of seconds 0, 1 and 2


def test_a_big_request_is_not_overtaken_in_its_pool() -> None:
    ledger = RateLedger([MINUTE])
    done(ledger, {"weight": 60}, 0.0)
    big = ledger.request({"weight": 50}, 1.0)
    small = ledger.request({"weight": 1}, 1.0)
    assert ledger.admit(1.0) == []
    assert ledger.admit(60.0) == [big, small]


def test_a_request_passes_one_that_waits_for_another_pool() -> None:
    ledger = RateLedger([MINUTE, FIVE_MINUTES])
    done(ledger, {"slow": 10}, 0.0)
    ledger.request({"slow": 1}, 1.0)
    other = ledger.request({"weight": 1}, 1.0)
    assert ledger.admit(1.0) == [other]


def test_a_request_that_waits_for_one_pool_keeps_its_place_in_the_other() -> None:
    ledger = RateLedger([MINUTE, FIVE_MINUTES])
    done(ledger, {"slow": 10}, 0.0)
    both = ledger.request({"weight": 60, "slow": 1}, 1.0)
    fitting = ledger.request({"weight": 40}, 1.0)
    crowding = ledger.request({"weight": 1}, 1.0)
    assert ledger.admit(1.0) == [fitting]
    ledger.settle(fitting, None, 2.0)
    assert ledger.admit(60.0) == [crowding]
    ledger.settle(crowding, None, 61.0)
    assert ledger.admit(300.0) == [both]


def test_a_request_beside_a_kept_place_wakes_as_soon_as_both_fit() -> None:
    ledger = RateLedger([MINUTE, FIVE_MINUTES])
    done(ledger, {"slow": 10, "weight": 50}, 0.0)
    ledger.request({"weight": 60, "slow": 1}, 1.0)
    ledger.request({"weight": 40}, 1.0)
    assert ledger.next_wake(1.0) == 60.0


def test_a_charge_on_every_call_comes_on_top_and_stays() -> None:
    ledger = RateLedger([MINUTE, RatePool(name="raw", limit=100, seconds=300, every_call=1)])
    reservation = sent(ledger, {"weight": 20}, 0.0)
    ledger.settle(reservation, {"weight": 0, "raw": 0}, 0.1)
    assert (ledger.used("weight", 0.2), ledger.used("raw", 0.2)) == (0, 1)


@pytest.mark.parametrize("pool", [MINUTE, ROLLING])
def test_what_the_outcome_does_not_cost_is_given_back(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    reservation = sent(ledger, {pool.name: 10}, 0.0)
    ledger.settle(reservation, {pool.name: 3}, 0.1)
    assert ledger.used(pool.name, 0.2) == 3


@pytest.mark.parametrize("pool", [MINUTE, ROLLING])
def test_a_failure_may_cost_where_nothing_was_reserved(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    reservation = sent(ledger, {}, 0.0)
    ledger.settle(reservation, {pool.name: 1}, 0.1)
    assert ledger.used(pool.name, 0.2) == 1


@pytest.mark.parametrize("pool", [MINUTE, ROLLING])
def test_a_request_that_never_left_gives_everything_back(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    ledger.withdraw(sent(ledger, {pool.name: 10}, 0.0), 0.1)
    assert ledger.used(pool.name, 0.2) == 0


def test_a_withdrawn_waiter_makes_way() -> None:
    ledger = RateLedger([MINUTE])
    done(ledger, {"weight": 50}, 0.0)
    big = ledger.request({"weight": 100}, 1.0)
    small = ledger.request({"weight": 1}, 1.0)
    ledger.withdraw(big, 2.0)
    assert ledger.admit(2.0) == [small]
    assert big.state is ReservationState.WITHDRAWN


def test_a_cancel_goes_before_those_who_came_earlier() -> None:
    ledger = RateLedger([MINUTE])
    done(ledger, {"weight": 100}, 0.0)
    earlier = ledger.request({"weight": 60}, 1.0)
    cancel = ledger.request({"weight": 60}, 2.0, is_cancel=True)
    assert ledger.admit(60.0) == [cancel]
    assert ledger.admit(120.0) == []
    ledger.settle(cancel, None, 120.0)
    assert ledger.admit(180.0) == [earlier]


def test_a_cancel_finds_room_where_everybody_else_has_none() -> None:
    ledger = RateLedger([RatePool(name="weight", limit=100, seconds=60, reserve=0.1)])
    done(ledger, {"weight": 90}, 0.0)
    ledger.request({"weight": 1}, 1.0)
    cancel = ledger.request({"weight": 10}, 1.0, is_cancel=True)
    assert ledger.admit(1.0) == [cancel]


@pytest.mark.parametrize(("cost", "is_cancel"), [(91, False), (101, True)])
def test_a_request_that_never_fits_is_refused_at_once(cost: int, *, is_cancel: bool) -> None:
    ledger = RateLedger([RatePool(name="weight", limit=100, seconds=60, reserve=0.1)])
    with pytest.raises(errors.ImpossibleRequest, match="never fits 'weight'"):
        ledger.request({"weight": cost}, 0.0, is_cancel=is_cancel)


def test_a_request_too_heavy_with_its_charge_on_every_call_is_refused() -> None:
    ledger = RateLedger([RatePool(name="raw", limit=10, seconds=60, every_call=1)])
    with pytest.raises(errors.ImpossibleRequest):
        ledger.request({"raw": 10}, 0.0)


def test_an_unknown_pool_is_named_with_the_known_ones() -> None:
    with pytest.raises(errors.UsageError, match="no rate pool is called 'wait'; known are: weight"):
        RateLedger([MINUTE]).request({"wait": 1}, 0.0)


def test_a_negative_cost_is_refused() -> None:
    with pytest.raises(errors.UsageError, match="cannot cost -1"):
        RateLedger([MINUTE]).request({"weight": -1}, 0.0)


def test_a_negative_outcome_is_refused() -> None:
    ledger = RateLedger([MINUTE])
    with pytest.raises(errors.UsageError, match="cannot end with -1"):
        ledger.settle(sent(ledger, {"weight": 1}, 0.0), {"weight": -1}, 0.0)


def test_a_request_is_settled_once() -> None:
    ledger = RateLedger([MINUTE])
    reservation = sent(ledger, {"weight": 1}, 0.0)
    ledger.settle(reservation, None, 0.0)
    with pytest.raises(errors.UsageError, match="not under way"):
        ledger.settle(reservation, None, 0.0)


def test_a_waiting_request_cannot_be_settled() -> None:
    ledger = RateLedger([MINUTE])
    with pytest.raises(errors.UsageError, match="not under way"):
        ledger.settle(ledger.request({"weight": 1}, 0.0), None, 0.0)


def test_the_same_pool_may_be_added_twice() -> None:
    ledger = RateLedger([MINUTE])
    done(ledger, {"weight": 5}, 0.0)
    ledger.add(MINUTE)
    assert ledger.used("weight", 0.0) == 5


def test_two_pools_of_one_name_are_refused() -> None:
    with pytest.raises(errors.InvalidConfiguration):
        RateLedger([MINUTE, RatePool(name="weight", limit=50, seconds=60)])


@pytest.mark.parametrize("pool", [MINUTE, ROLLING])
def test_open_requests_are_counted_on_top_of_a_header(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    sent(ledger, {pool.name: 3}, 0.0)
    ledger.observe(pool.name, 5, 0.2, 0.1)
    assert ledger.used(pool.name, 0.2) == 8


@pytest.mark.parametrize("pool", [MINUTE, ROLLING])
def test_answers_out_of_order_leave_no_phantom_behind(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    flights = [sent(ledger, {pool.name: 2}, 0.0) for _ in range(5)]
    for answered, header in zip(reversed(flights), (10, 8, 6, 4, 2), strict=True):
        ledger.settle(answered, None, 0.2)
        ledger.observe(pool.name, header, 0.2, 0.0)
    assert ledger.used(pool.name, 0.2) == 10


@pytest.mark.parametrize("pool", [MINUTE, ROLLING])
def test_what_others_spend_is_counted_with_what_we_send_after_it(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    done(ledger, {pool.name: 1}, 0.0)
    ledger.observe(pool.name, 6, 0.1, 0.0)
    done(ledger, {pool.name: 2}, 0.2)
    assert ledger.used(pool.name, 0.2) == 8


def test_an_older_answers_header_never_lowers_a_newer_ones() -> None:
    ledger = RateLedger([MINUTE])
    ledger.observe("weight", 60, 10.0, 9.0)
    ledger.observe("weight", 40, 10.1, 8.5)
    assert ledger.used("weight", 10.1) == 60


def test_a_request_sent_after_a_header_may_bring_a_lower_one() -> None:
    ledger = RateLedger([MINUTE])
    ledger.observe("weight", 60, 10.0, 9.0)
    ledger.observe("weight", 40, 11.0, 10.5)
    assert ledger.used("weight", 11.0) == 40


def test_a_header_never_lowers_our_own_count() -> None:
    ledger = RateLedger([MINUTE])
    done(ledger, {"weight": 50}, 0.0)
    ledger.observe("weight", 10, 1.0, 0.5)
    assert ledger.used("weight", 1.0) == 50


def test_a_header_of_the_last_window_says_nothing_about_this_one() -> None:
    ledger = RateLedger([MINUTE])
    ledger.observe("weight", 99, 60.1, 59.9)
    assert ledger.used("weight", 60.1) == 0


def test_what_others_spent_leaves_a_fixed_window_when_it_turns() -> None:
    ledger = RateLedger([MINUTE])
    ledger.observe("weight", 99, 10.0, 9.0)
    assert ledger.used("weight", 60.0) == 0


def test_what_others_spent_leaves_a_rolling_window_after_its_length() -> None:
    ledger = RateLedger([ROLLING])
    ledger.observe("rolling", 9, 10.0, 9.9)
    assert (ledger.used("rolling", 14.9), ledger.used("rolling", 15.0)) == (9, 0)


def test_a_ban_holds_everybody_until_it_ends() -> None:
    ledger = RateLedger([MINUTE])
    cancel = ledger.request({"weight": 1}, 0.0, is_cancel=True)
    ledger.ban(30.0)
    assert ledger.admit(29.9) == []
    assert ledger.next_wake(0.0) == 30.0
    assert ledger.admit(30.0) == [cancel]


def test_a_ban_is_never_shortened() -> None:
    ledger = RateLedger([MINUTE])
    ledger.ban(30.0)
    ledger.ban(20.0)
    assert ledger.banned_until(25.0) == 30.0
    assert ledger.banned_until(30.0) is None


def test_a_ban_of_one_pool_holds_only_those_who_use_it() -> None:
    ledger = RateLedger([MINUTE, FIVE_MINUTES])
    ledger.ban(30.0, ["slow"])
    held = ledger.request({"slow": 1}, 0.0)
    free = ledger.request({"weight": 1}, 0.0)
    assert ledger.admit(0.0) == [free]
    assert ledger.next_wake(0.0) == 30.0
    assert ledger.admit(30.0) == [held]


def test_a_published_limit_counts_from_now_on() -> None:
    ledger = RateLedger([MINUTE])
    ledger.set_limit("weight", 200)
    done(ledger, {"weight": 200}, 0.0)
    assert ledger.usage(0.0)["weight"] == PoolUsage(used=200, limit=200, seconds=60, waiting=0)


def test_a_lowered_limit_hands_back_those_who_would_wait_for_ever() -> None:
    ledger = RateLedger([MINUTE])
    done(ledger, {"weight": 50}, 0.0)
    heavy = ledger.request({"weight": 90}, 1.0)
    light = ledger.request({"weight": 40}, 1.0)
    assert ledger.set_limit("weight", 80) == [heavy]
    assert ledger.admit(60.0) == [light]


def test_the_meter_counts_who_waits() -> None:
    ledger = RateLedger([MINUTE])
    done(ledger, {"weight": 100}, 0.0)
    ledger.request({"weight": 1}, 1.0)
    ledger.request({"weight": 2}, 1.0, is_cancel=True)
    assert ledger.usage(1.0)["weight"] == PoolUsage(used=100, limit=100, seconds=60, waiting=2)


def test_nobody_waiting_needs_no_wake() -> None:
    ledger = RateLedger([MINUTE])
    assert ledger.next_wake(0.0) is None
    assert not ledger.has_waiting


def test_a_clock_corrected_by_a_little_opens_no_window_again() -> None:
    ledger = RateLedger([MINUTE])
    done(ledger, {"weight": 100}, 60.1)
    assert ledger.used("weight", 59.9) == 100
    assert ledger.used("weight", 60.2) == 100


@pytest.mark.parametrize("pool", [MINUTE, ROLLING])
def test_a_clock_that_was_an_hour_ahead_delays_nobody_for_an_hour(pool: RatePool) -> None:
    ledger = RateLedger([pool])
    done(ledger, {pool.name: pool.limit}, 7200.0)
    ledger.request({pool.name: 1}, 3600.0)
    wake = ledger.next_wake(3600.0)
    assert wake is not None
    assert 3600.0 < wake <= 3600.0 + pool.seconds


@pytest.mark.parametrize("start", [0.0, 1_790_000_000.0])
@pytest.mark.parametrize("seconds", [0.1, 0.7, 1 / 3, 86400.0])
def test_the_end_of_a_window_lies_in_the_next_one_whatever_its_length(seconds: float, start: float) -> None:
    ledger = RateLedger([RatePool(name="odd", limit=1, seconds=seconds)])
    now = start
    for _ in range(200):
        reservation = ledger.request({"odd": 1}, now)
        wake = ledger.next_wake(now)
        assert wake is not None
        assert ledger.admit(wake) == [reservation]
        ledger.settle(reservation, None, wake)
        now = wake


def test_a_ledger_says_which_pools_it_counts() -> None:
    ledger = RateLedger([MINUTE])
    assert (ledger.counts("weight"), ledger.counts("slow")) == (True, False)
    ledger.add(FIVE_MINUTES)
    assert ledger.counts("slow")
