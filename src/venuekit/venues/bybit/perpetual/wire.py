"""What only Bybit's linear contracts say. Sources: docs/ADD_A_VENUE.md."""

from __future__ import annotations

from msgspec import field

from venuekit.protocol.endpoint import Endpoint
from venuekit.protocol.frozen import Wire
from venuekit.venues.bybit import wire as family


class PriceFilter(Wire):
    """Prices."""

    min_price: str = field(name="minPrice")
    max_price: str = field(name="maxPrice")
    tick_size: str = field(name="tickSize")


class LotSizeFilter(Wire):
    """Sizes."""

    quantity_step: str = field(name="qtyStep")
    min_order_quantity: str = field(name="minOrderQty")
    max_order_quantity: str = field(name="maxOrderQty")
    max_market_order_quantity: str = field(name="maxMktOrderQty", default="")
    min_notional_value: str = field(name="minNotionalValue", default="0")


class PreListingInfo(Wire):
    """How far a contract that is not launched yet has come."""

    current_auction_phase: str = field(name="curAuctionPhase", default="")


class Instrument(Wire):
    """One symbol of `instruments-info`; `fundingInterval` is in minutes."""

    symbol: str
    status: str
    contract_type: str = field(name="contractType")
    base_coin: str = field(name="baseCoin")
    quote_coin: str = field(name="quoteCoin")
    settle_coin: str = field(name="settleCoin")
    price_filter: PriceFilter = field(name="priceFilter")
    lot_size_filter: LotSizeFilter = field(name="lotSizeFilter")
    funding_interval: int = field(name="fundingInterval", default=0)
    pre_listing_info: PreListingInfo | None = field(name="preListingInfo", default=None)


class InstrumentsQuery(Wire):
    """One page of the contracts of one status; without a status the venue lists those that trade."""

    category: str = "linear"
    status: str | None = None
    limit: int = 1000
    cursor: str | None = None


TIME, ORDER_BOOK, TICKERS = family.TIME, family.ORDER_BOOK, family.TICKERS
INSTRUMENTS = Endpoint(
    method="GET",
    path=family.INSTRUMENTS,
    query=InstrumentsQuery,
    answer=family.Answer[family.Rows[Instrument]],
    page=f"{family.PAGE}market/instrument",
)
# "No args limit for Futures" (ws/connect), but one bad topic sinks its whole request.
STREAM_POLICY = family.stream_policy(channels_per_request=50)
