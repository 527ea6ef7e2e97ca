"""Crash points: the standard scenario, cut off at every boundary in every way, and compared."""

from __future__ import annotations

from collections.abc import Iterator

from venuekit.connector.trading_policy import OrderEntry
from venuekit.journal.writer import Durability
from venuekit.protocol.frozen import Frozen
from venuekit.seams import chance
from venuekit.seams.chance import Chance
from venuekit.sim.crash_scenario import Outcome, Scenario, play
from venuekit.sim.crash_trap import MOMENTS, Moment, Strike, Trap

__all__ = ["CrashOptions", "CrashPoint", "CrashVerdict", "crash_points", "run_crash_point"]


class CrashOptions(Frozen):
    """Which scenarios are cut off: each seed, with each durability, by each way of commands, at each lag.

    The process ends at each point, and where the journal is to survive that, the machine as well. With
    `beyond_promise` the machine also ends under journals that need not survive it: then an order may be
    forgotten, and none doubled. `twice` cuts off the next life as well, at a boundary that the seed chooses.
    """

    seeds: tuple[int, ...] = (1,)
    venue: str = "binance"
    durabilities: tuple[Durability, ...] = tuple(Durability)
    order_entries: tuple[OrderEntry, ...] = tuple(OrderEntry)
    lags: tuple[float, ...] = (0.0,)
    beyond_promise: bool = False
    twice: bool = False


class CrashPoint(Frozen):
    """One moment of one scenario; `text` says what is at that boundary.

    `again` cuts off the life that comes after it, if that one comes so far.
    """

    scenario: Scenario
    moment: Moment
    occasion: int
    power: bool
    text: str
    again: Strike | None = None

    def __str__(self) -> str:
        each, end = self.scenario, "power lost" if self.power else "killed"
        return (
            f"{each.venue}, seed {each.seed}, {each.durability.value}, {each.order_entry.value}: "
            f"{end} {self.moment.value}, no. {self.occasion} ({self.text})"
            + (f", then {self.again.moment.value}, no. {self.again.occasion}" if self.again else "")
        )


class CrashVerdict(Frozen):
    """What became of one crash point. `complaints` is everything in which the account differs at last."""

    point: CrashPoint
    complaints: tuple[str, ...]
    seconds: float

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost or doubled."""
        return not self.complaints


def crash_points(options: CrashOptions) -> list[CrashPoint]:
    """Every moment at every boundary of the scenarios, found by running each once without an accident.

    Raises:
        RuntimeError: a scenario goes wrong by itself, so that a crash would prove nothing.
    """
    return [point for scenario in _scenarios(options) for point in _points(scenario, options)]


def run_crash_point(point: CrashPoint) -> CrashVerdict:
    """Run a scenario up to its crash, begin a new life on the same disk, let it settle, and compare."""
    strikes = [Strike(moment=point.moment, occasion=point.occasion)]
    if point.again is not None:
        strikes.append(point.again)
    trap = Trap(*strikes, power=point.power)
    outcome = play(point.scenario, trap)
    complaints = outcome.complaints
    if not trap.sprung:
        complaints = (*complaints, "the scenario did not come to this point")
    return CrashVerdict(point=point, complaints=complaints, seconds=outcome.seconds)


def _scenarios(options: CrashOptions) -> Iterator[Scenario]:
    for seed in options.seeds:
        for durability in options.durabilities:
            for order_entry in options.order_entries:
                for lag in options.lags:
                    yield Scenario(
                        seed=seed,
                        venue=options.venue,
                        durability=durability,
                        order_entry=order_entry,
                        lag=lag,
                    )


def _points(scenario: Scenario, options: CrashOptions) -> Iterator[CrashPoint]:
    trap = Trap()
    _require_sound(play(scenario, trap), scenario)
    survives_power = scenario.durability is Durability.POWER
    ends = (False, True) if survives_power or options.beyond_promise else (False,)
    second = chance.seeded(f"{scenario.seed}/second crash")
    for passing in trap.passings:
        for moment in MOMENTS[passing.boundary]:
            for power in ends:
                yield CrashPoint(
                    scenario=scenario,
                    moment=moment,
                    occasion=passing.occasion,
                    power=power,
                    text=passing.text,
                    again=_drawn(second) if options.twice else None,
                )


def _drawn(draw: Chance) -> Strike:
    """A boundary within the next life's start, or soon after it."""
    return Strike(moment=draw.choice(tuple(Moment)), occasion=min(round(draw.expovariate(0.1)) + 1, 60))


def _require_sound(outcome: Outcome, scenario: Scenario) -> None:
    if outcome.complaints:
        raise RuntimeError(f"{scenario} goes wrong without an accident: {'; '.join(outcome.complaints)}")
