"""The rule that keeps one book honest: what each frame is worth, and what to do when one is missing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum

from msgspec.structs import replace

from venuekit import errors
from venuekit.model.book import BookDiff, BookSnapshot, BookStatus
from venuekit.protocol.book_feed import BookFeed, Sequencing, SnapshotSource
from venuekit.protocol.frozen import Frozen
from venuekit.state.order_book import OrderBook

__all__ = ["ConnectionSequence", "OrderBookKeeper", "Remedy", "Trouble", "Verdict", "VerdictKind"]

# A feed of 10 ms for 100 s; older differences are covered by any snapshot that can still arrive.
_BUFFERED = 10_000


class VerdictKind(Enum):
    """What a frame was worth."""

    APPLIED = "applied"
    STALE = "stale"
    """Older than the book, or repeated: dropped."""
    WAITING = "waiting"
    """Kept until a snapshot joins it."""
    GAP = "gap"
    """The book is no longer known; `Verdict.trouble` says why."""


class Remedy(Enum):
    """What brings the book back."""

    NONE = "none"
    SNAPSHOT = "ask for a snapshot"
    RESUBSCRIBE = "subscribe anew"


class Trouble(Enum):
    """Why a book is not known."""

    MISSING = "a difference is missing"
    CROSSED = "the book crossed"
    CHECKSUM = "the checksum differs"
    UNREADABLE = "a frame could not be read"
    EXPIRED = "the price left the vouched range"
    TOO_OLD = "the snapshot is older than the first difference"
    DISCONNECTED = "the connection was lost"
    SILENT = "the stream is silent and the book has moved on"
    UNCHECKED = "the stream is silent and the venue could not be asked"
    ASKED = "a new start was asked for"


class Verdict(Frozen):
    """What a frame did: `applied` and `stale` count differences, buffered ones included."""

    kind: VerdictKind
    remedy: Remedy = Remedy.NONE
    trouble: Trouble | None = None
    applied: int = 0
    stale: int = 0


_APPLIED = Verdict(kind=VerdictKind.APPLIED, applied=1)
_STALE = Verdict(kind=VerdictKind.STALE, stale=1)
_WAITING = Verdict(kind=VerdictKind.WAITING)

_REMEDIES = {
    SnapshotSource.REST: Remedy.SNAPSHOT,
    SnapshotSource.STREAM: Remedy.RESUBSCRIBE,
    SnapshotSource.ONLY: Remedy.NONE,
}


class _Fit(Enum):
    NEXT = "next"
    OLD = "old"
    GAP = "gap"


def _range(diff: BookDiff, last: int, *, is_first: bool) -> _Fit:  # noqa: ARG001 - one signature for the table
    if _last(diff) <= last:
        return _Fit.OLD
    return _Fit.NEXT if _first(diff) <= last + 1 else _Fit.GAP


def _chain(diff: BookDiff, last: int, *, is_first: bool) -> _Fit:
    if diff.previous_update_id == last:
        # Whatever its own id: a venue that starts its count anew says so by naming its predecessor.
        return _Fit.NEXT
    if is_first and _first(diff) <= last <= _last(diff):
        # After a snapshot the ids overlap: U <= lastUpdateId <= u, and u == lastUpdateId is legal.
        return _Fit.NEXT
    return _Fit.OLD if _last(diff) <= last else _Fit.GAP


def _next(diff: BookDiff, last: int, *, is_first: bool) -> _Fit:  # noqa: ARG001
    if _last(diff) <= last:
        return _Fit.OLD
    return _Fit.NEXT if _last(diff) == last + 1 else _Fit.GAP


def _increasing(diff: BookDiff, last: int, *, is_first: bool) -> _Fit:  # noqa: ARG001
    return _Fit.NEXT if _last(diff) > last else _Fit.OLD


def _arrival(diff: BookDiff, last: int, *, is_first: bool) -> _Fit:  # noqa: ARG001
    return _Fit.NEXT


_RULES: dict[Sequencing, Callable[..., _Fit]] = {
    Sequencing.RANGE: _range,
    Sequencing.CHAIN: _chain,
    Sequencing.NEXT: _next,
    Sequencing.INCREASING: _increasing,
    Sequencing.ARRIVAL: _arrival,
}


def _last(diff: BookDiff) -> int:
    return -1 if diff.last_update_id is None else diff.last_update_id


def _first(diff: BookDiff) -> int:
    return _last(diff) if diff.first_update_id is None else diff.first_update_id


class OrderBookKeeper:
    """Feeds one book by the venue's rule and says after each frame what it was worth.

    `watch`, where set, is called after each applied difference, buffered ones included. Counters:
    `applied` and `stale` differences, `gaps` (missing ones only), `resyncs` (any trouble), `corrections`
    (levels that a later snapshot found wrong in a LIVE book: should stay zero). `is_joined` says whether a
    difference was applied since the last snapshot.
    """

    def __init__(self, book: OrderBook, feed: BookFeed) -> None:
        self.book = book
        self.feed = feed
        self.watch: Callable[[BookDiff], None] | None = None
        self.applied = 0
        self.stale = 0
        self.gaps = 0
        self.resyncs = 0
        self.corrections = 0
        self._rule = _RULES[feed.rule]
        self._remedy = _REMEDIES[feed.snapshot]
        self._expired = Verdict(
            kind=VerdictKind.APPLIED, remedy=self._remedy, trouble=Trouble.EXPIRED, applied=1
        )
        self._waiting: deque[BookDiff] = deque(maxlen=_BUFFERED)
        self._retained: deque[BookDiff] | None = None
        self._shadow: OrderBookKeeper | None = None
        self.is_joined = False
        self._is_by_arrival = feed.rule is Sequencing.ARRIVAL
        self._arrivals = 0

    @property
    def status(self) -> BookStatus:
        """The book's status."""
        return self.book.status

    @property
    def buffered(self) -> int:
        """How many differences wait for a snapshot."""
        return len(self._waiting)

    def feed_frame(self, frame: BookSnapshot | BookDiff, now: float) -> Verdict:
        """Take a frame of either kind; `now` in seconds of the clock that ages are measured with."""
        return self.feed_diff(frame, now) if isinstance(frame, BookDiff) else self.feed_snapshot(frame, now)

    def feed_diff(self, diff: BookDiff, now: float) -> Verdict:
        """Take a difference."""
        if self._is_by_arrival:
            diff = replace(diff, last_update_id=self._arrive())
        if self.book.status is not BookStatus.LIVE:
            self._waiting.append(diff)
            return _WAITING
        known = self.book.update_id
        fit = self._rule(diff, -1 if known is None else known, is_first=not self.is_joined)
        if fit is _Fit.OLD:
            self.stale += 1
            return _STALE
        if fit is _Fit.GAP:
            return self._lose(diff, Trouble.MISSING)
        trouble = self._apply(diff, now)
        if trouble is not None:
            return self._lose(None, trouble)
        return self._expired if self.book.is_expired else _APPLIED

    def feed_snapshot(self, snapshot: BookSnapshot, now: float) -> Verdict:
        """Take a snapshot from wherever it came."""
        if self._is_by_arrival:
            return self._replace(replace(snapshot, update_id=self._arrive()), now)
        if self.feed.snapshot is not SnapshotSource.REST:
            return self._replace(snapshot, now)
        if self.book.status is BookStatus.LIVE:
            return self._correct(snapshot, now)
        return self._join(snapshot, now)

    def expect_snapshot(self) -> None:
        """Keep what is applied from now on, so that a snapshot of a LIVE book can be joined to it."""
        if self._retained is None:
            self._retained = deque(maxlen=_BUFFERED)

    def forget_snapshot(self) -> None:
        """The expected snapshot will not come."""
        self._retained = None

    def lose(self, trouble: Trouble) -> Verdict:
        """The world says that the book is not known: `DISCONNECTED`, `SILENT` and `UNCHECKED` make it STALE.

        What waits for a snapshot is dropped: it came before whatever went wrong.
        """
        self._waiting.clear()
        return self._lose(None, trouble)

    def restart(self) -> Remedy:
        """A new connection feeds the book: what was buffered from the old one is dropped."""
        self._waiting.clear()
        if self.book.status is not BookStatus.SYNCING:
            self._set(BookStatus.RESYNCING, "connected again")
        return self._remedy

    @property
    def is_comparing(self) -> bool:
        """Whether a newer snapshot waits for the book to reach its id."""
        return self._shadow is not None

    @property
    def known_id(self) -> int:
        """The venue's id of the book's last state, -1 where there is none."""
        return -1 if self.book.update_id is None else self.book.update_id

    def _arrive(self) -> int:
        self._arrivals += 1
        return self._arrivals

    def _apply(self, diff: BookDiff, now: float) -> Trouble | None:
        book = self.book
        try:
            book.apply_diffs(diff.bids, diff.asks, diff.last_update_id)
        except errors.BadAnswer:
            return Trouble.UNREADABLE
        if self.feed.kept_depth is not None:
            book.cut(self.feed.kept_depth)
        book.updated_at = now
        self.is_joined = True
        self.applied += 1
        trouble = self._contradiction(diff.checksum)
        if trouble is not None:
            # Before the second book may take over: it would make the contradiction disappear without a word.
            return trouble
        if self._retained is not None:
            self._retained.append(diff)
        if self._shadow is not None:
            self._feed_shadow(diff, now)
        if self.watch is not None:
            self.watch(diff)
        return None

    def _contradiction(self, checksum: int | None) -> Trouble | None:
        book = self.book
        if book.is_crossed:
            return Trouble.CROSSED
        if checksum is not None and self.feed.checksum is not None:
            bids, asks = book.as_is.texts(self.feed.checksum_depth)
            if self.feed.checksum(bids, asks) != checksum:
                return Trouble.CHECKSUM
        return None

    def _load(self, snapshot: BookSnapshot, now: float) -> Trouble | None:
        depth = None if self.feed.kept_depth is not None else snapshot.depth
        try:
            self.book.apply_snapshot(snapshot.bids, snapshot.asks, snapshot.update_id, depth)
        except errors.BadAnswer:
            return Trouble.UNREADABLE
        self.book.updated_at = now
        self.is_joined = False
        self._retained = self._shadow = None
        return self._contradiction(snapshot.checksum)

    def _replace(self, snapshot: BookSnapshot, now: float) -> Verdict:
        """A snapshot in the stream: it is the book, whatever its id, and all before it is old."""
        old = len(self._waiting)
        self._waiting.clear()
        self.stale += old
        trouble = self._load(snapshot, now)
        if trouble is not None:
            return self._lose(None, trouble, stale=old)
        return Verdict(kind=VerdictKind.APPLIED, stale=old)

    def _join(self, snapshot: BookSnapshot, now: float) -> Verdict:
        """A snapshot asked for: join it to the differences that came meanwhile."""
        known = -1 if snapshot.update_id is None else snapshot.update_id
        usable = next(
            (
                fit
                for diff in self._waiting
                if (fit := self._rule(diff, known, is_first=True)) is not _Fit.OLD
            ),
            _Fit.NEXT,
        )
        if usable is _Fit.GAP:
            return Verdict(kind=VerdictKind.WAITING, remedy=self._remedy, trouble=Trouble.TOO_OLD)
        trouble = self._load(snapshot, now)
        if trouble is not None:
            return self._lose(None, trouble)
        return self._drain(now)

    def _drain(self, now: float) -> Verdict:
        """Apply what waited; at a gap the rest goes on waiting."""
        applied = stale = 0
        while self._waiting:
            verdict = self.feed_diff(self._waiting.popleft(), now)
            applied += verdict.applied
            stale += verdict.stale
            if verdict.kind is VerdictKind.GAP:
                return Verdict(
                    kind=VerdictKind.GAP,
                    remedy=verdict.remedy,
                    trouble=verdict.trouble,
                    applied=applied,
                    stale=stale,
                )
        if self.book.is_expired:
            return replace(self._expired, applied=applied, stale=stale)
        return Verdict(kind=VerdictKind.APPLIED, applied=applied, stale=stale)

    def _correct(self, snapshot: BookSnapshot, now: float) -> Verdict:
        """A snapshot of a LIVE book: synchronise a second book from it beside this one.

        At the first id that both have they are compared, and the second, which vouches as deep as its
        snapshot, takes over. Where the retained differences do not reach that far, nothing can be said.
        """
        retained, self._retained = self._retained, None
        shadow = OrderBookKeeper(OrderBook(self.book.trading_pair), self.feed)
        if shadow.feed_snapshot(snapshot, now).kind is VerdictKind.GAP:
            return Verdict(kind=VerdictKind.STALE, trouble=Trouble.UNREADABLE)
        for diff in retained or ():
            if shadow.feed_diff(diff, now).kind is VerdictKind.GAP:
                return Verdict(kind=VerdictKind.STALE, trouble=Trouble.TOO_OLD)
        if shadow.known_id < self.known_id:
            return Verdict(kind=VerdictKind.STALE, trouble=Trouble.TOO_OLD)
        self._shadow = shadow
        return Verdict(kind=VerdictKind.APPLIED) if self._compare() else _WAITING

    def _compare(self) -> bool:
        """Whether the second book has met this one; then it has taken over."""
        shadow = self._shadow
        if shadow is None or shadow.known_id != self.known_id:
            return False
        self.corrections += self.book.differences(shadow.book)
        self.book.adopt(shadow.book)
        self.is_joined = shadow.is_joined
        self._shadow = None
        return True

    def _feed_shadow(self, diff: BookDiff, now: float) -> None:
        if self._shadow is not None and self._shadow.feed_diff(diff, now).kind is VerdictKind.GAP:
            self._shadow = None
        self._compare()

    def _lose(self, diff: BookDiff | None, trouble: Trouble, *, stale: int = 0) -> Verdict:
        if diff is not None:
            self._waiting.appendleft(diff)
        if trouble is Trouble.MISSING:
            self.gaps += 1
        self._retained = self._shadow = None
        if self.book.status is BookStatus.LIVE or trouble is not Trouble.DISCONNECTED:
            self.resyncs += 1
        is_stale = trouble in (Trouble.DISCONNECTED, Trouble.SILENT, Trouble.UNCHECKED)
        if self.book.status is not BookStatus.SYNCING or not is_stale:
            self._set(BookStatus.STALE if is_stale else BookStatus.RESYNCING, trouble.value)
        return Verdict(kind=VerdictKind.GAP, remedy=self._remedy, trouble=trouble, stale=stale)

    def _set(self, status: BookStatus, reason: str) -> None:
        self.book.status = status
        self.book.reason = reason


class ConnectionSequence:
    """The sequence of a whole connection, for feeds of `SequenceScope.CONNECTION`.

    `feed` says whether a frame is missing: then every book of the connection is.
    """

    def __init__(self) -> None:
        self._last: int | None = None

    def feed(self, number: int) -> bool:
        """Whether this number does not follow the last one."""
        has_gap = self._last is not None and number != self._last + 1
        self._last = number
        return has_gap

    def restart(self) -> None:
        """A new connection counts anew."""
        self._last = None
