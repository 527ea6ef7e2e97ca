"""What Binance spot lists, and the rows of its `exchangeInfo`."""

from __future__ import annotations

from typing import Any

from venuekit.emulator.dialects.binance_listing import Dormant, Listing
from venuekit.emulator.dialects.binance_order_counts import OrderLimit

__all__ = [
    "ALLOWED_SELF_TRADES",
    "DEFAULT_SELF_TRADE",
    "DORMANT",
    "ORDER_LIMITS",
    "RATE_LIMITS",
    "symbol_filters",
    "symbol_row",
]

DEFAULT_SELF_TRADE = "EXPIRE_MAKER"
ALLOWED_SELF_TRADES = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT")

DORMANT = (
    Dormant(symbol="VENUSDT", base="VEN", quote="USDT", status="BREAK", price="0.9000"),
    Dormant(symbol="OMGBTC", base="OMG", quote="BTC", status="BREAK", price="0.0004"),
    Dormant(symbol="WAVESUSDT", base="WAVES", quote="USDT", status="HALT", price="1.2000"),
    Dormant(symbol="REEFUSDT", base="REEF", quote="USDT", status="CANCEL_ONLY", price="0.0010"),
    Dormant(symbol="EURBUSD", base="EUR", quote="BUSD", status="END_OF_DAY", price="1.0700"),
)

ORDER_LIMITS = (
    OrderLimit(interval="SECOND", interval_num=10, limit=100, seconds=10.0),
    OrderLimit(interval="DAY", interval_num=1, limit=200_000, seconds=86_400.0),
)
# enums.md, Rate limiters; RAW_REQUESTS as of the changelog of 2026-03-27.
RATE_LIMITS = (
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    *(
        {
            "rateLimitType": "ORDERS",
            "interval": limit.interval,
            "intervalNum": limit.interval_num,
            "limit": limit.limit,
        }
        for limit in ORDER_LIMITS
    ),
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
)


def symbol_row(listing: Listing) -> dict[str, Any]:
    """All fields of rest-api.md, Exchange information, 2026-06-01."""
    instrument = listing.instrument
    return {
        "symbol": listing.symbol,
        "status": listing.status,
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [
            "LIMIT",
            "LIMIT_MAKER",
            "MARKET",
            "STOP_LOSS",
            "STOP_LOSS_LIMIT",
            "TAKE_PROFIT",
            "TAKE_PROFIT_LIMIT",
        ],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": symbol_filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT", "TRD_GRP_004"]],
        "defaultSelfTradePreventionMode": DEFAULT_SELF_TRADE,
        "allowedSelfTradePreventionModes": ALLOWED_SELF_TRADES,
    }


def symbol_filters(listing: Listing) -> list[dict[str, Any]]:
    """filters.md, 2026-05-25; ICEBERG_PARTS is 100 and MAX_NUM_ORDER_LISTS 20 by the changelog."""
    if listing.filters is not None:
        return [dict(row) for row in listing.filters]
    instrument = listing.instrument
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": instrument.tick_size,
            "maxPrice": "1000000.00000000",
            "tickSize": instrument.tick_size,
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": instrument.step_size,
            "maxQty": "9000000.00000000",
            "stepSize": instrument.step_size,
        },
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": "100000.00000000",
            "stepSize": "0.00000000",
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": 10,
            "maxTrailingAboveDelta": 2000,
            "minTrailingBelowDelta": 10,
            "maxTrailingBelowDelta": 2000,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": instrument.min_notional,
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
    ]
