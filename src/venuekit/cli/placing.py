"""`venuekit order place`: one order, followed until it is known how it stands."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import typer

from venuekit import errors
from venuekit.cli.account_access import Access
from venuekit.cli.order_words import cuts, doubt_words, filled_words, meaning, order_facts, terms_facts
from venuekit.cli.outcome import DONE, FAILED, OUTCOME_UNKNOWN, REFUSED
from venuekit.cli.output import print_facts, print_json
from venuekit.connector.connect import connect
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.events import MarketEvent, MarketOrderFailureEvent
from venuekit.model.order import NewOrder, OrderType, TimeInForce, TradeType
from venuekit.protocol.frozen import Frozen
from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["Wanted", "check", "place"]

_LOOK = 0.01
_ROOM = len("venue's id")
_OUTCOMES = {DONE: "done", FAILED: "failed", REFUSED: "refused", OUTCOME_UNKNOWN: "in doubt"}


class Wanted(Frozen):
    """An order as it was asked for; amounts in base and quote of the pair, prices in quote per base."""

    trading_pair: str
    trade_type: TradeType
    order_type: OrderType
    time_in_force: TimeInForce
    amount: Decimal | None
    price: Decimal | None
    quote_amount: Decimal | None
    trigger_price: Decimal | None

    def prepared(self, exchange: ExchangeBase) -> NewOrder:
        """The order that would be sent.

        Raises:
            errors.UsageError: it contradicts itself, or the venue lists no such pair.
        """
        exchange.trading_rule(self.trading_pair)
        return exchange.prepare_order(
            self.trade_type,
            self.trading_pair,
            self.amount,
            self.order_type,
            self.price,
            time_in_force=self.time_in_force,
            quote_amount=self.quote_amount,
            trigger_price=self.trigger_price,
        )

    def cuts(self, order: NewOrder) -> dict[str, dict[str, str]]:
        """What of it was cut to the pair's steps."""
        return cuts(order, amount=self.amount, price=self.price, trigger_price=self.trigger_price)

    @property
    def followed(self) -> tuple[str, ...]:
        """The pairs whose book is needed: what a market order is worth is known from nothing else."""
        return () if self.order_type.is_limit_type() else (self.trading_pair,)


async def check(access: Access, wanted: Wanted, *, as_json: bool) -> int:
    """Print what would be sent, which rules it breaks and the nearest order that breaks none; an exit code.

    Raises:
        errors.UsageError: the order contradicts itself, or the venue lists no such pair.
        errors.VenuekitError: the connector could not start.
    """
    async with connect(access.venue, wanted.followed, url=access.url) as exchange:
        order = wanted.prepared(exchange)
        violations = exchange.check_order(order)
        nearest = exchange.nearest_order(order) if violations else None
    cut = wanted.cuts(order)
    if as_json:
        print_json(
            {
                "is_valid": not violations,
                "order": terms_facts(order),
                "cut": cut,
                "violations": [
                    {
                        "rule": violation.rule.name,
                        "limit": violation.limit,
                        "value": violation.value,
                        "message": violation.message,
                    }
                    for violation in violations
                ],
                "nearest": None if nearest is None else terms_facts(nearest),
            }
        )
    else:
        facts = {"order": meaning(order), **_cut_words(cut)}
        if violations:
            facts["breaks"] = "\n".join(violation.message for violation in violations)
            facts["nearest"] = "none: other numbers do not help" if nearest is None else meaning(nearest)
        else:
            facts["verdict"] = "valid, as far as the venue publishes its rules"
        print_facts(facts)
    return REFUSED if violations else DONE


async def place(access: Access, wanted: Wanted, *, wait: float | None, as_json: bool) -> int:
    """Place an order and print how it stands; an exit code.

    Returns once the venue has confirmed it, it has ended, or it is in doubt; with `wait`, once it has ended
    or so many seconds have passed. An interruption ends the waiting, not the order.

    Raises:
        errors.UsageError: the order contradicts itself, or the venue lists no such pair.
        errors.VenuekitError: there are no credentials, or the connector could not start; nothing was sent.
    """
    failures: list[MarketOrderFailureEvent] = []
    async with access.trading(wanted.followed) as exchange:
        exchange.add_listener(MarketEvent.OrderFailure, failures.append)
        order = _sent(exchange, wanted)
        cut = wanted.cuts(order.intent)
        if not as_json:
            print_facts(
                {"order": order.client_order_id, "sent": meaning(order.intent), **_cut_words(cut)}, room=_ROOM
            )
        try:
            await _concluded(exchange, order, wait)
        except asyncio.CancelledError:
            # A second one ends this too; the first only ends the waiting: what was sent cannot be unsent,
            # and stopping in good order waits for its answer.
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - we run in it
            task.uncancel()
    failure = next((event for event in failures if event.order_id == order.client_order_id), None)
    code = _code_of(order, failure)
    _tell(order, cut, failure, code, as_json=as_json)
    if code == OUTCOME_UNKNOWN:
        typer.echo(
            f"venuekit: the order is in doubt: do not place it again. `venuekit order status {access.venue} "
            f"{order.trading_pair} {order.client_order_id}` asks for it, `venuekit reconcile {access.venue}` "
            "settles it",
            err=True,
        )
    elif code != DONE:
        typer.echo(f"venuekit: {_reason(failure)}", err=True)
    return code


def _sent(exchange: ExchangeBase, wanted: Wanted) -> InFlightOrder:
    """The order, on its way."""
    order = wanted.prepared(exchange)
    put = exchange.buy if order.is_buy() else exchange.sell
    order_id = put(
        order.trading_pair,
        order.amount,
        order.order_type,
        order.price,
        time_in_force=order.time_in_force,
        quote_amount=order.quote_amount,
        trigger_price=order.trigger_price,
    )
    found = exchange.get_order(order_id)
    assert found is not None  # noqa: S101 - it was placed just now
    return found


async def _concluded(exchange: ExchangeBase, order: InFlightOrder, wait: float | None) -> None:
    """Wait until it is known how an order stands, or `wait` seconds for its end."""
    clock = exchange.clock
    deadline = None if wait is None else clock.monotonic() + wait
    while not order.is_done:
        if deadline is None and (order.doubt is not None or not order.is_pending_create):
            return
        if deadline is not None and clock.monotonic() >= deadline:
            return
        await clock.sleep(_LOOK)


def _code_of(order: InFlightOrder, failure: MarketOrderFailureEvent | None) -> int:
    if order.doubt is not None or order.is_pending_create:
        return OUTCOME_UNKNOWN
    if not order.is_failure:
        return DONE
    kind = getattr(errors, (failure.error_type or "") if failure else "", None)
    return REFUSED if isinstance(kind, type) and issubclass(kind, errors.Refused) else FAILED


def _tell(
    order: InFlightOrder,
    cut: dict[str, dict[str, str]],
    failure: MarketOrderFailureEvent | None,
    code: int,
    *,
    as_json: bool,
) -> None:
    if as_json:
        error = None
        if failure is not None:
            error = {"type": failure.error_type, "message": failure.error_message}
        print_json({"outcome": _OUTCOMES[code], "order": order_facts(order), "cut": cut, "error": error})
        return
    facts = {"state": order.current_state.name}
    if not order.is_failure:
        facts["filled"] = filled_words(order)
    if order.exchange_order_id is not None:
        facts = {"venue's id": order.exchange_order_id, **facts}
    if order.doubt is not None:
        facts["in doubt"] = doubt_words(order)
    print_facts(facts, room=_ROOM)


def _cut_words(cut: dict[str, dict[str, str]]) -> dict[str, str]:
    words = [
        f"{name.replace('_', ' ')} {numbers['asked']} to {numbers['sent']}" for name, numbers in cut.items()
    ]
    return {"cut": ", ".join(words)} if words else {}


def _reason(failure: MarketOrderFailureEvent | None) -> str:
    return (failure.error_message if failure else None) or "the order failed, and nobody said why"
