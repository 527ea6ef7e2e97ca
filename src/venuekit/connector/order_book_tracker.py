"""Keeps the books of many pairs: subscribes, synchronises, checks, and brings back each one by itself."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from venuekit import errors
from venuekit.connector.order_book_data_source import OrderBookTrackerDataSource
from venuekit.connector.stream_seat import StreamSeat
from venuekit.connector.supervision import Supervisor, publish
from venuekit.connector.tracked_pair import Chore, TrackedPair, TrackerPolicy
from venuekit.model.book import BookDiff, BookSnapshot, BookStatus
from venuekit.model.events import BookStatusEvent, OrderBookTradeEvent
from venuekit.model.market import FundingInfoUpdate, MarketFrame, PublicTrade, Ticker
from venuekit.protocol.book_feed import Sequencing, SnapshotSource
from venuekit.protocol.stream import Channel
from venuekit.seams.chance import Chance
from venuekit.seams.clock import Clock
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import Remedy, Trouble, Verdict, VerdictKind
from venuekit.web.backoff import Backoff
from venuekit.web.stream import StreamServices
from venuekit.web.waiting import first_of

__all__ = ["OrderBookTracker", "TrackerEvent"]

TrackerEvent = BookStatusEvent | OrderBookTradeEvent | FundingInfoUpdate | Ticker | BookSnapshot | BookDiff

log = logging.getLogger("venuekit")

_TRADE_CHECK_SECONDS = 15.0


class OrderBookTracker:
    """The books of a connector's pairs, each with a task of its own, over as few streams as will do.

    `publish` is handed status changes, trades, funding, tickers, and the applied book frames. Counters:
    `frames` heard, `unreadable` ones, and those of each pair's keeper.
    """

    def __init__(
        self,
        data_source: OrderBookTrackerDataSource,
        trading_pairs: Sequence[str],
        *,
        ws_url: str,
        services: StreamServices,
        supervisor: Supervisor,
        publish: Callable[[TrackerEvent], None],
        policy: TrackerPolicy | None = None,
        capture: Callable[[bytes, float], None] | None = None,
    ) -> None:
        self.data_source = data_source
        self.frames = 0
        self.unreadable = 0
        self.policy = policy or TrackerPolicy()
        self._ws_url = ws_url.rstrip("/")
        self._services = services
        self._clock: Clock = services.clock
        self._chance: Chance = services.chance
        self._backoff = Backoff(first=0.25, longest=30.0)
        self._supervisor = supervisor
        self._publish = publish
        self._capture = capture
        self._tracked: dict[str, TrackedPair] = {}
        self._owners: dict[Channel, tuple[str, bool]] = {}
        self._seats: dict[str, list[StreamSeat]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._pairs = list(trading_pairs)

    @property
    def trading_pairs(self) -> tuple[str, ...]:
        """The pairs that are followed."""
        return tuple(self._pairs)

    @property
    def order_books(self) -> dict[str, OrderBook]:
        """Pair to book, live or not."""
        return {pair: tracked.book for pair, tracked in self._tracked.items()}

    @property
    def tracked(self) -> dict[str, TrackedPair]:
        """Pair to everything known of it: for health and metrics."""
        return dict(self._tracked)

    @property
    def seats(self) -> tuple[StreamSeat, ...]:
        """The streams, for health and metrics."""
        return tuple(seat for seats in self._seats.values() for seat in seats)

    @property
    def ready(self) -> bool:
        """Whether every book is live."""
        return len(self._tracked) == len(self._pairs) and all(
            tracked.book.is_live for tracked in self._tracked.values()
        )

    def start(self) -> None:
        """Begin to follow the pairs; the supervisor's group owns the tasks."""
        for pair in self._pairs:
            self._follow(pair)
        every = min(_TRADE_CHECK_SECONDS, self.policy.quiet_trades_after)
        self._supervisor.repeat("trade streams", self._check_trades, lambda: every)

    def add_trading_pair(self, trading_pair: str) -> bool:
        """Follow one more pair; False if it is followed already.

        Raises:
            errors.UnknownPair: the venue lists no such pair.
            errors.NotReady: the connector is not started, or stopped.
        """
        if trading_pair in self._tracked:
            return False
        self.data_source.symbols.symbol(trading_pair)
        if not self._supervisor.is_running:
            raise errors.NotReady(f"{trading_pair} cannot be followed: the connector is not running")
        self._pairs.append(trading_pair)
        self._follow(trading_pair)
        return True

    async def remove_trading_pair(self, trading_pair: str) -> bool:
        """Stop following a pair; False if it was not followed."""
        tracked = self._tracked.pop(trading_pair, None)
        if tracked is None:
            return False
        self._pairs.remove(trading_pair)
        for channel in self.data_source.channels(trading_pair):
            self._owners.pop(channel, None)
            for seat in self._seats.get(channel.route, ()):
                seat.stream.unsubscribe([channel])
        task = self._tasks.pop(trading_pair)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._supervisor.forget(f"book {trading_pair}")
        return True

    def resync(self, trading_pair: str) -> None:
        """Begin one book anew; the others do not notice.

        Raises:
            errors.UnknownPair: the pair is not followed.
        """
        tracked = self._tracked.get(trading_pair)
        if tracked is None:
            raise errors.UnknownPair(f"{trading_pair} is not followed; add_trading_pair() follows it")
        self._lose(tracked, Trouble.ASKED)

    # What the streams say.

    def heard(self, frame: MarketFrame, received: float) -> None:
        """A frame of a stream, at `received` (monotonic seconds)."""
        self.frames += 1
        if isinstance(frame, BookDiff | BookSnapshot):
            self._heard_book(frame, received)
        elif isinstance(frame, PublicTrade):
            self._heard_trade(frame, received)
        elif isinstance(frame, FundingInfoUpdate | Ticker):
            self._publish(frame)

    def _heard_book(self, frame: BookDiff | BookSnapshot, received: float) -> None:
        tracked = self._tracked.get(frame.trading_pair)
        if tracked is None:
            return
        tracked.heard(received)
        before = tracked.book.status
        verdict = tracked.keeper.feed_frame(frame, received)
        if verdict.kind is VerdictKind.APPLIED:
            self._publish(frame)
        if isinstance(frame, BookSnapshot) and verdict.kind is VerdictKind.APPLIED:
            tracked.synced(received, self.data_source.book_feed.kept_depth or 0)
        if tracked.book.status is not before or verdict.remedy is not Remedy.NONE:
            self._changed(tracked, before, verdict)

    def _heard_trade(self, trade: PublicTrade, received: float) -> None:
        tracked = self._tracked.get(trade.trading_pair)
        if tracked is None or not tracked.is_new_trade(trade):
            return
        tracked.traded_at = received
        tracked.trades += 1
        event = OrderBookTradeEvent(
            trade.trading_pair, trade.timestamp, trade.trade_type, trade.price, trade.amount, trade.trade_id
        )
        tracked.book.apply_trade(event, received)
        self._publish(event)

    def subscribed(self, channels: Sequence[Channel]) -> None:
        """The venue took these subscriptions on a fresh connection."""
        now = self._clock.monotonic()
        for tracked in self._books(channels):
            tracked.is_subscribed = True
            tracked.subscribed_at = now
            if tracked.book.status is BookStatus.STALE:
                tracked.keeper.restart()
                self._announce(tracked)
            tracked.wake.set()

    def lost(self, channels: Iterable[Channel], why: str) -> None:
        """Nothing feeds these channels any more."""
        for tracked in self._books(channels):
            tracked.is_subscribed = False
            tracked.trouble = why
            self._lose(tracked, Trouble.DISCONNECTED)

    def refused(self, channel: Channel, refusal: errors.SubscriptionRefused) -> None:
        """The venue did not take one subscription: ask again later, in case it was out of its mind."""
        pair, is_book = self._owners.get(channel, ("", False))
        log.warning("%s: subscription to %s refused: %s", pair, channel.name, refusal)
        tracked = self._tracked.get(pair)
        if tracked is not None and is_book:
            tracked.is_subscribed = False
            self._lose(tracked, Trouble.DISCONNECTED)
            tracked.trouble = f"subscription refused: {refusal}"
        if tracked is not None:
            self._supervisor.later(self.policy.refused_again, lambda: self._resubscribe(channel))

    def _resubscribe(self, channel: Channel) -> None:
        for seat in self._seats.get(channel.route, ()):
            seat.stream.resubscribe([channel])

    def unreadable_frame(self, channels: Sequence[Channel], frame: bytes, why: str) -> None:
        """A frame could not be read. Numbered books will see the gap; the others must begin anew."""
        self.unreadable += 1
        log.warning("a frame could not be read (%s): %r", why, frame[:120])
        if self.data_source.book_feed.rule in (Sequencing.INCREASING, Sequencing.ARRIVAL):
            self.broken(channels)
        for tracked in self._books(channels):
            # If it was a quiet book's last word, no later difference will show the gap for long.
            tracked.checks = 0
            tracked.wake.set()

    def broken(self, channels: Sequence[Channel]) -> None:
        """A frame is missing and nobody knows of which book: all of the connection begin anew."""
        for tracked in self._books(channels):
            self._lose(tracked, Trouble.MISSING)

    def captured(self, frame: bytes, received: float) -> None:
        """Raw bytes of a stream, for recorders."""
        capture = self._capture
        if capture is not None:
            publish((lambda data: capture(data, received),), frame, self._recorder_died)

    def _recorder_died(self, error: Exception) -> None:
        """A recorder that failed is not called again: what it missed, no later call brings back."""
        self._capture = None
        self._supervisor.health_of("recorder").failed(error)

    # What is done for each book.

    def _follow(self, trading_pair: str) -> None:
        tracked = self._tracked[trading_pair] = TrackedPair(
            trading_pair, self.data_source.book_feed, self.policy
        )
        book_channel = self.data_source.book_channel(trading_pair)
        for channel in self.data_source.channels(trading_pair):
            self._owners[channel] = (trading_pair, channel == book_channel)
            self._seat(channel.route).stream.subscribe([channel])
        self._tasks[trading_pair] = self._supervisor.run(f"book {trading_pair}", lambda: self._tend(tracked))

    def _seat(self, route: str) -> StreamSeat:
        seats = self._seats.setdefault(route, [])
        for seat in seats:
            if seat.stream.room > 0:
                return seat
        seat = StreamSeat(self, f"{self._ws_url}{route}", self._services)
        seats.append(seat)
        self._supervisor.run(f"stream {route} {len(seats)}", seat.stream.run)
        return seat

    async def _tend(self, tracked: TrackedPair) -> None:
        while True:
            now = self._clock.monotonic()
            due, chore = tracked.next_chore(now)
            if due > now:
                await self._until(tracked, due - now)
                continue
            try:
                await self._do(chore, tracked)
            except (errors.NotSent, errors.Refused, errors.OutcomeUnknown) as error:
                tracked.keeper.forget_snapshot()
                wait = self._backoff.wait(tracked.attempts, self._chance)
                tracked.failed(self._clock.monotonic(), str(error), wait)

    async def _until(self, tracked: TrackedPair, seconds: float) -> None:
        """Wait until a chore is due or something happened to the book."""
        tracked.wake.clear()
        if seconds == math.inf:
            await tracked.wake.wait()
        else:
            await first_of(tracked.wake.wait(), self._clock.sleep(seconds))

    async def _do(self, chore: Chore, tracked: TrackedPair) -> None:
        match chore:
            case Chore.SYNC:
                # The cheap one: a hundred books that lost their connection must all be back soon.
                await self._take_snapshot(tracked, self.data_source.book_feed.depths[0])
            case Chore.DEEPEN | Chore.CORRECT:
                if tracked.book.is_expired or self._has_spare_budget():
                    await self._take_snapshot(tracked, tracked.wanted_depth)
                else:
                    # When some of the window has passed; jitter keeps the pairs from queueing up together.
                    wait = 2.0 + 3.0 * self._chance.random()
                    tracked.postponed_until = self._clock.monotonic() + wait
            case Chore.RESUBSCRIBE:
                self._ask_for_book(tracked)
            case Chore.CHECK:
                await self._check(tracked)

    async def _take_snapshot(self, tracked: TrackedPair, depth: int) -> None:
        keeper = tracked.keeper
        if tracked.book.status is BookStatus.LIVE:
            keeper.expect_snapshot()
        losses = tracked.losses
        snapshot = await self.data_source.snapshot(tracked.trading_pair, depth)
        now = self._clock.monotonic()
        if tracked.losses != losses:
            # It may be older than what was missed meanwhile, and a quiet book would not show that for long.
            return
        before = tracked.book.status
        verdict = keeper.feed_snapshot(snapshot, now)
        useless = verdict.trouble in (Trouble.TOO_OLD, Trouble.UNREADABLE)
        if useless or verdict.kind is VerdictKind.GAP:
            why = verdict.trouble.value if verdict.trouble else "no use"
            tracked.failed(now, why, self._backoff.wait(tracked.attempts, self._chance))
        else:
            tracked.synced(now, depth, begins=before is not BookStatus.LIVE)
        if before is BookStatus.LIVE and tracked.book.status is BookStatus.LIVE:
            return
        self._changed(tracked, before, verdict)

    def _has_spare_budget(self) -> bool:
        """Whether nobody waits for a first snapshot, and the rate pools are not half used up."""
        is_waited_for = any(
            tracked.is_subscribed and not tracked.attempts and tracked.book.status is not BookStatus.LIVE
            for tracked in self._tracked.values()
        )
        return not is_waited_for and self.data_source.web.gate.fullness() < self.policy.spare_share

    def _ask_for_book(self, tracked: TrackedPair) -> None:
        """Ask the stream for a new snapshot, with more patience after each try."""
        now = self._clock.monotonic()
        wait = self.policy.patience + self._backoff.wait(tracked.attempts, self._chance)
        tracked.failed(now, tracked.trouble, wait)
        tracked.synced_at = now
        self._resubscribe(self.data_source.book_channel(tracked.trading_pair))

    async def _check(self, tracked: TrackedPair) -> None:
        """The stream is silent: is the market quiet, or is the stream dead?"""
        heard_at = tracked.heard_at
        try:
            is_behind = await (
                self._is_behind_by_id(tracked)
                if self.data_source.book_feed.snapshot is SnapshotSource.REST
                else self._is_behind_by_levels(tracked)
            )
        except (errors.NotSent, errors.Refused, errors.OutcomeUnknown):
            # No answer is no check: it is due as before, and a book is not believed for long without one.
            is_live = tracked.book.status is BookStatus.LIVE
            if is_live and tracked.heard_at == heard_at and tracked.is_unchecked(self._clock.monotonic()):
                self._wake_up(tracked, Trouble.UNCHECKED)
            raise
        tracked.checked_at = self._clock.monotonic()
        tracked.checks += 1
        if is_behind and tracked.heard_at == heard_at and tracked.book.status is BookStatus.LIVE:
            self._wake_up(tracked, Trouble.SILENT)

    def _wake_up(self, tracked: TrackedPair, trouble: Trouble) -> None:
        """Subscribe anew to a book that has gone silent, and on another connection if that did not help.

        The book is not synchronised before the venue took the new subscription: a snapshot that nothing
        follows would be believed until the next check.
        """
        channel = self.data_source.book_channel(tracked.trading_pair)
        tracked.is_subscribed = False
        tracked.checks = 0
        tracked.silences += 1
        self._lose(tracked, trouble)
        if tracked.silences == 1:
            self._resubscribe(channel)
            return
        for seat in self._seats[channel.route]:
            if channel in seat.stream.channels:
                seat.stream.move()

    async def _is_behind_by_id(self, tracked: TrackedPair) -> bool:
        depth = self.data_source.book_feed.depths[0]
        snapshot = await self.data_source.snapshot(tracked.trading_pair, depth)
        if (snapshot.update_id or 0) <= tracked.keeper.known_id:
            return False
        await self._clock.sleep(self.policy.catch_up)
        return tracked.keeper.known_id < (snapshot.update_id or 0)

    async def _is_behind_by_levels(self, tracked: TrackedPair) -> bool:
        fresh = await self.data_source.get_new_order_book(tracked.trading_pair)
        if tracked.book.differences(fresh) == 0:
            return False
        await self._clock.sleep(self.policy.catch_up)
        return tracked.book.differences(fresh) > 0

    async def _check_trades(self) -> None:
        """Where no trade was heard for long, ask for the last price; if it moved, the channel is dead."""
        now = self._clock.monotonic()
        quiet = [
            tracked
            for tracked in self._tracked.values()
            if tracked.is_subscribed
            and now - max(tracked.traded_at, tracked.subscribed_at) >= self.policy.quiet_trades_after
        ]
        if not quiet:
            return
        prices = await self._last_prices([tracked.trading_pair for tracked in quiet])
        for tracked in quiet:
            price = prices.get(tracked.trading_pair)
            if price is not None:
                self._compare_last_price(tracked, price, now)

    async def _last_prices(self, pairs: list[str]) -> dict[str, Decimal]:
        """The last prices that can be had; one symbol that is delisted sinks the whole question."""
        try:
            return await self.data_source.last_traded_prices(pairs)
        except (errors.BadSymbol, errors.BadRequest):
            if len(pairs) == 1:
                return {}
        half = len(pairs) // 2
        return {**await self._last_prices(pairs[:half]), **await self._last_prices(pairs[half:])}

    def _compare_last_price(self, tracked: TrackedPair, price: Decimal, now: float) -> None:
        if tracked.traded_at >= now:
            return  # it spoke while we asked
        known, tracked.book.last_trade_price = tracked.book.last_trade_price, price
        tracked.traded_at = now
        if known is not None and known != price:
            channel = self.data_source.trade_channel(tracked.trading_pair)
            log.warning(
                "%s: trades happened and %s did not tell; subscribing anew",
                tracked.trading_pair,
                channel.name,
            )
            self._resubscribe(channel)

    # Status.

    def _books(self, channels: Iterable[Channel]) -> list[TrackedPair]:
        """The pairs whose book channel is among these."""
        owners = [self._owners.get(channel, ("", False)) for channel in channels]
        return [self._tracked[pair] for pair, is_book in owners if is_book and pair in self._tracked]

    def _lose(self, tracked: TrackedPair, trouble: Trouble) -> None:
        before = tracked.book.status
        tracked.losses += 1
        verdict = tracked.keeper.lose(trouble)
        self._changed(tracked, before, verdict)

    def _changed(self, tracked: TrackedPair, before: BookStatus, verdict: Verdict) -> None:
        if verdict.trouble is not None:
            tracked.trouble = verdict.trouble.value
        if tracked.book.status is not before:
            self._announce(tracked)
        if verdict.remedy is Remedy.RESUBSCRIBE and tracked.is_subscribed:
            # The first try is at once; the ones after it wait their turn in `next_chore`.
            tracked.subscribed_at = self._clock.monotonic() - self.policy.patience
        tracked.wake.set()

    def _announce(self, tracked: TrackedPair) -> None:
        self._publish(
            BookStatusEvent(
                timestamp=self._clock.time(),
                trading_pair=tracked.trading_pair,
                status=tracked.book.status,
                reason=tracked.book.reason,
            )
        )
