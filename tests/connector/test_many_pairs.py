"""Hundreds of pairs on a scripted network: how much is asked, and when, by the clock alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.registry import connector_class, find_setting
from venuekit.connector.tracked_pair import TrackerPolicy
from venuekit.model.book import BookStatus
from venuekit.model.events import VenuekitEvent
from venuekit.seams import chance
from venuekit.testing.scripted_transport import ScriptedSocket, ScriptedTransport
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.web.transport import HttpAnswer

# 40 s into a minute of the venue's clock, so that its window ends after 20.
START = 1_700_000_020.0
URL = "http://venue.invalid"


class _Socket(ScriptedSocket):
    """Takes every subscription."""

    async def send(self, frame: bytes) -> None:
        await super().send(frame)
        self.say(msgspec.json.encode({"result": None, "id": msgspec.json.decode(frame)["id"]}))


class _Venue(ScriptedTransport):
    """Lists so many pairs, and answers at once, each book with a level a side."""

    def __init__(self, count: int, clock: VirtualClock) -> None:
        super().__init__()
        self.pairs = [f"A{number}-USDT" for number in range(count)]
        self.clock = clock
        self.ahead = 0.0

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        self.answers.append(_json(self._answer(urlsplit(url).path)))
        return await super().request(method, url, headers, body, seconds)

    def _answer(self, path: str) -> Any:
        if path.endswith("exchangeInfo"):
            return {"symbols": [_symbol(pair) for pair in self.pairs]}
        if path.endswith("time"):
            return {"serverTime": int((self.clock.time() + self.ahead) * 1000)}
        return {"lastUpdateId": 7, "bids": [["1.0", "1"]], "asks": [["1.1", "1"]]}

    async def connect(self, url: str) -> ScriptedSocket:
        self.sockets.append(_Socket(url))
        return self.sockets[-1]

    def asked(self, part: str) -> int:
        return sum(part in request.url for request in self.requests)


def _symbol(pair: str) -> dict[str, str]:
    base, _, quote = pair.partition("-")
    return {"symbol": base + quote, "status": "TRADING", "baseAsset": base, "quoteAsset": quote}


def _json(content: Any) -> HttpAnswer:
    return HttpAnswer(status=200, headers={}, body=msgspec.json.encode(content))


# These books are silent, and would all be asked about.
UNSUSPICIOUS = TrackerPolicy(suspect_after=1e6, longest_check=1e6)


def _exchange(venue: _Venue) -> ExchangeBase:
    return connector_class("binance")(
        venue.pairs,
        setting=find_setting("binance@emulator", URL),
        tracker_policy=UNSUSPICIOUS,
        transport=venue,
        clock=venue.clock,
        chance=chance.seeded(1),
    )


async def _seconds_until_ready(exchange: ExchangeBase, clock: VirtualClock, longest: float) -> float:
    starting = asyncio.create_task(exchange.start())
    while not exchange.ready:
        assert clock.monotonic() < longest, "not ready in time"
        await clock.advance(0.25)
    await starting
    return clock.monotonic()


@pytest.mark.parametrize(
    ("count", "most_seconds"),
    [
        (100, 0.5),
        (400, 1.0),
        # 1,200 times 5 is more than the 5,700 that one minute leaves beside what cancels keep to themselves.
        (1200, 22.0),
    ],
)
async def test_s30_books_are_ready_as_fast_as_the_rate_limit_allows(count: int, most_seconds: float) -> None:
    clock = VirtualClock(START)
    venue = _Venue(count, clock)
    exchange = _exchange(venue)
    try:
        assert await _seconds_until_ready(exchange, clock, most_seconds) <= most_seconds
        assert venue.asked("limit=100") >= count
        assert venue.asked("limit=1000&") == 0
    finally:
        await exchange.stop()


async def test_deepening_leaves_half_of_each_minute_to_others() -> None:
    clock = VirtualClock(START)
    venue = _Venue(200, clock)
    exchange = _exchange(venue)
    try:
        await _seconds_until_ready(exchange, clock, 2.0)
        fullest = 0.0
        for _ in range(360):
            venue.sockets[0].say(None)  # a ping, so that the line does not look dead
            await clock.advance(0.5)
            fullest = max(fullest, exchange.web.gate.fullness())
        assert venue.asked("limit=1000") > 100
        assert fullest < 0.55
    finally:
        await exchange.stop()


async def test_s28_books_of_a_machine_that_slept_are_doubted_and_come_back() -> None:
    clock = VirtualClock(START)
    venue = _Venue(3, clock)
    exchange = _exchange(venue)
    told: list[BookStatus] = []
    exchange.add_listener(VenuekitEvent.BookStatus, lambda event: told.append(event.status))
    try:
        await _seconds_until_ready(exchange, clock, 2.0)
        told.clear()
        # Twenty minutes in which the venue was not heard: the line cannot be believed any more.
        await clock.advance(1200.0)
        assert told[:3] == [BookStatus.STALE] * 3
        assert venue.sockets[0].is_closed
        assert exchange.ready
    finally:
        await exchange.stop()


async def test_s28_a_clock_that_jumped_is_measured_anew() -> None:
    clock = VirtualClock(START)
    venue = _Venue(1, clock)
    exchange = _exchange(venue)
    try:
        await _seconds_until_ready(exchange, clock, 2.0)
        await clock.advance(1.0)
        venue.ahead = -1200.0
        clock.skew(1200.0)
        await clock.advance(11.0)  # the next look at the network
        assert abs(exchange.offset.offset + 1200.0) < 0.1
    finally:
        await exchange.stop()


async def test_pairs_beyond_one_connections_room_get_another() -> None:
    clock = VirtualClock(START)
    venue = _Venue(600, clock)  # two channels each, 1,024 on a connection
    exchange = _exchange(venue)
    try:
        await _seconds_until_ready(exchange, clock, 3.0)
        assert len(venue.sockets) == 2
    finally:
        await exchange.stop()
