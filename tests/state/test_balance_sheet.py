"""The venue's figures, and what our orders did since: never more available than there can be."""

from __future__ import annotations

from decimal import Decimal

from tests.state.order_bench import Bench, buy, fill, status

from venuekit.model.account import AssetBalance, BalanceChannel, BalanceReport
from venuekit.model.order import OrderState
from venuekit.state.balance_sheet import BalanceSheet, FigureKind

S = OrderState


def said(at: float, *, is_complete: bool = True, **amounts: str) -> BalanceReport:
    """A report: USDT="1000/900" is a total of 1000 of which 900 are free."""
    rows = []
    for asset, words in amounts.items():
        total, _, free = words.partition("/")
        available = Decimal(free) if free else Decimal(total)
        rows.append(AssetBalance(asset=asset, total=Decimal(total), available=available))
    return BalanceReport(balances=tuple(rows), observed_at=at, is_complete=is_complete)


def sheet_of(*benches: Bench, channel: BalanceChannel = BalanceChannel.NONE, **limits: int) -> BalanceSheet:
    caps = {asset: Decimal(limit) for asset, limit in limits.items()}
    return BalanceSheet(channel, caps, lambda: [bench.order for bench in benches])


def test_nothing_is_known_before_the_venue_told() -> None:
    sheet = sheet_of()
    assert not sheet.is_known
    assert Decimal(0) == sheet.available("USDT") == sheet.total("USDT")


def test_an_order_that_fills_after_the_poll_leaves_what_the_documented_example_says() -> None:
    bench = Bench(buy(amount="1"))
    bench.hear(status(S.OPEN, at=2.0))
    sheet = sheet_of(bench)
    assert ["USDT"] == sheet.polled(said(5.0, USDT="1100/1000"))
    assert Decimal(1000) == sheet.available("USDT")
    bench.hear(fill(amount="1", at=6.0))
    figure = sheet.figure("USDT")
    assert (Decimal("999.95"), Decimal("999.95")) == (figure.total, figure.available)
    assert FigureKind.ESTIMATED is figure.kind
    assert Decimal(1) == sheet.available("COINX")


def test_an_order_on_its_way_reserves_what_it_may_take() -> None:
    bench = Bench(buy(amount="1"))
    sheet = sheet_of(bench, channel=BalanceChannel.FREE_AND_LOCKED)
    sheet.polled(said(0.5, USDT="1000/1000"))
    assert Decimal(900) == sheet.available("USDT")
    bench.hear(status(S.OPEN, at=2.0))
    assert Decimal(900) == sheet.available("USDT")
    sheet.pushed(said(2.0, USDT="1000/900", is_complete=False))
    assert FigureKind.PUSHED is sheet.figure("USDT").kind
    assert Decimal(900) == sheet.available("USDT")
