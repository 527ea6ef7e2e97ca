"""Cards about commands in good weather: each kind of order, and how it ends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from venuekit import errors
from venuekit.emulator.act import Act
from venuekit.emulator.faults import FaultKind
from venuekit.model.decimals import CONTEXT, plain
from venuekit.model.events import MarketOrderFailureEvent
from venuekit.model.order import OrderState, OrderType, TimeInForce
from venuekit.testing.conformance.card import Card, CardFailed, Group, Trait, check
from venuekit.testing.conformance.stage import Stage
from venuekit.testing.conformance.trader import Trader

__all__ = ["GONE", "LATE", "ORDER_CARDS", "filled", "half", "sides"]

LATE = 1.2
"""Seconds by which an event is late: a command and its answer are quicker."""

_SOME_LEVELS = 100
GONE = (OrderState.EXPIRED, OrderState.CANCELED)
"""How a venue may call the end of an order by its own terms."""


def sides(is_buy: bool) -> tuple[str, str]:
    """The first and the last event of an order that fills."""
    side = "Buy" if is_buy else "Sell"
    return f"{side}OrderCreated", f"{side}OrderCompleted"


def half(amount: Decimal) -> Decimal:
    """Half of an amount that can be halved."""
    return CONTEXT.divide(amount, Decimal(2))


async def _a_wrong_key_is_noticed(stage: Stage) -> None:
    for credentials in stage.wrong_credentials():
        connector = stage.connector((stage.pair,), credentials=credentials)
        await stage.does_not_start(connector, errors.AuthenticationFailed)


async def _a_limit_order_lives(stage: Stage) -> None:
    async with stage.trader() as trader:
        for is_buy in (True, False):
            created, completed = sides(is_buy)
            order_id, record = await trader.opened(is_buy=is_buy)
            asked = trader.order(order_id)
            check(
                (record.state.request.is_buy, record.state.amount, record.state.price)
                == (is_buy, trader.amount, asked.price),
                f"another order was placed than was asked for: {record.state}",
            )
            trader.told(order_id, created)
            part = half(trader.amount)
            stage.venue.fills_order(record, part)
            await trader.becomes(order_id, OrderState.PARTIALLY_FILLED)
            check(asked.executed_amount_base == part, f"{asked.executed_amount_base} of {part} are counted")
            stage.venue.fills_order(record)
            await trader.becomes(order_id, OrderState.FILLED)
            trader.told(order_id, created, "OrderFilled", "OrderFilled", completed)
        await trader.reckons()


async def filled(trader: Trader, order_id: str, *before: str, is_buy: bool = True) -> None:
    """Wait until an order that takes is filled, and hold the connector to what it told of it.

    `before` the fills are these events, in their order.
    """
    await trader.becomes(order_id, OrderState.FILLED)
    # A status can say so before every fill is there; the end waits for them.
    await trader.until(lambda: bool(trader.story.ends(order_id)), "the end to be told")
    created, completed = sides(is_buy)
    fills = ["OrderFilled"] * max(1, len(trader.story.fills(order_id)))
    trader.told(order_id, created, *before, *fills, completed)


async def _a_market_order_by_base(stage: Stage) -> None:
    async with stage.trader() as trader:
        for is_buy in (True, False):
            order_id = trader.place(OrderType.MARKET, None, is_buy=is_buy)
            await filled(trader, order_id, is_buy=is_buy)
        await trader.reckons()


async def _a_market_order_by_quote(stage: Stage) -> None:
    async with stage.trader() as trader:
        wanted = CONTEXT.multiply(trader.amount, stage.venue.best(stage.pair, is_bid=False)[0])
        order_id = trader.place(OrderType.MARKET, None, quote_amount=wanted.quantize(Decimal("0.01")))
        await trader.until(lambda: trader.order(order_id).is_done, "the order to end")
        paid = trader.order(order_id).executed_amount_quote
        # What one step of the amount costs cannot be spent.
        price, _ = stage.venue.best(stage.pair, is_bid=False)
        step = CONTEXT.multiply(price, Decimal(stage.venue.instrument(stage.pair).step_size))
        check(wanted - 2 * step <= paid <= wanted + 1, f"{paid} were spent of {wanted}")
        await trader.reckons()


async def _short_lived_orders(stage: Stage) -> None:
    async with stage.trader() as trader:
        (price, there), (next_price, more) = stage.venue.asks(stage.pair, 2)
        if TimeInForce.FOK in stage.traits.short_lived:
            too_much = CONTEXT.add(there, trader.amount)
            order_id = trader.place(OrderType.LIMIT, price, amount=too_much, time_in_force=TimeInForce.FOK)
            await trader.becomes(order_id, *GONE, OrderState.FAILED)
            check(not trader.story.fills(order_id), "a part of a fill-or-kill order was filled")
            await filled(trader, trader.take(time_in_force=TimeInForce.FOK))
        if TimeInForce.IOC in stage.traits.short_lived:
            too_much = CONTEXT.add(CONTEXT.add(there, more), trader.amount)
            order_id = trader.place(
                OrderType.LIMIT, next_price, amount=too_much, time_in_force=TimeInForce.IOC
            )
            await trader.becomes(order_id, *GONE)
            check(bool(trader.story.fills(order_id)), "nothing of an order that could take was filled")
        await trader.reckons()


async def _post_only_orders(stage: Stage) -> None:
    kind = stage.traits.kind
    forms: list[tuple[OrderType, dict[str, Any]]] = []
    if OrderType.LIMIT_MAKER in kind.order_types:
        forms.append((OrderType.LIMIT_MAKER, {}))
    if TimeInForce.GTX in kind.times_in_force:
        forms.append((OrderType.LIMIT, {"time_in_force": TimeInForce.GTX}))
    async with stage.trader() as trader:
        for order_type, terms in forms:
            order_id = trader.place(order_type, stage.venue.taking(stage.pair, is_buy=True), **terms)
            await trader.becomes(order_id, *GONE, OrderState.FAILED)
            check(not trader.story.fills(order_id), "a post-only order took")
            resting = trader.place(order_type, stage.venue.resting(stage.pair, is_buy=True), **terms)
            await trader.becomes(resting, OrderState.OPEN)
        await trader.reckons()


async def _a_trigger_order(stage: Stage) -> None:
    async with stage.trader() as trader:
        asks = stage.venue.asks(stage.pair, _SOME_LEVELS)
        last = Decimal(stage.venue.market(stage.pair).last_price)
        # A trigger at the last price would be touched already.
        number = next(number for number, (price, _) in enumerate(asks) if number and price > last)
        trigger, more = asks[number]
        order_id = trader.take(trigger_price=trigger)
        await trader.becomes(order_id, OrderState.UNTRIGGERED)
        check(not trader.story.fills(order_id), "it was filled before its trigger was touched")
        before = sum((there for _, there in asks[:number]), Decimal(0))
        amount = CONTEXT.add(before, min(more, trader.amount))
        stage.venue.somebody_trades(stage.pair, is_buy=True, price=trigger, amount=amount)
        await trader.becomes(order_id, OrderState.FILLED)
        check(len(trader.story.ends(order_id)) == 1, "its end was told more than once")
        await trader.reckons()


async def _an_amend(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, _ = await trader.opened()
        smaller = half(trader.amount)
        trader.connector.amend(trader.pair, order_id, smaller)
        await trader.until(
            lambda: trader.record(order_id).state.amount == smaller == trader.order(order_id).amount,
            "the order to have the amount that it was given",
        )
        await trader.until(lambda: "OrderAmended" in trader.story.words(order_id), "the change to be told")
        stage.venue.fills_order(trader.record(order_id))
        await filled(trader, order_id, "OrderAmended")
        await trader.reckons()


async def _a_cancel(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, _ = await trader.opened()
        trader.cancel(order_id)
        await trader.becomes(order_id, OrderState.CANCELED)
        trader.told(order_id, sides(True)[0], "OrderCancelled")
        await trader.reckons()


async def _a_cancel_that_comes_too_late(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, record = await trader.opened()
        await stage.sleep(stage.breath)  # questions of the start could find the fill
        if Act.FILL_EVENTS in stage.traits.dialect.acts:
            stage.venue.breaks(FaultKind.LATE_MESSAGE, act=Act.FILL_EVENTS, seconds=LATE)
        stage.venue.fills_order(record)
        trader.cancel(order_id)
        await filled(trader, order_id)
        await trader.reckons()


async def _a_cancel_before_sending(stage: Stage) -> None:
    async with stage.trader() as trader:
        sent = stage.venue.counts(Act.PLACE)
        order_id = trader.rest()
        trader.cancel(order_id)
        await trader.until(lambda: trader.order(order_id).is_done, "the order to end")
        trader.told(order_id, "OrderCancelled")
        await trader.opened()
        check(sent() == 1, f"{sent()} orders were sent, and one was to be")
        check(trader.find(order_id) is None, "the order that was cancelled before it was sent is there")
        await trader.reckons()


async def _a_refusal_says_which_rule(stage: Stage) -> None:
    async with stage.trader() as trader:
        sent = stage.venue.counts(Act.PLACE)
        instrument = stage.venue.instrument(stage.pair)
        small = trader.rest(amount=Decimal(instrument.step_size))
        failure = await _failure(trader, small)
        check(
            failure.error_type == errors.OrderRuleViolated.__name__
            and instrument.min_notional in (failure.error_message or ""),
            f"an order of less than {instrument.min_notional} failed with {failure.error_type}: "
            f"{failure.error_message}",
        )
        check(sent() == 0, "an order that breaks a rule was sent")
        owned = trader.connector.get_balance(instrument.base)
        check(owned > 0, f"the connector knows of no {instrument.base}")
        large = trader.rest(is_buy=False, amount=CONTEXT.add(owned, owned))
        refusal = await _failure(trader, large)
        kind = getattr(errors, refusal.error_type or "", object)
        check(
            isinstance(kind, type) and issubclass(kind, errors.OrderRefused),
            f"an order for twice of what there is failed with {refusal.error_type}: {refusal.error_message}",
        )
        await trader.reckons()


async def _failure(trader: Trader, order_id: str) -> MarketOrderFailureEvent:
    await trader.becomes(order_id, OrderState.FAILED)
    (event,) = trader.story.ends(order_id)
    if not isinstance(event, MarketOrderFailureEvent):
        raise CardFailed(f"an order that was refused ended with {event}")
    return event


async def _only_own_orders_are_cancelled(stage: Stage) -> None:
    async with stage.trader(account=stage.other_folder()) as other:
        foreign, record = await other.opened()
        async with stage.trader() as trader:
            own = [(await trader.opened())[0], (await trader.opened(is_buy=False))[0]]
            check(foreign not in trader.connector.in_flight_orders, "an order of somebody else was adopted")
            results = await trader.connector.cancel_all(stage.patience)
            check(
                sorted(result.order_id for result in results if result.success) == sorted(own),
                f"cancel_all says {results}",
            )
            check(trader.record(foreign).is_open, "an order of somebody else was cancelled")
            await trader.reckons()
        check(other.state(foreign) is OrderState.OPEN, f"{plain(record.state.amount)} are gone from the book")
        await other.reckons()


_ORDERS = (Trait.ORDERS,)

ORDER_CARDS: tuple[Card, ...] = (
    Card(
        number=14,
        group=Group.SESSIONS,
        title="a wrong key is noticed",
        precondition="a key, or a signature, that the venue does not accept",
        stimulus="the connector is started",
        expected="`start` raises `AuthenticationFailed`, and nothing is left",
        needs=_ORDERS,
        play=_a_wrong_key_is_noticed,
    ),
    Card(
        number=15,
        group=Group.ORDERS,
        title="the life of a limit order",
        precondition="a market that stands still",
        stimulus="an order is placed that rests, and is filled by somebody else in two parts",
        expected="created once, two fills, completed once, in this order; all numbers are the venue's",
        needs=_ORDERS,
        play=_a_limit_order_lives,
    ),
    Card(
        number=16,
        group=Group.ORDERS,
        title="market orders by base",
        precondition="a market that stands still",
        stimulus="an amount of base is bought and sold at the market",
        expected="every fill is told once, with its fee; completed once",
        needs=(Trait.ORDERS, Trait.MARKET),
        play=_a_market_order_by_base,
    ),
    Card(
        number=17,
        group=Group.ORDERS,
        title="market orders by quote",
        precondition="a market that stands still",
        stimulus="a market order names what may be spent",
        expected="so much is spent, but for a step of the amount; one end",
        needs=(Trait.ORDERS, Trait.MARKET, Trait.QUOTE_AMOUNTS),
        play=_a_market_order_by_quote,
    ),
    Card(
        number=18,
        group=Group.ORDERS,
        title="IOC and FOK",
        precondition="a market that stands still",
        stimulus="such orders for more than there is at their price, and for less",
        expected="of FOK all or nothing is filled, of IOC what there is; the rest expires; one end each",
        needs=(Trait.ORDERS, Trait.SHORT_LIVED),
        play=_short_lived_orders,
    ),
    Card(
        number=19,
        group=Group.ORDERS,
        title="post-only orders",
        precondition="a market that stands still",
        stimulus="such orders at a price that would take, and at one that rests",
        expected="the first ends without a fill, the second rests",
        needs=(Trait.ORDERS, Trait.POST_ONLY),
        play=_post_only_orders,
    ),
    Card(
        number=20,
        group=Group.ORDERS,
        title="a trigger order",
        precondition="a market that stands still below the trigger price",
        stimulus="a conditional order is placed; somebody's trade touches its trigger",
        expected="`UNTRIGGERED` and not filled before, then filled and told like any order",
        needs=(Trait.ORDERS, Trait.TRIGGERS),
        play=_a_trigger_order,
    ),
    Card(
        number=21,
        group=Group.ORDERS,
        title="an amend",
        precondition="an order that rests",
        stimulus="it is changed to half its amount, and then filled",
        expected="the new amount here and there; completed with it",
        needs=(Trait.ORDERS, Trait.AMEND),
        play=_an_amend,
    ),
    Card(
        number=22,
        group=Group.ORDERS,
        title="a cancel",
        precondition="an order that rests",
        stimulus="it is cancelled",
        expected="cancelled once, here and there",
        needs=_ORDERS,
        play=_a_cancel,
    ),
    Card(
        number=23,
        group=Group.ORDERS,
        title="a cancel of a filled order",
        precondition="an order that was filled a moment ago, which the connector has not heard yet",
        stimulus="it is cancelled",
        expected="it ends as filled, with all its fills, and is never told to be cancelled",
        needs=_ORDERS,
        play=_a_cancel_that_comes_too_late,
    ),
    Card(
        number=24,
        group=Group.ORDERS,
        title="a cancel before sending",
        precondition="an order that waits to be sent",
        stimulus="it is cancelled",
        expected="it ends at once, as cancelled, and the venue never hears of it",
        needs=(Trait.ORDERS, Act.PLACE),
        play=_a_cancel_before_sending,
    ),
    Card(
        number=25,
        group=Group.ORDERS,
        title="a refusal says which rule",
        precondition="a market that stands still",
        stimulus="an order below the least value is placed, and one for twice of what there is",
        expected="the first is not sent, and its failure names rule and limit; the other fails with a reason",
        needs=(Trait.ORDERS, Act.PLACE),
        play=_a_refusal_says_which_rule,
    ),
    Card(
        number=26,
        group=Group.ORDERS,
        title="only own orders are cancelled",
        precondition="two orders of this instance, and one that another instance of the same key placed",
        stimulus="`cancel_all`",
        expected="the two are cancelled and named; the third was neither adopted nor cancelled",
        needs=_ORDERS,
        play=_only_own_orders_are_cancelled,
    ),
)
