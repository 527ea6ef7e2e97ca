"""What lies on a simulated disk: content, in memory and on the medium, and the names that lead to it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from venuekit.seams.chance import Chance

__all__ = ["PAGE", "SECTOR", "Content", "Folder", "Names", "Remnant"]

PAGE = 4096
"""Bytes that the system keeps, and writes back, together."""
SECTOR = 512
"""Bytes that the medium writes whole or not at all."""


class Remnant(Enum):
    """What a loss of power leaves of the bytes that were written and not synced."""

    NOTHING = "nothing"
    WHOLE = "whole"
    """The system had written them back by itself."""
    TORN = "torn"
    """Those before some byte."""
    UNWRITTEN = "unwritten"
    """The file's length was there first: zeros from the beginning, or from a sector of it, to some end."""
    HOLE = "hole"
    """As `WHOLE`, but for one sector of zeros. Filesystems that give a file its length as the data arrive do
    not leave it; a journal cannot tell it from damage."""


_USUAL = (Remnant.NOTHING, Remnant.WHOLE, Remnant.TORN, Remnant.UNWRITTEN)


class Content:
    """One file's bytes, whatever its names are; it only grows, or is cut. `path` is what it was called last.

    `cache` is what readers see, `medium` what is there after a loss of power. From the byte `clean` on, the
    cache's pages wait to be written back; below it they are either on the medium, or lost by a failed sync,
    which marks them clean all the same.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cache = bytearray()
        self.medium = bytearray()
        self.clean = 0
        self.cuts = 0
        self._cut_to: int | None = None

    @property
    def is_synced(self) -> bool:
        """Whether nothing waits to be written back."""
        return self.clean == len(self.cache) and self._cut_to is None

    def grow(self, data: bytes) -> None:
        """Take bytes at the end."""
        if data:
            # The page that holds the end is written back whole, with what a failed sync lost of it.
            self.clean = min(self.clean, len(self.cache) // PAGE * PAGE)
            self.cache += data

    def cut(self, size: int) -> None:
        """Keep the first `size` bytes, or add zeros up to there."""
        if size > len(self.cache):
            self.grow(bytes(size - len(self.cache)))
            return
        self.cuts += 1
        del self.cache[size:]
        self.clean = min(self.clean, size)
        self._cut_to = size if self._cut_to is None else min(self._cut_to, size)

    def write_back(self, end: int | None = None) -> None:
        """Bring to the medium what waits, up to the byte `end` (None: everything)."""
        end = len(self.cache) if end is None else min(end, len(self.cache))
        if self._cut_to is not None:
            del self.medium[self._cut_to :]
            self._cut_to = None
        _place(self.medium, self.clean, self.cache[self.clean : end])
        self.clean = len(self.cache) if end == len(self.cache) else max(self.clean, end // PAGE * PAGE)

    def lose_pages(self, chance: Chance) -> None:
        """A sync fails: some pages reach the medium, the others are taken for clean and never will.

        That is what Linux does, and why the next sync may report success for what is lost.
        """
        pages = -(-(len(self.cache) - self.clean) // PAGE)
        reached = chance.randint(0, pages)
        if reached:
            self.write_back(self.clean + PAGE * reached)
        self.clean = len(self.cache)
        self._cut_to = None

    def lose_power(self, chance: Chance, remnants: tuple[Remnant, ...] = _USUAL) -> Remnant | None:
        """Keep what the medium has and something of what waited; which of these, None if nothing did."""
        if self.is_synced:
            kind = None
        else:
            kind = chance.choice(remnants)
            self._leave(kind, chance)
        self.cache = bytearray(self.medium)
        self.clean = len(self.cache)
        self._cut_to = None
        return kind

    def flip(self, position: int) -> None:
        """Turn one bit, counted from the file's beginning, on the medium and for every reader."""
        place, mask = position // 8, 1 << position % 8
        for side in (self.cache, self.medium):
            if place < len(side):
                side[place] ^= mask

    def _leave(self, kind: Remnant, chance: Chance) -> None:
        if self._cut_to is not None and chance.random() < 0.5:
            return  # not even the cut arrived, and nothing is written before it
        if self._cut_to is not None:
            del self.medium[self._cut_to :]
        begin, end = max(self.clean, min(len(self.medium), len(self.cache))), len(self.cache)
        if kind is Remnant.NOTHING or begin >= end:
            return
        data = bytearray(self.cache[:end])
        if kind is Remnant.TORN:
            del data[chance.randint(begin, end) :]
        elif kind is Remnant.UNWRITTEN:
            del data[chance.randint(begin + 1, end) :]
            places = [begin, *range(-(-(begin + 1) // SECTOR) * SECTOR, len(data), SECTOR)]
            _place(data, (zeros := chance.choice(places)), bytes(len(data) - zeros))
        elif kind is Remnant.HOLE:
            place = chance.randint(begin // SECTOR, (end - 1) // SECTOR) * SECTOR
            hole = max(place, begin)
            _place(data, hole, bytes(min(place + SECTOR, end) - hole))
        _place(self.medium, self.clean, data[self.clean :])


class Folder:
    """What a folder's own name leads to."""


class Names:
    """Which name leads where: now, and after a loss of power.

    The names of one folder reach the medium in the order in which they changed, those of different folders
    in any. A folder whose own name is lost takes along what is in it.
    """

    def __init__(self) -> None:
        self.now: dict[Path, Content | Folder] = {}
        self._kept: dict[Path, Content | Folder] = {}
        self._waiting: dict[Path, list[Mapping[Path, Content | Folder | None]]] = {}

    def change(self, folder: Path, change: Mapping[Path, Content | Folder | None]) -> None:
        """Let names lead elsewhere, or nowhere (None), all in one step."""
        _apply(self.now, change)
        self._waiting.setdefault(folder, []).append(change)

    def sync(self, folder: Path) -> None:
        """Bring the names in a folder to the medium."""
        for change in self._waiting.pop(folder, ()):
            _apply(self._kept, change)

    def lose_power(self, chance: Chance) -> None:
        """Keep the names that are on the medium, and in each folder some of the changes that are not."""
        for changes in self._waiting.values():
            for change in changes[: chance.randint(0, len(changes))]:
                _apply(self._kept, change)
        self._waiting.clear()
        found: dict[Path, Content | Folder] = {}
        for path in sorted(self._kept):  # a folder comes before what is in it
            if is_root(path.parent) or isinstance(found.get(path.parent), Folder):
                found[path] = self._kept[path]
        self.now, self._kept = found, dict(found)


def is_root(path: Path) -> bool:
    """Whether a path is where all begin: `/`, or the place that relative ones start from."""
    return path == path.parent


def _apply(names: dict[Path, Content | Folder], change: Mapping[Path, Content | Folder | None]) -> None:
    for path, target in change.items():
        if target is None:
            names.pop(path, None)
        else:
            names[path] = target


def _place(target: bytearray, begin: int, data: bytes | bytearray) -> None:
    """Write bytes at a place; what lies between the end and that place is zeros."""
    if data:
        if len(target) < begin:
            target += bytes(begin - len(target))
        target[begin : begin + len(data)] = data
