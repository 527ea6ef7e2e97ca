"""What Bybit's words mean for a trading rule."""

from __future__ import annotations

from decimal import Decimal

from venuekit.model.trading_rule import TradingStatus

__all__ = ["STATUSES", "UNBOUNDED", "bound"]

UNBOUNDED = Decimal("1e56")

# v5/enum, "status" (2026-07-22): these four only; spot has Trading alone.
STATUSES = {
    "PreLaunch": TradingStatus.PRE_LAUNCH,
    "Trading": TradingStatus.TRADING,
    "Delivering": TradingStatus.SETTLING,
    "Closed": TradingStatus.CLOSED,
}


def bound(text: str) -> Decimal | None:
    """A limit of a filter; None where the venue names none."""
    return (Decimal(text) or None) if text else None
