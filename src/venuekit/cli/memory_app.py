"""The words `journal` and `history` of the command: what an account remembers."""

from __future__ import annotations

from typing import Annotated

import typer

from venuekit import errors
from venuekit.cli.outcome import DONE, FAILED, OneLineGroup, ending_in_a_line

__all__ = ["history", "journal"]

journal = typer.Typer(
    name="journal",
    help="What an account remembers, and whether that can be relied on. Nothing is changed.",
    cls=OneLineGroup,
)
history = typer.Typer(
    name="history",
    help="What an account did: its orders, its trades, its deposits and withdrawals.",
    cls=OneLineGroup,
)

_Journal = Annotated[
    str | None,
    typer.Argument(
        metavar="JOURNAL",
        help="A file, a folder with one in it, or an account of the default folder: COMPANY, COMPANY@DOMAIN "
        "or the fingerprint of its key. Without it, the only one of the default folder.",
        show_default=False,
    ),
]
_Pair = Annotated[str | None, typer.Option("--pair", metavar="PAIR", help="Of this pair only.")]
_Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME", help="From this time on: 2026-07-21, 2026-07-21T10:30 (UTC), 24h, 7d."
    ),
]
_Csv = Annotated[bool, typer.Option("--csv", help="Print CSV; times are in UTC.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON; times are seconds since 1970.")]


@journal.command()
@ending_in_a_line()
def inspect(
    name: _Journal = None,
    since: Annotated[
        int | None, typer.Option("--since", metavar="N", help="List the records behind number N.", min=0)
    ] = None,
    order: Annotated[
        str | None,
        typer.Option("--order", metavar="ID", help="List an order's records; the id's end will do."),
    ] = None,
    json: _Json = False,
) -> None:
    """Show what a journal holds: whose it is, what is open, what is in doubt, how it ends."""
    from venuekit.cli import inspecting  # noqa: PLC0415 - a command imports what it needs when it runs

    inspecting.inspect_journal(name, since=since, order=order, as_json=json)


@journal.command()
@ending_in_a_line()
def verify(name: _Journal = None, json: _Json = False) -> None:
    """Check every byte of a journal, and what its records say of each other."""
    from venuekit.cli import inspecting  # noqa: PLC0415

    raise typer.Exit(DONE if inspecting.verify_journal(name, as_json=json) else FAILED)


@history.command()
@ending_in_a_line()
def orders(
    name: _Journal = None, pair: _Pair = None, since: _Since = None, csv: _Csv = False, json: _Json = False
) -> None:
    """Show orders, by the time at which they were intended."""
    _recount("orders", name, pair, since, csv=csv, json=json)


@history.command()
@ending_in_a_line()
def trades(
    name: _Journal = None, pair: _Pair = None, since: _Since = None, csv: _Csv = False, json: _Json = False
) -> None:
    """Show fills, by the venue's time."""
    _recount("trades", name, pair, since, csv=csv, json=json)


@history.command()
@ending_in_a_line()
def balances(
    name: _Journal = None,
    asset: Annotated[str | None, typer.Option("--asset", metavar="ASSET", help="Of this asset only.")] = None,
    since: _Since = None,
    csv: _Csv = False,
    json: _Json = False,
) -> None:
    """Show deposits, withdrawals and other changes that are no trades."""
    _recount("balances", name, asset, since, csv=csv, json=json)


def _recount(
    what: str, name: str | None, only: str | None, since: str | None, *, csv: bool, json: bool
) -> None:
    from venuekit.cli.recounting import Form, recount  # noqa: PLC0415

    if csv and json:
        raise errors.UsageError("--csv or --json, not both")
    form = Form.CSV if csv else Form.JSON if json else Form.TABLE
    recount(what, name, only=only, since=since, form=form)
