"""Emulated venues by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from importlib.metadata import entry_points
from typing import Any

from venuekit import errors
from venuekit.emulator.accounts import customers, open_accounts
from venuekit.emulator.desk import Desk
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS
from venuekit.emulator.order_flow import SyntheticMarket
from venuekit.emulator.recorded_flow import recorded_markets
from venuekit.emulator.server import EmulatorServer
from venuekit.emulator.sparse_ids import SparseIds
from venuekit.emulator.step import Instrument, MarketSource
from venuekit.model.decimals import CONTEXT
from venuekit.protocol.recording import Record

__all__ = ["announcement", "dialect_class", "dialect_names", "make_dialect", "with_customers"]

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
    name: str | type[Dialect],
    *,
    seed: int | str,
    instruments: Sequence[Instrument],
    start_time: float,
    replay: Iterable[Record] | None = None,
    replay_name: str = "recording",
    speed: float = 1.0,
    rate: float = 200.0,
) -> Dialect:
    """A venue that starts at `start_time` (seconds) and lists these instruments; `name` may be its class.

    Its markets come from the seed: the first with `rate` orders per second, the n-th with an n-th of it, as
    volumes at real venues thin out. With `replay` they come from a recording, `speed` times as fast, and the
    instruments are the recording's own; errors call it `replay_name`.

    Raises:
        UnknownVenue: no dialect has this name.
        RecordingCorrupt: the recording cannot be replayed.
    """
    made = dialect_class(name) if isinstance(name, str) else name
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
    if not made.has_accounts:
        return made(sources, start_time=start_time)
    return with_customers(made, sources, seed=seed, start_time=start_time)


def with_customers(
    made: type[Dialect], sources: Iterable[MarketSource], *, seed: int | str, start_time: float
) -> Dialect:
    """A venue in whose markets the customers of the seed trade."""
    desk, members = Desk(), customers(seed)
    desk.reference_rates.update(_reference_rates())
    markets = [desk.open_market(source) for source in sources]
    assets = [asset for market in markets for asset in (market.instrument.base, market.instrument.quote)]
    names = [member.name for member in members]
    open_accounts(desk, names, assets, made.start_fees, start_time)
    return made(markets, start_time=start_time, desk=desk, customers=members)


def announcement(server: EmulatorServer) -> dict[str, Any]:
    """What a started emulator tells its clients, as one JSON object."""
    return {
        "venue": server.dialect.name,
        "rest_url": server.rest_url,
        "ws_url": server.ws_url,
        "ws_api_url": server.ws_api_url,
        "accounts": [customer.credentials() for customer in server.dialect.customers.values()],
    }


def _reference_rates() -> dict[tuple[str, str], Decimal]:
    """What well-known assets are worth where no market tells: fees may be paid in one of them."""
    rates = {}
    for listed in DEFAULT_INSTRUMENTS:
        price = Decimal(listed.start_price)
        rates[listed.base, listed.quote] = price
        rates[listed.quote, listed.base] = CONTEXT.divide(Decimal(1), price)
    return rates


def _spread(source: MarketSource, stride: int) -> MarketSource:
    return source if stride == 1 else SparseIds(source, stride)
