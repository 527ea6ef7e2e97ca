"""What Binance USD-M's public frames mean."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from venuekit.model.book import BookDiff, BookSnapshot, Levels
from venuekit.model.decimals import decimal_of
from venuekit.model.market import FundingInfo, FundingInfoUpdate, PublicTrade
from venuekit.model.order import TradeType
from venuekit.protocol.endpoint import NoQuery
from venuekit.protocol.stream import Channel
from venuekit.venues.binance.perpetual import wire
from venuekit.venues.binance.streams import BinanceDataSource, Reader

_depth_update = msgspec.json.Decoder(wire.DepthUpdate)
_trade = msgspec.json.Decoder(wire.Trade)
_mark_price = msgspec.json.Decoder(wire.MarkPrice)

# fundingInfo lists only the symbols that were changed from this.
_USUAL_FUNDING_HOURS = 8


class BinancePerpetualDataSource(BinanceDataSource):
    """Chained differences every 100 ms on top of a REST snapshot; trades of one taker put together."""

    book_feed = wire.BOOK_FEED
    stream_policy = wire.STREAM_POLICY
    snapshot_endpoint = wire.DEPTH

    def readers(self) -> dict[str, Reader]:
        """By stream kind and by event type."""
        return {
            "depth": self._depth,
            "depthUpdate": self._depth,
            "aggTrade": self._trade,
            "trade": self._trade,
            "markPrice": self._mark_price,
            "markPriceUpdate": self._mark_price,
        }

    def book_channel(self, trading_pair: str) -> Channel:
        """Differences every 100 ms."""
        return self._channel(wire.PUBLIC, trading_pair, "depth@100ms")

    def trade_channel(self, trading_pair: str) -> Channel:
        """Trades of one taker at one price, every 100 ms: single trades have no documented stream."""
        return self._channel(wire.MARKET, trading_pair, "aggTrade")

    def other_channels(self, trading_pair: str) -> tuple[Channel, ...]:
        """Mark price and funding, every second."""
        return (self._channel(wire.MARKET, trading_pair, "markPrice@1s"),)

    def book_snapshot(self, trading_pair: str, answer: Any, depth: int | None) -> BookSnapshot:
        """The snapshot in an answer of `depth`."""
        said: wire.Depth = answer
        return BookSnapshot(
            trading_pair=trading_pair,
            bids=Levels(said.bids),
            asks=Levels(said.asks),
            update_id=said.last_update_id,
            timestamp=None if said.event_time is None else said.event_time / 1000,
            depth=depth,
        )

    async def last_traded_prices(self, trading_pairs: Sequence[str]) -> dict[str, Decimal]:
        """The last price of each pair."""
        symbols = {self.symbols.symbol(pair): pair for pair in trading_pairs}
        rows = await self.web.call(wire.PRICES, NoQuery())
        return {symbols[row.symbol]: row.price for row in rows if row.symbol in symbols}

    async def funding_info(self, trading_pair: str) -> FundingInfo:
        """What the pair charges next, with the symbol's own interval."""
        symbol = self.symbols.symbol(trading_pair)
        said = await self.web.call(wire.PREMIUM_INDEX, wire.SymbolQuery(symbol=symbol))
        rows = await self.web.call(wire.FUNDING_INFO, NoQuery())
        hours = {row.symbol: row.funding_interval_hours for row in rows}
        return FundingInfo(
            trading_pair=trading_pair,
            index_price=decimal_of(said.index_price),
            mark_price=decimal_of(said.mark_price),
            next_funding_utc_timestamp=said.next_funding_time / 1000,
            rate=decimal_of(said.last_funding_rate),
            interval=hours.get(symbol, _USUAL_FUNDING_HOURS) * 3600.0,
        )

    def _channel(self, route: str, trading_pair: str, kind: str) -> Channel:
        return Channel(route=route, name=f"{self.symbols.symbol(trading_pair).lower()}@{kind}")

    def _depth(self, payload: msgspec.Raw | bytes) -> BookDiff:
        said = _depth_update.decode(payload)
        return BookDiff(
            trading_pair=self.symbols.pair(said.symbol),
            bids=Levels(said.bids),
            asks=Levels(said.asks),
            first_update_id=said.first_update_id,
            last_update_id=said.final_update_id,
            previous_update_id=said.previous_final_update_id,
            timestamp=said.event_time / 1000,
        )

    def _trade(self, payload: msgspec.Raw | bytes) -> PublicTrade:
        said = _trade.decode(payload)
        is_aggregate = said.event_type == "aggTrade"
        trade_id = said.aggregate_id if is_aggregate else said.trade_id
        if trade_id is None:
            raise ValueError(f"a {said.event_type} of {said.symbol} without an id")
        return PublicTrade(
            trading_pair=self.symbols.pair(said.symbol),
            trade_id=trade_id,
            trade_type=TradeType.SELL if said.is_buyer_maker else TradeType.BUY,
            price=decimal_of(said.price),
            amount=decimal_of(said.quantity),
            timestamp=said.trade_time / 1000,
            is_aggregate=is_aggregate,
        )

    def _mark_price(self, payload: msgspec.Raw | bytes) -> FundingInfoUpdate:
        said = _mark_price.decode(payload)
        has_funding = said.next_funding_time > 0
        return FundingInfoUpdate(
            trading_pair=self.symbols.pair(said.symbol),
            index_price=decimal_of(said.index_price),
            mark_price=decimal_of(said.mark_price),
            next_funding_utc_timestamp=said.next_funding_time / 1000 if has_funding else None,
            rate=decimal_of(said.funding_rate) if has_funding else None,
        )
