"""What must always be so: a number, a sentence, and on which occasions who looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from venuekit.protocol.frozen import Frozen

if TYPE_CHECKING:
    from venuekit.sim.scene import Scene

__all__ = ["Complaint", "Invariant", "Look"]


class Complaint(NamedTuple):
    """Something that is not as it must be: what it is about (an order, a book), and what is wrong.

    The words say what is at the venue and what we hold.
    """

    about: str
    words: str


Look: TypeAlias = "Callable[[Scene, Any], Iterable[Complaint]]"
"""Looks at the scene on an occasion, and says what is wrong. It changes nothing."""


class Invariant(Frozen):
    """One thing that must always be so. `looks` are the kinds of occasion, and who looks then."""

    id: str
    sentence: str
    looks: tuple[tuple[tuple[type, ...], Look], ...]
