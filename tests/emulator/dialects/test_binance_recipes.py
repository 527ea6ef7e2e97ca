"""Who follows the documented recipe ends with the venue's book."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tests.emulator.scripted_market import BTC, START, ask, json_of, listen, said

from venuekit.emulator.dialect import Dialect
from venuekit.emulator.factory import make_dialect
from venuekit.emulator.faults import Fault, FaultKind

Sides = tuple[dict[str, str], dict[str, str]]


def _put(sides: Sides, bids: Iterable[list[str]], asks: Iterable[list[str]]) -> None:
    for side, rows in zip(sides, (bids, asks), strict=True):
        for price, amount in rows:
            if Decimal(amount):
                side[price] = amount
            else:
                side.pop(price, None)


def _truth(venue: Dialect) -> Sides:
    book = venue.markets["BTCUSDT"].snapshot()
    return dict(book.bids), dict(book.asks)


def _recorded(
    name: str, stream: str, depth: str, fault: Fault | None = None
) -> tuple[Dialect, Any, list[Any]]:
    """A venue, a snapshot taken in the middle of three seconds, and all diffs from half a second on."""
    venue = make_dialect(name, seed=3, instruments=[BTC], start_time=START, rate=300.0)
    client = listen(venue, stream, after=0.5)
    if fault is not None:
        venue.faults.add(fault)
    snapshot = json_of(ask(venue, depth, after=1.234))
    venue.pause(START + 3.0)
    return venue, snapshot, said(client)


def test_spot_books_can_be_followed() -> None:
    """web-socket-streams.md, How to manage a local order book correctly, 2025-11-12."""
    venue, snapshot, diffs = _recorded(
        "binance", "/ws/btcusdt@depth@100ms", "/api/v3/depth?symbol=BTCUSDT&limit=5000"
    )
    sides: Sides = ({}, {})
    _put(sides, snapshot["bids"], snapshot["asks"])
    last_id = snapshot["lastUpdateId"]
    assert diffs[0]["U"] <= last_id
    kept = [diff for diff in diffs if diff["u"] > last_id]
    for diff in kept:
        assert diff["U"] <= last_id + 1
        _put(sides, diff["b"], diff["a"])
        last_id = diff["u"]
    assert len(kept) > 10
    assert last_id == venue.markets["BTCUSDT"].book.last_id
    assert sides == _truth(venue)


def test_usdm_books_can_be_followed_by_the_previous_id_and_not_by_the_first() -> None:
    """Page "How to manage a local order book correctly", copy of 2025-03-15."""
    venue, snapshot, diffs = _recorded(
        "binance_perpetual", "/public/ws/btcusdt@depth@100ms", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000"
    )
    last_id = snapshot["lastUpdateId"]
    kept = [diff for diff in diffs if diff["u"] >= last_id]
    assert kept[0]["U"] <= last_id <= kept[0]["u"]
    assert all(after["pu"] == before["u"] for before, after in pairwise(kept))
    assert all(after["U"] > before["u"] + 1 for before, after in pairwise(kept))
    sides: Sides = ({}, {})
    _put(sides, snapshot["bids"], snapshot["asks"])
    for diff in kept:
        _put(sides, diff["b"], diff["a"])
    assert kept[-1]["u"] == venue.markets["BTCUSDT"].book.last_id
    assert sides == _truth(venue)


@pytest.mark.parametrize(("count", "can_join"), [(0, True), (3000, False)])
def test_a_stale_snapshot_may_be_older_than_the_first_diff(count: int, *, can_join: bool) -> None:
    _, snapshot, diffs = _recorded(
        "binance",
        "/ws/btcusdt@depth@100ms",
        "/api/v3/depth?symbol=BTCUSDT",
        Fault(kind=FaultKind.STALE_SNAPSHOT, count=count),
    )
    assert (diffs[0]["U"] <= snapshot["lastUpdateId"] + 1) is can_join
