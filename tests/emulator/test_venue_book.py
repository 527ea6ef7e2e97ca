from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.emulator.instruments import instrument
from venuekit.emulator.step import LevelChange, MarketStep
from venuekit.emulator.venue_book import BookChanges, VenueBook
from venuekit.protocol.book_feed import LevelText

PAIR = instrument("TST-USDT", "10.0", "0.1", "0.01")
Rows = list[LevelText]
Steps = list[list[tuple[bool, int, int]]]

# Bids end at 10.9 and asks begin at 11.0, so no change can cross the book.
changes = st.integers(90, 129).flatmap(
    lambda price: st.tuples(st.just(price < 110), st.just(price), st.integers(0, 3))
)
step_lists = st.lists(st.lists(changes, min_size=1, max_size=6), max_size=30)


def step(number: int, levels: list[tuple[bool, int, int]]) -> MarketStep:
    return MarketStep(
        time=float(number),
        first_id=number,
        last_id=number,
        changes=tuple(
            LevelChange(is_bid=is_bid, price=f"{price / 10:.1f}", amount=f"{amount}.00")
            for is_bid, price, amount in levels
        ),
    )


def filled(steps: Steps) -> VenueBook:
    book = VenueBook(PAIR)
    for number, levels in enumerate(steps, start=1):
        book.apply(step(number, levels))
    return book


def patched(rows: Rows, changed: Rows, *, best_is_highest: bool) -> Rows:
    levels = dict(rows) | dict(changed)
    kept = [(price, amount) for price, amount in levels.items() if Decimal(amount)]
    return sorted(kept, key=lambda row: Decimal(row[0]), reverse=best_is_highest)


def prices(rows: Rows) -> list[Decimal]:
    return [Decimal(price) for price, _ in rows]


@given(step_lists)
def test_a_snapshot_is_what_the_last_word_on_each_level_says(steps: Steps) -> None:
    said = {(is_bid, price): amount for levels in steps for is_bid, price, amount in levels}
    expected_bids = [
        (f"{price / 10:.1f}", f"{amount}.00")
        for (is_bid, price), amount in sorted(said.items(), reverse=True)
        if is_bid and amount
    ]
    expected_asks = [
        (f"{price / 10:.1f}", f"{amount}.00")
        for (is_bid, price), amount in sorted(said.items())
        if not is_bid and amount
    ]
    assert filled(steps).snapshot() == (len(steps), expected_bids, expected_asks)


@given(before=step_lists, after=step_lists)
def test_coalesced_changes_turn_the_old_snapshot_into_the_new_one(before: Steps, after: Steps) -> None:
    book = filled(before)
    _, bids, asks = book.snapshot()
    log = book.follow()
    for number, levels in enumerate(after, start=len(before) + 1):
        book.apply(step(number, levels))
    changed = log.take_changes() or BookChanges(first_id=0, last_id=0, bids=[], asks=[])
    assert book.snapshot()[1:] == (
        patched(bids, changed.bids, best_is_highest=True),
        patched(asks, changed.asks, best_is_highest=False),
    )


@given(before=step_lists, after=step_lists, depth=st.integers(1, 5))
def test_window_changes_turn_the_old_window_into_the_new_one(before: Steps, after: Steps, depth: int) -> None:
    book = filled(before)
    older = book.top(depth)
    _, bids, asks = book.snapshot(depth)
    for number, levels in enumerate(after, start=len(before) + 1):
        book.apply(step(number, levels))
    changed = book.window_changes(older, book.top(depth))
    assert book.snapshot(depth)[1:] == (
        patched(bids, changed.bids, best_is_highest=True),
        patched(asks, changed.asks, best_is_highest=False),
    )


@given(step_lists)
def test_rows_of_changes_come_best_first(steps: Steps) -> None:
    book = VenueBook(PAIR)
    log = book.follow()
    for number, levels in enumerate(steps, start=1):
        book.apply(step(number, levels))
    changed = log.take_changes() or BookChanges(first_id=0, last_id=0, bids=[], asks=[])
    assert (prices(changed.bids), prices(changed.asks)) == (
        sorted(prices(changed.bids), reverse=True),
        sorted(prices(changed.asks)),
    )


@given(steps=step_lists, pauses=st.lists(st.integers(1, 5), max_size=10))
def test_the_ids_of_one_publication_follow_those_of_the_one_before(steps: Steps, pauses: list[int]) -> None:
    book = VenueBook(PAIR)
    log = book.follow()
    published = [0]
    due = set(pauses)
    for number, levels in enumerate(steps, start=1):
        book.apply(step(number, levels))
        if number in due and (changed := log.take_changes()):
            published += [changed.first_id - 1, changed.last_id]
    assert published[:-1:2] == published[1::2]


def test_a_level_that_came_and_went_is_told_as_a_deletion() -> None:
    book = VenueBook(PAIR)
    log = book.follow()
    book.apply(step(1, [(True, 100, 1)]))
    book.apply(step(2, [(True, 100, 0)]))
    assert log.take_changes() == BookChanges(first_id=1, last_id=2, bids=[("10.0", "0.00")], asks=[])


def test_nothing_new_is_nothing_to_publish() -> None:
    book = filled([[(True, 100, 1)]])
    log = book.follow()
    assert log.take_changes() is None


def test_changes_are_told_once() -> None:
    book = VenueBook(PAIR)
    log = book.follow()
    book.apply(step(1, [(True, 100, 1)]))
    log.take_changes()
    assert log.take_changes() is None


def test_each_log_has_its_own_pace() -> None:
    book = VenueBook(PAIR)
    fast, slow = book.follow(), book.follow()
    book.apply(step(1, [(True, 100, 1)]))
    fast.take_changes()
    book.apply(step(2, [(True, 101, 1)]))
    changed = slow.take_changes()
    assert changed is not None
    assert (changed.first_id, changed.last_id) == (1, 2)


def test_a_log_that_is_not_followed_stays_empty() -> None:
    book = VenueBook(PAIR)
    log = book.follow()
    book.unfollow(log)
    book.apply(step(1, [(True, 100, 1)]))
    assert log.take_changes() is None


def test_a_level_pushed_out_of_the_window_is_sent_as_zero() -> None:
    book = filled([[(True, 100, 1), (True, 99, 1)]])
    older = book.top(2)
    book.apply(step(2, [(True, 101, 1)]))
    assert book.window_changes(older, book.top(2)).bids == [("10.1", "1.00"), ("9.9", "0.00")]


def test_a_level_that_slides_into_the_window_is_sent_with_its_amount() -> None:
    book = filled([[(False, 110, 1), (False, 111, 2), (False, 112, 3)]])
    older = book.top(2)
    book.apply(step(2, [(False, 110, 0)]))
    assert book.window_changes(older, book.top(2)).asks == [("11.0", "0.00"), ("11.2", "3.00")]


def test_the_best_levels_are_the_highest_bid_and_the_lowest_ask() -> None:
    book = filled([[(True, 99, 1), (True, 100, 2), (False, 111, 3), (False, 110, 1)]])
    assert (book.best_bid, book.best_ask) == (("10.0", "2.00"), ("11.0", "1.00"))


def test_an_empty_side_has_no_best_level() -> None:
    assert VenueBook(PAIR).best_bid is None


def test_a_step_of_trades_alone_leaves_the_id_where_it_is() -> None:
    book = filled([[(True, 100, 1)]])
    book.apply(MarketStep(time=2.0, first_id=2, last_id=1, changes=()))
    assert book.last_id == 1


def test_a_step_from_the_past_is_refused() -> None:
    book = filled([[(True, 100, 1)]])
    with pytest.raises(ValueError, match="not after the book's id 1"):
        book.apply(step(1, [(True, 100, 2)]))


def test_a_price_between_two_ticks_is_refused() -> None:
    odd = MarketStep(
        time=1.0, first_id=1, last_id=1, changes=(LevelChange(is_bid=True, price="10.05", amount="1"),)
    )
    with pytest.raises(ValueError, match="more than 1 decimals"):
        VenueBook(PAIR).apply(odd)


def test_a_copy_goes_its_own_way() -> None:
    book = filled([[(True, 100, 1), (False, 110, 2)]])
    twin = book.copy()
    assert twin.snapshot() == book.snapshot()
    twin.apply(step(2, [(True, 100, 0), (True, 99, 3)]))
    assert book.snapshot() == (1, [("10.0", "1.00")], [("11.0", "2.00")])
    assert twin.snapshot() == (2, [("9.9", "3.00")], [("11.0", "2.00")])
