"""The way that a command takes: the WebSocket while it is up, HTTP otherwise, and never both."""

from __future__ import annotations

from typing import TypeVar

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint
from venuekit.protocol.frozen import Wire
from venuekit.seams.fault_point import FaultPoint, strikes
from venuekit.web.assistant import WebAssistant
from venuekit.web.departure import Departure, Leaving
from venuekit.web.socket_assistant import SocketAssistant

__all__ = ["CommandRoute"]

Q = TypeVar("Q", bound=Wire)
A = TypeVar("A")


class CommandRoute:
    """Calls an endpoint by the first way that can take it.

    A call goes over HTTP where there is no socket, where the venue does not take it there, while the socket
    is not connected, and where the socket is lost before the call was about to leave. After that moment
    whatever happens is the caller's to know: nothing is sent a second time, and `leaving` is not called
    a second time either.
    """

    def __init__(self, web: WebAssistant, socket: SocketAssistant | None = None) -> None:
        self.web = web
        self.socket = socket

    async def call(
        self,
        endpoint: Endpoint[Q, A],
        query: Q,
        *,
        seconds: float | None = None,
        is_cancel: bool = False,
        leaving: Leaving | None = None,
    ) -> A:
        """Ask, and return the decoded answer; arguments and errors are those of `WebAssistant.call`."""
        socket = self.socket
        if (
            socket is not None
            and socket.is_ready
            and endpoint.socket_method is not None
            and not strikes(FaultPoint.COMMAND_TAKES_REST)
        ):
            watch = _Watch(leaving)
            try:
                return await socket.call(
                    endpoint, query, seconds=seconds, is_cancel=is_cancel, leaving=watch.leaving
                )
            except errors.NotSent:
                if watch.is_leaving:
                    raise
        return await self.web.call(endpoint, query, seconds=seconds, is_cancel=is_cancel, leaving=leaving)


class _Watch:
    """Notes whether a call was about to leave."""

    def __init__(self, leaving: Leaving | None) -> None:
        self.is_leaving = False
        self._leaving = leaving

    async def leaving(self, departure: Departure) -> None:
        """Note it, and tell who asked to be told."""
        self.is_leaving = True
        if self._leaving is not None:
            await self._leaving(departure)
