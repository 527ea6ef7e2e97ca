"""`venuekit replay`: what it prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

LINES = (
    b'1000000000 {"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,'
    b'"b":[["99.50","1.0"]],"a":[]}}\n'
    b'2000000000 {"lastUpdateId":1,"bids":[["99.00","2.0"]],"asks":[["101.25","3.0"]]}\n'
    b'3000000000 {"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":7,"p":"100.00",'
    b'"q":"0.250","T":1,"m":true}}\n'
)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.txt"
    path.write_bytes(LINES)
    return path


def test_the_json_is_what_programs_were_promised(venuekit: Callable[..., Result], recording: Path) -> None:
    said = venuekit("replay", "--venue", "binance", recording, "--checkpoint-every", 1, "--json")
    assert said.exit_code == 0
    assert json.loads(said.stdout) == {
        "pairs": {
            "BTC-USDT": {
                "status": "LIVE",
                "last_update_id": 2,
                "applied": 1,
                "stale": 0,
                "gaps": 0,
                "bids": [["99.50", "1.0"], ["99.00", "2.0"]],
                "asks": [["101.25", "3.0"]],
                "trades": 1,
                "first_trade_id": 7,
                "last_trade_id": 7,
                "trade_amount_sum": "0.250",
                "checkpoints": [[2, "99.50", "1.0", "101.25", "3.0"]],
            }
        }
    }


def test_people_get_an_aligned_ladder(venuekit: Callable[..., Result], recording: Path) -> None:
    assert venuekit("replay", "--venue", "binance", recording).stdout.splitlines() == [
        "BTC-USDT  LIVE  last update id 2",
        "  differences: 1 applied, 0 stale, 0 gaps    trades: 1, ids 7 to 7, amount 0.250",
        "  1.0  99.50 | 101.25  3.0",
        "  2.0  99.00 | ",
    ]


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["--venue", "nobody"], 2, "no connector named 'nobody'"),
        (["--venue", "binance", "--pair", "ETH-USDT"], 2, "no ETH-USDT in the recording"),
        (["--venue", "binance_perpetual"], 1, "not what binance_perpetual documents"),
    ],
)
def test_what_cannot_be_replayed_is_told_in_a_line(
    venuekit: Callable[..., Result], recording: Path, words: list[str], code: int, line: str
) -> None:
    ended = venuekit("replay", *words, recording, "--json")
    assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (code, "", 1)
    assert line in ended.stderr


def test_a_missing_file_is_told_in_a_line(venuekit: Callable[..., Result], tmp_path: Path) -> None:
    ended = venuekit("replay", "--venue", "binance", tmp_path / "nowhere.gz")
    assert (ended.exit_code, ended.stderr) == (
        2,
        f"venuekit: {tmp_path / 'nowhere.gz'}: No such file or directory\n",
    )


def test_a_damaged_file_is_told_in_a_line(venuekit: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "broken.gz"
    path.write_bytes(b"not gzip at all")
    ended = venuekit("replay", "--venue", "binance", path)
    assert (ended.exit_code, ended.stderr.count("\n")) == (1, 1)
    assert "line 1: Not a gzipped file" in ended.stderr
