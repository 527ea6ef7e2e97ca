"""When a journal begins a new file, and what the new one takes along."""

from __future__ import annotations

from typing import NamedTuple

from venuekit.journal.record import Body, IdBlock, OfOrder, Opened, Stopped
from venuekit.journal.standing import Standing, after
from venuekit.protocol.frozen import Frozen

__all__ = ["Luggage", "Piece", "Rotation"]


class Rotation(Frozen):
    """A file larger than `size` bytes gives way to a new one, which begins with what is still needed.

    An order that ended is needed `ended_for` seconds longer: so far back a fill told again finds its trade id
    without the archives. One that is only presumed to be over is needed for `presumed_for`, the longest time
    that a venue may take to contradict.
    """

    size: int = 4 * 1024 * 1024
    ended_for: float = 600.0
    presumed_for: float = 7 * 86_400.0


class Piece(NamedTuple):
    """A record as bytes, and its number."""

    sequence: int
    payload: bytes


class _Order:
    """An order's records and how it stands by them."""

    __slots__ = ("pieces", "standing")

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.standing = Standing()


class Luggage:
    """What the next file will begin with: who we are, the reserved ids, the orders that are still needed.

    It is kept up to date record by record: reading a full file would take the loop 5 µs a record. An order is
    taken along whole or not at all. Ages are told by the newest record, not by a clock.
    """

    def __init__(self, rule: Rotation) -> None:
        self._rule = rule
        self._now = 0.0
        self._opened: Piece | None = None
        self._block: Piece | None = None
        self._orders: dict[str, _Order] = {}
        self._others: list[tuple[float, Piece]] = []

    def note(self, sequence: int, item: Body, payload: bytes) -> None:
        """A record was written; `payload` is what it is as bytes."""
        piece = Piece(sequence, payload)
        self._now = max(self._now, item.at)
        match item:
            case OfOrder():
                order = self._orders.get(item.client_id)
                if order is None:
                    order = self._orders[item.client_id] = _Order()
                order.pieces.append(piece)
                order.standing = after(order.standing, item)
            case Opened():
                self._opened = self._opened or piece
            case IdBlock():
                self._block = piece
            case Stopped():
                pass
            case _:
                self._others.append((item.at, piece))

    def pack(self) -> list[Piece]:
        """Everything still needed, in order; the rest is forgotten."""
        self._orders = {
            name: order for name, order in self._orders.items() if self._is_needed(order.standing)
        }
        self._others = [(at, piece) for at, piece in self._others if self._now - at <= self._rule.ended_for]
        pieces = [piece for piece in (self._opened, self._block) if piece is not None]
        pieces += [piece for _, piece in self._others]
        for order in self._orders.values():
            pieces += order.pieces
        return sorted(pieces)

    def _is_needed(self, order: Standing) -> bool:
        """Whether an order is open, in doubt, or ended too recently to be forgotten."""
        if order.ended is None or order.doubts:
            return True
        patience = self._rule.presumed_for if order.ended.presumed else self._rule.ended_for
        return self._now - order.ended.at <= patience
