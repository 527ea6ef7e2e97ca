"""Funding: asked for, and kept fresh by the stream."""

from __future__ import annotations

import pytest
from tests.connector.emulated import BTC, ETH, house, until

from venuekit import errors
from venuekit.emulator.faults import FaultKind
from venuekit.model.events import MarketEvent
from venuekit.model.market import FundingInfo

PREMIUM = "/fapi/v1/premiumIndex"


async def test_funding_is_known_when_the_connector_is_ready() -> None:
    async with house("binance_perpetual") as venue, venue.exchange(BTC, ETH) as exchange:
        info = exchange.get_funding_info(BTC)  # type: ignore[attr-defined] # a perpetual's
        assert info.mark_price > 0
        assert info.index_price > 0
        assert info.next_funding_utc_timestamp > venue.dialect.start_time


async def test_the_stream_keeps_funding_fresh_and_changes_are_told() -> None:
    async with house("binance_perpetual") as venue:
        exchange = venue.exchange(BTC)
        told: list[FundingInfo] = []
        exchange.add_listener(MarketEvent.FundingInfo, told.append)
        async with exchange:
            venue.break_(FaultKind.SERVER_ERROR, path=PREMIUM, times=None)  # from now on only the stream
            await until(lambda: len({info.mark_price for info in told}) >= 2, "a new mark price")
            assert exchange.get_funding_info(BTC) == told[-1]  # type: ignore[attr-defined]


async def test_funding_of_a_pair_that_is_not_followed_is_a_mistake() -> None:
    async with house("binance_perpetual") as venue, venue.exchange(BTC) as exchange:
        with pytest.raises(errors.UnknownPair):
            exchange.get_funding_info(ETH)  # type: ignore[attr-defined]


async def test_one_pair_without_funding_holds_no_other_up() -> None:
    async with house("binance_perpetual") as venue:
        venue.break_(FaultKind.SERVER_ERROR, BTC, path=PREMIUM, times=1)
        exchange = venue.exchange(BTC, ETH)
        await exchange.start()
        try:
            await until(lambda: ETH in exchange.funding_info, "the other's funding")  # type: ignore[attr-defined]
            await exchange.wait_until_ready(30.0)
        finally:
            await exchange.stop()


async def test_an_added_pair_has_its_funding_at_once_and_a_removed_one_none() -> None:
    async with house("binance_perpetual") as venue, venue.exchange(BTC) as exchange:
        await exchange.add_trading_pair(ETH)
        await until(lambda: exchange.ready, "book and funding of the new pair")
        await exchange.remove_trading_pair(ETH)
        assert list(exchange.funding_info) == [BTC]  # type: ignore[attr-defined]
        assert exchange.ready


async def test_an_added_pair_costs_the_others_no_question() -> None:
    async with house("binance_perpetual") as venue, venue.exchange(BTC) as exchange:
        venue.break_(FaultKind.SERVER_ERROR, BTC, path=PREMIUM, times=None)  # to count the questions
        await exchange.add_trading_pair(ETH)
        await until(lambda: exchange.ready, "book and funding of the new pair")
        assert venue.fired() == 0
