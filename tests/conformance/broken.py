"""Connectors with one defect each, of the kinds that connectors have had; none is seen in good weather."""

# mypy: disable-error-code="misc"
# A defect is mixed into a connector's class, whose methods it calls.

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from venuekit import errors
from venuekit.connector.account import AccountOptions
from venuekit.connector.order_book_tracker import TrackerEvent
from venuekit.connector.user_stream_tracker import UserStreamOwner, UserStreamTracker
from venuekit.model.account import AccountFrame, BalanceMove, BalanceReport, OrderAnswer
from venuekit.model.book import BookSnapshot, BookStatus
from venuekit.model.events import BookStatusEvent, BuyOrderCreatedEvent, ConnectorEvent, EventTag, MarketEvent
from venuekit.model.fees import AddedToCostTradeFee, TokenAmount
from venuekit.model.order import CancellationResult, OrderState
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.fence import Question
from venuekit.protocol.rates import RatePool, Scope
from venuekit.protocol.stream import Leaving as StreamLeaving
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_book import OrderBook
from venuekit.state.order_check import Violation
from venuekit.state.reconciliation import Difference
from venuekit.venues.binance.spot import wire
from venuekit.venues.binance.spot.exchange import BinanceExchange
from venuekit.venues.binance.spot.streams import BinanceOrderBookDataSource
from venuekit.venues.binance.spot.user_stream import BinanceUserStreamDataSource
from venuekit.web.departure import Leaving
from venuekit.web.rate_gate import RateGate


def ended(order: InFlightOrder, state: OrderState, at: float) -> OrderAnswer:
    """What an answer would say that nobody gave."""
    update = OrderUpdate(
        trading_pair=order.trading_pair,
        update_timestamp=at,
        new_state=state,
        client_order_id=order.client_order_id,
        exchange_order_id=order.exchange_order_id,
    )
    return OrderAnswer(update=update)


# --- life and books


class LeavesATask(BinanceExchange):
    async def _close(self) -> None:
        await super()._close()
        self._left = asyncio.create_task(asyncio.sleep(1.0))


class SaysReadyTooSoon(BinanceExchange):
    @property
    def status_dict(self) -> dict[str, bool]:
        return dict.fromkeys(super().status_dict, True)


class ListsWhatDoesNotTrade(BinanceExchange):
    def all_trading_pairs(self) -> list[str]:
        return list(self.trading_rules)


class TrustsItsOwnClock(BinanceExchange):
    async def server_time(self) -> float:
        await super().server_time()
        return self.clock.time()


class GoesOnAsking(BinanceExchange):
    """Asks by itself where the rate gate would have it wait."""

    async def get_last_traded_prices(self, trading_pairs: Sequence[str]) -> dict[str, Decimal]:
        if self.web.gate.banned_until() is not None:
            await self._transport.request("GET", f"{self.setting.domain.rest_url}/api/v3/ping", {}, None)
        return await super().get_last_traded_prices(trading_pairs)


class KeepsAWrongLevel(BinanceExchange):
    def get_order_book(self, trading_pair: str) -> OrderBook:
        book = super().get_order_book(trading_pair)
        if book.is_live:
            lowest = [price for price, _ in book.texts()[0]][5]
            book.apply_diffs([(lowest, "77.7")], [], book.update_id)
        return book


class TellsYesterdaysPrices(BinanceExchange):
    async def get_last_traded_prices(self, trading_pairs: Sequence[str]) -> dict[str, Decimal]:
        prices = await super().get_last_traded_prices(trading_pairs)
        return {pair: price + 1 for pair, price in prices.items()}


class _Cached(BinanceOrderBookDataSource):
    """Answers every question for a snapshot with the first one."""

    first: BookSnapshot | None = None

    def book_snapshot(self, trading_pair: str, answer: Any, depth: int | None) -> BookSnapshot:
        self.first = self.first or super().book_snapshot(trading_pair, answer, depth)
        return self.first


class KeepsOldSnapshots(BinanceExchange):
    data_source_class = _Cached


class BeginsAllBooksAnew(BinanceExchange):
    def _publish(self, event: TrackerEvent) -> None:
        super()._publish(event)
        if isinstance(event, BookStatusEvent) and event.status is BookStatus.RESYNCING:
            for pair, book in self.order_books.items():
                if book.is_live:
                    self.order_book_tracker.resync(pair)


class DoesNotSayThatItIsStale(BinanceExchange):
    def tell(self, event_tag: EventTag, event: ConnectorEvent) -> None:
        if not isinstance(event, BookStatusEvent) or event.status is not BookStatus.STALE:
            super().tell(event_tag, event)


class NeverSaysThatItIsNotLive(BinanceExchange):
    def tell(self, event_tag: EventTag, event: ConnectorEvent) -> None:
        if not isinstance(event, BookStatusEvent) or event.status is BookStatus.LIVE:
            super().tell(event_tag, event)


class NeverSuspectsSilence(BinanceExchange):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options | {"tracker_policy": None})


class DisturbsOthersWhenAdding(BinanceExchange):
    async def add_trading_pair(self, trading_pair: str) -> bool:
        for pair in self.trading_pairs:
            self.order_book_tracker.resync(pair)
        return await super().add_trading_pair(trading_pair)


# --- commands


class DoesNotMindAWrongKey(BinanceExchange):
    async def open_account(self) -> None:
        try:
            await super().open_account()
        except errors.AuthenticationFailed:
            self._credentials = None


class ForgetsWhatWasCancelled(BinanceExchange):
    async def cancel_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        return ended(order, OrderState.CANCELED, self.venue_time())


class TakesUnknownForCancelled(BinanceExchange):
    async def cancel_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        try:
            return await super().cancel_order(order, leaving)
        except errors.OrderNotFound:
            answer = ended(order, OrderState.CANCELED, self.venue_time())
            assert answer.update is not None
            return OrderAnswer(update=replace(answer.update, filled_amount=Decimal(0)))


class AmendsInItsMindOnly(BinanceExchange):
    async def amend_order(
        self, order: InFlightOrder, amount: Decimal, price: Decimal | None, leaving: Leaving
    ) -> OrderAnswer:
        answer = ended(order, OrderState.OPEN, self.venue_time())
        assert answer.update is not None
        return OrderAnswer(update=replace(answer.update, amount=amount))


class SendsFirstAndCancelsThen(BinanceExchange):
    def cancel(self, trading_pair: str, client_order_id: str) -> str:
        asyncio.get_running_loop().call_later(0.3, super().cancel, trading_pair, client_order_id)
        return client_order_id


class ChecksNothing(BinanceExchange):
    def violations(self, order: InFlightOrder) -> tuple[Violation, ...]:
        return ()


class CancelsEverybodysOrders(BinanceExchange):
    async def cancel_all(self, timeout_seconds: float = 10.0) -> list[CancellationResult]:
        results = await super().cancel_all(timeout_seconds)
        for order in await self.open_orders(self.trading_pairs):
            query = wire.CancelQuery(
                symbol=self.exchange_symbol_associated_to_pair(order.row.trading_pair),
                new_client_order_id="cancelled",
                order_id=int(order.row.exchange_order_id),
            )
            await self.web.call(wire.CANCEL, query, leaving=unseen)
        return results


async def unseen(_departure: object) -> None:
    """Nobody remembers."""


class _Rewrites(BinanceExchange):
    """Places another order than was asked for."""

    def rewritten(self, query: wire.NewOrderQuery) -> wire.NewOrderQuery:
        raise NotImplementedError

    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        call = self.commands.call

        async def call_otherwise(endpoint: Any, query: Any, **options: Any) -> Any:
            is_order = isinstance(query, wire.NewOrderQuery)
            return await call(endpoint, self.rewritten(query) if is_order else query, **options)

        self.commands.call = call_otherwise  # type: ignore[method-assign]
        try:
            return await super().place_order(order, leaving)
        finally:
            self.commands.call = call  # type: ignore[method-assign]


class LosesTheTimeInForce(_Rewrites):
    def rewritten(self, query: wire.NewOrderQuery) -> wire.NewOrderQuery:
        return replace(query, time_in_force=query.time_in_force and "GTC")


class HalvesAmounts(_Rewrites):
    def rewritten(self, query: wire.NewOrderQuery) -> wire.NewOrderQuery:
        if query.quantity is None:
            assert query.quote_quantity is not None
            return replace(query, quote_quantity=query.quote_quantity / 2)
        return replace(query, quantity=query.quantity / 2)


class LosesPostOnly(_Rewrites):
    def rewritten(self, query: wire.NewOrderQuery) -> wire.NewOrderQuery:
        return replace(query, type="LIMIT", time_in_force="GTC") if query.type == "LIMIT_MAKER" else query


class LosesTheTrigger(_Rewrites):
    def rewritten(self, query: wire.NewOrderQuery) -> wire.NewOrderQuery:
        return replace(query, type="LIMIT", stop_price=None)


# --- doubts


class SendsAgain(BinanceExchange):
    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        try:
            return await super().place_order(order, leaving)
        except errors.OutcomeUnknown:
            return await super().place_order(order, unseen)


class TakesSilenceForRefusal(BinanceExchange):
    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        try:
            return await super().place_order(order, leaving)
        except errors.OutcomeUnknown as error:
            raise errors.OrderRefused(str(error)) from None


class TellsTheAnswerToo(BinanceExchange):
    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        answer = await super().place_order(order, leaving)
        created = BuyOrderCreatedEvent(
            self.venue_time(),
            order.order_type,
            order.trading_pair,
            order.amount,
            order.price,
            order.client_order_id,
            order.creation_timestamp,
        )
        self.tell(MarketEvent.BuyOrderCreated, created)
        return answer


class NeverSettles(BinanceExchange):
    async def order_status(self, order: InFlightOrder, question: Question = Question.ORDER) -> OrderUpdate:
        try:
            return await super().order_status(order, question)
        except errors.OrderNotFound as error:
            raise errors.VenueFailed(str(error)) from None


class _OtherNames(BinanceUserStreamDataSource):
    """Names each event anew."""

    told = 0

    def parse(self, frame: bytes) -> Iterable[AccountFrame]:
        for said in super().parse(frame):
            self.told += 1
            yield replace(said, trade_id=f"t{self.told}") if isinstance(said, TradeUpdate) else said


class CountsFillsByEvent(BinanceExchange):
    user_stream_class = _OtherNames


class _Without(BinanceUserStreamDataSource):
    left_out: tuple[type, ...] = ()

    def parse(self, frame: bytes) -> Iterable[AccountFrame]:
        return [said for said in super().parse(frame) if not isinstance(said, self.left_out)]


class _WithoutMoves(_Without):
    left_out = (BalanceMove,)


class _WithoutEnds(_Without):
    left_out = (StreamLeaving,)


class OverlooksDeposits(BinanceExchange):
    user_stream_class = _WithoutMoves


class OverlooksTheEndOfTheStream(BinanceExchange):
    user_stream_class = _WithoutEnds


class NeverFetchesFills(BinanceExchange):
    async def order_fills(self, order: InFlightOrder) -> Sequence[TradeUpdate]:
        return ()

    async def fills(self, trading_pair: str, since: float) -> Sequence[TradeUpdate]:
        return ()


class _ClosedBooks:
    """Hears nothing of fills whose order is over."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def account_news(self, news: Any) -> None:
        if isinstance(news, TradeUpdate):
            order = self._owner.orders.fetch_order(news.client_order_id, news.exchange_order_id)
            if order is not None and order.current_state is OrderState.CANCELED:
                return
        self._owner.account_news(news)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._owner, name)


class IgnoresLateFills(NeverFetchesFills):
    def make_user_stream(self, owner: UserStreamOwner) -> UserStreamTracker | None:
        return super().make_user_stream(_ClosedBooks(owner))


class ExpectsNothingOfTheStream(BinanceExchange):
    def make_user_stream(self, owner: UserStreamOwner) -> UserStreamTracker | None:
        stream = super().make_user_stream(owner)
        if stream is not None:
            stream.expect = lambda since: None  # type: ignore[method-assign]
        return stream


class BelievesLists(BinanceExchange):
    async def reconcile(
        self, trading_pairs: Sequence[str] = (), *, dry_run: bool = False
    ) -> list[Difference]:
        listed = {row.row.client_order_id: None for row in await self.open_orders(self.trading_pairs)}
        for name, order in self.in_flight_orders.items():
            if name not in listed:
                gone = ended(order, OrderState.CANCELED, self.venue_time()).update
                assert gone is not None
                self.trading.orders.process_order_update(gone)
        return await super().reconcile(trading_pairs, dry_run=dry_run)


class ForgetsItsOrders(BinanceExchange):
    def __init__(self, *arguments: Any, account: AccountOptions, **options: Any) -> None:
        assert account.journals is not None
        folder = account.journals / f"{len(list(account.journals.iterdir()))}"
        folder.mkdir()
        super().__init__(*arguments, account=replace(account, journals=folder), **options)


# --- money


def _in_quote(trade: TradeUpdate) -> TradeUpdate:
    quote = trade.trading_pair.partition("-")[2]
    fee = AddedToCostTradeFee(flat_fees=[TokenAmount(quote, trade.fill_quote_amount / 1000)])
    return replace(trade, fee=fee)


class _FeesInQuote(BinanceUserStreamDataSource):
    def parse(self, frame: bytes) -> Iterable[AccountFrame]:
        return [_in_quote(said) if isinstance(said, TradeUpdate) else said for said in super().parse(frame)]


class PaysAllFeesInQuote(BinanceExchange):
    user_stream_class = _FeesInQuote

    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        answer = await super().place_order(order, leaving)
        return replace(answer, fills=tuple(map(_in_quote, answer.fills)))


class OverlooksWhatIsLocked(BinanceExchange):
    async def balances(self) -> BalanceReport:
        report = await super().balances()
        free = tuple(replace(row, available=row.total) for row in report.balances)
        return replace(report, balances=free)


class KeepsNoOrderLimits(BinanceExchange):
    def _gate(self, host: str, pools: Sequence[RatePool]) -> RateGate:
        wide = [
            replace(pool, limit=pool.limit * 10) if pool.scope is Scope.ACCOUNT else pool for pool in pools
        ]
        return super()._gate(host, wide)

    @classmethod
    def published_limits_of(cls, answer: Any) -> Mapping[str, int]:
        return {}


NEVER = 2.0
"""Seconds of waiting for what a broken connector does not do, and a sound one does within a second."""

# Card, connector, and the words by which the card says what is wrong, or how long it waits in vain.
BROKEN: Sequence[tuple[int, type[BinanceExchange], str | float]] = (
    (1, LeavesATask, "tasks are left"),
    (2, SaysReadyTooSoon, "ready without the book of ETH-USDT"),
    (3, ListsWhatDoesNotTrade, "these trade by its word"),
    (4, TrustsItsOwnClock, "ClockSkewed"),
    (5, GoesOnAsking, "while it was shut out"),
    (6, KeepsAWrongLevel, NEVER),
    (7, TellsYesterdaysPrices, "the last price of BTC-USDT is"),
    (8, NeverSaysThatItIsNotLive, "did not say that it was not live"),
    (8, BeginsAllBooksAnew, "ETH-USDT was disturbed"),
    (9, DoesNotSayThatItIsStale, "did not say that it"),
    (10, KeepsOldSnapshots, NEVER),
    (11, NeverSaysThatItIsNotLive, "did not say that it was not live"),
    (12, NeverSuspectsSilence, NEVER),
    (13, DisturbsOthersWhenAdding, "BTC-USDT was disturbed"),
    (14, DoesNotMindAWrongKey, "it started, and should have raised"),
    (15, HalvesAmounts, "another order was placed than was asked for"),
    (16, PaysAllFeesInQuote, NEVER),
    (17, HalvesAmounts, "were spent of"),
    (18, LosesTheTimeInForce, NEVER),
    (19, LosesPostOnly, NEVER),
    (20, LosesTheTrigger, NEVER),
    (21, AmendsInItsMindOnly, NEVER),
    (22, ForgetsWhatWasCancelled, NEVER),
    (23, TakesUnknownForCancelled, NEVER),
    (24, SendsFirstAndCancelsThen, "told of the order"),
    (25, ChecksNothing, "failed with RuleViolated"),
    (26, CancelsEverybodysOrders, "an order of somebody else was cancelled"),
    (27, SendsAgain, "was sent 2 times"),
    (28, SendsAgain, "was sent 2 times"),
    (28, TakesSilenceForRefusal, NEVER),
    (28, NeverSettles, 5.0),
    (29, SendsAgain, "was sent 2 times"),
    (29, TakesSilenceForRefusal, NEVER),
    (30, CountsFillsByEvent, NEVER),
    (30, IgnoresLateFills, NEVER),
    (31, NeverFetchesFills, NEVER),
    (32, TellsTheAnswerToo, "told of the order"),
    (33, ExpectsNothingOfTheStream, 8.0),
    (34, OverlooksTheEndOfTheStream, NEVER),
    (35, BelievesLists, "the list ended an order"),
    (36, ForgetsItsOrders, "knows no order"),
    (37, PaysAllFeesInQuote, "the fee was charged in ETH"),
    (38, OverlooksWhatIsLocked, NEVER),
    (39, OverlooksDeposits, NEVER),
    (40, KeepsNoOrderLimits, "108 orders sent the venue took 100"),
)
