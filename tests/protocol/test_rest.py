from __future__ import annotations

import pytest

from venuekit import errors
from venuekit.protocol.endpoint import ErrorRow
from venuekit.protocol.rest import Problem, find_row

ROWS = (
    ErrorRow(status=429, code=-1003, raises=errors.Banned),
    ErrorRow(code=-2010, message="Account has insufficient balance.", raises=errors.BadSymbol),
    ErrorRow(code=-2010, raises=errors.BadRequest),
    ErrorRow(code=-1003, raises=errors.RateLimited),
    ErrorRow(status=400, message="Unknown.", raises=errors.OutcomeUnknown),
)


@pytest.mark.parametrize(
    ("status", "code", "message", "raises"),
    [
        (429, -1003, "", errors.Banned),
        (400, -1003, "", errors.RateLimited),
        (None, -1003, "", errors.RateLimited),
        (400, -2010, "Account has insufficient balance.", errors.BadSymbol),
        (400, -2010, "Account has insufficient balance", errors.BadRequest),
        (400, -2010, "Something new.", errors.BadRequest),
        (400, None, "Unknown.", errors.OutcomeUnknown),
        (400, -9999, "Something new.", errors.BadRequest),
        (401, None, "", errors.AuthenticationFailed),
        (403, None, "", errors.Banned),
        (404, None, "", errors.BadRequest),
        (418, -9999, "", errors.Banned),
        (429, -9999, "", errors.RateLimited),
        (451, None, "", errors.Unavailable),
    ],
)
def test_the_first_row_that_speaks_about_a_refusal_counts(
    status: int | None, code: int | None, message: str, raises: type[errors.VenuekitError]
) -> None:
    row = find_row(ROWS, status, Problem(code=code, message=message))
    assert row is not None
    assert row.raises is raises


@pytest.mark.parametrize("status", [None, 200, 500, 503])
def test_a_refusal_that_no_row_knows_has_none(status: int | None) -> None:
    assert find_row(ROWS, status, Problem(code=-9999, message="")) is None


def test_a_row_without_conditions_speaks_about_everything() -> None:
    assert ErrorRow(raises=errors.BadRequest).matches(None, None, "")


@pytest.mark.parametrize(
    ("status", "code", "message", "raises"),
    [
        (400, -2010, "Account has insufficient balance.", errors.BadSymbol),
        (400, -2010, "Something new.", errors.BadRequest),
        (400, -9999, "Something new.", errors.OutcomeUnknown),
        (409, -9999, "Something new.", errors.OutcomeUnknown),
        (200, -9999, "Something new.", errors.OutcomeUnknown),
        (None, -9999, "Something new.", errors.OutcomeUnknown),
        (404, None, "<html>", errors.OutcomeUnknown),
        (503, -2010, "Account has insufficient balance.", errors.VenueFailed),
        (500, -1003, "", errors.VenueFailed),
        (502, None, "", errors.VenueFailed),
        (403, None, "<html>", errors.Banned),
        (418, -9999, "", errors.Banned),
        (429, -1003, "", errors.Banned),
        (401, -9999, "", errors.AuthenticationFailed),
    ],
)
def test_a_command_is_refused_only_by_what_the_venue_is_known_to_say(
    status: int | None, code: int | None, message: str, raises: type[errors.VenuekitError]
) -> None:
    row = find_row(ROWS, status, Problem(code=code, message=message), reads=False)
    assert row is not None
    assert row.raises is raises


def test_a_5xx_that_the_venue_calls_unknown_stays_what_it_is_called() -> None:
    rows = (ErrorRow(code=-1007, raises=errors.TimedOut),)
    row = find_row(rows, 504, Problem(code=-1007, message=""), reads=False)
    assert row is rows[0]
