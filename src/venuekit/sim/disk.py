"""The disk of one simulated host: it can lose, tear, refuse, be full, be slow, and rot."""

from __future__ import annotations

import asyncio
import errno
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self

from venuekit.seams import chance as chances
from venuekit.seams.chance import Chance
from venuekit.seams.disk import AppendFile, DiskLock
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.medium import Content, Folder, Names, Remnant, is_root
from venuekit.sim.trace import Lane

if TYPE_CHECKING:
    from venuekit.sim.host import Host
    from venuekit.sim.kernel import Kernel

__all__ = ["ProcessOver", "SimDisk"]

_SYNC_SECONDS = (0.0002, 0.002)
"""What a sync takes on a good drive."""
_FIRST_PROCESS = 4711
_KINDS = frozenset(
    {
        DisturbanceKind.DISK_FULL,
        DisturbanceKind.DISK_READ_ONLY,
        DisturbanceKind.WRITE_FAILS,
        DisturbanceKind.SYNC_FAILS,
        DisturbanceKind.SYNC_SLOW,
        DisturbanceKind.BIT_FLIP,
        DisturbanceKind.FILE_DELETED,
    }
)


class ProcessOver(BaseException):
    """A process that is over wants to change its disk: it must not, and nothing that it does counts.

    A host that is killed within a turn of its own goes on to the end of that turn, as a ghost; this cuts it
    short where it would leave a trace.
    """


class SimDisk:
    """A `venuekit.seams.disk.Disk` in memory, of one host.

    What is written and not synced survives the end of the process (`process_ends`), and a loss of power
    (`lose_power`) leaves of it what `Remnant` lists, of each file for itself. Names are kept once their
    folder is synced. Without a `kernel` nothing takes time, and `chance` chooses.

    For tests that aim: `refuse_write` and `refuse_sync` are the numbers, counted from 1, of a write and a
    sync that fail; `accept` is how many bytes the next write takes; `room` is how many bytes fit at all;
    `before_change` is told what is about to change, and where, and may raise.
    """

    def __init__(self, kernel: Kernel | None = None, name: str = "", *, chance: Chance | None = None) -> None:
        self.name = name
        self.fired: Counter[str] = Counter()
        self.remnants: Counter[Remnant] = Counter()
        self.writes = 0
        self.syncs = 0
        self.open_files = 0
        self.refuse_write: int | None = None
        self.refuse_sync: int | None = None
        self.accept: int | None = None
        self.room: int | None = None
        self.before_change: Callable[[str, Path], None] | None = None
        self.process = _FIRST_PROCESS
        self.locks: dict[Path, _Lock] = {}
        self._kernel = kernel
        stream = f"disk of {name}"
        self._chance = chance or (chances.seeded(stream) if kernel is None else kernel.chance(stream))
        self._names = Names()
        self._disturbances: list[Disturbance] = []
        self._rotten: dict[int, list[tuple[Content, int, int]]] = {}
        """By disturbance: the bits that it turned, and how often their file had been cut by then."""

    # What a journal asks.

    def read(self, path: Path) -> bytes:
        """A file's whole content."""
        return bytes(self._content(path).cache)

    def size(self, path: Path) -> int:
        """How many bytes a file has."""
        return len(self._content(path).cache)

    def names(self, folder: Path) -> list[str]:
        """What lies in a folder, in order of name."""
        self._require_folder(folder)
        return sorted(path.name for path in self._names.now if path.parent == folder)

    def append(self, path: Path) -> AppendFile:
        """A file to append to, made if it is not there."""
        self.changes("append", path)
        return _File(self, self._found_or_made(path))

    def create(self, path: Path) -> AppendFile:
        """An empty file to append to, whatever was there."""
        self.changes("create", path)
        content = self._found_or_made(path)
        content.cut(0)
        return _File(self, content)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; nothing happens where that name is its own already."""
        self.changes("link", target)
        content, there = self._content(source), self._names.now.get(target)
        if there is None:
            self._require_room(target)
            self._change(target, content)
        elif there is not content:
            raise _refusal(errno.EEXIST, target)

    def replace(self, source: Path, target: Path) -> None:
        """Rename, in one step, over whatever bears the name."""
        self.changes("replace", target)
        content = self._content(source)
        self._require_folder(target.parent)
        self._names.change(target.parent, {source: None, target: content})
        content.path = target

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in a folder are on the medium."""
        self.changes("sync_folder", folder)
        self._require_folder(folder)
        self._spend(self.sync_seconds(folder))
        self._fail_sync(folder)
        self._names.sync(folder)

    def make_folder(self, path: Path) -> None:
        """A folder, and those above it, for good; nothing happens where it is."""
        if is_root(path) or self._is_folder(path):
            return
        self.make_folder(path.parent)
        self.changes("make_folder", path)
        self._require_room(path)
        self._names.change(path.parent, {path: Folder()})
        self.sync_folder(path.parent)

    def lock(self, path: Path) -> DiskLock:
        """Take the lock of that name; it is let go when this process ends, however it ends.

        Raises:
            BlockingIOError: somebody has it.
        """
        if path in self.locks:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
        self.changes("lock", path)
        content = self._found_or_made(path)
        content.cut(0)
        content.grow(b"%d\n" % self.process)
        self.locks[path] = _Lock(self, path)
        return self.locks[path]

    def holder(self, path: Path) -> int | None:
        """The process that has the lock of that name; None if it has not said so."""
        said = self.read(path).strip()
        return int(said) if said.isdigit() else None

    # What else a program asks of its files.

    def __contains__(self, path: Path) -> bool:
        return path in self._names.now

    def text(self, path: Path) -> str:
        """A small file's whole text, UTF-8."""
        return self.read(path).decode()

    def lines(self, path: Path) -> Iterator[bytes]:
        """The lines of a file without their ends."""
        return iter(self.read(path).splitlines())

    @property
    def files(self) -> list[Path]:
        """Every file, in order of name."""
        return sorted(path for path, found in self._names.now.items() if isinstance(found, Content))

    # What happens to it.

    @classmethod
    def of(cls, host: Host) -> Self:
        """A disk for a host; what happens to the host happens to it."""
        disk = cls(host.kernel, host.name)
        host.disk = disk
        host.ended.append(lambda power: disk.lose_power() if power else disk.process_ends())
        return disk

    def process_ends(self) -> None:
        """The process is gone, and its locks and open files with it; what it wrote stays."""
        for disturbance in self._of(DisturbanceKind.BIT_FLIP):
            self._rot(disturbance)
        self.process += 1
        self.open_files = 0
        self.locks.clear()

    def lose_power(self, remnants: tuple[Remnant, ...] | None = None) -> None:
        """The machine is gone: of what was not synced, chance leaves something, or nothing.

        `remnants` are what may be left of a file, None for the usual ones.
        """
        self._names.lose_power(self._chance)
        for content in {id(content): content for content in map(self._content, self.files)}.values():
            left = content.lose_power(self._chance, *(() if remnants is None else (remnants,)))
            if left is not None:
                self.remnants[left] += 1
                self._mark("power lost", f"{content.path.name}: of what was not synced, {left.value}")
        self.process_ends()

    def delete(self, path: Path) -> None:
        """Somebody removes a name; who has the file open goes on writing it, for nobody."""
        self._content(path)
        self._names.change(path.parent, {path: None})
        self._names.sync(path.parent)

    def truncate(self, path: Path, size: int) -> None:
        """Somebody cuts a file to its first `size` bytes, for good."""
        content = self._content(path)
        content.cut(size)
        content.write_back()

    def disturb(self, disturbance: Disturbance) -> None:
        """Let something go wrong; `target` is a part of the paths that it concerns, "" all of them.

        Of bits and deleted files, one that begins with a point is a whole suffix.

        Raises:
            ValueError: it is none of the disk's.
        """
        kind = disturbance.kind
        if kind not in _KINDS:
            raise ValueError(f"{kind.value} is none of the disk's disturbances")
        self._disturbances.append(disturbance)
        if kind is DisturbanceKind.DISK_FULL:
            self.room = int(disturbance.size)
        elif kind is DisturbanceKind.FILE_DELETED and (path := self._any_file(disturbance)):
            self._fires(kind, path)
            self.delete(path)

    def calm(self, disturbance: Disturbance) -> None:
        """Let it be over; what it spoilt stays spoilt, but for bits: somebody brings a sound copy.

        A file that was cut meanwhile is another one, and no copy fits it any more.
        """
        for content, position, cuts in self._rotten.pop(id(disturbance), ()):
            if content.cuts == cuts:
                content.flip(position)
        self._disturbances = [other for other in self._disturbances if other is not disturbance]
        if disturbance.kind is DisturbanceKind.DISK_FULL and not any(self._of(disturbance.kind)):
            self.room = None

    # What open files ask.

    def forget_holder(self, path: Path) -> None:
        """Nobody holds the lock of that name any more."""
        if path in self._names.now:
            self._content(path).cut(0)

    def changes(self, what: str, path: Path) -> None:
        """Something is about to be changed, or synced; a disk that may only be read refuses."""
        if self.before_change is not None:
            self.before_change(what, path)
        if any(self._of(DisturbanceKind.DISK_READ_ONLY, path)):
            self._fires(DisturbanceKind.DISK_READ_ONLY, path)
            raise _refusal(errno.EROFS, path)

    def write(self, content: Content, data: bytes) -> int:
        """Take bytes into the system's memory; how many."""
        path = content.path
        self.changes("write", path)
        self.writes += 1
        if self.writes == self.refuse_write:
            raise _refusal(errno.ENOSPC, path)
        taken = len(data) if self.accept is None else self.accept
        self.accept = None
        for disturbance in self._of(DisturbanceKind.WRITE_FAILS, path):
            if self._chance.random() < disturbance.share:
                self._fires(disturbance.kind, path)
                if self._chance.random() < 0.5:
                    raise _refusal(errno.EIO, path)
                taken = self._chance.randint(0, max(len(data) - 1, 0))
        if self.room is not None and taken > self.room:
            self._require_room(path)
            self._fires(DisturbanceKind.DISK_FULL, path)
            taken = self.room
        if self.room is not None:
            self.room -= taken
        content.grow(data[:taken])
        where = f"{path.name}: {taken} bytes at {len(content.cache) - taken}"
        self._mark("append", where if taken == len(data) else f"{where}, cut", data[:taken])
        return taken

    def sync(self, content: Content) -> None:
        """Bring a file to the medium; the machine waits."""
        self.changes("sync", content.path)
        self._spend(self.sync_seconds(content.path))
        self.finish_sync(content, len(content.cache), content.cuts)

    def sync_seconds(self, path: Path) -> float:
        """How long the sync that begins now takes."""
        seconds = 0.0 if self._kernel is None else self._chance.uniform(*_SYNC_SECONDS)
        for disturbance in self._of(DisturbanceKind.SYNC_SLOW, path):
            self._fires(disturbance.kind, path)
            seconds += disturbance.size
        return seconds

    def finish_sync(self, content: Content, end: int, cuts: int) -> None:
        """A sync that began when the file had `end` bytes, and had been cut so often, is done or fails."""
        self._fail_sync(content.path, content)
        if content.cuts == cuts:
            content.write_back(end)
        self._mark("sync", f"{content.path.name}: {end} bytes")

    # Within.

    def _content(self, path: Path) -> Content:
        found = self._names.now.get(path)
        if found is None:
            raise _refusal(errno.ENOENT, path)
        if not isinstance(found, Content):
            raise _refusal(errno.EISDIR, path)
        return found

    def _found_or_made(self, path: Path) -> Content:
        if path not in self._names.now:
            self._require_folder(path.parent)
            self._require_room(path)
            self._change(path, Content(path))
        content = self._content(path)
        content.path = path
        return content

    def _change(self, path: Path, target: Content) -> None:
        self._names.change(path.parent, {path: target})

    def _is_folder(self, path: Path) -> bool:
        return is_root(path) or isinstance(self._names.now.get(path), Folder)

    def _require_folder(self, path: Path) -> None:
        if not self._is_folder(path):
            raise _refusal(errno.ENOENT, path)

    def _require_room(self, path: Path) -> None:
        if self.room == 0:
            self._fires(DisturbanceKind.DISK_FULL, path)
            raise _refusal(errno.ENOSPC, path)

    def _fail_sync(self, path: Path, content: Content | None = None) -> None:
        self.syncs += 1
        fails = self.syncs == self.refuse_sync
        for disturbance in self._of(DisturbanceKind.SYNC_FAILS, path):
            if self._chance.random() < disturbance.share:
                self._fires(disturbance.kind, path)
                fails = True
        if fails:
            if content is not None:
                content.lose_pages(self._chance)
            raise _refusal(errno.EIO, path)

    def _of(self, kind: DisturbanceKind, path: Path | None = None) -> Iterator[Disturbance]:
        for disturbance in self._disturbances:
            if disturbance.kind is kind and (path is None or disturbance.target in str(path)):
                yield disturbance

    def _any_file(self, disturbance: Disturbance) -> Path | None:
        """One of the files that a disturbance concerns; an empty one or a lock is not worth it."""
        target = disturbance.target
        fits = [
            path
            for path in self.files
            if (path.suffix == target if target.startswith(".") else target in str(path))
            and path not in self.locks
            and self.size(path)
        ]
        return self._chance.choice(fits) if fits else None

    def _rot(self, disturbance: Disturbance) -> None:
        path = self._any_file(disturbance)
        if path is not None:
            self._fires(disturbance.kind, path)
            content, position = self._content(path), self._chance.randrange(8 * self.size(path))
            content.flip(position)
            self._rotten.setdefault(id(disturbance), []).append((content, position, content.cuts))

    def _fires(self, kind: DisturbanceKind, path: Path) -> None:
        self.fired[kind.value] += 1
        self._mark("fault", f"{kind.value}: {path.name}")

    def _spend(self, seconds: float) -> None:
        if self._kernel is not None:
            self._kernel.spend(seconds)

    def _mark(self, kind: str, text: str, data: bytes = b"") -> None:
        if self._kernel is not None:
            detail = data.decode("latin-1") if self._kernel.trace.keeps else ""
            self._kernel.say(Lane.DISK, kind, text, detail)


class _File:
    """An open file of one process."""

    def __init__(self, disk: SimDisk, content: Content) -> None:
        self._disk = disk
        self._content = content
        self._process = disk.process
        disk.open_files += 1

    def write(self, data: bytes) -> int:
        self._require_process()
        return self._disk.write(self._content, data)

    def sync(self) -> None:
        self._require_process()
        self._disk.sync(self._content)

    async def synced(self) -> None:
        self._require_process()
        disk, content = self._disk, self._content
        disk.changes("sync", content.path)
        end, cuts = len(content.cache), content.cuts
        if seconds := disk.sync_seconds(content.path):
            await asyncio.sleep(seconds)
        disk.finish_sync(content, end, cuts)

    def close(self) -> None:
        if self._process == self._disk.process:
            self._disk.open_files -= 1

    def _require_process(self) -> None:
        if self._process != self._disk.process:
            raise ProcessOver(f"process {self._process} opened {self._content.path}, and is over")


class _Lock:
    def __init__(self, disk: SimDisk, path: Path) -> None:
        self._disk = disk
        self._path = path

    def release(self) -> None:
        if self._disk.locks.get(self._path) is self:
            del self._disk.locks[self._path]
            self._disk.forget_holder(self._path)


def _refusal(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
