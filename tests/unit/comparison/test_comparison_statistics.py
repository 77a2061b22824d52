"""How a change is told from chance, checked against formulas, another implementation and simulated truth."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from ingest_bench.comparison.change import Difference, difference, holm
from ingest_bench.comparison.judge import ALARM, LEAST, Contrast, judge
from ingest_bench.comparison.spread import ENOUGH, Spread, learnt
from ingest_bench.comparison.unrest import Movement, Unrest, movement

NOTHING_KNOWN = Spread()
logs = st.lists(st.floats(-3, 3), min_size=2, max_size=12)
unequal = logs.filter(lambda values: np.var(values) > 1e-6)
chances = st.lists(st.floats(0, 1), max_size=30)
spreads = st.builds(Spread, st.floats(1e-4, 1), st.floats(0, 50))
OPPOSITE = {"better": "worse", "worse": "better", "no difference": "no difference"}


@given(unequal, unequal)
def test_without_other_knowledge_it_is_welchs_t(earlier: list[float], later: list[float]) -> None:
    """The difference, p and interval are those of scipy's Welch test."""
    found, expected = difference(earlier, later, NOTHING_KNOWN), ttest_ind(later, earlier, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6)
    assert found.freedom == pytest.approx(expected.df)
    assert found.mean - found.reach(0.95) == pytest.approx(interval.low, rel=1e-6, abs=1e-9)
    assert found.mean + found.reach(0.95) == pytest.approx(interval.high, rel=1e-6, abs=1e-9)


@given(logs, logs, spreads)
def test_swapping_the_runs_turns_the_sign_alone(earlier: list[float], later: list[float], known: Spread) -> None:
    """The error, its freedom and p are the same both ways, and the difference is the opposite."""
    there, back = difference(earlier, later, known), difference(later, earlier, known)
    assert there.mean == pytest.approx(-back.mean)
    assert (there.error, there.freedom, there.p) == pytest.approx((back.error, back.freedom, back.p))


@given(logs, logs, st.floats(-2, 2), spreads)
def test_what_moves_both_runs_alike_is_no_change(
    earlier: list[float], later: list[float], shift: float, known: Spread
) -> None:
    """Speed-ups that are k times as large in both runs change by the same factor, as surely."""
    moved = difference([log + shift for log in earlier], [log + shift for log in later], known)
    still = difference(earlier, later, known)
    assert moved.mean == pytest.approx(still.mean, abs=1e-9)
    assert moved.error == pytest.approx(still.error, abs=1e-9)


@pytest.mark.parametrize(("later", "p"), [([1.0, 1.0], 1.0), ([2.0, 2.0], 0.0)])
def test_pairs_without_spread_are_told_apart_by_their_value(later: list[float], p: float) -> None:
    """Where nothing spreads, equal is equal and unequal is unequal."""
    assert difference([1.0, 1.0], later, NOTHING_KNOWN).p == p


def test_holm_on_an_example_by_hand() -> None:
    """Of 0.01, 0.04, 0.03 and 0.005, times 4, 3, 2 and 1 from the smallest on, none falls below one before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(chances)
def test_holm_keeps_the_order_and_never_makes_surer(found: list[float]) -> None:
    """Corrected values are no smaller than before, at most 1, in the same order; the smallest is Bonferroni's."""
    corrected = holm(found)
    assert all(before <= after <= 1 for before, after in zip(found, corrected, strict=True))
    ranked = sorted(zip(found, corrected, strict=True))
    assert all(one[1] <= other[1] for one, other in pairwise(ranked))
    if found:
        assert min(corrected) == pytest.approx(min(1, len(found) * min(found)))


@given(logs, spreads)
def test_a_moderated_variance_lies_between_what_is_known_and_what_is_seen(values: list[float], known: Spread) -> None:
    """Pairs and prior knowledge pull by their degrees of freedom, and these add up."""
    own = float(np.var(values, ddof=1))
    variance, freedom = known.moderated(values)
    assert min(own, known.variance) - 1e-12 <= variance or known.freedom == 0
    assert variance <= max(own, known.variance) + 1e-12
    assert freedom == pytest.approx(known.freedom + len(values) - 1)


@pytest.mark.parametrize(("variance", "freedom"), [(0.01, 4.0), (0.0025, 1.5), (0.2, 6.0)])
def test_the_spread_of_cells_is_learnt_from_them(variance: float, freedom: float) -> None:
    """From 4,000 cells of three pairs, their variances drawn from the assumed law, its parameters are found again."""
    rng = np.random.default_rng(7)
    variances = variance * freedom / rng.chisquare(freedom, 4000)
    cells = rng.standard_normal((4000, 3)) * np.sqrt(variances)[:, None]
    found = learnt(cells.tolist())
    assert found.variance == pytest.approx(variance, rel=0.1)
    assert found.freedom == pytest.approx(freedom, rel=0.2)


def test_cells_that_spread_alike_share_all_they_know() -> None:
    """Where variances differ by no more than chance, knowledge is worth at most all degrees of freedom together."""
    rng = np.random.default_rng(3)
    found = learnt(rng.standard_normal((50, 4)).tolist())
    assert found.variance == pytest.approx(1, rel=0.25)
    assert 20 < found.freedom <= 150


def test_few_cells_teach_nothing() -> None:
    """Below a number of cells each is judged by its own pairs alone."""
    cells = [[0.0, 0.1 * number] for number in range(1, ENOUGH)]
    assert learnt(cells) == NOTHING_KNOWN
    assert learnt([*cells, [0.0, 1.0]]).freedom > 0


def moved(count: int, deviation: float, error: float = 0.05) -> list[Difference]:
    """Return differences of cells that moved by chance, and by as much again between the runs."""
    rng = np.random.default_rng(11)
    return [Difference(float(mean), error, 8.0) for mean in rng.normal(0, math.hypot(deviation, error), count)]


@pytest.mark.parametrize("deviation", [0.1, 0.3, 1.0])
def test_unrest_is_found_as_large_as_it_is(deviation: float) -> None:
    """Of 2,000 cells that move between runs by more than their error, the excess is found, either way."""
    found = movement(moved(2000, deviation))
    for each in (found.overall, found.against_slower, found.against_faster):
        assert each.deviation == pytest.approx(deviation, rel=0.15)


def test_a_quiet_machine_has_no_unrest() -> None:
    """Cells that move by their error alone show next to none, also where they all move by one factor more."""
    quiet = moved(2000, 0.0)
    together = [Difference(each.mean - 0.5, each.error, each.freedom) for each in quiet]
    assert movement(quiet).overall.deviation < 0.02
    assert movement(together).overall.deviation == pytest.approx(movement(quiet).overall.deviation)


@pytest.mark.parametrize("count", [10, 30, 50, 70, 90, 100])
@pytest.mark.parametrize("factor", [1.3, 3.0])
def test_slower_cells_are_not_taken_for_unrest(count: int, factor: float) -> None:
    """However many of 100 cells got slower and by how much, hardly any unrest is held against that."""
    quiet = moved(100, 0.0)
    slower = [Difference(each.mean - math.log(factor), each.error, 8.0) for each in quiet[:count]]
    assert movement([*slower, *quiet[count:]]).against_slower.deviation < 0.06


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), max_size=30))
def test_unrest_the_other_way_round_is_the_same(cells: list[tuple[float, float]]) -> None:
    """Swapped runs moved as much over all, and what counts against slower cells counts against faster ones."""
    there = movement([Difference(mean, error, 8.0) for mean, error in cells])
    back = movement([Difference(-mean, error, 8.0) for mean, error in cells])
    assert back.overall.deviation == pytest.approx(there.overall.deviation, abs=1e-9)
    assert back.against_slower.deviation == pytest.approx(there.against_faster.deviation, abs=1e-9)
    assert back.against_faster.deviation == pytest.approx(there.against_slower.deviation, abs=1e-9)
    assert max(there.against_slower.deviation, there.against_faster.deviation) <= there.overall.deviation


def test_few_cells_show_no_unrest() -> None:
    """What moves between runs can't be told from a handful of cells."""
    assert movement(moved(ENOUGH - 1, 1.0)) == Movement()
    assert movement(moved(ENOUGH, 1.0)).overall.deviation > 0


@given(st.floats(0.001, 1), st.floats(1, 50), st.floats(0.001, 1), st.floats(1, 50))
def test_unrest_only_makes_less_sure(error: float, freedom: float, deviation: float, common: float) -> None:
    """Added to a difference it leaves the mean, and widens the error as independent errors do."""
    before = Difference(-0.3, error, freedom)
    after = Unrest(deviation, common).added(before)
    assert after.mean == before.mean
    assert after.error == pytest.approx(math.hypot(error, deviation))
    assert min(freedom, common) * (1 - 1e-9) <= after.freedom <= (freedom + common) * (1 + 1e-9)
    assert Unrest().added(before) == before


@given(st.lists(st.tuples(unequal, unequal, st.floats(1, 2)), min_size=1, max_size=8), spreads)
def test_a_family_of_swapped_cells_gets_the_opposite_verdicts(
    cells: list[tuple[list[float], list[float], float]], known: Spread
) -> None:
    """Judged the other way round, each cell has the opposite verdict, and its interval the inverse ends."""
    there = judge([Contrast(difference(one, other, known), noise) for one, other, noise in cells])
    back = judge([Contrast(difference(other, one, known), noise) for one, other, noise in cells])
    for forth, reverse in zip(there, back, strict=True):
        assert reverse.verdict == OPPOSITE[forth.verdict]
        assert forth.change.low == pytest.approx(1 / reverse.change.high)


@pytest.mark.parametrize(
    ("mean", "error", "noise", "verdict", "reason"),
    [
        (math.log(0.5), 0.01, 1.2, "worse", "beyond chance and beyond 20%"),
        (math.log(2.0), 0.01, 1.2, "better", "beyond chance and beyond 20%"),
        (math.log(0.9), 0.001, 1.2, "no difference", "within noise (20%)"),
        (math.log(1.04), 0.0001, 1.01, "no difference", "under 5%"),
        (math.log(0.5), 1.0, 1.0, "no difference", "within chance"),
        (math.log(0.9), 0.001, 1.01, "worse", "beyond chance and beyond 5%"),
    ],
)
def test_a_change_has_to_pass_every_bar(mean: float, error: float, noise: float, verdict: str, reason: str) -> None:
    """A verdict takes a change beyond chance, beyond the noise of null cells, and of a size that matters."""
    (found,) = judge([Contrast(Difference(mean, error, 10.0), noise)])
    assert (found.verdict, found.reason) == (verdict, reason)


def test_more_cells_raise_the_bar() -> None:
    """A change that counts among three cells doesn't among three hundred."""
    striking, nothing = Difference(-0.5, 0.1, 10.0), Difference(0.0, 0.1, 10.0)
    assert ALARM / 300 < striking.p < ALARM / 3
    for others, verdict in ((2, "worse"), (299, "no difference")):
        found = judge([Contrast(each, LEAST) for each in (striking, *[nothing] * others)])
        assert found[0].verdict == verdict
