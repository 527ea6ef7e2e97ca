"""One call of a venue as one row: where, with what, answered by what, at which price."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec

from venuekit import errors
from venuekit.protocol.frozen import Frozen, Wire

__all__ = ["Charge", "Endpoint", "ErrorRow", "NoQuery", "Outcome", "parameters"]

Q = TypeVar("Q", bound=Wire)
A = TypeVar("A")


class NoQuery(Wire):
    """A call without parameters."""


class Outcome(Enum):
    """What an answer proves about a request."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not sent"
    UNKNOWN = "unknown"


class Charge(Frozen):
    """What one call costs one rate pool.

    The cost is `cost`, unless the query's field named `by` decides: then it is the first row of `steps`,
    pairs of (largest value of the field, cost), that holds the value, and `absent` where the field is not
    sent. `settled` says what remains charged after an outcome; outcomes it does not name keep the cost.
    """

    pool: str
    cost: int = 1
    by: str | None = None
    steps: tuple[tuple[int, int], ...] = ()
    absent: int | None = None
    settled: Mapping[Outcome, int] = {}

    def of(self, query: Wire) -> int:
        """The cost to reserve for this query."""
        if self.by is None:
            return self.cost
        value = getattr(query, self.by)
        if value is None or value is msgspec.UNSET:
            return self.cost if self.absent is None else self.absent
        if self.steps:
            return next((cost for largest, cost in self.steps if int(value) <= largest), self.steps[-1][1])
        return self.cost

    def after(self, outcome: Outcome, reserved: int) -> int:
        """What stays charged once the outcome is known."""
        return self.settled.get(outcome, reserved)


class Endpoint(Frozen, Generic[Q, A]):
    """One row of a venue's table of calls.

    `query` is the struct of its parameters, `answer` the type its body decodes to. `reads` is true for a
    question that changes nothing at the venue, so that asking again is always safe. `socket_method` is the
    same call's name where the venue also takes it over a WebSocket, with the same parameters and answer.
    """

    method: str
    path: str
    query: type[Q]
    answer: type[A]
    charges: tuple[Charge, ...] = ()
    signed: bool = False
    reads: bool = True
    socket_method: str | None = None
    page: str = ""

    @property
    def name(self) -> str:
        """How errors and logs call this row, such as `GET /api/v3/depth`."""
        return f"{self.method} {self.path}"


class ErrorRow(Frozen):
    """What a refusal means: an HTTP status, code or documented message (None matches all) and its class.

    Rows are read from the top and the first that matches counts. `message` is the documented text, whole.
    `seconds` is how long a `RateLimited` or `Banned` keeps everybody away where the answer names no time;
    `pools` names the rate pools that are used up by it, so that only their users wait; empty: all.
    """

    raises: type[errors.Refused | errors.OutcomeUnknown]
    status: int | None = None
    code: int | None = None
    message: str | None = None
    seconds: float = 60.0
    pools: tuple[str, ...] = ()

    def matches(self, status: int | None, code: int | None, message: str) -> bool:
        """Whether this row speaks about the given answer."""
        return (
            (self.status is None or self.status == status)
            and (self.code is None or self.code == code)
            and (self.message is None or self.message == message)
        )


def parameters(query: Wire) -> dict[str, str]:
    """A query's fields as the texts that travel in a URL; fields that are None or UNSET stay at home.

    Booleans become `true` and `false`, a Decimal is written without exponent (3E-8 travels as 0.00000003),
    a list or a struct as JSON.
    """
    fields = msgspec.to_builtins(query, builtin_types=(Decimal,), str_keys=True)
    return {name: _text(value) for name, value in fields.items() if value is not None}


def _text(value: Any) -> str:
    plain = _without_exponent(value)
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def _without_exponent(value: Any) -> Any:
    """The value with every Decimal in it as the text that a venue reads."""
    match value:
        case Decimal():
            return f"{value:f}"
        case list():
            return [_without_exponent(each) for each in value]
        case dict():
            return {name: _without_exponent(each) for name, each in value.items()}
    return value
