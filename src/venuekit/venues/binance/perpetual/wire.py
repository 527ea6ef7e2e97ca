"""What Binance USD-M futures say. Sources: docs/ADD_A_VENUE.md."""

from __future__ import annotations

import msgspec
from msgspec import field

from venuekit.protocol.book_feed import BookFeed, Sequencing, SnapshotSource
from venuekit.protocol.endpoint import Charge, Endpoint, NoQuery
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rates import RatePool
from venuekit.protocol.rest import RestPolicy
from venuekit.protocol.stream import StreamPolicy
from venuekit.venues.binance import wire as family

PAGE = "developers.binance.com/docs/derivatives/usds-margined-futures/"


class DepthUpdate(family.DepthUpdate):
    """`depth`: what changed in a book, chained by `pu`."""

    previous_final_update_id: int = field(name="pu")


class Trade(Wire):
    """`trade` (single, undocumented) and `aggTrade` (of one taker at one price): told apart by their ids."""

    event_type: str = field(name="e")
    symbol: str = field(name="s")
    price: str = field(name="p")
    quantity: str = field(name="q")
    trade_time: int = field(name="T")
    is_buyer_maker: bool = field(name="m")
    trade_id: int | None = field(name="t", default=None)
    aggregate_id: int | None = field(name="a", default=None)


class MarkPrice(Wire):
    """`markPrice`: mark and index price, and the funding that comes next (zero time: none is scheduled)."""

    symbol: str = field(name="s")
    mark_price: str = field(name="p")
    index_price: str = field(name="i")
    funding_rate: str = field(name="r")
    next_funding_time: int = field(name="T")


class Depth(Wire):
    """The answer of `depth`."""

    last_update_id: int = field(name="lastUpdateId")
    bids: msgspec.Raw
    asks: msgspec.Raw
    event_time: int | None = field(name="E", default=None)


class Symbol(Wire):
    """One symbol of `exchangeInfo`."""

    symbol: str
    status: str
    contract_type: str = field(name="contractType")
    base_asset: str = field(name="baseAsset")
    quote_asset: str = field(name="quoteAsset")
    margin_asset: str = field(name="marginAsset")
    filters: list[family.Filter] = []


class ExchangeInfo(Wire):
    """The answer of `exchangeInfo`."""

    symbols: list[Symbol]


class SymbolQuery(Wire):
    """One symbol."""

    symbol: str


class PremiumIndex(Wire):
    """One row of `premiumIndex`."""

    symbol: str
    mark_price: str = field(name="markPrice")
    index_price: str = field(name="indexPrice")
    last_funding_rate: str = field(name="lastFundingRate")
    next_funding_time: int = field(name="nextFundingTime")


class FundingInterval(Wire):
    """One row of `fundingInfo`: only symbols that differ from every 8 hours."""

    symbol: str
    funding_interval_hours: int = field(name="fundingIntervalHours")


WEIGHT = "weight"
FUNDING = "funding"
_ONE = (Charge(pool=WEIGHT),)
_MARKET = f"{PAGE}market-data/rest-api/"

TIME = Endpoint(
    method="GET",
    path="/fapi/v1/time",
    query=NoQuery,
    answer=family.ServerTime,
    charges=_ONE,
    page=f"{_MARKET}Check-Server-Time",
)
EXCHANGE_INFO = Endpoint(
    method="GET",
    path="/fapi/v1/exchangeInfo",
    query=NoQuery,
    answer=ExchangeInfo,
    charges=_ONE,
    page=f"{_MARKET}Exchange-Information",
)
DEPTH = Endpoint(
    method="GET",
    path="/fapi/v1/depth",
    query=family.DepthQuery,
    answer=Depth,
    charges=(Charge(pool=WEIGHT, by="limit", steps=((50, 2), (100, 5), (500, 10), (1000, 20))),),
    page=f"{_MARKET}Order-Book",
)
PRICES = Endpoint(
    method="GET",
    path="/fapi/v2/ticker/price",
    query=NoQuery,
    answer=list[family.Price],
    charges=(Charge(pool=WEIGHT, cost=2),),
    page=f"{_MARKET}Symbol-Price-Ticker-v2",
)
PREMIUM_INDEX = Endpoint(
    method="GET",
    path="/fapi/v1/premiumIndex",
    query=SymbolQuery,
    answer=PremiumIndex,
    charges=_ONE,
    page=f"{_MARKET}Mark-Price",
)
FUNDING_INFO = Endpoint(
    method="GET",
    path="/fapi/v1/fundingInfo",
    query=NoQuery,
    answer=list[FundingInterval],
    charges=(Charge(pool=FUNDING),),
    page=f"{_MARKET}Get-Funding-Rate-Info",
)

REST = RestPolicy(
    read_problem=family.read_problem,
    errors=family.ERRORS,
    pools=(
        RatePool(
            name=WEIGHT,
            limit=2400,
            seconds=60,
            header="X-MBX-USED-WEIGHT-1M",
            reserve=0.05,
            page=f"{PAGE}general-info",
        ),
        RatePool(name=FUNDING, limit=500, seconds=300, page=f"{_MARKET}Get-Funding-Rate-Info"),
    ),
)

# Since 2026-04-23 streams live on routes of their own; elsewhere /market's are acknowledged and stay silent.
PUBLIC = "/public/stream"
MARKET = "/market/stream"
STREAM_POLICY = StreamPolicy(
    channels_per_connection=1024,
    channels_per_request=200,
    messages=8,  # of 10 a second
    messages_seconds=family.MESSAGES_SECONDS,
    connects=300,  # documented for spot only; the same care costs nothing here
    connects_seconds=300.0,
    idle_after=60.0,  # the server pings only every 3 minutes: after 30 s without a frame we ask
    lifetime=86_400.0,
    page=f"{PAGE}websocket-market-streams",
)
BOOK_FEED = BookFeed(rule=Sequencing.CHAIN, snapshot=SnapshotSource.REST, depths=(100, 1000))
