"""The demo, whole and cut short: it proves what it claims and leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import NamedTuple

import pytest
from tests.cli.command import COMMAND, asked, on_a_terminal, read_all

# Starts an emulator the way the demo does, says where, and waits to be killed.
_ORPHAN_MAKER = """
import asyncio
from venuekit.cli.emulator_process import EmulatorProcess

async def main():
    emulator = EmulatorProcess("binance", ["--pairs", "1"])
    await emulator.start()
    print(emulator.rest_url, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Show(NamedTuple):
    code: int
    seen: str


@pytest.fixture(scope="module")
def shows() -> tuple[Show, Show]:
    """The demo for a program and for a terminal, at the same time: each lasts 8 s."""
    words = (*COMMAND, "demo", "--books", "--seconds", "8")
    programs = subprocess.Popen((*words, "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    people, screen = on_a_terminal(*words)
    seen = read_all(screen)
    stdout, stderr = programs.communicate(timeout=120)
    assert stderr == ""
    return Show(programs.returncode, stdout), Show(people.wait(timeout=120), seen)


def test_two_venues_heal_and_agree_with_their_emulators_to_the_last_level(shows: tuple[Show, Show]) -> None:
    code, said = shows[0]
    summary = json.loads(said)
    assert (code, summary["is_well"]) == (0, True)
    assert summary["levels_different"] == 0 < summary["levels_compared"]
    assert len(summary["venues"]) == 2
    for venue in summary["venues"]:
        assert venue["gaps_healed"] >= 1
        assert venue["disconnects_healed"] == 2
        assert [book["is_same_id"] for book in venue["books"]] == [True, True]


def test_on_a_terminal_ladders_move_and_troubles_are_told(shows: tuple[Show, Show]) -> None:
    code, seen = shows[1]
    assert code == 0
    for sight in ("\x1b[", "spread", "LIVE", "RESYNCING", "STALE", "leaves out one update", "0 of "):
        assert sight in seen


def test_an_emulator_does_not_outlive_a_killed_parent() -> None:
    parent = subprocess.Popen((sys.executable, "-c", _ORPHAN_MAKER), stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    assert asked(url, "status")
    parent.kill()
    parent.communicate(timeout=60)
    deadline = time.monotonic() + 60
    while asked(url, "status") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert asked(url, "status") is None


def test_a_recording_that_is_not_there_starts_nothing() -> None:
    ended = subprocess.run(
        (*COMMAND, "demo", "--replay", "/nowhere.gz"), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (2, "venuekit: /nowhere.gz: No such file or directory\n")
