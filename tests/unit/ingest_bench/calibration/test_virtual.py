"""Seeded runs in virtual time: few enough to be quick, and able to fail."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ingest_bench.calibration.models import Score
from ingest_bench.calibration.races import MACHINES
from ingest_bench.calibration.run import races, run_virtual, scores
from ingest_bench.calibration.systems import LEVELS, PLANTED, balanced, limited, planted, scalable, slots
from ingest_bench.calibration.trial import SAMPLING, Findings, NoiseModel, run_trial
from long_lane import size
from race_figures import LONG_RACES, missed_races

RUNS = size(12, 4)


@pytest.fixture(scope="module")
def findings() -> Findings:
    """Return what a few runs have shown."""
    total = Findings()
    for seed in range(RUNS):
        total.add(run_trial(seed))
    return total


def test_intervals_hold_the_truth(findings: Findings) -> None:
    """Of 48 intervals a run, over all systems and kinds of noise, 95% hold the closed form within their own error."""
    entries = [entry for kind in findings.covered.values() for entry in kind]
    assert len(entries) > 41 * RUNS
    error = math.sqrt(0.95 * 0.05 / len(entries))
    assert abs(np.mean(entries) - 0.95) < 3 * error


def test_nothing_is_claimed_of_nothing(findings: Findings) -> None:
    """Of A/A cells at most one in twenty claims a difference."""
    assert len(findings.claims) == 3 * RUNS
    assert sum(findings.claims) <= len(findings.claims) / 20


def test_recommendations_are_good_enough(findings: Findings) -> None:
    """Decided recommendations lie within 5% of the best, in truth."""
    assert len(findings.recommended) + len(findings.provisional) == 3 * RUNS
    assert findings.recommended
    assert np.mean(findings.recommended) >= 0.95


def test_every_planted_bottleneck_is_named(findings: Findings) -> None:
    """Each stage in turn is slow, and each is named every time."""
    for stage in PLANTED:
        assert findings.named[f"slow {stage}"] == [True] * RUNS


def test_races_are_right_or_undecided() -> None:
    """Of a tenth of the races of the long lane, on each machine, one at most is wrong, and clear ones are decided."""
    assert missed_races(range(3 * LONG_RACES // 10)) == []


def test_a_wrong_rule_would_be_noticed() -> None:
    """Races that are decided wrongly, or clear ones that are not decided, miss their limits."""
    bad = Findings(advice={"drifting clock": [True] * 97 + [False] * 3}, settled={"drifting clock": [True, False]})
    assert [score.name for score in races(bad) if not score.passed] == [
        "races that are right or undecided",
        "races decided where the best leads by 15%, drifting clock",
    ]


def test_machines_are_as_noisy_as_they_are_called() -> None:
    """A host takes a seventh of the time, a clock drifts, and a baseline takes 35% longer in one sample of three."""
    rng = np.random.default_rng(1)
    late = {name: [make(True) for _ in range(20_000)] for name, make in ((n, m(rng)) for n, m in MACHINES.items())}
    shares = 1 - np.exp(-np.array(late["stolen time"]))
    assert np.mean(shares) == pytest.approx(1 / 7, abs=0.03)
    assert np.std(np.diff(late["drifting clock"])) == pytest.approx(0.05, rel=0.05)
    assert set(late["bimodal baseline"]) == {0.0, math.log(1.35)}
    assert np.mean(np.array(late["bimodal baseline"]) > 0) == pytest.approx(1 / 3, abs=0.02)


def test_a_biased_harness_would_be_noticed() -> None:
    """Samples that favour one side by a tenth make coverage and bias miss their limits."""
    machine, total = NoiseModel(np.random.default_rng(1), 0.02), Findings()
    for _ in range(40):
        cell = machine.measure(1.0, 0.5, SAMPLING)
        biased_truth = 2.2
        total.covered.setdefault("favoured", []).append(cell.speedup.low <= biased_truth <= cell.speedup.high)
        total.bias.append(math.log(cell.speedup.median / biased_truth))
    missed = {score.name for score in scores(total) if not score.passed}
    assert {"95% intervals that hold the true speed-up", "bias of the speed-up"} <= missed


def test_runs_repeat_whoever_does_them() -> None:
    """The same seed gives the same figures, in one process or shared by two."""
    one, two = (run_virtual(5, 2, workers).scores for workers in (1, 2))
    assert one == two


@pytest.mark.parametrize("variant", range(3))
def test_systems_are_what_they_are_called(variant: int) -> None:
    """Without noise the event simulation gives the closed form's speed-ups and best levels, whatever the system."""
    for system in (slots(variant), limited(variant), scalable(variant)):
        for level in LEVELS:
            assert system.seconds[1] / system.seconds[level] == pytest.approx(system.speed_ups[level], rel=0.01)
        rates = {level: 1 / seconds for level, seconds in system.seconds.items()}
        shares = {level: rate / max(rates.values()) for level, rate in rates.items()}
        assert all(shares[level] > 0.94 for level in system.good_enough)
        assert all(shares[level] < 0.96 for level in set(LEVELS) - system.good_enough)
    for stage in PLANTED:
        slow = planted(stage, variant)
        for arm, gain in slow.gains.items():
            assert slow.seconds["nothing"] / slow.seconds[arm] == pytest.approx(gain, rel=0.01)
    equal = balanced(variant)
    assert equal.seconds["no_parsing"] == pytest.approx(equal.seconds["no_output"], rel=0.01)
    assert equal.seconds["no_parsing"] < 0.6 * equal.seconds["nothing"]


@pytest.mark.parametrize(
    ("value", "low", "high", "passed"),
    [
        (0.95, 0.93, 0.97, True),
        (0.9, 0.93, None, False),
        (0.98, None, 0.97, False),
        (None, 0.9, None, False),
        (None, None, None, True),
    ],
)
def test_a_score_keeps_its_limits(value: float | None, low: float | None, high: float | None, passed: bool) -> None:
    """A figure outside its limits is a failure, and so is one with a limit but without a trial."""
    assert Score(name="", value=value, trials=1, at_least=low, at_most=high).passed is passed
