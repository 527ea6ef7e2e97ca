"""A strategy that somebody else could have written: it buys once, and waits."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import venuekit
from venuekit.connector.account import AccountOptions
from venuekit.model.order import OrderType
from venuekit.sim.stage import Stage

__all__ = ["trade"]


async def trade(stage: Stage) -> None:
    """Buy for about a hundred, then hold still until the world ends."""
    async with venuekit.connect(
        stage.venue,
        stage.options.pairs,
        url=stage.url,
        credentials=stage.credentials,
        account=AccountOptions(journals=Path("/journals")),
    ) as exchange:
        exchange.buy(stage.options.pairs[0], Decimal("0.002"), OrderType.MARKET)
        while not stage.mood.ends:  # noqa: ASYNC110 - a second of the world costs nothing
            await asyncio.sleep(1.0)
