"""The 24-hour figures."""

from __future__ import annotations

from decimal import Decimal

from tests.emulator.scripted_market import START

from venuekit.emulator.day import DAY, Day, written
from venuekit.emulator.step import MarketTrade


def _trade(trade_id: int, price: str, after: float) -> MarketTrade:
    return MarketTrade(trade_id=trade_id, price=price, amount="2", taker_is_buyer=True, time=START + after)


def test_a_quiet_day_stands_at_its_start_price() -> None:
    day = Day("100").summary(START)
    assert (day.open, day.high, day.low, day.last, day.average) == (Decimal(100),) * 5
    assert (day.count, day.first_id, day.change_percent) == (0, -1, "0.000")


def test_trades_add_up() -> None:
    day = Day("100")
    for trade_id, price in enumerate(("110", "90", "99"), start=1):
        day.add(_trade(trade_id, price, 30.0 * trade_id))
    summary = day.summary(START + 100)
    assert [summary.open, summary.high, summary.low, summary.last] == [Decimal(n) for n in (110, 110, 90, 99)]
    assert [summary.volume, summary.quote_volume, summary.count] == [Decimal(6), Decimal(598), 3]
    assert (summary.first_id, summary.last_id, summary.change_percent) == (1, 3, "-10.000")


def test_yesterdays_trades_fall_out_and_leave_their_close() -> None:
    day = Day("100")
    day.add(_trade(1, "110", 0.0))
    day.add(_trade(2, "120", DAY / 2))
    summary = day.summary(START + DAY + 61)
    assert [summary.open, summary.previous_close, summary.count] == [Decimal(120), Decimal(110), 1]


def test_numbers_are_written_with_all_their_digits() -> None:
    assert written(Decimal("1E-7"), 8) == "0.00000010"
    assert written(Decimal(10) ** 30, 2) == "1" + "0" * 30 + ".00"
