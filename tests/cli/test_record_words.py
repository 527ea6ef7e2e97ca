"""Every record in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import pytest
from msgspec.structs import replace
from tests.journal.story import ASKED, ID, STORY, filled, intent, sending

from venuekit.cli.record_words import asked, told
from venuekit.journal.record import Answered, BalanceMoved, Body, Command, Doubt, Settled, Updated
from venuekit.journal.translation import intent_of
from venuekit.model.order import NewOrder, TimeInForce, TradeType, TriggerBy
from venuekit.protocol.endpoint import Outcome
from venuekit.state.in_flight_order import InFlightOrder


def test_every_kind_of_record_has_words() -> None:
    assert {type(item) for item in STORY} == set(get_args(Body))
    assert [told(item) for item in STORY] == [
        "north@main, key 5f1d; instance 0123456789ab",
        "client ids 0 to 1,023",
        "BUY 0.02 BTC LIMIT at 60000.10 USDT",
        "place by POST /order, good for 5 s",
        "place: done, orderId 9001",
        "OPEN by stream, id 9001",
        "0.01 at 60000.10, taker, fee 0.00000003 BNB, trade 77",
        "price 60001",
        "asked",
        "cancel by POST /order, good for 5 s",
        "cancel: TimedOut, until 00:00:18.000",
        "cancel: single-order query: CANCELED",
        "CANCELED, presumed, asked",
        "a fill came",
        "CANCELED, asked",
        "deposit +1000 USDT, tx1",
        "on purpose, 1 order open",
    ]


def test_a_refusal_tells_our_word_the_venues_code_and_its_message() -> None:
    refusal = Answered(
        at=5.0,
        client_id=ID,
        command=Command.PLACE,
        outcome=Outcome.REFUSED,
        error="InsufficientBalance",
        code=-2010,
        message="no balance",
    )
    assert told(refusal) == "place: refused, InsufficientBalance -2010, no balance"


def test_a_withdrawal_keeps_its_sign_and_what_is_left() -> None:
    moved = BalanceMoved(
        at=1.0, asset="BTC", cause="withdrawal", amount=Decimal("-2E-8"), total=Decimal("1.50")
    )
    assert told(moved) == "withdrawal -0.00000002 BTC, 1.50 in all"


def test_a_command_without_a_window_has_none_told() -> None:
    assert told(replace(sending(), receive_window=None)) == "place by POST /order"


def test_an_order_as_the_tracker_writes_it_is_told_with_all_its_terms() -> None:
    order = NewOrder(
        client_order_id=ID,
        trading_pair="BTC-USDT",
        trade_type=TradeType.SELL,
        amount=Decimal("0.5"),
        price=Decimal(59000),
        trigger_price=Decimal(59500),
        trigger_by=TriggerBy.MARK,
        time_in_force=TimeInForce.FOK,
    )
    tracked = InFlightOrder(
        client_order_id=ID,
        trading_pair="BTC-USDT",
        order_type=order.order_type,
        trade_type=order.trade_type,
        amount=order.amount,
        creation_timestamp=1.0,
        price=order.price,
        intent=order,
    )
    words = "SELL 0.5 BTC LIMIT at 59000 USDT when 59500 by MARK FOK"
    assert asked(intent_of(tracked, "north", at=1.0)) == words


def test_a_status_tells_what_it_names_of_the_fills() -> None:
    said = Updated(
        at=1.0,
        client_id=ID,
        state="EXPIRED",
        source="PRIVATE_STREAM",
        venue_time=1.0,
        filled_amount=Decimal("0.010"),
        misc={"reason": "STP"},
    )
    assert told(said) == "EXPIRED by PRIVATE_STREAM, 0.010 filled, STP"


def test_a_fee_that_is_a_share_is_told_as_one() -> None:
    share = replace(filled(), fees=(), fee_percent=Decimal("0.00075"), fee_token="BNB")
    assert told(share) == "0.01 at 60000.10, taker, fee 0.075 % in BNB, trade 77"


def test_a_doubt_about_an_order_names_no_command() -> None:
    doubt = Doubt(
        at=1.0, client_id=ID, command=Command.PLACE, why="we were away", reason="RESTART", until=90.5
    )
    assert told(doubt) == "we were away, until 00:01:30.500"
    assert told(Settled(at=2.0, client_id=ID, how="open orders: OPEN")) == "open orders: OPEN"
    fetched = Settled(at=2.0, client_id=ID, how="all its trades", fills_as_of=1.5)
    assert told(fetched) == "all its trades, as of 00:00:01.500"


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (ASKED | {"price": None, "order_type": "MARKET"}, "BUY 0.02 BTC MARKET"),
        (
            ASKED | {"price": None, "amount": None, "order_type": "MARKET", "quote_amount": "100"},
            "BUY BTC for 100 USDT MARKET",
        ),
        (
            ASKED | {"time_in_force": "IOC", "trigger_price": "59000", "trigger_direction": "FALLING"},
            "BUY 0.02 BTC LIMIT at 60000.10 USDT when 59000 FALLING IOC",
        ),
        (
            ASKED | {"reduce_only": True, "leverage": 5},
            "BUY 0.02 BTC LIMIT at 60000.10 USDT reduce only leverage 5",
        ),
        (ASKED | {"last_state": "1"}, "BUY 0.02 BTC LIMIT at 60000.10 USDT found at the venue"),
    ],
)
def test_an_order_is_told_as_it_was_asked_for(order: dict[str, Any], words: str) -> None:
    assert asked(replace(intent(), order=order)) == words
