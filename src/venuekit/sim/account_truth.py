"""What really is at the venue: one account's orders, trades and funds, noted as they come about."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from venuekit.emulator import order as told
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.order import OrderKind
from venuekit.emulator.order_record import AccountEvent, Fill, OrderRecord
from venuekit.model.decimals import CONTEXT, plain

__all__ = ["AccountTruth", "FillKey", "TrueOrder"]

_ZERO = Decimal(0)
_REMEMBERED = 600.0
"""Seconds for which it is kept how much of an asset was free: longer than any figure of ours is old."""


class FillKey(NamedTuple):
    """One side of one trade: where an account trades with itself, both sides have the trade's id."""

    trading_pair: str
    trade_id: str
    client_id: str


class TrueOrder:
    """An order as the venue has it, under the id that we gave it; times in true seconds of the world."""

    __slots__ = ("accepted_at", "client_id", "ended_at", "record")

    def __init__(self, record: OrderRecord, at: float) -> None:
        self.client_id = client_id_of(record)
        self.record = record
        self.accepted_at = at
        self.ended_at: float | None = None

    @property
    def filled(self) -> Decimal:
        """The amount traded so far, in base."""
        return self.record.state.filled

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.record.is_open

    @property
    def status(self) -> told.OrderStatus:
        """How it stands."""
        return self.record.state.status

    def __str__(self) -> str:
        state = self.record.state
        return f"{state.status.value}, {plain(state.filled)} of {plain(state.amount)} filled"


class _Free(NamedTuple):
    time: float
    amount: Decimal


class _Purse:
    """How much of one asset was free, over time, and what went that nobody here could foresee."""

    def __init__(self) -> None:
        self.free: deque[_Free] = deque()
        self.taken: deque[_Free] = deque()


class AccountTruth:
    """One account of a venue. `happened` is called after each event of it has been noted.

    `orders` are all it ever had by our id, oldest first: more than one under one id is possible here.
    `foreign` are the ids of orders that somebody placed by hand. `clock` tells true seconds of the world.
    """

    def __init__(
        self,
        dialect: Dialect,
        account: str,
        clock: Callable[[], float],
        happened: Callable[[AccountEvent], None],
    ) -> None:
        self.account = account
        self.orders: dict[str, list[TrueOrder]] = {}
        self.fills: dict[FillKey, Fill] = {}
        self.foreign: dict[str, None] = {}
        self.changed_at = clock()
        self.changed_at_venue = float("-inf")
        """When the last event of the account happened, on the venue's clock."""
        self._dialect = dialect
        self._clock = clock
        self._happened = happened
        self._by_number: dict[tuple[str, int], TrueOrder] = {}
        self._purses: dict[str, _Purse] = {}
        for record in dialect.desk.archive.orders(account):
            self._add(record)
        for fill in dialect.desk.archive.fills(account):
            self._add_fill(fill)
        for asset in dialect.desk.balances(account):
            self._note_funds(asset, is_foreseen=True)
        dialect.desk.listen(self._heard)

    # Reading.

    def order(self, client_id: str) -> TrueOrder | None:
        """The newest order of this id of ours; None: the venue never had one."""
        found = self.orders.get(client_id)
        return found[-1] if found else None

    def own_orders(self) -> list[TrueOrder]:
        """All orders but those that were placed by hand."""
        return [order for name, orders in self.orders.items() if name not in self.foreign for order in orders]

    def own_fills(self) -> dict[FillKey, Fill]:
        """All trades of these."""
        return {key: fill for key, fill in self.fills.items() if key.client_id not in self.foreign}

    def filled(self, client_id: str) -> Decimal:
        """How much was traded under this id, in base."""
        amount = _ZERO
        for order in self.orders.get(client_id, ()):
            amount = CONTEXT.add(amount, order.filled)
        return amount

    def balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Asset to what there is and what of it is free."""
        rows = self._dialect.desk.balances(self.account)
        return {asset: (row.total, row.free) for asset, row in rows.items()}

    def most_free(self, asset: str, since: float) -> Decimal:
        """The most of an asset that somebody can believe to be free who knows everything up to `since`.

        He knows of each of his own orders before the venue does. What he cannot know yet, such as orders by
        hand, withdrawals and what a market order takes, is added to the most that was ever free since then.
        """
        purse = self._purses.get(asset)
        if purse is None:
            return _ZERO
        most = _ZERO
        for entry in reversed(purse.free):
            most = max(most, entry.amount)
            if entry.time < since:
                break
        for entry in reversed(purse.taken):
            if entry.time < since:
                break
            most = CONTEXT.add(most, entry.amount)
        return most

    # Writing.

    def _heard(self, event: AccountEvent) -> None:
        if event.account != self.account:
            return
        self.changed_at, self.changed_at_venue = self._clock(), self._dialect.venue_time(event.time)
        if event.order is not None:
            self._note_order(event.order)
        if event.fill is not None:
            self._add_fill(event.fill)
        for asset in event.balances:
            self._note_funds(asset, is_foreseen=self._is_foreseen(asset, event))
        self._happened(event)

    def _note_order(self, record: OrderRecord) -> None:
        known = self._by_number.get((record.trading_pair, record.order_id))
        if known is None:
            self._add(record)
            return
        known.record = record
        if not record.is_open and known.ended_at is None:
            known.ended_at = self._clock()

    def _add(self, record: OrderRecord) -> None:
        order = TrueOrder(record, self._clock())
        self.orders.setdefault(order.client_id, []).append(order)
        self._by_number[record.trading_pair, record.order_id] = order

    def _add_fill(self, fill: Fill) -> None:
        order = self._by_number[fill.trading_pair, fill.order_id]
        self.fills[FillKey(fill.trading_pair, str(fill.trade_id), order.client_id)] = fill

    def _is_foreseen(self, asset: str, event: AccountEvent) -> bool:
        """Whether who placed the order has set aside beforehand what this event takes of an asset."""
        if event.order is None:
            return False
        request = event.order.state.request
        base, _, quote = event.order.trading_pair.rpartition("-")
        is_by_hand = client_id_of(event.order) in self.foreign
        return request.kind is not OrderKind.MARKET and asset in (base, quote) and not is_by_hand

    def _note_funds(self, asset: str, *, is_foreseen: bool) -> None:
        now, balance = self._clock(), self._dialect.desk.ledger.balance(self.account, asset)
        purse = self._purses.setdefault(asset, _Purse())
        if purse.free and not is_foreseen and balance.free < purse.free[-1].amount:
            lost = CONTEXT.subtract(purse.free[-1].amount, balance.free)
            purse.taken.append(_Free(now, lost))
        purse.free.append(_Free(now, balance.free))
        for entries in (purse.free, purse.taken):
            while len(entries) > 1 and entries[1].time < now - _REMEMBERED:
                entries.popleft()


def client_id_of(record: OrderRecord) -> str:
    """The id that we gave an order: amendments and cancels rename it at some venues."""
    return record.state.request.client_order_id
