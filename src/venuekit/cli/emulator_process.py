"""An emulator in a process of its own, and the switches beside its venue."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from venuekit import errors
from venuekit.emulator.faults import Fault, FaultReport
from venuekit.model.book import Levels
from venuekit.protocol.frozen import Frozen
from venuekit.state.order_book import OrderBook
from venuekit.web.auth import Credentials, Secret
from venuekit.web.transport import AiohttpTransport

__all__ = ["EmulatedAccount", "EmulatorProcess", "Ledger"]

# A recording of a million frames takes this long to read on a slow machine.
_START_SECONDS = 60.0
_STOP_SECONDS = 3.0


class EmulatedAccount(Frozen):
    """A customer of an emulated venue who signs with a shared secret."""

    api_key: str
    api_secret: Secret

    @property
    def credentials(self) -> Credentials:
        """What a connector takes."""
        return Credentials(self.api_key, secret=self.api_secret)

    def environment(self, venue: str, inherited: Mapping[str, str]) -> dict[str, str]:
        """What a child process inherits, with these credentials in place of all others for the venue.

        Arguments are for everybody to see, the environment is not.
        """
        prefix = f"VENUEKIT_{venue.upper()}"
        keys = (f"{prefix}_API_", f"{prefix}_PRIVATE_KEY")
        kept = {name: value for name, value in inherited.items() if not name.startswith(keys)}
        own = {f"{prefix}_API_KEY": self.api_key, f"{prefix}_API_SECRET": self.api_secret.reveal()}
        return kept | own


class Ledger(Frozen):
    """An account in the venue's books: rows as its control plane writes them, balances by asset."""

    orders: list[dict[str, Any]]
    fills: list[dict[str, Any]]
    balances: dict[str, dict[str, str]]


class EmulatorProcess:
    """`venuekit emulate VENUE` as a child that ends with us, however we end.

    It is told to stop by the end of its stdin, which comes even when this process is killed. `accounts` are
    the venue's customers, empty where nobody can trade.
    """

    def __init__(self, venue: str, arguments: Sequence[str] = ()) -> None:
        self.venue = venue
        self.rest_url = ""
        self.accounts: tuple[EmulatedAccount, ...] = ()
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
        announced = msgspec.json.decode(line)
        self.rest_url = announced["rest_url"]
        self.accounts = tuple(
            EmulatedAccount(api_key=account["api_key"], api_secret=Secret(account["api_secret"]))
            for account in announced["accounts"]
            if account["api_secret"] is not None
        )

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

    async def inject(self, *faults: Fault) -> None:
        """Let something go wrong; all of it is switched on at once."""
        await self._ask("POST", "faults", faults)

    async def faults(self) -> list[FaultReport]:
        """What was switched on since everything was cleared, and how often it went wrong."""
        return msgspec.convert((await self._ask("GET", "status"))["faults"], list[FaultReport])

    async def clear_faults(self) -> list[FaultReport]:
        """Let nothing go wrong any more; what went wrong since the last time."""
        return msgspec.convert(await self._ask("DELETE", "faults"), list[FaultReport])

    async def ledger(self, account: EmulatedAccount) -> Ledger:
        """What the venue itself has in its books about an account."""
        asked = f"api_key={account.api_key}"
        orders = await self._ask("GET", f"orders?{asked}")
        fills = await self._ask("GET", f"fills?{asked}")
        balances = await self._ask("GET", f"balances?{asked}")
        return Ledger(orders=orders, fills=fills, balances=next(iter(balances.values()), {}))

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
