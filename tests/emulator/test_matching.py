"""Orders of accounts between each other and in the anonymous market, by example."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.emulator.order_desk import NOW, Desk

from venuekit.emulator.instruments import instrument
from venuekit.emulator.order import (
    Accepted,
    Amended,
    Cancelled,
    Expired,
    ExpiryReason,
    Filled,
    NotDone,
    OrderEvent,
    OrderKind,
    OrderState,
    OrderStatus,
    Prevented,
    RefusalReason,
    Refused,
    SelfTrade,
    TimeInForce,
    Triggered,
    stop_loss,
    take_profit,
)

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK
SELLS, BUYS = False, True


def kinds(events: tuple[OrderEvent, ...]) -> list[type[Any]]:
    return [type(event) for event in events]


def amended(desk: Desk, order_id: int, **new: str) -> tuple[OrderEvent, ...]:
    numbers = {name: Decimal(text) for name, text in new.items()}
    return desk.hear(desk.matching.amend(order_id, NOW + 1, **numbers))


def cancelled(desk: Desk, order_id: int) -> tuple[OrderEvent, ...]:
    return desk.hear(desk.matching.cancel(order_id, NOW + 1))


def still(desk: Desk, order_id: int) -> OrderState:
    state = desk.matching.order(order_id)
    assert state is not None
    return state


# The queue.


def test_a_new_order_stands_behind_the_crowd_of_its_level() -> None:
    desk = Desk()
    assert desk.before(desk.buy("2", "99.0")) == "5.00"


def test_the_published_level_is_the_crowd_and_the_order() -> None:
    desk = Desk()
    desk.buy("2", "99.0")
    assert desk.level("99.0") == "7.00"


def test_a_trade_at_the_level_uses_up_what_stands_before() -> None:
    desk = Desk()
    order = desk.buy("2", "99.0")
    desk.happens(bids=[("99.0", "2")], trades=[("99.0", "3", SELLS)])
    assert (desk.before(order), desk.fills()) == ("2.00", [])


def test_a_trade_that_reaches_the_order_fills_what_it_has_left() -> None:
    desk = Desk()
    order = desk.buy("10", "99.0")
    desk.happens(bids=[("99.0", "2")], trades=[("99.0", "3", SELLS)])
    desk.happens(bids=[("99.0", "0")], trades=[("99.0", "4", SELLS)])
    assert desk.fills() == [(order, "99.0", "2.00", "maker")]


def test_a_trade_is_printed_in_the_parts_that_the_queue_gave() -> None:
    desk = Desk()
    desk.buy("1", "99.0")
    desk.happens(trades=[("99.0", "8", SELLS)])
    assert desk.tape() == [(1, "99.0", "5.00", SELLS), (2, "99.0", "1.00", SELLS), (3, "99.0", "2.00", SELLS)]


def test_the_next_trade_of_the_source_keeps_the_ids_growing_by_one() -> None:
    desk = Desk()
    desk.buy("1", "99.0")
    desk.happens(trades=[("99.0", "8", SELLS)])
    desk.happens(trades=[("99.0", "1", SELLS)])
    assert desk.tape() == [(4, "99.0", "1.00", SELLS)]


def test_departures_come_from_behind_the_order_first() -> None:
    desk = Desk()
    order = desk.buy("1", "99.0")
    desk.happens(bids=[("99.0", "8")])
    desk.happens(bids=[("99.0", "5")])
    assert desk.before(order) == "5.00"


def test_departures_move_the_order_up_when_nobody_is_left_behind_it() -> None:
    desk = Desk()
    order = desk.buy("1", "99.0")
    desk.happens(bids=[("99.0", "3")])
    assert desk.before(order) == "3.00"


def test_a_trade_told_before_its_level_change_is_not_counted_twice() -> None:
    desk = Desk()
    order = desk.buy("1", "99.0")
    desk.happens(trades=[("99.0", "3", SELLS)])
    desk.happens(bids=[("99.0", "2")])
    assert desk.before(order) == "2.00"


def test_a_trade_through_the_level_fills_the_order_at_its_own_price() -> None:
    desk = Desk()
    order = desk.buy("2", "99.5")
    desk.happens(bids=[("99.0", "4")], trades=[("99.0", "1.50", SELLS)])
    assert desk.fills() == [(order, "99.5", "1.50", "maker")]


def test_a_trade_on_the_other_side_leaves_the_order_alone() -> None:
    desk = Desk()
    order = desk.buy("2", "99.0")
    desk.happens(asks=[("101.0", "2")], trades=[("101.0", "3", BUYS)])
    assert (desk.fills(), desk.before(order)) == ([], "5.00")


def test_a_trade_at_a_better_price_than_the_order_leaves_it_alone() -> None:
    desk = Desk()
    order = desk.buy("2", "98.0")
    desk.happens(bids=[("99.0", "2")], trades=[("99.0", "3", SELLS)])
    assert (desk.fills(), desk.before(order)) == ([], "5.00")


def test_orders_of_a_level_fill_in_order_of_arrival() -> None:
    desk = Desk()
    first, second = desk.sell("1", "100.5"), desk.sell("1", "100.5", account="bob")
    desk.buy("1.50", account="cat")
    assert [(order, amount) for order, _, amount, role in desk.fills() if role == "maker"] == [
        (first, "1.00"),
        (second, "0.50"),
    ]


def test_a_trade_moves_everybody_up() -> None:
    desk = Desk()
    first, second = desk.buy("1", "99.0"), desk.buy("1", "99.0", account="bob")
    desk.happens(trades=[("99.0", "3", SELLS)])
    assert (desk.before(first), desk.before(second)) == ("2.00", "3.00")


def test_the_crowd_that_came_between_two_orders_trades_between_them() -> None:
    desk = Desk()
    desk.buy("1", "99.5")
    desk.happens(bids=[("99.5", "3")])
    late = desk.buy("1", "99.5", account="bob")
    desk.sell("4.50", account="cat")
    assert desk.tape() == [
        (1, "99.5", "1.00", SELLS),
        (2, "99.5", "3.00", SELLS),
        (3, "99.5", "0.50", SELLS),
    ]
    assert still(desk, late).left == Decimal("0.5")


def test_an_arrival_beyond_the_order_trades_with_it_and_rests_with_the_rest() -> None:
    desk = Desk()
    order = desk.buy("2", "100.0")
    desk.happens(asks=[("99.5", "3")])
    assert desk.fills() == [(order, "100.0", "2.00", "maker")]
    assert desk.levels()[1][0] == ("99.5", "1.00")


def test_an_arrival_that_the_order_swallows_never_shows() -> None:
    desk = Desk()
    order = desk.sell("2", "100.0")
    desk.happens(bids=[("100.0", "0.50")])
    assert (desk.fills(), desk.tape()) == (
        [(order, "100.0", "0.50", "maker")],
        [(1, "100.0", "0.50", BUYS)],
    )
    assert desk.levels()[0][0] == ("99.0", "5.00")


def test_where_the_source_itself_is_crossed_the_order_waits_its_turn() -> None:
    desk = Desk()
    desk.buy("1", "99.0")
    desk.happens(asks=[("99.0", "1")])
    assert (desk.fills(), desk.level("98.0")) == ([], "5.00")


def test_on_an_empty_other_side_nothing_arrives() -> None:
    desk = Desk(asks=())
    desk.buy("1", "100.0")
    desk.happens(bids=[("99.0", "4")])
    assert desk.fills() == []


def test_trades_alone_take_ids_where_they_change_an_order() -> None:
    desk = Desk()
    desk.buy("1", "99.5")
    before = desk.book.last_id
    desk.happens(trades=[("99.0", "1", SELLS)])
    assert (desk.book.last_id, desk.level("99.5")) == (before + 1, None)


def test_trades_alone_take_an_id_for_each_level_that_they_change() -> None:
    desk = Desk()
    desk.buy("1", "99.5")
    desk.buy("1", "99.4")
    before = desk.book.last_id
    desk.happens(trades=[("99.0", "2", SELLS)])
    assert desk.book.last_id == before + 2


def test_trades_alone_take_no_ids_where_they_change_nothing() -> None:
    desk = Desk()
    desk.happens(trades=[("99.0", "1", SELLS)])
    assert [(step.first_id, step.last_id) for step in desk.told.steps] == [(1001, 1000)]


# Taking from the crowd.


def test_what_an_account_took_is_gone_from_the_public_book() -> None:
    desk = Desk()
    order = desk.buy("2", "101.0")
    assert (desk.fills(), desk.level("101.0")) == ([(order, "101.0", "2.00", "taker")], "3.00")


def test_what_was_taken_does_not_come_back_when_the_source_adds() -> None:
    desk = Desk()
    desk.buy("2", "101.0")
    desk.happens(asks=[("101.0", "6")])
    assert desk.level("101.0") == "4.00"


def test_what_was_taken_is_forgotten_when_the_source_has_less() -> None:
    desk = Desk()
    desk.buy("4", "101.0")
    desk.happens(asks=[("101.0", "3")])
    desk.happens(asks=[("101.0", "10")])
    assert desk.level("101.0") == "7.00"


def test_a_taker_moves_those_behind_up_by_what_it_took() -> None:
    desk = Desk()
    order = desk.sell("1", "101.0", account="bob")
    desk.buy("2", "101.0")
    assert desk.before(order) == "3.00"


def test_the_rest_of_a_limit_order_rests_at_its_price() -> None:
    desk = Desk()
    order = desk.buy("7", "101.0")
    assert still(desk, order).status is OrderStatus.PARTIALLY_FILLED
    assert desk.levels()[0][0] == ("101.0", "2.00")


def test_a_taker_walks_levels_best_first() -> None:
    desk = Desk()
    order = desk.sell("6", "98.0")
    assert desk.fills() == [(order, "99.0", "5.00", "taker"), (order, "98.0", "1.00", "taker")]


def test_both_orders_of_a_trade_hear_of_it_under_one_id_maker_first() -> None:
    desk = Desk()
    maker = desk.sell("1", "100.0", account="bob")
    taker = desk.buy("1", "100.0")
    told = [event for event in desk.told.events if isinstance(event, Filled)]
    assert [(event.state.order_id, event.trade_id) for event in told] == [(maker, 1), (taker, 1)]


def test_a_command_of_an_account_is_one_public_step() -> None:
    desk = Desk()
    desk.buy("7", "101.0")
    assert [(step.first_id, step.last_id, step.time) for step in desk.told.steps] == [(1001, 1002, NOW + 1)]


def test_the_ids_of_the_source_go_on_after_those_that_accounts_used() -> None:
    desk = Desk()
    desk.buy("7", "101.0")
    desk.happens(bids=[("98.0", "1")])
    assert [(step.first_id, step.last_id) for step in desk.told.steps] == [(1003, 1003)]


# Kinds of orders.


def test_an_order_says_what_was_asked_and_how_it_stands() -> None:
    desk = Desk()
    order = desk.buy("7", "101.0", client_order_id="mine")
    state = still(desk, order)
    assert msgspec.structs.asdict(state) == {
        "order_id": order,
        "trading_pair": "BTC-USDT",
        "request": state.request,
        "status": OrderStatus.PARTIALLY_FILLED,
        "amount": Decimal(7),
        "price": Decimal(101),
        "filled": Decimal(5),
        "quote_filled": Decimal(505),
        "prevented": Decimal(0),
        "placed_at": NOW + 1,
        "updated_at": NOW + 1,
    }


def test_a_market_order_fills_at_whatever_stands() -> None:
    desk = Desk()
    order = desk.buy("6")
    assert desk.fills() == [(order, "101.0", "5.00", "taker"), (order, "102.0", "1.00", "taker")]
    assert desk.expiries() == []


def test_a_market_order_that_empties_the_book_expires() -> None:
    desk = Desk()
    order = desk.buy("11")
    assert desk.expiries() == [(order, ExpiryReason.INSUFFICIENT_LIQUIDITY)]


def test_a_limit_maker_is_refused_when_it_would_take() -> None:
    desk = Desk()
    assert desk.buy("1", "101.0", kind=OrderKind.LIMIT_MAKER) == 0
    assert [event.reason for event in desk.told.events if isinstance(event, Refused)] == [
        RefusalReason.WOULD_TAKE
    ]


def test_a_refused_order_leaves_no_trace() -> None:
    desk = Desk()
    desk.buy("1", "101.0", kind=OrderKind.LIMIT_MAKER)
    assert (desk.told.steps, desk.buy("1", "90.0")) == ((), 1)


def test_a_limit_maker_rests() -> None:
    desk = Desk()
    desk.buy("1", "100.9", kind=OrderKind.LIMIT_MAKER)
    assert desk.levels()[0][0] == ("100.9", "1.00")


def test_an_immediate_order_takes_what_there_is_and_expires() -> None:
    desk = Desk()
    order = desk.buy("7", "101.0", time_in_force=IOC)
    assert desk.fills() == [(order, "101.0", "5.00", "taker")]
    assert desk.expiries() == [(order, ExpiryReason.IMMEDIATE_OR_CANCEL)]


def test_an_immediate_order_that_fills_does_not_expire() -> None:
    desk = Desk()
    desk.buy("5", "101.0", time_in_force=IOC)
    assert desk.expiries() == []


def test_a_fill_or_kill_order_that_cannot_fill_takes_nothing() -> None:
    desk = Desk()
    order = desk.buy("5.01", "101.0", time_in_force=FOK)
    assert (desk.fills(), desk.told.steps) == ([], ())
    assert desk.expiries() == [(order, ExpiryReason.FILL_OR_KILL)]


def test_a_fill_or_kill_order_fills_across_levels() -> None:
    desk = Desk()
    desk.buy("10", "102.0", time_in_force=FOK)
    assert sum(Decimal(amount) for _, _, amount, _ in desk.fills()) == 10


def test_an_order_by_quote_buys_whole_lots_for_it() -> None:
    desk = Desk()
    order = desk.buy(None, quote_amount=Decimal("708.99"))
    # 5 at 101 cost 505; 203.99 more buy 1.99 at 102, and the cent that is left buys nothing.
    assert desk.fills() == [(order, "101.0", "5.00", "taker"), (order, "102.0", "1.99", "taker")]
    assert desk.expiries() == []


def test_a_lot_is_what_the_instrument_steps_by() -> None:
    desk = Desk(listed=instrument("BTC-USDT", "100.0", "0.1", "0.05"))
    order = desk.buy(None, quote_amount=Decimal(109))
    assert desk.fills() == [(order, "101.0", "1.05", "taker")]


def test_an_order_by_quote_sells_for_at_most_its_quote() -> None:
    desk = Desk()
    order = desk.sell(None, quote_amount=Decimal(100))
    assert desk.fills() == [(order, "99.0", "1.01", "taker")]


def test_a_filled_order_by_quote_has_the_amount_that_it_traded() -> None:
    desk = Desk()
    desk.buy(None, quote_amount=Decimal(202))
    states = [event.state for event in desk.told.events if isinstance(event, Filled)]
    assert [(state.amount, state.status) for state in states] == [(Decimal(2), OrderStatus.FILLED)]


def test_an_order_by_quote_that_empties_the_book_expires() -> None:
    desk = Desk()
    order = desk.buy(None, quote_amount=Decimal(2000))
    assert desk.expiries() == [(order, ExpiryReason.INSUFFICIENT_LIQUIDITY)]


def test_an_order_by_quote_on_an_empty_side_expires_unfilled() -> None:
    desk = Desk(asks=())
    order = desk.buy(None, quote_amount=Decimal(2000))
    assert (desk.fills(), desk.expiries()) == ([], [(order, ExpiryReason.INSUFFICIENT_LIQUIDITY)])


def test_an_order_by_quote_for_less_than_a_lot_is_refused() -> None:
    desk = Desk()
    desk.buy(None, quote_amount=Decimal("1.00"))
    assert [event.reason for event in desk.told.events if isinstance(event, Refused)] == [
        RefusalReason.QUOTE_BELOW_ONE_LOT
    ]


# Triggers.


@pytest.mark.parametrize(
    ("is_buy", "trigger", "waits_at", "wakes_at"),
    [
        (True, stop_loss(Decimal(103), is_buy=True), "102.9", "103.0"),
        (False, stop_loss(Decimal(97), is_buy=False), "97.1", "96.5"),
        (True, take_profit(Decimal(97), is_buy=True), "97.1", "97.0"),
        (False, take_profit(Decimal(103), is_buy=False), "102.9", "103.5"),
    ],
)
def test_an_order_waits_until_its_price_trades(
    is_buy: bool, trigger: Any, waits_at: str, wakes_at: str
) -> None:
    desk = Desk()
    order = desk.asks("ann", is_buy, "1", None, trigger=trigger)
    desk.happens(trades=[(waits_at, "1", is_buy)])
    assert still(desk, order).status is OrderStatus.UNTRIGGERED
    assert kinds(desk.happens(trades=[(wakes_at, "1", is_buy)])) == [Triggered, Filled]


def test_a_triggered_limit_order_rests_at_its_price() -> None:
    desk = Desk()
    desk.buy("1", "100.5", trigger=stop_loss(Decimal(103), is_buy=True))
    desk.happens(trades=[("103.0", "1", BUYS)])
    assert desk.levels()[0][0] == ("100.5", "1.00")


def test_a_triggered_order_is_a_public_step_of_its_own() -> None:
    desk = Desk()
    desk.buy("1", trigger=stop_loss(Decimal(103), is_buy=True))
    desk.happens(trades=[("103.0", "1", BUYS)])
    assert [(step.first_id, step.last_id) for step in desk.told.steps] == [(1001, 1000), (1001, 1001)]


def test_a_waiting_order_is_not_in_the_public_book() -> None:
    desk = Desk()
    order = desk.buy("1", "100.5", trigger=stop_loss(Decimal(103), is_buy=True))
    assert (desk.told.steps, desk.before(order)) == ((), None)


def test_one_triggered_order_can_trigger_the_next() -> None:
    desk = Desk()
    second = desk.buy("1", trigger=stop_loss(Decimal("101.5"), is_buy=True))
    first = desk.buy("6", trigger=stop_loss(Decimal("100.5"), is_buy=True))
    desk.happens(trades=[("100.5", "1", BUYS)])
    assert [event.state.order_id for event in desk.told.events if isinstance(event, Triggered)] == [
        first,
        second,
    ]


def test_orders_trigger_by_price_then_by_age() -> None:
    desk = Desk()
    late, early, second = (
        desk.buy("0.10", trigger=stop_loss(Decimal(price), is_buy=True)) for price in ("103", "102", "102")
    )
    desk.happens(trades=[("104.0", "1", BUYS)])
    assert [event.state.order_id for event in desk.told.events if isinstance(event, Triggered)] == [
        early,
        second,
        late,
    ]


@pytest.mark.parametrize(
    ("is_buy", "price"), [(True, "100"), (True, "99.9"), (False, "100"), (False, "100.1")]
)
def test_an_order_that_would_trigger_at_once_is_refused(is_buy: bool, price: str) -> None:
    desk = Desk()
    desk.asks("ann", is_buy, "1", None, trigger=stop_loss(Decimal(price), is_buy=is_buy))
    assert [event.reason for event in desk.told.events if isinstance(event, Refused)] == [
        RefusalReason.WOULD_TRIGGER
    ]


def test_a_cancelled_waiting_order_never_triggers() -> None:
    desk = Desk()
    order = desk.buy("1", trigger=stop_loss(Decimal(103), is_buy=True))
    assert kinds(cancelled(desk, order)) == [Cancelled]
    assert desk.happens(trades=[("103.0", "1", BUYS)]) == ()


def test_the_last_price_is_that_of_the_last_trade() -> None:
    desk = Desk()
    desk.happens(trades=[("99.0", "1", SELLS)])
    assert desk.matching.last_price == Decimal(99)


# Cancelling and amending.


def test_a_cancelled_order_leaves_the_public_book() -> None:
    desk = Desk()
    order = desk.buy("2", "99.0")
    assert kinds(cancelled(desk, order)) == [Cancelled]
    assert (desk.level("99.0"), desk.matching.order(order)) == ("5.00", None)


def test_a_cancelled_order_keeps_the_level_of_those_behind_it() -> None:
    desk = Desk()
    first, second = desk.buy("2", "99.0"), desk.buy("1", "99.0")
    cancelled(desk, first)
    assert (desk.before(second), desk.level("99.0")) == ("5.00", "6.00")


def test_an_order_cannot_be_cancelled_twice() -> None:
    desk = Desk()
    order = desk.buy("2", "99.0")
    cancelled(desk, order)
    assert [event.reason for event in cancelled(desk, order) if isinstance(event, NotDone)] == [
        RefusalReason.UNKNOWN_ORDER
    ]


def test_a_smaller_amount_keeps_its_place() -> None:
    desk = Desk()
    order = desk.buy("3", "99.0")
    desk.happens(bids=[("99.0", "9")])
    events = amended(desk, order, amount="2")
    assert [event.keeps_priority for event in events if isinstance(event, Amended)] == [True]
    assert (desk.before(order), desk.level("99.0")) == ("5.00", "11.00")


def test_an_amendment_to_what_is_there_already_keeps_its_place() -> None:
    desk = Desk()
    order = desk.buy("3", "99.0")
    desk.happens(bids=[("99.0", "9")])
    amended(desk, order, amount="3", price="99.0")
    assert desk.before(order) == "5.00"


def test_a_larger_amount_goes_to_the_end_of_the_queue() -> None:
    desk = Desk()
    order = desk.buy("3", "99.0")
    desk.happens(bids=[("99.0", "9")])
    events = amended(desk, order, amount="4")
    assert [event.keeps_priority for event in events if isinstance(event, Amended)] == [False]
    assert (desk.before(order), desk.level("99.0")) == ("9.00", "13.00")


def test_a_new_price_moves_the_order_under_its_own_id() -> None:
    desk = Desk()
    order = desk.buy("3", "99.0")
    amended(desk, order, price="98.0")
    assert (desk.level("99.0"), desk.level("98.0"), desk.before(order)) == ("5.00", "8.00", "5.00")


def test_a_new_price_may_take() -> None:
    desk = Desk()
    order = desk.buy("3", "99.0")
    assert kinds(amended(desk, order, price="101.0")) == [Amended, Filled]


def test_an_amended_limit_maker_may_not_take_and_stays_as_it_was() -> None:
    desk = Desk()
    order = desk.buy("3", "99.0", kind=OrderKind.LIMIT_MAKER)
    events = amended(desk, order, price="101.0")
    assert [event.reason for event in events if isinstance(event, NotDone)] == [RefusalReason.WOULD_TAKE]
    assert (still(desk, order).price, desk.before(order)) == (Decimal(99), "5.00")


def test_an_amount_that_is_filled_already_cannot_be_amended_to() -> None:
    desk = Desk()
    order = desk.buy("7", "101.0")
    assert [event.reason for event in amended(desk, order, amount="5") if isinstance(event, NotDone)] == [
        RefusalReason.AMOUNT_BELOW_FILLED
    ]


def test_an_unknown_order_cannot_be_amended() -> None:
    assert [event.reason for event in amended(Desk(), 7, amount="5") if isinstance(event, NotDone)] == [
        RefusalReason.UNKNOWN_ORDER
    ]


def test_a_waiting_order_is_amended_where_it_waits() -> None:
    desk = Desk()
    order = desk.buy("1", "100.5", trigger=stop_loss(Decimal(103), is_buy=True))
    amended(desk, order, amount="2", price="100.6")
    desk.happens(trades=[("103.0", "1", BUYS)])
    assert desk.levels()[0][0] == ("100.6", "2.00")


def test_a_market_order_cannot_be_amended_to_a_price() -> None:
    desk = Desk()
    order = desk.buy("1", trigger=stop_loss(Decimal(103), is_buy=True))
    events = amended(desk, order, price="100.6")
    assert [event.reason for event in events if isinstance(event, NotDone)] == [RefusalReason.NO_PRICE]


def test_open_orders_are_an_accounts_own_oldest_first() -> None:
    desk = Desk()
    first, _, third = desk.buy("1", "99.0"), desk.buy("1", "99.0", account="bob"), desk.buy("1", "98.0")
    amended(desk, first, price="98.0")
    assert [state.order_id for state in desk.matching.open_orders("ann")] == [first, third]


# One account on both sides.


def met_itself(mode: SelfTrade, *, maker: str = "2", taker: str = "3") -> Desk:
    """The account's buy of `taker` meets its own sell of `maker`, then five of the crowd a tick above."""
    desk = Desk(asks=[("100.1", "5")])
    desk.sell(maker, "100.0")
    desk.buy(taker, "100.1", self_trade=mode)
    return desk


def test_without_prevention_an_account_trades_with_itself() -> None:
    desk = met_itself(SelfTrade.NONE)
    assert desk.fills() == [
        (1, "100.0", "2.00", "maker"),
        (2, "100.0", "2.00", "taker"),
        (2, "100.1", "1.00", "taker"),
    ]


def test_expire_taker_ends_the_incoming_order_and_keeps_the_resting_one() -> None:
    desk = met_itself(SelfTrade.EXPIRE_TAKER)
    assert (desk.fills(), desk.expiries()) == ([], [(2, ExpiryReason.SELF_TRADE)])
    assert still(desk, 1).left == 2


def test_expire_taker_trades_with_others_that_come_first() -> None:
    desk = Desk()
    desk.sell("2", "101.5")
    order = desk.buy("6", "102.0", self_trade=SelfTrade.EXPIRE_TAKER)
    assert desk.fills() == [(order, "101.0", "5.00", "taker")]
    assert desk.expiries() == [(order, ExpiryReason.SELF_TRADE)]


def test_expire_maker_ends_the_resting_order_and_goes_on() -> None:
    desk = met_itself(SelfTrade.EXPIRE_MAKER)
    assert (desk.fills(), desk.expiries()) == (
        [(2, "100.1", "3.00", "taker")],
        [(1, ExpiryReason.SELF_TRADE)],
    )


def test_expire_both_ends_both() -> None:
    desk = met_itself(SelfTrade.EXPIRE_BOTH)
    assert (desk.fills(), desk.expiries()) == (
        [],
        [(1, ExpiryReason.SELF_TRADE), (2, ExpiryReason.SELF_TRADE)],
    )
    assert desk.levels()[1] == [("100.1", "5.00")]


def test_decrement_takes_the_smaller_amount_from_both() -> None:
    desk = met_itself(SelfTrade.DECREMENT)
    assert desk.fills() == [(2, "100.1", "1.00", "taker")]
    assert desk.expiries() == [(1, ExpiryReason.SELF_TRADE), (2, ExpiryReason.SELF_TRADE)]


def test_an_order_that_is_filled_in_part_and_decremented_for_the_rest_expires() -> None:
    desk = met_itself(SelfTrade.DECREMENT)
    last = [event.state for event in desk.told.events if isinstance(event, Expired | Filled)][-1]
    assert (last.filled, last.prevented, last.status) == (Decimal(1), Decimal(2), OrderStatus.EXPIRED)


def test_decrement_leaves_the_rest_of_a_larger_resting_order() -> None:
    desk = met_itself(SelfTrade.DECREMENT, maker="5")
    assert desk.expiries() == [(2, ExpiryReason.SELF_TRADE)]
    assert (still(desk, 1).left, desk.level("100.0")) == (Decimal(2), "2.00")


def test_a_prevented_trade_is_told_with_both_orders() -> None:
    desk = met_itself(SelfTrade.EXPIRE_TAKER)
    told = [event for event in desk.told.events if isinstance(event, Prevented)]
    assert [(event.state.order_id, event.maker.order_id, event.price, event.amount) for event in told] == [
        (2, 1, Decimal(100), Decimal(2))
    ]


def test_prevention_spares_orders_of_other_accounts() -> None:
    desk = Desk()
    desk.sell("1", "100.0", account="bob")
    desk.buy("1", "100.0", self_trade=SelfTrade.EXPIRE_BOTH)
    assert [role for _, _, _, role in desk.fills()] == ["maker", "taker"]


def test_a_fill_or_kill_order_counts_no_order_of_its_own_account() -> None:
    desk = Desk()
    desk.sell("1", "101.0")
    order = desk.buy("6", "101.0", self_trade=SelfTrade.EXPIRE_MAKER, time_in_force=FOK)
    assert desk.expiries() == [(order, ExpiryReason.FILL_OR_KILL)]


def test_a_fill_or_kill_order_counts_nothing_that_it_would_lose_to_itself() -> None:
    desk = Desk()
    desk.sell("1", "101.0")
    order = desk.buy("6", "101.0", self_trade=SelfTrade.DECREMENT, time_in_force=FOK)
    assert desk.expiries() == [(order, ExpiryReason.FILL_OR_KILL)]


# Funds and numbers.


class Purse:
    """Says yes so many times."""

    def __init__(self, yes: int) -> None:
        self.yes = yes
        self.asked: list[tuple[OrderStatus, Decimal]] = []

    def reserve(self, state: OrderState, need: Decimal) -> bool:
        self.asked.append((state.status, need))
        self.yes -= 1
        return self.yes >= 0

    def record(self, event: OrderEvent) -> None:
        pass


@pytest.mark.parametrize(
    ("command", "need"),
    [
        (lambda desk: desk.buy("2", "99.0"), "198"),
        (lambda desk: desk.buy("2", "101.5"), "203"),
        (lambda desk: desk.sell("2", "99.0"), "2"),
        (lambda desk: desk.sell("2"), "2"),
        (lambda desk: desk.buy("6"), "607"),
        (lambda desk: desk.buy(None, quote_amount=Decimal(202)), "202"),
        (lambda desk: desk.sell(None, quote_amount=Decimal(198)), "2"),
        (lambda desk: desk.buy("2", trigger=stop_loss(Decimal(103), is_buy=True)), "206"),
    ],
)
def test_an_order_reserves_what_it_may_cost(command: Any, need: str) -> None:
    purse = Purse(1)
    assert command(Desk(treasury=purse)) == 1
    assert [amount for _, amount in purse.asked] == [Decimal(need)]


def test_an_order_that_cannot_be_paid_is_refused() -> None:
    desk = Desk(treasury=Purse(0))
    desk.buy("2", "99.0")
    assert [event.reason for event in desk.told.events if isinstance(event, Refused)] == [
        RefusalReason.INSUFFICIENT_FUNDS
    ]


def test_an_amendment_that_cannot_be_paid_changes_nothing() -> None:
    desk = Desk(treasury=Purse(1))
    order = desk.buy("2", "99.0")
    events = amended(desk, order, amount="9")
    assert [event.reason for event in events if isinstance(event, NotDone)] == [
        RefusalReason.INSUFFICIENT_FUNDS
    ]
    assert (still(desk, order).amount, desk.before(order)) == (Decimal(2), "5.00")


def test_a_triggered_order_that_cannot_be_paid_expires() -> None:
    desk = Desk(treasury=Purse(1))
    order = desk.buy("2", trigger=stop_loss(Decimal(103), is_buy=True))
    desk.happens(trades=[("103.0", "1", BUYS)])
    assert (desk.fills(), desk.expiries()) == ([], [(order, ExpiryReason.INSUFFICIENT_FUNDS)])


@pytest.mark.parametrize(("amount", "price"), [("1", "99.01"), ("0.001", "99.0")])
def test_numbers_finer_than_the_instrument_writes_are_no_order(amount: str, price: str) -> None:
    with pytest.raises(ValueError, match="decimals"):
        Desk().buy(amount, price)


def test_a_price_of_nothing_is_no_amendment() -> None:
    desk = Desk()
    order = desk.buy("1", "99.0")
    with pytest.raises(ValueError, match="positive"):
        amended(desk, order, price="0")


def test_accepted_comes_before_anything_else_is_told() -> None:
    desk = Desk()
    desk.buy("7", "101.0", time_in_force=IOC)
    assert kinds(desk.told.events) == [Accepted, Filled, Expired]
