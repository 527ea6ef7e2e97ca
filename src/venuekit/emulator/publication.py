"""What the public sees of a combined market: changes and trades under ids that go on from the source's."""

from __future__ import annotations

from venuekit.emulator.digits import text_of
from venuekit.emulator.liquidity import Side
from venuekit.emulator.step import Instrument, LevelChange, MarketStep, MarketTrade

__all__ = ["Publication"]


class Publication:
    """Gathers what one order or one batch changes, and makes a step of it.

    The source's own last ids are kept beside ours: the differences are what accounts' orders have used.
    """

    def __init__(self, instrument: Instrument, last_id: int) -> None:
        self.trade_id = 0
        self._price_decimals = instrument.price_decimals
        self._amount_decimals = instrument.amount_decimals
        self._last_id = self._source_id = last_id
        self._source_trade_id = 0
        self._touched: dict[tuple[Side, int], None] = {}
        self._trades: list[MarketTrade] = []
        self._steps: list[MarketStep] = []

    def touch(self, side: Side, rank: int) -> None:
        """A level may have changed: its amount is told as it is when the step is made."""
        self._touched[side, rank] = None

    def begin_trade(self, source_trade_id: int) -> None:
        """The trades that follow, one at least, are parts of one of the source's."""
        shift = self.trade_id - self._source_trade_id
        self._source_trade_id = source_trade_id
        self.trade_id = source_trade_id + shift - 1

    def trade(self, price: int, amount: int, time: float, *, taker_is_buyer: bool) -> None:
        """A trade happened; `trade_id` is its id from now on."""
        self.trade_id += 1
        self._trades.append(
            MarketTrade(
                trade_id=self.trade_id,
                price=text_of(price, self._price_decimals),
                amount=text_of(amount, self._amount_decimals),
                taker_is_buyer=taker_is_buyer,
                time=time,
            )
        )

    def end_source_step(self, step: MarketStep) -> None:
        """All that was gathered is one of the source's steps."""
        shift = self._last_id - self._source_id
        first_id, last_id = step.first_id + shift, step.last_id + shift
        if self._touched and last_id < first_id:
            # Trades alone moved no id at the source; here they changed accounts' orders.
            last_id = first_id + len(self._touched) - 1
        self._source_id = step.last_id
        self._end(step.time, first_id, last_id)

    def end_own_step(self, time: float) -> None:
        """All that was gathered, if anything, is what one order of an account did."""
        if self._touched:
            self._end(time, self._last_id + 1, self._last_id + len(self._touched))

    def take_steps(self) -> tuple[MarketStep, ...]:
        """The steps since the last call."""
        steps = tuple(self._steps)
        self._steps.clear()
        return steps

    def forget(self) -> None:
        """What was gathered is no news: the public starts from there."""
        self._touched.clear()

    def _end(self, time: float, first_id: int, last_id: int) -> None:
        changes = tuple(
            LevelChange(
                is_bid=side.is_bid,
                price=text_of(side.price_at(rank), self._price_decimals),
                amount=text_of(side.amount(rank), self._amount_decimals),
            )
            for side, rank in self._touched
        )
        step = MarketStep(
            time=time, first_id=first_id, last_id=last_id, changes=changes, trades=tuple(self._trades)
        )
        self._steps.append(step)
        self._last_id = last_id
        self._touched.clear()
        self._trades.clear()
