"""Each filter of filters.md at its borders: over its documented row, and on the emulated venue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.emulator.customer import Client, command, trading_venue
from tests.emulator.scripted_market import ScriptedMarket

from venuekit.emulator.dialects.binance_spot_filters import Proposal, Surroundings, first_failure

# filters.md (2026-05-25), the example of each.
PRICE_FILTER = {
    "filterType": "PRICE_FILTER",
    "minPrice": "0.00000100",
    "maxPrice": "100000.00000000",
    "tickSize": "0.00000100",
}
PERCENT_PRICE = {
    "filterType": "PERCENT_PRICE",
    "multiplierUp": "1.3000",
    "multiplierDown": "0.7000",
    "avgPriceMins": 5,
}
BY_SIDE = {
    "filterType": "PERCENT_PRICE_BY_SIDE",
    "bidMultiplierUp": "1.2",
    "bidMultiplierDown": "0.2",
    "askMultiplierUp": "5",
    "askMultiplierDown": "0.8",
    "avgPriceMins": 1,
}
LOT_SIZE = {
    "filterType": "LOT_SIZE",
    "minQty": "0.00100000",
    "maxQty": "100000.00000000",
    "stepSize": "0.00100000",
}
MIN_NOTIONAL = {
    "filterType": "MIN_NOTIONAL",
    "minNotional": "0.00100000",
    "applyToMarket": True,
    "avgPriceMins": 5,
}
NOTIONAL = {
    "filterType": "NOTIONAL",
    "minNotional": "10.00000000",
    "applyMinToMarket": False,
    "maxNotional": "10000.00000000",
    "applyMaxToMarket": False,
    "avgPriceMins": 5,
}
MARKET_LOT_SIZE = LOT_SIZE | {"filterType": "MARKET_LOT_SIZE"}
MAX_NUM_ORDERS = {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 25}
MAX_NUM_ALGO_ORDERS = {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5}
MAX_POSITION = {"filterType": "MAX_POSITION", "maxPosition": "10.00000000"}

CASES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    (PRICE_FILTER, {"price": "0.000001"}, True),
    (PRICE_FILTER, {"price": "0"}, False),
    (PRICE_FILTER, {"price": "100000"}, True),
    (PRICE_FILTER, {"price": "100000.000001"}, False),
    (PRICE_FILTER, {"price": "1.0000005"}, False),
    (PRICE_FILTER, {"stop_price": "1.0000005"}, False),
    (PRICE_FILTER, {}, True),
    (PRICE_FILTER | {"tickSize": "0"}, {"price": "1.0000005"}, True),
    (PRICE_FILTER | {"maxPrice": "0"}, {"price": "100001"}, True),
    (PERCENT_PRICE, {"price": "130"}, True),
    (PERCENT_PRICE, {"price": "130.1"}, False),
    (PERCENT_PRICE, {"price": "70"}, True),
    (PERCENT_PRICE, {"price": "69.9"}, False),
    (PERCENT_PRICE, {"type": "MARKET"}, True),
    (BY_SIDE, {"price": "120"}, True),
    (BY_SIDE, {"price": "120.1"}, False),
    (BY_SIDE, {"price": "19.9"}, False),
    (BY_SIDE, {"price": "120.1", "is_buy": False}, True),
    (BY_SIDE, {"price": "79.9", "is_buy": False}, False),
    (LOT_SIZE, {"amount": "0.001"}, True),
    (LOT_SIZE, {"amount": "0"}, False),
    (LOT_SIZE, {"amount": "0.0015"}, False),
    (LOT_SIZE, {"amount": "100000.001"}, False),
    (LOT_SIZE, {"amount": None, "quote_amount": "5"}, True),
    (MARKET_LOT_SIZE, {"amount": "0.0005", "type": "MARKET"}, False),
    (MARKET_LOT_SIZE, {"amount": "0.0005", "type": "LIMIT"}, True),
    (MARKET_LOT_SIZE | {"minQty": "0", "stepSize": "0"}, {"amount": "0.0005", "type": "MARKET"}, True),
    (MIN_NOTIONAL, {"price": "0.01", "amount": "0.1"}, True),
    (MIN_NOTIONAL, {"price": "0.01", "amount": "0.09"}, False),
    (MIN_NOTIONAL, {"amount": "0.000009", "type": "MARKET"}, False),
    (MIN_NOTIONAL | {"applyToMarket": False}, {"amount": "0.000009", "type": "MARKET"}, True),
    (NOTIONAL, {"price": "10", "amount": "1"}, True),
    (NOTIONAL, {"price": "9.99", "amount": "1"}, False),
    (NOTIONAL, {"price": "10000.01", "amount": "1"}, False),
    (NOTIONAL, {"amount": "0.01", "type": "MARKET"}, True),
    (NOTIONAL | {"applyMinToMarket": True}, {"amount": "0.09", "type": "MARKET"}, False),
    (NOTIONAL | {"applyMaxToMarket": True}, {"amount": "101", "type": "MARKET"}, False),
    (NOTIONAL | {"applyMinToMarket": True}, {"amount": None, "quote_amount": "9", "type": "MARKET"}, False),
    (MAX_NUM_ORDERS, {"open_orders": 24}, True),
    (MAX_NUM_ORDERS, {"open_orders": 25}, False),
    (MAX_NUM_ALGO_ORDERS, {"type": "STOP_LOSS", "open_algo_orders": 4}, True),
    (MAX_NUM_ALGO_ORDERS, {"type": "TAKE_PROFIT_LIMIT", "open_algo_orders": 5}, False),
    (MAX_NUM_ALGO_ORDERS, {"type": "LIMIT", "open_algo_orders": 5}, True),
    (MAX_POSITION, {"amount": "4", "position": "6"}, True),
    (MAX_POSITION, {"amount": "4.1", "position": "6"}, False),
    (MAX_POSITION, {"amount": "4.1", "position": "6", "is_buy": False}, True),
]


@pytest.mark.parametrize(("row", "terms", "passes"), CASES)
def test_a_filter_lets_pass_what_its_page_says(
    row: dict[str, Any], terms: dict[str, Any], passes: bool
) -> None:
    numbers = {
        name: None if terms.get(name) is None else Decimal(terms[name])
        for name in ("price", "stop_price", "amount", "quote_amount")
    }
    if "amount" not in terms:
        numbers["amount"] = Decimal(1)
    proposal = Proposal(is_buy=terms.get("is_buy", True), type=terms.get("type", "LIMIT"), **numbers)
    around = Surroundings(
        average=lambda _: Decimal(100),
        open_orders=terms.get("open_orders", 0),
        open_algo_orders=terms.get("open_algo_orders", 0),
        position=Decimal(terms.get("position", 0)),
    )
    assert first_failure([row], proposal, around) == (None if passes else row["filterType"])


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def client(market: ScriptedMarket) -> Client:
    return Client(trading_venue(market)[0])


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("PRICE_FILTER", {"price": "98.005"}),
        ("PRICE_FILTER", {"type": "STOP_LOSS_LIMIT", "stopPrice": "103.005", "price": "100"}),
        ("PERCENT_PRICE_BY_SIDE", {"price": "500.01"}),
        ("PERCENT_PRICE_BY_SIDE", {"price": "19.99"}),
        ("LOT_SIZE", {"quantity": "1.0005"}),
        ("LOT_SIZE", {"quantity": "0"}),
        ("MARKET_LOT_SIZE", {"type": "MARKET", "quantity": "100000.001", "price": None, "timeInForce": None}),
        ("NOTIONAL", {"quantity": "0.05"}),
        ("NOTIONAL", {"type": "MARKET", "quantity": "0.049", "price": None, "timeInForce": None}),
        (
            "NOTIONAL",
            {"type": "MARKET", "quoteOrderQty": "4.99", "quantity": None, "price": None, "timeInForce": None},
        ),
    ],
)
def test_an_order_that_a_filter_stops_is_told_which(client: Client, name: str, terms: dict[str, Any]) -> None:
    assert client.refused(client.place(**terms)) == (400, -1013, f"Filter failure: {name}")
    assert client.call("GET", "allOrders", symbol="BTCUSDT") == []


def test_every_filter_that_is_checked_is_published(client: Client) -> None:
    (listed,) = client.send("GET", "/api/v3/exchangeInfo", "symbol=BTCUSDT")["symbols"]
    names = {row["filterType"] for row in listed["filters"]}
    assert {"PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "PERCENT_PRICE_BY_SIDE", "NOTIONAL"} <= names
    assert {"MAX_NUM_ORDERS", "MAX_NUM_ALGO_ORDERS", "MAX_NUM_ORDER_AMENDS"} <= names


def test_prices_are_measured_by_the_average_of_five_minutes(client: Client, market: ScriptedMarket) -> None:
    market.happens(2.0, trades=[("200.00", "1.000", True), ("300.00", "1.000", True)])
    client.after = 3.0
    assert client.refused(client.place(price="49.99"))[2] == "Filter failure: PERCENT_PRICE_BY_SIDE"
    assert client.place(price="50")["orderId"] == 1
    # Ten minutes later the last price is all that is left.
    client.after = 600.0
    assert client.refused(client.place(price="59.99"))[2] == "Filter failure: PERCENT_PRICE_BY_SIDE"
    assert client.place(price="60")["orderId"] == 2


def test_an_account_has_so_many_open_orders_in_a_symbol(client: Client) -> None:
    command(client.venue, "symbol_filters", symbol="BTCUSDT", filters=[MAX_NUM_ORDERS | {"maxNumOrders": 3}])
    for _ in range(3):
        client.place()
    assert client.refused(client.place())[2] == "Filter failure: MAX_NUM_ORDERS"
    assert Client(client.venue, "ed25519").place()["orderId"] == 4
    client.cancel(orderId=1)
    assert client.place()["orderId"] == 5


def test_an_account_has_so_many_orders_that_wait_in_a_symbol(client: Client) -> None:
    stop = {
        "type": "STOP_LOSS",
        "side": "SELL",
        "quantity": "0.1",
        "stopPrice": "90",
        "price": None,
        "timeInForce": None,
    }
    for _ in range(5):
        client.place(**stop)
    assert client.refused(client.place(**stop))[2] == "Filter failure: MAX_NUM_ALGO_ORDERS"
    assert client.place()["status"] == "NEW"


def test_open_buys_count_as_a_position(client: Client) -> None:
    command(client.venue, "symbol_filters", symbol="BTCUSDT", filters=[MAX_POSITION | {"maxPosition": "12"}])
    client.place(quantity="1.5")
    assert client.refused(client.place(quantity="0.6"))[2] == "Filter failure: MAX_POSITION"
    assert client.place(quantity="0.5")["orderId"] == 2
    assert client.place(side="SELL", quantity="1", price="105")["orderId"] == 3
