from __future__ import annotations

import asyncio

import pytest
from tests.web.toy_venue import (
    CANCEL,
    ORDER,
    PLACE,
    START,
    Cancel,
    Placed,
    Venue,
    answer,
    asked,
    refusal,
    venue,
)

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint
from venuekit.web.command_route import CommandRoute
from venuekit.web.departure import Departure

SYMBOL = Cancel(symbol="BTCUSDT")
WEBSOCKET, REST = "WebSocket order.place", "REST POST /order"


def route(toy: Venue) -> CommandRoute:
    return CommandRoute(toy.web, toy.socket)


def paths(toy: Venue) -> list[str]:
    return [departure.path for departure in toy.departures]


def sendings(toy: Venue) -> tuple[int, int]:
    """What reached the network over sockets and over HTTP."""
    return sum(len(socket.sent) for socket in toy.sockets), len(toy.network.requests)


async def test_a_command_goes_over_the_socket_while_it_is_up() -> None:
    async with venue() as toy:
        placing = asyncio.create_task(route(toy).call(PLACE, ORDER, leaving=toy.leaving))
        await toy.settle()
        toy.sockets[0].say(answer(1))
        assert await placing == Placed(order_id=7)
        assert (paths(toy), sendings(toy)) == ([WEBSOCKET], (1, 0))


async def test_without_a_socket_a_command_goes_over_http() -> None:
    toy = Venue()
    toy.answer(200, {"order_id": 7})
    await CommandRoute(toy.web).call(PLACE, ORDER, leaving=toy.leaving)
    assert (paths(toy), sendings(toy)) == ([REST], (0, 1))


async def test_while_the_socket_is_down_a_command_goes_over_http() -> None:
    toy = Venue()
    toy.answer(200, {"order_id": 7})
    await route(toy).call(PLACE, ORDER, leaving=toy.leaving)
    assert (paths(toy), sendings(toy)) == ([REST], (0, 1))


async def test_what_the_venue_takes_over_http_alone_goes_over_http() -> None:
    over_http = Endpoint(method="POST", path="/wallet", query=Cancel, answer=Placed, reads=False)
    async with venue() as toy:
        toy.answer(200, {"order_id": 7})
        await route(toy).call(over_http, SYMBOL, leaving=toy.leaving)
        assert (paths(toy), sendings(toy)) == (["REST POST /wallet"], (0, 1))


async def test_a_command_whose_socket_goes_while_it_waits_for_room_leaves_once_and_over_http() -> None:
    async with venue() as toy:
        toy.gate.ban(START + 40.0)
        toy.answer(200, {"order_id": 7})
        placing = asyncio.create_task(route(toy).call(PLACE, ORDER, leaving=toy.leaving))
        await toy.settle(1.0)
        toy.network.failures.extend(errors.ConnectFailed("down") for _ in range(100))
        toy.sockets[0].lose()
        await toy.settle(39.5)
        assert await placing == Placed(order_id=7)
        assert (paths(toy), sendings(toy)) == ([REST], (0, 1))
        assert toy.gate.used("orders") == 1


async def test_a_command_whose_socket_goes_during_its_departure_is_its_callers_to_send_again() -> None:
    async with venue() as toy:

        async def loses(departure: Departure) -> None:
            toy.departures.append(departure)
            toy.sockets[0].lose()
            await toy.clock.sleep(0.01)

        toy.answer(200, {"order_id": 7})
        placing = asyncio.create_task(route(toy).call(PLACE, ORDER, leaving=loses))
        await toy.settle(0.01)
        with pytest.raises(errors.ConnectFailed):
            await placing
        assert (paths(toy), sendings(toy)) == ([WEBSOCKET], (0, 0))


async def test_a_command_that_is_withdrawn_at_its_departure_goes_no_other_way() -> None:
    async with venue() as toy:

        async def withdraws(departure: Departure) -> None:
            toy.departures.append(departure)
            raise errors.Withdrawn("no more")

        toy.answer(200, {"order_id": 7})
        with pytest.raises(errors.Withdrawn):
            await route(toy).call(PLACE, ORDER, leaving=withdraws)
        assert (paths(toy), sendings(toy)) == ([WEBSOCKET], (0, 0))


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("lost", errors.ConnectionLost),
        ("silent", errors.TimedOut),
        ("half", errors.TimedOut),
        ("unreadable", errors.BadAnswer),
        ("failed", errors.VenueFailed),
        ("refused", errors.InsufficientBalance),
        ("limited", errors.RateLimited),
    ],
)
async def test_a_command_that_left_over_the_socket_is_never_sent_over_http(
    what: str, kind: type[errors.VenuekitError], *, is_told: bool
) -> None:
    async with venue() as toy:
        toy.answer(200, {"order_id": 7})
        leaving = toy.leaving if is_told else None
        placing = asyncio.create_task(route(toy).call(PLACE, ORDER, leaving=leaving))
        await toy.settle()
        socket = toy.sockets[0]
        match what:
            case "lost":
                socket.lose()
            case "half":
                socket.say(answer(1)[:20])
            case "unreadable":
                socket.say(answer(1, result=[]))
            case "failed":
                socket.say(refusal(1, 500, -1, "sorry"))
            case "refused":
                socket.say(refusal(1, 400, -10, "not enough"))
            case "limited":
                socket.say(refusal(1, 429, -15, "too many new orders"))
        await toy.settle(11.0)
        with pytest.raises(errors.VenuekitError) as caught:
            await placing
        assert type(caught.value) is kind
        assert (sendings(toy), len(toy.departures)) == ((1, 0), 1 if is_told else 0)


async def test_a_cancel_keeps_its_rank_and_its_time_limit_on_both_ways() -> None:
    async with venue() as toy:
        toy.gate.settle(await toy.gate.reserve({"weight": 78}))
        over_socket = asyncio.create_task(route(toy).call(CANCEL, SYMBOL, is_cancel=True, seconds=2.0))
        await toy.settle(2.1)
        with pytest.raises(errors.TimedOut):
            await over_socket
        assert asked(toy.sockets[0])[0]["method"] == "order.cancel"
        toy.answer(200, {"order_id": 7})
        await CommandRoute(toy.web).call(CANCEL, SYMBOL, is_cancel=True, seconds=2.0)
        assert toy.network.requests[0].seconds == 2.0
