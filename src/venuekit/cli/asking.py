"""`venuekit orders`, `order status`, `balance` and `rules`: questions that work beside whoever trades."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import typer
from msgspec.structs import replace

from venuekit import errors
from venuekit.cli.account_access import Access, Memory, order_named
from venuekit.cli.order_words import doubt_words, fee_words, figure, filled_words, meaning, order_facts
from venuekit.cli.outcome import DONE, OUTCOME_UNKNOWN, REFUSED
from venuekit.cli.output import aligned, counted, moment, print_facts, print_json, print_table
from venuekit.connector.connect import connect
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.account import AccountOrder, AssetBalance
from venuekit.model.decimals import CONTEXT, plain
from venuekit.model.order import OrderType, TradeType
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.model.trading_rule import TradingRule
from venuekit.state.balance_sheet import FigureKind
from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["show_balances", "show_order", "show_orders", "show_rules"]

_HUGE = Decimal("1e50")
_TINY = Decimal("1e-50")
"""Beyond these a rule says that there is none."""
_NO_MORE = "nothing any more: `venuekit history orders` tells what became of it"

# --- open orders


async def show_orders(access: Access, trading_pairs: Sequence[str], *, as_json: bool) -> None:
    """Print the open orders of an account, whoever placed them; no pairs: on all of the venue.

    Raises:
        errors.VenuekitError: there are no credentials, a pair is unknown, or the venue did not answer.
    """
    async with access.reading() as (exchange, memory):
        pairs = _known(exchange, trading_pairs)
        rows = await exchange.open_orders(pairs)
    listed = {row.row.client_order_id for row in rows}
    unlisted = [
        order
        for order in memory.orders.values()
        if order.is_open and order.is_sent and order.trading_pair in pairs
        if order.client_order_id not in listed
    ]
    if as_json:
        print_json(
            {
                "orders": [_row_facts(row, memory) for row in rows],
                "unlisted": [order_facts(order) for order in unlisted],
            }
        )
        return
    if rows:
        _print_rows(rows, memory)
    typer.echo(counted(len(rows), "open order"), err=True)
    if unlisted:
        typer.echo(
            f"venuekit: {counted(len(unlisted), 'order')} that our journal holds open "
            f"{'is' if len(unlisted) == 1 else 'are'} not in the venue's list: "
            f"`venuekit order status` asks for one, `venuekit reconcile {access.venue}` for all",
            err=True,
        )


def _print_rows(rows: Sequence[AccountOrder], memory: Memory) -> None:
    said = [row.row for row in rows]
    columns = {
        "AT (UTC)": [moment(row.time)[: len("2026-01-01 00:00:00")] for row in said],
        "ORDER": [row.client_order_id for row in said],
        "VENUE'S ID": [row.exchange_order_id for row in said],
        "WHOSE": ["ours" if memory.owns(row.client_order_id) else "foreign" for row in said],
        "PAIR": [row.trading_pair for row in said],
        "SIDE": [_side(row.is_buy) for row in said],
        "TYPE": [row.order_type.name for row in said],
        "PRICE": aligned([figure(row.price) if row.price else "" for row in said]),
        "AMOUNT": aligned([figure(row.amount) for row in said]),
        "FILLED": aligned([figure(row.executed_amount) for row in said]),
        "STATE": [_state(row, memory) for row in rows],
    }
    print_table(list(columns), list(zip(*columns.values(), strict=True)))


def _state(row: AccountOrder, memory: Memory) -> str:
    ours = memory.orders.get(row.row.client_order_id)
    doubt = "" if ours is None or ours.doubt is None else f", in doubt: {ours.doubt.reason.value}"
    return row.update.new_state.name + doubt


def _row_facts(row: AccountOrder, memory: Memory) -> dict[str, Any]:
    said = row.row
    ours = memory.orders.get(said.client_order_id)
    return {
        "client_order_id": said.client_order_id,
        "exchange_order_id": said.exchange_order_id,
        "is_ours": memory.owns(said.client_order_id),
        "trading_pair": said.trading_pair,
        "trade_type": _side(said.is_buy),
        "order_type": said.order_type.name,
        "price": plain(said.price) if said.price else None,
        "amount": plain(said.amount),
        "executed_amount_base": plain(said.executed_amount),
        "state": row.update.new_state.name,
        "creation_timestamp": said.time,
        "is_in_doubt": ours is not None and ours.doubt is not None,
    }


def _side(is_buy: bool) -> str:
    return (TradeType.BUY if is_buy else TradeType.SELL).name


# --- one order


async def show_order(access: Access, trading_pair: str, word: str, *, as_json: bool) -> int:
    """Print how an order stands by the venue's word and by our journal; an exit code.

    Raises:
        errors.VenuekitError: there are no credentials, the pair is unknown, or the venue did not answer.
    """
    async with access.reading() as (exchange, memory):
        _known(exchange, [trading_pair])
        ours = order_named(word, trading_pair, memory.orders.values())
        update = await (
            _asked_unknown(exchange, trading_pair, word) if ours is None else _asked(exchange, ours)
        )
        fills: Sequence[TradeUpdate] = ()
        if update is not None and update.filled_amount:
            fills = await exchange.order_fills(
                ours or _named(trading_pair, update.client_order_id or "", update.exchange_order_id)
            )
    if as_json:
        print_json(
            {
                "ours": None if ours is None else order_facts(ours),
                "theirs": None if update is None else _update_facts(update),
                "fills": [_fill_facts(fill) for fill in fills],
            }
        )
    else:
        is_ours = memory.owns(word if update is None else update.client_order_id or word)
        _print_order(word, ours, update, fills, is_ours=is_ours)
    if update is not None:
        return DONE
    typer.echo(f"venuekit: {access.venue} finds no order {word} on {trading_pair}", err=True)
    return OUTCOME_UNKNOWN if ours is not None and ours.is_open and ours.is_sent else REFUSED


async def _asked(exchange: ExchangeBase, order: InFlightOrder) -> OrderUpdate | None:
    """How an order of ours stands, by the first of the fence's questions that finds it."""
    for question in exchange.fence.questions:
        try:
            return await exchange.order_status(order, question)
        except errors.OrderNotFound:
            pass
    return None


async def _asked_unknown(exchange: ExchangeBase, trading_pair: str, word: str) -> OrderUpdate | None:
    """How somebody's order stands, by its client id or the venue's; most of the latter are numbers."""
    by_client_id = _named(trading_pair, word, None)
    by_exchange_id = _named(trading_pair, "", word)
    tries = (by_exchange_id, by_client_id) if word.isdigit() else (by_client_id, by_exchange_id)
    for order in tries:
        try:
            return await exchange.order_status(order)
        except (errors.OrderNotFound, errors.UsageError):
            pass
    return None


def _named(trading_pair: str, client_order_id: str, exchange_order_id: str | None) -> InFlightOrder:
    """What a question about an order needs of it; nothing else is known."""
    return InFlightOrder(
        client_order_id,
        trading_pair,
        OrderType.MARKET,
        TradeType.RANGE,
        Decimal(0),
        creation_timestamp=0.0,
        exchange_order_id=exchange_order_id,
    )


def _print_order(
    word: str,
    ours: InFlightOrder | None,
    update: OrderUpdate | None,
    fills: Sequence[TradeUpdate],
    *,
    is_ours: bool,
) -> None:
    facts = {"order": word if update is None else (update.client_order_id or word)}
    if update is not None and update.exchange_order_id:
        facts["venue's id"] = update.exchange_order_id
    if ours is not None:
        facts["order"] = ours.client_order_id
        facts["sent"] = meaning(ours.intent)
    if update is not None:
        facts["venue says"] = _update_words(update)
    if ours is not None:
        facts["we believe"] = f"{ours.current_state.name}, {filled_words(ours)}"
        if ours.doubt is not None:
            facts["in doubt"] = doubt_words(ours)
    else:
        facts["we believe"] = _NO_MORE if is_ours else "nothing: it is not ours"
    print_facts(facts)
    if fills:
        typer.echo()
        columns = {
            "AT (UTC)": [moment(fill.fill_timestamp) for fill in fills],
            "TRADE": [fill.trade_id for fill in fills],
            "PRICE": aligned([figure(fill.fill_price) for fill in fills]),
            "AMOUNT": aligned([figure(fill.fill_base_amount) for fill in fills]),
            "TOTAL": aligned([figure(fill.fill_quote_amount) for fill in fills]),
            "FEE": [fee_words(fill) for fill in fills],
            "AS": ["taker" if fill.is_taker else "maker" for fill in fills],
        }
        print_table(list(columns), list(zip(*columns.values(), strict=True)))


def _update_words(update: OrderUpdate) -> str:
    words = [update.new_state.name]
    if update.filled_amount is not None:
        of = f" of {figure(update.amount)}" if update.amount is not None else ""
        words.append(f"{figure(update.filled_amount)}{of} filled")
    if update.price is not None:
        words.append(f"at {figure(update.price)}")
    return f"{', '.join(words)}, as of {moment(update.update_timestamp)} UTC"


def _update_facts(update: OrderUpdate) -> dict[str, Any]:
    return {
        "client_order_id": update.client_order_id,
        "exchange_order_id": update.exchange_order_id,
        "state": update.new_state.name,
        "amount": None if update.amount is None else plain(update.amount),
        "price": None if update.price is None else plain(update.price),
        "filled_amount": None if update.filled_amount is None else plain(update.filled_amount),
        "update_timestamp": update.update_timestamp,
        "misc": update.misc_updates or {},
    }


def _fill_facts(fill: TradeUpdate) -> dict[str, Any]:
    return fill.to_json()


# --- balances


async def show_balances(access: Access, assets: Sequence[str], *, as_json: bool) -> None:
    """Print what an account holds of some assets; none named: of all it has something of.

    Raises:
        errors.VenuekitError: there are no credentials, or the venue did not answer.
    """
    async with access.reading() as (exchange, _):
        asked_at = exchange.venue_time()
        report = replace(await exchange.balances(), observed_at=asked_at)
        age = exchange.venue_time() - asked_at
    held = {balance.asset: balance for balance in report.balances}
    wanted = list(assets) or [asset for asset, balance in sorted(held.items()) if balance.total]
    nothing = Decimal(0)
    rows = [held.get(asset, AssetBalance(asset=asset, total=nothing, available=nothing)) for asset in wanted]
    kind = FigureKind.POLLED.value
    if as_json:
        print_json(
            {
                "observed_at": report.observed_at,
                "kind": kind,
                "balances": {
                    row.asset: {
                        "total": plain(row.total),
                        "available": None if row.available is None else plain(row.available),
                    }
                    for row in rows
                },
            }
        )
        return
    print_table(
        ("ASSET", "TOTAL", "AVAILABLE", "HELD", "KIND", "AGE"),
        list(
            zip(
                [row.asset for row in rows],
                aligned([figure(row.total) for row in rows]),
                aligned([figure(row.available) for row in rows]),
                aligned([figure(_held(row)) for row in rows]),
                [kind] * len(rows),
                [f"{age:.2f} s"] * len(rows),
                strict=True,
            )
        ),
    )


def _held(row: AssetBalance) -> Decimal | None:
    return None if row.available is None else CONTEXT.subtract(row.total, row.available)


# --- rules


async def show_rules(access: Access, trading_pairs: Sequence[str], *, as_json: bool) -> None:
    """Print what the venue asks of orders on some pairs; none named: on all.

    Raises:
        errors.VenuekitError: a pair is unknown, or the venue did not answer.
    """
    async with connect(access.venue, url=access.url) as exchange:
        rules = [exchange.trading_rules[pair] for pair in _known(exchange, trading_pairs)]
    if as_json:
        print_json({"rules": {rule.trading_pair: _rule_facts(rule) for rule in rules}})
        return
    headings: dict[str, Callable[[TradingRule], Decimal | None]] = {
        "PRICE STEP": lambda rule: rule.min_price_increment,
        "AMOUNT STEP": lambda rule: rule.min_base_amount_increment,
        "MIN AMOUNT": lambda rule: rule.min_order_size,
        "MAX AMOUNT": lambda rule: rule.max_order_size,
        "MAX MARKET": lambda rule: rule.max_market_order_size,
        "MIN VALUE": lambda rule: max(rule.min_notional_size, rule.min_order_value),
        "MAX VALUE": lambda rule: rule.max_notional_size,
    }
    columns = {
        "PAIR": [rule.trading_pair for rule in rules],
        "STATUS": [rule.status.value for rule in rules],
        **{
            name: aligned([figure(_limit(number(rule))) for rule in rules])
            for name, number in headings.items()
        },
    }
    told = {name: cells for name, cells in columns.items() if any(map(str.strip, cells))}
    print_table(list(told), list(zip(*told.values(), strict=True)))


def _limit(number: Decimal | None) -> Decimal | None:
    """A number of a rule, None where it stands for no limit at all."""
    return number if number is not None and _TINY < number < _HUGE else None


def _rule_facts(rule: TradingRule) -> dict[str, Any]:
    numbers = {
        name: _limit(value)
        for name in rule.__struct_fields__
        if isinstance(value := getattr(rule, name), Decimal)
    }
    return {
        "symbol": rule.symbol,
        "status": rule.status.value,
        "is_tradable": rule.is_tradable,
        "contract_kind": rule.contract_kind.value,
        **{name: None if number is None else plain(number) for name, number in numbers.items()},
    }


def _known(exchange: ExchangeBase, trading_pairs: Sequence[str]) -> tuple[str, ...]:
    """The pairs that are meant; none named: all that the venue lists.

    Raises:
        errors.UnknownPair: the venue does not list one.
    """
    for pair in trading_pairs:
        exchange.trading_rule(pair)
    return tuple(dict.fromkeys(trading_pairs or exchange.trading_rules))
