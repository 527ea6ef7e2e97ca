"""Nothing is lost to SIGKILL. `VENUEKIT_KILLS` says how often it strikes; `make crash` says 120."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.connector.emulated import house
from tests.crash.campaign import SHORT_FENCE, Campaign

from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS

KILLS = int(os.environ.get("VENUEKIT_KILLS", "15"))
SEED = int(os.environ.get("VENUEKIT_SEED", "20261121"))
READY_WITHIN = float(os.environ.get("VENUEKIT_READY_WITHIN", "15"))
FENCES = {"short": SHORT_FENCE, "true": {}} if KILLS >= 100 else {"short": SHORT_FENCE}


@pytest.mark.parametrize("fence", FENCES)
async def test_a_trader_that_is_killed_again_and_again_loses_and_doubles_nothing(
    fence: str, tmp_path: Path
) -> None:
    async with house("binance", DEFAULT_INSTRUMENTS[:2], rate=60.0) as venue:
        campaign = Campaign(venue, tmp_path, seed=SEED, fence=FENCES[fence])
        await campaign.kill(KILLS)
        account = await campaign.settle()
        print(f"\n{fence} fence, seed {SEED}: {campaign.report(account)}")  # noqa: T201 - the figures
        assert campaign.complaints(account) == []
        assert all(run.code in (0, -9) for run in campaign.runs)
        slowest = max(run.ready.seconds for run in campaign.runs if run.ready is not None)
        assert slowest < READY_WITHIN
