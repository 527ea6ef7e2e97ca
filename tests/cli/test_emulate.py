"""An emulator as a process: what it says first, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import COMMAND, asked

Start = Callable[..., tuple[subprocess.Popen[str], dict[str, Any]]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(start: Start, number: signal.Signals) -> None:
    process, announced = start("binance", "--pairs", "1")
    assert announced["venue"] == "binance"
    assert announced["rest_url"].removeprefix("http") == announced["ws_url"].removeprefix("ws")
    assert announced["ws_api_url"] == announced["ws_url"] + "/ws-api/v3"
    assert [account["key_type"] for account in announced["accounts"]] == ["HMAC", "RSA", "Ed25519"]
    assert asked(announced["rest_url"], "status")["venue"] == "binance"
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (0, "")
    assert "Traceback" not in stderr
    assert asked(announced["rest_url"], "status") is None


def test_with_a_parent_it_ends_when_the_parent_is_gone(start: Start) -> None:
    process, _ = start("binance", "--pairs", "1", "--with-parent")
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    assert process.wait(timeout=60) == 0


def test_a_port_in_use_is_told_in_a_line(emulator: str) -> None:
    port = emulator.rpartition(":")[2]
    ended = subprocess.run(
        (*COMMAND, "emulate", "binance", "--port", port),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        ended.stderr
        == f"venuekit: port {port} of 127.0.0.1 is in use; choose another, or 0 for any that is free\n"
    )


def test_a_damaged_recording_is_told_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "noise.txt"
    path.write_text("noise\n")
    ended = subprocess.run(
        (*COMMAND, "emulate", "binance", "--replay", str(path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)


def test_a_damaged_frame_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "frame.txt"
    path.write_text('1 {"stream":"btcusdt@trade","da\n')
    ended = subprocess.run(
        (*COMMAND, "emulate", "binance", "--replay", str(path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"venuekit: {path}, line 1: ")


def test_the_same_seed_makes_the_same_market(start: Start) -> None:
    tapes = []
    for _ in range(2):
        _, announced = start("binance", "--pairs", "1", "--seed", "11")
        tapes.append(first_trades(announced["rest_url"], at_least=3))
    shared = min(len(tape) for tape in tapes)
    assert tapes[0][:shared] == tapes[1][:shared]


def first_trades(url: str, at_least: int) -> list[tuple[int, str, str]]:
    """The tape from its beginning, once it holds so many trades: id, price and amount of each."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        tape = asked(url, "tape?symbol=BTCUSDT")
        if len(tape) >= at_least:
            return [(trade["trade_id"], trade["price"], trade["amount"]) for trade in tape]
        time.sleep(0.05)
    pytest.fail(f"{url} traded fewer than {at_least} times")
