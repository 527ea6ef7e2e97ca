"""One client's WebSocket as the venue sees it."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from venuekit.emulator.limits import ConnectionLimits, RollingWindow
from venuekit.protocol.frozen import Frozen

if TYPE_CHECKING:
    from venuekit.emulator.topic import Topic

__all__ = ["ABNORMAL", "Closing", "Connection", "Frame", "FrameKind"]

ABNORMAL = 1006
"""The close code that is never sent: the connection is reset without a close frame (RFC 6455, 7.4.1)."""
_OUTBOX = 20_000
"""Frames that a client may leave unread before the venue gives it up."""


class FrameKind(Enum):
    """The opcode a frame travels under."""

    TEXT = "text"
    BINARY = "binary"
    PING = "ping"
    PONG = "pong"


class Frame(Frozen):
    """One frame, encoded once for all who get it; a text frame's payload need not be good UTF-8."""

    payload: bytes
    kind: FrameKind = FrameKind.TEXT


class Closing(NamedTuple):
    """The server's wish to end a connection once its outbox is empty."""

    code: int
    reason: str = ""


class Connection:
    """What the venue remembers of one client.

    `form` names the way frames are wrapped for this client, `route` the door it came through: both in
    the dialect's words. `topics` holds what it asked for in order; None: acknowledged, never served.
    """

    def __init__(self, number: int, path: str, remote: str, now: float, limits: ConnectionLimits) -> None:
        self.number = number
        self.path = path
        self.remote = remote
        self.limits = limits
        self.form = ""
        self.route = ""
        self.opened = now
        self.outbox: deque[Frame] = deque()
        self.closing: Closing | None = None
        self.is_mute = False
        self.topics: dict[str, Topic | None] = {}
        self.sent = 0
        self.last_pong = now
        self.last_ping = now
        self._messages = (
            None if limits.messages is None else RollingWindow(limits.messages, limits.message_seconds)
        )

    @property
    def names(self) -> tuple[list[str], list[str]]:
        """The symbols and the paths by which a fault may name it."""
        topics = [topic for topic in self.topics.values() if topic is not None]
        symbols = [symbol for topic in topics for symbol in topic.symbols]
        return symbols, [self.path, *self.topics, *(topic.channel.kind for topic in topics)]

    def send(self, frame: Frame) -> None:
        """Put a frame into the outbox, unless the connection is closing or mute."""
        if self.closing is None and not self.is_mute:
            self.outbox.append(frame)
            self.sent += 1

    def close(self, code: int, reason: str = "") -> None:
        """Ask the shell to close, or with `ABNORMAL` to reset; the first wish counts."""
        if self.closing is None:
            self.closing = Closing(code, reason)

    def keep_alive(self, now: float, payload: bytes) -> None:
        """Ping with this payload when it is time for it; close what is too old, or what nobody reads."""
        limits = self.limits
        if limits.ping_interval is not None and now - self.last_ping >= limits.ping_interval:
            self.last_ping = now
            self.send(Frame(payload=payload, kind=FrameKind.PING))
        is_deserted = limits.pong_timeout is not None and (
            now - self.last_pong >= limits.pong_timeout + (limits.ping_interval or 0.0)
        )
        if limits.lifetime is not None and now - self.opened >= limits.lifetime:
            self.close(1001)
        elif is_deserted or len(self.outbox) > _OUTBOX:
            # Who does not read would not read a close frame either.
            self.close(ABNORMAL)

    def may_speak(self, now: float) -> bool:
        """Whether one more message of the client is within its limit."""
        return self._messages is None or self._messages.admits(now)
