"""What Binance's products say alike: refusals, stream frames, filters. Sources: docs/ADD_A_VENUE.md."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import field

from venuekit import errors
from venuekit.protocol.endpoint import ErrorRow
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rest import Problem

# The venues count the messages of a connection by the second, at their end. A packet that is lost comes 0.2 s
# late (TCP's shortest retransmission), and must not meet the next burst within the same second.
MESSAGES_SECONDS = 1.25


class Refusal(Wire):
    """The body of every answer that is no success."""

    code: int
    message: str = field(name="msg")


class Frame(Wire):
    """Any frame of a stream: combined (`stream`, `data`), raw (`e`), or an answer to a request (`id`)."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
    event_type: str = field(name="e", default="")
    id: int | None = None
    result: msgspec.Raw | None = None
    error: Refusal | None = None
    code: int | None = None
    message: str = field(name="msg", default="")


class Request(Wire):
    """A request on a stream."""

    method: str
    params: list[str]
    id: int


class SocketRequest(Wire):
    """A request on the WebSocket API."""

    id: int
    method: str
    params: dict[str, Any]


class SocketError(Wire):
    """Why a request on the WebSocket API failed; `data` has the times of a rate limit."""

    code: int
    message: str = field(name="msg")
    data: RetryTimes | None = None


class RetryTimes(Wire):
    """From when requests are taken again, milliseconds of the venue's clock."""

    server_time: int | None = field(name="serverTime", default=None)
    retry_after: int | None = field(name="retryAfter", default=None)


class RateLimitCount(Wire):
    """The venue's count of one limit that a request affected."""

    rate_limit_type: str = field(name="rateLimitType")
    interval: str
    interval_number: int = field(name="intervalNum")
    limit: int
    count: int


class SocketFrame(Wire):
    """Any frame of the WebSocket API: an answer (`status`), or an event of the account or the server."""

    id: int | str | None = None
    status: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: SocketError | None = None
    rate_limits: list[RateLimitCount] = field(name="rateLimits", default_factory=list)
    event: msgspec.Raw = msgspec.Raw()


class EventKind(Wire):
    """What an event is of."""

    event_type: str = field(name="e", default="")


class ServerTime(Wire):
    """The answer of `time`."""

    server_time: int = field(name="serverTime")


class Price(Wire):
    """One row of `ticker/price`."""

    symbol: str
    price: Decimal


class PriceQuery(Wire):
    """The last price of one symbol, of some (spot), or of all where neither is sent."""

    symbol: str | None = None
    symbols: list[str] | None = None


class DepthUpdate(Wire):
    """`depth`: what changed in a book."""

    event_time: int = field(name="E")
    symbol: str = field(name="s")
    first_update_id: int = field(name="U")
    final_update_id: int = field(name="u")
    bids: msgspec.Raw = field(name="b")
    asks: msgspec.Raw = field(name="a")


class DepthQuery(Wire):
    """A snapshot of one book."""

    symbol: str
    limit: int


class Filter(Wire):
    """One filter of a symbol; each kind fills the fields it needs."""

    filter_type: str = field(name="filterType")
    min_price: str | None = field(name="minPrice", default=None)
    max_price: str | None = field(name="maxPrice", default=None)
    tick_size: str | None = field(name="tickSize", default=None)
    min_quantity: str | None = field(name="minQty", default=None)
    max_quantity: str | None = field(name="maxQty", default=None)
    step_size: str | None = field(name="stepSize", default=None)
    min_notional: str | None = field(name="minNotional", default=None)
    max_notional: str | None = field(name="maxNotional", default=None)
    notional: str | None = None


_refusal = msgspec.json.Decoder(Refusal)


def read_problem(status: int, body: bytes) -> Problem | None:
    """The refusal in an answer; a success carries none."""
    if status == 200:
        return None
    said = _refusal.decode(body)
    return Problem(code=said.code, message=said.message)


# Codes that a public question can meet (errors.md and the futures' error page; HTTP statuses where stated).
ERRORS = (
    # Bans last from 2 minutes to 3 days (rest-api.md); Retry-After says how long, where it is sent.
    ErrorRow(status=418, raises=errors.Banned, seconds=120.0),
    ErrorRow(status=429, raises=errors.RateLimited),
    ErrorRow(code=-1000, raises=errors.OutcomeUnknown),
    ErrorRow(code=-1001, raises=errors.VenueFailed),
    ErrorRow(code=-1002, raises=errors.AuthenticationFailed),
    ErrorRow(code=-1003, raises=errors.RateLimited),
    ErrorRow(code=-1006, raises=errors.VenueFailed),
    ErrorRow(code=-1007, raises=errors.TimedOut),
    ErrorRow(code=-1008, raises=errors.RateLimited),
    ErrorRow(code=-1016, raises=errors.Unavailable),
    ErrorRow(code=-1021, raises=errors.ClockSkewed),
    ErrorRow(code=-1121, raises=errors.BadSymbol),
    ErrorRow(code=-1122, raises=errors.BadSymbol),
    ErrorRow(code=-1220, raises=errors.BadSymbol),
    *(
        ErrorRow(code=code, raises=errors.BadRequest)
        for code in (-1100, -1101, -1102, -1103, -1104, -1105, -1106, -1130, -1194, -4021)
    ),
)
