"""An emulated venue's dialect on the time of a world, and its ends of connections."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from venuekit.emulator.answer import Answer, Request
from venuekit.emulator.connection import ABNORMAL
from venuekit.emulator.control import PREFIX, control
from venuekit.emulator.dialect import Dialect, Query
from venuekit.sim.kernel import Alarm, Kernel
from venuekit.web.transport import HttpAnswer

if TYPE_CHECKING:
    from venuekit.sim.direct_socket import DirectSocket
    from venuekit.sim.line import Line

__all__ = ["DirectVenue"]

_PATIENCE = 0.2
"""Seconds for which a venue waits for the answer to its close frame, as the emulator's server does."""
_WINDOW = 4_000
"""Frames that are sent before the first of them is read: about what the buffers of two systems hold."""
_TICK_AFTER = 2e-6
"""Seconds behind the moment at which something is due: wall time near 1.75e9 has steps of 2.4e-7."""


class DirectVenue:
    """A dialect that lives on the kernel's time, and carries what it says and hears.

    `name` is the host on which it listens. It obeys what answers and connections ask of a shell as
    `emulator.server.EmulatorServer` does. It lives from the moment it is made.
    """

    def __init__(self, kernel: Kernel, dialect: Dialect, name: str = "venue") -> None:
        self.kernel = kernel
        self.dialect = dialect
        self.name = name
        self.is_listening = True
        self._lines: dict[Line, None] = {}
        self._sockets: dict[int, Line] = {}
        self._alarm: Alarm | None = None
        self._tick()

    # Time.

    def _tick(self) -> None:
        self._alarm = None
        self.dialect.tick(self.kernel.wall)
        self.flow()

    def flow(self) -> None:
        """Let the outboxes flow, and wake up when the dialect has something to do again."""
        for line in list(self._sockets.values()):
            self._write(line)
        due = self.dialect.next_tick(self.kernel.wall) - self.kernel.start + _TICK_AFTER
        if self._alarm is not None:
            if self._alarm.when <= due:
                return
            self._alarm.cancel()
        self._alarm = self.kernel.at(due, self._tick)

    def _write(self, line: Line) -> None:
        connection, socket = line.connection, line.socket
        if connection is None or socket is None:
            return
        closing, outbox = connection.closing, connection.outbox
        if closing is not None and closing.code == ABNORMAL:
            # A reset does not wait for a writer that is stuck.
            self._reset(line)
            return
        if outbox and line.unread < _WINDOW:
            frames = tuple(outbox)
            outbox.clear()
            line.unread += len(frames)
            line.down.send(partial(socket.heard, frames), sum(len(frame.payload) for frame in frames))
        if closing is not None and not outbox and not line.is_told_to_close:
            line.is_told_to_close = True
            line.down.put(partial(socket.told_to_close, *closing))
            self.kernel.after(_PATIENCE, partial(self.forget, line))

    # Connections.

    def accept(self, line: Line) -> None:
        """A connection has arrived."""
        line.is_served = True
        self._lines[line] = None

    def forget(self, line: Line) -> None:
        """The venue's end of a connection is gone."""
        if not line.is_served:
            return
        line.is_served = False
        del self._lines[line]
        if line.connection is not None:
            del self._sockets[line.connection.number]
            self.dialect.disconnected(line.connection)

    def cut(self) -> None:
        """End every connection as a process does that dies."""
        for line in list(self._lines):
            self._reset(line)

    def _reset(self, line: Line) -> None:
        line.down.put(line.host_hears_reset)
        self.forget(line)

    # Requests.

    def take(
        self,
        line: Line,
        request: Request,
        told: Callable[[HttpAnswer], None],
        *,
        late: float = 0.0,
        is_lost: bool = False,
    ) -> None:
        """A request has arrived; `told` is called at the host's end with the answer.

        The answer comes `late` seconds late, or `is_lost`: the connection breaks in its place.
        """
        if not line.is_served:
            return
        answer = self.ask(request)
        reply = line.reset if is_lost else partial(self._reply, line, answer, told)
        self._later(answer.delay + late, reply)

    def ask(self, request: Request) -> Answer:
        """The dialect's answer, or that of the emulator's own switches."""
        now = self.kernel.wall
        is_control = request.path.startswith(PREFIX)
        answer = control(self.dialect, request, now) if is_control else self.dialect.request(request, now)
        self.flow()
        return answer

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        if not delay:
            action()
        elif delay != float("inf"):
            self.kernel.after(delay, action)

    def _reply(self, line: Line, answer: Answer, told: Callable[[HttpAnswer], None]) -> None:
        if not line.is_served:
            return
        cut = answer.cut_after
        if answer.is_lost:
            self._reset(line)
        elif cut is None or cut >= len(answer.body):
            line.down.send(partial(told, _as_heard(answer)), len(answer.body))
        elif answer.abort:
            self._reset(line)
        else:
            line.down.put(line.host_hears_end, cut)
            self.forget(line)

    # WebSockets.

    def open(self, line: Line, path: str, query: Query, socket: DirectSocket) -> None:
        """A WebSocket is asked for."""
        if not line.is_served:
            return
        made = self.dialect.connect(path, query, now=self.kernel.wall, remote=line.host.address)
        if isinstance(made, Answer):
            self._later(made.delay, partial(self._refuse, line, made, socket))
        else:
            line.connection, line.socket = made, socket
            self._sockets[made.number] = line
            line.down.send(socket.opened)
        self.flow()

    def _refuse(self, line: Line, answer: Answer, socket: DirectSocket) -> None:
        if not line.is_served:
            return
        if answer.is_lost:
            self._reset(line)
        else:
            line.down.send(partial(socket.refused, answer.status), len(answer.body))

    def receive(self, line: Line, frame: bytes) -> None:
        """A text frame has arrived."""
        if line.is_served and line.connection is not None:
            self.dialect.receive(line.connection, frame, self.kernel.wall)
            self.flow()

    def receive_ping(self, line: Line, payload: bytes) -> None:
        """A ping has arrived."""
        if line.is_served and line.connection is not None:
            self.dialect.ping_received(line.connection, payload, self.kernel.wall)
            self.flow()

    def receive_pong(self, line: Line) -> None:
        """A pong has arrived."""
        if line.is_served and line.connection is not None:
            self.dialect.pong_received(line.connection, self.kernel.wall)
            self.flow()

    def receive_close(self, line: Line, code: int) -> None:
        """A close frame has arrived: it is answered with its own code, and the connection is over."""
        if line.is_served and line.socket is not None:
            if not line.is_told_to_close:
                line.down.put(partial(line.socket.told_to_close, code, ""))
            self.forget(line)


def _as_heard(answer: Answer) -> HttpAnswer:
    headers = {name.lower(): value for name, value in answer.headers}
    headers["content-type"] = f"{answer.content_type}; charset=utf-8"
    headers["content-length"] = str(len(answer.body))
    return HttpAnswer(status=answer.status, headers=headers, body=answer.body)
