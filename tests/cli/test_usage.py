"""How the command explains itself, and how it ends."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
import typer
from tests.cli.command import COMMAND
from typer.testing import CliRunner, Result

from venuekit import __version__, errors
from venuekit.cli.outcome import OneLineGroup, ending_in_a_line


def _end_with(error: BaseException, *, serves: bool = False) -> Result:
    command = typer.Typer(cls=OneLineGroup)

    @command.command()
    @ending_in_a_line(serves=serves)
    def fail() -> None:
        raise error

    @command.command()
    def other() -> None:
        pass

    return CliRunner().invoke(command, ["fail"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UnknownVenue("no such venue"), 2),
        (errors.TimedOut("no answer"), 3),
        (errors.BadAnswer("not JSON"), 3),
        (errors.ConnectFailed("no connection"), 1),
        (errors.AuthenticationFailed("no such key", status=401), 4),
        (errors.NotReady("not yet"), 1),
        (errors.RecordingCorrupt("file", 3, "why"), 1),
        (PermissionError(13, "Permission denied"), 1),
        (KeyboardInterrupt(), 1),
    ],
)
def test_an_error_ends_with_its_code_and_one_line(error: BaseException, code: int) -> None:
    ended = _end_with(error)
    assert ended.exit_code == code
    assert (ended.stdout, ended.stderr.count("\n")) == ("", 1)


def test_an_interrupted_service_has_done_its_work() -> None:
    ended = _end_with(KeyboardInterrupt(), serves=True)
    assert (ended.exit_code, ended.output) == (0, "")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nonsense"], "venuekit: No such command 'nonsense'.\n"),
        (["replay", "file"], "venuekit: Missing option '--venue'.\n"),
        (["replay", "--venue", "binance"], "venuekit: Missing argument 'FILE...'.\n"),
        (["emulate", "binance", "--port", "x"], None),
        (["record", "binance", "BTC-USDT"], "venuekit: Missing option '--output' / '-o'.\n"),
        (["emulate", "binance", "--speed", "2"], "venuekit: --speed is a recording's: it needs --replay\n"),
        (["demo", "--venue", "nobody"], None),
        (["journal", "nonsense"], "venuekit: No such command 'nonsense'.\n"),
        (["history", "orders", "--pairs", "BTC-USDT"], None),
        (["order", "nonsense"], "venuekit: No such command 'nonsense'.\n"),
        (
            ["order", "place", "binance", "BTC-USDT"],
            "venuekit: Missing argument 'buy|sell'. Choose from: buy, sell\n",
        ),
    ],
)
def test_misuse_ends_with_two_and_one_line(
    venuekit: Callable[..., Result], words: list[str], line: str | None
) -> None:
    ended = venuekit(*words)
    assert ended.exit_code == 2
    assert ended.stderr == line if line else ended.stderr.count("\n") == 1


def test_without_words_it_explains_itself(venuekit: Callable[..., Result]) -> None:
    explained = venuekit()
    assert explained.exit_code == 0
    markets = ("demo", "emulate", "book", "ticker", "venues", "record", "replay")
    trading = ("order", "orders", "balance", "rules", "reconcile", "journal", "history")
    for command in markets + trading:
        assert f" {command} " in explained.stdout


def test_it_knows_its_version(venuekit: Callable[..., Result]) -> None:
    assert venuekit("--version").stdout == f"venuekit {__version__}\n"


def test_a_help_text_is_not_broken_where_its_source_is(venuekit: Callable[..., Result]) -> None:
    lines = [line.strip() for line in venuekit("order", "place", "--help").stdout.splitlines()]
    begin = next(place for place, line in enumerate(lines) if line.startswith("Prints what is sent"))
    paragraph = lines[begin : lines.index("", begin)]
    # A line ends where the next word does not fit: no sooner than 80 columns less a long word.
    assert len(paragraph) > 2
    assert all(len(line) > 60 for line in paragraph[:-1])


def test_help_imports_nothing_heavy() -> None:
    heavy = "aiohttp", "venuekit.connector", "venuekit.emulator", "rich.live"
    source = (
        "import sys\nfrom venuekit.cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    ended = subprocess.run((COMMAND[0], "-c", source), capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    shown = subprocess.Popen((*COMMAND, "venues"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert shown.stdout is not None
    shown.stdout.close()
    assert shown.stderr is not None
    said = shown.stderr.read()
    shown.stderr.close()
    assert shown.wait(timeout=60) in (0, 1)
    assert "Traceback" not in said
