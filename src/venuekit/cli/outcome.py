"""What a command ends with: an exit code, and one clear line where something went wrong."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import typer
from typer.core import TyperGroup

from venuekit import errors

__all__ = [
    "DONE",
    "FAILED",
    "OUTCOME_UNKNOWN",
    "REFUSED",
    "USAGE",
    "OneLineGroup",
    "ending_in_a_line",
    "run",
]

P = ParamSpec("P")
T = TypeVar("T")

DONE = 0
FAILED = 1
USAGE = 2
OUTCOME_UNKNOWN = 3
REFUSED = 4

_CODES: Mapping[type[Exception], int] = {
    errors.UsageError: USAGE,
    errors.OutcomeUnknown: OUTCOME_UNKNOWN,
    errors.Refused: REFUSED,
}

# What every wrong word on a command line raises; typer exports only this one of its kinds.
_WrongWords: type[Exception] = typer.BadParameter.__mro__[1]


class OneLineGroup(TyperGroup):
    """Commands whose misuse is told in one line too; called with nothing, they explain themselves."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words that follow the group's name; none ask what there is."""
        return super().parse_args(ctx, args or ["--help"])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; ends the process with its exit code unless `standalone_mode` is false."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(words, prog_name, complete_var, False, windows_expand_args, **extra)
        except _WrongWords as problem:
            if not standalone_mode:
                raise
            # Choices are listed one a line.
            _say(" ".join(str(getattr(problem, "format_message", problem.__str__)()).split()))
            sys.exit(USAGE)
        if not standalone_mode:
            return code
        sys.exit(code if isinstance(code, int) else DONE)


def ending_in_a_line(*, serves: bool = False) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Let a command end with the exit code of its error and one line on stderr, never with a traceback.

    A command that `serves` until it is interrupted has done its work when it is.
    """

    def decorate(command: Callable[P, None]) -> Callable[P, None]:
        @wraps(command)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                command(*args, **kwargs)
            except errors.VenuekitError as error:
                _say(str(error))
                raise typer.Exit(_code_of(error)) from None
            except BrokenPipeError:
                # Whoever read our output has seen enough; what is left in the buffer has no reader.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise typer.Exit(DONE) from None
            except OSError as error:
                _say(str(error))
                raise typer.Exit(FAILED) from None
            except KeyboardInterrupt:
                if not serves:
                    _say("interrupted")
                raise typer.Exit(DONE if serves else FAILED) from None

        # A help text is shown with the line ends of its paragraphs, as if no terminal were wider or narrower.
        paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
        guarded.__doc__ = "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)
        return guarded

    return decorate


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; Ctrl-C and SIGTERM cancel it, and it may clean up.

    Raises:
        KeyboardInterrupt: it was interrupted.
    """

    async def interruptible() -> T:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            # Handlers of our own: a shell starts background jobs with SIGINT ignored. Windows has none.
            with suppress(NotImplementedError, ValueError):
                loop.add_signal_handler(number, task.cancel)
        return await task

    try:
        return asyncio.run(interruptible())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _code_of(error: errors.VenuekitError) -> int:
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), FAILED)


def _say(line: str) -> None:
    typer.echo(f"venuekit: {line}", err=True)
