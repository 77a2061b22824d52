"""What ingestion waits for: by removal where its stages were measured alone, else told from CPU time against wall time.

The latter, and cold against warm files, are circumstantial evidence: they say where the time is, not what removing a
stage would gain.
"""

from __future__ import annotations

from ingest_bench.report.formatting import safe
from ingest_bench.report.kinds import answering, kind_of
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.ranking import alone
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.stages import bottleneck_told, diagnosed
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text
from ingest_bench.report.text.answer import Answer
from ingest_bench.results.models import Sample

MOSTLY, HARDLY = 0.8, 0.4
"""Shares of the wall time from and up to which the processor is, or is not, what limits."""
EVIDENCE = text("bottleneck", "evidence", removed=False, circumstances=True)


def what_bounds(data: ReportData) -> Answer:
    """Return for file mode and API mode what the time goes into."""
    named = [
        f"*{safe(view.title)}*: {bottleneck_told(diagnosis)}"
        for view in answering(data, "removal")
        if (diagnosis := diagnosed(view))
    ]
    seen = circumstances(data)
    return text("bottleneck", "evidence", removed=named, circumstances=seen), [*named, *seen]


def circumstances(data: ReportData, *, compared: bool = True) -> list[str]:
    """Say scenario by scenario what ingesting waits for, files first; cold files may be compared with warm ones."""
    views = sorted(answering(data, "bound"), key=lambda view: view.api)
    return [told for view in views if (told := _bound(view, _warm_twin(data, view) if compared else None))]


def _bound(view: ScenarioView, warm: ScenarioView | None) -> str | None:
    row = alone(view)
    if row is None or row.cpu_share is None:
        return None
    share, other = row.cpu_share, "network" if view.api else "I/O"
    waits = row.median(_server_share) if view.api else None
    cold = None if view.api else _times_warm(row, warm)
    limits = {"mostly": MOSTLY, "hardly": HARDLY}
    return text("bottleneck", "bound", view=view, row=row, share=share, other=other, waits=waits, cold=cold, **limits)


def _server_share(sample: Sample) -> float | None:
    server = sample.server
    return server.requests * server.response_ms_mean / 1000 / sample.wall_s if server else None


def _times_warm(row: CellView, warm: ScenarioView | None) -> float | None:
    twin = next((other for other in warm.rows if _same_way(row, other)), None) if warm else None
    return row.time_s / twin.time_s if twin and twin.time_s and row.time_s else None


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
