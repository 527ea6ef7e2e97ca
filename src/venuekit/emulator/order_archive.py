"""The orders and trades that a venue can still be asked about."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from venuekit.emulator.order import OrderState
from venuekit.emulator.order_record import Fill, OrderCourse, OrderRecord, PreventedMatch

__all__ = ["OrderArchive"]

_CLOSED = 10_000
"""Closed orders kept for each account and market; ten times the most that one answer of a venue tells."""
_FILLS = 20_000
"""Trades kept for each account and market."""
_MATCHES = 1_000
"""Prevented matches kept for each account and market."""

_Place = tuple[str, str]
"""An account and a market."""


class _Shelf:
    """One account's orders and trades in one market."""

    def __init__(self) -> None:
        self.courses: dict[int, OrderCourse] = {}
        self.open: dict[int, OrderCourse] = {}
        self.closed: deque[int] = deque()
        self.by_client_id: dict[str, int] = {}
        self.fills: deque[Fill] = deque(maxlen=_FILLS)
        self.matches: deque[PreventedMatch] = deque(maxlen=_MATCHES)


class OrderArchive:
    """All open orders, and the last closed ones of each account and market."""

    def __init__(self) -> None:
        self._shelves: dict[_Place, _Shelf] = {}
        self._owners: dict[tuple[str, int], str] = {}

    # Writing.

    def add(self, record: OrderRecord) -> None:
        """A new order."""
        shelf = self._shelf(record.account, record.trading_pair)
        course = OrderCourse(record)
        shelf.courses[record.order_id] = shelf.open[record.order_id] = course
        shelf.by_client_id[record.client_order_id] = record.order_id
        self._owners[record.trading_pair, record.order_id] = record.account

    def change(self, state: OrderState, changes: Mapping[str, Any]) -> OrderRecord:
        """An order's next state; the record as it is then.

        Raises:
            KeyError: there is no such order.
        """
        shelf = self._shelf(state.request.account, state.trading_pair)
        course = shelf.courses[state.order_id]
        record: OrderRecord = msgspec.structs.replace(course.now, **changes)
        if record.client_order_id != course.now.client_order_id:
            shelf.by_client_id.pop(course.now.client_order_id, None)
            shelf.by_client_id[record.client_order_id] = record.order_id
        course.become(record)
        if not record.is_open and shelf.open.pop(record.order_id, None) is not None:
            shelf.closed.append(record.order_id)
            self._forget(shelf, state.trading_pair)
        return record

    def add_fill(self, fill: Fill) -> None:
        """A trade."""
        self._shelf(fill.account, fill.trading_pair).fills.append(fill)

    def add_prevented(self, match: PreventedMatch) -> None:
        """A trade that was prevented."""
        self._shelf(match.account, match.trading_pair).matches.append(match)

    # Reading.

    def order(self, trading_pair: str, order_id: int, as_of: float | None = None) -> OrderRecord | None:
        """An order, whoever's it is; as it was at a moment, None before it was placed."""
        owner = self._owners.get((trading_pair, order_id))
        if owner is None:
            return None
        course = self._shelf(owner, trading_pair).courses[order_id]
        return course.now if as_of is None else course.as_of(as_of)

    def by_client_id(
        self, account: str, trading_pair: str, client_order_id: str, as_of: float | None = None
    ) -> OrderRecord | None:
        """The newest order that has this client id; as it was at a moment, None before it was placed."""
        shelf = self._shelves.get((account, trading_pair))
        order_id = None if shelf is None else shelf.by_client_id.get(client_order_id)
        return None if order_id is None else self.order(trading_pair, order_id, as_of)

    def open_orders(
        self, account: str, trading_pair: str | None = None, as_of: float | None = None
    ) -> list[OrderRecord]:
        """An account's open orders, oldest first, of one market or all; as they were at a moment."""
        records: list[OrderRecord] = []
        for shelf in self._of(account, trading_pair):
            if as_of is None:
                records.extend(course.now for course in shelf.open.values())
                continue
            then = (course.as_of(as_of) for course in shelf.courses.values())
            records.extend(record for record in then if record is not None and record.is_open)
        return sorted(records, key=lambda record: (record.placed_at, record.order_id))

    def orders(self, account: str, trading_pair: str | None = None) -> list[OrderRecord]:
        """All orders that are kept, oldest first."""
        records = [
            course.now for shelf in self._of(account, trading_pair) for course in shelf.courses.values()
        ]
        return sorted(records, key=lambda record: (record.placed_at, record.order_id))

    def fills(self, account: str, trading_pair: str | None = None) -> list[Fill]:
        """An account's trades that are kept, in order of time."""
        fills = [fill for shelf in self._of(account, trading_pair) for fill in shelf.fills]
        return sorted(fills, key=lambda fill: (fill.time, fill.trade_id))

    def prevented_matches(self, account: str, trading_pair: str | None = None) -> list[PreventedMatch]:
        """An account's trades with itself that were prevented, oldest first."""
        return [match for shelf in self._of(account, trading_pair) for match in shelf.matches]

    def _shelf(self, account: str, trading_pair: str) -> _Shelf:
        return self._shelves.setdefault((account, trading_pair), _Shelf())

    def _of(self, account: str, trading_pair: str | None) -> Iterator[_Shelf]:
        for (owner, market), shelf in self._shelves.items():
            if owner == account and trading_pair in (None, market):
                yield shelf

    def _forget(self, shelf: _Shelf, trading_pair: str) -> None:
        while len(shelf.closed) > _CLOSED:
            order_id = shelf.closed.popleft()
            gone = shelf.courses.pop(order_id).now
            self._owners.pop((trading_pair, order_id), None)
            if shelf.by_client_id.get(gone.client_order_id) == order_id:
                del shelf.by_client_id[gone.client_order_id]
