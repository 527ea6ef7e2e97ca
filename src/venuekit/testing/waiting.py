"""Waiting for what comes by itself, on the machine's clock or on a virtual one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from venuekit.testing.virtual_clock import VirtualClock

__all__ = ["LOOK_EVERY", "PATIENCE", "until"]

PATIENCE = 15.0
"""Seconds until a wait is given up: long, because a machine that runs tests may be slow and loaded."""

LOOK_EVERY = 0.002
"""Seconds between two looks whether what is waited for is so."""


async def until(
    is_so: Callable[[], bool],
    what: str,
    *,
    clock: VirtualClock | None = None,
    timeout: float = PATIENCE,
    every: float = LOOK_EVERY,
) -> None:
    """Wait until something is so, looking `every` so many seconds; `what` says in words what is waited for.

    Without a `clock` time passes by itself. With one it is moved from sleeper to sleeper, and `timeout` is
    counted in its seconds.

    Raises:
        AssertionError: it was not so in time.
    """
    if clock is not None:
        await clock.until(is_so, what, timeout)
        return
    try:
        async with asyncio.timeout(timeout):
            while not is_so():  # noqa: ASYNC110 - what is waited for announces itself to nobody
                await asyncio.sleep(every)
    except TimeoutError:
        raise AssertionError(f"waited {timeout:g} s for {what}") from None
