"""A made-up market: single limit orders, cancellations and market orders with the statistics of a real book.

Measured on two recordings of BTCUSDT, spot (346 s, a difference each 100 ms) and linear perpetual (178 s,
each 50 ms), and on 346 s of this flow at its defaults, published each 100 ms:

| quantity                                | spot              | perpetual         | generated         |
|-----------------------------------------|-------------------|-------------------|-------------------|
| levels in a difference: 50, 90, 99 %    | 16, 70, 391       | 17, 36, 120       | 19, 93, 388       |
| deviation / mean; correlation with next | 2.0; 0.61         | 1.3; 0.57         | 2.0; 0.69         |
| rank of a touched level: 25, 50, 75 %   | 16, 85, 302       | 78, 296, 1122     | 18, 114, 458      |
| ticks from the best: 25, 50, 75 %       | 715, 2651, 8655   | 128, 412, 3196    | 728, 2771, 9792   |
| deletions; of these, of unknown levels  | 0.48; 0.19        | 0.12; 0.16        | 0.48; 0.19        |
| new levels; changed levels              | 0.40; 0.13        | 0.13; 0.74        | 0.39; 0.14        |
| on multiples of 10, 100, 1000 ticks     | .15, .062, .020   | .23, .12, .10     | .15, .068, .029   |
| lots: 25, 50, 75, 99 %                  | 1k, 5k, 31k, 562k | 27, 239, 2k, 570k | 1k, 7k, 24k, 873k |
| share of the 20 commonest amounts       | 0.19              | 0.32              | 0.18              |
| market orders, trades per second        | 9.4, 28           | 2.7, 5.5          | 10, 22            |
| of them walk levels; same side again    | 0.14; 0.68        | 0.05; 0.59        | 0.11; 0.67        |
| one-second return, ten-thousandths      | 1.1               | 0.14              | 1.2               |

A spread of one tick holds 99 % of the time there, three quarters of it here.

A real venue's order is a customer's; here each is drawn. The flow knows of no customers: `matching` lays
their orders over it, so that they change nothing of what is drawn.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from math import exp, log, sqrt
from statistics import NormalDist

from venuekit.emulator.digits import text_of, units_of
from venuekit.emulator.step import Instrument, LevelChange, MarketStep, MarketTrade
from venuekit.protocol.frozen import Frozen
from venuekit.seams import chance

__all__ = ["FlowShape", "SyntheticMarket"]


class FlowShape(Frozen):
    """The distributions that a flow is drawn from; the defaults are BTCUSDT's on a spot market.

    Shares and chances are of orders; `value` is in US dollars, `distance` in ten-thousandths of the price.
    """

    cell: float = 0.1
    """Seconds for which the activity stays the same."""
    activity_memory: float = 0.8
    """Correlation of the logarithm of activity from one cell to the next."""
    activity_spread: float = 1.27
    """Its standard deviation: the square root of ln(1 + 2.0²), 2.0 being the counts' measured spread."""
    move_chance: float = 0.08
    """Chance, per cell and unit of activity, that the fair price jumps."""
    move_size: float = 1.2
    """Standard deviation of a jump at the nominal rate; together 1.1 a second."""
    wander: float = 300.0
    """How far the fair price strays from the start price in the long run, standard deviation."""
    take_share: float = 0.018
    """Market orders among all orders."""
    same_side: float = 0.36
    """Chance that a market order repeats its predecessor's side outright: 0.68 then have the same side."""
    take_value: float = 60.0
    take_spread: float = 2.9
    amend_share: float = 0.08
    fleeting_share: float = 0.14
    """Cancellations that hit the order that came last: the source of deletions of unknown levels."""
    pull_share: float = 0.5
    """Orders that correct a best level on the wrong side of the fair price, while there is one."""
    sweep_share: float = 0.02
    """Of those: market orders up to the fair price. The others cancel."""
    join_share: float = 0.12
    """New orders at the fair price itself."""
    improve_share: float = 0.5
    """Of the orders for a side whose best stands further away: why the spread is mostly one tick."""
    distance: float = 4.3
    distance_spread: float = 1.8
    depth_bias: float = 4.6
    """Cancelled ranks are n * u ** bias: the median rank of 1,360 levels."""
    round_prices: tuple[tuple[float, int], ...] = ((0.02, 1000), (0.033, 100))
    """(Share, ticks): how many new orders stand on multiples of so many ticks beyond mere chance."""
    value: float = 3200.0
    value_spread: float = 2.2
    clip_share: float = 0.2
    """Orders with one of the `clips` amounts that the market's makers repeat."""
    clips: int = 20
    round_amount_share: float = 0.1
    """Orders whose amount has a single digit that is not zero."""


_NOMINAL_RATE = 500.0
"""Orders per second of the measured spot market (527), at which a jump has its nominal size."""
_QUOTE_VALUES = {"BTC": 64000.0, "ETH": 2600.0, "BNB": 580.0}
"""What a unit of a quote currency is worth in US dollars, where it is not about one."""
_FEWEST_LEVELS = 10
"""Levels that no cancellation and no market order removes: the book is never empty."""
_FIRST_ID = 1_000_000
_DEEPEST = 0.9
"""The deepest bid stands at a tenth of the fair price."""


class _Resting:
    """An order in its level's queue."""

    __slots__ = ("amount", "rank")

    def __init__(self, rank: int, amount: int) -> None:
        self.rank = rank
        self.amount = amount


class _Side:
    """One side's queues; ranks are negated prices for bids, prices for asks, so the best comes first."""

    __slots__ = ("is_bid", "orders", "queues", "ranks", "sign")

    def __init__(self, *, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.sign = -1 if is_bid else 1
        self.ranks: list[int] = []
        self.queues: dict[int, list[_Resting]] = {}
        self.orders = 0

    def rest(self, order: _Resting) -> None:
        queue = self.queues.get(order.rank)
        if queue is None:
            self.queues[order.rank] = [order]
            insort(self.ranks, order.rank)
        else:
            queue.append(order)
        self.orders += 1

    def remove(self, order: _Resting) -> None:
        queue = self.queues[order.rank]
        queue.remove(order)
        self.orders -= 1
        if not queue:
            del self.queues[order.rank]
            del self.ranks[bisect_left(self.ranks, order.rank)]

    def amount(self, rank: int) -> int:
        return sum(order.amount for order in self.queues.get(rank, ()))

    def holds(self, order: _Resting) -> bool:
        return order in self.queues.get(order.rank, ())


class SyntheticMarket:
    """A market source from a seeded order flow around a slowly wandering fair price.

    `rate` is the mean number of orders per second; each is one step. `depth` is about how many orders rest
    on each side. The same instrument, seed, start time (seconds), rate, depth and shape give the same steps,
    however `until` slices time. Prices and amounts are whole ticks and lots; only the fair price that they
    are drawn around, and the draws themselves, are binary fractions.
    """

    def __init__(
        self,
        instrument: Instrument,
        seed: int | str,
        start_time: float,
        *,
        rate: float = _NOMINAL_RATE,
        depth: int = 1500,
        shape: FlowShape | None = None,
    ) -> None:
        if rate <= 0 or depth <= _FEWEST_LEVELS:
            raise ValueError(f"a flow needs a positive rate and more than {_FEWEST_LEVELS} orders a side")
        self.instrument = instrument
        self._shape = shape or FlowShape()
        self._start_time = start_time
        self._rate = rate
        self._depth = depth
        name = f"{seed}/{instrument.trading_pair}"
        self._pace = chance.seeded(f"{name}/pace")
        self._drawn = chance.seeded(f"{name}/orders")
        self._opening_seed = f"{name}/opening"
        self._tick = units_of(instrument.tick_size, instrument.price_decimals)
        self._step = units_of(instrument.step_size, instrument.amount_decimals)
        self._start_price = units_of(instrument.start_price, instrument.price_decimals) // self._tick
        self._lots_per_dollar = self._measure_lots()
        clips = chance.seeded(f"{name}/clips")
        self._clips = [
            self._lots(clips, self._shape.value, self._shape.value_spread) for _ in range(self._shape.clips)
        ]
        self._fair = self._start_price + 0.5
        self._log_activity = 0.0
        self._activity = 1.0
        self._cell_number = 0
        self._last_id = _FIRST_ID
        self._last_trade_id = 0
        self._last_taker_is_buyer = True
        self._latest: tuple[_Side, _Resting] | None = None
        self._bids, self._asks = self._first_book()
        self._next_time = self._arrival_after(start_time)

    def opening(self) -> MarketStep:
        """The step that builds the first book, whatever has happened since."""
        is_untouched = self._last_id == _FIRST_ID
        book = (self._bids, self._asks) if is_untouched else self._first_book()
        changes = tuple(self._change(side, rank, side.amount(rank)) for side in book for rank in side.ranks)
        return MarketStep(time=self._start_time, first_id=_FIRST_ID, last_id=_FIRST_ID, changes=changes)

    def next_time(self) -> float:
        """When the next step comes (seconds)."""
        return self._next_time

    def until(self, now: float) -> Iterator[MarketStep]:
        """The steps after the last one given, up to and including the time `now` (seconds)."""
        # Only the next arrival's time is drawn ahead, never its order: that sees the book of its moment.
        while self._next_time <= now:
            time = self._next_time
            self._next_time = self._arrival_after(time)
            yield self._happen(time)

    # When things happen.

    def _arrival_after(self, time: float) -> float:
        while True:
            end = self._start_time + (self._cell_number + 1) * self._shape.cell
            arrival = time + self._pace.expovariate(self._rate * self._activity)
            if arrival <= end:
                return arrival
            # Waiting times have no memory, so the wait may begin anew at the end of the cell.
            time = end
            self._begin_cell()

    def _begin_cell(self) -> None:
        shape, pace = self._shape, self._pace
        self._cell_number += 1
        noise = sqrt(1 - shape.activity_memory**2) * shape.activity_spread * pace.gauss(0, 1)
        self._log_activity = shape.activity_memory * self._log_activity + noise
        self._activity = exp(self._log_activity - shape.activity_spread**2 / 2)
        if pace.random() < shape.move_chance * self._activity:
            size = shape.move_size * sqrt(self._rate / _NOMINAL_RATE)
            # Pulled back by so much at each jump, jumps of this size stray `wander` far in the long run.
            pull = size**2 / (2 * shape.wander**2)
            strayed = log(self._fair / self._start_price)
            self._fair *= exp(pace.gauss(0, size) / 10_000 - pull * strayed)

    # What happens.

    def _happen(self, time: float) -> MarketStep:
        shape = self._shape
        stale = self._stale_side()
        if stale is not None and self._drawn.random() < shape.pull_share:
            return self._correct(time, stale)
        kind = self._drawn.random()
        if kind < shape.take_share:
            return self._take_at_market(time)
        side = self._bids if self._drawn.random() < 0.5 else self._asks
        nearest = self._nearest(side)
        if side.ranks[0] > nearest and self._drawn.random() < shape.improve_share:
            return self._add(time, side, nearest)
        if kind < shape.take_share + shape.amend_share:
            return self._amend(time, side)
        # More than `depth` orders make cancellations likelier, fewer make new ones.
        crowding = (side.orders - self._depth) / self._depth
        if len(side.ranks) <= _FEWEST_LEVELS or self._drawn.random() > 0.5 + 2 * crowding:
            return self._add(time, side, self._rank(side))
        return self._cancel_one(time, side)

    def _stale_side(self) -> _Side | None:
        """The side whose best level the fair price has left behind, unless it is down to its last levels."""
        for side in (self._bids, self._asks):
            if side.sign * self._fair > side.ranks[0] + 0.5 and len(side.ranks) > _FEWEST_LEVELS:
                return side
        return None

    def _correct(self, time: float, stale: _Side) -> MarketStep:
        if self._drawn.random() < self._shape.sweep_share:
            return self._take(time, stale, self._resting_amount(), up_to_fair=True)
        return self._cancel(time, stale, stale.queues[stale.ranks[0]][0])

    def _add(self, time: float, side: _Side, rank: int) -> MarketStep:
        order = _Resting(rank, self._resting_amount())
        side.rest(order)
        self._latest = side, order
        return self._changed(time, side, order.rank)

    def _amend(self, time: float, side: _Side) -> MarketStep:
        order = self._pick(side)
        order.amount = self._resting_amount()
        return self._changed(time, side, order.rank)

    def _cancel_one(self, time: float, side: _Side) -> MarketStep:
        if self._latest is not None and self._drawn.random() < self._shape.fleeting_share:
            latest_side, latest = self._latest
            self._latest = None
            if latest_side.holds(latest) and len(latest_side.ranks) > _FEWEST_LEVELS:
                return self._cancel(time, latest_side, latest)
        return self._cancel(time, side, self._pick(side))

    def _cancel(self, time: float, side: _Side, order: _Resting) -> MarketStep:
        side.remove(order)
        return self._changed(time, side, order.rank)

    def _take_at_market(self, time: float) -> MarketStep:
        if self._drawn.random() >= self._shape.same_side:
            self._last_taker_is_buyer = self._drawn.random() < 0.5
        side = self._asks if self._last_taker_is_buyer else self._bids
        amount = self._lots(self._drawn, self._shape.take_value, self._shape.take_spread)
        return self._take(time, side, amount, up_to_fair=False)

    def _take(self, time: float, side: _Side, amount: int, *, up_to_fair: bool) -> MarketStep:
        """A market order of `amount` against `side`, or at least through all that fair price left behind."""
        touched: list[int] = []
        trades: list[MarketTrade] = []
        while len(side.ranks) > _FEWEST_LEVELS:
            rank = side.ranks[0]
            behind = up_to_fair and side.sign * self._fair > rank
            if amount <= 0 and not behind:
                break
            if not touched or touched[-1] != rank:
                touched.append(rank)
            order = side.queues[rank][0]
            filled = order.amount if behind else min(amount, order.amount)
            amount -= filled
            order.amount -= filled
            if not order.amount:
                side.remove(order)
            trades.append(self._trade(time, side, rank, filled))
        return self._stepped(time, side, touched, tuple(trades))

    # Where, and how much.

    def _rank(self, side: _Side) -> int:
        shape, drawn = self._shape, self._drawn
        nearest = self._nearest(side)
        if drawn.random() < shape.join_share:
            return nearest
        away = shape.distance * exp(drawn.gauss(0, shape.distance_spread)) / 10_000
        return max(self._rounded(nearest + int(min(away, _DEEPEST) * self._fair)), nearest)

    def _nearest(self, side: _Side) -> int:
        """The best rank for a new order: bids below the fair price, asks above it, none that would trade."""
        fair = -int(self._fair) if side.is_bid else int(self._fair) + 1
        opposite = self._asks if side.is_bid else self._bids
        return max(fair, 1 - opposite.ranks[0])

    def _rounded(self, rank: int) -> int:
        kind = self._drawn.random()
        for share, ticks in self._shape.round_prices:
            if kind < share:
                # Away from the fair price, unless that would leave no price at all.
                away = -(-rank // ticks) * ticks
                return away or rank
            kind -= share
        return rank

    def _pick(self, side: _Side) -> _Resting:
        place = int(len(side.ranks) * self._drawn.random() ** self._shape.depth_bias)
        return self._drawn.choice(side.queues[side.ranks[place]])

    def _resting_amount(self) -> int:
        shape = self._shape
        kind = self._drawn.random()
        if kind < shape.clip_share:
            return self._drawn.choice(self._clips)
        lots = self._lots(self._drawn, shape.value, shape.value_spread)
        if kind < shape.clip_share + shape.round_amount_share:
            digit = int(10 ** (len(str(lots)) - 1))
            return lots // digit * digit
        return lots

    def _lots(self, drawn: chance.Chance, value: float, spread: float) -> int:
        return max(1, int(value * exp(drawn.gauss(0, spread)) * self._lots_per_dollar))

    def _measure_lots(self) -> float:
        instrument = self.instrument
        # Binary fractions scale the draws only; what is drawn is whole lots.
        price = float(instrument.start_price)
        step = float(instrument.step_size)
        return 1 / (price * step * _QUOTE_VALUES.get(instrument.quote, 1.0))

    # The first book, and what a step is made of.

    def _first_book(self) -> tuple[_Side, _Side]:
        """A book as the flow leaves it: at rank n * u ** bias, a share u of new orders would stand nearer."""
        shape, drawn = self._shape, chance.seeded(self._opening_seed)
        normal = NormalDist()
        bids, asks = _Side(is_bid=True), _Side(is_bid=False)
        for side in (bids, asks):
            nearest = -self._start_price if side.is_bid else self._start_price + 1
            for place in range(self._depth):
                nearer = ((place + drawn.random()) / self._depth) ** (1 / shape.depth_bias)
                spread = normal.inv_cdf(min(max(nearer, 1e-6), 1 - 1e-6)) * shape.distance_spread
                away = min(shape.distance * exp(spread) / 10_000, _DEEPEST)
                rank = nearest if place == 0 else nearest + int(away * self._start_price)
                side.rest(_Resting(rank, self._lots(drawn, shape.value, shape.value_spread)))
        return bids, asks

    def _changed(self, time: float, side: _Side, rank: int) -> MarketStep:
        return self._stepped(time, side, (rank,))

    def _stepped(
        self, time: float, side: _Side, ranks: Sequence[int], trades: tuple[MarketTrade, ...] = ()
    ) -> MarketStep:
        first_id = self._last_id + 1
        # Each level that an order changes is a change of its own, as in the recordings' ids.
        self._last_id += len(ranks)
        changes = tuple(self._change(side, rank, side.amount(rank)) for rank in ranks)
        return MarketStep(time=time, first_id=first_id, last_id=self._last_id, changes=changes, trades=trades)

    def _change(self, side: _Side, rank: int, lots: int) -> LevelChange:
        return LevelChange(is_bid=side.is_bid, price=self._price(side, rank), amount=self._text(lots))

    def _trade(self, time: float, side: _Side, rank: int, lots: int) -> MarketTrade:
        self._last_trade_id += 1
        return MarketTrade(
            trade_id=self._last_trade_id,
            price=self._price(side, rank),
            amount=self._text(lots),
            taker_is_buyer=not side.is_bid,
            time=time,
        )

    def _price(self, side: _Side, rank: int) -> str:
        return text_of(side.sign * rank * self._tick, self.instrument.price_decimals)

    def _text(self, lots: int) -> str:
        return text_of(lots * self._step, self.instrument.amount_decimals)
