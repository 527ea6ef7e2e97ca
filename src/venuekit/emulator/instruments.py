"""The instruments that an emulated venue lists."""

from __future__ import annotations

from venuekit.emulator.digits import decimals_of, text_of
from venuekit.emulator.step import Instrument
from venuekit.seams import chance

__all__ = ["DEFAULT_INSTRUMENTS", "MOST_INSTRUMENTS", "instrument", "instruments"]

MOST_INSTRUMENTS = 300
"""How many pairs `instruments` can make: more streams than one connection of a real venue carries."""


def instrument(
    trading_pair: str, start_price: str, tick_size: str, step_size: str, min_notional: str = "5"
) -> Instrument:
    """A pair whose prices and amounts are written with the digits of its tick and step."""
    base, _, quote = trading_pair.partition("-")
    return Instrument(
        trading_pair=trading_pair,
        base=base,
        quote=quote,
        tick_size=tick_size,
        step_size=step_size,
        price_decimals=decimals_of(tick_size),
        amount_decimals=decimals_of(step_size),
        start_price=start_price,
        min_notional=min_notional,
    )


DEFAULT_INSTRUMENTS = (
    instrument("BTC-USDT", "64000.00", "0.01", "0.00001"),
    instrument("ETH-USDT", "2600.00", "0.01", "0.0001"),
    instrument("SOL-USDT", "150.00", "0.01", "0.001"),
    instrument("BNB-USDT", "580.00", "0.01", "0.001"),
    instrument("XRP-USDT", "0.6000", "0.0001", "0.1"),
    instrument("DOGE-USDT", "0.10500", "0.00001", "1"),
    instrument("ADA-USDT", "0.3500", "0.0001", "0.1"),
    instrument("AVAX-USDT", "26.000", "0.001", "0.01"),
    instrument("LINK-USDT", "11.000", "0.001", "0.01"),
    instrument("LTC-USDT", "65.00", "0.01", "0.001"),
    instrument("BTC-USDC", "64000.00", "0.01", "0.00001"),
    instrument("ETH-BTC", "0.04060", "0.00001", "0.0001", min_notional="0.0001"),
)

_SYLLABLES = ("BA", "CO", "DE", "FI", "GU", "KA", "LO", "MI", "NE", "RU", "SO", "TA", "VE", "XI", "ZU")
_DIGITS_OF_A_PRICE = 5
"""Ticks from a thousandth of a percent to a hundredth, where real venues set most of theirs."""


def instruments(count: int) -> tuple[Instrument, ...]:
    """The first `count` instruments: the well-known ones, then made-up ones, always the same.

    Raises:
        ValueError: `count` is not between 1 and `MOST_INSTRUMENTS`.
    """
    if not 1 <= count <= MOST_INSTRUMENTS:
        raise ValueError(f"between 1 and {MOST_INSTRUMENTS} instruments, not {count}")
    made_up = (_made_up(number) for number in range(count - len(DEFAULT_INSTRUMENTS)))
    return (*DEFAULT_INSTRUMENTS[:count], *made_up)


def _made_up(number: int) -> Instrument:
    # Three syllables count in base 15, so no two numbers share a name.
    first, rest = divmod(number + len(_SYLLABLES) ** 2, len(_SYLLABLES) ** 2)
    second, third = divmod(rest, len(_SYLLABLES))
    base = "".join(_SYLLABLES[place] for place in (first, second, third))
    drawn = chance.seeded(f"instrument/{number}")
    magnitude = drawn.randint(-4, 3)
    significant = drawn.randint(10 ** (_DIGITS_OF_A_PRICE - 1), 10**_DIGITS_OF_A_PRICE - 1)
    price_decimals = _DIGITS_OF_A_PRICE - 1 - magnitude
    # One lot is worth between one and ten hundredths of the quote, as listings of real venues are.
    amount_decimals = max(0, magnitude + 2)
    return instrument(
        f"{base}-USDT",
        text_of(significant, price_decimals),
        text_of(1, price_decimals),
        text_of(1, amount_decimals),
    )
