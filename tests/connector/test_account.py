from __future__ import annotations

from pathlib import Path

from tests.journal.memory_disk import MemoryDisk

from venuekit.connector.account import AccountOptions, close_account, open_account
from venuekit.web.auth import Credentials, Secret

KEYS = Credentials("a-key", secret=Secret("a-secret-that-nobody-may-print"))


async def test_an_account_is_remembered_on_the_disk_that_was_given(tmp_path: Path) -> None:
    disk = MemoryDisk()
    options = AccountOptions(journals=tmp_path, disk=disk)
    close_account(open_account("toy", "main", KEYS, options, 1.0), (), 2.0)
    again = open_account("toy", "main", KEYS, options, 3.0)
    assert [type(entry.record).__name__ for entry in again.entries] == ["Opened", "Stopped"]
    close_account(again, (), 4.0)
    assert {path.suffix for path in disk.files} >= {".journal"}
