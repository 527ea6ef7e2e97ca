"""The cards as tests: a class to derive from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from venuekit import errors
from venuekit.connector.registry import connector_class, find_setting, setting_of
from venuekit.connector.setting import ConnectorSetting
from venuekit.connector.trading_connector import TradingConnector
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.factory import dialect_class, make_dialect
from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS
from venuekit.emulator.server import EmulatorServer
from venuekit.emulator.step import Instrument
from venuekit.seams.clock import SystemClock
from venuekit.testing.conformance.card import Card, CardFailed
from venuekit.testing.conformance.cards import CARDS
from venuekit.testing.conformance.stage import Stage
from venuekit.testing.conformance.traits import Traits
from venuekit.testing.waiting import PATIENCE

__all__ = ["NOT_APPLICABLE", "PROPERTY", "ConformanceSuite"]

NOT_APPLICABLE = "not applicable: "
PROPERTY = "venuekit_card"
"""The name under which a test's report carries the connector, the card's number and its title."""

_LONGEST = 8
"""A card ends, one way or another, after so many times its patience."""


class ConformanceSuite:
    """Every card that is a connector's, one test each.

        class TestMyVenue(ConformanceSuite):
            connector = "my_venue"

    `connector` is a name that `connect` takes, or a class. `dialect` is the emulated venue, by its name in
    the entry point group `venuekit.dialects` or as a class; None: the one of the connector's name. Neither
    needs to be installed. A connector with a constructor of its own overrides `make_connector`.
    """

    connector: ClassVar[str | type[TradingConnector]]
    dialect: ClassVar[str | type[Dialect] | None] = None
    trading_pairs: ClassVar[Sequence[str]] = ("BTC-USDT", "ETH-USDT")
    instruments: ClassVar[Sequence[Instrument]] = DEFAULT_INSTRUMENTS[:2]
    key_type: ClassVar[str] = "HMAC"
    """Which of the emulated customers trades: by HMAC, RSA or Ed25519."""
    rate: ClassVar[float] = 100.0
    """Orders per second of the busiest market."""
    patience: ClassVar[float] = PATIENCE
    """Seconds that a card waits for what must come."""

    @property
    def kind(self) -> type[TradingConnector]:
        """The connector's class."""
        return connector_class(self.connector) if isinstance(self.connector, str) else self.connector

    @property
    def name(self) -> str:
        """What the connector is called in reports."""
        return self.connector if isinstance(self.connector, str) else self.connector.__name__

    @property
    def venue(self) -> type[Dialect]:
        """The emulated venue's class."""
        named = self.name if self.dialect is None else self.dialect
        return dialect_class(named) if isinstance(named, str) else named

    def make_connector(
        self, kind: type[Any], trading_pairs: Sequence[str], url: str, **options: Any
    ) -> TradingConnector:
        """A connector for the emulated venue at `url`, not started.

        `kind` is the suite's class, or one derived from it with other facts. `options` are those of
        `ExchangeBase`, or of `TradingConnector` where there are no books.
        """
        made: TradingConnector = kind(trading_pairs, setting=self.setting(url), **options)
        return made

    def setting(self, url: str) -> ConnectorSetting:
        """What is known of the connector, on the emulated venue at `url`.

        From the `venue.toml` beside the module of a class, where there is one; else from that of the
        installed connector that is called like the suite's `connector` or the dialect.
        """
        if not isinstance(self.connector, str):
            beside = setting_of(self.connector, self.name, "emulator", url)
            if beside is not None:
                return beside
        name = self.connector if isinstance(self.connector, str) else self.venue.name
        return find_setting(f"{name}@emulator", url)

    @pytest.mark.parametrize("card", CARDS, ids=[card.id for card in CARDS])
    def test_card(self, card: Card, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
        """Play a card, unless it is not this connector's."""
        record_property(PROPERTY, [self.name, card.number, card.title])
        objection = Traits(self.kind, self.venue).objection(card)
        if objection is not None:
            pytest.skip(NOT_APPLICABLE + objection)
        asyncio.run(self.play(card, tmp_path))

    async def play(self, card: Card, folder: Path) -> None:
        """Play a card on a stage of its own; `folder` is for what connectors remember.

        Raises:
            CardFailed: the connector does otherwise than the card expects.
        """
        clock = SystemClock()
        dialect = self.make_dialect(clock.time())
        async with EmulatorServer(dialect) as server:
            await self.play_on(Stage(self, dialect, server.rest_url, folder, clock=clock), card)

    async def play_on(self, stage: Stage, card: Card) -> None:
        """Play a card on a stage that was set for it alone.

        Raises:
            CardFailed: as `play`.
        """
        async with asyncio.timeout(_LONGEST * stage.patience):
            try:
                await card.play(stage)
            except errors.VenuekitError as error:
                raise CardFailed(f"{type(error).__name__}: {error}") from error

    def make_dialect(self, start_time: float) -> Dialect:
        """The venue of one card, with markets that begin at a wall time, in seconds."""
        return make_dialect(
            self.venue, seed=7, instruments=self.instruments, start_time=start_time, rate=self.rate
        )
