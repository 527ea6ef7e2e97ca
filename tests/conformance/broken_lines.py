"""Connectors with one defect each in their lines, feeds and loops, as those of others have had them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace
from tests.conformance.broken import (
    NEVER,
    ListsWhatDoesNotTrade,
    NeverSaysThatItIsNotLive,
    ended,
    unseen,
)

from venuekit import errors
from venuekit.connector.order_book_tracker import OrderBookTracker
from venuekit.connector.tracked_pair import TrackedPair
from venuekit.model.account import OrderAnswer
from venuekit.model.book import BookDiff, BookSnapshot, BookStatus
from venuekit.model.events import BookStatusEvent, ConnectorEvent, EventTag
from venuekit.model.market import MarketFrame, PublicTrade
from venuekit.model.order import OrderState
from venuekit.protocol.book_feed import Sequencing
from venuekit.protocol.stream import SessionFrame
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.venues.binance.spot.exchange import BinanceExchange
from venuekit.venues.binance.spot.streams import BinanceOrderBookDataSource
from venuekit.web.assistant import WebAssistant
from venuekit.web.command_route import CommandRoute
from venuekit.web.departure import Leaving
from venuekit.web.transport import AiohttpTransport, WsConnection

# --- feeds


class _Unnumbered(BinanceOrderBookDataSource):
    book_feed = replace(BinanceOrderBookDataSource.book_feed, rule=Sequencing.INCREASING)


class _Careless(_Unnumbered):
    def parse(self, frame: bytes) -> Iterable[MarketFrame | SessionFrame]:
        try:
            return list(super().parse(frame))
        except (msgspec.DecodeError, ValueError):
            return ()


class PassesOverWhatItCannotRead(BinanceExchange):
    data_source_class = _Careless


class _Impatient(BinanceOrderBookDataSource):
    async def snapshot(self, trading_pair: str, depth: int) -> BookSnapshot:
        try:
            return await super().snapshot(trading_pair, depth)
        except errors.VenuekitError:
            await asyncio.sleep(90.0)
            raise


class AsksOnce(BinanceExchange):
    data_source_class = _Impatient


class _Forgetful(BinanceOrderBookDataSource):
    heard = 0

    def parse(self, frame: bytes) -> Iterable[MarketFrame | SessionFrame]:
        for said in super().parse(frame):
            self.heard += isinstance(said, PublicTrade)
            if not isinstance(said, PublicTrade) or self.heard % 3:
                yield said


class DropsEveryThirdTrade(BinanceExchange):
    data_source_class = _Forgetful


class TakesQuietForDead(BinanceExchange):
    def _make_tracker(self, web: WebAssistant) -> OrderBookTracker:
        tracker = super()._make_tracker(web)

        async def is_behind(_tracked: TrackedPair) -> bool:
            return True

        tracker._is_behind_by_id = is_behind  # type: ignore[method-assign, assignment]
        return tracker


class _Stormy(BinanceOrderBookDataSource):
    tasks: set[asyncio.Task[BookSnapshot]] = set()

    def parse(self, frame: bytes) -> Iterable[MarketFrame | SessionFrame]:
        for said in super().parse(frame):
            if isinstance(said, BookDiff):
                task = asyncio.ensure_future(self.snapshot(said.trading_pair, 100))
                self.tasks.add(task)
                task.add_done_callback(self._forget)
            yield said

    def _forget(self, task: asyncio.Task[BookSnapshot]) -> None:
        self.tasks.discard(task)
        if not task.cancelled():
            task.exception()


class AsksAtEveryDifference(BinanceExchange):
    data_source_class = _Stormy


# --- lines


class MindsNoLine(BinanceExchange):
    """Waits for acknowledgements and frames as long as it takes, and stays where it is."""

    def _make_tracker(self, web: WebAssistant) -> OrderBookTracker:
        source = self.data_source_class
        policy = replace(source.stream_policy, acknowledged_within=90.0, idle_after=90.0, lifetime=None)
        self.data_source_class = type(source.__name__, (source,), {"stream_policy": policy})  # type: ignore[misc, assignment]
        return super()._make_tracker(web)


class _Fragile(AiohttpTransport):
    """The third WebSocket is one too many for it."""

    connects = 0

    async def connect(self, url: str) -> WsConnection:
        self.connects += 1
        if self.connects >= 3:
            raise RuntimeError("the transport is closed")
        return await super().connect(url)


class FallsOverAClosedTransport(BinanceExchange):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, transport=_Fragile(), **options)


class LeavesTasksBehindEachLine(BinanceExchange):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._behind: list[asyncio.Task[None]] = []

    def tell(self, event_tag: EventTag, event: ConnectorEvent) -> None:
        if isinstance(event, BookStatusEvent) and event.status is BookStatus.STALE:
            self._behind += [asyncio.create_task(asyncio.sleep(90.0)) for _ in range(4)]
        super().tell(event_tag, event)

    async def _close(self) -> None:
        await super()._close()
        for task in self._behind:
            task.cancel()
        await asyncio.gather(*self._behind, return_exceptions=True)


# --- limits, keys, clocks, doors, listeners


class TriesAgainAfterARefusal(BinanceExchange):
    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        try:
            return await super().place_order(order, leaving)
        except errors.RateLimited:
            return await super().place_order(order, unseen)


class EndsWhatItMayNotCancel(BinanceExchange):
    async def cancel_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        try:
            return await super().cancel_order(order, leaving)
        except errors.AuthenticationFailed:
            return ended(order, OrderState.CANCELED, self.venue_time())


class MeasuresOnce(BinanceExchange):
    async def measure_clock(self) -> None:
        if not self.offset.is_known:
            await super().measure_clock()

    def clock_refused(self, signed_at: float) -> None:
        """It knows the time."""


class KnowsOneDoor(BinanceExchange):
    @property
    def commands(self) -> CommandRoute:
        return CommandRoute(self.web, None)


class TellsAgainWhenAListenerFails(BinanceExchange):
    def tell(self, event_tag: EventTag, event: ConnectorEvent) -> None:
        before = self.listener_errors
        super().tell(event_tag, event)
        if self.listener_errors > before:
            super().tell(event_tag, event)


_SOME = 5.0
"""Seconds: what a sound connector does first takes one or two."""

BROKEN_LINES: Sequence[tuple[int, type[BinanceExchange], str | float]] = (
    (49, NeverSaysThatItIsNotLive, "did not say that it was not live"),
    (50, NeverSaysThatItIsNotLive, "did not say that it was not live"),
    (51, PassesOverWhatItCannotRead, _SOME),
    (52, AsksOnce, NEVER),
    (53, DropsEveryThirdTrade, _SOME),
    (54, TakesQuietForDead, "nothing happened, and the book said"),
    (55, ListsWhatDoesNotTrade, NEVER),
    (56, MindsNoLine, _SOME),
    (57, FallsOverAClosedTransport, _SOME),
    (58, MindsNoLine, _SOME),
    (59, MindsNoLine, _SOME),
    (60, TriesAgainAfterARefusal, NEVER),
    (61, EndsWhatItMayNotCancel, NEVER),
    (62, MeasuresOnce, NEVER),
    (63, KnowsOneDoor, NEVER),
    (74, LeavesTasksBehindEachLine, _SOME),
    (75, AsksAtEveryDifference, "snapshots were asked for"),
    (76, FallsOverAClosedTransport, _SOME),
    (78, TellsAgainWhenAListenerFails, "told of the order"),
    (80, DropsEveryThirdTrade, _SOME),
)
