"""Which of several options is shown to be good enough, and which rivals a choice has still to be told from.

One option beats another when it is shown to be no worse than matters: a cheaper one to lose no more than the tolerance,
a dearer one to be faster at all. So where no difference is known the cheapest is chosen.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ingest_bench.analysis.speedup import INTERVAL_PAIRS, Estimate
from ingest_bench.analysis.variance_moderation import VariancePrior

K = TypeVar("K")
Parts = Sequence[Estimate]
"""An option's estimates, one for each scenario that decides; their mean is what counts."""
Quantile = Callable[[float], float]
"""Gives, for degrees of freedom, by how many standard errors the lower bound of a lead lies below its estimate."""

TOLERANCE = 0.05
"""Share of throughput that doesn't matter, where the settings don't say another."""
CONFIDENCE = 0.95
"""That a choice, whenever it was made, loses no more than the tolerance."""
LOOKS = 5
"""How often the pairs of a race are looked at, at most: after 3, 6, 12, 24, and all of them."""
LOOK_CONFIDENCE = CONFIDENCE ** (1 / LOOKS)
"""Of one look. What a look sees is part of what the next one sees, so that their errors go together, and all of them
together err no more often than independent ones would (D. Slepian, Bell System Technical Journal 41, 1962; Z. Sidak,
Journal of the American Statistical Association 62, 1967). A boundary for equally informative looks (S. J. Pocock,
Biometrika 64, 1977) is lower by a twentieth, but holds for looks at agreed times only."""
POOLED_DOF = 4.0
"""Degrees of freedom that the noise of a scenario's cells together is worth to each of them, at most. Three pairs of a
baseline that has two speeds may all show the same one; those of all cells don't."""


FAR_BEHIND = math.log(1.5)
"""How far behind the fastest, as a log, an option is that gets no pairs after the first pass until the fastest ones
have an interval. If it is then as far behind beyond noise, it is ruled out with fewer than `INTERVAL_PAIRS` pairs: one
may have been held up, and all that is known of its noise are the pairs of others. Else it is raced after all."""


def totals(most: int) -> list[int]:
    """List the pairs of an option at each look of a race, up to `most`."""
    doubled = [INTERVAL_PAIRS * 2**look for look in range(LOOKS - 1)]
    return [*(each for each in doubled if each < most), most]


@dataclass(frozen=True, slots=True)
class Standing(Generic[K]):
    """How a race stands."""

    use: K
    """The choice, or, where none is shown to be good enough, the provisional one."""
    rivals: tuple[K, ...]
    """Options that the choice isn't shown to beat, the cheapest first; empty: it is decided."""
    racing: tuple[K, ...]
    """Options whose pairs would decide it; empty where it is decided."""
    loss: float
    """Share of the throughput of any other option that the choice is shown to lose at most, 0 to 1."""


def of_a_look(dof: float) -> float:
    """Give Student's quantile at the confidence of a look."""
    from scipy.special import stdtrit  # noqa: PLC0415 - a quarter of a second that only advice pays

    return float(stdtrit(dof, LOOK_CONFIDENCE))


def standing(options: Mapping[K, Parts], tolerance: float = TOLERANCE, quantile: Quantile = of_a_look) -> Standing[K]:
    """Judge options, the cheapest first.

    That an option is good enough takes that it beats each other one. Such an intersection of tests needs no correction
    for their number (R. L. Berger, Technometrics 24, 1982). The provisional choice is the cheapest than which none is
    shown to be faster. What is raced is the option that is easiest to show to be good enough, if the means are right:
    the cheapest that loses no more than half of the tolerance; and all that it isn't shown to beat.

    Args:
        options: at least one.
        tolerance: the loss that matters, as a share of throughput.
        quantile: of a lead; calibration tries others.

    """
    known = {option: parts for option, parts in options.items() if _measured(parts)}
    for option in known:
        if not _rivals(option, options, tolerance, quantile):
            return Standing(option, (), (), _loss(option, options, quantile))
    if not known:
        racing = after_first_pass(options)
        return Standing(racing[0], tuple(option for option in options if option != racing[0]), racing, 1.0)
    means = {option: _mean(parts) for option, parts in known.items()}
    enough = max(means.values()) + math.log1p(-tolerance / 2)
    leader = next(option for option, mean in means.items() if mean >= enough)
    raced = {leader, *_rivals(leader, options, tolerance, quantile)}
    use = next(
        option for option in known if all(_lead(parts, known[option], quantile) <= 0 for parts in known.values())
    )
    return Standing(
        use,
        _rivals(use, options, tolerance, quantile),
        tuple(option for option in options if option in raced),
        _loss(use, options, quantile),
    )


def after_first_pass(options: Mapping[K, Parts]) -> tuple[K, ...]:
    """List the options to race first, when each has a pair or two: those that aren't far behind the fastest."""
    fastest = max(map(_mean, options.values()))
    return tuple(option for option, parts in options.items() if _mean(parts) >= fastest - FAR_BEHIND)


def _measured(parts: Parts) -> bool:
    return all(part.pairs >= INTERVAL_PAIRS for part in parts)


def _rivals(option: K, options: Mapping[K, Parts], tolerance: float, quantile: Quantile) -> tuple[K, ...]:
    names = list(options)
    place = names.index(option)

    def needed(other: K, rank: int) -> float:
        if not _measured(options[other]):
            return FAR_BEHIND
        return math.log1p(-tolerance) if place < rank else 0.0

    return tuple(
        other
        for rank, other in enumerate(names)
        if other != option and not _lead(options[option], options[other], quantile) > needed(other, rank)
    )


def _loss(option: K, options: Mapping[K, Parts], quantile: Quantile) -> float:
    leads = (_lead(options[option], parts, quantile) for other, parts in options.items() if other != option)
    return -math.expm1(min(0.0, min(leads, default=0.0)))


def _lead(one: Parts, other: Parts, quantile: Quantile) -> float:
    """Give the lower bound of the log of one option's speed over another's.

    Welch's: the degrees of freedom are those that the variances of all parts together are worth (B. L. Welch,
    Biometrika 34, 1947).
    """
    gap, parts = _mean(one) - _mean(other), [*one, *other]
    variances = [part.variance / len(one) ** 2 for part in parts]
    variance = sum(variances)
    if variance == 0 or not math.isfinite(variance):
        return -math.inf if variance else gap
    # By shares: squares of very small variances would be 0.
    dof = 1 / sum((each / variance) ** 2 / part.dof for each, part in zip(variances, parts, strict=True) if each)
    return gap - quantile(dof) * math.sqrt(variance)


def _mean(parts: Parts) -> float:
    return sum(part.mean for part in parts) / len(parts)


def moderated(cells: Mapping[K, Sequence[float]]) -> dict[K, Estimate]:
    """Estimate each cell of a scenario from its own log ratios, and its noise from those of all.

    Args:
        cells: log ratios against the same baseline, one a pair and at least one a cell.

    Returns:
        By cell. One with fewer than `INTERVAL_PAIRS` pairs has the noise of the others, which is infinite where there
        are none.

    """
    own = {cell: estimate for cell, logs in cells.items() if (estimate := Estimate.from_logs(logs))}
    dof = sum(estimate.dof for estimate in own.values())
    pooled = sum(estimate.dof * estimate.sd**2 for estimate in own.values()) / dof if dof else 0.0
    prior = VariancePrior(pooled, min(POOLED_DOF, dof))
    estimates = {}
    for cell, logs in cells.items():
        if len(logs) < INTERVAL_PAIRS:
            estimates[cell] = Estimate(sum(logs) / len(logs), _sd(prior), len(logs), prior.dof)
        else:
            variance, total = prior.moderated_variance(logs)
            estimates[cell] = Estimate(own[cell].mean, math.sqrt(variance), len(logs), total)
    return estimates


def _sd(prior: VariancePrior) -> float:
    return math.sqrt(prior.variance) if prior.dof else math.inf
