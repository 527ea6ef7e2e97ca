"""A journal read back: its records in order, and what a run that goes on from there must know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from venuekit import errors
from venuekit.journal import frame, record
from venuekit.journal.frame import Ending, EndingKind
from venuekit.journal.record import FORMAT, Carried, IdBlock, Opened, Record, Stopped
from venuekit.protocol.frozen import Frozen
from venuekit.seams.disk import Disk, SystemDisk

__all__ = [
    "Entry",
    "History",
    "archive_name",
    "archives",
    "entries_since",
    "read",
    "replay",
    "replay_bytes",
    "salvage",
]

_NUMBER = 12
"""Digits in an archive's name, so that names sort as the files were written."""


class Entry(Frozen):
    """A record and its number; numbers rise, and not always by one.

    `carried` tells that it stood in a file before this one, under the same number.
    """

    sequence: int
    record: record.Body
    carried: bool = False


class History(Frozen):
    """What one file of a journal says.

    `opened` names account and instance, None if nothing was written yet. `next_counter` is the first number
    that no client order id can have. `last_sequence` is the number of the last record, 0 before the first.
    `stopped` says that the last run ended on purpose. `ending` tells whether, and where, a torn record was.
    """

    opened: Opened | None
    next_counter: int
    last_sequence: int
    stopped: bool
    entries: tuple[Entry, ...]
    ending: Ending


def replay(path: Path, since: int = 0, disk: Disk | None = None) -> History:
    """Read the file that is being written, or was last.

    Only entries numbered above `since` are listed; the rest of the history covers the whole file.

    Raises:
        JournalCorrupt: it is damaged before its end.
        JournalMismatch: a newer version wrote it.
        OSError: it cannot be read.
    """
    return replay_bytes((disk or SystemDisk()).read(path), str(path), since)


def replay_bytes(data: bytes, name: str, since: int = 0) -> History:
    """`replay` of what a file called `name` holds.

    Raises:
        JournalCorrupt, JournalMismatch: as `replay`.
    """
    scan = frame.scan(data)
    if scan.ending.kind is EndingKind.CORRUPT:
        raise _corrupt(name, scan.ending)
    entries = tuple(read(scan.frames, name))
    records = [entry.record for entry in entries]
    opened = next((item for item in records if isinstance(item, Opened)), None)
    blocks = [item.first + item.count for item in records if isinstance(item, IdBlock)]
    return History(
        opened=opened,
        next_counter=max(blocks, default=0),
        last_sequence=scan.frames[-1].sequence if scan.frames else 0,
        stopped=bool(records) and isinstance(records[-1], Stopped),
        entries=tuple(entry for entry in entries if entry.sequence > since),
        ending=scan.ending,
    )


def salvage(data: bytes, name: str) -> tuple[History, errors.JournalCorrupt | None]:
    """What a file called `name` says up to where it is damaged, and the damage; None if there is none.

    For people who settle by hand what was open: no run may go on from it.

    Raises:
        JournalMismatch: a newer version wrote it.
    """
    try:
        return replay_bytes(data, name), None
    except errors.JournalCorrupt as damage:
        sound = replay_bytes(data[: damage.offset], name)
        ending = Ending(
            kind=EndingKind.CORRUPT, offset=damage.offset, sequence=damage.sequence, why=damage.why
        )
        return msgspec.structs.replace(sound, ending=ending, stopped=False), damage


def read(frames: Iterable[frame.Frame], name: str) -> Iterator[Entry]:
    """The entries that sound frames of a file called `name` hold.

    Raises:
        JournalCorrupt: a frame holds no record.
        JournalMismatch: a newer version wrote it.
    """
    for item in frames:
        try:
            entry = _entry(item.sequence, record.decode(item.payload))
        except msgspec.DecodeError as error:
            raise errors.JournalCorrupt(
                name, offset=item.offset, sequence=item.sequence, why=f"no record of ours ({error})"
            ) from None
        if isinstance(entry.record, Opened) and entry.record.format > FORMAT:
            raise errors.JournalMismatch(
                name,
                f"written in format {entry.record.format}; this version reads up to {FORMAT}",
            )
        yield entry


def entries_since(path: Path, since: int = 0, disk: Disk | None = None) -> Iterator[Entry]:
    """Every record numbered above `since`, once: from the archives that are still there, then from the file.

    Raises:
        JournalCorrupt, JournalMismatch, OSError: as `replay`.
    """
    disk = disk or SystemDisk()
    # The file before the archives: what is rotated away meanwhile is then met twice, and not missed.
    current = replay(path, since, disk)
    newest = since
    for history in (*(replay(file, since, disk) for file in archives(path, disk)), current):
        for entry in history.entries:
            if entry.sequence > newest:
                newest = entry.sequence
                yield entry


def archives(path: Path, disk: Disk | None = None) -> list[Path]:
    """The files that were rotated away from `path`, oldest first."""
    stem = f"{path.name}."
    return [
        path.with_name(name)
        for name in (disk or SystemDisk()).names(path.parent)
        if name.startswith(stem) and len(name) == len(stem) + _NUMBER and name[len(stem) :].isdigit()
    ]


def archive_name(path: Path, last_sequence: int) -> Path:
    """What a file is called when it gives way to the next; its last record has this number."""
    return path.with_name(f"{path.name}.{last_sequence:0{_NUMBER}d}")


def _entry(sequence: int, item: Record) -> Entry:
    if isinstance(item, Carried):
        return Entry(sequence=item.sequence, record=item.record, carried=True)
    return Entry(sequence=sequence, record=item)


def _corrupt(name: str, ending: Ending) -> errors.JournalCorrupt:
    return errors.JournalCorrupt(
        name, offset=ending.offset, sequence=ending.sequence, why=ending.why or "damaged"
    )
