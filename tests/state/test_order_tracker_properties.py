"""The tracker against a tiny venue that knows the truth, whatever is lost, doubled or reordered between."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.state.order_bench import FENCE, PAIR, buy, names

from venuekit.model.events import OrderEvent, OrderFilledEvent
from venuekit.model.fees import AddedToCostTradeFee
from venuekit.model.order import Command, OrderState
from venuekit.model.order_update import Evidence, OrderUpdate, TradeUpdate
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
        self.tracker = OrderTracker(FENCE)
        self.events: list[OrderEvent] = []
        self.sent: list[OrderUpdate | TradeUpdate] = []
        self.state: OrderState | None = None
        self.amount = Decimal(10)
        self.filled = Decimal(0)
        self.trades = 0
        self.was_filled = Decimal(0)
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
                client_order_id="" if self.trades % 3 == 0 else ID,
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
        in_time = self.can_arrive_until is None or self.now <= self.can_arrive_until
        return self.state is None and in_time

    @initialize()
    def place(self) -> None:
        self.tracker.start(InFlightOrder.of(buy(amount="10"), self.now))
        self.tracker.sending(ID, self.now)
        self.can_arrive_until = self.now + 15

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
    @rule(end=st.sampled_from([OrderState.CANCELED, OrderState.EXPIRED]), with_figure=st.booleans())
    def ends(self, end: OrderState, with_figure: bool) -> None:
        self.now += 0.25
        self.state = end
        self.sent.append(self.says(Evidence.PRIVATE_STREAM, with_figure=with_figure))

    @precondition(lambda self: self.amend is None and ID in self.tracker.active_orders)
    @rule(more=st.integers(1, 5))
    def an_amend_leaves(self, more: int) -> None:
        amount = self.amount + more
        self.tracker.amending(ID, amount, self.now)
        self.amend = (amount, self.now + 15)

    @precondition(lambda self: self.amend is not None and self.is_alive())
    @rule(is_taken=st.booleans())
    def the_amend_arrives(self, is_taken: bool) -> None:
        assert self.amend is not None
        amount, until = self.amend
        self.now += 0.25
        if not is_taken:
            self.events += self.tracker.request_failed(ID, self.now, command=Command.AMEND, amount=amount)
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

    @rule(command=st.sampled_from(list(Command)))
    def an_answer_is_missing(self, command: Command) -> None:
        signed_at = 1.0 if command is Command.PLACE else None
        self.events += self.tracker.doubt(ID, self.now, command=command, signed_at=signed_at)

    @rule()
    def a_cancel_is_refused(self) -> None:
        self.events += self.tracker.request_failed(ID, self.now, command=Command.CANCEL)

    @rule()
    def the_venue_is_asked_and_answers_the_truth(self) -> None:
        if self.state is None:
            for question in FENCE.questions:
                self.events += self.tracker.not_found(
                    ID, Miss(question=question, asked_at=self.now), self.now
                )
        else:
            self.hears(self.says(Evidence.ORDER_QUERY))

    @rule()
    def a_restart(self) -> None:
        kept = json.loads(json.dumps(self.tracker.tracking_states))
        self.tracker = OrderTracker(FENCE)
        self.events += self.tracker.restore_tracking_states(kept, self.now)
        restored = self.tracker.tracking_states
        again = OrderTracker(FENCE)
        again.restore_tracking_states(json.loads(json.dumps(restored)), self.now)
        assert restored == again.tracking_states

    def hears(self, said: OrderUpdate | TradeUpdate) -> None:
        if isinstance(said, TradeUpdate):
            self.events += self.tracker.process_trade_update(said)
        else:
            self.events += self.tracker.process_order_update(said)

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
            assert self.state in ENDED | {None}
            order = self.tracker.fetch_order(ID)
            assert order is None or order.is_done
        if "BuyOrderCompleted" in kinds:
            told = [event.amount for event in self.events if isinstance(event, OrderFilledEvent)]
            assert sum(told) == self.filled == self.amount

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
            self.events += self.tracker.request_failed(
                ID, self.now, command=Command.AMEND, amount=self.amend[0]
            )
        for said in self.sent:
            self.hears(said)
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
        self.tracker.fills_fetched(ID, self.now)
        assert not self.tracker.overdue(self.now + 100)
        assert order.filled_min == self.filled
        assert order.is_open or order.filled_max == self.filled


TrackedOrder.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestTrackedOrder = TrackedOrder.TestCase
