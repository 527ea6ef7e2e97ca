"""What happens in a market, in the smallest pieces that a venue publishes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from venuekit.protocol.frozen import Frozen

__all__ = ["Instrument", "LevelChange", "MarketSource", "MarketStep", "MarketTrade"]


class Instrument(Frozen):
    """One market's rules, all numbers in the text that the venue would write.

    `price_decimals` and `amount_decimals` are how many digits prices and amounts are written with.
    """

    trading_pair: str
    base: str
    quote: str
    tick_size: str
    step_size: str
    price_decimals: int
    amount_decimals: int
    start_price: str
    min_notional: str = "5"


class LevelChange(Frozen):
    """A level's new absolute amount; an amount of zero deletes it."""

    is_bid: bool
    price: str
    amount: str


class MarketTrade(Frozen):
    """One trade: `time` in seconds of the venue's clock.

    `name` is what a recorded venue calls it where that is no number (a UUID).
    """

    trade_id: int
    price: str
    amount: str
    taker_is_buyer: bool
    time: float
    name: str = ""


class MarketStep(Frozen):
    """What one order or one batch did: the book's ids go from `first_id` to `last_id`, both included.

    A step of trades alone moves no id: its `last_id` is the book's, its `first_id` one more.
    """

    time: float
    first_id: int
    last_id: int
    changes: tuple[LevelChange, ...]
    trades: tuple[MarketTrade, ...] = ()


class MarketSource(Protocol):
    """Where a market's steps come from: a seeded order flow, or a recording."""

    instrument: Instrument

    def opening(self) -> MarketStep:
        """The step that builds the first book."""
        ...

    def next_time(self) -> float:
        """When the step comes that `until` gives next (seconds); infinity: there will be none."""
        ...

    def until(self, now: float) -> Iterator[MarketStep]:
        """The steps after the last one given, up to and including the time `now` (seconds)."""
        ...
