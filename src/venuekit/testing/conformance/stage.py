"""The stage of one card: an emulated venue, the connectors that come to it, and what they told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from venuekit import errors
from venuekit.connector.account import AccountOptions
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.tracked_pair import TrackerPolicy
from venuekit.connector.trading_connector import TradingConnector
from venuekit.emulator.accounts import Customer
from venuekit.emulator.dialect import Dialect
from venuekit.model.book import BookStatus
from venuekit.protocol.fence import Fence
from venuekit.seams.chance import Chance
from venuekit.seams.clock import Clock
from venuekit.seams.disk import SystemDisk
from venuekit.testing.conformance.card import CardFailed, check
from venuekit.testing.conformance.story import Story, listen
from venuekit.testing.conformance.trader import Trader
from venuekit.testing.conformance.traits import Traits
from venuekit.testing.conformance.venue import Venue
from venuekit.testing.waiting import LOOK_EVERY, until
from venuekit.web.auth import Credentials, Secret

if TYPE_CHECKING:
    from venuekit.testing.conformance.suite import ConformanceSuite

__all__ = ["CALM", "WATCHFUL", "Stage"]

CALM = TrackerPolicy(suspect_after=60.0, patience=1.0, refused_again=0.3)
"""Books are lost only by what a card does, however slow the machine is."""
WATCHFUL = msgspec.structs.replace(CALM, suspect_after=0.3, catch_up=0.5, quiet_trades_after=0.5)
"""A silent stream is soon suspected."""

_RECEIVE_WINDOW = 2.0
_OUTAGE = 1.0
"""Seconds: on a machine where time is real, a card has no more."""


class _Eager(Chance):
    """Cuts every jittered wait as short as it gets."""

    def random(self) -> float:
        return 1.0


class Stage:
    """One card's world, thrown away afterwards.

    The venue is at `url`, and what connectors remember in `folder`. `pairs` are those that connectors follow
    unless told; `story` is what all of them told. Times are seconds of `clock`, which in a simulated world is
    a virtual one: `patience` is how long a card waits for what must come, `breath` for what must not, and
    `outage` how long a trouble lasts that may last; waiting, it looks `look_every` so often.
    """

    def __init__(
        self,
        suite: ConformanceSuite,
        dialect: Dialect,
        url: str,
        folder: Path,
        *,
        clock: Clock,
        patience: float | None = None,
        outage: float = _OUTAGE,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self.url = url
        self.clock = clock
        self.outage = outage
        self.look_every = look_every
        self.traits = Traits(suite.kind, suite.venue)
        self.pairs: tuple[str, ...] = tuple(suite.trading_pairs)
        self.patience: float = suite.patience if patience is None else patience
        self.breath = max(0.4, self.patience / 40)
        self.venue = Venue(dialect, _customer(dialect, suite.key_type), clock)
        self.story = Story()
        self._suite = suite
        self._folder = folder

    @property
    def pair(self) -> str:
        """The pair of cards that need one."""
        return self.pairs[0]

    async def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        await self.clock.sleep(seconds)

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait for something that must come.

        Raises:
            CardFailed: it did not.
        """
        try:
            await until(is_so, what, timeout=self.patience, every=self.look_every)
        except AssertionError as failure:
            raise CardFailed(str(failure)) from None

    # --- connectors

    def connector(
        self,
        pairs: Sequence[str] | None = None,
        *,
        facts: dict[str, Any] | None = None,
        listener: Callable[[Any], None] | None = None,
        **options: Any,
    ) -> TradingConnector:
        """A connector that is not started; it trades where the suite's can.

        `facts` replace class attributes, as of a venue with other rules; `options` go to its constructor. The
        `listener` hears everything before the story does.
        """
        kind = self._suite.kind
        made = type(kind.__name__, (kind,), dict(facts)) if facts else kind
        options.setdefault("chance", _Eager())
        options.setdefault("ready_within", 2 * self.patience)
        if self.traits.has_books:
            options.setdefault("tracker_policy", CALM)
        if self.venue.customer is not None:
            options.setdefault("credentials", _credentials(self.venue.customer))
            options.setdefault("account", AccountOptions(journals=self._folder))
        connector = self._suite.make_connector(
            made, self.pairs if pairs is None else pairs, self.url, **options
        )
        if listener is not None:
            listen(connector, listener)
        self.story.follow(connector)
        return connector

    def exchange(self, pairs: Sequence[str] | None = None, **options: Any) -> ExchangeBase:
        """A connector with books that is not started."""
        connector = self.connector(pairs, **options)
        if not isinstance(connector, ExchangeBase):
            raise TypeError(f"{type(connector).__name__} has no books")
        return connector

    @asynccontextmanager
    async def trader(self, **options: Any) -> AsyncIterator[Trader]:
        """A connector of one pair at work, in markets that stand still: only accounts trade."""
        connector = self.connector((self.pair,), **options)
        async with connector:
            self.venue.pause()
            yield Trader(connector, self.venue, self.story, self.patience, self.look_every)

    def wrong_credentials(self) -> list[Credentials]:
        """Some that the venue does not accept: an unknown key, and where there is a secret a wrong one."""
        customer = self.venue.customer
        if customer is None:
            raise LookupError("this venue has no accounts")
        right = customer.api_key, customer.api_secret
        wrong = [Credentials(right[0][::-1], secret=Secret(right[1] or right[0]))]
        if right[1] is not None:
            wrong.append(Credentials(right[0], secret=Secret(right[1][::-1])))
        return wrong

    def other_folder(self) -> AccountOptions:
        """The memory of another instance of ours: its orders are foreign to this one."""
        return AccountOptions(journals=self._folder / "another")

    def quick_fence(self) -> dict[str, Any]:
        """Options of a connector whose venue's fence passes within seconds."""
        fence: Fence = self._suite.kind.fence
        quick = msgspec.structs.replace(
            fence, receive_window=_RECEIVE_WINDOW, engine_seconds=0.2, replica_lag=0.1, separation=0.1
        )
        return {"facts": {"fence": quick}, "receive_window": _RECEIVE_WINDOW}

    def memory_as_it_is(self) -> AccountOptions:
        """A copy of what connectors remember, as a kill in this moment would leave it."""
        disk, copy = SystemDisk(), self._folder / "copy"
        kept = {name: disk.read(self._folder / name) for name in disk.names(self._folder)}
        disk.make_folder(copy)
        for name, content in kept.items():
            file = disk.create(copy / name)
            file.write(content)
            file.close()
        return AccountOptions(journals=copy)

    def stream_facts(self, **policy: Any) -> dict[str, Any]:
        """Facts of a connector whose venue asks for something else of all its streams."""
        kind = self._suite.kind
        facts: dict[str, Any] = {}
        for name in ("data_source_class", "user_stream_class"):
            source = getattr(kind, name, None)
            if source is not None:
                changed = msgspec.structs.replace(source.stream_policy, **policy)
                facts[name] = type(source.__name__, (source,), {"stream_policy": changed})
        return facts

    # --- books

    def is_equal(self, exchange: ExchangeBase, pair: str) -> bool:
        """Whether a live book is the venue's, as deep as it vouches."""
        book, truth = exchange.get_order_book(pair), self.venue.market(pair).snapshot()
        if not book.is_live:
            return False
        return all(
            depth > 0 and _numbers(side[:depth]) == _numbers(true[:depth])
            for side, true, depth in zip(
                book.texts(), (truth.bids, truth.asks), book.vouched_depth, strict=True
            )
        )

    async def books_agree(self, exchange: ExchangeBase) -> None:
        """Stop the markets and compare every book, level by level."""
        self.venue.pause()
        for pair in exchange.trading_pairs:
            await self.until(partial(self.is_equal, exchange, pair), f"the book of {pair} to be the venue's")
        self.venue.resume()

    async def follows(self, exchange: ExchangeBase, pair: str) -> None:
        """Wait until a book stands on what its stream told: what is missing from now on, it misses."""
        keeper = exchange.order_book_tracker.tracked[pair].keeper
        first = keeper.applied
        await self.until(lambda: keeper.applied > first + 1, f"the book of {pair} to follow its stream")

    async def lost_and_live(self, exchange: ExchangeBase, pair: str, since: int = 0) -> None:
        """Wait until a book said that it is not live, after `since` statements, and then that it is."""
        await self.until(lambda: len(self.story.statuses(pair)) > since, f"{pair} to say that it is not live")
        first = self.story.statuses(pair)[since]
        check(first is not BookStatus.LIVE, f"{pair} did not say that it was not live before it was again")
        await self.until(
            lambda: exchange.get_order_book(pair).is_live, f"the book of {pair} to be live again"
        )

    # --- what must not be left

    def tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks that are not the emulator's."""
        return [task for task in asyncio.all_tasks() if not _is_emulators(task)]

    async def does_not_start(self, connector: TradingConnector, kind: type[errors.VenuekitError]) -> None:
        """Start a connector that must raise such an error and leave nothing."""
        before = self.tasks()
        try:
            await connector.start()
        except kind:
            await self.nothing_is_left(before)
            return
        await connector.stop()
        raise CardFailed(f"it started, and should have raised {kind.__name__}")

    async def nothing_is_left(self, before: Sequence[asyncio.Task[Any]]) -> None:
        """No task but those from before, and the venue sees nobody."""
        left = [task for task in self.tasks() if task not in before]
        check(not left, f"tasks are left after the stop: {left}")
        await self.until(lambda: not self.venue.dialect.connections, "the venue to see the connections go")


def _is_emulators(task: asyncio.Task[Any]) -> bool:
    said = repr(task)
    return "aiohttp/web" in said or "emulator/server.py" in said


def _customer(dialect: Dialect, key_type: str) -> Customer | None:
    found = [each for each in dialect.customers.values() if each.key_type.value == key_type]
    return found[0] if found else None


def _credentials(customer: Customer) -> Credentials:
    secret, pem = customer.api_secret, None
    if secret is None:
        pem = customer.private_key_pem
    return Credentials(
        customer.api_key,
        secret=None if secret is None else Secret(secret),
        private_key=None if pem is None else Secret(pem),
    )


def _numbers(levels: Sequence[tuple[str, str]]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(amount)) for price, amount in levels]
