"""What a run looks like as a page."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from tests.sim.toy_world import FAILING, simulate

from venuekit.emulator.faults import Fault, FaultKind
from venuekit.sim import timeline
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.options import Weather, options_of
from venuekit.sim.trace import Lane, Mark
from venuekit.sim.verdict import Verdict

_REPLAY = "venuekit sim --from 1013 --seeds 1"


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    return simulate(options_of(FAILING, weather=Weather.HOSTILE), keeps_trace=True)


def _data(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    read: dict[str, Any] = json.loads(found[1])
    return read


def _with(verdict: Verdict, **changes: Any) -> Verdict:
    return msgspec.structs.replace(verdict, **changes)


def _mark(number: int, text: str, *, lane: Lane = Lane.WIRE, **more: Any) -> Mark:
    told: dict[str, Any] = {"time": float(number), "host": "venue", "kind": "frame"} | more
    return Mark(number=number, lane=lane, text=text, **told)


def test_a_page_needs_nothing_but_itself(verdict: Verdict) -> None:
    page = timeline.page(verdict, replay=_REPLAY)
    around = page.replace(re.findall(r"<script id=.data.*?</script>", page, re.DOTALL)[0], "")
    addresses = set(re.findall(r"""[a-z]+://[^\s"'<]*""", around))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\bsrc=|@import|\burl\(|\bimport\(|\bfetch\(", around)


def test_every_mark_is_on_the_page_in_its_lane(verdict: Verdict) -> None:
    marks = _data(timeline.page(verdict, replay=_REPLAY))["marks"]
    lanes = list(Lane)
    shown = list(zip(marks["time"], (lanes[lane] for lane in marks["lane"]), marks["text"], strict=True))
    assert shown == [(round(mark.time, 6), mark.lane, mark.text) for mark in verdict.marks]
    assert len(shown) > 100


def test_a_mark_points_at_the_one_it_answers(verdict: Verdict) -> None:
    later = _with(verdict, marks=(_mark(7, "asked"), _mark(8, "told", link=7), _mark(9, "late", link=2)))
    assert _data(timeline.page(later, replay=_REPLAY))["marks"]["link"] == [-1, 0, -1]


def test_nothing_that_was_said_can_end_the_script(verdict: Verdict) -> None:
    nasty = "</script><script>alert(1)</script><!-- @SCRIPT@ @DATA@"
    page = timeline.page(_with(verdict, marks=(_mark(1, nasty, detail=nasty),)), replay=_REPLAY)
    assert page.count("</script>") == 2
    assert _data(page)["marks"]["text"] == [nasty]


def test_the_violation_the_options_and_the_command_are_told(verdict: Verdict) -> None:
    data = _data(timeline.page(verdict, replay=_REPLAY))
    assert data["replay"] == _REPLAY
    assert [broken["invariant"] for broken in data["verdict"]["violations"]] == ["O2"]
    assert {name for name, _ in data["options"]} == set(msgspec.structs.asdict(verdict.options))


def test_disturbances_that_overlap_stand_side_by_side(verdict: Verdict) -> None:
    plan = tuple(
        Disturbance(kind=DisturbanceKind.LOSS, at=at, seconds=10.0, share=0.25) for at in (40.0, 0.0, 5.0)
    )
    bands = _data(timeline.page(_with(verdict, plan=plan), replay=_REPLAY))["bands"]
    assert [(band["from"], band["to"], band["track"]) for band in bands] == [
        (0.0, 10.0, 0),
        (5.0, 15.0, 1),
        (40.0, 50.0, 0),
    ]


def test_a_killed_trader_is_dead_until_it_is_started(verdict: Verdict) -> None:
    marks = (
        _mark(1, "buy", lane=Lane.STRATEGY, host="trader"),
        _mark(2, "trader, life 1", lane=Lane.WORLD, kind="killed", host="world"),
        _mark(5, "trader, life 2", lane=Lane.WORLD, kind="started", host="world"),
        _mark(6, "trader, life 2", lane=Lane.WORLD, kind="killed", host="world"),
    )
    dead = _data(timeline.page(_with(verdict, marks=marks), replay=_REPLAY))["dead"]
    assert [(span["from"], span["to"]) for span in dead] == [(2.0, 5.0), (6.0, verdict.seconds)]
    assert dead[0]["lanes"] == [list(Lane).index(Lane.STRATEGY)]


def test_an_order_is_known_by_the_name_that_the_connector_gave_it(verdict: Verdict) -> None:
    marks = (
        _mark(1, "BTC-USDT as vk016a000001", lane=Lane.STRATEGY),
        _mark(2, "POST", detail="newClientOrderId=vk016a000001&signature=0a1b"),
        _mark(3, "somebody else's x99999999999"),
        _mark(4, "somebody else's x99999999999"),
    )
    orders = _data(timeline.page(_with(verdict, marks=marks), replay=_REPLAY))["orders"]
    assert orders == [{"name": "vk016a000001", "count": 2}]


def test_a_long_detail_is_cut_and_says_so(verdict: Verdict) -> None:
    page = timeline.page(_with(verdict, marks=(_mark(1, "snapshot", detail="9" * 100_000),)), replay=_REPLAY)
    (detail,) = _data(page)["marks"]["detail"]
    assert detail.endswith("9 … 96,000 characters more")


@pytest.mark.parametrize(
    ("disturbance", "words"),
    [
        (Disturbance(kind=DisturbanceKind.KILL, at=1.0), "kill"),
        (
            Disturbance(kind=DisturbanceKind.LATENCY, at=1.0, target="a>b", size=0.5, share=0.25),
            "latency, a>b, 25.0%, size 0.5",
        ),
        (
            Disturbance(
                kind=DisturbanceKind.VENUE_FAULT,
                at=1.0,
                venue=Fault(kind=FaultKind.GAP, times=2, path="fill"),
            ),
            "venue: gap, path fill, times 2",
        ),
    ],
)
def test_a_disturbance_is_told_in_a_line(disturbance: Disturbance, words: str) -> None:
    assert timeline.words_of(disturbance) == words
