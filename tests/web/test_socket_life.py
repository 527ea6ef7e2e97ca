from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from tests.web.toy_venue import START, Placed, Venue, answer, outcome, place, venue

from venuekit import errors


async def test_a_connection_that_is_still_being_closed_takes_no_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with venue() as toy:
        monkeypatch.setattr(toy.sockets[0], "close", lambda: toy.clock.sleep(2.0))
        toy.sockets[0].lose()
        await toy.settle()
        assert not toy.socket.is_ready
        assert await outcome(place(toy)) is errors.ConnectFailed
        await toy.settle(2.0)


async def test_connecting_costs_what_the_venue_charges_for_it() -> None:
    async with venue() as toy:
        assert (toy.gate.used("weight"), toy.socket.connects) == (2, 1)


async def test_a_lost_connection_is_told_and_comes_back() -> None:
    async with venue() as toy:
        assert (toy.socket.is_ready, toy.socket.state) == (True, "live")
        await toy.settle(20.0)
        toy.sockets[0].lose("cut by the moon")
        await toy.settle()
        assert (toy.socket.is_ready, toy.socket.state) == (False, "reconnecting")
        assert toy.socket.trouble == "cut by the moon"
        await toy.settle(1.0)
        assert (toy.socket.is_ready, toy.socket.connects) == (True, 2)


async def test_a_socket_that_waits_for_the_limits_says_that_it_is_connecting() -> None:
    toy = Venue()
    toy.gate.ban(START + 60.0)
    running = asyncio.create_task(toy.socket.run())
    await toy.settle()
    assert (toy.socket.is_ready, toy.socket.state, toy.sockets) == (False, "connecting", [])
    await toy.settle(60.0)
    assert (toy.socket.is_ready, toy.socket.state) == (True, "live")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_line_on_which_nothing_comes_is_pinged_and_then_given_up() -> None:
    async with venue() as toy:
        await toy.settle(45.0)
        assert toy.sockets[0].pings > 0
        await toy.settle(16.0)
        assert toy.socket.trouble == "ws://venue/api sent nothing for 60 s"
        assert toy.sockets[0].is_closed


async def test_a_line_that_was_silent_while_a_request_timed_out_is_asked_nothing_more() -> None:
    """Found by seed 3025: a half-open line swallowed each command for the twelve seconds that it may take."""
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.gate.ban(START + 30.0)  # a new connection has to wait, and the old one is not used meanwhile
        await toy.settle(10.1)
        assert await outcome(placing) is errors.TimedOut
        assert not toy.socket.is_ready
        await toy.settle(25.0)
        assert (toy.socket.is_ready, len(toy.sockets)) == (True, 2)
        again = place(toy)
        await toy.settle()
        assert [len(socket.sent) for socket in toy.sockets] == [1, 1]
        toy.sockets[1].say(answer(2))
        await again


async def test_a_line_that_spoke_while_a_request_timed_out_is_not_the_one_to_blame() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle(5.0)
        toy.sockets[0].say(b'{"pong":1}')
        await toy.settle(5.1)
        assert await outcome(placing) is errors.TimedOut
        assert (toy.socket.is_ready, len(toy.sockets)) == (True, 1)


async def test_a_line_that_was_taken_for_dead_and_speaks_is_used_again() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.gate.ban(START + 60.0)
        await toy.settle(10.1)
        assert await outcome(placing) is errors.TimedOut
        toy.sockets[0].say(answer(1))  # late
        await toy.settle()
        assert (toy.socket.is_ready, len(toy.sockets)) == (True, 1)


async def test_heartbeats_are_sent_where_the_venue_wants_them() -> None:
    async with venue(heartbeat=b"ping", heartbeat_every=20.0) as toy:
        for _ in range(100):
            await toy.settle(1.01)
            toy.sockets[0].say(b'{"pong":1}')
        assert toy.sockets[0].sent == [b"ping"] * 5


async def test_a_server_that_leaves_is_left_at_once_and_answers_what_it_was_asked() -> None:
    async with venue() as toy:
        old_call = place(toy)
        await toy.settle()
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle()
        new_call = place(toy)
        await toy.settle()
        old, new = toy.sockets
        assert [len(socket.sent) for socket in toy.sockets] == [1, 1]
        assert not old.is_closed
        new.say(answer(2, result={"order_id": 2}))
        old.say(answer(1, result={"order_id": 1}))
        assert (await old_call, await new_call) == (Placed(order_id=1), Placed(order_id=2))
        await toy.settle()
        assert (old.is_closed, new.is_closed, toy.socket.is_ready) == (True, False, True)


async def test_a_server_that_says_again_that_it_leaves_is_left_once() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle(1.0)
        toy.sockets[0].say(b'{"leaving":1}', answer(1))
        await placing
        await toy.settle(5.0)
        assert [socket.is_closed for socket in toy.sockets] == [True, False]


async def test_until_the_new_connection_is_open_the_old_one_takes_requests() -> None:
    async with venue() as toy:
        toy.gate.ban(START + 30.0)  # connecting costs weight, and waits
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle()
        assert (toy.socket.is_ready, toy.socket.state, len(toy.sockets)) == (True, "moving", 1)


async def test_an_old_connection_that_does_not_answer_is_closed_when_its_calls_have_timed_out() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.socket.move()
        await toy.settle(9.9)
        assert not toy.sockets[0].is_closed
        await toy.settle(0.2)
        assert await outcome(placing) is errors.TimedOut
        assert toy.sockets[0].is_closed


async def test_an_old_connection_that_ends_while_it_drains_leaves_the_new_one_alone() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.socket.move()
        await toy.settle()
        toy.sockets[0].lose()
        await toy.settle()
        assert await outcome(placing) is errors.ConnectionLost
        assert (toy.socket.is_ready, toy.socket.state) == (True, "live")


async def test_a_new_connection_that_ends_leaves_an_old_one_to_its_answers() -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        toy.socket.move()
        await toy.settle()
        toy.sockets[1].lose()
        await toy.settle()
        toy.sockets[0].say(answer(1))
        assert await outcome(placing) == Placed(order_id=7)


async def test_a_move_that_finds_no_connection_stays_and_tries_again() -> None:
    async with venue() as toy:
        toy.network.failures.append(errors.ConnectFailed("down"))
        toy.sockets[0].say(b'{"leaving":1}')
        await toy.settle()
        placing = place(toy)
        await toy.settle()
        toy.sockets[0].say(answer(1))
        assert await placing == Placed(order_id=7)
        await toy.settle(5.0)
        assert len(toy.sockets) == 2


async def test_a_connection_moves_before_the_venue_would_cut_it() -> None:
    async with venue(lifetime=1000.0, idle_after=1e6) as toy:
        await toy.settle(915.0)
        assert len(toy.sockets) == 1
        await toy.settle(60.0)
        assert [socket.is_closed for socket in toy.sockets] == [True, False]
        assert toy.socket.is_ready


@pytest.mark.parametrize("moment", ["asked", "moving", "draining"])
async def test_a_socket_that_is_stopped_ends_every_call_and_closes_every_connection(moment: str) -> None:
    async with venue() as toy:
        placing = place(toy)
        await toy.settle()
        if moment == "moving":
            toy.gate.ban(START + 30.0)
        if moment != "asked":
            toy.socket.move()
            await toy.settle()
    assert await outcome(placing) is errors.ConnectionLost
    assert all(socket.is_closed for socket in toy.sockets)
    assert not toy.socket.is_ready


async def test_a_call_that_was_departing_when_the_socket_was_stopped_was_not_sent() -> None:
    toy = Venue()
    running = asyncio.create_task(toy.socket.run())
    await toy.settle()
    placing = place(toy, leaving=lambda _: toy.clock.sleep(1.0))
    await toy.settle()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await toy.settle(1.0)
    assert await outcome(placing) is errors.ConnectFailed
    assert toy.sockets[0].sent == []


async def test_an_endless_burst_of_unknown_frames_lets_others_have_their_turn() -> None:
    async with venue() as toy:
        toy.sockets[0].say(*[b"{}"] * 1000)
        seen: list[int] = []
        while toy.socket.unknown_frames < 1000:
            seen.append(toy.socket.unknown_frames)
            await asyncio.sleep(0)
        assert max(after - before for before, after in pairwise(seen)) <= 64
