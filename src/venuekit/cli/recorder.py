"""`venuekit record`: a market into a file that `replay`, `emulate` and `demo` read."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
import typer

from venuekit import errors
from venuekit.cli.output import make_console, print_json
from venuekit.connector.connect import connect
from venuekit.protocol.frozen import Frozen
from venuekit.protocol.recording import write_record
from venuekit.seams.clock import SystemClock
from venuekit.web.recording_transport import RecordingTransport
from venuekit.web.transport import AiohttpTransport

__all__ = ["Recorded", "record", "tell"]

_json = msgspec.json.Decoder(msgspec.Raw)


class Recorded(Frozen):
    """What a recording holds; `left_out` counts what arrived and is no JSON, so no line can hold it."""

    file: str
    frames: int
    answers: int
    left_out: int
    bytes: int


class _Writer:
    """Writes lines, and counts them."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._frames = self._answers = self._left_out = self._bytes = 0

    def write(self, received_ns: int, data: bytes, url: str | None) -> None:
        """Write one thing that arrived."""
        try:
            _json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._left_out += 1
            return
        self._bytes += self._file.write(write_record(received_ns, data, url))
        if url is None:
            self._frames += 1
        else:
            self._answers += 1

    def discard(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

    def recorded(self) -> Recorded:
        """What was written so far."""
        return Recorded(
            file=str(self._path),
            frames=self._frames,
            answers=self._answers,
            left_out=self._left_out,
            bytes=self._bytes,
        )


async def record(
    venue: str, trading_pairs: Sequence[str], output: Path, *, url: str | None, seconds: float | None
) -> Recorded:
    """Record everything that a connector hears, for so many seconds or until cancelled.

    Raises:
        errors.UsageError: the file exists.
        errors.VenuekitError: the connector could not start or did not become ready.
    """
    clock = SystemClock()
    writer: _Writer | None = None
    try:
        with _create(output) as file:
            writer = _Writer(output, file)
            transport = RecordingTransport(AiohttpTransport(), clock, writer.write)
            async with connect(venue, trading_pairs, url=url, transport=transport, clock=clock):
                if seconds is None:
                    typer.echo(f"recording {venue} into {output}; Ctrl-C ends it", err=True)
                await (asyncio.Event().wait() if seconds is None else clock.sleep(seconds))
    except errors.VenuekitError:
        # It never began: a file of nothing would only stand in the way of the next try.
        if writer is not None:
            writer.discard()
        raise
    except asyncio.CancelledError:
        # Whoever ends a recording wants what was recorded.
        if writer is None:
            raise
    return writer.recorded()


def tell(recorded: Recorded, *, as_json: bool) -> None:
    """Print what was recorded."""
    if as_json:
        print_json(recorded)
        return
    make_console().print(
        f"{recorded.file}: {recorded.frames} frames, {recorded.answers} answers, {recorded.bytes} bytes"
        + (f"; {recorded.left_out} that are no JSON were left out" if recorded.left_out else ""),
        soft_wrap=True,
    )


def _create(path: Path) -> BinaryIO:
    try:
        return cast("BinaryIO", gzip.open(path, "xb")) if path.suffix == ".gz" else path.open("xb")
    except FileExistsError:
        raise errors.UsageError(f"{path} exists; a recording never overwrites a file") from None
    except OSError as error:
        raise errors.UsageError(f"{path}: {error.strerror}") from None
