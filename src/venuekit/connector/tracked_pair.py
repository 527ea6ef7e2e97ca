"""What a tracker knows of one pair, and what is to be done for it next."""

from __future__ import annotations

import asyncio
import math
from enum import Enum

from venuekit.model.book import BookStatus
from venuekit.model.market import PublicTrade
from venuekit.protocol.book_feed import BookFeed, SnapshotSource
from venuekit.protocol.frozen import Frozen
from venuekit.seams.fault_point import FaultPoint, strikes
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import OrderBookKeeper

__all__ = ["Chore", "TrackedPair", "TrackerPolicy"]

# Trades of two connections that overlap for a second: more than any market has had in one.
_REMEMBERED_TRADES = 4096
# A moving price uses up what a snapshot vouches for in minutes, in a rush in seconds.
_LOOK_SECONDS = 1.0


class Chore(Enum):
    """What a pair may need."""

    SYNC = "synchronise"
    RESUBSCRIBE = "subscribe anew"
    DEEPEN = "deepen"
    CORRECT = "correct"
    CHECK = "check a silent stream"


class TrackerPolicy(Frozen):
    """How eagerly books are looked after; times in seconds.

    `depth` is the snapshot size that LIVE books are deepened to (None: the feed's second size, some 1,000
    levels). `correct_every` is the period of the snapshot that corrects the book. A book without a frame
    for `suspect_after` is checked by REST; a difference may take `catch_up` to follow a newer snapshot.
    Spare budget is what is left below `spare_share` of each rate pool. When fewer than `thin_share` of the
    asked levels are still vouched for, a fresh snapshot is taken. A book that comes in the stream and is
    not there after `patience` is subscribed to anew. Where no trade was heard for `quiet_trades_after` the
    last price is asked for. A subscription that was refused is asked for again after `refused_again`.
    """

    depth: int | None = None
    correct_every: float = 1800.0
    suspect_after: float = 20.0
    catch_up: float = 3.0
    longest_check: float = 300.0
    spare_share: float = 0.5
    thin_share: float = 0.3
    patience: float = 5.0
    quiet_trades_after: float = 180.0
    refused_again: float = 30.0


class TrackedPair:
    """One pair: its book and keeper, its subscription, and when its next chore is due.

    Times are monotonic seconds. `asked_depth` is the size of the snapshot that the book stands on.
    `silences` counts how often in a row the stream was found silent while the market moved, `losses` how
    often the book had to begin anew: what was asked for before does not help it.
    """

    def __init__(self, trading_pair: str, feed: BookFeed, policy: TrackerPolicy) -> None:
        self.trading_pair = trading_pair
        self.book = OrderBook(trading_pair)
        self.keeper = OrderBookKeeper(self.book, feed)
        self.wake = asyncio.Event()
        self.is_subscribed = False
        self.subscribed_at = 0.0
        self.asked_depth = 0
        self.synced_at = -math.inf
        self.heard_at = -math.inf
        self.checked_at = -math.inf
        self.checks = 0
        self.silences = 0
        self.losses = 0
        self.postponed_until = -math.inf
        self.retry_at = -math.inf
        self.attempts = 0
        self.trouble = ""
        self.traded_at = -math.inf
        self.trades = 0
        self._policy = policy
        self._feed = feed
        self._looked_at = -math.inf
        self._last_trade_number = -1
        self._last_trade_time = -math.inf
        self._recent_trades: dict[int | str, None] = {}

    @property
    def wanted_depth(self) -> int:
        """The snapshot size that the book is deepened to."""
        depths = self._feed.depths
        if self._policy.depth is not None:
            return next((depth for depth in depths if depth >= self._policy.depth), depths[-1])
        return depths[1] if len(depths) > 1 else depths[0]

    def is_new_trade(self, trade: PublicTrade) -> bool:
        """Whether this trade was not heard before; while two connections overlap each comes twice.

        Ids that are numbers rise. Of others the last few are remembered, and one that is older than the
        last trade is not new: a pair that was followed again during a move would hear its past.
        """
        trade_id = trade.trade_id
        if isinstance(trade_id, int):
            if trade_id <= self._last_trade_number:
                return False
            self._last_trade_number = trade_id
            return True
        if trade_id in self._recent_trades or trade.timestamp < self._last_trade_time:
            return False
        self._last_trade_time = trade.timestamp
        self._recent_trades[trade_id] = None
        if len(self._recent_trades) > _REMEMBERED_TRADES:
            del self._recent_trades[next(iter(self._recent_trades))]
        return True

    def next_chore(self, now: float) -> tuple[float, Chore]:
        """The most pressing chore and the moment it is due (infinity: nothing to do until woken)."""
        if not self.is_subscribed:
            return math.inf, Chore.SYNC
        if self._feed.snapshot is SnapshotSource.REST:
            due, chore = self._chore_with_rest(now)
        else:
            due, chore = self._chore_with_stream()
        return max(due, self.retry_at), chore

    def _chore_with_rest(self, now: float) -> tuple[float, Chore]:
        if self.book.status is not BookStatus.LIVE:
            return now, Chore.SYNC
        chores = [self._check(), self._when_spare(self.synced_at + self._policy.correct_every, Chore.CORRECT)]
        if strikes(FaultPoint.SNAPSHOT_ANEW):
            chores.append(self._when_spare(now, Chore.CORRECT))
        if self.book.is_expired:
            chores.append((now, Chore.DEEPEN))
        elif self.asked_depth < self.wanted_depth or self._is_thin():
            chores.append(self._when_spare(now, Chore.DEEPEN))
        return min(chores, key=_due)

    def _when_spare(self, due: float, chore: Chore) -> tuple[float, Chore]:
        """A chore that can wait for spare budget, and must not keep the others from being done."""
        return max(due, self.postponed_until), chore

    def _chore_with_stream(self) -> tuple[float, Chore]:
        if self.book.status is not BookStatus.LIVE:
            return self.subscribed_at + self._policy.patience, Chore.RESUBSCRIBE
        return min(self._check(), (self.synced_at + self._policy.correct_every, Chore.RESUBSCRIBE), key=_due)

    def heard(self, now: float) -> None:
        """The book's channel spoke."""
        self.heard_at = now
        self.checks = self.silences = 0
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            if self.book.status is BookStatus.LIVE and self._is_thin():
                self.wake.set()

    def _check(self) -> tuple[float, Chore]:
        # A quiet market is asked less and less often, until it speaks again.
        # Bounded, so that it stays a float for a pair that is quiet for days.
        patience = self._policy.suspect_after * 2.0 ** min(self.checks, 64)
        patience = min(patience, self._policy.longest_check)
        return max(self.heard_at, self.checked_at) + patience, Chore.CHECK

    def is_unchecked(self, now: float) -> bool:
        """Whether neither stream nor venue has vouched for the book for twice as long as makes it suspect."""
        return now - max(self.heard_at, self.checked_at) >= 2 * self._policy.suspect_after

    def _is_thin(self) -> bool:
        """Whether the price has moved so far that little of the snapshot's range is left on one side."""
        if self.keeper.is_comparing:
            return False
        floor = self.asked_depth * self._policy.thin_share
        return any(
            side.horizon is not None and side.vouched < floor for side in (self.book.bids, self.book.asks)
        )

    def synced(self, now: float, depth: int, *, begins: bool = True) -> None:
        """A snapshot has been joined; the book `begins` with it, or was live before.

        Only a book that begins counts as heard of: whether the stream of one that was live still speaks is
        not told by an answer to a question.
        """
        self.synced_at = now
        if begins:
            self.heard_at = now
        self.asked_depth = depth
        self.attempts = 0
        self.trouble = ""

    def failed(self, now: float, why: str, wait: float) -> None:
        """A chore did not work out: again after `wait` seconds."""
        self.attempts += 1
        self.trouble = why
        self.retry_at = now + wait


def _due(chore: tuple[float, Chore]) -> float:
    return chore[0]
