from __future__ import annotations

from decimal import Decimal

import pytest
from tests.journal.order_memory_bench import Run
from tests.state.order_bench import FENCE, buy, fill, names, status

from venuekit.journal.record import Answered, Doubt, Ended, Filled, Intent, Sending, Settled, Updated
from venuekit.model.order import Command, OrderState
from venuekit.model.order_update import Evidence
from venuekit.protocol.endpoint import Outcome
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Miss

S = OrderState


def test_an_intent_and_a_departure_are_written_before_the_tracker_knows() -> None:
    run = Run()
    run.sends()
    assert run.kinds() == ["Intent", "Sending"]
    (intent, sending) = run.records
    assert isinstance(intent, Intent)
    assert intent.connector == "north"
    assert isinstance(sending, Sending)
    assert (sending.signed_at, sending.receive_window, sending.path) == (1.5, 3.0, "POST /order")
    assert run.order.is_sent


def test_a_client_id_that_is_taken_leaves_no_record() -> None:
    run = Run()
    with pytest.raises(ValueError, match="tracked already"):
        run.orders.start(InFlightOrder.of(buy(), 2.0))
    assert run.kinds() == ["Intent"]


@pytest.mark.parametrize("command", Command)
def test_nothing_leaves_for_an_order_that_is_not_active(command: Command) -> None:
    run = Run()
    assert run.written_by(lambda: run.orders.withdraw("id-1", 2.0)) == ["Ended"]
    with pytest.raises(KeyError):
        run.orders.sending("id-1", 2.5, path="POST /order", command=command)
    assert run.kinds() == ["Intent", "Ended"]


def test_a_withdrawal_of_an_order_that_left_is_no_news() -> None:
    run = Run()
    run.sends()
    assert run.written_by(lambda: run.orders.withdraw("id-1", 2.0)) == []
    assert run.written_by(lambda: run.orders.withdraw("id-9", 2.0)) == []


def test_wishes_are_written_with_their_numbers() -> None:
    run = Run()
    assert run.orders.cancel_wanted("id-1", "asked") == 2
    assert run.orders.amend_wanted("id-1", {"amount": "2"}) == 3
    assert run.orders.answered("id-1", Command.PLACE, {"orderId": "77"}) == 4
    assert run.kinds() == ["Intent", "CancelIntent", "AmendIntent", "Answered"]


def test_a_status_that_changes_nothing_is_not_written() -> None:
    run = Run()
    run.sends()
    assert run.written_by(lambda: run.orders.process_order_update(status(S.OPEN))) == ["Updated"]
    for evidence in (Evidence.PRIVATE_STREAM, Evidence.ORDER_QUERY, Evidence.OPEN_ORDERS, Evidence.TIMEOUT):
        again = status(S.OPEN, evidence=evidence)
        assert run.written_by(lambda again=again: run.orders.process_order_update(again)) == []  # type: ignore[misc]  # mypy does not follow a default in a lambda
    assert run.written_by(lambda: run.orders.process_order_update(status(S.OPEN, client_id="x"))) == []


def test_a_fill_told_again_is_not_written_again() -> None:
    run = Run()
    run.sends()
    assert run.written_by(lambda: run.orders.process_trade_update(fill("t1"))) == ["Filled"]
    assert run.written_by(lambda: run.orders.process_trade_update(fill("t1"))) == []


def test_a_fill_that_came_before_its_order_was_known_is_written_once_it_counts() -> None:
    run = Run()
    run.sends()
    assert run.written_by(lambda: run.orders.process_trade_update(fill("t1", client_id=""))) == []
    assert run.written_by(lambda: run.orders.process_order_update(status(S.OPEN))) == ["Updated", "Filled"]


def test_a_fill_that_waited_in_quarantine_is_written_when_it_went_in() -> None:
    run = Run()
    run.sends()
    assert run.written_by(lambda: run.orders.process_trade_update(fill("t1", "2"))) == ["Filled"]
    roomier = status(S.PARTIALLY_FILLED, amount=Decimal(3))
    assert run.written_by(lambda: run.orders.process_order_update(roomier)) == ["Updated"]
    assert list(run.order.order_fills) == ["t1"]
    assert list(run.recalled().tracker.active_orders["id-1"].order_fills) == ["t1"]


def test_an_end_is_written_with_its_reason() -> None:
    run = Run()
    run.sends()
    run.orders.request_failed("id-1", 3.0, error_type="WouldTake", error_message="would match", code=-2010)
    answered, ended = run.records[-2:]
    assert isinstance(answered, Answered)
    assert (answered.outcome, answered.error, answered.code) == (Outcome.REFUSED, "WouldTake", -2010)
    assert isinstance(ended, Ended)
    assert (ended.state, ended.reason, ended.venue_time) == ("FAILED", "would match", 3.0)


def test_a_failure_of_an_order_that_is_not_there_is_an_answer_all_the_same() -> None:
    run = Run()
    assert run.written_by(lambda: run.orders.request_failed("id-9", 3.0)) == ["Answered"]


def test_a_late_fill_dates_the_end_anew_so_that_a_rotation_keeps_it() -> None:
    run = Run()
    run.sends()
    run.orders.process_order_update(status(S.CANCELED, "0"))
    assert run.written_by(lambda: run.orders.process_trade_update(fill("t1"))) == ["Filled", "Ended"]


def test_a_doubt_and_what_settles_it_are_written() -> None:
    run = Run()
    run.sends()
    assert run.written_by(lambda: run.orders.doubt("id-1", 4.0, why="TimedOut", signed_at=1.5)) == ["Doubt"]
    doubt = run.records[-1]
    assert isinstance(doubt, Doubt)
    assert (doubt.why, doubt.since, doubt.until) == ("TimedOut", 4.0, 1.5 + 5.0 + 10.0 + 1.0)
    assert run.written_by(lambda: run.orders.process_order_update(status(S.OPEN))) == ["Updated", "Settled"]
    settled = run.records[-1]
    assert isinstance(settled, Settled)
    assert settled.how == "PRIVATE_STREAM: OPEN"
    assert settled.command is None


def test_a_missing_answer_that_leaves_nothing_open_is_an_answer_of_unknown_outcome() -> None:
    run = Run()
    run.sends()
    run.orders.process_order_update(status(S.OPEN))
    for why in ("TimedOut", ""):
        assert run.written_by(lambda why=why: run.orders.doubt("id-1", 4.0, why=why)) == ["Answered"]  # type: ignore[misc]  # mypy does not follow a default in a lambda
        answered = run.records[-1]
        assert isinstance(answered, Answered)
        assert (answered.outcome, answered.message) == (Outcome.UNKNOWN, why or None)
    assert run.recalled().unanswered == ()


def test_a_contradiction_is_written_with_the_doubt_it_leaves() -> None:
    run = Run()
    run.sends()
    run.orders.process_order_update(status(S.OPEN))
    assert run.written_by(lambda: run.orders.request_failed("id-1", 4.0)) == ["Answered", "Doubt"]


def test_absence_is_written_where_it_makes_doubt_and_where_it_makes_an_end() -> None:
    run = Run()
    run.sends()
    question = FENCE.questions[0]

    def miss(at: float) -> list[str]:
        return run.written_by(
            lambda: run.orders.not_found("id-1", Miss(question=question, asked_at=at), at + 0.1)
        )

    assert miss(20.0) == ["Doubt"]
    assert miss(21.0) == []
    for each in FENCE.questions:
        for at in (30.0, 40.0):
            run.orders.not_found("id-1", Miss(question=each, asked_at=at), at)
    assert run.kinds()[-2:] == ["Settled", "Ended"]
    ended = run.records[-1]
    assert isinstance(ended, Ended)
    assert ended.presumed
    run.orders.process_order_update(status(S.OPEN, at=50.0))
    assert run.kinds()[-2:] == ["Updated", "Reopened"]


def test_that_all_fills_are_here_is_written_where_it_is_news() -> None:
    run = Run()
    run.sends()
    run.orders.process_order_update(status(S.CANCELED))
    assert run.written_by(lambda: run.orders.fills_fetched("id-1", 50.0)) == ["Settled"]
    assert run.written_by(lambda: run.orders.fills_fetched("id-1", 60.0)) == []
    assert run.written_by(lambda: run.orders.fills_fetched("id-9", 60.0)) == []
    assert run.recalled().tracker.watched_orders["id-1"].filled_max == 0


def test_an_order_found_at_the_venue_is_written_with_the_fills_that_waited_for_it() -> None:
    run = Run()
    run.orders.process_trade_update(fill("t1", client_id="", exchange_order_id="90"))
    found = InFlightOrder(
        client_order_id="id-2",
        trading_pair=run.order.trading_pair,
        order_type=run.order.order_type,
        trade_type=run.order.trade_type,
        amount=Decimal(1),
        creation_timestamp=0.5,
        price=Decimal(100),
        exchange_order_id="90",
        initial_state=S.OPEN,
    )
    number, events = run.orders.start(found)
    assert number == 2
    assert names(events) == ["BuyOrderCreated", "Filled"]
    assert run.kinds() == ["Intent", "Intent", "Filled"]


def test_a_write_that_fails_is_heard_by_the_caller_and_nothing_is_told() -> None:
    run = Run()
    run.sends()

    def refuse(item: object) -> int:
        raise OSError(f"disk full: {type(item).__name__}")

    run.orders._write = refuse
    with pytest.raises(OSError, match="Updated"):
        run.orders.process_order_update(status(S.OPEN))
    with pytest.raises(OSError, match="Sending"):
        run.orders.sending("id-1", 2.0, path="DELETE /order", command=Command.CANCEL)


def test_a_status_is_written_as_it_was_said() -> None:
    run = Run()
    run.sends()
    run.orders.process_order_update(status(S.PARTIALLY_FILLED, "0.5", evidence=Evidence.ENGINE_ANSWER))
    run.orders.process_trade_update(fill("t1", "0.5"))
    updated, filled = run.records[-2:]
    assert isinstance(updated, Updated)
    assert (updated.state, updated.source) == ("PARTIALLY_FILLED", "ENGINE_ANSWER")
    assert isinstance(filled, Filled)
    assert filled.trade_id == "t1"
