"""A journal on a disk that fails in every way it can, against a list of what was written."""

from __future__ import annotations

import copy
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.journal.memory_disk import Death, MemoryDisk
from tests.journal.naive_journal import NaiveJournal, Numbered
from tests.journal.story import PATH, begin, ended, filled, intent, sending
from tests.machines import budget, finds_it

from venuekit import errors
from venuekit.journal import reader
from venuekit.journal.inspection import verify
from venuekit.journal.record import (
    AccountName,
    BalanceMoved,
    Body,
    Command,
    Doubt,
    IdBlock,
    Opened,
    Reopened,
    Settled,
    Stopped,
)
from venuekit.journal.rotation import Luggage, Rotation
from venuekit.journal.standing import Standing
from venuekit.journal.writer import Durability, Journal, open_journal

RULE = Rotation(size=1_500, ended_for=20.0, presumed_for=60.0)
BLOCK = 4
"""Client ids reserved at once, so that blocks run out."""


def result_of(call: Coroutine[Any, Any, None]) -> None:
    """Run what waits for nothing but this disk."""
    try:
        call.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits for something")


class WrittenJournal(RuleBasedStateMachine):
    """Runs write, die, lose power, and the next one finds what was promised, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("venuekit.journal.ids.BLOCK", BLOCK)
        self.disk = MemoryDisk()
        self.twin = NaiveJournal(RULE.ended_for, RULE.presumed_for)
        self.durability = Durability.PROCESS
        self.now = 1.0
        self.reserved = 0
        self.journal: Journal | None = None

    @initialize(durability=st.sampled_from([Durability.PROCESS, Durability.POWER, Durability.POWER]))
    def a_first_run(self, durability: Durability) -> None:
        self.durability = durability
        self.open()

    # --- a run

    def alive(self) -> bool:
        return self.journal is not None

    def writes(self, item: Body) -> None:
        assert self.journal is not None
        self.twin.begun = item
        number = self.journal.append(item)
        self.twin.begun = None
        self.twin.records.append((number, item))

    def order(self, data: st.DataObject) -> str | None:
        open_ones = [name for name in self.twin.orders() if self.twin.end_of(name) is None]
        return data.draw(st.sampled_from(open_ones)) if open_ones else None

    @rule(seconds=st.sampled_from([0.5, 5.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(alive)
    @rule(count=st.integers(1, 6))
    def orders_are_meant(self, count: int) -> None:
        for _ in range(count):
            client_id = self.takes_an_id()
            self.writes(intent(client_id, at=self.now))

    def takes_an_id(self) -> str:
        assert self.journal is not None
        client_id = self.journal.ids.take(self.now)
        assert client_id not in self.twin.ids
        self.twin.ids.append(client_id)
        if not self.reserved:  # a block was, on the medium, and with it all that stands before it
            self.reserved = BLOCK
            self.twin.kept = len(self.twin.records)
        self.reserved -= 1
        return client_id

    @precondition(alive)
    @rule(data=st.data(), kind=st.sampled_from(["sent", "filled", "ended", "presumed", "doubted", "settled"]))
    def something_happens_to_an_order(self, data: st.DataObject, kind: str) -> None:
        name = self.order(data)
        if name is None:
            return
        item: Body
        match kind:
            case "sent":
                item = sending(name, at=self.now)
            case "filled":
                item = filled(name, trade_id=f"t{self.twin.trades(name)}", at=self.now)
            case "doubted":
                item = Doubt(at=self.now, client_id=name, command=Command.CANCEL, why="TimedOut")
            case "settled":
                item = Settled(at=self.now, client_id=name, how="seen")
            case _:
                item = ended(name, at=self.now, presumed=kind == "presumed")
        self.writes(item)

    @precondition(alive)
    @rule()
    def an_order_lives_after_all(self) -> None:
        for name in self.twin.orders():
            end = self.twin.end_of(name)
            if end is not None and end.presumed and self.now - end.at < RULE.presumed_for:
                self.writes(Reopened(at=self.now, client_id=name, why="seen"))
                return

    @precondition(alive)
    @rule(is_stop=st.booleans())
    def something_else_is_written(self, is_stop: bool) -> None:
        moved = BalanceMoved(at=self.now, asset="USDT", cause="deposit", amount=Decimal("1.5"))
        self.writes(Stopped(at=self.now) if is_stop else moved)

    @precondition(lambda self: self.alive() and self.twin.records)
    @rule(age=st.sampled_from([0, 0, 0, 1, 5]))
    def a_record_is_waited_for(self, age: int) -> None:
        assert self.journal is not None
        place = max(0, len(self.twin.records) - 1 - age)
        result_of(self.journal.kept(self.twin.records[place][0]))
        if self.durability is Durability.POWER:
            self.twin.kept = max(self.twin.kept, place + 1)

    @precondition(alive)
    @rule()
    def nobody_else_may_write(self) -> None:
        with pytest.raises(errors.JournalLocked):
            begin(self.disk)

    # --- how runs end

    @precondition(alive)
    @rule()
    def the_run_ends(self) -> None:
        assert self.journal is not None
        self.journal.close()
        with pytest.raises(errors.JournalFailed):
            self.journal.append(Stopped(at=self.now))
        self.open()

    @precondition(alive)
    @rule(steps=st.integers(1, 12), is_power=st.booleans(), data=st.data())
    def it_dies_while_it_writes(self, steps: int, is_power: bool, data: st.DataObject) -> None:
        self.disk.die_at = self.disk.steps + steps
        try:
            for _ in range(steps):
                self.orders_are_meant(1)
                self.something_happens_to_an_order(data, "filled")
        except Death:
            pass
        self.disk.die_at = None
        self.dies(data, is_power=is_power)

    @precondition(alive)
    @rule(is_power=st.booleans(), data=st.data())
    def it_dies_in_a_quiet_moment(self, is_power: bool, data: st.DataObject) -> None:
        self.dies(data, is_power=is_power)

    def dies(self, data: st.DataObject, *, is_power: bool) -> None:
        if is_power:
            self.cuts_power(data)
        else:
            self.disk.kill_holder()
        self.open(after_power_cut=is_power)

    def cuts_power(self, data: st.DataObject) -> None:
        """What was not synced is gone, or some of it is there, or only its length is."""
        unsynced = {
            content: bytes(content.written[len(content.synced) :]) for content in self.disk.files.values()
        }
        self.disk.cut_power()
        for content in dict.fromkeys(self.disk.files.values()):
            rest = unsynced.get(content, b"")
            there = data.draw(st.integers(0, len(rest)))
            if data.draw(st.booleans()):
                content.written += rest[:there]
            else:
                begin_of_sector = -(-len(content.written) // 512) * 512
                content.written += rest[: begin_of_sector - len(content.written)]
                content.written += bytes(len(rest[:there]) - min(there, begin_of_sector))
            content.synced = bytes(content.written)

    @precondition(alive)
    @rule(how=st.sampled_from(["torn", "write", "sync"]), taken=st.integers(0, 40))
    def the_system_refuses(self, how: str, taken: int) -> None:
        assert self.journal is not None
        if how == "torn":
            self.disk.accept = taken
        elif how == "write":
            self.disk.refuse_write = self.disk.writes + 1
        else:
            self.disk.refuse_sync = self.disk.syncs + 1
        with pytest.raises(errors.JournalFailed):
            self.orders_are_meant(2 * BLOCK)
        self.disk.accept = self.disk.refuse_write = self.disk.refuse_sync = None
        with pytest.raises(errors.JournalFailed):
            self.journal.append(Stopped(at=self.now))
        with pytest.raises(errors.JournalFailed):
            result_of(self.journal.kept(1))
        self.journal.close()
        self.open()

    # --- what the next run finds

    def open(self, *, after_power_cut: bool = False) -> None:
        found = self.found()
        if not after_power_cut:
            self.twin.survives(found, loses=0)
        elif self.durability is Durability.POWER:
            self.twin.survives(found, loses=None)
        else:  # an archive can have lost its end: nothing is promised but that nothing comes from nowhere
            assert all(it in self.twin.records or it[1] == self.twin.begun for it in found)
        self.twin.goes_on_from(found)
        self.reserved = 0
        self.journal = begin(self.disk, now=self.now, durability=self.durability, rotate=RULE)
        assert self.found() == found
        assert verify(PATH, self.disk).is_sound
        if self.durability is Durability.POWER or not after_power_cut:
            history = reader.replay(PATH, disk=self.disk)
            there = [(entry.sequence, entry.record) for entry in history.entries]
            assert [it for it in self.twin.needed() if it not in there] == []
            assert [number for number, _ in there] == sorted({number for number, _ in there})

    def found(self) -> list[Numbered]:
        """All that stands in archives and file, without what a journal writes for itself."""
        if PATH not in self.disk.files:
            return []
        return [
            (entry.sequence, entry.record)
            for entry in reader.entries_since(PATH, disk=self.disk)
            if not isinstance(entry.record, Opened | IdBlock)
        ]

    @precondition(lambda self: self.disk.files[PATH].written)
    @rule(data=st.data(), bit=st.integers(0, 7))
    def a_bit_flips(self, data: st.DataObject, bit: int) -> None:
        """It is seen, whichever it is; then it is mended."""
        disk = copy.deepcopy(self.disk)
        place = data.draw(st.integers(0, len(disk.files[PATH].written) - 1))
        disk.files[PATH].written[place] ^= 1 << bit
        assert not verify(PATH, disk).is_sound
        disk.kill_holder()
        with pytest.raises(errors.JournalCorrupt):
            begin(disk)

    @precondition(alive)
    @rule()
    def it_is_nobody_elses(self) -> None:
        disk = copy.deepcopy(self.disk)
        disk.kill_holder()
        with pytest.raises(errors.JournalMismatch):
            open_journal(PATH, AccountName(company="south", domain="main", key="1"), now=1.0, disk=disk)

    @invariant()
    def all_that_was_written_is_there_for_a_reader(self) -> None:
        if self.journal is not None:
            assert self.found() == self.twin.records

    def teardown(self) -> None:
        if self.journal is not None:
            self.journal.close()
        self.patch.undo()


BUDGET = budget(120, steps=30)
WrittenJournal.TestCase.settings = BUDGET
TestWrittenJournal = WrittenJournal.TestCase


# Seven defects, and whether the twin finds them.


async def _promises_at_once(self: Journal, sequence: int) -> None:
    self._check()


def _reserves_in_passing(self: Journal, item: Body) -> int:
    return self.append(item)


def _takes_only_open_orders_along(self: Luggage, order: Standing) -> bool:
    return order.ended is None


def _leaves_the_torn_end(self: MemoryDisk, path: Path, size: int) -> None:
    """What open_journal asks for, and does not get."""


def _goes_on_after_a_failure(self: Journal, doing: str, error: OSError) -> errors.JournalFailed:
    failure = FAILED(self, doing, error)
    self._failure = None
    return failure


FAILED = Journal._failed


@pytest.mark.parametrize(
    ("place", "lie"),
    [
        ("venuekit.journal.writer.Journal.kept", _promises_at_once),
        ("venuekit.journal.writer.Journal.keep", _reserves_in_passing),
        ("venuekit.journal.writer.Journal._failed", _goes_on_after_a_failure),
        ("venuekit.journal.rotation.Luggage._is_needed", _takes_only_open_orders_along),
        ("venuekit.journal.frame.crc32", len),
        ("tests.journal.memory_disk.MemoryDisk.truncate", _leaves_the_torn_end),
        ("tests.journal.memory_disk.MemoryDisk.sync_folder", lambda self, folder: None),
    ],
)
def test_the_twin_finds(place: str, lie: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, lie)
    assert finds_it(WrittenJournal, BUDGET)
