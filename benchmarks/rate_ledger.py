"""What a request costs in the rate ledger: reserve and settle, with few and with many in the window.

python benchmarks/rate_ledger.py

Processor time: what other programs take of a busy machine is not in it.
"""

from __future__ import annotations

import time

from venuekit.protocol.rates import RatePool, Window
from venuekit.state.rate_ledger import RateLedger

ROUNDS = 20_000


def nanoseconds_per_request(window: Window, in_window: int) -> float:
    """One request, admission and settlement, while `in_window` requests stand in the window."""
    pool = RatePool(name="weight", limit=in_window + 1, seconds=60, window=window)
    ledger = RateLedger([pool])
    step = pool.seconds / in_window
    now = 0.0
    started = 0
    for number in range(in_window + ROUNDS):
        if number == in_window:
            started = time.thread_time_ns()
        reservation = ledger.request({"weight": 1}, now)
        assert ledger.admit(now) == [reservation]
        ledger.settle(reservation, None, now)
        now += step
    return (time.thread_time_ns() - started) / ROUNDS


def nanoseconds_per_release(waiting: int) -> float:
    """One settlement that lets the next of `waiting` requests go."""
    ledger = RateLedger([RatePool(name="weight", limit=1, seconds=60)])
    for _ in range(waiting):
        ledger.request({"weight": 1}, 0.0)
    started = time.thread_time_ns()
    for _ in range(waiting):
        (reservation,) = ledger.admit(0.0)
        ledger.settle(reservation, {"weight": 0}, 0.0)
        ledger.next_wake(0.0)
    return (time.thread_time_ns() - started) / waiting


def main() -> None:
    for window in Window:
        for in_window in (100, 6_000):
            best = min(nanoseconds_per_request(window, in_window) for _ in range(5))
            print(f"{window.value:8} {in_window:6,} in the window: {best:7,.0f} ns per request")
    for waiting in (100, 6_000):
        best = min(nanoseconds_per_release(waiting) for _ in range(5))
        print(f"released {waiting:6,} waiting:       {best:7,.0f} ns per request")


if __name__ == "__main__":
    main()
