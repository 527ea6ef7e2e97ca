"""What `venuekit journal` says of memories that are whole, torn, damaged, in use or not there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.command import COMMAND, on_a_terminal, read_all
from tests.journal.story import ACCOUNT, ID, OTHER, STORY, file_of, intent, opened, sending
from typer.testing import Result

from venuekit.cli.record_words import told
from venuekit.journal.location import journal_path
from venuekit.journal.record import Command, Doubt, IdBlock
from venuekit.journal.writer import open_journal

OPEN = (*STORY, intent(OTHER), Doubt(at=12.0, client_id=OTHER, command=Command.PLACE, why="TimedOut"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default folder of this test, empty."""
    monkeypatch.setenv("VENUEKIT_JOURNALS", str(tmp_path))
    return tmp_path


@pytest.fixture
def journal(folder: Path) -> Path:
    """An account's journal, where it would lie."""
    path = journal_path(folder, ACCOUNT)
    path.write_bytes(file_of(OPEN))
    return path


def damage(path: Path) -> int:
    """Turn one bit in the middle, and say at which byte the record begins that has it."""
    data = bytearray(path.read_bytes())
    sound = len(file_of(OPEN[:4]))
    data[sound + 20] ^= 1
    path.write_bytes(data)
    return sound


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_an_inspection_tells_whose_journal_it_is_and_what_is_open(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    text = squeezed(venuekit("journal", "inspect", journal).stdout)
    for fact in (
        "account north@main, key 5f1d",
        "instance 0123456789ab, 1,024 client ids reserved",
        f"file {journal}",
        "written 1970-01-01 00:00:01.000 to 1970-01-01 00:00:12.000 UTC",
        "open 1 order",
        "in doubt 1 order",
        "ending clean",
        f"{OTHER} BTC-USDT BUY LIMIT 60000.10 0.02 0 INTENT, in doubt",
    ):
        assert fact in text


def test_an_inspection_for_programs_has_the_same_in_one_line(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    shown = venuekit("journal", "inspect", journal, "--json").stdout
    assert shown.count("\n") == 1
    facts = json.loads(shown)
    assert facts["account"] == {"company": "north", "domain": "main", "key": "5f1d"}
    assert (facts["open_orders"], facts["in_doubt"], facts["ending"]["kind"]) == ([OTHER], [OTHER], "clean")
    assert (facts["writer"], "records" in facts) == (None, False)


@pytest.mark.parametrize("name", [(), ("north",), ("north@main",), ("5f1d",), ("north-main-5f1d",)])
def test_a_journal_is_found_by_its_account_in_the_default_folder(
    venuekit: Callable[..., Result], journal: Path, name: tuple[str, ...]
) -> None:
    ended = venuekit("journal", "inspect", *name, "--json")
    assert json.loads(ended.stdout)["path"] == str(journal)


def test_a_folder_stands_for_the_one_journal_in_it(
    venuekit: Callable[..., Result], folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    path = elsewhere / "orders.journal"
    path.write_bytes(file_of(STORY))
    assert json.loads(venuekit("journal", "verify", elsewhere, "--json").stdout)["files"][0]["path"] == str(
        path
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no journal in {folder}; name a file, or the folder in VENUEKIT_JOURNALS"),
        (("south",), "no file, and no journal of 'south' in {folder}"),
        (("/nowhere/orders.journal",), "/nowhere/orders.journal: no such file"),
    ],
)
def test_a_journal_that_is_not_there_is_a_line_and_a_usage_error(
    venuekit: Callable[..., Result], folder: Path, words: tuple[str, ...], said: str
) -> None:
    ended = venuekit("journal", "inspect", *words)
    assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith(f"venuekit: {said.format(folder=folder)}")


def test_of_two_journals_one_has_to_be_named(
    venuekit: Callable[..., Result], folder: Path, journal: Path
) -> None:
    (folder / "north-test-77aa.journal").write_bytes(file_of(STORY))
    ended = venuekit("journal", "inspect", "north")
    assert ended.exit_code == 2
    assert "2 journals" in ended.stderr
    assert "name one: north-main-5f1d, north-test-77aa" in ended.stderr
    assert venuekit("journal", "inspect", "north@test").exit_code == 0


def test_records_behind_a_number_are_listed_one_a_line(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    heading, *lines = venuekit("journal", "inspect", "--since", 12).stdout.splitlines()
    assert heading.split() == ["#", "AT", "(UTC)", "RECORD", "ORDER", "WHAT"]
    assert [line.split()[0] for line in lines] == [str(number) for number in range(13, len(OPEN) + 1)]
    assert squeezed(lines[0]) == f"13 1970-01-01 00:00:09.000 ended {ID} CANCELED, presumed, asked"


def test_an_orders_records_are_found_by_the_end_of_its_id(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    facts = json.loads(venuekit("journal", "inspect", "--order", "01", "--json").stdout)
    assert [entry["record"]["kind"] for entry in facts["records"]] == ["intent", "doubt"]
    assert {entry["record"]["client_id"] for entry in facts["records"]} == {OTHER}


@pytest.mark.parametrize(("word", "said"), [("zz", "no order here"), ("", "2 orders have")])
def test_an_id_that_means_no_order_or_two_is_a_usage_error(
    venuekit: Callable[..., Result], journal: Path, word: str, said: str
) -> None:
    ended = venuekit("journal", "inspect", "--order", word)
    assert (ended.exit_code, ended.stderr.count("\n"), said in ended.stderr) == (2, 1, True)


def test_records_that_were_rotated_away_are_still_listed(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    first, second = OPEN[:12], OPEN[12:]
    journal.with_name(f"{journal.name}.{len(first):012d}").write_bytes(file_of(first))
    journal.write_bytes(file_of((opened(), *second), first=len(first) + 1))
    listed = json.loads(venuekit("journal", "inspect", "--order", ID, "--json").stdout)["records"]
    assert {"intent", "sending", "filled", "reopened"} <= {entry["record"]["kind"] for entry in listed}


def test_a_torn_tail_is_told_with_its_byte_and_what_the_next_start_does(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    size = journal.stat().st_size
    with journal.open("ab") as file:
        file.write(b"half")
    for words in (("inspect",), ("inspect", "--since", 0), ("verify",)):
        ended = venuekit("journal", *words)
        assert ended.exit_code == 0
        assert (
            f"torn at byte {size:,}: 4 bytes of a frame's first 16; the next start cuts it off"
            in squeezed(ended.stdout)
        )
    assert journal.stat().st_size == size + 4


def test_damage_in_the_middle_is_an_error_and_what_stands_before_it_is_shown(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    offset = damage(journal)
    ended = venuekit("journal", "inspect")
    assert (ended.exit_code, ended.stderr.count("\n")) == (1, 1)
    assert f"damaged at byte {offset}, record 5" in ended.stderr
    assert f"damaged at byte {offset:,}" in ended.stdout
    assert f"{ID} BTC-USDT BUY LIMIT 60000.10 0.02 0 SENT" in squeezed(ended.stdout)


def test_damage_is_told_to_programs_by_ending_and_exit_code(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    offset = damage(journal)
    ended = venuekit("journal", "inspect", "--since", "0", "--json")
    facts = json.loads(ended.stdout)
    assert ended.exit_code == 1
    assert (facts["ending"]["kind"], facts["ending"]["offset"]) == ("corrupt", offset)
    assert [entry["sequence"] for entry in facts["records"]] == [1, 2, 3, 4]


def test_verifying_a_sound_journal_ends_well(venuekit: Callable[..., Result], folder: Path) -> None:
    journal = journal_path(folder, ACCOUNT)
    journal.write_bytes(file_of(STORY))
    ended = venuekit("journal", "verify")
    assert ended.exit_code == 0
    assert squeezed(ended.stdout) == (
        f"FILE SOUND RECORDS ENDING {journal.name} {len(STORY)} clean sound: a run may go on from here"
    )


def test_verifying_tells_damage_and_ends_with_an_error(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    offset = damage(journal)
    ended = venuekit("journal", "verify")
    assert ended.exit_code == 1
    assert f"4 damaged at byte {offset:,}" in squeezed(ended.stdout)
    assert ended.stdout.splitlines()[-1] == "not sound: no run may go on from here"
    shown = venuekit("journal", "verify", "--json")
    assert (shown.exit_code, json.loads(shown.stdout)["is_sound"]) == (1, False)


def test_verifying_tells_what_contradicts_itself(venuekit: Callable[..., Result], folder: Path) -> None:
    path = journal_path(folder, ACCOUNT)
    path.write_bytes(file_of((opened(), IdBlock(at=2.0, first=0, count=1_024), sending())))
    ended = venuekit("journal", "verify")
    assert ended.exit_code == 1
    assert f"record 3: {ID} was sent and never intended" in ended.stdout


def test_a_journal_in_use_is_read_and_its_writer_is_not_disturbed(
    venuekit: Callable[..., Result], folder: Path
) -> None:
    path = journal_path(folder, ACCOUNT)
    with open_journal(path, ACCOUNT, now=1.0)[0] as journal:
        journal.append(intent())
        assert json.loads(venuekit("journal", "inspect", "--json").stdout)["writer"] == os.getpid()
        assert f"1; process {os.getpid()} is at work" in squeezed(venuekit("journal", "inspect").stdout)
        with path.open("ab") as file:
            file.write(b"half")
        assert f"by process {os.getpid()}: look again" in squeezed(venuekit("journal", "inspect").stdout)
        os.truncate(path, path.stat().st_size - 4)
        journal.append(sending())
    facts = json.loads(venuekit("journal", "inspect", "--json").stdout)
    assert (facts["writer"], facts["kinds"]) == (None, {"Opened": 1, "Intent": 1, "Sending": 1})


def test_a_writer_that_was_killed_is_not_at_work(venuekit: Callable[..., Result], journal: Path) -> None:
    gone = subprocess.Popen((sys.executable, "-c", ""))
    gone.wait(timeout=15)
    journal.with_name(f"{journal.name}.lock").write_text(f"{gone.pid}\n")
    text = squeezed(venuekit("journal", "inspect").stdout)
    assert "the last one was cut off" in text


def test_looking_changes_nothing_and_makes_no_file(venuekit: Callable[..., Result], journal: Path) -> None:
    before = journal.read_bytes()
    for words in (("inspect",), ("inspect", "--since", 0), ("verify",)):
        venuekit("journal", *words)
    assert (before, [journal]) == (journal.read_bytes(), list(journal.parent.iterdir()))


def test_an_empty_journal_is_told_as_such(venuekit: Callable[..., Result], folder: Path) -> None:
    journal_path(folder, ACCOUNT).touch()
    ended = venuekit("journal", "inspect")
    assert ended.exit_code == 0
    assert "records none ending clean" in squeezed(ended.stdout)


def test_a_terminal_of_a_hundred_columns_shows_ids_by_their_ends_and_cuts_nothing(
    journal: Path,
) -> None:
    process, screen = on_a_terminal(*COMMAND, "journal", "inspect", str(journal), "--since", "0", columns=100)
    shown = read_all(screen)
    assert process.wait(timeout=15) == 0
    assert f"…{ID[-8:]}" in shown
    assert ID not in shown
    plain = re.sub(r"\x1b\[\d+m", "", shown)
    assert max(map(len, plain.splitlines())) <= 100
    assert [word for item in OPEN for word in told(item).split() if word not in plain] == []


@pytest.mark.parametrize("word", ["journal", "history"])
def test_a_word_without_another_explains_itself(venuekit: Callable[..., Result], word: str) -> None:
    ended = venuekit(word)
    assert ended.exit_code == 0
    assert f"venuekit {word}" in ended.stdout or f"{word} [OPTIONS] COMMAND" in ended.stdout
