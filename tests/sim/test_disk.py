from __future__ import annotations

from pathlib import Path

import pytest
from tests.journal.story import PATH, STORY, Death, begin, dies_at, filled, intent, new_disk

from venuekit import errors
from venuekit.journal import reader
from venuekit.journal.writer import Durability
from venuekit.seams.chance import seeded
from venuekit.sim.disk import ProcessOver, SimDisk
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel
from venuekit.sim.medium import PAGE, SECTOR, Remnant
from venuekit.sim.trace import Trace

FOLDER = PATH.parent
OTHER = FOLDER / "other"
FAILED = (61, 161, 202)
"""Seeds with a page that a failed sync lost behind the next start's back."""


def trouble(kind: DisturbanceKind, size: float = 0.0, share: float = 1.0, target: str = "") -> Disturbance:
    return Disturbance(kind=kind, at=0.0, seconds=10.0, size=size, share=share, target=target)


def with_file(seed: int = 0, synced: bytes = b"", written: bytes = b"") -> SimDisk:
    """A disk with a file of which one part is on the medium and another is not."""
    disk = new_disk(seed)
    file = disk.append(PATH)
    file.write(synced)
    file.sync()
    disk.sync_folder(FOLDER)
    file.write(written)
    return disk


# What survives what.


def test_what_was_written_survives_the_process_and_its_open_files_do_not() -> None:
    disk = with_file(written=b"abc")
    disk.process_ends()
    assert (b"abc", 0) == (disk.read(PATH), disk.open_files)


def test_what_was_synced_survives_the_power() -> None:
    for seed in range(50):
        disk = with_file(seed, synced=b"abc")
        disk.lose_power()
        assert disk.read(PATH) == b"abc"


@pytest.mark.parametrize("kind", [kind for kind in Remnant if kind is not Remnant.HOLE])
def test_of_what_was_not_synced_the_power_leaves_nothing_all_or_a_part(kind: Remnant) -> None:
    synced, written = b"s" * 100, b"w" * 2_000
    left = set()
    for seed in range(300):
        disk = with_file(seed, synced, written)
        disk.lose_power((kind,))
        content = disk.read(PATH)
        assert content.startswith(synced)
        left.add(content[len(synced) :])
        assert disk.remnants == {kind: 1}
    whole = len(written)
    assert {
        Remnant.NOTHING: left == {b""},
        Remnant.WHOLE: left == {written},
        Remnant.TORN: len(left) > 200 and all(part == b"w" * len(part) for part in left),
        Remnant.UNWRITTEN: all(part.endswith(b"\0") and len(part) <= whole for part in left)
        and {0, SECTOR - 100, 2 * SECTOR - 100} <= {len(part.rstrip(b"\0")) for part in left},
    }[kind]


def test_each_file_loses_for_itself() -> None:
    seen = set()
    for seed in range(100):
        disk = with_file(seed, written=b"first")
        file = disk.append(OTHER)
        disk.sync_folder(FOLDER)
        file.write(b"second")
        disk.lose_power((Remnant.NOTHING, Remnant.WHOLE))
        seen.add((disk.read(PATH), disk.read(OTHER)))
    assert seen == {(first, second) for first in (b"", b"first") for second in (b"", b"second")}


def test_a_name_that_was_not_synced_may_be_lost_with_all_that_is_in_the_file() -> None:
    seen = set()
    for seed in range(50):
        disk = new_disk(seed)
        file = disk.append(PATH)
        file.write(b"abc")
        file.sync()
        disk.lose_power()
        seen.add(PATH in disk)
    assert seen == {True, False}


def test_a_renaming_that_was_not_synced_is_done_whole_or_not_at_all() -> None:
    seen = set()
    for seed in range(50):
        disk = with_file(seed, synced=b"old")
        new = disk.create(OTHER)
        new.write(b"new")
        new.sync()
        disk.sync_folder(FOLDER)
        disk.replace(OTHER, PATH)
        disk.lose_power()
        seen.add((disk.read(PATH), OTHER in disk))
    assert seen == {(b"old", True), (b"new", False)}


def test_a_file_made_anew_is_the_old_one_or_a_part_of_the_new_one_until_it_is_synced() -> None:
    seen = set()
    for seed in range(100):
        disk = with_file(seed, synced=b"old")
        disk.create(PATH).write(b"newer")
        disk.lose_power((Remnant.NOTHING, Remnant.WHOLE))
        seen.add(disk.read(PATH))
    assert seen == {b"old", b"", b"newer"}


async def test_what_is_written_during_a_sync_is_not_covered_by_it() -> None:
    kernel = Kernel(1)
    host = Host(kernel, "trader")
    disk = SimDisk.of(host)
    disk.make_folder(FOLDER)

    async def main() -> None:
        file = disk.append(PATH)
        disk.sync_folder(FOLDER)
        file.write(b"before")
        syncing = host.loop.create_task(file.synced())
        await host.loop.create_task(nothing())
        file.write(b" and during")
        await syncing

    host.start(main)
    kernel.run(1.0)
    host.kill()
    disk.lose_power((Remnant.NOTHING,))
    assert disk.read(PATH) == b"before"


async def nothing() -> None:
    """One turn of a loop."""


def test_after_a_failed_sync_the_next_one_succeeds_and_the_bytes_are_lost() -> None:
    lost = 0
    for seed in range(50):
        disk = with_file(seed)
        file = disk.append(PATH)
        file.write(b"abc")
        disk.refuse_sync = disk.syncs + 1
        with pytest.raises(OSError, match="Input/output"):
            file.sync()
        file.sync()
        assert disk.read(PATH) == b"abc"
        disk.lose_power((Remnant.WHOLE,))
        lost += disk.read(PATH) == b""
    assert lost in range(10, 40)


def test_bytes_behind_a_page_that_a_failed_sync_lost_stand_behind_zeros() -> None:
    for seed in range(50):
        disk = with_file(seed)
        file = disk.append(PATH)
        file.write(b"a" * PAGE)
        disk.refuse_sync = disk.syncs + 1
        with pytest.raises(OSError, match="Input/output"):
            file.sync()
        file.write(b"b")
        file.sync()
        disk.lose_power()
        assert disk.read(PATH) in (b"a" * PAGE + b"b", bytes(PAGE) + b"b")


def test_a_lock_ends_with_its_process_however_that_ends() -> None:
    for end in (SimDisk.process_ends, SimDisk.lose_power):
        disk = new_disk()
        disk.lock(OTHER)
        with pytest.raises(BlockingIOError):
            disk.lock(OTHER)
        before = disk.holder(OTHER)
        end(disk)
        disk.lock(OTHER)
        assert disk.holder(OTHER) not in (None, before)


def test_a_process_that_is_over_changes_nothing_any_more() -> None:
    disk = with_file(synced=b"abc")
    file, lock = disk.append(PATH), disk.lock(OTHER)
    disk.process_ends()
    for leave_a_trace in (lambda: file.write(b"d"), file.sync):
        with pytest.raises(ProcessOver):
            leave_a_trace()
    disk.lock(OTHER)
    lock.release()
    file.close()
    assert (b"abc", 0, [OTHER]) == (disk.read(PATH), disk.open_files, list(disk.locks))


def test_the_same_seed_loses_the_same() -> None:
    def left(seed: int) -> bytes:
        disk = with_file(seed, written=b"w" * 3_000)
        disk.lose_power()
        return disk.read(PATH)

    assert [left(seed) for seed in range(20)] == [left(seed) for seed in range(20)]


# What it refuses.


@pytest.mark.parametrize(
    "ask",
    [
        lambda disk: disk.read(OTHER),
        lambda disk: disk.size(OTHER),
        lambda disk: disk.link(OTHER, PATH),
        lambda disk: disk.replace(OTHER, PATH),
        lambda disk: disk.append(Path("/nowhere/file")),
        lambda disk: disk.names(Path("/nowhere")),
        lambda disk: disk.sync_folder(Path("/nowhere")),
    ],
)
def test_what_is_not_there_is_not_found(ask: object) -> None:
    with pytest.raises(FileNotFoundError):
        ask(with_file())  # type: ignore[operator]


def test_a_full_disk_takes_what_fits_and_then_nothing_until_there_is_room() -> None:
    disk = with_file()
    full = trouble(DisturbanceKind.DISK_FULL, size=5)
    disk.disturb(full)
    file = disk.append(PATH)
    assert [3, 2] == [file.write(b"abc"), file.write(b"def")]
    for refused in (lambda: file.write(b"f"), lambda: disk.create(OTHER)):
        with pytest.raises(OSError, match="No space left"):
            refused()
    disk.calm(full)
    assert file.write(b"f") == 1
    assert disk.read(PATH) == b"abcdef"
    assert disk.fired == {"disk_full": 3}


def test_a_disk_that_may_only_be_read_changes_nothing() -> None:
    disk = with_file(synced=b"abc")
    file = disk.append(PATH)
    read_only = trouble(DisturbanceKind.DISK_READ_ONLY)
    disk.disturb(read_only)
    refused = (
        lambda: file.write(b"d"),
        file.sync,
        lambda: disk.append(PATH),
        lambda: disk.create(PATH),
        lambda: disk.link(PATH, OTHER),
        lambda: disk.replace(PATH, OTHER),
        lambda: disk.lock(OTHER),
        lambda: disk.make_folder(FOLDER / "inner"),
    )
    for change in refused:
        with pytest.raises(OSError, match="Read-only"):
            change()
    assert (b"abc", ["orders.journal"]) == (disk.read(PATH), disk.names(FOLDER))
    assert disk.fired == {"disk_read_only": len(refused)}
    disk.calm(read_only)
    assert file.write(b"d") == 1


def test_writes_fail_or_are_cut_short_for_their_share() -> None:
    disk = with_file()
    file = disk.append(PATH)
    disk.disturb(trouble(DisturbanceKind.WRITE_FAILS, share=0.5))
    taken = []
    for _ in range(200):
        try:
            taken.append(file.write(b"abcd"))
        except OSError:
            taken.append(-1)
    assert set(taken) == {-1, 0, 1, 2, 3, 4}
    assert disk.fired["write_fails"] == sum(count < 4 for count in taken)
    assert disk.fired["write_fails"] in range(70, 130)


def test_syncs_fail_for_their_share_those_of_folders_too() -> None:
    disk = with_file()
    file = disk.append(PATH)
    disk.disturb(trouble(DisturbanceKind.SYNC_FAILS, share=0.5))
    failed = 0
    for _ in range(100):
        for sync in (file.sync, lambda: disk.sync_folder(FOLDER)):
            try:
                sync()
            except OSError:
                failed += 1
    assert failed == disk.fired["sync_fails"]
    assert failed in range(70, 130)


def test_a_disturbance_concerns_the_paths_that_it_names() -> None:
    disk = with_file()
    disk.disturb(trouble(DisturbanceKind.WRITE_FAILS, target="other"))
    assert disk.append(PATH).write(b"a") == 1
    file = disk.append(OTHER)
    with pytest.raises(OSError, match="Input/output"):
        [file.write(b"a") for _ in range(20)]


def test_what_is_none_of_the_disks_is_refused() -> None:
    with pytest.raises(ValueError, match="latency is none of the disk's"):
        new_disk().disturb(trouble(DisturbanceKind.LATENCY))


def test_who_has_a_file_open_that_is_removed_writes_on_for_nobody() -> None:
    disk = with_file(synced=b"abc")
    file = disk.append(PATH)
    disk.disturb(trouble(DisturbanceKind.FILE_DELETED, target="orders"))
    assert file.write(b"d") == 1
    file.sync()
    assert PATH not in disk
    disk.lose_power()
    assert PATH not in disk
    assert disk.fired == {"file_deleted": 1}


# How long it takes.


@pytest.mark.parametrize("waits", [True, False])
def test_a_slow_sync_takes_the_machine_or_lets_the_loop_go_on(waits: bool) -> None:
    kernel = Kernel(1)
    host = Host(kernel, "trader")
    disk = SimDisk.of(host)
    disk.make_folder(FOLDER)
    disk.disturb(trouble(DisturbanceKind.SYNC_SLOW, size=1.0))
    seen: dict[str, float] = {}

    async def other() -> None:
        seen["other"] = host.loop.time()

    async def main() -> None:
        file = disk.append(PATH)
        began = host.loop.time()
        task = host.loop.create_task(other())
        if waits:
            file.sync()
        else:
            await file.synced()
        seen["synced"] = host.loop.time()
        await task
        seen.update({name: moment - began for name, moment in seen.items()})

    host.start(main)
    kernel.run(5.0)
    assert 1.0 <= seen["synced"] < 1.01
    assert (seen["other"] > 1.0) is waits
    assert disk.fired == {"sync_slow": 1}


def test_appends_and_syncs_are_seen_in_the_trace() -> None:
    kernel = Kernel(1, trace=Trace(keeps=True))
    disk = SimDisk.of(Host(kernel, "trader"))
    disk.make_folder(FOLDER)
    file = disk.append(PATH)
    file.write(b"abc")
    file.sync()
    assert [("append", "orders.journal: 3 bytes at 0"), ("sync", "orders.journal: 3 bytes")] == [
        (mark.kind, mark.text) for mark in kernel.trace.marks
    ]


@pytest.mark.parametrize("power", [False, True])
def test_what_happens_to_a_host_happens_to_its_disk(power: bool) -> None:
    kernel = Kernel(3)
    host = Host(kernel, "trader")
    disk = SimDisk.of(host)
    assert host.disk is disk
    disk.make_folder(FOLDER)

    async def main() -> None:
        disk.append(PATH).write(b"abc")
        disk.lock(OTHER)

    disk.lose_power()
    host.start(main)
    kernel.run(1.0)
    host.kill(power=power)
    assert not disk.locks
    assert power is bool(disk.remnants)


# A journal on it.


def test_a_bit_is_turned_back_when_a_sound_copy_comes_and_not_in_a_file_that_was_cut_meanwhile() -> None:
    for is_cut in (False, True):
        disk = with_file(synced=b"as it was")
        rot = trouble(DisturbanceKind.BIT_FLIP)
        disk.disturb(rot)
        disk.process_ends()
        flipped = disk.read(PATH)
        assert flipped != b"as it was"
        if is_cut:
            disk.truncate(PATH, 8)
        disk.calm(rot)
        assert disk.read(PATH) == (flipped[:8] if is_cut else b"as it was")


def test_every_flipped_bit_of_a_journal_is_found_at_the_next_start() -> None:
    for seed in range(300):
        disk = new_disk(seed)
        with begin(disk) as journal:
            for item in STORY[1:]:
                journal.append(item)
        disk.disturb(trouble(DisturbanceKind.BIT_FLIP))
        disk.process_ends()
        assert disk.fired == {"bit_flip": 1}
        with pytest.raises(errors.JournalCorrupt):
            begin(disk)


def test_a_sector_that_was_never_written_between_others_is_damage_and_never_read_over() -> None:
    refused = 0
    for seed in range(100):
        disk = new_disk(seed)
        journal = begin(disk)
        for number in range(40):
            journal.append(filled(trade_id=str(number)))
        whole = [entry.sequence for entry in reader.replay(PATH, disk=disk).entries]
        disk.lose_power((Remnant.HOLE,))
        try:
            left = [entry.sequence for entry in reader.replay(PATH, disk=disk).entries]
            assert left == whole[: len(left)]
        except errors.JournalCorrupt:
            refused += 1
    assert 0 < refused < 100


@pytest.mark.parametrize("seed", [*range(20), *FAILED])
async def test_a_journal_in_bad_weather_says_so_and_forgets_nothing_that_it_promised(seed: int) -> None:
    disk, chance = new_disk(seed), seeded(seed)
    weather = (DisturbanceKind.WRITE_FAILS, DisturbanceKind.SYNC_FAILS)
    promised: set[str] = set()
    for life in range(10):
        spell = trouble(chance.choice(weather), share=0.05)
        dies_at(disk, chance.randint(1, 60))
        disk.disturb(spell)
        try:
            journal = begin(disk, now=float(life), durability=Durability.POWER)
            for number in range(20):
                name = f"{life}-{number}"
                await journal.kept(journal.append(intent(name)))
                promised.add(name)
        except (errors.JournalFailed, Death):
            pass
        disk.calm(spell)
        disk.before_change = None
        chance.choice((disk.process_ends, disk.lose_power))()
    begin(disk)
    kept = {getattr(entry.record, "client_id", "") for entry in reader.replay(PATH, disk=disk).entries}
    assert promised
    assert promised <= kept
