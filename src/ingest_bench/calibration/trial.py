"""One seeded run: every kind of system, measured with noise by the rules of the harness, against its closed form."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Literal, Self

import numpy as np

from ingest_bench.analysis.bottleneck import diagnose
from ingest_bench.analysis.recommend import recommend
from ingest_bench.analysis.speedup import INTERVAL_PAIRS, pair_ratios, speed_up, verdict
from ingest_bench.analysis.usl import Usl, fit_usl
from ingest_bench.calibration.races import Race, run_race
from ingest_bench.calibration.systems import (
    PLANTED,
    VARIETY,
    Planted,
    Scaled,
    balanced,
    limited,
    planted,
    scalable,
    slots,
)
from ingest_bench.config.models import Pairs, Sampling
from ingest_bench.harness.validity import StoppingRule, flag_outliers
from ingest_bench.results.models import Digest, Sample, Speedup, StopReason

ITEMS = 10_000
DRIFT_SD = 0.02
"""Standard deviation of the step of the machine's log speed from one sample to the next: a random walk."""
BETWEEN_CELLS_SD = 0.3
"""That of its log speed from cell to cell, which may be measured hours apart."""
OUTLIER_SHARE = 0.02
"""Of samples that are delayed."""
_NOTHING = Digest(count=ITEMS, ids="", content="")


@dataclass(frozen=True)
class SimulatedCell:
    """A cell: its samples, and what the harness computes from them."""

    samples: list[Sample]
    logs: list[float]
    """Of the ratios of the valid pairs."""
    speedup: Speedup
    stop_reason: StopReason


class NoiseModel:
    """Log-normal noise of samples, a speed that drifts, and outliers."""

    def __init__(self, rng: np.random.Generator, sd: float) -> None:
        """Draw from a generator; `sd` is the standard deviation of a sample's log noise."""
        self._rng = rng
        self._sd = sd

    def measure(self, baseline_s: float, candidate_s: float, sampling: Sampling) -> SimulatedCell:
        """Give a cell of sides with these noise-free seconds, sampled until the harness's stopping rule ends it."""
        run = self._runs()
        stop, samples, seconds, pairs = StoppingRule(sampling), list[Sample](), 0.0, 0
        while True:
            sides: list[tuple[Literal["baseline", "candidate"], float]]
            sides = [("baseline", baseline_s), ("candidate", candidate_s)]
            if self._rng.random() < 0.5:  # noqa: PLR2004 - a coin
                sides.reverse()
            samples += [_sample(role, pairs, run(duration_s)) for role, duration_s in sides]
            seconds += samples[-1].wall_s + samples[-2].wall_s
            pairs += 1
            ratios = pair_ratios(samples)
            reason = stop(list(ratios.values()), pairs, seconds)
            if reason:
                break
        flag_outliers(samples, ratios)
        values = list(ratios.values())
        ratio = speed_up(values, sampling.confidence, sequential=reason == "target_ci_reached")
        assert ratio  # a stop rule that ends before two pairs would be wrong
        return SimulatedCell(samples, [float(value) for value in np.log(values)], ratio, reason)

    def _runs(self) -> Callable[[float], float]:
        speed = self._rng.normal(0, BETWEEN_CELLS_SD)

        def run(duration_s: float) -> float:
            nonlocal speed
            speed += self._rng.normal(0, DRIFT_SD)
            delay = self._rng.uniform(0.1, 0.7) if self._rng.random() < OUTLIER_SHARE else 0.0
            return float(duration_s * np.exp(speed + self._rng.normal(0, self._sd) + delay))

        return run


def _sample(role: Literal["baseline", "candidate"], pair: int, seconds: float) -> Sample:
    return Sample(
        role=role,
        pair=pair,
        started_at=0,
        wall_s=seconds,
        cpu_user_s=0,
        cpu_system_s=0,
        peak_rss_mib=0,
        start_rss_mib=0,
        first_item_s=None,
        items=ITEMS,
        failures=0,
        digest=_NOTHING,
    )


NOISE_SDS = (0.01, 0.02, 0.04, 0.07, 0.10)
"""Noise of single samples; that of a pair's ratio is a square root of 2 larger, and the drift within a pair adds."""
SAMPLING = Sampling(pairs=Pairs(min=3, max=30), budget_seconds=1e9, target_ci_width=0.10)
SHORT_BUDGET = 20.0
"""Budget of a short run, in durations of the baseline: about ten pairs."""
RACES = 3
"""Races of a run."""
SHORT_EVERY = 4
"""One run in so many is short."""


@dataclass
class Findings:
    """Results of runs, an entry for each trial."""

    covered: dict[str, list[bool]] = field(default_factory=dict)
    """By kind of system: whether an interval covers the truth."""
    bias: list[float] = field(default_factory=list)
    """Logs of measured over true speed-ups."""
    claims: list[bool] = field(default_factory=list)
    """Whether a difference was claimed of a cell that has none (A/A)."""
    recommended: list[bool] = field(default_factory=list)
    """Whether a decided recommendation is within 5% of the best in truth."""
    provisional: list[bool] = field(default_factory=list)
    """The same of the provisional choice where it is undecided."""
    named: dict[str, list[bool]] = field(default_factory=dict)
    """By kind: whether the bottleneck got its name."""
    peaks: list[float] = field(default_factory=list)
    """Logs of fitted over true peaks."""
    peaks_covered: list[bool] = field(default_factory=list)
    advice: dict[str, list[bool]] = field(default_factory=dict)
    """By machine: whether a race was decided for an option that is good enough in truth, or not decided."""
    settled: dict[str, list[bool]] = field(default_factory=dict)
    """By machine: whether a race whose best option leads clearly was decided."""
    stops: dict[str, list[bool]] = field(default_factory=dict)
    """By reason to stop: whether the interval covers the truth."""

    def add(self, other: Self) -> None:
        """Append the results of another run."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, list):
                mine.extend(theirs)
            else:
                for key, entries in theirs.items():
                    mine.setdefault(key, []).extend(entries)


def run_trial(seed: int) -> Findings:
    """Give the results of one run."""
    return _Trial(seed).run()


class _Trial:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._machine = NoiseModel(self._rng, float(self._rng.choice(NOISE_SDS)))
        self._short = seed % SHORT_EVERY == 0
        self._findings = Findings()

    def run(self) -> Findings:
        for build in (slots, limited, scalable):
            self._scaled(build(self._variant()))
        for stage in PLANTED:
            self._diagnosed(planted(stage, self._variant()))
        self._diagnosed(balanced(self._variant()))
        for number in range(RACES):
            self._raced(run_race(self._seed * RACES + number))
        return self._findings

    def _raced(self, race: Race) -> None:
        self._findings.advice.setdefault(race.machine, []).append(race.right or not race.decided)
        if race.clear:
            self._findings.settled.setdefault(race.machine, []).append(race.decided)

    def _variant(self) -> int:
        return int(self._rng.integers(VARIETY))

    def _scaled(self, system: Scaled) -> None:
        first = min(system.seconds)
        null, twin = (self._measure(system.kind, system.seconds[first], system.seconds[first], 1.0) for _ in range(2))
        self._findings.claims.append(verdict(twin.speedup, null.speedup) in ("better", "worse"))
        levels = {
            level: self._measure(system.kind, system.seconds[first], seconds, system.speed_ups[level])
            for level, seconds in system.seconds.items()
            if level != first
        }
        # The baseline is itself by definition: its speed-up is known.
        logs = {first: [0.0] * INTERVAL_PAIRS, **{level: cell.logs for level, cell in levels.items()}}
        advice = recommend(logs, seed=self._seed)
        kept = self._findings.recommended if advice.decided else self._findings.provisional
        kept.append(advice.use in system.good_enough)
        if system.peak is not None and isinstance(fit := fit_usl(logs, seed=self._seed, draws=200), Usl):
            self._findings.peaks.append(math.log(fit.peak.value / system.peak))
            self._findings.peaks_covered.append(fit.peak.low <= system.peak <= fit.peak.high)

    def _diagnosed(self, system: Planted) -> None:
        whole = system.seconds["nothing"]
        null = self._measure(system.kind, whole, whole, 1.0)
        arms = {
            name: self._measure(system.kind, whole, system.seconds[name], gain) for name, gain in system.gains.items()
        }
        diagnosis = diagnose({name: cell.speedup for name, cell in arms.items()}, null.speedup)
        self._findings.named.setdefault(system.kind, []).append(diagnosis.bottleneck == system.bottleneck)

    def _measure(self, kind: str, baseline_s: float, candidate_s: float, truth: float) -> SimulatedCell:
        budget = {"budget_seconds": SHORT_BUDGET * baseline_s} if self._short else {}
        cell = self._machine.measure(baseline_s, candidate_s, SAMPLING.model_copy(update=budget))
        covered = cell.speedup.low <= truth <= cell.speedup.high
        self._findings.covered.setdefault(kind, []).append(covered)
        self._findings.stops.setdefault(cell.stop_reason, []).append(covered)
        self._findings.bias.append(math.log(cell.speedup.median / truth))
        return cell
