"""Every private answer has the fields of its documented example, conditional ones when they are due."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.emulator.customer import Client, command, trading_venue

STOP = {"type": "STOP_LOSS_LIMIT", "stopPrice": "103", "price": "100"}


@pytest.fixture(scope="session")
def examples(data_path: Callable[[str], Path]) -> list[dict[str, Any]]:
    with gzip.open(data_path("payloads/doc_binance_spot.jsonl.gz")) as lines:
        rows = [msgspec.json.decode(line) for line in lines]
    return [row for row in rows if row["source"].endswith(":rest-api.md") and "payload" in row]


@pytest.fixture
def client() -> Client:
    return Client(trading_venue()[0])


def _shape(value: Any) -> Any:
    """The names in a value, of the first row of each list."""
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return None


def _documented(examples: list[dict[str, Any]], heading: str, number: int = 0) -> Any:
    found = [row["payload"] for row in examples if row["section"][-1].startswith(heading)]
    return _shape(found[number])


@pytest.mark.parametrize(("form", "number"), [("ACK", 0), ("RESULT", 1), ("FULL", 2)])
def test_a_new_order_is_answered_as_documented(
    client: Client, examples: list[dict[str, Any]], form: str, number: int
) -> None:
    said = client.place(price="102", newOrderRespType=form)
    assert _shape(said) == _documented(examples, "New order (TRADE)", number)


def test_a_test_order_is_answered_as_documented(client: Client, examples: list[dict[str, Any]]) -> None:
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
    said = [
        client.call("POST", "order/test", computeCommissionRates=flag, **terms) for flag in ("false", "true")
    ]
    shapes = [_documented(examples, "Test new order (TRADE)", number) for number in (0, 1)]
    assert [_shape(one) for one in said] == shapes


def test_a_cancellation_is_answered_as_documented(client: Client, examples: list[dict[str, Any]]) -> None:
    client.place()
    assert _shape(client.cancel(orderId=1)) == _documented(examples, "Cancel order (TRADE)")


def test_a_cancellation_of_all_is_answered_as_documented(
    client: Client, examples: list[dict[str, Any]]
) -> None:
    client.place()
    said = client.call("DELETE", "openOrders", symbol="BTCUSDT")
    assert _shape(said) == _documented(examples, "Cancel All Open Orders on a Symbol")


def test_an_amendment_is_answered_as_documented(client: Client, examples: list[dict[str, Any]]) -> None:
    client.place(quantity="2")
    said = client.call("PUT", "order/amend/keepPriority", symbol="BTCUSDT", orderId=1, newQty="1")
    assert _shape(said) == _documented(examples, "Order Amend Keep Priority")
    history = client.call("GET", "order/amendments", symbol="BTCUSDT", orderId=1)
    assert _shape(history) == _documented(examples, "Query Order Amendments")


@pytest.mark.parametrize(
    ("heading", "path", "parameters"),
    [
        ("Query order", "order", {"symbol": "BTCUSDT", "orderId": 1}),
        ("Current open orders", "openOrders", {}),
        ("All orders", "allOrders", {"symbol": "BTCUSDT"}),
        ("Account trade list", "myTrades", {"symbol": "BTCUSDT"}),
        ("Account information", "account", {}),
        ("Query Commission Rates", "account/commission", {"symbol": "BTCUSDT"}),
        ("Query Unfilled Order Count", "rateLimit/order", {}),
    ],
)
def test_a_question_is_answered_as_documented(
    client: Client, examples: list[dict[str, Any]], heading: str, path: str, parameters: dict[str, Any]
) -> None:
    client.place(price="100", quantity="2")
    command(client.venue, "order", symbol="BTCUSDT", fills=1, amount="1")
    said = client.call("GET", path, **parameters)
    assert _shape(said) == _documented(examples, heading)


def test_a_prevented_match_is_told_as_documented(client: Client, examples: list[dict[str, Any]]) -> None:
    client.place(price="100")
    client.place(price="100", side="SELL", selfTradePreventionMode="EXPIRE_MAKER")
    said = client.call("GET", "myPreventedMatches", symbol="BTCUSDT", preventedMatchId=0)
    assert _shape(said) == _documented(examples, "Query Prevented Matches")


@pytest.mark.parametrize(
    ("terms", "fields"),
    [
        ({}, set()),
        (STOP, {"stopPrice"}),
        ({"strategyId": "1", "strategyType": "1000000"}, {"strategyId", "strategyType"}),
    ],
)
def test_conditional_fields_come_when_they_are_due(
    client: Client, terms: dict[str, Any], fields: set[str]
) -> None:
    plain = set(client.place(newOrderRespType="RESULT"))
    said = client.place(newOrderRespType="RESULT", **terms)
    assert set(said) - plain == fields
    plain_query = set(client.order(orderId=1))
    assert set(client.order(orderId=2)) - plain_query == fields - {"stopPrice"}
    ended = client.cancel(orderId=1)
    assert set(client.cancel(orderId=2)) - set(ended) == fields


@pytest.mark.parametrize(("form", "is_told"), [("ACK", False), ("RESULT", True), ("FULL", True)])
def test_why_an_order_expired_is_told_at_once_and_to_those_who_ask(
    client: Client, form: str, is_told: bool
) -> None:
    said = client.place(price="105", quantity="100", timeInForce="FOK", newOrderRespType=form)
    reason = "UNFILLED_FOK_ORDER_EXPIRED"
    assert said.get("expiryReason") == (reason if is_told else None)
    assert client.order(orderId=1)["expiryReason"] == reason
    (row,) = client.call("GET", "allOrders", symbol="BTCUSDT")
    assert row["expiryReason"] == reason
