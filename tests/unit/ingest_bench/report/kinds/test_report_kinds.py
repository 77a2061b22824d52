"""What is reported of a scenario follows from what it asks, which is seen from its settings."""

from __future__ import annotations

from typing import Any

import pytest

from ingest_bench.report.kinds import KINDS, ScenarioKind, answering, kind_of, of_kind
from ingest_bench.report.kinds.apis import LATENCY, PAGES, RATE, REQUESTS
from ingest_bench.report.kinds.commands import COMMANDS
from ingest_bench.report.kinds.files import DIRECTORY, FILES, GEOPARQUET, GROWTH
from ingest_bench.report.kinds.pipelines import MIXED, STAGES
from ingest_bench.report.model.study import ReportData


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("small_files_cold", FILES),
        ("items_directory", DIRECTORY),
        ("large_file", GEOPARQUET),
        ("small_api", LATENCY),
        ("large_api", REQUESTS),
        ("rate_limited", RATE),
        ("pagination_token", PAGES),
        ("large_collection_api", GROWTH),
        ("mixed_files_items", MIXED),
        ("stages_large_api", STAGES),
        ("commands_files_geoparquet", COMMANDS),
    ],
)
def test_the_kind_follows_from_the_settings(make: Any, scenario: str, kind: ScenarioKind) -> None:
    """Each scenario is of the kind that its settings say, and each kind of the registry has one that is."""
    (view,) = ReportData.from_results(make(lambda spec: spec.scenario == scenario)).views
    assert kind_of(view) is kind
    assert kind in KINDS


@pytest.mark.parametrize(
    ("kind", "titles"),
    [
        (GEOPARQUET, ["Overhead (MiB)", "First item (s)"]),
        (DIRECTORY, ["Failures / broken"]),
        (LATENCY, ["Requests", "Server latency (ms)", "Client latency (ms)"]),
        (REQUESTS, ["Requests", "429s", "In flight", "Server latency (ms)"]),
        (PAGES, ["Page", "Pages/s", "Requests", "Exactly once"]),
        (RATE, ["Requests", "429s", "Items lost", "Rate-limit floor (s)", "Above floor"]),
        (GROWTH, ["Items", "Time / items grow", "Exponent"]),
        (COMMANDS, ["Wall / baseline", "CPU (s)", "CPU / baseline", "Memory / baseline", "Items"]),
        (MIXED, ["Ingest", "Transform", "Output", "Output equal"]),
    ],
)
def test_each_question_has_its_columns(make: Any, kind: ScenarioKind, titles: list[str]) -> None:
    """What a scenario asks for is reported of each of its cells."""
    data = ReportData.from_results(make())
    views = of_kind(data, kind)
    assert views
    for view in views:
        columns = kind.columns(data, view)
        assert [column.title for column in columns] == titles
        assert all(column.text(row) for column in columns for row in view.rows)


def test_every_scenario_of_the_matrix_answers_a_question(make: Any) -> None:
    """No scenario is measured without a question of the report that it has something to say to."""
    data = ReportData.from_results(make())
    questions = {question for kind in KINDS for question in kind.answers}
    assert {view.name for question in questions for view in answering(data, question)} == {
        view.name for view in data.views
    }
