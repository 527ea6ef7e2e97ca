"""What Binance's filters mean for a trading rule."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from venuekit.model.trading_rule import ContractKind, TradingRule, TradingStatus
from venuekit.venues.binance import wire

_UNBOUNDED = Decimal("1e56")


def trading_rule(
    trading_pair: str,
    symbol: str,
    filters: Sequence[wire.Filter],
    status: TradingStatus,
    contract_kind: ContractKind,
    collateral: str | None = None,
) -> TradingRule:
    """The rule of one symbol; a bound of zero means that there is none (filters.md, PRICE_FILTER)."""
    by_type = {said.filter_type: said for said in filters}
    nothing = wire.Filter(filter_type="")
    price = by_type.get("PRICE_FILTER", nothing)
    lot = by_type.get("LOT_SIZE", nothing)
    market_lot = by_type.get("MARKET_LOT_SIZE", nothing)
    notional = by_type.get("NOTIONAL", by_type.get("MIN_NOTIONAL", nothing))
    least = Decimal(notional.min_notional or notional.notional or "0")
    return TradingRule(
        trading_pair=trading_pair,
        min_order_size=Decimal(lot.min_quantity or "0"),
        max_order_size=_bound(lot.max_quantity) or _UNBOUNDED,
        min_price_increment=_bound(price.tick_size) or Decimal("1e-56"),
        min_base_amount_increment=_bound(lot.step_size) or Decimal("1e-56"),
        min_notional_size=least,
        min_order_value=least,
        buy_order_collateral_token=collateral,
        sell_order_collateral_token=collateral,
        symbol=symbol,
        status=status,
        contract_kind=contract_kind,
        min_price=_bound(price.min_price),
        max_price=_bound(price.max_price),
        max_market_order_size=_bound(market_lot.max_quantity),
        max_notional_size=_bound(notional.max_notional),
    )


def _bound(text: str | None) -> Decimal | None:
    value = Decimal(text or "0")
    return value or None
