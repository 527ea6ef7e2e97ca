"""A strategy of one's own in simulated worlds: it runs as it is, and time, network and disk are a seed's.

python examples/simulated_strategy.py
venuekit sim --strategy examples.simulated_strategy:keep_a_bid --weather hostile --minutes 1
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import venuekit
from venuekit import AccountOptions, ExchangeBase, OrderType, errors
from venuekit.sim import Stage, Weather, options_of, simulate

PAIR = "BTC-USDT"


async def keep_a_bid(stage: Stage) -> None:
    """Keep one bid a little below the best one, whatever happens; take it back at the end."""
    while not stage.mood.ends:
        exchange = venuekit.connect(
            stage.venue,
            [PAIR],
            url=stage.url,
            credentials=stage.credentials,
            account=AccountOptions(journals=Path("/journals")),
        )
        try:
            async with exchange:
                await quote(exchange, stage)
        except errors.VenuekitError:
            # No connection, or a disk that refuses: a new connector takes up what the journal remembers.
            await asyncio.sleep(2.0)


async def quote(exchange: ExchangeBase, stage: Stage) -> None:
    """Look once a second whether the bid is there, and where it should be."""
    while not stage.mood.ends:
        await asyncio.sleep(1.0)
        own = [order for order in exchange.in_flight_orders.values() if not order.doubt]
        if stage.mood.is_calm:
            for order in own:
                exchange.cancel(PAIR, order.client_order_id)
            continue
        try:
            best = exchange.get_price(PAIR, is_buy=False)
        except errors.NotReady:
            continue  # no live book: a bid that is there stays, a new one waits
        if not exchange.in_flight_orders:
            exchange.buy(PAIR, Decimal("0.001"), OrderType.LIMIT_MAKER, best * Decimal("0.9995"))
        for order in own:
            if order.price is not None and order.price < best * Decimal("0.999"):
                exchange.cancel(PAIR, order.client_order_id)


if __name__ == "__main__":
    for seed in range(1, 6):
        verdict = simulate(options_of(seed, weather=Weather.ROUGH, seconds=120.0), strategy=keep_a_bid)
        words = "sound" if verdict.is_sound else f"broke {verdict.violations[0].invariant}"
        troubles = sum(verdict.fired.values())
        print(f"seed {seed}: {words}; {verdict.figures['orders']} orders, {troubles} troubles")
