"""One run as one web page: what happened, lane by lane, the faults beside it, the violation in sight."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from importlib import resources
from typing import Any

import msgspec

from venuekit.sim import story
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.options import WorldOptions
from venuekit.sim.story import Line
from venuekit.sim.trace import Lane
from venuekit.sim.verdict import Verdict

__all__ = ["facts_of", "page", "words_of"]

_SCRIPTS = ("state.js", "strip.js", "sheet.js", "panel.js", "timeline.js")
_LONGEST_DETAIL = 4_000
"""Characters: a book's snapshot is a hundred times as long, and tells a reader no more than its beginning."""
_ENDS = ("killed", "power lost")
_BAD = (*_ENDS, "error", "failed", "fault", "refused", "torn", "lost", "in_doubt")
"""Kinds of marks that are shown in red."""
_LIVES_ON = (Lane.STRATEGY, Lane.CONNECTOR, Lane.DISK)
"""Lanes that are empty while the trader is dead."""
_D = DisturbanceKind
_COLOURS: Mapping[DisturbanceKind, str] = {
    **dict.fromkeys((_D.VENUE_FAULT, _D.VENUE_CLOCK, _D.VENUE_RESTART, _D.HALT), "venue"),
    **dict.fromkeys((_D.UNSOLICITED_CANCEL, _D.FOREIGN_ORDER, _D.DEPOSIT), "venue"),
    **dict.fromkeys((_D.CLOCK_STEP, _D.CLOCK_DRIFT, _D.SLOW_LISTENER, _D.FAILING_LISTENER), "strategy"),
    **dict.fromkeys((_D.KILL, _D.POWER_LOSS, _D.STOP, _D.PAUSE), "bad"),
    **dict.fromkeys((_D.SLOW_TURNS, _D.CANCELLED_CALL), "connector"),
    **dict.fromkeys((_D.DISK_FULL, _D.DISK_READ_ONLY, _D.WRITE_FAILS, _D.SYNC_FAILS), "disk"),
    **dict.fromkeys((_D.SYNC_SLOW, _D.BIT_FLIP), "disk"),
    _D.FAULT_POINT: "world",
}
"""The colour of the lane that a disturbance is felt in; the network's is the wire's."""
_MOST_ORDERS = 2_000


def page(verdict: Verdict, *, replay: str) -> str:
    """A page of HTML that needs nothing but itself; `replay` is the command that runs the same again."""
    options = verdict.options
    broken = ", ".join(dict.fromkeys(violation.invariant for violation in verdict.violations))
    title = f"seed {options.seed}: {broken or 'nothing'} broken"
    parts = {
        "TITLE": html.escape(title),
        "STYLE": _text("timeline.css"),
        # Inside a script element only its end tag ends it.
        "DATA": msgspec.json.encode(_data(verdict, replay)).decode().replace("<", "\\u003c"),
        "SCRIPT": '"use strict";\n' + "\n".join(map(_text, _SCRIPTS)),
    }
    return re.sub("@(TITLE|STYLE|DATA|SCRIPT)@", lambda found: parts[found[1]], _text("timeline.html"))


def words_of(disturbance: Disturbance) -> str:
    """A disturbance in one line, without its time."""
    words = [disturbance.kind.value.replace("_", " ")]
    if disturbance.venue is not None:
        words = [f"venue: {disturbance.venue.kind.value.replace('_', ' ')}"]
        fields = msgspec.structs.asdict(disturbance.venue)
        words += [f"{name} {value}" for name, value in fields.items() if name != "kind" and value]
    if disturbance.target:
        words.append(disturbance.target)
    if disturbance.share < 1:
        words.append(f"{disturbance.share:.1%}")
    if disturbance.size:
        words.append(f"size {disturbance.size:g}")
    return ", ".join(words)


def facts_of(options: WorldOptions) -> list[tuple[str, str]]:
    """The whole option set, name by name, as people read it."""
    facts = {name: _plain(value) for name, value in msgspec.structs.asdict(options).items()}
    return list((facts | {"seed": str(options.seed)}).items())


def _text(name: str) -> str:
    return resources.files("venuekit.sim").joinpath("page", name).read_text(encoding="utf-8")


def _data(verdict: Verdict, replay: str) -> dict[str, Any]:
    """What the page's script reads, in its own words."""
    options = verdict.options
    told = story.told(verdict.marks)
    return {
        "seed": options.seed,
        "words": [options.venue, options.profile.value, options.weather.value],
        "replay": replay,
        "verdict": {
            "violations": sorted(verdict.violations, key=lambda violation: violation.time),
            "digest": verdict.digest,
            "seconds": verdict.seconds,
        },
        "options": facts_of(options),
        "figures": [(name.replace("_", " "), _plain(value)) for name, value in verdict.figures.items()],
        "fired": [
            (name.replace("_", " "), f"{times:,}") for name, times in sorted(verdict.fired.items()) if times
        ],
        "bands": _bands(verdict.plan),
        "lanes": [lane.value for lane in Lane],
        "bad": _BAD,
        "dead": _dead(verdict),
        "orders": [
            {"name": name, "count": count} for name, count in list(told.orders.items())[:_MOST_ORDERS]
        ],
        **_columns(told.lines),
    }


def _plain(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ", ".join(map(_plain, value))
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _bands(plan: Sequence[Disturbance]) -> list[dict[str, Any]]:
    """The disturbances from the first to the last; `track` keeps those apart that overlap."""
    free: list[float] = []
    bands = []
    for disturbance in sorted(plan, key=lambda disturbance: disturbance.at):
        track = next((number for number, end in enumerate(free) if end <= disturbance.at), len(free))
        free[track : track + 1] = [max(disturbance.end, disturbance.at + 1.0)]
        bands.append(
            {
                "kind": (disturbance.venue or disturbance).kind.value,
                "from": disturbance.at,
                "to": disturbance.end,
                "track": track,
                "colour": _COLOURS.get(disturbance.kind, "wire"),
                "text": words_of(disturbance),
            }
        )
    return bands


def _dead(verdict: Verdict) -> list[dict[str, Any]]:
    """From when to when no process was alive, for each host that was killed."""
    spans: list[dict[str, Any]] = []
    open_spans: dict[str, dict[str, Any]] = {}
    for mark in verdict.marks:
        host = mark.text.partition(",")[0]
        if mark.lane is not Lane.WORLD:
            continue
        if mark.kind in _ENDS:
            lanes = sorted({_place(other.lane) for other in verdict.marks if other.host == host})
            felt = [place for place in lanes if list(Lane)[place] in _LIVES_ON] or [_place(Lane.VENUE)]
            open_spans[host] = {"from": mark.time, "to": verdict.seconds, "lanes": felt}
            spans.append(open_spans[host])
        elif mark.kind == "started" and host in open_spans:
            open_spans.pop(host)["to"] = mark.time
    return spans


def _place(lane: Lane) -> int:
    return list(Lane).index(lane)


def _columns(lines: Sequence[Line]) -> dict[str, Any]:
    """The lines column by column: shorter by half than row by row."""
    hosts = list(dict.fromkeys(line.mark.host for line in lines))
    kinds = list(dict.fromkeys(line.mark.kind for line in lines))
    return {
        "hosts": hosts,
        "kinds": kinds,
        "marks": {
            "time": [round(line.mark.time, 6) for line in lines],
            "host": [hosts.index(line.mark.host) for line in lines],
            "lane": [_place(line.mark.lane) for line in lines],
            "kind": [kinds.index(line.mark.kind) for line in lines],
            "text": [line.text for line in lines],
            "detail": [_cut(line.detail) for line in lines],
            "link": [line.after for line in lines],
            "guess": [place for place, line in enumerate(lines) if not line.is_sure],
        },
    }


def _cut(detail: str) -> str:
    if len(detail) <= _LONGEST_DETAIL:
        return detail
    return f"{detail[:_LONGEST_DETAIL]} … {len(detail) - _LONGEST_DETAIL:,} characters more"
