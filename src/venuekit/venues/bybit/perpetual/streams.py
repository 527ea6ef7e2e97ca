"""What Bybit's linear perpetuals say in public."""

from __future__ import annotations

from venuekit import errors
from venuekit.model.decimals import decimal_of
from venuekit.model.market import FundingInfo
from venuekit.protocol.stream import Channel
from venuekit.venues.bybit.perpetual import wire
from venuekit.venues.bybit.streams import BybitDataSource, seconds_of


class BybitPerpetualDataSource(BybitDataSource):
    """Books, trades, and the ticker that carries mark price and funding."""

    category = "linear"
    stream_policy = wire.STREAM_POLICY

    def other_channels(self, trading_pair: str) -> tuple[Channel, ...]:
        """Mark price and funding, whole at subscription, then what changed every 100 ms."""
        return (self.channel(trading_pair, "tickers"),)

    async def funding_info(self, trading_pair: str) -> FundingInfo:
        """What the pair charges next; nothing while it is auctioned before its launch.

        Raises:
            errors.BadAnswer: the venue tells nothing of the pair.
        """
        said = (await self.tickers([trading_pair])).get(trading_pair)
        if said is None:
            raise errors.BadAnswer(f"the tickers of linear contracts leave {trading_pair} out")
        return FundingInfo(
            trading_pair=trading_pair,
            index_price=decimal_of(said.index_price),
            mark_price=decimal_of(said.mark_price),
            next_funding_utc_timestamp=seconds_of(said.next_funding_time, 0.001) or 0.0,
            rate=decimal_of(said.funding_rate or "0"),
            interval=seconds_of(said.funding_interval_hour, 3600.0),
        )
