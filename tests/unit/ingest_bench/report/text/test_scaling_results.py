"""Scaling read from the cells of a matrix: which cells make a series, and which link two sizes."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from factories import QUEUE, arm, matrix, scenario
from ingest_bench.analysis.size_scaling import ways_grown
from ingest_bench.analysis.usl import TooFew, Usl, scenario_series
from ingest_bench.results.models import Parity, Results

WAYS = {"sequential": arm(), "queue": arm(10, settings=QUEUE)}
SIZES = matrix(
    {f"files_{size}k": ("item_files", size * 1_000) for size in (1, 10, 80)},
    small=scenario("files_10k", {"upstream": arm(fetcher="stac_manager"), **WAYS}),
    **{
        name: scenario(corpus, WAYS, baseline={"arm": "sequential", "corpus": "files_10k"})
        for name, corpus in (("fewer", "files_1k"), ("more", "files_80k"))
    },
)
ITEMS = {"files_1k": 1_000, "files_10k": 10_000, "files_80k": 80_000}


EXPONENTS = {"upstream": 1.0, "sequential": 1.3, "queue": 1.1}


def grown(results: Results) -> Results:
    """Give every sample the time that its arm's exponent says; the queue is twice as fast at every size."""
    cells = []
    for cell in results.cells:
        base = results.config["scenarios"][cell.scenario]["baseline"]
        sides = {"candidate": (cell.arm, cell.corpus), "baseline": (base["arm"], base["corpus"] or cell.corpus)}
        samples = []
        for sample in cell.samples:
            arm, corpus = sides[sample.role]
            seconds = 0.2 * (ITEMS[corpus] / 1_000) ** EXPONENTS[arm] / (2 if arm == "queue" else 1)
            noise = sample.wall_s / sample.items
            samples.append(sample.model_copy(update={"wall_s": seconds * noise}))
        cells.append(cell.model_copy(update={"samples": samples}))
    return results.model_copy(update={"cells": cells})


def test_three_sizes_are_linked_through_the_cells_that_share_a_side(make_of: Any) -> None:
    """1K, 10K and 80K files, no two of them in one cell for the queue, give one exponent each, with an interval."""
    maker = make_of(SIZES)
    maker.noise = 0.01
    results = maker(truth=lambda spec, arm, level, found: replace(found, rate=1.0))
    found = {way.label: way for way in ways_grown(grown(results))}
    assert set(found) == {"sequential", "queue"}
    for name, way in found.items():
        assert way.growth.sizes == (1_000, 10_000, 80_000)
        assert way.growth.exponent.low <= EXPONENTS[name] <= way.growth.exponent.high
        assert way.growth.exponent.value == pytest.approx(EXPONENTS[name], abs=0.02)
        assert way.growth.shape == "faster than linear"


def test_sizes_that_nothing_links_are_not_compared(make_of: Any) -> None:
    """Absolute times of two corpora are never set against each other: without a chain of pairs there is no exponent."""
    config = copy.deepcopy(SIZES)
    for name in ("fewer", "more"):
        del config["scenarios"][name]["baseline"]["corpus"]
    assert ways_grown(make_of(config)()) == []


def test_other_conditions_are_another_way(make_of: Any) -> None:
    """Cold files of one size and warm ones of another don't make an exponent; cold ones of both sizes do."""
    config = copy.deepcopy(SIZES)
    del config["scenarios"]["fewer"]
    config["scenarios"]["more"]["cache"] = "cold"
    found = {way.label: way.growth.sizes for way in ways_grown(make_of(config)())}
    assert found == {"sequential": (10_000, 80_000)}


def test_one_at_a_time_is_the_first_level_of_every_strategy(make: Any) -> None:
    """Semaphore and queue begin with the sequential cell; time chunks, which read other units, with their own."""
    found = {
        (series.scenario, series.arm): series.fit.levels
        for series in scenario_series(make(lambda spec: spec.scenario in ("small_files_warm", "large_api")))
    }
    assert found["small_files_warm", "semaphore"] == (1, 5, 10, 20)
    assert found["small_files_warm", "process_pool"] == (1, 5, 10, 20)
    assert found["large_api", "time_chunks"] == (1, 5, 10, 20)
    assert found["large_api", "queue"] == (1, 10)


def test_what_cannot_be_fitted_says_so(make: Any) -> None:
    """Every strategy is there, fitted or with the number of its levels."""
    fits = {
        (series.scenario, series.arm): series.fit
        for series in scenario_series(make(lambda spec: spec.scenario in ("rate_limited", "large_api")))
    }
    assert isinstance(fits["large_api", "time_chunks"], Usl)
    few = fits["rate_limited", "time_chunks"]
    assert isinstance(few, TooFew)
    assert few.levels == (5, 10, 20)


def test_a_level_with_other_items_is_left_out(make: Any) -> None:
    """A cell whose digest differs is no point of the curve."""

    def spoiled(cell: Any) -> Any:
        bad = cell.arm == "queue" and cell.concurrency == 20
        return cell.model_copy(update={"parity": Parity(ok=False, reason="content differs")}) if bad else cell

    series = scenario_series(make(lambda spec: spec.scenario == "small_files_warm", edit=spoiled))
    assert next(each.fit.levels for each in series if each.arm == "queue") == (1, 5, 10)
