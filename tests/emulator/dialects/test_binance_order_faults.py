"""Answers about orders that are lost, late or wrong, by switch."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulator.customer import Client, question, trading_venue
from tests.emulator.scripted_market import ScriptedMarket

from venuekit.emulator.faults import Fault, FaultKind

UNKNOWN = (
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
)


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def client(market: ScriptedMarket) -> Client:
    return Client(trading_venue(market)[0])


def _arm(client: Client, kind: FaultKind, **more: Any) -> None:
    client.venue.faults.add(Fault(kind=kind, **more))


def _open(client: Client) -> list[int]:
    rows = question(client.venue, "orders", after=client.after, account="hmac")
    return [row["order_id"] for row in rows if row["is_open"]]


def test_an_order_whose_outcome_is_unknown_was_placed(client: Client) -> None:
    _arm(client, FaultKind.OUTCOME_UNKNOWN)
    said = client.place()
    assert client.refused(said) == (504, *UNKNOWN)
    assert _open(client) == [1]


def test_an_order_whose_outcome_is_unknown_may_not_have_been_placed(client: Client) -> None:
    _arm(client, FaultKind.NOT_EXECUTED, status=503)
    said = client.place()
    assert client.refused(said) == (503, *UNKNOWN)
    assert _open(client) == []
    assert client.call("GET", "rateLimit/order")[0]["count"] == 0


def test_a_refusal_is_certain_even_while_outcomes_are_unknown(client: Client) -> None:
    _arm(client, FaultKind.OUTCOME_UNKNOWN)
    assert client.refused(client.place(quantity="0.0001"))[1] == -1013


def test_a_cancellation_may_have_an_unknown_outcome(client: Client) -> None:
    client.place()
    _arm(client, FaultKind.OUTCOME_UNKNOWN, path="DELETE /api/v3/order")
    client.place()
    assert client.answer.status == 200
    assert client.refused(client.cancel(orderId=1))[1] == -1007
    assert _open(client) == [2]


def test_a_lost_request_leads_to_nothing_and_breaks_the_connection(client: Client) -> None:
    _arm(client, FaultKind.LOST_REQUEST, path="/api/v3/order", symbol="BTCUSDT")
    with pytest.raises(ValueError, match="truncated"):
        client.place()
    assert client.answer.is_lost
    assert _open(client) == []
    assert client.place()["orderId"] == 1


def test_a_lost_answer_is_that_of_an_executed_request(client: Client) -> None:
    _arm(client, FaultKind.HANG, path="POST /api/v3/order")
    client.place()
    assert client.answer.delay == float("inf")
    assert _open(client) == [1]
    assert client.order(orderId=1)["orderId"] == 1
    assert client.answer.delay == 0.0


def test_a_fault_is_found_by_the_symbol_in_the_body(client: Client) -> None:
    _arm(client, FaultKind.LOST_REQUEST, symbol="ETHUSDT", times=None)
    body = f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&timestamp={round(client.now * 1000)}"
    client.send("POST", "/api/v3/order", "", f"{body}&signature={client.signature(body)}")
    assert client.answer.status == 200
    with pytest.raises(ValueError, match="truncated"):
        client.send("POST", "/api/v3/order", "", body.replace("BTC", "ETH"))


def test_a_list_of_open_orders_may_be_old(client: Client, market: ScriptedMarket) -> None:
    client.place(price="100")
    client.after = 20.0
    client.place()
    client.cancel(orderId=1)
    client.after = 30.0
    _arm(client, FaultKind.STALE_OPEN_ORDERS, seconds=15.0)
    old = client.call("GET", "openOrders", symbol="BTCUSDT")
    assert [(row["orderId"], row["status"]) for row in old] == [(1, "NEW")]
    new = client.call("GET", "openOrders", symbol="BTCUSDT")
    assert [row["orderId"] for row in new] == [2]


def test_a_query_may_be_answered_by_one_who_is_behind(client: Client, market: ScriptedMarket) -> None:
    client.place(price="100")
    market.happens(9.0, trades=[("100.00", "0.400", False)])
    client.after = 10.0
    client.place(newClientOrderId="young")
    _arm(client, FaultKind.LAGGING_ORDERS, seconds=5.0, times=3)
    assert client.refused(client.order(origClientOrderId="young")) == (400, -2013, "Order does not exist.")
    assert client.refused(client.order(orderId=2))[1] == -2013
    assert client.order(orderId=1)["executedQty"] == "0.00000000"
    assert client.order(orderId=1)["executedQty"] == "0.40000000"
    assert client.order(orderId=2)["status"] == "NEW"


def test_a_question_for_trades_may_be_refused(client: Client) -> None:
    _arm(client, FaultKind.TRADES_REFUSED, path="/api/v3/myTrades")
    said = client.call("GET", "myTrades", symbol="BTCUSDT")
    assert client.refused(said) == (401, -2015, "Invalid API-key, IP, or permissions for action.")
    assert client.call("GET", "myTrades", symbol="BTCUSDT") == []
