"""Every record in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import pytest
from msgspec.structs import replace
from tests.journal.story import ASKED, ID, STORY, intent, sending

from venuekit.cli.record_words import asked, told
from venuekit.journal.record import Answered, BalanceMoved, Body, Command
from venuekit.protocol.endpoint import Outcome


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


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (ASKED | {"price": None, "order_type": "MARKET"}, "BUY 0.02 BTC MARKET"),
        (
            ASKED | {"price": None, "order_type": "MARKET", "memory": {"intent": {"quote_amount": "100"}}},
            "BUY BTC for 100 USDT MARKET",
        ),
        (
            ASKED | {"memory": {"intent": {"time_in_force": "IOC", "trigger_price": "59000"}}},
            "BUY 0.02 BTC LIMIT at 60000.10 USDT when 59000 IOC",
        ),
        (ASKED | {"memory": {"intent": {"time_in_force": "GTC"}}}, "BUY 0.02 BTC LIMIT at 60000.10 USDT"),
    ],
)
def test_an_order_is_told_as_it_was_asked_for(order: dict[str, Any], words: str) -> None:
    assert asked(replace(intent(), order=order)) == words
