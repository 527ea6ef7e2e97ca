"""`venuekit demo --books`: books that are kept right before one's eyes, and the proof at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from rich.text import Text

from venuekit import errors
from venuekit.cli.books_screen import Screen
from venuekit.cli.books_stage import Agreement, Incident, Stage, spell
from venuekit.cli.emulator_process import EmulatorProcess
from venuekit.cli.output import make_console, print_json, print_table
from venuekit.connector.registry import AllConnectorSettings
from venuekit.connector.replay import RecordedFile
from venuekit.emulator.factory import dialect_class, dialect_names
from venuekit.protocol.frozen import Frozen
from venuekit.seams.clock import SystemClock
from venuekit.state.order_book_keeper import Trouble

__all__ = ["Summary", "VenueSummary", "demonstrate", "end", "span", "tell"]

_VENUES = 2
_PAIRS = 2
# Shares of the show after which the update is left out, the lines are cut, and a recording has ended.
_GAP_AT = 0.25
_CUT_AT = 0.5
_RECORDING_ENDS_AT = 0.95
# Starting processes, healing late and comparing take no longer than this beside the show itself: seconds,
# but an emulator alone may read its recording for a minute, and a machine may be busy with something else.
_GRACE_SECONDS = 90.0
_HEAL_SECONDS = 15.0


class VenueSummary(Frozen):
    """What became of one venue; `slowest_heal` in seconds, None where nothing had to heal."""

    venue: str
    messages: int
    gaps_healed: int
    disconnects_healed: int
    reconnects: int
    slowest_heal: float | None
    incidents: list[Incident]
    books: list[Agreement]

    @property
    def is_well(self) -> bool:
        """Whether a gap and a disconnect were healed and every book equals the venue's."""
        return (
            self.gaps_healed > 0
            and self.disconnects_healed > 0
            and all(incident.is_healed for incident in self.incidents)
            and all(book.is_exact for book in self.books)
        )


class Summary(Frozen):
    """How the demo went; `levels_different` are those between the connectors' books and the venues' own."""

    is_well: bool
    seconds: float
    messages: int
    gaps_healed: int
    reconnects: int
    levels_compared: int
    levels_different: int
    venues: list[VenueSummary]


async def demonstrate(
    venues: Sequence[str], *, seconds: float, replay: Path | None, seed: int, is_quiet: bool
) -> Summary:
    """Run the demo for about so many seconds; whatever it started has ended when it returns or raises.

    Raises:
        errors.VenuekitError: an emulator or a connector could not be started, or it took far too long.
    """
    clock = SystemClock()
    began = clock.monotonic()
    screen = Screen(make_console(), clock, is_quiet=is_quiet)
    names = _chosen(venues, replay)
    if replay is None:
        markets = [["--seed", str(seed + place), "--pairs", str(_PAIRS)] for place in range(len(names))]
    else:
        speed = span(replay) / (seconds * _RECORDING_ENDS_AT)
        markets = [["--replay", str(replay), "--speed", f"{speed:.6f}"]] * len(names)
        screen.say(f"replaying {replay.name}, {speed:.1f} times as fast as it was recorded")
    emulators = [EmulatorProcess(name, market) for name, market in zip(names, markets, strict=True)]
    try:
        async with asyncio.timeout(seconds + _GRACE_SECONDS), AsyncExitStack() as stack:
            stack.enter_context(_silent_log())
            for emulator in emulators:
                stack.push_async_callback(emulator.stop)
            await asyncio.gather(*(emulator.start() for emulator in emulators))
            stages = [Stage(emulator, await _pairs(emulator), screen.say) for emulator in emulators]
            await asyncio.gather(*(stack.enter_async_context(stage.exchange) for stage in stages))
            drawing = asyncio.create_task(screen.show(stages))
            stack.push_async_callback(end, drawing)
            await _play(stages, screen, seconds)
            books = await asyncio.gather(*(stage.compare() for stage in stages))
            for stage in stages:
                stage.end()
            summaries = [_summary(stage, book) for stage, book in zip(stages, books, strict=True)]
    except TimeoutError:
        raise errors.NotReady(f"the demo was not over after {seconds + _GRACE_SECONDS:g} s") from None
    return _total(summaries, clock.monotonic() - began)


def tell(summary: Summary, *, as_json: bool) -> None:
    """Print how it went."""
    if as_json:
        print_json(summary)
        return
    console = make_console()
    console.print()
    print_table(
        ("VENUE", "MESSAGES", "GAPS HEALED", "BOOKS RECONNECTED", "RECONNECTS", "SLOWEST HEAL"),
        [
            (
                venue.venue,
                str(venue.messages),
                str(venue.gaps_healed),
                str(venue.disconnects_healed),
                str(venue.reconnects),
                "-" if venue.slowest_heal is None else spell(venue.slowest_heal),
            )
            for venue in summary.venues
        ],
    )
    console.print()
    print_table(
        ("VENUE", "PAIR", "UPDATE ID", "LEVELS COMPARED", "DIFFERENT"),
        [
            (
                venue.venue,
                book.trading_pair,
                str(book.last_update_id) if book.is_same_id else f"{book.last_update_id} not reached",
                str(book.compared),
                str(book.different),
            )
            for venue in summary.venues
            for book in venue.books
        ],
    )
    console.print()
    verdict = (
        f"{summary.messages} messages in {summary.seconds:.1f} s, "
        f"{_times(summary.gaps_healed, 'gap')} healed, "
        f"{_times(summary.reconnects, 'reconnect')}: "
        f"{summary.levels_different} of {summary.levels_compared} levels differ"
    )
    console.print(Text(verdict, style="bold green" if summary.is_well else "bold red"), soft_wrap=True)


async def _play(stages: Sequence[Stage], screen: Screen, seconds: float) -> None:
    """The four acts: books run, an update is missing, the lines are cut, everything heals."""
    clock = SystemClock()
    began = clock.monotonic()

    async def until(share: float) -> None:
        await clock.sleep(max(0.0, began + share * seconds - clock.monotonic()))

    screen.caption = "real connectors, real sockets, emulated venues"
    await until(_GAP_AT)
    screen.caption = "an update is missing: only its book starts anew"
    await asyncio.gather(*(stage.drop_an_update() for stage in stages))
    await until(_CUT_AT)
    screen.caption = "the connections are cut: every book is STALE until it is right again"
    await asyncio.gather(*(stage.cut_the_line() for stage in stages))
    await until(1.0)
    screen.caption = "the markets pause: the connectors' books are held against the venues' own"
    deadline = clock.monotonic() + _HEAL_SECONDS
    while not all(stage.is_live for stage in stages) and clock.monotonic() < deadline:
        await clock.sleep(0.05)


def _chosen(venues: Sequence[str], replay: Path | None) -> list[str]:
    """The venues to show: those asked for, else the first of as many companies as there are."""
    for venue in venues:
        dialect_class(venue)
    if venues:
        return list(venues)
    emulated = dialect_names()
    settings = AllConnectorSettings.get_connector_settings()
    names = [name for name, setting in settings.items() if not setting.is_sub_domain and name in emulated]
    # A company's products share the first word of their names.
    companies = list({name.partition("_")[0]: name for name in reversed(names)}.values())[::-1]
    others = [name for name in names if name not in companies]
    return (companies + others)[: 1 if replay is not None else _VENUES]


async def _pairs(emulator: EmulatorProcess) -> list[str]:
    return [await emulator.trading_pair(symbol) for symbol in (await emulator.symbols())[:_PAIRS]]


def span(path: Path) -> float:
    """Seconds from a recording's first record to its last."""
    first = last = None
    for record in RecordedFile(path):
        first = record.received if first is None else first
        last = record.received
    return max((last or 0.0) - (first or 0.0), 0.001)


def _summary(stage: Stage, books: list[Agreement]) -> VenueSummary:
    heals = [incident.seconds for incident in stage.incidents if incident.seconds is not None]
    return VenueSummary(
        venue=stage.venue,
        messages=stage.messages,
        gaps_healed=len(stage.healed(Trouble.MISSING)),
        disconnects_healed=len(stage.healed(Trouble.DISCONNECTED)),
        reconnects=stage.reconnects,
        slowest_heal=max(heals, default=None),
        incidents=[*stage.incidents, *stage.unhealed()],
        books=books,
    )


def _total(venues: list[VenueSummary], seconds: float) -> Summary:
    return Summary(
        is_well=all(venue.is_well for venue in venues),
        seconds=round(seconds, 2),
        messages=sum(venue.messages for venue in venues),
        gaps_healed=sum(venue.gaps_healed for venue in venues),
        reconnects=sum(venue.reconnects for venue in venues),
        levels_compared=sum(book.compared for venue in venues for book in venue.books),
        levels_different=sum(book.different for venue in venues for book in venue.books),
        venues=venues,
    )


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


@contextmanager
def _silent_log() -> Iterator[None]:
    """What a connector logs is shown as what happens; on stderr it would tear the ladders apart."""
    log = logging.getLogger("venuekit")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task; what it died of before comes out here."""
    task.cancel()
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended
