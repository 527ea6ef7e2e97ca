"""No more of an asset is used than was allowed, whatever the account has."""

from __future__ import annotations

from decimal import Decimal

from tests.state.order_bench import buy, fill, status
from tests.state.sheet_bench import SheetBench, sell

from venuekit.model.order import OrderState
from venuekit.state.asset_limits import AssetLimits

S = OrderState


def test_no_more_is_available_than_is_allowed() -> None:
    bench = SheetBench(USDT=300)
    bench.poll(0.5, USDT="1000/1000", COINX="5/5")
    assert ("300", "1000", "5") == (bench.available(), bench.total(), bench.available("COINX"))
    assert {"USDT": Decimal(300), "COINX": Decimal(5)} == bench.sheet.availables()
    # What the venue says is not cut: it is compared with what the venue says next.
    assert Decimal(1000) == bench.sheet.figure("USDT").available


def test_a_limit_above_what_there_is_gives_nothing() -> None:
    bench = SheetBench(USDT=3000)
    bench.poll(0.5, USDT="1000/1000")
    assert "1000" == bench.available()


def test_open_orders_hold_their_part_of_the_limit() -> None:
    bench = SheetBench(USDT=300)
    bench.poll(0.5, USDT="1000/1000")
    bench.place(buy())
    assert "200" == bench.available()
    bench.hear(status(S.OPEN, at=2.0))
    bench.poll(3.0, USDT="1000/900")
    assert "200" == bench.available()
    bench.place(buy("id-2", "5"))
    assert "0" == bench.available()
    bench.hear(status(S.CANCELED, "0", at=4.0))
    bench.hear(status(S.CANCELED, "0", at=4.0, client_id="id-2", exchange_order_id="78"))
    assert "300" == bench.available()


def test_what_fills_cost_is_used_and_what_they_bring_can_be_used() -> None:
    bench = SheetBench(USDT=300, COINX=2)
    bench.poll(0.5, USDT="1000/1000", COINX="50/50")
    bench.place(buy())
    bench.hear(status(S.OPEN, at=2.0), fill("t1", "0.5", at=3.0))
    # 300 less 50 and a fee of 0.05, less what the rest holds.
    assert ("199.95", "2.5") == (bench.available(), bench.available("COINX"))
    bench.hear(fill("t2", "0.5", at=3.5))
    assert ("199.9", "3") == (bench.available(), bench.available("COINX"))
    bench.place(sell("id-2"), at=4.0)
    bench.hear(fill("t3", "1", at=5.0, client_id="id-2", exchange_order_id="78"))
    assert ("299.85", "2") == (bench.available(), bench.available("COINX"))
    bench.poll(6.0, USDT="999.85/999.85", COINX="50/50")
    assert ("299.85", "2") == (bench.available(), bench.available("COINX"))


def test_an_ended_order_whose_fills_are_missing_holds_what_they_may_have_cost() -> None:
    bench = SheetBench(USDT=300)
    bench.poll(0.5, USDT="1000/1000")
    bench.place(buy())
    bench.hear(status(S.CANCELED, "0.5", at=3.0))
    bench.poll(4.0, USDT="950/950")
    assert "250" == bench.available()


def test_fills_of_before_the_first_report_are_not_counted() -> None:
    bench = SheetBench(USDT=300)
    bench.place(buy())
    bench.hear(status(S.OPEN, at=2.0), fill("t1", "0.5", at=3.0))
    bench.poll(4.0, USDT="1000/950")
    assert "250" == bench.available()
    bench.hear(fill("t2", "0.5", at=5.0))
    assert "249.95" == bench.available()


def test_a_fill_stays_counted_when_its_order_is_forgotten() -> None:
    bench = SheetBench(USDT=300)
    bench.poll(0.5, USDT="1000/1000")
    bench.place(buy())
    bench.hear(fill("t1", "1", at=3.0), status(S.FILLED, "1", at=3.0))
    bench.poll(4.0, USDT="899.95/899.95")
    assert ["id-1"] == bench.tracker.release_watched(100_000.0)
    assert "199.95" == bench.available()
    bench.poll(100_001.0, USDT="899.95/899.95")
    assert "199.95" == bench.available()


def test_nothing_is_counted_before_the_start() -> None:
    bench = SheetBench()
    bench.place(buy())
    bench.hear(fill("t1", "1", at=3.0))
    limits = AssetLimits({"USDT": Decimal(300)})
    limits.count(bench.orders)
    assert Decimal(300) == limits.within("USDT", Decimal(1000), [])
    limits.started_at = 2.0
    limits.count(bench.orders)
    limits.count(bench.orders)
    assert Decimal("199.95") == limits.within("USDT", Decimal(1000), [])
