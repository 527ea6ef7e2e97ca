"""Binance USD-M futures with the routes of 2026-04-23 and the fields of 2026-06-30."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from venuekit.emulator.act import Act
from venuekit.emulator.day import written
from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.emulator.dialects.binance_family import BinanceFamily, has_moved, market_of
from venuekit.emulator.dialects.binance_listing import Listing
from venuekit.emulator.dialects.binance_perpetual_listing import DORMANT, PERPETUAL, RATE_LIMITS, symbol_row
from venuekit.emulator.dialects.binance_requests import Fields, Parameters, Pool, Route
from venuekit.emulator.dialects.binance_rules import Kind, Parameter, by_limit
from venuekit.emulator.limits import ConnectionLimits
from venuekit.emulator.market import Snapshot
from venuekit.emulator.step import MarketTrade
from venuekit.emulator.topic import Channel, Topic

__all__ = ["BinancePerpetualDialect"]

_SYMBOL = Parameter(name="symbol", kind=Kind.SYMBOL, is_mandatory=True)
_ANY_SYMBOL = Parameter(name="symbol", kind=Kind.SYMBOL)
_LIMIT = Parameter(name="limit", kind=Kind.NUMBER, least=1)
_TIMES = tuple(Parameter(name=name, kind=Kind.NUMBER) for name in ("startTime", "endTime"))
_DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000)
_HOUR = 3600.0
_FUNDING_HOURS = 8
_ADJUSTED_FUNDING_HOURS: Mapping[str, int] = {"ETHUSDT": 4, "SOLUSDT": 4, "DOGEUSDT": 1}
"""Symbols that fundingInfo lists because their interval was changed."""
_FUNDING_RATES = ("0.00010000", "0.00004721", "-0.00002210", "0.00012045", "-0.00000743")
"""Rates of successive fundings; the emulator's own choice, of both signs as real ones are."""
_COIN_MARGINED = 2
_USD_MARGINED = 1


def _one_or_all(one: int, everything: int) -> Callable[[Parameters], int]:
    """A weight that depends on whether a symbol is named."""
    return lambda parameters: one if "symbol" in parameters else everything


def _paces(word: str, kind: str, depth: int = 0) -> dict[str, Channel]:
    """A book stream in its three speeds; the suffix @250ms is acknowledged and delivers nothing."""
    return {
        word + suffix: Channel(
            kind=kind,
            cadence=cadence,
            depth=depth,
            is_book_difference=kind == "diff",
            route="public",
        )
        for suffix, cadence in (("", 0.25), ("@500ms", 0.5), ("@100ms", 0.1))
    }


class BinancePerpetualDialect(BinanceFamily):
    """REST under /fapi, streams behind the doors /public, /market and /private."""

    name = "binance_perpetual"
    prefix = "/fapi/v1"
    acts: ClassVar[Mapping[Act, tuple[str, ...]]] = {
        Act.PRICES: ("/fapi/v1/ticker/price", "/fapi/v2/ticker/price"),
        Act.SNAPSHOT: ("/fapi/v1/depth",),
    }
    contract = PERPETUAL
    # U of a diff is above pu + 1: recorded frames of 2024 and 2026 skip ids, so that only pu chains them.
    id_stride = 3
    doors = ("public", "market", "private")
    # "Important WebSocket Change Notice" (2026-03); 1024 streams and the pings were measured on 2026-10-07.
    limits = ConnectionLimits(messages=10, topics=1024, ping_interval=180.0, pong_timeout=600.0)
    pools: ClassVar[Mapping[str, Pool]] = {
        "weight": Pool(name="weight", limit=2400, seconds=60.0, header="X-MBX-USED-WEIGHT-1M"),
        "funding": Pool(name="funding", limit=500, seconds=300.0),
    }
    # The pages on futures promise no Retry-After, the answers wrap errors (measured 2026-10-07).
    sends_retry_after = False
    wraps_errors = True
    too_much = (
        "Too many requests; current limit of IP(127.0.0.1) is {} requests per minute. "
        "Please use the websocket for live updates to avoid polling the API."
    )
    banned = (
        "Way too many requests; IP(127.0.0.1) banned until {}. "
        "Please use the websocket for live updates to avoid bans."
    )
    dormant = DORMANT

    def symbol_sent(self, symbol: str) -> str:
        """Lower case is accepted (measured 2026-10-07)."""
        return symbol.upper()

    def funding_hours(self, symbol: str) -> int:
        """Hours between two fundings."""
        return _ADJUSTED_FUNDING_HOURS.get(symbol, _FUNDING_HOURS)

    def next_funding(self, symbol: str, now: float) -> float:
        """The next funding's moment in venue time, seconds: full multiples of the interval."""
        interval = self.funding_hours(symbol) * _HOUR
        return (self.venue_time(now) // interval + 1) * interval

    def funding_rate(self, symbol: str, moment: float) -> str:
        """The rate charged at a funding moment."""
        number = int(moment // (self.funding_hours(symbol) * _HOUR))
        return _FUNDING_RATES[number % len(_FUNDING_RATES)]

    # REST.

    def exchange_info(self, _parameters: Parameters, now: float) -> Fields:
        """Everything listed."""
        return {
            "timezone": "UTC",
            "serverTime": self.milliseconds(now),
            "futuresType": "U_MARGINED",
            "rateLimits": RATE_LIMITS,
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
            "symbols": [symbol_row(listing) for listing in self.listings.values()],
        }

    def depth(self, parameters: Parameters, now: float) -> Fields:
        """The book; only the limits of the page are accepted."""
        limit = parameters.get("limit", 500)
        if limit not in _DEPTH_LIMITS:
            raise Complaint("BAD_DEPTH_LIMIT", limit)
        book = self.book_of(self.listing(parameters), limit, now)
        return {
            "lastUpdateId": book.last_id,
            "E": self.milliseconds(now),
            "T": self.milliseconds(now),
            "bids": book.bids,
            "asks": book.asks,
        }

    def trade_row(self, trade: MarketTrade) -> Fields:
        """A trade; none is of the retail price improvement programme."""
        return super().trade_row(trade) | {"isRPITrade": False}

    def price_row(self, listing: Listing, now: float) -> Fields:
        """The last price with its time."""
        return super().price_row(listing, now) | {"time": self.milliseconds(now)}

    def book_row(self, listing: Listing, now: float) -> Fields:
        """The best prices with their time."""
        return super().book_row(listing, now) | {"time": self.milliseconds(now)}

    def day_row(self, listing: Listing, now: float) -> Fields:
        """The last 24 hours, without the best prices that spot adds."""
        day, digits = listing.day(now), listing.instrument.price_decimals
        return {
            "symbol": listing.symbol,
            "priceChange": written(day.change, digits),
            "priceChangePercent": day.change_percent,
            "weightedAvgPrice": written(day.average, 8),
            "lastPrice": written(day.last, digits),
            "lastQty": written(day.last_amount, listing.instrument.amount_decimals),
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

    def premium_row(self, listing: Listing, now: float) -> Fields:
        """Mark, index and funding; zeros where a contract is never funded."""
        mark, index = _mark_and_index(listing)
        is_funded = listing.contract.endswith(PERPETUAL)
        moment = self.next_funding(listing.symbol, now)
        return {
            "symbol": listing.symbol,
            "markPrice": mark,
            "indexPrice": index,
            "estimatedSettlePrice": index,
            "lastFundingRate": self.funding_rate(listing.symbol, moment) if is_funded else "",
            "interestRate": "0.00010000" if is_funded else "",
            "nextFundingTime": int(moment * 1000) if is_funded else 0,
            "time": self.milliseconds(now),
        }

    def prices(self, parameters: Parameters, now: float) -> Any:
        """Last prices."""
        return self._rows(parameters, lambda listing: self.price_row(listing, now))

    def book_tickers(self, parameters: Parameters, now: float) -> Any:
        """Best prices."""
        return self._rows(parameters, lambda listing: self.book_row(listing, now))

    def day_tickers(self, parameters: Parameters, now: float) -> Any:
        """The last 24 hours of contracts that trade."""
        if "symbol" in parameters:
            return self.day_row(self.listing(parameters), now)
        return [self.day_row(row, now) for row in self.listings.values() if row.status == "TRADING"]

    def premiums(self, parameters: Parameters, now: float) -> Any:
        """Mark prices and funding."""
        return self._rows(parameters, lambda listing: self.premium_row(listing, now))

    def funding_info(self, _parameters: Parameters, _now: float) -> list[Fields]:
        """The symbols whose funding was adjusted; the others are paid every eight hours."""
        return [
            {
                "symbol": symbol,
                "adjustedFundingRateCap": "0.02000000",
                "adjustedFundingRateFloor": "-0.02000000",
                "fundingIntervalHours": hours,
                "disclaimer": False,
                # Live and undocumented (2026-10-07); null on some rows.
                "updateTime": None,
            }
            for symbol, hours in _ADJUSTED_FUNDING_HOURS.items()
            if symbol in self.markets
        ]

    def funding_history(self, parameters: Parameters, now: float) -> list[Fields]:
        """Fundings charged, ascending: the newest, or those of a span of time."""
        listings = [self.listing(parameters)] if "symbol" in parameters else self._open_listings()
        limit = min(parameters.get("limit", 100), 1000)
        first, last = parameters.get("startTime", 0), parameters.get("endTime", self.milliseconds(now))
        rows = [
            row
            for listing in listings
            for row in self._fundings(listing, limit, now)
            if first <= row["fundingTime"] <= last
        ]
        return sorted(rows, key=lambda row: row["fundingTime"])[-limit:]

    def _fundings(self, listing: Listing, count: int, now: float) -> Iterator[Fields]:
        interval = self.funding_hours(listing.symbol) * _HOUR
        following = self.next_funding(listing.symbol, now)
        for back in range(count, 0, -1):
            moment = following - back * interval
            yield {
                "symbol": listing.symbol,
                "fundingTime": int(moment * 1000),
                "fundingRate": self.funding_rate(listing.symbol, moment),
                "markPrice": written(Decimal(listing.instrument.start_price), 8),
                "rateType": "Regular",
            }

    def _open_listings(self) -> list[Listing]:
        return [listing for listing in self.listings.values() if listing.market is not None]

    def _rows(self, parameters: Parameters, row: Callable[[Listing], Fields]) -> Any:
        if "symbol" in parameters:
            return row(self.listing(parameters))
        return [row(listing) for listing in self.listings.values()]

    routes: ClassVar[Mapping[tuple[str, str], Route]] = {
        ("GET", "/fapi/v1/ping"): Route(handler=BinanceFamily.ping),
        ("GET", "/fapi/v1/time"): Route(handler=BinanceFamily.time),
        ("GET", "/fapi/v1/exchangeInfo"): Route(handler=exchange_info),
        ("GET", "/fapi/v1/depth"): Route(
            handler=depth,
            weight=by_limit(((50, 2), (100, 5), (500, 10), (1000, 20)), absent=500),
            parameters=(_SYMBOL, _LIMIT),
        ),
        ("GET", "/fapi/v1/trades"): Route(
            handler=BinanceFamily.trades, weight=5, parameters=(_SYMBOL, _LIMIT)
        ),
        ("GET", "/fapi/v1/aggTrades"): Route(
            handler=BinanceFamily.aggregate_trades,
            weight=20,
            parameters=(_SYMBOL, _LIMIT, Parameter(name="fromId", kind=Kind.NUMBER), *_TIMES),
        ),
        ("GET", "/fapi/v1/ticker/price"): Route(
            handler=prices, weight=_one_or_all(1, 2), parameters=(_ANY_SYMBOL,)
        ),
        ("GET", "/fapi/v2/ticker/price"): Route(
            handler=prices, weight=_one_or_all(1, 2), parameters=(_ANY_SYMBOL,)
        ),
        ("GET", "/fapi/v1/ticker/bookTicker"): Route(
            handler=book_tickers, weight=_one_or_all(2, 5), parameters=(_ANY_SYMBOL,)
        ),
        ("GET", "/fapi/v1/ticker/24hr"): Route(
            handler=day_tickers, weight=_one_or_all(1, 40), parameters=(_ANY_SYMBOL,)
        ),
        ("GET", "/fapi/v1/premiumIndex"): Route(
            handler=premiums, weight=_one_or_all(1, 10), parameters=(_ANY_SYMBOL,)
        ),
        ("GET", "/fapi/v1/fundingInfo"): Route(handler=funding_info, pool="funding"),
        ("GET", "/fapi/v1/fundingRate"): Route(
            handler=funding_history, pool="funding", parameters=(_ANY_SYMBOL, _LIMIT, *_TIMES)
        ),
    }

    # Streams.

    def diff(self, topic: Topic, now: float) -> Iterator[Fields]:
        """The book's changes, each message naming the last id of the one before."""
        previous = topic.last_id
        fields = self.diff_fields(topic, now)
        if fields is not None:
            topic.last_id = fields["u"]
            yield self._dated(fields, now) | {"pu": previous}

    def partial(self, topic: Topic, now: float) -> Iterator[Fields]:
        """The best levels, under the event type of the changes."""
        previous = topic.last_id
        book = self.new_snapshot(topic)
        if book is not None:
            topic.last_id = book.last_id
            yield self._dated(self._window(topic, book, previous, now), now)

    def public_trades(self, topic: Topic, now: float) -> Iterator[Fields]:
        """Each trade: a stream that the pages do not mention (recorded 2026-09-25)."""
        for trade in topic.trades:
            yield {
                "e": "trade",
                "E": self.milliseconds(now),
                "T": self.milliseconds(trade.time),
                "s": market_of(topic).symbol,
                "t": trade.trade_id,
                "p": trade.price,
                "q": trade.amount,
                "X": "MARKET",
                "m": not trade.taker_is_buyer,
                "st": _USD_MARGINED,
            }

    def public_aggregates(self, topic: Topic, now: float) -> Iterator[Fields]:
        """Each taker's trades at one price; `nq` leaves out what retail makers took, here nothing."""
        head = {"e": "aggTrade", "E": self.milliseconds(now), "s": market_of(topic).symbol}
        for row in topic.aggregates:
            yield head | self.aggregate_row(row) | {"nq": row.amount, "st": _USD_MARGINED}

    def best_prices(self, topic: Topic, now: float) -> Iterator[Fields]:
        """The best prices when they change, of one market or of all."""
        for market in (topic.market,) if topic.market else self.markets.values():
            fields = self.new_best(topic, market)
            if fields is not None:
                yield self._dated({"e": "bookTicker", "E": self.milliseconds(now)} | fields, now)

    def ticker(self, topic: Topic, now: float) -> Iterator[Fields]:
        """The long ticker."""
        yield self._marked(self.ticker_fields(market_of(topic), now))

    def mini_ticker(self, topic: Topic, now: float) -> Iterator[Fields]:
        """The short ticker."""
        yield self._marked(self.mini_ticker_fields(market_of(topic), now))

    def all_tickers(self, topic: Topic, now: float) -> Iterator[list[Fields]]:
        """The long tickers of the markets in which something happened."""
        changed = [market for market in self.markets.values() if has_moved(topic, market)]
        if changed:
            yield [self._marked(self.ticker_fields(market, now)) for market in changed]

    def all_mini_tickers(self, topic: Topic, now: float) -> Iterator[list[Fields]]:
        """The short tickers of the markets in which something happened."""
        changed = [market for market in self.markets.values() if has_moved(topic, market)]
        if changed:
            yield [self._marked(self.mini_ticker_fields(market, now)) for market in changed]

    def mark_price(self, topic: Topic, now: float) -> Iterator[Fields]:
        """Mark and index price, funding rate and the next funding's time."""
        yield self._mark_row(self.listings[market_of(topic).symbol], now)

    def all_mark_prices(self, _topic: Topic, now: float) -> Iterator[list[Fields]]:
        """Those of all contracts, coin-margined ones among them since 2026-06-30."""
        rows = [self._mark_row(listing, now) for listing in self._open_listings()]
        foreign = [row | {"s": f"{row['s'][:-1]}_PERP", "st": _COIN_MARGINED} for row in rows[:1]]
        yield [*rows, *foreign]

    def _mark_row(self, listing: Listing, now: float) -> Fields:
        row = self.premium_row(listing, now)
        return {
            "e": "markPriceUpdate",
            "E": self.milliseconds(now),
            "s": listing.symbol,
            "p": row["markPrice"],
            "ap": row["markPrice"],
            "i": row["indexPrice"],
            "P": row["estimatedSettlePrice"],
            "r": row["lastFundingRate"],
            "T": row["nextFundingTime"],
            "st": _USD_MARGINED,
        }

    def _window(self, topic: Topic, book: Snapshot, previous: int, now: float) -> Fields:
        return {
            "e": "depthUpdate",
            "E": self.milliseconds(now),
            "s": market_of(topic).symbol,
            "U": previous + 1,
            "u": book.last_id,
            "pu": previous,
            "b": book.bids,
            "a": book.asks,
        }

    def _dated(self, fields: Fields, now: float) -> Fields:
        """With the engine's time and the marks of the merged universe."""
        return self._marked(fields | {"T": self.milliseconds(now)})

    def _marked(self, fields: Fields) -> Fields:
        return fields | {"ps": fields["s"], "st": _USD_MARGINED}

    channels: ClassVar[Mapping[str, Channel]] = {
        **_paces("depth", "diff"),
        **_paces("depth5", "partial", 5),
        **_paces("depth10", "partial", 10),
        **_paces("depth20", "partial", 20),
        "bookTicker": Channel(kind="bookTicker", route="public"),
        "trade": Channel(kind="trade", route="public"),
        "aggTrade": Channel(kind="aggTrade", cadence=0.1, route="market"),
        "markPrice": Channel(kind="markPrice", cadence=3.0, route="market"),
        "markPrice@1s": Channel(kind="markPrice", cadence=1.0, route="market"),
        "ticker": Channel(kind="ticker", cadence=2.0, route="market"),
        "miniTicker": Channel(kind="miniTicker", cadence=2.0, route="market"),
    }
    all_market_channels: ClassVar[Mapping[str, Channel]] = {
        "!bookTicker": Channel(kind="bookTicker", cadence=5.0, route="public"),
        "!markPrice@arr": Channel(kind="markPrices", cadence=3.0, route="market"),
        "!markPrice@arr@1s": Channel(kind="markPrices", cadence=1.0, route="market"),
        "!ticker@arr": Channel(kind="tickers", cadence=1.0, route="market"),
        "!miniTicker@arr": Channel(kind="miniTickers", cadence=1.0, route="market"),
    }
    composers: ClassVar[Mapping[str, Callable[[Any, Topic, float], Iterable[Any]]]] = {
        "diff": diff,
        "partial": partial,
        "trade": public_trades,
        "aggTrade": public_aggregates,
        "bookTicker": best_prices,
        "ticker": ticker,
        "miniTicker": mini_ticker,
        "tickers": all_tickers,
        "miniTickers": all_mini_tickers,
        "markPrice": mark_price,
        "markPrices": all_mark_prices,
    }


def _mark_and_index(listing: Listing) -> tuple[str, str]:
    """The mark price is the middle of the book here, the index a little below it."""
    (bid, _), (ask, _) = listing.best
    middle = (Decimal(bid) + Decimal(ask)) / 2 or Decimal(listing.last_price)
    return written(middle, 8), written(middle * Decimal("0.99995"), 8)
