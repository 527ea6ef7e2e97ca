from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from venuekit.protocol.endpoint import Charge, Endpoint, NoQuery, Outcome, arguments, parameters
from venuekit.protocol.frozen import Wire


class Side(Enum):
    BUY = "BUY"


class Leg(Wire):
    price: Decimal
    is_maker: bool = False


class Query(Wire):
    symbol: str | None = None
    order_id: int | None = msgspec.field(name="orderId", default=None)
    quantity: Decimal | None = None
    side: Side | None = None
    reduce_only: bool | None = msgspec.field(name="reduceOnly", default=None)
    symbols: list[str] | None = None
    prices: list[Decimal] | None = None
    legs: list[Leg] | None = None
    leg: Leg | None = None
    limit: int | UnsetType = UNSET


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, {}),
        ({"symbol": "BTCUSDT"}, {"symbol": "BTCUSDT"}),
        ({"symbol": ""}, {"symbol": ""}),
        ({"order_id": 0}, {"orderId": "0"}),
        ({"limit": 5}, {"limit": "5"}),
        ({"side": Side.BUY}, {"side": "BUY"}),
        ({"reduce_only": True}, {"reduceOnly": "true"}),
        ({"reduce_only": False}, {"reduceOnly": "false"}),
        ({"symbols": ["A", "B"]}, {"symbols": '["A","B"]'}),
        ({"symbols": []}, {"symbols": "[]"}),
        ({"prices": [Decimal("3E-8")]}, {"prices": '["0.00000003"]'}),
        ({"legs": [Leg(price=Decimal("1E+2"))]}, {"legs": '[{"price":"100","is_maker":false}]'}),
        ({"leg": Leg(price=Decimal("3E-8"))}, {"leg": '{"price":"0.00000003","is_maker":false}'}),
    ],
)
def test_a_field_travels_as_text(fields: dict[str, Any], sent: dict[str, str]) -> None:
    assert parameters(Query(**fields)) == sent


def test_in_json_a_field_travels_as_what_it_is_and_a_decimal_as_text() -> None:
    query = Query(
        order_id=0,
        quantity=Decimal("3E-8"),
        side=Side.BUY,
        reduce_only=False,
        prices=[Decimal("1E+2")],
        leg=Leg(price=Decimal("0.10")),
    )
    assert arguments(query) == {
        "orderId": 0,
        "quantity": "0.00000003",
        "side": "BUY",
        "reduceOnly": False,
        "prices": ["100"],
        "leg": {"price": "0.10", "is_maker": False},
    }


@pytest.mark.parametrize(
    ("number", "text"),
    [("3E-8", "0.00000003"), ("1E+3", "1000"), ("0.10", "0.10"), ("-0E-9", "-0.000000000")],
)
def test_a_decimal_travels_without_exponent(number: str, text: str) -> None:
    assert parameters(Query(quantity=Decimal(number))) == {"quantity": text}


def test_fields_travel_in_the_order_of_the_table() -> None:
    query = Query(quantity=Decimal(1), symbol="A", order_id=2)
    assert list(parameters(query)) == ["symbol", "orderId", "quantity"]


def test_a_call_without_parameters_sends_none() -> None:
    assert parameters(NoQuery()) == {}


def test_a_row_is_named_by_method_and_path() -> None:
    row = Endpoint(method="GET", path="/api/v3/depth", query=NoQuery, answer=dict[str, int])
    assert row.name == "GET /api/v3/depth"


# Charges.

BY_LIMIT = Charge(pool="weight", cost=1, by="limit", steps=((100, 5), (500, 25), (1000, 50)))


class DepthQuery(Wire):
    limit: int | str | UnsetType | None = None


@pytest.mark.parametrize(
    ("limit", "cost"),
    [(1, 5), (100, 5), (101, 25), ("500", 25), (1000, 50), (5000, 50), (None, 1), (UNSET, 1)],
)
def test_a_charge_goes_up_in_steps(limit: int | str | UnsetType | None, cost: int) -> None:
    assert BY_LIMIT.of(DepthQuery(limit=limit)) == cost


def test_a_charge_without_a_deciding_field_is_flat() -> None:
    assert Charge(pool="weight", cost=20).of(NoQuery()) == 20


@pytest.mark.parametrize(("symbol", "cost"), [("BTCUSDT", 2), (None, 4)])
def test_a_charge_may_depend_on_whether_a_field_is_sent(symbol: str | None, cost: int) -> None:
    assert Charge(pool="weight", cost=2, by="symbol", absent=4).of(Query(symbol=symbol)) == cost


@pytest.mark.parametrize(
    ("outcome", "left"),
    [(Outcome.DONE, 7), (Outcome.REFUSED, 7), (Outcome.NOT_SENT, 0), (Outcome.UNKNOWN, 7)],
)
def test_what_an_outcome_does_not_name_stays_charged(outcome: Outcome, left: int) -> None:
    assert Charge(pool="orders", settled={Outcome.NOT_SENT: 0}).after(outcome, reserved=7) == left
