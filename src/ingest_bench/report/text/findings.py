"""What a scenario's numbers say, in one to three sentences made from the data alone."""

from __future__ import annotations

from ingest_bench.analysis.speedup import median_of
from ingest_bench.report.formatting import bracketed, safe
from ingest_bench.report.kinds import kind_of
from ingest_bench.report.model.ranking import best, concurrency, same_as_baseline, smallest_alike, usable
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text


def findings(data: ReportData, view: ScenarioView) -> str:
    """Return what a scenario has shown."""
    if not usable(view):
        return text("findings", "nothing", view=view)
    special = kind_of(view).finding(data, view)
    parts = (special,) if view.scenario.of_stages else (fastest(view), special, helped(view))
    return " ".join(part for part in parts if part)


def fastest(view: ScenarioView) -> str:
    """Return which way is fastest, what it costs in memory, and what does as well with less; "" if none is usable."""
    top = best(usable(view))
    if top is None:
        return ""
    nearest = best([row for row in usable(view) if not row.cell.is_null_cell])
    return text(
        "findings",
        "fastest",
        view=view,
        top=top,
        faster=not same_as_baseline(view, top),
        before=median_of(sample.peak_rss_mib for sample in view.baseline_samples),
        less=smallest_alike(view, top),
        nearest=nearest,
        alike=nearest is not None and same_as_baseline(view, nearest),
    )


def helped(view: ScenarioView) -> str | None:
    """Return whether several things at a time are faster than one; None where only one of both was measured."""
    found = concurrency(view)
    if found is None:
        return None
    verdict, many, one, ratio = found
    return f"Concurrency {verdict} ({safe(many.name)} against {safe(one.name)}: {bracketed(ratio)})."
