"""A small market maker: one bid and one ask a pair, until some of them have filled.

    python examples/make_market.py BTC-USDT ETH-USDT --fills 20

It starts an emulator of its own, so it needs no keys and no network. On an emulator that runs already
(`venuekit emulate binance`), with a key of its first output line:

    VENUEKIT_BINANCE_API_KEY=… VENUEKIT_BINANCE_API_SECRET=… python examples/make_market.py --url http://…

The strategy is `venuekit.cli.maker`, the same that `venuekit demo` kills and starts again: `wanted` and
`decide` say what should stand in the book, `Maker` asks the connector and does it.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import venuekit
from venuekit.cli.emulator_process import EmulatorProcess
from venuekit.cli.maker import Maker, MakerPlan


async def make_market(pairs: Sequence[str], url: str | None, fills: int) -> None:
    """Quote the pairs on the emulated Binance until so many fills were heard of."""
    async with AsyncExitStack() as stack:
        if url is None:
            emulator = EmulatorProcess("binance", ["--pairs", str(len(pairs))])
            stack.push_async_callback(emulator.stop)
            await emulator.start()
            url = emulator.rest_url
            credentials: venuekit.Credentials | None = emulator.accounts[0].credentials
            journals: Path | None = Path(stack.enter_context(TemporaryDirectory()))
        else:
            credentials = venuekit.Credentials.from_environment("binance")
            journals = None  # where `venuekit journal inspect` looks for it
        exchange = await stack.enter_async_context(
            venuekit.connect(
                "binance@emulator",
                pairs,
                url=url,
                credentials=credentials,
                account=venuekit.AccountOptions(journals=journals),
                trading=venuekit.TradingPolicy(at_stop=venuekit.AtStop.CANCEL_OWN),
            )
        )
        maker = asyncio.create_task(Maker(exchange, pairs, MakerPlan()).run())
        stack.callback(maker.cancel)
        async for event in exchange.events():
            match event:
                case venuekit.OrderFilledEvent():
                    side = event.trade_type.name.lower()
                    print(f"{side:4} {event.amount} {event.trading_pair} at {event.price}")
                    fills -= 1
                case venuekit.OrderInDoubt():
                    print(f"{event.order_id} is in doubt: {event.reason.value}")
                case venuekit.OrderSettled():
                    print(f"{event.order_id} is settled: {event.state.name}")
            if fills <= 0:
                return


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("--url", help="where an emulator listens; without it, one is started")
    words.add_argument("--fills", type=int, default=10, help="end after so many")
    words.add_argument("pairs", nargs="*", default=["BTC-USDT", "ETH-USDT"])
    said = words.parse_args()
    asyncio.run(make_market(said.pairs, said.url, said.fills))
