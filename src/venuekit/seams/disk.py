"""Files: the one place that opens them."""

from __future__ import annotations

import asyncio
import gzip
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection as Database
from typing import IO, Protocol

if sys.platform != "win32":
    import fcntl

__all__ = [
    "AppendFile",
    "Database",
    "Disk",
    "DiskLock",
    "SystemDisk",
    "append",
    "database",
    "lines",
    "text",
]

PRIVATE = 0o600
"""Permissions of the files made here: what an account did is its owner's to read."""
PRIVATE_FOLDER = 0o700


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a file without their ends; a name ending in `.gz` is unpacked on the way.

    Raises:
        OSError: the file cannot be read, or is no gzip file (`gzip.BadGzipFile`).
        EOFError: a gzip file ends too early.
    """
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\r\n")


def append(path: Path) -> IO[bytes]:
    """A file open for appending, each write handed to the system at once."""
    return path.open("ab", buffering=0)


def text(path: Path) -> str:
    """A small file's whole text, UTF-8."""
    return path.read_text(encoding="utf-8")


def database(path: Path, *, read_only: bool = False) -> Database:
    """A SQLite file, made if it is to be written and is not there; transactions begin and end where one says.

    Raises:
        sqlite3.OperationalError: it cannot be opened.
        OSError: it cannot be made.
    """
    if not read_only:
        # SQLite would make it for everybody to read.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))
    mode = "ro" if read_only else "rwc"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)


class AppendFile(Protocol):
    """A file that only grows."""

    def write(self, data: bytes) -> int:
        """Hand bytes to the system, where they survive this process; how many it took."""
        ...

    def sync(self) -> None:
        """Return when everything written is on the medium, where it survives the machine."""
        ...

    async def synced(self) -> None:
        """`sync`, while the loop goes on."""
        ...

    def close(self) -> None:
        """Give the file back; a sync under way is not disturbed."""
        ...


class DiskLock(Protocol):
    """What says that this process, and no other, writes something."""

    def release(self) -> None:
        """Let the next one have it."""
        ...


class Disk(Protocol):
    """What a journal asks of a disk. Every method raises `OSError` where the system refuses."""

    def read(self, path: Path) -> bytes:
        """A file's whole content."""
        ...

    def size(self, path: Path) -> int:
        """How many bytes a file has."""
        ...

    def names(self, folder: Path) -> list[str]:
        """What lies in a folder, in order of name."""
        ...

    def append(self, path: Path) -> AppendFile:
        """A file to append to, made if it is not there."""
        ...

    def create(self, path: Path) -> AppendFile:
        """An empty file to append to, whatever was there."""
        ...

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; nothing happens where that name is its own already."""
        ...

    def replace(self, source: Path, target: Path) -> None:
        """Rename, in one step, over whatever bears the name."""
        ...

    def make_folder(self, path: Path) -> None:
        """Make a folder, and those above it, for good; nothing happens where it is."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in a folder are on the medium."""
        ...

    def lock(self, path: Path) -> DiskLock:
        """Take the lock of that name; it is let go when this process ends, however it ends.

        Raises:
            BlockingIOError: somebody has it.
        """
        ...

    def holder(self, path: Path) -> int | None:
        """The process that has the lock of that name; None if it has not said so."""
        ...


class SystemDisk:
    """The machine's disk."""

    def read(self, path: Path) -> bytes:
        """A file's whole content."""
        return path.read_bytes()

    def size(self, path: Path) -> int:
        """How many bytes a file has."""
        return path.stat().st_size

    def names(self, folder: Path) -> list[str]:
        """What lies in a folder, in order of name."""
        return sorted(entry.name for entry in folder.iterdir())

    def append(self, path: Path) -> AppendFile:
        """A file to append to, made if it is not there."""
        return _SystemFile(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE))

    def create(self, path: Path) -> AppendFile:
        """An empty file to append to, whatever was there."""
        return _SystemFile(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC, PRIVATE))

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; nothing happens where that name is its own already."""
        try:
            os.link(source, target)
        except FileExistsError:
            if not source.samefile(target):
                raise

    def replace(self, source: Path, target: Path) -> None:
        """Rename, in one step, over whatever bears the name."""
        source.replace(target)

    def make_folder(self, path: Path) -> None:
        """Make a folder for its owner alone, and those above it, for good; nothing happens where it is."""
        if path.is_dir():
            return
        self.make_folder(path.parent)
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        # What is synced in a folder whose own name is not on the medium can be lost with it.
        self.sync_folder(path.parent)

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in a folder are on the medium."""
        _sync_and_close(os.open(folder, os.O_RDONLY))

    def lock(self, path: Path) -> DiskLock:
        """Take the lock of that name; the system lets go of it when this process ends.

        Raises:
            BlockingIOError: somebody has it.
            OSError: also on Windows, which has no such lock.
        """
        if sys.platform == "win32":
            raise OSError("this system has no advisory file locks; keep the journal on Linux or macOS")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE)
        try:
            # Not lockf: its locks vanish when any descriptor of the file is closed in this process.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, b"%d\n" % os.getpid())
        except BaseException:
            os.close(descriptor)
            raise
        return _SystemLock(descriptor)

    def holder(self, path: Path) -> int | None:
        """The process that has the lock of that name; None if it has not said so."""
        said = path.read_bytes().strip()
        return int(said) if said.isdigit() else None


class _SystemFile:
    """An open descriptor, for the process that opened it: a forked child shares it and may not write."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._process = os.getpid()

    def write(self, data: bytes) -> int:
        if os.getpid() != self._process:
            raise PermissionError(
                f"process {self._process} opened this file, and a forked child may not write it"
            )
        return os.write(self._descriptor, data)

    def sync(self) -> None:
        _sync(self._descriptor)

    async def synced(self) -> None:
        # A descriptor of its own: the file may be closed, and its number given away, before the disk is done.
        loop = asyncio.get_running_loop()
        # Shielded: a thread that is called off before it begins would leave its descriptor open.
        await asyncio.shield(loop.run_in_executor(None, _sync_and_close, os.dup(self._descriptor)))

    def close(self) -> None:
        os.close(self._descriptor)


class _SystemLock:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        # The file stays: whoever removes a lock file may remove the next holder's.
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _sync(descriptor: int) -> None:
    """Down to the medium; macOS calls that `F_FULLFSYNC`, its fsync stops at the drive's cache."""
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def _sync_and_close(descriptor: int) -> None:
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)
