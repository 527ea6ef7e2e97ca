"""Binance spot's trading endpoints: what places, changes and ends orders (rest-api.md, 2026-06-01)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuekit.emulator.accounts import Customer
from venuekit.emulator.day import written
from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.emulator.dialects.binance_family import BinanceFamily
from venuekit.emulator.dialects.binance_listing import Listing
from venuekit.emulator.dialects.binance_requests import Fields, Parameters, Route
from venuekit.emulator.dialects.binance_rules import Kind, Parameter
from venuekit.emulator.dialects.binance_security import Security
from venuekit.emulator.dialects.binance_spot_filters import (
    ALGO_TYPES,
    Proposal,
    Surroundings,
    first_failure,
)
from venuekit.emulator.dialects.binance_spot_listing import (
    ALLOWED_SELF_TRADES,
    DEFAULT_SELF_TRADE,
    symbol_filters,
)
from venuekit.emulator.dialects.binance_spot_rows import OrderRows, status_of
from venuekit.emulator.dialects.binance_spot_terms import (
    CLIENT_ID,
    ORDER_PARAMETERS,
    SYMBOL,
    Terms,
    read_terms,
)
from venuekit.emulator.ledger import FeeAsset, FeePlan
from venuekit.emulator.market import Market
from venuekit.emulator.order import RefusalReason
from venuekit.emulator.order_record import OrderRecord
from venuekit.model.decimals import CONTEXT

__all__ = ["ORDER_ID", "ORIGINAL_ID", "TRADING_ROUTES", "discount_of", "open_market", "rows_of", "wanted"]

ORDER_ID = Parameter(name="orderId", kind=Kind.NUMBER)
ORIGINAL_ID = Parameter(name="origClientOrderId", kind=Kind.CLIENT_ID, empty_as="EMPTY_ORIGINAL_ID")

_REFUSALS: Mapping[RefusalReason, str] = {
    RefusalReason.INSUFFICIENT_FUNDS: "NO_FUNDS",
    RefusalReason.WOULD_TAKE: "WOULD_TAKE",
    RefusalReason.WOULD_TRIGGER: "WOULD_TRIGGER",
    RefusalReason.QUOTE_BELOW_ONE_LOT: "BELOW_ONE_LOT",
}


def open_market(listing: Listing) -> Market:
    """The market of a symbol.

    Raises:
        Complaint: nothing is traded in it now.
    """
    if listing.market is None or listing.status != "TRADING":
        raise Complaint("MARKET_CLOSED")
    return listing.market


def rows_of(venue: BinanceFamily, listing: Listing) -> OrderRows:
    """What writes a symbol's orders."""
    return OrderRows(listing.symbol, venue.milliseconds)


# New orders.


def place(venue: BinanceFamily, client: Customer, parameters: Parameters, now: float) -> Fields:
    """Take an order in."""
    listing, terms = _checked(venue, client, parameters, now)
    pair = listing.instrument.trading_pair
    if _is_open(venue, client, listing, terms.client_order_id):
        raise Complaint("DUPLICATE_ORDER")
    _refuse_empty_book(open_market(listing), terms)
    done = venue.desk.place(pair, terms.request(client.name), now, terms.echoed)
    if done.refusal is not None:
        raise Complaint(_REFUSALS[done.refusal])
    record = done.record()
    return rows_of(venue, listing).placed(record, done.fills, done.matches, terms.response)


def test(venue: BinanceFamily, client: Customer, parameters: Parameters, now: float) -> Fields:
    """Check an order as far as it can be checked without the matching engine."""
    listing, _ = _checked(venue, client, parameters, now)
    if not parameters.get("computeCommissionRates", False):
        return {}
    plan = venue.desk.ledger.fee_plan(client.name)
    nothing = {"maker": written(Decimal(0), 8), "taker": written(Decimal(0), 8)}
    return {
        "standardCommissionForOrder": {"maker": written(plan.maker, 8), "taker": written(plan.taker, 8)},
        "specialCommissionForOrder": nothing,
        "taxCommissionForOrder": nothing,
        "discount": discount_of(plan, listing),
    }


def _checked(
    venue: BinanceFamily, client: Customer, parameters: Parameters, now: float
) -> tuple[Listing, Terms]:
    listing = venue.listing(parameters)
    terms = read_terms(parameters, DEFAULT_SELF_TRADE, venue.new_client_id())
    if terms.self_trade not in ALLOWED_SELF_TRADES:
        raise Complaint("BAD_SELF_TRADE")
    market = open_market(listing)
    around = _surroundings(venue, client, market, now)
    failed = first_failure(symbol_filters(listing), terms.proposal, around)
    if failed is not None:
        raise Complaint("FILTER", failed)
    return listing, terms


def _surroundings(venue: BinanceFamily, client: Customer, market: Market, now: float) -> Surroundings:
    records = venue.desk.archive.open_orders(client.name, market.instrument.trading_pair)
    held = venue.desk.ledger.balance(client.name, market.instrument.base).total
    buys = [record.state.left for record in records if record.state.request.is_buy]
    return Surroundings(
        average=lambda minutes: market.average_price(minutes, now),
        open_orders=len(records),
        open_algo_orders=sum(record.terms.get("type") in ALGO_TYPES for record in records),
        position=sum(buys, start=held),
    )


def _is_open(venue: BinanceFamily, client: Customer, listing: Listing, client_order_id: str) -> bool:
    pair = listing.instrument.trading_pair
    record = venue.desk.archive.by_client_id(client.name, pair, client_order_id)
    return record is not None and record.is_open


def _refuse_empty_book(market: Market, terms: Terms) -> None:
    book = market.book
    stands = book.best_ask if terms.proposal.is_buy else book.best_bid
    if terms.proposal.quote_amount is not None and stands is None:
        raise Complaint("NO_LIQUIDITY")


# Orders that are there.


def wanted(
    venue: BinanceFamily,
    client: Customer,
    listing: Listing,
    parameters: Mapping[str, Any],
    *,
    unknown: str,
    other_client_id: str,
    as_of: float | None = None,
) -> OrderRecord:
    """The order that a request names, by the venue's id or the client's.

    Where both are sent the venue's id finds it, and the client's has to be its own.

    Raises:
        Complaint: neither is sent, or there is no such order; `unknown` and `other_client_id` say how.
    """
    order_id, client_id = parameters.get("orderId"), parameters.get("origClientOrderId")
    if order_id is None and client_id is None:
        raise Complaint("NEITHER_PARAMETER", "origClientOrderId", "orderId")
    archive, pair = venue.desk.archive, listing.instrument.trading_pair
    if order_id is not None:
        record = archive.order(pair, order_id, as_of)
    else:
        record = archive.by_client_id(client.name, pair, client_id or "", as_of)
    if record is None or record.account != client.name:
        raise Complaint(unknown)
    if client_id is not None and record.client_order_id != client_id:
        raise Complaint(other_client_id)
    return record


def cancel(venue: BinanceFamily, client: Customer, parameters: Parameters, now: float) -> Fields:
    """End an order."""
    listing = venue.listing(parameters)
    record = wanted(
        venue, client, listing, parameters, unknown="UNKNOWN_ORDER", other_client_id="UNKNOWN_ORDER"
    )
    if not record.is_open:
        raise Complaint("UNKNOWN_ORDER")
    restriction = parameters.get("cancelRestrictions")
    if restriction is not None and status_of(record) != restriction.removeprefix("ONLY_"):
        raise Complaint("RESTRICTED_CANCEL")
    return _ended(venue, listing, record, parameters.get("newClientOrderId"), now)


def cancel_all(venue: BinanceFamily, client: Customer, parameters: Parameters, now: float) -> list[Fields]:
    """End all orders of a symbol; all cancellations have one id."""
    listing = venue.listing(parameters)
    records = venue.desk.archive.open_orders(client.name, listing.instrument.trading_pair)
    if not records:
        raise Complaint("UNKNOWN_ORDER")
    command_id = venue.new_client_id()
    return [_ended(venue, listing, record, command_id, now) for record in records]


def _ended(
    venue: BinanceFamily, listing: Listing, record: OrderRecord, command_id: str | None, now: float
) -> Fields:
    named = command_id or venue.new_client_id()
    done = venue.desk.cancel(record.trading_pair, record.order_id, now, named)
    if done.refusal is not None:
        raise Complaint("UNKNOWN_ORDER")
    return rows_of(venue, listing).cancelled(done.record(), named)


def amend(venue: BinanceFamily, client: Customer, parameters: Parameters, now: float) -> Fields:
    """Make an order smaller; it keeps its place (faqs/order_amend_keep_priority.md)."""
    listing = venue.listing(parameters)
    record = wanted(
        venue, client, listing, parameters, unknown="AMEND_UNKNOWN", other_client_id="AMEND_UNKNOWN"
    )
    if not record.is_open:
        raise Complaint("AMEND_UNKNOWN")
    open_market(listing)
    amount: Decimal = parameters["newQty"]
    _refuse_amendment(record, amount, listing)
    client_id = parameters.get("newClientOrderId", venue.new_client_id())
    if client_id != record.client_order_id and _is_open(venue, client, listing, client_id):
        raise Complaint("AMEND_DUPLICATE")
    done = venue.desk.amend(
        record.trading_pair, record.order_id, now, amount=amount, client_order_id=client_id
    )
    if done.refusal is not None:
        raise Complaint("AMEND_FILTER", "LOT_SIZE")
    return rows_of(venue, listing).amended(done.record())


def _refuse_amendment(record: OrderRecord, amount: Decimal, listing: Listing) -> None:
    if amount == record.state.amount:
        raise Complaint("AMEND_CHANGES_NOTHING")
    if amount > record.state.amount:
        raise Complaint("AMEND_GROWS")
    rows = symbol_filters(listing)
    most = next((row["maxNumOrderAmends"] for row in rows if "maxNumOrderAmends" in row), None)
    if most is not None and len(record.amendments) >= most:
        raise Complaint("AMEND_FILTER", "MAX_NUM_ORDER_AMENDS")
    # The price stays, whatever it was allowed by; the order is no new one.
    sizes = [row for row in rows if row["filterType"] in ("LOT_SIZE", "NOTIONAL", "MIN_NOTIONAL")]
    request = record.state.request
    proposal = Proposal(
        is_buy=request.is_buy, type=record.terms["type"], amount=amount, price=record.state.price
    )
    around = Surroundings(average=lambda _: record.state.price or Decimal(1))
    failed = first_failure(sizes, proposal, around)
    if failed is None and amount <= CONTEXT.add(record.state.filled, record.state.prevented):
        failed = "LOT_SIZE"
    if failed is not None:
        raise Complaint("AMEND_FILTER", failed)


def discount_of(plan: FeePlan, listing: Listing) -> Fields:
    """What an account pays of its fees in the venue's own token: three quarters where a quarter is saved.

    The reference calls the figure a reduction, and shows 0.75 and 0.25; the one page that reckons with it
    multiplies (faqs/commission_faq.md#how-is-the-commission-calculated).
    """
    return {
        "enabledForAccount": plan.asset is FeeAsset.TOKEN,
        "enabledForSymbol": listing.market is not None,
        "discountAsset": "BNB",
        "discount": written(CONTEXT.subtract(Decimal(1), plan.discount), 8),
    }


_NAMED = (SYMBOL, ORDER_ID, ORIGINAL_ID)

# Free where they succeed since 2026-04-02; an amendment only if it ends the order, and here none does.
TRADING_ROUTES: Mapping[tuple[str, str], Route] = {
    ("POST", "/api/v3/order"): Route(
        handler=place,
        parameters=ORDER_PARAMETERS,
        security=Security.TRADE,
        orders=1,
        socket_method="order.place",
        is_free=True,
    ),
    ("POST", "/api/v3/order/test"): Route(
        handler=test,
        parameters=(*ORDER_PARAMETERS, Parameter(name="computeCommissionRates", kind=Kind.BOOLEAN)),
        weight=lambda parameters: 20 if parameters.get("computeCommissionRates") else 1,
        security=Security.TRADE,
        socket_method="order.test",
    ),
    ("DELETE", "/api/v3/order"): Route(
        handler=cancel,
        parameters=(
            *_NAMED,
            CLIENT_ID,
            Parameter(
                name="cancelRestrictions",
                kind=Kind.WORD,
                choices=("ONLY_NEW", "ONLY_PARTIALLY_FILLED"),
                refused_as="BAD_RESTRICTIONS",
            ),
        ),
        security=Security.TRADE,
        socket_method="order.cancel",
        is_free=True,
    ),
    ("DELETE", "/api/v3/openOrders"): Route(
        handler=cancel_all,
        parameters=(SYMBOL,),
        security=Security.TRADE,
        socket_method="openOrders.cancelAll",
        is_free=True,
    ),
    ("PUT", "/api/v3/order/amend/keepPriority"): Route(
        handler=amend,
        parameters=(
            *_NAMED,
            CLIENT_ID,
            Parameter(name="newQty", kind=Kind.DECIMAL, is_mandatory=True),
        ),
        weight=4,
        security=Security.TRADE,
        socket_method="order.amend.keepPriority",
    ),
}
