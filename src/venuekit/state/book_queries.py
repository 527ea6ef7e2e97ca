"""The questions that can be asked of a book, answered exactly."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import NamedTuple

from venuekit import errors
from venuekit.model.decimals import CONTEXT
from venuekit.model.order_book_message import OrderBookRow
from venuekit.protocol.book_feed import LevelText
from venuekit.state.book_side import BookSide

__all__ = ["NAN", "BookQueries", "OrderBookQueryResult"]

NAN = Decimal("NaN")
_ZERO = Decimal(0)


class OrderBookQueryResult(NamedTuple):
    """A question and its answer: prices in quote per base, volumes in base, or in quote where the name says.

    NaN marks what was not asked or cannot be answered because the book is too thin.
    """

    query_price: Decimal
    query_volume: Decimal
    result_price: Decimal
    result_volume: Decimal


class BookQueries:
    """Questions to two sides of a book. `is_buy` walks the asks upwards, else the bids downwards."""

    __slots__ = ("asks", "bids")

    def __init__(self, bids: BookSide, asks: BookSide) -> None:
        self.bids = bids
        self.asks = asks

    def _readable(self) -> None:
        """Refuse to be read when the levels may not be believed; here they are taken as they are."""

    def _side(self, *, is_buy: bool) -> BookSide:
        self._readable()
        return self.asks if is_buy else self.bids

    def _walk(self, *, is_buy: bool) -> Iterator[tuple[Decimal, Decimal]]:
        return ((Decimal(price), Decimal(amount)) for price, amount, _ in self._side(is_buy=is_buy))

    def bid_entries(self) -> Iterator[OrderBookRow]:
        """Buy levels, highest price first."""
        return self._entries(is_buy=False)

    def ask_entries(self) -> Iterator[OrderBookRow]:
        """Sell levels, lowest price first."""
        return self._entries(is_buy=True)

    def _entries(self, *, is_buy: bool) -> Iterator[OrderBookRow]:
        side = self._side(is_buy=is_buy)
        return (OrderBookRow(Decimal(price), Decimal(amount), update_id) for price, amount, update_id in side)

    def texts(self, depth: int | None = None) -> tuple[list[LevelText], list[LevelText]]:
        """Bids and asks, best first, in the venue's own text; `depth` levels a side, or all."""
        self._readable()
        return _texts(self.bids, depth), _texts(self.asks, depth)

    def get_price(self, is_buy: bool) -> Decimal:
        """The best ask (to buy) or the best bid (to sell).

        Raises:
            errors.EmptyBook: that side holds no order.
        """
        best = self._side(is_buy=is_buy).best
        if best is None:
            raise errors.EmptyBook("the order book is empty on this side: no price quote is possible")
        return Decimal(best[0])

    def get_price_for_volume(self, is_buy: bool, volume: Decimal) -> OrderBookQueryResult:
        """The worst price paid for a base volume, and the smaller of the volume and what the book holds."""
        taken, reached = _ZERO, NAN
        with localcontext(CONTEXT):
            for price, amount in self._walk(is_buy=is_buy):
                taken += amount
                if taken >= volume:
                    reached = price
                    break
        return OrderBookQueryResult(NAN, volume, reached, min(taken, volume))

    def get_vwap_for_volume(self, is_buy: bool, volume: Decimal) -> OrderBookQueryResult:
        """The mean price paid for a base volume, the last level cut to fit."""
        with localcontext(CONTEXT):
            rows = list(_take(self._walk(is_buy=is_buy), volume))
            taken = sum((amount for _, amount in rows), _ZERO)
            cost = sum((price * amount for price, amount in rows), _ZERO)
            mean = cost / volume if taken == volume and volume > 0 else NAN
        return OrderBookQueryResult(NAN, volume, mean, taken)

    def get_price_for_quote_volume(self, is_buy: bool, quote_volume: Decimal) -> OrderBookQueryResult:
        """The worst price paid when spending or earning a quote volume; volumes are in quote."""
        taken, reached = _ZERO, NAN
        with localcontext(CONTEXT):
            for price, amount in self._walk(is_buy=is_buy):
                taken += price * amount
                if taken >= quote_volume:
                    reached = price
                    break
        return OrderBookQueryResult(NAN, quote_volume, reached, min(taken, quote_volume))

    def get_quote_volume_for_base_amount(self, is_buy: bool, base_amount: Decimal) -> OrderBookQueryResult:
        """The quote volume that a base amount costs or earns; in a thin book that of what there is."""
        with localcontext(CONTEXT):
            rows = _take(self._walk(is_buy=is_buy), base_amount)
            quote = sum((price * amount for price, amount in rows), _ZERO)
        return OrderBookQueryResult(NAN, base_amount, NAN, quote)

    def get_volume_for_price(self, is_buy: bool, price: Decimal) -> OrderBookQueryResult:
        """The base volume of all levels not worse than a price, and the worst of them."""
        return self._up_to(price, is_buy=is_buy, in_quote=False)

    def get_quote_volume_for_price(self, is_buy: bool, price: Decimal) -> OrderBookQueryResult:
        """The quote volume of all levels not worse than a price, and the worst of them."""
        return self._up_to(price, is_buy=is_buy, in_quote=True)

    def _up_to(self, limit: Decimal, *, is_buy: bool, in_quote: bool) -> OrderBookQueryResult:
        volume, reached = _ZERO, NAN
        with localcontext(CONTEXT):
            for price, amount in self._walk(is_buy=is_buy):
                if price > limit if is_buy else price < limit:
                    break
                volume += price * amount if in_quote else amount
                reached = price
        return OrderBookQueryResult(limit, NAN, reached, volume)

    def simulate_buy(self, amount: Decimal) -> list[OrderBookRow]:
        """The asks that a market buy of a base amount would consume, the last one cut to fit."""
        return self._simulate(amount, is_buy=True)

    def simulate_sell(self, amount: Decimal) -> list[OrderBookRow]:
        """The bids that a market sell of a base amount would consume, the last one cut to fit."""
        return self._simulate(amount, is_buy=False)

    def _simulate(self, amount: Decimal, *, is_buy: bool) -> list[OrderBookRow]:
        ids = (update_id for _, _, update_id in self._side(is_buy=is_buy))
        with localcontext(CONTEXT):
            taken = list(_take(self._walk(is_buy=is_buy), amount))
        return [
            OrderBookRow(price, part, update_id) for (price, part), update_id in zip(taken, ids, strict=False)
        ]


def _take(levels: Iterator[tuple[Decimal, Decimal]], amount: Decimal) -> Iterator[tuple[Decimal, Decimal]]:
    """Levels until a base amount is filled, the last one cut to fit."""
    left = amount
    for price, available in levels:
        if left <= 0:
            return
        part = min(available, left)
        left -= part
        yield price, part


def _texts(side: BookSide, depth: int | None) -> list[LevelText]:
    chosen = side.ranks if depth is None else side.ranks[-depth:] if depth else []
    return [side.levels[rank][:2] for rank in reversed(chosen)]
