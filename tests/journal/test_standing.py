from __future__ import annotations

from tests.journal.story import ID, OTHER, STORY, ended, intent, sending

from venuekit.journal.record import Command, Doubt, Reopened, Settled
from venuekit.journal.standing import Standing, standings

DOUBT = Doubt(at=5.0, client_id=ID, command=Command.PLACE, why="TimedOut")


def test_an_order_is_open_from_its_intent_to_its_end() -> None:
    assert standings([intent(), sending()])[ID].is_open
    assert not standings([intent(), sending(), ended()])[ID].is_open


def test_evidence_opens_an_order_again() -> None:
    assert standings([intent(), ended(), Reopened(at=10.0, client_id=ID, why="a fill")])[ID].is_open


def test_a_doubt_lasts_until_its_own_command_is_settled() -> None:
    other = Settled(at=6.0, client_id=ID, command=Command.CANCEL, how="asked")
    assert standings([intent(), DOUBT, other])[ID].doubts == (Command.PLACE,)
    settled = Settled(at=7.0, client_id=ID, command=Command.PLACE, how="asked")
    assert standings([intent(), DOUBT, other, settled])[ID] == Standing()


def test_once_nothing_about_an_order_is_in_doubt_no_command_of_it_is() -> None:
    all_known = Settled(at=6.0, client_id=ID, how="PRIVATE_STREAM: OPEN")
    assert standings([intent(), DOUBT, all_known])[ID] == Standing()


def test_a_doubt_told_twice_is_one() -> None:
    assert standings([intent(), DOUBT, DOUBT])[ID].doubts == (Command.PLACE,)


def test_orders_stand_apart_and_other_records_are_nobodys() -> None:
    orders = standings([*STORY, intent(OTHER)])
    assert {ID: False, OTHER: True} == {client_id: order.is_open for client_id, order in orders.items()}


def test_trades_that_were_fetched_settle_no_doubt() -> None:
    fetched = Settled(at=8.5, client_id=ID, how="all its trades", fills_as_of=8.0)
    doubt = Doubt(at=8.0, client_id=ID, command=Command.PLACE, why="we were away", reason="RESTART")
    assert standings((intent(), doubt, fetched))[ID].doubts == (Command.PLACE,)
    over = Settled(at=9.0, client_id=ID, how="single-order query: OPEN")
    assert standings((intent(), doubt, fetched, over))[ID].doubts == ()
