"""A venue that keeps exact books and tells of them late: the truth to measure a balance sheet against."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from tests.state.order_bench import FENCE, PAIR

from venuekit.model.account import AssetBalance, BalanceMove, BalanceReport
from venuekit.model.fees import AddedToCostTradeFee, DeductedFromReturnsTradeFee, TokenAmount, TradeFee
from venuekit.model.order import NewOrder, OrderState
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_tracker import OrderTracker

BASE, QUOTE, TOKEN = "COINX", "USDT", "FEE"
ASSETS = (BASE, QUOTE, TOKEN)
LIVE = {OrderState.OPEN, OrderState.PARTIALLY_FILLED}

News = OrderUpdate | TradeUpdate | BalanceMove | BalanceReport


def fee_of(kind: str, value: Decimal) -> TradeFee:
    """A fee of so much quote, base or token, or a share of the trade."""
    match kind:
        case "deducted":
            return DeductedFromReturnsTradeFee(percent=Decimal("0.01"))
        case "added":
            return AddedToCostTradeFee(percent=Decimal("0.01"))
        case asset:
            return AddedToCostTradeFee(flat_fees=[TokenAmount(asset, value)])


class Effect(NamedTuple):
    """What a fill does to one asset."""

    asset: str
    amount: Decimal


def effects_of(order: NewOrder, trade: TradeUpdate) -> list[Effect]:
    """The booking of a fill, written without a look at how the sheet does it."""
    base, quote, fee = trade.fill_base_amount, trade.fill_quote_amount, trade.fee
    rows = [Effect(BASE, base), Effect(QUOTE, -quote)]
    if not order.is_buy():
        rows = [Effect(BASE, -base), Effect(QUOTE, quote)]
    rows += [Effect(flat.token, -flat.amount) for flat in fee.flat_fees]
    # A buy that pays on top pays in quote, one that is deducted from in base; a sell the other way round.
    is_in_quote = order.is_buy() == fee.is_added_to_cost
    rows.append(Effect(QUOTE, -quote * fee.percent) if is_in_quote else Effect(BASE, -base * fee.percent))
    return rows


class Booked:
    """An order as the venue has it."""

    def __init__(self, intent: NewOrder) -> None:
        self.intent = intent
        self.amount = intent.amount or Decimal(0)
        self.filled = self.spent = Decimal(0)
        self.state = OrderState.OPEN

    def lock(self) -> Effect:
        """What it keeps of what it pays with."""
        asset = QUOTE if self.intent.is_buy() else BASE
        if self.state not in LIVE:
            return Effect(asset, Decimal(0))
        if self.intent.quote_amount is not None:
            return Effect(asset, self.intent.quote_amount - self.spent)
        unit = (self.intent.price or Decimal(0)) if self.intent.is_buy() else Decimal(1)
        return Effect(asset, (self.amount - self.filled) * unit)


class ToyLedger:
    """The venue's books, its news that nobody has heard yet, and a tracker that hears them.

    `now` is the venue's clock; ours is ahead by `skew` seconds.
    """

    def __init__(self, skew: float = 0.0) -> None:
        self.now = 100.0
        self.skew = skew
        self.owned = dict.fromkeys(ASSETS, Decimal(1000))
        self.books: dict[str, Booked] = {}
        self.on_their_way: dict[str, NewOrder] = {}
        self.news: list[News] = []
        self.tracker = OrderTracker(FENCE)
        self.event_times: list[float] = []
        self._trades = 0

    # --- our side

    @property
    def orders(self) -> list[InFlightOrder]:
        return [*self.tracker.active_orders.values(), *self.tracker.watched_orders.values()]

    @property
    def our_time(self) -> float:
        return self.now + self.skew

    def place(self, intent: NewOrder) -> None:
        self.tracker.start(InFlightOrder.of(intent, self.our_time))
        self.tracker.sending(intent.client_order_id, self.our_time)
        self.on_their_way[intent.client_order_id] = intent

    def hear(self, news: News) -> None:
        """An order's news goes to the tracker."""
        match news:
            case OrderUpdate():
                self.tracker.process_order_update(news)
            case TradeUpdate():
                self.tracker.process_trade_update(news)

    # --- the venue's side

    def tick(self, seconds: float = 1.0) -> float:
        self.now += seconds
        return self.now

    def arrive(self, name: str) -> None:
        """An order arrives: it is held funds for, or refused."""
        intent = self.on_their_way.pop(name)
        booked = Booked(intent)
        self.tick()
        if booked.lock().amount > self.free(booked.lock().asset):
            self.say(OrderUpdate(PAIR, self.now, OrderState.FAILED, client_order_id=name))
            return
        self.books[name] = booked
        self.tell(name)

    def fill(self, name: str, amount: Decimal, price: Decimal, fee: TradeFee) -> None:
        booked = self.books[name]
        self.tick()
        self._trades += 1
        trade = TradeUpdate(
            trade_id=f"t{self._trades}",
            client_order_id=name,
            exchange_order_id=f"x-{name}",
            trading_pair=PAIR,
            fill_timestamp=self.now,
            fill_price=price,
            fill_base_amount=amount,
            fill_quote_amount=amount * price,
            fee=fee,
        )
        for asset, change in effects_of(booked.intent, trade):
            self.owned[asset] += change
        booked.filled += amount
        booked.spent += amount * price
        is_all = booked.filled == booked.amount and booked.intent.quote_amount is None
        booked.state = OrderState.FILLED if is_all else OrderState.PARTIALLY_FILLED
        self.say(trade)
        self.tell(name)

    def end(self, name: str, state: OrderState) -> None:
        self.tick()
        self.books[name].state = state
        self.tell(name)

    def amend(self, name: str, amount: Decimal) -> None:
        self.tick()
        self.books[name].amount = amount
        self.tell(name)

    def move(self, asset: str, amount: Decimal) -> None:
        self.tick()
        self.owned[asset] += amount
        self.say(BalanceMove(asset=asset, amount=amount, timestamp=self.now, reference=str(self.now)))

    def tell(self, name: str) -> None:
        booked = self.books[name]
        is_by_quote = booked.intent.quote_amount is not None
        self.say(
            OrderUpdate(
                trading_pair=PAIR,
                update_timestamp=self.now,
                new_state=booked.state,
                client_order_id=name,
                exchange_order_id=f"x-{name}",
                filled_amount=booked.filled,
                amount=None if is_by_quote else booked.amount,
            )
        )

    def say(self, news: News) -> None:
        self.event_times.append(self.now)
        self.news.append(news)

    # --- the truth

    def locked(self, asset: str) -> Decimal:
        locks = (booked.lock() for booked in self.books.values())
        return sum((lock.amount for lock in locks if lock.asset == asset), Decimal(0))

    def free(self, asset: str) -> Decimal:
        return self.owned[asset] - self.locked(asset)

    def coming(self, asset: str) -> Decimal:
        """What orders that are on their way will hold."""
        locks = (Booked(intent).lock() for intent in self.on_their_way.values())
        return sum((lock.amount for lock in locks if lock.asset == asset), Decimal(0))

    def report(self, *, is_complete: bool = True, with_free: bool = True) -> BalanceReport:
        rows = [
            AssetBalance(
                asset=asset, total=self.owned[asset], available=self.free(asset) if with_free else None
            )
            for asset in ASSETS
            if self.owned[asset] or not is_complete
        ]
        return BalanceReport(balances=tuple(rows), observed_at=self.now, is_complete=is_complete)

    def unheard_costs(self) -> Mapping[str, Decimal]:
        """What was taken and could not be foreseen: fees, withdrawals, the cost of market orders in base."""
        costs: dict[str, Decimal] = dict.fromkeys(ASSETS, Decimal(0))
        for news in self.news:
            if isinstance(news, BalanceMove):
                costs[news.asset] += max(Decimal(0), -news.amount)
            if isinstance(news, TradeUpdate):
                order = self.books[news.client_order_id].intent
                net = dict.fromkeys(ASSETS, Decimal(0))
                for asset, amount in effects_of(order, news):
                    net[asset] += amount
                if order.price is not None or order.quote_amount is not None:
                    net[QUOTE] += news.fill_quote_amount if order.is_buy() else 0
                net[BASE] += 0 if order.is_buy() else news.fill_base_amount
                for asset in ASSETS:
                    costs[asset] += max(Decimal(0), -net[asset])
        return costs


__all__ = ["ASSETS", "BASE", "LIVE", "QUOTE", "TOKEN", "Booked", "ToyLedger", "fee_of"]
