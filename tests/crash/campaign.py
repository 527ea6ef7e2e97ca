"""Many lives of one trader: started, killed, started again, in the end compared with the venue's ledger."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec
from tests.connector.emulated import House, until
from tests.crash.trader import Account, Ended, Filled, Ready, Said, Task
from tests.crash.trap import Moment

from venuekit.connector.registry import connector_class
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.order_record import Fill
from venuekit.journal import history, reader, record
from venuekit.journal.inspection import verify
from venuekit.journal.reader import Entry
from venuekit.journal.record import Intent
from venuekit.protocol.fence import Fence
from venuekit.sim import account_comparison as compare

__all__ = ["SHORT_FENCE", "Campaign", "Run"]

ROOT = Path(__file__).parents[2]
SHORT_FENCE = {"receive_window": 1.0, "engine_seconds": 0.3, "replica_lag": 0.3, "separation": 0.1}
"""The emulated engine takes what it takes at once, so that these promises are kept, too."""
_LONG = 60.0
"""Seconds that no start takes."""
_LONGEST_LINE = 2**26
"""Bytes: the last life tells of every order in one line."""
_SLACK = 0.5
"""By how many seconds our idea of the venue's clock may be off."""
_COMMANDS = ("/api/v3/order", "order.place", "order.cancel", "order.amend.keepPriority")
_EVENTS = ("executionReport/NEW", "executionReport/TRADE", "executionReport/CANCELED", "executionReport")
_WEATHER: Mapping[FaultKind, tuple[tuple[str, ...], float]] = {
    FaultKind.HANG: (_COMMANDS, 0.0),
    FaultKind.RESET: (_COMMANDS, 0.0),
    FaultKind.LOST_REQUEST: (_COMMANDS, 0.0),
    FaultKind.OUTCOME_UNKNOWN: (_COMMANDS, 0.0),
    FaultKind.NOT_EXECUTED: (_COMMANDS, 0.0),
    FaultKind.SERVER_ERROR: (_COMMANDS, 0.0),
    FaultKind.GAP: (_EVENTS, 0.0),
    FaultKind.DUPLICATE: (_EVENTS, 0.0),
    FaultKind.SWAP: (_EVENTS, 0.0),
    FaultKind.LATE_MESSAGE: (_EVENTS, 0.3),
    FaultKind.LAGGING_ORDERS: (("/api/v3/order",), 0.1),
    FaultKind.STALE_OPEN_ORDERS: (("/api/v3/openOrders",), 0.1),
    FaultKind.DISCONNECT: (("/ws-api/v3",), 0.0),
}
"""What may go wrong, on which paths, for how many seconds: no longer than the fence allows answers to lag."""


class Run(msgspec.Struct):
    """One life: the moment of its end, and what it said before."""

    how: str
    ready: Ready | None = None
    seconds_to_ready: float = 0.0
    """From the start of the process, so that Python's own start is in it."""
    said: list[Said] = []
    noise: str = ""
    code: int | None = None


class Campaign:
    """An emulated venue, one account on it, one journal; and a trader that is killed again and again."""

    def __init__(self, house: House, journals: Path, *, seed: int, fence: Mapping[str, float]) -> None:
        self.runs: list[Run] = []
        self._house = house
        self._journals = journals
        self._fence = dict(fence)
        self._chance = Random(seed)
        self._customer = next(c for c in house.dialect.customers.values() if c.api_secret)

    # --- killing

    async def kill(self, times: int) -> None:
        """Start and kill so often; every other time with bad weather, two of three times from outside.

        The last one ends with a command that is remembered as sent and never left: the doubt that lasts.
        """
        moments = list(Moment)
        for number in range(times - 1):
            self._new_address()
            if number % 2:
                self._make_weather()
            task = self._task(rest_only=self._chance.random() < 0.4)
            if number % 3 == 0:
                moment = moments[number // 3 % len(moments)]
                is_record = moment in (Moment.RECORD_WRITTEN, Moment.RECORD_TORN)
                reached = self._chance.randint(1, 120 if is_record else 25)
                task = msgspec.structs.replace(task, moment=moment, times=reached)
            self.runs.append(await self._live(task))
            self._house.dialect.faults.clear()
        self._new_address()
        task = msgspec.structs.replace(self._task(), moment=Moment.COMMAND_LEAVING, times=3)
        self.runs.append(await self._live(task))

    async def settle(self) -> Account:
        """One last life, which ends by itself; how the account stands by its own account."""
        self._new_address()
        run = await self._live(self._task(settles=True))
        self.runs.append(run)
        assert run.code == 0, run.noise
        return next(said for said in run.said if isinstance(said, Account))

    def _task(self, *, rest_only: bool = False, settles: bool = False) -> Task:
        return Task(
            journals=str(self._journals),
            url=self._house.server.rest_url,
            seed=self._chance.randrange(2**32),
            fence=self._fence,
            rest_only=rest_only,
            settles=settles,
        )

    def _new_address(self) -> None:
        """No shop restarts forty times a minute: its weight is counted as if from a machine of its own."""
        self._house.dialect._used.clear()  # type: ignore[attr-defined]

    def _make_weather(self) -> None:
        for kind in self._chance.sample(list(_WEATHER), 3):
            paths, seconds = _WEATHER[kind]
            fault = Fault(
                kind=kind, path=self._chance.choice(paths), skip=self._chance.randint(0, 4), seconds=seconds
            )
            self._house.dialect.faults.add(fault)

    async def _live(self, task: Task) -> Run:
        run = Run(how="settles" if task.settles else task.moment.name if task.moment else "killed")
        began = time.monotonic()
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.crash.trader", msgspec.json.encode(task).decode()),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            cwd=ROOT,
            env=self._environment(),
        )
        hears, noise = asyncio.ensure_future(_hear(child, run, began)), asyncio.ensure_future(_noise(child))
        try:
            if not task.settles:
                await self._shoot(child, run, task)
            async with asyncio.timeout(2 * _LONG):
                run.code = await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
            await hears
            run.noise = (await noise).decode(errors="replace")
        return run

    async def _shoot(self, child: asyncio.subprocess.Process, run: Run, task: Task) -> None:
        """Kill it some time after it is ready, or one time in six before."""
        if task.moment is None and self._chance.random() < 1 / 6:
            await _gone(child, self._chance.uniform(0.2, 1.5))
        else:
            await until(lambda: run.ready is not None or child.returncode is not None, "a trader", _LONG)
            await _gone(child, 2.0 if task.moment else self._chance.uniform(0.0, 1.2))
        if child.returncode is None:
            child.kill()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            "VENUEKIT_BINANCE_API_KEY": self._customer.api_key,
            "VENUEKIT_BINANCE_API_SECRET": self._customer.api_secret or "",
        }

    # --- comparing

    def complaints(self, account: Account) -> list[str]:
        """Everything in which the last life, the journal or what listeners heard differs from the ledger."""
        name = self._customer.name
        desk = self._house.dialect.desk
        orders, fills = desk.archive.orders(name), desk.archive.fills(name)
        path, entries = self._journal, self._entries()
        verdict = verify(path)
        balances = {
            asset: (row.free + row.locked, row.free)
            for asset, row in desk.balances(name).items()
            if row.free + row.locked
        }
        return [
            *verdict.complaints,
            *([] if verdict.is_sound else ["the journal is damaged"]),
            *compare.doubled_orders(orders),
            *compare.lost_orders(orders, entries),
            *compare.lost_fills(fills, account.orders),
            *_journal_differs(fills, entries, path),
            *compare.presumed_wrongly(entries, self._real_fence),
            *compare.orders_differ(orders, account.orders),
            *_heard_wrong(self.runs, fills, self._longest_doubt),
            *compare.balances_differ(balances, account.balances),
            *(f"a difference at the end: {difference}" for difference in account.differences),
            *(f"ran into: {run.noise}" for run in self.runs if "Traceback" in run.noise),
        ]

    def _entries(self) -> list[Entry]:
        return list(reader.entries_since(self._journal))

    @property
    def _journal(self) -> Path:
        (path,) = self._journals.rglob("*.journal")
        return path

    @property
    def _real_fence(self) -> Fence:
        return msgspec.structs.replace(connector_class("binance").fence, **self._fence)

    @property
    def _longest_doubt(self) -> float:
        """How long a command that has just left can be in doubt, in seconds."""
        return self._real_fence.end_of_doubt(0.0) or 0.0

    def _presumed(self) -> int:
        return sum(isinstance(row.record, record.Ended) and row.record.presumed for row in self._entries())

    def report(self, account: Account) -> str:
        """The figures of a campaign."""
        readies = [run for run in self.runs if run.ready is not None]
        archive, name = self._house.dialect.desk.archive, self._customer.name
        ways = ", ".join(f"{count} {how}" for how, count in Counter(run.how for run in self.runs).items())
        in_doubt = sum(run.ready.in_doubt for run in readies if run.ready is not None)
        since_start = _percentiles([run.ready.seconds for run in readies if run.ready is not None])
        since_birth = _percentiles([run.seconds_to_ready for run in readies])
        lines = (
            f"{len(self.runs)} lives: {ways}; {len(readies)} became ready",
            f"at the venue {len(archive.orders(name))} orders, {len(archive.fills(name))} fills",
            f"{in_doubt} orders in doubt at a start, {self._presumed()} presumed closed in the end",
            f"ready, seconds after the connector's start: {since_start}",
            f"ready, seconds after the process's start:   {since_birth}",
            f"the last doubt ended {account.doubted_for:.1f} s after the last start",
        )
        return "\n".join(lines)


def _percentiles(values: list[float]) -> str:
    ordered = sorted(values)
    at = {share: ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 90, 99)}
    return ", ".join(f"p{share} {value:.2f}" for share, value in at.items()) + f", max {ordered[-1]:.2f}"


async def _hear(child: asyncio.subprocess.Process, run: Run, began: float) -> None:
    assert child.stdout is not None
    while line := await child.stdout.readline():
        if not line.endswith(b"\n"):
            return  # it was killed in the middle of a word
        said = msgspec.json.decode(line, type=Said)
        run.said.append(said)
        if isinstance(said, Ready):
            run.seconds_to_ready = time.monotonic() - began
            run.ready = said


async def _noise(child: asyncio.subprocess.Process) -> bytes:
    assert child.stderr is not None
    return await child.stderr.read()


async def _gone(child: asyncio.subprocess.Process, seconds: float) -> None:
    """Wait until it is gone, so many seconds at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await child.wait()


def _journal_differs(fills: list[Fill], entries: list[Entry], path: Path) -> list[str]:
    """The tables that people query hold the venue's fills, and every order that was intended."""
    table = path.with_suffix(".sqlite")
    history.build(path, table)
    trades, rows = history.trades(table), history.orders(table)
    theirs = Counter(
        (fill.trading_pair, str(fill.trade_id), fill.amount, fill.price, fill.quote_amount) for fill in fills
    )
    kept = Counter(
        (row.trading_pair or "", row.trade_id, row.base_amount, row.price, row.quote_amount) for row in trades
    )
    intended = {entry.record.client_id for entry in entries if isinstance(entry.record, Intent)}
    return [
        *(f"the journal lacks {fill}" for fill in theirs - kept),
        *(f"the journal made up {fill}" for fill in kept - theirs),
        *(f"{row.client_id} is in doubt in the journal" for row in rows if row.in_doubt),
        *(f"{row.client_id} never ended in the journal" for row in rows if row.ended_at is None),
        *(f"{name} is not in the tables" for name in intended - {row.client_id for row in rows}),
    ]


def _heard_wrong(runs: list[Run], fills: list[Fill], longest: float) -> list[str]:
    """Listeners hear of each fill and of each end at most once, in all lives; `longest` is the fence's."""
    said = [said for run in runs for said in run.said]
    heard = Counter((item.trading_pair, item.trade_id) for item in said if isinstance(item, Filled))
    ends = Counter(item.order_id for item in said if isinstance(item, Ended))
    theirs = {(fill.trading_pair, str(fill.trade_id)) for fill in fills}
    readies = [run.ready for run in runs if run.ready is not None]
    return [
        *(f"fill {fill} was told {count} times" for fill, count in heard.items() if count > 1),
        *(f"fill {fill} was told and never happened" for fill in heard if fill not in theirs),
        *(f"the end of {name} was told {count} times" for name, count in ends.items() if count > 1),
        *(f"{name} was in doubt without a bound" for ready in readies for name in ready.unbounded),
        *(f"a doubt was to last {ready.latest} s" for ready in readies if ready.latest > longest + _SLACK),
    ]
