"""Bybit spot: its facts, and the questions it answers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.trading_rule import ContractKind, TradingRule, TradingStatus
from venuekit.protocol.endpoint import NoQuery
from venuekit.protocol.requirement import Evidence, Need
from venuekit.venues.bybit import wire as family
from venuekit.venues.bybit.rules import STATUSES, UNBOUNDED, bound
from venuekit.venues.bybit.spot import wire
from venuekit.venues.bybit.spot.streams import BybitOrderBookDataSource


class BybitExchange(ExchangeBase):
    """The connector `bybit`."""

    contract_kind = ContractKind.SPOT
    rest = family.REST
    data_source_class = BybitOrderBookDataSource
    rules_endpoint = wire.INSTRUMENTS
    known_quotes = (
        "USDT", "USDC", "USDE", "RLUSD", "USD1", "USDQ", "USDR", "DAI", "BTC", "ETH", "SOL", "MNT", "EUR",
        "GBP", "BRL", "TRY", "PLN",
    )  # fmt: skip
    requirements = {
        need: Evidence(how=how, page=f"{family.PAGE}{page}", read_on=family.READ_ON)
        for need, how, page in (
            (Need.TRADING_RULES, "GET /v5/market/instruments-info, one answer", "market/instrument"),
            (Need.SERVER_STATUS, "GET /v5/market/time", "market/time"),
            (Need.RATE_LIMITS, "600 requests in 5 s an address, then 403 for 10 minutes", "rate-limit"),
            (Need.BOOK_CHANNEL, "orderbook.200.<symbol>", "websocket/public/orderbook"),
            (Need.TRADE_CHANNEL, "publicTrade.<symbol>", "websocket/public/trade"),
            (
                Need.STREAM_LIMITS,
                "10 topics a request, 21,000 characters of topics a connection",
                "ws/connect",
            ),
            (Need.ACTIVE_PAIRS, "GET /v5/market/instruments-info", "market/instrument"),
            (Need.LAST_PRICES, "GET /v5/market/tickers", "market/tickers"),
        )
    }

    async def server_time(self) -> float:
        """The venue's clock."""
        return int((await self.web.call(wire.TIME, NoQuery())).result.time_nano) / 1e9

    @classmethod
    def trading_rules_of(cls, answer: Any) -> Iterable[TradingRule]:
        """Every symbol's rule; the smallest order is bounded by its value alone."""
        rows: list[wire.Instrument] = answer.result.rows
        for row in rows:
            lots = row.lot_size_filter
            value = Decimal(lots.min_order_amount)
            yield TradingRule(
                trading_pair=f"{row.base_coin}-{row.quote_coin}",
                min_order_size=Decimal(lots.base_precision),
                max_order_size=bound(lots.max_limit_order_quantity) or UNBOUNDED,
                min_price_increment=Decimal(row.price_filter.tick_size),
                min_base_amount_increment=Decimal(lots.base_precision),
                min_quote_amount_increment=Decimal(lots.quote_precision),
                min_notional_size=value,
                min_order_value=value,
                symbol=row.symbol,
                status=STATUSES.get(row.status, TradingStatus.UNKNOWN),
                contract_kind=ContractKind.SPOT,
                max_market_order_size=bound(lots.max_market_order_quantity),
            )
