"""The matching engine against its naive twin, and the accounts' money through all of it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emulator.naive_matching import Asked, NaiveMatching

from venuekit.emulator.instruments import instrument
from venuekit.emulator.ledger import FeeAsset, FeePlan, Ledger
from venuekit.emulator.matching import Matching
from venuekit.emulator.order import (
    Accepted,
    Filled,
    OrderKind,
    OrderRequest,
    Outcome,
    RefusalReason,
    Refused,
    SelfTrade,
    TimeInForce,
    stop_loss,
    take_profit,
)
from venuekit.emulator.step import LevelChange, MarketStep, MarketTrade
from venuekit.emulator.venue_book import VenueBook

WHOLE = instrument("BTC-USDT", "100", "1", "1")
"""Prices and amounts without digits after the point."""
BIDS, ASKS = range(98, 100), range(100, 102)
"""Where the crowd stands: it never crosses itself, but accounts' prices reach across both."""
ACCOUNTS = ("ann", "bob")

amounts = st.integers(1, 9)
prices = st.integers(97, 102)
limits = st.tuples(
    st.just("limit"),
    st.sampled_from(ACCOUNTS),
    st.booleans(),
    amounts,
    prices,
    st.sampled_from([OrderKind.LIMIT, OrderKind.LIMIT, OrderKind.LIMIT_MAKER]),
    st.sampled_from(TimeInForce),
    st.sampled_from(SelfTrade),
)
markets = st.tuples(
    st.just("market"), st.sampled_from(ACCOUNTS), st.booleans(), amounts, st.sampled_from(SelfTrade)
)
cancels = st.tuples(st.just("cancel"), st.integers(1, 20))
amends = st.tuples(st.just("amend"), st.integers(1, 20), amounts, prices)
levels = st.tuples(st.sampled_from([*BIDS, *ASKS]), st.integers(0, 9))
flows = st.tuples(
    st.just("flow"),
    st.lists(st.tuples(st.booleans(), prices, amounts), max_size=2),
    st.lists(levels, max_size=3, unique_by=lambda level: level[0]),
)
commands = st.lists(
    st.one_of(limits, limits, limits, markets, cancels, amends, flows), min_size=20, max_size=60
)


def opening() -> MarketStep:
    changes = tuple(
        LevelChange(is_bid=price in BIDS, price=str(price), amount="5") for price in (*BIDS, *ASKS)
    )
    return MarketStep(time=0.0, first_id=10, last_id=10, changes=changes)


class Venue:
    """The engine, its twin, and the book that the public sees."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.matching = Matching(WHOLE, opening(), treasury=ledger)
        self.twin = NaiveMatching()
        for price in (*BIDS, *ASKS):
            self.twin.crowd_is(price, 5, is_buy=price in BIDS)
        self.book = VenueBook(WHOLE)
        self.book.apply(opening())
        self.fills: list[tuple[int, int, int, bool]] = []
        self.traded: defaultdict[int, int] = defaultdict(int)
        self.printed: defaultdict[int, int] = defaultdict(int)
        self.next_number = 1
        self.source_id = 10
        self.source_trades = 0

    def do(self, command: tuple[Any, ...]) -> None:
        match command:
            case ("limit", account, is_buy, amount, price, kind, tif, mode):
                tif = tif if kind is OrderKind.LIMIT else TimeInForce.GTC
                self.place(Asked(account, is_buy, kind, amount, price, tif, mode))
            case ("market", account, is_buy, amount, mode):
                self.place(Asked(account, is_buy, OrderKind.MARKET, amount, None, TimeInForce.GTC, mode))
            case ("cancel", number):
                self.twin.cancel(number)
                self.heard(self.matching.cancel(number, 1.0))
            case ("amend", number, amount, price):
                self.twin.amend(number, amount, price)
                self.heard(self.matching.amend(number, 1.0, amount=Decimal(amount), price=Decimal(price)))
            case ("flow", trades, changes):
                self.flow(trades, changes)

    def place(self, asked: Asked) -> None:
        request = OrderRequest(
            account=asked.account,
            is_buy=asked.is_buy,
            kind=asked.kind,
            amount=Decimal(asked.amount),
            price=None if asked.price is None else Decimal(asked.price),
            time_in_force=asked.time_in_force,
            self_trade=asked.self_trade,
        )
        outcome = self.matching.place(request, 1.0)
        answer = outcome.events[0]
        if not (isinstance(answer, Refused) and answer.reason is RefusalReason.INSUFFICIENT_FUNDS):
            # The twin knows nothing of money.
            self.twin.place(self.next_number, asked)
        self.next_number += isinstance(answer, Accepted)
        self.heard(outcome)

    def flow(self, trades: list[tuple[bool, int, int]], changes: list[tuple[int, int]]) -> None:
        told = []
        for taker_is_buyer, price, amount in trades:
            self.source_trades += 1
            told.append(
                MarketTrade(
                    trade_id=self.source_trades,
                    price=str(price),
                    amount=str(amount),
                    taker_is_buyer=taker_is_buyer,
                    time=1.0,
                )
            )
            self.twin.crowd_trades(price, amount, taker_is_buyer=taker_is_buyer)
        for price, said in changes:
            self.twin.crowd_is(price, said, is_buy=price in BIDS)
        self.twin.crowd_crosses()
        first_id = self.source_id + 1
        self.source_id += len(changes)
        step = MarketStep(
            time=1.0,
            first_id=first_id,
            last_id=self.source_id,
            changes=tuple(
                LevelChange(is_bid=price in BIDS, price=str(price), amount=str(said))
                for price, said in changes
            ),
            trades=tuple(told),
        )
        self.heard(self.matching.follow(step))

    def heard(self, outcome: Outcome) -> None:
        for event in outcome.events:
            if isinstance(event, Filled):
                self.fills.append((event.state.order_id, int(event.price), int(event.amount), event.is_maker))
                self.traded[event.trade_id] = int(event.amount)
        for step in outcome.steps:
            assert step.first_id == self.book.last_id + 1
            self.book.apply(step)
            for trade in step.trades:
                assert trade.trade_id == len(self.printed) + 1
                self.printed[trade.trade_id] = int(trade.amount)

    def twins_levels(self, *, is_buy: bool) -> list[tuple[str, str]]:
        amounts: defaultdict[int, int] = defaultdict(int)
        for one in self.twin.line(is_buy=is_buy):
            amounts[one.price] += one.amount
        return [(str(price), str(amount)) for price, amount in amounts.items()]

    def twins_place(self, number: int) -> int | None:
        """What stands before an order at its level."""
        mine = [one for one in self.twin.standing if one.number == number]
        if not mine:
            return None
        level = [one for one in self.twin.line(is_buy=mine[0].is_buy) if one.price == mine[0].price]
        return sum(one.amount for one in level[: level.index(mine[0])])


def in_one(fills: list[tuple[int, int, int, bool]]) -> list[tuple[int, int, int, bool]]:
    """Fills of one order at one price in a row as one: the twin tells the crowd's orders apart."""
    joined: list[tuple[int, int, int, bool]] = []
    for number, price, amount, is_maker in fills:
        goes_on = joined and joined[-1][:2] == (number, price) and joined[-1][3] == is_maker
        before = joined.pop()[2] if goes_on else 0
        joined.append((number, price, before + amount, is_maker))
    return joined


@given(commands)
@settings(max_examples=200, deadline=None)
def test_the_engine_fills_whom_its_twin_fills_at_the_same_prices(told: list[tuple[Any, ...]]) -> None:
    venue = Venue()
    for command in told:
        venue.do(command)
        assert in_one(venue.twin.fills) == in_one(venue.fills)


@given(commands)
@settings(max_examples=100, deadline=None)
def test_the_public_book_is_what_stands_at_the_twin(told: list[tuple[Any, ...]]) -> None:
    venue = Venue()
    for command in told:
        venue.do(command)
        _, bids, asks = venue.book.snapshot()
        assert (venue.twins_levels(is_buy=True), venue.twins_levels(is_buy=False)) == (bids, asks)


@given(commands)
@settings(max_examples=100, deadline=None)
def test_every_order_has_the_same_place_in_line_as_at_the_twin(told: list[tuple[Any, ...]]) -> None:
    venue = Venue()
    for command in told:
        venue.do(command)
        for number in range(1, venue.next_number):
            assert venue.twins_place(number) == venue.matching.amount_before(number)


@given(commands)
@settings(max_examples=100, deadline=None)
def test_every_fill_is_a_trade_on_the_public_tape(told: list[tuple[Any, ...]]) -> None:
    venue = Venue()
    for command in told:
        venue.do(command)
    assert venue.traded == {number: venue.printed[number] for number in venue.traded}


plans = st.builds(
    FeePlan,
    maker=st.sampled_from([Decimal(0), Decimal("0.0007"), Decimal("-0.0001")]),
    taker=st.sampled_from([Decimal("0.001"), Decimal("0.00033")]),
    asset=st.sampled_from(FeeAsset),
    token=st.sampled_from(["BNB", "BTC", "USDT"]),
    discount=st.sampled_from([Decimal(0), Decimal("0.25")]),
)
triggered = st.builds(
    lambda account, is_buy, price, trigger, limit: OrderRequest(
        account=account,
        is_buy=is_buy,
        kind=OrderKind.LIMIT if limit else OrderKind.MARKET,
        amount=Decimal(3),
        price=Decimal(limit) if limit else None,
        trigger=trigger(Decimal(price), is_buy=is_buy),
    ),
    st.sampled_from(ACCOUNTS),
    st.booleans(),
    prices,
    st.sampled_from([stop_loss, take_profit]),
    st.none() | prices,
)
by_quote = st.builds(
    lambda account, is_buy, quote, mode: OrderRequest(
        account=account, is_buy=is_buy, kind=OrderKind.MARKET, quote_amount=Decimal(quote), self_trade=mode
    ),
    st.sampled_from(ACCOUNTS),
    st.booleans(),
    st.integers(50, 2000),
    st.sampled_from(SelfTrade),
)
orders_of_all_kinds = st.lists(
    st.one_of(limits, markets, cancels, amends, flows, triggered, by_quote), min_size=20, max_size=60
)


def rates(asset: str, token: str) -> Decimal | None:
    """What one unit of the quote is worth."""
    return {"BNB": Decimal("0.0017"), "BTC": Decimal("0.01"), "USDT": Decimal(1)}[token]


@given(plans, plans, st.integers(0, 3000), orders_of_all_kinds)
@settings(max_examples=200, deadline=None)
def test_no_order_makes_or_loses_money(
    anns: FeePlan, bobs: FeePlan, funds: int, told: list[tuple[Any, ...] | OrderRequest]
) -> None:
    ledger = Ledger(precisions={"USDT": 3, "BTC": 5, "BNB": 6}, rates=rates)
    for account, plan in zip(ACCOUNTS, (anns, bobs), strict=True):
        ledger.open_account(account, plan)
        for asset, amount in (("USDT", funds), ("BTC", funds // 100), ("BNB", 1)):
            if amount:
                ledger.deposit(f"{account}/{asset}", account, asset, Decimal(amount), 0.0)
    venue = Venue(ledger)
    for command in told:
        if isinstance(command, OrderRequest):
            venue.heard(venue.matching.place(command, 1.0))
        else:
            venue.do(command)
        assert [ledger.total(asset) for asset in ("USDT", "BTC", "BNB")] == [0, 0, 0]
        for account in ACCOUNTS:
            assert all(min(held.free, held.locked) >= 0 for held in ledger.balances(account).values())
    for account in ACCOUNTS:
        for state in venue.matching.open_orders(account):
            venue.matching.cancel(state.order_id, 2.0)
        assert not any(held.locked for held in ledger.balances(account).values())
