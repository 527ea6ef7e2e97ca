"""A small market maker: one bid and one ask a pair, close to the best prices, moved when those move.

`wanted` and `decide` are the strategy, pure; `Maker` asks a connector and does what they say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from venuekit import errors
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.decimals import CONTEXT
from venuekit.model.order import OrderType
from venuekit.model.trading_rule import TradingRule
from venuekit.protocol.frozen import Frozen
from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["Maker", "MakerPlan", "Quote", "Resting", "Steps", "Touch", "decide", "wanted"]

_BASIS = Decimal("0.0001")


class MakerPlan(Frozen):
    """How the maker quotes.

    `order_value` is what one order is worth, in quote. `most_orders` is how many orders' amounts it may hold
    more or less than it wants to hold; with each of them both prices move by `skew` against it. A quote stays
    while it is within `tolerance` of where it should be. Both are in ten-thousandths of the price. `interval`
    is the time between two looks, in seconds.
    """

    order_value: Decimal = Decimal(150)
    most_orders: int = 5
    skew: Decimal = Decimal("0.3")
    tolerance: Decimal = Decimal("0.2")
    interval: float = 0.25


class Touch(Frozen):
    """The best prices of a book, in quote per base."""

    bid: Decimal
    ask: Decimal


class Quote(Frozen):
    """An order as the maker wants it."""

    is_buy: bool
    price: Decimal
    amount: Decimal


class Resting(Frozen):
    """An order that is there already. `is_leaving`: it is being cancelled, or in doubt."""

    order_id: str
    is_buy: bool
    price: Decimal
    is_leaving: bool = False


class Steps(Frozen):
    """What to do now: orders to cancel by id, quotes to place."""

    cancels: tuple[str, ...] = ()
    places: tuple[Quote, ...] = ()


def wanted(touch: Touch, rule: TradingRule, surplus: Decimal, plan: MakerPlan) -> list[Quote]:
    """The quotes that should stand: at the best prices, a tick better where the spread has room for it.

    `surplus` is how much more of the base it holds than it wants to; the more, the lower both prices, and the
    side that would make it worse has none once it is too much. No quote crosses the book; one that the book
    moves into on its way trades at once.
    """
    tick = rule.min_price_increment
    amount = _amount(touch.bid, rule, plan)
    held = CONTEXT.divide(surplus, amount)
    better = tick if touch.ask - touch.bid > 2 * tick else Decimal(0)
    shift = -held * plan.skew * _BASIS * touch.bid
    bid = min(_cut(touch.bid + better + shift, tick, ROUND_FLOOR), touch.ask - tick)
    ask = max(_cut(touch.ask - better + shift, tick, ROUND_CEILING), touch.bid + tick)
    quotes = []
    if held < plan.most_orders:
        quotes.append(Quote(is_buy=True, price=bid, amount=amount))
    if held > -plan.most_orders:
        quotes.append(Quote(is_buy=False, price=ask, amount=amount))
    return quotes


def decide(quotes: Sequence[Quote], resting: Sequence[Resting], plan: MakerPlan) -> Steps:
    """How to come from the orders that rest to the quotes that are wanted.

    A side gets its new order only when its old one is gone for certain: there is never more than one bid and
    one ask, whatever is in doubt. No quote is placed that would meet an order of our own.
    """
    cancels: list[str] = []
    places: list[Quote] = []
    for is_buy in (True, False):
        quote = next((quote for quote in quotes if quote.is_buy is is_buy), None)
        orders = [order for order in resting if order.is_buy is is_buy]
        if quote is not None and not orders and not any(_meet(quote, order) for order in resting):
            places.append(quote)
        kept = orders[0] if orders and quote is not None and _is_near(orders[0], quote, plan) else None
        cancels += [order.order_id for order in orders if order is not kept and not order.is_leaving]
    return Steps(cancels=tuple(cancels), places=tuple(places))


class Maker:
    """Quotes some pairs of a started connector until it is cancelled; its last orders then stay.

    `homes` says how much it wants to hold of each base; without it, what it holds when it is made.
    """

    def __init__(
        self,
        exchange: ExchangeBase,
        trading_pairs: Sequence[str],
        plan: MakerPlan | None = None,
        homes: Mapping[str, Decimal] | None = None,
    ) -> None:
        self.plan = plan or MakerPlan()
        self._exchange = exchange
        self._rules = {pair: exchange.trading_rule(pair) for pair in trading_pairs}
        bases = [rule.base for rule in self._rules.values()]
        self.homes = dict(homes or {base: exchange.get_balance(base) for base in bases})

    async def run(self) -> None:
        """Look at every pair again and again."""
        while True:
            for pair in self._rules:
                self.step(pair)
            await self._exchange.clock.sleep(self.plan.interval)

    def step(self, trading_pair: str) -> None:
        """Do for a pair what is to be done now; without a live book that is to take its quotes away."""
        exchange, rule = self._exchange, self._rules[trading_pair]
        orders = [_resting(order) for order in self._own(trading_pair)]
        try:
            touch = Touch(
                bid=exchange.get_price(trading_pair, is_buy=False),
                ask=exchange.get_price(trading_pair, is_buy=True),
            )
            surplus = exchange.get_balance(rule.base) - self.homes[rule.base]
            steps = decide(wanted(touch, rule, surplus, self.plan), orders, self.plan)
        except errors.NotReady:
            steps = decide([], orders, self.plan)
        for order_id in steps.cancels:
            exchange.cancel(trading_pair, order_id)
        for quote in steps.places:
            if self._is_affordable(quote, rule):
                command = exchange.buy if quote.is_buy else exchange.sell
                command(trading_pair, quote.amount, OrderType.LIMIT, quote.price)

    def _own(self, trading_pair: str) -> list[InFlightOrder]:
        orders = self._exchange.in_flight_orders.values()
        return [order for order in orders if order.trading_pair == trading_pair]

    def _is_affordable(self, quote: Quote, rule: TradingRule) -> bool:
        if quote.is_buy:
            return self._exchange.get_available_balance(rule.quote) >= quote.amount * quote.price
        return self._exchange.get_available_balance(rule.base) >= quote.amount


def _resting(order: InFlightOrder) -> Resting:
    return Resting(
        order_id=order.client_order_id,
        is_buy=order.intent.is_buy(),
        price=order.price or Decimal(0),
        is_leaving=order.is_pending_cancel_confirmation or order.doubt is not None,
    )


def _amount(price: Decimal, rule: TradingRule, plan: MakerPlan) -> Decimal:
    """The amount of one order: what it is to be worth, and not less than the venue takes."""
    least = max(rule.min_order_size, CONTEXT.divide(rule.min_notional_size, price))
    amount = max(CONTEXT.divide(plan.order_value, price), least)
    return _cut(amount, rule.min_base_amount_increment, ROUND_CEILING)


def _cut(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return CONTEXT.multiply(CONTEXT.divide(value, step).to_integral_value(rounding), step)


def _meet(quote: Quote, order: Resting) -> bool:
    """Whether a quote would trade with an order of our own."""
    if quote.is_buy is order.is_buy:
        return False
    return quote.price >= order.price if quote.is_buy else quote.price <= order.price


def _is_near(order: Resting, quote: Quote, plan: MakerPlan) -> bool:
    return abs(order.price - quote.price) <= plan.tolerance * _BASIS * quote.price
