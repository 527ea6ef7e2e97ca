"""What recorded Bybit v5 frames and answers tell about the markets of one category."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias
from urllib.parse import urlsplit

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

__all__ = ["BybitReader"]

_Rows: TypeAlias = list[tuple[str, str]]


class _Frame(Wire):
    topic: str = ""
    type: str = ""
    data: msgspec.Raw = field(default_factory=msgspec.Raw)


class _OrderBook(Wire):
    symbol: str = field(name="s")
    bids: _Rows = field(name="b")
    asks: _Rows = field(name="a")
    update_id: int = field(name="u")


class _Trade(Wire):
    trade_id: str = field(name="i")
    symbol: str = field(name="s")
    price: str = field(name="p")
    size: str = field(name="v")
    side: str = field(name="S")


class _PriceFilter(Wire):
    tick_size: str = field(name="tickSize")


class _LotSizeFilter(Wire):
    quantity_step: str = field(name="qtyStep", default="")
    base_precision: str = field(name="basePrecision", default="")


class _Instrument(Wire):
    symbol: str
    base_coin: str = field(name="baseCoin")
    quote_coin: str = field(name="quoteCoin")
    price_filter: _PriceFilter = field(name="priceFilter")
    lot_size_filter: _LotSizeFilter = field(name="lotSizeFilter")


class _Page(Wire):
    category: str = ""
    rows: list[_Instrument] = field(name="list", default_factory=list)


class _Answer(Wire):
    result: _Page


# How symbols end, and the quote that this means: USDC perpetuals are named BTCPERP.
_QUOTES = {
    "USDT": "USDT",
    "USDC": "USDC",
    "PERP": "USDC",
    "USDE": "USDE",
    "BTC": "BTC",
    "ETH": "ETH",
    "EUR": "EUR",
    "USD": "USD",
}


class BybitReader:
    """Reads order books, public trades and instrument lists of one category ("spot", "linear").

    One recording may hold several categories, which share symbols: a record of another one is passed over
    where its address tells.
    """

    def __init__(self, category: str) -> None:
        self.category = category
        self._frame = msgspec.json.Decoder(_Frame)
        self._order_book = msgspec.json.Decoder(_OrderBook)
        self._trades = msgspec.json.Decoder(list[_Trade])
        self._answer = msgspec.json.Decoder(_Answer)

    def read(self, record: Record) -> Iterable[Recorded]:
        """What a record tells about markets.

        Raises:
            msgspec.DecodeError: the record is not what the venue sends.
        """
        if record.kind is RecordKind.ANSWER:
            return self._read_answer(record)
        if record.url is not None and urlsplit(record.url).path.rpartition("/")[2] != self.category:
            return ()
        return self._read_frame(record.data)

    def assets(self, symbol: str) -> tuple[str, str]:
        """Base and quote of an unlisted symbol, by the quotes that Bybit has markets in.

        Raises:
            ValueError: it ends in none of them.
        """
        for ending, quote in _QUOTES.items():
            if symbol.endswith(ending) and symbol != ending:
                return symbol.removesuffix(ending), quote
        raise ValueError(f"no known quote in the symbol {symbol!r}")

    def _read_answer(self, record: Record) -> Iterator[Recorded]:
        if "/instruments-info" not in (record.url or ""):
            return
        page = self._answer.decode(record.data).result
        if page.category != self.category:
            return
        for row in page.rows:
            lots = row.lot_size_filter
            yield RecordedListing(
                symbol=row.symbol,
                base=row.base_coin,
                quote=row.quote_coin,
                tick_size=row.price_filter.tick_size,
                step_size=lots.quantity_step or lots.base_precision,
            )

    def _read_frame(self, data: bytes) -> Iterator[Recorded]:
        frame = self._frame.decode(data)
        if frame.topic.startswith("orderbook."):
            yield self._book(frame.type, self._order_book.decode(frame.data))
        elif frame.topic.startswith("publicTrade."):
            for trade in self._trades.decode(frame.data):
                yield RecordedTrade(
                    symbol=trade.symbol,
                    # Spot numbers its trades; linear gives UUIDs, which are no numbers to count with.
                    trade_id=int(trade.trade_id) if trade.trade_id.isdecimal() else None,
                    name="" if trade.trade_id.isdecimal() else trade.trade_id,
                    price=trade.price,
                    amount=trade.size,
                    taker_is_buyer=trade.side == "Buy",
                )

    @staticmethod
    def _book(kind: str, book: _OrderBook) -> RecordedBook | RecordedChanges:
        if kind == "snapshot":
            return RecordedBook(
                symbol=book.symbol,
                last_id=book.update_id,
                bids=book.bids,
                asks=book.asks,
                always_replaces=True,
            )
        return RecordedChanges(
            symbol=book.symbol,
            first_id=book.update_id,
            last_id=book.update_id,
            bids=book.bids,
            asks=book.asks,
        )
