from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.sim.conftest import Worlds

from venuekit.seams.fault_point import FaultPoint
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel


def test_what_is_later_happens_later_whoever_said_it_first(kernel: Kernel) -> None:
    seen = []
    kernel.at(2.0, lambda: seen.append(("second", kernel.now)))
    kernel.at(1.0, lambda: seen.append(("first", kernel.now)))
    kernel.run(3.0)
    assert seen == [("first", 1.0), ("second", 2.0)]
    assert kernel.now == 3.0


def test_what_has_one_moment_comes_in_an_order_of_the_seed(begin: Worlds) -> None:
    def order(seed: int) -> list[int]:
        kernel, seen = begin(seed), []
        for number in range(6):
            kernel.at(1.0, lambda number=number: seen.append(number))  # type: ignore[misc]
        kernel.run(2.0)
        return seen

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(10)}) > 5


def test_an_alarm_that_was_cancelled_does_nothing(kernel: Kernel) -> None:
    seen = []
    alarm = kernel.after(1.0, lambda: seen.append(1))
    assert kernel.waiting == 1
    alarm.cancel()
    kernel.run(2.0)
    assert (seen, kernel.waiting) == ([], 0)


def test_chance_of_one_name_does_not_hear_who_draws_from_another(begin: Worlds) -> None:
    first, second = begin(5), begin(5)
    second.chance("other").random()
    assert first.chance("disk").random() == second.chance("disk").random()
    assert first.chance("disk").random() != first.chance("network").random()
    assert first.chance("disk").random() != begin(6).chance("disk").random()


def test_a_host_that_is_busy_makes_nobody_else_wait(kernel: Kernel) -> None:
    busy, idle = Host(kernel, "busy"), Host(kernel, "idle")
    seen: list[tuple[str, float]] = []

    async def ticks(name: str, block: float) -> None:
        for _ in range(3):
            await asyncio.sleep(1.0)
            kernel.spend(block)
            seen.append((name, round(kernel.now, 2)))

    busy.start(lambda: ticks("busy", 5.0))
    idle.start(lambda: ticks("idle", 0.0))
    kernel.run(30.0)
    assert [moment for name, moment in seen if name == "idle"] == [1.0, 2.0, 3.0]
    assert [moment for name, moment in seen if name == "busy"] == [6.0, 12.0, 18.0]


def test_it_stops_as_soon_as_something_is_so(kernel: Kernel) -> None:
    seen = []
    for second in range(1, 10):
        kernel.at(float(second), lambda second=second: seen.append(second))  # type: ignore[misc]
    assert kernel.run_until(lambda: len(seen) == 3, within=100.0)
    assert (kernel.now, seen) == (3.0, [1, 2, 3])
    assert not kernel.run_until(lambda: len(seen) == 30, within=100.0)
    assert kernel.now == 103.0


def test_a_fault_point_strikes_with_its_share_and_is_counted(kernel: Kernel) -> None:
    point = FaultPoint.ID_BLOCK_ENDS
    assert not any(kernel.strikes(point) for _ in range(100))
    kernel.fault_points[point] = 0.5
    struck = sum(kernel.strikes(point) for _ in range(1_000))
    assert 400 < struck < 600
    assert kernel.struck == {"ID_BLOCK_ENDS": struck}
    assert not kernel.strikes(FaultPoint.JOURNAL_ROTATES)


@pytest.mark.parametrize("kill", [True, False])
def test_what_waits_for_a_life_is_forgotten_with_it(kernel: Kernel, kill: bool) -> None:
    host, seen = Host(kernel, "trader"), []
    action: Callable[[], None] = lambda: seen.append(host.life)  # noqa: E731 - it is compared by what it does

    async def idle() -> None:
        await asyncio.sleep(100.0)

    def begin_anew() -> None:
        host.start(idle)

    host.start(idle)
    kernel.after(2.0, action, host)
    if kill:
        kernel.after(1.0, host.kill)
        kernel.after(1.5, begin_anew)
    kernel.run(3.0)
    assert seen == ([] if kill else [1])


def test_what_came_while_a_host_was_busy_comes_afterwards_in_its_old_order(begin: Worlds) -> None:
    for seed in range(10):
        kernel = begin(seed)
        seen: list[int] = []
        host = Host(kernel, "busy")

        async def main(seen: list[int] = seen) -> None:
            for number in range(6):
                asyncio.get_running_loop().call_later(0.1 * number, seen.append, number)
            await asyncio.Event().wait()

        host.start(main)
        kernel.after(0.05, lambda host=host: host.pause(3.0))  # type: ignore[misc]
        kernel.run(5.0)
        assert seen == list(range(6))


def test_an_alarm_that_waits_for_a_busy_host_can_be_cancelled(kernel: Kernel) -> None:
    host, seen = Host(kernel, "busy"), []
    host.start(asyncio.Event().wait)  # type: ignore[arg-type]
    kernel.run(0.1)
    host.pause(3.0)
    alarm = kernel.after(1.0, lambda: seen.append(1), host)
    kernel.run(2.0)
    alarm.cancel()
    kernel.run(5.0)
    assert seen == []
