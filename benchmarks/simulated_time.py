"""How much faster than the clock a simulated world runs, on one core, for the standard scenario.

    python benchmarks/simulated_time.py [--worlds N]

The standard scenario: five simulated minutes, one pair in which others trade twice a second, one trading
connector with its account's stream, an action of the strategy every four seconds, nothing that goes wrong. It
is measured in processor time, so that what else the machine does counts less.
"""

from __future__ import annotations

import argparse
import time

import msgspec

from venuekit.connector.trading_policy import AtStop, OrderEntry
from venuekit.journal.writer import Durability
from venuekit.sim import Profile, Weather, WorldOptions, options_of, simulate


def standard(seed: int, profile: Profile) -> WorldOptions:
    """The options of the standard scenario."""
    return msgspec.structs.replace(
        options_of(seed, profile=profile, weather=Weather.CALM),
        pairs=("BTC-USDT",),
        rate=2.0,
        pause=4.0,
        durability=Durability.PROCESS,
        order_entry=OrderEntry.AUTO,
        at_stop=AtStop.LEAVE,
        poll_interval=45.0,
        latency=0.02,
        skew=0.0,
        drift=0.0,
        pays_in_third_asset=False,
        shuffles=0.25,
    )


def main() -> None:
    """Measure both profiles and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=5, help="worlds of each profile")
    arguments = parser.parse_args()
    for profile in Profile:
        simulate(standard(0, profile), ())  # what is imported and compiled at first is not the world's
        ratios = sorted(_ratio(seed, profile) for seed in range(1, arguments.worlds + 1))
        middle = ratios[len(ratios) // 2]
        print(f"{profile.value:<8}{middle:6.0f} times real time ({ratios[0]:.0f} to {ratios[-1]:.0f})")


def _ratio(seed: int, profile: Profile) -> float:
    began = time.process_time()
    verdict = simulate(standard(seed, profile), ())
    return verdict.seconds / (time.process_time() - began)


if __name__ == "__main__":
    main()
