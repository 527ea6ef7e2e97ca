"""What the demo watches: one connector on one emulated venue, and everything that befell its books."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from venuekit.cli.emulator_process import EmulatorProcess
from venuekit.connector.connect import connect
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.model.book import BookStatus
from venuekit.model.events import BookStatusEvent, OrderBookEvent, OrderBookTradeEvent, VenuekitEvent
from venuekit.protocol.frozen import Frozen
from venuekit.state.order_book_keeper import Trouble

__all__ = ["Agreement", "Incident", "Stage", "spell"]

# After a pause everything is on its way already; loopback needs milliseconds, a busy machine more.
_ARRIVAL_SECONDS = 15.0
_LOOK_EVERY = 0.02


def spell(seconds: float) -> str:
    """A span of time as people say it: most books heal within milliseconds."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


class Incident(Frozen):
    """A book that was LIVE and for a time was not; `seconds` is None while it is not yet again."""

    trading_pair: str
    cause: str
    seconds: float | None = None

    @property
    def is_healed(self) -> bool:
        """Whether the book became LIVE again."""
        return self.seconds is not None


class Agreement(Frozen):
    """A connector's book beside the venue's own: `different` of `compared` levels, at the same id or not."""

    trading_pair: str
    last_update_id: int | None
    is_same_id: bool
    compared: int
    different: int

    @property
    def is_exact(self) -> bool:
        """Whether the two books are one."""
        return self.is_same_id and self.different == 0 and self.compared > 0


class Stage:
    """One venue: `say` hears a sentence about everything worth telling.

    `last_heal` is by pair when it was last healed, in monotonic seconds, and how many seconds that took.
    """

    def __init__(
        self, emulator: EmulatorProcess, trading_pairs: list[str], say: Callable[[str], None]
    ) -> None:
        self.emulator = emulator
        self.venue = emulator.venue
        self.trading_pairs = trading_pairs
        self.exchange: ExchangeBase = connect(
            f"{emulator.venue}@emulator", trading_pairs, url=emulator.rest_url
        )
        self.incidents: list[Incident] = []
        self.trades: dict[str, deque[OrderBookTradeEvent]] = {pair: deque(maxlen=3) for pair in trading_pairs}
        self.last_heal: dict[str, tuple[float, float]] = {}
        self._say = say
        self._lost: dict[str, tuple[float, str]] = {}
        self._was_live: dict[str, None] = {}
        self.exchange.add_listener(VenuekitEvent.BookStatus, self._heard_status)
        self.exchange.add_listener(OrderBookEvent.TradeEvent, self._heard_trade)

    @property
    def messages(self) -> int:
        """Market frames heard."""
        return self.exchange.order_book_tracker.frames

    @property
    def reconnects(self) -> int:
        """Connections made beyond the first of each stream."""
        return sum(max(0, seat.stream.connects - 1) for seat in self.exchange.order_book_tracker.seats)

    @property
    def busiest_pair(self) -> str:
        """The pair whose book changes most, so that a missing change is soon noticed."""
        tracked = self.exchange.order_book_tracker.tracked
        return max(self.trading_pairs, key=lambda pair: tracked[pair].keeper.applied)

    @property
    def is_live(self) -> bool:
        """Whether every book is."""
        return self.exchange.ready

    def healed(self, trouble: Trouble) -> list[Incident]:
        """The incidents of one cause that are over."""
        return [
            incident for incident in self.incidents if incident.cause == trouble.value and incident.is_healed
        ]

    async def drop_an_update(self) -> None:
        """Let the venue leave out one difference of the busiest book."""
        pair = self.busiest_pair
        self._say(f"{self.venue}: the venue leaves out one update of {pair}")
        symbol = self.exchange.exchange_symbol_associated_to_pair(pair)
        await self.emulator.inject(Fault(kind=FaultKind.GAP, symbol=symbol))

    async def cut_the_line(self) -> None:
        """Let the venue close every connection."""
        self._say(f"{self.venue}: the venue closes every connection")
        await self.emulator.inject(Fault(kind=FaultKind.DISCONNECT, reason="demo"))

    async def compare(self) -> list[Agreement]:
        """Pause the markets and hold each book against the venue's own at the same id."""
        await self.emulator.pause()
        return [await self._compare(pair) for pair in self.trading_pairs]

    def end(self) -> None:
        """What the curtain falls on is not told: connections that end because the show does."""
        self.exchange.remove_listener(VenuekitEvent.BookStatus, self._heard_status)
        self.exchange.remove_listener(OrderBookEvent.TradeEvent, self._heard_trade)

    async def _compare(self, pair: str) -> Agreement:
        clock, tracker = self.exchange.clock, self.exchange.order_book_tracker
        symbol = self.exchange.exchange_symbol_associated_to_pair(pair)
        theirs = await self.emulator.book(symbol, tracker.data_source.book_channel(pair).name)
        mine = tracker.order_books[pair]
        deadline = clock.monotonic() + _ARRIVAL_SECONDS
        while not (mine.is_live and mine.update_id == theirs.update_id) and clock.monotonic() < deadline:
            await clock.sleep(_LOOK_EVERY)
        return Agreement(
            trading_pair=pair,
            last_update_id=theirs.update_id,
            is_same_id=mine.is_live and mine.update_id == theirs.update_id,
            compared=sum(
                min(depths) for depths in zip(mine.vouched_depth, theirs.vouched_depth, strict=True)
            ),
            different=mine.differences(theirs),
        )

    def _heard_trade(self, event: OrderBookTradeEvent) -> None:
        self.trades[event.trading_pair].append(event)

    def _heard_status(self, event: BookStatusEvent) -> None:
        pair, now = event.trading_pair, self.exchange.clock.monotonic()
        if event.status is not BookStatus.LIVE:
            if pair in self._was_live and pair not in self._lost:
                self._lost[pair] = now, event.reason
            self._say(f"{self.venue}: {pair} {event.status.value}, {event.reason}")
            return
        self._was_live[pair] = None
        if pair not in self._lost:
            self._say(f"{self.venue}: {pair} LIVE")
            return
        since, cause = self._lost.pop(pair)
        self.last_heal[pair] = now, now - since
        self.incidents.append(Incident(trading_pair=pair, cause=cause, seconds=round(now - since, 3)))
        self._say(f"{self.venue}: {pair} LIVE again after {spell(now - since)}")

    def unhealed(self) -> list[Incident]:
        """The books that are still lost."""
        return [Incident(trading_pair=pair, cause=cause) for pair, (_, cause) in self._lost.items()]
