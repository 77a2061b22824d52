"""The advice for one source: what stands first in its report, and on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factories import QUEUE, arm, fake_cell, fake_pairs, matrix, scenario
from ingest_bench.config.models import Settings
from ingest_bench.report.blocks import Paragraph, Table
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.text.own_source import in_words, own_source
from ingest_bench.results.models import Parity, Results

WHOLE = {"source": "/data/my items", "items": 1e7, "items_low": 8e6, "items_high": 1.2e7, "counted": "by lot"}
FASTER = [2.0, 2.02, 1.98, 2.01, 1.99, 2.0]


def data(
    ratios: list[float], whole: dict[str, Any] | None, *, remote: dict[str, Any] | None = None, **changes: Any
) -> ReportData:
    """Return a run in which the queue is so many times as fast as the default; all cells with such changes."""
    config = matrix(
        {"source": ("item_files", 1000)},
        source=scenario("source", {"sequential": arm(), "queue": arm(4, settings=QUEUE)}),
        **({"whole": whole} if whole else {}),
        **({"remote": remote} if remote else {}),
    )
    same = [1.0] * len(ratios)
    cells = [
        fake_cell("source", "sequential", fake_pairs(same), same, is_null_cell=True, **changes),
        fake_cell("source", "queue", fake_pairs(ratios), ratios, concurrency=4, **changes),
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


COUNTED = {"allow": True, "total_requests": 290, "requests_per_second": 10.0}


def test_more_requests_are_advised_where_they_are_counted() -> None:
    """With a number of requests another one is advised, and nothing of minutes is said."""
    words = "\n".join(in_words(data([2.0], {**WHOLE, "requests": 10}, remote=COUNTED), Path("out")))
    assert "requests=600" in words
    assert "budget_minutes" not in words


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cut_off": "the server answered 429 at 1 at once"}, "requests_per_second=5"),
        ({"cut_off": "the budget of 9 requests is spent"}, "budget of 9 requests is spent"),
        ({"parity": Parity(ok=False, reason="3 items are missing")}, "3 items are missing"),
    ],
    ids=["refused", "spent", "parity"],
)
def test_the_cause_of_no_advice_is_told(changes: dict[str, Any], says: str) -> None:
    """Where nothing can be recommended its cause is named, and what helps against that."""
    words = " ".join(" ".join(in_words(data([2.0], WHOLE, remote=COUNTED, **changes), Path("out"))).split())
    assert "Nothing can be recommended" in words
    assert says in words


def test_requests_of_samples_that_were_cut_off_are_told() -> None:
    """What was sent in vain is part of what the report says was sent: 2 cells of 7 requests."""
    paragraphs = [
        block.text for block in own_source(data([2.0], WHOLE, unused_requests=7)) if isinstance(block, Paragraph)
    ]
    assert any("14 requests" in paragraph for paragraph in paragraphs)


def test_of_items_that_nobody_counts_no_cost_is_told() -> None:
    """Of a least number of items neither time nor requests nor memory of all is told, nor limited in the commands."""
    words = "\n".join(in_words(data(FASTER, {**WHOLE, "is_least": True}, remote=COUNTED), Path("out")))
    assert "at least 10,000,000" in words
    assert not any(word in words for word in ("Time", "Requests", "Memory", "max-requests"))
    assert "--allow-remote" in words


def test_commands_quote_the_folder_of_results() -> None:
    """A path with a space is one word of the command."""
    words = "\n".join(in_words(data(FASTER, WHOLE), Path("my results")))
    assert "--config 'my results/recommended_ingest.yaml'" in words


def test_other_reports_have_no_such_section() -> None:
    """A run of a matrix says nothing of one source."""
    assert own_source(data(FASTER, None)) == []
    assert in_words(data(FASTER, None), Path("out")) == []
