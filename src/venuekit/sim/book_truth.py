"""One market as it really is: its book at every id that somebody may still stand at, and its trades."""

from __future__ import annotations

from collections import deque

from venuekit.emulator.market import Market, Snapshot
from venuekit.emulator.step import LevelChange, MarketStep, MarketTrade
from venuekit.emulator.venue_book import VenueBook

__all__ = ["BookTruth"]

_AHEAD = 20_000
"""Steps that are kept for a reader who is behind."""
_TRADES = 20_000


class BookTruth:
    """A twin of the venue's book that follows whoever reads it, some steps behind the venue.

    `trades` are the public trades by id. Ids are those of the venue's book; where a venue numbers what it
    tells each reader, they say nothing.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.trades: dict[int, MarketTrade] = {trade.trade_id: trade for trade in market.trades}
        self._ahead: deque[MarketStep] = deque()
        self._twin = market.book.copy()
        market.listen(self._note)

    @property
    def last_id(self) -> int:
        """The id of the venue's book now."""
        return self.market.book.last_id

    def at(self, update_id: int) -> VenueBook | None:
        """The venue's book as it was at an id; None: it is not remembered, or no step ended there."""
        twin, ahead = self._twin, self._ahead
        if update_id < twin.last_id:
            return self._before(update_id)
        while ahead and ahead[0].last_id <= update_id:
            twin.apply(ahead.popleft())
        return twin if twin.last_id == update_id else None

    def next_id(self, update_id: int) -> int | None:
        """The id of the first state after that of `update_id`; None: there is none, or nobody remembers."""
        if self.at(update_id) is not self._twin:
            return None
        return next((step.last_id for step in self._ahead if step.last_id > update_id), None)

    def missing_since(self, update_id: int) -> float | None:
        """When the venue's book went on from an id, in seconds of its machine; None: it did not."""
        self.at(update_id)
        return next((step.time for step in self._ahead if step.last_id > update_id), None)

    def _note(self, step: MarketStep) -> None:
        for trade in step.trades:
            self.trades[trade.trade_id] = trade
        while len(self.trades) > _TRADES:
            del self.trades[next(iter(self.trades))]
        if step.changes:  # or else there were trades alone
            self._ahead.append(step)
            if len(self._ahead) > _AHEAD:
                self._twin.apply(self._ahead.popleft())

    def _before(self, update_id: int) -> VenueBook | None:
        """A book older than the twin, made again from the venue's own past: seldom, and slow."""
        snapshot = self.market.snapshot_before(self.market.book.last_id - update_id)
        if snapshot.last_id != update_id:
            return None
        return _rebuilt(self.market, snapshot)


def _rebuilt(market: Market, snapshot: Snapshot) -> VenueBook:
    book = VenueBook(market.instrument)
    changes = tuple(
        LevelChange(is_bid=is_bid, price=price, amount=amount)
        for is_bid, levels in ((True, snapshot.bids), (False, snapshot.asks))
        for price, amount in levels
    )
    step = MarketStep(time=0.0, first_id=snapshot.last_id, last_id=snapshot.last_id, changes=changes)
    book.apply(step)
    return book
