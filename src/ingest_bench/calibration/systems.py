"""Artificial systems: the seconds of each arm without noise, and its true speed-up.

The seconds come from the event simulation, the truth from the closed form; they share only the description of the
system.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from ingest_bench.analysis.bottleneck import Ablation, Bottleneck
from ingest_bench.calibration.closed_forms import (
    Bucket,
    Law,
    Station,
    limited_seconds,
    removal_gain,
    throughput,
    without,
)
from ingest_bench.calibration.event_simulation import run_seconds

LEVELS = (1, 2, 4, 8, 16, 32)
UNITS = 4_800
"""So many that filling and emptying the stations is negligible."""
REQUESTS = 480
MIN_PLANTED_GAIN = 2.0
"""How many times the gain of any other stage the removal of a planted one gains, in truth."""
VARIETY = 20
"""Different systems of each kind; every run draws one of them."""


@dataclass(frozen=True)
class Scaled:
    """A system at several levels of concurrency."""

    kind: str
    seconds: Mapping[int, float]
    """By level, of a run without noise."""
    speed_ups: Mapping[int, float]
    """By level, over the lowest one: the truth."""
    peak: float | None = None
    """The true level of the highest throughput, where a law has one within the levels."""

    @property
    def good_enough(self) -> frozenset[int]:
        """Levels within 5% of the best, in truth."""
        best = max(self.speed_ups.values())
        return frozenset(level for level, value in self.speed_ups.items() if value >= 0.95 * best)


@dataclass(frozen=True)
class Planted:
    """A system with a slow stage, and its ablation arms."""

    kind: str
    bottleneck: Bottleneck
    seconds: Mapping[str, float]
    """By ablation ("nothing": the whole ingest), of a run without noise."""
    gains: Mapping[Ablation, float] = field(default_factory=dict)
    """True speed-up of each arm over the whole ingest."""


@cache
def slots(variant: int) -> Scaled:
    """Build a server with a fixed delay and a few slots: X(n) = min(n / (L + S), c / S)."""
    rng = random.Random(f"slots/{variant}")  # noqa: S311 - repeatable on purpose
    service = rng.uniform(0.005, 0.025)
    stations = [Station("delay", service * rng.uniform(1, 4)), Station("slots", service, rng.randint(2, 4))]
    rates = {level: throughput(stations, level) for level in LEVELS}
    return Scaled(
        "delay and slots",
        {level: run_seconds(stations, level, UNITS) for level in LEVELS},
        {level: rate / rates[1] for level, rate in rates.items()},
    )


@cache
def limited(variant: int) -> Scaled:
    """Build a server with a fixed delay and a token bucket."""
    rng = random.Random(f"limited/{variant}")  # noqa: S311 - repeatable on purpose
    delay = rng.uniform(0.02, 0.06)
    bucket = Bucket(rng.uniform(2, 12) / delay, LEVELS[-1])
    truth = {level: limited_seconds(REQUESTS, delay, level, bucket) for level in LEVELS}
    return Scaled(
        "token bucket",
        {level: run_seconds([Station("delay", delay)], level, REQUESTS, bucket) for level in LEVELS},
        {level: truth[1] / seconds for level, seconds in truth.items()},
    )


@cache
def scalable(variant: int) -> Scaled:
    """Build a system that follows the Universal Scalability Law, with its peak within the levels."""
    rng = random.Random(f"scalable/{variant}")  # noqa: S311 - repeatable on purpose
    contention = rng.uniform(0.01, 0.2)
    law = Law(40, contention, (1 - contention) / rng.uniform(6, 24) ** 2)
    rates = {level: law.throughput(level) for level in LEVELS}
    return Scaled(
        "USL curve",
        {level: UNITS / rate for level, rate in rates.items()},
        {level: rate / rates[1] for level, rate in rates.items()},
        law.peak,
    )


PLANTED: dict[str, Bottleneck] = {
    "read": "I/O",
    "parse": "CPU",
    "network": "network",
    "server": "server",
    "output": "output",
}


@cache
def planted(stage: str, variant: int) -> Planted:
    """Build a system with one stage that stands out in truth."""
    rng = random.Random(f"{stage}/{variant}")  # noqa: S311 - repeatable on purpose
    while True:
        workers = rng.choice((1, 2, 4, 8))
        times = {name: rng.uniform(0.002, 0.006) for name in PLANTED}
        times[stage] = rng.uniform(0.02, 0.06)
        files = stage == "read" or (stage in ("parse", "output") and rng.random() < 0.5)  # noqa: PLR2004 - a coin
        system = _ablated(f"slow {stage}", PLANTED[stage], times, workers, files=files)
        stations = _stations(times, files=files)
        gains = {each.name: removal_gain(stations, each.name, workers) for each in stations}
        if all(gains[stage] > MIN_PLANTED_GAIN * gain for name, gain in gains.items() if name != stage):
            return system


@cache
def balanced(variant: int) -> Planted:
    """Build a system in which parsing and output take the same time, one after the other: no stage stands out."""
    rng = random.Random(f"balanced/{variant}")  # noqa: S311 - repeatable on purpose
    times = dict.fromkeys(PLANTED, 0.002)
    times["parse"] = times["output"] = rng.uniform(0.01, 0.05)
    return _ablated("two equal stages", "mixed", times, workers=1, files=True)


def _stations(times: Mapping[str, float], *, files: bool) -> list[Station]:
    """List what a unit passes: files come from a disk, pages from a server over a network."""
    source = [("read", 2)] if files else [("server", None), ("network", None)]
    return [Station(name, times[name], servers) for name, servers in [*source, ("parse", 1), ("output", 1)]]


def _ablated(kind: str, bottleneck: Bottleneck, times: Mapping[str, float], workers: int, *, files: bool) -> Planted:
    whole = _stations(times, files=files)
    sources = {"read", "server", "network"}
    arms: dict[Ablation, list[Station]] = {
        "no_parsing": without(whole, "parse"),
        "from_memory": [each for each in whole if each.name not in sources],
        "no_output": without(whole, "output"),
    }
    if not files:
        arms["no_think_time"] = without(whole, "server")
    return Planted(
        kind,
        bottleneck,
        {name: run_seconds(stations, workers, UNITS) for name, stations in [("nothing", whole), *arms.items()]},
        {name: throughput(stations, workers) / throughput(whole, workers) for name, stations in arms.items()},
    )
