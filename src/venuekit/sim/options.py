"""How one world is set up: all of it from the seed, all of it printed."""

from __future__ import annotations

from enum import Enum

from venuekit.connector.trading_policy import AtStop, OrderEntry
from venuekit.journal.writer import Durability
from venuekit.protocol.frozen import Frozen
from venuekit.seams import chance

__all__ = ["Profile", "Weather", "WorldOptions", "options_of"]


class Profile(Enum):
    """How far down the world goes."""

    DIRECT = "direct"
    """The venue is called in process: requests, answers and frames arrive late, or not at all. Fast."""
    WIRE = "wire"
    """The HTTP and WebSocket libraries as they are, over a simulated network: bytes arrive late, or not."""


class Weather(Enum):
    """How much goes wrong."""

    CALM = "calm"
    ROUGH = "rough"
    HOSTILE = "hostile"


class WorldOptions(Frozen):
    """Everything that makes two worlds of one seed the same. Times are in seconds.

    `seconds` is for how long things go wrong; `healing` is how long the world may take afterwards until all
    is settled. `rate` is how many orders others place in a second in the first pair. `pause` is the
    mean time between two actions of the strategy. `latency` is the usual time of one way to the venue. `skew`
    and `drift` (parts per million) are of the trader's clock. `troubles` is how many disturbances a plan has.
    `shuffles` is the share of turns in which woken tasks run in another order.
    """

    seed: int
    venue: str
    profile: Profile
    weather: Weather
    seconds: float
    healing: float
    pairs: tuple[str, ...]
    rate: float
    pause: float
    durability: Durability
    order_entry: OrderEntry
    at_stop: AtStop
    poll_interval: float
    latency: float
    skew: float
    drift: float
    troubles: int
    pays_in_third_asset: bool
    shuffles: float


_TROUBLES = {Weather.CALM: 5, Weather.ROUGH: 16, Weather.HOSTILE: 40}
"""Disturbances in five minutes."""
_HEALING = 150.0
"""Seconds: the fence of 17, two polls of 45, a backoff of 30, and some."""


def options_of(
    seed: int,
    *,
    venue: str = "binance",
    profile: Profile = Profile.DIRECT,
    weather: Weather = Weather.ROUGH,
    seconds: float = 300.0,
) -> WorldOptions:
    """The options of a seed; what is given is taken, the rest is drawn."""
    draw = chance.seeded(f"{seed}/options")
    troubles = _TROUBLES[weather]
    return WorldOptions(
        seed=seed,
        venue=venue,
        profile=profile,
        weather=weather,
        seconds=seconds,
        healing=_HEALING,
        pairs=("BTC-USDT", "ETH-USDT", "SOL-USDT")[: draw.choice((1, 1, 2, 3))],
        rate=draw.choice((0.5, 2.0, 5.0)),
        pause=draw.choice((0.3, 1.0, 4.0)),
        durability=draw.choice(tuple(Durability)),
        order_entry=draw.choice((OrderEntry.AUTO, OrderEntry.AUTO, OrderEntry.REST)),
        at_stop=draw.choice((AtStop.LEAVE, AtStop.LEAVE, AtStop.CANCEL_OWN)),
        poll_interval=draw.choice((5.0, 15.0, 45.0)),
        latency=draw.choice((0.001, 0.02, 0.1)),
        skew=draw.choice((0.0, 0.0, draw.uniform(-3.0, 3.0))),
        drift=draw.choice((0.0, 0.0, draw.uniform(-100.0, 100.0))),
        troubles=max(1, round(draw.uniform(0.5, 1.5) * troubles * seconds / 300.0)),
        pays_in_third_asset=draw.random() < 0.2,
        shuffles=draw.choice((0.0, 0.25, 1.0)),
    )
