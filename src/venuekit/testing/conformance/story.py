"""What a connector told, in order."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from venuekit.connector.connector_base import ConnectorBase
from venuekit.model.book import BookStatus
from venuekit.model.events import (
    AccountEvent,
    BookStatusEvent,
    BuyOrderCompletedEvent,
    MarketEvent,
    MarketOrderFailureEvent,
    OrderBookEvent,
    OrderCancelledEvent,
    OrderExpiredEvent,
    OrderFilledEvent,
    SellOrderCompletedEvent,
    VenuekitEvent,
)

__all__ = ["ENDS", "Story", "listen"]

ENDS = (
    BuyOrderCompletedEvent,
    SellOrderCompletedEvent,
    OrderCancelledEvent,
    OrderExpiredEvent,
    MarketOrderFailureEvent,
)
"""The events of which an order has one."""

_TAGS: tuple[type[Enum], ...] = (MarketEvent, AccountEvent, OrderBookEvent, VenuekitEvent)


def listen(connector: ConnectorBase, listener: Callable[[Any], None]) -> None:
    """Let somebody hear everything that a connector tells."""
    for tags in _TAGS:
        for tag in tags:
            connector.add_listener(tag, listener)  # type: ignore[arg-type] # members of the four make an EventTag


class Story:
    """Everything that connectors told, those after a restart included."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def follow(self, connector: ConnectorBase) -> None:
        """Listen to a connector from now on."""
        listen(connector, self.events.append)

    def of(self, order_id: str, *kinds: type[Any]) -> list[Any]:
        """What was told of one order, or the events of some kinds among that."""
        return [
            event
            for event in self.events
            if getattr(event, "order_id", None) == order_id and (not kinds or isinstance(event, kinds))
        ]

    def words(self, order_id: str) -> list[str]:
        """The names of the events of one order."""
        return [type(event).__name__.removesuffix("Event") for event in self.of(order_id)]

    def ends(self, order_id: str) -> list[Any]:
        """The terminal events of one order."""
        return self.of(order_id, *ENDS)

    def fills(self, order_id: str) -> list[OrderFilledEvent]:
        """The fills of one order."""
        return self.of(order_id, OrderFilledEvent)

    def of_kind(self, kind: type[Any]) -> list[Any]:
        """All events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def statuses(self, pair: str) -> list[BookStatus]:
        """What a book said of itself."""
        return [event.status for event in self.of_kind(BookStatusEvent) if event.trading_pair == pair]
