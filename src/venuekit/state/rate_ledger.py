"""Who may send now, who waits, and until when: all rate pools of one host in one queue."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from heapq import heapify, heappop, heapreplace
from typing import TypeAlias

from venuekit import errors
from venuekit.protocol.frozen import Frozen
from venuekit.protocol.rates import RatePool
from venuekit.state.rate_count import RateCount, count_of

__all__ = ["PoolUsage", "RateLedger", "Reservation", "ReservationState"]

_Lane: TypeAlias = tuple[int, tuple[str, ...]]
"""Requests that wait for the same pools: 0 for cancels and 1 for the others, and the pools' names."""


class ReservationState(Enum):
    """Where a request stands."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"


class Reservation:
    """One request's place in the queue, then in the windows.

    `costs` are the units by pool, those of `every_call` included; `places` its place in each pool's order
    once it was admitted.
    """

    __slots__ = ("costs", "is_cancel", "lane", "number", "places", "state")

    def __init__(self, number: int, costs: Mapping[str, int], *, is_cancel: bool) -> None:
        self.number = number
        self.costs = costs
        self.is_cancel = is_cancel
        self.lane: _Lane = (0 if is_cancel else 1, tuple(costs))
        self.state = ReservationState.WAITING
        self.places: Mapping[str, int] = {}

    def __repr__(self) -> str:
        return f"<Reservation {self.number} {dict(self.costs)} {self.state.value}>"


class PoolUsage(Frozen):
    """A pool at one moment, for a meter: `used` of `limit` units in a window of `seconds`."""

    used: int
    limit: int
    seconds: float
    waiting: int


class RateLedger:
    """Counts what was sent against what a venue allows.

    All times are seconds of the venue's clock. The order is: `request`, `admit` until it is among those
    admitted, send, `settle`, then `observe` what the answer's headers said. A request may go when it fits
    although everyone who came before it still held a place: so nobody is overtaken in a pool that is
    short, and nobody waits for a pool that it does not use. Cancels come before everyone else, and may
    use the part of a limit that a pool keeps in reserve.
    """

    def __init__(self, pools: Iterable[RatePool] = ()) -> None:
        self._counts: dict[str, RateCount] = {}
        self._lanes: dict[_Lane, OrderedDict[int, Reservation]] = {}
        self._numbers = 0
        self._banned_until = -math.inf
        for pool in pools:
            self.add(pool)

    @property
    def has_waiting(self) -> bool:
        """Whether anybody waits."""
        return bool(self._lanes)

    def add(self, pool: RatePool) -> None:
        """Count one more pool; adding the same pool again changes nothing.

        Raises:
            InvalidConfiguration: another pool of this name is counted already.
        """
        known = self._counts.get(pool.name)
        if known is None:
            self._counts[pool.name] = count_of(pool)
        elif known.pool != pool:
            raise errors.InvalidConfiguration(f"two different rate pools are called {pool.name!r}")

    def request(self, costs: Mapping[str, int], now: float, *, is_cancel: bool = False) -> Reservation:
        """Queue a request of so many units by pool; `every_call` of each pool comes on top.

        Raises:
            ImpossibleRequest: it is heavier than a pool ever holds; without `is_cancel`, less the reserve.
            UsageError: a pool is unknown or a cost negative.
        """
        whole = self._with_every_call(costs)
        for name, cost in whole.items():
            self._check_possible(name, cost, is_cancel=is_cancel)
            self._counts[name].turn(now)
        self._numbers += 1
        reservation = Reservation(self._numbers, whole, is_cancel=is_cancel)
        self._lanes.setdefault(reservation.lane, OrderedDict())[reservation.number] = reservation
        return reservation

    def admit(self, now: float) -> list[Reservation]:
        """Those who may send now, in the order in which they may; each must be settled or withdrawn."""
        if not self._lanes or now < self._banned_until:
            return []
        self._turn(now)
        admitted = []
        held: dict[str, int] = {}
        heads = self._heads()
        heapify(heads)
        while heads:
            _, _, lane = heads[0]
            queue = self._lanes[lane]
            reservation = next(iter(queue.values()))
            if self._opening(reservation, held, now) > now:
                for name, cost in reservation.costs.items():
                    held[name] = held.get(name, 0) + cost
                heappop(heads)
                continue
            self._take(reservation)
            admitted.append(reservation)
            self._leave(reservation)
            if queue:
                heapreplace(heads, (lane[0], next(iter(queue)), lane))
            else:
                heappop(heads)
        return admitted

    def next_wake(self, now: float) -> float | None:
        """The first moment at which `admit` lets somebody go, if nothing else happens until then.

        None while nobody waits, or while those who wait need somebody's settlement first.
        """
        self._turn(now)
        held: dict[str, int] = {}
        earliest = math.inf
        for _, number, lane in sorted(self._heads()):
            reservation = self._lanes[lane][number]
            earliest = min(earliest, self._opening(reservation, held, now))
            for name, cost in reservation.costs.items():
                held[name] = held.get(name, 0) + cost
        return None if earliest == math.inf else max(earliest, self._banned_until)

    def withdraw(self, reservation: Reservation, now: float) -> None:
        """Forget a request that never left: it gives up its place in the queue, or all its units.

        Raises:
            UsageError: it was settled or withdrawn before.
        """
        if reservation.state is ReservationState.WAITING:
            self._leave(reservation)
        else:
            self._close(reservation, dict.fromkeys(reservation.costs, 0), now)
        reservation.state = ReservationState.WITHDRAWN

    def settle(self, reservation: Reservation, outcome_cost: Mapping[str, int] | None, now: float) -> None:
        """Close a request whose outcome is known, or known to be unknown.

        `outcome_cost` says what the costs that were asked for came to: less, or more where a venue charges
        failures. Pools that it does not name (all of them for None) keep what was reserved, as does
        `every_call`.

        Raises:
            UsageError: it is not under way, or an unknown pool or a negative cost is named.
        """
        remaining = dict(reservation.costs)
        for name, cost in (outcome_cost or {}).items():
            if cost < 0:
                raise errors.UsageError(f"{reservation} cannot end with {cost} units of {name!r}")
            remaining[name] = cost + self._count(name).pool.every_call
        self._close(reservation, remaining, now)
        reservation.state = ReservationState.SETTLED

    def observe(self, pool: str, used: int, now: float, sent_at: float) -> None:
        """Learn the venue's own count from the answer, read now, to a request sent at `sent_at`.

        Requests still open are counted on top of it. Call it after the answered request was settled.
        """
        count = self._count(pool)
        count.turn(now)
        count.observe(used, now, sent_at)

    def give_back(self, pool: str, units: int, now: float, traded_at: float | None = None) -> None:
        """Take back units that the venue counts no longer, as of an order that traded; never below zero.

        `traded_at` is when it did (None: now). In a window that is over it gave nothing back to this one.

        Raises:
            UsageError: the pool is unknown or the units negative.
        """
        if units < 0:
            raise errors.UsageError(f"{units} units of {pool!r} cannot be given back")
        count = self._count(pool)
        count.turn(now)
        count.give_back(units, now if traded_at is None else traded_at, now)

    def ban(self, until: float, pools: Iterable[str] | None = None) -> None:
        """Let nobody go before `until`, or nobody who uses these pools; a ban is never shortened."""
        if pools is None:
            self._banned_until = max(self._banned_until, until)
            return
        for count in [self._count(name) for name in pools]:
            count.banned_until = max(count.banned_until, until)

    def banned_until(self, now: float) -> float | None:
        """When the ban of everything ends; None when there is none."""
        return self._banned_until if now < self._banned_until else None

    def set_limit(self, pool: str, limit: int) -> list[Reservation]:
        """Take over a limit that the venue publishes; returns those it makes impossible, now withdrawn."""
        self._count(pool).limit = limit
        stranded = [
            reservation
            for (_, names), queue in self._lanes.items()
            if pool in names
            for reservation in queue.values()
            if reservation.costs[pool] > self._counts[pool].usable(is_cancel=reservation.is_cancel)
        ]
        for reservation in stranded:
            self._leave(reservation)
            reservation.state = ReservationState.WITHDRAWN
        return stranded

    def counts(self, pool: str) -> bool:
        """Whether there is a pool of this name."""
        return pool in self._counts

    def used(self, pool: str, now: float) -> int:
        """Units that the venue may hold against us in the window of `now`."""
        count = self._count(pool)
        count.turn(now)
        return count.total

    def usage(self, now: float) -> dict[str, PoolUsage]:
        """Every pool by name, for a meter."""
        waiting = dict.fromkeys(self._counts, 0)
        for (_, names), queue in self._lanes.items():
            for name in names:
                waiting[name] += len(queue)
        return {
            name: PoolUsage(
                used=self.used(name, now),
                limit=count.limit,
                seconds=count.pool.seconds,
                waiting=waiting[name],
            )
            for name, count in self._counts.items()
        }

    def _with_every_call(self, costs: Mapping[str, int]) -> dict[str, int]:
        for name, cost in costs.items():
            self._count(name)
            if cost < 0:
                raise errors.UsageError(f"a request cannot cost {cost} units of {name!r}")
        whole = {name: costs.get(name, 0) + count.pool.every_call for name, count in self._counts.items()}
        return {name: cost for name, cost in whole.items() if cost}

    def _check_possible(self, name: str, cost: int, *, is_cancel: bool) -> None:
        usable = self._counts[name].usable(is_cancel=is_cancel)
        if cost > usable:
            raise errors.ImpossibleRequest(
                f"a request of {cost} units never fits {name!r}: it holds {usable}"
            )

    def _count(self, name: str) -> RateCount:
        count = self._counts.get(name)
        if count is None:
            known = ", ".join(self._counts) or "none"
            raise errors.UsageError(f"no rate pool is called {name!r}; known are: {known}")
        return count

    def _turn(self, now: float) -> None:
        for count in self._counts.values():
            count.turn(now)

    def _heads(self) -> list[tuple[int, int, _Lane]]:
        """The first of each lane as (cancels first, number, lane)."""
        return [(lane[0], next(iter(queue)), lane) for lane, queue in self._lanes.items()]

    def _opening(self, reservation: Reservation, held: Mapping[str, int], now: float) -> float:
        """The first moment at which a request fits on top of the places held before it."""
        return max(self._openings(reservation, held, now), default=now)

    def _openings(self, reservation: Reservation, held: Mapping[str, int], now: float) -> Iterator[float]:
        for name, cost in reservation.costs.items():
            count = self._counts[name]
            yield count.banned_until
            yield count.room_at(cost + held.get(name, 0), count.usable(is_cancel=reservation.is_cancel), now)

    def _take(self, reservation: Reservation) -> None:
        reservation.places = {name: self._counts[name].take(cost) for name, cost in reservation.costs.items()}
        reservation.state = ReservationState.ADMITTED

    def _leave(self, reservation: Reservation) -> None:
        queue = self._lanes[reservation.lane]
        del queue[reservation.number]
        if not queue:
            del self._lanes[reservation.lane]

    def _close(self, reservation: Reservation, remaining: Mapping[str, int], now: float) -> None:
        if reservation.state is not ReservationState.ADMITTED:
            raise errors.UsageError(f"{reservation} is not under way")
        for name, units in remaining.items():
            count = self._counts[name]
            count.turn(now)
            count.settle(reservation.places.get(name, 0), reservation.costs.get(name, 0), units, now)
