"""The gate that requests pass as a venue's rate limits allow, one for all who are counted together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

import msgspec

from venuekit import errors
from venuekit.protocol.rates import RatePool, Scope
from venuekit.seams.clock import Clock
from venuekit.seams.process import shared
from venuekit.state.rate_ledger import PoolUsage, RateLedger, Reservation, ReservationState

__all__ = ["AccountGate", "RateGate", "RateLine", "gate_for"]


class RateLine:
    """Those who wait at one ledger, and the one timer that calls the next of them."""

    def __init__(self, ledger: RateLedger, clock: Clock, venue_time: Callable[[], float]) -> None:
        self.ledger = ledger
        self.venue_time = venue_time
        self._clock = clock
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._timer: asyncio.Task[None] | None = None
        self._wake: float | None = None

    async def wait(self, reservation: Reservation) -> None:
        """Return when the request may go. One whose caller is cancelled instead gives back what it has."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting[reservation.number] = turn
        may_go = False
        try:
            self.move()
            await turn
            may_go = True
        finally:
            del self._waiting[reservation.number]
            if not may_go and reservation.state is not ReservationState.WITHDRAWN:
                self.ledger.withdraw(reservation, self.venue_time())
                self.move()

    def move(self) -> None:
        """Let everybody go who may, and set the timer to the moment of the next."""
        now = self.venue_time()
        for reservation in self.ledger.admit(now):
            turn = self._waiting[reservation.number]
            if not turn.done():  # done: its caller was just cancelled, and will give the place back
                turn.set_result(None)
        self._set_timer(self.ledger.next_wake(now) if self.ledger.has_waiting else None)

    def strand(self, reservations: Iterable[Reservation]) -> None:
        """Tell those whom a lowered limit has made impossible."""
        for reservation in reservations:
            turn = self._waiting[reservation.number]
            if not turn.done():
                turn.set_exception(
                    errors.ImpossibleRequest(f"{reservation} no longer fits the venue's limits")
                )

    def follow(self, venue_time: Callable[[], float]) -> None:
        """Count on another clock from now on."""
        self.venue_time = venue_time
        self._set_timer(None)
        self.move()

    def _set_timer(self, wake: float | None) -> None:
        if wake == self._wake:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wake, self._timer = wake, None
        if wake is not None:
            self._timer = asyncio.get_running_loop().create_task(self._ring(wake), name="rate gate")
            self._timer.add_done_callback(self._rang)

    async def _ring(self, wake: float) -> None:
        await self._clock.sleep(wake - self.venue_time())
        self._wake = self._timer = None
        self.move()

    def _rang(self, timer: asyncio.Task[None]) -> None:
        """Nobody waits for a timer that died."""
        error = None if timer.cancelled() else timer.exception()
        if error is not None:
            for turn in self._waiting.values():
                if not turn.done():
                    turn.set_exception(error)


class RateGate:
    """Lets requests pass in the ledger's order, each at the moment when there is room for it.

    For each request: `await reserve`, send, `settle`, `observe` what the answer's headers say; or
    `withdraw` where nothing was sent. `venue_time` tells the venue's clock in seconds, and all times that
    the gate takes and gives are of that clock. Where it is known within an error only, the earliest that
    it can be is the one to give: a window opened too early is refused, one opened late costs that error.
    """

    def __init__(self, ledger: RateLedger, clock: Clock, venue_time: Callable[[], float]) -> None:
        self.line = RateLine(ledger, clock, venue_time)
        self._names: Mapping[str, str] = {}

    async def reserve(self, costs: Mapping[str, int], *, is_cancel: bool = False) -> Reservation:
        """Wait for the turn of a request of so many units by pool; bans are waited out.

        Raises:
            ImpossibleRequest: it is heavier than a pool ever holds; at once, or when a limit is lowered.
            UsageError: a pool is unknown or a cost negative.
        """
        line = self.line
        reservation = line.ledger.request(self._named(costs), line.venue_time(), is_cancel=is_cancel)
        await line.wait(reservation)
        return reservation

    def settle(self, reservation: Reservation, outcome_cost: Mapping[str, int] | None = None) -> None:
        """Close a request that was answered or given up; see `RateLedger.settle`."""
        outcome = None if outcome_cost is None else self._named(outcome_cost)
        self.line.ledger.settle(reservation, outcome, self.line.venue_time())
        self.line.move()

    def withdraw(self, reservation: Reservation) -> None:
        """Give back all units of a request that never left this machine."""
        self.line.ledger.withdraw(reservation, self.line.venue_time())
        self.line.move()

    def observe(self, pool: str, used: int, sent_at: float) -> None:
        """Learn the venue's own count from the answer, read now, to a request sent at `sent_at`."""
        self.line.ledger.observe(self._name(pool), used, self.line.venue_time(), sent_at)
        self.line.move()

    def give_back(self, pool: str, units: int = 1, traded_at: float | None = None) -> None:
        """Take back units that the venue no longer counts, as of an order that traded then (None: now)."""
        self.line.ledger.give_back(self._name(pool), units, self.line.venue_time(), traded_at)
        self.line.move()

    def ban(self, until: float, pools: Iterable[str] | None = None) -> None:
        """Let nobody pass before `until`, or nobody who uses these pools."""
        self.line.ledger.ban(until, None if pools is None else [self._name(pool) for pool in pools])
        self.line.move()

    def banned_until(self) -> float | None:
        """When the ban of everything ends; None when there is none."""
        return self.line.ledger.banned_until(self.line.venue_time())

    def set_limit(self, pool: str, limit: int) -> None:
        """Take over a limit that the venue publishes."""
        self.line.strand(self.line.ledger.set_limit(self._name(pool), limit))
        self.line.move()

    def now(self) -> float:
        """The venue's time in seconds, as well as it is known."""
        return self.line.venue_time()

    def fullness(self) -> float:
        """The used share of the fullest pool, from 0 to 1."""
        return max((pool.used / pool.limit for pool in self.usage().values()), default=0.0)

    def used(self, pool: str) -> int:
        """Units that the venue may hold against us now."""
        return self.line.ledger.used(self._name(pool), self.line.venue_time())

    def counts(self, pool: str) -> bool:
        """Whether it counts this pool; one for an address alone knows no account's."""
        return self.line.ledger.counts(self._name(pool))

    def usage(self) -> dict[str, PoolUsage]:
        """Every pool in the line, for a meter; an account's own are called `POOL of ACCOUNT`."""
        return self.line.ledger.usage(self.line.venue_time())

    def follow(self, venue_time: Callable[[], float]) -> None:
        """Count on another clock from now on, as when the venue's was measured."""
        self.line.follow(venue_time)

    def _name(self, pool: str) -> str:
        return self._names.get(pool, pool)

    def _named(self, costs: Mapping[str, int]) -> dict[str, int]:
        return {self._name(pool): cost for pool, cost in costs.items()}


class AccountGate(RateGate):
    """A gate into another's line that counts some pools for one account alone.

    Raises:
        InvalidConfiguration: one of them charges every call, and a call without account cannot pay.
    """

    def __init__(self, whole: RateGate, account: str, pools: Iterable[RatePool]) -> None:
        self.line = whole.line
        names: dict[str, str] = {}
        for pool in pools:
            if pool.every_call:
                raise errors.InvalidConfiguration(f"{pool.name!r} counts an account and charges every call")
            names[pool.name] = f"{pool.name} of {account}"
            self.line.ledger.add(msgspec.structs.replace(pool, name=names[pool.name]))
        self._names = names


def gate_for(
    host: str,
    pools: Iterable[RatePool],
    clock: Clock,
    account: str | None = None,
    *,
    venue_time: Callable[[], float] | None = None,
) -> RateGate:
    """The gate that everything on this event loop shares which one host counts together.

    Pools of `Scope.ADDRESS` are one for all callers of the host; those of `Scope.ACCOUNT` one for each
    `account` (any text that stands for a key without giving it away), and absent without one. The clock
    and `venue_time` (this machine's wall time unless given) are those of the first who asks.

    Raises:
        InvalidConfiguration: a pool belongs to a connection or a symbol, whose owner makes a gate of its
            own; or it differs from one of the same name that is counted already.
    """
    by_scope: dict[Scope, list[RatePool]] = {Scope.ADDRESS: [], Scope.ACCOUNT: []}
    for pool in pools:
        if pool.scope not in by_scope:
            raise errors.InvalidConfiguration(f"{pool.name!r} is counted per {pool.scope.value}, not shared")
        by_scope[pool.scope].append(pool)
    whole = shared(RateGate, host, lambda: RateGate(RateLedger(), clock, venue_time or clock.time))
    for pool in by_scope[Scope.ADDRESS]:
        whole.line.ledger.add(pool)
    if account is None:
        return whole
    key = (host, account, tuple(pool.name for pool in by_scope[Scope.ACCOUNT]))
    return shared(AccountGate, key, lambda: AccountGate(whole, account, by_scope[Scope.ACCOUNT]))
