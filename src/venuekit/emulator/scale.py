"""Between the numbers that accounts use and the integers that a book is kept in."""

from __future__ import annotations

from decimal import Decimal

from venuekit.emulator.step import Instrument
from venuekit.model.decimals import CONTEXT

__all__ = ["Scale"]


class Scale:
    """Prices, amounts and their products in units of the last digit that the instrument writes."""

    def __init__(self, instrument: Instrument) -> None:
        self._price_decimals = instrument.price_decimals
        self._amount_decimals = instrument.amount_decimals

    def price_units(self, price: Decimal) -> int:
        """A price as an integer.

        Raises:
            ValueError: it is not positive, or finer than the instrument writes.
        """
        if price <= 0:
            raise ValueError(f"a price is positive, not {price}")
        return _exactly(price, self._price_decimals)

    def amount_units(self, amount: Decimal) -> int:
        """An amount as an integer.

        Raises:
            ValueError: it is finer than the instrument writes.
        """
        return _exactly(amount, self._amount_decimals)

    def quote_units(self, quote: Decimal) -> int:
        """An amount of quote, without what is finer than a price times an amount can be."""
        return int(quote.scaleb(self._price_decimals + self._amount_decimals, context=CONTEXT))

    def price(self, units: int) -> Decimal:
        """The price that an integer stands for."""
        return Decimal(units).scaleb(-self._price_decimals, context=CONTEXT)

    def amount(self, units: int) -> Decimal:
        """The amount that an integer stands for."""
        return Decimal(units).scaleb(-self._amount_decimals, context=CONTEXT)

    def quote(self, units: int) -> Decimal:
        """The amount of quote that an integer stands for."""
        return Decimal(units).scaleb(-self._price_decimals - self._amount_decimals, context=CONTEXT)


def _exactly(number: Decimal, decimals: int) -> int:
    scaled = number.scaleb(decimals, context=CONTEXT)
    units = int(scaled)
    if units != scaled:
        raise ValueError(f"{number} has more than {decimals} decimals")
    return units
