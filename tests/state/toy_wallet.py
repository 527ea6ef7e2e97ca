"""An exchange that is a table of facts: balances, fees, rules, asks and steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

from venuekit import errors
from venuekit.model.fees import TradeFeeSchema
from venuekit.model.order import OrderType, TradeType
from venuekit.model.trading_rule import TradingRule
from venuekit.state.order_candidate import OrderCandidate, PerpetualOrderCandidate

D = Decimal
CENT = D("0.01")
PAIR = "COINX-USDT"
BUY, SELL = TradeType.BUY, TradeType.SELL


@dataclass
class ToyExchange:
    """What it does not know it has not: no balance, no book."""

    schema: TradeFeeSchema = field(default_factory=TradeFeeSchema)
    own_fees: TradeFeeSchema | None = None
    available: dict[str, Decimal] = field(default_factory=dict)
    total: dict[str, Decimal] = field(default_factory=dict)
    asks: dict[str, Decimal] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    """Pairs whose books are not live."""
    rule: TradingRule | None = field(default_factory=lambda: TradingRule(PAIR))
    step: Decimal = CENT
    rounding: str = ROUND_DOWN

    @property
    def trading_rules(self) -> dict[str, TradingRule]:
        return {} if self.rule is None else {self.rule.trading_pair: self.rule}

    def account_fees(self, trading_pair: str) -> TradeFeeSchema | None:
        return self.own_fees if trading_pair == PAIR else None

    def trade_fee_schema(self) -> TradeFeeSchema:
        return self.schema

    def get_price(self, trading_pair: str, is_buy: bool) -> Decimal:
        if trading_pair in self.silent:
            raise errors.BookNotLive(trading_pair, "STALE")
        if trading_pair not in self.asks or not is_buy:
            raise errors.UnknownPair(trading_pair)
        return self.asks[trading_pair]

    def get_balance(self, currency: str) -> Decimal:
        return self.total.get(currency, D(0))

    def get_available_balance(self, currency: str) -> Decimal:
        return self.available.get(currency, D(0))

    def quantize_order_amount(self, trading_pair: str, amount: Decimal) -> Decimal:
        assert trading_pair == PAIR
        return (amount / self.step).to_integral_value(self.rounding) * self.step


def percent(share: str, **facts: object) -> TradeFeeSchema:
    """A schema with one share for makers and takers."""
    return TradeFeeSchema().overridden(maker_percent_fee=D(share), taker_percent_fee=D(share), **facts)


def spot(
    side: TradeType = BUY, amount: str = "10", price: str = "2", *, total: bool = False
) -> OrderCandidate:
    return OrderCandidate(PAIR, True, OrderType.LIMIT, side, D(amount), D(price), total)


def perpetual(
    side: TradeType = BUY,
    amount: str = "10",
    price: str = "2",
    *,
    leverage: str = "1",
    close: bool = False,
) -> PerpetualOrderCandidate:
    return PerpetualOrderCandidate(
        trading_pair=PAIR,
        is_maker=True,
        order_type=OrderType.LIMIT,
        order_side=side,
        amount=D(amount),
        price=D(price),
        leverage=D(leverage),
        position_close=close,
    )
