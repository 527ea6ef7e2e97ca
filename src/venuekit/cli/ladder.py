"""A book as people read it: a ladder on a terminal, a line elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from venuekit.cli.output import aligned
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.book import BookStatus
from venuekit.model.decimals import CONTEXT, plain
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.frozen import Frozen
from venuekit.state.order_book import OrderBook

__all__ = ["BookView", "ladder", "line", "view_of"]

_STYLES = {BookStatus.LIVE: "bold green", BookStatus.STALE: "bold red"}
_BAR = 10
_TEN_THOUSAND = Decimal(10_000)


class BookView(Frozen):
    """What is shown of one book; `status` is STALE where the price has left what the book vouches for.

    `spread` in quote, None on an empty side; `age` in seconds since the last applied frame.
    """

    venue: str
    trading_pair: str
    status: BookStatus
    reason: str
    last_update_id: int | None
    age: float | None
    bids: list[LevelText]
    asks: list[LevelText]
    spread: str | None
    last_trade_price: str | None
    vouched_depth: tuple[int, int]


def view_of(exchange: ExchangeBase, trading_pair: str, depth: int) -> BookView:
    """A book as it stands, `depth` levels a side."""
    book = exchange.get_order_book(trading_pair)
    bids, asks = book.as_is.texts(depth)
    age = book.age(exchange.clock.monotonic())
    last = book.last_trade_price
    return BookView(
        venue=exchange.name,
        trading_pair=trading_pair,
        status=_status(book),
        reason=book.reason,
        last_update_id=book.update_id,
        age=None if age is None else round(age, 3),
        bids=bids,
        asks=asks,
        spread=plain(CONTEXT.subtract(Decimal(asks[0][0]), Decimal(bids[0][0]))) if bids and asks else None,
        last_trade_price=None if last is None else plain(last),
        vouched_depth=book.vouched_depth,
    )


def ladder(
    view: BookView, depth: int, note: str = "", own: Mapping[Decimal, str] | None = None
) -> RenderableType:
    """Asks above, bids below, each level with a bar of its amount; always of the same height.

    `own` is, by price, what is written behind a level that is ours.
    """
    bids, asks = view.bids[:depth], view.asks[:depth]
    prices = aligned([price for price, _ in bids + asks])
    amounts = aligned([amount for _, amount in bids + asks])
    bars = _bars([amount for _, amount in bids + asks])
    marks = [(own or {}).get(Decimal(price), "") for price, _ in bids + asks]
    rows = list(zip(prices, amounts, bars, marks, strict=True))
    blank = Text("")
    bid_lines = [_level(row, "green") for row in rows[: len(bids)]]
    ask_lines = [_level(row, "red") for row in rows[len(bids) :]]
    return Group(
        title(view, note),
        *[blank] * (depth - len(asks)),
        *reversed(ask_lines),
        Text(f"  {_spread(view)}", style="dim"),
        *bid_lines,
        *[blank] * (depth - len(bids)),
    )


def title(view: BookView, note: str = "") -> Text:
    """The pair, its status and its last trade, and a note where there is one."""
    status = _STYLES.get(view.status, "bold yellow")
    text = Text.assemble((view.trading_pair, "bold"), "  ", (view.status.value, status))
    if view.last_trade_price is not None:
        text.append(f"  last {view.last_trade_price}", style="dim")
    if note:
        text.append(f"  {note}", style="green")
    return text


def line(view: BookView, width: int = 0) -> str:
    """The best prices in one line; the venue's name gets `width` columns, so that lines stand in line."""
    bid = " x ".join(reversed(view.bids[0])) if view.bids else "no bids"
    ask = " x ".join(view.asks[0]) if view.asks else "no asks"
    name = f"{view.venue:<{width}}  {view.trading_pair:<9} {view.status.value:<9}"
    return f"{name}  {bid:>24} | {ask:<24}  {_spread(view)}, last {view.last_trade_price or 'none yet'}"


def _status(book: OrderBook) -> BookStatus:
    return BookStatus.STALE if book.status is BookStatus.LIVE and book.is_expired else book.status


def _spread(view: BookView) -> str:
    if view.spread is None:
        return "no spread"
    share = Decimal(view.spread) / Decimal(view.bids[0][0]) * _TEN_THOUSAND
    return f"spread {view.spread} ({share:.2f} bp)"


def _bars(amounts: list[str]) -> list[str]:
    sizes = [Decimal(amount) for amount in amounts]
    largest = max(sizes, default=Decimal(1))
    return ["▇" * max(1, int(size / largest * _BAR)) for size in sizes]


def _level(row: tuple[str, str, str, str], style: str) -> Text:
    price, amount, bar, mark = row
    text = Text.assemble("  ", (price, style), "  ", amount, "  ", (bar, f"dim {style}"))
    if mark:
        text.append(f"{'':{_BAR - len(bar)}} {mark}", style="bold cyan")
    text.no_wrap, text.overflow = True, "crop"
    return text
