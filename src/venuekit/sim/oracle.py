"""A world's oracle: it sees the venue's truth, hears what connectors tell, and says where they differ."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.emulator.act import Act
from venuekit.emulator.answer import Answer, Request
from venuekit.emulator.connection import Connection
from venuekit.emulator.dialect import Dialect
from venuekit.journal.record import Command
from venuekit.journal.writer import Durability
from venuekit.model.book import BookDiff, BookStatus
from venuekit.model.events import (
    AccountEvent,
    BookStatusEvent,
    ConnectorEvent,
    EventTag,
    MarketEvent,
    OrderBookDataSourceEvent,
    OrderBookEvent,
    OrderBookTradeEvent,
    VenuekitEvent,
)
from venuekit.protocol.frozen import Frozen
from venuekit.seams.disk import Disk, SystemDisk
from venuekit.sim.account_truth import AccountTruth, client_id_of
from venuekit.sim.book_truth import BookTruth
from venuekit.sim.invariants.invariant import Invariant, Look
from venuekit.sim.invariants.table import INVARIANTS
from venuekit.sim.journal_watch import JournalWatch
from venuekit.sim.occasions import (
    Arrived,
    Died,
    Ended,
    Happened,
    Logged,
    Occasion,
    Placed,
    Quiet,
    Second,
    Stopped,
    Told,
    Touched,
)
from venuekit.sim.scene import Life, OrderGlimpse, Patience, Scene
from venuekit.sim.trace import Trace

__all__ = ["Oracle", "Violation"]

_TAGS: tuple[EventTag, ...] = (
    *MarketEvent,
    *AccountEvent,
    OrderBookEvent.TradeEvent,
    OrderBookDataSourceEvent.DIFF_EVENT,
    *VenuekitEvent,
)
_ID = re.compile(r"[A-Za-z0-9]{20,32}")
"""What may be an order id of ours in a request."""
_TIME = re.compile(r"\b[12][0-9]{12}\b")
"""What may be a time in a request, in milliseconds."""
_COMMANDS = ((Act.PLACE, Command.PLACE), (Act.CANCEL, Command.CANCEL), (Act.AMEND, Command.AMEND))
_GROWN_UP = 10.0
"""Seconds after which a connector that is ready has all the tasks that it needs."""
_MOST = 100
"""Violations that are kept: the first ones say it."""


class Violation(Frozen):
    """Something that must never be so, and was: which invariant, when (true seconds), of what, and how."""

    invariant: str
    time: float
    about: str
    words: str

    def __str__(self) -> str:
        return f"{self.invariant} at {self.time:.3f} s: {self.about} {self.words}"


class Oracle:
    """Checks `INVARIANTS` on one account of a venue and the lives of one trader.

    Who runs the world tells it of `born` (before a connector starts), `died`, `step` (after each step),
    `healed`, `quiet`, `end`, of logs and of orders that were placed by hand; it hears everything else by
    itself. `clock` tells true seconds of the world, `wall` the time on the venue's machine in seconds since
    1970. `disk` is where the trader's journal lies. `looks` counts how often each invariant was looked at,
    `excused` what was passed over.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        account: str,
        clock: Callable[[], float],
        wall: Callable[[], float],
        disk: Disk | None = None,
        trace: Trace | None = None,
        patience: Patience | None = None,
        counts: Callable[[], Mapping[str, int]] | None = None,
        expected_errors: Iterable[str] = (),
        invariants: Iterable[Invariant] = INVARIANTS,
    ) -> None:
        self.violations: list[Violation] = []
        self.looks: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()
        self.scene = Scene(dialect, clock, wall)
        self._disk = disk or SystemDisk()
        self._excuses: dict[str, str] = {}
        self._known: dict[tuple[str, str], None] = {}
        self._touched: dict[str, None] = {}
        self._next_second = 0.0
        self._looks: dict[type, list[tuple[str, Look]]] = {}
        for invariant in invariants:
            for kinds, look in invariant.looks:
                for kind in kinds:
                    self._looks.setdefault(kind, []).append((invariant.id, look))
        scene = self.scene
        scene.patience = patience or scene.patience
        scene.counts = counts or scene.counts
        scene.trace = trace
        scene.expected_errors = tuple(expected_errors)
        scene.venue = AccountTruth(dialect, account, clock, self._happened)
        scene.books = {
            market.instrument.trading_pair: BookTruth(market) for market in dialect.markets.values()
        }
        scene.overstepped = Counter(dialect.overstepped)
        for customer in dialect.customers.values():
            if customer.name == account:
                scene.private = _private(customer.api_secret, customer.private_key_pem)
                scene.secrets = (customer.api_key, *scene.private)
        self._listen_at_the_door(dialect)

    # What who runs the world tells.

    def born(self, life: int, exchange: ExchangeBase) -> None:
        """A connector was made, in this life of the trader, and is not started yet."""
        made = self.scene.lives[life] = Life(life, exchange, self.scene.now)

        def listener(event: ConnectorEvent) -> None:
            self.heard(life, event)

        for tag in _TAGS:
            exchange.add_listener(tag, listener)
        self._listen_to_commands(made)

    def died(self, life: int, *, is_power_lost: bool = False) -> None:
        """The process is over, and its disk is as the next one will find it."""
        scene = self.scene
        over = scene.lives.get(life)
        if over is None or over.is_over:
            return
        watch = self._find_journal(over)
        over.is_over = True
        if watch is not None:
            left = {command: len(sendings) for command, sendings in watch.facts.departures.items()}
            meant = list(watch.facts.intents)
            watch.read_anew()
            if is_power_lost and _durability(over) is not Durability.POWER:
                facts = watch.facts
                lost = [key[0] for key, times in left.items() if len(facts.departures.get(key, ())) < times]
                scene.forgotten.update(
                    dict.fromkeys([*lost, *(name for name in meant if name not in facts.intents)])
                )
        if is_power_lost:
            scene.told.forget_what_is_lost(watch)
        if is_power_lost or (over.desk is not None and over.desk.account.journal.has_failed):
            # What was known and could not be written, nor told, is learnt anew.
            scene.glimpses.clear()
        self._look(Died(life, is_power_lost))

    def step(self, now: float) -> None:
        """A step of the world is over: what it touched is looked at; once a second everything that ages."""
        if self._touched:
            self._look_at_touched()
        if now >= self._next_second:
            self._next_second = now + 1.0
            self._second_over(now)

    def healed(self) -> None:
        """From now on nothing is done to the world any more."""
        self.scene.healed_at = self.scene.now

    def hurt(self) -> None:
        """Something is done to the world again."""
        self.scene.healed_at = None

    def quiet(self) -> None:
        """Nothing is on its way just now: both sides are compared."""
        life, now = self.scene.present, self.scene.now
        self.step(now)
        if life is not None:
            self._find_journal(life)
            if life.counts is None and life.exchange.ready:
                life.counts = dict(self.scene.counts())
            self._touched.update(dict.fromkeys(order.client_order_id for order in life.all_orders()))
            self._look_at_touched()
        self._look(Quiet(now))

    def end(self) -> None:
        """The world ends."""
        self.step(self.scene.now)
        self._look(Ended(self.scene.now))

    def by_hand(self, client_order_id: str) -> None:
        """An order will be placed on the account under this id by somebody else."""
        self.scene.venue.foreign[client_order_id] = None

    def excuse(self, invariant: str, why: str) -> None:
        """From now on an invariant need not hold, for a reason that is written down as a known limit."""
        self._excuses[invariant] = why

    def logged(self, record: logging.LogRecord) -> None:
        """Something was logged while the world ran."""
        self._look(Logged.of(record))

    def unobserved(self, context: Mapping[str, Any]) -> None:
        """An event loop was left with an error that nobody took; `context` as asyncio tells it."""
        error = context.get("exception")
        words = f"{context.get('message', 'an error that nobody took')}: {error!r}"
        self._look(Logged(logging.ERROR, words, has_error=error is not None))

    # What it hears by itself.

    def heard(self, life: int, event: ConnectorEvent | BookDiff) -> None:
        """A listener of this life was told an event."""
        scene = self.scene
        told = Told(scene.now, life, event)
        if isinstance(event, BookDiff):
            self._look(told, BookDiff)
            glimpse = scene.lives[life].book(event.trading_pair)
            glimpse.told += 1
            if glimpse.id is not None:
                glimpse.id = event.last_update_id
            return
        scene.told.note(told)
        self._look(told, type(event))
        if isinstance(event, BookStatusEvent):
            self._note_status(scene.lives[life], event)
        elif isinstance(event, OrderBookTradeEvent):
            if isinstance(event.trade_id, int):
                scene.lives[life].book(event.trading_pair).trade_id = event.trade_id
        else:
            order_id = getattr(event, "order_id", None)
            if order_id is not None:
                self._touched[order_id] = None

    def _happened(self, event: Happened) -> None:
        scene = self.scene
        life = scene.present
        if life is not None:
            self._find_journal(life)
        if event.order is not None:
            client_id = client_id_of(event.order)
            if event.command_id:
                scene.commands.setdefault(client_id, {})[event.command_id] = None
            if client_id not in scene.venue.foreign:
                self._touched[client_id] = None
        self._look(event)

    def _arrived(self, command: Command, text: str) -> None:
        """A command came to the door."""
        present = self.scene.present
        if present is not None:
            self._find_journal(present)
        times = tuple(dict.fromkeys(map(int, _TIME.findall(text))))
        for client_id in dict.fromkeys(_ID.findall(text)):
            if any(client_id in life.placed for life in self.scene.lives.values()):
                self.scene.arrivals[client_id, command] += 1
                self._look(Arrived(client_id, command, times))

    def _listen_at_the_door(self, dialect: Dialect) -> None:
        """Let every request pass by here; the venue notices nothing."""
        names = {name: command for act, command in _COMMANDS for name in dialect.acts.get(act, ())}
        request, receive = dialect.request, dialect.receive

        def asked(what: Request, now: float) -> Answer:
            command = names.get(what.path) or names.get(f"{what.method} {what.path}")
            if command is not None:
                self._arrived(command, " ".join(value for _, value in (*what.query, *what.form)))
            return request(what, now)

        def received(connection: Connection, text: str | bytes, now: float) -> None:
            said = text if isinstance(text, str) else text.decode(errors="replace")
            command = next((names[name] for name in names if f'"{name}"' in said), None)
            if command is not None:
                self._arrived(command, said)
            receive(connection, text, now)

        dialect.request, dialect.receive = asked, received  # type: ignore[assignment,method-assign]

    def _listen_to_commands(self, life: Life) -> None:
        """Note what strategies ask a connector for; it does what it did."""
        exchange = life.exchange
        stop = exchange.stop

        def placing(place: Callable[..., str]) -> Callable[..., str]:
            def placed(*arguments: Any, **terms: Any) -> str:
                client_id = place(*arguments, **terms)
                life.placed[client_id] = self.scene.now
                self._find_journal(life)
                self._look(Placed(life.number, client_id))
                return client_id

            return placed

        def cancelling(cancel: Callable[..., str]) -> Callable[..., str]:
            def cancelled(*arguments: Any, **terms: Any) -> str:
                client_id = cancel(*arguments, **terms)
                life.cancelled.setdefault(client_id, self.scene.now)
                return client_id

            return cancelled

        async def stopped() -> None:
            began, was_running = self.scene.now, life.desk is not None and not life.is_stopping
            life.is_stopping = True
            await stop()
            if was_running:
                self._look(Stopped(life.number, self.scene.now - began))

        exchange.buy = placing(exchange.buy)  # type: ignore[method-assign]
        exchange.sell = placing(exchange.sell)  # type: ignore[method-assign]
        exchange.cancel = cancelling(exchange.cancel)  # type: ignore[method-assign]
        exchange.stop = stopped  # type: ignore[method-assign]

    # Inside.

    def _find_journal(self, life: Life) -> JournalWatch | None:
        scene = self.scene
        if scene.journal is None and life.desk is not None:
            scene.journal = JournalWatch(self._disk, life.desk.account.journal.path)
        return scene.journal

    def _note_status(self, life: Life, event: BookStatusEvent) -> None:
        glimpse = life.book(event.trading_pair)
        if event.status is BookStatus.LIVE:
            glimpse.id = life.order_books()[event.trading_pair].update_id
        else:
            glimpse.id = None
            if event.status is BookStatus.RESYNCING:
                glimpse.resyncs.append(self.scene.now)

    def _look_at_touched(self) -> None:
        touched, self._touched = self._touched, {}
        life = self.scene.present
        for client_id in touched:
            self._look(Touched(client_id))
            ours = None if life is None else life.order(client_id)
            if ours is not None:
                self.scene.glimpses[client_id] = OrderGlimpse(
                    life=ours.life, filled=ours.executed_amount_base, is_presumed=ours.is_presumed
                )

    def _second_over(self, now: float) -> None:
        scene = self.scene
        life = scene.present
        if life is not None:
            if life.exchange.ready:
                scene.ready_at = now
                if life.counts is None and now - life.born_at > _GROWN_UP:
                    life.counts = dict(scene.counts())
            life.count_connects()
            for pair, glimpse in life.books.items():
                glimpse.look(now, scene.books[pair].last_id)
        self._look(Second(now))
        scene.overstepped = Counter(scene.dialect.overstepped)

    def _look(self, occasion: Occasion, kind: type | None = None) -> None:
        """Let everybody look who is concerned, and note what is wrong."""
        scene = self.scene
        for name, look in self._looks.get(kind or type(occasion), ()):
            self.looks[name] += 1
            for complaint in look(scene, occasion):
                if name in self._excuses or complaint.about in scene.forgotten:
                    self.excused[name] += 1
                elif (name, complaint.about) not in self._known and len(self.violations) < _MOST:
                    self._known[name, complaint.about] = None
                    self.violations.append(
                        Violation(
                            invariant=name, time=scene.now, about=complaint.about, words=complaint.words
                        )
                    )


def _private(secret: str | None, pem: str | None) -> tuple[str, ...]:
    """What must not even be said to the venue: of a private key its lines, since nobody writes it whole."""
    lines = [line for line in (pem or "").splitlines() if line and not line.startswith("-")]
    return tuple(text for text in (secret, *lines) if text and len(text) >= 16)


def _durability(life: Life) -> Durability | None:
    return None if life.desk is None else life.desk.account.journal.durability
