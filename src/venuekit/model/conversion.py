"""What an amount of one asset is worth in another, reckoned exactly or refused."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Protocol

from venuekit import errors
from venuekit.model.decimals import CONTEXT
from venuekit.protocol.frozen import Frozen

__all__ = [
    "INTERCHANGEABLE_TOKENS",
    "BookRates",
    "Conversion",
    "PriceSource",
    "RateSource",
    "are_interchangeable",
]

INTERCHANGEABLE_TOKENS: tuple[frozenset[str], ...] = (
    frozenset({"WETH", "ETH"}),
    frozenset({"WBNB", "BNB"}),
    frozenset({"WPOL", "POL"}),
    frozenset({"WAVAX", "AVAX"}),
    frozenset({"WONE", "ONE"}),
    frozenset({"USDC", "USDC.E"}),
    frozenset({"WBTC", "BTC"}),
    frozenset({"USOL", "SOL"}),
    frozenset({"UETH", "ETH"}),
    frozenset({"UBTC", "BTC"}),
)
"""Wrapped and bridged names that are counted as the asset they stand for, one to one.

Not transitive: WETH and UETH both stand for ETH, and are two assets.
"""


class RateSource(Protocol):
    """Somebody who knows what assets are worth in each other."""

    def get_pair_rate(self, trading_pair: str) -> Decimal | None:
        """What one of the base is worth in the quote of a `BASE-QUOTE` pair; None where it is not known."""
        ...


class PriceSource(Protocol):
    """Somebody who follows order books."""

    def get_price(self, trading_pair: str, is_buy: bool) -> Decimal:
        """The best ask (to buy) or the best bid (to sell); NaN or an error where there is none.

        Raises:
            errors.UnknownPair: no such book is followed.
            errors.NotReady: the book is not live, or its side is empty.
        """
        ...


class BookRates:
    """The rates of an exchange's own books: a pair's ask, else the bid of the pair the other way round.

    Both are the dearer side for whoever has to come up with an amount.
    """

    __slots__ = ("_prices",)

    def __init__(self, prices: PriceSource) -> None:
        self._prices = prices

    def get_pair_rate(self, trading_pair: str) -> Decimal | None:
        """What one of the base is worth in the quote; None where neither pair is followed.

        Raises:
            errors.NotReady: the book is followed and says nothing now.
        """
        ask = self._price(trading_pair, is_buy=True)
        if ask is not None:
            return ask
        base, _, quote = trading_pair.rpartition("-")
        bid = self._price(f"{quote}-{base}", is_buy=False)
        return None if bid is None else CONTEXT.divide(Decimal(1), bid)

    def _price(self, trading_pair: str, *, is_buy: bool) -> Decimal | None:
        try:
            price = self._prices.get_price(trading_pair, is_buy)
        except errors.UnknownPair:
            return None
        return price if _is_usable(price) else None


class Conversion(Frozen):
    """How amounts are converted beside one trade or order.

    Between base and quote its own `price` is the rate, so that no other source is asked. Everything else
    asks `rate_source` for the direct rate, and where there is none goes through the other asset of the pair:
    a fee in BNB of BTC-USDT needs USDT-BNB or BTC-BNB, either will do.
    """

    trading_pair: str
    price: Decimal
    rate_source: RateSource | None = None
    interchangeable: Sequence[frozenset[str]] = INTERCHANGEABLE_TOKENS

    @property
    def base(self) -> str:
        """The asset that is traded."""
        return self.trading_pair.rpartition("-")[0]

    @property
    def quote(self) -> str:
        """The asset that the price is in."""
        return self.trading_pair.rpartition("-")[2]

    def convert(self, amount: Decimal, source: str, target: str) -> Decimal:
        """An amount of `source` in `target`.

        Raises:
            errors.ExchangeRateUnknown: nobody knows a rate, or the trade's own price is no positive number.
        """
        source_leg, target_leg = self.leg(source), self.leg(target)
        if source == target or (source_leg is not None and source_leg == target_leg):
            return amount
        if source_leg is not None and target_leg is not None:
            return self._across(amount, source_leg)
        if are_interchangeable(source, target, self.interchangeable):
            return amount
        rate = self._rate(source, target)
        if rate is not None:
            return CONTEXT.multiply(amount, rate)
        return self._through_the_pair(amount, source, target)

    def leg(self, token: str) -> str | None:
        """The asset of the pair that a token is or stands for; None: it is a third one."""
        legs = (self.quote, self.base)
        if token in legs:
            return token
        return next((leg for leg in legs if are_interchangeable(token, leg, self.interchangeable)), None)

    def _through_the_pair(self, amount: Decimal, source: str, target: str) -> Decimal:
        source_leg, target_leg = self.leg(source), self.leg(target)
        if source_leg is not None:
            rate = self._rate(self._other(source_leg), target)
            if rate is not None:
                return CONTEXT.multiply(self._across(amount, source_leg), rate)
        elif target_leg is not None:
            middle = self._other(target_leg)
            rate = self._rate(source, middle)
            if rate is not None:
                return self._across(CONTEXT.multiply(amount, rate), middle)
        raise errors.ExchangeRateUnknown(source, target)

    def _across(self, amount: Decimal, leg: str) -> Decimal:
        """An amount of one asset of the pair in the other one."""
        if not _is_usable(self.price):
            raise errors.ExchangeRateUnknown(self.base, self.quote)
        with localcontext(CONTEXT):
            return amount * self.price if leg == self.base else amount / self.price

    def _other(self, leg: str) -> str:
        return self.quote if leg == self.base else self.base

    def _rate(self, source: str, target: str) -> Decimal | None:
        if self.rate_source is None:
            return None
        rate = self.rate_source.get_pair_rate(f"{source}-{target}")
        return rate if rate is not None and _is_usable(rate) else None


def are_interchangeable(
    one: str, other: str, groups: Sequence[frozenset[str]] = INTERCHANGEABLE_TOKENS
) -> bool:
    """Whether two names are counted as one asset."""
    return one == other or any(one in group and other in group for group in groups)


def _is_usable(price: Decimal) -> bool:
    return price.is_finite() and price > 0
