"""A journal told in the plainest way: a list of numbered records, and how much of it was promised to last."""

from __future__ import annotations

from dataclasses import dataclass, field

from venuekit.journal.record import Body, Doubt, Ended, Filled, OfOrder, Reopened, Settled

Numbered = tuple[int, Body]


@dataclass
class NaiveJournal:
    """`kept` counts the records that must survive a power cut; `ids` are all that were ever given out."""

    ended_for: float
    presumed_for: float
    records: list[Numbered] = field(default_factory=list)
    begun: Body | None = None
    """What was being written when the process died: it may be there or not."""
    kept: int = 0
    ids: list[str] = field(default_factory=list)

    def survives(self, found: list[Numbered], *, loses: int | None) -> None:
        """What is found after an end that may lose the last `loses` records (None: those not kept)."""
        least = self.kept if loses is None else len(self.records) - loses
        whole = [*self.records]
        if self.begun is not None and len(found) > len(whole):
            whole.append((found[-1][0], self.begun))
        assert found == whole[: len(found)], "something was changed, or left out, or came from nowhere"
        assert len(found) >= least, "something that was promised is gone"

    def goes_on_from(self, found: list[Numbered]) -> None:
        self.records, self.begun, self.kept = found, None, len(found)

    def orders(self) -> dict[str, list[Numbered]]:
        orders: dict[str, list[Numbered]] = {}
        for number, item in self.records:
            if isinstance(item, OfOrder):
                orders.setdefault(item.client_id, []).append((number, item))
        return orders

    def end_of(self, client_id: str) -> Ended | None:
        end = None
        for _, item in self.orders()[client_id]:
            if isinstance(item, Ended | Reopened):
                end = item if isinstance(item, Ended) else None
        return end

    def is_doubted(self, client_id: str) -> bool:
        doubted = False
        for _, item in self.orders()[client_id]:
            if isinstance(item, Doubt | Settled):
                doubted = isinstance(item, Doubt)
        return doubted

    def needed(self) -> list[Numbered]:
        """The records of all orders that a start must know, whatever was rotated away."""
        newest = max((item.at for _, item in self.records), default=0.0)
        needed = []
        for client_id, records in self.orders().items():
            end = self.end_of(client_id)
            patience = self.presumed_for if end is not None and end.presumed else self.ended_for
            if end is None or self.is_doubted(client_id) or newest - end.at <= patience:
                needed += records
        return sorted(needed, key=lambda it: it[0])

    def trades(self, client_id: str) -> int:
        return sum(isinstance(item, Filled) for _, item in self.orders()[client_id])
