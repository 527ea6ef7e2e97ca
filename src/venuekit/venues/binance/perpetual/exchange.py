"""Binance USD-M perpetual futures: its facts, and the questions it answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.perpetual_trading import PerpetualTrading
from venuekit.model.trading_rule import ContractKind, TradingRule, TradingStatus
from venuekit.protocol.endpoint import NoQuery
from venuekit.protocol.requirement import Evidence, Need
from venuekit.venues.binance.perpetual import wire
from venuekit.venues.binance.perpetual.streams import BinancePerpetualDataSource
from venuekit.venues.binance.rules import trading_rule

# Common definition page, "Contract status"; the halts are of 2026.
_STATUSES = {
    "PENDING_TRADING": TradingStatus.PRE_LAUNCH,
    "TRADING": TradingStatus.TRADING,
    "TRADING_HALT": TradingStatus.HALTED,
    "TRADING_CANCEL_ONLY": TradingStatus.CANCEL_ONLY,
    "PRE_DELIVERING": TradingStatus.SETTLING,
    "DELIVERING": TradingStatus.SETTLING,
    "DELIVERED": TradingStatus.CLOSED,
    "PRE_SETTLE": TradingStatus.SETTLING,
    "SETTLING": TradingStatus.SETTLING,
    "CLOSE": TradingStatus.CLOSED,
}
_KINDS = {
    "PERPETUAL": ContractKind.LINEAR_PERPETUAL,
    "TRADIFI_PERPETUAL": ContractKind.LINEAR_PERPETUAL,
    "CURRENT_MONTH": ContractKind.LINEAR_FUTURE,
    "NEXT_MONTH": ContractKind.LINEAR_FUTURE,
    "CURRENT_QUARTER": ContractKind.LINEAR_FUTURE,
    "NEXT_QUARTER": ContractKind.LINEAR_FUTURE,
}
_READ_ON = "2026-08-19"


class BinancePerpetual(PerpetualTrading, ExchangeBase):
    """The connector `binance_perpetual`."""

    contract_kind = ContractKind.LINEAR_PERPETUAL
    rest = wire.REST
    data_source_class = BinancePerpetualDataSource
    rules_endpoint = wire.EXCHANGE_INFO
    known_quotes = ("USDT", "USDC", "BUSD", "BTC", "USD1", "U")
    requirements = {
        need: Evidence(how=how, page=f"{wire.PAGE}{page}", read_on=_READ_ON)
        for need, how, page in (
            (Need.TRADING_RULES, "GET /fapi/v1/exchangeInfo", "market-data/rest-api/Exchange-Information"),
            (Need.SERVER_STATUS, "GET /fapi/v1/time", "market-data/rest-api/Check-Server-Time"),
            (Need.RATE_LIMITS, "2,400 weight a minute, X-MBX-USED-WEIGHT-1M", "general-info"),
            (Need.BOOK_CHANNEL, "/public <symbol>@depth@100ms", "websocket-market-streams"),
            (Need.TRADE_CHANNEL, "/market <symbol>@aggTrade", "websocket-market-streams"),
            (Need.STREAM_LIMITS, "1,024 streams, 10 messages a second", "websocket-market-streams"),
            (Need.ACTIVE_PAIRS, "GET /fapi/v1/exchangeInfo", "market-data/rest-api/Exchange-Information"),
            (Need.LAST_PRICES, "GET /fapi/v2/ticker/price", "market-data/rest-api/Symbol-Price-Ticker-v2"),
            (Need.FUNDING_INFO, "/market <symbol>@markPrice@1s", "websocket-market-streams"),
        )
    }

    async def server_time(self) -> float:
        """The venue's clock."""
        return (await self.web.call(wire.TIME, NoQuery())).server_time / 1000

    @classmethod
    def trading_rules_of(cls, answer: Any) -> Iterable[TradingRule]:
        """Every contract's rule; dated futures are of another kind than perpetuals of the same assets."""
        said: wire.ExchangeInfo = answer
        for symbol in said.symbols:
            yield trading_rule(
                f"{symbol.base_asset}-{symbol.quote_asset}",
                symbol.symbol,
                symbol.filters,
                _STATUSES.get(symbol.status, TradingStatus.UNKNOWN),
                _KINDS.get(symbol.contract_type, ContractKind.OTHER),
                collateral=symbol.margin_asset,
            )
