"""How Bybit's public streams are asked, and what their frames mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from venuekit.connector.order_book_data_source import OrderBookTrackerDataSource
from venuekit.model.book import BookDiff, BookSnapshot, Levels
from venuekit.model.decimals import decimal_of
from venuekit.model.market import FundingInfoUpdate, MarketFrame, PublicTrade, Ticker
from venuekit.model.order import TradeType
from venuekit.protocol.stream import Acknowledged, Channel, Pong, Refusal, SessionFrame
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.bybit import wire
from venuekit.web.assistant import WebAssistant

Reader = Callable[[wire.Frame], Iterable[MarketFrame]]

_frames = msgspec.json.Decoder(wire.Frame)
_order_book = msgspec.json.Decoder(wire.OrderBook)
_trades = msgspec.json.Decoder(list[wire.Trade])
_ticker = msgspec.json.Decoder(wire.Ticker)

_SIDES = {"Buy": TradeType.BUY, "Sell": TradeType.SELL}
_NOTHING: tuple[SessionFrame, ...] = ()


class BybitDataSource(OrderBookTrackerDataSource):
    """The best 200 levels of a book: whole at subscription, then differences every 100 ms; every trade."""

    category: ClassVar[str]
    book_feed = wire.BOOK_FEED
    snapshot_endpoint = wire.ORDER_BOOK

    def __init__(self, symbols: SymbolMap, web: WebAssistant | None = None) -> None:
        super().__init__(symbols, web)
        self._readers: dict[str, Reader] = {
            "orderbook": self._book,
            "publicTrade": self._public_trades,
            "tickers": self._tickers,
        }

    def book_channel(self, trading_pair: str) -> Channel:
        """The best 200 levels, every 100 ms."""
        return self.channel(trading_pair, f"orderbook.{wire.KEPT_DEPTH}")

    def trade_channel(self, trading_pair: str) -> Channel:
        """Every trade."""
        return self.channel(trading_pair, "publicTrade")

    def channel(self, trading_pair: str, kind: str) -> Channel:
        """A topic of a pair on the category's address."""
        route = f"/v5/public/{self.category}"
        return Channel(route=route, name=f"{kind}.{self.symbols.symbol(trading_pair)}")

    def subscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """The request that subscribes to channels."""
        return _request("subscribe", channels, request_id)

    def unsubscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """The request that ends subscriptions."""
        return _request("unsubscribe", channels, request_id)

    def snapshot_query(self, trading_pair: str, depth: int) -> wire.OrderBookQuery:
        """The question for a snapshot."""
        return wire.OrderBookQuery(
            category=self.category, symbol=self.symbols.symbol(trading_pair), limit=depth
        )

    def book_snapshot(self, trading_pair: str, answer: Any, depth: int | None) -> BookSnapshot:
        """The snapshot in an answer of `orderbook`, without its id: that is of another depth's sequence."""
        said: wire.OrderBook = answer.result
        return BookSnapshot(
            trading_pair=trading_pair,
            bids=Levels(said.bids),
            asks=Levels(said.asks),
            timestamp=None if said.matched_at is None else said.matched_at / 1000,
            depth=depth,
        )

    async def tickers(self, trading_pairs: Sequence[str]) -> dict[str, wire.Ticker]:
        """The tickers of some pairs; more than one are asked for with the whole category."""
        symbols = {self.symbols.symbol(pair): pair for pair in trading_pairs}
        symbol = next(iter(symbols)) if len(symbols) == 1 else None
        said = await self.web.call(wire.TICKERS, wire.SymbolQuery(category=self.category, symbol=symbol))
        return {symbols[row.symbol]: row for row in said.result.rows if row.symbol in symbols}

    async def last_traded_prices(self, trading_pairs: Sequence[str]) -> dict[str, Decimal]:
        """The last price of each pair."""
        tickers = await self.tickers(trading_pairs)
        return {pair: decimal_of(ticker.last_price) for pair, ticker in tickers.items() if ticker.last_price}

    def parse(self, frame: bytes) -> Iterable[MarketFrame | SessionFrame]:
        """What a frame says."""
        said = _frames.decode(frame)
        if not said.topic:
            return _session(said)
        reader = self._readers.get(said.topic.partition(".")[0])
        return _NOTHING if reader is None else reader(said)

    def _book(self, said: wire.Frame) -> Iterator[MarketFrame]:
        book = _order_book.decode(said.data)
        pair = self.symbols.pair(book.symbol)
        bids, asks = Levels(book.bids), Levels(book.asks)
        # The matching engine's time; `ts` is when the message was made.
        timestamp = (said.matched_at or said.timestamp) / 1000
        if said.type == "snapshot":
            yield BookSnapshot(
                trading_pair=pair,
                bids=bids,
                asks=asks,
                update_id=book.update_id,
                timestamp=timestamp,
                depth=wire.KEPT_DEPTH,
            )
        else:
            yield BookDiff(
                trading_pair=pair,
                bids=bids,
                asks=asks,
                last_update_id=book.update_id,
                timestamp=timestamp,
            )

    def _public_trades(self, said: wire.Frame) -> Iterator[MarketFrame]:
        for trade in _trades.decode(said.data):
            yield PublicTrade(
                trading_pair=self.symbols.pair(trade.symbol),
                trade_id=trade.trade_id,
                trade_type=_SIDES[trade.side],
                price=decimal_of(trade.price),
                amount=decimal_of(trade.size),
                timestamp=trade.trade_time / 1000,
            )

    def _tickers(self, said: wire.Frame) -> Iterator[MarketFrame]:
        """A delta carries what changed: what it leaves out is None in both frames."""
        ticker = _ticker.decode(said.data)
        pair = self.symbols.pair(ticker.symbol)
        yield Ticker(
            trading_pair=pair,
            last_price=_number(ticker.last_price),
            best_bid=_number(ticker.best_bid_price),
            best_bid_amount=_number(ticker.best_bid_size),
            best_ask=_number(ticker.best_ask_price),
            best_ask_amount=_number(ticker.best_ask_size),
            timestamp=said.timestamp / 1000,
        )
        funding = FundingInfoUpdate(
            trading_pair=pair,
            index_price=_number(ticker.index_price),
            mark_price=_number(ticker.mark_price),
            next_funding_utc_timestamp=seconds_of(ticker.next_funding_time, 0.001),
            rate=_number(ticker.funding_rate),
            interval=seconds_of(ticker.funding_interval_hour, 3600.0),
        )
        if funding != FundingInfoUpdate(trading_pair=pair):
            yield funding


def seconds_of(text: str, unit: float) -> float | None:
    """A whole number of units in seconds; None where the text is empty or zero."""
    return int(text) * unit or None if text else None


def _number(text: str) -> Decimal | None:
    return decimal_of(text) if text else None


def _session(said: wire.Frame) -> tuple[SessionFrame, ...]:
    if said.operation in ("ping", "pong"):
        return (Pong(),)
    if said.operation not in ("subscribe", "unsubscribe"):
        return _NOTHING
    request_id = int(said.request_id) if said.request_id.isdecimal() else None
    if said.is_success:
        return (Acknowledged(request_id=request_id),)
    return (Refusal(request_id=request_id, message=said.return_message),)


def _request(operation: str, channels: Sequence[Channel], request_id: int) -> bytes:
    topics = [channel.name for channel in channels]
    return msgspec.json.encode(
        wire.Request(operation=operation, arguments=topics, request_id=str(request_id))
    )
