"""What a scenario's numbers say, in one to three sentences made from the data alone."""

from __future__ import annotations

from ingest_bench.reporting.compare import alone, best, same_as_baseline, smallest_alike, together, usable, versus
from ingest_bench.reporting.kinds import kind_of
from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.study import Study
from ingest_bench.reporting.view import View
from ingest_bench.reporting.wording import bracketed, safe, speed_up, whole
from ingest_bench.statistics import middle, no_difference


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
    one, many = alone(view), together(view)
    if one is None or many is None:
        return None
    ratio = versus(many, one)
    told = f"({safe(many.name)} against {safe(one.name)}: {bracketed(ratio)})"
    if no_difference(ratio, view.noise):
        return f"Concurrency makes no difference {told}."
    if ratio.median < 1:
        return f"Concurrency makes it slower {told}."
    return f"Concurrency helps {told}."


def _none_faster(view: View) -> str:
    nearest = best([row for row in usable(view) if not row.cell.null])
    if nearest is None:
        return f"Only the baseline, {safe(view.baseline)}, can be judged."
    told = f"{safe(nearest.name)} is the nearest, {speed_up(nearest.standing)}"
    if not same_as_baseline(view, nearest):
        return f"Nothing is as fast as the baseline, {safe(view.baseline)}; {told}."
    return f"Nothing is faster than the baseline, {safe(view.baseline)}; {told}, no difference."


def _memory(view: View, row: Row) -> str:
    before = middle(sample.peak_rss_mb for sample in view.baseline_samples)
    if row.peak_mb is None or before is None:
        return ""
    return f", at {whole(row.peak_mb)} MB of memory against {whole(before)} MB"
