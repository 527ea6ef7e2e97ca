"""What Bybit spot's public frames mean."""

from __future__ import annotations

from venuekit.venues.bybit.spot import wire
from venuekit.venues.bybit.streams import BybitDataSource


class BybitOrderBookDataSource(BybitDataSource):
    """Books and trades; spot's tickers tell nothing that these do not."""

    category = "spot"
    stream_policy = wire.STREAM_POLICY
