from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from tests.web.toy_stream import acknowledge, asked, channels, scene, ticker

from venuekit import errors
from venuekit.testing.scripted_transport import ScriptedSocket
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.web.backoff import Backoff


async def test_channels_are_asked_for_in_requests_as_large_as_the_venue_allows() -> None:
    async with scene("a", "b", "c", "d") as toy:
        assert [request["names"] for request in asked(toy.sockets[0])] == [["a", "b", "c"], ["d"]]


async def test_no_more_messages_are_sent_in_a_second_than_the_venue_allows() -> None:
    async with scene(*"abcdefghijklmnopqrst", channels_per_request=1) as toy:
        counts = [len(asked(toy.sockets[0]))]
        for _ in range(3):
            await toy.settle(1.001)
            acknowledge(toy.sockets[0])
            counts.append(len(asked(toy.sockets[0])))
        assert counts == [4, 8, 12, 16]


async def test_what_is_taken_is_told_once_per_channel() -> None:
    async with scene("a", "b") as toy:
        acknowledge(toy.sockets[0])
        await toy.settle()
        assert toy.ear.taken == ["a", "b"]


async def test_one_bad_channel_among_many_is_found_by_halving() -> None:
    async with scene("a", "bad", "c", "d", channels_per_request=4, messages=100) as toy:
        socket, answered = toy.sockets[0], 0
        while answered < len(asked(socket)):
            for request in asked(socket)[answered:]:
                answered += 1
                word = b'{"refuse":%d}' if "bad" in request["names"] else b'{"ack":%d}'
                socket.say(word % request["id"])
            await toy.settle()
        assert toy.ear.refusals == [("bad", "no such channel (code 4)")]
        assert sorted(toy.ear.taken) == ["a", "c", "d"]
        assert answered == 5, "the whole, two halves, two quarters"


async def test_a_request_without_an_answer_ends_the_connection() -> None:
    async with scene("a", acknowledged_within=10.0) as toy:
        toy.sockets[0].say(*[ticker(mark) for mark in range(3)])
        await toy.settle(9.0)
        assert not toy.ear.losses
        await toy.settle(7.0)
        assert toy.ear.losses == [(("a",), "ws://toy did not answer a subscription within 10 s (a)")]


async def test_the_time_for_an_answer_begins_when_the_request_is_sent() -> None:
    # Six requests at one in four seconds: the last leaves after 20 s, and is answered at once.
    names = "abcdef"
    async with scene(*names, channels_per_request=1, messages=1, messages_seconds=4.0) as toy:
        for _ in range(120):
            acknowledge(toy.sockets[0], start=len(toy.ear.taken))
            await toy.settle(0.25)
            toy.sockets[0].say(None)
        assert toy.ear.taken == list(names)
        assert not toy.ear.losses


async def test_a_line_on_which_nothing_comes_is_pinged_and_then_given_up() -> None:
    async with scene("a", idle_after=60.0) as toy:
        acknowledge(toy.sockets[0])
        await toy.settle(45.0)
        assert toy.sockets[0].pings > 0
        await toy.settle(20.0)
        assert toy.ear.losses == [(("a",), "ws://toy sent nothing for 60 s")]
        assert toy.sockets[0].is_closed


async def test_a_ping_of_the_venue_keeps_a_silent_line() -> None:
    async with scene("a", idle_after=60.0) as toy:
        acknowledge(toy.sockets[0])
        for _ in range(10):
            toy.sockets[0].say(None)
            await toy.settle(20.0)
        assert not toy.ear.losses


async def test_heartbeats_are_sent_as_often_as_the_policy_says() -> None:
    async with scene("a", heartbeat=b"ping", heartbeat_every=20.0, idle_after=60.0) as toy:
        acknowledge(toy.sockets[0])
        for _ in range(100):
            await toy.settle(1.01)
            toy.sockets[0].say(b'{"pong":1}')
        assert toy.sockets[0].sent.count(b"ping") == 5


async def test_a_lost_line_is_told_with_its_reason_and_comes_back_with_its_channels() -> None:
    async with scene("a", "b") as toy:
        acknowledge(toy.sockets[0])
        await toy.settle(1.0)
        toy.sockets[0].lose("cut by the moon")
        await toy.settle(2.0)
        assert toy.ear.losses == [(("a", "b"), "cut by the moon")]
        assert asked(toy.sockets[1])[0]["names"] == ["a", "b"]


async def test_the_first_reconnect_after_a_healthy_time_is_nearly_immediate() -> None:
    async with scene("a") as toy:
        acknowledge(toy.sockets[0])
        await toy.settle(30.0)
        toy.sockets[0].lose()
        await toy.settle(0.5)
        assert len(toy.sockets) == 2


async def _connect_times(toy_clock: VirtualClock, sockets: list[ScriptedSocket], until: float) -> list[float]:
    times: list[float] = []
    while toy_clock.monotonic() < until:
        if len(sockets) > len(times):
            times.append(toy_clock.monotonic())
            sockets[-1].lose()
        await toy_clock.advance(0.05)
    return times


async def test_waits_between_reconnects_grow_to_their_longest() -> None:
    backoff = Backoff(first=1.0, longest=8.0, jitter=0.0)
    async with scene("a", backoff=backoff) as toy:
        times = await _connect_times(toy.clock, toy.sockets, until=40.0)
    waits = [round(after - before) for before, after in pairwise(times)]
    assert waits[:5] == [2, 4, 8, 8, 8]


async def test_waits_between_reconnects_are_spread_by_chance() -> None:
    backoff = Backoff(first=10.0, longest=10.0, jitter=0.5)
    async with scene("a", backoff=backoff) as toy:
        times = await _connect_times(toy.clock, toy.sockets, until=60.0)
    waits = [after - before for before, after in pairwise(times)]
    assert all(5.0 <= wait <= 10.1 for wait in waits)
    assert max(waits) - min(waits) > 0.5


async def test_a_refused_connect_is_tried_again() -> None:
    clock = VirtualClock()
    async with scene("a", clock=clock) as toy:
        toy.network.failures.append(errors.ConnectFailed("name not found"))
        toy.sockets[0].lose()
        await toy.settle(10.0)
        assert [why for _, why in toy.ear.losses] == ["the line is down", "name not found"]
        assert len(toy.sockets) == 2


async def test_a_server_that_leaves_is_left_without_losing_a_frame() -> None:
    async with scene("a") as toy:
        old = toy.sockets[0]
        acknowledge(old)
        old.say(ticker(1), b'{"leaving":1}')
        await toy.settle()
        new = toy.sockets[1]
        old.say(ticker(2))
        acknowledge(new)
        await toy.settle()
        old.say(ticker(3))
        new.say(ticker(3), ticker(4))
        await toy.settle(1.0)
        old.say(ticker(5))
        new.say(ticker(5))
        await toy.settle()
        # Both lines carry what comes in the overlap: who listens drops the second of each.
        assert toy.ear.heard_at == [1, 2, 3, 3, 4, 5]
        assert not toy.ear.losses
        assert old.is_closed
        assert toy.ear.moves == 1


async def test_a_second_announcement_of_one_server_moves_only_once() -> None:
    async with scene("a") as toy:
        acknowledge(toy.sockets[0])
        toy.sockets[0].say(b'{"leaving":1}', b'{"leaving":1}')
        await toy.settle()
        toy.sockets[0].say(b'{"leaving":1}')
        acknowledge(toy.sockets[1])
        await toy.settle(30.0)
        assert len(toy.sockets) == 2


async def test_a_new_server_that_leaves_while_it_warms_up_is_left_in_turn() -> None:
    async with scene("a") as toy:
        acknowledge(toy.sockets[0])
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle()
        toy.sockets[1].say(b'{"leaving":1}')
        acknowledge(toy.sockets[1])
        await toy.settle(3.0)
        assert len(toy.sockets) == 3


async def test_a_line_moves_before_the_venue_would_cut_it() -> None:
    async with scene("a", lifetime=1000.0, idle_after=1e6) as toy:
        acknowledge(toy.sockets[0])
        await toy.settle(915.0)
        assert len(toy.sockets) == 1
        while len(toy.sockets) == 1 and toy.clock.monotonic() < 975.0:
            await toy.settle(1.0)
        acknowledge(toy.sockets[1])
        await toy.settle(2.0)
        assert toy.sockets[0].is_closed
        assert not toy.ear.losses


async def test_a_line_on_a_machine_that_is_long_up_does_not_move_at_once() -> None:
    clock = VirtualClock()
    await clock.advance(1e6)
    async with scene("a", lifetime=86_400.0, clock=clock) as toy:
        acknowledge(toy.sockets[0])
        await toy.settle(5.0)
        assert len(toy.sockets) == 1


async def test_the_old_line_dying_first_tells_only_of_what_the_new_one_lacks() -> None:
    async with scene("a", "b", channels_per_request=1) as toy:
        acknowledge(toy.sockets[0])
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle()
        toy.sockets[1].say(b'{"ack":1}', ticker(1))
        await toy.settle()
        toy.sockets[0].lose()
        await toy.settle()
        assert toy.ear.losses == [(("b",), "the connection ended before its successor was ready")]
        assert toy.ear.heard_at == [1]
        toy.sockets[1].say(b'{"ack":2}')
        await toy.settle()
        assert toy.ear.taken == ["a", "b", "a", "b"]


async def test_a_new_line_that_dies_while_it_warms_up_leaves_the_old_one_in_place() -> None:
    async with scene("a") as toy:
        acknowledge(toy.sockets[0])
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle()
        toy.sockets[1].lose()
        await toy.settle()
        toy.sockets[0].say(ticker(1))
        await toy.settle()
        assert toy.ear.heard_at == [1]
        assert not toy.ear.losses
        await toy.settle(5.0)
        assert len(toy.sockets) == 3, "it tries to move again"


async def test_the_old_line_dying_while_the_next_try_to_move_waits_is_told_at_once() -> None:
    async with scene("a") as toy:
        acknowledge(toy.sockets[0])
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle()
        toy.sockets[1].lose()
        await toy.settle()
        toy.sockets[0].lose("gone")
        await toy.settle()
        assert toy.ear.losses == [(("a",), "gone")]


async def test_a_channel_asked_for_while_the_line_opens_is_subscribed() -> None:
    async with scene("a") as toy:
        toy.sockets[0].lose()
        await toy.settle()
        toy.stream.subscribe(channels("late"))
        await toy.settle(2.0)
        names = [name for request in asked(toy.sockets[1]) for name in request["names"]]
        assert names == ["a", "late"]


async def test_a_channel_asked_for_while_room_for_a_connect_is_awaited_is_subscribed() -> None:
    async with scene("a", connects=1, connects_seconds=60.0) as toy:
        toy.sockets[0].lose()
        await toy.settle(5.0)
        assert len(toy.sockets) == 1, "one connect a minute"
        toy.stream.subscribe(channels("late"))
        await toy.settle(60.0)
        names = [name for request in asked(toy.sockets[1]) for name in request["names"]]
        assert names == ["a", "late"]


async def test_a_channel_asked_for_while_the_line_moves_is_subscribed_on_both() -> None:
    async with scene("a") as toy:
        acknowledge(toy.sockets[0])
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle()
        toy.stream.subscribe(channels("late"))
        await toy.settle()
        assert [asked(socket)[-1]["names"] for socket in toy.sockets] == [["late"], ["late"]]


async def test_a_channel_given_up_while_the_line_moves_is_ended_on_both() -> None:
    async with scene("a", "b") as toy:
        acknowledge(toy.sockets[0])
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle()
        toy.stream.unsubscribe(channels("b"))
        await toy.settle()
        ends = [asked(socket)[-1] for socket in toy.sockets]
        assert [(end["op"], end["names"]) for end in ends] == [("unsub", ["b"]), ("unsub", ["b"])]


async def test_resubscribing_ends_and_begins_a_channel() -> None:
    async with scene("a") as toy:
        acknowledge(toy.sockets[0])
        await toy.settle()
        toy.stream.resubscribe(channels("a", "unknown"))
        await toy.settle()
        assert [(request["op"], request["names"]) for request in asked(toy.sockets[0])[1:]] == [
            ("unsub", ["a"]),
            ("sub", ["a"]),
        ]


@pytest.mark.parametrize("frame", [b"<<", b"\xff\xfe", b'{"pair"', b"[" * 100_000, b""])
async def test_a_frame_that_cannot_be_read_is_told_and_ends_nothing(frame: bytes) -> None:
    async with scene("a") as toy:
        acknowledge(toy.sockets[0])
        toy.sockets[0].say(frame, ticker(1))
        await toy.settle()
        assert toy.ear.unread == [frame]
        assert toy.ear.heard_at == [1]


async def test_raw_frames_are_handed_over_before_anything_is_made_of_them() -> None:
    async with scene("a") as toy:
        toy.sockets[0].say(b"<<", ticker(1))
        await toy.settle()
        assert toy.ear.raw == [b"<<", ticker(1)]


async def test_a_stream_that_is_stopped_says_that_nothing_feeds_its_channels() -> None:
    async with scene("a") as toy:
        acknowledge(toy.sockets[0])
        await toy.settle()
    assert toy.ear.losses == [(("a",), "the stream was stopped")]
    assert toy.sockets[0].is_closed


async def test_a_stream_stopped_while_it_moves_closes_both_lines() -> None:
    async with scene("a") as toy:
        acknowledge(toy.sockets[0])
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle()
        assert len(toy.sockets) == 2
    assert [socket.is_closed for socket in toy.sockets] == [True, True]


async def test_a_listener_that_breaks_leaves_no_channel_believed_to_be_fed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toy_clock = VirtualClock()
    async with scene("a", clock=toy_clock) as toy:
        running = [task for task in asyncio.all_tasks() if "StandingLine.run" in repr(task)]

        def breaks(frame: object, received: float) -> None:
            raise KeyError(frame)

        monkeypatch.setattr(toy.ear, "heard", breaks)
        toy.sockets[0].say(ticker(1))
        await toy.settle()
        assert toy.ear.losses
        assert isinstance(running[0].exception(), KeyError)


async def test_a_burst_lets_others_have_their_turn() -> None:
    async with scene("a") as toy:
        turns: list[int] = []

        async def other() -> None:
            while len(toy.ear.frames) < 1000:
                turns.append(len(toy.ear.frames))
                await asyncio.sleep(0)

        toy.sockets[0].say(*[ticker(mark) for mark in range(1000)])
        await other()
        assert max(after - before for before, after in pairwise(turns)) <= 64


@pytest.mark.parametrize("turns", range(12))
async def test_a_broken_connection_is_closed_at_whatever_moment_its_stream_is_stopped(turns: int) -> None:
    async with scene("a") as toy:
        toy.sockets[0].lose()
        for _ in range(turns):
            await asyncio.sleep(0)
    assert toy.sockets[0].is_closed
