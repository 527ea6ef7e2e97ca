"""What recorded Binance frames and answers tell about markets, spot and USD-M alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import field

from venuekit.emulator.recorded_flow import (
    Recorded,
    RecordedBook,
    RecordedChanges,
    RecordedListing,
    RecordedTrade,
)
from venuekit.protocol.frozen import Wire
from venuekit.protocol.recording import Record, RecordKind

__all__ = ["BinanceReader"]

_Rows: TypeAlias = list[tuple[str, str]]


class _DepthUpdate(Wire, tag_field="e", tag="depthUpdate"):
    symbol: str = field(name="s")
    first_update_id: int = field(name="U")
    final_update_id: int = field(name="u")
    bids: _Rows = field(name="b")
    asks: _Rows = field(name="a")
    previous_update_id: int | None = field(name="pu", default=None)


class _Trade(Wire, tag_field="e", tag="trade"):
    symbol: str = field(name="s")
    trade_id: int = field(name="t")
    price: str = field(name="p")
    quantity: str = field(name="q")
    buyer_is_maker: bool = field(name="m")


class _AggregateTrade(Wire, tag_field="e", tag="aggTrade"):
    symbol: str = field(name="s")
    last_trade_id: int = field(name="l")
    price: str = field(name="p")
    quantity: str = field(name="q")
    buyer_is_maker: bool = field(name="m")


_Event: TypeAlias = _DepthUpdate | _Trade | _AggregateTrade


class _Named(Wire):
    """Enough of a frame to see what it is; spot's book tickers have no event type."""

    data: msgspec.Raw = field(default_factory=msgspec.Raw)
    event: str | None = field(name="e", default=None)


class _Filter(Wire):
    filter_type: str = field(name="filterType", default="")
    tick_size: str = field(name="tickSize", default="")
    step_size: str = field(name="stepSize", default="")


class _Symbol(Wire):
    symbol: str
    base_asset: str = field(name="baseAsset")
    quote_asset: str = field(name="quoteAsset")
    filters: list[_Filter]


class _Answer(Wire):
    """A depth answer or a list of instruments: the two that matter, told apart by their fields."""

    last_update_id: int | None = field(name="lastUpdateId", default=None)
    bids: _Rows = field(default_factory=list)
    asks: _Rows = field(default_factory=list)
    symbols: list[_Symbol] = field(default_factory=list)


_EVENTS = frozenset({"depthUpdate", "trade", "aggTrade"})
# The quotes of Binance's markets, longer names before those that they end in (FDUSD before USD).
_QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY", "USD")


class BinanceReader:
    """Reads combined-stream and raw frames, depth answers and instrument lists."""

    def __init__(self) -> None:
        self._named = msgspec.json.Decoder(_Named)
        self._event: msgspec.json.Decoder[_Event] = msgspec.json.Decoder(_Event)
        self._answer = msgspec.json.Decoder(_Answer)

    def read(self, record: Record) -> Iterable[Recorded]:
        """What a record tells about markets.

        Raises:
            msgspec.DecodeError: the record is not what the venue sends.
        """
        if record.kind is RecordKind.ANSWER:
            return self._read_answer(record)
        return self._read_frame(record.data)

    def assets(self, symbol: str) -> tuple[str, str]:
        """Base and quote of an unlisted symbol, by the quotes that Binance has markets in.

        Raises:
            ValueError: it ends in none of them.
        """
        for quote in _QUOTES:
            if symbol.endswith(quote) and symbol != quote:
                return symbol.removesuffix(quote), quote
        raise ValueError(f"no known quote in the symbol {symbol!r}")

    def _read_answer(self, record: Record) -> Iterator[Recorded]:
        answer = self._answer.decode(record.data)
        if answer.last_update_id is not None:
            named = parse_qs(urlsplit(record.url or "").query).get("symbol")
            yield RecordedBook(
                symbol=named[0] if named else None,
                last_id=answer.last_update_id,
                bids=answer.bids,
                asks=answer.asks,
            )
        for row in answer.symbols:
            filters = {each.filter_type: each for each in row.filters}
            if "PRICE_FILTER" in filters and "LOT_SIZE" in filters:
                yield RecordedListing(
                    symbol=row.symbol,
                    base=row.base_asset,
                    quote=row.quote_asset,
                    tick_size=filters["PRICE_FILTER"].tick_size,
                    step_size=filters["LOT_SIZE"].step_size,
                )

    def _read_frame(self, data: bytes) -> Iterator[Recorded]:
        named = self._named.decode(data)
        body: bytes | msgspec.Raw = data
        if named.data:
            body = named.data
            named = self._named.decode(body)
        if named.event not in _EVENTS:
            return
        match self._event.decode(body):
            case _DepthUpdate() as update:
                yield RecordedChanges(
                    symbol=update.symbol,
                    first_id=update.first_update_id,
                    last_id=update.final_update_id,
                    previous_id=update.previous_update_id,
                    bids=update.bids,
                    asks=update.asks,
                )
            case _Trade() as trade:
                yield RecordedTrade(
                    symbol=trade.symbol,
                    trade_id=trade.trade_id,
                    price=trade.price,
                    amount=trade.quantity,
                    taker_is_buyer=not trade.buyer_is_maker,
                )
            case _AggregateTrade() as trade:
                yield RecordedTrade(
                    symbol=trade.symbol,
                    trade_id=trade.last_trade_id,
                    price=trade.price,
                    amount=trade.quantity,
                    taker_is_buyer=not trade.buyer_is_maker,
                    is_aggregate=True,
                )
