"""A connector without order books, and the smallest venue that it can trade on, in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from venuekit import errors
from venuekit.connector.account import AccountOptions
from venuekit.connector.trading_connector import TradingConnector
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.model.account import AccountOrder, AssetBalance, BalanceReport, OrderAnswer
from venuekit.model.events import ConnectorEvent, EventTag
from venuekit.model.fees import TradeFeeSchema
from venuekit.model.order import OpenOrder, OrderState, OrderType, TradeType
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.model.trading_rule import TradingRule
from venuekit.protocol.fence import Fence, IdReuse, Question
from venuekit.seams.clock import Clock
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.web.auth import AuthBase, Credentials, Request, Secret
from venuekit.web.departure import Departure, Leaving

PAIR = "COINX-USDT"
RULE = TradingRule(
    PAIR,
    min_order_size=Decimal("0.01"),
    min_price_increment=Decimal("0.5"),
    min_base_amount_increment=Decimal("0.01"),
    min_notional_size=Decimal(5),
)
FENCE = Fence(
    receive_window=0.2,
    engine_seconds=0.1,
    questions=(Question.ORDER,),
    answers_kept=60.0,
    client_id_reuse=IdReuse.AFTER_CLOSE,
    page="toy",
    replica_lag=0.05,
    separation=0.05,
)
KEYS = Credentials("toy-key", secret=Secret("toy-secret-that-nobody-may-print"))


class ToyAuth(AuthBase):
    """Signs nothing."""

    def rest_authenticate(self, request: Request, now: float) -> Request:
        return request

    def ws_authenticate(self, message: Mapping[str, Any], now: float) -> dict[str, Any]:
        return dict(message)


class ToyOrder:
    """An order at the venue."""

    def __init__(self, order: InFlightOrder, number: int) -> None:
        self.client_id = order.client_order_id
        self.exchange_id = f"x{number}"
        self.order = order
        self.amount = order.amount
        self.price = order.price
        self.state = OrderState.OPEN
        self.trades: list[tuple[str, Decimal]] = []

    @property
    def filled(self) -> Decimal:
        return sum((amount for _, amount in self.trades), Decimal(0))


class ToyVenue:
    """What the venue holds. `weather` maps a command's name to what happens to its next calls.

    A step of the weather gets `carry_out`, which does what was asked, and may raise before or after it.
    """

    def __init__(self) -> None:
        self.orders: dict[str, ToyOrder] = {}
        self.weather: dict[str, list[Callable[[Callable[[], Any]], Any]]] = {}
        self.asked: list[str] = []
        self.balances = {"COINX": Decimal(100), "USDT": Decimal(100_000)}
        self.time_error = 0.0

    def fill(self, client_id: str, amount: str, trade_id: str) -> None:
        """Let an order trade."""
        order = self.orders[client_id]
        order.trades.append((trade_id, Decimal(amount)))
        order.state = OrderState.FILLED if order.filled == order.amount else OrderState.PARTIALLY_FILLED

    async def meets(self, what: str, carry_out: Callable[[], Any]) -> Any:
        """One call, in whatever weather there is."""
        self.asked.append(what)
        await asyncio.sleep(0)
        steps = self.weather.get(what)
        return steps.pop(0)(carry_out) if steps else carry_out()


class ToyTrader(TradingConnector):
    """Trades on a `ToyVenue`."""

    company = "toy"
    auth_class = ToyAuth
    fence = FENCE
    order_types = (OrderType.LIMIT, OrderType.MARKET)
    has_amend = True

    def __init__(
        self,
        venue: ToyVenue,
        journals: Path,
        *,
        policy: TradingPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            "toy",
            domain_name="main",
            credentials=KEYS,
            account=AccountOptions(journals=journals),
            trading=policy,
            receive_window=0.2,
            clock=clock,
        )
        self.venue = venue

    @property
    def trading_rules(self) -> dict[str, TradingRule]:
        return {PAIR: RULE}

    def reference_price(self, trading_pair: str) -> Decimal | None:
        return None

    def get_price(self, trading_pair: str, is_buy: bool) -> Decimal:
        raise errors.NotReady("a toy has no book")

    def trade_fee_schema(self) -> TradeFeeSchema:
        return TradeFeeSchema()

    def traded_pairs(self) -> Sequence[str]:
        return (PAIR,)

    async def server_time(self) -> float:
        return self.clock.time() + self.venue.time_error

    async def _open(self) -> None:
        await super()._open()
        await self.open_account()

    async def _command(self, name: str, leaving: Leaving, carry_out: Callable[[], Any]) -> Any:
        await leaving(Departure(signed_at=self.venue_time(), receive_window=0.2, path=f"toy {name}"))
        return await self.venue.meets(name, carry_out)

    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        def take() -> OrderAnswer:
            placed = ToyOrder(order, len(self.venue.orders) + 1)
            assert order.client_order_id not in self.venue.orders, "the venue got it twice"
            self.venue.orders[order.client_order_id] = placed
            return OrderAnswer(update=self._update(placed))

        answer: OrderAnswer = await self._command("place", leaving, take)
        return answer

    async def cancel_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        def cancel() -> OrderAnswer:
            placed = self.venue.orders.get(order.client_order_id)
            if placed is None or placed.state in (OrderState.CANCELED, OrderState.FILLED):
                raise errors.OrderNotFound("Unknown order sent.", code=-2011)
            placed.state = OrderState.CANCELED
            return OrderAnswer(update=self._update(placed))

        answer: OrderAnswer = await self._command("cancel", leaving, cancel)
        return answer

    async def amend_order(
        self, order: InFlightOrder, amount: Decimal, price: Decimal | None, leaving: Leaving
    ) -> OrderAnswer:
        def amend() -> OrderAnswer:
            placed = self.venue.orders[order.client_order_id]
            placed.amount = amount
            return OrderAnswer(update=self._update(placed))

        answer: OrderAnswer = await self._command("amend", leaving, amend)
        return answer

    async def order_status(self, order: InFlightOrder, question: Question = Question.ORDER) -> OrderUpdate:
        def look() -> OrderUpdate:
            placed = self.venue.orders.get(order.client_order_id)
            if placed is None:
                raise errors.OrderNotFound("Order does not exist.", code=-2013)
            return self._update(placed)

        update: OrderUpdate = await self.venue.meets("status", look)
        return update

    async def order_fills(self, order: InFlightOrder) -> Sequence[TradeUpdate]:
        trades: Sequence[TradeUpdate] = await self.venue.meets(
            "fills", lambda: self._trades(self.venue.orders[order.client_order_id])
        )
        return trades

    async def fills(self, trading_pair: str, since: float) -> Sequence[TradeUpdate]:
        def look() -> list[TradeUpdate]:
            return [trade for placed in self.venue.orders.values() for trade in self._trades(placed)]

        trades: Sequence[TradeUpdate] = await self.venue.meets("all fills", look)
        return trades

    async def open_orders(self, trading_pairs: Sequence[str]) -> Sequence[AccountOrder]:
        rows: Sequence[AccountOrder] = await self.venue.meets("open orders", self._open_rows)
        return rows

    async def balances(self) -> BalanceReport:
        def look() -> BalanceReport:
            return BalanceReport(
                balances=tuple(
                    AssetBalance(asset=asset, total=amount, available=amount)
                    for asset, amount in self.venue.balances.items()
                ),
                observed_at=0.0,
                is_complete=True,
            )

        report: BalanceReport = await self.venue.meets("balances", look)
        return report

    def _open_rows(self) -> list[AccountOrder]:
        alive = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)
        return [
            AccountOrder(
                update=self._update(placed),
                row=OpenOrder(
                    client_order_id=placed.client_id,
                    trading_pair=placed.order.trading_pair,
                    price=placed.price or Decimal(0),
                    amount=placed.amount,
                    executed_amount=placed.filled,
                    status="NEW",
                    order_type=placed.order.order_type,
                    is_buy=placed.order.trade_type is TradeType.BUY,
                    time=self.venue_time(),
                    exchange_order_id=placed.exchange_id,
                ),
            )
            for placed in self.venue.orders.values()
            if placed.state in alive
        ]

    def _update(self, placed: ToyOrder) -> OrderUpdate:
        return OrderUpdate(
            trading_pair=placed.order.trading_pair,
            update_timestamp=self.venue_time(),
            new_state=placed.state,
            client_order_id=placed.client_id,
            exchange_order_id=placed.exchange_id,
            filled_amount=placed.filled,
            amount=placed.amount,
        )

    def _trades(self, placed: ToyOrder) -> list[TradeUpdate]:
        price = placed.price or Decimal(10)
        return [
            TradeUpdate(
                trade_id=trade_id,
                client_order_id="",
                exchange_order_id=placed.exchange_id,
                trading_pair=placed.order.trading_pair,
                fill_timestamp=self.venue_time(),
                fill_price=price,
                fill_base_amount=amount,
                fill_quote_amount=amount * price,
                fee=TradeFeeSchema().spot_fee(placed.order.trade_type, is_maker=True),
            )
            for trade_id, amount in placed.trades
        ]


class Story:
    """Every event that a connector tells, in order."""

    def __init__(self, connector: TradingConnector) -> None:
        self.events: list[ConnectorEvent] = []
        self.names: list[str] = []
        tell = connector.tell

        def listen(event_tag: EventTag, event: ConnectorEvent) -> None:
            self.events.append(event)
            self.names.append(type(event).__name__)
            tell(event_tag, event)

        connector.tell = listen  # type: ignore[method-assign]

    def of(self, order_id: str) -> list[str]:
        """What was told about one order, by the names of the events."""
        return [type(event).__name__ for event in self.events if getattr(event, "order_id", "") == order_id]
