"""What the emulated Binance spot tells a customer: balances, orders, trades."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulator.customer import Client, command, trading_venue
from tests.emulator.scripted_market import ScriptedMarket

DAY = 86_400_000


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def client(market: ScriptedMarket) -> Client:
    return Client(trading_venue(market)[0])


def _milliseconds(client: Client, after: float) -> int:
    return round((client.now - client.after + after) * 1000)


def _ids(rows: list[dict[str, Any]], name: str = "orderId") -> list[int]:
    return [row[name] for row in rows]


# One order.


@pytest.mark.parametrize(
    "named", [{"orderId": 1}, {"origClientOrderId": "one"}, {"orderId": 1, "origClientOrderId": "one"}]
)
def test_an_order_is_found_by_either_id(client: Client, named: dict[str, Any]) -> None:
    client.place(newClientOrderId="one")
    assert client.order(**named)["orderId"] == 1


def test_an_order_is_found_by_both_ids_only_if_they_belong_together(client: Client) -> None:
    client.place(newClientOrderId="one")
    client.place(newClientOrderId="two")
    said = client.order(orderId=1, origClientOrderId="two")
    assert client.refused(said) == (400, -2039, "Client order ID is not correct for this order ID.")


@pytest.mark.parametrize(
    "named", [{"orderId": 9}, {"origClientOrderId": "nine"}, {"orderId": 1, "symbol": "ETHUSDT"}]
)
def test_an_order_that_never_was_is_not_found(client: Client, named: dict[str, Any]) -> None:
    client.place()
    assert client.refused(client.order(**named)) == (400, -2013, "Order does not exist.")


def test_a_question_for_an_order_names_it(client: Client) -> None:
    assert client.refused(client.order()) == (
        400,
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    )


# Lists of orders.


def test_open_orders_are_those_of_a_symbol_or_of_all(client: Client) -> None:
    client.place()
    client.place(symbol="ETHUSDT", price="9")
    client.place(price="105")
    assert _ids(client.call("GET", "openOrders", symbol="BTCUSDT")) == [1]
    assert [(row["symbol"], row["orderId"]) for row in client.call("GET", "openOrders")] == [
        ("BTCUSDT", 1),
        ("ETHUSDT", 1),
    ]


def _place_each_second(client: Client, count: int) -> None:
    for number in range(1, count + 1):
        client.after = float(number)
        client.place()


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"limit": 2}, [4, 5]),
        ({"orderId": 3}, [3, 4, 5]),
        ({"orderId": 2, "limit": 2}, [2, 3]),
        ({"startTime": 2}, [2, 3, 4, 5]),
        ({"startTime": 2, "limit": 1}, [2]),
        ({"endTime": 3, "limit": 2}, [2, 3]),
        ({"startTime": 2, "endTime": 4}, [2, 3, 4]),
    ],
)
def test_a_list_of_orders_is_the_part_that_was_asked_for(
    client: Client, asked: dict[str, int], ids: list[int]
) -> None:
    _place_each_second(client, 5)
    sent = {
        name: _milliseconds(client, value) if name.endswith("Time") else value
        for name, value in asked.items()
    }
    assert _ids(client.call("GET", "allOrders", symbol="BTCUSDT", **sent)) == ids


def test_times_may_be_in_microseconds(client: Client) -> None:
    _place_each_second(client, 3)
    start = _milliseconds(client, 2) * 1000
    assert _ids(client.call("GET", "allOrders", symbol="BTCUSDT", startTime=start)) == [2, 3]


@pytest.mark.parametrize("path", ["allOrders", "myTrades"])
def test_a_list_spans_no_more_than_a_day(client: Client, path: str) -> None:
    now = _milliseconds(client, 0)
    client.call("GET", path, symbol="BTCUSDT", startTime=now - DAY, endTime=now)
    assert client.answer.status == 200
    said = client.call("GET", path, symbol="BTCUSDT", startTime=now - DAY - 1, endTime=now)
    assert client.refused(said) == (400, -1127, "More than 24 hours between startTime and endTime.")


def test_closed_orders_stay_in_the_list(client: Client) -> None:
    client.place()
    client.cancel(orderId=1)
    client.place(price="101")
    client.place()
    rows = client.call("GET", "allOrders", symbol="BTCUSDT")
    assert [row["status"] for row in rows] == ["CANCELED", "FILLED", "NEW"]


# Trades.


@pytest.fixture
def traded(client: Client, market: ScriptedMarket) -> Client:
    """A customer whose first order was filled in two trades at 2 and 3 seconds, the second at 4 seconds."""
    client.place(price="100", quantity="2")
    market.happens(2.0, trades=[("100.00", "0.500", False)])
    market.happens(3.0, trades=[("100.00", "1.500", False)])
    client.after = 4.0
    client.place(price="101")
    return client


@pytest.mark.parametrize(
    ("asked", "orders"),
    [
        ({}, [1, 1, 2]),
        ({"limit": 1}, [2]),
        ({"orderId": 1}, [1, 1]),
        ({"startTime": 3}, [1, 2]),
        ({"startTime": 1, "limit": 1}, [1]),
        ({"endTime": 3}, [1, 1]),
        ({"startTime": 3, "endTime": 3}, [1]),
        ({"fromId": 2}, [1, 2]),
        ({"orderId": 1, "fromId": 2}, [1]),
    ],
)
def test_a_list_of_trades_is_the_part_that_was_asked_for(
    traded: Client, asked: dict[str, int], orders: list[int]
) -> None:
    sent = {
        name: _milliseconds(traded, value) if name.endswith("Time") else value
        for name, value in asked.items()
    }
    rows = traded.call("GET", "myTrades", symbol="BTCUSDT", **sent)
    assert _ids(rows) == orders


@pytest.mark.parametrize("asked", [{"orderId": 1, "startTime": 1}, {"fromId": 1, "endTime": 5}])
def test_other_combinations_are_refused(traded: Client, asked: dict[str, int]) -> None:
    said = traded.call("GET", "myTrades", symbol="BTCUSDT", **asked)
    assert traded.refused(said) == (400, -1128, "Combination of optional parameters invalid.")


def test_a_trade_has_the_publics_id(traded: Client) -> None:
    mine = _ids(traded.call("GET", "myTrades", symbol="BTCUSDT"), "id")
    public = _ids(traded.send("GET", "/api/v3/trades", "symbol=BTCUSDT"), "id")
    assert mine == public == [1, 2, 3]


def test_a_trade_costs_its_fee(traded: Client) -> None:
    rows = traded.call("GET", "myTrades", symbol="BTCUSDT")
    assert [(row["quoteQty"], row["commission"], row["commissionAsset"], row["isMaker"]) for row in rows] == [
        ("50.00000000", "0.00050000", "BTC", True),
        ("150.00000000", "0.00150000", "BTC", True),
        ("101.00000000", "0.00100000", "BTC", False),
    ]


# The account.


def test_zero_balances_can_be_left_out(client: Client) -> None:
    command(client.venue, "withdraw", account="hmac", asset="BNB", amount="100")
    assert client.balance("BNB") == ("0.00000000", "0.00000000")
    shown = client.call("GET", "account", omitZeroBalances="true")["balances"]
    assert {row["asset"] for row in shown} == {"BTC", "ETH", "USDT"}


def test_the_account_tells_its_last_change_and_its_fees(client: Client) -> None:
    command(client.venue, "fee_plan", api_key=client.customer.api_key, maker="0.0005", taker="0.002")
    client.place()
    client.after = 9.0
    said = client.call("GET", "account")
    assert said["updateTime"] == _milliseconds(client, 1.0)
    assert (said["makerCommission"], said["takerCommission"]) == (5, 20)
    assert said["commissionRates"]["taker"] == "0.00200000"


# Weights.


@pytest.mark.parametrize(
    ("method", "path", "parameters", "weight"),
    [
        # Free where they succeed (changelog, 2026-03-27).
        ("POST", "order", {"side": "BUY", "type": "MARKET", "quantity": "1"}, 0),
        ("DELETE", "order", {"orderId": 1}, 0),
        ("DELETE", "openOrders", {}, 0),
        ("POST", "order/test", {"side": "BUY", "type": "MARKET", "quantity": "1"}, 1),
        (
            "POST",
            "order/test",
            {"side": "BUY", "type": "MARKET", "quantity": "1", "computeCommissionRates": "true"},
            20,
        ),
        ("PUT", "order/amend/keepPriority", {"orderId": 1, "newQty": "0.5"}, 4),
        ("GET", "order", {"orderId": 1}, 4),
        ("GET", "openOrders", {}, 6),
        ("GET", "openOrders", {"symbol": None}, 80),
        ("GET", "allOrders", {}, 20),
        ("GET", "order/amendments", {"orderId": 1}, 4),
        ("GET", "myTrades", {}, 20),
        ("GET", "myTrades", {"orderId": 1}, 5),
        ("GET", "myPreventedMatches", {"preventedMatchId": 1}, 2),
        ("GET", "myPreventedMatches", {"orderId": 1}, 20),
        ("GET", "account", {"symbol": None}, 20),
        ("GET", "account/commission", {}, 20),
        ("GET", "rateLimit/order", {"symbol": None}, 40),
    ],
)
def test_a_request_weighs_what_its_page_says(
    client: Client, method: str, path: str, parameters: dict[str, Any], weight: int
) -> None:
    client.place()
    before = int(client.header("X-MBX-USED-WEIGHT-1M") or 0)
    client.call(method, path, **{"symbol": "BTCUSDT"} | parameters)
    assert client.answer.status == 200, client.answer.body
    assert int(client.header("X-MBX-USED-WEIGHT-1M") or 0) - before == weight
