from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "check_layers.py"


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
    ("name", "text"),
    [
        ("model/book.py", "from venuekit.state import order_book"),
        ("model/book.py", "import venuekit.web.assistant"),
        ("model/book.py", "from venuekit import connector"),
        ("model/book.py", "from venuekit import OrderBook"),
        ("model/book.py", "import venuekit"),
        ("model/book.py", "from .. import web"),
        ("model/__init__.py", "from ..state import order_book"),
        ("model/book.py", "def late():\n    from venuekit.state import order_book"),
        ("model/book.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import venuekit.state"),
        ("model/book.py", "import importlib\nimportlib.import_module('venuekit.state.order_book')"),
        ("state/ledger.py", "from venuekit.web.assistant import WebAssistant"),
        ("web/stream.py", "from venuekit.journal import reader"),
        ("web/stream.py", "from venuekit.connector import supervision"),
        ("connector/base.py", "from venuekit.venues.binance.spot import wire"),
        ("connector/base.py", "from venuekit.testing import virtual_clock"),
        ("venues/bybit/spot/wire.py", "from venuekit.venues.binance.spot import wire"),
        ("venues/bybit/spot/wire.py", "from venuekit.emulator import step"),
        ("emulator/shell.py", "from venuekit.state import order_book"),
        ("emulator/shell.py", "from venuekit.venues.binance.spot import exchange"),
        ("emulator/shell.py", "from venuekit.web import assistant"),
        ("protocol/rates.py", "from venuekit.model import book"),
        ("seams/clock.py", "from venuekit.state import rate_ledger"),
        ("errors.py", "from venuekit import model"),
    ],
)
def test_an_import_against_the_layers_is_found(
    name: str, text: str, tmp_path: Path, check: Callable[[Path], int], capsys: pytest.CaptureFixture[str]
) -> None:
    plant(tmp_path, name, text)
    assert check(tmp_path) == 1
    assert f"{name}:{len(text.splitlines())}: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("venues/binance/spot/streams.py", "from venuekit.connector import order_book_data_source"),
        ("venues/binance/spot/streams.py", "from venuekit.venues.binance.spot import wire"),
        ("venues/binance/spot/streams.py", "from . import wire"),
        ("connector/base.py", "from venuekit.journal import reader\nfrom venuekit.web import assistant"),
        ("state/ledger.py", "from venuekit import errors\nfrom venuekit.protocol.rates import RatePool"),
        ("state/ledger.py", "from .clock_offset import ClockOffset"),
        ("web/assistant.py", "from venuekit import __version__"),
        ("emulator/dialects/binance_spot.py", "from venuekit.venues.binance.spot import wire"),
        ("emulator/dialects/binance_spot.py", "from venuekit.venues.binance.spot.wire import Depth"),
        ("testing/card.py", "from venuekit.web import assistant\nimport venuekit"),
        ("cli/app.py", "from venuekit.emulator import shell"),
        ("model/book.py", "import venuekit_elsewhere"),
    ],
)
def test_an_import_along_the_layers_passes(
    name: str, text: str, tmp_path: Path, check: Callable[[Path], int]
) -> None:
    plant(tmp_path, name, text)
    assert check(tmp_path) == 0


def test_a_clean_tree_is_summed_up_in_one_line(
    tmp_path: Path, check: Callable[[Path], int], capsys: pytest.CaptureFixture[str]
) -> None:
    plant(tmp_path, "model/book.py", "")
    plant(tmp_path, "model/order.py", "")
    check(tmp_path)
    assert capsys.readouterr().out == "layers: 2 modules clean\n"


def test_our_own_imports_follow_the_layers(
    check: Callable[[Path], int], capsys: pytest.CaptureFixture[str]
) -> None:
    status = check(TOOL.parents[1] / "src" / "venuekit")
    assert status == 0, capsys.readouterr().out
