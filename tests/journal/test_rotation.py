from __future__ import annotations

from decimal import Decimal

import pytest
from tests.journal.story import ID, OTHER, ended, filled, intent, opened, sending

from venuekit.journal import record
from venuekit.journal.record import BalanceMoved, Body, Command, Doubt, IdBlock, Stopped
from venuekit.journal.rotation import Luggage, Rotation

RULE = Rotation(ended_for=100.0, presumed_for=1_000.0)


def kept(*records: Body) -> list[Body]:
    luggage = Luggage(RULE)
    for number, item in enumerate(records, start=1):
        luggage.note(number, item, record.encode(item))
    pieces = luggage.pack()
    assert pieces == luggage.pack()
    return [records[piece.sequence - 1] for piece in pieces]


def test_an_empty_journal_takes_nothing_along() -> None:
    assert kept() == []


def test_who_we_are_and_the_last_reserved_ids_go_along() -> None:
    blocks = [IdBlock(at=2.0, first=0, count=1_024), IdBlock(at=3.0, first=1_024, count=1_024)]
    assert [opened(), blocks[1]] == kept(opened(), *blocks, Stopped(at=4.0), opened(at=5.0))


def test_an_open_order_goes_along_whole_and_in_order() -> None:
    order: list[Body] = [intent(), sending(), filled()]
    assert [*order, intent(OTHER, at=1e9)] == kept(*order, intent(OTHER, at=1e9))


@pytest.mark.parametrize(
    ("age", "presumed", "expected"), [(100, False, 3), (101, False, 1), (1_000, True, 3), (1_001, True, 1)]
)
def test_an_ended_order_goes_along_as_long_as_it_may_be_contradicted(
    age: int, presumed: bool, expected: int
) -> None:
    assert expected == len(kept(intent(), ended(at=9.0, presumed=presumed), intent(OTHER, at=9.0 + age)))


def test_an_order_in_doubt_goes_along_however_old_its_end_is() -> None:
    doubt = Doubt(at=8.0, client_id=ID, command=Command.CANCEL, why="TimedOut")
    assert doubt in kept(intent(), doubt, ended(), intent(OTHER, at=1e9))


@pytest.mark.parametrize(("age", "expected"), [(100, 1), (101, 0)])
def test_a_deposit_goes_along_as_long_as_it_may_be_told_again(age: int, expected: int) -> None:
    deposit = BalanceMoved(at=5.0, asset="BTC", cause="deposit", amount=Decimal(1))
    assert expected == kept(deposit, intent(OTHER, at=5.0 + age)).count(deposit)
