"""Each invariant broken on purpose: what the oracle then says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.sim.oracle_bench import BTC, Bench, Script

from venuekit.emulator.answer import Request
from venuekit.emulator.control import control
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.model.book import BookDiff, BookStatus, Levels
from venuekit.model.events import (
    BalanceUpdateEvent,
    BookStatusEvent,
    BuyOrderCompletedEvent,
    BuyOrderCreatedEvent,
    DoubtReason,
    FillQuarantined,
    LateFill,
    MarketOrderFailureEvent,
    OrderBookTradeEvent,
    OrderCancelledEvent,
    OrderExpiredEvent,
    OrderFilledEvent,
    OrderReopened,
)
from venuekit.model.fees import DeductedFromReturnsTradeFee
from venuekit.model.order import OrderState, OrderType, TradeType
from venuekit.model.order_update import TradeUpdate
from venuekit.sim.invariants.table import INVARIANTS
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Doubt
from venuekit.state.order_lifecycle import CancelRequest

_NOW = 1_750_000_005.0


class Lie:
    """What is done in a world in which all is well, which invariant it breaks, and what is said of it."""

    def __init__(self, invariant: str, words: str, script: Script, **how: Any) -> None:
        self.invariant = invariant
        self.words = words
        self.script = script
        self.how = how


_LIES: list[Lie] = []


def lie(invariant: str, words: str, **how: Any) -> Callable[[Script], Script]:
    """Put a script into the table."""

    def put(script: Script) -> Script:
        _LIES.append(Lie(invariant, words, script, **how))
        return script

    return put


def _fill_of(order: InFlightOrder, **change: Any) -> OrderFilledEvent:
    """The event of an order's first fill, with something else in it."""
    trade: TradeUpdate = next(iter(order.order_fills.values()))
    told = OrderFilledEvent(
        timestamp=trade.fill_timestamp,
        order_id=order.client_order_id,
        trading_pair=BTC,
        trade_type=order.trade_type,
        order_type=order.order_type,
        price=trade.fill_price,
        amount=trade.fill_base_amount,
        trade_fee=trade.fee,
        exchange_trade_id=trade.trade_id,
    )
    return told._replace(**change)


# Orders.


@lie("O1", "nobody is at the venue (new, 0.00000 of 0.01000 filled), and the journal has no intent of it")
async def an_order_appears_that_no_journal_knows(bench: Bench) -> None:
    bench.oracle.scene.venue.foreign.clear()
    bench.place_at_venue("nobody")


@lie("O1", "and no file of the journal has it")
async def the_journal_is_gone(bench: Bench) -> None:
    await bench.rest()
    bench.world.disk.truncate(bench.journal, 0)
    bench.oracle.scene.journal.read_anew()  # type: ignore[union-attr]  # there is one by now
    bench.oracle.quiet()


@lie("O2", "is 2 times at the venue")
async def an_order_is_placed_twice(bench: Bench) -> None:
    order = await bench.rest()
    bench.place_at_venue(order.client_order_id)


@lie("O2", "and no strategy asked for it")
async def an_order_appears_that_nobody_asked_for(bench: Bench) -> None:
    bench.place_at_venue("nobody")


@lie("O2", "was sent again while it was at the venue")
async def a_request_is_repeated(bench: Bench) -> None:
    order = await bench.rest()
    request = Request(
        method="POST",
        path="/api/v3/order",
        query=(("symbol", "BTCUSDT"), ("newClientOrderId", order.client_order_id)),
    )
    bench.world.dialect.request(request, bench.world.kernel.wall)


@lie("O2", "its place came 1 times to the venue, and left 0 by the journal")
async def a_request_leaves_that_is_not_written(bench: Bench) -> None:
    bench.life.placed["abcdefabcdef00000001"] = 0.0
    said = b'{"id":9,"method":"order.place","params":{"newClientOrderId":"abcdefabcdef00000001"}}'
    (connection, *_) = bench.world.dialect.connections.values()
    bench.world.dialect.receive(connection, said, bench.world.kernel.wall)


@lie("O2", "was given to a new order and is one already")
async def an_id_is_given_out_twice(bench: Bench) -> None:
    order = await bench.rest()
    desk = bench.exchange.trading
    desk.place = lambda intent: order.client_order_id  # type: ignore[method-assign]
    bench.exchange.buy(BTC, Decimal("0.01"), OrderType.MARKET)


@lie("O3", "OrderCancelled was told, and at the venue it is open")
async def an_end_is_told_that_is_not_true(bench: Bench) -> None:
    order = await bench.rest()
    bench.hears(OrderCancelledEvent(_NOW, order.client_order_id, order.exchange_order_id))


@lie("O3", "MarketOrderFailure was told, and at the venue it is open")
async def an_accepted_order_is_told_as_failed(bench: Bench) -> None:
    order = await bench.rest()
    bench.hears(MarketOrderFailureEvent(_NOW, order.client_order_id, OrderType.LIMIT))


@lie("O3", "OrderExpired was told, and at the venue it is filled")
async def a_filled_order_is_told_as_expired(bench: Bench) -> None:
    order = await bench.take()
    bench.hears(OrderExpiredEvent(_NOW, order.client_order_id))


def _completed(order: InFlightOrder, base: str, quote: str) -> BuyOrderCompletedEvent:
    return BuyOrderCompletedEvent(
        _NOW, order.client_order_id, "BTC", "USDT", Decimal(base), Decimal(quote), order.order_type
    )


@lie("O3", "BuyOrderCompleted was told, and at the venue it is cancelled")
async def a_cancelled_order_is_told_as_filled(bench: Bench) -> None:
    order = await bench.rest()
    bench.cancel_at_venue(order)
    bench.hears(_completed(order, "0.01", "640"))


@lie("O3", "BuyOrderCompleted was told with 1 for 2; at the venue 0.00")
async def more_is_told_as_filled_than_was(bench: Bench) -> None:
    order = await bench.take()
    bench.hears(_completed(order, "1", "2"))


@lie("O3", "MarketOrderFailure was told without a word of the venue, and its fence is over 1")
async def an_order_is_given_up_before_the_fence(bench: Bench) -> None:
    bench.world.dialect.faults.add(Fault(kind=FaultKind.SILENCE, path="order.place"))
    bench.world.dialect.faults.add(Fault(kind=FaultKind.HANG, path="order.place"))
    dialect = bench.world.dialect
    handle = dialect.handle
    dialect.handle = lambda *_: None  # type: ignore[method-assign]  # what comes is lost
    order = await bench.rest()
    dialect.handle = handle  # type: ignore[method-assign]
    bench.hears(MarketOrderFailureEvent(_NOW, order.client_order_id, OrderType.LIMIT))


@lie("O3", "OrderExpired was told, and the venue never had it")
async def an_end_is_told_of_what_never_was(bench: Bench) -> None:
    bench.hears(OrderExpiredEvent(_NOW, "never"))


@lie("O3", "after MarketOrderFailureEvent was told at")
async def an_order_is_accepted_after_its_end(bench: Bench) -> None:
    price = bench.exchange.get_mid_price(BTC) * Decimal("0.97")
    client_id = bench.exchange.buy(BTC, Decimal("0.01"), OrderType.LIMIT, price)
    bench.hears(MarketOrderFailureEvent(_NOW, client_id, OrderType.LIMIT))
    await asyncio.sleep(0.5)


@lie("O3", "was presumed to be over, and is new, 0.00000 of 0.01000 filled at the venue")
async def an_order_is_reopened(bench: Bench) -> None:
    order = await bench.rest()
    bench.hears(OrderReopened(timestamp=_NOW, order_id=order.client_order_id))


@lie("O5", "BuyOrderCreated was told 2 times")
async def an_order_is_created_twice(bench: Bench) -> None:
    order = await bench.rest()
    event = BuyOrderCreatedEvent(
        _NOW, OrderType.LIMIT, BTC, order.amount, order.price, order.client_order_id, _NOW
    )
    bench.hears(event)


@lie("O5", "BuyOrderCreated was told after its fills or its end")
async def an_order_is_created_after_its_fills(bench: Bench) -> None:
    order = await bench.take()
    event = BuyOrderCreatedEvent(_NOW, OrderType.LIMIT, BTC, order.amount, None, order.client_order_id, _NOW)
    bench.oracle.scene.told.created.clear()
    bench.hears(event)


@lie("O5", "was told, and SellOrderCompletedEvent had been in life 1")
async def an_end_is_told_twice(bench: Bench) -> None:
    order = await bench.take()
    bench.hears(OrderExpiredEvent(_NOW, order.client_order_id))


@lie("O5", "0 is filled, and 0.00")
async def a_fill_is_taken_back(bench: Bench) -> None:
    order = await bench.take()
    order.fills.base = Decimal(0)
    bench.hears(OrderReopened(timestamp=_NOW, order_id=order.client_order_id))
    await asyncio.sleep(0.1)


@lie("O5", "is filled of 0.0001")
async def more_is_filled_than_was_ordered(bench: Bench) -> None:
    order = await bench.take()
    order.amount = Decimal("0.0001")
    bench.hears(OrderReopened(timestamp=_NOW, order_id=order.client_order_id))
    await asyncio.sleep(0.1)


@lie("O5", "is OPEN and was FILLED: the table has no such way")
async def a_state_goes_where_no_way_leads(bench: Bench) -> None:
    order = await bench.take()
    order.life = OrderState.OPEN
    bench.hears(OrderReopened(timestamp=_NOW, order_id=order.client_order_id))
    await asyncio.sleep(0.1)


@lie("O7", "after OrderCancelledEvent was told")
async def an_order_trades_after_its_end(bench: Bench) -> None:
    order = await bench.rest()
    bench.hears(OrderCancelledEvent(_NOW, order.client_order_id, order.exchange_order_id))
    desk = bench.world.dialect.desk
    fills = {"symbol": "BTCUSDT", "fills": int(order.exchange_order_id or 0), "amount": "0.01"}
    request = Request(method="POST", path="/_emulator/order", body=msgspec.json.encode(fills))
    answer = control(bench.world.dialect, request, bench.world.kernel.wall)
    assert answer.status == 200, answer.body
    assert desk.archive.fills(bench.world.customer.name)


@lie("O7", "its end was told before trade 7")
async def a_fill_comes_late(bench: Bench) -> None:
    order = await bench.rest()
    bench.hears(
        LateFill(timestamp=_NOW, order_id=order.client_order_id, exchange_trade_id="7", amount=Decimal(1))
    )


@lie("O9", "its cancel is called at-random")
async def a_cancel_has_an_id_of_its_own(bench: Bench) -> None:
    bench.cancel_at_venue(await bench.rest(), "at-random")


@lie("O9", "does not follow from the order's id as those of others do")
async def cancels_are_called_differently(bench: Bench) -> None:
    first, second = await bench.rest(), await bench.rest("0.02")
    bench.cancel_at_venue(first, f"{first.client_order_id}-c")
    bench.cancel_at_venue(second, f"{second.client_order_id}-d")


@lie("O9", "the journal has several: ")
async def another_instance_writes_the_journal(bench: Bench) -> None:
    await bench.rest()
    bench.oracle.scene.journal.facts.instances["another"] = None  # type: ignore[union-attr]
    bench.oracle.quiet()


# Fills and exposure.


@lie("O4", "was told, and the venue has no such trade of it")
async def a_fill_is_made_up(bench: Bench) -> None:
    order = await bench.take()
    bench.hears(_fill_of(order, exchange_trade_id="999999"))


@lie("O4", "was told as (Decimal('1'), ")
async def a_fill_has_another_price(bench: Bench) -> None:
    bench.hears(_fill_of(await bench.take(), price=Decimal(1)))


@lie("O4", "was told as (")
async def a_fill_has_another_fee(bench: Bench) -> None:
    bench.hears(_fill_of(await bench.take(), trade_fee=DeductedFromReturnsTradeFee()))


@lie("O4", "was told 2 times, in lives 1, 1")
async def a_fill_is_told_twice(bench: Bench) -> None:
    bench.hears(_fill_of(await bench.take()))


@lie("O4", "is not counted: more than was ordered")
async def a_fill_does_not_fit(bench: Bench) -> None:
    order = await bench.rest()
    bench.hears(
        FillQuarantined(
            timestamp=_NOW,
            order_id=order.client_order_id,
            exchange_trade_id="7",
            amount=Decimal(1),
            reason="more than was ordered",
        )
    )


@lie("O4", "lacks the trades ['")
async def a_fill_is_forgotten(bench: Bench) -> None:
    (await bench.take()).order_fills.clear()


@lie("O4", "stands 2 times in the journal")
async def a_fill_is_written_twice(bench: Bench) -> None:
    await bench.take()
    bench.oracle.scene.journal.read_on()  # type: ignore[union-attr]
    fills = bench.oracle.scene.journal.facts.fills  # type: ignore[union-attr]
    fills.update(dict(fills))


@lie("O4", "in quarantine")
async def a_fill_stays_in_quarantine(bench: Bench) -> None:
    order = await bench.take()
    order.quarantined_fills["7"] = next(iter(order.order_fills.values()))


@lie("O6", "0 is filled at the venue; we say 0.005 to 0.01")
async def more_is_believed_to_be_filled_than_is(bench: Bench) -> None:
    order = await bench.rest()
    order.claimed = Decimal("0.005")
    bench.hears(OrderReopened(timestamp=_NOW, order_id=order.client_order_id))
    await asyncio.sleep(0.1)


@lie("O6", "is filled at the venue; we say 0 to 0 (FILLED)")
async def less_is_believed_to_be_possible_than_is(bench: Bench) -> None:
    order = await bench.take()
    order.claimed = order.fills.base = Decimal(0)
    bench.hears(OrderReopened(timestamp=_NOW, order_id=order.client_order_id))
    await asyncio.sleep(0.1)


@lie("O6", "is open at the venue (new, 0.00000 of 0.01000 filled), and over with us (CANCELED)")
async def an_open_order_is_believed_to_be_over(bench: Bench) -> None:
    order = await bench.rest()
    order.life, order.is_end_known = OrderState.CANCELED, True
    bench.hears(OrderReopened(timestamp=_NOW, order_id=order.client_order_id))
    await asyncio.sleep(0.1)


# Books.


def _first_trade(bench: Bench) -> OrderBookTradeEvent:
    trade = next(iter(bench.oracle.scene.books[BTC].trades.values()))
    taker = TradeType.BUY if trade.taker_is_buyer else TradeType.SELL
    return OrderBookTradeEvent(
        BTC, trade.time, taker, Decimal(trade.price), Decimal(trade.amount), trade.trade_id
    )


@lie("B1", "differ (price: ours, theirs)")
async def a_level_is_wrong(bench: Bench) -> None:
    price = bench.exchange.get_price(BTC, is_buy=False) - Decimal("0.01")
    bench.exchange.order_books[BTC].apply_diffs([(f"{price:f}", "1.5")], [], None)
    bench.oracle.quiet()


@lie("B1", "our best bid is")
async def the_best_level_is_lost(bench: Bench) -> None:
    book = bench.exchange.order_books[BTC]
    while book.bids.best is not None and "B1" not in {one.invariant for one in bench.oracle.violations}:
        book.apply_diffs([(book.bids.best[0], "0")], [], None)
        await asyncio.sleep(0.1)


@lie("B1", "an id that the venue's never had")
async def a_book_has_an_id_of_its_own(bench: Bench) -> None:
    book = bench.exchange.order_books[BTC]
    known, book.update_id = book.update_id, (book.update_id or 0) + 10_000
    bench.hears(BookDiff(trading_pair=BTC, bids=Levels(), asks=Levels(), last_update_id=book.update_id))
    book.update_id = known


@lie("B2", "is missing")
async def a_difference_is_skipped(bench: Bench) -> None:
    truth, glimpse = bench.oracle.scene.books[BTC], bench.life.book(BTC)
    await bench.until(lambda: glimpse.id is not None and truth.last_id > glimpse.id)
    after = truth.last_id + 1
    bench.hears(
        BookDiff(
            trading_pair=BTC, bids=Levels(), asks=Levels(), first_update_id=after, last_update_id=after + 1
        )
    )


@lie("B2", "without a difference", seconds=20.0, patience={"book_behind": 3.0})
async def a_silent_stream_is_believed(bench: Bench) -> None:
    bench.world.dialect.faults.add(Fault(kind=FaultKind.SILENCE, times=60))
    await asyncio.sleep(9.0)


@lie("B3", "is LIVE and crossed")
async def a_crossed_book_is_live(bench: Bench) -> None:
    book = bench.exchange.order_books[BTC]
    assert book.bids.best is not None
    book.apply_diffs([], [(book.bids.best[0], "1")], None)
    bench.hears(BookDiff(trading_pair=BTC, bids=Levels(), asks=Levels()))


@lie("B3", "and is LIVE")
async def an_id_goes_back(bench: Bench) -> None:
    glimpse = bench.life.book(BTC)
    assert glimpse.id is not None
    bench.hears(BookDiff(trading_pair=BTC, bids=Levels(), asks=Levels(), last_update_id=glimpse.id - 1))


@lie("B3", "is told after", seconds=20.0)
async def a_trade_is_told_again(bench: Bench) -> None:
    await bench.until(lambda: bench.life.book(BTC).trade_id is not None)
    bench.hears(_first_trade(bench))


@lie("B3", "the venue has (", seconds=20.0)
async def a_trade_is_told_otherwise(bench: Bench) -> None:
    await bench.until(lambda: bool(bench.oracle.scene.books[BTC].trades))
    bench.life.book(BTC).trade_id = None
    bench.hears(_first_trade(bench)._replace(price=Decimal(1)))


@lie("B3", "the venue has None")
async def a_trade_is_made_up(bench: Bench) -> None:
    bench.hears(OrderBookTradeEvent(BTC, _NOW, TradeType.BUY, Decimal(1), Decimal(1), 10**9))


# Money.


@lie("A1", "USDT we have 1, ")
async def a_balance_is_another(bench: Bench) -> None:
    exchange = bench.exchange
    real = exchange.get_balance
    exchange.get_balance = lambda currency: Decimal(1) if currency == "USDT" else real(currency)  # type: ignore[method-assign]


@lie("A2", "to be free; since our figure")
async def more_is_free_than_can_be(bench: Bench) -> None:
    balances = bench.exchange.trading.balances
    real = balances.figure
    balances.figure = lambda asset: msgspec.structs.replace(  # type: ignore[method-assign]
        real(asset), available=real(asset).available + 1
    )
    bench.hears(BalanceUpdateEvent(timestamp=_NOW, asset_name="BTC"))


@lie("A2", "BTC -1 is free")
async def less_than_nothing_is_free(bench: Bench) -> None:
    balances = bench.exchange.trading.balances
    real = balances.figure
    balances.figure = lambda asset: msgspec.structs.replace(real(asset), available=Decimal(-1))  # type: ignore[method-assign]
    bench.hears(BalanceUpdateEvent(timestamp=_NOW, asset_name="BTC"))


# Limits and resources.


@lie("R1", "limit of weight the venue refused us 2 times by its own count")
async def a_limit_is_overstepped(bench: Bench) -> None:
    bench.world.dialect.overstepped["weight"] += 2


@lie("R3", "tasks there are ")
async def tasks_are_left_over(bench: Bench) -> None:
    bench.oracle.quiet()
    bench.left = [asyncio.ensure_future(asyncio.sleep(1e6)) for _ in range(30)]  # type: ignore[attr-defined]


@lie("R3", "is LIVE, and 1 differences wait")
async def differences_wait_for_ever(bench: Bench) -> None:
    keeper = bench.exchange.order_book_tracker.tracked[BTC].keeper
    keeper._waiting.append(BookDiff(trading_pair=BTC, bids=Levels(), asks=Levels()))
    bench.oracle.quiet()


@lie("R4", "venuekit: it broke")
async def an_error_is_logged(bench: Bench) -> None:
    bench.log(logging.ERROR, "it broke")


@lie("R4", "(KeyError('lost'))")
async def a_warning_carries_an_error(bench: Bench) -> None:
    bench.log(logging.WARNING, "a loop failed", exc_info=KeyError("lost"))


@lie("R4", "a task: ValueError('nobody took it')")
async def an_error_is_taken_by_nobody(bench: Bench) -> None:
    bench.oracle.unobserved({"message": "a task", "exception": ValueError("nobody took it")})


@lie("S1", "the log holds a key, a secret or a signature")
async def a_secret_is_logged(bench: Bench) -> None:
    bench.log(logging.INFO, f"signing with {bench.world.customer.api_secret}")


@lie("S1", "the log holds a key, a secret or a signature")
async def a_signature_is_logged(bench: Bench) -> None:
    bench.log(logging.INFO, f"GET /account?timestamp=1&signature={'0f' * 32}")


@lie("S1", "a MarketOrderFailureEvent holds a key, a secret or a signature")
async def a_key_is_told(bench: Bench) -> None:
    words = f"the key {bench.world.customer.api_key} may not trade"
    bench.hears(MarketOrderFailureEvent(_NOW, "never", OrderType.LIMIT, words))


@lie("S1", "holds a key or a secret")
async def a_secret_is_written(bench: Bench) -> None:
    file = bench.world.disk.append(bench.journal.with_name("notes"))
    file.write((bench.world.customer.api_secret or "").encode())
    bench.oracle.quiet()


# The journal.


@lie("J1", "stands otherwise than the journal says: claimed is")
async def an_order_is_not_as_it_is_written(bench: Bench) -> None:
    (await bench.rest()).claimed = Decimal("0.001")
    bench.oracle.quiet()


@lie("J1", "stands otherwise than the journal says: it is not there")
async def an_order_is_followed_that_is_not_written(bench: Bench) -> None:
    order = await bench.rest()
    intent = msgspec.structs.replace(order.intent, client_order_id="unwritten")
    bench.exchange.trading.orders.machine.start(InFlightOrder.of(intent, _NOW))
    bench.oracle.quiet()


@lie("J1", "is damaged, and a connector trades on it")
async def the_journal_is_damaged(bench: Bench) -> None:
    await bench.rest()
    file = bench.world.disk.append(bench.journal)
    file.write(b"garbage " * 20)
    bench.oracle.quiet()


@lie("J1", "was told, and the journal does not hold it")
async def a_fill_is_told_that_is_not_written(bench: Bench) -> None:
    bench.hears(_fill_of(await bench.take(), exchange_trade_id="999999"))
    bench.restart()


@lie("J1", "OrderExpiredEvent was told, and the journal knows of no end")
async def an_end_is_told_that_is_not_written(bench: Bench) -> None:
    order = await bench.rest()
    bench.hears(OrderExpiredEvent(_NOW, order.client_order_id))
    bench.oracle.died(bench.life.number)


# Liveness.


@lie("L1", "is in doubt for", seconds=40.0, patience={"beyond_fence": 0.0})
async def a_doubt_does_not_end(bench: Bench) -> None:
    order = await bench.rest()
    order.doubt = Doubt(reason=DoubtReason.CANCEL, since=_NOW, settles_at=None)
    bench.oracle.healed()
    await asyncio.sleep(30.0)


@lie("L1", "is open at the venue (new, 0.00000 of 0.01000 filled), and not with us")
async def an_order_is_open_only_at_the_venue(bench: Bench) -> None:
    bench.place_at_venue("nobody")


@lie("L1", "is OPEN with us, and not at the venue")
async def an_order_is_open_only_with_us(bench: Bench) -> None:
    order = await bench.rest()
    del bench.oracle.scene.venue.orders[order.client_order_id]
    bench.oracle.healed()
    await asyncio.sleep(8.0)
    bench.oracle.quiet()


@lie("L1", "is cancelled, 0.00000 of 0.01000 filled at the venue, and OPEN with us", seconds=20.0)
async def an_end_is_not_heard_of(bench: Bench) -> None:
    order = await bench.rest()
    orders = bench.exchange.trading.orders
    orders.process_order_update = lambda *_, **__: None  # type: ignore[method-assign]
    bench.cancel_at_venue(order)
    bench.oracle.healed()
    await asyncio.sleep(8.0)
    bench.oracle.quiet()


@lie("L2", "s after all was well", seconds=30.0, patience={"books": 5.0})
async def a_book_does_not_come_back(bench: Bench) -> None:
    bench.oracle.healed()
    dialect = bench.world.dialect
    dialect.faults.add(Fault(kind=FaultKind.CONNECT_REFUSED, times=None))
    dialect.faults.add(Fault(kind=FaultKind.ABORT))
    await asyncio.sleep(8.0)
    dialect.faults.clear()


@lie("L3", "account lacks user_stream_initialized, order_books_initialized", patience={"stream": 5.0})
async def the_stream_does_not_come_back(bench: Bench) -> None:
    await a_book_does_not_come_back(bench)


@lie("L4", "is neither answered nor in doubt", patience={"command": 5.0}, seconds=20.0)
async def an_order_is_never_answered(bench: Bench) -> None:
    order = await bench.rest()
    intent = msgspec.structs.replace(order.intent, client_order_id="unanswered")
    bench.exchange.trading.orders.start_tracking_order(InFlightOrder.of(intent, _NOW))
    bench.life.placed["unanswered"] = bench.oracle.scene.now
    bench.oracle.healed()
    await asyncio.sleep(7.0)


@lie("L4", "its cancel has no end", patience={"command": 5.0}, seconds=20.0)
async def a_cancel_is_never_answered(bench: Bench) -> None:
    order = await bench.rest()
    order.cancel = CancelRequest.PENDING
    bench.life.cancelled[order.client_order_id] = bench.oracle.scene.now
    bench.oracle.healed()
    await asyncio.sleep(7.0)


@lie("L5", "s to stop, 15 s at most")
async def a_stop_takes_long(bench: Bench) -> None:
    desk = bench.exchange.trading
    desk.say_goodbye = lambda: asyncio.sleep(20.0)  # type: ignore[method-assign]


@lie("L5", "left [] open, and says ['somebody']")
async def a_stop_says_what_is_not_so(bench: Bench) -> None:
    desk = bench.exchange.trading
    close = desk.close

    def closed() -> None:
        close()
        desk.left_open = ("somebody",)

    desk.close = closed  # type: ignore[method-assign]


@lie("L5", "was asked to stop, and has not")
async def a_stop_does_not_end(bench: Bench) -> None:
    bench.life.is_stopping = True
    bench.oracle.end()
    bench.life.is_stopping = False


@lie("L6", "began anew 9 times within a minute", seconds=70.0, patience={"books": 0.0})
async def a_book_begins_anew_again_and_again(bench: Bench) -> None:
    bench.oracle.healed()
    await asyncio.sleep(55.0)
    for _ in range(9):
        bench.hears(
            BookStatusEvent(timestamp=_NOW, trading_pair=BTC, status=BookStatus.RESYNCING, reason="a lie")
        )
    await asyncio.sleep(8.0)


@pytest.mark.parametrize("told", _LIES, ids=lambda one: one.script.__name__)
def test_what_is_broken_is_found(told: Lie) -> None:
    violations = Bench(told.script, **told.how).run()
    words = [violation for violation in violations if violation.startswith(f"{told.invariant} ")]
    assert any(told.words in violation for violation in words), violations


def test_every_invariant_is_broken_by_somebody() -> None:
    assert {one.invariant for one in _LIES} == {invariant.id for invariant in INVARIANTS}
