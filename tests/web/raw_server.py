"""Servers that misbehave below the level of HTTP, and a proxy: byte by byte, on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[int]:
    """A TCP server that talks like this to each client; gives its port."""
    tasks: dict[asyncio.Task[None] | None, None] = {}

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks[asyncio.current_task()] = None
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)


async def head_of(reader: asyncio.StreamReader) -> list[str]:
    """The request line and headers of the next request."""
    return (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")


def answer(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """An HTTP answer."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Proxy:
    """An HTTP proxy: `seen` are the request lines that came to it; `refusal` is its answer to all of them."""

    def __init__(self, refusal: str | None = None) -> None:
        self.seen: list[str] = []
        self.refusal = refusal

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await head_of(reader)
        self.seen.append(head[0])
        if self.refusal is not None:
            writer.write(answer(b"", self.refusal))
            await writer.drain()
            return
        method, target, _ = head[0].split(" ")
        address = target if method == "CONNECT" else urlsplit(target).netloc
        host, _, port = address.partition(":")
        upstream_reader, upstream_writer = await asyncio.open_connection(host, int(port or "80"))
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                upstream_writer.write("\r\n".join(head).encode())
            pumps = [
                asyncio.ensure_future(_pump(reader, upstream_writer)),
                asyncio.ensure_future(_pump(upstream_reader, writer)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            upstream_writer.close()


async def _pump(source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
    while piece := await source.read(65_536):
        drain.write(piece)
        await drain.drain()
