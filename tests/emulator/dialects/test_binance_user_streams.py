"""Who hears an account's events over Binance's WebSocket API, and what the weather does to them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.emulator.scripted_market import START, ScriptedMarket
from tests.emulator.socket_client import DOOR, SocketClient, customer, trading_venue

from venuekit.emulator.accounts import KeyType
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.order import OrderKind, OrderRequest

SUBSCRIBE = "userDataStream.subscribe.signature"


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def venue(market: ScriptedMarket) -> BinanceSpotDialect:
    return trading_venue(market)


@pytest.fixture
def client(venue: BinanceSpotDialect) -> SocketClient:
    return SocketClient(venue)


def _deposit(client: SocketClient, amount: str = "1", account: str = "hmac") -> None:
    client.venue.desk.deposit(account, "BTC", Decimal(amount), START + client.after)
    client.wait(0.0)


def _buy(client: SocketClient, amount: str, price: str | None = None, account: str = "hmac") -> None:
    request = OrderRequest(
        account=account,
        is_buy=True,
        kind=OrderKind.MARKET if price is None else OrderKind.LIMIT,
        amount=Decimal(amount),
        price=None if price is None else Decimal(price),
        client_order_id="mine",
    )
    client.venue.desk.place("BTC-USDT", request, START + client.after)
    client.wait(0.0)


def _kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["x"] if event["e"] == "executionReport" else event["e"] for event in events]


# Subscriptions.


def test_events_carry_the_number_of_their_subscription(client: SocketClient) -> None:
    members = [customer(client.venue), customer(client.venue, KeyType.ED25519)]
    assert [client.subscribe(member) for member in members] == [0, 1]
    _deposit(client, account="ed25519")
    _deposit(client, account="hmac")
    frames = client.frames()
    assert [list(frame) for frame in frames] == [["subscriptionId", "event"]] * 4
    assert [frame["subscriptionId"] for frame in frames] == [1, 1, 0, 0]


def test_every_connection_that_subscribed_hears_the_account(venue: BinanceSpotDialect) -> None:
    clients = [SocketClient(venue) for _ in range(3)]
    for listener in clients[:2]:
        listener.subscribe(customer(venue))
    _buy(clients[2], "0.5")
    heard = [_kinds(listener.events()) for listener in clients]
    assert heard == [["NEW", "TRADE", "outboundAccountPosition"]] * 2 + [[]]


def test_what_happened_before_a_subscription_is_not_told(client: SocketClient) -> None:
    _deposit(client)
    client.subscribe(customer(client.venue))
    assert client.events() == []


def test_an_account_is_subscribed_once_per_connection(client: SocketClient) -> None:
    member = customer(client.venue, KeyType.ED25519)
    client.subscribe(member)
    again = client.ask_as(member, SUBSCRIBE)
    assert (again["status"], again["error"]["code"]) == (400, -2035)
    client.ask_as(member, "session.logon")
    assert client.ask("userDataStream.subscribe")["error"]["code"] == -2035
    assert SocketClient(client.venue).subscribe(member) == 0


def test_unsubscribing_ends_one_subscription_with_a_word(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    client.subscribe(customer(client.venue, KeyType.ED25519))
    answer = client.ask("userDataStream.unsubscribe", {"subscriptionId": 1})
    assert (answer["status"], answer["result"]) == (200, {})
    ended = {"e": "eventStreamTerminated", "E": round(START * 1000)}
    assert client.frames() == [{"subscriptionId": 1, "event": ended}]
    _deposit(client, account="ed25519")
    _deposit(client, account="hmac")
    assert {frame["subscriptionId"] for frame in client.frames()} == {0}


def test_unsubscribing_without_a_number_ends_all(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    client.subscribe(customer(client.venue, KeyType.ED25519))
    client.ask("userDataStream.unsubscribe")
    assert [frame["subscriptionId"] for frame in client.frames()] == [0, 1]
    assert client.ask("session.subscriptions")["result"] == []
    assert client.ask("userDataStream.unsubscribe")["error"]["code"] == -2036


def test_a_number_is_never_used_twice(client: SocketClient) -> None:
    member = customer(client.venue)
    assert client.subscribe(member) == 0
    client.ask("userDataStream.unsubscribe", {"subscriptionId": 0})
    assert client.subscribe(member) == 1


def test_a_subscription_that_is_not_there_cannot_be_ended(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    assert client.ask("userDataStream.unsubscribe", {"subscriptionId": 7})["error"]["code"] == -2036


def test_a_session_has_no_more_numbers_than_the_page_says(client: SocketClient) -> None:
    client.venue.user_streams.session(client.connection)._next_number = 65_535
    refused = client.ask_as(customer(client.venue), SUBSCRIBE)
    assert (refused["status"], refused["error"]["code"]) == (400, -2042)


def test_a_session_has_no_more_subscriptions_at_a_time_than_the_page_says(client: SocketClient) -> None:
    session = client.venue.user_streams.session(client.connection)
    for number in range(1_000):
        session.subscribe(f"account {number}", None, is_by_logon=False)
    refused = client.ask_as(customer(client.venue), SUBSCRIBE)
    assert (refused["status"], refused["error"]["code"]) == (400, -1191)
    client.ask("userDataStream.unsubscribe", {"subscriptionId": 0})
    assert client.subscribe(customer(client.venue)) == 1_000


def test_a_connection_that_is_gone_is_not_written_to(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    client.venue.disconnected(client.connection)
    _deposit(client)
    assert client.frames() == []


# What is told, and when.


def test_a_fill_by_the_market_is_told_when_it_happens(client: SocketClient, market: ScriptedMarket) -> None:
    client.subscribe(customer(client.venue))
    _buy(client, "0.500", "100.00")
    client.events()
    market.happens(2.0, trades=[("100.00", "0.200", False)])
    client.wait(2.0)
    trade, position = client.events()
    assert (trade["x"], trade["X"], trade["l"], trade["m"]) == (
        "TRADE",
        "PARTIALLY_FILLED",
        "0.20000000",
        True,
    )
    assert trade["T"] == round((START + 2.0) * 1000)
    assert position["e"] == "outboundAccountPosition"


def test_somebody_who_waits_for_events_makes_the_venue_look_at_each_step(
    client: SocketClient, market: ScriptedMarket
) -> None:
    market.happens(0.05, trades=[("101.00", "1.000", True)])
    idle = client.venue.next_tick(START)
    client.subscribe(customer(client.venue))
    assert (round(idle - START, 6), round(client.venue.next_tick(START) - START, 6)) == (0.1, 0.05)


def test_a_deposit_is_a_balance_update_and_a_position(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    _deposit(client, "2.5")
    update, position = client.events()
    assert (update["e"], update["a"], update["d"]) == ("balanceUpdate", "BTC", "2.50000000")
    assert position["B"] == [{"a": "BTC", "f": "12.50000000", "l": "0.00000000"}]


# Weather on events.


def test_one_event_is_lost(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    client.venue.faults.add(Fault(kind=FaultKind.GAP, path="executionReport/TRADE"))
    _buy(client, "1.5")
    assert _kinds(client.events()) == ["NEW", "TRADE", "outboundAccountPosition"]


def test_one_event_comes_twice(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    client.venue.faults.add(Fault(kind=FaultKind.DUPLICATE, path="executionReport/TRADE"))
    _buy(client, "0.5")
    new, first, second, position = client.events()
    assert first == second
    assert _kinds([new, first, position]) == ["NEW", "TRADE", "outboundAccountPosition"]


def test_two_events_change_places(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    client.venue.faults.add(Fault(kind=FaultKind.SWAP, path="executionReport/NEW"))
    _buy(client, "0.5")
    assert _kinds(client.events()) == ["TRADE", "NEW", "outboundAccountPosition"]


def test_an_event_comes_late(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    client.venue.faults.add(Fault(kind=FaultKind.LATE_MESSAGE, path="executionReport/TRADE", seconds=3.0))
    _buy(client, "0.5")
    assert _kinds(client.events()) == ["NEW", "outboundAccountPosition"]
    client.wait(3.1)
    assert _kinds(client.events()) == ["TRADE"]


def test_a_silent_stream_still_answers_pings(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    client.venue.faults.add(Fault(kind=FaultKind.SILENCE, path="userData", times=None))
    _buy(client, "0.5")
    assert client.events() == []
    client.venue.ping_received(client.connection, b"there?", START)
    assert client.connection.outbox[-1].payload == b"there?"
    client.venue.faults.clear()
    _deposit(client)
    assert len(client.events()) == 2


def test_weather_can_be_kept_to_one_account_or_one_market(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    client.subscribe(customer(client.venue, KeyType.ED25519))
    client.venue.faults.add(Fault(kind=FaultKind.SILENCE, path="hmac", times=None))
    client.venue.faults.add(Fault(kind=FaultKind.SILENCE, path="userData", symbol="ETHUSDT", times=None))
    _buy(client, "0.1")
    _buy(client, "0.1", account="ed25519")
    assert {frame["subscriptionId"] for frame in client.frames()} == {1}


@pytest.mark.parametrize("kind", [FaultKind.GAP, FaultKind.DUPLICATE, FaultKind.SWAP, FaultKind.SILENCE])
def test_weather_on_public_streams_leaves_accounts_alone(client: SocketClient, kind: FaultKind) -> None:
    client.subscribe(customer(client.venue))
    client.venue.faults.add(Fault(kind=kind))
    _buy(client, "0.5")
    assert _kinds(client.events()) == ["NEW", "TRADE", "outboundAccountPosition"]
    assert client.venue.faults.reports()[0].fired == 0


def test_an_event_can_be_mangled(client: SocketClient) -> None:
    client.subscribe(customer(client.venue))
    client.venue.faults.add(Fault(kind=FaultKind.FRAME_NOT_JSON, path="balanceUpdate"))
    _deposit(client)
    assert client.connection.outbox[0].payload == b"<<not json>>"


# Weather on subscriptions and sessions.


def test_an_expired_session_ends_its_streams_and_its_logon(client: SocketClient) -> None:
    client.ask_as(customer(client.venue, KeyType.ED25519), "session.logon")
    client.ask("userDataStream.subscribe")
    client.subscribe(customer(client.venue))
    client.frames()
    client.venue.faults.add(Fault(kind=FaultKind.SESSION_EXPIRED))
    client.wait(1.0)
    ended = {"e": "eventStreamTerminated", "E": round((START + 1.0) * 1000)}
    assert client.frames() == [{"subscriptionId": number, "event": ended} for number in (0, 1)]
    assert client.ask("session.status")["result"]["apiKey"] is None
    _deposit(client)
    assert client.frames() == []


def test_a_session_expires_when_there_is_one(client: SocketClient) -> None:
    client.venue.faults.add(Fault(kind=FaultKind.SESSION_EXPIRED))
    client.wait(1.0)
    client.subscribe(customer(client.venue))
    client.wait(1.0)
    assert [event["e"] for event in client.events()] == ["eventStreamTerminated"]
    client.subscribe(customer(client.venue))
    client.wait(1.0)
    assert client.events() == [], "it happens once"


def test_a_subscription_can_be_refused(client: SocketClient) -> None:
    client.venue.faults.add(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED, path="userData"))
    refused = client.ask_as(customer(client.venue), SUBSCRIBE)
    assert (refused["status"], refused["error"]["code"]) == (503, -1008)
    assert client.subscribe(customer(client.venue)) == 0


def test_a_subscription_can_be_acknowledged_and_deaf(client: SocketClient) -> None:
    client.venue.faults.add(Fault(kind=FaultKind.ACKNOWLEDGED_SILENT, path=SUBSCRIBE))
    client.subscribe(customer(client.venue))
    _deposit(client)
    assert client.events() == []


def test_an_acknowledgement_can_come_after_the_first_event_or_never(client: SocketClient) -> None:
    member, other = customer(client.venue), customer(client.venue, KeyType.ED25519)
    client.venue.faults.add(Fault(kind=FaultKind.LATE_ACKNOWLEDGEMENT, path="userData", seconds=2.0))
    client.venue.faults.add(Fault(kind=FaultKind.NO_ACKNOWLEDGEMENT, path="userData"))
    assert client.ask_as(member, SUBSCRIBE) is None
    assert client.ask_as(other, SUBSCRIBE) is None
    _deposit(client, account="ed25519")
    _deposit(client)
    assert [frame["subscriptionId"] for frame in client.frames()] == [1, 1, 0, 0]
    client.wait(2.1)
    assert [frame["result"] for frame in client.frames()] == [{"subscriptionId": 0}]


# Weather on requests; the path is the method's name.


@pytest.mark.parametrize("kind", [FaultKind.HANG, FaultKind.RESET, FaultKind.TRUNCATED_BODY])
def test_a_reply_is_lost_after_the_request_was_carried_out(client: SocketClient, kind: FaultKind) -> None:
    client.venue.faults.add(Fault(kind=kind, path=SUBSCRIBE))
    assert client.ask_as(customer(client.venue), SUBSCRIBE) is None
    is_cut = kind is not FaultKind.HANG
    assert (client.connection.closing is not None) == is_cut
    if not is_cut:
        assert client.ask("session.subscriptions")["result"] == [{"subscriptionId": 0}]


def test_a_request_is_lost_before_it_was_carried_out(client: SocketClient) -> None:
    client.venue.faults.add(Fault(kind=FaultKind.LOST_REQUEST, path=SUBSCRIBE, seconds=60.0))
    assert client.ask_as(customer(client.venue), SUBSCRIBE) is None
    assert client.ask("session.subscriptions")["result"] == []
    assert client.connection.closing is None
    for _ in range(13):
        client.wait(5.0)
        client.venue.pong_received(client.connection, START + client.after)
    assert client.connection.closing is not None


@pytest.mark.parametrize(
    ("kind", "was_done"), [(FaultKind.OUTCOME_UNKNOWN, True), (FaultKind.NOT_EXECUTED, False)]
)
def test_a_5xx_proves_nothing(client: SocketClient, kind: FaultKind, was_done: bool) -> None:
    client.venue.faults.add(Fault(kind=kind, path=SUBSCRIBE))
    answer = client.ask_as(customer(client.venue), SUBSCRIBE)
    assert (answer["status"], answer["error"]["code"]) == (504, -1007)
    assert bool(client.ask("session.subscriptions")["result"]) == was_done


@pytest.mark.parametrize(
    ("kind", "status"),
    [(FaultKind.SERVER_ERROR, 503), (FaultKind.RATE_LIMITED, 429), (FaultKind.BANNED, 418)],
)
def test_a_request_is_refused_by_status(client: SocketClient, kind: FaultKind, status: int) -> None:
    client.venue.faults.add(Fault(kind=kind, path="time", seconds=30.0))
    answer = client.ask("time")
    assert (answer["status"], "data" in answer["error"]) == (status, status != 503)
    assert client.ask("time")["status"] == 200


def test_an_answer_that_is_no_json_is_an_answer_to_nothing(client: SocketClient) -> None:
    client.venue.faults.add(Fault(kind=FaultKind.NOT_JSON, path="time"))
    client.venue.receive(client.connection, b'{"id":1,"method":"time"}', START)
    assert client.connection.outbox.pop().payload == b'{"code":'


def test_connections_of_this_door_can_be_cut_by_its_path(client: SocketClient) -> None:
    client.venue.faults.add(Fault(kind=FaultKind.DISCONNECT, path=DOOR))
    client.wait(1.0)
    assert client.connection.closing is not None
