from __future__ import annotations

import os
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from venuekit.seams import disk
from venuekit.seams.disk import SystemDisk

DISK = SystemDisk()
HOLD = """
import sys
from pathlib import Path
from venuekit.seams.disk import SystemDisk
lock = SystemDisk().lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def test_what_is_written_can_be_read_at_once(path: Path) -> None:
    file = DISK.append(path)
    assert [2, 3] == [file.write(b"ab"), file.write(b"cde")]
    assert DISK.read(path) == b"abcde"
    assert DISK.size(path) == 5
    file.close()


def test_appending_keeps_what_was_there_and_creating_does_not(path: Path) -> None:
    for file in (DISK.append(path), DISK.append(path)):
        file.write(b"x")
        file.close()
    assert DISK.read(path) == b"xx"
    DISK.create(path).close()
    assert DISK.read(path) == b""


def test_a_file_is_its_owners_alone(path: Path) -> None:
    DISK.append(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_both_syncs_return_and_leave_no_descriptor(path: Path) -> None:
    file = DISK.append(path)
    file.write(b"x")
    before = open_descriptors()
    file.sync()
    await file.synced()
    assert before == open_descriptors()
    file.close()


def test_a_forked_child_may_not_write_what_its_parent_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = DISK.append(path)
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    with pytest.raises(PermissionError, match=f"process {parent} opened this file"):
        file.write(b"x")
    file.close()


def test_a_database_is_its_owners_alone(path: Path) -> None:
    with closing(disk.database(path)) as database:
        database.execute("CREATE TABLE orders (id TEXT)")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_is_made_once_with_those_above_it_and_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "journals"
    DISK.make_folder(folder)
    DISK.make_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_name_of_each_new_folder_is_synced_in_the_one_above_it(
    tmp_path: Path,
) -> None:
    synced: list[Path] = []

    class Watched(SystemDisk):
        def sync_folder(self, folder: Path) -> None:
            super().sync_folder(folder)
            synced.append(folder)

    Watched().make_folder(tmp_path / "state" / "journals")
    assert [tmp_path, tmp_path / "state"] == synced


def test_names_come_in_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).touch()
    DISK.sync_folder(tmp_path)
    assert ["a", "b", "c"] == DISK.names(tmp_path)


def test_a_second_name_outlives_the_replacing_of_the_first(path: Path) -> None:
    path.write_bytes(b"old")
    second, new = path.with_name("second"), path.with_name("new")
    new.write_bytes(b"new")
    DISK.link(path, second)
    DISK.link(path, second)
    DISK.replace(new, path)
    assert [b"new", b"old"] == [DISK.read(path), DISK.read(second)]


def test_a_second_name_that_is_another_files_is_not_taken(path: Path) -> None:
    path.touch()
    path.with_name("second").touch()
    with pytest.raises(FileExistsError):
        DISK.link(path, path.with_name("second"))


def test_a_lock_is_held_once_even_within_one_process(path: Path) -> None:
    lock = DISK.lock(path)
    with pytest.raises(BlockingIOError):
        DISK.lock(path)
    assert os.getpid() == DISK.holder(path)
    lock.release()
    assert DISK.holder(path) is None
    DISK.lock(path).release()


def test_the_lock_of_a_killed_process_is_free(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert child.pid == DISK.holder(path)
        with pytest.raises(BlockingIOError):
            DISK.lock(path)
        child.kill()
        child.wait()
    DISK.lock(path).release()


def test_a_database_that_is_only_read_is_not_made(path: Path) -> None:
    with pytest.raises(Exception, match="unable to open"):
        disk.database(path, read_only=True)
    assert not path.exists()
    disk.database(path).close()
    disk.database(path, read_only=True).close()
