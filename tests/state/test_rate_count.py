from __future__ import annotations

from venuekit.protocol.rates import RatePool, Window
from venuekit.state.rate_count import RollingCount, count_of


def test_what_has_left_a_rolling_window_takes_no_memory() -> None:
    count = count_of(RatePool(name="rolling", limit=100, seconds=5, window=Window.ROLLING))
    assert isinstance(count, RollingCount)
    most = 0
    for step in range(20_000):
        now = step * 0.1
        count.turn(now)
        count.settle(count.take(1), 1, 1, now)
        most = max(most, len(count._leaving))
    assert most <= 2 * 51  # 50 are in the window and at most as many await the sweep
