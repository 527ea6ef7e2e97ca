"""What a connector does not do when it is told to keep quiet, or to read only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.connector.test_order_desk import desk, journal_in
from tests.connector.toy_trader import PAIR, ToyTrader, ToyVenue

from venuekit import errors
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.journal.recorded_tracker import RecordedTracker
from venuekit.model.account import AccountOrder
from venuekit.model.order import OrderState, OrderType, TimeInForce, TradeType
from venuekit.state.order_check import OrderRule
from venuekit.state.reconciliation import DifferenceKind, Rule

QUIET = TradingPolicy(follows=False)
READER = TradingPolicy(reads_only=True)


@asynccontextmanager
async def left_open(folder: Path, venue: ToyVenue) -> AsyncIterator[str]:
    """An order that a run before this one left at the venue."""
    async with desk(folder, venue) as at:
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
    venue.asked.clear()
    yield order_id


async def test_who_reads_only_asks_beside_whoever_trades(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
        content = journal_in(tmp_path).read_bytes()
        async with ToyTrader(at.venue, tmp_path, policy=READER) as reader:
            assert [row.row.client_order_id for row in await reader.open_orders([PAIR])] == [order_id]
            assert {balance.asset for balance in (await reader.balances()).balances} == {"COINX", "USDT"}
            assert not reader.is_trading_required
        assert journal_in(tmp_path).read_bytes() == content
        at.trader.cancel(PAIR, order_id)
        await at.settled(order_id, OrderState.CANCELED)


async def test_who_reads_only_has_no_journal_and_no_orders(tmp_path: Path) -> None:
    venue = ToyVenue()
    async with ToyTrader(venue, tmp_path, policy=READER) as reader:
        assert venue.asked == []
        for act in (
            lambda: reader.buy(PAIR, Decimal(1), OrderType.LIMIT, Decimal(10)),
            lambda: reader.cancel(PAIR, "x"),
            lambda: reader.in_flight_orders,
            lambda: reader.get_balance("USDT"),
        ):
            with pytest.raises(errors.Unsupported, match="only reads"):
                act()
        with pytest.raises(errors.Unsupported):
            await reader.reconcile()
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - nothing else runs by now


async def test_who_reads_only_knows_the_venues_time(tmp_path: Path) -> None:
    venue = ToyVenue()
    venue.time_error = 3600.0
    async with ToyTrader(venue, tmp_path, policy=READER) as reader:
        assert reader.venue_time() - reader.local_time() == pytest.approx(3600.0, abs=60.0)


async def test_a_quiet_connector_asks_for_balances_and_then_for_nothing(tmp_path: Path) -> None:
    venue = ToyVenue()
    async with left_open(tmp_path, venue) as order_id, desk(tmp_path, venue, QUIET) as at:
        assert at.trader.ready
        assert list(at.trader.in_flight_orders) == [order_id]
        await at.trader.clock.sleep(0.2)
        assert venue.asked == ["balances"]


async def test_a_quiet_connector_compares_what_the_journal_says(tmp_path: Path) -> None:
    venue = ToyVenue()
    async with left_open(tmp_path, venue) as order_id:
        venue.fill(order_id, "0.4", "t1")
        async with desk(tmp_path, venue, QUIET) as at:
            found = await at.trader.reconcile()
            kinds = {(one.kind, one.rule) for one in found if one.subject == order_id}
            assert kinds == {
                (DifferenceKind.MISSING_FILL, Rule.COUNT),
                (DifferenceKind.ORDER_STANDS_OTHERWISE, Rule.TAKE_IN),
            }
            assert at.state(order_id) is OrderState.PARTIALLY_FILLED


async def test_a_dry_run_of_a_quiet_connector_changes_nothing(tmp_path: Path) -> None:
    venue = ToyVenue()
    async with left_open(tmp_path, venue) as order_id:
        venue.fill(order_id, "0.4", "t1")
        async with desk(tmp_path, venue, QUIET) as at:
            first = await at.trader.reconcile(dry_run=True)
            again = await at.trader.reconcile(dry_run=True)
            assert [one.subject for one in first] == [one.subject for one in again] == [order_id] * 2
            assert at.state(order_id) is OrderState.OPEN


async def test_a_cancel_that_was_wanted_before_waits_for_a_connector_that_follows(tmp_path: Path) -> None:
    venue = ToyVenue()
    async with left_open(tmp_path, venue) as order_id, desk(tmp_path, venue, QUIET) as at:
        order = at.trader.get_order(order_id)
        assert order is not None
        at.trader.trading.orders.cancel_wanted(order)
    async with desk(tmp_path, venue, QUIET):
        pass
    assert "cancel" not in venue.asked
    async with desk(tmp_path, venue) as at:
        await at.settled(order_id, OrderState.CANCELED)


async def test_a_journal_that_fails_in_the_middle_of_a_start_is_that_failure_and_no_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = ToyVenue()
    async with left_open(tmp_path, venue) as order_id, desk(tmp_path, venue, QUIET) as at:
        order = at.trader.get_order(order_id)
        assert order is not None
        at.trader.trading.orders.cancel_wanted(order)

    def refuse(*_: object) -> None:
        raise errors.JournalFailed("orders.journal", "write failed")

    trader = ToyTrader(venue, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(RecordedTracker, "cancel_wanted", refuse)
        with pytest.raises(errors.JournalFailed, match="write failed"):
            await trader.start()
    async with desk(tmp_path, venue) as at:
        await at.settled(order_id, OrderState.CANCELED)


async def test_more_pairs_can_be_compared_than_are_followed(tmp_path: Path) -> None:
    asked: list[tuple[str, ...]] = []

    class Listener(ToyTrader):
        async def open_orders(self, trading_pairs: Sequence[str]) -> Sequence[AccountOrder]:
            asked.append(tuple(trading_pairs))
            return await super().open_orders(trading_pairs)

    async with Listener(ToyVenue(), tmp_path, policy=QUIET) as trader:
        await trader.reconcile(["A-B", PAIR])
    assert asked == [(PAIR, "A-B")]


async def test_a_prepared_order_is_the_one_that_would_be_sent(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        terms = (PAIR, Decimal("1.239"), OrderType.LIMIT, Decimal("10.7"))
        prepared = at.trader.prepare_order(TradeType.SELL, *terms, time_in_force=TimeInForce.GTC)
        order = at.trader.get_order(at.trader.sell(*terms))
        assert order is not None
        assert (prepared.amount, prepared.price) == (Decimal("1.23"), Decimal("10.5"))
        assert replace(prepared, client_order_id=order.client_order_id) == order.intent
        with pytest.raises(errors.UsageError, match="needs a price"):
            at.trader.prepare_order(TradeType.BUY, PAIR, Decimal(1))


async def test_an_order_is_prepared_and_checked_without_an_account(tmp_path: Path) -> None:
    async with ToyTrader(ToyVenue(), tmp_path, policy=READER) as reader:
        prepared = reader.prepare_order(TradeType.BUY, PAIR, Decimal("0.1"), price=Decimal(10))
        assert [found.rule for found in reader.check_order(prepared)] == [OrderRule.MIN_NOTIONAL]
        nearest = reader.nearest_order(prepared)
        assert nearest is not None
        assert nearest.amount == Decimal("0.5")


async def test_no_number_makes_an_order_of_a_kind_that_the_venue_does_not_take(tmp_path: Path) -> None:
    async with ToyTrader(ToyVenue(), tmp_path, policy=READER) as reader:
        maker = reader.prepare_order(TradeType.BUY, PAIR, Decimal(1), OrderType.LIMIT_MAKER, Decimal(10))
        assert [found.rule for found in reader.check_order(maker)] == [OrderRule.ORDER_TYPE]
        assert reader.nearest_order(maker) is None
