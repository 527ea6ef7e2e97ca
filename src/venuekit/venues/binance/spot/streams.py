"""What Binance spot's public frames mean."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from venuekit.model.book import BookDiff, BookSnapshot, Levels
from venuekit.model.decimals import decimal_of
from venuekit.model.market import PublicTrade
from venuekit.model.order import TradeType
from venuekit.protocol.stream import Channel
from venuekit.venues.binance import wire as family
from venuekit.venues.binance.spot import wire
from venuekit.venues.binance.streams import BinanceDataSource, Reader

_depth_update = msgspec.json.Decoder(family.DepthUpdate)
_trade = msgspec.json.Decoder(wire.Trade)

# Beyond this many symbols the whole list costs the same (4) and makes a shorter URL.
_NAMED_SYMBOLS = 50


class BinanceOrderBookDataSource(BinanceDataSource):
    """Differences every 100 ms on top of a REST snapshot; every single trade."""

    book_feed = wire.BOOK_FEED
    stream_policy = wire.STREAM_POLICY
    snapshot_endpoint = wire.DEPTH

    def readers(self) -> dict[str, Reader]:
        """By stream kind and by event type."""
        return {"depth": self._depth, "depthUpdate": self._depth, "trade": self._trade}

    def book_channel(self, trading_pair: str) -> Channel:
        """Differences every 100 ms."""
        return self._channel(trading_pair, "depth@100ms")

    def trade_channel(self, trading_pair: str) -> Channel:
        """Every trade."""
        return self._channel(trading_pair, "trade")

    def book_snapshot(self, trading_pair: str, answer: Any, depth: int | None) -> BookSnapshot:
        """The snapshot in an answer of `depth`."""
        said: wire.Depth = answer
        return BookSnapshot(
            trading_pair=trading_pair,
            bids=Levels(said.bids),
            asks=Levels(said.asks),
            update_id=said.last_update_id,
            depth=depth,
        )

    async def last_traded_prices(self, trading_pairs: Sequence[str]) -> dict[str, Decimal]:
        """The last price of each pair."""
        symbols = {self.symbols.symbol(pair): pair for pair in trading_pairs}
        names = list(symbols) if len(symbols) <= _NAMED_SYMBOLS else None
        rows = await self.web.call(wire.PRICES, family.PriceQuery(symbols=names))
        return {symbols[row.symbol]: row.price for row in rows if row.symbol in symbols}

    def _channel(self, trading_pair: str, kind: str) -> Channel:
        return Channel(route=wire.STREAM, name=f"{self.symbols.symbol(trading_pair).lower()}@{kind}")

    def _depth(self, payload: msgspec.Raw | bytes) -> BookDiff:
        said = _depth_update.decode(payload)
        return BookDiff(
            trading_pair=self.symbols.pair(said.symbol),
            bids=Levels(said.bids),
            asks=Levels(said.asks),
            first_update_id=said.first_update_id,
            last_update_id=said.final_update_id,
            timestamp=said.event_time / 1000,
        )

    def _trade(self, payload: msgspec.Raw | bytes) -> PublicTrade:
        said = _trade.decode(payload)
        return PublicTrade(
            trading_pair=self.symbols.pair(said.symbol),
            trade_id=said.trade_id,
            trade_type=TradeType.SELL if said.is_buyer_maker else TradeType.BUY,
            price=decimal_of(said.price),
            amount=decimal_of(said.quantity),
            timestamp=said.trade_time / 1000,
        )
