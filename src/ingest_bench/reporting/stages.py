"""What the stages of an ingest take when each runs alone."""

from __future__ import annotations

from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.view import Study, View
from ingest_bench.reporting.wording import percent, safe, sentence


def stages_alone(_: Study, view: View) -> str | None:
    """Say how much of the whole's time each stage takes by itself, with its interval."""
    told = [_told(row) for row in view.rows if row.usable and not row.cell.null]
    if not told:
        return None
    return sentence("; ".join(told)) + f", of the time of {safe(view.baseline)}."


def _told(row: Row) -> str:
    ratio = row.standing
    share, low, high = (percent(1 / part) for part in (ratio.median, ratio.high, ratio.low))
    return f"{safe(row.name)} takes {share} ({low} to {high})"
