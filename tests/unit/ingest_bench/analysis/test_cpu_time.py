"""CPU time against simulated arms whose truth is known: that compute, wait, or do both at once, on a noisy machine."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import NamedTuple

import pytest

from factories import fake_sample
from ingest_bench.analysis.cpu_time import cpu_speed_up, figure_of, one_thread_busy, time_ratios
from ingest_bench.analysis.speedup import cell_speed_up, pair_ratios
from ingest_bench.results.models import Sample

TRUTH = 1.2
"""How many times as fast the candidate is."""
CELLS = 300


class Arm(NamedTuple):
    """What an arm does: seconds of computing, and its share of the undisturbed wall time."""

    computes: float
    share: float


Steal = Callable[[random.Random], float]
QUIET: Steal = lambda rng: rng.uniform(0, 0.01)  # noqa: E731 - a table of them
BURSTS: Steal = lambda rng: rng.uniform(0, 0.01) if rng.random() < 0.6 else rng.uniform(0.05, 0.4)  # noqa: E731
"""In two of five samples another guest takes up to 40% of the time."""


def cell(rng: random.Random, base: float, candidate: float, steal: Steal, pairs: int = 7) -> list[Sample]:
    """Take pairs of two arms that have these shares of CPU time in wall time."""
    arms = {"baseline": Arm(1.0, base), "candidate": Arm(1.0 / TRUTH, candidate)}
    samples = []
    for pair in range(pairs):
        for role, arm in arms.items():
            cpu = arm.computes * math.exp(rng.gauss(0, 0.02))
            waits = arm.computes * (1 / arm.share - 1) if arm.share < 1 else 0.0
            busy = cpu / max(arm.share, 1.0) / (1 - steal(rng))
            samples.append(fake_sample(role, pair, busy + waits, cpu_user_s=0.8 * cpu, cpu_system_s=0.2 * cpu))
    return samples


def share_called_busy(base: float, candidate: float, steal: Steal) -> float:
    """Give the share of cells of which CPU time is called the figure itself."""
    rng = random.Random(f"{base}/{candidate}")
    return sum(one_thread_busy(cell(rng, base, candidate, steal)) for _ in range(CELLS)) / CELLS


@pytest.mark.parametrize("steal", [QUIET, BURSTS], ids=["quiet", "bursts"])
def test_computing_in_one_thread_is_told_from_waiting_and_from_threads(steal: Steal) -> None:
    """Arms that compute throughout are called busy, with bursts in half of the cells; where one waits, never."""
    assert share_called_busy(1.0, 1.0, steal) >= (0.99 if steal is QUIET else 0.5)
    for base, candidate in ((0.85, 0.85), (1.0, 0.85), (0.85, 1.0), (1.2, 1.2), (1.0, 1.3)):
        assert share_called_busy(base, candidate, steal) == 0


def test_where_time_is_stolen_cpu_time_is_the_surer_figure() -> None:
    """On a machine with bursts both times cover the truth in 93% of busy cells, CPU time in a third of the width."""
    rng = random.Random("bursts")
    widths, covered = {"cpu": 0.0, "wall": 0.0}, {"cpu": 0, "wall": 0}
    busy = [samples for _ in range(CELLS) if one_thread_busy(samples := cell(rng, 1.0, 1.0, BURSTS))]
    for samples in busy:
        for name, found in (
            ("cpu", cpu_speed_up(samples, 0.95, "max_pairs")),
            ("wall", cell_speed_up(samples, 0.95, "max_pairs")),
        ):
            assert found
            covered[name] += found.low <= TRUTH <= found.high
            widths[name] += math.log(found.high / found.low)
    assert covered["cpu"] >= 0.93 * len(busy)
    assert covered["wall"] >= 0.93 * len(busy)
    assert widths["cpu"] < widths["wall"] / 3


@pytest.mark.parametrize("stop_reason", ["target_ci_reached", "rounds_ended", "max_pairs"])
def test_both_times_are_widened_by_the_same_reasons(stop_reason: str) -> None:
    """Of the same ratios the intervals are the same by either time, whether or not these had a say in their number."""
    samples = [
        sample.model_copy(update={"cpu_user_s": sample.wall_s, "cpu_system_s": 0.0})
        for sample in cell(random.Random("widened"), 1.0, 1.0, QUIET)
    ]
    found = cpu_speed_up(samples, 0.95, stop_reason)
    assert found == cell_speed_up(samples, 0.95, stop_reason)
    assert found
    assert ("widened" in found.method) == (stop_reason != "max_pairs")


def test_on_a_quiet_machine_both_times_say_the_same() -> None:
    """Where nothing is stolen, the ratios of busy cells by either time differ by no more than the margin."""
    rng = random.Random("quiet")
    for _ in range(50):
        samples = cell(rng, 1.0, 1.0, QUIET)
        wall, cpu = time_ratios(samples, "wall"), time_ratios(samples, "cpu")
        assert wall == pytest.approx(pair_ratios(samples))
        assert all(cpu[pair] == pytest.approx(wall[pair], rel=0.05) for pair in wall)


def test_the_figure_of_two_runs_is_cpu_time_where_both_are_busy() -> None:
    """A cell that waits in one of two runs is compared by wall time; so is one whose CPU time nobody knows."""
    rng = random.Random("two")
    busy, waiting = cell(rng, 1.0, 1.0, QUIET), cell(rng, 0.8, 1.0, QUIET)
    assert figure_of(busy, busy) == "cpu"
    assert figure_of(busy, waiting) == "wall"
    unknown = [sample.model_copy(update={"cpu_user_s": 0.0, "cpu_system_s": 0.0}) for sample in busy]
    assert figure_of(unknown) == "wall"
    assert time_ratios(unknown, "cpu") == {}
    assert figure_of([], busy) == "wall"
