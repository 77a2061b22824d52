"""Intervals that hold whenever one stops, however often one looks; calibration tries them beside those in use."""

import math

MIXING = 0.1
"""Precision of the mixture over the mean in units of the noise. Of 0.001 to 1 it gives the narrowest intervals at 6 to
48 pairs that are finite with three as well."""


def anytime_quantile(dof: float, alpha: float) -> float:
    """Give the t value that a true mean exceeds, either way and at any of endlessly many looks, with chance `alpha`.

    With n values, S their sum and V the sum of their squares, the likelihood ratio of a mean of 0 against one that is
    normal with variance 1 / c in units of the noise, the noise being integrated out, is

        sqrt(c / (n + c)) (V / (V - S^2 / (n + c)))^(n / 2)

    It is a martingale of what doesn't depend on the scale, and by Ville's inequality it reaches 1 / alpha with chance
    alpha at most (H. Wang and A. Ramdas, "Anytime-valid t-tests and confidence sequences for Gaussian means with
    unknown variance", arXiv 2310.03722, 2024; T. L. Lai, Ann. Statist. 4, 1976, has a flat mixture). Solved for t.

    Args:
        dof: degrees of freedom, n - 1; a fraction where they are Welch's.
        alpha: chance of an error.

    Returns:
        Infinity where so few values exclude nothing.

    """
    n = dof + 1
    ratio = (math.sqrt((n + MIXING) / MIXING) / alpha) ** (2 / n)
    rest = 1 - ratio * MIXING / (n + MIXING)
    return math.sqrt(dof * (ratio - 1) / rest) if rest > 0 else math.inf


def anytime_rank(count: int, alpha: float) -> int:
    """Give which value from either end bounds the median, at any of endlessly many looks, whatever the noise.

    Of n values k are below the true median like a fair coin. The likelihood ratio against a coin of unknown bias,
    2^n / ((n + 1) binomial(n, k)), is a martingale (H. Robbins, Ann. Math. Statist. 41, 1970; for quantiles S. R.
    Howard and A. Ramdas, Bernoulli 28, 2022), which reaches 1 / alpha with chance alpha at most.

    Args:
        count: n.
        alpha: chance of an error.

    Returns:
        1 for the smallest and the largest; 0 where so few values exclude nothing.

    """
    least = count * math.log(2) - math.log(count + 1) + math.log(alpha)
    return next(k for k in range(count + 1) if math.log(math.comb(count, k)) > least)
