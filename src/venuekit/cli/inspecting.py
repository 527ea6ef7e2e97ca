"""`venuekit journal`: what an account remembers, and whether that can be relied on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import typer
from rich.text import Text

from venuekit import errors
from venuekit.cli.journal_finder import find_journal, writer_of
from venuekit.cli.order_table import print_orders, short_ids
from venuekit.cli.output import counted, make_console, moment, print_facts, print_json, print_table
from venuekit.cli.record_words import told, whose
from venuekit.journal import history, inspection, reader
from venuekit.journal.frame import Ending, EndingKind
from venuekit.journal.inspection import FileVerdict, Inspection, Verdict
from venuekit.journal.reader import Entry, History
from venuekit.journal.record import OfOrder
from venuekit.seams.disk import SystemDisk

__all__ = ["inspect_journal", "verify_journal"]

_STYLES = {EndingKind.CLEAN: "", EndingKind.TORN: "yellow", EndingKind.CORRUPT: "bold red"}
_VERDICTS = {
    True: ("sound: a run may go on from here", "bold green"),
    False: ("not sound: no run may go on from here", "bold red"),
}
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def inspect_journal(named: str | None, *, since: int | None, order: str | None, as_json: bool) -> None:
    """Print what a journal holds; with `since` or `order`, those records too.

    Of a damaged one, everything before the damage is printed before that is raised.

    Raises:
        errors.UsageError: no journal is meant by `named`, or no order, or more than one, by `order`.
        errors.JournalUnusable: it is damaged, or a newer version's.
    """
    path = find_journal(named)
    disk = SystemDisk()
    told_so_far, damage = reader.salvage(disk.read(path), str(path))
    summary = inspection.inspect(path, salvage=True)
    entries: list[Entry] | None = None
    if since is not None or order is not None:
        everything = list(told_so_far.entries if damage else reader.entries_since(path))
        client_id = None if order is None else _order_named(order, everything)
        entries = [
            entry
            for entry in everything
            if entry.sequence > (since or 0) and (client_id is None or _order_of(entry) == client_id)
        ]
    writer = writer_of(path)
    if as_json:
        shown = {**msgspec.to_builtins(summary), "writer": writer}
        print_json(shown if entries is None else {**shown, "records": entries})
    elif entries is None:
        _print_summary(summary, writer, told_so_far)
    else:
        _print_records(entries)
        if summary.ending.kind is not EndingKind.CLEAN:
            make_console().print(_ending(summary.ending, writer))
    if damage is not None:
        raise damage


def verify_journal(named: str | None, *, as_json: bool) -> bool:
    """Check every byte of a journal and print the verdict: whether a run may go on from it.

    Raises:
        errors.UsageError: no journal is meant by `named`.
    """
    path = find_journal(named)
    verdict = inspection.verify(path)
    if as_json:
        print_json({"is_sound": verdict.is_sound, **msgspec.to_builtins(verdict)})
    else:
        _print_verdict(verdict, writer_of(path))
    return verdict.is_sound


def _print_summary(summary: Inspection, writer: int | None, told_so_far: History) -> None:
    archives = f", {counted(len(summary.archives), 'file')} before it" if summary.archives else ""
    kinds = ", ".join(f"{_words(kind)} {count:,}" for kind, count in summary.kinds.items())
    doubts = len(summary.in_doubt)
    facts: dict[str, str | Text] = {
        "account": whose(summary.account) if summary.account else "none yet",
        "instance": f"{summary.instance}, {counted(summary.ids_reserved, 'client id')} reserved",
        "file": summary.path,
        "size": f"{counted(summary.size, 'byte')}{archives}",
        "written": f"{moment(summary.first_at)} to {moment(summary.last_at)} UTC",
        "runs": f"{summary.runs}; {_last_run(summary, writer)}",
        "records": f"{sum(summary.kinds.values()):,}, the last is number {summary.last_sequence:,}: {kinds}",
        "open": counted(len(summary.open_orders), "order"),
        "in doubt": Text(counted(doubts, "order"), style="bold yellow" if doubts else ""),
    }
    if not told_so_far.entries:
        facts = {name: facts[name] for name in ("file", "size")} | {"records": "none"}
    print_facts(facts | {"ending": _ending(summary.ending, writer)})
    living = dict.fromkeys((*summary.open_orders, *summary.in_doubt))
    rows = [row for row in history.order_rows(told_so_far.entries) if row.client_id in living]
    if rows:
        typer.echo()
        print_orders(rows)


def _last_run(summary: Inspection, writer: int | None) -> str:
    if summary.ending.kind is EndingKind.CORRUPT:
        return "how the last one ended stands behind the damage"
    if summary.stopped:
        return "the last one stopped on purpose"
    return "the last one was cut off" if writer is None else f"process {writer} is at work"


def _print_records(entries: Sequence[Entry]) -> None:
    if not entries:
        make_console().print("no such records")
        return
    names = short_ids(name for entry in entries if (name := _order_of(entry)) is not None)
    print_table(
        ("#", "AT (UTC)", "RECORD", "ORDER", "WHAT"),
        [
            (
                str(entry.sequence),
                moment(entry.record.at),
                _words(type(entry.record).__name__),
                names.get(_order_of(entry) or "", ""),
                told(entry.record),
            )
            for entry in entries
        ],
    )


def _ending(ending: Ending, writer: int | None) -> Text:
    return Text(_ending_words(ending, writer), style=_STYLES[ending.kind])


def _ending_words(ending: Ending, writer: int | None) -> str:
    match ending.kind:
        case EndingKind.CLEAN:
            return "clean"
        case EndingKind.TORN if writer is not None:
            return f"a record is being written at byte {ending.offset:,} by process {writer}: look again"
        case EndingKind.TORN:
            return f"torn at byte {ending.offset:,}: {ending.why}; the next start cuts it off there"
        case EndingKind.CORRUPT:
            return f"damaged at byte {ending.offset:,}: {ending.why}"


def _print_verdict(verdict: Verdict, writer: int | None) -> None:
    console = make_console()
    print_table(
        ("FILE", "SOUND RECORDS", "ENDING"),
        [
            (Path(file.path).name, f"{file.records:,}", _ending_of(file, verdict, writer))
            for file in verdict.files
        ],
    )
    for complaint in verdict.complaints:
        console.print(Text(complaint, style="red"), soft_wrap=True)
    word, style = _VERDICTS[verdict.is_sound]
    console.print(Text(word, style=style))


def _ending_of(file: FileVerdict, verdict: Verdict, writer: int | None) -> str:
    return _ending_words(file.ending, writer if file is verdict.files[-1] else None)


def _words(kind: str) -> str:
    """A record's kind: `BalanceMoved` is `balance moved`."""
    return _CAPITAL.sub(" ", kind).lower()


def _order_of(entry: Entry) -> str | None:
    return entry.record.client_id if isinstance(entry.record, OfOrder) else None


def _order_named(word: str, entries: Iterable[Entry]) -> str:
    """The one order whose client id ends in a word."""
    orders = dict.fromkeys(name for entry in entries if (name := _order_of(entry)) is not None)
    found = [word] if word in orders else [name for name in orders if name.endswith(word.lstrip("…"))]
    if len(found) == 1:
        return found[0]
    if not found:
        raise errors.UsageError(f"no order here has a client id that ends in {word!r}")
    raise errors.UsageError(f"{len(found)} orders have client ids that end in {word!r}; give more of it")
