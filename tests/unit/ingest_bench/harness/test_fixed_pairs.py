"""How many pairs a first pass and a round take."""

from __future__ import annotations

import pytest

from ingest_bench.harness.validity import FixedPairs


@pytest.mark.parametrize(
    ("ratios", "taken", "seconds", "ends"),
    [
        ([1.0], 1, 1.0, False),
        ([1.0, 1.0, 1.0], 3, 1.0, True),
        ([1.0], 1, 11.0, True),
        ([], 1, 11.0, False),
        ([], 7, 1.0, True),
    ],
    ids=["more-to-take", "enough", "out-of-time", "no-pair-yet", "only-invalid"],
)
def test_a_first_pass_ends_with_its_pairs_or_its_time(
    ratios: list[float], taken: int, seconds: float, ends: bool
) -> None:
    """It takes the pairs that were asked for, but no more once its time is spent and one is there."""
    assert bool(FixedPairs(3, "first_pass", 10.0)(ratios, taken, seconds)) is ends
