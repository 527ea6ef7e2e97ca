"""Virtual time: what happens next, on which host, and from which numbers chance is taken."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import warnings
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from venuekit.seams import chance
from venuekit.seams.chance import Chance
from venuekit.seams.fault_point import FaultPoint
from venuekit.sim.trace import Lane, Trace

if TYPE_CHECKING:
    from venuekit.sim.host import Host

__all__ = ["Alarm", "Kernel", "Spinning"]

_BEGIN = 1_750_000_000.0
"""Wall time at which worlds begin: 2025-06-15, 15:06:40 UTC."""
_COLLECTIONS = 5
"""Times that what dead lives held is looked for; two do as a rule."""


class Spinning(RuntimeError):
    """A host does so much in so little time that it can only turn in circles."""


class Alarm:
    """Something that is to be done at a moment. `when` is in true seconds since the world began."""

    __slots__ = ("action", "host", "is_cancelled", "life", "when")

    def __init__(self, when: float, action: Callable[[], None], host: Host | None) -> None:
        self.when = when
        self.action = action
        self.host = host
        self.life = 0 if host is None else host.life
        self.is_cancelled = False

    def cancel(self) -> None:
        """Let it not be done."""
        self.is_cancelled = True


class Kernel:
    """The one clock of a world and the one order of all that happens in it.

    Everything comes from `seed`. `start` is the wall time at which the world begins, in seconds since 1970.
    `network` is what the hosts' event loops ask for connections; who builds a world puts it there.
    """

    def __init__(self, seed: int, *, start: float = _BEGIN, trace: Trace | None = None) -> None:
        self.seed = seed
        self.start = start
        self.trace = trace or Trace()
        self.hosts: dict[str, Host] = {}
        self.current: Host | None = None
        self.network: Any = None
        self.after_step: list[Callable[[], None]] = []
        self.complaints: list[str] = []
        self.steps = 0
        self.fault_points: dict[FaultPoint, float] = {}
        self.struck: Counter[str] = Counter()
        self._now = 0.0
        self._spent = 0.0
        self._alarms: list[tuple[float, float, float, int, Alarm]] = []
        self._count = 0
        self._ties = self.chance("ties")
        self._points = self.chance("fault points")

    # Time.

    @property
    def now(self) -> float:
        """True seconds since the world began, what the present turn has taken so far included."""
        return self._now + self._spent

    @property
    def wall(self) -> float:
        """True time in seconds since 1970."""
        return self.start + self._now + self._spent

    def spend(self, seconds: float) -> None:
        """Let what runs now take so much longer: its host does nothing else meanwhile, others do."""
        self._spent += seconds

    # Chance.

    def chance(self, name: str) -> Chance:
        """A source of numbers of its own: who draws from another one does not change what this one gives."""
        return chance.seeded(f"{self.seed}/{name}")

    def strikes(self, point: FaultPoint) -> bool:
        """Whether a fault point of our own code strikes; `fault_points` says with what share each does."""
        share = self.fault_points.get(point, 0.0)
        if not share or self._points.random() >= share:
            return False
        self.struck[point.name] += 1
        self.say(Lane.WORLD, "fault point", point.value)
        return True

    # What is to be done.

    def at(self, when: float, action: Callable[[], None], host: Host | None = None) -> Alarm:
        """Do something at a true moment; what has the same moment comes in an order that the seed chooses.

        With a `host` it is done as one of its turns, and not at all once the host's present life is over.
        """
        alarm = Alarm(max(when, self.now), action, host)
        self._set(alarm.when, alarm)
        return alarm

    def _set(self, when: float, alarm: Alarm) -> None:
        self._count += 1
        heappush(self._alarms, (when, alarm.when, self._ties.random(), self._count, alarm))

    def after(self, seconds: float, action: Callable[[], None], host: Host | None = None) -> Alarm:
        """Do something so many true seconds from now; see `at`."""
        return self.at(self.now + seconds, action, host)

    @property
    def waiting(self) -> int:
        """How many alarms are set and not cancelled."""
        return sum(not alarm.is_cancelled for *_, alarm in self._alarms)

    # Running.

    def run(self, seconds: float) -> None:
        """Let the world go on for so many true seconds."""
        self.run_until(_never, seconds)

    def run_until(self, is_so: Callable[[], bool], within: float) -> bool:
        """Let the world go on until something is so, `within` true seconds at most; whether it is."""
        end = self.now + within
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(self._asyncgen_born, self._asyncgen_dropped)
        try:
            while not is_so():
                if not self._alarms or self._alarms[0][0] > end:
                    self._now = max(self._now, end)
                    return is_so()
                self._step()
        finally:
            sys.set_asyncgen_hooks(*hooks)
        return True

    def _step(self) -> None:
        when, *_, alarm = heappop(self._alarms)
        if alarm.is_cancelled:
            return
        host = alarm.host
        if host is not None:
            if host.life != alarm.life or not host.is_alive:
                return
            if host.busy_until > when:
                # What came while a host was busy comes afterwards in its old order, as timers of a loop do.
                self._set(host.busy_until, alarm)
                return
        self._now = max(self._now, when)
        self.steps += 1
        if host is None:
            alarm.action()
            self._now += self._spent
        else:
            self._take_turn(host, alarm.action)
        self._spent = 0.0
        for look in self.after_step:
            look()

    def _take_turn(self, host: Host, action: Callable[[], None]) -> None:
        """Run something as a host: its loop is the running one, and what it spends keeps only itself busy."""
        self.current = host
        asyncio._set_running_loop(host.loop)  # noqa: SLF001 - what every event loop does when it runs
        try:
            action()
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001 - as above
            self.current = None
            host.busy_until = max(host.busy_until, self._now + self._spent)

    def _asyncgen_born(self, generator: AsyncGenerator[Any, Any]) -> None:
        if self.current is not None:
            self.current.loop.asyncgen_born(generator)

    def _asyncgen_dropped(self, generator: AsyncGenerator[Any, Any]) -> None:
        if self.current is not None:
            self.current.loop.asyncgen_dropped(generator)

    def end(self) -> None:
        """Let go of everything that hosts did and had.

        Only now do the coroutines of killed lives run their `finally`: nothing hears or sees what they do,
        and what Python says about them is not said.
        """
        for host in self.hosts.values():
            host.kill()
        self._alarms.clear()
        self.after_step.clear()
        dead = [host.loop for host in self.hosts.values() if host.life]
        hook, disabled = sys.unraisablehook, logging.root.manager.disable
        sys.unraisablehook = _unheard
        logging.disable(logging.CRITICAL)
        running = asyncio._get_running_loop()  # noqa: SLF001 - as below
        if dead:
            # What they begin now is begun on a dead loop, which forgets it; without one, asyncio would make
            # a loop for this thread and keep it there, with all of this world.
            asyncio._set_running_loop(dead[-1])  # noqa: SLF001 - what every event loop does when it runs
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for host in self.hosts.values():
                    host.bury()
                # What ran a `finally` leaves its frames in a circle, and more to run in them.
                for _ in range(_COLLECTIONS):
                    if not gc.collect():
                        break
        finally:
            asyncio._set_running_loop(running)  # noqa: SLF001 - as above
            sys.unraisablehook = hook
            logging.disable(disabled)

    # Words.

    def say(self, lane: Lane, kind: str, text: str, detail: str = "", link: int | None = None) -> int:
        """Note in the trace what happens now; the mark's number."""
        name = "" if self.current is None else self.current.name
        return self.trace.mark(self.now, name, lane, kind, text, detail, link)


def _never() -> bool:
    return False


def _unheard(_: sys.UnraisableHookArgs) -> None:
    """What the dead say."""
