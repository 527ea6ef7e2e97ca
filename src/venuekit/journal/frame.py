"""How records lie in a file: length, sequence, payload, and a check over each part.

    length    4 bytes  of the payload
    sequence  8 bytes  one more than that of the frame before; a file may begin at any number
    check     4 bytes  CRC-32 of the twelve bytes above
    payload   length bytes
    check     4 bytes  CRC-32 of all of the above

All numbers are little-endian. The first check is there because a damaged length would otherwise make a
frame in the middle look like one that was never finished.
"""

from __future__ import annotations

from enum import Enum
from struct import Struct
from zlib import crc32

from venuekit.protocol.frozen import Frozen

__all__ = ["OVERHEAD", "Ending", "EndingKind", "Frame", "Scan", "encode", "scan"]

_HEAD = Struct("<IQ")
_CHECK = Struct("<I")
_HEADER = _HEAD.size + _CHECK.size
OVERHEAD = _HEADER + _CHECK.size
"""Bytes of a frame besides its payload."""

SECTOR = 512
"""The least that a disk writes; after a power cut, a sector that was never written reads as zeros."""


class Frame(Frozen):
    """One payload, its number, and the byte that its frame begins at."""

    sequence: int
    offset: int
    payload: bytes


class EndingKind(Enum):
    """How the bytes end."""

    CLEAN = "clean"
    TORN = "torn"
    CORRUPT = "corrupt"


class Ending(Frozen):
    """Where the sound frames end, at byte `offset`, and what follows.

    CLEAN: nothing. TORN: the last write did not finish; what is left of it says nothing and may be cut off.
    CORRUPT: finished once and damaged since. `sequence` is the number that was due there, None if any was.
    """

    kind: EndingKind
    offset: int
    sequence: int | None
    why: str | None = None


class Scan(Frozen):
    """All sound frames from the beginning, in order, and how they end."""

    frames: tuple[Frame, ...]
    ending: Ending


def encode(sequence: int, payload: bytes) -> bytes:
    """One frame."""
    head = _HEAD.pack(len(payload), sequence)
    whole = b"".join((head, _CHECK.pack(crc32(head)), payload))
    return whole + _CHECK.pack(crc32(whole))


def scan(data: bytes) -> Scan:
    """Read frames until the bytes end, or until they make no sense."""
    frames: list[Frame] = []
    offset = 0
    due: int | None = None
    kind, why = EndingKind.CLEAN, None
    while offset < len(data):
        frame = _frame(data, offset, due)
        if not isinstance(frame, Frame):
            kind, why = frame
            break
        frames.append(frame)
        offset += OVERHEAD + len(frame.payload)
        due = frame.sequence + 1
    return Scan(frames=tuple(frames), ending=Ending(kind=kind, offset=offset, sequence=due, why=why))


def _frame(data: bytes, offset: int, due: int | None) -> Frame | tuple[EndingKind, str]:
    """The frame that begins at `offset`, or why there is none."""
    left = len(data) - offset
    if left < _HEADER:
        return EndingKind.TORN, f"{left} bytes of a frame's first {_HEADER}"
    length, sequence = _HEAD.unpack_from(data, offset)
    (head_check,) = _CHECK.unpack_from(data, offset + _HEAD.size)
    if crc32(data[offset : offset + _HEAD.size]) != head_check:
        return _damage(data, offset, _HEADER, "the check over length and sequence fails")
    size = OVERHEAD + length
    if left < size:
        return EndingKind.TORN, f"{left} bytes of a frame of {size}"
    payload_end = offset + size - _CHECK.size
    (check,) = _CHECK.unpack_from(data, payload_end)
    if crc32(data[offset:payload_end]) != check:
        return _damage(data, offset, size, "the check over the record fails")
    if due is not None and sequence != due:
        return EndingKind.CORRUPT, f"record {sequence} stands here"
    return Frame(sequence=sequence, offset=offset, payload=data[offset + _HEADER : payload_end])


def _damage(data: bytes, offset: int, size: int, why: str) -> tuple[EndingKind, str]:
    """Whether `size` unsound bytes are a write that a power cut left unfinished, or damage.

    A file's length may reach the medium before its content: then all is zero from some sector's beginning,
    or from the frame's, to the end of the file. That beginning must lie within this frame: zeros further on
    explain nothing.
    """
    zeros = len(data.rstrip(b"\0"))
    begin = offset if zeros <= offset else -(-zeros // SECTOR) * SECTOR
    if begin < min(offset + size, len(data)):
        return EndingKind.TORN, f"never written from byte {begin} on"
    return EndingKind.CORRUPT, why
