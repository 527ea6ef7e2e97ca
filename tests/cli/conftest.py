"""A command line to talk to, and an emulator in a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import started
from tests.cli.customer import Customer
from typer.testing import CliRunner, Result

from venuekit.cli.app import app


@pytest.fixture
def venuekit() -> Callable[..., Result]:
    """Run the command with these words, in this process."""

    def call(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)

    return call


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The rest_url of an emulated Binance spot with two pairs."""
    process, announced = started("binance", "--pairs", "2", "--seed", "7")
    yield announced["rest_url"]
    process.terminate()
    process.communicate(timeout=60)


@pytest.fixture(scope="module")
def announced() -> Iterator[dict[str, Any]]:
    """What an emulated Binance spot with two pairs says of itself: where it is, and who has accounts.

    One for each module: the commands of all would use up what an address may ask for in a minute, and wait.
    """
    process, said = started("binance", "--pairs", "2", "--seed", "7")
    yield said
    process.terminate()
    process.communicate(timeout=60)


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[subprocess.Popen[str], dict[str, Any]]]]:
    """Start emulators that are ended with the test, if they have not ended by then."""
    processes: list[subprocess.Popen[str]] = []

    def call(*words: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        process, announced = started(*words)
        processes.append(process)
        return process, announced

    yield call
    for process in processes:
        process.kill()
        process.communicate(timeout=60)


@pytest.fixture
def customer(
    venuekit: Callable[..., Result],
    announced: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Customer]:
    """Somebody with a key of the emulated Binance, and with a journal that is this test's."""
    found = Customer(venuekit, announced, tmp_path / "journals", monkeypatch)
    yield found
    found.mends()
