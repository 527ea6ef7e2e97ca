from __future__ import annotations

import asyncio
import gc
import weakref

from venuekit.seams.process import shared


class Gate:
    """Something shared that knows its loop, as a lock does that somebody has waited for."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()


async def gate() -> Gate:
    return shared(Gate, "gate", Gate)


def test_one_loop_shares_one_object_and_another_loop_has_its_own() -> None:
    async def both() -> tuple[Gate, Gate]:
        return await gate(), await gate()

    first, second = asyncio.run(both())
    assert first is second
    assert asyncio.run(gate()) is not first


def test_a_finished_loop_is_let_go_of_with_what_it_shared() -> None:
    left = weakref.ref(asyncio.run(gate()))
    gc.collect()
    assert left() is None
