"""What the demo shows: books, orders, balances that move on a terminal; lines where there is none."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from venuekit.cli.demo_stage import Stage
from venuekit.cli.ladder import BookView, ladder
from venuekit.cli.output import aligned, brief, counted
from venuekit.cli.trader_report import OwnOrder, Picture
from venuekit.model.decimals import CONTEXT, plain
from venuekit.seams.clock import Clock

__all__ = ["Screen"]

_FRAMES_PER_SECOND = 8
_LINES_EVERY = 3.0
_LOG_LINES = 10
_SHORT_LOG_LINES = 4
_TALL = 38
_WIDE = 96
# Lines of a frame beside levels, log and deals: caption, three pairs of borders, one ladder's title and
# spread, four orders, and the one below.
_FIXED_LINES = 1 + 6 + 2 + 4 + 1
_ORDERS = 4
_ORDER_COLUMNS = 5
_DEALS = 3
_SHORT_DEALS = 1
_MOST_LEVELS = 8
_FRESH = 1.5
"""Seconds for which a deal stands out."""


class Screen:
    """Where the demo is seen; `is_quiet` shows nothing at all, for programs that want the summary only."""

    def __init__(self, console: Console, clock: Clock, *, is_quiet: bool) -> None:
        self.caption = "the venue and the trader start"
        self._console = console
        self._clock = clock
        self._is_quiet = is_quiet
        self._began = clock.monotonic()
        self._log: deque[str] = deque(maxlen=_LOG_LINES)

    @property
    def _is_wide(self) -> bool:
        return self._console.width >= _WIDE

    def say(self, sentence: str) -> None:
        """Tell something that happened."""
        told = f"{self._clock.monotonic() - self._began:5.1f} s  {sentence}"
        self._log.append(told)
        if not self._is_quiet and not self._console.is_interactive:
            self._console.print(Text(told), soft_wrap=True)

    async def show(self, stage: Stage) -> None:
        """Show the stage until cancelled."""
        if self._is_quiet:
            return
        if not self._console.is_interactive:
            await self._print_lines(stage)
            return
        with Live(console=self._console, auto_refresh=False, vertical_overflow="crop") as live:
            try:
                while True:
                    live.update(self.frame(stage), refresh=True)
                    await self._clock.sleep(1 / _FRAMES_PER_SECOND)
            finally:
                live.update(self.frame(stage), refresh=True)

    async def _print_lines(self, stage: Stage) -> None:
        while True:
            await self._clock.sleep(_LINES_EVERY)
            for text in _lines(stage.picture):
                self._console.print(Text(f"         {text}"), soft_wrap=True)

    def frame(self, stage: Stage) -> RenderableType:
        """Everything at this moment, as high as the terminal."""
        is_tall = self._console.height >= _TALL
        log_lines = _LOG_LINES if is_tall else _SHORT_LOG_LINES
        deals = _DEALS if is_tall else _SHORT_DEALS
        spare = self._console.height - _FIXED_LINES - log_lines - deals
        depth = max(1, min(_MOST_LEVELS, spare // 2))
        elapsed = self._clock.monotonic() - self._began
        caption = Text.assemble((" venuekit demo ", "reverse"), f" {elapsed:4.1f} s  {self.caption}")
        caption.no_wrap, caption.overflow = True, "ellipsis"
        markets = _side_by_side([self._market(stage, pair, depth, deals) for pair in stage.trading_pairs])
        account = _side_by_side(
            [
                _orders(stage.picture, is_wide=self._is_wide),
                _holdings(stage, is_wide=self._is_wide),
            ]
        )
        told = list(self._log)[-log_lines:]
        log = Text("\n".join([*told, *[""] * (log_lines - len(told))]), no_wrap=True, overflow="ellipsis")
        return Group(caption, markets, account, Panel(log, title="what happens", title_align="left"))

    def _market(self, stage: Stage, pair: str, depth: int, deals: int) -> RenderableType:
        view = (
            next((book for book in stage.picture.books if book.trading_pair == pair), None)
            if stage.picture
            else None
        )
        if view is None:
            shown: RenderableType = Text(
                "\n".join(["no trader is running", *[""] * (2 * depth + 1)]), style="dim"
            )
        else:
            shown = ladder(view, depth, own=_marks(stage.picture, pair, is_wide=self._is_wide))
        return Panel(Group(shown, *self._deals(stage, pair, deals)), padding=(0, 1))

    def _deals(self, stage: Stage, pair: str, count: int) -> list[Text]:
        now = self._clock.monotonic()
        lines = [Text("")] * count
        for place, deal in enumerate(reversed(list(stage.last_deals[pair])[-count:])):
            style = "bold" if now - deal.heard < _FRESH else "dim"
            lines[place] = Text.assemble(
                ("bought " if deal.is_buy else "sold   ", f"{style} {'green' if deal.is_buy else 'red'}"),
                (f"{brief(deal.amount)} at {brief(deal.price)}, {now - deal.heard:.0f} s ago", style),
            )
        return lines


def _side_by_side(panels: list[RenderableType]) -> Table:
    grid = Table.grid(expand=True)
    for _ in panels:
        grid.add_column(ratio=1)
    grid.add_row(*panels)
    return grid


def _marks(picture: Picture | None, pair: str, *, is_wide: bool) -> Mapping[Decimal, str]:
    """What is ours on each price."""
    orders = [] if picture is None else [order for order in picture.orders if order.trading_pair == pair]
    return {order.price: f"◀ ours {brief(order.amount)}" if is_wide else "◀" for order in orders}


def _orders(picture: Picture | None, *, is_wide: bool) -> RenderableType:
    rows = Table.grid(padding=(0, 1))
    for _ in range(_ORDER_COLUMNS):
        rows.add_column(no_wrap=True)
    orders = [] if picture is None else picture.orders
    for order in sorted(orders, key=lambda order: (order.trading_pair, order.is_buy))[:_ORDERS]:
        rows.add_row(
            Text("buy" if order.is_buy else "sell", style="green" if order.is_buy else "red"),
            order.trading_pair if is_wide else order.trading_pair.partition("-")[0],
            brief(order.amount),
            f"at {brief(order.price)}",
            _state(order),
        )
    for _ in range(_ORDERS - len(orders)):
        rows.add_row("")
    title = "own orders" if picture is None else f"own orders: {len(orders)} open"
    return Panel(rows, title=title, title_align="left")


def _state(order: OwnOrder) -> Text:
    if order.is_in_doubt:
        return Text("IN DOUBT", style="bold yellow")
    if order.filled:
        return Text(f"{order.filled / order.amount:.0%} filled", style="cyan")
    return Text(order.state.replace("_", " ").lower(), style="dim")


def _holdings(stage: Stage, *, is_wide: bool) -> RenderableType:
    rows = Table.grid(padding=(0, 2 if is_wide else 1))
    words = ("", "total", "change", "available") if is_wide else ("", "total", "change")
    rows.add_row(*(Text(word, style="dim") for word in words))
    pairs = [pair.partition("-") for pair in stage.trading_pairs]
    shown = dict.fromkeys([base for base, _, _ in pairs] + [quote for _, _, quote in pairs])
    holdings = {} if stage.picture is None else {held.asset: held for held in stage.picture.holdings}
    held = [holdings[asset] for asset in shown if asset in holdings][: _ORDERS - 1]
    totals = [_rounded(holding.total) for holding in held]
    frees = [_rounded(holding.available) for holding in held]
    changes = [
        _rounded(CONTEXT.subtract(holding.total, stage.at_start.get(holding.asset, Decimal(0))))
        for holding in held
    ]
    columns = [
        aligned([plain(number) for number in totals]),
        aligned([f"{'+' if change > 0 else ''}{plain(change)}" for change in changes]),
        aligned([plain(number) for number in frees]),
    ]
    for holding, *numbers in zip(held, *columns, strict=True):
        rows.add_row(Text(holding.asset, style="bold"), *numbers[: len(words) - 1])
    for _ in range(_ORDERS - 1 - len(held)):
        rows.add_row("")
    return Panel(rows, title=f"balances after {counted(stage.fills, 'fill')}", title_align="left")


def _rounded(number: Decimal) -> Decimal:
    """As much of a number as a narrow column needs to move when it does."""
    cut = CONTEXT.quantize(number, Decimal("0.01") if abs(number) >= 1000 else Decimal("0.00001"))
    return cut or abs(cut)


def _lines(picture: Picture | None) -> list[str]:
    """The picture in words: a line a book, with what is ours in it, and one for the balances."""
    if picture is None:
        return []
    told = [f"{_best(book)}  ours: {_ours(picture, book)}" for book in picture.books]
    balances = ", ".join(f"{brief(held.total)} {held.asset}" for held in picture.holdings)
    return [*told, f"balances  {balances}"]


def _best(book: BookView) -> str:
    bid = book.bids[0][0] if book.bids else "none"
    ask = book.asks[0][0] if book.asks else "none"
    return f"{book.trading_pair:<9} {book.status.value:<9} {bid:>9} | {ask:<9}"


def _ours(picture: Picture, book: BookView) -> str:
    words = [
        f"{'buy' if order.is_buy else 'sell'} {brief(order.amount)} at {brief(order.price)}"
        + (" (in doubt)" if order.is_in_doubt else "")
        for order in sorted(picture.orders, key=lambda order: not order.is_buy)
        if order.trading_pair == book.trading_pair
    ]
    return ", ".join(words) or "none"
