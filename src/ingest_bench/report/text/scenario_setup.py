"""What a scenario was measured on: its corpus, its server, its output; and the names of sections."""

from __future__ import annotations

from ingest_bench.analysis.speedup import median_of
from ingest_bench.report.formatting import sentence
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.templating import text


def corpus_text(view: ScenarioView) -> str:
    """Return in one paragraph what was ingested, from where, and what it is compared with."""
    return text(
        "scenario_setup",
        "setup",
        view=view,
        corpus=view.corpus,
        server=view.scenario.server,
        items=view.corpus.items if view.expected is None else view.expected,
        seconds=median_of(sample.wall_s for sample in view.baseline_samples),
    )


def group_title(group: str) -> str:
    """Make the heading of a group of scenarios out of its name."""
    return sentence(" ".join({"api": "API"}.get(word, word) for word in group.split("_")))
