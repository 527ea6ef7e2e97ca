"""One order of ours, from intent to end and a while beyond.

Three axes: the life-cycle (`order_lifecycle`), the fills (`order_fills`) and doubt (`order_doubt`). Fills are
counted whatever the life says; doubt widens the bounds and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuekit.model.conversion import RateSource
from venuekit.model.decimals import CONTEXT
from venuekit.model.events import DoubtReason
from venuekit.model.order import LimitOrder, NewOrder, OrderState, OrderType, TradeType
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.model.position import PositionAction
from venuekit.protocol.fence import Question
from venuekit.state import order_lifecycle, order_memory
from venuekit.state.order_doubt import Doubt, Standing
from venuekit.state.order_fills import OrderFills
from venuekit.state.order_lifecycle import CancelRequest, Happening

__all__ = ["InFlightOrder"]

_ZERO = Decimal(0)
_UNBOUNDED = Decimal("Infinity")


class InFlightOrder:
    """What is known about one order. All times are seconds of the venue's clock.

    `amount` is in base; of a market order by `quote_amount` it is zero until the venue reports one. `price`
    is None for a market order (NaN is read as None). `exchange_order_ids` are all ids the venue ever gave it,
    the current one last.

    Raises:
        ValueError: the order contradicts itself, or its state is one of venues without a book.
    """

    def __init__(
        self,
        client_order_id: str,
        trading_pair: str,
        order_type: OrderType,
        trade_type: TradeType,
        amount: Decimal | None,
        creation_timestamp: float,
        price: Decimal | None = None,
        exchange_order_id: str | None = None,
        initial_state: OrderState = OrderState.PENDING_CREATE,
        leverage: int = 1,
        position: PositionAction = PositionAction.NIL,
        *,
        intent: NewOrder | None = None,
    ) -> None:
        if price is not None and price.is_nan():
            price = None
        self.intent = intent or NewOrder(
            client_order_id=client_order_id,
            trading_pair=trading_pair,
            order_type=order_type,
            trade_type=trade_type,
            amount=amount,
            price=price,
            leverage=leverage,
            position=position,
        )
        if initial_state not in order_lifecycle.REPORTS and initial_state is not OrderState.PENDING_CREATE:
            raise ValueError(f"no order of a venue with a book is ever {initial_state.name}")
        self.client_order_id = client_order_id
        self.trading_pair = trading_pair
        self.order_type = order_type
        self.trade_type = trade_type
        self.amount = _ZERO if amount is None else amount
        self.price = price
        self.leverage = leverage
        self.position = position
        self.creation_timestamp = creation_timestamp
        self.last_update_timestamp = creation_timestamp
        self.base_asset, _, self.quote_asset = trading_pair.partition("-")

        self.exchange_order_ids: list[str] = [] if exchange_order_id is None else [exchange_order_id]
        is_cancelling = initial_state is OrderState.PENDING_CANCEL
        self.cancel = CancelRequest.PENDING if is_cancelling else CancelRequest.NONE
        self.life = OrderState.OPEN if is_cancelling else initial_state
        self.standing: Standing | None = None
        self.claimed = _ZERO
        """The most that any status claimed to be filled, in base."""
        self.is_end_known = False
        """Whether it is over and `claimed` is all that ever fills; an end may come without a figure."""
        self.ended_at: float | None = None
        self.seen_since = None if self.is_pending_create else creation_timestamp
        """Since when, at the latest, the venue holds it; None: it was not heard of."""
        self.amended_at: float | None = None
        """Since when, at the latest, its terms are these; None: they are as they were meant."""

        self.fills = OrderFills()
        self.doubt: Doubt | None = None
        self.misses: dict[Question, tuple[float, float]] = {}
        """First and last time that each question missed it in a row, counted after the fence."""
        self.refuted_at: float | None = None
        """When an end was first stated that stronger evidence contradicts."""
        self.possible_amounts: list[Decimal] = []
        """What amends on their way may make of the amount, in the order they were sent."""
        self.fence_end: float | None = None
        """From when the order, once sent, can no longer be accepted; None: never, or not sent."""
        self.cancel_fence_end: float | None = None
        """From when the cancel can no longer take effect; None: never, or none was sent."""

        self.is_sent = initial_state is not OrderState.PENDING_CREATE
        self.expiry_reason: str | None = None  # in the venue's word
        self.is_presumed = self.is_creation_told = self.is_end_told = self.is_watched = False
        """Whether it left the active orders. A reopened order is not watched, and its end is told."""

    @classmethod
    def of(cls, intent: NewOrder, creation_timestamp: float) -> InFlightOrder:
        """An order that is meant and not sent yet."""
        return cls(
            client_order_id=intent.client_order_id,
            trading_pair=intent.trading_pair,
            order_type=intent.order_type,
            trade_type=intent.trade_type,
            amount=intent.amount,
            creation_timestamp=creation_timestamp,
            price=intent.price,
            leverage=intent.leverage,
            position=intent.position,
            intent=intent,
        )

    def __repr__(self) -> str:
        filled = f"{self.executed_amount_base}/{self.amount}"
        doubt = f" in doubt: {self.doubt.reason.value}" if self.doubt else ""
        return f"<InFlightOrder {self.client_order_id} {self.current_state.name} {filled}{doubt}>"

    # --- the life

    @property
    def current_state(self) -> OrderState:
        """The state as strategies know it."""
        return order_lifecycle.shown(self.life, self.cancel)

    @property
    def exchange_order_id(self) -> str | None:
        """The venue's id: the latest, since a conditional order gets a second one once triggered."""
        return self.exchange_order_ids[-1] if self.exchange_order_ids else None

    @property
    def is_pending_create(self) -> bool:
        """Whether the venue has not been heard of it."""
        return self.life is OrderState.PENDING_CREATE

    @property
    def is_pending_cancel_confirmation(self) -> bool:
        """Whether a cancel is on its way."""
        return self.current_state is OrderState.PENDING_CANCEL

    @property
    def is_failure(self) -> bool:
        """Whether it was refused, or is presumed never to have been accepted."""
        return self.life is OrderState.FAILED

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self.life is OrderState.CANCELED

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.life not in order_lifecycle.ENDS

    @property
    def is_done(self) -> bool:
        """Whether it is over; never at once with `is_open`."""
        return self.life in order_lifecycle.ENDS

    @property
    def is_filled(self) -> bool:
        """Whether all of it is filled, by the venue's word or by the fills."""
        return self.life is OrderState.FILLED or self.is_filled_by_trades

    @property
    def is_filled_by_trades(self) -> bool:
        """Whether the fills make up the whole amount, and that of an amend on its way, to the last digit.

        Of an order by quote amount only the venue knows: the lot size leaves a rest.
        """
        return self.intent.quote_amount is None and 0 < self._most_ordered <= self.executed_amount_base

    def pass_on(self, happening: Happening, timestamp: float) -> bool:
        """Let something happen to it; whether its state changed."""
        before = self.current_state
        was_open = self.is_open
        self.life = order_lifecycle.after(self.life, happening)
        self.cancel = order_lifecycle.cancel_after(self.cancel, happening)
        if not (self.is_pending_create or happening in order_lifecycle.UNSEEN):
            self.seen_since = timestamp if self.seen_since is None else min(timestamp, self.seen_since)
        if was_open and self.is_done:
            self.ended_at = timestamp
        return self.current_state is not before

    def reopen(self, timestamp: float) -> None:
        """Take back an end that was presumed."""
        self.pass_on(Happening.REAPPEARED, timestamp)
        self.is_presumed = False
        self.is_end_known = False
        self.ended_at = self.seen_since = None

    # --- what is filled

    @property
    def order_fills(self) -> dict[str, TradeUpdate]:
        """The fills that count, by trade id."""
        return self.fills.counted

    @property
    def quarantined_fills(self) -> dict[str, TradeUpdate]:
        """The fills that do not fit into the order, by trade id."""
        return self.fills.quarantined

    @property
    def executed_amount_base(self) -> Decimal:
        """The exact sum of the fills, in base."""
        return self.fills.base

    @property
    def executed_amount_quote(self) -> Decimal:
        """The exact sum of the fills, in quote."""
        return self.fills.quote

    @property
    def filled_min(self) -> Decimal:
        """The least that is filled, in base: by the fills, or by a status that claims more."""
        return max(self.executed_amount_base, self.claimed)

    @property
    def filled_max(self) -> Decimal:
        """The most that can be filled, in base: exposure is counted at the worse of the two bounds.

        Infinite for a running order by quote amount. Fills in quarantine are in it.
        """
        if self.is_end_known:
            known = self.filled_min
        elif self.intent.quote_amount is not None:
            known = _UNBOUNDED
        else:
            known = max(self._most_ordered, self.filled_min)
        for trade in self.quarantined_fills.values():
            known = CONTEXT.add(known, max(trade.fill_base_amount, _ZERO))
        return known

    @property
    def is_short_of_fills(self) -> bool:
        """Whether fills are known to be missing, or the end did not say how much was filled."""
        is_end_vague = self.is_done and not self.is_end_known
        return is_end_vague or self.claimed > self.executed_amount_base

    @property
    def is_end_complete(self) -> bool:
        """Whether it is over and all fills that were ever claimed are here."""
        if self.life is OrderState.FILLED and not self.order_fills:
            return False
        return self.is_done and self.claimed <= self.executed_amount_base

    @property
    def average_executed_price(self) -> Decimal | None:
        """The mean price of the fills by base amount, in quote; None without fills."""
        return self.fills.average_price()

    @property
    def flat_fees_paid(self) -> dict[str, Decimal]:
        """What the fills charged, by asset, as the venue reported it; shares in percent are not in it."""
        return self.fills.flat_fees()

    def cumulative_fee_paid(self, token: str, rate_source: RateSource | None = None) -> Decimal:
        """What all fills cost in one token.

        Raises:
            errors.ExchangeRateUnknown: a rate is missing: there is no sum of only a part.
        """
        return self.fills.fees_in(token, rate_source)

    # --- doubt

    @property
    def in_doubt_since(self) -> float | None:
        """Since when something about it is not known; None: nothing is in doubt."""
        return None if self.doubt is None else self.doubt.since

    def enter_doubt(self, doubt: Doubt) -> bool:
        """Begin to doubt; a second reason extends the first. Whether it is a new doubt."""
        if self.doubt is None:
            self.doubt = doubt
            return True
        self.doubt = self.doubt.extended(doubt.settles_at)
        return False

    def is_settled_by(self, true_at: float) -> bool:
        """Whether a statement of the venue that is true of this moment ends the doubt."""
        if self.doubt is None or self.is_pending_create:
            return False
        if self.is_done or self.doubt.reason is DoubtReason.PLACE:
            return True
        if self.doubt.reason in (DoubtReason.CANCEL, DoubtReason.AMEND):
            # Alive proves nothing about a command that can still arrive.
            return self.doubt.settles_at is not None and true_at >= self.doubt.settles_at
        return true_at >= self.doubt.since

    def leave_doubt(self) -> None:
        """All is known again."""
        if self.doubt is not None and self.doubt.reason is DoubtReason.AMEND:
            self.possible_amounts.clear()
        self.doubt = None
        self.misses.clear()

    def expect_amount(self, amount: Decimal) -> None:
        """An amend to this amount is on its way."""
        if amount not in self.possible_amounts:
            self.possible_amounts.append(amount)

    def expect_no_more(self, amount: Decimal | None) -> None:
        """An amend was refused: the one to this amount, or the one sent last."""
        if self.possible_amounts and amount is None:
            self.possible_amounts.pop()
        elif amount in self.possible_amounts:
            self.possible_amounts.remove(amount)

    def count_miss(self, question: Question, asked_at: float) -> None:
        """One more answer without it; counted only from the end of the doubt on."""
        if self.doubt is None or self.doubt.settles_at is None or asked_at < self.doubt.settles_at:
            return
        first, last = self.misses.get(question, (asked_at, asked_at))
        self.misses[question] = (min(first, asked_at), max(last, asked_at))

    # --- merging

    def knows(self, exchange_order_id: str) -> bool:
        """Whether the venue ever gave it this id."""
        return exchange_order_id in self.exchange_order_ids

    def update_with_order_update(self, update: OrderUpdate) -> bool:
        """Take in a status; whether id or state changed. One whose ids are both others is refused."""
        if not self._is_about(update.client_order_id, update.exchange_order_id):
            return False
        is_new_id = bool(update.exchange_order_id) and self.bind(update.exchange_order_id or "")
        self._learn_terms(update)
        changed = False
        happening = order_lifecycle.REPORTS.get(update.new_state)
        if happening is not None:
            changed = self.pass_on(happening, update.update_timestamp)
        self._learn_end(update)
        changed |= self.complete_by_trades(update.update_timestamp)
        if is_new_id or changed:
            self.last_update_timestamp = max(self.last_update_timestamp, update.update_timestamp)
        return is_new_id or changed

    def update_with_trade_update(self, trade: TradeUpdate) -> bool:
        """Take in a fill; whether it counted. A known trade id, or one that does not fit, does not."""
        if not self._is_about(trade.client_order_id, trade.exchange_order_id):
            return False
        if self.fills.has_seen(trade.trade_id):
            return False
        if not self._fits(trade):
            self.fills.quarantined[trade.trade_id] = trade
            return False
        self._count(trade)
        return True

    def release_quarantine(self) -> list[TradeUpdate]:
        """Count the waiting fills that fit by now, and return them."""
        released = []
        for trade in list(self.quarantined_fills.values()):
            if self._fits(trade):
                self._count(trade)
                released.append(trade)
        return released

    def complete_by_trades(self, timestamp: float) -> bool:
        """Let it end as filled where the fills make up the whole; whether its state changed."""
        if not self.is_filled_by_trades:
            return False
        self.is_end_known = True
        return self.pass_on(Happening.FILLED_WHOLLY, timestamp)

    def bind(self, exchange_order_id: str) -> bool:
        """Learn an id of the venue; whether it is a new one. The old ones still match its trades."""
        if self.knows(exchange_order_id):
            return False
        self.exchange_order_ids.append(exchange_order_id)
        return True

    def _is_about(self, client_order_id: str | None, exchange_order_id: str | None) -> bool:
        return client_order_id == self.client_order_id or self.knows(exchange_order_id or "")

    def _learn_terms(self, update: OrderUpdate) -> None:
        """Amount and price as of the latest status, and the most that was ever claimed to be filled."""
        standing = Standing.of(update)
        if self.standing is None or self.standing.yields_to(standing):
            self.standing = standing
            before = (self.price, self.amount, len(self.possible_amounts))
            if update.price is not None:
                self.price = update.price
            # Less than what has filled cannot be the amount: the fills are the stronger evidence.
            if update.amount is not None and update.amount >= self.executed_amount_base:
                self.amount = update.amount
                if update.amount in self.possible_amounts:
                    self.possible_amounts.remove(update.amount)
            if before != (self.price, self.amount, len(self.possible_amounts)):
                self.amended_at = update.update_timestamp
        claim = self._claim_of(update)
        if claim is not None:
            self.claimed = max(self.claimed, claim)

    def _claim_of(self, update: OrderUpdate) -> Decimal | None:
        """What a status claims to be filled; FILLED claims all, with or without a figure."""
        if self.intent.quote_amount is not None:
            return update.filled_amount
        if update.filled_amount is None:
            return self.amount if update.new_state is OrderState.FILLED else None
        # No more than what was ordered can fill.
        return min(update.filled_amount, max(self._most_ordered, self.executed_amount_base))

    @property
    def _most_ordered(self) -> Decimal:
        return max((self.amount, *self.possible_amounts))

    def _learn_end(self, update: OrderUpdate) -> None:
        """Whether the status that reports this end says how much is filled in the end."""
        if self.is_done and update.new_state is self.life:
            self.expiry_reason = (update.misc_updates or {}).get("expiry_reason", self.expiry_reason)
            is_refusal = self.life is OrderState.FAILED
            self.is_end_known |= is_refusal or self._claim_of(update) is not None

    def _fits(self, trade: TradeUpdate) -> bool:
        base_limit = self._most_ordered if self.intent.quote_amount is None else None
        return self.fills.fits(trade, base_limit, self.intent.quote_amount)

    def _count(self, trade: TradeUpdate) -> None:
        self.fills.count(trade)
        self.last_update_timestamp = max(self.last_update_timestamp, trade.fill_timestamp)
        self.pass_on(Happening.FILLED_PARTLY, trade.fill_timestamp)
        self.complete_by_trades(trade.fill_timestamp)

    # --- memory

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads back; asks nobody and changes nothing."""
        return order_memory.written(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> InFlightOrder:
        """The inverse of `to_json`; also reads what knows nothing of ours beyond the shared vocabulary."""
        memory = order_memory.read(data)
        price = data["price"]
        order = cls(
            client_order_id=data["client_order_id"],
            trading_pair=data["trading_pair"],
            order_type=OrderType[data["order_type"]],
            trade_type=TradeType[data["trade_type"]],
            amount=Decimal(data["amount"]),
            creation_timestamp=float(data.get("creation_timestamp", -1.0)),
            price=None if price is None else Decimal(price),
            exchange_order_id=data["exchange_order_id"],
            initial_state=OrderState(int(data["last_state"])),
            leverage=int(data["leverage"]),
            position=PositionAction(data["position"]),
            intent=None if memory is None else memory.intent,
        )
        for stored in data.get("order_fills", {}).values():
            order._count(TradeUpdate.from_json(stored))
        for key, stored in data.get("quarantined_fills", {}).items():
            order.quarantined_fills[key] = TradeUpdate.from_json(stored)
        order.last_update_timestamp = float(data.get("last_update_timestamp", order.creation_timestamp))
        order_memory.recall(order, memory)
        return order

    def to_limit_order(self) -> LimitOrder:
        """As strategies pass it around.

        Raises:
            ValueError: it has no price.
        """
        if self.price is None:
            raise ValueError(f"{self.client_order_id} is no limit order: it has no price")
        return LimitOrder(
            client_order_id=self.client_order_id,
            trading_pair=self.trading_pair,
            is_buy=self.trade_type is TradeType.BUY,
            base_currency=self.base_asset,
            quote_currency=self.quote_asset,
            price=self.price,
            quantity=self.amount,
            filled_quantity=self.executed_amount_base,
            creation_timestamp=round(self.creation_timestamp * 1e6),
            position=self.position,
        )
