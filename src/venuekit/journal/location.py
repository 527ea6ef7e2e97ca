"""Where the journal of an account lies: one folder, one file name for each account.

$VENUEKIT_JOURNALS, else $XDG_STATE_HOME/venuekit/journals, else ~/.local/state/venuekit/journals
<company>-<domain>-<fingerprint of the API key>.journal
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable
from pathlib import Path

from venuekit import errors
from venuekit.journal.record import AccountName
from venuekit.seams import process

__all__ = ["FOLDER_VARIABLE", "SUFFIX", "account_of", "default_folder", "fingerprint", "journal_path"]

FOLDER_VARIABLE = "VENUEKIT_JOURNALS"
"""The environment variable that names the folder."""
SUFFIX = ".journal"

_FINGERPRINT = 12
"""Hexadecimal digits of a key's hash: 48 bits, no two of one person's keys meet."""
_ALLOWED = frozenset(string.ascii_letters + string.digits + "_.")
"""What a name's parts are made of: no hyphen, so that a file name is read back in one way only."""


def fingerprint(api_key: str) -> str:
    """What a key is called where the key itself must not be: twelve hexadecimal digits of its SHA-256."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:_FINGERPRINT]


def default_folder(environment: Callable[[str], str | None] = process.environment) -> Path:
    """Where journals lie unless somebody says otherwise; it need not be there yet.

    A relative XDG_STATE_HOME is passed over, as the XDG base directory specification (0.8) asks.

    Raises:
        InvalidConfiguration: the environment names no home.
    """
    named = environment(FOLDER_VARIABLE)
    home = environment("HOME") or environment("USERPROFILE")
    if named:
        # A service's configuration has no shell that would do this.
        return Path(home, named[2:]) if home and named.startswith("~/") else Path(named)
    state = environment("XDG_STATE_HOME")
    if state and Path(state).is_absolute():
        return Path(state, "venuekit", "journals")
    if home is None:
        raise errors.InvalidConfiguration(
            f"no folder for journals: neither {FOLDER_VARIABLE} nor XDG_STATE_HOME nor HOME is set; set one"
        )
    return Path(home, ".local", "state", "venuekit", "journals")


def journal_path(folder: Path, account: AccountName) -> Path:
    """The file of an account in a folder.

    Raises:
        InvalidConfiguration: a part of the name is empty or holds something else than ASCII letters, digits,
            underscores and points.
    """
    parts = (account.company, account.domain, account.key)
    for part in parts:
        if not part or not _ALLOWED.issuperset(part):
            raise errors.InvalidConfiguration(
                f"no file can be named after {part!r}: a company, a domain and a key's fingerprint are made "
                "of letters, digits, underscores and points"
            )
    return folder / f"{'-'.join(parts)}{SUFFIX}"


def account_of(path: Path) -> AccountName | None:
    """Whose journal a file is by its name; None where the name says nothing."""
    parts = path.name.removesuffix(SUFFIX).split("-")
    if path.suffix != SUFFIX or len(parts) != len(AccountName.__struct_fields__) or not all(parts):
        return None
    company, domain, key = parts
    return AccountName(company=company, domain=domain, key=key)
