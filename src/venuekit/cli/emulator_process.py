"""An emulator in a process of its own, and the switches beside its venue."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from venuekit import errors
from venuekit.model.book import Levels
from venuekit.state.order_book import OrderBook
from venuekit.web.transport import AiohttpTransport

__all__ = ["EmulatorProcess"]

# A recording of a million frames takes this long to read on a slow machine.
_START_SECONDS = 60.0
_STOP_SECONDS = 3.0


class EmulatorProcess:
    """`venuekit emulate VENUE` as a child that ends with us, however we end.

    It is told to stop by the end of its stdin, which comes even when this process is killed.
    """

    def __init__(self, venue: str, arguments: Sequence[str] = ()) -> None:
        self.venue = venue
        self.rest_url = ""
        self._arguments = arguments
        self._child: asyncio.subprocess.Process | None = None
        self._transport = AiohttpTransport()

    async def start(self) -> None:
        """Start it and wait until it says where it listens.

        Raises:
            errors.NotReady: it ended, or said nothing in time.
        """
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "venuekit.cli", "emulate", self.venue, "--port", "0", "--with-parent"),
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Ctrl-C in the terminal is for us: we end the child when we no longer need it.
            start_new_session=True,
        )
        assert self._child.stdout is not None  # noqa: S101 - asked for above
        try:
            async with asyncio.timeout(_START_SECONDS):
                line = await self._child.stdout.readline()
        except TimeoutError:
            raise errors.NotReady(
                f"the emulator of {self.venue} said nothing for {_START_SECONDS:g} s"
            ) from None
        if not line:
            raise errors.NotReady(f"the emulator of {self.venue} did not start: {await self._last_words()}")
        self.rest_url = msgspec.json.decode(line)["rest_url"]

    async def stop(self) -> None:
        """End it and wait until it has ended."""
        await self._transport.close()
        child, self._child = self._child, None
        if child is None or child.returncode is not None:
            return
        try:
            assert child.stdin is not None  # noqa: S101 - asked for in start
            child.stdin.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()

    async def symbols(self) -> list[str]:
        """The venue's words for its markets."""
        listed: list[str] = (await self._ask("GET", "status"))["symbols"]
        return listed

    async def trading_pair(self, symbol: str) -> str:
        """The pair of a symbol."""
        return str((await self._ask("GET", f"book?symbol={symbol}"))["trading_pair"])

    async def inject(self, **fault: Any) -> None:
        """Let something go wrong; the words are those of `emulator.faults.Fault`."""
        await self._ask("POST", "faults", [fault])

    async def pause(self) -> None:
        """Stop the markets after all was published."""
        await self._ask("POST", "pause")

    async def book(self, symbol: str, stream: str) -> OrderBook:
        """The venue's own book, whole, under the id that a stream gave it."""
        said = await self._ask("GET", f"book?symbol={symbol}")
        book = OrderBook(said["trading_pair"])
        book.apply_snapshot(Levels.of(said["bids"]), Levels.of(said["asks"]), said["stream_ids"].get(stream))
        return book

    async def _ask(self, method: str, what: str, body: Any = None) -> Any:
        url = f"{self.rest_url}/_emulator/{what}"
        sent = None if body is None else msgspec.json.encode(body)
        answer = await self._transport.request(method, url, {}, sent)
        if answer.status != 200:
            raise errors.Refused(answer.body.decode(errors="replace"), status=answer.status)
        return msgspec.json.decode(answer.body)

    async def _last_words(self) -> str:
        assert self._child is not None  # noqa: S101 - only asked after start
        _, said = await self._child.communicate()
        lines = said.decode(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("venuekit: ") if lines else "it said nothing"
