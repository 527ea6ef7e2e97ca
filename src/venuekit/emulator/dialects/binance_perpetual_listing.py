"""What Binance USD-M lists, and the rows of its `exchangeInfo`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from venuekit.emulator.dialects.binance_listing import Dormant, Listing

__all__ = ["DORMANT", "PERPETUAL", "RATE_LIMITS", "symbol_row"]

PERPETUAL = "PERPETUAL"
_FAR_FUTURE = 4_133_404_800_000
"""The delivery date of contracts that are never delivered: 2100-12-25, as listed on 2026-10-07."""

DORMANT = (
    Dormant(
        symbol="BTCUSDT_261225",
        base="BTC",
        quote="USDT",
        status="TRADING",
        price="66666.6",
        contract="CURRENT_QUARTER",
    ),
    Dormant(
        symbol="ETHUSDT_270326",
        base="ETH",
        quote="USDT",
        status="TRADING",
        price="2777.7",
        contract="NEXT_QUARTER",
    ),
    Dormant(
        symbol="OMGUSDT",
        base="OMG",
        quote="USDT",
        status="SETTLING",
        price="0.3000",
        contract=PERPETUAL,
    ),
    Dormant(
        symbol="XAUUSDT",
        base="XAU",
        quote="USDT",
        status="TRADING_HALT",
        price="4100.0",
        contract="TRADIFI_PERPETUAL",
    ),
    Dormant(
        symbol="币安人生USDT",
        base="币安人生",
        quote="USDT",
        status="PENDING_TRADING",
        price="0.1000",
        contract=PERPETUAL,
    ),
)

# exchangeInfo of 2026-10-07; futures have no RAW_REQUESTS.
RATE_LIMITS = (
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
)
_DELIVERIES: Mapping[str, int] = {
    "CURRENT_QUARTER": 1_798_185_600_000,
    "NEXT_QUARTER": 1_806_048_000_000,
}
"""2026-12-25 and 2027-03-26, 08:00 UTC."""


def symbol_row(listing: Listing) -> dict[str, Any]:
    """The fields of the page of 2026-08-19 and those seen on 2026-10-07 beyond it."""
    instrument = listing.instrument
    is_perpetual = listing.contract.endswith(PERPETUAL)
    return {
        "symbol": listing.symbol,
        "pair": instrument.base + instrument.quote,
        "contractType": listing.contract,
        "deliveryDate": _DELIVERIES.get(listing.contract, _FAR_FUTURE),
        "onboardDate": 1_567_965_300_000,
        "status": listing.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.quote,
        "pricePrecision": instrument.price_decimals,
        "quantityPrecision": instrument.amount_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COMMODITY" if listing.contract.startswith("TRADIFI") else "COIN",
        "underlyingSubType": ["PoW"] if is_perpetual else [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": _filters(listing),
        "orderTypes": [
            "LIMIT",
            "MARKET",
            "STOP",
            "STOP_MARKET",
            "TAKE_PROFIT",
            "TAKE_PROFIT_MARKET",
            "TRAILING_STOP_MARKET",
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": ["GRID", "COPY", "DCA", "PSB"],
    }


def _filters(listing: Listing) -> list[dict[str, Any]]:
    instrument = listing.instrument
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": instrument.tick_size,
            "maxPrice": "4529764",
            "tickSize": instrument.tick_size,
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": instrument.step_size,
            "maxQty": "1000000",
            "stepSize": instrument.step_size,
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": instrument.step_size,
            "maxQty": "120000",
            "stepSize": instrument.step_size,
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": instrument.min_notional},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "1.0500",
            "multiplierDown": "0.9500",
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]
