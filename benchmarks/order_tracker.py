"""What the tracker does for one fill and one order update, with one order open and with ten thousand.

python benchmarks/order_tracker.py

Of the ten thousand once always the same order trades, and once each time another one, so that nothing of it
is in the processor's caches. Processor time: what other programs take of a busy machine is not in it.
"""

from __future__ import annotations

import gc
import time
from decimal import Decimal

from venuekit.model.fees import AddedToCostTradeFee, TokenAmount
from venuekit.model.order import NewOrder, OrderState, TradeType
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.fence import Fence, IdReuse, Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_tracker import OrderTracker

ROUNDS = 2_000
REPEATS = 15
CASES = ((1, 1), (10_000, 1), (10_000, 10_000))
"""How many orders are open, and how many of them trade."""
PAIR = "COINX-USDT"
AMOUNT = Decimal(1_000_000)
FENCE = Fence(
    receive_window=5.0,
    engine_seconds=10.0,
    questions=(Question.ORDER,),
    answers_kept=3 * 86_400.0,
    client_id_reuse=IdReuse.AFTER_CLOSE,
    page="https://venue.example/rest#timing",
)


def tracker_with(orders: int) -> OrderTracker:
    """A tracker with so many open orders."""
    tracker = OrderTracker(FENCE)
    for number in range(orders):
        intent = NewOrder(
            client_order_id=f"id-{number}",
            trading_pair=PAIR,
            trade_type=TradeType.BUY,
            amount=AMOUNT,
            price=Decimal(100),
        )
        tracker.start(InFlightOrder.of(intent, 1.0))
        tracker.process_order_update(status(number, 0))
    return tracker


def status(order: int, fills: int) -> OrderUpdate:
    return OrderUpdate(
        trading_pair=PAIR,
        update_timestamp=2.0 + fills,
        new_state=OrderState.PARTIALLY_FILLED if fills else OrderState.OPEN,
        client_order_id=f"id-{order}",
        exchange_order_id=str(order),
        filled_amount=Decimal(fills),
    )


def trade(order: int, fills: int) -> TradeUpdate:
    return TradeUpdate(
        trade_id=f"t{fills}",
        client_order_id="",
        exchange_order_id=str(order),
        trading_pair=PAIR,
        fill_timestamp=2.0 + fills,
        fill_price=Decimal(100),
        fill_base_amount=Decimal(1),
        fill_quote_amount=Decimal(100),
        fee=AddedToCostTradeFee(flat_fees=[TokenAmount("USDT", Decimal("0.1"))]),
    )


def nanoseconds_per_fill(tracker: OrderTracker, first: int, trading: int) -> float:
    """One fill, found by its exchange id, and the update that follows it; `trading` orders take turns."""
    said = []
    for number in range(first, first + ROUNDS):
        round_, order = divmod(number, trading)
        said.append((trade(order, round_ + 1), status(order, round_ + 1)))
    started = time.thread_time_ns()
    for each, update in said:
        tracker.process_trade_update(each)
        tracker.process_order_update(update)
    return (time.thread_time_ns() - started) / ROUNDS


def main() -> None:
    """Print the best of several rounds, taken in turn, and the ratios."""
    cases = {(orders, trading): tracker_with(orders) for orders, trading in CASES}
    best = dict.fromkeys(cases, float("inf"))
    gc.freeze()  # what a long-running process holds is no part of one fill
    for repeat in range(REPEATS):
        for case, tracker in cases.items():
            took = nanoseconds_per_fill(tracker, repeat * ROUNDS, trading=case[1])
            best[case] = min(best[case], took)
    alone = best[CASES[0]]
    for (orders, trading), nanoseconds in best.items():
        print(
            f"{orders:6,} open, {trading:6,} trading in turn: {nanoseconds:7,.0f} ns for a fill and an update"
            f", ratio {nanoseconds / alone:.3f}"
        )


if __name__ == "__main__":
    main()
