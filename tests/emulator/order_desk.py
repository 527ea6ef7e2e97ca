"""A matching engine on a small market, commanded in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from venuekit.emulator.instruments import instrument
from venuekit.emulator.matching import Matching
from venuekit.emulator.order import (
    Accepted,
    Expired,
    ExpiryReason,
    Filled,
    OrderEvent,
    OrderKind,
    OrderRequest,
    Outcome,
)
from venuekit.emulator.step import Instrument, LevelChange, MarketStep, MarketTrade
from venuekit.emulator.treasury import Treasury
from venuekit.emulator.venue_book import VenueBook

NOW = 1_790_000_000.0
LISTED = instrument("BTC-USDT", "100.0", "0.1", "0.01")

Level = tuple[str, str]


def changes_of(bids: Sequence[Level], asks: Sequence[Level]) -> tuple[LevelChange, ...]:
    return tuple(
        LevelChange(is_bid=is_bid, price=price, amount=amount)
        for is_bid, levels in ((True, bids), (False, asks))
        for price, amount in levels
    )


def opening(bids: Sequence[Level], asks: Sequence[Level]) -> MarketStep:
    return MarketStep(time=NOW, first_id=1000, last_id=1000, changes=changes_of(bids, asks))


class Desk:
    """Opens with bids 5 at 99.0 and 98.0, asks 5 at 101.0 and 102.0; `told` is the last outcome."""

    def __init__(
        self,
        bids: Sequence[Level] = (("99.0", "5"), ("98.0", "5")),
        asks: Sequence[Level] = (("101.0", "5"), ("102.0", "5")),
        *,
        treasury: Treasury | None = None,
        listed: Instrument = LISTED,
    ) -> None:
        first = opening(bids, asks)
        self.matching = Matching(listed, first, treasury=treasury)
        self.book = VenueBook(listed)
        self.book.apply(first)
        self.source_id = 1000
        self.source_trades = 0
        self.told = Outcome()

    def asks(self, account: str, is_buy: bool, amount: str | None, price: str | None, **more: Any) -> int:
        """Place an order; its id, 0 if it was refused. Limit with a price, market without."""
        kind = more.pop("kind", OrderKind.MARKET if price is None else OrderKind.LIMIT)
        request = OrderRequest(
            account=account,
            is_buy=is_buy,
            kind=kind,
            amount=None if amount is None else Decimal(amount),
            price=None if price is None else Decimal(price),
            **more,
        )
        first = self.hear(self.matching.place(request, NOW + 1))[0]
        return first.state.order_id if isinstance(first, Accepted) else 0

    def buy(self, amount: str | None, price: str | None = None, account: str = "ann", **more: Any) -> int:
        return self.asks(account, True, amount, price, **more)

    def sell(self, amount: str | None, price: str | None = None, account: str = "ann", **more: Any) -> int:
        return self.asks(account, False, amount, price, **more)

    def happens(
        self,
        bids: Sequence[Level] = (),
        asks: Sequence[Level] = (),
        trades: Sequence[tuple[str, str, bool]] = (),
    ) -> tuple[OrderEvent, ...]:
        """Let the source tell of levels and trades; trades are (price, amount, taker is buyer)."""
        changes = changes_of(bids, asks)
        first_id = self.source_id + 1
        self.source_id += len(changes)
        told = []
        for price, amount, taker_is_buyer in trades:
            self.source_trades += 1
            told.append(
                MarketTrade(
                    trade_id=self.source_trades,
                    price=price,
                    amount=amount,
                    taker_is_buyer=taker_is_buyer,
                    time=NOW + 2,
                )
            )
        step = MarketStep(
            time=NOW + 2, first_id=first_id, last_id=self.source_id, changes=changes, trades=tuple(told)
        )
        return self.hear(self.matching.follow(step))

    def hear(self, outcome: Outcome) -> tuple[OrderEvent, ...]:
        self.told = outcome
        for step in outcome.steps:
            self.book.apply(step)
        return outcome.events

    def fills(self) -> list[tuple[int, str, str, str]]:
        """Of the last outcome: (order, price, amount, role)."""
        return [
            (
                event.state.order_id,
                str(event.price),
                str(event.amount),
                "maker" if event.is_maker else "taker",
            )
            for event in self.told.events
            if isinstance(event, Filled)
        ]

    def expiries(self) -> list[tuple[int, ExpiryReason]]:
        """Of the last outcome: (order, reason)."""
        return [
            (event.state.order_id, event.reason) for event in self.told.events if isinstance(event, Expired)
        ]

    def tape(self) -> list[tuple[int, str, str, bool]]:
        """The public trades of the last outcome: (id, price, amount, taker is buyer)."""
        return [
            (trade.trade_id, trade.price, trade.amount, trade.taker_is_buyer)
            for step in self.told.steps
            for trade in step.trades
        ]

    def levels(self) -> tuple[list[Level], list[Level]]:
        """The public book, bids and asks."""
        return self.book.snapshot()[1:]

    def level(self, price: str) -> str | None:
        """What the public sees at a price."""
        bids, asks = self.levels()
        return dict(bids + asks).get(price)

    def before(self, order_id: int) -> str | None:
        """What stands before an order at its level."""
        amount = self.matching.amount_before(order_id)
        return None if amount is None else str(amount)
