"""A venue that remembers all its books, and what the rules say of each frame, read off their table."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from venuekit.model.book import BookDiff, BookSnapshot, BookStatus, Levels
from venuekit.protocol.book_feed import LevelText, Sequencing

Sides = tuple[list[LevelText], list[LevelText]]


class NaiveVenue:
    """One book of whole prices, bids below 50 and asks above, that remembers its past.

    Each change has an id; a difference bundles some changes, so that a snapshot may fall inside one.
    """

    def __init__(self, pair: str, rule: Sequencing, chance: random.Random) -> None:
        self.pair = pair
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
            # Some ids have holes, the others' have none; NEXT counts differences, not changes.
            if self.rule is not Sequencing.NEXT or first == 0:
                has_holes = self.rule in {Sequencing.CHAIN, Sequencing.INCREASING}
                self.id += self.chance.randrange(1, 4) if has_holes else 1
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
            trading_pair=self.pair,
            bids=Levels.of((str(price), str(amount)) for price, amount in changed[0].items()),
            asks=Levels.of((str(price), str(amount)) for price, amount in changed[1].items()),
            first_update_id=first if self.rule in {Sequencing.RANGE, Sequencing.CHAIN} else None,
            last_update_id=None if self.rule is Sequencing.ARRIVAL else self.id,
            previous_update_id=before if self.rule is Sequencing.CHAIN else None,
        )
        self.diffs.append(told)
        return told

    def snapshot(self, update_id: int) -> BookSnapshot:
        """The best levels at an id, as many as the asker happened to want."""
        depth = self.chance.choice([None, 3, 8, 15])
        bids, asks = self.past[update_id]
        return BookSnapshot(
            trading_pair=self.pair,
            bids=Levels.of(bids[:depth]),
            asks=Levels.of(asks[:depth]),
            update_id=None if self.rule is Sequencing.ARRIVAL else update_id,
            depth=depth,
        )


def worth(rule: Sequencing, diff: BookDiff, known: int, *, is_fresh: bool) -> str:
    """The table of docs/SEMANTICS.md: whether a difference fits, is older, or shows a gap."""
    last = known + 1 if diff.last_update_id is None else diff.last_update_id
    first = last if diff.first_update_id is None else diff.first_update_id
    match rule:
        case Sequencing.ARRIVAL:
            return "fits"
        case Sequencing.INCREASING:
            return "fits" if last > known else "older"
        case Sequencing.NEXT:
            return "fits" if last == known + 1 else "older" if last <= known else "gap"
        case Sequencing.RANGE:
            return "older" if last <= known else "fits" if first <= known + 1 else "gap"
        case Sequencing.CHAIN:
            if diff.previous_update_id == known or (is_fresh and first <= known <= last):
                return "fits"
            return "older" if last <= known else "gap"


@dataclass
class NaiveKeeper:
    """What a keeper of one book knows. Books whose snapshots are asked for join them, others are replaced."""

    rule: Sequencing
    is_asked: bool
    status: BookStatus = BookStatus.SYNCING
    known: int = -1
    is_fresh: bool = False
    waiting: list[BookDiff] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"fits": 0, "older": 0, "gap": 0})

    def difference(self, diff: BookDiff) -> str:
        if self.status is not BookStatus.LIVE:
            self.waiting.append(diff)
            return "waits"
        found = worth(self.rule, diff, self.known, is_fresh=self.is_fresh)
        self.counts[found] += 1
        if found == "fits":
            self.is_fresh = False
            self.known = self.known + 1 if diff.last_update_id is None else diff.last_update_id
        if found == "gap":
            self.status, self.waiting = BookStatus.RESYNCING, [diff, *self.waiting]
        return found

    def snapshot(self, update_id: int | None) -> str:
        at = self.known + 1 if update_id is None else update_id
        if not self.is_asked:
            self.counts["older"] += len(self.waiting)
            self.waiting = []
        elif self.status is BookStatus.LIVE:
            return "audit"
        first = [
            found for it in self.waiting if (found := worth(self.rule, it, at, is_fresh=True)) != "older"
        ]
        if first and first[0] == "gap":
            return "waits"
        self.status, self.known, self.is_fresh = BookStatus.LIVE, at, True
        waited, self.waiting = self.waiting, []
        drained = [self.difference(it) for it in waited]
        return "gap" if "gap" in drained else "fits"

    def lose(self, *, is_stale: bool) -> None:
        self.waiting = []
        if not is_stale:
            self.status = BookStatus.RESYNCING
        elif self.status is not BookStatus.SYNCING:
            self.status = BookStatus.STALE

    def restart(self) -> None:
        self.waiting = []
        if self.status is not BookStatus.SYNCING:
            self.status = BookStatus.RESYNCING
