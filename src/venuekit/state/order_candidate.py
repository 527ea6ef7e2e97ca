"""An order that is not placed yet: what it needs, what it brings, and how much of it is affordable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_DOWN, Context, Decimal, localcontext
from typing import Protocol

from venuekit import errors
from venuekit.model.conversion import BookRates, Conversion, PriceSource
from venuekit.model.decimals import CONTEXT
from venuekit.model.fees import TokenAmount, TradeFee, TradeFeeSchema
from venuekit.model.order import OrderType, TradeType
from venuekit.model.position import PositionAction
from venuekit.model.trading_rule import TradingRule

__all__ = ["CandidateExchange", "OrderCandidate", "PerpetualOrderCandidate"]

_ZERO, _ONE = Decimal(0), Decimal(1)
_DOWN = Context(prec=CONTEXT.prec, rounding=ROUND_DOWN)
_UP = Context(prec=CONTEXT.prec, rounding=ROUND_CEILING)
"""What is cut to fit must fit to the last digit, so parts are rounded down and needs up."""


class CandidateExchange(PriceSource, Protocol):
    """The facts of an exchange that decide what an order needs."""

    @property
    def trading_rules(self) -> Mapping[str, TradingRule]:
        """Pair to its rules; a perpetual's margin tokens are in them."""
        ...

    def account_fees(self, trading_pair: str) -> TradeFeeSchema | None:
        """What this account pays on a pair; None: not known, so that the venue's schema counts."""
        ...

    def trade_fee_schema(self) -> TradeFeeSchema:
        """What the venue charges by default."""
        ...


@dataclass
class OrderCandidate:
    """A spot order on trial.

    `amount` is in base, `price` in quote per base: a market order's is the one expected. Collateral and
    returns are filled in by `populate_collateral_entries` and None before it, and wherever there is nothing.
    `from_total_balances` measures it against whole balances, what open orders lock included.

    Raises:
        ValueError: the amount is negative, the price not positive, either no finite number, or the side
            neither a buy nor a sell.
    """

    trading_pair: str
    is_maker: bool
    order_type: OrderType
    order_side: TradeType
    amount: Decimal
    price: Decimal
    from_total_balances: bool = False

    order_collateral: TokenAmount | None = field(default=None, init=False)
    """What pays for the order, fees apart."""
    percent_fee_collateral: TokenAmount | None = field(default=None, init=False)
    """The share of the trade to be paid on top. A rebate is none: it comes after the trade."""
    percent_fee_value: TokenAmount | None = field(default=None, init=False)
    """The share of the trade, paid on top or held back; negative: a rebate."""
    fixed_fee_collaterals: list[TokenAmount] = field(default_factory=list, init=False)
    """Fees that do not depend on the amount."""
    gross_returns: TokenAmount | None = field(default=None, init=False)
    """What a fill brings before fees."""
    potential_returns: TokenAmount | None = field(default=None, init=False)
    """What a fill brings after fees."""
    resized: bool = field(default=False, init=False)
    """Whether it is smaller than it was asked to be."""

    def __post_init__(self) -> None:
        if self.order_side not in (TradeType.BUY, TradeType.SELL):
            raise ValueError(f"an order buys or sells; {self.order_side.name} is neither")
        if not self.amount.is_finite() or self.amount < 0:
            raise ValueError(f"not an amount to trade: {self.amount}")
        if not self.price.is_finite() or self.price <= 0:
            raise ValueError(
                f"not a price to reckon with: {self.price}; a market order takes the one expected"
            )

    @property
    def is_zero_order(self) -> bool:
        """Whether nothing of it is left."""
        return not self.amount

    @property
    def collateral_dict(self) -> dict[str, Decimal]:
        """What must be there in all, by token; empty before it is populated."""
        return _sums(self.order_collateral, self.percent_fee_collateral, *self.fixed_fee_collaterals)

    def get_size_token_and_order_size(self) -> tuple[str, Decimal]:
        """What the order is measured in: a buy in quote, a sell in base."""
        base, _, quote = self.trading_pair.rpartition("-")
        if self.order_side is TradeType.BUY:
            return quote, CONTEXT.multiply(self.amount, self.price)
        return base, self.amount

    def populate_collateral_entries(self, exchange: CandidateExchange) -> None:
        """Fill in what the order needs and brings, from scratch. An order of nothing needs nothing.

        Raises:
            errors.NotReady: a rate or a rule that it takes is not known.
        """
        self._clear()
        if self.is_zero_order:
            return
        fee = self._fee(self._fee_schema(exchange))
        self.order_collateral = self._collateral(exchange)
        self.gross_returns = self._returns(exchange)
        self.potential_returns = fee.order_returns_with_fees(self, exchange)
        self.fixed_fee_collaterals = [flat for flat in fee.flat_fees if flat.amount > 0]
        self._populate_percent_fee(fee, exchange)

    def adjust_from_balances(self, available_balances: Mapping[str, Decimal]) -> None:
        """Cut the order to what is available, by token; a token that is not named has nothing.

        Fixed fees come first, the rest shrinks with the amount. Fixed fees that cannot be paid leave nothing
        of it.
        """
        share = self._affordable_share(available_balances)
        if share < 1:
            self._scale(share)

    def is_affordable(self, available_balances: Mapping[str, Decimal]) -> bool:
        """Whether what is available, by token, covers it as it is."""
        return all(
            need <= available_balances.get(token, _ZERO) for token, need in self.collateral_dict.items()
        )

    def set_to_zero(self) -> None:
        """Leave nothing of it."""
        self._scale(_ZERO)

    def _fee_schema(self, exchange: CandidateExchange) -> TradeFeeSchema:
        own = exchange.account_fees(self.trading_pair)
        return exchange.trade_fee_schema() if own is None else own

    def _fee(self, schema: TradeFeeSchema) -> TradeFee:
        return schema.spot_fee(self.order_side, is_maker=self.is_maker)

    def _collateral(self, exchange: CandidateExchange) -> TokenAmount | None:  # noqa: ARG002 - a perpetual asks it
        return TokenAmount(*self.get_size_token_and_order_size())

    def _returns(self, exchange: CandidateExchange) -> TokenAmount | None:  # noqa: ARG002 - a perpetual asks it
        base, _, quote = self.trading_pair.rpartition("-")
        if self.order_side is TradeType.BUY:
            return TokenAmount(base, self.amount)
        return TokenAmount(quote, CONTEXT.multiply(self.amount, self.price))

    def _populate_percent_fee(self, fee: TradeFee, exchange: CandidateExchange) -> None:
        on_top = fee.get_fee_impact_on_order_cost(self, exchange)
        held_back = fee.get_fee_impact_on_order_returns(self, exchange)
        if on_top is not None:
            self.percent_fee_value = on_top
            self.percent_fee_collateral = on_top if on_top.amount > 0 else None
        elif held_back is not None and self.gross_returns is not None:
            self.percent_fee_value = TokenAmount(self.gross_returns.token, held_back)

    def _affordable_share(self, available_balances: Mapping[str, Decimal]) -> Decimal:
        """The part of the order, at most all of it, that the scarcest token leaves."""
        fixed = _sums(*self.fixed_fee_collaterals)
        growing = _sums(self.order_collateral, self.percent_fee_collateral)
        share = _ONE
        for token, need in self.collateral_dict.items():
            available = available_balances.get(token, _ZERO)
            if available >= need:
                continue
            room = _DOWN.subtract(available, fixed.get(token, _ZERO))
            if room <= 0 or token not in growing:
                return _ZERO
            share = min(share, _DOWN.divide(room, growing[token]))
        return share

    def _scale(self, share: Decimal) -> None:
        self.resized = True
        self.amount = _DOWN.multiply(self.amount, share)
        if self.is_zero_order:
            self._clear()
            return
        self.order_collateral = _scaled(self.order_collateral, share)
        self.percent_fee_collateral = _scaled(self.percent_fee_collateral, share)
        self.percent_fee_value = _scaled(self.percent_fee_value, share)
        self.gross_returns = _scaled(self.gross_returns, share)
        self.potential_returns = _scaled(self.potential_returns, share)

    def _clear(self) -> None:
        self.order_collateral = self.percent_fee_collateral = self.percent_fee_value = None
        self.gross_returns = self.potential_returns = None
        self.fixed_fee_collaterals = []


@dataclass
class PerpetualOrderCandidate(OrderCandidate):
    """A perpetual order on trial.

    Opening takes the notional over `leverage` from the margin token of its side, and the fee on the full
    notional on top; it brings no token: the contract is what it brings.

    Closing needs no collateral, and its share of fees is paid by the position; only fixed fees must be there.
    Its returns are the value of the closing trade in the margin token less the fee: 10 at 2 with 1 % is 19.8,
    whatever the leverage and on either side. They are no forecast of the balance: an order knows neither the
    entry price nor the margin of the position that it closes. `released_margin` is that margin if it was
    entered at this price.

    Raises:
        ValueError: as an `OrderCandidate`, or the leverage is no positive number.
    """

    leverage: Decimal = _ONE
    position_close: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not Decimal(self.leverage).is_finite() or self.leverage <= 0:
            raise ValueError(f"not a leverage: {self.leverage}")

    @property
    def released_margin(self) -> TokenAmount | None:
        """The margin that closing sets free if the position was entered at this order's price.

        None: the order opens, is not populated, or its returns are not known.
        """
        if not self.position_close or self.gross_returns is None:
            return None
        value = self.gross_returns
        return TokenAmount(value.token, CONTEXT.divide(value.amount, Decimal(self.leverage)))

    def _fee(self, schema: TradeFeeSchema) -> TradeFee:
        action = PositionAction.CLOSE if self.position_close else PositionAction.OPEN
        return schema.perpetual_fee(action, is_maker=self.is_maker)

    def _collateral(self, exchange: CandidateExchange) -> TokenAmount | None:
        if self.position_close:
            return None
        value = self._value_in_margin_token(exchange)
        return TokenAmount(value.token, CONTEXT.divide(value.amount, Decimal(self.leverage)))

    def _returns(self, exchange: CandidateExchange) -> TokenAmount | None:
        if not self.position_close:
            return None
        try:
            return self._value_in_margin_token(exchange)
        except errors.NotReady:
            return None  # nobody is kept in a position because a price is missing

    def _populate_percent_fee(self, fee: TradeFee, exchange: CandidateExchange) -> None:
        if not self.position_close:
            super()._populate_percent_fee(fee, exchange)

    def _value_in_margin_token(self, exchange: CandidateExchange) -> TokenAmount:
        token = self._margin_token(exchange)
        conversion = Conversion(
            trading_pair=self.trading_pair, price=self.price, rate_source=BookRates(exchange)
        )
        size_token, size = self.get_size_token_and_order_size()
        return TokenAmount(token, conversion.convert(size, size_token, token))

    def _margin_token(self, exchange: CandidateExchange) -> str:
        rule = exchange.trading_rules.get(self.trading_pair)
        if rule is None:
            raise errors.NotReady(f"the trading rules of {self.trading_pair} are not known yet")
        tokens = {
            TradeType.BUY: rule.buy_order_collateral_token,
            TradeType.SELL: rule.sell_order_collateral_token,
        }
        return tokens[self.order_side] or rule.quote


def _sums(*parts: TokenAmount | None) -> dict[str, Decimal]:
    """What parts come to by token."""
    sums: dict[str, Decimal] = {}
    with localcontext(_UP):
        for part in parts:
            if part is not None:
                sums[part.token] = sums.get(part.token, _ZERO) + part.amount
    return sums


def _scaled(part: TokenAmount | None, share: Decimal) -> TokenAmount | None:
    return None if part is None else TokenAmount(part.token, _DOWN.multiply(part.amount, share))
