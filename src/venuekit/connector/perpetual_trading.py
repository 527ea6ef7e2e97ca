"""What a perpetual adds to an exchange: here its public half, the funding that comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from venuekit import errors
from venuekit.model.events import MarketEvent
from venuekit.model.market import FundingInfo, FundingInfoUpdate, Ticker

if TYPE_CHECKING:
    from venuekit.connector.exchange_base import ExchangeBase as Trunk
else:
    Trunk = object

__all__ = ["PerpetualTrading"]

_RETRY_SECONDS = 5.0
_FUNDING_LOOP = "funding info"


class PerpetualTrading(Trunk):
    """Funding of each pair: asked for, and kept fresh by the stream. To stand before `ExchangeBase`."""

    funding_info_interval = 600.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._funding: dict[str, FundingInfo] = {}

    @property
    def funding_info(self) -> dict[str, FundingInfo]:
        """Pair to what it charges next."""
        return dict(self._funding)

    def get_funding_info(self, trading_pair: str) -> FundingInfo:
        """What a pair charges next.

        Raises:
            errors.UnknownPair: the pair is not followed.
            errors.NotReady: its funding is not known yet.
        """
        if trading_pair not in self.trading_pairs:
            raise errors.UnknownPair(f"{trading_pair} is not followed; add_trading_pair() follows it")
        if trading_pair not in self._funding:
            raise errors.NotReady(f"the funding of {trading_pair} is not known yet")
        return self._funding[trading_pair]

    @property
    def status_dict(self) -> dict[str, bool]:
        """What readiness is made of, funding included."""
        known = self._funding
        return {**super().status_dict, "funding_info": all(pair in known for pair in self.trading_pairs)}

    def _start_loops(self) -> None:
        super()._start_loops()
        self._supervisor.repeat(_FUNDING_LOOP, self._update_funding, self._funding_pause)

    def _funding_pause(self) -> float:
        is_complete = all(pair in self._funding for pair in self.trading_pairs)
        return self.funding_info_interval if is_complete else _RETRY_SECONDS

    async def _update_funding(self) -> None:
        source = self.order_book_tracker.data_source
        failures = []
        pairs = self.trading_pairs
        # A pair that was just added does not cost the others a question each.
        for pair in [pair for pair in pairs if pair not in self._funding] or pairs:
            try:
                info = await source.funding_info(pair)
            except errors.VenuekitError as error:  # one pair holds nobody up
                failures.append(error)
            else:
                if pair in self.trading_pairs:
                    self._set_funding(info)
        if failures:
            raise failures[0]

    async def add_trading_pair(self, trading_pair: str) -> bool:
        """Follow one more pair, its funding included; False if it is followed already."""
        is_new = await super().add_trading_pair(trading_pair)
        if is_new:
            self._supervisor.hurry(_FUNDING_LOOP)
        return is_new

    async def remove_trading_pair(self, trading_pair: str) -> bool:
        """Stop following a pair; False if it was not followed."""
        was_followed = await super().remove_trading_pair(trading_pair)
        self._funding.pop(trading_pair, None)
        return was_followed

    def _heard_ticker(self, event: FundingInfoUpdate | Ticker) -> None:
        if isinstance(event, FundingInfoUpdate):
            known = self._funding.get(event.trading_pair)
            if known is not None:
                self._set_funding(known.updated(event))

    def _set_funding(self, info: FundingInfo) -> None:
        if self._funding.get(info.trading_pair) != info:
            self._funding[info.trading_pair] = info
            self.tell(MarketEvent.FundingInfo, info)
