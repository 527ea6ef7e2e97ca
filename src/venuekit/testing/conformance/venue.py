"""The emulated venue as a card sees it: what is true, what goes wrong, and what somebody else does."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from venuekit.emulator.account_control import SOMEBODY
from venuekit.emulator.accounts import Customer
from venuekit.emulator.act import Act
from venuekit.emulator.answer import Request
from venuekit.emulator.control import PREFIX, control
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.ledger import Balance
from venuekit.emulator.market import Market
from venuekit.emulator.order_record import Fill, OrderRecord
from venuekit.emulator.step import Instrument
from venuekit.model.decimals import CONTEXT, plain
from venuekit.seams.clock import Clock

__all__ = ["SOMEBODY", "Door", "Venue"]

_WORTH = Decimal(600)
"""Of a card's usual order, in quote: far above every venue's least order, far below what a customer has."""


class Door(Enum):
    """One of the ways by which requests come in."""

    REST = "rest"
    SOCKET = "socket"


class Venue:
    """What the dialect knows, by pair; `customer` is the one whose key the connector has."""

    def __init__(self, dialect: Dialect, customer: Customer | None, clock: Clock) -> None:
        self.dialect = dialect
        self.customer = customer
        self._clock = clock
        self._markets = {market.instrument.trading_pair: market for market in dialect.markets.values()}

    # --- markets

    @property
    def pairs(self) -> list[str]:
        """Every pair that trades."""
        return list(self._markets)

    def market(self, pair: str) -> Market:
        """The market of a pair."""
        return self._markets[pair]

    def instrument(self, pair: str) -> Instrument:
        """The rules of a pair."""
        return self._markets[pair].instrument

    def best(self, pair: str, *, is_bid: bool) -> tuple[Decimal, Decimal]:
        """Price and amount of the best level of a side."""
        book = self.market(pair).snapshot(1)
        ((price, amount),) = book.bids if is_bid else book.asks
        return Decimal(price), Decimal(amount)

    def asks(self, pair: str, depth: int) -> list[tuple[Decimal, Decimal]]:
        """Price and amount of the best levels that can be bought."""
        return [(Decimal(price), Decimal(amount)) for price, amount in self.market(pair).snapshot(depth).asks]

    def resting(self, pair: str, *, is_buy: bool) -> Decimal:
        """A price at which an order rests, beside the best of its side."""
        return self.best(pair, is_bid=is_buy)[0]

    def taking(self, pair: str, *, is_buy: bool) -> Decimal:
        """A price at which an order takes at once, one percent beyond the best of the other side."""
        best, _ = self.best(pair, is_bid=not is_buy)
        factor = Decimal("1.01") if is_buy else Decimal("0.99")
        return _floor(CONTEXT.multiply(best, factor), Decimal(self.instrument(pair).tick_size))

    def amount(self, pair: str, parts: int = 1) -> Decimal:
        """A modest amount of base that can be cut into so many equal parts."""
        step = Decimal(self.instrument(pair).step_size)
        price, _ = self.best(pair, is_bid=True)
        part = _floor(CONTEXT.divide(CONTEXT.divide(_WORTH, price), Decimal(parts)), step)
        return CONTEXT.multiply(max(part, step), Decimal(parts))

    def pause(self) -> None:
        """Stop the markets; only accounts trade from now on."""
        self.dialect.pause(self.now)

    def resume(self) -> None:
        """Let the markets go on."""
        self.dialect.resume(self.now)

    def halts(self, pair: str) -> None:
        """Take a pair out of trade."""
        self._set_status(pair, is_halted=True)

    def reopens(self, pair: str) -> None:
        """Let a pair trade again."""
        self._set_status(pair, is_halted=False)

    def _set_status(self, pair: str, *, is_halted: bool) -> None:
        words = self.dialect.trading_and_halted
        if words is None:
            raise LookupError("this venue halts no symbol")
        self._command("symbol_status", symbol=self.market(pair).symbol, status=words[is_halted])

    @property
    def now(self) -> float:
        """This machine's clock, in seconds."""
        return self._clock.time()

    # --- weather

    def breaks(
        self,
        kind: FaultKind,
        *,
        pair: str | None = None,
        act: Act | None = None,
        door: Door | None = None,
        **how: Any,
    ) -> Callable[[], int]:
        """Let something go wrong; the answer counts how often it has struck.

        `pair` and `act` aim it, at what comes in by one `door` only where it is named; the other words are
        those of a `Fault`.
        """
        symbol = None if pair is None else self.market(pair).symbol
        paths: tuple[str | None, ...] = (None,) if act is None else self.dialect.acts[act]
        if door is not None:
            # A REST path has a slash, a method of a WebSocket has none.
            paths = tuple(path for path in paths if ("/" in (path or "")) is (door is Door.REST))
        armed = [Fault(kind=kind, symbol=symbol, path=path, **how) for path in paths]
        for fault in armed:
            self.dialect.faults.add(fault)
        return lambda: sum(report.fired for report in self.dialect.faults.reports() if report.fault in armed)

    def counts(self, act: Act) -> Callable[[], int]:
        """How often clients do something from now on; what a fault before it takes is not counted."""
        return self.breaks(FaultKind.DELAY, act=act, times=None)

    def is_down(self) -> None:
        """Let nobody in, hang up on whoever is, and answer every request with a 503, until it clears."""
        self.breaks(FaultKind.CONNECT_REFUSED, times=None)
        self.breaks(FaultKind.SERVER_ERROR, times=None)
        self.breaks(FaultKind.ABORT)

    def shuts_the_socket(self) -> None:
        """Take no requests over WebSockets, nor let accounts hear their streams there, until it clears."""
        path = self.dialect.ws_api_path
        self.dialect.faults.add(Fault(kind=FaultKind.CONNECT_REFUSED, path=path, times=None))
        self.dialect.faults.add(Fault(kind=FaultKind.ABORT, path=path))

    @property
    def connections(self) -> int:
        """How many WebSockets were ever opened."""
        return self.dialect.counters["connections"]

    def clears(self) -> None:
        """Good weather from now on."""
        self.dialect.faults.clear()

    # --- the account

    @property
    def account(self) -> str:
        """The account's name at the desk."""
        return self._customer().name

    def _customer(self) -> Customer:
        if self.customer is None:
            raise LookupError("this venue has no accounts")
        return self.customer

    def orders(self) -> list[OrderRecord]:
        """Every order of the account."""
        return self.dialect.desk.archive.orders(self.account)

    def fills(self) -> list[Fill]:
        """Every fill of the account."""
        return self.dialect.desk.archive.fills(self.account)

    def order(self, client_order_id: str, exchange_order_id: str | None = None) -> OrderRecord | None:
        """The account's order of either id."""
        for record in self.orders():
            if record.client_order_id == client_order_id or str(record.order_id) == exchange_order_id:
                return record
        return None

    def balances(self) -> dict[str, Balance]:
        """What the ledger says."""
        return self.dialect.desk.balances(self.account)

    def revokes_the_key(self) -> None:
        """Know the customer's key no more."""
        del self.dialect.customers[self._customer().api_key]

    def gives_the_key_back(self) -> None:
        """Know the customer's key again."""
        customer = self._customer()
        self.dialect.customers[customer.api_key] = customer

    def deposits(self, asset: str, amount: str) -> None:
        """Let an amount arrive."""
        self._command("deposit", account=self.account, asset=asset, amount=amount)

    def charges_in(self, token: str) -> None:
        """Let fees be paid in an asset of its own."""
        self._command(
            "fee_plan", account=self.account, maker="0.001", taker="0.001", token=token, discount="0.25"
        )

    def withdraws(self, record: OrderRecord) -> None:
        """End an order of the account behind the connector's back."""
        self.dialect.desk.cancel(record.trading_pair, record.order_id, self.now)
        self.dialect.tick(self.now)

    # --- somebody else

    def fills_order(self, record: OrderRecord, amount: Decimal | None = None) -> None:
        """Let somebody take a resting order, or a part of it."""
        terms: dict[str, Any] = {} if amount is None else {"amount": plain(amount)}
        symbol = self.market(record.trading_pair).symbol
        self._command("order", symbol=symbol, fills=record.order_id, **terms)

    def somebody_trades(self, pair: str, *, is_buy: bool, price: Decimal, amount: Decimal) -> None:
        """Let somebody send a limit order that takes what it can and leaves nothing."""
        self._command(
            "order",
            symbol=self.market(pair).symbol,
            side="BUY" if is_buy else "SELL",
            price=plain(price),
            amount=plain(amount),
            time_in_force="IOC",
        )

    def _command(self, name: str, **body: Any) -> None:
        request = Request(method="POST", path=f"{PREFIX}{name}", body=msgspec.json.encode(body))
        answer = control(self.dialect, request, self.now)
        if answer.status != 200:
            raise LookupError(f"the emulator refuses {name}: {answer.body.decode()}")


def _floor(value: Decimal, step: Decimal) -> Decimal:
    return CONTEXT.multiply(CONTEXT.divide_int(value, step), step)
