"""What ingestion waits for: by removal where its stages were measured alone, else told from CPU time against wall time.

The latter, and cold against warm files, are circumstantial evidence: they say where the time is, not what removing a
stage would gain.
"""

from __future__ import annotations

from ingest_bench.reporting.compare import alone
from ingest_bench.reporting.replies import Reply
from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.stages import bottleneck_told, diagnosed
from ingest_bench.reporting.view import Kind, Study, View
from ingest_bench.reporting.wording import percent, safe, times

MOSTLY, HARDLY = 0.8, 0.4
"""Shares of the wall time from and up to which the processor is, or is not, what limits."""
REMOVED = "Where a bottleneck is named, it was found by removing stages. "
EVIDENCE = (
    "The evidence is CPU time over wall time, one thing at a time, and cold against warm files; it doesn't say what "
    "removing a stage would gain."
)
ELSEWHERE = f"{REMOVED}Elsewhere: {EVIDENCE[0].lower()}{EVIDENCE[1:]}"


def what_bounds(study: Study) -> Reply:
    """Say for file mode and API mode what the time goes into."""
    named = [
        f"*{safe(view.title)}*: {bottleneck_told(found)}"
        for view in study.of_kind(Kind.STAGES)
        if (found := diagnosed(view))
    ]
    views = study.of_kind(Kind.FILES, Kind.DIRECTORY, Kind.GEOPARQUET)
    told = [text for view in views if (text := file_bound(view, _warm_twin(study, view)))]
    told += [text for view in study.of_kind(Kind.REQUESTS, Kind.LATENCY) if (text := api_bound(view))]
    intro = (ELSEWHERE if told else REMOVED.strip()) if named else EVIDENCE if told else ""
    return Reply(intro, [*named, *told])


def file_bound(view: View, warm: View | None) -> str | None:
    """Say what reading files waits for, compared with warm files where they are cold here."""
    row = alone(view)
    if row is None or row.cpu_share is None:
        return None
    share = row.cpu_share
    bound = "CPU-bound" if share >= MOSTLY else "I/O-bound" if share <= HARDLY else "bound by both CPU and I/O"
    cold = _cold_told(row, warm)
    return (
        f"*{safe(view.title)}*: {bound} ({safe(row.cell.label)} computes {percent(min(share, 1))} of its time{cold})."
    )


def api_bound(view: View) -> str | None:
    """Say what asking an API waits for."""
    row = alone(view)
    if row is None or row.cpu_share is None:
        return None
    share = row.cpu_share
    bound = "CPU-bound" if share >= MOSTLY else "network-bound" if share <= HARDLY else "bound by both CPU and network"
    waits = row.median(
        lambda sample: (
            sample.server.requests * sample.server.response_ms_mean / 1000 / sample.wall_s if sample.server else None
        )
    )
    server = f", the server takes {percent(waits)}" if waits is not None else ""
    label = safe(row.cell.label)
    return f"*{safe(view.title)}*: {bound} ({label} computes {percent(min(share, 1))} of its time{server})."


def _cold_told(row: Row, warm: View | None) -> str:
    twin = next((other for other in warm.rows if _same_way(row, other)), None) if warm else None
    if twin is None or not twin.time_s or not row.time_s:
        return ""
    return f", and takes {times(row.time_s / twin.time_s)} its time with warm files"


def _same_way(row: Row, other: Row) -> bool:
    return other.usable and (row.cell.arm, row.level, row.arm) == (other.cell.arm, other.level, other.arm)


def _warm_twin(study: Study, view: View) -> View | None:
    if view.scenario.cache == "warm":
        return None
    return next(
        (
            other
            for other in study.views
            if other.scenario.cache == "warm"
            and (other.scenario.corpus, other.kind) == (view.scenario.corpus, view.kind)
        ),
        None,
    )
