"""`book`, `ticker` and `record` against an emulator over loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.command import COMMAND, on_a_terminal, read_all
from typer.testing import Result

VENUE = "binance@emulator"


def test_a_look_at_a_book(venuekit: Callable[..., Result], emulator: str) -> None:
    said = venuekit("book", VENUE, "BTC-USDT", "--once", "--depth", 3, "--json", "--url", emulator)
    book = json.loads(said.stdout)
    assert (said.exit_code, book["status"], book["trading_pair"]) == (0, "LIVE", "BTC-USDT")
    assert (len(book["bids"]), len(book["asks"])) == (3, 3)


def test_a_ladder_for_people_has_asks_above_bids(venuekit: Callable[..., Result], emulator: str) -> None:
    lines = venuekit("book", VENUE, "ETH-USDT", "--once", "--depth", 2, "--url", emulator).stdout.splitlines()
    prices = [float(lines[place].split()[0]) for place in (2, 3, 5, 6)]
    assert prices == sorted(prices, reverse=True)
    assert lines[4].startswith("  spread ")


def test_tickers_are_told_by_pair(venuekit: Callable[..., Result], emulator: str) -> None:
    said = venuekit("ticker", VENUE, "BTC-USDT", "ETH-USDT", "--json", "--url", emulator)
    tickers = json.loads(said.stdout)
    assert list(tickers) == ["BTC-USDT", "ETH-USDT"]
    assert all(float(told["bid"]) < float(told["ask"]) for told in tickers.values())


def test_a_live_book_without_terminal_is_lines_until_interrupted(emulator: str) -> None:
    watching = subprocess.Popen(
        (*COMMAND, "book", VENUE, "BTC-USDT", "--url", emulator),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    first = watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    _, stderr = watching.communicate(timeout=60)
    assert (watching.returncode, stderr) == (0, "")
    assert first.startswith(f"{VENUE}  BTC-USDT  LIVE")
    assert "\x1b" not in first


@pytest.mark.parametrize("name", ["recording.txt", "recording.gz"])
def test_a_recording_replays_to_a_live_book(
    venuekit: Callable[..., Result], emulator: str, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    recorded = venuekit(
        "record", VENUE, "BTC-USDT", "--output", path, "--seconds", 2, "--url", emulator, "--json"
    )
    assert json.loads(recorded.stdout)["left_out"] == 0
    pair = json.loads(venuekit("replay", "--venue", "binance", path, "--json").stdout)["pairs"]["BTC-USDT"]
    assert (pair["status"], pair["gaps"], pair["applied"] > 0) == ("LIVE", 0, True)


def test_a_recording_never_overwrites_a_file(
    venuekit: Callable[..., Result], emulator: str, tmp_path: Path
) -> None:
    path = tmp_path / "precious.txt"
    path.write_text("precious")
    ended = venuekit("record", VENUE, "BTC-USDT", "-o", path, "--seconds", 1, "--url", emulator)
    assert (ended.exit_code, path.read_text()) == (2, "precious")


def test_a_recording_until_interrupted_says_that_it_runs_and_what_it_got(
    emulator: str, tmp_path: Path
) -> None:
    path = tmp_path / "recording.txt"
    words = ("record", VENUE, "BTC-USDT", "-o", str(path), "--url", emulator)
    with subprocess.Popen(
        (*COMMAND, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as recording:
        assert recording.stderr is not None
        assert recording.stderr.readline() == f"recording {VENUE} into {path}; Ctrl-C ends it\n"
        recording.send_signal(signal.SIGINT)
        told, _ = recording.communicate(timeout=60)
    assert (recording.returncode, told.startswith(f"{path}: ")) == (0, True)


def test_a_recording_that_never_began_leaves_no_file(
    venuekit: Callable[..., Result], emulator: str, tmp_path: Path
) -> None:
    path = tmp_path / "nothing.txt"
    ended = venuekit("record", VENUE, "NOPE-USDT", "-o", path, "--seconds", 1, "--url", emulator)
    assert (ended.exit_code, path.exists()) == (2, False)


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["binance@emulator", "BTC-USDT"], 2, "where is the emulator?"),
        (["binance@nowhere", "BTC-USDT"], 2, "no domain 'nowhere'"),
        (["nobody", "BTC-USDT"], 2, "no connector named 'nobody'"),
        (["binance@emulator", "BTC-USDT", "--url", "http://127.0.0.1:9"], 1, "no connection to"),
        (["binance@emulator", "BTC-USDT", "--url", "localhost"], 2, "expected an address"),
    ],
)
def test_what_cannot_be_watched_is_told_in_a_line(
    venuekit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, line: str
) -> None:
    monkeypatch.delenv("VENUEKIT_BINANCE_EMULATOR_URL", raising=False)
    ended = venuekit("book", *words, "--once")
    assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (code, "", 1)
    assert line in ended.stderr


def test_an_unknown_pair_is_told_in_a_line(venuekit: Callable[..., Result], emulator: str) -> None:
    ended = venuekit("book", VENUE, "NOPE-USDT", "--once", "--url", emulator)
    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1)


def test_on_a_terminal_a_ladder_moves_until_interrupted(emulator: str) -> None:
    watching, screen = on_a_terminal(*COMMAND, "book", VENUE, "BTC-USDT", "--url", emulator)
    seen = b""
    while seen.count(b"vouched for") < 2:
        seen += os.read(screen, 65_536)
    watching.send_signal(signal.SIGINT)
    read_all(screen)
    assert watching.wait(timeout=60) == 0
    assert b"\x1b[32m" in seen
