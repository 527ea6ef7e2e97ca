"""Commands on their way to a venue: each is remembered, sent at most once, and its answer taken in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Protocol

from venuekit import errors
from venuekit.connector.account_questions import AccountQuestions
from venuekit.connector.client_order_tracker import ClientOrderTracker
from venuekit.model.account import OrderAnswer
from venuekit.model.order import Command
from venuekit.seams.clock import Clock
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_check import Violation
from venuekit.state.order_lifecycle import CancelRequest
from venuekit.web.departure import Departure, Leaving
from venuekit.web.waiting import first_of

__all__ = ["DeskOwner", "OrderDesk"]

# How long a cancel waits for the answer to its order; longer, and it goes out on its own.
_HEAD_START = 1.0
# How often, in seconds, a cancel looks whether the order that it did not find has appeared.
_LOOK = 0.02


class DeskOwner(Protocol):
    """What the desk needs besides the venue."""

    def violations(self, order: InFlightOrder) -> tuple[Violation, ...]:
        """Which of the venue's rules an order would break, as far as they are known now."""
        ...

    async def measure_clock(self) -> None:
        """Learn the venue's time anew."""
        ...

    def ask_soon(self, order: InFlightOrder) -> None:
        """Let the venue be asked about this order without delay."""
        ...

    def require_running(self) -> None:
        """Make sure that a command can be sent.

        Raises:
            errors.NotReady: the connector is not started, or is stopping.
        """
        ...

    def answer_came(self, left_at: float) -> None:
        """The venue carried out a command that left then (monotonic seconds): its stream tells of it, too."""
        ...


class _Trip:
    """One command of one order: whether it left, and with which signing time."""

    def __init__(self, order: InFlightOrder, command: Command) -> None:
        self.order = order
        self.command = command
        self.departure: Departure | None = None
        self.left_at = 0.0
        self.is_concluded = False


class OrderDesk:
    """Sends commands. Where the fate of one is not known, its order is in doubt, and it is not sent again.

    `begin` starts a task of the connector; when it is cancelled in the middle of a command that left, the
    order is in doubt like after a lost answer.
    """

    def __init__(
        self,
        owner: DeskOwner,
        venue: AccountQuestions,
        tracker: ClientOrderTracker,
        begin: Callable[[str, Callable[[], Awaitable[None]]], asyncio.Task[None]],
        clock: Clock,
    ) -> None:
        self._owner = owner
        self._venue = venue
        self._clock = clock
        self._tracker = tracker
        self._begin = begin
        self._placing: dict[str, asyncio.Task[None]] = {}
        self._cancelling: dict[str, asyncio.Task[None]] = {}
        self._amending: dict[str, asyncio.Task[None]] = {}

    # --- what strategies ask for

    def place(self, order: InFlightOrder) -> None:
        """Remember an order, and send it when the rate limits let it pass.

        Raises:
            errors.JournalUnusable: it cannot be remembered; it will not be sent.
            errors.NotReady: the connector is stopping; nothing is remembered.
        """
        self._owner.require_running()
        self._tracker.start_tracking_order(order)
        self._go(self._placing, order, lambda: self._place(order))

    def cancel(self, order: InFlightOrder, why: str | None = None) -> asyncio.Task[None] | None:
        """Cancel an order; None where nothing must be sent: it is over, or was not sent and never will be.

        A second cancel while one is on its way joins it.

        Raises:
            errors.JournalUnusable: it cannot be remembered; it will not be sent.
            errors.NotReady: the connector is stopping; nothing is remembered.
        """
        if order.is_done:
            return None
        under_way = self._cancelling.get(order.client_order_id)
        if under_way is not None:
            return under_way
        self._owner.require_running()
        if self._tracker.cancel_wanted(order, why):
            return None
        return self._go(self._cancelling, order, lambda: self._cancel(order))

    def amend(self, order: InFlightOrder, amount: Decimal, price: Decimal | None) -> asyncio.Task[None]:
        """Change a resting order to this amount in base, and to this price in quote (None: as it is).

        Raises:
            errors.JournalUnusable: it cannot be remembered; it will not be sent.
            errors.NotReady: another change of it is on its way, or the connector is stopping.
        """
        self._owner.require_running()
        if order.client_order_id in self._amending:
            raise errors.NotReady(f"{order.client_order_id} is being amended already")
        self._tracker.amend_wanted(order, amount, price)
        return self._go(self._amending, order, lambda: self._amend(order, amount, price))

    @property
    def under_way(self) -> list[asyncio.Task[None]]:
        """Every command that is not concluded."""
        return [*self._placing.values(), *self._cancelling.values(), *self._amending.values()]

    def _go(
        self,
        tasks: dict[str, asyncio.Task[None]],
        order: InFlightOrder,
        step: Callable[[], Awaitable[None]],
    ) -> asyncio.Task[None]:
        name = order.client_order_id
        task = tasks[name] = self._begin("order command", step)

        def forget(ended: asyncio.Task[None]) -> None:
            if tasks.get(name) is ended:
                del tasks[name]

        task.add_done_callback(forget)
        return task

    # --- the way of a command

    async def _place(self, order: InFlightOrder) -> None:
        async def send(leaving: Leaving) -> OrderAnswer:
            violations = self._owner.violations(order)
            if violations:
                words = "; ".join(violation.message for violation in violations)
                raise errors.OrderRuleViolated(words, violations)
            return await self._venue.place_order(order, leaving)

        await self._travel(order, Command.PLACE, send)

    async def _cancel(self, order: InFlightOrder) -> None:
        def send(leaving: Leaving) -> Awaitable[OrderAnswer]:
            return self._venue.cancel_order(order, leaving)

        placing = self._placing.get(order.client_order_id)
        was_unseen = order.is_pending_create
        if placing is not None:
            # A cancel on another connection can overtake its order, and then cancels nothing.
            await first_of(self._clock.sleep(_HEAD_START), tasks=(placing,))
        await self._travel(order, Command.CANCEL, send)
        if was_unseen and order.cancel is CancelRequest.NONE:
            # It was answered, and had no effect: the order was not there yet. It may come while it can be
            # accepted, though the answer to it be lost.
            while order.is_pending_create:
                await self._clock.sleep(_LOOK)
            await self._travel(order, Command.CANCEL, send)

    async def _amend(self, order: InFlightOrder, amount: Decimal, price: Decimal | None) -> None:
        await self._travel(
            order,
            Command.AMEND,
            lambda leaving: self._venue.amend_order(order, amount, price, leaving),
            amount,
        )

    async def _travel(
        self,
        order: InFlightOrder,
        command: Command,
        send: Callable[[Leaving], Awaitable[OrderAnswer]],
        amount: Decimal | None = None,
    ) -> None:
        """Send a command; once more where the venue refused it for nothing but its time."""
        if order.is_done:
            return
        try:
            await self._send(order, command, send, amount, is_last=False)
        except errors.ClockSkewed as refusal:
            if await self._measures_clock():
                await self._send(order, command, send, amount, is_last=True)
            else:
                # Whatever kept the clock from being measured: the command was sent, and the venue refused it.
                self._tracker.refused(order, command, refusal, amount=amount)

    async def _measures_clock(self) -> bool:
        try:
            await self._owner.measure_clock()
        except errors.VenuekitError:
            return False
        return True

    async def _send(
        self,
        order: InFlightOrder,
        command: Command,
        send: Callable[[Leaving], Awaitable[OrderAnswer]],
        amount: Decimal | None,
        *,
        is_last: bool,
    ) -> None:
        trip = _Trip(order, command)
        why: BaseException | None = None
        try:
            answer = await send(self._leaving(trip, amount))
        except errors.Withdrawn:
            trip.is_concluded = True  # its end was told when it was withdrawn
        except errors.ClockSkewed as error:
            trip.is_concluded = True
            if is_last:
                self._tracker.refused(order, command, error, amount=amount)
            else:
                raise
        except errors.OrderAlreadyExists as error:
            why = error  # an order with this id lives: the opposite of a refusal
        except errors.OrderNotFound as error:
            trip.is_concluded = True
            self._tracker.refused(order, command, error, amount=amount)
            self._owner.ask_soon(order)  # it may just have filled
        except (errors.Refused, errors.NotSent, errors.UsageError, errors.NotReady) as error:
            trip.is_concluded = True
            self._tracker.refused(order, command, error, amount=amount)
        except errors.OutcomeUnknown as error:
            why = error
        else:
            trip.is_concluded = True
            self._tracker.answered(order, command, answer)
            self._owner.answer_came(trip.left_at)
        finally:
            # Whatever else ended it, a stop or a defect of ours: what left may have arrived.
            if not trip.is_concluded:
                self._doubt(trip, why, amount)

    def _doubt(self, trip: _Trip, why: BaseException | None, amount: Decimal | None) -> None:
        if trip.departure is None:
            error = errors.NotSent("it was stopped before it was sent")
            self._tracker.refused(trip.order, trip.command, error, amount=amount)
            return
        self._tracker.doubted(trip.order, trip.command, trip.departure, why, amount=amount)
        self._owner.ask_soon(trip.order)

    def _leaving(self, trip: _Trip, amount: Decimal | None) -> Leaving:
        async def leave(departure: Departure) -> None:
            await self._tracker.sending(trip.order, trip.command, departure, amount=amount)
            trip.departure, trip.left_at = departure, self._clock.monotonic()

        return leave
