"""A journal as it lies on a host's disk, read by somebody who has no part in writing it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from venuekit import errors
from venuekit.journal import frame, reader
from venuekit.journal.frame import EndingKind
from venuekit.journal.reader import Entry
from venuekit.journal.record import Answered, Command, Ended, Filled, Intent, Opened, Sending, Updated
from venuekit.seams.disk import Disk

__all__ = ["JournalFacts", "JournalWatch"]

_HEAD = 16
"""Bytes by which a file is known again: they hold the number of its first record."""


class JournalFacts:
    """What records say, by our order ids; `sendings` and `answers` are those of orders, not of cancels.

    `departures` are the sendings of every command.
    `shown` are the orders of which the venue was heard. `fills` counts by our id and the trade's id, `ends`
    by our id.
    """

    def __init__(self) -> None:
        self.instances: dict[str, None] = {}
        self.intents: dict[str, Intent] = {}
        self.sendings: dict[str, list[Sending]] = {}
        self.departures: dict[tuple[str, Command], list[Sending]] = {}
        self.answers: dict[str, list[Answered]] = {}
        self.shown: dict[str, None] = {}
        self.fills: Counter[tuple[str, str]] = Counter()
        self.ends: Counter[str] = Counter()

    def note(self, entry: Entry) -> None:
        """One record more."""
        match entry.record:
            case Opened() as opened:
                self.instances[opened.instance] = None
            case Intent() as intent:
                self.intents.setdefault(intent.client_id, intent)
            case Sending() as sending:
                self.departures.setdefault((sending.client_id, sending.command), []).append(sending)
                if sending.command is Command.PLACE:
                    self.sendings.setdefault(sending.client_id, []).append(sending)
            case Answered(command=Command.PLACE) as answered:
                self.answers.setdefault(answered.client_id, []).append(answered)
            case Updated() as updated:
                self.shown[updated.client_id] = None
            case Filled() as filled:
                self.shown[filled.client_id] = None
                self.fills[filled.client_id, filled.trade_id] += 1
            case Ended() as ended:
                self.ends[ended.client_id] += 1
            case _:
                pass


class JournalWatch:
    """`facts` are what was read of a journal so far; a file is read on from where it was read to.

    `damage` is why it cannot be read on; None: it can.
    """

    def __init__(self, disk: Disk, path: Path) -> None:
        self.disk = disk
        self.path = path
        self.facts = JournalFacts()
        self.damage: str | None = None
        self._newest = 0
        self._read_to = 0
        self._head = b""

    def read_on(self) -> None:
        """Take in what was written since the last call."""
        try:
            data = self.disk.read(self.path)
        except FileNotFoundError:
            return
        if len(data) < self._read_to or data[:_HEAD] != self._head:
            self._read_to, self._head = 0, data[:_HEAD]
        self._take(data)

    def read_anew(self) -> None:
        """Forget what was read, and read all there is: a crash may have taken some of it."""
        self.facts, self.damage, self._newest = JournalFacts(), None, 0
        for archive in reader.archives(self.path, self.disk):
            self._read_to = 0
            self._take(self.disk.read(archive))
        self._head = b""
        self.read_on()

    def _take(self, data: bytes) -> None:
        scan = frame.scan(data[self._read_to :])
        try:
            for entry in reader.read(scan.frames, str(self.path)):
                if entry.sequence > self._newest:
                    self._newest = entry.sequence
                    self.facts.note(entry)
        except errors.JournalUnusable as error:
            self.damage = str(error)
        if scan.ending.kind is EndingKind.CORRUPT:
            self.damage = f"from byte {self._read_to + scan.ending.offset} on: {scan.ending.why}"
        self._read_to += scan.ending.offset
