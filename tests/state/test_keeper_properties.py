"""A keeper behind a bad line from a tiny venue: a book that says LIVE is right, and it comes back to life."""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuekit.model.book import BookDiff, BookSnapshot, BookStatus, Levels
from venuekit.protocol.book_feed import BookFeed, LevelText, Sequencing, SnapshotSource
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import OrderBookKeeper, Trouble

Sides = tuple[list[LevelText], list[LevelText]]

FEEDS = {
    Sequencing.RANGE: BookFeed(rule=Sequencing.RANGE, snapshot=SnapshotSource.REST),
    Sequencing.CHAIN: BookFeed(rule=Sequencing.CHAIN, snapshot=SnapshotSource.REST),
    Sequencing.NEXT: BookFeed(rule=Sequencing.NEXT, snapshot=SnapshotSource.STREAM),
}


class Act(Enum):
    """What can happen next."""

    PASS = "a difference arrives"
    DROP = "a difference is lost"
    REPEAT = "a difference arrives twice"
    SWAP = "two differences arrive in the wrong order"
    LATE = "an old difference arrives again"
    FRESH = "a snapshot of now arrives"
    STALE = "a snapshot of some time ago arrives"
    AUDIT = "a snapshot is asked for"
    LOST = "the line goes and comes back"


ACTS = [Act.PASS] * 12 + [Act.FRESH] * 2 + list(Act)


class NaiveVenue:
    """One book of whole prices, bids below 50 and asks above, that remembers its past.

    Each change has an id; a difference bundles some changes, so that a snapshot may fall inside one.
    """

    def __init__(self, rule: Sequencing, chance: random.Random) -> None:
        self.rule = rule
        self.chance = chance
        self.id = 100
        self.sent = 100
        self.bids: dict[int, int] = dict.fromkeys(range(30, 50), 1)
        self.asks: dict[int, int] = dict.fromkeys(range(51, 70), 1)
        self.past: dict[int, Sides] = {}
        self.diffs: list[BookDiff] = []
        self._remember()

    def _remember(self) -> None:
        self.past[self.id] = (
            [(str(price), str(self.bids[price])) for price in sorted(self.bids, reverse=True)],
            [(str(price), str(self.asks[price])) for price in sorted(self.asks)],
        )

    def difference(self) -> BookDiff:
        """Some changes, told together."""
        before, first = self.sent, 0
        changed: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for _ in range(self.chance.randrange(1, 4)):
            # A chain's ids have holes, the others' have none; NEXT counts differences, not changes.
            if self.rule is not Sequencing.NEXT or first == 0:
                self.id += self.chance.randrange(1, 4) if self.rule is Sequencing.CHAIN else 1
            first = first or self.id
            is_bid = self.chance.random() < 0.5
            price = self.chance.randrange(20, 50) if is_bid else self.chance.randrange(51, 80)
            amount = self.chance.choice([0, 0, 1, 2, 3])
            side = self.bids if is_bid else self.asks
            side.pop(price, None)
            if amount:
                side[price] = amount
            changed[0 if is_bid else 1][price] = amount
            self._remember()
        self.sent = self.id
        told = BookDiff(
            trading_pair="A-B",
            bids=Levels.of((str(price), str(amount)) for price, amount in changed[0].items()),
            asks=Levels.of((str(price), str(amount)) for price, amount in changed[1].items()),
            first_update_id=first if self.rule is not Sequencing.NEXT else None,
            last_update_id=self.id,
            previous_update_id=before if self.rule is Sequencing.CHAIN else None,
        )
        self.diffs.append(told)
        return told

    def snapshot(self, update_id: int) -> BookSnapshot:
        """The best levels at an id, as many as the asker happened to want."""
        depth = self.chance.choice([None, 3, 8, 15])
        bids, asks = self.past[update_id]
        return BookSnapshot(
            trading_pair="A-B",
            bids=Levels.of(bids[:depth]),
            asks=Levels.of(asks[:depth]),
            update_id=update_id,
            depth=depth,
        )


class Line:
    """What brings the venue's frames to a keeper, well or badly, and checks the book after each."""

    def __init__(self, rule: Sequencing, seed: int) -> None:
        self.chance = random.Random(seed)
        self.venue = NaiveVenue(rule, self.chance)
        self.keeper = OrderBookKeeper(OrderBook("A-B"), FEEDS[rule])

    def do(self, act: Act) -> None:
        venue = self.venue
        match act:
            case Act.PASS:
                self.bring(venue.difference())
            case Act.DROP:
                venue.difference()
            case Act.REPEAT:
                difference = venue.difference()
                self.bring(difference, difference)
            case Act.SWAP:
                first, second = venue.difference(), venue.difference()
                self.bring(second, first)
            case Act.LATE:
                self.bring(*self.chance.sample(venue.diffs, min(2, len(venue.diffs))))
            case Act.FRESH:
                self.bring(venue.snapshot(venue.id))
            case Act.STALE:
                self.bring(venue.snapshot(self.chance.choice(list(venue.past)[-12:])))
            case Act.AUDIT:
                self.keeper.expect_snapshot()
            case Act.LOST:
                self.keeper.lose(self.chance.choice([Trouble.DISCONNECTED, Trouble.SILENT, Trouble.ASKED]))
                self.check()
                self.keeper.restart()
                self.check()

    def bring(self, *frames: BookSnapshot | BookDiff) -> None:
        for frame in frames:
            self.keeper.feed_frame(frame, 0.0)
            self.check()

    def check(self) -> None:
        """Whether a book that may be believed equals the venue's at its id, as deep as it vouches."""
        keeper = self.keeper
        assert keeper.corrections == 0
        if not keeper.book.is_live:
            return
        for mine, true, side in zip(
            keeper.book.texts(),
            self.venue.past[keeper.known_id],
            (keeper.book.bids, keeper.book.asks),
            strict=True,
        ):
            vouched = side.vouched
            assert mine[:vouched] == true[:vouched]
            assert side.horizon is not None or len(mine) == len(true)

    def heal(self) -> None:
        """Faults stop: one difference shows whether the book is behind, a snapshot brings it back."""
        self.bring(self.venue.difference(), self.venue.snapshot(self.venue.id), self.venue.difference())
        assert self.keeper.status is BookStatus.LIVE
        assert self.keeper.known_id == self.venue.id


RULES = pytest.mark.parametrize("rule", list(FEEDS), ids=lambda rule: str(rule.value))


@RULES
@settings(max_examples=150, deadline=None)
@given(acts=st.lists(st.sampled_from(ACTS), max_size=60), seed=st.integers(min_value=0, max_value=2**32))
def test_a_live_book_is_right_whatever_the_line_does(
    rule: Sequencing, acts: Sequence[Act], seed: int
) -> None:
    line = Line(rule, seed)
    for act in acts:
        line.do(act)
    line.heal()


@RULES
def test_a_long_bad_day_leaves_a_live_book_right(rule: Sequencing) -> None:
    line = Line(rule, seed=1)
    live = 0
    for act in line.chance.choices(ACTS, k=6000):
        line.do(act)
        live += line.keeper.book.is_live
    line.heal()
    # Were it never live, nothing would have been compared.
    assert live > 2000
    assert line.keeper.gaps > 100


@RULES
def test_the_bad_line_would_show_a_wrong_book(rule: Sequencing) -> None:
    line = Line(rule, seed=1)
    line.do(Act.FRESH)
    line.keeper.book.apply_diffs(Levels.of([("49", "999")]), Levels(), None)
    with pytest.raises(AssertionError):
        line.check()


def test_the_ids_of_a_chain_have_holes() -> None:
    line = Line(Sequencing.CHAIN, seed=1)
    for _ in range(50):
        line.do(Act.PASS)
    assert any(
        (later.first_update_id or 0) > (earlier.last_update_id or 0) + 1
        for earlier, later in pairwise(line.venue.diffs)
    )
