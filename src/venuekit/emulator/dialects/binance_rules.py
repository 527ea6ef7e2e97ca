"""What Binance checks before it answers: parameters, weights, bans (rest-api.md, 2026-06-01)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec

from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.emulator.digits import decimals_of
from venuekit.emulator.limits import FixedWindow
from venuekit.model.decimals import decimal_of
from venuekit.protocol.frozen import Frozen

__all__ = [
    "Kind",
    "Parameter",
    "Weight",
    "WeightLimit",
    "by_limit",
    "check",
]


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

    `least` is the smallest number; `refused_as` names the error for a word that is none of `choices`,
    `empty_as` the one for a parameter that is sent without a value. A decimal number may have `digits` after
    its point.
    """

    name: str
    kind: Kind
    is_mandatory: bool = False
    least: int = 0
    choices: tuple[str, ...] = ()
    refused_as: str = "BAD_VALUE"
    empty_as: str = "EMPTY_PARAMETER"
    digits: int = 8


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
        raise Complaint(parameter.empty_as, parameter.name)
    return False


def _read(parameter: Parameter, text: str) -> Any:
    if parameter.kind is Kind.SYMBOLS:
        return _list_of_symbols(parameter, text)
    if parameter.choices:
        if text not in parameter.choices:
            raise Complaint(parameter.refused_as, parameter.name)
        return text
    legal = _LEGAL[parameter.kind]
    if not re.match(legal, text):
        raise Complaint("ILLEGAL_CHARS", parameter.name, legal)
    if parameter.kind is Kind.NUMBER:
        if int(text) < parameter.least:
            raise Complaint("BAD_VALUE", parameter.name)
        return int(text)
    if parameter.kind is Kind.DECIMAL:
        if decimals_of(text) > parameter.digits:
            raise Complaint("TOO_PRECISE", parameter.name)
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
