"""The rate ledger against a twin that recounts everything, and against venues that count arrivals."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.machines import budget, finds_it
from tests.state.naive_rates import Asked, NaiveRates

from venuekit import errors
from venuekit.protocol.rates import RatePool, Window
from venuekit.state.rate_count import FixedCount, RateCount, RollingCount
from venuekit.state.rate_ledger import RateLedger, Reservation

POOLS = {
    "minute": RatePool(name="minute", limit=20, seconds=6, reserve=0.1),
    "span": RatePool(name="span", limit=12, seconds=2.5, window=Window.ROLLING),
    "raw": RatePool(name="raw", limit=16, seconds=10, every_call=1),
}
COSTS = st.fixed_dictionaries({}, optional={"minute": st.integers(0, 19), "span": st.integers(0, 13)})
# Binary fractions, so that a span begins and ends exactly where the arithmetic says.
TICK = 1 / 16
SPAN = 2
names = st.sampled_from(list(POOLS))


class CountedRates(RuleBasedStateMachine):
    """Whatever is asked, settled, withdrawn, banned and given back: the twin counts and admits the same."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.ledger = RateLedger(POOLS.values())
        self.twin = NaiveRates(POOLS, {name: pool.limit for name, pool in POOLS.items()})
        self.reservations: dict[int, Reservation] = {}
        self.stamps: list[tuple[float, Asked, dict[str, int]]] = []
        self.is_true_of_the_venue = True

    # --- what happens

    @rule(costs=COSTS, is_cancel=st.booleans())
    def somebody_asks(self, costs: dict[str, int], is_cancel: bool) -> None:
        number = max(self.reservations, default=0) + 1
        units = {name: costs.get(name, 0) + pool.every_call for name, pool in POOLS.items()}
        asked = Asked(number, units, is_cancel)
        if not self.twin.is_possible(asked):
            with pytest.raises(errors.ImpossibleRequest):
                self.ledger.request(costs, self.now, is_cancel=is_cancel)
            return
        self.reservations[number] = self.ledger.request(costs, self.now, is_cancel=is_cancel)
        self.twin.waiting.append(asked)
        self.admit()

    @rule(ticks=st.sampled_from([1, 3, 16, 40, 96]))
    def time_passes(self, ticks: int) -> None:
        self.now += ticks * TICK
        self.admit()

    @precondition(lambda self: self.ledger.has_waiting)
    @rule()
    def who_waits_is_woken_exactly_when_there_is_room(self) -> None:
        wake = self.ledger.next_wake(self.now)
        if wake is None:
            assert self.under_way()  # nobody is kept waiting by nothing
            assert not copy.deepcopy(self.twin).admit(self.now + 1000)
            return
        assert not copy.deepcopy(self.twin).admit(max(self.now, math.nextafter(wake, 0)))
        self.now = wake
        assert self.admit()

    @precondition(lambda self: self.under_way())
    @rule(data=st.data())
    def one_arrives(self, data: st.DataObject) -> None:
        asked = data.draw(st.sampled_from(self.under_way()))
        if asked.arrived is None:
            asked.arrived = self.now
            self.stamps.append((self.now, asked, dict(asked.units)))

    @precondition(lambda self: self.under_way())
    @rule(data=st.data(), share=st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.0]), is_told=st.booleans())
    def one_is_settled(self, data: st.DataObject, share: float, is_told: bool) -> None:
        asked = data.draw(st.sampled_from(self.under_way()))
        reservation = self.reservations[asked.number]
        if is_told:
            cost = {
                name: int((units - POOLS[name].every_call) * share) for name, units in asked.units.items()
            }
            asked.units = {name: units + POOLS[name].every_call for name, units in cost.items()}
            self.is_true_of_the_venue &= share <= 1
            # What the venue charges less it charges less in the window of the request.
            self.stamps = [
                (at, it, asked.units if it is asked and share < 1 else units) for at, it, units in self.stamps
            ]
        asked.settled = self.now
        self.ledger.settle(reservation, cost if is_told else None, self.now)
        with pytest.raises(errors.UsageError):
            self.ledger.settle(reservation, None, self.now)
        self.admit()

    @precondition(lambda self: self.reservations)
    @rule(data=st.data())
    def one_is_withdrawn(self, data: st.DataObject) -> None:
        open_ones = [it for it in (*self.twin.waiting, *self.under_way()) if it.arrived is None]
        assume(open_ones)
        asked = data.draw(st.sampled_from(open_ones))
        self.ledger.withdraw(self.reservations[asked.number], self.now)
        self.twin.waiting = [it for it in self.twin.waiting if it is not asked]
        self.twin.requests = [it for it in self.twin.requests if it is not asked]
        self.admit()

    @rule(name=names, units=st.integers(0, 9))
    def some_is_given_back(self, name: str, units: int) -> None:
        self.is_true_of_the_venue = False
        self.ledger.give_back(name, units, self.now)
        self.twin.give_back(name, units, self.now)
        self.admit()

    @rule(ticks=st.integers(-16, 64), pools=st.none() | st.lists(names, max_size=2, unique=True))
    def the_venue_bans(self, ticks: int, pools: list[str] | None) -> None:
        until = self.now + ticks * TICK
        self.ledger.ban(until, pools)
        self.twin.ban(until, [None] if pools is None else pools)
        self.admit()

    @rule(name=names, limit=st.sampled_from([8, 15, 25]))
    def a_limit_is_published(self, name: str, limit: int) -> None:
        self.is_true_of_the_venue &= limit >= self.twin.limits[name]
        stranded = self.ledger.set_limit(name, limit)
        self.twin.limits[name] = limit
        assert sorted(it.number for it in stranded) == self.twin.strand()
        self.admit()

    # --- what must hold

    def under_way(self) -> list[Asked]:
        return [it for it in self.twin.requests if it.settled is None]

    def admit(self) -> list[int]:
        admitted = [it.number for it in self.ledger.admit(self.now)]
        assert admitted == self.twin.admit(self.now)
        return admitted

    @invariant()
    def both_count_the_same(self) -> None:
        usage = self.ledger.usage(self.now)
        for name in POOLS:
            waiting = [it for it in self.twin.waiting if it.units[name]]
            assert (usage[name].used, usage[name].waiting, usage[name].limit) == (
                self.twin.used(name, self.now),
                len(waiting),
                self.twin.limits[name],
            )
        assert self.ledger.has_waiting is bool(self.twin.waiting)
        ban = self.twin.banned.get(None, self.now)
        assert self.ledger.banned_until(self.now) == (ban if ban > self.now else None)

    @invariant()
    def the_venue_never_counts_more_than_its_limit(self) -> None:
        if self.is_true_of_the_venue and self.stamps:
            last, _, _ = self.stamps[-1]
            for name, pool in POOLS.items():
                limit = self.twin.limits[name]
                window = math.floor(last / pool.seconds) * pool.seconds
                since = window if pool.window is Window.FIXED else math.nextafter(last - pool.seconds, last)
                assert sum(units[name] for at, _, units in self.stamps if at >= since) <= limit

    def teardown(self) -> None:
        """All is settled, bans run out: everybody who still waits goes at last."""
        for asked in self.under_way():
            self.ledger.settle(self.reservations[asked.number], None, self.now)
            asked.settled = self.now
        while self.ledger.has_waiting:
            self.who_waits_is_woken_exactly_when_there_is_room()
            for asked in self.under_way():
                self.ledger.settle(self.reservations[asked.number], None, self.now)
                asked.settled = self.now


@dataclass(eq=False)
class Flight:
    """A request under way, and what its answer will say."""

    reservation: Reservation
    sent: float
    units: int
    stamped: float | None = None
    header: int = 0


@dataclass
class TrueCount:
    """A venue's own count: what it charged and took off, in order."""

    pool: RatePool
    charges: list[tuple[float, int, bool]] = field(default_factory=list)
    """When, how much, and whether somebody else was charged."""

    def total(self, now: float, *, others_until: float = math.inf) -> int:
        """What counts at a time, without what others did after `others_until`."""
        seconds = self.pool.seconds
        if self.pool.window is Window.FIXED:
            kept = [it for it in self.charges if math.floor(it[0] / seconds) == math.floor(now / seconds)]
        else:
            kept = [it for it in self.charges if it[0] + seconds > now]
        return sum(units for at, units, is_other in kept if not is_other or at <= others_until)


class ObservedRates(RuleBasedStateMachine):
    """Others spend from the same pool, answers tell the venue's count, and come in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1.0
        self.pool = RatePool(name="all", limit=10_000, seconds=SPAN)
        self.ledger = RateLedger([self.pool])
        self.venue = TrueCount(self.pool)
        self.has_others = False
        self.flights: list[Flight] = []
        self.fills: list[float] = []
        """When the venue took something off, which nobody has told us yet."""
        self.heard_until = -math.inf
        """The latest moment of which an answer told the count."""

    @initialize(
        kind=st.sampled_from(
            [(Window.FIXED, True, False), (Window.FIXED, False, True), (Window.ROLLING, False, False)]
        )
    )
    def a_pool(self, kind: tuple[Window, bool, bool]) -> None:
        """One whose count falls, one with others, or one that rolls.

        No two of these at once: a count that falls can be off by what trades while a header is under way, and
        in one that rolls ours leave later than at the venue, and hide others so long.
        """
        window, falls, self.has_others = kind
        self.pool = RatePool(name="all", limit=10_000, seconds=SPAN, window=window, given_back_by_fill=falls)
        self.ledger = RateLedger([self.pool])
        self.venue = TrueCount(self.pool)

    @rule(units=st.integers(1, 5))
    def we_send(self, units: int) -> None:
        reservation = self.ledger.request({"all": units}, self.now)
        assert self.ledger.admit(self.now) == [reservation]
        self.flights.append(Flight(reservation, self.now, units))

    @precondition(lambda self: self.has_others)
    @rule(units=st.integers(1, 5))
    def others_send(self, units: int) -> None:
        self.now += TICK
        self.venue.charges.append((self.now, units, True))

    @rule(ticks=st.sampled_from([1, 8, 16, 40]))
    def time_passes(self, ticks: int) -> None:
        self.now += ticks * TICK

    @precondition(lambda self: self.flights)
    @rule(data=st.data())
    def one_arrives(self, data: st.DataObject) -> None:
        flight = data.draw(st.sampled_from(self.flights))
        if flight.stamped is None:
            self.stamp(flight)

    @precondition(lambda self: self.flights)
    @rule(data=st.data(), is_told=st.booleans())
    def one_is_answered(self, data: st.DataObject, is_told: bool) -> None:
        self.answer(data.draw(st.sampled_from(self.flights)), is_told=is_told)

    def stamp(self, flight: Flight) -> None:
        self.now += TICK
        self.venue.charges.append((self.now, flight.units, False))
        flight.stamped, flight.header = self.now, self.venue.total(self.now)

    def answer(self, flight: Flight, *, is_told: bool) -> None:
        self.flights.remove(flight)
        self.now += TICK
        self.ledger.settle(flight.reservation, None, self.now)
        # Among others, one answer without a count may hide what they spent, until the next one.
        if flight.stamped is not None and (is_told or self.has_others):
            self.ledger.observe("all", flight.header, self.now, flight.sent)
            is_of_this_window = math.floor(flight.sent / SPAN) == math.floor(self.now / SPAN)
            if is_of_this_window or self.pool.window is Window.ROLLING:
                self.heard_until = max(self.heard_until, flight.stamped)

    @rule(units=st.integers(1, 5), is_told=st.booleans())
    def one_goes_through(self, units: int, is_told: bool) -> None:
        self.we_send(units)
        self.stamp(self.flights[-1])
        self.answer(self.flights[-1], is_told=is_told)

    @rule()
    def a_window_begins(self) -> None:
        self.now = (math.floor(self.now / SPAN) + 1) * SPAN

    @precondition(lambda self: self.pool.falls and self.venue.total(self.now) > 0)
    @rule(units=st.integers(1, 5))
    def an_order_trades(self, units: int) -> None:
        """The venue takes off one at least, as far as there is something to take off."""
        self.now += TICK
        self.venue.charges.append((self.now, -min(units, self.venue.total(self.now)), False))
        self.fills.append(self.now)

    @precondition(lambda self: self.fills)
    @rule()
    def we_hear_that_it_traded(self) -> None:
        self.ledger.give_back("all", 1, self.now, self.fills.pop(0))

    @invariant()
    def nothing_that_the_venue_may_count_is_hidden(self) -> None:
        known = self.venue.total(self.now, others_until=self.heard_until)
        assert self.ledger.used("all", self.now) >= known

    def teardown(self) -> None:
        """Nothing is invented either: with the window all is gone."""
        for flight in self.flights:
            self.ledger.settle(flight.reservation, None, self.now)
        assert self.ledger.used("all", self.now + SPAN) == 0


BUDGET = budget(120, steps=40)
CountedRates.TestCase.settings = BUDGET
ObservedRates.TestCase.settings = budget(250, steps=40)
TestCountedRates = CountedRates.TestCase
TestObservedRates = ObservedRates.TestCase


# Six defects, and whether the twins find them.


def _turns_and_forgets_who_is_under_way(self: FixedCount, now: float) -> None:
    index = self._index
    TURN(self, now)
    if index < self._index:
        self._spent = 0


def _leaves_one_tick_late(self: RollingCount, units: int, now: float) -> None:
    ENTER(self, units, now + TICK)


def _keeps_no_reserve(self: RateCount, *, is_cancel: bool) -> int:
    return self.limit


def _shortens_bans(self: RateLedger, until: float, pools: list[str] | None = None) -> None:
    if pools is None:
        self._banned_until = until


def _lets_pass_who_fits(self: RateLedger, reservation: Reservation, held: object, now: float) -> float:
    return OPENING(self, reservation, {}, now)


TURN, ENTER, OPENING = (
    FixedCount.turn,
    RollingCount._enter,
    RateLedger._opening,
)


@pytest.mark.parametrize(
    ("machine", "place", "lie"),
    [
        (CountedRates, "rate_count.FixedCount.turn", _turns_and_forgets_who_is_under_way),
        (CountedRates, "rate_count.RollingCount._enter", _leaves_one_tick_late),
        (CountedRates, "rate_count.RateCount.usable", _keeps_no_reserve),
        (CountedRates, "rate_ledger.RateLedger.ban", _shortens_bans),
        (CountedRates, "rate_ledger.RateLedger._opening", _lets_pass_who_fits),
        (ObservedRates, "rate_count.FixedCount._add_others", lambda self, units, now: None),
    ],
)
def test_the_twins_find(
    machine: type[RuleBasedStateMachine],
    place: str,
    lie: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"venuekit.state.{place}", lie)
    assert finds_it(machine, machine.TestCase.settings)
