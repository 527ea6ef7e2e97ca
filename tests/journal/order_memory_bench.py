"""A recorded tracker on a bench: its records, and what is recalled from them."""

from __future__ import annotations

from collections.abc import Callable

from tests.state.order_bench import FENCE, buy

from venuekit.journal import record
from venuekit.journal.reader import Entry
from venuekit.journal.recall import RecalledOrders, recall
from venuekit.journal.record import Body
from venuekit.journal.recorded_tracker import RecordedTracker
from venuekit.model.events import OrderEvent
from venuekit.model.order import NewOrder
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_tracker import OrderTracker

CONNECTOR = "north"


class Run:
    """A process with a journal: it can be ended and begun anew with what the journal holds."""

    def __init__(self, *intents: NewOrder) -> None:
        self.records: list[Body] = []
        self.orders = self._orders(recall([], CONNECTOR, FENCE))
        for intent in intents or (buy(),):
            self.orders.start(InFlightOrder.of(intent, 1.0))

    @property
    def tracker(self) -> OrderTracker:
        return self.orders.tracker

    @property
    def order(self) -> InFlightOrder:
        found = self.tracker.fetch_order("id-1")
        assert found is not None
        return found

    def kinds(self, since: int = 0) -> list[str]:
        """The kinds of records from number `since` on."""
        return [type(item).__name__ for item in self.records[since:]]

    def written_by(self, act: Callable[[], object]) -> list[str]:
        """The kinds of records that an act leaves."""
        since = len(self.records)
        act()
        return self.kinds(since)

    def sends(self, *, signed_at: float = 1.5) -> None:
        self.orders.sending("id-1", signed_at, path="POST /order", receive_window=3.0)

    def recalled(self, connector: str = CONNECTOR) -> RecalledOrders:
        return recall(entries(self.records), connector, FENCE)

    def restarts(self, now: float) -> list[OrderEvent]:
        """Ends, and goes on at this time of the venue with what the journal holds."""
        self.orders = self._orders(self.recalled())
        return self.orders.resume(now)

    def _orders(self, recalled: RecalledOrders) -> RecordedTracker:
        return RecordedTracker(recalled, self._write, lambda: 1e9 + len(self.records))

    def _write(self, item: Body) -> int:
        read = record.decode(record.encode(item))
        assert not isinstance(read, record.Carried)
        self.records.append(read)
        return len(self.records)


def entries(records: list[Body]) -> list[Entry]:
    return [Entry(sequence=number, record=item) for number, item in enumerate(records, start=1)]
