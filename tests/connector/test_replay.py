"""Recordings, real and made up, through the path of live traffic."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from venuekit import errors
from venuekit.connector.replay import PairReplay, RecordedFile, replay
from venuekit.model.book import BookStatus
from venuekit.protocol.recording import Record, read_recording

DataPath = Callable[[str], Path]

HFT_SPOT = ("binance", "binance_spot/hft_btcusdt_20240808.gz", "spot_btcusdt_20240808")
HFT_USDM = ("binance_perpetual", "binance_usdm/hft_btcusdt_20240718.gz", "usdm_btcusdt_20240718")
CF_SPOT = ("binance", "cf_binance")
CF_USDM = ("binance_perpetual", "cf_usdm")


@pytest.fixture(scope="session")
def expected(data_path: DataPath) -> Any:
    return json.loads(data_path("expected_replay.json").read_text())


def _top(levels: list[tuple[str, str]]) -> list[list[str]]:
    return [list(level) for level in levels]


@pytest.mark.parametrize(("venue", "file", "key"), [HFT_SPOT, HFT_USDM])
def test_a_recorded_pair_ends_where_others_say_and_passes_every_checkpoint(
    venue: str, file: str, key: str, data_path: DataPath, expected: Any
) -> None:
    pair = replay(venue, [RecordedFile(data_path(file))], checkpoint_every=25).pairs["BTC-USDT"]
    known = expected[key]
    assert [list(point) for point in pair.checkpoints] == known[
        "checkpoints_u_bid_bidqty_ask_askqty_every_25th"
    ]
    assert (pair.status, pair.gaps) == (BookStatus.LIVE, 0)
    assert (pair.applied, pair.stale) == (known["applied"], known["dropped_as_stale"])
    assert pair.last_update_id == known["last_u"]
    assert {"bids": _top(pair.bids), "asks": _top(pair.asks)} == known["final_top10"]


@pytest.mark.parametrize(("venue", "file", "key"), [HFT_SPOT, HFT_USDM])
def test_every_recorded_trade_counts(
    venue: str, file: str, key: str, data_path: DataPath, expected: Any
) -> None:
    pair = replay(venue, [RecordedFile(data_path(file))]).pairs["BTC-USDT"]
    known = expected[key]
    assert (pair.trades, pair.trade_amount_sum) == (known["trades"], known["trade_qty_sum"])
    assert (pair.first_trade_id, pair.last_trade_id) == (known["first_trade_id"], known["last_trade_id"])


@pytest.mark.parametrize(("venue", "key"), [CF_SPOT, CF_USDM])
def test_a_session_of_several_pairs_ends_where_others_say(
    venue: str, key: str, data_path: DataPath, expected: Any
) -> None:
    known = expected[key]
    pairs = replay(venue, [RecordedFile(data_path(known["file"]))]).pairs
    ends = {
        name.replace("-", ""): {
            "applied": pair.applied,
            "dropped_as_stale": pair.stale,
            "gaps": pair.gaps,
            "last_u": pair.last_update_id,
            "final_top10": {"bids": _top(pair.bids), "asks": _top(pair.asks)},
        }
        for name, pair in pairs.items()
    }
    assert ends == {
        symbol: {name: known["symbols"][symbol][name] for name in ends[symbol]} for symbol in known["symbols"]
    }
    assert all(pair.trades == 0 for pair in pairs.values())


@pytest.mark.parametrize(("venue", "market"), [("bybit", "spot"), ("bybit_perpetual", "linear")])
def test_of_a_session_of_two_products_only_the_connectors_own_counts(
    venue: str, market: str, data_path: DataPath, expected: Any
) -> None:
    known = expected["bybit"]
    pairs = replay(venue, [RecordedFile(data_path(known["file"]))]).pairs
    ends = {f"{market}:{name.replace('-', '')}": pair for name, pair in pairs.items()}
    books = {name: book for name, book in known["books"].items() if name.startswith(market)}
    assert {
        name: (pair.applied, pair.gaps, pair.last_update_id, _top(pair.bids), _top(pair.asks))
        for name, pair in ends.items()
    } == {
        name: (
            book["deltas"],
            book["gaps"],
            book["last_u"],
            book["final_top10"]["bids"],
            book["final_top10"]["asks"],
        )
        for name, book in books.items()
    }


# Made-up recordings.

SNAPSHOT = "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000"
LISTING = "https://api.binance.com/api/v3/exchangeInfo"


def depth(first: int, last: int, bid: str = "1", symbol: str = "BTCUSDT") -> dict[str, Any]:
    return {
        "stream": f"{symbol.lower()}@depth@100ms",
        "data": {
            "e": "depthUpdate",
            "E": 1,
            "s": symbol,
            "U": first,
            "u": last,
            "b": [["99.0", bid]],
            "a": [],
        },
    }


def trade(number: int, amount: str = "0.10", symbol: str = "BTCUSDT") -> dict[str, Any]:
    told = {"e": "trade", "E": 1, "s": symbol, "t": number, "p": "100.0", "q": amount, "T": 1, "m": True}
    return {"stream": f"{symbol.lower()}@trade", "data": told}


def book(last: int) -> dict[str, Any]:
    return {
        "lastUpdateId": last,
        "bids": [["99.0", "5"], ["98.0", "5"]],
        "asks": [["101.0", "5"], ["102.0", "5"]],
    }


def named(url: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"url": url, "data": data}


def listed(symbol: str, base: str, quote: str) -> dict[str, Any]:
    return {"symbol": symbol, "status": "TRADING", "baseAsset": base, "quoteAsset": quote, "filters": []}


def records(*said: dict[str, Any]) -> list[Record]:
    lines = (
        b"%d %s" % (number * 10**9, json.dumps(each, separators=(",", ":")).encode())
        for number, each in enumerate(said, start=1)
    )
    return list(read_recording(lines))


def one(*said: dict[str, Any], venue: str = "binance") -> PairReplay:
    (pair,) = replay(venue, [records(*said)]).pairs.values()
    return pair


def test_without_a_snapshot_a_book_stays_syncing() -> None:
    pair = one(depth(1, 2), depth(3, 4))
    assert (pair.status, pair.last_update_id, pair.applied, pair.stale) == (BookStatus.SYNCING, None, 0, 0)


def test_without_trades_there_is_nothing_to_name() -> None:
    pair = one(depth(1, 2))
    assert (pair.trades, pair.first_trade_id, pair.last_trade_id) == (0, None, None)


def test_amounts_of_trades_keep_their_digits() -> None:
    pair = one(trade(7), trade(8, "0.20"))
    assert (pair.trades, pair.first_trade_id, pair.last_trade_id, pair.trade_amount_sum) == (2, 7, 8, "0.30")


def test_a_missing_difference_leaves_the_last_good_state_and_buffers_the_rest() -> None:
    pair = one(depth(9, 10), named(SNAPSHOT, book(10)), depth(11, 12, "7"), depth(15, 16), depth(17, 18))
    assert (pair.status, pair.gaps) == (BookStatus.RESYNCING, 1)
    assert (pair.last_update_id, pair.bids[0]) == (12, ("99.0", "7"))
    assert (pair.applied, pair.stale) == (1, 1)


def test_the_next_snapshot_heals_a_gap_with_what_was_buffered() -> None:
    pair = one(named(SNAPSHOT, book(10)), depth(15, 16), depth(17, 18, "3"), named(SNAPSHOT, book(16)))
    assert (pair.status, pair.gaps, pair.last_update_id) == (BookStatus.LIVE, 1, 18)
    assert (pair.applied, pair.stale, pair.bids[0]) == (1, 1, ("99.0", "3"))


def test_checkpoints_count_buffered_differences() -> None:
    said = (depth(11, 12, "1"), depth(13, 14, "2"), named(SNAPSHOT, book(10)), depth(15, 16, "3"))
    (pair,) = replay("binance", [records(*said)], checkpoint_every=2).pairs.values()
    assert pair.checkpoints == [(14, "99.0", "2", "101.0", "5")]


def test_a_bare_snapshot_belongs_to_the_only_pair_even_before_its_first_frame() -> None:
    pair = one(book(10), depth(11, 12))
    assert (pair.status, pair.last_update_id) == (BookStatus.LIVE, 12)


def test_a_bare_snapshot_among_several_pairs_is_refused_by_its_line() -> None:
    said = (depth(1, 2), book(2), depth(1, 2, symbol="ETHUSDT"))
    with pytest.raises(errors.RecordingCorrupt, match=r"line 2: .*BTC-USDT, ETH-USDT"):
        replay("binance", [records(*said)])


def test_a_second_file_goes_on_where_the_first_ended() -> None:
    first, second = records(named(SNAPSHOT, book(10)), depth(11, 12)), records(depth(13, 14))
    (pair,) = replay("binance", [first, second]).pairs.values()
    assert (pair.status, pair.last_update_id, pair.applied) == (BookStatus.LIVE, 14, 2)


def test_a_list_of_instruments_names_pairs_wherever_it_stands() -> None:
    listing = named(LISTING, {"symbols": [listed("BTCUSDT", "BTCUS", "DT")]})
    assert list(replay("binance", [records(depth(1, 2), listing)]).pairs) == ["BTCUS-DT"]


def test_without_a_list_a_symbol_is_split_by_the_longest_known_quote() -> None:
    assert list(replay("binance", [records(depth(1, 2, symbol="BTCFDUSD"))]).pairs) == ["BTC-FDUSD"]


def test_a_symbol_of_another_kind_is_skipped() -> None:
    url = LISTING.replace("api.binance.com/api/v3", "fapi.binance.com/fapi/v1")
    future = listed("ETHUSDT", "ETH", "USDT") | {"contractType": "CURRENT_QUARTER", "marginAsset": "USDT"}
    perpetual = listed("BTCUSDT", "BTC", "USDT") | {"contractType": "PERPETUAL", "marginAsset": "USDT"}
    said = (named(url, {"symbols": [future, perpetual]}), trade(1), trade(2, symbol="ETHUSDT"))
    assert list(replay("binance_perpetual", [records(*said)]).pairs) == ["BTC-USDT"]


def test_aggregated_trades_do_not_count() -> None:
    told = {
        "e": "aggTrade",
        "E": 1,
        "s": "BTCUSDT",
        "a": 5,
        "p": "1",
        "q": "2",
        "f": 1,
        "l": 2,
        "T": 1,
        "m": True,
    }
    pair = one({"stream": "btcusdt@aggTrade", "data": told}, venue="binance_perpetual")
    assert (pair.trades, pair.first_trade_id) == (0, None)


def test_a_refused_snapshot_is_no_snapshot() -> None:
    refused = named(SNAPSHOT, {"code": -1003, "msg": "Too many requests"})
    assert one(depth(1, 2), refused).status is BookStatus.SYNCING


def test_frames_count_whatever_stands_first_in_them() -> None:
    turned = [dict(reversed(each.items())) for each in (depth(11, 12), trade(7))]
    pair = one(named(SNAPSHOT, book(10)), *turned)
    assert (pair.last_update_id, pair.trades) == (12, 1)


def test_frames_of_books_that_begin_in_the_stream_count_whatever_stands_first_in_them() -> None:
    levels = {"s": "BTCUSDT", "b": [["99", "1"]], "a": [["101", "1"]], "u": 5, "seq": 9}
    whole = {"type": "snapshot", "ts": 1, "cts": 1, "data": levels, "topic": "orderbook.200.BTCUSDT"}
    bare = {"retCode": 0, "retMsg": "OK", "result": {"category": "spot", "list": []}, "time": 1}
    pair = one(bare, whole, venue="bybit")
    assert (pair.status, pair.last_update_id) == (BookStatus.LIVE, 5)


def test_answers_of_other_questions_are_ignored() -> None:
    time = named("https://api.binance.com/api/v3/time", {"serverTime": 1})
    assert one(time, depth(1, 2)).status is BookStatus.SYNCING


def test_a_book_whose_price_left_the_snapshots_range_is_not_live() -> None:
    cut = SNAPSHOT.replace("1000", "2")
    gone = depth(11, 12, "0")
    gone["data"]["b"] = [["99.0", "0"], ["98.0", "0"], ["97.0", "1"]]
    assert one(named(cut, book(10)), gone).status is BookStatus.STALE


def test_a_later_snapshot_of_a_live_book_joins_it_without_being_counted() -> None:
    pair = one(named(SNAPSHOT, book(10)), depth(11, 12), named(SNAPSHOT, book(12)), depth(13, 14))
    assert (pair.status, pair.applied, pair.stale, pair.last_update_id) == (BookStatus.LIVE, 2, 0, 14)


def test_a_pair_can_be_picked() -> None:
    said = records(depth(1, 2), depth(1, 2, symbol="ETHUSDT"))
    assert list(replay("binance", [said], trading_pair="ETH-USDT").pairs) == ["ETH-USDT"]


def test_a_pair_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(errors.UnknownPair, match="no SOL-USDT in the recording, only BTC-USDT"):
        replay("binance", [records(depth(1, 2))], trading_pair="SOL-USDT")


def test_a_recording_about_nothing_is_refused() -> None:
    with pytest.raises(errors.RecordingCorrupt, match="nothing is about a market of binance"):
        replay("binance", [records({"result": None, "id": 1})])


def test_a_frame_that_is_not_what_the_venue_documents_is_refused_by_its_line() -> None:
    broken = depth(1, 2)
    del broken["data"]["u"]
    with pytest.raises(errors.RecordingCorrupt, match="line 2: not what binance documents"):
        replay("binance", [records(depth(1, 2), broken)])


# Faults put into a real recording: the book is healed or honestly not live, never wrong.


@pytest.fixture(scope="session")
def recorded(data_path: DataPath) -> list[Record]:
    return [
        record
        for record in RecordedFile(data_path(HFT_USDM[1]))
        if b"@bookTicker" not in record.data and b"@trade" not in record.data
    ]


def _end(recorded: list[Record]) -> PairReplay:
    return replay("binance_perpetual", [recorded]).pairs["BTC-USDT"]


def _places(recorded: list[Record]) -> Iterator[int]:
    return iter(range(20, len(recorded) - 1, len(recorded) // 6))


def test_a_dropped_frame_ends_in_a_book_that_says_so(recorded: list[Record]) -> None:
    for place in _places(recorded):
        pair = _end([*recorded[:place], *recorded[place + 1 :]])
        good = _end(recorded[:place])
        assert (pair.status, pair.gaps) == (BookStatus.RESYNCING, 1)
        assert (pair.last_update_id, pair.bids, pair.asks) == (good.last_update_id, good.bids, good.asks)


def test_a_repeated_frame_changes_nothing(recorded: list[Record]) -> None:
    whole = _end(recorded)
    for place in _places(recorded):
        pair = _end([*recorded[:place], recorded[place], *recorded[place:]])
        assert (pair.status, pair.stale) == (BookStatus.LIVE, whole.stale + 1)
        assert (pair.last_update_id, pair.bids, pair.asks) == (whole.last_update_id, whole.bids, whole.asks)


def test_swapped_frames_end_in_a_book_that_says_so(recorded: list[Record]) -> None:
    place = next(_places(recorded))
    pair = _end([*recorded[:place], recorded[place + 1], recorded[place], *recorded[place + 2 :]])
    assert (pair.status, pair.gaps) == (BookStatus.RESYNCING, 1)


def test_a_late_snapshot_ends_in_the_same_book(recorded: list[Record]) -> None:
    whole = _end(recorded)
    answer = next(record for record in recorded if b"lastUpdateId" in record.data[:40])
    others = [record for record in recorded if record is not answer]
    pair = _end([*others[:500], answer, *others[500:]])
    assert (pair.status, pair.applied, pair.stale) == (BookStatus.LIVE, whole.applied, whole.stale)
    assert (pair.bids, pair.asks) == (whole.bids, whole.asks)


# Files.


def test_a_cut_gzip_file_is_refused_with_its_line(tmp_path: Path, data_path: DataPath) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(data_path(HFT_SPOT[1]).read_bytes()[:100_000])
    with pytest.raises(errors.RecordingCorrupt, match=r"cut\.gz, line \d+: the file is damaged"):
        replay("binance", [RecordedFile(path)])


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.txt", b"", "the recording is empty"),
        ("empty.gz", b"", "the recording is empty"),
        ("not.gz", b"1 {}", "Not a gzipped file"),
        ("noise.txt", b"\xff\xfe\x00", "expected `<receive time in ns> <JSON>`"),
        ("half.txt", b'1 {"stream":"btcusdt@depth","data":{"e":"dep', "not what binance documents"),
        ("answer.txt", b'1 {"url":"https://x/api/v3/depth","data":{"las', "a REST answer that is no JSON"),
        ("session.txt", b'{"t":"recv","ts":', "no JSON object of a session"),
    ],
)
def test_a_damaged_file_is_refused_with_a_reason(name: str, content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(errors.RecordingCorrupt, match=why):
        replay("binance", [RecordedFile(path)])


def test_a_file_that_is_not_there_is_a_matter_of_usage(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="No such file"):
        replay("binance", [RecordedFile(tmp_path / "nowhere")])
