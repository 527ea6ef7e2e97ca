"""The `venuekit` command: its words, and nothing heavy until one of them is used."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from venuekit import __version__, errors
from venuekit.cli import memory_app, sim_app, trading_app
from venuekit.cli.outcome import DONE, FAILED, OneLineGroup, ending_in_a_line, run

__all__ = ["app", "main"]

app = typer.Typer(
    name="venuekit",
    help="Exchange connectors whose order books are right or say that they are not, and an emulator.",
    cls=OneLineGroup,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(trading_app.order)
app.add_typer(trading_app.questions)
app.add_typer(memory_app.journal)
app.add_typer(memory_app.history)
app.command()(sim_app.sim)

_Venue = Annotated[
    str, typer.Argument(metavar="VENUE", help="NAME or NAME@DOMAIN, as `venuekit venues` lists them.")
]
_Emulated = Annotated[str, typer.Argument(metavar="VENUE", help="A NAME that `venuekit venues` lists.")]
_Pair = Annotated[str, typer.Argument(metavar="PAIR", help="A pair such as BTC-USDT.")]
_Pairs = Annotated[list[str], typer.Argument(metavar="PAIR...", help="Pairs such as BTC-USDT.")]
_Url = Annotated[
    str | None, typer.Option("--url", metavar="URL", help="Where NAME@emulator listens: its rest_url.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
@ending_in_a_line()
def demo(
    seconds: Annotated[float, typer.Option("--seconds", help="How long it lasts.", min=8, max=600)] = 14,
    kill: Annotated[
        bool, typer.Option("--kill", help="Kill the trader with SIGKILL, and start it again.")
    ] = False,
    books: Annotated[
        bool, typer.Option("--books", help="Show the books of two venues, without trading.")
    ] = False,
    replay: Annotated[
        Path | None, typer.Option("--replay", metavar="FILE", help="Show a recording, not a made-up market.")
    ] = None,
    venue: Annotated[
        list[str] | None,
        typer.Option("--venue", metavar="VENUE", help="The venue; with --books it may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same market.")] = 1,
    json: _Json = False,
) -> None:
    """Watch a maker trade on an emulated venue through bad weather, and see that nothing is lost."""
    if books:
        if kill:
            raise errors.UsageError("--kill is the trader's: it goes without --books")
        from venuekit.cli import books_demo  # noqa: PLC0415 - a command imports what it needs when it runs

        seen = run(
            books_demo.demonstrate(venue or [], seconds=seconds, replay=replay, seed=seed, is_quiet=json)
        )
        books_demo.tell(seen, as_json=json)
        raise typer.Exit(DONE if seen.is_well else FAILED)
    from venuekit.cli import demo as show  # noqa: PLC0415

    if len(venue or []) > 1:
        raise errors.UsageError("the maker trades on one venue: several can be seen with --books")
    name = next(iter(venue or []), None)
    summary = run(
        show.demonstrate(name, seconds=seconds, replay=replay, seed=seed, kills=kill, is_quiet=json)
    )
    show.tell(summary, as_json=json)
    raise typer.Exit(DONE if summary.is_well else FAILED)


@app.command()
@ending_in_a_line(serves=True)
def emulate(
    venue: _Emulated,
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.", min=0, max=65535)] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same market.")] = 1,
    replay: Annotated[
        Path | None, typer.Option("--replay", metavar="FILE", help="Serve a recording, not a made-up market.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            "--speed", metavar="X", help="With --replay: so many times as fast as recorded.", min=0.001
        ),
    ] = None,
    pairs: Annotated[int, typer.Option("--pairs", help="How many made-up markets.")] = 12,
    json: _Json = False,  # noqa: ARG001 - the announcement is JSON either way
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Serve a venue on this machine until interrupted; the first line on stdout says where, as JSON."""
    from venuekit.cli import emulating  # noqa: PLC0415

    run(
        emulating.serve(
            venue, port=port, seed=seed, pairs=pairs, replay=replay, speed=speed, with_parent=with_parent
        )
    )


@app.command()
@ending_in_a_line(serves=True)
def book(
    venue: _Venue,
    pair: _Pair,
    once: Annotated[bool, typer.Option("--once", help="One look instead of a live ladder.")] = False,
    depth: Annotated[int, typer.Option("--depth", help="Levels a side.", min=1, max=1000)] = 10,
    url: _Url = None,
    json: _Json = False,
) -> None:
    """Show the order book of a pair, live."""
    from venuekit.cli import watching  # noqa: PLC0415

    run(watching.watch_book(venue, pair, depth=depth, once=once, url=url, as_json=json))


@app.command()
@ending_in_a_line(serves=True)
def ticker(
    venue: _Venue,
    pairs: _Pairs,
    live: Annotated[bool, typer.Option("--live/--once", help="Until interrupted, or one look.")] = False,
    url: _Url = None,
    json: _Json = False,
) -> None:
    """Show the best prices and the last trade of some pairs."""
    from venuekit.cli import watching  # noqa: PLC0415

    run(watching.watch_ticker(venue, pairs, once=not live, url=url, as_json=json))


@app.command()
@ending_in_a_line()
def venues(
    requirements: Annotated[
        bool, typer.Option("--requirements", help="What is needed of a venue, and where each documents it.")
    ] = False,
    json: _Json = False,
) -> None:
    """List the installed connectors."""
    from venuekit.cli import listing  # noqa: PLC0415

    (listing.list_requirements if requirements else listing.list_venues)(as_json=json)


@app.command()
@ending_in_a_line()
def record(
    venue: _Venue,
    pairs: _Pairs,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="A new file; .gz packs it.")],
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="How long; without it, until interrupted.", min=0)
    ] = None,
    url: _Url = None,
    json: _Json = False,
) -> None:
    """Record everything that a connector hears about some pairs."""
    from venuekit.cli import recorder  # noqa: PLC0415

    recorder.tell(run(recorder.record(venue, pairs, output, url=url, seconds=seconds)), as_json=json)


@app.command()
@ending_in_a_line()
def replay(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Parts of one recording, in order.")],
    venue: Annotated[str, typer.Option("--venue", metavar="VENUE", help="Whose recording it is.")],
    pair: Annotated[str | None, typer.Option("--pair", metavar="PAIR", help="Show this pair only.")] = None,
    checkpoint_every: Annotated[
        int | None,
        typer.Option(
            "--checkpoint-every", metavar="N", help="Note the best prices after every N-th difference.", min=1
        ),
    ] = None,
    json: _Json = False,
) -> None:
    """Feed a recording through data source, keeper and book, and show where its books end."""
    from venuekit.cli import replaying  # noqa: PLC0415

    replaying.replay_files(venue, files, pair, checkpoint_every, as_json=json)


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"venuekit {__version__}")
        raise typer.Exit(DONE)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """The console script."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    app(prog_name="venuekit")
