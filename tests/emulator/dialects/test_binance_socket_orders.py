"""Trading over Binance's WebSocket API, without sockets: the same endpoints as REST's, in another frame."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.emulator.scripted_market import START, ask, json_of
from tests.emulator.socket_client import LIMIT_BUY, MARKET_BUY, SocketClient, customer, trading_venue

from venuekit.emulator.accounts import Customer, KeyType
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect
from venuekit.emulator.faults import Fault, FaultKind

BTC = {"symbol": "BTCUSDT"}
# web-socket-api.md, Conditional fields in Order Responses, and what its comments call conditional.
CONDITIONAL = (
    "icebergQty preventedMatchId preventedQuantity stopPrice strategyId strategyType trailingDelta "
    "trailingTime usedSor workingFloor pegPriceType pegOffsetType pegOffsetValue peggedPrice expiryReason "
    "preventedMatches allocations"
)


@pytest.fixture
def venue() -> BinanceSpotDialect:
    return trading_venue()


@pytest.fixture
def client(venue: BinanceSpotDialect) -> SocketClient:
    return SocketClient(venue)


@pytest.fixture
def member(venue: BinanceSpotDialect) -> Customer:
    return customer(venue)


@pytest.fixture(scope="session")
def documented(data_path: Callable[[str], Path]) -> Callable[..., dict[str, Any]]:
    """The answer that the page shows under a heading; `number` counts them."""
    with gzip.open(data_path("payloads/doc_binance_spot.jsonl.gz")) as lines:
        rows = [msgspec.json.decode(line) for line in lines]

    def answer(heading: str, number: int = 0) -> dict[str, Any]:
        found: list[dict[str, Any]] = [
            row["payload"]
            for row in rows
            if row["source"].endswith(":web-socket-api.md")
            and row["section"][-1] == heading
            and isinstance(row.get("payload"), dict)
            and "result" in row["payload"]
        ]
        return found[number]

    return answer


def _row(answer: Any) -> dict[str, Any]:
    result = answer["result"]
    row: dict[str, Any] = result[0] if isinstance(result, list) else result
    return row


def _always(row: dict[str, Any]) -> set[str]:
    return set(row) - set(CONDITIONAL.split())


def _place(client: SocketClient, member: Customer, **more: Any) -> dict[str, Any]:
    answer = client.ask_as(member, "order.place", LIMIT_BUY | {"newClientOrderId": "mine"} | more)
    assert answer["status"] == 200, answer
    result: dict[str, Any] = answer["result"]
    return result


# Answers.


@pytest.mark.parametrize(("number", "form"), [(0, "ACK"), (1, "RESULT")])
def test_a_new_order_is_answered_in_the_form_that_was_asked_for(
    client: SocketClient,
    member: Customer,
    documented: Callable[..., dict[str, Any]],
    number: int,
    form: str,
) -> None:
    expected = documented("Place new order (TRADE)", number)
    answer = client.ask_as(member, "order.place", MARKET_BUY | {"newOrderRespType": form})
    assert list(expected) == list(answer)
    assert _always(expected["result"]) == _always(answer["result"])
    kinds = [(row["rateLimitType"], row["interval"]) for row in answer["rateLimits"]]
    assert kinds == [("ORDERS", "SECOND"), ("ORDERS", "DAY"), ("REQUEST_WEIGHT", "MINUTE")]


def test_the_full_answer_is_the_result_and_its_fills(
    client: SocketClient, member: Customer, documented: Callable[..., dict[str, Any]]
) -> None:
    """The page's own example of it lacks what its comment promises: all that the result has."""
    full, result = [
        client.ask_as(member, "order.place", MARKET_BUY | form)["result"]
        for form in ({}, {"newOrderRespType": "RESULT"})
    ]
    assert set(full) == {*result, "fills"}
    expected = documented("Place new order (TRADE)", 2)["result"]["fills"]
    assert [set(fill) for fill in full["fills"]] == [set(expected[0])]


QUESTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("Query order (USER_DATA)", "order.status", BTC | {"origClientOrderId": "mine"}),
    ("Current open orders (USER_DATA)", "openOrders.status", BTC),
    ("Account order history (USER_DATA)", "allOrders", BTC),
    ("Account trade history (USER_DATA)", "myTrades", BTC),
    ("Account information (USER_DATA)", "account.status", {}),
    ("Account Commission Rates (USER_DATA)", "account.commission", BTC),
    ("Unfilled Order Count (USER_DATA)", "account.rateLimits.orders", {}),
    (
        "Order Amend Keep Priority (TRADE)",
        "order.amend.keepPriority",
        BTC | {"origClientOrderId": "mine", "newQty": "0.400"},
    ),
    ("Cancel order (TRADE)", "order.cancel", BTC | {"origClientOrderId": "mine"}),
    ("Cancel open orders (TRADE)", "openOrders.cancelAll", BTC),
]


@pytest.mark.parametrize(("heading", "method", "params"), QUESTIONS)
def test_an_answer_has_the_documented_fields(
    client: SocketClient,
    member: Customer,
    documented: Callable[..., dict[str, Any]],
    heading: str,
    method: str,
    params: dict[str, Any],
) -> None:
    client.ask_as(member, "order.place", MARKET_BUY)
    _place(client, member)
    expected, answer = documented(heading), client.ask_as(member, method, params)
    assert answer["status"] == 200, answer
    assert list(expected) == list(answer)
    assert _always(_row(expected)) == _always(_row(answer))


def test_an_amended_order_has_the_documented_fields(
    client: SocketClient, member: Customer, documented: Callable[..., dict[str, Any]]
) -> None:
    order_id = _place(client, member)["orderId"]
    amended = client.ask_as(
        member, "order.amend.keepPriority", BTC | {"orderId": order_id, "newQty": "0.400"}
    )["result"]
    expected = documented("Order Amend Keep Priority (TRADE)")["result"]["amendedOrder"]
    assert _always(expected) == _always(amended["amendedOrder"])
    history = client.ask_as(member, "order.amendments", BTC | {"orderId": order_id})["result"]
    assert set(documented("Query Order Amendments (USER_DATA)")["result"][0]) == set(history[0])


def test_prevented_matches_have_the_documented_fields(
    client: SocketClient, member: Customer, documented: Callable[..., dict[str, Any]]
) -> None:
    order_id = _place(client, member, price="100.00")["orderId"]
    sale = LIMIT_BUY | {"side": "SELL", "price": "100.00", "selfTradePreventionMode": "EXPIRE_MAKER"}
    client.ask_as(member, "order.place", sale)
    found = client.ask_as(member, "myPreventedMatches", BTC | {"orderId": order_id})["result"]
    expected = documented("Account prevented matches (USER_DATA)")["result"][0]
    assert [set(expected)] == [set(row) for row in found]


def test_a_test_order_is_checked_and_not_placed(client: SocketClient, member: Customer) -> None:
    assert client.ask_as(member, "order.test", LIMIT_BUY)["result"] == {}
    bad = client.ask_as(member, "order.test", LIMIT_BUY | {"quantity": "0.0001"})
    assert bad["error"] == {"code": -1013, "msg": "Filter failure: LOT_SIZE"}
    assert client.ask_as(member, "openOrders.status", BTC)["result"] == []


def test_both_doors_show_one_account(client: SocketClient, member: Customer) -> None:
    _place(client, member)
    book = json_of(ask(client.venue, "/api/v3/depth?symbol=BTCUSDT&limit=5"))
    assert dict(book["bids"])["99.00"] == "1.500"


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"quantity": "20000"}, -2010, "Account has insufficient balance for requested action."),
        ({"type": "LIMIT_MAKER", "price": "105.00"}, -2010, "Order would immediately match and take."),
        ({"price": "99.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"symbol": "VENUSDT"}, -1013, "Market is closed."),
        ({"side": "BOTH"}, -1117, "Invalid side."),
    ],
)
def test_a_refused_order_says_why_and_leaves_no_trace(
    client: SocketClient, member: Customer, more: dict[str, Any], code: int, words: str
) -> None:
    client.subscribe(member)
    params = LIMIT_BUY | more
    if params["type"] == "LIMIT_MAKER":
        del params["timeInForce"]
    answer = client.ask_as(member, "order.place", params)
    assert (answer["status"], answer["error"]) == (400, {"code": code, "msg": words})
    assert client.events() == []


def test_too_many_unfilled_orders_are_refused_with_the_moment_to_come_back(
    client: SocketClient, member: Customer
) -> None:
    limit = next(
        row
        for row in client.ask("exchangeInfo")["result"]["rateLimits"]
        if row["rateLimitType"] == "ORDERS" and row["interval"] == "SECOND"
    )
    answers = [client.ask_as(member, "order.place", LIMIT_BUY) for _ in range(limit["limit"] + 1)]
    assert {answer["status"] for answer in answers[:-1]} == {200}
    refused = answers[-1]
    assert (refused["status"], refused["error"]["code"]) == (429, -1015)
    assert refused["error"]["data"] == {
        "serverTime": round(START * 1000),
        "retryAfter": round((START + 10.0) * 1000),
    }
    assert refused["rateLimits"][0]["count"] == limit["limit"]


def test_a_good_order_costs_no_weight_and_a_refused_one_does(client: SocketClient, member: Customer) -> None:
    """Changelog, 2026-03-27."""
    counts = [
        client.ask_as(member, "order.place", LIMIT_BUY | more)["rateLimits"][-1]["count"]
        for more in ({}, {}, {"quantity": "20000"})
    ]
    assert [count - counts[0] for count in counts] == [0, 0, 1]


# Who asks.


@pytest.mark.parametrize("key_type", list(KeyType))
def test_every_type_of_key_trades(client: SocketClient, key_type: KeyType) -> None:
    assert _place(client, customer(client.venue, key_type))["status"] == "NEW"


def test_who_has_logged_on_trades_without_key_and_signature(client: SocketClient) -> None:
    client.ask_as(customer(client.venue, KeyType.ED25519), "session.logon")
    placed = client.ask_in_session("order.place", LIMIT_BUY)
    assert placed["result"]["status"] == "NEW"
    untimed = client.ask("order.place", LIMIT_BUY)
    assert untimed["error"]["code"] == -1102, "a timestamp is needed all the same"
    client.ask("session.logout")
    assert client.ask_in_session("order.place", LIMIT_BUY)["error"]["code"] == -1102


def test_a_request_with_a_signature_of_its_own_is_not_the_sessions(
    client: SocketClient, member: Customer
) -> None:
    """Authorize ad hoc requests: "overriding the authenticated API key"."""
    client.ask_as(customer(client.venue, KeyType.ED25519), "session.logon")
    _place(client, member)
    assert client.ask_in_session("openOrders.status", BTC)["result"] == []
    assert len(client.ask_as(member, "openOrders.status", BTC)["result"]) == 1


# Orders and their events.


def test_an_order_answered_is_an_order_told(client: SocketClient, member: Customer) -> None:
    client.subscribe(member)
    placed = _place(client, member)
    new, position = client.events()
    assert (new["i"], new["c"], new["T"]) == (placed["orderId"], "mine", placed["transactTime"])
    amend = BTC | {"orderId": placed["orderId"], "newQty": "0.400", "newClientOrderId": "less"}
    amended = client.ask_as(member, "order.amend.keepPriority", amend)["result"]
    replaced, position = client.events()
    assert (replaced["x"], replaced["c"], replaced["C"]) == ("REPLACED", "less", "mine")
    assert replaced["I"] == amended["executionId"]
    assert position["B"] == [{"a": "USDT", "f": "999960.40000000", "l": "39.60000000"}]
    cancel = BTC | {"orderId": placed["orderId"], "newClientOrderId": "enough"}
    assert client.ask_as(member, "order.cancel", cancel)["result"]["clientOrderId"] == "enough"
    cancelled, position = client.events()
    assert (cancelled["x"], cancelled["c"], cancelled["C"]) == ("CANCELED", "enough", "less")
    assert position["B"] == [{"a": "USDT", "f": "1000000.00000000", "l": "0.00000000"}]


def test_trades_in_the_answer_and_in_the_stream_have_the_same_ids(
    client: SocketClient, member: Customer
) -> None:
    client.subscribe(member)
    answer = client.ask_as(member, "order.place", MARKET_BUY | {"quantity": "2.500"})["result"]
    events = client.events()
    told = [(event["t"], event["l"], event["n"]) for event in events if event.get("x") == "TRADE"]
    fills = [(fill["tradeId"], fill["qty"], fill["commission"]) for fill in answer["fills"]]
    assert [amount for _, amount, _ in told] == ["1.00000000", "1.00000000", "0.50000000"]
    assert told == [(number, f"{float(qty):.8f}", fee) for number, qty, fee in fills]
    asked = client.ask_as(member, "myTrades", BTC)["result"]
    assert [row["id"] for row in asked] == [number for number, _, _ in told]


def test_a_trade_between_two_accounts_is_told_to_both(client: SocketClient, member: Customer) -> None:
    other = customer(client.venue, KeyType.ED25519)
    client.subscribe(member)
    client.subscribe(other)
    _place(client, member, price="100.00")
    client.frames()
    client.ask_as(other, "order.place", LIMIT_BUY | {"side": "SELL", "price": "100.00"})
    trades = [frame for frame in client.frames() if frame.get("event", {}).get("x") == "TRADE"]
    assert [(frame["subscriptionId"], frame["event"]["m"]) for frame in trades] == [(0, True), (1, False)]
    assert len({frame["event"]["t"] for frame in trades}) == 1


def test_everything_cancelled_is_told_one_by_one(client: SocketClient, member: Customer) -> None:
    client.subscribe(member)
    for price in ("97.00", "98.00", "99.00"):
        client.ask_as(member, "order.place", LIMIT_BUY | {"price": price})
    client.events()
    cancelled = client.ask_as(member, "openOrders.cancelAll", BTC)["result"]
    told = [event["i"] for event in client.events() if event.get("x") == "CANCELED"]
    assert sorted(told) == sorted(row["orderId"] for row in cancelled)


def test_what_rest_does_is_told_as_well(client: SocketClient, member: Customer) -> None:
    client.subscribe(member)
    SocketClient(client.venue).ask_as(member, "order.place", LIMIT_BUY)
    assert [event["e"] for event in client.events()] == ["executionReport", "outboundAccountPosition"]


# Weather: what became of an order whose answer did not come.


def _is_open(client: SocketClient, member: Customer) -> bool:
    return bool(client.ask_as(member, "openOrders.status", BTC)["result"])


@pytest.mark.parametrize(
    ("kind", "was_placed"),
    [
        (FaultKind.HANG, True),
        (FaultKind.LOST_REQUEST, False),
        (FaultKind.OUTCOME_UNKNOWN, True),
        (FaultKind.NOT_EXECUTED, False),
        (FaultKind.SERVER_ERROR, False),
        (FaultKind.RESET, True),
    ],
)
def test_an_order_is_placed_or_not_whatever_its_answer(
    client: SocketClient, member: Customer, kind: FaultKind, was_placed: bool
) -> None:
    client.venue.faults.add(Fault(kind=kind, path="order.place", symbol="BTCUSDT"))
    answer = client.ask_as(member, "order.place", LIMIT_BUY)
    assert answer is None or answer["status"] >= 500
    assert _is_open(SocketClient(client.venue), member) == was_placed


def test_an_order_can_be_told_before_it_is_answered(client: SocketClient, member: Customer) -> None:
    client.subscribe(member)
    client.venue.faults.add(Fault(kind=FaultKind.DELAY, path="order.place", seconds=2.0))
    assert client.ask_as(member, "order.place", MARKET_BUY) is None
    assert [event.get("x", "") for event in client.events()] == ["NEW", "TRADE", ""]
    client.wait(2.1)
    (answer,) = client.frames()
    assert answer["result"]["status"] == "FILLED"
