"""Bybit v5 in public: spot, and linear contracts.

Pages: bybit-exchange/docs at 072c197d0 (2026-07-24); where a page shows no example, forms are as recorded on
2026-08-09.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, ClassVar
from urllib.parse import quote

from venuekit.emulator.connection import Connection
from venuekit.emulator.day import written
from venuekit.emulator.dialects.bybit_family import (
    BybitDialect,
    Complaint,
    Fields,
    Parameters,
    connection_id,
    limit_of,
)
from venuekit.emulator.dialects.bybit_listing import (
    DORMANT,
    PERPETUAL,
    Listing,
    funding_hours,
    linear_row,
    spot_row,
)
from venuekit.emulator.market import Market
from venuekit.emulator.step import Instrument, MarketTrade
from venuekit.emulator.topic import Topic
from venuekit.model.decimals import CONTEXT, decimal_of

__all__ = ["BybitPerpetualDialect", "BybitSpotDialect"]

_HOUR = 3600.0
_FUNDING_RATES = ("0.0001", "0.00004721", "-0.0000221", "0.00012045", "-0.00000743")
"""Rates of successive fundings; the emulator's own choice, of both signs as real ones are."""
_OPEN_INTEREST = Decimal(60_000)
"""Both sides of each contract, in base; the emulator's own choice."""
_REMEMBERED_TICKS = 20
_SPREAD_IDS = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""An odd number: multiplying by it modulo 2^128 gives every trade another UUID."""


class BybitSpotDialect(BybitDialect):
    """Spot: numbers without trailing zeros, whole tickers, ten topics a request."""

    name = "bybit"
    category = "spot"
    tickers_every = 0.05
    most_arguments = 10
    most_trades = 60
    book_levels = 1

    def text(self, number: str) -> str:
        """Without trailing zeros."""
        return number.rstrip("0").rstrip(".") if "." in number else number

    def instruments(self, parameters: Parameters, _now: float) -> Fields:
        """Everything in one answer without a cursor; an unknown symbol is an empty list."""
        asked = parameters.get("symbol")
        rows = [
            spot_row(listing, number)
            for number, listing in enumerate(self.listings.values(), start=1)
            if asked in (None, listing.symbol) and parameters.get("status", "Trading") == listing.status
        ]
        return {"category": self.category, "list": rows}

    def ticker_row(self, listing: Listing, now: float) -> Fields:
        """The page's fields."""
        (bid, bid_size), (ask, ask_size) = listing.best
        return {
            "symbol": listing.symbol,
            "bid1Price": self.text(bid),
            "bid1Size": self.text(bid_size),
            "ask1Price": self.text(ask),
            "ask1Size": self.text(ask_size),
            **self._day_fields(listing, now),
        }

    def ticker_fields(self, topic: Topic, now: float) -> Fields:
        """The stream has no best prices."""
        listing = self.listings[topic.name.rpartition(".")[2]]
        return {"symbol": listing.symbol, **self._day_fields(listing, now)}

    def ticker_frame(self, topic: Topic, changed: Fields, head: Fields) -> Fields:  # noqa: ARG002 - always whole
        """Always whole."""
        return {
            "topic": head["topic"],
            "ts": head["ts"],
            "type": "snapshot",
            "cs": head["cs"],
            "data": dict(topic.seen),
        }

    def _day_fields(self, listing: Listing, now: float) -> Fields:
        day = listing.day(now)
        digits = listing.instrument.price_decimals
        return {
            "lastPrice": self.text(listing.last_price),
            "highPrice24h": self.text(written(day.high, digits)),
            "lowPrice24h": self.text(written(day.low, digits)),
            "prevPrice24h": self.text(written(day.open, digits)),
            "volume24h": self.text(written(day.volume, listing.instrument.amount_decimals)),
            "turnover24h": self.text(written(day.quote_volume, 8)),
            "price24hPcnt": _ratio(day.change, day.open, 4),
            "usdIndexPrice": self.text(listing.last_price) if listing.instrument.quote == "USDT" else "",
        }

    def trade_frame_row(self, topic: Topic, trade: MarketTrade, market: Market) -> Fields:  # noqa: ARG002 - linear remembers
        """Fields as recorded on 2026-08-09."""
        return {
            "i": self.execution_id(trade),
            "T": self.milliseconds(trade.time),
            "p": self.text(trade.price),
            "v": self.text(trade.amount),
            "S": "Buy" if trade.taker_is_buyer else "Sell",
            "seq": market.book.last_id,
            "s": market.symbol,
            "BT": False,
            "RPI": False,
        }

    def execution_id(self, trade: MarketTrade) -> str:
        """A number, as text."""
        return str(trade.trade_id)

    def verdict(self, operation: str, request_id: str, refusal: str | None, connection: Connection) -> Fields:
        """The operation as message, and `req_id` only where one was sent."""
        marked = {"req_id": request_id} if request_id else {}
        return {
            "success": refusal is None,
            "ret_msg": operation if refusal is None else refusal,
            "conn_id": connection_id(connection),
            **marked,
            "op": operation,
        }

    def unknown_topic(self, topic: str) -> str:
        """In spot's words."""
        return f"Invalid symbol :[{topic}]"


class BybitPerpetualDialect(BybitDialect):
    """Linear contracts: lists by pages, tickers in parts, trades with UUIDs, funding."""

    name = "bybit_perpetual"
    category = "linear"
    contract_type = PERPETUAL
    dormant = DORMANT
    tickers_every = 0.1
    most_trades = 1000
    book_levels = 25

    def symbol_of(self, instrument: Instrument) -> str:
        """Base and quote; contracts in USDC are called after what they are."""
        return instrument.base + ("PERP" if instrument.quote == "USDC" else instrument.quote)

    def text(self, number: str) -> str:
        """With the digits of tick and step, but a level that is gone has plainly 0."""
        return number if number.strip("0.") else "0"

    # REST.

    def instruments(self, parameters: Parameters, _now: float) -> Fields:
        """One page of the contracts of one status (those that trade where none is named), of one coin or all.

        Raises:
            Complaint: an unknown symbol, or a cursor that is not ours.
        """
        asked = parameters.get("symbol")
        if asked is not None and asked not in self.listings:
            nothing = {"category": "", "list": [], "nextPageCursor": ""}
            raise Complaint("params error: symbol invalid", result=nothing)
        status, coin = parameters.get("status", "Trading"), parameters.get("baseCoin")
        numbered = [
            (listing, number)
            for number, listing in enumerate(self.listings.values(), start=1)
            if asked in (None, listing.symbol)
            and coin in (None, listing.instrument.base)
            and listing.status == status
        ]
        start = self._page_start([listing.symbol for listing, _ in numbered], parameters.get("cursor", ""))
        page = numbered[start : start + limit_of(parameters, usual=500, most=1000)]
        is_last = start + len(page) >= len(numbered)
        cursor = "" if is_last else f"first={page[0][0].symbol}&last={page[-1][0].symbol}"
        return {
            "category": self.category,
            "list": [linear_row(listing, number) for listing, number in page],
            "nextPageCursor": quote(cursor, safe=""),
        }

    @staticmethod
    def _page_start(symbols: list[str], cursor: str) -> int:
        if not cursor:
            return 0
        last = cursor.rpartition("last=")[2]
        if last not in symbols:
            raise Complaint("params error: cursor invalid")
        return symbols.index(last) + 1

    def funding_history(self, parameters: Parameters, now: float) -> Fields:
        """Fundings charged, newest first: up to `endTime`, the newest where no time is named.

        Raises:
            Complaint: a start without an end.
        """
        listing = self.listing(parameters)
        if "startTime" in parameters and "endTime" not in parameters:
            raise Complaint("params error: endTime invalid")
        first = int(parameters.get("startTime", "0"))
        last = int(parameters.get("endTime", str(self.milliseconds(now)))) / 1000
        interval = funding_hours(listing.symbol) * _HOUR
        newest = min(last, self.venue_time(now)) // interval * interval
        moments = [newest - back * interval for back in range(limit_of(parameters, usual=200, most=200))]
        rows = [
            {
                "symbol": listing.symbol,
                "fundingRate": self.funding_rate(listing.symbol, moment),
                "fundingRateTimestamp": str(int(moment * 1000)),
            }
            for moment in moments
            if moment * 1000 >= first
        ]
        return {"category": self.category, "list": rows}

    routes: ClassVar[Mapping[str, Callable[[Any, Parameters, float], Fields]]] = {
        **BybitDialect.routes,
        "/v5/market/funding/history": funding_history,
    }

    def funding_rate(self, symbol: str, moment: float) -> str:
        """The rate charged at a funding moment."""
        return _FUNDING_RATES[int(moment // (funding_hours(symbol) * _HOUR)) % len(_FUNDING_RATES)]

    def ticker_row(self, listing: Listing, now: float) -> Fields:
        """The page's fields; those of futures and pre-market contracts stay empty."""
        fields = self._fields(listing, now)
        del fields["tickDirection"]
        empty = ("predictedDeliveryPrice", "basisRate", "basis", "deliveryFeeRate", "basisRateYear")
        return fields | dict.fromkeys(empty, "") | {"deliveryTime": listing.delivery_time}

    def _fields(self, listing: Listing, now: float) -> Fields:
        """What the stream's whole ticker holds, in the order of the page."""
        day, rules = listing.day(now), listing.instrument
        (bid, bid_size), (ask, ask_size) = listing.best
        middle = (decimal_of(bid) + decimal_of(ask)) / 2 if bid and ask else decimal_of(listing.last_price)
        mark = written(middle, rules.price_decimals)
        interest = _OPEN_INTEREST
        hours = funding_hours(listing.symbol)
        moment = (self.venue_time(now) // (hours * _HOUR) + 1) * hours * _HOUR
        is_funded = listing.contract_type == PERPETUAL and listing.market is not None
        return {
            "symbol": listing.symbol,
            "tickDirection": _last_tick(listing.market),
            "price24hPcnt": _ratio(day.change, day.open, 6),
            "lastPrice": listing.last_price,
            "prevPrice24h": written(day.open, rules.price_decimals),
            "highPrice24h": written(day.high, rules.price_decimals),
            "lowPrice24h": written(day.low, rules.price_decimals),
            "prevPrice1h": written(day.open, rules.price_decimals),
            "markPrice": mark,
            "indexPrice": written(middle * Decimal("0.99995"), rules.price_decimals),
            "openInterest": written(interest, rules.amount_decimals),
            "openInterestValue": written(interest * decimal_of(mark), 2),
            "turnover24h": written(day.quote_volume, 4),
            "volume24h": written(day.volume, 4),
            "fundingIntervalHour": str(hours) if is_funded else "",
            "fundingCap": "0.005" if is_funded else "",
            "singleOpenInterest": written(interest / 2, rules.amount_decimals),
            "singleOpenInterestValue": written(interest / 2 * decimal_of(mark), 2),
            "nextFundingTime": str(int(moment * 1000)) if is_funded else "",
            "fundingRate": self.funding_rate(listing.symbol, moment) if is_funded else "",
            "bid1Price": bid,
            "bid1Size": bid_size,
            "ask1Price": ask,
            "ask1Size": ask_size,
            "preOpenPrice": "",
            "preQty": "",
            "curPreListingPhase": listing.phase,
        }

    # Streams.

    def headed(self, topic: Topic, kind: str, now: float) -> Fields:
        """As spot for books of one level, otherwise with the type before the time."""
        fields = super().headed(topic, kind, now)
        return fields if topic.channel.depth == 1 else {"topic": topic.name, "type": kind, "ts": fields["ts"]}

    def ticker_fields(self, topic: Topic, now: float) -> Fields:
        """All of a ticker."""
        return self._fields(self.listings[topic.name.rpartition(".")[2]], now)

    def ticker_frame(self, topic: Topic, changed: Fields, head: Fields) -> Fields:
        """The fields that changed, after the symbol."""
        data = {"symbol": topic.seen["symbol"]} | changed
        return {"topic": head["topic"], "type": "delta", "data": data, "cs": head["cs"], "ts": head["ts"]}

    def trade_frame_row(self, topic: Topic, trade: MarketTrade, market: Market) -> Fields:
        """Fields as recorded on 2026-08-09."""
        seen = topic.seen
        seen["tick"] = _tick(seen.get("price", trade.price), trade.price, seen.get("tick", "PlusTick"))
        seen["price"] = trade.price
        return {
            "T": self.milliseconds(trade.time),
            "s": market.symbol,
            "S": "Buy" if trade.taker_is_buyer else "Sell",
            "v": trade.amount,
            "p": trade.price,
            "L": seen["tick"],
            "i": self.execution_id(trade),
            "BT": False,
            "RPI": False,
            "seq": market.book.last_id,
        }

    def execution_id(self, trade: MarketTrade) -> str:
        """The recorded UUID, or one that is always the same for the same trade."""
        if trade.name:
            return trade.name
        digits = f"{trade.trade_id * _SPREAD_IDS % 2**128:032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def verdict(self, operation: str, request_id: str, refusal: str | None, connection: Connection) -> Fields:
        """No message where all is well, and `req_id` always."""
        return {
            "success": refusal is None,
            "ret_msg": refusal or "",
            "conn_id": connection_id(connection),
            "req_id": request_id,
            "op": operation,
        }

    def unknown_topic(self, topic: str) -> str:
        """In the words of futures."""
        return f"error:handler not found,topic:{topic}"


def _ratio(change: Decimal, base: Decimal, digits: int) -> str:
    return written(CONTEXT.divide(change, base), digits) if base else written(base, digits)


def _tick(earlier: str, price: str, tick: str) -> str:
    """The direction of a trade's price: up, down, or unchanged since it last went up or down."""
    difference = decimal_of(price) - decimal_of(earlier)
    if difference:
        return "PlusTick" if difference > 0 else "MinusTick"
    return "Zero" + tick.removeprefix("Zero")


def _last_tick(market: Market | None) -> str:
    trades = list(islice(reversed(market.trades), _REMEMBERED_TICKS)) if market is not None else []
    tick = "PlusTick"
    for later, earlier in _pairwise_back(trades):
        tick = _tick(earlier.price, later.price, tick)
    return tick


def _pairwise_back(trades: list[MarketTrade]) -> Iterator[tuple[MarketTrade, MarketTrade]]:
    """(later, earlier) neighbours, oldest pair first, of trades that stand newest first."""
    for place in range(len(trades) - 1, 0, -1):
        yield trades[place - 1], trades[place]
