"""What users of other libraries suffered from, told to the tracker."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.state.order_bench import FENCE, NO_DEADLINE, Bench, buy, fill, names, status

from venuekit.model.decimals import plain
from venuekit.model.events import DoubtReason, OrderFilledEvent, OrderInDoubt
from venuekit.model.fees import DeductedFromReturnsTradeFee, TokenAmount
from venuekit.model.order import Command, NewOrder, OrderState, TradeType
from venuekit.model.order_update import Evidence
from venuekit.protocol.fence import Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_tracker import OrderTracker

S = OrderState
SETTLES_AT = 1.0 + 5.0 + 10.0 + 1.0
"""Of an order signed at 1.0."""


def test_s01_an_order_whose_reply_is_lost_stays_in_doubt_however_many_questions_fail() -> None:
    bench = Bench()
    bench.tracker.sending("id-1", 1.0)
    bench.keep(bench.tracker.doubt("id-1", 11.0, signed_at=1.0))
    # Names cannot be resolved for three polls: nothing is answered, so nothing is said to the tracker.
    assert bench.told == ["InDoubt"]
    assert bench.order.current_state is S.PENDING_CREATE
    assert bench.hear(status(S.OPEN, at=2.0, evidence=Evidence.ORDER_QUERY)) == ["BuyOrderCreated", "Settled"]


def test_s02_an_older_poll_that_ends_last_turns_nothing_back() -> None:
    bench = Bench()
    late = status(S.PARTIALLY_FILLED, "0.5", at=3.0, evidence=Evidence.ORDER_QUERY, observed_at=4.0)
    early = status(S.OPEN, "0", at=2.0, evidence=Evidence.ORDER_QUERY, observed_at=2.5)
    bench.hear(fill("t1", "0.5"), late, early)
    assert bench.order.current_state is S.PARTIALLY_FILLED
    assert bench.order.filled_min == Decimal("0.5")


def test_s03_the_stream_settles_a_doubt_before_anybody_asks() -> None:
    bench = Bench()
    bench.keep(bench.tracker.doubt("id-1", 11.0, signed_at=1.0))
    assert bench.hear(status(S.OPEN, at=1.2)) == ["BuyOrderCreated", "Settled"]
    assert bench.order.doubt is None


def test_s03_a_doubt_that_comes_after_the_stream_is_none() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN, at=1.2))
    assert bench.tracker.doubt("id-1", 11.0, signed_at=1.0) == []


def test_s04_a_conditional_order_missed_by_the_plain_question_lives() -> None:
    fence = FENCE.__class__(
        receive_window=5.0,
        engine_seconds=10.0,
        questions=(Question.ORDER, Question.ALGO_ORDER),
        answers_kept=86_400.0,
        client_id_reuse=FENCE.client_id_reuse,
        page=FENCE.page,
    )
    bench = Bench(buy(trigger_price=Decimal(90)), fence)
    bench.hear(status(S.UNTRIGGERED, at=2.0, exchange_order_id="algo-5"))
    assert bench.miss(100.0, 110.0, 120.0, question=Question.ORDER) == ["InDoubt"]
    found = status(
        S.UNTRIGGERED, at=2.0, observed_at=121.0, exchange_order_id="algo-5", evidence=Evidence.ORDER_QUERY
    )
    assert bench.hear(found) == ["Settled"]
    assert bench.order.current_state is S.UNTRIGGERED


def test_s05_an_order_that_never_arrived_is_settled_in_bounded_time() -> None:
    bench = Bench()
    bench.tracker.sending("id-1", 1.0)
    bench.keep(bench.tracker.doubt("id-1", 11.0, signed_at=1.0))
    assert bench.miss(SETTLES_AT, SETTLES_AT + 2.0) == ["Settled", "MarketOrderFailure"]
    assert bench.order.is_presumed


def test_s06_a_cancel_that_finds_no_order_because_it_just_filled_loses_no_fill() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN))
    assert bench.miss(5.0, question=Question.ORDER) == ["InDoubt"]
    told = bench.hear(fill("t1", "0.5", at=4.9), fill("t2", "0.5", at=4.9))
    assert told == ["Filled", "Filled", "Settled", "BuyOrderCompleted"]


def test_s07_a_cancel_waits_for_the_fill_it_claims() -> None:
    bench = Bench()
    assert bench.hear(status(S.OPEN), status(S.CANCELED, "0.5", at=5.0)) == ["BuyOrderCreated"]
    assert [order.client_order_id for order in bench.tracker.overdue(6.0)] == ["id-1"]
    assert bench.hear(fill("t1", "0.5")) == ["Filled", "Cancelled"]
    assert bench.tracker.overdue(100.0) == []


def test_s08_three_trades_within_a_millisecond_are_three_fills() -> None:
    bench = Bench()
    bench.hear(fill("t1", "0.2"), fill("t2", "0.2"), fill("t3", "0.6"))
    amounts = [event.amount for event in bench.events if isinstance(event, OrderFilledEvent)]
    assert amounts == [Decimal("0.2"), Decimal("0.2"), Decimal("0.6")]


def test_s09_what_arrives_between_two_reads_is_in_the_events_of_its_own_call() -> None:
    bench = Bench()
    first = bench.tracker.process_order_update(status(S.OPEN))
    second = bench.tracker.process_trade_update(fill("t1", "0.5"))
    assert names(first + second) == ["BuyOrderCreated", "Filled"]


def restarted(bench: Bench, now: float) -> tuple[OrderTracker, list[str]]:
    kept = json.loads(json.dumps(bench.tracker.tracking_states))
    tracker = OrderTracker(FENCE)
    return tracker, names(tracker.restore_tracking_states(kept, now))


def test_s11_a_fill_seen_before_a_restart_counts_once() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN), fill("t1", "0.5"))
    tracker, told = restarted(bench, 50.0)
    assert told == ["InDoubt"]
    assert tracker.process_trade_update(fill("t1", "0.5")) == []
    assert tracker.active_orders["id-1"].executed_amount_base == Decimal("0.5")


def test_s12_trades_that_a_venue_resends_on_every_subscription_count_once() -> None:
    bench = Bench()
    for _ in range(3):
        bench.hear(fill("t1", "0.4"), fill("t2", "0.6"))
    assert bench.told.count("Filled") == 2


def test_s13_doubled_messages_never_fill_more_than_was_ordered() -> None:
    bench = Bench()
    for number in range(5):
        bench.hear(fill(f"t{number}", "0.4"))
    assert bench.order.executed_amount_base == Decimal("0.8")
    assert bench.told.count("FillQuarantined") == 3


def test_s14_a_snapshot_from_before_a_fill_takes_nothing_back() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN), fill("t1", "0.5", at=3.0))
    bench.hear(status(S.OPEN, "0", at=2.0, evidence=Evidence.ORDER_QUERY, observed_at=3.5))
    assert bench.order.executed_amount_base == Decimal("0.5")
    assert bench.order.current_state is S.PARTIALLY_FILLED


def test_s15_fourteen_working_orders_are_adopted_after_a_restart() -> None:
    tracker = OrderTracker(FENCE)
    for number in range(14):
        tracker.start(InFlightOrder.of(buy(f"id-{number}"), 1.0))
        words: dict[str, Any] = {"client_id": f"id-{number}", "exchange_order_id": str(number)}
        tracker.process_order_update(status(S.OPEN, **words))
    again = OrderTracker(FENCE)
    again.restore_tracking_states(json.loads(json.dumps(tracker.tracking_states)), 50.0)
    assert list(again.active_orders) == [f"id-{number}" for number in range(14)]
    found = again.fetch_order(exchange_order_id="13")
    assert found is not None
    assert found.client_order_id == "id-13"


def test_s17_a_cancel_of_a_stop_order_that_is_gone_ends_in_one_event_and_no_loop() -> None:
    bench = Bench(buy(trigger_price=Decimal(90)))
    bench.hear(status(S.UNTRIGGERED))
    told = [bench.miss(at) for at in (5.0, 7.0, 9.0, 11.0)]
    assert told == [["InDoubt"], [], ["Settled", "Cancelled"], []]


def test_s18_the_same_start_twice_gives_the_same_state() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN), fill("t1", "0.5"), status(S.CANCELED, "0.7", at=5.0))
    first, first_told = restarted(bench, 50.0)
    second, second_told = restarted(bench, 50.0)
    assert (first.tracking_states, first_told) == (second.tracking_states, second_told)
    assert second.restore_tracking_states(first.tracking_states, 50.0) == []


def test_s42_the_sellable_amount_is_what_was_bought_less_the_fee_in_base() -> None:
    bench = Bench()
    for number in ("1", "2"):
        fee = DeductedFromReturnsTradeFee(flat_fees=[TokenAmount("COINX", Decimal("0.0005"))])
        bench.hear(fill(number, "0.5", fee=fee))
    order = bench.order
    assert order.executed_amount_base - order.flat_fees_paid["COINX"] == Decimal("0.9990")


@pytest.mark.parametrize("amount", ["2.2504", "0.00000003"])
def test_s44_an_amount_keeps_its_digits_through_memory(amount: str) -> None:
    order = InFlightOrder.of(buy(amount=amount), 1.0)
    restored = InFlightOrder.from_json(json.loads(json.dumps(order.to_json())))
    assert plain(restored.amount) == order.to_json()["amount"] == amount


def test_m04_a_venue_without_a_deadline_leaves_the_order_in_doubt_with_a_bound() -> None:
    bench = Bench(fence=NO_DEADLINE)
    bench.keep(bench.tracker.doubt("id-1", 11.0, signed_at=1.0))
    assert bench.miss(100.0, 1_000.0, 10_000.0) == []
    (doubt,) = [event for event in bench.events if isinstance(event, OrderInDoubt)]
    assert (doubt.reason, doubt.settles_at, doubt.filled_max) == (DoubtReason.PLACE, None, Decimal(1))


def test_m07_a_fill_only_in_the_answer_to_the_order_is_enough() -> None:
    bench = Bench()
    told = bench.hear(fill("t1", "1", at=2.0), status(S.FILLED, "1", evidence=Evidence.ENGINE_ANSWER))
    assert told == ["BuyOrderCreated", "Filled", "BuyOrderCompleted"]


def test_m12_a_list_that_shows_a_filled_order_for_forty_seconds_revives_nothing() -> None:
    bench = Bench()
    bench.hear(fill("t1", "1", at=2.0))
    for at in range(3, 43):
        stale = status(S.OPEN, "0", at=1.5, observed_at=float(at), evidence=Evidence.OPEN_ORDERS)
        assert bench.hear(stale) == []
    assert bench.order.current_state is S.FILLED


def test_m18_a_fill_minutes_after_the_end_is_counted() -> None:
    bench = Bench()
    bench.hear(status(S.OPEN), status(S.CANCELED, "0", at=5.0))
    bench.tracker.release_watched(5.0 + 600.0)
    assert bench.hear(fill("t1", "0.5", at=4.9)) == ["Filled", "LateFill"]


def test_a_sell_is_told_as_a_sell() -> None:
    intent = NewOrder(
        client_order_id="id-1",
        trading_pair="COINX-USDT",
        trade_type=TradeType.SELL,
        amount=Decimal(1),
        price=Decimal(100),
    )
    bench = Bench(intent)
    assert bench.hear(fill("t1", "1")) == ["SellOrderCreated", "Filled", "SellOrderCompleted"]


def test_a_command_in_doubt_is_named_by_its_reason() -> None:
    reasons = []
    for command in Command:
        bench = Bench()
        if command is not Command.PLACE:
            bench.hear(status(S.OPEN))
        (event,) = bench.tracker.doubt("id-1", 11.0, command=command)
        assert isinstance(event, OrderInDoubt)
        reasons.append(event.reason)
    assert reasons == [DoubtReason.PLACE, DoubtReason.CANCEL, DoubtReason.AMEND]
