"""How far a venue's clock is ahead of this machine's, and how sure that is."""

from __future__ import annotations

import math
from collections import deque

from venuekit.protocol.frozen import Frozen

__all__ = ["ClockOffset"]

_KEPT = 8
"""Samples remembered: enough to hold one undisturbed round trip among hurried ones."""
_DRIFT = 1e-4
"""Seconds per second by which two clocks may part: quartz keeps 20 to 50 ppm, a clock being slewed more."""
_ROUNDING = 0.002
"""Seconds that two venue's times may be off because they tell milliseconds."""
_STEP = 0.25
"""Seconds by which the wall clock must leave the monotonic one between two looks to have been stepped.

`adjtimex` slews by at most 500 ppm, so a difference of this size cannot build up within minutes.
"""


class _Sample(Frozen):
    offset: float
    error: float
    received_at: float

    def error_at(self, local: float) -> float:
        """Half of the round trip, and what the clocks may have parted since."""
        return self.error + _DRIFT * max(0.0, local - self.received_at)

    def agrees(self, later: _Sample) -> bool:
        """Whether one offset can have made both of them."""
        apart = abs(self.offset - later.offset)
        return apart <= self.error_at(later.received_at) + later.error + _ROUNDING


class ClockOffset:
    """The offset of a venue's clock, from questions for its time.

    The venue read its clock at some moment between sending and receiving, so one answer tells the offset
    within half its round trip. The sample with the smallest error counts; its error grows with its age,
    until a younger one takes over. Samples that contradict a later one are of before a clock was set, and
    dropped. All times are seconds; local ones are the wall clock's.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=_KEPT)
        self._best: _Sample | None = None
        self._wall_ahead: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is a sample; without one the clocks are taken to agree."""
        return self._best is not None

    @property
    def offset(self) -> float:
        """Venue time less local time."""
        return 0.0 if self._best is None else self._best.offset

    @property
    def error(self) -> float:
        """How far the offset can be wrong as of the latest sample; infinite without one."""
        return math.inf if self._best is None else self._best.error_at(self._samples[-1].received_at)

    def error_at(self, local: float) -> float:
        """How far the offset can be wrong at a local time; infinite without a sample."""
        return math.inf if self._best is None else self._best.error_at(local)

    def venue_time(self, local: float) -> float:
        """What the venue's clock shows when this machine's shows `local`."""
        return local + self.offset

    def add(self, sent_at: float, received_at: float, server_time: float) -> None:
        """Learn from one answer; one that was received before it was sent tells of a step and is ignored."""
        if received_at < sent_at:
            return
        middle = (sent_at + received_at) / 2
        sample = _Sample(
            offset=server_time - middle, error=(received_at - sent_at) / 2, received_at=received_at
        )
        self._samples = deque((each for each in self._samples if each.agrees(sample)), maxlen=_KEPT)
        self._samples.append(sample)
        self._best = min(self._samples, key=lambda each: each.error_at(received_at))

    def watch(self, wall: float, monotonic: float) -> bool:
        """Compare both local clocks, read together; true if the wall clock was stepped, and all is forgotten.

        Call it before each question and after its answer: a step in between spoils the sample.
        """
        ahead = wall - monotonic
        stepped = self._wall_ahead is not None and abs(ahead - self._wall_ahead) > _STEP
        self._wall_ahead = ahead
        if stepped:
            self.forget()
        return stepped

    def forget(self) -> None:
        """Drop all samples, as after the venue said that our time is off."""
        self._samples.clear()
        self._best = None
