"""Binance spot's account endpoints: what tells of balances, orders and trades (rest-api.md, 2026-06-01)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from venuekit.emulator.accounts import Customer
from venuekit.emulator.day import written
from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.emulator.dialects.binance_family import BinanceFamily
from venuekit.emulator.dialects.binance_requests import Fields, Parameters, Route
from venuekit.emulator.dialects.binance_rules import Kind, Parameter
from venuekit.emulator.dialects.binance_security import Security
from venuekit.emulator.dialects.binance_spot_rows import eight
from venuekit.emulator.dialects.binance_spot_terms import SYMBOL
from venuekit.emulator.dialects.binance_spot_trading import (
    ORDER_ID,
    ORIGINAL_ID,
    discount_of,
    rows_of,
    wanted,
)
from venuekit.emulator.faults import Site
from venuekit.model.decimals import CONTEXT

__all__ = ["ACCOUNT_ROUTES"]

_DAY = 86_400_000
_MICROSECONDS = 10**14
_MOST = 1000
_TEN_THOUSAND = Decimal(10_000)
Item = TypeVar("Item")


# Orders.


def order(venue: BinanceFamily, client: Customer, parameters: Parameters, now: float) -> Fields:
    """One order."""
    listing = venue.listing(parameters)
    fault = venue.faults.take(Site.ORDER_QUERY, (listing.symbol,), ("/api/v3/order", "order.status"))
    record = wanted(
        venue,
        client,
        listing,
        parameters,
        unknown="NO_SUCH_ORDER",
        other_client_id="OTHER_CLIENT_ID",
        as_of=None if fault is None else now - fault.seconds,
    )
    return rows_of(venue, listing).queried(record)


def open_orders(venue: BinanceFamily, client: Customer, parameters: Parameters, now: float) -> list[Fields]:
    """The open orders of a symbol or of all."""
    named = [venue.listing(parameters)] if "symbol" in parameters else list(venue.listings.values())
    symbols = [listing.symbol for listing in named]
    fault = venue.faults.take(Site.ORDER_LIST, symbols, ("/api/v3/openOrders", "openOrders.status"))
    as_of = None if fault is None else now - fault.seconds
    return [
        rows_of(venue, listing).queried(record)
        for listing in named
        for record in venue.desk.archive.open_orders(client.name, listing.instrument.trading_pair, as_of)
    ]


def all_orders(venue: BinanceFamily, client: Customer, parameters: Parameters, _now: float) -> list[Fields]:
    """Orders open and closed."""
    listing = venue.listing(parameters)
    records = venue.desk.archive.orders(client.name, listing.instrument.trading_pair)
    chosen = _chosen(
        records,
        parameters,
        first_id=parameters.get("orderId"),
        id_of=lambda record: record.order_id,
        time_of=lambda record: venue.milliseconds(record.placed_at),
    )
    return [rows_of(venue, listing).queried(record) for record in chosen]


def amendments(venue: BinanceFamily, client: Customer, parameters: Parameters, _now: float) -> list[Fields]:
    """What was changed in an order."""
    listing = venue.listing(parameters)
    record = wanted(
        venue, client, listing, parameters, unknown="NO_SUCH_ORDER", other_client_id="NO_SUCH_ORDER"
    )
    first = parameters.get("fromExecutionId", 0)
    rows = rows_of(venue, listing)
    found = [row for row in record.amendments if row.execution_id >= first]
    return [rows.amendment(record, row) for row in found[: _limit(parameters)]]


def prevented_matches(
    venue: BinanceFamily, client: Customer, parameters: Parameters, _now: float
) -> list[Fields]:
    """The trades that self-trade prevention prevented."""
    listing = venue.listing(parameters)
    if ("preventedMatchId" in parameters) == ("orderId" in parameters):
        raise Complaint("BAD_COMBINATION")
    matches = venue.desk.archive.prevented_matches(client.name, listing.instrument.trading_pair)
    rows = rows_of(venue, listing)
    if "preventedMatchId" in parameters:
        return [
            rows.prevented_match(row) for row in matches if row.match_id == parameters["preventedMatchId"]
        ]
    first = parameters.get("fromPreventedMatchId", 0)
    found = [
        row
        for row in matches
        if row.match_id >= first and parameters["orderId"] in (row.taker_order_id, row.maker_order_id)
    ]
    return [rows.prevented_match(row) for row in found[: _limit(parameters)]]


# Trades.

_TRADE_QUESTIONS: tuple[set[str], ...] = (
    set(),
    {"orderId"},
    {"startTime"},
    {"endTime"},
    {"fromId"},
    {"startTime", "endTime"},
    {"orderId", "fromId"},
)


def trades(venue: BinanceFamily, client: Customer, parameters: Parameters, _now: float) -> list[Fields]:
    """The account's trades."""
    listing = venue.listing(parameters)
    fault = venue.faults.take(Site.TRADE_QUERY, (listing.symbol,), ("/api/v3/myTrades", "myTrades"))
    if fault is not None:
        raise Complaint("UNKNOWN_KEY")
    if parameters.keys() & {"orderId", "startTime", "endTime", "fromId"} not in _TRADE_QUESTIONS:
        raise Complaint("BAD_COMBINATION")
    fills = venue.desk.archive.fills(client.name, listing.instrument.trading_pair)
    if "orderId" in parameters:
        fills = [fill for fill in fills if fill.order_id == parameters["orderId"]]
    chosen = _chosen(
        fills,
        parameters,
        first_id=parameters.get("fromId"),
        id_of=lambda fill: fill.trade_id,
        time_of=lambda fill: venue.milliseconds(fill.time),
    )
    return [rows_of(venue, listing).trade(fill) for fill in chosen]


# The account.


def account(venue: BinanceFamily, client: Customer, parameters: Parameters, now: float) -> Fields:
    """Balances, fees and permissions."""
    plan = venue.desk.ledger.fee_plan(client.name)
    maker, taker = (int(CONTEXT.multiply(rate, _TEN_THOUSAND)) for rate in (plan.maker, plan.taker))
    balances = venue.desk.balances(client.name)
    hides_nothing = parameters.get("omitZeroBalances", False)
    return {
        "makerCommission": maker,
        "takerCommission": taker,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": _rates(plan.maker, plan.taker),
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": venue.milliseconds(venue.desk.changed_at(client.name, now)),
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": eight(balance.free), "locked": eight(balance.locked)}
            for asset, balance in sorted(balances.items())
            if balance.total or not hides_nothing
        ],
        "permissions": ["SPOT"],
        "uid": client.number,
    }


def commission(venue: BinanceFamily, client: Customer, parameters: Parameters, _now: float) -> Fields:
    """What the account pays in a symbol."""
    listing = venue.listing(parameters)
    plan = venue.desk.ledger.fee_plan(client.name)
    nothing = _rates(Decimal(0), Decimal(0))
    return {
        "symbol": listing.symbol,
        "standardCommission": _rates(plan.maker, plan.taker),
        "specialCommission": nothing,
        "taxCommission": nothing,
        "discount": discount_of(plan, listing),
    }


def order_count(venue: BinanceFamily, client: Customer, _parameters: Parameters, now: float) -> list[Fields]:
    """The account's unfilled orders."""
    return [usage.row() for usage in venue.order_usage(client, now)]


def _rates(maker: Decimal, taker: Decimal) -> Fields:
    nothing = written(Decimal(0), 8)
    return {"maker": written(maker, 8), "taker": written(taker, 8), "buyer": nothing, "seller": nothing}


# Which part of a list is told (rest-api.md, General API Information).


def _limit(parameters: Mapping[str, Any]) -> int:
    limit: int = parameters.get("limit", 500)
    return min(limit, _MOST)


def _chosen(
    items: Sequence[Item],
    parameters: Mapping[str, Any],
    *,
    first_id: int | None,
    id_of: Callable[[Item], int],
    time_of: Callable[[Item], int],
) -> Sequence[Item]:
    """From an id or a start on the oldest, up to an end or without either the newest; oldest first.

    Raises:
        Complaint: start and end are more than a day apart.
    """
    start, end = (_in_milliseconds(parameters.get(name)) for name in ("startTime", "endTime"))
    if start is not None and end is not None and end - start > _DAY:
        raise Complaint("LONG_SPAN", 24)
    limit = _limit(parameters)
    spanned = [
        item
        for item in items
        if (first_id is None or id_of(item) >= first_id)
        and (start is None or time_of(item) >= start)
        and (end is None or time_of(item) <= end)
    ]
    return spanned[-limit:] if first_id is None and start is None else spanned[:limit]


def _in_milliseconds(time: int | None) -> int | None:
    return time // 1000 if time is not None and time >= _MICROSECONDS else time


_LIMIT = Parameter(name="limit", kind=Kind.NUMBER, least=1)
_SPAN = (Parameter(name="startTime", kind=Kind.NUMBER), Parameter(name="endTime", kind=Kind.NUMBER))


def _matches_weight(parameters: Parameters) -> int:
    return 20 if "orderId" in parameters else 2


ACCOUNT_ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "/api/v3/order"): Route(
        handler=order,
        parameters=(SYMBOL, ORDER_ID, ORIGINAL_ID),
        weight=4,
        security=Security.USER_DATA,
        socket_method="order.status",
    ),
    ("GET", "/api/v3/openOrders"): Route(
        handler=open_orders,
        parameters=(Parameter(name="symbol", kind=Kind.SYMBOL),),
        weight=lambda parameters: 6 if "symbol" in parameters else 80,
        security=Security.USER_DATA,
        socket_method="openOrders.status",
    ),
    ("GET", "/api/v3/allOrders"): Route(
        handler=all_orders,
        parameters=(SYMBOL, ORDER_ID, *_SPAN, _LIMIT),
        weight=20,
        security=Security.USER_DATA,
        socket_method="allOrders",
    ),
    ("GET", "/api/v3/order/amendments"): Route(
        handler=amendments,
        parameters=(
            SYMBOL,
            Parameter(name="orderId", kind=Kind.NUMBER, is_mandatory=True),
            Parameter(name="fromExecutionId", kind=Kind.NUMBER),
            _LIMIT,
        ),
        weight=4,
        security=Security.USER_DATA,
        socket_method="order.amendments",
    ),
    ("GET", "/api/v3/myTrades"): Route(
        handler=trades,
        parameters=(SYMBOL, ORDER_ID, *_SPAN, Parameter(name="fromId", kind=Kind.NUMBER), _LIMIT),
        weight=lambda parameters: 5 if "orderId" in parameters else 20,
        security=Security.USER_DATA,
        socket_method="myTrades",
    ),
    ("GET", "/api/v3/myPreventedMatches"): Route(
        handler=prevented_matches,
        parameters=(
            SYMBOL,
            ORDER_ID,
            Parameter(name="preventedMatchId", kind=Kind.NUMBER),
            Parameter(name="fromPreventedMatchId", kind=Kind.NUMBER),
            _LIMIT,
        ),
        weight=_matches_weight,
        security=Security.USER_DATA,
        socket_method="myPreventedMatches",
    ),
    ("GET", "/api/v3/account"): Route(
        handler=account,
        parameters=(Parameter(name="omitZeroBalances", kind=Kind.BOOLEAN),),
        weight=20,
        security=Security.USER_DATA,
        socket_method="account.status",
    ),
    ("GET", "/api/v3/account/commission"): Route(
        handler=commission,
        parameters=(SYMBOL,),
        weight=20,
        security=Security.USER_DATA,
        socket_method="account.commission",
    ),
    ("GET", "/api/v3/rateLimit/order"): Route(
        handler=order_count,
        weight=40,
        security=Security.USER_DATA,
        socket_method="account.rateLimits.orders",
    ),
}
