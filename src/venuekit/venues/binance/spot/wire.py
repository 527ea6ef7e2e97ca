"""What Binance spot says. Sources: docs/ADD_A_VENUE.md."""

from __future__ import annotations

import msgspec
from msgspec import field

from venuekit.protocol.book_feed import BookFeed, Sequencing, SnapshotSource
from venuekit.protocol.endpoint import Charge, Endpoint, NoQuery
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rates import RatePool
from venuekit.protocol.rest import RestPolicy
from venuekit.protocol.socket import SocketPolicy
from venuekit.protocol.stream import StreamPolicy
from venuekit.venues.binance import wire as family

PAGE = "binance-spot-api-docs/"


class Trade(Wire):
    """`trade`: one trade."""

    symbol: str = field(name="s")
    trade_id: int = field(name="t")
    price: str = field(name="p")
    quantity: str = field(name="q")
    trade_time: int = field(name="T")
    is_buyer_maker: bool = field(name="m")


class Depth(Wire):
    """The answer of `depth`: it names neither symbol nor time."""

    last_update_id: int = field(name="lastUpdateId")
    bids: msgspec.Raw
    asks: msgspec.Raw


class Symbol(Wire):
    """One symbol of `exchangeInfo`."""

    symbol: str
    status: str
    base_asset: str = field(name="baseAsset")
    quote_asset: str = field(name="quoteAsset")
    is_spot_trading_allowed: bool = field(name="isSpotTradingAllowed", default=True)
    filters: list[family.Filter] = []


class ExchangeInfo(Wire):
    """The answer of `exchangeInfo`."""

    symbols: list[Symbol]


WEIGHT = "weight"
_ONE = (Charge(pool=WEIGHT),)

TIME = Endpoint(
    method="GET",
    path="/api/v3/time",
    query=NoQuery,
    answer=family.ServerTime,
    charges=_ONE,
    page=f"{PAGE}rest-api.md#check-server-time",
)
EXCHANGE_INFO = Endpoint(
    method="GET",
    path="/api/v3/exchangeInfo",
    query=NoQuery,
    answer=ExchangeInfo,
    charges=(Charge(pool=WEIGHT, cost=20),),
    page=f"{PAGE}rest-api.md#exchange-information",
)
DEPTH = Endpoint(
    method="GET",
    path="/api/v3/depth",
    query=family.DepthQuery,
    answer=Depth,
    charges=(Charge(pool=WEIGHT, by="limit", steps=((100, 5), (500, 25), (1000, 50), (5000, 250))),),
    page=f"{PAGE}rest-api.md#order-book",
)
PRICES = Endpoint(
    method="GET",
    path="/api/v3/ticker/price",
    query=family.PriceQuery,
    answer=list[family.Price],
    charges=(Charge(pool=WEIGHT, cost=4),),
    page=f"{PAGE}rest-api.md#symbol-price-ticker",
)

REST = RestPolicy(
    read_problem=family.read_problem,
    errors=family.ERRORS,
    pools=(
        RatePool(
            name=WEIGHT,
            limit=6000,
            seconds=60,
            header="X-MBX-USED-WEIGHT-1M",
            reserve=0.05,
            page=f"{PAGE}rest-api.md#ip-limits",
        ),
        # Raised from 61,000 on 2026-04-02; enums.md still shows the old figure.
        RatePool(name="requests", limit=300_000, seconds=300, every_call=1, page=f"{PAGE}CHANGELOG.md"),
    ),
)

STREAM = "/stream"
STREAM_POLICY = StreamPolicy(
    channels_per_connection=1024,
    channels_per_request=200,
    messages=4,  # of 5 a second, pongs and pings counted: one is left for them
    messages_seconds=family.MESSAGES_SECONDS,
    connects=300,
    connects_seconds=300.0,
    idle_after=60.0,  # the server pings every 20 s
    lifetime=86_400.0,
    page=f"{PAGE}web-socket-streams.md#websocket-limits",
)
# The API itself gives up after 10 s, and says so (-1007); the answer has a way to go too.
SOCKET_POLICY = SocketPolicy(
    answer_within=12.0,
    costs={WEIGHT: 2},
    idle_after=60.0,  # the server pings every 20 s
    lifetime=86_400.0,
    page=f"{PAGE}web-socket-api.md#general-api-information",
)
BOOK_FEED = BookFeed(rule=Sequencing.RANGE, snapshot=SnapshotSource.REST, depths=(100, 1000, 5000))
