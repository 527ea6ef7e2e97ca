"""What a strategy may ask of any connector: its events, its readiness, its health."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Self, TypeAlias
from weakref import WeakKeyDictionary

from venuekit.connector.supervision import publish
from venuekit.model.events import ConnectorEvent, EventTag
from venuekit.model.market import NetworkStatus

__all__ = ["ConnectorBase", "Listener"]

Listener: TypeAlias = Callable[[Any], None]

# A reader this far behind loses the oldest events, and `dropped_events` says how many.
_QUEUED_EVENTS = 10_000


class ConnectorBase(ABC):
    """Listeners and events, common to spot, perpetual and gateway connectors.

    Listeners are held until removed and called in the order they were added; one that raises is logged,
    counted in `listener_errors`, and keeps nobody else from hearing.
    """

    name: str
    """The connector's name, such as the one `connect` takes."""

    def __init__(self) -> None:
        self.listener_errors = 0
        self.dropped_events = 0
        self.network_status = NetworkStatus.STOPPED
        self._listeners: dict[EventTag, dict[Listener, None]] = {}
        self._readers: WeakKeyDictionary[_Reader, None] = WeakKeyDictionary()

    @property
    def display_name(self) -> str:
        """The name for people."""
        return self.name

    @property
    @abstractmethod
    def status_dict(self) -> dict[str, bool]:
        """What readiness is made of."""

    @property
    def ready(self) -> bool:
        """Whether everything that was asked for is there."""
        return all(self.status_dict.values())

    @abstractmethod
    async def start(self) -> None:
        """Begin, and return once the connector's tasks run; `ready` follows."""

    @abstractmethod
    async def stop(self) -> None:
        """End all tasks and connections, and wait until they have ended."""

    @abstractmethod
    async def check_network(self) -> NetworkStatus:
        """Ask the venue for a sign of life."""

    def add_listener(self, event_tag: EventTag, listener: Listener) -> None:
        """Call `listener(event)` for each event of a tag; adding one twice calls it once."""
        self._listeners.setdefault(event_tag, {})[listener] = None

    def remove_listener(self, event_tag: EventTag, listener: Listener) -> None:
        """Stop calling a listener; unknown ones are ignored."""
        self._listeners.get(event_tag, {}).pop(listener, None)

    def get_listeners(self, event_tag: EventTag) -> list[Listener]:
        """The listeners of a tag, in the order they are called."""
        return list(self._listeners.get(event_tag, ()))

    def has_listeners(self, event_tag: EventTag) -> bool:
        """Whether anybody listens to a tag, so that events nobody hears need not be made."""
        return bool(self._listeners.get(event_tag))

    def trigger_event(self, event_tag: EventTag, message: object) -> None:
        """Publish an event to the listeners of its tag."""
        listeners = self._listeners.get(event_tag)
        if listeners:
            publish(tuple(listeners), message, self._listener_failed)

    def tell(self, event_tag: EventTag, event: ConnectorEvent) -> None:
        """Publish an event to listeners and to the readers of `events()`."""
        self.trigger_event(event_tag, event)
        for reader in self._readers:
            self.dropped_events += reader.put(event)

    def events(self) -> AsyncIterator[ConnectorEvent]:
        """Every event from now on, in order. A reader that falls 10,000 behind loses the oldest.

        Events are kept for the reader as long as somebody holds it.
        """
        reader = _Reader()
        self._readers[reader] = None
        return reader

    def _listener_failed(self, error: Exception) -> None:  # noqa: ARG002 - logged by publish
        self.listener_errors += 1


class _Reader:
    """A bounded queue that prefers what is new."""

    def __init__(self) -> None:
        self._events: deque[ConnectorEvent] = deque()
        self._arrived = asyncio.Event()

    def put(self, event: ConnectorEvent) -> int:
        """Take an event; returns how many old ones had to go."""
        self._events.append(event)
        self._arrived.set()
        if len(self._events) > _QUEUED_EVENTS:
            self._events.popleft()
            return 1
        return 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ConnectorEvent:
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        return self._events.popleft()
