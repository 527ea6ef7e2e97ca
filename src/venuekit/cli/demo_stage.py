"""What the demo watches: a trader in one process, its venue in another, and all that befell them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from venuekit.cli.agreement import AssetAgreement, OrderAgreement, compare_assets, compare_orders
from venuekit.cli.books_stage import Agreement, spell
from venuekit.cli.emulator_process import EmulatorProcess
from venuekit.cli.output import brief, counted
from venuekit.cli.trader_process import TraderProcess
from venuekit.cli.trader_report import (
    BookStanding,
    Doubted,
    Filled,
    Healed,
    Picture,
    Ready,
    Said,
    Standing,
    Task,
    Told,
)
from venuekit.emulator.act import Act
from venuekit.emulator.factory import dialect_class
from venuekit.emulator.faults import Fault, FaultKind, FaultReport
from venuekit.model.book import Levels
from venuekit.model.decimals import CONTEXT
from venuekit.protocol.frozen import Frozen
from venuekit.seams.clock import Clock
from venuekit.state.order_book import OrderBook

__all__ = ["Comparison", "Deal", "Stage"]

_UNKNOWN_SECONDS = 1.2
"""How long nobody knows of the order whose answer is lost: long enough to be seen."""
_DOUBT_SECONDS = 15.0
_NOTICE_SECONDS = 1.0
_DEAD_SECONDS = 0.8
_HEAL_SECONDS = 15.0
_FINISH_SECONDS = 40.0
_ARRIVAL_SECONDS = 15.0
_LOOK = 0.05
_LAST_DEALS = 3
_TOGETHER = 0.2
"""Seconds in which fills of one order are told as one deal: a taker meets an order in pieces."""


class Deal(Frozen):
    """Fills of one order at one price that came together; `heard` in monotonic seconds."""

    heard: float
    order_id: str
    trading_pair: str
    is_buy: bool
    price: Decimal
    amount: Decimal
    fees: dict[str, Decimal]
    fills: int

    def with_fill(self, fill: Filled) -> Deal:
        """The deal with one more fill."""
        fees = self.fees | {
            asset: CONTEXT.add(self.fees.get(asset, Decimal(0)), fee) for asset, fee in fill.fees.items()
        }
        return replace(self, amount=CONTEXT.add(self.amount, fill.amount), fees=fees, fills=self.fills + 1)

    def __str__(self) -> str:
        base, _, quote = self.trading_pair.partition("-")
        verb = "bought" if self.is_buy else "sold"
        fees = ", ".join(f"{brief(fee)} {asset}" for asset, fee in self.fees.items())
        times = "" if self.fills == 1 else f" in {self.fills} fills"
        return (
            f"{verb} {brief(self.amount)} {base} at {brief(self.price)} {quote}{times}, fee {fees or 'none'}"
        )


_LOST_REPLY = {
    FaultKind.OUTCOME_UNKNOWN: Act.PLACE,
    FaultKind.LATE_MESSAGE: Act.NEW_EVENTS,
    FaultKind.LAGGING_ORDERS: Act.ORDER_QUERY,
}
"""What makes an order unknown for a while: no answer, no event, and a question that comes too early."""


class Comparison(Frozen):
    """Both sides of everything, once nothing moves any more."""

    orders: list[OrderAgreement]
    assets: list[AssetAgreement]
    books: list[Agreement]

    @property
    def is_exact(self) -> bool:
        """Whether connector and venue agree in all of it."""
        rows: tuple[OrderAgreement | AssetAgreement | Agreement, ...] = (
            *self.orders,
            *self.assets,
            *self.books,
        )
        return all(row.is_exact for row in rows)


class Stage:
    """One trader on one emulated venue; `say` hears a sentence about everything worth telling.

    `picture` is the last one that the trader sent, None while there is no trader. `fills` counts all, and
    `last_deals` holds the latest of each pair. `doubts` maps each order that was ever in doubt to what it was
    settled as, None: it is not yet.
    """

    def __init__(
        self,
        emulator: EmulatorProcess,
        trading_pairs: list[str],
        journals: str,
        say: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self.emulator = emulator
        self.venue = emulator.venue
        self.trading_pairs = trading_pairs
        self.picture: Picture | None = None
        self.fills = 0
        self.last_deals: dict[str, deque[Deal]] = {pair: deque(maxlen=_LAST_DEALS) for pair in trading_pairs}
        self._untold: dict[tuple[str, Decimal], Deal] = {}
        self.doubts: dict[str, str | None] = {}
        self.heals: list[Healed] = []
        self.replies_lost = 0
        self.cuts = 0
        self.restarts: list[Ready] = []
        self.at_start: dict[str, Decimal] = {}
        self.is_over = False
        self._task = Task(
            venue=emulator.venue, url=emulator.rest_url, trading_pairs=trading_pairs, journals=journals
        )
        self._say = say
        self._clock = clock
        self._trader = self._new_trader()

    def _new_trader(self) -> TraderProcess:
        return TraderProcess(self._task, self.emulator.accounts[0], self._hear)

    # --- acts

    async def start(self) -> None:
        """Start the trader, and note what it has."""
        ledger = await self.emulator.ledger(self.emulator.accounts[0])
        self.at_start = {
            asset: CONTEXT.add(Decimal(said["free"]), Decimal(said["locked"]))
            for asset, said in ledger.balances.items()
        }
        ready = await self._trader.start()
        self._task = replace(self._task, homes=ready.homes)
        self._say(f"the maker begins: ready after {spell(ready.seconds)}")

    async def stop(self) -> None:
        """End the trader, and hear no more of it."""
        self.is_over = True
        await self._trader.stop()

    async def lose_a_reply(self) -> None:
        """Let the venue take an order whose answer is lost, and not know of it for a while.

        Once more where nobody could doubt: an order that trades at once is heard of by its fill.
        """
        deadline = self._clock.monotonic() + _DOUBT_SECONDS
        while not self.doubts and self._clock.monotonic() < deadline:
            self._say("the venue loses its next answer to an order, and is late to know of that order")
            await self.emulator.inject(*_lost_reply(self.venue))
            while not _fired(await self.emulator.faults()) and self._clock.monotonic() < deadline:
                await self._clock.sleep(_LOOK)
            await self._until(lambda: bool(self.doubts), _NOTICE_SECONDS)
            await self._until(lambda: None not in self.doubts.values(), _DOUBT_SECONDS)
            self.replies_lost += _fired(await self.emulator.clear_faults())

    async def cut_the_lines(self) -> None:
        """Let the venue close every connection, and wait until the books are right again."""
        self._say("the venue closes every connection")
        healed = len(self.heals)
        await self.emulator.inject(Fault(kind=FaultKind.DISCONNECT, reason="demo"))
        await self._until(lambda: len(self.heals) >= healed + len(self.trading_pairs), _HEAL_SECONDS)
        reports = await self.emulator.clear_faults()
        self.cuts += sum(report.fired for report in reports)

    async def kill(self) -> None:
        """SIGKILL to the trader while it has orders, and another one that finds the same journal."""
        await self._until(lambda: self.picture is not None and bool(self.picture.orders), _DOUBT_SECONDS)
        left = 0 if self.picture is None else len(self.picture.orders)
        await self._trader.kill()
        self._tell_deals()
        self.picture = None
        self._say(f"kill -9: the trader is gone, {counted(left, 'order')} of it stayed at the venue")
        await self._clock.sleep(_DEAD_SECONDS)
        self._trader = self._new_trader()
        ready = await self._trader.start()
        self.restarts.append(ready)
        self._say(
            f"another trader with the same journal: ready after {spell(ready.seconds)}, "
            f"{counted(ready.taken_up, 'order')} still open, {ready.in_doubt} in doubt"
        )

    async def finish(self) -> None:
        """Let the maker stop and cancel what is open."""
        self._say("the maker stops, and cancels what is open")
        left = await self._trader.finish(_FINISH_SECONDS)
        self._tell_deals()
        self._say(f"{counted(left, 'order')} open or in doubt")

    async def compare(self) -> Comparison:
        """Let the markets pause, and hold everything against the venue's books as soon as all has arrived."""
        await self.emulator.pause()
        theirs = {}
        for book in (await self._trader.stand()).books:
            theirs[book.trading_pair] = await self.emulator.book(book.symbol, book.stream)
        deadline = self._clock.monotonic() + _ARRIVAL_SECONDS
        while True:
            comparison = await self._comparison(await self._trader.stand(), theirs)
            if comparison.is_exact or self._clock.monotonic() >= deadline:
                return comparison
            await self._clock.sleep(_LOOK)

    async def _comparison(self, standing: Standing, theirs: dict[str, OrderBook]) -> Comparison:
        ledger = await self.emulator.ledger(self.emulator.accounts[0])
        return Comparison(
            orders=compare_orders(standing.orders, ledger),
            assets=compare_assets(standing.holdings, ledger, self.at_start),
            books=[_compared(book, theirs[book.trading_pair]) for book in standing.books],
        )

    async def _until(self, is_so: Callable[[], bool], seconds: float) -> None:
        deadline = self._clock.monotonic() + seconds
        while not is_so() and self._clock.monotonic() < deadline:
            await self._clock.sleep(_LOOK)

    # --- what the trader says

    def _hear(self, said: Said) -> None:
        if self.is_over:
            return
        match said:
            case Picture():
                self.picture = said
            case Filled():
                self._hear_fill(said)
            case Doubted():
                self.doubts[said.order_id] = said.settled_as
                self._say(said.words)
            case Healed():
                self.heals.append(said)
                self._say(f"{said.trading_pair}: LIVE again after {spell(said.seconds)}")
            case Told():
                self._say(f"{said.subject}: {said.words}")

    def _hear_fill(self, fill: Filled) -> None:
        """Count it, and tell it together with those that come with it."""
        self.fills += 1
        deals = self.last_deals[fill.trading_pair]
        for place, deal in enumerate(deals):
            is_same = (deal.order_id, deal.price) == (fill.order_id, fill.price)
            if is_same and (deal.order_id, deal.price) in self._untold:
                deals[place] = deal.with_fill(fill)
                self._untold[deal.order_id, deal.price] = deals[place]
                return
        deal = Deal(
            heard=self._clock.monotonic(),
            order_id=fill.order_id,
            trading_pair=fill.trading_pair,
            is_buy=fill.is_buy,
            price=fill.price,
            amount=fill.amount,
            fees=fill.fees,
            fills=1,
        )
        deals.append(deal)
        self._untold[deal.order_id, deal.price] = deal
        asyncio.get_running_loop().call_later(_TOGETHER, self._tell_deal, (deal.order_id, deal.price))

    def _tell_deals(self) -> None:
        for key in list(self._untold):
            self._tell_deal(key)

    def _tell_deal(self, key: tuple[str, Decimal]) -> None:
        deal = self._untold.pop(key, None)
        if deal is not None and not self.is_over:
            self._say(str(deal))


def _lost_reply(venue: str) -> list[Fault]:
    """What makes the fate of one order unknown: its answer is lost, its event late, questions are in vain."""
    acts = dialect_class(venue).acts
    return [
        Fault(
            kind=kind,
            path=path,
            seconds=_UNKNOWN_SECONDS,
            times=None if kind is FaultKind.LAGGING_ORDERS else 1,
        )
        for kind, act in _LOST_REPLY.items()
        for path in acts.get(act, ())
    ]


def _fired(reports: list[FaultReport]) -> int:
    """How many answers were lost."""
    return sum(report.fired for report in reports if report.fault.kind is FaultKind.OUTCOME_UNKNOWN)


def _compared(book: BookStanding, theirs: OrderBook) -> Agreement:
    """A trader's book beside the venue's own."""
    mine = OrderBook(book.trading_pair)
    mine.apply_snapshot(Levels.of(book.bids), Levels.of(book.asks), book.update_id)
    depths = zip(mine.vouched_depth, theirs.vouched_depth, strict=True)
    return Agreement(
        trading_pair=book.trading_pair,
        last_update_id=theirs.update_id,
        is_same_id=book.is_live and book.update_id == theirs.update_id,
        compared=sum(min(pair) for pair in depths),
        different=mine.differences(theirs),
    )
