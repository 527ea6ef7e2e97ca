"""The pen of a journal: one process appends, and a record is with the system before the call returns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from venuekit import errors
from venuekit.journal import frame, reader, record
from venuekit.journal.frame import EndingKind
from venuekit.journal.ids import ClientIds, instance_from
from venuekit.journal.reader import History
from venuekit.journal.record import FORMAT, AccountName, Opened
from venuekit.journal.rotation import Luggage, Piece, Rotation
from venuekit.seams.disk import AppendFile, Disk, DiskLock, SystemDisk
from venuekit.seams.fault_point import FaultPoint, strikes
from venuekit.seams.ids import unique_id

__all__ = ["Durability", "Journal", "open_journal"]


class Durability(Enum):
    """What a record survives once `kept` has returned: the end of the process, or of the machine's power."""

    PROCESS = "process"
    POWER = "power"


class Journal:
    """A journal open for writing; `open_journal` makes it, and it is locked until `close`.

    After a failure every call raises that failure again: only reading anew tells what the disk holds. `ids`
    makes the account's client order ids.
    """

    def __init__(
        self,
        path: Path,
        *,
        instance: str,
        prefix: str,
        history: History,
        durability: Durability,
        rotate: Rotation,
        disk: Disk,
        file: AppendFile,
        lock: DiskLock,
    ) -> None:
        self.path = path
        self.durability = durability
        self.ids = ClientIds(prefix, instance, history.next_counter, self.keep)
        self._disk = disk
        self._file = file
        self._lock = lock
        self._sequence = history.last_sequence
        self._synced = history.last_sequence
        self._size = history.ending.offset
        self._full = rotate.size
        self._rotate_at = rotate.size
        self._luggage = Luggage(rotate)
        for entry in history.entries:
            self._luggage.note(entry.sequence, entry.record, record.encode(entry.record))
        self._failure: errors.JournalFailed | None = None
        self._has_failed = False
        self._is_closed = False
        self._turn = asyncio.Lock()

    @property
    def sequence(self) -> int:
        """The number of the last record."""
        return self._sequence

    @property
    def has_failed(self) -> bool:
        """Whether the disk refused something, so that nothing more is written until it is opened anew."""
        return self._has_failed

    def append(self, item: record.Body) -> int:
        """Write a record and return its number: from now on it survives the end of this process.

        The call that fills a file also begins the next one, and waits until that is on the medium.

        Raises:
            JournalFailed: the system did not take it whole; do not do what it announces.
            TypeError: a payload cannot be written; nothing was.
        """
        self._check()
        sequence = self._sequence + 1
        payload = record.encode(item)
        data = frame.encode(sequence, payload)
        try:
            _write_whole(self._file, data)
            self._sequence = sequence
            self._size += len(data)
            self._luggage.note(sequence, item, payload)
            if self._size >= self._rotate_at or strikes(FaultPoint.JOURNAL_ROTATES):
                self._begin_new_file()
        except OSError as error:
            raise self._failed("write", error) from error
        except BaseException:
            # Interrupted by a signal: a record more, under a number that may be taken, would ruin the file.
            self._failure = errors.JournalFailed(str(self.path), "a write was interrupted; start again")
            self._has_failed = True
            raise
        return sequence

    def keep(self, item: record.Body) -> int:
        """`append`, and wait until it is on the medium whatever the durability; the loop waits, too."""
        sequence = self.append(item)
        try:
            self._file.sync()
        except OSError as error:
            raise self._failed("sync", error) from error
        self._synced = self._sequence
        return sequence

    async def kept(self, sequence: int) -> None:
        """Return when the record of that number survives what `durability` says: then it may be acted on.

        All who wait at one time share one sync.

        Raises:
            JournalFailed: the medium refused. It is not asked again: after a failed sync, the next one may
                report success for what was lost.
        """
        self._check()
        if self.durability is Durability.PROCESS:
            return
        async with self._turn:
            self._check()
            if self._synced >= sequence:
                return
            reached = self._sequence
            try:
                await self._file.synced()
            except OSError as error:
                raise self._failed("sync", error) from error
            self._synced = max(self._synced, reached)

    def close(self) -> None:
        """Let the next writer have it; a second call does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._failure = self._failure or errors.JournalFailed(str(self.path), "this journal was closed")
            self._file.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _failed(self, doing: str, error: OSError) -> errors.JournalFailed:
        self._failure = _failure(self.path, doing, error)
        self._has_failed = True
        return self._failure

    def _begin_new_file(self) -> None:
        """Rotate: the new file is complete and on the medium before it takes the name, in one step.

        The old one has a second name by then, so at no moment is there no journal, and nothing to clear up
        after a crash in between: a draft is written over, a second name harms nobody.
        """
        found = self._disk.size(self.path)
        if found != self._size:
            raise OSError(f"it has {found} bytes where {self._size} were written: somebody changed it")
        if self.durability is Durability.POWER:
            self._file.sync()
        frames = _carried(self._luggage.pack(), self._sequence)
        draft = self.path.with_name(f"{self.path.name}.next")
        fresh = self._disk.create(draft)
        try:
            _write_whole(fresh, b"".join(frames))
            fresh.sync()
            self._disk.link(self.path, reader.archive_name(self.path, self._sequence))
            self._disk.replace(draft, self.path)
            self._disk.sync_folder(self.path.parent)
        except OSError:
            fresh.close()
            raise
        self._file.close()
        self._file = fresh
        self._sequence += len(frames)
        self._synced = self._sequence
        self._size = sum(map(len, frames))
        # Where most is taken along, copying again pays when as much has come together once more.
        self._rotate_at = max(self._full, 2 * self._size)


def open_journal(
    path: Path,
    account: AccountName,
    *,
    now: float,
    prefix: str = "",
    durability: Durability = Durability.PROCESS,
    rotate: Rotation | None = None,
    disk: Disk | None = None,
    unique: Callable[[], str] = unique_id,
) -> tuple[Journal, History]:
    """Lock a journal, read it, cut what a crash left unfinished: the pen to go on with, and what was read.

    It is made if it is not there; its folder must be. `prefix` begins client order ids (at most 12 letters
    and digits). `History.ending` tells what was cut. The new run's own `Opened` is written and not in the
    history.

    Raises:
        JournalLocked: somebody else writes it.
        JournalCorrupt: it is damaged before its end.
        JournalMismatch: it is another account's, or a newer version's.
        JournalFailed: the system refused.
        InvalidConfiguration: the prefix cannot be one.
    """
    disk = disk or SystemDisk()
    try:
        with ExitStack() as opening:
            lock = _lock(path, disk)
            opening.callback(lock.release)
            history = _read(path, disk)
            if history.opened is not None and history.opened.account != account:
                raise errors.JournalMismatch(
                    str(path), f"is the journal of {_words(history.opened.account)}, not of {_words(account)}"
                )
            if history.ending.kind is EndingKind.TORN or (history.last_sequence and not history.stopped):
                _write_anew(path, history.ending.offset, disk)
            file = disk.append(path)
            opening.callback(file.close)
            instance = history.opened.instance if history.opened else instance_from(unique())
            journal = Journal(
                path,
                instance=instance,
                prefix=prefix,
                history=history,
                durability=durability,
                rotate=rotate or Rotation(),
                disk=disk,
                file=file,
                lock=lock,
            )
            journal.keep(Opened(at=now, format=FORMAT, instance=instance, account=account))
            disk.sync_folder(path.parent)
            opening.pop_all()
            return journal, history
    except OSError as error:
        raise _failure(path, "opening", error) from error


def _lock(path: Path, disk: Disk) -> DiskLock:
    # A file of its own: at a rotation the journal's name moves to a new file, a lock stays with the old one.
    name = path.with_name(f"{path.name}.lock")
    try:
        return disk.lock(name)
    except BlockingIOError:
        raise errors.JournalLocked(str(path), disk.holder(name)) from None


def _read(path: Path, disk: Disk) -> History:
    try:
        return reader.replay(path, disk=disk)
    except FileNotFoundError:
        return reader.replay_bytes(b"", str(path))


def _write_anew(path: Path, size: int, disk: Disk) -> None:
    """Put a copy of a file's first `size` bytes in its place: it holds on the medium what can be read of it.

    The run before was cut off, perhaps by a sync that failed. Then the system takes for written what never
    was (https://lwn.net/Articles/752063/): it can be read until the power goes, and no later sync keeps it.
    """
    draft = path.with_name(f"{path.name}.next")
    file = disk.create(draft)
    try:
        _write_whole(file, disk.read(path)[:size])
        file.sync()
    finally:
        file.close()
    disk.replace(draft, path)


def _carried(pieces: Iterable[Piece], sequence: int) -> list[bytes]:
    """The frames that a new file begins with, behind a file that ended with record `sequence`."""
    return [
        frame.encode(number, record.encode_carried(piece.sequence, piece.payload))
        for number, piece in enumerate(pieces, start=sequence + 1)
    ]


def _write_whole(file: AppendFile, data: bytes) -> None:
    written = file.write(data)
    if written != len(data):
        raise OSError(f"the system took {written} of {len(data)} bytes; is the disk full?")


def _failure(path: Path, doing: str, error: OSError) -> errors.JournalFailed:
    return errors.JournalFailed(
        str(path), f"{doing} failed ({error}); nothing more is written. Make room or repair, then start again"
    )


def _words(account: AccountName) -> str:
    return f"{account.company}@{account.domain}, key {account.key}"
