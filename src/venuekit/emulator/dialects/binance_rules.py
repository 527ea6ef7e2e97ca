"""What Binance checks before it answers: parameters, weights, bans; and what it says when it refuses.

Sources: binance-spot-api-docs errors.md (2026-05-18) and rest-api.md (2026-06-01); USD-M "Error Code" page
(copy of 2025-03-15). HTTP statuses per code are convention where neither page names one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec

from venuekit.emulator.limits import FixedWindow
from venuekit.model.decimals import decimal_of
from venuekit.protocol.frozen import Frozen

__all__ = [
    "ERRORS",
    "Complaint",
    "Kind",
    "Parameter",
    "VenueError",
    "Weight",
    "WeightLimit",
    "by_limit",
    "check",
]


class VenueError(Frozen):
    """One row of the error table; `message` has a place `{}` for each word that varies."""

    code: int
    message: str
    status: int = 400


ERRORS: Mapping[str, VenueError] = {
    "TIMEOUT": VenueError(
        code=-1007,
        status=504,
        message=(
            "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
        ),
    ),
    "TOO_MANY_ORDERS": VenueError(
        code=-1015, status=429, message="Too many new orders; current limit is {} orders per {}."
    ),
    "BEHIND_TIME": VenueError(code=-1021, message="Timestamp for this request is outside of the recvWindow."),
    "AHEAD_OF_TIME": VenueError(
        code=-1021, message="Timestamp for this request was 1000ms ahead of the server's time."
    ),
    "BAD_SIGNATURE": VenueError(code=-1022, message="Signature for this request is not valid."),
    # 401 with this code: web-socket-api.md, Log in with API key; the other one is its neighbour.
    "BAD_KEY_FORMAT": VenueError(code=-2014, status=401, message="API-key format invalid."),
    "UNKNOWN_KEY": VenueError(
        code=-2015, status=401, message="Invalid API-key, IP, or permissions for action."
    ),
    "VALUE_TOO_GREAT": VenueError(
        code=-1102, message="'{}' contains unexpected value. Cannot be greater than {}."
    ),
    "TOO_PRECISE": VenueError(code=-1111, message="Parameter '{}' has too much precision."),
    # What errors.md has for the WebSocket API.
    "UNAUTHORIZED": VenueError(
        code=-1002, status=401, message="You are not authorized to execute this request."
    ),
    "SERVER_BUSY": VenueError(
        code=-1008,
        status=503,
        message="Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    "UNKNOWN_METHOD": VenueError(code=-1020, message="This operation is not supported."),
    "UNKNOWN_PARAMETER": VenueError(code=-1103, message="An unknown parameter was sent."),
    "INVALID_JSON": VenueError(code=-1135, message="Invalid JSON Request"),
    "BAD_JSON_PARAMETER": VenueError(code=-1135, message="JSON sent for parameter '{}' is not valid"),
    "TOO_MANY_SUBSCRIPTIONS": VenueError(
        code=-1191,
        message="Too many subscriptions. Connection may create up to '{}' subscriptions at a time.",
    ),
    "SUBSCRIPTION_ACTIVE": VenueError(code=-2035, message="User Data Stream subscription already active."),
    "SUBSCRIPTION_INACTIVE": VenueError(code=-2036, message="User Data Stream subscription not active."),
    "NO_SUBSCRIPTION_LEFT": VenueError(
        code=-2042, message="Maximum subscription ID reached for this connection."
    ),
    "SERVER_ERROR": VenueError(
        code=-1001, status=503, message="Internal error; unable to process your request. Please try again."
    ),
    "ILLEGAL_CHARS": VenueError(
        code=-1100, message="Illegal characters found in parameter '{}'; legal range is '{}'."
    ),
    "TOO_MANY_PARAMETERS": VenueError(
        code=-1101, message="Too many parameters; expected '{}' and received '{}'."
    ),
    "DUPLICATE_PARAMETER": VenueError(code=-1101, message="Duplicate values for a parameter detected."),
    "MANDATORY_PARAMETER": VenueError(
        code=-1102, message="Mandatory parameter '{}' was not sent, was empty/null, or malformed."
    ),
    "UNREAD_PARAMETERS": VenueError(
        code=-1104, message="Not all sent parameters were read; read '{}' parameter(s) but was sent '{}'."
    ),
    "EMPTY_PARAMETER": VenueError(code=-1105, message="Parameter '{}' was empty."),
    "BAD_SYMBOL": VenueError(code=-1121, message="Invalid symbol."),
    "BAD_SYMBOL_STATUS": VenueError(code=-1122, message="Invalid symbolStatus."),
    "BAD_COMBINATION": VenueError(code=-1128, message="Combination of optional parameters invalid."),
    "BAD_VALUE": VenueError(code=-1130, message="Data sent for parameter '{}' is not valid."),
    "BAD_TICKER_TYPE": VenueError(code=-1139, message="Invalid ticker type."),
    "DUPLICATE_SYMBOLS": VenueError(code=-1151, message="Symbol is present multiple times in the list."),
    "OTHER_STATUS": VenueError(
        code=-1220, message="The symbol's status does not match the requested symbolStatus."
    ),
    # Live text of 2026-10-07, without the documented text's quotes and full stop.
    "BAD_DEPTH_LIMIT": VenueError(code=-4021, message="{} is not valid depth limit"),
}


class Complaint(Exception):
    """A request is refused; carries the row of the table and its words.

    `until` is the machine's moment from which it would be welcome, None where time does not help.
    """

    def __init__(self, name: str, *words: object, until: float | None = None) -> None:
        error = ERRORS[name]
        super().__init__(error.message.format(*words))
        self.error = error
        self.until = until

    def fields(self) -> dict[str, Any]:
        """The refusal as the venue writes it."""
        return {"code": self.error.code, "msg": str(self)}


class Kind(Enum):
    """What a parameter may look like."""

    SYMBOL = "symbol"
    NUMBER = "number"
    SYMBOLS = "symbols"
    BOOLEAN = "boolean"
    WORD = "word"
    DECIMAL = "decimal"
    CLIENT_ID = "client id"
    TEXT = "text"
    """Anything: a key, a signature."""


# Since 2025-12-02 symbols may hold any letters, not only Latin ones (changelog of that day).
_LEGAL: Mapping[Kind, str] = {
    Kind.SYMBOL: r"^[\w\-.]{1,20}$",
    Kind.NUMBER: r"^[0-9]{1,20}$",
    Kind.BOOLEAN: r"^(true|false|TRUE|FALSE)$",
    Kind.WORD: r"^[A-Z0-9_]{1,20}$",
    Kind.DECIMAL: r"^([0-9]{1,20})(\.[0-9]{1,20})?$",
    Kind.CLIENT_ID: r"^[a-zA-Z0-9-_]{1,36}$",
    Kind.TEXT: r"^.+$",
}


class Parameter(Frozen):
    """One parameter of an endpoint.

    `least` is the smallest number; `refused_as` names the error for a word that is none of `choices`.
    """

    name: str
    kind: Kind
    is_mandatory: bool = False
    least: int = 0
    choices: tuple[str, ...] = ()
    refused_as: str = "BAD_VALUE"


Weight = int | Callable[[Mapping[str, Any]], int]


def by_limit(steps: Sequence[tuple[int, int]], absent: int) -> Weight:
    """A weight that grows with the parameter `limit`: pairs of (largest limit, weight)."""

    def weight(parameters: Mapping[str, Any]) -> int:
        limit = parameters.get("limit", absent)
        return next((cost for largest, cost in steps if limit <= largest), steps[-1][1])

    return weight


def check(parameters: Sequence[Parameter], query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The parameters of a request, read.

    Raises:
        Complaint: what the venue says to a query that its page does not allow.
    """
    sent = dict(query)
    if len(sent) != len(query):
        raise Complaint("DUPLICATE_PARAMETER")
    known = [parameter.name for parameter in parameters if parameter.name in sent]
    if len(known) < len(sent):
        if not parameters:
            raise Complaint("TOO_MANY_PARAMETERS", 0, len(sent))
        raise Complaint("UNREAD_PARAMETERS", len(known), len(sent))
    return {
        parameter.name: _read(parameter, sent[parameter.name])
        for parameter in parameters
        if _is_sent(parameter, sent)
    }


def _is_sent(parameter: Parameter, sent: Mapping[str, str]) -> bool:
    if sent.get(parameter.name):
        return True
    if parameter.is_mandatory:
        raise Complaint("MANDATORY_PARAMETER", parameter.name)
    if parameter.name in sent:
        raise Complaint("EMPTY_PARAMETER", parameter.name)
    return False


def _read(parameter: Parameter, text: str) -> Any:
    if parameter.kind is Kind.SYMBOLS:
        return _list_of_symbols(parameter, text)
    legal = _LEGAL[parameter.kind]
    if not re.match(legal, text):
        raise Complaint("ILLEGAL_CHARS", parameter.name, legal)
    if parameter.choices and text not in parameter.choices:
        raise Complaint(parameter.refused_as, parameter.name)
    if parameter.kind is Kind.NUMBER:
        if int(text) < parameter.least:
            raise Complaint("BAD_VALUE", parameter.name)
        return int(text)
    if parameter.kind is Kind.DECIMAL:
        return decimal_of(text)
    return text.lower() == "true" if parameter.kind is Kind.BOOLEAN else text


def _list_of_symbols(parameter: Parameter, text: str) -> list[str]:
    try:
        symbols = msgspec.json.decode(text, type=list[str])
    except msgspec.DecodeError:
        legal = r'^\["[\w\-.]{1,20}"(,"[\w\-.]{1,20}"){0,}\]$'
        raise Complaint("ILLEGAL_CHARS", parameter.name, legal) from None
    if len(set(symbols)) < len(symbols):
        raise Complaint("DUPLICATE_SYMBOLS")
    return symbols


_PATIENCE = 10
"""Requests answered 429 before the ban; the venue says "after going on", not how many."""
_SHORTEST_BAN = 120.0
_LONGEST_BAN = 259_200.0
"""Bans last from 2 minutes to 3 days (rest-api.md, IP Limits)."""


class WeightLimit:
    """The weight that one address has used in the venue's present minute, and its bans."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.window = FixedWindow(limit, seconds)
        self.banned_until = float("-inf")
        self._offences = 0
        self._ban = _SHORTEST_BAN

    def charge(self, weight: int, now: float) -> tuple[int, int]:
        """Count a request: (200, 429 or 418; the weight used in this window). Venue time."""
        if now < self.banned_until:
            return 418, self.window.charge(0, now)
        used = self.window.charge(weight, now)
        if used <= self.window.limit:
            self._offences = 0
            return 200, used
        self._offences += 1
        if self._offences <= _PATIENCE:
            return 429, used
        self.banned_until = now + self._ban
        self._ban = min(2 * self._ban, _LONGEST_BAN)
        self._offences = 0
        return 418, used

    def retry_at(self, status: int, now: float) -> float:
        """When the address is welcome again, in venue time."""
        return self.banned_until if status == 418 else self.window.ends(now)
