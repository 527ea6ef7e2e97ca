"""The matching engine against its naive twin, and the accounts' money through all of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.emulator.naive_matching import NaiveMatching, One
from tests.machines import budget, finds_it

from venuekit.emulator import taking
from venuekit.emulator.instruments import instrument
from venuekit.emulator.ledger import FeeAsset, FeePlan, Ledger
from venuekit.emulator.liquidity import LiveOrder, Side
from venuekit.emulator.matching import Matching
from venuekit.emulator.order import (
    Accepted,
    Filled,
    OrderKind,
    OrderRequest,
    Outcome,
    SelfTrade,
    TimeInForce,
    Trigger,
)
from venuekit.emulator.step import LevelChange, MarketStep, MarketTrade
from venuekit.emulator.taking import Plan, QuoteAppetite
from venuekit.emulator.venue_book import VenueBook

WHOLE = instrument("BTC-USDT", "100", "1", "1")
"""Prices and amounts without digits after the point."""
BIDS, ASKS = range(98, 100), range(100, 102)
"""Where the crowd stands: it never crosses itself, but accounts' prices reach across both."""
ACCOUNTS = ("ann", "bob")

names = st.sampled_from(ACCOUNTS)
amounts = st.integers(1, 9)
prices = st.integers(97, 102)
modes = st.sampled_from([*SelfTrade, *SelfTrade, SelfTrade.DECREMENT])
triggers = st.builds(
    lambda price, rises: Trigger(price=Decimal(price), waits_for_rise=rises), prices, st.booleans()
)
limits = st.builds(
    lambda account, is_buy, amount, price, terms, mode, trigger: OrderRequest(
        account=account,
        is_buy=is_buy,
        kind=terms[0],
        amount=Decimal(amount),
        price=Decimal(price),
        time_in_force=terms[1],
        self_trade=mode,
        trigger=None if terms[0] is OrderKind.LIMIT_MAKER else trigger,
    ),
    names,
    st.booleans(),
    amounts,
    prices,
    st.sampled_from(
        [
            *((OrderKind.LIMIT, TimeInForce.GTC),) * 4,
            (OrderKind.LIMIT, TimeInForce.IOC),
            (OrderKind.LIMIT, TimeInForce.FOK),
            (OrderKind.LIMIT_MAKER, TimeInForce.GTC),
        ]
    ),
    modes,
    st.none() | st.none() | triggers,
)
markets = st.builds(
    lambda account, is_buy, amount, mode, trigger: OrderRequest(
        account=account,
        is_buy=is_buy,
        kind=OrderKind.MARKET,
        amount=Decimal(amount),
        self_trade=mode,
        trigger=trigger,
    ),
    names,
    st.booleans(),
    amounts,
    modes,
    st.none() | triggers,
)
by_quote = st.builds(
    lambda account, is_buy, quote, mode: OrderRequest(
        account=account, is_buy=is_buy, kind=OrderKind.MARKET, quote_amount=Decimal(quote), self_trade=mode
    ),
    names,
    st.booleans(),
    st.integers(50, 900),
    modes,
)
numbers = st.integers(1, 12)
crowd_trades = st.lists(st.tuples(st.booleans(), prices, amounts), max_size=2)
crowd_levels = st.lists(
    st.tuples(st.sampled_from([*BIDS, *ASKS]), st.integers(0, 5)),
    max_size=2,
    unique_by=lambda level: level[0],
)


def opening() -> MarketStep:
    changes = tuple(
        LevelChange(is_bid=price in BIDS, price=str(price), amount="2") for price in (*BIDS, *ASKS)
    )
    return MarketStep(time=0.0, first_id=10, last_id=10, changes=changes)


def as_asked(request: OrderRequest, number: int) -> One:
    """An order in the twin's words."""
    trigger = request.trigger
    sign = 1 if trigger is None or trigger.waits_for_rise else -1
    return One(
        is_buy=request.is_buy,
        price=None if request.price is None else int(request.price),
        left=int(request.amount or 0),
        number=number,
        account=request.account,
        kind=request.kind,
        time_in_force=request.time_in_force,
        self_trade=request.self_trade,
        trigger=0 if trigger is None else sign * int(trigger.price),
        quote=None if request.quote_amount is None else int(request.quote_amount),
    )


class Venue:
    """The engine, and the book and the tape that the public sees."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.matching = Matching(WHOLE, opening(), treasury=ledger)
        self.book = VenueBook(WHOLE)
        self.book.apply(opening())
        self.fills: list[tuple[int, int, int, bool]] = []
        self.traded: defaultdict[int, int] = defaultdict(int)
        self.printed: defaultdict[int, int] = defaultdict(int)
        self.source_id = 10
        self.source_trades = 0

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

    def amend(self, number: int, amount: int, price: int | None) -> None:
        new_price = None if price is None else Decimal(price)
        self.heard(self.matching.amend(number, 1.0, amount=Decimal(amount), price=new_price))

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


def in_one(fills: list[tuple[int, int, int, bool]]) -> list[tuple[int, int, int, bool]]:
    """Fills of one order at one price in a row as one: the twin tells the crowd's orders apart."""
    joined: list[tuple[int, int, int, bool]] = []
    for number, price, amount, is_maker in fills:
        goes_on = joined and joined[-1][:2] == (number, price) and joined[-1][3] == is_maker
        before = joined.pop()[2] if goes_on else 0
        joined.append((number, price, before + amount, is_maker))
    return joined


class MatchedMarket(RuleBasedStateMachine):
    """Whatever two accounts and the crowd do: engine and twin fill, hold and show the same."""

    def __init__(self) -> None:
        super().__init__()
        self.venue = Venue()
        self.twin = NaiveMatching(last=int(WHOLE.start_price))
        for price in (*BIDS, *ASKS):
            self.twin.crowd_is(price in BIDS, price, 2)
        self.orders: dict[int, One] = {}

    @rule(request=limits | limits | markets | by_quote)
    def place(self, request: OrderRequest) -> None:
        outcome = self.venue.matching.place(request, 1.0)
        self.venue.heard(outcome)
        number = len(self.orders) + 1
        one = as_asked(request, number)
        is_accepted = self.twin.place(one)
        assert is_accepted is isinstance(outcome.events[0], Accepted)
        if is_accepted:
            self.orders[number] = one

    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        self.venue.heard(self.venue.matching.cancel(number, 1.0))
        if number in self.orders:
            self.orders[number].left = 0

    @rule(number=numbers, amount=amounts, price=st.none() | prices)
    def amend(self, number: int, amount: int, price: int | None) -> None:
        self.venue.amend(number, amount, price)
        if number in self.open_orders():
            self.twin.amend(self.orders[number], amount, price)

    @rule(trades=crowd_trades, changes=crowd_levels)
    def the_crowd_moves(self, trades: list[tuple[bool, int, int]], changes: list[tuple[int, int]]) -> None:
        self.venue.flow(trades, changes)
        for taker_is_buyer, price, amount in trades:
            self.twin.crowd_trades(taker_is_buyer, price, amount)
        for price, said in changes:
            self.twin.crowd_is(price in BIDS, price, said)
        self.twin.crowd_crosses()

    def open_orders(self) -> dict[int, int]:
        """What each open order of the twin has left."""
        while self.twin.due:  # each as a step of its own, once what made it due is done
            self.twin.work(self.twin.due.pop(0))
        own = [one for one in (*self.twin.standing, *self.twin.waiting) if one.number and one.left]
        return {one.number: one.left for one in own}

    def levels(self, *, is_buy: bool) -> list[tuple[str, str]]:
        amounts: defaultdict[int, int] = defaultdict(int)
        for price, one in self.twin.line(is_buy):
            amounts[price] += one.left
        return [(str(price), str(amount)) for price, amount in amounts.items()]

    def amounts_before(self, number: int) -> tuple[int, int]:
        """What stands before an order at its level, and what at its whole side."""
        mine = self.orders[number]
        line = [one for _, one in self.twin.line(mine.is_buy)]
        ahead = line[: line.index(mine)]
        return sum(one.left for one in ahead if one.price == mine.price), sum(one.left for one in ahead)

    @invariant()
    def the_same_orders_are_open_with_the_same_place_in_line(self) -> None:
        states = {
            number: state
            for number in self.orders
            if (state := self.venue.matching.order(number)) is not None
        }
        assert self.open_orders() == {number: state.left for number, state in states.items()}
        for number, state in states.items():
            assert state.price == self.orders[number].price
            matching, is_waiting = self.venue.matching, self.orders[number] in self.twin.waiting
            before = matching.amount_before(number), matching.amount_ahead(number)
            assert before == ((None, None) if is_waiting else self.amounts_before(number))

    @invariant()
    def the_same_orders_were_filled_at_the_same_prices(self) -> None:
        self.open_orders()
        assert in_one(self.twin.fills) == in_one(self.venue.fills)
        assert self.twin.last == self.venue.matching.last_price

    @invariant()
    def the_public_book_is_what_stands(self) -> None:
        self.open_orders()
        _, bids, asks = self.venue.book.snapshot()
        assert (self.levels(is_buy=True), self.levels(is_buy=False)) == (bids, asks)

    @invariant()
    def every_fill_is_a_trade_on_the_public_tape(self) -> None:
        traded = self.venue.traded
        assert traded == {number: self.venue.printed[number] for number in traded}


BUDGET = budget(200, steps=40)
MatchedMarket.TestCase.settings = BUDGET
TestMatchedMarket = MatchedMarket.TestCase


# Six defects, and whether the twin finds them: names of what they are put in place of, and what they do.


def _stands_first(self: Side, order: LiveOrder, rank: int) -> None:
    REST(self, order, rank)
    order.before = 0


def _forgets_what_was_taken(self: Side, rank: int, said: int) -> None:
    self._eaten.pop(rank, None)
    HEAR(self, rank, said)


def _kills_nothing(*arguments: Any) -> Plan:
    return PLANNED(*arguments)._replace(base=100)


def _goes_on_after_both_expired(*arguments: Any) -> Plan:
    plan = PLANNED(*arguments)
    expires_both = [it for it in plan.meetings if it.prevention == taking.Prevention(True, True)]
    return plan._replace(is_stopped=plan.is_stopped and not expires_both)


def _forgets_what_it_spent(self: QuoteAppetite, price: int, amount: int) -> None:
    """A taker by quote."""


REST, HEAR, PLANNED = Side.rest, Side.hear, taking.planned


@pytest.mark.parametrize(
    ("place", "lie"),
    [
        ("liquidity.Side.rest", _stands_first),
        ("liquidity.Side.hear", _forgets_what_was_taken),
        ("matching.planned", _kills_nothing),
        ("matching.planned", _goes_on_after_both_expired),
        ("taking.QuoteAppetite.feed", _forgets_what_it_spent),
        ("matching.insort", list.append),
    ],
)
def test_the_twin_finds(place: str, lie: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"venuekit.emulator.{place}", lie)
    assert finds_it(MatchedMarket, BUDGET)


plans = st.builds(
    FeePlan,
    maker=st.sampled_from([Decimal(0), Decimal("0.0007"), Decimal("-0.0001")]),
    taker=st.sampled_from([Decimal("0.001"), Decimal("0.00033")]),
    asset=st.sampled_from(FeeAsset),
    token=st.sampled_from(["BNB", "BTC", "USDT"]),
    discount=st.sampled_from([Decimal(0), Decimal("0.25")]),
)
commands = st.lists(
    st.one_of(
        limits,
        limits,
        markets,
        by_quote,
        st.tuples(numbers),
        st.tuples(numbers, amounts, st.none() | prices),
        st.tuples(crowd_trades, crowd_levels),
    ),
    min_size=20,
    max_size=60,
)


def rates(asset: str, token: str) -> Decimal | None:
    """What one unit of the quote is worth."""
    return {"BNB": Decimal("0.0017"), "BTC": Decimal("0.01"), "USDT": Decimal(1)}[token]


@given(plans, plans, st.integers(0, 3000), commands)
@settings(max_examples=100, deadline=None)
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
        match command:
            case OrderRequest():
                venue.heard(venue.matching.place(command, 1.0))
            case (number,):
                venue.heard(venue.matching.cancel(number, 1.0))
            case (trades, changes):
                venue.flow(trades, changes)
            case (number, amount, price):
                venue.amend(number, amount, price)
        assert [ledger.total(asset) for asset in ("USDT", "BTC", "BNB")] == [0, 0, 0]
        for account in ACCOUNTS:
            assert all(min(held.free, held.locked) >= 0 for held in ledger.balances(account).values())
    for account in ACCOUNTS:
        for state in venue.matching.open_orders(account):
            venue.matching.cancel(state.order_id, 2.0)
        assert not any(held.locked for held in ledger.balances(account).values())
