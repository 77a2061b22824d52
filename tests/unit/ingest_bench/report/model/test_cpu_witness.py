"""CPU time beside wall time in the report: its column, and the warning where both times can't be right."""

from __future__ import annotations

import random

import pytest

from factories import arm, fake_cell, fake_sample, matrix, scenario
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.text.scenario import scenario_table
from ingest_bench.results.models import Results

CONFIG = matrix({"files": ("item_files", 1000)}, small=scenario(arms={"base": arm(), "other": arm()}, group="files"))
TITLE = "Speed-up by CPU time"


def study(share: float, slower: float = 1.0) -> ReportData:
    """Return a run of six pairs a cell.

    Args:
        share: of CPU time in wall time.
        slower: how many times as long the candidate's wall time is, for the same CPU time.

    """
    rng, cells = random.Random(1), []
    for name in ("base", "other"):
        samples = []
        for pair in range(6):
            for role in ("baseline", "candidate"):
                cpu = rng.gauss(1, 0.001) / (2 if (role, name) == ("candidate", "other") else 1)
                wall = cpu / share * (slower if (role, name) == ("candidate", "other") else 1)
                samples.append(fake_sample(role, pair, wall, cpu_user_s=cpu))
        ratios = [base.wall_s / own.wall_s for base, own in zip(samples[::2], samples[1::2], strict=True)]
        cells.append(fake_cell("small", name, samples, ratios, is_null_cell=name == "base"))
    given = {"seed": 1, "created_at": 1.0, "config": CONFIG, "corpora": {}, "cells": cells, "jobs": []}
    return ReportData.from_results(Results.model_construct(**given))


@pytest.mark.parametrize(("share", "shown"), [(1.0, True), (0.7, False)], ids=["computes", "waits"])
def test_the_table_has_it_where_one_thread_computes(share: float, shown: bool) -> None:
    """A scenario with a busy cell shows each cell's speed-up by CPU time, but for the baseline's; another doesn't."""
    data = study(share)
    table, *_ = scenario_table(data, data.views[0])
    assert (TITLE in table.titles) == shown
    if shown:
        place = table.titles.index(TITLE)
        assert [row[place].text for row in table.rows] == ["–", "2.0x (2.0 to 2.0)"]  # noqa: RUF001 - as the report writes it


def test_times_that_disagree_where_they_cannot_are_a_warning() -> None:
    """Busy arms of which one's wall time is 4% too long are warned of; arms that agree, or wait, are not."""

    def warned(data: ReportData) -> bool:
        return any(warning.what.startswith("wall time and CPU time disagree: other at 1") for warning in data.warnings)

    assert warned(study(1.0, 1.04))
    assert not warned(study(1.0))
    assert not warned(study(0.7, 1.04))
