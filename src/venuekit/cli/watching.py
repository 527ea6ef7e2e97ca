"""`venuekit book` and `venuekit ticker`: a market as it moves, or one look at it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from venuekit.cli.ladder import BookView, ladder, line, view_of
from venuekit.cli.output import aligned, make_console, print_json
from venuekit.connector.connect import connect
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.decimals import plain

__all__ = ["watch_book", "watch_ticker"]

_FRAMES_PER_SECOND = 8
# Where nobody watches a ladder move, one line a second is a log.
_LINE_EVERY = 1.0


async def watch_book(
    venue: str, trading_pair: str, *, depth: int, once: bool, url: str | None, as_json: bool
) -> None:
    """Show a book, once or until cancelled.

    Raises:
        errors.VenuekitError: the connector could not start or did not become ready.
    """
    console = make_console()
    async with connect(venue, [trading_pair], url=url) as exchange:
        if as_json or (not once and not console.is_interactive):
            while True:
                view = view_of(exchange, trading_pair, depth)
                print_json(view) if as_json else console.print(line(view), soft_wrap=True)
                if once:
                    return
                await exchange.clock.sleep(_LINE_EVERY)
        if once:
            console.print(_framed(view_of(exchange, trading_pair, depth), depth))
            return
        with Live(console=console, auto_refresh=False, screen=False) as live:
            while True:
                live.update(_framed(view_of(exchange, trading_pair, depth), depth), refresh=True)
                await exchange.clock.sleep(1 / _FRAMES_PER_SECOND)


async def watch_ticker(
    venue: str, trading_pairs: Sequence[str], *, once: bool, url: str | None, as_json: bool
) -> None:
    """Show best prices and the last trade of some pairs, once or until cancelled.

    Raises:
        errors.VenuekitError: the connector could not start or did not become ready.
    """
    console = make_console()
    async with connect(venue, trading_pairs, url=url) as exchange:
        asked = await exchange.get_last_traded_prices(trading_pairs)
        if once or as_json or not console.is_interactive:
            while True:
                views = _tickers(exchange, trading_pairs, asked)
                print_json(_facts(views)) if as_json else console.print(_quotes(views), soft_wrap=True)
                if once:
                    return
                await exchange.clock.sleep(_LINE_EVERY)
        with Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(_quotes(_tickers(exchange, trading_pairs, asked)), refresh=True)
                await exchange.clock.sleep(1 / _FRAMES_PER_SECOND)


def _framed(view: BookView, depth: int) -> RenderableType:
    age = "" if view.age is None else f", {view.age:.1f} s old"
    vouched = f"{view.vouched_depth[0]} bids and {view.vouched_depth[1]} asks vouched for"
    foot = f"update {view.last_update_id}{age}, {vouched}"
    return Group(Text(view.venue, style="dim"), ladder(view, depth), Text(foot, style="dim"))


def _tickers(
    exchange: ExchangeBase, trading_pairs: Sequence[str], asked: dict[str, Decimal]
) -> list[tuple[BookView, str | None]]:
    """Each pair's view and last price: what the stream told, before the first trade what was asked for."""
    told = []
    for pair in trading_pairs:
        view = view_of(exchange, pair, 1)
        known = asked.get(pair)
        told.append((view, view.last_trade_price or (None if known is None else plain(known))))
    return told


def _facts(tickers: list[tuple[BookView, str | None]]) -> dict[str, dict[str, str | None]]:
    return {
        view.trading_pair: {
            "status": view.status.value,
            "last": last,
            "bid": view.bids[0][0] if view.bids else None,
            "bid_amount": view.bids[0][1] if view.bids else None,
            "ask": view.asks[0][0] if view.asks else None,
            "ask_amount": view.asks[0][1] if view.asks else None,
        }
        for view, last in tickers
    }


def _quotes(tickers: list[tuple[BookView, str | None]]) -> RenderableType:
    lasts = aligned([last or "-" for _, last in tickers])
    bids = aligned([view.bids[0][0] if view.bids else "-" for view, _ in tickers])
    asks = aligned([view.asks[0][0] if view.asks else "-" for view, _ in tickers])
    width = max(len(view.trading_pair) for view, _ in tickers)
    return Group(
        *(
            Text.assemble(
                (f"{view.trading_pair:<{width}}", "bold"),
                f"  {view.status.value:<9}  last {last}  bid ",
                (bid, "green"),
                "  ask ",
                (ask, "red"),
            )
            for (view, _), last, bid, ask in zip(tickers, lasts, bids, asks, strict=True)
        )
    )
