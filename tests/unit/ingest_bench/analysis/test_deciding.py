"""Which scenarios decide is known before anything is measured."""

from __future__ import annotations

from typing import Any

import pytest

from factories import QUEUE, arm, fake_cell, fake_pairs, matrix, scenario, tools
from ingest_bench.analysis.deciding import deciding_scenarios
from ingest_bench.analysis.recommendations import recommend_modes, recommend_scenarios
from ingest_bench.config.matrix import cells, load_settings
from ingest_bench.results.models import Results

CHOICE = {"sequential": arm(), "queue": arm(2, 5, settings=QUEUE)}
PAGES = {"small": arm(settings={"limit": 10}), "large": arm(settings={"limit": 100})}
GROWING = {"arm": "sequential", "corpus": "few"}


@pytest.mark.parametrize(
    ("scenarios", "expected"),
    [
        pytest.param({"plain": scenario(arms=CHOICE), "one": scenario()}, {"plain"}, id="a choice before none"),
        pytest.param({"one": scenario()}, {"one"}, id="no choice at all"),
        pytest.param(
            {"plain": scenario(arms=CHOICE), "more": scenario(arms=CHOICE, baseline=GROWING)},
            {"plain"},
            id="a growing collection",
        ),
        pytest.param({"more": scenario(arms=CHOICE, baseline=GROWING)}, {"more"}, id="a growing collection alone"),
        pytest.param(
            {"mixed": scenario(arms=CHOICE, pipeline={"output": "ndjson"}), "plain": scenario(arms=CHOICE)},
            {"plain"},
            id="a pipeline",
        ),
        pytest.param(
            {"pages": scenario("api", PAGES, server={}), "levels": scenario("api", CHOICE, server={})},
            {"levels"},
            id="page sizes",
        ),
        pytest.param(
            {"api": scenario("api", CHOICE, server={}), "plain": scenario(arms=CHOICE)},
            {"api", "plain"},
            id="two modes",
        ),
        pytest.param(
            {"parts": scenario(arms={"sequential": arm(), "reading": arm(fetcher="read_only")})}, set(), id="stages"
        ),
    ],
)
def test_deciding_scenarios(scenarios: dict[str, Any], expected: set[str]) -> None:
    """Settings alone tell the scenarios that recommendations rest on once all cells are measured."""
    corpora = {"files": ("item_files", 30), "few": ("item_files", 3), "api": ("api", 30)}
    made = load_settings(matrix(corpora, **scenarios))
    measured = [
        fake_cell(
            cell.scenario,
            cell.arm,
            fake_pairs([1.0, 1.1, 0.9]),
            [1.0, 1.1, 0.9],
            concurrency=cell.concurrency,
            is_null_cell=cell.is_null_cell,
        )
        for cell in cells(made)
    ]
    results = Results(seed=0, created_at=0, config=made.model_dump(mode="json"), corpora={}, cells=measured)
    modes = recommend_modes(recommend_scenarios(results))
    assert {advice.name for mode in modes.values() for advice in mode.deciding} == expected
    assert deciding_scenarios(made) == expected


def test_commands_decide_nothing() -> None:
    """No recommendation rests on a comparison of tools."""
    assert deciding_scenarios(load_settings(tools(task=("files to NDJSON", "files", {})))) == set()
