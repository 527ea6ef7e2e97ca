"""What the maker decides, and that it does so."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.connector.emulated import BTC, ETH, until
from tests.connector.trading import floor, trader

from venuekit.cli.maker import Maker, MakerPlan, Quote, Resting, Touch, decide, wanted
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.model.order import OrderType
from venuekit.model.trading_rule import TradingRule

D = Decimal
RULE = TradingRule(
    BTC,
    min_order_size=D("0.00001"),
    min_price_increment=D("0.01"),
    min_base_amount_increment=D("0.00001"),
    min_notional_size=D(5),
)
PLAN = MakerPlan()
TIGHT, WIDE = Touch(bid=D(60_000), ask=D("60000.01")), Touch(bid=D(60_000), ask=D(60_001))
AMOUNT = D("0.00250")
BID, ASK = (
    Quote(is_buy=is_buy, price=D(price), amount=AMOUNT) for is_buy, price in ((True, 99), (False, 101))
)

PRICES = st.decimals(min_value=1, max_value=100_000, places=2)
SURPLUSES = st.decimals(min_value=-1, max_value=1, places=5)


def prices(quotes: list[Quote]) -> dict[bool, Decimal]:
    return {quote.is_buy: quote.price for quote in quotes}


def test_in_a_tight_market_it_joins_the_best_prices() -> None:
    assert prices(wanted(TIGHT, RULE, D(0), PLAN)) == {True: TIGHT.bid, False: TIGHT.ask}


def test_where_there_is_room_it_is_a_tick_better() -> None:
    assert prices(wanted(WIDE, RULE, D(0), PLAN)) == {True: D("60000.01"), False: D("60000.99")}


def test_an_order_is_worth_what_the_plan_says_and_no_less_than_the_venue_takes() -> None:
    assert {quote.amount for quote in wanted(TIGHT, RULE, D(0), PLAN)} == {AMOUNT}
    small = replace(PLAN, order_value=D(1))
    assert all(quote.amount * TIGHT.bid >= 5 for quote in wanted(TIGHT, RULE, D(0), small))


def test_who_holds_too_much_quotes_lower_and_who_holds_too_little_higher() -> None:
    even, long, short = (
        prices(wanted(WIDE, RULE, surplus * AMOUNT, PLAN)) for surplus in (D(0), D(2), D(-2))
    )
    assert long[True] < even[True]
    assert long[False] < even[False]
    assert short[True] > even[True]
    assert short[False] > even[False]


@pytest.mark.parametrize(("orders", "side"), [(5, False), (-5, True)])
def test_who_holds_far_too_much_only_sells_and_who_holds_far_too_little_only_buys(
    orders: int, side: bool
) -> None:
    assert list(prices(wanted(TIGHT, RULE, orders * AMOUNT, PLAN))) == [side]


@given(bid=PRICES, spread=st.integers(1, 10_000), surplus=SURPLUSES)
def test_no_quote_crosses_the_book_and_every_quote_is_valid(
    bid: Decimal, spread: int, surplus: Decimal
) -> None:
    touch = Touch(bid=bid, ask=bid + spread * RULE.min_price_increment)
    for quote in wanted(touch, RULE, surplus, PLAN):
        assert quote.price < touch.ask if quote.is_buy else quote.price > touch.bid
        assert quote.price % RULE.min_price_increment == 0 == quote.amount % RULE.min_base_amount_increment


def test_what_is_missing_is_placed() -> None:
    assert decide([BID, ASK], [], PLAN).places == (BID, ASK)


def test_what_stands_near_enough_stays_and_what_does_not_is_cancelled_first() -> None:
    near = Resting(order_id="near", is_buy=True, price=BID.price)
    far = Resting(order_id="far", is_buy=False, price=D(102))
    steps = decide([BID, ASK], [near, far], PLAN)
    assert (steps.cancels, steps.places) == (("far",), ())


def test_without_a_wish_everything_is_taken_away() -> None:
    orders = [Resting(order_id=name, is_buy=name == "bid", price=D(100)) for name in ("bid", "ask")]
    assert decide([], orders, PLAN).cancels == ("bid", "ask")


def test_what_is_leaving_or_in_doubt_is_left_alone_and_still_takes_its_place() -> None:
    leaving = Resting(order_id="old", is_buy=True, price=D(1), is_leaving=True)
    steps = decide([BID, ASK], [leaving], PLAN)
    assert (steps.cancels, steps.places) == ((), (ASK,))


def test_it_does_not_trade_with_itself() -> None:
    forgotten = Resting(order_id="old", is_buy=False, price=D(98), is_leaving=True)
    assert decide([BID], [forgotten], PLAN).places == ()


@given(
    resting=st.lists(
        st.builds(
            Resting,
            order_id=st.uuids().map(str),
            is_buy=st.booleans(),
            price=st.sampled_from([D(99), D(101), D(500)]),
            is_leaving=st.booleans(),
        ),
        max_size=6,
    ),
    quotes=st.sampled_from([[], [BID], [ASK], [BID, ASK]]),
)
def test_whatever_rests_there_is_never_a_second_bid_or_ask(
    resting: list[Resting], quotes: list[Quote]
) -> None:
    steps = decide(quotes, resting, PLAN)
    for is_buy in (True, False):
        there = [order for order in resting if order.is_buy is is_buy]
        placed = [quote for quote in steps.places if quote.is_buy is is_buy]
        kept = [order for order in there if order.order_id not in steps.cancels and not order.is_leaving]
        assert len(placed) + len(there) <= max(1, len(there))
        assert len(kept) <= 1


async def test_on_a_venue_it_quotes_both_sides_trades_and_moves(tmp_path: Path) -> None:
    async with floor(tmp_path, rate=200.0) as at, trader(at) as desk:
        maker = asyncio.ensure_future(Maker(desk.exchange, [BTC, ETH], MakerPlan(interval=0.05)).run())
        most = 0

        def has_moved() -> bool:
            nonlocal most
            rows = at.orders().values()
            sides = [(row["trading_pair"], row["side"]) for row in rows if row["is_open"]]
            most = max([most, *(sides.count(side) for side in sides)])
            return len(at.fills()) >= 3 and any(row["status"] == "CANCELLED" for row in rows)

        await until(has_moved, "fills and quotes that moved", 60.0)
        maker.cancel()
        assert most == 1
        await desk.exchange.cancel_all()
        await at.agrees(desk.exchange)


async def test_without_a_live_book_its_quotes_are_taken_away(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at, BTC) as desk:
        maker, exchange = Maker(desk.exchange, [BTC]), desk.exchange
        exchange.buy(BTC, AMOUNT, OrderType.LIMIT, desk.far())
        await until(lambda: len(at.orders()) == 1, "the order to be there")
        at.dialect.faults.add(Fault(kind=FaultKind.CONNECT_REFUSED, times=None))
        at.dialect.faults.add(Fault(kind=FaultKind.DISCONNECT))
        await until(lambda: not exchange.get_order_book(BTC).is_live, "the book to be lost")
        maker.step(BTC)
        await until(lambda: not exchange.in_flight_orders, "the quote to be gone")
        maker.step(BTC)
        assert [row["status"] for row in at.orders().values()] == ["CANCELLED"]


async def test_what_it_wants_to_hold_can_be_told_by_who_knew_it_before(tmp_path: Path) -> None:
    async with floor(tmp_path) as at, trader(at, BTC) as desk:
        assert Maker(desk.exchange, [BTC]).homes == {"BTC": D(10)}
        maker = Maker(desk.exchange, [BTC], homes={"BTC": D(9)})
        maker.step(BTC)
        assert {order.intent.is_buy() for order in desk.exchange.in_flight_orders.values()} == {False}
