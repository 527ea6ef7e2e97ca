"""Emulated venues by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import entry_points
from typing import Any

from venuekit import errors
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.order_flow import SyntheticMarket
from venuekit.emulator.recorded_flow import recorded_markets
from venuekit.emulator.server import EmulatorServer
from venuekit.emulator.sparse_ids import SparseIds
from venuekit.emulator.step import Instrument, MarketSource
from venuekit.protocol.recording import Record

__all__ = ["announcement", "dialect_class", "dialect_names", "make_dialect"]

_GROUP = "venuekit.dialects"
_SLOWEST = 5.0
"""Orders per second of the quietest market."""


def dialect_names() -> list[str]:
    """The venues that can be emulated, those of other installed packages included."""
    return sorted(entry.name for entry in entry_points(group=_GROUP))


def dialect_class(name: str) -> type[Dialect]:
    """The dialect registered under a venue's name.

    Raises:
        UnknownVenue: there is none; the text lists those there are.
    """
    for entry in entry_points(group=_GROUP, name=name):
        found: type[Dialect] = entry.load()
        return found
    raise errors.UnknownVenue(f"no emulator for {name!r}; there are {', '.join(dialect_names())}")


def make_dialect(
    name: str,
    *,
    seed: int | str,
    instruments: Sequence[Instrument],
    start_time: float,
    replay: Iterable[Record] | None = None,
    replay_name: str = "recording",
    speed: float = 1.0,
    rate: float = 200.0,
) -> Dialect:
    """A venue that starts at `start_time` (seconds) and lists these instruments.

    Its markets come from the seed: the first with `rate` orders per second, the n-th with an n-th of it, as
    volumes at real venues thin out. With `replay` they come from a recording, `speed` times as fast, and the
    instruments are the recording's own; errors call it `replay_name`.

    Raises:
        UnknownVenue: no dialect has this name.
        RecordingCorrupt: the recording cannot be replayed.
    """
    made = dialect_class(name)
    sources: list[MarketSource]
    if replay is not None:
        reader = made.recording_reader()
        sources = list(recorded_markets(replay, reader, start_time, speed, name=replay_name).values())
    else:
        sources = [
            _spread(
                SyntheticMarket(instrument, seed, start_time, rate=max(rate / place, _SLOWEST)),
                made.id_stride,
            )
            for place, instrument in enumerate(instruments, start=1)
        ]
    return made(sources, start_time=start_time)


def announcement(server: EmulatorServer) -> dict[str, Any]:
    """What a started emulator tells its clients, as one JSON object."""
    return {
        "venue": server.dialect.name,
        "rest_url": server.rest_url,
        "ws_url": server.ws_url,
        "ws_api_url": server.ws_api_url,
        "accounts": [],
    }


def _spread(source: MarketSource, stride: int) -> MarketSource:
    return source if stride == 1 else SparseIds(source, stride)
