"""How an order stands by its records: over or not, and what is in doubt about it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from venuekit.journal.record import Body, Command, Doubt, Ended, OfOrder, Reopened, Settled
from venuekit.protocol.frozen import Frozen

__all__ = ["Standing", "after", "standings"]


class Standing(Frozen):
    """An order's last end, None while it is open, and the commands whose outcome nobody knows."""

    ended: Ended | None = None
    doubts: tuple[Command, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it can still trade as far as is known."""
        return self.ended is None


def standings(records: Iterable[Body]) -> dict[str, Standing]:
    """Each order that the records name, by its client id."""
    orders: dict[str, Standing] = {}
    for item in records:
        if isinstance(item, OfOrder):
            orders[item.client_id] = after(orders.get(item.client_id, Standing()), item)
    return orders


def after(order: Standing, item: OfOrder) -> Standing:
    """How an order stands once a record more is known."""
    match item:
        case Ended():
            return replace(order, ended=item)
        case Reopened():
            return replace(order, ended=None)
        case Doubt():
            return replace(order, doubts=(*_without(order, item.command), item.command))
        case Settled(command=Command() as command):
            return replace(order, doubts=_without(order, command))
        case Settled(fills_as_of=None):
            return replace(order, doubts=())
        case _:
            return order


def _without(order: Standing, command: Command) -> tuple[Command, ...]:
    return tuple(doubt for doubt in order.doubts if doubt is not command)
