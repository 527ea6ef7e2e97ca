"""Plays every conformance card with every installed connector, and writes the table of what came out.

    python tools/table_conformance.py [--jobs 2] [--check]

Writes docs/CONFORMANCE.md: on the wire, and in the simulated world in both of its profiles. It takes some
minutes. With `--check` nothing is played: it only says whether the page is what it is when every card passes;
exit status 1: no.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from enum import Enum
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

from venuekit.sim.options import Profile
from venuekit.testing.conformance import CARDS, Card, CardFailed, ConformanceSuite, Group
from venuekit.testing.conformance.traits import Traits
from venuekit.testing.conformance.world import play_in_world

PAGE = Path(__file__).resolve().parent.parent / "docs" / "CONFORMANCE.md"

PASSED = "passed"
HEAD = """\
# Conformance

What every connector must do, and which of ours do it. Made by `make conformance`
(`tools/table_conformance.py`) from the cards in `src/venuekit/testing/conformance/`: change the cards, not
this page. [TESTING.md](TESTING.md) says how to hold a connector of your own to them.

*passed*: on the wire, with real sockets on this machine; and in the simulated world, with the venue called
in process and with the network's bytes simulated, where a trouble lasts forty seconds instead of one. A
letter: not applicable, for the reason below. Every card is shown to fail a connector with a defect
(`tests/conformance/test_cards_can_fail.py`).

"""
WORDS: Mapping[Group, str] = {
    Group.ORDERS: (
        "Each ends in a reckoning: orders, fills, fees, balances and ends that were told are the venue's."
    ),
    Group.DATA: "In the end each book is live, and the venue's level by level as deep as it vouches.",
    Group.SESSIONS: "Lines, keys, clocks, limits: how a connector comes, stays and goes.",
    Group.INCIDENTS: (
        "What happened to the connectors of others, replayed. The numbers are those of\n"
        "[MUTATIONS.md](MUTATIONS.md), which says what each of them was."
    ),
}


class Way(Enum):
    """Where a card is played."""

    WIRE = "on the wire"
    WORLD_DIRECT = "in the world, direct"
    WORLD_WIRE = "in the world, wire"


PROFILES: Mapping[Way, Profile] = {Way.WORLD_DIRECT: Profile.DIRECT, Way.WORLD_WIRE: Profile.WIRE}


class Play(NamedTuple):
    """One card, one connector, one way."""

    connector: str
    number: int
    way: Way


Results = Mapping[Play, str]
"""What came out, in a word; what is missing passed."""


def main(arguments: Sequence[str]) -> int:
    """Play the cards and write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2, help="processes that play")
    parser.add_argument("--check", action="store_true", help="play nothing, compare the page")
    options = parser.parse_args(arguments)
    if options.check:
        is_current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == drawn({})
        print("conformance: up to date" if is_current else f"{PAGE}: run tools/table_conformance.py")
        return 0 if is_current else 1
    results = played(options.jobs)
    PAGE.write_text(drawn(results), encoding="utf-8")
    for play, verdict in results.items():
        if verdict != PASSED:
            print(f"{play.connector}, card {play.number}, {play.way.value}: {verdict}")
    return 0 if all(verdict == PASSED for verdict in results.values()) else 1


# --- playing


def connector_names() -> list[str]:
    """Our connectors, by name."""
    found = entry_points(group="venuekit.venues")
    return sorted(entry.name for entry in found if entry.value.startswith("venuekit."))


def suite_of(connector: str) -> ConformanceSuite:
    """The suite of an installed connector."""
    suite = ConformanceSuite()
    suite.connector = connector  # type: ignore[misc] # of this suite alone
    return suite


def played(jobs: int) -> Results:
    """Play every card that is a connector's, in every way."""
    plays = [
        Play(connector, card.number, way)
        for connector in connector_names()
        for card in CARDS
        if objection(connector, card) is None
        for way in Way
    ]
    results = {}
    with ProcessPoolExecutor(jobs) as pool:
        for count, (play, verdict) in enumerate(zip(plays, pool.map(outcome, plays), strict=True), start=1):
            results[play] = verdict
            print(f"\r{count} of {len(plays)}", end="", flush=True)
    print()
    return results


def outcome(play: Play) -> str:
    """How one play ended, in a word."""
    logging.disable(logging.CRITICAL)
    suite, card = suite_of(play.connector), CARDS[play.number - 1]
    try:
        if play.way is Way.WIRE:
            with tempfile.TemporaryDirectory() as folder:
                asyncio.run(suite.play(card, Path(folder)))
        else:
            play_in_world(suite, card, PROFILES[play.way])
    except (CardFailed, TimeoutError, LookupError) as failure:
        return f"FAILED: {failure}"
    return PASSED


def objection(connector: str, card: Card) -> str | None:
    """Why a card is not this connector's; None: it is."""
    return traits_of(connector).objection(card)


@cache
def traits_of(connector: str) -> Traits:
    """What a connector and its dialect have."""
    suite = suite_of(connector)
    return Traits(suite.kind, suite.venue)


# --- drawing


def drawn(results: Results) -> str:
    """The page."""
    names = connector_names()
    letters: dict[str, str] = {}
    rows = {card.number: [cell(results, letters, name, card) for name in names] for card in CARDS}
    parts = [HEAD, *summary(names, rows)]
    for group in Group:
        parts.append(f"\n## {group.value.capitalize()}\n\n{WORDS[group]}\n\n")
        parts.extend(table(group, names, rows))
    parts.append("\n## Not applicable\n\n")
    parts.extend(f"- {letter}: {reason}\n" for reason, letter in letters.items())
    return "".join(parts)


def cell(results: Results, letters: dict[str, str], connector: str, card: Card) -> str:
    """What the table says of one card and one connector."""
    reason = objection(connector, card)
    if reason is not None:
        return letters.setdefault(reason, chr(ord("a") + len(letters)))
    verdicts = {way: results.get(Play(connector, card.number, way), PASSED) for way in Way}
    failed = [way.value for way, verdict in verdicts.items() if verdict != PASSED]
    return f"FAILED {', '.join(failed)}" if failed else PASSED


def summary(names: Sequence[str], rows: Mapping[int, list[str]]) -> Iterator[str]:
    """How many cards each connector passed."""
    yield f"| of {len(CARDS)} cards | {' | '.join(f'`{name}`' for name in names)} |\n"
    yield f"|---|{'---|' * len(names)}\n"
    for what, is_so in (
        ("passed", lambda said: said == PASSED),
        ("failed", lambda said: said.startswith("FAILED")),
        ("not applicable", lambda said: len(said) == 1),
    ):
        counts = [sum(is_so(row[column]) for row in rows.values()) for column in range(len(names))]
        yield f"| {what} | {' | '.join(map(str, counts))} |\n"


def table(group: Group, names: Sequence[str], rows: Mapping[int, list[str]]) -> Iterator[str]:
    """The cards of a group, and what came out."""
    columns = ["no.", "card", "precondition", "stimulus", "expected", *(f"`{name}`" for name in names)]
    yield f"| {' | '.join(columns)} |\n"
    yield f"|{'---|' * len(columns)}\n"
    for card in CARDS:
        if card.group is group:
            words = (card.title, card.precondition, card.stimulus, card.expected, *rows[card.number])
            yield f"| {card.number} | {' | '.join(words)} |\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
