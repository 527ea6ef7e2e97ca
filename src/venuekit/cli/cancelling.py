"""`venuekit order cancel`: an order of ours, or all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import typer

from venuekit import errors
from venuekit.cli.account_access import Access, order_named
from venuekit.cli.order_words import filled_words, meaning, order_facts, state_words
from venuekit.cli.outcome import DONE, OUTCOME_UNKNOWN, REFUSED
from venuekit.cli.output import counted, print_json, print_table
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_lifecycle import CancelRequest

__all__ = ["cancel", "cancel_all"]

_LOOK = 0.01


async def cancel(access: Access, trading_pair: str, word: str, *, wait: float, as_json: bool) -> int:
    """Cancel one order of ours and print how it stands; an exit code.

    Raises:
        errors.UsageError: no open order of ours is meant by `word`.
        errors.VenuekitError: there are no credentials, or the connector could not start.
    """
    async with access.trading() as exchange:
        known = exchange.trading.orders.all_orders.values()
        order = order_named(word, trading_pair, known)
        if order is None:
            raise errors.UsageError(
                f"no order of ours on {trading_pair} is called {word!r}: `venuekit orders {access.venue} "
                f"{trading_pair}` lists what is open; orders of others are left alone"
            )
        await _cancelled(exchange, [order], wait)
    return _tell(access, [order], as_json=as_json)


async def cancel_all(access: Access, trading_pair: str | None, *, wait: float, as_json: bool) -> int:
    """Cancel all open orders of ours, on one pair or on all, and print how they stand; an exit code.

    Raises:
        errors.VenuekitError: there are no credentials, or the connector could not start.
    """
    async with access.trading() as exchange:
        orders = [
            order
            for order in exchange.in_flight_orders.values()
            if trading_pair in (None, order.trading_pair)
        ]
        await _cancelled(exchange, orders, wait)
    return _tell(access, orders, as_json=as_json)


async def _cancelled(exchange: ExchangeBase, orders: Sequence[InFlightOrder], wait: float) -> None:
    """Ask for the end of orders, and wait for it at most so long; an interruption ends the waiting."""
    for order in orders:
        exchange.cancel(order.trading_pair, order.client_order_id)
    clock = exchange.clock
    deadline = clock.monotonic() + wait

    def is_under_way(order: InFlightOrder) -> bool:
        is_asked = order.doubt is not None or order.cancel is CancelRequest.PENDING
        return not order.is_done and (is_asked or bool(exchange.trading.desk.under_way))

    try:
        while any(map(is_under_way, orders)) and clock.monotonic() < deadline:
            await clock.sleep(_LOOK)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - we run in it
        task.uncancel()


def _tell(access: Access, orders: Sequence[InFlightOrder], *, as_json: bool) -> int:
    if as_json:
        print_json({"orders": [order_facts(order) for order in orders]})
    elif orders:
        print_table(
            ("ORDER", "PAIR", "WAS", "FILLED", "STATE"),
            [
                (
                    order.client_order_id,
                    order.trading_pair,
                    meaning(order.intent),
                    filled_words(order),
                    state_words(order),
                )
                for order in orders
            ],
        )
    else:
        typer.echo("venuekit: no order of ours is open", err=True)
    not_over = [order for order in orders if not order.is_done]
    if any(order.doubt is not None or order.cancel is CancelRequest.PENDING for order in not_over):
        typer.echo(
            f"venuekit: {counted(len(not_over), 'order')} may still be open: the venue has not confirmed the "
            f"end; `venuekit reconcile {access.venue}` asks again",
            err=True,
        )
        return OUTCOME_UNKNOWN
    ended_otherwise = [order for order in orders if not order.is_cancelled]
    for order in ended_otherwise:
        how = f"it is {order.current_state.name}" if order.is_done else "the venue refused, and it is open"
        typer.echo(f"venuekit: {order.client_order_id} was not cancelled: {how}", err=True)
    return REFUSED if ended_otherwise else DONE
