"""The fills of one order: each counted once, exactly, and never more than fit."""

from __future__ import annotations

from decimal import Decimal

from venuekit.model.conversion import RateSource
from venuekit.model.decimals import CONTEXT
from venuekit.model.order_update import TradeUpdate

__all__ = ["OrderFills"]

_ZERO = Decimal(0)


class OrderFills:
    """What is filled of an order, by trade id.

    `base` and `quote` are exact sums over `counted`. What does not fit waits in `quarantined`.
    """

    def __init__(self) -> None:
        self.counted: dict[str, TradeUpdate] = {}
        self.quarantined: dict[str, TradeUpdate] = {}
        self.base = _ZERO
        self.quote = _ZERO
        self._turnover = _ZERO

    def has_seen(self, trade_id: str) -> bool:
        """Whether this fill was counted, or waits in quarantine."""
        return trade_id in self.counted or trade_id in self.quarantined

    def fits(self, trade: TradeUpdate, base_limit: Decimal | None, quote_limit: Decimal | None) -> bool:
        """Whether a fill is of something, and leaves base and quote within their limits (None: no limit)."""
        if trade.fill_base_amount <= 0:
            return False
        base = CONTEXT.add(self.base, trade.fill_base_amount)
        quote = CONTEXT.add(self.quote, trade.fill_quote_amount)
        return (base_limit is None or base <= base_limit) and (quote_limit is None or quote <= quote_limit)

    def count(self, trade: TradeUpdate) -> None:
        """Add a fill that is not counted yet."""
        self.counted[trade.trade_id] = trade
        self.quarantined.pop(trade.trade_id, None)
        turnover = CONTEXT.multiply(trade.fill_price, trade.fill_base_amount)
        self.base = CONTEXT.add(self.base, trade.fill_base_amount)
        self.quote = CONTEXT.add(self.quote, trade.fill_quote_amount)
        self._turnover = CONTEXT.add(self._turnover, turnover)

    def average_price(self) -> Decimal | None:
        """The mean price by base amount, in quote; None without fills."""
        return CONTEXT.divide(self._turnover, self.base) if self.base else None

    def flat_fees(self) -> dict[str, Decimal]:
        """What was charged in fixed amounts, by asset."""
        paid: dict[str, Decimal] = {}
        for trade in self.counted.values():
            for token, amount in trade.fee.flat_fees:
                paid[token] = CONTEXT.add(paid.get(token, _ZERO), amount)
        return paid

    def fees_in(self, token: str, rate_source: RateSource | None) -> Decimal:
        """What all fills cost in one token.

        Raises:
            errors.ExchangeRateUnknown: a rate is missing: there is no sum of only a part.
        """
        paid = _ZERO
        for trade in self.counted.values():
            fee = trade.fee.fee_amount_in_token(
                trade.trading_pair, trade.fill_price, trade.fill_base_amount, token, rate_source
            )
            paid = CONTEXT.add(paid, fee)
        return paid
