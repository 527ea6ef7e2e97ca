"""What an oracle looks at: the venue's truth, what each life of the trader said, what lies on its disk."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from venuekit import errors
from venuekit.connector.account_desk import AccountDesk
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.emulator.dialect import Dialect
from venuekit.journal.record import Command
from venuekit.model.events import (
    BuyOrderCompletedEvent,
    BuyOrderCreatedEvent,
    ConnectorEvent,
    MarketOrderFailureEvent,
    OrderCancelledEvent,
    OrderExpiredEvent,
    OrderFilledEvent,
    SellOrderCompletedEvent,
    SellOrderCreatedEvent,
)
from venuekit.model.order import OrderState
from venuekit.protocol.fence import Fence
from venuekit.protocol.frozen import Frozen
from venuekit.sim.account_truth import AccountTruth, FillKey
from venuekit.sim.book_truth import BookTruth
from venuekit.sim.journal_watch import JournalWatch
from venuekit.sim.occasions import Told
from venuekit.sim.trace import Trace
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_book import OrderBook
from venuekit.state.order_tracker import OrderTracker

__all__ = ["CREATIONS", "ENDS", "BookGlimpse", "Life", "OrderGlimpse", "Patience", "Scene", "Tellings"]

CREATIONS = (BuyOrderCreatedEvent, SellOrderCreatedEvent)
COMPLETIONS = (BuyOrderCompletedEvent, SellOrderCompletedEvent)
ENDS = (*COMPLETIONS, OrderCancelledEvent, OrderExpiredEvent, MarketOrderFailureEvent)


class Patience(Frozen):
    """How long things may take before they count as wrong; seconds.

    `book_behind`: how old a book may be that is LIVE. `book_late`: how long ago, long after healing, the
    venue's book may have gone on from where a LIVE one stands. `books`: until all are LIVE after healing.
    `stream`: the same of the account's stream; a dead one is given up after a minute of silence.
    `start`: until some life was ready, however often it had to begin. `beyond_fence`: beside the fence,
    until a doubt is over: the longest pause between two questions, and the answers. `command`: until a
    command that was asked for is concluded. `stop`: beside `stop_within`, until a stop is done;
    `stop_in_trouble`: the same while the machine may stand still. `answers`: beside the longest
    interval of the polls, until everything was asked for and answered. `resyncs` are those of one book
    that a healed minute may hold, `connects` those of all streams that any minute may. `attempts` is
    how often in a row it may be tried in vain to bring a book back. `growth` is by how many a count,
    such as that of tasks, may exceed its first one. `compared` is how many differences of a book are
    told between two full comparisons.
    """

    book_behind: float = 120.0
    book_late: float = 40.0
    books: float = 40.0
    stream: float = 75.0
    start: float = 75.0
    beyond_fence: float = 45.0
    command: float = 90.0
    stop: float = 10.0
    stop_in_trouble: float = 100.0
    answers: float = 15.0
    resyncs: int = 6
    connects: int = 40
    attempts: int = 40
    growth: int = 16
    compared: int = 256


class OrderGlimpse(Frozen):
    """An order of ours as it was when it was looked at last."""

    life: OrderState
    filled: Decimal
    is_presumed: bool


class BookGlimpse:
    """What was told of one book in one life.

    `id` is where it stands, None while it is not LIVE; `told` counts differences; `trade_id` is the last
    trade's; `resyncs` are the times at which it began anew; `behind_since` is since when the venue's book has
    another id and no difference came.
    """

    __slots__ = ("behind_since", "id", "looked_at", "resyncs", "told", "trade_id")

    def __init__(self) -> None:
        self.id: int | None = None
        self.told = 0
        self.trade_id: int | None = None
        self.resyncs: deque[float] = deque(maxlen=100)
        self.behind_since: float | None = None
        self.looked_at: int | None = None

    def look(self, now: float, venue_id: int) -> None:
        """Note how it stands to the venue's book; once a second."""
        if self.id is None or self.id == venue_id or self.id != self.looked_at:
            self.behind_since = None
        elif self.behind_since is None:
            self.behind_since = now
        self.looked_at = self.id


class Life:
    """One life of the trader: its connector, and what was asked of it. Times in true seconds of the world."""

    def __init__(self, number: int, exchange: ExchangeBase, born_at: float) -> None:
        self.number = number
        self.exchange = exchange
        self.born_at = born_at
        self.is_over = False
        self.placed: dict[str, float] = {}
        self.cancelled: dict[str, float] = {}
        self.is_stopping = False
        self.books: dict[str, BookGlimpse] = {}
        self.connects: deque[int] = deque([0], maxlen=60)
        """How many connections its streams had made, second by second."""
        self.counts: Mapping[str, int] | None = None
        """Tasks, sockets and the like at the first quiet point."""

    @property
    def fence(self) -> Fence:
        """When doubts end at this venue, as the connector has it."""
        return self.exchange.fence

    @property
    def desk(self) -> AccountDesk | None:
        """The account's half; None while there is none."""
        try:
            return self.exchange.trading
        except (errors.UsageError, errors.NotReady):
            return None

    @property
    def orders(self) -> OrderTracker | None:
        """All orders that the connector knows; None before it has taken up its account."""
        desk = self.desk
        return None if desk is None else desk.orders.machine

    def order(self, client_id: str) -> InFlightOrder | None:
        """An order as the connector knows it."""
        orders = self.orders
        return None if orders is None else orders.fetch_order(client_id)

    def all_orders(self) -> Iterator[InFlightOrder]:
        """Every order that the connector knows."""
        orders = self.orders
        if orders is not None:
            yield from orders.active_orders.values()
            yield from orders.watched_orders.values()

    def count_connects(self) -> None:
        """Note how many connections the streams have made; once a second."""
        desk, made = self.desk, 0
        if self.order_books():
            made = sum(seat.stream.connects for seat in self.exchange.order_book_tracker.seats)
        if desk is not None and desk.stream is not None:
            made += desk.stream.stream.connects
        self.connects.append(made)

    def order_books(self) -> Mapping[str, OrderBook]:
        """Pair to book; empty before the start."""
        try:
            return self.exchange.order_books
        except errors.NotReady:
            return {}

    def book(self, trading_pair: str) -> BookGlimpse:
        """What was told of a book so far."""
        glimpse = self.books.get(trading_pair)
        if glimpse is None:
            glimpse = self.books[trading_pair] = BookGlimpse()
        return glimpse


class Tellings:
    """What listeners heard of orders, over all lives."""

    def __init__(self) -> None:
        self.created: dict[str, list[Told]] = {}
        self.fills: dict[FillKey, list[Told]] = {}
        self.filled: dict[str, int] = {}
        self.ends: dict[str, list[Told]] = {}

    def note(self, told: Told) -> None:
        """One event more."""
        event: ConnectorEvent = told.event
        if isinstance(event, CREATIONS):
            self.created.setdefault(event.order_id, []).append(told)
        elif isinstance(event, OrderFilledEvent):
            key = FillKey(event.trading_pair, event.exchange_trade_id, event.order_id)
            self.fills.setdefault(key, []).append(told)
            self.filled[event.order_id] = self.filled.get(event.order_id, 0) + 1
        elif isinstance(event, ENDS):
            self.ends.setdefault(event.order_id, []).append(told)

    def forget_what_is_lost(self, journal: JournalWatch | None) -> None:
        """A loss of power took records that were not synced: what they stood for may be told once more."""
        if journal is None:
            return
        facts = journal.facts
        self.created = {name: told for name, told in self.created.items() if name in facts.shown}
        self.ends = {name: told for name, told in self.ends.items() if facts.ends[name]}
        kept = {key: told for key, told in self.fills.items() if facts.fills[key.client_id, key.trade_id]}
        self.fills = kept
        self.filled = dict(Counter(key.client_id for key in kept))


class Scene:
    """Everything that invariants look at. `clock` tells true seconds of the world, `wall` those since 1970.

    `forgotten` are orders whose records a loss of power took. `secrets` must stand nowhere, `private` only in
    what goes to the venue. `counts` tells how many tasks, sockets and the like there are. `expected_errors`
    are beginnings of what may be logged as an error, such as that of listeners who fail on purpose.
    """

    def __init__(self, dialect: Dialect, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        self.dialect = dialect
        self.clock = clock
        self.wall = wall
        self.venue: AccountTruth
        self.books: dict[str, BookTruth] = {}
        self.lives: dict[int, Life] = {}
        self.told = Tellings()
        self.journal: JournalWatch | None = None
        self.patience = Patience()
        self.healed_at: float | None = None
        self.ready_at: float | None = None
        """When some life was ready last."""
        self.glimpses: dict[str, OrderGlimpse] = {}
        self.arrivals: Counter[tuple[str, Command]] = Counter()
        self.commands: dict[str, dict[str, None]] = {}
        """The ids that cancels of each order bore."""
        self.forgotten: dict[str, None] = {}
        self.overstepped: Counter[str] = Counter()
        self.secrets: tuple[str, ...] = ()
        self.private: tuple[str, ...] = ()
        self.expected_errors: tuple[str, ...] = ()
        self.counts: Callable[[], Mapping[str, int]] = dict
        self.trace: Trace | None = None

    @property
    def now(self) -> float:
        """True seconds since the world began."""
        return self.clock()

    @property
    def venue_now(self) -> float:
        """The venue's own clock, in seconds since 1970."""
        return self.dialect.venue_time(self.wall())

    @property
    def present(self) -> Life | None:
        """The life that is on now."""
        newest = next(reversed(self.lives.values()), None)
        return None if newest is None or newest.is_over else newest

    def since_healed(self) -> float | None:
        """How long nothing has been done to the world, in seconds; None: something still is."""
        return None if self.healed_at is None else self.now - self.healed_at

    def calm_for(self, life: Life) -> float:
        """How long nothing has happened that this life may not have heard of, in seconds."""
        return self.now - max(self.venue.changed_at, self.healed_at or 0.0, life.born_at)

    def is_settled(self, life: Life) -> bool:
        """Whether by now both sides must know the same: each thing was asked for since it happened last."""
        policy = life.exchange.trading_policy
        asked_every = max(policy.poll.interval, policy.balance_interval, policy.balance_interval_estimated)
        is_calm = self.calm_for(life) >= asked_every + self.patience.answers
        return self.healed_at is not None and is_calm and life.exchange.ready
