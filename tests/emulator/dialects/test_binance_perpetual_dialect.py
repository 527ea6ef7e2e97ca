"""Binance USD-M without sockets."""

from __future__ import annotations

import pytest
from tests.emulator.scripted_market import ETH, START, ScriptedMarket, ask, json_of, listen, said, tell

from venuekit.emulator.connection import Closing
from venuekit.emulator.dialects.binance_perpetual import BinancePerpetualDialect

SUBSCRIBE = {"method": "SUBSCRIBE", "id": 1}


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def venue(market: ScriptedMarket) -> BinancePerpetualDialect:
    return BinancePerpetualDialect([market, ScriptedMarket(ETH)], start_time=START)


def test_each_diff_names_the_last_id_of_the_one_before(
    venue: BinancePerpetualDialect, market: ScriptedMarket
) -> None:
    listener = listen(venue, "/public/ws/btcusdt@depth@100ms")
    for number in range(3):
        market.happens(0.05 + 0.1 * number, bids=[("99.50", f"{number + 1}.000")])
    venue.tick(START + 1.0)
    assert [(diff["pu"], diff["U"], diff["u"]) for diff in said(listener)] == [
        (1000, 1001, 1001),
        (1001, 1002, 1002),
        (1002, 1003, 1003),
    ]


@pytest.mark.parametrize(
    ("path", "stream", "is_heard"),
    [
        ("/public/ws", "btcusdt@depth@100ms", True),
        ("/public/ws", "btcusdt@aggTrade", False),
        ("/public/ws", "btcusdt@markPrice@1s", False),
        ("/market/ws", "btcusdt@aggTrade", True),
        ("/market/ws", "btcusdt@markPrice@1s", True),
        ("/market/ws", "btcusdt@depth@100ms", False),
        ("/private/ws", "btcusdt@depth@100ms", False),
        ("/ws", "btcusdt@depth@100ms", True),
        ("/ws", "btcusdt@aggTrade", False),
        ("/stream", "btcusdt@bookTicker", True),
        ("/public/ws", "btcusdt@depth@250ms", False),
        ("/public/ws", "BTCUSDT@depth", False),
    ],
)
def test_a_stream_is_acknowledged_at_every_door_and_heard_at_its_own(
    venue: BinancePerpetualDialect, market: ScriptedMarket, path: str, stream: str, *, is_heard: bool
) -> None:
    client = listen(venue, path)
    assert tell(venue, client, SUBSCRIBE | {"params": [stream]}) == {"result": None, "id": 1}
    market.happens(0.2, bids=[("99.50", "1.000")], trades=[("99.50", "1.000", False)])
    venue.tick(START + 1.0)
    assert bool(said(client)) is is_heard


def test_streams_in_the_url_pass_the_same_door(
    venue: BinancePerpetualDialect, market: ScriptedMarket
) -> None:
    client = listen(venue, "/market/stream?streams=btcusdt@aggTrade/btcusdt@depth")
    market.happens(0.2, bids=[("99.50", "1.000")], trades=[("99.50", "1.000", False)])
    venue.tick(START + 1.0)
    assert [frame["stream"] for frame in said(client)] == ["btcusdt@aggTrade"]


@pytest.mark.parametrize(("limit", "weight"), [(5, 2), (50, 2), (100, 5), (500, 10), (1000, 20)])
def test_a_snapshot_weighs_by_its_limit(venue: BinancePerpetualDialect, limit: int, weight: int) -> None:
    answer = ask(venue, f"/fapi/v1/depth?symbol=BTCUSDT&limit={limit}")
    assert dict(answer.headers)["X-MBX-USED-WEIGHT-1M"] == str(weight)


def test_a_depth_limit_that_is_not_on_the_page_is_refused(venue: BinancePerpetualDialect) -> None:
    answer = ask(venue, "/fapi/v1/depth?symbol=BTCUSDT&limit=7")
    assert (answer.status, json_of(answer)) == (
        400,
        {"code": -4021, "msg": "7 is not valid depth limit"},
    )


def test_a_lower_case_symbol_is_understood(venue: BinancePerpetualDialect) -> None:
    assert json_of(ask(venue, "/fapi/v1/premiumIndex?symbol=btcusdt"))["symbol"] == "BTCUSDT"


def test_a_dated_future_has_the_assets_of_the_perpetual(venue: BinancePerpetualDialect) -> None:
    rows = json_of(ask(venue, "/fapi/v1/exchangeInfo"))["symbols"]
    of_bitcoin = [
        (row["symbol"], row["contractType"])
        for row in rows
        if (row["baseAsset"], row["quoteAsset"], row["status"]) == ("BTC", "USDT", "TRADING")
    ]
    assert of_bitcoin == [("BTCUSDT", "PERPETUAL"), ("BTCUSDT_261225", "CURRENT_QUARTER")]


def test_stream_and_question_agree_on_the_funding(venue: BinancePerpetualDialect) -> None:
    client = listen(venue, "/market/ws/btcusdt@markPrice@1s")
    venue.tick(START + 1.0)
    asked = json_of(ask(venue, "/fapi/v1/premiumIndex?symbol=BTCUSDT", after=1.0))
    (told,) = said(client)
    assert (told["r"], told["T"], told["p"]) == (
        asked["lastFundingRate"],
        asked["nextFundingTime"],
        asked["markPrice"],
    )
    assert told["T"] % (8 * 3_600_000) == 0
    assert 0 < told["T"] - START * 1000 <= 8 * 3_600_000


def test_an_adjusted_interval_is_listed_and_kept(venue: BinancePerpetualDialect) -> None:
    (row,) = json_of(ask(venue, "/fapi/v1/fundingInfo"))
    assert (row["symbol"], row["fundingIntervalHours"]) == ("ETHUSDT", 4)
    history = json_of(ask(venue, "/fapi/v1/fundingRate?symbol=ETHUSDT&limit=2"))
    assert history[1]["fundingTime"] - history[0]["fundingTime"] == 4 * 3_600_000


def test_a_contract_that_is_delivered_is_never_funded(venue: BinancePerpetualDialect) -> None:
    row = json_of(ask(venue, "/fapi/v1/premiumIndex?symbol=BTCUSDT_261225"))
    assert (row["lastFundingRate"], row["nextFundingTime"]) == ("", 0)


def test_funding_questions_have_a_pool_of_their_own(venue: BinancePerpetualDialect) -> None:
    for _ in range(500):
        assert ask(venue, "/fapi/v1/fundingInfo").headers == ()
    assert ask(venue, "/fapi/v1/fundingRate").status == 429
    assert dict(ask(venue, "/fapi/v1/ping").headers)["X-MBX-USED-WEIGHT-1M"] == "1"


def test_a_429_comes_without_a_time_to_wait(venue: BinancePerpetualDialect) -> None:
    for _ in range(60):
        ask(venue, "/fapi/v1/ticker/24hr")
    refused = ask(venue, "/fapi/v1/ping")
    assert refused.status == 429
    assert "Retry-After" not in dict(refused.headers)


def test_all_mark_prices_hold_coin_margined_contracts_too(venue: BinancePerpetualDialect) -> None:
    client = listen(venue, "/market/ws/!markPrice@arr@1s")
    venue.tick(START + 1.0)
    (rows,) = said(client)
    assert [(row["s"], row["st"]) for row in rows] == [("BTCUSDT", 1), ("ETHUSDT", 1), ("BTCUSD_PERP", 2)]


def test_aggregates_wait_for_the_tenth_of_a_second(
    venue: BinancePerpetualDialect, market: ScriptedMarket
) -> None:
    client = listen(venue, "/market/ws/btcusdt@aggTrade")
    market.happens(0.22, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.29)
    assert said(client) == []
    venue.tick(START + 0.3)
    (told,) = said(client)
    assert (told["q"], told["nq"], told["E"] - told["T"]) == ("1.000", "1.000", 80)


def test_ten_messages_a_second_and_not_eleven(venue: BinancePerpetualDialect) -> None:
    client = listen(venue, "/public/ws")
    for number in range(11):
        tell(venue, client, {"method": "LIST_SUBSCRIPTIONS", "id": number})
    assert client.closing == Closing(1008, "Too many requests")


def test_errors_of_streams_are_wrapped(venue: BinancePerpetualDialect) -> None:
    client = listen(venue, "/public/ws")
    assert tell(venue, client, {"method": "SING", "id": 7}).keys() == {"error", "id"}


@pytest.mark.parametrize(
    ("stream", "event"), [("!ticker@arr", "24hrTicker"), ("!miniTicker@arr", "24hrMiniTicker")]
)
def test_all_market_tickers_hold_the_markets_that_moved(
    venue: BinancePerpetualDialect, market: ScriptedMarket, stream: str, event: str
) -> None:
    client = listen(venue, f"/market/ws/{stream}")
    venue.tick(START + 1.0)
    assert len(said(client)[0]) == 2
    market.happens(1.5, trades=[("101.00", "1.000", True)])
    venue.tick(START + 3.0)
    assert [[(row["e"], row["s"]) for row in rows] for rows in said(client)] == [[(event, "BTCUSDT")]]


def test_all_best_prices_come_every_five_seconds_one_by_one(
    venue: BinancePerpetualDialect, market: ScriptedMarket
) -> None:
    client = listen(venue, "/public/ws/!bookTicker")
    market.happens(1.0, bids=[("99.50", "1.000")])
    venue.tick(START + 10.0)
    assert [(row["s"], row["b"]) for row in said(client)] == [("BTCUSDT", "99.50"), ("ETHUSDT", "99.00")]


def test_prices_of_all_contracts_and_of_one(venue: BinancePerpetualDialect) -> None:
    every = json_of(ask(venue, "/fapi/v2/ticker/price"))
    assert {row["symbol"]: row["price"] for row in every}["BTCUSDT_261225"] == "66666.6"
    assert json_of(ask(venue, "/fapi/v2/ticker/price?symbol=ETHUSDT")) in every


def test_only_contracts_that_trade_have_a_day_in_the_list(venue: BinancePerpetualDialect) -> None:
    listed = [row["symbol"] for row in json_of(ask(venue, "/fapi/v1/ticker/24hr"))]
    assert listed == ["BTCUSDT", "ETHUSDT", "BTCUSDT_261225", "ETHUSDT_270326"]


def test_funding_history_ascends_within_the_times_asked_for(venue: BinancePerpetualDialect) -> None:
    whole = json_of(ask(venue, "/fapi/v1/fundingRate?limit=10"))
    assert [row["fundingTime"] for row in whole] == sorted(row["fundingTime"] for row in whole)
    times = [row["fundingTime"] for row in json_of(ask(venue, "/fapi/v1/fundingRate?symbol=BTCUSDT&limit=3"))]
    target = f"/fapi/v1/fundingRate?symbol=BTCUSDT&startTime={times[1]}&endTime={times[1]}"
    assert [row["fundingTime"] for row in json_of(ask(venue, target))] == [times[1]]
