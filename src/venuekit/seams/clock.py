"""Time: the one place that reads a clock."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """What the shell asks about time; pure code gets the answer as an argument."""

    def time(self) -> float:
        """Seconds since 1970 UTC as this machine believes; may step."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment, never going back: for ages, deadlines and round trips."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; zero gives the loop one turn."""
        ...


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        """Seconds since 1970 UTC as this machine believes."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment, never going back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass on the running loop."""
        await asyncio.sleep(seconds)
