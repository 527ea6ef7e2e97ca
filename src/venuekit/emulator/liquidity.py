"""One side of a book in which the anonymous crowd and the venue's accounts stand together."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import NamedTuple

from venuekit.emulator.order import OrderRequest, OrderStatus

__all__ = ["LiveOrder", "Side", "Standing"]


class LiveOrder:
    """An open order; price and amounts in units of their last written digit, rank in those of its side.

    `before` is how much of its level's anonymous amount stands before it.
    """

    __slots__ = (
        "amount", "before", "filled", "order_id", "placed_at", "prevented", "price", "quote_filled", "rank",
        "request", "status",
    )  # fmt: skip

    def __init__(
        self, order_id: int, request: OrderRequest, price: int | None, amount: int, placed_at: float
    ) -> None:
        self.order_id = order_id
        self.request = request
        self.price = price
        self.rank = 0
        self.amount = amount
        self.filled = 0
        self.quote_filled = 0
        self.prevented = 0
        self.before = 0
        self.status = OrderStatus.NEW if request.trigger is None else OrderStatus.UNTRIGGERED
        self.placed_at = placed_at

    @property
    def left(self) -> int:
        """What can still trade."""
        return self.amount - self.filled - self.prevented


class Standing(NamedTuple):
    """An amount that stands at a rank: of an account's order, or of the crowd where `order` is None."""

    rank: int
    order: LiveOrder | None
    amount: int


class Side:
    """Levels by rank: negated prices for bids, prices for asks, so the best comes first.

    The crowd's amount of a level is what its source says, less what accounts took that the source still
    counts. Accounts' orders stand in their level's queue in order of arrival, each with a known amount of
    the crowd before it.
    """

    def __init__(self, *, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.sign = -1 if is_bid else 1
        self._ranks: list[int] = []
        self._said: dict[int, int] = {}
        self._eaten: dict[int, int] = {}
        self._own_ranks: list[int] = []
        self._queues: dict[int, list[LiveOrder]] = {}

    def rank_of(self, price: int) -> int:
        """Where a price stands."""
        return self.sign * price

    def price_at(self, rank: int) -> int:
        """The price that stands there."""
        return self.sign * rank

    def crowd(self, rank: int) -> int:
        """The anonymous amount."""
        return self._said.get(rank, 0) - self._eaten.get(rank, 0)

    def amount(self, rank: int) -> int:
        """The whole amount, as it is published."""
        return self.crowd(rank) + sum(order.left for order in self._queues.get(rank, ()))

    @property
    def best_crowd(self) -> int | None:
        """The best rank at which the crowd stands."""
        return next((rank for rank in self._ranks if self.crowd(rank)), None)

    @property
    def first_own(self) -> LiveOrder | None:
        """The accounts' first order in line."""
        return self._queues[self._own_ranks[0]][0] if self._own_ranks else None

    def queue(self, rank: int) -> tuple[LiveOrder, ...]:
        """The accounts' orders of a level in order of arrival."""
        return tuple(self._queues.get(rank, ()))

    def line(self, limit: int | None) -> Iterator[Standing]:
        """All that stands up to the rank `limit` (None: everywhere), in the order in which it trades."""
        end = len(self._ranks) if limit is None else bisect_right(self._ranks, limit)
        for place in range(end):
            rank = self._ranks[place]
            passed = 0
            for order in self._queues.get(rank, ()):
                if order.before > passed:
                    yield Standing(rank, None, order.before - passed)
                    passed = order.before
                yield Standing(rank, order, order.left)
            behind = self.crowd(rank) - passed
            if behind:
                yield Standing(rank, None, behind)

    def hear(self, rank: int, said: int) -> None:
        """Take in the amount that the source says.

        What accounts took stays taken until the source says less. What the crowd lost was behind the
        accounts' orders as long as anything stood there.
        """
        was = self.crowd(rank)
        eaten = min(self._eaten.pop(rank, 0), said)
        if eaten:
            self._eaten[rank] = eaten
        if said:
            self._said[rank] = said
        else:
            self._said.pop(rank, None)
        crowd = said - eaten
        if crowd < was:
            for order in self._queues.get(rank, ()):
                order.before = min(order.before, crowd)
        self._list(rank)

    def eat(self, rank: int, amount: int) -> None:
        """Let an account take from the front of the crowd, which the source will not know."""
        self._eaten[rank] = self._eaten.get(rank, 0) + amount
        self.pass_by(rank, amount)
        self._list(rank)

    def pass_by(self, rank: int, amount: int) -> None:
        """Move the queue up by what traded at its front."""
        for order in self._queues.get(rank, ()):
            order.before -= amount

    def rest(self, order: LiveOrder, rank: int) -> None:
        """Put an order at the end of its level's queue."""
        order.rank = rank
        order.before = self.crowd(rank)
        queue = self._queues.get(rank)
        if queue is None:
            self._queues[rank] = [order]
            insort(self._own_ranks, rank)
        else:
            queue.append(order)
        self._list(rank)

    def remove(self, order: LiveOrder) -> None:
        """Take an order out of its queue."""
        queue = self._queues[order.rank]
        queue.remove(order)
        if not queue:
            del self._queues[order.rank]
            del self._own_ranks[bisect_left(self._own_ranks, order.rank)]
        self._list(order.rank)

    def _list(self, rank: int) -> None:
        """Keep the rank in the list of those at which anything stands, or out of it."""
        place = bisect_left(self._ranks, rank)
        is_listed = place < len(self._ranks) and self._ranks[place] == rank
        stands = rank in self._queues or self.crowd(rank) > 0
        if stands and not is_listed:
            self._ranks.insert(place, rank)
        elif is_listed and not stands:
            del self._ranks[place]
