"""The share of the wall time that is the workflow's own."""

from __future__ import annotations

import pytest

from ingest_bench.analysis.busy_time import PAUSE_S, busy_s
from ingest_bench.report.model.overhead import time_use
from ingest_bench.report.templating import text
from ingest_bench.results.models import Results


@pytest.fixture
def results(make) -> Results:
    """Return results as a whole matrix would give them."""
    return make()


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([], 0),
        ([(0, 10), (20, 30)], 30),
        ([(20, 30), (0, 10)], 30),
        ([(0, 10), (5, 8), (9, 12)], 12),
        ([(0, 10), (10 + PAUSE_S + 1, 100)], 10 + 100 - 11 - PAUSE_S),
    ],
)
def test_short_gaps_count_and_pauses_do_not(spans: list[tuple[float, float]], seconds: float) -> None:
    """Time between two jobs of a run is the workflow's, time between two runs is nobody's, and none counts twice."""
    assert busy_s(spans) == seconds


def test_all_that_is_not_sampling_is_overhead(results: Results) -> None:
    """With a cell of 100 s whose samples begin after 20 s, and a job of 60 s before it, the overhead is half."""
    cell = results.cells[0]
    samples = [sample.model_copy(update={"started_at": 1020.0 + place}) for place, sample in enumerate(cell.samples)]
    cell = cell.model_copy(update={"started_at": 1000.0, "ended_at": 1100.0, "samples": samples})
    job = {"rule": "corpus", "name": "a", "host": cell.environment.host, "started_at": 940.0, "ended_at": 1000.0}
    use = time_use(results.model_copy(update={"cells": [cell], "jobs": [job]}))
    assert use
    assert (use.wall_s, use.sampling_s, use.overhead) == (160, 80, 0.5)
    told = text("environment", "overhead", use=use)
    assert "The other 50% is the workflow's own" in told


def test_results_without_cells_say_nothing(results: Results) -> None:
    """Where nothing was recorded there is no share."""
    use = time_use(results.model_copy(update={"cells": [], "jobs": []}))
    assert use is None
    assert text("environment", "overhead", use=use) == ""
