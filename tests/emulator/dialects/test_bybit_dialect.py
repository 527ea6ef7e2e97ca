"""Bybit without sockets."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulator.scripted_market import START, ScriptedMarket, ask, json_of, listen, said, tell

from venuekit.emulator.dialects.bybit import BybitPerpetualDialect, BybitSpotDialect
from venuekit.emulator.dialects.bybit_family import BybitDialect
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.instruments import instrument

SPOT, LINEAR = "/v5/public/spot", "/v5/public/linear"
BOOK, TRADES, TICKER = "orderbook.200.BTCUSDT", "publicTrade.BTCUSDT", "tickers.BTCUSDT"
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


def order(operation: str, *topics: str, req_id: str = "1") -> dict[str, Any]:
    return {"op": operation, "args": list(topics), "req_id": req_id}


def subscribed(venue: BybitDialect, *topics: str, after: float = 0.0) -> Any:
    """A connection that hears these topics; what it was told is read."""
    connection = listen(venue, f"/v5/public/{venue.category}", after=after)
    answer = tell(venue, connection, order("subscribe", *topics), after=after)
    assert answer["success"], answer
    return connection


# Control frames.


def test_each_category_confirms_a_subscription_in_its_own_form(
    spot: BybitSpotDialect, linear: BybitPerpetualDialect
) -> None:
    answers = [
        tell(venue, listen(venue, path), order("subscribe", TRADES, req_id="10001"))
        for venue, path in ((spot, SPOT), (linear, LINEAR))
    ]
    for answer in answers:
        del answer["conn_id"]
    assert [
        {"success": True, "ret_msg": "subscribe", "req_id": "10001", "op": "subscribe"},
        {"success": True, "ret_msg": "", "req_id": "10001", "op": "subscribe"},
    ] == answers


def test_a_request_id_may_be_a_number_and_is_repeated_as_text(
    spot: BybitSpotDialect, linear: BybitPerpetualDialect
) -> None:
    message = {"op": "subscribe", "args": [TRADES], "req_id": 7}
    answers = [tell(venue, listen(venue, path), message) for venue, path in ((spot, SPOT), (linear, LINEAR))]
    assert [(True, "7"), (True, "7")] == [(answer["success"], answer["req_id"]) for answer in answers]


def test_only_linear_repeats_a_request_id_that_was_not_sent(
    spot: BybitSpotDialect, linear: BybitPerpetualDialect
) -> None:
    message = {"op": "subscribe", "args": [TRADES]}
    assert "req_id" not in tell(spot, listen(spot, SPOT), message)
    assert "" == tell(linear, listen(linear, LINEAR), message)["req_id"]


def test_a_ping_is_answered_under_its_own_name(spot: BybitSpotDialect, linear: BybitPerpetualDialect) -> None:
    pongs = [
        tell(venue, listen(venue, path), {"op": "ping"}) for venue, path in ((spot, SPOT), (linear, LINEAR))
    ]
    assert [("pong", "ping"), ("pong", "ping")] == [(pong["ret_msg"], pong["op"]) for pong in pongs]
    assert [False, True] == ["req_id" in pong for pong in pongs]


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        ([f"publicTrade.COIN{number}USDT" for number in range(11)], "args size >10"),
        (["publicTrade.NOPEUSDT"], "Invalid symbol :[publicTrade.NOPEUSDT]"),
        (["publicTrade.btcusdt"], "Invalid symbol :[publicTrade.btcusdt]"),
    ],
)
def test_spot_refuses_in_its_own_words(spot: BybitSpotDialect, topics: list[str], message: str) -> None:
    answer = tell(spot, listen(spot, SPOT), order("subscribe", *topics))
    assert (False, message) == (answer["success"], answer["ret_msg"])


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        (["orderbook.50.NOPEUSDT"], "error:handler not found,topic:orderbook.50.NOPEUSDT"),
        (["orderbook.500.BTCUSDT"], "error:handler not found,topic:orderbook.500.BTCUSDT"),
        ([TRADES, "tickers.btcusdt"], "error:handler not found,topic:tickers.btcusdt"),
    ],
)
def test_linear_refuses_in_its_own_words(
    linear: BybitPerpetualDialect, topics: list[str], message: str
) -> None:
    answer = tell(linear, listen(linear, LINEAR), order("subscribe", *topics))
    assert (False, message) == (answer["success"], answer["ret_msg"])


def test_linear_takes_any_number_of_topics(linear: BybitPerpetualDialect) -> None:
    kinds = ("orderbook.1", "orderbook.50", "orderbook.200", "orderbook.1000", "publicTrade", "tickers")
    topics = [f"{kind}.{symbol}" for kind in kinds for symbol in ("BTCUSDT", "BTCPERP")]
    assert tell(linear, listen(linear, LINEAR), order("subscribe", *topics))["success"]


def test_one_bad_topic_sinks_its_whole_request(spot: BybitSpotDialect, market: ScriptedMarket) -> None:
    client = listen(spot, SPOT)
    assert not tell(spot, client, order("subscribe", TRADES, "publicTrade.NOPEUSDT"))["success"]
    market.happens(0.1, trades=[("100.00", "1.000", True)])
    spot.tick(START + 1.0)
    assert [] == said(client)


def test_a_second_subscription_is_refused_and_the_first_goes_on(
    linear: BybitPerpetualDialect, market: ScriptedMarket
) -> None:
    client = subscribed(linear, TRADES)
    answer = tell(linear, client, order("subscribe", TRADES))
    assert f"error:already subscribed,topic:{TRADES}" == answer["ret_msg"]
    market.happens(0.1, trades=[("100.00", "1.000", True)])
    linear.tick(START + 1.0)
    assert [TRADES] == [frame["topic"] for frame in said(client)]


def test_an_ended_subscription_is_silent(spot: BybitSpotDialect, market: ScriptedMarket) -> None:
    client = subscribed(spot, TRADES)
    assert tell(spot, client, order("unsubscribe", TRADES))["success"]
    market.happens(0.1, trades=[("100.00", "1.000", True)])
    spot.tick(START + 1.0)
    assert [] == said(client)


@pytest.mark.parametrize("message", [{"op": "pong"}, {"op": "login"}, {}])
def test_an_unknown_operation_is_refused(linear: BybitPerpetualDialect, message: dict[str, str]) -> None:
    assert "error:invalid op" == tell(linear, listen(linear, LINEAR), message)["ret_msg"]


def test_what_is_no_json_is_refused_and_the_line_stays(linear: BybitPerpetualDialect) -> None:
    client = listen(linear, LINEAR)
    linear.receive(client, "hello", START)
    assert said(client)[0]["ret_msg"].startswith("Failed to decode incoming data:")
    assert tell(linear, client, {"op": "ping"})["success"]


def test_each_category_has_its_own_address(spot: BybitSpotDialect) -> None:
    refused = spot.connect(LINEAR, now=START)
    assert 404 == getattr(refused, "status", None)


def test_a_line_without_ping_and_data_is_cut_after_ten_minutes(spot: BybitSpotDialect) -> None:
    idle, beating = listen(spot, SPOT), listen(spot, SPOT)
    for minute in range(1, 11):
        tell(spot, beating, {"op": "ping"}, after=60.0 * minute - 1.0)
    spot.tick(START + 600.0)
    assert (True, False) == (idle.closing is not None, beating.closing is not None)


def test_a_line_with_data_is_not_cut(spot: BybitSpotDialect, market: ScriptedMarket) -> None:
    client = subscribed(spot, TRADES)
    market.happens(300.0, trades=[("100.00", "1.000", True)])
    spot.tick(START + 601.0)
    assert client.closing is None


# Books.


def test_a_book_begins_with_a_snapshot_at_once(spot: BybitSpotDialect) -> None:
    client = listen(spot, SPOT)
    spot.receive(client, b'{"op":"subscribe","args":["orderbook.200.BTCUSDT"]}', START)
    _, frame = said(client)
    assert ("snapshot", 5, ["99", "1"]) == (frame["type"], len(frame["data"]["b"]), frame["data"]["b"][0])


def test_differences_count_up_by_one_and_only_when_the_window_moved(
    spot: BybitSpotDialect, market: ScriptedMarket
) -> None:
    client = listen(spot, SPOT)
    spot.receive(client, b'{"op":"subscribe","args":["orderbook.200.BTCUSDT"]}', START)
    (_, snapshot) = said(client)
    for after in (0.15, 0.55, 0.95):
        market.happens(after, bids=[("99.50", f"{after:.3f}")])
    spot.tick(START + 2.0)
    first = snapshot["data"]["u"]
    assert [("delta", first + 1), ("delta", first + 2), ("delta", first + 3)] == [
        (frame["type"], frame["data"]["u"]) for frame in said(client)
    ]


def test_spot_strips_zeros_and_linear_keeps_its_digits() -> None:
    texts = []
    for made in (BybitSpotDialect, BybitPerpetualDialect):
        source = ScriptedMarket()
        venue = made([source], start_time=START)
        client = subscribed(venue, BOOK)
        source.happens(0.05, bids=[("99.50", "1.250"), ("99.00", "0.000")])
        venue.tick(START + 0.1)
        texts.append(said(client)[0]["data"]["b"])
    assert [[["99.5", "1.25"], ["99", "0"]], [["99.50", "1.250"], ["99.00", "0"]]] == texts


def test_a_level_that_is_pushed_out_of_the_window_is_sent_with_zero() -> None:
    deep = [(f"{90 - number * 0.01:.2f}", "1.000") for number in range(60)]
    source = ScriptedMarket()
    venue = BybitPerpetualDialect([source], start_time=START)
    source.happens(0.001, bids=deep)
    venue.tick(START + 0.01)
    client = subscribed(venue, "orderbook.50.BTCUSDT", after=0.01)
    source.happens(0.03, bids=[("99.50", "2.000")])
    venue.tick(START + 0.06)
    (frame,) = said(client)
    # Five levels of the opening and 45 of the deep ones filled the window: the last was 89.56.
    assert [["99.50", "2.000"], ["89.56", "0"]] == frame["data"]["b"]


def test_a_late_reader_gets_what_the_others_have(spot: BybitSpotDialect, market: ScriptedMarket) -> None:
    early = subscribed(spot, BOOK)
    market.happens(0.05, bids=[("99.50", "1.000")])
    spot.tick(START + 0.1)
    told = said(early)[-1]["data"]["u"]
    market.happens(0.12, bids=[("99.60", "1.000")])
    late = listen(spot, SPOT, after=0.15)
    spot.receive(late, b'{"op":"subscribe","args":["orderbook.200.BTCUSDT"]}', START + 0.15)
    _, snapshot = said(late)
    assert (told, ["99.5", "1"]) == (snapshot["data"]["u"], snapshot["data"]["b"][0])
    spot.tick(START + 0.2)
    assert [told + 1] == [frame["data"]["u"] for frame in said(late)]
    assert [told + 1] == [frame["data"]["u"] for frame in said(early)]


def test_all_depths_and_rest_share_the_cross_sequence(
    linear: BybitPerpetualDialect, market: ScriptedMarket
) -> None:
    client = subscribed(linear, "orderbook.50.BTCUSDT", BOOK)
    market.happens(0.05, bids=[("99.50", "1.000")])
    linear.tick(START + 0.2)
    target = "/v5/market/orderbook?category=linear&symbol=BTCUSDT"
    book = json_of(ask(linear, target, after=0.2))["result"]
    assert [book["seq"], book["seq"]] == [frame["data"]["seq"] for frame in said(client)]


def test_ids_go_on_rising_when_a_topic_is_left_and_joined_again(
    spot: BybitSpotDialect, market: ScriptedMarket
) -> None:
    client = listen(spot, SPOT)
    ids = []
    for after in (0.0, 1.0):
        spot.receive(client, b'{"op":"subscribe","args":["orderbook.200.BTCUSDT"]}', START + after)
        ids.append(said(client)[-1]["data"]["u"])
        tell(spot, client, order("unsubscribe", BOOK), after=after)
        market.happens(after + 0.5, bids=[("99.50", f"{after + 1:.3f}")])
    assert ids[1] == ids[0] + 1


def test_the_best_prices_come_whole_and_again_after_three_seconds_with_the_same_id(
    linear: BybitPerpetualDialect, market: ScriptedMarket
) -> None:
    client = subscribed(linear, "orderbook.1.BTCUSDT")
    market.happens(0.005, bids=[("99.50", "1.000")])
    linear.tick(START + 3.5)
    first, second = said(client)
    assert ("snapshot", [["99.50", "1.000"]]) == (first["type"], first["data"]["b"])
    assert first["data"] == second["data"]
    assert 3.0 == pytest.approx((second["ts"] - first["ts"]) / 1000, abs=0.02)


def test_a_restart_of_the_service_sends_the_book_again_and_counts_from_one(
    spot: BybitSpotDialect, market: ScriptedMarket
) -> None:
    client = subscribed(spot, BOOK)
    spot.restart_service(START + 1.0)
    market.happens(1.05, bids=[("99.50", "1.000")])
    spot.tick(START + 1.1)
    assert [("snapshot", 1), ("delta", 2)] == [(frame["type"], frame["data"]["u"]) for frame in said(client)]


def test_a_gap_leaves_out_one_id(spot: BybitSpotDialect, market: ScriptedMarket) -> None:
    client = subscribed(spot, BOOK)
    for number in range(3):
        market.happens(0.05 + 0.1 * number, bids=[("99.50", f"{number + 1}.000")])
    spot.faults.add(Fault(kind=FaultKind.GAP, skip=1))
    spot.tick(START + 1.0)
    first, second = (frame["data"]["u"] for frame in said(client))
    assert second == first + 2


def test_a_crossed_difference_bids_the_best_ask(spot: BybitSpotDialect, market: ScriptedMarket) -> None:
    client = subscribed(spot, BOOK)
    market.happens(0.05, bids=[("99.50", "1.000")])
    spot.faults.add(Fault(kind=FaultKind.CROSSED))
    spot.tick(START + 0.1)
    assert ["101", "1"] in said(client)[0]["data"]["b"]


def test_a_crossed_difference_deletes_no_bid_where_it_crosses(
    spot: BybitSpotDialect, market: ScriptedMarket
) -> None:
    client = subscribed(spot, BOOK)
    market.happens(0.05, bids=[("101.00", "1.000")], asks=[("101.00", "0.000")])
    spot.tick(START + 0.1)
    said(client)
    market.happens(0.15, bids=[("101.00", "0.000")], asks=[("101.00", "2.000")])
    spot.faults.add(Fault(kind=FaultKind.CROSSED))
    spot.tick(START + 0.2)
    assert said(client)[0]["data"]["b"] == [["101", "2"]]


def test_a_contract_that_is_not_launched_is_acknowledged_and_silent(linear: BybitPerpetualDialect) -> None:
    client = subscribed(linear, "orderbook.200.NEWUSDT")
    linear.tick(START + 5.0)
    assert [] == said(client)


# Trades and tickers.


def test_linear_trades_have_uuids_and_a_direction(
    linear: BybitPerpetualDialect, market: ScriptedMarket
) -> None:
    client = subscribed(linear, TRADES)
    for after, price in ((0.1, "100.00"), (0.2, "100.10"), (0.3, "100.10"), (0.4, "100.00")):
        market.happens(after, trades=[(price, "1.000", True)])
    linear.tick(START + 1.0)
    rows = [row for frame in said(client) for row in frame["data"]]
    assert ["ZeroPlusTick", "PlusTick", "ZeroPlusTick", "MinusTick"] == [row["L"] for row in rows]
    assert 4 == len({row["i"] for row in rows})
    assert [8, 4, 4, 4, 12] == [len(part) for part in rows[0]["i"].split("-")]


def test_spot_trades_have_numbers_and_the_takers_side(spot: BybitSpotDialect, market: ScriptedMarket) -> None:
    client = subscribed(spot, TRADES)
    market.happens(0.1, trades=[("100.00", "1.500", False)])
    spot.tick(START + 1.0)
    ((row,),) = (frame["data"] for frame in said(client))
    assert ("1", "Sell", "100", "1.5") == (row["i"], row["S"], row["p"], row["v"])


def test_more_than_1024_trades_come_in_several_messages(
    spot: BybitSpotDialect, market: ScriptedMarket
) -> None:
    client = subscribed(spot, TRADES)
    market.happens(0.1, trades=[("100.00", "0.001", True)] * 1500)
    spot.tick(START + 1.0)
    assert [1024, 476] == [len(frame["data"]) for frame in said(client)]


def test_a_linear_ticker_is_whole_once_and_then_in_parts(
    linear: BybitPerpetualDialect, market: ScriptedMarket
) -> None:
    client = listen(linear, LINEAR)
    linear.receive(client, b'{"op":"subscribe","args":["tickers.BTCUSDT"]}', START)
    market.happens(0.15, bids=[("98.00", "5.000")])
    market.happens(0.25, bids=[("99.00", "5.000")])
    linear.tick(START + 1.0)
    _, whole, part = said(client)
    assert ("snapshot", "8") == (whole["type"], whole["data"]["fundingIntervalHour"])
    assert ("delta", {"symbol": "BTCUSDT", "bid1Size": "5.000"}) == (part["type"], part["data"])


def test_a_spot_ticker_is_always_whole_and_comes_when_something_traded(
    spot: BybitSpotDialect, market: ScriptedMarket
) -> None:
    client = listen(spot, SPOT)
    spot.receive(client, b'{"op":"subscribe","args":["tickers.BTCUSDT"]}', START)
    market.happens(0.2, trades=[("101.00", "1.000", True)])
    spot.tick(START + 1.0)
    _, first, second = said(client)
    assert ["snapshot", "snapshot"] == [first["type"], second["type"]]
    assert first["data"].keys() == second["data"].keys()
    assert "101" == second["data"]["lastPrice"]
