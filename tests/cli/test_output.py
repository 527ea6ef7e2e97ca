"""Numbers in columns, ladders of one height."""

from __future__ import annotations

from rich.console import Console

from venuekit.cli.ladder import BookView, ladder, line
from venuekit.cli.output import aligned
from venuekit.model.book import BookStatus

VIEW = BookView(
    venue="somewhere",
    trading_pair="BTC-USDT",
    status=BookStatus.LIVE,
    reason="snapshot",
    last_update_id=7,
    age=0.1,
    bids=[("99.5", "1"), ("99", "12.25")],
    asks=[("100.25", "3")],
    spread="0.75",
    last_trade_price=None,
    vouched_depth=(2, 1),
)


def _shown(view: BookView, depth: int) -> list[str]:
    console = Console(width=60, color_system=None)
    with console.capture() as said:
        console.print(ladder(view, depth))
    return [shown.rstrip() for shown in said.get().splitlines()]


def test_decimal_points_stand_in_one_column() -> None:
    assert aligned(["65140", "0.5", "7.125"]) == ["65140    ", "    0.5  ", "    7.125"]


def test_nothing_to_align_is_nothing() -> None:
    assert aligned([]) == []


def test_a_ladder_has_asks_above_and_bids_below() -> None:
    assert _shown(VIEW, 2) == [
        "BTC-USDT  LIVE",
        "",
        "  100.25   3     ▇▇",
        "  spread 0.75 (75.38 bp)",
        "   99.5    1     ▇",
        "   99     12.25  ▇▇▇▇▇▇▇▇▇▇",
    ]


def test_a_ladder_keeps_its_height_when_a_side_runs_dry() -> None:
    assert len(_shown(VIEW, 5)) == 2 * 5 + 2


def test_a_line_tells_the_best_prices() -> None:
    told = " ".join(line(VIEW, 10).split())
    assert told == "somewhere BTC-USDT LIVE 1 x 99.5 | 100.25 x 3 spread 0.75 (75.38 bp), last none yet"
