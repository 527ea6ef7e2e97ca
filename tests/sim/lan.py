"""Two hosts on a simulated network: an emulated venue, and a trader who asks it through aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiohttp import WSMsgType, web

from venuekit import errors
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel
from venuekit.sim.network import Network
from venuekit.sim.replacement import replaced
from venuekit.sim.route import Link
from venuekit.sim.trace import Trace
from venuekit.web.transport import AiohttpTransport, Limits, WsConnection

PORT = 8080
Main = Callable[[], Awaitable[Any]]


class Lan:
    """A world of two machines; `asked` is what arrived at the venue's server, `heard` what a test notes."""

    def __init__(self, seed: int = 1, link: Link | None = None, scheme: str = "http") -> None:
        self.kernel = Kernel(seed, trace=Trace(keeps=True))
        self.network = Network(self.kernel, link)
        self.kernel.network = self.network
        self.venue = Host(self.kernel, "venue")
        self.trader = Host(self.kernel, "trader")
        self.asked: list[str] = []
        self.heard: list[Any] = []
        self.scheme = scheme

    @property
    def fired(self) -> Any:
        """What the network counted."""
        return self.network.fired

    def url(self, path: str = "/", host: str = "venue.sim") -> str:
        return f"{self.scheme}://{host}:{PORT}{path}"

    def ws_url(self, path: str = "/ws") -> str:
        return self.url(path).replace("http", "ws", 1)

    # The venue.

    async def _serve(self) -> None:
        runner = web.ServerRunner(web.Server(self._answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", PORT).start()
        await asyncio.Event().wait()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if request.path == "/ws":
            return await self._stream(request)
        body = await request.read()
        if request.path == "/slow":
            await asyncio.sleep(3.0)
        if request.path == "/big":
            return web.Response(body=b"0123456789" * 100_000)
        return web.Response(text=f"{request.method} {request.path} {len(body)}")

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)

        async def write() -> None:
            number = 0
            while True:
                await socket.send_str(f"frame {number}")
                number += 1
                await asyncio.sleep(0.1)

        writer = asyncio.create_task(write())
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await socket.send_str(f"you said {message.data}")
        finally:
            writer.cancel()
        return socket

    # The trader.

    def run(self, main: Main, seconds: float = 120.0) -> Any:
        """Run a program on the trader's host, and return what it returns."""
        returned: list[Any] = []

        async def program() -> None:
            returned.append(await main())

        task = self.trader.start(program)
        assert self.kernel.run_until(task.done, seconds), "the trader's program does not end"
        task.result()
        self.trader.leave()
        return returned[0]

    def disturb(self, kind: DisturbanceKind, **how: Any) -> Disturbance:
        """Let something go wrong from now on."""
        made = Disturbance(kind=kind, at=self.kernel.now, **how)
        self.network.disturb(made)
        return made

    def settle(self, seconds: float = 30.0) -> None:
        """Let what is under way come to an end."""
        self.kernel.run(seconds)


@contextmanager
def lan(seed: int = 1, link: Link | None = None, scheme: str = "http") -> Iterator[Lan]:
    """Two machines, the venue's server listening."""
    made = Lan(seed, link, scheme)
    with replaced(made.kernel):
        made.venue.start(made._serve)
        made.kernel.run(1.0)
        try:
            yield made
            assert made.kernel.complaints == []
        finally:
            made.kernel.end()


@asynccontextmanager
async def transport(limits: Limits | None = None) -> AsyncIterator[AiohttpTransport]:
    """The transport of production, closed afterwards."""
    async with AiohttpTransport(limits=limits) as made:
        yield made


async def failure(call: Awaitable[Any]) -> errors.VenuekitError:
    """The error that a call ends with."""
    try:
        result = await call
    except errors.VenuekitError as error:
        return error
    raise AssertionError(f"it returned {result!r}")


async def frames(stream: WsConnection, count: int) -> list[str]:
    """The next frames of a stream."""
    found: list[str] = []
    while len(found) < count:
        frame = await stream.receive()
        if frame is not None:
            found.append(frame.decode())
    return found
