"""Pairs: many at once, added, removed, and what the venue says of them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from tests.connector.emulated import BTC, CALM, ETH, QUICK, SOL, House, house, tracked, tracker, until

from venuekit import errors
from venuekit.connector.tracked_pair import TrackerPolicy
from venuekit.emulator.faults import FaultKind
from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS, instruments
from venuekit.model.book import BookStatus
from venuekit.model.trading_rule import TradingStatus

DEPTH, RULES = "/api/v3/depth", "/api/v3/exchangeInfo"


async def test_a_hundred_pairs_are_ready_with_a_tenth_of_the_rate_limit() -> None:
    listed = instruments(100)
    pairs = [each.trading_pair for each in listed]
    policy = msgspec.structs.replace(CALM, depth=100)  # what is deepened afterwards does not count
    async with house(listed=listed) as venue:
        async with venue.exchange(*pairs, policy=policy, ready_within=120.0) as exchange:
            usage = exchange.web.gate.usage()["weight"]
            requests = venue.dialect.counters["requests"]
        # The rules (20), a hundred cheap snapshots of 5, the clock, the network every ten seconds.
        assert usage.used <= 20 + 500 + 2 + 3
        assert requests <= 103 + 3


async def test_one_failing_snapshot_is_retried_and_holds_nobody_up() -> None:
    listed = instruments(20)
    pairs = [each.trading_pair for each in listed]
    async with house(listed=listed) as venue:
        venue.break_(FaultKind.SERVER_ERROR, ETH, path=DEPTH, times=3)
        exchange = venue.exchange(*pairs)
        await exchange.start()
        try:
            others = [pair for pair in pairs if pair != ETH]
            await until(lambda: all(exchange.order_books[pair].is_live for pair in others), "the others")
            assert not exchange.order_books[ETH].is_live
            await exchange.wait_until_ready(30.0)
            assert venue.fired() == 3
        finally:
            await exchange.stop()


async def test_first_snapshots_are_cheap_and_deepened_later() -> None:
    async with house() as venue, venue.exchange(BTC, policy=CALM) as exchange:
        state = tracked(exchange)
        await until(lambda: state.asked_depth == 1000 and not state.keeper.is_comparing, "the deeper book")
        assert min(state.book.vouched_depth) > 100
        assert state.keeper.corrections == 0
        await venue.agrees(exchange)


async def test_no_book_is_deepened_while_the_budget_is_half_used() -> None:
    policy = TrackerPolicy(spare_share=0.0)
    async with house() as venue, venue.exchange(BTC, policy=policy) as exchange:
        await asyncio.sleep(0.3)
        assert tracked(exchange).asked_depth == 100


async def test_a_book_that_waits_for_budget_is_checked_for_silence_all_the_same() -> None:
    policy = msgspec.structs.replace(QUICK, spare_share=0.0)
    async with house() as venue, venue.exchange(BTC, policy=policy) as exchange:
        venue.break_(FaultKind.SILENCE, BTC, times=None)
        await until(lambda: tracked(exchange).keeper.resyncs > 0, "the silence to be found")


async def test_a_silent_stream_is_found_though_its_book_is_corrected_again_and_again() -> None:
    # Each answer to a question for the book tells that the venue is there, and nothing of the stream.
    policy = msgspec.structs.replace(QUICK, correct_every=0.1, depth=100)
    async with house() as venue, venue.exchange(BTC, policy=policy) as exchange:
        venue.break_(FaultKind.SILENCE, BTC, times=None)
        await until(lambda: tracked(exchange).keeper.resyncs > 0, "the silence to be found")


async def test_a_book_is_stale_where_neither_its_stream_nor_the_venue_says_a_word() -> None:
    async with house() as venue, venue.exchange(BTC, policy=QUICK) as exchange:
        state = tracked(exchange)
        venue.break_(FaultKind.SERVER_ERROR, path=DEPTH, times=None)
        venue.break_(FaultKind.SILENCE, BTC, times=None)
        await until(lambda: state.book.status is not BookStatus.LIVE, "the book to be given up")
        venue.dialect.faults.clear()
        await until(lambda: state.book.is_live, "the book to come back")
        await venue.agrees(exchange)


async def test_a_resync_takes_the_cheap_snapshot_first() -> None:
    async with house() as venue, venue.exchange(BTC, policy=CALM) as exchange:
        state = tracked(exchange)
        await until(lambda: state.asked_depth == 1000 and not state.keeper.is_comparing, "the deeper book")
        exchange.order_book_tracker.policy = msgspec.structs.replace(CALM, spare_share=0.0)
        _count(venue, DEPTH)
        tracker(exchange).resync(BTC)
        await until(lambda: state.book.is_live, "the book")
        assert state.asked_depth == 100
        assert venue.fired() == 1


async def test_the_vouched_depth_is_renewed_before_it_runs_out() -> None:
    # More than a snapshot of a hundred levels vouches for: every look finds the book thin.
    policy = msgspec.structs.replace(CALM, depth=100, thin_share=1.2)
    async with house() as venue, venue.exchange(BTC, policy=policy) as exchange:
        state = tracked(exchange)
        first = state.book.snapshot_uid
        await until(lambda: state.book.snapshot_uid > first, "a fresh snapshot")
        assert state.keeper.resyncs == 0
        assert state.keeper.corrections == 0
        await venue.agrees(exchange)


async def test_a_periodic_correction_finds_nothing_to_correct() -> None:
    policy = msgspec.structs.replace(CALM, correct_every=0.2, depth=100)
    async with house() as venue, venue.exchange(BTC, policy=policy) as exchange:
        state = tracked(exchange)
        uids: dict[int, None] = {}
        await until(lambda: _note(uids, state.book.snapshot_uid) >= 4, "three corrections")
        assert state.keeper.corrections == 0
        assert state.keeper.resyncs == 0
        await venue.agrees(exchange)


def _note(uids: dict[int, None], uid: int) -> int:
    uids[uid] = None
    return len(uids)


async def test_a_planted_wrong_level_is_found_by_the_correction_and_healed() -> None:
    policy = msgspec.structs.replace(CALM, correct_every=0.4, depth=100)
    async with house() as venue, venue.exchange(BTC, policy=policy) as exchange:
        state = tracked(exchange)
        best = state.book.bids.best
        assert best is not None
        # Just below the best bid, with an amount that no order has: nothing in the stream will touch it.
        price = f"{state.book.get_price(False) - 7}.37"[:8]
        state.book.apply_diffs([(price, "77.77777")], [], state.book.update_id)
        assert price in dict(state.book.texts()[0])
        await until(lambda: state.keeper.corrections > 0, "the wrong level to be found")
        assert price not in dict(state.book.texts()[0])
        assert state.book.is_live
        await venue.agrees(exchange)


async def test_a_pair_is_added_with_rules_book_and_trades() -> None:
    async with house() as venue, venue.exchange(BTC, policy=CALM) as exchange:
        assert await exchange.add_trading_pair(ETH)
        assert not await exchange.add_trading_pair(ETH)
        assert not exchange.ready
        await until(lambda: exchange.ready, "the new book")
        await until(lambda: tracked(exchange, ETH).trades > 0, "trades")
        assert exchange.trading_rule(ETH).symbol == "ETHUSDT"
        assert exchange.trading_pairs == (BTC, ETH)
        await venue.agrees(exchange)
        assert tracked(exchange, BTC).keeper.resyncs == 0


async def test_an_unknown_pair_is_not_added() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        with pytest.raises(errors.UnknownPair):
            await exchange.add_trading_pair("NOPE-USDT")
        assert exchange.trading_pairs == (BTC,)
        assert exchange.ready


async def test_a_pair_listed_since_the_start_can_be_added() -> None:
    async with house(listed=DEFAULT_INSTRUMENTS[:3]) as venue:
        hidden = venue.dialect.listings.pop("ETHUSDT")  # type: ignore[attr-defined] # of this dialect alone
        async with venue.exchange(BTC) as exchange:
            venue.dialect.listings["ETHUSDT"] = hidden  # type: ignore[attr-defined]
            assert await exchange.add_trading_pair(ETH)
            await until(lambda: exchange.ready, "the new book")


async def test_a_removed_pair_is_unsubscribed_and_leaves_no_task() -> None:
    async with house() as venue, venue.exchange(BTC, ETH) as exchange:
        tasks = len([task for task in asyncio.all_tasks() if "book" in task.get_name()])
        assert await exchange.remove_trading_pair(ETH)
        assert not await exchange.remove_trading_pair(ETH)
        assert len([task for task in asyncio.all_tasks() if "book" in task.get_name()]) == tasks - 1
        (connection,) = venue.dialect.connections.values()
        await until(lambda: list(connection.topics) == ["btcusdt@depth@100ms", "btcusdt@trade"], "the end")
        with pytest.raises(errors.UnknownPair, match="not followed"):
            exchange.get_order_book(ETH)
        assert f"book {ETH}" not in exchange.health
        assert exchange.ready


async def test_a_pair_can_come_back() -> None:
    async with house() as venue, venue.exchange(BTC, ETH) as exchange:
        for _ in range(3):
            await exchange.remove_trading_pair(ETH)
            await exchange.add_trading_pair(ETH)
        await until(lambda: exchange.ready, "the book")
        await until(lambda: tracked(exchange, ETH).keeper.applied > 2, "differences")
        await venue.agrees(exchange)


async def test_pairs_added_and_removed_are_remembered_over_a_restart() -> None:
    async with house() as venue:
        exchange = venue.exchange(BTC, ETH)
        async with exchange:
            await exchange.add_trading_pair(SOL)
            await exchange.remove_trading_pair(ETH)
        async with exchange:
            assert exchange.trading_pairs == (BTC, SOL)
            await venue.agrees(exchange)


async def test_a_changed_status_shows_after_the_interval() -> None:
    async with house() as venue, venue.exchange(BTC, facts={"trading_rules_interval": 0.15}) as exchange:
        assert SOL in exchange.all_trading_pairs()
        _halt(venue.dialect, "SOLUSDT")
        _count(venue, RULES)
        await until(lambda: SOL not in exchange.all_trading_pairs(), "the halt to show")
        assert venue.fired() == 1, "one interval, not two"
        assert exchange.trading_rule(SOL).status is TradingStatus.HALTED


def _count(venue: House, path: str) -> None:
    """Let `fired` count the requests of a path: each is answered after no time at all."""
    venue.break_(FaultKind.DELAY, path=path, times=None)


def _halt(dialect: Any, symbol: str) -> None:
    listing = dialect.listings[symbol]
    dialect.listings[symbol] = msgspec.structs.replace(listing, status="HALT")


async def test_a_delisted_pair_is_not_listed_any_more() -> None:
    async with house() as venue, venue.exchange(BTC, facts={"trading_rules_interval": 0.15}) as exchange:
        del venue.dialect.listings["SOLUSDT"]  # type: ignore[attr-defined]
        await until(lambda: SOL not in exchange.all_trading_pairs(), "the delisting to show")
        with pytest.raises(errors.UnknownPair):
            exchange.trading_rule(SOL)


async def test_a_dated_future_never_claims_the_perpetuals_pair() -> None:
    async with house("binance_perpetual") as venue, venue.exchange(BTC) as exchange:
        symbols = [row.symbol for row in venue.dialect.listings.values()]  # type: ignore[attr-defined]
        assert any(symbol.startswith("BTCUSDT_") for symbol in symbols), "the venue lists a dated future"
        assert exchange.exchange_symbol_associated_to_pair(BTC) == "BTCUSDT"
        assert exchange.trading_pair_associated_to_exchange_symbol("BTCUSDT") == BTC
        assert all("_" not in rule.symbol for rule in exchange.trading_rules.values())


async def test_a_disabled_pair_is_no_pair_to_trade() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        statuses = {pair: rule.status for pair, rule in exchange.trading_rules.items()}
        disabled = [pair for pair, status in statuses.items() if status is not TradingStatus.TRADING]
        assert disabled, "the venue lists one that does not trade"
        assert not set(disabled) & set(exchange.all_trading_pairs())


async def test_a_book_says_what_it_is_while_its_neighbours_are_synchronised() -> None:
    async with house() as venue:
        venue.break_(FaultKind.HANG, ETH, path=DEPTH)
        exchange = venue.exchange(BTC, ETH)
        await exchange.start()
        try:
            await until(lambda: exchange.order_books[BTC].is_live, "the book")
            with pytest.raises(errors.BookNotLive, match="ETH-USDT is SYNCING"):
                exchange.get_price(ETH, True)
        finally:
            await exchange.stop()
