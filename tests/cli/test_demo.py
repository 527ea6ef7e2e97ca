"""The demo that trades, whole: for programs with a kill, for people on a terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace
from tests.cli.command import COMMAND, on_a_terminal, read_all

from venuekit.cli.books_stage import Agreement
from venuekit.cli.demo import Summary, is_well
from venuekit.emulator.accounts import customers

SEED = 3
BOOK = Agreement(trading_pair="BTC-USDT", last_update_id=7, is_same_id=True, compared=200, different=0)
WELL = Summary(
    is_well=True, seconds=20.0, venue="binance", fills=9, replies_lost=1, doubts=3, doubts_settled=3,
    disconnects=1, books_healed=1, slowest_heal=0.5, kills=1, taken_up=4, ready_again=0.2,
    orders_compared=20, orders_different=0, assets_compared=4, assets_different=0,
    levels_compared=200, levels_different=0, orders=[], assets=[], books=[BOOK],
)  # fmt: skip


class Show(NamedTuple):
    code: int
    seen: str
    errors: str = ""


@pytest.fixture(scope="module")
def shows() -> tuple[Show, Show]:
    """The demo with a kill for a program, and without one on a terminal, at the same time: 8 s and more."""
    words = (*COMMAND, "demo", "--seconds", "8", "--seed", str(SEED))
    programs = subprocess.Popen(
        (*words, "--kill", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    people, screen = on_a_terminal(*words, columns=100)
    seen = read_all(screen)
    stdout, stderr = programs.communicate(timeout=240)
    return Show(programs.returncode, stdout, stderr), Show(people.wait(timeout=240), seen)


@pytest.fixture
def summary(shows: tuple[Show, Show]) -> dict[str, Any]:
    """What the program read."""
    found: dict[str, Any] = json.loads(shows[0].seen)
    return found


def test_after_a_lost_answer_a_cut_and_a_kill_nothing_differs(
    shows: tuple[Show, Show], summary: dict[str, Any]
) -> None:
    assert (shows[0].code, shows[0].errors, summary["is_well"]) == (0, "", True)
    assert summary["orders_different"] == summary["assets_different"] == summary["levels_different"] == 0
    assert summary["replies_lost"] >= 1
    assert (summary["disconnects"], summary["kills"]) == (1, 1)
    assert summary["doubts"] == summary["doubts_settled"]


def test_every_order_asset_and_book_is_in_the_summary_with_its_difference(summary: dict[str, Any]) -> None:
    assert len(summary["orders"]) == summary["orders_compared"] > 0
    assert {row["difference"] for row in summary["orders"]} == {"0"}
    assert {row["times_there"] for row in summary["orders"]} <= {0, 1}
    assert sum(row["fills"] for row in summary["orders"]) == summary["fills"] > 0
    assert {row["asset"] for row in summary["assets"]} == {"BNB", "BTC", "ETH", "USDT"}
    assert {row["difference"] for row in summary["assets"]} == {"0"}
    assert [book["trading_pair"] for book in summary["books"]] == ["BTC-USDT", "ETH-USDT"]


def test_on_a_terminal_one_sees_books_orders_balances_and_what_happens(shows: tuple[Show, Show]) -> None:
    code, seen, _ = shows[1]
    assert code == 0
    for sight in ("\x1b[", "◀ ours", "own orders: ", "balances after ", "USDT", "what happens", "STALE"):
        assert sight in seen
    for word in ("the venue loses its next answer", "is settled", "every connection", "LIVE again after"):
        assert word in seen
    assert re.search(r"differ in 0 of \d+ orders, 0 of 4 assets", seen)


def test_no_key_and_no_secret_is_shown(shows: tuple[Show, Show]) -> None:
    secret = [
        text for customer in customers(SEED) for text in (customer.api_secret, customer.api_key) if text
    ]
    assert len(secret) == 4
    for show in shows:
        assert not [text for text in secret if text in show.seen + show.errors]


def test_a_demo_that_met_with_everything_and_lost_nothing_is_well() -> None:
    assert is_well(WELL, kills=1)


@pytest.mark.parametrize(
    "trouble",
    [
        {"fills": 0},
        {"orders_compared": 0},
        {"replies_lost": 0},
        {"doubts_settled": 2},
        {"disconnects": 0},
        {"books_healed": 0},
        {"kills": 0},
        {"orders_different": 1},
        {"assets_different": 1},
        {"levels_different": 1},
        {"books": []},
        {"books": [replace(BOOK, is_same_id=False)]},
    ],
    ids=str,
)
def test_one_trouble_is_enough_to_be_unwell(trouble: dict[str, Any]) -> None:
    assert not is_well(replace(WELL, **trouble), kills=1)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--kill", "--books"), "venuekit: --kill is the trader's: it goes without --books\n"),
        (
            ("--venue", "binance", "--venue", "bybit"),
            "venuekit: the maker trades on one venue: several can be seen with --books\n",
        ),
        (
            ("--venue", "bybit"),
            "venuekit: nobody can trade on the emulated bybit yet; `--books` shows its books\n",
        ),
        (("--replay", "/nowhere.gz"), "venuekit: /nowhere.gz: No such file or directory\n"),
    ],
    ids=str,
)
def test_what_cannot_be_shown_starts_nothing(words: tuple[str, ...], line: str) -> None:
    ended = subprocess.run(
        (*COMMAND, "demo", *words), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line)


def test_the_example_makes_a_market_on_an_emulator_of_its_own() -> None:
    example = Path(__file__).parents[2] / "examples" / "make_market.py"
    ended = subprocess.run(
        (sys.executable, str(example), "--fills", "2"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count(" at ") == 2
