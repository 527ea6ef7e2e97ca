"""Planted bugs: each one line of production code, changed in the memory of one process and nowhere else.

    [what-it-is-called]
    name = "What the bug does, as a sentence"
    incident = "M1"                       # of docs/MUTATIONS.md; empty where no peer is known to have had it
    file = "connector/order_poll.py"      # below src/venuekit
    before = '''text that stands there exactly once'''
    after = '''text in its place'''
    seen_by = ["O3"]                      # the invariants that are expected to see it
    profile = "direct"                    # or "wire", where only the network shows it
    seconds = 60.0                        # of trouble in each world, simulated
    needs = ["reply_lost"]                # troubles without which no world can show it; left out: any may

Nothing of the package is imported here: a bug has to be planted before its module is.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from difflib import SequenceMatcher
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

__all__ = ["BUGS", "Bug", "BugMisplaced", "bugs", "changed_lines", "plant", "planted_source"]

PACKAGE = "venuekit"
SOURCE = Path(__file__).resolve().parents[2] / "src" / PACKAGE
BUGS = Path(__file__).resolve().parent / "bugs"


class BugMisplaced(Exception):
    """A bug cannot be planted: its text is not there exactly once, or its module is in use already."""


class Bug(NamedTuple):
    """One bug; what its fields mean stands at the top."""

    key: str
    name: str
    incident: str
    file: str
    before: str
    after: str
    seen_by: tuple[str, ...]
    profile: str = "direct"
    needs: tuple[str, ...] = ()
    seconds: float = 60.0

    @property
    def path(self) -> Path:
        """The file that it is in."""
        return SOURCE / self.file

    @property
    def module(self) -> str:
        """The dotted name of the module that it is in."""
        return ".".join((PACKAGE, *Path(self.file).with_suffix("").parts))


def bugs(folder: Path = BUGS) -> list[Bug]:
    """Every bug of the board, in the order of its files.

    Raises:
        ValueError: a row lacks a field, has an unknown one, or two rows bear one key.
    """
    found: dict[str, Bug] = {}
    for path in sorted(folder.glob("*.toml")):
        for key, row in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in found:
                raise ValueError(f"{path.name}: {key} is there twice")
            try:
                lists = {name: tuple(row[name]) for name in ("seen_by", "needs") if name in row}
                found[key] = Bug(key=key, **{**row, **lists})
            except (KeyError, TypeError) as error:
                raise ValueError(f"{path.name}: {key}: {error}") from None
    return list(found.values())


def planted_source(bug: Bug, text: str) -> str:
    """A module's text with the bug in it.

    Raises:
        BugMisplaced: the text that it changes is not there exactly once.
    """
    times = text.count(bug.before)
    if times != 1:
        raise BugMisplaced(f"{bug.key}: {bug.file} holds its text {times} times; find it a new place")
    return text.replace(bug.before, bug.after)


def changed_lines(bug: Bug) -> int:
    """How many lines differ, counted on the side where they are more."""
    before, after = (text.splitlines() for text in (bug.before, bug.after))
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    kept = sum(block.size for block in blocks)
    return max(len(before), len(after)) - kept


def plant(bug: Bug) -> None:
    """Let this process import the bug's module with the bug in it; the file stays as it is.

    Raises:
        BugMisplaced: its text is not there exactly once, or its module was imported before.
    """
    planted_source(bug, bug.path.read_text(encoding="utf-8"))
    if bug.module in sys.modules:
        raise BugMisplaced(f"{bug.key}: {bug.module} was imported before the bug could be planted")
    sys.meta_path.insert(0, _Gardener(bug))


class _Gardener(MetaPathFinder):
    """Finds one module, and gives it a loader of its own."""

    def __init__(self, bug: Bug) -> None:
        self._bug = bug

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._bug.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or Path(spec.origin).resolve() != self._bug.path:
            # Another copy of the package: the board would report what it did not test.
            found = None if spec is None else spec.origin
            raise BugMisplaced(f"{self._bug.key}: {fullname} comes from {found}, not from {self._bug.path}")
        spec.loader = _Loader(self._bug, fullname, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    """Compiles the changed text; what is cached on disk is neither read nor written."""

    def __init__(self, bug: Bug, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._bug = bug

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        text = planted_source(self._bug, Path(path).read_text(encoding="utf-8"))
        code: CodeType = compile(text, path, "exec", dont_inherit=True)
        return code
