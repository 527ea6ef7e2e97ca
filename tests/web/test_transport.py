from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from tests.web.raw_server import Proxy, Talk, answer, head_of, serving

from venuekit import errors
from venuekit.web.transport import AiohttpTransport, HttpAnswer, Limits

# For what does not answer at all. What does answer gets the usual limits: a busy machine takes its time.
QUICK = Limits(connect_seconds=1.0, answer_seconds=1.0)


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _get(url: str, limits: Limits | None = None, seconds: float | None = None) -> HttpAnswer:
    async with AiohttpTransport(limits=limits) as transport:
        return await transport.request("GET", url, {}, None, seconds)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "HEAD"])
async def test_a_request_on_a_line_that_closes_under_it_is_sent_once(method: str) -> None:
    seen: list[str] = []

    async def closes_under_the_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await head_of(reader))[0])
        writer.write(answer(b"{}"))
        await writer.drain()
        seen.append((await head_of(reader))[0])

    async with serving(closes_under_the_second) as port, AiohttpTransport() as transport:
        url = f"http://127.0.0.1:{port}/"
        await transport.request("GET", url, {}, None)
        with pytest.raises(errors.ConnectionLost):
            await transport.request(method, url, {}, None)
    assert seen == ["GET / HTTP/1.1", f"{method} / HTTP/1.1"]


async def test_a_refused_connection_means_that_nothing_was_sent() -> None:
    with pytest.raises(errors.ConnectFailed, match="no connection to http://127") as caught:
        await _get(f"http://127.0.0.1:{_closed_port()}/")
    assert "ssl" not in str(caught.value)


async def test_a_name_that_is_not_found_means_that_nothing_was_sent() -> None:
    with pytest.raises(errors.ConnectFailed):
        await _get("http://no-such-host.invalid/")


async def test_a_host_that_cannot_be_a_name_is_a_mistake_of_the_setting() -> None:
    with pytest.raises(errors.InvalidConfiguration):
        await _get("http:///path")


async def test_a_host_that_speaks_something_else_is_no_answer() -> None:
    async def speaks_ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await writer.drain()

    async with serving(speaks_ssh) as port:
        with pytest.raises(errors.OutcomeUnknown):
            await _get(f"http://127.0.0.1:{port}/")


async def _says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    await reader.read()


async def test_an_answer_that_does_not_come_is_timed_out() -> None:
    async with serving(_says_nothing) as port:
        with pytest.raises(errors.TimedOut):
            await _get(f"http://127.0.0.1:{port}/", seconds=0.1)


async def test_a_body_that_never_ends_is_timed_out() -> None:
    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(answer(b"{", length=100))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(drips) as port:
        with pytest.raises(errors.TimedOut):
            await _get(f"http://127.0.0.1:{port}/", seconds=0.1)


async def _refuses_tunnels(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    writer.write(answer(b"", "403 Forbidden"))
    await writer.drain()


async def _drips_too_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    writer.write(answer(b"x" * 100))
    await writer.drain()


SIGNED = "/order?symbol=A&signature=c0ffee"


def _shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("talk", [_says_nothing, _drips_too_much])
async def test_no_error_of_a_request_shows_its_query(talk: Talk, method: str) -> None:
    limits = Limits(answer_seconds=0.3, answer_bytes=10)
    async with serving(talk) as port, AiohttpTransport(limits=limits) as transport:
        with pytest.raises(errors.OutcomeUnknown, match="/order") as caught:
            await transport.request(method, f"http://127.0.0.1:{port}{SIGNED}", {}, None)
    assert "c0ffee" not in _shown(caught.value)


async def test_no_error_of_a_request_that_was_not_sent_shows_its_query() -> None:
    async with AiohttpTransport(limits=QUICK) as transport:
        for url in (f"http://127.0.0.1:{_closed_port()}{SIGNED}", f"http://{SIGNED}"):
            with pytest.raises(errors.VenuekitError) as caught:
                await transport.request("POST", url, {}, None)
            assert "c0ffee" not in _shown(caught.value)


async def test_no_error_of_a_connection_that_is_not_made_in_time_shows_the_query(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", never)
    async with AiohttpTransport(limits=Limits(connect_seconds=0.1)) as transport:
        with pytest.raises(errors.ConnectFailed, match="not made in time") as caught:
            await transport.request("POST", f"http://127.0.0.1:9{SIGNED}", {}, None)
    assert "c0ffee" not in _shown(caught.value)


async def test_no_error_of_a_proxy_shows_the_query_of_the_request() -> None:
    async with (
        serving(_refuses_tunnels) as port,
        AiohttpTransport(limits=QUICK, proxy=f"http://127.0.0.1:{port}") as transport,
    ):
        with pytest.raises(errors.ConnectFailed, match="403") as caught:
            await transport.request("POST", f"https://venue.invalid{SIGNED}", {}, None)
    assert "c0ffee" not in _shown(caught.value)


async def test_a_reset_in_the_middle_of_an_answer_leaves_the_outcome_unknown() -> None:
    async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(answer(b'{"a":', length=100))
        await writer.drain()
        writer.transport.abort()

    async with serving(resets) as port:
        with pytest.raises(errors.ConnectionLost):
            await _get(f"http://127.0.0.1:{port}/")


async def test_a_body_that_is_cut_off_leaves_the_outcome_unknown() -> None:
    async def cuts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(answer(b'{"a":', length=100))
        await writer.drain()

    async with serving(cuts) as port:
        with pytest.raises(errors.ConnectionLost):
            await _get(f"http://127.0.0.1:{port}/")


@asynccontextmanager
async def _site(handler: web.Server) -> AsyncIterator[str]:
    runner = web.ServerRunner(handler, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _five_megabytes(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=b" " * (5 * 2**20))


async def test_a_body_of_five_megabytes_is_legal() -> None:
    async with _site(web.Server(_five_megabytes)) as host:
        assert len((await _get(f"http://{host}/")).body) == 5 * 2**20


async def test_a_body_above_the_limit_is_a_bad_answer() -> None:
    async with _site(web.Server(_five_megabytes)) as host:
        with pytest.raises(errors.BadAnswer, match="more than 1048576 bytes"):
            await _get(f"http://{host}/", Limits(answer_bytes=2**20))


async def test_a_redirect_is_not_followed() -> None:
    async def sends_away(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})

    async with _site(web.Server(sends_away)) as host:
        assert (await _get(f"http://{host}/")).status == 302


async def test_a_web_socket_of_a_refused_port_means_that_nothing_was_sent() -> None:
    async with AiohttpTransport() as transport:
        with pytest.raises(errors.ConnectFailed, match="no WebSocket at ws://127"):
            await transport.connect(f"ws://127.0.0.1:{_closed_port()}/")


async def test_a_web_page_is_no_web_socket() -> None:
    async with _site(web.Server(_five_megabytes)) as host, AiohttpTransport() as transport:
        with pytest.raises(errors.ConnectFailed):
            await transport.connect(f"ws://{host}/")


async def test_a_handshake_that_is_not_answered_ends_in_time() -> None:
    async with serving(_says_nothing) as port, AiohttpTransport(limits=QUICK) as transport:
        with pytest.raises(errors.ConnectFailed):
            await transport.connect(f"ws://127.0.0.1:{port}/")


class _Room:
    """A WebSocket server that says prepared frames, then does as told."""

    def __init__(self, *frames: tuple[web.WSMsgType, bytes], end: str = "wait") -> None:
        self.frames = frames
        self.end = end
        self.heard: list[tuple[web.WSMsgType, bytes]] = []

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        web_socket = web.WebSocketResponse(autoping=False, compress=False)
        await web_socket.prepare(request)
        for kind, payload in self.frames:
            await web_socket.send_frame(payload, kind)
        if self.end == "close":
            await web_socket.close(code=1001, message=b"bye")
        elif self.end == "abort" and request.transport is not None:
            request.transport.abort()
        else:
            async for message in web_socket:
                data = message.data.encode() if isinstance(message.data, str) else bytes(message.data)
                self.heard.append((message.type, data))
        return web_socket


@pytest.mark.parametrize("kind", [web.WSMsgType.TEXT, web.WSMsgType.BINARY])
@pytest.mark.parametrize("payload", [b"{}", b"\xff\xfe", b"x" * (5 * 2**20)], ids=["json", "no utf8", "5 MB"])
async def test_a_frame_arrives_as_the_bytes_that_were_sent(kind: web.WSMsgType, payload: bytes) -> None:
    async with _site(web.Server(_Room((kind, payload)))) as host, AiohttpTransport() as transport:
        socket = await transport.connect(f"ws://{host}/")
        assert await socket.receive() == payload


async def test_a_frame_above_the_limit_ends_the_connection() -> None:
    room, limits = _Room((web.WSMsgType.TEXT, b"x" * 2**20)), Limits(frame_bytes=2**16)
    async with _site(web.Server(room)) as host, AiohttpTransport(limits=limits) as transport:
        socket = await transport.connect(f"ws://{host}/")
        with pytest.raises(errors.ConnectionLost):
            await socket.receive()


async def test_a_ping_is_answered_with_its_own_payload() -> None:
    room = _Room((web.WSMsgType.PING, b"1700000000000"))
    async with _site(web.Server(room)) as host, AiohttpTransport() as transport:
        socket = await transport.connect(f"ws://{host}/")
        assert await socket.receive() is None
        await socket.ping()
        await socket.send(b"hello")
        await socket.close()
        assert room.heard == [
            (web.WSMsgType.PONG, b"1700000000000"),
            (web.WSMsgType.PING, b""),
            (web.WSMsgType.TEXT, b"hello"),
        ]


@pytest.mark.parametrize(("end", "why"), [("close", "closed with code 1001 bye"), ("abort", "code 1006")])
async def test_an_end_is_told_with_its_code(end: str, why: str) -> None:
    async with _site(web.Server(_Room(end=end))) as host, AiohttpTransport() as transport:
        socket = await transport.connect(f"ws://{host}/")
        with pytest.raises(errors.ConnectionLost, match=why):
            await socket.receive()
        with pytest.raises(errors.ConnectionLost):
            await socket.send(b"too late")


async def test_rest_and_web_sockets_go_through_the_proxy() -> None:
    proxy, room = Proxy(), _Room((web.WSMsgType.TEXT, b"hello"))

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        is_socket = "Upgrade" in request.headers
        return await room(request) if is_socket else web.Response(body=b"{}")

    async with _site(web.Server(handler)) as host, serving(proxy.talk) as port:
        address = f"http://127.0.0.1:{port}"
        async with AiohttpTransport(proxy=address) as transport:
            assert (await transport.request("GET", f"http://{host}/rest", {}, None)).body == b"{}"
        async with AiohttpTransport(proxy=address) as transport:
            socket = await transport.connect(f"ws://{host}/stream")
            assert await socket.receive() == b"hello"
    assert proxy.seen == [f"GET http://{host}/rest HTTP/1.1", f"GET ws://{host}/stream HTTP/1.1"]


async def test_what_is_encrypted_goes_through_a_tunnel_of_the_proxy() -> None:
    proxy = Proxy()
    async with (
        serving(_says_nothing) as target,
        serving(proxy.talk) as port,
        AiohttpTransport(limits=QUICK, proxy=f"http://127.0.0.1:{port}") as transport,
    ):
        with pytest.raises((errors.NotSent, errors.OutcomeUnknown)):  # there is nobody to shake hands
            await transport.request("GET", f"https://127.0.0.1:{target}/", {}, None)
        with pytest.raises(errors.ConnectFailed):
            await transport.connect(f"wss://127.0.0.1:{target}/")
    assert proxy.seen == [f"CONNECT 127.0.0.1:{target} HTTP/1.1"] * 2


async def test_a_proxy_that_refuses_means_that_nothing_was_sent() -> None:
    proxy = Proxy(refusal="407 Proxy Authentication Required")
    async with (
        serving(proxy.talk) as port,
        AiohttpTransport(proxy=f"http://127.0.0.1:{port}") as transport,
    ):
        with pytest.raises(errors.ConnectFailed, match="proxy refused"):
            await transport.request("GET", "https://127.0.0.1:1/", {}, None)
        with pytest.raises(errors.ConnectFailed):
            await transport.connect("wss://127.0.0.1:1/")


async def test_a_proxy_that_is_not_there_means_that_nothing_was_sent() -> None:
    async with AiohttpTransport(proxy=f"http://127.0.0.1:{_closed_port()}") as transport:
        with pytest.raises(errors.ConnectFailed):
            await transport.request("GET", "http://127.0.0.1:1/", {}, None)


async def test_a_url_arrives_as_it_was_written() -> None:
    query = "symbol=%5B%22BTCUSDT%22%5D&id=a%3Ab%2Fc%40d%2Ce&word=%E4%B8%AD"
    seen = []

    async def notes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await head_of(reader))[0])
        writer.write(answer(b"{}"))
        await writer.drain()

    async with serving(notes) as port, AiohttpTransport() as transport:
        await transport.request("GET", f"http://127.0.0.1:{port}/ask?{query}", {}, None)
    assert seen == [f"GET /ask?{query} HTTP/1.1"]


async def test_a_cancellation_that_meets_the_time_limit_is_not_lost() -> None:
    loop = asyncio.get_running_loop()
    async with serving(_says_nothing) as port, AiohttpTransport() as transport:
        for step in range(100):
            asking = asyncio.create_task(
                transport.request("GET", f"http://127.0.0.1:{port}/", {}, None, seconds=0.01)
            )
            accepted: list[bool] = []
            # Around the limit, a fiftieth of a millisecond further each time.
            loop.call_later(0.0095 + step * 0.00002, _cancel, asking, accepted)
            await asyncio.wait([asking])
            assert asking.cancelled() or True not in accepted


def _cancel(task: asyncio.Task[object], accepted: list[bool]) -> None:
    accepted.append(task.cancel())
