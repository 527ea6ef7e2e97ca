"""Cards about commands that cross: fills and ends meet cancels, amends, and other orders of one's own."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from venuekit import errors
from venuekit.emulator.act import Act
from venuekit.emulator.faults import FaultKind
from venuekit.model.decimals import CONTEXT
from venuekit.model.events import CommandRefused, MarketOrderFailureEvent
from venuekit.model.order import LimitOrder, OrderState, OrderType, TriggerDirection
from venuekit.testing.conformance.card import Card, Group, Trait, check
from venuekit.testing.conformance.order_cards import GONE, filled, half, sides
from venuekit.testing.conformance.stage import Stage
from venuekit.testing.conformance.trader import Trader

__all__ = ["CROSSING_CARDS"]

_CREATED, _COMPLETED = sides(True)
_LATE = 0.5
"""Seconds by which an event is late: a command and the question after it are quicker."""


# --- cancels


async def _a_part_and_then_a_cancel(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, record = await trader.opened()
        stage.venue.fills_order(record, half(trader.amount))
        await trader.becomes(order_id, OrderState.PARTIALLY_FILLED)
        trader.cancel(order_id)
        await trader.becomes(order_id, OrderState.CANCELED)
        trader.told(order_id, _CREATED, "OrderFilled", "OrderCancelled")
        filled_amount = trader.order(order_id).executed_amount_base
        check(filled_amount == half(trader.amount), f"{filled_amount} of half of it are counted")
        await trader.reckons()


async def _a_fill_crosses_a_cancel(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, record = await trader.opened()
        # The cancel has not left yet when the fill happens, and its answer comes after the fill was told.
        stage.venue.breaks(FaultKind.DELAY, act=Act.CANCEL, seconds=0.3)
        trader.cancel(order_id)
        stage.venue.fills_order(record, half(trader.amount))
        await trader.until(lambda: bool(trader.story.fills(order_id)), "the fill to be told")
        await trader.until(lambda: bool(trader.story.ends(order_id)), "the end to be told")
        trader.told(order_id, _CREATED, "OrderFilled", "OrderCancelled")
        await stage.sleep(0.3)
        trader.told(order_id, _CREATED, "OrderFilled", "OrderCancelled")
        await trader.reckons()


async def _a_cancel_of_what_is_gone(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, record = await trader.opened()
        await stage.sleep(stage.breath)  # questions of the start could find the end
        _ends_come_late(stage)
        stage.venue.withdraws(record)
        trader.cancel(order_id)
        await trader.until(lambda: bool(trader.story.ends(order_id)), "the end to be told")
        await stage.sleep(_LATE)
        # The venue said "unknown order" to a cancel: that is no word on what the order did.
        check(not stage.story.of(order_id, CommandRefused), "a cancel of what has ended was called refused")
        trader.told(order_id, _CREATED, "OrderCancelled")
        await trader.reckons()


def _ends_come_late(stage: Stage) -> None:
    if Act.ACCOUNT_STREAM in stage.traits.dialect.acts:
        stage.venue.breaks(FaultKind.LATE_MESSAGE, act=Act.ACCOUNT_STREAM, seconds=_LATE, times=None)


async def _an_unsolicited_cancel(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, record = await trader.opened()
        stage.venue.fills_order(record, half(trader.amount))
        await trader.becomes(order_id, OrderState.PARTIALLY_FILLED)
        stage.venue.withdraws(record)
        await trader.becomes(order_id, *GONE)
        (end,) = trader.story.words(order_id)[2:]
        check(end in ("OrderCancelled", "OrderExpired"), f"an order that the venue ended ended as {end}")
        await trader.reckons()


# --- amends


async def _amends_of_a_part_filled_order(stage: Stage) -> None:
    async with stage.trader() as trader:
        whole = CONTEXT.multiply(trader.amount, Decimal(2))
        order_id, record = await trader.opened(amount=whole)
        stage.venue.fills_order(record, half(trader.amount))
        await trader.becomes(order_id, OrderState.PARTIALLY_FILLED)
        step = Decimal(stage.venue.instrument(stage.pair).step_size)
        for count, amount in enumerate((trader.amount, CONTEXT.multiply(whole, Decimal(2)), step), start=1):
            before = trader.record(order_id).state.amount
            trader.connector.amend(trader.pair, order_id, amount)
            await trader.until(partial(_are_answered, trader, order_id, count), "the amend to be answered")
            now = trader.record(order_id).state.amount
            check(now in (before, amount), f"an amend from {before} to {amount} made it {now}")
            believed = trader.order(order_id).amount
            check(believed == now, f"the order is for {now}, and {believed} are believed")
            word = "CommandRefused" if now == before else "OrderAmended"
            check(trader.story.words(order_id)[-1] == word, f"the amend to {amount} was not told as {word}")
        stage.venue.fills_order(trader.record(order_id))
        await trader.becomes(order_id, OrderState.FILLED)
        await trader.reckons()


def _are_answered(trader: Trader, order_id: str, amends: int) -> bool:
    words = trader.story.words(order_id)
    return sum(word in ("CommandRefused", "OrderAmended") for word in words) == amends


# --- orders


async def _own_orders_meet(stage: Stage) -> None:
    async with stage.trader() as trader:
        resting, _ = await trader.opened(is_buy=False)
        best, there = stage.venue.best(stage.pair, is_bid=False)
        taking = trader.place(OrderType.LIMIT, best, amount=CONTEXT.add(there, trader.amount))
        # Whatever the venue does about it (a trade with oneself, the end of one or of both) is told.
        await trader.until(lambda: trader.state(taking) is not OrderState.PENDING_CREATE, "the answer")
        await trader.reckons()
        for order_id in (resting, taking):
            if trader.record(order_id).is_open:
                trader.cancel(order_id)
        await trader.until(
            lambda: all(trader.order(order_id).is_done for order_id in (resting, taking)), "both to end"
        )
        await trader.reckons()


class _Refusal(NamedTuple):
    """A way to be refused: what must be so before, the order, and what its failure is called."""

    what: str
    place: Callable[[Stage, Trader], str]
    error: type[errors.VenuekitError]
    needs: tuple[Trait, ...] = ()
    before: Callable[[Stage], None] | None = None
    after: Callable[[Stage], None] | None = None


def _more_than_there_is(stage: Stage, trader: Trader) -> str:
    owned = trader.connector.get_balance(stage.venue.instrument(stage.pair).base)
    return trader.rest(is_buy=False, amount=CONTEXT.add(owned, owned))


def _a_maker_that_would_take(stage: Stage, trader: Trader) -> str:
    return trader.place(OrderType.LIMIT_MAKER, stage.venue.taking(stage.pair, is_buy=True))


def _a_trigger_that_is_touched(stage: Stage, trader: Trader) -> str:
    below, _ = stage.venue.best(stage.pair, is_bid=True)
    return trader.take(trigger_price=below, trigger_direction=TriggerDirection.RISING)


def _an_order(_stage: Stage, trader: Trader) -> str:
    return trader.rest()


_REFUSALS = (
    _Refusal("an order for twice of what there is", _more_than_there_is, errors.InsufficientBalance),
    _Refusal(
        "a maker order at a price that takes", _a_maker_that_would_take, errors.WouldTake, (Trait.MAKERS,)
    ),
    _Refusal(
        "a trigger that is reached already",
        _a_trigger_that_is_touched,
        errors.WouldTrigger,
        (Trait.TRIGGERS,),
    ),
    _Refusal(
        "an order in a market that is halted",
        _an_order,
        errors.MarketClosed,
        (Trait.HALTS,),
        before=lambda stage: stage.venue.halts(stage.pair),
        after=lambda stage: stage.venue.reopens(stage.pair),
    ),
)


async def _refusals_by_kind(stage: Stage) -> None:
    async with stage.trader() as trader:
        for row in _REFUSALS:
            if any(need in stage.traits.missing for need in row.needs):
                continue
            if row.before is not None:
                row.before(stage)
            order_id = row.place(stage, trader)
            await trader.until(lambda: trader.order(order_id).is_done, f"{row.what} to be refused")  # noqa: B023 - awaited within its turn
            (end,) = trader.story.ends(order_id)
            told = end.error_type if isinstance(end, MarketOrderFailureEvent) else type(end).__name__
            check(told == row.error.__name__, f"{row.what} failed as {told}, not as {row.error.__name__}")
            check(not trader.was_in_doubt(order_id), f"{row.what} was in doubt after it was refused")
            if row.after is not None:
                row.after(stage)
        trader.told((await trader.opened())[0], _CREATED)
        await trader.reckons()


async def _several_at_once(stage: Stage) -> None:
    async with stage.trader() as trader:
        price = stage.venue.resting(stage.pair, is_buy=True)
        owned = trader.connector.get_balance(stage.venue.instrument(stage.pair).quote)
        too_much = CONTEXT.divide_int(CONTEXT.multiply(owned, Decimal(2)), price)
        amounts = (trader.amount, too_much, half(trader.amount))
        base, quote = trader.pair.split("-")
        wanted = [LimitOrder("", trader.pair, True, base, quote, price, amount) for amount in amounts]
        placed = [
            order for order in trader.connector.batch_order_create(wanted) if isinstance(order, LimitOrder)
        ]
        trader.ids += [order.client_order_id for order in placed]
        check(len({order.client_order_id for order in placed}) == len(wanted), f"{placed} have no ids")
        first, refused, third = trader.ids
        await trader.becomes(first, OrderState.OPEN)
        await trader.becomes(third, OrderState.OPEN)
        await trader.becomes(refused, OrderState.FAILED)
        await trader.reckons()
        trader.connector.batch_order_cancel([placed[0], placed[2]])
        for order_id in (first, third):
            await trader.becomes(order_id, OrderState.CANCELED)
            trader.told(order_id, _CREATED, "OrderCancelled")
        await filled(trader, trader.take())
        await trader.reckons()


_ORDERS = (Trait.ORDERS,)

CROSSING_CARDS: tuple[Card, ...] = (
    Card(
        number=41,
        group=Group.ORDERS,
        title="a part and then a cancel",
        precondition="an order of which a half is filled",
        stimulus="it is cancelled",
        expected="its fill is counted, and it ends as cancelled, once",
        needs=_ORDERS,
        play=_a_part_and_then_a_cancel,
    ),
    Card(
        number=42,
        group=Group.ORDERS,
        title="a fill crosses a cancel",
        precondition="an order that rests",
        stimulus="it is cancelled, and filled in part before the cancel arrives; the answer is late",
        expected="the fill is told before the end, the end once; the late answer changes nothing",
        needs=(Trait.ORDERS, Act.CANCEL),
        play=_a_fill_crosses_a_cancel,
    ),
    Card(
        number=43,
        group=Group.ORDERS,
        title="a cancel of what is gone",
        precondition="an order that the venue ended a moment ago, which the connector has not heard yet",
        stimulus="it is cancelled",
        expected="that the venue knows no such order ends nothing: it is asked for, and its end told once",
        needs=_ORDERS,
        play=_a_cancel_of_what_is_gone,
    ),
    Card(
        number=44,
        group=Group.ORDERS,
        title="an unsolicited cancel",
        precondition="an order of which a half is filled",
        stimulus="the venue ends it by itself",
        expected="its end is told once, after its fill",
        needs=_ORDERS,
        play=_an_unsolicited_cancel,
    ),
    Card(
        number=45,
        group=Group.ORDERS,
        title="amends of a part-filled order",
        precondition="an order of which a quarter is filled",
        stimulus="it is changed to half its amount, to four times that, and to less than is filled",
        expected="each is made or refused as a whole, and told so; the order goes on, and its fills count",
        needs=(Trait.ORDERS, Trait.AMEND),
        play=_amends_of_a_part_filled_order,
    ),
    Card(
        number=46,
        group=Group.ORDERS,
        title="own orders meet",
        precondition="an order that rests",
        stimulus="another one of the same account takes at its price",
        expected="whatever the venue does about it is told: ends, fills and amounts are the venue's",
        needs=_ORDERS,
        play=_own_orders_meet,
    ),
    Card(
        number=47,
        group=Group.ORDERS,
        title="refusals by kind",
        precondition="a market that stands still, and later is halted",
        stimulus="orders without cover, makers that take, triggers already reached, a halted market",
        expected="each fails once, by the class that says why, without a doubt; the next order is taken",
        needs=_ORDERS,
        play=_refusals_by_kind,
    ),
    Card(
        number=48,
        group=Group.ORDERS,
        title="several at once",
        precondition="a market that stands still",
        stimulus="three orders are placed in one call, the second without cover; the others are cancelled so",
        expected="each ends for itself: one refusal keeps no other order back",
        needs=_ORDERS,
        play=_several_at_once,
    ),
)
