"""Matching told in the plainest way: one list of everything that stands, sorted anew for each question."""

import copy
from collections import Counter
from dataclasses import dataclass, field

from venuekit.emulator.order import OrderKind, SelfTrade, TimeInForce


@dataclass(eq=False)
class One:
    """An order, `number` 0 the crowd; `left` 0 ends it. It waits for `trigger`, negative for a fall to it."""

    is_buy: bool
    price: int | None
    left: int
    number: int = 0
    account: str = ""
    kind: OrderKind = OrderKind.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    self_trade: SelfTrade = SelfTrade.NONE
    trigger: int = 0
    quote: int | None = None
    done: int = 0

    def wants(self, price: int) -> int:
        return self.left if self.quote is None else self.quote // price

    def is_reached(self, price: int) -> bool:
        return self.trigger != 0 and (price if self.trigger > 0 else -price) >= self.trigger


@dataclass
class NaiveMatching:
    """`fills` are (order, price, amount, is maker); the last in `standing` came last; who is `due` works."""

    last: int
    standing: list[One] = field(default_factory=list)
    waiting: list[One] = field(default_factory=list)
    due: list[One] = field(default_factory=list)
    eaten: Counter[tuple[bool, int | None]] = field(default_factory=Counter)
    fills: list[tuple[int, int, int, bool]] = field(default_factory=list)

    def line(self, is_buy: bool, price: int | None = None) -> list[tuple[int, One]]:
        """One side in the order in which it trades, with its prices, as far as this price goes."""
        sign = -1 if is_buy else 1
        side = [(one.price or 0, one) for one in self.standing if one.left and one.is_buy == is_buy]
        side = [it for it in side if price is None or sign * it[0] <= sign * price]
        return sorted(side, key=lambda it: sign * it[0])

    def place(self, one: One) -> bool:
        """Whether it is taken in."""
        would_take = one.kind is OrderKind.LIMIT_MAKER and self.line(not one.is_buy, one.price)
        is_nothing = one.quote is not None and not self.tried(one)[1]
        if would_take or is_nothing or one.is_reached(self.last):
            return False
        self.waiting.append(one) if one.trigger else self.work(one)
        return True

    def tried(self, one: One) -> tuple[int, int]:
        """What an order would trade now, and that with what it would lose or still want; nothing happens."""
        trial, it = copy.deepcopy((self, one))
        wanted, _ = trial.take(it)
        traded = sum(fill[2] for fill in trial.fills[len(self.fills) :] if fill[0] == one.number)
        return traded, it.done - one.done + wanted

    def work(self, one: One) -> None:
        if one.time_in_force is TimeInForce.FOK and self.tried(one)[0] < one.left:
            return
        left, is_stopped = self.take(one)
        if left and one.price and one.time_in_force is TimeInForce.GTC and not is_stopped:
            self.standing.append(one)

    def take(self, one: One) -> tuple[int, bool]:
        """Meet what stands, first in line first; what it wants then, and whether meeting its own ended it."""
        reached = self.last
        for reached, maker in self.line(not one.is_buy, one.price):
            amount = min(maker.left, one.wants(reached))
            if not amount:
                break
            mode = one.self_trade if maker.account == one.account else SelfTrade.NONE
            if mode in {SelfTrade.EXPIRE_MAKER, SelfTrade.EXPIRE_BOTH}:
                maker.left = 0
            if mode in {SelfTrade.EXPIRE_TAKER, SelfTrade.EXPIRE_BOTH}:
                return one.wants(reached), True
            if mode is not SelfTrade.EXPIRE_MAKER:
                self.meet(maker, one, amount, reached, is_trade=mode is SelfTrade.NONE)
        return one.wants(reached), False

    def meet(self, maker: One, taker: One, amount: int, price: int, *, is_trade: bool = True) -> None:
        if is_trade:
            self.prints(price)
        for one in (maker, taker):
            one.done, one.left = one.done + amount, one.left - amount
            one.quote = None if one.quote is None else one.quote - price * amount
            if is_trade and one.number > 0:
                self.fills.append((one.number, price, amount, one is maker))
            elif not one.number:
                self.eaten[one.is_buy, one.price] += amount

    def prints(self, price: int) -> None:
        """Who waits for this price is due: rises first, the nearest, the oldest."""
        reached = [one for one in self.waiting if one.is_reached(price)]
        self.due += sorted(reached, key=lambda one: (one.trigger < 0, one.trigger, one.number))
        self.waiting = [one for one in self.waiting if one not in reached]
        self.last = price

    def amend(self, one: One, amount: int, price: int | None) -> None:
        left, is_waiting = amount - one.done, one in self.waiting
        if left <= 0 or (price is not None and one.price is None):
            return
        price = one.price if price is None else price
        if is_waiting or (price == one.price and left <= one.left):
            one.left, one.price = left, price
        elif one.kind is not OrderKind.LIMIT_MAKER or not self.line(not one.is_buy, price):
            self.standing.remove(one)
            one.left, one.price = left, price
            self.work(one)

    def crowd_trades(self, is_buy: bool, price: int, amount: int) -> None:
        taker = One(is_buy, price, amount, number=-1)
        for level, maker in self.line(not is_buy, price):
            part = min(taker.left, maker.left)
            if part and maker.number:
                self.meet(maker, taker, part, level)
            elif part and level == price:  # the source still counts it: it stands again, last in line
                self.prints(price)
                taker.left, maker.left = taker.left - part, maker.left - part
                self.standing.append(One(not is_buy, price, part))
        if taker.left:
            self.prints(price)

    def crowd_is(self, is_buy: bool, price: int, said: int) -> None:
        self.eaten[is_buy, price] = min(self.eaten[is_buy, price], said)
        crowd = [one for at, one in self.line(is_buy) if at == price and not one.number]
        more = said - self.eaten[is_buy, price] - sum(one.left for one in crowd)
        if more > 0:
            self.standing.append(One(is_buy, price, more))
        for one in reversed(crowd):
            gone = min(one.left, max(0, -more))
            one.left, more = one.left - gone, more + gone

    def crowd_crosses(self) -> None:
        for is_buy in (True, False):
            for level, maker in self.line(is_buy):
                for _, arrival in self.line(not is_buy, level):
                    amount = min(maker.left, arrival.left)
                    if maker.number and not arrival.number and amount:
                        self.meet(maker, arrival, amount, level)
