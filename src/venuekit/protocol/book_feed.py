"""How a venue numbers, shapes and begins its order books, as facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeAlias

from venuekit.protocol.frozen import Frozen

__all__ = [
    "BookFeed",
    "Checksum",
    "LevelLayout",
    "LevelText",
    "SequenceScope",
    "Sequencing",
    "SnapshotSource",
]

LevelText: TypeAlias = tuple[str, str]
"""One level as (price, amount) in the venue's text."""

Checksum: TypeAlias = Callable[[Sequence[LevelText], Sequence[LevelText]], int]
"""From the best bids and the best asks, best first, to the number the venue sends."""


class Sequencing(Enum):
    """The rule by which one difference follows another."""

    RANGE = "range"
    """Each covers first..last and begins at most one above the last applied."""
    CHAIN = "chain"
    """Each names the last id of its predecessor."""
    NEXT = "next"
    """Ids rise by exactly one."""
    INCREASING = "increasing"
    """Ids rise; a gap cannot be seen."""
    ARRIVAL = "arrival"
    """No ids: numbered as they arrive, applied only after the snapshot."""


class SnapshotSource(Enum):
    """Where a whole book comes from."""

    REST = "rest"
    """Asked for, and joined to the buffered differences by id."""
    STREAM = "stream"
    """Sent in the stream at subscription and whenever the venue starts anew; it always replaces."""
    ONLY = "only"
    """Every frame is a whole book."""


class SequenceScope(Enum):
    """What the ids number."""

    BOOK = "book"
    CONNECTION = "connection"
    """All frames of a connection share one sequence: a gap is a gap of all its books."""


class LevelLayout(Enum):
    """How levels stand in the venue's JSON."""

    PAIRS = "pairs"
    """`[["price", "amount", …], …]`, both as texts: kept as bytes until the book reads them."""
    TRANSLATED = "translated"
    """Anything else: the venue's module hands over (price, amount) texts, which may be slower."""


class BookFeed(Frozen):
    """The facts from which the keeper derives what to do with each frame of a book.

    `kept_depth` is how many levels a side the venue maintains for us (None: all), cut after each frame.
    `depths` are the snapshot sizes that can be asked for, cheapest first; the last is as deep as it gets.
    """

    rule: Sequencing
    snapshot: SnapshotSource
    scope: SequenceScope = SequenceScope.BOOK
    layout: LevelLayout = LevelLayout.PAIRS
    kept_depth: int | None = None
    depths: tuple[int, ...] = ()
    checksum: Checksum | None = None
    checksum_depth: int = 0
