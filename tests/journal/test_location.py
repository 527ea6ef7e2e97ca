from __future__ import annotations

from pathlib import Path

import pytest

from venuekit import errors
from venuekit.journal.location import account_of, default_folder, fingerprint, journal_path
from venuekit.journal.record import AccountName

ACCOUNT = AccountName(company="north", domain="main", key="5f1d0a9b8c7e")
FOLDER = Path("/state")


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"VENUEKIT_JOURNALS": "/here", "XDG_STATE_HOME": "/state", "HOME": "/home/me"}, "/here"),
        ({"VENUEKIT_JOURNALS": "here"}, "here"),
        ({"VENUEKIT_JOURNALS": "~/here", "HOME": "/home/me"}, "/home/me/here"),
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/me"}, "/state/venuekit/journals"),
        ({"XDG_STATE_HOME": "state", "HOME": "/home/me"}, "/home/me/.local/state/venuekit/journals"),
        ({"HOME": "/home/me"}, "/home/me/.local/state/venuekit/journals"),
    ],
)
def test_the_folder_is_the_first_that_the_environment_names(variables: dict[str, str], folder: str) -> None:
    assert Path(folder) == default_folder(variables.get)


def test_without_a_home_there_is_no_folder_and_the_error_says_what_to_set() -> None:
    with pytest.raises(errors.InvalidConfiguration, match="VENUEKIT_JOURNALS"):
        default_folder({"XDG_STATE_HOME": "relative"}.get)


def test_the_environment_of_this_process_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VENUEKIT_JOURNALS", str(tmp_path))
    assert tmp_path == default_folder()


def test_a_file_is_named_after_its_account_and_tells_whose_it_is() -> None:
    path = journal_path(FOLDER, ACCOUNT)
    assert path == FOLDER / "north-main-5f1d0a9b8c7e.journal"
    assert ACCOUNT == account_of(path)


@pytest.mark.parametrize("part", ["", "a-b", "../up", "a/b", "naïve", "a b", "a\0"])
def test_a_name_that_could_mean_another_file_is_refused(part: str) -> None:
    for field in ("company", "domain", "key"):
        names = {"company": "north", "domain": "main", "key": "5f1d"} | {field: part}
        with pytest.raises(errors.InvalidConfiguration, match="no file can be named"):
            journal_path(FOLDER, AccountName(**names))


@pytest.mark.parametrize(
    "name", ["orders.journal", "a-b-c-d.journal", "a--c.journal", "a-b-c.sqlite", "a-b-c"]
)
def test_another_file_is_nobodys_journal(name: str) -> None:
    assert account_of(FOLDER / name) is None


def test_a_fingerprint_names_a_key_and_is_not_the_key() -> None:
    # The first digits of SHA-256 of "abc" as FIPS 180-2, appendix B.1, gives them.
    assert fingerprint("abc") == "ba7816bf8f01"
