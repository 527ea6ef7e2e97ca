"""The control plane without sockets."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.emulator.scripted_market import START, ScriptedMarket, ask, json_of, listen, said

from venuekit.emulator.answer import Answer, Request
from venuekit.emulator.control import control
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def venue(market: ScriptedMarket) -> BinanceSpotDialect:
    return BinanceSpotDialect([market], start_time=START)


def _do(
    venue: BinanceSpotDialect,
    method: str,
    name: str,
    *,
    query: dict[str, str] | None = None,
    body: Any = None,
    after: float = 0.0,
) -> Answer:
    request = Request(
        method=method,
        path=f"/_emulator/{name}",
        query=tuple((query or {}).items()),
        body=b"" if body is None else msgspec.json.encode(body),
    )
    return control(venue, request, START + after)


def test_the_book_is_told_whole(venue: BinanceSpotDialect) -> None:
    book = json_of(_do(venue, "GET", "book", query={"symbol": "BTCUSDT"}))
    assert (book["last_update_id"], len(book["bids"]), book["asks"][0]) == (1000, 5, ["101.00", "1.000"])


def test_the_book_is_told_with_the_id_that_each_stream_has_reached(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    listen(venue, "/ws/btcusdt@depth")
    market.happens(0.1, bids=[("99.50", "1.000")])
    _do(venue, "POST", "pause", after=0.2)
    book = json_of(_do(venue, "GET", "book", query={"symbol": "BTCUSDT"}, after=0.2))
    assert book["stream_ids"] == {"btcusdt@depth": 1001}


def test_the_tape_is_told_from_an_id_on(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    market.happens(0.1, trades=[("101.00", "1.000", True), ("102.00", "2.000", True)])
    tape = json_of(_do(venue, "GET", "tape", query={"symbol": "BTCUSDT", "from": "2"}, after=1.0))
    assert [(trade["trade_id"], trade["price"]) for trade in tape] == [(2, "102.00")]


def test_a_pause_names_the_ids_at_which_all_stands_still(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    listener = listen(venue, "/ws/btcusdt@depth")
    market.happens(0.1, bids=[("99.50", "1.000")])
    paused = json_of(_do(venue, "POST", "pause", after=0.2))
    assert paused == {"last_update_ids": {"BTCUSDT": 1001}}
    assert said(listener)[-1]["u"] == 1001
    assert json_of(_do(venue, "GET", "status"))["paused"] is True
    _do(venue, "POST", "resume", after=0.3)
    assert json_of(_do(venue, "GET", "status"))["paused"] is False


def test_faults_are_armed_reported_and_cleared(venue: BinanceSpotDialect) -> None:
    _do(venue, "POST", "faults", body=[{"kind": "firewall"}, {"kind": "gap", "times": None}])
    assert ask(venue, "/api/v3/ping").status == 403
    reports = json_of(_do(venue, "GET", "status"))["faults"]
    assert [(row["fault"]["kind"], row["fired"], row["is_armed"]) for row in reports] == [
        ("firewall", 1, False),
        ("gap", 0, True),
    ]
    _do(venue, "DELETE", "faults")
    assert json_of(_do(venue, "GET", "status"))["faults"] == []


def test_the_venues_clock_is_set_apart(venue: BinanceSpotDialect) -> None:
    _do(venue, "POST", "clock", body={"skew": 10})
    assert json_of(ask(venue, "/api/v3/time"))["serverTime"] == (START + 10) * 1000


def test_status_tells_who_listens_to_what(venue: BinanceSpotDialect) -> None:
    listen(venue, "/ws/btcusdt@depth")
    status = json_of(_do(venue, "GET", "status"))
    assert status["venue"] == "binance"
    assert [row["topics"] for row in status["connections"]] == [["btcusdt@depth"]]


@pytest.mark.parametrize(
    ("control_name", "body", "status", "words"),
    [
        ("GET nothing", None, 404, "no such control"),
        ("GET book", None, 400, "BTCUSDT"),
        ("POST faults", [{"kind": "earthquake"}], 400, "earthquake"),
        ("POST clock", {"skwe": 1}, 400, "skwe"),
    ],
)
def test_a_mistake_is_explained(
    venue: BinanceSpotDialect, control_name: str, body: Any, status: int, words: str
) -> None:
    method, name = control_name.split()
    answer = _do(venue, method, name, body=body)
    assert answer.status == status
    assert words in json_of(answer)["error"]


def test_a_tape_starts_at_a_number(venue: BinanceSpotDialect) -> None:
    answer = _do(venue, "GET", "tape", query={"symbol": "BTCUSDT", "from": "x"})
    assert (answer.status, json_of(answer)) == (400, {"error": "`from` is a trade id, not 'x'"})
