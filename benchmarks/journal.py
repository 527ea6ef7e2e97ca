"""What remembering costs: an append, a sync, a new file, a replay.

python benchmarks/journal.py [FOLDER]     the folder says which disk; a temporary one otherwise
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import msgspec

from venuekit.journal import reader
from venuekit.journal.record import AccountName, Ended, Filled
from venuekit.journal.rotation import Rotation
from venuekit.journal.writer import Durability, Journal, open_journal
from venuekit.model.fees import TokenAmount

ACCOUNT = AccountName(company="benchmark", domain="main", key="none")
APPENDS = 20_000
SYNCS = 500
TOGETHER = 50


def fill(number: int) -> Filled:
    return Filled(
        at=1.7e9 + number,
        client_id=f"vk0123456789ab{number:08d}",
        trade_id=str(number),
        price=Decimal("60000.10"),
        base_amount=Decimal("0.01"),
        quote_amount=Decimal("600.001"),
        fees=(TokenAmount("BNB", Decimal("0.00000003")),),
        venue_time=1.7e9 + number,
        exchange_id="123456789012",
    )


def begin(folder: Path, durability: Durability, size: int = 1 << 40) -> Journal:
    path = folder / "orders.journal"
    return open_journal(path, ACCOUNT, now=0.0, durability=durability, rotate=Rotation(size=size))[0]


def tell(what: str, microseconds: list[float]) -> None:
    ordered = sorted(microseconds)
    middle, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    print(f"{what:42} {middle:9,.1f} µs half of the time, {late:9,.1f} µs 99 in 100")


async def timed(rounds: int, call: Callable[[int], Awaitable[None]]) -> list[float]:
    took = []
    for number in range(rounds):
        started = time.perf_counter_ns()
        await call(number)
        took.append((time.perf_counter_ns() - started) / 1_000)
    return took


async def appends(folder: Path) -> None:
    with begin(folder, Durability.PROCESS) as journal:

        async def append(number: int) -> None:
            await journal.kept(journal.append(fill(number)))

        tell("append, process", await timed(APPENDS, append))
        size = journal.path.stat().st_size
    started = time.perf_counter()
    read = len(reader.replay(journal.path).entries)
    took = time.perf_counter() - started
    print(f"{'replay':42} {took / read * 1e6:9,.1f} µs a record; {size / read:.0f} bytes a record")


async def syncs(folder: Path) -> None:
    with begin(folder, Durability.POWER) as journal:

        async def append(number: int) -> None:
            await journal.kept(journal.append(fill(number)))

        async def append_together(number: int) -> None:
            numbers = [journal.append(fill(number * TOGETHER + place)) for place in range(TOGETHER)]
            await asyncio.gather(*map(journal.kept, numbers))

        tell("append and wait for the medium, power", await timed(SYNCS, append))
        tell(
            f"the same, {TOGETHER} waiting together, each",
            [took / TOGETHER for took in await timed(SYNCS // 5, append_together)],
        )
        tell("1,024 client ids, one of them reserving", await timed(50, lambda _: ids(journal)))


async def ids(journal: Journal) -> None:
    for _ in range(1_024):
        journal.ids.take(0.0)


def rotations(folder: Path) -> None:
    """Orders that end at once, ten a second: those of the last ten minutes are taken along."""
    size = Rotation().size
    with begin(folder, Durability.PROCESS, size) as journal:
        longest = 0.0
        for number in range(60_000):
            at = 1.7e9 + number / 10
            filled = msgspec.structs.replace(fill(number), at=at)
            ended = Ended(at=at, client_id=filled.client_id, state="FILLED")
            for item in (filled, ended):
                started = time.perf_counter()
                journal.append(item)
                longest = max(longest, time.perf_counter() - started)
        files = len(reader.archives(journal.path))
    print(
        f"{'the append that begins a new file':42} {longest * 1e3:9,.1f} ms, in {files} of {size >> 20} MiB"
    )


def main() -> None:
    above = sys.argv[1] if len(sys.argv) > 1 else None
    for part in (
        lambda folder: asyncio.run(appends(folder)),
        lambda folder: asyncio.run(syncs(folder)),
        rotations,
    ):
        with tempfile.TemporaryDirectory(dir=above) as folder:
            part(Path(folder))


if __name__ == "__main__":
    main()
