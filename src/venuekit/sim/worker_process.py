"""A worker as seen from outside: asked for one world at a time, and ended when it does not answer."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from venuekit.sim.verdict import Violation
from venuekit.sim.worker import READY, STANDARD, Job, Report

__all__ = ["CRASHED", "HUNG", "WorkerProcess"]

CRASHED, HUNG = "CRASH", "HANG"
"""The invariants that a worker breaks that ends by itself, or that does not answer."""
_LONGEST_LINE = 2**26
_LAST_WORDS = 4_000
_TO_LOAD = 60.0
"""Seconds in which a worker has imported everything; a loaded machine takes some."""
_TO_SPEAK = 5.0
"""Seconds in which an aborted worker writes where it was."""


class WorkerProcess:
    """One process of `venuekit.sim.worker`. `done` counts the worlds that it ran.

    Two workers iterate over sets in two orders unless `hash_seed` is given to both. `patience` is how many
    real seconds a world may take. `python` is another interpreter that has what venuekit needs, and `source`
    where it finds venuekit itself.
    """

    def __init__(
        self,
        *,
        entry: str = STANDARD,
        patience: float = 120.0,
        python: str | None = None,
        hash_seed: str = "random",
        source: Path | None = None,
    ) -> None:
        self.done = 0
        self._entry = entry
        self._patience = patience
        self._python = python
        self._hash_seed = hash_seed
        self._source = source
        self._child: Process | None = None
        self._stderr: IO[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process to ask."""
        return self._child is not None and self._child.returncode is None

    async def run(self, job: Job) -> Report:
        """Have one world run; a worker that dies or hangs is a violation of its own, and then gone."""
        if not self.is_running:
            await self._start()
        child = self._child
        assert child is not None  # noqa: S101 - started above
        assert child.stdin is not None  # noqa: S101 - asked for in _start
        assert child.stdout is not None  # noqa: S101 - as above
        try:
            async with asyncio.timeout(self._patience):
                with suppress(ConnectionError):  # it is gone; its last words say why
                    child.stdin.write(msgspec.json.encode(job) + b"\n")
                    await child.stdin.drain()
                line = READY
                while line == READY:
                    line = await child.stdout.readline()
        except TimeoutError:
            child.send_signal(signal.SIGABRT)  # faulthandler then writes where it is
            with suppress(TimeoutError):
                async with asyncio.timeout(_TO_SPEAK):
                    await child.wait()
            said = await self._end()
            return _failed(job, HUNG, f"no verdict after {self._patience:g} s of real time{_where(said)}")
        if not line:
            code = await child.wait()
            said = await self._end()
            return _failed(job, CRASHED, f"the process ended with {_meaning(code)}{_where(said)}")
        self.done += 1
        return msgspec.json.decode(line, type=Report)

    async def stop(self) -> None:
        """End the process."""
        await self._end()

    async def _start(self) -> None:
        await self._end()
        environment = os.environ | {"PYTHONHASHSEED": self._hash_seed, "PYTHONFAULTHANDLER": "1"}
        found = sys.path if self._python is None else [str(self._source or "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in found if path)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in _end
        self._child = await asyncio.create_subprocess_exec(
            *(self._python or sys.executable, "-m", "venuekit.sim.worker", self._entry),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._stderr,
            limit=_LONGEST_LINE,
            env=environment,
            # Ctrl-C in the terminal is for us: we end the child.
            start_new_session=True,
        )
        self.done = 0
        assert self._child.stdout is not None  # noqa: S101 - asked for above
        with suppress(TimeoutError):  # then it hangs, which its first world will show
            async with asyncio.timeout(_TO_LOAD):
                await self._child.stdout.readline()

    async def _end(self) -> str:
        """Kill the process if there is one; its last words."""
        child, self._child = self._child, None
        stderr, self._stderr = self._stderr, None
        if child is None or stderr is None:
            return ""
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        # Only a transport that was told to close leaves no warning behind.
        if child.stdin is not None:
            child.stdin.close()
        with stderr:
            stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - _LAST_WORDS))
            return stderr.read().decode(errors="replace").strip()


def _failed(job: Job, invariant: str, text: str) -> Report:
    return Report(
        options=job.options,
        violations=(Violation(invariant=invariant, time=0.0, text=text),),
        plan=job.plan or (),
    )


def _where(said: str) -> str:
    """Of a process's last words, the line that says most, and all of them below it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if not lines:
        return ""
    # An abort lists the innermost call first, below this line; a traceback ends with its error.
    calls = [
        number + 1 for number, line in enumerate(lines[:-1]) if line.endswith("(most recent call first):")
    ]
    return f": {lines[calls[-1]] if calls else lines[-1]}\n{said}"


def _meaning(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"
