"""Every answer and frame has the fields of its documented example, no more and no fewer."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.emulator.scripted_market import START, ScriptedMarket, ask, json_of, listen, said

from venuekit.emulator.dialects.binance_family import BinanceFamily
from venuekit.emulator.dialects.binance_perpetual import BinancePerpetualDialect
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect

# Last word of the example's section, and a field that no other example of the section has.
SPOT_ANSWERS = [
    ("Check server time", "serverTime", "/api/v3/time"),
    ("Order book", "lastUpdateId", "/api/v3/depth?symbol=BTCUSDT"),
    ("Recent trades list", "isBestMatch", "/api/v3/trades?symbol=BTCUSDT"),
    ("Compressed/Aggregate trades list", "f", "/api/v3/aggTrades?symbol=BTCUSDT"),
    ("24hr ticker price change statistics", "weightedAvgPrice", "/api/v3/ticker/24hr?symbol=BTCUSDT"),
    ("Symbol price ticker", "price", "/api/v3/ticker/price?symbol=BTCUSDT"),
    ("Symbol order book ticker", "bidQty", "/api/v3/ticker/bookTicker?symbol=BTCUSDT"),
]
SPOT_STREAMS = [
    ("Aggregate Trade Streams", "a", "btcusdt@aggTrade"),
    ("Trade Streams", "t", "btcusdt@trade"),
    ("Individual Symbol Mini Ticker Stream", "c", "btcusdt@miniTicker"),
    ("Individual Symbol Ticker Streams", "w", "btcusdt@ticker"),
    ("Individual Symbol Book Ticker Streams", "B", "btcusdt@bookTicker"),
    ("Partial Book Depth Streams", "lastUpdateId", "btcusdt@depth5"),
    ("Diff. Depth Stream", "U", "btcusdt@depth"),
]
# binance-connector-python v17.2.0, unit tests of derivatives_trading_usds_futures (2026-08-19), which copy
# the pages' examples; fundingInfo with `updateTime` as captured on 2026-10-07.
USDM_ANSWERS = {
    "/fapi/v1/time": "serverTime",
    "/fapi/v1/depth?symbol=BTCUSDT": "lastUpdateId E T bids asks",
    "/fapi/v1/trades?symbol=BTCUSDT": "id price qty quoteQty time isBuyerMaker isRPITrade",
    "/fapi/v1/ticker/price?symbol=BTCUSDT": "symbol price time",
    "/fapi/v2/ticker/price?symbol=BTCUSDT": "symbol price time",
    "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT": "symbol bidPrice bidQty askPrice askQty time",
    "/fapi/v1/ticker/24hr?symbol=BTCUSDT": (
        "symbol priceChange priceChangePercent weightedAvgPrice lastPrice lastQty openPrice highPrice "
        "lowPrice volume quoteVolume openTime closeTime firstId lastId count"
    ),
    "/fapi/v1/premiumIndex?symbol=BTCUSDT": (
        "symbol markPrice indexPrice estimatedSettlePrice lastFundingRate interestRate nextFundingTime time"
    ),
    "/fapi/v1/fundingRate?symbol=BTCUSDT": "symbol fundingRate fundingTime markPrice rateType",
    "/fapi/v1/fundingInfo": (
        "symbol adjustedFundingRateCap adjustedFundingRateFloor fundingIntervalHours disclaimer updateTime"
    ),
}
# Pages "WebSocket Market Streams" with the fields of the notice "Architecture Integration" (2026-06-10), as
# live frames of 2026-10-07 have them; @trade is undocumented and as recorded on 2026-09-25.
USDM_STREAMS = {
    "public btcusdt@depth": "e E T s ps U u pu b a st",
    "public btcusdt@depth5": "e E T s ps U u pu b a st",
    "public btcusdt@bookTicker": "e u s ps b B a A T E st",
    "public btcusdt@trade": "e E T s t p q X m st",
    "market btcusdt@aggTrade": "e E s a p q nq f l T m st",
    "market btcusdt@markPrice": "e E s p ap i P r T st",
    "market btcusdt@ticker": "e E s ps p P w c Q o h l v q O C F L n st",
    "market btcusdt@miniTicker": "e E s ps c o h l v q st",
}
# The live row of BTCUSDT in exchangeInfo, 2026-10-07.
USDM_SYMBOL = (
    "symbol pair contractType deliveryDate onboardDate status maintMarginPercent requiredMarginPercent "
    "baseAsset quoteAsset marginAsset pricePrecision quantityPrecision baseAssetPrecision quotePrecision "
    "underlyingType underlyingSubType triggerProtect liquidationFee marketTakeBound maxMoveOrderLimit "
    "filters orderTypes timeInForce permissionSets"
)


def _keys(content: Any) -> set[str]:
    row = content[0] if isinstance(content, list) else content
    return set(row)


def _lively(product: type[BinanceFamily]) -> BinanceFamily:
    """A venue in which everything has happened that there is to tell."""
    market = ScriptedMarket()
    eth = ScriptedMarket(msgspec.structs.replace(market.instrument, trading_pair="ETH-USDT", base="ETH"))
    market.happens(
        0.01, bids=[("99.50", "1.000")], asks=[("101.00", "0.000")], trades=[("101.00", "1.000", True)]
    )
    return product([market, eth], start_time=START)


def _heard(venue: BinanceFamily, path: str) -> Any:
    listener = listen(venue, path)
    venue.tick(START + 3.0)
    return said(listener)[0]


@pytest.fixture(scope="session")
def examples(data_path: Callable[[str], Path]) -> list[dict[str, Any]]:
    with gzip.open(data_path("payloads/doc_binance_spot.jsonl.gz")) as lines:
        return [msgspec.json.decode(line) for line in lines]


def _documented(examples: list[dict[str, Any]], page: str, heading: str, mark: str) -> set[str]:
    found = [
        _keys(example["payload"])
        for example in examples
        if example["source"].endswith(page)
        and example["section"][-1].startswith(heading)
        and isinstance(example.get("payload"), dict | list)
        and mark in _keys(example["payload"])
    ]
    assert found, f"{page} has no example with {mark} under {heading}"
    return found[0]


@pytest.mark.parametrize(("heading", "mark", "target"), SPOT_ANSWERS)
def test_a_spot_answer_has_the_documented_fields(
    examples: list[dict[str, Any]], heading: str, mark: str, target: str
) -> None:
    venue = _lively(BinanceSpotDialect)
    documented = _documented(examples, ":rest-api.md", heading, mark)
    assert documented == _keys(json_of(ask(venue, target, after=1.0)))


def test_a_spot_symbol_has_the_documented_fields(examples: list[dict[str, Any]]) -> None:
    (example,) = [
        example["payload"]["symbols"][0]
        for example in examples
        if example["source"].endswith(":rest-api.md")
        and isinstance(example.get("payload"), dict)
        and "exchangeFilters" in example["payload"]
        and "symbols" in example["payload"]
    ]
    info = json_of(ask(_lively(BinanceSpotDialect), "/api/v3/exchangeInfo"))
    assert set(example) == set(info["symbols"][0])


@pytest.mark.parametrize(("heading", "mark", "stream"), SPOT_STREAMS)
def test_a_spot_frame_has_the_documented_fields(
    examples: list[dict[str, Any]], heading: str, mark: str, stream: str
) -> None:
    documented = _documented(examples, ":web-socket-streams.md", heading, mark)
    assert documented == _keys(_heard(_lively(BinanceSpotDialect), f"/ws/{stream}"))


@pytest.mark.parametrize("target", USDM_ANSWERS)
def test_a_usdm_answer_has_the_documented_fields(target: str) -> None:
    venue = _lively(BinancePerpetualDialect)
    assert set(USDM_ANSWERS[target].split()) == _keys(json_of(ask(venue, target, after=1.0)))


@pytest.mark.parametrize("place", USDM_STREAMS)
def test_a_usdm_frame_has_the_documented_fields(place: str) -> None:
    door, stream = place.split()
    frame = _heard(_lively(BinancePerpetualDialect), f"/{door}/ws/{stream}")
    assert set(USDM_STREAMS[place].split()) == _keys(frame)


def test_a_usdm_symbol_has_the_fields_seen_live() -> None:
    info = json_of(ask(_lively(BinancePerpetualDialect), "/fapi/v1/exchangeInfo"))
    assert set(USDM_SYMBOL.split()) == set(info["symbols"][0])
