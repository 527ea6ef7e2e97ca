"""The cards in a simulated world: the same play, in virtual time, on a venue that no socket leads to."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from venuekit.seams.clock import SystemClock
from venuekit.sim.disk import SimDisk
from venuekit.sim.front import front_of
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel
from venuekit.sim.options import Profile, Weather, options_of
from venuekit.sim.replacement import replaced
from venuekit.testing.conformance.card import Card, CardFailed
from venuekit.testing.conformance.stage import Stage
from venuekit.testing.conformance.suite import ConformanceSuite

__all__ = ["play_in_world"]

_HOST = "trader"
_FOLDER = Path("/journals")
_LATENCY = 0.001
_PATIENCE = 40.0
"""Seconds: time costs nothing, and a line that was gone for long may come back half a minute late."""
_OUTAGE = 40.0
"""Seconds, twice the usual fence: whoever takes silence for an answer has given up by then."""
_LOOK_EVERY = 0.01
_LONGEST = 1_000.0


def play_in_world(suite: ConformanceSuite, card: Card, profile: Profile, *, seed: int = 7) -> None:
    """Play a card in a world of its own; the venue is called in process, or over a simulated network.

    Raises:
        CardFailed: the connector does otherwise than the card expects.
    """
    kernel = Kernel(seed)
    try:
        _play(suite, card, kernel, profile)
    finally:
        kernel.end()


def _play(suite: ConformanceSuite, card: Card, kernel: Kernel, profile: Profile) -> None:
    options = options_of(kernel.seed, venue=suite.venue.name, profile=profile, weather=Weather.CALM)
    dialect = suite.make_dialect(kernel.start)
    front = front_of(replace(options, latency=_LATENCY), kernel, dialect)
    host = Host(kernel, _HOST)
    SimDisk.of(host)
    with replaced(kernel, front.stand_ins):
        stage = Stage(
            suite,
            dialect,
            front.url,
            _FOLDER,
            clock=SystemClock(),
            patience=_PATIENCE,
            outage=_OUTAGE,
            look_every=_LOOK_EVERY,
        )
        program = host.start(lambda: suite.play_on(stage, card))
        is_over = kernel.run_until(program.done, _LONGEST)
        host.leave()
        front.end()
    if not is_over:
        raise CardFailed(f"the card was not over after {_LONGEST:g} s of the world")
    error = program.exception()
    if error is not None:
        raise error
    if kernel.complaints:
        raise CardFailed("; ".join(kernel.complaints))
