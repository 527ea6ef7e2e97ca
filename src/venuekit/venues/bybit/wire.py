"""What Bybit v5 says alike in all its categories. Sources: docs/ADD_A_VENUE.md.

Pages are of github.com/bybit-exchange/docs at 072c197d0 (2026-07-24); a date beside one is its last change.
"""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

import msgspec
from msgspec import field

from venuekit import errors
from venuekit.protocol.book_feed import BookFeed, Sequencing, SnapshotSource
from venuekit.protocol.endpoint import Endpoint, ErrorRow, NoQuery
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rates import RatePool, Window
from venuekit.protocol.rest import Problem, RestPolicy
from venuekit.protocol.stream import StreamPolicy

PAGE = "bybit-exchange.github.io/docs/v5/"
READ_ON = "2026-07-24"

R = TypeVar("R")


class Answer(Wire, Generic[R]):
    """The envelope of every answer; one that is refused travels in it too, with HTTP status 200."""

    return_code: int = field(name="retCode")
    return_message: str = field(name="retMsg")
    result: R


class Verdict(Wire):
    """An envelope of which only the verdict counts."""

    return_code: int = field(name="retCode")
    return_message: str = field(name="retMsg")


class Frame(Wire):
    """Any frame of a stream: of a topic, or the answer to a request (`op`)."""

    topic: str = ""
    type: str = ""
    timestamp: int = field(name="ts", default=0)
    matched_at: int | None = field(name="cts", default=None)
    data: msgspec.Raw = msgspec.Raw(b"null")
    operation: str = field(name="op", default="")
    request_id: str = field(name="req_id", default="")
    is_success: bool | None = field(name="success", default=None)
    return_message: str = field(name="ret_msg", default="")


class Request(Wire):
    """A request on a stream."""

    operation: str = field(name="op")
    arguments: list[str] = field(name="args")
    request_id: str = field(name="req_id")


class OrderBook(Wire):
    """A book or what changed in it, in the stream and as the result of `orderbook`."""

    symbol: str = field(name="s")
    bids: msgspec.Raw = field(name="b")
    asks: msgspec.Raw = field(name="a")
    update_id: int = field(name="u")
    matched_at: int | None = field(name="cts", default=None)


class Trade(Wire):
    """One row of `publicTrade`: the side is the taker's."""

    symbol: str = field(name="s")
    trade_id: str = field(name="i")
    side: Literal["Buy", "Sell"] = field(name="S")
    price: str = field(name="p")
    size: str = field(name="v")
    trade_time: int = field(name="T")


class Ticker(Wire):
    """`tickers`, in the stream and as a row of the answer.

    A linear delta holds only what changed, spot has no funding and, in the stream, no best prices. A contract
    that is never funded says "".
    """

    symbol: str
    last_price: str = field(name="lastPrice", default="")
    best_bid_price: str = field(name="bid1Price", default="")
    best_bid_size: str = field(name="bid1Size", default="")
    best_ask_price: str = field(name="ask1Price", default="")
    best_ask_size: str = field(name="ask1Size", default="")
    index_price: str = field(name="indexPrice", default="")
    mark_price: str = field(name="markPrice", default="")
    funding_rate: str = field(name="fundingRate", default="")
    next_funding_time: str = field(name="nextFundingTime", default="")
    funding_interval_hour: str = field(name="fundingIntervalHour", default="")


class Rows(Wire, Generic[R]):
    """A result that is a list; only some have further pages."""

    rows: list[R] = field(name="list")
    next_page_cursor: str = field(name="nextPageCursor", default="")


class ServerTime(Wire):
    """The result of `time`."""

    time_nano: str = field(name="timeNano")


class SymbolQuery(Wire):
    """One symbol of a category, or all of it."""

    category: str
    symbol: str | None = None


class OrderBookQuery(Wire):
    """A snapshot of one book."""

    category: str
    symbol: str
    limit: int


TIME = Endpoint(
    method="GET",
    path="/v5/market/time",
    query=NoQuery,
    answer=Answer[ServerTime],
    page=f"{PAGE}market/time",
)
ORDER_BOOK = Endpoint(
    method="GET",
    path="/v5/market/orderbook",
    query=OrderBookQuery,
    answer=Answer[OrderBook],
    page=f"{PAGE}market/orderbook",
)
TICKERS = Endpoint(
    method="GET",
    path="/v5/market/tickers",
    query=SymbolQuery,
    answer=Answer[Rows[Ticker]],
    page=f"{PAGE}market/tickers",
)
INSTRUMENTS = "/v5/market/instruments-info"

_verdict = msgspec.json.Decoder(Verdict)


def read_problem(status: int, body: bytes) -> Problem | None:
    """The refusal in an answer: a code that is not zero, or a 403, whose body is no envelope."""
    if status == 403:
        return Problem(code=None, message="too many requests from this address, or its country is not served")
    said = _verdict.decode(body)
    if status == 200 and said.return_code == 0:
        return None
    return Problem(code=said.return_code, message=said.return_message)


# v5/error (2026-07-20), what a public question can meet. A 403 shuts the address out: the page on rate
# limits wants all requests to stop for 10 minutes, and a country that is not served loses nothing by that.
ERRORS = (
    ErrorRow(status=403, raises=errors.Banned, seconds=600.0),
    ErrorRow(code=429, raises=errors.RateLimited),
    ErrorRow(code=10006, raises=errors.RateLimited),
    ErrorRow(code=10000, raises=errors.TimedOut),
    ErrorRow(code=10016, raises=errors.VenueFailed),
    ErrorRow(code=10002, raises=errors.ClockSkewed),
    ErrorRow(code=10009, raises=errors.Unavailable),
    ErrorRow(code=10024, raises=errors.Unavailable),
    # Not documented, as four public clients quote them: unknown symbols share the code of all bad parameters.
    ErrorRow(code=10001, message="Not supported symbols", raises=errors.BadSymbol),
    ErrorRow(code=10001, message="params error: symbol invalid", raises=errors.BadSymbol),
    ErrorRow(code=10029, raises=errors.BadSymbol),
    ErrorRow(code=10001, raises=errors.BadRequest),
    ErrorRow(code=10017, raises=errors.BadRequest),
)

REST = RestPolicy(
    read_problem=read_problem,
    errors=ERRORS,
    pools=(
        # One count for all paths and categories; public ones have no other and report none in headers.
        RatePool(
            name="address",
            limit=600,
            seconds=5.0,
            window=Window.ROLLING,
            every_call=1,
            reserve=0.05,
            page=f"{PAGE}rate-limit",
        ),
    ),
)

# `u` rises by one within a depth (1,091 of 1,091 recorded differences, 2026-08-09). REST counts as the depth
# of 1000 does: a snapshot from there can be compared with the stream's levels and not joined to it.
KEPT_DEPTH = 200
BOOK_FEED = BookFeed(
    rule=Sequencing.NEXT,
    snapshot=SnapshotSource.STREAM,
    kept_depth=KEPT_DEPTH,
    depths=(KEPT_DEPTH,),
)


def stream_policy(channels_per_request: int) -> StreamPolicy:
    """The rules of a public stream; categories differ only in how many topics one request may hold."""
    return StreamPolicy(
        # 21,000 characters of topics a connection: the longest, with quotes and comma, has some 40.
        channels_per_connection=500,
        channels_per_request=channels_per_request,
        messages=20,  # no limit is documented; bursts of 200 were taken (2026-09-28)
        messages_seconds=1.0,
        connects=500,
        connects_seconds=300.0,
        heartbeat=b'{"op":"ping"}',
        heartbeat_every=20.0,
        idle_after=50.0,  # two heartbeats without an answer
        page=f"{PAGE}ws/connect",
    )
