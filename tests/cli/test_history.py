"""What `venuekit history` prints: tables, CSV and JSON of one journal."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.cli.command import COMMAND, on_a_terminal, read_all
from tests.journal.story import ACCOUNT, ID, OTHER, STORY, file_of, filled, intent
from typer.testing import Result

from venuekit import errors
from venuekit.cli.recounting import since_of, tables_path
from venuekit.journal import history
from venuekit.journal.location import journal_path
from venuekit.journal.record import BalanceMoved

ETH = replace(intent(OTHER, at=1_784_628_000.5), trading_pair="ETH-USDT")
RECORDS = (
    *STORY,
    ETH,
    filled(OTHER, "78", at=1_784_628_001.0),
    BalanceMoved(at=1_784_628_002.0, asset="BTC", cause="withdrawal", amount=Decimal("-0.25")),
)


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An account's journal in the default folder."""
    monkeypatch.setenv("VENUEKIT_JOURNALS", str(tmp_path))
    path = journal_path(tmp_path, ACCOUNT)
    path.write_bytes(file_of(RECORDS))
    return path


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_orders_are_one_line_each_oldest_first(venuekit: Callable[..., Result], journal: Path) -> None:
    ended = venuekit("history", "orders", journal)
    assert ended.exit_code == 0
    assert squeezed(ended.stdout) == [
        "AT (UTC) ORDER PAIR SIDE TYPE PRICE AMOUNT FILLED STATE",
        f"1970-01-01 00:00:03 {ID} BTC-USDT BUY LIMIT 60000.10 0.02 0.01 CANCELED: asked",
        f"2026-07-21 10:00:00 {OTHER} ETH-USDT BUY LIMIT 60000.10 0.02 0.01 INTENT",
    ]


def test_trades_are_one_line_each_with_their_fees(venuekit: Callable[..., Result], journal: Path) -> None:
    _, *lines = squeezed(venuekit("history", "trades", "north").stdout)
    assert lines == [
        f"1970-01-01 00:00:05 {ID} 77 BTC-USDT BUY 60000.10 0.01 600.001 0.00000003 BNB taker",
        f"2026-07-21 10:00:00 {OTHER} 78 ETH-USDT BUY 60000.10 0.01 600.001 0.00000003 BNB taker",
    ]


def test_columns_that_say_nothing_are_left_out(venuekit: Callable[..., Result], journal: Path) -> None:
    assert squeezed(venuekit("history", "balances").stdout) == [
        "AT (UTC) ASSET CAUSE AMOUNT REFERENCE",
        "1970-01-01 00:00:10 USDT deposit 1000 tx1",
        "2026-07-21 10:00:02 BTC withdrawal -0.25",
    ]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("--pair", "ETH-USDT"), [OTHER]),
        (("--pair", "btc-usdt"), [ID]),
        (("--since", "2026-07-21"), [OTHER]),
        (("--since", "2026-07-21T12:00:00.5+02:00"), [OTHER]),
        (("--since", "2026-07-21T10:00:01"), []),
        (("--since", "2026-07-21", "--pair", "BTC-USDT"), []),
        ((), [ID, OTHER]),
    ],
)
def test_rows_are_picked_by_pair_and_time(
    venuekit: Callable[..., Result], journal: Path, words: tuple[str, ...], ids: list[str]
) -> None:
    told = json.loads(venuekit("history", "orders", *words, "--json").stdout)
    assert [row["client_id"] for row in told["orders"]] == ids


def test_changes_are_picked_by_asset(venuekit: Callable[..., Result], journal: Path) -> None:
    told = json.loads(venuekit("history", "balances", "--asset", "btc", "--json").stdout)
    assert [(row["asset"], row["amount"]) for row in told["balances"]] == [("BTC", "-0.25")]


def test_json_keeps_every_digit_and_nests_what_was_asked(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    told = json.loads(venuekit("history", "orders", "--json").stdout)
    assert (told["journal"], told["sqlite"]) == (str(journal), str(tables_path(journal)))
    order = told["orders"][0]
    assert (order["executed_quote"], order["price"]) == ("600.001", "60000.10")
    assert (order["ids"], order["asked"]) == ({"orderId": "9001"}, intent().order)
    assert order["intended_at"] == 3.0


def test_csv_has_a_heading_exact_numbers_and_times_in_utc(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    ended = venuekit("history", "trades", "--csv")
    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert list(rows[0]) == list(history.TradeRow.__struct_fields__)
    assert (rows[0]["price"], rows[0]["fees"], rows[0]["is_taker"]) == (
        "60000.10",
        "0.00000003 BNB",
        "true",
    )
    assert [row["venue_time"] for row in rows] == [
        "1970-01-01T00:00:05.500000Z",
        "2026-07-21T10:00:00.500000Z",
    ]
    assert ended.stderr == ""


def test_csv_of_nothing_is_a_heading(venuekit: Callable[..., Result], journal: Path) -> None:
    assert venuekit("history", "orders", "--pair", "XX-YY", "--csv").stdout == (
        ",".join(history.OrderRow.__struct_fields__) + "\n"
    )


def test_a_table_of_nothing_says_so_beside_it(venuekit: Callable[..., Result], journal: Path) -> None:
    ended = venuekit("history", "orders", "--pair", "XX-YY")
    assert (ended.stdout, ended.stderr) == ("", f"0 orders, as SQLite tables in {tables_path(journal)}\n")


def test_the_tables_can_be_asked_in_sql_and_are_their_owners_alone(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    venuekit("history", "orders")
    tables = tables_path(journal)
    with closing(sqlite3.connect(tables)) as database:
        assert database.execute("SELECT count(*) FROM trades").fetchone() == (2,)
    assert stat.S_IMODE(tables.stat().st_mode) == 0o600


def test_what_is_new_in_the_journal_is_in_the_next_answer(
    venuekit: Callable[..., Result], journal: Path
) -> None:
    journal.write_bytes(file_of(STORY))
    assert len(json.loads(venuekit("history", "orders", "--json").stdout)["orders"]) == 1
    journal.write_bytes(file_of(RECORDS))
    assert len(json.loads(venuekit("history", "orders", "--json").stdout)["orders"]) == 2


@pytest.mark.parametrize("content", [b"a letter to my bank" * 100, b"SQLite format 3\0" + b"\1" * 2_000])
def test_a_file_in_the_way_is_left_alone_and_the_answer_is_the_same(
    venuekit: Callable[..., Result], journal: Path, content: bytes
) -> None:
    tables = tables_path(journal)
    tables.write_bytes(content)
    ended = venuekit("history", "orders", "--json")
    told = json.loads(ended.stdout)
    assert (ended.exit_code, told["sqlite"], len(told["orders"])) == (0, None, 2)
    assert ended.stderr.startswith(f"venuekit: {tables} is left as it is: ")
    assert tables.read_bytes() == content


def test_a_folder_that_is_only_to_be_read_is_read(
    venuekit: Callable[..., Result], journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = history.build

    def refused(journal_path: Path, sqlite_path: Path) -> None:
        # Permissions would not stop a test that root runs.
        if sqlite_path.parent == journal.parent:
            raise PermissionError(30, "Read-only file system")
        build(journal_path, sqlite_path)

    monkeypatch.setattr(history, "build", refused)
    ended = venuekit("history", "trades")
    assert ended.exit_code == 0
    assert len(ended.stdout.splitlines()) == 3
    assert "Read-only file system" in ended.stderr
    assert ended.stderr.endswith("2 trades\n")


def test_damage_is_an_error_and_no_half_answer(venuekit: Callable[..., Result], journal: Path) -> None:
    data = bytearray(journal.read_bytes())
    data[len(data) // 2] ^= 1
    journal.write_bytes(data)
    ended = venuekit("history", "orders")
    assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert "damaged at byte" in ended.stderr


def test_csv_and_json_at_once_is_a_usage_error(venuekit: Callable[..., Result], journal: Path) -> None:
    ended = venuekit("history", "orders", "--csv", "--json")
    assert (ended.exit_code, ended.stderr) == (2, "venuekit: --csv or --json, not both\n")


@pytest.mark.parametrize("word", ["yesterday", "24", "2026-13-01", "h", ""])
def test_a_time_that_is_none_is_a_usage_error(
    venuekit: Callable[..., Result], journal: Path, word: str
) -> None:
    ended = venuekit("history", "orders", "--since", word)
    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1)
    assert repr(word) in ended.stderr


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-07-21", 1_784_592_000.0),
        ("20260721", 1_784_592_000.0),
        ("2026-07-21T10:30", 1_784_629_800.0),
        ("2026-07-21 10:30:00.25", 1_784_629_800.25),
        ("2026-07-21T12:30+02:00", 1_784_629_800.0),
        ("1784592000", 1_784_592_000.0),
        ("1784592000.5", 1_784_592_000.5),
        ("90m", 10_000_000.0 - 5_400.0),
        ("1.5d", 10_000_000.0 - 129_600.0),
        ("2w", 10_000_000.0 - 1_209_600.0),
    ],
)
def test_a_time_is_a_day_a_moment_an_age_or_seconds(text: str, seconds: float) -> None:
    assert since_of(text, now=10_000_000.0) == seconds


def test_a_time_that_is_none_says_what_it_can_be() -> None:
    with pytest.raises(errors.UsageError, match="2026-07-21T10:30, in UTC"):
        since_of("soon", now=0.0)


def test_a_terminal_of_a_hundred_columns_has_one_line_an_order(journal: Path) -> None:
    process, screen = on_a_terminal(*COMMAND, "history", "orders", str(journal), columns=100)
    lines = re.sub(r"\x1b\[\d+m", "", read_all(screen)).splitlines()
    assert process.wait(timeout=15) == 0
    assert len(lines) == 3
    assert f"…{ID[-8:]}" in lines[1]
    assert max(map(len, lines)) <= 100
