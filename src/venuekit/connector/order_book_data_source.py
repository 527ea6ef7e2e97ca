"""What a venue's public half knows: which channels to ask for, what each frame means, where snapshots are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from venuekit import errors
from venuekit.model.book import BookSnapshot
from venuekit.model.market import FundingInfo, MarketFrame
from venuekit.protocol.book_feed import BookFeed
from venuekit.protocol.endpoint import Endpoint
from venuekit.protocol.frozen import Wire
from venuekit.protocol.stream import Channel, SessionFrame, StreamPolicy
from venuekit.state.order_book import OrderBook
from venuekit.state.symbol_map import SymbolMap
from venuekit.web.assistant import WebAssistant

__all__ = ["OrderBookTrackerDataSource"]


class OrderBookTrackerDataSource(ABC):
    """Facts, and pure translations from the venue's words to ours. The tracker moves the bytes.

    Without a `web` it only translates, which is all that a replay needs.
    """

    book_feed: ClassVar[BookFeed]
    stream_policy: ClassVar[StreamPolicy]
    snapshot_endpoint: ClassVar[Endpoint[Any, Any]]

    def __init__(self, symbols: SymbolMap, web: WebAssistant | None = None) -> None:
        self.symbols = symbols
        self._web = web

    @abstractmethod
    def book_channel(self, trading_pair: str) -> Channel:
        """The channel of the pair's book."""

    @abstractmethod
    def trade_channel(self, trading_pair: str) -> Channel:
        """The channel of the pair's public trades."""

    def other_channels(self, trading_pair: str) -> tuple[Channel, ...]:  # noqa: ARG002
        """More channels that a pair needs, such as a perpetual's mark price."""
        return ()

    @abstractmethod
    def subscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """The request that subscribes to channels."""

    @abstractmethod
    def unsubscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """The request that ends subscriptions."""

    @abstractmethod
    def parse(self, frame: bytes) -> Iterable[MarketFrame | SessionFrame]:
        """What a frame says; a frame of no interest says nothing.

        Raises:
            msgspec.DecodeError: it is not what the venue documents.
            ValueError: it is documented and makes no sense.
            errors.UnknownPair: it is of a symbol that nobody knows.
        """

    @abstractmethod
    def snapshot_query(self, trading_pair: str, depth: int) -> Wire:
        """The question for a snapshot of `depth` levels a side."""

    @abstractmethod
    def book_snapshot(self, trading_pair: str, answer: Any, depth: int | None) -> BookSnapshot:
        """The snapshot in an answer of `snapshot_endpoint`; `depth` as asked for, None where unknown."""

    @abstractmethod
    async def last_traded_prices(self, trading_pairs: Sequence[str]) -> dict[str, Decimal]:
        """The last price of each pair, in quote per base."""

    async def funding_info(self, trading_pair: str) -> FundingInfo:
        """What a perpetual charges next.

        Raises:
            errors.UsageError: this product has no funding.
        """
        raise errors.UsageError(f"{trading_pair} has no funding here")

    @property
    def web(self) -> WebAssistant:
        """The way to the venue.

        Raises:
            errors.NotReady: this data source only translates.
        """
        if self._web is None:
            raise errors.NotReady("this data source has no connection to a venue")
        return self._web

    def channels(self, trading_pair: str) -> tuple[Channel, ...]:
        """Every channel a pair needs."""
        return (
            self.book_channel(trading_pair),
            self.trade_channel(trading_pair),
            *self.other_channels(trading_pair),
        )

    async def snapshot(self, trading_pair: str, depth: int) -> BookSnapshot:
        """A snapshot of up to `depth` levels a side, asked for now."""
        answer = await self.web.call(self.snapshot_endpoint, self.snapshot_query(trading_pair, depth))
        return self.book_snapshot(trading_pair, answer, depth)

    async def get_new_order_book(self, trading_pair: str) -> OrderBook:
        """A book of its own, filled from a fresh snapshot and followed by nobody."""
        depth = self.book_feed.depths[-1]
        snapshot = await self.snapshot(trading_pair, depth)
        book = OrderBook(trading_pair)
        book.apply_snapshot(snapshot.bids, snapshot.asks, snapshot.update_id, snapshot.depth)
        return book

    async def get_last_traded_prices(self, trading_pairs: Sequence[str]) -> dict[str, Decimal]:
        """The last price of each pair, in quote per base."""
        return await self.last_traded_prices(trading_pairs)
