"""The control plane about customers, without sockets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.emulator.customer import Client, command, question, trading_venue
from tests.emulator.scripted_market import START, ScriptedMarket

from venuekit.emulator.answer import Request
from venuekit.emulator.control import control


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def client(market: ScriptedMarket) -> Client:
    return Client(trading_venue(market)[0])


def _mistake(client: Client, method: str, name: str, body: Any = None, **query: str) -> str:
    request = Request(
        method=method,
        path=f"/_emulator/{name}",
        query=tuple(query.items()),
        body=b"" if body is None else msgspec.json.encode(body),
    )
    answer = control(client.venue, request, START + client.after)
    assert answer.status == 400, answer.body
    said: str = msgspec.json.decode(answer.body)["error"]
    return said


def test_orders_and_fills_are_told_whole_by_name_or_key(client: Client) -> None:
    client.place(price="101", quantity="1.5", newClientOrderId="one")
    by_key = question(client.venue, "orders", api_key=client.customer.api_key)
    assert by_key == question(client.venue, "orders", account="hmac")
    (order,) = by_key
    assert {
        name: order[name] for name in ("order_id", "client_order_id", "symbol", "side", "status", "filled")
    } == {
        "order_id": 1,
        "client_order_id": "one",
        "symbol": "BTCUSDT",
        "side": "BUY",
        "status": "PARTIALLY_FILLED",
        "filled": "1.000",
    }
    (fill,) = question(client.venue, "fills")
    assert (fill["trade_id"], fill["amount"], fill["fee"], fill["fee_asset"]) == (
        1,
        "1.000",
        "0.00100000",
        "BTC",
    )
    assert question(client.venue, "orders", account="rsa") == []


def test_balances_are_those_that_the_customer_is_told(client: Client) -> None:
    client.place()
    told = question(client.venue, "balances", account="hmac")["hmac"]
    for asset, row in told.items():
        assert tuple(Decimal(text) for text in row.values()) == tuple(map(Decimal, client.balance(asset)))


def test_everything_adds_up_to_nothing(client: Client) -> None:
    client.place(price="102", quantity="2")
    assert {Decimal(total) for total in question(client.venue, "totals").values()} == {Decimal(0)}


def test_deposits_and_withdrawals_move_balances(client: Client) -> None:
    key = client.customer.api_key
    command(client.venue, "deposit", api_key=key, asset="SOL", amount="5", reference="a1")
    assert client.balance("SOL") == ("5.00000000", "0.00000000")
    command(client.venue, "withdraw", api_key=key, asset="SOL", amount="2.5")
    assert client.balance("SOL") == ("2.50000000", "0.00000000")
    body = {"api_key": key, "asset": "SOL", "amount": "3"}
    assert _mistake(client, "POST", "withdraw", body) == "hmac has not so much SOL free"
    assert "already" in _mistake(client, "POST", "deposit", body | {"reference": "a1"})


def test_somebody_fills_an_order_through_all_that_stands_before_it(client: Client) -> None:
    client.place(price="98", quantity="2")
    said = command(client.venue, "order", symbol="BTCUSDT", fills=1, amount="0.5")
    # A unit at 99 and one at 98 stand before it.
    assert [(row["price"], row["amount"]) for row in said["fills"]] == [
        ("99.00", "1.000"),
        ("98.00", "1.000"),
        ("98.00", "0.500"),
    ]
    assert client.order(orderId=1)["executedQty"] == "0.50000000"
    command(client.venue, "order", symbol="BTCUSDT", fills=1)
    assert client.order(orderId=1)["status"] == "FILLED"


def test_somebody_places_an_order_that_a_customer_can_take(client: Client) -> None:
    said = command(client.venue, "order", symbol="BTCUSDT", side="SELL", amount="0.7", price="100")
    assert said["order"]["status"] == "NEW"
    assert client.place(price="100", quantity="0.7")["status"] == "FILLED"
    taken = command(client.venue, "order", symbol="BTCUSDT", side="BUY", amount="1")
    assert taken["order"]["status"] == "FILLED"


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("order", {"symbol": "NOPE", "side": "BUY", "amount": "1"}, "nobody can trade"),
        ("order", {"symbol": "BTCUSDT", "side": "HOLD", "amount": "1"}, "names its side"),
        ("order", {"symbol": "BTCUSDT", "fills": 7}, "no order 7 rests"),
        ("order", {"symbol": "BTCUSDT", "side": "BUY", "amount": "0.00001", "price": "1"}, "decimals"),
        ("order", {"symbol": "BTCUSDT", "side": "BUY", "amount": "one"}, "not a number: 'one'"),
        ("deposit", {"account": "nobody", "asset": "BTC", "amount": "1"}, "no such account"),
        ("deposit", {"account": "hmac", "asset": "BTC", "amount": "-1"}, "no amount"),
        ("deposit", {"account": "hmac", "asset": "BTC", "amount": "NaN"}, "not a finite number"),
        ("deposit", {"account": "hmac", "asset": "BTC", "amount": "1", "colour": "red"}, "colour"),
        ("symbol_status", {"symbol": "BTCUSDT", "status": "ASLEEP"}, "statuses are TRADING"),
        ("symbol_filters", {"symbol": "NOPE", "filters": []}, "no symbol"),
        ("fee_plan", {"account": "nobody", "maker": "0", "taker": "0"}, "no such account"),
    ],
)
def test_a_mistake_is_told(client: Client, name: str, body: Any, message: str) -> None:
    assert message in _mistake(client, "POST", name, body)


def test_a_question_about_nobody_is_a_mistake(client: Client) -> None:
    assert "no such account" in _mistake(client, "GET", "orders", api_key="unknown")
