"""Makes a failing world small: drops and shortens what goes wrong while the same invariant still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from venuekit import errors
from venuekit.protocol.frozen import Frozen
from venuekit.sim.disturbance import Disturbance
from venuekit.sim.options import WorldOptions
from venuekit.sim.verdict import Verdict, Violation

__all__ = ["Shrunk", "shrink"]

Plan = tuple[Disturbance, ...]
Run = Callable[[WorldOptions, Plan], Verdict]

_AIR = 1.0
"""Seconds of trouble that are kept behind the violation."""
_SHORTEST = 0.25
"""Seconds below which shortening a disturbance tells nobody anything."""


class Shrunk(Frozen):
    """The smallest world that was found to fail in the same way, and in how many runs."""

    options: WorldOptions
    plan: Plan
    violation: Violation
    runs: int


def shrink(
    options: WorldOptions,
    plan: Plan,
    run: Run,
    *,
    runs: int = 300,
    tell: Callable[[Shrunk], None] | None = None,
) -> Shrunk:
    """Make a failing world smaller, in so many runs at most; `tell` hears of each smaller one.

    The invariant that must go on failing is that of the first violation.

    Raises:
        errors.UsageError: this world does not fail.
    """
    return _Shrinker(options, plan, run, runs, tell).shrink()


class _Shrinker:
    """The smallest failing world so far; `_left` is how many runs there still may be."""

    def __init__(
        self,
        options: WorldOptions,
        plan: Plan,
        run: Run,
        runs: int,
        tell: Callable[[Shrunk], None] | None,
    ) -> None:
        self._options = options
        self._plan = plan
        self._run = run
        self._runs = self._left = runs
        self._tell = tell
        self._left -= 1
        broken = run(options, plan).violations
        if not broken:
            raise errors.UsageError(f"seed {options.seed} does not fail: there is nothing to shrink")
        self._violation = broken[0]

    @property
    def _shrunk(self) -> Shrunk:
        return Shrunk(
            options=self._options,
            plan=self._plan,
            violation=self._violation,
            runs=self._runs - self._left,
        )

    def shrink(self) -> Shrunk:
        """Go round until a whole round changes nothing."""
        before = None
        while before != (self._options, self._plan) and self._left > 0:
            before = (self._options, self._plan)
            self._cut_the_time()
            self._drop()
            self._shorten()
            self._simplify()
        return self._shrunk

    def _fails(self, options: WorldOptions, plan: Plan) -> bool:
        """Whether a smaller world fails in the same way; if so it is the one to go on with."""
        if self._left <= 0:
            return False
        self._left -= 1
        name = self._violation.invariant
        violation = next((one for one in self._run(options, plan).violations if one.invariant == name), None)
        if violation is None:
            return False
        self._options, self._plan, self._violation = options, plan, violation
        if self._tell is not None:
            self._tell(self._shrunk)
        return True

    def _cut_the_time(self) -> None:
        """End the trouble soon after the violation."""
        for seconds in (round(self._violation.time + _AIR, 3), round(self._options.seconds / 2, 3)):
            if 0 < seconds < self._options.seconds * 0.95:
                shorter = msgspec.structs.replace(self._options, seconds=seconds)
                self._fails(shorter, tuple(one for one in self._plan if one.at < seconds))

    def _drop(self) -> None:
        """Drop disturbances: halves first, then smaller and smaller parts, in the end one by one."""
        if not self._plan or self._fails(self._options, ()):
            return
        parts = 2
        while self._left > 0:
            size = -(-len(self._plan) // parts)
            for start in range(0, len(self._plan), size):
                if self._fails(self._options, self._plan[:start] + self._plan[start + size :]):
                    parts = max(2, parts - 1)
                    break
            else:
                if size <= 1:
                    return
                parts = min(len(self._plan), parts * 2)
            if len(self._plan) <= 1:
                return

    def _shorten(self) -> None:
        for number, one in enumerate(self._plan):
            for seconds in (0.0, one.seconds / 8, one.seconds / 2):
                if one.seconds < _SHORTEST:
                    break
                shorter = msgspec.structs.replace(one, seconds=round(seconds, 3))
                if self._fails(self._options, (*self._plan[:number], shorter, *self._plan[number + 1 :])):
                    break

    def _simplify(self) -> None:
        """Options that make a world easier to follow: one pair, one order of turns, fewer orders."""
        for change in _simpler(self._options):
            changed = msgspec.structs.replace(self._options, **change)
            if changed != self._options:
                self._fails(changed, self._plan)


def _simpler(options: WorldOptions) -> Iterator[dict[str, object]]:
    yield {"pairs": options.pairs[:1]}
    yield {"shuffles": 0.0}
    yield {"skew": 0.0}
    yield {"drift": 0.0}
    yield {"pays_in_third_asset": False}
    yield {"rate": 0.5}
    for times in (8, 2):
        if options.pause * times <= options.seconds:
            yield {"pause": options.pause * times}
