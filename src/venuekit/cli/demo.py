"""`venuekit demo`: a maker that trades through bad weather, and the proof at the end that nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace
from rich.text import Text

from venuekit import errors
from venuekit.cli.agreement import AssetAgreement, OrderAgreement
from venuekit.cli.books_demo import end, span
from venuekit.cli.books_stage import Agreement, spell
from venuekit.cli.demo_screen import Screen
from venuekit.cli.demo_stage import Comparison, Stage
from venuekit.cli.emulator_process import EmulatorProcess
from venuekit.cli.output import aligned, brief, counted, make_console, print_json, print_table, signed
from venuekit.connector.registry import AllConnectorSettings
from venuekit.emulator.factory import dialect_class, dialect_names
from venuekit.protocol.frozen import Frozen
from venuekit.seams.clock import SystemClock

__all__ = ["Summary", "demonstrate", "is_well", "tell"]

_PAIRS = 2
# Shares of the show after which an answer is lost, the lines are cut, and the trader is killed.
_LOSS_AT = 0.15
_CUT_AT = 0.4
_KILL_AT = 0.65
_FASTEST_REPLAY = 4.0
_SEEN_AGAIN_SECONDS = 2.0
"""How long the trader trades after its restart at least: on a busy machine it starts late."""
_ENDS: Mapping[str, str] = {"FILLED": "FILLED", "CANCELLED": "CANCELED"}
"""The columns of the orders' table, and the states that they count."""
# Starting processes, the end of a doubt and comparing take no longer than this beside the show itself:
# seconds, but an emulator alone may read its recording for a minute, and a machine may be busy.
_GRACE_SECONDS = 150.0


class Summary(Frozen):
    """How the demo went. `doubts` is how many orders were in doubt at some time; all times in seconds."""

    is_well: bool
    seconds: float
    venue: str
    fills: int
    replies_lost: int
    doubts: int
    doubts_settled: int
    disconnects: int
    books_healed: int
    slowest_heal: float | None
    kills: int
    taken_up: int
    ready_again: float | None
    orders_compared: int
    orders_different: int
    assets_compared: int
    assets_different: int
    levels_compared: int
    levels_different: int
    orders: list[OrderAgreement]
    assets: list[AssetAgreement]
    books: list[Agreement]


async def demonstrate(
    venue: str | None, *, seconds: float, replay: Path | None, seed: int, kills: bool, is_quiet: bool
) -> Summary:
    """Run the demo for about so many seconds; whatever it started has ended when it returns or raises.

    Raises:
        errors.VenuekitError: the emulator or the trader could not be started, or it took far too long.
    """
    clock = SystemClock()
    began = clock.monotonic()
    screen = Screen(make_console(), clock, is_quiet=is_quiet)
    name = venue or _first_venue()
    if not dialect_class(name).has_accounts:
        raise errors.Unsupported(f"nobody can trade on the emulated {name} yet; `--books` shows its books")
    market = ["--seed", str(seed), "--pairs", str(_PAIRS)]
    if replay is not None:
        speed = min(span(replay) / seconds, _FASTEST_REPLAY)
        market = ["--seed", str(seed), "--replay", str(replay), "--speed", f"{speed:.6f}"]
        screen.say(f"replaying {replay.name}, {speed:.1f} times as fast as it was recorded")
    emulator = EmulatorProcess(name, market)
    try:
        async with asyncio.timeout(seconds + _GRACE_SECONDS), AsyncExitStack() as stack:
            journals = stack.enter_context(TemporaryDirectory(prefix="venuekit-demo-"))
            stack.push_async_callback(emulator.stop)
            await emulator.start()
            pairs = [await emulator.trading_pair(symbol) for symbol in (await emulator.symbols())[:_PAIRS]]
            stage = Stage(emulator, pairs, journals, screen.say, clock)
            stack.push_async_callback(stage.stop)
            drawing = asyncio.create_task(screen.show(stage))
            stack.push_async_callback(end, drawing)
            await stage.start()
            await _play(stage, screen, seconds, kills=kills)
            comparison = await stage.compare()
            stage.is_over = True
    except TimeoutError:
        raise errors.NotReady(f"the demo was not over after {seconds + _GRACE_SECONDS:g} s") from None
    summary = _summary(stage, comparison, clock.monotonic() - began)
    return replace(summary, is_well=is_well(summary, kills=int(kills)))


async def _play(stage: Stage, screen: Screen, seconds: float, *, kills: bool) -> None:
    """The acts: the maker trades, an answer is lost, the lines are cut, the trader dies, all is cancelled."""
    clock = SystemClock()
    began = clock.monotonic()

    async def until(share: float) -> None:
        await clock.sleep(max(0.0, began + share * seconds - clock.monotonic()))

    screen.caption = "a maker quotes two pairs; trader and venue are processes of their own"
    await until(_LOSS_AT)
    screen.caption = "an answer is lost: the order is in doubt until the venue is found to have it"
    await stage.lose_a_reply()
    screen.caption = "the doubt is over, and no order was sent twice"
    await until(_CUT_AT)
    screen.caption = "the lines are cut: quotes are taken back over REST until books are right again"
    await stage.cut_the_lines()
    screen.caption = "connected again, and compared with the venue"
    await until(_KILL_AT)
    if kills:
        screen.caption = "kill -9: what was open is at the venue, and in the journal"
        await stage.kill()
        screen.caption = "started again: every order is known, every fill is counted once"
        await clock.sleep(_SEEN_AGAIN_SECONDS)
    await until(1.0)
    screen.caption = "the maker stops, cancels what is open, and both sides are compared"
    await stage.finish()


def tell(summary: Summary, *, as_json: bool) -> None:
    """Print how it went."""
    if as_json:
        print_json(summary)
        return
    console = make_console()
    console.print()
    print_table(("WHAT HAPPENED", "TIMES", "AND THEN"), _happenings(summary))
    console.print()
    sides = ("CONNECTOR", "VENUE", "DIFFERENCE")
    print_table(("PAIR", "SIDE", "ORDERS", *_ENDS, "OTHER", "FILLS", *sides), _order_rows(summary))
    console.print()
    print_table(("ASSET", "CHANGE", *sides, "OF WHAT IS FREE"), _asset_rows(summary))
    for row in summary.orders:
        if not row.is_exact:
            console.print(Text(_complaint(row), style="bold red"), soft_wrap=True)
    console.print()
    verdict = (
        f"{counted(summary.fills, 'fill')} in {summary.seconds:.1f} s; connector and venue differ in "
        f"{summary.orders_different} of {counted(summary.orders_compared, 'order')}, "
        f"{summary.assets_different} of {counted(summary.assets_compared, 'asset')}, "
        f"{summary.levels_different} of {counted(summary.levels_compared, 'level')}"
    )
    console.print(Text(verdict, style="bold green" if summary.is_well else "bold red"), soft_wrap=True)


def _happenings(summary: Summary) -> list[tuple[str, str, str]]:
    twice = sum(row.times_there > 1 for row in summary.orders)
    heal = "-" if summary.slowest_heal is None else spell(summary.slowest_heal)
    rows = [
        ("answer to an order lost", str(summary.replies_lost), f"{twice or 'no'} order was sent twice"),
        (
            "every connection cut",
            str(summary.disconnects),
            f"{counted(summary.books_healed, 'book')} right again, the slowest after {heal}",
        ),
    ]
    if summary.kills:
        again = "-" if summary.ready_again is None else spell(summary.ready_again)
        kept = counted(summary.taken_up, "order")
        rows.append(("kill -9", str(summary.kills), f"ready {again} after the next start, {kept} still open"))
    rows.append(("order in doubt", str(summary.doubts), f"{summary.doubts_settled} settled"))
    return rows


def _order_rows(summary: Summary) -> list[tuple[str, ...]]:
    """The orders by pair and side, with what is filled of them; `--json` has them one by one."""
    groups: dict[tuple[str, str], list[OrderAgreement]] = {}
    for row in summary.orders:
        groups.setdefault((row.trading_pair, row.side), []).append(row)
    named = sorted(groups.items())
    ours = aligned([_sum(row.filled for row in rows) for _, rows in named])
    theirs = aligned([_sum(row.venue_filled for row in rows) for _, rows in named])
    return [
        (
            pair,
            side.lower(),
            str(len(rows)),
            *(str(sum(row.state == state for row in rows)) for state in _ENDS.values()),
            str(sum(row.state not in _ENDS.values() for row in rows)),
            str(sum(row.fills for row in rows)),
            filled,
            venue_filled,
            _sum(abs(row.difference) for row in rows),
        )
        for ((pair, side), rows), filled, venue_filled in zip(named, ours, theirs, strict=True)
    ]


def _asset_rows(summary: Summary) -> list[tuple[str, ...]]:
    rows = summary.assets
    return list(
        zip(
            [row.asset for row in rows],
            aligned([signed(row.change) for row in rows]),
            aligned([brief(row.total) for row in rows]),
            aligned([brief(row.venue_total) for row in rows]),
            [brief(row.difference) for row in rows],
            [brief(row.available_difference) for row in rows],
            strict=True,
        )
    )


def _sum(numbers: Iterable[Decimal]) -> str:
    return brief(sum(numbers, Decimal(0)))


def _complaint(row: OrderAgreement) -> str:
    doubt = ", in doubt" if row.is_in_doubt else ""
    return (
        f"{row.order_id} ({row.side.lower()} {row.trading_pair}): "
        f"{row.state}{doubt}, {brief(row.filled)} filled; "
        f"at the venue {row.venue_state}, {brief(row.venue_filled)} filled, {row.times_there} times there; "
        f"{row.fills_different} fills differ"
    )


def _first_venue() -> str:
    """The first connector whose emulated venue takes orders."""
    emulated = dialect_names()
    for name, setting in AllConnectorSettings.get_connector_settings().items():
        if not setting.is_sub_domain and name in emulated and dialect_class(name).has_accounts:
            return name
    raise errors.UnknownVenue("no emulated venue takes orders")


def is_well(summary: Summary, *, kills: int) -> bool:
    """Whether all that should befall the trader did, so many kills included, and nothing of it is left."""
    return (
        summary.fills > 0 < summary.orders_compared
        and summary.replies_lost > 0
        and summary.doubts == summary.doubts_settled
        and summary.disconnects > 0
        and summary.books_healed >= len(summary.books) > 0
        and summary.kills == kills
        and summary.orders_different == summary.assets_different == summary.levels_different == 0
        and all(book.is_exact for book in summary.books)
    )


def _summary(stage: Stage, said: Comparison, seconds: float) -> Summary:
    return Summary(
        is_well=False,
        seconds=round(seconds, 2),
        venue=stage.venue,
        fills=sum(row.fills for row in said.orders),
        replies_lost=stage.replies_lost,
        doubts=len(stage.doubts),
        doubts_settled=sum(state is not None for state in stage.doubts.values()),
        disconnects=stage.cuts,
        books_healed=len(stage.heals),
        slowest_heal=max((heal.seconds for heal in stage.heals), default=None),
        kills=len(stage.restarts),
        taken_up=sum(ready.taken_up for ready in stage.restarts),
        ready_again=max((ready.seconds for ready in stage.restarts), default=None),
        orders_compared=len(said.orders),
        orders_different=sum(not row.is_exact for row in said.orders),
        assets_compared=len(said.assets),
        assets_different=sum(not row.is_exact for row in said.assets),
        levels_compared=sum(book.compared for book in said.books),
        levels_different=sum(book.different for book in said.books),
        orders=said.orders,
        assets=said.assets,
        books=said.books,
    )
