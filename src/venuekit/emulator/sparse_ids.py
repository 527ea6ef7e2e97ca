"""A market source whose update ids leave numbers out, as a venue's do that counts more than book changes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from venuekit.emulator.step import Instrument, MarketSource, MarketStep

__all__ = ["SparseIds"]


class SparseIds:
    """The steps of another source with every id multiplied by `stride`."""

    def __init__(self, source: MarketSource, stride: int) -> None:
        self.instrument: Instrument = source.instrument
        self._source = source
        self._stride = stride

    def opening(self) -> MarketStep:
        """The step that builds the first book."""
        return self._spread(self._source.opening())

    def next_time(self) -> float:
        """When the next step comes."""
        return self._source.next_time()

    def until(self, now: float) -> Iterator[MarketStep]:
        """The steps up to and including the time `now` (seconds)."""
        return map(self._spread, self._source.until(now))

    def _spread(self, step: MarketStep) -> MarketStep:
        return msgspec.structs.replace(
            step, first_id=step.first_id * self._stride, last_id=step.last_id * self._stride
        )
