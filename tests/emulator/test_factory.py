"""Venues by name."""

from __future__ import annotations

import gc
import weakref

import pytest
from tests.emulator.scripted_market import BTC, ETH, START

from venuekit import errors
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect
from venuekit.emulator.factory import announcement, dialect_class, make_dialect
from venuekit.emulator.server import EmulatorServer
from venuekit.protocol.recording import Record, RecordKind


def _made(name: str, seed: int) -> Dialect:
    return make_dialect(name, seed=seed, instruments=[BTC, ETH], start_time=START)


def _after_two_seconds(name: str, seed: int) -> list[bytes]:
    venue = _made(name, seed)
    listener = venue.connect("/stream", [("streams", "btcusdt@depth@100ms/ethusdt@trade")], now=START)
    assert not hasattr(listener, "status")
    venue.tick(START + 2.0)
    return [frame.payload for frame in next(iter(venue.connections.values())).outbox]


def test_a_dialect_is_found_by_its_registration() -> None:
    assert dialect_class("binance") is BinanceSpotDialect


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(errors.UnknownVenue, match="binance, binance_perpetual"):
        dialect_class("nowhere")


@pytest.mark.parametrize("name", ["binance", "binance_perpetual"])
def test_the_same_seed_tells_the_same_story(name: str) -> None:
    assert _after_two_seconds(name, 7) == _after_two_seconds(name, 7) != _after_two_seconds(name, 8)


def test_ids_are_skipped_where_the_venue_skips_them() -> None:
    dense, sparse = _made("binance", 1), _made("binance_perpetual", 1)
    for venue in (dense, sparse):
        venue.tick(START + 1.0)
    ids = [venue.markets["BTCUSDT"].book.last_id for venue in (dense, sparse)]
    assert ids[1] == 3 * ids[0]


@pytest.fixture
def records() -> list[Record]:
    said = (
        (
            RecordKind.FRAME,
            b'{"e":"depthUpdate","E":1,"s":"LTCUSDT","U":5,"u":6,"b":[["50.00","1.0"]],"a":[]}',
        ),
        (RecordKind.ANSWER, b'{"lastUpdateId":6,"bids":[["50.00","1.0"]],"asks":[["51.00","1.0"]]}'),
        (
            RecordKind.FRAME,
            b'{"e":"depthUpdate","E":2,"s":"LTCUSDT","U":7,"u":7,"b":[["50.00","2.0"]],"a":[]}',
        ),
    )
    return [
        Record(kind=kind, received=float(number), data=data, line=number)
        for number, (kind, data) in enumerate(said, start=1)
    ]


def test_a_recording_brings_its_own_instruments(records: list[Record]) -> None:
    venue = make_dialect("binance", seed=1, instruments=[BTC], replay=records, start_time=START)
    assert list(venue.markets) == ["LTCUSDT"]


def test_a_recording_that_had_to_wait_is_told_from_its_beginning(records: list[Record]) -> None:
    venue = make_dialect("binance", seed=1, instruments=[BTC], replay=records, start_time=START)
    venue.pause(START)
    venue.resume(START + 60.0)
    ids = []
    for after in (60.5, 62.5):
        venue.tick(START + after)
        ids.append(venue.markets["LTCUSDT"].book.last_id)
    assert ids == [6, 7]


def test_a_recording_that_cannot_be_read_is_named() -> None:
    broken = [Record(kind=RecordKind.FRAME, received=1.0, data=b'{"e":', line=4)]
    with pytest.raises(errors.RecordingCorrupt, match=r"session\.gz, line 4"):
        make_dialect(
            "binance", seed=1, instruments=[BTC], replay=broken, replay_name="session.gz", start_time=START
        )


def test_the_announcement_holds_the_addresses() -> None:
    server = EmulatorServer(_made("binance", 1), port=4711)
    said = announcement(server)
    assert [account["key_type"] for account in said.pop("accounts")] == ["HMAC", "RSA", "Ed25519"]
    assert said == {
        "venue": "binance",
        "rest_url": "http://127.0.0.1:4711",
        "ws_url": "ws://127.0.0.1:4711",
        "ws_api_url": "ws://127.0.0.1:4711/ws-api/v3",
    }


def test_a_venue_without_accounts_announces_none() -> None:
    said = announcement(EmulatorServer(_made("binance_perpetual", 1), port=4711))
    assert (said["ws_api_url"], said["accounts"]) == (None, [])


@pytest.mark.parametrize("name", ["binance", "binance_perpetual", "bybit", "bybit_perpetual"])
def test_a_venue_that_nobody_holds_is_gone(name: str) -> None:
    venue = _made(name, 1)
    venue.tick(START + 1.0)
    is_there = weakref.ref(venue)
    del venue
    gc.collect()
    assert is_there() is None
