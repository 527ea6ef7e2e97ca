"""A connector that trades on an emulated venue in this process, and the venue's own view of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from tests.connector.emulated import BTC, CALM, ETH, House, house, until

from venuekit.connector.account import AccountOptions
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.registry import connector_class
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.emulator.accounts import Customer
from venuekit.emulator.answer import Request
from venuekit.emulator.control import PREFIX, control
from venuekit.model.events import ConnectorEvent, EventTag
from venuekit.model.order import OrderState, OrderType
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.web.auth import Credentials, Secret

WAIT = 30.0
WINDOW = 1.0
"""Seconds that a request of these tests is good for: doubts end soon."""


def credentials_of(customer: Customer) -> Credentials:
    """What a customer of the emulator signs with."""
    said = customer.credentials()
    secret, pem = said["api_secret"], said["private_key_pem"]
    return Credentials(
        said["api_key"],
        secret=None if secret is None else Secret(secret),
        private_key=None if pem is None else Secret(pem),
    )


class Floor:
    """An emulated venue on which one customer trades through connectors."""

    def __init__(self, venue: House, folder: Path) -> None:
        self.venue = venue
        self.dialect = venue.dialect
        self.folder = folder
        self.customer = next(iter(venue.dialect.customers.values()))

    def exchange(self, *pairs: str, policy: TradingPolicy | None = None, **options: Any) -> ExchangeBase:
        """A connector of the customer that is not started yet; its fence is a short one."""
        kind = connector_class(self.venue.venue)
        short = msgspec.structs.replace(
            kind.fence, receive_window=WINDOW, engine_seconds=0.3, replica_lag=0.2, separation=0.2
        )
        facts = {"fence": short, **options.pop("facts", {})}
        options.setdefault("credentials", credentials_of(self.customer))
        options.setdefault("receive_window", WINDOW)
        return self.venue.exchange(
            *(pairs or (BTC, ETH)),
            facts=facts,
            policy=CALM,
            account=AccountOptions(journals=self.folder),
            trading=policy,
            **options,
        )

    def ask(self, method: str, name: str, body: Any = None, **query: str) -> Any:
        """Ask the emulator's control plane."""
        request = Request(
            method=method,
            path=PREFIX + name,
            query=tuple(query.items()),
            body=b"" if body is None else msgspec.json.encode(body),
        )
        answer = control(self.dialect, request, time.time())
        assert answer.status == 200, answer.body
        return msgspec.json.decode(answer.body)

    def orders(self) -> dict[str, Any]:
        """The customer's orders at the venue, by client id."""
        rows = self.ask("GET", "orders", api_key=self.customer.api_key)
        return {row["client_order_id"]: row for row in rows}

    def fills(self) -> list[Any]:
        """The customer's fills at the venue."""
        found: list[Any] = self.ask("GET", "fills", api_key=self.customer.api_key)
        return found

    def fill(self, order: InFlightOrder, amount: str) -> None:
        """Let somebody trade with this order, through whatever stands before it."""
        self.ask(
            "POST",
            "order",
            {
                "symbol": order.trading_pair.replace("-", ""),
                "fills": int(order.exchange_order_id or 0),
                "amount": amount,
            },
        )

    def balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        """The customer's total and free amounts, by asset, as the venue's ledger has them."""
        (rows,) = self.ask("GET", "balances", api_key=self.customer.api_key).values()
        return {
            asset: (Decimal(row["free"]) + Decimal(row["locked"]), Decimal(row["free"]))
            for asset, row in rows.items()
        }

    async def agrees(self, exchange: ExchangeBase) -> None:
        """What the connector believes is what the venue holds: orders, fills, balances."""
        await until(lambda: self.differences(exchange) == [], lambda: str(self.differences(exchange)), WAIT)

    def differences(self, exchange: ExchangeBase) -> list[str]:
        """Everything in which the two differ."""
        found = self.orders_differ(exchange)
        for asset, (total, free) in self.balances().items():
            if (exchange.get_balance(asset), exchange.get_available_balance(asset)) != (total, free):
                found.append(f"{asset}: {exchange.get_balance(asset)}, the venue says {total}")
        return found

    def orders_differ(self, exchange: ExchangeBase) -> list[str]:
        """The orders of which the two differ."""
        ours, found = exchange.trading.orders.all_orders, []
        theirs = self.orders()
        for name, row in theirs.items():
            order = ours.get(name)
            if order is None:
                found.append(f"{name} is not followed")
            elif order.executed_amount_base != Decimal(row["filled"]):
                found.append(f"{name}: {order.executed_amount_base} filled, the venue says {row['filled']}")
            elif order.is_open != (
                row["status"] in ("NEW", "PARTIALLY_FILLED", "UNTRIGGERED", "PENDING_NEW")
            ):
                found.append(f"{name} is {order.current_state.name}, the venue says {row['status']}")
        found += [
            f"{name} lives only with us" for name, each in ours.items() if each.is_open and name not in theirs
        ]
        return found


class Tale:
    """What a connector tells about orders, in order."""

    def __init__(self, exchange: ExchangeBase) -> None:
        self.events: list[ConnectorEvent] = []
        tell = exchange.tell

        def listen(event_tag: EventTag, event: ConnectorEvent) -> None:
            self.events.append(event)
            tell(event_tag, event)

        exchange.tell = listen  # type: ignore[method-assign]

    def of(self, order_id: str) -> list[str]:
        """The events of one order by name, without the word `Event`."""
        return [
            type(event).__name__.removesuffix("Event")
            for event in self.events
            if getattr(event, "order_id", None) == order_id
        ]


class Trader:
    """A connector at work on a floor."""

    def __init__(self, floor: Floor, exchange: ExchangeBase, tale: Tale) -> None:
        self.floor = floor
        self.exchange = exchange
        self.tale = tale

    def rest(self, amount: str = "0.01", pair: str = BTC, **terms: Any) -> str:
        """Place a bid that is far from the market."""
        return self.exchange.buy(pair, Decimal(amount), OrderType.LIMIT, self.far(pair), **terms)

    def offer(self, amount: str = "0.01", pair: str = BTC, **terms: Any) -> str:
        """Place an offer that is far from the market."""
        price = self.exchange.get_mid_price(pair) * Decimal("1.03")
        return self.exchange.sell(pair, Decimal(amount), OrderType.LIMIT, price, **terms)

    def far(self, pair: str = BTC) -> Decimal:
        """A price below the market at which nobody sells, within the venue's bands."""
        return self.exchange.get_mid_price(pair) * Decimal("0.97")

    def order(self, order_id: str) -> InFlightOrder:
        """An order by our id."""
        found = self.exchange.get_order(order_id)
        assert found is not None
        return found

    async def stands(self, order_id: str, state: OrderState) -> InFlightOrder:
        """Wait until an order is in a state."""
        order = self.order(order_id)
        await until(lambda: order.current_state is state, lambda: f"{order} to be {state.name}", WAIT)
        return order

    async def told(self, order_id: str, event: str) -> None:
        """Wait until something was told of an order."""
        await until(
            lambda: event in self.tale.of(order_id), lambda: f"{event} in {self.tale.of(order_id)}", WAIT
        )


@asynccontextmanager
async def floor(folder: Path, rate: float = 20.0) -> AsyncIterator[Floor]:
    """An emulated Binance with a slow market."""
    async with house("binance", rate=rate) as venue:
        yield Floor(venue, folder)


@asynccontextmanager
async def trader(at: Floor, *pairs: str, **options: Any) -> AsyncIterator[Trader]:
    """A connector of the floor's customer, started and ready."""
    exchange = at.exchange(*pairs, **options)
    tale = Tale(exchange)
    async with exchange:
        yield Trader(at, exchange, tale)


@asynccontextmanager
async def trading(folder: Path, *pairs: str, **options: Any) -> AsyncIterator[Trader]:
    """A floor and a trader on it."""
    async with floor(folder) as at, trader(at, *pairs, **options) as found:
        yield found
