"""Cards about orders in bad weather: answers, events and lists that are lost, late, twice or old."""

from __future__ import annotations

from decimal import Decimal

from venuekit.connector.order_poll import PollPolicy
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.emulator.act import Act
from venuekit.emulator.faults import FaultKind
from venuekit.model.decimals import CONTEXT
from venuekit.model.events import OrderInDoubt, OrderReopened, OrderSettled
from venuekit.model.order import OrderState
from venuekit.testing.conformance.card import Card, CardFailed, Group, Trait, check
from venuekit.testing.conformance.order_cards import LATE, filled, sides
from venuekit.testing.conformance.stage import Stage
from venuekit.testing.conformance.trader import Trader

__all__ = ["BUSY", "DOUBT_CARDS", "nobody_tells"]

BUSY = TradingPolicy(poll=PollPolicy(interval=0.3, interval_unheard=0.3))
"""Asks about open orders often, so that what the stream does not tell is soon found."""
_UNHEARD = TradingPolicy(poll=PollPolicy(interval_unheard=0.3))
"""Asks often only while the account's stream is not heard."""
_CREATED, _COMPLETED = sides(True)


async def _a_lost_reply(stage: Stage) -> None:
    async with stage.trader() as trader:
        lost = stage.venue.breaks(FaultKind.RESET, act=Act.PLACE, count=0)
        sent_again = stage.venue.counts(Act.PLACE)
        taking = trader.take()
        await filled(trader, taking)
        await _nothing_comes(stage, trader)
        trader.sent_once(lost() + sent_again())
        stage.venue.clears()
        await _a_lost_reply_in_silence(stage, trader)
        await trader.reckons()


def nobody_tells(stage: Stage) -> None:
    """Let the account's stream leave everything out, so that only those who ask are told."""
    if Act.ACCOUNT_STREAM in stage.traits.dialect.acts:
        stage.venue.breaks(FaultKind.GAP, act=Act.ACCOUNT_STREAM, times=None)


async def _a_lost_reply_in_silence(stage: Stage, trader: Trader) -> None:
    """Nobody tells of the order but those who are asked."""
    lost = stage.venue.breaks(FaultKind.RESET, act=Act.PLACE, count=0)
    sent_again = stage.venue.counts(Act.PLACE)
    nobody_tells(stage)
    resting = trader.rest()
    await trader.until(lambda: trader.was_in_doubt(resting), "the order to be in doubt")
    await trader.becomes(resting, OrderState.OPEN)
    trader.told(resting, _CREATED)
    await _nothing_comes(stage, trader)
    trader.sent_once(lost() + sent_again())
    stage.venue.clears()
    trader.cancel(resting)
    await trader.becomes(resting, OrderState.CANCELED)


async def _nothing_comes(stage: Stage, trader: Trader) -> None:
    """Let everything happen that would happen soon."""
    await trader.connector.reconcile()
    await stage.sleep(stage.breath)


async def _a_lost_request(stage: Stage) -> None:
    async with stage.trader(**stage.quick_fence()) as trader:
        lost = stage.venue.breaks(FaultKind.LOST_REQUEST, act=Act.PLACE)
        sent_again = stage.venue.counts(Act.PLACE)
        order_id = trader.rest()
        await trader.until(lambda: trader.was_in_doubt(order_id), "the order to be in doubt")
        (doubt,) = stage.story.of(order_id, OrderInDoubt)
        check(not trader.story.ends(order_id), "its end was told before anything could be known")
        await trader.until(lambda: trader.order(order_id).is_done, "the doubt to end after the fence")
        settled = stage.story.of(order_id, OrderSettled)
        if doubt.settles_at is None or not settled:
            raise CardFailed("the doubt has no end, or none was told")
        check(settled[-1].is_presumed, "nobody said that the order is gone, and it is not called presumed")
        check(settled[-1].timestamp >= doubt.settles_at, "it was settled before absence proved anything")
        trader.sent_once(lost() + sent_again())
        check(not trader.venue.orders(), "the venue has an order")
        await trader.reckons()


async def _an_unknown_outcome(stage: Stage) -> None:
    async with stage.trader() as trader:
        sent = stage.venue.counts(Act.PLACE)
        stage.venue.breaks(FaultKind.OUTCOME_UNKNOWN, act=Act.PLACE)
        nobody_tells(stage)
        order_id = trader.take()
        await filled(trader, order_id)
        await _nothing_comes(stage, trader)
        trader.sent_once(sent())
        await trader.reckons()


async def _events_twice_and_late(stage: Stage) -> None:
    async with stage.trader() as trader:
        half = CONTEXT.divide(trader.amount, Decimal(2))
        twice = stage.venue.breaks(FaultKind.DUPLICATE, act=Act.ACCOUNT_STREAM, times=None)
        order_id, record = await trader.opened()
        stage.venue.fills_order(record, half)
        await trader.becomes(order_id, OrderState.PARTIALLY_FILLED)
        stage.venue.fills_order(record)
        await filled(trader, order_id)
        check(twice() > 2, "no event came twice")
        stage.venue.clears()
        late = stage.venue.breaks(FaultKind.LATE_MESSAGE, act=Act.FILL_EVENTS, seconds=LATE)
        order_id, record = await trader.opened()
        stage.venue.fills_order(record, half)
        trader.cancel(order_id)
        await trader.becomes(order_id, OrderState.CANCELED)
        await trader.until(lambda: len(trader.story.ends(order_id)) == 1, "the order's end")
        check(late() == 1, "no event came late")
        await trader.reckons()


async def _events_are_missing(stage: Stage) -> None:
    async with stage.trader(trading=BUSY) as trader:
        missing = stage.venue.breaks(FaultKind.GAP, act=Act.FILL_EVENTS, times=None)
        order_id, record = await trader.opened()
        stage.venue.fills_order(record, CONTEXT.divide(trader.amount, Decimal(2)))
        await trader.until(lambda: len(trader.story.fills(order_id)) == 1, "the first fill to be found")
        stage.venue.fills_order(record)
        await filled(trader, order_id)
        check(missing() == 2, "no event was missing")
        await trader.reckons()


async def _a_fill_before_the_answer(stage: Stage) -> None:
    async with stage.trader() as trader:
        stage.venue.breaks(FaultKind.DELAY, act=Act.PLACE, seconds=0.7)
        order_id = trader.take()
        await trader.until(lambda: bool(trader.story.fills(order_id)), "the fill")
        await filled(trader, order_id)
        await stage.sleep(0.7 + stage.breath)
        await filled(trader, order_id)
        await trader.reckons()


async def _a_silent_account_stream(stage: Stage) -> None:
    async with stage.trader(trading=_UNHEARD) as trader:
        connections = stage.venue.dialect.counters["connections"]
        silent = stage.venue.breaks(FaultKind.SILENCE, act=Act.ACCOUNT_STREAM, times=None)
        order_id, record = await trader.opened()
        stage.venue.fills_order(record)
        await filled(trader, order_id)
        check(silent() > 0, "the stream had nothing to be silent about")
        await trader.until(
            lambda: stage.venue.dialect.counters["connections"] > connections,
            "another connection to be tried for the stream that tells nothing",
        )
        stage.venue.clears()
        again, record = await trader.opened(is_buy=False)
        stage.venue.fills_order(record)
        await filled(trader, again, is_buy=False)
        await trader.reckons()


async def _a_session_expires(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, record = await trader.opened()
        expired = stage.venue.breaks(FaultKind.SESSION_EXPIRED, act=Act.ACCOUNT_STREAM)
        await trader.until(lambda: expired() > 0, "the session to expire")
        stage.venue.fills_order(record)
        await filled(trader, order_id)
        await trader.until(lambda: trader.connector.ready, "the stream to be back")
        again, record = await trader.opened(is_buy=False)
        stage.venue.fills_order(record)
        await filled(trader, again, is_buy=False)
        await trader.reckons()


async def _an_old_list(stage: Stage) -> None:
    async with stage.trader() as trader:
        cancelled, record = await trader.opened()
        # The list gets younger while it is asked for: it is old enough if that takes no longer than this.
        then = record.placed_at
        await stage.sleep(stage.patience / 12)
        trader.cancel(cancelled)
        await trader.becomes(cancelled, OrderState.CANCELED)
        placed, _ = await trader.opened()
        # As of `then` the first order was open, and the second did not exist.
        old = stage.venue.breaks(FaultKind.STALE_OPEN_ORDERS, times=None, seconds=stage.venue.now - then)
        await trader.connector.reconcile()
        check(old() > 0, "the open orders were not asked for")
        await stage.sleep(stage.breath)
        check(trader.state(placed) is OrderState.OPEN, f"the list ended an order: {trader.state(placed)}")
        check(not stage.story.of_kind(OrderReopened), "the list brought an order back that is over")
        check(trader.state(cancelled) is OrderState.CANCELED, "the list brought an order back that is over")
        stage.venue.clears()
        await trader.reckons()


async def _a_restart(stage: Stage) -> None:
    async with stage.trader() as trader:
        filling, record = await trader.opened()
        resting, _ = await trader.opened(is_buy=False)
        stage.venue.fills_order(record, CONTEXT.divide(trader.amount, Decimal(2)))
        await trader.becomes(filling, OrderState.PARTIALLY_FILLED)
        placed = list(trader.ids)
    left = sorted(trader.connector.left_open)
    check(left == sorted(placed), f"it says that it left {left}")
    stage.venue.fills_order(record)
    async with stage.trader() as again:
        again.ids.extend(placed)
        await again.becomes(filling, OrderState.FILLED)
        again.told(filling, _CREATED, "OrderFilled", "OrderFilled", _COMPLETED)
        await again.becomes(resting, OrderState.OPEN)
        again.told(resting, sides(False)[0])
        again.cancel(resting)
        await again.becomes(resting, OrderState.CANCELED)
        await again.reckons()


DOUBT_CARDS: tuple[Card, ...] = (
    Card(
        number=27,
        group=Group.ORDERS,
        title="a lost reply",
        precondition="the venue carries an order out, and the line is cut before the answer",
        stimulus="an order is placed that fills at once, and one that rests",
        expected="found on the stream or, in doubt, by asking; never sent again; everything is told once",
        needs=(Trait.ORDERS, Act.PLACE),
        play=_a_lost_reply,
    ),
    Card(
        number=28,
        group=Group.ORDERS,
        title="a lost request",
        precondition="the line is cut before the venue has read the order",
        stimulus="an order is placed",
        expected="in doubt until the venue's fence has passed, then presumed over, once; never sent again",
        needs=(Trait.ORDERS, Act.PLACE),
        play=_a_lost_request,
    ),
    Card(
        number=29,
        group=Group.ORDERS,
        title="an unknown outcome",
        precondition="the venue carries an order out, and answers that it does not know (a 5xx)",
        stimulus="an order is placed that fills at once",
        expected="found filled; sent once",
        needs=(Trait.ORDERS, Act.PLACE),
        play=_an_unknown_outcome,
    ),
    Card(
        number=30,
        group=Group.ORDERS,
        title="events twice and late",
        precondition="every event of the account comes twice; later, a fill is told after the order's end",
        stimulus="an order is filled in two parts; another is filled in part and cancelled",
        expected="each fill counts once, and none is lost; one end each",
        needs=(Trait.STREAM, Act.ACCOUNT_STREAM, Act.FILL_EVENTS),
        play=_events_twice_and_late,
    ),
    Card(
        number=31,
        group=Group.ORDERS,
        title="events are missing",
        precondition="the account's stream does not tell of fills",
        stimulus="an order is filled in two parts",
        expected="both fills are found by asking, and told once",
        needs=(Trait.STREAM, Act.FILL_EVENTS),
        play=_events_are_missing,
    ),
    Card(
        number=32,
        group=Group.ORDERS,
        title="a fill before the answer",
        precondition="the answer to an order is late, the account's stream is not",
        stimulus="an order is placed that fills at once",
        expected="created before filled, each told once; the late answer changes nothing",
        needs=(Trait.STREAM, Act.PLACE),
        play=_a_fill_before_the_answer,
    ),
    Card(
        number=33,
        group=Group.SESSIONS,
        title="a silent account stream",
        precondition="the account's stream answers pings, and tells nothing",
        stimulus="an order rests, and is filled",
        expected="the fill is found by asking, and another connection is tried; the next order is heard of",
        needs=(Trait.STREAM, Act.ACCOUNT_STREAM),
        play=_a_silent_account_stream,
    ),
    Card(
        number=34,
        group=Group.SESSIONS,
        title="a session expires",
        precondition="an order that rests",
        stimulus="the venue ends the account's stream; then the order is filled",
        expected="the fill is told, the stream comes back, and the next order is followed as usual",
        needs=(Trait.STREAM, Act.ACCOUNT_STREAM),
        play=_a_session_expires,
    ),
    Card(
        number=35,
        group=Group.ORDERS,
        title="an old list of open orders",
        precondition="a list from before the last order was placed and the one before it cancelled",
        stimulus="the account is compared with the venue",
        expected="the list neither ends the new order nor brings the old one back",
        needs=(Trait.ORDERS,),
        play=_an_old_list,
    ),
    Card(
        number=36,
        group=Group.ORDERS,
        title="a restart",
        precondition="two open orders, one filled in part; the connector is stopped, and the rest is filled",
        stimulus="it is started again",
        expected="it said what it left; the missing fill is told once, the other order is followed on",
        needs=(Trait.ORDERS,),
        play=_a_restart,
    ),
)
