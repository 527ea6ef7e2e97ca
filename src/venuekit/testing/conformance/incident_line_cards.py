"""Cards about what happened to the lines and loops of other people's connectors; see docs/CONFORMANCE.md."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from venuekit.emulator.act import Act
from venuekit.emulator.faults import FaultKind
from venuekit.model.order import OrderState
from venuekit.testing.conformance.card import Card, Group, Trait, check
from venuekit.testing.conformance.feed_cards import told_is_the_tape
from venuekit.testing.conformance.order_cards import filled, half
from venuekit.testing.conformance.stage import CALM, Stage

__all__ = ["INCIDENT_LINE_CARDS"]

_GAPS = 5
_SLOW = 0.35
"""Seconds that a snapshot takes: several differences pass meanwhile."""
_LOOK = 0.005
_OTHER_WAITS = 6
"""Tasks that there may be more: a loop that waits for one of two things has two, one that waits has none."""
_MOST_ENDS = 10
_ABORTS = 2
_BURST = 300
_ALONE: dict[str, Any] = {"credentials": None}


async def _nothing_is_left_of_old_lines(stage: Stage) -> None:
    async with stage.exchange() as exchange:
        await stage.follows(exchange, stage.pair)
        tasks, lines = await _fewest_tasks(stage), len(stage.venue.dialect.connections)
        for _ in range(min(_MOST_ENDS, round(2 * stage.outage))):
            since = len(stage.story.statuses(stage.pair))
            stage.venue.breaks(FaultKind.ABORT)
            await stage.lost_and_live(exchange, stage.pair, since)
            await stage.until(lambda: exchange.ready, "everything else to be back")
        await stage.until(
            lambda: len(stage.venue.dialect.connections) == lines, f"{lines} lines as in the beginning"
        )
        await stage.books_agree(exchange)
        await stage.sleep(stage.breath)
        left = await _fewest_tasks(stage)
        check(
            left <= tasks + _OTHER_WAITS, f"there were {tasks} tasks in the beginning, and {left} in the end"
        )


async def _fewest_tasks(stage: Stage) -> int:
    """How many tasks there are while none works on something short."""
    fewest, end = len(stage.tasks()), stage.clock.monotonic() + stage.breath
    while stage.clock.monotonic() < end:
        await stage.sleep(_LOOK)
        fewest = min(fewest, len(stage.tasks()))
    return fewest


async def _gaps_raise_no_storm(stage: Stage) -> None:
    thrifty = replace(CALM, spare_share=0.0)
    async with stage.exchange((stage.pair,), tracker_policy=thrifty, **_ALONE) as exchange:
        await stage.follows(exchange, stage.pair)
        since = len(stage.story.statuses(stage.pair))
        asked = stage.venue.breaks(FaultKind.DELAY, act=Act.SNAPSHOT, seconds=_SLOW, times=None)
        # Of so many skips each lets one difference more pass than the one before: every second one is lost.
        gaps = [stage.venue.breaks(FaultKind.GAP, pair=stage.pair, skip=skip + 1) for skip in range(_GAPS)]
        await stage.until(lambda: all(count() for count in gaps), "all the differences to be left out")
        await stage.lost_and_live(exchange, stage.pair, since)
        await stage.follows(exchange, stage.pair)
        await stage.books_agree(exchange)
        # One for each gap, and on a slow machine one more for what passed before its answer was read.
        check(asked() <= 2 * _GAPS, f"after {_GAPS} gaps {asked()} snapshots were asked for")


async def _lines_end_as_soon_as_they_are_there(stage: Stage) -> None:
    facts = stage.stream_facts(channels_per_request=1)
    async with stage.exchange(facts=facts, **_ALONE) as exchange:
        await stage.follows(exchange, stage.pair)
        connections = stage.venue.connections
        since = len(stage.story.statuses(stage.pair))
        aborts = stage.venue.breaks(FaultKind.ABORT, times=_ABORTS)
        await stage.until(lambda: aborts() == _ABORTS, "lines to end as soon as they are there")
        await stage.lost_and_live(exchange, stage.pair, since)
        for pair in stage.pairs:
            await stage.follows(exchange, pair)
        await stage.books_agree(exchange)
        lines = len(exchange.order_book_tracker.seats)
        made = stage.venue.connections - connections
        check(made <= _ABORTS * lines, f"after {_ABORTS} ends {made} connections were made")


async def _a_dead_recorder_stops_nothing(stage: Stage) -> None:
    heard: list[object] = []

    def record(event: object) -> None:
        heard.append(event)
        raise OSError("the recorder is dead")

    async with stage.trader(listener=record) as trader:
        order_id, placed = await trader.opened()
        stage.venue.fills_order(placed, half(trader.amount))
        await trader.becomes(order_id, OrderState.PARTIALLY_FILLED)
        stage.venue.fills_order(placed)
        await filled(trader, order_id)
        check(len(heard) > 3, "the recorder was told nothing")
        seen = trader.connector.listener_errors
        check(seen == len(heard), f"the recorder failed {len(heard)} times, and {seen} were counted")
        await trader.reckons()


async def _a_burst_is_digested(stage: Stage) -> None:
    stage.venue.pause()
    async with stage.trader() as trader:
        begin = len(stage.venue.market(stage.pair).trades)
        amount = Decimal(stage.venue.instrument(stage.pair).step_size)
        stage.venue.resume()  # what happens in a market that stands still is on its tape later
        for number in range(_BURST):
            is_buy = number % 2 == 0
            price = stage.venue.taking(stage.pair, is_buy=is_buy)
            stage.venue.somebody_trades(stage.pair, is_buy=is_buy, price=price, amount=amount)
        stage.venue.pause()
        order_id, record = await trader.opened()
        stage.venue.fills_order(record)
        await filled(trader, order_id)
        await told_is_the_tape(stage, begin)
        await trader.reckons()


INCIDENT_LINE_CARDS: tuple[Card, ...] = (
    Card(
        number=74,
        group=Group.INCIDENTS,
        title="M13 nothing is left of old lines",
        precondition="live books",
        stimulus="every line is reset, again and again",
        expected="as many tasks and lines as in the beginning, and books that are live and equal",
        needs=(Trait.BOOKS,),
        play=_nothing_is_left_of_old_lines,
    ),
    Card(
        number=75,
        group=Group.INCIDENTS,
        title="M14 gaps raise no storm",
        precondition="a live book; snapshots take longer than several differences",
        stimulus="every second difference is left out for a while",
        expected="no more than two questions a gap; the book is live only when it is the venue's",
        needs=(Trait.BOOKS, Trait.SNAPSHOTS, Act.SNAPSHOT),
        play=_gaps_raise_no_storm,
    ),
    Card(
        number=76,
        group=Group.INCIDENTS,
        title="M15 lines end as soon as they are there",
        precondition="live books, each subscription a request of its own",
        stimulus="the line is reset, and the next one while it subscribes",
        expected="the books are live and equal; no line is made but for one that ended",
        needs=(Trait.BOOKS,),
        play=_lines_end_as_soon_as_they_are_there,
    ),
    Card(
        number=78,
        group=Group.INCIDENTS,
        title="M17 a dead recorder",
        precondition="a listener that raises on every event, from the start on, before all others",
        stimulus="an order is placed and filled in two parts",
        expected="all others hear everything once; what failed is counted",
        needs=(Trait.ORDERS,),
        play=_a_dead_recorder_stops_nothing,
    ),
    Card(
        number=80,
        group=Group.INCIDENTS,
        title="M19 a burst",
        precondition="a live book of a market that moves",
        stimulus="somebody trades 300 times in one moment; then an order is placed",
        expected="the order is answered and filled as ever; each trade is told once, in order",
        needs=(Trait.BOOKS, Trait.ORDERS),
        play=_a_burst_is_digested,
    ),
)
