"""What a tracker knows of one pair."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.connector.tracked_pair import TrackedPair, TrackerPolicy
from venuekit.model.market import PublicTrade
from venuekit.model.order import TradeType
from venuekit.protocol.book_feed import BookFeed, Sequencing, SnapshotSource

FEED = BookFeed(rule=Sequencing.NEXT, snapshot=SnapshotSource.STREAM, depths=(200,))


def trade(trade_id: int | str, seconds: float) -> PublicTrade:
    return PublicTrade(
        trading_pair="BTC-USDT",
        trade_id=trade_id,
        trade_type=TradeType.BUY,
        price=Decimal(1),
        amount=Decimal(1),
        timestamp=seconds,
    )


@pytest.fixture
def pair() -> TrackedPair:
    return TrackedPair("BTC-USDT", FEED, TrackerPolicy())


def test_a_trade_that_comes_twice_is_new_once(pair: TrackedPair) -> None:
    assert [True, False] == [pair.is_new_trade(trade("a", 1.0)) for _ in range(2)]
    assert [True, False] == [pair.is_new_trade(trade(7, 1.0)) for _ in range(2)]


def test_two_trades_of_one_millisecond_are_both_new(pair: TrackedPair) -> None:
    assert pair.is_new_trade(trade("a", 1.0))
    assert pair.is_new_trade(trade("b", 1.0))


def test_a_trade_from_before_the_last_one_is_not_new(pair: TrackedPair) -> None:
    assert pair.is_new_trade(trade("b", 2.0))
    assert not pair.is_new_trade(trade("a", 1.0))
    assert pair.is_new_trade(trade(9, 2.0))
    assert not pair.is_new_trade(trade(8, 1.0))
