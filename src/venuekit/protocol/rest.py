"""How a venue answers requests, as facts: its refusals, its limits, its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from venuekit import errors
from venuekit.protocol.endpoint import ErrorRow
from venuekit.protocol.frozen import Frozen
from venuekit.protocol.rates import RatePool

__all__ = ["HTTP_ROWS", "Answer", "Problem", "ReadProblem", "RestPolicy", "find_row"]


class Problem(Frozen):
    """A venue's own words for a refusal."""

    code: int | None
    message: str


class Answer(Frozen):
    """What a venue said to a call, whichever way it came.

    `status` is HTTP's, or the same numbers on a WebSocket. `result` is JSON of the endpoint's answer type
    where there is no `problem`; `is_unreadable`: nobody can tell whether there is one. `counts` are the
    venue's own counts of our use by the lower-case name of the header that carries them over HTTP;
    `retry_after` is in how many seconds it listens again, None where it does not say.
    """

    status: int
    result: bytes | msgspec.Raw = b""
    problem: Problem | None = None
    is_unreadable: bool = False
    counts: Mapping[str, int] = {}
    retry_after: float | None = None


ReadProblem: TypeAlias = Callable[[int, bytes], Problem | None]
"""From an HTTP status and a body to the refusal in it, None where it is none. It may raise
`msgspec.DecodeError` when the body is not what the venue sends."""

HTTP_ROWS = (
    ErrorRow(status=400, raises=errors.BadRequest),
    ErrorRow(status=401, raises=errors.AuthenticationFailed),
    ErrorRow(status=403, raises=errors.Banned),
    ErrorRow(status=404, raises=errors.BadRequest),
    ErrorRow(status=418, raises=errors.Banned),
    ErrorRow(status=429, raises=errors.RateLimited),
    ErrorRow(status=451, raises=errors.Unavailable),
)
"""What HTTP statuses mean where a venue's table says nothing (RFC 9110; 418 is the venues' word for a ban,
and a 403 is a firewall's: whoever goes on asking stays shut out for longer).
A 5xx is `VenueFailed`: it proves nothing about the request."""


class RestPolicy(Frozen):
    """One venue product's side of a request."""

    read_problem: ReadProblem
    errors: tuple[ErrorRow, ...]
    pools: tuple[RatePool, ...]


def find_row(
    rows: tuple[ErrorRow, ...], status: int | None, problem: Problem, *, reads: bool = True
) -> ErrorRow | None:
    """The first row that speaks about this refusal: the venue's, then HTTP's.

    A command (`reads` false) always gets one, and is taken for refused only by a row that knows the
    refusal: a code that no row knows proves nothing, and neither does a 5xx, whatever code it carries.
    """
    row = _first(rows, status, problem)
    if reads:
        return row or _first(HTTP_ROWS, status, problem)
    if status is not None and status >= 500:
        return row if row is not None and issubclass(row.raises, errors.OutcomeUnknown) else _FAILED
    if row is None:
        row = _first(HTTP_ROWS, status, problem)
        # A 400 or 404 only says that something was wrong with the request as somebody on the way saw it.
        if row is None or row.raises is errors.BadRequest:
            return _UNKNOWN
    return row


_FAILED = ErrorRow(raises=errors.VenueFailed)
_UNKNOWN = ErrorRow(raises=errors.OutcomeUnknown)


def _first(rows: tuple[ErrorRow, ...], status: int | None, problem: Problem) -> ErrorRow | None:
    return next((row for row in rows if row.matches(status, problem.code, problem.message)), None)
