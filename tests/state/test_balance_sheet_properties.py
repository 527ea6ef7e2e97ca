"""Estimated balances against a venue's own books, whatever is on its way, and in whatever order it comes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.machines import budget, finds_it
from tests.state.order_bench import PAIR
from tests.state.toy_ledger import ASSETS, BASE, LIVE, QUOTE, ToyLedger, fee_of

from venuekit.model.account import BalanceChannel, BalanceMove, BalanceReport
from venuekit.model.order import Command, NewOrder, OrderState, OrderType, TradeType
from venuekit.model.order_update import TradeUpdate
from venuekit.state import order_funds
from venuekit.state.balance_sheet import BalanceSheet, FigureKind
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_funds import InFlightSnapshot

_CLOCK_ERROR = 3.0
_FAR = 20.0
"""Seconds after which no clock error makes two moments uncertain."""

amounts = st.integers(1, 8).map(Decimal)
prices = st.integers(10, 12).map(Decimal)


class Poll(NamedTuple):
    """A question for all balances; `report` None: the venue did not look yet."""

    snapshot: InFlightSnapshot
    report: BalanceReport | None


class Sheet(RuleBasedStateMachine):
    """Every message arrives, at any time and in any order; polls are asked, answered and read at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.venue = ToyLedger()
        self.channel = BalanceChannel.NONE
        self.sheet = BalanceSheet(self.channel, {}, lambda: self.venue.orders)
        self.polls: list[Poll] = []
        self.has_slow_polls = True
        self.names = 0
        self.newest = (float("-inf"), float("inf"))
        """When the latest poll was asked at the earliest, and answered at the latest."""
        self.latest = InFlightSnapshot.of([], 0.0)
        """What was known when it was asked, as far as that was still so when it was answered."""
        self.wanted: dict[str, Decimal] = {}
        """Amends on their way."""

    @initialize(
        channel=st.sampled_from(BalanceChannel),
        skew=st.sampled_from([-2.5, 0.0, 2.5]),
        has_slow_polls=st.booleans(),
    )
    def open(self, channel: BalanceChannel, skew: float, has_slow_polls: bool) -> None:
        self.channel = channel
        self.venue = ToyLedger(skew)
        self.sheet = BalanceSheet(channel, {}, lambda: self.venue.orders)
        self.has_slow_polls = has_slow_polls
        if not has_slow_polls:
            self.poll_at_once()

    # --- we

    @rule(
        is_buy=st.booleans(), amount=amounts, price=prices, kind=st.sampled_from(["limit", "base", "quote"])
    )
    def place(self, is_buy: bool, amount: Decimal, price: Decimal, kind: str) -> None:
        self.names += 1
        is_by_quote = kind == "quote" and is_buy
        intent = NewOrder(
            client_order_id=f"id-{self.names}",
            trading_pair=PAIR,
            trade_type=TradeType.BUY if is_buy else TradeType.SELL,
            order_type=OrderType.LIMIT if kind == "limit" else OrderType.MARKET,
            amount=None if is_by_quote else amount,
            quote_amount=amount * price if is_by_quote else None,
            price=price if kind == "limit" else None,
        )
        self.venue.place(intent)

    @precondition(lambda self: self.venue.on_their_way)
    @rule()
    def all_arrive_and_are_heard(self) -> None:
        for name in list(self.venue.on_their_way):
            self.venue.arrive(name)
            self.push()
        while self.venue.news:
            self.take_in(0)

    @precondition(lambda self: self.live())
    @rule(data=st.data(), amount=amounts)
    def amend(self, data: st.DataObject, amount: Decimal) -> None:
        name = data.draw(st.sampled_from(self.live()))
        order = self.venue.tracker.active_orders.get(name)
        if order is not None and order.price is not None and order.is_open and name not in self.wanted:
            self.venue.tracker.amending(name, amount, self.venue.our_time)
            self.wanted[name] = amount

    @precondition(lambda self: self.has_slow_polls)
    @rule()
    def ask_and_wait(self) -> None:
        self.ask()

    def ask(self) -> None:
        asked_at = self.venue.our_time - _CLOCK_ERROR
        snapshot = self.sheet.snapshot(asked_at)
        self.polls.append(Poll(snapshot, None))

    @precondition(lambda self: self.polls)
    @rule(data=st.data())
    def move_a_poll_on(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.polls) - 1))
        snapshot, report = self.polls[index]
        if report is None:
            self.polls[index] = Poll(snapshot, self.venue.report())
        else:
            del self.polls[index]
            self.read(snapshot, report)

    @rule()
    def poll_at_once(self) -> None:
        self.venue.tick(_FAR)
        self.ask()
        snapshot, _ = self.polls.pop()
        report = self.venue.report()
        self.venue.tick(_FAR)
        self.read(snapshot, report)

    def read(self, snapshot: InFlightSnapshot, report: BalanceReport) -> None:
        since, until = snapshot.taken_at, self.venue.our_time + _CLOCK_ERROR
        aged = BalanceReport(balances=report.balances, observed_at=since, is_complete=True)
        self.sheet.polled(aged, snapshot, until)
        if since >= self.newest[0]:
            self.newest = (since, until)
            self.latest = snapshot.confirmed_by(self.venue.orders)

    # --- the venue

    @precondition(lambda self: self.venue.on_their_way)
    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(list(self.venue.on_their_way)))
        self.venue.arrive(name)
        self.push()

    @precondition(lambda self: self.venue.on_their_way)
    @rule(data=st.data())
    def get_lost(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(list(self.venue.on_their_way)))
        del self.venue.on_their_way[name]
        self.venue.tracker.presume_closed(name, self.venue.our_time)

    @precondition(lambda self: self.live())
    @rule(
        data=st.data(),
        part=amounts,
        gain=st.integers(0, 2),
        fee=st.sampled_from([*ASSETS, "added", "deducted"]),
    )
    def fill(self, data: st.DataObject, part: Decimal, gain: int, fee: str) -> None:
        name = data.draw(st.sampled_from(self.live()))
        booked = self.venue.books[name]
        price = (booked.intent.price or Decimal(11)) + (-gain if booked.intent.is_buy() else gain)
        if booked.intent.quote_amount is None:
            part = min(part, booked.amount - booked.filled)
        elif part * price > booked.intent.quote_amount - booked.spent:
            return
        self.venue.fill(name, part, price, fee_of(fee, Decimal("0.5")))
        self.push()

    @precondition(lambda self: self.live())
    @rule(data=st.data(), state=st.sampled_from([OrderState.CANCELED, OrderState.EXPIRED]))
    def end(self, data: st.DataObject, state: OrderState) -> None:
        self.venue.end(data.draw(st.sampled_from(self.live())), state)
        self.push()

    @precondition(lambda self: self.wanted)
    @rule()
    def amend_arrives(self) -> None:
        name, amount = self.wanted.popitem()
        booked = self.venue.books[name]
        extra = (amount - booked.amount) * (booked.intent.price or 0 if booked.intent.is_buy() else 1)
        asset = QUOTE if booked.intent.is_buy() else BASE
        if booked.state in LIVE and booked.filled < amount and extra <= self.venue.free(asset):
            self.venue.amend(name, amount)
            self.push()
        else:
            self.refuse_amend(name, amount)

    @rule(asset=st.sampled_from(ASSETS), amount=st.integers(-9, 9).filter(bool).map(Decimal))
    def move(self, asset: str, amount: Decimal) -> None:
        if self.venue.free(asset) + amount >= 0:
            self.venue.move(asset, amount)
            self.push()

    @precondition(lambda self: self.venue.news)
    @rule(data=st.data())
    def hear(self, data: st.DataObject) -> None:
        self.take_in(data.draw(st.integers(0, len(self.venue.news) - 1)))

    @rule(seconds=st.sampled_from([0.5, _FAR]))
    def wait(self, seconds: float) -> None:
        self.venue.tick(seconds)

    # --- what must hold

    @invariant()
    def never_more_is_shown_as_available_than_there_can_be(self) -> None:
        unheard = self.venue.unheard_costs()
        for asset in ASSETS:
            most = self.venue.free(asset) - self.venue.coming(asset) + unheard[asset]
            assert self.sheet.available(asset) <= max(Decimal(0), most), asset

    @invariant()
    def one_asset_and_all_are_told_alike(self) -> None:
        availables, totals = self.sheet.availables(), self.sheet.totals()
        for asset in ASSETS:
            assert availables.get(asset, Decimal(0)) == self.sheet.available(asset)
            assert totals.get(asset, Decimal(0)) == self.sheet.total(asset)

    @rule()
    def settle(self) -> None:
        """All arrives: then the sheet is the truth, by its stream or since a poll that nothing fell into."""
        while self.wanted:
            self.amend_arrives()
        while self.venue.on_their_way:
            self.venue.arrive(next(iter(self.venue.on_their_way)))
            self.push()
        while self.venue.news:
            self.take_in(0)
        if not self.is_certain():
            return
        is_pushed = self.channel is BalanceChannel.FREE_AND_LOCKED
        if self.sheet.is_known and (self.is_sharp() or is_pushed):
            self.is_true()
        if self.sheet.is_known and is_pushed:
            self.is_told()

    def teardown(self) -> None:
        self.settle()
        self.poll_at_once()
        if self.is_certain():
            self.is_true()
            self.is_told()

    def is_told(self) -> None:
        assert all(self.sheet.figure(asset).kind is not FigureKind.ESTIMATED for asset in ASSETS)

    def is_true(self) -> None:
        for asset in ASSETS:
            figure = self.sheet.figure(asset)
            assert self.venue.owned[asset] == figure.total, asset
            assert max(Decimal(0), self.venue.free(asset)) == figure.available, asset

    # --- inside

    def is_certain(self) -> bool:
        """Whether every order's amount is known: two amends that are heard of in reverse leave a doubt."""
        return not any(order.possible_amounts for order in self.venue.orders)

    def is_sharp(self) -> bool:
        """Whether nothing happened at the venue while the latest poll was under way."""
        since, until = self.newest
        is_quiet = not any(since < at <= until for at in self.venue.event_times)
        return is_quiet and all(map(self.is_plain, self.venue.orders))

    def is_plain(self, order: InFlightOrder) -> bool:
        """Whether the terms that the venue held it by at the latest poll are known for certain."""
        since = self.newest[0]
        is_as_then = order.amended_at is None or order.amended_at <= since
        is_later = order.seen_since is None or order.seen_since > since
        known = self.latest.orders.get(order.client_order_id)
        return is_as_then or is_later or (known is not None and known.terms is not None)

    def refuse_amend(self, name: str, amount: Decimal) -> None:
        self.venue.tracker.request_failed(name, self.venue.our_time, command=Command.AMEND, amount=amount)

    def live(self) -> list[str]:
        return [name for name, booked in self.venue.books.items() if booked.state in LIVE]

    def push(self) -> None:
        """What the stream tells of the balances, where it does."""
        if self.channel is not BalanceChannel.NONE and self.venue.news:
            is_free_told = self.channel is BalanceChannel.FREE_AND_LOCKED
            self.venue.news.append(self.venue.report(is_complete=False, with_free=is_free_told))

    def take_in_push_of(self, at: float) -> None:
        """With a move comes the new balance."""
        for index, news in enumerate(self.venue.news):
            if isinstance(news, BalanceReport) and news.observed_at == at:
                self.take_in(index)
                return

    def take_in(self, index: int) -> None:
        news = self.venue.news.pop(index)
        match news:
            case BalanceReport():
                self.sheet.pushed(news)
            case BalanceMove():
                self.sheet.moved(news)
                if self.channel is BalanceChannel.FREE_AND_LOCKED:
                    self.take_in_push_of(news.timestamp)
            case _:
                self.venue.hear(news)


BUDGET = budget(100, steps=40)
Sheet.TestCase.settings = BUDGET
TestSheet = Sheet.TestCase


# Three defects, and whether the venue's books find them.


def _counts_fees_nowhere(trade: TradeUpdate, order: InFlightOrder) -> Iterator[tuple[str, Decimal]]:
    return iter(())


def _has_heard_of_every_move(self: BalanceSheet, move: BalanceMove) -> bool:
    return True


def _holds_nothing_in_doubt(order: InFlightOrder, asset: str) -> Decimal:
    return Decimal(0) if order.seen_since is None else HELD(order, asset)


HELD = order_funds.held


@pytest.mark.parametrize(
    ("place", "lie"),
    [
        ("balance_sheet.BalanceSheet.has_heard", _has_heard_of_every_move),
        ("order_funds._fees", _counts_fees_nowhere),
        ("order_funds.held", _holds_nothing_in_doubt),
    ],
)
def test_the_venues_books_find(place: str, lie: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"venuekit.state.{place}", lie)
    assert finds_it(Sheet, BUDGET)
