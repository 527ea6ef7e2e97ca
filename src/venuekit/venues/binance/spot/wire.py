"""What Binance spot says. Sources: docs/ADD_A_VENUE.md."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import field

from venuekit import errors
from venuekit.protocol.book_feed import BookFeed, Sequencing, SnapshotSource
from venuekit.protocol.endpoint import Charge, Endpoint, ErrorRow, NoQuery, Outcome
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rates import RatePool, Scope
from venuekit.protocol.rest import RestPolicy
from venuekit.protocol.socket import SocketPolicy
from venuekit.protocol.stream import StreamPolicy
from venuekit.venues.binance import wire as family
from venuekit.venues.binance.spot.refusals import REFUSALS

PAGE = "binance-spot-api-docs/"

Q = TypeVar("Q", bound=Wire)
A = TypeVar("A")


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


class PublishedLimit(Wire):
    """One rate limit: so much in `interval_number` intervals. The page's example leaves it empty."""

    rate_limit_type: str = field(name="rateLimitType", default="")
    interval: str = ""
    interval_number: int = field(name="intervalNum", default=0)
    limit: int = 0


class ExchangeInfo(Wire):
    """The answer of `exchangeInfo`."""

    symbols: list[Symbol]
    rate_limits: list[PublishedLimit] = field(name="rateLimits", default_factory=list)


class NewOrderQuery(Wire):
    """A new order; `newOrderRespType` FULL, because conditional orders would answer with ids alone."""

    symbol: str
    side: str
    type: str
    new_client_order_id: str = field(name="newClientOrderId")
    new_order_response_type: str = field(name="newOrderRespType", default="FULL")
    time_in_force: str | None = field(name="timeInForce", default=None)
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = field(name="quoteOrderQty", default=None)
    price: Decimal | None = None
    stop_price: Decimal | None = field(name="stopPrice", default=None)


class OrderQuery(Wire):
    """One order, by one of its ids: with both, an order whose client id was changed would not be found."""

    symbol: str
    order_id: int | None = field(name="orderId", default=None)
    original_client_order_id: str | None = field(name="origClientOrderId", default=None)


class CancelQuery(OrderQuery):
    """A cancel, and the client id that the order has from then on."""

    new_client_order_id: str | None = field(name="newClientOrderId", default=None)


class AmendQuery(Wire):
    """A smaller quantity, filled part included; the order gets the new client id."""

    symbol: str
    new_client_order_id: str = field(name="newClientOrderId")
    new_quantity: Decimal = field(name="newQty")
    order_id: int | None = field(name="orderId", default=None)
    original_client_order_id: str | None = field(name="origClientOrderId", default=None)


class OpenOrdersQuery(Wire):
    """The open orders of a symbol, or of all."""

    symbol: str | None = None


class AllOrdersQuery(Wire):
    """Orders of a symbol, oldest first, from an order or a time on (milliseconds)."""

    symbol: str
    order_id: int | None = field(name="orderId", default=None)
    start_time: int | None = field(name="startTime", default=None)
    limit: int = 1000


class TradesQuery(Wire):
    """The account's trades of a symbol, oldest first; `startTime` (milliseconds) goes with neither id."""

    symbol: str
    order_id: int | None = field(name="orderId", default=None)
    start_time: int | None = field(name="startTime", default=None)
    from_id: int | None = field(name="fromId", default=None)
    limit: int = 1000


class AccountQuery(Wire):
    """The account's balances."""

    omit_zero_balances: bool = field(name="omitZeroBalances", default=True)


class CommissionQuery(Wire):
    """The account's commission on a symbol."""

    symbol: str


class Fill(Wire):
    """A fill in the answer to a new order."""

    trade_id: int = field(name="tradeId")
    price: Decimal
    quantity: Decimal = field(name="qty")
    commission: Decimal
    commission_asset: str = field(name="commissionAsset")


class Order(Wire):
    """An order, in the answer to a command or a question; an ACK has the ids and the time alone."""

    symbol: str
    order_id: int = field(name="orderId")
    client_order_id: str = field(name="clientOrderId")
    original_client_order_id: str = field(name="origClientOrderId", default="")
    transaction_time: int | None = field(name="transactTime", default=None)
    created_time: int | None = field(name="time", default=None)
    updated_time: int | None = field(name="updateTime", default=None)
    price: Decimal | None = None
    quantity: Decimal | None = field(name="origQty", default=None)
    executed_quantity: Decimal | None = field(name="executedQty", default=None)
    prevented_quantity: Decimal | None = field(name="preventedQuantity", default=None)
    status: str = ""
    type: str = ""
    side: str = ""
    is_working: bool | None = field(name="isWorking", default=None)
    working_time: int | None = field(name="workingTime", default=None)
    expiry_reason: str | None = field(name="expiryReason", default=None)
    fills: list[Fill] = []


class AmendedOrder(Wire):
    """The order in the answer to an amend, which spells two fields in its own way."""

    order_id: int = field(name="orderId")
    client_order_id: str = field(name="clientOrderId")
    original_client_order_id: str = field(name="origClientOrderId")
    price: Decimal
    quantity: Decimal = field(name="qty")
    executed_quantity: Decimal = field(name="executedQty")
    prevented_quantity: Decimal = field(name="preventedQty")
    status: str
    type: str
    is_working: bool | None = field(name="isWorking", default=None)
    working_time: int | None = field(name="workingTime", default=None)
    expiry_reason: str | None = field(name="expiryReason", default=None)


class Amendment(Wire):
    """The answer to an amend."""

    transaction_time: int = field(name="transactTime")
    order: AmendedOrder = field(name="amendedOrder")


class AccountTrade(Wire):
    """One row of `myTrades`."""

    id: int
    order_id: int = field(name="orderId")
    price: Decimal
    quantity: Decimal = field(name="qty")
    quote_quantity: Decimal = field(name="quoteQty")
    commission: Decimal
    commission_asset: str = field(name="commissionAsset")
    time: int
    is_buyer: bool = field(name="isBuyer")
    is_maker: bool = field(name="isMaker")


class Balance(Wire):
    """One asset of `account`."""

    asset: str
    free: Decimal
    locked: Decimal


class Account(Wire):
    """The answer of `account`."""

    balances: list[Balance]


class Rates(Wire):
    """Commission by role and by side: a trade pays the sum of its two."""

    maker: Decimal
    taker: Decimal
    buyer: Decimal
    seller: Decimal


class Discount(Wire):
    """Whether commission is paid in an asset of the venue's own, and the factor on the standard rates."""

    is_enabled_for_account: bool = field(name="enabledForAccount")
    is_enabled_for_symbol: bool = field(name="enabledForSymbol")
    asset: str = field(name="discountAsset")
    factor: Decimal = field(name="discount")


class Commission(Wire):
    """The answer of `account/commission`."""

    standard: Rates = field(name="standardCommission")
    special: Rates = field(name="specialCommission")
    tax: Rates = field(name="taxCommission")
    discount: Discount


class ExecutionReport(Wire):
    """`executionReport`: something happened to an order, and a trade of it where `execution_type` says so."""

    symbol: str = field(name="s")
    order_id: int = field(name="i")
    client_order_id: str = field(name="c")
    side: str = field(name="S")
    type: str = field(name="o")
    execution_type: str = field(name="x")
    status: str = field(name="X")
    transaction_time: int = field(name="T")
    price: Decimal = field(name="p")
    quantity: Decimal = field(name="q")
    executed_quantity: Decimal = field(name="z")
    is_working: bool = field(name="w")
    trade_id: int = field(name="t")
    last_price: Decimal = field(name="L")
    last_quantity: Decimal = field(name="l")
    last_quote_quantity: Decimal = field(name="Y")
    commission: Decimal = field(name="n")
    commission_asset: str | None = field(name="N")
    is_maker: bool = field(name="m")
    original_client_order_id: str = field(name="C", default="")
    reject_reason: str = field(name="r", default="NONE")
    prevented_quantity: Decimal | None = field(name="A", default=None)
    working_time: int | None = field(name="W", default=None)
    expiry_reason: str | None = field(name="eR", default=None)


class PositionBalance(Wire):
    """One asset of `outboundAccountPosition`."""

    asset: str = field(name="a")
    free: Decimal = field(name="f")
    locked: Decimal = field(name="l")


class AccountPosition(Wire):
    """`outboundAccountPosition`: the assets that may have changed, as of the last update of the account."""

    updated_time: int = field(name="u")
    balances: list[PositionBalance] = field(name="B")


class BalanceUpdate(Wire):
    """`balanceUpdate`: an amount came or went without a trade."""

    asset: str = field(name="a")
    delta: Decimal = field(name="d")
    clear_time: int = field(name="T")


WEIGHT = "weight"
REQUESTS = "requests"
ORDERS_10S = "orders in 10 s"
ORDERS_1D = "orders in a day"
_ONE = (Charge(pool=WEIGHT),)
# Since 2026-04-02 an order or cancel that succeeds weighs nothing; one that fails still does (CHANGELOG.md).
_FREE_IF_DONE = Charge(pool=WEIGHT, settled={Outcome.DONE: 0})

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


def _signed(
    call: str, socket_method: str, query: type[Q], answer: type[A], charges: tuple[Charge, ...], page: str
) -> Endpoint[Q, A]:
    """A call on an account: a command, unless it is a GET."""
    method, _, path = call.partition(" ")
    return Endpoint(
        method=method,
        path=path,
        query=query,
        answer=answer,
        charges=charges,
        signed=True,
        reads=method == "GET",
        socket_method=socket_method,
        page=f"{PAGE}rest-api.md#{page}",
    )


_ORDER = "/api/v3/order"
# A refused order may count as a new one too (web-socket-api.md#unfilled-order-count): the next header tells.
_A_NEW_ORDER = (_FREE_IF_DONE, Charge(pool=ORDERS_10S), Charge(pool=ORDERS_1D))
# An amend is free only where the order expires by it (CHANGELOG.md, 2026-04-02), which no status tells.
_FOUR = (Charge(pool=WEIGHT, cost=4),)
_OF_ONE_SYMBOL = (Charge(pool=WEIGHT, cost=6, by="symbol", absent=80),)
_OF_ONE_ORDER = (Charge(pool=WEIGHT, cost=5, by="order_id", absent=20),)
_TWENTY = (Charge(pool=WEIGHT, cost=20),)

PLACE = _signed(f"POST {_ORDER}", "order.place", NewOrderQuery, Order, _A_NEW_ORDER, "new-order-trade")
CANCEL = _signed(
    f"DELETE {_ORDER}", "order.cancel", CancelQuery, Order, (_FREE_IF_DONE,), "cancel-order-trade"
)
AMEND = _signed(
    f"PUT {_ORDER}/amend/keepPriority", "order.amend.keepPriority", AmendQuery, Amendment, _FOUR,
    "order-amend-keep-priority-trade",
)  # fmt: skip
ORDER = _signed(f"GET {_ORDER}", "order.status", OrderQuery, Order, _FOUR, "query-order-user_data")
OPEN_ORDERS = _signed(
    "GET /api/v3/openOrders", "openOrders.status", OpenOrdersQuery, list[Order], _OF_ONE_SYMBOL,
    "current-open-orders-user_data",
)  # fmt: skip
ALL_ORDERS = _signed(
    "GET /api/v3/allOrders", "allOrders", AllOrdersQuery, list[Order], _TWENTY, "all-orders-user_data"
)
TRADES = _signed(
    "GET /api/v3/myTrades", "myTrades", TradesQuery, list[AccountTrade], _OF_ONE_ORDER,
    "account-trade-list-user_data",
)  # fmt: skip
ACCOUNT = _signed(
    "GET /api/v3/account", "account.status", AccountQuery, Account, _TWENTY, "account-information-user_data"
)
COMMISSION = _signed(
    "GET /api/v3/account/commission", "account.commission", CommissionQuery, Commission, _TWENTY,
    "query-commission-rates-user_data",
)  # fmt: skip

PUBLISHED_POOLS = {
    ("REQUEST_WEIGHT", "MINUTE", 1): WEIGHT,
    ("RAW_REQUESTS", "MINUTE", 5): REQUESTS,
    ("ORDERS", "SECOND", 10): ORDERS_10S,
    ("ORDERS", "DAY", 1): ORDERS_1D,
}
"""The pools whose limits `exchangeInfo` tells, by its words (enums.md, Rate limiters)."""

REST = RestPolicy(
    read_problem=family.read_problem,
    errors=(
        # The only refusal that keeps new orders away and nothing else: cancels and questions go on.
        ErrorRow(code=-1015, raises=errors.RateLimited, seconds=10.0, pools=(ORDERS_10S, ORDERS_1D)),
        *REFUSALS,
        *family.ERRORS,
    ),
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
        RatePool(name=REQUESTS, limit=300_000, seconds=300, every_call=1, page=f"{PAGE}CHANGELOG.md"),
        *(
            RatePool(
                name=name,
                limit=limit,
                seconds=seconds,
                scope=Scope.ACCOUNT,
                header=header,
                # At least this much; fills as a maker give back more, by how much is not published.
                given_back_by_fill=1,
                page=f"{PAGE}faqs/order_count_decrement.md",
            )
            for name, limit, seconds, header in (
                (ORDERS_10S, 50, 10, "X-MBX-ORDER-COUNT-10S"),
                (ORDERS_1D, 160_000, 86_400, "X-MBX-ORDER-COUNT-1D"),
            )
        ),
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
USER_STREAM_POLICY = msgspec.structs.replace(
    STREAM_POLICY,
    channels_per_connection=1,  # one subscription of an account a connection
    channels_per_request=1,
    page=f"{PAGE}web-socket-api.md#general-api-information",
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
