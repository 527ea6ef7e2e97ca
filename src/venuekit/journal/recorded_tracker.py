"""An order tracker whose inputs are in the journal before anybody hears what came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from venuekit.journal import record, translation
from venuekit.journal.recall import RecalledOrders
from venuekit.journal.record import (
    AmendIntent,
    Answered,
    Body,
    CancelIntent,
    Ended,
    Reopened,
    Sending,
    Settled,
)
from venuekit.model.events import (
    DoubtReason,
    FillQuarantined,
    MarketOrderFailureEvent,
    OrderEvent,
    OrderFilledEvent,
    OrderReopened,
)
from venuekit.model.order import Command
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.endpoint import Outcome
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Doubt, Miss
from venuekit.state.order_memory import OrderMemory

__all__ = ["RecordedTracker"]

_NOT_KEPT = ("intent", "misses", "exchange_order_ids", "possible_amounts")
_KEPT = tuple(name for name in OrderMemory.__struct_fields__ if name not in _NOT_KEPT)
"""What of an order is worth a record when it changes. Absences are counted anew after a restart."""
_CUT_OFF = "by the records before it: the run ended before this was written"


class RecordedTracker:
    """The tracker of recalled orders (none, with a new journal), with the same inputs.

    Whoever reads orders reads them in `tracker`. Call `resume` before the first input.

    What we do (an intent, a command that leaves) is written before the tracker learns of it, what we are told
    right after; both before the events are handed to the caller. A status that changes nothing is not
    written. `write` appends a record and returns its number, `clock` tells this machine's time.

    Every method raises what `write` raises: nothing may be sent or told after that.
    """

    def __init__(
        self, recalled: RecalledOrders, write: Callable[[Body], int], clock: Callable[[], float]
    ) -> None:
        self.connector = recalled.connector
        self.tracker = recalled.tracker
        self._recalled = recalled
        self._write = write
        self._clock = clock

    # --- commands

    def start(self, order: InFlightOrder) -> tuple[int, list[OrderEvent]]:
        """Track an order from its intent on; the record's number, and what is to be heard.

        Raises:
            ValueError: its client id is taken.
        """
        if self.tracker.fetch_order(order.client_order_id) is not None:
            raise ValueError(f"the order {order.client_order_id} is tracked already")
        number = self._write(translation.intent_of(order, self.connector, self._clock()))
        before = _Glance(order)
        events = self.tracker.start(order)
        self._note(before, events, "found at the venue")
        return number, events

    def cancel_wanted(self, client_order_id: str, why: str | None = None) -> int:
        """An order is to be cancelled; the record's number."""
        return self._write(CancelIntent(at=self._clock(), client_id=client_order_id, why=why))

    def amend_wanted(self, client_order_id: str, change: Mapping[str, str]) -> int:
        """An order is to become what `change` says, in the words of its `to_json`; the record's number."""
        return self._write(AmendIntent(at=self._clock(), client_id=client_order_id, change=dict(change)))

    def sending(
        self,
        client_order_id: str,
        signed_at: float,
        *,
        path: str,
        command: Command = Command.PLACE,
        receive_window: float | None = None,
        clock_error: float = 0.0,
        amount: Decimal | None = None,
    ) -> int:
        """A signed command leaves as soon as the record of the returned number is kept.

        `path` is the way it goes, `amount` what an amend asks for.

        Raises:
            KeyError: no such order is active; what was withdrawn must not leave.
        """
        if client_order_id not in self.tracker.active_orders:
            raise KeyError(client_order_id)
        number = self._write(
            Sending(
                at=self._clock(),
                client_id=client_order_id,
                command=translation.recorded(command),
                signed_at=signed_at,
                receive_window=receive_window,
                path=path,
                clock_error=clock_error,
                amount=amount,
            )
        )
        if command is Command.PLACE:
            self.tracker.sending(
                client_order_id, signed_at, receive_window=receive_window, clock_error=clock_error
            )
        if command is Command.CANCEL:
            self.tracker.cancelling(
                client_order_id, signed_at, receive_window=receive_window, clock_error=clock_error
            )
        if amount is not None:
            self.tracker.amending(client_order_id, amount, signed_at)
        return number

    def answered(
        self, client_order_id: str, command: Command = Command.PLACE, ids: Mapping[str, str] | None = None
    ) -> int:
        """The venue took a command; what it says of the order comes as a status of its own."""
        return self._write(
            Answered(
                at=self._clock(),
                client_id=client_order_id,
                command=translation.recorded(command),
                outcome=Outcome.DONE,
                ids=dict(ids or {}),
            )
        )

    def withdraw(self, client_order_id: str, now: float) -> list[OrderEvent]:
        """Cancel an order that waits to be sent: it ends as never sent. One that was sent is left alone."""
        before = self._glance(client_order_id)
        events = self.tracker.withdraw(client_order_id, now)
        return self._note(before, events, "withdrawn before it was sent")

    def request_failed(
        self,
        client_order_id: str,
        now: float,
        *,
        command: Command = Command.PLACE,
        outcome: Outcome = Outcome.REFUSED,
        error_type: str | None = None,
        error_message: str | None = None,
        code: int | None = None,
        amount: Decimal | None = None,
    ) -> list[OrderEvent]:
        """A command certainly had no effect: it was not sent, or the venue refused it."""
        before = self._glance(client_order_id)
        events = self.tracker.request_failed(
            client_order_id,
            now,
            command=command,
            error_type=error_type,
            error_message=error_message,
            amount=amount,
        )
        self._write(
            Answered(
                at=self._clock(),
                client_id=client_order_id,
                command=translation.recorded(command),
                outcome=outcome,
                error=error_type,
                code=code,
                message=error_message,
                venue_time=now,
                amount=amount,
            )
        )
        return self._note(before, events, f"{command.value}: {outcome.value}")

    def doubt(
        self,
        client_order_id: str,
        now: float,
        *,
        command: Command = Command.PLACE,
        why: str = "",
        signed_at: float | None = None,
        receive_window: float | None = None,
        clock_error: float = 0.0,
        amount: Decimal | None = None,
    ) -> list[OrderEvent]:
        """A command was sent and its outcome is unknown, for the reason `why`."""
        before = self._glance(client_order_id)
        events = self.tracker.doubt(
            client_order_id,
            now,
            command=command,
            signed_at=signed_at,
            receive_window=receive_window,
            clock_error=clock_error,
            amount=amount,
        )
        if before is not None and before.has_changed():
            self._write(
                record.Doubt(
                    at=self._clock(),
                    client_id=client_order_id,
                    command=translation.recorded(command),
                    why=why,
                    until=before.order.doubt.settles_at if before.order.doubt else None,
                    since=now,
                    signed_at=signed_at,
                    receive_window=receive_window,
                    clock_error=clock_error,
                    amount=amount,
                )
            )
        else:
            self._write(
                Answered(
                    at=self._clock(),
                    client_id=client_order_id,
                    command=translation.recorded(command),
                    outcome=Outcome.UNKNOWN,
                    message=why or None,
                )
            )
        return events

    # --- evidence

    def process_order_update(self, update: OrderUpdate) -> list[OrderEvent]:
        """Take in a status."""
        order = self.tracker.fetch_order(
            update.client_order_id, update.exchange_order_id, update.trading_pair
        )
        before = None if order is None else _Glance(order)
        events = self.tracker.process_order_update(update)
        if before is not None and before.has_changed():
            self._write(translation.updated_of(update, before.order.client_order_id, self._clock()))
        return self._note(before, events, f"{update.evidence.name}: {update.new_state.name}")

    def process_trade_update(self, trade: TradeUpdate) -> list[OrderEvent]:
        """Take in a fill."""
        order = self.tracker.fetch_order(trade.client_order_id, trade.exchange_order_id, trade.trading_pair)
        before = None if order is None else _Glance(order)
        events = self.tracker.process_trade_update(trade)
        return self._note(before, events, f"trade {trade.trade_id}")

    def fills_fetched(self, client_order_id: str, asked_at: float) -> None:
        """All trades that the venue had of an order at this moment have been handed in."""
        before = self._glance(client_order_id)
        self.tracker.fills_fetched(client_order_id, asked_at)
        if before is not None and before.has_changed():
            self._write(
                Settled(
                    at=self._clock(),
                    client_id=client_order_id,
                    how="all its trades",
                    fills_as_of=asked_at,
                )
            )

    def not_found(self, client_order_id: str, evidence: Miss, now: float) -> list[OrderEvent]:
        """The venue answered, and the order was not in the answer."""
        before = self._glance(client_order_id)
        events = self.tracker.not_found(client_order_id, evidence, now)
        return self._note(before, events, f"{evidence.question.value}: not found")

    # --- memory

    def resume(self, now: float) -> list[OrderEvent]:
        """Go on from what was recalled.

        Orders that never left end as such, commands whose answer never came are in doubt, and so is every
        order that was not over, until it is seen. What came of the last record before the end of the run is
        written, where that was cut off.
        """
        for order in self._recalled.half_told:
            self._tell_rest(order)
        events: list[OrderEvent] = []
        for client_order_id in self._recalled.unsent:
            events += self.withdraw(client_order_id, now)
        for item in self._recalled.unanswered:
            events += self.doubt(
                item.client_id,
                now,
                command=translation.command_of(item.command),
                why="the run ended before the answer",
                signed_at=item.signed_at,
                receive_window=item.receive_window,
                clock_error=item.clock_error,
                amount=item.amount,
            )
        resumed = self.tracker.resume(now)
        for event in resumed:
            order = self.tracker.active_orders[event.order_id]
            settles_at = None if order.doubt is None else order.doubt.settles_at
            away = Doubt(reason=DoubtReason.RESTART, since=now, settles_at=settles_at)
            self._write(translation.doubt_of(away, event.order_id, self._clock()))
        return [*events, *resumed]

    def restore(self, tracking_states: Mapping[str, Any], now: float) -> list[OrderEvent]:
        """Take up orders that were kept elsewhere, as `tracking_states` gives them.

        Known ones are left alone; those that were not over are in doubt until asked for.
        """
        events: list[OrderEvent] = []
        for client_order_id, state in tracking_states.items():
            if self.tracker.fetch_order(client_order_id) is not None:
                continue
            self._write(translation.kept_elsewhere(state, self.connector, now, self._clock()))
            events += self.tracker.restore_tracking_states({client_order_id: state}, now)
            order = self.tracker.watched_orders.get(client_order_id)
            if order is not None:
                self._write_end(order, "over when it was restored")
        return events

    # --- inside

    def _glance(self, client_order_id: str) -> _Glance | None:
        order = self.tracker.fetch_order(client_order_id)
        return None if order is None else _Glance(order)

    def _note(self, before: _Glance | None, events: list[OrderEvent], how: str) -> list[OrderEvent]:
        """Write what an input led to: fills, then doubt, then life and end. The events, for the caller."""
        for event in events:
            if isinstance(event, OrderFilledEvent | FillQuarantined):
                self._write_fill(event, before)
        if before is None or not before.has_changed():
            return events
        order, at = before.order, self._clock()
        client_id = order.client_order_id
        if before.doubt is None and order.doubt is not None:
            self._write(translation.doubt_of(order.doubt, client_id, at))
        if before.doubt is not None and order.doubt is None:
            self._write(Settled(at=at, client_id=client_id, how=how))
        if before.is_watched and any(isinstance(event, OrderReopened) for event in events):
            self._write(Reopened(at=at, client_id=client_id, why=how))
        if order.is_watched:
            self._write_end(order, _reason(events, how))
        return events

    def _tell_rest(self, order: InFlightOrder) -> None:
        """Write what the records lead to, and do not tell."""
        client_order_id = order.client_order_id
        standing, at = self._recalled.standings[client_order_id], self._clock()
        if standing.doubts and order.doubt is None:
            self._write(Settled(at=at, client_id=client_order_id, how=_CUT_OFF))
        if order.is_watched and standing.is_open:
            self._write_end(order, _CUT_OFF)
        if not order.is_watched and not standing.is_open:
            self._write(Reopened(at=at, client_id=client_order_id, why=_CUT_OFF))

    def _write_end(self, order: InFlightOrder, reason: str) -> None:
        self._write(
            Ended(
                at=self._clock(),
                client_id=order.client_order_id,
                state=order.current_state.name,
                reason=reason,
                presumed=order.is_presumed,
                venue_time=order.ended_at,
            )
        )

    def _write_fill(self, event: OrderFilledEvent | FillQuarantined, before: _Glance | None) -> None:
        """Each trade once: one that comes out of quarantine was written when it went in."""
        order = self.tracker.fetch_order(event.order_id)
        if order is None or (before is not None and event.exchange_trade_id in before.quarantined):
            return
        trade = order.order_fills.get(event.exchange_trade_id)
        if trade is None:
            trade = order.quarantined_fills[event.exchange_trade_id]
        self._write(translation.filled_of(trade, order.client_order_id, self._clock()))


class _Glance:
    """An order as it was a moment ago."""

    __slots__ = ("_was", "doubt", "is_watched", "order", "quarantined")

    def __init__(self, order: InFlightOrder) -> None:
        self.order = order
        self.doubt = order.doubt
        self.is_watched = order.is_watched
        self.quarantined = tuple(order.quarantined_fills)
        self._was = _facts(order)

    def has_changed(self) -> bool:
        """Whether anything of it is different now that must survive a restart."""
        return _facts(self.order) != self._was


def _facts(order: InFlightOrder) -> tuple[object, ...]:
    facts = [getattr(order, name) for name in _KEPT]
    lists = (tuple(order.exchange_order_ids), tuple(order.possible_amounts))
    fills = (len(order.order_fills), len(order.quarantined_fills))
    return (*facts, *lists, *fills, order.amount, order.price, order.last_update_timestamp)


def _reason(events: Iterable[OrderEvent], how: str) -> str:
    """Why an order is over: the venue's words where it was refused."""
    failures = [event.error_message for event in events if isinstance(event, MarketOrderFailureEvent)]
    return next((message for message in failures if message), how)
