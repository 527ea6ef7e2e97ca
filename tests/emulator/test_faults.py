"""Faults: which fires where, how often, and what it does."""

from __future__ import annotations

import msgspec
import pytest
from tests.emulator.scripted_market import START, ScriptedMarket, ask, json_of, listen, said, tell

from venuekit.emulator.answer import Answer
from venuekit.emulator.connection import ABNORMAL, Closing, Connection, FrameKind
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect
from venuekit.emulator.faults import OVERSIZED, SITE_OF, Fault, FaultKind, FaultTable, Site

TIME = "/api/v3/time"
DEPTH = "/api/v3/depth?symbol=BTCUSDT"


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def venue(market: ScriptedMarket) -> BinanceSpotDialect:
    return BinanceSpotDialect([market], start_time=START)


def _fired(venue: BinanceSpotDialect) -> list[int]:
    return [report.fired for report in venue.faults.reports()]


def test_every_kind_has_its_place() -> None:
    assert set(SITE_OF) == set(FaultKind)


def test_a_fault_fires_as_often_as_it_was_told() -> None:
    table = FaultTable()
    table.add(Fault(kind=FaultKind.HTML, times=2, skip=1))
    taken = [table.take(Site.ANSWER) is not None for _ in range(5)]
    assert taken == [False, True, True, False, False]
    (report,) = table.reports()
    assert (report.fired, report.is_armed) == (2, False)


def test_a_fault_without_times_stays_until_it_is_cleared() -> None:
    table = FaultTable()
    table.add(Fault(kind=FaultKind.HTML, times=None))
    assert all(table.take(Site.ANSWER) for _ in range(50))
    table.clear()
    assert table.take(Site.ANSWER) is None


def test_a_fault_keeps_to_its_path_and_symbol(venue: BinanceSpotDialect) -> None:
    venue.faults.add(Fault(kind=FaultKind.HTML, path="/api/v3/depth", symbol="BTCUSDT"))
    assert ask(venue, TIME).content_type == "application/json"
    assert ask(venue, "/api/v3/depth?symbol=ETHUSDT").content_type == "application/json"
    assert ask(venue, DEPTH).content_type == "text/html"
    assert ask(venue, DEPTH).content_type == "application/json"


def test_a_misspelt_fault_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="tiems"):
        msgspec.json.decode(b'{"kind":"gap","tiems":2}', type=Fault)


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        (Fault(kind=FaultKind.HTML), 200, b"<!DOCTYPE html>"),
        (Fault(kind=FaultKind.HTML, status=502), 502, b"<!DOCTYPE html>"),
        (Fault(kind=FaultKind.FIREWALL), 403, b"<!DOCTYPE html>"),
        (Fault(kind=FaultKind.NOT_JSON), 200, b'{"code":'),
        (Fault(kind=FaultKind.NOT_UTF8), 200, b'{"msg":"\xff'),
        (Fault(kind=FaultKind.SERVER_ERROR), 503, b'{"code":-1001,'),
        (Fault(kind=FaultKind.SERVER_ERROR, status=504), 504, b'{"code":-1001,'),
        (Fault(kind=FaultKind.RATE_LIMITED), 429, b'{"code":-1003,'),
        (Fault(kind=FaultKind.BANNED, seconds=60), 418, b'{"code":-1003,'),
        (Fault(kind=FaultKind.OVERSIZED_BODY), 200, b'{"padding":"xxx'),
    ],
)
def test_a_fault_answers_in_the_venues_place(
    venue: BinanceSpotDialect, fault: Fault, status: int, start: bytes
) -> None:
    venue.faults.add(fault)
    answer = ask(venue, TIME)
    assert (answer.status, answer.body[: len(start)]) == (status, start)
    assert _fired(venue) == [1]


def test_an_oversized_body_is_five_megabytes(venue: BinanceSpotDialect) -> None:
    venue.faults.add(Fault(kind=FaultKind.OVERSIZED_BODY))
    assert len(ask(venue, TIME).body) > OVERSIZED == 5_242_880


def test_429_names_the_time_to_wait_only_where_it_is_told(venue: BinanceSpotDialect) -> None:
    venue.faults.add(Fault(kind=FaultKind.RATE_LIMITED, seconds=7.0))
    venue.faults.add(Fault(kind=FaultKind.RATE_LIMITED))
    assert "Retry-After" in dict(ask(venue, TIME).headers)
    assert "Retry-After" not in dict(ask(venue, TIME).headers)


@pytest.mark.parametrize(
    ("fault", "orders"),
    [
        (Fault(kind=FaultKind.DELAY, seconds=2.5), (2.5, None, False)),
        (Fault(kind=FaultKind.HANG), (float("inf"), None, False)),
        (Fault(kind=FaultKind.RESET, count=3), (0.0, 3, True)),
        (Fault(kind=FaultKind.TRUNCATED_BODY, count=3), (0.0, 3, False)),
    ],
)
def test_a_true_answer_may_come_with_orders_for_the_shell(
    venue: BinanceSpotDialect, fault: Fault, orders: tuple[float, int | None, bool]
) -> None:
    venue.faults.add(fault)
    answer = ask(venue, TIME)
    assert (answer.delay, answer.cut_after, answer.abort) == orders
    assert "serverTime" in json_of(answer)


def test_a_stale_snapshot_is_the_book_of_that_id(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    for number in range(10):
        market.happens(0.1 * number, bids=[("99.50", f"{number + 1}.000")])
    venue.tick(START + 1.0)
    venue.faults.add(Fault(kind=FaultKind.STALE_SNAPSHOT, count=4))
    stale = json_of(ask(venue, DEPTH, after=1.0))
    assert (stale["lastUpdateId"], stale["bids"][0]) == (1006, ["99.50", "6.000"])
    assert json_of(ask(venue, DEPTH, after=1.0))["lastUpdateId"] == 1010


def test_a_cached_snapshot_is_made_anew_after_its_time(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    venue.faults.add(Fault(kind=FaultKind.CACHED_SNAPSHOT, seconds=3.0, times=None))
    market.happens(1.0, bids=[("99.50", "1.000")])
    ids = [json_of(ask(venue, DEPTH, after=after))["lastUpdateId"] for after in (0.0, 2.0, 3.0)]
    assert ids == [1000, 1000, 1001]


def _diffs(venue: BinanceSpotDialect, market: ScriptedMarket, fault: Fault) -> list[int]:
    """The last ids of four diffs as they arrive, the second being the fault's."""
    listener = listen(venue, "/ws/btcusdt@depth@100ms")
    venue.faults.add(msgspec.structs.replace(fault, skip=1))
    for number in range(4):
        market.happens(0.05 + 0.1 * number, bids=[("99.50", f"{number + 1}.000")])
    venue.tick(START + 1.0)
    return [diff["u"] for diff in said(listener)]


@pytest.mark.parametrize(
    ("kind", "arrive"),
    [
        (FaultKind.GAP, [1001, 1003, 1004]),
        (FaultKind.DUPLICATE, [1001, 1002, 1002, 1003, 1004]),
        (FaultKind.SWAP, [1001, 1003, 1002, 1004]),
        (FaultKind.SILENCE, [1001, 1003, 1004]),
    ],
)
def test_diffs_get_lost_doubled_and_swapped(
    venue: BinanceSpotDialect, market: ScriptedMarket, kind: FaultKind, arrive: list[int]
) -> None:
    assert _diffs(venue, market, Fault(kind=kind)) == arrive
    assert _fired(venue) == [1]


def test_a_gap_is_a_lost_diff_and_never_a_lost_trade(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    trades = listen(venue, "/ws/btcusdt@trade")
    venue.faults.add(Fault(kind=FaultKind.GAP))
    market.happens(0.1, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.5)
    assert (len(said(trades)), _fired(venue)) == (1, [0])


def test_a_crossed_frame_bids_above_the_best_ask(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    listener = listen(venue, "/ws/btcusdt@depth@100ms")
    venue.faults.add(Fault(kind=FaultKind.CROSSED))
    market.happens(0.05, bids=[("99.50", "1.000")])
    venue.tick(START + 0.1)
    (crossed,) = said(listener)
    assert crossed["b"] == [["102.00", "1.000"], ["99.50", "1.000"]]


def test_a_crossed_frame_deletes_no_bid_where_it_crosses(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    listener = listen(venue, "/ws/btcusdt@depth@100ms")
    venue.faults.add(Fault(kind=FaultKind.CROSSED))
    market.happens(0.05, bids=[("102.00", "0.000"), ("99.50", "1.000")])
    venue.tick(START + 0.1)
    (crossed,) = said(listener)
    assert crossed["b"] == [["102.00", "1.000"], ["99.50", "1.000"]]


def test_silence_spares_pings_and_other_streams(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    silent, other = listen(venue, "/ws/btcusdt@trade"), listen(venue, "/ws/btcusdt@aggTrade")
    venue.faults.add(Fault(kind=FaultKind.SILENCE, path="btcusdt@trade", times=None))
    market.happens(0.1, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.5)
    assert (len(said(silent)), len(said(other))) == (0, 1)
    venue.ping_received(silent, b"there?", START + 0.5)
    assert [(frame.kind, frame.payload) for frame in silent.outbox] == [(FrameKind.PONG, b"there?")]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.UNKNOWN_FRAME, b'{"e":"neverDocumented"'),
        (FaultKind.FRAME_NOT_JSON, b"<<not json>>"),
        (FaultKind.FRAME_NOT_UTF8, b"\xff\xfe{"),
        (FaultKind.OVERSIZED_FRAME, b'{"padding":"xxx'),
        (FaultKind.BINARY_FRAME, b'{"e":"trade"'),
        (FaultKind.TRUNCATED_FRAME, b'{"e":"trade"'),
    ],
)
def test_a_frame_arrives_broken(
    venue: BinanceSpotDialect, market: ScriptedMarket, kind: FaultKind, expected: bytes
) -> None:
    listener = listen(venue, "/ws/btcusdt@trade")
    venue.faults.add(Fault(kind=kind))
    market.happens(0.1, trades=[("101.00", "1.000", True), ("102.00", "1.000", True)])
    venue.tick(START + 0.5)
    broken, good = listener.outbox
    assert broken.payload.startswith(expected)
    assert (broken.kind is FrameKind.BINARY) is (kind is FaultKind.BINARY_FRAME)
    assert msgspec.json.decode(good.payload)["t"] == 2


def test_a_truncated_frame_is_no_json(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    listener = listen(venue, "/ws/btcusdt@trade")
    venue.faults.add(Fault(kind=FaultKind.TRUNCATED_FRAME))
    market.happens(0.1, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.5)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(listener.outbox[0].payload)


@pytest.mark.parametrize(
    ("fault", "closing"),
    [
        (Fault(kind=FaultKind.DISCONNECT), Closing(1001, "")),
        (Fault(kind=FaultKind.DISCONNECT, code=1012, reason="restart"), Closing(1012, "restart")),
        (Fault(kind=FaultKind.ABORT), Closing(ABNORMAL, "")),
    ],
)
def test_connections_break(venue: BinanceSpotDialect, fault: Fault, closing: Closing) -> None:
    clients = [listen(venue, "/ws"), listen(venue, "/stream")]
    venue.faults.add(fault)
    venue.tick(START + 0.5)
    assert [client.closing for client in clients] == [closing, closing]
    assert _fired(venue) == [1]


def test_a_disconnect_may_be_for_one_stream_only(venue: BinanceSpotDialect) -> None:
    first, second = listen(venue, "/ws/btcusdt@trade"), listen(venue, "/ws/btcusdt@depth")
    venue.faults.add(Fault(kind=FaultKind.DISCONNECT, path="btcusdt@depth"))
    venue.tick(START + 0.5)
    assert [client.closing for client in (first, second)] == [None, Closing(1001, "")]


def test_a_disconnect_waits_for_somebody_to_disconnect(venue: BinanceSpotDialect) -> None:
    venue.faults.add(Fault(kind=FaultKind.ABORT))
    venue.tick(START + 0.5)
    client = listen(venue, "/ws", after=0.6)
    venue.tick(START + 1.0)
    assert client.closing is not None


def test_a_mute_connection_stays_open_and_answers_nothing_not_even_pings(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    mute, other = listen(venue, "/ws/btcusdt@trade"), listen(venue, "/ws/btcusdt@depth")
    venue.faults.add(Fault(kind=FaultKind.MUTE, path="btcusdt@trade"))
    venue.tick(START + 0.5)
    market.happens(0.6, trades=[("101.00", "1.000", True)], bids=[("99.50", "2.000")])
    venue.tick(START + 2.0)
    venue.ping_received(mute, b"there?", START + 2.0)
    assert (mute.closing, list(mute.outbox)) == (None, [])
    assert len(said(other)) == 1


def test_a_shutdown_is_announced_before_it_comes(venue: BinanceSpotDialect) -> None:
    raw, combined = listen(venue, "/ws"), listen(venue, "/stream")
    venue.faults.add(Fault(kind=FaultKind.SHUTDOWN, seconds=2.0))
    venue.tick(START + 0.5)
    event = {"e": "serverShutdown", "E": int((START + 0.5) * 1000)}
    assert (said(raw), said(combined)) == ([event], [{"stream": "!serverShutdown", "data": event}])
    assert raw.closing is None
    venue.tick(START + 2.5)
    assert [client.closing for client in (raw, combined)] == [Closing(1001, "")] * 2


SUBSCRIBE = {"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 1}


def _subscribed(venue: BinanceSpotDialect, market: ScriptedMarket, fault: Fault) -> tuple[Connection, object]:
    client = listen(venue, "/ws")
    venue.faults.add(fault)
    acknowledged = tell(venue, client, SUBSCRIBE)
    market.happens(0.1, trades=[("101.00", "1.000", True)])
    venue.tick(START + 0.5)
    return client, acknowledged


def test_a_subscription_is_refused(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    client, answer = _subscribed(venue, market, Fault(kind=FaultKind.SUBSCRIPTION_REFUSED))
    assert answer == {"code": 4, "msg": "Too many subscriptions", "id": 1}
    assert (said(client), client.closing) == ([], None)


def test_a_subscription_in_the_url_is_refused_with_the_handshake(venue: BinanceSpotDialect) -> None:
    venue.faults.add(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED, symbol="BTCUSDT"))
    answer = venue.connect("/ws/btcusdt@trade", now=START)
    assert isinstance(answer, Answer)
    assert answer.status == 400


def test_a_subscription_is_acknowledged_and_silent(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    client, answer = _subscribed(venue, market, Fault(kind=FaultKind.ACKNOWLEDGED_SILENT))
    assert answer == {"result": None, "id": 1}
    assert said(client) == []


def test_a_subscription_is_served_and_never_acknowledged(
    venue: BinanceSpotDialect, market: ScriptedMarket
) -> None:
    client, answer = _subscribed(venue, market, Fault(kind=FaultKind.NO_ACKNOWLEDGEMENT))
    assert answer is None
    assert [frame["e"] for frame in said(client)] == ["trade"]


def test_an_acknowledgement_comes_after_the_data(venue: BinanceSpotDialect, market: ScriptedMarket) -> None:
    client, answer = _subscribed(venue, market, Fault(kind=FaultKind.LATE_ACKNOWLEDGEMENT, seconds=0.4))
    assert answer is None
    assert [next(iter(frame)) for frame in said(client)] == ["e", "result"]


def test_a_handshake_is_refused(venue: BinanceSpotDialect) -> None:
    venue.faults.add(Fault(kind=FaultKind.CONNECT_REFUSED, status=502))
    answer = venue.connect("/ws", now=START)
    assert isinstance(answer, Answer)
    assert answer.status == 502
    listen(venue, "/ws")
