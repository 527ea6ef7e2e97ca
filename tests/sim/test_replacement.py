from __future__ import annotations

import os
import random
import secrets
import threading
import time
import uuid
from time import monotonic as imported_by_name

from venuekit.seams import chance
from venuekit.seams.clock import SystemClock
from venuekit.seams.ids import unique_id
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel
from venuekit.sim.replacement import replaced


def draws() -> list[object]:
    """Something from every source of chance that a program may use."""
    return [
        uuid.uuid4().hex,
        unique_id(),
        os.urandom(8),
        secrets.token_hex(8),
        random.random(),
        random.Random().random(),
        chance.unseeded().random(),
        secrets.SystemRandom().random(),
    ]


def test_every_source_of_chance_is_the_seeds() -> None:
    def seen(seed: int) -> list[object]:
        with replaced(Kernel(seed)):
            return draws()

    assert seen(1) == seen(1)
    assert all(one != other for one, other in zip(seen(1), seen(2), strict=True))


def test_every_clock_is_the_hosts_under_whatever_name() -> None:
    kernel, seen = Kernel(1, start=1_000_000.0), []
    host = Host(kernel, "trader")
    host.clock.step(5.0)

    async def main() -> None:
        seen.extend([time.time(), SystemClock().time(), time.time_ns() / 1e9])
        seen.extend([time.monotonic(), imported_by_name(), time.perf_counter(), SystemClock().monotonic()])

    with replaced(kernel):
        assert time.time() == 1_000_000.0
        kernel.after(2.0, lambda: None)
        kernel.run(2.0)
        host.start(main)
        kernel.run(1.0)
    assert [round(moment, 3) for moment in seen] == [1_000_007.0] * 3 + [2.0] * 4


def test_a_blocking_sleep_takes_virtual_time_only() -> None:
    kernel, seen = Kernel(1), []
    host = Host(kernel, "trader")

    async def main() -> None:
        time.sleep(3_600.0)  # noqa: ASYNC251 - what a bad strategy does
        seen.append(time.monotonic())

    with replaced(kernel):
        host.start(main)
        kernel.run(4_000.0)
    assert 3_600.0 <= seen[0] < 3_600.1


def test_afterwards_everything_is_as_it_was() -> None:
    before = (time.time, imported_by_name, os.urandom, random.Random.seed, random.getstate())
    with replaced(Kernel(1)):
        assert time.time is not before[0]
    assert (time.time, imported_by_name, os.urandom, random.Random.seed, random.getstate()) == before
    assert random.Random().random() != random.Random().random()


def test_other_threads_see_what_is_real() -> None:
    seen: list[float] = []
    with replaced(Kernel(1, start=0.0)):
        thread = threading.Thread(target=lambda: seen.append(time.time()))
        thread.start()
        thread.join()
    assert seen[0] > 1_700_000_000.0
