"""Which option to use, with its probability, the expected loss, and the pairs that would decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np

from ingest_bench.analysis.speedup import Draws, Estimate, generator

K = TypeVar("K")
TOLERANCE = 0.05
"""Share of the best throughput that an option may lack and still be as good."""
CONFIDENCE = 0.95
MIN_PROBABILITY = 0.01
"""An option that is within the tolerance of the leader with a smaller probability is left out."""
DRAWS, ROUGH_DRAWS = 20_000, 4_000
MAX_PAIRS = 1_000
"""More pairs than this are never requested."""

Parts = Sequence[Estimate]
"""An option's estimates, one for each scenario that decides; their mean is what counts."""


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
    """Pairs that each option of `chances` would need on top, about; None when decided, or more than `MAX_PAIRS`."""

    @property
    def decided(self) -> bool:
        """Whether the choice has the required confidence."""
        return self.status == "decided"

    @property
    def chance(self) -> Chance | None:
        """The probabilities of the choice."""
        return None if self.use is None else self.chances[self.use]

    @property
    def contenders(self) -> tuple[K, ...]:
        """The other options that might be as good."""
        return tuple(
            option
            for option, chance in self.chances.items()
            if option != self.use and chance.p_within_tolerance >= MIN_PROBABILITY
        )


def recommend(ratios: Mapping[int, Sequence[float]], *, seed: int = 0) -> Verdict[int]:
    """Recommend a level of concurrency from paired log ratios against a common baseline.

    The rule: an option is good enough when its throughput is within `TOLERANCE` of the best with `CONFIDENCE`; of those
    the simplest is recommended. Where there is none it is undecided, and the provisional choice is the simplest option
    whose expected loss is below `TOLERANCE`, or else the one with the smallest. The errors of the options are
    independent, since each was measured in pairs of its own.

    Args:
        ratios: by level, the logs of its speed over the baseline's, one a pair. A level with fewer than two pairs is
            ignored; one whose values are all the same is taken for known.
        seed: of the random draws.

    """
    estimates = {level: Estimate.from_logs(logs) for level, logs in sorted(ratios.items())}
    return decide({level: (estimate,) for level, estimate in estimates.items() if estimate}, seed=seed)


def decide(options: Mapping[K, Parts], *, seed: int = 0) -> Verdict[K]:
    """Recommend as `recommend` does, from estimates of one or of several scenarios; options come simplest first.

    The mean of logs over scenarios is the log of the geometric mean, which ranks options alike whatever the baselines
    (P. J. Fleming and J. J. Wallace, Communications of the ACM 29(3), 1986).
    """
    if not options:
        return Verdict("unknown", None, {}, (), None)
    kept = _without_hopeless(draws_of(options, seed))
    chances = _chances(kept)
    left_out = tuple(option for option in options if option not in kept)
    good = _first_good(chances)
    if good is not None:
        return Verdict("decided", good, chances, left_out, None)
    losses = {option: chance.expected_loss for option, chance in chances.items()}
    provisional = next(
        (option for option in losses if losses[option] <= TOLERANCE), min(losses, key=losses.__getitem__)
    )
    needed = _pairs_needed({option: options[option] for option in kept}, seed)
    return Verdict("undecided", provisional, chances, left_out, needed)


def draws_of(options: Mapping[K, Parts], seed: int, size: int = DRAWS, more_pairs: int = 0) -> dict[K, Draws]:
    """Return draws of the mean log ratio of each option, each of shape (size,)."""
    drawn = {}
    for option, parts in options.items():
        rng = generator(seed, option)
        drawn[option] = np.mean([part.draws(rng, size, more_pairs) for part in parts], axis=0)
    return drawn


def _without_hopeless(drawn: dict[K, Draws]) -> dict[K, Draws]:
    """Give the draws without options that are far from the leader, because those would only lower its probability."""
    leader = max(drawn.values(), key=lambda draws: float(np.median(draws)))
    bound = leader + np.log1p(-TOLERANCE)
    return {
        option: draws
        for option, draws in drawn.items()
        if draws is leader or np.mean(draws >= bound) >= MIN_PROBABILITY
    }


def _chances(drawn: dict[K, Draws]) -> dict[K, Chance]:
    best = np.max(list(drawn.values()), axis=0)
    chances = {}
    for option, draws in drawn.items():
        losses = -np.expm1(draws - best)
        behind = losses > 0
        chances[option] = Chance(
            p_best=float(np.mean(~behind)),
            p_within_tolerance=float(np.mean(losses <= TOLERANCE)),
            expected_loss=float(losses.mean()),
            loss_if_not_best=float(losses[behind].mean()) if behind.any() else 0.0,
        )
    return chances


def _first_good(chances: Mapping[K, Chance]) -> K | None:
    return next((option for option, chance in chances.items() if chance.p_within_tolerance >= CONFIDENCE), None)


def _pairs_needed(options: Mapping[K, Parts], seed: int) -> int | None:
    """Find the smallest number of further pairs that would settle it if they looked like those taken."""

    def settles(more: int) -> bool:
        return _first_good(_chances(draws_of(options, seed, ROUGH_DRAWS, more))) is not None

    low, high = 0, 1
    while not settles(high):
        low, high = high, high * 2
        if high > MAX_PAIRS:
            return None
    while high - low > 1:
        half = (low + high) // 2
        low, high = (low, half) if settles(half) else (half, high)
    return high
