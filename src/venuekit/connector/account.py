"""One key at one company: its memory, its client ids, what is set aside of its wallet."""

from __future__ import annotations

from pathlib import Path

from venuekit import errors
from venuekit.journal import reader
from venuekit.journal.frame import EndingKind
from venuekit.journal.ids import ClientIds
from venuekit.journal.location import default_folder, fingerprint, journal_path
from venuekit.journal.reader import Entry
from venuekit.journal.record import AccountName, Stopped
from venuekit.journal.writer import Durability, Journal, open_journal
from venuekit.protocol.frozen import Frozen
from venuekit.seams.disk import Disk, SystemDisk
from venuekit.seams.process import shared
from venuekit.state.budget_checker import CollateralLocks
from venuekit.web.auth import Credentials

__all__ = ["Account", "AccountOptions", "close_account", "journal_of", "open_account"]


class AccountOptions(Frozen):
    """How an account is kept.

    `journals` is the folder of its journal (None: `VENUEKIT_JOURNALS`, or the user's state folder).
    `durability` says what a record survives before what it announces is done. `client_id_prefix` begins
    client order ids: at most 12 letters and digits. `disk` is where the journal's files are (None: this
    machine's).
    """

    journals: Path | None = None
    durability: Durability = Durability.PROCESS
    client_id_prefix: str = ""
    disk: Disk | None = None


class Account:
    """What the connectors of one key share. `entries` is what the journal held when one last asked for it.

    `torn_at` is the byte at which an unfinished record was cut off, None where there was none.
    """

    def __init__(
        self, name: AccountName, journal: Journal, entries: tuple[Entry, ...], torn_at: int | None
    ) -> None:
        self.name = name
        self.journal = journal
        self.entries = entries
        self.torn_at = torn_at
        self.locks = CollateralLocks()
        self.holders: dict[str, None] = {}

    @property
    def ids(self) -> ClientIds:
        """What makes and recognises our client order ids."""
        return self.journal.ids


class _Shelf:
    """The accounts that are open on this event loop."""

    def __init__(self) -> None:
        self.accounts: dict[Path, Account] = {}


def open_account(
    company: str, domain: str, credentials: Credentials, options: AccountOptions, now: float, *, holder: str
) -> Account:
    """The account of a key, opened by the first connector that asks; `now` is this machine's time, seconds.

    `holder` is the connector's name: each product of an account has one connector in a process.

    Raises:
        errors.UsageError: a connector of this name holds it already.
        errors.JournalUnusable: another process has it, or its memory is damaged; the class says which.
        errors.InvalidConfiguration: no folder can be found, or the prefix cannot be one.
    """
    name = _name(company, domain, credentials)
    path = journal_of(company, domain, credentials, options)
    shelf = _shelf()
    account = shelf.accounts.get(path)
    if account is None:
        account = shelf.accounts[path] = _opened(path, name, options, now)
    elif holder in account.holders:
        raise errors.UsageError(
            f"another {holder} of this process trades with this key: follow the pairs of both with one"
        )
    else:
        # Meanwhile it went on: a connector that comes back must not recall what was true when it began.
        try:
            account.entries = reader.replay(path, disk=options.disk).entries
        except OSError as error:
            raise _unusable(path, "it cannot be read again", error) from error
    account.holders[holder] = None
    return account


def journal_of(company: str, domain: str, credentials: Credentials, options: AccountOptions) -> Path:
    """Where the journal of a key lies, or will lie.

    Raises:
        errors.InvalidConfiguration: no folder can be found.
    """
    return journal_path(options.journals or default_folder(), _name(company, domain, credentials))


def close_account(account: Account, open_orders: tuple[str, ...], now: float, *, holder: str) -> None:
    """Give an account back; the last one who does closes its journal, and says which orders it left open."""
    del account.holders[holder]
    if account.holders:
        return
    shelf = _shelf()
    if shelf.accounts.get(account.journal.path) is account:
        del shelf.accounts[account.journal.path]
    try:
        account.journal.append(Stopped(at=now, open=open_orders))
    except errors.JournalFailed:
        pass  # it was said when it failed first; without this record the run counts as cut off, as it was
    finally:
        account.journal.close()


def _name(company: str, domain: str, credentials: Credentials) -> AccountName:
    return AccountName(company=company, domain=domain, key=fingerprint(credentials.api_key))


def _unusable(path: Path, why: str, error: OSError) -> errors.JournalFailed:
    return errors.JournalFailed(str(path), f"{why} ({error}). Make room or repair, then start again")


def _shelf() -> _Shelf:
    return shared(_Shelf, "accounts", _Shelf)


def _opened(path: Path, name: AccountName, options: AccountOptions, now: float) -> Account:
    disk = options.disk or SystemDisk()
    try:
        disk.make_folder(path.parent)
    except OSError as error:
        raise _unusable(path, "its folder cannot be made", error) from error
    journal, history = open_journal(
        path,
        name,
        now=now,
        prefix=options.client_id_prefix,
        durability=options.durability,
        disk=disk,
    )
    is_torn = history.ending.kind is EndingKind.TORN
    return Account(name, journal, history.entries, history.ending.offset if is_torn else None)
