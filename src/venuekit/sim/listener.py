"""Hears everything that the connectors of a world tell: for the oracle, for the trace, and badly at times."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.events import ConnectorEvent, EventTag
from venuekit.sim.kernel import Kernel
from venuekit.sim.trace import Lane

__all__ = ["Listener", "ListenerFailed", "Witness"]


class ListenerFailed(Exception):
    """A strategy's listener has a bug."""


class Witness(Protocol):
    """Who is told of connectors and of what they tell; the oracle is one."""

    def born(self, life: int, exchange: ExchangeBase) -> None:
        """In this life of the trader's host a connector was made."""
        ...

    def heard(self, life: int, tag: EventTag, event: ConnectorEvent) -> None:
        """A listener was told."""
        ...


class Listener:
    """Listens to every connector that is made in a world.

    `slowness` is the share of the events for which it takes time, and how many seconds; `failing` the share
    on which it raises. `fired` counts both.
    """

    def __init__(self, kernel: Kernel, witness: Witness) -> None:
        self.slowness: tuple[float, float] = (0.0, 0.0)
        self.failing = 0.0
        self.fired: Counter[str] = Counter()
        self._kernel = kernel
        self._witness = witness
        self._chance = kernel.chance("listener")

    def attend(self, exchange: ExchangeBase, tags: tuple[EventTag, ...]) -> None:
        """Hear what a connector tells from now on."""
        host = self._kernel.current
        life = 0 if host is None else host.life
        self._witness.born(life, exchange)

        def hear(tag: EventTag, event: ConnectorEvent) -> None:
            self._kernel.say(Lane.CONNECTOR, "event", f"{tag.name} {event!r}")
            self._witness.heard(life, tag, event)
            share, seconds = self.slowness
            if share and self._chance.random() < share:
                self.fired["slow_listener"] += 1
                self._kernel.spend(seconds)
            if self.failing and self._chance.random() < self.failing:
                self.fired["failing_listener"] += 1
                raise ListenerFailed("this listener fails on purpose")

        for tag in tags:
            exchange.add_listener(tag, lambda event, tag=tag: hear(tag, event))  # type: ignore[misc]
