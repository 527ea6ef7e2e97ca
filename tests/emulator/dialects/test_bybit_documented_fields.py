"""Every answer and frame has the fields of its documented or recorded example, no more and no fewer."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.emulator.scripted_market import START, ScriptedMarket, ask, json_of, listen, said, tell
from tests.venues.documented import example

from venuekit.emulator.dialects.bybit import BybitPerpetualDialect, BybitSpotDialect
from venuekit.emulator.dialects.bybit_family import BybitDialect

DataPath = Callable[[str], Path]
FILE, HEADING = "doc_bybit_v5", "Response Example"
RECORDING = "bybit/cf_linear_BTC_DOGE_spot_BTC_20260809.jsonl.gz"
# Newer than the example: changelog/v5, 2026-03-26.
NEWER = {"xstockMultiplier"}

CATEGORIES: dict[str, type[BybitDialect]] = {"spot": BybitSpotDialect, "linear": BybitPerpetualDialect}
# market/tickers, "Response Parameters", linear (2026-06-09): the page shows inverse contracts only.
LINEAR_TICKER = (
    "symbol lastPrice indexPrice markPrice prevPrice24h price24hPcnt highPrice24h lowPrice24h prevPrice1h "
    "openInterest openInterestValue singleOpenInterest singleOpenInterestValue turnover24h volume24h "
    "fundingRate nextFundingTime predictedDeliveryPrice basisRate basis deliveryFeeRate deliveryTime "
    "ask1Size bid1Price ask1Price bid1Size preOpenPrice preQty curPreListingPhase fundingIntervalHour "
    "fundingCap basisRateYear"
)


def fields(value: Any) -> Any:
    """The shape of a JSON value: names with the shapes under them; lists of rows by their first."""
    if isinstance(value, dict):
        return {name: fields(inner) for name, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [fields(value[0])]
    return type(value).__name__


def market_that_traded() -> ScriptedMarket:
    market = ScriptedMarket()
    market.happens(0.15, bids=[("99.50", "1.000")], asks=[("100.50", "1.000")])
    market.happens(0.16, trades=[("100.00", "1.000", True)])
    return market


def venue(category: str) -> BybitDialect:
    return CATEGORIES[category]([market_that_traded()], start_time=START)


@pytest.mark.parametrize(
    ("category", "page", "number", "target"),
    [
        ("spot", "market/time.mdx", 0, "time"),
        ("linear", "market/time.mdx", 0, "time"),
        ("spot", "market/orderbook.mdx", 0, "orderbook?category=spot&symbol=BTCUSDT"),
        ("linear", "market/orderbook.mdx", 0, "orderbook?category=linear&symbol=BTCUSDT"),
        ("spot", "market/tickers.mdx", 2, "tickers?category=spot"),
        ("spot", "market/recent-trade.mdx", 0, "recent-trade?category=spot&symbol=BTCUSDT"),
        ("linear", "market/recent-trade.mdx", 0, "recent-trade?category=linear&symbol=BTCUSDT"),
        ("linear", "market/history-fund-rate.mdx", 0, "funding/history?category=linear&symbol=BTCUSDT"),
    ],
)
def test_answers_have_the_documented_fields(
    data_path: DataPath, category: str, page: str, number: int, target: str
) -> None:
    documented = msgspec.json.decode(example(data_path, FILE, page, HEADING, number))
    answered = json_of(ask(venue(category), f"/v5/market/{target}", after=1.0))
    assert fields(documented) == fields(answered)


def test_a_spot_instrument_has_the_documented_fields(data_path: DataPath) -> None:
    documented = msgspec.json.decode(example(data_path, FILE, "market/instrument.mdx", HEADING, 1))
    answered = json_of(ask(venue("spot"), "/v5/market/instruments-info?category=spot"))
    expected, row = documented["result"]["list"][0], answered["result"]["list"][0]
    assert expected.keys() | NEWER == row.keys()
    assert fields(expected["lotSizeFilter"]) == fields(row["lotSizeFilter"])


def test_a_linear_ticker_has_the_documented_fields() -> None:
    answered = json_of(ask(venue("linear"), "/v5/market/tickers?category=linear&symbol=BTCUSDT"))
    assert set(LINEAR_TICKER.split()) == answered["result"]["list"][0].keys()


def recorded(data_path: DataPath) -> Iterator[tuple[str, Any]]:
    """(Category, what arrived) of the recording, answers and frames."""
    connections = {"BYBIT.ws.2": "linear", "BYBIT.ws.3": "spot"}
    with gzip.open(data_path(RECORDING)) as lines:
        for line in lines:
            row = msgspec.json.decode(line)
            if row["t"] == "recv":
                yield connections[row["conn"]], msgspec.json.decode(row["data"])
            elif row["t"] == "http":
                answer = msgspec.json.decode(row["data"])
                yield answer["result"]["category"], answer


@pytest.mark.parametrize("category", ["spot", "linear"])
def test_instruments_are_written_as_recorded(data_path: DataPath, category: str) -> None:
    answer = next(said for name, said in recorded(data_path) if name == category and "result" in said)
    expected = next(row for row in answer["result"]["list"] if row["symbol"] == "BTCUSDT")
    target = f"/v5/market/instruments-info?category={category}&symbol=BTCUSDT"
    answered = json_of(ask(venue(category), target))
    (row,) = answered["result"]["list"]
    assert fields(expected) == fields(row)
    assert answer["result"].keys() == answered["result"].keys()


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("orderbook.200.BTCUSDT", "snapshot"),
        ("orderbook.200.BTCUSDT", "delta"),
        ("publicTrade.BTCUSDT", "snapshot"),
        ("tickers.BTCUSDT", "snapshot"),
    ],
)
@pytest.mark.parametrize("category", ["spot", "linear"])
def test_frames_are_written_as_recorded_down_to_the_order_of_their_fields(
    data_path: DataPath, category: str, topic: str, kind: str
) -> None:
    expected = next(
        said
        for name, said in recorded(data_path)
        if name == category and said.get("topic") == topic and said.get("type") == kind
    )
    machine = venue(category)
    client = listen(machine, f"/v5/public/{category}")
    machine.receive(client, msgspec.json.encode({"op": "subscribe", "args": [topic]}), START)
    machine.tick(START + 1.0)
    frame = next(frame for frame in said(client) if frame.get("type") == kind)
    assert fields(expected) == fields(frame)
    assert list(expected) == list(frame)


@pytest.mark.parametrize("category", ["spot", "linear"])
def test_an_acknowledgement_is_written_as_recorded(data_path: DataPath, category: str) -> None:
    expected = next(said for name, said in recorded(data_path) if name == category and "op" in said)
    machine = venue(category)
    client = listen(machine, f"/v5/public/{category}")
    answer = tell(machine, client, {"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})
    assert expected | {"conn_id": answer["conn_id"]} == answer
    assert list(expected) == list(answer)


@pytest.mark.parametrize(("category", "number"), [("spot", 0), ("linear", 1)])
def test_a_pong_is_written_as_documented(data_path: DataPath, category: str, number: int) -> None:
    heading = "How to Send the Heartbeat Packet"
    page = "websocket/wss-authentication.mdx"
    expected = msgspec.json.decode(example(data_path, FILE, page, heading, number))
    machine = venue(category)
    client = listen(machine, f"/v5/public/{category}")
    answer = tell(machine, client, {"op": "ping"})
    assert expected | {"conn_id": answer["conn_id"]} == answer
