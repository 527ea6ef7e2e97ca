from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "check_seams.py"


@pytest.fixture(scope="module")
def check() -> Callable[[Path], int]:
    main = runpy.run_path(str(TOOL))["main"]

    def run(root: Path) -> int:
        status: int = main([str(root)])
        return status

    return run


def plant(root: Path, name: str, text: str) -> None:
    module = root / name
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from time import monotonic",
        "import random",
        "from random import Random",
        "from uuid import uuid4",
        "import threading",
        "from concurrent.futures import ThreadPoolExecutor",
        "import sqlite3",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime as moment\nmoment.utcnow()",
        "import os\nos.urandom(8)",
        "from os import urandom as noise\nnoise(8)",
        "import os\nos.environ['HOME']",
        "import asyncio\nasyncio.to_thread(print)",
        "def f(loop):\n    loop.run_in_executor(None, print)",
        "open('file')",
        "def f(path):\n    path.open()",
        "def f(file):\n    file.open('rb')",
        "def f(path):\n    path.read_text()",
        "for x in {1, 2}: print(x)",
        "for x in set('ab'): print(x)",
        "[x for x in frozenset('ab')]",
        "def f(names: set[str]):\n    return list(names)",
        "def f(self):\n    self._names = set()\n    for name in self._names: print(name)",
        "def f(names, others):\n    for name in names.union(others): print(name)",
        "def f(a: set[str], b: set[str]):\n    return [*(a - b)]",
    ],
)
def test_what_a_simulation_could_not_repeat_is_found(
    text: str, tmp_path: Path, check: Callable[[Path], int], capsys: pytest.CaptureFixture[str]
) -> None:
    plant(tmp_path, "connector/part.py", text)
    assert check(tmp_path) == 1
    assert f"part.py:{len(text.splitlines())}: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("model/book.py", "async def f(): pass"),
        ("state/book.py", "async def f(): pass"),
        ("emulator/dialects/a.py", "async def f(): pass"),
        ("model/book.py", "BINANCE = 1"),
        ("state/book.py", "def f(): return 'okx'"),
        ("protocol/book.py", "def f(a): return a.kraken_depth"),
        ("protocol/book.py", "def f(bybit): pass"),
        ("protocol/book.py", "from elsewhere import coinbase"),
        ("protocol/book.py", "import elsewhere.kucoin"),
        ("connector/base.py", "x = 1  # as Binance does"),
        ("connector/base.py", '"""Good for Bybit."""'),
        ("web/stream.py", "def f(): return b'hyperliquid'"),
        ("web/stream.py", "GATEIO = 1"),
        ("journal/writer.py", "def f(): return f'gate.io {1}'"),
        ("emulator/shell.py", '"""Good for Bybit."""'),
        ("errors.py", "class KrakenDown: pass"),
        ("connector/base.py", "try: pass\nexcept Exception: pass"),
        ("cli/app.py", "try: pass\nexcept: pass"),
        ("web/stream.py", "try: pass\nexcept (ValueError, BaseException): pass"),
        ("web/stream.py", "import contextlib\ncontextlib.suppress(Exception)"),
        ("web/stream.py", "try: pass\nexcept BaseException: print()"),
        ("web/stream.py", "for x in ():\n    try: pass\n    except BaseException: continue; raise"),
        ("cli/app.py", "cache = {}"),
        ("model/book.py", "_SEEN = []"),
        ("model/book.py", "seen: list[str] = list()"),
        ("model/book.py", "names = ['a']"),
        ("model/book.py", "from collections import defaultdict\n_SEEN = defaultdict(int)"),
        ("model/book.py", "from itertools import count\n_numbers = count()"),
        ("model/book.py", "import sys\nif sys.platform:\n    _SEEN = {}"),
        ("model/book.py", "def f():\n    global seen"),
    ],
)
def test_a_broken_rule_is_found(
    name: str, text: str, tmp_path: Path, check: Callable[[Path], int], capsys: pytest.CaptureFixture[str]
) -> None:
    plant(tmp_path, name, text)
    assert check(tmp_path) == 1
    assert f"{name}:{len(text.splitlines())}: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seams/clock.py", "import time\ntime.time()"),
        ("cli/app.py", "import time\nfrom pathlib import Path\nPath('a').read_text()"),
        ("seams/process.py", "_shared = {}"),
        ("connector/supervision.py", "try: pass\nexcept Exception: pass"),
        ("connector/base.py", "try: pass\nexcept ValueError: pass"),
        ("connector/base.py", "try: pass\nexcept BaseException:\n    print()\n    raise"),
        ("venues/binance/spot/wire.py", '"""Binance spot."""\nNAME = "binance"'),
        ("emulator/dialects/binance_spot.py", '"""Binance spot."""\nNAME = "binance"'),
        ("protocol/feed.py", '"""A range of ids (Binance spot: U, u)."""\nx = 1  # Bybit too'),
        ("web/rate_gate.py", '"""A gate, to navigate and delegate."""\nclass RateGate: pass'),
        ("model/book.py", "__all__ = ['a']\nTABLE = {'a': 1}\n_NAMES = ('a',)\n_pairs = make(list)"),
        ("model/day.py", "from datetime import UTC, datetime\ndatetime.fromtimestamp(0, UTC)"),
        ("model/day.py", "class Day:\n    open: str\ndef f(day):\n    return day.open"),
        ("state/book.py", "def f(names: set[str]):\n    return sorted(names), len(names), 'a' in names"),
        ("state/book.py", "def f():\n    seen = []\n    return seen"),
    ],
)
def test_what_the_rules_allow_passes(
    name: str, text: str, tmp_path: Path, check: Callable[[Path], int], capsys: pytest.CaptureFixture[str]
) -> None:
    plant(tmp_path, name, text)
    assert check(tmp_path) == 0, capsys.readouterr().out


def test_an_excused_line_passes_and_is_counted(
    tmp_path: Path, check: Callable[[Path], int], capsys: pytest.CaptureFixture[str]
) -> None:
    plant(tmp_path, "web/a.py", "for x in {1, 2}: print(x)  # sim-ok: the sum does not depend on the order")
    assert check(tmp_path) == 0
    assert capsys.readouterr().out == "seams: 1 modules clean, 1 excused\n"


@pytest.mark.parametrize("line", ["import time  # sim-ok:", "x = 1  # sim-ok: no reason to be here"])
def test_an_excuse_needs_a_reason_and_a_fault(
    line: str, tmp_path: Path, check: Callable[[Path], int]
) -> None:
    plant(tmp_path, "web/a.py", line)
    assert check(tmp_path) == 1


def test_our_own_modules_keep_the_seams(
    check: Callable[[Path], int], capsys: pytest.CaptureFixture[str]
) -> None:
    status = check(TOOL.parents[1] / "src" / "venuekit")
    assert status == 0, capsys.readouterr().out
