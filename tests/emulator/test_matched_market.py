"""Accounts in a market that runs: made up, or recorded."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from tests.emulator.scripted_market import BTC, START, ScriptedMarket

from venuekit.emulator.dialects.recorded_binance import BinanceReader
from venuekit.emulator.ledger import FeePlan, Ledger
from venuekit.emulator.market import Market
from venuekit.emulator.matched_market import MatchedMarket
from venuekit.emulator.order import (
    Accepted,
    Cancelled,
    Filled,
    OrderKind,
    OrderRequest,
    OrderStatus,
)
from venuekit.emulator.order_flow import SyntheticMarket
from venuekit.emulator.recorded_flow import RecordedMarket, recorded_markets
from venuekit.emulator.sparse_ids import SparseIds
from venuekit.emulator.step import MarketSource
from venuekit.protocol.recording import read_recording
from venuekit.seams import disk

LOT = Decimal("0.5")


def order(*, is_buy: bool, amount: Decimal = LOT, price: str | None = None) -> OrderRequest:
    return OrderRequest(
        account="ann",
        is_buy=is_buy,
        kind=OrderKind.MARKET if price is None else OrderKind.LIMIT,
        amount=amount,
        price=None if price is None else Decimal(price),
    )


def made_up() -> SyntheticMarket:
    return SyntheticMarket(BTC, 7, START, rate=200.0)


def test_without_orders_the_steps_are_the_sources_own() -> None:
    matched = MatchedMarket(made_up())
    assert [matched.opening(), *matched.until(START + 20)] == [
        made_up().opening(),
        *made_up().until(START + 20),
    ]


def test_a_command_meets_the_market_as_it_is_at_its_moment() -> None:
    source = ScriptedMarket()
    source.happens(1.0, asks=[("101.00", "0.000")])
    matched = MatchedMarket(source)
    events = matched.place(order(is_buy=True), START + 2)
    assert [event.price for event in events if isinstance(event, Filled)] == [Decimal(102)]


def test_steps_come_out_in_order_of_time() -> None:
    source = ScriptedMarket()
    source.happens(1.0, bids=[("98.00", "2.000")])
    source.happens(3.0, bids=[("97.00", "2.000")])
    matched = MatchedMarket(source)
    matched.place(order(is_buy=True), START + 2)
    assert [step.time - START for step in matched.until(START + 4)] == [1.0, 2.0, 3.0]


def test_what_the_market_does_to_an_order_waits_to_be_taken() -> None:
    source = ScriptedMarket()
    source.happens(1.0, trades=[("99.00", "1.000", False)])
    matched = MatchedMarket(source)
    matched.place(order(is_buy=True, price="99.50"), START)
    list(matched.until(START + 2))
    assert [type(event) for event in matched.take_events()] == [Accepted, Filled]
    assert matched.take_events() == []


def test_orders_are_amended_and_cancelled_where_they_stand() -> None:
    matched = MatchedMarket(ScriptedMarket(), first_order_id=500)
    matched.place(order(is_buy=True, price="99.00"), START)
    matched.amend(500, START + 1, price=Decimal(98))
    state = matched.order(500)
    assert state is not None
    assert (state.price, state.status) == (Decimal(98), OrderStatus.NEW)
    assert [type(event) for event in matched.cancel(500, START + 2)] == [Cancelled]


def test_a_market_publishes_what_accounts_do() -> None:
    matched = MatchedMarket(ScriptedMarket())
    market = Market("BTCUSDT", matched)
    matched.place(order(is_buy=True, price="101.00", amount=Decimal(2)), START + 1)
    list(market.advance(START + 1))
    assert (market.book.best_bid, market.book.best_ask) == (("101.00", "1.000"), ("102.00", "1.000"))
    assert [(trade.price, trade.amount) for trade in market.trades] == [("101.00", "1.000")]


def test_ids_can_be_spread_over_the_combined_market() -> None:
    matched = MatchedMarket(ScriptedMarket())
    market = Market("BTCUSDT", SparseIds(matched, 7))
    matched.place(order(is_buy=True, price="99.00"), START + 1)
    list(market.advance(START + 1))
    assert market.book.last_id == 1001 * 7


class Traded:
    """A market in which an account quotes both sides anew each second and takes every third."""

    def __init__(self, source: MarketSource, seconds: int, size: Decimal) -> None:
        self.ledger = Ledger()
        self.ledger.open_account("ann", FeePlan(maker=Decimal("0.0002"), taker=Decimal("0.0005")))
        for asset in (source.instrument.base, source.instrument.quote):
            self.ledger.deposit(asset, "ann", asset, Decimal(10_000_000), 0.0)
        self.matched = MatchedMarket(source, treasury=self.ledger)
        self.market = Market("SYMBOL", self.matched)
        self.crossed = 0
        self.fills: list[Filled] = []
        opened_at = self.market.book.time
        for second in range(1, seconds + 1):
            now = opened_at + second
            self.run(now)
            for state in self.matched.open_orders("ann")[:-6]:
                self.matched.cancel(state.order_id, now)
            best_bid, best_ask = self.market.book.best_bid, self.market.book.best_ask
            assert best_bid is not None
            assert best_ask is not None
            self.matched.place(order(is_buy=True, amount=size, price=best_bid[0]), now)
            self.matched.place(order(is_buy=False, amount=size, price=best_ask[0]), now)
            if second % 3 == 0:
                self.matched.place(order(is_buy=second % 2 == 0, amount=size), now)
            self.run(now)

    def run(self, now: float) -> None:
        before = self.market.book.last_id
        for step, _ in self.market.advance(now):
            assert step.first_id > before
            before = max(before, step.last_id)
            bid, ask = self.market.book.best_bid, self.market.book.best_ask
            self.crossed += bid is not None and ask is not None and Decimal(bid[0]) >= Decimal(ask[0])
        self.fills += [event for event in self.matched.take_events() if isinstance(event, Filled)]


@pytest.fixture(scope="module")
def traded() -> Traded:
    return Traded(made_up(), 60, LOT)


def test_in_a_made_up_market_orders_are_made_and_taken(traded: Traded) -> None:
    assert {fill.is_maker for fill in traded.fills} == {True, False}


def test_the_public_book_is_never_crossed(traded: Traded) -> None:
    assert traded.crossed == 0


def test_the_public_book_holds_the_accounts_orders(traded: Traded) -> None:
    _, bids, asks = traded.market.book.snapshot()
    amounts = {Decimal(price): Decimal(amount) for price, amount in bids + asks}
    for state in traded.matched.open_orders("ann"):
        assert state.price is not None
        assert amounts[state.price] >= state.left


def test_every_fill_is_on_the_tape_at_its_price(traded: Traded) -> None:
    tape = {trade.trade_id: (Decimal(trade.price), Decimal(trade.amount)) for trade in traded.market.trades}
    assert [tape[fill.trade_id] for fill in traded.fills] == [
        (fill.price, fill.amount) for fill in traded.fills
    ]


def test_trade_ids_grow_by_one(traded: Traded) -> None:
    ids = [trade.trade_id for trade in traded.market.trades]
    assert ids == list(range(1, len(ids) + 1))


def test_a_running_market_keeps_the_money(traded: Traded) -> None:
    assert [traded.ledger.total(asset) for asset in ("BTC", "USDT")] == [0, 0]


def test_the_same_commands_lead_to_the_same_fills(traded: Traded) -> None:
    assert Traded(made_up(), 60, LOT).fills == traded.fills


# Recorded markets.

RECORDING = "binance_spot/hft_btcusdt_20240808.gz"


@pytest.fixture(scope="module")
def recorded(data_path: Callable[[str], Path]) -> Callable[[], RecordedMarket]:
    """The same 346 seconds of a spot market each time it is called."""
    records = list(read_recording(disk.lines(data_path(RECORDING)), RECORDING))
    (market,) = recorded_markets(records, BinanceReader(), START).values()
    steps = [market.opening(), *market.until(START + 1e6)]
    return lambda: RecordedMarket(market.instrument, steps)


@pytest.fixture(scope="module")
def traded_recording(recorded: Callable[[], RecordedMarket]) -> Traded:
    return Traded(recorded(), 300, LOT)


def test_without_orders_a_recording_is_replayed_as_it_is(recorded: Callable[[], RecordedMarket]) -> None:
    alone, combined = Market("ALONE", recorded()), Market("COMBINED", MatchedMarket(recorded()))
    for market in (alone, combined):
        list(market.advance(START + 400))
    assert (alone.snapshot(), alone.trades) == (combined.snapshot(), combined.trades)


def test_in_a_recorded_market_orders_are_made_in_parts_and_taken(traded_recording: Traded) -> None:
    made = [fill for fill in traded_recording.fills if fill.is_maker]
    assert any(fill.amount < LOT for fill in made)
    assert any(fill.state.status is OrderStatus.FILLED for fill in made)
    assert not all(fill.is_maker for fill in traded_recording.fills)


def test_orders_never_cross_a_recorded_book(traded_recording: Traded) -> None:
    assert traded_recording.crossed == 0


def test_a_recorded_market_keeps_the_money(traded_recording: Traded) -> None:
    assert [traded_recording.ledger.total(asset) for asset in ("BTC", "USDT")] == [0, 0]
