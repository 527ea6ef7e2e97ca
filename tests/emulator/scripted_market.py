"""A market in which happens what the test says, and a line to a venue without sockets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from venuekit.emulator.answer import Answer, Request
from venuekit.emulator.connection import Connection, FrameKind
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.instruments import instrument
from venuekit.emulator.step import Instrument, LevelChange, MarketStep, MarketTrade

START = 1_790_000_000.0
"""A full second, 20 s into a minute, half past an hour that is no funding hour."""
BTC = instrument("BTC-USDT", "100.00", "0.01", "0.001")
ETH = instrument("ETH-USDT", "10.00", "0.01", "0.001")


class ScriptedMarket:
    """Opens at 99.00 / 101.00 with five levels a side and the id 1000; `happens` adds what comes after."""

    def __init__(self, listed: Instrument = BTC) -> None:
        self.instrument = listed
        self.last_id = 1000
        self._trades = 0
        self._steps: list[MarketStep] = []

    def opening(self) -> MarketStep:
        changes = [
            LevelChange(is_bid=is_bid, price=f"{price:.2f}", amount="1.000")
            for is_bid, prices in ((True, range(95, 100)), (False, range(101, 106)))
            for price in prices
        ]
        return MarketStep(time=START, first_id=1000, last_id=1000, changes=tuple(changes))

    def next_time(self) -> float:
        return self._steps[0].time if self._steps else math.inf

    def until(self, now: float) -> Iterator[MarketStep]:
        while self._steps and self._steps[0].time <= now:
            yield self._steps.pop(0)

    def happens(
        self,
        after: float,
        bids: Sequence[tuple[str, str]] = (),
        asks: Sequence[tuple[str, str]] = (),
        trades: Sequence[tuple[str, str, bool]] = (),
    ) -> None:
        """Let a step come `after` seconds from the start; trades are (price, amount, taker is buyer)."""
        changes = [LevelChange(is_bid=True, price=price, amount=amount) for price, amount in bids]
        changes += [LevelChange(is_bid=False, price=price, amount=amount) for price, amount in asks]
        first_id = self.last_id + 1
        self.last_id += len(changes)
        told = []
        for price, amount, taker_is_buyer in trades:
            self._trades += 1
            told.append(
                MarketTrade(
                    trade_id=self._trades,
                    price=price,
                    amount=amount,
                    taker_is_buyer=taker_is_buyer,
                    time=START + after,
                )
            )
        step = MarketStep(
            time=START + after,
            first_id=first_id,
            last_id=self.last_id,
            changes=tuple(changes),
            trades=tuple(told),
        )
        self._steps.append(step)


def ask(dialect: Dialect, target: str, *, after: float = 0.0, method: str = "GET") -> Answer:
    """A REST request without a socket: `target` is path and query."""
    path, _, query = target.partition("?")
    pairs = tuple(
        (name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
    )
    return dialect.request(Request(method=method, path=path, query=pairs), START + after)


def json_of(answer: Answer) -> Any:
    """The body, read."""
    return msgspec.json.decode(answer.body)


def listen(dialect: Dialect, target: str, *, after: float = 0.0) -> Connection:
    """A connection without a socket."""
    path, _, query = target.partition("?")
    pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]
    connection = dialect.connect(path, pairs, now=START + after)
    assert isinstance(connection, Connection), connection
    return connection


def said(connection: Connection) -> list[Any]:
    """The text frames since the last look, read; pings are left out."""
    frames = [frame for frame in connection.outbox if frame.kind is FrameKind.TEXT]
    connection.outbox.clear()
    return [msgspec.json.decode(frame.payload) for frame in frames]


def tell(dialect: Dialect, connection: Connection, message: Any, *, after: float = 0.0) -> Any:
    """Send a control message; the first frame that comes back."""
    dialect.receive(connection, msgspec.json.encode(message), START + after)
    return next(iter(said(connection)), None)
