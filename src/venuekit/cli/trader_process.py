"""The demo's trader in a process of its own: started, listened to, and killed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress

import msgspec

from venuekit import errors
from venuekit.cli import trader_report
from venuekit.cli.emulator_process import EmulatedAccount
from venuekit.cli.trader_report import Flat, Ready, Said, Standing, Task

__all__ = ["TraderProcess"]

_START_SECONDS = 60.0
_STAND_SECONDS = 30.0
_STOP_SECONDS = 10.0
_LONGEST_LINE = 2**24
"""A standing holds whole books."""


class TraderProcess:
    """`venuekit.cli.trader` as a child that ends with us, however we end; `hear` gets all that it says."""

    def __init__(self, task: Task, account: EmulatedAccount, hear: Callable[[Said], None]) -> None:
        self._task = task
        self._account = account
        self._hear = hear
        self._child: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._awaited: dict[type, asyncio.Future[Said]] = {}
        self._last_words: str | None = None

    async def start(self) -> Ready:
        """Start it and wait until it trades.

        Raises:
            errors.NotReady: it ended, or was not ready in time.
        """
        ready = self._await(Ready)
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "venuekit.cli.trader", msgspec.json.encode(self._task).decode()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._account.environment(self._task.venue, os.environ),
            limit=_LONGEST_LINE,
            start_new_session=True,
        )
        self._listening = asyncio.create_task(self._listen(self._child))
        said = await self._answer(ready, _START_SECONDS)
        assert isinstance(said, Ready)  # noqa: S101 - asked for above
        return said

    async def finish(self, seconds: float) -> int:
        """Let it cancel what is open; how many orders are open or in doubt when it has done so."""
        flat = self._await(Flat)
        await self._say("finish")
        said = await self._answer(flat, seconds)
        return said.left if isinstance(said, Flat) else 0

    async def stand(self) -> Standing:
        """What it believes now."""
        standing = self._await(Standing)
        await self._say("stand")
        said = await self._answer(standing, _STAND_SECONDS)
        assert isinstance(said, Standing)  # noqa: S101 - asked for above
        return said

    async def kill(self) -> None:
        """SIGKILL: nothing of it runs any more, no `finally` and no goodbye."""
        if self._child is not None:
            with suppress(ProcessLookupError):
                self._child.kill()
            await self._ended()

    async def stop(self) -> None:
        """Let it end by itself, or end it."""
        child = self._child
        if child is None:
            return
        assert child.stdin is not None  # noqa: S101 - asked for in start
        child.stdin.close()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await child.wait()
        finally:
            await self.kill()

    async def _ended(self) -> None:
        child, self._child = self._child, None
        listening, self._listening = self._listening, None
        if child is not None:
            await child.wait()
        if listening is not None:
            await listening

    async def _listen(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None  # noqa: S101 - asked for in start
        assert child.stderr is not None  # noqa: S101 - asked for in start
        while (line := await child.stdout.readline()).endswith(b"\n"):
            said = trader_report.decode(line)
            self._hear(said)
            waiting = self._awaited.pop(type(said), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(said)
        lines = (await child.stderr.read()).decode(errors="replace").strip().splitlines()
        why = lines[-1].removeprefix("venuekit: ") if lines else "it said nothing"
        self._last_words = f"the trader ended: {why}"
        for waiting in self._awaited.values():
            if not waiting.done():
                waiting.set_exception(errors.NotReady(self._last_words))
        self._awaited.clear()

    def _await(self, kind: type[Said]) -> asyncio.Future[Said]:
        if self._last_words is not None:
            raise errors.NotReady(self._last_words)
        future: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._awaited[kind] = future
        return future

    async def _answer(self, future: asyncio.Future[Said], seconds: float) -> Said:
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            raise errors.NotReady(f"the trader did not answer within {seconds:g} s") from None

    async def _say(self, word: str) -> None:
        if self._child is None or self._child.stdin is None:
            raise errors.NotReady("the trader is not there")
        self._child.stdin.write(f"{word}\n".encode())
        with suppress(ConnectionError):
            await self._child.stdin.drain()
