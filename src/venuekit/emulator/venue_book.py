"""The venue's own order book, from which every snapshot, difference and window is published."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from itertools import islice
from typing import TypeAlias

from venuekit.emulator.digits import text_of, units_of
from venuekit.emulator.step import Instrument, MarketStep
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.frozen import Frozen

__all__ = ["BookChanges", "ChangeLog", "VenueBook", "Window"]

_Level: TypeAlias = tuple[int, int]
"""Price and amount, each in units of its last written digit."""


class BookChanges(Frozen):
    """The final absolute amounts of the levels touched by the ids from `first_id` to `last_id`.

    Rows are (price, amount) texts, best first, as most venues send them; a venue that sends its bids
    ascending reverses them in its dialect. An amount of zero deletes: a level that came and went in
    between is such a row too, which is why one delete in six that real venues send names a level that
    nobody held.
    """

    first_id: int
    last_id: int
    bids: list[LevelText]
    asks: list[LevelText]


class Window(Frozen):
    """The best levels of both sides at one id, best first, in the book's integers."""

    last_id: int
    bids: tuple[_Level, ...]
    asks: tuple[_Level, ...]


class _Side:
    """One side's levels; ranks are negated prices for bids, prices for asks, so the best comes first."""

    __slots__ = ("amounts", "ranks", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.ranks: list[int] = []
        self.amounts: dict[int, int] = {}

    def put(self, price: int, amount: int) -> int:
        rank = self.sign * price
        if amount:
            if rank not in self.amounts:
                insort(self.ranks, rank)
            self.amounts[rank] = amount
        elif self.amounts.pop(rank, None) is not None:
            del self.ranks[bisect_left(self.ranks, rank)]
        return rank

    def best(self, depth: int | None) -> Iterable[_Level]:
        return ((self.sign * rank, self.amounts[rank]) for rank in islice(self.ranks, depth))

    def at(self, ranks: Iterable[int]) -> Iterable[_Level]:
        return ((self.sign * rank, self.amounts.get(rank, 0)) for rank in ranks)


class ChangeLog:
    """What one publication still has to tell: made by `VenueBook.follow`, read at the publication's pace."""

    def __init__(self, book: VenueBook) -> None:
        self._book = book
        self._told = book.last_id
        self._first: int | None = None
        self._bids: dict[int, None] = {}
        self._asks: dict[int, None] = {}

    def note(self, first_id: int, bid_ranks: Iterable[int], ask_ranks: Iterable[int]) -> None:
        """Remember which levels a step touched; called by the book."""
        if self._first is None:
            self._first = first_id
        self._bids.update(dict.fromkeys(bid_ranks))
        self._asks.update(dict.fromkeys(ask_ranks))

    def take_changes(self) -> BookChanges | None:
        """All changes since the last call in one piece; None when the book's id has not moved."""
        last_id = self._book.last_id
        if self._first is None or last_id == self._told:
            return None
        bids, asks = self._book.rows_at(sorted(self._bids), sorted(self._asks))
        changes = BookChanges(first_id=self._first, last_id=last_id, bids=bids, asks=asks)
        self._told = last_id
        self._first = None
        self._bids.clear()
        self._asks.clear()
        return changes


class VenueBook:
    """One instrument's whole book.

    Prices and amounts are integers of the last digit that the instrument writes. It shares nothing with
    the book that the connector keeps: the two are compared with each other.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.last_id = 0
        self.time = 0.0
        self._bids = _Side(-1)
        self._asks = _Side(1)
        self._logs: list[ChangeLog] = []

    def apply(self, step: MarketStep) -> None:
        """Take a step's changes in.

        Raises:
            ValueError: the step's ids are not after the book's, or a number is finer than
                the instrument writes.
        """
        if step.first_id <= self.last_id:
            raise ValueError(
                f"step {step.first_id}..{step.last_id} is not after the book's id {self.last_id}"
            )
        price_decimals = self.instrument.price_decimals
        amount_decimals = self.instrument.amount_decimals
        touched: tuple[list[int], list[int]] = ([], [])
        for change in step.changes:
            side, ranks = (self._bids, touched[0]) if change.is_bid else (self._asks, touched[1])
            ranks.append(
                side.put(units_of(change.price, price_decimals), units_of(change.amount, amount_decimals))
            )
        self.time = step.time
        # A step of trades alone moves no id: its range is empty, last_id == first_id - 1.
        if step.last_id < step.first_id:
            return
        self.last_id = step.last_id
        for log in self._logs:
            log.note(step.first_id, *touched)

    @property
    def best_bid(self) -> LevelText | None:
        """The best bid as (price, amount), None on an empty side."""
        return next(iter(self._rows(self._bids.best(1))), None)

    @property
    def best_ask(self) -> LevelText | None:
        """The best ask as (price, amount), None on an empty side."""
        return next(iter(self._rows(self._asks.best(1))), None)

    def snapshot(self, depth: int | None = None) -> tuple[int, list[LevelText], list[LevelText]]:
        """The book's id, bids and asks, best first, at most `depth` a side."""
        return self.last_id, self._rows(self._bids.best(depth)), self._rows(self._asks.best(depth))

    def copy(self) -> VenueBook:
        """The book as it is, which nobody follows; it goes its own way from here."""
        twin = VenueBook(self.instrument)
        twin.last_id, twin.time = self.last_id, self.time
        for side, mine in ((twin._bids, self._bids), (twin._asks, self._asks)):
            side.ranks, side.amounts = mine.ranks.copy(), mine.amounts.copy()
        return twin

    def follow(self) -> ChangeLog:
        """A log of the changes from now on; one for each pace of publication."""
        log = ChangeLog(self)
        self._logs.append(log)
        return log

    def unfollow(self, log: ChangeLog) -> None:
        """Stop filling a log; one that is not followed is left alone."""
        self._logs = [other for other in self._logs if other is not log]

    def top(self, depth: int) -> Window:
        """The best `depth` levels a side."""
        return Window(
            last_id=self.last_id, bids=tuple(self._bids.best(depth)), asks=tuple(self._asks.best(depth))
        )

    def window_changes(self, older: Window, newer: Window) -> BookChanges:
        """What turns one window into a later one.

        A level that left the window is a row of zero although the book may still hold it; one that entered
        comes with its amount, as venues that publish a window of N levels do.
        """
        return BookChanges(
            first_id=older.last_id + 1,
            last_id=newer.last_id,
            bids=self._rows(_moved(older.bids, newer.bids, sign=-1)),
            asks=self._rows(_moved(older.asks, newer.asks, sign=1)),
        )

    def rows_at(
        self, bid_ranks: Iterable[int], ask_ranks: Iterable[int]
    ) -> tuple[list[LevelText], list[LevelText]]:
        """The present rows of the levels that a log has noted, in the order given."""
        return self._rows(self._bids.at(bid_ranks)), self._rows(self._asks.at(ask_ranks))

    def _rows(self, levels: Iterable[_Level]) -> list[LevelText]:
        price_decimals = self.instrument.price_decimals
        amount_decimals = self.instrument.amount_decimals
        return [
            (text_of(price, price_decimals), text_of(amount, amount_decimals)) for price, amount in levels
        ]


def _moved(older: Iterable[_Level], newer: Iterable[_Level], *, sign: int) -> list[_Level]:
    before, after = dict(older), dict(newer)
    moved = {price: amount for price, amount in after.items() if before.get(price) != amount}
    moved |= {price: 0 for price in before if price not in after}
    return sorted(moved.items(), key=lambda level: sign * level[0])
