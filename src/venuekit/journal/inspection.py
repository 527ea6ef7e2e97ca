"""What a journal holds, and whether it can be relied on: answers for people, nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from venuekit import errors
from venuekit.journal import frame, ids, reader
from venuekit.journal.frame import Ending, EndingKind
from venuekit.journal.reader import Entry
from venuekit.journal.record import AccountName, Filled, IdBlock, Intent, Opened, Sending
from venuekit.journal.standing import standings
from venuekit.protocol.frozen import Frozen
from venuekit.seams.disk import Disk, SystemDisk

__all__ = ["FileVerdict", "Inspection", "Verdict", "inspect", "verify"]


class Inspection(Frozen):
    """What the current file says. Times are seconds since 1970 UTC, None in an empty journal.

    `kinds` counts records by kind, those of files before that were taken along included. `runs` counts
    starts, `stopped` tells that the last run ended on purpose, `ids_reserved` how many client ids may have
    been used.
    """

    path: str
    size: int
    archives: tuple[str, ...]
    account: AccountName | None
    instance: str | None
    format: int | None
    first_at: float | None
    last_at: float | None
    last_sequence: int
    kinds: dict[str, int]
    runs: int
    stopped: bool
    ids_reserved: int
    open_orders: tuple[str, ...]
    in_doubt: tuple[str, ...]
    ending: Ending


class FileVerdict(Frozen):
    """One file: how many sound records, and how it ends."""

    path: str
    records: int
    ending: Ending

    @property
    def is_sound(self) -> bool:
        """Whether every byte up to the last finished write is as it was written."""
        return self.ending.kind is not EndingKind.CORRUPT


class Verdict(Frozen):
    """Every file, oldest first, and what contradicts itself in what they say."""

    files: tuple[FileVerdict, ...]
    complaints: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether a run may go on from here."""
        return not self.complaints and all(file.is_sound for file in self.files)


def inspect(path: Path, disk: Disk | None = None, *, salvage: bool = False) -> Inspection:
    """Sum up a journal; with `salvage`, of a damaged one what stands before the damage, which `ending` names.

    Raises:
        JournalCorrupt, JournalMismatch, OSError: as `reader.replay`; the first not with `salvage`.
    """
    disk = disk or SystemDisk()
    data = disk.read(path)
    history, damage = reader.salvage(data, str(path))
    if damage is not None and not salvage:
        raise damage
    records = [entry.record for entry in history.entries]
    orders = standings(records)
    opened = history.opened
    return Inspection(
        path=str(path),
        size=len(data),
        archives=tuple(str(archive) for archive in reader.archives(path, disk)),
        account=opened.account if opened else None,
        instance=opened.instance if opened else None,
        format=opened.format if opened else None,
        first_at=records[0].at if records else None,
        last_at=records[-1].at if records else None,
        last_sequence=history.last_sequence,
        kinds=dict(Counter(type(item).__name__ for item in records)),
        runs=sum(isinstance(item, Opened) for item in records),
        stopped=history.stopped,
        ids_reserved=history.next_counter,
        open_orders=tuple(client_id for client_id, order in orders.items() if order.is_open),
        in_doubt=tuple(client_id for client_id, order in orders.items() if order.doubts),
        ending=history.ending,
    )


def verify(path: Path, disk: Disk | None = None) -> Verdict:
    """Check every byte of a journal and its archives, and what the records say of each other.

    Beside a writer at work, the last record may look torn: it is being written.

    Raises:
        OSError: a file cannot be read.
    """
    disk = disk or SystemDisk()
    current = disk.read(path)
    contents = {archive: disk.read(archive) for archive in reader.archives(path, disk)} | {path: current}
    files: list[FileVerdict] = []
    entries: dict[int, Entry] = {}
    complaints: list[str] = []
    for file, data in contents.items():
        scan = frame.scan(data)
        files.append(FileVerdict(path=str(file), records=len(scan.frames), ending=scan.ending))
        try:
            entries |= {entry.sequence: entry for entry in reader.read(scan.frames, str(file))}
        except errors.JournalUnusable as error:
            complaints.append(str(error))
    complaints += _contradictions(entries[sequence] for sequence in sorted(entries))
    return Verdict(files=tuple(files), complaints=tuple(complaints))


def _contradictions(entries: Iterable[Entry]) -> Iterator[str]:
    """What the records say that cannot all be true."""
    opened: Opened | None = None
    reserved = 0
    intents: dict[str, None] = {}
    trades: dict[tuple[str, str], None] = {}
    for entry in entries:
        where = f"record {entry.sequence}"
        match entry.record:
            case Opened() as item:
                opened = opened or item
                if (item.account, item.instance) != (opened.account, opened.instance):
                    yield f"{where}: another account or instance than record 1"
            case IdBlock() as item:
                if item.first < reserved:
                    yield f"{where}: reserves ids from {item.first}, which were reserved before"
                reserved = max(reserved, item.first + item.count)
            case Intent() as item:
                if item.client_id in intents:
                    yield f"{where}: a second order has the id {item.client_id}"
                intents[item.client_id] = None
                counter = ids.counter_of(item.client_id, opened.instance) if opened else None
                if counter is None or counter >= reserved:
                    yield f"{where}: the id {item.client_id} was never reserved"
            case Sending() as item if item.client_id not in intents:
                yield f"{where}: {item.client_id} was sent and never intended"
            case Filled() as item:
                if (item.client_id, item.trade_id) in trades:
                    yield f"{where}: trade {item.trade_id} of {item.client_id} stands twice"
                trades[item.client_id, item.trade_id] = None
            case _:
                pass
