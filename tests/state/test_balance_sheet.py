"""The venue's figures, and which of two words counts."""

from __future__ import annotations

from decimal import Decimal

from tests.state.order_bench import buy, fill, status
from tests.state.sheet_bench import SheetBench, said, sell

from venuekit.model.account import BalanceChannel, BalanceMove, MoveCause
from venuekit.model.order import OrderState
from venuekit.state.balance_sheet import Figure, FigureKind
from venuekit.state.in_flight_order import InFlightOrder

S = OrderState
PUSHES = BalanceChannel.FREE_AND_LOCKED
WALLET = BalanceChannel.WALLET_ONLY


def deposit(amount: str = "50", *, at: float = 6.0, reference: str | None = None) -> BalanceMove:
    return BalanceMove(
        asset="USDT", amount=Decimal(amount), timestamp=at, cause=MoveCause.DEPOSIT, reference=reference
    )


# --- what is known


def test_nothing_is_known_before_the_venue_told() -> None:
    bench = SheetBench()
    bench.place(buy())
    assert not bench.sheet.is_known
    assert ("0", "0") == (bench.total(), bench.available())
    assert {} == bench.sheet.totals() == bench.sheet.availables()
    assert float("-inf") == bench.sheet.figure("USDT").observed_at


def test_only_a_complete_report_makes_the_balances_known() -> None:
    bench = SheetBench(PUSHES)
    assert ["USDT"] == bench.push(1.0, USDT="10/10")
    assert not bench.sheet.is_known
    assert "10" == bench.available()
    assert ["USDT"] == bench.poll(2.0, USDT="11/11")
    assert bench.sheet.is_known


def test_a_figure_says_where_it_comes_from_and_how_old_it_is() -> None:
    bench = SheetBench(PUSHES)
    bench.poll(1.0, USDT="10/8", COINX="1/1")
    bench.push(2.0, USDT="11/9")
    eleven, nine = Decimal(11), Decimal(9)
    assert Figure(
        total=eleven, available=nine, kind=FigureKind.PUSHED, observed_at=2.0
    ) == bench.sheet.figure("USDT")
    assert FigureKind.POLLED is bench.sheet.figure("COINX").kind
    bench.place(buy(amount="0.01"), at=3.0)
    assert FigureKind.ESTIMATED is bench.sheet.figure("USDT").kind
    assert 2.0 == bench.sheet.figure("USDT").observed_at


def test_what_a_complete_report_leaves_out_is_not_held() -> None:
    bench = SheetBench()
    bench.poll(1.0, USDT="10/10", COINX="1/1")
    assert ["COINX"] == bench.poll(2.0, USDT="10/10")
    assert "0" == bench.total("COINX")
    assert {"USDT": Decimal(10), "COINX": Decimal(0)} == bench.sheet.totals()


def test_what_is_bought_for_the_first_time_is_there_before_any_report_names_it() -> None:
    bench = SheetBench()
    bench.place(buy())
    bench.hear(status(S.OPEN))
    bench.poll(2.5, USDT="1000/900")
    bench.hear(fill(amount="0.5", at=3.0))
    assert ("0.5", "0.5") == (bench.total("COINX"), bench.available("COINX"))
    assert Decimal("0.5") == bench.sheet.availables()["COINX"]
    assert 2.5 == bench.sheet.figure("COINX").observed_at


def test_only_what_differs_from_what_was_told_last_is_told() -> None:
    bench = SheetBench(PUSHES)
    assert ["USDT"] == bench.poll(1.0, USDT="10/10", COINX="0/0")
    assert [] == bench.poll(2.0, USDT="10/10", COINX="0/0")
    bench.place(buy(amount="0.01"))
    assert "9" == bench.available()
    # The estimate was right, and nobody was told of it yet.
    bench.hear(status(S.OPEN, at=3.0))
    assert (Decimal(10), Decimal(10)) == bench.sheet.told("USDT")
    assert ["USDT"] == bench.push(3.0, USDT="10/9")
    assert (Decimal(10), Decimal(9)) == bench.sheet.told("USDT")
    assert [] == bench.push(4.0, USDT="10/9")
    assert (Decimal(0), Decimal(0)) == bench.sheet.told("NONE")


# --- which of two words counts


def test_an_older_push_does_not_overwrite_a_newer_one_of_the_same_asset() -> None:
    bench = SheetBench(PUSHES)
    bench.push(5.0, USDT="10/10")
    assert ["COINX"] == bench.push(4.0, USDT="99/99", COINX="3/3")
    assert ("10", "3") == (bench.available(), bench.available("COINX"))


def test_an_answer_is_as_old_as_its_question() -> None:
    bench = SheetBench(PUSHES)
    snapshot = bench.sheet.snapshot(4.0)
    bench.push(5.0, USDT="10/10", DUST="1/1")
    assert ["COINX"] == bench.sheet.polled(said(4.0, USDT="99/99", COINX="3/3"), snapshot, 6.0)
    assert ("10", "1") == (bench.available(), bench.available("DUST"))


def test_an_answer_that_comes_after_a_later_one_changes_nothing() -> None:
    bench = SheetBench()
    bench.poll(5.0, USDT="10/10")
    assert [] == bench.poll(4.0, USDT="99/99", COINX="1/1", DUST="0/0")
    bench.place(sell(amount="1"))
    assert "0" == bench.available("COINX")
    assert 5.0 == bench.sheet.figure("OTHER").observed_at


def test_the_later_of_two_words_of_the_same_moment_counts() -> None:
    bench = SheetBench(PUSHES)
    bench.push(5.0, USDT="10/10")
    assert ["USDT"] == bench.push(5.0, USDT="11/11")


# --- free and locked are pushed


def test_an_order_reserves_what_it_may_take_until_the_venue_has_locked_it() -> None:
    bench = SheetBench(PUSHES)
    bench.poll(0.5, USDT="1000/1000")
    order = bench.place(buy())
    assert order.is_pending_create
    assert ("1000", "900") == (bench.total(), bench.available())
    bench.hear(status(S.OPEN, at=2.0))
    # Acknowledged, and the stream did not tell the balance yet: it must not be spent twice.
    assert "900" == bench.available()
    bench.push(2.0, USDT="1000/900")
    assert "900" == bench.available()
    assert FigureKind.PUSHED is bench.sheet.figure("USDT").kind


def test_an_order_that_waits_to_be_sent_reserves_too() -> None:
    bench = SheetBench(PUSHES)
    bench.poll(0.5, USDT="1000/1000")
    bench.place(buy())
    bench.tracker.withdraw("id-1", 1.5)  # it was sent: nothing to withdraw
    assert "900" == bench.available()


def test_what_never_reached_the_venue_frees_nothing_though_our_clock_went_back_meanwhile() -> None:
    bench = SheetBench(PUSHES)
    bench.poll(0.5, USDT="1000/1000")
    bench.place(buy("id-1"), at=9.0)
    bench.tracker.request_failed("id-1", 9.0)
    order = InFlightOrder.of(buy("id-2"), 9.0)
    bench.tracker.start(order)
    bench.tracker.withdraw("id-2", 9.0)
    assert "1000" == bench.available()
    bench.poll(8.0, 8.1, USDT="1000/1000")
    assert "1000" == bench.available()


def test_a_push_of_before_an_order_does_not_have_it() -> None:
    bench = SheetBench(PUSHES)
    bench.place(buy())
    bench.hear(status(S.OPEN, at=2.0))
    bench.push(1.9, USDT="1000/1000")
    assert "900" == bench.available()


def test_a_push_of_the_millisecond_in_which_an_order_was_taken_need_not_have_it() -> None:
    """Found by seed 3024: what came next, the order's own push among it, was lost with the connection."""
    bench = SheetBench(PUSHES)
    bench.place(buy())
    bench.push(2.0, USDT="1000/1000")  # of a cancel, in the same batch of commands
    bench.hear(status(S.OPEN, at=2.0))
    assert "900" == bench.available()
    bench.push(2.0, USDT="1000/900")
    assert "900" == bench.available()


def test_an_order_in_doubt_reserves_until_the_doubt_is_over() -> None:
    bench = SheetBench(PUSHES)
    bench.poll(0.5, USDT="1000/1000")
    bench.place(buy())
    bench.tracker.doubt("id-1", 2.0)
    bench.push(30.0, USDT="1000/1000")
    assert "900" == bench.available()
    bench.tracker.presume_closed("id-1", 40.0)
    assert "1000" == bench.available()


def test_what_a_fill_brings_is_there_before_the_push() -> None:
    bench = SheetBench(PUSHES)
    bench.place(buy())
    bench.hear(status(S.OPEN, at=2.0))
    bench.push(2.0, USDT="1000/900", COINX="0/0")
    bench.hear(fill(amount="0.5", at=3.0))
    assert ("949.95", "899.95", "0.5") == (bench.total(), bench.available(), bench.available("COINX"))
    bench.push(3.0, USDT="949.95/899.95", COINX="0.5/0.5")
    assert ("949.95", "899.95", "0.5") == (bench.total(), bench.available(), bench.available("COINX"))


def test_a_deposit_waits_for_the_balance_that_the_stream_tells() -> None:
    bench = SheetBench(PUSHES)
    bench.poll(1.0, USDT="10/10")
    assert [] == bench.sheet.moved(deposit())
    assert "10" == bench.available()


# --- only totals are pushed


def test_a_wallet_moves_the_total_and_leaves_what_is_available_to_the_estimate() -> None:
    bench = SheetBench(WALLET)
    bench.place(buy())
    bench.hear(status(S.OPEN))
    bench.poll(2.5, USDT="1000/900")
    bench.hear(fill(amount="0.5", at=3.0))
    bench.push(2.4, USDT="2000")
    assert ("949.95", "899.95") == (bench.total(), bench.available())
    bench.push(3.0, USDT="949.95")
    assert ("949.95", "899.95") == (bench.total(), bench.available())
    figure = bench.sheet.figure("USDT")
    assert (FigureKind.ESTIMATED, 2.5) == (figure.kind, figure.observed_at)


def test_a_figure_of_two_moments_is_an_estimate_though_nothing_is_added() -> None:
    bench = SheetBench(WALLET)
    bench.poll(2.5, USDT="1000/900")
    bench.push(3.0, USDT="1000")
    assert FigureKind.ESTIMATED is bench.sheet.figure("USDT").kind


def test_where_nobody_tells_what_is_free_open_orders_are_taken_off_the_total() -> None:
    bench = SheetBench(WALLET)
    bench.place(buy())
    bench.hear(status(S.OPEN))
    bench.poll(2.5, USDT="1000")
    assert ("1000", "900") == (bench.total(), bench.available())
    bench.hear(fill(amount="0.5", at=3.0))
    assert ("949.95", "899.95") == (bench.total(), bench.available())
    bench.push(3.0, USDT="949.95")
    assert ("949.95", "899.95") == (bench.total(), bench.available())


# --- deposits and withdrawals


def test_a_deposit_counts_until_a_figure_has_it() -> None:
    bench = SheetBench()
    bench.poll(5.0, USDT="10/10")
    assert ["USDT"] == bench.sheet.moved(deposit(at=6.0))
    assert ("60", "60") == (bench.total(), bench.available())
    assert [] == bench.poll(7.0, USDT="60/60")
    assert FigureKind.POLLED is bench.sheet.figure("USDT").kind


def test_a_deposit_that_the_wallet_shows_is_added_to_what_is_available_only() -> None:
    bench = SheetBench(WALLET)
    bench.poll(5.0, USDT="10/4")
    bench.push(6.0, USDT="60")
    bench.sheet.moved(deposit(at=6.0))
    assert ("60", "54") == (bench.total(), bench.available())


def test_a_deposit_that_is_told_twice_counts_once() -> None:
    bench = SheetBench()
    bench.poll(5.0, USDT="10/10")
    bench.sheet.moved(deposit(reference="d1"))
    assert [] == bench.sheet.moved(deposit(reference="d1"))
    assert ["USDT"] == bench.sheet.moved(deposit(reference="d2"))
    assert "110" == bench.total()


def test_of_the_deposits_that_were_told_only_the_last_thousand_are_remembered() -> None:
    bench = SheetBench(BalanceChannel.FREE_AND_LOCKED)
    for number in range(1001):
        bench.sheet.moved(deposit(reference=f"d{number}"))
    heard = [bench.sheet.has_heard(deposit(reference=f"d{number}")) for number in range(1001)]
    assert heard == [False, *[True] * 1000]


def test_deposits_without_a_reference_are_one_if_they_are_told_in_the_same_words() -> None:
    bench = SheetBench()
    bench.poll(5.0, USDT="10/10")
    assert ["USDT"] == bench.sheet.moved(deposit())
    assert bench.sheet.has_heard(deposit())
    assert [] == bench.sheet.moved(deposit())
    assert "60" == bench.total()
    assert ["USDT"] == bench.sheet.moved(deposit(at=7.0))
    assert "110" == bench.total()
    bench.poll(8.0, USDT="110/110")
    bench.sheet.moved(deposit(at=7.0))
    assert "110" == bench.total()


def test_a_deposit_while_the_question_is_on_its_way_counts_with_the_next_answer() -> None:
    bench = SheetBench()
    bench.poll(5.0, 7.0, USDT="10/10")
    bench.sheet.moved(deposit("50", at=6.0))
    assert "10" == bench.available()
    bench.sheet.moved(deposit("-3", at=6.5))
    assert "7" == bench.available()


def test_a_deposit_that_comes_before_all_balances_is_kept_for_them() -> None:
    bench = SheetBench()
    assert [] == bench.sheet.moved(deposit(at=6.0))
    bench.push(1.0, COINX="1/1")
    bench.poll(5.0, COINX="1/1")
    assert "50" == bench.available()


# --- all in one


def test_one_asset_and_all_of_them_are_told_alike() -> None:
    bench = SheetBench()
    bench.place(buy())
    bench.place(sell("id-2", "0.25", price=Decimal(110)))
    bench.poll(0.5, USDT="1000/1000", COINX="1/1")
    assert {"USDT": Decimal(900), "COINX": Decimal("0.75")} == bench.sheet.availables()
    assert {"USDT": Decimal(1000), "COINX": Decimal(1)} == bench.sheet.totals()


def test_no_less_than_nothing_is_available() -> None:
    bench = SheetBench()
    bench.poll(0.5, USDT="10/10")
    bench.place(buy())
    assert "0" == bench.available()
