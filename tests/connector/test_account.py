from __future__ import annotations

from pathlib import Path

import pytest
from tests.journal.memory_disk import MemoryDisk

from venuekit import errors
from venuekit.connector.account import AccountOptions, close_account, open_account
from venuekit.journal.record import CancelIntent
from venuekit.web.auth import Credentials, Secret

KEYS = Credentials("a-key", secret=Secret("a-secret-that-nobody-may-print"))


async def test_an_account_is_remembered_on_the_disk_that_was_given(tmp_path: Path) -> None:
    disk = MemoryDisk()
    options = AccountOptions(journals=tmp_path, disk=disk)
    close_account(open_account("toy", "main", KEYS, options, 1.0, holder="a"), (), 2.0, holder="a")
    again = open_account("toy", "main", KEYS, options, 3.0, holder="a")
    assert [type(entry.record).__name__ for entry in again.entries] == ["Opened", "Stopped"]
    close_account(again, (), 4.0, holder="a")
    assert {path.suffix for path in disk.files} >= {".journal"}


async def test_a_connector_that_comes_back_recalls_what_happened_meanwhile(tmp_path: Path) -> None:
    options = AccountOptions(journals=tmp_path)
    spot = open_account("toy", "main", KEYS, options, 1.0, holder="spot")
    perpetual = open_account("toy", "main", KEYS, options, 1.0, holder="perpetual")
    assert perpetual is spot
    close_account(spot, (), 2.0, holder="spot")
    name = perpetual.ids.take(2.0)
    perpetual.journal.append(CancelIntent(at=2.0, client_id=name))
    again = open_account("toy", "main", KEYS, options, 3.0, holder="spot")
    assert again is perpetual
    assert isinstance(again.entries[-1].record, CancelIntent)
    close_account(again, (), 4.0, holder="spot")
    close_account(perpetual, (), 4.0, holder="perpetual")


async def test_one_product_of_an_account_has_one_connector_in_a_process(tmp_path: Path) -> None:
    options = AccountOptions(journals=tmp_path)
    account = open_account("toy", "main", KEYS, options, 1.0, holder="spot")
    with pytest.raises(errors.UsageError, match="follow the pairs of both with one"):
        open_account("toy", "main", KEYS, options, 1.0, holder="spot")
    close_account(account, (), 2.0, holder="spot")
