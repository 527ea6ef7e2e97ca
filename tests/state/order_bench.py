"""An order on a bench: a tracker, one order in it, and short words for what a venue may say of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from venuekit.model.events import OrderEvent
from venuekit.model.fees import AddedToCostTradeFee, TokenAmount
from venuekit.model.order import NewOrder, OrderState, OrderType, TimeInForce, TradeType
from venuekit.model.order_update import Evidence, OrderUpdate, TradeUpdate
from venuekit.protocol.fence import Fence, IdReuse, Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Miss
from venuekit.state.order_tracker import OrderTracker

PAIR = "COINX-USDT"
DAY = 86_400.0
FENCE = Fence(
    receive_window=5.0,
    engine_seconds=10.0,
    questions=(Question.ORDER, Question.EXECUTIONS),
    answers_kept=3 * DAY,
    client_id_reuse=IdReuse.AFTER_CLOSE,
    page="https://venue.example/rest#timing",
)
NO_DEADLINE = Fence(
    receive_window=5.0,
    engine_seconds=None,
    questions=(Question.ORDER,),
    answers_kept=DAY,
    client_id_reuse=IdReuse.NEVER,
    page="https://venue.example/async",
)


def names(events: list[OrderEvent]) -> list[str]:
    """The kinds of events, in order, shortened."""
    return [type(event).__name__.removesuffix("Event").removeprefix("Order") for event in events]


def buy(client_order_id: str = "id-1", amount: str | None = "1", **terms: Any) -> NewOrder:
    words: dict[str, Any] = {
        "order_type": OrderType.LIMIT,
        "price": Decimal(100),
        "time_in_force": TimeInForce.GTC,
    }
    return NewOrder(
        client_order_id=client_order_id,
        trading_pair=PAIR,
        trade_type=TradeType.BUY,
        amount=None if amount is None else Decimal(amount),
        **(words | terms),
    )


def fill(
    trade_id: str = "t1", amount: str = "0.5", *, at: float = 3.0, client_id: str = "id-1", **more: Any
) -> TradeUpdate:
    words: dict[str, Any] = {
        "exchange_order_id": "77",
        "trading_pair": PAIR,
        "fill_price": Decimal(100),
        "fill_quote_amount": Decimal(amount) * 100,
        "fee": AddedToCostTradeFee(flat_fees=[TokenAmount("USDT", Decimal("0.05"))]),
    }
    return TradeUpdate(
        trade_id=trade_id,
        client_order_id=client_id,
        fill_timestamp=at,
        fill_base_amount=Decimal(amount),
        **(words | more),
    )


def status(
    state: OrderState,
    filled: str | None = None,
    *,
    at: float = 2.0,
    client_id: str | None = "id-1",
    **more: Any,
) -> OrderUpdate:
    words: dict[str, Any] = {"exchange_order_id": "77"}
    return OrderUpdate(
        trading_pair=PAIR,
        update_timestamp=at,
        new_state=state,
        client_order_id=client_id,
        filled_amount=None if filled is None else Decimal(filled),
        **(words | more),
    )


class Bench:
    """One tracked order, `id-1`, and all events so far."""

    def __init__(self, intent: NewOrder | None = None, fence: Fence = FENCE) -> None:
        self.tracker = OrderTracker(fence)
        self.order = InFlightOrder.of(intent or buy(), creation_timestamp=1.0)
        self.tracker.start(self.order)
        self.events: list[OrderEvent] = []

    @property
    def told(self) -> list[str]:
        return names(self.events)

    def hear(self, *said: OrderUpdate | TradeUpdate) -> list[str]:
        """Take in statuses and fills; the kinds of events they made."""
        new: list[OrderEvent] = []
        for each in said:
            if isinstance(each, TradeUpdate):
                new += self.tracker.process_trade_update(each)
            else:
                new += self.tracker.process_order_update(each)
        self.events += new
        return names(new)

    def keep(self, events: list[OrderEvent]) -> list[str]:
        """Note the events of a call; their kinds."""
        self.events += events
        return names(events)

    def miss(self, *asked_at: float, question: Question | None = None) -> list[str]:
        """Answers without the order, to one question or to all of the fence."""
        questions = self.tracker.fence.questions if question is None else (question,)
        new: list[OrderEvent] = []
        for moment in asked_at:
            for each in questions:
                evidence = Miss(question=each, asked_at=moment)
                new += self.tracker.not_found("id-1", evidence, moment + 0.1)
        return self.keep(new)


__all__ = ["FENCE", "NO_DEADLINE", "PAIR", "Bench", "Evidence", "buy", "fill", "names", "status"]
