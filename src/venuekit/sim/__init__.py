"""A deterministic world: hosts, network, disks, clocks and chance, all of it from one seed.

    from venuekit.sim import Stage, Weather, options_of, simulate

    verdict = simulate(options_of(7, weather=Weather.ROUGH), strategy=my_strategy)

docs/SIMULATION.md says what a world does, and how a strategy of one's own runs in it.
"""

from venuekit.sim.options import Profile, Weather, WorldOptions, options_of
from venuekit.sim.stage import Mood, Stage, Strategy
from venuekit.sim.verdict import Verdict, Violation
from venuekit.sim.world import World, simulate

__all__ = [
    "Mood",
    "Profile",
    "Stage",
    "Strategy",
    "Verdict",
    "Violation",
    "Weather",
    "World",
    "WorldOptions",
    "options_of",
    "simulate",
]
