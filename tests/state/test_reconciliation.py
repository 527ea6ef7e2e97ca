from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from tests.state.order_bench import PAIR, Bench, buy, fill, status

from venuekit.model.account import AccountOrder, AssetBalance, BalanceReport
from venuekit.model.order import OpenOrder, OrderState, OrderType
from venuekit.model.order_update import TradeUpdate
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.reconciliation import (
    Difference,
    DifferenceKind,
    Rule,
    compare_balances,
    compare_fills,
    compare_orders,
)

S = OrderState
K = DifferenceKind


def row(client_id: str = "id-1", state: OrderState = S.OPEN, filled: str | None = "0") -> AccountOrder:
    return AccountOrder(
        update=status(state, filled, client_id=client_id),
        row=OpenOrder(
            client_order_id=client_id,
            trading_pair=PAIR,
            price=Decimal(100),
            amount=Decimal(1),
            executed_amount=Decimal(filled or 0),
            status=state.name,
            order_type=OrderType.LIMIT,
            is_buy=True,
            time=1.0,
            exchange_order_id="77",
        ),
    )


def compared(bench: Bench, *rows: AccountOrder, asked_at: float = 50.0) -> list[Difference]:
    return list(
        compare_orders(
            bench.tracker.active_orders.values(),
            rows,
            find=lambda found: bench.tracker.fetch_order(found.row.client_order_id),
            owns=lambda client_id: client_id.startswith("id-"),
            asked_at=asked_at,
        )
    )


def said(differences: Sequence[Difference]) -> list[tuple[DifferenceKind, str, Rule]]:
    return [(found.kind, found.subject, found.rule) for found in differences]


def working() -> Bench:
    bench = Bench()
    bench.tracker.sending("id-1", 1.5)
    bench.hear(status(S.OPEN))
    return bench


def test_an_order_that_stands_as_we_believe_makes_no_difference() -> None:
    assert compared(working(), row()) == []
    assert compared(working(), row(filled=None)) == []


def test_an_open_order_that_is_not_listed_is_asked_for_alone() -> None:
    found = compared(working())
    assert said(found) == [(K.ORDER_NOT_LISTED, "id-1", Rule.ASK)]
    assert "OPEN, 0 of 1 filled" in str(found[0])


def test_an_order_made_after_the_question_was_sent_need_not_be_listed() -> None:
    assert compared(working(), asked_at=1.0) == []


def test_an_order_that_was_not_sent_or_is_on_its_way_need_not_be_listed() -> None:
    bench = Bench()
    assert compared(bench) == []
    bench.tracker.sending("id-1", 1.5)
    assert compared(bench) == []


def test_an_order_in_doubt_that_is_not_listed_is_asked_for() -> None:
    bench = Bench()
    bench.tracker.sending("id-1", 1.5)
    bench.tracker.doubt("id-1", 5.0, signed_at=1.5)
    (found,) = compared(bench)
    assert found.rule is Rule.ASK
    assert "in doubt" in found.ours


def test_an_order_that_is_over_and_waits_for_its_fills_need_not_be_listed() -> None:
    bench = working()
    bench.hear(status(S.FILLED, "1", at=3.0))
    assert list(bench.tracker.active_orders) == ["id-1"]
    assert compared(bench) == []


@pytest.mark.parametrize("theirs", [row(filled="0.5"), row(state=S.PARTIALLY_FILLED)])
def test_an_order_that_stands_otherwise_is_taken_in(theirs: AccountOrder) -> None:
    assert said(compared(working(), theirs)) == [(K.ORDER_STANDS_OTHERWISE, "id-1", Rule.TAKE_IN)]


def test_an_order_that_we_believe_over_and_that_is_listed_stands_otherwise() -> None:
    bench = working()
    bench.hear(status(S.CANCELED, "0", at=3.0))
    assert said(compared(bench, row())) == [(K.ORDER_STANDS_OTHERWISE, "id-1", Rule.TAKE_IN)]


def test_an_order_of_ours_that_nobody_follows_is_adopted() -> None:
    assert said(compared(working(), row(), row("id-9"))) == [(K.ORDER_NOT_FOLLOWED, "id-9", Rule.ADOPT)]


@pytest.mark.parametrize(("client_id", "subject"), [("web_1", "web_1"), ("", "77")])
def test_s50_an_order_of_somebody_else_is_shown_and_left_alone(client_id: str, subject: str) -> None:
    assert said(compared(working(), row(), row(client_id))) == [(K.FOREIGN_ORDER, subject, Rule.LEAVE_ALONE)]


def test_a_fill_that_we_did_not_count_is_counted_and_others_make_no_difference() -> None:
    bench = Bench(buy(amount="2"))
    bench.hear(fill("t1"))

    def find(trade: TradeUpdate) -> InFlightOrder | None:
        return bench.tracker.fetch_order(trade.client_order_id)

    told = [fill("t1"), fill("t2", "0.25"), fill("t3", client_id="web_1")]
    (found,) = compare_fills(told, find)
    assert said([found]) == [(K.MISSING_FILL, "id-1", Rule.COUNT)]
    assert (found.ours, found.theirs) == ("0.5 filled", "trade t2 of 0.25")


@pytest.mark.parametrize(
    ("total", "available", "differs"),
    [
        ("10", "4", False),
        ("10.00", "4.0", False),
        ("10", None, False),
        ("11", "4", True),
        ("10", "3", True),
        ("11", None, True),
    ],
)
def test_a_balance_differs_by_its_figures_and_not_by_how_they_are_written(
    total: str, available: str | None, differs: bool
) -> None:
    theirs = AssetBalance(
        asset="BTC", total=Decimal(total), available=None if available is None else Decimal(available)
    )
    report = BalanceReport(balances=(theirs,), observed_at=5.0)
    found = list(compare_balances(report, lambda _: (Decimal(10), Decimal(4))))
    assert said(found) == ([(K.BALANCE, "BTC", Rule.TAKE_IN)] if differs else [])


def test_a_balance_of_which_we_know_something_newer_makes_no_difference() -> None:
    report = BalanceReport(balances=(AssetBalance(asset="BTC", total=Decimal(1)),), observed_at=5.0)
    assert list(compare_balances(report, lambda _: None)) == []
