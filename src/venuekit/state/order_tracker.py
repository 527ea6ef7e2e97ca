"""All orders of one product: what is said about them goes in, events come out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec

from venuekit.model.events import DoubtReason, OrderEvent
from venuekit.model.order import Command, OrderState
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.fence import Fence
from venuekit.state import order_events, order_evidence
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Doubt, Miss
from venuekit.state.order_lifecycle import Happening
from venuekit.state.stray_trades import StrayTrades

__all__ = ["OrderTracker"]

_DOUBTS = {command: DoubtReason[command.name] for command in Command}
_VANISHED = "after the venue's fence no question finds it: presumed never accepted"


class OrderTracker:
    """Keeps orders from intent to end, and ended ones until the venue forgets them.

    Promises, whatever arrives, in whatever order and however often: an order is created once and before its
    fills; each trade counts once, and never more than was ordered; there is at most one terminal event, and
    exactly one unless the order is in doubt; it waits for the fills that the venue claims.

    Times are seconds of the venue's clock; events carry the venue's time of what they tell. `patience` is
    how long a fill that a status claims may be missing before `overdue` names its order, `watch_seconds` how
    long an order is kept whose end is proved.
    """

    def __init__(self, fence: Fence, *, patience: float = 1.0, watch_seconds: float = 3600.0) -> None:
        self.fence = fence
        self.patience = patience
        self.watch_seconds = watch_seconds
        self._active: dict[str, InFlightOrder] = {}
        self._watched: dict[str, InFlightOrder] = {}
        self._by_exchange_id: dict[str, dict[str, InFlightOrder]] = {}
        """By exchange id, then by pair: some venues number the orders of each pair on their own."""
        self._short: dict[str, float] = {}
        """Orders that miss fills, and since when."""
        self._strays = StrayTrades()

    # --- looking up

    @property
    def active_orders(self) -> Mapping[str, InFlightOrder]:
        """Orders without a terminal event, by client id: a view that follows."""
        return MappingProxyType(self._active)

    @property
    def watched_orders(self) -> Mapping[str, InFlightOrder]:
        """Ended orders that evidence may still concern, by client id, oldest first: a view that follows."""
        return MappingProxyType(self._watched)

    @property
    def orders_in_doubt(self) -> list[InFlightOrder]:
        """Orders of which something is not known."""
        return [order for order in self._active.values() if order.doubt is not None]

    def fetch_order(
        self,
        client_order_id: str | None = None,
        exchange_order_id: str | None = None,
        trading_pair: str | None = None,
    ) -> InFlightOrder | None:
        """The order of a client id, or else of an exchange id; None if there is none.

        Without a `trading_pair`, an exchange id that two pairs use finds none.
        """
        if client_order_id:
            found = self._active.get(client_order_id) or self._watched.get(client_order_id)
            if found is not None:
                return found
        pairs = self._by_exchange_id.get(exchange_order_id or "", {})
        if trading_pair is not None:
            return pairs.get(trading_pair)
        return next(iter(pairs.values())) if len(pairs) == 1 else None

    def overdue(self, now: float) -> list[InFlightOrder]:
        """Orders whose fills must be fetched, longest missing first."""
        due = now - self.patience
        late = sorted((since, client_id) for client_id, since in self._short.items() if since <= due)
        orders = (self.fetch_order(client_id) for _, client_id in late)
        return [order for order in orders if order is not None]

    # --- commands

    def start(self, order: InFlightOrder) -> list[OrderEvent]:
        """Track an order from its intent on.

        Raises:
            ValueError: its client id is taken.
        """
        if self.fetch_order(order.client_order_id) is not None:
            raise ValueError(f"the order {order.client_order_id} is tracked already")
        self._active[order.client_order_id] = order
        return self._index(order)

    def sending(
        self,
        client_order_id: str,
        signed_at: float,
        *,
        receive_window: float | None = None,
        clock_error: float = 0.0,
    ) -> None:
        """The order is signed and leaves now: from here on a cancel must go to the venue.

        Raises:
            KeyError: no such order is active; one that was withdrawn must not leave.
        """
        order = self._active[client_order_id]
        order.is_sent = True
        order.fence_end = self.fence.end_of_doubt(
            signed_at, receive_window=receive_window, clock_error=clock_error
        )

    def cancelling(
        self,
        client_order_id: str,
        signed_at: float,
        *,
        receive_window: float | None = None,
        clock_error: float = 0.0,
    ) -> None:
        """A cancel of the order leaves now: until it is answered it may take effect at any moment.

        Raises:
            KeyError: no such order is active.
        """
        order = self._active[client_order_id]
        order.pass_on(Happening.CANCEL_ASKED, signed_at)
        order.cancel_fence_end = self.fence.end_of_doubt(
            signed_at, receive_window=receive_window, clock_error=clock_error
        )

    def amending(self, client_order_id: str, amount: Decimal, now: float) -> None:
        """An amend to this amount leaves now: until it is answered, either amount may be the order's.

        Fills up to the larger one count, and those up to the smaller one do not complete the order.

        Raises:
            KeyError: no such order is active.
        """
        order = self._active[client_order_id]
        order.expect_amount(amount)
        if order.doubt is not None:
            order.doubt = order.doubt.extended(self.fence.end_of_doubt(now))

    def withdraw(self, client_order_id: str, now: float) -> list[OrderEvent]:
        """Cancel an order that waits to be sent: it ends as never sent. One that was sent is left alone."""
        order = self._active.get(client_order_id)
        if order is None or order.is_sent:
            return []
        order.pass_on(Happening.WITHDRAWN, now)
        order.is_end_known = True
        return [*self._settle(order, now), *self._told_end(order, now)]

    def request_failed(
        self,
        client_order_id: str,
        now: float,
        *,
        command: Command = Command.PLACE,
        error_type: str | None = None,
        error_message: str | None = None,
        amount: Decimal | None = None,
    ) -> list[OrderEvent]:
        """A command certainly had no effect: it was not sent, or the venue refused it.

        `amount` is what a refused amend asked for (None: the amend that was sent last).

        An order that the venue has shown alive does not end because a placing of it was refused: that is
        a contradiction, and doubt.
        """
        order = self._active.get(client_order_id)
        if order is None or order.is_done:
            return []
        if command is Command.CANCEL:
            order.pass_on(Happening.CANCEL_REFUSED, now)
            order.cancel_fence_end = None
        if command is Command.AMEND:
            order.expect_no_more(amount)
            order.complete_by_trades(now)
        if command is not Command.PLACE:
            is_about_it = order.doubt is not None and order.doubt.reason is _DOUBTS[command]
            settled = self._settle(order, now) if is_about_it else []
            return [*settled, *self._completed(order, now)]
        if not order.is_pending_create:
            doubt = Doubt(reason=DoubtReason.CONTRADICTED, since=now, settles_at=now + self.fence.replica_lag)
            return self._enter_doubt(order, doubt, now)
        order.pass_on(Happening.REFUSED, now)
        order.is_end_known = True
        return [*self._settle(order, now), *self._told_end(order, now, error_message, error_type)]

    def doubt(
        self,
        client_order_id: str,
        now: float,
        *,
        command: Command = Command.PLACE,
        signed_at: float | None = None,
        receive_window: float | None = None,
        clock_error: float = 0.0,
        amount: Decimal | None = None,
    ) -> list[OrderEvent]:
        """A command was sent and its outcome is unknown. It must not be sent again.

        `signed_at` is the time that it carries (None: now). `amount` is what an amend asked for.
        """
        order = self._active.get(client_order_id)
        if order is None or order.is_done:
            return []
        order.is_sent = True
        settles_at = self.fence.end_of_doubt(
            now if signed_at is None else signed_at, receive_window=receive_window, clock_error=clock_error
        )
        if command is Command.PLACE:
            if not order.is_pending_create:
                return []  # the stream was faster than the answer: nothing is unknown
            order.fence_end = settles_at
        if command is Command.CANCEL:
            order.pass_on(Happening.CANCEL_ASKED, now)
            order.cancel_fence_end = settles_at
        if amount is not None:
            order.expect_amount(amount)
        return self._enter_doubt(order, Doubt(reason=_DOUBTS[command], since=now, settles_at=settles_at), now)

    # --- evidence

    def process_order_update(self, update: OrderUpdate) -> list[OrderEvent]:
        """Take in a status; what strategies are to hear of it, in order."""
        order = self.fetch_order(update.client_order_id, update.exchange_order_id, update.trading_pair)
        if order is None or not update.evidence.is_sighting():
            return []
        timestamp = update.update_timestamp
        events = self._reopened(order, update) if order.is_presumed else []
        is_withstood = order_evidence.withstands(self.fence, order, update)
        if is_withstood:
            settles_at = update.true_at() + self.fence.separation
            doubt = Doubt(reason=DoubtReason.CONTRADICTED, since=update.true_at(), settles_at=settles_at)
            events += self._enter_doubt(order, doubt, timestamp)
            update = msgspec.structs.replace(update, new_state=OrderState.PENDING_CREATE)
        if update.new_state is OrderState.PENDING_CANCEL and order.cancel_fence_end is None:
            order.cancel_fence_end = self.fence.end_of_doubt(timestamp)
        order.misses.clear()
        order.is_sent = True
        order.update_with_order_update(update)
        order_evidence.learn_alive(order, update)
        events += self._told_creation(order, timestamp)
        events += self._index(order)
        for trade in order.release_quarantine():
            events += self._told_fill(order, trade)
        if is_withstood:
            return [*events, *self._completed(order, timestamp)]
        said = update.misc_updates or {}
        ending = (said.get("error_message"), said.get("error_type"))
        return [*events, *self._concluded(order, update.true_at(), timestamp, *ending)]

    def process_trade_update(self, trade: TradeUpdate) -> list[OrderEvent]:
        """Take in a fill, found by either id; what strategies are to hear of it, in order."""
        order = self.fetch_order(trade.client_order_id, trade.exchange_order_id, trade.trading_pair)
        if order is None:
            self._strays.keep(trade)
            return []
        if order.fills.has_seen(trade.trade_id):
            return []
        events = self._revived(order, trade.fill_timestamp) if order.is_presumed else []
        if not order.update_with_trade_update(trade):
            return [*events, order_events.quarantined(order, trade)]
        order.misses.clear()
        order.is_sent = True
        if trade.exchange_order_id:
            order.bind(trade.exchange_order_id)
        events += self._told_creation(order, trade.fill_timestamp)
        events += self._told_fill(order, trade)
        events += self._index(order)
        return [*events, *self._concluded(order, trade.fill_timestamp, trade.fill_timestamp)]

    def fills_fetched(self, client_order_id: str, asked_at: float) -> None:
        """All trades that the venue had of an order at this moment have been handed in.

        An end that came without a figure has one now, if the question was asked after it.
        """
        order = self.fetch_order(client_order_id)
        if order is None or order.ended_at is None or asked_at < order.ended_at + self.fence.replica_lag:
            return
        order.is_end_known = True
        self._note_missing(order, asked_at)

    def not_found(self, client_order_id: str, evidence: Miss, now: float) -> list[OrderEvent]:
        """The venue answered, and the order was not in the answer.

        It proves nothing by itself: an order that was known comes into doubt. Where every question of the
        fence missed it at least twice in a row, the fence's separation apart, all asked after the end of the
        doubt, and nothing of it ever filled, it is presumed closed, and stays on watch.
        """
        order = self._active.get(client_order_id)
        if order is None or order.is_done:
            return []
        events: list[OrderEvent] = []
        if order.doubt is None:
            settles_at = order_evidence.end_of_absence(self.fence, order, evidence.asked_at)
            doubt = Doubt(reason=DoubtReason.NOT_FOUND, since=evidence.asked_at, settles_at=settles_at)
            events += self._enter_doubt(order, doubt, now)
        order.count_miss(evidence.question, evidence.asked_at)
        if not order_evidence.is_gone(self.fence, order):
            return events
        return [*events, *self.presume_closed(client_order_id, now)]

    def presume_closed(self, client_order_id: str, now: float) -> list[OrderEvent]:
        """End an open order unfilled without being told: what `not_found` found to be proved.

        For whoever reads that back; an order that is over, or that traded, is left alone.
        """
        order = self._active.get(client_order_id)
        if order is None or order.is_done or order_evidence.has_traded(order):
            return []
        order.pass_on(Happening.VANISHED, now)
        order.is_presumed = True
        order.is_end_known = True
        return [*self._settle(order, now), *self._told_end(order, now, _VANISHED, "OrderNotFound")]

    # --- memory

    def release_watched(self, now: float) -> list[str]:
        """Forget ended orders whose time on watch is over; their client ids.

        An end that was only presumed is watched as long as the venue keeps answers, a proven one for
        `watch_seconds`.
        """
        released = []
        for client_id, order in self._watched.items():
            patience = self.fence.answers_kept if order.is_presumed else self.watch_seconds
            if (order.ended_at or 0.0) + patience <= now:
                released.append(client_id)
            elif not order.is_presumed:
                break
        for client_id in released:
            order = self._watched.pop(client_id)
            self._short.pop(client_id, None)
            for exchange_id in order.exchange_order_ids:
                pairs = self._by_exchange_id[exchange_id]
                if pairs.get(order.trading_pair) is order:
                    del pairs[order.trading_pair]
                if not pairs:
                    del self._by_exchange_id[exchange_id]
        return released

    @property
    def tracking_states(self) -> dict[str, Any]:
        """Everything that must survive a restart, as plain values by client id; ended orders first."""
        return {
            client_id: order.to_json()
            for orders in (self._watched, self._active)
            for client_id, order in orders.items()
        }

    def restore_tracking_states(self, tracking_states: Mapping[str, Any], now: float) -> list[OrderEvent]:
        """Take up what was kept. Orders that were not over are in doubt, with a bound, until somebody asks.

        Restoring what is tracked already changes nothing.
        """
        events: list[OrderEvent] = []
        for client_id, state in tracking_states.items():
            if self.fetch_order(client_id) is not None:
                continue
            order = InFlightOrder.from_json(state)
            (self._watched if order.is_watched else self._active)[client_id] = order
            events += self._index(order)
            self._note_missing(order, now)
            events += self._resumed(order, now)
        return events

    def resume(self, now: float) -> list[OrderEvent]:
        """We were away until now: an order that was not over is in doubt, with a bound, until it is seen."""
        return [event for order in self._active.values() for event in self._resumed(order, now)]

    def doubt_anew(self, client_order_id: str, doubt: Doubt) -> None:
        """Take up a doubt that was kept; an order that is over has none."""
        order = self._active.get(client_order_id)
        if order is not None and order.is_open:
            order.enter_doubt(doubt)

    # --- inside

    def _resumed(self, order: InFlightOrder, now: float) -> list[OrderEvent]:
        if order.is_done:
            return []
        settles_at = order_evidence.end_of_absence(self.fence, order, now)
        doubt = Doubt(reason=DoubtReason.RESTART, since=now, settles_at=settles_at)
        order.enter_doubt(doubt)
        return [order_events.in_doubt(order, order.doubt or doubt, now)]

    def _index(self, order: InFlightOrder) -> list[OrderEvent]:
        """Make it known under its exchange ids, and count the trades that waited for one of these."""
        events: list[OrderEvent] = []
        for exchange_id in order.exchange_order_ids:
            pairs = self._by_exchange_id.setdefault(exchange_id, {})
            if pairs.setdefault(order.trading_pair, order) is order:
                for trade in self._strays.claim(exchange_id, order.trading_pair):
                    events += self.process_trade_update(trade)
        return events

    def _reopened(self, order: InFlightOrder, update: OrderUpdate) -> list[OrderEvent]:
        """What a status does to an order that is presumed closed: confirm it, reopen it, or nothing."""
        if order_evidence.confirms_end(update):
            order.is_presumed = False
            return []
        if not order_evidence.shows_life(order, update):
            return []
        return self._revived(order, update.update_timestamp)

    def _revived(self, order: InFlightOrder, timestamp: float) -> list[OrderEvent]:
        order.reopen(timestamp)
        order.is_watched = False
        self._active[order.client_order_id] = self._watched.pop(order.client_order_id)
        return [order_events.reopened(order, timestamp)]

    def _enter_doubt(self, order: InFlightOrder, doubt: Doubt, timestamp: float) -> list[OrderEvent]:
        return [order_events.in_doubt(order, doubt, timestamp)] if order.enter_doubt(doubt) else []

    def _settle(self, order: InFlightOrder, timestamp: float) -> list[OrderEvent]:
        if order.doubt is None:
            return []
        order.leave_doubt()
        return [order_events.settled(order, timestamp)]

    def _note_missing(self, order: InFlightOrder, timestamp: float) -> None:
        if order.is_short_of_fills:
            self._short.setdefault(order.client_order_id, timestamp)
        else:
            self._short.pop(order.client_order_id, None)

    def _told_creation(self, order: InFlightOrder, timestamp: float) -> list[OrderEvent]:
        """Created, once: when the venue has shown it, before its fills. A refused order was not created."""
        is_shown = bool(order.order_fills) or not (order.is_pending_create or order.is_failure)
        if order.is_creation_told or not is_shown:
            return []
        order.is_creation_told = True
        return [order_events.created(order, timestamp)]

    def _told_fill(self, order: InFlightOrder, trade: TradeUpdate) -> list[OrderEvent]:
        events = [order_events.filled(order, trade)]
        if order.is_end_told:
            events.append(order_events.filled_late(order, trade))
        return events

    def _concluded(
        self,
        order: InFlightOrder,
        true_at: float,
        timestamp: float,
        error_message: str | None = None,
        error_type: str | None = None,
    ) -> list[OrderEvent]:
        """What evidence leads to once it is taken in: the end of a doubt, the end of the order."""
        settled = self._settle(order, timestamp) if order.is_settled_by(true_at) else []
        return [*settled, *self._completed(order, timestamp, error_message, error_type)]

    def _completed(
        self,
        order: InFlightOrder,
        timestamp: float,
        error_message: str | None = None,
        error_type: str | None = None,
    ) -> list[OrderEvent]:
        """The end, as soon as all fills that it claims are here."""
        self._note_missing(order, timestamp)
        if order.is_watched or not order.is_end_complete:
            return []
        return self._told_end(order, timestamp, error_message, error_type)

    def _told_end(
        self,
        order: InFlightOrder,
        timestamp: float,
        error_message: str | None = None,
        error_type: str | None = None,
    ) -> list[OrderEvent]:
        """The one terminal event, and the move to the watched orders; a second end is only settled."""
        self._active.pop(order.client_order_id)
        self._watched[order.client_order_id] = order
        order.is_watched = True
        self._note_missing(order, timestamp)
        if order.is_end_told:
            return [order_events.settled(order, timestamp)]
        order.is_end_told = True
        if order.is_failure:
            return [order_events.failed(order, timestamp, error_message, error_type)]
        return [order_events.ended(order, timestamp)]
