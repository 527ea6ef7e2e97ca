"""The face of the order tracker: what it takes in is remembered, what it tells is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from msgspec.structs import replace

from venuekit import errors
from venuekit.journal.recall import RecalledOrders
from venuekit.journal.recorded_tracker import RecordedTracker
from venuekit.journal.writer import Journal
from venuekit.model.account import OrderAnswer
from venuekit.model.decimals import plain
from venuekit.model.events import (
    ORDER_EVENT_TAGS,
    CommandRefused,
    EventTag,
    OrderAmended,
    OrderEvent,
    OrderFilledEvent,
)
from venuekit.model.order import Command
from venuekit.model.order_update import Evidence, OrderUpdate, TradeUpdate
from venuekit.protocol.endpoint import Outcome
from venuekit.protocol.fence import Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Miss
from venuekit.web.departure import Departure

__all__ = ["ClientOrderTracker", "TrackerOwner"]


class TrackerOwner(Protocol):
    """What the tracker needs of its connector."""

    name: str

    def venue_time(self) -> float:
        """The venue's clock, in seconds."""
        ...

    def clock_error(self) -> float:
        """How far `venue_time` may be off, in seconds."""
        ...

    def local_time(self) -> float:
        """This machine's clock, in seconds: what records are stamped with."""
        ...

    def tell(self, event_tag: EventTag, event: OrderEvent) -> None:
        """Publish an event."""
        ...

    def order_traded(self, client_order_id: str, traded_at: float) -> None:
        """An order filled for the first time, at this time of the venue."""
        ...


class ClientOrderTracker:
    """Every input goes into the machine, into the journal, and what follows from it to the listeners.

    In this order: what a listener was told is in the journal. Whatever takes something in raises
    `errors.JournalUnusable` where that cannot be remembered; then nothing is told. Names follow the
    vocabulary that connectors share; `machine` answers what is not repeated here.
    """

    def __init__(self, owner: TrackerOwner, journal: Journal, recalled: RecalledOrders) -> None:
        self.machine = recalled.tracker
        self._recorded = RecordedTracker(recalled, journal.append, owner.local_time)
        self._recalled = recalled
        self._owner = owner
        self._journal = journal

    # --- looking up

    @property
    def active_orders(self) -> Mapping[str, InFlightOrder]:
        """Orders without a terminal event, by client id: a view that follows."""
        return self.machine.active_orders

    @property
    def cached_orders(self) -> Mapping[str, InFlightOrder]:
        """Ended orders that evidence may still concern, by client id."""
        return self.machine.watched_orders

    @property
    def lost_orders(self) -> dict[str, InFlightOrder]:
        """Ended orders that are only presumed to be over, by client id."""
        return {name: order for name, order in self.cached_orders.items() if order.is_presumed}

    @property
    def all_orders(self) -> dict[str, InFlightOrder]:
        """Active and ended ones."""
        return {**self.cached_orders, **self.active_orders}

    @property
    def all_fillable_orders(self) -> dict[str, InFlightOrder]:
        """Orders that a fill may still concern: all of them."""
        return self.all_orders

    @property
    def all_updatable_orders(self) -> dict[str, InFlightOrder]:
        """Orders whose status may still change."""
        return {**self.lost_orders, **self.active_orders}

    def fetch_order(
        self, client_order_id: str | None = None, exchange_order_id: str | None = None
    ) -> InFlightOrder | None:
        """The order of either id, active or ended; None if there is none."""
        return self.machine.fetch_order(client_order_id, exchange_order_id)

    def fetch_tracked_order(self, client_order_id: str) -> InFlightOrder | None:
        """An active order."""
        return self.active_orders.get(client_order_id)

    def fetch_cached_order(self, client_order_id: str) -> InFlightOrder | None:
        """An ended order."""
        return self.cached_orders.get(client_order_id)

    def fetch_lost_order(self, client_order_id: str) -> InFlightOrder | None:
        """An order that is presumed to be over."""
        return self.lost_orders.get(client_order_id)

    # --- commands

    def start_tracking_order(self, order: InFlightOrder) -> None:
        """Remember that an order is wanted, and follow it from now on.

        Raises:
            errors.JournalUnusable: it cannot be remembered.
            ValueError: its client id is taken.
        """
        _, events = self._recorded.start(order)
        self._publish(events)

    def cancel_wanted(self, order: InFlightOrder, why: str | None = None) -> bool:
        """A cancel is asked for: an order that was not sent ends here, as never sent. Whether it did."""
        self._recorded.cancel_wanted(order.client_order_id, why)
        self._publish(self._recorded.withdraw(order.client_order_id, self._owner.venue_time()))
        return order.is_done

    def amend_wanted(self, order: InFlightOrder, amount: Decimal, price: Decimal | None) -> None:
        """A change is asked for."""
        change = {"amount": plain(amount)} | ({} if price is None else {"price": plain(price)})
        self._recorded.amend_wanted(order.client_order_id, change)

    async def sending(
        self, order: InFlightOrder, command: Command, departure: Departure, *, amount: Decimal | None = None
    ) -> None:
        """A command leaves now. Returns when that is remembered as durably as was asked for.

        Raises:
            errors.JournalUnusable: it cannot be remembered; it must not leave.
            errors.Withdrawn: the order is over; its command must not leave.
        """
        if order.client_order_id not in self.active_orders:
            raise errors.Withdrawn(f"{order.client_order_id} is over: its {command.value} is not sent")
        number = self._recorded.sending(
            order.client_order_id,
            departure.signed_at,
            path=departure.path,
            command=command,
            receive_window=departure.receive_window,
            clock_error=self._owner.clock_error(),
            amount=amount,
        )
        await self._journal.kept(number)

    def answered(self, order: InFlightOrder, command: Command, answer: OrderAnswer) -> None:
        """The venue carried a command out."""
        update = answer.update
        exchange_id = None if update is None else update.exchange_order_id
        ids = {} if exchange_id is None else {"order": exchange_id}
        self._recorded.answered(order.client_order_id, command, ids)
        for trade in answer.fills:
            self.process_trade_update(trade)
        if update is not None:
            self.process_order_update(update, Evidence.ENGINE_ANSWER)
        if command is Command.AMEND:
            now = self._owner.venue_time()
            self._publish(
                [
                    OrderAmended(
                        timestamp=now, order_id=order.client_order_id, amount=order.amount, price=order.price
                    )
                ]
            )

    def refused(
        self,
        order: InFlightOrder,
        command: Command,
        error: errors.VenuekitError,
        *,
        amount: Decimal | None = None,
    ) -> None:
        """A command certainly had no effect."""
        is_refusal = isinstance(error, errors.Refused)
        events = self._recorded.request_failed(
            order.client_order_id,
            self._owner.venue_time(),
            command=command,
            outcome=Outcome.REFUSED if is_refusal else Outcome.NOT_SENT,
            error_type=type(error).__name__,
            error_message=str(error),
            code=error.code if isinstance(error, errors.Refused) else None,
            amount=amount,
        )
        self._publish(events)
        if command is not Command.PLACE and not isinstance(error, errors.OrderNotFound) and order.is_open:
            refusal = CommandRefused(
                timestamp=self._owner.venue_time(),
                order_id=order.client_order_id,
                command=command,
                error_type=type(error).__name__,
                error_message=str(error),
            )
            self._publish([refusal])

    def doubted(
        self,
        order: InFlightOrder,
        command: Command,
        departure: Departure,
        why: BaseException | None,
        *,
        amount: Decimal | None = None,
    ) -> None:
        """A command left, and nobody knows what became of it."""
        events = self._recorded.doubt(
            order.client_order_id,
            self._owner.venue_time(),
            command=command,
            why="nobody waited for the answer" if why is None else f"{type(why).__name__}: {why}",
            signed_at=departure.signed_at,
            receive_window=departure.receive_window,
            clock_error=self._owner.clock_error(),
            amount=amount,
        )
        self._publish(events)

    # --- evidence

    def process_order_update(
        self, update: OrderUpdate, evidence: Evidence | None = None, observed_at: float | None = None
    ) -> None:
        """Take in a status; `evidence` and `observed_at` (venue's seconds) where who asked knows better."""
        if evidence is not None:
            update = replace(update, evidence=evidence, observed_at=observed_at)
        self._publish(self._recorded.process_order_update(update))

    def process_trade_update(self, trade: TradeUpdate) -> None:
        """Take in a fill, found by either id; one that is known already changes nothing."""
        self._publish(self._recorded.process_trade_update(trade))

    def process_order_not_found(
        self, client_order_id: str, question: Question = Question.ORDER, asked_at: float | None = None
    ) -> None:
        """The venue answered a question asked at `asked_at` (venue's seconds), without this order."""
        now = self._owner.venue_time()
        miss = Miss(question=question, asked_at=now if asked_at is None else asked_at)
        self._publish(self._recorded.not_found(client_order_id, miss, now))

    def fills_fetched(self, order: InFlightOrder, asked_at: float) -> None:
        """All trades that the venue had of an order when it was asked have been handed in."""
        self._recorded.fills_fetched(order.client_order_id, asked_at)

    # --- memory

    def take_up(self) -> tuple[str, ...]:
        """Go on from what the journal holds; our ids of the orders whose cancel was wanted and never sent."""
        self._publish(self._recorded.resume(self._owner.venue_time()))
        return tuple(name for name in self._recalled.cancels_wanted if name in self.active_orders)

    @property
    def tracking_states(self) -> dict[str, Any]:
        """Everything that must survive a restart, as plain values by client id."""
        return self.machine.tracking_states

    def restore_tracking_states(self, tracking_states: Mapping[str, Any]) -> None:
        """Take up orders that were kept elsewhere; those that were not over are in doubt until asked for."""
        self._publish(self._recorded.restore(tracking_states, self._owner.venue_time()))

    # --- inside

    def _publish(self, events: Iterable[OrderEvent]) -> None:
        for event in events:
            self._owner.tell(ORDER_EVENT_TAGS[type(event)], event)
            if isinstance(event, OrderFilledEvent) and self._is_first_fill(event):
                self._owner.order_traded(event.order_id, event.timestamp)

    def _is_first_fill(self, event: OrderFilledEvent) -> bool:
        """Whether this fill, however it was heard of, is the one with which its order began to trade."""
        order = self.fetch_order(event.order_id)
        return order is not None and event.exchange_trade_id == next(iter(order.order_fills), None)
