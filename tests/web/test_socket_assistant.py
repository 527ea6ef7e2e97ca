from __future__ import annotations

import asyncio
import traceback

import msgspec
import pytest
from tests.signing_keys import API_KEY, SHARED_SECRET
from tests.web.toy_venue import (
    BALANCE,
    CANCEL,
    ORDER,
    PLACE,
    START,
    VENUE_AHEAD,
    Cancel,
    Placed,
    Venue,
    answer,
    asked,
    cancel,
    outcome,
    place,
    refusal,
    venue,
)

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint
from venuekit.web.departure import Departure

SYMBOL = Cancel(symbol="BTCUSDT")


async def test_a_call_is_one_frame_out_and_its_answer_by_number() -> None:
    async with venue() as toy:
        first, second = place(toy), cancel(toy)
        await toy.settle()
        toy.sockets[0].say(answer(2, result={"order_id": 20}), answer(1, result={"order_id": 10}))
        assert (await first, await second) == (Placed(order_id=10), Placed(order_id=20))
        assert [(request["id"], request["method"]) for request in asked(toy.sockets[0])] == [
            (1, "order.place"),
            (2, "order.cancel"),
        ]


async def test_a_signed_call_carries_the_venues_time_at_its_departure() -> None:
    async with venue() as toy:
        toy.gate.ban(START + 40.0)
        placing = place(toy, leaving=toy.leaving)
        for _ in range(2):
            await toy.settle(20.0)
            toy.sockets[0].say(None)
        toy.sockets[0].say(answer(1))
        await placing
        params = asked(toy.sockets[0])[0]["params"]
        assert toy.departures == [
            Departure(signed_at=START + 40.0 + VENUE_AHEAD, receive_window=5.0, path="WebSocket order.place")
        ]
        assert (params["timestamp"], params["apiKey"]) == (round((START + 43.0) * 1000), API_KEY)
        assert (params["symbol"], params["quantity"]) == ("BTCUSDT", "1.50")


async def test_a_public_question_travels_without_key_and_signature() -> None:
    async with venue() as toy:
        public = msgspec.structs.replace(BALANCE, signed=False)
        asking = asyncio.create_task(toy.socket.call(public, SYMBOL))
        await toy.settle()
        toy.sockets[0].say(answer(1))
        await asking
        assert asked(toy.sockets[0])[0]["params"] == {"symbol": "BTCUSDT"}


async def test_the_departure_is_told_before_the_frame_is_sent() -> None:
    async with venue() as toy:
        sent: list[int] = []

        async def leaving(departure: Departure) -> None:
            sent.append(len(toy.sockets[0].sent))

        placing = place(toy, leaving=leaving)
        await toy.settle()
        toy.sockets[0].say(answer(1))
        await placing
        assert sent == [0]


async def test_a_departure_that_is_stopped_sends_nothing_and_costs_nothing() -> None:
    async with venue() as toy:

        async def stops(departure: Departure) -> None:
            raise errors.Withdrawn("no more")

        assert await outcome(place(toy, leaving=stops)) is errors.Withdrawn
        assert (toy.sockets[0].sent, toy.gate.used("orders")) == ([], 0)


async def test_a_signature_older_than_half_its_window_is_not_sent() -> None:
    async with venue() as toy:
        placing = place(toy, leaving=lambda _: toy.clock.sleep(2.6))
        await toy.settle(3.0)
        assert await outcome(placing) is errors.NotSent
        assert (toy.sockets[0].sent, toy.gate.used("orders")) == ([], 0)


# What is not connected.


async def test_before_it_runs_a_call_fails_at_once_and_nothing_leaves() -> None:
    toy = Venue()
    assert not toy.socket.is_ready
    with pytest.raises(errors.ConnectFailed, match="ws://venue/api is not connected"):
        await toy.socket.call(PLACE, ORDER, leaving=toy.leaving)
    assert (toy.departures, toy.gate.used("orders")) == ([], 0)


async def test_a_connection_lost_while_a_call_waits_for_room_stops_it_before_its_departure() -> None:
    async with venue() as toy:
        toy.gate.ban(START + 40.0)
        placing = place(toy, leaving=toy.leaving)
        await toy.settle(1.0)
        toy.sockets[0].lose()
        await toy.settle(38.0)
        toy.network.failures.extend(errors.ConnectFailed("down") for _ in range(100))
        for socket in toy.sockets[1:]:
            socket.lose()
        await toy.settle(1.0)
        assert await outcome(placing) is errors.ConnectFailed
        assert (toy.departures, toy.gate.used("orders")) == ([], 0)


async def test_a_connection_lost_during_the_departure_proves_that_nothing_was_sent() -> None:
    async with venue() as toy:

        async def loses(departure: Departure) -> None:
            toy.network.failures.append(errors.ConnectFailed("down"))
            toy.sockets[0].lose("cut")
            await toy.clock.sleep(0.1)

        placing = place(toy, leaving=loses)
        await toy.settle(0.1)
        assert await outcome(placing) is errors.ConnectFailed
        assert (toy.sockets[0].sent, toy.gate.used("orders")) == ([], 0)


async def test_what_the_venue_does_not_take_on_a_socket_is_said_so() -> None:
    async with venue() as toy:
        over_http = Endpoint(method="GET", path="/wallet", query=Cancel, answer=Placed)
        with pytest.raises(errors.Unsupported, match="GET /wallet"):
            await toy.socket.call(over_http, SYMBOL)


# What was sent and is not answered.


async def test_every_call_under_way_on_a_lost_connection_has_an_unknown_outcome() -> None:
    async with venue() as toy:
        calls = [place(toy), cancel(toy), place(toy)]
        await toy.settle()
        toy.sockets[0].lose("cut by the moon")
        await toy.settle()
        assert [await outcome(call) for call in calls] == [errors.ConnectionLost] * 3
        assert "cut by the moon" in str(calls[0].exception())
        assert toy.gate.used("orders") == 2


async def test_nothing_is_sent_again_on_the_next_connection() -> None:
    async with venue() as toy:
        placing = place(toy, leaving=toy.leaving)
        await toy.settle()
        toy.sockets[0].lose()
        await toy.settle(30.0)
        assert await outcome(placing) is errors.ConnectionLost
        assert [len(socket.sent) for socket in toy.sockets] == [1, 0]
        assert len(toy.departures) == 1


async def test_an_answer_that_does_not_come_in_time_leaves_the_outcome_unknown() -> None:
    async with venue() as toy:
        usual, hurried = place(toy), place(toy, seconds=2.0)
        await toy.settle(1.9)
        assert not hurried.done()
        await toy.settle(0.2)
        assert await outcome(hurried) is errors.TimedOut
        await toy.settle(7.8)
        assert not usual.done()
        await toy.settle(0.2)
        assert await outcome(usual) is errors.TimedOut
        assert toy.gate.used("orders") == 2


async def test_a_line_that_takes_nothing_more_holds_a_call_no_longer_than_its_time_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with venue() as toy:

        async def stuck(frame: bytes) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(toy.sockets[0], "send", stuck)
        placing = place(toy)
        await toy.settle(10.1)
        assert await outcome(placing) is errors.TimedOut


async def test_a_frame_that_cannot_be_written_whole_leaves_the_outcome_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with venue() as toy:

        async def breaks(frame: bytes) -> None:
            raise errors.ConnectionLost("broken pipe")

        monkeypatch.setattr(toy.sockets[0], "send", breaks)
        assert await outcome(place(toy)) is errors.ConnectionLost


async def test_a_late_answer_is_counted_and_taken_for_nobody_elses() -> None:
    async with venue() as toy:
        late = place(toy, seconds=1.0)
        await toy.settle(1.1)
        assert await outcome(late) is errors.TimedOut
        next_one = place(toy)
        await toy.settle()
        toy.sockets[0].say(answer(1, result={"order_id": 1}), answer(2, result={"order_id": 2}))
        assert await next_one == Placed(order_id=2)
        assert (toy.socket.late_answers, toy.socket.unknown_frames) == (1, 0)


async def test_a_second_answer_to_one_request_changes_nothing() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(answer(1, result={"order_id": 1}), answer(1, result={"order_id": 2}))
        assert await placing == Placed(order_id=1)
        await toy.settle()
        assert toy.socket.late_answers == 1


@pytest.mark.parametrize(
    "frame",
    [
        b"<<",
        b"\xff\xfe",
        b"[1",
        b"[" * 100_000,
        b'{"event":{"e":"executionReport"}}',
        answer(None),
        answer(99),
    ],
)
async def test_a_frame_that_answers_nobody_is_counted_and_ends_nothing(frame: bytes) -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(frame, answer(1))
        assert await placing == Placed(order_id=7)
        assert toy.socket.unknown_frames == 1


async def test_a_caller_who_gives_up_is_charged_and_its_answer_counted_as_late() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        placing.cancel()
        await asyncio.gather(placing, return_exceptions=True)
        toy.sockets[0].say(answer(1))
        await toy.settle()
        assert (toy.gate.used("orders"), toy.socket.late_answers) == (1, 1)


# What answers say.


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, -10, "not enough", errors.InsufficientBalance),
        (400, -10, "never heard", errors.OrderRefused),
        (400, -9999, "never heard", errors.OutcomeUnknown),
        (401, -9999, "never heard", errors.AuthenticationFailed),
        (403, -9999, "never heard", errors.Banned),
        (409, -9999, "never heard", errors.OutcomeUnknown),
        (418, -9999, "never heard", errors.Banned),
        (429, -15, "too many new orders", errors.RateLimited),
        (500, -10, "not enough", errors.VenueFailed),
    ],
)
async def test_a_refusal_on_a_socket_means_what_the_same_rows_say(
    status: int, code: int, message: str, kind: type[errors.VenuekitError]
) -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(refusal(1, status, code, message))
        assert await outcome(placing) is kind


@pytest.mark.parametrize("result", [{"orderId": 7}, [], "x", None])
async def test_an_answer_of_another_shape_leaves_the_outcome_unknown(result: object) -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(answer(1, result=result))
        assert await outcome(placing) is errors.BadAnswer


async def test_a_refusal_costs_what_the_venue_charges_for_it_and_a_success_what_it_does() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(answer(1))
        await placing
        connecting = 2
        assert toy.gate.used("weight") == connecting
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(refusal(2, 400, -10, "not enough"))
        await outcome(placing)
        assert toy.gate.used("weight") == connecting + 1


async def test_the_venues_counts_are_learned_from_answers_good_and_bad() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(answer(1, counts={"x-weight": 30, "x-orders": 4}))
        await placing
        assert (toy.gate.used("weight"), toy.gate.used("orders")) == (30, 4)
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(refusal(2, 400, -10, "not enough", counts={"x-weight": 50, "x-orders": 6}))
        await outcome(placing)
        assert (toy.gate.used("weight"), toy.gate.used("orders")) == (50, 6)


async def test_a_ban_lasts_as_long_as_the_venue_says() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(refusal(1, 418, -1, "banned", retry_after=33.0))
        assert await outcome(placing) is errors.Banned
        assert toy.gate.banned_until() == START + 33.0


@pytest.mark.parametrize("request_id", [None, 1])
async def test_a_ban_in_an_answer_that_nobody_waits_for_holds_all_the_same(request_id: int | None) -> None:
    async with venue() as toy:
        late = place(toy, seconds=1.0)
        await toy.settle(2.0)
        await outcome(late)
        toy.sockets[0].say(refusal(request_id, 418, -1, "banned", retry_after=33.0))
        await toy.settle()
        assert toy.gate.banned_until() == START + 2.0 + 33.0


async def test_a_cancel_may_use_what_is_kept_back_for_cancels() -> None:
    async with venue() as toy:
        toy.gate.settle(await toy.gate.reserve({"weight": 78}))
        waiting = cancel(toy)
        urgent = asyncio.create_task(toy.socket.call(CANCEL, SYMBOL, is_cancel=True))
        await toy.settle()
        toy.sockets[0].say(answer(1))
        await toy.settle()
        assert (urgent.done(), waiting.done()) == (True, False)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_both_ways_are_counted_together() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(answer(1))
        await placing
        toy.answer(200, {"order_id": 8})
        await toy.web.call(PLACE, ORDER)
        assert toy.gate.used("orders") == 2


async def test_a_question_travels_on_a_socket_like_a_command() -> None:
    async with venue() as toy:
        asking = asyncio.create_task(toy.socket.call(BALANCE, SYMBOL))
        await toy.settle()
        toy.sockets[0].say(answer(1))
        assert await asking == Placed(order_id=7)


async def test_no_error_of_a_signed_call_shows_a_key_or_a_secret() -> None:
    async with venue() as toy:
        calls = [place(toy), place(toy), place(toy, seconds=1.0), place(toy)]
        await toy.settle(1.1)
        toy.sockets[0].say(answer(1, result=API_KEY), refusal(2, 400, -9999, "no"))
        await toy.settle()
        toy.sockets[0].lose()
        await asyncio.gather(*calls, return_exceptions=True)
        failures = [call.exception() for call in calls]
        assert [type(failure) for failure in failures] == [
            errors.BadAnswer,
            errors.OutcomeUnknown,
            errors.TimedOut,
            errors.ConnectionLost,
        ]
        shown = "".join("".join(traceback.format_exception(failure)) for failure in failures if failure)
        signatures = [request["params"]["signature"] for request in asked(toy.sockets[0])]
        assert [each for each in (API_KEY, SHARED_SECRET, *signatures) if each in shown] == []
