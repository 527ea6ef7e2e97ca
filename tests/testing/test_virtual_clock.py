from __future__ import annotations

import asyncio

import pytest

from venuekit.seams.clock import Clock
from venuekit.testing.virtual_clock import VirtualClock


def test_time_stands_still_until_it_is_moved() -> None:
    clock: Clock = VirtualClock(start=1000.0)
    assert (clock.time(), clock.monotonic()) == (1000.0, 0.0)


async def test_advancing_moves_both_clocks() -> None:
    clock = VirtualClock(start=1000.0)
    await clock.advance(2.5)
    assert (clock.time(), clock.monotonic()) == (1002.5, 2.5)


async def test_a_skew_steps_the_wall_clock_alone() -> None:
    clock = VirtualClock(start=1000.0)
    clock.skew(-10.0)
    assert (clock.time(), clock.monotonic()) == (990.0, 0.0)


async def test_sleepers_wake_in_order_of_time_each_at_its_own() -> None:
    clock = VirtualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as tasks:
        for name, seconds in (("late", 3.0), ("early", 1.0), ("late too", 3.0)):
            tasks.create_task(sleeper(name, seconds))
        await clock.advance(5.0)
    assert woken == [("early", 1.0), ("late", 3.0), ("late too", 3.0)]


async def test_a_loop_sleeps_again_within_one_advance() -> None:
    clock = VirtualClock()
    beats: list[float] = []

    async def beat() -> None:
        while True:
            await clock.sleep(1.0)
            beats.append(clock.monotonic())

    task = asyncio.create_task(beat())
    await clock.advance(3.5)
    task.cancel()
    assert beats == [1.0, 2.0, 3.0]


async def test_nobody_wakes_before_the_time() -> None:
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(1.0))
    await clock.advance(0.999)
    assert clock.sleeping == 1
    task.cancel()


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(1.0))
    await clock.advance(0.0)
    task.cancel()
    await clock.advance(2.0)
    assert (clock.sleeping, task.cancelled()) == (0, True)


async def test_sleeping_for_no_time_needs_nobody_to_move_the_clock() -> None:
    await VirtualClock().sleep(0)


async def test_time_is_not_moved_back() -> None:
    with pytest.raises(ValueError, match="skew"):
        await VirtualClock().advance(-1.0)


async def test_running_something_takes_the_time_it_asks_for_and_no_more() -> None:
    clock = VirtualClock()

    async def work() -> str:
        await clock.sleep(1.5)
        await clock.sleep(2.0)
        return "done"

    assert (await clock.run(work()), clock.monotonic()) == ("done", 3.5)


async def test_what_raises_is_raised_to_who_runs_it() -> None:
    clock = VirtualClock()

    async def work() -> None:
        await clock.sleep(1.0)
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        await clock.run(work())


async def test_what_takes_too_long_is_cancelled() -> None:
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(100.0))
    with pytest.raises(AssertionError, match="waited 5 s of the virtual clock"):
        await clock.run(task, within=5.0)
    assert (task.cancelled(), clock.monotonic()) == (True, 0.0)


async def test_what_waits_for_something_else_than_time_is_told_so() -> None:
    clock = VirtualClock()
    with pytest.raises(AssertionError, match="nothing is left that time could change"):
        await clock.run(asyncio.Event().wait())


async def test_waiting_for_what_is_so_already_moves_nothing() -> None:
    clock = VirtualClock()
    sleeper = asyncio.create_task(clock.sleep(1.0))
    await clock.until(lambda: True, "nothing")
    assert clock.monotonic() == 0.0
    sleeper.cancel()


async def test_waiting_stops_at_the_moment_it_is_so() -> None:
    clock = VirtualClock()
    beats: list[float] = []

    async def beat() -> None:
        while True:
            await clock.sleep(0.5)
            beats.append(clock.monotonic())

    task = asyncio.create_task(beat())
    await clock.until(lambda: len(beats) == 3, "three beats")
    assert clock.monotonic() == 1.5
    task.cancel()
