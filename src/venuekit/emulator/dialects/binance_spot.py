"""Binance spot, as its documentation of 2026-06 and 2026-07 describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from venuekit.emulator.act import Act
from venuekit.emulator.connection import Connection, Frame
from venuekit.emulator.day import written
from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.emulator.dialects.binance_family import COMBINED, BinanceFamily, has_moved, market_of
from venuekit.emulator.dialects.binance_listing import Listing
from venuekit.emulator.dialects.binance_requests import Fields, Parameters, Pool, Route
from venuekit.emulator.dialects.binance_rules import Kind, Parameter, by_limit
from venuekit.emulator.dialects.binance_socket import BinanceSocket
from venuekit.emulator.dialects.binance_spot_account import ACCOUNT_ROUTES
from venuekit.emulator.dialects.binance_spot_listing import (
    DEFAULT_SELF_TRADE,
    DORMANT,
    ORDER_LIMITS,
    RATE_LIMITS,
    symbol_row,
)
from venuekit.emulator.dialects.binance_spot_trading import TRADING_ROUTES
from venuekit.emulator.dialects.binance_user_streams import USER_DATA
from venuekit.emulator.ledger import FeePlan
from venuekit.emulator.limits import ConnectionLimits
from venuekit.emulator.market import Aggregate
from venuekit.emulator.step import MarketTrade
from venuekit.emulator.topic import Channel, Topic

__all__ = ["BinanceSpotDialect"]

_SYMBOL = Parameter(name="symbol", kind=Kind.SYMBOL, is_mandatory=True)
_ANY_SYMBOL = Parameter(name="symbol", kind=Kind.SYMBOL)
_SYMBOLS = Parameter(name="symbols", kind=Kind.SYMBOLS)
_LIMIT = Parameter(name="limit", kind=Kind.NUMBER, least=1)
_STATUS = Parameter(
    name="symbolStatus",
    kind=Kind.WORD,
    choices=("TRADING", "HALT", "BREAK"),
    refused_as="BAD_SYMBOL_STATUS",
)
_MANY = (_ANY_SYMBOL, _SYMBOLS, _STATUS)


def _ticker_weight(parameters: Parameters) -> int:
    return 2 if "symbol" in parameters else 4


def _day_weight(parameters: Parameters) -> int:
    if "symbol" in parameters:
        return 2
    count = len(parameters.get("symbols", ())) or 101
    return next((cost for most, cost in ((20, 2), (100, 40)) if count <= most), 80)


def _paces(word: str, kind: str, depth: int = 0) -> dict[str, Channel]:
    """A book stream in its two speeds: 1000 ms without a suffix, and 100 ms."""
    return {
        word + suffix: Channel(kind=kind, cadence=cadence, depth=depth, is_book_difference=kind == "diff")
        for suffix, cadence in (("", 1.0), ("@100ms", 0.1))
    }


class BinanceSpotDialect(BinanceSocket):
    """REST under /api/v3, streams under /ws and /stream."""

    name = "binance"
    prefix = "/api/v3"
    # web-socket-streams.md, WebSocket Limits and General WSS information, 2026-06-09.
    limits = ConnectionLimits(messages=5, topics=1024, connects=300, ping_interval=20.0, pong_timeout=60.0)
    pools: ClassVar[Mapping[str, Pool]] = {
        "weight": Pool(name="weight", limit=6000, seconds=60.0, header="X-MBX-USED-WEIGHT-1M")
    }
    too_much = (
        "Too much request weight used; current limit is {} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    banned = (
        "Way too much request weight used; IP banned until {}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    dormant = DORMANT
    # enums.md, Symbol status; CANCEL_ONLY since 2026-07-07.
    statuses = ("TRADING", "END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY")
    trading_and_halted = ("TRADING", "HALT")
    has_accounts = True
    start_fees = FeePlan(maker=Decimal("0.001"), taker=Decimal("0.001"))
    ws_api_path = "/ws-api/v3"
    order_limits = ORDER_LIMITS
    order_burst = (ORDER_LIMITS[0].limit, ORDER_LIMITS[0].seconds)
    acts: ClassVar[Mapping[Act, tuple[str, ...]]] = {
        Act.PLACE: ("POST /api/v3/order", "order.place"),
        Act.CANCEL: ("DELETE /api/v3/order", "order.cancel"),
        Act.AMEND: ("PUT /api/v3/order/amend/keepPriority", "order.amend.keepPriority"),
        Act.PRICES: ("/api/v3/ticker/price", "ticker.price"),
        Act.SNAPSHOT: ("/api/v3/depth", "depth"),
        Act.ACCOUNT_STREAM: (USER_DATA,),
        Act.ORDER_QUERY: ("GET /api/v3/order", "order.status"),
        Act.TRADE_QUERY: ("GET /api/v3/myTrades", "myTrades"),
        Act.NEW_EVENTS: ("executionReport/NEW",),
        Act.FILL_EVENTS: ("executionReport/TRADE",),
    }

    def terms_by_hand(self, is_buy: bool) -> Mapping[str, Any]:
        """A limit order that rests until it is cancelled."""
        side = "BUY" if is_buy else "SELL"
        return {
            "type": "LIMIT",
            "side": side,
            "timeInForce": "GTC",
            "selfTradePreventionMode": DEFAULT_SELF_TRADE,
        }

    # REST.

    def exchange_info(self, parameters: Parameters, now: float) -> Fields:
        """Everything listed, or the symbols asked for."""
        if parameters.keys() & {"symbol", "symbols"} and parameters.keys() & {"symbolStatus", "permissions"}:
            raise Complaint("BAD_COMBINATION")
        listings = [row for row in self._chosen(parameters) if _is_wanted(parameters, row)]
        hides = not parameters.get("showPermissionSets", True)
        rows = [symbol_row(row) | ({"permissionSets": []} if hides else {}) for row in listings]
        return {
            "timezone": "UTC",
            "serverTime": self.milliseconds(now),
            "rateLimits": RATE_LIMITS,
            "exchangeFilters": [],
            "symbols": rows,
        }

    def depth(self, parameters: Parameters, now: float) -> Fields:
        """The book."""
        listing = self.listing(parameters)
        if parameters.get("symbolStatus", listing.status) != listing.status:
            raise Complaint("OTHER_STATUS")
        book = self.book_of(listing, min(parameters.get("limit", 100), 5000), now)
        return {"lastUpdateId": book.last_id, "bids": book.bids, "asks": book.asks}

    def prices(self, parameters: Parameters, now: float) -> Any:
        """Last prices."""
        return self._rows(parameters, lambda listing: self.price_row(listing, now))

    def book_tickers(self, parameters: Parameters, now: float) -> Any:
        """Best prices."""
        return self._rows(parameters, lambda listing: self.book_row(listing, now))

    def day_tickers(self, parameters: Parameters, now: float) -> Any:
        """The last 24 hours, whole or short."""
        is_short = parameters.get("type") == "MINI"

        def row(listing: Listing) -> Fields:
            whole = self._day_row(listing, now)
            return {name: whole[name] for name in _MINI} if is_short else whole

        return self._rows(parameters, row)

    def trade_row(self, trade: MarketTrade) -> Fields:
        """A trade, with the mark that every trade has."""
        return super().trade_row(trade) | {"isBestMatch": True}

    def aggregate_row(self, row: Aggregate) -> Fields:
        """An aggregated trade, with the mark that every trade has."""
        return super().aggregate_row(row) | {"M": True}

    def _chosen(self, parameters: Parameters) -> list[Listing]:
        if "symbol" in parameters:
            if "symbols" in parameters:
                raise Complaint("BAD_COMBINATION")
            return [self.listing(parameters)]
        if "symbols" in parameters:
            return [self.listing({"symbol": symbol}) for symbol in parameters["symbols"]]
        return list(self.listings.values())

    def _rows(self, parameters: Parameters, row: Callable[[Listing], Fields]) -> Any:
        chosen = self._chosen(parameters)
        status = parameters.get("symbolStatus")
        fitting = [listing for listing in chosen if status in (None, listing.status)]
        if "symbol" in parameters:
            if not fitting:
                raise Complaint("OTHER_STATUS")
            return row(fitting[0])
        return [row(listing) for listing in fitting]

    def _day_row(self, listing: Listing, now: float) -> Fields:
        day, digits = listing.day(now), listing.instrument.price_decimals
        bid, ask = listing.best
        return {
            "symbol": listing.symbol,
            "priceChange": written(day.change, digits),
            "priceChangePercent": day.change_percent,
            "weightedAvgPrice": written(day.average, 8),
            "prevClosePrice": written(day.previous_close, digits),
            "lastPrice": written(day.last, digits),
            "lastQty": written(day.last_amount, listing.instrument.amount_decimals),
            "bidPrice": bid[0],
            "bidQty": bid[1],
            "askPrice": ask[0],
            "askQty": ask[1],
            "openPrice": written(day.open, digits),
            "highPrice": written(day.high, digits),
            "lowPrice": written(day.low, digits),
            "volume": written(day.volume, listing.instrument.amount_decimals),
            "quoteVolume": written(day.quote_volume, 8),
            "openTime": self.milliseconds(now) - 86_400_000,
            "closeTime": self.milliseconds(now),
            "firstId": day.first_id,
            "lastId": day.last_id,
            "count": day.count,
        }

    routes: ClassVar[Mapping[tuple[str, str], Route]] = {
        ("GET", "/api/v3/ping"): Route(socket_method="ping", handler=BinanceFamily.ping),
        ("GET", "/api/v3/time"): Route(socket_method="time", handler=BinanceFamily.time),
        ("GET", "/api/v3/exchangeInfo"): Route(
            socket_method="exchangeInfo",
            handler=exchange_info,
            weight=20,
            parameters=(
                *_MANY,
                Parameter(name="permissions", kind=Kind.WORD),
                Parameter(name="showPermissionSets", kind=Kind.BOOLEAN),
            ),
        ),
        ("GET", "/api/v3/depth"): Route(
            socket_method="depth",
            handler=depth,
            weight=by_limit(((100, 5), (500, 25), (1000, 50), (5000, 250)), absent=100),
            parameters=(_SYMBOL, _LIMIT, _STATUS),
        ),
        ("GET", "/api/v3/trades"): Route(
            socket_method="trades.recent",
            handler=BinanceFamily.trades,
            weight=25,
            parameters=(_SYMBOL, _LIMIT),
        ),
        ("GET", "/api/v3/aggTrades"): Route(
            socket_method="trades.aggregate",
            handler=BinanceFamily.aggregate_trades,
            weight=4,
            parameters=(
                _SYMBOL,
                _LIMIT,
                *(Parameter(name=name, kind=Kind.NUMBER) for name in ("fromId", "startTime", "endTime")),
            ),
        ),
        ("GET", "/api/v3/ticker/price"): Route(
            socket_method="ticker.price", handler=prices, weight=_ticker_weight, parameters=_MANY
        ),
        ("GET", "/api/v3/ticker/bookTicker"): Route(
            socket_method="ticker.book", handler=book_tickers, weight=_ticker_weight, parameters=_MANY
        ),
        ("GET", "/api/v3/ticker/24hr"): Route(
            socket_method="ticker.24hr",
            handler=day_tickers,
            weight=_day_weight,
            parameters=(
                *_MANY,
                Parameter(
                    name="type", kind=Kind.WORD, choices=("FULL", "MINI"), refused_as="BAD_TICKER_TYPE"
                ),
            ),
        ),
        **TRADING_ROUTES,
        **ACCOUNT_ROUTES,
    }

    # Streams.

    def diff(self, topic: Topic, now: float) -> Iterator[Fields]:
        """The book's changes: ids U to u, and no link to the message before."""
        fields = self.diff_fields(topic, now)
        if fields is not None:
            yield fields

    def partial(self, topic: Topic, _now: float) -> Iterator[Fields]:
        """The best levels, without event type, time or symbol."""
        book = self.new_snapshot(topic)
        if book is not None:
            yield {"lastUpdateId": book.last_id, "bids": book.bids, "asks": book.asks}

    def public_trades(self, topic: Topic, now: float) -> Iterator[Fields]:
        """Each trade."""
        for trade in topic.trades:
            yield {
                "e": "trade",
                "E": self.milliseconds(now),
                "s": market_of(topic).symbol,
                "t": trade.trade_id,
                "p": trade.price,
                "q": trade.amount,
                "T": self.milliseconds(trade.time),
                "m": not trade.taker_is_buyer,
                "M": True,
            }

    def public_aggregates(self, topic: Topic, now: float) -> Iterator[Fields]:
        """Each taker's trades at one price."""
        head = {"e": "aggTrade", "E": self.milliseconds(now), "s": market_of(topic).symbol}
        for row in topic.aggregates:
            yield head | self.aggregate_row(row)

    def best_prices(self, topic: Topic, _now: float) -> Iterator[Fields]:
        """The best prices when they change, without event type or time."""
        fields = self.new_best(topic, market_of(topic))
        if fields is not None:
            yield fields

    def ticker(self, topic: Topic, now: float) -> Iterator[Fields]:
        """The long ticker, with best prices and the close before the day."""
        market = market_of(topic)
        bid, ask = self.listings[market.symbol].best
        close = market.day.summary(now).previous_close
        yield self.ticker_fields(market, now) | {
            "x": written(close, market.instrument.price_decimals),
            "b": bid[0],
            "B": bid[1],
            "a": ask[0],
            "A": ask[1],
        }

    def mini_ticker(self, topic: Topic, now: float) -> Iterator[Fields]:
        """The short ticker."""
        yield self.mini_ticker_fields(market_of(topic), now)

    def all_mini_tickers(self, topic: Topic, now: float) -> Iterator[list[Fields]]:
        """The short tickers of the markets in which something happened."""
        changed = [market for market in self.markets.values() if has_moved(topic, market)]
        if changed:
            yield [self.mini_ticker_fields(market, now) for market in changed]

    def farewell(self, connection: Connection, now: float) -> Frame:
        """The `serverShutdown` event (web-socket-streams.md, since 2026-05-08); no lead time is promised."""
        said = super().farewell(connection, now)
        event = {"e": "serverShutdown", "E": self.milliseconds(now)}
        if said is not None:
            return said
        if connection.form == COMBINED:
            return Frame(payload=msgspec.json.encode({"stream": "!serverShutdown", "data": event}))
        return Frame(payload=msgspec.json.encode(event))

    channels: ClassVar[Mapping[str, Channel]] = {
        **_paces("depth", "diff"),
        **_paces("depth5", "partial", 5),
        **_paces("depth10", "partial", 10),
        **_paces("depth20", "partial", 20),
        "trade": Channel(kind="trade"),
        "aggTrade": Channel(kind="aggTrade"),
        "bookTicker": Channel(kind="bookTicker"),
        "ticker": Channel(kind="ticker", cadence=1.0),
        "miniTicker": Channel(kind="miniTicker", cadence=1.0),
    }
    all_market_channels: ClassVar[Mapping[str, Channel]] = {
        "!miniTicker@arr": Channel(kind="miniTickers", cadence=1.0)
    }
    composers: ClassVar[Mapping[str, Callable[[Any, Topic, float], Iterable[Any]]]] = {
        "diff": diff,
        "partial": partial,
        "trade": public_trades,
        "aggTrade": public_aggregates,
        "bookTicker": best_prices,
        "ticker": ticker,
        "miniTicker": mini_ticker,
        "miniTickers": all_mini_tickers,
    }


_MINI = (
    "symbol",
    "openPrice",
    "highPrice",
    "lowPrice",
    "lastPrice",
    "volume",
    "quoteVolume",
    "openTime",
    "closeTime",
    "firstId",
    "lastId",
    "count",
)


def _is_wanted(parameters: Parameters, listing: Listing) -> bool:
    return parameters.get("symbolStatus") in (None, listing.status) and (
        parameters.get("permissions", "SPOT") == "SPOT"
    )
