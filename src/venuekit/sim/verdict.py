"""What became of one world."""

from __future__ import annotations

from venuekit.protocol.frozen import Frozen
from venuekit.sim.disturbance import Disturbance
from venuekit.sim.options import WorldOptions
from venuekit.sim.trace import Mark

__all__ = ["Verdict", "Violation"]


class Violation(Frozen):
    """An invariant that did not hold: its id, when (true seconds since the world began), what was there."""

    invariant: str
    time: float
    text: str


class Verdict(Frozen):
    """How a world ended. `seconds` are simulated; `fired` counts what went wrong, by its name.

    `digest` is that of the trace; `marks` is the trace itself, empty where nobody wanted to read it.
    """

    options: WorldOptions
    plan: tuple[Disturbance, ...]
    violations: tuple[Violation, ...]
    digest: str
    seconds: float
    fired: dict[str, int]
    figures: dict[str, int]
    marks: tuple[Mark, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether every invariant held."""
        return not self.violations
