"""What Binance USD-M documents, and what venuekit makes of it.

Payloads older than the routes of 2026-04 are no documentation: each example here names its page and date.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from venuekit.model.book import BookDiff
from venuekit.model.market import FundingInfoUpdate, PublicTrade
from venuekit.model.order import TradeType
from venuekit.model.trading_rule import ContractKind, TradingStatus
from venuekit.protocol.endpoint import Endpoint
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.binance import wire as family
from venuekit.venues.binance.perpetual import wire
from venuekit.venues.binance.perpetual.exchange import BinancePerpetual
from venuekit.venues.binance.perpetual.streams import BinancePerpetualDataSource

# websocket-market-streams, "Diff. Book Depth Streams", with the fields of 2026-06-29.
DEPTH = (
    b'{"e":"depthUpdate","E":123456789,"T":123456788,"s":"BTCUSDT","ps":"BTCUSDT","U":157,"u":160,"pu":149,'
    b'"b":[["0.0024","10"]],"a":[["0.0026","100"]],"st":1}'
)
# "Aggregate Trade Streams", 2026-06-29.
AGGREGATE = (
    b'{"e":"aggTrade","E":123456789,"s":"BTCUSDT","a":5933014,"p":"0.001","q":"100","nq":"100","f":100,"l":105,'
    b'"T":123456785,"m":true,"st":1}'
)
# "Mark Price Stream", 2026-03-26.
MARK = (
    b'{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","ap":"11794.15000000",'
    b'"i":"11784.62659091","P":"11784.25641265","r":"0.00038167","T":1562306400000,"st":1}'
)
# Recorded on /public on 2026-09-25: no page documents it.
SINGLE = (
    b'{"e":"trade","E":1790370834849,"T":1790370834848,"s":"BTCUSDT","t":8121136411,"p":"83680.00","q":"0.001",'
    b'"X":"MARKET","m":true,"st":1}'
)


@pytest.fixture
def source() -> BinancePerpetualDataSource:
    return BinancePerpetualDataSource(SymbolMap(quotes=["USDT"]))


def test_the_documented_difference_names_its_predecessor(source: BinancePerpetualDataSource) -> None:
    (diff,) = source.parse(DEPTH)
    assert isinstance(diff, BookDiff)
    assert (157, 160, 149) == (diff.first_update_id, diff.last_update_id, diff.previous_update_id)


def test_the_documented_trade_is_an_aggregate(source: BinancePerpetualDataSource) -> None:
    (trade,) = source.parse(b'{"stream":"btcusdt@aggTrade","data":' + AGGREGATE + b"}")
    assert isinstance(trade, PublicTrade)
    assert (5933014, TradeType.SELL, True) == (trade.trade_id, trade.trade_type, trade.is_aggregate)


def test_a_single_trade_is_none(source: BinancePerpetualDataSource) -> None:
    (trade,) = source.parse(SINGLE)
    assert isinstance(trade, PublicTrade)
    assert (8121136411, False, Decimal("83680.00")) == (trade.trade_id, trade.is_aggregate, trade.price)


def test_the_documented_mark_price_carries_the_funding(source: BinancePerpetualDataSource) -> None:
    expected = FundingInfoUpdate(
        trading_pair="BTC-USDT",
        index_price=Decimal("11784.62659091"),
        mark_price=Decimal("11794.15000000"),
        next_funding_utc_timestamp=1562306400.0,
        rate=Decimal("0.00038167"),
    )
    assert (expected,) == tuple(source.parse(MARK))


def test_a_mark_price_without_scheduled_funding_carries_prices_only(
    source: BinancePerpetualDataSource,
) -> None:
    (update,) = source.parse(MARK.replace(b'"T":1562306400000', b'"T":0'))
    assert isinstance(update, FundingInfoUpdate)
    assert (None, None) == (update.rate, update.next_funding_utc_timestamp)


def test_each_channel_is_asked_for_on_its_route(source: BinancePerpetualDataSource) -> None:
    source.symbols.add("BTC-USDT", "BTCUSDT")
    routes = {channel.name: channel.route for channel in source.channels("BTC-USDT")}
    assert {
        "btcusdt@depth@100ms": "/public/stream",
        "btcusdt@aggTrade": "/market/stream",
        "btcusdt@markPrice@1s": "/market/stream",
    } == routes


# Copies of the pages' examples in the official SDK, 2026-08-19.
ANSWERS: list[tuple[Endpoint[Any, Any], bytes]] = [
    (wire.TIME, b'{"serverTime":1499827319559}'),
    (
        wire.DEPTH,
        (
            b'{"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,"bids":[["4.00000000","431.00000000"]],'
            b'"asks":[["4.00000200","12.00000000"]]}'
        ),
    ),
    (wire.PRICES, b'[{"symbol":"BTCUSDT","price":"6000.01","time":1589437530011}]'),
    (
        wire.PREMIUM_INDEX,
        (
            b'{"symbol":"BTCUSDT","markPrice":"11793.63104562","indexPrice":"11781.80495970","estimatedSettlePrice":'
            b'"11781.16138815","lastFundingRate":"0.00038246","interestRate":"0.00010000","nextFundingTime":1597392000000,'
            b'"time":1597370495002}'
        ),
    ),
    (
        wire.FUNDING_INFO,
        (
            b'[{"symbol":"BLZUSDT","adjustedFundingRateCap":"0.02500000","adjustedFundingRateFloor":"-0.02500000",'
            b'"fundingIntervalHours":8,"disclaimer":false}]'
        ),
    ),
]


@pytest.mark.parametrize(("endpoint", "body"), ANSWERS, ids=lambda value: getattr(value, "name", ""))
def test_documented_answers_decode(endpoint: Endpoint[Any, Any], body: bytes) -> None:
    assert msgspec.json.decode(body, type=endpoint.answer)


# exchangeInfo as the venue sent it on 2026-10-07, one perpetual and one dated future of the same assets.
INFO = (
    b'{"symbols":[{"symbol":"BTCUSDT","pair":"BTCUSDT","contractType":"PERPETUAL","deliveryDate":4133404800000,'
    b'"onboardDate":1567965300000,"status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","marginAsset":"USDT",'
    b'"pricePrecision":2,"quantityPrecision":3,"filters":[{"maxPrice":"4529764","tickSize":"0.10","filterType":'
    b'"PRICE_FILTER","minPrice":"556.80"},{"stepSize":"0.001","minQty":"0.001","maxQty":"1000","filterType":"LOT_SIZE"},'
    b'{"minQty":"0.001","maxQty":"120","filterType":"MARKET_LOT_SIZE","stepSize":"0.001"},'
    b'{"notional":"50","filterType":"MIN_NOTIONAL"}]},'
    b'{"symbol":"BTCUSDT_261225","pair":"BTCUSDT","contractType":"CURRENT_QUARTER","status":"TRADING",'
    b'"baseAsset":"BTC","quoteAsset":"USDT","marginAsset":"USDT","filters":[]}]}'
)


def test_a_dated_future_of_the_same_assets_is_of_another_kind() -> None:
    info = msgspec.json.decode(INFO, type=wire.ExchangeInfo)
    kinds = {rule.symbol: rule.contract_kind for rule in BinancePerpetual.trading_rules_of(info)}
    assert {
        "BTCUSDT": ContractKind.LINEAR_PERPETUAL,
        "BTCUSDT_261225": ContractKind.LINEAR_FUTURE,
    } == kinds


def test_filters_become_a_rule_with_its_collateral() -> None:
    rule, _ = BinancePerpetual.trading_rules_of(msgspec.json.decode(INFO, type=wire.ExchangeInfo))
    assert (Decimal("0.10"), Decimal("0.001"), Decimal(50), "USDT") == (
        rule.min_price_increment, rule.min_base_amount_increment, rule.min_notional_size,
        rule.buy_order_collateral_token,
    )  # fmt: skip
    assert Decimal(120) == rule.max_market_order_size


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("PENDING_TRADING", TradingStatus.PRE_LAUNCH),
        ("TRADING", TradingStatus.TRADING),
        ("TRADING_HALT", TradingStatus.HALTED),
        ("TRADING_CANCEL_ONLY", TradingStatus.CANCEL_ONLY),
        ("SETTLING", TradingStatus.SETTLING),
        ("CLOSE", TradingStatus.CLOSED),
        ("A_WORD_OF_NEXT_YEAR", TradingStatus.UNKNOWN),
    ],
)
def test_each_status_of_today_is_known(status: str, expected: TradingStatus) -> None:
    info = msgspec.json.decode(
        INFO.replace(b'"TRADING"', b'"%s"' % status.encode(), 1), type=wire.ExchangeInfo
    )
    assert expected is next(iter(BinancePerpetual.trading_rules_of(info))).status


def test_each_snapshot_size_is_charged_its_documented_weight() -> None:
    (charge,) = wire.DEPTH.charges
    sizes = (5, 50, 100, 500, 1000)
    assert [2, 2, 5, 10, 20] == [charge.of(family.DepthQuery(symbol="BTCUSDT", limit=size)) for size in sizes]
