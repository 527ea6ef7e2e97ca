"""What Bybit's categories have in common: the envelope, the count of requests, topics, control frames.

Pages: bybit-exchange/docs at 072c197d0 (2026-07-24). Texts of refusals are in no page: they are as clients of
the venue have quoted them since 2023.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from venuekit.emulator.act import Act
from venuekit.emulator.answer import Answer, Request, json_answer
from venuekit.emulator.connection import Connection, Frame
from venuekit.emulator.dialect import Dialect, Query
from venuekit.emulator.dialects.bybit_books import BookTopics, Said
from venuekit.emulator.dialects.bybit_listing import (
    Listing,
    listings,
)
from venuekit.emulator.dialects.recorded_bybit import BybitReader
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.emulator.limits import ConnectionLimits, RollingWindow
from venuekit.emulator.market import Market
from venuekit.emulator.step import Instrument, MarketSource, MarketTrade
from venuekit.emulator.topic import Channel, Topic
from venuekit.protocol.frozen import Wire

__all__ = ["BybitDialect", "Complaint", "Fields", "Parameters", "connection_id", "limit_of"]

Fields = dict[str, Any]
Parameters = Mapping[str, str]

# v5/rate-limit (2026-05-22): all paths together, by address.
_REQUESTS, _SECONDS, _SHUT_OUT_SECONDS = 600, 5.0, 600.0
# v5/websocket/public/trade: a message holds no more trades than this.
_TRADES_A_MESSAGE = 1024


class Complaint(Exception):
    """A request is refused, with HTTP status 200; some refusals carry an empty list."""

    def __init__(self, message: str, code: int = 10001, result: Fields | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.result = result or {}


class _Order(Wire):
    """What a client sends on a stream."""

    operation: str = msgspec.field(name="op", default="")
    arguments: list[str] = msgspec.field(name="args", default_factory=list)
    # The page's examples are texts; ccxt sends a number, and reads a text in the answer.
    sent_id: str | int = msgspec.field(name="req_id", default="")

    @property
    def request_id(self) -> str:
        """The id as answers repeat it."""
        return str(self.sent_id)


_orders = msgspec.json.Decoder(_Order)


class BybitDialect(Dialect):
    """The shared part; a category adds its fields and the forms that it writes differently."""

    category: ClassVar[str]
    contract_type: ClassVar[str] = ""
    dormant: ClassVar[tuple[Listing, ...]] = ()
    tickers_every: ClassVar[float]
    most_arguments: ClassVar[int | None] = None
    most_trades: ClassVar[int]
    book_levels: ClassVar[int]
    # v5/ws/connect: 500 connections in 5 minutes; cut after 10 minutes without ping and data; no other end.
    limits = ConnectionLimits(connects=500, connect_seconds=300.0, pong_timeout=600.0, lifetime=None)
    acts: ClassVar[Mapping[Act, tuple[str, ...]]] = {Act.PRICES: ("/v5/market/tickers",)}

    def __init__(self, sources: Iterable[MarketSource], *, start_time: float) -> None:
        super().__init__(sources, start_time=start_time)
        self.listings = listings(self.markets.values(), self.dormant, self.contract_type)
        self._books = BookTopics(self.text)
        self._requests: dict[str, RollingWindow] = {}
        self._shut_out: dict[str, float] = {}
        books = ((1, 0.01), (50, 0.02), (200, 0.1), (1000, 0.2))
        self._channels = {
            f"orderbook.{depth}": Channel(
                kind=f"orderbook.{depth}", cadence=cadence, depth=depth, is_book_difference=depth > 1
            )
            for depth, cadence in books
        } | {
            "publicTrade": Channel(kind="publicTrade"),
            "tickers": Channel(kind="tickers", cadence=self.tickers_every),
        }

    # What a category says in its own way.

    @abstractmethod
    def text(self, number: str) -> str:
        """A number as the category writes it."""

    @abstractmethod
    def instruments(self, parameters: Parameters, now: float) -> Fields:
        """The result of `instruments-info`."""

    @abstractmethod
    def ticker_row(self, listing: Listing, now: float) -> Fields:
        """A row of `tickers`."""

    @abstractmethod
    def ticker_frame(self, topic: Topic, changed: Fields, head: Fields) -> Fields:
        """What the stream says when some fields of a ticker changed; `head` has topic, ts and cs."""

    @abstractmethod
    def ticker_fields(self, topic: Topic, now: float) -> Fields:
        """The whole of a ticker in the stream."""

    @abstractmethod
    def trade_frame_row(self, topic: Topic, trade: MarketTrade, market: Market) -> Fields:
        """A trade in the stream."""

    @abstractmethod
    def execution_id(self, trade: MarketTrade) -> str:
        """A trade's id as the category writes it."""

    @abstractmethod
    def verdict(self, operation: str, request_id: str, refusal: str | None, connection: Connection) -> Fields:
        """The answer to a client's frame; `refusal` is None where it is taken."""

    @abstractmethod
    def unknown_topic(self, topic: str) -> str:
        """The refusal of a topic that does not exist."""

    # What the base asks of a venue.

    @classmethod
    def recording_reader(cls) -> BybitReader:
        """Recordings may hold several categories."""
        return BybitReader(cls.category)

    def symbol_of(self, instrument: Instrument) -> str:
        """Base and quote without a separator."""
        return instrument.base + instrument.quote

    def answer(self, request: Request, now: float) -> Answer:
        """Count, check, answer; a refusal has HTTP status 200 too."""
        if not self._admits(request.remote, now):
            return _too_frequent()
        route = self.routes.get(request.path)
        if route is None or request.method != "GET":
            return Answer(status=404, content_type="text/plain")
        try:
            parameters = self._checked(request)
            return self._enveloped(0, "OK", route(self, parameters, now), now)
        except Complaint as complaint:
            return self._enveloped(complaint.code, complaint.message, complaint.result, now)

    def refusal(self, fault: Fault, now: float) -> Answer:
        """The venue's words for a fault's status; it bans with 403."""
        if fault.kind is FaultKind.BANNED:
            return _too_frequent()
        if fault.kind is FaultKind.RATE_LIMITED:
            return self._enveloped(10006, "Too many visits!", {}, now, status=429)
        return self._enveloped(10016, "Server error.", {}, now, status=fault.status or 503)

    def _checked(self, request: Request) -> Parameters:
        """The parameters; those that no page knows are passed over, as the venue does."""
        parameters = dict(request.query)
        if request.path != "/v5/market/time" and parameters.get("category") != self.category:
            raise Complaint("Illegal category")
        return parameters

    def _admits(self, remote: str, now: float) -> bool:
        if now < self._shut_out.get(remote, float("-inf")):
            return False
        window = self._requests.setdefault(remote, RollingWindow(_REQUESTS, _SECONDS))
        if window.admits(now):
            return True
        self.overstepped["requests"] += 1
        self._shut_out[remote] = now + _SHUT_OUT_SECONDS
        return False

    def _enveloped(self, code: int, message: str, result: Fields, now: float, status: int = 200) -> Answer:
        said = {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}}
        return json_answer(said | {"time": self.milliseconds(now)}, status=status)

    # REST.

    def listing(self, parameters: Parameters) -> Listing:
        """The symbol that is asked for.

        Raises:
            Complaint: no such symbol; lower case is none.
        """
        found = self.listings.get(parameters.get("symbol", ""))
        if found is None:
            raise Complaint("Not supported symbols")
        return found

    def time(self, _parameters: Parameters, now: float) -> Fields:
        """The venue's clock."""
        nanoseconds = int(self.venue_time(now) * 1e9)
        return {"timeSecond": str(nanoseconds // 1_000_000_000), "timeNano": str(nanoseconds)}

    def order_book(self, parameters: Parameters, now: float) -> Fields:
        """A snapshot, with the update id of the stream's depth of 1000.

        One id names one book: what is told here is told to that depth's readers first, ahead of its cadence.
        """
        listing = self.listing(parameters)
        limit = limit_of(parameters, usual=self.book_levels, most=1000)
        market = listing.market
        if market is None:
            raise Complaint("Not supported symbols")
        deepest = f"orderbook.1000.{listing.symbol}"
        topic = self._programme.find(deepest)
        if topic is not None:
            self._publish(topic, now)
        book = self.snapshot(market, limit, now, "/v5/market/orderbook")
        return {
            "s": listing.symbol,
            "b": [[self.text(price), self.text(size)] for price, size in book.bids],
            "a": [[self.text(price), self.text(size)] for price, size in book.asks],
            "ts": self.milliseconds(now),
            "u": self._books.reach(deepest, market, 1000, now),
            "seq": book.last_id,
            "cts": self.milliseconds(market.book.time),
        }

    def tickers(self, parameters: Parameters, now: float) -> Fields:
        """One ticker or all."""
        asked = [self.listing(parameters)] if "symbol" in parameters else self.listings.values()
        return {"category": self.category, "list": [self.ticker_row(listing, now) for listing in asked]}

    def recent_trades(self, parameters: Parameters, _now: float) -> Fields:
        """The newest trades, newest first (as observed in 2026-10; the page names no order)."""
        listing = self.listing(parameters)
        limit = limit_of(parameters, usual=min(500, self.most_trades), most=self.most_trades)
        market = listing.market
        rows = [
            {
                "execId": self.execution_id(trade),
                "symbol": listing.symbol,
                "price": self.text(trade.price),
                "size": self.text(trade.amount),
                "side": "Buy" if trade.taker_is_buyer else "Sell",
                "time": str(self.milliseconds(trade.time)),
                "isBlockTrade": False,
                "isRPITrade": False,
                "seq": str(market.book.last_id if market else 0),
            }
            for trade in reversed(list(market.trades)[-limit:] if market else [])
        ]
        return {"category": self.category, "list": rows}

    routes: ClassVar[Mapping[str, Callable[[Any, Parameters, float], Fields]]] = {
        "/v5/market/time": time,
        "/v5/market/instruments-info": lambda self, parameters, now: self.instruments(parameters, now),
        "/v5/market/orderbook": order_book,
        "/v5/market/tickers": tickers,
        "/v5/market/recent-trade": recent_trades,
    }

    # Streams: one connection.

    def welcome(self, connection: Connection, _query: Query, _now: float) -> Answer | None:
        """Each category has its address."""
        is_ours = connection.path == f"/v5/public/{self.category}"
        return None if is_ours else Answer(status=404, content_type="text/plain")

    def handle(self, connection: Connection, text: str | bytes, now: float) -> None:
        """Act on a client's frame."""
        try:
            order = _orders.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._say(connection, self.verdict("", "", f"Failed to decode incoming data:{error}", connection))
            return
        act = self._operations.get(order.operation)
        if act is None:
            refused = self.verdict(order.operation, order.request_id, "error:invalid op", connection)
            self._say(connection, refused)
        else:
            act(self, connection, order, now)

    def find_channel(self, name: str, connection: Connection) -> tuple[Market | None, Channel] | None:  # noqa: ARG002 - one address, one meaning
        """A topic's market and channel; what is listed and not open is never served."""
        kind, _, symbol = name.rpartition(".")
        channel, market = self._channels.get(kind), self.markets.get(symbol)
        return None if channel is None or market is None else (market, channel)

    def stream_id(self, topic: Topic) -> int:
        """The id of the topic's window, which has a sequence of its own."""
        if topic.market is None:
            return 0
        return self._books.update_id(topic.name, topic.market, topic.channel.depth)

    def greet(self, connection: Connection, topic: Topic, now: float) -> None:
        """A snapshot of what the topic's other readers have: the next difference fits both."""
        if topic.market is None:
            return
        if topic.channel.depth:
            message = self._book_frame(topic, self._books.whole(topic), now)
        elif topic.channel.kind == "tickers":
            topic.seen = topic.seen or self.ticker_fields(topic, now)
            message = self.ticker_frame(topic, topic.seen, self._ticker_head(topic, now))
            message["type"] = "snapshot"
        else:
            return
        connection.send(Frame(payload=self.encode(topic, message, connection.form)))

    def _subscribe(self, connection: Connection, order: _Order, now: float) -> None:
        fault = self.subscription_fault(connection, order.arguments)
        refusal = self._objection(connection, order.arguments)
        if refusal is None and fault is not None and fault.kind is FaultKind.SUBSCRIPTION_REFUSED:
            refusal = self.unknown_topic(order.arguments[0])
        said = self.verdict("subscribe", order.request_id, refusal, connection)
        if refusal is not None:
            # One bad topic sinks its whole request.
            self._say(connection, said)
            return
        self.acknowledge(connection, msgspec.json.encode(said), now, fault)
        for name in order.arguments:
            if fault is not None and fault.kind is FaultKind.ACKNOWLEDGED_SILENT:
                connection.topics[name] = None
            else:
                self.subscribe(connection, name, now)

    def _objection(self, connection: Connection, topics: list[str]) -> str | None:
        if self.most_arguments is not None and len(topics) > self.most_arguments:
            return f"args size >{self.most_arguments}"
        for topic in topics:
            kind, _, symbol = topic.rpartition(".")
            if kind not in self._channels or symbol not in self.listings:
                return self.unknown_topic(topic)
            if topic in connection.topics:
                return f"error:already subscribed,topic:{topic}"
        return None

    def _unsubscribe(self, connection: Connection, order: _Order, _now: float) -> None:
        for name in order.arguments:
            self.unsubscribe(connection, name)
        self._say(connection, self.verdict("unsubscribe", order.request_id, None, connection))

    def _ping(self, connection: Connection, order: _Order, now: float) -> None:
        connection.last_pong = now
        said = self.verdict("ping", order.request_id, None, connection)
        self._say(connection, said | {"ret_msg": "pong"})

    _operations: ClassVar[Mapping[str, Callable[[Any, Connection, _Order, float], None]]] = {
        "subscribe": _subscribe,
        "unsubscribe": _unsubscribe,
        "ping": _ping,
    }

    def _say(self, connection: Connection, said: Fields) -> None:
        connection.send(Frame(payload=msgspec.json.encode(said)))

    # Streams: what topics say.

    def messages(self, topic: Topic, now: float) -> Iterable[Any]:
        """What a topic has to say; who is told something is not idle."""
        said = list(self._composed(topic, now))
        if said:
            for connection in topic.subscribers:
                connection.last_pong = now
        return said

    def _composed(self, topic: Topic, now: float) -> Iterator[Fields]:
        if topic.channel.depth:
            news = self._books.news(topic, now)
            if news is not None:
                yield self._book_frame(topic, news, now)
        elif topic.channel.kind == "tickers":
            fields = self.ticker_fields(topic, now)
            changed = {name: value for name, value in fields.items() if topic.seen.get(name) != value}
            topic.seen |= changed
            if changed:
                yield self.ticker_frame(topic, changed, self._ticker_head(topic, now))
        else:
            yield from self._trade_frames(topic, now)

    def _trade_frames(self, topic: Topic, now: float) -> Iterator[Fields]:
        market = topic.market
        rows = [self.trade_frame_row(topic, trade, market) for trade in topic.trades] if market else []
        for start in range(0, len(rows), _TRADES_A_MESSAGE):
            yield self.headed(topic, "snapshot", now) | {"data": rows[start : start + _TRADES_A_MESSAGE]}

    def _book_frame(self, topic: Topic, said: Said, now: float) -> Fields:
        market = topic.market
        matched = 0.0 if market is None else market.book.time
        return self.headed(topic, said.type, now) | {"data": said.data, "cts": self.milliseconds(matched)}

    def headed(self, topic: Topic, kind: str, now: float) -> Fields:
        """The first fields of a frame, in the order of the page."""
        return {"topic": topic.name, "ts": self.milliseconds(now), "type": kind}

    def _ticker_head(self, topic: Topic, now: float) -> Fields:
        sequence = topic.market.book.last_id if topic.market is not None else 0
        return {"topic": topic.name, "ts": self.milliseconds(now), "cs": sequence}

    def encode(self, topic: Topic, message: Any, form: str) -> bytes:  # noqa: ARG002 - any JSON value, one form
        """The message as it is."""
        return msgspec.json.encode(message)

    def crossed(self, topic: Topic, message: Any) -> Any:
        """The difference with a bid at the best ask, in place of a row that deletes one there."""
        asks = topic.market.snapshot(1).asks if topic.market is not None else []
        bids = [[self.text(price), self.text(size)] for price, size in asks]
        taken = [price for price, _ in bids]
        data = message["data"]
        rest = [row for row in data["b"] if row[0] not in taken]
        return message | {"data": data | {"b": [*bids, *rest]}}

    def restart_service(self, now: float) -> None:
        """Count every book from 1 again and send it whole, as after a restart of the venue's service."""
        self.tick(now)
        self._books.restart()
        for topic in self._programme:
            if topic.channel.depth:
                self._send(topic, self._book_frame(topic, self._books.whole(topic), now))


def limit_of(parameters: Parameters, *, usual: int, most: int) -> int:
    """How many rows are asked for; what is above the most is taken as the most (no page says otherwise).

    Raises:
        Complaint: it is no number.
    """
    text = parameters.get("limit", str(usual))
    if not text.isdecimal() or not int(text):
        raise Complaint("params error: limit invalid")
    return min(int(text), most)


def _too_frequent() -> Answer:
    # v5/rate-limit: the text is the page's, that it is no JSON is a guess.
    return Answer(status=403, body=b"403, access too frequent", content_type="text/plain")


def connection_id(connection: Connection) -> str:
    """What answers on a stream call their connection."""
    return f"{connection.number:020x}-emulated"
