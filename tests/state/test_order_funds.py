"""What orders hold, and what they did since a balance was told: the case that leaves less, and no less."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.state.order_bench import buy, fill, status
from tests.state.sheet_bench import SheetBench, said, sell

from venuekit.model.account import BalanceChannel
from venuekit.model.fees import AddedToCostTradeFee, DeductedFromReturnsTradeFee, TokenAmount, TradeFee
from venuekit.model.order import Command, NewOrder, OrderState, OrderType
from venuekit.model.order_update import TradeUpdate
from venuekit.state import order_funds
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_funds import InFlightSnapshot, Moment

S = OrderState
FREE = AddedToCostTradeFee()
ONE = Decimal(1)


def free_fill(
    trade_id: str = "t1", amount: str = "0.5", *, at: float = 6.0, price: str = "100"
) -> TradeUpdate:
    """A fill without a fee."""
    quote = Decimal(amount) * Decimal(price)
    return fill(trade_id, amount, at=at, fee=FREE, fill_price=Decimal(price), fill_quote_amount=quote)


def resting(amount: str = "1") -> SheetBench:
    """A buy at 100 that the venue took at 2.0, before anybody asked for balances."""
    bench = SheetBench()
    bench.place(buy(amount=amount))
    bench.hear(status(S.OPEN, at=2.0))
    return bench


# --- what an order holds


@pytest.mark.parametrize(
    ("intent", "asset", "amount"),
    [
        (buy(amount="2"), "USDT", 200),
        (sell(amount="2"), "COINX", 2),
        (buy(amount=None, quote_amount=Decimal(70), order_type=OrderType.MARKET, price=None), "USDT", 70),
        (buy(amount="2", order_type=OrderType.MARKET, price=None), "USDT", 0),
        (buy(amount="2", order_type=OrderType.MARKET), "USDT", 200),
        (sell(amount="2", order_type=OrderType.MARKET, price=None), "COINX", 2),
        (sell(amount=None, quote_amount=Decimal(70), order_type=OrderType.MARKET, price=None), "COINX", 0),
    ],
    ids=[
        "buy",
        "sell",
        "buy in quote",
        "market buy",
        "market buy at a price",
        "market sell",
        "sell in quote",
    ],
)
def test_an_order_holds_what_it_pays_at_most(intent: NewOrder, asset: str, amount: int) -> None:
    order = InFlightOrder.of(intent, 1.0)
    held = {name: order_funds.held(order, name) for name in ("COINX", "USDT")}
    assert {"COINX": Decimal(0), "USDT": Decimal(0)} | {asset: Decimal(amount)} == held


def test_an_order_holds_what_is_not_filled_and_nothing_once_it_is_over() -> None:
    bench = resting()
    (order,) = bench.orders
    bench.hear(free_fill(amount="0.25"))
    assert Decimal(75) == order_funds.held(order, "USDT")
    bench.hear(status(S.CANCELED, "0.25", at=7.0))
    assert Decimal(0) == order_funds.held(order, "USDT")


def test_an_end_that_claims_more_than_the_fills_goes_on_holding_the_rest() -> None:
    bench = resting()
    (order,) = bench.orders
    bench.hear(status(S.CANCELED, "0.5", at=7.0))
    assert Decimal(50) == order_funds.held(order, "USDT")
    bench.hear(free_fill(amount="0.5"))
    assert Decimal(0) == order_funds.held(order, "USDT")


def test_an_end_without_a_figure_may_have_filled_wholly() -> None:
    bench = resting()
    (order,) = bench.orders
    bench.hear(status(S.CANCELED, at=7.0))
    assert Decimal(100) == order_funds.held(order, "USDT")
    bench.tracker.fills_fetched("id-1", 60.0)
    assert Decimal(0) == order_funds.held(order, "USDT")


def test_an_amend_on_its_way_holds_the_larger_amount() -> None:
    bench = resting()
    (order,) = bench.orders
    bench.tracker.amending("id-1", Decimal(3), 4.0)
    assert Decimal(300) == order_funds.held(order, "USDT")
    bench.tracker.request_failed("id-1", 5.0, command=Command.AMEND, amount=Decimal(3))
    assert Decimal(100) == order_funds.held(order, "USDT")


def test_a_fill_that_does_not_fit_holds_nothing() -> None:
    bench = resting()
    (order,) = bench.orders
    bench.hear(free_fill(amount="5"))
    assert Decimal(100) == order_funds.held(order, "USDT")


# --- after a poll


def test_the_documented_example_an_order_that_fills_after_the_poll() -> None:
    bench = resting()
    bench.poll(5.0, USDT="1100/1000")
    assert "1000" == bench.available()
    bench.hear(free_fill(amount="1"))
    assert ("1000", "1000") == (bench.total(), bench.available())


def test_a_partial_fill_counts_once() -> None:
    bench = resting()
    bench.hear(free_fill("t1", "0.5", at=3.0))
    bench.poll(5.0, USDT="1000/950", COINX="0.5/0.5")
    bench.hear(free_fill("t2", "0.25"))
    assert ("975", "950", "0.75") == (bench.total(), bench.available(), bench.total("COINX"))


def test_a_fill_below_the_limit_gives_back_the_difference() -> None:
    bench = resting()
    bench.poll(5.0, USDT="1000/900")
    bench.hear(free_fill(amount="1", price="90"))
    assert ("910", "910") == (bench.total(), bench.available())


def test_a_sell_brings_quote() -> None:
    bench = SheetBench()
    bench.place(sell())
    bench.hear(status(S.OPEN, at=2.0))
    bench.poll(5.0, COINX="2/1")
    bench.hear(free_fill(amount="1"))
    assert ("1", "1") == (bench.total("COINX"), bench.available("COINX"))
    assert ("100", "100") == (bench.total("USDT"), bench.available("USDT"))


def test_a_fill_that_was_booked_before_the_question_is_in_the_answer_though_we_learn_of_it_later() -> None:
    bench = resting()
    bench.poll(5.0, USDT="1050/950", COINX="0.5/0.5")
    bench.hear(free_fill(amount="0.5", at=4.0))
    assert ("1050", "950", "0.5") == (bench.total(), bench.available(), bench.available("COINX"))


def test_a_fill_that_was_known_before_the_question_is_in_the_answer_whatever_the_clocks_say() -> None:
    bench = resting()
    bench.hear(free_fill(amount="0.5", at=5.5))
    bench.poll(5.0, USDT="1050/1000", COINX="0.5/0.5")
    assert ("1050", "1000", "0.5") == (bench.total(), bench.available(), bench.available("COINX"))


def test_a_fill_while_the_question_is_under_way_counts_only_where_it_takes() -> None:
    bench = resting()
    bench.poll(5.0, 7.0, USDT="1000/900", COINX="0/0")
    bench.hear(free_fill(amount="1", price="90", at=6.0))
    assert ("900", "0") == (bench.available(), bench.available("COINX"))
    bench.poll(8.0, USDT="910/910", COINX="1/1")
    assert ("910", "1") == (bench.available(), bench.available("COINX"))


def test_an_order_that_was_sent_after_the_question_is_not_in_the_answer() -> None:
    bench = SheetBench()
    bench.poll(0.5, USDT="1000/1000")
    bench.place(buy())
    bench.hear(status(S.OPEN, at=2.0), free_fill(amount="0.25", at=3.0))
    assert ("975", "900") == (bench.total(), bench.available())


def test_an_order_in_flight_when_the_question_left_may_be_in_the_answer_or_not() -> None:
    bench = SheetBench()
    bench.place(buy())
    bench.poll(2.0, 4.0, USDT="1000/900")
    assert "800" == bench.available()
    bench.hear(status(S.OPEN, at=3.0))
    assert "800" == bench.available()
    bench.poll(5.0, USDT="1000/900")
    assert "900" == bench.available()


def test_an_order_that_turns_out_to_have_been_there_before_the_question_is_in_the_answer() -> None:
    bench = SheetBench()
    bench.place(buy())
    bench.poll(3.0, 4.0, USDT="1000/900")
    bench.hear(free_fill(amount="0.5", at=4.5))  # the fill comes first, the older acknowledgement after it
    bench.hear(status(S.OPEN, at=2.0))
    assert ("950", "900", "0.5") == (bench.total(), bench.available(), bench.available("COINX"))


def test_an_order_that_was_known_when_the_question_left_is_in_the_answer_whatever_the_clocks_say() -> None:
    bench = SheetBench()
    bench.place(buy())
    bench.hear(status(S.OPEN, at=2.0))
    bench.poll(1.5, USDT="1000/900")
    assert "900" == bench.available()


def test_a_refused_order_gives_back_its_reservation() -> None:
    bench = SheetBench()
    bench.poll(0.5, USDT="1000/1000")
    bench.place(buy())
    bench.tracker.request_failed("id-1", 2.0)
    assert "1000" == bench.available()


# --- ends


def test_a_cancel_after_the_answer_releases_the_rest() -> None:
    bench = resting()
    bench.poll(5.0, 5.5, USDT="1000/900")
    bench.hear(free_fill(amount="0.25"), status(S.CANCELED, "0.25", at=7.0))
    assert ("975", "975") == (bench.total(), bench.available())


def test_a_cancel_while_the_question_is_under_way_releases_with_the_next_answer() -> None:
    bench = resting()
    bench.poll(5.0, 7.0, USDT="1000/900")
    bench.hear(status(S.CANCELED, "0", at=6.0))
    assert "900" == bench.available()
    bench.poll(8.0, USDT="1000/1000")
    assert "1000" == bench.available()


def test_a_presumed_end_releases_with_the_next_answer() -> None:
    bench = resting()
    bench.poll(5.0, USDT="1000/900")
    bench.tracker.presume_closed("id-1", 60.0)
    assert "900" == bench.available()
    bench.poll(61.0, USDT="1000/1000")
    assert "1000" == bench.available()


def test_an_ended_order_that_misses_fills_is_not_taken_off_a_figure_that_has_them() -> None:
    bench = resting()
    bench.hear(status(S.CANCELED, "0.5", at=4.0))
    bench.poll(5.0, USDT="950/950", COINX="0.5/0.5")
    assert ("950", "0.5") == (bench.available(), bench.available("COINX"))
    bench.hear(free_fill(amount="0.5", at=3.0))
    assert ("950", "0.5") == (bench.available(), bench.available("COINX"))


def test_an_end_that_misses_fills_after_the_answer_keeps_what_they_may_have_cost() -> None:
    bench = resting()
    bench.poll(5.0, USDT="1000/900")
    bench.hear(status(S.CANCELED, "0.5", at=6.0))
    assert "950" == bench.available()
    bench.hear(free_fill(amount="0.5", price="90", at=5.5))
    assert "955" == bench.available()


# --- market orders in quote


def in_quote() -> SheetBench:
    bench = SheetBench()
    bench.place(buy(amount=None, quote_amount=Decimal(100), order_type=OrderType.MARKET, price=None))
    return bench


def test_a_buy_in_quote_reserves_its_quote_amount_and_gives_back_what_the_lot_size_leaves() -> None:
    bench = in_quote()
    bench.poll(0.5, USDT="1000/1000")
    assert "900" == bench.available()
    bench.hear(free_fill(amount="0.9", at=2.0))
    assert ("910", "900") == (bench.total(), bench.available())
    bench.hear(status(S.FILLED, "0.9", at=2.0))
    assert ("910", "910") == (bench.total(), bench.available())


def test_a_buy_in_quote_that_ended_without_a_figure_goes_on_holding() -> None:
    bench = in_quote()
    bench.poll(0.5, USDT="1000/1000")
    bench.hear(status(S.FILLED, at=2.0))
    assert "900" == bench.available()


def test_a_buy_in_quote_that_was_under_way_at_the_question_is_carried_on() -> None:
    bench = in_quote()
    bench.hear(status(S.OPEN, at=2.0))
    bench.poll(5.0, USDT="1000/900")
    bench.hear(free_fill(amount="0.5", at=6.0))
    assert ("950", "900", "0.5") == (bench.total(), bench.available(), bench.available("COINX"))
    bench.hear(status(S.EXPIRED, "0.5", at=7.0))
    assert "950" == bench.available()


def test_a_sell_in_quote_counts_by_its_fills() -> None:
    bench = SheetBench()
    bench.place(sell(amount=None, quote_amount=Decimal(100), order_type=OrderType.MARKET, price=None))
    bench.hear(status(S.OPEN, at=2.0))
    bench.poll(5.0, COINX="2/2")
    bench.hear(free_fill(amount="1", at=6.0))
    assert ("1", "100") == (bench.available("COINX"), bench.available("USDT"))


# --- amends


def test_an_amend_after_the_poll_holds_the_difference() -> None:
    bench = resting()
    bench.poll(5.0, USDT="1000/900")
    bench.tracker.amending("id-1", Decimal(2), 6.0)
    assert "800" == bench.available()
    bench.hear(status(S.OPEN, at=6.5, amount=Decimal(2)))
    assert "800" == bench.available()
    bench.hear(status(S.CANCELED, "0", at=7.0))
    assert "1000" == bench.available()


def test_another_price_after_the_poll_holds_the_difference() -> None:
    bench = resting()
    bench.poll(5.0, USDT="1000/900")
    bench.hear(status(S.OPEN, at=6.5, price=Decimal(80)))
    assert "920" == bench.available()


def test_an_amend_under_way_with_the_question_is_cleared_up_by_the_next_answer() -> None:
    bench = resting()
    bench.tracker.amending("id-1", Decimal("0.5"), 4.0)
    bench.poll(5.0, 7.0, USDT="1000/950")
    assert "950" == bench.available()
    bench.hear(status(S.OPEN, at=6.0, amount=Decimal("0.5")))
    # Held were 100 or 50 when the balance was told: 50 are held now, on top of what it says.
    assert "900" == bench.available()
    bench.poll(8.0, USDT="1000/950")
    assert "950" == bench.available()


def test_terms_that_changed_before_the_answer_came_are_not_certain() -> None:
    bench = resting()
    snapshot = bench.sheet.snapshot(5.0)
    bench.hear(status(S.OPEN, at=6.0, price=Decimal(50)))
    bench.sheet.polled(said(5.0, USDT="1000/950"), snapshot, 7.0)
    assert "900" == bench.available()


def test_of_two_amends_on_their_way_one_may_be_in_the_figure_and_the_other_not() -> None:
    bench = resting("2")
    bench.tracker.amending("id-1", Decimal(1), 3.0)
    bench.poll(5.0, USDT="1000/900")  # the first has come, and nobody heard of it
    bench.tracker.amending("id-1", Decimal(2), 6.0)
    assert "800" == bench.available()


def test_an_amend_back_to_the_old_amount_is_one_though_the_amount_is_the_same() -> None:
    bench = resting("2")
    bench.tracker.amending("id-1", Decimal(1), 3.0)
    bench.poll(5.0, USDT="1000/900")
    bench.tracker.amending("id-1", Decimal(2), 6.0)
    bench.hear(status(S.OPEN, at=6.5, amount=Decimal(2)))
    (order,) = bench.orders
    assert 6.5 == order.amended_at
    assert Decimal(800) >= bench.sheet.available("USDT")
    bench.poll(8.0, USDT="1000/800")
    assert "800" == bench.available()


def test_an_order_that_ends_while_its_amend_is_under_way_gives_back_with_the_next_answer() -> None:
    bench = resting()
    bench.poll(5.0, USDT="1000/900")
    bench.tracker.amending("id-1", Decimal("0.5"), 6.0)
    bench.hear(status(S.CANCELED, "0", at=7.0))
    assert "900" == bench.available()


# --- fees


@pytest.mark.parametrize(
    ("fee", "usdt", "coinx"),
    [
        (AddedToCostTradeFee(percent=Decimal("0.01")), "899", "1"),
        (DeductedFromReturnsTradeFee(percent=Decimal("0.01")), "900", "0.99"),
        (AddedToCostTradeFee(percent=Decimal("0.01"), percent_token="COINX"), "900", "0.99"),
        (AddedToCostTradeFee(flat_fees=[TokenAmount("COINX", Decimal("0.1"))]), "900", "0.9"),
        (AddedToCostTradeFee(percent=Decimal("0.01"), percent_token="FEE"), "900", "1"),
    ],
    ids=["on top", "held back", "in base", "so much base", "in a token, as a share"],
)
def test_a_fee_is_taken_from_its_asset(fee: TradeFee, usdt: str, coinx: str) -> None:
    bench = resting()
    bench.poll(5.0, USDT="1000/900")
    bench.hear(replace(free_fill(amount="1"), fee=fee))
    assert (usdt, coinx) == (bench.available(), bench.available("COINX"))


def test_a_fee_in_a_third_token_is_taken_from_it() -> None:
    bench = resting()
    bench.poll(5.0, USDT="1000/900", FEE="3/3")
    bench.hear(replace(free_fill(amount="1"), fee=AddedToCostTradeFee(flat_fees=[TokenAmount("FEE", ONE)])))
    assert ("2", "2") == (bench.total("FEE"), bench.available("FEE"))
    assert {"USDT": Decimal(900), "FEE": Decimal(2), "COINX": ONE} == bench.sheet.availables()


def test_a_sell_that_pays_its_fee_from_what_it_brings() -> None:
    bench = SheetBench()
    bench.place(sell())
    bench.hear(status(S.OPEN, at=2.0))
    bench.poll(5.0, COINX="2/1")
    fee = DeductedFromReturnsTradeFee(percent=Decimal("0.01"))
    bench.hear(replace(free_fill(amount="1"), fee=fee))
    assert ("1", "99") == (bench.available("COINX"), bench.available("USDT"))


def test_a_venue_that_holds_the_fee_too_is_reckoned_with() -> None:
    bench = SheetBench()
    bench.sheet = bench.sheet_with(load="1.01")
    bench.poll(0.5, USDT="1000/1000")
    bench.place(buy())
    bench.hear(status(S.OPEN, at=2.0))
    assert "899" == bench.available()
    bench.poll(5.0, USDT="1000/899")
    assert "899" == bench.available()
    bench.hear(replace(free_fill(amount="0.5"), fee=AddedToCostTradeFee(percent=Decimal("0.01"))))
    assert ("949.5", "899") == (bench.total(), bench.available())


# --- fills in quarantine


def test_a_fill_that_does_not_fit_counts_where_it_makes_less() -> None:
    bench = resting()
    bench.poll(5.0, USDT="1000/900", COINX="0/0")
    bench.hear(free_fill(amount="5"))
    assert ("400", "0") == (bench.available(), bench.available("COINX"))
    bench.poll(8.0, USDT="500/400", COINX="5/5")
    assert ("400", "5") == (bench.available(), bench.available("COINX"))


def test_a_fill_that_does_not_fit_counts_though_its_order_was_long_over() -> None:
    bench = resting()
    bench.hear(free_fill(amount="1", at=3.0), status(S.FILLED, "1", at=3.0))
    bench.poll(5.0, USDT="900/900", COINX="1/1")
    bench.hear(free_fill("t2", "1", at=6.0))
    assert ("800", "1") == (bench.available(), bench.available("COINX"))


# --- what is remembered


def test_a_snapshot_leaves_out_what_was_over_before() -> None:
    bench = resting()
    bench.hear(free_fill(amount="1", at=3.0), status(S.FILLED, "1", at=3.0))
    bench.place(buy("id-2"))
    assert ["id-2"] == list(InFlightSnapshot.of(bench.orders, 4.0).orders)
    assert ["id-2", "id-1"] == list(InFlightSnapshot.of(bench.orders, 2.5).orders)


def test_an_order_that_is_forgotten_is_passed_over_by_its_snapshot() -> None:
    bench = resting()
    snapshot = bench.sheet.snapshot(5.0)
    assert snapshot == snapshot.confirmed_by([])
    assert snapshot == snapshot.confirmed_by(bench.orders)


def test_what_was_over_before_every_figure_is_not_looked_at_again() -> None:
    bench = resting()
    bench.hear(free_fill(amount="1", at=3.0), status(S.FILLED, "1", at=3.0))
    moment = Moment(since=5.0, until=5.0, known={})
    (order,) = bench.orders
    assert order_funds.is_long_over(order, 5.0)
    assert (
        0
        == order_funds.freed_since(order, "USDT", moment, ONE)
        == order_funds.net_since(order, "USDT", moment)
    )


def test_a_restart_knows_what_was_known_of_terms_and_acknowledgement() -> None:
    bench = resting()
    bench.hear(status(S.OPEN, at=3.0, price=Decimal(90)))
    (order,) = bench.orders
    assert (2.0, 3.0) == (order.seen_since, order.amended_at)
    restored = InFlightOrder.from_json(order.to_json())
    assert (2.0, 3.0) == (restored.seen_since, restored.amended_at)


def test_an_order_that_comes_back_from_a_presumed_end_is_only_as_old_as_its_new_sighting() -> None:
    bench = SheetBench(BalanceChannel.FREE_AND_LOCKED)
    order = bench.place(buy())
    bench.tracker.presume_closed("id-1", 40.0)
    bench.hear(status(S.OPEN, at=50.0))
    assert 50.0 == order.seen_since
