"""Races whose best option is known: how many there are in the long lane, and what they have to keep."""

from __future__ import annotations

from collections.abc import Sequence

from ingest_bench.calibration.races import MACHINES, MIN_DECIDED, MIN_RIGHT, run_race

LONG_RACES = 1_000
"""On each machine."""


def missed_races(seeds: Sequence[int]) -> list[str]:
    """Race with these seeds, and name the figures that miss their limits.

    Of all races 99% are right or undecided, and on each machine 90% of the clear ones are decided.
    """
    run = [run_race(seed) for seed in seeds]
    right = sum(race.right or not race.decided for race in run) / len(run)
    missed = [] if right >= MIN_RIGHT else [f"{right:.1%} of {len(run)} races are right or undecided"]
    for machine in MACHINES:
        clear = [race.decided for race in run if race.machine == machine and race.clear]
        if sum(clear) < MIN_DECIDED * len(clear):
            missed.append(f"{machine}: {sum(clear)} of {len(clear)} clear races are decided")
    return missed
