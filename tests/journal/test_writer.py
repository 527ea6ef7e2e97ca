from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.journal.story import (
    ACCOUNT,
    INSTANCE,
    OTHER,
    PATH,
    STORY,
    Death,
    begin,
    dies_at,
    ended,
    file_of,
    filled,
    intent,
    new_disk,
    opened,
    sending,
)

from venuekit import errors
from venuekit.journal import reader
from venuekit.journal.frame import EndingKind
from venuekit.journal.record import Body, IdBlock, Intent, Opened
from venuekit.journal.rotation import Rotation
from venuekit.journal.writer import Durability, open_journal
from venuekit.sim.disk import SimDisk

POWER = Durability.POWER


def written(disk: SimDisk) -> list[Body]:
    return [entry.record for entry in reader.replay(PATH, disk=disk).entries]


def test_a_new_journal_begins_with_its_account_and_a_new_instance() -> None:
    disk = new_disk()
    begin(disk, now=1.0).close()
    assert [opened()] == written(disk)


def test_an_instance_is_made_once() -> None:
    disk = new_disk()
    begin(disk).close()
    journal, history = open_journal(PATH, ACCOUNT, now=2.0, disk=disk, unique=lambda: "f" * 32)
    assert INSTANCE == journal.ids.instance
    assert [opened()] == [entry.record for entry in history.entries]


def test_a_record_is_with_the_system_when_append_returns() -> None:
    disk = new_disk()
    journal = begin(disk)
    for item in STORY[1:]:
        journal.append(item)
        assert item == written(disk)[-1]


def test_append_gives_the_records_number() -> None:
    disk = new_disk()
    journal = begin(disk)
    assert [2, 3] == [journal.append(intent()), journal.append(sending())]
    assert journal.sequence == 3


def test_a_second_run_numbers_on() -> None:
    disk = new_disk()
    with begin(disk) as journal:
        journal.append(intent())
    assert begin(disk, now=5.0).append(sending()) == 4


def test_a_second_writer_is_told_who_the_first_is() -> None:
    disk = new_disk()
    begin(disk)
    with pytest.raises(errors.JournalLocked, match="process 4711 is writing") as caught:
        begin(disk)
    assert caught.value.pid == 4711


def test_a_closed_journal_can_be_opened_by_the_next_and_written_by_nobody() -> None:
    disk = new_disk()
    journal = begin(disk)
    journal.close()
    journal.close()
    begin(disk).close()
    with pytest.raises(errors.JournalFailed, match="closed"):
        journal.append(intent())
    assert disk.open_files == 0


def test_a_journal_of_another_account_is_left_alone() -> None:
    disk = new_disk()
    begin(disk).close()
    before = disk.read(PATH)
    other = msgspec.structs.replace(ACCOUNT, key="beef")
    with pytest.raises(
        errors.JournalMismatch, match="journal of north@main, key 5f1d, not of north@main, key beef"
    ):
        open_journal(PATH, other, now=2.0, disk=disk)
    assert before == disk.read(PATH)
    begin(disk)  # the lock was let go


def test_a_bad_prefix_leaves_no_lock_and_no_file_open() -> None:
    disk = new_disk()
    with pytest.raises(errors.InvalidConfiguration):
        open_journal(PATH, ACCOUNT, now=1.0, prefix="x-", disk=disk)
    assert (0, {}) == (disk.open_files, disk.locks)


def test_what_a_crash_left_unfinished_is_cut_and_reported_at_every_byte() -> None:
    whole = file_of(STORY[:4])
    for size in range(len(whole) + 1):
        disk = new_disk()
        disk.append(PATH).write(whole[:size])
        journal, history = open_journal(PATH, ACCOUNT, now=20.0, disk=disk, unique=lambda: INSTANCE)
        journal.append(intent(OTHER))
        kept = [entry.record for entry in history.entries]
        assert [*kept, opened(at=20.0), intent(OTHER)] == written(disk)
        assert (history.ending.offset == size) is (history.ending.kind is EndingKind.CLEAN)


def test_damage_in_the_middle_stops_the_start_and_changes_nothing() -> None:
    disk = new_disk()
    flipped = bytearray(file_of(STORY))
    flipped[40] ^= 4
    damaged = bytes(flipped)
    disk.append(PATH).write(damaged)
    with pytest.raises(errors.JournalCorrupt):
        begin(disk)
    assert damaged == disk.read(PATH)
    assert not disk.locks


def test_a_full_disk_is_fatal_and_nothing_is_tried_again() -> None:
    disk = new_disk()
    journal = begin(disk)
    disk.refuse_write = disk.writes + 1
    with pytest.raises(errors.JournalFailed, match=r"write failed .*No space left"):
        journal.append(intent())
    tried = disk.writes
    with pytest.raises(errors.JournalFailed):
        journal.append(intent())
    assert tried == disk.writes


@pytest.mark.parametrize("accept", [0, 1, 16, 40])
def test_a_write_taken_in_part_is_fatal_and_cut_by_the_next_run(accept: int) -> None:
    disk = new_disk()
    journal = begin(disk)
    disk.accept = accept
    with pytest.raises(errors.JournalFailed, match=f"took {accept} of"):
        journal.append(intent())
    journal.close()
    begin(disk, now=2.0)
    assert [opened(), opened(at=2.0)] == written(disk)


async def test_what_a_failed_sync_lost_is_on_the_medium_after_the_next_start() -> None:
    for seed in range(20):
        disk = new_disk(seed)
        journal = begin(disk, durability=POWER)
        for trade in range(60):  # more than one page of the system's memory
            journal.append(filled(trade_id=str(trade)))
        disk.refuse_sync = disk.syncs + 1
        with pytest.raises(errors.JournalFailed):
            await journal.kept(journal.sequence)
        disk.process_ends()
        again = begin(disk, durability=POWER)
        await again.kept(again.append(intent()))
        disk.lose_power()
        assert written(disk)[-1] == intent()


def test_a_write_that_a_signal_interrupts_is_the_last() -> None:
    disk = new_disk()
    journal = begin(disk)
    dies_at(disk, 1)
    with pytest.raises(Death):
        journal.append(intent())
    with pytest.raises(errors.JournalFailed, match="interrupted"):
        journal.append(sending())


def test_a_payload_that_cannot_be_written_harms_nobody() -> None:
    disk = new_disk()
    journal = begin(disk)
    with pytest.raises(TypeError):
        journal.append(Intent(at=1.0, client_id="x", trading_pair="BTC-USDT", order={"price": object()}))
    assert journal.append(intent()) == 2


async def test_process_durability_waits_for_no_disk() -> None:
    disk = new_disk()
    journal = begin(disk)
    before = disk.syncs
    await journal.kept(journal.append(intent()))
    assert before == disk.syncs


async def test_power_durability_returns_when_the_medium_has_it() -> None:
    disk = new_disk()
    journal = begin(disk, durability=POWER)
    await journal.kept(journal.append(intent()))
    disk.lose_power()
    assert [opened(), intent()] == written(disk)


async def test_those_who_wait_together_share_a_sync() -> None:
    disk = new_disk()
    journal = begin(disk, durability=POWER)
    before = disk.syncs
    numbers = [journal.append(filled(trade_id=str(trade))) for trade in range(10)]
    await asyncio.gather(*map(journal.kept, numbers))
    assert before + 1 == disk.syncs


async def test_a_record_appended_during_a_sync_is_not_covered_by_it() -> None:
    disk = new_disk()
    journal = begin(disk, durability=POWER)
    late: list[int] = []

    def append_during_sync(what: str, _: Path) -> None:
        if what == "sync" and not late:
            late.append(journal.append(sending()))

    disk.before_change = append_during_sync
    await journal.kept(journal.append(intent()))
    before = disk.syncs
    await journal.kept(late[0])
    assert before + 1 == disk.syncs


async def test_a_failed_sync_is_fatal_and_never_tried_again() -> None:
    disk = new_disk()
    journal = begin(disk, durability=POWER)
    numbers = [journal.append(intent()), journal.append(sending())]
    disk.refuse_sync = disk.syncs + 1
    results = await asyncio.gather(*map(journal.kept, numbers), return_exceptions=True)
    assert [errors.JournalFailed] * 2 == [type(result) for result in results]
    assert disk.refuse_sync == disk.syncs
    with pytest.raises(errors.JournalFailed, match=r"sync failed .*Input/output"):
        journal.append(intent(OTHER))


@pytest.mark.parametrize("durability", Durability)
def test_reserved_ids_survive_a_power_cut_whatever_the_durability(durability: Durability) -> None:
    disk = new_disk()
    begin(disk, durability=durability).ids.take(2.0)
    disk.lose_power()
    assert reader.replay(PATH, disk=disk).next_counter == 1_024


def test_an_id_block_that_does_not_reach_the_medium_gives_no_id() -> None:
    disk = new_disk()
    journal = begin(disk)
    disk.refuse_sync = disk.syncs + 1
    with pytest.raises(errors.JournalFailed, match="sync failed"):
        journal.ids.take(1.0)


def test_the_disk_refusing_at_any_point_of_a_start_is_typed_and_leaves_nothing_held() -> None:
    for attempt in ("refuse_write", "refuse_sync"):
        disk = new_disk()
        setattr(disk, attempt, disk.syncs + 1 if attempt == "refuse_sync" else 1)
        with pytest.raises(errors.JournalFailed):
            begin(disk)
        assert (0, {}) == (disk.open_files, disk.locks)


def test_a_folder_that_is_not_there_is_a_typed_failure(tmp_path: Path) -> None:
    with pytest.raises(errors.JournalFailed, match=r"opening failed .*No such file"):
        open_journal(tmp_path / "absent" / "orders.journal", ACCOUNT, now=1.0)


def filling(
    disk: SimDisk, size: int = 2_000, durability: Durability = Durability.PROCESS
) -> Callable[[int], None]:
    """A journal with one open order, and a call that adds so many orders that end at once."""
    journal = begin(disk, rotate=Rotation(size=size, ended_for=5.0), durability=durability)
    journal.append(intent())

    def more(orders: int) -> None:
        for number in range(orders):
            journal.append(intent(f"order{number}", at=100.0 + 10 * number))
            journal.append(ended(f"order{number}", at=101.0 + 10 * number))

    return more


def test_files_stay_bounded_while_what_is_open_goes_along() -> None:
    disk = new_disk()
    filling(disk)(100)
    assert len(disk.read(PATH)) < 2_500
    assert max(len(disk.read(archive)) for archive in reader.archives(PATH, disk)) < 2_500
    assert [opened(), intent()] == written(disk)[:2]


def test_a_new_file_leaves_no_file_open_but_itself() -> None:
    disk = new_disk()
    filling(disk)(100)
    assert disk.open_files == 1


def test_reserved_ids_go_along_into_a_new_file() -> None:
    disk = new_disk()
    journal = begin(disk, rotate=Rotation(size=1_000))
    journal.ids.take(1.0)
    for number in range(20):
        journal.append(filled(trade_id=str(number)))
    assert IdBlock(at=1.0, first=0, count=1_024) in written(disk)
    assert reader.replay(PATH, disk=disk).next_counter == 1_024


def test_a_file_of_things_still_open_grows_rather_than_being_copied_each_time() -> None:
    disk = new_disk()
    journal = begin(disk, rotate=Rotation(size=1_000))
    for number in range(200):
        journal.append(intent(f"order{number}"))
    assert len(reader.archives(PATH, disk)) < 8


async def test_under_power_durability_a_rotation_loses_nothing_that_was_kept() -> None:
    disk = new_disk()
    journal = begin(disk, rotate=Rotation(size=1_000, ended_for=0.0), durability=POWER)
    numbers = [journal.append(filled(trade_id=str(trade))) for trade in range(30)]
    await journal.kept(numbers[-1])
    disk.lose_power()
    assert set(numbers) <= {entry.sequence for entry in reader.entries_since(PATH, disk=disk)}


@pytest.mark.parametrize(
    ("call", "power"),
    [("size", False)]
    + [(call, power) for call in ("create", "link", "replace", "sync_folder") for power in (False, True)],
)
def test_a_crash_at_any_step_of_a_rotation_loses_nothing(
    call: str, power: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = new_disk()
    more = filling(disk, durability=POWER if power else Durability.PROCESS)

    def refuse(*_: object) -> None:
        raise OSError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(disk, call, refuse)
        with pytest.raises(errors.JournalFailed, match="gone"):
            more(100)
    before = [entry.sequence for entry in reader.entries_since(PATH, disk=disk)]
    disk.lose_power() if power else disk.process_ends()
    assert before[-1] < begin(disk, now=9.0, rotate=Rotation(size=2_000)).append(intent(OTHER))
    after = [entry.sequence for entry in reader.entries_since(PATH, disk=disk)]
    assert before == after[: len(before)]


@pytest.mark.parametrize("fault", ["refuse_write", "refuse_sync"])
def test_a_disk_that_fills_during_a_rotation_leaves_the_old_file_whole(fault: str) -> None:
    disk = new_disk()
    more = filling(disk)
    setattr(disk, fault, (disk.writes + 15) if fault == "refuse_write" else disk.syncs + 1)
    with pytest.raises(errors.JournalFailed):
        more(100)
    assert reader.replay(PATH, disk=disk).ending.kind is EndingKind.CLEAN


def test_a_journal_that_somebody_changed_is_noticed_at_the_next_rotation() -> None:
    disk = new_disk()
    more = filling(disk)
    disk.truncate(PATH, 100)
    with pytest.raises(errors.JournalFailed, match="somebody changed it"):
        more(100)


def test_a_journal_that_somebody_removed_is_noticed_at_the_next_rotation() -> None:
    disk = new_disk()
    more = filling(disk)
    disk.delete(PATH)
    with pytest.raises(errors.JournalFailed):
        more(100)


def test_what_an_earlier_run_left_open_goes_along_into_a_new_file() -> None:
    disk = new_disk()
    begin(disk).append(intent(OTHER))
    disk.process_ends()
    filling(disk)(100)
    assert intent(OTHER) in written(disk)


def test_a_run_that_is_cut_off_opens_again_and_again_to_the_same_history() -> None:
    disk = new_disk()
    begin(disk).append(intent())
    disk.append(PATH).write(b"half a frame")
    for _ in range(3):
        disk.process_ends()
        begin(disk, now=2.0)
    assert [opened(), intent()] == [
        item for item in written(disk) if not (isinstance(item, Opened) and item.at == 2.0)
    ]
