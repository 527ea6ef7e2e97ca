"""One market as its venue keeps it: the book, the tape, and enough past to show an old book."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal

import msgspec

from venuekit.emulator.day import Day
from venuekit.emulator.market_time import MarketTime
from venuekit.emulator.step import Instrument, LevelChange, MarketSource, MarketStep, MarketTrade
from venuekit.emulator.venue_book import VenueBook
from venuekit.model.decimals import CONTEXT, decimal_of, plain
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.frozen import Frozen

__all__ = ["Aggregate", "Market", "Snapshot"]

_TAPE = 10_000
"""Trades kept for REST questions; ten times the most that a venue gives in one answer."""
_CHECKPOINT = 1_024
"""Steps between two whole copies of the book, from which old books are made again."""


class Snapshot(Frozen):
    """A book at one id, best levels first."""

    last_id: int
    bids: list[LevelText]
    asks: list[LevelText]


class Aggregate(Frozen):
    """The trades of one taker at one price; `time` in seconds of the machine's clock."""

    aggregate_id: int
    price: str
    amount: str
    first_trade_id: int
    last_trade_id: int
    time: float
    taker_is_buyer: bool


class Market:
    """A symbol that trades."""

    def __init__(self, symbol: str, source: MarketSource, time: MarketTime | None = None) -> None:
        self.symbol = symbol
        self.time = MarketTime() if time is None else time
        self.instrument: Instrument = source.instrument
        self.book = VenueBook(source.instrument)
        self.trades: deque[MarketTrade] = deque(maxlen=_TAPE)
        self.aggregates: deque[Aggregate] = deque(maxlen=_TAPE)
        self.day = Day(source.instrument.start_price)
        self.steps = 0
        self._source = source
        self._aggregates_made = 0
        self._listeners: list[Callable[[MarketStep], None]] = []
        opening = source.opening()
        self.book.apply(opening)
        # Two checkpoints and all steps since the older: the past reaches back one to two distances.
        self._checkpoints: list[Snapshot] = [self.snapshot()]
        self._past: deque[MarketStep] = deque()

    def advance(self, until: float) -> Iterator[tuple[MarketStep, list[Aggregate]]]:
        """Let the market run to the machine's moment `until`, step by step, each with its trades aggregated.

        Steps come out on the machine's time. A market that is stopped does not move.
        """
        if self.time.is_stopped:
            return
        lag = self.time.lag
        for told in self._source.until(until - lag):
            step = _later(told, lag) if lag else told
            self.book.apply(step)
            self._remember(step)
            self.trades.extend(step.trades)
            for trade in step.trades:
                self.day.add(trade)
            aggregates = list(self._aggregated(step))
            self.aggregates.extend(aggregates)
            self.steps += 1
            for listen in self._listeners:
                listen(step)
            yield step, aggregates

    def listen(self, listener: Callable[[MarketStep], None]) -> None:
        """Tell somebody of every step from now on, once the book has taken it in."""
        self._listeners.append(listener)

    def is_due(self, moment: float) -> bool:
        """Whether `advance` to this moment of the machine has steps to give."""
        return not self.time.is_stopped and self._source.next_time() <= moment - self.time.lag

    @property
    def next_moment(self) -> float:
        """When its next step comes on the machine's clock; infinity while it stands still."""
        return math.inf if self.time.is_stopped else self._source.next_time() + self.time.lag

    def snapshot(self, depth: int | None = None) -> Snapshot:
        """The book as it is."""
        last_id, bids, asks = self.book.snapshot(depth)
        return Snapshot(last_id=last_id, bids=bids, asks=asks)

    def snapshot_before(self, ids: int, depth: int | None = None) -> Snapshot:
        """The book as it was `ids` update ids ago, or as long ago as is remembered."""
        wanted = self.book.last_id - ids
        base = max(
            (point for point in self._checkpoints if point.last_id <= wanted),
            key=lambda point: point.last_id,
            default=self._checkpoints[0],
        )
        book = VenueBook(self.instrument)
        book.apply(_rebuilding(base))
        for step in self._past:
            if base.last_id < step.first_id and step.last_id <= wanted:
                book.apply(step)
        last_id, bids, asks = book.snapshot(depth)
        return Snapshot(last_id=last_id, bids=bids, asks=asks)

    @property
    def last_price(self) -> str:
        """The price of the last trade, or where the market started."""
        return self.trades[-1].price if self.trades else self.instrument.start_price

    def average_price(self, minutes: int, now: float) -> Decimal:
        """The volume-weighted average of the last minutes' trades; without any, or for 0, the last price."""
        average = self.day.average(minutes, now) if minutes else None
        return decimal_of(self.last_price) if average is None else average

    def _remember(self, step: MarketStep) -> None:
        self._past.append(step)
        if len(self._past) < _CHECKPOINT * len(self._checkpoints):
            return
        self._checkpoints = [*self._checkpoints[-1:], self.snapshot()]
        oldest = self._checkpoints[0].last_id
        while self._past and self._past[0].last_id <= oldest:
            self._past.popleft()

    def _aggregated(self, step: MarketStep) -> Iterator[Aggregate]:
        runs: list[list[MarketTrade]] = []
        for trade in step.trades:
            if runs and _is_same_taker(runs[-1][-1], trade):
                runs[-1].append(trade)
            else:
                runs.append([trade])
        for run in runs:
            self._aggregates_made += 1
            amount = decimal_of(run[0].amount)
            for trade in run[1:]:
                amount = CONTEXT.add(amount, decimal_of(trade.amount))
            yield Aggregate(
                aggregate_id=self._aggregates_made,
                price=run[0].price,
                amount=plain(amount),
                first_trade_id=run[0].trade_id,
                last_trade_id=run[-1].trade_id,
                time=run[0].time,
                taker_is_buyer=run[0].taker_is_buyer,
            )


def _is_same_taker(one: MarketTrade, other: MarketTrade) -> bool:
    return one.price == other.price and one.taker_is_buyer == other.taker_is_buyer


def _later(step: MarketStep, lag: float) -> MarketStep:
    trades = tuple(msgspec.structs.replace(trade, time=trade.time + lag) for trade in step.trades)
    return msgspec.structs.replace(step, time=step.time + lag, trades=trades)


def _rebuilding(snapshot: Snapshot) -> MarketStep:
    """One step that builds this book from nothing."""
    changes = [
        LevelChange(is_bid=is_bid, price=price, amount=amount)
        for is_bid, levels in ((True, snapshot.bids), (False, snapshot.asks))
        for price, amount in levels
    ]
    return MarketStep(time=0.0, first_id=snapshot.last_id, last_id=snapshot.last_id, changes=tuple(changes))
