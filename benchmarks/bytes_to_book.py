"""What a difference costs on its way from the socket's bytes into the book, beside bare JSON decoders.

python benchmarks/bytes_to_book.py

The frames are those of a recorded session where it lies in VENUEKIT_DATA or ../shared/data, else of a
made-up one of the same shape. All rows are measured in one run, so their ratios hold on any machine.
"""

from __future__ import annotations

import gzip
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from venuekit.model.book import BookDiff, BookSnapshot
from venuekit.protocol.recording import RecordKind, read_recording
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import OrderBookKeeper
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.binance.spot import wire
from venuekit.venues.binance.spot.streams import BinanceOrderBookDataSource

ROUNDS = 15
RECORDING = "binance_spot/hft_btcusdt_20240808.gz"
DATA = Path(os.environ.get("VENUEKIT_DATA") or Path(__file__).parents[2] / "shared" / "data")


class Feed(NamedTuple):
    """A snapshot's answer and the frames that follow it."""

    name: str
    snapshot: bytes
    frames: list[bytes]


def recorded() -> Feed | None:
    """The differences of the recorded session; None where it is not at hand."""
    path = DATA / RECORDING
    if not path.is_file():
        return None
    frames, snapshot = [], b""
    with gzip.open(path, "rb") as lines:
        for record in read_recording(lines, path.name):
            if record.kind is RecordKind.ANSWER:
                snapshot = record.data
            elif b"@depth" in record.data[:40] or b"depthUpdate" in record.data[:80]:
                frames.append(record.data)
    return Feed(f"recorded session {path.name}", snapshot, frames)


def made_up(count: int = 2000) -> Feed:
    """A session of the recorded one's shape: 40 levels a difference, half of them deleted, in order."""
    chance = random.Random(1)

    def levels(first: int, step: int, near: int, number: int) -> list[tuple[str, str]]:
        ranks = sorted(chance.sample(range(near), number))
        return [
            (f"{(first + step * rank) / 100:.8f}", chance.choice(["0.00000000", f"{chance.random():.8f}"]))
            for rank in ranks
        ]

    whole = [(f"{(6_500_000 - rank) / 100:.8f}", "1.00000000") for rank in range(1000)]
    asks = [(f"{(6_500_001 + rank) / 100:.8f}", "1.00000000") for rank in range(1000)]
    snapshot = msgspec.json.encode({"lastUpdateId": 0, "bids": whole, "asks": asks})
    frames = [
        msgspec.json.encode(
            {
                "stream": "btcusdt@depth@100ms",
                "data": {
                    "e": "depthUpdate",
                    "E": 1_700_000_000_000 + 100 * number,
                    "s": "BTCUSDT",
                    "U": number,
                    "u": number,
                    # The best level is never touched, so that the price stays where it is.
                    "b": levels(6_499_999, -1, 900, 20),
                    "a": levels(6_500_002, 1, 900, 20),
                },
            }
        )
        for number in range(1, count + 1)
    ]
    return Feed("made-up session", snapshot, frames)


def synchronised(source: BinanceOrderBookDataSource, feed: Feed) -> OrderBookKeeper:
    """A keeper that holds the snapshot and waits for the frames."""
    answer = msgspec.json.decode(feed.snapshot, type=wire.Depth)
    keeper = OrderBookKeeper(OrderBook("BTC-USDT"), source.book_feed)
    keeper.feed_snapshot(source.book_snapshot("BTC-USDT", answer, len(msgspec.json.decode(answer.bids))), 0.0)
    return keeper


@contextmanager
def stopwatch(spent: dict[str, float], name: str) -> Iterator[None]:
    """Remember the shortest time that something of this name took, in seconds."""
    started = time.perf_counter()
    yield
    spent[name] = min(spent.get(name, float("inf")), time.perf_counter() - started)


def simdjson_parse() -> Callable[[bytes], object] | None:
    """The fastest parser there is for Python, which builds no objects; None where it is not installed."""
    try:
        import simdjson  # noqa: PLC0415 - an extra that only this row needs
    except ImportError:
        return None
    parse: Callable[[bytes], object] = simdjson.Parser().parse
    return parse


def one_round(feed: Feed, parse: Callable[[bytes], object] | None, spent: dict[str, float]) -> None:
    """Measure each row once."""
    source = BinanceOrderBookDataSource(SymbolMap(quotes=("USDT",)))
    keeper = synchronised(source, feed)
    with stopwatch(spent, "bytes to book (the whole path)"):
        for frame in feed.frames:
            for said in source.parse(frame):
                if isinstance(said, BookDiff | BookSnapshot):
                    keeper.feed_frame(said, 0.0)
    assert keeper.resyncs == 0
    diffs = [said for frame in feed.frames for said in source.parse(frame) if isinstance(said, BookDiff)]
    with stopwatch(spent, "  of it: bytes to BookDiff"):
        for frame in feed.frames:
            for _ in source.parse(frame):
                pass
    with stopwatch(spent, "  of it: levels to texts"):
        for diff in diffs:
            diff.bids.texts()
            diff.asks.texts()
    decode = msgspec.json.Decoder().decode
    with stopwatch(spent, "msgspec, bare decode"):
        for frame in feed.frames:
            decode(frame)
    if parse is not None:
        with stopwatch(spent, "pysimdjson, bare parse"):
            for frame in feed.frames:
                parse(frame)


def main() -> None:
    """Measure and print."""
    feed = recorded() or made_up()
    source = BinanceOrderBookDataSource(SymbolMap(quotes=("USDT",)))
    diffs = [said for frame in feed.frames for said in source.parse(frame) if isinstance(said, BookDiff)]
    levels = sum(len(diff.bids.texts()) + len(diff.asks.texts()) for diff in diffs)
    spent: dict[str, float] = {}
    parse = simdjson_parse()
    for _ in range(ROUNDS):
        one_round(feed, parse, spent)
    whole = next(iter(spent.values()))
    bare = spent["msgspec, bare decode"]
    count = len(diffs)
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"{feed.name}: {count:,} differences, {levels / count:.1f} levels each; CPython {version}")
    print(f"{'':34}{'µs a diff':>12}{'ns a level':>12}{'to msgspec':>11}")
    for name, seconds in spent.items():
        print(f"{name:34}{seconds / count * 1e6:12.2f}{seconds / levels * 1e9:12.0f}{seconds / bare:11.2f}")
    print(f"{count / whole:,.0f} differences a second on one core, the best of {ROUNDS} rounds each")
    if parse is None:
        print("pysimdjson is not installed: pip install -e '.[bench]'")


if __name__ == "__main__":
    main()
