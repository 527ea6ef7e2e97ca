"""What the marks of a trace say to a reader: shorter lines, whose order it is, what followed from what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from venuekit.journal.frame import scan
from venuekit.journal.record import Record, decode
from venuekit.protocol.frozen import Frozen
from venuekit.sim.trace import Lane, Mark

__all__ = ["Line", "Story", "told"]


class Line(Frozen):
    """One mark, to be read: `orders` are the names in it, `after` is the place of the mark it follows from.

    `is_sure`: the trace says that it does; otherwise it is the last mark upstream about the same order.
    """

    mark: Mark
    text: str
    detail: str
    orders: tuple[str, ...] = ()
    after: int = -1
    is_sure: bool = True


class Story(Frozen):
    """The lines of a trace in order, and how many of them name each order, in order of appearance."""

    lines: tuple[Line, ...]
    orders: dict[str, int]


_NAME = re.compile(r"(?<![\w-])(?=[\w-]*\d)[A-Za-z][\w-]{9,39}(?![\w-])", re.ASCII)
"""What an order may be called: letters and digits, longer than a word and shorter than a key."""
_CHECKSUM = re.compile(r"(?<=\s)[0-9a-f]{8} (?=\S)")
_EVENT = re.compile(r"(\w+) \w+\((.*)\)$", re.DOTALL)
_WORDS = (
    (re.compile(r"Decimal\('([^']*)'\)"), r"\1"),
    (re.compile(r"<\w+\.(\w+): [^>]*>"), r"\1"),
    (re.compile(r"(?:, )?\b\w*timestamp=[\d.]+(?=, |$)"), ""),
    (re.compile(r"\b\w+=(?:None|''|\(\)|\[\]|\{\})(?:, |$)"), ""),
    (re.compile(r"^, "), ""),
)
"""How the repr of an event is made shorter: times are in front of each line, and nothing need not be said."""
_SHOWN = 300
"""Characters of an answer or a frame in its line; a page cuts off what a window has no room for."""
_UPSTREAM: Mapping[Lane, tuple[Lane, ...]] = {
    Lane.DISK: (Lane.STRATEGY, Lane.DISK, Lane.WIRE, Lane.VENUE),
    Lane.WIRE: (Lane.DISK, Lane.STRATEGY, Lane.VENUE),
    Lane.VENUE: (Lane.WIRE,),
    Lane.CONNECTOR: (Lane.WIRE,),
    Lane.STRATEGY: (Lane.CONNECTOR,),
}
"""Where what happens in a lane comes from."""
_SOON = 20.0
"""Seconds after which nobody would take one thing for the cause of the next."""


def told(marks: Sequence[Mark]) -> Story:
    """The story of a trace."""
    marks = _in_order(marks)
    places = {mark.number: place for place, mark in enumerate(marks)}
    spoken = [_spoken(mark) for mark in marks]
    names = [tuple(dict.fromkeys(_NAME.findall(f"{text} {detail}"))) for text, detail in spoken]
    ours = _orders(marks, names)
    last: dict[tuple[str, Lane], int] = {}
    lines = []
    for place, (mark, (text, detail), found) in enumerate(zip(marks, spoken, names, strict=True)):
        own = tuple(name for name in found if name in ours)
        after = -1 if mark.link is None else places.get(mark.link, -1)
        is_sure = after >= 0
        # A list of many orders follows from none of them.
        if after < 0 and len(own) == 1:
            after = _before(marks, last, own[0], mark)
        lines.append(
            Line(mark=mark, text=text, detail=detail, orders=own, after=after, is_sure=is_sure or after < 0)
        )
        for name in own:
            last[name, mark.lane] = place
    return Story(lines=tuple(lines), orders=ours)


def _in_order(marks: Sequence[Mark]) -> Sequence[Mark]:
    """The marks, each command before what it did at once: its own mark is made when it returns."""
    ordered: list[Mark] = []
    for mark in marks:
        place = len(ordered)
        if mark.lane is Lane.STRATEGY:
            while place and _is_part_of(ordered[place - 1], mark):
                place -= 1
        ordered.insert(place, mark)
    return ordered


def _is_part_of(other: Mark, command: Mark) -> bool:
    is_now = (other.time, other.host) == (command.time, command.host)
    return is_now and other.lane in (Lane.DISK, Lane.CONNECTOR)


def _orders(marks: Sequence[Mark], names: Iterable[Sequence[str]]) -> dict[str, int]:
    """The names that strategies, connectors and the venue's own book use; others only look like names."""
    mentions: Counter[str] = Counter()
    ours: dict[str, None] = {}
    for mark, found in zip(marks, names, strict=True):
        mentions.update(found)
        if mark.lane in (Lane.STRATEGY, Lane.CONNECTOR, Lane.VENUE):
            ours |= dict.fromkeys(found)
    return {name: mentions[name] for name in ours if mentions[name] > 1}


def _before(marks: Sequence[Mark], last: Mapping[tuple[str, Lane], int], name: str, mark: Mark) -> int:
    """The place of the last mark about an order that this one may follow from."""
    found = max((last.get((name, lane), -1) for lane in _UPSTREAM.get(mark.lane, ())), default=-1)
    return found if found >= 0 and mark.time - marks[found].time <= _SOON else -1


def _spoken(mark: Mark) -> tuple[str, str]:
    """The line and the detail of a mark."""
    if mark.lane is Lane.WIRE:
        return _said(mark), mark.detail
    if mark.lane is Lane.DISK and mark.kind == "append":
        return _written(mark)
    if mark.lane is Lane.CONNECTOR and mark.kind == "event":
        return _heard(mark)
    return mark.text, mark.detail


def _said(mark: Mark) -> str:
    """A request, an answer or a frame without its checksum, its signature, and the quotes of JSON."""
    text = _CHECKSUM.sub("", mark.text, count=1)
    opening = re.search(r"[\[{]", text)
    if opening is None:
        return text.removesuffix("&signature=***")
    body = mark.detail[:_SHOWN] or text[opening.start() :]
    return f"{text[: opening.start()]}{body.replace(chr(34), '')}"


def _heard(mark: Mark) -> tuple[str, str]:
    """An event: its name and what it says, and all of it below."""
    found = _EVENT.match(mark.text)
    if found is None:
        return mark.text, mark.detail
    name, said = found.groups()
    for pattern, words in _WORDS:
        said = pattern.sub(words, said)
    return f"{name} {said.removesuffix(', ')}".rstrip(), mark.detail or mark.text


def _written(mark: Mark) -> tuple[str, str]:
    """What was written to a file, where it is records that can be read."""
    records = list(_records(mark.detail))
    if not records:
        return mark.text, ""
    size = mark.text.partition(": ")[2]
    said = msgspec.json.encode(records[0] if len(records) == 1 else records).decode()
    kinds = ", ".join(type(record).__name__.lower() for record in records)
    names = " ".join(list(dict.fromkeys(_NAME.findall(said)))[:2])
    return " ".join(filter(None, (kinds, names, f"({size})"))), said


def _records(text: str) -> Iterator[Record]:
    """The journal's records in what was written: bytes, each as the character of its number."""
    for frame in scan(text.encode("latin-1")).frames:
        try:
            yield decode(frame.payload)
        except msgspec.DecodeError:
            return  # not a journal's
