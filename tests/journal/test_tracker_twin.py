"""A tracker and its records against a tiny venue that knows the truth, and a list of all that was heard.

Whatever is lost, doubled or reordered between; and whenever the run ends and goes on from its records.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.journal.naive_tracker import NaiveTracker
from tests.machines import budget, finds_it
from tests.state.order_bench import FENCE, PAIR, buy, names

from venuekit.journal import record
from venuekit.journal.reader import Entry
from venuekit.journal.recall import recall
from venuekit.journal.record import Body, Sending
from venuekit.journal.recorded_tracker import RecordedTracker
from venuekit.model.events import OrderEvent, OrderFilledEvent
from venuekit.model.fees import AddedToCostTradeFee
from venuekit.model.order import Command, OrderState
from venuekit.model.order_update import Evidence, OrderUpdate, TradeUpdate
from venuekit.protocol.fence import Fence
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Miss
from venuekit.state.order_tracker import OrderTracker

TERMINAL = {"Cancelled", "Expired", "MarketOrderFailure", "BuyOrderCompleted"}
ENDED = {OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.FAILED}
ID = "id-1"


class TrackedOrder(RuleBasedStateMachine):
    """Truth is the venue's; every message it ever sent may arrive at any time, again, or never."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1.0
        self.records: list[Body] = []
        self.orders = self.recalled()
        self.twin = NaiveTracker(ID, Decimal(10))
        self.has_amends = False
        self.cancel_can_arrive_until: float | None = None
        self.events: list[OrderEvent] = []
        self.sent: list[OrderUpdate | TradeUpdate] = []
        self.state: OrderState | None = None
        self.amount = Decimal(10)
        self.filled = Decimal(0)
        self.trades = 0
        self.was_filled = Decimal(0)
        self.left_at: float | None = None
        self.can_arrive_until: float | None = None
        self.amend: tuple[Decimal, float] | None = None
        """The amount that was asked for last, and until when the venue may still take it."""

    # --- the venue

    def says(self, evidence: Evidence, *, with_figure: bool = True) -> OrderUpdate:
        assert self.state is not None
        return OrderUpdate(
            trading_pair=PAIR,
            update_timestamp=self.now,
            new_state=self.state,
            client_order_id=ID,
            exchange_order_id="77",
            evidence=evidence,
            filled_amount=self.filled if with_figure else None,
            amount=self.amount,
        )

    def trade(self, amount: Decimal) -> None:
        self.trades += 1
        self.filled += amount
        self.state = OrderState.FILLED if self.filled == self.amount else OrderState.PARTIALLY_FILLED
        self.sent.append(
            TradeUpdate(
                trade_id=f"t{self.trades}",
                client_order_id="" if self.trades % 2 else ID,
                exchange_order_id="77",
                trading_pair=PAIR,
                fill_timestamp=self.now,
                fill_price=Decimal(100),
                fill_base_amount=amount,
                fill_quote_amount=amount * 100,
                fee=AddedToCostTradeFee(),
            )
        )
        self.sent.append(self.says(Evidence.PRIVATE_STREAM))

    def is_alive(self) -> bool:
        return self.state in {OrderState.OPEN, OrderState.PARTIALLY_FILLED}

    def can_arrive(self) -> bool:
        in_time = self.can_arrive_until is not None and self.now <= self.can_arrive_until
        return self.state is None and in_time

    @property
    def tracker(self) -> OrderTracker:
        return self.orders.tracker

    def recalled(self) -> RecordedTracker:
        """The tracker that the records make."""
        entries = [Entry(sequence=number, record=item) for number, item in enumerate(self.records, start=1)]
        return RecordedTracker(recall(entries, "north", FENCE), self.write, lambda: self.now + 1e9)

    def write(self, item: Body) -> int:
        self.records.append(record.decode(record.encode(item)))  # type: ignore[arg-type]  # none is carried
        return len(self.records)

    @initialize(
        has_amends=st.booleans(),
        way=st.sampled_from(["accepted", "accepted", "accepted", "accepted", "sent", "sent", "meant"]),
        fills=st.lists(st.integers(1, 6), max_size=3),
        end=st.sampled_from([None, None, OrderState.CANCELED]),
    )
    def mean(self, has_amends: bool, way: str, fills: list[int], end: OrderState | None) -> None:
        """A run begins with something to tell, of which nothing has been heard."""
        self.has_amends = has_amends
        self.orders.start(InFlightOrder.of(buy(amount="10"), self.now))
        if way != "meant":
            self.leave()
        if way == "accepted":
            self.arrives(is_accepted=True)
            for amount in fills:
                if self.is_alive():
                    self.trades_some(amount=amount)
            if end is not None and self.is_alive():
                self.ends(end=end, with_figure=len(fills) > 1)

    @precondition(lambda self: self.is_waiting())
    @rule()
    def leave(self) -> None:
        self.orders.sending(ID, self.now, path="POST /order")
        self.left_at = self.now
        self.can_arrive_until = self.now + 15

    def is_waiting(self) -> bool:
        """Whether it was neither sent nor withdrawn."""
        order = self.tracker.active_orders.get(ID)
        return order is not None and not order.is_sent

    def is_sent(self) -> bool:
        return self.can_arrive_until is not None

    @rule(seconds=st.sampled_from([0.0, 0.5, 3.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(can_arrive)
    @rule(is_accepted=st.sampled_from([True, True, True, False]))
    def arrives(self, is_accepted: bool) -> None:
        self.state = OrderState.OPEN if is_accepted else OrderState.FAILED
        self.sent.append(self.says(Evidence.ENGINE_ANSWER))
        self.sent.append(self.says(Evidence.PRIVATE_STREAM))

    @precondition(is_alive)
    @rule(amount=st.integers(1, 6))
    def trades_some(self, amount: int) -> None:
        self.now += 0.25
        self.trade(min(Decimal(amount), self.amount - self.filled))

    @precondition(is_alive)
    @rule(
        end=st.sampled_from([OrderState.CANCELED, OrderState.EXPIRED]),
        with_figure=st.sampled_from([False, False, True]),
    )
    def ends(self, end: OrderState, with_figure: bool) -> None:
        self.now += 0.25
        self.state = end
        self.sent.append(self.says(Evidence.PRIVATE_STREAM, with_figure=with_figure))

    @precondition(lambda self: self.is_sent() and ID in self.tracker.active_orders)
    @rule()
    def a_cancel_leaves(self) -> None:
        self.orders.sending(ID, self.now, path="DELETE /order", command=Command.CANCEL)
        self.cancel_can_arrive_until = self.now + 15

    @precondition(lambda self: self.is_alive() and self.cancel_can_arrive_until is not None)
    @rule(is_answered=st.booleans())
    def the_cancel_arrives(self, is_answered: bool) -> None:
        if self.now <= (self.cancel_can_arrive_until or 0.0):
            self.now += 0.25
            self.state = OrderState.CANCELED
            self.sent.append(self.says(Evidence.PRIVATE_STREAM))
            if is_answered:
                self.orders.answered(ID, Command.CANCEL)
                self.hears(self.says(Evidence.ENGINE_ANSWER))

    @precondition(lambda self: self.has_amends and self.amend is None and self.is_sent())
    @rule(more=st.integers(1, 5))
    def an_amend_leaves(self, more: int) -> None:
        if ID not in self.tracker.active_orders:
            return
        amount = self.amount + more
        self.orders.sending(ID, self.now, path="PUT /order", command=Command.AMEND, amount=amount)
        self.amend = (amount, self.now + 15)

    @precondition(lambda self: self.amend is not None and self.is_alive())
    @rule(is_taken=st.booleans())
    def the_amend_arrives(self, is_taken: bool) -> None:
        assert self.amend is not None
        amount, until = self.amend
        self.now += 0.25
        if not is_taken:
            self.events += self.orders.request_failed(ID, self.now, command=Command.AMEND, amount=amount)
            self.amend = None
        elif self.now <= until:
            self.amount = amount
            self.sent.append(self.says(Evidence.PRIVATE_STREAM))
            self.amend = None

    @precondition(lambda self: self.state is not None)
    @rule(evidence=st.sampled_from([Evidence.ORDER_QUERY, Evidence.OPEN_ORDERS]))
    def is_asked(self, evidence: Evidence) -> None:
        self.sent.append(self.says(evidence))

    # --- between the two

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def something_arrives(self, data: st.DataObject) -> None:
        self.hears(data.draw(st.sampled_from(self.sent)))

    @precondition(lambda self: self.sent)
    @rule(start=st.integers(0, 5), is_reversed=st.booleans())
    def all_that_was_said_arrives(self, start: int, is_reversed: bool) -> None:
        """In order, or backwards, and not from the beginning."""
        said = [*self.sent[start:], *self.sent[:start]]
        for each in reversed(said) if is_reversed else said:
            self.hears(each)

    @precondition(is_sent)
    @rule(command=st.sampled_from(list(Command)), is_refusal=st.booleans())
    def an_answer_is_missing(self, command: Command, is_refusal: bool) -> None:
        if is_refusal and command is Command.CANCEL:
            self.events += self.orders.request_failed(ID, self.now, command=Command.CANCEL)
            return
        signed_at = self.left_at if command is Command.PLACE else None
        self.events += self.orders.doubt(ID, self.now, command=command, signed_at=signed_at)

    @precondition(can_arrive)
    @rule()
    def it_is_refused(self) -> None:
        """The answer says so; nothing else ever speaks of the order."""
        self.can_arrive_until = -1.0
        self.twin.is_refused = True
        self.events += self.orders.request_failed(ID, self.now)

    @precondition(is_waiting)
    @rule()
    def it_is_withdrawn(self) -> None:
        self.twin.is_withdrawn |= self.is_waiting()
        self.events += self.orders.withdraw(ID, self.now)

    @precondition(is_sent)
    @rule()
    def the_venue_is_asked_and_answers_the_truth(self) -> None:
        if self.state is None:
            for question in FENCE.questions:
                self.events += self.orders.not_found(ID, Miss(question=question, asked_at=self.now), self.now)
        else:
            self.hears(self.says(Evidence.ORDER_QUERY))

    @rule()
    def a_restart(self) -> None:
        """The run ends, and the next one goes on from the records."""
        self.states_that_were_kept_elsewhere_are_taken_up_alike()
        was_waiting = self.is_waiting()
        self.orders = self.recalled()
        self.twin.forget_strays()
        self.events += self.orders.resume(self.now)
        self.twin.is_withdrawn |= was_waiting

    def states_that_were_kept_elsewhere_are_taken_up_alike(self) -> None:
        kept = json.loads(json.dumps(self.tracker.tracking_states))
        again, once_more = OrderTracker(FENCE), OrderTracker(FENCE)
        again.restore_tracking_states(kept, self.now)
        once_more.restore_tracking_states(json.loads(json.dumps(again.tracking_states)), self.now)
        assert again.tracking_states == once_more.tracking_states

    def hears(self, said: OrderUpdate | TradeUpdate) -> None:
        self.twin.hear(said)
        if isinstance(said, TradeUpdate):
            self.events += self.orders.process_trade_update(said)
        else:
            self.events += self.orders.process_order_update(said)

    # --- what must hold

    def order(self) -> InFlightOrder:
        found = self.tracker.fetch_order(ID)
        assert found is not None
        return found

    @invariant()
    def filled_only_grows_and_is_never_above_the_truth(self) -> None:
        if self.tracker.fetch_order(ID) is not None:
            assert self.was_filled <= self.order().executed_amount_base <= self.filled <= self.amount
            self.was_filled = self.order().executed_amount_base

    @invariant()
    def the_bounds_hold_the_truth(self) -> None:
        if self.tracker.fetch_order(ID) is not None:
            assert self.order().filled_min <= self.filled <= self.order().filled_max

    @invariant()
    def the_end_is_told_once_and_is_true(self) -> None:
        kinds = names(self.events)
        assert sum(kind in TERMINAL for kind in kinds) <= 1
        if set(kinds) & TERMINAL:
            assert self.state in ENDED or not self.can_arrive()
            order = self.tracker.fetch_order(ID)
            assert order is None or order.is_done
        if "BuyOrderCompleted" in kinds:
            told = [event.amount for event in self.events if isinstance(event, OrderFilledEvent)]
            assert sum(told) == self.filled == self.amount

    @invariant()
    def the_twin_knows_the_same(self) -> None:
        order = self.tracker.fetch_order(ID)
        if order is None or self.has_amends:
            return
        twin, kinds = self.twin, names(self.events)
        told = [event.exchange_trade_id for event in self.events if isinstance(event, OrderFilledEvent)]
        assert sorted(told) == sorted(twin.trades())
        assert order.executed_amount_base == twin.executed()
        assert order.filled_min == max(twin.executed(), twin.claimed())
        assert ("BuyOrderCreated" in kinds) is twin.is_created()
        terminal = [kind for kind in kinds if kind in TERMINAL]
        twin.conclude()
        if twin.ended is not None:
            assert terminal == [twin.ended]
        elif terminal:  # presumed: nothing was ever heard of it, and nothing can come of it any more
            assert terminal == ["MarketOrderFailure"]
            assert not twin.heard

    @invariant()
    def created_once_and_before_the_fills(self) -> None:
        kinds = [kind for kind in names(self.events) if kind in {"BuyOrderCreated", "Filled"}]
        assert kinds.count("BuyOrderCreated") <= 1
        assert not kinds or kinds[0] == "BuyOrderCreated"

    @invariant()
    def each_trade_is_told_once(self) -> None:
        told = [event.exchange_trade_id for event in self.events if isinstance(event, OrderFilledEvent)]
        assert len(told) == len(frozenset(told))

    def teardown(self) -> None:
        """Healed: all that was ever said arrives, and the venue is asked until it has said enough."""
        if self.amend is not None:
            self.events += self.orders.request_failed(
                ID, self.now, command=Command.AMEND, amount=self.amend[0]
            )
        for said in reversed(self.sent):
            self.hears(said)
            self.the_twin_knows_the_same()
        if self.is_waiting():
            self.it_is_withdrawn()
        for _ in range(3):
            self.now += 20
            self.the_venue_is_asked_and_answers_the_truth()
            for said in self.sent:
                self.hears(said)
        if self.tracker.fetch_order(ID) is None:
            return
        order = self.order()
        assert order.executed_amount_base == self.filled
        is_over = self.state in ENDED | {None}
        assert sum(kind in TERMINAL for kind in names(self.events)) == (1 if is_over else 0)
        assert (ID in self.tracker.active_orders) is not is_over
        assert order.doubt is None
        self.orders.fills_fetched(ID, self.now)
        assert not self.tracker.overdue(self.now + 100)
        assert order.filled_min == self.filled
        assert order.is_open or order.filled_max == self.filled


BUDGET = budget(200, steps=40)
TrackedOrder.TestCase.settings = BUDGET
TestTrackedOrder = TrackedOrder.TestCase


# Five defects, and whether the twin or the venue's truth finds them.


def _drops_late_fills(self: OrderTracker, trade: TradeUpdate) -> list[OrderEvent]:
    order = self.fetch_order(trade.client_order_id, trade.exchange_order_id, trade.trading_pair)
    return [] if order is not None and order.is_watched else TRADED(self, trade)


def _does_not_wait_for_claimed_fills(order: InFlightOrder) -> bool:
    return order.is_done and order.life is not OrderState.FILLED


def _takes_absence_for_proof(fence: Fence, order: InFlightOrder) -> bool:
    return not order.order_fills


def _forgets_departures(self: object, item: Sending) -> None:
    """A command that left leaves no trace in the memory of the next run."""


TRADED = OrderTracker.process_trade_update


@pytest.mark.parametrize(
    ("place", "lie"),
    [
        ("state.order_fills.OrderFills.has_seen", lambda self, trade_id: False),
        ("state.order_tracker.OrderTracker.process_trade_update", _drops_late_fills),
        ("state.in_flight_order.InFlightOrder.is_end_complete", property(_does_not_wait_for_claimed_fills)),
        ("state.order_evidence.is_gone", _takes_absence_for_proof),
        ("journal.recall._Memory._replay_sending", _forgets_departures),
    ],
)
def test_the_twin_finds(place: str, lie: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"venuekit.{place}", lie)
    assert finds_it(TrackedOrder, BUDGET)
