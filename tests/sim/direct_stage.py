"""A trader's host, an emulated venue called in process, and a program that trades between them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from venuekit.connector.account import AccountOptions
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.registry import connector_class, find_setting
from venuekit.emulator.accounts import Customer
from venuekit.emulator.factory import dialect_class, make_dialect
from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS
from venuekit.sim.direct import DirectNetwork, DirectTransport, DirectVenue, Latency
from venuekit.sim.disk import SimDisk
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel
from venuekit.sim.replacement import replaced
from venuekit.sim.trace import Trace
from venuekit.sim.venue import traced
from venuekit.web.auth import Credentials, Secret
from venuekit.web.transport import AiohttpTransport

URL = "http://venue.sim"
BTC, ETH = "BTC-USDT", "ETH-USDT"


class DirectStage:
    """One kernel with a venue and a trader; programs run on the trader."""

    def __init__(
        self,
        seed: int = 1,
        *,
        venue: str = "binance",
        rate: float = 5.0,
        pairs: int = 2,
        latency: Latency | None = None,
        keeps: bool = False,
    ) -> None:
        self.kernel = Kernel(seed, trace=Trace(keeps=keeps))
        self.dialect = make_dialect(
            traced(dialect_class(venue), self.kernel),
            seed=seed,
            instruments=DEFAULT_INSTRUMENTS[:pairs],
            start_time=self.kernel.start,
            rate=rate,
        )
        self.name = venue
        self.network = DirectNetwork(self.kernel, latency=latency)
        self.venue = DirectVenue(self.kernel, self.dialect)
        self.network.add(self.venue)
        self.trader = Host(self.kernel, "trader")
        self.disk = SimDisk.of(self.trader)

    @property
    def customer(self) -> Customer:
        return next(iter(self.dialect.customers.values()))

    def connector(self, *pairs: str, **options: Any) -> ExchangeBase:
        """A connector with the customer's key."""
        said = self.customer.credentials()
        return connector_class(self.name)(
            pairs or (BTC,),
            setting=find_setting(f"{self.name}@emulator", URL),
            credentials=Credentials(said["api_key"], secret=Secret(said["api_secret"])),
            account=AccountOptions(journals=Path("/journals")),
            **options,
        )

    @contextmanager
    def world(self) -> Iterator[None]:
        with replaced(self.kernel, {AiohttpTransport: self.network.transport}):
            yield

    def run(self, main: Callable[[], Coroutine[Any, Any, None]], seconds: float = 600.0) -> None:
        """Run a program on the trader to its end; what it raised is raised here."""
        with self.world():
            task = self.trader.start(main)
            self.kernel.run_until(task.done, seconds)
            assert task.done(), f"still at it after {seconds:g} s"
            task.result()
            self.trader.leave()

    def transport(self, **options: Any) -> DirectTransport:
        return self.network.transport(**options)
