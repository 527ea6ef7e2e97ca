"""The control plane's questions and switches about customers: what a test compares a connector with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from venuekit.emulator.answer import Request
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.ledger import Balance, FeeAsset, FeePlan
from venuekit.emulator.matched_market import MatchedMarket
from venuekit.emulator.order import OrderKind, OrderRequest, TimeInForce
from venuekit.emulator.order_record import Fill, OrderRecord
from venuekit.model.decimals import CONTEXT, decimal_of, plain
from venuekit.protocol.frozen import Frozen

__all__ = ["ACCOUNT_ACTIONS", "SOMEBODY"]

SOMEBODY = "somebody"
"""The customer in whose name `POST /_emulator/order` trades: always funded, and charged no fees."""


class _Sum(Frozen, forbid_unknown_fields=True):
    """An amount that comes or goes; the account by its name or its key."""

    asset: str
    amount: str
    account: str | None = None
    api_key: str | None = None
    reference: str = ""


class _Fees(Frozen, forbid_unknown_fields=True):
    """A fee plan; with a `token`, fees are paid in it."""

    maker: str
    taker: str
    token: str | None = None
    discount: str = "0"
    account: str | None = None
    api_key: str | None = None


class _Status(Frozen, forbid_unknown_fields=True):
    symbol: str
    status: str


class _Filters(Frozen, forbid_unknown_fields=True):
    symbol: str
    filters: list[dict[str, Any]]


class _Order(Frozen, forbid_unknown_fields=True):
    """An order of somebody else: without a price a market order.

    With `fills` it is made to reach that order, through all that stands before it, and to trade `amount` of
    it, all of it by default.
    """

    symbol: str
    side: str | None = None
    amount: str | None = None
    price: str | None = None
    time_in_force: str = "GTC"
    fills: int | None = None


# Questions.


def _orders(dialect: Dialect, request: Request, _now: float) -> Any:
    return [
        _order_row(dialect, record)
        for name in _accounts(dialect, request)
        for record in dialect.desk.archive.orders(name)
    ]


def _fills(dialect: Dialect, request: Request, _now: float) -> Any:
    return [
        _fill_row(dialect, fill)
        for name in _accounts(dialect, request)
        for fill in dialect.desk.archive.fills(name)
    ]


def _balances(dialect: Dialect, request: Request, _now: float) -> Any:
    return {name: _balance_rows(dialect.desk.balances(name)) for name in _accounts(dialect, request)}


def _totals(dialect: Dialect, _request: Request, _now: float) -> Any:
    """What all accounts together have of each asset, the house's included: zero."""
    ledger = dialect.desk.ledger
    assets = {asset: None for name in ledger.accounts for asset in ledger.balances(name)}
    return {asset: plain(ledger.total(asset)) for asset in assets}


# Switches.


def _deposit(dialect: Dialect, request: Request, now: float) -> Any:
    said = msgspec.json.decode(request.body, type=_Sum)
    name = _account(dialect, said.account, said.api_key)
    dialect.desk.deposit(name, said.asset, decimal_of(said.amount), now, said.reference)
    return _balance_rows(dialect.desk.balances(name))


def _withdraw(dialect: Dialect, request: Request, now: float) -> Any:
    said = msgspec.json.decode(request.body, type=_Sum)
    name = _account(dialect, said.account, said.api_key)
    entry = dialect.desk.withdraw(name, said.asset, decimal_of(said.amount), now, said.reference)
    if entry is None:
        raise ValueError(f"{name} has not so much {said.asset} free")
    return _balance_rows(dialect.desk.balances(name))


def _set_fees(dialect: Dialect, request: Request, _now: float) -> Any:
    said = msgspec.json.decode(request.body, type=_Fees)
    plan = FeePlan(
        maker=decimal_of(said.maker),
        taker=decimal_of(said.taker),
        asset=FeeAsset.RECEIVED if said.token is None else FeeAsset.TOKEN,
        token=said.token,
        discount=decimal_of(said.discount),
    )
    dialect.desk.ledger.set_fee_plan(_account(dialect, said.account, said.api_key), plan)
    return {}


def _set_status(dialect: Dialect, request: Request, now: float) -> Any:
    said = msgspec.json.decode(request.body, type=_Status)
    dialect.set_status(said.symbol, said.status, now)
    return {}


def _set_filters(dialect: Dialect, request: Request, _now: float) -> Any:
    said = msgspec.json.decode(request.body, type=_Filters)
    dialect.set_filters(said.symbol, said.filters)
    return {}


def _place(dialect: Dialect, request: Request, now: float) -> Any:
    said = msgspec.json.decode(request.body, type=_Order)
    found = dialect.markets.get(said.symbol)
    market = None if found is None else dialect.desk.markets.get(found.instrument.trading_pair)
    if market is None:
        raise ValueError(f"nobody can trade {said.symbol!r} here")
    order = _aimed(market, said) if said.fills is not None else _plain_order(said)
    _fund(dialect, market, order, now)
    done = dialect.desk.place(market.instrument.trading_pair, order, now)
    dialect.tick(now)
    if done.order is None:
        raise ValueError(f"the order was refused: {done.refusal.value if done.refusal else ''}")
    fills = [_fill_row(dialect, fill) for fill in done.fills]
    return {"order": _order_row(dialect, done.order), "fills": fills}


def _plain_order(said: _Order) -> OrderRequest:
    if said.side not in ("BUY", "SELL") or said.amount is None:
        raise ValueError("an order names its side, BUY or SELL, and its amount, or the order that it fills")
    is_limit = said.price is not None
    return OrderRequest(
        account=SOMEBODY,
        is_buy=said.side == "BUY",
        kind=OrderKind.LIMIT if is_limit else OrderKind.MARKET,
        amount=decimal_of(said.amount),
        price=decimal_of(said.price) if said.price is not None else None,
        time_in_force=TimeInForce[said.time_in_force] if is_limit else TimeInForce.GTC,
    )


def _aimed(market: MatchedMarket, said: _Order) -> OrderRequest:
    """An order that takes all that stands before another, and then of that one."""
    target = market.order(said.fills or 0)
    ahead = market.amount_ahead(said.fills or 0)
    if target is None or ahead is None or target.price is None:
        raise ValueError(f"no order {said.fills} rests in the book of {said.symbol}")
    wanted = target.left if said.amount is None else decimal_of(said.amount)
    return OrderRequest(
        account=SOMEBODY,
        is_buy=not target.request.is_buy,
        kind=OrderKind.LIMIT,
        amount=CONTEXT.add(ahead, wanted),
        price=target.price,
        time_in_force=TimeInForce.IOC,
    )


def _fund(dialect: Dialect, market: MatchedMarket, order: OrderRequest, now: float) -> None:
    """Let somebody have at least what the order may cost."""
    desk, instrument = dialect.desk, market.instrument
    if SOMEBODY not in desk.ledger.accounts:
        desk.open_account(SOMEBODY)
    amount = order.amount or Decimal(0)
    if not order.is_buy:
        desk.deposit(SOMEBODY, instrument.base, amount, now)
        return
    # A market order walks the book: ten times the last price is more than it can cost.
    price = CONTEXT.multiply(market.last_price, Decimal(10)) if order.price is None else order.price
    desk.deposit(SOMEBODY, instrument.quote, CONTEXT.multiply(price, amount), now)


# Between names and things.


def _accounts(dialect: Dialect, request: Request) -> list[str]:
    query = dict(request.query)
    if query.keys() & {"account", "api_key"}:
        return [_account(dialect, query.get("account"), query.get("api_key"))]
    return [name for name in dialect.desk.ledger.accounts if not name.startswith("(")]


def _account(dialect: Dialect, name: str | None, api_key: str | None) -> str:
    if api_key is not None:
        customer = dialect.customers.get(api_key)
        name = None if customer is None else customer.name
    if name is None or name not in dialect.desk.ledger.accounts:
        raise ValueError("no such account: name one by `account` or by `api_key`")
    return name


def _order_row(dialect: Dialect, record: OrderRecord) -> dict[str, Any]:
    state = record.state
    return {
        "order_id": record.order_id,
        "client_order_id": record.client_order_id,
        "account": record.account,
        "trading_pair": record.trading_pair,
        "symbol": dialect.symbol_of(dialect.desk.markets[record.trading_pair].instrument),
        "side": "BUY" if state.request.is_buy else "SELL",
        "status": state.status.name,
        "is_open": record.is_open,
        "amount": plain(state.amount),
        "price": None if state.price is None else plain(state.price),
        "filled": plain(state.filled),
        "quote_filled": plain(state.quote_filled),
        "placed_at": record.placed_at,
        "updated_at": record.updated_at,
        "expiry": None if record.expiry is None else record.expiry.name,
        "terms": record.terms,
    }


def _fill_row(dialect: Dialect, fill: Fill) -> dict[str, Any]:
    return {
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "client_order_id": fill.client_order_id,
        "account": fill.account,
        "trading_pair": fill.trading_pair,
        "symbol": dialect.symbol_of(dialect.desk.markets[fill.trading_pair].instrument),
        "side": "BUY" if fill.is_buy else "SELL",
        "is_maker": fill.is_maker,
        "price": plain(fill.price),
        "amount": plain(fill.amount),
        "quote_amount": plain(fill.quote_amount),
        "fee": plain(fill.fee.amount),
        "fee_asset": fill.fee.token,
        "time": fill.time,
    }


def _balance_rows(balances: Mapping[str, Balance]) -> dict[str, dict[str, str]]:
    return {
        asset: {"free": plain(balance.free), "locked": plain(balance.locked)}
        for asset, balance in sorted(balances.items())
    }


ACCOUNT_ACTIONS: Mapping[tuple[str, str], Callable[[Dialect, Request, float], Any]] = {
    ("GET", "orders"): _orders,
    ("GET", "fills"): _fills,
    ("GET", "balances"): _balances,
    ("GET", "totals"): _totals,
    ("POST", "deposit"): _deposit,
    ("POST", "withdraw"): _withdraw,
    ("POST", "fee_plan"): _set_fees,
    ("POST", "symbol_status"): _set_status,
    ("POST", "symbol_filters"): _set_filters,
    ("POST", "order"): _place,
}
