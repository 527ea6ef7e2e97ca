"""Which seeds were run so far, in a file of windows that never overlap, and what all of them amount to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from venuekit import errors
from venuekit.protocol.frozen import Frozen

__all__ = ["Ledger", "Window", "bound"]


class Window(Frozen):
    """The seeds `first` to `first + worlds - 1` of a venue and a profile, and what came of them.

    `weather` is empty where each seed had its own. `seconds` were simulated; `cost` is processor time and
    `real` what the run took, in seconds. `failed` are seeds with what they broke. `at` is a date.
    """

    first: int
    worlds: int
    venue: str
    profile: str
    weather: str = ""
    version: str = ""
    at: str = ""
    seconds: float = 0.0
    cost: float = 0.0
    real: float = 0.0
    compared: int = 0
    fired: dict[str, int] = {}
    figures: dict[str, int] = {}
    failed: dict[int, str] = {}

    @property
    def end(self) -> int:
        """The first seed behind it."""
        return self.first + self.worlds

    def overlaps(self, other: Window) -> bool:
        """Whether some world would be counted twice."""
        is_same = (self.venue, self.profile) == (other.venue, other.profile)
        return is_same and self.first < other.end and other.first < self.end


class Ledger:
    """A file with a window a line."""

    def __init__(self, path: Path) -> None:
        """Read what is there; no file is an empty ledger.

        Raises:
            errors.InvalidConfiguration: a line of the file is no window.
            OSError: it cannot be read.
        """
        self._path = path
        text = path.read_bytes() if path.exists() else b""
        try:
            self.windows = [msgspec.json.decode(line, type=Window) for line in text.splitlines()]
        except msgspec.DecodeError as error:
            raise errors.InvalidConfiguration(f"{path} is no ledger of seeds: {error}") from None

    def free(self, venue: str, profile: str) -> int:
        """The first seed behind all that were run."""
        same = [window for window in self.windows if (window.venue, window.profile) == (venue, profile)]
        return max((window.end for window in same), default=1)

    def check(self, window: Window) -> None:
        """See that nothing of a window was run before.

        Raises:
            errors.UsageError: some of it was.
        """
        for other in self.windows:
            if window.overlaps(other):
                raise errors.UsageError(
                    f"seeds {other.first} to {other.end - 1} are in {self._path} already: "
                    f"go on from {self.free(window.venue, window.profile)}"
                )

    def add(self, window: Window) -> None:
        """Write a window down.

        Raises:
            errors.UsageError: some of its seeds were run before.
            OSError: it cannot be written.
        """
        self.check(window)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(window) + b"\n")
        self.windows.append(window)

    def fired(self) -> Counter[str]:
        """How often each kind of fault fired, over all windows."""
        fired: Counter[str] = Counter()
        for window in self.windows:
            fired.update(window.fired)
        return fired

    def table(self) -> str:
        """The windows as a Markdown table, with their sum in the last line."""
        head = "| seeds | venue | profile | weather | worlds | simulated | times real time, a core | failed |"
        rows = [_row(f"{one.first:,} to {one.end - 1:,}", (one,)) for one in self.windows]
        return "\n".join([head, "|---|---|---|---|---:|---:|---:|---:|", *rows, _row("all", self.windows)])


def _row(name: str, windows: Sequence[Window]) -> str:
    seconds, cost = sum(one.seconds for one in windows), sum(one.cost for one in windows)
    cells = (
        name,
        ", ".join(dict.fromkeys(one.venue for one in windows)),
        ", ".join(dict.fromkeys(one.profile for one in windows)),
        ", ".join(dict.fromkeys(one.weather or "each its own" for one in windows)),
        f"{sum(one.worlds for one in windows):,}",
        f"{seconds / 3600:,.1f} h",
        f"{seconds / cost:,.0f}" if cost else "",
        f"{sum(len(one.failed) for one in windows)}",
    )
    return f"| {' | '.join(cells)} |"


def bound(worlds: int) -> float:
    """With how many worlds and none that failed, below which share of failures the truth lies at 95 %.

    The rule of three, exactly: 1 - 0.05 ** (1 / worlds).
    """
    return 1.0 - 0.05 ** (1.0 / worlds) if worlds else 1.0
