"""A disk in memory: it can refuse, take half, and lose what was never synced."""

from __future__ import annotations

import errno
from pathlib import Path


class Death(BaseException):
    """The process ends here; nothing that catches errors sees it."""


class Content:
    """What a name points to: the bytes as written, and those that would survive a power cut."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.synced = b""


class MemoryDisk:
    """Numbers in `refuse_write` and `refuse_sync` count calls from 1; `accept` cuts the next write short."""

    def __init__(self) -> None:
        self.files: dict[Path, Content] = {}
        self.locks: dict[Path, int] = {}
        self.synced_names: dict[Path, Content] = {}
        self.writes = 0
        self.syncs = 0
        self.open_files = 0
        self.refuse_write: int | None = None
        self.refuse_sync: int | None = None
        self.accept: int | None = None
        self.steps = 0
        self.die_at: int | None = None

    def step(self) -> None:
        """Something is about to change on the disk."""
        self.steps += 1
        if self.steps == self.die_at:
            raise Death

    def cut_power(self) -> None:
        """Only what was synced is left, and nobody holds a lock."""
        self.files = dict(self.synced_names)
        self.locks.clear()
        for content in self.files.values():
            content.written = bytearray(content.synced)

    def kill_holder(self) -> None:
        """The process is gone, and its locks with it; what it wrote stays."""
        self.locks.clear()

    def read(self, path: Path) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        return bytes(self.files[path].written)

    def size(self, path: Path) -> int:
        return len(self.read(path))

    def names(self, folder: Path) -> list[str]:
        return sorted(path.name for path in self.files if path.parent == folder)

    def append(self, path: Path) -> MemoryFile:
        self.step()
        return MemoryFile(self, self.files.setdefault(path, Content()))

    def create(self, path: Path) -> MemoryFile:
        self.step()
        self.files[path] = Content()
        return MemoryFile(self, self.files[path])

    def truncate(self, path: Path, size: int) -> None:
        self.step()
        del self.files[path].written[size:]
        self.files[path].synced = bytes(self.files[path].written)

    def link(self, source: Path, target: Path) -> None:
        self.step()
        if self.files.setdefault(target, self.files[source]) is not self.files[source]:
            raise FileExistsError(target)

    def replace(self, source: Path, target: Path) -> None:
        self.step()
        self.files[target] = self.files.pop(source)

    def make_folder(self, path: Path) -> None:
        """Folders are there already."""

    def sync_folder(self, folder: Path) -> None:
        self.step()
        self.synced_names = {path: content for path, content in self.files.items() if path.parent == folder}

    def lock(self, path: Path) -> MemoryLock:
        if path in self.locks:
            raise BlockingIOError(errno.EAGAIN, "locked")
        self.locks[path] = 4711
        return MemoryLock(self, path)

    def holder(self, path: Path) -> int | None:
        return self.locks.get(path)


class MemoryFile:
    def __init__(self, disk: MemoryDisk, content: Content) -> None:
        self._disk = disk
        self._content = content
        disk.open_files += 1

    def write(self, data: bytes) -> int:
        self._disk.step()
        self._disk.writes += 1
        if self._disk.writes == self._disk.refuse_write:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = len(data) if self._disk.accept is None else self._disk.accept
        self._disk.accept = None
        self._content.written += data[:taken]
        return taken

    def sync(self) -> None:
        self._disk.step()
        self._disk.syncs += 1
        if self._disk.syncs == self._disk.refuse_sync:
            raise OSError(errno.EIO, "Input/output error")
        self._content.synced = bytes(self._content.written)

    async def synced(self) -> None:
        self.sync()

    def close(self) -> None:
        self._disk.open_files -= 1


class MemoryLock:
    def __init__(self, disk: MemoryDisk, path: Path) -> None:
        self._disk = disk
        self._path = path

    def release(self) -> None:
        self._disk.locks.pop(self._path, None)
