"""Hears all that strategies tell their connectors and are told by them: for the trace, and badly at times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Any

from venuekit import errors
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.events import (
    AccountEvent,
    ConnectorEvent,
    EventTag,
    MarketEvent,
    OrderBookEvent,
    VenuekitEvent,
)
from venuekit.sim.kernel import Kernel
from venuekit.sim.trace import Lane

__all__ = ["Listener", "ListenerFailed"]

_TAGS: tuple[EventTag, ...] = (*MarketEvent, *AccountEvent, *VenuekitEvent, OrderBookEvent.TradeEvent)

_COMMANDS = ("buy", "sell", "cancel", "amend", "cancel_all", "reconcile")


class ListenerFailed(Exception):
    """A strategy's listener has a bug."""


class Listener:
    """Listens to every connector that is made in a world.

    `slowness` is the share of the events for which it takes time, and how many seconds; `failing` the share
    on which it raises. `fired` counts both.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.slowness: tuple[float, float] = (0.0, 0.0)
        self.failing = 0.0
        self.fired: Counter[str] = Counter()
        self._kernel = kernel
        self._chance = kernel.chance("listener")

    def attend(self, exchange: ExchangeBase) -> None:
        """Hear what a connector tells from now on."""
        for name in _COMMANDS:
            setattr(exchange, name, self._noting(name, getattr(exchange, name)))
        for tag in _TAGS:
            exchange.add_listener(tag, lambda event, tag=tag: self._hear(tag, event))  # type: ignore[misc]

    def record(self, frame: bytes, received: float) -> None:  # noqa: ARG002 - what recorders are called with
        """Be a recorder of raw frames, which may die as a listener may fail.

        Raises:
            ListenerFailed: it dies.
        """
        if self.failing and self._chance.random() < self.failing:
            self.fired["failing_recorder"] += 1
            raise ListenerFailed("this recorder fails on purpose")

    def _noting(self, name: str, command: Callable[..., Any]) -> Callable[..., Any]:
        """A command of the connector that leaves a mark when the strategy gives it."""

        def noted(*arguments: Any, **terms: Any) -> Any:
            asked = " ".join(
                [*map(_word, arguments), *(f"{key}={_word(value)}" for key, value in terms.items())]
            )
            try:
                given = command(*arguments, **terms)
            except errors.VenuekitError as error:
                self._kernel.say(Lane.STRATEGY, f"{name} refused", f"{asked}: {error}")
                raise
            # An order's id is what the words of the command lack.
            own = f" as {given}" if isinstance(given, str) and given not in arguments else ""
            self._kernel.say(Lane.STRATEGY, name, f"{asked}{own}")
            return given

        return noted

    def _hear(self, tag: EventTag, event: ConnectorEvent) -> None:
        self._kernel.say(Lane.CONNECTOR, "event", f"{tag.name} {event!r}")
        share, seconds = self.slowness
        if share and self._chance.random() < share:
            self.fired["slow_listener"] += 1
            self._kernel.spend(seconds)
        if self.failing and self._chance.random() < self.failing:
            self.fired["failing_listener"] += 1
            raise ListenerFailed("this listener fails on purpose")


def _word(value: object) -> str:
    return value.name if isinstance(value, Enum) else str(value)
