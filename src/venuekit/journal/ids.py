"""Client order ids that are never used twice: prefix, instance, counter."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_lowercase, digits

from venuekit import errors
from venuekit.journal.record import IdBlock
from venuekit.seams.fault_point import FaultPoint, strikes

__all__ = ["BLOCK", "LONGEST", "ClientIds", "counter_of", "instance_from"]

BLOCK = 1_024
"""Ids reserved by one durable record: at ten orders a second, one sync of the disk in 100 seconds."""
LONGEST = 32
"""Letters and digits that every venue takes in a client order id."""

_DIGITS = digits + ascii_lowercase
_INSTANCE = 12
"""48 random bits: that two of an account's first thousand instances are the same has odds of 2 in 1e9."""
_COUNTER = 8
"""Digits to base 36, so that ids sort as they were made: 2.8e12 of them."""
_LONGEST_PREFIX = LONGEST - _INSTANCE - _COUNTER


class ClientIds:
    """Makes ids, a block at a time: `reserve` must not return before the block is on the medium.

    Every id of a reserved block counts as used once this object is gone: after a crash, one that could have
    been sent is below `IdBlock.first + count` of the last block, and the next run begins there.

    Raises:
        InvalidConfiguration: the prefix is longer than 12 or holds something else than ASCII letters and
            digits.
    """

    def __init__(self, prefix: str, instance: str, first: int, reserve: Callable[[IdBlock], object]) -> None:
        if len(prefix) > _LONGEST_PREFIX or not (prefix.isascii() and (prefix.isalnum() or not prefix)):
            raise errors.InvalidConfiguration(
                f"a client id prefix has at most {_LONGEST_PREFIX} ASCII letters and digits, not {prefix!r}"
            )
        self.instance = instance
        self._stem = prefix + instance
        self._next = first
        self._end = first
        self._reserve = reserve

    def take(self, now: float) -> str:
        """The next id. One call in 1,024 reserves a block, and waits for the disk.

        Raises:
            JournalFailed: the block could not be reserved; no id of it is given out.
        """
        if self._next == self._end or strikes(FaultPoint.ID_BLOCK_ENDS):
            self._reserve(IdBlock(at=now, first=self._next, count=BLOCK))
            self._end = self._next + BLOCK
        number = self._next
        self._next += 1
        return self._stem + _counter(number)

    def owns(self, client_id: str) -> bool:
        """Whether an id is of this instance, whatever the prefix was when it was made."""
        return counter_of(client_id, self.instance) is not None


def instance_from(unique: str) -> str:
    """An instance's name from 32 random hexadecimal digits; the first twelve of a UUID are all random."""
    return unique[:_INSTANCE]


def counter_of(client_id: str, instance: str) -> int | None:
    """Which number of this instance an id is; None if it is somebody else's."""
    stem, counter = client_id[:-_COUNTER], client_id[-_COUNTER:]
    if not stem.endswith(instance) or len(client_id) > LONGEST:
        return None
    number = 0
    for digit in counter:
        value = _DIGITS.find(digit)
        if value < 0:
            return None
        number = number * len(_DIGITS) + value
    return number


def _counter(number: int) -> str:
    """A number to base 36, in eight digits."""
    reversed_digits = []
    for _ in range(_COUNTER):
        number, digit = divmod(number, len(_DIGITS))
        reversed_digits.append(_DIGITS[digit])
    return "".join(reversed(reversed_digits))
