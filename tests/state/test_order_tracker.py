"""The tracker's rules one by one, and what the shared vocabulary's first author got wrong, by number."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.state.order_bench import FENCE, NO_DEADLINE, PAIR, Bench, buy, fill, names, status

from venuekit.model.events import (
    BuyOrderCompletedEvent,
    BuyOrderCreatedEvent,
    DoubtReason,
    FillQuarantined,
    LateFill,
    MarketOrderFailureEvent,
    OrderCancelledEvent,
    OrderExpiredEvent,
    OrderFilledEvent,
    OrderInDoubt,
    OrderReopened,
    OrderSettled,
)
from venuekit.model.order import Command, OrderState, OrderType, TradeType
from venuekit.model.order_update import Evidence, OrderUpdate
from venuekit.protocol.fence import Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Doubt, Miss
from venuekit.state.order_tracker import OrderTracker

S = OrderState


def presumed_gone() -> Bench:
    """An order that left no trace after the fence."""
    bench = Bench()
    bench.keep(bench.tracker.doubt("id-1", 11.0, signed_at=1.0))
    bench.miss(17.0, 19.0)
    assert bench.order.is_presumed
    return bench


# --- where the reference is wrong


def test_w_o01_an_order_that_fails_before_it_is_sent_ends_in_one_event() -> None:
    bench = Bench()
    (event,) = bench.tracker.request_failed(
        "id-1", 1.5, error_type="RuleUnknown", error_message="no trading rule"
    )
    assert event == MarketOrderFailureEvent(1.5, "id-1", OrderType.LIMIT, "no trading rule", "RuleUnknown")
    assert not bench.tracker.active_orders


def test_w_o02_misses_count_in_a_row_only() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.miss(10.0, 11.5)
    bench.hear(status(S.OPEN, observed_at=12.0, evidence=Evidence.ORDER_QUERY))
    bench.miss(13.0, 14.5)
    assert bench.order.current_state is S.OPEN
    assert bench.told == ["BuyOrderCreated", "InDoubt", "Settled", "InDoubt"]


def test_w_o02_a_resting_order_is_given_up_after_two_confirmed_misses_of_every_question() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.miss(10.0, 11.0, 12.0, 13.0, question=Question.ORDER)
    assert bench.order.is_open
    assert bench.miss(13.0, 15.0, question=Question.EXECUTIONS) == ["Settled", "Cancelled"]


def test_w_o03_a_timeout_proves_nothing() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    for _ in range(10):
        bench.hear(status(S.FAILED, at=9.0, evidence=Evidence.TIMEOUT))
    assert bench.order.current_state is S.OPEN


def test_w_o04_a_late_open_after_the_cancel_makes_no_second_end() -> None:
    bench = Bench()
    bench.hear(status(S.CANCELED, "0", at=5.0), status(S.OPEN, "0", at=6.0), status(S.FILLED, "1", at=7.0))
    bench.hear(fill("t1", "1", at=7.0))
    assert bench.told == ["BuyOrderCreated", "Cancelled", "Filled", "LateFill"]


def test_w_o05_updates_take_effect_in_the_order_they_are_handed_in() -> None:
    bench = Bench()
    bench.hear(status(S.FILLED, "1", at=4.0), status(S.CANCELED, "1", at=5.0), fill("t1", "1", at=4.0))
    assert bench.told == ["BuyOrderCreated", "Filled", "BuyOrderCompleted"]


def test_w_o06_trades_alone_complete_an_order() -> None:
    bench = Bench()
    bench.hear(fill("t1", "1"))
    assert bench.told == ["BuyOrderCreated", "Filled", "BuyOrderCompleted"]
    assert not bench.tracker.active_orders


def test_w_o07_a_placeholder_for_the_exchange_id_is_corrected() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN, exchange_order_id="UNKNOWN"), status(S.OPEN, exchange_order_id="77"))
    assert bench.order.exchange_order_id == "77"
    assert bench.tracker.fetch_order(exchange_order_id="77") is bench.order


def test_w_o08_a_trade_is_found_by_the_exchange_id_alone() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    assert bench.hear(fill("t1", "0.5", client_id="")) == ["Filled"]


def test_w_o08_a_trade_is_known_again_days_after_the_end() -> None:
    bench = Bench()
    bench.hear(fill("t1", "1"))
    bench.tracker.release_watched(86_400.0)
    assert bench.hear(fill("t1", "1")) == []


def test_w_o09_each_cancel_is_answered_by_its_own_event() -> None:
    tracker = OrderTracker(FENCE)
    for name in ("id-1", "id-2"):
        tracker.start(InFlightOrder.of(buy(name), 1.0))
    events = tracker.process_order_update(status(S.CANCELED, "0", exchange_order_id=None))
    assert [event.order_id for event in events if isinstance(event, OrderCancelledEvent)] == ["id-1"]
    assert list(tracker.active_orders) == ["id-2"]


def test_w_o10_views_are_not_copies() -> None:
    bench = Bench()
    active, watched = bench.tracker.active_orders, bench.tracker.watched_orders
    bench.hear(fill("t1", "1"))
    assert (list(active), list(watched)) == ([], ["id-1"])


def test_w_o11_only_orders_that_miss_fills_are_overdue() -> None:
    tracker = OrderTracker(FENCE, patience=1.0)
    for number in range(3):
        tracker.start(InFlightOrder.of(buy(f"id-{number}"), 1.0))
    for number, filled in enumerate(["0", "0.5", "0.7"]):
        words: dict[str, Any] = {"client_id": f"id-{number}", "exchange_order_id": str(number)}
        tracker.process_order_update(status(S.PARTIALLY_FILLED, filled, at=4.0 - number, **words))
    assert [order.client_order_id for order in tracker.overdue(3.5)] == ["id-2"]
    assert [order.client_order_id for order in tracker.overdue(4.0)] == ["id-2", "id-1"]


def test_w_o12_keeping_the_states_has_no_side_effects() -> None:
    bench = Bench()
    bench.hear(fill("t1", "0.5"))
    before = json.dumps(bench.tracker.tracking_states)
    assert json.dumps(bench.tracker.tracking_states) == before


def test_w_o13_an_event_carries_the_venues_time() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN, at=2.125), fill("t1", "1", at=3.141))
    assert [getattr(event, "timestamp", None) for event in bench.events] == [2.125, 3.141, 3.141]


# --- what events hold


def test_the_events_of_an_order_hold_all_their_fields() -> None:
    bench = Bench()
    first, second = fill("t1", "0.5", at=3.0), fill("t2", "0.5", at=4.0, exchange_order_id="")
    bench.hear(status(S.OPEN), first, second)
    words = ("id-1", PAIR, TradeType.BUY, OrderType.LIMIT, Decimal(100), Decimal("0.5"))
    assert bench.events == [
        BuyOrderCreatedEvent(2.0, OrderType.LIMIT, PAIR, Decimal(1), Decimal(100), "id-1", 1.0, "77"),
        OrderFilledEvent(3.0, *words, first.fee, "t1", "77"),
        OrderFilledEvent(4.0, *words, second.fee, "t2", "77"),
        BuyOrderCompletedEvent(4.0, "id-1", "COINX", "USDT", Decimal(1), Decimal(100), OrderType.LIMIT, "77"),
    ]


def test_ends_hold_all_their_fields() -> None:
    ends = []
    for state in (S.CANCELED, S.EXPIRED, S.FAILED):
        bench = Bench()
        bench.hear(status(state, misc_updates={"error_message": "no balance", "error_type": "Refused"}))
        ends.append(bench.events[-1])
    assert ends == [
        OrderCancelledEvent(2.0, "id-1", "77"),
        OrderExpiredEvent(2.0, "id-1"),
        MarketOrderFailureEvent(2.0, "id-1", OrderType.LIMIT, "no balance", "Refused"),
    ]


def test_alarms_hold_all_their_fields() -> None:
    bench = Bench()
    bench.hear(status(S.CANCELED, "0", at=5.0), fill("t1", "0.5"), fill("t2", "0.6"), fill("t3", "0"))
    assert bench.events[3:] == [
        LateFill(timestamp=3.0, order_id="id-1", exchange_trade_id="t1", amount=Decimal("0.5")),
        FillQuarantined(
            timestamp=3.0,
            order_id="id-1",
            exchange_trade_id="t2",
            amount=Decimal("0.6"),
            reason="more than was ordered",
        ),
        FillQuarantined(
            timestamp=3.0,
            order_id="id-1",
            exchange_trade_id="t3",
            amount=Decimal(0),
            reason="a fill of nothing",
        ),
    ]


def test_doubt_and_its_end_hold_all_their_fields() -> None:
    bench = Bench()
    bench.keep(bench.tracker.doubt("id-1", 11.0, signed_at=1.0, receive_window=2.0, clock_error=0.5))
    bench.hear(status(S.OPEN, at=1.2))
    assert bench.events[0] == OrderInDoubt(
        timestamp=11.0,
        order_id="id-1",
        reason=DoubtReason.PLACE,
        filled_min=Decimal(0),
        filled_max=Decimal(1),
        settles_at=1.0 + 2.0 + 10.0 + 1.0 + 0.5,
    )
    assert bench.events[2] == OrderSettled(timestamp=1.2, order_id="id-1", state=S.OPEN, filled=Decimal(0))


# --- commands


def test_a_cancel_before_sending_ends_an_order_as_never_sent() -> None:
    bench = Bench()
    assert bench.tracker.withdraw("id-1", 1.5) == [OrderCancelledEvent(1.5, "id-1", None)]
    assert bench.order.filled_max == 0
    assert bench.tracker.withdraw("id-1", 1.6) == []


def test_a_withdrawn_order_cannot_leave() -> None:
    bench = Bench()
    bench.tracker.withdraw("id-1", 1.5)
    with pytest.raises(KeyError):
        bench.tracker.sending("id-1", 1.6)


def test_an_order_that_left_cannot_be_withdrawn() -> None:
    bench = Bench()
    bench.tracker.sending("id-1", 1.0)
    assert bench.tracker.withdraw("id-1", 1.5) == []
    assert bench.order.is_open


def test_a_client_id_is_tracked_once() -> None:
    bench = Bench()
    with pytest.raises(ValueError, match="tracked already"):
        bench.tracker.start(InFlightOrder.of(buy(), 1.0))


def test_a_refused_place_settles_its_doubt() -> None:
    bench = Bench()
    bench.keep(bench.tracker.doubt("id-1", 11.0))
    assert bench.keep(bench.tracker.request_failed("id-1", 12.0)) == ["Settled", "MarketOrderFailure"]


def test_a_refused_place_of_an_order_that_lives_is_a_contradiction() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    (event,) = bench.tracker.request_failed("id-1", 3.0)
    assert isinstance(event, OrderInDoubt)
    assert (event.reason, event.settles_at) == (DoubtReason.CONTRADICTED, 4.0)
    assert bench.hear(status(S.OPEN, observed_at=3.5)) == ["Settled"]


def test_nothing_fails_after_the_end() -> None:
    bench = Bench()
    bench.hear(fill("t1", "1"))
    assert bench.tracker.request_failed("id-1", 9.0) == []
    assert bench.tracker.doubt("id-1", 9.0, command=Command.CANCEL) == []
    assert bench.miss(9.0) == []


def test_nothing_is_said_of_a_stranger() -> None:
    tracker = OrderTracker(FENCE)
    assert tracker.doubt("id-1", 9.0) == []
    assert tracker.request_failed("id-1", 9.0) == []
    assert tracker.not_found("id-1", Miss(question=Question.ORDER, asked_at=1.0), 1.0) == []
    tracker.fills_fetched("id-1", 9.0)
    assert tracker.withdraw("id-1", 9.0) == []


def test_a_cancel_refused_as_too_late_gives_back_what_was_before() -> None:
    bench = Bench()
    bench.hear(fill("t1", "0.5"), status(S.PENDING_CANCEL, at=4.0))
    assert bench.tracker.request_failed("id-1", 5.0, command=Command.CANCEL) == []
    assert bench.order.current_state is S.PARTIALLY_FILLED


def test_a_refused_cancel_settles_the_doubt_about_it() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.keep(bench.tracker.doubt("id-1", 5.0, command=Command.CANCEL))
    assert bench.keep(bench.tracker.request_failed("id-1", 6.0, command=Command.CANCEL)) == ["Settled"]


def test_a_refused_cancel_says_nothing_of_an_order_that_is_missed() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.miss(5.0)
    assert bench.tracker.request_failed("id-1", 6.0, command=Command.CANCEL) == []
    assert bench.order.doubt is not None


def test_a_cancel_in_doubt_is_settled_by_life_only_after_its_fence() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.keep(bench.tracker.doubt("id-1", 6.0, command=Command.CANCEL, signed_at=5.0))
    assert bench.order.is_pending_cancel_confirmation
    assert bench.hear(status(S.OPEN, observed_at=20.0)) == []
    assert bench.hear(status(S.OPEN, observed_at=21.0)) == ["Settled"]
    assert bench.order.current_state is S.OPEN


def test_a_cancel_in_doubt_is_settled_by_any_end() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.keep(bench.tracker.doubt("id-1", 6.0, command=Command.CANCEL))
    assert bench.hear(status(S.CANCELED, "0", at=5.0)) == ["Settled", "Cancelled"]


def test_a_cancel_that_the_venue_accepted_and_forgot_is_given_up_after_the_fence() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN), status(S.PENDING_CANCEL, at=5.0))
    bench.hear(status(S.OPEN, observed_at=20.9))
    assert bench.order.is_pending_cancel_confirmation
    bench.hear(status(S.OPEN, observed_at=21.0))
    assert bench.order.current_state is S.OPEN


def test_an_amend_on_its_way_widens_the_bound_and_takes_its_fills() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.tracker.amending("id-1", Decimal(2), 3.0)
    assert bench.order.filled_max == Decimal(2)
    assert bench.hear(fill("t1", "1"), fill("t2", "0.5")) == ["Filled", "Filled"]
    assert bench.hear(status(S.PARTIALLY_FILLED, "1.5", at=4.0, amount=Decimal(2))) == []
    assert bench.hear(fill("t3", "0.5")) == ["Filled", "BuyOrderCompleted"]


def test_an_order_filled_to_the_old_amount_ends_when_the_amend_is_refused() -> None:
    bench = Bench()
    bench.tracker.amending("id-1", Decimal(2), 2.5)
    assert bench.hear(fill("t1", "1")) == ["BuyOrderCreated", "Filled"]
    told = bench.keep(bench.tracker.request_failed("id-1", 5.0, command=Command.AMEND))
    assert told == ["BuyOrderCompleted"]


def test_an_amend_in_doubt_keeps_the_larger_amount_until_the_fence() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.keep(bench.tracker.doubt("id-1", 6.0, command=Command.AMEND, signed_at=5.0, amount=Decimal(2)))
    assert bench.order.filled_max == Decimal(2)
    assert bench.hear(status(S.OPEN, observed_at=21.0, amount=Decimal(1))) == ["Settled"]
    assert bench.order.filled_max == Decimal(1)


def test_an_amend_during_a_doubt_makes_it_last() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.keep(bench.tracker.doubt("id-1", 6.0, command=Command.AMEND, amount=Decimal(2)))
    bench.tracker.amending("id-1", Decimal(3), 10.0)
    assert bench.order.doubt is not None
    assert bench.order.doubt.settles_at == 26.0
    assert bench.order.filled_max == Decimal(3)


def test_a_second_doubt_is_not_told_again() -> None:
    bench = Bench()
    assert bench.keep(bench.tracker.doubt("id-1", 6.0)) == ["InDoubt"]
    assert bench.keep(bench.tracker.doubt("id-1", 8.0, command=Command.CANCEL)) == []
    assert bench.tracker.orders_in_doubt == [bench.order]


# --- absence


@pytest.mark.parametrize(
    ("asked_at", "is_gone"),
    [((17.0, 19.0), True), ((16.9, 19.0), False), ((17.0, 18.9), False), ((19.0, 17.0), True)],
)
def test_absence_proves_by_two_answers_apart_after_the_fence(
    asked_at: tuple[float, ...], is_gone: bool
) -> None:
    bench = Bench()
    bench.tracker.sending("id-1", 1.0)
    bench.keep(bench.tracker.doubt("id-1", 11.0, signed_at=1.0))
    bench.miss(*asked_at)
    assert bench.order.is_presumed is is_gone


def test_absence_of_an_order_whose_answer_is_awaited_brings_it_into_doubt_until_its_own_fence() -> None:
    bench = Bench()
    bench.tracker.sending("id-1", 1.0, receive_window=2.0)
    assert bench.miss(3.0) == ["InDoubt"]
    assert bench.order.doubt is not None
    assert bench.order.doubt.settles_at == 14.0


def test_absence_of_an_order_that_nobody_saw_leave_is_doubted_from_the_question_on() -> None:
    bench = Bench()
    bench.miss(3.0)
    assert bench.order.doubt is not None
    assert bench.order.doubt.settles_at == 19.0


def test_absence_proves_nothing_where_the_venue_promises_nothing() -> None:
    bench = Bench(fence=NO_DEADLINE)
    bench.miss(100.0, 1_000.0)
    assert bench.order.is_open


def test_an_order_that_traded_is_never_presumed_gone() -> None:
    bench = Bench()
    bench.hear(fill("t1", "0.5"))
    bench.miss(10.0, 20.0, 30.0)
    assert bench.order.is_open
    assert bench.order.doubt is not None


def test_an_order_with_a_fill_in_quarantine_is_never_presumed_gone() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN), fill("t1", "5"))
    bench.miss(10.0, 20.0, 30.0)
    assert bench.order.is_open


def test_a_trace_that_settles_nothing_still_breaks_a_row_of_misses() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.keep(bench.tracker.doubt("id-1", 6.0, command=Command.CANCEL, signed_at=5.0))
    bench.miss(21.0)
    assert bench.hear(status(S.OPEN, observed_at=20.0)) == []
    assert bench.miss(23.0) == []
    assert bench.miss(25.0) == ["Settled", "Cancelled"]


def test_the_misses_of_one_doubt_do_not_count_in_the_next() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.keep(bench.tracker.doubt("id-1", 6.0, command=Command.CANCEL, signed_at=5.0))
    bench.miss(21.0)
    bench.keep(bench.tracker.request_failed("id-1", 22.0, command=Command.CANCEL))
    assert bench.miss(23.0, 24.0) == ["InDoubt"]
    assert bench.miss(26.0) == ["Settled", "Cancelled"]


def test_a_presumed_end_says_so() -> None:
    bench = presumed_gone()
    settled, failure = bench.events[-2:]
    assert isinstance(settled, OrderSettled)
    assert settled.is_presumed
    assert isinstance(failure, MarketOrderFailureEvent)
    assert failure.error_type == "OrderNotFound"
    assert list(bench.tracker.watched_orders) == ["id-1"]


def test_a_presumed_end_is_reopened_by_life() -> None:
    bench = presumed_gone()
    assert bench.hear(status(S.OPEN, "0", at=30.0)) == ["Reopened", "BuyOrderCreated"]
    assert list(bench.tracker.active_orders) == ["id-1"]
    assert bench.order.filled_max == Decimal(1)


def test_a_reopened_order_ends_without_a_second_terminal_event() -> None:
    bench = presumed_gone()
    told = bench.hear(fill("t1", "1", at=30.0))
    assert told == ["Reopened", "BuyOrderCreated", "Filled", "LateFill", "Settled"]
    assert bench.events[-5] == OrderReopened(timestamp=30.0, order_id="id-1")
    assert bench.events[-1] == OrderSettled(
        timestamp=30.0, order_id="id-1", state=S.FILLED, filled=Decimal(1)
    )
    assert list(bench.tracker.watched_orders) == ["id-1"]


def test_a_presumed_end_is_reopened_by_a_fill_that_does_not_fit() -> None:
    assert presumed_gone().hear(fill("t1", "5")) == ["Reopened", "FillQuarantined"]


def test_a_presumed_end_is_confirmed_by_an_end_without_fills() -> None:
    bench = presumed_gone()
    assert bench.hear(status(S.CANCELED, "0", at=30.0)) == []
    assert not bench.order.is_presumed
    assert not bench.tracker.active_orders


def test_a_presumed_end_is_reopened_by_an_end_with_fills() -> None:
    bench = presumed_gone()
    assert bench.hear(status(S.CANCELED, "0.5", at=30.0)) == ["Reopened", "BuyOrderCreated"]
    assert bench.hear(fill("t1", "0.5")) == ["Filled", "LateFill", "Settled"]


def test_a_presumed_end_is_not_reopened_by_what_was_known_before() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN, "0", at=2.0))
    bench.miss(10.0, 11.0, 13.0)
    assert bench.order.is_presumed
    assert bench.hear(status(S.OPEN, "0", at=2.0)) == []
    assert bench.hear(status(S.PENDING_CANCEL, at=30.0)) == []
    assert bench.hear(status(S.OPEN, "0", at=31.0)) == ["Reopened"]


# --- contradictions


def test_an_end_told_by_weaker_evidence_of_before_is_doubted_until_it_is_told_again() -> None:
    bench = Bench()
    bench.hear(status(S.PARTIALLY_FILLED, "0", at=10.0))

    def end(observed_at: float) -> OrderUpdate:
        return status(S.CANCELED, "0", at=9.0, observed_at=observed_at, evidence=Evidence.ORDER_QUERY)

    assert bench.hear(end(11.0)) == ["InDoubt"]
    assert bench.hear(end(12.9)) == []
    assert bench.hear(end(13.0)) == ["Settled", "Cancelled"]


def test_life_after_a_doubted_end_settles_for_life() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN, "0", at=10.0))
    end = status(S.CANCELED, "0", at=9.0, observed_at=11.0, evidence=Evidence.ORDER_QUERY)
    again = status(S.CANCELED, "0", at=9.0, observed_at=14.0, evidence=Evidence.ORDER_QUERY)
    assert bench.hear(end, status(S.OPEN, "0", at=12.0)) == ["InDoubt", "Settled"]
    assert bench.hear(again) == ["InDoubt"]


def test_an_end_told_by_weaker_evidence_of_later_is_news() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN, "0", at=10.0))
    assert bench.hear(status(S.EXPIRED, "0", at=11.0, evidence=Evidence.ORDER_QUERY)) == ["Expired"]


def test_an_end_of_the_same_instant_is_believed() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN, "0", at=10.0))
    assert bench.hear(status(S.EXPIRED, "0", at=10.0, evidence=Evidence.ORDER_QUERY)) == ["Expired"]


# --- finding


def test_an_exchange_id_that_two_pairs_use_needs_the_pair() -> None:
    tracker = OrderTracker(FENCE)
    orders = {}
    for pair in ("A-USDT", "B-USDT"):
        order = InFlightOrder(pair, pair, OrderType.LIMIT, TradeType.BUY, Decimal(1), 1.0, Decimal(1), "77")
        tracker.start(order)
        orders[pair] = order
    assert tracker.fetch_order(exchange_order_id="77") is None
    assert tracker.fetch_order(exchange_order_id="77", trading_pair="B-USDT") is orders["B-USDT"]
    assert tracker.fetch_order(exchange_order_id="78") is None


def test_one_id_of_the_venue_stays_with_the_order_that_had_it_first() -> None:
    tracker = OrderTracker(FENCE)
    orders = [InFlightOrder.of(buy(name), 1.0) for name in ("id-1", "id-2")]
    for order in orders:
        tracker.start(order)
        tracker.process_order_update(status(S.OPEN, client_id=order.client_order_id))
    assert tracker.fetch_order(exchange_order_id="77") is orders[0]
    tracker.process_order_update(status(S.CANCELED, "0", client_id="id-2"))
    assert tracker.release_watched(FENCE.answers_kept + 10.0) == ["id-2"]
    assert tracker.fetch_order(exchange_order_id="77") is orders[0]


def test_a_conditional_order_is_found_by_both_its_ids() -> None:
    bench = Bench(buy(trigger_price=Decimal(90)))
    bench.hear(status(S.UNTRIGGERED, exchange_order_id="algo-5"), status(S.OPEN, at=3.0))
    assert bench.order.exchange_order_id == "77"
    for known in ("algo-5", "77"):
        assert bench.tracker.fetch_order(exchange_order_id=known) is bench.order


def test_a_fill_teaches_the_exchange_id() -> None:
    bench = Bench()
    bench.hear(fill("t1", "0.5"))
    assert bench.tracker.fetch_order(exchange_order_id="77") is bench.order


def test_a_fill_without_exchange_id_is_taken_by_the_client_id() -> None:
    bench = Bench()
    bench.hear(fill("t1", "0.5", exchange_order_id=""))
    assert bench.order.exchange_order_id is None
    assert bench.order.executed_amount_base == Decimal("0.5")


def test_trades_that_nobody_claims_are_kept_up_to_a_bound() -> None:
    tracker = OrderTracker(FENCE)
    for number in range(1_001):
        tracker.process_trade_update(fill("t1", "0.5", client_id="", exchange_order_id=str(number)))
    tracker.process_trade_update(fill("t1", "0.5", client_id="web-9", exchange_order_id=""))
    told = []
    for number in (0, 1):
        tracker.start(InFlightOrder.of(buy(f"id-{number}"), 1.0))
        words: dict[str, Any] = {"client_id": f"id-{number}", "exchange_order_id": str(number)}
        told.append(names(tracker.process_order_update(status(S.OPEN, **words))))
    assert told == [["BuyOrderCreated"], ["BuyOrderCreated", "Filled"]]


def test_of_one_unclaimed_id_a_hundred_trades_are_kept() -> None:
    bench = Bench(buy(amount="200"))
    for number in range(101):
        bench.hear(fill(f"t{number}", "1", client_id=""))
    bench.hear(status(S.OPEN))
    assert bench.order.executed_amount_base == Decimal(100)


def test_an_order_that_starts_with_its_exchange_id_takes_its_waiting_trades() -> None:
    tracker = OrderTracker(FENCE)
    tracker.process_trade_update(fill("t1", "0.5", client_id=""))
    order = InFlightOrder("id-1", PAIR, OrderType.LIMIT, TradeType.BUY, Decimal(1), 1.0, Decimal(100), "77")
    assert names(tracker.start(order)) == ["BuyOrderCreated", "Filled"]


# --- missing fills and the watch


def test_an_end_without_a_figure_is_overdue_until_its_fills_were_fetched() -> None:
    bench = Bench()
    bench.hear(status(S.CANCELED, at=5.0))
    assert bench.tracker.overdue(10.0) == [bench.order]
    bench.tracker.fills_fetched("id-1", 5.9)
    assert bench.tracker.overdue(10.0) == [bench.order]
    bench.tracker.fills_fetched("id-1", 6.0)
    assert bench.tracker.overdue(10.0) == []
    assert bench.order.filled_max == 0


def test_fetching_the_fills_of_a_running_order_ends_nothing() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    bench.tracker.fills_fetched("id-1", 50.0)
    assert bench.order.filled_max == Decimal(1)


def test_an_order_whose_end_is_proved_is_watched_for_a_bounded_time() -> None:
    bench = Bench()
    bench.hear(status(S.CANCELED, at=5.0))
    assert bench.tracker.release_watched(5.0 + 3600 - 0.1) == []
    assert bench.tracker.release_watched(5.0 + 3600) == ["id-1"]
    assert bench.tracker.fetch_order("id-1", "77") is None
    assert bench.tracker.overdue(1e9) == []


def test_an_order_that_is_presumed_closed_is_watched_for_as_long_as_the_venue_keeps_answers() -> None:
    bench = Bench()
    bench.tracker.sending("id-1", 1.0)
    bench.miss(50.0, 60.0)
    assert bench.order.is_presumed
    assert bench.order.ended_at is not None
    over = bench.order.ended_at + FENCE.answers_kept
    bench.tracker.start(InFlightOrder.of(buy("id-2"), 1.0))
    bench.hear(status(S.CANCELED, "0", at=61.0, client_id="id-2"))
    assert bench.tracker.release_watched(over - 0.1) == ["id-2"]
    assert bench.tracker.release_watched(over) == ["id-1"]


def test_the_time_on_watch_after_a_proven_end_is_a_choice() -> None:
    tracker = OrderTracker(FENCE, watch_seconds=10.0)
    tracker.start(InFlightOrder.of(buy(), 1.0))
    tracker.process_order_update(status(S.CANCELED, "0", at=5.0))
    assert tracker.release_watched(14.9) == []
    assert tracker.release_watched(15.0) == ["id-1"]


def test_after_we_were_away_every_order_that_was_not_over_is_in_doubt_until_it_is_seen() -> None:
    tracker = OrderTracker(FENCE)
    for name in ("id-1", "id-2"):
        tracker.start(InFlightOrder.of(buy(name), 1.0))
    tracker.process_order_update(status(S.FILLED, "1", client_id="id-2", exchange_order_id="78"))
    assert names(tracker.resume(50.0)) == ["InDoubt"]
    assert tracker.orders_in_doubt == [tracker.active_orders["id-1"]]
    tracker.process_order_update(status(S.OPEN, at=51.0))
    assert tracker.orders_in_doubt == []


def test_a_doubt_is_taken_up_by_open_orders_alone() -> None:
    bench = Bench()
    doubt = Doubt(reason=DoubtReason.NOT_FOUND, since=4.0, settles_at=5.0)
    bench.tracker.doubt_anew("id-1", doubt)
    assert bench.order.doubt == doubt
    bench.hear(status(S.FILLED, "1"))
    bench.tracker.doubt_anew("id-1", doubt)
    bench.tracker.doubt_anew("id-9", doubt)
    assert bench.order.doubt is None


@pytest.mark.parametrize("trace", [fill("t1", "0.5"), fill("t1", "2"), status(S.PARTIALLY_FILLED)])
def test_an_order_that_traded_is_never_presumed_closed(trace: Any) -> None:
    bench = Bench()
    bench.hear(trace)
    assert bench.tracker.presume_closed("id-1", 50.0) == []
    bench.miss(50.0, 60.0, 70.0)
    assert bench.order.is_open


def test_a_watched_order_is_watched_after_a_restart() -> None:
    bench = Bench()
    bench.hear(status(S.CANCELED, "0", at=5.0))
    tracker = OrderTracker(FENCE)
    assert tracker.restore_tracking_states(bench.tracker.tracking_states, 50.0) == []
    assert list(tracker.watched_orders) == ["id-1"]
    assert names(tracker.process_trade_update(fill("t1", "0.5"))) == ["Filled", "LateFill"]


def test_an_end_that_waits_for_fills_still_waits_after_a_restart() -> None:
    bench = Bench()
    bench.hear(status(S.FILLED, "1", at=5.0))
    tracker = OrderTracker(FENCE)
    assert tracker.restore_tracking_states(bench.tracker.tracking_states, 50.0) == []
    assert [order.client_order_id for order in tracker.overdue(51.0)] == ["id-1"]
    assert names(tracker.process_trade_update(fill("t1", "1"))) == ["Filled", "BuyOrderCompleted"]


def test_an_order_that_was_not_over_is_in_doubt_after_a_restart() -> None:
    bench = Bench()
    bench.tracker.sending("id-1", 1.0)
    tracker = OrderTracker(FENCE)
    (event,) = tracker.restore_tracking_states(bench.tracker.tracking_states, 5.0)
    assert isinstance(event, OrderInDoubt)
    assert (event.reason, event.settles_at, event.filled_max) == (DoubtReason.RESTART, 17.0, Decimal(1))
    update = status(S.OPEN, observed_at=5.5, evidence=Evidence.ORDER_QUERY)
    assert names(tracker.process_order_update(update)) == ["BuyOrderCreated", "Settled"]


def test_an_intent_that_was_never_sent_can_be_withdrawn_after_a_restart() -> None:
    bench = Bench()
    tracker = OrderTracker(FENCE)
    tracker.restore_tracking_states(bench.tracker.tracking_states, 5.0)
    assert names(tracker.withdraw("id-1", 5.0)) == ["Settled", "Cancelled"]


# --- several amends


def test_a_refused_amend_leaves_the_other_one_possible() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    for amount in (3, 2, 2):
        bench.tracker.amending("id-1", Decimal(amount), 3.0)
    refused = [
        bench.tracker.request_failed("id-1", 4.0, command=Command.AMEND, amount=amount)
        for amount in (Decimal(2), Decimal(7))
    ]
    assert refused == [[], []]
    assert bench.order.filled_max == Decimal(3)
    bench.tracker.request_failed("id-1", 5.0, command=Command.AMEND)
    assert bench.order.filled_max == Decimal(1)
