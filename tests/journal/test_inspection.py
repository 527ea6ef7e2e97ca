from __future__ import annotations

import msgspec
import pytest
from tests.journal.story import (
    ACCOUNT,
    ID,
    INSTANCE,
    OTHER,
    PATH,
    STORY,
    begin,
    file_of,
    filled,
    intent,
    new_disk,
    opened,
    sending,
)

from venuekit import errors
from venuekit.journal.frame import EndingKind
from venuekit.journal.inspection import inspect, verify
from venuekit.journal.record import Body, Command, Doubt, IdBlock
from venuekit.journal.rotation import Rotation
from venuekit.sim.disk import SimDisk

BLOCK = IdBlock(at=2.0, first=0, count=1_024)


def disk_with(*records: Body, tail: bytes = b"") -> SimDisk:
    disk = new_disk()
    disk.append(PATH).write(file_of(records) + tail)
    return disk


def test_an_inspection_says_whose_journal_it_is_and_what_it_holds() -> None:
    found = inspect(PATH, disk_with(*STORY))
    assert (str(PATH), ACCOUNT, INSTANCE, 1) == (found.path, found.account, found.instance, found.format)
    assert (1.0, 11.0, len(STORY)) == (found.first_at, found.last_at, found.last_sequence)
    assert (1, True, 1_024) == (found.runs, found.stopped, found.ids_reserved)
    assert (1, 2, len(file_of(STORY))) == (found.kinds["Filled"], found.kinds["Sending"], found.size)


def test_an_inspection_lists_what_is_open_and_what_is_in_doubt() -> None:
    doubt = Doubt(at=5.0, client_id=OTHER, command=Command.PLACE, why="TimedOut")
    found = inspect(PATH, disk_with(*STORY, intent(OTHER), doubt))
    assert ((OTHER,), (OTHER,)) == (found.open_orders, found.in_doubt)


def test_an_inspection_of_an_empty_journal_knows_nothing() -> None:
    found = inspect(PATH, disk_with())
    assert (None, None, None, None, 0) == (
        found.account,
        found.instance,
        found.format,
        found.first_at,
        found.runs,
    )


def test_an_inspection_can_be_written_as_json() -> None:
    assert b'"kind":"clean"' in msgspec.json.encode(inspect(PATH, disk_with(*STORY)))


def test_an_inspection_does_not_read_past_damage() -> None:
    with pytest.raises(errors.JournalCorrupt):
        inspect(PATH, disk_with(*STORY, tail=bytes(range(1, 60))))


def test_a_salvage_tells_what_stands_before_the_damage_and_where_that_is() -> None:
    disk = disk_with(opened(), BLOCK, intent(), tail=bytes(range(1, 60)))
    found = inspect(PATH, disk, salvage=True)
    assert (3, (ID,), False) == (found.last_sequence, found.open_orders, found.stopped)
    assert (EndingKind.CORRUPT, len(file_of((opened(), BLOCK, intent()))), 4) == (
        found.ending.kind,
        found.ending.offset,
        found.ending.sequence,
    )


def test_a_salvage_of_a_sound_journal_is_an_inspection() -> None:
    disk = disk_with(*STORY, tail=b"half")
    assert inspect(PATH, disk) == inspect(PATH, disk, salvage=True)


def test_an_undamaged_journal_is_sound() -> None:
    verdict = verify(PATH, disk_with(*STORY))
    assert (True, ()) == (verdict.is_sound, verdict.complaints)
    assert [(str(PATH), len(STORY))] == [(file.path, file.records) for file in verdict.files]


def test_a_journal_with_archives_is_sound_in_all_its_files() -> None:
    disk = new_disk()
    with begin(disk, rotate=Rotation(size=1_000)) as journal:
        client_id = journal.ids.take(1.0)
        journal.append(intent(client_id))
        for trade in range(30):
            journal.append(filled(client_id, str(trade)))
    verdict = verify(PATH, disk)
    assert (True, ()) == (verdict.is_sound, verdict.complaints)
    assert len(verdict.files) > 1


def test_a_torn_tail_is_told_and_sound() -> None:
    verdict = verify(PATH, disk_with(*STORY, tail=b"half"))
    assert verdict.is_sound
    assert (EndingKind.TORN, len(file_of(STORY))) == (
        verdict.files[0].ending.kind,
        verdict.files[0].ending.offset,
    )


def test_damage_is_told_and_not_raised() -> None:
    verdict = verify(PATH, disk_with(*STORY, tail=bytes(range(1, 60))))
    assert not verdict.is_sound
    assert EndingKind.CORRUPT is verdict.files[0].ending.kind


def test_a_record_that_cannot_be_read_is_a_complaint() -> None:
    (complaint,) = verify(PATH, disk_with(opened(format=9))).complaints
    assert "written in format 9" in complaint


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        ((opened(), opened(instance="f" * 12)), "record 2: another account or instance than record 1"),
        ((opened(), BLOCK, BLOCK), "record 3: reserves ids from 0, which were reserved before"),
        ((opened(), intent()), f"record 2: the id {ID} was never reserved"),
        ((intent(),), f"record 1: the id {ID} was never reserved"),
        ((opened(), BLOCK, intent(), intent()), f"record 4: a second order has the id {ID}"),
        ((opened(), BLOCK, sending()), f"record 3: {ID} was sent and never intended"),
        ((opened(), BLOCK, intent(), filled(), filled()), f"record 5: trade 77 of {ID} stands twice"),
    ],
)
def test_records_that_contradict_each_other_are_told(records: tuple[Body, ...], complaint: str) -> None:
    verdict = verify(PATH, disk_with(*records))
    assert ((complaint,), False) == (verdict.complaints, verdict.is_sound)


def test_a_foreign_id_as_our_own_order_is_told() -> None:
    (complaint,) = verify(PATH, disk_with(opened(), BLOCK, intent("web_1"))).complaints
    assert complaint == "record 3: the id web_1 was never reserved"
