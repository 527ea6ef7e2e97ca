"""The ledger against a venue that counts arrivals, and against a twin that recounts everything each time."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from venuekit.protocol.rates import RatePool, Window
from venuekit.state.rate_ledger import RateLedger, Reservation

POOLS = {
    "minute": RatePool(name="minute", limit=20, seconds=6, reserve=0.1),
    "span": RatePool(name="span", limit=12, seconds=2.5, window=Window.ROLLING),
    "raw": RatePool(name="raw", limit=40, seconds=10, every_call=1),
}
COSTS = st.fixed_dictionaries({}, optional={"minute": st.integers(0, 18), "span": st.integers(0, 12)})
# Binary fractions, so that a span begins and ends exactly where the arithmetic says.
LATENCY = st.integers(0, 40).map(lambda ticks: ticks / 16)


@dataclass
class Call:
    at: float
    costs: dict[str, int]
    up: float
    down: float
    is_cancel: bool
    kept: float
    """The share of its cost that remains charged."""


CALLS = st.lists(
    st.builds(
        Call,
        at=st.integers(0, 20 * 16).map(lambda ticks: ticks / 16),
        costs=COSTS,
        up=LATENCY,
        down=LATENCY,
        is_cancel=st.booleans(),
        kept=st.sampled_from([0.0, 0.5, 1.0, 1.0]),
    ),
    max_size=40,
).map(lambda calls: sorted(calls, key=lambda call: call.at))


def remaining(call: Call) -> dict[str, int]:
    return {name: int(cost * call.kept) for name, cost in call.costs.items()}


@dataclass
class Seen:
    """What the twin remembers of one request."""

    reservation: Reservation
    call: Call
    admitted: float | None = None
    settled: float | None = None

    def units(self, pool: RatePool) -> int:
        cost = self.call.costs if self.settled is None else remaining(self.call)
        return cost.get(pool.name, 0) + pool.every_call

    def counts(self, pool: RatePool, now: float) -> bool:
        if self.admitted is None:
            return False
        if self.settled is None:
            return True
        if pool.window is Window.ROLLING:
            return self.settled + pool.seconds > now
        return math.floor(self.settled / pool.seconds) >= math.floor(now / pool.seconds)


@dataclass
class Twin:
    """The same rules, by recounting a list."""

    seen: list[Seen] = field(default_factory=list)

    def used(self, pool: RatePool, now: float) -> int:
        return sum(seen.units(pool) for seen in self.seen if seen.counts(pool, now))

    def admit(self, now: float) -> list[Reservation]:
        admitted = []
        held = dict.fromkeys(POOLS, 0)
        behind: list[tuple[bool, list[str]]] = []
        waiting = [seen for seen in self.seen if seen.admitted is None]
        for seen in sorted(waiting, key=lambda s: (not s.call.is_cancel, s.reservation.number)):
            touched = [name for name, pool in POOLS.items() if seen.units(pool)]
            if (seen.call.is_cancel, touched) in behind:
                continue
            if all(self.fits(seen, POOLS[name], held[name], now) for name in touched):
                seen.admitted = now
                admitted.append(seen.reservation)
                continue
            behind.append((seen.call.is_cancel, touched))
            for name in touched:
                held[name] += seen.units(POOLS[name])
        return admitted

    def fits(self, seen: Seen, pool: RatePool, held: int, now: float) -> bool:
        limit = pool.limit if seen.call.is_cancel else pool.limit - round(pool.limit * pool.reserve)
        return self.used(pool, now) + held + seen.units(pool) <= limit


class World:
    """Requests, a line with latency, and a venue that stamps each request as it arrives."""

    def __init__(self, calls: list[Call]) -> None:
        self.ledger = RateLedger(POOLS.values())
        self.twin = Twin()
        self.arrivals: list[tuple[float, Call]] = []
        self.wakes_in_vain = 0
        self.admitted: list[Reservation] = []
        self._agenda: list[tuple[float, int, str, object]] = []
        self._count = 0
        for call in calls:
            self._plan(call.at, "call", call)

    def run(self) -> None:
        while True:
            now, number = (self._agenda[0][0], self._agenda[0][1]) if self._agenda else (math.inf, 0)
            wake = self.ledger.next_wake(self._now) if self.ledger.has_waiting else None
            if wake is not None and wake < now:
                self._now = wake
                if not self._admit():
                    self.wakes_in_vain += 1
                    return
                continue
            if not number:
                return
            self._now, _, kind, subject = heapq.heappop(self._agenda)
            if kind == "call" and isinstance(subject, Call):
                reservation = self.ledger.request(subject.costs, self._now, is_cancel=subject.is_cancel)
                self.twin.seen.append(Seen(reservation, subject))
            elif kind == "arrival" and isinstance(subject, Seen):
                self.arrivals.append((self._now, subject.call))
            elif isinstance(subject, Seen):
                self.ledger.settle(subject.reservation, remaining(subject.call), self._now)
                subject.settled = self._now
            self._admit()

    _now = 0.0

    def _admit(self) -> bool:
        for name, pool in POOLS.items():
            assert self.ledger.used(name, self._now) == self.twin.used(pool, self._now)
        admitted = self.ledger.admit(self._now)
        assert admitted == self.twin.admit(self._now)
        self.admitted += admitted
        for seen in self.twin.seen:
            if seen.reservation in admitted:
                self._plan(self._now + seen.call.up, "arrival", seen)
                self._plan(self._now + seen.call.up + seen.call.down, "answer", seen)
        return bool(admitted)

    def _plan(self, at: float, kind: str, subject: object) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (at, self._count, kind, subject))

    def most_counted(self, pool: RatePool) -> int:
        """The highest count that the venue ever had in one window of the pool."""
        stamped = [(at, call.costs.get(pool.name, 0) + pool.every_call) for at, call in self.arrivals]
        if pool.window is Window.FIXED:
            windows = [math.floor(at / pool.seconds) for at, _ in stamped]
            return max(
                (
                    sum(cost for other, (_, cost) in zip(windows, stamped, strict=True) if other == window)
                    for window in windows
                ),
                default=0,
            )
        return max(
            (sum(cost for other, cost in stamped if at - pool.seconds < other <= at) for at, _ in stamped),
            default=0,
        )


@settings(max_examples=150, deadline=None)
@given(CALLS)
def test_the_ledger_is_its_naive_twin_and_everybody_goes_at_last(calls: list[Call]) -> None:
    world = World(calls)
    world.run()
    assert world.wakes_in_vain == 0
    assert len(world.admitted) == len(calls)


@settings(max_examples=150, deadline=None)
@given(CALLS)
def test_the_venues_own_count_never_passes_the_limit(calls: list[Call]) -> None:
    for call in calls:
        call.kept = 1.0  # what is given back, the venue gives back too
    world = World(calls)
    world.run()
    assert all(world.most_counted(pool) <= pool.limit for pool in POOLS.values())


@settings(max_examples=100, deadline=None)
@given(CALLS)
def test_requests_for_the_same_pools_go_in_the_order_they_came(calls: list[Call]) -> None:
    world = World(calls)
    world.run()
    lanes: dict[object, list[int]] = {}
    for reservation in world.admitted:
        lanes.setdefault((reservation.is_cancel, tuple(reservation.costs)), []).append(reservation.number)
    assert all(numbers == sorted(numbers) for numbers in lanes.values())


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=12),
    st.sampled_from([Window.FIXED, Window.ROLLING]),
)
def test_headers_in_any_order_hide_nothing_and_invent_nothing(
    flights: list[tuple[int, int, int]], window: Window
) -> None:
    """All requests leave together; `flights` are (arrival, answer after it, cost), one by one stamped."""
    pool = RatePool(name="all", limit=1000, seconds=100, window=window)
    ledger = RateLedger([pool])
    reservations = [ledger.request({"all": cost}, 1.0) for _, _, cost in flights]
    ledger.admit(1.0)
    total = 0
    answers = []
    for index in sorted(range(len(flights)), key=lambda i: flights[i][0]):
        arrival, back, cost = flights[index]
        total += cost
        answers.append((2.0 + arrival + back, index, total))
    for now, index, header in sorted(answers):
        ledger.settle(reservations[index], None, now)
        ledger.observe("all", header, now, 1.0)
        assert ledger.used("all", now) >= total
    assert ledger.used("all", 30.0) == total
