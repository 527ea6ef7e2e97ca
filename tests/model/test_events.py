from __future__ import annotations

from decimal import Decimal
from enum import Enum

import pytest

from venuekit.model.events import (
    MarketEvent,
    OrderBookDataSourceEvent,
    OrderBookEvent,
    OrderBookTradeEvent,
    VenuekitEvent,
)
from venuekit.model.order import TradeType


@pytest.mark.parametrize(
    ("event", "number"),
    [
        (MarketEvent.OrderFilled, 107),
        (MarketEvent.OrderFailure, 198),
        (MarketEvent.SellOrderCreated, 201),
        (OrderBookEvent.TradeEvent, 901),
        (OrderBookDataSourceEvent.SNAPSHOT_EVENT, 1001),
        (OrderBookDataSourceEvent.TRADE_EVENT, 1003),
    ],
)
def test_an_event_has_the_shared_number(event: Enum, number: int) -> None:
    assert event.value == number


def test_no_two_kinds_of_event_share_a_number() -> None:
    kinds: tuple[type[Enum], ...] = (MarketEvent, OrderBookEvent, OrderBookDataSourceEvent, VenuekitEvent)
    numbers = [event.value for kind in kinds for event in kind]
    assert len(numbers) == len(frozenset(numbers))


def test_a_public_trade_is_a_takers_unless_told() -> None:
    trade = OrderBookTradeEvent("BTC-USDT", 1.0, TradeType.BUY, Decimal(100), Decimal(2))
    assert (trade.trade_id, trade.is_taker) == (None, True)
