"""When the demo calls itself well."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from venuekit.cli.books_demo import VenueSummary
from venuekit.cli.books_stage import Agreement, Incident

EXACT = Agreement(trading_pair="BTC-USDT", last_update_id=7, is_same_id=True, compared=200, different=0)
HEALED = Incident(trading_pair="BTC-USDT", cause="a difference is missing", seconds=0.1)
OPEN = Incident(trading_pair="BTC-USDT", cause="the connection was lost")


WELL = VenueSummary(
    venue="binance",
    messages=100,
    gaps_healed=1,
    disconnects_healed=1,
    reconnects=1,
    slowest_heal=0.1,
    incidents=[HEALED],
    books=[EXACT],
)


def test_all_is_well_when_everything_healed_and_agrees() -> None:
    assert WELL.is_well


@pytest.mark.parametrize(
    "trouble",
    [
        {"gaps_healed": 0},
        {"disconnects_healed": 0},
        {"incidents": [HEALED, OPEN]},
        {"books": [EXACT, replace(EXACT, different=1)]},
        {"books": [EXACT, replace(EXACT, is_same_id=False)]},
        {"books": [EXACT, replace(EXACT, compared=0)]},
    ],
    ids=lambda trouble: next(iter(trouble)),
)
def test_one_trouble_is_enough_to_be_unwell(trouble: dict[str, Any]) -> None:
    assert not replace(WELL, **trouble).is_well
