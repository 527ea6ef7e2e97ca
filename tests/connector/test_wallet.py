"""What else moves an account's money, and what of it may be used: deposits, limits, budgets, two products."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.connector.emulated import BTC, ETH, house, until
from tests.connector.money import ASK_NO_MORE, ESTIMATED, Purse, fees, move, purse
from tests.connector.trading import WAIT, Floor, floor

from venuekit import errors
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS
from venuekit.journal import reader
from venuekit.journal.record import BalanceMoved, Intent, Stopped
from venuekit.model.events import BalanceMovedEvent, MarketEvent
from venuekit.model.order import OrderState, OrderType, TradeType
from venuekit.state.order_candidate import OrderCandidate

OPEN, CANCELED = OrderState.OPEN, OrderState.CANCELED
BNB = "BNB-USDT"
COMPARES = msgspec.structs.replace(ASK_NO_MORE, reconciles=True)
CHANNELS = [pytest.param({}, id="pushed"), pytest.param(ESTIMATED, id="estimated")]


def moves_told(money: Purse) -> list[tuple[str, BalanceMovedEvent]]:
    """A list that grows with what is told of deposits and withdrawals."""
    told: list[tuple[str, BalanceMovedEvent]] = []

    def listener(tag: MarketEvent) -> Callable[[BalanceMovedEvent], None]:
        return lambda event: told.append((tag.name, event))

    for tag in (MarketEvent.ReceivedAsset, MarketEvent.WithdrawAsset):
        money.desk.exchange.add_listener(tag, listener(tag))
    return told


def kept(folder: Path, kind: type[Any]) -> list[Any]:
    """The records of a kind in the only journal there."""
    (path,) = folder.glob("*.journal")
    return [entry.record for entry in reader.replay(path).entries if isinstance(entry.record, kind)]


# Deposits and withdrawals.


@pytest.mark.parametrize("facts", CHANNELS)
async def test_a_deposit_and_a_withdrawal_are_told_remembered_and_counted(
    tmp_path: Path, facts: dict[str, Any]
) -> None:
    async with floor(tmp_path) as at, purse(at, facts=facts) as money:
        told = moves_told(money)
        move(at, "deposit", "BTC", "0.75")
        move(at, "withdraw", "USDT", "1234.5")
        await until(lambda: len(told) == 2, "both to be told", WAIT)
        assert [(name, event.asset_name, event.amount) for name, event in told] == [
            ("ReceivedAsset", "BTC", Decimal("0.75")),
            ("WithdrawAsset", "USDT", Decimal("-1234.5")),
        ]
        await money.agrees()
        assert [(item.asset, item.amount) for item in kept(tmp_path, BalanceMoved)] == [
            ("BTC", Decimal("0.75")),
            ("USDT", Decimal("-1234.5")),
        ]


@pytest.mark.parametrize("facts", CHANNELS)
async def test_a_deposit_while_one_connection_takes_over_from_another_is_told_once(
    tmp_path: Path, facts: dict[str, Any]
) -> None:
    """Both of them tell it: the new one from its subscription on, the old one until it is left."""
    async with floor(tmp_path) as at, purse(at, facts=facts) as money:
        stream = money.desk.exchange.trading.stream
        assert stream is not None
        told = moves_told(money)
        lines = stream.stream._lines
        stream.stream.move()
        await until(
            lambda: len(lines) == 2 and all(line.connection.ready.is_set() for line in lines), "both", WAIT
        )
        move(at, "deposit", "BTC", "0.75")
        await until(lambda: len(lines) == 1, "the new connection to be the only one", WAIT)
        await money.agrees()
        move(at, "deposit", "ETH", "1")
        await until(lambda: told[-1][1].asset_name == "ETH", "the second", WAIT)
        assert [event.asset_name for _, event in told] == ["BTC", "ETH"]


@pytest.mark.parametrize("facts", CHANNELS)
async def test_a_deposit_that_is_told_twice_counts_once(tmp_path: Path, facts: dict[str, Any]) -> None:
    async with floor(tmp_path) as at, purse(at, facts=facts) as money:
        told = moves_told(money)
        at.dialect.faults.add(Fault(kind=FaultKind.DUPLICATE, path="balanceUpdate"))
        move(at, "deposit", "BTC", "0.75")
        move(at, "deposit", "ETH", "1")
        await until(lambda: any(event.asset_name == "ETH" for _, event in told), "the second", WAIT)
        await money.agrees()
        assert [event.asset_name for _, event in told] == ["BTC", "ETH"]
        assert [item.asset for item in kept(tmp_path, BalanceMoved)] == ["BTC", "ETH"]


async def test_two_deposits_of_one_amount_are_two(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at, facts=ESTIMATED) as money:
        told = moves_told(money)
        for number in (1, 2):
            move(at, "deposit", "BTC", "0.75")
            await until(lambda: len(told) == number, "it to be told", WAIT)  # noqa: B023
            await money.agrees()
            await money.pass_moment()


async def test_a_deposit_while_the_stream_was_away_is_found_at_its_return(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at, facts=ESTIMATED, policy=COMPARES) as money:
        stream = money.desk.exchange.trading.stream
        assert stream is not None
        connects = stream.stream.connects
        at.dialect.faults.add(Fault(kind=FaultKind.SESSION_EXPIRED))
        move(at, "deposit", "BTC", "0.75")
        await until(lambda: stream.stream.connects > connects and stream.is_up, "a new session", WAIT)
        await until(lambda: not money.differences(), lambda: str(money.differences()), WAIT)


async def test_a_deposit_of_an_asset_that_was_never_held_is_counted(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at, facts=ESTIMATED) as money:
        move(at, "deposit", "DOGE", "42")
        await until(lambda: money.desk.exchange.get_balance("DOGE") == 42, "it to be told", WAIT)
        await money.agrees()


# Limits.


@pytest.mark.parametrize("facts", CHANNELS)
async def test_a_limited_asset_shows_no_more_than_its_limit_and_fills_move_it(
    tmp_path: Path, facts: dict[str, Any]
) -> None:
    limits = {"USDT": Decimal(2000), "BTC": Decimal("0.5"), "ETH": Decimal(10**6)}
    async with floor(tmp_path) as at, purse(at, facts=facts, asset_limits=limits) as money:
        desk, exchange = money.desk, money.desk.exchange

        def usable(asset: str, amount: str) -> Callable[[], bool]:
            return lambda: exchange.get_available_balance(asset) == Decimal(amount)

        assert usable("USDT", "2000")() and usable("BTC", "0.5")() and usable("ETH", "100")()  # noqa: PT018
        assert exchange.get_balance("USDT") == 1_000_000
        order_id = exchange.buy(BTC, Decimal("0.02"), OrderType.LIMIT, Decimal(62_000))
        order = await desk.stands(order_id, OPEN)
        await until(usable("USDT", "760"), "the order to hold", WAIT)
        at.fill(order, "0.01")
        await desk.told(order_id, "OrderFilled")
        await until(usable("BTC", "0.50999"), lambda: str(exchange.available_balances), WAIT)
        assert usable("USDT", "760")()
        exchange.cancel(BTC, order_id)
        await desk.stands(order_id, CANCELED)
        await until(usable("USDT", "1380"), lambda: str(exchange.available_balances), WAIT)
        move(at, "deposit", "USDT", "500")
        await until(lambda: exchange.get_balance("USDT") == 1_000_500 - 620, "the deposit", WAIT)
        assert usable("USDT", "1380")(), "what others bring in is not for us to use"


async def test_a_limit_never_shows_more_than_there_is(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at, asset_limits={"BTC": Decimal(9)}) as money:
        move(at, "withdraw", "BTC", "9.5")
        exchange = money.desk.exchange
        await until(lambda: exchange.get_available_balance("BTC") == Decimal("0.5"), "the withdrawal", WAIT)


# Budgets.


def candidate(amount: str, price: str = "60000", side: TradeType = TradeType.BUY) -> OrderCandidate:
    return OrderCandidate(
        trading_pair=BTC,
        is_maker=True,
        order_type=OrderType.LIMIT,
        order_side=side,
        amount=Decimal(amount),
        price=Decimal(price),
    )


async def known_fees(money: Purse) -> None:
    await until(lambda: money.desk.exchange.account_fees(BTC) is not None, "the fees to be known", WAIT)


async def test_an_order_beyond_the_budget_is_all_or_nothing_or_cut_to_a_valid_amount(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at) as money:
        await known_fees(money)
        checker = money.desk.exchange.budget_checker
        whole = checker.adjust_candidate(candidate("16"))
        assert (whole.amount, whole.resized) == (Decimal(16), False)
        assert checker.adjust_candidate(candidate("17")).is_zero_order
        cut = checker.adjust_candidate(candidate("17"), all_or_none=False)
        assert (cut.amount, cut.resized) == (Decimal("16.66666"), True)
        order_id = money.desk.exchange.buy(BTC, cut.amount, OrderType.LIMIT, cut.price)
        await money.desk.stands(order_id, OPEN)
        await money.agrees()
        assert checker.adjust_candidate(candidate("0.01")).is_zero_order


async def test_a_budget_reckons_with_the_fees_of_the_account(tmp_path: Path) -> None:
    async with floor(tmp_path) as at:
        fees(at, "0.0004", "0.002")
        async with purse(at) as money:
            await known_fees(money)
            found = money.desk.exchange.budget_checker.adjust_candidate(candidate("1"))
            assert found.potential_returns is not None
            assert found.potential_returns.amount == Decimal("0.9996")


async def test_a_budget_reckons_with_the_venues_fees_while_those_of_the_account_are_unknown(
    tmp_path: Path,
) -> None:
    async with floor(tmp_path) as at:
        fees(at, "0.0004", "0.002")
        refused = Fault(kind=FaultKind.SERVER_ERROR, path="/api/v3/account/commission", times=None)
        at.dialect.faults.add(refused)
        async with purse(at) as money:
            exchange = money.desk.exchange
            assert exchange.account_fees(BTC) is None
            schema = exchange.trade_fee_schema()
            found = exchange.budget_checker.adjust_candidate(candidate("1"))
            assert found.potential_returns is not None
            assert found.potential_returns.amount == 1 - schema.maker_percent_fee_decimal
            assert schema.maker_percent_fee_decimal != Decimal("0.0004")


@pytest.mark.parametrize("plan", [{}, {"token": "BNB", "discount": "0.25"}], ids=["in kind", "in BNB"])
@pytest.mark.parametrize("side", [TradeType.BUY, TradeType.SELL])
async def test_what_an_account_is_said_to_pay_is_what_its_fills_are_charged(
    tmp_path: Path, side: TradeType, plan: dict[str, str]
) -> None:
    async with floor(tmp_path) as at:
        fees(at, "0.0004", "0.002", **plan)
        async with purse(at, BTC) as money:
            await known_fees(money)
            place = money.desk.exchange.buy if side is TradeType.BUY else money.desk.exchange.sell
            order = await money.desk.stands(place(BTC, Decimal("0.01"), OrderType.MARKET), OrderState.FILLED)
            schema = money.desk.exchange.account_fees(BTC)
            assert schema is not None
            ((token, charged),) = order.flat_fees_paid.items()
            share = schema.taker_percent_fee_decimal
            if plan:
                # In the emulator a BNB is worth 580 USDT while no market tells otherwise.
                charged, token = charged * 580, "USDT" if token == schema.percent_fee_token else token
            elif side is TradeType.BUY:
                assert token == "BTC"
                charged, token = charged * (order.average_executed_price or 0), "USDT"
            assert token == "USDT"
            # Fees are cut to eight digits, for each fill anew.
            assert abs(charged - share * order.executed_amount_quote) < Decimal("0.002")


async def test_a_budget_counts_a_fee_in_a_third_token_on_top(tmp_path: Path) -> None:
    async with house("binance", DEFAULT_INSTRUMENTS[:4], rate=20.0) as venue:
        at = Floor(venue, tmp_path)
        fees(at, token="BNB", discount="0.25")
        async with purse(at, BTC, BNB) as money:
            await known_fees(money)
            exchange = money.desk.exchange
            found = exchange.budget_checker.adjust_candidate(candidate("1"))
            assert found.percent_fee_collateral is not None
            assert found.percent_fee_collateral.token == "BNB"
            worth = found.percent_fee_collateral.amount * exchange.get_price(BNB, is_buy=True)
            assert abs(worth - 60_000 * Decimal("0.00075")) < Decimal("0.1")
            move(at, "withdraw", "BNB", "99.95")
            await money.agrees()
            assert exchange.budget_checker.adjust_candidate(candidate("1")).is_zero_order
            part = exchange.budget_checker.adjust_candidate(candidate("1"), all_or_none=False)
            assert 0 < part.amount < 1
            assert part.percent_fee_collateral is not None
            assert part.percent_fee_collateral.amount <= Decimal("0.05")


async def test_a_fee_in_a_token_of_which_no_pair_is_followed_names_the_pair_to_follow(tmp_path: Path) -> None:
    async with floor(tmp_path) as at:
        fees(at, token="BNB", discount="0.25")
        async with purse(at, BTC) as money:
            await known_fees(money)
            with pytest.raises(errors.ExchangeRateUnknown, match="follow a pair of the two"):
                money.desk.exchange.budget_checker.adjust_candidate(candidate("1"))


# Two connectors of one account.


async def test_two_products_of_one_account_share_its_journal_ids_and_locks(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at, BTC) as one, purse(at, ETH, name="another") as two:
        first, second = one.desk.exchange, two.desk.exchange
        assert first.trading.account is second.trading.account
        names = [one.desk.rest(), two.desk.rest(pair=ETH), one.desk.rest()]
        assert len(set(names)) == 3
        for money, name in zip((one, two, one), names, strict=True):
            await money.desk.stands(name, OPEN)
        intents = {item.client_id: item.connector for item in kept(tmp_path, Intent)}
        assert intents == dict(zip(names, ["binance", "another", "binance"], strict=True))
        first.budget_checker.adjust_candidate_and_lock_available_collateral(candidate("16"))
        assert second.budget_checker.adjust_candidate(candidate("1")).is_zero_order
        second.budget_checker.reset_locked_collateral()
        assert second.budget_checker.adjust_candidate(candidate("1")).is_zero_order
        first.budget_checker.reset_locked_collateral()
        assert not second.budget_checker.adjust_candidate(candidate("1")).is_zero_order


async def test_what_one_product_trades_is_in_the_balances_of_both(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at, BTC) as one, purse(at, ETH, name="another") as two:
        order_id = one.desk.rest()
        order = await one.desk.stands(order_id, OPEN)
        at.fill(order, "0.004")
        await one.agrees()
        await until(lambda: two.ours == two.theirs, lambda: f"{two.ours} {two.theirs}", WAIT)


async def test_an_account_stays_open_until_the_last_of_its_products_stops(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, purse(at, BTC) as one:
        async with purse(at, ETH, name="another"):
            pass
        order_id = one.desk.rest()
        await one.desk.stands(order_id, OPEN)
        await one.agrees()
        assert [item.client_id for item in kept(tmp_path, Intent)] == [order_id]
        assert kept(tmp_path, Stopped) == []
    assert [item.open for item in kept(tmp_path, Stopped)] == [(order_id,)]


async def test_a_restart_takes_up_the_orders_of_each_product_and_no_others(tmp_path: Path) -> None:
    async with floor(tmp_path) as at:
        async with purse(at, BTC) as one, purse(at, ETH, name="another") as two:
            names = one.desk.rest(), two.desk.rest(pair=ETH)
            await one.desk.stands(names[0], OPEN)
            await two.desk.stands(names[1], OPEN)
        async with purse(at, BTC) as one, purse(at, ETH, name="another") as two:
            for money, name in zip((one, two), names, strict=True):
                assert list(money.desk.exchange.in_flight_orders) == [name]
