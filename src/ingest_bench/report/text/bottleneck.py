"""What ingestion waits for: by removal where its stages were measured alone, else told from CPU time against wall time.

The latter, and cold against warm files, are circumstantial evidence: they say where the time is, not what removing a
stage would gain.
"""

from __future__ import annotations

from ingest_bench.report.formatting import percent, safe, times
from ingest_bench.report.kinds import answering, kind_of
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.ranking import alone
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.stages import bottleneck_told, diagnosed
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.text.answer import Reply

MOSTLY, HARDLY = 0.8, 0.4
"""Shares of the wall time from and up to which the processor is, or is not, what limits."""
REMOVED = "Where a bottleneck is named, it was found by removing stages. "
EVIDENCE = (
    "The evidence is CPU time over wall time, one thing at a time, and cold against warm files; it doesn't say what "
    "removing a stage would gain."
)
ELSEWHERE = f"{REMOVED}Elsewhere: {EVIDENCE[0].lower()}{EVIDENCE[1:]}"


def what_bounds(data: ReportData) -> Reply:
    """Say for file mode and API mode what the time goes into."""
    named = [
        f"*{safe(view.title)}*: {bottleneck_told(found)}"
        for view in answering(data, "removal")
        if (found := diagnosed(view))
    ]
    told = circumstances(data)
    intro = (ELSEWHERE if told else REMOVED.strip()) if named else EVIDENCE if told else ""
    return Reply(intro, [*named, *told])


def circumstances(data: ReportData, *, compared: bool = True) -> list[str]:
    """Say scenario by scenario what ingesting waits for, files first; cold files may be compared with warm ones."""
    views = sorted(answering(data, "bound"), key=lambda view: view.api)
    return [text for view in views if (text := _bound(view, _warm_twin(data, view) if compared else None))]


def _bound(view: ScenarioView, warm: ScenarioView | None) -> str | None:
    row = alone(view)
    if row is None or row.cpu_share is None:
        return None
    share, other = row.cpu_share, "network" if view.api else "I/O"
    bound = (
        "CPU-bound" if share >= MOSTLY else f"{other}-bound" if share <= HARDLY else f"bound by both CPU and {other}"
    )
    rest = _server_told(row) if view.api else _cold_told(row, warm)
    label = safe(row.cell.label)
    return f"*{safe(view.title)}*: {bound} ({label} computes {percent(min(share, 1))} of its time{rest})."


def _server_told(row: CellView) -> str:
    waits = row.median(
        lambda sample: (
            sample.server.requests * sample.server.response_ms_mean / 1000 / sample.wall_s if sample.server else None
        )
    )
    return f", the server takes {percent(waits)}" if waits is not None else ""


def _cold_told(row: CellView, warm: ScenarioView | None) -> str:
    twin = next((other for other in warm.rows if _same_way(row, other)), None) if warm else None
    if twin is None or not twin.time_s or not row.time_s:
        return ""
    return f", and takes {times(row.time_s / twin.time_s)} its time with warm files"


def _same_way(row: CellView, other: CellView) -> bool:
    return other.usable and (row.cell.arm, row.level, row.arm) == (other.cell.arm, other.level, other.arm)


def _warm_twin(data: ReportData, view: ScenarioView) -> ScenarioView | None:
    if view.scenario.cache == "warm":
        return None
    return next(
        (
            other
            for other in data.views
            if other.scenario.cache == "warm"
            and other.scenario.corpus == view.scenario.corpus
            and kind_of(other) is kind_of(view)
        ),
        None,
    )
