"""A maker in a process of its own, that can be killed: it reports on stdout, and does as stdin says.

    python -m venuekit.cli.trader TASK

TASK is a `trader_report.Task` as JSON; the credentials are in the environment. A line `finish` on stdin lets
it cancel what is open, `stand` asks how it stands; the end of stdin ends it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from venuekit import errors
from venuekit.cli import outcome
from venuekit.cli.ladder import BookView, view_of
from venuekit.cli.maker import Maker
from venuekit.cli.output import brief
from venuekit.cli.trader_report import (
    BookStanding,
    Doubted,
    Filled,
    Flat,
    Healed,
    Holding,
    OrderStanding,
    OwnOrder,
    Picture,
    Ready,
    Said,
    Standing,
    Task,
    Told,
)
from venuekit.connector.account import AccountOptions
from venuekit.connector.connect import connect
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model import events
from venuekit.model.book import BookStatus
from venuekit.model.decimals import CONTEXT, plain
from venuekit.model.order import TradeType
from venuekit.protocol.book_feed import LevelText
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.reconciliation import DifferenceKind
from venuekit.web.auth import Credentials

__all__ = ["Reporter", "trade"]

_PICTURES_PER_SECOND = 10
_DEPTH = 8
# A command without an answer is in doubt until it can no longer be accepted: next door that is soon.
_RECEIVE_WINDOW = 2.0
_READY_WITHIN = 60.0
_AGAIN = 0.1


def say(what: Said) -> None:
    """One line on stdout, sent off at once."""
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


class Reporter:
    """Tells what happens to a connector, and how it looks."""

    def __init__(self, exchange: ExchangeBase) -> None:
        self._exchange = exchange
        self._was_live: dict[str, None] = {}
        self._lost: dict[str, float] = {}
        self._doubted: dict[str, float] = {}
        hears: Mapping[events.EventTag, Callable[[Any], None]] = {
            events.VenuekitEvent.BookStatus: self._book,
            events.VenuekitEvent.OrderInDoubt: self._in_doubt,
            events.VenuekitEvent.OrderSettled: self._settled,
            events.VenuekitEvent.OrderReopened: partial(self._alarm, "it was presumed over, and is alive"),
            events.VenuekitEvent.LateFill: partial(self._alarm, "a fill came after its end, and is counted"),
            events.VenuekitEvent.FillQuarantined: partial(
                self._alarm, "a fill would be more than was ordered"
            ),
            events.VenuekitEvent.Reconciled: self._reconciled,
            events.MarketEvent.OrderFilled: self._filled,
            events.MarketEvent.OrderFailure: self._failed,
        }
        for tag, listener in hears.items():
            exchange.add_listener(tag, listener)

    # --- what happens

    def _book(self, event: events.BookStatusEvent) -> None:
        pair, now = event.trading_pair, self._exchange.clock.monotonic()
        if event.status is not BookStatus.LIVE:
            if pair in self._was_live:
                self._lost.setdefault(pair, now)
            say(Told(subject=pair, words=f"{event.status.value}, {event.reason}"))
            return
        self._was_live[pair] = None
        lost_at = self._lost.pop(pair, None)
        if lost_at is None:
            say(Told(subject=pair, words="LIVE"))
        else:
            say(Healed(trading_pair=pair, seconds=round(now - lost_at, 3)))

    def _in_doubt(self, event: events.OrderInDoubt) -> None:
        self._doubted.setdefault(event.order_id, self._exchange.clock.monotonic())
        words = (
            f"{self._name(event.order_id)} is in doubt, {event.reason.value}: "
            f"{brief(event.filled_min)} to {brief(event.filled_max)} filled"
        )
        say(Doubted(order_id=event.order_id, words=words))

    def _settled(self, event: events.OrderSettled) -> None:
        now = self._exchange.clock.monotonic()
        lasted = now - self._doubted.pop(event.order_id, now)
        how = ", presumed" if event.is_presumed else ""
        words = (
            f"{self._name(event.order_id)} is settled after {_span(lasted)}: "
            f"{event.state.name}, {brief(event.filled)} filled{how}"
        )
        say(Doubted(order_id=event.order_id, words=words, settled_as=event.state.name))

    def _alarm(self, words: str, event: Any) -> None:
        say(Told(subject=self._name(event.order_id), words=words))

    def _reconciled(self, event: events.ReconciledEvent) -> None:
        if event.differences:
            kinds = [kind.value for kind in DifferenceKind]
            counts = {kind: sum(kind in words for words in event.differences) for kind in kinds}
            found = "; ".join(f"{kind} ({count})" for kind, count in counts.items() if count)
            say(Told(subject="compared with the venue", words=f"{found}; dealt with"))
        elif self._exchange.trading.orders.all_orders:
            say(Told(subject="compared with the venue", words="no difference"))

    def _filled(self, event: events.OrderFilledEvent) -> None:
        say(
            Filled(
                order_id=event.order_id,
                trading_pair=event.trading_pair,
                is_buy=event.trade_type is TradeType.BUY,
                price=event.price,
                amount=event.amount,
                fees={fee.token: fee.amount for fee in event.trade_fee.flat_fees},
            )
        )

    def _failed(self, event: events.MarketOrderFailureEvent) -> None:
        say(Told(subject=self._name(event.order_id), words=f"failed, {event.error_message}"))

    def _name(self, order_id: str) -> str:
        """An order as people call it."""
        order = self._exchange.get_order(order_id)
        if order is None:
            return order_id
        verb = "buy" if order.intent.is_buy() else "sell"
        return f"{verb} {brief(order.amount)} {order.base_asset} at {brief(order.price or Decimal(0))}"

    # --- how it looks

    def picture(self) -> Picture:
        """How it looks now."""
        exchange = self._exchange
        return Picture(
            books=[self._view(pair) for pair in exchange.trading_pairs],
            orders=[_own(order) for order in exchange.in_flight_orders.values()],
            holdings=self._holdings(),
        )

    def _view(self, pair: str) -> BookView:
        """A book with as many decimals as prices and amounts have: recordings pad them with zeros."""
        view, rule = view_of(self._exchange, pair, _DEPTH), self._exchange.trading_rule(pair)
        steps = rule.min_price_increment, rule.min_base_amount_increment
        return replace(view, bids=_cut(view.bids, steps), asks=_cut(view.asks, steps))

    def standing(self) -> Standing:
        """Everything that it believes."""
        exchange = self._exchange
        return Standing(
            orders={name: _standing(order) for name, order in exchange.trading.orders.all_orders.items()},
            holdings=self._holdings(),
            books=[self._book_standing(pair) for pair in exchange.trading_pairs],
        )

    def _holdings(self) -> list[Holding]:
        exchange = self._exchange
        return [
            Holding(asset=asset, total=total, available=exchange.get_available_balance(asset))
            for asset, total in sorted(exchange.get_all_balances().items())
        ]

    def _book_standing(self, pair: str) -> BookStanding:
        exchange = self._exchange
        book = exchange.get_order_book(pair)
        bids, asks = book.as_is.texts()
        return BookStanding(
            trading_pair=pair,
            symbol=exchange.exchange_symbol_associated_to_pair(pair),
            stream=exchange.order_book_tracker.data_source.book_channel(pair).name,
            is_live=book.is_live,
            update_id=book.update_id,
            bids=bids[: book.vouched_depth[0]],
            asks=asks[: book.vouched_depth[1]],
        )


async def trade(task: Task) -> None:
    """Quote until stdin says otherwise.

    Raises:
        errors.VenuekitError: the connector could not start.
    """
    exchange = connect(
        f"{task.venue}@emulator",
        task.trading_pairs,
        url=task.url,
        credentials=Credentials.from_environment(task.venue),
        account=AccountOptions(journals=Path(task.journals)),
        receive_window=_RECEIVE_WINDOW,
        ready_within=_READY_WITHIN,
    )
    began = exchange.clock.monotonic()
    reporter = Reporter(exchange)
    async with exchange:
        maker = Maker(exchange, task.trading_pairs, homes=task.homes)
        orders = exchange.in_flight_orders.values()
        say(
            Ready(
                seconds=round(exchange.clock.monotonic() - began, 3),
                taken_up=len(orders),
                in_doubt=sum(order.doubt is not None for order in orders),
                homes=maker.homes,
            )
        )
        async with asyncio.TaskGroup() as group:
            drawing = group.create_task(_draw(exchange, reporter))
            making = group.create_task(maker.run())
            async for word in _words():
                if word == "finish":
                    making.cancel()
                    await _flatten(exchange)
                elif word == "stand":
                    say(reporter.standing())
            making.cancel()
            drawing.cancel()


async def _draw(exchange: ExchangeBase, reporter: Reporter) -> None:
    while True:
        say(reporter.picture())
        await exchange.clock.sleep(1 / _PICTURES_PER_SECOND)


async def _flatten(exchange: ExchangeBase, seconds: float = 30.0) -> None:
    """Cancel what is open, and wait until nothing about any order is unknown, at most so long."""
    deadline = exchange.clock.monotonic() + seconds
    while (left := _unfinished(exchange)) and exchange.clock.monotonic() < deadline:
        await exchange.cancel_all(1.0)
        await exchange.clock.sleep(_AGAIN)
    say(Flat(left=left))


def _unfinished(exchange: ExchangeBase) -> int:
    orders = exchange.trading.orders.all_orders.values()
    return sum(order.is_open or order.doubt is not None or order.is_short_of_fills for order in orders)


async def _words() -> AsyncIterator[str]:
    """The lines of stdin."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode().strip()


def _own(order: InFlightOrder) -> OwnOrder:
    return OwnOrder(
        order_id=order.client_order_id,
        trading_pair=order.trading_pair,
        is_buy=order.intent.is_buy(),
        price=order.price or Decimal(0),
        amount=order.amount,
        filled=order.executed_amount_base,
        state=order.current_state.name,
        is_in_doubt=order.doubt is not None,
    )


def _standing(order: InFlightOrder) -> OrderStanding:
    return OrderStanding(
        trading_pair=order.trading_pair,
        is_buy=order.intent.is_buy(),
        state=order.life.name,
        filled=order.executed_amount_base,
        fills=sorted(order.order_fills),
        is_in_doubt=order.doubt is not None,
    )


def _cut(levels: list[LevelText], steps: tuple[Decimal, Decimal]) -> list[LevelText]:
    price_step, amount_step = (CONTEXT.normalize(step) for step in steps)
    return [
        (
            plain(CONTEXT.quantize(Decimal(price), price_step)),
            plain(CONTEXT.quantize(Decimal(amount), amount_step)),
        )
        for price, amount in levels
    ]


def _span(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


class _LogTeller(logging.Handler):
    """What a connector logs is something that happens, too."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it."""
        say(Told(subject="log", words=record.getMessage()))


def main() -> None:
    """The process."""
    log = logging.getLogger("venuekit")
    log.addHandler(_LogTeller(logging.WARNING))
    log.propagate = False
    task = msgspec.json.decode(sys.argv[1], type=Task)
    try:
        outcome.run(trade(task))
    except* errors.VenuekitError as group:
        sys.exit(f"venuekit: {group.exceptions[0]}")
    except* KeyboardInterrupt:
        sys.exit(1)


if __name__ == "__main__":
    main()
