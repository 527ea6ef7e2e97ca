"""The ends of TCP connections, as processes see them."""

from __future__ import annotations

import errno
import os
import socket
import struct
from asyncio import Handle
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from venuekit.sim.disturbance import DisturbanceKind
from venuekit.sim.pipe import Owner, Pipe, Sign

if TYPE_CHECKING:
    from venuekit.sim.host import Host
    from venuekit.sim.route import Route

__all__ = ["Address", "SimSocket", "connected"]

Address = tuple[str, int]


class SimSocket:
    """One end of a connection: the part of `socket.socket` that asyncio uses.

    It never blocks. `reader` and `writer` are called when there is something to read, or room to write.
    """

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    __slots__ = (
        "_error",
        "_flushes",
        "_is_at_end",
        "_is_broken",
        "_is_polled",
        "_is_shut",
        "_number",
        "_owner",
        "_unread",
        "host",
        "into",
        "is_open",
        "local",
        "out",
        "peer",
        "reader",
        "writer",
    )

    out: Pipe
    into: Pipe

    def __init__(self, owner: Owner, host: Host, number: int, local: Address, peer: Address) -> None:
        self.host = host
        self.local = local
        self.peer = peer
        self.is_open = True
        self.reader: Handle | None = None
        self.writer: Handle | None = None
        self._owner = owner
        self._number = number
        self._unread: deque[bytes] = deque()
        self._is_at_end = False
        self._is_broken = False
        self._is_shut = False
        self._is_polled = False
        self._error: int | None = None
        self._flushes = True

    def __repr__(self) -> str:
        ends = f"{self.local[0]}:{self.local[1]} to {self.peer[0]}:{self.peer[1]}"
        return f"<SimSocket {self._number} {ends}{'' if self.is_open else ', closed'}>"

    # What arrives.

    def take(self, content: bytes | Sign) -> None:
        """Something arrives at this machine."""
        if not self.is_open:
            # Nobody owns this end any longer: bytes are answered with a reset, signs are not.
            if isinstance(content, bytes) and not self._is_broken:
                self._is_broken = self.out.cut()
        elif isinstance(content, bytes):
            self._unread.append(content)
        elif content is Sign.END:
            self._is_at_end = True
        else:
            # As Linux has it: who was told of the end already finds a pipe that is broken.
            self.break_off(errno.EPIPE if self._is_at_end else errno.ECONNRESET)

    def break_off(self, error: int) -> None:
        """The connection is no more, for a reason that the next call tells."""
        self._error = error
        self._is_broken = True
        self.out.drop()

    def fail(self, error: int) -> None:
        """Give the connection up: this end alone knows."""
        self.break_off(error)
        if self.is_open:
            self.out.kernel.after(0.0, self.poll, self.host)

    def poll(self) -> None:
        """Call whoever waits for what is so now; as a turn of the host."""
        if self.reader is not None and self._is_readable():
            if self.into.route.deaf:
                self._owner.count(DisturbanceKind.BACK_PRESSURE.value)
            else:
                self.host.loop.run_now(self.reader)
        if self.writer is not None and (self._error is not None or self._is_broken or self.out.room() > 0):
            self.host.loop.run_now(self.writer)
        if self.reader is not None and self._is_readable() and not self.into.route.deaf:
            self.poll_soon()

    def poll_soon(self) -> None:
        """Look again in another turn, as an event loop does for what is still so."""
        if not self._is_polled and self.is_open:
            self._is_polled = True
            self.out.kernel.after(0.0, self._poll_again, self.host)

    def _poll_again(self) -> None:
        self._is_polled = False
        self.poll()

    def _is_readable(self) -> bool:
        return bool(self._unread) or self._is_at_end or self._error is not None

    # What the process does.

    def recv(self, most: int) -> bytes:
        """What has arrived, `most` bytes at most; empty: there will be no more."""
        unread = self._unread
        if not unread:
            if self._error is not None:
                raise self._told()
            if self._is_at_end:
                return b""
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        content = unread.popleft() if len(unread) == 1 else b"".join(unread)
        unread.clear()
        if len(content) > most:
            unread.append(content[most:])
            content = content[:most]
        self.into.consumed(len(content))
        return content

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """As `recv`, into a buffer; how many bytes."""
        content = self.recv(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def send(self, content: bytes | bytearray | memoryview) -> int:
        """Send as much as there is room for; how many bytes."""
        if self._error is not None:
            raise self._told()
        if self._is_broken or self._is_shut:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        out = self.out
        room = out.room()
        if room <= 0:
            self._owner.count("write_blocked")
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        sent = bytes(content if len(content) <= room else content[:room])
        out.outstanding += len(sent)
        out.put(sent)
        return len(sent)

    def sendmsg(self, buffers: Iterable[bytes | bytearray | memoryview]) -> int:
        """As `send`, of several pieces."""
        return self.send(b"".join(buffers))

    def _told(self) -> OSError:
        error, self._error = self._error or errno.ECONNRESET, None
        return OSError(error, os.strerror(error))

    def shutdown(self, how: int) -> None:
        """Say that no more will be sent."""
        if how in (socket.SHUT_WR, socket.SHUT_RDWR) and not self._is_shut and not self._is_broken:
            self._is_shut = True
            self.out.put(Sign.END)

    def close(self) -> None:
        """Give this end up: with FIN, or with RST where something was not read or nothing may linger."""
        if not self.is_open:
            return
        self.is_open = False
        self.reader = self.writer = None
        if not self._is_broken:
            if self._unread or not self._flushes:
                self._is_broken = self.out.cut()
            elif not self._is_shut:
                self._is_shut = True
                self.out.put(Sign.END)
        self._unread.clear()
        self.into.watch_anew()
        self._owner.closed(self._number)

    def reset(self) -> None:
        """Give this end up with RST."""
        self._flushes = False
        self.close()

    def vanish(self) -> None:
        """The machine is without power: nothing is said, and nothing remembered."""
        self.is_open = False
        self.reader = self.writer = None
        self._unread.clear()
        self.out.drop()
        self.into.watch_anew()
        self._owner.closed(self._number)

    # What is asked of it.

    @property
    def is_alone(self) -> bool:
        """Whether the other end has gone, as far as this end was told."""
        return self._is_broken or self._is_at_end

    def fileno(self) -> int:
        """A number of its own while it is open, -1 afterwards."""
        return self._number if self.is_open else -1

    def getsockname(self) -> Address:
        """Its own address."""
        return self.local

    def getpeername(self) -> Address:
        """The other end's address."""
        return self.peer

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """Only SO_LINGER with zero seconds does something: closing resets the connection."""
        if level == socket.SOL_SOCKET and option == socket.SO_LINGER and isinstance(value, bytes):
            is_on, seconds = struct.unpack("ii", value)
            self._flushes = not (is_on and seconds == 0)

    def getsockopt(self, level: int, option: int) -> int:
        """Only SO_ERROR says something."""
        if level == socket.SOL_SOCKET and option == socket.SO_ERROR:
            error, self._error = self._error, None
            return error or 0
        return 0

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def gettimeout(self) -> float:
        """It never blocks."""
        return 0.0


def connected(
    owner: Owner, there: Route, back: Route, near: Address, far: Address, number: Callable[[], int]
) -> tuple[SimSocket, SimSocket]:
    """Both ends of a new connection: of who opened it, and of who accepts it."""
    ours = SimSocket(owner, there.source, number(), near, far)
    theirs = SimSocket(owner, there.target, number(), far, near)
    ours.out = theirs.into = Pipe(owner, there, ours, theirs)
    theirs.out = ours.into = Pipe(owner, back, theirs, ours)
    return ours, theirs
