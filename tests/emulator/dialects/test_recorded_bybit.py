from __future__ import annotations

import pytest
from tests.emulator.scripted_market import START, ask, json_of

from venuekit.emulator.dialects.bybit import BybitPerpetualDialect
from venuekit.emulator.dialects.recorded_bybit import BybitReader
from venuekit.emulator.recorded_flow import Recorded, RecordedChanges, recorded_markets
from venuekit.protocol.recording import Record, RecordKind

# bybit-exchange/docs, v5/websocket/public/orderbook, "Response Example", Delta, shortened to one level a side
DELTA = (
    b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1687940967466,"data":{"s":"BTCUSDT",'
    b'"b":[["30247.20","30.028"]],"a":[["30248.70","0"]],"u":177400507,"seq":66544703342},'
    b'"cts":1687940967464}'
)
TRADE_NAME = "a9188a0a-82bc-50de-be60-03eedbe3cdd7"
# bybit-exchange/docs, v5/websocket/public/trade; the id is one of 2026-08-09
TRADE = (
    b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,'
    b'"s":"BTCUSDT","S":"Buy","v":"0.001","p":"30247.20","L":"PlusTick",'
    b'"i":"a9188a0a-82bc-50de-be60-03eedbe3cdd7","BT":false}]}'
)
LINEAR = "wss://stream.bybit.com/v5/public/linear"
SPOT = "wss://stream.bybit.com/v5/public/spot"


def told(data: bytes, url: str | None, kind: RecordKind = RecordKind.FRAME) -> list[Recorded]:
    return list(BybitReader("linear").read(Record(kind=kind, received=0.0, data=data, url=url)))


@pytest.mark.parametrize("url", [None, LINEAR])
def test_a_delta_is_one_id_of_changes(url: str | None) -> None:
    assert told(DELTA, url) == [
        RecordedChanges(
            symbol="BTCUSDT",
            first_id=177400507,
            last_id=177400507,
            bids=[("30247.20", "30.028")],
            asks=[("30248.70", "0")],
        )
    ]


def test_a_recorded_trade_keeps_the_name_that_is_no_number() -> None:
    frames = (DELTA.replace(b"delta", b"snapshot").replace(b'"0"', b'"1.000"'), TRADE)
    records = [
        Record(kind=RecordKind.FRAME, received=float(number), data=data, url=LINEAR)
        for number, data in enumerate(frames)
    ]
    markets = recorded_markets(records, BybitReader("linear"), START, 10.0)
    venue = BybitPerpetualDialect(markets.values(), start_time=START)
    target = "/v5/market/recent-trade?category=linear&symbol=BTCUSDT"
    rows = json_of(ask(venue, target, after=1.0))["result"]["list"]
    assert [TRADE_NAME] == [row["execId"] for row in rows]


def test_a_frame_of_another_category_is_passed_over() -> None:
    assert told(DELTA, SPOT) == []


def test_an_acknowledgement_tells_nothing() -> None:
    assert told(b'{"success":true,"ret_msg":"subscribe","conn_id":"x","op":"subscribe"}', LINEAR) == []


def test_an_answer_to_another_question_tells_nothing() -> None:
    assert told(b"{}", "https://api.bybit.com/v5/market/time", RecordKind.ANSWER) == []


@pytest.mark.parametrize(("symbol", "assets"), [("BTCUSDT", ("BTC", "USDT")), ("BTCPERP", ("BTC", "USDC"))])
def test_an_unlisted_symbol_is_split_at_its_quote(symbol: str, assets: tuple[str, str]) -> None:
    assert BybitReader("linear").assets(symbol) == assets


def test_a_symbol_without_a_known_quote_is_refused() -> None:
    with pytest.raises(ValueError, match="no known quote in the symbol 'ABCXYZ'"):
        BybitReader("linear").assets("ABCXYZ")
