from __future__ import annotations

import bisect
import itertools
from decimal import Decimal
from typing import Any

import pytest

from venuekit.model.book import BookDiff, BookSnapshot, Levels
from venuekit.model.market import PublicTrade
from venuekit.model.order import TradeType
from venuekit.model.order_book_message import OrderBookMessage, OrderBookMessageType, OrderBookRow

SNAPSHOT, DIFF, TRADE = OrderBookMessageType.SNAPSHOT, OrderBookMessageType.DIFF, OrderBookMessageType.TRADE


def message(
    kind: OrderBookMessageType, update_id: int | str | None = None, at: float = 0.0
) -> OrderBookMessage:
    content: dict[str, Any] = {"trading_pair": "BTC-USDT", "bids": [], "asks": []}
    content |= {"trade_id": update_id} if kind is TRADE else {"update_id": update_id}
    return OrderBookMessage(kind, content, at)


# Each may stand before the next. Ids decide where both have one; time where not.
IN_ORDER = (
    (message(DIFF, 90, 5.0), message(DIFF, 100, 1.0)),
    (message(SNAPSHOT, 90), message(DIFF, 100)),
    (message(DIFF, 90), message(SNAPSHOT, 100)),
    (message(TRADE, 7, 5.0), message(TRADE, 8, 1.0)),
    (message(TRADE, "z", 1.0), message(TRADE, "a", 2.0)),
    (message(TRADE, "7", 1.0), message(TRADE, 6, 2.0)),
    (message(DIFF, 900, 1.0), message(TRADE, 8, 2.0)),
    (message(TRADE, 800, 1.0), message(DIFF, 9, 2.0)),
    (message(DIFF, 900, 1.0), message(TRADE, 8, 1.0)),
    (message(SNAPSHOT, 900, 1.0), message(TRADE, 8, 1.0)),
    (message(SNAPSHOT, None, 1.0), message(DIFF, None, 1.0)),
    (message(DIFF, None, 1.0), message(DIFF, None, 2.0)),
    (message(DIFF, 100, 1.0), message(DIFF, None, 2.0)),
)


@pytest.mark.parametrize(("earlier", "later"), IN_ORDER)
def test_of_two_messages_one_comes_first(earlier: OrderBookMessage, later: OrderBookMessage) -> None:
    assert (earlier < later, earlier <= later, earlier > later, earlier >= later) == (
        True,
        True,
        False,
        False,
    )
    assert (later < earlier, later <= earlier, later > earlier, later >= earlier) == (
        False,
        False,
        True,
        True,
    )
    assert earlier != later


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (message(DIFF, 100, 1.0), message(DIFF, 100, 2.0)),
        (message(TRADE, 7, 1.0), message(TRADE, 7, 2.0)),
        (message(TRADE, "x", 1.0), message(TRADE, "x", 2.0)),
    ],
)
def test_messages_of_one_type_and_id_are_equal(one: OrderBookMessage, other: OrderBookMessage) -> None:
    assert one == other
    assert hash(one) == hash(other)
    assert (one < other, one <= other, one > other, one >= other) == (False, True, False, True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (message(SNAPSHOT, 100, 1.0), message(DIFF, 100, 2.0)),
        (message(DIFF, None, 1.0), message(DIFF, None, 1.0)),
    ],
)
def test_neither_of_two_different_messages_at_one_place_is_newer(
    one: OrderBookMessage, other: OrderBookMessage
) -> None:
    assert one != other
    assert (one < other, one > other) == (False, False)
    assert (one <= other, one >= other) == (True, True)


def test_a_message_without_an_id_equals_itself() -> None:
    mute = message(DIFF, None)
    assert mute == mute  # noqa: PLR0124 - identity is what is tested


def test_messages_do_not_compare_with_other_things() -> None:
    assert message(DIFF, 1) != 1
    for compare in ("__lt__", "__gt__", "__le__", "__ge__"):
        assert getattr(message(DIFF, 1), compare)(1) is NotImplemented


def test_messages_sort_by_id_however_they_are_shuffled() -> None:
    messages = [message(DIFF, update_id, -update_id) for update_id in (90, 95, 100, 105)]
    for shuffled in itertools.permutations(messages):
        assert sorted(shuffled) == messages


def test_the_newer_messages_can_be_found_by_bisection() -> None:
    messages = [message(DIFF, update_id) for update_id in (90, 95, 100, 105)]
    assert bisect.bisect_right(messages, message(SNAPSHOT, 100)) == 3


def test_messages_can_be_kept_in_a_set() -> None:
    assert len({message(DIFF, 1), message(DIFF, 1), message(DIFF, 2), message(TRADE, 1)}) == 3


# What a message says.

LEVELS = Levels.of([("100.10", "1.50")])


def test_a_snapshot_becomes_a_message() -> None:
    frame = BookSnapshot(trading_pair="BTC-USDT", bids=LEVELS, asks=Levels(), update_id=7, timestamp=3.0)
    told = OrderBookMessage.of(frame, received=9.0)
    assert (told.type, told.trading_pair, told.update_id, told.timestamp) == (SNAPSHOT, "BTC-USDT", 7, 3.0)
    assert (told.first_update_id, told.trade_id, told.has_update_id, told.has_trade_id) == (
        -1,
        -1,
        True,
        False,
    )
    assert (told.bids, told.asks) == ([OrderBookRow(Decimal("100.10"), Decimal("1.50"), 7)], [])


def test_a_difference_becomes_a_message() -> None:
    frame = BookDiff(trading_pair="BTC-USDT", bids=Levels(), asks=LEVELS, first_update_id=5, last_update_id=7)
    told = OrderBookMessage.of(frame, received=9.0)
    assert (told.type, told.update_id, told.first_update_id, told.timestamp) == (DIFF, 7, 5, 9.0)


def test_a_trade_becomes_a_message() -> None:
    frame = PublicTrade(
        trading_pair="BTC-USDT",
        trade_id=70,
        trade_type=TradeType.SELL,
        price=Decimal("100.1"),
        amount=Decimal(2),
        timestamp=3.0,
    )
    told = OrderBookMessage.of(frame, received=9.0)
    assert (told.type, told.timestamp, told.trade_id, told.has_trade_id) == (TRADE, 3.0, 70, True)
    assert (told.update_id, told.has_update_id) == (-1, False)
    assert dict(told.content) == {
        "trading_pair": "BTC-USDT",
        "trade_type": 2.0,
        "trade_id": 70,
        "update_id": -1,
        "price": Decimal("100.1"),
        "amount": Decimal(2),
    }


def test_a_difference_without_a_first_id_begins_at_its_id() -> None:
    assert message(DIFF, 7).first_update_id == 7


def test_ids_that_are_not_known_are_minus_one() -> None:
    mute = message(DIFF, None)
    assert (mute.update_id, mute.first_update_id, mute.has_update_id) == (-1, -1, False)


def test_a_snapshot_takes_its_time_from_its_content() -> None:
    told = OrderBookMessage(SNAPSHOT, {"trading_pair": "BTC-USDT", "timestamp": 5})
    assert told.timestamp == pytest.approx(5.0)


@pytest.mark.parametrize("kind", [DIFF, TRADE])
def test_other_messages_need_a_time(kind: OrderBookMessageType) -> None:
    with pytest.raises(ValueError, match="needs a timestamp"):
        OrderBookMessage(kind, {})


def test_numbers_of_a_message_may_be_of_any_kind_and_longer_rows_are_cut() -> None:
    told = OrderBookMessage(DIFF, {"update_id": "7", "bids": [(1.5, 2, "order count")], "asks": []}, 0.0)
    assert told.bids == [OrderBookRow(Decimal("1.5"), Decimal(2), 7)]


def test_a_message_shows_what_it_is() -> None:
    assert repr(message(DIFF, 7, 1.5)) == "OrderBookMessage(DIFF, BTC-USDT, 7, 1.5)"


def test_rows_are_equal_by_value() -> None:
    row = OrderBookRow(Decimal("1E-8"), Decimal("2.0"), 7)
    assert row == OrderBookRow(Decimal("0.00000001"), Decimal(2), 7)
    assert hash(row) == hash(OrderBookRow(Decimal("0.00000001"), Decimal(2), 7))
    assert row != OrderBookRow(Decimal("1E-8"), Decimal(2), 8)
    assert row != (Decimal("1E-8"), Decimal(2), 7)


def test_a_row_shows_its_digits_without_exponent() -> None:
    assert repr(OrderBookRow(Decimal("1E-8"), Decimal("2.0"), None)) == "OrderBookRow(0.00000001, 2.0, None)"
