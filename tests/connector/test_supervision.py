"""What is said of tasks that fail."""

from __future__ import annotations

import asyncio
import logging

import pytest

from venuekit import errors
from venuekit.connector.supervision import Supervisor
from venuekit.seams import chance
from venuekit.seams.clock import SystemClock


@pytest.mark.parametrize(
    ("error", "level", "has_trace"),
    [(errors.VenueFailed("no answer"), logging.WARNING, False), (KeyError("who"), logging.ERROR, True)],
)
async def test_a_venue_that_fails_is_told_in_a_line_and_a_defect_of_ours_with_its_trace(
    caplog: pytest.LogCaptureFixture, error: Exception, level: int, has_trace: bool
) -> None:
    async def fails() -> None:
        raise error

    supervisor = Supervisor(SystemClock(), chance.unseeded())
    async with asyncio.TaskGroup() as group:
        await supervisor.own(group)
        await supervisor.once("the step", fails)
    (said,) = caplog.records
    assert (said.levelno, bool(said.exc_info)) == (level, has_trace)
    assert said.getMessage().startswith("the step failed: ")
    assert supervisor.health["the step"].failures == 1
