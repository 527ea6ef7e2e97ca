"""How a venue's stream is spoken to, as facts, and what a frame can say about the session itself."""

from __future__ import annotations

from typing import TypeAlias

from venuekit.protocol.frozen import Frozen

__all__ = [
    "Acknowledged",
    "Channel",
    "Leaving",
    "Pong",
    "Refusal",
    "SessionFrame",
    "StreamPolicy",
]


class Channel(Frozen, order=True):
    """One subscription: a venue's channel name on one of its routes (a path behind the stream's address)."""

    route: str
    name: str


class StreamPolicy(Frozen):
    """What a venue asks of a client of its stream.

    Times are seconds. `heartbeat` is the text frame to send every `heartbeat_every` seconds, None where
    the venue pings and the socket answers by itself. Without any frame for `idle_after` the connection
    counts as dead. `lifetime` is when the venue cuts a connection; a new one takes over before that.
    """

    channels_per_connection: int
    channels_per_request: int
    messages: int
    messages_seconds: float
    connects: int
    connects_seconds: float
    heartbeat: bytes | None = None
    heartbeat_every: float = 20.0
    idle_after: float = 60.0
    acknowledged_within: float = 10.0
    lifetime: float | None = None
    page: str = ""


class Acknowledged(Frozen):
    """The venue took the request of this id."""

    request_id: int | None


class Refusal(Frozen):
    """The venue did not take the request of this id (None: it did not say which)."""

    request_id: int | None
    message: str
    code: int | None = None


class Pong(Frozen):
    """The answer to our heartbeat."""


class Leaving(Frozen):
    """The server announces that it will close: move to another connection now."""


SessionFrame: TypeAlias = Acknowledged | Refusal | Pong | Leaving
