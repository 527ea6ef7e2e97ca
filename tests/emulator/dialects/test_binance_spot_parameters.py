"""What a new order may say, type by type, and the documented words for what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulator.customer import Client, trading_venue

LIMIT = {"type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "98"}
STOP_LIMIT = LIMIT | {"type": "STOP_LOSS_LIMIT", "stopPrice": "103"}
MARKET = {"type": "MARKET", "quantity": "1"}
STOP = {"type": "STOP_LOSS", "quantity": "1", "stopPrice": "103"}
MAKER = {"type": "LIMIT_MAKER", "quantity": "1", "price": "98"}


def _missing(name: str) -> tuple[int, int, str]:
    return 400, -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def _neither(one: str, other: str) -> tuple[int, int, str]:
    return 400, -1102, f"Param '{one}' or '{other}' must be sent, but both were empty/null!"


def _unwanted(name: str) -> tuple[int, int, str]:
    return 400, -1106, f"Parameter '{name}' sent when not required."


REFUSED: list[tuple[dict[str, Any], dict[str, Any], tuple[int, int, str]]] = [
    (LIMIT, {"symbol": None}, _missing("symbol")),
    (LIMIT, {"side": None}, _missing("side")),
    (LIMIT, {"type": None}, _missing("type")),
    (LIMIT, {"price": None}, _missing("price")),
    (LIMIT, {"quantity": None}, _missing("quantity")),
    (LIMIT, {"timeInForce": None}, _missing("timeInForce")),
    (STOP_LIMIT, {"price": None}, _missing("price")),
    (STOP_LIMIT, {"stopPrice": None}, _neither("stopPrice", "trailingDelta")),
    (STOP, {"stopPrice": None}, _neither("stopPrice", "trailingDelta")),
    (STOP, {"quantity": None}, _missing("quantity")),
    (MAKER, {"price": None}, _missing("price")),
    (MARKET, {"quantity": None}, _neither("quantity", "quoteOrderQty")),
    (MARKET, {"quoteOrderQty": "10"}, (400, -1128, "Combination of optional parameters invalid.")),
    (MARKET, {"price": "98"}, _unwanted("price")),
    (MARKET, {"timeInForce": "GTC"}, _unwanted("timeInForce")),
    (MARKET, {"stopPrice": "98"}, _unwanted("stopPrice")),
    (LIMIT, {"stopPrice": "98"}, _unwanted("stopPrice")),
    (LIMIT, {"quoteOrderQty": "98"}, _unwanted("quoteOrderQty")),
    (LIMIT, {"trailingDelta": "100"}, _unwanted("trailingDelta")),
    (STOP, {"price": "98"}, _unwanted("price")),
    (STOP, {"timeInForce": "IOC"}, _unwanted("timeInForce")),
    (MAKER, {"timeInForce": "GTC"}, _unwanted("timeInForce")),
    (LIMIT, {"symbol": "NOPE"}, (400, -1121, "Invalid symbol.")),
    (LIMIT, {"side": "HOLD"}, (400, -1117, "Invalid side.")),
    (LIMIT, {"side": "buy"}, (400, -1117, "Invalid side.")),
    (LIMIT, {"type": "OTHER"}, (400, -1116, "Invalid orderType.")),
    (LIMIT, {"timeInForce": "GTD"}, (400, -1115, "Invalid timeInForce.")),
    (LIMIT, {"strategyType": "999999"}, (400, -1134, "`strategyType` was less than 1000000.")),
    (LIMIT, {"quantity": "1.000000001"}, (400, -1111, "Parameter 'quantity' has too much precision.")),
    (LIMIT, {"price": "98.000000001"}, (400, -1111, "Parameter 'price' has too much precision.")),
    (LIMIT, {"newClientOrderId": ""}, (400, -1118, "New client order ID was empty.")),
    (LIMIT, {"price": ""}, (400, -1105, "Parameter 'price' was empty.")),
    (
        LIMIT,
        {"newOrderRespType": "LONG"},
        (400, -1130, "Data sent for parameter 'newOrderRespType' is not valid."),
    ),
    (
        LIMIT,
        {"selfTradePreventionMode": "NONE"},
        (400, -1013, "This symbol does not allow the specified self-trade prevention mode."),
    ),
    (
        LIMIT,
        {"selfTradePreventionMode": "TRANSFER"},
        (400, -1013, "This symbol does not allow the specified self-trade prevention mode."),
    ),
    (
        LIMIT,
        {"selfTradePreventionMode": "OTHER"},
        (400, -1130, "Data sent for parameter 'selfTradePreventionMode' is not valid."),
    ),
    (LIMIT, {"icebergQty": "0.5"}, (400, -1013, "Iceberg orders are not supported for this symbol.")),
    (STOP, {"trailingDelta": "100"}, (400, -1013, "Trailing stop orders are not supported for this symbol.")),
    (
        LIMIT,
        {"pegPriceType": "PRIMARY_PEG"},
        (400, -1013, "Pegged orders are not supported for this symbol."),
    ),
]
MALFORMED = [
    ("quantity", "1e3", r"^([0-9]{1,20})(\.[0-9]{1,20})?$"),
    ("quantity", "-1", r"^([0-9]{1,20})(\.[0-9]{1,20})?$"),
    ("price", "98,5", r"^([0-9]{1,20})(\.[0-9]{1,20})?$"),
    ("strategyId", "one", "^[0-9]{1,20}$"),
    ("newClientOrderId", "a" * 37, "^[a-zA-Z0-9-_]{1,36}$"),
    ("newClientOrderId", "a b", "^[a-zA-Z0-9-_]{1,36}$"),
    ("symbol", "BTC/USDT", r"^[\w\-.]{1,20}$"),
]


@pytest.fixture
def client() -> Client:
    return Client(trading_venue()[0])


def _send(client: Client, terms: dict[str, Any]) -> Any:
    return client.call("POST", "order", **{"symbol": "BTCUSDT", "side": "BUY"} | terms)


@pytest.mark.parametrize(("terms", "change", "refused"), REFUSED)
def test_an_order_that_says_too_little_or_too_much_is_refused(
    client: Client, terms: dict[str, Any], change: dict[str, Any], refused: tuple[int, int, str]
) -> None:
    assert client.refused(_send(client, terms | change)) == refused
    assert client.call("GET", "allOrders", symbol="BTCUSDT") == []


@pytest.mark.parametrize("terms", [LIMIT, STOP_LIMIT, MARKET, STOP, MAKER])
def test_an_order_that_says_what_its_type_demands_is_taken(client: Client, terms: dict[str, Any]) -> None:
    assert _send(client, terms)["orderId"] == 1


@pytest.mark.parametrize(("name", "value", "legal"), MALFORMED)
def test_what_is_malformed_is_told_with_its_legal_range(
    client: Client, name: str, value: str, legal: str
) -> None:
    said = _send(client, LIMIT | {name: value})
    assert client.refused(said) == (
        400,
        -1100,
        f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.",
    )


def test_what_nobody_asked_for_is_counted(client: Client) -> None:
    said = client.call("GET", "openOrders", symbol="BTCUSDT", colour="red")
    assert client.refused(said) == (
        400,
        -1104,
        "Not all sent parameters were read; read '3' parameter(s) but was sent '4'.",
    )


def test_a_parameter_is_sent_once(client: Client) -> None:
    text = f"symbol=BTCUSDT&symbol=BTCUSDT&timestamp={round(client.now * 1000)}"
    said = client.send("GET", "/api/v3/openOrders", f"{text}&signature={client.signature(text)}")
    assert client.refused(said) == (400, -1101, "Duplicate values for a parameter detected.")


def test_an_unknown_restriction_of_a_cancellation_is_refused(client: Client) -> None:
    client.place()
    said = client.cancel(orderId=1, cancelRestrictions="ONLY_OLD")
    assert client.refused(said) == (400, -1145, "Invalid cancelRestrictions")


def test_an_empty_id_of_an_order_is_refused(client: Client) -> None:
    said = client.cancel(origClientOrderId="")
    assert client.refused(said) == (400, -1119, "Original client order ID was empty.")
