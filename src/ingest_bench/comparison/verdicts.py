"""Verdicts on cells whose times can be compared: Welch's t-test, corrected for the number of cells."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest_bench.analysis.variance_moderation import VariancePrior
from ingest_bench.comparison.models import Change, Verdict, Witness

_MAX_LOG = 700.0
"""About the logarithm of the largest float."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two means of log ratios, later less earlier."""

    mean: float
    standard_error: float
    dof: float
    """Degrees of freedom of the standard error."""

    @property
    def p(self) -> float:
        """The two-sided p value against no difference."""
        if self.standard_error == 0:
            return float(self.mean == 0)
        from scipy.special import stdtr  # noqa: PLC0415 - a quarter of a second that only a comparison pays

        return float(2 * stdtr(self.dof, -abs(self.mean) / self.standard_error))

    def half_width(self, confidence: float) -> float:
        """Give half the width of the confidence interval around the mean."""
        from scipy.special import stdtrit  # noqa: PLC0415 - see above

        return self.standard_error * float(stdtrit(self.dof, (1 + confidence) / 2))


def difference(earlier: Sequence[float], later: Sequence[float], prior: VariancePrior) -> Difference:
    """Compare the means of two independent sets of log ratios of unequal variance.

    B. L. Welch, "The generalization of 'Student's' problem when several different population variances are involved",
    Biometrika 34 (1947), 28 to 35. Each variance is the moderated one (`VariancePrior`), with its degrees of freedom.

    Args:
        earlier: natural logarithms of paired ratios, at least two.
        later: the same, of the other run.
        prior: of the variance of such logarithms.

    """
    shares, squares = [], []
    for logs in (earlier, later):
        variance, dof = prior.moderated_variance(logs)
        shares.append(variance / len(logs))
        squares.append(shares[-1] ** 2 / dof)
    total = sum(shares)
    return Difference(
        mean=float(np.mean(later) - np.mean(earlier)),
        standard_error=math.sqrt(total),
        # Without any variance the error is 0, whatever its degrees of freedom.
        dof=total**2 / sum(squares) if sum(squares) else 1.0,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for their number, which controls the family-wise error rate.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979),
    65 to 70. It assumes no independence, and holds however many cells really changed. Control of the false discovery
    rate doesn't: among thirty improvements it would allow one false regression.

    Returns:
        The adjusted values, in the order given.

    """
    adjusted = [0.0] * len(p_values)
    maximum = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        maximum = max(maximum, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = maximum
    return adjusted


def factor(logarithm: float) -> float:
    """Give the exponential of a logarithm, bounded so that it is a positive, finite float."""
    return math.exp(max(-_MAX_LOG, min(_MAX_LOG, logarithm)))


CONFIDENCE = 0.95
"""Of the interval of each change."""
ALPHA = 0.01
"""Family-wise error rate, over all cells together: of a gate that runs daily about two regressions a year are false."""
MIN_CHANGE = 1.05
"""A smaller change never fails a gate: the same 5% within which a recommendation calls two ways equal. A change whose
whole interval is smaller is no difference."""
METHOD = (
    "Welch's t on the logarithms of paired speed-ups; variances moderated by those of all cells (Smyth), plus the "
    "between-run variance of all cells (Paule and Mandel, by medians); p corrected for the number of cells (Holm); a "
    "change has to exceed the noise of the scenario's null cells, and 5%"
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a cell."""

    verdict: Verdict
    reason: str
    change: Change


def judge(differences: Sequence[Difference], noises: Sequence[float]) -> list[Judgement]:
    """Judge a family of cells: a change counts with a corrected p below `ALPHA`, beyond the noise and `MIN_CHANGE`.

    One that doesn't count is no difference only if its interval lies within `MIN_CHANGE`, as two one-sided tests of
    equivalence ask for (D. J. Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987). Else it is undecided.

    Args:
        differences: of each cell between the runs.
        noises: what the null cells of each cell's scenario showed, as factors above 1.

    """
    p_values = holm([difference.p for difference in differences])
    family = len(differences)
    return [_judgement(*each, family) for each in zip(differences, noises, p_values, strict=True)]


def _judgement(difference: Difference, noise: float, p: float, family: int) -> Judgement:
    threshold = max(noise, MIN_CHANGE)
    change = _change(difference, p, threshold, family)
    if p >= ALPHA or abs(difference.mean) <= math.log(threshold):
        if abs(difference.mean) + difference.half_width(CONFIDENCE) <= math.log(MIN_CHANGE):
            return Judgement("no difference", f"its interval lies within {MIN_CHANGE - 1:.0%}", change)
        if p >= ALPHA:
            return Judgement("undecided", "within chance", change)
        noisy = threshold > MIN_CHANGE
        reason = f"within noise ({threshold - 1:.0%})" if noisy else f"its interval reaches beyond {MIN_CHANGE - 1:.0%}"
        return Judgement("undecided", reason, change)
    reason = f"beyond chance and beyond {threshold - 1:.0%}"
    return Judgement("better" if difference.mean > 0 else "worse", reason, change)


def witness(difference: Difference) -> Witness:
    """Give a change with its interval, without a verdict."""
    half_width = difference.half_width(CONFIDENCE)
    low, high = (factor(difference.mean + side * half_width) for side in (-1, 1))
    return Witness(factor=factor(difference.mean), low=low, high=high)


def _change(difference: Difference, p: float, threshold: float, family: int) -> Change:
    mean, half_width = difference.mean, difference.half_width(CONFIDENCE)
    # Holm's first step is Bonferroni's: the threshold for the cell with the smallest p value.
    bonferroni = difference.half_width(1 - ALPHA / family)
    return Change(
        factor=factor(mean),
        low=factor(mean - half_width),
        high=factor(mean + half_width),
        p=p,
        minimum_detectable_change=max(threshold, factor(bonferroni)),
    )
