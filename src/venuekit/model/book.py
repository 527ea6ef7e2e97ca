"""Order books as a venue tells them: runs of levels, snapshots, differences, and a book's status."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

import msgspec

from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.frozen import Frozen

__all__ = ["BookDiff", "BookSnapshot", "BookStatus", "Levels"]

_pairs = msgspec.json.Decoder(list[tuple[str, str]])
_longer = msgspec.json.Decoder(list[list[Any]])


class Levels:
    """A run of book levels, kept as the venue's bytes until the book reads them.

    Made from the raw JSON of a `LevelLayout.PAIRS` feed, or by `of` from texts that a venue translated.
    """

    __slots__ = ("_raw", "_texts")

    def __init__(self, raw: msgspec.Raw | bytes | None = None, texts: list[LevelText] | None = None) -> None:
        self._raw = raw
        self._texts = texts

    @classmethod
    def of(cls, texts: Iterable[LevelText]) -> Levels:
        """Levels from (price, amount) texts."""
        return cls(texts=list(texts))

    def texts(self) -> list[LevelText]:
        """The levels as (price, amount) in the venue's text, in the venue's order.

        Raises:
            msgspec.ValidationError: the bytes are JSON and no list of `["price", "amount", …]`.
            msgspec.DecodeError: they are no JSON.
        """
        if self._texts is not None:
            return self._texts
        if self._raw is None:
            return []
        try:
            return _pairs.decode(self._raw)
        except msgspec.ValidationError:
            # Some venues add an order count or a flag to each level; it is not part of the level.
            return [_level(row) for row in _longer.decode(self._raw)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Levels) and self.texts() == other.texts()

    def __hash__(self) -> int:
        return hash(tuple(self.texts()))

    def __repr__(self) -> str:
        return f"Levels.of({self.texts()!r})"


def _level(row: list[Any]) -> LevelText:
    match row:
        case [str() as price, str() as amount, *_]:
            return price, amount
    raise msgspec.ValidationError(f"a level needs a price and an amount as texts, not {row!r}")


class BookStatus(Enum):
    """Whether a book may be believed."""

    SYNCING = "SYNCING"
    """No snapshot has been joined yet."""
    LIVE = "LIVE"
    """Equal to the venue's book at its update id, within the vouched depth."""
    RESYNCING = "RESYNCING"
    """A frame is missing or contradicts; a snapshot is on its way.

    Where one is missing the levels are those of the last good state; one that crossed the book or whose
    checksum differed is in them.
    """
    STALE = "STALE"
    """Nothing vouches for it: the line is gone, or a cross-check found the stream behind."""


class BookSnapshot(Frozen):
    """A whole book, or its best levels.

    `update_id` is the venue's (None: it numbers nothing). `timestamp` is the venue's in seconds, None where
    it gives none. `depth` is how many levels a side were asked for or promised; None: all there are.
    `checksum` is the venue's number over the best levels, None where it sends none (or a placeholder).
    """

    trading_pair: str
    bids: Levels
    asks: Levels
    update_id: int | None = None
    timestamp: float | None = None
    depth: int | None = None
    checksum: int | None = None


class BookDiff(Frozen):
    """Levels that changed: each amount is the new absolute amount, zero deletes the level.

    `first_update_id` to `last_update_id` is what it covers; `previous_update_id` names the last id of its
    predecessor where the venue chains. Ids are None where the venue numbers nothing.
    """

    trading_pair: str
    bids: Levels
    asks: Levels
    first_update_id: int | None = None
    last_update_id: int | None = None
    previous_update_id: int | None = None
    timestamp: float | None = None
    checksum: int | None = None
