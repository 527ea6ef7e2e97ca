"""What users of other connector layers lost money by, one test a scenario, on the emulated Binance spot.

The numbers are those of the table in docs/SEMANTICS.md, which says where each one comes from.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.connector.emulated import BTC, ETH, until
from tests.connector.trading import WAIT, Floor, floor, trader

from venuekit import errors
from venuekit.connector.trading_policy import OrderEntry, TradingPolicy
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.model.events import MarketEvent
from venuekit.model.order import OrderState, OrderType, TradeType
from venuekit.state.reconciliation import DifferenceKind
from venuekit.web.auth import Credentials, Secret

OPEN, CANCELED, FILLED, FAILED = OrderState.OPEN, OrderState.CANCELED, OrderState.FILLED, OrderState.FAILED
PLACE, ORDER = "order.place", "/api/v3/order"
REST = TradingPolicy(order_entry=OrderEntry.REST)
REPORTS = "executionReport"


def weather(at: Floor, kind: FaultKind, path: str, **how: Any) -> None:
    at.dialect.faults.add(Fault(kind=kind, path=path, **how))


def sent(at: Floor) -> int:
    """How many orders the venue ever got of the customer."""
    return len(at.orders())


@pytest.mark.parametrize("way", ["socket", "rest"])
async def test_s1_an_accepted_order_whose_reply_is_lost_lives_though_questions_fail(
    tmp_path: Path, way: str
) -> None:
    policy = REST if way == "rest" else None
    async with floor(tmp_path) as at, trader(at, policy=policy) as desk:
        weather(at, FaultKind.RESET, ORDER if way == "rest" else PLACE, count=0)
        weather(at, FaultKind.SERVER_ERROR, ORDER, times=3, skip=1 if way == "rest" else 0)
        weather(at, FaultKind.SILENCE, "userData", times=6)
        order_id = desk.rest()
        order = await desk.stands(order_id, OPEN)
        assert sent(at) == 1
        assert "MarketOrderFailure" not in desk.tale.of(order_id)
        assert order.doubt is None
        await at.agrees(desk.exchange)


async def test_s2_two_passes_of_the_status_poll_never_overlap(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        order_id = desk.rest()
        order = await desk.stands(order_id, OPEN)
        weather(at, FaultKind.DELAY, ORDER, seconds=0.3)
        desk.exchange.trading.ask_soon(order)
        desk.exchange.cancel(BTC, order_id)
        desk.exchange.trading.ask_soon(order)
        await desk.stands(order_id, CANCELED)
        await asyncio.sleep(0.5)
        assert order.current_state is CANCELED
        assert desk.tale.of(order_id).count("OrderCancelled") == 1


async def test_s3_a_time_out_at_the_venue_and_an_accepting_stream_send_no_second_order(
    tmp_path: Path,
) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        weather(at, FaultKind.OUTCOME_UNKNOWN, PLACE, status=503)
        order_id = desk.rest()
        await desk.stands(order_id, OPEN)
        assert (sent(at), "MarketOrderFailure" in desk.tale.of(order_id)) == (1, False)


@pytest.mark.parametrize("way", ["socket", "rest"])
async def test_an_order_that_a_proxy_repeats_lives_and_one_whose_cancel_it_repeats_is_over(
    tmp_path: Path, way: str
) -> None:
    policy = REST if way == "rest" else None
    async with floor(tmp_path) as at, trader(at, policy=policy) as desk:
        weather(at, FaultKind.REPEATED, "POST /api/v3/order" if way == "rest" else PLACE)
        order_id = desk.rest()
        order = await desk.stands(order_id, OPEN)
        await until(lambda: order.doubt is None, "the order to be seen")
        assert sent(at) == 1
        assert "MarketOrderFailure" not in desk.tale.of(order_id)
        weather(at, FaultKind.REPEATED, "DELETE /api/v3/order" if way == "rest" else "order.cancel")
        desk.exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)
        assert at.dialect.faults.reports()[-1].fired == 1
        await at.agrees(desk.exchange)


async def test_s5_an_order_that_never_reached_the_venue_ends_in_bounded_time(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        weather(at, FaultKind.LOST_REQUEST, PLACE)
        order_id = desk.rest()
        order = await desk.stands(order_id, FAILED)
        assert sent(at) == 0
        assert order.is_presumed
        assert desk.tale.of(order_id) == ["OrderInDoubt", "OrderSettled", "MarketOrderFailure"]


async def test_s6_a_cancel_answered_unknown_order_because_it_filled_ends_as_filled(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        order_id = desk.rest()
        order = await desk.stands(order_id, OPEN)
        weather(at, FaultKind.LATE_MESSAGE, REPORTS, seconds=0.5)
        at.fill(order, "0.01")
        desk.exchange.cancel(BTC, order_id)
        await desk.told(order_id, "BuyOrderCompleted")
        assert "OrderCancelled" not in desk.tale.of(order_id)
        await at.agrees(desk.exchange)


async def test_s7_a_cancel_event_before_the_last_fill_event_loses_no_fill(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        order_id = desk.rest()
        order = await desk.stands(order_id, OPEN)
        weather(at, FaultKind.SWAP, "executionReport/TRADE")
        at.fill(order, "0.004")
        desk.exchange.cancel(BTC, order_id)
        await desk.told(order_id, "OrderCancelled")
        assert order.executed_amount_base == Decimal("0.004")
        assert desk.tale.of(order_id) == ["BuyOrderCreated", "OrderFilled", "OrderCancelled"]
        await at.agrees(desk.exchange)


async def test_s8_a_fill_in_three_trades_within_a_moment_is_three_fills(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        order_id = desk.rest("0.03")
        order = await desk.stands(order_id, OPEN)
        for _ in range(3):
            at.fill(order, "0.01")
        await desk.told(order_id, "BuyOrderCompleted")
        assert desk.tale.of(order_id)[1:] == ["OrderFilled"] * 3 + ["BuyOrderCompleted"]


async def test_s9_an_update_between_two_reads_of_a_slow_reader_is_not_lost(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        events = desk.exchange.events()
        order_id = desk.rest("0.02")
        order = await desk.stands(order_id, OPEN)
        at.fill(order, "0.01")
        at.fill(order, "0.01")
        await desk.told(order_id, "BuyOrderCompleted")
        names = []
        async for event in events:
            if getattr(event, "order_id", None) == order_id:
                names.append(type(event).__name__)
            if names and names[-1] == "BuyOrderCompletedEvent":
                break
        assert names.count("OrderFilledEvent") == 2


async def test_s10_refused_questions_for_trades_are_seen_and_end_no_order(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        order_id = desk.rest()
        order = await desk.stands(order_id, OPEN)
        weather(at, FaultKind.GAP, REPORTS, times=None)
        weather(at, FaultKind.TRADES_REFUSED, "/api/v3/myTrades", times=None)
        at.fill(order, "0.01")
        desk.exchange.trading.ask_soon(order)
        health = desk.exchange.health["order fills"]
        await until(lambda: health.total >= 2, "the refusals to be seen", WAIT)
        assert "BuyOrderCompleted" not in desk.tale.of(order_id)
        at.dialect.faults.clear()
        await desk.told(order_id, "BuyOrderCompleted")
        await until(lambda: health.failures == 0, "the trouble to be over", WAIT)


async def test_s11_a_stop_right_at_a_fill_and_a_restart_count_it_once(tmp_path: Path) -> None:
    async with floor(tmp_path) as at:
        async with trader(at) as desk:
            order_id = desk.rest("0.02")
            order = await desk.stands(order_id, OPEN)
            at.fill(order, "0.01")
            await desk.told(order_id, "OrderFilled")
            at.fill(order, "0.005")
        async with trader(at) as again:
            order = again.order(order_id)
            await until(lambda: order.executed_amount_base == Decimal("0.015"), lambda: str(order), WAIT)
            fills = desk.tale.of(order_id) + again.tale.of(order_id)
            assert fills.count("OrderFilled") == 2
            await at.agrees(again.exchange)


@pytest.mark.parametrize("kind", [FaultKind.DUPLICATE, FaultKind.SWAP])
async def test_s12_s13_repeated_and_reordered_messages_fill_no_more_than_was_ordered(
    tmp_path: Path, kind: FaultKind
) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        weather(at, kind, REPORTS, times=None)
        order_id = desk.rest("0.02")
        order = await desk.stands(order_id, OPEN)
        at.fill(order, "0.01")
        at.fill(order, "0.01")
        await desk.told(order_id, "BuyOrderCompleted")
        told = desk.tale.of(order_id)
        assert (told.count("OrderFilled"), told.count("BuyOrderCompleted")) == (2, 1)
        assert (told[0], told[-1]) == ("BuyOrderCreated", "BuyOrderCompleted")
        assert order.executed_amount_base == Decimal("0.02")


async def test_s14_a_snapshot_older_than_a_fill_does_not_undo_it(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        order_id = desk.rest("0.02")
        order = await desk.stands(order_id, OPEN)
        weather(at, FaultKind.STALE_OPEN_ORDERS, "/api/v3/openOrders", seconds=60.0, times=None)
        at.fill(order, "0.02")
        await desk.told(order_id, "BuyOrderCompleted")
        found = await desk.exchange.reconcile()
        assert order.current_state is FILLED
        assert DifferenceKind.ORDER_NOT_FOLLOWED not in [each.kind for each in found]
        await at.agrees(desk.exchange)


async def test_s15_a_restart_takes_up_fourteen_orders(tmp_path: Path) -> None:
    async with floor(tmp_path) as at:
        async with trader(at) as desk:
            ids = [desk.rest(pair=pair) for pair in (BTC, ETH) for _ in range(7)]
            for order_id in ids:
                await desk.stands(order_id, OPEN)
        async with trader(at) as again:
            assert set(again.exchange.in_flight_orders) == set(ids)
            for order_id in ids:
                await again.stands(order_id, OPEN)
            results = await again.exchange.cancel_all(WAIT)
            assert [each.success for each in results] == [True] * 14


async def test_s16_what_was_ended_by_hand_while_we_were_away_is_taken_in(tmp_path: Path) -> None:
    async with floor(tmp_path) as at:
        async with trader(at) as desk:
            cancelled, filled = desk.rest(), desk.rest()
            by_hand = await desk.stands(cancelled, OPEN)
            bought = await desk.stands(filled, OPEN)
        at.dialect.desk.cancel(BTC, int(by_hand.exchange_order_id or 0), at.dialect.venue_time(0) or 0.0)
        at.fill(bought, "0.01")
        async with trader(at) as again:
            await again.stands(cancelled, CANCELED)
            await again.stands(filled, FILLED)
            await at.agrees(again.exchange)


async def test_s17_a_stop_order_that_is_gone_at_the_venue_can_be_cancelled_without_a_crash(
    tmp_path: Path,
) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        order_id = desk.rest(trigger_price=desk.far() * Decimal("0.99"))
        order = await desk.stands(order_id, OrderState.UNTRIGGERED)
        weather(at, FaultKind.GAP, REPORTS)
        at.dialect.desk.cancel(BTC, int(order.exchange_order_id or 0), at.dialect.start_time)
        desk.exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)
        assert desk.tale.of(order_id).count("OrderCancelled") == 1


async def test_s18_the_same_start_twice_gives_the_same_state(tmp_path: Path) -> None:
    async with floor(tmp_path) as at:
        async with trader(at) as desk:
            order_id = desk.rest("0.02")
            order = await desk.stands(order_id, OPEN)
            at.fill(order, "0.01")
            await desk.told(order_id, "OrderFilled")
        states = []
        for _ in range(2):
            async with trader(at) as again:
                await again.stands(order_id, OrderState.PARTIALLY_FILLED)
                assert "OrderFilled" not in again.tale.of(order_id)
                order = again.order(order_id)
                states.append((order.executed_amount_base, dict(order.order_fills), order.flat_fees_paid))
        assert states[0] == states[1]


async def test_s29_a_session_that_expires_twice_is_opened_again_and_what_was_missed_is_counted(
    tmp_path: Path,
) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        order_id = desk.rest("0.02")
        order = await desk.stands(order_id, OPEN)
        stream = desk.exchange.trading.stream
        assert stream is not None
        connects = stream.stream.connects
        at.dialect.faults.add(Fault(kind=FaultKind.SESSION_EXPIRED, times=2))
        at.fill(order, "0.01")
        await until(lambda: stream.stream.connects > connects and stream.is_up, "a new session", WAIT)
        at.fill(order, "0.01")
        await desk.told(order_id, "BuyOrderCompleted")
        assert desk.tale.of(order_id).count("OrderFilled") == 2
        await at.agrees(desk.exchange)


@pytest.mark.parametrize("skew", [1.5, -3.0])
async def test_s33_a_clock_that_is_off_or_steps_is_measured_and_orders_go_on(
    tmp_path: Path, skew: float
) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        at.ask("POST", "clock", {"skew": skew})
        order_id = desk.rest()
        await desk.stands(order_id, OPEN)
        assert sent(at) == 1
        assert abs(desk.exchange.venue_time() - at.dialect.venue_time(desk.exchange.clock.time())) < 1.0


async def test_s39_an_order_that_closes_needs_no_free_margin() -> None:
    pytest.importorskip("venuekit.state.budget_checker")
    from venuekit.state.order_candidate import PerpetualOrderCandidate  # noqa: PLC0415

    closing = PerpetualOrderCandidate(
        trading_pair=BTC,
        is_maker=True,
        order_type=OrderType.LIMIT,
        order_side=TradeType.SELL,
        amount=Decimal(1),
        price=Decimal(100),
        position_close=True,
    )
    assert closing.collateral_dict == {}


async def test_s41_a_fee_in_a_third_token_is_kept_as_charged(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        at.ask(
            "POST",
            "fee_plan",
            {"maker": "0.001", "taker": "0.001", "token": "BNB", "api_key": at.customer.api_key},
        )
        order_id = desk.exchange.buy(BTC, Decimal("0.01"), OrderType.MARKET)
        order = await desk.stands(order_id, FILLED)
        assert list(order.flat_fees_paid) == ["BNB"]
        with pytest.raises(errors.ExchangeRateUnknown):
            order.cumulative_fee_paid("USDT")
        await at.agrees(desk.exchange)


async def test_s42_after_a_buy_with_its_fee_in_base_exactly_the_rest_can_be_sold(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        before = desk.exchange.get_available_balance("BTC")
        bought = await desk.stands(desk.exchange.buy(BTC, Decimal("0.01"), OrderType.MARKET), FILLED)
        fee = bought.flat_fees_paid["BTC"]
        await at.agrees(desk.exchange)
        held = desk.exchange.get_available_balance("BTC") - before
        assert held == Decimal("0.01") - fee
        amount = desk.exchange.quantize_order_amount(BTC, held)
        await desk.stands(desk.exchange.sell(BTC, amount, OrderType.MARKET), FILLED)
        await at.agrees(desk.exchange)


async def test_s44_amounts_and_prices_travel_to_the_last_digit(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        price = desk.exchange.quantize_order_price(BTC, desk.far())
        order_id = desk.exchange.buy(BTC, Decimal("0.02504"), OrderType.LIMIT, price)
        await desk.stands(order_id, OPEN)
        row = at.orders()[order_id]
        assert (Decimal(row["amount"]), Decimal(row["price"])) == (Decimal("0.02504"), price)
        assert "E" not in row["amount"]


async def test_s46_a_listener_that_raises_on_every_event_stops_nobody(tmp_path: Path) -> None:
    def breaks(event: object) -> None:
        raise OSError("the recorder's disk is full")

    async with floor(tmp_path) as at, trader(at) as desk:
        for tag in (MarketEvent.BuyOrderCreated, MarketEvent.OrderFilled, MarketEvent.BuyOrderCompleted):
            desk.exchange.add_listener(tag, breaks)
        order_id = desk.rest()
        order = await desk.stands(order_id, OPEN)
        at.fill(order, "0.01")
        await desk.told(order_id, "BuyOrderCompleted")
        assert desk.exchange.listener_errors == 3


async def test_s49_a_wrong_secret_is_noticed_at_the_start(tmp_path: Path) -> None:
    async with floor(tmp_path) as at:
        wrong = Credentials(at.customer.api_key, secret=Secret("not the secret of this key"))
        exchange = at.exchange(credentials=wrong)
        with pytest.raises(errors.AuthenticationFailed):
            await exchange.start()


async def test_s50_cancel_all_cancels_our_own_orders_and_no_others(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        price = desk.exchange.quantize_order_price(BTC, desk.far())
        async with trader(Floor(at.venue, tmp_path / "another instance")) as other:
            foreign = other.exchange.buy(BTC, Decimal("0.01"), OrderType.LIMIT, price)
            await other.stands(foreign, OPEN)
            own = desk.rest()
            await desk.stands(own, OPEN)
            found = await desk.exchange.reconcile(dry_run=True)
            assert [(each.kind, each.subject) for each in found] == [(DifferenceKind.FOREIGN_ORDER, foreign)]
            results = await desk.exchange.cancel_all(WAIT)
            assert [each.order_id for each in results] == [own]
            assert other.order(foreign).current_state is OPEN
            assert at.orders()[foreign]["status"] == "NEW"
