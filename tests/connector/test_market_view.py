"""Prices from a live book, and from one that is not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit import errors
from venuekit.connector.market_view import MarketView
from venuekit.model.events import OrderBookTradeEvent
from venuekit.model.order import PriceType, TradeType
from venuekit.state.order_book import OrderBook

PAIR, DARK, EMPTY = "A-B", "C-D", "E-F"
ONE, TWO = Decimal(1), Decimal(2)


class View(MarketView):
    """Three books: one live, one not yet, one live and empty."""

    def __init__(self) -> None:
        self.books = {pair: OrderBook(pair) for pair in (PAIR, DARK, EMPTY)}
        self.books[PAIR].apply_snapshot([("9.0", "1"), ("8.0", "2")], [("10.0", "1"), ("12.0", "2")], 1)
        self.books[EMPTY].apply_snapshot([], [], 1)

    @property
    def order_books(self) -> dict[str, OrderBook]:
        return self.books


@pytest.fixture
def view() -> View:
    return View()


def test_a_buyer_gets_the_best_ask_and_a_seller_the_best_bid(view: View) -> None:
    assert (view.get_price(PAIR, True), view.get_price(PAIR, False)) == (Decimal("10.0"), Decimal("9.0"))


def test_the_middle_lies_between_them(view: View) -> None:
    assert view.get_mid_price(PAIR) == Decimal("9.5")


def test_the_middle_of_long_prices_is_exact() -> None:
    view = View()
    bid, ask = "123456789012.000000000000000001", "123456789012.000000000000000002"
    view.books[PAIR].apply_snapshot([(bid, "1")], [(ask, "1")], 2)
    assert str(view.get_mid_price(PAIR)) == "123456789012.0000000000000000015"


def test_prices_are_told_by_their_kind(view: View) -> None:
    book = view.books[PAIR]
    told = {kind: view.get_price_by_type(PAIR, kind) for kind in PriceType}
    assert told[PriceType.BestBid] == Decimal("9.0")
    assert told[PriceType.BestAsk] == Decimal("10.0")
    assert told[PriceType.MidPrice] == Decimal("9.5")
    assert told[PriceType.LastTrade] is None
    book.apply_trade(OrderBookTradeEvent(PAIR, 1.0, TradeType.BUY, Decimal(7), ONE), 1.0)
    assert view.get_price_by_type(PAIR, PriceType.LastTrade) == Decimal(7)


QUESTIONS = {
    "get_price": lambda view, pair: view.get_price(pair, True),
    "get_mid_price": lambda view, pair: view.get_mid_price(pair),
    "get_vwap_for_volume": lambda view, pair: view.get_vwap_for_volume(pair, True, TWO),
    "get_price_for_volume": lambda view, pair: view.get_price_for_volume(pair, True, TWO),
    "get_price_for_quote_volume": lambda view, pair: view.get_price_for_quote_volume(pair, True, TWO),
    "get_quote_volume_for_base_amount": lambda view, pair: view.get_quote_volume_for_base_amount(
        pair, True, TWO
    ),
    "get_volume_for_price": lambda view, pair: view.get_volume_for_price(pair, True, TWO),
    "get_quote_volume_for_price": lambda view, pair: view.get_quote_volume_for_price(pair, True, TWO),
    "get_quote_price": lambda view, pair: view.get_quote_price(pair, True, TWO),
    "get_order_price": lambda view, pair: view.get_order_price(pair, True, TWO),
    "order_book_bid_entries": lambda view, pair: list(view.order_book_bid_entries(pair)),
    "order_book_ask_entries": lambda view, pair: list(view.order_book_ask_entries(pair)),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_no_question_is_answered_from_a_book_that_is_not_live(view: View, ask: object) -> None:
    assert callable(ask)
    with pytest.raises(errors.BookNotLive, match="C-D is SYNCING"):
        ask(view, DARK)
    ask(view, PAIR)


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_no_question_is_answered_for_a_pair_that_is_not_followed(view: View, ask: object) -> None:
    assert callable(ask)
    with pytest.raises(errors.UnknownPair, match="add_trading_pair"):
        ask(view, "X-Y")


def test_volumes_and_prices_are_of_the_side_that_is_taken(view: View) -> None:
    assert view.get_quote_price(PAIR, True, TWO) == Decimal(11)
    assert view.get_order_price(PAIR, True, TWO) == Decimal(12)
    assert view.get_quote_volume_for_base_amount(PAIR, False, TWO).result_volume == Decimal(17)
    assert view.get_volume_for_price(PAIR, True, Decimal(11)).result_volume == ONE
    assert view.get_quote_volume_for_price(PAIR, False, Decimal(8)).result_volume == Decimal(25)
    assert view.get_price_for_quote_volume(PAIR, True, Decimal(11)).result_price == Decimal(12)


@pytest.mark.parametrize("pair", [DARK, EMPTY])
@pytest.mark.parametrize("kind", [PriceType.MidPrice, PriceType.BestBid, PriceType.BestAsk])
def test_code_that_must_go_on_gets_a_price_or_none(view: View, pair: str, kind: PriceType) -> None:
    assert view.get_price_or_none(pair, kind) is None
    assert view.get_price_or_none(PAIR, kind) is not None


def test_an_empty_side_has_no_price(view: View) -> None:
    with pytest.raises(errors.EmptyBook):
        view.get_price(EMPTY, True)


def test_what_there_is_can_be_read_on_purpose(view: View) -> None:
    assert view.get_order_book(DARK).as_is.texts() == ([], [])
