"""A connector that trades on Binance and keeps no order books: no base class but `TradingConnector`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from venuekit import errors
from venuekit.connector.setting import ConnectorSetting
from venuekit.connector.trading_connector import TradingConnector
from venuekit.connector.user_stream_tracker import UserStreamOwner, UserStreamTracker
from venuekit.journal.location import fingerprint
from venuekit.model.account import AccountOrder, BalanceChannel, BalanceReport, OrderAnswer
from venuekit.model.fees import TradeFeeSchema
from venuekit.model.order import OrderType, TimeInForce
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.model.trading_rule import TradingRule
from venuekit.protocol.endpoint import NoQuery
from venuekit.protocol.fence import Fence, IdReuse, Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.venues.binance.spot import orders, wire
from venuekit.venues.binance.spot.exchange import BinanceExchange
from venuekit.venues.binance.spot.user_stream import BinanceUserStreamDataSource
from venuekit.web.assistant import WebAssistant
from venuekit.web.departure import Leaving
from venuekit.web.rate_gate import gate_for
from venuekit.web.standing_line import StreamServices
from venuekit.web.transport import AiohttpTransport


class OrdersOnly(TradingConnector):
    """Places orders over REST and hears of them on the account's stream; prices come from elsewhere."""

    company = "binance"
    auth_class = BinanceAuth
    user_stream_class = BinanceUserStreamDataSource
    rest = wire.REST
    fence = Fence(
        receive_window=5.0,
        engine_seconds=10.0,
        replica_lag=5.0,
        questions=(Question.ORDER,),
        answers_kept=86_400.0,
        client_id_reuse=IdReuse.AFTER_CLOSE,
        page="rest-api.md#timing-security",
    )
    balance_channel = BalanceChannel.FREE_AND_LOCKED
    order_types = (OrderType.LIMIT, OrderType.MARKET, OrderType.LIMIT_MAKER)
    times_in_force = tuple(TimeInForce)
    has_quote_amounts = True

    def __init__(self, trading_pairs: Sequence[str], *, setting: ConnectorSetting, **options: Any) -> None:
        super().__init__(setting.name, domain_name=setting.domain.name, **options)
        self.setting = setting
        self._pairs = tuple(trading_pairs)
        self._rules: dict[str, TradingRule] = {}
        self._symbols = SymbolMap()
        self._transport = AiohttpTransport()
        self._web: WebAssistant | None = None

    # --- life

    @property
    def web(self) -> WebAssistant:
        if self._web is None:
            raise errors.NotReady(f"{self.name} is not started")
        return self._web

    async def _open(self) -> None:
        await super()._open()
        url, key = self.setting.domain.rest_url, None
        if self.auth is not None:
            key = fingerprint(self.auth.credentials.api_key)
        self._web = WebAssistant(
            url,
            self.rest,
            transport=self._transport,
            gate=gate_for(url, self.rest.pools, self.clock, key, venue_time=self._earliest_venue_time),
            clock=self.clock,
            auth=self.auth,
            venue_time=self.venue_time,
        )
        said = await self.web.call(wire.EXCHANGE_INFO, NoQuery())
        for pool, limit in BinanceExchange.published_limits_of(said).items():
            if self._web.gate.counts(pool):
                self._web.gate.set_limit(pool, limit)
        for rule in BinanceExchange.trading_rules_of(said):
            self._symbols.add(rule.trading_pair, rule.symbol)
            self._rules[rule.trading_pair] = rule
        await self.open_account()

    async def _close(self) -> None:
        await super()._close()
        self._web = None
        await self._transport.close()

    def make_user_stream(self, owner: UserStreamOwner) -> UserStreamTracker | None:
        if self.auth is None:
            return None
        source = BinanceUserStreamDataSource(self._symbols, self.auth, self.venue_time)
        url = source.url(self.setting.domain)
        services = StreamServices.of_host(
            f"{url} of the account",
            source.stream_policy,
            transport=self._transport,
            clock=self.clock,
            chance=self._chance,
        )
        return UserStreamTracker(owner, source, url, services, self._supervisor, self.clock)

    # --- what it knows

    @property
    def trading_rules(self) -> dict[str, TradingRule]:
        return self._rules

    def traded_pairs(self) -> Sequence[str]:
        return self._pairs

    def trade_fee_schema(self) -> TradeFeeSchema:
        return self.setting.trade_fee_schema

    def reference_price(self, trading_pair: str) -> Decimal | None:
        return None

    def get_price(self, trading_pair: str, is_buy: bool) -> Decimal:
        raise errors.NotReady(f"{self.name} keeps no books, so it has no price of {trading_pair}")

    # --- what it asks

    async def server_time(self) -> float:
        return (await self.web.call(wire.TIME, NoQuery())).server_time / 1000

    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        query = orders.new_order(order.intent, self._symbols.symbol(order.trading_pair), None)
        said = await self.web.call(wire.PLACE, query, leaving=leaving)
        return orders.order_answer(order.trading_pair, said)

    async def cancel_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        query = wire.CancelQuery(
            symbol=self._symbols.symbol(order.trading_pair),
            new_client_order_id=orders.cancel_id(order.client_order_id),
            **orders.which_order(order),
        )
        said = await self.web.call(wire.CANCEL, query, leaving=leaving, is_cancel=True)
        return orders.order_answer(order.trading_pair, said)

    async def order_status(self, order: InFlightOrder, question: Question = Question.ORDER) -> OrderUpdate:
        query = wire.OrderQuery(symbol=self._symbols.symbol(order.trading_pair), **orders.which_order(order))
        return orders.status_row(order.trading_pair, await self.web.call(wire.ORDER, query))

    async def order_fills(self, order: InFlightOrder) -> Sequence[TradeUpdate]:
        symbol, number = self._symbols.symbol(order.trading_pair), order.exchange_order_id
        if number is None:
            found = await self.order_status(order)
            number = found.exchange_order_id or ""
        rows = await self.web.call(wire.TRADES, wire.TradesQuery(symbol=symbol, order_id=int(number)))
        return [orders.account_trade(order.trading_pair, row, order.client_order_id) for row in rows]

    async def fills(self, trading_pair: str, since: float) -> Sequence[TradeUpdate]:
        query = wire.TradesQuery(symbol=self._symbols.symbol(trading_pair), start_time=int(since * 1000))
        return [orders.account_trade(trading_pair, row) for row in await self.web.call(wire.TRADES, query)]

    async def open_orders(self, trading_pairs: Sequence[str]) -> Sequence[AccountOrder]:
        return [
            orders.account_order(pair, row)
            for pair in trading_pairs
            for row in await self.web.call(
                wire.OPEN_ORDERS, wire.OpenOrdersQuery(symbol=self._symbols.symbol(pair))
            )
        ]

    async def balances(self) -> BalanceReport:
        return orders.balance_report(await self.web.call(wire.ACCOUNT, wire.AccountQuery()))
