"""What one rate pool's window holds, counted so that the venue's own count is never higher."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_left

from venuekit.protocol.rates import RatePool, Window

__all__ = ["RateCount", "count_of"]


class RateCount(ABC):
    """One pool's count.

    The venue stamps a request at some moment between its sending and our reading of the answer. `open`
    are the units of requests in that span, which could fall into any window it touches.

    An answer's header gives the venue's count at some moment of the same span, so it says two things:
    what it exceeds our own count by was spent by `others` of the same scope; and the requests that were
    open just then may or may not be part of it, which is the `doubt` that ends as they are settled.
    Where one of these is answered without a count, what others spent meanwhile shows in the next header only.

    Where a venue takes units off again (`falls`), we hear of it twice: from whoever sees the order trade,
    and from the next header, in either order. A header may lower our count to itself and all that was
    settled since the header before; by how much it did is `known`, and is not taken back once more. What was
    taken off in a window that is over says nothing about this one.
    """

    __slots__ = (
        "_doubt",
        "_doubtful_until",
        "_heard_at",
        "_known",
        "_sequence",
        "_since",
        "banned_until",
        "limit",
        "open",
        "pool",
    )

    def __init__(self, pool: RatePool) -> None:
        self.pool = pool
        self.limit = pool.limit
        self.open = 0
        self.banned_until = -math.inf
        self._doubt = 0
        self._doubtful_until = 0
        self._sequence = 0
        self._heard_at = -math.inf
        self._since = 0
        self._known = 0

    @property
    def total(self) -> int:
        """Units that the venue may hold against us now."""
        return self._certain + self._doubt

    @abstractmethod
    def turn(self, now: float) -> None:
        """Let go of what has left the window by `now`."""

    @abstractmethod
    def room_at(self, units: int, limit: int, now: float) -> float:
        """The first moment from `now` on at which `units` more stay within `limit`, if nothing else happens.

        Infinite where only the settling of an open request can make the room.
        """

    @abstractmethod
    def _add(self, units: int) -> None:
        """Count units that were just sent."""

    @abstractmethod
    def _close(self, reserved: int, remaining: int, now: float) -> None:
        """Replace the reserved units of an open request by those that remain charged."""

    @property
    @abstractmethod
    def _certain(self) -> int:
        """The total without what is in doubt."""

    @abstractmethod
    def _add_others(self, units: int, now: float) -> None:
        """Count units that others spent by now."""

    @abstractmethod
    def _forget_others(self) -> None:
        """Drop what others were thought to have spent, where it does not leave by itself."""

    @abstractmethod
    def _is_over(self, moment: float, now: float) -> bool:
        """Whether the window of a moment is another one than that of `now`, with nothing in common."""

    @abstractmethod
    def _take_off(self, units: int) -> None:
        """Count fewer units, those still open excepted."""

    def usable(self, *, is_cancel: bool) -> int:
        """The limit for a kind of request: a part of it is kept back for cancels."""
        return self.limit if is_cancel else self.limit - round(self.limit * self.pool.reserve)

    def take(self, units: int) -> int:
        """Open a request of so many units and return its place in this pool's order."""
        self._sequence += 1
        self.open += units
        self._add(units)
        return self._sequence

    def settle(self, place: int, reserved: int, remaining: int, now: float) -> None:
        """Close a request: the venue has stamped it by now, and keeps `remaining` units of it."""
        self.open -= reserved
        self._since += remaining
        self._close(reserved, remaining, now)
        if place <= self._doubtful_until:
            self._doubt = max(0, self._doubt - reserved)

    def give_back(self, units: int, traded_at: float, now: float) -> None:
        """Count fewer units, unless the last header said so already; never below what is open.

        `traded_at` is when the venue took them off.
        """
        if self._is_over(traded_at, now):
            return
        known = min(units, self._known)
        self._known -= known
        self._take_off(units - known)

    def observe(self, used: int, now: float, sent_at: float) -> None:
        """Learn the venue's own count from an answer to a request sent at `sent_at` and read at `now`.

        A count only rises within a window, so among answers that were under way together the highest is
        the newest. Only a request sent after the last one was heard may bring a lower count.
        """
        later = sent_at >= self._heard_at
        if later:
            self._heard_at = now
            before = self._certain
            self._forget_others()
            if self.pool.falls:
                self._take_off(max(0, self._certain - (used + self.open + self._since)))
                self._known = max(0, before - max(self._certain, used))
            self._since = 0
        self._add_others(max(0, used - self._certain), now)
        doubt = min(max(0, used + self.open - self._certain), self.open)
        if later or doubt >= self._doubt:
            self._doubt, self._doubtful_until = doubt, self._sequence


class FixedCount(RateCount):
    """Windows that follow one another on the venue's clock; each begins with the requests still open."""

    __slots__ = ("_foreign", "_index", "_spent")

    def __init__(self, pool: RatePool) -> None:
        super().__init__(pool)
        self._index = -math.inf
        self._spent = 0
        self._foreign = 0

    def turn(self, now: float) -> None:
        index = math.floor(now / self.pool.seconds)
        if index > self._index:
            self._spent, self._foreign, self._doubt = self.open, 0, 0
            self._since = self._known = 0
            self._index = index
        elif index < self._index - 1:
            # One window back is a clock corrected a little; more is a clock that was wrong: the count stays.
            self._index = index

    def room_at(self, units: int, limit: int, now: float) -> float:
        if self.total + units <= limit:
            return now
        return self._end() if self.open + units <= limit else math.inf

    def observe(self, used: int, now: float, sent_at: float) -> None:
        # An answer that was under way while the window turned may speak of the last one.
        if math.floor(sent_at / self.pool.seconds) == self._index:
            super().observe(used, now, sent_at)

    def _end(self) -> float:
        following = self._index + 1
        end = following * self.pool.seconds
        while math.floor(end / self.pool.seconds) < following:  # 0.1 * 43 / 0.1 is a hair below 43
            end = math.nextafter(end, math.inf)
        return end

    def _add(self, units: int) -> None:
        self._spent += units

    def _close(self, reserved: int, remaining: int, now: float) -> None:  # noqa: ARG002 - the window's, not ours
        self._spent += remaining - reserved

    @property
    def _certain(self) -> int:
        return self._spent + self._foreign

    def _add_others(self, units: int, now: float) -> None:  # noqa: ARG002 - gone with the window
        self._foreign += units

    def _forget_others(self) -> None:
        self._foreign = 0

    def _is_over(self, moment: float, now: float) -> bool:  # noqa: ARG002 - `turn` was told
        return math.floor(moment / self.pool.seconds) != self._index

    def _take_off(self, units: int) -> None:
        own = min(units, self._spent - self.open)
        self._spent -= own
        self._foreign = max(0, self._foreign - (units - own))


class RollingCount(RateCount):
    """Any span of the window's length: a request counts from its sending until that long after its end.

    So ours leave later here than at the venue, and a header may hide what others spent meanwhile: they are
    seen in the first one after ours have left here, too.

    What is settled stands in two parallel lists, ordered by the time it leaves: when, and how many units
    have left by then since the beginning. So the moment of enough room is one bisection.
    """

    __slots__ = ("_gone", "_head", "_leaving", "_left_by", "_now")

    def __init__(self, pool: RatePool) -> None:
        super().__init__(pool)
        self._leaving: list[float] = []
        self._left_by: list[int] = []
        self._head = 0
        self._gone = 0
        self._now = -math.inf

    def turn(self, now: float) -> None:
        if now < self._now - self.pool.seconds:
            # The clock was wrong by more than a window: every entry may be as young as this moment.
            self._leaving = [min(leaving, now + self.pool.seconds) for leaving in self._leaving]
        self._now = now
        head = self._head
        while head < len(self._leaving) and self._leaving[head] <= now:
            self._gone = max(self._gone, self._left_by[head])
            head += 1
        if head > len(self._leaving) // 2:  # each entry is moved at most once for each one dropped
            del self._leaving[:head], self._left_by[:head]
            head = 0
        self._head = head

    def room_at(self, units: int, limit: int, now: float) -> float:
        excess = self.total + units - limit
        if excess <= 0:
            return now
        index = bisect_left(self._left_by, self._gone + excess, lo=self._head)
        return self._leaving[index] if index < len(self._leaving) else math.inf

    def _add(self, units: int) -> None:
        """Open units are counted as such, and enter the lists when they are settled."""

    def _close(self, reserved: int, remaining: int, now: float) -> None:  # noqa: ARG002 - left with `open`
        self._enter(remaining, now)

    @property
    def _certain(self) -> int:
        return self.open + self._settled()

    def _add_others(self, units: int, now: float) -> None:
        self._enter(units, now)

    def _forget_others(self) -> None:
        """Nothing to do: they leave by themselves, one window after they were seen."""

    def _is_over(self, moment: float, now: float) -> bool:
        return moment <= now - self.pool.seconds

    def _take_off(self, units: int) -> None:
        self._gone += min(units, self._settled())  # the oldest: what is left stays for the longest

    def _settled(self) -> int:
        return self._left_by[-1] - self._gone if self._left_by else 0

    def _enter(self, units: int, now: float) -> None:
        if not units:
            return
        leaving = now + self.pool.seconds
        self._left_by.append(self._gone + self._settled() + units)
        self._leaving.append(max(leaving, self._leaving[-1]) if self._leaving else leaving)


_COUNTS: dict[Window, type[RateCount]] = {Window.FIXED: FixedCount, Window.ROLLING: RollingCount}


def count_of(pool: RatePool) -> RateCount:
    """An empty count for a pool."""
    return _COUNTS[pool.window](pool)
