"""The advice for one source: what stands first in its report, and on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factories import QUEUE, arm, fake_cell, fake_pairs, matrix, scenario
from ingest_bench.config.models import Settings
from ingest_bench.report.blocks import Table
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.text.own_source import in_words, own_source
from ingest_bench.results.models import Results

WHOLE = {"source": "/data/my items", "items": 1e7, "items_low": 8e6, "items_high": 1.2e7, "counted": "by lot"}
FASTER = [2.0, 2.02, 1.98, 2.01, 1.99, 2.0]


def data(ratios: list[float], whole: dict[str, Any] | None) -> ReportData:
    """Return a run in which the queue is so many times as fast as the default."""
    config = matrix(
        {"source": ("item_files", 1000)},
        source=scenario("source", {"sequential": arm(), "queue": arm(4, settings=QUEUE)}),
        **({"whole": whole} if whole else {}),
    )
    same = [1.0] * len(ratios)
    cells = [
        fake_cell("source", "sequential", fake_pairs(same), same, is_null_cell=True),
        fake_cell("source", "queue", fake_pairs(ratios), ratios, concurrency=4),
    ]
    settings = Settings.model_validate(config)
    results = Results.model_construct(
        seed=1, created_at=0, config=settings.model_dump(mode="json"), corpora={}, cells=cells, jobs=[], rounds=[]
    )
    return ReportData.from_results(results)


def test_the_advice_names_choice_certainty_and_cost() -> None:
    """A way that is twice as fast is advised, with the time that ten million items take at its speed: 1.39 hours."""
    words = "\n".join(in_words(data(FASTER, WHOLE), Path("out")))
    assert "queue at 4" in words
    assert "Decided" in words
    assert "10,000,000 (8,000,000 to 12,000,000) items" in words
    assert "1.39 hours" in words
    assert "stac-ingest '/data/my items' --config out/recommended_ingest.yaml" in words


def test_the_report_opens_with_the_same_table() -> None:
    """The section of the report has the lines of the terminal."""
    table = own_source(data(FASTER, WHOLE))[0]
    assert isinstance(table, Table)
    assert [row[0].text for row in table.rows] == [
        *("**Use**", "**How sure**", "**All of it**", "**Time to read**", "**Memory**"),
    ]


def test_one_pair_advises_nothing() -> None:
    """Without the pairs that a choice takes nothing is advised, and what to do is said."""
    words = "\n".join(in_words(data([2.0], WHOLE), Path("out")))
    assert "Nothing can be recommended" in words
    assert "budget_minutes=10" in words


def test_other_reports_have_no_such_section() -> None:
    """A run of a matrix says nothing of one source."""
    assert own_source(data(FASTER, None)) == []
    assert in_words(data(FASTER, None), Path("out")) == []
