"""A customer of an emulated venue at the command line: keys in the environment, a journal of its own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import COMMAND, asked, told
from typer.testing import Result

from venuekit.emulator.act import Act
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect

VENUE = "binance@emulator"
BTC = "BTC-USDT"
VARIABLES = tuple(
    f"VENUEKIT_BINANCE_{name}{suffix}"
    for name in ("API_KEY", "API_SECRET", "PRIVATE_KEY")
    for suffix in ("", "_FILE")
)
_LONG = 60.0


def leave_no_keys(environment: pytest.MonkeyPatch) -> None:
    """Take away whatever keys the machine has."""
    for name in VARIABLES:
        environment.delenv(name, raising=False)


class Customer:
    """Calls `venuekit WORD… binance@emulator …` as one account; `said` is everything that it ever printed."""

    def __init__(
        self,
        call: Callable[..., Result],
        announced: dict[str, Any],
        journals: Path,
        environment: pytest.MonkeyPatch,
        key_type: str = "HMAC",
    ) -> None:
        self.rest_url: str = announced["rest_url"]
        self.journals = journals
        self.account = key_type.lower()
        self.keys = next(keys for keys in announced["accounts"] if keys["key_type"] == key_type)
        self.said = ""
        self._call = call
        leave_no_keys(environment)
        environment.setenv("VENUEKIT_BINANCE_API_KEY", self.keys["api_key"])
        for variable, name in (("API_SECRET", "api_secret"), ("PRIVATE_KEY", "private_key_pem")):
            if self.keys[name] is not None:
                environment.setenv(f"VENUEKIT_BINANCE_{variable}", self.keys[name])
        environment.setenv("VENUEKIT_BINANCE_EMULATOR_URL", self.rest_url)
        environment.setenv("VENUEKIT_JOURNALS", str(journals))

    def __call__(self, *words: object) -> Result:
        """One command, in this process."""
        result = self._call(*words)
        self.said += result.output
        return result

    def place(self, *words: object) -> Result:
        """One order on BTC-USDT."""
        return self("order", "place", VENUE, BTC, *words)

    def placed(self, *words: object) -> dict[str, Any]:
        """One order on BTC-USDT that the venue takes, for programs."""
        result = self.place(*words, "--json")
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)["order"]
        return found

    def rests(self) -> dict[str, Any]:
        """An order far below the market."""
        return self.placed("buy", "0.001", "--price", "30000")

    def at_work(self, *words: str) -> subprocess.Popen[str]:
        """A process that has placed an order far below the market and waits for its end."""
        terms = ("buy", "0.002", "--price", "31000", "--wait", str(_LONG), *words)
        known = len(self.orders())
        process = subprocess.Popen(
            (*COMMAND, "order", "place", VENUE, BTC, *terms),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.until(lambda: len(self.orders()) > known or process.poll() is not None, "the order to be there")
        return process

    def orders(self) -> list[dict[str, Any]]:
        """The account's orders at the venue, open and ended."""
        found: list[dict[str, Any]] = asked(self.rest_url, f"orders?account={self.account}")
        return found

    def order(self, client_order_id: str) -> dict[str, Any]:
        """One of them."""
        (found,) = (row for row in self.orders() if client_order_id in row["client_order_id"])
        return found

    def breaks(self, kind: str, act: Act, **how: Any) -> None:
        """Let something go wrong with what we do, over whichever line we do it, until `mends`."""
        told(
            self.rest_url,
            "faults",
            [{"kind": kind, "path": path, **how} for path in BinanceSpotDialect.acts[act]],
        )

    def mends(self) -> None:
        """Nothing goes wrong from now on."""
        told(self.rest_url, "faults", method="DELETE")

    def somebody(self, **order: Any) -> None:
        """Let somebody else trade on BTC-USDT."""
        told(self.rest_url, "order", {"symbol": "BTCUSDT", **order})

    def journal(self) -> Path:
        """The account's journal."""
        (found,) = self.journals.glob("*.journal")
        return found

    @staticmethod
    def until(is_so: Callable[[], bool], what: str) -> None:
        """Wait for something that another process does."""
        deadline = time.monotonic() + _LONG
        while not is_so():
            assert time.monotonic() < deadline, f"waited {_LONG} s for {what}"
            time.sleep(0.02)
