"""The words of the command about orders and balances: `order`, `orders`, `balance`, `rules`, `reconcile`."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from venuekit import errors
from venuekit.cli.outcome import OneLineGroup, ending_in_a_line, run

__all__ = ["order", "questions"]

_CODES = (
    "Exit codes: 0 done; 1 failed, and nothing was sent; 2 wrong usage; 3 in doubt: it was sent, and nobody "
    "knows yet what became of it; 4 refused, by the venue or by a rule of it."
)
_KEYS = (
    "Credentials come from the environment: VENUEKIT_<NAME>_API_KEY with …_API_SECRET or …_PRIVATE_KEY; each "
    "may be a file's path instead, in a variable of the same name and _FILE, and all domains have the same."
)

order = typer.Typer(
    name="order",
    help="Place, cancel and look up orders. " + _KEYS,
    epilog=_CODES,
    cls=OneLineGroup,
)


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"


class Type(StrEnum):
    """How an order asks to be executed."""

    LIMIT = "limit"
    MARKET = "market"
    LIMIT_MAKER = "limit_maker"


class Time(StrEnum):
    """How long an order may rest."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"


def _number(text: str) -> Decimal:
    from venuekit.model.decimals import decimal_of  # noqa: PLC0415 - a command imports what it needs

    try:
        number = decimal_of(text)
    except ValueError:
        number = Decimal(0)
    if number <= 0:
        raise typer.BadParameter(f"a number above zero, not {text!r}")
    return number


_Venue = Annotated[
    str, typer.Argument(metavar="VENUE", help="NAME or NAME@DOMAIN, as `venuekit venues` lists them.")
]
_Pair = Annotated[str, typer.Argument(metavar="PAIR", help="A pair such as BTC-USDT.")]
_Id = Annotated[
    str,
    typer.Argument(metavar="ID", help="Our id, eight characters or more of its end, or the venue's id."),
]
_Url = Annotated[
    str | None, typer.Option("--url", metavar="URL", help="Where NAME@emulator listens: its rest_url.")
]
_Journals = Annotated[
    Path | None,
    typer.Option("--journals", metavar="DIR", help="Where the account's journal lies, if not as usual."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


_Side = Annotated[Side, typer.Argument(metavar="buy|sell")]
_Amount = Annotated[
    Decimal | None,
    typer.Argument(metavar="AMOUNT", help="In base; not with --quote-amount.", parser=_number),
]
_Price = Annotated[
    Decimal | None, typer.Option("--price", metavar="P", help="In quote per base.", parser=_number)
]
_Kind = Annotated[Type, typer.Option("--type", help="How it asks to be executed.")]
_Tif = Annotated[Time, typer.Option("--tif", help="How long it may rest.")]
_Quote = Annotated[
    Decimal | None,
    typer.Option(
        "--quote-amount", metavar="Q", help="For a market order: spend or get so much.", parser=_number
    ),
]
_Trigger = Annotated[
    Decimal | None,
    typer.Option("--trigger-price", metavar="T", help="Wait until the price touches this.", parser=_number),
]
_WaitForEnd = Annotated[
    float | None,
    typer.Option(
        "--wait",
        metavar="SECONDS",
        help="Wait so long for its end; without it, until the venue has confirmed it.",
        min=0,
    ),
]
_Check = Annotated[
    bool, typer.Option("--check", help="Send nothing: name the rules that it breaks, and the nearest valid.")
]


@order.command(epilog=_CODES)
@ending_in_a_line()
def place(
    venue: _Venue,
    pair: _Pair,
    side: _Side,
    amount: _Amount = None,
    price: _Price = None,
    kind: _Kind = Type.LIMIT,
    tif: _Tif = Time.GTC,
    quote_amount: _Quote = None,
    trigger_price: _Trigger = None,
    wait: _WaitForEnd = None,
    check: _Check = False,
    json: _Json = False,
    url: _Url = None,
    journals: _Journals = None,
) -> None:
    """Place an order; price and amounts are cut to the pair's steps.

    Prints what is sent, and how the order stands once the venue has confirmed it, it has ended, or it is in
    doubt. Ctrl-C ends the waiting, not the order. An order in doubt may be at the venue: it is not to be
    placed again, and `venuekit reconcile` settles it.
    """
    from venuekit.cli import placing  # noqa: PLC0415
    from venuekit.cli.account_access import Access  # noqa: PLC0415
    from venuekit.model.order import OrderType, TimeInForce, TradeType  # noqa: PLC0415

    if (amount is None) == (quote_amount is None):
        raise errors.UsageError("give an AMOUNT in base, or --quote-amount with --type market; not both")
    if (price is None) is not (kind is Type.MARKET):
        raise errors.UsageError("a limit order needs --price, a market order (--type market) has none")
    wanted = placing.Wanted(
        trading_pair=pair,
        trade_type=TradeType[side.name],
        order_type=OrderType[kind.name],
        time_in_force=TimeInForce[tif.name],
        amount=amount,
        price=price,
        quote_amount=quote_amount,
        trigger_price=trigger_price,
    )
    access = Access(venue=venue, url=url, journals=journals)
    raise typer.Exit(
        run(placing.check(access, wanted, as_json=json))
        if check
        else run(placing.place(access, wanted, wait=wait, as_json=json))
    )


@order.command(epilog=_CODES)
@ending_in_a_line()
def cancel(
    venue: _Venue,
    pair: Annotated[str | None, typer.Argument(metavar="PAIR", help="A pair such as BTC-USDT.")] = None,
    name: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="Our id, eight characters or more of its end, or the venue's id."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All open orders of ours, of PAIR if it is given.")
    ] = False,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", help="Wait so long for the end.", min=0)
    ] = 10.0,
    json: _Json = False,
    url: _Url = None,
    journals: _Journals = None,
) -> None:
    """Cancel an order of ours, or all of them; orders of others are left alone.

    Done means that the venue confirmed the end; refused, that it ended otherwise, such as filled.
    """
    from venuekit.cli import cancelling  # noqa: PLC0415
    from venuekit.cli.account_access import Access  # noqa: PLC0415

    access = Access(venue=venue, url=url, journals=journals)
    if everything and name is None:
        raise typer.Exit(run(cancelling.cancel_all(access, pair, wait=wait, as_json=json)))
    if everything or pair is None or name is None:
        raise errors.UsageError("cancel one order by PAIR and ID, or all of ours with --all [PAIR]")
    raise typer.Exit(run(cancelling.cancel(access, pair, name, wait=wait, as_json=json)))


@order.command(epilog=_CODES)
@ending_in_a_line()
def status(
    venue: _Venue,
    pair: _Pair,
    name: _Id,
    json: _Json = False,
    url: _Url = None,
    journals: _Journals = None,
) -> None:
    """Show how an order stands by the venue's word, and by our journal if it is ours.

    Works beside a process that trades. Of somebody else's order, open or ended, the whole id is needed. In
    doubt is an order of ours that should be open and is not found; refused, any other that is not found.
    """
    from venuekit.cli import asking  # noqa: PLC0415
    from venuekit.cli.account_access import Access  # noqa: PLC0415

    access = Access(venue=venue, url=url, journals=journals)
    raise typer.Exit(run(asking.show_order(access, pair, name, as_json=json)))


questions = typer.Typer(cls=OneLineGroup)
"""The words that stand beside `order`."""


@questions.command(epilog=_KEYS)
@ending_in_a_line()
def orders(
    venue: _Venue,
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="[PAIR...]", help="On these pairs; none named: on all.")
    ] = None,
    json: _Json = False,
    url: _Url = None,
    journals: _Journals = None,
) -> None:
    """List the open orders of an account: ours, and foreign ones, marked so.

    Works beside a process that trades.
    """
    from venuekit.cli import asking  # noqa: PLC0415
    from venuekit.cli.account_access import Access  # noqa: PLC0415

    access = Access(venue=venue, url=url, journals=journals)
    run(asking.show_orders(access, pairs or (), as_json=json))


@questions.command(epilog=_KEYS)
@ending_in_a_line()
def balance(
    venue: _Venue,
    assets: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSET...]", help="Of these assets; none named: of all.")
    ] = None,
    json: _Json = False,
    url: _Url = None,
) -> None:
    """Show what an account holds, and what of it is free. Works beside a process that trades."""
    from venuekit.cli import asking  # noqa: PLC0415
    from venuekit.cli.account_access import Access  # noqa: PLC0415

    run(asking.show_balances(Access(venue=venue, url=url), assets or (), as_json=json))


@questions.command()
@ending_in_a_line()
def rules(
    venue: _Venue,
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="[PAIR...]", help="Of these pairs; none named: of all.")
    ] = None,
    json: _Json = False,
    url: _Url = None,
) -> None:
    """Show what a venue asks of orders: steps, sizes, values. Needs no credentials."""
    from venuekit.cli import asking  # noqa: PLC0415
    from venuekit.cli.account_access import Access  # noqa: PLC0415

    run(asking.show_rules(Access(venue=venue, url=url), pairs or (), as_json=json))


@questions.command(epilog=_CODES)
@ending_in_a_line()
def reconcile(
    venue: _Venue,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PAIR...]", help="These pairs too, beside those of our open orders."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the differences, and do nothing.")] = False,
    wait: Annotated[
        float,
        typer.Option("--wait", metavar="SECONDS", help="Ask so long for what is in doubt.", min=0),
    ] = 30.0,
    json: _Json = False,
    url: _Url = None,
    journals: _Journals = None,
) -> None:
    """Compare our journal with the venue: every difference, with the rule that is applied to it."""
    from venuekit.cli import comparing  # noqa: PLC0415
    from venuekit.cli.account_access import Access  # noqa: PLC0415

    access = Access(venue=venue, url=url, journals=journals)
    raise typer.Exit(run(comparing.reconcile(access, pairs or (), dry_run=dry_run, wait=wait, as_json=json)))
