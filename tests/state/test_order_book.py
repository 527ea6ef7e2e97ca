from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from venuekit import errors
from venuekit.model.book import BookStatus, Levels
from venuekit.model.events import OrderBookTradeEvent
from venuekit.model.order import TradeType
from venuekit.model.order_book_message import OrderBookMessage, OrderBookMessageType, OrderBookRow
from venuekit.protocol.book_feed import LevelText
from venuekit.state.order_book import OrderBook

BIDS = [("100.0", "1"), ("99.5", "2"), ("99", "3")]
ASKS = [("101", "1"), ("101.5", "2")]


def book_of(
    bids: Sequence[LevelText] = BIDS, asks: Sequence[LevelText] = ASKS, depth: int | None = None
) -> OrderBook:
    book = OrderBook("BTC-USDT")
    book.apply_snapshot(Levels.of(bids), Levels.of(asks), 10, depth)
    return book


def test_a_new_book_waits_for_a_snapshot() -> None:
    book = OrderBook("BTC-USDT")
    assert (book.status, book.is_live, book.age(5.0)) == (BookStatus.SYNCING, False, None)
    assert (book.update_id, book.snapshot_uid, book.last_diff_uid) == (None, -1, -1)


@pytest.mark.parametrize("status", [BookStatus.SYNCING, BookStatus.RESYNCING, BookStatus.STALE])
def test_a_book_that_is_not_live_refuses_each_question(status: BookStatus) -> None:
    book = book_of()
    book.status = status
    questions: list[Any] = [
        lambda: book.get_price(is_buy=True),
        book.texts,
        book.bid_entries,
        book.ask_entries,
        lambda: book.snapshot,
        lambda: book.simulate_buy(Decimal(1)),
        lambda: book.get_vwap_for_volume(is_buy=True, volume=Decimal(1)),
        lambda: book.get_volume_for_price(is_buy=True, price=Decimal(1)),
    ]
    for question in questions:
        with pytest.raises(errors.BookNotLive, match=f"BTC-USDT is {status.value}, not LIVE"):
            question()


def test_a_book_that_is_not_live_can_be_read_as_it_is() -> None:
    book = book_of()
    book.status = BookStatus.STALE
    assert book.as_is.get_price(is_buy=True) == 101
    assert book.as_is.texts() == (BIDS, ASKS)


def test_a_snapshot_sets_its_id_and_leaves_the_last_differences() -> None:
    book = book_of()
    book.apply_diffs(Levels(), Levels(), 12)
    book.apply_snapshot(Levels(), Levels(), 15)
    assert (book.update_id, book.snapshot_uid, book.last_diff_uid) == (15, 15, 12)


def test_a_snapshot_without_an_id_has_the_id_minus_one() -> None:
    book = OrderBook()
    book.apply_snapshot(Levels(), Levels(), None)
    assert (book.update_id, book.snapshot_uid, book.is_live) == (None, -1, True)


def test_a_difference_without_an_id_leaves_the_id() -> None:
    book = book_of()
    book.apply_diffs(Levels.of([("99", "0")]), Levels(), None)
    assert (book.update_id, len(book.bids)) == (10, 2)


def test_a_difference_sets_and_deletes_on_both_sides() -> None:
    book = book_of()
    book.apply_diffs(Levels.of([("99.5", "0"), ("98", "5")]), Levels.of([("101", "0.5")]), 11)
    assert book.texts() == ([("100.0", "1"), ("99", "3"), ("98", "5")], [("101", "0.5"), ("101.5", "2")])


def test_text_comes_out_as_it_went_in() -> None:
    bids, asks = [("100.10", "0.50000000"), ("1E+1", "1E-7")], [("100.2", "7.")]
    assert book_of(bids, asks).texts() == (bids, asks)


def test_the_best_levels_can_be_asked_for_alone() -> None:
    assert book_of().texts(1) == ([BIDS[0]], [ASKS[0]])


def test_no_levels_can_be_asked_for() -> None:
    assert book_of().texts(0) == ([], [])


def test_more_levels_than_there_are_is_all_there_are() -> None:
    assert book_of().texts(99) == (BIDS, ASKS)


@pytest.mark.parametrize(
    "rows",
    [
        [("99.50", "7")],
        [["99.50", "7", "order count"]],
        [(Decimal("99.50"), Decimal(7))],
        [OrderBookRow(Decimal("99.50"), Decimal(7), 3)],
    ],
)
def test_levels_may_be_texts_decimals_or_rows(rows: Any) -> None:
    book = book_of()
    book.apply_diffs(rows, [], 11)
    assert book.texts()[0][1] == ("99.50", "7")


def test_decimals_are_written_without_exponent() -> None:
    book = book_of()
    book.apply_diffs([], [(Decimal("1E+3"), Decimal("3E-8"))], 11)
    assert book.texts()[1][-1] == ("1000", "0.00000003")


def test_a_price_with_new_decimals_finds_its_place_among_the_old() -> None:
    book = book_of()
    book.apply_diffs(
        Levels.of([("99.75", "1"), ("99.999999", "1")]), Levels.of([("101.0000000001", "1")]), 11
    )
    bids, asks = book.texts()
    assert [price for price, _ in bids] == ["100.0", "99.999999", "99.75", "99.5", "99"]
    assert [price for price, _ in asks] == ["101", "101.0000000001", "101.5"]


@pytest.mark.parametrize(
    "unreadable",
    [
        Levels(b"{}"),
        Levels(b"["),
        Levels(b'[["\xff","1"]]'),
        Levels.of([("100", "x")]),
        Levels.of([("x", "1")]),
        Levels.of([("0", "1")]),
        Levels.of([("1.00001", "1"), ("0", "1")]),
        Levels.of([("1.00001", "1"), ("1", "x")]),
    ],
)
@pytest.mark.parametrize("is_snapshot", [True, False])
def test_levels_that_cannot_be_read_leave_both_sides_as_they_were(
    unreadable: Levels, is_snapshot: bool
) -> None:
    book = book_of()
    apply = book.apply_snapshot if is_snapshot else book.apply_diffs
    for sides in ((Levels.of([("98", "9")]), unreadable), (unreadable, Levels.of([("98", "9")]))):
        with pytest.raises(errors.BadAnswer):
            apply(*sides, 11)
    assert (book.texts(), book.update_id) == ((BIDS, ASKS), 10)


@pytest.mark.parametrize(
    ("bid", "is_crossed"), [("100.9", False), ("101", True), ("101.00", True), ("101.5", True)]
)
def test_a_bid_at_or_above_the_best_ask_crosses(bid: str, is_crossed: bool) -> None:
    book = book_of()
    book.apply_diffs(Levels.of([(bid, "1")]), Levels(), 11)
    assert book.is_crossed is is_crossed


@pytest.mark.parametrize(("bids", "asks"), [([], ASKS), (BIDS, []), ([], [])])
def test_a_book_with_an_empty_side_is_not_crossed(bids: list[LevelText], asks: list[LevelText]) -> None:
    assert not book_of(bids, asks).is_crossed


def test_a_book_vouches_down_to_its_snapshot_on_each_side() -> None:
    book = book_of(depth=3)
    book.apply_diffs(Levels.of([("98", "1")]), Levels.of([("105", "1")]), 11)
    assert (book.vouched_depth, book.is_live) == ((3, 3), True)


@pytest.mark.parametrize(
    ("bids", "asks"), [([("99", "0"), ("99.5", "0"), ("100", "0")], []), ([], [("101", "0"), ("101.5", "0")])]
)
def test_a_book_whose_price_leaves_the_vouched_range_is_not_live(
    bids: list[LevelText], asks: list[LevelText]
) -> None:
    book = book_of(depth=2)
    book.apply_diffs(Levels.of(bids), Levels.of(asks), 11)
    assert (book.status, book.is_live) == (BookStatus.LIVE, False)
    with pytest.raises(errors.BookNotLive, match="beyond its vouched depth"):
        book.texts()


def test_both_sides_are_cut_to_a_depth() -> None:
    book = book_of()
    book.cut(1)
    assert book.texts() == (BIDS[:1], ASKS[:1])


def test_cutting_deeper_than_the_book_changes_nothing() -> None:
    book = book_of()
    book.cut(3)
    assert book.texts() == (BIDS, ASKS)


def test_age_is_counted_from_the_last_frame() -> None:
    book = book_of()
    book.updated_at = 4.0
    assert book.age(10.0) == pytest.approx(6.0)


def test_the_last_trade_is_remembered() -> None:
    book = OrderBook()
    book.apply_trade(OrderBookTradeEvent("BTC-USDT", 1.0, TradeType.BUY, Decimal("100.5"), Decimal(1)), 7.0)
    assert (book.last_trade_price, book.last_applied_trade) == (Decimal("100.5"), 7.0)


def test_the_snapshot_of_a_book_is_its_rows() -> None:
    book = book_of()
    book.apply_diffs(Levels(), Levels.of([("101", "7")]), 11)
    bids, asks = book.snapshot
    assert bids[0] == OrderBookRow(Decimal(100), Decimal(1), 10)
    assert asks[0] == OrderBookRow(Decimal(101), Decimal(7), 11)


# Two books.


@pytest.mark.parametrize(
    ("bids", "asks", "differing"),
    [
        (BIDS, ASKS, 0),
        ([("100", "1.0"), ("99.50", "2"), ("99.000", "3.00")], ASKS, 0),
        ([("100.0", "1"), ("99.5", "7"), ("99", "3")], ASKS, 1),
        ([("100.0", "1"), ("99.4", "2"), ("99", "3")], ASKS, 2),
        (BIDS, [("101", "1"), ("101.6", "2")], 2),
    ],
)
def test_books_differ_by_number_and_not_by_text(
    bids: list[LevelText], asks: list[LevelText], differing: int
) -> None:
    assert book_of().differences(book_of(bids, asks)) == differing


def test_books_are_compared_as_deep_as_both_vouch() -> None:
    assert book_of().differences(book_of(BIDS[:1], ASKS[:1], depth=1)) == 0


def test_a_book_takes_over_another_and_goes_on_from_it() -> None:
    book, other = book_of(), book_of([("100.123", "5")], ASKS)
    other.apply_diffs(Levels(), Levels(), 20)
    as_is = book.as_is
    book.adopt(other)
    book.apply_diffs(Levels.of([("100.2", "1")]), Levels(), 21)
    assert as_is.texts()[0] == [("100.2", "1"), ("100.123", "5")]
    assert (book.update_id, book.snapshot_uid, book.last_diff_uid) == (21, 10, 21)


# Messages.


def message(kind: OrderBookMessageType, update_id: int, amount: str, at: float) -> OrderBookMessage:
    content = {"update_id": update_id, "bids": [("100", amount)], "asks": []}
    return OrderBookMessage(kind, content, at)


def test_a_restored_book_replays_newer_differences_only_and_in_order() -> None:
    book = OrderBook()
    snapshot = message(OrderBookMessageType.SNAPSHOT, 100, "1", 5.0)
    differences = [
        message(OrderBookMessageType.DIFF, update_id, str(update_id), 9.0)
        for update_id in (99, 102, 100, 101)
    ]
    book.restore_from_snapshot_and_diffs(snapshot, differences)
    assert (book.texts()[0], book.last_diff_uid, book.snapshot_uid) == ([("100", "102")], 102, 100)


@pytest.mark.parametrize("update_id", [1, 99, 100])
def test_a_restored_book_leaves_older_differences_out(update_id: int) -> None:
    book = OrderBook()
    snapshot = message(OrderBookMessageType.SNAPSHOT, 100, "1", 5.0)
    book.restore_from_snapshot_and_diffs(snapshot, [message(OrderBookMessageType.DIFF, update_id, "7", 9.0)])
    assert (book.texts()[0], book.last_diff_uid) == ([("100", "1")], -1)
