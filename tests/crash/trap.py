"""SIGKILL by the victim's own hand: at a moment that a killer from outside hits once in a thousand times."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import NoReturn

from venuekit.seams.disk import AppendFile, SystemDisk
from venuekit.web.transport import AiohttpTransport, HttpAnswer, WsConnection

__all__ = ["Moment", "Trap", "TrappedDisk", "TrappedTransport"]


class Moment(Enum):
    """Where the process may end."""

    RECORD_WRITTEN = "a record is written, and nothing was done about it"
    RECORD_TORN = "half of a record is written"
    COMMAND_LEAVING = "a command is remembered as sent, and no byte of it has left"
    COMMAND_SENT = "a command has left, and its answer has not come"
    ANSWER_HEARD = "the answer to a command has come, and nobody has looked at it"


class Trap:
    """Ends this process when it comes to a moment for the n-th time; without a moment it never does."""

    def __init__(self, moment: Moment | None = None, times: int = 1) -> None:
        self.moment = moment
        self._left = times

    def comes(self, moment: Moment) -> bool:
        """Whether this is the time."""
        if moment is not self.moment:
            return False
        self._left -= 1
        return self._left == 0

    def passes(self, moment: Moment) -> None:
        """End here, if this is the time."""
        if self.comes(moment):
            end()


def end() -> NoReturn:
    """No handler, no `finally`, no buffer that is flushed."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives this")


class TrappedDisk(SystemDisk):
    """The machine's disk, with a trap behind each record."""

    def __init__(self, trap: Trap) -> None:
        self._trap = trap

    def append(self, path: Path) -> AppendFile:
        return _TrappedFile(super().append(path), self._trap)

    def create(self, path: Path) -> AppendFile:
        return _TrappedFile(super().create(path), self._trap)


class _TrappedFile:
    def __init__(self, file: AppendFile, trap: Trap) -> None:
        self._file = file
        self._trap = trap

    def write(self, data: bytes) -> int:
        if self._trap.comes(Moment.RECORD_TORN):
            self._file.write(data[: len(data) // 2])
            end()
        written = self._file.write(data)
        self._trap.passes(Moment.RECORD_WRITTEN)
        return written

    def sync(self) -> None:
        self._file.sync()

    async def synced(self) -> None:
        await self._file.synced()

    def close(self) -> None:
        self._file.close()


class TrappedTransport(AiohttpTransport):
    """The network, with traps around each command: whatever is not asked by GET, and `order.…` on sockets."""

    def __init__(self, trap: Trap) -> None:
        super().__init__()
        self._trap = trap

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        if method == "GET":
            return await super().request(method, url, headers, body, seconds)
        self._trap.passes(Moment.COMMAND_LEAVING)
        if self._trap.comes(Moment.COMMAND_SENT):
            # The client library tells nobody when the bytes are out: some turns of the loop are enough where
            # a connection is open, and where none is, the request dies on its way, which is as good.
            asyncio.get_running_loop().call_later(0.002, end)
        answer = await super().request(method, url, headers, body, seconds)
        self._trap.passes(Moment.ANSWER_HEARD)
        return answer

    async def connect(self, url: str) -> WsConnection:
        return _TrappedConnection(await super().connect(url), self._trap)


class _TrappedConnection:
    def __init__(self, connection: WsConnection, trap: Trap) -> None:
        self._connection = connection
        self._trap = trap
        self._has_commands = False

    async def send(self, frame: bytes) -> None:
        is_command = b'"order.' in frame
        self._has_commands |= is_command
        if is_command:
            self._trap.passes(Moment.COMMAND_LEAVING)
        await self._connection.send(frame)
        if is_command:
            self._trap.passes(Moment.COMMAND_SENT)

    async def receive(self) -> bytes | None:
        frame = await self._connection.receive()
        if frame is not None and self._has_commands:
            self._trap.passes(Moment.ANSWER_HEARD)
        return frame

    async def ping(self) -> None:
        await self._connection.ping()

    async def close(self) -> None:
        await self._connection.close()
