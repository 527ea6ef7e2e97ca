"""Unfilled orders as faqs/order_count_decrement.md counts them, on the emulated Binance spot."""

from __future__ import annotations

import msgspec
import pytest
from tests.emulator.customer import Client, command, trading_venue
from tests.emulator.scripted_market import START, ScriptedMarket

HEADERS = ("X-MBX-ORDER-COUNT-10S", "X-MBX-ORDER-COUNT-1D")


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def client(market: ScriptedMarket) -> Client:
    return Client(trading_venue(market)[0])


def _counts(client: Client) -> tuple[int, int]:
    short, day = client.call("GET", "rateLimit/order")
    return short["count"], day["count"]


def test_each_answer_to_an_order_tells_the_counts(client: Client) -> None:
    client.place()
    client.place()
    assert [client.header(name) for name in HEADERS] == ["2", "2"]
    assert client.call("GET", "rateLimit/order") == [
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100, "count": 2},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000, "count": 2},
    ]
    assert [client.header(name) for name in HEADERS] == [None, None]


def test_an_order_that_takes_gives_itself_back_once(client: Client) -> None:
    client.place()
    client.place(price="102", quantity="3")
    assert [client.header(name) for name in HEADERS] == ["1", "1"]
    command(client.venue, "order", symbol="BTCUSDT", fills=2, amount="0.5")
    assert _counts(client) == (1, 1)


def test_the_first_order_of_all_gives_itself_back_too(client: Client) -> None:
    client.place(price="101")
    assert _counts(client) == (0, 0)


def test_an_order_that_makes_gives_back_five_and_never_more_than_there_are(client: Client) -> None:
    for price in ("100", *6 * ("98",)):
        client.place(price=price)
    command(client.venue, "order", symbol="BTCUSDT", fills=1, amount="0.5")
    assert _counts(client) == (2, 2)
    command(client.venue, "order", symbol="BTCUSDT", fills=1, amount="0.5")
    assert _counts(client) == (2, 2)
    last = client.place(price="100")["orderId"]
    command(client.venue, "order", symbol="BTCUSDT", fills=last)
    assert _counts(client) == (0, 0)


def test_cancelled_and_expired_orders_give_nothing_back(client: Client) -> None:
    client.place()
    client.cancel(orderId=1)
    client.place(price="105", quantity="100", timeInForce="FOK")
    assert _counts(client) == (2, 2)


def test_a_refused_order_does_not_count(client: Client) -> None:
    client.place()
    client.place(quantity="0.0001")
    client.place(side="SELL", quantity="11")
    assert _counts(client) == (1, 1)


def test_a_test_order_and_an_amendment_do_not_count(client: Client) -> None:
    client.place(quantity="2")
    client.call("POST", "order/test", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1")
    client.call("PUT", "order/amend/keepPriority", symbol="BTCUSDT", orderId=1, newQty="1")
    assert _counts(client) == (1, 1)


def test_the_short_count_starts_again_with_every_ten_seconds(client: Client) -> None:
    client.place()
    # The start is a full ten seconds of the clock.
    client.after = 9.999
    assert _counts(client) == (1, 1)
    client.after = 10.0
    assert _counts(client) == (0, 1)


def test_a_late_fill_is_given_back_to_the_window_in_which_it_happens(
    client: Client, market: ScriptedMarket
) -> None:
    client.place(price="100")
    market.happens(11.0, trades=[("100.00", "0.500", False)])
    client.after = 10.5
    client.place()
    client.after = 12.0
    assert _counts(client) == (0, 0)


def test_accounts_count_for_themselves(client: Client) -> None:
    client.place()
    assert _counts(Client(client.venue, "ed25519")) == (0, 0)


def test_one_order_too_many_is_refused_until_the_window_is_over(client: Client) -> None:
    client.after = 3.0
    for _ in range(100):
        client.place(quantity="0.1")
        client.cancel(orderId=client.call("GET", "openOrders", symbol="BTCUSDT")[0]["orderId"])
    said = client.place()
    assert client.refused(said) == (
        429,
        -1015,
        "Too many new orders; current limit is 100 orders per 10 SECOND.",
    )
    assert client.header("Retry-After") == "8"
    assert client.call("GET", "openOrders") == []
    client.after = 3.0 + 8
    assert client.place()["status"] == "NEW"


def test_an_order_too_many_may_still_be_cancelled(client: Client) -> None:
    for _ in range(100):
        client.place(quantity="0.1")
    assert client.refused(client.place())[1] == -1015
    assert client.cancel(orderId=1)["status"] == "CANCELED"


def test_the_limits_are_those_that_are_published(client: Client) -> None:
    limits = client.send("GET", "/api/v3/exchangeInfo", "symbol=BTCUSDT")["rateLimits"]
    counted = client.call("GET", "rateLimit/order")
    assert [row for row in limits if row["rateLimitType"] == "ORDERS"] == [
        {name: value for name, value in row.items() if name != "count"} for row in counted
    ]


def test_too_much_weight_stops_private_requests_too(client: Client) -> None:
    for _ in range(75):
        client.call("GET", "openOrders")
    said = client.call("GET", "openOrders")
    assert (client.answer.status, said["code"]) == (429, -1003)
    assert client.header("Retry-After") == str(int(40 - client.after) + 1)
    for _ in range(12):
        client.call("GET", "openOrders")
    assert client.answer.status == 418
    assert msgspec.json.decode(client.answer.body)["msg"].startswith(
        f"Way too much request weight used; IP banned until {round((START + client.after + 120) * 1000)}."
    )
