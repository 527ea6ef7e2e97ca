"""Balances as they are estimated, polled and pushed, against the emulated venue's ledger, fill by fill."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from tests.connector.emulated import BTC, ETH, until
from tests.connector.money import estimating, fees, move, purse
from tests.connector.trading import WAIT, Floor, floor

from venuekit.emulator.faults import Fault, FaultKind
from venuekit.model.events import AccountEvent, BalanceUpdateEvent
from venuekit.model.order import OrderState, OrderType, TimeInForce
from venuekit.state.balance_sheet import FigureKind
from venuekit.state.reconciliation import DifferenceKind

OPEN, PARTLY, FILLED = OrderState.OPEN, OrderState.PARTIALLY_FILLED, OrderState.FILLED
CANCELED, EXPIRED, FAILED = OrderState.CANCELED, OrderState.EXPIRED, OrderState.FAILED
PLACE, ACCOUNT, REPORTS = "order.place", "/api/v3/account", "executionReport"
FEE_PLANS = [{}, {"token": "BNB", "discount": "0.25"}]


def weather(at: Floor, kind: FaultKind, path: str, **how: object) -> None:
    at.dialect.faults.add(Fault(kind=kind, path=path, **how))  # type: ignore[arg-type]


# Estimated: nothing is pushed and nothing is asked.


@pytest.mark.parametrize("plan", FEE_PLANS, ids=["in kind", "in BNB"])
@pytest.mark.parametrize("is_buy", [True, False], ids=["buy", "sell"])
async def test_the_estimate_of_a_limit_order_is_the_ledger_fill_by_fill(
    tmp_path: Path, is_buy: bool, plan: dict[str, str]
) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        fees(at, **plan)
        price = desk.exchange.get_mid_price(BTC) * Decimal("0.97" if is_buy else "1.03")
        place = desk.exchange.buy if is_buy else desk.exchange.sell
        order_id = place(BTC, Decimal("0.03"), OrderType.LIMIT, price)
        order = await desk.stands(order_id, OPEN)
        await money.agrees()
        for amount in ("0.00311", "0.00007", "0.01182"):
            at.fill(order, amount)
            await money.agrees()
        at.fill(order, "0.015")
        await desk.stands(order_id, FILLED)
        await money.agrees()


async def test_the_estimate_follows_a_cancel_before_and_after_a_fill(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        for amount in (None, "0.004"):
            order_id = desk.rest("0.02")
            order = await desk.stands(order_id, OPEN)
            if amount is not None:
                at.fill(order, amount)
                await money.agrees()
            desk.exchange.cancel(BTC, order_id)
            await desk.stands(order_id, CANCELED)
            await money.agrees()


async def test_the_estimate_follows_an_amend_between_fills(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        order_id = desk.rest("0.03")
        order = await desk.stands(order_id, OPEN)
        at.fill(order, "0.005")
        await money.agrees()
        desk.exchange.amend(BTC, order_id, Decimal("0.02"))
        await until(lambda: order.amount == Decimal("0.02"), "the amend to be heard of", WAIT)
        await money.agrees()
        at.fill(order, "0.005")
        await money.agrees()
        at.fill(order, "0.01")
        await desk.stands(order_id, FILLED)
        await money.agrees()


@pytest.mark.parametrize("plan", FEE_PLANS, ids=["in kind", "in BNB"])
async def test_the_estimate_of_market_orders_is_the_ledger(tmp_path: Path, plan: dict[str, str]) -> None:
    async with estimating(tmp_path) as money:
        desk = money.desk
        fees(desk.floor, **plan)
        for name in (
            desk.exchange.buy(BTC, Decimal("0.01"), OrderType.MARKET),
            desk.exchange.sell(BTC, Decimal("0.007"), OrderType.MARKET),
            desk.exchange.sell(ETH, Decimal("0.3"), OrderType.MARKET),
        ):
            await desk.stands(name, FILLED)
            await money.agrees()


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_the_estimate_of_a_market_order_by_quote_amount_is_the_ledger(
    tmp_path: Path, side: str
) -> None:
    async with estimating(tmp_path) as money:
        place = getattr(money.desk.exchange, side)
        order_id = place(BTC, None, OrderType.MARKET, quote_amount=Decimal("777.77"))
        order = await money.desk.stands(order_id, FILLED)
        assert order.executed_amount_quote < Decimal("777.77")
        await money.agrees()


async def test_the_estimate_follows_an_order_that_expires_with_a_part_filled(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        at.ask("POST", "pause")
        ask, there = (Decimal(text) for text in at.venue.truth(BTC)[2][0])
        wanted = there + Decimal("0.01")
        order_id = desk.exchange.buy(BTC, wanted, OrderType.LIMIT, ask, time_in_force=TimeInForce.IOC)
        order = await desk.stands(order_id, EXPIRED)
        assert order.executed_amount_base == there
        await money.agrees()


async def test_the_estimate_holds_for_a_conditional_order_from_its_placing_on(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk = money.desk
        order_id = desk.rest(trigger_price=desk.far() * Decimal("0.99"))
        await desk.stands(order_id, OrderState.UNTRIGGERED)
        await money.agrees()
        desk.exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)
        await money.agrees()


async def test_the_estimate_follows_a_refused_order(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        order_id = money.desk.exchange.buy(BTC, Decimal(100), OrderType.LIMIT, money.desk.far())
        await money.desk.stands(order_id, FAILED)
        await money.agrees()


async def test_an_order_in_doubt_that_lives_is_never_estimated_at_less_than_it_holds(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        weather(at, FaultKind.RESET, PLACE, count=0)
        weather(at, FaultKind.SERVER_ERROR, "/api/v3/order", times=2)
        weather(at, FaultKind.SILENCE, "userData", times=6)
        order_id = desk.rest()
        await money.agrees_after(lambda: "OrderInDoubt" in desk.tale.of(order_id))
        await money.agrees_after(lambda: desk.order(order_id).current_state is OPEN)


async def test_an_order_in_doubt_that_never_arrived_holds_until_that_is_known(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        weather(at, FaultKind.LOST_REQUEST, PLACE)
        before = desk.exchange.get_available_balance("USDT")
        order_id = desk.rest()
        assert desk.exchange.get_available_balance("USDT") < before
        await money.agrees_after(lambda: desk.order(order_id).current_state is FAILED)
        assert desk.exchange.get_available_balance("USDT") == before


# Polled, at awkward moments.


async def test_fills_while_an_answer_is_late_are_never_counted_in_our_favour(tmp_path: Path) -> None:
    """The answer is as old as its question: what it has of the fills since, nobody can know."""
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        bid, ask = desk.rest("0.03"), desk.offer("0.03")
        orders = [await desk.stands(name, OPEN) for name in (bid, ask)]
        async with money.slow_answer():
            for order in orders:
                at.fill(order, "0.01")
            desk.exchange.cancel(BTC, ask)
            await desk.stands(ask, CANCELED)
            await money.agrees()
        assert money.excesses() == []
        await money.ask()
        await money.agrees()
        at.fill(orders[0], "0.02")
        await desk.stands(bid, FILLED)
        await money.agrees()


async def test_fills_while_a_question_is_on_its_way_are_never_counted_in_our_favour(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        order_id = desk.rest("0.03")
        order = await desk.stands(order_id, OPEN)
        async with money.slow_question():
            at.fill(order, "0.01")
            await money.agrees()
        assert money.excesses() == []
        await money.ask()
        await money.agrees()


async def test_a_fill_that_is_heard_after_the_answer_that_has_it_counts_once(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        order_id = desk.rest("0.03")
        order = await desk.stands(order_id, OPEN)
        weather(at, FaultKind.LATE_MESSAGE, REPORTS, seconds=3.0)
        at.fill(order, "0.01")
        await money.pass_moment()
        await desk.exchange.trading.update_balances()
        assert order.executed_amount_base == 0
        await money.agrees()


async def test_an_answer_that_overtakes_another_is_not_undone_by_it(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        order_id = desk.rest("0.03")
        order = await desk.stands(order_id, OPEN)
        async with money.slow_answer():
            at.fill(order, "0.01")
            await money.agrees()
            await money.pass_moment()
            await money.ask()
            await money.agrees()
        await money.agrees()


async def test_a_reconciliation_that_finds_a_missed_fill_leaves_the_estimate_right(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        order_id = desk.rest("0.03")
        order = await desk.stands(order_id, OPEN)
        weather(at, FaultKind.GAP, REPORTS, times=None)
        at.fill(order, "0.01")
        await money.pass_moment()
        found = await desk.exchange.reconcile()
        assert DifferenceKind.MISSING_FILL in {each.kind for each in found}
        await money.agrees()


# Pushed.


async def test_what_is_pushed_is_the_ledger_after_every_step(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at) as money:
        desk = money.desk
        order_id = desk.rest("0.03")
        order = await desk.stands(order_id, OPEN)
        await money.agrees()
        at.fill(order, "0.005")
        await money.agrees()
        desk.exchange.amend(BTC, order_id, Decimal("0.02"))
        await until(lambda: order.amount == Decimal("0.02"), "the amend to be heard of", WAIT)
        await money.agrees()
        desk.exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)
        await money.agrees()
        await desk.stands(desk.exchange.buy(BTC, Decimal("0.01"), OrderType.MARKET), FILLED)
        await money.agrees()
        assert money.kind("USDT") is FigureKind.PUSHED


async def test_what_is_pushed_counts_though_the_stream_says_nothing_of_orders(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at) as money:
        order_id = money.desk.rest("0.03")
        order = await money.desk.stands(order_id, OPEN)
        weather(at, FaultKind.GAP, REPORTS, times=None)
        at.fill(order, "0.01")
        await until(lambda: money.ours == money.theirs, lambda: str(money.ours), WAIT)
        assert order.executed_amount_base == 0
        money.desk.exchange.trading.ask_soon(order)
        await money.agrees()


async def test_an_older_answer_never_overwrites_a_newer_push(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at) as money:
        desk = money.desk
        order_id = desk.rest("0.03")
        order = await desk.stands(order_id, OPEN)
        await money.agrees()
        await money.pass_moment()
        async with money.slow_answer():
            await money.pass_moment()
            at.fill(order, "0.01")
            await money.agrees()
        await money.agrees()


async def test_the_venue_may_take_its_time_with_an_answer(tmp_path: Path) -> None:
    async with estimating(tmp_path) as money:
        desk, at = money.desk, money.desk.floor
        order_id = desk.rest("0.03")
        order = await desk.stands(order_id, OPEN)
        weather(at, FaultKind.DELAY, ACCOUNT, seconds=0.5)
        poll = asyncio.create_task(desk.exchange.trading.update_balances())
        await at.venue.struck()
        at.fill(order, "0.01")
        await poll
        await until(lambda: order.executed_amount_base > 0, "the fill to be heard of", WAIT)
        assert money.excesses() == []
        await money.ask()
        await money.agrees()


async def test_a_push_that_was_lost_is_made_good_by_the_next_answer(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at) as money:
        weather(at, FaultKind.GAP, "outboundAccountPosition", times=None)
        move(at, "deposit", "BTC", "1.5")
        assert money.differences()
        await money.pass_moment()
        await money.ask()
        await money.agrees()


async def test_balances_are_told_once_for_each_change(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at) as money:
        told: list[tuple[Decimal | None, Decimal | None]] = []

        def listen(event: BalanceUpdateEvent) -> None:
            if event.asset_name == "BTC":
                told.append((event.total_balance, event.available_balance))

        money.desk.exchange.add_listener(AccountEvent.BalanceEvent, listen)
        order_id = money.desk.offer("0.03")
        order = await money.desk.stands(order_id, OPEN)
        await money.agrees()
        at.fill(order, "0.03")
        await money.desk.stands(order_id, FILLED)
        await money.agrees()
        held = Decimal(10)
        assert told == [
            (held, held - Decimal("0.03")),
            (held - Decimal("0.03"), held - Decimal("0.03")),
        ]
