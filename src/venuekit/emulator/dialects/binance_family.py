"""What Binance spot and USD-M futures have in common: endpoints, weights, streams, control frames."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from venuekit.emulator.accounts import Customer
from venuekit.emulator.answer import Answer
from venuekit.emulator.connection import Connection, Frame
from venuekit.emulator.day import written
from venuekit.emulator.desk import Desk
from venuekit.emulator.dialect import Query
from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.emulator.dialects.binance_listing import Dormant, Listing, listings
from venuekit.emulator.dialects.binance_requests import BinanceRequests, Fields, Parameters
from venuekit.emulator.dialects.recorded_binance import BinanceReader
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.market import Aggregate, Market, Snapshot
from venuekit.emulator.step import Instrument, MarketSource, MarketTrade
from venuekit.emulator.topic import Channel, Topic
from venuekit.model.decimals import CONTEXT, decimal_of

__all__ = ["COMBINED", "BinanceFamily", "has_moved", "market_of"]

RequestId = int | str | None
COMBINED = "combined"
_HALT = "the symbol's status"
"""Why a market stands still."""


class BinanceFamily(BinanceRequests):
    """The shared part; a product adds its tables and its fields."""

    prefix: ClassVar[str]
    channels: ClassVar[Mapping[str, Channel]]
    all_market_channels: ClassVar[Mapping[str, Channel]]
    composers: ClassVar[Mapping[str, Callable[[Any, Topic, float], Iterable[Any]]]]
    dormant: ClassVar[tuple[Dormant, ...]]
    statuses: ClassVar[tuple[str, ...]] = ("TRADING",)
    contract: ClassVar[str] = ""
    doors: ClassVar[tuple[str, ...]] = ("",)
    wraps_errors: ClassVar[bool] = False

    def __init__(
        self,
        sources: Iterable[MarketSource],
        *,
        start_time: float,
        desk: Desk | None = None,
        customers: Iterable[Customer] = (),
    ) -> None:
        super().__init__(sources, start_time=start_time, desk=desk, customers=customers)
        self.listings: dict[str, Listing] = listings(self.markets.values(), self.dormant, self.contract)

    @classmethod
    def recording_reader(cls) -> BinanceReader:
        """Both products record alike."""
        return BinanceReader()

    def symbol_of(self, instrument: Instrument) -> str:
        """Base and quote without a separator."""
        return instrument.base + instrument.quote

    # REST: the endpoints both have.

    def listing(self, parameters: Parameters) -> Listing:
        """The symbol that is asked for.

        Raises:
            Complaint: no such symbol.
        """
        found = self.listings.get(self.symbol_sent(parameters["symbol"]))
        if found is None:
            raise Complaint("BAD_SYMBOL")
        return found

    def symbol_sent(self, symbol: str) -> str:
        """The symbol as a client may write it."""
        return symbol

    def set_status(self, symbol: str, status: str, now: float) -> None:
        """Change what `exchangeInfo` says; a market that does not trade stands still."""
        listing = self.listings.get(symbol)
        if listing is None or status not in self.statuses:
            raise ValueError(f"{symbol!r} cannot be {status!r}; statuses are {', '.join(self.statuses)}")
        self.listings[symbol] = msgspec.structs.replace(listing, status=status)
        if listing.market is None:
            return
        if status == "TRADING":
            listing.market.time.go_on(_HALT, now)
        else:
            listing.market.time.stop(_HALT, now)

    def set_filters(self, symbol: str, filters: Sequence[Mapping[str, Any]]) -> None:
        """Change what `exchangeInfo` says and orders have to pass."""
        listing = self.listings.get(symbol)
        if listing is None:
            raise ValueError(f"no symbol {symbol!r}")
        self.listings[symbol] = msgspec.structs.replace(listing, filters=tuple(filters))

    def ping(self, _parameters: Parameters, _now: float) -> Fields:
        """Test connectivity."""
        return {}

    def time(self, _parameters: Parameters, now: float) -> Fields:
        """The venue's clock."""
        return {"serverTime": self.milliseconds(now)}

    def book_of(self, listing: Listing, limit: int, now: float) -> Snapshot:
        """The best levels of a symbol."""
        if listing.market is None:
            return Snapshot(last_id=1, bids=[], asks=[])
        return self.snapshot(listing.market, limit, now, f"{self.prefix}/depth")

    def trades(self, parameters: Parameters, _now: float) -> list[Fields]:
        """The newest trades, oldest first."""
        listing = self.listing(parameters)
        tape = list(listing.market.trades) if listing.market else []
        limit = min(parameters.get("limit", 500), 1000)
        return [self.trade_row(trade) for trade in tape[-limit:]]

    def aggregate_trades(self, parameters: Parameters, now: float) -> list[Fields]:
        """Aggregated trades: the newest, from an id on, or of a span of time."""
        listing = self.listing(parameters)
        tape = list(listing.market.aggregates) if listing.market else []
        limit = min(parameters.get("limit", 500), 1000)
        if "fromId" in parameters:
            return [self.aggregate_row(row) for row in tape if row.aggregate_id >= parameters["fromId"]][
                :limit
            ]
        if "startTime" in parameters or "endTime" in parameters:
            first = parameters.get("startTime", 0)
            last = parameters.get("endTime", self.milliseconds(now))
            spanned = [row for row in tape if first <= self.milliseconds(row.time) <= last]
            return [self.aggregate_row(row) for row in spanned[:limit]]
        return [self.aggregate_row(row) for row in tape[-limit:]]

    def trade_row(self, trade: MarketTrade) -> Fields:
        """A trade as REST tells it."""
        return {
            "id": trade.trade_id,
            "price": trade.price,
            "qty": trade.amount,
            "quoteQty": product(trade.price, trade.amount),
            "time": self.milliseconds(trade.time),
            "isBuyerMaker": not trade.taker_is_buyer,
        }

    def aggregate_row(self, row: Aggregate) -> Fields:
        """An aggregated trade as REST and streams tell it."""
        return {
            "a": row.aggregate_id,
            "p": row.price,
            "q": row.amount,
            "f": row.first_trade_id,
            "l": row.last_trade_id,
            "T": self.milliseconds(row.time),
            "m": not row.taker_is_buyer,
        }

    def price_row(self, listing: Listing, _now: float) -> Fields:
        """The last price as REST tells it."""
        return {"symbol": listing.symbol, "price": listing.last_price}

    def book_row(self, listing: Listing, _now: float) -> Fields:
        """The best prices as REST tells them."""
        bid, ask = listing.best
        return {
            "symbol": listing.symbol,
            "bidPrice": bid[0],
            "bidQty": bid[1],
            "askPrice": ask[0],
            "askQty": ask[1],
        }

    # Streams: one connection.

    def welcome(self, connection: Connection, query: Query, now: float) -> Answer | None:
        """Read the URL: a door where the product has them, /ws or /stream, streams in path or query."""
        parts = connection.path.strip("/").split("/")
        if parts[0] in self.doors and parts[0]:
            connection.route = parts.pop(0)
        head, rest = parts[0] if parts else "", parts[1:]
        if head not in ("ws", "stream"):
            return Answer(status=404, content_type="text/plain")
        connection.form = COMBINED if head == "stream" else ""
        named = [*rest, *(name for key, value in query if key == "streams" for name in value.split("/"))]
        names = [name for name in named if name]
        if self.limits.topics is not None and len(names) > self.limits.topics:
            return Answer(status=400, content_type="text/plain")
        fault = self.subscription_fault(connection, names) if names else None
        if fault is not None and fault.kind is FaultKind.SUBSCRIPTION_REFUSED:
            return Answer(status=400, content_type="text/plain")
        self._hear(connection, names, fault, now)
        return None

    def handle(self, connection: Connection, text: str | bytes, now: float) -> None:
        """Act on a control frame."""
        try:
            said = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._say_error(connection, 3, "Invalid JSON: expected value at line 1 column 1")
            return
        if not isinstance(said, dict) or "method" not in said:
            self._say_error(connection, 2, "Invalid request: missing field `method` at line 1 column 2")
            return
        request_id = said.get("id")
        if not isinstance(request_id, int | str | None) or isinstance(request_id, bool):
            self._say_error(connection, 2, "Invalid request: request ID must be an unsigned integer")
            return
        act = self._methods.get(said["method"]) if isinstance(said["method"], str) else None
        if act is None:
            known = ", ".join(f"`{method}`" for method in self._methods)
            words = f"Invalid request: unknown variant `{said['method']}`, expected one of {known}"
            self._say_error(connection, 2, f"{words} at line 1 column 28", request_id)
            return
        act(self, connection, said.get("params", []), request_id, now)

    def find_channel(self, name: str, connection: Connection) -> tuple[Market | None, Channel] | None:
        """A stream's market and channel; the wrong door, an unknown word or upper case mean nothing."""
        found: tuple[Market | None, Channel] | None = None
        if name in self.all_market_channels:
            found = None, self.all_market_channels[name]
        else:
            symbol, _, word = name.partition("@")
            market, channel = self.markets.get(symbol.upper()), self.channels.get(word)
            if market is not None and channel is not None and symbol == symbol.lower():
                found = market, channel
        # A connection without a door gets what the first door gives ("Important WebSocket Change Notice").
        door = connection.route or self.doors[0]
        return found if found is not None and found[1].route in ("", door) else None

    def messages(self, topic: Topic, now: float) -> Iterable[Any]:
        """What the stream's composer says."""
        return self.composers[topic.channel.kind](self, topic, now)

    def encode(self, topic: Topic, message: Any, form: str) -> bytes:
        """The payload alone, or with its stream's name around it."""
        payload = msgspec.json.encode(message)
        if form != COMBINED:
            return payload
        return b'{"stream":' + msgspec.json.encode(topic.name) + b',"data":' + payload + b"}"

    def crossed(self, topic: Topic, message: Any) -> Any:
        """The diff with a bid at the second-best ask, in place of a row that deletes one there."""
        asks = topic.market.snapshot(2).asks[-1:] if topic.market is not None else []
        taken = [price for price, _ in asks]
        return message | {"b": [*asks, *(row for row in message["b"] if row[0] not in taken)]}

    def _hear(self, connection: Connection, names: list[str], fault: Fault | None, now: float) -> None:
        for name in names:
            if fault is not None and fault.kind is FaultKind.ACKNOWLEDGED_SILENT:
                connection.topics[name] = None
            else:
                self.subscribe(connection, name, now)

    def _say(self, connection: Connection, said: Fields) -> None:
        connection.send(Frame(payload=msgspec.json.encode(said)))

    def _say_error(self, connection: Connection, code: int, words: str, request_id: RequestId = None) -> None:
        error: Fields = {"code": code, "msg": words}
        marked: Fields = {"id": request_id} if request_id is not None else {}
        self._say(connection, {"error": error} | marked if self.wraps_errors else error | marked)

    # Streams: the control methods.

    def _subscribe(self, connection: Connection, params: object, request_id: RequestId, now: float) -> None:
        names = self._names(connection, params, request_id)
        if names is None:
            return
        fault = self.subscription_fault(connection, names)
        is_full = self.limits.topics is not None and (
            len(connection.topics) + sum(name not in connection.topics for name in names) > self.limits.topics
        )
        if is_full or (fault is not None and fault.kind is FaultKind.SUBSCRIPTION_REFUSED):
            # Measured on USD-M, 2026-10-07: the error, then the connection is closed with all its streams.
            self._say_error(connection, 4, "Too many subscriptions", request_id)
            if is_full:
                connection.close(1008, "Invalid request")
            return
        self.acknowledge(connection, msgspec.json.encode({"result": None, "id": request_id}), now, fault)
        self._hear(connection, names, fault, now)

    def _unsubscribe(self, connection: Connection, params: object, request_id: RequestId, _: float) -> None:
        names = self._names(connection, params, request_id)
        if names is not None:
            for name in names:
                self.unsubscribe(connection, name)
            self._say(connection, {"result": None, "id": request_id})

    def _list(self, connection: Connection, _params: object, request_id: RequestId, _: float) -> None:
        self._say(connection, {"result": list(connection.topics), "id": request_id})

    def _set_property(self, connection: Connection, params: object, request_id: RequestId, _: float) -> None:
        if not isinstance(params, list) or params[:1] != ["combined"]:
            self._refuse_property(connection, params, request_id)
        elif len(params) != 2 or not isinstance(params[1], bool):
            self._say_error(connection, 1, "Invalid value type: expected Boolean", request_id)
        else:
            connection.form = COMBINED if params[1] else ""
            self._say(connection, {"result": None, "id": request_id})

    def _get_property(self, connection: Connection, params: object, request_id: RequestId, _: float) -> None:
        if params == ["combined"]:
            self._say(connection, {"result": connection.form == COMBINED, "id": request_id})
        else:
            self._refuse_property(connection, params, request_id)

    def _refuse_property(self, connection: Connection, params: object, request_id: RequestId) -> None:
        if isinstance(params, list) and params and isinstance(params[0], str):
            self._say_error(connection, 0, "Unknown property", request_id)
        else:
            self._say_error(connection, 2, "Invalid request: property name must be a string", request_id)

    def _names(self, connection: Connection, params: object, request_id: RequestId) -> list[str] | None:
        if isinstance(params, list) and all(isinstance(name, str) for name in params):
            return params
        self._say_error(connection, 2, "Invalid request: params must be a list of strings", request_id)
        return None

    _methods: ClassVar[Mapping[str, Callable[..., None]]] = {
        "SUBSCRIBE": _subscribe,
        "UNSUBSCRIBE": _unsubscribe,
        "LIST_SUBSCRIPTIONS": _list,
        "SET_PROPERTY": _set_property,
        "GET_PROPERTY": _get_property,
    }

    # Streams: the payloads both have.

    @abstractmethod
    def diff(self, topic: Topic, now: float) -> Iterator[Fields]:
        """What changed in the book since the stream's last message."""

    def diff_fields(self, topic: Topic, now: float) -> Fields | None:
        """The fields that both products have; None while the book's id has not moved."""
        changes = topic.changes.take_changes() if topic.changes is not None else None
        if changes is None or topic.market is None:
            return None
        return {
            "e": "depthUpdate",
            "E": self.milliseconds(now),
            "s": topic.market.symbol,
            "U": changes.first_id,
            "u": changes.last_id,
            "b": changes.bids,
            "a": changes.asks,
        }

    def new_snapshot(self, topic: Topic) -> Snapshot | None:
        """The topic's window of the book, None while the book has not moved since the last one."""
        if topic.market is None or topic.seen.get("id") == topic.market.book.last_id:
            return None
        topic.seen["id"] = topic.market.book.last_id
        return topic.market.snapshot(topic.channel.depth)

    def new_best(self, topic: Topic, market: Market) -> Fields | None:
        """The best prices of a market, None while they are what the topic said last."""
        bid, ask = market.book.best_bid or ("0", "0"), market.book.best_ask or ("0", "0")
        if topic.seen.get(market.symbol) == (bid, ask):
            return None
        topic.seen[market.symbol] = (bid, ask)
        return {
            "u": market.book.last_id,
            "s": market.symbol,
            "b": bid[0],
            "B": bid[1],
            "a": ask[0],
            "A": ask[1],
        }

    def mini_ticker_fields(self, market: Market, now: float) -> Fields:
        """The short ticker of a market."""
        day, digits = market.day.summary(now), market.instrument.price_decimals
        return {
            "e": "24hrMiniTicker",
            "E": self.milliseconds(now),
            "s": market.symbol,
            "c": written(day.last, digits),
            "o": written(day.open, digits),
            "h": written(day.high, digits),
            "l": written(day.low, digits),
            "v": written(day.volume, market.instrument.amount_decimals),
            "q": written(day.quote_volume, 8),
        }

    def ticker_fields(self, market: Market, now: float) -> Fields:
        """The long ticker of a market, less what only one of the products has."""
        day, digits = market.day.summary(now), market.instrument.price_decimals
        return self.mini_ticker_fields(market, now) | {
            "e": "24hrTicker",
            "p": written(day.change, digits),
            "P": day.change_percent,
            "w": written(day.average, 8),
            "Q": written(day.last_amount, market.instrument.amount_decimals),
            "O": self.milliseconds(now) - 86_400_000,
            "C": self.milliseconds(now),
            "F": day.first_id,
            "L": day.last_id,
            "n": day.count,
        }


def product(price: str, amount: str) -> str:
    """What a trade cost, with eight digits."""
    return written(CONTEXT.multiply(decimal_of(price), decimal_of(amount)), 8)


def market_of(topic: Topic) -> Market:
    """The market of a stream that has one.

    Raises:
        LookupError: a table gives a composer of single streams to a stream of all markets.
    """
    if topic.market is None:
        raise LookupError(f"{topic.name} has no market of its own")
    return topic.market


def has_moved(topic: Topic, market: Market) -> bool:
    """Whether anything happened in a market since this topic asked last."""
    moved = topic.seen.get(market.symbol) != market.steps
    topic.seen[market.symbol] = market.steps
    return moved
