"""What a market's trades of the last 24 hours add up to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from itertools import takewhile

from venuekit.emulator.step import MarketTrade
from venuekit.model.decimals import CONTEXT, plain
from venuekit.protocol.frozen import Frozen

__all__ = ["DAY", "Day", "DaySummary", "written"]

DAY = 86_400.0
_MINUTE = 60.0


class DaySummary(Frozen):
    """The figures of a ticker; ids are -1 without a trade."""

    open: Decimal
    high: Decimal
    low: Decimal
    last: Decimal
    last_amount: Decimal
    previous_close: Decimal
    volume: Decimal
    quote_volume: Decimal
    first_id: int
    last_id: int
    count: int

    @property
    def change(self) -> Decimal:
        """Last price less open."""
        return self.last - self.open

    @property
    def change_percent(self) -> str:
        """The change in percent of the open, with three digits."""
        return f"{self.change / self.open * 100:.3f}" if self.open else "0.000"

    @property
    def average(self) -> Decimal:
        """Volume-weighted average price; the last price while nothing has traded."""
        return CONTEXT.divide(self.quote_volume, self.volume) if self.volume else self.last


class _Bucket:
    """One minute's trades."""

    __slots__ = ("close", "count", "first_id", "high", "last_id", "low", "minute", "open", "quote", "volume")

    def __init__(self, minute: int, price: Decimal, trade_id: int) -> None:
        self.minute = minute
        self.open = self.high = self.low = self.close = price
        self.volume = self.quote = Decimal(0)
        self.first_id = self.last_id = trade_id
        self.count = 0

    def add(self, price: Decimal, amount: Decimal, trade_id: int) -> None:
        self.close = price
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.volume += amount
        self.quote += CONTEXT.multiply(price, amount)
        self.last_id = trade_id
        self.count += 1


class Day:
    """Trades of a rolling day, kept in minutes: the window moves a minute at a time."""

    def __init__(self, start_price: str) -> None:
        self._previous_close = Decimal(start_price)
        self._last = self._previous_close
        self._last_amount = Decimal(0)
        self._buckets: deque[_Bucket] = deque()

    def add(self, trade: MarketTrade) -> None:
        """Count a trade."""
        price, amount = Decimal(trade.price), Decimal(trade.amount)
        minute = int(trade.time // _MINUTE)
        if not self._buckets or self._buckets[-1].minute != minute:
            self._buckets.append(_Bucket(minute, price, trade.trade_id))
        self._buckets[-1].add(price, amount, trade.trade_id)
        self._last, self._last_amount = price, amount

    def average(self, minutes: int, now: float) -> Decimal | None:
        """The volume-weighted average price of the present minute and those before it; None: no trades."""
        first = now // _MINUTE - minutes
        recent = list(takewhile(lambda bucket: bucket.minute > first, reversed(self._buckets)))
        volume = _total(bucket.volume for bucket in recent)
        return CONTEXT.divide(_total(bucket.quote for bucket in recent), volume) if volume else None

    def summary(self, now: float) -> DaySummary:
        """The figures of the 24 hours before `now`."""
        oldest = (now - DAY) // _MINUTE
        while self._buckets and self._buckets[0].minute <= oldest:
            self._previous_close = self._buckets.popleft().close
        buckets = self._buckets
        still = self._last
        return DaySummary(
            open=buckets[0].open if buckets else still,
            high=max((bucket.high for bucket in buckets), default=still),
            low=min((bucket.low for bucket in buckets), default=still),
            last=self._last,
            last_amount=self._last_amount,
            previous_close=self._previous_close,
            volume=_total(bucket.volume for bucket in buckets),
            quote_volume=_total(bucket.quote for bucket in buckets),
            first_id=buckets[0].first_id if buckets else -1,
            last_id=buckets[-1].last_id if buckets else -1,
            count=sum(bucket.count for bucket in buckets),
        )


def _total(numbers: Iterable[Decimal]) -> Decimal:
    return sum(numbers, start=Decimal(0))


def written(value: Decimal, decimals: int) -> str:
    """The number with exactly so many digits after the point, rounded half to even."""
    return plain(value.quantize(Decimal(1).scaleb(-decimals), context=CONTEXT))
