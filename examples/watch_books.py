"""Prints the best prices of some pairs whenever one of them trades.

    python examples/watch_books.py binance BTC-USDT ETH-USDT

With an emulator (`venuekit emulate binance`) use `binance@emulator`, and set VENUEKIT_BINANCE_EMULATOR_URL to
its rest_url.
"""

from __future__ import annotations

import asyncio
import sys

import venuekit


async def watch(venue: str, pairs: list[str], trades: int) -> None:
    """Follow the pairs until so many trades were seen."""
    async with venuekit.connect(venue, pairs) as exchange:
        async for event in exchange.events():
            if isinstance(event, venuekit.OrderBookTradeEvent):
                book = exchange.get_order_book(event.trading_pair)
                if book.is_live:
                    bid, ask = book.get_price(is_buy=False), book.get_price(is_buy=True)
                    print(f"{event.trading_pair:10} {bid:>12} | {ask:<12} last {event.price}")
                trades -= 1
            elif isinstance(event, venuekit.BookStatusEvent):
                print(f"{event.trading_pair:10} is {event.status.value}: {event.reason}")
            if trades <= 0:
                return


if __name__ == "__main__":
    _, venue, *pairs = sys.argv if len(sys.argv) > 1 else ["", "binance", "BTC-USDT"]
    asyncio.run(watch(venue, pairs or ["BTC-USDT"], trades=20))
