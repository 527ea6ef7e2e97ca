"""Somebody who trades through a connector, and holds what it says against the venue's own books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from venuekit.connector.trading_connector import TradingConnector
from venuekit.emulator.order_record import Fill, OrderRecord
from venuekit.model.account import BalanceChannel
from venuekit.model.events import CommandRefused, MarketOrderFailureEvent, OrderFilledEvent, OrderInDoubt
from venuekit.model.order import OrderState, OrderType
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.testing.conformance.card import CardFailed, check
from venuekit.testing.conformance.story import Story
from venuekit.testing.conformance.venue import Venue
from venuekit.testing.waiting import until

__all__ = ["Trader"]

_ZERO = Decimal(0)


class Trader:
    """Commands on one pair, in markets that stand still.

    `ids` are the orders that it placed. `amount` is the usual order's, in base, and can be halved.
    """

    def __init__(
        self,
        connector: TradingConnector,
        venue: Venue,
        story: Story,
        patience: float,
        look_every: float,
    ) -> None:
        self.connector = connector
        self.venue = venue
        self.story = story
        self.patience = patience
        self._look_every = look_every
        (self.pair,) = connector.traded_pairs()
        self.amount = venue.amount(self.pair, parts=2)
        self.ids: list[str] = []

    async def until(self, is_so: Callable[[], bool], what: str, *, patience: float = 1.0) -> None:
        """Wait for something that must come, so many times the usual patience.

        Raises:
            CardFailed: it did not.
        """
        try:
            await until(is_so, what, timeout=patience * self.patience, every=self._look_every)
        except AssertionError as failure:
            told = "; ".join(f"{name}: {', '.join(self._said(name)) or 'nothing'}" for name in self.ids)
            raise CardFailed(f"{failure} (told of its orders: {told})") from None

    def _said(self, order_id: str) -> Iterator[str]:
        """What was told of an order, a failure with its reason."""
        for word, event in zip(self.story.words(order_id), self.story.of(order_id), strict=True):
            is_failure = isinstance(event, MarketOrderFailureEvent | CommandRefused)
            yield f"{word} ({event.error_type}: {event.error_message})" if is_failure else word

    # --- commands

    def rest(self, *, is_buy: bool = True, **terms: Any) -> str:
        """Place a limit order that rests; its id."""
        return self.place(
            OrderType.LIMIT, self.venue.resting(self.pair, is_buy=is_buy), is_buy=is_buy, **terms
        )

    def take(self, *, is_buy: bool = True, **terms: Any) -> str:
        """Place a limit order that fills at once; its id."""
        return self.place(
            OrderType.LIMIT, self.venue.taking(self.pair, is_buy=is_buy), is_buy=is_buy, **terms
        )

    def place(
        self,
        order_type: OrderType,
        price: Decimal | None,
        *,
        is_buy: bool = True,
        amount: Decimal | None = None,
        **terms: Any,
    ) -> str:
        """Place an order of the usual amount; its id."""
        command = self.connector.buy if is_buy else self.connector.sell
        wanted = None if "quote_amount" in terms else amount or self.amount
        order_id = command(self.pair, wanted, order_type, price, **terms)
        self.ids.append(order_id)
        return order_id

    def cancel(self, order_id: str) -> None:
        """Cancel an order."""
        self.connector.cancel(self.pair, order_id)

    # --- what becomes of them

    def order(self, order_id: str) -> InFlightOrder:
        """The order as the connector has it."""
        order = self.connector.get_order(order_id)
        if order is None:
            raise CardFailed(f"the connector knows no order {order_id} that it gave this id")
        return order

    def state(self, order_id: str) -> OrderState:
        """How the connector believes it to stand."""
        return self.order(order_id).current_state

    async def becomes(self, order_id: str, *states: OrderState) -> None:
        """Wait until an order stands so."""
        wanted = " or ".join(state.name for state in states)
        await self.until(
            lambda: self.state(order_id) in states and self.order(order_id).doubt is None,
            f"the order to be {wanted}",
        )

    async def opened(self, **terms: Any) -> tuple[str, OrderRecord]:
        """Place an order that rests and wait until it does; its id, and the venue's record of it."""
        order_id = self.rest(**terms)
        await self.becomes(order_id, OrderState.OPEN)
        return order_id, self.record(order_id)

    def record(self, order_id: str) -> OrderRecord:
        """The venue's record of an order of ours.

        Raises:
            CardFailed: the venue has none.
        """
        record = self.find(order_id)
        if record is None:
            raise CardFailed(f"the venue has no order {order_id}")
        return record

    def find(self, order_id: str) -> OrderRecord | None:
        """The venue's record of an order of ours; None: it has none."""
        order = self.connector.get_order(order_id)
        return self.venue.order(order_id, None if order is None else order.exchange_order_id)

    async def arrives(self, order_id: str) -> OrderRecord:
        """Wait until the venue has an order; its record."""
        await self.until(lambda: self.find(order_id) is not None, "the order to reach the venue")
        return self.record(order_id)

    def told(self, order_id: str, *expected: str) -> None:
        """Hold the connector to what it must have told of an order, no more and no less, doubts aside."""
        doubts = ("OrderInDoubt", "OrderSettled")
        said = [word for word in self.story.words(order_id) if word not in doubts]
        check(
            said == list(expected), f"told of the order: {', '.join(said)}; expected: {', '.join(expected)}"
        )

    def sent_once(self, count: int, what: str = "order") -> None:
        """Hold the connector to having sent one command and no second."""
        check(count == 1, f"the {what} was sent {count} times")

    def was_in_doubt(self, order_id: str) -> bool:
        """Whether the connector said that it does not know something about an order."""
        return bool(self.story.of(order_id, OrderInDoubt))

    # --- the reckoning

    async def reckons(self) -> None:
        """Hold every order, fill and balance against the venue's: what every order card ends with.

        Raises:
            CardFailed: they differ, and went on differing.
        """
        try:
            await until(lambda: not self.differences(), "", timeout=self.patience, every=self._look_every)
        except AssertionError:
            raise CardFailed("; ".join(self.differences())) from None

    def differences(self) -> list[str]:
        """What the connector believes or told, where it is not so."""
        return [
            *(words for order_id in self.ids for words in self._differences_of(order_id)),
            *self._orders_nobody_placed(),
            *(self._balance_differences() if self._are_balances_pushed else ()),
        ]

    def balance_differences(self) -> list[str]:
        """Where totals and available amounts are not the ledger's."""
        return list(self._balance_differences())

    @property
    def _are_balances_pushed(self) -> bool:
        return self.connector.balance_channel is BalanceChannel.FREE_AND_LOCKED

    def _differences_of(self, order_id: str) -> Iterator[str]:
        record, ends = self.find(order_id), self.story.ends(order_id)
        is_open = record is not None and record.is_open
        truth = "open" if is_open else "over"
        if len(ends) != (0 if is_open else 1):
            yield f"{order_id} was told to have ended {len(ends)} times, and is {truth}"
        fills = (
            []
            if record is None
            else [fill for fill in self.venue.fills() if fill.order_id == record.order_id]
        )
        told, true = Counter(map(_as_told, self.story.fills(order_id))), Counter(map(_as_is, fills))
        if told != true:
            yield f"{order_id} has the fills {sorted(true.elements())}, and told of {sorted(told.elements())}"
        order = self.connector.get_order(order_id)
        if order is None:
            return
        filled = _ZERO if record is None else record.state.filled
        if order.executed_amount_base != filled:
            yield f"{order_id} is believed to have filled {order.executed_amount_base}, and has {filled}"
        if order.is_open != is_open:
            yield f"{order_id} is believed {order.current_state.name}, and is {truth}"

    def _orders_nobody_placed(self) -> Iterator[str]:
        """One order was sent for each that was placed."""
        sent = Counter(record.client_order_id for record in self.venue.orders())
        for order_id in self.ids:
            if sent[order_id] > 1:
                yield f"the venue has {sent[order_id]} orders called {order_id}"

    def _balance_differences(self) -> Iterator[str]:
        for asset, balance in self.venue.balances().items():
            total, available = self.connector.get_balance(asset), self.connector.get_available_balance(asset)
            if total != balance.free + balance.locked:
                yield f"{total} {asset} are believed, and there are {balance.free + balance.locked}"
            if available != balance.free:
                yield f"{available} {asset} are believed available, and {balance.free} are"


def _as_told(event: OrderFilledEvent) -> tuple[Decimal, Decimal, tuple[tuple[str, Decimal], ...]]:
    fees = tuple((fee.token, fee.amount) for fee in event.trade_fee.flat_fees if fee.amount)
    return event.price, event.amount, fees


def _as_is(fill: Fill) -> tuple[Decimal, Decimal, tuple[tuple[str, Decimal], ...]]:
    fee = fill.fee
    return fill.price, fill.amount, ((fee.token, fee.amount),) if fee.amount else ()
