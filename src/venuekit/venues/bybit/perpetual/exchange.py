"""Bybit's linear perpetuals: their facts, and the questions they answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.perpetual_trading import PerpetualTrading
from venuekit.model.trading_rule import ContractKind, TradingRule, TradingStatus
from venuekit.protocol.endpoint import NoQuery
from venuekit.protocol.requirement import Evidence, Need
from venuekit.venues.bybit import wire as family
from venuekit.venues.bybit.perpetual import wire
from venuekit.venues.bybit.perpetual.streams import BybitPerpetualDataSource
from venuekit.venues.bybit.rules import STATUSES, bound

# v5/enum, "contractType" (2026-07-22); with a base coin the venue mixes inverse contracts into linear ones.
_KINDS = {
    "LinearPerpetual": ContractKind.LINEAR_PERPETUAL,
    "LinearFutures": ContractKind.LINEAR_FUTURE,
    "InversePerpetual": ContractKind.INVERSE_PERPETUAL,
    "InverseFutures": ContractKind.INVERSE_FUTURE,
}
# v5/enum, "curAuctionPhase": before its launch a contract is auctioned, then trades.
_PHASES = {
    "CallAuction": TradingStatus.AUCTION,
    "CallAuctionNoCancel": TradingStatus.AUCTION,
    "CrossMatching": TradingStatus.AUCTION,
    "ContinuousTrading": TradingStatus.TRADING,
}
# A list without a status holds contracts that trade and no others; those that are closed are of no use.
_LISTED = ("Trading", "PreLaunch", "Delivering")


class BybitPerpetual(PerpetualTrading, ExchangeBase):
    """The connector `bybit_perpetual`."""

    contract_kind = ContractKind.LINEAR_PERPETUAL
    rest = family.REST
    data_source_class = BybitPerpetualDataSource
    rules_endpoint = wire.INSTRUMENTS
    known_quotes = ("USDT", "USDC")
    requirements = {
        need: Evidence(how=how, page=f"{family.PAGE}{page}", read_on=family.READ_ON)
        for need, how, page in (
            (Need.TRADING_RULES, "GET /v5/market/instruments-info, by pages", "market/instrument"),
            (Need.SERVER_STATUS, "GET /v5/market/time", "market/time"),
            (Need.RATE_LIMITS, "600 requests in 5 s an address, then 403 for 10 minutes", "rate-limit"),
            (Need.BOOK_CHANNEL, "orderbook.200.<symbol>", "websocket/public/orderbook"),
            (Need.TRADE_CHANNEL, "publicTrade.<symbol>", "websocket/public/trade"),
            (Need.STREAM_LIMITS, "21,000 characters of topics a connection", "ws/connect"),
            (Need.ACTIVE_PAIRS, "GET /v5/market/instruments-info", "market/instrument"),
            (Need.LAST_PRICES, "GET /v5/market/tickers", "market/tickers"),
            (Need.FUNDING_INFO, "tickers.<symbol>", "websocket/public/ticker"),
        )
    }

    async def server_time(self) -> float:
        """The venue's clock."""
        return int((await self.web.call(wire.TIME, NoQuery())).result.time_nano) / 1e9

    async def trading_rules_answers(self) -> Sequence[Any]:
        """All pages of all statuses that matter."""
        answers = []
        for status in _LISTED:
            cursor: str | None = None
            while cursor != "":
                query = wire.InstrumentsQuery(status=status, cursor=cursor)
                answers.append(await self.web.call(wire.INSTRUMENTS, query))
                # A cursor comes as it belongs into a URL, and what is sent is encoded again.
                cursor = unquote(answers[-1].result.next_page_cursor)
        return answers

    @classmethod
    def trading_rules_of(cls, answer: Any) -> Iterable[TradingRule]:
        """Every contract's rule; dated futures are of another kind than perpetuals of the same assets."""
        rows: list[wire.Instrument] = answer.result.rows
        for row in rows:
            lots, value = row.lot_size_filter, Decimal(row.lot_size_filter.min_notional_value)
            yield TradingRule(
                trading_pair=f"{row.base_coin}-{row.quote_coin}",
                min_order_size=Decimal(lots.min_order_quantity),
                max_order_size=Decimal(lots.max_order_quantity),
                min_price_increment=Decimal(row.price_filter.tick_size),
                min_base_amount_increment=Decimal(lots.quantity_step),
                min_notional_size=value,
                min_order_value=value,
                buy_order_collateral_token=row.settle_coin,
                sell_order_collateral_token=row.settle_coin,
                symbol=row.symbol,
                status=_status(row),
                contract_kind=_KINDS.get(row.contract_type, ContractKind.OTHER),
                min_price=bound(row.price_filter.min_price),
                max_price=bound(row.price_filter.max_price),
                max_market_order_size=bound(lots.max_market_order_quantity),
                funding_interval=row.funding_interval * 60.0 or None,
            )


def _status(row: wire.Instrument) -> TradingStatus:
    status = STATUSES.get(row.status, TradingStatus.UNKNOWN)
    if status is TradingStatus.PRE_LAUNCH and row.pre_listing_info is not None:
        return _PHASES.get(row.pre_listing_info.current_auction_phase, status)
    return status
