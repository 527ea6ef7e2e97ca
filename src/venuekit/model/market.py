"""What a market says besides its book: trades, tickers, funding, the state of the line."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from venuekit.model.book import BookDiff, BookSnapshot
from venuekit.model.order import TradeType
from venuekit.protocol.frozen import Frozen

__all__ = [
    "FundingInfo",
    "FundingInfoUpdate",
    "MarketFrame",
    "NetworkStatus",
    "PublicTrade",
    "StreamNumber",
    "Ticker",
]


class NetworkStatus(Enum):
    """What the last network check found."""

    STOPPED = 0
    NOT_CONNECTED = 1
    CONNECTED = 2


class PublicTrade(Frozen):
    """One trade of the market, or several of one taker at one price where `is_aggregate`.

    `trade_id` is the venue's own, a number or a text as it sends it. `trade_type` is what the taker did.
    `price` in quote per base, `amount` in base, with the venue's digits. `timestamp` in seconds.
    """

    trading_pair: str
    trade_id: int | str
    trade_type: TradeType
    price: Decimal
    amount: Decimal
    timestamp: float
    is_aggregate: bool = False


class Ticker(Frozen):
    """Best prices and the last trade as a ticker channel reports them; None is not reported."""

    trading_pair: str
    last_price: Decimal | None = None
    best_bid: Decimal | None = None
    best_bid_amount: Decimal | None = None
    best_ask: Decimal | None = None
    best_ask_amount: Decimal | None = None
    timestamp: float | None = None


class FundingInfo(Frozen):
    """What a perpetual charges next.

    Prices in quote. `rate` is the fraction of the position's value that longs pay shorts at
    `next_funding_utc_timestamp` (seconds); `interval` is the seconds between two payments, None if unknown.
    """

    trading_pair: str
    index_price: Decimal
    mark_price: Decimal
    next_funding_utc_timestamp: float
    rate: Decimal
    interval: float | None = None

    def updated(self, update: FundingInfoUpdate) -> FundingInfo:
        """This with every field that the update knows."""
        return FundingInfo(
            trading_pair=self.trading_pair,
            index_price=self.index_price if update.index_price is None else update.index_price,
            mark_price=self.mark_price if update.mark_price is None else update.mark_price,
            next_funding_utc_timestamp=self.next_funding_utc_timestamp
            if update.next_funding_utc_timestamp is None
            else update.next_funding_utc_timestamp,
            rate=self.rate if update.rate is None else update.rate,
            interval=self.interval if update.interval is None else update.interval,
        )


class FundingInfoUpdate(Frozen):
    """The fields of a `FundingInfo` that a frame carries; None is not carried."""

    trading_pair: str
    index_price: Decimal | None = None
    mark_price: Decimal | None = None
    next_funding_utc_timestamp: float | None = None
    rate: Decimal | None = None
    interval: float | None = None


class StreamNumber(Frozen):
    """A frame's place in its connection's sequence, for feeds of `SequenceScope.CONNECTION`."""

    number: int


MarketFrame: TypeAlias = BookSnapshot | BookDiff | PublicTrade | Ticker | FundingInfoUpdate | StreamNumber
