"""The word `sim` of the command: worlds from seeds, in which everything goes wrong that can."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from venuekit.cli.outcome import DONE, FAILED, ending_in_a_line

__all__ = ["sim"]


class ProfileWord(StrEnum):
    """How far down the world goes: `venuekit.sim.options.Profile`, without its imports."""

    DIRECT = "direct"
    WIRE = "wire"


class WeatherWord(StrEnum):
    """How much goes wrong: `venuekit.sim.options.Weather`, without its imports."""

    CALM = "calm"
    ROUGH = "rough"
    HOSTILE = "hostile"


_Seeds = Annotated[
    int | None, typer.Option("--seeds", metavar="N", help="How many seeds.", min=1, show_default="100")
]
_Minutes = Annotated[
    float | None, typer.Option("--minutes", metavar="M", help="As many seeds as begin in M minutes.", min=0)
]
_From = Annotated[
    int | None,
    typer.Option(
        "--from", metavar="S", help="The first seed.", min=0, show_default="one that no run began with"
    ),
]
_Venue = Annotated[str, typer.Option("--venue", metavar="VENUE", help="A NAME with an emulator.")]
_Profile = Annotated[
    ProfileWord,
    typer.Option(
        "--profile", help="The venue called in process, or over a network with the libraries as they are."
    ),
]
_Weather = Annotated[
    WeatherWord | None,
    typer.Option("--weather", help="How much goes wrong.", show_default="each seed has its own"),
]
_Seconds = Annotated[
    float, typer.Option("--seconds", metavar="X", help="How long a world lasts, in its own time.", min=10)
]
_Jobs = Annotated[int, typer.Option("--jobs", metavar="N", help="Processes.", min=1, max=256)]
_Strategy = Annotated[
    str,
    typer.Option(
        "--strategy", metavar="MODULE:FUNCTION", help="A strategy of your own.", show_default="ours"
    ),
]
_Timeline = Annotated[
    Path | None, typer.Option("--timeline", metavar="FILE", help="One seed: write its page there.")
]
_Pages = Annotated[
    Path, typer.Option("--pages", metavar="FOLDER", help="Where the pages of failing seeds go.")
]
_Ledger = Annotated[
    Path | None,
    typer.Option(
        "--ledger", metavar="FILE", help="Go on behind the seeds in this file, and write these into it."
    ),
]


@ending_in_a_line()
def sim(
    seeds: _Seeds = None,
    minutes: _Minutes = None,
    first: _From = None,
    venue: _Venue = "binance",
    profile: _Profile = ProfileWord.DIRECT,
    weather: _Weather = None,
    seconds: _Seconds = 300.0,
    jobs: _Jobs = 2,
    strategy: _Strategy = "",
    options: Annotated[
        bool, typer.Option("--options", help="One seed: print its option set and its plan, and run nothing.")
    ] = False,
    shrink: Annotated[
        bool, typer.Option("--shrink", help="One seed: find the smallest plan that fails in the same way.")
    ] = False,
    timeline: _Timeline = None,
    pages: _Pages = Path(),
    pinned: Annotated[bool, typer.Option("--pinned", help="Run every seed that ever failed.")] = False,
    replay: Annotated[
        Path | None, typer.Option("--replay", metavar="FILE", help="Run the worlds of a file of --shrink.")
    ] = None,
    ledger: _Ledger = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    world: Annotated[str, typer.Option("--world", hidden=True)] = "",
) -> None:
    """Run simulated worlds: a venue, a trader, and everything that goes wrong between them.

    Each seed is one world, the same each time. One that breaks an invariant is told with the command that
    replays it, and its page shows what happened.
    """
    from venuekit.cli import simulating  # noqa: PLC0415 - a command imports what it needs when it runs

    asked = simulating.Asked(
        seeds=seeds,
        minutes=minutes,
        first=first,
        venue=venue,
        profile=profile.value,
        weather=None if weather is None else weather.value,
        seconds=seconds,
        jobs=jobs,
        strategy=strategy,
        timeline=timeline,
        pages=pages,
        is_pinned=pinned,
        replay=replay,
        ledger=ledger,
        as_json=json,
        world=world,
    )
    is_well = (
        simulating.show_options if options else simulating.shrink if shrink else simulating.run_worlds
    )(asked)
    raise typer.Exit(DONE if is_well else FAILED)
