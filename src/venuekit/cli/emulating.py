"""`venuekit emulate`: a venue on a port of this machine, until somebody ends it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import typer

from venuekit import errors
from venuekit.cli.output import print_json
from venuekit.connector.replay import RecordedFile
from venuekit.emulator.factory import announcement, dialect_class, make_dialect
from venuekit.emulator.instruments import MOST_INSTRUMENTS, instruments
from venuekit.emulator.server import EmulatorServer
from venuekit.seams.clock import SystemClock

__all__ = ["serve"]


async def serve(
    venue: str,
    *,
    port: int,
    seed: int,
    pairs: int,
    replay: Path | None,
    speed: float | None,
    with_parent: bool,
) -> None:
    """Serve until cancelled or, `with_parent`, until stdin ends; say where on stdout, in one line.

    Raises:
        errors.UsageError: there cannot be so many markets, or a speed was given and no recording.
        errors.UnknownVenue: nobody can emulate this venue.
        errors.AddressInUse: the port is taken.
        errors.RecordingCorrupt: the recording cannot be read.
    """
    if not 1 <= pairs <= MOST_INSTRUMENTS:
        raise errors.UsageError(f"--pairs takes 1 to {MOST_INSTRUMENTS}, not {pairs}")
    if speed is not None and replay is None:
        raise errors.UsageError("--speed is a recording's: it needs --replay")
    dialect_class(venue)
    clock = SystemClock()
    began = clock.time()
    dialect = make_dialect(
        venue,
        seed=seed,
        instruments=instruments(pairs),
        start_time=began,
        replay=None if replay is None else RecordedFile(replay),
        replay_name="recording" if replay is None else str(replay),
        speed=speed or 1.0,
    )
    # Reading a recording takes half a second and more, which at speed 100 is a minute of it.
    dialect.pause(began)
    async with EmulatorServer(dialect, port) as server:
        # Making the customers' keys takes another second.
        said = announcement(server)
        dialect.resume(clock.time())
        print_json(said)
        typer.echo(f"emulating {venue} at {server.rest_url}; Ctrl-C ends it", err=True)
        await (_either(server.wait(), _end_of_stdin()) if with_parent else server.wait())


async def _either(*waits: Coroutine[Any, Any, None]) -> None:
    """Return, or raise, with the first that ends."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


async def _end_of_stdin() -> None:
    """Return when the process at the other end of stdin has closed it, or has died however it did."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass
