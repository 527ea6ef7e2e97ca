from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from venuekit.sim.kernel import Kernel

Worlds = Callable[[int], Kernel]


@pytest.fixture
def begin() -> Iterator[Worlds]:
    """Begins worlds by their seed; each is ended after the test."""
    kernels: list[Kernel] = []

    def make(seed: int) -> Kernel:
        kernels.append(Kernel(seed))
        return kernels[-1]

    yield make
    for kernel in kernels:
        kernel.end()


@pytest.fixture
def kernel(begin: Worlds) -> Kernel:
    """One world, of the seed 1."""
    return begin(1)
