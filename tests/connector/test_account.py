from __future__ import annotations

from pathlib import Path

import pytest
from tests.journal.story import new_disk

from venuekit import errors
from venuekit.connector.account import AccountOptions, close_account, open_account
from venuekit.journal.record import CancelIntent
from venuekit.web.auth import Credentials, Secret

KEYS = Credentials("a-key", secret=Secret("a-secret-that-nobody-may-print"))


async def test_an_account_is_remembered_on_the_disk_that_was_given(tmp_path: Path) -> None:
    disk = new_disk()
    options = AccountOptions(journals=tmp_path, disk=disk)
    close_account(open_account("toy", "main", KEYS, options, 1.0, holder="a"), (), 2.0, holder="a")
    again = open_account("toy", "main", KEYS, options, 3.0, holder="a")
    assert [type(entry.record).__name__ for entry in again.entries] == ["Opened", "Stopped"]
    close_account(again, (), 4.0, holder="a")
    assert {path.suffix for path in disk.files} >= {".journal"}


@pytest.mark.parametrize("what", ["make_folder", "sync_folder", "lock", "append", "write", "sync"])
async def test_a_disk_that_refuses_at_any_step_of_the_first_start_is_a_typed_failure(
    tmp_path: Path, what: str
) -> None:
    disk = new_disk()

    def refuse(step: str, path: Path) -> None:
        if step == what:
            raise PermissionError(13, "Permission denied", str(path))

    disk.before_change = refuse
    with pytest.raises(errors.JournalFailed, match="Permission denied"):
        open_account("toy", "main", KEYS, AccountOptions(journals=tmp_path, disk=disk), 1.0, holder="a")
    disk.before_change = None
    account = open_account("toy", "main", KEYS, AccountOptions(journals=tmp_path, disk=disk), 1.0, holder="a")
    close_account(account, (), 2.0, holder="a")


async def test_a_journal_that_was_removed_meanwhile_is_a_typed_failure_for_the_next_connector(
    tmp_path: Path,
) -> None:
    disk = new_disk()
    options = AccountOptions(journals=tmp_path, disk=disk)
    account = open_account("toy", "main", KEYS, options, 1.0, holder="spot")
    disk.delete(account.journal.path)
    with pytest.raises(errors.JournalFailed, match="No such file"):
        open_account("toy", "main", KEYS, options, 1.0, holder="perpetual")
    close_account(account, (), 2.0, holder="spot")


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
