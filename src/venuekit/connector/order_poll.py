"""Asking a venue about orders: the backup of the stream, the end of doubts, the fills that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from venuekit import errors
from venuekit.connector.client_order_tracker import ClientOrderTracker
from venuekit.connector.supervision import LoopHealth
from venuekit.model.order_update import Evidence
from venuekit.protocol.frozen import Frozen
from venuekit.state.in_flight_order import InFlightOrder

if TYPE_CHECKING:
    from venuekit.connector.trading_connector import TradingConnector

__all__ = ["OrderPoll", "PollOwner", "PollPolicy"]


class PollPolicy(Frozen):
    """How often a venue is asked about orders; all in seconds.

    `interval` while the account's stream is heard, `interval_unheard` while it is not. A question about an
    order in doubt is asked again after `first_wait`, and ever later up to `longest_wait`; from the end of the
    doubt on after the fence's separation, and ever later where that proves nothing.
    """

    interval: float = 120.0
    interval_unheard: float = 5.0
    first_wait: float = 0.25
    longest_wait: float = 30.0


class PollOwner(Protocol):
    """What the poll needs besides the venue."""

    @property
    def is_stream_heard(self) -> bool:
        """Whether what happens to the account is told to us without asking."""
        ...


# 2**64 seconds is beyond any `longest_wait`; bounding the power keeps it a float for whoever asks for days.
_MOST_DOUBLINGS = 64


class _Inquiry:
    """When an order is asked for next (venue's seconds), and how often it was in vain.

    `late` is how often since absence could prove something, counted anew when answers come again.
    """

    def __init__(self, due: float) -> None:
        self.due = due
        self.attempts = 0
        self.late = 0
        self.is_answered = True


class OrderPoll:
    """One step at a time, so that two passes never overlap and an older answer never lands on a newer one.

    A question that fails says nothing about its order: it is counted in `status_health` or `fills_health`,
    and asked again later.
    """

    def __init__(
        self,
        venue: TradingConnector,
        owner: PollOwner,
        tracker: ClientOrderTracker,
        policy: PollPolicy,
        *,
        status_health: LoopHealth,
        fills_health: LoopHealth,
    ) -> None:
        self._venue = venue
        self._owner = owner
        self._tracker = tracker
        self._policy = policy
        self._status_health = status_health
        self._fills_health = fills_health
        self._inquiries: dict[str, _Inquiry] = {}
        self._fetches: dict[str, _Inquiry] = {}
        self._next_round = 0.0

    def ask_soon(self, order: InFlightOrder) -> None:
        """Ask about an order at the next step."""
        self._inquiries[order.client_order_id] = _Inquiry(self._venue.venue_time())

    def begin_round(self) -> None:
        """Ask about all orders at the next step."""
        self._next_round = 0.0

    async def step(self) -> None:
        """Ask everything that is due."""
        now = self._venue.venue_time()
        self._tracker.machine.release_watched(now)
        self._note_doubts(now)
        if now >= self._next_round:
            await self._round()
        for name in self._due(self._inquiries):
            await self._inquire(name)
        self._note_missing_fills(self._venue.venue_time())
        for name in self._due(self._fetches):
            await self._fetch(name)
        if not self._fetches and self._fills_health.failures:
            self._fills_health.succeeded()  # the stream or a comparison brought what was missing

    def pause(self) -> float:
        """Seconds until something is due."""
        now = self._venue.venue_time()
        dues = [inquiry.due for inquiry in (*self._inquiries.values(), *self._fetches.values())]
        patience = now + self._tracker.machine.patience
        return max(0.01, min([self._next_round, patience, *dues]) - now)

    # --- all orders

    async def _round(self) -> None:
        """One list of open orders; those that are not in it are asked for one by one."""
        policy = self._policy
        wait = policy.interval if self._owner.is_stream_heard else policy.interval_unheard
        asked_at = self._venue.venue_time()
        self._next_round = asked_at + wait
        orders = [
            order
            for order in self._tracker.active_orders.values()
            if order.is_sent and not order.is_pending_create
        ]
        if not orders:
            return
        pairs = tuple(dict.fromkeys(order.trading_pair for order in orders))
        try:
            rows = await self._venue.open_orders(pairs)
        except errors.VenuekitError as error:
            self._status_health.failed(error)
            return
        self._status_health.succeeded()
        for row in rows:
            self._tracker.process_order_update(row.update, Evidence.OPEN_ORDERS, asked_at)
        # By pair: some venues number the orders of each pair on their own.
        listed = {(row.row.trading_pair, row.row.exchange_order_id) for row in rows}
        for order in orders:
            ids = ((order.trading_pair, number) for number in order.exchange_order_ids)
            if not order.is_done and listed.isdisjoint(ids):
                self._inquiries.setdefault(order.client_order_id, _Inquiry(asked_at))

    # --- one order

    def _note_doubts(self, now: float) -> None:
        for order in self._tracker.machine.orders_in_doubt:
            self._inquiries.setdefault(order.client_order_id, _Inquiry(now))

    def _due(self, inquiries: dict[str, _Inquiry]) -> list[str]:
        now = self._venue.venue_time()
        return [name for name, inquiry in inquiries.items() if inquiry.due <= now]

    async def _inquire(self, name: str) -> None:
        order = self._tracker.active_orders.get(name)
        if order is None or not order.is_sent:
            self._inquiries.pop(name, None)
            return
        inquiry = self._inquiries[name]
        try:
            await self._ask(order)
        except errors.VenuekitError as error:
            self._status_health.failed(error)
            self._put_off(inquiry, order, is_answered=False)
            return
        self._status_health.succeeded()
        if self._inquiries.get(name) is not inquiry:
            return  # somebody asked anew meanwhile: this answer may be older than what they want to know
        if order.is_done or order.doubt is None:
            del self._inquiries[name]
        else:
            self._put_off(inquiry, order)

    async def _ask(self, order: InFlightOrder) -> None:
        """Ask the fence's questions in their order, until one finds it."""
        for question in self._venue.fence.questions:
            asked_at = self._venue.venue_time()
            try:
                update = await self._venue.order_status(order, question)
            except errors.OrderNotFound:
                self._tracker.process_order_not_found(order.client_order_id, question, asked_at)
                doubt = order.doubt
                if doubt is None or doubt.settles_at is None or asked_at < doubt.settles_at:
                    return  # absence proves nothing yet: the other questions cost and could not either
            else:
                self._tracker.process_order_update(update, Evidence.ORDER_QUERY, asked_at)
                return

    def _put_off(self, inquiry: _Inquiry, order: InFlightOrder, *, is_answered: bool = True) -> None:
        now = self._venue.venue_time()
        inquiry.attempts += 1
        wait = self._grown(self._policy.first_wait, inquiry.attempts)
        settles_at = None if order.doubt is None else order.doubt.settles_at
        # From the end of the doubt on, two answers that far apart prove something.
        separation = self._venue.fence.separation + 0.01
        if settles_at is not None and settles_at > now:
            wait = min(wait, max(settles_at - now + 0.01, separation))
        elif settles_at is not None:
            inquiry.late = 0 if is_answered and not inquiry.is_answered else inquiry.late
            wait = max(separation, self._grown(separation, inquiry.late))
            inquiry.late += 1
        inquiry.is_answered = is_answered
        inquiry.due = now + wait

    def _grown(self, first: float, times: int) -> float:
        """A wait that was doubled so many times, up to the longest."""
        return min(first * 2.0 ** min(times, _MOST_DOUBLINGS), self._policy.longest_wait)

    # --- fills

    def _note_missing_fills(self, now: float) -> None:
        for order in self._tracker.machine.overdue(now):
            self._fetches.setdefault(order.client_order_id, _Inquiry(now))

    async def _fetch(self, name: str) -> None:
        order = self._tracker.fetch_order(name)
        if order is None or not order.is_short_of_fills:
            self._fetches.pop(name, None)
            return
        fetch = self._fetches[name]
        asked_at = self._venue.venue_time()
        try:
            trades = await self._venue.order_fills(order)
        except errors.VenuekitError as error:
            self._fills_health.failed(error)
            self._put_off(fetch, order, is_answered=False)
        else:
            self._fills_health.succeeded()
            for trade in trades:
                self._tracker.process_trade_update(trade)
            self._tracker.fills_fetched(order, asked_at)
            self._put_off(fetch, order)  # dropped at its next turn, once nothing is missing
