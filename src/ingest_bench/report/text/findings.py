"""What a scenario's numbers say, in one to three sentences made from the data alone."""

from __future__ import annotations

from ingest_bench.analysis.speedup import median_of
from ingest_bench.report.formatting import bracketed, safe, speed_up, whole
from ingest_bench.report.kinds import kind_of
from ingest_bench.report.model.cell import Row
from ingest_bench.report.model.ranking import best, concurrency, same_as_baseline, smallest_alike, usable
from ingest_bench.report.model.scenario import View
from ingest_bench.report.model.study import Study


def findings(study: Study, view: View) -> str:
    """Write what a scenario has shown."""
    if not usable(view):
        return nothing_usable(view)
    asked = kind_of(view).finding(study, view)
    told = (asked,) if view.scenario.of_stages else (fastest(view), asked, helped(view))
    return " ".join(text for text in told if text)


def nothing_usable(view: View) -> str:
    """Say why nothing can be said."""
    if not any(row.cell.parity.ok for row in view.rows):
        return "Nothing can be said: no way delivers what the corpus holds."
    return "Nothing can be said: no cell has enough valid pairs."


def fastest(view: View) -> str:
    """Say which way is fastest, what it costs in memory, and what does as well with less."""
    top = best(usable(view))
    if top is None:
        return ""
    if same_as_baseline(view, top):
        return _none_faster(view)
    what = ", per item," if view.scenario.growing else ""
    much = f"{speed_up(top.standing)} as fast{what} as {safe(view.baseline)}"
    text = f"Fastest is **{safe(top.name)}**, {much}{_memory(view, top)}"
    less = smallest_alike(view, top)
    if less is not top:
        text += f"; {safe(less.name)} can't be told from it"
    return f"{text}."


def helped(view: View) -> str | None:
    """Say whether several things at a time are faster than one; None where only one of both was measured."""
    found = concurrency(view)
    if found is None:
        return None
    verdict, many, one, ratio = found
    return f"Concurrency {verdict} ({safe(many.name)} against {safe(one.name)}: {bracketed(ratio)})."


def _none_faster(view: View) -> str:
    nearest = best([row for row in usable(view) if not row.cell.is_null_cell])
    if nearest is None:
        return f"Only the baseline, {safe(view.baseline)}, can be judged."
    told = f"{safe(nearest.name)} is the nearest, {speed_up(nearest.standing)}"
    if not same_as_baseline(view, nearest):
        return f"Nothing is as fast as the baseline, {safe(view.baseline)}; {told}."
    return f"Nothing is faster than the baseline, {safe(view.baseline)}; {told}, no difference."


def _memory(view: View, row: Row) -> str:
    before = median_of(sample.peak_rss_mib for sample in view.baseline_samples)
    if row.peak_mib is None or before is None:
        return ""
    return f", at {whole(row.peak_mib)} MiB of memory against {whole(before)} MiB"
