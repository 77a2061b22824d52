"""A comparison against simulated runs whose truth is known."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ingest_bench.comparison import Comparison, compare
from long_lane import size

COMPARISONS = size(30, 10)
UNLIKE = {"spread": lambda rng: math.exp(rng.gauss(math.log(0.07), 0.9))}
"""As real scenarios spread: from 1% for an API to 40% for writing files."""
SCENES: dict[str, dict[str, Any]] = {
    "three pairs": {**UNLIKE, "max_pairs": lambda rng: 3},
    "many pairs": {**UNLIKE, "max_pairs": lambda rng: rng.randint(6, 20)},
    "hiccups": {**UNLIKE, "draw": "hiccups"},
    "high heterogeneity": {**UNLIKE, "tau": 0.2},
    "six cells": {"scenarios": 3, "arms": 2, "spread": lambda rng: 0.1},
}
OPPOSITE = {"better": "worse", "worse": "better", "new": "removed", "removed": "new"}


def verdicts(comparison: Comparison) -> dict[tuple[str, str], str]:
    """Give the verdict on each cell."""
    return {(cell.scenario, cell.arm): cell.verdict for cell in comparison.cells}


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
def test_where_nothing_changed_nothing_is_worse(truth: Any, scene: str) -> None:
    """Of comparisons of two runs of 80 cells of the same truth, at most 5% call any cell worse, or any better."""
    world = truth(**SCENES[scene])
    runs = [world.run(number) for number in range(COMPARISONS + 1)]
    found = [compare(runs[number], runs[number + 1]) for number in range(COMPARISONS)]
    for verdict in ("worse", "better"):
        assert sum(bool(comparison.with_verdict(verdict)) for comparison in found) <= 0.05 * COMPARISONS


@pytest.mark.slow
def test_a_planted_slow_down_is_found(truth: Any) -> None:
    """One cell of 64 that takes 1.3 times as long is called worse in at least 95% of comparisons, and it alone."""
    found = alone = 0
    for seed in range(COMPARISONS):
        world = truth(seed=seed)
        planted = (f"s{seed % 16}", f"arm_{seed % 4}")
        comparison = compare(world.run(0), world.run(1, {planted: 1.3}))
        worse = {cell for cell, verdict in verdicts(comparison).items() if verdict == "worse"}
        found += planted in worse
        alone += worse <= {planted}
    assert found >= 0.95 * COMPARISONS
    assert alone >= 0.95 * COMPARISONS


@pytest.mark.parametrize("scenarios", [4, 8, 16])
def test_a_slow_down_of_many_is_found(truth: Any, scenarios: int) -> None:
    """Where the cells of some scenarios, half or all take 1.3 times as long, nine in ten of them are called worse."""
    world = truth(max_pairs=lambda rng: 8)
    slower = {(f"s{number}", f"arm_{arm}"): 1.3 for number in range(scenarios) for arm in range(4)}
    worse = compare(world.run(0), world.run(1, slower)).with_verdict("worse")
    assert len(worse) >= 0.9 * len(slower)
    assert {(cell.scenario, cell.arm) for cell in worse} <= slower.keys()


def test_high_heterogeneity_is_a_warning(truth: Any) -> None:
    """Speed-ups that move from run to run are a warning that says by how much; a quiet machine has none."""
    unsteady, quiet = truth(tau=0.2), truth()
    found = compare(unsteady.run(0), unsteady.run(1))
    assert found.between_run_factor == pytest.approx(math.exp(0.2 * math.sqrt(2)), rel=0.1)
    assert [warning for warning in found.warnings if f"moved by {found.between_run_factor:.2f}x" in warning]
    assert compare(quiet.run(0), quiet.run(1)).warnings == []


@pytest.mark.slow
def test_a_planted_slow_down_is_as_large_as_planted(truth: Any) -> None:
    """The interval of the change holds the planted factor in about 95% of cells, and is centred on it."""
    held, logs = 0, []
    planted = {(f"s{number}", f"arm_{arm}"): 1.3 for number in range(16) for arm in range(4)}
    world = truth(spread=lambda rng: 0.15, max_pairs=lambda rng: 8)
    for number in range(12):
        for cell in compare(world.run(number), world.run(100 + number, planted)).cells:
            assert cell.change
            held += cell.change.low <= 1 / 1.3 <= cell.change.high
            logs.append(math.log(cell.change.factor))
    assert 0.92 <= held / len(logs) <= 0.98
    assert sum(logs) / len(logs) == pytest.approx(-math.log(1.3), abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_swapped_runs_get_the_opposite_verdicts(truth: Any, seed: int) -> None:
    """What is better one way is worse the other, by the inverse factor at the same p; others stay."""
    world = truth(seed=seed)
    one, other = world.run(0, {("s1", "arm_0"): 1.6}), world.run(1, {("s2", "arm_1"): 2.0, ("s3", "arm_1"): 0.5})
    there, back = compare(one, other), compare(other, one)
    assert {"worse", "better"} <= set(verdicts(there).values())
    assert verdicts(back) == {cell: OPPOSITE.get(found, found) for cell, found in verdicts(there).items()}
    for forth, reverse in zip(there.cells, back.cells, strict=True):
        assert forth.change
        assert reverse.change
        assert forth.change.factor == pytest.approx(1 / reverse.change.factor)
        assert forth.change.p == pytest.approx(reverse.change.p)
        assert forth.change.minimum_detectable_change == pytest.approx(reverse.change.minimum_detectable_change)


def test_a_change_as_large_as_claimed_visible_is_seen(truth: Any) -> None:
    """A cell that changes by a little more than it says it would show is called worse, by a little less is not."""
    world = truth(spread=lambda rng: 0.05)
    earlier = world.run(0)
    detectable = next(cell.change.minimum_detectable_change for cell in compare(earlier, earlier).cells if cell.change)
    for share, verdict in ((1.02, "worse"), (0.98, "undecided")):
        current = world.run(0, {("s0", "arm_0"): detectable * share})
        assert verdicts(compare(earlier, current))["s0", "arm_0"] == verdict
