"""The orders of one connector as they stood when the last record of a journal was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from venuekit import errors
from venuekit.journal import translation
from venuekit.journal.reader import Entry
from venuekit.journal.record import (
    Answered,
    CancelIntent,
    Command,
    Doubt,
    Ended,
    Filled,
    Intent,
    OfOrder,
    Sending,
    Settled,
    Updated,
)
from venuekit.journal.standing import Standing, after
from venuekit.protocol.endpoint import Outcome
from venuekit.protocol.fence import Fence
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_tracker import OrderTracker

__all__ = ["RecalledOrders", "recall"]


class RecalledOrders(NamedTuple):
    """The orders of a connector as they stood, in a tracker, and what the end of the run cut off.

    `unsent` are the ids of orders that never left. `unanswered` are the commands that may have left, whose
    answer is not known. `cancels_wanted` are the ids of open orders that were to be cancelled and of which no
    cancel left. `standings` is how the orders stand by the records, for whoever reads nothing else.
    """

    connector: str
    tracker: OrderTracker
    unsent: tuple[str, ...]
    unanswered: tuple[Sending, ...]
    cancels_wanted: tuple[str, ...]
    standings: Mapping[str, Standing]

    @property
    def half_told(self) -> tuple[InFlightOrder, ...]:
        """The orders that have no records of what came of the last thing that happened to them.

        Of a last fill there is a record, and of the end that it was there is none.
        """
        return tuple(
            order
            for orders in (self.tracker.watched_orders, self.tracker.active_orders)
            for name, order in orders.items()
            if _says_less(self.standings[name], order)
        )

    @property
    def unsettled(self) -> tuple[str, ...]:
        """The ids of all orders that were ever sent and of which something may still be unknown.

        Open ones, ended ones that miss fills, and those whose end is only presumed.
        """
        watched = [
            client_id
            for client_id, order in self.tracker.watched_orders.items()
            if order.is_presumed or order.is_short_of_fills
        ]
        return (*(name for name, order in self.tracker.active_orders.items() if order.is_sent), *watched)

    @property
    def unsettled_since(self) -> float | None:
        """When the oldest of these was made, in seconds of the venue's clock; None: there are none."""
        orders = (self.tracker.fetch_order(client_id) for client_id in self.unsettled)
        return min((order.creation_timestamp for order in orders if order is not None), default=None)


def recall(
    entries: Iterable[Entry],
    connector: str,
    fence: Fence,
    *,
    patience: float = 1.0,
    watch_seconds: float = 3600.0,
) -> RecalledOrders:
    """Replay what was said about the orders of a connector, in the order of the records.

    Records of orders whose intent is not there any more, or that another connector wanted, are passed over.
    `patience` and `watch_seconds` are the tracker's.

    Raises:
        JournalMismatch: a record speaks of what only a newer version knows.
    """
    memory = _Memory(OrderTracker(fence, patience=patience, watch_seconds=watch_seconds), connector)
    for entry in entries:
        if isinstance(entry.record, OfOrder):
            try:
                memory.take(entry.record)
            except ValueError as error:
                raise errors.JournalMismatch("the journal", f"record {entry.sequence}: {error}") from None
    return memory.recalled()


def _says_less(standing: Standing, order: InFlightOrder) -> bool:
    """Whether the records' own words fall short of what follows from them."""
    return standing.is_open is order.is_watched or (bool(standing.doubts) and order.doubt is None)


class _Memory:
    """Orders on the way back."""

    def __init__(self, tracker: OrderTracker, connector: str) -> None:
        self._tracker = tracker
        self._connector = connector
        self._pairs: dict[str, str] = {}
        """Orders of ours, and the pair of each."""
        self._outstanding: dict[tuple[str, Command], list[Sending]] = {}
        self._cancels: dict[str, None] = {}
        self._standings: dict[str, Standing] = {}

    def take(self, item: OfOrder) -> None:
        """One record more."""
        if isinstance(item, Intent):
            if item.connector in {"", self._connector} and item.client_id not in self._pairs:
                self._pairs[item.client_id] = item.trading_pair
                self._begin(item)
                self._standings[item.client_id] = Standing()
        elif item.client_id in self._pairs:
            self._note_commands(item)
            self._standings[item.client_id] = after(self._standings[item.client_id], item)
            self._replay(item, self._pairs[item.client_id])

    def recalled(self) -> RecalledOrders:
        """What came of it all."""
        active = self._tracker.active_orders
        unanswered = [sent for sendings in self._outstanding.values() for sent in sendings]
        return RecalledOrders(
            connector=self._connector,
            tracker=self._tracker,
            unsent=tuple(client_id for client_id, order in active.items() if not order.is_sent),
            unanswered=tuple(sent for sent in unanswered if sent.client_id in active),
            cancels_wanted=tuple(client_id for client_id in self._cancels if client_id in active),
            standings=self._standings,
        )

    def _begin(self, item: Intent) -> None:
        restored_at = translation.restored_at(item)
        if restored_at is None:
            self._tracker.start(translation.order_of(item))
        else:
            self._tracker.restore_tracking_states({item.client_id: item.order}, restored_at)

    def _note_commands(self, item: OfOrder) -> None:
        match item:
            case CancelIntent():
                self._cancels[item.client_id] = None
            case Sending():
                self._outstanding.setdefault((item.client_id, item.command), []).append(item)
                if item.command is Command.CANCEL:
                    self._cancels.pop(item.client_id, None)
            case Answered() | Doubt(reason=None):
                sendings = self._outstanding.get((item.client_id, item.command))
                if sendings:
                    del sendings[0]
            case _:
                pass

    def _replay(self, item: OfOrder, trading_pair: str) -> None:
        tracker, client_id = self._tracker, item.client_id
        match item:
            case Sending() if client_id in tracker.active_orders:
                self._replay_sending(item)
            case Answered(outcome=Outcome.REFUSED | Outcome.NOT_SENT):
                tracker.request_failed(
                    client_id,
                    item.at if item.venue_time is None else item.venue_time,
                    command=translation.command_of(item.command),
                    error_type=item.error,
                    error_message=item.message,
                    amount=item.amount,
                )
            case Updated():
                tracker.process_order_update(translation.update_of(item, trading_pair))
            case Filled():
                tracker.process_trade_update(translation.trade_of(item, trading_pair))
            case Doubt():
                self._replay_doubt(item)
            case Settled(fills_as_of=float() as asked_at):
                tracker.fills_fetched(client_id, asked_at)
            case Ended():
                end = tracker.presume_closed if item.presumed else tracker.withdraw
                end(client_id, item.at if item.venue_time is None else item.venue_time)
            case _:
                pass

    def _replay_sending(self, item: Sending) -> None:
        if item.command is Command.PLACE:
            self._tracker.sending(
                item.client_id,
                item.signed_at,
                receive_window=item.receive_window,
                clock_error=item.clock_error,
            )
        elif item.command is Command.CANCEL:
            self._tracker.cancelling(
                item.client_id,
                item.signed_at,
                receive_window=item.receive_window,
                clock_error=item.clock_error,
            )
        elif item.amount is not None:
            self._tracker.amending(item.client_id, item.amount, item.signed_at)

    def _replay_doubt(self, item: Doubt) -> None:
        doubt = translation.kept_doubt_of(item)
        if doubt is not None:
            self._tracker.doubt_anew(item.client_id, doubt)
            return
        self._tracker.doubt(
            item.client_id,
            item.at if item.since is None else item.since,
            command=translation.command_of(item.command),
            signed_at=item.signed_at,
            receive_window=item.receive_window,
            clock_error=item.clock_error,
            amount=item.amount,
        )
