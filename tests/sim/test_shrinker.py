"""Making a failing world small."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from venuekit import errors
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.options import Weather, WorldOptions, options_of
from venuekit.sim.shrinker import Plan, shrink
from venuekit.sim.verdict import Verdict, Violation

_D = DisturbanceKind
_OPTIONS = options_of(5, weather=Weather.HOSTILE)


def _plan(count: int = 24) -> Plan:
    kinds = (_D.LATENCY, _D.REPLY_LOST, _D.LOSS, _D.KILL)
    return tuple(
        Disturbance(kind=kinds[number % 4], at=8.0 * number, seconds=10.0, size=float(number))
        for number in range(count)
    )


class _World:
    """Fails where a predicate says so; counts its runs."""

    def __init__(self, fails: Callable[[WorldOptions, Plan], str | None], time: float = 90.0) -> None:
        self.runs = 0
        self._fails = fails
        self._time = time

    def __call__(self, options: WorldOptions, plan: Plan) -> Verdict:
        self.runs += 1
        name = self._fails(options, plan)
        broken = (Violation(invariant=name, time=self._time, text="broken"),) if name else ()
        return Verdict(
            options=options,
            plan=plan,
            violations=broken,
            digest="",
            seconds=options.seconds,
            fired={},
            figures={},
        )


def _has(plan: Plan, *sizes: float) -> bool:
    return all(any(one.size == size for one in plan) for size in sizes)


def test_only_the_disturbance_that_matters_is_left() -> None:
    world = _World(lambda _, plan: "O2" if _has(plan, 7.0) else None)
    shrunk = shrink(_OPTIONS, _plan(), world)
    assert [one.size for one in shrunk.plan] == [7.0]
    assert shrunk.violation.invariant == "O2"


def test_two_that_only_fail_together_both_stay() -> None:
    world = _World(lambda _, plan: "O2" if _has(plan, 2.0, 9.0) else None)
    assert [one.size for one in shrink(_OPTIONS, _plan(), world).plan] == [2.0, 9.0]


def test_another_invariant_is_another_failure() -> None:
    """What is left when the kill is dropped fails too, and not in the way that was asked about."""
    world = _World(lambda _, plan: "O2" if _has(plan, 3.0) else "L1")
    assert [one.size for one in shrink(_OPTIONS, _plan(), world).plan] == [3.0]


def test_a_failure_that_needs_no_trouble_has_an_empty_plan() -> None:
    world = _World(lambda *_: "O2")
    shrunk = shrink(_OPTIONS, _plan(), world)
    assert shrunk.plan == ()


def test_a_disturbance_is_as_short_as_it_can_be() -> None:
    world = _World(lambda _, plan: "O2" if any(one.size == 7.0 and one.seconds > 2 for one in plan) else None)
    (left,) = shrink(_OPTIONS, _plan(), world).plan
    assert 2 < left.seconds <= 4


def test_the_time_is_cut_behind_the_violation() -> None:
    world = _World(lambda _, plan: "O2" if _has(plan, 4.0) else None, time=40.0)
    shrunk = shrink(_OPTIONS, _plan(), world).options
    assert (shrunk.seconds, shrunk.healing) == (41.0, _OPTIONS.healing)


def test_options_are_made_simpler_where_that_changes_nothing() -> None:
    world = _World(lambda options, _: "O2" if options.pause < 30 and options.rate > 0.5 else None)
    busy = options_of(5, weather=Weather.HOSTILE)
    shrunk = shrink(busy, _plan(), world).options if busy.rate > 0.5 else None
    assert shrunk is None or (shrunk.pairs == busy.pairs[:1] and shrunk.rate == busy.rate)


def test_no_more_runs_are_made_than_were_allowed() -> None:
    world = _World(lambda _, plan: "O2" if _has(plan, 2.0, 9.0, 17.0) else None)
    shrunk = shrink(_OPTIONS, _plan(), world, runs=11)
    assert (world.runs, shrunk.runs) == (11, 11)
    assert _has(shrunk.plan, 2.0, 9.0, 17.0)


def test_each_smaller_world_is_told() -> None:
    told: list[int] = []
    world = _World(lambda _, plan: "O2" if _has(plan, 7.0) else None)
    shrink(_OPTIONS, _plan(), world, tell=lambda smaller: told.append(len(smaller.plan)))
    assert told == sorted(told, reverse=True)
    assert told[-1] == 1


def test_a_world_that_does_not_fail_is_refused() -> None:
    with pytest.raises(errors.UsageError, match="seed 5 does not fail"):
        shrink(_OPTIONS, _plan(), _World(lambda *_: None))
