"""Binance spot: its facts, and the questions it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit import errors
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.account import AccountOrder, BalanceChannel, BalanceReport, OrderAnswer
from venuekit.model.fees import TradeFeeSchema
from venuekit.model.order import NewOrder, OrderType, TimeInForce, TriggerDirection
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.model.trading_rule import ContractKind, TradingRule, TradingStatus
from venuekit.protocol.endpoint import NoQuery
from venuekit.protocol.fence import Fence, IdReuse, Question
from venuekit.protocol.requirement import Evidence, Need
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.venues.binance.rules import trading_rule
from venuekit.venues.binance.socket import BinanceSocketDialect
from venuekit.venues.binance.spot import orders, wire
from venuekit.venues.binance.spot.streams import BinanceOrderBookDataSource
from venuekit.venues.binance.spot.user_stream import BinanceUserStreamDataSource
from venuekit.web.auth import AuthBase
from venuekit.web.departure import Leaving

# enums.md, "Symbol status"; CANCEL_ONLY since 2026-07-07.
_STATUSES = {
    "TRADING": TradingStatus.TRADING,
    "CANCEL_ONLY": TradingStatus.CANCEL_ONLY,
    "END_OF_DAY": TradingStatus.HALTED,
    "HALT": TradingStatus.HALTED,
    "BREAK": TradingStatus.HALTED,
}
_READ_ON = "2026-07-21"
_DAY = 86_400.0
# The open orders of all symbols cost 80, of one 6: from 14 symbols on all of them are cheaper.
_MOST_NAMED_SYMBOLS = 13
# How much earlier than our idea of its time an order is looked for: clocks differ, the id is what counts.
_EARLIER = 10.0


class BinanceExchange(ExchangeBase):
    """The connector `binance`."""

    contract_kind = ContractKind.SPOT
    rest = wire.REST
    data_source_class = BinanceOrderBookDataSource
    rules_endpoint = wire.EXCHANGE_INFO
    known_quotes = (
        "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "BTC", "ETH", "BNB", "EUR", "GBP", "TRY", "BRL", "JPY",
        "AUD", "RUB", "UAH", "ZAR", "PLN", "RON", "ARS", "MXN", "CZK", "USD", "USD1", "XUSD", "DAI", "XRP",
        "TRX", "DOGE", "SOL", "DOT", "NGN", "BIDR", "IDRT", "VAI", "PAX", "USDP", "USDS", "EURI", "AEUR",
    )  # fmt: skip
    requirements = {
        need: Evidence(how=how, page=f"{wire.PAGE}{page}", read_on=_READ_ON)
        for need, how, page in (
            (Need.TRADING_RULES, "GET /api/v3/exchangeInfo", "rest-api.md#exchange-information"),
            (Need.SERVER_STATUS, "GET /api/v3/time", "rest-api.md#check-server-time"),
            (Need.RATE_LIMITS, "6,000 weight a minute, X-MBX-USED-WEIGHT-1M", "rest-api.md#ip-limits"),
            (Need.BOOK_CHANNEL, "<symbol>@depth@100ms", "web-socket-streams.md#diff-depth-stream"),
            (Need.TRADE_CHANNEL, "<symbol>@trade", "web-socket-streams.md#trade-streams"),
            (
                Need.STREAM_LIMITS,
                "1,024 streams, 5 messages a second",
                "web-socket-streams.md#websocket-limits",
            ),
            (Need.ACTIVE_PAIRS, "GET /api/v3/exchangeInfo", "rest-api.md#exchange-information"),
            (Need.LAST_PRICES, "GET /api/v3/ticker/price", "rest-api.md#symbol-price-ticker"),
            (Need.PLACE_ORDER, "POST /api/v3/order", "rest-api.md#new-order-trade"),
            (Need.CANCEL_ORDER, "DELETE /api/v3/order", "rest-api.md#cancel-order-trade"),
            (Need.ORDER_STATUS, "GET /api/v3/order", "rest-api.md#query-order-user_data"),
            (Need.OPEN_ORDERS, "GET /api/v3/openOrders", "rest-api.md#current-open-orders-user_data"),
            (Need.ACCOUNT_FILLS, "GET /api/v3/myTrades", "rest-api.md#account-trade-list-user_data"),
            (Need.BALANCES, "GET /api/v3/account", "rest-api.md#account-information-user_data"),
            (Need.ORDER_CHANNEL, "executionReport", "user-data-stream.md#order-update"),
            (Need.FILL_CHANNEL, "executionReport with x TRADE", "user-data-stream.md#order-update"),
            (Need.BALANCE_CHANNEL, "outboundAccountPosition", "user-data-stream.md#account-update"),
            (Need.FILL_FEES, "n and N of executionReport", "user-data-stream.md#order-update"),
            (Need.ORDER_HISTORY, "GET /api/v3/allOrders", "rest-api.md#all-orders-user_data"),
            (
                Need.ACCOUNT_FEES,
                "GET /api/v3/account/commission",
                "rest-api.md#query-commission-rates-user_data",
            ),
            (
                Need.AMEND_ORDER,
                "PUT /api/v3/order/amend/keepPriority",
                "rest-api.md#order-amend-keep-priority-trade",
            ),
            (Need.SOCKET_ORDERS, "order.place, order.cancel", "web-socket-api.md#trading-requests"),
        )
    }

    company = "binance"
    auth_class = BinanceAuth
    user_stream_class = BinanceUserStreamDataSource
    socket_policy = wire.SOCKET_POLICY
    # A request is forwarded while it is younger than its window, checked last as it leaves for the engine,
    # which has 10 s to answer. How far questions lag is not published: they are answered from memory, and
    # then from a database.
    fence = Fence(
        receive_window=5.0,
        engine_seconds=10.0,
        replica_lag=5.0,
        questions=(Question.ORDER, Question.HISTORY),
        answers_kept=90 * _DAY,  # -2026: ended without a fill "over 90 days ago" (errors.md)
        client_id_reuse=IdReuse.AFTER_CLOSE,
        page=f"{wire.PAGE}rest-api.md#timing-security, #general-api-information, #new-order-trade",
    )
    balance_channel = BalanceChannel.FREE_AND_LOCKED
    order_types = (OrderType.LIMIT, OrderType.MARKET, OrderType.LIMIT_MAKER)
    times_in_force = tuple(TimeInForce)
    has_triggers = True
    has_quote_amounts = True
    has_amend = True

    async def server_time(self) -> float:
        """The venue's clock."""
        return (await self.web.call(wire.TIME, NoQuery())).server_time / 1000

    @classmethod
    def trading_rules_of(cls, answer: Any) -> Iterable[TradingRule]:
        """Every symbol's rule."""
        said: wire.ExchangeInfo = answer
        for symbol in said.symbols:
            status = _STATUSES.get(symbol.status, TradingStatus.UNKNOWN)
            if not symbol.is_spot_trading_allowed and status is TradingStatus.TRADING:
                status = TradingStatus.HALTED
            pair = f"{symbol.base_asset}-{symbol.quote_asset}"
            yield trading_rule(pair, symbol.symbol, symbol.filters, status, ContractKind.SPOT)

    @classmethod
    def published_limits_of(cls, answer: Any) -> Mapping[str, int]:
        """Those of weight, requests and orders."""
        said: wire.ExchangeInfo = answer
        named = {
            (row.rate_limit_type, row.interval, row.interval_number): row.limit for row in said.rate_limits
        }
        return {pool: named[words] for words, pool in wire.PUBLISHED_POOLS.items() if words in named}

    # The account.

    def make_socket_dialect(self, auth: AuthBase) -> BinanceSocketDialect:
        """Requests over the WebSocket API."""
        return BinanceSocketDialect(auth)

    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        """Send an order.

        Raises:
            errors.Unsupported: the venue has no such order; nothing was sent.
        """
        symbol = self.exchange_symbol_associated_to_pair(order.trading_pair)
        query = orders.new_order(order.intent, symbol, await self._direction(order.intent))
        return orders.order_answer(
            order.trading_pair, await self.commands.call(wire.PLACE, query, leaving=leaving)
        )

    async def cancel_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        """Cancel an order."""
        query = wire.CancelQuery(
            symbol=self.exchange_symbol_associated_to_pair(order.trading_pair),
            new_client_order_id=orders.cancel_id(order.client_order_id),
            **orders.which_order(order),
        )
        said = await self.commands.call(wire.CANCEL, query, leaving=leaving, is_cancel=True)
        return orders.order_answer(order.trading_pair, said)

    async def amend_order(
        self, order: InFlightOrder, amount: Decimal, price: Decimal | None, leaving: Leaving
    ) -> OrderAnswer:
        """Make the amount of a resting order smaller; it keeps its place and its ids.

        Raises:
            errors.Unsupported: another price is asked for; nothing was sent.
        """
        if price is not None and price != order.price:
            raise errors.Unsupported("Binance spot amends amounts only: cancel the order and place a new one")
        query = wire.AmendQuery(
            symbol=self.exchange_symbol_associated_to_pair(order.trading_pair),
            new_client_order_id=order.client_order_id,
            new_quantity=amount,
            **orders.which_order(order),
        )
        said = await self.commands.call(wire.AMEND, query, leaving=leaving)
        return OrderAnswer(update=orders.order_update(order.trading_pair, said.order, said.transaction_time))

    async def order_status(self, order: InFlightOrder, question: Question = Question.ORDER) -> OrderUpdate:
        """How an order stands."""
        match question:
            case Question.ORDER:
                said = await self._order(order)
            case Question.HISTORY:
                said = await self._order_in_history(order)
            case _:
                raise errors.Unsupported(f"Binance spot is not asked for {question.value} about one order")
        return orders.status_row(order.trading_pair, said)

    async def order_fills(self, order: InFlightOrder) -> Sequence[TradeUpdate]:
        """All trades of an order; one whose id is not known yet is asked for first."""
        order_id = orders.which_order(order).get("order_id") or (await self._order(order)).order_id
        symbol = self.exchange_symbol_associated_to_pair(order.trading_pair)
        rows = await self._trades(wire.TradesQuery(symbol=symbol, order_id=order_id))
        return [orders.account_trade(order.trading_pair, row, order.client_order_id) for row in rows]

    async def fills(self, trading_pair: str, since: float) -> Sequence[TradeUpdate]:
        """All trades of a pair since a time."""
        symbol = self.exchange_symbol_associated_to_pair(trading_pair)
        rows = await self._trades(wire.TradesQuery(symbol=symbol, start_time=int(since * 1000)))
        return [orders.account_trade(trading_pair, row) for row in rows]

    async def open_orders(self, trading_pairs: Sequence[str]) -> Sequence[AccountOrder]:
        """Every open order on these pairs: of each in turn, or of all at once where that is cheaper."""
        pairs = {self.exchange_symbol_associated_to_pair(pair): pair for pair in trading_pairs}
        asked: Iterable[str | None] = pairs if len(pairs) <= _MOST_NAMED_SYMBOLS else (None,)
        return [
            orders.account_order(pairs[row.symbol], row)
            for symbol in asked
            for row in await self.web.call(wire.OPEN_ORDERS, wire.OpenOrdersQuery(symbol=symbol))
            if row.symbol in pairs
        ]

    async def balances(self) -> BalanceReport:
        """All balances that are not zero."""
        return orders.balance_report(await self.web.call(wire.ACCOUNT, wire.AccountQuery()))

    async def trading_fees(self, trading_pair: str) -> TradeFeeSchema:
        """What this account pays on a pair; with a discount, where it holds something to pay it with."""
        symbol = self.exchange_symbol_associated_to_pair(trading_pair)
        said = await self.web.call(wire.COMMISSION, wire.CommissionQuery(symbol=symbol))
        is_discounted = orders.has_discount(said) and self.get_available_balance(said.discount.asset) > 0
        return orders.fee_schema(said, is_discounted=is_discounted)

    async def _direction(self, intent: NewOrder) -> TriggerDirection | None:
        """From where the trigger price is touched: the venue has an order type for either side."""
        if intent.trigger_price is None or intent.trigger_direction is not None:
            return intent.trigger_direction
        last = (await self.get_last_traded_prices([intent.trading_pair]))[intent.trading_pair]
        return TriggerDirection.RISING if intent.trigger_price > last else TriggerDirection.FALLING

    async def _order(self, order: InFlightOrder) -> wire.Order:
        symbol = self.exchange_symbol_associated_to_pair(order.trading_pair)
        return await self.web.call(wire.ORDER, wire.OrderQuery(symbol=symbol, **orders.which_order(order)))

    async def _order_in_history(self, order: InFlightOrder) -> wire.Order:
        """The order in the list of all: by its id, or from a little before its time on by ours."""
        symbol = self.exchange_symbol_associated_to_pair(order.trading_pair)
        start = max(0, int((order.creation_timestamp - _EARLIER) * 1000))
        query = wire.AllOrdersQuery(symbol=symbol, start_time=start)
        if order.exchange_order_id is not None:
            query = wire.AllOrdersQuery(symbol=symbol, order_id=int(order.exchange_order_id), limit=1)
        while True:
            page = await self.web.call(wire.ALL_ORDERS, query)
            for row in page:
                if orders.is_about(row, order):
                    return row
            if len(page) < query.limit or order.exchange_order_id is not None:
                raise errors.OrderNotFound(f"the history of {symbol} does not hold {order.client_order_id}")
            query = wire.AllOrdersQuery(symbol=symbol, order_id=page[-1].order_id + 1)

    async def _trades(self, query: wire.TradesQuery) -> list[wire.AccountTrade]:
        """Trades by pages: each goes on behind the id where the last one ended, so that none is missed."""
        rows: list[wire.AccountTrade] = []
        while True:
            page = await self.web.call(wire.TRADES, query)
            rows += page
            if len(page) < query.limit:
                return rows
            query = wire.TradesQuery(symbol=query.symbol, order_id=query.order_id, from_id=page[-1].id + 1)
