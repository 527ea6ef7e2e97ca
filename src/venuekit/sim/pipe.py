"""One direction of a TCP connection: what is on its way, what waits for it, and how much may be."""

from __future__ import annotations

import errno
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from venuekit.sim.route import Route, Verdict

if TYPE_CHECKING:
    from venuekit.sim.host import Host
    from venuekit.sim.kernel import Alarm, Kernel
    from venuekit.sim.sockets import SimSocket

__all__ = ["Owner", "Pipe", "Sign"]

_CAPACITY = 256 * 1024
"""Bytes that are sent and not yet read at the other end: a send buffer and a window, as on Linux."""
_CHOKED = 8 * 1024
"""The same where the receiver reads nothing: what a receiver announces that is short of memory."""
_FIRST_RETRY = 0.2
_LAST_RETRY = 120.0
_GIVE_UP = 924.6
"""Seconds after which Linux takes a silent peer for dead: `tcp_retries2` = 15."""


class Sign(Enum):
    """What travels beside bytes."""

    END = "FIN"
    RESET = "RST"


class Owner(Protocol):
    """What connections need of their network."""

    kernel: Kernel

    def is_up(self, host: Host) -> bool:
        """Whether the machine has power."""
        ...

    def closed(self, number: int) -> None:
        """A socket is open no longer."""
        ...

    def repeat(self, pipe: Pipe, content: bytes, moment: float) -> None:
        """Something on the way sends bytes once more, on a connection of its own."""
        ...

    def say(self, kind: str, text: str) -> None:
        """Something happened that a reader of the trace wants to know."""
        ...

    def count(self, kind: str) -> None:
        """Something happened that is counted."""
        ...


class Pipe:
    """One direction of a connection.

    `stops` counts what holds this pipe alone. What cannot pass is sent again, ever later, and given up after
    15 minutes, as TCP does. `outstanding` are the bytes that were sent and not yet read.
    """

    __slots__ = (
        "_alarm",
        "_backoff",
        "_debt",
        "_debt_since",
        "_flight",
        "_held",
        "_held_since",
        "_is_credit_coming",
        "_last_arrival",
        "_retry",
        "is_cut",
        "is_used",
        "kernel",
        "outstanding",
        "owner",
        "receiver",
        "route",
        "sender",
        "stops",
    )

    def __init__(self, owner: Owner, route: Route, sender: SimSocket, receiver: SimSocket) -> None:
        self.owner = owner
        self.kernel = owner.kernel
        self.route = route
        self.sender = sender
        self.receiver = receiver
        self.stops = 0
        self.outstanding = 0
        self.is_cut = False
        self.is_used = False
        self._flight: deque[tuple[float, bytes | Sign, int]] = deque()
        self._held: deque[bytes | Sign] = deque()
        self._held_since = 0.0
        self._last_arrival = 0.0
        self._alarm: Alarm | None = None
        self._retry: Alarm | None = None
        self._backoff = _FIRST_RETRY
        self._debt = 0
        self._debt_since = 0.0
        self._is_credit_coming = False

    # Sending.

    def room(self) -> int:
        """How many bytes may be sent now."""
        return (_CHOKED if self.route.deaf else _CAPACITY) - self.outstanding

    def put(self, content: bytes | Sign) -> None:
        """Send bytes, or the sign that there will be no more."""
        if self.is_cut:
            return
        if self._held or self.stops or self.route.blocks:
            self._hold(content)
        else:
            self._launch(content)
        self.is_used = True

    def cut(self) -> bool:
        """Send the sign that all is over; what waited is gone. Whether the sign can pass: it is sent once."""
        self.drop()
        if self.stops or self.route.blocks:
            return False
        self.fly(self.route.arrival(self.kernel.now, 0), Sign.RESET)
        return True

    def drop(self) -> None:
        """Send nothing any more, what waits included."""
        self.is_cut = True
        self._held.clear()

    def hold_until(self, moment: float) -> None:
        """Let nothing arrive before a moment."""
        self._last_arrival = max(self._last_arrival, moment)

    def _launch(self, content: bytes | Sign) -> None:
        now = self.kernel.now
        if isinstance(content, Sign):
            self.fly(self.route.arrival(now, 0), content)
            return
        route = self.route
        if route.is_plain:
            self.fly(route.arrival(now, len(content)), content)
            return
        for piece in route.pieces(content, now, is_first=not self.is_used):
            if piece.content:
                self.fly(piece.arrival, piece.content)
            if piece.verdict is Verdict.REPEATED:
                self.owner.repeat(self, piece.content, piece.arrival)
            elif piece.verdict is not Verdict.CARRIED:
                self._break(piece.verdict, piece.arrival)

    def fly(self, arrival: float, content: bytes | Sign) -> None:
        """Let something arrive at a moment, or after what is on its way already."""
        arrival = self._last_arrival = max(arrival, self._last_arrival)
        route = self.route
        route.sent += 1
        self._flight.append((arrival, content, route.sent))
        if self._alarm is None:
            self._watch()

    def _break(self, verdict: Verdict, moment: float) -> None:
        """Something in the middle ends the connection: each end hears of it as if from the other."""
        self.owner.say(verdict.value, f"{self.sender!r} by something on the way")
        self.is_cut = True
        self.fly(moment, Sign.RESET)
        back = self.receiver.out
        back.put(Sign.END) if verdict is Verdict.CLOSED else back.cut()
        back.is_cut = True

    # Arriving.

    def _watch(self) -> None:
        """Wait for what arrives next: as the host that reads it, or as the machine alone if nobody does."""
        receiver = self.receiver
        host = receiver.host if receiver.is_open else None
        self._alarm = self.kernel.at(self._flight[0][0], self._arrive, host)

    def watch_anew(self) -> None:
        """The receiver's process is no more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._watch()

    def _arrive(self) -> None:
        self._alarm = None
        flight, receiver = self._flight, self.receiver
        now = self.kernel.now
        if not receiver.is_open and not self.owner.is_up(receiver.host):
            self._fall_back()
            return
        number = pieces = 0
        while flight and flight[0][0] <= now:
            _, content, number = flight.popleft()
            receiver.take(content)
            pieces += 1
        if pieces > 1:
            self.owner.count("coalesced")
        if number > self.route.arrived:
            self.route.arrived = number
        else:
            self.owner.count("reordered")  # something that was sent later, on another connection, came first
        if flight and self._alarm is None:
            self._watch()
        self._backoff = _FIRST_RETRY
        receiver.poll()

    def _fall_back(self) -> None:
        """Nobody is there: what was on its way has to be sent again."""
        lost = [content for _, content, _ in self._flight if content is not Sign.RESET]
        self._flight.clear()
        if lost:
            if not self._held:
                self._held_since = self.kernel.now
            self._held.extendleft(reversed(lost))
            self._await_retry()

    # What cannot pass.

    def _hold(self, content: bytes | Sign) -> None:
        if self.route.blocks:
            self.owner.count("partition")
        if not self._held:
            self._held_since = self.kernel.now
        self._held.append(content)
        self._await_retry()

    def _await_retry(self) -> None:
        if self._retry is None:
            self._retry = self.kernel.after(self._backoff, self._try_again)
            self._backoff = min(2 * self._backoff, _LAST_RETRY)

    def _try_again(self) -> None:
        self._retry = None
        self._pay()
        given_up = self.kernel.now - _GIVE_UP
        if (self._held and self._held_since < given_up) or (self._debt and self._debt_since < given_up):
            self.drop()
            self._debt = 0
            self.sender.fail(errno.ETIMEDOUT)
        elif not self._held:
            return
        elif self.stops or self.route.blocks or not self.owner.is_up(self.receiver.host):
            self._await_retry()
        else:
            self.release()

    def release(self) -> None:
        """Send what waited, if nothing holds it any longer."""
        if self.stops or self.route.blocks:
            return
        held = list(self._held)
        self._held.clear()
        for content in held:
            self._launch(content)

    # Room for more.

    def consumed(self, size: int) -> None:
        """The receiver has read so many bytes; the sender learns it, if word can pass the other way."""
        back = self.receiver.out
        if not self._debt:
            self._debt_since = self.kernel.now
        self._debt += size
        if back.stops or back.route.blocks:
            self._await_retry()
        else:
            self._pay()

    def _pay(self) -> None:
        back = self.receiver.out
        if not self._debt:
            return
        if back.stops or back.route.blocks:
            self._await_retry()
            return
        self.outstanding -= self._debt
        self._debt = 0
        if self.sender.writer is not None and not self._is_credit_coming:
            self._is_credit_coming = True
            self.kernel.after(back.route.delay(), self._tell_room, self.sender.host)

    def _tell_room(self) -> None:
        self._is_credit_coming = False
        self.sender.poll()
