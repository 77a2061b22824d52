"""The recommendation against choices whose truth is known, and the properties that any rule has to have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ingest_bench.analysis.recommend import Verdict, decide, recommend
from ingest_bench.analysis.speedup import Estimate, speed_up

LEVELS = (1, 2, 5, 10, 20)


def pairs_of(mean: float, spread: float, pairs: int) -> list[float]:
    """Give log ratios that have exactly this mean and this standard deviation."""
    shape = np.linspace(-1, 1, pairs)
    return (mean + shape / shape.std(ddof=1) * spread).tolist()


levels = st.dictionaries(
    st.sampled_from(LEVELS),
    st.tuples(st.floats(-1, 1), st.floats(0.001, 0.2), st.integers(4, 8)),
    min_size=1,
    max_size=5,
)


def summary(verdict: Verdict[int]) -> tuple[object, ...]:
    """Give what a reader acts on."""
    return (verdict.status, verdict.use, verdict.more_pairs, dict(verdict.chances))


@settings(max_examples=40, deadline=None)
@given(found=levels, dominated=st.integers(0, 50), below=st.floats(3, 5), spread=st.floats(0, 0.05))
@example(found={1: (0.0, 0.125, 4), 2: (0.0, 0.125, 4)}, dominated=0, below=3.0, spread=4.7e-144)
def test_a_dominated_level_changes_nothing(
    found: dict[int, tuple[float, float, int]], dominated: int, below: float, spread: float
) -> None:
    """A level that is far slower than the best, lower or higher, leaves choice, probabilities and pairs as they are."""
    assume(dominated not in found)
    options = {level: (Estimate(*each),) for level, each in sorted(found.items())}
    best = max(mean for mean, _, _ in found.values())
    with_it = decide(dict(sorted({**options, dominated: (Estimate(best - below, spread, 4),)}.items())))
    assert summary(with_it) == summary(decide(options))
    assert dominated in with_it.left_out


@settings(max_examples=40, deadline=None)
@given(found=levels, shift=st.floats(-3, 3), order=st.randoms())
def test_neither_the_baseline_nor_the_order_matters(
    found: dict[int, tuple[float, float, int]], shift: float, order: object
) -> None:
    """Another baseline moves all ratios alike and another order of the levels is no news: the choice is the same."""
    ratios = {level: pairs_of(*each) for level, each in found.items()}
    shuffled = list(ratios)
    order.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    moved = recommend({level: [value + shift for value in ratios[level]] for level in shuffled})
    one = recommend(ratios)
    assert (moved.status, moved.use) == (one.status, one.use)
    assert moved.chances.keys() == one.chances.keys()
    for level, chance in one.chances.items():
        assert moved.chances[level].p_within_tolerance == pytest.approx(chance.p_within_tolerance, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(found=levels, gain=st.floats(0.01, 2))
def test_a_choice_that_gets_faster_stays_the_choice(found: dict[int, tuple[float, float, int]], gain: float) -> None:
    """What is decided on is decided on all the more when it does better."""
    ratios = {level: pairs_of(*each) for level, each in found.items()}
    one = recommend(ratios)
    assume(one.decided and one.use is not None)
    faster = recommend({**ratios, one.use: [value + gain for value in ratios[one.use]]})
    assert (faster.status, faster.use) == ("decided", one.use)


def test_use_one_is_an_answer() -> None:
    """Where all levels are alike the lowest is recommended, though another happens to be a little faster."""
    verdict = recommend({level: pairs_of(0.001 * level, 0.01, 6) for level in LEVELS})
    assert (verdict.status, verdict.use, verdict.more_pairs) == ("decided", 1, None)
    assert verdict.chance is not None
    assert verdict.chance.p_within_tolerance >= 0.95


def test_the_lowest_level_within_the_tolerance_is_chosen() -> None:
    """4% below the best is good enough to be chosen for its lower concurrency, 10% below is not."""
    gains = {1: 0.5, 5: 0.90, 10: 0.96, 20: 1.0}
    verdict = recommend({level: pairs_of(math.log(gain), 0.002, 6) for level, gain in gains.items()})
    assert (verdict.status, verdict.use) == ("decided", 10)


def test_undecided_is_an_answer_and_its_pairs_settle_it() -> None:
    """Few noisy pairs don't decide; as many more as it asks for, looking the same, do."""
    few = {1: pairs_of(0.0, 0.3, 3), 10: pairs_of(0.35, 0.3, 3)}
    verdict = recommend(few)
    assert verdict.status == "undecided"
    assert verdict.use == 1
    assert verdict.rivals == (10,)
    assert verdict.more_pairs is not None
    total = 3 + verdict.more_pairs
    assert recommend({1: pairs_of(0.0, 0.3, total + 1), 10: pairs_of(0.35, 0.3, total + 1)}).decided
    assert not recommend({1: pairs_of(0.0, 0.3, total - 2), 10: pairs_of(0.35, 0.3, total - 2)}).decided


def test_more_noise_asks_for_more_pairs() -> None:
    """The count comes from the spread that was observed."""
    asked = [
        recommend({1: pairs_of(0.0, spread, 4), 10: pairs_of(0.2, spread, 4)}).more_pairs or 0
        for spread in (0.15, 0.3, 0.6)
    ]
    assert asked == sorted(set(asked))


def test_hopelessly_noisy_pairs_are_not_counted_out() -> None:
    """Where not even a thousand pairs would do, no number is made up."""
    verdict = recommend({1: pairs_of(0.0, 20.0, 3), 10: pairs_of(0.055, 20.0, 3)})
    assert (verdict.status, verdict.more_pairs) == ("undecided", None)


def test_losses_are_those_of_the_truth() -> None:
    """An option that is surely 4% slower loses 4%, whether or not it is chosen; the best loses nothing."""
    verdict = recommend({1: [math.log(0.96)] * 3, 2: [math.log(0.97)] * 3, 10: [0.0] * 3})
    assert verdict.use == 1
    assert verdict.chance is not None
    assert verdict.chance.expected_loss == pytest.approx(0.04)
    assert verdict.chance.loss_if_not_best == pytest.approx(0.04)
    assert verdict.chances[2].expected_loss == pytest.approx(0.03)
    assert verdict.chances[10].expected_loss == 0
    assert verdict.chances[10].p_best == 1


def test_a_single_pair_is_no_evidence() -> None:
    """A level with one pair is never chosen, and only ruled out where it is far behind."""
    waiting = recommend({1: [0.0, 0.01, 0.0], 10: [9.0]})
    assert (waiting.status, waiting.use, waiting.rivals) == ("undecided", 1, (10,))
    assert recommend({1: [0.1, 0.11, 0.1], 10: [-0.1]}).status == "undecided"
    assert recommend({1: [0.1, 0.11, 0.1], 10: [-9.0]}).status == "decided"
    assert recommend({10: [9.0]}).status == "unknown"
    assert recommend({}).use is None


def test_what_is_decided_is_good_enough_in_truth() -> None:
    """Of 150 noisy measurements of a knee at ten, at least 95% of what is decided is within 5% of the true best."""
    truth = {1: 1.0, 2: 2.0, 5: 5.0, 10: 7.7, 20: 7.7}
    decided = right = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        verdict = recommend({level: np.log(x) + rng.normal(0, 0.05, 12) for level, x in truth.items()}, seed=seed)
        decided += verdict.decided
        right += verdict.decided and verdict.use in (10, 20)
    assert decided >= 75
    assert right >= 0.95 * decided


def test_an_estimate_spreads_as_its_pairs_do() -> None:
    """The draws have the quantiles of Student's t that `statistics.speed_up` gives as its interval."""
    logs = [0.1, 0.3, 0.25, 0.2]
    estimate, ratio = Estimate.from_logs(logs), speed_up([math.exp(value) for value in logs], 0.95)
    assert estimate is not None
    assert ratio is not None
    low, high = np.quantile(estimate.draws(np.random.default_rng(1), 200_000), [0.025, 0.975])
    assert (low, high) == pytest.approx((math.log(ratio.low), math.log(ratio.high)), abs=0.01)
