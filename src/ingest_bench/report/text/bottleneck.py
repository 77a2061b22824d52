"""What ingestion waits for: by removal where its stages were measured alone, else told from CPU time against wall time.

The latter, and cold against warm files, are circumstantial evidence: they say where the time is, not what removing a
stage would gain.
"""

from collections.abc import Sequence

from ingest_bench.report.blocks import Answer
from ingest_bench.report.formatting import safe
from ingest_bench.report.kinds import answering, kind_of
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.ranking import alone
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.stages import diagnosed
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text

MOSTLY, HARDLY = 0.8, 0.4
"""Shares of the wall time from and up to which the processor is, or is not, what limits."""
EVIDENCE = text("bottleneck", "evidence", removed=False, circumstances=True)


def what_bounds(data: ReportData) -> Answer:
    """Return for file mode and API mode what the time goes into."""
    named = [
        f"*{safe(view.title)}*: {text('stages', 'bottleneck', diagnosis=diagnosis)}"
        for view in answering(data, "removal")
        if (diagnosis := diagnosed(view))
    ]
    seen = circumstances(data)
    return text("bottleneck", "evidence", removed=named, circumstances=seen), [*named, *seen]


def circumstances(data: ReportData, *, compared: bool = True) -> list[str]:
    """Say scenario by scenario what ingesting waits for, files first; cold files may be compared with warm ones."""
    views = sorted(answering(data, "bound"), key=lambda view: view.api)
    return [line for view in views if (line := _bound(view, data.views if compared else ()))]


def _bound(view: ScenarioView, others: Sequence[ScenarioView]) -> str | None:
    row = alone(view)
    if row is None or row.cpu_share is None:
        return None
    share, other = row.cpu_share, "network" if view.api else "I/O"
    waits = row.median(
        lambda sample: (
            sample.server.requests * sample.server.response_ms_mean / 1000 / sample.wall_s if sample.server else None
        )
    )
    cold = None if view.api or view.scenario.cache == "warm" else _times_warm(view, row, others)
    limits = {"mostly": MOSTLY, "hardly": HARDLY}
    return text("bottleneck", "bound", view=view, row=row, share=share, other=other, waits=waits, cold=cold, **limits)


def _times_warm(view: ScenarioView, row: CellView, others: Sequence[ScenarioView]) -> float | None:
    """Compare a row with the same way of reading the same files from memory; None where that was not measured."""
    warm = [
        other for other in others if other.scenario.cache == "warm" and other.scenario.corpus == view.scenario.corpus
    ]
    rows = [other for twin in warm if kind_of(twin) is kind_of(view) for other in twin.rows if other.usable]
    way = (row.cell.arm, row.level, row.arm)
    same = next((other for other in rows if (other.cell.arm, other.level, other.arm) == way), None)
    return row.time_s / same.time_s if same and same.time_s and row.time_s else None
