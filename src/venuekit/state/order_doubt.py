"""What is believed of an order, and what is doubted."""

from __future__ import annotations

from decimal import Decimal

from venuekit.model.events import DoubtReason
from venuekit.model.order_update import Evidence, OrderUpdate
from venuekit.protocol.fence import Question
from venuekit.protocol.frozen import Frozen

__all__ = ["Doubt", "Miss", "Standing"]


class Doubt(Frozen):
    """Why an order is in doubt, since when, and from when absence proves something (None: never). Seconds."""

    reason: DoubtReason
    since: float
    settles_at: float | None

    def extended(self, settles_at: float | None) -> Doubt:
        """This doubt, ending no earlier than another that joins it."""
        ends = (self.settles_at, settles_at)
        later = None if None in ends else max(end for end in ends if end is not None)
        return Doubt(reason=self.reason, since=self.since, settles_at=later)


class Miss(Frozen):
    """An answer that does not hold the order: what was asked, and when the question was sent (seconds).

    A question that failed is no answer. For `Question.EXECUTIONS` it says that the account has no trade of
    this order beyond those already handed in.
    """

    question: Question
    asked_at: float


class Standing(Frozen):
    """What the last believed status rests on: its evidence, the venue's time, the amount filled it claims."""

    evidence: Evidence
    timestamp: float
    filled: Decimal

    @classmethod
    def of(cls, update: OrderUpdate) -> Standing:
        """What a status rests on."""
        return cls(
            evidence=update.evidence,
            timestamp=update.update_timestamp,
            filled=update.filled_amount or Decimal(0),
        )

    def yields_to(self, other: Standing) -> bool:
        """Whether the other is news: later, or at the same moment stronger, or as strong and fuller."""
        if self.timestamp != other.timestamp:
            return self.timestamp < other.timestamp
        if self.evidence is not other.evidence:
            return other.evidence.outranks(self.evidence)
        return self.filled <= other.filled

    def refutes(self, end: Standing) -> bool:
        """Whether it contradicts a statement that the order is over.

        An end is never stale, so a weaker statement of one is refused only where stronger evidence saw the
        order alive after it.
        """
        return self.evidence.outranks(end.evidence) and self.timestamp > end.timestamp
