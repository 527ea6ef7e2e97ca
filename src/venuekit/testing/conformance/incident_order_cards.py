"""Cards about what happened to the orders of other people's connectors; docs/CONFORMANCE.md tells of each."""

from __future__ import annotations

import asyncio

from venuekit import errors
from venuekit.connector.trading_policy import OrderEntry, TradingPolicy
from venuekit.emulator.act import Act
from venuekit.emulator.faults import FaultKind
from venuekit.model.events import OrderReopened
from venuekit.model.order import OrderState
from venuekit.testing.conformance.card import Card, CardFailed, Group, Trait, check
from venuekit.testing.conformance.doubt_cards import BUSY, nobody_tells
from venuekit.testing.conformance.order_cards import filled, half, sides
from venuekit.testing.conformance.stage import Stage
from venuekit.testing.conformance.trader import Trader

__all__ = ["INCIDENT_ORDER_CARDS"]

_BY_REST = TradingPolicy(order_entry=OrderEntry.REST)
_LOOKS_BACK_NO_FURTHER = TradingPolicy(overlap=0.0)
_CREATED, _COMPLETED = sides(True)
_LOST = 6
_STATUSES = (500, 502, 503, 504)
_STALE = 0.6
"""Seconds that a list is behind."""
_HOUR = 3600.0


async def _an_outage_while_an_order_rests(stage: Stage) -> None:
    async with stage.trader(trading=BUSY) as trader:
        order_id, record = await trader.opened()
        stage.venue.is_down()
        await trader.until(lambda: not trader.connector.ready, "the outage to be noticed")
        await stage.sleep(stage.outage / 2)
        stage.venue.fills_order(record)
        await asyncio.gather(_asked_in_vain(trader), _asked_in_vain(trader))
        await stage.sleep(stage.outage / 2)
        said = ", ".join(trader.story.words(order_id)[1:])
        check(not said, f"while nobody could be asked it told of the order: {said}")
        stage.venue.clears()
        await filled(trader, order_id)
        await trader.reckons()


async def _asked_in_vain(trader: Trader) -> None:
    try:
        await trader.connector.reconcile()
    except errors.VenuekitError:
        return
    raise CardFailed("a comparison with a venue that is down found something out")


async def _a_5xx_is_no_failure(stage: Stage) -> None:
    async with stage.trader() as trader:
        sent = stage.venue.counts(Act.PLACE)
        for status in _STATUSES:
            stage.venue.breaks(FaultKind.OUTCOME_UNKNOWN, act=Act.PLACE, status=status, times=1)
            order_id, record = await trader.opened()
            trader.told(order_id, _CREATED)
            stage.venue.fills_order(record)
            await filled(trader, order_id)
        check(sent() == len(_STATUSES), f"{len(_STATUSES)} orders were placed, and {sent()} sent")
        await trader.reckons()


async def _many_replies_are_lost(stage: Stage) -> None:
    async with stage.trader(trading=_BY_REST) as trader:
        lost = stage.venue.breaks(FaultKind.RESET, act=Act.PLACE, count=0, times=_LOST)
        sent_again = stage.venue.counts(Act.PLACE)
        ids = [trader.rest() for _ in range(_LOST)]
        for order_id in ids:
            await trader.becomes(order_id, OrderState.OPEN)
        # At one price they stand as they came: who fills the third fills those before it, too.
        as_they_came = sorted(ids, key=lambda order_id: trader.record(order_id).order_id)
        for order_id in as_they_came[: _LOST // 2]:
            stage.venue.fills_order(trader.record(order_id))
            await filled(trader, order_id)
        await stage.sleep(stage.breath)
        sent = lost() + sent_again()
        check(sent == _LOST, f"{_LOST} orders were placed, and {sent} sent")
        await trader.reckons()


async def _nobody_answers_after_a_lost_reply(stage: Stage) -> None:
    async with stage.trader() as trader:
        nobody_tells(stage)
        lost = stage.venue.breaks(FaultKind.RESET, act=Act.PLACE, count=0)
        sent_again = stage.venue.counts(Act.PLACE)
        refused = stage.venue.breaks(FaultKind.SERVER_ERROR, act=Act.ORDER_QUERY, times=None)
        stage.venue.breaks(FaultKind.STALE_OPEN_ORDERS, seconds=_HOUR, times=None)
        order_id = trader.rest()
        await trader.until(lambda: trader.was_in_doubt(order_id), "the order to be in doubt")
        await trader.until(lambda: refused() >= 1, "the venue to be asked")
        await stage.sleep(stage.outage)
        check(not trader.story.ends(order_id), "it was told to have ended, and nobody had said a word of it")
        await trader.until(lambda: refused() >= 2, "the venue to be asked again")
        check(trader.order(order_id).doubt is not None, "the doubt is over, and nobody was heard")
        trader.sent_once(lost() + sent_again())
        stage.venue.clears()
        # Only our own id is known: the venue's was in the answer.
        await trader.becomes(order_id, OrderState.OPEN)
        trader.told(order_id, _CREATED)
        await trader.reckons()


async def _a_conditional_order_is_not_found(stage: Stage) -> None:
    async with stage.trader() as trader:
        above = stage.venue.taking(stage.pair, is_buy=True)
        before = stage.venue.now
        order_id = trader.take(trigger_price=above)
        await trader.becomes(order_id, OrderState.UNTRIGGERED)
        unknown = stage.venue.breaks(FaultKind.LAGGING_ORDERS, act=Act.ORDER_QUERY, seconds=_HOUR, times=None)
        stage.venue.breaks(FaultKind.STALE_OPEN_ORDERS, seconds=stage.venue.now - before + _HOUR, times=None)
        await trader.connector.reconcile()
        await trader.until(lambda: unknown() > 0, "the order to be asked for where it is not found")
        await stage.sleep(stage.breath)
        check(not trader.story.ends(order_id), "it was told to have ended, and lives in another place")
        stage.venue.clears()
        await trader.connector.reconcile()
        await trader.becomes(order_id, OrderState.UNTRIGGERED)
        trader.cancel(order_id)
        await trader.becomes(order_id, OrderState.CANCELED)
        await trader.reckons()


async def _a_fill_is_in_the_answer_alone(stage: Stage) -> None:
    async with stage.trader() as trader:
        nobody_tells(stage)
        order_id = trader.take()
        await filled(trader, order_id)
        stage.venue.clears()
        await trader.connector.reconcile()  # the balances were not told either
        await trader.reckons()


async def _a_start_tells_nothing_twice_and_drops_nothing(stage: Stage) -> None:
    async with stage.trader() as trader:
        resting, _ = await trader.opened(is_buy=False)
        order_id, record = await trader.opened()
        stage.venue.fills_order(record, half(trader.amount))
        await trader.becomes(order_id, OrderState.PARTIALLY_FILLED)
    for _ in range(2):
        await stage.sleep(stage.outage / 2)  # what it asks for begins after what it is to know
        async with stage.trader(trading=_LOOKS_BACK_NO_FURTHER) as again:
            again.ids += [resting, order_id]
            await again.becomes(order_id, OrderState.PARTIALLY_FILLED)
            await again.becomes(resting, OrderState.OPEN)
            await again.connector.reconcile()
            again.told(order_id, _CREATED, "OrderFilled")
            again.told(resting, sides(False)[0])
            await again.reckons()
            known = again.order(order_id).executed_amount_base
            check(known == half(again.amount), f"after a restart {known} are counted")
    stage.venue.fills_order(record)
    async with stage.trader() as last:
        last.ids += [resting, order_id]
        await last.becomes(order_id, OrderState.FILLED)
        last.told(order_id, _CREATED, "OrderFilled", "OrderFilled", _COMPLETED)
        await last.reckons()


async def _the_answer_to_an_amend_is_lost(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, _ = await trader.opened()
        lost = stage.venue.breaks(FaultKind.RESET, act=Act.AMEND, count=0)
        sent_again = stage.venue.counts(Act.AMEND)
        smaller = half(trader.amount)
        trader.connector.amend(trader.pair, order_id, smaller)
        await trader.until(lambda: trader.order(order_id).amount == smaller, "the new amount to be known")
        await stage.sleep(stage.breath)
        check(trader.state(order_id) is OrderState.OPEN, f"it is believed {trader.state(order_id).name}")
        trader.sent_once(lost() + sent_again(), "amend")
        check(not trader.story.ends(order_id), "an order that lives was told to have ended")
        alive = [record for record in stage.venue.orders() if record.is_open]
        check(len(alive) == 1, f"{len(alive)} orders live at the venue, and one was placed")
        stage.venue.fills_order(alive[0])
        await trader.becomes(order_id, OrderState.FILLED)
        await trader.reckons()


async def _the_last_record_is_kept(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, record = await trader.opened()
        stage.venue.fills_order(record, half(trader.amount))
        await trader.becomes(order_id, OrderState.PARTIALLY_FILLED)
        await stage.sleep(stage.breath)
        memory = stage.memory_as_it_is()
    stage.venue.fills_order(record)
    async with stage.trader(account=memory) as again:
        again.ids.append(order_id)
        await again.becomes(order_id, OrderState.FILLED)
        again.told(order_id, _CREATED, "OrderFilled", "OrderFilled", _COMPLETED)
        await again.reckons()


async def _a_list_shows_a_filled_order(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, record = await trader.opened()
        await stage.sleep(_STALE)
        stage.venue.fills_order(record)
        await filled(trader, order_id)
        behind = stage.venue.now - record.placed_at
        old = stage.venue.breaks(FaultKind.STALE_OPEN_ORDERS, times=None, seconds=behind)
        await trader.connector.reconcile()
        check(old() > 0, "the open orders were not asked for")
        await stage.sleep(stage.breath)
        check(not stage.story.of_kind(OrderReopened), "the list brought an order back that was filled")
        await filled(trader, order_id)
        stage.venue.clears()
        await trader.reckons()


async def _a_cancel_whose_reply_is_lost(stage: Stage) -> None:
    async with stage.trader(trading=_BY_REST) as trader:
        order_id, _ = await trader.opened()
        lost = stage.venue.breaks(FaultKind.RESET, act=Act.CANCEL, count=0)
        sent_again = stage.venue.counts(Act.CANCEL)
        trader.cancel(order_id)
        await trader.becomes(order_id, OrderState.CANCELED)
        await stage.sleep(stage.breath)
        trader.sent_once(lost() + sent_again(), "cancel")
        trader.told(order_id, _CREATED, "OrderCancelled")
        await trader.reckons()


async def _a_fill_comes_long_after_the_end(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, record = await trader.opened()
        stage.venue.breaks(FaultKind.TRADES_REFUSED, times=None)
        late = stage.venue.breaks(FaultKind.LATE_MESSAGE, act=Act.FILL_EVENTS, seconds=stage.outage)
        stage.venue.fills_order(record, half(trader.amount))
        trader.cancel(order_id)
        await trader.until(lambda: not trader.record(order_id).is_open, "the order to end at the venue")
        await trader.until(lambda: bool(trader.story.fills(order_id)), "the late fill to be told", patience=2)
        check(late() == 1, "no event came late")
        await trader.until(lambda: bool(trader.story.ends(order_id)), "the end to be told")
        await stage.sleep(stage.breath)
        check(len(trader.story.fills(order_id)) == 1, "the late fill was told more than once")
        stage.venue.clears()
        await trader.reckons()


_ORDERS = (Trait.ORDERS,)

INCIDENT_ORDER_CARDS: tuple[Card, ...] = (
    Card(
        number=64,
        group=Group.INCIDENTS,
        title="M1 an outage while an order rests",
        precondition="an order that rests",
        stimulus="nobody is let in, every question fails, two ask at once, and the order fills meanwhile",
        expected="nothing is told of it until the venue is back; then its fill and its end, once",
        needs=_ORDERS,
        play=_an_outage_while_an_order_rests,
    ),
    Card(
        number=65,
        group=Group.INCIDENTS,
        title="M2 and M20 a 5xx is no failure",
        precondition="answers to orders that were carried out are 500, 502, 503 and 504",
        stimulus="orders are placed that rest, and are filled later",
        expected="each is found, filled and told once; none failed, none was sent again",
        needs=(Trait.ORDERS, Act.PLACE),
        play=_a_5xx_is_no_failure,
    ),
    Card(
        number=66,
        group=Group.INCIDENTS,
        title="M3 six replies are lost",
        precondition="the venue carries six orders out, and each time the line is cut before the answer",
        stimulus="they are placed at once; later half of them fills",
        expected="six orders, each known and told once: no exposure that nobody knows of",
        needs=(Trait.ORDERS, Act.PLACE),
        play=_many_replies_are_lost,
    ),
    Card(
        number=67,
        group=Group.INCIDENTS,
        title="M4 and M5 nobody answers after a lost reply",
        precondition="an answer is lost, the stream silent, lists are old, and questions fail for long",
        stimulus="an order is placed that rests; later questions are answered",
        expected="in doubt as long as it takes, with no end; then found by our own id, sent once",
        needs=(Trait.ORDERS, Act.PLACE, Act.ORDER_QUERY),
        play=_nobody_answers_after_a_lost_reply,
    ),
    Card(
        number=68,
        group=Group.INCIDENTS,
        title="M6 a conditional order is not found",
        precondition="an untriggered order, which neither the list nor the question for it shows",
        stimulus="the account is compared with the venue",
        expected="it is asked for, and not ended; when it is seen again all goes on",
        needs=(Trait.ORDERS, Trait.TRIGGERS, Act.ORDER_QUERY),
        play=_a_conditional_order_is_not_found,
    ),
    Card(
        number=69,
        group=Group.INCIDENTS,
        title="M7 a fill is in the answer alone",
        precondition="the account's stream tells nothing",
        stimulus="an order is placed that fills at once",
        expected="its fill is told once, with its fee, and it ends as filled",
        needs=_ORDERS,
        play=_a_fill_is_in_the_answer_alone,
    ),
    Card(
        number=70,
        group=Group.INCIDENTS,
        title="M8 and M9 nothing twice and nothing dropped",
        precondition="an order that rests and one that is half filled, older than what a start asks for",
        stimulus="the connector is started again and again",
        expected="no start tells the fill anew, or drops an order that works; what is new is told once",
        needs=_ORDERS,
        play=_a_start_tells_nothing_twice_and_drops_nothing,
    ),
    Card(
        number=71,
        group=Group.INCIDENTS,
        title="M10 the answer to an amend is lost",
        precondition="the venue changes an order, and the line is cut before the answer",
        stimulus="an order that rests is changed to half its amount",
        expected="not sent again, not ended; one order lives, with the amount that is believed",
        needs=(Trait.ORDERS, Trait.AMEND, Act.AMEND),
        play=_the_answer_to_an_amend_is_lost,
    ),
    Card(
        number=72,
        group=Group.INCIDENTS,
        title="M11 the last record is kept",
        precondition="an order of which a half is filled, and then a quiet moment",
        stimulus="a connector starts with what is on the disk in that moment",
        expected="it knows the order and its fill, and tells only what came after",
        needs=_ORDERS,
        play=_the_last_record_is_kept,
    ),
    Card(
        number=73,
        group=Group.INCIDENTS,
        title="M12 a list shows a filled order",
        precondition="an order that was filled, and a list of open orders from before",
        stimulus="the account is compared with the venue",
        expected="it stays filled, and nothing is told of it again",
        needs=_ORDERS,
        play=_a_list_shows_a_filled_order,
    ),
    Card(
        number=77,
        group=Group.INCIDENTS,
        title="M16 a cancel whose reply is lost",
        precondition="a line that was used before is cut after the venue carried a cancel out",
        stimulus="an order that rests is cancelled by REST",
        expected="the cancel is sent once, and the end found and told once",
        needs=(Trait.ORDERS, Act.CANCEL),
        play=_a_cancel_whose_reply_is_lost,
    ),
    Card(
        number=79,
        group=Group.INCIDENTS,
        title="M18 a fill long after the end",
        precondition="a fill is told long after its order has ended, and trades cannot be asked for",
        stimulus="an order is filled in part and cancelled",
        expected="the fill is counted and told once, whenever it comes; one end",
        needs=(Trait.STREAM, Act.FILL_EVENTS),
        play=_a_fill_comes_long_after_the_end,
    ),
)
