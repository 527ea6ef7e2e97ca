"""The disk against a naive twin, which lists every state that a loss of power may leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.journal.story import PATH, new_disk

from venuekit.sim.medium import PAGE, SECTOR

FOLDER = PATH.parent


class Twin:
    """One file: what was written, and everything that may be on the medium."""

    def __init__(self) -> None:
        self.written = b""
        self.mediums = [b""]
        self.is_dirty = False
        self.cut: int | None = None

    def sync(self, *, fails: bool) -> None:
        if self.is_dirty:
            self.mediums = [*self.mediums, self.written] if fails else [self.written]
            self.is_dirty, self.cut = False, None

    def may_be(self) -> Iterator[bytes]:
        """Every state that a loss of power may leave."""
        yield from self.mediums
        if not self.is_dirty:
            return
        for medium in self.mediums:
            base = medium if self.cut is None else medium[: self.cut]
            for end in range(len(base), len(self.written) + 1):
                yield self.written[:end]
                sectors = range((len(base) // SECTOR + 1) * SECTOR, end, SECTOR)
                for zeros in (len(base), *sectors):
                    yield self.written[:zeros].ljust(end, b"\0")


class DiskAndTwin(RuleBasedStateMachine):
    """Some files of at most a page, any calls, and the states that a loss of power may leave."""

    names = st.sampled_from([FOLDER / name for name in "abc"])

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.disk = new_disk(seed)
        self.now: dict[Path, Twin] = {}
        self.kept: dict[Path, Twin] = {}
        self.waiting: list[dict[Path, Twin]] = []

    def named(self, names: dict[Path, Twin]) -> None:
        self.now = names
        self.waiting.append(dict(names))

    @rule(path=names, size=st.integers(0, 700), byte=st.integers(1, 255))
    def write(self, path: Path, size: int, byte: int) -> None:
        if path not in self.now:
            self.named({**self.now, path: Twin()})
        twin = self.now[path]
        if len(twin.written) + size <= PAGE:
            self.disk.append(path).write(bytes([byte]) * size)
            twin.written += bytes([byte]) * size
            twin.is_dirty |= size > 0

    @rule(path=names, fails=st.booleans())
    def sync(self, path: Path, fails: bool) -> None:
        if path in self.now:
            file = self.disk.append(path)
            self.disk.refuse_sync = self.disk.syncs + 1 if fails else None
            try:
                file.sync()
                assert not fails
            except OSError:
                assert fails
            self.now[path].sync(fails=fails)

    @rule(path=names)
    def create(self, path: Path) -> None:
        self.disk.create(path)
        if path not in self.now:
            self.named({**self.now, path: Twin()})
        twin = self.now[path]
        twin.written, twin.cut, twin.is_dirty = b"", 0, True

    @rule(path=names, size=st.integers(0, 900))
    def truncate(self, path: Path, size: int) -> None:
        if path in self.now and size <= len(self.now[path].written):
            self.disk.truncate(path, size)
            twin = self.now[path]
            twin.written = twin.written[:size]
            twin.mediums, twin.is_dirty, twin.cut = [twin.written], False, None

    @rule(source=names, other=names)
    def link(self, source: Path, other: Path) -> None:
        if source in self.now and other not in self.now:
            self.disk.link(source, other)
            self.named({**self.now, other: self.now[source]})

    @rule(source=names, other=names)
    def replace(self, source: Path, other: Path) -> None:
        if source in self.now and self.now.get(other) is not self.now[source]:
            self.disk.replace(source, other)
            rest = {path: twin for path, twin in self.now.items() if path != source}
            self.named({**rest, other: self.now[source]})

    @rule()
    def sync_names(self) -> None:
        self.disk.refuse_sync = None
        self.disk.sync_folder(FOLDER)
        self.kept, self.waiting = dict(self.now), []

    @rule()
    def end_the_process(self) -> None:
        self.disk.process_ends()
        self.agree()

    @precondition(lambda self: self.now)
    @rule()
    def lose_power(self) -> None:
        self.disk.lose_power()
        there = self.disk.files
        possible = [names for names in (self.kept, *self.waiting) if sorted(names) == there]
        found = {path: self.disk.read(path) for path in there}
        fitting = [
            names
            for names in possible
            if all(found[path] in twin.may_be() for path, twin in names.items())
            and all(found[one] == found[two] for one in names for two in names if names[one] is names[two])
        ]
        assert fitting, f"{found} is none of what may be left"
        self.take_over(found)

    def take_over(self, found: dict[Path, bytes]) -> None:
        """Go on from what was left; which names share a file shows when one more byte is written."""
        names: dict[Path, Twin] = {}
        for path, content in found.items():
            if path not in names:
                sizes = {other: self.disk.size(other) for other in found}
                self.disk.append(path).write(b"!")
                twin = Twin()
                twin.written, twin.mediums, twin.is_dirty = content + b"!", [content], True
                names |= {other: twin for other in found if self.disk.size(other) > sizes[other]}
        self.now, self.kept, self.waiting = names, dict(names), []

    def agree(self) -> None:
        assert {path: twin.written for path, twin in self.now.items()} == {
            path: self.disk.read(path) for path in self.disk.files
        }

    def teardown(self) -> None:
        if hasattr(self, "disk"):
            self.agree()


DiskAndTwin.TestCase.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)
test_the_disk_leaves_what_a_naive_twin_allows = DiskAndTwin.TestCase
