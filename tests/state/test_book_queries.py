"""The queries and their answers as connectors share them: figures by hand, in a book of round numbers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, getcontext, localcontext
from typing import Any

import pytest

from venuekit import errors
from venuekit.model.book import Levels
from venuekit.model.order_book_message import OrderBookRow
from venuekit.protocol.book_feed import LevelText
from venuekit.state.book_queries import OrderBookQueryResult
from venuekit.state.order_book import OrderBook

BIDS = [("100", "1"), ("99", "2"), ("97", "4")]
ASKS = [("101", "1"), ("103", "2"), ("104", "4")]


def book_of(bids: Sequence[LevelText] = BIDS, asks: Sequence[LevelText] = ASKS) -> OrderBook:
    book = OrderBook("BTC-USDT")
    book.apply_snapshot(Levels.of(bids), Levels.of(asks), 10)
    return book


EMPTY = book_of([], [])


def answer(result: OrderBookQueryResult) -> tuple[str, str, str, str]:
    return (
        str(result.query_price),
        str(result.query_volume),
        str(result.result_price),
        str(result.result_volume),
    )


def asked(name: str, book: OrderBook, is_buy: bool, number: str) -> tuple[str, str, str, str]:
    return answer(getattr(book, name)(is_buy, Decimal(number)))


# name, is_buy, the number asked; then query price, query volume, result price, result volume
ANSWERS = (
    # The price of the level where the summed amount reaches the volume; NaN and what there is beyond.
    ("get_price_for_volume", True, "0.5", ("NaN", "0.5", "101", "0.5")),
    ("get_price_for_volume", True, "1", ("NaN", "1", "101", "1")),
    ("get_price_for_volume", True, "1.0000000001", ("NaN", "1.0000000001", "103", "1.0000000001")),
    ("get_price_for_volume", True, "7", ("NaN", "7", "104", "7")),
    ("get_price_for_volume", True, "8", ("NaN", "8", "NaN", "7")),
    ("get_price_for_volume", False, "3", ("NaN", "3", "99", "3")),
    ("get_price_for_volume", False, "3.1", ("NaN", "3.1", "97", "3.1")),
    ("get_price_for_volume", False, "8", ("NaN", "8", "NaN", "7")),
    # Cost by volume, the last level cut to fit: (101 + 103) / 2, (101 + 2*103 + 104) / 4.
    ("get_vwap_for_volume", True, "1", ("NaN", "1", "101", "1")),
    ("get_vwap_for_volume", True, "2", ("NaN", "2", "102", "2")),
    ("get_vwap_for_volume", True, "4", ("NaN", "4", "102.75", "4")),
    ("get_vwap_for_volume", True, "8", ("NaN", "8", "NaN", "7")),
    ("get_vwap_for_volume", False, "4", ("NaN", "4", "98.75", "4")),
    ("get_vwap_for_volume", False, "0", ("NaN", "0", "NaN", "0")),
    # As the first, with summed quote: 101, 101 + 206 = 307, 307 + 416 = 723; bids 100, 298, 686.
    ("get_price_for_quote_volume", True, "101", ("NaN", "101", "101", "101")),
    ("get_price_for_quote_volume", True, "101.01", ("NaN", "101.01", "103", "101.01")),
    ("get_price_for_quote_volume", True, "724", ("NaN", "724", "NaN", "723")),
    ("get_price_for_quote_volume", False, "298", ("NaN", "298", "99", "298")),
    ("get_price_for_quote_volume", False, "700", ("NaN", "700", "NaN", "686")),
    # Quote needed for a base amount; of a thin book what there is, and no NaN.
    ("get_quote_volume_for_base_amount", True, "2", ("NaN", "2", "NaN", "204")),
    ("get_quote_volume_for_base_amount", True, "0.5", ("NaN", "0.5", "NaN", "50.5")),
    ("get_quote_volume_for_base_amount", True, "100", ("NaN", "100", "NaN", "723")),
    ("get_quote_volume_for_base_amount", False, "2", ("NaN", "2", "NaN", "199")),
    ("get_quote_volume_for_base_amount", False, "0", ("NaN", "0", "NaN", "0")),
    # All levels not worse than the price, and the worst of them.
    ("get_volume_for_price", True, "103", ("103", "NaN", "103", "3")),
    ("get_volume_for_price", True, "103.9", ("103.9", "NaN", "103", "3")),
    ("get_volume_for_price", True, "1000", ("1000", "NaN", "104", "7")),
    ("get_volume_for_price", True, "100.9", ("100.9", "NaN", "NaN", "0")),
    ("get_volume_for_price", False, "98", ("98", "NaN", "99", "3")),
    ("get_volume_for_price", False, "101", ("101", "NaN", "NaN", "0")),
    # The same in quote; the layer that others copied answered in base here.
    ("get_quote_volume_for_price", True, "103", ("103", "NaN", "103", "307")),
    ("get_quote_volume_for_price", False, "97", ("97", "NaN", "97", "686")),
    ("get_quote_volume_for_price", False, "101", ("101", "NaN", "NaN", "0")),
)  # fmt: skip


@pytest.mark.parametrize(("name", "is_buy", "number", "expected"), ANSWERS)
def test_a_question_is_answered_to_the_digit(
    name: str, is_buy: bool, number: str, expected: tuple[str, str, str, str]
) -> None:
    assert asked(name, book_of(), is_buy, number) == expected


@pytest.mark.parametrize("is_buy", [True, False])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("get_price_for_volume", ("NaN", "1", "NaN", "0")),
        ("get_vwap_for_volume", ("NaN", "1", "NaN", "0")),
        ("get_price_for_quote_volume", ("NaN", "1", "NaN", "0")),
        ("get_quote_volume_for_base_amount", ("NaN", "1", "NaN", "0")),
        ("get_volume_for_price", ("1", "NaN", "NaN", "0")),
        ("get_quote_volume_for_price", ("1", "NaN", "NaN", "0")),
    ],
)
def test_an_empty_book_answers_nothing(name: str, is_buy: bool, expected: tuple[str, str, str, str]) -> None:
    assert asked(name, EMPTY, is_buy, "1") == expected


@pytest.mark.parametrize(("is_buy", "price"), [(True, "101"), (False, "100")])
def test_the_price_is_the_best_of_the_other_side(is_buy: bool, price: str) -> None:
    assert book_of().get_price(is_buy) == Decimal(price)


@pytest.mark.parametrize("is_buy", [True, False])
def test_an_empty_side_has_no_price(is_buy: bool) -> None:
    with pytest.raises(errors.EmptyBook, match="no price quote is possible"):
        EMPTY.get_price(is_buy)


@pytest.mark.parametrize(("depth", "count"), [(None, 3), (2, 2), (0, 0), (9, 3)])
def test_the_venues_texts_come_out_best_first(depth: int | None, count: int) -> None:
    assert book_of().texts(depth) == (BIDS[:count], ASKS[:count])


def test_what_there_is_can_be_asked_whatever_the_status() -> None:
    assert OrderBook().as_is.simulate_buy(Decimal(1)) == []


def test_entries_run_from_the_best_level() -> None:
    book = book_of()
    assert [row.price for row in book.bid_entries()] == [100, 99, 97]
    assert [row.price for row in book.ask_entries()] == [101, 103, 104]


@pytest.mark.parametrize(
    ("amount", "rows"),
    [
        ("0", []),
        ("0.5", [("101", "0.5")]),
        ("1", [("101", "1")]),
        ("2.5", [("101", "1"), ("103", "1.5")]),
        ("50", [("101", "1"), ("103", "2"), ("104", "4")]),
    ],
)
def test_a_simulated_buy_takes_asks_and_cuts_the_last(amount: str, rows: list[LevelText]) -> None:
    expected = [OrderBookRow(Decimal(price), Decimal(part), 10) for price, part in rows]
    assert book_of().simulate_buy(Decimal(amount)) == expected


def test_a_simulated_sale_takes_bids_with_the_ids_that_set_them() -> None:
    book = book_of()
    book.apply_diffs(Levels.of([("99", "3")]), Levels(), 12)
    assert book.simulate_sell(Decimal(2)) == [
        OrderBookRow(Decimal(100), Decimal(1), 10),
        OrderBookRow(Decimal(99), Decimal(1), 12),
    ]


# 1e12 with 18 decimals, at a price of as many: 60 digits, of which a usual context keeps 28.
WIDE_PRICE, WIDE_AMOUNT = "0.000000000000000003", "999999999999.999999999999999999"
WIDE = book_of([], [(WIDE_PRICE, WIDE_AMOUNT), ("0.000000000000000004", WIDE_AMOUNT)])
BOTH = "1999999999999.999999999999999998"


@pytest.mark.parametrize(
    ("name", "number", "price", "volume"),
    [
        ("get_volume_for_price", "1", "4E-18", BOTH),
        ("get_price_for_volume", BOTH, "4E-18", BOTH),
        (
            "get_price_for_volume",
            "999999999999.999999999999999998",
            "3E-18",
            "999999999999.999999999999999998",
        ),
        ("get_quote_volume_for_price", "1", "4E-18", "0.000006999999999999999999999999999993"),
        ("get_quote_volume_for_base_amount", BOTH, "NaN", "0.000006999999999999999999999999999993"),
        ("get_vwap_for_volume", BOTH, "3.5E-18", BOTH),
    ],
)
@pytest.mark.parametrize("precision", [6, 28])
def test_wide_numbers_are_exact_whatever_the_callers_context(
    name: str, number: str, price: str, volume: str, precision: int
) -> None:
    with localcontext(prec=precision):
        result: Any = getattr(WIDE, name)(True, Decimal(number))
    assert str(result.result_price) == str(Decimal(price))
    assert result.result_volume == Decimal(volume)


def test_a_question_leaves_the_callers_context_alone() -> None:
    before = getcontext().prec
    WIDE.get_vwap_for_volume(is_buy=True, volume=Decimal(1))
    assert getcontext().prec == before
