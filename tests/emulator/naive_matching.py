"""Matching told in the plainest way: one list of everything that stands, sorted anew for each question."""

import copy
from dataclasses import dataclass, field

from venuekit.emulator.order import OrderKind, SelfTrade, TimeInForce


@dataclass(eq=False)
class Stood:
    """An order in the book; `number` 0 is the crowd."""

    is_buy: bool
    price: int
    amount: int
    number: int = 0


@dataclass
class Asked:
    account: str
    is_buy: bool
    kind: OrderKind
    amount: int
    price: int | None
    time_in_force: TimeInForce
    self_trade: SelfTrade
    done: int = 0


@dataclass
class NaiveMatching:
    """`fills` are (order, price, amount, is maker); the last in the list of `standing` came last."""

    standing: list[Stood] = field(default_factory=list)
    asked: dict[int, Asked] = field(default_factory=dict)
    eaten: dict[tuple[bool, int], int] = field(default_factory=dict)
    fills: list[tuple[int, int, int, bool]] = field(default_factory=list)

    def line(self, *, is_buy: bool, price: int | None = None) -> list[Stood]:
        """One side in the order in which it trades, as far as a taker with this price goes."""
        sign = -1 if is_buy else 1
        side = [one for one in self.standing if one.is_buy == is_buy]
        if price is not None:
            side = [one for one in side if sign * one.price <= sign * price]
        return sorted(side, key=lambda one: sign * one.price)

    def place(self, number: int, asked: Asked) -> None:
        if asked.kind is OrderKind.LIMIT_MAKER and self.line(is_buy=not asked.is_buy, price=asked.price):
            return
        self.asked[number] = asked
        self.work(number)

    def work(self, number: int) -> None:
        asked = self.asked[number]
        if asked.time_in_force is TimeInForce.FOK:
            trial = copy.deepcopy(self)
            trial.take(number)
            if sum(fill[2] for fill in trial.fills[len(self.fills) :] if fill[0] == number) < asked.amount:
                return
        goes_on = self.take(number)
        if goes_on and asked.price and asked.time_in_force is TimeInForce.GTC and asked.done < asked.amount:
            self.standing.append(Stood(asked.is_buy, asked.price, asked.amount - asked.done, number))

    def take(self, number: int) -> bool:
        """Meet what stands, first in line first; False: the order has ended by meeting its own account."""
        asked = self.asked[number]
        for maker in self.line(is_buy=not asked.is_buy, price=asked.price):
            amount = min(maker.amount, asked.amount - asked.done)
            if not amount:
                break
            is_own = maker.number != 0 and self.asked[maker.number].account == asked.account
            mode = asked.self_trade if is_own else SelfTrade.NONE
            if mode in {SelfTrade.EXPIRE_MAKER, SelfTrade.EXPIRE_BOTH}:
                self.standing.remove(maker)
            if mode in {SelfTrade.EXPIRE_TAKER, SelfTrade.EXPIRE_BOTH}:
                return False
            if mode is SelfTrade.EXPIRE_MAKER:
                continue
            asked.done += amount
            if mode is SelfTrade.DECREMENT:
                self.asked[maker.number].done += amount
                self.shrink(maker, amount)
                continue
            self.trade(maker, amount)
            self.fills.append((number, maker.price, amount, False))
        return True

    def trade(self, maker: Stood, amount: int) -> None:
        if maker.number:
            self.asked[maker.number].done += amount
            self.fills.append((maker.number, maker.price, amount, True))
        else:
            level = maker.is_buy, maker.price
            self.eaten[level] = self.eaten.get(level, 0) + amount
        self.shrink(maker, amount)

    def shrink(self, one: Stood, amount: int) -> None:
        one.amount -= amount
        if not one.amount:
            self.standing.remove(one)

    def cancel(self, number: int) -> None:
        self.standing = [one for one in self.standing if one.number != number]

    def amend(self, number: int, amount: int, price: int) -> None:
        mine = [one for one in self.standing if one.number == number]
        if not mine or amount <= self.asked[number].done:
            return
        asked = self.asked[number]
        if price == asked.price and amount <= asked.amount:
            mine[0].amount, asked.amount = amount - asked.done, amount
        elif asked.kind is not OrderKind.LIMIT_MAKER or not self.line(is_buy=not asked.is_buy, price=price):
            self.cancel(number)
            asked.amount, asked.price = amount, price
            self.work(number)

    def crowd_trades(self, price: int, amount: int, *, taker_is_buyer: bool) -> None:
        for maker in self.line(is_buy=not taker_is_buyer, price=price):
            if not maker.number and maker.price != price:
                continue
            part = min(amount, maker.amount)
            amount -= part
            if part and maker.number:
                self.trade(maker, part)
            elif part:  # the source still counts it until it says otherwise: it stands last in line
                self.shrink(maker, part)
                self.standing.append(Stood(maker.is_buy, price, part))

    def crowd_is(self, price: int, said: int, *, is_buy: bool) -> None:
        level = is_buy, price
        self.eaten[level] = min(self.eaten.get(level, 0), said)
        crowd = [one for one in self.standing if (one.is_buy, one.price, one.number) == (*level, 0)]
        more = said - self.eaten[level] - sum(one.amount for one in crowd)
        if more > 0:
            self.standing.append(Stood(is_buy, price, more))
        for one in reversed(crowd):
            gone = min(one.amount, max(0, -more))
            more += gone
            self.shrink(one, gone)

    def crowd_crosses(self) -> None:
        for is_buy in (True, False):
            for maker in [one for one in self.line(is_buy=is_buy) if one.number]:
                for arrival in self.line(is_buy=not is_buy, price=maker.price):
                    amount = min(maker.amount, arrival.amount)
                    if not arrival.number and amount:
                        self.trade(maker, amount)
                        self.trade(arrival, amount)
