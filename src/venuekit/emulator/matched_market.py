"""A market source in which accounts trade: another source's steps, with the accounts' orders among them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal

from venuekit.emulator.matching import Matching
from venuekit.emulator.order import OrderEvent, OrderRequest, OrderState, Outcome
from venuekit.emulator.step import Instrument, MarketSource, MarketStep
from venuekit.emulator.treasury import Treasury

__all__ = ["MatchedMarket"]


class MatchedMarket:
    """The combined market of a source and the accounts' orders.

    Before a command is carried out the source runs up to its moment, so the command meets the book as it is
    then. What that leads to for accounts waits in `take_events`, for the public in `until`; a command's own
    events are among the former and returned as well. Times are in seconds of the source's time.
    """

    def __init__(
        self, source: MarketSource, *, treasury: Treasury | None = None, first_order_id: int = 1
    ) -> None:
        self.instrument: Instrument = source.instrument
        self._source = source
        self._opening = source.opening()
        self._matching = Matching(
            source.instrument, self._opening, treasury=treasury, first_order_id=first_order_id
        )
        self._steps: deque[MarketStep] = deque()
        self._events: list[OrderEvent] = []

    def opening(self) -> MarketStep:
        """The step that builds the first book."""
        return self._opening

    def next_time(self) -> float:
        """When the next step comes, or came: what a command led to waits to be given."""
        return self._steps[0].time if self._steps else self._source.next_time()

    def until(self, now: float) -> Iterator[MarketStep]:
        """The steps after the last one given, up to and including the time `now`."""
        self._run(now)
        while self._steps:
            yield self._steps.popleft()

    def catch_up(self, now: float) -> None:
        """Let everything up to the time `now` happen, before a command of that time."""
        self._run(now)

    def take_events(self) -> list[OrderEvent]:
        """What happened to orders since the last call, in order."""
        events, self._events = self._events, []
        return events

    def place(self, request: OrderRequest, now: float) -> tuple[OrderEvent, ...]:
        """Take an order in, or refuse it; as `Matching.place`."""
        self._run(now)
        return self._keep(self._matching.place(request, now))

    def cancel(self, order_id: int, now: float) -> tuple[OrderEvent, ...]:
        """End an open order; as `Matching.cancel`."""
        self._run(now)
        return self._keep(self._matching.cancel(order_id, now))

    def amend(
        self, order_id: int, now: float, *, amount: Decimal | None = None, price: Decimal | None = None
    ) -> tuple[OrderEvent, ...]:
        """Change an open order; as `Matching.amend`."""
        self._run(now)
        return self._keep(self._matching.amend(order_id, now, amount=amount, price=price))

    @property
    def last_price(self) -> Decimal:
        """The price of the last trade, or where the market started."""
        return self._matching.last_price

    def order(self, order_id: int) -> OrderState | None:
        """An open order as it stood at the last moment that was asked for."""
        return self._matching.order(order_id)

    def amount_ahead(self, order_id: int) -> Decimal | None:
        """How much a taker has to take before it reaches a resting order; as `Matching.amount_ahead`."""
        return self._matching.amount_ahead(order_id)

    def open_orders(self, account: str) -> list[OrderState]:
        """The open orders of an account, oldest first."""
        return self._matching.open_orders(account)

    def _run(self, now: float) -> None:
        for step in self._source.until(now):
            self._keep(self._matching.follow(step))

    def _keep(self, outcome: Outcome) -> tuple[OrderEvent, ...]:
        self._events.extend(outcome.events)
        self._steps.extend(outcome.steps)
        return outcome.events
