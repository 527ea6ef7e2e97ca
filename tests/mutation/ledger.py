"""What the seeds found of each planted bug: kept in a file, and told as a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from tests.mutation.planting import Bug

__all__ = ["BEGIN", "END", "Finding", "Ledger", "incident_order", "page"]

BEGIN, END = "<!-- board:begin -->", "<!-- board:end -->"
_TEXT = 240
"""Characters of a violation that are kept: enough to see what it was."""


class Finding(NamedTuple):
    """How one bug stands: after `seeds` seeds, found with the last of them (`seed`) or not yet (None).

    `invariant` and `text` are those of the first violation. `bug` is the fingerprint of the row: another text
    is another bug.
    """

    bug: str
    seeds: int
    seed: int | None = None
    invariant: str = ""
    text: str = ""
    profile: str = ""

    @property
    def is_found(self) -> bool:
        """Whether a seed found it."""
        return self.seed is not None


def fingerprint(bug: Bug) -> str:
    """What makes a row another bug."""
    parts = f"{bug.file}\0{bug.before}\0{bug.after}"
    return blake2b(parts.encode(), digest_size=6).hexdigest()


class Ledger:
    """The findings so far."""

    def __init__(self, path: Path) -> None:
        self._path = path
        kept: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self._findings = {key: Finding(**row) for key, row in kept.get("bugs", {}).items()}
        self.unit_tests: dict[str, bool] = dict(kept.get("unit_tests", {}))
        """Whether the unit tests of its layer fail, for a sample of the bugs."""

    def of(self, bug: Bug) -> Finding:
        """How a bug stands; a row that was rewritten begins anew."""
        found = self._findings.get(bug.key)
        mark = fingerprint(bug)
        return found if found is not None and found.bug == mark else Finding(bug=mark, seeds=0)

    def note(self, bug: Bug, finding: Finding) -> None:
        """Keep how a bug stands now."""
        self._findings[bug.key] = finding._replace(bug=fingerprint(bug), text=finding.text[:_TEXT])

    def save(self, bugs: Iterable[Bug]) -> None:
        """Write what is known of these bugs; of rows that are gone nothing is kept."""
        rows = {bug.key: self.of(bug)._asdict() for bug in bugs if self.of(bug).seeds}
        keys = {bug.key for bug in bugs}
        sample = {key: seen for key, seen in self.unit_tests.items() if key in keys}
        text = json.dumps({"bugs": rows, "unit_tests": sample}, indent=1, sort_keys=True)
        draft = self._path.with_suffix(".next")
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(self._path)


def incident_order(incident: str) -> int:
    """Incidents by number; what is none comes last."""
    return int(incident[1:]) if incident else 99


def page(bugs: Sequence[Bug], ledger: Ledger, seeds: int) -> str:
    """The board as Markdown, of bugs that had up to so many seeds each."""
    findings = {bug.key: ledger.of(bug) for bug in bugs}
    found = [bug for bug in bugs if findings[bug.key].is_found]
    within = [bug for bug in found if findings[bug.key].seeds <= seeds]
    counts = [findings[bug.key].seeds for bug in found]
    tried = [bug for bug in bugs if findings[bug.key].seeds]
    share = 100 * len(within) / len(tried) if tried else 0.0
    lines = [
        BEGIN,
        f"{len(within)} of {len(tried)} bugs ({share:.0f} %) are found within {seeds:,} seeds"
        + (f"; median {median(counts):g}, worst {max(counts):,}." if counts else "."),
        "",
        *_incidents(bugs, findings),
        *_survivors(tried, findings),
        *_unit_tests(bugs, ledger),
        "| bug | like | in | seen by | seeds |",
        "|---|---|---|---|---|",
        *(
            _row(bug, findings[bug.key])
            for bug in sorted(tried, key=lambda bug: (incident_order(bug.incident), bug.file))
        ),
        END,
    ]
    return "\n".join(lines)


def _incidents(bugs: Sequence[Bug], findings: Mapping[str, Finding]) -> list[str]:
    known = sorted({bug.incident for bug in bugs if bug.incident}, key=incident_order)
    seen = {bug.incident for bug in bugs if findings[bug.key].is_found}
    missed = [incident for incident in known if incident not in seen]
    said = f"not yet: {', '.join(missed)}" if missed else "every one is found"
    return [f"Incidents with a bug of their own: {', '.join(known)}; {said}.", ""]


def _survivors(tried: Sequence[Bug], findings: Mapping[str, Finding]) -> list[str]:
    left = [bug for bug in tried if not findings[bug.key].is_found]
    if not left:
        return ["No bug survives.", ""]
    return [
        "Survivors:",
        "",
        *(f"- {bug.name} (`{bug.key}`): not found in {findings[bug.key].seeds:,} seeds." for bug in left),
        "",
    ]


def _unit_tests(bugs: Sequence[Bug], ledger: Ledger) -> list[str]:
    sample = [ledger.unit_tests[bug.key] for bug in bugs if bug.key in ledger.unit_tests]
    if not sample:
        return []
    drawn = f"of {len(sample)} of these bugs, drawn at random"
    return [f"For comparison: {drawn}, the unit tests of their layer see {sum(sample)}.", ""]


def _row(bug: Bug, finding: Finding) -> str:
    seen = finding.invariant if finding.is_found else "**nobody**"
    profile = "" if finding.profile in {"", "direct"} else f" ({finding.profile})"
    count = f"{finding.seeds:,}" if finding.is_found else f"> {finding.seeds:,}"
    return f"| {bug.name} | {bug.incident} | `{bug.file}` | {seen} | {count}{profile} |"
