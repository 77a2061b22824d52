"""How a change is told from chance, checked against formulas, another implementation and simulated truth."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from ingest_bench.analysis.variance_moderation import MIN_CELLS, VariancePrior, fit_variance_prior
from ingest_bench.comparison.between_run_variance import BetweenRunVariance, Heterogeneity, heterogeneity
from ingest_bench.comparison.verdicts import ALPHA, MIN_CHANGE, Difference, difference, holm, judge

NO_PRIOR = VariancePrior()
logs = st.lists(st.floats(-3, 3), min_size=2, max_size=12)
unequal = logs.filter(lambda values: np.var(values) > 1e-6)
p_values = st.lists(st.floats(0, 1), max_size=30)
priors = st.builds(VariancePrior, st.floats(1e-4, 1), st.floats(0, 50))
OPPOSITE = {"better": "worse", "worse": "better"}


@given(unequal, unequal)
def test_without_a_prior_it_is_welchs_t(earlier: list[float], later: list[float]) -> None:
    """The difference, p and interval are those of scipy's Welch test."""
    result, expected = difference(earlier, later, NO_PRIOR), ttest_ind(later, earlier, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert result.p == pytest.approx(expected.pvalue, rel=1e-6)
    assert result.dof == pytest.approx(expected.df)
    assert result.mean - result.half_width(0.95) == pytest.approx(interval.low, rel=1e-6, abs=1e-9)
    assert result.mean + result.half_width(0.95) == pytest.approx(interval.high, rel=1e-6, abs=1e-9)


@given(logs, logs, priors)
def test_swapping_the_runs_turns_the_sign_alone(earlier: list[float], later: list[float], prior: VariancePrior) -> None:
    """The error, its degrees of freedom and p are the same both ways, and the difference is the opposite."""
    there, back = difference(earlier, later, prior), difference(later, earlier, prior)
    assert there.mean == pytest.approx(-back.mean)
    assert (there.standard_error, there.dof, there.p) == pytest.approx((back.standard_error, back.dof, back.p))


@given(logs, logs, st.floats(-2, 2), priors)
def test_what_moves_both_runs_alike_is_no_change(
    earlier: list[float], later: list[float], shift: float, prior: VariancePrior
) -> None:
    """Speed-ups that are k times as large in both runs change by the same factor, as surely."""
    moved = difference([log + shift for log in earlier], [log + shift for log in later], prior)
    still = difference(earlier, later, prior)
    assert moved.mean == pytest.approx(still.mean, abs=1e-9)
    assert moved.standard_error == pytest.approx(still.standard_error, abs=1e-9)


@pytest.mark.parametrize(("later", "p"), [([1.0, 1.0], 1.0), ([2.0, 2.0], 0.0)])
def test_pairs_without_spread_are_told_apart_by_their_value(later: list[float], p: float) -> None:
    """Without any variance, equal means have p = 1 and unequal ones p = 0."""
    assert difference([1.0, 1.0], later, NO_PRIOR).p == p


def test_holm_on_an_example_by_hand() -> None:
    """Of 0.01, 0.04, 0.03 and 0.005, times 4, 3, 2 and 1 from the smallest on, none falls below one before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(p_values)
def test_holm_keeps_the_order_and_never_lowers_a_p_value(given_values: list[float]) -> None:
    """Corrected values are no smaller than before, at most 1, in the same order; the smallest is Bonferroni's."""
    corrected = holm(given_values)
    assert all(before <= after <= 1 for before, after in zip(given_values, corrected, strict=True))
    ranked = sorted(zip(given_values, corrected, strict=True))
    assert all(one[1] <= other[1] for one, other in pairwise(ranked))
    if given_values:
        assert min(corrected) == pytest.approx(min(1, len(given_values) * min(given_values)))


@given(logs, priors)
def test_a_moderated_variance_lies_between_the_prior_and_the_observed_one(
    values: list[float], prior: VariancePrior
) -> None:
    """Pairs and prior knowledge pull by their degrees of freedom, and these add up."""
    own = float(np.var(values, ddof=1))
    variance, dof = prior.moderated_variance(values)
    assert min(own, prior.variance) - 1e-12 <= variance or prior.dof == 0
    assert variance <= max(own, prior.variance) + 1e-12
    assert dof == pytest.approx(prior.dof + len(values) - 1)


@pytest.mark.parametrize(("variance", "dof"), [(0.01, 4.0), (0.0025, 1.5), (0.2, 6.0)])
def test_the_variance_prior_is_fitted_to_the_cells(variance: float, dof: float) -> None:
    """From 4,000 cells of three pairs, their variances drawn from the assumed law, its parameters are found again."""
    rng = np.random.default_rng(7)
    variances = variance * dof / rng.chisquare(dof, 4000)
    cells = rng.standard_normal((4000, 3)) * np.sqrt(variances)[:, None]
    result = fit_variance_prior(cells.tolist())
    assert result.variance == pytest.approx(variance, rel=0.1)
    assert result.dof == pytest.approx(dof, rel=0.2)


def test_cells_of_equal_variance_have_a_prior_worth_all_of_them() -> None:
    """Where variances differ by no more than chance, knowledge is worth at most all degrees of freedom together."""
    rng = np.random.default_rng(3)
    result = fit_variance_prior(rng.standard_normal((50, 4)).tolist())
    assert result.variance == pytest.approx(1, rel=0.25)
    assert 20 < result.dof <= 150


def test_few_cells_give_no_prior() -> None:
    """Below a number of cells each is judged by its own pairs alone."""
    cells = [[0.0, 0.1 * number] for number in range(1, MIN_CELLS)]
    assert fit_variance_prior(cells) == NO_PRIOR
    assert fit_variance_prior([*cells, [0.0, 1.0]]).dof > 0


def moved(count: int, tau: float, error: float = 0.05) -> list[Difference]:
    """Return differences of cells that moved by chance, and by as much again between the runs."""
    rng = np.random.default_rng(11)
    return [Difference(float(mean), error, 8.0) for mean in rng.normal(0, math.hypot(tau, error), count)]


@pytest.mark.parametrize("tau", [0.1, 0.3, 1.0])
def test_the_between_run_variance_is_estimated_without_bias(tau: float) -> None:
    """Of 2,000 cells that move between runs by more than their error, tau is estimated within 15%, either way."""
    result = heterogeneity(moved(2000, tau))
    for each in (result.overall, result.against_slower, result.against_faster):
        assert each.tau == pytest.approx(tau, rel=0.15)


def test_a_quiet_machine_has_no_between_run_variance() -> None:
    """Cells that move by their error alone show next to none, also where they all move by one factor more."""
    quiet = moved(2000, 0.0)
    together = [Difference(each.mean - 0.5, each.standard_error, each.dof) for each in quiet]
    assert heterogeneity(quiet).overall.tau < 0.02
    assert heterogeneity(together).overall.tau == pytest.approx(heterogeneity(quiet).overall.tau)


@pytest.mark.parametrize("count", [10, 30, 50, 70, 90, 100])
@pytest.mark.parametrize("factor", [1.3, 3.0])
def test_slower_cells_are_not_taken_for_between_run_variance(count: int, factor: float) -> None:
    """However many of 100 cells got slower and by how much, hardly any between-run variance counts against that."""
    quiet = moved(100, 0.0)
    slower = [Difference(each.mean - math.log(factor), each.standard_error, 8.0) for each in quiet[:count]]
    assert heterogeneity([*slower, *quiet[count:]]).against_slower.tau < 0.06


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), max_size=30))
def test_swapped_runs_have_the_same_between_run_variance(cells: list[tuple[float, float]]) -> None:
    """Swapped runs moved as much over all, and what counts against slower cells counts against faster ones."""
    there = heterogeneity([Difference(mean, error, 8.0) for mean, error in cells])
    back = heterogeneity([Difference(-mean, error, 8.0) for mean, error in cells])
    assert back.overall.tau == pytest.approx(there.overall.tau, abs=1e-9)
    assert back.against_slower.tau == pytest.approx(there.against_faster.tau, abs=1e-9)
    assert back.against_faster.tau == pytest.approx(there.against_slower.tau, abs=1e-9)
    assert max(there.against_slower.tau, there.against_faster.tau) <= there.overall.tau


def test_few_cells_show_no_between_run_variance() -> None:
    """What moves between runs can't be told from a handful of cells."""
    assert heterogeneity(moved(MIN_CELLS - 1, 1.0)) == Heterogeneity()
    assert heterogeneity(moved(MIN_CELLS, 1.0)).overall.tau > 0


@given(st.floats(0.001, 1), st.floats(1, 50), st.floats(0.001, 1), st.floats(1, 50))
def test_between_run_variance_only_widens_the_error(error: float, dof: float, tau: float, common: float) -> None:
    """Added to a difference it leaves the mean, and widens the error as independent errors do."""
    before = Difference(-0.3, error, dof)
    after = BetweenRunVariance(tau, common).added_to(before)
    assert after.mean == before.mean
    assert after.standard_error == pytest.approx(math.hypot(error, tau))
    assert min(dof, common) * (1 - 1e-9) <= after.dof <= (dof + common) * (1 + 1e-9)
    assert BetweenRunVariance().added_to(before) == before


@given(st.lists(st.tuples(unequal, unequal, st.floats(1, 2)), min_size=1, max_size=8), priors)
def test_a_family_of_swapped_cells_gets_the_opposite_verdicts(
    cells: list[tuple[list[float], list[float], float]], prior: VariancePrior
) -> None:
    """Judged the other way round, each cell has the opposite verdict, and its interval the inverse ends."""
    there = judge([difference(one, other, prior) for one, other, _ in cells], [noise for *_, noise in cells])
    back = judge([difference(other, one, prior) for one, other, _ in cells], [noise for *_, noise in cells])
    for forth, reverse in zip(there, back, strict=True):
        assert reverse.verdict == OPPOSITE.get(forth.verdict, forth.verdict)
        assert forth.change.low == pytest.approx(1 / reverse.change.high)


@pytest.mark.parametrize(
    ("mean", "error", "noise", "verdict", "reason"),
    [
        (math.log(0.5), 0.01, 1.2, "worse", "beyond chance and beyond 20%"),
        (math.log(2.0), 0.01, 1.2, "better", "beyond chance and beyond 20%"),
        (math.log(0.9), 0.001, 1.2, "undecided", "within noise (20%)"),
        (math.log(1.04), 0.0001, 1.01, "no difference", "its interval lies within 5%"),
        (math.log(0.96), 0.0001, 1.01, "no difference", "its interval lies within 5%"),
        (math.log(0.96), 0.0001, 1.2, "no difference", "its interval lies within 5%"),
        (math.log(1.04), 0.01, 1.01, "undecided", "its interval reaches beyond 5%"),
        (math.log(0.5), 1.0, 1.0, "undecided", "within chance"),
        (0.0, 0.01, 1.0, "no difference", "its interval lies within 5%"),
        (0.0, 0.03, 1.0, "undecided", "within chance"),
        (math.log(0.9), 0.001, 1.01, "worse", "beyond chance and beyond 5%"),
    ],
)
def test_a_change_has_to_pass_every_threshold(
    mean: float, error: float, noise: float, verdict: str, reason: str
) -> None:
    """A change is beyond chance, beyond the noise of null cells and of a size that matters, or it is no verdict.

    It is no difference where its whole interval is too small to matter, and undecided elsewhere.
    """
    (result,) = judge([Difference(mean, error, 10.0)], [noise])
    assert (result.verdict, result.reason) == (verdict, reason)


def test_more_cells_raise_the_threshold() -> None:
    """A change that counts among three cells doesn't among three hundred."""
    striking, nothing = Difference(-0.5, 0.1, 10.0), Difference(0.0, 0.1, 10.0)
    assert ALPHA / 300 < striking.p < ALPHA / 3
    for others, verdict in ((2, "worse"), (299, "undecided")):
        result = judge([striking, *[nothing] * others], [MIN_CHANGE] * (others + 1))
        assert result[0].verdict == verdict
