"""What Binance lists: every symbol with its status, tradable or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from venuekit.emulator.day import Day, DaySummary
from venuekit.emulator.market import Market
from venuekit.emulator.step import Instrument
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.frozen import Frozen

__all__ = ["Dormant", "Listing", "listings"]


class Dormant(Frozen):
    """A symbol that is listed and in which nothing happens: a client has to leave it out."""

    symbol: str
    base: str
    quote: str
    status: str
    price: str
    contract: str = ""

    @property
    def instrument(self) -> Instrument:
        """Rules as good as any, for the columns that every symbol has."""
        return Instrument(
            trading_pair=f"{self.base}-{self.quote}",
            base=self.base,
            quote=self.quote,
            tick_size="0.0001",
            step_size="0.1",
            price_decimals=4,
            amount_decimals=1,
            start_price=self.price,
        )


# A struct without gc hides the market, which knows its venue, from the collector: the venue would never go.
class Listing(Frozen, gc=True):
    """One symbol of `exchangeInfo`; `market` is None where nothing happens.

    `filters` are the rows of its filters where they are not the product's usual ones.
    """

    symbol: str
    status: str
    contract: str
    instrument: Instrument
    market: Market | None = None
    filters: tuple[Mapping[str, Any], ...] | None = None

    @property
    def last_price(self) -> str:
        """The last trade's price, or the first price while there is none."""
        return self.instrument.start_price if self.market is None else self.market.last_price

    @property
    def best(self) -> tuple[LevelText, LevelText]:
        """Best bid and ask as (price, amount); zeros where a side is empty."""
        nothing = (f"{0:.{self.instrument.price_decimals}f}", f"{0:.{self.instrument.amount_decimals}f}")
        if self.market is None:
            return nothing, nothing
        return self.market.book.best_bid or nothing, self.market.book.best_ask or nothing

    def day(self, now: float) -> DaySummary:
        """The last 24 hours."""
        day = Day(self.instrument.start_price) if self.market is None else self.market.day
        return day.summary(now)


def listings(markets: Iterable[Market], dormant: Iterable[Dormant], contract: str) -> dict[str, Listing]:
    """The whole list: open markets first, then the dormant symbols whose names are free."""
    found = {
        market.symbol: Listing(
            symbol=market.symbol,
            status="TRADING",
            contract=contract,
            instrument=market.instrument,
            market=market,
        )
        for market in markets
    }
    for row in dormant:
        sleeping = Listing(
            symbol=row.symbol, status=row.status, contract=row.contract, instrument=row.instrument
        )
        found.setdefault(row.symbol, sleeping)
    return found
