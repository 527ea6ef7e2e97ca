"""Whose account a command is about, and how it is reached: to trade, or to read beside whoever trades."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import typer

from venuekit import errors
from venuekit.cli.journal_finder import writer_of
from venuekit.connector.account import AccountOptions, journal_of
from venuekit.connector.connect import connect
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.registry import connector_class
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.journal import reader
from venuekit.journal.ids import counter_of
from venuekit.journal.recall import recall
from venuekit.protocol.frozen import Frozen
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_tracker import OrderTracker
from venuekit.web.auth import Credentials

__all__ = ["Access", "Memory", "order_named"]

_TELLING = 8
"""The least of a client id's end that names an order: its counter, all that narrow tables show of it."""


class Access(Frozen):
    """An account: `venue` is NAME or NAME@DOMAIN, `url` an emulator's address, `journals` a folder."""

    venue: str
    url: str | None = None
    journals: Path | None = None

    @asynccontextmanager
    async def trading(
        self, trading_pairs: Sequence[str] = (), policy: TradingPolicy | None = None
    ) -> AsyncIterator[ExchangeBase]:
        """A connector that trades, once it is ready.

        Raises:
            errors.NotReady: another process trades with this account.
            errors.VenuekitError: there are no credentials, or the connector could not start.
        """
        exchange = connect(
            self.venue,
            trading_pairs,
            url=self.url,
            credentials=self._credentials(),
            account=AccountOptions(journals=self.journals),
            trading=policy,
        )
        try:
            async with exchange:
                yield exchange
        except errors.JournalLocked as locked:
            who = "another process" if locked.pid is None else f"process {locked.pid}"
            raise errors.NotReady(
                f"{who} trades with this account and keeps its journal {locked.path}: give it this to do, or "
                "stop it first; meanwhile `venuekit orders`, `order status` and `balance` answer beside it"
            ) from None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[tuple[ExchangeBase, Memory]]:
        """A connector that only asks, beside whoever trades, and what the account's journal holds.

        Raises:
            errors.VenuekitError: there are no credentials, or the connector could not start.
        """
        credentials = self._credentials()
        exchange = connect(
            self.venue, url=self.url, credentials=credentials, trading=TradingPolicy(reads_only=True)
        )
        async with exchange:
            yield exchange, self._remembered(exchange, credentials)

    def _remembered(self, exchange: ExchangeBase, credentials: Credentials) -> Memory:
        options = AccountOptions(journals=self.journals)
        path = journal_of(exchange.company, exchange.setting.domain.name, credentials, options)
        nothing = Memory(OrderTracker(exchange.fence))
        if not path.is_file():
            return nothing
        try:
            history = reader.replay(path)
            recalled = recall(history.entries, exchange.name, exchange.fence)
        except errors.JournalUnusable as error:
            # What the venue says is worth all the more when our own memory is gone.
            typer.echo(f"venuekit: {error}. So nothing is known to be ours", err=True)
            return nothing
        instance = None if history.opened is None else history.opened.instance
        return Memory(recalled.tracker, instance, recalled.unsettled_since, writer_of(path))

    def _credentials(self) -> Credentials:
        name = self.venue.partition("@")[0]
        if connector_class(name).auth_class is None:
            raise errors.Unsupported(
                f"{name} has market data only; `venuekit venues` says which connectors trade"
            )
        found = Credentials.from_environment(name)
        if found is None:
            prefix = f"VENUEKIT_{name.upper()}"
            raise errors.KeyMissing(
                f"no credentials for {name}: set {prefix}_API_KEY and {prefix}_API_SECRET (or "
                f"{prefix}_PRIVATE_KEY); with _FILE behind its name, each holds the path of a file instead"
            )
        return found


class Memory:
    """What an account's journal holds, as it stands beside whoever writes it.

    `tracker` has the orders, open ones and those that ended not long ago. `since` is when the oldest of which
    not all is known was made, in seconds of the venue's clock. `writer` is the process that trades, if any.
    """

    def __init__(
        self,
        tracker: OrderTracker,
        instance: str | None = None,
        since: float | None = None,
        writer: int | None = None,
    ) -> None:
        self.tracker = tracker
        self.since = since
        self.writer = writer
        self._instance = instance

    @property
    def orders(self) -> dict[str, InFlightOrder]:
        """By our ids."""
        return {**self.tracker.watched_orders, **self.tracker.active_orders}

    def owns(self, client_order_id: str) -> bool:
        """Whether an order is of this account's connectors, by the looks of its client id."""
        return self._instance is not None and counter_of(client_order_id, self._instance) is not None


def order_named(word: str, trading_pair: str, orders: Iterable[InFlightOrder]) -> InFlightOrder | None:
    """The order of a pair that a word means: our id, the venue's, or the end of ours, eight characters of it.

    Raises:
        errors.UsageError: more than one order's id ends so.
    """
    of_pair = [order for order in orders if order.trading_pair == trading_pair]
    for order in of_pair:
        if word == order.client_order_id or order.knows(word):
            return order
    end = word.lstrip("…")
    ending = [order for order in of_pair if len(end) >= _TELLING and order.client_order_id.endswith(end)]
    if len(ending) > 1:
        raise errors.UsageError(f"{len(ending)} orders have ids that end in {end!r}; give more of it")
    return ending[0] if ending else None
