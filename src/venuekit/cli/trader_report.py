"""What a trader says on its stdout, one line of JSON each, and how it stands in the end."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from venuekit.cli.ladder import BookView
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.frozen import Frozen

__all__ = [
    "BookStanding",
    "Filled",
    "Flat",
    "Healed",
    "Holding",
    "OrderStanding",
    "OwnOrder",
    "Picture",
    "Ready",
    "Said",
    "Standing",
    "Task",
    "Told",
    "decode",
]


class Task(Frozen):
    """What a trader is started for. `homes` is how much of each base its maker wants to hold.

    Without `homes` it wants what it finds.
    """

    venue: str
    url: str
    trading_pairs: list[str]
    journals: str
    homes: dict[str, Decimal] = {}


class Ready(Frozen, tag="ready"):
    """It trades from now on, `seconds` after its start, with `taken_up` orders of before still open."""

    seconds: float
    taken_up: int
    in_doubt: int
    homes: dict[str, Decimal]


class Told(Frozen, tag="told"):
    """Something that happened, in words."""

    subject: str
    words: str


class Healed(Frozen, tag="healed"):
    """A book that had been lost is right again, after so many seconds."""

    trading_pair: str
    seconds: float


class Doubted(Frozen, tag="doubted"):
    """An order is in doubt, or not any more: then it `settled_as` something, `seconds` later."""

    order_id: str
    words: str
    settled_as: str | None = None


class Filled(Frozen, tag="filled"):
    """One fill; `fees` are flat ones, by asset."""

    order_id: str
    trading_pair: str
    is_buy: bool
    price: Decimal
    amount: Decimal
    fees: dict[str, Decimal]


class OwnOrder(Frozen):
    """An open order."""

    order_id: str
    trading_pair: str
    is_buy: bool
    price: Decimal
    amount: Decimal
    filled: Decimal
    state: str
    is_in_doubt: bool


class Holding(Frozen):
    """What there is of an asset."""

    asset: str
    total: Decimal
    available: Decimal


class Picture(Frozen, tag="picture"):
    """How everything looks at this moment."""

    books: list[BookView]
    orders: list[OwnOrder]
    holdings: list[Holding]


class Flat(Frozen, tag="flat"):
    """It has stopped quoting; `left` orders are still open, or something about them is not known."""

    left: int


class OrderStanding(Frozen):
    """One order as the connector believes it to be; `fills` are the venue's ids of its trades."""

    trading_pair: str
    is_buy: bool
    state: str
    filled: Decimal
    fills: list[str]
    is_in_doubt: bool


class BookStanding(Frozen):
    """A book within the depth that it vouches for; `stream` is the name of the stream that it follows."""

    trading_pair: str
    symbol: str
    stream: str
    is_live: bool
    update_id: int | None
    bids: list[LevelText]
    asks: list[LevelText]


class Standing(Frozen, tag="standing"):
    """All that the connector believes: orders by our id, holdings, books."""

    orders: dict[str, OrderStanding]
    holdings: list[Holding]
    books: list[BookStanding]


Said = Ready | Told | Healed | Doubted | Filled | Picture | Flat | Standing

_decoder = msgspec.json.Decoder(Said)


def decode(line: bytes) -> Said:
    """What a line says.

    Raises:
        msgspec.DecodeError: it is none of a trader's.
    """
    said: Said = _decoder.decode(line)
    return said
