"""The rule by which a race is decided."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import t as student_t

from ingest_bench.analysis.race import LOOK_CONFIDENCE, LOOKS, POOLED_DOF, TOLERANCE, moderated, standing
from ingest_bench.analysis.speedup import Estimate

estimates = st.lists(
    st.builds(Estimate, mean=st.floats(-1, 1), sd=st.floats(0.01, 0.3), pairs=st.integers(3, 48)),
    min_size=2,
    max_size=6,
)


def race(*means: float, sd: float = 0.001, pairs: int = 6) -> tuple[int, tuple[int, ...]]:
    """Return the choice among options with these means, the cheapest first, and its rivals."""
    found = standing({place: (Estimate(mean, sd, pairs),) for place, mean in enumerate(means)})
    return found.use, found.rivals


def test_no_difference_means_the_cheapest() -> None:
    """Of ways that are alike the cheapest is chosen, and it is decided."""
    assert race(0.0, 0.0, 0.001) == (0, ())


def test_a_dearer_way_has_to_be_better_beyond_noise() -> None:
    """6% that may be nothing are no reason to pay for; 6% that are sure are."""
    assert race(0.0, 0.06, sd=0.08) == (0, (1,))
    assert race(0.0, 0.06) == (1, ())


def test_a_loss_within_the_tolerance_is_not_paid_for() -> None:
    """A dearer way that is surely 3% faster is left for the cheaper one, and so is one that is slower."""
    assert race(0.0, 0.03, -0.5) == (0, ())
    assert standing({0: (Estimate(0.0, 0.001, 6),), 1: (Estimate(0.03, 0.001, 6),)}, 0.02).use == 1


def test_the_bound_is_welchs_at_the_confidence_of_a_look() -> None:
    """Against the baseline itself, which is known, the loss that is shown is that of a t test with one sample."""
    found = standing({"itself": (Estimate(0.0, 0.0, 4),), "other": (Estimate(0.1, 0.2, 4),)})
    half = student_t.ppf(LOOK_CONFIDENCE, 3) * 0.2 / 2
    assert found.loss == pytest.approx(-math.expm1(-(0.1 + half)))
    assert pytest.approx(0.05) == 1 - LOOK_CONFIDENCE**LOOKS


def test_what_has_too_few_pairs_is_never_chosen() -> None:
    """A way with two pairs, however fast, isn't the choice; it is ruled out only where it is far behind."""
    for mean in (-0.3, 9.0):
        logs = {"known": [0.1, 0.11, 0.12], "new": [mean, mean]}
        found = standing({name: (estimate,) for name, estimate in moderated(logs).items()})
        assert (found.use, found.rivals) == ("known", ("new",))
    hopeless = moderated({"known": [0.1, 0.11, 0.12], "new": [-1.0]})
    assert standing({name: (estimate,) for name, estimate in hopeless.items()}).rivals == ()


def test_what_is_far_behind_waits_after_the_first_pass() -> None:
    """With one pair each, ways than which the fastest is more than half as fast again are not raced at first."""
    logs = {"slow": [0.0], "fast": [1.0], "near": [0.7]}
    found = standing({name: (estimate,) for name, estimate in moderated(logs).items()})
    assert found.racing == ("fast", "near")
    assert found.rivals


def test_scenarios_count_alike() -> None:
    """What one way gains in one scenario and loses in another is no difference."""
    there, back = Estimate(0.5, 0.001, 6), Estimate(-0.5, 0.001, 6)
    none = Estimate(0.0, 0.001, 6)
    assert standing({"plain": (none, none), "mixed": (there, back)}).use == "plain"


@settings(max_examples=60, deadline=None)
@given(found=estimates)
@example(found=[Estimate(0.0, 0.25, 3), Estimate(0.95, 0.01, 3), Estimate(0.97, 0.01, 4)])
def test_what_is_raced_can_decide(found: list[Estimate]) -> None:
    """An open race has in it the cheapest way that loses no more than half of what matters, and at least one more."""
    options = {place: (each,) for place, each in enumerate(found)}
    result = standing(options)
    assert (result.racing == ()) == (result.rivals == ())
    if result.rivals:
        enough = max(each.mean for each in found) + math.log1p(-TOLERANCE / 2)
        assert next(place for place in options if found[place].mean >= enough) in result.racing
        assert len(result.racing) > 1
    assert 0 <= result.loss <= 1


@settings(max_examples=60, deadline=None)
@given(found=estimates, shift=st.floats(-3, 3))
def test_the_baseline_does_not_matter(found: list[Estimate], shift: float) -> None:
    """Another baseline moves all ways alike, and changes neither the choice nor its rivals."""
    moved = [Estimate(each.mean + shift, each.sd, each.pairs) for each in found]
    one, other = (standing({place: (each,) for place, each in enumerate(some)}) for some in (found, moved))
    assert (one.use, one.rivals) == (other.use, other.rivals)


def test_the_cells_of_a_scenario_inform_the_noise_of_each() -> None:
    """Three pairs that happen to be alike have a part of the noise that all cells show, and more degrees of freedom."""
    rng = np.random.default_rng(1)
    logs = {"lucky": [0.1, 0.1, 0.1], **{name: list(rng.normal(0, 0.2, 6)) for name in "abc"}}
    found = moderated(logs)
    variances = [np.var(each, ddof=1) for each in logs.values()]
    pooled = np.average(variances, weights=[2, 5, 5, 5])
    assert found["lucky"].sd == pytest.approx(math.sqrt(POOLED_DOF * pooled / (POOLED_DOF + 2)))
    assert found["lucky"].dof == POOLED_DOF + 2
    assert found["lucky"].mean == pytest.approx(0.1)
