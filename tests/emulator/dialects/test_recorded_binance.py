from __future__ import annotations

import pytest

from venuekit.emulator.dialects.recorded_binance import BinanceReader
from venuekit.emulator.recorded_flow import Recorded, RecordedBook, RecordedTrade
from venuekit.protocol.recording import Record, RecordKind

# binance-spot-api-docs, web-socket-streams.md, "Aggregate Trade Streams"
AGGREGATE = (
    b'{"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12345,"p":"0.001","q":"100","f":100,"l":105,'
    b'"T":1672515782136,"m":true,"M":true}'
)
# binance-spot-api-docs, web-socket-streams.md, "Individual Symbol Book Ticker Streams": no event type
BOOK_TICKER = (
    b'{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}'
)
# binance-spot-api-docs, rest-api.md, "Order book"
DEPTH = (
    b'{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}'
)


def told(data: bytes, kind: RecordKind = RecordKind.FRAME, url: str | None = None) -> list[Recorded]:
    return list(BinanceReader().read(Record(kind=kind, received=0.0, data=data, url=url)))


@pytest.mark.parametrize("frame", [AGGREGATE, b'{"stream":"bnbbtc@aggTrade","data":' + AGGREGATE + b"}"])
def test_a_frame_means_the_same_raw_and_in_a_combined_stream(frame: bytes) -> None:
    expected = RecordedTrade(
        symbol="BNBBTC",
        trade_id=105,
        price="0.001",
        amount="100",
        taker_is_buyer=False,
        is_aggregate=True,
    )
    assert told(frame) == [expected]


def test_a_frame_about_something_else_tells_nothing() -> None:
    assert told(BOOK_TICKER) == []


@pytest.mark.parametrize(
    ("url", "symbol"),
    [(None, None), ("https://api.binance.com/api/v3/depth?symbol=BNBUSDT&limit=5", "BNBUSDT")],
)
def test_a_depth_answer_is_of_the_symbol_that_was_asked_for(url: str | None, symbol: str | None) -> None:
    (book,) = told(DEPTH, RecordKind.ANSWER, url)
    assert isinstance(book, RecordedBook)
    assert (book.symbol, book.last_id) == (symbol, 1027024)


@pytest.mark.parametrize(
    ("symbol", "assets"),
    [("BTCUSDT", ("BTC", "USDT")), ("BTCFDUSD", ("BTC", "FDUSD")), ("ETHBTC", ("ETH", "BTC"))],
)
def test_an_unlisted_symbol_is_split_at_its_quote(symbol: str, assets: tuple[str, str]) -> None:
    assert BinanceReader().assets(symbol) == assets


def test_a_symbol_without_a_known_quote_is_refused() -> None:
    with pytest.raises(ValueError, match="no known quote in the symbol 'ABCXYZ'"):
        BinanceReader().assets("ABCXYZ")
