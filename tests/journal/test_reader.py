from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.story import (
    ACCOUNT,
    INSTANCE,
    PATH,
    STORY,
    begin,
    file_of,
    filled,
    intent,
    new_disk,
    opened,
)

from venuekit import errors
from venuekit.journal import frame, reader
from venuekit.journal.frame import EndingKind
from venuekit.journal.record import FORMAT, Carried, IdBlock
from venuekit.journal.rotation import Rotation
from venuekit.sim.disk import SimDisk

WHOLE = file_of(STORY)


def test_records_come_back_in_order_under_their_numbers() -> None:
    history = reader.replay_bytes(WHOLE, "j")
    assert list(enumerate(STORY, start=1)) == [(entry.sequence, entry.record) for entry in history.entries]


def test_a_replay_knows_the_account_the_instance_and_the_last_number() -> None:
    history = reader.replay_bytes(WHOLE, "j")
    assert history.opened is not None
    assert (ACCOUNT, INSTANCE) == (history.opened.account, history.opened.instance)
    assert history.last_sequence == len(STORY)


def test_the_next_counter_is_behind_the_last_reserved_block() -> None:
    blocks = [IdBlock(at=2.0, first=1_024, count=1_024), IdBlock(at=3.0, first=2_048, count=1_024)]
    assert reader.replay_bytes(file_of([opened(), *blocks]), "j").next_counter == 3_072


def test_an_empty_journal_has_no_history() -> None:
    history = reader.replay_bytes(b"", "j")
    assert (None, 0, 0, False, ()) == (
        history.opened,
        history.next_counter,
        history.last_sequence,
        history.stopped,
        history.entries,
    )


@pytest.mark.parametrize(("records", "stopped"), [(STORY, True), (STORY[:-1], False)])
def test_only_a_run_that_said_so_ended_on_purpose(records: tuple[object, ...], stopped: bool) -> None:
    assert stopped is reader.replay_bytes(file_of(records), "j").stopped  # type: ignore[arg-type]  # bodies


def test_since_lists_later_records_and_still_knows_the_rest() -> None:
    history = reader.replay_bytes(WHOLE, "j", since=len(STORY) - 2)
    assert list(STORY[-2:]) == [entry.record for entry in history.entries]
    assert (opened(), 1_024) == (history.opened, history.next_counter)


def test_any_prefix_replays_to_a_prefix_of_history() -> None:
    """J1."""
    for size in range(len(WHOLE) + 1):
        entries = reader.replay_bytes(WHOLE[:size], "j").entries
        assert list(STORY[: len(entries)]) == [entry.record for entry in entries]


@settings(max_examples=50)
@given(st.integers(0, len(WHOLE)))
def test_replaying_what_a_replay_found_changes_nothing(size: int) -> None:
    """J1: once the torn tail is cut, a second crash and replay find the same."""
    once = reader.replay_bytes(WHOLE[:size], "j")
    again = reader.replay_bytes(WHOLE[: once.ending.offset], "j")
    clean = frame.Ending(kind=EndingKind.CLEAN, offset=once.ending.offset, sequence=once.ending.sequence)
    assert msgspec.structs.replace(once, ending=clean) == again


def test_a_flipped_bit_anywhere_stops_the_replay() -> None:
    for bit in range(8 * len(WHOLE)):
        flipped = bytearray(WHOLE)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(errors.JournalCorrupt):
            reader.replay_bytes(bytes(flipped), "j")


def test_damage_says_where_it_is_and_what_to_do() -> None:
    flipped = bytearray(WHOLE)
    second = len(file_of(STORY[:1]))
    flipped[second + 20] ^= 1
    with pytest.raises(
        errors.JournalCorrupt, match=f"damaged at byte {second}, record 2.*sound copy"
    ) as caught:
        reader.replay_bytes(bytes(flipped), "orders.journal")
    assert ("orders.journal", second, 2) == (caught.value.path, caught.value.offset, caught.value.sequence)


def test_a_sound_frame_without_a_record_is_damage() -> None:
    with pytest.raises(errors.JournalCorrupt, match="record 2: no record of ours"):
        reader.replay_bytes(file_of([opened()]) + frame.encode(2, b"\xc1"), "j")


def test_a_salvage_keeps_all_that_stands_before_the_damage() -> None:
    for place in range(len(WHOLE)):
        damaged = bytearray(WHOLE)
        damaged[place] ^= 1
        history, damage = reader.salvage(bytes(damaged), "j")
        assert damage is not None
        assert len(file_of(STORY[: len(history.entries)])) == damage.offset <= place
        assert list(STORY[: len(history.entries)]) == [entry.record for entry in history.entries]
        assert (EndingKind.CORRUPT, damage.offset) == (history.ending.kind, history.ending.offset)


def test_a_salvage_stops_before_a_sound_frame_without_a_record() -> None:
    data = file_of([opened()]) + frame.encode(2, b"\xc1") + frame.encode(3, b"")
    history, damage = reader.salvage(data, "j")
    assert damage is not None
    assert (1, 2) == (len(history.entries), damage.sequence)


def test_a_salvage_of_a_sound_file_is_a_replay() -> None:
    assert reader.salvage(WHOLE + b"half", "j") == (reader.replay_bytes(WHOLE + b"half", "j"), None)


def test_a_newer_format_is_not_misread() -> None:
    with pytest.raises(errors.JournalMismatch, match="format 2; this version reads up to 1"):
        reader.replay_bytes(file_of([opened(format=FORMAT + 1)]), "j")


def test_a_carried_record_comes_back_under_its_old_number() -> None:
    history = reader.replay_bytes(file_of([Carried(sequence=3, record=intent())], first=40), "j")
    assert [(3, intent(), True)] == [
        (entry.sequence, entry.record, entry.carried) for entry in history.entries
    ]
    assert history.last_sequence == 40


def test_a_file_on_the_machines_own_disk_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "orders.journal"
    path.write_bytes(WHOLE)
    assert reader.replay_bytes(WHOLE, "j") == reader.replay(path)
    assert len(STORY) == len(list(reader.entries_since(path)))


def rotated_often(disk: SimDisk) -> list[int]:
    """A journal that rotated at least twice while one order stayed open; the numbers that it gave."""
    with begin(disk, rotate=Rotation(size=2_000)) as journal:
        given_out = [1, journal.append(intent())]
        given_out += [journal.append(filled(trade_id=str(trade))) for trade in range(40)]
    assert len(reader.archives(PATH, disk)) >= 2
    return given_out


def test_every_record_of_all_files_is_read_once() -> None:
    disk = new_disk()
    given_out = rotated_often(disk)
    assert given_out == [entry.sequence for entry in reader.entries_since(PATH, disk=disk)]


def test_reading_goes_on_behind_a_number_across_files() -> None:
    disk = new_disk()
    given_out = rotated_often(disk)
    assert given_out[5:] == [entry.sequence for entry in reader.entries_since(PATH, given_out[4], disk)]


def test_without_its_archives_a_journal_still_tells_all_about_an_open_order() -> None:
    disk = new_disk()
    rotated_often(disk)
    for archive in reader.archives(PATH, disk):
        disk.delete(archive)
    trades = [
        entry.record.trade_id
        for entry in reader.entries_since(PATH, disk=disk)
        if hasattr(entry.record, "trade_id")
    ]
    assert [str(trade) for trade in range(40)] == trades


def test_only_rotated_files_count_as_archives() -> None:
    disk = new_disk()
    for name in (
        "orders.journal.lock",
        "orders.journal.next",
        "orders.journal.000000000012",
        "orders.journal.12",
    ):
        disk.create(PATH.with_name(name))
    assert [PATH.with_name("orders.journal.000000000012")] == reader.archives(PATH, disk)
