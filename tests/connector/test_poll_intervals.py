"""When orders are asked for, and when again: the poll alone, on a clock that stands until it is moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tests.state.order_bench import FENCE, buy, fill, status

from venuekit import errors
from venuekit.connector.client_order_tracker import ClientOrderTracker
from venuekit.connector.order_poll import OrderPoll, PollPolicy
from venuekit.connector.supervision import LoopHealth
from venuekit.connector.tracked_pair import TrackedPair, TrackerPolicy
from venuekit.journal.recall import recall
from venuekit.model.events import EventTag, OrderEvent
from venuekit.model.order import Command, OrderState
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.book_feed import BookFeed, Sequencing, SnapshotSource
from venuekit.protocol.fence import Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.web.departure import Departure

NAME = "id-1"
POLICY = PollPolicy(interval=120.0, interval_unheard=5.0, first_wait=0.25, longest_wait=30.0)


class Memory:
    """A journal that is always kept."""

    records = 0

    def append(self, _record: object) -> int:
        self.records += 1
        return self.records

    async def kept(self, _number: int) -> None:
        return


class Venue:
    """Answers what it was told to, at the moment that the test says it is."""

    name = "north"
    fence = FENCE

    def __init__(self) -> None:
        self.now = 100.0
        self.is_stream_heard = True
        self.asked: list[tuple[float, str]] = []
        self.status: Callable[[], OrderUpdate] = self._unknown
        self.trades: Callable[[], Sequence[TradeUpdate]] = list
        self.listed: Callable[[], Sequence[Any]] = list
        self.events: list[OrderEvent] = []
        self.traded: list[str] = []

    def venue_time(self) -> float:
        return self.now

    local_time = venue_time

    def clock_error(self) -> float:
        return 0.0

    def tell(self, _event_tag: EventTag, event: OrderEvent) -> None:
        self.events.append(event)

    def order_traded(self, client_order_id: str, traded_at: float) -> None:
        self.traded.append(client_order_id)

    async def order_status(self, _order: InFlightOrder, question: Question) -> OrderUpdate:
        self.asked.append((self.now, question.value))
        return self.status()

    async def order_fills(self, _order: InFlightOrder) -> Sequence[TradeUpdate]:
        self.asked.append((self.now, "fills"))
        return self.trades()

    async def open_orders(self, _pairs: Sequence[str]) -> Sequence[Any]:
        self.asked.append((self.now, "open orders"))
        return self.listed()

    def _unknown(self) -> OrderUpdate:
        raise errors.OrderNotFound("Order does not exist.", code=-2013)


class Bench:
    """A poll, the venue it asks, and one order that was sent."""

    def __init__(self) -> None:
        self.venue = Venue()
        self.tracker = ClientOrderTracker(self.venue, Memory(), recall([], "north", FENCE))  # type: ignore[arg-type]
        self.health, self.fills_health = LoopHealth("order status"), LoopHealth("order fills")
        self.poll = OrderPoll(
            self.venue,  # type: ignore[arg-type]
            self.venue,
            self.tracker,
            POLICY,
            status_health=self.health,
            fills_health=self.fills_health,
        )
        self.order = InFlightOrder.of(buy(), self.venue.now)
        self.tracker.start_tracking_order(self.order)

    async def sends(self) -> Departure:
        departure = Departure(signed_at=self.venue.now, receive_window=3.0, path="POST /order")
        await self.tracker.sending(self.order, Command.PLACE, departure)
        return departure

    async def loses_the_answer(self) -> None:
        self.tracker.doubted(self.order, Command.PLACE, await self.sends(), errors.ConnectionLost("gone"))

    async def opens(self) -> None:
        await self.sends()
        self.tracker.process_order_update(status(OrderState.OPEN, at=self.venue.now))

    async def runs(self, seconds: float) -> list[float]:
        """Let the poll work for so long; when it asked for the order alone, from the beginning on."""
        begun, seen = self.venue.now, len(self.venue.asked)
        while self.venue.now <= begun + seconds:
            await self.poll.step()
            self.venue.now += self.poll.pause()
        return [at - begun for at, what in self.venue.asked[seen:] if what == Question.ORDER.value]


def fails() -> Any:
    raise errors.VenueFailed("HTTP 503")


def gaps(moments: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


async def test_an_order_in_doubt_is_asked_for_ever_later_and_twice_after_its_fence() -> None:
    bench = Bench()
    await bench.loses_the_answer()
    assert bench.order.doubt is not None
    assert bench.order.doubt.settles_at is not None
    end = bench.order.doubt.settles_at - bench.venue.now
    asked = await bench.runs(60)
    early = gaps([at for at in asked if at <= end])
    assert early[:-1] == sorted(early[:-1])
    assert early[0] == pytest.approx(0.5)
    late = [at for at in asked if at > end]
    assert gaps(late) == [pytest.approx(FENCE.separation + 0.01)]
    assert bench.order.is_presumed


async def test_questions_that_fail_after_the_fence_come_ever_later_and_prove_nothing() -> None:
    bench = Bench()
    await bench.loses_the_answer()
    bench.venue.status = fails
    asked = await bench.runs(600)
    late = gaps(asked)[-5:]
    assert late == [pytest.approx(POLICY.longest_wait)] * 5
    assert bench.order.doubt is not None
    assert bench.health.failures == len(asked)
    bench.venue.status = bench.venue._unknown
    asked = await bench.runs(60)
    assert bench.order.is_presumed
    assert gaps(asked) == [pytest.approx(FENCE.separation + 0.01)]
    assert bench.health.failures == 0


async def test_an_order_that_no_question_settles_is_asked_for_for_days() -> None:
    bench = Bench()
    await bench.opens()
    bench.tracker.process_trade_update(fill("t1", "0.25", at=bench.venue.now))
    asked = await bench.runs(3 * 86_400)
    assert bench.order.is_open
    assert bench.order.doubt is not None
    assert len(asked) > 1_100  # doubled so often a wait would be no number any more
    assert gaps(asked)[-1] == pytest.approx(POLICY.longest_wait)


@pytest.mark.parametrize(
    ("is_heard", "interval"), [(True, POLICY.interval), (False, POLICY.interval_unheard)]
)
async def test_open_orders_are_asked_for_as_often_as_the_stream_is_missed(
    is_heard: bool, interval: float
) -> None:
    bench = Bench()
    await bench.opens()
    bench.venue.is_stream_heard = is_heard
    bench.venue.status = lambda: status(OrderState.OPEN, at=bench.venue.now)
    await bench.runs(600)
    lists = [at for at, what in bench.venue.asked if what == "open orders"]
    assert gaps(lists) == [pytest.approx(interval)] * (len(lists) - 1)
    assert len(lists) >= 600 / interval


async def test_a_list_that_fails_is_counted_and_asks_for_nobody_alone() -> None:
    bench = Bench()
    await bench.opens()
    bench.venue.listed = fails
    assert await bench.runs(300) == []
    assert bench.health.failures == 3
    assert bench.order.current_state is OrderState.OPEN


async def test_nothing_is_asked_where_nothing_is_open() -> None:
    bench = Bench()
    assert await bench.runs(600) == []
    assert bench.venue.asked == []


async def test_fills_that_are_claimed_are_asked_for_until_they_are_there() -> None:
    bench = Bench()
    await bench.opens()
    bench.tracker.process_order_update(status(OrderState.FILLED, at=bench.venue.now))
    bench.venue.trades = fails
    await bench.runs(100)
    asked = [at for at, what in bench.venue.asked if what == "fills"]
    assert gaps(asked) == sorted(gaps(asked))
    assert bench.fills_health.failures == len(asked)
    bench.venue.trades = lambda: [fill("t1", "1", at=bench.venue.now)]
    await bench.runs(60)
    assert bench.order.executed_amount_base == Decimal(1)
    assert bench.fills_health.failures == 0
    assert bench.venue.traded == [NAME]


def test_a_pair_that_is_quiet_for_a_week_is_checked_as_late_as_ever() -> None:
    feed = BookFeed(rule=Sequencing.NEXT, snapshot=SnapshotSource.STREAM, depths=(200,))
    policy = TrackerPolicy()
    pair = TrackedPair("BTC-USDT", feed, policy)
    pair.synced(0.0, 200)
    pair.checks = 5_000
    at, _ = pair._check()
    assert at == policy.longest_check
