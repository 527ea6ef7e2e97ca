"""Listeners and readers of events."""

from __future__ import annotations

import asyncio
import gc
from decimal import Decimal
from functools import partial

import pytest
from tests.connector.emulated import BTC, house, until

from venuekit.connector.connector_base import ConnectorBase
from venuekit.model.events import OrderBookEvent, OrderBookTradeEvent, VenuekitEvent
from venuekit.model.market import NetworkStatus
from venuekit.model.order import TradeType

TRADE = OrderBookEvent.TradeEvent


class Quiet(ConnectorBase):
    """A connector of nothing."""

    name = "quiet"

    @property
    def status_dict(self) -> dict[str, bool]:
        return {"first": True, "second": False}

    async def start(self) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Nothing."""

    async def check_network(self) -> NetworkStatus:
        return NetworkStatus.STOPPED


def trade(number: int) -> OrderBookTradeEvent:
    return OrderBookTradeEvent(BTC, 1.0, TradeType.BUY, Decimal(1), Decimal(1), number)


def _note(heard: list[str], name: str, event: object) -> None:
    heard.append(name)


async def test_listeners_are_called_in_the_order_they_were_added() -> None:
    connector, heard = Quiet(), list[str]()
    for name in "cab":
        connector.add_listener(TRADE, partial(_note, heard, name))
    connector.trigger_event(TRADE, trade(1))
    assert heard == ["c", "a", "b"]


async def test_a_listener_added_twice_is_called_once_and_its_own_tag_alone() -> None:
    connector, heard = Quiet(), list[object]()
    connector.add_listener(TRADE, heard.append)
    connector.add_listener(TRADE, heard.append)
    connector.trigger_event(VenuekitEvent.BookStatus, "other")
    connector.trigger_event(TRADE, "mine")
    assert heard == ["mine"]


async def test_a_listener_that_raises_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    connector, heard = Quiet(), list[object]()

    def breaks(event: object) -> None:
        raise RuntimeError("my own fault")

    connector.add_listener(TRADE, breaks)
    connector.add_listener(TRADE, heard.append)
    connector.trigger_event(TRADE, "event")
    assert heard == ["event"]
    assert connector.listener_errors == 1
    assert "my own fault" in caplog.text


async def test_a_removed_listener_hears_nothing_more() -> None:
    connector, heard = Quiet(), list[object]()
    connector.add_listener(TRADE, heard.append)
    assert connector.has_listeners(TRADE)
    connector.remove_listener(TRADE, heard.append)
    connector.remove_listener(TRADE, heard.append)
    connector.trigger_event(TRADE, "event")
    assert not heard
    assert connector.get_listeners(TRADE) == []


async def test_a_listener_may_remove_itself_while_it_is_called() -> None:
    connector, heard = Quiet(), list[object]()

    def once(event: object) -> None:
        heard.append(event)
        connector.remove_listener(TRADE, once)

    connector.add_listener(TRADE, once)
    connector.add_listener(TRADE, heard.append)
    connector.trigger_event(TRADE, 1)
    connector.trigger_event(TRADE, 2)
    assert heard == [1, 1, 2]


async def test_a_reader_hears_everything_from_the_moment_it_asks() -> None:
    connector = Quiet()
    connector.tell(TRADE, trade(1))
    events = connector.events()
    connector.tell(TRADE, trade(2))
    connector.tell(TRADE, trade(3))
    assert [await anext(events), await anext(events)] == [trade(2), trade(3)]


async def test_a_reader_waits_for_what_comes_next() -> None:
    connector = Quiet()
    waiting = asyncio.ensure_future(anext(connector.events()))
    await asyncio.sleep(0)
    assert not waiting.done()
    connector.tell(TRADE, trade(1))
    assert await waiting == trade(1)


async def test_two_readers_each_hear_everything() -> None:
    connector = Quiet()
    one, other = connector.events(), connector.events()
    connector.tell(TRADE, trade(1))
    assert await anext(one) == await anext(other) == trade(1)


async def test_s45_a_reader_too_far_behind_loses_the_oldest_and_they_are_counted() -> None:
    connector = Quiet()
    events = connector.events()
    for number in range(10_025):
        connector.tell(TRADE, trade(number))
    assert connector.dropped_events == 25
    assert await anext(events) == trade(25)


async def test_nothing_is_kept_for_a_reader_that_has_gone() -> None:
    connector = Quiet()
    events = connector.events()
    connector.tell(TRADE, trade(1))
    del events
    gc.collect()
    for number in range(10_001):
        connector.tell(TRADE, trade(number))
    assert connector.dropped_events == 0


async def test_readiness_is_all_of_its_parts() -> None:
    assert not Quiet().ready
    assert Quiet().display_name == "quiet"


async def test_s45_a_slow_reader_holds_no_book_up() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        events, read, is_done = exchange.events(), 0, asyncio.Event()

        async def slowly() -> None:
            nonlocal read
            async for _ in events:
                read += 1
                await is_done.wait()  # as slow as can be: busy with the first for as long as the test lasts

        reading = asyncio.ensure_future(slowly())
        heard = exchange.order_book_tracker.tracked[BTC]
        before = heard.trades
        await until(lambda: heard.trades > before + 3, "trades")
        await venue.agrees(exchange)
        assert read == 1
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
