"""Races whose best option is known, at full size; a tenth of them is in `make test`."""

from __future__ import annotations

import os

import pytest

from ingest_bench.calibration.races import MACHINES
from race_figures import LONG_RACES, missed_races


@pytest.mark.skipif("TEST_LONG" not in os.environ, reason="make test-long")
def test_races_at_full_size_are_right_or_undecided() -> None:
    """Of 1,000 races on each machine 99% are right or undecided, and 90% of those with a clear best are decided."""
    assert missed_races(range(len(MACHINES) * LONG_RACES)) == []
