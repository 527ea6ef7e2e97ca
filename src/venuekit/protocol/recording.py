"""Recorded sessions: what was asked, what was sent, what arrived, and when.

venuekit's own format is one line per event, `<receive time in nanoseconds> <raw JSON>`; a REST answer is
written as `{"url": …, "data": …}` or stands bare. The other format read here holds one JSON object a line
with `t` (header, http, connect, send, recv), `ts` in seconds and the raw text in `data`; its lines are
not in order of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

import msgspec

from venuekit import errors
from venuekit.protocol.frozen import Frozen, Wire

__all__ = ["Record", "RecordKind", "read_recording", "write_record"]


class RecordKind(Enum):
    """Where a record's bytes came from."""

    FRAME = "frame"
    ANSWER = "answer"


class Record(Frozen):
    """One thing that arrived: `received` in seconds since 1970.

    `url` is what a REST answer names, or the address of a frame's connection where the recording tells.
    """

    kind: RecordKind
    received: float
    data: bytes
    url: str | None = None
    line: int = 0


class _Answer(Wire):
    url: str
    data: msgspec.Raw


class _SessionLine(Wire):
    t: str
    conn: str = ""
    ts: float = 0.0
    data: str = ""
    url: str | None = None
    addr: str | None = None


_answer = msgspec.json.Decoder(_Answer)
_session_line = msgspec.json.Decoder(_SessionLine)
# A stream's frame says which channel it is of; a REST answer never does.
_FRAME_MARKS = (
    b'{"stream":',
    b'{"topic":',
    b'{"e":',
    b'{"channel":',
    b'{"op":',
    b'{"success":',
    b'{"result":null',
)
_SESSION_KINDS = {"recv": RecordKind.FRAME, "http": RecordKind.ANSWER}


def read_recording(lines: Iterable[bytes], name: str = "recording") -> Iterator[Record]:
    """The records of a file in order of arrival, whichever of the two formats it has.

    Raises:
        RecordingCorrupt: a line that is neither; it names the line.
    """
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    first = next(numbered, None)
    if first is None:
        raise errors.RecordingCorrupt(name, 1, "the recording is empty")
    reader = _read_session if first[1].lstrip().startswith(b'{"t":') else _read_own

    def again() -> Iterator[tuple[int, bytes]]:
        yield first
        yield from numbered

    yield from reader(again(), name)


def write_record(received_ns: int, data: bytes, url: str | None = None) -> bytes:
    """One line of venuekit's own format, its end included."""
    body = data if url is None else b'{"url":' + msgspec.json.encode(url) + b',"data":' + data + b"}"
    return b"%d %s\n" % (received_ns, body.replace(b"\n", b" ").rstrip())


def _read_own(lines: Iterator[tuple[int, bytes]], name: str) -> Iterator[Record]:
    for number, line in lines:
        stamp, _, data = line.rstrip().partition(b" ")
        if not stamp.isdigit() or not data.startswith((b"{", b"[")):
            raise errors.RecordingCorrupt(name, number, "expected `<receive time in ns> <JSON>`")
        received = int(stamp) / 1_000_000_000  # of two integers: correctly rounded
        if data.startswith(b'{"url":'):
            try:
                answer = _answer.decode(data)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise errors.RecordingCorrupt(
                    name, number, f"a REST answer that is no JSON ({error})"
                ) from None
            yield Record(
                kind=RecordKind.ANSWER,
                received=received,
                data=bytes(answer.data),
                url=answer.url,
                line=number,
            )
        else:
            kind = RecordKind.FRAME if data.startswith(_FRAME_MARKS) else RecordKind.ANSWER
            yield Record(kind=kind, received=received, data=data, line=number)


def _read_session(lines: Iterator[tuple[int, bytes]], name: str) -> Iterator[Record]:
    said_lines = []
    addresses: dict[str, str | None] = {}
    for number, line in lines:
        try:
            said = _session_line.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise errors.RecordingCorrupt(name, number, f"no JSON object of a session ({error})") from None
        if said.t == "connect":
            addresses[said.conn] = said.addr
        elif said.t in _SESSION_KINDS:
            said_lines.append((number, said))
    # Only now: lines stand in any order, a connection's frames may come before its address.
    for number, said in sorted(said_lines, key=lambda pair: pair[1].ts):
        yield Record(
            kind=_SESSION_KINDS[said.t],
            received=said.ts,
            data=said.data.encode(),
            url=said.url or said.addr or addresses.get(said.conn),
            line=number,
        )
