"""The desk: commands in, events out, the same story in the ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.emulator.scripted_market import BTC, ETH, START, ScriptedMarket

from venuekit.emulator import order as told
from venuekit.emulator.desk import AccountFeed, Desk, Done
from venuekit.emulator.ledger import FeeAsset, FeePlan
from venuekit.emulator.order import OrderKind, OrderRequest, OrderStatus, RefusalReason, SelfTrade
from venuekit.emulator.order_flow import SyntheticMarket
from venuekit.emulator.order_record import AccountEvent
from venuekit.seams import chance

NOW = START + 1.0
PAIR = "BTC-USDT"
LOT = Decimal("0.001")


class Exchange:
    """A desk over the scripted BTC-USDT and ETH-USDT, with ann and bob, who have 100 of everything."""

    def __init__(self) -> None:
        self.market = ScriptedMarket(BTC)
        self.desk = Desk()
        for source in (self.market, ScriptedMarket(ETH)):
            self.desk.open_market(source)
        for name in ("ann", "bob"):
            self.desk.open_account(name, FeePlan(maker=Decimal("0.001"), taker=Decimal("0.002")))
            for asset in ("BTC", "ETH"):
                self.desk.deposit(name, asset, Decimal(100), START)
            self.desk.deposit(name, "USDT", Decimal(10_000), START)

    def ask(
        self, side: str, amount: str, price: str | None, account: str = "ann", now: float = NOW, **more: Any
    ) -> Done:
        pair = more.pop("pair", PAIR)
        terms = more.pop("terms", None)
        request = OrderRequest(
            account=account,
            is_buy=side == "buy",
            kind=OrderKind.MARKET if price is None else OrderKind.LIMIT,
            amount=Decimal(amount),
            price=None if price is None else Decimal(price),
            **more,
        )
        return self.desk.place(pair, request, now, terms)

    def run(self, until: float) -> None:
        """Let the market's time pass, as the dialect's tick does."""
        for market in self.desk.markets.values():
            list(market.until(START + until))
        self.desk.settle()


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def _kinds(feed: AccountFeed) -> list[str]:
    return [type(event.event or event.entry).__name__ for event in feed.take()]


# Commands.


def test_a_placed_order_is_returned_as_it_stands_then(exchange: Exchange) -> None:
    done = exchange.ask("buy", "1.5", "101", client_order_id="one", terms={"type": "LIMIT"})
    record = done.record()
    assert (record.state.status, record.state.filled) == (OrderStatus.PARTIALLY_FILLED, Decimal(1))
    assert (record.client_order_id, record.terms, record.placed_at) == ("one", {"type": "LIMIT"}, NOW)
    (fill,) = done.fills
    assert (fill.price, fill.amount, fill.quote_amount, fill.is_maker) == (
        Decimal(101),
        Decimal(1),
        Decimal(101),
        False,
    )
    assert (fill.fee.token, fill.fee.amount) == ("BTC", Decimal("0.002"))


def test_a_refused_order_leaves_nothing(exchange: Exchange) -> None:
    feed = exchange.desk.follow("ann")
    done = exchange.ask("buy", "1000", "99")
    assert (done.refusal, done.order) == (RefusalReason.INSUFFICIENT_FUNDS, None)
    with pytest.raises(LookupError, match="refused"):
        done.record()
    assert feed.take() == []
    assert exchange.desk.archive.orders("ann") == []


def test_commands_for_orders_that_are_gone_say_so(exchange: Exchange) -> None:
    exchange.ask("buy", "1", "101")
    assert exchange.desk.cancel(PAIR, 1, NOW).refusal is RefusalReason.UNKNOWN_ORDER
    assert exchange.desk.amend(PAIR, 1, NOW, amount=Decimal(1)).refusal is RefusalReason.UNKNOWN_ORDER


def test_ids_are_the_markets_own(exchange: Exchange) -> None:
    first = exchange.ask("buy", "1", "98").record()
    other = exchange.ask("buy", "1", "9", pair="ETH-USDT").record()
    assert first.order_id == other.order_id == 1
    assert exchange.desk.archive.order("ETH-USDT", 1) == other


# Events.


def test_everything_is_told_once_and_in_order(exchange: Exchange) -> None:
    feed = exchange.desk.follow("ann")
    exchange.ask("buy", "1.5", "101")
    exchange.desk.amend(PAIR, 1, NOW, amount=Decimal("1.2"))
    exchange.desk.cancel(PAIR, 1, NOW, "enough")
    events = feed.take()
    assert [type(event.event).__name__ for event in events] == ["Accepted", "Filled", "Amended", "Cancelled"]
    first = events[0].sequence
    assert [event.sequence for event in events] == [first, first + 1, first + 2, first + 3]
    assert [event.command_id for event in events] == ["", "", "", "enough"]
    assert len({event.execution_id for event in events}) == 4
    assert feed.take() == []


def test_an_event_carries_the_order_and_the_balances_of_its_moment(exchange: Exchange) -> None:
    feed = exchange.desk.follow("ann")
    exchange.ask("buy", "1.5", "101")
    accepted, filled = feed.take()
    assert accepted.order is not None
    assert filled.order is not None
    assert (accepted.order.state.filled, filled.order.state.filled) == (Decimal(0), Decimal(1))
    assert list(accepted.balances) == ["USDT"]
    assert accepted.balances["USDT"].locked == Decimal("151.5")
    assert set(filled.balances) == {"USDT", "BTC"}
    assert filled.balances["USDT"].locked == Decimal("50.5")
    assert filled.balances["BTC"].free == Decimal("100.998")
    assert filled.fill is not None
    assert filled.fill.trade_id == 1


def test_what_the_market_does_is_told_with_its_time(exchange: Exchange) -> None:
    exchange.ask("buy", "1", "99.50")
    feed = exchange.desk.follow("ann")
    exchange.market.happens(2.0, trades=[("99.00", "0.400", False)])
    exchange.run(5.0)
    (event,) = feed.take()
    assert (event.time, event.fill and event.fill.time) == (START + 2.0, START + 2.0)


def test_both_sides_of_a_trade_are_told_each_their_own(exchange: Exchange) -> None:
    ann, bob = exchange.desk.follow("ann"), exchange.desk.follow("bob")
    exchange.ask("sell", "1", "100", "ann")
    exchange.ask("buy", "1", "100", "bob")
    assert _kinds(ann) == _kinds(bob) == ["Accepted", "Filled"]
    mine, theirs = (exchange.desk.archive.fills(name)[0] for name in ("ann", "bob"))
    assert mine.trade_id == theirs.trade_id
    assert (mine.is_maker, theirs.is_maker) == (True, False)


def test_deposits_and_withdrawals_are_told(exchange: Exchange) -> None:
    feed = exchange.desk.follow("ann")
    exchange.desk.deposit("ann", "BTC", Decimal(5), NOW, "abc")
    assert exchange.desk.withdraw("ann", "BTC", Decimal(1000), NOW) is None
    exchange.desk.withdraw("ann", "BTC", Decimal(2), NOW)
    first, second = feed.take()
    assert first.entry is not None
    assert first.entry.key == "deposit/abc"
    assert [event.balances["BTC"].free for event in (first, second)] == [Decimal(105), Decimal(103)]
    with pytest.raises(ValueError, match="already"):
        exchange.desk.deposit("ann", "BTC", Decimal(5), NOW, "abc")


def test_who_stops_following_hears_nothing_more(exchange: Exchange) -> None:
    feed, other = exchange.desk.follow("ann"), exchange.desk.follow("ann")
    exchange.desk.unfollow(feed)
    exchange.ask("buy", "1", "98")
    assert feed.take() == []
    assert _kinds(other) == ["Accepted"]


def test_a_prevented_trade_is_told_to_both_orders_with_what_they_lost(exchange: Exchange) -> None:
    exchange.ask("buy", "2", "100")
    feed = exchange.desk.follow("ann")
    done = exchange.ask("sell", "3", "100", self_trade=SelfTrade.EXPIRE_MAKER)
    assert _kinds(feed) == ["Accepted", "Prevented", "Prevented", "Expired"]
    (match,) = done.matches
    assert (match.match_id, match.taker_lost, match.maker_lost) == (0, Decimal(0), Decimal(2))
    gone = exchange.desk.archive.order(PAIR, 1)
    assert gone is not None
    assert (gone.expiry, gone.lost, gone.prevented) == (told.ExpiryReason.SELF_TRADE, Decimal(2), match)
    assert exchange.desk.archive.prevented_matches("ann", PAIR) == [match]


# Time.


def test_while_a_market_stands_still_commands_happen_and_nothing_else(exchange: Exchange) -> None:
    exchange.ask("buy", "1", "99.50")
    exchange.market.happens(2.0, trades=[("99.00", "0.400", False)])
    time = exchange.desk.time_of(PAIR)
    time.stop("pause", START + 1.5)
    placed = exchange.ask("buy", "1", "101", now=START + 30.0).record()
    assert (placed.placed_at, placed.state.status) == (START + 30.0, OrderStatus.FILLED)
    assert exchange.desk.archive.fills("ann")[0].time == START + 30.0
    time.go_on("pause", START + 60.0)
    exchange.ask("buy", "1", "98", now=START + 60.4)
    assert len(exchange.desk.archive.fills("ann")) == 1
    late = exchange.ask("buy", "1", "98", now=START + 60.6).record()
    assert late.placed_at == START + 60.6
    assert exchange.desk.archive.fills("ann")[-1].time == START + 60.5


# Everything at once.


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_ledger_orders_and_events_tell_one_story(seed: int) -> None:
    desk, drawn = Desk(), chance.seeded(seed)
    desk.open_market(SyntheticMarket(BTC, seed, START, rate=50.0))
    feeds = {}
    for name in ("ann", "bob"):
        desk.open_account(name, FeePlan(maker=Decimal("0.001"), taker=Decimal("0.002")))
        desk.deposit(name, "BTC", Decimal(50), START)
        desk.deposit(name, "USDT", Decimal(5_000), START)
        feeds[name] = desk.follow(name)
    for step in range(300):
        _do_something(desk, drawn, START + 0.1 * step)
    for name, feed in feeds.items():
        _check(desk, name, feed.take())
    assert [desk.ledger.total(asset) for asset in ("BTC", "USDT")] == [0, 0]


def _do_something(desk: Desk, drawn: chance.Chance, now: float) -> None:
    name = drawn.choice(("ann", "bob"))
    mine = desk.archive.open_orders(name)
    act = drawn.random()
    if mine and act < 0.2:
        desk.cancel(PAIR, drawn.choice(mine).order_id, now)
    elif mine and act < 0.3:
        record = drawn.choice(mine)
        desk.amend(
            PAIR, record.order_id, now, amount=record.state.filled + record.state.left / 2 // LOT * LOT
        )
    else:
        last = desk.markets[PAIR].last_price
        is_market = act > 0.9
        request = OrderRequest(
            account=name,
            is_buy=drawn.random() < 0.5,
            kind=OrderKind.MARKET if is_market else OrderKind.LIMIT,
            amount=LOT * drawn.randint(1, 3000),
            price=None if is_market else last + Decimal(drawn.randint(-30, 30)) / 100,
            self_trade=drawn.choice(list(SelfTrade)),
        )
        desk.place(PAIR, request, now)


def _check(desk: Desk, name: str, events: list[AccountEvent]) -> None:
    """Holds are what open orders need; the last told of each order, trade and balance is what there is."""
    held = {"BTC": Decimal(0), "USDT": Decimal(0)}
    for record in desk.archive.open_orders(name):
        need = record.state.need
        assert need is not None
        held["USDT" if record.state.request.is_buy else "BTC"] += need
    balances = desk.balances(name)
    assert {asset: balances[asset].locked for asset in held} == held
    assert [event.sequence for event in events] == sorted(event.sequence for event in events)
    told_orders = {event.order.order_id: event.order for event in events if event.order is not None}
    assert list(told_orders.values()) == [desk.archive.order(PAIR, number) for number in told_orders]
    assert [event.fill for event in events if event.fill is not None] == desk.archive.fills(name)
    told_balances = {asset: balance for event in events for asset, balance in event.balances.items()}
    assert told_balances == balances
    assert len(desk.archive.fills(name)) > 10


# Fees.


def test_rates_come_from_the_last_prices_and_else_from_the_reference(exchange: Exchange) -> None:
    desk = exchange.desk
    assert desk.rate("BTC", "USDT") == Decimal("100.00")
    assert desk.rate("USDT", "BTC") == Decimal("0.01")
    assert desk.rate("USDT", "USDT") == 1
    assert desk.rate("USDT", "BNB") is None
    desk.reference_rates["USDT", "BNB"] = Decimal("0.002")
    assert desk.rate("USDT", "BNB") == Decimal("0.002")


def test_fees_change_from_the_next_trade_on(exchange: Exchange) -> None:
    exchange.ask("buy", "1", "98")
    exchange.desk.ledger.set_fee_plan("ann", FeePlan(taker=Decimal("0.01")))
    assert exchange.ask("buy", "1", "101").fills[0].fee.amount == Decimal("0.01")


def test_a_fee_that_open_orders_do_not_hold_for_has_to_wait(exchange: Exchange) -> None:
    exchange.ask("buy", "1", "98")
    plan = FeePlan(taker=Decimal("0.01"), asset=FeeAsset.QUOTE)
    with pytest.raises(ValueError, match="cancel them first"):
        exchange.desk.ledger.set_fee_plan("ann", plan)
    exchange.desk.cancel(PAIR, 1, NOW)
    exchange.desk.ledger.set_fee_plan("ann", plan)
    assert exchange.ask("buy", "1", "101").fills[0].fee.token == "USDT"
