"""Which journal somebody means: by its file, its folder, or its account."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from venuekit import errors
from venuekit.journal.location import FOLDER_VARIABLE, SUFFIX, account_of, default_folder
from venuekit.seams.disk import SystemDisk

__all__ = ["find_journal", "writer_of"]


def find_journal(named: str | None) -> Path:
    """The journal that a word names: a file, a folder with one journal in it, or an account.

    An account is looked for in the default folder, by `COMPANY`, `COMPANY@DOMAIN`, the fingerprint of its key
    or the whole name of its file; no word at all means that folder.

    Raises:
        errors.UsageError: there is none, or more than one.
    """
    place = None if named is None else Path(named)
    if place is not None and place.is_file():
        return place
    folder = place if place is not None and place.is_dir() else default_folder()
    found = _journals(folder)
    if named is not None and folder is not place:
        if os.sep in named:
            raise errors.UsageError(f"{named}: no such file")
        found = [path for path in found if named in _names(path)]
    if len(found) == 1:
        return found[0]
    if found:
        raise errors.UsageError(
            f"{len(found)} journals in {folder}; name one: {', '.join(path.stem for path in found)}"
        )
    what = "no journal" if named is None or folder is place else f"no file, and no journal of {named!r}"
    raise errors.UsageError(
        f"{what} in {folder}; name a file, or the folder in {FOLDER_VARIABLE}: one lies there once an "
        "account has traded"
    )


def writer_of(path: Path) -> int | None:
    """The process that writes a journal now; None where nobody does, or where that cannot be told."""
    if sys.platform == "win32":
        return None
    try:
        writer = SystemDisk().holder(path.with_name(f"{path.name}.lock"))
    except OSError:
        return None
    # The lock itself is left alone: whoever tries it keeps a trader that starts just then from starting.
    # One that was killed has left its number, which by now may be another process's.
    return writer if writer is not None and _is_running(writer) else None


def _journals(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and path.is_file())
    except OSError:
        return []


def _names(path: Path) -> tuple[str, ...]:
    """What a journal may be called."""
    account = account_of(path)
    if account is None:
        return path.name, path.stem
    return path.name, path.stem, account.company, f"{account.company}@{account.domain}", account.key


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
