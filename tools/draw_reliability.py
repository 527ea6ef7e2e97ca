"""Writes the tables of docs/RELIABILITY.md: the invariants, and the ledger of the seeds that were run.

    python tools/draw_reliability.py [--check]

With `--check` it only says whether the page is up to date; exit status 1: no.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from venuekit.sim.invariants.table import INVARIANTS
from venuekit.sim.ledger import Ledger, bound

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "RELIABILITY.md"
LEDGER = DOCS / "reliability.jsonl"
CRASHES = DOCS / "crash_points.jsonl"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    page = drawn()
    if "--check" in arguments:
        return 0 if PAGE.read_text(encoding="utf-8") == page else 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


def drawn() -> str:
    """The page with its tables as they should be."""
    text = PAGE.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        made = begin + "\n".join(table()) + "\n" + end
        text, found = re.subn(pattern, made.replace("\\", r"\\"), text, flags=re.DOTALL)
        if found != 1:
            raise SystemExit(f"{PAGE} has no place for {name}")
    return text


def invariants() -> Iterator[str]:
    """What must always be so."""
    yield "| | what must always be so |"
    yield "|---|---|"
    for invariant in INVARIANTS:
        yield f"| {invariant.id} | {invariant.sentence} |"


def ledger() -> Iterator[str]:
    """What was run, and what it means."""
    kept = Ledger(LEDGER)
    worlds = sum(window.worlds for window in kept.windows)
    failed = sum(len(window.failed) for window in kept.windows)
    yield kept.table()
    yield ""
    yield f"{worlds:,} worlds, {failed} that failed."
    yield "With none that failed, the chance that a world like these breaks an invariant would be below"
    yield f"{bound(worlds):.2%} with 95 % confidence (1 - 0.05^(1/worlds), the rule of three)."


def faults() -> Iterator[str]:
    """How often each kind fired."""
    fired = Ledger(LEDGER).fired()
    yield "| fault | fired |"
    yield "|---|---:|"
    for kind, count in sorted(fired.items()):
        yield f"| {kind} | {count:,} |"


def crashes() -> Iterator[str]:
    """Where scenarios were cut off."""
    slices = [msgspec.json.decode(line) for line in CRASHES.read_bytes().splitlines()]
    moments: Counter[str] = Counter()
    for each in slices:
        moments.update(each["moments"])
    yield "| cut off | points |"
    yield "|---|---:|"
    for moment, count in moments.items():
        yield f"| {moment} | {count:,} |"
    points, failed = sum(each["points"] for each in slices), sum(len(each["failed"]) for each in slices)
    yield f"| **all**, {failed} of which lost or doubled something | {points:,} |"


TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "invariants": invariants,
    "ledger": ledger,
    "faults": faults,
    "crashes": crashes,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
