"""Alternatives to what the harness uses: that each is what it is called, and that a table sets all side by side."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit

from factories import fake_pairs
from ingest_bench.analysis.speedup import CONFIDENCE, cell_speed_up, speed_up, verdict
from ingest_bench.calibration.alternatives import alternatives
from ingest_bench.calibration.anytime import anytime_quantile, anytime_rank
from ingest_bench.calibration.machine_trial import DUET, _figures, _Pair, between_groups
from ingest_bench.calibration.pairing_trial import SEEDS, at_once, paired, with_seeds
from ingest_bench.calibration.races import CLEAR_LEAD, EDGE, MACHINES, run_race
from ingest_bench.calibration.racing_trial import RULES, USED, by_probability, race_figures
from ingest_bench.calibration.stopping_trial import INTERVALS, Bounds, against_itself, stopped
from ingest_bench.calibration.stopping_trial import USED as USED_INTERVAL
from ingest_bench.calibration.trial import SAMPLING
from ingest_bench.harness.validity import StoppingRule

LOOKS = range(3, 49)


def ever_out(statistic: np.ndarray, bound: np.ndarray) -> float:
    """Return the share of rows in which a statistic is beyond its bound at any look."""
    return float(np.mean((statistic > bound).any(axis=1)))


def test_a_mixture_of_t_holds_at_all_looks_together() -> None:
    """Of 4,000 runs with 46 looks each, at most 5% ever exclude the truth; by Student's t a quarter do."""
    values = np.random.default_rng(1).normal(0, 1, (4_000, LOOKS[-1]))
    counts = np.array(LOOKS)
    t = np.array(
        [np.abs(values[:, :n].mean(axis=1)) / values[:, :n].std(axis=1, ddof=1) * math.sqrt(n) for n in LOOKS]
    ).T
    assert ever_out(t, np.array([anytime_quantile(n - 1, 0.05) for n in counts])) <= 0.05
    assert ever_out(t, stdtrit(counts - 1, 0.975)) > 0.2


def test_a_mixture_of_signs_holds_at_all_looks_together_whatever_the_noise() -> None:
    """Of 4,000 runs with strongly skewed noise at most 5% ever exclude the median, and the first can with eight."""
    values = np.random.default_rng(2).exponential(1, (4_000, LOOKS[-1]))
    below = np.cumsum(values < math.log(2), axis=1)[:, LOOKS[0] - 1 :]
    ranks = np.array([anytime_rank(n, 0.05) for n in LOOKS])
    fewest = np.minimum(below, np.array(LOOKS) - below)
    assert np.mean((fewest < ranks).any(axis=1)) <= 0.05
    assert [n for n in LOOKS if anytime_rank(n, 0.05)] == list(LOOKS)[5:]


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.floats(0.005, 0.2))
def test_cells_stop_as_the_harness_stops_them(seed: int, spread: float) -> None:
    """All at once end with the pairs and the interval with which the harness ends each, whatever the noise."""
    logs = np.random.default_rng(seed).normal(0, spread, (4, SAMPLING.pairs.max))
    ended = stopped(logs, INTERVALS[USED_INTERVAL])
    for row, pairs in enumerate(ended.pairs):
        rule, ratios = StoppingRule(SAMPLING), [float(ratio) for ratio in np.exp(logs[row])]
        reasons = [rule(ratios[:taken], taken, 0.0) for taken in range(1, pairs + 1)]
        assert [reason is None for reason in reasons] == [True] * (pairs - 1) + [False]
        interval = cell_speed_up(fake_pairs(ratios[:pairs]), CONFIDENCE, reasons[-1] or "")
        assert interval
        found = [float(values[row]) for values in ended.bounds]
        assert found == pytest.approx([math.log(x) for x in (interval.low, interval.median, interval.high)])


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_a_difference_is_claimed_as_the_report_claims_it(seed: int) -> None:
    """Of a cell and its null cell it is the verdict on them."""
    rng = np.random.default_rng(seed)
    ratios = [speed_up([float(x) for x in np.exp(rng.normal(0.03, 0.03, 6))], CONFIDENCE) for _ in range(2)]
    one, null = (
        Bounds(*(np.log([value]) for value in (ratio.low, ratio.median, ratio.high))) for ratio in ratios if ratio
    )
    assert ratios[0]
    assert bool(one.claims(null)[0]) is (verdict(ratios[0], ratios[1]) in ("better", "worse"))


def test_systems_against_themselves_have_no_lead() -> None:
    """On every machine the logs lie around 0, on one whose baseline has two speeds as well."""
    for machine in MACHINES:
        logs = against_itself(machine, 300, 1)
        assert abs(logs.mean()) < 4 * logs.std() / math.sqrt(logs.size)


def test_a_race_at_the_edge_is_wrong_if_the_cheaper_one_is_chosen() -> None:
    """It has two options, the second of which leads by just more than the tolerance."""
    races = [run_race(seed, edge=True) for seed in range(60)]
    assert {tuple(round(b - a, 5) for a, b in race.true) for race in races} == {(round(EDGE, 5),)}
    assert not any(race.clear for race in races)
    assert any(race.right and race.decided for race in races)


def test_clear_races_are_clear() -> None:
    """Where a race is called clear, the mean of the best option leads by 15% or more in truth."""
    for race in map(run_race, range(60)):
        best, second = sorted(np.mean(race.true, axis=0), reverse=True)[:2]
        assert not race.clear or best - second >= math.log1p(CLEAR_LEAD) - 1e-9


def test_one_look_at_three_pairs_decides_what_is_far_apart_and_nothing_else() -> None:
    """By probability a way that is twice as fast is chosen, and of two that are alike within wide noise neither is."""
    assert by_probability([[[0.0, 0.01, -0.01], [0.7, 0.69, 0.71]]]).rivals == ()
    assert by_probability([[[0.0, 0.01, -0.01], [0.7, 0.69, 0.71]]]).use == 1
    assert by_probability([[[0.0, 0.3, -0.3], [0.1, 0.3, -0.2]]]).rivals != ()


def test_fewer_errors_cost_more_pairs() -> None:
    """A rule that looks at 95% each time takes the fewest pairs, one that allows endlessly many looks the most."""
    pairs = {rule: race_figures(rule, range(30)).pairs for rule in RULES}
    assert pairs["t, each look at 95%"] < pairs[USED] < pairs["mixture of t"]


def test_a_seed_for_each_pair_holds_the_truth_and_one_for_all_does_not() -> None:
    """Where a seed changes an arm by 1%, intervals with one seed for all hold the truth in 70%.

    Against itself an arm has no more spread with a seed for each pair, and more with one for each sample.
    """
    fixed, a_pair, _ = (with_seeds(way, 0.01, 4_000, 1) for way in SEEDS)
    assert fixed.covered < 0.75
    assert 0.93 <= a_pair.covered <= 0.97
    spreads = [with_seeds(way, 0.01, 4_000, 1, itself=True).spread for way in SEEDS]
    assert spreads[0] == pytest.approx(spreads[1], rel=0.02)
    assert spreads[2] > 1.05 * spreads[1]


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(0, 1))
def test_two_at_once_hold_each_other_up_until_one_ends(one: float, other: float, contention: float) -> None:
    """Each works at 1 / (1 + contention) of its speed while both run, and at its own afterwards."""
    both = min(one, other) * (1 + contention)
    rest = max(one, other) - min(one, other)
    assert at_once(one, other, contention) == pytest.approx(
        (both, both + rest) if one <= other else (both + rest, both), abs=1e-9
    )


def test_a_duet_is_steadier_and_biased() -> None:
    """On a machine with stolen time it halves the spread; where both slow each other down, a ratio of 2 is missed."""
    apart, duet = (paired("stolen time", contention, 2.0, 100, 1) for contention in (None, 0.1))
    assert duet.spread < apart.spread / 2
    assert duet.bias < -0.03
    assert abs(apart.bias) < 0.03


def test_a_share_between_groups_is_found_and_none_is_not() -> None:
    """Groups that differ by 3% are told from noise of 1%; where they don't, the chance of as much isn't small."""
    rng = np.random.default_rng(3)
    same = rng.normal(0, 0.01, (12, 3))
    unlike = same + rng.normal(0, 0.03, (12, 1))
    assert between_groups(unlike.tolist()).endswith("(p = 0.00)")
    assert float(between_groups(same.tolist()).rpartition("= ")[2].rstrip(")")) > 0.05
    assert between_groups([[0.1], [0.2]]) == "-"


@pytest.mark.parametrize(("pairs", "unknown"), [(1, ["-", "-", "-", "-"]), (3, ["-"])])
def test_what_too_few_pairs_leave_unknown_is_a_dash(pairs: int, unknown: list[str]) -> None:
    """One pair has no interval and no spread; three have both, but no two whole groups of a seed."""
    taken = [_Pair(DUET, 1 + number // 2, 0.01 * number, 0.02 * number) for number in range(pairs)]
    way, *told = _figures(DUET, taken)
    assert way == DUET
    assert [text for text in told if text == "-"] == unknown
    assert not any("nan" in text for text in told)


def test_the_tables_are_whole_whoever_computes_them() -> None:
    """Each row has a cell for each column, and two processes give what one does."""
    one, two = (alternatives(3, 2, workers) for workers in (1, 2))
    assert one == two
    assert len(one) == 4
    for table in one:
        assert {len(row) for row in table.rows} == {len(table.header)}
        lines = str(table).splitlines()
        assert len(lines) == 4 + len(table.rows)
        assert {line.count("|") for line in lines[2:]} == {len(table.header) + 1}
