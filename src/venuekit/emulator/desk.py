"""A venue's customers at work: their orders in all markets, trades and funds, and what is told of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from venuekit.emulator import order as told
from venuekit.emulator.ledger import Balance, Entry, FeePlan, Ledger
from venuekit.emulator.market_time import MarketTime
from venuekit.emulator.matched_market import MatchedMarket
from venuekit.emulator.order import OrderEvent, OrderRequest, OrderState, RefusalReason
from venuekit.emulator.order_archive import OrderArchive
from venuekit.emulator.order_record import AccountEvent, Amendment, Fill, OrderRecord, PreventedMatch
from venuekit.emulator.step import MarketSource
from venuekit.emulator.taking import prevention
from venuekit.model.decimals import CONTEXT
from venuekit.protocol.frozen import Frozen

__all__ = ["AccountFeed", "Desk", "Done"]

_UNREAD = 20_000
"""Events that a feed keeps for a reader who does not come."""


class Done(Frozen):
    """What a command led to: `refusal` says why nothing; else the order as it stands, and what it met."""

    refusal: RefusalReason | None = None
    order: OrderRecord | None = None
    fills: tuple[Fill, ...] = ()
    matches: tuple[PreventedMatch, ...] = ()

    def record(self) -> OrderRecord:
        """The order.

        Raises:
            LookupError: the command was refused.
        """
        if self.order is None:
            raise LookupError(f"the command was refused: {self.refusal}")
        return self.order


class AccountFeed:
    """One reader of an account's events; they wait here in order until they are taken."""

    def __init__(self, account: str) -> None:
        self.account = account
        self._events: deque[AccountEvent] = deque(maxlen=_UNREAD)

    def put(self, event: AccountEvent) -> None:
        """Called by the desk."""
        self._events.append(event)

    def take(self) -> list[AccountEvent]:
        """What happened since the last call."""
        events = list(self._events)
        self._events.clear()
        return events


class Desk:
    """Takes the customers' commands, and is the treasury of all markets: so it hears of all that happens.

    Every method that takes `now` wants the machine's clock in seconds; all times that come back are on it.
    Ids of orders and trades are the market's own: those of two markets may be the same numbers.
    """

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.ledger = Ledger(rates=self.rate) if ledger is None else ledger
        self.ledger.follow(self._note_entry)
        self.times: dict[str, MarketTime] = {}
        self.archive = OrderArchive()
        self.markets: dict[str, MatchedMarket] = {}
        self.reference_rates: dict[tuple[str, str], Decimal] = {}
        self._listeners: list[Callable[[AccountEvent], None]] = []
        self._feeds: dict[str, list[AccountFeed]] = {}
        self._sequences: dict[str, int] = {}
        self._changes: dict[str, float] = {}
        self._changed: dict[str, dict[str, None]] = {}
        self._executions = 0
        self._matches: dict[str, int] = {}
        self._deposits = 0
        self._command_time: float | None = None
        self._command_id = ""
        self._terms: Mapping[str, Any] = {}
        self._renaming: str | None = None
        self._command_events: list[AccountEvent] = []

    def open_market(self, source: MarketSource, first_order_id: int = 1) -> MatchedMarket:
        """The market of a source in which this desk's customers trade."""
        market = MatchedMarket(source, treasury=self, first_order_id=first_order_id)
        self.markets[source.instrument.trading_pair] = market
        return market

    def time_of(self, trading_pair: str) -> MarketTime:
        """The time that passes in a market."""
        return self.times.setdefault(trading_pair, MarketTime())

    def rate(self, asset: str, other: str) -> Decimal | None:
        """How much of `other` one unit of `asset` is worth, by last prices, else by `reference_rates`."""
        if asset == other:
            return Decimal(1)
        direct, inverse = self.markets.get(f"{asset}-{other}"), self.markets.get(f"{other}-{asset}")
        if direct is not None:
            return direct.last_price
        if inverse is not None:
            return CONTEXT.divide(Decimal(1), inverse.last_price)
        return self.reference_rates.get((asset, other))

    # Accounts.

    def open_account(self, name: str, fees: FeePlan | None = None) -> None:
        """A new customer, with nothing.

        Raises:
            ValueError: the name is taken.
        """
        self.ledger.open_account(name, fees)

    def balances(self, account: str) -> dict[str, Balance]:
        """All that an account has or once had, by asset."""
        return self.ledger.balances(account)

    def deposit(self, account: str, asset: str, amount: Decimal, now: float, reference: str = "") -> Entry:
        """Bring an amount in from outside; a `reference` is the venue's id of it.

        Raises:
            ValueError: the amount is not positive or finer than the asset, or the reference is used.
        """
        entry = self.ledger.deposit(self._reference(reference), account, asset, amount, now)
        self._tell(account, now, entry=entry)
        return entry

    def withdraw(
        self, account: str, asset: str, amount: Decimal, now: float, reference: str = ""
    ) -> Entry | None:
        """Take a free amount out; None: there is not so much.

        Raises:
            ValueError: as `deposit`.
        """
        entry = self.ledger.withdraw(self._reference(reference), account, asset, amount, now)
        if entry is not None:
            self._tell(account, now, entry=entry)
        return entry

    def changed_at(self, account: str, now: float) -> float:
        """When something last happened in an account; `now` where nothing has."""
        return self._changes.get(account, now)

    # What is told.

    def listen(self, listener: Callable[[AccountEvent], None]) -> None:
        """Tell a part of the venue of every account's events, at once."""
        self._listeners.append(listener)

    def follow(self, account: str) -> AccountFeed:
        """A feed of an account's events from now on."""
        feed = AccountFeed(account)
        self._feeds.setdefault(account, []).append(feed)
        return feed

    def unfollow(self, feed: AccountFeed) -> None:
        """Stop filling a feed; one that is not followed is left alone."""
        feeds = self._feeds.get(feed.account, [])
        self._feeds[feed.account] = [other for other in feeds if other is not feed]

    # Commands.

    def place(
        self, trading_pair: str, request: OrderRequest, now: float, terms: Mapping[str, Any] | None = None
    ) -> Done:
        """Take an order in, or refuse it; whether its client id is free is asked before.

        Raises:
            ValueError: a price or amount is finer than the instrument writes.
            KeyError: there is no such market.
        """
        with self._command(trading_pair, now) as events:
            self._terms = terms or {}
            answer = self.markets[trading_pair].place(request, self.time_of(trading_pair).at(now))
        return self._done(trading_pair, answer, events)

    def cancel(self, trading_pair: str, order_id: int, now: float, command_id: str = "") -> Done:
        """End an open order."""
        with self._command(trading_pair, now, command_id) as events:
            answer = self.markets[trading_pair].cancel(order_id, self.time_of(trading_pair).at(now))
        return self._done(trading_pair, answer, events)

    def amend(
        self,
        trading_pair: str,
        order_id: int,
        now: float,
        *,
        amount: Decimal | None = None,
        price: Decimal | None = None,
        client_order_id: str | None = None,
    ) -> Done:
        """Change an open order's whole amount, or price, or both, and with it its client id.

        Raises:
            ValueError: a price is not positive, or a number is finer than the instrument writes.
        """
        with self._command(trading_pair, now) as events:
            self._renaming = client_order_id
            answer = self.markets[trading_pair].amend(
                order_id, self.time_of(trading_pair).at(now), amount=amount, price=price
            )
        return self._done(trading_pair, answer, events)

    @contextmanager
    def _command(self, trading_pair: str, now: float, command_id: str = "") -> Iterator[list[AccountEvent]]:
        """Gather what a command leads to, once the market has come to its moment."""
        self.markets[trading_pair].catch_up(self.time_of(trading_pair).at(now))
        self._command_time, self._command_id, self._command_events = now, command_id, []
        try:
            yield self._command_events
        finally:
            self._command_time, self._command_id, self._terms, self._renaming = None, "", {}, None
            self._drain()

    def settle(self) -> None:
        """After the markets have moved: nothing waits that has been told already."""
        self._drain()

    def _drain(self) -> None:
        for market in self.markets.values():
            market.take_events()

    def _done(self, trading_pair: str, answer: tuple[OrderEvent, ...], events: list[AccountEvent]) -> Done:
        first = answer[0]
        if isinstance(first, told.Refused | told.NotDone):
            return Done(refusal=first.reason)
        order_id = first.state.order_id
        record = self.archive.order(trading_pair, order_id)
        fills = tuple(
            event.fill
            for event in events
            if event.fill is not None
            and event.fill.order_id == order_id
            and event.fill.trading_pair == trading_pair
        )
        matches = tuple(
            event.order.prevented
            for event in events
            if isinstance(event.event, told.Prevented)
            and event.order is not None
            and event.order.order_id == order_id
            and event.order.prevented is not None
        )
        return Done(order=record, fills=fills, matches=matches)

    # The treasury of all markets.

    def reserve(self, state: OrderState, need: Decimal) -> bool:
        """Hold what an order needs; as the ledger does."""
        return self.ledger.reserve(state, need)

    def record(self, event: OrderEvent) -> None:
        """Book what happened, remember it and tell it, at once and in order."""
        self.ledger.record(event)
        match event:
            case told.Accepted():
                self._take_in(event)
            case told.Filled():
                self._tell_of_fill(event)
            case told.Prevented():
                self._tell_of_prevention(event)
            case told.Amended():
                self._tell_of_amendment(event)
            case told.Triggered() | told.Cancelled() | told.Expired():
                self._tell_of_order(event)
            case told.Refused() | told.NotDone():
                pass

    def _take_in(self, event: told.Accepted) -> None:
        state, now = event.state, self._moment(event.state)
        works = state.status is not told.OrderStatus.UNTRIGGERED
        record = OrderRecord(
            state=state,
            client_order_id=state.request.client_order_id,
            placed_at=now,
            updated_at=now,
            working_since=now if works else None,
            terms=self._terms,
        )
        self.archive.add(record)
        self._tell(record.account, now, order=record, event=event)

    def _tell_of_order(self, event: told.Triggered | told.Cancelled | told.Expired) -> None:
        now = self._moment(event.state)
        changes: dict[str, Any] = {"state": event.state, "updated_at": now}
        if isinstance(event, told.Triggered):
            changes["working_since"] = now
        if isinstance(event, told.Expired):
            changes["expiry"] = event.reason
        record = self.archive.change(event.state, changes)
        self._tell(record.account, now, order=record, event=event, command_id=self._command_id)

    def _tell_of_fill(self, event: told.Filled) -> None:
        state, now = event.state, self._moment(event.state)
        record = self.archive.change(state, {"state": state, "updated_at": now})
        fee = self.ledger.fill_entry(event).fee
        if fee is None:
            raise ValueError(f"the ledger knows no fee of trade {event.trade_id}")
        fill = Fill(
            trading_pair=state.trading_pair,
            trade_id=event.trade_id,
            order_id=state.order_id,
            account=record.account,
            client_order_id=record.client_order_id,
            is_buy=state.request.is_buy,
            is_maker=event.is_maker,
            price=event.price,
            amount=event.amount,
            quote_amount=CONTEXT.multiply(event.price, event.amount),
            fee=fee,
            time=now,
        )
        self.archive.add_fill(fill)
        self._tell(record.account, now, order=record, event=event, fill=fill)

    def _tell_of_prevention(self, event: told.Prevented) -> None:
        """Both orders learn of it at once, the incoming one first."""
        now = self._moment(event.state)
        pair = event.state.trading_pair
        match_id = self._matches[pair] = self._matches.get(pair, -1) + 1
        mode = prevention(event.state.request.self_trade)
        match = PreventedMatch(
            match_id=match_id,
            trading_pair=pair,
            account=event.state.request.account,
            taker_order_id=event.state.order_id,
            maker_order_id=event.maker.order_id,
            price=event.price,
            amount=event.amount,
            mode=event.state.request.self_trade,
            taker_lost=_lost(event.state, event.amount, mode.decrements, mode.expires_taker),
            maker_lost=_lost(event.maker, event.amount, mode.decrements, mode.expires_maker),
            time=now,
        )
        self.archive.add_prevented(match)
        for state in (event.state, event.maker):
            record = self.archive.change(state, {"state": state, "updated_at": now, "prevented": match})
            self._tell(record.account, now, order=record, event=event)

    def _tell_of_amendment(self, event: told.Amended) -> None:
        state, now = event.state, self._moment(event.state)
        before = self.archive.order(state.trading_pair, state.order_id)
        if before is None:
            raise LookupError(f"order {state.order_id} of {state.trading_pair} is not in the archive")
        self._executions += 1
        amendment = Amendment(
            execution_id=self._executions,
            old_client_order_id=before.client_order_id,
            new_client_order_id=self._renaming or before.client_order_id,
            old_amount=before.state.amount,
            new_amount=state.amount,
            time=now,
        )
        changes = {
            "state": state,
            "updated_at": now,
            "client_order_id": amendment.new_client_order_id,
            "amendments": (*before.amendments, amendment),
        }
        record = self.archive.change(state, changes)
        self._tell(record.account, now, order=record, event=event, execution_id=amendment.execution_id)

    def _tell(self, account: str, now: float, *, execution_id: int | None = None, **what: Any) -> None:
        if execution_id is None:
            self._executions += 1
            execution_id = self._executions
        sequence = self._sequences[account] = self._sequences.get(account, 0) + 1
        changed = self._changed.pop(account, {})
        self._changes[account] = now
        event = AccountEvent(
            sequence=sequence,
            account=account,
            time=now,
            balances={asset: self.ledger.balance(account, asset) for asset in changed},
            execution_id=execution_id,
            **what,
        )
        if self._command_time is not None:
            self._command_events.append(event)
        for listen in self._listeners:
            listen(event)
        for feed in self._feeds.get(account, ()):
            feed.put(event)

    def _note_entry(self, entry: Entry) -> None:
        for move in entry.moves:
            self._changed.setdefault(move.account, {})[move.asset] = None

    def _moment(self, state: OrderState) -> float:
        """When a market's event happened, on the machine's clock."""
        time = self.time_of(state.trading_pair)
        if self._command_time is not None and time.is_stopped:
            return self._command_time
        return state.updated_at + time.lag

    def _reference(self, reference: str) -> str:
        self._deposits += 1
        return reference or f"{self._deposits}"


def _lost(state: OrderState, amount: Decimal, decrements: bool, expires: bool) -> Decimal:
    """What the prevention of a trade costs an order: what would have traded, all its rest, or nothing."""
    return amount if decrements else state.left if expires else Decimal(0)
