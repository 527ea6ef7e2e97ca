from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
from tests.sim.conftest import Worlds

from venuekit.seams.process import shared
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel, Spinning


class Diary:
    """What a process noted, and in which life."""

    def __init__(self) -> None:
        self.notes: list[str] = []


def test_a_killed_process_runs_no_finally_and_no_callback(kernel: Kernel) -> None:
    diary = Diary()
    host = Host(kernel, "trader")

    async def generate() -> object:
        try:
            yield 1
            await asyncio.sleep(50.0)
        finally:
            diary.notes.append("generator closed")

    async def child() -> None:
        try:
            async for _ in generate():  # type: ignore[attr-defined]
                await asyncio.sleep(50.0)
        finally:
            diary.notes.append("child ended")

    async def main() -> None:
        asyncio.get_running_loop().call_later(5.0, diary.notes.append, "called back")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(child())
                await asyncio.sleep(50.0)
        finally:
            diary.notes.append("main ended")

    host.start(main)
    kernel.after(2.0, host.kill)
    kernel.run(100.0)
    assert diary.notes == []
    assert not host.is_alive


def test_a_new_life_has_a_loop_and_a_memory_of_its_own(kernel: Kernel) -> None:
    seen = []
    host = Host(kernel, "trader")

    async def main() -> None:
        seen.append((host.life, asyncio.get_running_loop(), shared(Diary, "diary", Diary)))
        await asyncio.sleep(50.0)

    host.start(main)
    kernel.run(1.0)
    with pytest.raises(RuntimeError, match="kill it first"):
        host.start(main)
    host.kill()
    host.start(main)
    kernel.run(1.0)
    (first, loop, diary), (second, other_loop, other_diary) = seen
    assert (first, second) == (1, 2)
    assert loop is not other_loop
    assert diary is not other_diary


def test_hosts_share_nothing_though_they_are_one_process_here(kernel: Kernel) -> None:
    seen = []

    async def main() -> None:
        seen.append(shared(Diary, "diary", Diary))
        seen.append(shared(Diary, "diary", Diary))

    Host(kernel, "one").start(main)
    Host(kernel, "other").start(main)
    kernel.run(1.0)
    assert seen[0] is seen[1]
    assert seen[2] is seen[3]
    assert seen[0] is not seen[2]


def test_who_is_told_of_an_end_hears_whether_the_power_went_with_it(kernel: Kernel) -> None:
    told: list[bool] = []
    host = Host(kernel, "trader")
    host.ended.append(told.append)

    async def idle() -> None:
        await asyncio.sleep(50.0)

    for power in (True, False):
        host.start(idle)
        host.kill(power=power)
        host.kill(power=power)
    host.start(idle)
    host.leave()
    assert told == [True, False, False]


@pytest.mark.parametrize(("suspended", "slept"), [(False, 10.0), (True, 15.0)])
def test_a_paused_host_does_nothing_and_its_clock_goes_on_or_stands(
    kernel: Kernel, suspended: bool, slept: float
) -> None:
    seen = []
    host = Host(kernel, "trader")

    async def main() -> None:
        await asyncio.sleep(10.0)
        seen.append(round(kernel.now, 2))

    host.start(main)
    kernel.after(2.0, lambda: host.pause(5.0, suspended=suspended))
    kernel.run(100.0)
    assert seen == [slept]


@pytest.mark.parametrize("parts", [-200_000.0, 0.0, 200_000.0])
def test_timers_follow_the_clock_of_their_host(kernel: Kernel, parts: float) -> None:
    seen = []
    host = Host(kernel, "trader")

    async def main() -> None:
        await asyncio.sleep(10.0)
        seen.append(kernel.now)

    host.start(main)
    kernel.after(5.0, lambda: host.clock.drift(parts))
    kernel.run(100.0)
    assert seen[0] == pytest.approx(5.0 + 5.0 / (1 + parts / 1e6), abs=0.01) or parts > 0
    assert host.clock.monotonic() == pytest.approx(5.0 + 95.0 * (1 + parts / 1e6), abs=0.01)


def test_a_step_of_the_wall_clock_moves_no_timer(kernel: Kernel) -> None:
    seen = []
    host = Host(kernel, "trader")

    async def main() -> None:
        before = host.clock.wall()
        await asyncio.sleep(10.0)
        seen.append((round(kernel.now, 2), round(host.clock.wall() - before, 2)))

    host.start(main)
    kernel.after(5.0, lambda: host.clock.step(-3.0))
    kernel.run(100.0)
    assert seen == [(10.0, 7.0)]


def test_tasks_that_wake_together_run_in_an_order_of_the_seed_and_callbacks_in_theirs(begin: Worlds) -> None:
    def orders(seed: int) -> tuple[list[int], list[int]]:
        kernel = begin(seed)
        tasks: list[int] = []
        callbacks: list[int] = []
        host = Host(kernel, "trader")
        host.shuffles = 1.0

        async def child(number: int, go: asyncio.Event) -> None:
            await go.wait()
            tasks.append(number)

        async def main() -> None:
            go = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for number in range(6):
                    group.create_task(child(number, go))
                await asyncio.sleep(1.0)
                go.set()
                for number in range(6):
                    asyncio.get_running_loop().call_soon(callbacks.append, number)

        host.start(main)
        kernel.run(5.0)
        return tasks, callbacks

    assert orders(3) == orders(3)
    assert len({tuple(orders(seed)[0]) for seed in range(10)}) > 5
    assert all(orders(seed)[1] == list(range(6)) for seed in range(10))


def test_a_task_group_cancels_its_tasks_in_the_same_order_in_every_run(begin: Worlds) -> None:
    def order() -> list[int]:
        kernel, ended = begin(9), []
        host = Host(kernel, "trader")

        async def child(number: int) -> None:
            try:
                await asyncio.sleep(50.0)
            finally:
                ended.append(number)

        async def fail() -> None:
            raise ValueError("enough")

        async def family() -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(40):
                    group.create_task(child(number))
                await asyncio.sleep(1.0)
                group.create_task(fail())

        async def main() -> None:
            with pytest.raises(ExceptionGroup):
                await family()

        host.start(main)
        kernel.run(5.0)
        return ended

    assert order() == order()
    assert sorted(order()) == list(range(40))


def test_a_function_for_a_thread_is_called_later_and_what_it_raises_comes_out(kernel: Kernel) -> None:
    seen = []
    host = Host(kernel, "trader")

    async def main() -> None:
        began = kernel.now
        seen.append(await asyncio.to_thread(lambda: 7))
        assert kernel.now > began
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        seen.append(8)

    host.start(main)
    kernel.run(5.0)
    assert seen == [7, 8]


def test_an_error_that_nobody_caught_is_a_complaint(kernel: Kernel) -> None:
    host = Host(kernel, "trader")

    async def main() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        await asyncio.sleep(1.0)

    host.start(main)
    kernel.run(5.0)
    assert len(kernel.complaints) == 1
    assert "ZeroDivisionError" in kernel.complaints[0]


def test_a_host_that_turns_in_circles_is_found_out(kernel: Kernel) -> None:
    host = Host(kernel, "trader")

    async def main() -> None:
        while True:  # noqa: ASYNC110 - a strategy with a bug
            await asyncio.sleep(0)

    host.start(main)
    with pytest.raises(Spinning, match="trader ran"):
        kernel.run(20.0)


def test_a_task_that_was_woken_before_a_callback_was_registered_runs_before_it(begin: Worlds) -> None:
    for seed in range(10):
        kernel = begin(seed)
        seen: list[str] = []
        host = Host(kernel, "trader")
        host.shuffles = 1.0

        async def child(name: str, go: asyncio.Event, seen: list[str]) -> None:
            await go.wait()
            seen.append(name)

        async def main(seen: list[str] = seen) -> None:
            first, second = asyncio.Event(), asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(child("first", first, seen))
                group.create_task(child("second", second, seen))
                await asyncio.sleep(1.0)
                first.set()
                asyncio.get_running_loop().call_soon(seen.append, "callback")
                second.set()

        host.start(main)
        kernel.run(5.0)
        assert seen == ["first", "callback", "second"]


def test_a_world_that_has_ended_keeps_nothing_of_the_lives_that_were_killed_in_it() -> None:
    world = Kernel(1)
    host = Host(world, "trader")

    async def last_words() -> None:
        await asyncio.sleep(1.0)

    async def main() -> None:
        try:
            await asyncio.sleep(50.0)
        finally:
            await asyncio.gather(last_words(), last_words())

    host.start(main)
    world.run(1.0)
    left = weakref.ref(host.loop)
    of_this_thread = asyncio.new_event_loop()
    asyncio.set_event_loop(of_this_thread)
    try:
        world.end()
        assert not asyncio.all_tasks(of_this_thread)
    finally:
        asyncio.set_event_loop(None)
        of_this_thread.close()
    del host
    gc.collect()
    assert left() is None
