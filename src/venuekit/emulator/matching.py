"""The matching engine: price-time priority between a venue's accounts and the anonymous market around them.

The anonymous market is a source of steps, made up or recorded, that knows nothing of accounts. Two ways to
let accounts' orders live in it were sketched. In the first they join the inner queues of the made-up market:
a recording has no such queues, so it would need a second engine, and every order would change all that is
drawn afterwards. The second, kept, is an overlay: the source stays as it is, and this engine owns the
combined truth, which is the only one published. It rests on five rules, the same for every source:

1. A level's published amount is the crowd's plus the accounts'. The crowd's is what the source says, less
   what accounts took from it. What was taken stays taken until the source itself says less than that.
2. A new order stands behind all that its level holds. Trades at the level use up what stands before it, then
   the order itself. When the crowd's amount falls otherwise, those who left stood behind as long as there
   were any: an order moves up by trades, and by departures only when nobody is left behind it.
3. A trade of the source is a taker of that amount. It meets accounts' orders at better prices first, at their
   prices, then those at its own price whose turn it is; the rest is between the crowd and printed as told.
4. What the source adds at or beyond the price of an account's order is a taker as well: it trades with the
   order at the order's price, and only the rest of it stands in the book.
5. Update ids and trade ids are the source's, moved up by as many as accounts' orders have used.

Without accounts' orders the steps are the source's own, unchanged. With them, the book follows the source:
where an account's order took the place of a crowd's order in a trade, the crowd's is gone nevertheless.
A recording may tell a trade before or after the level change that it caused. Before is exact; after, the
fall counts as a departure first (rule 2), and the trade then moves the queue up all the same.

Nothing here depends on a clock or on chance: the same commands between the same steps give the same outcome.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from decimal import Decimal
from itertools import takewhile

from venuekit.emulator import order as told
from venuekit.emulator.digits import units_of
from venuekit.emulator.liquidity import LiveOrder, Side
from venuekit.emulator.order import (
    ExpiryReason,
    OrderEvent,
    OrderKind,
    OrderRequest,
    OrderState,
    OrderStatus,
    Outcome,
    RefusalReason,
    TimeInForce,
)
from venuekit.emulator.publication import Publication
from venuekit.emulator.scale import Scale
from venuekit.emulator.step import Instrument, LevelChange, MarketStep, MarketTrade
from venuekit.emulator.taking import (
    Appetite,
    BaseAppetite,
    Meeting,
    Plan,
    Prevention,
    QuoteAppetite,
    planned,
)
from venuekit.emulator.treasury import BOUNDLESS, Treasury

__all__ = ["Matching"]


class Matching:
    """One market's orders and the combined book that they stand in.

    `opening` is the source's first step, from which the engine's id numbering goes on. Commands and steps
    are given in order of time; `now` is in seconds of the source's time.
    """

    def __init__(
        self,
        instrument: Instrument,
        opening: MarketStep,
        *,
        treasury: Treasury | None = None,
        first_order_id: int = 1,
    ) -> None:
        self.instrument = instrument
        self._treasury: Treasury = treasury or BOUNDLESS
        self._next_order_id = first_order_id
        self._lot = units_of(instrument.step_size, instrument.amount_decimals)
        self._bids, self._asks = Side(is_bid=True), Side(is_bid=False)
        self._open: dict[int, LiveOrder] = {}
        # Orders that wait for a rise or a fall, as (rank of the trigger price, order id), next one first.
        self._waiting: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
        self._due: deque[int] = deque()
        self._last_price = units_of(instrument.start_price, instrument.price_decimals)
        self._public = Publication(instrument, opening.last_id)
        self._scale = Scale(instrument)
        self._now = opening.time
        self._events: list[OrderEvent] = []
        for change in opening.changes:
            self._hear(change)
        self._public.forget()

    # Commands of accounts.

    def place(self, request: OrderRequest, now: float) -> Outcome:
        """Take an order in, or refuse it.

        Raises:
            ValueError: a price or amount is finer than the instrument writes.
        """
        order = self._make(request, now)
        self._now = now
        if request.trigger is not None:
            self._place_waiting(order, request.trigger)
        else:
            self._place_working(order)
        return self._outcome()

    def cancel(self, order_id: int, now: float) -> Outcome:
        """End an open order."""
        self._now = now
        order = self._open.get(order_id)
        if order is None:
            return self._not_done(order_id, RefusalReason.UNKNOWN_ORDER)
        self._withdraw(order)
        order.status = OrderStatus.CANCELLED
        self._tell(told.Cancelled(state=self._state(order)))
        return self._outcome()

    def amend(
        self, order_id: int, now: float, *, amount: Decimal | None = None, price: Decimal | None = None
    ) -> Outcome:
        """Change an open order's whole amount, or price, or both; what is not given stays.

        It keeps its place in the queue when only its amount shrinks. Otherwise it goes to the end of its
        new level's queue, and takes what it meets on the way as a new order would. An order that waits for
        its trigger has no place to lose.

        Raises:
            ValueError: a price is not positive, or a number is finer than the instrument writes.
        """
        self._now = now
        order = self._open.get(order_id)
        if order is None:
            return self._not_done(order_id, RefusalReason.UNKNOWN_ORDER)
        if price is not None and order.price is None:
            return self._not_done(order_id, RefusalReason.NO_PRICE)
        old = order.amount, order.price
        new = (
            order.amount if amount is None else self._scale.amount_units(amount),
            order.price if price is None else self._scale.price_units(price),
        )
        if new[0] <= order.filled + order.prevented:
            return self._not_done(order_id, RefusalReason.AMOUNT_BELOW_FILLED)
        order.amount, order.price = new
        is_waiting = order.status is OrderStatus.UNTRIGGERED
        keeps_priority = is_waiting or (new[0] <= old[0] and new[1] == old[1])
        plan = None if keeps_priority else self._plan(order)
        refusal = self._objection(order, plan)
        if refusal is not None:
            order.amount, order.price = old
            return self._not_done(order_id, refusal)
        if plan is not None:
            self._withdraw(order)
        elif not is_waiting:
            self._public.touch(self._side(order), order.rank)
        self._tell(told.Amended(state=self._state(order), keeps_priority=keeps_priority))
        if plan is not None:
            self._work(order, plan)
        return self._outcome()

    def order(self, order_id: int) -> OrderState | None:
        """An open order as it stands, None if there is none of this id."""
        order = self._open.get(order_id)
        return None if order is None else self._state(order)

    def open_orders(self, account: str) -> list[OrderState]:
        """The open orders of an account, oldest first."""
        mine = (order for order in self._open.values() if order.request.account == account)
        return [self._state(order) for order in sorted(mine, key=lambda order: order.order_id)]

    def amount_before(self, order_id: int) -> Decimal | None:
        """How much must trade at its level before a resting order's turn; None: it does not rest."""
        order = self._open.get(order_id)
        if order is None or order.status is OrderStatus.UNTRIGGERED:
            return None
        queue = self._side(order).queue(order.rank)
        earlier = sum(other.left for other in queue[: queue.index(order)])
        return self._scale.amount(order.before + earlier)

    def amount_ahead(self, order_id: int) -> Decimal | None:
        """How much a taker has to take before it reaches a resting order; None: it does not rest."""
        order = self._open.get(order_id)
        if order is None or order.status is OrderStatus.UNTRIGGERED:
            return None
        line = self._side(order).line(order.rank)
        return self._scale.amount(
            sum(amount for _, _, amount in takewhile(lambda it: it.order is not order, line))
        )

    @property
    def last_price(self) -> Decimal:
        """The price of the last trade, or where the market started."""
        return self._scale.price(self._last_price)

    # The anonymous market.

    def follow(self, step: MarketStep) -> Outcome:
        """Let the source's next step happen to the combined book."""
        self._now = step.time
        for trade in step.trades:
            self._take_anonymously(trade)
        for change in step.changes:
            self._hear(change)
        self._let_arrivals_take()
        self._public.end_source_step(step)
        return self._outcome()

    def _take_anonymously(self, trade: MarketTrade) -> None:
        """Rule 3."""
        side = self._asks if trade.taker_is_buyer else self._bids
        price = units_of(trade.price, self.instrument.price_decimals)
        left = units_of(trade.amount, self.instrument.amount_decimals)
        self._public.begin_trade(trade.trade_id)
        rank = side.rank_of(price)
        while left and (maker := side.first_own) is not None and maker.rank <= rank:
            if maker.rank == rank and maker.before:
                amount = min(left, maker.before)
                side.pass_by(rank, amount)
                self._print(price, amount, trade.time, taker_is_buyer=trade.taker_is_buyer)
            else:
                amount = min(left, maker.left)
                own_price = side.price_at(maker.rank)
                self._print(own_price, amount, trade.time, taker_is_buyer=trade.taker_is_buyer)
                self._fill_maker(maker, amount)
            left -= amount
        if left:
            self._print(price, left, trade.time, taker_is_buyer=trade.taker_is_buyer)

    def _let_arrivals_take(self) -> None:
        """Rule 4."""
        for side, other in ((self._bids, self._asks), (self._asks, self._bids)):
            # One that still has a crowd before it is crossed only where the source itself is: left alone.
            while (maker := side.first_own) is not None and not maker.before:
                rank = other.best_crowd
                if rank is None or maker.rank + rank > 0:
                    break
                amount = min(maker.left, other.crowd(rank))
                other.eat(rank, amount)
                self._public.touch(other, rank)
                price = side.price_at(maker.rank)
                self._print(price, amount, self._now, taker_is_buyer=other.is_bid)
                self._fill_maker(maker, amount)

    def _hear(self, change: LevelChange) -> None:
        side = self._bids if change.is_bid else self._asks
        rank = side.rank_of(units_of(change.price, self.instrument.price_decimals))
        side.hear(rank, units_of(change.amount, self.instrument.amount_decimals))
        self._public.touch(side, rank)

    # Placing and working.

    def _place_waiting(self, order: LiveOrder, trigger: told.Trigger) -> None:
        price = self._scale.price_units(trigger.price)
        reached = self._last_price >= price if trigger.waits_for_rise else self._last_price <= price
        refusal = RefusalReason.WOULD_TRIGGER if reached else self._objection(order, None)
        if self._admit(order, refusal):
            order.rank = price if trigger.waits_for_rise else -price
            self._open[order.order_id] = order
            insort(self._waiting[trigger.waits_for_rise], (order.rank, order.order_id))

    def _place_working(self, order: LiveOrder) -> None:
        plan = self._plan(order)
        if self._admit(order, self._objection(order, plan)):
            self._work(order, plan)

    def _admit(self, order: LiveOrder, refusal: RefusalReason | None) -> bool:
        if refusal is not None:
            self._tell(told.Refused(request=order.request, reason=refusal, time=self._now))
            return False
        self._next_order_id += 1
        self._tell(told.Accepted(state=self._state(order)))
        return True

    def _objection(self, order: LiveOrder, plan: Plan | None) -> RefusalReason | None:
        """Why the order cannot be as it is; None: it can, and what it needs is reserved."""
        if plan is not None and plan.meetings and order.request.kind is OrderKind.LIMIT_MAKER:
            return RefusalReason.WOULD_TAKE
        if not order.amount and plan is not None:
            return RefusalReason.QUOTE_BELOW_ONE_LOT
        return None if self._reserve(order, plan) else RefusalReason.INSUFFICIENT_FUNDS

    def _reserve(self, order: LiveOrder, plan: Plan | None) -> bool:
        state = self._state(order)
        need = state.need
        if need is None and plan is not None:
            need = self._scale.quote(plan.cost) if state.request.is_buy else self._scale.amount(plan.base)
        return need is None or self._treasury.reserve(state, need)

    def _plan(self, order: LiveOrder) -> Plan:
        """Whom the order would meet now; an order by quote learns its amount from it."""
        limit = None if order.price is None else -self._side(order).rank_of(order.price)
        quote = order.request.quote_amount
        appetite: Appetite
        if quote is None:
            appetite = BaseAppetite(order.left)
        else:
            appetite = QuoteAppetite(self._scale.quote_units(quote), self._lot)
        plan = planned(order, self._other_side(order), limit, appetite, self._last_price)
        if quote is not None:
            order.amount = plan.met + plan.left
        return plan

    def _work(self, order: LiveOrder, plan: Plan) -> None:
        request = order.request
        if request.time_in_force is TimeInForce.FOK and plan.base < order.left:
            self._expire(order, ExpiryReason.FILL_OR_KILL)
            return
        for meeting in plan.meetings:
            if meeting.maker is None or meeting.prevention is None:
                self._trade(order, meeting)
            else:
                self._prevent(order, meeting.maker, meeting.amount, meeting.prevention)
        if plan.is_stopped:
            self._expire(order, ExpiryReason.SELF_TRADE)
        elif not order.left:
            self._close(order)
        elif request.kind is OrderKind.MARKET:
            self._expire(order, ExpiryReason.INSUFFICIENT_LIQUIDITY)
        elif request.time_in_force is TimeInForce.IOC:
            self._expire(order, ExpiryReason.IMMEDIATE_OR_CANCEL)
        else:
            side = self._side(order)
            side.rest(order, side.rank_of(order.price or 0))
            self._open[order.order_id] = order
            self._public.touch(side, order.rank)

    def _trade(self, taker: LiveOrder, meeting: Meeting) -> None:
        side = self._other_side(taker)
        price = side.price_at(meeting.rank)
        self._print(price, meeting.amount, self._now, taker_is_buyer=taker.request.is_buy)
        if meeting.maker is None:
            side.eat(meeting.rank, meeting.amount)
            self._public.touch(side, meeting.rank)
        else:
            self._fill_maker(meeting.maker, meeting.amount)
        self._fill(taker, price, meeting.amount, is_maker=False)

    def _prevent(self, taker: LiveOrder, maker: LiveOrder, amount: int, prevention: Prevention) -> None:
        side = self._side(maker)
        if prevention.decrements:
            taker.prevented += amount
            maker.prevented += amount
            self._public.touch(side, maker.rank)
        self._tell(
            told.Prevented(
                state=self._state(taker),
                maker=self._state(maker),
                price=self._scale.price(side.price_at(maker.rank)),
                amount=self._scale.amount(amount),
            )
        )
        if prevention.expires_maker:
            self._withdraw(maker)
            self._expire(maker, ExpiryReason.SELF_TRADE)
        else:
            self._finish_maker(maker)

    def _fill_maker(self, maker: LiveOrder, amount: int) -> None:
        side = self._side(maker)
        self._public.touch(side, maker.rank)
        self._fill(maker, side.price_at(maker.rank), amount, is_maker=True)
        self._finish_maker(maker)

    def _finish_maker(self, maker: LiveOrder) -> None:
        if not maker.left:
            self._withdraw(maker)
            self._close(maker)

    def _fill(self, order: LiveOrder, price: int, amount: int, *, is_maker: bool) -> None:
        order.filled += amount
        order.quote_filled += price * amount
        is_filled = order.filled == order.amount
        order.status = OrderStatus.FILLED if is_filled else OrderStatus.PARTIALLY_FILLED
        self._tell(
            told.Filled(
                state=self._state(order),
                trade_id=self._public.trade_id,
                price=self._scale.price(price),
                amount=self._scale.amount(amount),
                is_maker=is_maker,
            )
        )

    def _close(self, order: LiveOrder) -> None:
        """End an order that has nothing left: filled, or in part lost to the prevention of self-trades."""
        if order.status is not OrderStatus.FILLED:
            self._expire(order, ExpiryReason.SELF_TRADE)

    def _expire(self, order: LiveOrder, reason: ExpiryReason) -> None:
        order.status = OrderStatus.EXPIRED
        self._tell(told.Expired(state=self._state(order), reason=reason))

    def _withdraw(self, order: LiveOrder) -> None:
        """Take an open order out of the book, or out of those that wait."""
        del self._open[order.order_id]
        trigger = order.request.trigger
        if trigger is not None and order.status is OrderStatus.UNTRIGGERED:
            self._waiting[trigger.waits_for_rise].remove((order.rank, order.order_id))
        else:
            side = self._side(order)
            side.remove(order)
            self._public.touch(side, order.rank)

    # Triggers.

    def _note_last_price(self, price: int) -> None:
        self._last_price = price
        for waits_for_rise, waiting in self._waiting.items():
            rank = price if waits_for_rise else -price
            while waiting and waiting[0][0] <= rank:
                self._due.append(waiting.pop(0)[1])

    def _trigger(self, order: LiveOrder) -> None:
        order.status = OrderStatus.NEW
        self._tell(told.Triggered(state=self._state(order)))
        plan = self._plan(order)
        if self._reserve(order, plan):
            self._work(order, plan)
        else:
            self._expire(order, ExpiryReason.INSUFFICIENT_FUNDS)

    # What is told.

    def _outcome(self) -> Outcome:
        """Publish what the command did, then run what its trades triggered, each as a step of its own."""
        self._public.end_own_step(self._now)
        while self._due:
            self._trigger(self._open.pop(self._due.popleft()))
            self._public.end_own_step(self._now)
        outcome = Outcome(events=tuple(self._events), steps=self._public.take_steps())
        self._events.clear()
        return outcome

    def _print(self, price: int, amount: int, time: float, *, taker_is_buyer: bool) -> None:
        self._public.trade(price, amount, time, taker_is_buyer=taker_is_buyer)
        self._note_last_price(price)

    def _tell(self, event: OrderEvent) -> None:
        self._treasury.record(event)
        self._events.append(event)

    def _not_done(self, order_id: int, reason: RefusalReason) -> Outcome:
        return Outcome(events=(told.NotDone(order_id=order_id, reason=reason, time=self._now),))

    # Between the accounts' numbers and the book's integers.

    def _make(self, request: OrderRequest, now: float) -> LiveOrder:
        return LiveOrder(
            self._next_order_id,
            request,
            None if request.price is None else self._scale.price_units(request.price),
            0 if request.amount is None else self._scale.amount_units(request.amount),
            now,
        )

    def _state(self, order: LiveOrder) -> OrderState:
        return OrderState(
            order_id=order.order_id,
            trading_pair=self.instrument.trading_pair,
            request=order.request,
            status=order.status,
            amount=self._scale.amount(order.amount),
            price=None if order.price is None else self._scale.price(order.price),
            filled=self._scale.amount(order.filled),
            quote_filled=self._scale.quote(order.quote_filled),
            prevented=self._scale.amount(order.prevented),
            placed_at=order.placed_at,
            updated_at=self._now,
        )

    def _side(self, order: LiveOrder) -> Side:
        return self._bids if order.request.is_buy else self._asks

    def _other_side(self, order: LiveOrder) -> Side:
        return self._asks if order.request.is_buy else self._bids
