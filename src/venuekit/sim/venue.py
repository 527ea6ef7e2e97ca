"""What is said at a venue's boundary, in the trace: requests, answers, frames; no keys, no signatures."""

from __future__ import annotations

import re
from collections import deque
from typing import Any, ClassVar
from zlib import crc32

from venuekit.emulator.answer import Answer, Request
from venuekit.emulator.connection import Connection, Frame
from venuekit.emulator.dialect import Dialect, Query
from venuekit.emulator.order_record import AccountEvent, Fill, OrderRecord
from venuekit.sim.kernel import Kernel
from venuekit.sim.trace import Lane

__all__ = ["TracedDialect", "told", "traced"]

_HIDDEN = re.compile(r"[0-9A-Za-z%+/_-]{60,}")
"""Keys, signatures and the names of private streams have 60 characters or more; ids have 36 at most."""
_SHOWN = 100
"""Characters that a line of the trace shows of a frame or a body."""
_LOOKED_AT = 2 * _SHOWN
"""Characters that are searched for what is hidden: it may begin in what is shown, and end behind it."""


def told(text: str | bytes) -> str:
    """A text as a trace may show it: nothing of it is good for whoever reads it."""
    shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return _HIDDEN.sub("***", shown)


def _line(payload: bytes) -> str:
    """A payload's beginning and a checksum of all of it, so that a digest of lines knows it."""
    return f"{crc32(payload):08x} {told(payload[:_LOOKED_AT])[:_SHOWN]}"


class TracedDialect(Dialect):
    """A dialect that marks what goes in and out; mixed into a venue's own by `traced`.

    What is said is on the wire's lane, what became of orders and funds on the venue's, all on the venue's
    host. Each links to what it is the answer to: what the dialect was told when it said or did it.
    """

    kernel: ClassVar[Kernel]
    host_name: ClassVar[str]
    _cause: int | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.desk.listen(self.mark_event)

    def request(self, request: Request, now: float) -> Answer:
        """Answer one REST request."""
        asked = "&".join(f"{name}={value}" for name, value in (*request.query, *request.form))
        text = told(f"{request.method} {request.path} {asked}".rstrip())
        number = self._cause = self.mark("request", text)
        try:
            answer = super().request(request, now)
        finally:
            self._cause = None
        words = "".join(
            word
            for word, is_so in (
                (f" after {answer.delay:g} s", answer.delay),
                (" cut", answer.cut_after is not None),
                (" lost", answer.is_lost),
            )
            if is_so
        )
        self.mark("answer", f"{answer.status}{words} {_line(answer.body)}", answer.body, number)
        return answer

    def connect(
        self, path: str, query: Query = (), *, now: float, remote: str = "127.0.0.1"
    ) -> Connection | Answer:
        """Open a WebSocket."""
        self._cause = self.mark("connect", told(f"{path} from {remote}"))
        try:
            made = super().connect(path, query, now=now, remote=remote)
        finally:
            number, self._cause = self._cause, None
        if isinstance(made, Answer):
            self.mark("answer", f"{made.status} {_line(made.body)}", link=number)
            return made
        outbox = _Outbox(self, made.number)
        for frame in made.outbox:
            outbox.append(frame)
        made.outbox = outbox
        return made

    def disconnected(self, connection: Connection) -> None:
        """The connection is gone."""
        closing = connection.closing
        words = "by the client" if closing is None else f"with {closing.code} {closing.reason}".rstrip()
        self.mark("closed", f"#{connection.number} {words}")
        super().disconnected(connection)

    def receive(self, connection: Connection, text: str | bytes, now: float) -> None:
        """Take one text message of a client."""
        payload = text if isinstance(text, bytes) else text.encode()
        self._cause = self.mark("said", f"#{connection.number} {told(payload)[: 4 * _SHOWN]}")
        try:
            super().receive(connection, text, now)
        finally:
            self._cause = None

    def ping_received(self, connection: Connection, payload: bytes, now: float) -> None:
        """Answer a client's ping frame."""
        self.mark("ping", f"#{connection.number}")
        super().ping_received(connection, payload, now)

    def pong_received(self, connection: Connection, now: float) -> None:
        """Note that the client is there."""
        self.mark("pong", f"#{connection.number}")
        super().pong_received(connection, now)

    def mark(self, kind: str, text: str, whole: bytes = b"", link: int | None = None) -> int:
        """Note something in the trace; its number."""
        trace = self.kernel.trace
        detail = told(whole) if trace.keeps and len(whole) > _SHOWN else ""
        return trace.mark(self.kernel.now, self.host_name, Lane.WIRE, kind, text, detail, link)

    def mark_event(self, event: AccountEvent) -> None:
        """Note what became of an order, or that funds came or went."""
        trace = self.kernel.trace
        if event.order is not None:
            kind, text = type(event.event).__name__.lower(), _order(event.order, event.fill)
        elif event.entry is not None:
            moves = (
                f"{move.free} {move.asset}" for move in event.entry.moves if move.account == event.account
            )
            kind, text = event.entry.kind.value, ", ".join(moves)
        else:
            return
        trace.mark(self.kernel.now, self.host_name, Lane.VENUE, kind, text, link=self._cause)

    def mark_frame(self, number: int, frame: Frame) -> None:
        """Note what is said on a connection."""
        text = f"#{number} {frame.kind.value} {_line(frame.payload)}"
        self.mark("frame", text, frame.payload, self._cause)


def _order(record: OrderRecord, fill: Fill | None) -> str:
    """An order as it stands after what happened to it."""
    state, side = record.state, "buy" if record.state.request.is_buy else "sell"
    traded = "" if fill is None else f"{fill.amount} at {fill.price}, trade {fill.trade_id}: "
    price = "" if state.price is None else f" at {state.price}"
    done = f"{state.filled} of {state.amount}"
    return (
        f"{traded}{record.client_order_id} {side} {state.trading_pair} {done}{price}, order {record.order_id}"
    )


class _Outbox(deque[Frame]):
    """A connection's outbox that marks what is put into it."""

    def __init__(self, dialect: TracedDialect, number: int) -> None:
        super().__init__()
        self._dialect = dialect
        self._number = number

    def append(self, frame: Frame, /) -> None:
        """Put a frame in."""
        self._dialect.mark_frame(self._number, frame)
        super().append(frame)


def traced(kind: type[Dialect], kernel: Kernel, host_name: str = "venue") -> type[Dialect]:
    """The dialect's class, of which every shell finds the marks made: `make_dialect` takes it."""
    return type(f"Traced{kind.__name__}", (TracedDialect, kind), {"kernel": kernel, "host_name": host_name})
