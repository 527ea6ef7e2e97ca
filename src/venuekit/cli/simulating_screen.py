"""How far the worlds are: a bar on a terminal, a line now and then elsewhere, nothing at all for programs."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from venuekit.cli.output import counted, make_console
from venuekit.sim.campaign import Totals
from venuekit.sim.shrinker import Shrunk

__all__ = ["Screen"]

_LINE_EVERY = 30.0
"""Real seconds between two lines where there is no terminal."""


class Screen:
    """Shows `total` worlds, or as many as end `until` a moment of the monotonic clock, or an open number."""

    def __init__(self, *, total: int | None, until: float | None, is_quiet: bool) -> None:
        self._console = make_console()
        self._until = until
        self._began = self._told = time.monotonic()
        self._is_quiet = is_quiet
        self._is_live = self._console.is_terminal and not is_quiet
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=28),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._is_live,
        )
        size = total if until is None else max(0.1, until - self._began)
        self._task = self._progress.add_task("begins", total=size)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        if not self._is_quiet:
            self._progress.console.print(Text(line), soft_wrap=True)

    def show(self, totals: Totals) -> None:
        """Show how far it is."""
        now = time.monotonic()
        speed = totals.seconds / max(now - self._began, 0.001)
        words = (
            f"{counted(totals.worlds, 'world')}, {totals.seconds / 3600:,.1f} h, {speed:,.0f} times real time"
        )
        if totals.failed:
            words += f", {len(totals.failed)} FAILED"
        done = totals.worlds if self._until is None else now - self._began
        self._progress.update(self._task, completed=done, description=words)
        if not self._is_live and now - self._told >= _LINE_EVERY:
            self._told = now
            self.say(words)

    def show_shrunk(self, shrunk: Shrunk) -> None:
        """Show how small a failing world is by now."""
        words = f"{counted(shrunk.runs, 'run')}, {counted(len(shrunk.plan), 'disturbance')} left"
        self._progress.update(self._task, description=words)
