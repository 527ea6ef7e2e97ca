"""How a venue takes requests over a WebSocket, as facts, and what its answers are made of."""

from __future__ import annotations

from collections.abc import Mapping

from venuekit.protocol.frozen import Frozen
from venuekit.protocol.rest import Answer

__all__ = ["SocketAnswer", "SocketPolicy"]


class SocketPolicy(Frozen):
    """What a venue asks of a client that sends requests over a WebSocket.

    Times are seconds. `answer_within` is how long an answer is waited for unless the caller says. `costs` are
    the units by rate pool that connecting takes. `heartbeat` is the text frame to send every
    `heartbeat_every` seconds, None where the venue pings and the socket answers by itself. Without any frame
    for `idle_after` the connection counts as dead. `lifetime` is when the venue cuts a connection; a new one
    takes over before that.
    """

    answer_within: float = 10.0
    costs: Mapping[str, int] = {}
    heartbeat: bytes | None = None
    heartbeat_every: float = 20.0
    idle_after: float = 60.0
    lifetime: float | None = None
    page: str = ""


class SocketAnswer(Answer):
    """The answer to the request of this id; None: the venue does not say to which."""

    request_id: int | None = None
