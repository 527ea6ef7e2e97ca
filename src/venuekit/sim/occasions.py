"""When it is looked whether all is as it must be."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple, TypeAlias

from venuekit.emulator.order_record import AccountEvent
from venuekit.journal.record import Command

__all__ = [
    "Arrived",
    "Died",
    "Ended",
    "Happened",
    "Logged",
    "Placed",
    "Quiet",
    "Second",
    "Stopped",
    "Told",
    "Touched",
]

Happened: TypeAlias = AccountEvent
"""Something happened to the account at the venue; the venue has it already."""


class Told(NamedTuple):
    """A listener heard an event, or of a difference: `time` in true seconds of the world, in which life."""

    time: float
    life: int
    event: Any


class Placed(NamedTuple):
    """A strategy asked for an order, and got this id for it."""

    life: int
    client_id: str


class Arrived(NamedTuple):
    """A command for the order of this id of ours came to the venue's door.

    `times` are those that it bears, in milliseconds since 1970: among them the one it was signed with.
    """

    client_id: str
    command: Command
    times: tuple[int, ...]


class Touched(NamedTuple):
    """A step is over in which something happened to an order, at the venue or with us."""

    client_id: str


class Second(NamedTuple):
    """Another second is over."""

    now: float


class Quiet(NamedTuple):
    """Nothing happens just now: both sides can be compared."""

    now: float


class Died(NamedTuple):
    """A life is over, and the journal has been read anew."""

    life: int
    is_power_lost: bool


class Stopped(NamedTuple):
    """A connector was asked to stop, and has."""

    life: int
    seconds: float


class Logged(NamedTuple):
    """Something was logged, or a task ended in an error that nobody took."""

    level: int
    text: str
    has_error: bool

    @classmethod
    def of(cls, record: logging.LogRecord) -> Logged:
        """What a log record says."""
        text = f"{record.name}: {record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text} ({record.exc_info[1]!r})"
        return cls(record.levelno, text, bool(record.exc_info))


class Ended(NamedTuple):
    """The world ends."""

    now: float


Occasion: TypeAlias = Any
