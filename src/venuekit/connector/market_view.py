"""The prices a strategy asks a connector for, each from a live book or an error."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from decimal import Decimal

from venuekit import errors
from venuekit.model.decimals import CONTEXT
from venuekit.model.order import PriceType
from venuekit.model.order_book_message import OrderBookRow
from venuekit.state.book_queries import OrderBookQueryResult
from venuekit.state.order_book import OrderBook

__all__ = ["MarketView"]


class MarketView(ABC):
    """Questions about markets by pair. Prices are in quote per base, volumes in base unless named quote.

    Each raises `errors.UnknownPair` for a pair that is not followed, and `errors.BookNotLive` while its
    book cannot be believed: `get_order_book(pair).as_is` reads what there is.
    """

    @property
    @abstractmethod
    def order_books(self) -> dict[str, OrderBook]:
        """Pair to book, live or not."""

    def get_order_book(self, trading_pair: str) -> OrderBook:
        """The pair's book, live or not; it goes on changing as frames arrive.

        Raises:
            errors.UnknownPair: the pair is not followed.
        """
        books = self.order_books
        if trading_pair not in books:
            raise errors.UnknownPair(f"{trading_pair} is not followed; add_trading_pair() follows it")
        return books[trading_pair]

    def get_price(self, trading_pair: str, is_buy: bool) -> Decimal:
        """The best ask (to buy) or bid (to sell), as the venue wrote it."""
        return self.get_order_book(trading_pair).get_price(is_buy)

    def get_mid_price(self, trading_pair: str) -> Decimal:
        """The mean of best bid and best ask."""
        book = self.get_order_book(trading_pair)
        return CONTEXT.divide(CONTEXT.add(book.get_price(True), book.get_price(False)), 2)

    def get_price_by_type(self, trading_pair: str, price_type: PriceType) -> Decimal | None:
        """The price of a kind; None for the kinds that no market has, or that has not happened yet."""
        match price_type:
            case PriceType.BestBid:
                return self.get_price(trading_pair, False)
            case PriceType.BestAsk:
                return self.get_price(trading_pair, True)
            case PriceType.MidPrice:
                return self.get_mid_price(trading_pair)
            case PriceType.LastTrade:
                return self.get_order_book(trading_pair).last_trade_price
            case _:
                return None

    def get_price_or_none(
        self, trading_pair: str, price_type: PriceType = PriceType.MidPrice
    ) -> Decimal | None:
        """A price if one can be had now: for code that must go on without, such as closing a position."""
        try:
            return self.get_price_by_type(trading_pair, price_type)
        except errors.NotReady:
            return None

    def get_vwap_for_volume(self, trading_pair: str, is_buy: bool, volume: Decimal) -> OrderBookQueryResult:
        """The mean price paid for a base volume."""
        return self.get_order_book(trading_pair).get_vwap_for_volume(is_buy, volume)

    def get_price_for_volume(self, trading_pair: str, is_buy: bool, volume: Decimal) -> OrderBookQueryResult:
        """The worst price paid for a base volume."""
        return self.get_order_book(trading_pair).get_price_for_volume(is_buy, volume)

    def get_price_for_quote_volume(
        self,
        trading_pair: str,
        is_buy: bool,
        volume: Decimal,
    ) -> OrderBookQueryResult:
        """The worst price paid when spending or earning a quote volume."""
        return self.get_order_book(trading_pair).get_price_for_quote_volume(is_buy, volume)

    def get_quote_volume_for_base_amount(
        self,
        trading_pair: str,
        is_buy: bool,
        base_amount: Decimal,
    ) -> OrderBookQueryResult:
        """The quote volume that a base amount costs or earns."""
        return self.get_order_book(trading_pair).get_quote_volume_for_base_amount(is_buy, base_amount)

    def get_volume_for_price(self, trading_pair: str, is_buy: bool, price: Decimal) -> OrderBookQueryResult:
        """The base volume of all levels not worse than a price."""
        return self.get_order_book(trading_pair).get_volume_for_price(is_buy, price)

    def get_quote_volume_for_price(
        self,
        trading_pair: str,
        is_buy: bool,
        price: Decimal,
    ) -> OrderBookQueryResult:
        """The quote volume of all levels not worse than a price."""
        return self.get_order_book(trading_pair).get_quote_volume_for_price(is_buy, price)

    def get_quote_price(self, trading_pair: str, is_buy: bool, amount: Decimal) -> Decimal:
        """The mean price for an amount; NaN in a book too thin."""
        return self.get_vwap_for_volume(trading_pair, is_buy, amount).result_price

    def get_order_price(self, trading_pair: str, is_buy: bool, amount: Decimal) -> Decimal:
        """The worst price for an amount; NaN in a book too thin."""
        return self.get_price_for_volume(trading_pair, is_buy, amount).result_price

    def order_book_bid_entries(self, trading_pair: str) -> Iterator[OrderBookRow]:
        """Buy levels, highest price first."""
        return self.get_order_book(trading_pair).bid_entries()

    def order_book_ask_entries(self, trading_pair: str) -> Iterator[OrderBookRow]:
        """Sell levels, lowest price first."""
        return self.get_order_book(trading_pair).ask_entries()
