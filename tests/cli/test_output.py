"""Numbers in columns, ladders of one height."""

from __future__ import annotations

from decimal import Decimal

import pytest
from rich.console import Console

from venuekit.cli import output
from venuekit.cli.ladder import BookView, ladder, line
from venuekit.cli.output import aligned, brief, counted, moment, print_table, signed
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


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 40 columns for those who ask."""

    def make() -> Console:
        return Console(width=40, force_terminal=True, color_system=None)

    monkeypatch.setattr(output, "make_console", make)


def test_a_table_that_is_not_for_a_terminal_is_never_folded(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("WHAT", "WHY"), [("short", "a long text " * 40), ("longer", "no")])
    assert capsys.readouterr().out.splitlines() == [
        "WHAT     WHY",
        "short    " + ("a long text " * 40).rstrip(),
        "longer   no",
    ]


@pytest.mark.usefixtures("terminal")
def test_a_text_too_long_for_a_terminal_goes_on_below_and_times_stay_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(
        ("AT", "WHY"), [("2026-07-21 10:00:00", "a text of some more words"), ("2026-07-21 10:00:01", "")]
    )
    assert capsys.readouterr().out.split("\n")[1:] == [
        "2026-07-21 10:00:00 a text of some more",
        "                    words",
        "2026-07-21 10:00:01",
        "",
    ]


@pytest.mark.usefixtures("terminal")
def test_where_folding_does_not_help_nothing_is_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    row = ("2026-07-21 10:00:00", "600000000.123456", "0.000000000012")
    print_table(("AT", "PRICE", "AMOUNT"), [row])
    assert capsys.readouterr().out.splitlines()[1] == " ".join(row)


def test_a_moment_is_told_in_utc_to_the_millisecond() -> None:
    assert moment(1_784_628_000.25) == "2026-07-21 10:00:00.250"
    assert moment(None) == ""


def test_things_are_counted_in_words() -> None:
    assert (counted(1, "order"), counted(1_024, "order"), counted(0, "file")) == (
        "1 order",
        "1,024 orders",
        "0 files",
    )


@pytest.mark.parametrize(
    ("number", "words"), [("0.00235000", "0.00235"), ("100.00000000", "100"), ("0E-8", "0"), ("1E+3", "1000")]
)
def test_numbers_lose_the_zeros_that_venues_pad_them_with(number: str, words: str) -> None:
    assert brief(number) == brief(Decimal(number)) == words


@pytest.mark.parametrize(("number", "words"), [("1.50", "+1.5"), ("-1.50", "-1.5"), ("0.00", "0")])
def test_a_change_has_its_sign(number: str, words: str) -> None:
    assert signed(Decimal(number)) == words


def test_a_ladder_shows_what_is_ours_and_keeps_its_height() -> None:
    console = Console(width=60, color_system=None)
    with console.capture() as said:
        console.print(ladder(VIEW, 2, own={Decimal("99.50"): "◀ ours 0.4"}))
    lines = said.get().splitlines()
    assert [line for line in lines if "◀ ours 0.4" in line] == [line for line in lines if " 99.5 " in line]
    assert len(lines) == len(_shown(VIEW, 2))
