"""A network in the hands of a test: answers by script, frames by hand, and everything sent is kept."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

import msgspec

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint
from venuekit.testing.scripted_transport import ScriptedSocket, SentRequest
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.testing.waiting import PATIENCE, until
from venuekit.web.transport import HttpAnswer

__all__ = ["NetworkMockingAssistant"]


class _Reply:
    """What one request gets: an answer or an exception, at once or when a moment has come."""

    def __init__(self, outcome: HttpAnswer | errors.VenuekitError, after: asyncio.Event | None) -> None:
        self._outcome = outcome
        self._after = after

    async def give(self) -> HttpAnswer:
        if self._after is not None:
            await self._after.wait()
        if isinstance(self._outcome, errors.VenuekitError):
            raise self._outcome
        return self._outcome


class _Script:
    """The replies of one endpoint, in order, and the one for when they have run out."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.replies: deque[_Reply] = deque()
        self.default: _Reply | None = None
        method, _, target = endpoint.partition(" ")
        if not target.startswith("/") or not method.isupper():
            raise ValueError(f"an endpoint reads like `GET /api/v3/depth?symbol=BTCUSDT`, not {endpoint!r}")
        path, _, query = target.partition("?")
        self._method, self._path = method, path
        self._parameters = dict(parse_qsl(query, keep_blank_values=True))

    @property
    def closeness(self) -> tuple[int, int]:
        """How much it says of the requests it means: who says more is asked first."""
        return len(self._parameters), len(self._path)

    def means(self, request: SentRequest) -> bool:
        """Whether a request is of this endpoint; a path may leave out how the venue's paths begin."""
        if request.method != self._method or not request.path.endswith(self._path):
            return False
        said = request.parameters if self._parameters else {}
        return all(str(said.get(name)) == value for name, value in self._parameters.items())

    def next_reply(self) -> _Reply | None:
        return self.replies.popleft() if self.replies else self.default


class NetworkMockingAssistant:
    """A `web.transport.Transport` without a network: pass it to any connector as `transport=`.

    An endpoint is a row of a venue's table or a text such as `GET /api/v3/depth?symbol=BTCUSDT`; parameters
    in it must be in the request, more may be. Of several endpoints that mean a request, the one that says
    most about it counts.

    A request that nobody scripted fails as if there were no connection, and `async with` raises an
    AssertionError that names it at its end, unless `allows_unscripted`.

    With a virtual `clock`, the same that the connector was given, waiting moves it from sleeper to sleeper;
    time limits (`timeout`) are counted in its seconds. Every wait raises AssertionError when its time is up.
    """

    def __init__(self, clock: VirtualClock | None = None, *, allows_unscripted: bool = False) -> None:
        self.clock = clock
        self.allows_unscripted = allows_unscripted
        self.requests: list[SentRequest] = []
        """Every request, in order."""
        self.unscripted: list[SentRequest] = []
        """Those that had no answer."""
        self.websockets: list[ScriptedSocket] = []
        """Every WebSocket that was opened, in order."""
        self.is_closed = False
        self._scripts: dict[str, _Script] = {}
        self._untold_requests: list[SentRequest] = []
        self._untold_sockets: list[ScriptedSocket] = []
        self._told_messages: dict[ScriptedSocket, int] = {}
        self._prepared: list[ScriptedSocket] = []
        self._failures: deque[errors.NotSent] = deque()
        self._repliers: list[tuple[str, Callable[[Any], Iterable[Any]]]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self.unscripted and not self.allows_unscripted:
            names = dict.fromkeys(_target(request) for request in self.unscripted)
            raise AssertionError(f"no answer was scripted for {', '.join(names)}")

    # HTTP.

    def add_http_response(
        self,
        endpoint: Endpoint[Any, Any] | str,
        status: int = 200,
        json: Any = msgspec.UNSET,
        text: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        exception: errors.NotSent | errors.OutcomeUnknown | None = None,
        after: asyncio.Event | None = None,
    ) -> None:
        """Answer one request of an endpoint, after those that were added before.

        `json` is encoded, or else `text` is the body. With an `exception` there is no answer: TimedOut and
        ConnectionLost say that the request has arrived and ConnectFailed that it has not. The answer comes
        when `after` is set.
        """
        reply = _Reply(_outcome(status, json, text, headers, exception), after)
        self._script(endpoint).replies.append(reply)

    def set_default_http_response(
        self,
        endpoint: Endpoint[Any, Any] | str,
        status: int = 200,
        json: Any = msgspec.UNSET,
        text: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        exception: errors.NotSent | errors.OutcomeUnknown | None = None,
    ) -> None:
        """Answer every request of an endpoint for which nothing else is left; else as `add_http_response`."""
        self._script(endpoint).default = _Reply(_outcome(status, json, text, headers, exception), None)

    def sent_requests(self, endpoint: Endpoint[Any, Any] | str) -> list[SentRequest]:
        """The requests of one endpoint so far, in order."""
        script = _Script(_name(endpoint))
        return [request for request in self.requests if script.means(request)]

    async def next_sent_request_data(
        self, endpoint: Endpoint[Any, Any] | str | None = None, timeout: float = PATIENCE
    ) -> SentRequest:
        """The next request, of one endpoint or of any, that this method has not told yet."""
        script = None if endpoint is None else _Script(_name(endpoint))

        def waiting() -> list[SentRequest]:
            return [request for request in self._untold_requests if script is None or script.means(request)]

        what = "a request" if script is None else f"a request {script.endpoint}"
        await self.until(lambda: bool(waiting()), what, timeout)
        request = waiting()[0]
        self._untold_requests.remove(request)
        return request

    @property
    def unused_http_responses(self) -> dict[str, int]:
        """How many answers of each endpoint nobody has asked for; defaults are not counted."""
        return {name: len(script.replies) for name, script in self._scripts.items() if script.replies}

    # WebSocket.

    def create_websocket_mock(self, url: str = "") -> ScriptedSocket:
        """A WebSocket for the next connect to an address with `url` in it; frames can be added at once."""
        socket = ScriptedSocket(url)
        self._prepared.append(socket)
        return socket

    async def next_websocket(self, url: str = "", timeout: float = PATIENCE) -> ScriptedSocket:
        """The next WebSocket to an address with `url` in it that this method has not told yet."""

        def waiting() -> list[ScriptedSocket]:
            return [socket for socket in self._untold_sockets if url in socket.url]

        await self.until(lambda: bool(waiting()), f"a WebSocket to {url or 'anywhere'}", timeout)
        socket = waiting()[0]
        self._untold_sockets.remove(socket)
        return socket

    def add_websocket_connect_exception(self, exception: errors.NotSent) -> None:
        """Let the next connect fail."""
        self._failures.append(exception)

    def add_websocket_text_message(self, websocket: ScriptedSocket, message: str | bytes) -> None:
        """Let a frame arrive, as it is."""
        websocket.say(_frame(message))

    add_websocket_aiohttp_message = add_websocket_text_message

    def add_websocket_json_message(self, websocket: ScriptedSocket, message: Any) -> None:
        """Let a frame arrive that says a value in JSON."""
        websocket.say(msgspec.json.encode(message))

    def add_websocket_ping(self, websocket: ScriptedSocket) -> None:
        """Let a ping arrive: a sign of life that says nothing."""
        websocket.say(None)

    def lose_websocket(self, websocket: ScriptedSocket, why: str = "the line is down") -> None:
        """Break a connection, after the frames that were added before."""
        websocket.lose(why)

    def add_websocket_aiohttp_exception(
        self, websocket: ScriptedSocket, exception: errors.ConnectionLost
    ) -> None:
        """Break a connection with these words."""
        websocket.lose(str(exception))

    def reply_to_websocket_messages(self, reply: Callable[[Any], Iterable[Any]], url: str = "") -> None:
        """Let `reply` say what arrives after each frame that is sent to an address with `url` in it.

        It is given what the frame says (decoded, or the text where that is no JSON). What it gives back
        arrives at once, in order: texts and bytes as they are, other values as JSON.
        """
        self._repliers.append((url, reply))

    def json_messages_sent_through_websocket(self, websocket: ScriptedSocket) -> list[Any]:
        """What the connector sent, decoded.

        Raises:
            msgspec.DecodeError: a frame is no JSON.
        """
        return [msgspec.json.decode(frame) for frame in websocket.sent]

    def text_messages_sent_through_websocket(self, websocket: ScriptedSocket) -> list[str]:
        """What the connector sent."""
        return [frame.decode() for frame in websocket.sent]

    async def next_json_message_sent_through_websocket(
        self, websocket: ScriptedSocket, timeout: float = PATIENCE
    ) -> Any:
        """The next frame that the connector sent and this method has not told yet, decoded."""
        told = self._told_messages.get(websocket, 0)
        await self.until(lambda: len(websocket.sent) > told, f"a message to {websocket.url}", timeout)
        self._told_messages[websocket] = told + 1
        return msgspec.json.decode(websocket.sent[told])

    async def run_until_all_messages_processed(
        self, websocket: ScriptedSocket | None = None, timeout: float = PATIENCE
    ) -> None:
        """Wait until every frame of a WebSocket, or of all, was read, and all that followed has been done.

        A frame counts as read when its reader has come back for the next one, so it is not only taken; then
        tasks get turns until none has more to do at this moment.
        """
        sockets = (*self._prepared, *self.websockets) if websocket is None else (websocket,)

        def are_idle() -> bool:
            return all(socket.is_idle for socket in sockets)

        await self.settle()
        while not are_idle():
            busy = [f"{socket.unread} frames of {socket.url}" for socket in sockets if not socket.is_idle]
            await self.until(are_idle, f"{' and '.join(busy)} to be read: does its stream run?", timeout)
            await self.settle()

    run_until_all_aiohttp_messages_delivered = run_until_all_messages_processed
    run_until_all_json_messages_delivered = run_until_all_messages_processed
    run_until_all_text_messages_delivered = run_until_all_messages_processed

    # Time.

    async def until(self, is_so: Callable[[], bool], what: str, timeout: float = PATIENCE) -> None:
        """Wait until something is so; `what` says in words what is waited for."""
        await until(is_so, what, clock=self.clock, timeout=timeout)

    async def settle(self) -> None:
        """Let tasks run as far as they get without anything more arriving, and without time passing."""
        await (self.clock or VirtualClock()).settle()

    # What a connector uses.

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        """Keep the request and give what was scripted for it."""
        request = SentRequest(method=method, url=url, headers=headers, body=body, seconds=seconds)
        self.requests.append(request)
        self._untold_requests.append(request)
        scripts = sorted(
            (script for script in self._scripts.values() if script.means(request)),
            key=lambda script: script.closeness,
            reverse=True,
        )
        for script in scripts:
            reply = script.next_reply()
            if reply is not None:
                return await reply.give()
        self.unscripted.append(request)
        raise errors.ConnectFailed(f"no answer is scripted for {_target(request)}; use add_http_response")

    async def connect(self, url: str) -> ScriptedSocket:
        """Open the WebSocket that was prepared for this address, or a new one."""
        if self._failures:
            raise self._failures.popleft()
        socket = next((socket for socket in self._prepared if socket.url in url), None)
        if socket is None:
            socket = ScriptedSocket(url)
        else:
            self._prepared.remove(socket)
        socket.url = url
        socket.on_sent = lambda frame: self._reply(socket, frame)
        self.websockets.append(socket)
        self._untold_sockets.append(socket)
        return socket

    async def close(self) -> None:
        """Remember that the connector closed its network."""
        self.is_closed = True

    def _script(self, endpoint: Endpoint[Any, Any] | str) -> _Script:
        name = _name(endpoint)
        return self._scripts.setdefault(name, _Script(name))

    def _reply(self, socket: ScriptedSocket, frame: bytes) -> None:
        for url, reply in self._repliers:
            if url in socket.url:
                socket.say(*map(_frame, reply(_said(frame))))


def _name(endpoint: Endpoint[Any, Any] | str) -> str:
    return endpoint if isinstance(endpoint, str) else endpoint.name


def _target(request: SentRequest) -> str:
    """A request as it would be scripted; its values are left out, for they may be signed."""
    names = ", ".join(request.parameters)
    return f"`{request.method} {request.path}`" + (f" (with {names})" if names else "")


def _outcome(
    status: int,
    json: Any,
    text: str,
    headers: Mapping[str, str] | None,
    exception: errors.NotSent | errors.OutcomeUnknown | None,
) -> HttpAnswer | errors.VenuekitError:
    if exception is not None:
        return exception
    body = text.encode() if json is msgspec.UNSET else msgspec.json.encode(json)
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    return HttpAnswer(status=status, headers=lower, body=body)


def _frame(message: Any) -> bytes:
    if isinstance(message, bytes):
        return message
    return message.encode() if isinstance(message, str) else msgspec.json.encode(message)


def _said(frame: bytes) -> Any:
    try:
        return msgspec.json.decode(frame)
    except msgspec.DecodeError:
        return frame.decode()
