"""Keepers behind a bad line: a book that says LIVE is right, and each frame is worth what the rules say."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.machines import budget, finds_it
from tests.state.naive_keeper import NaiveKeeper, NaiveVenue

from venuekit.model.book import BookDiff, BookSnapshot, BookStatus
from venuekit.protocol.book_feed import BookFeed, Sequencing, SnapshotSource
from venuekit.state import order_book_keeper
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import (
    ConnectionSequence,
    OrderBookKeeper,
    Trouble,
    Verdict,
    VerdictKind,
)

FEEDS = {
    Sequencing.RANGE: SnapshotSource.REST,
    Sequencing.CHAIN: SnapshotSource.REST,
    Sequencing.NEXT: SnapshotSource.STREAM,
    Sequencing.INCREASING: SnapshotSource.REST,
    Sequencing.ARRIVAL: SnapshotSource.STREAM,
}
WORTH = {
    "fits": VerdictKind.APPLIED,
    "older": VerdictKind.STALE,
    "waits": VerdictKind.WAITING,
    "gap": VerdictKind.GAP,
}
BLIND = {Sequencing.INCREASING, Sequencing.ARRIVAL}
"""Rules under which nobody can see that a difference is missing."""


class Pair:
    """A venue's book, the keeper of it, and the keeper's twin."""

    def __init__(self, name: str, rule: Sequencing, chance: random.Random) -> None:
        self.venue = NaiveVenue(name, rule, chance)
        feed = BookFeed(rule=rule, snapshot=FEEDS[rule])
        self.keeper = OrderBookKeeper(OrderBook(name), feed)
        self.twin = NaiveKeeper(rule, is_asked=feed.snapshot is SnapshotSource.REST)
        self.is_blind = rule in BLIND
        self.has_missed = False
        """Whether the book may be wrong and cannot know it."""
        self.arrived = 100
        """The venue's id of the last frame, where frames have none."""

    def feed(self, frame: BookSnapshot | BookDiff, venue_id: int) -> None:
        kind = self.keeper.feed_frame(frame, 0.0).kind
        if isinstance(frame, BookDiff):
            said = self.twin.difference(frame)
        else:
            said = self.twin.snapshot(frame.update_id)
        self.arrived = venue_id
        if said == "audit":  # the shadow may have taken over, which has its own idea of what is fresh
            self.twin.is_fresh = not self.keeper.is_joined
        else:
            assert kind is WORTH[said]
        self.check()

    def check(self) -> None:
        """Whether a book that may be believed equals the venue's at its id, as deep as it vouches."""
        keeper, twin = self.keeper, self.twin
        assert (keeper.status, keeper.buffered) == (twin.status, len(twin.waiting))
        assert keeper.gaps == twin.counts["gap"]
        if keeper.book.is_live and self.venue.rule is not Sequencing.ARRIVAL:
            assert keeper.known_id == twin.known
        assert self.is_blind or keeper.corrections == 0
        if self.has_missed or not keeper.book.is_live:
            return
        is_by_arrival = self.venue.rule is Sequencing.ARRIVAL
        for mine, true, side in zip(
            keeper.book.texts(),
            self.venue.past[self.arrived if is_by_arrival else keeper.known_id],
            (keeper.book.bids, keeper.book.asks),
            strict=True,
        ):
            vouched = side.vouched
            assert mine[:vouched] == true[:vouched]
            assert side.horizon is not None or len(mine) == len(true)


class BadLine(RuleBasedStateMachine):
    """Two books on one connection, whose frames are numbered together or each book's by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[Pair] = []
        self.sequence: ConnectionSequence | None = None
        self.number = 0
        self.heard: int | None = None

    @initialize(rule=st.sampled_from(list(FEEDS)), seed=st.integers(0, 2**32), is_numbered=st.booleans())
    def connect(self, rule: Sequencing, seed: int, is_numbered: bool) -> None:
        chance = random.Random(seed)
        self.pairs = [Pair("A-B", rule, chance), Pair("C-D", rule, chance)]
        self.sequence = ConnectionSequence() if is_numbered else None

    @property
    def chance(self) -> random.Random:
        return self.pairs[0].venue.chance

    def bring(self, pair: Pair, frame: BookSnapshot | BookDiff, venue_id: int | None = None) -> None:
        """A frame of the stream, and with it the connection's number."""
        self.number += 1
        if self.sequence is not None:
            is_missing = self.heard is not None and self.number != self.heard + 1
            assert self.sequence.feed(self.number) is is_missing
            self.heard = self.number
            if is_missing:
                for each in self.pairs:
                    each.keeper.lose(Trouble.MISSING)
                    each.twin.lose(is_stale=False)
                    each.twin.counts["gap"] += 1
                    each.check()
        pair.feed(frame, pair.venue.id if venue_id is None else venue_id)

    # --- what the line does

    @rule(which=st.integers(0, 1), count=st.integers(1, 3))
    def differences_arrive(self, which: int, count: int) -> None:
        for _ in range(count):
            self.bring(self.pairs[which], self.pairs[which].venue.difference())

    @rule(which=st.integers(0, 1))
    def a_difference_is_lost(self, which: int) -> None:
        self.number += 1
        self.pairs[which].venue.difference()
        self.pairs[which].has_missed |= self.pairs[which].is_blind

    @rule(which=st.integers(0, 1))
    def a_difference_arrives_twice(self, which: int) -> None:
        difference = self.pairs[which].venue.difference()
        for _ in range(2):
            self.bring(self.pairs[which], difference)

    @rule(which=st.integers(0, 1))
    def two_differences_change_places(self, which: int) -> None:
        pair = self.pairs[which]
        first, second = pair.venue.difference(), pair.venue.difference()
        pair.has_missed |= pair.is_blind
        self.bring(pair, second)
        self.bring(pair, first)

    @precondition(lambda self: self.pairs[0].venue.diffs)
    @rule(age=st.integers(1, 6))
    def old_differences_arrive_again(self, age: int) -> None:
        pair = self.pairs[0]
        pair.has_missed |= pair.venue.rule is Sequencing.ARRIVAL
        for difference in pair.venue.diffs[-age:][:2]:
            self.bring(pair, difference)

    @rule(which=st.integers(0, 1))
    def a_snapshot_of_now_arrives(self, which: int) -> None:
        pair = self.pairs[which]
        frame = pair.venue.snapshot(pair.venue.id)
        is_news = pair.keeper.status is not BookStatus.LIVE or not pair.twin.is_asked
        if is_news:
            pair.has_missed = False
        if pair.twin.is_asked:
            pair.feed(frame, pair.venue.id)
        else:
            self.bring(pair, frame)

    @rule(which=st.integers(0, 1), age=st.integers(1, 12))
    def a_snapshot_of_some_time_ago_arrives(self, which: int, age: int) -> None:
        pair = self.pairs[which]
        venue_id = list(pair.venue.past)[-age:][0]
        pair.has_missed |= pair.is_blind
        if pair.twin.is_asked:
            pair.feed(pair.venue.snapshot(venue_id), venue_id)
        else:
            self.bring(pair, pair.venue.snapshot(venue_id), venue_id)

    @rule(which=st.integers(0, 1), is_given_up=st.sampled_from([False, False, True]))
    def a_snapshot_is_asked_for(self, which: int, is_given_up: bool) -> None:
        keeper = self.pairs[which].keeper
        keeper.forget_snapshot() if is_given_up else keeper.expect_snapshot()

    @rule(
        trouble=st.sampled_from([Trouble.DISCONNECTED, Trouble.SILENT, Trouble.ASKED, Trouble.UNREADABLE]),
        is_restarted=st.sampled_from([True, True, False]),
    )
    def the_line_goes_and_comes_back(self, trouble: Trouble, is_restarted: bool) -> None:
        for pair in self.pairs:
            pair.keeper.lose(trouble)
            pair.twin.lose(is_stale=trouble in {Trouble.DISCONNECTED, Trouble.SILENT})
            pair.check()
            if is_restarted:
                pair.keeper.restart()
                pair.twin.restart()
                pair.check()
        if is_restarted and self.sequence is not None:
            self.sequence.restart()
            self.heard, self.number = None, self.number + 7

    def teardown(self) -> None:
        """Faults stop: one difference shows whether a book is behind, a snapshot brings it back."""
        for pair in self.pairs:
            self.bring(pair, pair.venue.difference())
            self.a_snapshot_of_now_arrives(self.pairs.index(pair))
            self.bring(pair, pair.venue.difference())
            assert pair.keeper.status is BookStatus.LIVE
            if pair.venue.rule is not Sequencing.ARRIVAL:
                assert pair.keeper.known_id == pair.venue.id


BUDGET = budget(250, steps=40)
BadLine.TestCase.settings = BUDGET
TestBadLine = BadLine.TestCase


@pytest.mark.parametrize("rule", [Sequencing.RANGE, Sequencing.CHAIN, Sequencing.NEXT])
def test_a_long_bad_day_leaves_a_live_book_right(rule: Sequencing) -> None:
    line = BadLine()
    line.connect(rule=rule, seed=1, is_numbered=False)
    live = 0
    acts: list[Callable[[], None]] = [
        *[lambda: line.differences_arrive(which=0, count=1)] * 12,
        *[lambda: line.a_snapshot_of_now_arrives(which=0)] * 3,
        lambda: line.a_difference_is_lost(which=0),
        lambda: line.a_difference_arrives_twice(which=0),
        lambda: line.two_differences_change_places(which=0),
        lambda: line.old_differences_arrive_again(age=4),
        lambda: line.a_snapshot_of_some_time_ago_arrives(which=0, age=line.chance.randrange(1, 12)),
        lambda: line.a_snapshot_is_asked_for(which=0, is_given_up=False),
        lambda: line.the_line_goes_and_comes_back(trouble=Trouble.DISCONNECTED, is_restarted=True),
    ]
    line.differences_arrive(which=0, count=1)
    for act in line.chance.choices(acts, k=2500):
        act()
        live += line.pairs[0].keeper.book.is_live
    line.teardown()
    # Were it never live, nothing would have been compared.
    assert live > 800
    assert line.pairs[0].keeper.gaps > 40


def test_the_ids_of_a_chain_have_holes() -> None:
    line = BadLine()
    line.connect(rule=Sequencing.CHAIN, seed=1, is_numbered=False)
    line.differences_arrive(which=0, count=50)
    assert any(
        (later.first_update_id or 0) > (earlier.last_update_id or 0) + 1
        for earlier, later in pairwise(line.pairs[0].venue.diffs)
    )


# Seven defects, and whether the twin finds them.


def _sees_no_gap(diff: BookDiff, last: int, *, is_first: bool) -> object:
    fit = RULES[Sequencing.RANGE](diff, last, is_first=is_first)
    return order_book_keeper._Fit.NEXT if fit is order_book_keeper._Fit.GAP else fit


def _knows_no_beginning(diff: BookDiff, last: int, *, is_first: bool) -> object:
    return RULES[Sequencing.CHAIN](diff, last, is_first=False)


def _keeps_what_waits(self: OrderBookKeeper, trouble: Trouble) -> Verdict:
    return self._lose(None, trouble)


def _forgets_the_gap(self: OrderBookKeeper, diff: BookDiff | None, trouble: Trouble, **more: int) -> Verdict:
    return LOSE(self, None, trouble, **more)


def _takes_over_at_once(self: OrderBookKeeper) -> bool:
    if self._shadow is not None:
        self.book.adopt(self._shadow.book)
        self._shadow = None
    return True


RULES, LOSE = order_book_keeper._RULES, OrderBookKeeper._lose


@pytest.mark.parametrize(
    ("place", "lie"),
    [
        ("_RULES", {**RULES, Sequencing.RANGE: _sees_no_gap}),
        ("_RULES", {**RULES, Sequencing.CHAIN: _knows_no_beginning}),
        ("OrderBookKeeper.lose", _keeps_what_waits),
        ("OrderBookKeeper._lose", _forgets_the_gap),
        ("OrderBookKeeper._correct", OrderBookKeeper._join),
        ("OrderBookKeeper._compare", _takes_over_at_once),
        ("ConnectionSequence.feed", lambda self, number: False),
    ],
)
def test_the_twin_finds(place: str, lie: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"venuekit.state.order_book_keeper.{place}", lie)
    assert finds_it(BadLine, BUDGET)
