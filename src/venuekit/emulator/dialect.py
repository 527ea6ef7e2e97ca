"""A venue's product as a machine without sockets and clocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from venuekit import errors
from venuekit.emulator.accounts import Customer
from venuekit.emulator.act import Act
from venuekit.emulator.answer import Answer, Request
from venuekit.emulator.connection import ABNORMAL, Closing, Connection, Frame, FrameKind
from venuekit.emulator.desk import Desk
from venuekit.emulator.faults import Fault, FaultKind, FaultTable, Site, disturb, mangle, substitute
from venuekit.emulator.ledger import FeePlan
from venuekit.emulator.limits import ConnectionLimits, RollingWindow
from venuekit.emulator.market import Market, Snapshot
from venuekit.emulator.order import OrderRequest
from venuekit.emulator.programme import Programme
from venuekit.emulator.recorded_flow import FrameReader
from venuekit.emulator.step import Instrument, MarketSource
from venuekit.emulator.topic import Channel, Topic

__all__ = ["Dialect", "Query"]

Query = Sequence[tuple[str, str]]

_REAL_TIME = 0.01
"""Seconds at least between two looks at the markets while somebody is told of each of their steps."""
_IDLE = 0.1
"""Seconds between two looks at pings, lifetimes and connection faults."""
_PAUSE = "pause"
"""Why all markets stand still at once."""
_DEFAULT_AGE = 1_000
"""Update ids by which a stale snapshot is old, unless the fault says how many."""


class Dialect(ABC):
    """What all venues have in common; a subclass knows one product's words.

    Every method gets `now`, the machine's wall clock in seconds. What the venue says is stamped with
    `venue_time(now)`, which differs from it by `skew`. Publication does not depend on how often `tick` is
    called: each channel speaks at the full multiples of its cadence, in order.

    Raises:
        AmbiguousSymbol: two sources claim one symbol.
    """

    name: ClassVar[str]
    limits: ConnectionLimits
    id_stride: ClassVar[int] = 1
    """How far apart the update ids of successive changes are, on venues that skip numbers."""
    flooded: ClassVar[Closing] = Closing(1008, "Too many requests")

    has_accounts: ClassVar[bool] = False
    """Whether customers can trade; a venue without shows its markets only."""
    start_fees: ClassVar[FeePlan] = FeePlan()
    """What a new customer pays."""
    ws_api_path: ClassVar[str | None] = None
    """Where commands are taken over a WebSocket."""
    acts: ClassVar[Mapping[Act, tuple[str, ...]]] = {}
    """By which paths faults know what clients of every venue do; what is not named cannot be aimed at."""
    order_burst: ClassVar[tuple[int, float] | None] = None
    """How many orders an account may place in a window, and its seconds; None: they are not counted."""
    trading_and_halted: ClassVar[tuple[str, str] | None] = None
    """The words for a symbol that trades and for one that stands still; None: none can be halted."""

    def __init__(
        self,
        sources: Iterable[MarketSource],
        *,
        start_time: float,
        desk: Desk | None = None,
        customers: Iterable[Customer] = (),
    ) -> None:
        self.desk = Desk() if desk is None else desk
        self.customers: dict[str, Customer] = {customer.api_key: customer for customer in customers}
        self.markets: dict[str, Market] = {}
        for source in sources:
            symbol = self.symbol_of(source.instrument)
            if symbol in self.markets:
                raise errors.AmbiguousSymbol(f"two markets would be listed as {symbol}")
            time = self.desk.time_of(source.instrument.trading_pair)
            self.markets[symbol] = Market(symbol, source, time)
        self.faults = FaultTable()
        self.skew = 0.0
        self.connections: dict[int, Connection] = {}
        self.counters = {"requests": 0, "connections": 0, "messages_received": 0, "messages_published": 0}
        self.overstepped = Counter[str]()  # refusals for a limit of the venue, by limit; faults are not in it
        self.start_time = start_time
        self._programme = Programme()
        self._late: list[tuple[float, Connection, Frame | Closing]] = []
        self._connects: dict[tuple[str, ConnectionLimits], RollingWindow] = {}
        self._cache: dict[tuple[str, int | None], tuple[float, Snapshot]] = {}
        self._next_check = start_time
        self._is_paused = False

    # What a venue's product has to know.

    @classmethod
    @abstractmethod
    def recording_reader(cls) -> FrameReader:
        """What reads this venue's recordings."""

    @abstractmethod
    def symbol_of(self, instrument: Instrument) -> str:
        """The venue's word for an instrument."""

    @abstractmethod
    def answer(self, request: Request, now: float) -> Answer:
        """The true answer to a REST request, limits and parameter checks included."""

    @abstractmethod
    def refusal(self, fault: Fault, now: float) -> Answer:
        """The venue's own answer where a fault wants a 5xx, 429 or 418."""

    @abstractmethod
    def welcome(self, connection: Connection, query: Query, now: float) -> Answer | None:
        """Take a new connection in, its path's subscriptions included; an answer refuses it."""

    @abstractmethod
    def handle(self, connection: Connection, text: str | bytes, now: float) -> None:
        """Act on one message of a client."""

    @abstractmethod
    def find_channel(self, name: str, connection: Connection) -> tuple[Market | None, Channel] | None:
        """What a topic's name means on this connection; None: nothing that is ever published."""

    @abstractmethod
    def messages(self, topic: Topic, now: float) -> Iterable[Any]:
        """What a topic has to say at this moment; values that `encode` understands."""

    @abstractmethod
    def encode(self, topic: Topic, message: Any, form: str) -> bytes:
        """A message as the frame's bytes in one of the forms that connections have."""

    @abstractmethod
    def crossed(self, topic: Topic, message: Any) -> Any:
        """The message with a bid above the best ask."""

    def limits_of(self, path: str) -> ConnectionLimits:  # noqa: ARG002 - for venues whose doors differ
        """What a connection that comes in by this path is held to."""
        return self.limits

    def farewell(self, connection: Connection, now: float) -> Frame | None:  # noqa: ARG002 - for the venues that say it
        """The frame that announces a shutdown; None: the venue closes without a word."""
        return None

    def greet(self, connection: Connection, topic: Topic, now: float) -> None:  # noqa: B027 - most say nothing
        """Tell a new subscriber what it needs first, such as a snapshot."""

    def stream_id(self, topic: Topic) -> int:
        """The id of the book that a topic has told its readers: the market's own, of most venues."""
        return 0 if topic.market is None else topic.market.book.last_id

    def ping_payload(self, now: float) -> bytes:
        """What the venue writes into its pings."""
        return b"%d" % self.milliseconds(now)

    # The venue's clock.

    def venue_time(self, now: float) -> float:
        """The venue's time at the machine's moment `now`, seconds."""
        return now + self.skew

    def milliseconds(self, now: float) -> int:
        """The venue's time as it writes it."""
        return round(self.venue_time(now) * 1000)

    # REST.

    def request(self, request: Request, now: float) -> Answer:
        """Answer one REST request."""
        self.tick(now)
        self.counters["requests"] += 1
        asked = (*request.query, *request.form)
        symbols = [value.upper() for name, value in asked if name == "symbol"]
        names = (request.path, f"{request.method} {request.path}")
        fault = self.faults.take(Site.ANSWER, symbols, names)
        if fault is None:
            answer = self.answer(request, now)
        elif fault.kind in (FaultKind.SERVER_ERROR, FaultKind.RATE_LIMITED, FaultKind.BANNED):
            answer = self.refusal(fault, now)
        else:
            answer = substitute(fault) or disturb(fault, self.answer(request, now))
        self._advance(now)  # what it led to is told at once
        return answer

    def snapshot(self, market: Market, depth: int | None, now: float, path: str = "") -> Snapshot:
        """The book for a client, which faults may make an old one."""
        fault = self.faults.take(Site.SNAPSHOT, (market.symbol,), (path,))
        if fault is None:
            return market.snapshot(depth)
        if fault.kind is FaultKind.STALE_SNAPSHOT:
            return market.snapshot_before(_DEFAULT_AGE if fault.count is None else fault.count, depth)
        key = (market.symbol, depth)
        made, cached = self._cache.get(key, (float("-inf"), None))
        if cached is None or now - made >= fault.seconds:
            cached = market.snapshot(depth)
            self._cache[key] = (now, cached)
        return cached

    # Switches of the control plane.

    def set_status(self, symbol: str, status: str, now: float) -> None:  # noqa: ARG002 - for venues that have them
        """Let a symbol trade or not, in the venue's words.

        Raises:
            ValueError: there is no such symbol or status.
        """
        raise ValueError(f"{self.name} cannot change the status of {symbol}")

    def set_filters(self, symbol: str, filters: Sequence[Mapping[str, Any]]) -> None:  # noqa: ARG002 - as above
        """Give a symbol other filters, in the venue's words.

        Raises:
            ValueError: there is no such symbol.
        """
        raise ValueError(f"{self.name} cannot change the filters of {symbol}")

    def terms_by_hand(self, is_buy: bool) -> Mapping[str, Any]:  # noqa: ARG002 - as below
        """What this venue's answers tell of a limit order that is placed on its own page."""
        return {}

    def place_by_hand(self, request: OrderRequest, symbol: str, now: float) -> None:
        """What an account's owner does on the venue's own page, past every client: a limit order.

        Raises:
            KeyError: there is no such symbol.
        """
        pair = self.markets[symbol].instrument.trading_pair
        self.desk.place(pair, request, now, self.terms_by_hand(request.is_buy))

    # Connections.

    def connect(
        self, path: str, query: Query = (), *, now: float, remote: str = "127.0.0.1"
    ) -> Connection | Answer:
        """Open a WebSocket; an `Answer` refuses the handshake."""
        self.tick(now)
        fault = self.faults.take(Site.CONNECT, (), (path,))
        if fault is not None:
            return Answer(status=fault.status or 503, content_type="text/plain")
        limits = self.limits_of(path)
        if limits.connects is not None:
            # Doors with limits of their own are hosts of their own, and count apart.
            window = self._connects.setdefault(
                (remote, limits), RollingWindow(limits.connects, limits.connect_seconds)
            )
            if not window.admits(now):
                self.overstepped["connects"] += 1
                return Answer(status=429, content_type="text/plain")
        self.counters["connections"] += 1
        connection = Connection(self.counters["connections"], path, remote, now, limits)
        refused = self.welcome(connection, query, now)
        if refused is None:
            self.connections[connection.number] = connection
        return connection if refused is None else refused

    def disconnected(self, connection: Connection) -> None:
        """The connection is gone: stop publishing to it."""
        for name in list(connection.topics):
            self.unsubscribe(connection, name)
        self.connections.pop(connection.number, None)

    def receive(self, connection: Connection, text: str | bytes, now: float) -> None:
        """Take one text message of a client."""
        self.tick(now)
        self.counters["messages_received"] += 1
        if connection.closing is not None:
            return
        if self._may_speak(connection, now):
            self.handle(connection, text, now)
            self._advance(now)

    def ping_received(self, connection: Connection, payload: bytes, now: float) -> None:
        """Answer a client's ping frame, which counts as a message."""
        if self._may_speak(connection, now):
            connection.send(Frame(payload=payload, kind=FrameKind.PONG))

    def pong_received(self, connection: Connection, now: float) -> None:
        """Note that the client is there."""
        connection.last_pong = now
        self._may_speak(connection, now)

    def _may_speak(self, connection: Connection, now: float) -> bool:
        if connection.may_speak(now):
            return True
        self.overstepped["messages"] += 1
        connection.close(*self.flooded)
        return False

    def subscribe(self, connection: Connection, name: str, now: float) -> None:
        """Let a connection hear a topic; a name that means nothing is kept and never served."""
        if name in connection.topics:
            return
        found = self.find_channel(name, connection)
        if found is None:
            connection.topics[name] = None
            return
        topic = self._programme.topic(name, *found, now)
        topic.subscribers[connection] = None
        connection.topics[name] = topic
        self.greet(connection, topic, now)

    def unsubscribe(self, connection: Connection, name: str) -> None:
        """Let a connection hear a topic no longer."""
        topic = connection.topics.pop(name, None)
        if topic is None:
            return
        topic.subscribers.pop(connection, None)
        if not topic.subscribers:
            self._programme.end(topic)

    def subscription_fault(self, connection: Connection, names: Sequence[str]) -> Fault | None:
        """The fault that awaits a subscription to these topics."""
        found = [self.find_channel(name, connection) for name in names]
        symbols = [pair[0].symbol for pair in found if pair is not None and pair[0] is not None]
        kinds = [pair[1].kind for pair in found if pair is not None]
        return self.faults.take(Site.SUBSCRIPTION, symbols, (*names, *kinds))

    def acknowledge(
        self, connection: Connection, payload: bytes, now: float, fault: Fault | None = None
    ) -> None:
        """Confirm a subscription, in time, late or never."""
        frame = Frame(payload=payload)
        if fault is not None and fault.kind is FaultKind.LATE_ACKNOWLEDGEMENT:
            self._late.append((now + fault.seconds, connection, frame))
        elif fault is None or fault.kind is not FaultKind.NO_ACKNOWLEDGEMENT:
            connection.send(frame)

    def send_later(self, connection: Connection, what: Frame | Closing, moment: float) -> None:
        """Send a frame at a later moment, or close then."""
        self._late.append((moment, connection, what))

    # Time.

    def stream_ids(self, market: Market) -> dict[str, int]:
        """The id up to which each book topic of a market has told, once it is paused."""
        return {
            topic.name: self.stream_id(topic)
            for topic in self._programme
            if topic.market is market and topic.channel.is_book_difference
        }

    @property
    def is_paused(self) -> bool:
        """Whether the markets stand still."""
        return self._is_paused

    def pause(self, now: float) -> None:
        """Stop the markets; everything up to their last ids is published at once."""
        self.tick(now)
        if not self.is_paused:
            for topic in self._programme:
                if topic.market is not None:
                    self._publish(topic, now)
            self._is_paused = True
            for market in self.markets.values():
                market.time.stop(_PAUSE, now)

    def resume(self, now: float) -> None:
        """Let the markets go on where they stopped; the time of the pause does not happen to them."""
        self.tick(now)
        self._is_paused = False
        for market in self.markets.values():
            market.time.go_on(_PAUSE, now)

    def tick(self, now: float) -> None:
        """Let the venue live until `now`: markets move, streams are published, pings go out."""
        self._publish_due(now)
        self._advance(now)
        self._deliver_late(now)
        if now >= self._next_check:
            self._next_check = now + _IDLE
            self._break_connections(now)
            self._keep_alive(now)

    def next_tick(self, now: float) -> float:
        """When `tick` has something to do again, as wall time."""
        due = min(now + _IDLE, self._programme.next_moment, *(late[0] for late in self._late))
        if self.tells_at_once:
            for market in self.markets.values():
                due = min(due, max(market.next_moment, now + _REAL_TIME))
        return due

    @property
    def tells_at_once(self) -> bool:
        """Whether somebody is told of each step of a market when it happens."""
        return self._programme.tells_at_once

    def _publish_due(self, now: float) -> None:
        while (moment := self._programme.next_moment) <= now:
            self._advance(moment)
            for topic in self._programme.tell():
                self._publish(topic, moment)

    def _advance(self, moment: float) -> None:
        due = [market for market in self.markets.values() if market.is_due(moment)]
        if not due:
            return
        for market in due:
            topics = self._programme.hearers(market.symbol)
            for step, aggregates in market.advance(moment):
                for topic in topics:
                    topic.feed(step, aggregates)
                    if not topic.channel.cadence:
                        self._publish(topic, step.time)
        self.desk.settle()

    def _publish(self, topic: Topic, now: float) -> None:
        for message in self.messages(topic, now):
            self.counters["messages_published"] += 1
            for told in self._disturbed(topic, message):
                self._send(topic, told)
        topic.drain()

    def _disturbed(self, topic: Topic, message: Any) -> list[Any]:
        fault = self.faults.take(
            Site.MESSAGE,
            topic.symbols,
            topic.paths,
            is_book_difference=topic.channel.is_book_difference,
        )
        held, topic.held = topic.held, None
        after = [] if held is None else [held]
        if fault is None:
            return [message, *after]
        if fault.kind is FaultKind.SWAP and held is None:
            topic.held = message
            return []
        if fault.kind is FaultKind.CROSSED:
            return [self.crossed(topic, message), *after]
        told = {FaultKind.DUPLICATE: [message, message], FaultKind.SWAP: [message]}
        return [*told.get(fault.kind, []), *after]

    def _send(self, topic: Topic, message: Any) -> None:
        fault = self.faults.take(Site.FRAME, topic.symbols, topic.paths)
        frames: dict[str, Frame] = {}
        for connection in topic.subscribers:
            frame = frames.get(connection.form)
            if frame is None:
                payload = self.encode(topic, message, connection.form)
                frame = Frame(payload=payload) if fault is None else mangle(fault, payload)
                frames[connection.form] = frame
            connection.send(frame)

    def _deliver_late(self, now: float) -> None:
        due = [late for late in self._late if late[0] <= now]
        if not due:
            return
        self._late = [late for late in self._late if late[0] > now]
        for _, connection, what in due:
            if isinstance(what, Frame):
                connection.send(what)
            else:
                connection.close(*what)

    def _break_connections(self, now: float) -> None:
        if not self.faults.awaits(Site.CONNECTION):
            return
        alive = [connection for connection in self.connections.values() if connection.closing is None]
        if not alive:
            return
        named = {connection.number: connection.names for connection in alive}
        fault = self.faults.take(
            Site.CONNECTION,
            [symbol for symbols, _ in named.values() for symbol in symbols],
            [path for _, paths in named.values() for path in paths],
        )
        if fault is None:
            return
        for connection in alive:
            symbols, paths = named[connection.number]
            if (fault.symbol or "") in ("", *symbols) and (fault.path or "") in ("", *paths):
                self._break(connection, fault, now)

    def _break(self, connection: Connection, fault: Fault, now: float) -> None:
        if fault.kind is FaultKind.ABORT:
            connection.close(ABNORMAL)
            return
        if fault.kind is FaultKind.MUTE:
            connection.is_mute = True
            return
        closing = Closing(fault.code or 1001, fault.reason)
        if fault.kind is FaultKind.SHUTDOWN:
            farewell = self.farewell(connection, now)
            if farewell is not None:
                connection.send(farewell)
            self._late.append((now + fault.seconds, connection, closing))
        else:
            connection.close(*closing)

    def _keep_alive(self, now: float) -> None:
        payload = self.ping_payload(now)
        for connection in self.connections.values():
            connection.keep_alive(now, payload)
