"""Cards about sessions: lines that end, or only seem to be there; keys, clocks and doors."""

from __future__ import annotations

from typing import Any

from venuekit import errors
from venuekit.connector.order_poll import PollPolicy
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.emulator.act import Act
from venuekit.emulator.faults import FaultKind
from venuekit.model.events import MarketOrderFailureEvent
from venuekit.model.order import OrderState
from venuekit.testing.conformance.card import Card, CardFailed, Group, Trait, check
from venuekit.testing.conformance.feed_cards import told_trades_are_the_tape
from venuekit.testing.conformance.order_cards import filled, sides
from venuekit.testing.conformance.stage import Stage
from venuekit.testing.conformance.trader import Trader
from venuekit.testing.conformance.venue import Door

__all__ = ["SESSION_CARDS"]

_UNHEARD = TradingPolicy(poll=PollPolicy(interval_unheard=0.2))
_ACKNOWLEDGED_WITHIN = 0.6
_IDLE_AFTER = 0.6
"""Seconds: a venue that speaks more often is answered as soon, so that cards need not wait for a minute."""
_LIFETIME = 1.5
_SKEW = 30.0
_SHUT_OUT = 0.5
_CREATED, _COMPLETED = sides(True)


# --- lines


async def _acknowledgements_lost_and_late(stage: Stage) -> None:
    lost = stage.venue.breaks(FaultKind.NO_ACKNOWLEDGEMENT)
    late = stage.venue.breaks(FaultKind.LATE_ACKNOWLEDGEMENT, seconds=_ACKNOWLEDGED_WITHIN / 2)
    facts = stage.stream_facts(acknowledged_within=_ACKNOWLEDGED_WITHIN)
    async with stage.exchange((stage.pair,), facts=facts, credentials=None, account=None) as exchange:
        await stage.until(
            lambda: lost() == late() == 1, "a subscription without acknowledgement to be asked for again"
        )
        await stage.follows(exchange, stage.pair)
        await stage.books_agree(exchange)


_CLOSES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("a clean close", {"kind": FaultKind.DISCONNECT, "code": 1000}),
    ("a reset", {"kind": FaultKind.ABORT}),
)


async def _lines_end_in_every_way(stage: Stage) -> None:
    async with stage.exchange((stage.pair,)) as exchange:
        for what, how in _CLOSES:
            since, connections = len(stage.story.statuses(stage.pair)), stage.venue.connections
            stage.venue.breaks(**how)
            await stage.lost_and_live(exchange, stage.pair, since)
            check(stage.venue.connections > connections, f"after {what} no new connection was made")
        await stage.books_agree(exchange)
        await stage.until(lambda: exchange.ready, "everything else to be back")


async def _it_moves_before_it_must(stage: Stage) -> None:
    stage.venue.pause()
    facts = stage.stream_facts(lifetime=_LIFETIME)
    async with stage.exchange((stage.pair,), facts=facts, credentials=None) as exchange:
        begin = len(stage.venue.market(stage.pair).trades)
        connections = stage.venue.connections
        stage.venue.resume()
        await stage.until(lambda: stage.venue.connections > connections, "a new connection before the end")
        await told_trades_are_the_tape(stage, begin)
        told = stage.story.statuses(stage.pair)
        # A book whose snapshot comes in the stream begins again with that of the new connection.
        check(set(told) <= {told[0]} if told else True, f"the book said on the way that it is {told}")
        await stage.books_agree(exchange)


async def _a_line_that_is_mute(stage: Stage) -> None:
    facts = stage.stream_facts(idle_after=_IDLE_AFTER)
    async with stage.exchange((stage.pair,), facts=facts) as exchange:
        await stage.follows(exchange, stage.pair)
        connections = stage.venue.connections
        since = len(stage.story.statuses(stage.pair))
        stage.venue.breaks(FaultKind.MUTE)
        await stage.until(lambda: stage.venue.connections > connections, "another line than the mute one")
        await stage.lost_and_live(exchange, stage.pair, since)
        await stage.books_agree(exchange)
        await stage.until(lambda: exchange.ready, "everything else to be back")


# --- limits, keys, clocks


async def _a_command_is_refused_for_the_pace(stage: Stage) -> None:
    async with stage.trader() as trader:
        await stage.sleep(stage.breath)
        refused = stage.venue.breaks(FaultKind.RATE_LIMITED, act=Act.PLACE, seconds=_SHUT_OUT)
        sent = stage.venue.counts(Act.PLACE)
        first, began = trader.rest(), stage.clock.monotonic()
        await trader.becomes(first, OrderState.FAILED)
        check(_why(trader, first) == errors.RateLimited.__name__, f"it failed as {_why(trader, first)}")
        check(not trader.was_in_doubt(first), "an order that was refused was in doubt")
        second, asked_at = trader.rest(), stage.clock.monotonic()
        await stage.sleep(_SHUT_OUT / 4)
        too_soon = sent()
        is_over = stage.clock.monotonic() - began >= _SHUT_OUT  # on a slow machine
        check(is_over or not too_soon, "it sent another order while it was shut out")
        await trader.becomes(second, OrderState.OPEN)
        waited = stage.clock.monotonic() - asked_at
        check(waited < _SHUT_OUT + stage.patience / 2, f"it waited {waited:.1f} s of {_SHUT_OUT}")
        check(refused() == 1 == sent(), f"{sent()} orders were sent, and one was to be")
        await trader.reckons()


def _why(trader: Trader, order_id: str) -> str | None:
    (end,) = trader.story.ends(order_id)
    if not isinstance(end, MarketOrderFailureEvent):
        raise CardFailed(f"an order that was refused ended with {end}")
    return end.error_type


async def _a_key_is_revoked(stage: Stage) -> None:
    async with stage.trader() as trader:
        resting, _ = await trader.opened()
        stage.venue.revokes_the_key()
        refused = trader.rest()
        await trader.becomes(refused, OrderState.FAILED)
        why = _why(trader, refused)
        check(why == errors.AuthenticationFailed.__name__, f"without a key an order failed as {why}")
        trader.cancel(resting)
        await trader.until(
            lambda: "CommandRefused" in trader.story.words(resting), "the cancel to be told as refused"
        )
        check(
            trader.state(resting) is OrderState.OPEN, "an order is believed over that could not be asked for"
        )
        stage.venue.gives_the_key_back()
        trader.cancel(resting)
        await trader.becomes(resting, OrderState.CANCELED)
        await filled(trader, trader.take())
        await trader.reckons()


async def _a_clock_is_set(stage: Stage) -> None:
    async with stage.trader() as trader:
        for skew in (_SKEW, -_SKEW):
            stage.venue.dialect.skew = skew
            order_id, _ = await trader.opened()
            trader.told(order_id, _CREATED)
            wrong = abs(trader.connector.offset.offset - skew)
            check(wrong < 1.0, f"the venue's clock is taken to be {wrong:.1f} s off")
            trader.cancel(order_id)
            await trader.becomes(order_id, OrderState.CANCELED)
        await trader.reckons()


# --- doors


async def _one_door_at_a_time(stage: Stage) -> None:
    async with stage.trader(trading=_UNHEARD) as trader:
        await stage.sleep(stage.breath)
        shut = stage.venue.breaks(FaultKind.SERVER_ERROR, act=Act.PLACE, door=Door.REST, times=None)
        by_socket, _ = await trader.opened()
        check(shut() == 0, "an order went to REST while the WebSocket was up")
        stage.venue.clears()
        stage.venue.shuts_the_socket()
        by_rest = stage.venue.breaks(FaultKind.DELAY, act=Act.PLACE, door=Door.REST, times=None)
        await trader.until(lambda: not _hears(trader), "the account's stream to be missed")
        second, record = await trader.opened(is_buy=False)
        check(by_rest() == 1, f"{by_rest()} orders came in by REST while the WebSocket was down")
        stage.venue.fills_order(record)
        await filled(trader, second, is_buy=False)
        trader.cancel(by_socket)
        await trader.becomes(by_socket, OrderState.CANCELED)
        stage.venue.clears()
        await trader.until(lambda: trader.connector.ready, "the account's stream to be back")
        await filled(trader, trader.take())
        await trader.reckons()


def _hears(trader: Trader) -> bool:
    return trader.connector.status_dict["user_stream_initialized"]


SESSION_CARDS: tuple[Card, ...] = (
    Card(
        number=56,
        group=Group.SESSIONS,
        title="acknowledgements lost and late",
        precondition="the first subscription is not acknowledged, the second late",
        stimulus="the connector is started",
        expected="the first is asked for again, the second is waited for; the book is live and equal",
        needs=(Trait.BOOKS,),
        play=_acknowledgements_lost_and_late,
    ),
    Card(
        number=57,
        group=Group.SESSIONS,
        title="lines end in every way",
        precondition="a live book",
        stimulus="its line is closed in order, and the next one reset",
        expected="each time the book says that it is not live, and is live again on a new connection",
        needs=(Trait.BOOKS,),
        play=_lines_end_in_every_way,
    ),
    Card(
        number=58,
        group=Group.SESSIONS,
        title="it moves before it must",
        precondition="a venue that ends each line after some time",
        stimulus="the time comes near while the market trades",
        expected="another line takes over before: the book stays live, no trade is lost or told twice",
        needs=(Trait.BOOKS,),
        play=_it_moves_before_it_must,
    ),
    Card(
        number=59,
        group=Group.SESSIONS,
        title="a line that is mute",
        precondition="a live book",
        stimulus="lines stay open and say nothing any more, to pings neither",
        expected="they are given up for others; the book says that it is not live, and is live again",
        needs=(Trait.BOOKS,),
        play=_a_line_that_is_mute,
    ),
    Card(
        number=60,
        group=Group.SESSIONS,
        title="a command too many",
        precondition="a market that stands still",
        stimulus="an order is refused for the pace, with a time; another one is placed",
        expected="the first fails as `RateLimited` and is not sent again, the second waits until that time",
        needs=(Trait.ORDERS, Act.PLACE),
        play=_a_command_is_refused_for_the_pace,
    ),
    Card(
        number=61,
        group=Group.SESSIONS,
        title="a key is revoked",
        precondition="an order that rests; then the venue knows the key no more",
        stimulus="an order is placed, and the first one cancelled; later the key is given back",
        expected="`AuthenticationFailed`, a refused cancel, no end of the first; later all goes on",
        needs=(Trait.ORDERS,),
        play=_a_key_is_revoked,
    ),
    Card(
        number=62,
        group=Group.SESSIONS,
        title="a clock is set",
        precondition="a running connector",
        stimulus="the venue's clock is set forward, and later back; orders are placed",
        expected="its time is measured anew; each order is there once, and nobody hears of a refusal",
        needs=(Trait.ORDERS,),
        play=_a_clock_is_set,
    ),
    Card(
        number=63,
        group=Group.SESSIONS,
        title="one door at a time",
        precondition="a venue that takes commands by REST and over a WebSocket",
        stimulus="orders are placed while one door is shut, and while the other one is",
        expected="they go by the one that is open, once; without the stream, fills are found by asking",
        needs=(Trait.STREAM, Trait.TWO_DOORS, Act.PLACE),
        play=_one_door_at_a_time,
    ),
)
