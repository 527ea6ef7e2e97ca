"""What Bybit's linear contracts document, and what venuekit makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest

from venuekit import errors
from venuekit.connector.setting import ConnectorSetting, ConnectorType
from venuekit.model.fees import TradeFeeSchema
from venuekit.model.market import FundingInfo, FundingInfoUpdate, Ticker
from venuekit.model.trading_rule import ContractKind, TradingStatus
from venuekit.protocol.domain import Domain
from venuekit.protocol.stream import Channel
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.bybit.perpetual import wire
from venuekit.venues.bybit.perpetual.exchange import BybitPerpetual
from venuekit.venues.bybit.perpetual.streams import BybitPerpetualDataSource
from venuekit.web.transport import HttpAnswer, WsConnection

# websocket/public/ticker, "Response Example", LinearPerpetual (2026-06-09).
TICKER = (
    b'{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","tickDirection":"MinusTick",'
    b'"price24hPcnt":"-0.158315","lastPrice":"66666.60","prevPrice24h":"79206.20","highPrice24h":"79266.30",'
    b'"lowPrice24h":"65076.90","prevPrice1h":"66666.60","markPrice":"66666.60","indexPrice":"115418.19",'
    b'"openInterest":"492373.72","openInterestValue":"32824881841.75","turnover24h":"4936790807.6521",'
    b'"volume24h":"73191.3870","fundingIntervalHour":"8","fundingCap":"0.005","nextFundingTime":"1760342400000",'
    b'"fundingRate":"-0.005","bid1Price":"66666.60","bid1Size":"23789.165","ask1Price":"66666.70",'
    b'"ask1Size":"23775.469","preOpenPrice":"","preQty":"","curPreListingPhase":""},"cs":9532239429,'
    b'"ts":1760325052630}'
)
# Recorded on 2026-08-09.
DELTA = (
    b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","bid1Price":"65114.20",'
    b'"bid1Size":"6.054","ask1Price":"65114.30","ask1Size":"10.486"},"cs":753843907770,"ts":1786310817883}'
)
# websocket/public/ticker, LinearFutures (2026-06-09), shortened to what is read.
FUTURE = (
    b'{"topic":"tickers.BTCUSDT-26DEC25","type":"snapshot","data":{"symbol":"BTCUSDT","markPrice":"121144.63",'
    b'"indexPrice":"114132.51","nextFundingTime":"","fundingRate":""},"cs":31337927919,"ts":1760409119857}'
)
# market/instrument, "USDT Perpetual", the page of 2026-05-27.
PERPETUAL = (
    b'{"symbol":"BTCUSDT","symbolId":5,"contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC",'
    b'"quoteCoin":"USDT","launchTime":"1585526400000","deliveryTime":"0","deliveryFeeRate":"","priceScale":"2",'
    b'"leverageFilter":{"minLeverage":"1","maxLeverage":"100.00","leverageStep":"0.01"},'
    b'"priceFilter":{"minPrice":"0.10","maxPrice":"1999999.80","tickSize":"0.10"},'
    b'"lotSizeFilter":{"maxOrderQty":"1190.000","minOrderQty":"0.001","qtyStep":"0.001",'
    b'"postOnlyMaxOrderQty":"1190.000","maxMktOrderQty":"500.000","minNotionalValue":"5"},'
    b'"unifiedMarginTrade":true,"fundingInterval":480,"settleCoin":"USDT","copyTrading":"both",'
    b'"upperFundingRate":"0.00375","lowerFundingRate":"-0.00375","isPreListing":false,"preListingInfo":null,'
    b'"riskParameters":{"priceLimitRatioX":"0.01","priceLimitRatioY":"0.02"},"symbolType":""}'
)
# market/instrument, "Pre-market Perpetual", shortened to what is read.
PRE_MARKET = (
    b'{"symbol":"BIOUSDT","contractType":"LinearPerpetual","status":"PreLaunch","baseCoin":"BIO",'
    b'"quoteCoin":"USDT","priceFilter":{"minPrice":"0.0001","maxPrice":"1999.9998","tickSize":"0.0001"},'
    b'"lotSizeFilter":{"maxOrderQty":"70000","minOrderQty":"1","qtyStep":"1","postOnlyMaxOrderQty":"70000",'
    b'"maxMktOrderQty":"14000","minNotionalValue":"5"},"fundingInterval":480,"settleCoin":"USDT",'
    b'"isPreListing":true,"preListingInfo":{"curAuctionPhase":"ContinuousTrading","phases":[]}}'
)
CURSOR = b"first%3DBIOUSDT%26last%3DBIOUSDT"


def page(*rows: bytes, cursor: bytes = b"") -> bytes:
    """An answer of instruments-info."""
    return (
        b'{"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[%b],"nextPageCursor":"%b"},'
        b'"retExtInfo":{},"time":1735809771618}' % (b",".join(rows), cursor)
    )


@pytest.fixture
def source() -> BybitPerpetualDataSource:
    return BybitPerpetualDataSource(SymbolMap(quotes=["USDT"]))


def test_the_documented_ticker_carries_prices_and_the_funding(source: BybitPerpetualDataSource) -> None:
    ticker, funding = source.parse(TICKER)
    assert ticker == Ticker(
        trading_pair="BTC-USDT",
        last_price=Decimal("66666.60"),
        best_bid=Decimal("66666.60"),
        best_bid_amount=Decimal("23789.165"),
        best_ask=Decimal("66666.70"),
        best_ask_amount=Decimal("23775.469"),
        timestamp=1760325052.63,
    )
    assert funding == FundingInfoUpdate(
        trading_pair="BTC-USDT",
        index_price=Decimal("115418.19"),
        mark_price=Decimal("66666.60"),
        next_funding_utc_timestamp=1760342400.0,
        rate=Decimal("-0.005"),
        interval=28800.0,
    )


def test_a_delta_carries_what_changed_and_no_funding_where_none_did(source: BybitPerpetualDataSource) -> None:
    expected = Ticker(
        trading_pair="BTC-USDT",
        best_bid=Decimal("65114.20"),
        best_bid_amount=Decimal("6.054"),
        best_ask=Decimal("65114.30"),
        best_ask_amount=Decimal("10.486"),
        timestamp=1786310817.883,
    )
    assert (expected,) == tuple(source.parse(DELTA))


def test_a_contract_without_funding_carries_none(source: BybitPerpetualDataSource) -> None:
    _, update = source.parse(FUTURE)
    assert isinstance(update, FundingInfoUpdate)
    assert (None, None, None) == (update.rate, update.next_funding_utc_timestamp, update.interval)


def test_books_trades_and_tickers_are_asked_for_at_the_linear_address(
    source: BybitPerpetualDataSource,
) -> None:
    source.symbols.add("BTC-USDC", "BTCPERP")
    assert [
        Channel(route="/v5/public/linear", name=f"{kind}.BTCPERP")
        for kind in ("orderbook.200", "publicTrade", "tickers")
    ] == list(source.channels("BTC-USDC"))


def test_the_documented_perpetual_becomes_a_rule_with_its_funding_interval() -> None:
    answer = msgspec.json.decode(page(PERPETUAL), type=wire.INSTRUMENTS.answer)
    (rule,) = BybitPerpetual.trading_rules_of(answer)
    assert ("BTC-USDT", "BTCUSDT", ContractKind.LINEAR_PERPETUAL, TradingStatus.TRADING) == (
        rule.trading_pair, rule.symbol, rule.contract_kind, rule.status,
    )  # fmt: skip
    assert (Decimal("0.10"), Decimal("0.001"), Decimal(5)) == (
        rule.min_price_increment, rule.min_base_amount_increment, rule.min_notional_size,
    )  # fmt: skip
    assert (Decimal("0.001"), Decimal(1190), Decimal(500)) == (
        rule.min_order_size, rule.max_order_size, rule.max_market_order_size,
    )  # fmt: skip
    assert ("USDT", 28800.0) == (rule.buy_order_collateral_token, rule.funding_interval)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("PreLaunch", TradingStatus.PRE_LAUNCH),
        ("Trading", TradingStatus.TRADING),
        ("Delivering", TradingStatus.SETTLING),
        ("Closed", TradingStatus.CLOSED),
        ("AWordOfNextYear", TradingStatus.UNKNOWN),
    ],
)
def test_each_documented_status_is_known(status: str, expected: TradingStatus) -> None:
    row = PERPETUAL.replace(b'"Trading"', b'"%s"' % status.encode())
    answer = msgspec.json.decode(page(row), type=wire.INSTRUMENTS.answer)
    (rule,) = BybitPerpetual.trading_rules_of(answer)
    assert expected is rule.status


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("NotStarted", TradingStatus.PRE_LAUNCH),
        ("CallAuction", TradingStatus.AUCTION),
        ("CallAuctionNoCancel", TradingStatus.AUCTION),
        ("CrossMatching", TradingStatus.AUCTION),
        ("ContinuousTrading", TradingStatus.TRADING),
    ],
)
def test_a_pre_market_contract_is_as_tradable_as_its_phase(phase: str, expected: TradingStatus) -> None:
    row = PRE_MARKET.replace(b'"ContinuousTrading"', b'"%s"' % phase.encode())
    answer = msgspec.json.decode(page(row), type=wire.INSTRUMENTS.answer)
    (rule,) = BybitPerpetual.trading_rules_of(answer)
    assert expected is rule.status


@pytest.mark.parametrize(
    ("contract_type", "expected"),
    [
        ("LinearPerpetual", ContractKind.LINEAR_PERPETUAL),
        ("LinearFutures", ContractKind.LINEAR_FUTURE),
        ("InversePerpetual", ContractKind.INVERSE_PERPETUAL),
        ("InverseFutures", ContractKind.INVERSE_FUTURE),
        ("AWordOfNextYear", ContractKind.OTHER),
    ],
)
def test_each_documented_contract_type_is_a_kind_of_its_own(
    contract_type: str, expected: ContractKind
) -> None:
    row = PERPETUAL.replace(b'"LinearPerpetual"', b'"%s"' % contract_type.encode())
    answer = msgspec.json.decode(page(row), type=wire.INSTRUMENTS.answer)
    (rule,) = BybitPerpetual.trading_rules_of(answer)
    assert expected is rule.contract_kind


class ScriptedTransport:
    """Answers by what a URL holds and remembers the URLs; it has no stream."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None,
    ) -> HttpAnswer:
        del method, headers, body, seconds
        self.asked.append(url.removeprefix("http://venue"))
        found = next(answer for words, answer in self.answers.items() if words in url)
        return HttpAnswer(status=200, headers={}, body=found)

    async def connect(self, url: str) -> WsConnection:
        raise errors.ConnectFailed(url)

    async def close(self) -> None:
        pass


TIME = b'{"retCode":0,"retMsg":"OK","result":{"timeSecond":"1688639403","timeNano":"1688639403423213947"}}'
LISTS = {
    "cursor=": page(PRE_MARKET),
    "status=Trading": page(PERPETUAL, cursor=CURSOR),
    "instruments-info": page(),
    "market/time": TIME,
}


def exchange(answers: Mapping[str, bytes]) -> tuple[BybitPerpetual, ScriptedTransport]:
    transport = ScriptedTransport(answers)
    setting = ConnectorSetting(
        name="bybit_perpetual",
        display_name="",
        type=ConnectorType.Derivative,
        example_pair="BTC-USDT",
        trade_fee_schema=TradeFeeSchema(),
        domain=Domain(name="main", rest_url="http://venue", ws_url="ws://venue"),
        domains=("main",),
    )
    return BybitPerpetual(["BTC-USDT"], setting=setting, transport=transport), transport


async def test_rules_are_asked_for_by_status_and_to_the_last_page() -> None:
    connector, transport = exchange(LISTS)
    await connector.start()
    await connector.stop()
    path = "/v5/market/instruments-info?category=linear"
    # A cursor travels as the venue wrote it, not encoded once more.
    assert [
        f"{path}&status=Trading&limit=1000",
        f"{path}&status=Trading&limit=1000&cursor={CURSOR.decode()}",
        f"{path}&status=PreLaunch&limit=1000",
        f"{path}&status=Delivering&limit=1000",
    ] == transport.asked[:4]
    assert ["BTC-USDT", "BIO-USDT"] == connector.all_trading_pairs()


# Fields of market/tickers (2026-06-09), values of the stream's documented example.
ROW = (
    b'{"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[{"symbol":"BTCUSDT","lastPrice":"66666.60",'
    b'"indexPrice":"115418.19","markPrice":"66666.60","fundingRate":"%b","nextFundingTime":"1760342400000",'
    b'"fundingIntervalHour":"8"}]},"retExtInfo":{},"time":1760352369814}'
)


async def test_funding_comes_with_one_question() -> None:
    connector, transport = exchange({"tickers": ROW % b"-0.005", **LISTS})
    await connector.start()
    try:
        info = await connector.order_book_tracker.data_source.funding_info("BTC-USDT")
    finally:
        await connector.stop()
    assert "/v5/market/tickers?category=linear&symbol=BTCUSDT" in transport.asked
    assert info == FundingInfo(
        trading_pair="BTC-USDT",
        index_price=Decimal("115418.19"),
        mark_price=Decimal("66666.60"),
        next_funding_utc_timestamp=1760342400.0,
        rate=Decimal("-0.005"),
        interval=28800.0,
    )


async def test_funding_that_the_venue_leaves_out_is_a_bad_answer() -> None:
    connector, _ = exchange({"tickers": page(), **LISTS})
    await connector.start()
    try:
        with pytest.raises(errors.BadAnswer):
            await connector.order_book_tracker.data_source.funding_info("BTC-USDT")
    finally:
        await connector.stop()


async def test_the_venues_clock_is_read_from_its_nanoseconds() -> None:
    connector, _ = exchange(LISTS)
    await connector.start()
    try:
        assert pytest.approx(1688639403.423214, abs=1e-6) == await connector.server_time()
    finally:
        await connector.stop()
