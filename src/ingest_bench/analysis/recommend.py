"""Which option to use, with its probability, the expected loss, and the pairs that would decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np

from ingest_bench.analysis.race import TOLERANCE, Parts, after_first_pass, moderated, standing
from ingest_bench.analysis.speedup import INTERVAL_PAIRS, Draws, Estimate, generator

K = TypeVar("K")
MIN_PROBABILITY = 0.01
"""An option that is within the tolerance of the leader with a smaller probability is left out."""
DRAWS = 20_000
MAX_PAIRS = 1_000
"""More pairs than this are never requested."""


@dataclass(frozen=True, slots=True)
class Chance:
    """Posterior probabilities of an option. Losses are shares of the throughput of the best option."""

    p_best: float
    """Probability that it is the best."""
    p_within_tolerance: float
    """Probability that it is within the tolerance of the best."""
    expected_loss: float
    """If it is chosen."""
    loss_if_not_best: float
    """Expected loss in the cases in which it isn't the best."""


@dataclass(frozen=True, slots=True)
class Verdict(Generic[K]):
    """What to use."""

    status: Literal["decided", "undecided", "unknown"]
    use: K | None
    """The choice; a provisional one when undecided."""
    chances: Mapping[K, Chance]
    """Of every option that isn't left out, simplest first."""
    left_out: tuple[K, ...]
    """Options that are almost surely not within the tolerance."""
    more_pairs: int | None
    """Pairs that each option would need on top, about; None when decided, or more than `MAX_PAIRS`."""
    rivals: tuple[K, ...] = ()
    """Options that the choice is not shown to beat; some may have too few pairs to be chosen themselves."""
    racing: tuple[K, ...] = ()
    """Options whose pairs would decide it."""
    loss: float = 0.0
    """Share of the throughput of any other option that the choice is shown to lose at most; 1: nothing is shown."""
    tolerance: float = TOLERANCE
    """The loss that matters."""

    @property
    def decided(self) -> bool:
        """Whether the choice has the required confidence."""
        return self.status == "decided"

    @property
    def chance(self) -> Chance | None:
        """The probabilities of the choice."""
        return None if self.use is None else self.chances[self.use]


def recommend(ratios: Mapping[int, Sequence[float]], *, tolerance: float = TOLERANCE, seed: int = 0) -> Verdict[int]:
    """Recommend a level of concurrency from paired log ratios against a common baseline.

    The rule is that of `race.standing`: the lowest level is chosen that is shown to lose no more than the tolerance
    against each other one, and against which no lower one is shown to be as good. The errors of the levels are
    independent, since each was measured in pairs of its own.

    Args:
        ratios: by level, the logs of its speed over the baseline's, one a pair. A level without any is ignored; one
            with fewer than `INTERVAL_PAIRS` can't be chosen, nor ruled out; one whose values are all 0 is the baseline
            itself, which is known.
        tolerance: the loss that matters, as a share of throughput.
        seed: of the random draws.

    """
    ordered = {level: logs for level, logs in sorted(ratios.items()) if len(logs)}
    known = {level: Estimate(0.0, 0.0, len(logs)) for level, logs in ordered.items() if not any(logs)}
    noisy = moderated({level: logs for level, logs in ordered.items() if level not in known})
    options = {level: (known.get(level) or noisy[level],) for level in ordered}
    return decide(options, tolerance=tolerance, seed=seed)


def decide(options: Mapping[K, Parts], *, tolerance: float = TOLERANCE, seed: int = 0) -> Verdict[K]:
    """Recommend as `recommend` does, from estimates of one or of several scenarios; options come cheapest first.

    The mean of logs over scenarios is the log of the geometric mean, which ranks options alike whatever the baselines
    (P. J. Fleming and J. J. Wallace, Communications of the ACM 29(3), 1986).
    """
    measured = {key: parts for key, parts in options.items() if all(p.pairs >= INTERVAL_PAIRS for p in parts)}
    if not measured:
        racing = after_first_pass(options) if options else ()
        return Verdict("unknown", None, {}, (), None, tuple(options), racing, 1.0, tolerance)
    found = standing(options, tolerance)
    kept = _without_hopeless(draws_of(measured, seed), found.use, tolerance)
    return Verdict(
        status="undecided" if found.rivals else "decided",
        use=found.use,
        chances=_chances(kept, tolerance),
        left_out=tuple(option for option in measured if option not in kept),
        more_pairs=_pairs_needed(options, tolerance) if found.rivals else None,
        rivals=found.rivals,
        racing=found.racing,
        loss=found.loss,
        tolerance=tolerance,
    )


def draws_of(options: Mapping[K, Parts], seed: int, size: int = DRAWS) -> dict[K, Draws]:
    """Return draws of the mean log ratio of each option, each of shape (size,)."""
    drawn = {}
    for option, parts in options.items():
        rng = generator(seed, option)
        drawn[option] = np.mean([part.draws(rng, size) for part in parts], axis=0)
    return drawn


def _without_hopeless(drawn: dict[K, Draws], use: K, tolerance: float) -> dict[K, Draws]:
    """Give the draws without options that are far from the leader, because those would only lower its probability."""
    leader = max(drawn.values(), key=lambda draws: float(np.median(draws)))
    bound = leader + np.log1p(-tolerance)
    return {
        option: draws
        for option, draws in drawn.items()
        if draws is leader or option == use or np.mean(draws >= bound) >= MIN_PROBABILITY
    }


def _chances(drawn: dict[K, Draws], tolerance: float) -> dict[K, Chance]:
    best = np.max(list(drawn.values()), axis=0)
    chances = {}
    for option, draws in drawn.items():
        losses = -np.expm1(draws - best)
        behind = losses > 0
        chances[option] = Chance(
            p_best=float(np.mean(~behind)),
            p_within_tolerance=float(np.mean(losses <= tolerance)),
            expected_loss=float(losses.mean()),
            loss_if_not_best=float(losses[behind].mean()) if behind.any() else 0.0,
        )
    return chances


def _pairs_needed(options: Mapping[K, Parts], tolerance: float) -> int | None:
    """Find the smallest number of further pairs that would settle it if they looked like those taken."""

    def settles(more: int) -> bool:
        after = {option: [part.after(more) for part in parts] for option, parts in options.items()}
        return not standing(after, tolerance).rivals

    low, high = 0, 1
    while not settles(high):
        low, high = high, high * 2
        if high > MAX_PAIRS:
            return None
    while high - low > 1:
        half = (low + high) // 2
        low, high = (low, half) if settles(half) else (half, high)
    return high
