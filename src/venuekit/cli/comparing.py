"""`venuekit reconcile`: what our journal says of an account against what its venue says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from venuekit.cli.account_access import Access
from venuekit.cli.order_words import order_facts, state_words
from venuekit.cli.outcome import DONE, OUTCOME_UNKNOWN
from venuekit.cli.output import counted, print_json, print_table
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.reconciliation import compare
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.reconciliation import Difference

__all__ = ["reconcile"]

# Nobody hears the account or asks for it on its own: what is compared is what the journal holds, and not
# what a poll has set right a moment before.
_QUIET = TradingPolicy(follows=False)


async def reconcile(
    access: Access, trading_pairs: Sequence[str], *, dry_run: bool, wait: float, as_json: bool
) -> int:
    """Print every difference with its rule; unless it is a dry run, carry the rules out. An exit code.

    On the pairs of the orders that the journal holds open, and `trading_pairs`. What is in doubt is asked
    for until it is settled, at most `wait` seconds.

    Raises:
        errors.VenuekitError: there are no credentials, a pair is unknown, or the venue did not answer.
    """
    if dry_run:
        _tell(await _compared(access, trading_pairs), {}, (), as_json=as_json)
        return DONE
    async with access.trading(policy=_QUIET) as exchange:
        for pair in trading_pairs:
            exchange.trading_rule(pair)
        differences = await exchange.reconcile(trading_pairs)
        await _settled(exchange, wait)
        orders = exchange.trading.orders.all_orders
    now = {one.subject: orders[one.subject] for one in differences if one.subject in orders}
    doubts = [order for order in orders.values() if order.doubt is not None]
    _tell(differences, now, doubts, as_json=as_json)
    if not doubts:
        return DONE
    ids = ", ".join(order.client_order_id for order in doubts)
    typer.echo(f"venuekit: still in doubt: {ids}; try again later", err=True)
    return OUTCOME_UNKNOWN


async def _compared(access: Access, trading_pairs: Sequence[str]) -> list[Difference]:
    """What a run that began now would find; the journal is only read, beside whoever writes it."""
    async with access.reading() as (exchange, memory):
        for pair in trading_pairs:
            exchange.trading_rule(pair)
        if memory.writer is None:
            memory.tracker.resume(exchange.venue_time())
        else:
            typer.echo(
                f"venuekit: process {memory.writer} trades with this account: what it was just told may be "
                "listed here",
                err=True,
            )
        found = await compare(
            exchange, memory.tracker, memory.owns, trading_pairs=trading_pairs, since=memory.since
        )
    return found.differences


async def _settled(exchange: ExchangeBase, seconds: float) -> None:
    """Ask for what is in doubt or misses fills until nothing is, at most so long."""
    clock, poll = exchange.clock, exchange.trading.poll
    deadline = clock.monotonic() + seconds
    while True:
        await poll.step()
        orders = exchange.trading.orders.all_orders.values()
        is_all_known = not any(order.doubt is not None or order.is_short_of_fills for order in orders)
        left = deadline - clock.monotonic()
        if is_all_known or left <= 0:
            return
        await clock.sleep(min(poll.pause(), left))


def _tell(
    differences: Sequence[Difference],
    now: dict[str, InFlightOrder],
    doubts: Sequence[InFlightOrder],
    *,
    as_json: bool,
) -> None:
    if as_json:
        print_json(
            {
                "differences": [_facts(one, now.get(one.subject)) for one in differences],
                "in_doubt": [order_facts(order) for order in doubts],
            }
        )
        return
    if differences:
        columns = {
            "SUBJECT": [one.subject for one in differences],
            "DIFFERENCE": [one.kind.value for one in differences],
            "OURS": [one.ours for one in differences],
            "THEIRS": [one.theirs for one in differences],
            "RULE": [one.rule.value for one in differences],
            "NOW": [state_words(now[one.subject]) if one.subject in now else "" for one in differences],
        }
        told = {name: cells for name, cells in columns.items() if any(cells)}
        print_table(list(told), list(zip(*told.values(), strict=True)))
    typer.echo(counted(len(differences), "difference"), err=True)


def _facts(one: Difference, order: InFlightOrder | None) -> dict[str, Any]:
    return {
        "kind": one.kind.name,
        "what": one.kind.value,
        "subject": one.subject,
        "ours": one.ours,
        "theirs": one.theirs,
        "rule": one.rule.name,
        "what_is_done": one.rule.value,
        "now": None if order is None else order_facts(order),
    }
