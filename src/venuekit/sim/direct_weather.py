"""What the `direct` profile's messages meet on their way."""

from __future__ import annotations

from collections import Counter
from math import log

from venuekit.protocol.frozen import Frozen
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.kernel import Kernel
from venuekit.sim.trace import Lane

__all__ = ["HOLDING", "DirectWeather", "Latency", "fits"]

HOLDING = (DisturbanceKind.PARTITION, DisturbanceKind.BACK_PRESSURE)
"""What keeps everything until it is over."""
_RETRANSMISSION = 0.2
"""Seconds until a segment is sent again: the least that Linux waits; each further one takes twice as long."""
_RETRIES = 6
_PIECE_SECONDS = 0.001
"""Between two pieces of what drips."""


class Latency(Frozen):
    """How long one way takes: `base` seconds at least, `jitter` more on average."""

    base: float = 0.004
    jitter: float = 0.002


class DirectWeather:
    """The disturbances that are on, what they do to a message, and how often each has struck (`fired`)."""

    def __init__(self, kernel: Kernel, latency: Latency) -> None:
        self.latency = latency
        self.fired: Counter[str] = Counter()
        self._kernel = kernel
        self._on: dict[DisturbanceKind, list[Disturbance]] = {}
        self._jitter = kernel.chance("direct latency")
        self._strikes = kernel.chance("direct faults")

    def add(self, disturbance: Disturbance) -> None:
        """From now on."""
        self._on.setdefault(disturbance.kind, []).append(disturbance)

    def remove(self, disturbance: Disturbance) -> None:
        """No longer; one that is not on is left alone."""
        left = [other for other in self._on.get(disturbance.kind, ()) if other is not disturbance]
        if left:
            self._on[disturbance.kind] = left
        else:
            self._on.pop(disturbance.kind, None)

    def strikes(self, kind: DisturbanceKind, source: str, target: str) -> Disturbance | None:
        """The disturbance of a kind that strikes what goes from one host to another now; it is counted."""
        if not self._on:
            return None
        for disturbance in self._on.get(kind, ()):
            if fits(disturbance, source, target) and self.drawn(disturbance.share):
                self.fire(disturbance, f"{source}>{target}")
                return disturbance
        return None

    def fire(self, disturbance: Disturbance, where: str) -> None:
        """Count a disturbance, and note it."""
        name = disturbance.kind.value
        self.fired[name] += 1
        self._kernel.say(Lane.WORLD, "fault", f"{name} {where}")

    def holds(self, source: str, target: str) -> bool:
        """Whether something keeps what goes this way now; it is counted."""
        if not self._on:
            return False
        holding = self._holding(source, target)
        if holding is not None:
            self.fire(holding, f"{source}>{target}")
        return holding is not None

    def is_holding(self, source: str, target: str) -> bool:
        """Whether something keeps all that goes this way."""
        return self._holding(source, target) is not None

    def _holding(self, source: str, target: str) -> Disturbance | None:
        for kind in HOLDING:
            for disturbance in self._on.get(kind, ()):
                if fits(disturbance, source, target):
                    return disturbance
        return None

    def seconds(self, source: str, target: str, size: int) -> float:
        """How long a message of so many bytes is on its way now."""
        taken = self.latency.base - self.latency.jitter * log(1.0 - self._jitter.random())
        return taken + self._extra(source, target, size) if self._on else taken

    def _extra(self, source: str, target: str, size: int) -> float:
        extra = 0.0
        slow = self.strikes(DisturbanceKind.LATENCY, source, target)
        if slow is not None:
            extra += slow.size * (1 + self._strikes.random())
        for attempt in range(_RETRIES):
            if self.strikes(DisturbanceKind.LOSS, source, target) is None:
                break
            extra += _RETRANSMISSION * 2**attempt
        narrow = self.strikes(DisturbanceKind.BANDWIDTH, source, target)
        if narrow is not None and narrow.size > 0:
            extra += size / narrow.size
        drip = self.strikes(DisturbanceKind.DRIP, source, target)
        if drip is not None and drip.size > 0:
            extra += size / drip.size * _PIECE_SECONDS
        return extra

    def retransmission(self) -> float:
        """How long it takes after an interruption until the sender tries again."""
        return self._strikes.uniform(0.0, 2 * _RETRANSMISSION)

    def stall(self, longest: float) -> float:
        """For how long one of several connections stands still."""
        return self._strikes.uniform(0.0, longest)

    def drawn(self, share: float) -> bool:
        """Whether what strikes so large a share strikes now."""
        return share >= 1.0 or self._strikes.random() < share


def fits(disturbance: Disturbance, source: str, target: str) -> bool:
    """Whether a disturbance is about this way."""
    return disturbance.target in ("", f"{source}>{target}")
