"""What only Bybit spot says. Sources: docs/ADD_A_VENUE.md."""

from __future__ import annotations

from msgspec import field

from venuekit.protocol.endpoint import Endpoint
from venuekit.protocol.frozen import Wire
from venuekit.venues.bybit import wire as family


class PriceFilter(Wire):
    """Prices: spot names no lowest and no highest."""

    tick_size: str = field(name="tickSize")


class LotSizeFilter(Wire):
    """Sizes: `minOrderQty` and `maxOrderQty` are deprecated and no longer checked."""

    base_precision: str = field(name="basePrecision")
    quote_precision: str = field(name="quotePrecision")
    min_order_amount: str = field(name="minOrderAmt")
    max_limit_order_quantity: str = field(name="maxLimitOrderQty", default="")
    max_market_order_quantity: str = field(name="maxMarketOrderQty", default="")


class Instrument(Wire):
    """One symbol of `instruments-info`."""

    symbol: str
    status: str
    base_coin: str = field(name="baseCoin")
    quote_coin: str = field(name="quoteCoin")
    price_filter: PriceFilter = field(name="priceFilter")
    lot_size_filter: LotSizeFilter = field(name="lotSizeFilter")


class InstrumentsQuery(Wire):
    """All of spot: it has no pages."""

    category: str = "spot"


TIME, ORDER_BOOK, TICKERS = family.TIME, family.ORDER_BOOK, family.TICKERS
INSTRUMENTS = Endpoint(
    method="GET",
    path=family.INSTRUMENTS,
    query=InstrumentsQuery,
    answer=family.Answer[family.Rows[Instrument]],
    page=f"{family.PAGE}market/instrument",
)
STREAM_POLICY = family.stream_policy(channels_per_request=10)  # ws/connect, "Public channel - Args limits"
