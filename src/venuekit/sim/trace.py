"""What happened in a world, in order: for people to read, and as a digest to compare two runs."""

from __future__ import annotations

import hashlib
from collections import Counter
from enum import Enum

from venuekit.protocol.frozen import Frozen

__all__ = ["Lane", "Mark", "Trace"]


class Lane(Enum):
    """Where something happened."""

    STRATEGY = "strategy"
    CONNECTOR = "connector"
    WIRE = "wire"
    VENUE = "venue"
    DISK = "disk"
    WORLD = "world"
    """What the world does to the others: faults, kills, steps of a clock."""


class Mark(Frozen):
    """One thing that happened.

    `time` is in true seconds since the world began. `kind` is one word: `request`, `answer`, `frame`,
    `event`, `append`, `killed` … `text` is a line, `detail` the whole of it where a line does not hold it.
    `number` counts the marks of a trace from 1; `link` is the number of the mark that this one answers, None
    where it answers none.
    """

    number: int
    time: float
    host: str
    lane: Lane
    kind: str
    text: str
    detail: str = ""
    link: int | None = None


class Trace:
    """The marks of one run, kept where somebody wants to read them, and always counted and digested.

    The digest covers everything but `Lane.DISK` and `detail`: what was said on the wire and told to the
    strategy.
    """

    def __init__(self, *, keeps: bool = False) -> None:
        self.keeps = keeps
        self.marks: list[Mark] = []
        self.counts: Counter[str] = Counter()
        self._count = 0
        self._hash = hashlib.blake2b(digest_size=16)

    def mark(
        self,
        time: float,
        host: str,
        lane: Lane,
        kind: str,
        text: str,
        detail: str = "",
        link: int | None = None,
    ) -> int:
        """Note one thing that happened; its number."""
        self._count += 1
        self.counts[f"{lane.value} {kind}"] += 1
        if lane is not Lane.DISK:
            self._hash.update(f"{time!r}\0{host}\0{lane.value}\0{kind}\0{text}\n".encode())
        if self.keeps:
            made = Mark(
                number=self._count,
                time=time,
                host=host,
                lane=lane,
                kind=kind,
                text=text,
                detail=detail,
                link=link,
            )
            self.marks.append(made)
        return self._count

    def digest(self) -> str:
        """32 hexadecimal digits that two runs share if the same was said at the same moments."""
        return self._hash.hexdigest()
