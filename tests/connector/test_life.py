"""Start and stop: what is begun is ended, whenever the end comes."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref

import pytest
from tests.connector.emulated import BTC, ETH, House, house, tracked, tracker, until

from venuekit import errors
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.emulator.faults import FaultKind
from venuekit.model.book import BookStatus
from venuekit.model.market import NetworkStatus

RULES = "/api/v3/exchangeInfo"


async def _is_calm(venue: House, tasks: set[asyncio.Task[object]]) -> None:
    """No task is left that was not there before, at once, and the venue sees nobody a little later."""
    assert not _ours(tasks)
    await until(lambda: not venue.dialect.connections, "the venue to see the connections go")


def _ours(before: set[asyncio.Task[object]]) -> list[asyncio.Task[object]]:
    return [task for task in asyncio.all_tasks() if task not in before and "aiohttp/web" not in repr(task)]


@pytest.mark.parametrize("name", ["binance", "binance_perpetual"])
async def test_stop_leaves_no_task_and_no_socket(name: str) -> None:
    async with house(name) as venue:
        before = asyncio.all_tasks()
        exchange = venue.exchange(BTC, ETH)
        async with exchange:
            assert len(asyncio.all_tasks()) > len(before)
        await _is_calm(venue, before)


async def test_a_stopped_connector_vouches_for_nothing() -> None:
    async with house() as venue:
        async with venue.exchange(BTC) as exchange:
            book = exchange.get_order_book(BTC)
        assert book.status is BookStatus.STALE
        assert not exchange.ready
        assert exchange.network_status is NetworkStatus.STOPPED
        assert exchange.get_price_or_none(BTC) is None
        with pytest.raises(errors.BookNotLive):
            exchange.get_price(BTC, True)
        assert book.as_is.get_price(True) > 0


async def test_a_stopped_connector_does_nothing_more() -> None:
    async with house() as venue:
        async with venue.exchange(BTC) as exchange:
            pass
        with pytest.raises(errors.NotReady):
            await exchange.get_last_traded_prices([BTC])
        with pytest.raises(errors.NotReady):
            await exchange.add_trading_pair(ETH)
        with pytest.raises(errors.NotReady):
            await exchange.check_network()
        assert exchange.trading_pairs == (BTC,)


async def test_a_connector_that_was_not_started_says_so() -> None:
    async with house() as venue:
        exchange = venue.exchange(BTC)
        with pytest.raises(errors.NotReady, match="is not started"):
            exchange.get_price(BTC, True)
        with pytest.raises(errors.NotReady, match="is not started"):
            await exchange.get_last_traded_prices([BTC])
        assert exchange.get_price_or_none(BTC) is None
        assert not exchange.ready
        await exchange.stop()


async def test_a_question_that_waits_for_room_while_its_connector_stops_is_not_sent_any_more() -> None:
    async with house() as venue:
        exchange = venue.exchange(BTC)
        async with exchange:
            gate = exchange.web.gate
            gate.ban(gate.now() + 3600.0)
            question = asyncio.create_task(exchange.get_last_traded_prices([BTC]))
            await until(lambda: gate.line.ledger.has_waiting, "the question to wait")
        gate.follow(lambda: time.time() + 7200.0)  # the ban is over
        with pytest.raises(errors.NotSent):
            await question
        await until(lambda: not venue.dialect.connections, "the venue to see nobody")


async def test_stopping_twice_is_no_mistake() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        await asyncio.gather(exchange.stop(), exchange.stop())
        await exchange.stop()


async def test_starting_twice_is_a_mistake_and_harms_nothing() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        with pytest.raises(errors.UsageError, match="started already"):
            await exchange.start()
        await venue.agrees(exchange)


async def test_a_stopped_connector_can_be_started_again() -> None:
    async with house() as venue:
        exchange = venue.exchange(BTC)
        for _ in range(2):
            async with exchange:
                await venue.agrees(exchange)


async def _starting(venue: House, exchange: ExchangeBase) -> asyncio.Task[None]:
    """A start that waits for the venue's rules."""
    venue.break_(FaultKind.HANG, path=RULES)
    starting = asyncio.create_task(exchange.start())
    await venue.struck()
    return starting


async def test_stopping_during_the_start_ends_it() -> None:
    async with house() as venue:
        before = asyncio.all_tasks()
        exchange = venue.exchange(BTC)
        starting = await _starting(venue, exchange)
        await exchange.stop()
        with pytest.raises(errors.NotReady, match="stopped while it was starting"):
            await starting
        await _is_calm(venue, before)


async def test_cancelling_the_start_leaves_nothing() -> None:
    async with house() as venue:
        before = asyncio.all_tasks()
        exchange = venue.exchange(BTC)
        starting = await _starting(venue, exchange)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await _is_calm(venue, before)


async def test_cancelling_the_start_at_any_moment_leaves_nothing() -> None:
    async with house() as venue:
        before = asyncio.all_tasks()
        for turns in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55):
            exchange = venue.exchange(BTC)
            entering = asyncio.create_task(exchange.__aenter__())
            for _ in range(turns):
                await asyncio.sleep(0)
            entering.cancel()
            await asyncio.gather(entering, return_exceptions=True)
            if not entering.cancelled():
                await exchange.stop()
            assert not _ours(before), f"cancelled after {turns} turns"


async def test_a_start_that_fails_can_be_tried_again() -> None:
    async with house() as venue:
        venue.break_(FaultKind.HTML, path=RULES)
        exchange = venue.exchange(BTC)
        with pytest.raises(errors.BadAnswer):
            await exchange.start()
        async with exchange:
            await venue.agrees(exchange)


async def test_what_is_missing_is_named_when_readiness_does_not_come() -> None:
    async with house() as venue:
        before = asyncio.all_tasks()
        venue.break_(FaultKind.SERVER_ERROR, BTC, path="/api/v3/depth", times=None)
        exchange = venue.exchange(BTC, ETH)
        await exchange.start()
        await until(lambda: exchange.order_books[ETH].is_live and venue.fired() > 0, "the other book")
        await until(lambda: tracked(exchange).trouble != "", "the failure")
        with pytest.raises(errors.NotReady) as caught:
            await exchange.wait_until_ready(0.0)
        said = str(caught.value)
        assert "order_books_initialized" in said
        assert "BTC-USDT is SYNCING" in said
        assert "HTTP 503" in said
        assert "ETH-USDT" not in said
        await exchange.stop()
        await _is_calm(venue, before)


async def test_a_connector_that_does_not_become_ready_leaves_nothing() -> None:
    async with house() as venue:
        before = asyncio.all_tasks()
        venue.break_(FaultKind.SERVER_ERROR, BTC, path="/api/v3/depth", times=None)
        with pytest.raises(errors.NotReady):
            async with venue.exchange(BTC, ready_within=0.1):
                pass
        await _is_calm(venue, before)


async def test_readiness_is_made_of_named_parts() -> None:
    async with house("binance_perpetual") as venue, venue.exchange(BTC) as exchange:
        assert exchange.status_dict == {
            "symbols_mapping_initialized": True,
            "order_books_initialized": True,
            "account_balance": True,
            "trading_rule_initialized": True,
            "user_stream_initialized": True,
            "orders_taken_up": True,
            "funding_info": True,
        }


async def test_stopping_during_a_reconnect_leaves_nothing() -> None:
    async with house() as venue:
        before = asyncio.all_tasks()
        async with venue.exchange(BTC) as exchange:
            venue.break_(FaultKind.CONNECT_REFUSED, times=None)
            venue.break_(FaultKind.ABORT)
            await until(lambda: tracked(exchange).book.status is BookStatus.STALE, "the loss")
        await _is_calm(venue, before)


async def test_stopping_while_a_stream_moves_leaves_nothing() -> None:
    async with house() as venue:
        before = asyncio.all_tasks()
        async with venue.exchange(BTC) as exchange:
            tracker(exchange).seats[0].stream.move()
            await until(lambda: len(venue.dialect.connections) == 2, "the second connection")
        await _is_calm(venue, before)


async def test_a_venue_that_goes_away_is_waited_for() -> None:
    async with house() as first:
        port = first.server.port
        exchange = first.exchange(BTC)
        await exchange.start()
        await exchange.wait_until_ready(30.0)
    try:
        await until(lambda: tracked(exchange).book.status is BookStatus.STALE, "the loss")
        async with house(port=port, start_time=time.time()) as second:
            await until(lambda: exchange.ready, "the venue's return")
            await second.agrees(exchange)
    finally:
        await exchange.stop()


async def test_no_pair_is_added_to_a_connector_that_is_stopping() -> None:
    async with house() as venue:
        exchange = venue.exchange(BTC)
        await exchange.start()
        stopping = asyncio.create_task(exchange.stop())
        while not stopping.done():
            await asyncio.sleep(0)
            with pytest.raises(errors.NotReady):
                await exchange.add_trading_pair(ETH)
        assert exchange.trading_pairs == (BTC,)


async def test_a_slower_stop_leaves_the_next_life_alone() -> None:
    async def end_and_begin_again(exchange: ExchangeBase) -> None:
        await exchange.stop()
        await exchange.start()

    async with house() as venue:
        before = asyncio.all_tasks()
        exchange = venue.exchange(BTC)
        await exchange.start()
        # The first closes what is open, so that the second need not wait and is back before the third.
        await asyncio.gather(exchange.stop(), end_and_begin_again(exchange), exchange.stop())
        await exchange.stop()
        await _is_calm(venue, before)


async def _has_lived(venue: House) -> weakref.ref[ExchangeBase]:
    async with venue.exchange(BTC) as exchange:
        await until(lambda: exchange.offset.is_known, "the venue's clock to be measured")
    return weakref.ref(exchange)


async def test_nothing_holds_a_stopped_connector() -> None:
    async with house() as venue:
        left = await _has_lived(venue)
        gc.collect()
        assert left() is None


async def test_a_refusal_of_an_older_idea_of_the_venues_time_leaves_the_present_one() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        await until(lambda: exchange.offset.is_known, "the venue's clock to be measured")
        signed_at = exchange.clock.monotonic()
        await exchange.measure_clock()
        exchange.clock_refused(signed_at)
        assert exchange.offset.is_known
        exchange.clock_refused(exchange.clock.monotonic())
        assert not exchange.offset.is_known
