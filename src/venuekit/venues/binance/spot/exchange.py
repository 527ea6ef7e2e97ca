"""Binance spot: its facts, and the questions it answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.model.trading_rule import ContractKind, TradingRule, TradingStatus
from venuekit.protocol.endpoint import NoQuery
from venuekit.protocol.requirement import Evidence, Need
from venuekit.venues.binance.rules import trading_rule
from venuekit.venues.binance.spot import wire
from venuekit.venues.binance.spot.streams import BinanceOrderBookDataSource

# enums.md, "Symbol status"; CANCEL_ONLY since 2026-07-07.
_STATUSES = {
    "TRADING": TradingStatus.TRADING,
    "CANCEL_ONLY": TradingStatus.CANCEL_ONLY,
    "END_OF_DAY": TradingStatus.HALTED,
    "HALT": TradingStatus.HALTED,
    "BREAK": TradingStatus.HALTED,
}
_READ_ON = "2026-07-21"


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
        )
    }

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
