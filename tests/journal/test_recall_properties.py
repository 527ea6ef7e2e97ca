"""Wherever a run is cut off, the records make the same orders again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.machines import budget
from tests.state.order_bench import FENCE, PAIR, buy

from venuekit.journal import record, translation
from venuekit.journal.reader import Entry
from venuekit.journal.recall import recall
from venuekit.journal.record import Body, Filled
from venuekit.journal.recorded_tracker import RecordedTracker
from venuekit.journal.rotation import Luggage, Rotation
from venuekit.journal.standing import standings
from venuekit.model.events import OrderEvent, OrderFilledEvent
from venuekit.model.fees import AddedToCostTradeFee, DeductedFromReturnsTradeFee, TokenAmount, TradeFee
from venuekit.model.order import Command, NewOrder, OrderState, OrderType, TimeInForce
from venuekit.model.order_update import Evidence, OrderUpdate, TradeUpdate
from venuekit.protocol.endpoint import Outcome
from venuekit.protocol.fence import Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Miss
from venuekit.state.order_lifecycle import REPORTS
from venuekit.state.order_tracker import OrderTracker

IDS = ("id-1", "id-2")
AMOUNTS = st.sampled_from([Decimal(amount) for amount in ("0", "2", "3E-8", "5", "10", "11", "12.50", "20")])
SOME = st.sampled_from(IDS)
FEES: tuple[TradeFee, ...] = (
    AddedToCostTradeFee(),
    AddedToCostTradeFee(percent=Decimal("0.001"), percent_token="BNB"),
    DeductedFromReturnsTradeFee(percent=Decimal("-0.0001")),
    DeductedFromReturnsTradeFee(flat_fees=[TokenAmount("COINX", Decimal("3E-8"))]),
)
INTENTS: tuple[dict[str, Any], ...] = (
    {},
    {"reduce_only": True, "time_in_force": TimeInForce.GTX},
    {"trigger_price": Decimal("90.10"), "leverage": 5},
)


def seen(tracker: OrderTracker) -> dict[str, Any]:
    """All that must survive, without what need not: counts of absences, and who named a trade's order how."""
    states = tracker.tracking_states
    for state in states.values():
        del state["memory"]["misses"]
        for fills in (state["order_fills"], state["quarantined_fills"]):
            for trade in fills.values():
                del trade["client_order_id"]
    return states


class RecordedOrders(RuleBasedStateMachine):
    """Random inputs; after each of them the records so far are recalled and compared."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1.0
        self.records: list[Body] = []
        self.events: list[OrderEvent] = []
        self.orders = self.recorded()
        self.pending: list[tuple[str, Command, float]] = []
        self.trades = 0

    def recorded(self) -> RecordedTracker:
        recalled = recall(self.entries(), "north", FENCE)
        return RecordedTracker(recalled, self.write, lambda: self.now + 1e9)

    def write(self, item: Body) -> int:
        self.records.append(record.decode(record.encode(item)))  # type: ignore[arg-type]  # none is carried
        return len(self.records)

    def entries(self, count: int | None = None) -> list[Entry]:
        return [Entry(sequence=number + 1, record=item) for number, item in enumerate(self.records[:count])]

    @property
    def tracker(self) -> OrderTracker:
        return self.orders.tracker

    @initialize(terms=st.sampled_from(INTENTS))
    def one_order(self, terms: dict[str, Any]) -> None:
        self.orders.start(InFlightOrder.of(buy("id-1", "10", **terms), self.now))

    @precondition(lambda self: self.tracker.fetch_order("id-2") is None and self.now < 3600)
    @rule(is_found=st.booleans(), by_quote=st.booleans())
    def another_order(self, is_found: bool, by_quote: bool) -> None:
        if is_found:
            order = InFlightOrder(
                client_order_id="id-2",
                trading_pair=PAIR,
                order_type=buy().order_type,
                trade_type=buy().trade_type,
                amount=Decimal(10),
                creation_timestamp=self.now,
                price=Decimal(100),
                exchange_order_id="id-2.0",
                initial_state=OrderState.PARTIALLY_FILLED,
            )
        else:
            order = InFlightOrder.of(self.by_quote() if by_quote else buy("id-2", "10"), self.now)
        _, events = self.orders.start(order)
        self.events += events

    @staticmethod
    def by_quote() -> NewOrder:
        terms: dict[str, Any] = {"order_type": OrderType.MARKET, "price": None, "quote_amount": Decimal(1000)}
        return buy("id-2", None, **terms)

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0, 20.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    # --- commands

    @rule(name=SOME, command=st.sampled_from(Command), amount=AMOUNTS)
    def a_command_leaves(self, name: str, command: Command, amount: Decimal) -> None:
        if name not in self.tracker.active_orders:
            return
        self.orders.sending(
            name,
            self.now,
            path="POST /order",
            command=command,
            receive_window=3.0,
            clock_error=0.125,
            amount=amount if command is Command.AMEND else None,
        )
        self.pending.append((name, command, self.now))

    @rule(name=SOME)
    def is_withdrawn(self, name: str) -> None:
        self.events += self.orders.withdraw(name, self.now)

    @rule(name=SOME)
    def a_cancel_is_wanted(self, name: str) -> None:
        self.orders.cancel_wanted(name, "asked")

    @precondition(lambda self: self.pending)
    @rule(how=st.sampled_from(Outcome), amount=st.none() | AMOUNTS)
    def a_command_is_answered(self, how: Outcome, amount: Decimal | None) -> None:
        name, command, signed_at = self.pending.pop(0)
        if how is Outcome.DONE:
            self.orders.answered(name, command, {"orderId": "77"})
        elif how is Outcome.UNKNOWN:
            self.events += self.orders.doubt(
                name, self.now, command=command, why="TimedOut", signed_at=signed_at, amount=amount
            )
        else:
            self.events += self.orders.request_failed(
                name, self.now, command=command, outcome=how, error_message="no", amount=amount
            )

    # --- evidence

    @rule(
        name=SOME,
        state=st.sampled_from([*REPORTS, OrderState.PENDING_CREATE]),
        evidence=st.sampled_from(Evidence),
        filled=st.none() | AMOUNTS,
        amount=st.none() | AMOUNTS,
        age=st.sampled_from([0.0, 0.0, 1.0, 30.0]),
        exchange_id=st.sampled_from([None, "0", "1"]),
        is_named=st.booleans(),
    )
    def a_status_arrives(
        self,
        name: str,
        state: OrderState,
        evidence: Evidence,
        filled: Decimal | None,
        amount: Decimal | None,
        age: float,
        exchange_id: str | None,
        is_named: bool,
    ) -> None:
        update = OrderUpdate(
            trading_pair=PAIR,
            update_timestamp=self.now - age,
            new_state=state,
            client_order_id=name if is_named else None,
            exchange_order_id=None if exchange_id is None else f"{name}.{exchange_id}",
            misc_updates={"error_message": "no"} if state is OrderState.FAILED else None,
            evidence=evidence,
            filled_amount=filled,
            amount=amount,
            price=amount,
            observed_at=self.now if age else None,
        )
        self.events += self.orders.process_order_update(update)

    @rule(
        name=SOME, amount=AMOUNTS, fee=st.sampled_from(FEES), how=st.sampled_from(["both", "ours", "theirs"])
    )
    def a_fill_arrives(self, name: str, amount: Decimal, fee: TradeFee, how: str) -> None:
        self.trades += 1
        self.events += self.orders.process_trade_update(
            TradeUpdate(
                trade_id=f"t{self.trades}",
                client_order_id="" if how == "theirs" else name,
                exchange_order_id="" if how == "ours" else f"{name}.0",
                trading_pair=PAIR,
                fill_timestamp=self.now,
                fill_price=Decimal("100.10"),
                fill_base_amount=amount,
                fill_quote_amount=amount * Decimal("100.10"),
                fee=fee,
                is_taker=how == "both",
            )
        )

    @rule(name=SOME)
    def its_fills_are_fetched(self, name: str) -> None:
        self.orders.fills_fetched(name, self.now)

    @rule(name=SOME, question=st.sampled_from(Question))
    def it_is_not_found(self, name: str, question: Question) -> None:
        self.events += self.orders.not_found(name, Miss(question=question, asked_at=self.now), self.now)

    @rule(name=SOME)
    def it_is_gone(self, name: str) -> None:
        for _ in range(3):
            self.now += 20.0
            for question in FENCE.questions:
                self.it_is_not_found(name, question)

    @rule()
    def ended_orders_are_released(self) -> None:
        self.tracker.release_watched(self.now)

    # --- what must hold

    @rule()
    def the_run_is_killed(self) -> None:
        self.orders = self.recorded()
        self.pending.clear()
        self.events += self.orders.resume(self.now)
        assert all(order.is_done or order.doubt is not None for order in self.tracker.active_orders.values())

    @invariant()
    def the_records_make_the_same_orders_again(self) -> None:
        recalled = recall(self.entries(), "north", FENCE)
        known = seen(self.tracker)
        assert known == {name: state for name, state in seen(recalled.tracker).items() if name in known}

    @invariant()
    def each_fill_stands_once(self) -> None:
        fills = [(item.client_id, item.trade_id) for item in self.records if isinstance(item, Filled)]
        assert sorted(fills) == sorted(dict.fromkeys(fills))
        told = [event.exchange_trade_id for event in self.events if isinstance(event, OrderFilledEvent)]
        assert sorted(told) == sorted(dict.fromkeys(told))

    def teardown(self) -> None:
        self.a_fill_that_was_known_before_the_end_of_the_run_is_not_told_again()
        self.a_rotation_keeps_what_is_still_needed()

    def a_fill_that_was_known_before_the_end_of_the_run_is_not_told_again(self) -> None:
        """Cut off anywhere, within an input too; then the venue tells all its trades again."""
        fills = [item for item in self.records if isinstance(item, Filled)]
        for count in range(len(self.records)):
            recalled = recall(self.entries(count), "north", FENCE)
            before = [item.trade_id for item in self.records[:count] if isinstance(item, Filled)]
            again: list[Body] = []
            orders = RecordedTracker(recalled, lambda item, to=again: to.append(item) or 0, lambda: self.now)  # type: ignore[misc]  # mypy does not follow a default in a lambda
            orders.resume(self.now)
            stand = standings([*self.records[:count], *again])
            for name, state in recalled.tracker.tracking_states.items():
                assert stand[name].is_open is (name in recalled.tracker.active_orders)
                assert not stand[name].doubts or state["memory"]["doubt"] is not None
            for item in fills:
                orders.process_trade_update(translation.trade_of(item, PAIR))
            written = [item.trade_id for item in again if isinstance(item, Filled)]
            assert not [trade_id for trade_id in written if trade_id in before]
            for order in recalled.tracker.active_orders.values():
                assert order.filled_min <= order.filled_max

    def a_rotation_keeps_what_is_still_needed(self) -> None:
        luggage = Luggage(Rotation(ended_for=600.0, presumed_for=FENCE.answers_kept))
        for number, item in enumerate(self.records, start=1):
            luggage.note(number, item, record.encode(item))
        taken = [
            Entry(sequence=piece.sequence, record=self.records[piece.sequence - 1], carried=True)
            for piece in luggage.pack()
        ]
        carried = seen(recall(taken, "north", FENCE).tracker)
        written_at = max((item.at for item in self.records), default=0.0)
        for name, state in seen(recall(self.entries(), "north", FENCE).tracker).items():
            ended_at = state["memory"]["ended_at"]
            if not state["memory"]["is_watched"] or 1e9 + ended_at + 600.0 >= written_at:
                assert carried[name] == state


RecordedOrders.TestCase.settings = budget(100, steps=30)
TestRecordedOrders = RecordedOrders.TestCase
