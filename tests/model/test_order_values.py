from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from venuekit.model import events
from venuekit.model.fees import AddedToCostTradeFee, DeductedFromReturnsTradeFee, TokenAmount
from venuekit.model.order import (
    CancellationResult,
    LimitOrder,
    LimitOrderStatus,
    MarketOrder,
    NewOrder,
    OpenOrder,
    OrderState,
    OrderType,
    TimeInForce,
    TradeType,
)
from venuekit.model.order_update import Evidence, OrderUpdate, TradeUpdate


def intent(**terms: Any) -> NewOrder:
    words: dict[str, Any] = {
        "client_order_id": "id-1",
        "trading_pair": "COINX-USDT",
        "trade_type": TradeType.SELL,
        "amount": Decimal(1),
        "price": Decimal(100),
    }
    return NewOrder(**(words | terms))


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"amount": None}, "an amount in base or one in quote"),
        ({"quote_amount": Decimal(1)}, "an amount in base or one in quote"),
        ({"amount": None, "quote_amount": Decimal(1)}, "only a market order"),
        ({"price": None}, "needs a price"),
        ({"order_type": OrderType.LIMIT_MAKER, "price": None}, "needs a price"),
        ({"order_type": OrderType.MARKET, "time_in_force": TimeInForce.GTX}, "cannot be post-only"),
        ({"price": Decimal("NaN")}, "finite"),
        ({"trigger_price": Decimal("Infinity")}, "finite"),
    ],
)
def test_an_intent_that_contradicts_itself_is_refused(terms: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        intent(**terms)


def test_an_intent_says_what_it_is() -> None:
    assert not intent().is_buy()
    assert intent(trade_type=TradeType.BUY).is_buy()
    assert intent(trigger_price=Decimal(90)).is_conditional()
    assert not intent().is_conditional()


@pytest.mark.parametrize(
    ("terms", "is_post_only"),
    [
        ({}, False),
        ({"order_type": OrderType.LIMIT_MAKER}, True),
        ({"time_in_force": TimeInForce.GTX}, True),
        ({"time_in_force": TimeInForce.IOC}, False),
    ],
)
def test_an_order_is_post_only_by_its_type_or_its_time_in_force(
    terms: dict[str, Any], is_post_only: bool
) -> None:
    assert intent(**terms).is_post_only() is is_post_only


def test_states_have_the_shared_numbers() -> None:
    assert [state.value for state in OrderState] == list(range(13))
    assert OrderState.PARTIALLY_FILLED.value == 4
    assert OrderState.FAILED.value == 6


def test_evidence_is_ranked_strongest_first() -> None:
    ranks = list(Evidence)
    assert all(
        one.outranks(other) is (ranks.index(one) < ranks.index(other)) for one in ranks for other in ranks
    )


def test_the_venue_speaks_of_an_order_in_five_ways() -> None:
    silent = [evidence for evidence in Evidence if not evidence.is_sighting()]
    assert silent == [Evidence.ABSENCE, Evidence.TIMEOUT]


def test_a_status_is_true_when_the_venue_says_or_when_it_was_asked() -> None:
    update = OrderUpdate("COINX-USDT", 2.0, OrderState.OPEN, "id-1", "77")
    assert update.true_at() == 2.0
    asked = OrderUpdate("COINX-USDT", 2.0, OrderState.OPEN, "id-1", observed_at=5.0)
    assert asked.true_at() == 5.0


@pytest.mark.parametrize(
    "fee",
    [
        AddedToCostTradeFee(percent=Decimal("0.001"), percent_token="BNB"),
        DeductedFromReturnsTradeFee(flat_fees=[TokenAmount("COINX", Decimal("3E-8"))]),
    ],
)
@pytest.mark.parametrize("is_taker", [True, False])
def test_a_trade_survives_json_with_everything(fee: AddedToCostTradeFee, is_taker: bool) -> None:
    trade = TradeUpdate(
        "t1", "id-1", "77", "COINX-USDT", 3.5, Decimal("100.10"), Decimal("3E-8"), Decimal(3), fee, is_taker
    )
    written = json.loads(json.dumps(trade.to_json()))
    assert written["fill_base_amount"] == "0.00000003"
    assert TradeUpdate.from_json(written) == trade


def test_a_trade_written_without_its_side_is_a_takers() -> None:
    trade = TradeUpdate(
        "t1", "id-1", "77", "A-B", 3.5, Decimal(1), Decimal(1), Decimal(1), AddedToCostTradeFee(), False
    )
    written = trade.to_json()
    del written["is_taker"]
    assert TradeUpdate.from_json(written).is_taker


def test_a_trade_knows_what_its_fee_was_paid_in() -> None:
    fee = AddedToCostTradeFee(flat_fees=[TokenAmount("BNB", Decimal(1))])
    trade = TradeUpdate("t1", "id-1", "77", "A-B", 3.5, Decimal(1), Decimal(1), Decimal(1), fee)
    assert trade.fee_asset == "BNB"


def test_limit_and_market_orders_answer_to_the_same_names() -> None:
    limit = LimitOrder("id-1", "A-B", True, "A", "B", Decimal(1), Decimal(2))
    market = MarketOrder("id-2", "A-B", True, "A", "B", Decimal(2), 1.0)
    assert (limit.client_order_id, limit.quantity, limit.price) == ("id-1", Decimal(2), Decimal(1))
    assert (market.client_order_id, market.quantity, market.price) == ("id-2", Decimal(2), None)
    assert limit.filled_quantity.is_nan()
    assert limit.status is LimitOrderStatus.UNKNOWN


def test_values_are_built_by_position() -> None:
    assert CancellationResult("id-1", True).success
    row = OpenOrder(
        "id-1", "A-B", Decimal(1), Decimal(2), Decimal(0), "NEW", OrderType.LIMIT, True, 1.0, "77"
    )
    assert row.exchange_order_id == "77"


FIELDS = {
    events.BuyOrderCreatedEvent: "timestamp type trading_pair amount price order_id creation_timestamp "
    "exchange_order_id leverage position",
    events.SellOrderCreatedEvent: "timestamp type trading_pair amount price order_id creation_timestamp "
    "exchange_order_id leverage position",
    events.BuyOrderCompletedEvent: "timestamp order_id base_asset quote_asset base_asset_amount "
    "quote_asset_amount order_type exchange_order_id",
    events.SellOrderCompletedEvent: "timestamp order_id base_asset quote_asset base_asset_amount "
    "quote_asset_amount order_type exchange_order_id",
    events.OrderCancelledEvent: "timestamp order_id exchange_order_id",
}
TUPLES = {
    events.OrderFilledEvent: "timestamp order_id trading_pair trade_type order_type price amount trade_fee "
    "exchange_trade_id exchange_order_id leverage position",
    events.OrderExpiredEvent: "timestamp order_id reason",
    events.MarketOrderFailureEvent: "timestamp order_id order_type error_message error_type",
}


@pytest.mark.parametrize("kind", FIELDS)
def test_the_fields_of_an_event_stand_in_the_shared_order(kind: Any) -> None:
    assert kind.__struct_fields__ == tuple(FIELDS[kind].split())


@pytest.mark.parametrize("kind", TUPLES)
def test_the_fields_of_a_named_tuple_stand_in_the_shared_order(kind: Any) -> None:
    assert kind._fields == tuple(TUPLES[kind].split())


def test_an_event_is_built_by_position() -> None:
    event = events.OrderCancelledEvent(2.0, "id-1", "77")
    assert (event.timestamp, event.order_id, event.exchange_order_id) == (2.0, "id-1", "77")


def test_every_event_of_an_order_has_a_tag_of_its_own() -> None:
    tags = list(events.ORDER_EVENT_TAGS.values())
    assert len(tags) == len(frozenset(tags)) == 15
