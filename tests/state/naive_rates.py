"""Rate limits told in the plainest way: a list of all requests ever made, recounted for each question."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from venuekit.protocol.rates import RatePool, Window


@dataclass(eq=False)
class Asked:
    """A request. `units` is what it counts by pool; what was given back is taken off once it is settled."""

    number: int
    units: dict[str, int]
    is_cancel: bool
    admitted: float | None = None
    settled: float | None = None
    arrived: float | None = None
    """When the venue stamped it, which nobody on this side knows."""

    def lane(self) -> tuple[bool, tuple[str, ...]]:
        return self.is_cancel, tuple(name for name, units in self.units.items() if units)


@dataclass
class NaiveRates:
    pools: Mapping[str, RatePool]
    limits: dict[str, int]
    requests: list[Asked] = field(default_factory=list)
    waiting: list[Asked] = field(default_factory=list)
    banned: dict[str | None, float] = field(default_factory=dict)
    """Until when, by pool; under None until when everybody is."""

    def used(self, name: str, now: float) -> int:
        return sum(asked.units.get(name, 0) for asked in self.requests if self.counts(name, asked, now))

    def counts(self, name: str, asked: Asked, now: float) -> bool:
        pool = self.pools[name]
        if asked.settled is None or pool.window is Window.ROLLING:
            return asked.settled is None or now < asked.settled + pool.seconds
        return math.floor(asked.settled / pool.seconds) == math.floor(now / pool.seconds)

    def usable(self, name: str, *, is_cancel: bool) -> int:
        limit = self.limits[name]
        return limit if is_cancel else limit - round(limit * self.pools[name].reserve)

    def is_possible(self, asked: Asked) -> bool:
        return all(
            units <= self.usable(name, is_cancel=asked.is_cancel)
            for name, units in asked.units.items()
            if units
        )

    def admit(self, now: float) -> list[int]:
        """Cancels first, then by number; who does not fit holds his place against all behind him."""
        admitted: list[Asked] = []
        held = dict.fromkeys(self.pools, 0)
        blocked = []
        for asked in sorted(self.waiting, key=lambda asked: (not asked.is_cancel, asked.number)):
            if asked.lane() in blocked:
                continue
            if now >= self.banned.get(None, now) and self.fits(asked, held, now):
                asked.admitted = now
                admitted.append(asked)
                self.requests.append(asked)
                continue
            blocked.append(asked.lane())
            for name, units in asked.units.items():
                held[name] += units
        self.waiting = [asked for asked in self.waiting if asked.admitted is None]
        return [asked.number for asked in admitted]

    def fits(self, asked: Asked, held: Mapping[str, int], now: float) -> bool:
        return all(
            now >= self.banned.get(name, now)
            and self.used(name, now) + held[name] + units <= self.usable(name, is_cancel=asked.is_cancel)
            for name, units in asked.units.items()
            if units
        )

    def give_back(self, name: str, units: int, now: float) -> None:
        """Off the oldest that are settled."""
        settled = [asked for asked in self.requests if asked.settled is not None]
        for asked in sorted(settled, key=lambda asked: asked.settled or 0.0):
            if self.counts(name, asked, now):
                part = min(units, asked.units[name])
                asked.units[name] -= part
                units -= part

    def ban(self, until: float, names: Iterable[str | None]) -> None:
        for name in names:
            self.banned[name] = max(until, self.banned.get(name, until))

    def strand(self) -> list[int]:
        """Those who can never go any more are sent away."""
        stranded = [asked.number for asked in self.waiting if not self.is_possible(asked)]
        self.waiting = [asked for asked in self.waiting if asked.number not in stranded]
        return stranded
