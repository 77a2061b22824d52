"""Which option to use, how sure that is, what it costs to be wrong, and how many pairs would settle it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np

from ingest_bench.estimates import Draws, Estimate, generator

K = TypeVar("K")
TOLERANCE = 0.05
"""Share of the best throughput that an option may lack and still be as good."""
CONFIDENCE = 0.95
HOPELESS = 0.01
"""An option that is as good as the leader with a smaller probability than this is left out."""
DRAWS, ROUGH_DRAWS = 20_000, 4_000
MOST_PAIRS = 1_000
"""More pairs than this are never asked for."""

Parts = Sequence[Estimate]
"""An option's estimates, one for each scenario that decides; their mean is what counts."""


@dataclass(frozen=True, slots=True)
class Chance:
    """What may be expected of an option. Losses are shares of the throughput of the best option."""

    best: float
    """Probability that it is the best."""
    enough: float
    """Probability that it is within the tolerance of the best."""
    loss: float
    """Expected loss."""
    loss_if_not_best: float
    """Expected loss in the cases in which it isn't the best."""


@dataclass(frozen=True, slots=True)
class Verdict(Generic[K]):
    """What to use."""

    status: Literal["decided", "undecided", "unknown"]
    use: K | None
    """The choice; the bet to make until more pairs are there, when undecided."""
    chances: Mapping[K, Chance]
    """Of every option that isn't hopeless, simplest first."""
    left_out: tuple[K, ...]
    """Hopeless options."""
    more_pairs: int | None
    """Pairs that each option of `chances` would need on top, about; None when decided, or more than `MOST_PAIRS`."""

    @property
    def decided(self) -> bool:
        """Whether the choice is as sure as it has to be."""
        return self.status == "decided"

    @property
    def chance(self) -> Chance | None:
        """What may be expected of the choice."""
        return None if self.use is None else self.chances[self.use]

    @property
    def rivals(self) -> tuple[K, ...]:
        """The other options that might be as good."""
        return tuple(
            option for option, chance in self.chances.items() if option != self.use and chance.enough >= HOPELESS
        )


def recommend(
    ratios: Mapping[K, Sequence[float]], *, seed: int = 0, simplicity: Callable[[K], Any] | None = None
) -> Verdict[K]:
    """Recommend a level of concurrency, or any other option, from paired log ratios against a common baseline.

    The rule: an option is good enough when its throughput is within `TOLERANCE` of the best with `CONFIDENCE`; of those
    the simplest is recommended. Where there is none it is undecided, and the bet is the simplest option whose expected
    loss is below `TOLERANCE`, or else the one with the smallest. The errors of the options are independent, since each
    was measured in pairs of its own.

    Args:
        ratios: by option, the logs of its speed over the baseline's, one a pair. An option with fewer than two pairs is
            ignored; one whose values are all the same is taken for known.
        seed: of the random draws.
        simplicity: sorts options, simplest first; by default the option itself, so lower levels come first.

    """
    parts = {option: (estimate,) for option, logs in ratios.items() if (estimate := Estimate.of(logs))}
    return decide(parts, seed=seed, simplicity=simplicity)


def decide(options: Mapping[K, Parts], *, seed: int = 0, simplicity: Callable[[K], Any] | None = None) -> Verdict[K]:
    """Recommend as `recommend` does, from estimates of one or of several scenarios.

    The mean of logs over scenarios is the log of the geometric mean, which ranks options alike whatever the baselines
    (P. J. Fleming and J. J. Wallace, Communications of the ACM 29(3), 1986).
    """
    ordered = sorted(options, key=simplicity) if simplicity else sorted(options)  # type: ignore[type-var]
    if not ordered:
        return Verdict("unknown", None, {}, (), None)
    kept = _contenders(_draws({option: options[option] for option in ordered}, seed, DRAWS))
    open_to = {option: options[option] for option in kept}
    chances = _chances(kept)
    left_out = tuple(option for option in ordered if option not in kept)
    good = _first_good(chances)
    if good is not None:
        return Verdict("decided", good, chances, left_out, None)
    needed = _pairs_needed(open_to, seed)
    return Verdict("undecided", _bet(chances), chances, left_out, needed)


def _draws(options: Mapping[K, Parts], seed: int, size: int, more: int = 0) -> dict[K, Draws]:
    drawn = {}
    for option, parts in options.items():
        rng = generator(seed, option)
        drawn[option] = np.mean([part.draws(rng, size, more) for part in parts], axis=0)
    return drawn


def _contenders(drawn: dict[K, Draws]) -> dict[K, Draws]:
    """Leave out the options that have no chance against the leader, so that they can't blur the choice."""
    leader = max(drawn.values(), key=lambda draws: float(np.median(draws)))
    bar = leader + np.log1p(-TOLERANCE)
    return {option: draws for option, draws in drawn.items() if draws is leader or np.mean(draws >= bar) >= HOPELESS}


def _chances(drawn: dict[K, Draws]) -> dict[K, Chance]:
    best = np.max(list(drawn.values()), axis=0)
    found = {}
    for option, draws in drawn.items():
        losses = -np.expm1(draws - best)
        behind = losses > 0
        found[option] = Chance(
            best=float(np.mean(~behind)),
            enough=float(np.mean(losses <= TOLERANCE)),
            loss=float(losses.mean()),
            loss_if_not_best=float(losses[behind].mean()) if behind.any() else 0.0,
        )
    return found


def _first_good(chances: Mapping[K, Chance]) -> K | None:
    return next((option for option, chance in chances.items() if chance.enough >= CONFIDENCE), None)


def _bet(chances: Mapping[K, Chance]) -> K:
    cheap = next((option for option, chance in chances.items() if chance.loss <= TOLERANCE), None)
    return cheap if cheap is not None else min(chances, key=lambda option: chances[option].loss)


def _pairs_needed(options: Mapping[K, Parts], seed: int) -> int | None:
    """Find the smallest number of further pairs that would settle it if they looked like those taken."""

    def settles(more: int) -> bool:
        return _first_good(_chances(_draws(options, seed, ROUGH_DRAWS, more))) is not None

    low, high = 0, 1
    while not settles(high):
        low, high = high, high * 2
        if high > MOST_PAIRS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if settles(middle) else (middle, high)
    return high
