"""What a strategy asks of a connector that trades: questions and commands, on the emulated venue."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.connector.emulated import BTC, ETH, until
from tests.connector.trading import WAIT, Floor, Trader, floor, trader, trading

from venuekit import errors
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.model.events import (
    BalanceMovedEvent,
    CommandRefused,
    MarketEvent,
    MarketOrderFailureEvent,
    OrderExpiredEvent,
    ReconciledEvent,
    VenuekitEvent,
)
from venuekit.model.order import (
    Command,
    LimitOrder,
    MarketOrder,
    NewOrder,
    OrderState,
    OrderType,
    TimeInForce,
    TradeType,
)
from venuekit.model.trading_rule import TradingStatus
from venuekit.state.order_candidate import OrderCandidate
from venuekit.state.order_check import OrderRule

OPEN, CANCELED, FILLED = OrderState.OPEN, OrderState.CANCELED, OrderState.FILLED
EXPIRED, FAILED = OrderState.EXPIRED, OrderState.FAILED
D = Decimal


def weather(at: Floor, kind: FaultKind, path: str | None = None, **how: object) -> None:
    at.dialect.faults.add(Fault(kind=kind, path=path, **how))  # type: ignore[arg-type]


def failure_of(desk: Trader, order_id: str) -> MarketOrderFailureEvent:
    (event,) = [
        each
        for each in desk.tale.events
        if isinstance(each, MarketOrderFailureEvent) and each.order_id == order_id
    ]
    return event


async def book_goes(desk: Trader, pair: str = BTC) -> None:
    """Let a book be lost for good: no difference comes, and no snapshot either."""
    weather(desk.floor, FaultKind.SERVER_ERROR, "/api/v3/depth", times=None)
    desk.floor.venue.break_(FaultKind.GAP, pair)
    book = desk.exchange.get_order_book(pair)
    await until(lambda: not book.is_live, "the book to be lost", WAIT)


# Commands and their terms.


async def test_an_order_that_must_fill_whole_or_not_at_all_expires_and_costs_nothing(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        ask = desk.exchange.get_price(BTC, is_buy=True)
        order_id = desk.exchange.buy(BTC, D(4), OrderType.LIMIT, ask, time_in_force=TimeInForce.FOK)
        order = await desk.stands(order_id, EXPIRED)
        assert order.executed_amount_base == 0
        assert desk.tale.of(order_id)[-1] == "OrderExpired"
        await desk.floor.agrees(desk.exchange)


@pytest.mark.parametrize(
    ("kind", "terms"),
    [(OrderType.LIMIT_MAKER, {}), (OrderType.LIMIT, {"time_in_force": TimeInForce.GTX})],
    ids=["limit maker", "GTX"],
)
async def test_an_order_that_may_only_make_is_refused_where_it_would_take(
    tmp_path: Path, kind: OrderType, terms: dict[str, TimeInForce]
) -> None:
    async with trading(tmp_path) as desk:
        price = desk.exchange.get_price(BTC, is_buy=True) * D("1.01")
        order_id = desk.exchange.buy(BTC, D("0.01"), kind, price, **terms)
        await desk.stands(order_id, FAILED)
        assert failure_of(desk, order_id).error_type == "WouldTake"
        assert desk.exchange.in_flight_orders == {}


async def test_a_triggered_order_has_a_life_before_and_one_after(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        ask = desk.exchange.get_price(BTC, is_buy=True)
        trigger = desk.exchange.quantize_order_price(BTC, ask * D("1.002"))
        order_id = desk.exchange.buy(BTC, D("0.01"), OrderType.MARKET, trigger_price=trigger)
        await desk.stands(order_id, OrderState.UNTRIGGERED)
        desk.floor.ask(
            "POST",
            "order",
            {
                "symbol": "BTCUSDT",
                "side": "BUY",
                "amount": "500",
                "price": str(trigger),
                "time_in_force": "IOC",
            },
        )
        desk.floor.ask(
            "POST", "order", {"symbol": "BTCUSDT", "side": "SELL", "amount": "0.5", "price": str(trigger)}
        )
        desk.floor.ask(
            "POST", "order", {"symbol": "BTCUSDT", "side": "BUY", "amount": "0.1", "price": str(trigger)}
        )
        order = await desk.stands(order_id, FILLED)
        assert order.executed_amount_base == D("0.01")
        told = desk.tale.of(order_id)
        assert (told[0], told[-1]) == ("BuyOrderCreated", "BuyOrderCompleted")
        await desk.floor.agrees(desk.exchange)


async def test_an_amend_cuts_the_amount_to_the_step_and_an_order_that_is_over_has_none(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as desk:
        order_id = desk.rest("0.02")
        order = await desk.stands(order_id, OPEN)
        assert desk.exchange.amend(BTC, order_id, D("0.0150000009")) == order_id
        await until(lambda: order.amount == D("0.015"), lambda: str(order), WAIT)
        await desk.told(order_id, "OrderAmended")
        desk.exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)
        with pytest.raises(errors.UsageError, match="CANCELED"):
            desk.exchange.amend(BTC, order_id, D("0.01"))
        with pytest.raises(errors.UsageError, match="no order of ours"):
            desk.exchange.cancel(BTC, "somebody-elses")


async def test_a_change_that_the_venue_cannot_make_is_told_and_leaves_the_order_as_it_was(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as desk:
        order_id = desk.rest("0.02")
        order = await desk.stands(order_id, OPEN)
        price = order.price
        refusals: list[CommandRefused] = []
        desk.exchange.add_listener(VenuekitEvent.CommandRefused, refusals.append)
        desk.exchange.amend(BTC, order_id, D("0.03"))
        await until(lambda: len(refusals) == 1, "the refusal of more", WAIT)
        desk.exchange.amend(BTC, order_id, D("0.01"), price=desk.far() * D("0.99"))
        await until(lambda: len(refusals) == 2, "the refusal of another price", WAIT)
        assert [(each.order_id, each.command) for each in refusals] == [(order_id, Command.AMEND)] * 2
        assert [each.error_type for each in refusals] == ["OrderRefused", "Unsupported"]
        assert all(each.error_message for each in refusals)
        assert (order.amount, order.price, order.current_state) == (D("0.02"), price, OPEN)
        weather(desk.floor, FaultKind.RATE_LIMITED, "order.cancel", seconds=0.1)
        desk.exchange.cancel(BTC, order_id)
        await until(lambda: len(refusals) == 3, "the refusal of the cancel", WAIT)
        assert (refusals[2].command, refusals[2].error_type) == (Command.CANCEL, "RateLimited")
        assert order.current_state is OPEN
        desk.exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)


async def test_orders_in_a_batch_are_placed_and_cancelled_in_their_order(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        price = desk.exchange.quantize_order_price(BTC, desk.far())
        wanted: list[LimitOrder | MarketOrder] = [
            LimitOrder(
                client_order_id="",
                trading_pair=BTC,
                is_buy=True,
                base_currency="BTC",
                quote_currency="USDT",
                price=price,
                quantity=D("0.01"),
            ),
            MarketOrder(
                order_id="",
                trading_pair=BTC,
                is_buy=False,
                base_asset="BTC",
                quote_asset="USDT",
                amount=D("0.02"),
                timestamp=0.0,
            ),
        ]
        placed = desk.exchange.batch_order_create(wanted)
        assert [type(order) for order in placed] == [LimitOrder, MarketOrder]
        resting, sold = [order.client_order_id for order in placed]
        await desk.stands(resting, OPEN)
        assert (await desk.stands(sold, FILLED)).trade_type is TradeType.SELL
        (open_one,) = desk.exchange.limit_orders
        assert (open_one.client_order_id, open_one.price) == (resting, price)
        desk.exchange.batch_order_cancel([open_one])
        await desk.stands(resting, CANCELED)
        assert desk.exchange.limit_orders == []


# Rules.


async def test_an_order_that_breaks_a_rule_names_the_rule_its_limit_and_the_nearest_valid_order(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as desk:
        wanted = desk.exchange.prepare_order(TradeType.BUY, BTC, D("0.00001"), OrderType.LIMIT, desk.far())
        (broken,) = desk.exchange.check_order(wanted)
        assert (broken.rule, broken.limit) == (OrderRule.MIN_NOTIONAL, D(5))
        nearest = desk.exchange.nearest_order(wanted)
        assert nearest is not None
        assert nearest.amount is not None
        assert nearest.price is not None
        assert nearest.amount * nearest.price >= 5
        assert desk.exchange.check_order(nearest) == ()
        refused = desk.exchange.buy(BTC, D("0.00001"), OrderType.LIMIT, desk.far())
        await desk.stands(refused, FAILED)
        failure = failure_of(desk, refused)
        assert (failure.error_type, failure.error_message) == ("OrderRuleViolated", broken.message)
        taken = desk.exchange.buy(BTC, nearest.amount, OrderType.LIMIT, nearest.price)
        await desk.stands(taken, OPEN)
        assert list(desk.floor.orders()) == [taken]


async def test_without_a_live_book_no_order_is_refused_for_want_of_a_price(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        far = desk.exchange.quantize_order_price(BTC, desk.far())
        order_id = desk.rest()
        await desk.stands(order_id, OPEN)
        small = desk.exchange.prepare_order(TradeType.SELL, BTC, D("0.00001"), OrderType.MARKET)
        assert [each.rule for each in desk.exchange.check_order(small)] == [OrderRule.MIN_NOTIONAL]
        await book_goes(desk)
        assert desk.exchange.reference_price(BTC) is None
        with pytest.raises(errors.BookNotLive):
            desk.exchange.get_price(BTC, is_buy=True)
        assert desk.exchange.check_order(small) == ()
        desk.exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)
        await desk.stands(desk.exchange.sell(BTC, D("0.01"), OrderType.MARKET), FILLED)
        await desk.stands(desk.exchange.buy(BTC, D("0.01"), OrderType.LIMIT, far), OPEN)


async def test_in_a_market_that_only_cancels_new_orders_fail_unsent_and_cancels_pass(tmp_path: Path) -> None:
    facts = {"trading_rules_interval": 0.2}
    async with trading(tmp_path, facts=facts) as desk:
        order_id = desk.rest()
        await desk.stands(order_id, OPEN)
        far = desk.far()
        desk.floor.ask("POST", "symbol_status", {"symbol": "BTCUSDT", "status": "CANCEL_ONLY"})
        status = TradingStatus.CANCEL_ONLY
        await until(lambda: desk.exchange.trading_rule(BTC).status is status, "the status to be heard", WAIT)
        assert BTC not in desk.exchange.all_trading_pairs()
        refused = desk.exchange.buy(BTC, D("0.01"), OrderType.LIMIT, far)
        await desk.stands(refused, FAILED)
        failure = failure_of(desk, refused)
        assert failure.error_type == "OrderRuleViolated"
        assert "cancel only" in str(failure.error_message)
        assert list(desk.floor.orders()) == [order_id]
        desk.exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)


async def test_a_market_that_only_cancels_says_so_itself_where_we_do_not_know_it_yet(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        far = desk.far()
        desk.floor.ask("POST", "symbol_status", {"symbol": "BTCUSDT", "status": "CANCEL_ONLY"})
        refused = desk.exchange.buy(BTC, D("0.01"), OrderType.LIMIT, far)
        await desk.stands(refused, FAILED)
        assert failure_of(desk, refused).error_type == "MarketClosed"


async def test_steps_and_kinds_of_order_are_asked_of_the_connector(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        exchange = desk.exchange
        rule = exchange.trading_rule(BTC)
        assert exchange.get_order_price_quantum(BTC, D(1)) == rule.min_price_increment
        assert exchange.get_order_size_quantum(BTC, D(1)) == rule.min_base_amount_increment
        assert exchange.quantize_order_amount(BTC, rule.min_order_size / 2) == 0
        assert exchange.quantize_order_price(BTC, D("NaN")).is_nan()
        assert exchange.supported_order_types() == [OrderType.LIMIT, OrderType.MARKET, OrderType.LIMIT_MAKER]
        assert exchange.get_maker_order_type() is OrderType.LIMIT_MAKER
        assert exchange.get_taker_order_type() is OrderType.MARKET
        with pytest.raises(errors.UnknownPair):
            exchange.quantize_order_price("NO-PAIR", D(1))
        with pytest.raises(errors.UsageError, match="no term 'tif'"):
            exchange.buy(BTC, D(1), OrderType.LIMIT, D(1), tif="GTC")
        with pytest.raises(errors.UsageError, match="time_in_force has to be of the type TimeInForce"):
            exchange.buy(BTC, D(1), OrderType.LIMIT, D(1), time_in_force="GTC")


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"amount": 0.02}, "amount has to be of the type Decimal, not 0.02"),
        ({"amount": 1}, "amount has to be of the type Decimal, not 1"),
        ({"price": 60000.5}, "price has to be of the type Decimal, not 60000.5"),
        ({"order_type": "limit"}, "order_type has to be of the type OrderType, not 'limit'"),
        ({"trigger_price": 59000.0}, "trigger_price has to be of the type Decimal"),
        (
            {"amount": None, "order_type": OrderType.MARKET, "quote_amount": 5},
            "quote_amount has to be of the type Decimal",
        ),
        ({"price": None}, "a limit order needs a price"),
        ({"amount": None}, "names an amount in base or one in quote"),
        ({"order_type": OrderType.LIMIT_MAKER, "time_in_force": TimeInForce.IOC}, "cannot be IOC"),
    ],
)
async def test_what_makes_no_order_is_a_mistake_of_the_caller_and_says_which(
    tmp_path: Path, asked: dict[str, Any], what: str
) -> None:
    async with trading(tmp_path) as desk:
        terms = {"amount": D("0.02"), "order_type": OrderType.LIMIT, "price": D(60_000), **asked}
        with pytest.raises(errors.UsageError, match=what):
            desk.exchange.buy(BTC, **terms)
        order_id = desk.rest()
        await desk.stands(order_id, OPEN)
        with pytest.raises(errors.UsageError, match="amount has to be of the type Decimal"):
            desk.exchange.amend(BTC, order_id, 0.005)  # type: ignore[arg-type]


# Ends.


async def test_an_order_that_expires_says_why(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        price = desk.exchange.get_price(BTC, is_buy=False)
        own = desk.exchange.buy(BTC, D("0.01"), OrderType.LIMIT, price)
        desk.floor.fill(await desk.stands(own, OPEN), "0.001")  # and all that stood before it
        await desk.stands(own, OrderState.PARTIALLY_FILLED)
        taker = desk.exchange.sell(BTC, D("0.5"), OrderType.LIMIT, price, time_in_force=TimeInForce.IOC)
        order = await desk.stands(taker, EXPIRED)
        await desk.told(taker, "OrderExpired")
        await desk.told(own, "OrderExpired")
        events = [each for each in desk.tale.events if isinstance(each, OrderExpiredEvent)]
        # The venue expires the one that rests; what is left of the other ends by its own terms.
        reasons = {each.order_id: each.reason for each in events}
        assert reasons == {own: "EXPIRED_IN_MATCH", taker: "UNFILLED_IOC_QUANTITY_EXPIRED"}
        assert (desk.order(own).expiry_reason, order.expiry_reason) == (
            "EXPIRED_IN_MATCH",
            "UNFILLED_IOC_QUANTITY_EXPIRED",
        )
        await desk.floor.agrees(desk.exchange)


# Memory.


async def test_orders_kept_by_a_strategy_are_taken_up_by_a_connector_without_their_journal(
    tmp_path: Path,
) -> None:
    async with floor(tmp_path / "one") as at:
        async with trader(at) as desk:
            resting, gone = desk.rest("0.02"), desk.rest("0.01")
            order = await desk.stands(resting, OPEN)
            ended = await desk.stands(gone, OPEN)
            at.fill(order, "0.005")
            await desk.told(resting, "OrderFilled")
            kept = json.dumps(desk.exchange.tracking_states)
        at.dialect.desk.cancel(BTC, int(ended.exchange_order_id or 0), at.dialect.venue_time(0) or 0.0)
        async with trader(Floor(at.venue, tmp_path / "another journal")) as other:
            assert other.exchange.in_flight_orders == {}
            other.exchange.restore_tracking_states(json.loads(kept))
            restored = await other.stands(resting, OrderState.PARTIALLY_FILLED)
            assert restored.executed_amount_base == D("0.005")
            assert restored.exchange_order_id == order.exchange_order_id
            await other.stands(gone, CANCELED)
            await until(lambda: restored.doubt is None, lambda: str(restored), WAIT)
            assert "OrderFilled" not in other.tale.of(resting)
            again = json.loads(json.dumps(other.exchange.tracking_states))
            assert again[resting]["order_fills"] == json.loads(kept)[resting]["order_fills"]
            at.fill(restored, "0.015")
            await other.told(resting, "BuyOrderCompleted")


async def test_an_order_is_found_by_either_id(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        order_id = desk.rest()
        order = await desk.stands(order_id, OPEN)
        orders = desk.exchange.trading.orders
        assert orders.fetch_order(order_id) is order
        assert orders.fetch_order(exchange_order_id=order.exchange_order_id) is order
        assert orders.fetch_tracked_order(order_id) is order
        assert orders.fetch_cached_order(order_id) is None
        assert orders.fetch_order(exchange_order_id="0") is orders.fetch_order() is None
        desk.exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)
        assert orders.fetch_order(exchange_order_id=order.exchange_order_id) is order
        assert orders.fetch_tracked_order(order_id) is None
        assert orders.fetch_cached_order(order_id) is order
        assert orders.all_orders == orders.all_fillable_orders == {order_id: order}
        assert orders.all_updatable_orders == orders.lost_orders == {}
        assert orders.fetch_lost_order(order_id) is None


async def test_an_order_that_is_presumed_gone_is_a_lost_one(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        weather(desk.floor, FaultKind.LOST_REQUEST, "order.place")
        order_id = desk.rest()
        order = await desk.stands(order_id, FAILED)
        orders = desk.exchange.trading.orders
        assert orders.lost_orders == orders.all_updatable_orders == {order_id: order}
        assert orders.fetch_lost_order(order_id) is order


async def test_after_every_return_of_the_accounts_stream_all_is_compared(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        stream = desk.exchange.trading.stream
        assert stream is not None
        await until(lambda: stream.is_up, "the stream", WAIT)
        order_id = desk.rest("0.05")
        order = await desk.stands(order_id, OPEN)
        for cut in range(1, 4):
            before = sum(isinstance(each, ReconciledEvent) for each in desk.tale.events)
            connects = stream.stream.connects
            weather(desk.floor, FaultKind.ABORT)
            await until(lambda: not stream.is_up, "the stream to be lost", WAIT)
            desk.floor.fill(order, "0.01")
            await until(
                lambda: (
                    sum(isinstance(each, ReconciledEvent) for each in desk.tale.events) > before  # noqa: B023
                    and stream.stream.connects > connects  # noqa: B023
                    and stream.is_up
                ),
                "everything to be compared",
                WAIT,
            )
            want = D("0.01") * cut
            await until(lambda: order.executed_amount_base == want, lambda: str(order), WAIT)  # noqa: B023
        assert desk.tale.of(order_id).count("OrderFilled") == 3
        await desk.floor.agrees(desk.exchange)


# Money.


async def test_what_comes_and_goes_without_a_trade_is_an_event_and_in_the_journal(tmp_path: Path) -> None:
    async with trading(tmp_path) as desk:
        heard: list[BalanceMovedEvent] = []
        for tag in (MarketEvent.ReceivedAsset, MarketEvent.WithdrawAsset):
            desk.exchange.add_listener(tag, heard.append)
        before = desk.exchange.get_balance("USDT")
        key = desk.floor.customer.api_key
        stream = desk.exchange.trading.stream
        assert stream is not None
        await until(lambda: stream.is_up, "the stream", WAIT)
        desk.floor.ask("POST", "deposit", {"asset": "USDT", "amount": "12.5", "api_key": key})
        desk.floor.ask("POST", "withdraw", {"asset": "USDT", "amount": "2.25", "api_key": key})
        await until(lambda: len(heard) == 2, lambda: str(heard), WAIT)
        assert [(each.asset_name, each.amount) for each in heard] == [
            ("USDT", D("12.5")),
            ("USDT", D("-2.25")),
        ]
        await until(lambda: desk.exchange.get_balance("USDT") == before + D("10.25"), "the sum", WAIT)
        await desk.floor.agrees(desk.exchange)


async def test_no_more_of_an_asset_is_available_than_its_limit(tmp_path: Path) -> None:
    async with trading(tmp_path, asset_limits={"USDT": D(1000)}) as desk:
        assert desk.exchange.get_balance("USDT") > 1000
        assert desk.exchange.get_available_balance("USDT") == 1000
        order_id = desk.rest("0.01")
        order = await desk.stands(order_id, OPEN)
        assert order.price is not None
        held = D("0.01") * order.price
        await until(
            lambda: desk.exchange.get_available_balance("USDT") == 1000 - held,
            lambda: str(desk.exchange.get_available_balance("USDT")),
            WAIT,
        )
        assert desk.exchange.available_balances["USDT"] == 1000 - held
        desk.exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)
        assert desk.exchange.get_available_balance("USDT") == 1000


def candidate(amount: str, price: Decimal) -> OrderCandidate:
    return OrderCandidate(
        trading_pair=BTC,
        is_maker=True,
        order_type=OrderType.LIMIT,
        order_side=TradeType.BUY,
        amount=D(amount),
        price=price,
    )


async def test_a_budget_counts_with_the_accounts_own_fee_and_its_balances(tmp_path: Path) -> None:
    async with floor(tmp_path) as at:
        key = at.customer.api_key
        at.ask("POST", "fee_plan", {"maker": "0.0007", "taker": "0.0009", "api_key": key})
        async with trader(at) as desk:
            exchange = desk.exchange
            await until(lambda: exchange.account_fees(BTC) is not None, "the fees of the account", WAIT)
            own = exchange.account_fees(BTC)
            assert own is not None
            assert (own.maker_percent_fee_decimal, own.taker_percent_fee_decimal) == (
                D("0.0007"),
                D("0.0009"),
            )
            assert exchange.trade_fee_schema().maker_percent_fee_decimal == D("0.001")
            price = exchange.quantize_order_price(BTC, desk.far())
            fits = exchange.budget_checker.adjust_candidate(candidate("1", price))
            assert fits.order_collateral is not None
            assert (fits.amount, fits.order_collateral.amount) == (D(1), price)
            assert fits.potential_returns is not None
            assert fits.potential_returns.amount == 1 - D("0.0007")
            free = exchange.get_available_balance("USDT")
            too_much = candidate(str((free / price).quantize(D("0.00001")) + 1), price)
            assert exchange.budget_checker.adjust_candidate(too_much).amount == 0
            part = exchange.budget_checker.adjust_candidate(too_much, all_or_none=False)
            assert part.resized
            assert exchange.quantize_order_amount(BTC, free / price) == part.amount


async def test_two_connectors_of_one_account_share_what_is_set_aside(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at, BTC) as one:
        other = at.exchange(BTC, ETH)
        other.name = "another product of the company"
        async with other:
            price = one.exchange.quantize_order_price(BTC, one.far())
            free = one.exchange.get_available_balance("USDT")
            amount = str((free / price * D("0.7")).quantize(D("0.00001")))
            wanted = candidate(amount, price)
            taken = one.exchange.budget_checker.adjust_candidate_and_lock_available_collateral(wanted)
            assert taken.amount == D(amount)
            left = other.budget_checker.adjust_candidate(wanted, all_or_none=False)
            assert left.amount == other.quantize_order_amount(BTC, (free - taken.amount * price) / price)
            one.exchange.budget_checker.reset_locked_collateral()
            assert other.budget_checker.adjust_candidate(wanted).amount == D(amount)
            other.budget_checker.adjust_candidate_and_lock_available_collateral(wanted)
            assert one.exchange.budget_checker.adjust_candidate(wanted).amount == 0
        assert one.exchange.budget_checker.adjust_candidate(wanted).amount == D(amount)


@pytest.mark.parametrize("kind", [None, FaultKind.DUPLICATE, FaultKind.SILENCE])
async def test_order_counts_go_down_once_when_an_order_trades(tmp_path: Path, kind: FaultKind | None) -> None:
    def counts(exchange: ExchangeBase) -> list[int]:
        falling = [pool.name for pool in exchange.rest.pools if pool.falls]
        assert len(falling) == 2
        return [exchange.web.gate.used(name) for name in falling]

    async with trading(tmp_path) as desk:
        if kind is not None:
            weather(desk.floor, kind, "executionReport", times=None)
        ids = [desk.rest("0.02") for _ in range(3)]
        for order_id in ids:
            await desk.stands(order_id, OPEN)
        await until(lambda: not desk.exchange.trading.desk.under_way, "every answer", WAIT)
        day = counts(desk.exchange)[-1]
        order = desk.order(ids[0])
        desk.floor.fill(order, "0.01")
        desk.floor.fill(order, "0.01")
        desk.exchange.trading.ask_soon(order)
        await desk.told(ids[0], "BuyOrderCompleted")
        assert counts(desk.exchange)[-1] == day - 1 == 2


# Who only reads.


async def test_who_only_reads_asks_beside_a_process_that_trades_and_has_no_orders(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at) as desk:
        order_id = desk.rest()
        await desk.stands(order_id, OPEN)
        reader = at.exchange(BTC, policy=TradingPolicy(reads_only=True))
        async with reader:
            assert reader.ready
            (row,) = await reader.open_orders([BTC])
            assert row.row.client_order_id == order_id
            report = await reader.balances()
            assert {each.asset: each.total for each in report.balances}["USDT"] == at.balances()["USDT"][0]
            with pytest.raises(errors.Unsupported, match="only reads"):
                reader.buy(BTC, D("0.01"), OrderType.LIMIT, desk.far())


async def test_without_credentials_every_command_names_what_is_missing(tmp_path: Path) -> None:
    async with floor(tmp_path) as at:
        exchange = at.exchange(BTC, credentials=None)
        async with exchange:
            assert exchange.ready
            wanted: NewOrder = exchange.prepare_order(TradeType.BUY, BTC, D(1), OrderType.LIMIT, D(1))
            assert exchange.check_order(wanted)
            with pytest.raises(errors.KeyMissing):
                exchange.buy(BTC, D(1), OrderType.LIMIT, D(60_000))
            with pytest.raises(errors.KeyMissing):
                exchange.get_balance("USDT")
            assert exchange.left_open == ()
