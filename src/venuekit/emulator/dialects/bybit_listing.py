"""What Bybit lists, and the rows of its `instruments-info`.

Fields and words: v5/market/instrument (2026-05-27) and v5/enum (2026-07-22). Values that are not the market's
own are those of answers of 2026-08-09.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from venuekit.emulator.day import Day, DaySummary
from venuekit.emulator.instruments import instrument
from venuekit.emulator.market import Market
from venuekit.emulator.step import Instrument
from venuekit.model.decimals import plain
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.frozen import Frozen

__all__ = ["DORMANT", "PERPETUAL", "Listing", "funding_hours", "linear_row", "listings", "spot_row"]

PERPETUAL = "LinearPerpetual"
_LAUNCHED = "1585526400000"
_FUNDING_HOURS = {"SOLUSDT": 4, "DOGEUSDT": 1}
"""Hours between two fundings where they are not eight."""


class Listing(Frozen):
    """One symbol; `market` is None where nothing happens, `phase` is where a launch has come to."""

    symbol: str
    instrument: Instrument
    status: str = "Trading"
    contract_type: str = ""
    delivery_time: str = "0"
    phase: str = ""
    market: Market | None = None

    @property
    def last_price(self) -> str:
        """The last trade's price, or the first price while there is none."""
        return self.instrument.start_price if self.market is None else self.market.last_price

    @property
    def best(self) -> tuple[LevelText, LevelText]:
        """Best bid and ask as (price, size); empty texts where a side is empty."""
        nothing = ("", "")
        if self.market is None:
            return nothing, nothing
        return self.market.book.best_bid or nothing, self.market.book.best_ask or nothing

    def day(self, now: float) -> DaySummary:
        """The last 24 hours."""
        day = Day(self.instrument.start_price) if self.market is None else self.market.day
        return day.summary(now)


# Contracts that a client of perpetuals has to leave out: dated, not launched yet, at their end.
DORMANT = (
    Listing(
        symbol="BTCUSDT-25DEC26",
        instrument=instrument("BTC-USDT", "64500.00", "0.50", "0.001"),
        contract_type="LinearFutures",
        delivery_time="1798185600000",
    ),
    Listing(
        symbol="NEWUSDT",
        instrument=instrument("NEW-USDT", "1.0000", "0.0001", "1"),
        status="PreLaunch",
        contract_type=PERPETUAL,
        phase="CallAuction",
    ),
    Listing(
        symbol="OLDUSDT",
        instrument=instrument("OLD-USDT", "0.0100", "0.0001", "1"),
        status="Delivering",
        contract_type=PERPETUAL,
        delivery_time="1790000000000",
    ),
)


def listings(markets: Iterable[Market], dormant: Iterable[Listing], contract_type: str) -> dict[str, Listing]:
    """Open markets and the dormant symbols whose names are free, in the alphabet's order."""
    found = {row.symbol: row for row in dormant}
    found |= {
        market.symbol: Listing(
            symbol=market.symbol, instrument=market.instrument, contract_type=contract_type, market=market
        )
        for market in markets
    }
    return dict(sorted(found.items()))


def funding_hours(symbol: str) -> int:
    """Hours between two fundings."""
    return _FUNDING_HOURS.get(symbol, 8)


def spot_row(listing: Listing, number: int) -> dict[str, Any]:
    """A symbol of spot."""
    rules = listing.instrument
    return {
        "symbolId": number,
        "symbol": listing.symbol,
        "baseCoin": rules.base,
        "quoteCoin": rules.quote,
        "innovation": "0",
        "status": listing.status,
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": rules.step_size,
            "quotePrecision": "0.0000001",
            "minOrderQty": rules.step_size,
            "maxOrderQty": _steps(rules, 83_000_000),
            "minOrderAmt": rules.min_notional,
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": _steps(rules, 83_000_000),
            "maxMarketOrderQty": _steps(rules, 41_500_000),
            "postOnlyMaxLimitOrderSize": _steps(rules, 415_000_000),
        },
        "priceFilter": {"tickSize": rules.tick_size},
        "riskParameters": {"priceLimitRatioX": "0.005", "priceLimitRatioY": "0.01"},
        "symbolType": "",
        "xstockMultiplier": "1",
    }


def linear_row(listing: Listing, number: int) -> dict[str, Any]:
    """A linear contract, its fields in the order in which they were recorded."""
    rules = listing.instrument
    return {
        "symbol": listing.symbol,
        "contractType": listing.contract_type,
        "status": listing.status,
        "baseCoin": rules.base,
        "quoteCoin": rules.quote,
        "launchTime": _LAUNCHED,
        "deliveryTime": listing.delivery_time,
        "deliveryFeeRate": "" if listing.contract_type == PERPETUAL else "0.0005",
        "priceScale": str(rules.price_decimals),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": rules.tick_size,
            "maxPrice": plain(Decimal(rules.tick_size) * 19_999_998),
            "tickSize": rules.tick_size,
        },
        "lotSizeFilter": {
            "maxOrderQty": _steps(rules, 1_190_000),
            "minOrderQty": rules.step_size,
            "qtyStep": rules.step_size,
            "postOnlyMaxOrderQty": _steps(rules, 1_190_000),
            "maxMktOrderQty": _steps(rules, 500_000),
            "minNotionalValue": rules.min_notional,
        },
        "unifiedMarginTrade": True,
        "fundingInterval": funding_hours(listing.symbol) * 60,
        "settleCoin": rules.quote,
        "copyTrading": "both",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": listing.status == "PreLaunch",
        "preListingInfo": _pre_listing(listing.phase) if listing.phase else None,
        "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
        "displayName": "",
        "symbolType": "",
        "forbidUplWithdrawal": False,
        "symbolId": number,
    }


def _pre_listing(phase: str) -> dict[str, Any]:
    return {
        "curAuctionPhase": phase,
        "phases": [{"phase": phase, "startTime": "1735113600000", "endTime": ""}],
        "auctionFeeInfo": {"auctionFeeRate": "0", "takerFeeRate": "0.001", "makerFeeRate": "0.0004"},
        "skipCallAuction": False,
    }


def _steps(rules: Instrument, count: int) -> str:
    return plain(Decimal(rules.step_size) * count)
