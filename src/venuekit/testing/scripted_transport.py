"""A network under a test's hand: what is asked is written down, what is answered is scripted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from venuekit import errors
from venuekit.protocol.frozen import Frozen
from venuekit.web.transport import HttpAnswer

__all__ = ["ScriptedSocket", "ScriptedTransport", "SentRequest"]


class SentRequest(Frozen):
    """One request as the transport was given it; `seconds` is how long it may take, None: as usual."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    seconds: float | None

    @property
    def path(self) -> str:
        """What it asks for, without host and query."""
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        """What the URL says behind the question mark; empty values are kept."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        """The body, decoded.

        Raises:
            msgspec.DecodeError: it is no JSON.
        """
        return msgspec.json.decode(self.body or b"")

    @property
    def parameters(self) -> dict[str, Any]:
        """What it says, wherever that travels: in the URL, in a form, in a JSON object."""
        body = (self.body or b"").decode(errors="replace")
        if not body.startswith("{"):
            return self.query | dict(parse_qsl(body, keep_blank_values=True))
        said: dict[str, Any] = self.query | self.json
        return said

    def __repr__(self) -> str:
        # Without values: keys and signatures are among them, and a failing test prints what it compared.
        return f"SentRequest({self.method} {self.path}, {', '.join(self.query) or 'no query'})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("method", self.method), ("path", self.path)]


class ScriptedSocket:
    """One WebSocket: `sent` and `pings` are what the client did, `say` and `lose` what the venue does.

    `on_sent` is called with each frame that the client sends.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.on_sent: Callable[[bytes], None] | None = None
        self.sent: list[bytes] = []
        self.pings = 0
        self.is_closed = False
        self._is_awaited = False
        self._arriving: asyncio.Queue[bytes | errors.ConnectionLost | None] = asyncio.Queue()
        self._lost: errors.ConnectionLost | None = None

    def say(self, *frames: bytes | None) -> None:
        """Let frames arrive; None is a ping."""
        for frame in frames:
            self._arriving.put_nowait(frame)

    def lose(self, why: str = "the line is down") -> None:
        """Break the connection, after what was said before."""
        self._lost = errors.ConnectionLost(why)
        self._arriving.put_nowait(self._lost)

    async def send(self, frame: bytes) -> None:
        """Write down what the client says."""
        if self._lost is not None:
            raise self._lost
        self.sent.append(frame)
        if self.on_sent is not None:
            self.on_sent(frame)

    @property
    def unread(self) -> int:
        """How many frames (pings and the end of the connection included) nobody has taken yet."""
        return self._arriving.qsize()

    @property
    def is_idle(self) -> bool:
        """Whether all that was said is dealt with: its reader has come back for more, or closed it."""
        return self.is_closed or (self._is_awaited and self._arriving.empty())

    async def receive(self) -> bytes | None:
        """The next frame that was said."""
        self._is_awaited = True
        try:
            arrived = await self._arriving.get()
        finally:
            self._is_awaited = False
        if isinstance(arrived, errors.ConnectionLost):
            raise arrived
        return arrived

    async def ping(self) -> None:
        """Count it."""
        self.pings += 1

    async def close(self) -> None:
        """Remember it."""
        self.is_closed = True


class ScriptedTransport:
    """A `web.transport.Transport` without a network.

    `answers` are given out in order; an exception among them is raised, and when they run out the line is
    down. `failures` are raised by the next connects; `sockets` are those that were opened.
    """

    def __init__(self) -> None:
        self.requests: list[SentRequest] = []
        self.answers: deque[HttpAnswer | errors.VenuekitError] = deque()
        self.sockets: list[ScriptedSocket] = []
        self.failures: deque[errors.NotSent] = deque()
        self.is_closed = False

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        """Write the request down and give the next answer."""
        self.requests.append(SentRequest(method=method, url=url, headers=headers, body=body, seconds=seconds))
        answer = self.answers.popleft() if self.answers else errors.ConnectFailed("nothing is scripted")
        if isinstance(answer, errors.VenuekitError):
            raise answer
        return answer

    async def connect(self, url: str) -> ScriptedSocket:
        """Open a socket, unless a failure is due."""
        if self.failures:
            raise self.failures.popleft()
        socket = ScriptedSocket(url)
        self.sockets.append(socket)
        return socket

    async def close(self) -> None:
        """Remember it."""
        self.is_closed = True
