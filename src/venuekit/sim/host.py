"""A simulated machine, and the process that lives on it."""

from __future__ import annotations

from asyncio import Task
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from venuekit.sim.clock import HostClock
from venuekit.sim.kernel import Kernel
from venuekit.sim.loop import HostLoop, new_life
from venuekit.sim.trace import Lane

__all__ = ["Host"]


class Host:
    """One machine with one process, which may be killed and started again.

    `life` counts the processes from 1; 0: there was none yet. `environment` is what the process sees as its
    environment variables. `disk` is what code on this host opens files on; None: the real disk. `ended` are
    called when a life is over, and told whether the power went with it. `shuffles` is the share of the turns
    in which woken tasks run in an order of the seed.
    """

    def __init__(self, kernel: Kernel, name: str) -> None:
        self.kernel = kernel
        self.name = name
        self.address = f"10.0.0.{len(kernel.hosts) + 1}"
        self.clock = HostClock(kernel)
        self.disk: Any = None
        self.environment: dict[str, str] = {}
        self.life = 0
        self.is_alive = False
        self.busy_until = 0.0
        self.shuffles = 0.25
        self.ended: list[Callable[[bool], None]] = []
        self.main: Task[None] | None = None
        self.slow_turns: tuple[float, float] = (0.0, 0.0)
        """The share of the turns that take longer, and by how many seconds."""
        self._slow = kernel.chance(f"slow turns of {name}")
        self._loop: HostLoop | None = None
        self._dead: list[HostLoop] = []
        kernel.hosts[name] = self

    @property
    def loop(self) -> HostLoop:
        """The event loop of the present life, or of the last one.

        Raises:
            RuntimeError: the host was never started.
        """
        if self._loop is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._loop

    def start(self, main: Callable[[], Coroutine[Any, Any, None]]) -> Task[None]:
        """Begin a process that runs `main`; the task says how it ended.

        Raises:
            RuntimeError: the host is alive.
        """
        if self.is_alive:
            raise RuntimeError(f"{self.name} is alive: kill it first")
        self.life += 1
        self.is_alive = True
        self.busy_until = self.kernel.now
        self.kernel.say(Lane.WORLD, "started", f"{self.name}, life {self.life}")
        self._loop, self.main = Context().run(new_life, self, main)
        return self.main

    def kill(self, *, power: bool = False) -> None:
        """End the process now: no callback and no `finally` of it runs again.

        With `power` the machine ends: its connections fall silent, and its disk loses what was not synced.
        """
        if not self.is_alive:
            return
        self.kernel.say(Lane.WORLD, "power lost" if power else "killed", f"{self.name}, life {self.life}")
        self._end()
        for tell in self.ended:
            tell(power)

    def leave(self) -> None:
        """End the process in order: its program has returned."""
        if self.is_alive:
            self.kernel.say(Lane.WORLD, "ended", f"{self.name}, life {self.life}")
            self._end()
            for tell in self.ended:
                tell(False)

    def pause(self, seconds: float, *, suspended: bool = False) -> None:
        """Let nothing run for so long; where it is `suspended`, its monotonic clock stands as well."""
        self.kernel.say(Lane.WORLD, "paused", f"{self.name} for {seconds:g} s")
        self.busy_until = max(self.busy_until, self.kernel.now) + seconds
        if suspended:
            self.clock.stand_still(seconds)

    def slowness(self) -> float:
        """How much longer this turn takes, in seconds."""
        share, seconds = self.slow_turns
        return seconds * self._slow.random() if share and self._slow.random() < share else 0.0

    def bury(self) -> None:
        """Let go of what dead lives held."""
        self.main = self._loop = None
        self.ended.clear()
        for loop in self._dead:
            loop.bury()
        self._dead.clear()

    def _end(self) -> None:
        self.is_alive = False
        self.loop.die()
        self._dead.append(self.loop)
