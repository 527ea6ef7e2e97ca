"""Bybit's questions and answers without sockets."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from tests.emulator.scripted_market import START, ScriptedMarket, ask, json_of, listen, said, tell

from venuekit.emulator.answer import Request
from venuekit.emulator.dialects.bybit import BybitPerpetualDialect, BybitSpotDialect
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.instruments import instrument

BTC_PERP = instrument("BTC-USDC", "100.00", "0.01", "0.001")


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def spot(market: ScriptedMarket) -> BybitSpotDialect:
    return BybitSpotDialect([market], start_time=START)


@pytest.fixture
def linear(market: ScriptedMarket) -> BybitPerpetualDialect:
    return BybitPerpetualDialect([market, ScriptedMarket(BTC_PERP)], start_time=START)


def test_the_600th_request_of_five_seconds_is_the_last_for_ten_minutes(spot: BybitSpotDialect) -> None:
    statuses = [ask(spot, "/v5/market/time", after=number * 0.008).status for number in range(601)]
    assert [200] * 600 + [403] == statuses
    assert b"403, access too frequent" == ask(spot, "/v5/market/time", after=599.0).body
    assert 200 == ask(spot, "/v5/market/time", after=605.0).status


def test_requests_at_the_documented_pace_are_all_answered(spot: BybitSpotDialect) -> None:
    assert {200} == {ask(spot, "/v5/market/time", after=number / 119).status for number in range(1200)}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("/v5/market/tickers", "Illegal category"),
        ("/v5/market/tickers?category=linear", "Illegal category"),
        ("/v5/market/orderbook?category=spot", "Not supported symbols"),
        ("/v5/market/orderbook?category=spot&symbol=btcusdt", "Not supported symbols"),
        ("/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=x", "params error: limit invalid"),
    ],
)
def test_a_refusal_travels_in_the_envelope_with_status_200(
    spot: BybitSpotDialect, target: str, message: str
) -> None:
    answer = ask(spot, target)
    assert (200, 10001, message) == (answer.status, json_of(answer)["retCode"], json_of(answer)["retMsg"])


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/v5/market/nothing"), ("POST", "/v5/market/time"), ("GET", "/api/v3/time")],
)
def test_a_wrong_path_or_method_is_not_found(spot: BybitSpotDialect, method: str, target: str) -> None:
    assert 404 == ask(spot, target, method=method).status


def test_an_unknown_symbol_is_an_empty_list_of_spot_and_an_error_of_linear(
    spot: BybitSpotDialect, linear: BybitPerpetualDialect
) -> None:
    of_spot = json_of(ask(spot, "/v5/market/instruments-info?category=spot&symbol=NOPE"))
    of_linear = json_of(ask(linear, "/v5/market/instruments-info?category=linear&symbol=NOPE"))
    assert (0, {"category": "spot", "list": []}) == (of_spot["retCode"], of_spot["result"])
    assert (10001, {"category": "", "list": [], "nextPageCursor": ""}) == (
        of_linear["retCode"], of_linear["result"],
    )  # fmt: skip


def test_spot_lists_all_in_one_answer_whatever_the_limit(spot: BybitSpotDialect) -> None:
    result = json_of(ask(spot, "/v5/market/instruments-info?category=spot&limit=0"))["result"]
    assert ["BTCUSDT"] == [row["symbol"] for row in result["list"]]
    assert "nextPageCursor" not in result


def listed(venue: BybitPerpetualDialect, cursor: str) -> dict[str, Any]:
    """A page of two contracts."""
    query = (("category", "linear"), ("limit", "2"), ("cursor", cursor))
    answer = venue.request(Request(method="GET", path="/v5/market/instruments-info", query=query), START)
    result: dict[str, Any] = json_of(answer)["result"]
    return result


def test_linear_lists_by_pages_what_trades(linear: BybitPerpetualDialect) -> None:
    first = listed(linear, "")
    assert "first%3DBTCPERP%26last%3DBTCUSDT" == first["nextPageCursor"]
    last = listed(linear, unquote(first["nextPageCursor"]))
    assert "" == last["nextPageCursor"]
    pages = [[row["symbol"] for row in page["list"]] for page in (first, last)]
    assert [["BTCPERP", "BTCUSDT"], ["BTCUSDT-25DEC26"]] == pages


@pytest.mark.parametrize(
    ("status", "symbols"),
    [("PreLaunch", ["NEWUSDT"]), ("Delivering", ["OLDUSDT"]), ("Closed", [])],
)
def test_linear_lists_what_does_not_trade_when_it_is_asked_for(
    linear: BybitPerpetualDialect, status: str, symbols: list[str]
) -> None:
    target = f"/v5/market/instruments-info?category=linear&status={status}"
    assert symbols == [row["symbol"] for row in json_of(ask(linear, target))["result"]["list"]]


def test_a_cursor_of_nobody_is_refused(linear: BybitPerpetualDialect) -> None:
    answer = json_of(ask(linear, "/v5/market/instruments-info?category=linear&cursor=first%3DX"))
    assert 10001 == answer["retCode"]


def test_the_books_limit_has_the_categorys_default(
    spot: BybitSpotDialect, linear: BybitPerpetualDialect
) -> None:
    of_spot = json_of(ask(spot, "/v5/market/orderbook?category=spot&symbol=BTCUSDT"))["result"]
    of_linear = json_of(ask(linear, "/v5/market/orderbook?category=linear&symbol=BTCUSDT"))["result"]
    assert (1, 5) == (len(of_spot["b"]), len(of_linear["b"]))


def test_the_books_id_is_that_of_the_deepest_topic(spot: BybitSpotDialect, market: ScriptedMarket) -> None:
    client = listen(spot, "/v5/public/spot")
    assert tell(spot, client, {"op": "subscribe", "args": ["orderbook.1000.BTCUSDT"]})["success"]
    market.happens(0.1, bids=[("99.50", "1.000")])
    spot.tick(START + 1.0)
    told = said(client)[-1]["data"]["u"]
    book = json_of(ask(spot, "/v5/market/orderbook?category=spot&symbol=BTCUSDT", after=1.0))["result"]
    assert told == book["u"]


def test_one_id_names_one_book_between_two_frames_of_the_deepest_topic(
    spot: BybitSpotDialect, market: ScriptedMarket
) -> None:
    client = listen(spot, "/v5/public/spot")
    assert tell(spot, client, {"op": "subscribe", "args": ["orderbook.1000.BTCUSDT"]})["success"]
    said(client)
    market.happens(0.01, bids=[("99.50", "1.000")])
    market.happens(0.03, bids=[("99.50", "2.000")])
    asked = [
        json_of(ask(spot, "/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=50", after=after))[
            "result"
        ]
        for after in (0.02, 0.04)
    ]
    spot.tick(START + 1.0)
    told = {frame["data"]["u"]: frame["data"]["b"] for frame in said(client)}
    assert {book["u"]: [row for row in book["b"] if row[0] == "99.5"] for book in asked} == told


def test_one_id_names_one_book_when_nobody_reads_the_deepest_topic_any_more(
    spot: BybitSpotDialect, market: ScriptedMarket
) -> None:
    client = listen(spot, "/v5/public/spot")
    for operation in ("subscribe", "unsubscribe"):
        tell(spot, client, {"op": operation, "args": ["orderbook.1000.BTCUSDT"]})
    market.happens(0.1, bids=[("99.50", "1.000")])
    market.happens(0.3, bids=[("99.50", "2.000")])
    first, second = (
        json_of(ask(spot, "/v5/market/orderbook?category=spot&symbol=BTCUSDT", after=after))["result"]["u"]
        for after in (0.2, 0.4)
    )
    assert first + 1 == second


def test_linear_lists_the_contracts_of_one_coin(linear: BybitPerpetualDialect) -> None:
    target = "/v5/market/instruments-info?category=linear&baseCoin=NEW&status=PreLaunch"
    listed = json_of(ask(linear, target))["result"]["list"]
    assert ["NEWUSDT"] == [row["symbol"] for row in listed]
    assert not json_of(ask(linear, target.replace("=NEW", "=BTC")))["result"]["list"]


def test_recent_trades_come_newest_first(spot: BybitSpotDialect, market: ScriptedMarket) -> None:
    for after, price in ((0.1, "100.00"), (0.2, "100.10")):
        market.happens(after, trades=[(price, "1.000", True)])
    rows = json_of(ask(spot, "/v5/market/recent-trade?category=spot&symbol=BTCUSDT", after=1.0))["result"]
    assert ["100.1", "100"] == [row["price"] for row in rows["list"]]


def test_fundings_of_the_past_come_newest_first_at_full_hours(linear: BybitPerpetualDialect) -> None:
    target = "/v5/market/funding/history?category=linear&symbol=BTCUSDT&limit=3"
    rows = json_of(ask(linear, target))["result"]["list"]
    moments = [int(row["fundingRateTimestamp"]) for row in rows]
    assert [moments[0] - 28_800_000 * back for back in range(3)] == moments
    assert 0 == moments[0] % 28_800_000


def test_fundings_from_a_start_without_an_end_are_refused(linear: BybitPerpetualDialect) -> None:
    target = "/v5/market/funding/history?category=linear&symbol=BTCUSDT&startTime=1790000000000"
    assert 10001 == json_of(ask(linear, target))["retCode"]


def test_spot_has_no_fundings(spot: BybitSpotDialect) -> None:
    assert 404 == ask(spot, "/v5/market/funding/history?category=spot&symbol=BTCUSDT").status


@pytest.mark.parametrize(
    ("kind", "status"),
    [(FaultKind.BANNED, 403), (FaultKind.RATE_LIMITED, 429), (FaultKind.SERVER_ERROR, 503)],
)
def test_faults_are_answered_in_the_venues_words(
    spot: BybitSpotDialect, kind: FaultKind, status: int
) -> None:
    spot.faults.add(Fault(kind=kind))
    assert status == ask(spot, "/v5/market/time").status
    assert 200 == ask(spot, "/v5/market/time").status
