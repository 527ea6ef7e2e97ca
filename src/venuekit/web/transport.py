"""HTTP and WebSocket as bytes in and out; the only module that knows the client library."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Protocol, Self

import aiohttp
from yarl import URL

from venuekit import errors
from venuekit.protocol.frozen import Frozen

__all__ = ["AiohttpTransport", "HttpAnswer", "Limits", "Transport", "WsConnection"]

_USER_AGENT = "venuekit"
_URL = re.compile(r"\w+://\S+")


class Limits(Frozen):
    """What the transport puts up with: seconds and bytes.

    A spot venue's instrument list is some 15 MB of JSON and a deep book frame 5 MB; beyond these bounds
    something is broken.
    """

    connect_seconds: float = 5.0
    answer_seconds: float = 10.0
    answer_bytes: int = 64 * 2**20
    frame_bytes: int = 32 * 2**20


class HttpAnswer(Frozen):
    """An answer, whatever it says; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class WsConnection(Protocol):
    """One open WebSocket."""

    async def send(self, frame: bytes) -> None:
        """Send a text frame.

        Raises:
            errors.ConnectionLost: the connection is gone.
        """
        ...

    async def receive(self) -> bytes | None:
        """The next text or binary frame; None for a ping or pong, which is answered here.

        Raises:
            errors.ConnectionLost: it was closed or broke; the text says by whom and with which code.
        """
        ...

    async def ping(self) -> None:
        """Ask for a sign of life."""
        ...

    async def close(self) -> None:
        """Close it; never fails."""
        ...


class Transport(Protocol):
    """What a connector needs of a network."""

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        """Send one request exactly once and read the whole answer.

        Raises:
            errors.NotSent: no connection.
            errors.OutcomeUnknown: sent, and no whole answer within the time limit (`seconds`).
        """
        ...

    async def connect(self, url: str) -> WsConnection:
        """Open a WebSocket.

        Raises:
            errors.NotSent: no connection, or no WebSocket at that address.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class AiohttpTransport:
    """The transport of production, on aiohttp. `proxy` is an HTTP proxy's URL, None for none."""

    def __init__(self, *, limits: Limits | None = None, proxy: str | None = None) -> None:
        self.limits = limits or Limits()
        self.proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        """Send one request exactly once and read the whole answer."""
        # aiohttp's own bound on the whole (`total`) loses a cancellation that comes in the same turn of the
        # loop as its timer: it is entered twice and each level takes one cancellation back. Ours is not.
        # Its bound on connecting counts the look-up of the name; `sock_connect` would not, and a command that
        # never left would be one that the venue may have.
        time_limit = aiohttp.ClientTimeout(total=None, connect=self.limits.connect_seconds)
        try:
            sent = self._open_session().request(
                method,
                # As it is: a URL written anew (%2F becomes /) would not be the one that was signed.
                URL(url, encoded=True),
                headers=headers,
                data=body,
                timeout=time_limit,
                proxy=self.proxy,
                allow_redirects=False,
            )
            async with asyncio.timeout(seconds or self.limits.answer_seconds), sent as answer:
                content = await self._read(answer, url)
                return HttpAnswer(
                    status=answer.status,
                    headers={name.lower(): value for name, value in answer.headers.items()},
                    body=content,
                )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _meaning(error, _place(url)) from _quotable(error)

    async def connect(self, url: str) -> WsConnection:
        """Open a WebSocket, without compression: it costs more per frame than it saves on a book."""
        try:
            async with asyncio.timeout(self.limits.connect_seconds + self.limits.answer_seconds):
                socket = await self._open_session().ws_connect(
                    url,
                    autoping=False,
                    compress=0,
                    max_msg_size=self.limits.frame_bytes,
                    decode_text=False,
                    proxy=self.proxy,
                    timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
                )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise errors.ConnectFailed(f"no WebSocket at {_place(url)}: {_words(error)}") from _quotable(
                error
            )
        return _AiohttpConnection(socket, url)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _read(self, answer: aiohttp.ClientResponse, url: str) -> bytes:
        content = bytearray()
        async for piece in answer.content.iter_any():
            content += piece
            if len(content) > self.limits.answer_bytes:
                raise errors.BadAnswer(
                    f"{_place(url)} answered more than {self.limits.answer_bytes} bytes", status=answer.status
                )
        return bytes(content)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Who asks bounds the requests: a limit here would count WebSockets among them, and the time
                # that a request waits for its turn as time that the venue took.
                connector=aiohttp.TCPConnector(limit=0),
                headers={"User-Agent": _USER_AGENT},
                auto_decompress=True,
            )
            # aiohttp sends GET, PUT and DELETE a second time when a kept-alive connection closes under
            # them, with no public way to say no (aio-libs/aiohttp#10790). A cancel is a DELETE: every
            # retry is ours to decide. tests/web/test_transport.py counts what reaches a server.
            self._session._retry_connection = False  # noqa: SLF001
        return self._session


class _AiohttpConnection:
    """A WebSocket of aiohttp that answers pings and says plainly when it is gone."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[Literal[False]], url: str) -> None:
        self._socket = socket
        self._url = url

    async def send(self, frame: bytes) -> None:
        """Send a text frame."""
        try:
            await self._socket.send_frame(frame, aiohttp.WSMsgType.TEXT)
        except (aiohttp.ClientError, OSError) as error:
            raise errors.ConnectionLost(f"{self._url} is gone: {_words(error)}") from error

    async def receive(self) -> bytes | None:
        """The next text or binary frame; None for a ping or pong."""
        message = await self._socket.receive()
        kind, data = message.type, message.data
        if kind is aiohttp.WSMsgType.TEXT or kind is aiohttp.WSMsgType.BINARY:
            return data if isinstance(data, bytes) else bytes(data)
        if kind is aiohttp.WSMsgType.PING:
            await self._pong(data)
            return None
        if kind is aiohttp.WSMsgType.PONG:
            return None
        if kind is aiohttp.WSMsgType.ERROR:
            raise errors.ConnectionLost(f"{self._url} broke: {_words(self._socket.exception() or data)}")
        code = self._socket.close_code
        said = message.extra or ""
        raise errors.ConnectionLost(f"{self._url} closed with code {code} {said}".rstrip())

    async def _pong(self, data: bytes) -> None:
        try:
            await self._socket.pong(bytes(data))
        except (aiohttp.ClientError, OSError) as error:
            raise errors.ConnectionLost(f"{self._url} is gone: {_words(error)}") from error

    async def ping(self) -> None:
        """Ask for a sign of life."""
        try:
            await self._socket.ping()
        except (aiohttp.ClientError, OSError) as error:
            raise errors.ConnectionLost(f"{self._url} is gone: {_words(error)}") from error

    async def close(self) -> None:
        """Close it; never fails."""
        try:
            await self._socket.close()
        except (aiohttp.ClientError, OSError):
            return


def _place(url: str) -> str:
    """A URL as errors show it: its query may hold a signature that is still good."""
    return url.partition("?")[0]


def _meaning(error: Exception, url: str) -> errors.VenuekitError:
    """What a failure of the client library proves about the request."""
    why = _words(error)
    if isinstance(error, aiohttp.InvalidURL):
        return errors.InvalidConfiguration(f"not a URL: {url}")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return errors.ConnectFailed(f"no connection to {url}: {why}")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return errors.ConnectFailed(f"the proxy refused {url}: {why}")
    if isinstance(error, TimeoutError):
        return errors.TimedOut(f"{url} did not answer in time")
    return errors.ConnectionLost(f"{url} broke off: {why}")


def _words(error: object) -> str:
    # Of a connection that failed, the operating system's words: aiohttp's name the host again, and end in
    # "ssl:default" for plain http too. A certificate's error has no cause and says it all itself.
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{error.status} {error.message}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "it was not made in time"
    if isinstance(error, aiohttp.InvalidURL):
        return "not a URL"
    cause = getattr(error, "os_error", error)
    said = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return _URL.sub(_address, said)


def _address(found: re.Match[str]) -> str:
    """A URL that somebody quotes, up to what may be signed: "Connection timeout to host https://…?…"."""
    return _place(found.group())


def _quotable(error: Exception) -> Exception | None:
    """What may be kept as a cause: nothing that quotes a URL, or headers, which may be signed."""
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.InvalidURL) or _URL.search(str(error)):
        return None
    return error
