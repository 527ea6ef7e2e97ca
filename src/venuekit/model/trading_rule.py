"""What a market accepts: whether it trades, in which steps, within which bounds."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from venuekit.protocol.frozen import Frozen

__all__ = ["ContractKind", "TradingRule", "TradingStatus"]

_TINY = Decimal("1e-56")
_HUGE = Decimal("1e56")


class TradingStatus(Enum):
    """Whether a pair can be traded now."""

    TRADING = "trading"
    CANCEL_ONLY = "cancel only"
    """Orders can be cancelled, none can be placed."""
    AUCTION = "auction"
    """Orders are collected and matched together later."""
    PRE_LAUNCH = "pre-launch"
    """Listed and not open yet."""
    HALTED = "halted"
    """Closed for now."""
    SETTLING = "settling"
    """A contract at its end: delivering or being settled."""
    CLOSED = "closed"
    """Delisted for good."""
    UNKNOWN = "unknown"
    """A word of the venue that this release does not know: treated as not tradable."""


class ContractKind(Enum):
    """What is traded under a symbol. One connector follows exactly one kind."""

    SPOT = "spot"
    LINEAR_PERPETUAL = "linear perpetual"
    INVERSE_PERPETUAL = "inverse perpetual"
    LINEAR_FUTURE = "linear future"
    INVERSE_FUTURE = "inverse future"
    OTHER = "other"


class TradingRule(Frozen, kw_only=False):
    """The rules of one pair. Sizes in base, notional and order value in quote, prices in quote per base.

    The order of the first twelve fields, and their defaults, follow the vocabulary that connectors share.
    """

    trading_pair: str
    min_order_size: Decimal = Decimal(0)
    max_order_size: Decimal = _HUGE
    min_price_increment: Decimal = _TINY
    min_base_amount_increment: Decimal = _TINY
    min_quote_amount_increment: Decimal = _TINY
    min_notional_size: Decimal = Decimal(0)
    min_order_value: Decimal = Decimal(0)
    max_price_significant_digits: Decimal = _HUGE
    supports_limit_orders: bool = True
    supports_market_orders: bool = True
    buy_order_collateral_token: str | None = None
    sell_order_collateral_token: str | None = None
    symbol: str = ""
    status: TradingStatus = TradingStatus.TRADING
    contract_kind: ContractKind = ContractKind.SPOT
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    max_market_order_size: Decimal | None = None
    max_notional_size: Decimal | None = None
    funding_interval: float | None = None

    @property
    def base(self) -> str:
        """The asset that is bought and sold."""
        return self.trading_pair.rpartition("-")[0]

    @property
    def quote(self) -> str:
        """The asset that prices are in."""
        return self.trading_pair.rpartition("-")[2]

    @property
    def is_tradable(self) -> bool:
        """Whether new orders are accepted now."""
        return self.status is TradingStatus.TRADING
