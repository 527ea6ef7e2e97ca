"""Connectors with one defect each in what they believe of orders, as those of others have had them."""

# mypy: disable-error-code="misc"
# A defect is mixed into a connector's class, whose methods it calls.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace
from tests.conformance.broken import (
    NEVER,
    AmendsInItsMindOnly,
    ForgetsItsOrders,
    ForgetsWhatWasCancelled,
    IgnoresLateFills,
    NeverFetchesFills,
    SendsAgain,
    ended,
    unseen,
)

from venuekit import errors
from venuekit.connector.user_stream_tracker import UserStreamOwner, UserStreamTracker
from venuekit.journal.record import Body
from venuekit.model.account import AccountFrame, AccountOrder, OrderAnswer
from venuekit.model.events import OrderReopened, VenuekitEvent
from venuekit.model.order import LimitOrder, OrderState
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.fence import Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.reconciliation import Difference
from venuekit.venues.binance.spot.exchange import BinanceExchange
from venuekit.venues.binance.spot.user_stream import BinanceUserStreamDataSource
from venuekit.web.departure import Leaving


class _BusyCancelling:
    """Hears nothing of fills whose order is being cancelled."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def account_news(self, news: Any) -> None:
        if isinstance(news, TradeUpdate):
            order = self._owner.orders.fetch_order(news.client_order_id, news.exchange_order_id)
            if order is not None and order.current_state is OrderState.PENDING_CANCEL:
                return
        self._owner.account_news(news)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._owner, name)


class DropsFillsDuringACancel(NeverFetchesFills):
    def make_user_stream(self, owner: UserStreamOwner) -> UserStreamTracker | None:
        return super().make_user_stream(_BusyCancelling(owner))


class CallsUnknownRefused(BinanceExchange):
    async def cancel_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        try:
            return await super().cancel_order(order, leaving)
        except errors.OrderNotFound as error:
            raise errors.OrderRefused(str(error)) from None


class _WithoutEnds(BinanceUserStreamDataSource):
    def parse(self, frame: bytes) -> Iterable[AccountFrame]:
        ends = (OrderState.CANCELED, OrderState.EXPIRED)
        return [
            said
            for said in super().parse(frame)
            if not isinstance(said, OrderUpdate) or said.new_state not in ends
        ]


class HearsOfItsOwnEndsOnly(BinanceExchange):
    user_stream_class = _WithoutEnds


class CallsEveryRefusalOne(BinanceExchange):
    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        try:
            return await super().place_order(order, leaving)
        except errors.OrderRefused as error:
            raise errors.OrderRefused(str(error)) from None


class CancelsTheFirstOfMany(BinanceExchange):
    def batch_order_cancel(self, orders_to_cancel: Sequence[LimitOrder]) -> None:
        super().batch_order_cancel(orders_to_cancel[:1])


class CountsTroubleAsAbsence(BinanceExchange):
    async def open_orders(self, trading_pairs: Sequence[str]) -> Sequence[AccountOrder]:
        try:
            return await super().open_orders(trading_pairs)
        except errors.VenuekitError:
            return ()

    async def order_status(self, order: InFlightOrder, question: Question = Question.ORDER) -> OrderUpdate:
        try:
            return await super().order_status(order, question)
        except errors.VenuekitError:
            return _over(order, self.venue_time(), OrderState.FAILED)


def _over(order: InFlightOrder, at: float, state: OrderState) -> OrderUpdate:
    update = ended(order, state, at).update
    assert update is not None
    return update


class GivesUpWithoutTheVenuesId(BinanceExchange):
    async def order_status(self, order: InFlightOrder, question: Question = Question.ORDER) -> OrderUpdate:
        try:
            return await super().order_status(order, question)
        except errors.OutcomeUnknown:
            if order.exchange_order_id is None:
                return _over(order, self.venue_time(), OrderState.FAILED)
            raise


class TakesNotFoundForTheEnd(BinanceExchange):
    async def order_status(self, order: InFlightOrder, question: Question = Question.ORDER) -> OrderUpdate:
        try:
            return await super().order_status(order, question)
        except errors.OrderNotFound:
            return _over(order, self.venue_time(), OrderState.CANCELED)


class DropsTheFillsOfAnswers(NeverFetchesFills):
    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        return replace(await super().place_order(order, leaving), fills=())


class NamesFillsAnewAtEachStart(BinanceExchange):
    async def fills(self, trading_pair: str, since: float) -> Sequence[TradeUpdate]:
        trades = await super().fills(trading_pair, since)
        return [replace(trade, trade_id=f"{id(self)}-{trade.trade_id}") for trade in trades]


class EndsWhatItAmends(BinanceExchange):
    async def amend_order(
        self, order: InFlightOrder, amount: Decimal, price: Decimal | None, leaving: Leaving
    ) -> OrderAnswer:
        try:
            return await super().amend_order(order, amount, price, leaving)
        except errors.OutcomeUnknown:
            return ended(order, OrderState.CANCELED, self.venue_time())


class WritesLate(BinanceExchange):
    """Keeps its last records in a buffer until more come."""

    async def open_account(self) -> None:
        await super().open_account()
        journal, recorded = self.trading.account.journal, self.trading.orders._recorded
        waiting: list[Body] = []

        def late(item: Body) -> int:
            waiting.append(item)
            return journal.append(waiting.pop(0)) if len(waiting) > 3 else journal.sequence

        recorded._write = late


class AdoptsWhatIsListed(BinanceExchange):
    async def reconcile(
        self, trading_pairs: Sequence[str] = (), *, dry_run: bool = False
    ) -> list[Difference]:
        for row in await self.open_orders(self.trading_pairs):
            order = self.get_order(row.row.client_order_id)
            if order is not None and order.is_done:
                self.tell(
                    VenuekitEvent.OrderReopened,
                    OrderReopened(timestamp=self.venue_time(), order_id=order.client_order_id),
                )
        return await super().reconcile(trading_pairs, dry_run=dry_run)


class CancelsAgain(BinanceExchange):
    async def cancel_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        try:
            return await super().cancel_order(order, leaving)
        except errors.OutcomeUnknown:
            return await super().cancel_order(order, unseen)


BROKEN_ORDERS: Sequence[tuple[int, type[BinanceExchange], str | float]] = (
    (41, ForgetsWhatWasCancelled, NEVER),
    (42, DropsFillsDuringACancel, NEVER),
    (43, CallsUnknownRefused, "was called refused"),
    (44, HearsOfItsOwnEndsOnly, NEVER),
    (45, AmendsInItsMindOnly, NEVER),
    (46, HearsOfItsOwnEndsOnly, NEVER),
    (47, CallsEveryRefusalOne, "failed as OrderRefused, not as InsufficientBalance"),
    (48, CancelsTheFirstOfMany, NEVER),
    (64, CountsTroubleAsAbsence, "while nobody could be asked"),
    (65, SendsAgain, r"4 orders were placed, and \d sent"),
    (66, SendsAgain, r"6 orders were placed, and \d+ sent"),
    (67, GivesUpWithoutTheVenuesId, "nobody had said a word of it"),
    (68, TakesNotFoundForTheEnd, "lives in another place"),
    (69, DropsTheFillsOfAnswers, NEVER),
    (70, NamesFillsAnewAtEachStart, NEVER),
    (70, ForgetsItsOrders, "knows no order"),
    (71, EndsWhatItAmends, NEVER),
    (72, WritesLate, NEVER),
    (73, AdoptsWhatIsListed, "brought an order back"),
    (77, CancelsAgain, "the cancel was sent 2 times"),
    (79, IgnoresLateFills, NEVER),
)
