from __future__ import annotations

from collections import Counter

import pytest

from venuekit.connector.trading_policy import OrderEntry
from venuekit.journal.ids import ClientIds
from venuekit.journal.record import Body, IdBlock
from venuekit.journal.recorded_tracker import RecordedTracker
from venuekit.journal.writer import Durability, Journal
from venuekit.sim.crash_points import CrashOptions, CrashPoint, crash_points, run_crash_point
from venuekit.sim.crash_scenario import Scenario, play
from venuekit.sim.crash_trap import Boundary, Moment, Strike, Trap

PROCESS, POWER = Durability.PROCESS, Durability.POWER
BEYOND = CrashOptions(durabilities=(PROCESS,), order_entries=(OrderEntry.REST,), beyond_promise=True)


@pytest.fixture(scope="module")
def points() -> list[CrashPoint]:
    return crash_points(CrashOptions())


def among(
    points: list[CrashPoint], moment: Moment, durability: Durability, text: str = ""
) -> list[CrashPoint]:
    return [
        point
        for point in points
        if point.moment is moment and point.scenario.durability is durability and text in point.text
    ]


def complaints(points: list[CrashPoint]) -> list[str]:
    return [f"{point}: {words}" for point in points for words in run_crash_point(point).complaints]


def test_the_scenario_without_an_accident_ends_as_the_venue_has_it() -> None:
    trap = Trap()
    outcome = play(Scenario(), trap)
    assert outcome.complaints == ()
    assert outcome.lives == 3
    assert outcome.orders >= 10
    assert outcome.fills >= 5
    assert not trap.sprung


def test_every_boundary_is_cut_off_in_every_way(points: list[CrashPoint]) -> None:
    assert len(points) >= 2_000
    for durability in Durability:
        found = Counter(point.moment for point in points if point.scenario.durability is durability)
        assert set(found) == set(Moment)
        assert found[Moment.BEFORE_WRITE] == found[Moment.TORN_HALF] == found[Moment.WRITTEN] > 200


def test_the_machine_ends_only_where_the_journal_is_to_survive_that(points: list[CrashPoint]) -> None:
    found = Counter((point.scenario.durability, point.power) for point in points)
    assert set(found) == {(PROCESS, False), (POWER, False), (POWER, True)}
    assert found[POWER, False] == found[POWER, True]


def test_points_beyond_the_promise_are_there_for_who_asks() -> None:
    both = crash_points(BEYOND)
    assert Counter(point.power for point in both) == {True: len(both) // 2, False: len(both) // 2}


@pytest.mark.parametrize("durability", Durability)
@pytest.mark.parametrize("moment", Moment)
def test_nothing_is_lost_or_doubled(points: list[CrashPoint], moment: Moment, durability: Durability) -> None:
    found = [point for point in among(points, moment, durability) if point.power is (durability is POWER)]
    assert complaints([found[len(found) // 3]]) == []


def test_a_life_that_is_cut_off_while_it_recovers_loses_and_doubles_nothing() -> None:
    twice = crash_points(CrashOptions(durabilities=(POWER,), order_entries=(OrderEntry.AUTO,), twice=True))
    assert all(point.again is not None for point in twice)
    assert complaints(twice[100 :: len(twice) // 5]) == []


def test_a_crash_point_is_the_same_each_time(points: list[CrashPoint]) -> None:
    point = points[len(points) // 2]
    assert run_crash_point(point) == run_crash_point(point)


def test_without_a_promise_an_order_may_be_forgotten_and_none_is_doubled() -> None:
    both = crash_points(BEYOND)
    lost = [point for point in both if point.power and point.moment is Moment.EXECUTED]
    assert complaints(lost[10::20]) == []
    # The record that a cancel has left may go with the power: then it leaves once more.
    assert complaints([point for point in lost if "DELETE" in point.text][:4]) == []


def test_a_point_that_is_not_reached_is_a_complaint() -> None:
    point = CrashPoint(
        scenario=Scenario(), moment=Moment.WRITTEN, occasion=100_000, power=False, text="never"
    )
    assert run_crash_point(point).complaints == ("the scenario did not come to this point",)


def test_a_scenario_that_goes_wrong_by_itself_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecordedTracker, "_write_fill", lambda *_: None)
    with pytest.raises(RuntimeError, match=r"goes wrong without an accident: .*the journal lacks"):
        crash_points(CrashOptions())


# What the points find.


def test_they_find_that_a_command_does_not_wait_for_the_medium(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def at_once(_: Journal, __: int) -> None:
        return None

    monkeypatch.setattr(Journal, "kept", at_once)
    trap = Trap()
    play(Scenario(durability=POWER), trap)
    placed = [
        passing.occasion
        for passing in trap.passings
        if passing.boundary is Boundary.ARRIVAL and "order.place" in passing.text
    ]
    found = [
        complaint
        for occasion in placed[:4]
        for complaint in play(
            Scenario(durability=POWER),
            Trap(Strike(moment=Moment.EXECUTED, occasion=occasion), power=True),
        ).complaints
    ]
    assert any("is at the venue and was never" in complaint for complaint in found)


def test_they_find_that_reserved_ids_are_not_on_the_medium(monkeypatch: pytest.MonkeyPatch) -> None:
    keep = Journal.keep

    def kept(journal: Journal, item: Body) -> int:
        return journal.append(item) if isinstance(item, IdBlock) else keep(journal, item)

    monkeypatch.setattr(Journal, "keep", kept)
    strike = Strike(moment=Moment.LEAVING, occasion=30)
    found = [play(Scenario(seed=seed), Trap(strike, power=True)).complaints for seed in (2, 3)]
    assert all("is still open" in complaints[0] for complaints in found)


def test_they_find_that_ids_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    make = ClientIds.__init__

    def forgetful(ids: ClientIds, prefix: str, instance: str, first: int, reserve: object) -> None:
        make(ids, prefix, instance, 0, reserve)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(ClientIds, "__init__", forgetful)
    assert play(Scenario(), Trap(Strike(moment=Moment.WRITTEN, occasion=60))).complaints != ()
