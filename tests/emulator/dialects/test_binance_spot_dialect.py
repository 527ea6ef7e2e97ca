"""Binance spot without sockets."""

from __future__ import annotations

import msgspec
import pytest
from tests.emulator.scripted_market import ETH, START, ScriptedMarket, ask, json_of, listen, said, tell

from venuekit import errors
from venuekit.emulator.answer import Answer
from venuekit.emulator.connection import ABNORMAL, Closing, FrameKind
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def venue(market: ScriptedMarket) -> BinanceSpotDialect:
    return BinanceSpotDialect([market, ScriptedMarket(ETH)], start_time=START)


def test_the_time_is_the_venues_own(venue: BinanceSpotDialect) -> None:
    venue.skew = -10.0
    assert json_of(ask(venue, "/api/v3/time")) == {"serverTime": int((START - 10) * 1000)}


def test_a_snapshot_has_a_hundred_levels_unless_asked_otherwise(venue: BinanceSpotDialect) -> None:
    book = json_of(ask(venue, "/api/v3/depth?symbol=BTCUSDT&limit=2"))
    assert book == {
        "lastUpdateId": 1000,
        "bids": [["99.00", "1.000"], ["98.00", "1.000"]],
        "asks": [["101.00", "1.000"], ["102.00", "1.000"]],
    }


def test_a_snapshot_is_ahead_of_the_stream(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    market.happens(0.25, bids=[("99.50", "2.000")])
    listener = listen(venue, "/ws/btcusdt@depth")
    assert json_of(ask(venue, "/api/v3/depth?symbol=BTCUSDT", after=0.3))["lastUpdateId"] == 1001
    assert said(listener) == []


def test_diffs_come_at_their_pace_with_the_ids_they_cover(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    fast, slow = listen(venue, "/ws/btcusdt@depth@100ms"), listen(venue, "/ws/btcusdt@depth")
    market.happens(0.05, bids=[("99.50", "2.000")])
    market.happens(0.15, bids=[("99.50", "0.000")], asks=[("101.00", "3.000")])
    venue.tick(START + 1.0)
    first, second = said(fast)
    assert (first["U"], first["u"], first["b"]) == (1001, 1001, [["99.50", "2.000"]])
    assert (second["U"], second["u"]) == (1002, 1003)
    (whole,) = said(slow)
    assert (whole["U"], whole["u"], whole["b"], whole["a"]) == (
        1001,
        1003,
        [["99.50", "0.000"]],
        [["101.00", "3.000"]],
    )


def test_what_is_published_does_not_depend_on_how_often_the_clock_is_looked_at() -> None:
    def frames(moments: list[float]) -> list[bytes]:
        market = ScriptedMarket()
        venue = BinanceSpotDialect([market], start_time=START)
        listener = listen(venue, "/stream?streams=btcusdt@depth@100ms/btcusdt@trade/btcusdt@bookTicker")
        for number in range(20):
            market.happens(
                0.03 * number, bids=[("99.50", f"{number}.000")], trades=[("99.50", "0.100", False)]
            )
        for moment in moments:
            venue.tick(START + moment)
        return [frame.payload for frame in listener.outbox]

    assert frames([1.0]) == frames([0.01 * number for number in range(101)])


def test_partial_depth_is_said_when_the_book_moved(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    listener = listen(venue, "/ws/btcusdt@depth5@100ms")
    venue.tick(START + 0.1)
    assert len(said(listener)) == 1
    venue.tick(START + 0.5)
    assert said(listener) == []
    market.happens(0.55, bids=[("99.50", "2.000")])
    venue.tick(START + 0.6)
    assert said(listener)[0]["bids"][0] == ["99.50", "2.000"]


def test_trades_of_one_taker_at_one_price_are_aggregated(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    each, together = listen(venue, "/ws/btcusdt@trade"), listen(venue, "/ws/btcusdt@aggTrade")
    sweep = [("101.00", "0.400", True), ("101.00", "0.600", True), ("102.00", "1.000", True)]
    market.happens(0.2, asks=[("101.00", "0.000")], trades=sweep)
    venue.tick(START + 0.2)
    assert [trade["t"] for trade in said(each)] == [1, 2, 3]
    rows = [(row["a"], row["p"], row["q"], row["f"], row["l"], row["m"]) for row in said(together)]
    assert rows == [(1, "101.00", "1.000", 1, 2, False), (2, "102.00", "1.000", 3, 3, False)]


def test_the_book_ticker_speaks_only_when_the_best_prices_change(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    listener = listen(venue, "/ws/btcusdt@bookTicker")
    market.happens(0.1, bids=[("99.50", "2.000")])
    market.happens(0.2, bids=[("95.00", "7.000")])
    venue.tick(START + 0.5)
    (best,) = said(listener)
    assert (best["b"], best["B"], best["a"]) == ("99.50", "2.000", "101.00")


def test_the_all_market_ticker_holds_the_markets_that_moved(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    listener = listen(venue, "/ws/!miniTicker@arr")
    venue.tick(START + 1.0)
    said(listener)
    market.happens(1.5, trades=[("101.00", "0.400", True)])
    venue.tick(START + 2.0)
    ((ticker,),) = said(listener)
    assert (ticker["s"], ticker["c"], ticker["v"]) == ("BTCUSDT", "101.00", "0.400")


def test_the_day_ticker_adds_the_trades_up(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    market.happens(0.1, trades=[("101.00", "2.000", True), ("99.00", "1.000", False)])
    day = json_of(ask(venue, "/api/v3/ticker/24hr?symbol=BTCUSDT", after=1.0))
    assert (day["openPrice"], day["lastPrice"], day["highPrice"]) == ("101.00", "99.00", "101.00")
    assert (day["volume"], day["quoteVolume"], day["count"]) == ("3.000", "301.00000000", 2)


def test_combined_and_raw_clients_hear_the_same(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    raw = listen(venue, "/ws/btcusdt@trade")
    combined = listen(venue, "/stream?streams=btcusdt@trade")
    market.happens(0.1, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.2)
    (bare,), (wrapped,) = said(raw), said(combined)
    assert wrapped == {"stream": "btcusdt@trade", "data": bare}


def test_one_frame_is_encoded_once_for_all(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    listeners = [listen(venue, "/ws/btcusdt@trade") for _ in range(3)]
    market.happens(0.1, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.2)
    assert len({id(listener.outbox[0]) for listener in listeners}) == 1


def test_subscriptions_are_taken_listed_and_given_up(venue: BinanceSpotDialect) -> None:
    client = listen(venue, "/ws")
    names = ["btcusdt@depth", "nosuch@depth"]
    assert tell(venue, client, {"method": "SUBSCRIBE", "params": names, "id": 1}) == {
        "result": None,
        "id": 1,
    }
    assert tell(venue, client, {"method": "LIST_SUBSCRIPTIONS", "id": 2}) == {"result": names, "id": 2}
    assert tell(venue, client, {"method": "UNSUBSCRIBE", "params": names[:1], "id": 3})["id"] == 3
    assert tell(venue, client, {"method": "LIST_SUBSCRIPTIONS", "id": 4})["result"] == names[1:]


def test_nothing_comes_after_unsubscribing(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    client = listen(venue, "/ws/btcusdt@trade")
    tell(venue, client, {"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": 3})
    market.happens(0.1, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.2)
    assert said(client) == []


def test_an_upper_case_stream_is_acknowledged_and_silent(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    client = listen(venue, "/ws/BTCUSDT@trade")
    market.happens(0.1, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.2)
    assert said(client) == []
    assert list(client.topics) == ["BTCUSDT@trade"]


def test_the_combined_property_wraps_frames(venue: BinanceSpotDialect) -> None:
    client = listen(venue, "/ws")
    assert tell(venue, client, {"method": "GET_PROPERTY", "params": ["combined"], "id": 1})["result"] is False
    tell(venue, client, {"method": "SET_PROPERTY", "params": ["combined", True], "id": 2})
    assert tell(venue, client, {"method": "GET_PROPERTY", "params": ["combined"], "id": 3})["result"] is True


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{", 3),
        (b'{"method":"\xff"}', 3),
        (b"[]", 2),
        (b'{"params":[]}', 2),
        (b'{"method":"SING","id":1}', 2),
        (b'{"method":"SUBSCRIBE","params":[],"id":1.5}', 2),
        (b'{"method":"SUBSCRIBE","params":"btcusdt@trade","id":1}', 2),
        (b'{"method":"SET_PROPERTY","params":["colour",true],"id":1}', 0),
        (b'{"method":"GET_PROPERTY","params":["colour"],"id":1}', 0),
        (b'{"method":"GET_PROPERTY","params":[5],"id":1}', 2),
        (b'{"method":"SET_PROPERTY","params":[true,true],"id":1}', 2),
        (b'{"method":"SET_PROPERTY","params":["combined",1],"id":1}', 1),
    ],
)
def test_a_bad_control_frame_is_answered_with_its_code(
    venue: BinanceSpotDialect, text: bytes, code: int
) -> None:
    client = listen(venue, "/ws")
    venue.receive(client, text, START)
    assert [answer["code"] for answer in said(client)] == [code]


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("ping?x=1", -1101, "Too many parameters; expected '0' and received '1'."),
        ("depth", -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
        ("depth?symbol=", -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
        ("depth?symbol=NOSUCH", -1121, "Invalid symbol."),
        ("depth?symbol=btcusdt", -1121, "Invalid symbol."),
        ("depth?symbol=BTC/USDT", -1100, None),
        ("depth?symbol=BTCUSDT&limit=ten", -1100, None),
        ("depth?symbol=BTCUSDT&limit=0", -1130, "Data sent for parameter 'limit' is not valid."),
        ("depth?symbol=BTCUSDT&limit=", -1105, "Parameter 'limit' was empty."),
        (
            "depth?symbol=BTCUSDT&depth=5",
            -1104,
            "Not all sent parameters were read; read '1' parameter(s) but was sent '2'.",
        ),
        ("depth?symbol=BTCUSDT&symbol=BTCUSDT", -1101, "Duplicate values for a parameter detected."),
        ("depth?symbol=BTCUSDT&symbolStatus=OPEN", -1122, "Invalid symbolStatus."),
        ("depth?symbol=BTCUSDT&symbolStatus=HALT", -1220, None),
        ('exchangeInfo?symbols=["BTCUSDT","BTCUSDT"]', -1151, None),
        ("exchangeInfo?symbols=BTCUSDT", -1100, None),
        ('exchangeInfo?symbol=BTCUSDT&symbols=["ETHUSDT"]', -1128, None),
        ("exchangeInfo?symbol=BTCUSDT&symbolStatus=TRADING", -1128, None),
        ("ticker/24hr?symbol=BTCUSDT&type=HUGE", -1139, "Invalid ticker type."),
    ],
)
def test_a_query_that_its_page_does_not_allow_is_refused(
    venue: BinanceSpotDialect, target: str, code: int, message: str | None
) -> None:
    answer = ask(venue, f"/api/v3/{target}")
    refused = json_of(answer)
    assert (answer.status, refused["code"]) == (400, code)
    assert message in (None, refused["msg"])


def test_an_unknown_path_is_not_found(venue: BinanceSpotDialect) -> None:
    assert ask(venue, "/api/v1/ping").status == 404
    assert ask(venue, "/api/v3/ping", method="POST").status == 405


def test_the_list_holds_symbols_that_nobody_may_trade(venue: BinanceSpotDialect) -> None:
    rows = json_of(ask(venue, "/api/v3/exchangeInfo"))["symbols"]
    assert {row["status"] for row in rows} >= {"TRADING", "HALT", "BREAK", "CANCEL_ONLY"}
    assert [row["symbol"] for row in rows if row["status"] == "TRADING"] == ["BTCUSDT", "ETHUSDT"]


def test_prices_of_all_some_and_one(venue: BinanceSpotDialect) -> None:
    one = json_of(ask(venue, "/api/v3/ticker/price?symbol=ETHUSDT"))
    assert one == {"symbol": "ETHUSDT", "price": "10.00"}
    assert json_of(ask(venue, '/api/v3/ticker/price?symbols=["ETHUSDT"]')) == [one]
    halted = json_of(ask(venue, "/api/v3/ticker/price?symbolStatus=HALT"))
    assert [row["symbol"] for row in halted] == ["WAVESUSDT"]
    assert one in json_of(ask(venue, "/api/v3/ticker/price"))


@pytest.mark.parametrize(
    ("target", "weight"),
    [
        ("ping", 1),
        ("exchangeInfo", 20),
        ("depth?symbol=BTCUSDT", 5),
        ("depth?symbol=BTCUSDT&limit=101", 25),
        ("depth?symbol=BTCUSDT&limit=1000", 50),
        ("depth?symbol=BTCUSDT&limit=5000", 250),
        ("depth?symbol=BTCUSDT&limit=9999", 250),
        ("trades?symbol=BTCUSDT", 25),
        ("aggTrades?symbol=BTCUSDT", 4),
        ("ticker/price?symbol=BTCUSDT", 2),
        ("ticker/bookTicker", 4),
        ("ticker/24hr?symbol=BTCUSDT", 2),
        ('ticker/24hr?symbols=["BTCUSDT"]', 2),
        ("ticker/24hr", 80),
    ],
)
def test_a_request_weighs_what_its_page_says(venue: BinanceSpotDialect, target: str, weight: int) -> None:
    assert dict(ask(venue, f"/api/v3/{target}").headers)["X-MBX-USED-WEIGHT-1M"] == str(weight)


def _spend(venue: BinanceSpotDialect, requests: int, after: float = 0.0) -> Answer:
    for _ in range(requests):
        answer = ask(venue, "/api/v3/depth?symbol=BTCUSDT&limit=5000", after=after)
    return answer


def test_weight_is_counted_in_full_minutes(venue: BinanceSpotDialect) -> None:
    assert _spend(venue, 24).status == 200
    refused = _spend(venue, 1)
    assert refused.status == 429
    # START is 20 s into its minute.
    assert dict(refused.headers)["Retry-After"] == str(41)
    assert _spend(venue, 1, after=40.0).status == 200


def test_going_on_after_429_ends_in_a_ban(venue: BinanceSpotDialect) -> None:
    banned = _spend(venue, 24 + 11)
    assert banned.status == 418
    until = int((START + 120) * 1000)
    assert f"IP banned until {until}." in json_of(banned)["msg"]
    assert _spend(venue, 1, after=119.0).status == 418
    assert _spend(venue, 1, after=120.0).status == 200
    assert venue.overstepped == {"weight": 10, "bans": 2}


def test_five_messages_a_second_and_not_six(venue: BinanceSpotDialect) -> None:
    client = listen(venue, "/ws")
    for number in range(5):
        tell(venue, client, {"method": "LIST_SUBSCRIPTIONS", "id": number})
    assert (client.closing, dict(venue.overstepped)) == (None, {})
    venue.ping_received(client, b"", START)
    assert client.closing == Closing(1008, "Too many requests")
    assert venue.overstepped == {"messages": 1}


def test_the_1025th_stream_is_one_too_many(venue: BinanceSpotDialect) -> None:
    client = listen(venue, "/ws")
    names = [f"pair{number}@trade" for number in range(1025)]
    refused = tell(venue, client, {"method": "SUBSCRIBE", "params": names, "id": 1})
    assert refused == {"code": 4, "msg": "Too many subscriptions", "id": 1}
    assert client.closing is not None


def test_the_301st_connection_in_five_minutes_is_refused(venue: BinanceSpotDialect) -> None:
    for _ in range(300):
        venue.disconnected(listen(venue, "/ws"))
    assert isinstance(venue.connect("/ws", now=START), Answer)
    listen(venue, "/ws", after=300.0)


def test_a_client_is_pinged_and_a_mute_one_dropped(venue: BinanceSpotDialect) -> None:
    mute, polite = listen(venue, "/ws"), listen(venue, "/ws")
    for second in range(81):
        venue.tick(START + second)
        if any(frame.kind is FrameKind.PING for frame in polite.outbox):
            polite.outbox.clear()
            venue.pong_received(polite, START + second)
    assert mute.closing is not None
    assert polite.closing is None


def test_no_connection_lives_longer_than_a_day(venue: BinanceSpotDialect) -> None:
    client = listen(venue, "/ws")
    venue.pong_received(client, START + 86_399)
    venue.tick(START + 86_399)
    assert client.closing is None
    venue.tick(START + 86_400)
    assert client.closing is not None


def test_a_lifetime_may_be_set_shorter(venue: BinanceSpotDialect) -> None:
    venue.limits = msgspec.structs.replace(venue.limits, lifetime=2.0)
    client = listen(venue, "/ws")
    venue.tick(START + 2.0)
    assert client.closing == Closing(1001, "")


def test_who_does_not_read_is_cut_off(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    client = listen(venue, "/ws/btcusdt@trade")
    for number in range(20_001):
        market.happens(0.0001 * number, trades=[("101.00", "1.000", True)])
    venue.tick(START + 3.0)
    assert client.closing == Closing(ABNORMAL, "")


def test_a_paused_market_has_said_all_it_did(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    listener = listen(venue, "/ws/btcusdt@depth")
    market.happens(0.5, bids=[("99.50", "2.000")])
    market.happens(1.5, bids=[("99.60", "2.000")])
    venue.pause(START + 0.6)
    assert said(listener)[-1]["u"] == venue.markets["BTCUSDT"].book.last_id == 1001
    venue.tick(START + 5.0)
    assert said(listener) == []
    venue.resume(START + 10.6)
    venue.tick(START + 11.4)
    assert venue.markets["BTCUSDT"].book.last_id == 1001
    venue.tick(START + 12.0)
    assert said(listener)[-1]["u"] == 1002


def test_unknown_doors_are_closed(venue: BinanceSpotDialect) -> None:
    answer = venue.connect("/public/ws", now=START)
    assert isinstance(answer, Answer)
    assert answer.status == 404


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [1, 2, 3]),
        ("&limit=2", [2, 3]),
        ("&fromId=2", [2, 3]),
        ("&fromId=1&limit=1", [1]),
        (f"&startTime={int(START * 1000) + 200}", [2, 3]),
        (f"&endTime={int(START * 1000) + 200}", [1, 2]),
    ],
)
def test_aggregates_are_found_by_number_id_or_time(
    venue: BinanceSpotDialect, market: ScriptedMarket, query: str, ids: list[int]
) -> None:
    for number in range(1, 4):
        market.happens(0.1 * number, trades=[("101.00", "1.000", True)])
    rows = json_of(ask(venue, f"/api/v3/aggTrades?symbol=BTCUSDT{query}", after=1.0))
    assert [row["a"] for row in rows] == ids


def test_a_symbol_that_does_not_trade_has_an_empty_book_and_no_trades(venue: BinanceSpotDialect) -> None:
    assert json_of(ask(venue, "/api/v3/depth?symbol=WAVESUSDT"))["bids"] == []
    assert json_of(ask(venue, "/api/v3/trades?symbol=WAVESUSDT")) == []
    assert json_of(ask(venue, "/api/v3/ticker/24hr?symbol=WAVESUSDT&type=MINI"))["count"] == 0


def test_permission_sets_are_shown_unless_hidden(venue: BinanceSpotDialect) -> None:
    hidden = json_of(ask(venue, "/api/v3/exchangeInfo?symbol=BTCUSDT&showPermissionSets=false"))
    assert hidden["symbols"][0]["permissionSets"] == []
    leveraged = json_of(ask(venue, "/api/v3/exchangeInfo?permissions=LEVERAGED"))
    assert leveraged["symbols"] == []


def test_a_second_subscription_to_a_stream_changes_nothing(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    client = listen(venue, "/ws/btcusdt@trade")
    tell(venue, client, {"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 1})
    market.happens(0.1, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.2)
    assert len(said(client)) == 1


def test_a_closing_connection_neither_hears_nor_speaks(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    client = listen(venue, "/ws/btcusdt@trade")
    client.close(1001)
    assert tell(venue, client, {"method": "LIST_SUBSCRIPTIONS", "id": 1}) is None
    market.happens(0.1, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.2)
    assert said(client) == []


def test_pongs_count_as_messages(venue: BinanceSpotDialect) -> None:
    client = listen(venue, "/ws")
    for _ in range(6):
        venue.pong_received(client, START)
    assert client.closing == Closing(1008, "Too many requests")


def test_the_next_look_is_due_when_the_next_stream_is(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    def due(now: float) -> float:
        return round(venue.next_tick(START + now) - START, 6)

    assert due(0.0) == 0.1
    listen(venue, "/ws/btcusdt@depth@100ms", after=0.03)
    assert due(0.03) == 0.1
    market.happens(0.07, trades=[("101.00", "1.000", True)])
    assert due(0.03) == 0.1  # nobody waits for a trade
    listen(venue, "/ws/btcusdt@trade", after=0.03)
    assert due(0.03) == 0.07
    assert due(0.065) == 0.075  # not at each step of a market that is busy
    venue.markets["BTCUSDT"].time.stop("a halt", START)
    assert due(0.03) == 0.1


def test_two_markets_of_one_symbol_are_an_error() -> None:
    with pytest.raises(errors.AmbiguousSymbol, match="BTCUSDT"):
        BinanceSpotDialect([ScriptedMarket(), ScriptedMarket()], start_time=START)


def test_too_many_streams_in_a_url_are_refused(venue: BinanceSpotDialect) -> None:
    streams = "/".join(f"pair{number}@trade" for number in range(1025))
    answer = venue.connect("/stream", [("streams", streams)], now=START)
    assert isinstance(answer, Answer)
    assert answer.status == 400


def test_the_words_for_what_trades_and_what_is_halted_are_statuses(venue: BinanceSpotDialect) -> None:
    trading, halted = venue.trading_and_halted
    venue.set_status("BTCUSDT", halted, START)
    row = json_of(ask(venue, "/api/v3/exchangeInfo?symbol=BTCUSDT"))["symbols"][0]
    assert (row["status"], venue.markets["BTCUSDT"].time.is_stopped) == (halted, True)
    venue.set_status("BTCUSDT", trading, START)
    assert not venue.markets["BTCUSDT"].time.is_stopped
