from __future__ import annotations

import asyncio
import traceback
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.signing_keys import API_KEY, SHARED_SECRET, credentials
from tests.web.toy_venue import (
    BALANCE,
    CANCEL,
    ORDER,
    PLACE,
    POLICY,
    START,
    VENUE_AHEAD,
    Cancel,
    Placed,
    Venue,
)

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint, Placement
from venuekit.testing.scripted_transport import ScriptedTransport, SentRequest
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.web.assistant import WebAssistant
from venuekit.web.auth import KeyType
from venuekit.web.departure import Departure
from venuekit.web.rate_gate import gate_for
from venuekit.web.transport import HttpAnswer

SYMBOL = Cancel(symbol="BTCUSDT")


@pytest.fixture
async def venue() -> Venue:
    return Venue()


def sent_query(request: SentRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query))


async def test_a_signed_call_carries_key_time_window_and_signature(venue: Venue) -> None:
    venue.answer(200, {"order_id": 7})
    assert await venue.web.call(PLACE, ORDER) == Placed(order_id=7)
    (sent,) = venue.network.requests
    assert sent.headers == {"X-MBX-APIKEY": API_KEY}
    assert list(sent_query(sent)) == ["symbol", "quantity", "recvWindow", "timestamp", "signature"]


async def test_without_a_key_nothing_is_asked_of_the_limits_or_the_venue() -> None:
    venue = Venue()
    web = WebAssistant("http://venue", POLICY, transport=venue.network, gate=venue.gate, clock=venue.clock)
    with pytest.raises(errors.KeyMissing, match="POST /order"):
        await web.call(PLACE, ORDER, leaving=venue.leaving)
    assert (venue.gate.used("weight"), venue.network.requests, venue.departures) == (0, [], [])


# The order of things.


async def test_room_comes_before_the_departure_and_the_departure_before_the_sending(venue: Venue) -> None:
    told: list[tuple[float, int, int]] = []

    async def leaving(departure: Departure) -> None:
        told.append((venue.clock.time(), venue.gate.used("orders"), len(venue.network.requests)))

    for _ in range(10):
        venue.gate.settle(await venue.gate.reserve({"orders": 1}))
    venue.answer(200, {"order_id": 7})
    placing = asyncio.create_task(venue.web.call(PLACE, ORDER, leaving=leaving))
    await venue.settle(59.0)
    assert told == []
    await venue.settle(1.0)
    assert told == [(START + 60.0, 1, 0)]
    assert (await placing).order_id == 7


async def test_a_call_is_signed_with_the_venues_time_at_its_departure(venue: Venue) -> None:
    venue.gate.ban(START + 40.0)
    venue.answer(200, {"order_id": 7})
    placing = asyncio.create_task(venue.web.call(PLACE, ORDER, leaving=venue.leaving))
    await venue.settle(40.0)
    await placing
    assert venue.departures == [
        Departure(signed_at=START + 40.0 + VENUE_AHEAD, receive_window=5.0, path="REST POST /order")
    ]
    assert sent_query(venue.network.requests[0])["timestamp"] == str(round((START + 43.0) * 1000))


async def test_a_command_without_a_signature_leaves_without_a_window(venue: Venue) -> None:
    unsigned = Endpoint(method="POST", path="/order", query=Cancel, answer=Placed, reads=False)
    venue.answer(200, {"order_id": 7})
    await venue.web.call(unsigned, SYMBOL, leaving=venue.leaving)
    assert [departure.receive_window for departure in venue.departures] == [None]


@pytest.mark.parametrize("error", [errors.Withdrawn("no more"), errors.Refused("full"), KeyError("disk")])
async def test_a_departure_that_is_stopped_sends_nothing_and_costs_nothing(
    venue: Venue, error: Exception
) -> None:
    async def stops(departure: Departure) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await venue.web.call(PLACE, ORDER, leaving=stops)
    assert caught.value is error
    assert (venue.network.requests, venue.gate.used("weight"), venue.gate.used("orders")) == ([], 0, 0)


async def test_a_caller_who_gives_up_at_the_departure_sends_nothing_and_costs_nothing(venue: Venue) -> None:
    async def lasts(departure: Departure) -> None:
        await asyncio.Event().wait()

    placing = asyncio.create_task(venue.web.call(PLACE, ORDER, leaving=lasts))
    await venue.settle()
    assert venue.gate.used("orders") == 1
    placing.cancel()
    await asyncio.gather(placing, return_exceptions=True)
    assert (venue.network.requests, venue.gate.used("orders")) == ([], 0)


@pytest.mark.parametrize(("seconds", "is_sent"), [(2.5, True), (2.6, False)])
async def test_a_signature_older_than_half_its_window_is_not_sent(
    venue: Venue, seconds: float, *, is_sent: bool
) -> None:
    async def lasts(departure: Departure) -> None:
        await venue.clock.sleep(seconds)

    venue.answer(200, {"order_id": 7})
    placing = asyncio.create_task(venue.web.call(PLACE, ORDER, leaving=lasts))
    await venue.settle(seconds)
    (outcome,) = await asyncio.gather(placing, return_exceptions=True)
    assert (type(outcome), len(venue.network.requests)) == ((Placed, 1) if is_sent else (errors.NotSent, 0))
    assert venue.gate.used("orders") == (1 if is_sent else 0)


async def test_a_step_of_this_machines_clock_does_not_make_a_signature_stale(venue: Venue) -> None:
    async def steps(departure: Departure) -> None:
        venue.clock.skew(3600.0)

    venue.answer(200, {"order_id": 7})
    assert await venue.web.call(PLACE, ORDER, leaving=steps) == Placed(order_id=7)


# Rate limits.


async def test_a_signed_call_charges_the_address_and_the_account_at_once(venue: Venue) -> None:
    venue.answer(200, {"order_id": 7})
    other = gate_for("venue", POLICY.pools, venue.clock, "another")
    placing = asyncio.create_task(venue.web.call(PLACE, ORDER, leaving=lambda _: venue.clock.sleep(1.0)))
    await venue.settle()
    assert {pool: venue.gate.used(pool) for pool in ("weight", "orders")} == {"weight": 1, "orders": 1}
    assert {pool: other.used(pool) for pool in ("weight", "orders")} == {"weight": 1, "orders": 0}
    await venue.settle(1.0)
    await placing
    assert {pool: venue.gate.used(pool) for pool in ("weight", "orders")} == {"weight": 0, "orders": 1}


async def test_the_venues_counts_are_learned_each_in_its_pool(venue: Venue) -> None:
    venue.answer(200, {"order_id": 7}, {"x-weight": "42", "x-orders": "5"})
    await venue.web.call(PLACE, ORDER)
    other = gate_for("venue", POLICY.pools, venue.clock, "another")
    assert (venue.gate.used("weight"), venue.gate.used("orders")) == (42, 5)
    assert (other.used("weight"), other.used("orders")) == (42, 0)


async def test_an_accounts_count_means_nothing_to_a_gate_without_account() -> None:
    venue = Venue()
    gate = gate_for("venue", POLICY.pools, venue.clock)
    web = WebAssistant("http://venue", POLICY, transport=venue.network, gate=gate, clock=venue.clock)
    venue.answer(200, {"order_id": 7}, {"x-orders": "5"})
    question = Endpoint(method="GET", path="/", query=Cancel, answer=Placed)
    assert (await web.call(question, SYMBOL)).order_id == 7


async def test_a_cancel_may_use_what_is_kept_back_for_cancels(venue: Venue) -> None:
    venue.gate.settle(await venue.gate.reserve({"weight": 80}))
    venue.answer(200, {"order_id": 7})
    waiting = asyncio.create_task(venue.web.call(CANCEL, SYMBOL))
    await venue.settle(1.0)
    assert not venue.network.requests
    urgent = asyncio.create_task(venue.web.call(CANCEL, SYMBOL, is_cancel=True))
    await venue.settle()
    assert (urgent.done(), waiting.done(), len(venue.network.requests)) == (True, False, 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_too_many_orders_hold_up_orders_and_no_cancel(venue: Venue) -> None:
    venue.answer(429, {"code": -15, "msg": "too many new orders"}, {"retry-after": "25"})
    with pytest.raises(errors.RateLimited):
        await venue.web.call(PLACE, ORDER)
    venue.answer(200, {"order_id": 7})
    venue.answer(200, {"order_id": 8})
    placing = asyncio.create_task(venue.web.call(PLACE, ORDER))
    await venue.settle(24.9)
    assert len(venue.network.requests) == 1
    cancelling = asyncio.create_task(venue.web.call(CANCEL, SYMBOL))
    await venue.settle()
    assert [request.method for request in venue.network.requests] == ["POST", "DELETE"]
    assert (await cancelling).order_id == 7
    await venue.settle(0.2)
    assert (await placing).order_id == 8


class SlowTransport(ScriptedTransport):
    """Answers each request after so many seconds."""

    def __init__(self, clock: Any) -> None:
        super().__init__()
        self.clock = clock

    async def request(self, *given: Any, **named: Any) -> HttpAnswer:
        answer = HttpAnswer(status=200, headers={}, body=b'{"order_id": 7}')
        self.answers.append(answer)
        heard = await super().request(*given, **named)
        await self.clock.sleep(8.0)
        return heard


async def test_a_question_is_signed_when_its_turn_has_come_and_a_command_waits_for_none() -> None:
    venue = Venue()
    network = SlowTransport(venue.clock)
    web = WebAssistant(
        "http://venue",
        POLICY,
        transport=network,
        gate=venue.gate,
        clock=venue.clock,
        auth=venue.auth,
        questions_at_once=1,
    )
    first = asyncio.create_task(web.call(BALANCE, SYMBOL))
    second = asyncio.create_task(web.call(BALANCE, SYMBOL))
    await venue.settle()
    command = asyncio.create_task(web.call(CANCEL, SYMBOL))
    await venue.settle(30.0)
    assert all(call.done() for call in (first, second, command))
    began = round(START * 1000)
    assert [(sent.method, int(sent_query(sent)["timestamp"]) - began) for sent in network.requests] == [
        ("GET", 0),
        ("DELETE", 0),
        ("GET", 8000),
    ]


async def test_a_question_given_up_while_it_waits_for_its_turn_costs_nothing() -> None:
    venue = Venue()
    web = WebAssistant(
        "http://venue",
        POLICY,
        transport=SlowTransport(venue.clock),
        gate=venue.gate,
        clock=venue.clock,
        auth=venue.auth,
        questions_at_once=1,
    )
    first = asyncio.create_task(web.call(BALANCE, SYMBOL))
    second = asyncio.create_task(web.call(BALANCE, SYMBOL))
    await venue.settle()
    assert venue.gate.used("weight") == 40
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert venue.gate.used("weight") == 20
    await venue.settle(8.0)
    await first


# Bodies.


@pytest.mark.parametrize(
    ("placement", "body"),
    [(Placement.JSON, b'{"symbol":"A B&C"}'), (Placement.FORM, b"symbol=A%20B%26C")],
)
async def test_a_body_says_what_it_is_and_is_signed_as_it_travels(
    venue: Venue, placement: Placement, body: bytes
) -> None:
    endpoint = Endpoint(
        method="POST",
        path="/order",
        query=Cancel,
        answer=Placed,
        signed=True,
        reads=False,
        placement=placement,
    )
    venue.answer(200, {"order_id": 7})
    await venue.web.call(endpoint, Cancel(symbol="A B&C"))
    (sent,) = venue.network.requests
    assert (sent.headers["Content-Type"], sent.body) == (placement.value, body)
    query = urlsplit(sent.url).query
    payload, _, signature = query.partition("&signature=")
    assert signature == BinanceAuth(credentials(KeyType.HMAC)).signature(payload.encode() + body)


# What an answer to a command proves.


@pytest.mark.parametrize(
    ("endpoint", "status", "code", "message", "kind"),
    [
        (PLACE, 400, -10, "not enough", errors.InsufficientBalance),
        (PLACE, 400, -10, "never heard", errors.OrderRefused),
        (PLACE, 400, -9999, "never heard", errors.OutcomeUnknown),
        (PLACE, 409, -9999, "never heard", errors.OutcomeUnknown),
        (PLACE, 202, -9999, "later", errors.OutcomeUnknown),
        (PLACE, 500, -10, "not enough", errors.VenueFailed),
        (PLACE, 503, -9999, "never heard", errors.VenueFailed),
        (PLACE, 400, -7, "who knows", errors.OutcomeUnknown),
        (PLACE, 418, -9999, "never heard", errors.Banned),
        (PLACE, 401, -9999, "never heard", errors.AuthenticationFailed),
        (BALANCE, 400, -9999, "never heard", errors.BadRequest),
        (BALANCE, 409, -9999, "never heard", errors.Refused),
        (BALANCE, 500, -10, "not enough", errors.InsufficientBalance),
    ],
)
async def test_a_command_is_refused_only_where_that_is_certain(
    venue: Venue,
    endpoint: Endpoint[Any, Placed],
    status: int,
    code: int,
    message: str,
    kind: type[errors.VenuekitError],
) -> None:
    venue.answer(status, {"code": code, "msg": message})
    with pytest.raises(errors.VenuekitError) as caught:
        await venue.web.call(endpoint, ORDER if endpoint is PLACE else SYMBOL)
    assert type(caught.value) is kind


# Secrets.


@pytest.mark.parametrize("failure", [errors.ConnectFailed("x"), errors.TimedOut("x"), 500, 400, b"<html>"])
async def test_no_error_of_a_signed_call_shows_a_key_a_signature_or_a_secret(
    venue: Venue, failure: errors.VenuekitError | int | bytes
) -> None:
    echo = f"<html>cannot {API_KEY}</html>".encode()
    match failure:
        case errors.VenuekitError():
            venue.network.answers.append(failure)
        case int():
            venue.answer(failure, echo)
        case bytes():
            venue.answer(200, echo)
    with pytest.raises(errors.VenuekitError) as caught:
        await venue.web.call(PLACE, ORDER)
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    signature = sent_query(venue.network.requests[0])["signature"]
    assert [each for each in (API_KEY, SHARED_SECRET, signature) if each in shown] == []
