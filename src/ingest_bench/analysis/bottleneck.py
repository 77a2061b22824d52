"""The stage that limits an ingest, found by ablation: removing one stage at a time.

The gain from removing a stage bounds what improving it can give. Timers would add up stages that overlap.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ingest_bench.analysis.speedup import EQUIVALENCE_MARGIN, Bounds, verdict
from ingest_bench.results.models import Sample, Speedup

Ablation = Literal["no_parsing", "from_memory", "no_think_time", "no_output", "no_consumer"]
"""An arm that leaves something out: yields bytes without parsing them, parses what is in memory already, asks a server
that doesn't think, writes nothing, or hands items to nobody."""
Stage = Literal["read", "parse", "network", "server", "output", "consumer"]
Bottleneck = Literal["I/O", "CPU", "network", "server", "output", "mixed"]

NAMES: dict[Stage, Bottleneck] = {
    "read": "I/O",
    "parse": "CPU",
    "network": "network",
    "server": "server",
    "output": "output",
    "consumer": "CPU",
}
Weights = dict[Ablation, int]
"""A stage's share of the time, as a weighted sum of what arms save."""
MAX_SAVED = 0.999
"""Share of the time; bounds the gain that is shown."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The bottleneck of an ingest."""

    bottleneck: Bottleneck
    stage: Stage | None
    """The one stage whose removal saves more time than that of any other; None when mixed."""
    gains: dict[Stage, Speedup]
    """By stage, how many times the throughput is without it, which bounds what improving it can give. Largest first."""


def diagnose(ablations: Mapping[Ablation, Speedup], noise: Speedup | None = None) -> Diagnosis:
    """Give the bottleneck, and the gain from removing each stage.

    A stage is named when its removal gains something beyond the noise, and saves more of the time than the removal of
    any other: by `EQUIVALENCE_MARGIN` or more, and beyond the error of the comparison. Otherwise the bottleneck is
    mixed, as far as these pairs can tell.

    Args:
        ablations: by what was left out, the speed-up of the arm over the whole ingest, in pairs.
        noise: of the scenario's null cell.

    """
    stages = _stages(ablations)
    unsorted = {stage: _gain(ablations, weights) for stage, weights in stages.items()}
    gains = dict(sorted(unsorted.items(), key=lambda item: -item[1].median))
    top = next(iter(gains), None)
    if top is None or verdict(gains[top], noise) != "better":
        return Diagnosis("mixed", None, gains)
    # Differences of weights, because stages that share an arm share its error: their intervals are not independent.
    contenders = [stages[other] for other in gains if NAMES[other] != NAMES[top]]
    lead_weights = [
        {arm: stages[top].get(arm, 0) - other.get(arm, 0) for arm in {**stages[top], **other}} for other in contenders
    ]
    leads = [_saved(ablations, weights) for weights in lead_weights]
    if any(lead.low <= 0 or lead.value < EQUIVALENCE_MARGIN for lead in leads):
        return Diagnosis("mixed", None, gains)
    return Diagnosis(NAMES[top], top, gains)


def _stages(ablations: Mapping[Ablation, Speedup]) -> dict[Stage, Weights]:
    """Give the arms that each stage is removed by.

    Parsing from memory leaves out all that brings the bytes: of an API that is the server and the network, so the
    network is what it saves beyond a server that doesn't think. Handing items to nobody leaves out the output as well,
    so the consumer is what that saves beyond the output.
    """
    removed_by: dict[Stage, Weights] = {
        "parse": {"no_parsing": 1},
        "server": {"no_think_time": 1},
        "network" if "no_think_time" in ablations else "read": {"from_memory": 1, "no_think_time": -1},
        "output": {"no_output": 1},
        "consumer": {"no_consumer": 1, "no_output": -1},
    }
    return {
        stage: {arm: weight for arm, weight in weights.items() if arm in ablations}
        for stage, weights in removed_by.items()
        if next(iter(weights)) in ablations
    }


def _saved(ablations: Mapping[Ablation, Speedup], weights: Weights) -> Bounds:
    """Give the sum of the shares of the time that arms save: 1 - 1 / gain each (Amdahl's law).

    Each arm was measured in pairs of its own, so the errors are independent: the distances of the bounds are squared
    and added (G. Y. Zou and A. Donner, Statistics in Medicine 27, 2008).
    """
    value = down = up = 0.0
    for name, weight in weights.items():
        ratio = ablations[name]
        share = 1 - 1 / ratio.median
        below, above = share - (1 - 1 / ratio.low), (1 - 1 / ratio.high) - share
        value += weight * share
        down += (weight * (below if weight > 0 else above)) ** 2
        up += (weight * (above if weight > 0 else below)) ** 2
    return Bounds(value, value - math.sqrt(down), value + math.sqrt(up))


def _gain(ablations: Mapping[Ablation, Speedup], weights: Weights) -> Speedup:
    first = ablations[next(iter(weights))]
    if len(weights) == 1:
        return first
    saved = _saved(ablations, weights)
    median, low, high = (1 / (1 - min(share, MAX_SAVED)) for share in (saved.value, saved.low, saved.high))
    pairs = min(ablations[name].pairs for name in weights)
    return first.model_copy(update={"median": median, "low": low, "high": high, "pairs": pairs})


CPU_BUSY, CPU_IDLE = 0.8, 0.5
"""Shares of one processor above which an ingest computes, and below which it waits."""
LITTLE_TOLERANCE = 0.05
"""Relative deviation from Little's law within which it holds."""
IN_FLIGHT_SHARE = 0.75
"""Share of the concurrency in flight at the server above which the ingest waits for it."""


@dataclass(frozen=True, slots=True)
class Corroboration:
    """One counter."""

    name: Literal["processor time", "context switches", "bytes read", "Little's law", "requests in flight"]
    value: float
    unit: str
    agrees: bool | None
    """Whether it supports the bottleneck; None when it says nothing about it."""


def corroborating_counters(samples: Sequence[Sample], bottleneck: Bottleneck, concurrency: int) -> list[Corroboration]:
    """Give the counters of the whole ingest's samples.

    Little's law says that the requests in flight are their rate times the response time (J. D. C. Little, Operations
    Research 9, 1961); the server counts all three on its own. Where they disagree it missed requests, and none of its
    counts is reliable.

    Args:
        samples: of the arm with nothing left out.
        bottleneck: as found by ablation.
        concurrency: of that arm.

    """
    valid = [sample for sample in samples if sample.invalid is None]
    if not valid:
        return []
    waits = bottleneck in ("I/O", "network", "server")
    share = statistics.median((sample.cpu_user_s + sample.cpu_system_s) / sample.wall_s for sample in valid)
    switches = statistics.median(sample.context_switches / sample.wall_s for sample in valid)
    counters = [
        Corroboration("processor time", share, "of one processor", _supports(share, bottleneck, waits=waits)),
        Corroboration("context switches", switches, "a second", None),
    ]
    read_rates = [sample.bytes_read / sample.wall_s / 1e6 for sample in valid if sample.bytes_read is not None]
    if read_rates:
        counters.append(Corroboration("bytes read", statistics.median(read_rates), "MB a second", None))
    return counters + _server_counters(valid, bottleneck, concurrency)


def _supports(share: float, bottleneck: Bottleneck, *, waits: bool) -> bool | None:
    if CPU_IDLE <= share < CPU_BUSY or not (waits or bottleneck == "CPU"):
        return None
    return (share < CPU_IDLE) == waits


def _server_counters(samples: Sequence[Sample], bottleneck: Bottleneck, concurrency: int) -> list[Corroboration]:
    records = [sample.server for sample in samples if sample.server]
    if not records:
        return []
    little = statistics.median(record.little_ratio for record in records)
    in_flight = statistics.median(record.in_flight_mean for record in records) / concurrency
    # Requests that wait in the network are not yet, or no longer, in flight at the server.
    served = in_flight >= IN_FLIGHT_SHARE
    supported = served if bottleneck == "server" else not served if bottleneck in ("CPU", "output") else None
    holds = None if abs(little - 1) <= LITTLE_TOLERANCE else False
    return [
        Corroboration("Little's law", little, "of rate x response time", holds),
        Corroboration("requests in flight", in_flight, "of the concurrency", supported),
    ]
