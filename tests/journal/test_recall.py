from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.journal.order_memory_bench import CONNECTOR, Run, entries
from tests.journal.story import (
    ID,
    PATH,
    STORY,
    begin,
    new_disk,
)
from tests.state.order_bench import FENCE, buy, fill, names, status

from venuekit import errors
from venuekit.journal import reader
from venuekit.journal.recall import recall
from venuekit.journal.record import Intent, Updated
from venuekit.journal.recorded_tracker import RecordedTracker
from venuekit.journal.rotation import Rotation
from venuekit.model.events import DoubtReason
from venuekit.model.order import Command, OrderState
from venuekit.protocol.endpoint import Outcome
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Miss

S = OrderState


def test_no_records_make_no_orders() -> None:
    recalled = recall([], CONNECTOR, FENCE)
    assert recalled.tracker.tracking_states == {}
    assert recalled.unsettled == ()
    assert recalled.unsettled_since is None


def test_s11_a_fill_that_was_counted_before_the_kill_is_not_counted_after_it() -> None:
    run = Run()
    run.sends()
    run.orders.process_trade_update(fill("t1", "0.5"))
    run.restarts(50.0)
    assert run.orders.process_trade_update(fill("t1", "0.5")) == []
    assert names(run.orders.process_trade_update(fill("t2", "0.5"))) == [
        "Filled",
        "Settled",
        "BuyOrderCompleted",
    ]
    assert run.order.executed_amount_base == 1


def test_s15_every_working_order_is_there_again() -> None:
    run = Run(*(buy(f"id-{number}") for number in range(1, 15)))
    for number in range(1, 15):
        run.orders.sending(f"id-{number}", 1.5, path="POST /order")
        run.orders.process_order_update(
            status(S.OPEN, client_id=f"id-{number}", exchange_order_id=f"{number}")
        )
    recalled = run.recalled()
    assert len(recalled.unsettled) == 14
    assert recalled.unsettled_since == 1.0
    assert names(run.restarts(50.0)) == ["InDoubt"] * 14
    assert {order.doubt.reason for order in run.tracker.orders_in_doubt if order.doubt} == {
        DoubtReason.RESTART
    }
    assert run.tracker.fetch_order(exchange_order_id="14") is run.tracker.active_orders["id-14"]


def test_s18_the_same_end_recalled_twice_is_the_same_state() -> None:
    run = Run()
    run.sends()
    run.orders.process_trade_update(fill("t1", "0.5"))
    assert run.recalled().tracker.tracking_states == run.recalled().tracker.tracking_states


def test_an_order_that_never_left_ends_as_such() -> None:
    run = Run()
    recalled = run.recalled()
    assert recalled.unsent == ("id-1",)
    assert recalled.unsettled == ()
    assert names(run.restarts(50.0)) == ["Cancelled"]
    assert run.order.filled_max == 0
    assert run.recalled().unsent == ()


def test_an_order_that_may_have_left_is_in_doubt_with_the_bound_of_its_signature() -> None:
    run = Run()
    run.sends(signed_at=1.5)
    recalled = run.recalled()
    (sending,) = recalled.unanswered
    assert sending.signed_at == 1.5
    run.restarts(2.0)
    assert run.order.doubt is not None
    assert run.order.doubt.reason is DoubtReason.PLACE
    assert run.order.doubt.settles_at == 1.5 + 3.0 + 10.0 + 1.0
    assert (run.order.filled_min, run.order.filled_max) == (Decimal(0), Decimal(1))
    assert run.recalled().unanswered == ()


def test_a_cancel_whose_answer_never_came_is_in_doubt() -> None:
    run = Run()
    run.sends()
    run.orders.answered("id-1")
    run.orders.process_order_update(status(S.OPEN))
    run.orders.cancel_wanted("id-1")
    run.orders.sending("id-1", 4.0, path="DELETE /order", command=Command.CANCEL)
    recalled = run.recalled()
    assert [sending.command.name for sending in recalled.unanswered] == ["CANCEL"]
    assert recalled.cancels_wanted == ()
    run.restarts(50.0)
    assert run.order.current_state is S.PENDING_CANCEL
    assert run.order.cancel_fence_end == 4.0 + 5.0 + 10.0 + 1.0


def test_an_amend_whose_answer_never_came_leaves_both_amounts_possible() -> None:
    run = Run()
    run.sends()
    run.orders.answered("id-1")
    run.orders.process_order_update(status(S.OPEN))
    run.orders.amend_wanted("id-1", {"amount": "3"})
    run.orders.sending("id-1", 4.0, path="PUT /order", command=Command.AMEND, amount=Decimal(3))
    run.restarts(50.0)
    assert run.order.filled_max == 3
    assert run.order.doubt is not None
    assert run.order.doubt.reason is DoubtReason.AMEND
    again = run.recalled().tracker.active_orders["id-1"]
    assert again.possible_amounts == [Decimal(3)]


def test_a_refused_amend_is_taken_back_by_its_amount() -> None:
    run = Run()
    run.sends()
    run.orders.answered("id-1")
    run.orders.process_order_update(status(S.OPEN))
    for amount in (Decimal(3), Decimal(4)):
        run.orders.sending("id-1", 4.0, path="PUT /order", command=Command.AMEND, amount=amount)
    run.orders.request_failed("id-1", 5.0, command=Command.AMEND, outcome=Outcome.NOT_SENT, amount=Decimal(3))
    recalled = run.recalled()
    assert recalled.tracker.active_orders["id-1"].possible_amounts == [Decimal(4)]
    assert [sending.amount for sending in recalled.unanswered] == [Decimal(4)]


def test_a_doubted_amend_is_doubted_again_by_its_amount() -> None:
    run = Run()
    run.sends()
    run.orders.process_order_update(status(S.OPEN))
    run.orders.doubt("id-1", 5.0, command=Command.AMEND, amount=Decimal(3))
    assert run.recalled().tracker.active_orders["id-1"].possible_amounts == [Decimal(3)]


def test_a_cancel_that_never_left_is_known_to_be_wanted() -> None:
    run = Run()
    run.sends()
    run.orders.process_order_update(status(S.OPEN))
    run.orders.cancel_wanted("id-1", "asked")
    assert run.recalled().cancels_wanted == ("id-1",)


def test_an_end_that_the_kill_cut_off_is_written_by_the_next_run() -> None:
    run = Run()
    run.sends()
    assert run.written_by(lambda: run.orders.process_trade_update(fill("t1", "1"))) == ["Filled", "Ended"]
    del run.records[-1]
    assert [order.client_order_id for order in run.recalled().half_told] == ["id-1"]
    assert run.written_by(lambda: run.restarts(50.0)) == ["Ended"]
    assert run.order.is_filled
    assert run.recalled().half_told == ()


def test_a_doubt_whose_end_the_kill_cut_off_is_settled_by_the_next_run() -> None:
    run = Run()
    run.sends()
    run.restarts(2.0)
    told = run.written_by(lambda: run.orders.process_trade_update(fill("t1", "1")))
    assert told == ["Filled", "Settled", "Ended"]
    del run.records[-2:]
    assert run.written_by(lambda: run.restarts(50.0)) == ["Settled", "Ended"]


def test_a_presumed_end_that_was_refuted_just_before_the_kill_is_taken_back_by_the_next_run() -> None:
    run = Run()
    run.sends()
    run.restarts(2.0)
    for now in (50.0, 60.0):
        for question in FENCE.questions:
            run.orders.not_found("id-1", Miss(question=question, asked_at=now), now)
    assert run.order.is_presumed
    told = run.written_by(lambda: run.orders.process_trade_update(fill("t1", "0.5")))
    assert told == ["Filled", "Reopened"]
    del run.records[-1]
    assert run.written_by(lambda: run.restarts(70.0))[0] == "Reopened"
    assert run.order.is_open


def test_a_status_is_true_of_the_same_moment_again() -> None:
    run = Run()
    run.sends()
    run.orders.process_order_update(status(S.OPEN))
    run.orders.doubt("id-1", 3.0, command=Command.CANCEL)
    run.orders.process_order_update(status(S.OPEN, at=2.5, observed_at=40.0))
    assert run.order.doubt is None
    assert run.recalled().tracker.active_orders["id-1"].doubt is None


def test_an_order_presumed_closed_is_on_watch_again_and_reopens() -> None:
    run = Run()
    run.sends()
    run.orders.doubt("id-1", 4.0, signed_at=1.5)
    for question in FENCE.questions:
        for at in (30.0, 40.0):
            run.orders.not_found("id-1", Miss(question=question, asked_at=at), at)
    recalled = run.recalled()
    assert recalled.unsettled == ("id-1",)
    assert run.restarts(50.0) == []
    assert run.order.is_presumed
    assert names(run.orders.process_trade_update(fill("t1", "1"))) == [
        "Reopened",
        "BuyOrderCreated",
        "Filled",
        "LateFill",
        "Settled",
    ]


def test_an_end_that_misses_fills_is_unsettled() -> None:
    run = Run()
    run.sends()
    run.orders.process_order_update(status(S.CANCELED))
    assert run.recalled().unsettled == ("id-1",)
    run.orders.fills_fetched("id-1", 50.0)
    assert run.recalled().unsettled == ()


def test_orders_of_other_connectors_of_the_account_are_passed_over() -> None:
    run = Run()
    run.sends()
    assert list(run.recalled("south").tracker.active_orders) == []


def test_records_of_an_order_whose_intent_is_gone_are_passed_over() -> None:
    run = Run()
    run.sends()
    run.orders.process_trade_update(fill("t1"))
    recalled = recall(entries(run.records[1:]), CONNECTOR, FENCE)
    assert recalled.tracker.tracking_states == {}


def test_an_intent_told_twice_is_one_order() -> None:
    run = Run()
    run.sends()
    recalled = recall(entries([*run.records, *run.records]), CONNECTOR, FENCE)
    assert list(recalled.tracker.active_orders) == ["id-1"]


def test_records_of_an_older_release_are_understood() -> None:
    """They lack times of the venue and say nothing of who wants an order."""
    old = [
        msgspec.structs.replace(item, source="PRIVATE_STREAM") if isinstance(item, Updated) else item
        for item in STORY
    ]
    recalled = recall(entries(old), CONNECTOR, FENCE)
    assert recalled.tracker.active_orders[ID].executed_amount_base == Decimal("0.01")


@pytest.mark.parametrize("item", STORY[2:3], ids=["Intent"])
def test_what_only_a_newer_release_knows_stops_the_start(item: Intent) -> None:
    newer = msgspec.structs.replace(item, order=item.order | {"order_type": "ICEBERG"})
    with pytest.raises(errors.JournalMismatch, match="record 1"):
        recall(entries([newer]), CONNECTOR, FENCE)


def test_a_sending_of_an_order_that_is_over_changes_nothing() -> None:
    run = Run()
    run.sends()
    sending = run.records[-1]
    run.orders.process_order_update(status(S.CANCELED, "0"))
    recalled = recall(entries([*run.records, sending]), CONNECTOR, FENCE)
    assert recalled.tracker.watched_orders["id-1"].ended_at == 2.0
    assert recalled.unanswered == ()


def test_orders_survive_rotations_of_a_real_journal() -> None:
    disk = new_disk()
    with begin(disk, rotate=Rotation(size=4_000, ended_for=50.0)) as journal:
        now = 1.0
        orders = RecordedTracker(recall([], CONNECTOR, FENCE), journal.append, lambda: now)
        for number in range(60):
            now += 5.0
            client_id = journal.ids.take(now)
            orders.start(InFlightOrder.of(buy(client_id), now))
            orders.sending(client_id, now, path="POST /order")
            exchange_id = str(number)
            orders.process_order_update(
                status(S.OPEN, at=now, client_id=client_id, exchange_order_id=exchange_id)
            )
            orders.process_trade_update(
                fill(f"t{number}", "0.5", at=now, client_id=client_id, exchange_order_id=exchange_id)
            )
            if number % 3:
                orders.process_order_update(
                    status(S.CANCELED, "0.5", at=now + 1, client_id=client_id, exchange_order_id=exchange_id)
                )
        written = orders.tracker.tracking_states
    assert reader.archives(PATH, disk)
    history = reader.replay(PATH, disk=disk)
    kept = recall(history.entries, CONNECTOR, FENCE).tracker
    assert list(kept.active_orders) == list(orders.tracker.active_orders)
    assert len(kept.watched_orders) < len(orders.tracker.watched_orders)
    for client_id, state in kept.tracking_states.items():
        assert state == written[client_id]


def test_orders_that_were_kept_elsewhere_survive_the_next_kill_as_they_were() -> None:
    run, other = Run(), Run(buy("id-2"), buy("id-3"))
    for name in ("id-2", "id-3"):
        other.orders.sending(name, 1.5, path="POST /order")
        other.orders.process_trade_update(fill("t1", "0.5", client_id=name, exchange_order_id=f"x{name}"))
    other.orders.process_order_update(
        status(S.CANCELED, "0.5", client_id="id-3", exchange_order_id="xid-3", at=4.0)
    )
    kept = other.tracker.tracking_states
    assert names(run.orders.restore(kept, 50.0)) == ["InDoubt"]
    assert run.kinds() == ["Intent", "Intent", "Ended", "Intent"]
    assert run.written_by(lambda: run.orders.restore(kept, 60.0)) == []
    assert run.recalled().tracker.tracking_states == run.tracker.tracking_states
    run.restarts(70.0)
    assert list(run.tracker.watched_orders) == ["id-3", "id-1"]
    assert run.orders.process_trade_update(fill("t1", "0.5", client_id="id-2")) == []


def test_an_amend_of_the_price_alone_leaves_the_amount_as_it_is() -> None:
    run = Run()
    run.sends()
    run.orders.process_order_update(status(S.OPEN))
    run.orders.sending("id-1", 4.0, path="PUT /order", command=Command.AMEND)
    assert run.recalled().tracker.active_orders["id-1"].possible_amounts == []


def test_a_second_kill_finds_the_doubt_that_the_first_one_left() -> None:
    run = Run()
    run.orders.sending("id-1", 1.5, path="POST /order", receive_window=3.0, clock_error=0.25)
    run.orders.process_order_update(status(S.OPEN))
    run.restarts(50.0)
    again = run.recalled().tracker.active_orders["id-1"]
    assert again.doubt == run.order.doubt
    assert again.doubt is not None
    assert again.fence_end == 1.5 + 3.0 + 10.0 + 1.0 + 0.25
