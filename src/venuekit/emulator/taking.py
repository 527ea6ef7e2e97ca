"""What an incoming order would meet in the book at this moment, before any of it happens."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from venuekit.emulator.liquidity import LiveOrder, Side
from venuekit.emulator.order import SelfTrade

__all__ = [
    "Appetite",
    "BaseAppetite",
    "Meeting",
    "Plan",
    "Prevention",
    "QuoteAppetite",
    "planned",
    "prevention",
]


class Prevention(NamedTuple):
    """What a mode of self-trade prevention does to two orders of one account that would trade."""

    expires_maker: bool = False
    expires_taker: bool = False
    decrements: bool = False


_PREVENTIONS = {
    SelfTrade.EXPIRE_TAKER: Prevention(expires_taker=True),
    SelfTrade.EXPIRE_MAKER: Prevention(expires_maker=True),
    SelfTrade.EXPIRE_BOTH: Prevention(expires_maker=True, expires_taker=True),
    SelfTrade.DECREMENT: Prevention(decrements=True),
}


def prevention(mode: SelfTrade) -> Prevention:
    """What a mode does; nothing where the orders trade."""
    return _PREVENTIONS.get(mode, Prevention())


class Meeting(NamedTuple):
    """The next in line: `maker` is None for the crowd. They trade `amount`, unless `prevention` is given."""

    rank: int
    maker: LiveOrder | None
    amount: int
    prevention: Prevention | None


class Plan(NamedTuple):
    """`base` and `cost` are what would trade, `met` that and what is lost to decrements, `left` the rest.

    `is_stopped`: the order ends at its last meeting, whatever is left.
    """

    meetings: list[Meeting]
    base: int
    cost: int
    met: int
    left: int
    is_stopped: bool


class Appetite(Protocol):
    """How much a taker still wants."""

    def at(self, price: int) -> int:
        """The amount wanted at this price."""
        ...

    def feed(self, price: int, amount: int) -> None:
        """Some of it was had."""
        ...


class BaseAppetite:
    """Of a taker that names its amount: the same at every price."""

    def __init__(self, left: int) -> None:
        self._left = left

    def at(self, price: int) -> int:  # noqa: ARG002 - only the other kind of appetite asks for the price
        """The amount wanted."""
        return self._left

    def feed(self, price: int, amount: int) -> None:  # noqa: ARG002 - as above
        """Some of it was had."""
        self._left -= amount


class QuoteAppetite:
    """Of a taker that names what it spends or receives: as many whole lots as that makes."""

    def __init__(self, quote: int, lot: int) -> None:
        self._quote = quote
        self._lot = lot

    def at(self, price: int) -> int:
        """The amount wanted at this price."""
        return self._quote // price // self._lot * self._lot

    def feed(self, price: int, amount: int) -> None:
        """Some of it was had."""
        self._quote -= price * amount


def planned(taker: LiveOrder, side: Side, limit: int | None, appetite: Appetite, last_price: int) -> Plan:
    """Whom the taker would meet on the opposite `side` up to the rank `limit`, in the order of priority.

    What an appetite for quote leaves is measured at the price it reached, `last_price` on an empty side.
    """
    mode = _PREVENTIONS.get(taker.request.self_trade)
    meetings: list[Meeting] = []
    base = cost = met = 0
    price = last_price
    is_stopped = False
    for rank, maker, standing in side.line(limit):
        price = side.price_at(rank)
        amount = min(standing, appetite.at(price))
        if not amount:
            break
        is_own = maker is not None and maker.request.account == taker.request.account
        if not is_own or mode is None:
            meetings.append(Meeting(rank, maker, amount, None))
            base += amount
            cost += price * amount
        else:
            meetings.append(Meeting(rank, maker, amount, mode))
            if mode.expires_taker:
                is_stopped = True
                break
            if mode.expires_maker:
                continue
        met += amount
        appetite.feed(price, amount)
    return Plan(meetings, base, cost, met, appetite.at(price), is_stopped)
