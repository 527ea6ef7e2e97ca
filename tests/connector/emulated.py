"""A real connector on real sockets against an emulated venue in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Self

import msgspec

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.order_book_tracker import OrderBookTracker
from venuekit.connector.registry import connector_class, find_setting
from venuekit.connector.tracked_pair import TrackedPair, TrackerPolicy
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.factory import make_dialect
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS
from venuekit.emulator.server import EmulatorServer
from venuekit.emulator.step import Instrument
from venuekit.model.book import BookStatus
from venuekit.model.events import BookStatusEvent, ConnectorEvent, OrderBookTradeEvent
from venuekit.protocol.book_feed import SnapshotSource
from venuekit.seams.chance import Chance
from venuekit.state.order_book import OrderBook
from venuekit.web.transport import AiohttpTransport, Limits, Transport

BTC, ETH, SOL = "BTC-USDT", "ETH-USDT", "SOL-USDT"
LIVE = BookStatus.LIVE
QUICK = TrackerPolicy(suspect_after=0.3, catch_up=0.25, patience=0.3, refused_again=0.3)
"""Finds troubles soon. On a machine that hesitates for half a second it finds one that is not there."""
PATIENT = msgspec.structs.replace(QUICK, suspect_after=1.0, catch_up=1.0)
CALM = msgspec.structs.replace(QUICK, suspect_after=60.0)
"""For tests in which no book may be lost but by what the test does."""
_LONG = 30.0
"""Seconds that no wait of a test needs, on the slowest and busiest of machines."""


class NoPatience(Chance):
    """Cuts every jittered wait as short as it gets."""

    def random(self) -> float:
        return 1.0


def variant(kind: type[ExchangeBase], stream: dict[str, Any], **facts: Any) -> type[ExchangeBase]:
    """The connector with another stream policy and other facts, as a venue with other rules would have it."""
    source = kind.data_source_class
    policy = msgspec.structs.replace(source.stream_policy, **stream)
    other = type(source.__name__, (source,), {"stream_policy": policy})
    made: type[ExchangeBase] = type(kind.__name__, (kind,), {"data_source_class": other, **facts})
    return made


class House:
    """An emulated venue, and whoever connects to it."""

    def __init__(self, venue: str, server: EmulatorServer) -> None:
        self.venue = venue
        self.server = server
        self.dialect: Dialect = server.dialect

    def exchange(
        self,
        *pairs: str,
        stream: dict[str, Any] | None = None,
        facts: dict[str, Any] | None = None,
        policy: TrackerPolicy = QUICK,
        url: str | None = None,
        transport: Transport | None = None,
        **options: Any,
    ) -> ExchangeBase:
        """A connector that is not started yet."""
        kind = variant(connector_class(self.venue), stream or {}, **(facts or {}))
        setting = find_setting(f"{self.venue}@emulator", url or self.server.rest_url)
        options.setdefault("chance", NoPatience())
        options.setdefault("ready_within", _LONG)
        if transport is None and "proxy" not in options:  # a proxy is for the connector's own transport
            transport = AiohttpTransport(limits=Limits(connect_seconds=_LONG, answer_seconds=_LONG))
        return kind(pairs, setting=setting, tracker_policy=policy, transport=transport, **options)

    def break_(self, kind: FaultKind, pair: str | None = None, **how: Any) -> None:
        """Let something go wrong."""
        symbol = None if pair is None else pair.replace("-", "")
        self.dialect.faults.add(Fault(kind=kind, symbol=symbol, **how))

    def fired(self) -> int:
        """How often faults have struck."""
        return sum(report.fired for report in self.dialect.faults.reports())

    async def struck(self, times: int = 1) -> None:
        """Wait until faults have struck so often."""
        await until(lambda: self.fired() >= times, "the fault to strike")

    def truth(self, pair: str) -> tuple[int, list[tuple[str, str]], list[tuple[str, str]]]:
        """The venue's own book: its id, its bids, its asks."""
        book = self.dialect.markets[pair.replace("-", "")].snapshot()
        return book.last_id, book.bids, book.asks

    async def agrees(self, exchange: ExchangeBase, *pairs: str) -> None:
        """Stop the markets and compare the books, level by level, as deep as they vouch."""
        self.dialect.pause(time.time())
        try:
            for pair in pairs or exchange.trading_pairs:
                await self._agrees(exchange, pair)
        finally:
            self.dialect.resume(time.time())

    async def _agrees(self, exchange: ExchangeBase, pair: str) -> None:
        keeper = _tracked(exchange, pair).keeper
        last_id, bids, asks = self.truth(pair)
        if keeper.feed.snapshot is SnapshotSource.REST:
            await until(
                lambda: keeper.book.is_live and keeper.known_id >= last_id, f"{pair} to reach {last_id}"
            )
        else:  # the ids are of the window that is told, so the levels have to say when it is there
            await until(lambda: _is_same(keeper.book, bids, asks), f"{pair} to be as the venue's")
        assert min(keeper.book.vouched_depth) > 0
        assert _is_same(keeper.book, bids, asks)


def _is_same(book: OrderBook, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> bool:
    """Whether a live book is the venue's, as deep as it vouches."""
    if not book.is_live:
        return False
    mine, depths = book.texts(), book.vouched_depth
    return all(
        _numbers(side[:depth]) == _numbers(truth[:depth])
        for side, truth, depth in zip(mine, (bids, asks), depths, strict=True)
    )


def _numbers(levels: list[tuple[str, str]]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(amount)) for price, amount in levels]


def _tracked(exchange: ExchangeBase, pair: str) -> TrackedPair:
    return tracker(exchange).tracked[pair]


def tracker(exchange: ExchangeBase) -> OrderBookTracker:
    return exchange.order_book_tracker


def tracked(exchange: ExchangeBase, pair: str = BTC) -> TrackedPair:
    """What the tracker knows of a pair."""
    return _tracked(exchange, pair)


@asynccontextmanager
async def house(
    venue: str = "binance",
    listed: Iterable[Instrument] = DEFAULT_INSTRUMENTS[:3],
    rate: float = 200.0,
    *,
    port: int = 0,
    start_time: float | None = None,
) -> AsyncIterator[House]:
    """An emulated venue that listens."""
    began = time.time() if start_time is None else start_time
    dialect = make_dialect(venue, seed=7, instruments=tuple(listed), start_time=began, rate=rate)
    # A hundred markets are seconds of work to make: what would have happened meanwhile need not happen.
    dialect.pause(began)
    dialect.resume(time.time())
    async with EmulatorServer(dialect, port) as server:
        yield House(venue, server)


async def until(is_so: Callable[[], bool], what: str | Callable[[], str], seconds: float = _LONG) -> None:
    """Wait for something that comes by itself."""
    async with asyncio.timeout(seconds) as limit:
        try:
            while not is_so():  # noqa: ASYNC110 - what is waited for is on the other side of a socket
                await asyncio.sleep(0.005)
        except asyncio.CancelledError:
            if limit.expired():
                words = what if isinstance(what, str) else what()
                raise AssertionError(f"waited {seconds} s for {words}") from None
            raise


async def followed(exchange: ExchangeBase, pair: str = BTC) -> None:
    """Wait until a book stands on what its stream told: the next difference is then news to it.

    The first ones after a snapshot may be of the time before it. A book lacks nothing without them, and is
    right not to miss them: a fault that strikes there does no harm.
    """
    keeper = tracked(exchange, pair).keeper
    await until(lambda: keeper.applied > 0, f"{pair} to follow its stream")


async def lost_and_healed(exchange: ExchangeBase, pair: str = BTC, times: int = 1) -> None:
    """Wait until a book was lost so often, and is live again."""
    keeper = tracked(exchange, pair).keeper
    await until(lambda: keeper.resyncs >= times, f"{pair} to be lost")
    await until(lambda: keeper.book.is_live, f"{pair} to be live again")


class Diary:
    """Everything a connector tells, from the moment the diary is opened."""

    def __init__(self, exchange: ExchangeBase) -> None:
        self.entries: list[ConnectorEvent] = []
        self._events = exchange.events()
        self._task = asyncio.ensure_future(self._write())

    async def _write(self) -> None:
        async for event in self._events:
            self.entries.append(event)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0)  # what was just told is still to be read
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def statuses(self, pair: str) -> list[BookStatus]:
        return [
            event.status
            for event in self.entries
            if isinstance(event, BookStatusEvent) and event.trading_pair == pair
        ]

    def trade_ids(self, pair: str) -> list[int | str | None]:
        return [
            event.trade_id
            for event in self.entries
            if isinstance(event, OrderBookTradeEvent) and event.trading_pair == pair
        ]
