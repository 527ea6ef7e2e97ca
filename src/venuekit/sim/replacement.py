"""What the world puts in the place of clocks, chance and the disk while it runs."""

from __future__ import annotations

import os
import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from venuekit.seams import disk, fault_point, process
from venuekit.sim.kernel import Kernel

__all__ = ["replaced"]

_NANO = 1_000_000_000


@contextmanager
def replaced(kernel: Kernel, others: Mapping[Any, Any] | None = None) -> Iterator[None]:
    """Let every module that is loaded see the world's time, chance and files instead of this machine's.

    Wherever a module holds one of the functions that are replaced, under whatever name, it holds the world's
    one until the end; `others` are further pairs of an object and its stand-in. Other threads go on seeing
    what is real. `datetime.now()` cannot be replaced and is not to be used in what runs in a world.
    """
    pairs = [*_clocks(kernel), *_chance(kernel), *_machine(kernel), *(others or {}).items()]
    state = random.getstate()
    seed_method = random.Random.seed
    random.seed(f"{kernel.seed}/random")
    random.Random.seed = _seeding(kernel, seed_method)  # type: ignore[method-assign]
    _swap({id(real): stand_in for real, stand_in in pairs})
    try:
        yield
    finally:
        _swap({id(stand_in): real for real, stand_in in pairs})
        random.Random.seed = seed_method  # type: ignore[method-assign]
        random.setstate(state)


def _swap(stand_ins: Mapping[int, Any]) -> None:
    """Replace by identity what the loaded modules hold; this module keeps what is real."""
    for name, module in list(sys.modules.items()):
        if name == __name__:
            continue
        names = vars(module)
        found = [(key, stand_ins[id(value)]) for key, value in names.items() if id(value) in stand_ins]
        for key, stand_in in found:
            names[key] = stand_in


def _clocks(kernel: Kernel) -> list[tuple[Any, Any]]:
    """Clocks of the host whose turn it is."""
    thread = threading.get_ident()

    def of_world(real: Callable[[], Any], ours: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: ours() if threading.get_ident() == thread else real()

    def wall() -> float:
        return kernel.wall if kernel.current is None else kernel.current.clock.wall()

    def monotonic() -> float:
        return kernel.now if kernel.current is None else kernel.current.clock.monotonic()

    def sleep(seconds: float) -> None:
        if threading.get_ident() == thread:
            kernel.spend(seconds)
        else:
            real_sleep(seconds)

    real_sleep = time.sleep
    return [
        (time.time, of_world(time.time, wall)),
        (time.time_ns, of_world(time.time_ns, lambda: int(wall() * _NANO))),
        (time.monotonic, of_world(time.monotonic, monotonic)),
        (time.monotonic_ns, of_world(time.monotonic_ns, lambda: int(monotonic() * _NANO))),
        (time.perf_counter, of_world(time.perf_counter, monotonic)),
        (time.perf_counter_ns, of_world(time.perf_counter_ns, lambda: int(monotonic() * _NANO))),
        (time.sleep, sleep),
    ]


def _chance(kernel: Kernel) -> list[tuple[Any, Any]]:
    """What the operating system gives as random."""
    entropy = kernel.chance("entropy")
    return [(os.urandom, entropy.randbytes)]


def _seeding(kernel: Kernel, seed_method: Callable[..., None]) -> Callable[..., None]:
    """`Random.seed` that knows where to seed from when it is not told."""
    entropy = kernel.chance("seeds")

    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        seed_method(self, entropy.getrandbits(64) if a is None else a, version)

    return seed


def _machine(kernel: Kernel) -> list[tuple[Any, Any]]:
    """The disk, the environment and the names of the host whose turn it is."""

    def its_disk() -> Any:
        host = kernel.current
        return real_disk() if host is None or host.disk is None else host.disk

    def environment(name: str) -> str | None:
        host = kernel.current
        return real_environment(name) if host is None else (host.environment.get(name) or None)

    real_disk, real_environment = disk.SystemDisk, process.environment
    pairs: list[tuple[Any, Any]] = [
        (disk.SystemDisk, its_disk),
        (process.environment, environment),
        (fault_point.strikes, kernel.strikes),
    ]
    if kernel.network is not None:
        pairs.append((socket.getaddrinfo, kernel.network.resolve))
    return pairs
