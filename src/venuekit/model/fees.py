"""What trading costs: a venue's default, one order's or trade's fee, and what it does to cost and returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any, ClassVar, Protocol, TypeAlias

import msgspec

from venuekit.model.conversion import (
    INTERCHANGEABLE_TOKENS,
    BookRates,
    Conversion,
    PriceSource,
    RateSource,
)
from venuekit.model.decimals import CONTEXT, plain
from venuekit.model.order import TradeType
from venuekit.model.position import PositionAction
from venuekit.protocol.frozen import Frozen

__all__ = [
    "AddedToCostTradeFee",
    "DeductedFromReturnsTradeFee",
    "OrderCosts",
    "TokenAmount",
    "TradeFee",
    "TradeFeeBase",
    "TradeFeeSchema",
]

_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


class TokenAmount(Frozen, kw_only=False):
    """So much of an asset; it unpacks as a pair.

    Raises:
        ValueError: the amount is no finite number.
    """

    token: str
    amount: Decimal

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise ValueError(f"not an amount of {self.token}: {self.amount}")

    def __iter__(self) -> Iterator[Any]:
        return iter((self.token, self.amount))

    def to_json(self) -> dict[str, str]:
        """As JSON holds it: the amount is a text, so that no reader makes a binary fraction of it."""
        return {"token": self.token, "amount": plain(self.amount)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TokenAmount:
        """The inverse of `to_json`.

        Raises:
            ValueError: a part is missing, of another kind, or no finite number.
        """
        return msgspec.convert(data, cls)


class OrderCosts(Protocol):
    """What a fee needs to know of an order to reckon what it does to it."""

    @property
    def trading_pair(self) -> str:
        """The pair."""
        ...

    @property
    def amount(self) -> Decimal:
        """In base."""
        ...

    @property
    def price(self) -> Decimal:
        """In quote per base."""
        ...

    @property
    def order_collateral(self) -> TokenAmount | None:
        """What must be there to place the order, fees apart; None: nothing."""
        ...

    @property
    def gross_returns(self) -> TokenAmount | None:
        """What comes back when it is filled, before fees; None: nothing that can be named."""
        ...


class TradeFeeBase(Frozen, kw_only=False):
    """A fee: a share of the trade, fixed amounts, or both. One is made of either of its two kinds.

    `percent` is a fraction (`Decimal("0.001")` is 0.1 %; a rebate is negative). `percent_token` names the
    asset that the share is paid in; None: an asset of the order. `flat_fees` are charged once per order.

    Raises:
        ValueError: `percent` is no finite number.
        TypeError: it is of neither kind.
    """

    is_added_to_cost: ClassVar[bool]

    percent: Decimal = _ZERO
    percent_token: str | None = None
    flat_fees: Sequence[TokenAmount] = ()

    def __post_init__(self) -> None:
        if type(self) is TradeFeeBase:
            raise TypeError("a fee is added to the cost or deducted from the returns: make one of the two")
        if not self.percent.is_finite():
            raise ValueError(f"not a share of a trade: {self.percent}")
        _freeze(self, "flat_fees")

    @classmethod
    def new_spot_fee(
        cls,
        fee_schema: TradeFeeSchema,
        trade_type: TradeType,
        percent: Decimal = _ZERO,
        percent_token: str | None = None,
        flat_fees: Iterable[TokenAmount] = (),
    ) -> TradeFee:
        """The fee of a spot order or trade, of the kind that the schema says.

        A buy costs more unless the schema deducts its fee from what is bought; a sell earns less. Fees in a
        token of their own cost more on both sides: nothing of what comes back pays them.
        A share is paid in the schema's token unless `percent_token` names another.
        """
        is_deducted = trade_type is not TradeType.BUY or fee_schema.buy_percent_fee_deducted_from_returns
        return _of_schema(fee_schema, percent, percent_token, flat_fees, is_deducted=is_deducted)

    @classmethod
    def new_perpetual_fee(
        cls,
        fee_schema: TradeFeeSchema,
        position_action: PositionAction,
        percent: Decimal = _ZERO,
        percent_token: str | None = None,
        flat_fees: Iterable[TokenAmount] = (),
    ) -> TradeFee:
        """The fee of a perpetual order or trade, of the kind that the schema says.

        Opening costs more, closing earns less; fees in a token of their own cost more either way.
        A share is paid in the schema's token unless `percent_token` names another.
        """
        is_deducted = position_action is not PositionAction.OPEN
        return _of_schema(fee_schema, percent, percent_token, flat_fees, is_deducted=is_deducted)

    @classmethod
    def type_descriptor_for_json(cls) -> str:
        """The word for this kind in JSON."""
        return str(cls.__struct_config__.tag)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TradeFee:
        """The inverse of `to_json`, whichever kind was written.

        Raises:
            ValueError: the kind is unknown, or a part is missing, of another kind, or no finite number.
        """
        fee: TradeFee = msgspec.convert(data, TradeFee)
        return fee

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it: amounts are texts."""
        return {
            "fee_type": self.type_descriptor_for_json(),
            "percent": plain(self.percent),
            "percent_token": self.percent_token,
            "flat_fees": [fee.to_json() for fee in self.flat_fees],
        }

    @property
    def fee_asset(self) -> str | None:
        """The asset it is paid in, the first one where there are several; None: an asset of the order."""
        return self.percent_token or next((fee.token for fee in self.flat_fees), None)

    def fee_amount_in_token(
        self,
        trading_pair: str,
        price: Decimal,
        order_amount: Decimal,
        token: str,
        rate_source: RateSource | None = None,
        interchangeable: Sequence[frozenset[str]] = INTERCHANGEABLE_TOKENS,
    ) -> Decimal:
        """What the whole fee is worth in `token`, for so much base at this price.

        Between base and quote the trade's own price is the rate; other rates come from `rate_source`, and
        only those that are needed are asked for.

        Raises:
            errors.ExchangeRateUnknown: a rate is missing: there is no sum of only a part.
        """
        conversion = Conversion(
            trading_pair=trading_pair, price=price, rate_source=rate_source, interchangeable=interchangeable
        )
        with localcontext(CONTEXT):
            flat = sum((conversion.convert(fee.amount, fee.token, token) for fee in self.flat_fees), _ZERO)
            return flat + self._share(conversion, order_amount, token)

    def fee_amount_in_quote(
        self,
        trading_pair: str,
        price: Decimal,
        order_amount: Decimal,
        rate_source: RateSource | None = None,
        interchangeable: Sequence[frozenset[str]] = INTERCHANGEABLE_TOKENS,
    ) -> Decimal:
        """What the whole fee is worth in the quote asset: `fee_amount_in_token` of it."""
        quote = trading_pair.rpartition("-")[2]
        return self.fee_amount_in_token(
            trading_pair, price, order_amount, quote, rate_source, interchangeable
        )

    def get_fee_impact_on_order_cost(
        self, order_candidate: OrderCosts, exchange: PriceSource
    ) -> TokenAmount | None:
        """What the share adds to the cost of an order, fixed fees apart; None: nothing.

        In `percent_token`, else in the collateral's. It is a share of the full notional, whatever the
        leverage. Negative: a rebate.

        Raises:
            errors.NotReady: the rate to `percent_token` is not known.
        """
        if not self.is_added_to_cost or not self.percent:
            return None
        order = order_candidate
        conversion = Conversion(
            trading_pair=order.trading_pair, price=order.price, rate_source=BookRates(exchange)
        )
        collateral = order.order_collateral
        token = self.percent_token or (conversion.quote if collateral is None else collateral.token)
        return TokenAmount(token, self._share(conversion, order.amount, token))

    def get_fee_impact_on_order_returns(
        self,
        order_candidate: OrderCosts,
        exchange: PriceSource,  # noqa: ARG002 - cost and returns are asked for alike
    ) -> Decimal | None:
        """What the share takes from the returns of an order, in their token; None: nothing."""
        returns = order_candidate.gross_returns
        if self.is_added_to_cost or not self.percent or returns is None:
            return None
        return CONTEXT.multiply(returns.amount, self.percent)

    def order_cost_with_fees(self, order_candidate: OrderCosts, exchange: PriceSource) -> dict[str, Decimal]:
        """What an order takes from the account in all, by token: collateral, share and fixed fees.

        Raises:
            errors.NotReady: the rate to `percent_token` is not known.
        """
        impact = self.get_fee_impact_on_order_cost(order_candidate, exchange)
        parts = (order_candidate.order_collateral, impact, *self.flat_fees)
        cost: dict[str, Decimal] = {}
        for part in parts:
            if part is not None:
                cost[part.token] = CONTEXT.add(cost.get(part.token, _ZERO), part.amount)
        return cost

    def order_returns_with_fees(
        self, order_candidate: OrderCosts, exchange: PriceSource
    ) -> TokenAmount | None:
        """What an order brings when it is filled, the share taken off; None: nothing that can be named."""
        gross = order_candidate.gross_returns
        impact = self.get_fee_impact_on_order_returns(order_candidate, exchange)
        if gross is None or impact is None:
            return gross
        return TokenAmount(gross.token, CONTEXT.subtract(gross.amount, impact))

    def _share(self, conversion: Conversion, base_amount: Decimal, token: str) -> Decimal:
        """The share of so much base, in `token`; no rate is asked for where there is none."""
        if not self.percent:
            return _ZERO
        share = CONTEXT.multiply(base_amount, self.percent)
        if conversion.leg(token) == conversion.base:
            return share
        # Through the quote, which rate sources know better; Conversion falls back on the base.
        in_quote = conversion.convert(share, conversion.base, conversion.quote)
        return conversion.convert(in_quote, conversion.quote, token)


class AddedToCostTradeFee(TradeFeeBase, kw_only=False, tag_field="fee_type", tag="AddedToCost"):
    """A fee on top: buying 10 COINX at 9 USDT with 1 % takes 90.9 USDT and brings 10 COINX."""

    is_added_to_cost = True


class DeductedFromReturnsTradeFee(
    TradeFeeBase, kw_only=False, tag_field="fee_type", tag="DeductedFromReturns"
):
    """A fee held back: buying 10 COINX at 9 USDT with 1 % takes 90 USDT and brings 9.9 COINX.

    The share stays in the asset received, whatever `percent_token` says.
    """

    is_added_to_cost = False


TradeFee: TypeAlias = AddedToCostTradeFee | DeductedFromReturnsTradeFee


class TradeFeeSchema(Frozen, kw_only=False):
    """The fees a venue charges unless the account's own are known.

    Percentages are fractions (`Decimal("0.001")` is 0.1 %). `percent_fee_token` names the asset that
    percentage fees are paid in; None: the asset received. Fixed fees are charged per order.

    Raises:
        ValueError: fees paid in a token of their own cannot also be deducted from what a buy returns.
    """

    percent_fee_token: str | None = None
    maker_percent_fee_decimal: Decimal = _ZERO
    taker_percent_fee_decimal: Decimal = _ZERO
    buy_percent_fee_deducted_from_returns: bool = False
    maker_fixed_fees: Sequence[TokenAmount] = ()
    taker_fixed_fees: Sequence[TokenAmount] = ()

    def __post_init__(self) -> None:
        if self.percent_fee_token is not None and self.buy_percent_fee_deducted_from_returns:
            raise ValueError("a fee with a token of its own cannot be deducted from the returns of a buy")
        _freeze(self, "maker_fixed_fees", "taker_fixed_fees")

    def percent(self, *, is_maker: bool) -> Decimal:
        """The share that a maker or a taker pays, as a fraction."""
        return self.maker_percent_fee_decimal if is_maker else self.taker_percent_fee_decimal

    def fixed_fees(self, *, is_maker: bool) -> Sequence[TokenAmount]:
        """The fixed fees that a maker or a taker pays per order."""
        return self.maker_fixed_fees if is_maker else self.taker_fixed_fees

    def spot_fee(
        self, trade_type: TradeType, *, is_maker: bool, extra_flat_fees: Iterable[TokenAmount] = ()
    ) -> TradeFee:
        """The fee of a spot order under this schema."""
        return TradeFeeBase.new_spot_fee(
            self,
            trade_type,
            percent=self.percent(is_maker=is_maker),
            flat_fees=(*self.fixed_fees(is_maker=is_maker), *extra_flat_fees),
        )

    def perpetual_fee(
        self, position_action: PositionAction, *, is_maker: bool, extra_flat_fees: Iterable[TokenAmount] = ()
    ) -> TradeFee:
        """The fee of a perpetual order under this schema."""
        return TradeFeeBase.new_perpetual_fee(
            self,
            position_action,
            percent=self.percent(is_maker=is_maker),
            flat_fees=(*self.fixed_fees(is_maker=is_maker), *extra_flat_fees),
        )

    def overridden(
        self,
        *,
        maker_percent_fee: Decimal | None = None,
        taker_percent_fee: Decimal | None = None,
        **facts: Any,
    ) -> TradeFeeSchema:
        """A schema with a user's own figures; this one stays as it is.

        The two percentages are in percent, as people write them: 0.1 is a fraction of 0.001. Other facts go
        by their names here.

        Raises:
            TypeError: there is no such fact.
            ValueError: the result contradicts itself.
        """
        percentages = {
            "maker_percent_fee_decimal": maker_percent_fee,
            "taker_percent_fee_decimal": taker_percent_fee,
        }
        fractions = {
            name: CONTEXT.divide(percent, _HUNDRED)
            for name, percent in percentages.items()
            if percent is not None
        }
        return msgspec.structs.replace(self, **fractions, **facts)


def _of_schema(
    schema: TradeFeeSchema,
    percent: Decimal,
    percent_token: str | None,
    flat_fees: Iterable[TokenAmount],
    *,
    is_deducted: bool,
) -> TradeFee:
    has_own_token = schema.percent_fee_token is not None
    kind = DeductedFromReturnsTradeFee if is_deducted and not has_own_token else AddedToCostTradeFee
    # A fee that is only fixed says itself what it is paid in.
    token = percent_token or (schema.percent_fee_token if percent else None)
    return kind(percent, token, tuple(flat_fees))


def _freeze(value: Frozen, *names: str) -> None:
    """Turn sequences into tuples: callers pass lists, and a value must not change with them."""
    for name in names:
        msgspec.structs.force_setattr(value, name, tuple(getattr(value, name)))
